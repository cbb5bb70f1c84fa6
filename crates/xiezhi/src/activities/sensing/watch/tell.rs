//! Who is called for an alarm, one after another: whoever lives there, his trusted helpers, the volunteer of the home, the grid
//! worker, the desk, the desk above. When it is somebody's work, it is a case.
//!
//! What must stay true: a rung is called once, and nobody twice for one alarm; a rung on which nobody is lets nobody wait; no
//! notice says anything of a home.

use calc::alarm::{Ladder, Moment, Quiet, Rung};
use store::{Entry, Query, Tx, params};

use super::book::{Active, Book};
use super::remember::At;
use super::{Memory, Watch};
use crate::activities::sensing::Device;
use crate::activities::sensing::pack::Call;
use crate::base::notice::{self, New, Step};
use crate::base::party::{self, trust};
use crate::base::{area, roster};
use crate::kit::time::{MINUTE, Ms, zoned};
use crate::kit::{Result, RoleKind, Who};
use crate::records::case::report::{self, NewReport};
use crate::records::case::{by_number, wait};

/// The entry of a step.
pub fn entry<'w>(at: At<'w>, alarm: &'w str, who: &'w Who, act: &'static str) -> Entry<'w> {
    let (device, active) = at;
    let entry =
        Entry { actor: who.actor(), area: Some(&device.area), owner: Some(&device.id), ..Entry::new(act, "alarm", alarm) };
    entry.fact("rule", active.id.as_str()).fact("device", device.id.as_str())
}

/// Who is called for alarms of a rule on a device.
pub fn ladder(device: &Device, active: &Active) -> Ladder {
    let pack = active.pack;
    let rungs = pack.rungs(device.is_home(), active.severity).iter();
    let quiet = Quiet { from: pack.alarm.quiet_from.0, to: pack.alarm.quiet_to.0, unless: pack.alarm.quiet_unless };
    Ladder { rungs: rungs.map(|r| Rung { within: r.within.0, sleeps: r.sleeps }).collect(), quiet: Some(quiet) }
}

/// Calls whoever's turn it is.
pub fn climb(tx: &mut Tx, book: &Book, at: At, watch: &mut Watch, memory: &mut Memory) -> Result<()> {
    let (device, active) = at;
    if memory.machine.hidden() || memory.climb.due.is_none_or(|due| due > tx.now()) {
        return Ok(());
    }
    let (now, ladder) = (tx.now(), ladder(device, active));
    let offset = i64::from(zoned(now, &book.zone).offset().seconds()) * 1000;
    let moment = Moment { now, offset, severity: active.severity };
    while let Some(n) = memory.climb.call(&ladder, moment) {
        let who = active.pack.rungs(device.is_home(), active.severity)[n].who;
        let people = people(tx, book, device, who)?;
        let called = call(tx, book, at, watch, (n, who), &people)?;
        if who.is_staff() {
            case(tx, book, at, watch)?;
        }
        if called == 0 {
            memory.climb.due = Some(now);
        }
    }
    Ok(())
}

/// Who is on a rung.
fn people(tx: &mut Tx, book: &Book, device: &Device, who: Call) -> Result<Vec<String>> {
    let now = tx.now();
    let chart = &book.cases.chart;
    let home = device.person.as_deref();
    Ok(match who {
        Call::Own => home.map(str::to_owned).into_iter().collect(),
        Call::Family => home.map(|p| trust::helpers(tx, p, now)).transpose()?.unwrap_or_default(),
        Call::Helper => {
            let row = tx.row("select helper from watch_home where person = $1", params![home.unwrap_or_default()])?;
            row.map(|r| r.get::<Option<String>>("helper")).transpose()?.flatten().into_iter().collect()
        }
        Call::Grid => {
            // A building stands in a grid, whatever place the device was added at.
            let building = device.building.as_ref().map(|id| area::building(tx, id)).transpose()?.flatten();
            let at = building.map_or_else(|| device.area.clone(), |b| b.area);
            let areas: Vec<String> = area::line(tx, &at)?.into_iter().map(|a| a.id).collect();
            let mut out = Vec::new();
            for (person, body) in party::holders(tx, RoleKind::GridWorker, &areas, now)? {
                // Whoever is away is stood in for.
                let there = body.map_or_else(|| Ok(Some(person.clone())), |b| roster::stand_in(tx, &b, &person, now))?;
                out.extend(there.filter(|p| !out.contains(p)));
            }
            out
        }
        Call::Desk => roster::reachable(tx, &chart.desk_of(&device.path)?.id, now, true)?,
        Call::Above => match chart.desk_above(chart.desk_of(&device.path)?) {
            Some(above) => roster::reachable(tx, &above.id, now, true)?,
            None => Vec::new(),
        },
    })
}

fn news(watch: &Watch, number: &str, at: At, person: &str, when: Ms, kind: &str) -> New {
    debug_assert!(watch.alarm.is_some(), "only of an alarm");
    New {
        person: person.to_owned(),
        at: when,
        kind: format!("alarm-{kind}"),
        subject: number.to_owned(),
        class: Some(at.1.class.clone()),
        urgent: at.1.severity > 1,
    }
}

fn number(tx: &mut Tx, watch: &Watch) -> Result<Option<String>> {
    let Some(alarm) = &watch.alarm else { return Ok(None) };
    let row = tx.row("select number from alarm where id = $1", params![alarm])?;
    Ok(row.map(|r| r.get("number")).transpose()?)
}

/// Tells those of a rung who were not called yet; how many.
fn call(tx: &mut Tx, book: &Book, at: At, watch: &Watch, (n, who): (usize, Call), people: &[String]) -> Result<usize> {
    let Some(number) = number(tx, watch)? else { return Ok(0) };
    let (alarm, now, system) = (watch.alarm.as_deref().unwrap_or_default(), tx.now(), Who::system());
    let known = tx.rows("select person from alarm_told where alarm = $1", params![alarm])?;
    let known: Vec<String> = known.iter().map(|r| r.get("person")).collect::<store::Result<_>>()?;
    let new: Vec<&String> = people.iter().filter(|p| !known.contains(p)).collect();
    let log = entry(at, alarm, &system, "alarm.call").fact("rung", n as i64).fact("role", who.as_str());
    tx.log(log.fact("people", new.len() as i64))?;
    let rows: Vec<_> = new.iter().map(|p| params![alarm, n as i64, who.as_str(), *p, now].to_vec()).collect();
    tx.insert_many("alarm_told", &["alarm", "rung", "role", "person", "at"], &rows)?;
    let told: Vec<New> = new.iter().map(|p| news(watch, &number, at, p, now, "called")).collect();
    notice::put(tx, &book.zone, &told)?;
    Ok(new.len())
}

/// Nobody is waited for any more.
pub fn settled(tx: &mut Tx, book: &Book, watch: &Watch) -> Result<()> {
    let Some(number) = number(tx, watch)? else { return Ok(()) };
    notice::take(tx, &book.zone, &[Step::Settled(number)])
}

/// It flutters: the desk has the device looked at.
pub fn repair(tx: &mut Tx, book: &Book, at: At, watch: &Watch) -> Result<()> {
    let Some(number) = number(tx, watch)? else { return Ok(()) };
    let now = tx.now();
    let desk = book.cases.chart.desk_of(&at.0.path)?.id.clone();
    let mut people = roster::reachable(tx, &desk, now, true)?;
    // One of them looks at it.
    people.truncate(1);
    let told: Vec<New> = people.iter().map(|p| news(watch, &number, at, p, now, "repair")).collect();
    notice::put(tx, &book.zone, &told)
}

/// The case of an alarm: that of another alarm of the same building and class a moment ago, or a new one.
fn case(tx: &mut Tx, book: &Book, at: At, watch: &Watch) -> Result<()> {
    let (device, active) = at;
    let Some(number) = number(tx, watch)? else { return Ok(()) };
    let (alarm, now, system) = (watch.alarm.as_deref().unwrap_or_default(), tx.now(), Who::system());
    if tx.count("select count(*) from alarm where id = $1 and case_number is not null", params![alarm])? > 0 {
        return Ok(());
    }
    let since = now - active.pack.alarm.join_minutes * MINUTE;
    let place = device.building.as_ref().unwrap_or(&device.id);
    let sql = "select case_number from alarm where class = $1 and (building = $2 or device = $2) and opened_at >= $3 \
               and case_number is not null order by opened_at desc, number desc limit 1";
    let known = tx.row(sql, params![&active.class, place, since])?;
    let known = known.map(|r| r.get::<String>("case_number")).transpose()?;
    let known = known.map(|n| by_number(tx, &n)).transpose()?.flatten().filter(|c| c.state.is_open());
    let case = match known {
        Some(case) => case.number,
        None => {
            // Of a home nothing is said but what the alarm is: the rest is on its own page, for those who were called.
            let title = device.title.as_deref().unwrap_or_default();
            let report = NewReport {
                text: Some(format!("{number} {} {title}", active.zh).trim().to_owned()),
                // A catalogue may change: an alarm is a case all the same.
                class: Some(active.class.clone())
                    .filter(|c| book.cases.classes.get(c).is_some_and(|_| !book.cases.classes.is_handed(c))),
                area: area::by_id(tx, &device.area)?.map(|a| a.code),
                building: device.building.clone(),
                channel: "sensor".into(),
                source: Some(format!("alarm:{number}")),
                ..NewReport::default()
            };
            let spot = report::locate(tx, &report)?;
            report::make(tx, &book.cases, &system, &report, &spot, &book.zone)?.0.number
        }
    };
    tx.log(entry(at, alarm, &system, "alarm.case").fact("case", case.as_str()))?;
    tx.exec("update alarm set case_number = $2 where id = $1", params![alarm, &case])?;
    wait::add(tx, &case, &number, &format!("/alarms/{number}"))
}
