//! All series: by night, and those that a count touches as soon as it is told.
//!
//! What must stay true: doing it twice changes nothing; what is found depends on the counts and the day alone, whatever the order of
//! series and however many threads there are; reading, computing and writing do not wait for one another, and computing keeps nobody's
//! write waiting.
//!
//! Log kinds written: `health.night`.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, sync_channel};

use store::Entry;

use super::days::{self, Block};
use super::pack::{self, Pack};
use super::rules::{self, Found, Switch, Work, nearest};
use super::signal::{self, ground};
use super::{Book, count, day_of};
use crate::base::{area, party};
use crate::kit::error::Error;
use crate::kit::time::{Ms, zoned};
use crate::kit::{App, Result};

/// Blocks that are read at once.
const EACH: i64 = 6_000;
/// Threads that compute.
const THREADS: usize = 2;
/// Signals of one write.
const WRITES: usize = 500;
/// Setting: the day of the last night run.
const DONE: &str = "health.night";

/// What a run did, and how long its parts took; reading and computing go on side by side.
#[derive(Clone, Copy, Debug, Default)]
pub struct Run {
    /// Areas times syndromes that some rule looked at.
    pub series: u64,
    /// Series times rules.
    pub judged: u64,
    /// Rules that called.
    pub found: usize,
    /// Of those, what was new.
    pub new: usize,
    /// The database was read for so long, in milliseconds of the program's clock.
    pub read: Ms,
    /// Threads computed for so long, together.
    pub compute: Ms,
    /// What was new was written in so long.
    pub write: Ms,
}

/// Rules at work, by place: those of the places seen so far.
struct Works<'s> {
    pack: &'static Pack,
    switches: &'s [Switch],
    /// By rule, settings and least: one detector each, which keeps what it laid out.
    all: Vec<Work>,
    at: BTreeMap<(String, String, i64), Option<usize>>,
}

impl<'s> Works<'s> {
    fn new(pack: &'static Pack, switches: &'s [Switch]) -> Works<'s> {
        Works { pack, switches, all: Vec::new(), at: BTreeMap::new() }
    }

    /// Places of the rules that work at a path.
    fn of(&mut self, path: &str) -> Vec<usize> {
        let mut out = Vec::new();
        for rule in &self.pack.rule {
            let Some(on) = nearest(self.switches, &rule.id, path).filter(|s| s.works) else { continue };
            let all = &mut self.all;
            let known = self.at.entry((rule.id.clone(), on.settings.clone(), on.least)).or_insert_with(|| {
                all.push(Work::new(rule, &on.settings, on.least as u32)?);
                Some(all.len() - 1)
            });
            out.extend(*known);
        }
        out
    }
}

/// Blocks of one area.
type One = Vec<Block>;

/// What was found in some areas: series, judged, found.
fn judge(works: &mut Works, one: &[Block], only: Option<&[String]>, today: i32, run: &mut Run) -> Vec<Found> {
    let mut out = Vec::new();
    let Some(path) = one.first().map(|b| &b.path) else { return out };
    let at = works.of(path);
    if at.is_empty() {
        return out;
    }
    let mut syndromes: Vec<&String> = one.iter().map(|b| &b.syndrome).collect();
    syndromes.sort_unstable();
    syndromes.dedup();
    for syndrome in syndromes.into_iter().filter(|s| only.is_none_or(|o| o.contains(s))) {
        run.series += 1;
        let own: Vec<Block> = one.iter().filter(|b| b.syndrome == *syndrome).cloned().collect();
        for at in &at {
            let work = &mut works.all[*at];
            if !own.iter().any(|b| work.rule.sources.contains(&b.source)) {
                continue;
            }
            run.judged += 1;
            out.extend(rules::today(work, works.pack, syndrome, &own, today));
        }
    }
    out
}

fn from_year(pack: &Pack, today: i32) -> i32 {
    days::year_of(today - 7 * pack.limits.weeks as i32)
}

/// Computes areas as they come, until there are no more.
fn compute(
    app: &App,
    pack: &'static Pack,
    switches: &[Switch],
    areas: &Mutex<Receiver<Vec<One>>>,
    today: i32,
) -> (Vec<Found>, Run) {
    let (mut works, mut run, mut found) = (Works::new(pack, switches), Run::default(), Vec::new());
    loop {
        let next = areas.lock().ok().and_then(|areas| areas.recv().ok());
        let Some(some) = next else { return (found, run) };
        let began = app.now();
        for one in some {
            found.extend(judge(&mut works, &one, None, today, &mut run));
        }
        run.compute += app.now() - began;
    }
}

/// Looks at all series; gives what is new of it, by area, syndrome and rule.
fn look(app: &App, pack: &'static Pack, today: i32, run: &mut Run) -> Result<Vec<Found>> {
    let switches = app.db.read(|r| rules::switches(r))?;
    if !switches.iter().any(|s| s.works) {
        return Ok(Vec::new());
    }
    let (send, hear) = sync_channel::<Vec<One>>(2 * THREADS);
    let hear = Mutex::new(hear);
    let (hear, switches) = (&hear, &switches);
    let (mut found, read) = std::thread::scope(|s| {
        let threads: Vec<_> = (0..THREADS).map(|_| s.spawn(move || compute(app, pack, switches, hear, today))).collect();
        let read = feed(app, pack, today, |some| send.send(some).is_ok());
        drop(send);
        let mut all = Vec::new();
        for thread in threads {
            let (found, part) = thread.join().map_err(|_| Error::internal("the night run panicked"))?;
            all.extend(found);
            run.series += part.series;
            run.judged += part.judged;
            run.compute += part.compute;
        }
        Ok::<_, Error>((all, read?))
    })?;
    run.read = read;
    found.sort_by(|a, b| (&a.path, &a.syndrome, &a.rule).cmp(&(&b.path, &b.syndrome, &b.rule)));
    run.found = found.len();
    let known = app.db.read(|r| ground::open(r))?;
    found.retain(|f| known.get(&format!("{}/{}/{}", f.area, f.syndrome, f.rule)) != Some(&(f.day, f.cases)));
    run.new = found.len();
    Ok(found)
}

/// Reads all blocks of communities, area by area, and gives them away; how long reading took.
fn feed(app: &App, pack: &Pack, today: i32, mut give: impl FnMut(Vec<One>) -> bool) -> Result<Ms> {
    let (year, mut last, mut took) = (from_year(pack, today), String::new(), 0);
    let mut rest: One = Vec::new();
    loop {
        let began = app.now();
        let (blocks, next) = app.db.read(|r| days::after(r, &last, year, EACH))?;
        took += app.now() - began;
        let mut some: Vec<One> = Vec::new();
        for block in blocks {
            if rest.first().is_some_and(|b| b.area != block.area) {
                some.push(std::mem::take(&mut rest));
            }
            rest.push(block);
        }
        match next {
            Some(id) => last = id,
            None => {
                some.push(std::mem::take(&mut rest));
                give(some);
                return Ok(took);
            }
        }
        if !give(some) {
            return Ok(took);
        }
    }
}

/// Writes what was found.
fn write(app: &App, book: &Book, found: Vec<Found>) -> Result<()> {
    for some in found.chunks(WRITES) {
        let (some, book) = (some.to_vec(), book.clone());
        app.db.write(move |tx| signal::take(tx, &book, &some))?;
    }
    Ok(())
}

/// All series, now.
pub fn run(app: &App) -> Result<Run> {
    let (mut run, book) = (Run::default(), Book::now(app, "")?);
    let today = day_of(app.now(), &app.config.zone);
    let found = look(app, book.pack, today, &mut run)?;
    let began = app.now();
    write(app, &book, found)?;
    let (series, judged, new) = (run.series as i64, run.judged as i64, run.new as i64);
    app.db.write(move |tx| {
        count::sweep(tx, today)?;
        let entry = Entry::new("health.night", "health", "").fact("day", today).fact("series", series);
        tx.log(entry.fact("judged", judged).fact("new", new))?;
        party::set(tx, DONE, &today.to_string())?;
        Ok::<_, Error>(())
    })?;
    run.write = app.now() - began;
    Ok(run)
}

/// Runs once a day from the hour of the pack on.
pub fn round(app: &App, now: Ms) -> Result<()> {
    let zone = &app.config.zone;
    if zoned(now, zone).hour() < pack::at("").limits.night_hour {
        return Ok(());
    }
    let done = app.db.read(|r| Ok::<_, Error>(party::setting(r, DONE)?))?;
    if done.and_then(|d| d.parse::<i32>().ok()) == Some(day_of(now, zone)) {
        return Ok(());
    }
    // A node on which nobody ever told anything has nothing to do at night.
    let told = "select count(*) from (select 1 as one from health_count limit 1) t";
    if app.db.read(|r| Ok::<_, Error>(store::Query::count(r, told, &[])?))? == 0 {
        return Ok(());
    }
    run(app).map(drop)
}

/// The series of a community that a count touched, at once.
pub fn touch(app: &App, book: &Book, community: &area::Area, syndromes: &[String]) -> Result<()> {
    if syndromes.is_empty() {
        return Ok(());
    }
    let today = day_of(app.now(), &app.config.zone);
    let (blocks, switches) = app.db.read(|r| {
        let blocks = days::of_area(r, true, &community.id, from_year(book.pack, today))?;
        Ok::<_, Error>((blocks, rules::switches(r)?))
    })?;
    let mut works = Works::new(book.pack, &switches);
    let found = judge(&mut works, &blocks, Some(syndromes), today, &mut Run::default());
    write(app, book, found)
}
