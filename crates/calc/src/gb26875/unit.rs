//! What is in a frame: a kind, how many objects, the objects.
//!
//! What must stay true: a unit is read whole or not at all; kinds that we do not read stay bytes.

use super::frame::Stamp;

/// Bytes of the words about a component, GB 18030, filled with zeros.
pub const LEGEND: usize = 31;

/// Where a component is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Kind of system: 1 fire alarm, 11 hydrants, 12 sprinklers …
    pub system: u8,
    /// Number of the system.
    pub address: u8,
    /// Kind of component: 23 call point, 30 heat detector, 40 smoke detector …
    pub kind: u8,
    /// Where it is: by most makers zone and place, 16 bits each.
    pub place: u32,
}

/// Bits of the status of systems and components.
pub mod bit {
    /// Working; without it, it is being tested.
    pub const NORMAL: u16 = 1;
    /// Fire.
    pub const FIRE: u16 = 1 << 1;
    /// Out of order.
    pub const FAULT: u16 = 1 << 2;
    /// Switched off by hand.
    pub const SHIELDED: u16 = 1 << 3;
    /// Supervised: a valve is shut, water is low.
    pub const SUPERVISED: u16 = 1 << 4;
    /// Started.
    pub const STARTED: u16 = 1 << 5;
    /// Says that it did what it should.
    pub const FEEDBACK: u16 = 1 << 6;
    /// Waits before it starts.
    pub const DELAYED: u16 = 1 << 7;
    /// No power.
    pub const POWER: u16 = 1 << 8;
}

/// One thing that is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Object {
    /// How a system is (kind 1).
    System {
        /// Kind of system.
        system: u8,
        /// Its number.
        address: u8,
        /// [`bit`]s.
        status: u16,
    },
    /// How a component is (2).
    Component {
        /// Which.
        part: Part,
        /// [`bit`]s.
        status: u16,
        /// What it is called there, without zeros at the end: GB 18030.
        legend: Vec<u8>,
    },
    /// What a component measures (3).
    Analog {
        /// Which.
        part: Part,
        /// What is measured: [`scale`].
        kind: u8,
        /// How much, in steps.
        value: i16,
    },
    /// What somebody did at a system (4).
    Operation {
        /// Kind of system.
        system: u8,
        /// Its number.
        address: u8,
        /// What, as bits: reset, silence, call, cancelled, confirmed, tested …
        what: u8,
        /// Who.
        operator: u8,
    },
    /// How the transmission device is (21), as bits: working, fire, fault, mains, battery, line to the centre, line to the systems.
    Device {
        /// Bits.
        status: u8,
    },
    /// What somebody did at the transmission device (24).
    DeviceOperation {
        /// What, as bits.
        what: u8,
        /// Who.
        operator: u8,
    },
    /// What time it is there (28).
    DeviceTime,
    /// A kind that we do not read: all of its bytes.
    Other(Vec<u8>),
}

/// What a frame tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// Its kind.
    pub kind: u8,
    /// Objects, each with its time where it has one.
    pub objects: Vec<(Object, Option<Stamp>)>,
}

/// Bytes of an object of a kind, without its time.
fn size(kind: u8) -> Option<usize> {
    Some(match kind {
        1 | 4 => 4,
        2 => 9 + LEGEND,
        3 => 10,
        21 => 1,
        24 => 2,
        28 => 0,
        _ => return None,
    })
}

impl Unit {
    /// Reads the data of a frame; `None` when its length does not fit what it says. Objects may lack their times, all of them together.
    pub fn parse(data: &[u8]) -> Option<Unit> {
        let [kind, many, rest @ ..] = data else { return None };
        let (kind, many) = (*kind, usize::from(*many));
        let Some(size) = size(kind) else {
            return Some(Unit { kind, objects: vec![(Object::Other(rest.to_vec()), None)] });
        };
        let whole = if rest.len() == many * (size + 6) {
            size + 6
        } else if size > 0 && rest.len() == many * size {
            size
        } else {
            return None;
        };
        let read = |bytes: &[u8]| {
            let stamp = bytes[size..].first_chunk().map(|time| Stamp(*time));
            Some((object(kind, bytes)?, stamp))
        };
        let objects = rest.chunks_exact(whole).map(read).collect::<Option<Vec<_>>>()?;
        Some(Unit { kind, objects })
    }

    /// The data of a frame; `None` with more objects than can be counted.
    pub fn bytes(&self) -> Option<Vec<u8>> {
        let mut out = vec![self.kind, u8::try_from(self.objects.len()).ok()?];
        for (object, stamp) in &self.objects {
            put(object, &mut out);
            out.extend(stamp.iter().flat_map(|s| s.0));
        }
        Some(out)
    }
}

fn object(kind: u8, bytes: &[u8]) -> Option<Object> {
    let short = |at: usize| Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?));
    let byte = |at: usize| bytes.get(at).copied();
    let part = || {
        let place = u32::from_le_bytes(*bytes.get(3..)?.first_chunk()?);
        Some(Part { system: byte(0)?, address: byte(1)?, kind: byte(2)?, place })
    };
    Some(match kind {
        1 => Object::System { system: byte(0)?, address: byte(1)?, status: short(2)? },
        2 => {
            let legend = bytes.get(9..9 + LEGEND)?;
            let end = legend.iter().rposition(|b| *b != 0).map_or(0, |last| last + 1);
            Object::Component { part: part()?, status: short(7)?, legend: legend[..end].to_vec() }
        }
        3 => Object::Analog { part: part()?, kind: byte(7)?, value: short(8)? as i16 },
        4 => Object::Operation { system: byte(0)?, address: byte(1)?, what: byte(2)?, operator: byte(3)? },
        21 => Object::Device { status: byte(0)? },
        24 => Object::DeviceOperation { what: byte(0)?, operator: byte(1)? },
        _ => Object::DeviceTime,
    })
}

fn put(object: &Object, out: &mut Vec<u8>) {
    let part = |p: &Part, out: &mut Vec<u8>| {
        out.extend([p.system, p.address, p.kind]);
        out.extend(p.place.to_le_bytes());
    };
    match object {
        Object::System { system, address, status } => {
            out.extend([*system, *address]);
            out.extend(status.to_le_bytes());
        }
        Object::Component { part: p, status, legend } => {
            part(p, out);
            out.extend(status.to_le_bytes());
            out.extend(legend.iter().copied().chain(std::iter::repeat(0)).take(LEGEND));
        }
        Object::Analog { part: p, kind, value } => {
            part(p, out);
            out.push(*kind);
            out.extend(value.to_le_bytes());
        }
        Object::Operation { system, address, what, operator } => out.extend([*system, *address, *what, *operator]),
        Object::Device { status } => out.push(*status),
        Object::DeviceOperation { what, operator } => out.extend([*what, *operator]),
        Object::DeviceTime => {}
        Object::Other(bytes) => out.extend(bytes),
    }
}

/// What a measured value means: how large a step is, and its unit.
pub fn scale(kind: u8) -> Option<(f64, &'static str)> {
    Some(match kind {
        1 => (1.0, ""),
        2 => (0.01, "m"),
        3 => (0.1, "°C"),
        4 => (0.1, "MPa"),
        5 => (0.1, "kPa"),
        6 => (0.1, "%LEL"),
        7 => (1.0, "s"),
        8 => (0.1, "V"),
        9 => (0.1, "A"),
        10 => (0.1, "L/s"),
        11 => (0.1, "m³/min"),
        12 => (1.0, "m/s"),
        _ => return None,
    })
}
