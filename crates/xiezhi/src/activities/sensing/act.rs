//! Adding devices, new passwords, taking them out of service.
//!
//! Every action has one shape: may you? → load → rules decide → write → log.

use store::{Entry, Query, Tx, params};

use super::pack::Pack;
use super::{Device, State, by_name, consent, digest};
use crate::base::area::{self, Area};
use crate::base::party;
use crate::kit::error::Kind;
use crate::kit::{App, Result, Who};

/// Characters of a password: 120 bits, without signs that are mistaken for one another.
const SECRET: usize = 24;

/// A device as somebody describes it.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields of the form")]
pub struct New {
    /// What it calls itself, as it is printed on it; made up when empty.
    pub name: Option<String>,
    pub kind: String,
    pub title: String,
    pub building: Option<String>,
    /// In whose home it is.
    pub person: Option<String>,
    /// How he agreed.
    pub agreed: Option<String>,
    pub parent: Option<String>,
    pub shared: bool,
    pub keep_days: Option<i64>,
}

/// What a device may be called: part of a topic, and printed on a label.
pub fn is_name(text: &str) -> bool {
    (3..=40).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
        && text.as_bytes()[0].is_ascii_alphanumeric()
}

/// A new password: shown once, kept as a keyed digest.
pub fn secret(app: &App) -> String {
    calc::codes::crockford(&app.random::<15>())[..SECRET].to_owned()
}

/// Adds one; gives its name. `password` is what it signs in with.
pub fn add(tx: &mut Tx, pack: &Pack, who: &Who, place: &Area, new: &New, password: &str) -> Result<String> {
    if who.desk_over(&place.path).is_none() {
        return Err(Kind::Denied.into());
    }
    let sort = pack.kind(&new.kind).ok_or_else(|| Kind::Unknown.at("kind"))?;
    let community = area::community_of(tx, &place.id)?.unwrap_or_else(|| place.clone());
    let many = "select count(*) from device where path >= $1 and path < $2 and state <> 'gone'";
    if tx.count(many, params![&community.path, area::end_of(&community.path)])? >= pack.limits.devices {
        return Err(Kind::OutOfRange.at("name").limit(pack.limits.devices));
    }
    let (id, now) = (tx.id(), tx.now());
    let name = match &new.name {
        // A panel calls itself by its address.
        _ if sort.parts => {
            let name = new.name.as_deref().ok_or_else(|| Kind::Missing.at("name"))?.to_ascii_lowercase();
            let fits = name.len() == 12 && name.bytes().all(|b| b.is_ascii_hexdigit());
            if fits { name } else { return Err(Kind::WrongType.at("name")) }
        }
        Some(name) if is_name(name) => name.clone(),
        Some(_) => return Err(Kind::WrongType.at("name")),
        None => format!("{}-{}", new.kind, &calc::codes::crockford(&tx.random::<6>())[..8].to_lowercase()),
    };
    if tx.count("select count(*) from device where name = $1", params![&name])? > 0 {
        return Err(Kind::DeviceTwice.at("name"));
    }
    if let Some(id) = &new.building {
        let building = area::building(tx, id)?.ok_or_else(|| Kind::Unknown.at("building"))?;
        if area::by_id(tx, &building.area)?.is_none_or(|a| !a.path.starts_with(&community.path)) {
            return Err(Kind::Unknown.at("building"));
        }
    }
    // In a home nothing stands without a yes.
    if let Some(person) = &new.person {
        if !sort.home {
            return Err(Kind::Unknown.at("kind"));
        }
        if new.agreed.is_none() {
            return Err(Kind::Missing.at("agreed"));
        }
        if party::name_of(tx, person)?.is_none() {
            return Err(Kind::Unknown.at("person"));
        }
    }
    let parent = match &new.parent {
        Some(name) => {
            let found = by_name(tx, name).map_err(|_| Kind::Unknown.at("parent"))?;
            Some(found).filter(|p| p.parent.is_none() && p.is_kept_by(who)).ok_or_else(|| Kind::Unknown.at("parent"))?.id.into()
        }
        None => None::<String>,
    };
    let home = new.person.is_some();
    tx.new_owner(&id)?;
    let words = tx.seal_text(&id, home.then_some(new.title.as_str()))?;
    let entry = Entry { actor: who.actor(), area: Some(&place.id), owner: Some(&id), ..Entry::new("device.add", "device", &id) };
    let entry =
        entry.fact("kind", new.kind.as_str()).fact("home", i64::from(home)).fact("shared", i64::from(new.shared && !home));
    let entry = entry.fact_opt("agreed", new.agreed.as_deref()).element("sensing.words", home.then_some(new.title.as_str()));
    let seq = tx.log(entry)?.index;
    let most = if home { pack.limits.home_days } else { pack.limits.keep_days };
    let most = sort.keep_days.map_or(most, |days| days.min(most));
    let (until, bell) = consent::holds(pack, now);
    let device = Device {
        secret: digest(tx, &name, password),
        title: (!home).then(|| new.title.clone()),
        words,
        area: place.id.clone(),
        path: place.path.clone(),
        kind: new.kind.clone(),
        building: new.building.clone(),
        person: new.person.clone(),
        shared: i64::from(new.shared && !home),
        state: State::Works,
        why: None,
        parent,
        agreed_at: new.agreed.as_ref().map(|_| now),
        agreed_how: new.agreed.clone(),
        agreed_until: home.then_some(until),
        agreed_bell: home.then_some(bell),
        keep_days: new.keep_days.unwrap_or(most).min(most),
        made_by: who.actor().ok_or(Kind::SignIn)?.to_owned(),
        made_at: now,
        changed_at: now,
        log_seq: seq,
        name,
        id,
    };
    write(tx, &device)?;
    Ok(device.name)
}

fn write(tx: &mut Tx, d: &Device) -> Result<()> {
    let marks: Vec<String> = (1..=23).map(|i| format!("${i}")).collect();
    let sql = format!("insert into device({}) values ({})", super::COLUMNS, marks.join(","));
    tx.exec(
        &sql,
        params![
            &d.id,
            &d.name,
            &d.kind,
            &d.title,
            d.words.clone(),
            &d.area,
            &d.path,
            &d.building,
            &d.person,
            d.shared,
            d.state,
            &d.why,
            &d.parent,
            &d.secret,
            d.agreed_at,
            &d.agreed_how,
            d.agreed_until,
            d.agreed_bell,
            d.keep_days,
            &d.made_by,
            d.made_at,
            d.changed_at,
            d.log_seq
        ],
    )?;
    Ok(())
}

/// Whether somebody may change a device.
pub fn may_keep(who: &Who, device: &Device) -> Result<()> {
    if !device.is_kept_by(who) {
        return Err(Kind::NotFound.into());
    }
    if device.state == State::Gone { Err(Kind::State.into()) } else { Ok(()) }
}

/// What is loaded before a device is changed.
fn kept(tx: &mut Tx, who: &Who, name: &str) -> Result<Device> {
    let device = by_name(tx, name)?;
    may_keep(who, &device).map(|()| device)
}

/// Another password; the one before is void at once.
pub fn renew(tx: &mut Tx, who: &Who, name: &str, password: &str) -> Result<()> {
    let device = kept(tx, who, name)?;
    let (now, said) = (tx.now(), digest(tx, name, password));
    let seq = tx.log(device.entry(who, "device.renew"))?.index;
    tx.exec("update device set secret = $2, changed_at = $3, log_seq = $4 where id = $1", params![&device.id, said, now, seq])?;
    Ok(())
}

/// Somebody works on it, it works again, or it is taken away for good, with the reason.
pub fn set_state(tx: &mut Tx, who: &Who, name: &str, state: State, why: Option<&str>) -> Result<()> {
    let device = kept(tx, who, name)?;
    if device.state == state {
        return Err(Kind::State.into());
    }
    if why.is_none() && state != State::Works {
        return Err(Kind::Missing.at("why"));
    }
    let now = tx.now();
    let seq = tx.log(device.entry(who, "device.state").fact("state", state.as_str()).fact_opt("why", why))?.index;
    let sql = "update device set state = $2, why = $3, changed_at = $4, log_seq = $5 where id = $1";
    tx.exec(sql, params![&device.id, state, why, now, seq])?;
    if state == State::Gone && device.is_home() {
        // What it told can never be read again.
        tx.destroy_key(&device.id)?;
        for sql in [
            "delete from observation_day where stream in (select num from stream where device = $1)",
            "delete from observation where stream in (select num from stream where device = $1)",
            "delete from stream where device = $1",
        ] {
            tx.exec(sql, params![&device.id])?;
        }
        tx.exec("update device set words = null where id = $1", params![&device.id])?;
    }
    Ok(())
}
