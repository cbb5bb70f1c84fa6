//! Recurrence: the same thing again, soon after it was said to be solved. Two cases stay two cases, but the later one names
//! the earlier, and the earlier no longer counts as solved.
//!
//! What must stay true: an earlier case is counted as recurred once, however often it comes back, and not at all while it
//! is open again or when no later case stands by it any more; each count and each taking back is a fact of the log, so
//! that counting again gives the same. The program links by itself only what is evident (the same asset, or the same spot
//! in the same words), never again what a clerk has undone, and nothing that is private. Nobody sees in a link a case that
//! he could not see otherwise.
//!
//! Cost of a look: at most ten look-ups of [`EACH`] cases in indexes, whatever the number of cases.
//!
//! Log kinds written: `case.link` and `case.unlink` of the case that came back, `case.recurred`, `case.unrecurred` and
//! `case.recount` of the earlier one.

/// What follows from the log.
pub mod follow;
/// Routes.
pub mod web;

use calc::geo::distance_m;
use store::{Entry, Query, Row, Tx, Value, params};

use super::life::ledger;
use super::report::alike::{self, Asked};
use super::rules::{Outcome, State};
use super::{COLUMNS, Case, Rulebook, by_number, load, moved, place, put, read, said};
use crate::base::classes::Visibility;
use crate::kit::error::Kind;
use crate::kit::time::{DAY, Ms};
use crate::kit::{Result, Who};

/// A case comes back when it is reported again within this time after it was solved.
pub const WINDOW: Ms = 90 * DAY;
/// How much longer than that a case may have taken and still be found.
const LONGEST: Ms = 365 * DAY;
/// Metres within which two exact places are one.
const NEAR: u32 = 50;
/// The same for the program itself.
const EVIDENT: u32 = 20;
/// Words in common that make it evident at one spot.
const WORDS: usize = 2;
/// Cases that are compared for each place.
const EACH: usize = 40;

/// What two cases have in common.
#[derive(Clone, Debug, PartialEq)]
pub enum Spot {
    /// They are about one asset.
    Asset,
    /// In one building.
    Building,
    /// So many metres apart.
    Metres(u32),
}

/// An earlier case that this one may repeat.
#[derive(Clone, Debug)]
pub struct Earlier {
    /// The earlier case.
    pub case: Case,
    /// Where they meet.
    pub spot: Spot,
    /// Of exactly the same class.
    pub same_class: bool,
    /// Whole days between its close and the new report.
    pub days: i64,
    /// Words that both have.
    pub words: Vec<String>,
}

impl Earlier {
    /// The program may link it without asking.
    fn evident(&self) -> bool {
        let at_spot = matches!(self.spot, Spot::Metres(m) if m <= EVIDENT) && self.words.len() >= WORDS;
        self.same_class && (self.spot == Spot::Asset || at_spot)
    }
}

/// One link, as either of its cases sees it.
#[derive(Clone, Debug)]
pub struct Link {
    /// Id of the later case.
    pub case_id: String,
    /// Id of the earlier one.
    pub other: String,
    /// `rule` or `desk`.
    pub made_by: String,
    undone_at: Option<Ms>,
    counted_at: Option<Ms>,
}

fn link(row: &Row) -> store::Result<Link> {
    Ok(Link {
        case_id: row.get("case_id")?,
        other: row.get("other")?,
        made_by: row.get("made_by")?,
        undone_at: row.get("undone_at")?,
        counted_at: row.get("counted_at")?,
    })
}

fn some(q: &mut dyn Query, condition: &str, params: &[Value]) -> store::Result<Vec<Link>> {
    let sql = format!(
        "select case_id, other, made_by, undone_at, counted_at from case_link where kind = 'recurs' and {condition} order by at, case_id limit 100"
    );
    q.rows(&sql, params)?.iter().map(link).collect()
}

/// The links of a case that hold, on either side.
pub fn of(q: &mut dyn Query, id: &str) -> store::Result<Vec<Link>> {
    let mut all = some(q, "undone_at is null and case_id = $1", params![id])?;
    all.extend(some(q, "undone_at is null and other = $1", params![id])?);
    Ok(all)
}

/// Whether `case` may come back after `earlier`, by time and state.
fn again(case: &Case, earlier: &Case) -> std::result::Result<(), Kind> {
    let stands = match case.state {
        State::Rejected | State::Merged => false,
        State::Closed => matches!(case.outcome, Some(Outcome::Solved | Outcome::Half)),
        _ => true,
    };
    let solved = earlier.state == State::Closed && earlier.outcome == Some(Outcome::Solved);
    match earlier.closed_at {
        _ if case.id == earlier.id => Err(Kind::Unknown),
        Some(closed) if stands && solved => match case.received_at - closed {
            0..=WINDOW => Ok(()),
            _ => Err(Kind::OutOfRange),
        },
        _ => Err(Kind::State),
    }
}

/// Where two cases meet, if they do. A place that is only told roughly proves nothing.
fn meet(book: &Rulebook, a: &Case, b: &Case) -> Option<Spot> {
    if let (Some(x), Some(y)) = (&a.asset, &b.asset) {
        return (x == y).then_some(Spot::Asset);
    }
    let exact = |c: &Case| place::of(c).filter(|_| book.class(c).visibility == Visibility::Exact);
    let near = exact(a).zip(exact(b)).map(|(x, y)| distance_m(x, y)).filter(|m| *m <= NEAR);
    let building = a.building.is_some() && a.building == b.building;
    near.map(Spot::Metres).or(building.then_some(Spot::Building))
}

/// Solved cases around `case` that it may repeat, the likeliest first.
pub fn find(q: &mut dyn Query, book: &Rulebook, case: &Case) -> Result<Vec<Earlier>> {
    let class = book.class(case);
    if class.visibility == Visibility::Private || case.class.is_none() {
        return Ok(Vec::new());
    }
    let mut cases = around(q, case)?;
    cases.retain(|c| {
        let theirs = book.class(c);
        again(case, c).is_ok() && c.class.is_some() && theirs.visibility != Visibility::Private && class.is_kin(theirs)
    });
    let met: Vec<(Case, Spot)> = cases.into_iter().filter_map(|c| meet(book, case, &c).map(|spot| (c, spot))).collect();
    if met.is_empty() {
        return Ok(Vec::new());
    }
    let text = said(q, case)?.and_then(|w| w.element("case.text").map(str::to_owned)).unwrap_or_default();
    let code = case.class.as_deref();
    let asked = Asked { text: &text, class: code, place: place::of(case), path: &case.path, at: case.received_at };
    let (cases, spots): (Vec<Case>, Vec<Spot>) = met.into_iter().unzip();
    let ranked = alike::compare(q, &cases.iter().map(Into::into).collect::<Vec<_>>(), &asked)?;
    let mut out: Vec<(f64, Earlier)> = Vec::new();
    for (i, (earlier, spot)) in cases.into_iter().zip(spots).enumerate() {
        let found = ranked.iter().find(|m| m.index == i);
        let days = (case.received_at - earlier.closed_at.unwrap_or(case.received_at)) / DAY;
        let words = found.map(|m| m.words.clone()).unwrap_or_default();
        let same_class = class.code == book.class(&earlier).code;
        out.push((found.map_or(f64::MIN, |m| m.score), Earlier { case: earlier, spot, same_class, days, words }));
    }
    out.sort_by(|(a, x), (b, y)| b.total_cmp(a).then(y.case.closed_at.cmp(&x.case.closed_at)));
    Ok(out.into_iter().map(|(_, e)| e).collect())
}

/// Solved cases of the same asset, in the squares around, or (without a place) of the same building.
fn around(q: &mut dyn Query, case: &Case) -> store::Result<Vec<Case>> {
    let one = |condition: &str| {
        format!(
            "select * from (select {COLUMNS} from cases where {condition} and received_at >= $1 and received_at <= $2 \
             and state = 'closed' and outcome = 'solved' order by received_at desc limit {EACH}) s"
        )
    };
    let mut params: Vec<Value> = vec![(case.received_at - WINDOW - LONGEST).into(), case.received_at.into()];
    let mut parts = Vec::new();
    let mut part = |condition: &str, value: Value| {
        params.push(value);
        parts.push(one(&format!("{condition} = ${}", params.len())));
    };
    if let Some(asset) = &case.asset {
        part("asset", asset.as_str().into());
    }
    match place::of(case) {
        Some(at) => place::around(at).into_iter().for_each(|cell| part("cell", cell.into())),
        None if case.building.is_some() => {
            part("path", case.path.as_str().into());
        }
        None => {}
    }
    if parts.is_empty() {
        return Ok(Vec::new());
    }
    let mut all: Vec<Case> = q.rows(&parts.join(" union all "), &params)?.iter().map(read).collect::<store::Result<_>>()?;
    all.sort_by(|a, b| a.id.cmp(&b.id));
    all.dedup_by(|a, b| a.id == b.id);
    Ok(all)
}

/// Whether this person may say that cases belong together: whoever answers for both. A complaint about a desk stands alone.
pub fn may(who: &Who, case: &Case) -> bool {
    case.about.is_none() && who.desk_over(&case.path).is_some()
}

/// A clerk says that a case is the same thing again as an earlier one.
pub fn make(tx: &mut Tx, who: &Who, id: &str, earlier: &str) -> Result<()> {
    let case = load(tx, id)?.ok_or(Kind::NotFound)?;
    let other = by_number(tx, earlier)?.ok_or_else(|| Kind::Unknown.at("to"))?;
    if !may(who, &case) || !may(who, &other) {
        return Err(Kind::Denied.into());
    }
    again(&case, &other).map_err(|kind| kind.at("to"))?;
    write(tx, who, &case, &other)
}

/// A clerk takes it back.
pub fn undo(tx: &mut Tx, who: &Who, id: &str, earlier: &str, why: Option<&str>) -> Result<()> {
    let case = load(tx, id)?.ok_or(Kind::NotFound)?;
    let other = by_number(tx, earlier)?.ok_or(Kind::NotFound)?;
    if !may(who, &case) {
        return Err(Kind::Denied.into());
    }
    let held = some(tx, "undone_at is null and case_id = $1 and other = $2", params![&case.id, &other.id])?;
    let link = held.into_iter().next().ok_or(Kind::NotFound)?;
    unwrite(tx, who, &case, &other, &link, why)
}

/// Who makes it, as the row says.
fn maker(who: &Who) -> &'static str {
    if who.person.is_some() { "desk" } else { "rule" }
}

fn write(tx: &mut Tx, who: &Who, case: &Case, other: &Case) -> Result<()> {
    let now = tx.now();
    let known = some(tx, "case_id = $1 and other = $2", params![&case.id, &other.id])?.into_iter().next();
    match &known {
        Some(link) if link.undone_at.is_none() => return Err(Kind::Taken.at("to")),
        // What somebody has undone the program leaves alone.
        Some(_) if who.person.is_none() => return Ok(()),
        _ => {}
    }
    let first = !some(tx, "undone_at is null and other = $1", params![&other.id])?.iter().any(|l| l.counted_at.is_some());
    let counted = first.then_some(now);
    tx.exec(
        "insert into case_link(case_id, kind, other, at, made_by, counted_at) values ($1, 'recurs', $2, $3, $4, $5) \
         on conflict(case_id, kind, other) do update set at = excluded.at, made_by = excluded.made_by, undone_at = null, counted_at = excluded.counted_at",
        params![&case.id, &other.id, now, maker(who), counted],
    )?;
    tx.log(entry("case.link", who, case).fact("other", other.number.as_str()).fact("made_by", maker(who)))?;
    let earlier = entry("case.recurred", who, other).fact("other", case.number.as_str());
    let earlier = if first { counts(tx, earlier, other, "recurred")? } else { earlier };
    tx.log(earlier)?;
    touch(tx, case);
    touch(tx, other);
    Ok(())
}

fn unwrite(tx: &mut Tx, who: &Who, case: &Case, other: &Case, link: &Link, why: Option<&str>) -> Result<()> {
    let now = tx.now();
    tx.exec(
        "update case_link set undone_at = $3, counted_at = null where case_id = $1 and kind = 'recurs' and other = $2",
        params![&case.id, &other.id, now],
    )?;
    let earlier = entry("case.unrecurred", who, other).fact("other", case.number.as_str());
    // Another report that still stands by it carries the count on; when none does, it is taken back.
    let heir = some(tx, "undone_at is null and other = $1", params![&other.id])?.into_iter().next();
    let earlier = match (link.counted_at, heir) {
        (Some(counted), Some(heir)) => {
            mark(tx, &heir, Some(counted))?;
            earlier
        }
        (Some(counted), None) => counts(tx, earlier, other, "-recurred")?.fact("counted_at", counted),
        (None, _) => earlier,
    };
    tx.log(entry("case.unlink", who, case).fact("other", other.number.as_str()).element("case.note", why))?;
    tx.log(earlier)?;
    touch(tx, case);
    touch(tx, other);
    Ok(())
}

/// An earlier case that is open again counts as reopened; it does not count twice.
fn reopened(tx: &mut Tx, id: &str) -> Result<()> {
    let Some(case) = load(tx, id)? else { return Ok(()) };
    let system = Who::system();
    for link in some(tx, "other = $1 and counted_at is not null", params![id])? {
        let Some(counted) = link.counted_at else { continue };
        mark(tx, &link, None)?;
        let entry = entry("case.recount", &system, &case);
        let entry = counts(tx, entry, &case, "-recurred")?.fact("counted_at", counted);
        tx.log(entry)?;
    }
    Ok(())
}

fn mark(tx: &mut Tx, link: &Link, counted: Option<Ms>) -> Result<()> {
    let sql = "update case_link set counted_at = $3 where case_id = $1 and kind = 'recurs' and other = $2";
    tx.exec(sql, params![&link.case_id, &link.other, counted])?;
    Ok(())
}

fn touch(tx: &mut Tx, case: &Case) {
    let mut after = case.clone();
    after.updated_at = moved(case.updated_at, tx.now());
    put(tx, &after);
}

fn entry<'a>(kind: &'a str, who: &'a Who, case: &'a Case) -> Entry<'a> {
    let role = who.role_over(&case.path).or(who.roles.first());
    let entry = Entry {
        actor: who.person.as_deref(),
        role: role.map(|r| r.kind.as_str()),
        party: role.and_then(|r| r.body.as_deref()),
        area: Some(&case.area),
        owner: Some(&case.owner),
        ..Entry::new(kind, "case", &case.id)
    };
    entry.fact("number", case.number.as_str()).fact("state", case.state.as_str())
}

/// What is counted is charged to whoever had said that it was solved.
fn counts<'a>(tx: &mut Tx, entry: Entry<'a>, case: &Case, what: &'static str) -> Result<Entry<'a>> {
    let charged = match &case.handler {
        Some(handler) => Some(handler.clone()),
        None => ledger::last(tx, case)?.map(|h| h.holder),
    };
    let entry = entry.fact_opt("copy", case.is_copy().then_some(1));
    Ok(entry.fact("counts", what).fact_opt("charged", charged).fact_opt("of_class", case.class.clone()))
}
