//! People's mediation (人民调解): asked for, consented to by every side, held by a mediator who is near to none, ended by an
//! agreement with terms and days, or by going elsewhere. It costs nothing.
//!
//! What must stay true: nothing begins without the consent of every side, given in his own name; everything said is sealed
//! under a key of this mediation and read by its sides and its mediators alone (the desk sees number, kind, state and time
//! limits; a desk above reads with a reason, which the sides are told of); nobody mediates who is of the household or the
//! firm of a side; any side ends it at any time before it has signed; what falls due is told before, on the day and when it
//! is late, from the database alone; the public reads counts of a year, and no small ones.
//!
//! Log kinds written: `mediation.list`, `mediation.ask`, `mediation.join`, `mediation.consent`, `mediation.accept`,
//! `mediation.choose`, `mediation.appoint`, `mediation.decline`, `mediation.session`, `mediation.record`, `mediation.draft`,
//! `mediation.sign`, `mediation.effect`, `mediation.term`, `mediation.end`, `mediation.ring`, `mediation.look`.

/// Asking, consent, mediators, ends.
pub mod act;
/// Sessions, agreements, terms.
pub mod agree;
/// The rules of a place.
pub mod pack;
/// What rings.
pub mod ring;
/// Pure decisions.
pub mod rules;
/// What readers see.
pub mod view;
/// Routes.
pub mod web;

use std::sync::Arc;

use jiff::tz::TimeZone;
use store::{Entry, Query, Tx, params};

use self::pack::Pack;
use self::rules::{Consent, Stand, State, Ties, Way};
use crate::base::notice::{self, New, Step};
use crate::base::party::{self, Chart};
use crate::base::roster;
use crate::kit::error::Kind;
use crate::kit::row::row;
use crate::kit::time::Ms;
use crate::kit::{App, Result, Who};
use crate::records::register::mine;

/// What decisions rest on, read before a write.
#[derive(Clone)]
pub struct Book {
    /// The rules of the place.
    pub pack: &'static Pack,
    /// Who answers for what.
    pub chart: Arc<Chart>,
    /// Where a day begins.
    pub zone: TimeZone,
}

impl Book {
    /// Of now, for a place (its code).
    pub fn now(app: &App, code: &str) -> Result<Book> {
        Ok(Book { pack: pack::at(code), chart: Chart::now(app)?, zone: app.config.zone.clone() })
    }
}

row! {
    /// A mediation.
    #[derive(Clone, Debug)]
    #[expect(missing_docs, reason = "the columns of `mediation`, explained there")]
    pub struct Mediation {
        pub id: String,
        pub number: String,
        pub area: String,
        pub path: String,
        pub desk: String,
        pub kind: String,
        pub state: State,
        pub case_number: Option<String>,
        pub asked_by: Option<String>,
        pub asked_at: Ms,
        pub due_at: Option<Ms>,
        pub late: i64,
        pub accepted_at: Option<Ms>,
        pub oral: i64,
        pub agreed_seq: Option<u64>,
        pub stamped_at: Option<Ms>,
        pub effective_at: Option<Ms>,
        pub confirm_until: Option<Ms>,
        pub closed_at: Option<Ms>,
        pub refer: Option<String>,
        pub end_seq: Option<u64>,
        pub log_seq: u64,
    }
}

/// The mediation with this number.
pub fn by_number(q: &mut dyn Query, number: &str) -> Result<Mediation> {
    let row = q.row(&format!("select {COLUMNS} from mediation where number = $1"), params![number])?;
    Ok(row.as_ref().map(read).transpose()?.ok_or(Kind::NotFound)?)
}

/// The mediation with this id.
pub fn by_id(q: &mut dyn Query, id: &str) -> Result<Mediation> {
    let row = q.row(&format!("select {COLUMNS} from mediation where id = $1"), params![id])?;
    Ok(row.as_ref().map(read).transpose()?.ok_or(Kind::NotFound)?)
}

/// Sides.
pub mod side {
    use super::*;

    row! {
        /// A side of a mediation.
        #[derive(Clone, Debug)]
        #[expect(missing_docs, reason = "the columns of `mediation_side`, explained there")]
        pub struct Side {
            pub mediation: String,
            pub n: i64,
            pub person: Option<String>,
            pub mark: Option<String>,
            pub name: Vec<u8>,
            pub body: Option<String>,
            pub consent: Consent,
            pub consent_way: Option<Way>,
            pub consent_at: Option<Ms>,
            pub choice: Option<String>,
            pub signed_at: Option<Ms>,
            pub signed_way: Option<Way>,
        }
    }

    /// The sides of a mediation.
    pub fn all(q: &mut dyn Query, mediation: &str) -> Result<Vec<Side>> {
        let rows =
            q.rows(&format!("select {COLUMNS} from mediation_side where mediation = $1 order by n"), params![mediation])?;
        Ok(rows.iter().map(read).collect::<store::Result<_>>()?)
    }
}
pub use side::Side;

/// Who mediates it, and when each signed.
pub fn mediators(q: &mut dyn Query, mediation: &str) -> Result<Vec<(String, Option<Ms>)>> {
    let rows = q.rows("select person, signed_at from mediation_by where mediation = $1 order by person", params![mediation])?;
    Ok(rows.iter().map(|r| Ok((r.get("person")?, r.get("signed_at")?))).collect::<store::Result<_>>()?)
}

/// How somebody stands to it.
pub fn stand(q: &mut dyn Query, who: &Who, one: &Mediation) -> Result<Stand> {
    let Some(person) = &who.person else { return Ok(Stand::Nobody) };
    if let Some(side) = side::all(q, &one.id)?.iter().find(|s| s.person.as_ref() == Some(person)) {
        return Ok(Stand::Side(side.n));
    }
    // Whoever acts for another does not bring the other's office along.
    if mediators(q, &one.id)?.iter().any(|(p, _)| p == person) && who.by.is_none() {
        return Ok(Stand::Mediator);
    }
    Ok(match who.desk_over(&one.path) {
        Some(role) if role.body.as_ref() == Some(&one.desk) => Stand::Desk,
        Some(_) => Stand::Above,
        None => Stand::Nobody,
    })
}

/// What is known of a person that may be a conflict.
pub fn ties(q: &mut dyn Query, person: &str, now: Ms) -> Result<Ties> {
    let record = mine::record(q, person)?;
    Ok(Ties {
        person: Some(person.to_owned()),
        household: record.as_ref().and_then(|r| r.household.clone()),
        dwelling: record.and_then(|r| r.dwelling),
        bodies: party::roles(q, person, now)?.into_iter().filter_map(|r| r.body).collect(),
    })
}

impl Mediation {
    /// An entry about it, sealed under its key.
    fn entry<'w>(&'w self, who: &'w Who, act: Entry<'w>) -> Entry<'w> {
        Entry { actor: who.actor(), area: Some(&self.area), owner: Some(&self.id), ..act }
    }

    fn news(&self, person: String, at: Ms, kind: &str) -> New {
        New { person, at, kind: kind.to_owned(), subject: self.number.clone(), class: None, urgent: false }
    }
}

/// Tells all sides, and who mediates, but for whoever did it.
fn tell(tx: &mut Tx, book: &Book, one: &Mediation, who: &Who, kind: &str) -> Result<()> {
    let (now, mut people) = (tx.now(), Vec::new());
    people.extend(side::all(tx, &one.id)?.into_iter().filter_map(|s| s.person));
    people.extend(mediators(tx, &one.id)?.into_iter().map(|(p, _)| p));
    people.retain(|p| Some(p) != who.person.as_ref());
    people.sort();
    people.dedup();
    let news: Vec<New> = people.into_iter().map(|p| one.news(p, now, kind)).collect();
    notice::put(tx, &book.zone, &news)
}

/// Whoever did his step is no longer waited for.
fn did(tx: &mut Tx, book: &Book, one: &Mediation, people: Vec<String>) -> Result<()> {
    notice::take(tx, &book.zone, &[Step::Done(one.number.clone(), people)])
}

/// Nobody is waited for any more.
fn over(tx: &mut Tx, book: &Book, one: &Mediation) -> Result<()> {
    notice::take(tx, &book.zone, &[Step::Settled(one.number.clone())])
}

/// Tells a desk: a number and a kind of step, no word of what it is about.
fn tell_desk(tx: &mut Tx, book: &Book, one: &Mediation, desk: &str, kind: &str) -> Result<()> {
    let now = tx.now();
    let people = roster::reachable(tx, desk, now, true)?;
    let news: Vec<New> = people.into_iter().map(|p| one.news(p, now, kind)).collect();
    notice::put(tx, &book.zone, &news)
}
