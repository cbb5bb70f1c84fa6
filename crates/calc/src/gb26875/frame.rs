//! Frames: `@@`, a head of 25 bytes, up to 1,024 bytes of data, a sum, `##`. Numbers begin with their low byte.
//!
//! What must stay true: a frame is taken only when its end stands where its length says and its sum is right; a head that cannot be one
//! costs a single byte, so that a frame which begins within it is found.

/// Most bytes of data.
pub const DATA: usize = 1024;
const BEGIN: [u8; 2] = *b"@@";
const END: [u8; 2] = *b"##";
/// Begin, serial, version, time, source, destination, length, command.
const HEAD: usize = 2 + 2 + 2 + 6 + 6 + 6 + 2 + 1;
/// Sum and end.
const TAIL: usize = 1 + 2;
/// The largest frame.
pub const LARGEST: usize = HEAD + DATA + TAIL;

/// A local time of a device: second, minute, hour, day, month, year of the century.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamp(pub [u8; 6]);

/// What a frame is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// The centre wants something done.
    Control,
    /// The device tells something.
    Send,
    /// What was told is kept.
    Confirm,
    /// The centre asks.
    Request,
    /// The device answers.
    Answer,
    /// What was told is not taken.
    Deny,
    /// Any other number.
    Other(u8),
}

impl Command {
    /// By its number.
    pub fn of(number: u8) -> Command {
        match number {
            1 => Command::Control,
            2 => Command::Send,
            3 => Command::Confirm,
            4 => Command::Request,
            5 => Command::Answer,
            6 => Command::Deny,
            other => Command::Other(other),
        }
    }

    /// Its number.
    pub fn number(self) -> u8 {
        match self {
            Command::Control => 1,
            Command::Send => 2,
            Command::Confirm => 3,
            Command::Request => 4,
            Command::Answer => 5,
            Command::Deny => 6,
            Command::Other(number) => number,
        }
    }
}

/// A frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Serial number: an answer has that of what it answers.
    pub serial: u16,
    /// Version of the protocol, and of the maker.
    pub version: [u8; 2],
    /// When it was sent.
    pub time: Stamp,
    /// From whom.
    pub source: [u8; 6],
    /// To whom.
    pub destination: [u8; 6],
    /// What for.
    pub command: Command,
    /// At most [`DATA`] bytes.
    pub data: Vec<u8>,
}

impl Frame {
    /// As bytes; `None` with too much data.
    pub fn bytes(&self) -> Option<Vec<u8>> {
        let length = u16::try_from(self.data.len()).ok().filter(|n| usize::from(*n) <= DATA)?;
        let mut out = Vec::with_capacity(HEAD + self.data.len() + TAIL);
        out.extend(BEGIN);
        out.extend(self.serial.to_le_bytes());
        out.extend(self.version);
        out.extend(self.time.0);
        out.extend(self.source);
        out.extend(self.destination);
        out.extend(length.to_le_bytes());
        out.push(self.command.number());
        out.extend(&self.data);
        out.push(sum(&out[BEGIN.len()..]));
        out.extend(END);
        Some(out)
    }

    /// The answer without data: confirmed, or not taken.
    pub fn reply(&self, taken: bool, time: Stamp) -> Frame {
        Frame {
            command: if taken { Command::Confirm } else { Command::Deny },
            source: self.destination,
            destination: self.source,
            time,
            data: Vec::new(),
            ..*self
        }
    }

    /// Reads the head at the begin of these bytes; data are not looked at.
    fn head(bytes: &[u8; HEAD]) -> Frame {
        let part = |from: usize| -> [u8; 6] { std::array::from_fn(|n| bytes[from + n]) };
        Frame {
            serial: u16::from_le_bytes([bytes[2], bytes[3]]),
            version: [bytes[4], bytes[5]],
            time: Stamp(part(6)),
            source: part(12),
            destination: part(18),
            command: Command::of(bytes[26]),
            data: Vec::new(),
        }
    }
}

fn sum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum, b| sum.wrapping_add(*b))
}

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Bytes that belong to no frame.
    Noise,
    /// More data than there may be.
    Length,
    /// No end where it should be.
    End,
    /// The sum is another one.
    Sum,
}

/// Bytes that were passed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong.
    pub what: What,
    /// How many bytes.
    pub bytes: usize,
    /// With a wrong sum: the frame as it seems to be, to be denied.
    pub frame: Option<Frame>,
}

/// What is found in the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// A frame.
    Frame(Frame),
    /// Something else.
    Fault(Fault),
}

/// Finds frames in bytes as they come.
#[derive(Clone, Debug, Default)]
pub struct Decoder {
    /// What may be the beginning of a frame: less than [`LARGEST`] bytes.
    kept: Vec<u8>,
}

impl Decoder {
    /// Takes bytes; what is in them comes in order.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<Found> {
        let mut found = Vec::new();
        // In pieces, so that never more than two frames are kept.
        for piece in bytes.chunks(LARGEST) {
            self.kept.extend_from_slice(piece);
            let mut at = 0;
            while let Some(step) = look(&self.kept[at..], &mut found) {
                at += step;
            }
            self.kept.drain(..at);
        }
        found
    }

    /// Nothing came for a while: what looked like the beginning of a frame is none.
    pub fn idle(&mut self) -> Vec<Found> {
        let mut found = Vec::new();
        let kept = std::mem::take(&mut self.kept);
        if let Some((_, rest)) = kept.split_first() {
            pass(What::Noise, 1, &mut found);
            for one in self.push(rest) {
                match one {
                    Found::Fault(Fault { what, bytes, frame: None }) => pass(what, bytes, &mut found),
                    other => found.push(other),
                }
            }
        }
        found
    }

    /// How many bytes wait for the rest of their frame.
    pub fn waiting(&self) -> usize {
        self.kept.len()
    }
}

/// Passes over bytes; those of one kind in a row are one fault.
fn pass(what: What, bytes: usize, found: &mut Vec<Found>) {
    match found.last_mut() {
        Some(Found::Fault(fault)) if fault.what == what && fault.frame.is_none() => fault.bytes += bytes,
        _ => found.push(Found::Fault(Fault { what, bytes, frame: None })),
    }
}

/// Looks at the first bytes: how many are done, or `None` when more are needed.
fn look(bytes: &[u8], found: &mut Vec<Found>) -> Option<usize> {
    if bytes.is_empty() {
        return None;
    }
    let begin = bytes.windows(2).position(|w| w == BEGIN);
    let noise = begin.unwrap_or(bytes.len() - usize::from(bytes.ends_with(&BEGIN[..1])));
    if noise > 0 {
        pass(What::Noise, noise, found);
        return Some(noise);
    }
    let head: &[u8; HEAD] = bytes.first_chunk()?;
    let length = usize::from(u16::from_le_bytes([head[24], head[25]]));
    if length > DATA {
        pass(What::Length, 1, found);
        return Some(1);
    }
    let whole = HEAD + length + TAIL;
    let all = bytes.get(..whole)?;
    if all[whole - 2..] != END {
        pass(What::End, 1, found);
        return Some(1);
    }
    let mut frame = Frame::head(head);
    frame.data.extend_from_slice(&all[HEAD..HEAD + length]);
    found.push(if sum(&all[2..HEAD + length]) == all[HEAD + length] {
        Found::Frame(frame)
    } else {
        Found::Fault(Fault { what: What::Sum, bytes: whole, frame: Some(frame) })
    });
    Some(whole)
}

impl Stamp {
    /// From milliseconds since 1970 of local civil time.
    pub fn of(local: i64) -> Stamp {
        let (days, second) = (local.div_euclid(86_400_000), local.rem_euclid(86_400_000) / 1000);
        let (year, month, day) = civil(days);
        Stamp([
            (second % 60) as u8,
            (second / 60 % 60) as u8,
            (second / 3600) as u8,
            day as u8,
            month as u8,
            year.rem_euclid(100) as u8,
        ])
    }

    /// In milliseconds since 1970 of local civil time, of the years from 2000 to 2099; `None` when there is no such time.
    pub fn local(self) -> Option<i64> {
        let [second, minute, hour, day, month, year] = self.0.map(i64::from);
        let clock = second < 60 && minute < 60 && hour < 24 && year < 100;
        let days = days(2000 + year, month, day);
        // What civil time makes of it again is the same, or there is no such day.
        (clock && (1..=12).contains(&month) && civil(days) == (2000 + year, month, day))
            .then_some(((days * 24 + hour) * 60 + minute) * 60_000 + second * 1000)
    }
}

/// Days since 1970, years beginning in March (the algorithm of Howard Hinnant).
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year, month and day of a number of days since 1970.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let years = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * years + years / 4 - years / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (years + era * 400 + i64::from(month <= 2), month, day)
}
