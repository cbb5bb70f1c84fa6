//! A result as people and programs read it: what was needed, what was there, why it passed or not, and what the disputed
//! rules would make of it. One view for `xiezhi calc tally` and the page of a vote.

use calc::tally::{Bar, Channel, Open, Outcome, Sum, Tally};
use fluent_bundle::FluentArgs;
use schemars::JsonSchema;
use serde::Serialize;

use super::pack::Pack;
use crate::kit::i18n::{Lang, Texts};
use crate::kit::page::hundredths;

/// Heads, and area in 0.01 m².
#[derive(Clone, Serialize, JsonSchema)]
pub struct Both {
    heads: i64,
    area: i64,
}

/// What is needed and whether it is there.
#[derive(Clone, Serialize, JsonSchema)]
pub struct Needed {
    /// Fewest heads that are enough.
    heads: i64,
    /// Smallest area that is enough.
    area: i64,
    met: bool,
    heads_met: bool,
    area_met: bool,
}

/// One step of the reasoning.
#[derive(Clone, Serialize, JsonSchema)]
pub struct Reason {
    /// Stable code: `quorum-heads`, `majority-area` …
    pub code: String,
    /// Whether it speaks for the proposal.
    pub met: bool,
    /// The same in words.
    pub text: String,
}

/// The result under the other reading of a disputed rule.
#[derive(Clone, Serialize, JsonSchema)]
pub struct Disputed {
    /// `invalid-participates` or `silent-join`.
    rule: &'static str,
    text: String,
    participating: Both,
    agree: Both,
    result: &'static str,
    /// It would change the result.
    changes: bool,
}

/// A reasoned result.
#[derive(Clone, Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct View {
    pub pack: String,
    pub item: &'static str,
    pub article: String,
    pub total: Both,
    pub participating: Both,
    pub agree: Both,
    /// None where no quorum is asked.
    pub quorum: Option<Needed>,
    pub majority: Needed,
    pub result: &'static str,
    pub reasons: Vec<Reason>,
    pub disputed: Vec<Disputed>,
    /// Counted ballots by channel.
    pub channels: std::collections::BTreeMap<&'static str, usize>,
    pub replaced: usize,
    pub conflicts: usize,
    pub divided: usize,
}

fn both(sum: Sum) -> Both {
    Both { heads: sum.heads as i64, area: sum.area as i64 }
}

fn needed(bar: &Bar) -> Needed {
    let least = both(bar.least);
    Needed { heads: least.heads, area: least.area, met: bar.met(), heads_met: bar.heads_met, area_met: bar.area_met }
}

fn word(passes: bool) -> &'static str {
    if passes { "pass" } else { "fail" }
}

impl View {
    /// Of an outcome.
    pub fn new(texts: &Texts, lang: Lang, pack: &Pack, item: calc::tally::Item, out: &Outcome) -> View {
        let tally = &out.tally;
        let words = Words { texts, lang, heads_only: pack.heads_only() };
        let mut reasons = Vec::new();
        if let Some(quorum) = &tally.quorum {
            words.bar(&mut reasons, "quorum", quorum, tally.participating, out.total);
        }
        words.bar(
            &mut reasons,
            "majority",
            &tally.majority,
            tally.agree,
            if tally.quorum.is_some() { tally.participating } else { out.total },
        );
        for (code, n) in [("divided", out.divided), ("conflicts", out.conflicts), ("replaced", out.replaced)] {
            if n > 0 {
                reasons.push(Reason {
                    code: code.into(),
                    met: true,
                    text: words.say(&format!("tally-{code}"), &[("n", n.to_string())]),
                });
            }
        }
        let result = word(tally.passes());
        reasons.push(Reason { code: result.into(), met: tally.passes(), text: words.say(&format!("tally-{result}"), &[]) });
        View {
            pack: pack.id.clone(),
            item: item.name(),
            article: pack.shares(item).map(|s| s.article.clone()).unwrap_or_default(),
            total: both(out.total),
            participating: both(tally.participating),
            agree: both(tally.agree),
            quorum: tally.quorum.as_ref().map(needed),
            majority: needed(&tally.majority),
            result,
            reasons,
            disputed: out.other.iter().map(|(open, other)| words.disputed(*open, other, tally)).collect(),
            channels: Channel::ALL.iter().zip(out.channels).filter(|(_, n)| *n > 0).map(|((name, _), n)| (*name, n)).collect(),
            replaced: out.replaced,
            conflicts: out.conflicts,
            divided: out.divided,
        }
    }
}

struct Words<'a> {
    texts: &'a Texts,
    lang: Lang,
    heads_only: bool,
}

impl Words<'_> {
    fn say(&self, key: &str, args: &[(&str, String)]) -> String {
        let mut fluent = FluentArgs::new();
        for (name, value) in args {
            fluent.set(*name, value.clone());
        }
        self.texts.get(self.lang, key, Some(&fluent))
    }

    fn bar(&self, out: &mut Vec<Reason>, what: &str, bar: &Bar, part: Sum, whole: Sum) {
        let mut one = |unit: &str, met: bool, numbers: [String; 3]| {
            let [part, whole, least] = numbers;
            let key = format!("tally-{what}-{unit}-{}", if met { "met" } else { "missed" });
            let text = self.say(&key, &[("part", part), ("whole", whole), ("least", least)]);
            out.push(Reason { code: format!("{what}-{unit}"), met, text });
        };
        one("heads", bar.heads_met, [part.heads, whole.heads, bar.least.heads].map(|n| n.to_string()));
        if !self.heads_only {
            one("area", bar.area_met, [part.area, whole.area, bar.least.area].map(|n| hundredths(n as i64)));
        }
    }

    fn disputed(&self, open: Open, other: &Tally, tally: &Tally) -> Disputed {
        let (rule, result) = (if open == Open::Invalid { "invalid-participates" } else { "silent-join" }, word(other.passes()));
        Disputed {
            rule,
            text: self.say(&format!("tally-{rule}-{result}"), &[]),
            participating: both(other.participating),
            agree: both(other.agree),
            result,
            changes: other.passes() != tally.passes(),
        }
    }
}
