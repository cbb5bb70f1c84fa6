//! The time bank (时间银行): hours of help, kept as money is kept, and never money.
//!
//! What must stay true: a transfer is written once and never changed or deleted, and a mistake is undone by one the other
//! way; the movements of each transfer are together zero, those of each community in it too (what goes from one to another
//! passes the clearing account of each); no account falls below what it may, or rises above it, by somebody's own act, and
//! that is decided inside the write, so that nobody spends an hour twice; a balance is the sum of the account's movements.
//! Merits are a unit of their own: nothing changes one into the other, and neither is sold.
//!
//! Log kinds written: `hours.move`.

/// Giving hours away, undoing, what a desk gives.
pub mod act;
/// Routes and pages.
pub mod web;

use std::collections::BTreeMap;

use store::{Entry, Query, Row, Tx, params};

use super::pack::{self, Hours};
use crate::base::area;
use crate::kit::error::Kind;
use crate::kit::names::names;
use crate::kit::row::row;
use crate::kit::time::{DAY, Ms};
use crate::kit::{App, Result, Who};

names! {
    /// What is counted: minutes of help, or merits.
    Unit { Minutes = "minutes", Merits = "merits", }
    /// Whose account it is.
    Holder {
        Person = "person",
        /// An organisation's.
        Body = "body",
        /// A community's own: what it gives for work done for all, and what is given to it.
        Pool = "pool",
        /// Set aside for help that was agreed and is not done.
        Held = "held",
        /// What a community owes to others, or they to it.
        Clearing = "clearing",
    }
    /// Why something is moved.
    Reason {
        /// Set aside when help is agreed.
        Hold = "hold",
        /// Given back when it does not come about.
        Release = "release",
        /// Help was given.
        Settle = "settle",
        /// A present.
        Gift = "gift",
        /// The community gives hours for work done for all.
        Grant = "grant",
        /// Nobody used it in its time.
        Expire = "expire",
        /// Merits for help.
        Merits = "merits",
        /// Merits given for a thing.
        Redeem = "redeem",
        /// Undone.
        Undo = "undo",
    }
}

impl Reason {
    /// Moves that follow from a promise made before, or put a mistake right, are not stopped by a limit: it was checked when
    /// the promise was made, and a wrong that cannot be undone is worse than a balance below its limit.
    fn is_bound(self) -> bool {
        !matches!(self, Reason::Release | Reason::Expire | Reason::Undo)
    }
}

/// Whose account, and in which community it is kept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Account {
    /// Whose.
    pub holder: Holder,
    /// Id of the person, organisation or area.
    pub owner: String,
    /// The community: id and path.
    pub area: (String, String),
}

impl Account {
    /// Somebody's.
    pub fn person(person: &str, area: &(String, String)) -> Account {
        Account { holder: Holder::Person, owner: person.to_owned(), area: area.clone() }
    }

    /// One of a community itself.
    pub fn of(holder: Holder, area: &(String, String)) -> Account {
        Account { holder, owner: area.0.clone(), area: area.clone() }
    }

    fn id(&self, unit: Unit) -> String {
        key(unit, self.holder, &self.owner)
    }
}

fn key(unit: Unit, holder: Holder, owner: &str) -> String {
    format!("{} {} {owner}", unit.as_str(), holder.as_str())
}

row! {
    whole
    /// An account as it stands.
    #[derive(Clone, Debug)]
    #[expect(missing_docs, reason = "the columns of `time_account`, explained there")]
    pub struct Kept {
        pub id: String,
        pub unit: Unit,
        pub kind: Holder,
        pub owner: String,
        pub area: String,
        pub path: String,
        pub balance: i64,
        pub made_at: Ms,
    }
}

/// Columns of an account that never change.
const FIXED: usize = 6;
const TABLE: &str = "time_account";

/// Lowest and highest balance that an account may come to by somebody's own act.
fn limits(unit: Unit, holder: Holder, hours: &Hours) -> (i64, i64) {
    match (unit, holder) {
        (Unit::Minutes, Holder::Person) => (hours.least, hours.most),
        // A group may give what it has.
        (Unit::Minutes, Holder::Body) => (0, i64::MAX),
        (Unit::Minutes, Holder::Pool) => (hours.pool_least, i64::MAX),
        (_, Holder::Held) => (0, i64::MAX),
        (_, Holder::Clearing) => (i64::MIN, i64::MAX),
        // The community issues merits; nobody has fewer than none.
        (Unit::Merits, Holder::Pool) => (i64::MIN, i64::MAX),
        (Unit::Merits, _) => (0, i64::MAX),
    }
}

/// What is moved, for the log and the reader.
#[derive(Debug)]
pub struct Transfer<'a> {
    /// What is counted.
    pub unit: Unit,
    /// Why.
    pub reason: Reason,
    /// Number of the matter.
    pub about: Option<&'a str>,
    /// The transfer it undoes.
    pub undoes: Option<&'a str>,
    /// In somebody's words.
    pub why: Option<&'a str>,
    /// Account by account, from which less, to which more.
    pub moves: Vec<(Account, i64)>,
}

impl<'a> Transfer<'a> {
    /// Minutes moved about a matter.
    pub fn minutes(reason: Reason, about: &'a str, moves: Vec<(Account, i64)>) -> Transfer<'a> {
        Transfer { unit: Unit::Minutes, reason, about: Some(about), undoes: None, why: None, moves }
    }
}

/// Moves it; gives the id of the transfer.
pub fn transfer(tx: &mut Tx, hours: &Hours, who: &Who, t: &Transfer) -> Result<String> {
    let moves = balanced(&t.moves)?;
    let (now, id) = (tx.now(), tx.id());
    // Checked first, all of them: a refusal leaves nothing behind.
    let mut accounts = Vec::with_capacity(moves.len());
    for (account, amount) in &moves {
        let (least, most) = limits(t.unit, account.holder, hours);
        let kept = match tx.fetch(TABLE, NAMES, &account.id(t.unit))? {
            Some(row) => read(&row)?,
            None => Kept {
                id: account.id(t.unit),
                unit: t.unit,
                kind: account.holder,
                owner: account.owner.clone(),
                area: account.area.0.clone(),
                path: account.area.1.clone(),
                balance: 0,
                made_at: now,
            },
        };
        let balance = kept.balance.checked_add(*amount).ok_or_else(|| Kind::OutOfRange.at("minutes"))?;
        if t.reason.is_bound() && *amount < 0 && balance < least {
            return Err(Kind::HoursShort.at("minutes").limit(kept.balance - least));
        }
        // What comes back from a hold comes back; what comes new was cut to size before.
        if t.reason.is_bound() && t.reason != Reason::Settle && *amount > 0 && balance > most {
            return Err(Kind::HoursFull.at("minutes").limit(most - kept.balance));
        }
        accounts.push(Kept { balance, ..kept });
    }
    let lines: Vec<String> = moves.iter().map(|(a, n)| format!("{} {n}", a.id(t.unit))).collect();
    let area = moves.first().map(|(a, _)| a.area.0.clone());
    let entry = Entry { actor: who.actor(), area: area.as_deref(), owner: Some(&id), ..Entry::new("hours.move", "hours", &id) };
    let entry = entry.fact("unit", t.unit.as_str()).fact("reason", t.reason.as_str()).fact_opt("about", t.about);
    let entry = entry.fact_opt("undoes", t.undoes).fact("digest", crate::kit::digest(&[id.clone(), lines.join("\n")]));
    let seq = tx.log(entry.element("hours.why", t.why))?.index;
    let why = tx.seal_text(&id, t.why)?;
    let columns = &["id", "kind", "unit", "about", "at", "undoes", "why", "log_seq"];
    tx.append("time_transfer", columns, params![&id, t.reason, t.unit, t.about, now, t.undoes, why, seq]);
    for (n, ((account, amount), kept)) in moves.iter().zip(accounts).enumerate() {
        let columns = &["transfer", "n", "account", "amount", "at"];
        tx.append("time_movement", columns, params![&id, n as i64, account.id(t.unit), *amount, now]);
        tx.put(TABLE, NAMES, FIXED, kept.values());
    }
    Ok(id)
}

/// The movements, one for each account, with what passes between communities through their clearing accounts. Those of each
/// community are together zero then, and so are all.
fn balanced(moves: &[(Account, i64)]) -> Result<Vec<(Account, i64)>> {
    let mut by_account: BTreeMap<&Account, i64> = BTreeMap::new();
    let mut by_area: BTreeMap<&(String, String), i64> = BTreeMap::new();
    let mut all = 0i64;
    for (account, amount) in moves {
        let add = |sum: i64| sum.checked_add(*amount).ok_or_else(|| Kind::OutOfRange.at("minutes"));
        *by_account.entry(account).or_default() = add(by_account.get(account).copied().unwrap_or_default())?;
        *by_area.entry(&account.area).or_default() = add(by_area.get(&account.area).copied().unwrap_or_default())?;
        all = add(all)?;
    }
    if all != 0 {
        return Err(crate::kit::Error::internal(format!("a transfer of {all} from nowhere")));
    }
    let clearing = by_area.iter().map(|(area, sum)| (Account::of(Holder::Clearing, area), -sum));
    let moved = by_account.into_iter().map(|(account, amount)| (account.clone(), amount)).chain(clearing);
    Ok(moved.filter(|(_, amount)| *amount != 0).collect())
}

/// An account, once something was moved to it or from it.
pub fn kept(q: &mut dyn Query, unit: Unit, holder: Holder, owner: &str) -> store::Result<Option<Kept>> {
    let sql = format!("select {COLUMNS} from {TABLE} where id = $1");
    q.row(&sql, params![key(unit, holder, owner)])?.as_ref().map(read).transpose()
}

/// The balance of an account; none has nothing.
pub fn balance(q: &mut dyn Query, unit: Unit, holder: Holder, owner: &str) -> store::Result<i64> {
    Ok(kept(q, unit, holder, owner)?.map_or(0, |k| k.balance))
}

/// What came to an account and went from it.
#[derive(Clone, Debug)]
pub struct Line {
    /// The transfer.
    pub transfer: String,
    /// Why.
    pub reason: Reason,
    /// Number of the matter.
    pub about: Option<String>,
    /// How much, less than zero when it went.
    pub amount: i64,
    /// When.
    pub at: Ms,
}

/// The last lines of an account.
pub fn lines(q: &mut dyn Query, unit: Unit, holder: Holder, owner: &str, before: Ms, most: i64) -> Result<Vec<Line>> {
    let sql = "select m.transfer, t.kind, t.about, m.amount, m.at from time_movement m join time_transfer t on t.id = m.transfer \
               where m.account = $1 and m.at < $2 order by m.at desc, m.transfer desc limit $3";
    let line = |r: &Row| {
        Ok(Line {
            transfer: r.get("transfer")?,
            reason: r.get("kind")?,
            about: r.get("about")?,
            amount: r.get("amount")?,
            at: r.get("at")?,
        })
    };
    let rows = q.rows(sql, params![key(unit, holder, owner), before, most])?;
    Ok(rows.iter().map(line).collect::<store::Result<_>>()?)
}

/// The movements of a transfer, as they were written.
fn moves_of(q: &mut dyn Query, transfer: &str) -> Result<Vec<(Account, i64)>> {
    let sql = "select a.kind, a.owner, a.area, a.path, m.amount from time_movement m join time_account a on a.id = m.account \
               where m.transfer = $1 order by m.n";
    let one = |r: &Row| {
        let account = Account { holder: r.get("kind")?, owner: r.get("owner")?, area: (r.get("area")?, r.get("path")?) };
        Ok((account, r.get("amount")?))
    };
    Ok(q.rows(sql, params![transfer])?.iter().map(one).collect::<store::Result<_>>()?)
}

/// What is true of the whole bank.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Proof {
    /// Accounts.
    pub accounts: i64,
    /// All balances together; zero.
    pub sum: i64,
    /// Minutes and merits on accounts of people.
    pub people: i64,
    /// Set aside.
    pub held: i64,
    /// Communities whose balances are not together zero; none.
    pub uneven: i64,
    /// Accounts whose balance is not the sum of their movements; none. Looked at only when asked for.
    pub wrong: Option<i64>,
}

/// Counts it: from the balances, and when `deep` from every movement there is.
pub fn proof(q: &mut dyn Query, unit: Unit, deep: bool) -> Result<Proof> {
    let sql = "select count(*) n, cast(coalesce(sum(balance), 0) as bigint) total, \
               cast(coalesce(sum(case when kind = 'person' then balance else 0 end), 0) as bigint) people, \
               cast(coalesce(sum(case when kind = 'held' then balance else 0 end), 0) as bigint) held from time_account where unit = $1";
    let row = q.row(sql, params![unit])?.ok_or(Kind::NotFound)?;
    let uneven = "select count(*) from (select area from time_account where unit = $1 group by area having sum(balance) <> 0) u";
    let wrong = "select count(*) from time_account a left join (select account, sum(amount) s from time_movement group by account) m \
                 on m.account = a.id where a.unit = $1 and a.balance <> coalesce(m.s, 0)";
    Ok(Proof {
        accounts: row.get("n")?,
        sum: row.get("total")?,
        people: row.get("people")?,
        held: row.get("held")?,
        uneven: q.count(uneven, params![unit])?,
        wrong: if deep { Some(q.count(wrong, params![unit])?) } else { None },
    })
}

/// Minutes of an account that are older than they may be and were not used: the oldest are used first. What was given back
/// counts as never having been taken.
pub fn expired(q: &mut dyn Query, account: &str, hours: &Hours, now: Ms) -> Result<i64> {
    if hours.expire_days == 0 {
        return Ok(0);
    }
    let sql = "select cast(coalesce(sum(case when m.amount < 0 or t.kind in ('release', 'undo') or m.at <= $2 then m.amount else 0 end), 0) as bigint) from time_movement m join time_transfer t on t.id = m.transfer where m.account = $1";
    Ok(q.count(sql, params![account, now - hours.expire_days * DAY])?.max(0))
}

/// Lets hours run out in every community whose rules say that they do.
pub fn sweep(app: &App) -> Result<()> {
    let sql =
        "select distinct a.id, a.path, a.code from time_account t join area a on a.id = t.area where t.kind = $1 order by a.id";
    for row in app.db.read(|r| r.rows(sql, params![Holder::Person]))? {
        let (area, code): ((String, String), String) = ((row.get("id")?, row.get("path")?), row.get("code")?);
        let hours = pack::at(&code).hours;
        if hours.expire_days > 0 {
            app.db.write(move |tx| expire(tx, &hours, &area))?;
        }
    }
    Ok(())
}

/// People whose hours run out, of one page.
const EXPIRING: i64 = 500;

/// Lets the hours of a community run out that were not used in their time: they become the community's.
pub fn expire(tx: &mut Tx, hours: &Hours, area: &(String, String)) -> Result<i64> {
    let (now, mut moved) = (tx.now(), 0);
    let sql = "select owner from time_account where unit = $1 and kind = $2 and path >= $3 and path < $4 and balance > 0 order by id limit $5";
    let rows = tx.rows(sql, params![Unit::Minutes, Holder::Person, &area.1, area::end_of(&area.1), EXPIRING])?;
    for row in rows {
        let owner: String = row.get("owner")?;
        let old = expired(tx, &key(Unit::Minutes, Holder::Person, &owner), hours, now)?;
        if old > 0 {
            let moves = vec![(Account::person(&owner, area), -old), (Account::of(Holder::Pool, area), old)];
            let t = Transfer { about: None, ..Transfer::minutes(Reason::Expire, "", moves) };
            transfer(tx, hours, &Who::system(), &t)?;
            moved += old;
        }
    }
    Ok(moved)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(n: u8) -> (String, String) {
        (format!("area{n}"), format!("/{n}/"))
    }

    #[test]
    fn what_goes_to_another_community_passes_both_clearing_accounts() {
        let (a, b) = (Account::person("asks", &at(1)), Account::person("helps", &at(2)));
        let moves = balanced(&[(a, -60), (b, 60)]).unwrap();
        let of = |holder, area: u8| moves.iter().find(|(m, _)| m.holder == holder && m.area == at(area)).map(|(_, n)| *n);
        assert_eq!((of(Holder::Person, 1), of(Holder::Clearing, 1)), (Some(-60), Some(60)));
        assert_eq!((of(Holder::Person, 2), of(Holder::Clearing, 2)), (Some(60), Some(-60)));
        assert_eq!(moves.len(), 4);
    }

    #[test]
    fn nothing_comes_from_nowhere() {
        let a = Account::person("a", &at(1));
        assert!(balanced(&[(a.clone(), 1)]).is_err());
        assert!(balanced(&[(a.clone(), i64::MAX), (a.clone(), 1)]).is_err());
        assert_eq!(balanced(&[(a.clone(), 5), (a, -5)]).unwrap(), vec![]);
    }
}
