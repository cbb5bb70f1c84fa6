//! Who sits in a consultation: organisations and building heads that the desk calls, residents who are drawn from a roll.
//!
//! What must stay true: a draw is announced before its seed exists (the root of the log at a moment to come), from numbers
//! that are written down then; it is drawn by the program at that moment and by nobody; who excuses himself is followed by
//! the next number of the same draw; a convening without the seats of the pack is refused; from then on they stand still.

use std::collections::BTreeSet;

use calc::{codes, draw};
use store::{Query, Tx, hex, params};

use super::{Basis, Consult, State, act, by_id, rules, tell};
use crate::activities::vote::roll;
use crate::base::party;
use crate::kit::error::Kind;
use crate::kit::names::names;
use crate::kit::row::row;
use crate::kit::time::Ms;
use crate::kit::{Result, RoleKind, Who};

/// Numbers kept in reserve for each seat that is drawn.
const RESERVE: usize = 4;
/// Seats of one draw.
pub const DRAWN: i64 = 30;
/// Characters of a seat's code.
const CODE: usize = 10;

names! {
    /// For whom somebody sits.
    SeatKind {
        Committee = "committee", BuildingHead = "building_head", Property = "property", VolunteerGroup = "volunteer_group",
        SocialOrg = "social_org", Enterprise = "enterprise", Department = "department", Resident = "resident",
    }
    /// Where a seat stands.
    SeatState { Invited = "invited", Joined = "joined", Excused = "excused", }
}

impl SeatState {
    /// It counts.
    pub fn sits(self) -> bool {
        self != SeatState::Excused
    }
}

row! {
    /// A seat.
    #[derive(Clone, Debug)]
    #[expect(missing_docs, reason = "the columns of `consult_seat`, explained there")]
    pub struct Seat {
        pub id: String,
        pub consult: String,
        pub n: i64,
        pub kind: SeatKind,
        pub body: Option<String>,
        pub person: Option<String>,
        pub roll: Option<String>,
        pub head: Option<i64>,
        pub state: SeatState,
        pub made_at: Ms,
    }
}

impl Seat {
    /// Drawn from a roll.
    pub fn is_drawn(&self) -> bool {
        self.roll.is_some()
    }

    /// Whether this person speaks for it.
    pub fn is_of(&self, who: &Who) -> bool {
        let own = self.person.is_some() && self.person == who.person;
        self.state.sits() && (own || self.body.as_deref().is_some_and(|b| who.in_body(b)))
    }

    /// The code with which whoever was drawn finds the seat while signed in: derived, stored nowhere.
    pub fn code(digest: impl Fn(&str, &str) -> [u8; 32], id: &str) -> String {
        codes::crockford(&digest("seat code", id))[..CODE].to_owned()
    }
}

/// The seats of a consultation, in their order.
pub fn of(q: &mut dyn Query, consult: &str) -> store::Result<Vec<Seat>> {
    let sql = format!("select {COLUMNS} from consult_seat where consult = $1 order by n limit 200");
    q.rows(&sql, params![consult])?.iter().map(read).collect()
}

/// For whom an organisation sits. A desk further up is no committee of the place: it sits as a department does.
fn kind_of(c: &Consult, basis: &Basis, body: &party::Body) -> Option<SeatKind> {
    let own = basis.book.chart.desk_of(&c.path).is_ok_and(|d| d.id == body.id);
    match body.kind {
        kind if kind.is_desk() => Some(if own { SeatKind::Committee } else { SeatKind::Department }),
        RoleKind::Resident | RoleKind::BuildingHead => None,
        RoleKind::SocialWorker => Some(SeatKind::SocialOrg),
        kind => SeatKind::parse(kind.as_str()),
    }
}

/// Somebody whom the desk calls.
#[derive(Clone, Debug)]
pub enum Called {
    /// An organisation.
    Body(String),
    /// A building head, by person.
    Head(String),
}

/// Calls organisations and building heads to the table.
pub fn call(tx: &mut Tx, basis: &Basis, who: &Who, id: &str, called: &[Called]) -> Result<()> {
    let c = by_id(tx, id)?;
    let way = c.rules()?.way(c.depth.ok_or(Kind::State)?).clone();
    c.desk_entry(who, "consult.seat")?;
    rules::step(&c, Some(&way), State::Convene)?;
    let seats = of(tx, id)?;
    if seats.len() + called.len() > rules::SEATS {
        return Err(Kind::TooMany.at("bodies").limit(rules::SEATS as i64));
    }
    let (now, mut n) = (tx.now(), seats.len() as i64);
    for one in called {
        let (kind, body, person) = match one {
            Called::Body(body) => {
                let found = basis.book.chart.living(body).ok_or_else(|| Kind::Unknown.at("bodies"))?;
                (kind_of(&c, basis, found).ok_or_else(|| Kind::Unknown.at("bodies"))?, Some(body), None)
            }
            Called::Head(person) => {
                let here = |r: &crate::kit::Role| r.kind == RoleKind::BuildingHead && r.path.starts_with(&c.path);
                if !party::roles(tx, person, now)?.iter().any(here) {
                    return Err(Kind::Unknown.at("heads"));
                }
                (SeatKind::BuildingHead, None, Some(person))
            }
        };
        if seats.iter().any(|s| s.state.sits() && s.body.as_ref() == body && s.person.as_ref() == person) {
            continue;
        }
        n += 1;
        add(tx, &c, who, n, kind, (body.map(String::as_str), person.map(String::as_str)), None)?;
    }
    Ok(())
}

fn add(
    tx: &mut Tx,
    c: &Consult,
    who: &Who,
    n: i64,
    kind: SeatKind,
    (body, person): (Option<&str>, Option<&str>),
    drawn: Option<(&str, i64)>,
) -> Result<()> {
    let (seat, now) = (tx.id(), tx.now());
    // What is said in it is sealed under the seat.
    tx.new_owner_of(&seat, &c.area)?;
    let (roll, head) = drawn.unzip();
    let sql = "insert into consult_seat(id, consult, n, kind, body, person, roll, head, state, made_at) \
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    tx.exec(sql, params![&seat, &c.id, n, kind, body, person, roll, head, SeatState::Invited, now])?;
    let entry = c.entry(who, "consult.seat").fact("seat", n).fact("kind", kind.as_str());
    tx.log(entry.fact_opt("body", body).fact_opt("head", head))?;
    if let Some(person) = person {
        tell::follow(tx, &c.id, person)?;
    }
    Ok(())
}

/// A draw as it was announced, and drawn.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns of `consult_draw`, explained there")]
pub struct Draw {
    pub consult: String,
    pub roll: String,
    pub seats: i64,
    pub announced_at: Ms,
    pub draw_at: Ms,
    pub drawn_at: Option<Ms>,
    pub seed: Option<String>,
    pub size: Option<i64>,
    pub pool: String,
    pub pool_n: i64,
    pub drawn: Option<String>,
}

const DRAW: &str = "consult, roll, seats, announced_at, draw_at, drawn_at, seed, size, pool, pool_n, drawn";

fn read_draw(row: &store::Row) -> store::Result<Draw> {
    let mut f = row.fields();
    Ok(Draw {
        consult: f.next("consult")?,
        roll: f.next("roll")?,
        seats: f.next("seats")?,
        announced_at: f.next("announced_at")?,
        draw_at: f.next("draw_at")?,
        drawn_at: f.next("drawn_at")?,
        seed: f.next("seed")?,
        size: f.next("size")?,
        pool: f.next("pool")?,
        pool_n: f.next("pool_n")?,
        drawn: f.next("drawn")?,
    })
}

impl Draw {
    /// All numbers in the order of the draw.
    pub fn order(&self) -> Vec<i64> {
        self.drawn.as_deref().unwrap_or_default().split(' ').filter_map(|n| n.parse().ok()).collect()
    }
}

/// The draws of a consultation.
pub fn draws(q: &mut dyn Query, consult: &str) -> store::Result<Vec<Draw>> {
    let sql = format!("select {DRAW} from consult_draw where consult = $1 order by announced_at limit 20");
    q.rows(&sql, params![consult])?.iter().map(read_draw).collect()
}

/// Draws whose moment has come.
pub fn draws_due(q: &mut dyn Query, now: Ms, limit: i64) -> store::Result<Vec<String>> {
    let sql = "select id from consult_draw where drawn_at is null and draw_at <= $1 order by draw_at limit $2";
    q.rows(sql, params![now, limit])?.iter().map(|r| r.get("id")).collect()
}

/// Announces a draw: from which numbers, how many, and at which moment the seed will be.
pub fn announce(tx: &mut Tx, basis: &Basis, who: &Who, id: &str, roll: &str, seats: i64) -> Result<()> {
    let (c, now) = (by_id(tx, id)?, tx.now());
    let entry = c.desk_entry(who, "consult.draw")?;
    let pack = c.rules()?;
    rules::step(&c, Some(pack.way(c.depth.ok_or(Kind::State)?)), State::Convene)?;
    let roll = roll::by_number(tx, roll)?.filter(|r| r.state == roll::State::Posted).ok_or_else(|| Kind::Unknown.at("roll"))?;
    // Of this place, or of a part of it.
    if !roll.path.starts_with(&c.path) {
        return Err(Kind::Unknown.at("roll"));
    }
    // Whoever does not like who was drawn does not draw again, as long as there is anybody of the last draw.
    let used: Vec<i64> = of(tx, id)?.iter().filter_map(|s| s.head).collect();
    if draws(tx, id)?.iter().any(|d| d.drawn_at.is_none() || d.order().iter().any(|h| !used.contains(h))) {
        return Err(Kind::AlreadyDrawn.into());
    }
    let heads: BTreeSet<i64> =
        roll::units(tx, &roll.id)?.iter().filter(|u| u.kind() == calc::tally::Kind::Owner).map(|u| u.head).collect();
    if (heads.len() as i64) < seats {
        return Err(Kind::OutOfRange.at("seats").limit(heads.len() as i64));
    }
    let pool = ranges(&heads);
    let draw_at = basis.due(now, pack.limit(|p| &p.draw_wait));
    let entry = entry.fact("roll", roll.number.as_str()).fact("seats", seats).fact("draw_at", draw_at);
    tx.log(entry.fact("pool", pool.as_str()).fact("of", heads.len() as i64))?;
    let draw = tx.id();
    let sql = "insert into consult_draw(id, consult, roll, seats, announced_at, draw_at, pool, pool_n) \
               values ($1, $2, $3, $4, $5, $6, $7, $8)";
    tx.exec(sql, params![draw, id, &roll.id, seats, now, draw_at, pool, heads.len() as i64])?;
    Ok(())
}

/// Draws what is due: the seed is the root of the log as it was at the moment announced.
pub fn drawn(tx: &mut Tx, basis: &Basis, draw: &str) -> Result<()> {
    let (now, system) = (tx.now(), Who::system());
    let Some(row) = tx.row(&format!("select {DRAW} from consult_draw where id = $1"), params![draw])? else { return Ok(()) };
    let d = read_draw(&row)?;
    if d.drawn_at.is_some() || d.draw_at > now {
        return Ok(());
    }
    let c = by_id(tx, &d.consult)?;
    let size = tx.log_size_at(d.draw_at)?;
    let seed = hex(tx.root(size)?);
    let order = order(&seed, &d.pool, d.seats as usize * (1 + RESERVE));
    let text = order.iter().map(i64::to_string).collect::<Vec<_>>().join(" ");
    let sql = "update consult_draw set drawn_at = $2, seed = $3, size = $4, drawn = $5 where id = $1";
    tx.exec(sql, params![draw, now, &seed, size, &text])?;
    let entry = c.entry(&system, "consult.drawn").fact("seed", seed.as_str()).fact("size", size as i64);
    tx.log(entry.fact("order", text.as_str()))?;
    let before = of(tx, &c.id)?.len() as i64;
    for (n, head) in order.iter().take(d.seats as usize).enumerate() {
        add(tx, &c, &system, before + n as i64 + 1, SeatKind::Resident, (None, None), Some((&d.roll, *head)))?;
    }
    tell::bodies(tx, basis, &system, &c, "drawn", &[c.desk.as_str()])
}

/// Somebody cannot or will not sit. A number that was drawn is followed by the next one of the same draw.
pub fn excuse(tx: &mut Tx, who: &Who, id: &str, n: i64, words: &str) -> Result<()> {
    let c = by_id(tx, id)?;
    let seats = of(tx, id)?;
    let seat = seats.iter().find(|s| s.n == n && s.state.sits()).ok_or(Kind::NotFound)?;
    if !c.is_run_by(who) && !seat.is_of(who) {
        return Err(Kind::Denied.into());
    }
    rules::step(&c, Some(c.rules()?.way(c.depth.ok_or(Kind::State)?)), State::Convene)?;
    tx.exec("update consult_seat set state = $2 where id = $1", params![&seat.id, SeatState::Excused])?;
    let entry = store::Entry { owner: Some(&seat.id), ..c.entry(who, "consult.excuse") }.fact("seat", n);
    tx.log(entry.fact_opt("head", seat.head).element("consult.reason", Some(words)))?;
    if seat.is_drawn()
        && let Some(draw) = draws(tx, id)?.into_iter().next_back()
    {
        let used: Vec<i64> = seats.iter().filter_map(|s| s.head).collect();
        if let Some(next) = draw.order().into_iter().find(|h| !used.contains(h)) {
            let last = seats.iter().map(|s| s.n).max().unwrap_or(0);
            add(tx, &c, who, last + 1, SeatKind::Resident, (None, None), Some((&draw.roll, next)))?;
        }
    }
    Ok(())
}

/// Whoever has the code of a seat sits in it from now on, under the account he is signed in with.
pub fn join(tx: &mut Tx, who: &Who, seat: &str) -> Result<String> {
    let person = who.person.as_deref().ok_or(Kind::SignIn)?;
    let row = tx.row(&format!("select {COLUMNS} from consult_seat where id = $1"), params![seat])?.ok_or(Kind::NotFound)?;
    let seat = read(&row)?;
    let c = by_id(tx, &seat.consult)?;
    if !seat.state.sits() || !c.state.is_open() {
        return Err(Kind::State.into());
    }
    // A letter that somebody else used already, and one person in two seats.
    let other = of(tx, &c.id)?.iter().any(|s| s.id != seat.id && s.state.sits() && s.person.as_deref() == Some(person));
    if other || seat.person.as_deref().is_some_and(|p| p != person) {
        return Err(Kind::SeatTaken.into());
    }
    tx.exec("update consult_seat set person = $2, state = $3 where id = $1", params![&seat.id, person, SeatState::Joined])?;
    tx.log(c.entry(who, "consult.join").fact("seat", seat.n))?;
    tell::follow(tx, &c.id, person)?;
    Ok(c.number)
}

/// Convenes the group: with every seat that the pack asks for, or not at all. `waived` kinds are missing for a reason.
pub fn convene(tx: &mut Tx, basis: &Basis, who: &Who, id: &str, waived: &BTreeSet<String>, why: Option<&str>) -> Result<()> {
    let (c, now) = (by_id(tx, id)?, tx.now());
    let entry = c.desk_entry(who, "consult.convene")?;
    let (pack, depth) = (c.rules()?, c.depth.ok_or(Kind::State)?);
    let way = pack.way(depth);
    rules::step(&c, Some(way), State::Convene)?;
    let seats = of(tx, id)?;
    let sits: Vec<(&str, bool)> = seats.iter().filter(|s| s.state.sits()).map(|s| (s.kind.as_str(), s.is_drawn())).collect();
    if let Some(first) = rules::missing(&way.seats, &sits, waived).first() {
        return Err(Kind::SeatsMissing.at(format!("seat-{}", first.kind)).limit(first.least as i64));
    }
    let all = BTreeSet::new();
    let used: Vec<String> = rules::missing(&way.seats, &sits, &all).iter().map(|s| s.kind.clone()).collect();
    if !used.is_empty() && why.is_none() {
        return Err(Kind::Missing.at("why"));
    }
    let step = way.after(State::Convene);
    let due = act::enter(tx, basis, &c, &pack, depth, step)?;
    let kinds = (!used.is_empty()).then(|| used.join(" "));
    let why = why.filter(|_| kinds.is_some());
    let sql = "update consult set convened_at = $2, waived = $3, waived_why = $4 where id = $1";
    tx.exec(sql, params![id, now, kinds, why])?;
    let here = sits.len() as i64;
    let entry = entry.fact("seats", here).fact_opt("due", due).fact("waived", used.join(" "));
    let digest = why.map(|w| crate::kit::digest(&[w.to_owned()]));
    tx.log(entry.fact_opt("digest", digest))?;
    let c = by_id(tx, id)?;
    tell::all(tx, basis, who, &c, "convened")
}

/// Numbers as `1-3,5`.
fn ranges(heads: &BTreeSet<i64>) -> String {
    let mut out: Vec<(i64, i64)> = Vec::new();
    for head in heads {
        match out.last_mut() {
            Some((_, end)) if *end + 1 == *head => *end = *head,
            _ => out.push((*head, *head)),
        }
    }
    let one = |(a, b): &(i64, i64)| if a == b { a.to_string() } else { format!("{a}-{b}") };
    out.iter().map(one).collect::<Vec<_>>().join(",")
}

/// Numbers from `1-3,5`.
pub fn numbers(pool: &str) -> Vec<i64> {
    let one = |part: &str| -> Option<std::ops::RangeInclusive<i64>> {
        let (a, b) = part.split_once('-').unwrap_or((part, part));
        Some(a.parse().ok()?..=b.parse().ok()?)
    };
    pool.split(',').filter_map(one).flatten().collect()
}

/// The order in which numbers are drawn: what anybody can repeat with `xiezhi calc draw`.
pub fn order(seed: &str, pool: &str, most: usize) -> Vec<i64> {
    let names: Vec<String> = numbers(pool).iter().map(i64::to_string).collect();
    draw::draw(seed, names.iter().map(String::as_str), most).into_iter().filter_map(|n| n.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pool_is_written_down_and_read_again() {
        let heads: BTreeSet<i64> = [1, 2, 3, 5, 8, 9].into();
        assert_eq!(ranges(&heads), "1-3,5,8-9");
        assert_eq!(numbers("1-3,5,8-9"), heads.iter().copied().collect::<Vec<_>>());
        let order_of = |pool: &str| order("root", pool, 3);
        assert_eq!(order_of("1-3,5,8-9"), order_of("8-9,1-3,5"), "whatever the order of the numbers");
        assert_eq!(order("root", "1-9", 9).len(), 9);
    }
}
