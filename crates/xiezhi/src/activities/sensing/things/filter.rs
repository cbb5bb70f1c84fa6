//! Conditions and functions of `$filter` and `$orderby`: read with limits on size and depth, then tested on one entity.
//!
//! What must stay true: whatever somebody writes costs no more than its limits; what cannot be compared is not equal and no error; a
//! time is a moment, however it is written.

use serde_json::Value as Json;

use super::words::{Words, odd};
use crate::kit::Result;
use crate::kit::time::{self, DAY, HOUR, MINUTE, Ms};

/// How deep conditions may lie in one another.
const DEPTH: usize = 20;

/// A condition or a value.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    /// A value.
    Is(Val),
    /// A property, perhaps of an entity that hangs on it: `Thing/name`.
    Path(Vec<String>),
    /// Not.
    Not(Box<Expr>),
    /// Two by an operator: `and or eq ne gt ge lt le add sub mul div mod`.
    Two(&'static str, Box<Expr>, Box<Expr>),
    /// A function.
    Call(&'static str, Vec<Expr>),
}

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub enum Val {
    /// Nothing.
    Null,
    /// Yes or no.
    Bool(bool),
    /// A number.
    Num(f64),
    /// A text.
    Text(String),
    /// A moment.
    Time(Ms),
}

/// Operators from the loosest to the tightest.
const LEVELS: [&[&str]; 5] = [&["or"], &["and"], &["eq", "ne", "gt", "ge", "lt", "le"], &["add", "sub"], &["mul", "div", "mod"]];
/// Functions with the fewest and most of their arguments.
const CALLS: [(&str, usize, usize); 22] = [
    ("substringof", 2, 2),
    ("contains", 2, 2),
    ("startswith", 2, 2),
    ("endswith", 2, 2),
    ("length", 1, 1),
    ("indexof", 2, 2),
    ("substring", 2, 3),
    ("tolower", 1, 1),
    ("toupper", 1, 1),
    ("trim", 1, 1),
    ("concat", 2, 2),
    ("year", 1, 1),
    ("month", 1, 1),
    ("day", 1, 1),
    ("hour", 1, 1),
    ("minute", 1, 1),
    ("second", 1, 1),
    ("date", 1, 1),
    ("now", 0, 0),
    ("round", 1, 1),
    ("floor", 1, 1),
    ("ceiling", 1, 1),
];

/// Reads an expression as far as it goes.
pub fn parse(w: &mut Words, now: Ms) -> Result<Expr> {
    level(w, 0, 0, now)
}

fn level(w: &mut Words, tight: usize, depth: usize, now: Ms) -> Result<Expr> {
    let Some(ops) = LEVELS.get(tight) else { return one(w, depth, now) };
    let mut left = level(w, tight + 1, depth, now)?;
    while let Some(op) = ops.iter().find(|op| w.word(op)) {
        left = Expr::Two(op, Box::new(left), Box::new(level(w, tight + 1, depth, now)?));
    }
    Ok(left)
}

fn one(w: &mut Words, depth: usize, now: Ms) -> Result<Expr> {
    if depth > DEPTH {
        return Err(odd(w.field).limit(DEPTH as i64));
    }
    if w.sign('(') {
        let inner = level(w, 0, depth + 1, now)?;
        return if w.sign(')') { Ok(inner) } else { Err(odd(w.field)) };
    }
    if w.word("not") {
        return Ok(Expr::Not(Box::new(level(w, 2, depth + 1, now)?)));
    }
    if let Some(text) = w.text()? {
        return Ok(Expr::Is(Val::Text(text)));
    }
    let name = w.name().ok_or_else(|| odd(w.field))?;
    if let Some((call, least, most)) = CALLS.iter().find(|(c, ..)| *c == name)
        && w.sign('(')
    {
        let mut all = Vec::new();
        while !w.sign(')') {
            if !all.is_empty() && !w.sign(',') || all.len() >= *most {
                return Err(odd(w.field));
            }
            all.push(level(w, 0, depth + 1, now)?);
        }
        let value = if *call == "now" { Expr::Is(Val::Time(now)) } else { Expr::Call(call, all.clone()) };
        return if all.len() >= *least { Ok(value) } else { Err(odd(w.field)) };
    }
    Ok(match name.as_str() {
        "null" => Expr::Is(Val::Null),
        "true" => Expr::Is(Val::Bool(true)),
        "false" => Expr::Is(Val::Bool(false)),
        _ if name.starts_with(|c: char| c.is_ascii_digit() || c == '-') => Expr::Is(literal(&name).ok_or_else(|| odd(w.field))?),
        _ => Expr::Path(name.split('/').map(str::to_owned).collect()),
    })
}

/// A number or a moment.
fn literal(text: &str) -> Option<Val> {
    if let Ok(n) = text.parse::<f64>() {
        return Some(Val::Num(n)).filter(|_| n.is_finite());
    }
    // In an address that was not written with care a plus is a space.
    time::parse(&text.replace(' ', "+")).map(Val::Time)
}

impl Val {
    /// As it stands in an entity.
    pub fn of(json: &Json) -> Val {
        match json {
            Json::Bool(b) => Val::Bool(*b),
            Json::Number(n) => n.as_f64().map_or(Val::Null, Val::Num),
            Json::String(s) => Val::Text(s.clone()),
            _ => Val::Null,
        }
    }

    /// As a moment; of a span its begin.
    fn time(&self) -> Option<Ms> {
        match self {
            Val::Time(t) => Some(*t),
            Val::Text(s) => time::parse(s.split('/').next().unwrap_or_default()),
            _ => None,
        }
    }

    fn text(&self) -> Option<&str> {
        if let Val::Text(s) = self { Some(s) } else { None }
    }

    fn num(&self) -> Option<f64> {
        if let Val::Num(n) = self { Some(*n) } else { None }
    }

    /// Which of two comes first; none when they cannot be compared.
    pub fn order(&self, other: &Val) -> Option<std::cmp::Ordering> {
        match (self, other) {
            (Val::Num(a), Val::Num(b)) => a.partial_cmp(b),
            (Val::Bool(a), Val::Bool(b)) => Some(a.cmp(b)),
            (Val::Text(a), Val::Text(b)) => Some(a.cmp(b)),
            (Val::Time(_), _) | (_, Val::Time(_)) => Some(self.time()?.cmp(&other.time()?)),
            // What was read as a number may be text there, and yes is 1.
            (Val::Bool(a), Val::Num(b)) => f64::from(u8::from(*a)).partial_cmp(b),
            (Val::Num(a), Val::Bool(b)) => a.partial_cmp(&f64::from(u8::from(*b))),
            _ => None,
        }
    }
}

impl Expr {
    /// Its value for an entity; `get` gives what a path leads to.
    pub fn value(&self, get: &mut dyn FnMut(&[String]) -> Result<Val>) -> Result<Val> {
        Ok(match self {
            Expr::Is(v) => v.clone(),
            Expr::Path(path) => get(path)?,
            Expr::Not(e) => Val::Bool(e.value(get)? != Val::Bool(true)),
            Expr::Two(op @ ("and" | "or"), a, b) => {
                let first = a.value(get)? == Val::Bool(true);
                Val::Bool(if first == (*op == "or") { first } else { b.value(get)? == Val::Bool(true) })
            }
            Expr::Two(op, a, b) => two(op, &a.value(get)?, &b.value(get)?),
            Expr::Call(name, all) => {
                let all = all.iter().map(|e| e.value(get)).collect::<Result<Vec<_>>>()?;
                call(name, &all).unwrap_or(Val::Null)
            }
        })
    }

    /// Whether an entity fits.
    pub fn fits(&self, get: &mut dyn FnMut(&[String]) -> Result<Val>) -> Result<bool> {
        Ok(self.value(get)? == Val::Bool(true))
    }
}

fn two(op: &str, a: &Val, b: &Val) -> Val {
    use std::cmp::Ordering::{Equal, Greater, Less};
    let order = a.order(b);
    let alike = a == b || order == Some(Equal);
    let numbers = || Some((a.num()?, b.num()?));
    let counted = |f: fn(f64, f64) -> f64| numbers().map(|(a, b)| f(a, b)).filter(|n| n.is_finite()).map_or(Val::Null, Val::Num);
    match op {
        "eq" => Val::Bool(alike),
        "ne" => Val::Bool(!alike),
        "gt" => Val::Bool(order == Some(Greater)),
        "ge" => Val::Bool(matches!(order, Some(Greater | Equal))),
        "lt" => Val::Bool(order == Some(Less)),
        "le" => Val::Bool(matches!(order, Some(Less | Equal))),
        "add" => counted(|a, b| a + b),
        "sub" => counted(|a, b| a - b),
        "mul" => counted(|a, b| a * b),
        "div" => counted(|a, b| a / b),
        _ => counted(|a, b| a % b),
    }
}

fn call(name: &str, all: &[Val]) -> Option<Val> {
    let text = |n: usize| all.get(n).and_then(Val::text);
    let at = |n: usize| all.get(n).and_then(Val::num).map(|n| n.max(0.0) as usize);
    let clock = |f: fn(&jiff::ZonedDateTime) -> i64| {
        let t = all.first()?.time()?;
        Some(Val::Num(f(&time::zoned(t, &jiff::tz::TimeZone::UTC)) as f64))
    };
    Some(match name {
        "substringof" => Val::Bool(text(1)?.contains(text(0)?)),
        "contains" => Val::Bool(text(0)?.contains(text(1)?)),
        "startswith" => Val::Bool(text(0)?.starts_with(text(1)?)),
        "endswith" => Val::Bool(text(0)?.ends_with(text(1)?)),
        "length" => Val::Num(text(0)?.chars().count() as f64),
        "indexof" => {
            let found = text(0)?.find(text(1)?).map(|b| text(0).unwrap_or_default()[..b].chars().count() as f64);
            Val::Num(found.unwrap_or(-1.0))
        }
        "substring" => {
            let most = if all.len() > 2 { at(2)? } else { usize::MAX };
            Val::Text(text(0)?.chars().skip(at(1)?).take(most).collect())
        }
        "tolower" => Val::Text(text(0)?.to_lowercase()),
        "toupper" => Val::Text(text(0)?.to_uppercase()),
        "trim" => Val::Text(text(0)?.trim().to_owned()),
        "concat" => Val::Text(format!("{}{}", text(0)?, text(1)?)),
        "year" => clock(|z| i64::from(z.year()))?,
        "month" => clock(|z| i64::from(z.month()))?,
        "day" => clock(|z| i64::from(z.day()))?,
        "hour" => Val::Num((all.first()?.time()?.rem_euclid(DAY) / HOUR) as f64),
        "minute" => Val::Num((all.first()?.time()?.rem_euclid(HOUR) / MINUTE) as f64),
        "second" => Val::Num((all.first()?.time()?.rem_euclid(MINUTE) / 1000) as f64),
        "date" => Val::Text(time::zoned(all.first()?.time()?, &jiff::tz::TimeZone::UTC).date().to_string()),
        "round" => Val::Num(all.first()?.num()?.round()),
        "floor" => Val::Num(all.first()?.num()?.floor()),
        "ceiling" => Val::Num(all.first()?.num()?.ceil()),
        _ => return None,
    })
}

/// Bounds that a condition sets to the time of observations (`from` and before `to`), and whether that is all it says.
pub fn bounds(e: &Expr) -> (Ms, Ms, bool) {
    let is_time = |p: &[String]| matches!(p, [p] if p == "phenomenonTime" || p == "resultTime");
    match e {
        Expr::Two("and", a, b) => {
            let ((from, to, all), (f, t, too)) = (bounds(a), bounds(b));
            (from.max(f), to.min(t), all && too)
        }
        Expr::Two(op, a, b) => {
            let (op, t) = match (&**a, &**b) {
                (Expr::Path(p), Expr::Is(Val::Time(t))) if is_time(p) => (*op, *t),
                (Expr::Is(Val::Time(t)), Expr::Path(p)) if is_time(p) => {
                    let turned = match *op {
                        "gt" => "lt",
                        "ge" => "le",
                        "lt" => "gt",
                        "le" => "ge",
                        same => same,
                    };
                    (turned, *t)
                }
                _ => return (Ms::MIN, Ms::MAX, false),
            };
            match op {
                "eq" => (t, t.saturating_add(1), true),
                "gt" => (t.saturating_add(1), Ms::MAX, true),
                "ge" => (t, Ms::MAX, true),
                "lt" => (Ms::MIN, t, true),
                "le" => (Ms::MIN, t.saturating_add(1), true),
                _ => (Ms::MIN, Ms::MAX, false),
            }
        }
        _ => (Ms::MIN, Ms::MAX, false),
    }
}
