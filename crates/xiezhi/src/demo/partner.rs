//! Organisations that joined the second community of the demo, one that waits for its desk, and the key of whoever tries
//! programs on it.
//!
//! What must stay true: everything goes through the real actions; the desk that is asked has no printed account, so nobody's
//! inbox grows by it; the key is the same at every start.

use calc::codes::{self, uscc_check};
use store::{Query as _, params};

use super::draw::Draw;
use super::people::People;
use super::picture;
use super::place::Places;
use crate::activities::partner::act::{self, New};
use crate::activities::partner::paper::NewPaper;
use crate::activities::partner::rules::Answer;
use crate::activities::partner::{Book, by_number, member};
use crate::base::area::Area;
use crate::base::key::{self, purpose};
use crate::base::{media, party};
use crate::kit::time::{DAY, Ms};
use crate::kit::{App, Result, RoleKind, Who};

/// Kind, name, what it does, certificate, days until it ends, whether the desk said yes.
const ASK: [(RoleKind, &str, &str, &str, Ms, bool); 3] = [
    (RoleKind::SocialOrg, "银龄互助社（演示）", "陪老人就医、聊天，每周三下午有手工课。", "registration", 400, true),
    (RoleKind::Enterprise, "巧手修配店（演示）", "修伞、配钥匙、换纽扣，老人半价。", "registration", 20, true),
    (RoleKind::VolunteerGroup, "小蜜蜂亲子志愿队（演示）", "周末带孩子捡垃圾、浇花。", "stands", 200, false),
];

/// Plays it at `now`.
pub fn settle(app: &App, people: &People, places: &Places, now: Ms) -> Result<()> {
    app.ambience.shift_to(now);
    let place = places.communities[1].area.clone();
    let book = Book::now(app, &place.code)?;
    let Some(clerk) = people.crew(RoleKind::Committee, 1, "").and_then(|c| c.people.first()).cloned() else { return Ok(()) };
    let mut draw = Draw::new(super::SEED + 5);
    for (n, (asks, by)) in ASK.into_iter().zip(&people.residents[1]).enumerate() {
        let number = ask(app, &mut draw, &book, &place, by, n, asks, now)?;
        if asks.5 {
            let (rules, desk, of) = (book.clone(), clerk.clone(), number.clone());
            app.db.write(move |tx| act::decide(tx, &rules, &desk, &of, Answer::Approve, None))?;
            let (rules, who) = (book.clone(), now_of(app, by, now)?);
            app.db.write(move |tx| member::invite(tx, &rules, &who, &number).map(drop))?;
        }
    }
    debug_assert_eq!(app.db.read(|r| by_number(r, "J-0001"))?.kind, RoleKind::SocialOrg.as_str());
    Ok(())
}

#[expect(clippy::too_many_arguments, reason = "one call for each line of the table above")]
fn ask(
    app: &App,
    draw: &mut Draw,
    book: &Book,
    place: &Area,
    by: &Who,
    n: usize,
    (kind, name, about, paper, days, _): (RoleKind, &str, &str, &str, Ms, bool),
    now: Ms,
) -> Result<String> {
    let first = format!("52321002MJ000000{n}");
    let code = uscc_check(&first).map(|check| format!("{first}{check}"));
    let picture = media::keep(app, by, &picture::corner(draw)?)?;
    let stood = kind == RoleKind::VolunteerGroup;
    let new = New {
        kind,
        name: name.into(),
        uscc: code.filter(|_| !stood),
        backer: stood.then(|| "演示小学".into()),
        about: about.into(),
        contact: draw.name(),
        phone: draw.phone(),
        public_phone: Some(format!("0514-8100{n:04}")),
        papers: vec![NewPaper { kind: paper.into(), media: picture, until: Some(now + days * DAY) }],
    };
    let (rules, area, who) = (book.clone(), place.clone(), by.clone());
    Ok(app.db.write(move |tx| act::ask(tx, &rules, &who, &area, &new))?.value)
}

/// Somebody with the roles he has now.
fn now_of(app: &App, who: &Who, now: Ms) -> Result<Who> {
    let person = who.person.clone().unwrap_or_default();
    let roles = app.db.read(|r| party::roles(r, &person, now))?;
    Ok(Who { roles, ..who.clone() })
}

/// A key for programs that try the demo, for all purposes, of the volunteers whose account is printed: made when it is missing,
/// the same at every start. Gives the organisation and the key.
pub fn api_key(app: &App) -> Result<Option<(String, String)>> {
    let text = format!("{}{}", key::PREFIX, &codes::crockford(&app.db.digest("demo api key", ""))[..32]);
    let login = RoleKind::VolunteerGroup.as_str();
    let row = app.db.read(|r| r.row("select person from account where login = $1", params![login]))?;
    let Some(row) = row else { return Ok(None) };
    let who = now_of(app, &Who { person: Some(row.get("person")?), ..Who::default() }, app.now())?;
    let Some(body) = key::roles(&who).find_map(|r| r.body.clone()) else { return Ok(None) };
    if !app.db.read(|r| key::is_known(r, &text))? {
        let new = key::New {
            body: body.clone(),
            name: "演示".into(),
            purposes: purpose::all().iter().map(|p| p.id.clone()).collect(),
            per_minute: key::MOST_PER_MINUTE,
            per_day: key::MOST_PER_DAY,
            days: key::MOST_DAYS,
        };
        let made = text.clone();
        app.db.write(move |tx| key::make(tx, &who, &new, &made).map(drop))?;
    }
    Ok(Some((body, text)))
}
