//! What a frame says, as readings of streams: `fire`, `fault` … of the panel, and `fire.1-3-23-7` of a component: kind and number of its
//! system, kind and place of the component.
//!
//! What must stay true: fire is always said, for the component and for the panel; of other states the beginning is said and, once
//! one was told of, the end, so that a thousand quiet detectors are no seven thousand streams; the panel itself is out of fire
//! when its system says so or somebody reset it, not when one of many detectors is. A clock that is wrong by more than what counts
//! as late is not believed: what is told counts from when it came, and fire always counts from when it was sent.

use std::collections::HashSet;
use std::sync::Arc;

use calc::gb26875::unit::bit;
use calc::gb26875::{Frame, Object, Part, Stamp, Unit, unit};
use jiff::tz::TimeZone;
use serde_json::{Value as Json, json};

use crate::activities::sensing::Device;
use crate::activities::sensing::ingest::{self, Told};
use crate::activities::sensing::pack::Pack;
use crate::kit::time::{MINUTE, Ms};

/// States of components and systems, by their bits.
const STATES: [(u16, &str); 6] = [
    (bit::FIRE, "fire"),
    (bit::FAULT, "fault"),
    (bit::SHIELDED, "shielded"),
    (bit::SUPERVISED, "supervised"),
    (bit::STARTED, "started"),
    (bit::FEEDBACK, "feedback"),
];
/// What the transmission device says of itself: bits that are faults (its own, mains, battery, both lines), and fire.
const DEVICE_FIRE: u8 = 1 << 1;
const DEVICE_FAULTS: u8 = 0b111_1100;
/// What somebody did at a panel, by bit; the first is that he reset it.
const RESET: u8 = 1;
const DONE: [&str; 7] = ["reset", "silence", "call", "cancel", "confirm", "test", "answer"];

/// One thing that a frame says.
struct Say {
    name: String,
    value: Json,
}

/// The hex digits under which a panel is added.
pub fn address(source: [u8; 6]) -> String {
    source.iter().map(|b| format!("{b:02x}")).collect()
}

/// Whose clock a panel has: when it was so, by what it says and when it came.
struct Clock<'z> {
    zone: &'z TimeZone,
    now: Ms,
    /// Added to what the panel says.
    shift: Ms,
}

impl Clock<'_> {
    fn of(frame: Stamp, zone: &TimeZone, now: Ms, late: Ms) -> Clock<'_> {
        let said = moment(frame, zone);
        let shift = said.map_or(0, |said| if (now - said).abs() > late { now - said } else { 0 });
        Clock { zone, now, shift }
    }

    /// A second of a panel has room for many frames: the serial number and the place in the frame tell them apart, so that the same
    /// frame again is the same.
    fn at(&self, stamp: Stamp, serial: u16, n: usize) -> Ms {
        let apart = i64::from(serial % 100) * 10 + n.min(9) as i64;
        moment(stamp, self.zone).map_or(self.now, |said| said + self.shift + apart)
    }
}

fn moment(stamp: Stamp, zone: &TimeZone) -> Option<Ms> {
    let local = jiff::Timestamp::from_millisecond(stamp.local()?).ok()?.to_zoned_datetime(TimeZone::UTC).datetime();
    local.to_zoned_datetime(zone.clone()).ok().map(|z| z.timestamp().as_millisecond())
}

/// Reads a frame; none when it makes no sense. `known` are the streams that this panel told of.
pub fn read(
    pack: &Pack,
    device: &Arc<Device>,
    known: &HashSet<String>,
    frame: &Frame,
    zone: &TimeZone,
    now: Ms,
) -> Option<Vec<Told>> {
    let unit = if frame.data.is_empty() { Unit { kind: 0, objects: Vec::new() } } else { Unit::parse(&frame.data)? };
    let clock = Clock::of(frame.time, zone, now, pack.limits.late_minutes * MINUTE);
    let mut out = Vec::new();
    for (n, (object, stamp)) in unit.objects.iter().enumerate() {
        for say in says(object, known) {
            let told = clock.at(stamp.unwrap_or(frame.time), frame.serial, n);
            // Panel and transmission device have two clocks: a fire is none of yesterday because one of them is slow.
            let is_old = now - told > pack.limits.late_minutes * MINUTE && say.name.starts_with("fire");
            let t = if is_old { clock.at(frame.time, frame.serial, n) } else { told };
            push(pack, device, &say.name, &json!({ "t": t, "v": say.value }), now, &mut out)?;
        }
    }
    if out.is_empty() {
        // A sign of life.
        let t = clock.at(frame.time, frame.serial, 0);
        push(pack, device, "state", &json!({ "t": t, "v": "online" }), now, &mut out)?;
    }
    Some(out)
}

fn push(pack: &Pack, device: &Arc<Device>, name: &str, said: &Json, now: Ms, out: &mut Vec<Told>) -> Option<()> {
    let told = ingest::parse(pack, device, name, said, now).ok()?;
    // Of two that say the same thing at the same moment the graver stands: yes before no.
    let same = |o: &Told| o.name == told.name && o.t == told.t;
    match out.iter_mut().find(|o| same(o)) {
        Some(first) if told.reading == ingest::Reading::Number(1.0) => *first = told,
        Some(_) => {}
        None => out.push(told),
    }
    Some(())
}

fn says(object: &Object, known: &HashSet<String>) -> Vec<Say> {
    let say = |name: String, value: Json| Say { name, value };
    match object {
        Object::System { system, address, status } => {
            let mut all = states(&format!("{system}-{address}"), *status, known);
            all.push(say("fire".into(), (status & bit::FIRE != 0).into()));
            all.push(say("fault".into(), (status & bit::FAULT != 0).into()));
            all
        }
        Object::Component { part, status, legend } => {
            let name = place(part);
            let mut all = states(&name, *status, known);
            if status & bit::FIRE != 0 {
                all.push(say("fire".into(), true.into()));
            }
            let label = format!("label.{name}");
            if !legend.is_empty() && !known.contains(&label) {
                let text = encoding_rs::GB18030.decode_without_bom_handling(legend).0.into_owned();
                let text = crate::kit::input::clean(&text);
                if !text.is_empty() {
                    all.push(say(label, text.into()));
                }
            }
            all
        }
        Object::Analog { part, kind, value } => {
            measured(*kind, *value).map(|(measure, n)| say(format!("{measure}.{}", place(part)), n.into())).into_iter().collect()
        }
        Object::Operation { what, .. } | Object::DeviceOperation { what, .. } => {
            let done: Vec<&str> = DONE.iter().enumerate().filter(|(n, _)| what & (1 << n) != 0).map(|(_, w)| *w).collect();
            let mut all = vec![say("state".into(), format!("{} {what:#04x}", done.join(" ")).trim().into())];
            if what & RESET != 0 {
                all.push(say("fire".into(), false.into()));
            }
            all
        }
        // Not every one knows that there is a fire: that it sees none is no end of one.
        Object::Device { status } => {
            let fire = (status & DEVICE_FIRE != 0).then(|| say("fire".into(), true.into()));
            fire.into_iter().chain([say("fault".into(), (status & DEVICE_FAULTS != 0).into())]).collect()
        }
        Object::DeviceTime | Object::Other(_) => Vec::new(),
    }
}

fn place(part: &Part) -> String {
    format!("{}-{}-{}-{}", part.system, part.address, part.kind, part.place)
}

fn states(part: &str, status: u16, known: &HashSet<String>) -> Vec<Say> {
    let all = STATES.iter().map(|(bit, name)| (format!("{name}.{part}"), status & bit != 0));
    let fits = |(name, on): &(String, bool)| *on || name.starts_with("fire.") || known.contains(name);
    all.filter(fits).map(|(name, on)| Say { name, value: on.into() }).collect()
}

/// A measured value in our unit, and what it is called here.
fn measured(kind: u8, steps: i16) -> Option<(&'static str, f64)> {
    let (scale, _) = unit::scale(kind)?;
    let n = f64::from(steps) * scale;
    let (name, n) = match kind {
        2 => ("height", n),
        3 => ("temperature", n),
        4 => ("pressure", n * 1000.0),
        5 => ("pressure", n),
        6 => ("lel", n),
        8 => ("voltage", n),
        9 => ("current", n),
        10 => ("flow", n),
        11 => ("flow", n * 1000.0 / 60.0),
        _ => return None,
    };
    // Steps are decimal: what multiplying adds to them is no measurement.
    Some((name, (n * 1e4).round() / 1e4))
}
