//! Whom a request is told (派单): the best who fit, then more people further away, then the community.
//!
//! What must stay true: all open requests of a community are looked at together, so that the only one who speaks a language
//! is not sent shopping (`calc::pair`); who comes already stays; each who is told has a reason, and each who is not; a wave
//! has a clock, and the last one ends with a case. Everything is read before the write.
//!
//! Log kinds written: `help.tell`, `help.remind`.

use std::collections::{BTreeMap, BTreeSet};

use calc::pair::{Edge, Outcome, Person, Problem, Task, solve};
use store::{Query, Tx, params};

use super::help::{self, Help, Stand, State, ring, tell};
use super::pack::Weigh;
use super::rules::{self, Helper, No};
use super::{Book, profile};
use crate::base::area;
use crate::kit::time::{MINUTE, Ms};
use crate::kit::{App, Error, Result, Who};
use crate::records::case::Rulebook;
use crate::records::case::report::{self, NewReport, Spot};

/// Open requests of a community that are looked at together.
const TOGETHER: i64 = 500;
/// Communities of one round.
const COMMUNITIES: i64 = 200;

/// What becomes of a request now.
pub enum Step {
    /// These are told.
    Tell(Vec<String>),
    /// The community looks after it.
    Case(Spot),
    /// Its time is over.
    Lapse,
}

/// How somebody stands to a request: what it costs in metres, or why not.
pub struct Fit {
    /// The volunteer.
    pub person: String,
    /// Cost, or what rules him out.
    pub cost: std::result::Result<i64, No>,
}

/// Everybody's fit to a request, within so many metres.
pub fn fits(q: &mut dyn Query, book: &Book, help: &Help, all: &[Helper], radius: u32) -> Result<Vec<Fit>> {
    let wish = help.wishes(q)?;
    let Some(need) = help.asks(q, book.pack, &book.zone, &wish, radius)? else { return Ok(Vec::new()) };
    let apart = match &help.asked_by {
        Some(asker) => profile::apart_from(q, asker)?,
        None => BTreeSet::new(),
    };
    let said: BTreeMap<String, Stand> = help::helpers(q, &help.id)?.into_iter().map(|b| (b.person, b.state)).collect();
    let fit = |h: &Helper| {
        let cost = match said.get(&h.person) {
            Some(Stand::Left) => Err(No::Said),
            _ => rules::fit(h, &need, apart.contains(&h.person)),
        };
        Fit { person: h.person.clone(), cost }
    };
    Ok(all.iter().map(fit).collect())
}

/// Looks at every community where somebody is looked for and a clock has rung.
pub fn round(app: &App, now: Ms) -> Result<()> {
    let due = app.db.read(|r| {
        let sql =
            "select distinct area from help where state = $1 and ring_at <= $2 and ring_at is not null order by area limit $3";
        let rows = r.rows(sql, params![State::Open, now, COMMUNITIES])?;
        let mut homes = BTreeSet::new();
        for row in rows {
            homes.insert(help::community(r, &row.get::<String>("area")?)?);
        }
        Ok::<_, Error>(homes)
    })?;
    for (id, path) in due {
        let (book, steps) = app.db.read(|r| {
            let code = area::by_id(r, &id)?.map(|a| a.code).unwrap_or_default();
            let book = Book::read(r, app, &code)?;
            let steps = plan(r, &book, &path, now)?;
            Ok::<_, Error>((book, steps))
        })?;
        let rulebook = Rulebook::now(app)?;
        app.db.write(move |tx| steps.iter().try_for_each(|(id, step)| take(tx, &book, &rulebook, id, step)))?;
    }
    Ok(())
}

/// What becomes of each request of a community whose clock has rung.
pub fn plan(q: &mut dyn Query, book: &Book, path: &str, now: Ms) -> Result<Vec<(String, Step)>> {
    let open = help::in_state(q, path, State::Open, TOGETHER)?;
    let all = profile::helpers(q, path, now)?;
    let limits = &book.pack.limits;
    let mut fitting = Vec::with_capacity(open.len());
    for help in &open {
        let radius = limits.radius[(help.wave.max(0) as usize).min(limits.radius.len() - 1)];
        fitting.push(fits(q, book, help, &all, radius)?);
    }
    let coming = coming(q, &open)?;
    let Pairing { outcome, .. } = pairing(&open, &all, &fitting, &coming, book.pack.weigh, now)?;
    let first: BTreeSet<(usize, &str)> =
        outcome.pairs.iter().map(|p| (p.task as usize, all[p.person as usize].person.as_str())).collect();
    let mut out = Vec::new();
    for (n, help) in open.iter().enumerate().filter(|(_, h)| h.ring_at.is_some_and(|at| at <= now)) {
        if help.ends_at <= now {
            out.push((help.id.clone(), Step::Lapse));
            continue;
        }
        if help.wave >= limits.waves {
            let code = area::by_id(q, &help.area)?.map(|a| a.code);
            let spot = report::locate(q, &NewReport { area: code, building: help.building.clone(), ..NewReport::default() })?;
            out.push((help.id.clone(), Step::Case(spot)));
            continue;
        }
        let told: BTreeSet<String> = help::helpers(q, &help.id)?.into_iter().map(|b| b.person).collect();
        let mut fit: Vec<(bool, i64, &str)> = fitting[n]
            .iter()
            .filter(|f| !told.contains(&f.person))
            .filter_map(|f| Some((!first.contains(&(n, f.person.as_str())), f.cost.ok()?, f.person.as_str())))
            .collect();
        // Whom the pairing gives it first, then the nearest.
        fit.sort_unstable();
        let most = if help.wave == 0 { limits.first } else { limits.more };
        out.push((help.id.clone(), Step::Tell(fit.into_iter().take(most).map(|(_, _, p)| p.to_owned()).collect())));
    }
    Ok(out)
}

/// Does it, if the request is still where it was.
fn take(tx: &mut Tx, book: &Book, rulebook: &Rulebook, id: &str, step: &Step) -> Result<()> {
    let (help, now, system) = (help::by_id(tx, id)?, tx.now(), Who::system());
    if help.state != State::Open || help.ring_at.is_none_or(|at| at > now) {
        return Ok(());
    }
    match step {
        Step::Lapse => help::close::lapse(tx, book, &help),
        Step::Case(_) if help.case_number.is_some() => {
            tx.exec("update help set ring_at = $2 where id = $1", params![id, help.ends_at])?;
            tx.log(help.entry(&system, "help.remind")).map(drop).map_err(Into::into)
        }
        Step::Case(spot) => ring::escalate(tx, book, rulebook, &help, spot),
        Step::Tell(people) => {
            let wave = help.wave + 1;
            for person in people {
                let sql = "insert into help_by(help, person, state, wave, told_at) values ($1,$2,$3,$4,$5) on conflict(help, person) do nothing";
                tx.exec(sql, params![id, person, Stand::Told, wave, now])?;
            }
            let minutes = if help.urgent == 1 { book.pack.limits.urgent_minutes } else { book.pack.limits.wave_minutes };
            // Where nobody fits, nobody is waited for.
            let next = if people.is_empty() { now } else { (now + minutes * MINUTE).min(help.ends_at) };
            tx.exec("update help set wave = $2, ring_at = $3 where id = $1", params![id, wave, next])?;
            tx.log(help.entry(&system, "help.tell").fact("wave", wave).fact("told", people.len() as i64))?;
            let people: Vec<&str> = people.iter().map(String::as_str).collect();
            tell::people(tx, book, &system, &help, "asked", &people)
        }
    }
}

/// Who goes where, when all open requests of a place are looked at together.
pub struct Pairing {
    /// The problem that was solved; tasks are requests, people are helpers, in the order they were given.
    pub problem: Problem,
    /// The pairs.
    pub outcome: Outcome,
}

/// As many places filled as can be, then the nearest, and nobody has a third request while others have none; whoever waits
/// longest is served first. Who agreed to come stays.
pub fn pairing(
    open: &[Help],
    all: &[Helper],
    fitting: &[Vec<Fit>],
    coming: &[BTreeSet<String>],
    weigh: Weigh,
    now: Ms,
) -> Result<Pairing> {
    let wait = |h: &Help| (now - h.made_at).max(0) / MINUTE;
    let tasks = open.iter().map(|h| Task { need: h.need as u32, wait: wait(h) }).collect();
    let held = |h: &Helper| coming.iter().filter(|c| c.contains(&h.person)).count() as u32;
    let people = all.iter().map(|h| Person { capacity: weigh.most.max(held(h)), load: vec![0, weigh.second] }).collect();
    let mut edges = Vec::new();
    for (task, (fits, coming)) in fitting.iter().zip(coming).enumerate() {
        for (person, fit) in fits.iter().enumerate() {
            let pinned = coming.contains(&fit.person);
            if let Some(cost) = if pinned { Some(0) } else { fit.cost.ok() } {
                edges.push(Edge { task: task as u32, person: person as u32, cost, pinned });
            }
        }
    }
    let problem = Problem::new(tasks, people, &edges).map_err(|fault| Error::internal(fault.to_string()))?;
    let outcome = solve(&problem);
    Ok(Pairing { problem, outcome })
}

/// Who comes to each of the requests already.
pub fn coming(q: &mut dyn Query, open: &[Help]) -> Result<Vec<BTreeSet<String>>> {
    let agreed = |b: help::By| (b.state == Stand::Agreed).then_some(b.person);
    open.iter().map(|h| Ok(help::helpers(q, &h.id)?.into_iter().filter_map(agreed).collect())).collect()
}
