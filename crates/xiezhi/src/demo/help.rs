//! Neighbours who help each other in the demo: some volunteers whom the desk has met, a request that somebody took, one that
//! waits for a woman, work for all that some signed up for.
//!
//! What must stay true: everything goes through the real actions; the people have no printed account, so nobody's inbox
//! grows by it.

use super::people::People;
use super::place::Places;
use crate::activities::volunteer::event;
use crate::activities::volunteer::help::act::{self, New};
use crate::activities::volunteer::help::{State, Wish, by_number};
use crate::activities::volunteer::hours::{self, Unit};
use crate::activities::volunteer::rules::{Profile, Sex};
use crate::activities::volunteer::{Book, profile};
use crate::kit::time::{DAY, HOUR, Ms, day_start};
use crate::kit::{App, Result, RoleKind, Who};
use crate::records::register::mine;

/// What the volunteers do, and whether it is a woman.
const HELPERS: [(&[&str], Sex); 5] = [
    (&["wheelchair", "escort", "chat"], Sex::Female),
    (&["errand", "meal", "carry"], Sex::Male),
    (&["repair", "phone", "carry"], Sex::Male),
    (&["chat", "phone", "hair", "escort"], Sex::Female),
    (&["errand", "wheelchair", "tutor"], Sex::Female),
];

/// Plays it at `now`.
pub fn settle(app: &App, people: &People, places: &Places, now: Ms) -> Result<()> {
    app.ambience.shift_to(now);
    let place = places.communities[0].area.clone();
    let book = Book::now(app, &place.code)?;
    let Some(clerk) = people.crew(RoleKind::Committee, 0, "").and_then(|c| c.people.first()).cloned() else { return Ok(()) };
    let known: Vec<Who> = app.db.read(|r| {
        let mut out = Vec::new();
        for who in people.residents[0].iter().skip(1) {
            if mine::is_known(r, who)? {
                out.push(who.clone());
            }
        }
        Ok::<_, crate::kit::Error>(out)
    })?;
    // Those who ask are others than those who help.
    let (helpers, askers) = known.split_at(HELPERS.len().min(known.len().saturating_sub(1)));
    let Some(asker) = askers.first().cloned() else { return Ok(()) };
    for (who, (kinds, sex)) in helpers.iter().zip(HELPERS) {
        let profile = Profile {
            kinds: kinds.iter().map(|k| (*k).to_owned()).collect(),
            languages: ["putonghua", "local"].map(String::from).into(),
            sex: Some(sex),
            ..Profile::default()
        };
        let (by, at, desk, rules) = (who.clone(), place.clone(), clerk.clone(), book.clone());
        app.db.write(move |tx| {
            profile::set(tx, &by, &at, &profile, None)?;
            let person = by.person.clone().unwrap_or_default();
            profile::vet(tx, &rules, &desk, &person, true)?;
            hours::act::grant(tx, &rules, &desk, &person, Unit::Minutes, 60, "楼道大扫除")
        })?;
    }
    let morning = day_start(now, &app.config.zone) + 9 * HOUR;
    let new = |kind: &str, days: Ms, words: &str, sex| New {
        kind: kind.into(),
        area: place.code.clone(),
        building: None,
        place: None,
        words: Some(words.into()),
        starts_at: morning + days * DAY,
        minutes: 60,
        other: None,
        wish: Wish { language: None, sex },
        choose: false,
        hours: true,
        urgent: false,
    };
    for (new, taken) in [
        (new("wheelchair", 2, "去医院复查，要人帮忙推一下", None), true),
        (new("escort", 3, "去银行办事，眼睛看不清", Some(Sex::Female)), false),
    ] {
        let (by, rules) = (asker.clone(), book.clone());
        let number = app.db.write(move |tx| act::ask(tx, &rules, &by, &new))?.value;
        if let (true, Some(helper)) = (taken, helpers.first().cloned()) {
            let (rules, of) = (book.clone(), number.clone());
            app.db.write(move |tx| act::offer(tx, &rules, &helper, &of).map(drop))?;
            debug_assert_eq!(app.db.read(|r| by_number(r, &number))?.state, State::Agreed);
        }
    }
    let event = event::act::New {
        title: "中心花园补种月季".into(),
        about: "月季苗和铲子社区备好，请穿不怕脏的鞋。".into(),
        place: "中心花园门口集合".into(),
        starts_at: morning + 5 * DAY,
        ends_at: morning + 5 * DAY + 2 * HOUR,
        seats: 12,
    };
    let number = app.db.write(move |tx| event::act::begin(tx, &clerk, &place, &event))?.value;
    for who in helpers {
        let (who, of) = (who.clone(), number.clone());
        app.db.write(move |tx| event::act::join(tx, &who, &of))?;
    }
    Ok(())
}
