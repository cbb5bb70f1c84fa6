//! Signals raised by what rules found, and what happens to them by themselves.
//!
//! What must stay true: of an area and a syndrome one is open at a time, which the database keeps; the same cases are told once, whoever
//! finds them how often; whoever was told hears of it again when there are new cases, at most once in the hours of the pack; the clock of
//! a signal that nobody verified rings until somebody does, each time one desk further up.

use std::collections::{BTreeMap, BTreeSet};

use store::{Entry, Query, Tx, params};

use super::rules::Found;
use super::{Book, COLUMNS, Signal, State, day_of, read};
use crate::base::notice::{self, New, Step};
use crate::base::roster;
use crate::kit::time::{DAY, HOUR, Ms};
use crate::kit::{Result, Who};

/// What a rule said last of a signal.
pub mod ground {
    use super::*;
    use crate::kit::row::row;

    row! {
        whole
        /// What a signal rests on.
        #[derive(Clone, Debug)]
        #[expect(missing_docs, reason = "the columns of `health_ground`, explained there")]
        pub struct Ground {
            pub id: String,
            pub signal: String,
            pub rule: String,
            pub settings: String,
            pub day: i32,
            pub cases: i64,
            pub told: i64,
            pub expected: Option<f64>,
            pub upper_bound: f64,
            pub base_from: Option<i32>,
            pub base_to: Option<i32>,
            pub weeks: i64,
            pub part: bool,
        }
    }

    /// Those of some signals, by signal and rule.
    pub fn of(q: &mut dyn Query, signals: &[Signal]) -> Result<Vec<Ground>> {
        let mut out = Vec::new();
        for some in signals.chunks(200) {
            let marks: Vec<String> = (1..=some.len()).map(|i| format!("${i}")).collect();
            let sql = format!("select {COLUMNS} from health_ground where signal in ({}) order by id", marks.join(","));
            let ids: Vec<store::Value> = some.iter().map(|s| s.id.as_str().into()).collect();
            for row in q.rows(&sql, &ids)? {
                out.push(read(&row)?);
            }
        }
        Ok(out)
    }

    /// All of open signals, as `area/syndrome/rule`: day and cases.
    pub fn open(q: &mut dyn Query) -> Result<BTreeMap<String, (i32, i64)>> {
        let sql = "select s.open_key, g.rule, g.day, g.cases from health_ground g join health_signal s on s.id = g.signal \
                   where s.open_key is not null";
        let mut out = BTreeMap::new();
        for row in q.rows(sql, &[])? {
            let key = format!("{}/{}", row.get::<String>("open_key")?, row.get::<String>("rule")?);
            out.insert(key, (row.get("day")?, row.get("cases")?));
        }
        Ok(out)
    }

    /// Writes one, new or in place of what the rule said before.
    pub(super) fn write(tx: &mut Tx, g: &Ground) {
        tx.put("health_ground", NAMES, 3, g.values());
    }
}
pub use ground::Ground;

/// What a write of many has seen and is about to write.
struct Batch<'b> {
    book: &'b Book,
    now: Ms,
    /// Open signals, by area and syndrome.
    open: BTreeMap<String, Signal>,
    /// Those closed of late, the last one of each area and syndrome.
    closed: BTreeMap<String, Signal>,
    /// What rules said of them, by id.
    grounds: BTreeMap<String, Ground>,
    /// How many signals there are.
    count: i64,
    /// Members of desks that can be reached.
    reach: BTreeMap<String, Vec<String>>,
    told: Vec<New>,
    /// Grounds that changed without anybody being told.
    changed: i64,
}

/// Takes what rules found, all in one write: new signals, new cases of open ones, or nothing new.
pub fn take(tx: &mut Tx, book: &Book, all: &[Found]) -> Result<()> {
    let mut batch = Batch::read(tx, book, all)?;
    for found in all {
        match batch.open.get(&key(found)).cloned() {
            Some(signal) => batch.more(tx, &signal, found)?,
            None if batch.is_old(found) => {}
            None => batch.raise(tx, found)?,
        }
    }
    if batch.changed > 0 {
        tx.log(Entry::new("health.more", "health", "").fact("changed", batch.changed))?;
    }
    notice::put(tx, &book.zone, &batch.told)
}

fn key(found: &Found) -> String {
    format!("{}/{}", found.area, found.syndrome)
}

impl<'b> Batch<'b> {
    fn read(tx: &mut Tx, book: &'b Book, all: &[Found]) -> Result<Batch<'b>> {
        let (now, mut open, mut closed) = (tx.now(), BTreeMap::new(), BTreeMap::new());
        let keys: BTreeSet<String> = all.iter().map(key).collect();
        let areas: BTreeSet<&String> = all.iter().map(|f| &f.area).collect();
        let marks = |from: usize, n: usize| (from..from + n).map(|i| format!("${i}")).collect::<Vec<_>>().join(",");
        let keys: Vec<store::Value> = keys.iter().map(|k| k.as_str().into()).collect();
        for some in keys.chunks(100) {
            let sql = format!("select {COLUMNS} from health_signal where open_key in ({})", marks(1, some.len()));
            for row in tx.rows(&sql, some)? {
                let signal = read(&row)?;
                open.insert(signal.open_key.clone().unwrap_or_default(), signal);
            }
        }
        // Of whoever was closed longer ago no case is in the week that is looked at.
        let since = now - i64::from(book.pack.limits.rest_days + 14) * DAY;
        let areas: Vec<&String> = areas.into_iter().collect();
        for some in areas.chunks(100) {
            let mut params: Vec<store::Value> = vec![since.into()];
            params.extend(some.iter().map(|a| a.as_str().into()));
            let sql = format!(
                "select {COLUMNS} from health_signal where closed_at > $1 and area in ({}) order by closed_at",
                marks(2, some.len())
            );
            for row in tx.rows(&sql, &params)? {
                let signal = read(&row)?;
                closed.insert(format!("{}/{}", signal.area, signal.syndrome), signal);
            }
        }
        let known: Vec<Signal> = open.values().chain(closed.values()).cloned().collect();
        let grounds = ground::of(tx, &known)?.into_iter().map(|g| (g.id.clone(), g)).collect();
        let count = tx.count("select count(*) from health_signal", &[])?;
        let (reach, told) = (BTreeMap::new(), Vec::new());
        Ok(Batch { book, now, open, closed, grounds, count, reach, told, changed: 0 })
    }

    /// Whether the same cases were what a signal was about that was closed of late.
    fn is_old(&self, found: &Found) -> bool {
        let Some(last) = self.closed.get(&key(found)) else { return false };
        let limits = &self.book.pack.limits;
        let rests = last.closed_at.is_some_and(|at| found.day - day_of(at, &self.book.zone) < limits.rest_days);
        let own = self.grounds.values().filter(|g| g.signal == last.id);
        // Another rule that finds no more than was known says nothing new either.
        let most = |g: &Ground| g.cases.max(g.told);
        let same = own.clone().filter(|g| g.rule == found.rule).map(most).max();
        rests && found.cases <= same.or_else(|| own.map(most).max()).unwrap_or(0)
    }

    fn raise(&mut self, tx: &mut Tx, found: &Found) -> Result<()> {
        let (id, now, system) = (tx.id(), self.now, Who::system());
        self.count += 1;
        let mut signal = Signal {
            number: format!("S-{:04}", self.count),
            open_key: Some(key(found)),
            area: found.area.clone(),
            path: found.path.clone(),
            syndrome: found.syndrome.clone(),
            state: State::Raised,
            desk: self.book.chart.desk_of(&found.path)?.id.clone(),
            level: None,
            disposition: None,
            case_number: None,
            told_at: now,
            opened_at: now,
            ring_at: Some(now + self.book.pack.limits.verify_hours * HOUR),
            late: 0,
            closed_at: None,
            log_seq: 0,
            id,
        };
        tx.new_owner_of(&signal.id, &signal.area)?;
        let entry = signal.entry(&system, "health.raise").fact("number", signal.number.as_str());
        let entry = entry.fact("syndrome", found.syndrome.as_str()).fact("rule", found.rule.as_str());
        signal.log_seq = tx.log(entry.fact("cases", found.cases).fact("day", found.day))?.index;
        tx.append("health_signal", super::NAMES, &signal.values());
        let ground = ground_of(&signal.id, found, found.cases);
        ground::write(tx, &ground);
        self.grounds.insert(ground.id.clone(), ground);
        let cases = found.cases.to_string();
        let step = params![&signal.id, 1, "raise", now, None::<String>, None::<String>, cases, None::<Vec<u8>>, signal.log_seq];
        tx.append("health_step", STEP, step);
        self.tell(tx, &signal, "signal")?;
        self.open.insert(key(found), signal);
        Ok(())
    }

    fn more(&mut self, tx: &mut Tx, signal: &Signal, found: &Found) -> Result<()> {
        let (now, system) = (self.now, Who::system());
        let old = self.grounds.get(&format!("{}/{}", signal.id, found.rule));
        if old.is_some_and(|g| g.day == found.day && g.cases == found.cases) {
            return Ok(());
        }
        // A rule that joins brings no new cases by itself: it is shown, not told.
        let told = old.map_or(found.cases, |g| g.told);
        let tells = found.cases > told && now - signal.told_at >= self.book.pack.limits.told_hours * HOUR;
        let ground = ground_of(&signal.id, found, if tells { found.cases } else { told });
        ground::write(tx, &ground);
        self.grounds.insert(ground.id.clone(), ground);
        if !tells {
            self.changed += 1;
            return Ok(());
        }
        let entry = signal.entry(&system, "health.more").fact("rule", found.rule.as_str()).fact("cases", found.cases);
        let seq = tx.log(entry.fact("day", found.day))?.index;
        tx.exec("update health_signal set told_at = $2 where id = $1", params![&signal.id, now])?;
        step(tx, signal, &system, "more", Some(&found.cases.to_string()), None, seq)?;
        self.tell(tx, signal, "more")?;
        self.open.insert(key(found), Signal { told_at: now, ..signal.clone() });
        Ok(())
    }

    /// Tells whoever of its desk can be reached.
    fn tell(&mut self, tx: &mut Tx, signal: &Signal, kind: &str) -> Result<()> {
        if !self.reach.contains_key(&signal.desk) {
            let people = roster::reachable(tx, &signal.desk, self.now, false)?;
            self.reach.insert(signal.desk.clone(), people);
        }
        let people = self.reach.get(&signal.desk).into_iter().flatten();
        self.told.extend(people.map(|person| new(person.clone(), self.now, kind, signal)));
        Ok(())
    }
}

fn ground_of(signal: &str, found: &Found, told: i64) -> Ground {
    Ground {
        id: format!("{signal}/{}", found.rule),
        signal: signal.to_owned(),
        rule: found.rule.clone(),
        settings: found.settings.clone(),
        day: found.day,
        cases: found.cases,
        told,
        expected: found.expected,
        upper_bound: found.upper,
        base_from: found.base.map(|b| b.0),
        base_to: found.base.map(|b| b.1),
        weeks: found.weeks,
        part: found.part,
    }
}

/// Columns of a line of the story.
const STEP: &[&str] = &["signal", "n", "act", "at", "by_person", "body", "what", "words", "log_seq"];

/// Adds a line to the story of a signal.
pub(super) fn step(
    tx: &mut Tx,
    signal: &Signal,
    who: &Who,
    act: &str,
    what: Option<&str>,
    words: Option<&str>,
    seq: u64,
) -> Result<()> {
    let n = tx.count("select count(*) from health_step where signal = $1", params![&signal.id])? + 1;
    let sealed = tx.seal_text(&signal.id, words)?;
    let body = super::over(who, &signal.path).and_then(|r| r.body.clone());
    let row = params![&signal.id, n, act, tx.now(), who.actor(), body, what.map(str::to_owned), sealed, seq];
    tx.append("health_step", STEP, row);
    Ok(())
}

fn new(person: String, at: Ms, kind: &str, signal: &Signal) -> New {
    New { person, at, kind: format!("health-{kind}"), subject: signal.number.clone(), class: None, urgent: true }
}

/// Tells whoever of an organisation can be reached, but for whoever did it.
pub(super) fn tell(tx: &mut Tx, book: &Book, who: &Who, signal: &Signal, body: &str, kind: &str) -> Result<()> {
    let now = tx.now();
    let mut people = roster::reachable(tx, body, now, false)?;
    people.retain(|p| Some(p.as_str()) != who.actor());
    let told: Vec<New> = people.into_iter().map(|person| new(person, now, kind, signal)).collect();
    notice::put(tx, &book.zone, &told)
}

/// Nobody is waited for any more.
pub(super) fn settled(tx: &mut Tx, book: &Book, signal: &Signal) -> Result<()> {
    notice::take(tx, &book.zone, &[Step::Settled(signal.number.clone())])
}

/// Signals whose clock rings.
pub fn due(q: &mut dyn Query, now: Ms, most: i64) -> Result<Vec<String>> {
    let sql = "select id from health_signal where ring_at <= $1 and ring_at is not null order by ring_at, id limit $2";
    let rows = q.rows(sql, params![now, most])?;
    Ok(rows.iter().map(|r| r.get("id")).collect::<store::Result<_>>()?)
}

/// Rings one: its desk hears that it is late, and the desk above the last one that heard of it.
pub fn ring(tx: &mut Tx, book: &Book, id: &str) -> Result<()> {
    let row = tx.row(&format!("select {COLUMNS} from health_signal where id = $1"), params![id])?;
    let (now, system) = (tx.now(), Who::system());
    let Some(signal) = row.as_ref().map(read).transpose()? else { return Ok(()) };
    if signal.state != State::Raised || signal.ring_at.is_none_or(|at| at > now) {
        return Ok(());
    }
    let late = signal.late + 1;
    let mut above = book.chart.body(&signal.desk);
    for _ in 0..late {
        above = above.and_then(|b| book.chart.desk_above(b)).or(above);
    }
    let ring = now + book.pack.limits.above_hours * HOUR;
    let seq = tx.log(signal.entry(&system, "health.late").fact("late", late).fact("ring", ring))?.index;
    tx.exec("update health_signal set late = $2, ring_at = $3 where id = $1", params![id, late, ring])?;
    step(tx, &signal, &system, "late", None, None, seq)?;
    tell(tx, book, &system, &signal, &signal.desk, "late")?;
    match above.map(|b| b.id.clone()).filter(|b| *b != signal.desk) {
        Some(above) => tell(tx, book, &system, &signal, &above, "late"),
        None => Ok(()),
    }
}
