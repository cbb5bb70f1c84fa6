//! A year of the demo, played quickly and then on (`xiezhi demo --live`): devices tell, some fail, people come; counts of symptoms with
//! outbreaks in them; every alarm and signal ends with what it was.
//!
//! What must stay true: everything goes through the real actions, each at its own time; the same year in every run, and after a
//! restart it goes on where the log ends; when the present is reached, time goes as everywhere.

mod counts;
mod people;
mod sensors;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use calc::alarm::Disposition;
use store::{Query, params};

use crate::activities::sensing::ingest::{self, Told};
use crate::activities::sensing::watch::book::Book;
use crate::activities::sensing::watch::{begin, hear, ring, was_true};
use crate::activities::sensing::{self, act, pack};
use crate::base::area::{self, Area};
use crate::base::party::{self, Chart};
use crate::kit::time::{DAY, HOUR, MINUTE, Ms};
use crate::kit::{App, Error, Result, RoleKind, Who, tell};

/// How far back it begins.
const YEAR: Ms = 365 * DAY;

/// Sets the clock to where the log ends, or a year back when there is none. Before anything is written.
pub fn set_clock(app: &App) -> Result<()> {
    let last = app.db.read(|r| Ok::<_, Error>(r.row("select max(at) at from log", &[])?))?;
    let last = last.map(|r| r.get::<Option<Ms>>("at")).transpose()?.flatten();
    app.ambience.advance(last.unwrap_or(app.ambience.wall() - YEAR) - app.now());
    Ok(())
}

/// The year on a node: where it is played, and by whom.
pub struct Live {
    place: Area,
    clerk: Who,
    book: Option<(i64, Vec<Arc<sensing::Device>>)>,
    begun: begin::Begun,
    day: i64,
}

/// What a year came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// Alarms that were ended, but for tests.
    pub ended: i64,
    /// Of these, how many somebody needed.
    pub of_use: i64,
    /// Alarms that are open.
    pub open: i64,
    /// Calls of people.
    pub calls: i64,
    /// Outbreaks that were put in, and how many of them a signal found.
    pub outbreaks: usize,
    /// See `outbreaks`.
    pub found: usize,
}

impl Live {
    /// Finds the place, and adds the devices that are missing.
    pub fn new(app: &App) -> Result<Live> {
        let now = app.now();
        let lost = || Error::internal("the demo has no community with a desk");
        let (place, members, homes) = app.db.read(|r| {
            let place = area::communities(r)?.into_iter().next().ok_or_else(lost)?;
            let desk = Chart::read(r, app)?.desk_of(&place.path)?.id.clone();
            let mut members = party::members(r, &desk, now)?;
            members.sort();
            let grids: Vec<String> = area::children(r, &place.id)?.into_iter().map(|a| a.id).collect();
            let homes = party::holders(r, RoleKind::Resident, &grids, now)?;
            Ok::<_, Error>((place, members, homes))
        })?;
        // Grid workers belong to the committee, too, and keep no devices.
        let all: Vec<Who> = members.iter().map(|m| people::who(app, m)).collect::<Result<_>>()?;
        let clerk = all.into_iter().find(|w| w.desk_over(&place.path).is_some()).ok_or_else(lost)?;
        let live = Live { place, clerk, book: None, begun: begin::Begun::default(), day: now.div_euclid(DAY) };
        for sensor in sensors::all() {
            if app.db.read(|r| sensing::by_name(r, &sensor.name())).is_err() {
                live.add(app, sensor, &homes)?;
            }
        }
        // Those of the demo tell for a week and no longer: nobody is called for their silence.
        for device in app.db.read(|r| sensing::beneath(r, &live.place.path, "", 1_000))? {
            let of_year = sensors::all().any(|s| s.name() == device.name);
            if !of_year && device.state == sensing::State::Works {
                people::state(app, &live.clerk, &device.name, sensing::State::Paused)?;
            }
        }
        Ok(live)
    }

    fn add(&self, app: &App, sensor: sensors::Sensor, homes: &[(String, Option<String>)]) -> Result<()> {
        let title = sensors::SENSORS.iter().find(|(kind, ..)| *kind == sensor.kind).map_or("", |(_, _, title)| title);
        let person = homes.get(sensor.n * 3 + 1).map(|(p, _)| p.clone()).filter(|_| sensor.is_home());
        let new = act::New {
            name: Some(sensor.name()),
            kind: sensor.kind.into(),
            title: format!("{title} {}", sensor.n + 1),
            building: None,
            agreed: person.as_ref().map(|_| "paper".to_owned()),
            person,
            parent: sensor.parent(),
            shared: false,
            keep_days: None,
        };
        let (pack, who, place, secret) = (pack::at(&self.place.code), self.clerk.clone(), self.place.clone(), act::secret(app));
        app.db.write(move |tx| act::add(tx, pack, &who, &place, &new, &secret)).map(drop)
    }

    /// An hour: what devices told in it, what rings, what people do.
    pub fn hour(&mut self, app: &App) -> Result<()> {
        let (end, book) = (app.now(), Book::now(app)?);
        begin::round(app, &mut self.begun)?;
        if self.book.as_ref().is_none_or(|(version, _)| *version != book.rules.version()) || end.div_euclid(DAY) != self.day {
            let find = |s: sensors::Sensor| app.db.read(|r| sensing::by_name(r, &s.name())).map(Arc::new);
            self.book = Some((book.rules.version(), sensors::all().map(find).collect::<Result<_>>()?));
        }
        let devices = self.book.as_ref().map(|(_, all)| all.as_slice()).unwrap_or_default();
        let pack = pack::at(&self.place.code);
        let mut told: Vec<Told> = Vec::new();
        let begin = end - HOUR;
        for at in (0..6).map(|n| (begin + n * 10 * MINUTE).div_euclid(10 * MINUTE) * 10 * MINUTE) {
            for (sensor, device) in sensors::all().zip(devices) {
                for (stream, said) in sensor.says(at) {
                    let said = serde_json::json!({ "t": at, "v": said });
                    told.push(ingest::parse(pack, device, stream, &said, at)?);
                }
            }
        }
        let heard = book.clone();
        app.db.write(move |tx| hear::take(tx, &heard, &told))?;
        ring::round(app, end)?;
        people::hour(app, &self.place.path, &self.clerk)?;
        if end.div_euclid(DAY) != self.day {
            self.day = end.div_euclid(DAY);
            counts::day(app, &self.place, &self.clerk)?;
        }
        Ok(())
    }

    /// What it came to since a moment.
    pub fn sum(&self, app: &App, since: Ms) -> Result<Sum> {
        let sql = "select phase, disposition, count(*) n from alarm where path >= $1 and path < $2 and opened_at >= $3 group by phase, disposition";
        let calls = "select count(*) from alarm_told where at >= $1";
        let found = counts::found(app, &self.place, since, app.now())?;
        let (outbreaks, found) = (found.len(), found.iter().flatten().count());
        app.db.read(|r| {
            let mut sum = Sum { calls: r.count(calls, params![since])?, outbreaks, found, ..Sum::default() };
            for row in r.rows(sql, params![&self.place.path, area::end_of(&self.place.path), since])? {
                let (n, phase): (i64, String) = (row.get("n")?, row.get("phase")?);
                let what = row.get::<Option<String>>("disposition")?.and_then(|d| Disposition::parse(&d));
                match what {
                    _ if phase != "closed" => sum.open += n,
                    Some(Disposition::Test) | None => {}
                    Some(what) => {
                        sum.ended += n;
                        sum.of_use += if was_true(what) { n } else { 0 };
                    }
                }
            }
            Ok(sum)
        })
    }
}

/// Plays in a thread of its own until the program ends; tells what each month came to.
pub fn start(app: Arc<App>) -> Result<()> {
    let mut live = Live::new(&app)?;
    let run = move || {
        let mut month = (app.now(), app.now());
        while !app.over.load(Ordering::Relaxed) {
            let left = app.ambience.wall() - app.now();
            if left < HOUR {
                // The present: an hour takes an hour.
                app.ambience.advance(left.max(0));
                std::thread::sleep(Duration::from_secs(1));
                if app.now() - month.1 < HOUR {
                    continue;
                }
            } else {
                app.ambience.advance(HOUR);
            }
            month.1 = app.now();
            if let Err(e) = live.hour(&app) {
                tell::trouble(&serde_json::json!({ "level": "warn", "job": "live", "detail": e.to_string() }));
            }
            if app.now() - month.0 >= 30 * DAY
                && let Ok(sum) = live.sum(&app, month.0)
            {
                let Sum { ended, of_use, open, calls, outbreaks, found } = sum;
                let alarms = format!("{ended} alarms ended, {of_use} of use, {open} open, {calls} calls");
                tell::started(&format!("live {}: {alarms}; {outbreaks} outbreaks, {found} found", app.time(month.0)));
                month.0 = app.now();
            }
        }
    };
    std::thread::Builder::new().name("live".into()).spawn(run).map(drop).map_err(|e| Error::internal(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::config::Config;

    #[test]
    fn some_weeks_go_by_and_every_alarm_ends_with_what_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let mut config = Config::new(dir.path());
        (config.live, config.demo) = (true, true);
        let app = App::open(config.clone()).unwrap();
        // The same weeks on every day this is told.
        app.ambience.advance(crate::kit::time::parse("2026-03-02T08:00:00+08:00").unwrap() - app.now());
        super::super::seed(&app, 10).unwrap();
        let (begin, hours) = (app.now(), 20 * 24);
        let mut live = Live::new(&app).unwrap();
        for _ in 0..hours {
            app.ambience.advance(HOUR);
            live.hour(&app).unwrap();
        }
        let sum = live.sum(&app, begin).unwrap();
        assert!(sum.ended > 8 && sum.open < 4, "{sum:?}");
        assert!(sum.of_use * 100 >= sum.ended * 60, "most were of use: {sum:?}");
        assert_eq!(sum.found, sum.outbreaks, "{sum:?}");
        let one = "select count(*) from (select device, rule from alarm where phase <> 'closed' group by device, rule having count(*) > 1) d";
        assert_eq!(app.db.read(|r| r.count(one, &[])).unwrap(), 0);
        // It goes on where it was.
        let now = app.now();
        drop(app);
        let app = App::open(config).unwrap();
        set_clock(&app).unwrap();
        assert!((now - app.now()).abs() < DAY, "the clock goes on where the log ends");
        Live::new(&app).unwrap().hour(&app).unwrap();
        assert!(live.sum(&app, begin).unwrap().ended >= sum.ended);
    }
}
