//! The life of an alarm: what is raised, seen, over and closed, and what people do to it meanwhile.
//!
//! After ISA-18.2: raised or not, seen or not, which makes four phases. Over them lie what hides an alarm for a while: shelved by
//! somebody, suppressed because what it hangs on is down, out of service. One machine belongs to one rule and subject; it has at most one
//! open alarm, so nothing is opened twice. [`Machine::step`] takes what happened and says what follows; it has no clock.
//!
//! What must stay true: an alarm is open from [`Effect::Open`] to [`Effect::Close`], and closed only with a [`Disposition`], by
//! somebody, and not while it is raised; what is hidden opens nothing and calls nobody; a latched alarm is over only when somebody
//! resets it, and one that came while it was hidden opens behind it; a fluttering sensor calls people once, and once for its repair.

use std::collections::VecDeque;

use super::kept::{kept, named, read, write};

/// Raises within [`FLUTTER`] that make an alarm chatter.
pub const RAISES: usize = 3;
/// A minute.
pub const FLUTTER: i64 = 60_000;
/// Steps within [`CALM`] that make an alarm chatter.
pub const STEPS: usize = 6;
/// An hour; without steps for as long it chatters no more.
pub const CALM: i64 = 3_600_000;

/// The four phases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// Neither raised nor waiting to be seen.
    #[default]
    Normal,
    /// Raised, seen by nobody.
    Raised,
    /// Raised and seen.
    Seen,
    /// Over before anybody saw it.
    Returned,
}
named!(Phase { Normal = "normal", Raised = "raised", Seen = "seen", Returned = "returned" });

/// What it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// Somebody needed it.
    True,
    /// It would have come to harm, and did not.
    Prevented,
    /// The device was wrong.
    FalseDevice,
    /// People did what looks like it: cooking, cleaning.
    FalseBehaviour,
    /// A test.
    Test,
    /// Nobody was at home.
    Away,
}
named!(Disposition {
    True = "true",
    Prevented = "prevented",
    FalseDevice = "false-device",
    FalseBehaviour = "false-behaviour",
    Test = "test",
    Away = "away",
});

/// How a rule wants its alarms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Fire and calls for help: it is over only when somebody resets it.
    pub latched: bool,
    /// Milliseconds for which it must be over before it is, once it chatters; doubled each time it chatters again.
    pub settle: i64,
    /// At most so long.
    pub most: i64,
}

impl Default for Policy {
    fn default() -> Policy {
        Policy { latched: false, settle: 60_000, most: 1_800_000 }
    }
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The rule is true.
    Raise,
    /// It no longer is.
    Clear,
    /// Somebody has seen it and looks after it.
    See(String),
    /// Somebody says that a latched alarm is over.
    Reset(String),
    /// Hidden until then, for a reason.
    Shelve {
        /// Milliseconds.
        until: i64,
        /// Who.
        who: String,
        /// Why.
        why: String,
    },
    /// No longer.
    Unshelve,
    /// What it hangs on is down: by its name.
    Suppress(String),
    /// It is up again.
    Release,
    /// The device is out of service, or in service.
    Service(bool),
    /// What it was, said by somebody: the alarm is closed.
    Close(Disposition, String),
    /// Time passed.
    Tick,
}

/// What follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// There is an alarm: the first rung is called.
    Open,
    /// It was seen and over, and is raised again: the ladder goes on from where it stood.
    Again,
    /// Seen: nobody else is called.
    Quiet,
    /// Over; whoever looks after it says what it was.
    Over,
    /// Closed.
    Close(Disposition),
    /// It flutters: somebody looks at the device. Once for each alarm.
    Repair,
    /// It is hidden while open: nobody else is called for now.
    Hide,
    /// It is no longer hidden: the ladder goes on.
    Show,
    /// Not now.
    Refused(Refusal),
}

/// Why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is no open alarm.
    NotOpen,
    /// It is still raised; a latched one is reset first.
    StillRaised,
    /// It is over already, or seen already.
    Already,
    /// The end lies before now.
    Past,
    /// No name, or no reason.
    Unnamed,
}
named!(Refusal {
    NotOpen = "not-open",
    StillRaised = "still-raised",
    Already = "already",
    Past = "past",
    Unnamed = "unnamed",
});

/// Hidden by somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shelf {
    /// Until when.
    pub until: i64,
    /// By whom.
    pub who: String,
    /// Why.
    pub why: String,
}
kept!(Shelf { until, who, why });

/// How an alarm stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Machine {
    /// The phase.
    pub phase: Phase,
    /// When it was opened, as long as it is.
    pub open: Option<i64>,
    /// Whether the rule holds.
    pub holds: bool,
    /// Hidden by somebody.
    pub shelf: Option<Shelf>,
    /// Hidden because this is down.
    pub parent: Option<String>,
    /// Out of service.
    pub out: bool,
    /// It chatters, since when.
    pub chatters: Option<i64>,
    /// How long it must be over before it is, for now.
    pub settle: i64,
    /// The moment from which it is over, if nothing comes between.
    over: Option<i64>,
    /// A call for help that came while it was hidden; it is not lost.
    missed: bool,
    /// Somebody was asked to look at the device.
    repair: bool,
    /// The last steps of the rule: when, and whether it was a raise.
    steps: VecDeque<(i64, bool)>,
}
kept!(Machine { phase, open, holds, shelf, parent, out, chatters, settle, over, missed, repair, steps });

impl Machine {
    /// As it was kept.
    pub fn parse(text: &str) -> Option<Machine> {
        read(text)
    }

    /// As a text to be kept.
    pub fn text(&self) -> String {
        write(self)
    }

    /// Whether something hides it.
    pub fn hidden(&self) -> bool {
        self.shelf.is_some() || self.parent.is_some() || self.out
    }

    /// When it wants a [`Event::Tick`].
    pub fn due(&self) -> Option<i64> {
        let calm = self.chatters.and(self.steps.back()).map(|(at, _)| at.saturating_add(CALM));
        [self.shelf.as_ref().map(|s| s.until), self.over, calm].into_iter().flatten().min()
    }

    /// Takes what happened.
    pub fn step(&mut self, policy: &Policy, now: i64, event: Event) -> Vec<Effect> {
        let mut effects = Vec::new();
        // What time brings comes first, so that it does not matter who was earlier.
        self.tick(now, &mut effects);
        let refused = match event {
            Event::Tick => None,
            Event::Raise => {
                if !self.holds {
                    self.holds = true;
                    self.count(policy, now, true);
                }
                self.over = None;
                // What is raised while the device is out of service is how it is tried.
                self.missed |= policy.latched && self.open.is_none() && self.hidden() && !self.out;
                self.raise(now, &mut effects);
                None
            }
            Event::Clear => {
                if self.holds {
                    self.holds = false;
                    self.count(policy, now, false);
                    if !policy.latched {
                        self.over = Some(now.saturating_add(self.settle));
                        self.settled(now, &mut effects);
                    }
                }
                None
            }
            Event::See(who) if who.is_empty() => Some(Refusal::Unnamed),
            Event::See(_) => match self.phase {
                Phase::Raised | Phase::Returned => {
                    self.phase = if self.phase == Phase::Raised { Phase::Seen } else { Phase::Normal };
                    effects.push(Effect::Quiet);
                    None
                }
                _ if self.open.is_none() => Some(Refusal::NotOpen),
                _ => Some(Refusal::Already),
            },
            Event::Reset(who) => self.reset(policy, &who, &mut effects),
            Event::Shelve { who, why, .. } if who.is_empty() || why.is_empty() => Some(Refusal::Unnamed),
            Event::Shelve { until, .. } if until <= now => Some(Refusal::Past),
            Event::Shelve { until, who, why } => {
                self.overlay(now, &mut effects, |m| m.shelf = Some(Shelf { until, who, why }));
                None
            }
            Event::Unshelve => {
                self.overlay(now, &mut effects, |m| m.shelf = None);
                None
            }
            Event::Suppress(parent) => {
                self.overlay(now, &mut effects, |m| m.parent = Some(parent));
                None
            }
            Event::Release => {
                self.overlay(now, &mut effects, |m| m.parent = None);
                None
            }
            Event::Service(on) => {
                self.overlay(now, &mut effects, |m| m.out = !on);
                None
            }
            Event::Close(_, who) if who.is_empty() => Some(Refusal::Unnamed),
            Event::Close(disposition, _) => self.close(disposition, &mut effects),
        };
        self.mend(&mut effects);
        effects.extend(refused.map(Effect::Refused));
        effects
    }

    /// What time brought until now, each at its time.
    fn tick(&mut self, now: i64, effects: &mut Vec<Effect>) {
        while let Some(at) = self.due().filter(|at| *at <= now) {
            if self.shelf.as_ref().is_some_and(|shelf| shelf.until <= at) {
                self.overlay(at, effects, |m| m.shelf = None);
            } else if self.over.is_some_and(|over| over <= at) {
                self.settled(at, effects);
            } else {
                (self.chatters, self.settle) = (None, 0);
                self.steps.clear();
            }
            self.mend(effects);
        }
    }

    /// Somebody is asked to look at the device: once for each alarm, and only where there is one.
    fn mend(&mut self, effects: &mut Vec<Effect>) {
        if self.chatters.is_some() && self.open.is_some() && !self.repair && !self.hidden() {
            self.repair = true;
            effects.push(Effect::Repair);
        }
    }

    /// The rule holds: opens an alarm, or raises the open one again.
    fn raise(&mut self, now: i64, effects: &mut Vec<Effect>) {
        match (self.open, self.phase) {
            (None, _) if self.hidden() => {}
            (None, _) => {
                (self.open, self.phase, self.repair, self.missed) = (Some(now), Phase::Raised, false, false);
                effects.push(Effect::Open);
            }
            // Nobody has seen it: whoever was called is called.
            (Some(_), Phase::Returned) => self.phase = Phase::Raised,
            (Some(_), Phase::Normal) if self.chatters.is_some() || self.hidden() => self.phase = Phase::Seen,
            (Some(_), Phase::Normal) => {
                self.phase = Phase::Raised;
                effects.push(Effect::Again);
            }
            (Some(_), Phase::Raised | Phase::Seen) => {}
        }
    }

    /// What was over for long enough is.
    fn settled(&mut self, now: i64, effects: &mut Vec<Effect>) {
        if self.over.is_some_and(|at| at <= now) {
            self.over = None;
            self.finish(effects);
        }
    }

    fn finish(&mut self, effects: &mut Vec<Effect>) {
        let phase = match self.phase {
            Phase::Raised => Phase::Returned,
            Phase::Seen => Phase::Normal,
            Phase::Normal | Phase::Returned => return,
        };
        self.phase = phase;
        effects.push(Effect::Over);
    }

    fn reset(&mut self, policy: &Policy, who: &str, effects: &mut Vec<Effect>) -> Option<Refusal> {
        if who.is_empty() {
            return Some(Refusal::Unnamed);
        }
        match self.phase {
            _ if self.open.is_none() => return Some(Refusal::NotOpen),
            _ if self.holds => return Some(Refusal::StillRaised),
            Phase::Raised | Phase::Seen if policy.latched => self.finish(effects),
            _ => return Some(Refusal::Already),
        }
        None
    }

    fn close(&mut self, disposition: Disposition, effects: &mut Vec<Effect>) -> Option<Refusal> {
        match self.phase {
            _ if self.open.is_none() => return Some(Refusal::NotOpen),
            Phase::Raised | Phase::Seen => return Some(Refusal::StillRaised),
            // Whoever says what it was has seen it.
            Phase::Normal | Phase::Returned => {}
        }
        (self.open, self.phase, self.over) = (None, Phase::Normal, None);
        effects.push(Effect::Close(disposition));
        None
    }

    /// Changes what hides it, and what follows from that.
    fn overlay(&mut self, now: i64, effects: &mut Vec<Effect>, change: impl FnOnce(&mut Machine)) {
        let before = self.hidden();
        change(self);
        match (before, self.hidden(), self.open) {
            (false, true, Some(_)) => effects.push(Effect::Hide),
            (true, false, Some(_)) => effects.push(Effect::Show),
            // What was raised meanwhile, and still is.
            (true, false, None) if self.holds || self.missed => self.raise(now, effects),
            _ => {}
        }
    }

    /// Counts a step of the rule; whoever steps too often chatters.
    fn count(&mut self, policy: &Policy, now: i64, raise: bool) {
        self.steps.push_back((now, raise));
        while self.steps.len() > STEPS.max(2 * RAISES) {
            self.steps.pop_front();
        }
        let recent = |within: i64| move |(at, _): &&(i64, bool)| now.saturating_sub(*at) < within;
        let raises = self.steps.iter().filter(recent(FLUTTER)).filter(|(_, raise)| *raise).count();
        let steps = self.steps.iter().filter(recent(CALM)).count();
        if raises >= RAISES || steps >= STEPS {
            // Once for each time that it is so: then counting begins anew.
            self.settle = if self.chatters.is_some() { self.settle.saturating_mul(2) } else { policy.settle }.min(policy.most);
            self.chatters = self.chatters.or(Some(now));
            self.steps.drain(..self.steps.len() - 1);
        }
    }
}
