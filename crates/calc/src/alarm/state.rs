//! How a rule stands on one subject: fed with observations and with the time, it says when to raise and when to clear.
//!
//! Delays run by the time of events, silence by the time of receipt. Whoever keeps a [`State`] wakes it at [`State::due`]; waking it
//! more often changes nothing.
//!
//! What must stay true: what was said twice, says nothing or comes late never raises; a value is newer than another by its number, else by
//! the time of its device, and only the newest is tested; a clock that is ahead is not believed.

use std::collections::VecDeque;

use super::kept::{Kept, Words, kept, named, read, word, write};
use super::node::{Node, Now, walk};
use super::rule::{Rule, TEXT, Value};

/// Most observations that are remembered to know them again.
const REMEMBERED: usize = 16;
/// Most steps between two observations; whoever slept longer wakes at the end.
const STEPS: usize = 400;

/// Times beyond are cut, so that they can be added: 142,000 years from 1970.
const FAR: i64 = 1 << 52;

fn moment(at: i64) -> i64 {
    at.clamp(-FAR, FAR)
}

/// How good a value is, as its device says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quality {
    /// To be relied on.
    Good,
    /// Not: a sign of life, and nothing else.
    Bad,
}

/// What a device said.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    /// Which stream of the rule.
    pub input: u8,
    /// When it was, by the clock of the device, in milliseconds; `None` when it has none.
    pub at: Option<i64>,
    /// When it came here.
    pub received: i64,
    /// Its number, when the device counts.
    pub seq: Option<u64>,
    /// What it says.
    pub value: Value,
    /// How good that is.
    pub quality: Quality,
}

/// What became of an observation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Tested.
    Live,
    /// Older than one before: history.
    Older,
    /// Received too long after it was: history.
    Late,
    /// The same again.
    Twice,
    /// No number, of a stream that the rule does not know, or of bad quality.
    Nothing,
}

/// What caused a step: the observation, or the one that was the last.
#[derive(Clone, Debug, PartialEq)]
pub struct Cause {
    /// Which stream.
    pub input: u8,
    /// When.
    pub at: i64,
    /// Its number.
    pub seq: Option<u64>,
    /// What it said; `None` when nothing was said for too long.
    pub value: Option<Value>,
}
kept!(Cause { input, at, seq, value });

/// A step of a rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Edge {
    /// When.
    pub at: i64,
    /// Raised, or cleared.
    pub raised: bool,
    /// What caused it; `None` when nothing was ever received.
    pub cause: Option<Cause>,
}

/// What an observation led to.
#[derive(Clone, Debug, PartialEq)]
pub struct Taken {
    /// What became of it.
    pub verdict: Verdict,
    /// Its clock was ahead: the time of receipt was taken.
    pub ahead: bool,
    /// Steps, in order.
    pub edges: Vec<Edge>,
}

/// What is known of a stream.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// Time of the newest event.
    pub newest: Option<i64>,
    /// Time of the last receipt, or when the rule began.
    pub received: i64,
    /// Its number.
    pub seq: Option<u64>,
    /// The last ones, to know them again: time of the device and number.
    known: VecDeque<(Option<i64>, Option<u64>)>,
}
kept!(Input { newest, received, seq, known });

/// How a rule stands.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// When it began.
    begun: i64,
    /// Until when it is done.
    clock: i64,
    /// Raised.
    on: bool,
    /// Since when nobody is at home, and until when.
    away: Option<(i64, i64)>,
    inputs: Vec<Input>,
    nodes: Vec<Node>,
    /// What last made a test true, and false.
    rose: Option<Cause>,
    fell: Option<Cause>,
}
kept!(State { begun, clock, on, away, inputs, nodes, rose, fell });

named!(Quality { Good = "good", Bad = "bad" });
named!(Verdict { Live = "live", Older = "older", Late = "late", Twice = "twice", Nothing = "nothing" });

impl Kept for Value {
    fn put(&self, out: &mut String) {
        match self {
            Value::Number(n) => {
                word(out, "n");
                n.put(out);
            }
            Value::Bool(yes) => {
                word(out, "b");
                yes.put(out);
            }
            Value::Text(text) => text.put(out),
        }
    }
    fn take(words: &mut Words) -> Option<Value> {
        let mut ahead = words.clone();
        match ahead.next()? {
            "n" => f64::take(&mut ahead).map(Value::Number),
            "b" => bool::take(&mut ahead).map(Value::Bool),
            _ => return String::take(words).map(Value::Text),
        }
        .inspect(|_| *words = ahead)
    }
}

impl State {
    /// Begins; nothing before is known. The rule must have passed its check.
    pub fn new(rule: &Rule, now: i64) -> State {
        let now = moment(now);
        let input = Input { newest: None, received: now, seq: None, known: VecDeque::new() };
        State {
            begun: now,
            clock: now,
            on: false,
            away: None,
            inputs: vec![input; rule.inputs()],
            nodes: Node::all(rule, now),
            rose: None,
            fell: None,
        }
    }

    /// As it was kept; `None` when it is of another rule.
    pub fn parse(rule: &Rule, text: &str) -> Option<State> {
        let state: State = read(text)?;
        let same = state.nodes.len() == Node::all(rule, 0).len()
            && state.nodes.iter().zip(Node::all(rule, 0)).all(|(a, b)| std::mem::discriminant(a) == std::mem::discriminant(&b));
        (same && state.inputs.len() == rule.inputs()).then_some(state)
    }

    /// As a text to be kept.
    pub fn text(&self) -> String {
        write(self)
    }

    /// What a stream said since this was kept, and nothing followed from: the newest event, the last receipt, its number.
    ///
    /// So a state need be kept only when one of its [`State::nodes`] has changed.
    pub fn resume(&mut self, input: u8, newest: i64, received: i64, seq: Option<u64>) {
        let Some(input) = self.inputs.get_mut(usize::from(input)) else { return };
        let (newest, received) = (moment(newest).min(moment(received)), moment(received));
        input.received = input.received.max(received);
        if input.newest.is_none_or(|known| known < newest) {
            (input.newest, input.seq) = (Some(newest), seq);
        }
    }

    /// Whether it is raised.
    pub fn raised(&self) -> bool {
        self.on
    }

    /// What last made a test true, and what made one false.
    pub fn causes(&self) -> (Option<&Cause>, Option<&Cause>) {
        (self.rose.as_ref(), self.fell.as_ref())
    }

    /// The nodes of the rule, in the order of reading.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Nobody is at home until then (`now` or earlier: somebody is again). Little use means nothing meanwhile, and windows begin anew behind it.
    /// To be followed by a [`State::tick`].
    pub fn away(&mut self, now: i64, until: i64) {
        let (now, until) = (moment(now), moment(until));
        let from = self.away.filter(|(_, end)| *end >= now).map_or(now, |(from, _)| from);
        self.away = Some((from, until.max(now)));
    }

    /// When it wants to be woken.
    pub fn due(&self, rule: &Rule) -> Option<i64> {
        let mut at = 0;
        let mut due = None;
        Node::due(&rule.when, &self.nodes, &mut at, &self.inputs, rule.late, &mut due);
        // Whatever should have been is now.
        due.map(|due| due.max(self.clock.saturating_add(1)))
    }

    /// The time is `now`.
    pub fn tick(&mut self, rule: &Rule, now: i64) -> Vec<Edge> {
        let (now, mut edges) = (moment(now), Vec::new());
        self.advance(rule, now, now, &mut edges);
        self.step(rule, Now { at: now.max(self.clock), received: now, news: None }, &mut edges);
        edges
    }

    /// Somebody said something.
    pub fn observe(&mut self, rule: &Rule, said: &Observation) -> Taken {
        let nothing = |verdict, ahead| Taken { verdict, ahead, edges: Vec::new() };
        let number = |v: &Value| !matches!(v, Value::Number(n) if !n.is_finite());
        let Some(input) = self.inputs.get_mut(usize::from(said.input)).filter(|_| number(&said.value)) else {
            return nothing(Verdict::Nothing, false);
        };
        let received = moment(said.received);
        let ahead = said.at.is_some_and(|at| at > received.saturating_add(rule.ahead));
        // Nothing is said before it happens.
        let mut at = said.at.map_or(received, |at| moment(at).min(received));
        let mark = (said.at, said.seq);
        // A device without clock and number cannot repeat itself: each is another one.
        if mark != (None, None) && input.known.contains(&mark) {
            return nothing(Verdict::Twice, ahead);
        }
        input.known.push_back(mark);
        if input.known.len() > REMEMBERED {
            input.known.pop_front();
        }
        input.received = received;
        if said.quality == Quality::Bad {
            let mut edges = Vec::new();
            self.advance(rule, at, received, &mut edges);
            self.step(rule, Now { at: at.max(self.clock), received, news: None }, &mut edges);
            return Taken { verdict: Verdict::Nothing, ahead, edges };
        }
        let late = received.saturating_sub(at) > rule.late;
        // A clock that was set back a little does not make what was counted on older.
        let counted = said.seq.zip(input.seq).is_some_and(|(new, old)| new > old);
        let next = input.newest.is_none_or(|newest| at >= newest || counted && !late);
        if next {
            at = at.max(input.newest.unwrap_or(at));
            input.newest = Some(at);
            input.seq = said.seq;
        }
        let value = match &said.value {
            Value::Text(text) if text.len() > TEXT => {
                Value::Text(text.char_indices().take_while(|(n, c)| n + c.len_utf8() <= TEXT).map(|(_, c)| c).collect())
            }
            other => other.clone(),
        };
        let mut edges = Vec::new();
        let verdict = if late {
            Verdict::Late
        } else if next {
            Verdict::Live
        } else {
            Verdict::Older
        };
        if verdict == Verdict::Live {
            self.advance(rule, at, received, &mut edges);
        }
        let mut place = 0;
        Node::remember(&rule.when, &mut self.nodes, &mut place, rule.late, said.input, (at, &value, !late, next));
        if verdict == Verdict::Live {
            let news = Cause { input: said.input, at, seq: said.seq, value: Some(value) };
            self.step(rule, Now { at, received, news: Some(&news) }, &mut edges);
        } else {
            // A sign of life all the same.
            self.step(rule, Now { at: self.clock, received, news: None }, &mut edges);
        }
        Taken { verdict, ahead, edges }
    }

    /// Whatever was due until then happens at its time.
    fn advance(&mut self, rule: &Rule, until: i64, received: i64, edges: &mut Vec<Edge>) {
        for _ in 0..STEPS {
            let Some(due) = self.due(rule).filter(|due| *due < until) else { break };
            self.step(rule, Now { at: due, received: due.min(received), news: None }, edges);
            self.clock = self.clock.max(due);
        }
    }

    /// Looks at everything once.
    fn step(&mut self, rule: &Rule, now: Now, edges: &mut Vec<Edge>) {
        let known = self.away.filter(|(from, _)| *from <= now.at).map_or(self.begun, |(_, until)| until);
        let mut nodes = std::mem::take(&mut self.nodes);
        let mut place = 0;
        let context = super::node::Context { rule, inputs: &self.inputs, known, now };
        let on = walk(&rule.when, &mut nodes, &mut place, &context, &mut self.rose, &mut self.fell);
        self.nodes = nodes;
        self.clock = self.clock.max(now.at);
        if on != self.on {
            self.on = on;
            let cause = if on { self.rose.clone() } else { self.fell.clone() };
            edges.push(Edge { at: now.at, raised: on, cause });
        }
    }
}
