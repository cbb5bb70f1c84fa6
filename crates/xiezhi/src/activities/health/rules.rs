//! Rules that were switched on where, and what they say of a series.
//!
//! What must stay true: the nearest place that switched a rule on or off decides; a rule speaks of the last seven days that were told of,
//! and of nothing when those are too long ago; fewer cases than its least never count.

use calc::series::{Axis, Day, Detector, Series, Verdict};
use store::{Entry, Query, Tx, params};

use super::days::{self, Block, History, Weeks};
use super::pack::{self, Pack, Rule, Window};
use super::{Book, over};
use crate::base::area::Area;
use crate::kit::error::Kind;
use crate::kit::row::row;
use crate::kit::time::{DAY, Ms};
use crate::kit::{Result, Who};

/// Days within which a rule was tried before it is switched on.
const FRESH: Ms = 30 * DAY;
/// Characters of settings.
pub const SETTINGS: usize = 200;

row! {
    /// A rule switched on or off at a place.
    #[derive(Clone, Debug)]
    #[expect(missing_docs, reason = "the columns of `health_switch`, explained there")]
    pub struct Switch {
        pub id: String,
        pub area: String,
        pub path: String,
        pub rule: String,
        pub works: bool,
        pub settings: String,
        pub least: i64,
        pub why: String,
        pub made_by: String,
        pub changed_at: Ms,
    }
}

/// All of them.
pub fn switches(q: &mut dyn Query) -> Result<Vec<Switch>> {
    let rows = q.rows(&format!("select {COLUMNS} from health_switch order by id"), &[])?;
    Ok(rows.iter().map(read).collect::<store::Result<_>>()?)
}

/// The switch of a rule that decides at a place.
pub fn nearest<'s>(all: &'s [Switch], rule: &str, path: &str) -> Option<&'s Switch> {
    all.iter().filter(|s| s.rule == rule && path.starts_with(&s.path)).max_by_key(|s| s.path.len())
}

/// A rule at work.
pub struct Work {
    /// Its row in the pack.
    pub rule: &'static Rule,
    /// With which settings.
    pub settings: String,
    /// Fewest cases.
    pub least: u32,
    detector: Detector,
}

impl Work {
    /// A rule with settings; nothing when they mean nothing.
    pub fn new(rule: &'static Rule, settings: &str, least: u32) -> Option<Work> {
        let detector = Detector::new(pack::method(&rule.method, settings)?);
        Some(Work { rule, settings: settings.to_owned(), least, detector })
    }

    /// The last day of the week it looks at, by the last day told of: nothing when that is too long ago to mean anything now.
    pub fn end(&self, last: i32, today: i32, late: i32) -> Option<i32> {
        match self.rule.window {
            Window::Rolling => (last >= today - late).then_some(last),
            Window::Week => {
                // The Sunday before today; somebody told of the week that ended with it.
                let sunday = today - Day(today).weekday() as i32;
                (last > sunday - 7).then_some(sunday)
            }
        }
    }

    /// What it says of the last so many weeks.
    pub fn judge(&mut self, weeks: &Weeks, last: usize) -> Vec<Verdict> {
        let many = weeks.counts.len();
        let axis = Axis::Weeks(Day(weeks.end - 7 * many as i32 + 1));
        let series = Series { axis, counts: &weeks.counts, population: None };
        self.detector.detect(&series, many.saturating_sub(last)..many)
    }

    /// Whether a verdict makes a signal.
    pub fn calls(&self, verdict: &Verdict) -> bool {
        verdict.alarm == Some(true) && verdict.count.is_some_and(|n| n >= self.least && n > 0)
    }
}

/// What a rule says of a series when it is more than usual.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the columns of `health_ground`, explained there")]
pub struct Found {
    pub area: String,
    pub path: String,
    pub syndrome: String,
    pub rule: String,
    pub settings: String,
    pub day: i32,
    pub cases: i64,
    pub expected: Option<f64>,
    pub upper: f64,
    pub base: Option<(i32, i32)>,
    pub weeks: i64,
    pub part: bool,
}

/// The pasts of the sources of a rule, for a syndrome, from the blocks of one area.
pub fn histories(pack: &Pack, rule: &Rule, syndrome: &str, blocks: &[Block]) -> Vec<History> {
    let of = |source: &String| {
        let own = blocks.iter().filter(|b| b.source == *source && b.syndrome == syndrome);
        History::of(own, pack.is_quiet(source))
    };
    rule.sources.iter().map(of).filter(|h| !h.days.is_empty()).collect()
}

/// What a rule says today of one syndrome of an area.
pub fn today(work: &mut Work, pack: &Pack, syndrome: &str, blocks: &[Block], today: i32) -> Option<Found> {
    let all = histories(pack, work.rule, syndrome, blocks);
    let last = all.iter().filter_map(History::last).max()?;
    let end = work.end(last, today, pack.limits.late_days)?;
    let weeks = days::weeks(&all, end, pack.limits.weeks);
    let verdict = work.judge(&weeks, 1).pop()?;
    if !work.calls(&verdict) {
        return None;
    }
    let first = weeks.end - 7 * weeks.counts.len() as i32 + 1;
    let day = |at: usize| first + 7 * at as i32;
    let block = blocks.first()?;
    Some(Found {
        area: block.area.clone(),
        path: block.path.clone(),
        syndrome: syndrome.to_owned(),
        rule: work.rule.id.clone(),
        settings: work.settings.clone(),
        day: end,
        cases: i64::from(verdict.count?),
        expected: verdict.expected,
        upper: verdict.upper?,
        base: verdict.baseline.map(|b| (day(b.from), day(b.to) + 6)),
        weeks: verdict.baseline.map_or(0, |b| b.points as i64),
        part: weeks.part,
    })
}

/// How a rule is to work at a place.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields of the form")]
pub struct Wish {
    pub rule: String,
    pub works: bool,
    pub settings: String,
    pub least: u32,
    pub why: String,
}

/// Switches a rule on or off; on only after it was tried at the place with the same settings.
pub fn switch(tx: &mut Tx, book: &Book, who: &Who, place: &Area, wish: &Wish) -> Result<()> {
    let role = over(who, &place.path).filter(|_| who.by.is_none()).ok_or(Kind::Denied)?;
    let rule = book.pack.rule(&wish.rule).ok_or(Kind::NotFound)?;
    pack::method(&rule.method, &wish.settings).ok_or_else(|| Kind::Unknown.at("settings"))?;
    let now = tx.now();
    let tried = "select count(*) from health_trial \
                 where area = $1 and rule = $2 and settings = $3 and least = $4 and made_at > $5";
    if wish.works && tx.count(tried, params![&place.id, &rule.id, &wish.settings, wish.least, now - FRESH])? == 0 {
        return Err(Kind::HealthUntried.into());
    }
    let id = format!("{}/{}", place.id, rule.id);
    let (kind, party) = (role.kind.as_str(), role.body.as_deref());
    let entry = Entry {
        actor: who.actor(),
        role: Some(kind),
        party,
        area: Some(&place.id),
        ..Entry::new("health.switch", "health", &id)
    };
    let entry = entry.fact("works", i64::from(wish.works)).fact("settings", wish.settings.as_str());
    let seq = tx.log(entry.fact("least", wish.least).fact("why", wish.why.as_str()))?.index;
    tx.exec("delete from health_switch where id = $1", params![&id])?;
    let sql = "insert into health_switch(id, area, path, rule, works, settings, least, why, made_by, changed_at, log_seq) \
               values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11)";
    let works = i64::from(wish.works);
    let row = params![&id, &place.id, &place.path, &rule.id, works, &wish.settings, wish.least, &wish.why, who.actor(), now, seq];
    tx.exec(sql, row)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::days::One;
    use super::*;

    fn work(id: &str) -> Work {
        let rule = pack::at("").rule(id).unwrap();
        Work::new(rule, &rule.settings, rule.least).unwrap()
    }

    fn blocks(source: &str, per_day: impl Fn(i32) -> Option<u32>, last: i32) -> Vec<Block> {
        let mut out = Vec::new();
        for year in 2020..=days::year_of(last) {
            let first = days::new_year(year);
            let end = last.min(days::new_year(year + 1) - 1);
            let one = |d| per_day(d).map_or(One::default(), |cases| One { tellers: 1, cases });
            let all: Vec<One> = (first..=end).map(one).collect();
            out.push(Block {
                id: format!("c/a/{source}/fever/{year}"),
                area: "a".into(),
                path: "/a/".into(),
                source: source.into(),
                syndrome: "fever".into(),
                year,
                last_day: end,
                days: days::pack(&all),
            });
        }
        out
    }

    /// A Friday, and a school that tells from Monday to Friday.
    const FRIDAY: i32 = 20_518;

    fn school(day: i32, usual: u32, last: u32) -> Option<u32> {
        let weekday = Day(day).weekday();
        let lively = usual + (day as u32 % 3);
        (weekday <= 5).then_some(if day > FRIDAY - 5 { last } else { lively })
    }

    #[test]
    fn more_than_usual_is_found_and_as_usual_is_not() {
        let pack = pack::at("");
        assert_eq!(Day(FRIDAY).weekday(), 5);
        for id in ["school-weeks", "school-years", "years-five", "percentile-80"] {
            let mut rule = work(id);
            // The rule by weeks looks at the last whole one.
            let today_is = if rule.rule.window == Window::Week { FRIDAY + 3 } else { FRIDAY };
            let mut said = |last| today(&mut rule, pack, "fever", &blocks("school", |d| school(d, 2, last), FRIDAY), today_is);
            let found = said(12).unwrap_or_else(|| panic!("{id}"));
            assert_eq!((found.cases, found.part), (60, false), "{id}");
            assert!(found.upper < 60.0 && found.expected.is_some_and(|e| (10.0..20.0).contains(&e)), "{id}: {found:?}");
            assert_eq!(said(2), None, "{id}");
            assert_eq!(said(0), None, "{id}: low is never told");
        }
    }

    #[test]
    fn zeros_say_nothing_and_what_is_long_ago_says_nothing() {
        let pack = pack::at("");
        for rule in &pack.rule {
            let mut rule = work(&rule.id);
            for source in ["school", "visit"] {
                assert_eq!(today(&mut rule, pack, "fever", &blocks(source, |_| Some(0), FRIDAY), FRIDAY), None);
            }
            let late = today(&mut rule, pack, "fever", &blocks("school", |d| school(d, 2, 30), FRIDAY), FRIDAY + 15);
            assert_eq!(late, None, "{}", rule.rule.id);
        }
    }

    #[test]
    fn the_nearest_switch_decides() {
        let one = |path: &str, works| Switch {
            id: format!("{path}r"),
            area: String::new(),
            path: path.into(),
            rule: "r".into(),
            works,
            settings: String::new(),
            least: 1,
            why: String::new(),
            made_by: String::new(),
            changed_at: 0,
        };
        let all = [one("/a/", true), one("/a/b/", false)];
        let works = |path| nearest(&all, "r", path).is_some_and(|s| s.works);
        assert!(works("/a/c/") && !works("/a/b/") && !works("/a/b/d/") && !works("/x/"));
        assert!(nearest(&all, "s", "/a/").is_none());
    }
}
