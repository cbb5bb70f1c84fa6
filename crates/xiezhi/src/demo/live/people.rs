//! What people do in the year that is played: whoever was called goes there and says what it was; what is broken is repaired.
//!
//! What must stay true: they act through the same actions as anybody, with the rights that they have.

use calc::alarm::Disposition;
use store::{Query, params};

use super::sensors::{self, Sensor};
use crate::activities::sensing::watch::act::{self, End};
use crate::activities::sensing::watch::book::Book;
use crate::activities::sensing::watch::{self, Alarm, Stand};
use crate::activities::sensing::{self, Device, State};
use crate::base::party;
use crate::kit::error::Kind;
use crate::kit::time::{DAY, HOUR, Ms};
use crate::kit::{App, Error, Result, Who};

/// Alarms that are looked at in an hour.
const MANY: i64 = 200;

/// Who somebody is now.
pub fn who(app: &App, person: &str) -> Result<Who> {
    let roles = app.db.read(|r| Ok::<_, Error>(party::roles(r, person, app.now())?))?;
    Ok(Who { person: Some(person.to_owned()), roles, ..Who::default() })
}

/// An hour of people: they see what they were called for, and end what is over.
pub fn hour(app: &App, path: &str, clerk: &Who) -> Result<()> {
    let now = app.now();
    for alarm in app.db.read(|r| watch::around(r, path, true, 0, MANY))? {
        let Some(sensor) = sensor(app, &alarm)? else { continue };
        // What cannot wait does not; the rest is for the morning.
        let after = [12 * HOUR, HOUR, 0][usize::try_from(alarm.severity.clamp(1, 3) - 1).unwrap_or_default()];
        if now - alarm.opened_at < after {
            continue;
        }
        let who = first_called(app, &alarm)?.map_or_else(|| Ok(clerk.clone()), |p| who(app, &p))?;
        match alarm.phase {
            Stand::Raised | Stand::Returned => quietly(see(app, &who, &alarm))?,
            Stand::Seen | Stand::Over => quietly(end(app, &who, &alarm, sensor.was(alarm.opened_at)))?,
            Stand::Closed => {}
        }
        // It goes on for hours without a reason: somebody takes the device off the wall.
        if alarm.phase == Stand::Seen && sensor.was(alarm.opened_at) == Disposition::FalseDevice {
            state(app, clerk, &sensor.name(), State::Paused)?;
        }
    }
    // A repair takes three days.
    for sensor in sensors::all() {
        let device = app.db.read(|r| sensing::by_name(r, &sensor.name()))?;
        if device.state == State::Paused && now - device.changed_at > 3 * DAY {
            state(app, clerk, &device.name, State::Works)?;
        }
    }
    Ok(())
}

fn sensor(app: &App, alarm: &Alarm) -> Result<Option<Sensor>> {
    let device: Option<Device> = app.db.read(|r| sensing::by_ids(r, std::slice::from_ref(&alarm.device)))?.pop();
    Ok(device.and_then(|d| sensors::all().find(|s| s.name() == d.name)))
}

fn first_called(app: &App, alarm: &Alarm) -> Result<Option<String>> {
    let sql = "select person from alarm_told where alarm = $1 and role <> 'self' order by rung, person limit 1";
    app.db.read(|r| Ok(r.row(sql, params![&alarm.id])?.map(|row| row.get("person")).transpose()?))
}

/// What is raised still cannot be ended, and what somebody else did meanwhile is done.
fn quietly(done: Result<()>) -> Result<()> {
    match done {
        Err(e) if matches!(e.kind, Kind::StillRaised | Kind::State | Kind::NotFound) => Ok(()),
        done => done,
    }
}

fn see(app: &App, who: &Who, alarm: &Alarm) -> Result<()> {
    let (book, who, number) = (Book::now(app)?, who.clone(), alarm.number.clone());
    app.db.write(move |tx| act::see(tx, &book, &who, &number)).map(drop)
}

fn end(app: &App, who: &Who, alarm: &Alarm, what: Disposition) -> Result<()> {
    let (book, who, number, now) = (Book::now(app)?, who.clone(), alarm.number.clone(), app.now());
    let away: Option<Ms> = (what == Disposition::Away).then_some(now + 2 * DAY);
    let end = End { what, words: None, away_until: away };
    app.db.write(move |tx| act::close(tx, &book, &who, &number, &end)).map(drop)
}

/// Somebody works on a device, or it works again.
pub fn state(app: &App, who: &Who, name: &str, state: State) -> Result<()> {
    let (book, who, name) = (Book::now(app)?, who.clone(), name.to_owned());
    let why = (state == State::Paused).then_some("检修");
    let done = app.db.write(move |tx| {
        sensing::act::set_state(tx, &who, &name, state, why)?;
        let device = sensing::by_name(tx, &name)?;
        act::service(tx, &book, &device)
    });
    quietly(done.map(drop))
}
