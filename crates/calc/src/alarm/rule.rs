//! What raises an alarm: conditions on the streams of one subject, without scripts.
//!
//! What must stay true: a rule that passes [`Rule::check`] can be evaluated without end and in bounded memory; levels leave a value
//! between raise and clear nowhere to flutter.

use super::kept::named;

/// Most inputs of a rule.
pub const INPUTS: u8 = 8;
/// Most conditions of a rule, those within others counted.
pub const CONDITIONS: usize = 32;
/// Most slots of a window.
pub const SLOTS: u32 = 1008;
/// Most windows of a baseline.
pub const WINDOWS: u32 = 90;
/// Most of a repetition.
pub const TIMES: u32 = 100;
/// Longest window and delay: a year, in milliseconds.
pub const LONGEST: i64 = 366 * 86_400_000;
/// Most bytes of a text value; longer ones are cut.
pub const TEXT: usize = 64;

/// What a sensor says.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A measure, a count, a reading.
    Number(f64),
    /// Open or closed, wet or dry.
    Bool(bool),
    /// A state by name.
    Text(String),
}

impl Value {
    /// As a number: yes is 1, no is 0. A text is none, and neither is what is not finite.
    pub fn number(&self) -> Option<f64> {
        match self {
            Value::Number(n) => n.is_finite().then_some(*n),
            Value::Bool(yes) => Some(f64::from(u8::from(*yes))),
            Value::Text(_) => None,
        }
    }

    /// Whether it says that something happened: yes, a number other than 0, any text.
    pub fn happened(&self) -> bool {
        self.number().map_or(matches!(self, Value::Text(text) if !text.is_empty()), |n| n != 0.0)
    }

    /// The same thing: devices say 1 and true for one and the same.
    pub fn is(&self, other: &Value) -> bool {
        match (self, other) {
            (Value::Text(a), Value::Text(b)) => a == b,
            _ => self.number().is_some() && self.number() == other.number(),
        }
    }
}

/// On which side a level is passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Raised at the level or above.
    Above,
    /// Raised at the level or below.
    Below,
}

/// Which way a value runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Course {
    /// Up.
    Rise,
    /// Down.
    Fall,
    /// Either.
    Either,
}

/// What counts as use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// Each value is what was used since the one before.
    Amount,
    /// Each value is the reading of a meter, which only grows; less than before is a new meter.
    Counter,
    /// Each value that says that something happened counts one.
    Events,
}

named!(Side { Above = "above", Below = "below" });
named!(Course { Rise = "rise", Fall = "fall", Either = "either" });
named!(Use { Amount = "amount", Counter = "counter", Events = "events" });

/// How much use is enough.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Least {
    /// So much.
    Fixed(f64),
    /// So large a part of what this stream itself uses in a window: of this quantile of its last windows, once so many are known.
    Own {
        /// From 0 to 1.
        quantile: f64,
        /// From 0 to 1.
        part: f64,
        /// Windows that must be known; before nothing is judged.
        windows: u32,
    },
}

/// A condition on one stream.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// A level is passed; it is over when the value is back past `clear`.
    Beyond {
        /// Which side.
        side: Side,
        /// From here on.
        raise: f64,
        /// Up to here it stays.
        clear: f64,
    },
    /// The last value is one of these.
    Among {
        /// At least one.
        values: Vec<Value>,
    },
    /// Nothing was received for so long; by the clock of the server.
    Silent {
        /// Milliseconds.
        after: i64,
    },
    /// Less use than enough in the last so many slots. What is not known is not little.
    Little {
        /// What counts.
        of: Use,
        /// Milliseconds of a slot.
        slot: i64,
        /// Slots of the window.
        slots: u32,
        /// How much is enough.
        least: Least,
        /// Most slots without any data, beyond which nothing is judged; `None` where data come only when something happens.
        gaps: Option<u32>,
    },
    /// Use in every one of the last so many slots: something runs that nobody uses.
    Regular {
        /// What counts.
        of: Use,
        /// Milliseconds of a slot.
        slot: i64,
        /// Slots of the window.
        slots: u32,
        /// More than this in each.
        over: f64,
    },
    /// The value ran so far within so long.
    Change {
        /// Which way.
        course: Course,
        /// So far.
        by: f64,
        /// Milliseconds.
        within: i64,
    },
}

/// When an alarm is raised.
#[derive(Clone, Debug, PartialEq)]
pub enum When {
    /// A test of one of the streams.
    Test {
        /// Which stream, from 0 on.
        input: u8,
        /// What is tested.
        test: Test,
    },
    /// It holds for so long before it counts, and is over for so long before it is.
    Held {
        /// What.
        when: Box<When>,
        /// Milliseconds until it counts.
        on: i64,
        /// Milliseconds until it is over.
        off: i64,
    },
    /// So many times within so long.
    Repeats {
        /// What.
        when: Box<When>,
        /// How often.
        times: u32,
        /// Milliseconds.
        window: i64,
        /// Each observation counts that finds it true; else only when it comes true.
        each: bool,
    },
    /// One of them is enough.
    Any(Vec<When>),
    /// All of them together.
    All(Vec<When>),
}

/// A rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// When.
    pub when: When,
    /// Milliseconds from event to receipt after which an observation is history and raises nothing. For fire and calls for help as long
    /// as [`LONGEST`]: there a wrong clock must not silence it.
    pub late: i64,
    /// Milliseconds that the clock of a device may be ahead; beyond, the time of receipt is taken instead.
    pub ahead: i64,
}

/// What is wrong with a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// Levels are no numbers, or the clear level lies on the wrong side of the raise level.
    Level,
    /// A time is below 0, 0 where that makes no sense, or longer than [`LONGEST`].
    Time,
    /// A number of slots, windows, times or gaps is 0 or too large.
    Number,
    /// A list is empty, or there are more than [`CONDITIONS`] conditions.
    Conditions,
    /// An input beyond [`INPUTS`].
    Input,
    /// With windows of use, `late` is at most the length of a window.
    Late,
}

impl Rule {
    /// Whether it can be evaluated.
    pub fn check(&self) -> Result<(), Wrong> {
        let mut left = CONDITIONS;
        if !(0..=LONGEST).contains(&self.late) || !(0..=LONGEST).contains(&self.ahead) {
            return Err(Wrong::Time);
        }
        self.when.check(self.late, &mut left)
    }

    /// How many streams it listens to: one more than the largest input.
    pub fn inputs(&self) -> usize {
        (0..INPUTS).rev().find(|n| self.when.hears(*n)).map_or(0, |n| usize::from(n) + 1)
    }
}

fn time(ms: i64, least: i64) -> Result<(), Wrong> {
    if (least..=LONGEST).contains(&ms) { Ok(()) } else { Err(Wrong::Time) }
}

fn count(n: u32, most: u32) -> Result<(), Wrong> {
    if (1..=most).contains(&n) { Ok(()) } else { Err(Wrong::Number) }
}

impl When {
    fn check(&self, late: i64, left: &mut usize) -> Result<(), Wrong> {
        *left = left.checked_sub(1).ok_or(Wrong::Conditions)?;
        match self {
            When::Test { input, .. } if *input >= INPUTS => Err(Wrong::Input),
            When::Test { test, .. } => test.check(late),
            When::Held { when, on, off } => {
                time(*on, 0)?;
                time(*off, 0)?;
                when.check(late, left)
            }
            When::Repeats { when, times, window, .. } => {
                count(*times, TIMES)?;
                time(*window, 1)?;
                when.check(late, left)
            }
            When::Any(all) | When::All(all) if all.is_empty() => Err(Wrong::Conditions),
            When::Any(all) | When::All(all) => all.iter().try_for_each(|one| one.check(late, left)),
        }
    }

    /// Whether a stream matters to it.
    pub fn hears(&self, stream: u8) -> bool {
        match self {
            When::Test { input, .. } => *input == stream,
            When::Held { when, .. } | When::Repeats { when, .. } => when.hears(stream),
            When::Any(all) | When::All(all) => all.iter().any(|one| one.hears(stream)),
        }
    }
}

impl Test {
    fn check(&self, late: i64) -> Result<(), Wrong> {
        let window = |slot: i64, slots: u32| {
            count(slots, SLOTS)?;
            time(slot, 1)?;
            time(slot.saturating_mul(i64::from(slots)), 1)?;
            if late > slot * i64::from(slots) { Err(Wrong::Late) } else { Ok(()) }
        };
        match self {
            Test::Beyond { side, raise, clear } => {
                let apart = if *side == Side::Above { clear <= raise } else { clear >= raise };
                if raise.is_finite() && clear.is_finite() && apart { Ok(()) } else { Err(Wrong::Level) }
            }
            Test::Among { values } if values.is_empty() => Err(Wrong::Conditions),
            Test::Among { values } => {
                let fits = |v: &Value| !matches!(v, Value::Number(n) if !n.is_finite());
                if values.iter().all(fits) { Ok(()) } else { Err(Wrong::Level) }
            }
            Test::Silent { after } => time(*after, 1),
            Test::Little { slot, slots, least, gaps, .. } => {
                window(*slot, *slots)?;
                if gaps.is_some_and(|gaps| gaps >= *slots) {
                    return Err(Wrong::Number);
                }
                match least {
                    Least::Fixed(least) if least.is_finite() && *least > 0.0 => Ok(()),
                    Least::Own { quantile, part, windows } => {
                        count(*windows, WINDOWS)?;
                        let share = |x: f64| (0.0..=1.0).contains(&x);
                        if share(*quantile) && share(*part) { Ok(()) } else { Err(Wrong::Level) }
                    }
                    Least::Fixed(_) => Err(Wrong::Level),
                }
            }
            Test::Regular { slot, slots, over, .. } => {
                window(*slot, *slots)?;
                if over.is_finite() && *over >= 0.0 { Ok(()) } else { Err(Wrong::Level) }
            }
            Test::Change { by, within, .. } => {
                time(*within, 1)?;
                if by.is_finite() && *by > 0.0 { Ok(()) } else { Err(Wrong::Level) }
            }
        }
    }
}
