//! Devices of the year that is played, and what happens around them: rain, fires that are none, people stuck in lifts, old people
//! who fall, families who forgot to say that nobody is at home; sensors that flutter, stick and die.
//!
//! What must stay true: what happens is a function of the device and the day alone, so that the year is the same in every run and
//! goes on after a restart; what an alarm was is what happened.

use calc::alarm::Disposition;
use calc::draw::mix;
use serde_json::{Value as Json, json};

use crate::kit::time::{DAY, HOUR, MINUTE, Ms};

/// A device of the year.
#[derive(Clone, Copy, Debug)]
pub struct Sensor {
    /// Kind of device.
    pub kind: &'static str,
    /// Which of them.
    pub n: usize,
}

/// Kinds and how many there are of each; those in homes come in one home each.
pub const SENSORS: [(&str, usize, &str); 9] = [
    // The one of the demo, for which whoever tries it may speak, too.
    ("air", 1, "中心花园空气和噪声"),
    ("gateway", 2, "弱电间网关"),
    ("smoke", 10, "楼道烟感"),
    ("level", 4, "低洼处水位"),
    ("lift", 4, "电梯"),
    ("ebike", 4, "单元门厅"),
    ("charger", 2, "充电棚"),
    ("water", HOMES, "厨房水表"),
    ("door", HOMES, "进户门"),
];
/// Homes that are watched over.
pub const HOMES: usize = 6;

/// All of them.
pub fn all() -> impl Iterator<Item = Sensor> {
    SENSORS.iter().flat_map(|(kind, many, _)| (0..*many).map(|n| Sensor { kind, n }))
}

/// Something that happens around a device, between two moments.
#[derive(Clone, Copy, Debug)]
pub struct Event {
    /// Beginning.
    pub from: Ms,
    /// End.
    pub to: Ms,
    /// What an alarm of it is.
    pub what: Disposition,
}

/// A number that belongs to a device and a day: the same in every run.
fn chance(sensor: Sensor, what: &str, day: i64) -> u64 {
    let name = sensor.kind.bytes().chain(what.bytes()).fold(sensor.n as u64, |h, b| mix(h ^ u64::from(b)));
    mix(name ^ mix(day as u64))
}

impl Sensor {
    /// Under this name it publishes.
    pub fn name(self) -> String {
        if self.kind == "air" { super::super::sensing::OPEN.into() } else { format!("live-{}-{}", self.kind, self.n + 1) }
    }

    /// Whether it stands in a home.
    pub fn is_home(self) -> bool {
        matches!(self.kind, "water" | "door")
    }

    /// Through which gateway it tells.
    pub fn parent(self) -> Option<String> {
        (self.kind == "smoke").then(|| Sensor { kind: "gateway", n: self.n % 2 }.name())
    }

    /// It is broken: those are few, each for some days a year, until somebody comes and repairs it.
    fn broken(self, day: i64) -> bool {
        let begins =
            |d: i64| (self.kind, self.n) == ("smoke", 3) && d % 120 == 40 || (self.kind, self.n) == ("level", 1) && d % 150 == 60;
        (day - 2..=day).any(begins)
    }

    /// What happens on a day, if anything: so many times in a hundred days, at an hour, for so many hours.
    fn on(self, day: i64) -> Option<Event> {
        let (rarely, long, what): (u64, Ms, Disposition) = match self.kind {
            // Its power fails.
            "gateway" => (100, 4 * HOUR, Disposition::True),
            "smoke" => (110, 20 * MINUTE, Disposition::FalseBehaviour),
            "lift" => (130, 40 * MINUTE, Disposition::True),
            "ebike" => (16, 50 * MINUTE, Disposition::True),
            "charger" => (200, 2 * HOUR, Disposition::Prevented),
            "level" => (25, 5 * HOUR, Disposition::True),
            // A home is quiet for two days: somebody fell, or is with the children.
            "water" | "door" => {
                (150, 40 * HOUR, if chance(self.home(), "how", day) % 10 < 6 { Disposition::True } else { Disposition::Away })
            }
            _ => return None,
        };
        // It rains on all of them.
        let of = if self.kind == "level" { Sensor { n: 0, ..self } } else { self.home() };
        let drawn = chance(of, "what", day);
        let from = day * DAY + (drawn / rarely % 14) as i64 * HOUR + 20 * MINUTE;
        drawn.is_multiple_of(rarely).then_some(Event { from, to: from + long, what })
    }

    /// Both devices of a home tell of the same life.
    fn home(self) -> Sensor {
        if self.is_home() { Sensor { kind: "home", ..self } } else { self }
    }

    /// What happens at a moment, or did in the two days before.
    pub fn event(self, at: Ms) -> Option<Event> {
        let day = at.div_euclid(DAY);
        (day - 2..=day).rev().filter_map(|d| self.on(d)).find(|e| e.from <= at && at < e.to)
    }

    /// What an alarm was that was opened then.
    pub fn was(self, opened: Ms) -> Disposition {
        if self.broken(opened.div_euclid(DAY)) {
            return Disposition::FalseDevice;
        }
        // In the last hour; of a home in all the time that is looked at.
        let back = if self.is_home() { 42 * HOUR } else { 2 * HOUR };
        let around = (0..=back / (10 * MINUTE)).find_map(|n| self.event(opened - n * 10 * MINUTE));
        around.map_or(Disposition::FalseBehaviour, |e| e.what)
    }

    /// What it tells in ten minutes from a moment on.
    pub fn says(self, at: Ms) -> Vec<(&'static str, Json)> {
        let (day, minute) = (at.div_euclid(DAY), at.rem_euclid(DAY) / MINUTE);
        let (event, noise) = (self.event(at).is_some(), chance(self, "noise", at / MINUTE) % 100);
        let half_hour = minute % 30 == 0;
        match self.kind {
            "air" if half_hour => vec![("pm25", json!(38.0 + noise as f64 / 5.0))],
            "gateway" if !event => vec![("state", json!("在线"))],
            // It flutters all day long.
            "smoke" if self.broken(day) => vec![("smoke", json!(minute / 10 % 2 == 0))],
            "smoke" if event || minute % 360 == 0 => vec![("smoke", json!(event))],
            // What it said is over.
            "smoke" if self.event(at - 10 * MINUTE).is_some() => vec![("smoke", json!(false))],
            // It sticks at what it never was.
            "level" if self.broken(day) => vec![("level", json!(88.0))],
            "level" if half_hour => vec![("level", json!(if event { 22.0 } else { 3.0 } + noise as f64 / 50.0))],
            "lift" if event || minute % 60 == 0 => vec![("stuck", json!(event))],
            "lift" if self.event(at - 10 * MINUTE).is_some() => vec![("stuck", json!(false))],
            "ebike" if event || minute % 60 == 0 => vec![("ebike", json!(event))],
            "charger" if half_hour => vec![("temperature", json!(if event { 82.0 } else { 31.0 } + noise as f64 / 20.0))],
            "water" if half_hour => vec![("water", json!(if event { 0.0 } else { self.litres(minute, noise) }))],
            "door" if !event && [450, 680, 1000].contains(&(minute - minute % 10)) => vec![("door", json!(true))],
            "door" if minute == 0 => vec![("battery", json!(80))],
            _ => Vec::new(),
        }
    }

    /// Water of half an hour: none at night, more when there is cooking and washing.
    fn litres(self, minute: i64, noise: u64) -> f64 {
        // UTC: the day begins eight hours before.
        let hour = (minute / 60 + 8) % 24;
        let usual = match hour {
            6..=8 | 11..=12 | 17..=19 => 7.0,
            9..=22 => 2.0,
            // Nobody is up: a tap that runs now is one that nobody closed.
            _ => 0.0,
        };
        (usual * (50 + noise) as f64 / 10.0).round() / 10.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_year_is_the_same_in_every_run_and_something_happens_in_it() {
        let begin = 20_000 * DAY;
        let year = |s: Sensor| (0..365).filter(|d| s.on(begin / DAY + d).is_some()).count();
        let of = |kind: &str| -> usize { all().filter(|s| s.kind == kind).map(year).sum() };
        for kind in ["smoke", "lift", "ebike", "level", "water", "door"] {
            assert!(of(kind) > 3, "{kind}: {}", of(kind));
        }
        // Both devices of a home, and all levels, tell of the same.
        let on = |kind, n| (0..365).filter_map(|d| Sensor { kind, n }.on(begin / DAY + d)).map(|e| e.from).collect::<Vec<_>>();
        assert_eq!((on("water", 2), on("level", 0)), (on("door", 2), on("level", 3)));
        let s = Sensor { kind: "ebike", n: 1 };
        assert_eq!(format!("{:?}", s.says(begin)), format!("{:?}", s.says(begin)));
    }
}
