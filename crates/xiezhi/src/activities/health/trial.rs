//! A rule on a place's own past, before it is switched on: how often it would have called, and what it would have found of outbreaks
//! that were put into that past.
//!
//! What must stay true: the same past, settings and seed give the same result; an outbreak is judged with what was known in its week, and
//! nothing later; nothing of a trial becomes a signal.
//!
//! Log kinds written: `health.try`.

use std::collections::BTreeMap;

use calc::draw::{self, Splitmix};
use store::{Entry, Query, Tx, params};

use super::days::{self, Block, History, Weeks};
use super::pack::{Pack, Rule};
use super::rules::{self, Work};
use super::{Book, over};
use crate::base::area::Area;
use crate::kit::error::Kind;
use crate::kit::row::row;
use crate::kit::time::Ms;
use crate::kit::{Result, Who};

/// Blocks that a trial reads.
const BLOCKS: i64 = 6_000;
/// Trials that a page shows.
const SHOWN: i64 = 10;

/// Outbreaks of one size.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Size {
    /// In usual spreads of a week.
    pub size: f64,
    pub outbreaks: i64,
    pub found: i64,
    /// Weeks from the beginning of those found to the first call, together.
    pub delay: i64,
}

/// What came of a trial.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// Series of the place.
    pub series: i64,
    /// Weeks of each that were looked at.
    pub weeks: i64,
    /// Weeks of all that could be judged.
    pub judged: i64,
    /// Weeks in which the rule calls.
    pub alarms: i64,
    /// What it found, by size.
    pub sizes: Vec<Size>,
}

/// Series of a place: the weeks of each, by area and syndrome.
pub fn pasts(q: &mut dyn Query, pack: &Pack, rule: &Rule, place: &Area, today: i32) -> Result<Vec<Weeks>> {
    let year = days::year_of(today - 7 * pack.limits.weeks as i32);
    let blocks = days::beneath(q, true, &place.path, year, BLOCKS)?;
    let mut by_name: BTreeMap<(&str, &str), Vec<Block>> = BTreeMap::new();
    for block in blocks.iter().filter(|b| rule.sources.contains(&b.source)) {
        by_name.entry((&block.path, &block.syndrome)).or_default().push(block.clone());
    }
    let mut out = Vec::new();
    for ((_, syndrome), blocks) in by_name.iter().take(pack.limits.trial_series) {
        let all = rules::histories(pack, rule, syndrome, blocks);
        let Some(last) = all.iter().filter_map(History::last).max() else { continue };
        out.push(days::weeks(&all, last, pack.limits.weeks));
    }
    Ok(out)
}

/// Tries a rule.
pub fn run(pack: &Pack, work: &mut Work, pasts: &[Weeks], seed: u64) -> Outcome {
    let tested = pack.limits.trial_weeks;
    let sizes = pack.trial.sizes.iter().map(|s| Size { size: *s, ..Size::default() });
    let mut out = Outcome { weeks: tested as i64, sizes: sizes.collect(), ..Outcome::default() };
    for (n, past) in pasts.iter().enumerate() {
        out.series += 1;
        let verdicts = work.judge(past, tested);
        let judged: Vec<usize> = verdicts.iter().filter(|v| v.upper.is_some()).map(|v| v.at).collect();
        out.judged += judged.len() as i64;
        out.alarms += verdicts.iter().filter(|v| work.calls(v)).count() as i64;
        let many = pack.limits.trial_outbreaks * out.sizes.len();
        for j in 0..many {
            let mut chance = Splitmix::new(draw::number(&seed.to_string(), &format!("{n} {j}")));
            let of = j % out.sizes.len();
            // One in each part of the weeks that can be judged at all.
            let (from, to) = (judged.len() * j / many, judged.len() * (j + 1) / many);
            if from == to {
                continue;
            }
            let start = judged[from + ((to - from) as f64 * chance.part()) as usize];
            let size = &mut out.sizes[of];
            size.outbreaks += 1;
            if let Some(delay) = found(work, past, start, size.size, &pack.trial.shares, tested) {
                (size.found, size.delay) = (size.found + 1, size.delay + delay);
            }
        }
    }
    out
}

/// Weeks until a rule calls when so large an outbreak begins in a week; nothing when it does not.
fn found(work: &mut Work, past: &Weeks, start: usize, size: f64, shares: &[u32], tested: usize) -> Option<i64> {
    let many = past.counts.len();
    let usual: Vec<f64> = past.counts[many - tested.min(many)..].iter().flatten().map(|n| f64::from(*n)).collect();
    let mean = usual.iter().sum::<f64>() / usual.len().max(1) as f64;
    let spread =
        (usual.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / usual.len().max(1) as f64).sqrt().max(mean.sqrt()).max(1.0);
    let cases = (size * spread).round();
    let mut counts = past.counts.clone();
    for (i, share) in shares.iter().enumerate() {
        if let Some(Some(n)) = counts.get_mut(start + i) {
            *n += (cases * f64::from(*share) / 100.0).round() as u32;
        }
    }
    // Each week is judged as if it were the last: a verdict knows nothing of what comes after it.
    let end = (start + shares.len()).min(many);
    let weeks = Weeks { end: past.end - 7 * (many - end) as i32, counts: counts[..end].to_vec(), part: false };
    let verdicts = work.judge(&weeks, end - start);
    verdicts.iter().find(|v| work.calls(v)).map(|v| (v.at - start) as i64)
}

row! {
    /// A trial as it was kept.
    #[derive(Clone, Debug)]
    #[expect(missing_docs, reason = "the columns of `health_trial`, explained there")]
    pub struct Kept {
        pub id: String,
        pub rule: String,
        pub settings: String,
        pub least: i64,
        pub seed: i64,
        pub series: i64,
        pub weeks: i64,
        pub judged: i64,
        pub alarms: i64,
        pub outbreaks: i64,
        pub found: i64,
        pub delay: i64,
        pub by_size: String,
        pub made_at: Ms,
    }
}

impl Kept {
    /// What it found, by size.
    pub fn sizes(&self) -> Vec<Size> {
        let one = |text: &str| {
            let mut parts = text.split(' ');
            Some(Size {
                size: parts.next()?.parse().ok()?,
                outbreaks: parts.next()?.parse().ok()?,
                found: parts.next()?.parse().ok()?,
                delay: parts.next()?.parse().ok()?,
            })
        };
        self.by_size.split(';').filter_map(one).collect()
    }
}

/// The last trials of a rule at a place, the newest first.
pub fn kept(q: &mut dyn Query, area: &str, rule: &str) -> Result<Vec<Kept>> {
    let sql =
        format!("select {COLUMNS} from health_trial where area = $1 and rule = $2 order by made_at desc, id desc limit {SHOWN}");
    let rows = q.rows(&sql, params![area, rule])?;
    Ok(rows.iter().map(read).collect::<store::Result<_>>()?)
}

/// Keeps a trial.
pub fn keep(tx: &mut Tx, book: &Book, who: &Who, place: &Area, work: (&str, &str, u32), seed: i64, out: &Outcome) -> Result<()> {
    let role = over(who, &place.path).filter(|_| who.by.is_none()).ok_or(Kind::Denied)?;
    let (rule, settings, least) = work;
    book.pack.rule(rule).ok_or(Kind::NotFound)?;
    let (id, now) = (tx.id(), tx.now());
    let (kind, party) = (role.kind.as_str(), role.body.as_deref());
    let sum = |of: fn(&Size) -> i64| out.sizes.iter().map(of).sum::<i64>();
    let (outbreaks, found, delay) = (sum(|s| s.outbreaks), sum(|s| s.found), sum(|s| s.delay));
    let entry =
        Entry { actor: who.actor(), role: Some(kind), party, area: Some(&place.id), ..Entry::new("health.try", "health", &id) };
    let entry = entry.fact("rule", rule).fact("settings", settings).fact("least", least).fact("series", out.series);
    let seq = tx.log(entry.fact("alarms", out.alarms).fact("outbreaks", outbreaks).fact("found", found))?.index;
    let sizes: Vec<String> = out.sizes.iter().map(|s| format!("{} {} {} {}", s.size, s.outbreaks, s.found, s.delay)).collect();
    let sql = "insert into health_trial(id, area, path, rule, settings, least, seed, series, weeks, judged, alarms, outbreaks, found, \
               delay, by_size, made_by, made_at, log_seq) values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18)";
    let row = params![
        &id,
        &place.id,
        &place.path,
        rule,
        settings,
        least,
        seed,
        out.series,
        out.weeks,
        out.judged,
        out.alarms,
        outbreaks,
        found,
        delay,
        sizes.join(";"),
        who.actor(),
        now,
        seq
    ];
    tx.exec(sql, row)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::pack;
    use super::*;

    #[test]
    fn larger_outbreaks_are_found_more_often_and_the_seed_decides() {
        let pack = pack::at("");
        let rule = pack.rule("school-weeks").unwrap();
        let mut work = Work::new(rule, &rule.settings, rule.least).unwrap();
        let mut chance = Splitmix::new(5);
        let mut past = || Weeks {
            counts: (0..pack.limits.weeks).map(|_| Some(8 + chance.draw() as u32 % 7)).collect(),
            end: 20_517,
            part: false,
        };
        let pasts: Vec<Weeks> = (0..20).map(|_| past()).collect();
        let one = run(pack, &mut work, &pasts, 1);
        assert_eq!(one, run(pack, &mut work, &pasts, 1));
        assert_ne!(one, run(pack, &mut work, &pasts, 2));
        assert_eq!((one.series, one.judged), (20, 20 * pack.limits.trial_weeks as i64));
        let share = |s: &Size| s.found as f64 / s.outbreaks as f64;
        assert!(one.sizes.iter().all(|s| s.outbreaks == 80));
        assert!(share(&one.sizes[2]) > share(&one.sizes[0]) && share(&one.sizes[2]) > 0.7, "{:?}", one.sizes);
        // Of a past that is too short nothing is judged, and nothing is put into it.
        let short = Weeks { counts: vec![None; pack.limits.weeks], end: 20_517, part: false };
        let none = run(pack, &mut work, &[short], 1);
        assert_eq!((none.judged, none.alarms, none.sizes[0].outbreaks), (0, 0, 0));
    }
}
