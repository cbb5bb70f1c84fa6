//! Who is called for an alarm, one rung after another, until somebody looks after it: family, the volunteer next door, the grid worker,
//! the committee's duty desk, the street.
//!
//! What must stay true: a rung is called once for an alarm at most, whatever happens; nobody is called once it was seen or while it is
//! hidden; in quiet hours only what is grave enough rings, the rest waits for their end.

use super::kept::{kept, read, write};

/// Most rungs.
pub const RUNGS: usize = 64;
const MINUTE: i64 = 60_000;
const DAY: i64 = 1440;

/// A rung.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rung {
    /// Milliseconds in which somebody of it looks after the alarm; then the next rung is called.
    pub within: i64,
    /// Whether its people have quiet hours. A duty desk has none.
    pub sleeps: bool,
}

/// Quiet hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quiet {
    /// Minute of the local day from which on it is quiet.
    pub from: u16,
    /// Minute at which it ends; before `from`, the next day.
    pub to: u16,
    /// Alarms of this severity or more ring all the same.
    pub unless: u8,
}

/// Rungs, the first one first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ladder {
    /// At most [`RUNGS`]; those beyond are never called.
    pub rungs: Vec<Rung>,
    /// Quiet hours.
    pub quiet: Option<Quiet>,
}

/// When it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Milliseconds.
    pub now: i64,
    /// Milliseconds that local time is ahead.
    pub offset: i64,
    /// How grave the alarm is: more is graver.
    pub severity: u8,
}

/// How far an alarm has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Climb {
    /// The next rung; those below were called.
    pub next: usize,
    /// When it is its turn; `None` when nobody is waited for.
    pub due: Option<i64>,
    /// Milliseconds that were left when the alarm was hidden.
    left: Option<i64>,
}
kept!(Climb { next, due, left });

impl Climb {
    /// As it was kept.
    pub fn parse(text: &str) -> Option<Climb> {
        read(text)
    }

    /// As a text to be kept.
    pub fn text(&self) -> String {
        write(self)
    }

    /// At the foot of the ladder, the first rung to be called at once.
    pub fn begin(now: i64) -> Climb {
        Climb { next: 0, due: Some(now), left: None }
    }

    /// The rung whose turn it is, if it is: call it. To be asked again at [`Climb::due`].
    pub fn call(&mut self, ladder: &Ladder, moment: Moment) -> Option<usize> {
        if self.due.is_none_or(|due| due > moment.now) {
            return None;
        }
        let Some(rung) = ladder.rungs.get(self.next).filter(|_| self.next < RUNGS) else {
            self.due = None;
            return None;
        };
        if let Some(end) = ladder.quiet.filter(|q| rung.sleeps && moment.severity < q.unless).and_then(|q| q.end(moment)) {
            self.due = Some(end);
            return None;
        }
        self.next += 1;
        self.due = Some(moment.now.saturating_add(rung.within.max(0)));
        Some(self.next - 1)
    }

    /// Somebody looks after it.
    pub fn seen(&mut self) {
        (self.due, self.left) = (None, None);
    }

    /// It is raised again after it was over: whoever was called last has his time again, then the next one is called.
    pub fn again(&mut self, ladder: &Ladder, now: i64) {
        let within = self.next.checked_sub(1).and_then(|last| ladder.rungs.get(last)).map_or(0, |rung| rung.within.max(0));
        self.due = Some(now.saturating_add(within));
    }

    /// It is hidden: the time that is left waits.
    pub fn hide(&mut self, now: i64) {
        self.left = self.due.take().map(|due| due.saturating_sub(now).max(0)).or(self.left);
    }

    /// It is no longer hidden.
    pub fn show(&mut self, now: i64) {
        self.due = self.left.take().map(|left| now.saturating_add(left)).or(self.due);
    }
}

impl Quiet {
    /// When quiet hours end, if it is quiet now.
    fn end(self, moment: Moment) -> Option<i64> {
        let local = moment.now.saturating_add(moment.offset);
        let minute = local.div_euclid(MINUTE).rem_euclid(DAY);
        let (from, to) = (i64::from(self.from) % DAY, i64::from(self.to) % DAY);
        let quiet = if from <= to { (from..to).contains(&minute) } else { minute >= from || minute < to };
        let left = (to - minute).rem_euclid(DAY) * MINUTE - local.rem_euclid(MINUTE);
        quiet.then(|| moment.now.saturating_add(left))
    }
}
