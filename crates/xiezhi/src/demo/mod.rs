//! A living demo: an invented sub-district with two weeks of work behind it.
//!
//! What must stay true: only an empty node is seeded, and only once; what happened in the demo happened through the same
//! actions as in life, each at its own time; the same program seeds the same stories, apart from the present time; the
//! passwords are derived from the node's key and stored nowhere. Nobody in it exists; the communities say in their names
//! that they are a demo.
//!
//! Log kinds written: `demo.seed`, `demo.crowd`, `demo.watch`, `case.import` (for the crowd) and `exchange.take` (for figures of boards), besides those of the actions it plays.

/// A whole city around it.
pub mod crowd;
mod desk;
mod draw;
mod health;
/// Neighbours who help each other.
mod help;
mod households;
/// Levels above it.
pub mod levels;
mod lists;
/// A year that is played.
pub mod live;
/// A nation's board, for figures.
pub mod nation;
/// Organisations that join.
mod partner;
mod people;
mod picture;
mod place;
mod play;
mod relief;
mod script;
mod sensing;
mod services;
/// What departments share.
mod share;
mod talk;
#[cfg(test)]
mod tests;
mod together;
/// Many series of counts, for figures.
pub mod watch;
mod words;

use std::collections::BTreeMap;

use calc::codes;
use store::Entry;

use crate::base::party::{self, session};
use crate::kit::error::{Error, Kind};
use crate::kit::time::HOUR;
use crate::kit::{App, Result, RoleKind};
use crate::records::case::Rulebook;
use crate::records::open311::keys::{self, NewKey};
use draw::Draw;

/// Every run draws the same.
const SEED: u64 = 321_002_002;
/// Setting that says that it was done.
const DONE: &str = "demo.seeded";

/// People of the first community.
pub const PEOPLE: u16 = 2_300;

/// Fills an empty node, with so many people in its register; does nothing when that was done before. Must come before anything else is written: the log does
/// not run backwards, and the demo begins two weeks ago.
pub fn seed(app: &App, people: usize) -> Result<()> {
    if app.db.read(|r| party::setting(r, DONE))?.is_some() {
        return Ok(());
    }
    if app.db.last().size > 0 {
        return Err(Error { detail: Some("the demo needs an empty folder".into()), ..Kind::SetUpDone.into() });
    }
    let end = fill(app, people);
    app.ambience.shift_back();
    end?;
    app.db.write(|tx| {
        party::set(tx, DONE, "1")?;
        tx.log(Entry::new("demo.seed", "node", ""))
    })?;
    Ok(())
}

fn fill(app: &App, count: usize) -> Result<()> {
    let (now, zone) = (app.now(), &app.config.zone);
    let hash = |kind: &RoleKind| Ok((*kind, session::hash(app, &password(app, login(*kind)))?));
    let hashes: BTreeMap<RoleKind, String> = RoleKind::ALL.iter().map(hash).collect::<Result<_>>()?;
    app.ambience.shift_to(now - script::PAST - HOUR);
    let (places, cast) = app
        .db
        .write(move |tx| {
            let mut draw = Draw::new(SEED);
            let places = place::build(tx, &mut draw)?;
            let cast = people::build(tx, &mut draw, &places, &hashes)?;
            Ok::<_, Error>((places, cast))
        })?
        .value;
    let people = cast.read(app, places.communities.len())?;
    services::settle(app, &people, &places)?;
    health::before(app, &people, &places)?;
    let mut draw = Draw::new(SEED + 1);
    let residents: Vec<usize> = people.residents.iter().map(Vec::len).collect();
    let book = Rulebook::now(app)?;
    let stories = script::write(&mut draw, &book, &places.communities, &residents, now, zone);
    play::play(app, &mut draw, &places, &people, &stories, now)?;
    desk::orders(app, &people, &places, now)?;
    desk::requests(app, &people, &places, now)?;
    talk::over(app, &people, &places, now)?;
    desk::homes(app, &mut Draw::new(SEED + 2), &people, &places)?;
    together::settle(app, &mut Draw::new(SEED + 4), &people, &places, now, count)?;
    households::settle(app, &mut Draw::new(SEED + 3), &people, &places, count)?;
    lists::settle(app, &people, &places, now)?;
    help::settle(app, &people, &places, now)?;
    partner::settle(app, &people, &places, now)?;
    relief::settle(app, &people, &places, now)?;
    sensing::settle(app, &mut Draw::new(SEED + 5), &people, &places, now)?;
    health::settle(app, &people, &places)?;
    share::settle(app, &people, &places, now)
}

/// The accounts that are printed: role, sign-in name, password.
pub fn accounts(app: &App) -> Result<Vec<(String, String, String)>> {
    let account = |kind: &RoleKind| (kind.to_string(), login(*kind).to_owned(), password(app, login(*kind)));
    Ok(RoleKind::ALL.iter().map(account).collect())
}

/// A key for partner systems that try the demo: made when it is missing, the same at every start.
pub fn open311_key(app: &App) -> Result<String> {
    let text = codes::crockford(&app.db.digest("demo open311 key", ""))[..24].to_owned();
    if !app.db.read(|r| keys::was_given(r, &text))? {
        let new =
            NewKey { name: "演示".into(), purpose: "试用".into(), per_minute: keys::MOST_PER_MINUTE, ..NewKey::default() };
        let key = text.clone();
        app.db.write(move |tx| keys::add(tx, None, &new, &key))?;
    }
    Ok(text)
}

pub use partner::api_key;
pub use sensing::device;

fn login(kind: RoleKind) -> &'static str {
    kind.as_str()
}

fn password(app: &App, login: &str) -> String {
    codes::crockford(&app.db.digest("demo password", login))[..8].to_owned()
}

/// Households with somebody over 65, in a hundred.
fn homes_with_old_people() -> usize {
    let total = |group: &str| {
        let head = format!("household,{group},,,");
        let lines = include_str!("../../../../data/demo/census.csv").lines();
        lines.filter_map(|l| l.strip_prefix(&head)?.parse::<usize>().ok()).next().unwrap_or(0)
    };
    total("with_65") * 100 / total("all").max(1)
}
