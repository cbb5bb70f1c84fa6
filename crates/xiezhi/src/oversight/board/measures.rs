//! What boards count, as data (`data/board/measures.toml`), and how an entry of the log becomes counts.
//!
//! What must stay true: an entry counts by what stands in its leaf alone, so that whoever holds the leaf counts the same; the
//! same entries give the same counts in the same order; a count that is taken back goes from the day on which it stood.

use std::collections::{BTreeMap, HashMap};
use std::sync::OnceLock;

use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::oversight::supervise::kpi;

/// Measures there may be: columns of the read model.
pub const MEASURES: usize = 30;
/// Entries by which a node says what it took from those beneath.
pub const TAKE: &str = "exchange.take";

/// Area (code), day (since 1970-01-01, local), measure, how many; fewer than none where something is taken back.
pub type Delta = (String, i64, String, i64);

/// Whether more of it is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Better {
    More,
    Less,
    Neither,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Unit {
    Matter,
    Time,
    Person,
    Minute,
}

/// A measure.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measure {
    /// Stable name.
    pub code: String,
    /// Column, from 1.
    pub column: usize,
    /// Under which it stands.
    pub group: String,
    /// What is counted.
    pub unit: Unit,
    /// Whether more is good.
    pub better: Better,
    /// Everybody sees it.
    #[serde(default)]
    pub public: bool,
    /// Name in `counts`.
    #[serde(default)]
    count: Option<String>,
    #[serde(default)]
    acts: Vec<Act>,
}

/// Entries that count.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Act {
    act: String,
    /// Facts that they have.
    #[serde(default)]
    when: BTreeMap<String, String>,
    /// The fact that says how much.
    #[serde(default)]
    much: Option<String>,
}

/// A part of a whole.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Share {
    /// Stable name.
    pub code: String,
    /// Under which it stands.
    pub group: String,
    part: String,
    of: String,
    /// Whether more is good.
    pub better: Better,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    measure: Vec<Measure>,
    rate: Vec<Share>,
}

/// All of it, and how to find it.
pub struct Book {
    /// In the order of their columns.
    pub all: Vec<Measure>,
    /// Rates.
    pub rates: Vec<Share>,
    /// Place in `all` by code.
    by_code: HashMap<String, usize>,
    by_count: HashMap<String, usize>,
    by_act: HashMap<String, Vec<(usize, Act)>>,
}

/// The measures that ship.
pub fn book() -> &'static Book {
    static BOOK: OnceLock<Book> = OnceLock::new();
    // Embedded data, read by a test: a mistake here stops the first page.
    BOOK.get_or_init(|| {
        let file: File = toml::from_str(include_str!("../../../../../data/board/measures.toml")).expect("measures.toml");
        Book::of(file)
    })
}

impl Book {
    fn of(mut file: File) -> Book {
        file.measure.sort_by_key(|m| m.column);
        let at = |of: &dyn Fn(&Measure) -> Option<String>| {
            let all = file.measure.iter().enumerate();
            all.filter_map(|(i, m)| Some((of(m)?, i))).collect::<HashMap<_, _>>()
        };
        let (by_code, by_count) = (at(&|m| Some(m.code.clone())), at(&|m| m.count.clone()));
        let mut by_act: HashMap<String, Vec<(usize, Act)>> = HashMap::new();
        for (i, m) in file.measure.iter().enumerate() {
            for act in &m.acts {
                by_act.entry(act.act.clone()).or_default().push((i, act.clone()));
            }
        }
        Book { all: file.measure, rates: file.rate, by_code, by_count, by_act }
    }

    /// Its place among all, by its name.
    pub fn at(&self, code: &str) -> Option<usize> {
        self.by_code.get(code).copied()
    }

    /// The groups in order.
    pub fn groups(&self) -> Vec<&str> {
        let mut out: Vec<&str> = Vec::new();
        for m in &self.all {
            if !out.contains(&m.group.as_str()) {
                out.push(&m.group);
            }
        }
        out
    }

    /// Part and whole of a rate over counts by column.
    pub fn share(&self, share: &Share, counts: &[i64]) -> (i64, i64) {
        let sum = |terms: &str| -> i64 {
            let one = |t: &str| {
                let n = self.at(t.trim_start_matches('-')).map_or(0, |i| counts[self.all[i].column - 1]);
                if t.starts_with('-') { -n } else { n }
            };
            terms.split(' ').map(one).sum()
        };
        let of = sum(&share.of).max(0);
        // What is taken back later may fall into another span than what it takes back.
        (sum(&share.part).clamp(0, of), of)
    }

    /// Whether everybody may see a rate: all that it is made of.
    pub fn is_open(&self, share: &Share) -> bool {
        let terms = share.part.split(' ').chain(share.of.split(' '));
        terms.map(|t| t.trim_start_matches('-')).all(|t| self.at(t).is_some_and(|i| self.all[i].public))
    }

    /// What an entry of one's own counts as: day, place among all, how many.
    fn counts(&self, leaf: &Json, zone: &TimeZone) -> Vec<(i64, usize, i64)> {
        let fact = |name: &str| leaf.get(format!("x_{name}"));
        let number = |name: &str| fact(name).and_then(Json::as_i64);
        let text = |name: &str| fact(name).and_then(Json::as_str);
        let (Some(act), Some(at)) = (leaf.get("act").and_then(Json::as_str), leaf.get("at").and_then(Json::as_i64)) else {
            return Vec::new();
        };
        // A case that another node owns counts where it was reported.
        if fact("copy").is_some() {
            return Vec::new();
        }
        let (mut out, today) = (Vec::new(), kpi::day(at, zone));
        if act == "case.import" {
            let closed = number("closed").filter(|_| text("state") == Some("closed"));
            for (name, at) in kpi::imported(number("received"), closed) {
                out.extend(self.by_count.get(name).map(|i| (kpi::day(at, zone), *i, 1)));
            }
        }
        for name in text("counts").into_iter().flat_map(|c| c.split(' ')) {
            let back = name.starts_with('-');
            let day = if back { number("counted_at").map_or(today, |at| kpi::day(at, zone)) } else { today };
            out.extend(self.by_count.get(name.trim_start_matches('-')).map(|i| (day, *i, if back { -1 } else { 1 })));
        }
        for (i, rule) in self.by_act.get(act).into_iter().flatten() {
            if rule.when.iter().all(|(name, value)| text(name) == Some(value)) {
                out.push((today, *i, rule.much.as_deref().map_or(1, |m| number(m).unwrap_or(0).max(0))));
            }
        }
        out
    }
}

/// What entries count as, for whoever is told no more than that: leaves with the code of their area each. What was taken from
/// nodes beneath is passed on under its own areas. Sorted and summed.
pub fn deltas(entries: &[(Json, String)], zone: &TimeZone) -> Vec<Delta> {
    let book = book();
    let mut sums: BTreeMap<(&str, i64, &str), i64> = BTreeMap::new();
    for (leaf, code) in entries {
        for (day, i, n) in book.counts(leaf, zone) {
            *sums.entry((code, day, &book.all[i].code)).or_default() += n;
        }
        for (code, day, measure, n) in taken(leaf) {
            *sums.entry((code, day, measure)).or_default() += n;
        }
    }
    let all = sums.into_iter().filter(|(_, n)| *n != 0);
    all.map(|((code, day, measure), n)| (code.to_owned(), day, measure.to_owned(), n)).collect()
}

/// Whether an entry counts as anything.
pub fn counts(leaf: &Json, zone: &TimeZone) -> bool {
    !book().counts(leaf, zone).is_empty()
}

/// What an entry says was taken from a node beneath; what is no count is left out.
pub(super) fn taken(leaf: &Json) -> impl Iterator<Item = (&str, i64, &str, i64)> {
    let all = leaf.get("x_deltas").and_then(Json::as_array).filter(|_| leaf.get("act").and_then(Json::as_str) == Some(TAKE));
    all.into_iter().flatten().filter_map(|one| {
        let [code, day, measure, n] = one.as_array()?.as_slice() else { return None };
        Some((code.as_str()?, day.as_i64()?, measure.as_str()?, n.as_i64()?))
    })
}

/// What an entry of one's own counts as: day, column from 0, how many.
pub(super) fn own(leaf: &Json, zone: &TimeZone) -> Vec<(i64, usize, i64)> {
    let book = book();
    book.counts(leaf, zone).into_iter().map(|(day, i, n)| (day, book.all[i].column - 1, n)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::i18n::{Lang, Texts};
    use serde_json::json;

    #[test]
    fn every_measure_has_a_column_a_rule_and_words() {
        let (book, texts) = (book(), Texts::load().unwrap());
        assert!(book.all.len() <= MEASURES && book.by_code.len() == book.all.len());
        let columns: Vec<usize> = book.all.iter().map(|m| m.column).collect();
        assert!(
            columns.windows(2).all(|two| two[0] < two[1]) && columns.iter().all(|c| (1..=MEASURES).contains(c)),
            "{columns:?}"
        );
        let mut keys: Vec<String> = book.groups().iter().map(|g| format!("board-group-{g}")).collect();
        keys.extend(["matter", "time", "person", "minute"].map(|u| format!("board-unit-{u}")));
        for m in &book.all {
            assert!(m.count.is_some() == m.acts.is_empty(), "{}: by one of both", m.code);
            let known = |c: &String| calc::kpi::MEASURES.contains(&c.as_str());
            assert!(m.count.as_ref().is_none_or(known), "{}: nobody counts that", m.code);
            keys.extend([format!("board-m-{}", m.code), format!("board-m-{}-about", m.code)]);
        }
        for r in &book.rates {
            for term in r.part.split(' ').chain(r.of.split(' ')) {
                assert!(book.at(term.trim_start_matches('-')).is_some(), "{}: {term}", r.code);
            }
            keys.push(format!("board-r-{}", r.code));
        }
        let missing: Vec<_> = keys.iter().filter(|k| !texts.has(Lang::Zh, k) || !texts.has(Lang::En, k)).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn entries_become_counts_by_what_stands_in_them() {
        let zone = TimeZone::fixed(jiff::tz::offset(8));
        let at = |day: i64, hour: i64| day * 86_400_000 + hour * 3_600_000 - 8 * 3_600_000;
        let entry = |leaf: Json, code: &str| (leaf, code.to_owned());
        let all = [
            entry(json!({ "act": "case.report", "at": at(20_000, 1), "x_counts": "received", "x_class": "complaint" }), "b"),
            entry(json!({ "act": "case.close", "at": at(20_000, 23), "x_counts": "closed solved closed_late" }), "a"),
            entry(
                json!({ "act": "case.recount", "at": at(20_003, 1), "x_counts": "-closed", "x_counted_at": at(20_000, 5) }),
                "a",
            ),
            entry(json!({ "act": "help.settle", "at": at(20_001, 1), "x_minutes": 90 }), "a"),
            entry(json!({ "act": "mediation.term", "at": at(20_001, 1), "x_said": "broken" }), "a"),
            entry(json!({ "act": TAKE, "at": at(20_009, 1), "x_deltas": [["b", 20_000, "received", 2], ["b", 1, 2], "x"] }), "z"),
            entry(json!({ "act": "other", "at": at(20_009, 1), "x_deltas": [["b", 20_000, "received", 2]] }), "z"),
        ];
        let told: Vec<_> = deltas(&all, &zone).into_iter().map(|(c, d, m, n)| format!("{c} {d} {m} {n}")).collect();
        assert_eq!(
            told,
            ["a 20000 closed_late 1", "a 20001 help_met 1", "a 20001 minutes 90", "b 20000 complaints 1", "b 20000 received 3"]
        );
        let mut turned = all.to_vec();
        turned.reverse();
        assert_eq!(deltas(&turned, &zone), deltas(&all, &zone), "in whatever order");
    }

    #[test]
    fn a_rate_is_never_more_than_all() {
        let book = book();
        let mut counts = vec![0; MEASURES];
        (counts[2], counts[3]) = (10, 4);
        let on_time = book.rates.iter().find(|r| r.code == "on_time").unwrap();
        assert_eq!(book.share(on_time, &counts), (6, 10));
        counts[2] = -3;
        assert_eq!(book.share(on_time, &counts), (0, 0));
        assert!(book.is_open(on_time) && !book.is_open(book.rates.iter().find(|r| r.code == "true_alarms").unwrap()));
    }
}
