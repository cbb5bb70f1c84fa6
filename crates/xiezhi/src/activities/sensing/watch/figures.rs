//! How many alarms there are, and of what worth: the load on people (after EEMUA 191 and ISA-18.2), how often a rule was right.
//!
//! What must stay true: figures are counted from the alarms themselves; tests count for no rule; nobody is counted by
//! himself: of those who are called only how many calls a day there were for one of them.

use std::collections::BTreeMap;

use calc::alarm::Disposition;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::Serialize;
use store::{Query, params};

use super::was_true;
use crate::activities::sensing::pack::Alarms;
use crate::base::area;
use crate::kit::Result;
use crate::kit::time::{self, DAY, HOUR, MINUTE, Ms};

/// Days over which the load is counted.
pub const DAYS: i64 = 7;
/// Alarms that are looked at for it.
const MOST: i64 = 50_000;
/// Sources that are named.
const TOP: usize = 10;

/// The load of a place in the last days.
#[derive(Serialize, JsonSchema)]
pub struct Load {
    /// Alarms.
    pub alarms: usize,
    /// Those of each severity: 1, 2, 3.
    pub severities: [usize; 3],
    /// Calls for one of those who were called, on the day with the most.
    pub calls: i64,
    /// What one person bears on a day.
    pub bearable: i64,
    /// Times in which more came than anybody can look at.
    pub floods: usize,
    /// Open for too long.
    pub stale: i64,
    /// Hundredths that the first sources make.
    pub top_percent: usize,
    /// The devices of which most came, with how many.
    pub top: Vec<Source>,
}

/// A device of which many came.
#[derive(Serialize, JsonSchema)]
pub struct Source {
    /// Name of the device.
    pub device: String,
    /// Alarms.
    pub alarms: usize,
}

/// The load of a place.
pub fn load(q: &mut dyn Query, path: &str, rules: &Alarms, zone: &TimeZone, now: Ms) -> Result<Load> {
    let (from, end) = (now - DAYS * DAY, area::end_of(path));
    let sql = "select a.severity, a.opened_at, d.name from alarm a join device d on d.id = a.device \
               where a.path >= $1 and a.path < $2 and a.opened_at >= $3 order by a.opened_at limit $4";
    let (mut severities, mut times, mut sources) = ([0; 3], Vec::new(), BTreeMap::<String, usize>::new());
    for row in q.rows(sql, params![path, &end, from, MOST])? {
        let severity: i64 = row.get("severity")?;
        severities[usize::try_from(severity.clamp(1, 3) - 1).unwrap_or_default()] += 1;
        times.push(row.get::<Ms>("opened_at")?);
        *sources.entry(row.get("name")?).or_default() += 1;
    }
    let calls = "select count(*) n, count(distinct t.person) people from alarm_told t join alarm a on a.id = t.alarm \
                 where a.path >= $1 and a.path < $2 and t.at >= $3 group by (t.at - $5) / $4";
    let days = q.rows(calls, params![path, &end, from, DAY, time::day_start(now, zone) % DAY])?;
    let each = |r: &store::Row| -> store::Result<i64> {
        let (calls, people): (i64, i64) = (r.get("n")?, r.get("people")?);
        Ok((calls + people - 1) / people.max(1))
    };
    let calls = days.iter().map(each).collect::<store::Result<Vec<_>>>()?.into_iter().max().unwrap_or(0);
    let stale = "select count(*) from alarm where path >= $1 and path < $2 and phase <> 'closed' and opened_at < $3";
    let stale = q.count(stale, params![path, &end, now - rules.stale_hours * HOUR])?;
    let mut top: Vec<Source> = sources.into_iter().map(|(device, alarms)| Source { device, alarms }).collect();
    top.sort_by(|a, b| b.alarms.cmp(&a.alarms).then_with(|| a.device.cmp(&b.device)));
    top.truncate(TOP);
    let of_top: usize = top.iter().map(|s| s.alarms).sum();
    Ok(Load {
        alarms: times.len(),
        severities,
        calls,
        bearable: rules.per_day,
        floods: floods(&times, rules.flood, rules.flood_minutes * MINUTE),
        stale,
        top_percent: (of_top * 100).checked_div(times.len()).unwrap_or_default(),
        top,
    })
}

/// Times in which more than so many came within so long; a time ends when that is no longer so.
fn floods(times: &[Ms], most: usize, within: Ms) -> usize {
    let (mut first, mut flooded, mut n) = (0, false, 0);
    for (last, at) in times.iter().enumerate() {
        while at - times[first] >= within {
            first += 1;
        }
        let now = last - first + 1 > most;
        n += usize::from(now && !flooded);
        flooded = now;
    }
    n
}

/// How often a rule was right.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct Worth {
    /// Closed, but for tests.
    pub closed: i64,
    /// Somebody needed it.
    pub of_use: i64,
    /// Hundredths; absent when nothing was closed.
    pub percent: Option<i64>,
    /// It was so seldom right that it should be looked at again.
    pub review: bool,
}

/// How often each rule was right at a place, by rule.
pub fn worth(q: &mut dyn Query, path: &str, rules: &Alarms, now: Ms) -> Result<BTreeMap<String, Worth>> {
    let sql = "select rule, disposition, count(*) n from alarm where path >= $1 and path < $2 and closed_at >= $3 \
               and disposition is not null and disposition <> 'test' group by rule, disposition";
    let mut out: BTreeMap<String, Worth> = BTreeMap::new();
    for row in q.rows(sql, params![path, area::end_of(path), now - rules.review_days * DAY])? {
        let worth = out.entry(row.get("rule")?).or_default();
        let (n, what): (i64, String) = (row.get("n")?, row.get("disposition")?);
        worth.closed += n;
        worth.of_use += if Disposition::parse(&what).is_some_and(was_true) { n } else { 0 };
    }
    for worth in out.values_mut() {
        worth.percent = (worth.of_use * 100).checked_div(worth.closed);
        worth.review = worth.closed >= rules.review_least && worth.percent.is_some_and(|p| p < rules.review_percent);
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_counted_once() {
        let minute = |n: i64| n * MINUTE;
        let quiet: Vec<Ms> = (0..50).map(|n| minute(n * 2)).collect();
        assert_eq!(floods(&quiet, 10, minute(10)), 0);
        let mut two: Vec<Ms> = (0..30).map(|n| n * 1000).collect();
        two.extend((0..11).map(|n| minute(60) + n * 1000));
        assert_eq!((floods(&two, 10, minute(10)), floods(&[], 10, 1)), (2, 0));
    }
}
