//! What each condition of a rule remembers, in the order in which the rule is read.
//!
//! What must stay true: every condition is looked at each time, whatever the others say, so that none misses what was said.

use std::collections::VecDeque;

use super::kept::{Kept, Words, kept, word};
use super::rule::{Course, Rule, Side, Test, Value, When};
use super::slots::{Slots, Window};
use super::state::{Cause, Input};

/// Most values that are remembered to see how fast one runs.
const POINTS: usize = 64;

/// What a condition remembers.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// A test of the last value, or of silence: whether it holds.
    Plain(bool),
    /// Use in slots.
    Slots(Slots),
    /// How a value ran.
    Run(Run),
    /// A delay: whether it counts, and since when that is no longer so.
    Held(Held),
    /// How often.
    Repeats(Repeats),
    /// Several.
    Group,
}

/// Values of the last while.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Run {
    /// Whether it holds.
    pub on: bool,
    points: VecDeque<(i64, f64)>,
}
kept!(Run { on, points });

/// A delay.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Held {
    /// Whether it counts.
    pub on: bool,
    since: Option<i64>,
}
kept!(Held { on, since });

/// A count.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Repeats {
    inner: bool,
    times: VecDeque<i64>,
}
kept!(Repeats { inner, times });

impl Kept for Node {
    fn put(&self, out: &mut String) {
        match self {
            Node::Plain(on) => {
                word(out, "p");
                on.put(out);
            }
            Node::Slots(slots) => {
                word(out, "s");
                slots.put(out);
            }
            Node::Run(run) => {
                word(out, "r");
                run.put(out);
            }
            Node::Held(held) => {
                word(out, "h");
                held.put(out);
            }
            Node::Repeats(repeats) => {
                word(out, "n");
                repeats.put(out);
            }
            Node::Group => word(out, "g"),
        }
    }
    fn take(words: &mut Words) -> Option<Node> {
        Some(match words.next()? {
            "p" => Node::Plain(bool::take(words)?),
            "s" => Node::Slots(Slots::take(words)?),
            "r" => Node::Run(Run::take(words)?),
            "h" => Node::Held(Held::take(words)?),
            "n" => Node::Repeats(Repeats::take(words)?),
            "g" => Node::Group,
            _ => return None,
        })
    }
}

/// What time it is, and what was said.
#[derive(Clone, Copy)]
pub struct Now<'a> {
    /// By the time of events.
    pub at: i64,
    /// By the time of receipt.
    pub received: i64,
    /// What was said.
    pub news: Option<&'a Cause>,
}

/// What a look at a rule needs.
pub struct Context<'a> {
    /// The rule.
    pub rule: &'a Rule,
    /// Its streams.
    pub inputs: &'a [Input],
    /// Nothing before is known of use.
    pub known: i64,
    /// Now.
    pub now: Now<'a>,
}

/// The window of a test of use.
pub fn window(test: &Test, late: i64) -> Option<Window> {
    match *test {
        Test::Little { of, slot, slots, .. } | Test::Regular { of, slot, slots, .. } => Some(Window { of, slot, slots, late }),
        _ => None,
    }
}

impl Node {
    /// All of a rule, at its beginning.
    pub fn all(rule: &Rule, now: i64) -> Vec<Node> {
        fn add(when: &When, late: i64, now: i64, out: &mut Vec<Node>) {
            match when {
                When::Test { test, .. } => out.push(match window(test, late) {
                    Some(window) => Node::Slots(Slots::begin(window, now)),
                    None if matches!(test, Test::Change { .. }) => Node::Run(Run::default()),
                    None => Node::Plain(false),
                }),
                When::Held { when, .. } => {
                    out.push(Node::Held(Held::default()));
                    add(when, late, now, out);
                }
                When::Repeats { when, .. } => {
                    out.push(Node::Repeats(Repeats::default()));
                    add(when, late, now, out);
                }
                When::Any(all) | When::All(all) => {
                    out.push(Node::Group);
                    all.iter().for_each(|one| add(one, late, now, out));
                }
            }
        }
        let mut out = Vec::new();
        add(&rule.when, rule.late, now, &mut out);
        out
    }

    /// Adds use to history: time, value, whether it came in time, whether none newer was seen.
    pub fn remember(when: &When, nodes: &mut [Node], place: &mut usize, late: i64, from: u8, said: (i64, &Value, bool, bool)) {
        let here = *place;
        *place += 1;
        match when {
            When::Test { input, test } => {
                if let (Some(window), Node::Slots(slots), true) = (window(test, late), &mut nodes[here], *input == from) {
                    let (at, value, live, next) = said;
                    slots.add(window, at, value, live, next);
                }
            }
            When::Held { when, .. } | When::Repeats { when, .. } => Node::remember(when, nodes, place, late, from, said),
            When::Any(all) | When::All(all) => all.iter().for_each(|w| Node::remember(w, nodes, place, late, from, said)),
        }
    }

    /// When something changes by itself, into `due` if it is earlier.
    pub fn due(when: &When, nodes: &[Node], place: &mut usize, inputs: &[Input], late: i64, due: &mut Option<i64>) {
        let mut add = |at: i64| *due = Some(due.map_or(at, |before| before.min(at)));
        let node = &nodes[*place];
        *place += 1;
        match (when, node) {
            (When::Test { input, test: Test::Silent { after } }, Node::Plain(false)) => {
                add(inputs[usize::from(*input)].received.saturating_add(*after));
            }
            (When::Test { test, .. }, Node::Slots(slots)) => window(test, late).into_iter().for_each(|w| add(slots.due(w))),
            (When::Test { test: Test::Change { within, .. }, .. }, Node::Run(run)) if run.on => {
                run.points.front().into_iter().for_each(|(at, _)| add(at.saturating_add(within + 1)));
            }
            (When::Held { on, off, .. }, Node::Held(held)) => {
                held.since.into_iter().for_each(|since| add(since.saturating_add(if held.on { *off } else { *on })));
            }
            (When::Repeats { times, window, .. }, Node::Repeats(repeats)) if repeats.times.len() >= *times as usize => {
                repeats.times.front().into_iter().for_each(|at| add(at.saturating_add(*window)));
            }
            _ => {}
        }
        match when {
            When::Test { .. } => {}
            When::Held { when, .. } | When::Repeats { when, .. } => Node::due(when, nodes, place, inputs, late, due),
            When::Any(all) | When::All(all) => all.iter().for_each(|w| Node::due(w, nodes, place, inputs, late, due)),
        }
    }
}

/// Looks at a condition and those within; whether it holds. What made a test true goes into `rose`, what made one false into `fell`.
pub fn walk(
    when: &When,
    nodes: &mut [Node],
    place: &mut usize,
    context: &Context,
    rose: &mut Option<Cause>,
    fell: &mut Option<Cause>,
) -> bool {
    let here = *place;
    *place += 1;
    let now = context.now;
    match when {
        When::Test { input, test } => {
            let news = now.news.filter(|n| n.input == *input);
            let before = holds(&nodes[here]);
            let after = try_test(test, &mut nodes[here], context, *input, news);
            if after != before {
                let known = &context.inputs[usize::from(*input)];
                let last = || known.newest.map(|at| Cause { input: *input, at, seq: known.seq, value: None });
                let cause = news.cloned().or_else(last);
                *(if after { rose } else { fell }) = cause;
            }
            after
        }
        When::Held { when, on, off } => {
            let inner = walk(when, nodes, place, context, rose, fell);
            let Node::Held(held) = &mut nodes[here] else { return false };
            if inner == held.on {
                held.since = None;
            } else {
                let since = *held.since.get_or_insert(now.at);
                if now.at.saturating_sub(since) >= if inner { *on } else { *off } {
                    (held.on, held.since) = (inner, None);
                }
            }
            held.on
        }
        When::Repeats { when, times, window, each } => {
            let inner = walk(when, nodes, place, context, rose, fell);
            let Node::Repeats(repeats) = &mut nodes[here] else { return false };
            let news = now.news.filter(|n| when.hears(n.input));
            if inner && (!repeats.inner || *each && news.is_some()) {
                repeats.times.push_back(now.at);
                if repeats.times.len() > *times as usize {
                    repeats.times.pop_front();
                }
                if let Some(news) = news {
                    *rose = Some(news.clone());
                }
            }
            repeats.inner = inner;
            repeats.times.retain(|at| now.at.saturating_sub(*at) < *window);
            repeats.times.len() >= *times as usize
        }
        // All are looked at: no short cut.
        When::Any(all) => all.iter().fold(false, |any, w| walk(w, nodes, place, context, rose, fell) | any),
        When::All(all) => all.iter().fold(true, |all, w| walk(w, nodes, place, context, rose, fell) & all),
    }
}

fn holds(node: &Node) -> bool {
    match node {
        Node::Plain(on) => *on,
        Node::Slots(slots) => slots.on,
        Node::Run(run) => run.on,
        Node::Held(_) | Node::Repeats(_) | Node::Group => false,
    }
}

fn try_test(test: &Test, node: &mut Node, context: &Context, input: u8, news: Option<&Cause>) -> bool {
    let now = context.now;
    let value = news.and_then(|n| n.value.as_ref());
    match (test, &mut *node) {
        (Test::Beyond { side, raise, clear }, Node::Plain(on)) => {
            if let Some(v) = value.and_then(Value::number) {
                let level = if *on { clear } else { raise };
                *on = if *side == Side::Above { v >= *level } else { v <= *level };
            }
        }
        (Test::Among { values }, Node::Plain(on)) => {
            if let Some(v) = value {
                *on = values.iter().any(|one| one.is(v));
            }
        }
        (Test::Silent { after }, Node::Plain(on)) => {
            // A clock of ours that was set back says neither.
            let gone = now.received.saturating_sub(context.inputs[usize::from(input)].received);
            *on = gone >= *after || *on && gone < 0;
        }
        (Test::Little { least, gaps, .. }, Node::Slots(slots)) => {
            if let Some(window) = window(test, context.rule.late) {
                if news.is_some() {
                    slots.recover(window, least, now.at);
                }
                slots.judge_little(window, least, *gaps, context.known, now.received);
                slots.on &= now.at >= context.known;
            }
        }
        (Test::Regular { over, .. }, Node::Slots(slots)) => {
            if let Some(window) = window(test, context.rule.late) {
                slots.judge_regular(window, *over, now.received);
            }
        }
        (Test::Change { course, by, within }, Node::Run(run)) => {
            if let Some(v) = value.and_then(Value::number) {
                run.points.push_back((now.at, v));
                if run.points.len() > POINTS {
                    run.points.pop_front();
                }
            }
            // The last one stays: it is what the value is.
            while run.points.len() > 1 && now.at.saturating_sub(run.points[0].0) > *within {
                run.points.pop_front();
            }
            let last = run.points.back().map_or(0.0, |(_, v)| *v);
            let far = |from: f64| match course {
                Course::Rise => last - from,
                Course::Fall => from - last,
                Course::Either => (last - from).abs(),
            };
            run.on = run.points.iter().any(|(_, v)| far(*v) >= *by);
        }
        _ => return false,
    }
    holds(node)
}
