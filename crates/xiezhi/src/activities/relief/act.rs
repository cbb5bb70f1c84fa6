//! Opening an emergency, its depots, what comes into them and what is lost, gifts, ending it with an account.
//!
//! Every action has one shape: may you? → load → rules decide → write → log.

use store::{Query, Tx, params};

use super::ledger::{self, Cause, Move, Place};
use super::{Book, Depot, Draft, Gift, Relief, Stand, State, Way, by_number, depot, next, rest, tell};
use crate::base::area;
use crate::kit::error::Kind;
use crate::kit::{Error, Result, Who};

/// Gifts of one person to one emergency that nobody answered yet.
const GIFTS: i64 = 20;
/// Gifts of one emergency.
const ALL_GIFTS: i64 = 10_000;

/// What an emergency is about.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields of the form")]
pub struct New {
    pub title: String,
    pub why: String,
    pub area: String,
    pub classes: Vec<String>,
}

/// Opens one; gives its number.
pub fn open(tx: &mut Tx, book: &Book, who: &Who, new: &New) -> Result<String> {
    let place = area::of_desk(tx, who, &new.area)?;
    if new.classes.is_empty() {
        return Err(Kind::Missing.at("classes"));
    }
    let mut classes: Vec<&str> = Vec::new();
    for class in &book.pack.class {
        classes.extend(new.classes.contains(&class.id).then_some(class.id.as_str()));
    }
    if new.classes.iter().any(|c| !classes.contains(&c.as_str())) {
        return Err(Kind::Unknown.at("classes"));
    }
    let desk = match who.desk_over(&place.path).and_then(|r| r.body.clone()) {
        Some(body) => body,
        None => book.chart.desk_of(&place.path)?.id.clone(),
    };
    let open = tx.count("select count(*) from relief where desk = $1 and state = $2", params![&desk, State::Open])?;
    if open >= book.pack.limits.open {
        return Err(Kind::TooMany.at("title").limit(book.pack.limits.open));
    }
    let (id, now) = (tx.id(), tx.now());
    let number = format!("Y-{:04}", tx.count("select count(*) from relief", &[])? + 1);
    tx.new_owner_of(&id, &place.id)?;
    let entry = who.by_desk(&place.path, &place.id, store::Entry::new("relief.open", "relief", &id))?;
    let seq = tx.log(entry.fact("number", number.as_str()).fact("classes", classes.join(" ")))?.index;
    let sql = "insert into relief(id, number, title, why, area, path, desk, state, classes, made_at, log_seq) \
               values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11)";
    let row =
        params![&id, &number, &new.title, &new.why, &place.id, &place.path, &desk, State::Open, classes.join(" "), now, seq];
    tx.exec(sql, row)?;
    add_depot(tx, book, who, &number, &NewDepot::default())?;
    Ok(number)
}

/// Where things lie.
#[derive(Clone, Debug, Default)]
pub struct NewDepot {
    /// Its name; without one it is called by its keeper.
    pub name: Option<String>,
    /// Code of the area; empty: that of the emergency.
    pub area: String,
    /// Organisation that keeps it; none: the desk.
    pub body: Option<String>,
}

/// Adds a depot; gives its number.
pub fn add_depot(tx: &mut Tx, book: &Book, who: &Who, number: &str, new: &NewDepot) -> Result<i64> {
    let relief = by_number(tx, number)?;
    let entry = relief.by_desk(who, "relief.depot")?;
    relief.open()?;
    let place = if new.area.is_empty() { area::by_id(tx, &relief.area)? } else { area::by_code(tx, &new.area)? };
    let place = place.filter(|a| a.path.starts_with(&relief.path)).ok_or_else(|| Kind::Unknown.at("area"))?;
    let body = new.body.clone().unwrap_or_else(|| relief.desk.clone());
    let keeper = book.chart.living(&body).ok_or_else(|| Kind::Unknown.at("body"))?;
    let name = new.name.clone().unwrap_or_else(|| keeper.name.clone());
    let (id, now) = (tx.id(), tx.now());
    let n = next(tx, "relief_depot", &relief.id, book.pack.limits.depots)?;
    let seq = tx.log(entry.fact("n", n).fact("body", body.as_str()).fact("place", place.id.as_str()))?.index;
    let sql =
        "insert into relief_depot(id, relief, n, name, area, path, body, made_at, log_seq) values ($1,$2,$3,$4,$5,$6,$7,$8,$9)";
    tx.exec(sql, params![&id, &relief.id, n, &name, &place.id, &place.path, &body, now, seq])?;
    Ok(n)
}

/// A depot, for whoever keeps it or runs the emergency.
pub(super) fn kept(tx: &mut Tx, who: &Who, relief: &Relief, n: i64) -> Result<Depot> {
    let depot = depot::all(tx, &relief.id)?.into_iter().find(|d| d.n == n).ok_or_else(|| Kind::Unknown.at("depot"))?;
    may_keep(who, relief, &depot)?;
    Ok(depot)
}

/// Whether somebody moves what lies in a depot.
pub(super) fn may_keep(who: &Who, relief: &Relief, depot: &Depot) -> Result<()> {
    if who.by.is_none() && (who.in_body(&depot.body) || relief.is_run_by(who)) { Ok(()) } else { Err(Kind::Denied.into()) }
}

/// What came into a depot or went from it by itself.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields of the form")]
pub struct Count {
    pub depot: i64,
    pub class: String,
    pub quantity: i64,
    pub cause: Cause,
    /// From whom, or why.
    pub why: Option<String>,
    /// The gift that came with it.
    pub gift: Option<i64>,
}

/// Something came, was counted and is stock now.
pub fn receive(tx: &mut Tx, book: &Book, who: &Who, number: &str, count: &Count) -> Result<()> {
    let relief = by_number(tx, number)?;
    let depot = kept(tx, who, &relief, count.depot)?;
    relief.open()?;
    relief.class(&count.class)?;
    if count.quantity > book.pack.limits.quantity {
        return Err(Kind::OutOfRange.at("quantity").limit(book.pack.limits.quantity));
    }
    if !Cause::COMES.contains(&count.cause) {
        return Err(Kind::Unknown.at("cause"));
    }
    let about = count.gift.map(|n| format!("G{n}"));
    if let Some(n) = count.gift {
        let class = gift(tx, &relief, n, Gift::Offered)?.class;
        if class != count.class {
            return Err(Kind::Unknown.at("gift"));
        }
        let sql = "update relief_gift set state = $3, received = $4, ended_at = $5 where relief = $1 and n = $2";
        let now = tx.now();
        tx.exec(sql, params![&relief.id, n, Gift::Received, count.quantity, now])?;
    }
    let (why, about) = (count.why.as_deref(), about.as_deref());
    let (cause, to) = (count.cause, Place::Stock);
    let class = &count.class;
    ledger::shift(
        tx,
        who,
        &relief,
        &Move { depot: &depot.id, class, cause, from: None, to, quantity: count.quantity, about, why },
    )
}

/// Something is lost, or came back from a site; with a reason.
pub fn adjust(tx: &mut Tx, who: &Who, number: &str, count: &Count) -> Result<()> {
    let relief = by_number(tx, number)?;
    let depot = kept(tx, who, &relief, count.depot)?;
    relief.open()?;
    relief.class(&count.class)?;
    let why = count.why.as_deref().ok_or_else(|| Kind::Missing.at("why"))?;
    let (from, to) = match count.cause {
        Cause::Back => (Place::Handed, Place::Stock),
        cause if Cause::LOST.contains(&cause) => (Place::Stock, Place::Lost),
        _ => return Err(Kind::Unknown.at("cause")),
    };
    let (class, cause, quantity) = (&count.class, count.cause, count.quantity);
    let m = Move { depot: &depot.id, class, cause, from: Some(from), to, quantity, about: None, why: Some(why) };
    ledger::shift(tx, who, &relief, &m)
}

/// Somebody would give something; gives the number of the offer.
pub fn offer(tx: &mut Tx, book: &Book, who: &Who, number: &str, giver: &str, class: &str, quantity: i64) -> Result<i64> {
    let relief = by_number(tx, number)?;
    let person = who.person.as_deref().ok_or(Kind::SignIn)?;
    relief.open()?;
    relief.class(class)?;
    let own = "select count(*) from relief_gift where relief = $1 and by_person = $2 and state = $3";
    if tx.count(own, params![&relief.id, person, Gift::Offered])? >= GIFTS {
        return Err(Kind::TooMany.at("quantity").limit(GIFTS));
    }
    let n = next(tx, "relief_gift", &relief.id, ALL_GIFTS)?;
    let (id, now) = (tx.id(), tx.now());
    let entry = relief.entry(who, "relief.gift").fact("n", n).fact("state", Gift::Offered.as_str());
    let entry = entry.fact("class", class).fact("quantity", quantity).element("relief.giver", Some(giver));
    let seq = tx.log(entry)?.index;
    let sealed = tx.seal(&relief.id, giver.as_bytes())?;
    let sql = "insert into relief_gift(id, relief, n, by_person, giver, class, quantity, state, made_at, log_seq) \
               values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10)";
    tx.exec(sql, params![&id, &relief.id, n, person, sealed, class, quantity, Gift::Offered, now, seq])?;
    tell(tx, book, who, &relief, &relief.desk, "gift")?;
    Ok(n)
}

struct Offered {
    class: String,
    by: Option<String>,
}

fn gift(tx: &mut Tx, relief: &Relief, n: i64, state: Gift) -> Result<Offered> {
    let row = tx.row("select class, by_person, state from relief_gift where relief = $1 and n = $2", params![&relief.id, n])?;
    let row = row.ok_or_else(|| Error::from(Kind::NotFound).field("gift"))?;
    if row.get::<Gift>("state")? != state {
        return Err(Kind::State.at("gift"));
    }
    Ok(Offered { class: row.get("class")?, by: row.get("by_person")? })
}

/// An offer is declined by the desk, or withdrawn by whoever made it; with a reason.
pub fn refuse(tx: &mut Tx, book: &Book, who: &Who, number: &str, n: i64, why: &str) -> Result<()> {
    let relief = by_number(tx, number)?;
    let offered = gift(tx, &relief, n, Gift::Offered)?;
    let own = offered.by.is_some() && offered.by == who.person;
    let state = if own { Gift::Withdrawn } else { Gift::Declined };
    let entry = if own { relief.entry(who, "relief.gift") } else { relief.by_desk(who, "relief.gift")? };
    tx.log(entry.fact("n", n).fact("state", state.as_str()).fact("digest", crate::kit::digest(&[why.to_owned()])))?;
    let now = tx.now();
    let sql = "update relief_gift set state = $3, why = $4, ended_at = $5 where relief = $1 and n = $2";
    tx.exec(sql, params![&relief.id, n, state, why, now])?;
    rest(tx, book, &relief, &relief.desk)
}

/// Ends an emergency, with the account everybody reads: nothing is under way or unanswered then.
pub fn end(tx: &mut Tx, who: &Who, number: &str, account: &str) -> Result<()> {
    let (relief, now) = (by_number(tx, number)?, tx.now());
    let entry = relief.by_desk(who, "relief.end")?;
    relief.open()?;
    let loads = "select count(*) from relief_load where relief = $1 and state in ($2, $3, $4)";
    let needs = "select count(*) from relief_need where relief = $1 and state = $2";
    let gifts = "select count(*) from relief_gift where relief = $1 and state = $2";
    let left = [
        ("loads", tx.count(loads, params![&relief.id, Way::Ready, Way::Sent, Way::Differs])?),
        ("needs", tx.count(needs, params![&relief.id, Stand::Open])?),
        ("gifts", tx.count(gifts, params![&relief.id, Gift::Offered])?),
    ];
    if let Some((field, n)) = left.iter().find(|(_, n)| *n > 0) {
        return Err(Kind::Undecided.at(*field).limit(*n));
    }
    tx.log(entry.fact("digest", crate::kit::digest(&[account.to_owned()])))?;
    let sql = "update relief set state = $2, ended_at = $3, account = $4 where id = $1";
    tx.exec(sql, params![&relief.id, State::Ended, now, account])?;
    let sql = "update relief_plan set state = $2, ended_at = $3 where relief = $1 and state = $4";
    tx.exec(sql, params![&relief.id, Draft::Dropped, now, Draft::Draft])?;
    Ok(())
}
