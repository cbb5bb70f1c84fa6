//! Rules as data: conditions on what devices tell, by the names of measures, without scripts.
//!
//! What must stay true: a rule that can be read can be evaluated ([`Spec::rule`] checks it); what is written is read back the
//! same; spans say their unit.

use calc::alarm::rule::{Course, Least, Rule, Side, Test, Use, Value, When, Wrong};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A span of time: `30s`, `5m`, `12h`, `90d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span(pub i64);

const UNITS: [(char, i64); 4] = [('d', 86_400_000), ('h', 3_600_000), ('m', 60_000), ('s', 1000)];

impl Span {
    /// Reads one.
    pub fn parse(text: &str) -> Option<Span> {
        let unit = text.chars().last()?;
        let (_, ms) = UNITS.iter().find(|(u, _)| *u == unit)?;
        let n: i64 = text[..text.len() - 1].parse().ok().filter(|n| *n >= 0)?;
        n.checked_mul(*ms).map(Span)
    }
}

impl std::fmt::Display for Span {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        let (unit, ms) = UNITS.iter().find(|(_, ms)| self.0 % ms == 0).unwrap_or(&UNITS[3]);
        write!(f, "{}{unit}", self.0 / ms)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Span, D::Error> {
        let text = String::deserialize(from)?;
        Span::parse(&text).ok_or_else(|| de::Error::custom(format!("{text}: a span is 30s, 5m, 12h or 90d")))
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

/// What a reading may be compared with.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(untagged)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Said {
    Bool(bool),
    Number(f64),
    Text(String),
}

/// Which side of a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Edge {
    Above,
    Below,
}

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Way {
    Rise,
    Fall,
    Either,
}

/// What counts as use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Uses {
    Amount,
    Counter,
    Events,
}

/// When an alarm is raised; `of` is a measure. Explained beside the rules of `data/sensing`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[expect(missing_docs, reason = "explained in the data file")]
pub enum Spec {
    Beyond {
        of: String,
        side: Edge,
        raise: f64,
        clear: Option<f64>,
    },
    Among {
        of: String,
        values: Vec<Said>,
    },
    /// Without a measure: nothing of all that the device tells. Without a span: as long as its kind may be silent.
    Silent {
        of: Option<String>,
        after: Option<Span>,
    },
    Little {
        of: String,
        uses: Uses,
        slot: Span,
        slots: u32,
        least: Option<f64>,
        own: Option<Own>,
        gaps: Option<u32>,
    },
    Regular {
        of: String,
        uses: Uses,
        slot: Span,
        slots: u32,
        over: f64,
    },
    Change {
        of: String,
        way: Way,
        by: f64,
        within: Span,
    },
    Held {
        on: Span,
        off: Span,
        when: Box<Spec>,
    },
    Repeats {
        times: u32,
        within: Span,
        each: bool,
        when: Box<Spec>,
    },
    Any(Vec<Spec>),
    All(Vec<Spec>),
}

/// A home's own custom: so large a part of this quantile of its last windows.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "explained in the data file")]
pub struct Own {
    pub quantile: f64,
    pub part: f64,
    pub windows: u32,
}

/// What a condition is read against: what a kind of device tells, and how long it may be silent.
#[derive(Clone, Copy, Debug)]
pub struct Kind<'k> {
    /// What it measures.
    pub measures: &'k [String],
    /// How long it may say nothing, in milliseconds.
    pub silent: i64,
}

impl Spec {
    /// The measures it listens to, in the order in which they are met.
    pub fn measures<'s>(&'s self, kind: Kind<'s>) -> Vec<&'s str> {
        let mut out = Vec::new();
        self.gather(kind, &mut out);
        out
    }

    fn gather<'s>(&'s self, kind: Kind<'s>, out: &mut Vec<&'s str>) {
        let mut add = |of: &'s String| {
            if !out.contains(&of.as_str()) {
                out.push(of);
            }
        };
        match self {
            Spec::Silent { of: None, .. } => kind.measures.iter().for_each(add),
            Spec::Beyond { of, .. }
            | Spec::Among { of, .. }
            | Spec::Silent { of: Some(of), .. }
            | Spec::Little { of, .. }
            | Spec::Regular { of, .. }
            | Spec::Change { of, .. } => add(of),
            Spec::Held { when, .. } | Spec::Repeats { when, .. } => when.gather(kind, out),
            Spec::Any(all) | Spec::All(all) => all.iter().for_each(|one| one.gather(kind, out)),
        }
    }

    /// Whether it says that nothing at all is heard of a device.
    pub fn is_all_silent(&self) -> bool {
        matches!(self, Spec::Silent { of: None, .. })
    }

    /// Whether each reading changes what is remembered of it.
    pub fn is_restless(&self) -> bool {
        match self {
            Spec::Beyond { .. } | Spec::Among { .. } | Spec::Silent { .. } => false,
            Spec::Little { .. } | Spec::Regular { .. } | Spec::Change { .. } | Spec::Repeats { .. } => true,
            Spec::Held { when, .. } => when.is_restless(),
            Spec::Any(all) | Spec::All(all) => all.iter().any(Spec::is_restless),
        }
    }

    /// The rule to be evaluated; `late` and `ahead` in milliseconds, of the place or the rule.
    pub fn rule(&self, kind: Kind, late: i64, ahead: i64) -> Result<Rule, Wrong> {
        let measures = self.measures(kind);
        if measures.iter().any(|of| !kind.measures.iter().any(|m| m == of)) {
            return Err(Wrong::Input);
        }
        let rule = Rule { when: self.when(kind, &measures)?, late, ahead };
        rule.check().map(|()| rule)
    }

    fn when(&self, kind: Kind, measures: &[&str]) -> Result<When, Wrong> {
        let test = |of: &str, test: Test| {
            let input = measures.iter().position(|m| *m == of).and_then(|n| u8::try_from(n).ok()).ok_or(Wrong::Input)?;
            Ok(When::Test { input, test })
        };
        let all = |all: &[Spec]| all.iter().map(|one| one.when(kind, measures)).collect::<Result<Vec<_>, _>>();
        match self {
            Spec::Beyond { of, side, raise, clear } => {
                let side = if *side == Edge::Above { Side::Above } else { Side::Below };
                test(of, Test::Beyond { side, raise: *raise, clear: clear.unwrap_or(*raise) })
            }
            Spec::Among { of, values } => {
                let value = |said: &Said| match said {
                    Said::Bool(yes) => Value::Bool(*yes),
                    Said::Number(n) => Value::Number(*n),
                    Said::Text(text) => Value::Text(text.clone()),
                };
                test(of, Test::Among { values: values.iter().map(value).collect() })
            }
            Spec::Silent { of, after } => {
                let after = after.map_or(kind.silent, |span| span.0);
                match of {
                    Some(of) => test(of, Test::Silent { after }),
                    None => {
                        kind.measures.iter().map(|of| test(of, Test::Silent { after })).collect::<Result<_, _>>().map(When::All)
                    }
                }
            }
            Spec::Little { of, uses, slot, slots, least, own, gaps } => {
                let least = match (least, own) {
                    (Some(least), None) => Least::Fixed(*least),
                    (None, Some(own)) => Least::Own { quantile: own.quantile, part: own.part, windows: own.windows },
                    _ => return Err(Wrong::Level),
                };
                test(of, Test::Little { of: uses.of(), slot: slot.0, slots: *slots, least, gaps: *gaps })
            }
            Spec::Regular { of, uses, slot, slots, over } => {
                test(of, Test::Regular { of: uses.of(), slot: slot.0, slots: *slots, over: *over })
            }
            Spec::Change { of, way, by, within } => {
                let course = match way {
                    Way::Rise => Course::Rise,
                    Way::Fall => Course::Fall,
                    Way::Either => Course::Either,
                };
                test(of, Test::Change { course, by: *by, within: within.0 })
            }
            Spec::Held { on, off, when } => Ok(When::Held { when: Box::new(when.when(kind, measures)?), on: on.0, off: off.0 }),
            Spec::Repeats { times, within, each, when } => {
                Ok(When::Repeats { when: Box::new(when.when(kind, measures)?), times: *times, window: within.0, each: *each })
            }
            Spec::Any(parts) => all(parts).map(When::Any),
            Spec::All(parts) => all(parts).map(When::All),
        }
    }
}

impl Uses {
    fn of(self) -> Use {
        match self {
            Uses::Amount => Use::Amount,
            Uses::Counter => Use::Counter,
            Uses::Events => Use::Events,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_say_their_unit() {
        for text in ["30s", "5m", "12h", "90d"] {
            assert_eq!(Span::parse(text).unwrap().to_string(), text);
        }
        for text in ["", "5", "m", "-1m", "5 m", "99999999999999999d", "五m"] {
            assert_eq!(Span::parse(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_written_is_read_back_and_bad_rules_are_refused() {
        let text = r#"when = { held = { on = "5m", off = "10m", when = { any = [
            { beyond = { of = "level", side = "above", raise = 15.0, clear = 10.0 } },
            { little = { of = "water", uses = "amount", slot = "30m", slots = 48, own = { quantile = 0.1, part = 0.5, windows = 14 } } },
        ] } } }"#;
        #[derive(Deserialize, Serialize, PartialEq, Debug)]
        struct Row {
            when: Spec,
        }
        let row: Row = toml::from_str(text).unwrap();
        let names = ["level".to_owned(), "water".to_owned()];
        let kind = Kind { measures: &names, silent: 1000 };
        assert_eq!(row.when.measures(kind), ["level", "water"]);
        assert!(row.when.rule(kind, 1_800_000, 300_000).is_ok());
        assert_eq!(row.when.rule(Kind { measures: &names[1..], silent: 1000 }, 0, 0).err(), Some(Wrong::Input));
        let silent = Spec::Silent { of: None, after: None };
        assert_eq!((silent.measures(kind), silent.rule(kind, 0, 0).unwrap().inputs()), (vec!["level", "water"], 2));
        let again: Row = serde_json::from_str(&serde_json::to_string(&row).unwrap()).unwrap();
        assert_eq!(again, row);
        let bad = Spec::Beyond { of: "level".into(), side: Edge::Above, raise: 1.0, clear: Some(2.0) };
        assert_eq!(bad.rule(kind, 0, 0).err(), Some(Wrong::Level));
        let none = Spec::Little {
            of: "water".into(),
            uses: Uses::Amount,
            slot: Span(1000),
            slots: 2,
            least: None,
            own: None,
            gaps: None,
        };
        assert_eq!(none.rule(kind, 0, 0).err(), Some(Wrong::Level));
    }
}
