//! What a sentence about a rule or an alarm says: names and values. Words and languages are elsewhere.
//!
//! What must stay true: names are stable; a sentence can be made of every condition there is.

use super::node::{Node, window};
use super::rule::{Course, Least, Rule, Test, Use, Value, When};
use super::state::State;

/// A value in a sentence.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    /// A number.
    Number(f64),
    /// How many.
    Count(u32),
    /// Milliseconds.
    Span(i64),
    /// Something that is said by name.
    Name(&'static str),
    /// What a device says.
    Text(String),
}

/// A condition as facts.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// Key of the sentence.
    pub key: &'static str,
    /// Which stream, where it is of one.
    pub input: Option<u8>,
    /// How deep it stands within others.
    pub depth: usize,
    /// Whether it holds, where that is known.
    pub holds: Option<bool>,
    /// Values, by name.
    pub values: Vec<(&'static str, Fact)>,
}

/// All conditions of a rule in the order of reading; with a state also how each stands.
pub fn facts(rule: &Rule, state: Option<&State>) -> Vec<Facts> {
    let mut out = Vec::new();
    add(&rule.when, rule.late, state.map(State::nodes), 0, &mut out);
    out
}

fn add(when: &When, late: i64, nodes: Option<&[Node]>, depth: usize, out: &mut Vec<Facts>) {
    let node = nodes.and_then(|nodes| nodes.get(out.len()));
    let mut told = Facts { key: "", input: None, depth, holds: None, values: Vec::new() };
    match when {
        When::Test { input, test } => {
            told.input = Some(*input);
            told.holds = node.map(|n| match n {
                Node::Plain(on) => *on,
                Node::Slots(slots) => slots.on,
                Node::Run(run) => run.on,
                Node::Held(_) | Node::Repeats(_) | Node::Group => false,
            });
            (told.key, told.values) = of_test(test);
            if let (Test::Little { least, .. }, Some(Node::Slots(slots)), Some(window)) = (test, node, window(test, late)) {
                told.values.push(("used", Fact::Number(slots.used(window))));
                told.values.extend(slots.enough(least).map(|enough| ("enough", Fact::Number(enough))));
            }
            out.push(told);
        }
        When::Held { when, on, off } => {
            told.holds = node.map(|n| matches!(n, Node::Held(held) if held.on));
            (told.key, told.values) = ("held", vec![("on", Fact::Span(*on)), ("off", Fact::Span(*off))]);
            out.push(told);
            add(when, late, nodes, depth + 1, out);
        }
        When::Repeats { when, times, window, each } => {
            let key = if *each { "repeats-each" } else { "repeats" };
            (told.key, told.values) = (key, vec![("times", Fact::Count(*times)), ("window", Fact::Span(*window))]);
            out.push(told);
            add(when, late, nodes, depth + 1, out);
        }
        When::Any(all) | When::All(all) => {
            told.key = if matches!(when, When::Any(_)) { "any" } else { "all" };
            told.values.push(("of", Fact::Count(all.len() as u32)));
            out.push(told);
            all.iter().for_each(|one| add(one, late, nodes, depth + 1, out));
        }
    }
}

fn of_test(test: &Test) -> (&'static str, Vec<(&'static str, Fact)>) {
    let usage = |of: &Use| ("of", Fact::Name(of.as_str()));
    let span = |slot: &i64, slots: &u32| ("window", Fact::Span(slot.saturating_mul(i64::from(*slots))));
    match test {
        Test::Beyond { side, raise, clear } => {
            (side.as_str(), vec![("raise", Fact::Number(*raise)), ("clear", Fact::Number(*clear))])
        }
        Test::Among { values } => ("among", values.iter().map(|v| ("value", said(v))).collect()),
        Test::Silent { after } => ("silent", vec![("after", Fact::Span(*after))]),
        Test::Little { of, slot, slots, least, gaps } => {
            let mut values = vec![usage(of), span(slot, slots)];
            match least {
                Least::Fixed(least) => values.push(("least", Fact::Number(*least))),
                Least::Own { quantile, part, windows } => values.extend([
                    ("quantile", Fact::Number(*quantile)),
                    ("part", Fact::Number(*part)),
                    ("windows", Fact::Count(*windows)),
                ]),
            }
            values.extend(gaps.map(|gaps| ("gaps", Fact::Count(gaps))));
            (if matches!(least, Least::Fixed(_)) { "little" } else { "little-own" }, values)
        }
        Test::Regular { of, slot, slots, over } => {
            ("regular", vec![usage(of), ("slot", Fact::Span(*slot)), span(slot, slots), ("over", Fact::Number(*over))])
        }
        Test::Change { course, by, within } => (
            match course {
                Course::Rise => "rises",
                Course::Fall => "falls",
                Course::Either => "changes",
            },
            vec![("by", Fact::Number(*by)), ("within", Fact::Span(*within))],
        ),
    }
}

/// A value of a device as a fact.
pub fn said(value: &Value) -> Fact {
    match value {
        Value::Number(n) => Fact::Number(*n),
        Value::Bool(yes) => Fact::Name(if *yes { "yes" } else { "no" }),
        Value::Text(text) => Fact::Text(text.clone()),
    }
}
