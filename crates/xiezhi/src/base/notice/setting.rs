//! How somebody wants to be told: quiet hours, digests, and where.
//!
//! What must stay true: an address is sealed under its owner's key; nothing but the code goes to it before the code came
//! back; a code is kept as a keyed digest, lasts [`CODE_LASTS`], and a few wrong ones end it; whoever has an address sent
//! codes gets few of them in a day, so that nobody can have strangers pestered.

use store::{Entry, Query, Tx, hex, params};

use super::queue::{self, Delivery, NewDelivery};
use super::rules::{Digest, Quiet};
use crate::base::catalogue::Graded;
use crate::base::party::phone;
use crate::kit::error::{Error, Kind};
use crate::kit::time::{DAY, MINUTE, Ms};
use crate::kit::{App, Result};

/// How long a code is good for.
const CODE_LASTS: Ms = 10 * MINUTE;
/// Wrong codes before it is worthless.
const WRONG: i64 = 5;
/// Codes for one person in a day.
const CODES: i64 = 5;

/// Wishes of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// When not to call upon him.
    pub quiet: Quiet,
    /// How messages are gathered.
    pub digest: Digest,
}

impl Default for Setting {
    fn default() -> Setting {
        Setting { quiet: Quiet::USUAL, digest: Digest::Now }
    }
}

/// Wishes of a person; the usual ones when he never chose.
pub fn of(q: &mut dyn Query, person: &str) -> store::Result<Setting> {
    let row = q.row("select quiet_from, quiet_to, digest from notice_setting where person = $1", params![person])?;
    let Some(row) = row else { return Ok(Setting::default()) };
    let digest = Digest::parse(&row.get::<String>("digest")?).unwrap_or(Digest::Now);
    Ok(Setting { quiet: Quiet { from: row.get("quiet_from")?, to: row.get("quiet_to")? }, digest })
}

/// Keeps wishes.
pub fn set(tx: &mut Tx, person: &str, wish: Setting) -> Result<()> {
    tx.exec(
        "insert into notice_setting(person, quiet_from, quiet_to, digest) values ($1, $2, $3, $4) on conflict(person) do update set \
         quiet_from = excluded.quiet_from, quiet_to = excluded.quiet_to, digest = excluded.digest",
        params![person, wish.quiet.from, wish.quiet.to, wish.digest.as_str()],
    )?;
    let entry = Entry { actor: Some(person), ..Entry::new("notice.setting", "person", person) };
    tx.log(entry.fact("digest", wish.digest.as_str()).fact("quiet_from", wish.quiet.from).fact("quiet_to", wish.quiet.to))?;
    Ok(())
}

/// Where somebody is told, for himself.
pub struct Address {
    /// `push`, `email` or `sms`.
    pub channel: String,
    /// The address.
    pub address: Option<Graded>,
    /// Its code came back.
    pub confirmed: bool,
}

/// What an address of a channel is in the catalogue of data.
pub fn element(channel: &str) -> &'static str {
    match channel {
        "sms" => "person.phone",
        "push" => "person.browser",
        _ => "person.email",
    }
}

/// Where a person is told.
pub fn addresses(q: &mut dyn Query, person: &str) -> store::Result<Vec<Address>> {
    let sql = "select channel, address, confirmed_at from notice_address where person = $1 order by channel";
    let mut out = Vec::new();
    for row in q.rows(sql, params![person])? {
        let channel: String = row.get("channel")?;
        let address = q.open_text(person, row.get("address")?)?.map(|a| Graded::new(element(&channel), person, a));
        out.push(Address { channel, address, confirmed: row.get::<Option<Ms>>("confirmed_at")?.is_some() });
    }
    Ok(out)
}

fn digest(app: &App, person: &str, channel: &str, code: &str) -> String {
    let bytes = app.db.digest("notice code", &format!("{person} {channel} {code}"));
    hex(bytes)
}

/// An address to be, with the code that goes to it: both made before the write.
pub struct Asked {
    channel: &'static str,
    address: String,
    code: String,
    digest: String,
}

/// Draws a code for an address.
pub fn ask(app: &App, person: &str, channel: &'static str, address: String) -> Asked {
    let bytes: [u8; 8] = app.random();
    let code = format!("{:06}", u64::from_le_bytes(bytes) % 1_000_000);
    let digest = digest(app, person, channel, &code);
    Asked { channel, address, code, digest }
}

/// Keeps an address that is not confirmed yet, and plans its code.
pub fn keep(tx: &mut Tx, person: &str, asked: &Asked) -> Result<()> {
    let now = tx.now();
    let sql = "select count(*) from delivery where target = $1 and created_at > $2 and kind = 'code'";
    if tx.count(sql, params![person, now - DAY])? >= CODES {
        return Err(Error::from(Kind::SlowDown).limit(DAY / 1000));
    }
    end(tx, person, asked.channel)?;
    let address = tx.seal(person, asked.address.as_bytes())?;
    tx.exec(
        "insert into notice_address(person, channel, address, code, code_until, wrong) values ($1, $2, $3, $4, $5, 0)",
        params![person, asked.channel, address.clone(), &asked.digest, now + CODE_LASTS],
    )?;
    let code = tx.seal(person, asked.code.as_bytes())?;
    let new = NewDelivery {
        owner: Some(person),
        address: Some(address),
        code: Some(code),
        ..NewDelivery::of(asked.channel, person, "code")
    };
    queue::add(tx, &new, now)?;
    let entry = Entry { actor: Some(person), ..Entry::new("notice.address", "person", person) };
    tx.log(entry.fact("channel", asked.channel))?;
    Ok(())
}

/// A browser lets us wake it: that it was asked there, in a session of this person, is what a code is for other addresses.
pub fn wake(tx: &mut Tx, person: &str, browser: &str) -> Result<()> {
    end(tx, person, "push")?;
    let (address, now) = (tx.seal(person, browser.as_bytes())?, tx.now());
    tx.exec(
        "insert into notice_address(person, channel, address, confirmed_at, wrong) values ($1, 'push', $2, $3, 0)",
        params![person, address, now],
    )?;
    let entry = Entry { actor: Some(person), ..Entry::new("notice.address", "person", person) };
    tx.log(entry.fact("channel", "push"))?;
    Ok(())
}

/// The code came back: right, or one try less.
pub fn confirm(app: &App, person: &str, channel: &'static str, code: &str) -> Result<()> {
    let (given, person) = (digest(app, person, channel, code), person.to_owned());
    let right = app.db.write(move |tx| {
        let sql =
            "select address, code, code_until, wrong from notice_address where person = $1 and channel = $2 and confirmed_at is null";
        let row = tx.row(sql, params![&person, channel])?.ok_or(Kind::NotFound)?;
        let (kept, until, wrong): (Option<String>, Option<Ms>, i64) =
            (row.get("code")?, row.get("code_until")?, row.get("wrong")?);
        let now = tx.now();
        if wrong >= WRONG || until.is_none_or(|u| u < now) {
            return Err(Error::from(Kind::Unknown).field("code"));
        }
        // Digests under a key: how long the comparison takes tells nothing about the code.
        let right = kept.as_deref() == Some(&given);
        if right {
            let sql =
                "update notice_address set confirmed_at = $3, code = null, code_until = null where person = $1 and channel = $2";
            tx.exec(sql, params![&person, channel, now])?;
            // Who proved a number can sign in with it, too.
            if channel == "sms"
                && let Some(number) = tx.open_text(&person, row.get("address")?)?
                && phone::claim(tx, &number, &person)?
            {
                let owned = Entry { actor: Some(&person), owner: Some(&person), ..Entry::new("notice.number", "person", &person) };
                tx.log(owned.element("person.phone", Some(number)))?;
            }
        } else {
            let sql = "update notice_address set wrong = wrong + 1 where person = $1 and channel = $2";
            tx.exec(sql, params![&person, channel])?;
        }
        let entry = Entry { actor: Some(&person), ..Entry::new("notice.confirm", "person", &person) };
        tx.log(entry.fact("channel", channel).fact("right", i64::from(right)))?;
        Ok(right)
    })?;
    if right.value { Ok(()) } else { Err(Kind::Unknown.at("code")) }
}

/// Nothing is sent there any more.
pub fn off(tx: &mut Tx, person: &str, channel: &str) -> Result<()> {
    end(tx, person, channel)?;
    let entry = Entry { actor: Some(person), ..Entry::new("notice.off", "person", person) };
    tx.log(entry.fact("channel", channel))?;
    Ok(())
}

/// What a message was to go to is no address any more. One that took its place meanwhile stays.
pub fn gone(tx: &mut Tx, d: &Delivery) -> Result<()> {
    let sql = "delete from notice_address where person = $1 and channel = $2 and address = $3";
    if tx.exec(sql, params![&d.target, &d.channel, d.address.clone()])? > 0 {
        tx.log(Entry::new("notice.off", "person", &d.target).fact("channel", d.channel.as_str()))?;
    }
    Ok(())
}

fn end(tx: &mut Tx, person: &str, channel: &str) -> Result<()> {
    tx.exec("delete from notice_address where person = $1 and channel = $2", params![person, channel])?;
    tx.exec(
        "update delivery set state = 'void', next_at = null, error = null, address = null, code = null where target = $1 and channel = $2 and state = 'waiting'",
        params![person, channel],
    )?;
    Ok(())
}
