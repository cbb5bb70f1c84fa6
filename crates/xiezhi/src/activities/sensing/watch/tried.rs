//! A rule tried on what devices of a place told, before it is switched on.
//!
//! What must stay true: of homes nothing is said but sums, and those only of several homes.

use std::cmp::Reverse;

use calc::alarm::{Observation, Quality, Value, try_on};
use schemars::JsonSchema;
use serde::Serialize;
use store::Query;

use super::book::Active;
use crate::activities::sensing::Device;
use crate::activities::sensing::ingest::{self, Reading};
use crate::kit::time::{DAY, Ms};
use crate::kit::{Req, Result};

/// Days of history.
pub const DAYS: i64 = 30;
/// Devices that are looked at.
pub const DEVICES: usize = 50;
/// Readings of each stream.
const READINGS: i64 = 5_000;
/// Times that are named.
const NAMED: usize = 20;
/// Homes of which sums are said.
const HOMES: usize = 5;

/// What became of a trial.
#[derive(Serialize, JsonSchema)]
pub struct Trial {
    /// Days looked back.
    pub days: i64,
    /// Devices that told something.
    pub devices: usize,
    /// Too few homes to say anything.
    pub few: bool,
    /// How often it would have been raised.
    pub raises: usize,
    /// Of how many devices.
    pub of: usize,
    /// A month, for each device.
    pub monthly: String,
    /// The newest of them.
    pub spells: Vec<Spell>,
}

/// A time in which it would have been raised.
#[derive(Serialize, JsonSchema)]
pub struct Spell {
    /// Name of the device.
    pub device: String,
    /// Beginning.
    pub from: String,
    /// End, if there was one.
    pub to: Option<String>,
}

/// Tries a rule on these devices.
pub fn trial(req: &Req, q: &mut dyn Query, active: &Active, devices: &[Device]) -> Result<Trial> {
    let (now, from) = (req.now, req.now - DAYS * DAY);
    let (mut told, mut raises, mut of) = (0, 0, 0);
    let mut spells: Vec<(Ms, Option<Ms>, &str)> = Vec::new();
    for device in devices.iter().take(DEVICES) {
        let history = history(q, active, device, from, now)?;
        if history.is_empty() {
            continue;
        }
        let tried = try_on(&active.rule, &history, from, now, NAMED);
        told += 1;
        raises += tried.raises;
        of += usize::from(tried.raises > 0);
        if !device.is_home() {
            spells.extend(tried.spells.iter().map(|s| (s.from, s.to, device.name.as_str())));
        }
    }
    spells.sort_by_key(|(from, _, name)| (Reverse(*from), *name));
    spells.truncate(NAMED);
    let few = devices.first().is_some_and(Device::is_home) && told < HOMES;
    let sum = |n: usize| if few { 0 } else { n };
    Ok(Trial {
        days: DAYS,
        devices: told,
        few,
        raises: sum(raises),
        of: sum(of),
        monthly: format!("{:.1}", sum(raises) as f64 / told.max(1) as f64),
        spells: spells
            .into_iter()
            .map(|(from, to, device)| Spell {
                device: device.to_owned(),
                from: req.app.time(from),
                to: to.map(|t| req.app.time(t)),
            })
            .collect(),
    })
}

/// What a device told, in the order in which it came.
fn history(q: &mut dyn Query, active: &Active, device: &Device, from: Ms, to: Ms) -> Result<Vec<Observation>> {
    let mut out = Vec::new();
    for stream in ingest::heard(q, std::slice::from_ref(device))? {
        let Some(input) = active.measures.iter().position(|m| *m == stream.name) else { continue };
        for one in ingest::written(q, device, stream.num, from, to, READINGS)? {
            let value = match one.reading {
                Some(Reading::Number(n)) => Value::Number(n),
                Some(Reading::Text(text)) => Value::Text(text),
                None => continue,
            };
            let (input, at) = (input as u8, Some(one.t));
            out.push(Observation { input, at, received: one.received, seq: None, value, quality: Quality::Good });
        }
    }
    out.sort_by_key(|o| (o.received, o.at, o.input));
    Ok(out)
}
