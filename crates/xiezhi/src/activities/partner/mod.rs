//! Joining (入驻): a volunteer group, a social organisation, an enterprise or a department asks to work in a place; its desk looks
//! at what it shows and decides; from then on it has its desk, its page, its members and its keys.
//!
//! What must stay true: one code has one living application; nobody decides about his own organisation; an application always
//! has somebody whose turn it is and a clock, and when a desk lets it run out the desk above has it; who refused does not
//! decide about the appeal, and there is one; whoever is suspended or ended loses role and keys in the same write; what it
//! showed is read by its own people and the desk alone, and those reads are logged; certificates that end are told of before,
//! and from then on nothing new is taken on ([`crate::base::party::standing`]).
//!
//! Log kinds written: `partner.ask`, `partner.decide`, `partner.answer`, `partner.appeal`, `partner.withdraw`, `partner.paper`,
//! `partner.paper-seen`, `partner.invite`, `partner.join`, `partner.leave`, `partner.change`, `partner.ring`.

/// Asking, answering, deciding.
pub mod act;
/// What a desk looks at before it decides.
pub mod check;
/// Who works for it.
pub mod member;
/// What organisations of a place show.
pub mod pack;
/// Certificates.
pub mod paper;
/// What rings.
pub mod ring;
/// Pure decisions.
pub mod rules;
/// What readers see.
pub mod view;
/// Routes.
pub mod web;

use std::sync::Arc;

use calc::due::{Limit, Unit};
use jiff::tz::TimeZone;
use store::{Entry, Query, Tx, params};

use self::pack::{Needs, Pack};
use self::rules::{Membership, Stand, State};
use crate::base::area::{self, Area};
use crate::base::notice::{self, New, Step};
use crate::base::party::Chart;
use crate::base::roster;
use crate::base::worktime::{self, Worktime};
use crate::kit::error::Kind;
use crate::kit::row::row;
use crate::kit::time::Ms;
use crate::kit::{App, Result, RoleKind, Who};

/// What decisions rest on, read before a write.
#[derive(Clone)]
pub struct Book {
    /// The rules of the place.
    pub pack: &'static Pack,
    /// Who answers for what.
    pub chart: Arc<Chart>,
    /// When working days end.
    pub time: Arc<Worktime>,
    /// Where a day begins.
    pub zone: TimeZone,
}

impl Book {
    /// Of now, for a place (its code).
    pub fn now(app: &App, code: &str) -> Result<Book> {
        app.db.read(|r| Book::read(r, app, code))
    }

    /// The same, inside a read of the caller.
    pub fn read(q: &mut dyn Query, app: &App, code: &str) -> Result<Book> {
        let (chart, time) = (Chart::read(q, app)?, worktime::read(q, app)?);
        Ok(Book { pack: pack::at(code), chart, time, zone: app.config.zone.clone() })
    }

    /// Until when a desk that has it from now on answers.
    fn due(&self, now: Ms) -> Ms {
        self.time.due(now, Limit { n: self.pack.limits.decide_days, unit: Unit::WorkDays }).at
    }
}

row! {
    /// An organisation that joins.
    #[derive(Clone, Debug)]
    #[expect(missing_docs, reason = "the columns of `partner`, explained there")]
    pub struct Partner {
        pub id: String,
        pub number: String,
        pub kind: String,
        pub name: String,
        pub uscc: Option<String>,
        pub backer: Option<String>,
        pub about: String,
        pub area: String,
        pub path: String,
        pub state: State,
        pub desk: String,
        pub applicant: String,
        pub contact: Vec<u8>,
        pub phone: Vec<u8>,
        pub public_phone: Option<String>,
        pub made_at: Ms,
        pub due_at: Option<Ms>,
        pub late: i64,
        pub appealed: i64,
        pub refused_by: Option<String>,
        pub body: Option<String>,
        pub joined_at: Option<Ms>,
        pub valid_until: Option<Ms>,
        pub log_seq: u64,
    }
}

/// The one with this number.
pub fn by_number(q: &mut dyn Query, number: &str) -> Result<Partner> {
    let row = q.row(&format!("select {COLUMNS} from partner where number = $1"), params![number])?;
    Ok(row.as_ref().map(read).transpose()?.ok_or(Kind::NotFound)?)
}

/// The one with this id.
pub fn by_id(q: &mut dyn Query, id: &str) -> Result<Partner> {
    let row = q.row(&format!("select {COLUMNS} from partner where id = $1"), params![id])?;
    Ok(row.as_ref().map(read).transpose()?.ok_or(Kind::NotFound)?)
}

/// The one that an organisation joined as.
pub fn by_body(q: &mut dyn Query, body: &str) -> Result<Option<Partner>> {
    let row = q.row(&format!("select {COLUMNS} from partner where body = $1"), params![body])?;
    Ok(row.as_ref().map(read).transpose()?)
}

/// The desk that stands above a place, if it does (a page of its queue).
pub(crate) fn listed(q: &mut dyn Query, filter: &str, params: &[store::Value]) -> Result<Vec<Partner>> {
    let rows = q.rows(&format!("select {COLUMNS} from partner where {filter}"), params)?;
    Ok(rows.iter().map(read).collect::<store::Result<_>>()?)
}

impl Partner {
    /// Its kind of role.
    pub fn role(&self) -> RoleKind {
        RoleKind::parse(&self.kind).unwrap_or(RoleKind::SocialOrg)
    }

    /// What its kind shows.
    fn needs<'p>(&self, pack: &'p Pack) -> Result<&'p Needs> {
        pack.needs(self.role()).ok_or_else(|| Kind::Unknown.at("kind"))
    }

    /// An entry about it.
    fn entry<'w>(&'w self, who: &'w Who, entry: Entry<'w>) -> Entry<'w> {
        let role = who.desk_over(&self.path);
        Entry {
            actor: who.actor(),
            role: role.map(|r| r.kind.as_str()),
            party: role.and_then(|r| r.body.as_deref()).or(self.body.as_deref()),
            area: Some(&self.area),
            owner: Some(&self.id),
            ..entry
        }
    }

    fn news(&self, person: String, at: Ms, kind: &str) -> New {
        New { person, at, kind: kind.to_owned(), subject: self.number.clone(), class: None, urgent: false }
    }
}

/// How somebody stands to it. Whoever asked or works for it is its own, whatever else he is.
pub fn stand(q: &mut dyn Query, chart: &Chart, who: &Who, one: &Partner) -> Result<Stand> {
    if let Some(person) = who.actor() {
        let sql = "select count(*) from partner_member where partner = $1 and person = $2 and state = $3";
        let member = q.count(sql, params![&one.id, person, Membership::Member])? > 0;
        if member || one.applicant == person && !one.state.is_public() {
            return Ok(Stand::Own);
        }
    }
    let Some(role) = who.desk_over(&one.path) else { return Ok(Stand::Nobody) };
    // Once it moved up it is the turn of the desk above, and of those above that.
    let above = chart.path(&one.desk).is_some_and(|at| role.path.len() < at.len());
    Ok(if role.body.as_ref() == Some(&one.desk) || above { Stand::Desk } else { Stand::Near })
}

/// Its place.
fn place(q: &mut dyn Query, one: &Partner) -> Result<Area> {
    area::by_id(q, &one.area)?.ok_or_else(|| Kind::Unknown.at("area"))
}

/// Everybody who works for it, or asked for it.
fn own(q: &mut dyn Query, one: &Partner) -> Result<Vec<String>> {
    let sql = "select person from partner_member where partner = $1 and state = $2 order by n";
    let rows = q.rows(sql, params![&one.id, Membership::Member])?;
    let mut people: Vec<String> = rows.iter().map(|r| r.get("person")).collect::<store::Result<_>>()?;
    if people.is_empty() {
        people.push(one.applicant.clone());
    }
    Ok(people)
}

/// Tells its people, but for whoever did it.
fn tell(tx: &mut Tx, book: &Book, one: &Partner, who: &Who, kind: &str) -> Result<()> {
    let now = tx.now();
    let people = own(tx, one)?.into_iter().filter(|p| who.actor() != Some(p));
    let news: Vec<New> = people.map(|p| one.news(p, now, kind)).collect();
    notice::put(tx, &book.zone, &news)
}

/// Tells a desk, but for those who would decide about their own organisation.
fn tell_desk(tx: &mut Tx, book: &Book, one: &Partner, desk: &str, kind: &str) -> Result<()> {
    let now = tx.now();
    let own = own(tx, one)?;
    let people = roster::reachable(tx, desk, now, true)?.into_iter().filter(|p| !own.contains(p));
    let news: Vec<New> = people.map(|p| one.news(p, now, kind)).collect();
    notice::put(tx, &book.zone, &news)
}

/// Nobody is waited for any more.
fn settled(tx: &mut Tx, book: &Book, one: &Partner) -> Result<()> {
    notice::take(tx, &book.zone, &[Step::Settled(one.number.clone())])
}

/// Writes down what was done, with the words that were said: sealed under its key.
fn step(tx: &mut Tx, one: &Partner, act: &str, desk: Option<&str>, words: Option<&str>) -> Result<()> {
    let (now, words) = (tx.now(), tx.seal_text(&one.id, words)?);
    let n = tx.count("select count(*) from partner_step where partner = $1", params![&one.id])? + 1;
    let sql = "insert into partner_step(partner, n, act, at, body, words) values ($1,$2,$3,$4,$5,$6)";
    tx.exec(sql, params![&one.id, n, act, now, desk, words])?;
    Ok(())
}

/// The one with this number, for its own people.
pub(crate) fn owned(tx: &mut Tx, book: &Book, who: &Who, number: &str) -> Result<Partner> {
    let one = by_number(tx, number)?;
    if who.by.is_some() || stand(tx, &book.chart, who, &one)? != Stand::Own {
        return Err(Kind::Denied.into());
    }
    Ok(one)
}
