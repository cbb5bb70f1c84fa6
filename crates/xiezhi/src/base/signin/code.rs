//! Codes by SMS: asked for, sent, tried.
//!
//! What must stay true: asking gives the same answer for every number, also for one to which no
//! code is sent; a code belongs to the page that asked for it (its chain), so nobody can use up another's tries; a chain
//! is used once.

use std::net::IpAddr;

use store::{Db, Entry, Query, Tx, hex, params};

use super::rules::{self, COUNTED, LASTS, Limit, OF_ADDRESS, OF_PHONE, TRIES};
use crate::base::notice::channel;
use crate::base::party::phone::{self, Holder};
use crate::base::party::session::NO_PASSWORD;
use crate::base::party::{self, NewPerson, add_person, add_role};
use crate::kit::error::{Error, Kind};
use crate::kit::letters::Letter;
use crate::kit::time::{DAY, Ms};
use crate::kit::{App, Result, RoleKind, tell, tries};

fn digest(db: &Db, id: &str, code: &str) -> String {
    hex(db.digest("sign-in code", &format!("{id} {code}")))
}

/// Draws a code for a number and lets it be sent; gives the chain it belongs to, `chain` when that was this number's.
pub fn ask(app: &App, ip: IpAddr, mobile: &str, chain: Option<String>) -> Result<String> {
    let sms = app.config.file.notice.sms.as_ref().ok_or(Kind::NotFound)?;
    let (id, code) = (app.new_id(), rules::code(app.random()));
    let address = hex(&app.db.digest("sign-in address", &ip.to_string())[..16]);
    let (kept, fresh, row) = (digest(&app.db, &id, &code), hex(app.random::<16>()), id.clone());
    let number = mobile.to_owned();
    let (chain, sends) = app
        .db
        .write(move |tx| {
            let (now, mark) = (tx.now(), phone::mark(tx, &number));
            tx.exec("delete from sms_ask where at <= $1", params![now - DAY])?;
            tx.exec("delete from sms_code where until < $1", params![now])?;
            within(tx, "phone", &mark, &OF_PHONE)?;
            within(tx, "address", &address, &OF_ADDRESS)?;
            let sql = "select count(*) from sms_code where chain = $1 and phone = $2";
            let known = chain.map(|c| Ok::<_, Error>((tx.count(sql, params![&c, &mark])? > 0).then_some(c)));
            let chain = known.transpose()?.flatten().unwrap_or(fresh);
            tx.exec("insert into sms_ask(id, phone, address, at) values ($1, $2, $3, $4)", params![&row, &mark, address, now])?;
            tx.exec(
                "insert into sms_code(id, chain, phone, code, until, wrong) values ($1, $2, $3, $4, $5, 0)",
                params![&row, &chain, &mark, kept, now + LASTS],
            )?;
            tx.log(Entry::new("signin.code", "code", &row))?;
            Ok::<_, Error>((chain, phone::holder(tx, &mark, now)? != Holder::Barred))
        })?
        .value;
    // Counted for every number alike.
    app.tries.pace("sign-in codes", sms.per_minute, app.now())?;
    if sends {
        app.letters.put(Letter { id, phone: mobile.to_owned(), code })?;
    } else {
        app.letters.room()?;
    }
    Ok(chain)
}

/// Refuses when it was asked too often lately.
fn within(tx: &mut Tx, column: &str, mark: &str, limits: &[Limit]) -> Result<()> {
    let now = tx.now();
    let sql = format!("select at from sms_ask where {column} = $1 and at > $2 order by at desc limit $3");
    let asked: store::Result<Vec<Ms>> = tx.rows(&sql, params![mark, now - DAY, COUNTED])?.iter().map(|r| r.get("at")).collect();
    match rules::wait(limits, &asked?, now) {
        Some(wait) => Err(Error::from(Kind::SlowDown).limit((wait + 999) / 1000)),
        None => Ok(()),
    }
}

/// Who a code opened for.
pub struct Proved {
    /// The person.
    pub person: String,
    /// The account came to be with it.
    pub new: bool,
}

/// A code came back. `home`: the community that was chosen, for an account that comes to be.
pub fn check(app: &App, ip: IpAddr, mobile: &str, chain: &str, code: &str, home: Option<String>) -> Result<Proved> {
    let keys = tries::keys("sign-in code", "", ip);
    let (_, of_address) = (&keys[0], &keys[1..]);
    app.tries.check(of_address, app.now())?;
    let now = app.now();
    let sql = "select id from sms_code where chain = $1 and phone = $2 and until >= $3 and wrong < $4 limit 20";
    let live = app.db.read(|r| {
        let mark = phone::mark(r, mobile);
        r.rows(sql, params![chain, mark, now, TRIES])
    })?;
    let given: store::Result<Vec<(String, String)>> = live
        .iter()
        .map(|r| {
            let id: String = r.get("id")?;
            let digest = digest(&app.db, &id, code);
            Ok((id, digest))
        })
        .collect();
    let given = given?;
    let (mobile, chain) = (mobile.to_owned(), chain.to_owned());
    let proved = match given.is_empty() {
        true => None,
        false => app.db.write(move |tx| tried(tx, &mobile, &chain, &given, home.as_deref()))?.value,
    };
    proved.ok_or_else(|| {
        app.tries.failed(of_address, now);
        Kind::WrongCode.at("code")
    })
}

/// Compares within the write, so that two tries at once are two tries.
fn tried(tx: &mut Tx, mobile: &str, chain: &str, given: &[(String, String)], home: Option<&str>) -> Result<Option<Proved>> {
    let (mut right, now, mark) = (false, tx.now(), phone::mark(tx, mobile));
    for (id, digest) in given {
        let sql = "select code from sms_code where id = $1 and wrong < $2 and until >= $3";
        let kept = tx.row(sql, params![id, TRIES, now])?.map(|r| r.get::<String>("code")).transpose()?;
        right |= kept.is_some_and(|kept| rules::same(&kept, digest));
    }
    let holder = if right { phone::holder(tx, &mark, now)? } else { Holder::Barred };
    let entry = Entry::new("signin.try", "code", &given[0].0);
    tx.log(entry.fact("right", i64::from(right)))?;
    if !right {
        tx.exec("update sms_code set wrong = wrong + 1 where chain = $1", params![chain])?;
        return Ok(None);
    }
    tx.exec("delete from sms_code where chain = $1", params![chain])?;
    let (person, new) = match holder {
        Holder::Barred => return Ok(None),
        Holder::Resident(person) => (person, false),
        Holder::Nobody => (resident(tx, Some(mobile), "", home)?, true),
    };
    phone::keep(tx, &mark, &person, true)?;
    Ok(Some(Proved { person, new }))
}

/// A resident's account comes to be for somebody who was never here.
pub fn resident(tx: &mut Tx, mobile: Option<&str>, name: &str, home: Option<&str>) -> Result<String> {
    let area = match home {
        Some(area) => area.to_owned(),
        None => party::default_desk(tx)?.area,
    };
    // A name that nobody can type.
    let login = format!("own:{}", tx.id());
    let person = add_person(tx, &NewPerson { name, phone: mobile, home, login: &login, hash: NO_PASSWORD })?;
    add_role(tx, &person, RoleKind::Resident, &area, None)?;
    tx.log(Entry { actor: Some(&person), ..Entry::new("signin.new", "person", &person) })?;
    Ok(person)
}

/// Says how somebody is to be called: once, when no name is kept.
pub fn name(tx: &mut Tx, person: &str, name: &str) -> Result<()> {
    let row = tx.row("select name from person where id = $1", params![person])?.ok_or(Kind::NotFound)?;
    if tx.open_text(person, row.get("name")?)?.is_some_and(|kept| !kept.is_empty()) {
        return Err(Kind::State.into());
    }
    let sealed = tx.seal(person, name.as_bytes())?;
    tx.exec("update person set name = $2 where id = $1", params![person, sealed])?;
    let entry = Entry { actor: Some(person), owner: Some(person), ..Entry::new("signin.name", "person", person) };
    tx.log(entry.element("person.name", Some(name)))?;
    Ok(())
}

/// Sends what waits. What fails is not sent again by itself: whoever waits presses again.
pub fn round(app: &App) -> Result<()> {
    while let Some(letter) = app.letters.take() {
        if let Err(trouble) = channel::code_by_sms(app, &letter) {
            // The gateway's own words may hold the code: only our word for them is printed.
            let told = serde_json::json!({ "level": "warn", "job": "sign-in code", "id": letter.id, "code": trouble.code });
            tell::trouble(&told);
        }
    }
    Ok(())
}
