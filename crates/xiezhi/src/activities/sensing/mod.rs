//! Devices that watch over a place (安全监测): what there is, what it told, whether it is heard of.
//!
//! What must stay true: a reading is confirmed to its device when it is on the disk and not before; the same reading twice is
//! one; what comes late is kept as history; a device speaks for itself alone. In a home a device stands only when whoever
//! lives there agreed, and everything about it is sealed under its own key: nobody reads it who is not asked to look.
//!
//! Log kinds written: `device.add`, `device.renew`, `device.state`, `device.told`, `device.agree`, `device.ring` (that a yes ends),
//! `device.forget` (how many readings were deleted because the days that were agreed are over, those before `until`; how many days that
//! stood for readings), `device.body` (whose programs may tell for it), `device.refused` (how often devices told what made no sense); of alarms in [`watch`].

/// Adding devices, new passwords, taking them out of service.
pub mod act;
/// Until when whoever lives there agreed.
pub mod consent;
/// What stays of readings.
pub mod days;
/// Those who tell for devices.
pub mod gateway;
/// What devices tell.
pub mod ingest;
/// How long readings are kept.
pub mod keep;
/// How often a device told nonsense.
pub mod odd;
/// The rules of a place.
pub mod pack;
/// Readings as tables.
pub mod tables;
/// SensorThings.
pub mod things;
/// Pages of devices.
pub mod view;
/// Rules and alarms.
pub mod watch;
/// Routes.
pub mod web;

use store::{Entry, Query, params};

use crate::base::area;
use crate::kit::error::Kind;
use crate::kit::names::names;
use crate::kit::row::row;
use crate::kit::time::Ms;
use crate::kit::{Result, Who};

names! {
    /// Where a device stands.
    State {
        /// It is listened to.
        Works = "works",
        /// Somebody works on it: what it tells is kept and raises nothing.
        Paused = "paused",
        /// It is no more.
        Gone = "gone",
    }
}

row! {
    /// A device.
    #[derive(Clone, Debug)]
    #[expect(missing_docs, reason = "the columns of `device`, explained there")]
    pub struct Device {
        pub id: String,
        pub name: String,
        pub kind: String,
        pub title: Option<String>,
        pub words: Option<Vec<u8>>,
        pub area: String,
        pub path: String,
        pub building: Option<String>,
        pub person: Option<String>,
        pub shared: i64,
        pub state: State,
        pub why: Option<String>,
        pub parent: Option<String>,
        pub secret: String,
        pub agreed_at: Option<Ms>,
        pub agreed_how: Option<String>,
        pub agreed_until: Option<Ms>,
        pub agreed_bell: Option<Ms>,
        pub keep_days: i64,
        pub made_by: String,
        pub made_at: Ms,
        pub changed_at: Ms,
        pub log_seq: u64,
    }
}

/// The one with this name.
pub fn by_name(q: &mut dyn Query, name: &str) -> Result<Device> {
    let row = q.row(&format!("select {COLUMNS} from device where name = $1"), params![name])?;
    Ok(row.as_ref().map(read).transpose()?.ok_or(Kind::NotFound)?)
}

/// Those of a place and what is beneath it that are still there, by name.
pub fn beneath(q: &mut dyn Query, path: &str, after: &str, most: i64) -> Result<Vec<Device>> {
    let sql = format!(
        "select {COLUMNS} from device where path >= $1 and path < $2 and state <> $3 and name > $4 order by name limit $5"
    );
    let rows = q.rows(&sql, params![path, area::end_of(path), State::Gone, after, most])?;
    Ok(rows.iter().map(read).collect::<store::Result<_>>()?)
}

/// Those with these ids.
pub fn by_ids(q: &mut dyn Query, ids: &[String]) -> Result<Vec<Device>> {
    let mut out = Vec::with_capacity(ids.len());
    for some in ids.chunks(500) {
        let marks: Vec<String> = (1..=some.len()).map(|i| format!("${i}")).collect();
        let ids: Vec<store::Value> = some.iter().map(|id| id.as_str().into()).collect();
        for row in q.rows(&format!("select {COLUMNS} from device where id in ({})", marks.join(",")), &ids)? {
            out.push(read(&row)?);
        }
    }
    Ok(out)
}

/// Those that tell through one.
pub fn children(q: &mut dyn Query, parent: &str) -> Result<Vec<Device>> {
    let sql = format!("select {COLUMNS} from device where parent = $1 and state <> $2 order by id");
    let rows = q.rows(&sql, params![parent, State::Gone])?;
    Ok(rows.iter().map(read).collect::<store::Result<_>>()?)
}

/// Those in somebody's home, by name.
pub fn of_person(q: &mut dyn Query, person: &str) -> Result<Vec<Device>> {
    let sql = format!("select {COLUMNS} from device where person = $1 and state <> $2 order by name");
    let rows = q.rows(&sql, params![person, State::Gone])?;
    Ok(rows.iter().map(read).collect::<store::Result<_>>()?)
}

/// The device that signs in with this name and password, while it is there.
pub fn sign_in(q: &mut dyn Query, name: &str, password: &str) -> Result<Device> {
    let known = match by_name(q, name) {
        Err(e) if e.kind == Kind::NotFound => None,
        known => Some(known?),
    };
    // Digests are compared, and one is always made: how long it takes says nothing.
    let said = digest(q, name, password);
    known.filter(|d| d.secret == said && d.state != State::Gone).ok_or_else(|| Kind::WrongDevice.into())
}

fn digest(q: &dyn Query, name: &str, password: &str) -> String {
    store::hex(q.digest("device", &format!("{name} {password}")))
}

impl Device {
    /// Whether it is in somebody's home.
    pub fn is_home(&self) -> bool {
        self.person.is_some()
    }

    /// Whether whoever lives there no longer agrees.
    pub fn is_over(&self, now: Ms) -> bool {
        self.agreed_until.is_some_and(|until| until <= now)
    }

    /// Whether somebody looks after it: the desk of its place.
    pub fn is_kept_by(&self, who: &Who) -> bool {
        who.desk_over(&self.path).is_some()
    }

    fn entry<'w>(&'w self, who: &'w Who, act: &'static str) -> Entry<'w> {
        Entry { actor: who.actor(), area: Some(&self.area), owner: Some(&self.id), ..Entry::new(act, "device", &self.id) }
    }
}
