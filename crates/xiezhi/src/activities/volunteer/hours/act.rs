//! What people do with hours: presents, what the community gives for work done for all, undoing what was wrong, merits for
//! things.
//!
//! Every action has one shape: may you? → load → rules decide → write → log (the transfer is the log).

use store::{Query, Tx, params};

use super::{Account, Holder, Reason, Transfer, Unit, kept, moves_of, transfer};
use crate::activities::volunteer::{Book, profile};
use crate::base::area::Area;
use crate::kit::error::Kind;
use crate::kit::time::DAY;
use crate::kit::{Result, Who};

/// Days in which presents are counted.
const GIFT_DAYS: i64 = 30;

/// Where somebody's account is kept: where it was opened; before, where he helps; else a community he lives in.
fn account(tx: &mut Tx, person: &str, home: Option<&(String, String)>) -> Result<Account> {
    let kept = match kept(tx, Unit::Minutes, Holder::Person, person)? {
        Some(kept) => Some((kept.area, kept.path)),
        None => profile::of(tx, person)?.map(|v| (v.area, v.path)),
    };
    let area = kept.or_else(|| home.cloned()).ok_or(Kind::NotFound)?;
    Ok(Account::person(person, &area))
}

/// Gives minutes of one's own to the community of the place, for whoever needs help and has none.
pub fn give(tx: &mut Tx, book: &Book, who: &Who, place: &Area, minutes: i64) -> Result<()> {
    let (person, now) = (who.person.clone().filter(|_| who.by.is_none()).ok_or(Kind::Denied)?, tx.now());
    let home = (place.id.clone(), place.path.clone());
    let own = account(tx, &person, Some(&home))?;
    let given = "select cast(coalesce(sum(m.amount), 0) as bigint) from time_movement m join time_transfer t on t.id = m.transfer \
                 where m.account = $1 and m.at > $2 and t.kind = $3";
    let given = -tx.count(given, params![own.id(Unit::Minutes), now - GIFT_DAYS * DAY, Reason::Gift])?;
    if given + minutes > book.pack.hours.gift_minutes {
        return Err(Kind::OutOfRange.at("minutes").limit((book.pack.hours.gift_minutes - given).max(0)));
    }
    // Nobody gives away what he does not have.
    let has = super::balance(tx, Unit::Minutes, Holder::Person, &person)?;
    if minutes > has {
        return Err(Kind::HoursShort.at("minutes").limit(has.max(0)));
    }
    let moves = vec![(own, -minutes), (Account::of(Holder::Pool, &home), minutes)];
    let t = Transfer { about: None, ..Transfer::minutes(Reason::Gift, "", moves) };
    transfer(tx, &book.pack.hours, who, &t).map(drop)
}

/// The community gives somebody minutes for work done for all, or takes merits for a thing it hands out; with the reason.
pub fn grant(tx: &mut Tx, book: &Book, who: &Who, person: &str, unit: Unit, amount: i64, why: &str) -> Result<()> {
    let volunteer = profile::of(tx, person)?.ok_or(Kind::NotFound)?;
    who.desk_over(&volunteer.path).ok_or(Kind::Denied)?;
    if who.actor() == Some(person) {
        return Err(Kind::Denied.into());
    }
    let own = account(tx, person, None)?;
    let pool = Account::of(Holder::Pool, &(volunteer.area, volunteer.path));
    let (reason, sign) = if unit == Unit::Minutes { (Reason::Grant, 1) } else { (Reason::Redeem, -1) };
    let moves = vec![(own, sign * amount), (pool, -sign * amount)];
    let t = Transfer { unit, reason, about: None, undoes: None, why: Some(why), moves };
    transfer(tx, &book.pack.hours, who, &t).map(drop)
}

/// Undoes a transfer, once: the same movements the other way.
pub fn undo(tx: &mut Tx, book: &Book, who: &Who, id: &str, why: Option<&str>) -> Result<()> {
    let row = tx.row("select unit, kind, about from time_transfer where id = $1", params![id])?.ok_or(Kind::NotFound)?;
    let (unit, reason, about): (Unit, Reason, Option<String>) = (row.get("unit")?, row.get("kind")?, row.get("about")?);
    if reason == Reason::Undo || tx.count("select count(*) from time_transfer where undoes = $1", params![id])? > 0 {
        return Err(Kind::State.into());
    }
    let moves = moves_of(tx, id)?.into_iter().filter(|(a, _)| a.holder != Holder::Clearing).map(|(a, n)| (a, -n)).collect();
    let t = Transfer { unit, reason: Reason::Undo, about: about.as_deref(), undoes: Some(id), why, moves };
    transfer(tx, &book.pack.hours, who, &t).map(drop)
}

/// A desk undoes a present or a grant that was a mistake. What follows from a request is put right there.
pub fn undo_by_desk(tx: &mut Tx, book: &Book, who: &Who, id: &str, why: &str) -> Result<()> {
    let row = tx.row("select kind from time_transfer where id = $1", params![id])?.ok_or(Kind::NotFound)?;
    for (account, _) in moves_of(tx, id)? {
        who.desk_over(&account.area.1).ok_or(Kind::Denied)?;
        if account.holder == Holder::Person && Some(account.owner.as_str()) == who.actor() {
            return Err(Kind::Denied.into());
        }
    }
    if !matches!(row.get("kind")?, Reason::Gift | Reason::Grant | Reason::Redeem) {
        return Err(Kind::State.into());
    }
    undo(tx, book, who, id, Some(why))
}

/// Undoes what was booked for a request: the hours, and the merits that came with them.
pub fn undo_all(tx: &mut Tx, book: &Book, who: &Who, settled: &str, number: &str) -> Result<()> {
    undo(tx, book, who, settled, None)?;
    let sql = "select id from time_transfer where about = $1 and kind = $2 and id not in \
               (select undoes from time_transfer where undoes is not null) order by at, id";
    for row in tx.rows(sql, params![number, Reason::Merits])? {
        undo(tx, book, who, &row.get::<String>("id")?, None)?;
    }
    Ok(())
}
