//! What a phone sends, one item after the other: a report, a step of a case, a visit, something settled on the spot.
//!
//! What must stay true: an item carries an id that the phone made and arrives once, whatever is sent again and after how
//! long; both clocks are kept, and which one is believed is said; a step of a case rests on what the person saw: when the
//! case has changed since, it is refused with what changed, never done over it.

use serde_json::{Value as Json, json};
use store::{Query, Row, Tx, params};

use super::rules::{Trust, happened};
use super::visit::{self, NewVisit, Sort};
use crate::base::{area, media};
use crate::kit::error::Kind;
use crate::kit::input::Input;
use crate::kit::names::names;
use crate::kit::time::{Ms, parse};
use crate::kit::{Error, Reply, Req, Result, Who};
use crate::records::case::life::{Said, act};
use crate::records::case::report::spot;
use crate::records::case::report::{self, NewReport};
use crate::records::case::rules::Action;
use crate::records::case::{MAX_MEDIA, Rulebook, by_number};

names! {
    /// What an item is.
    ItemSort { Report = "report", Spot = "spot", Act = "act", Patrol = "patrol", Visit = "visit", Here = "here", }
}

/// Most items that a phone keeps, and days it keeps them: what the pack says, and what tests hold us to.
pub const QUEUE: i64 = 2000;
/// Items that a list of one's own shows.
const SHOWN: i64 = 20;

/// An item as it came.
struct Item {
    id: String,
    sort: ItemSort,
    made_at: Option<Ms>,
    sent_at: Option<Ms>,
}

/// A moment by a phone's clock: milliseconds or RFC 3339. Nonsense is no clock.
fn clock(value: Option<&Json>) -> Option<Ms> {
    match value? {
        Json::Number(n) => n.as_i64(),
        Json::String(s) => s.parse().ok().or_else(|| parse(s)),
        _ => None,
    }
    .filter(|ms| (0..=253_402_300_799_999).contains(ms))
}

impl Item {
    fn read(req: &Req, input: &Input) -> Result<Item> {
        let sort = input.need("kind", 20)?;
        let id = match input.text("id", 36)? {
            Some(id) if is_uuid(&id) => id,
            Some(_) => return Err(Kind::WrongType.at("id")),
            None => req.app.new_id(),
        };
        // The moment of sending changes with each try, so it is no part of the item: a repetition must be the same.
        let sent_at = clock(req.header_text("device-time").map(|t| t.into()).as_ref());
        let sort = ItemSort::parse(&sort).ok_or_else(|| Kind::Unknown.at("kind"))?;
        Ok(Item { id, sort, made_at: clock(input.0.get("made_at")), sent_at })
    }
}

fn is_uuid(id: &str) -> bool {
    id.len() == 36
        && id.bytes().enumerate().all(|(i, b)| if matches!(i, 8 | 13 | 18 | 23) { b == b'-' } else { b.is_ascii_hexdigit() })
}

/// `POST /field/items`.
pub fn take(req: &Req) -> Result<Reply> {
    let mut input = req.input()?;
    let item = Item::read(req, &input)?;
    media::web::keep_into(req, &mut input, MAX_MEDIA)?;
    for file in req.form.files.iter().filter(|f| f.field == "media_after" && !f.bytes.is_empty()).take(MAX_MEDIA) {
        let mut all = input.list("media_after", MAX_MEDIA)?;
        all.push(media::keep(req.app, &req.who, &file.bytes)?);
        input.0.insert("media_after".into(), json!(all));
    }
    let building = input.text("building", 40)?;
    let number = input.text("number", 40)?;
    let work = Work::prepare(req, item.sort, input)?;
    let who = req.who.clone();
    let text = req.once(move |tx| {
        if let Some(row) =
            tx.row("select person, subject, at, trust, received_at from field_item where id = $1", params![&item.id])?
        {
            // The same item again, later than answers are kept: what was written then is the answer.
            let person: String = row.get("person")?;
            return if who.person.as_deref() == Some(&person) { said(&item.id, &row) } else { Err(Kind::Taken.at("id")) };
        }
        let moment = happened(item.made_at, item.sent_at, tx.now());
        let subject = work.run(tx, &who, &item.id, moment)?;
        let sql = "insert into field_item(id, person, kind, subject, made_at, sent_at, received_at, at, trust) \
                   values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
        let now = tx.now();
        let person = who.person.as_deref().ok_or(Kind::SignIn)?;
        tx.exec(sql, params![&item.id, person, item.sort, &subject, item.made_at, item.sent_at, now, moment.0, moment.1])?;
        Ok(json!({ "id": item.id, "subject": subject, "at": moment.0, "trust": moment.1.as_str(), "received_at": now })
            .to_string())
    })?;
    let mut answer: Json = serde_json::from_str(&text).map_err(Error::internal)?;
    if req.wants_json() {
        for name in ["at", "received_at"] {
            answer[name] = req.app.time(answer[name].as_i64().unwrap_or_default()).into();
        }
        return Ok(Reply::json(&answer)?.status(201));
    }
    Ok(Reply::see_other(req.url(&match (building, number) {
        (_, Some(number)) => format!("/cases/{number}"),
        (Some(building), None) => format!("/buildings/{building}?done=1"),
        _ => "/field?done=1".into(),
    })))
}

fn said(id: &str, row: &Row) -> Result<String> {
    let (subject, trust): (String, String) = (row.get("subject")?, row.get("trust")?);
    let (at, received): (i64, i64) = (row.get("at")?, row.get("received_at")?);
    Ok(json!({ "id": id, "subject": subject, "at": at, "trust": trust, "received_at": received }).to_string())
}

/// A report with all that its write needs; `done` when it was settled on the spot.
struct Filed {
    book: Rulebook,
    new: NewReport,
    spot: report::Spot,
    done: Option<Said>,
    zone: jiff::tz::TimeZone,
}

/// What an item asks for, looked up before the write.
enum Work {
    Report(Box<Filed>),
    Act { book: Rulebook, number: String, action: Action, said: Said, seen: Option<Ms> },
    Visit(NewVisit),
}

impl Work {
    fn prepare(req: &Req, sort: ItemSort, mut input: Input) -> Result<Work> {
        let zone = req.app.config.zone.clone();
        Ok(match sort {
            ItemSort::Report | ItemSort::Spot => {
                let book = Rulebook::now(req.app)?;
                let done = if sort == ItemSort::Spot { Some(done(&input)?) } else { None };
                input.0.insert("channel".into(), "patrol".into());
                let mut new = NewReport::parse(&input, req.who.is_staff(), &book.classes)?;
                // Whoever walks a grid and names no place means his grid.
                if let (None, None, None, None, None) = (&new.area, &new.building, new.lat, &new.asset, &new.address) {
                    let own = req.who.roles.iter().find(|r| r.kind.walks());
                    new.area = match own {
                        Some(role) => req.app.db.read(|r| area::by_id(r, &role.area))?.map(|a| a.code),
                        None => None,
                    };
                }
                let spot = report::place(req.app, &new)?;
                Work::Report(Box::new(Filed { book, new, spot, done, zone }))
            }
            ItemSort::Act => {
                let action = input.need("action", 20)?;
                let action = Action::parse(&action).ok_or_else(|| Kind::Unknown.at("action"))?;
                let (number, said) = (input.need("number", 40)?, Said::parse(&input, &zone)?);
                let seen = clock(input.0.get("seen"));
                Work::Act { book: Rulebook::now(req.app)?, number, action, said, seen }
            }
            ItemSort::Patrol => Work::Visit(NewVisit::parse(&input, Sort::Patrol)?),
            ItemSort::Visit => Work::Visit(NewVisit::parse(&input, Sort::Visit)?),
            ItemSort::Here => Work::Visit(NewVisit::parse(&input, Sort::Here)?),
        })
    }

    /// Does it and says what it was about: number of the case, else building or home.
    fn run(self, tx: &mut Tx, who: &Who, id: &str, moment: (Ms, Trust)) -> Result<String> {
        match self {
            Work::Report(filed) => {
                let Filed { book, new, spot, done, zone } = *filed;
                Ok(match done {
                    None => report::make(tx, &book, who, &new, &spot, &zone)?.0.number,
                    Some(done) => spot::settle(tx, &book, who, &new, &spot, &done, &zone)?.0.number,
                })
            }
            Work::Act { book, number, action, said, seen } => {
                let case = by_number(tx, &number)?.ok_or_else(|| Kind::NotFound.at("number"))?;
                // A word to the case is never too late; every other step rests on what its person saw.
                if action != Action::Note && seen.is_some_and(|seen| seen != case.updated_at) {
                    return Err(Kind::Changed.at("number"));
                }
                act::act(tx, &book, who, false, &case.id, action, &said)?;
                Ok(number)
            }
            Work::Visit(new) => {
                visit::record(tx, who, id, &new, moment)?;
                Ok(new.care.or(new.building).or(new.asset).unwrap_or_default())
            }
        }
    }
}

/// What was done on the spot: `done` says it, `media_after` shows it.
fn done(input: &Input) -> Result<Said> {
    Ok(Said { text: Some(input.need("done", 1000)?), media: input.list("media_after", MAX_MEDIA)?, ..Said::default() })
}

/// One of a person's own items.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Sent {
    pub id: String,
    pub sort: ItemSort,
    pub subject: String,
    pub made_at: Option<Ms>,
    pub received_at: Ms,
    pub at: Ms,
    pub trust: Trust,
}

/// What a person sent last; for nobody else.
pub fn mine(q: &mut dyn Query, person: &str) -> store::Result<Vec<Sent>> {
    let sql = "select id, kind, subject, made_at, received_at, at, trust from field_item where person = $1 order by received_at desc, id desc limit $2";
    let read = |r: &Row| {
        Ok(Sent {
            id: r.get("id")?,
            sort: r.get("kind")?,
            subject: r.get("subject")?,
            made_at: r.get("made_at")?,
            received_at: r.get("received_at")?,
            at: r.get("at")?,
            trust: r.get("trust")?,
        })
    };
    q.rows(sql, params![person, SHOWN])?.iter().map(read).collect()
}
