//! Rules and alarms as sentences: what raises them, and what did.
//!
//! What must stay true: a sentence is made of the rule itself, so it says what is evaluated; words are texts.

use fluent_bundle::FluentArgs;
use serde::Deserialize;
use serde_json::Value as Json;

use super::book::Active;
use super::spec::{Edge, Said, Span, Spec, Uses, Way};
use crate::activities::sensing::pack::Pack;
use crate::kit::Req;
use crate::kit::i18n::Lang;
use crate::kit::time::{self, Ms};

/// In whose language, with the names of which place.
pub struct Say<'a> {
    req: &'a Req<'a>,
    pack: &'a Pack,
}

impl<'a> Say<'a> {
    /// For a reader.
    pub fn new(req: &'a Req<'a>, pack: &'a Pack) -> Say<'a> {
        Say { req, pack }
    }

    fn text(&self, key: &str, args: &[(&'static str, String)]) -> String {
        let mut fluent = FluentArgs::new();
        args.iter().for_each(|(name, value)| fluent.set(*name, value.clone()));
        self.req.app.texts.get(self.req.lang, key, Some(&fluent)).trim().to_owned()
    }

    fn measure(&self, of: &str) -> String {
        self.pack.measure(of).map_or_else(|| of.to_owned(), |m| m.name(self.req.lang).to_owned())
    }

    fn unit(&self, of: &str) -> &str {
        self.pack.measure(of).map_or("", |m| &m.unit)
    }

    fn number(&self, of: &str, n: f64) -> String {
        let unit = self.unit(of);
        let text = crate::activities::sensing::view::short(n);
        if unit.is_empty() { text } else { format!("{text} {unit}") }
    }

    fn span(&self, span: Ms) -> String {
        if span < time::MINUTE {
            return self.text("rule-seconds", &[("n", (span / 1000).to_string())]);
        }
        time::span(span, self.req.lang == Lang::Zh)
    }

    fn value(&self, of: &str, said: &Said) -> String {
        match said {
            Said::Bool(yes) => self.text(if *yes { "device-yes" } else { "device-no" }, &[]),
            Said::Number(n) => self.number(of, *n),
            Said::Text(text) => text.clone(),
        }
    }

    /// A rule.
    pub fn rule(&self, spec: &Spec) -> String {
        match spec {
            Spec::Beyond { of, side, raise, clear } => {
                let clear = clear.unwrap_or(*raise);
                let key = match (side, clear == *raise) {
                    (Edge::Above, true) => "rule-above-at",
                    (Edge::Above, false) => "rule-above",
                    (Edge::Below, true) => "rule-below-at",
                    (Edge::Below, false) => "rule-below",
                };
                self.text(key, &[("of", self.measure(of)), ("n", self.number(of, *raise)), ("clear", self.number(of, clear))])
            }
            Spec::Among { of, values } if matches!(values[..], [Said::Bool(true)]) => {
                self.text("rule-yes", &[("of", self.measure(of))])
            }
            Spec::Among { of, values } => {
                let or = self.text("rule-or", &[]);
                let values: Vec<String> = values.iter().map(|v| self.value(of, v)).collect();
                self.text("rule-among", &[("of", self.measure(of)), ("values", values.join(&or))])
            }
            Spec::Silent { of, after } => {
                let of = of.as_ref().map_or_else(|| self.text("rule-anything", &[]), |of| self.measure(of));
                match after {
                    Some(Span(after)) => self.text("rule-silent", &[("of", of), ("after", self.span(*after))]),
                    None => self.text("rule-silent-kind", &[("of", of)]),
                }
            }
            Spec::Little { of, slot, slots, least, own, uses, .. } => {
                let window = ("window", self.span(slot.0 * i64::from(*slots)));
                match (least, own) {
                    (_, Some(own)) => {
                        let part = format!("{:.0}", own.part * 100.0);
                        self.text(
                            "rule-little-own",
                            &[("of", self.measure(of)), window, ("part", part), ("windows", own.windows.to_string())],
                        )
                    }
                    (least, None) if *uses == Uses::Events => {
                        let n = crate::activities::sensing::view::short(least.unwrap_or_default());
                        self.text("rule-few", &[("of", self.measure(of)), window, ("n", n)])
                    }
                    (least, None) => {
                        let n = self.number(of, least.unwrap_or_default());
                        self.text("rule-little", &[("of", self.measure(of)), window, ("n", n)])
                    }
                }
            }
            Spec::Regular { of, slot, slots, .. } => {
                let window = self.span(slot.0 * i64::from(*slots));
                self.text("rule-regular", &[("of", self.measure(of)), ("slot", self.span(slot.0)), ("window", window)])
            }
            Spec::Change { of, way, by, within } => {
                let key = match way {
                    Way::Rise => "rule-rises",
                    Way::Fall => "rule-falls",
                    Way::Either => "rule-changes",
                };
                self.text(key, &[("of", self.measure(of)), ("n", self.number(of, *by)), ("within", self.span(within.0))])
            }
            Spec::Held { on, when, .. } => self.text("rule-held", &[("when", self.rule(when)), ("on", self.span(on.0))]),
            Spec::Repeats { times: 1, within, when, .. } => {
                self.text("rule-once", &[("when", self.rule(when)), ("within", self.span(within.0))])
            }
            Spec::Repeats { times, within, when, .. } => {
                self.text("rule-repeats", &[("when", self.rule(when)), ("n", times.to_string()), ("within", self.span(within.0))])
            }
            Spec::Any(all) => self.joined(all, "rule-or"),
            Spec::All(all) => self.joined(all, "rule-and"),
        }
    }

    fn joined(&self, all: &[Spec], by: &str) -> String {
        let all: Vec<String> = all.iter().map(|one| self.rule(one)).collect();
        all.join(&self.text(by, &[]))
    }

    /// What raised an alarm; `None` where it is not known.
    pub fn cause(&self, active: Option<&Active>, text: &str) -> Option<String> {
        /// As it was written when the alarm was opened.
        #[derive(Deserialize)]
        struct Cause {
            of: Option<String>,
            t: Ms,
            v: Json,
        }
        let cause: Cause = serde_json::from_str(text).ok()?;
        let of = cause.of.or_else(|| active.and_then(|a| a.measures.first().cloned()))?;
        let bool_like = self.pack.measure(&of).is_some_and(|m| m.kind == crate::activities::sensing::pack::Type::Bool);
        let value = match &cause.v {
            Json::Number(n) if bool_like => self.value(&of, &Said::Bool(n.as_f64() != Some(0.0))),
            Json::Number(n) => self.number(&of, n.as_f64()?),
            Json::Bool(yes) => self.value(&of, &Said::Bool(*yes)),
            Json::String(text) => text.clone(),
            _ => return None,
        };
        let at = time::when(cause.t, self.req.now, &self.req.app.config.zone, self.req.lang == Lang::Zh);
        Some(self.text("alarm-cause", &[("of", self.measure(&of)), ("value", value), ("at", at)]))
    }
}
