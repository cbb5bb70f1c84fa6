//! Emergency mobilisation (应急动员): needs and stocks by class, allocation that never over-allots, hand-over by both sides.
//!
//! What must stay true: of each depot and class what was received is in stock, reserved, under way, handed over or lost, at every
//! instant, and only [`ledger::shift`] moves any of it; nothing is given out that is not there, whoever confirms at once; a need has one
//! holder and one clock until it is met or closed with a reason, and a gift is stock only when it was counted; what came is said by
//! whoever received it, and what is missing is explained; the public reads numbers by class and area, needs of single sites are for
//! desks and whoever speaks for the site.
//!
//! Log kinds written: `relief.open`, `relief.end`, `relief.depot`, `relief.site`, `relief.need`, `relief.tier`, `relief.close`,
//! `relief.met`, `relief.escalate`, `relief.gift`, `relief.plan`, `relief.pin`, `relief.confirm`, `relief.load`, `relief.send`,
//! `relief.hand`, `relief.explain`, `relief.cancel`, `relief.move`.

/// Opening, depots, gifts, stock, ending.
pub mod act;
/// What desks, sites and depots see: needs, proposals, loads.
pub mod detail;
/// The one place that moves anything.
pub mod ledger;
/// Loads: sent, handed over, explained.
pub mod load;
/// Sites and their needs.
pub mod need;
/// What can be asked for at a place.
pub mod pack;
/// Who gets what: proposed, changed, confirmed.
pub mod plan;
/// What happens by itself.
pub mod ring;
/// Needs by the table.
pub mod sheet;
/// What everybody sees: numbers, and what lies where.
pub mod view;
/// Routes.
pub mod web;
/// Routes of needs, plans and loads.
pub mod work;

use std::sync::Arc;

use jiff::tz::TimeZone;
use store::{Entry, Query, Tx, params};

use self::pack::Pack;
use crate::base::area;
use crate::base::notice::{self, New, Step};
use crate::base::party::Chart;
use crate::base::roster;
use crate::kit::error::Kind;
use crate::kit::names::names;
use crate::kit::row::row;
use crate::kit::time::Ms;
use crate::kit::{App, Result, Who};

names! {
    /// Where an emergency stands.
    State { Open = "open", Ended = "ended", }
    /// Where a need stands.
    Stand {
        Open = "open",
        /// It has what it asked for.
        Met = "met",
        /// Given up, with a reason.
        Closed = "closed",
    }
    /// Where a gift stands.
    Gift { Offered = "offered", Received = "received", Declined = "declined", Withdrawn = "withdrawn", }
    /// Where a proposal stands.
    Draft { Draft = "draft", Confirmed = "confirmed", Dropped = "dropped", }
    /// Where a load stands.
    Way {
        /// Set aside in the depot.
        Ready = "ready",
        Sent = "sent",
        /// Less came than was sent, and nobody said why.
        Differs = "differs",
        Handed = "handed",
        Cancelled = "cancelled",
    }
}

/// What decisions rest on, read before a write.
#[derive(Clone)]
pub struct Book {
    /// What can be asked for.
    pub pack: &'static Pack,
    /// Who answers for what.
    pub chart: Arc<Chart>,
    /// Where a day begins.
    pub zone: TimeZone,
}

impl Book {
    /// Of now, for a place (its code).
    pub fn now(app: &App, code: &str) -> Result<Book> {
        app.db.read(|r| Book::read(r, app, code))
    }

    /// The same within a read: a second one inside of it could wait for the first.
    pub fn read(q: &mut dyn Query, app: &App, code: &str) -> Result<Book> {
        Ok(Book { pack: pack::at(code), chart: Chart::read(q, app)?, zone: app.config.zone.clone() })
    }
}

row! {
    /// An emergency.
    #[derive(Clone, Debug)]
    #[expect(missing_docs, reason = "the columns of `relief`, explained there")]
    pub struct Relief {
        pub id: String,
        pub number: String,
        pub title: String,
        pub why: String,
        pub area: String,
        pub path: String,
        pub desk: String,
        pub state: State,
        pub classes: String,
        pub made_at: Ms,
        pub ended_at: Option<Ms>,
        pub account: Option<String>,
        pub log_seq: u64,
    }
}

/// The one with this number.
pub fn by_number(q: &mut dyn Query, number: &str) -> Result<Relief> {
    let row = q.row(&format!("select {COLUMNS} from relief where number = $1"), params![number])?;
    Ok(row.as_ref().map(read).transpose()?.ok_or(Kind::NotFound)?)
}

/// The one with this id.
fn by_id(q: &mut dyn Query, id: &str) -> Result<Relief> {
    let row = q.row(&format!("select {COLUMNS} from relief where id = $1"), params![id])?;
    Ok(row.as_ref().map(read).transpose()?.ok_or(Kind::NotFound)?)
}

/// Those around a place, the newest first, before that moment.
pub fn around(q: &mut dyn Query, path: &str, before: Ms, most: i64) -> Result<Vec<Relief>> {
    let sql = format!(
        "select {COLUMNS} from relief where {} and made_at < $3 order by made_at desc, number desc limit $4",
        area::AROUND
    );
    let rows = q.rows(&sql, params![path, area::end_of(path), before, most])?;
    Ok(rows.iter().map(read).collect::<store::Result<_>>()?)
}

/// Depots.
pub mod depot {
    use super::*;

    row! {
        /// Where things lie.
        #[derive(Clone, Debug)]
        #[expect(missing_docs, reason = "the columns of `relief_depot`, explained there")]
        pub struct Depot {
            pub id: String,
            pub relief: String,
            pub n: i64,
            pub name: String,
            pub area: String,
            pub path: String,
            pub body: String,
            pub made_at: Ms,
        }
    }

    /// Those of an emergency, in their order.
    pub fn all(q: &mut dyn Query, relief: &str) -> Result<Vec<Depot>> {
        let rows = q.rows(&format!("select {COLUMNS} from relief_depot where relief = $1 order by n"), params![relief])?;
        Ok(rows.iter().map(read).collect::<store::Result<_>>()?)
    }
}
pub use depot::Depot;

/// Sites.
pub mod site {
    use super::*;

    row! {
        /// Where things are needed.
        #[derive(Clone, Debug)]
        #[expect(missing_docs, reason = "the columns of `relief_site`, explained there")]
        pub struct Site {
            pub id: String,
            pub relief: String,
            pub n: i64,
            pub name: String,
            pub area: String,
            pub path: String,
            pub body: String,
            pub people: i64,
            pub made_at: Ms,
        }
    }

    /// Those of an emergency, in their order.
    pub fn all(q: &mut dyn Query, relief: &str) -> Result<Vec<Site>> {
        let rows = q.rows(&format!("select {COLUMNS} from relief_site where relief = $1 order by n"), params![relief])?;
        Ok(rows.iter().map(read).collect::<store::Result<_>>()?)
    }

    impl Site {
        /// Whether somebody works for the organisation that speaks for it; a desk further up does not.
        pub fn is_spoken_for_by(&self, who: &Who) -> bool {
            who.in_body(&self.body)
        }
    }
}
pub use site::Site;

/// Needs.
pub mod needs {
    use super::*;

    row! {
        /// What a site needs.
        #[derive(Clone, Debug)]
        #[expect(missing_docs, reason = "the columns of `relief_need`, explained there")]
        pub struct Need {
            pub id: String,
            pub relief: String,
            pub n: i64,
            pub site: String,
            pub class: String,
            pub quantity: Option<i64>,
            pub people: i64,
            pub tier: i64,
            pub due_at: Ms,
            pub state: Stand,
            pub got: i64,
            pub promised: i64,
            pub holder: String,
            pub ring_at: Option<Ms>,
            pub late: i64,
            pub made_at: Ms,
            pub by_person: Option<String>,
            pub words: Option<Vec<u8>>,
            pub ended_at: Option<Ms>,
            pub why: Option<String>,
        }
    }

    /// Those of an emergency, in their order.
    pub fn all(q: &mut dyn Query, relief: &str) -> Result<Vec<Need>> {
        let rows = q.rows(&format!("select {COLUMNS} from relief_need where relief = $1 order by n"), params![relief])?;
        Ok(rows.iter().map(read).collect::<store::Result<_>>()?)
    }

    /// The one with this id.
    pub fn by_id(q: &mut dyn Query, id: &str) -> Result<Need> {
        let row = q.row(&format!("select {COLUMNS} from relief_need where id = $1"), params![id])?;
        Ok(row.as_ref().map(read).transpose()?.ok_or(Kind::NotFound)?)
    }

    /// The one of an emergency with this number.
    pub fn of(q: &mut dyn Query, relief: &str, n: i64) -> Result<Need> {
        let sql = format!("select {COLUMNS} from relief_need where relief = $1 and n = $2");
        Ok(q.row(&sql, params![relief, n])?.as_ref().map(read).transpose()?.ok_or(Kind::NotFound)?)
    }

    impl Need {
        /// What is still missing, of one whose quantity is known.
        pub fn missing(&self) -> Option<i64> {
            self.quantity.map(|q| (q - self.got - self.promised).max(0))
        }
    }
}
pub use needs::Need;

impl Relief {
    /// The classes it is about.
    pub fn classes(&self) -> Vec<&str> {
        self.classes.split(' ').filter(|c| !c.is_empty()).collect()
    }

    /// Whether this person runs it: the desk of the place, or one above it.
    pub fn is_run_by(&self, who: &Who) -> bool {
        who.desk_over(&self.path).is_some()
    }

    /// Whether somebody reads what single sites need: whoever runs it, and desks of places within it, each for its own.
    pub fn reads(&self, who: &Who, path: &str) -> bool {
        path.starts_with(&self.path) && who.desk_over(path).is_some()
    }

    /// Refuses when it ended.
    fn open(&self) -> Result<()> {
        if self.state == State::Open { Ok(()) } else { Err(Kind::Over.into()) }
    }

    /// A class it is about, by id.
    fn class(&self, class: &str) -> Result<()> {
        if self.classes().contains(&class) { Ok(()) } else { Err(Kind::Unknown.at("class")) }
    }

    /// An entry of the log about it, by anybody.
    fn entry<'w>(&'w self, who: &'w Who, act: &'static str) -> Entry<'w> {
        Entry { actor: who.actor(), area: Some(&self.area), owner: Some(&self.id), ..Entry::new(act, "relief", &self.id) }
    }

    /// An entry by whoever runs it; refused to all others.
    fn by_desk<'w>(&'w self, who: &'w Who, act: &'static str) -> Result<Entry<'w>> {
        who.by_desk(&self.path, &self.area, Entry { owner: Some(&self.id), ..Entry::new(act, "relief", &self.id) })
    }
}

/// The next number of a list of an emergency.
fn next(tx: &mut Tx, table: &str, relief: &str, most: i64) -> Result<i64> {
    let n = tx.count(&format!("select count(*) from {table} where relief = $1"), params![relief])? + 1;
    if n > most { Err(Kind::TooMany.at("relief").limit(most)) } else { Ok(n) }
}

/// Tells whoever of an organisation can be reached, but for whoever did it.
fn tell(tx: &mut Tx, book: &Book, who: &Who, relief: &Relief, body: &str, kind: &str) -> Result<()> {
    let now = tx.now();
    let mut people = roster::reachable(tx, body, now, false)?;
    people.retain(|p| Some(p.as_str()) != who.actor() && Some(p) != who.person.as_ref());
    let new = |person| New {
        person,
        at: now,
        kind: format!("relief-{kind}"),
        subject: relief.number.clone(),
        class: None,
        urgent: true,
    };
    notice::put(tx, &book.zone, &people.into_iter().map(new).collect::<Vec<_>>())
}

/// Nobody of an organisation is waited for any more, when nothing of the emergency waits for it.
fn rest(tx: &mut Tx, book: &Book, relief: &Relief, body: &str) -> Result<()> {
    let waits = "select (select count(*) from relief_need where relief = $1 and holder = $2 and state = 'open') \
                 + (select count(*) from relief_gift g join relief e on e.id = g.relief where e.id = $1 and e.desk = $2 and g.state = 'offered') \
                 + (select count(*) from relief_load l join relief_depot d on d.id = l.depot where l.relief = $1 and d.body = $2 and l.state in ('ready', 'differs')) \
                 + (select count(*) from relief_load l join relief_site s on s.id = l.site where l.relief = $1 and l.state = 'sent' and s.body = $2)";
    if tx.count(waits, params![&relief.id, body])? > 0 {
        return Ok(());
    }
    let now = tx.now();
    let people = roster::reachable(tx, body, now, false)?;
    notice::take(tx, &book.zone, &[Step::Done(relief.number.clone(), people)])
}
