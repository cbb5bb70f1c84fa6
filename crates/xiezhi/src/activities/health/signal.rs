//! Signals raised by what rules found, and what happens to them by themselves.
//!
//! What must stay true: of an area and a syndrome one is open at a time, which the database keeps; the same cases are told once, whoever
//! finds them how often; whoever was told hears of it again when there are new cases, at most once in the hours of the pack; the clock of
//! a signal that nobody verified rings until somebody does, each time one desk further up.

use std::collections::BTreeMap;

use store::{Query, Tx, params};

use super::rules::Found;
use super::{Book, COLUMNS, Signal, State, day_of, read};
use crate::base::notice::{self, New, Step};
use crate::base::roster;
use crate::kit::time::{HOUR, Ms};
use crate::kit::{Result, Who};

/// What a rule said last of a signal.
pub mod ground {
    use super::*;
    use crate::kit::row::row;

    row! {
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
            pub points: i64,
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

    pub(super) fn write(tx: &mut Tx, g: &Ground) -> Result<()> {
        tx.exec("delete from health_ground where id = $1", params![&g.id])?;
        let sql = format!("insert into health_ground({COLUMNS}) values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13)");
        let part = i64::from(g.part);
        let row = params![
            &g.id,
            &g.signal,
            &g.rule,
            &g.settings,
            g.day,
            g.cases,
            g.told,
            g.expected,
            g.upper_bound,
            g.base_from,
            g.base_to,
            g.points,
            part
        ];
        tx.exec(&sql, row)?;
        Ok(())
    }
}
pub use ground::Ground;

/// Takes what a rule found: a new signal, new cases of an open one, or nothing new.
pub fn take(tx: &mut Tx, book: &Book, found: &Found) -> Result<()> {
    let key = format!("{}/{}", found.area, found.syndrome);
    let row = tx.row(&format!("select {COLUMNS} from health_signal where open_key = $1"), params![&key])?;
    match row.as_ref().map(read).transpose()? {
        Some(signal) => more(tx, book, signal, found),
        None if is_old(tx, book, found)? => Ok(()),
        None => raise(tx, book, key, found),
    }
}

/// Whether the same cases were what a signal was about that was closed of late.
fn is_old(tx: &mut Tx, book: &Book, found: &Found) -> Result<bool> {
    let sql = format!(
        "select {COLUMNS} from health_signal where area = $1 and syndrome = $2 and closed_at is not null \
         order by closed_at desc limit 1"
    );
    let row = tx.row(&sql, params![&found.area, &found.syndrome])?;
    let Some(last) = row.as_ref().map(read).transpose()? else { return Ok(false) };
    let rests = last.closed_at.is_some_and(|at| found.day - day_of(at, &book.zone) < book.pack.limits.rest_days);
    let grounds = ground::of(tx, &[last])?;
    // Another rule that finds no more than was known says nothing new either.
    let known = grounds.iter().filter(|g| g.rule == found.rule).map(|g| g.cases.max(g.told)).max();
    let known = known.or_else(|| grounds.iter().map(|g| g.cases.max(g.told)).max()).unwrap_or(0);
    Ok(rests && found.cases <= known)
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
        points: found.points,
        part: found.part,
    }
}

fn raise(tx: &mut Tx, book: &Book, key: String, found: &Found) -> Result<()> {
    let (id, now, system) = (tx.id(), tx.now(), Who::system());
    let desk = book.chart.desk_of(&found.path)?.id.clone();
    let mut signal = Signal {
        number: format!("S-{:04}", tx.count("select count(*) from health_signal", &[])? + 1),
        open_key: Some(key),
        area: found.area.clone(),
        path: found.path.clone(),
        syndrome: found.syndrome.clone(),
        state: State::Raised,
        desk,
        level: None,
        disposition: None,
        case_number: None,
        told_at: now,
        opened_at: now,
        ring_at: Some(now + book.pack.limits.verify_hours * HOUR),
        late: 0,
        closed_at: None,
        log_seq: 0,
        id,
    };
    tx.new_owner_of(&signal.id, &signal.area)?;
    let entry = signal.entry(&system, "health.raise").fact("number", signal.number.as_str());
    let entry = entry.fact("syndrome", found.syndrome.as_str()).fact("rule", found.rule.as_str()).fact("cases", found.cases);
    signal.log_seq = tx.log(entry.fact("day", found.day))?.index;
    let s = &signal;
    let marks: Vec<String> = (1..=17).map(|i| format!("${i}")).collect();
    let sql = format!("insert into health_signal({COLUMNS}) values ({})", marks.join(","));
    let row = params![
        &s.id,
        &s.number,
        &s.open_key,
        &s.area,
        &s.path,
        &s.syndrome,
        s.state,
        &s.desk,
        None::<String>,
        None::<String>,
        &s.case_number,
        s.told_at,
        s.opened_at,
        s.ring_at,
        s.late,
        s.closed_at,
        s.log_seq
    ];
    tx.exec(&sql, row)?;
    ground::write(tx, &ground_of(&s.id, found, found.cases))?;
    step(tx, s, &system, "raise", Some(&found.cases.to_string()), None, s.log_seq)?;
    tell(tx, book, &system, s, &s.desk, "signal")
}

fn more(tx: &mut Tx, book: &Book, signal: Signal, found: &Found) -> Result<()> {
    let (now, system) = (tx.now(), Who::system());
    let old = ground::of(tx, std::slice::from_ref(&signal))?.into_iter().find(|g| g.rule == found.rule);
    if old.as_ref().is_some_and(|g| g.day == found.day && g.cases == found.cases) {
        return Ok(());
    }
    // A rule that joins brings no new cases by itself: it is shown, not told.
    let told = old.as_ref().map_or(found.cases, |g| g.told);
    let rose = found.cases > told;
    let tells = rose && now - signal.told_at >= book.pack.limits.told_hours * HOUR;
    let entry = signal.entry(&system, "health.more").fact("rule", found.rule.as_str()).fact("cases", found.cases);
    let seq = tx.log(entry.fact("day", found.day).fact("told", i64::from(tells)))?.index;
    ground::write(tx, &ground_of(&signal.id, found, if tells { found.cases } else { told }))?;
    if tells {
        tx.exec("update health_signal set told_at = $2 where id = $1", params![&signal.id, now])?;
        step(tx, &signal, &system, "more", Some(&found.cases.to_string()), None, seq)?;
        tell(tx, book, &system, &signal, &signal.desk, "more")?;
    }
    Ok(())
}

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
    let sql = "insert into health_step(signal, n, act, at, by_person, body, what, words, log_seq) \
               values ($1,$2,$3,$4,$5,$6,$7,$8,$9)";
    let what = what.map(str::to_owned);
    tx.exec(sql, params![&signal.id, n, act, tx.now(), who.actor(), body, what, sealed, seq])?;
    Ok(())
}

/// Tells whoever of an organisation can be reached, but for whoever did it.
pub(super) fn tell(tx: &mut Tx, book: &Book, who: &Who, signal: &Signal, body: &str, kind: &str) -> Result<()> {
    let now = tx.now();
    let mut people = roster::reachable(tx, body, now, false)?;
    people.retain(|p| Some(p.as_str()) != who.actor());
    let new = |person| New {
        person,
        at: now,
        kind: format!("health-{kind}"),
        subject: signal.number.clone(),
        class: None,
        urgent: true,
    };
    notice::put(tx, &book.zone, &people.into_iter().map(new).collect::<Vec<_>>())
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
