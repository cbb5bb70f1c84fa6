//! A yes that holds for a while: a device in a home is listened to until the day that whoever lives there agreed to.
//!
//! What must stay true: after that day nothing it tells is taken; whoever lives there is told before, and may say yes again or no at
//! any time, as easily as he said yes; what it told before is kept as long as was agreed, and no longer.
//!
//! Log kinds written: `device.agree`, `device.ring`.

use jiff::tz::TimeZone;
use store::{Entry, Query, Tx, params};

use super::pack::Pack;
use super::{State, by_name};
use crate::base::notice::{self, New};
use crate::kit::error::Kind;
use crate::kit::time::{DAY, Ms};
use crate::kit::{Result, Who};

/// How somebody may have agreed, and `no`: he does no longer. `self`: on his own page.
pub const HOW: [&str; 5] = ["present", "phone", "paper", "self", "no"];
/// Days before the end at which whoever lives there is told.
const BEFORE: Ms = 14 * DAY;

/// Until when a yes of now holds, and when its giver is told that it ends.
pub fn holds(pack: &Pack, now: Ms) -> (Ms, Ms) {
    let until = now + pack.limits.home_agreed_days * DAY;
    (until, until - BEFORE)
}

/// Says yes again, or no.
pub fn agree(tx: &mut Tx, pack: &Pack, who: &Who, name: &str, how: &str) -> Result<()> {
    let device = by_name(tx, name)?;
    let own = who.by.is_none() && who.person.is_some() && device.person == who.person;
    if !device.is_home() || !own && !device.is_kept_by(who) {
        return Err(Kind::NotFound.into());
    }
    if device.state == State::Gone {
        return Err(Kind::State.into());
    }
    // For himself he speaks himself; a desk says how it was told.
    if !HOW.contains(&how) || how != "no" && own != (how == "self") {
        return Err(Kind::Unknown.at("agreed"));
    }
    let now = tx.now();
    let (until, bell) = holds(pack, now);
    let (until, bell) = if how == "no" { (now, None) } else { (until, Some(bell)) };
    let seq = tx.log(device.entry(who, "device.agree").fact("agreed", how).fact("until", until))?.index;
    let sql = "update device set agreed_at = case when $2 = 'no' then agreed_at else $3 end, \
               agreed_how = case when $2 = 'no' then agreed_how else $2 end, agreed_until = $4, agreed_bell = $5, changed_at = $3, \
               log_seq = $6 where id = $1";
    tx.exec(sql, params![&device.id, how, now, until, bell, seq])?;
    Ok(())
}

/// Devices of which whoever lives there is to be told something.
pub fn due(q: &mut dyn Query, now: Ms, most: i64) -> Result<Vec<String>> {
    let sql = "select name from device where agreed_bell <= $1 order by agreed_bell, id limit $2";
    Ok(q.rows(sql, params![now, most])?.iter().map(|r| r.get("name")).collect::<store::Result<_>>()?)
}

/// Tells him that his yes ends, or that it ended.
pub fn ring(tx: &mut Tx, zone: &TimeZone, name: &str) -> Result<()> {
    let (device, now) = (by_name(tx, name)?, tx.now());
    let (Some(until), Some(person)) = (device.agreed_until, device.person.clone()) else { return Ok(()) };
    if tx.count("select count(*) from device where id = $1 and agreed_bell <= $2", params![&device.id, now])? == 0 {
        return Ok(());
    }
    let over = until <= now;
    let entry = Entry { area: Some(&device.area), ..Entry::new("device.ring", "device", &device.id) };
    tx.log(entry.fact("over", i64::from(over)))?;
    tx.exec("update device set agreed_bell = $2 where id = $1", params![&device.id, (!over).then_some(until)])?;
    if device.state == State::Gone {
        return Ok(());
    }
    let kind = if over { "device-consent-over" } else { "device-consent-ends" };
    let new = New { person, at: now, kind: kind.to_owned(), subject: device.name.clone(), class: None, urgent: false };
    notice::put(tx, zone, &[new])
}
