//! What happens by itself: deadlines fire, what lies with somebody who is away moves on, notices follow the log and go out
//! over channels, forgotten uploads are swept, other systems are told and asked.
//!
//! What must stay true: everything is found again in the database after a restart; doing a job twice changes nothing, so
//! a crash between look-up and write is harmless. Threads of their own, because the store is synchronous; other systems
//! have one to themselves, because they may be slow, and so have the channels of notices.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::activities::{
    budget, consult, errand, fieldwork, health, mediation, neighbours, partner, project, relief, sensing, service, volunteer,
    vote,
};
use crate::base::party::Chart;
use crate::base::{key, media, notice, signin};
use crate::kit::time::{HOUR, MINUTE, Ms};
use crate::kit::{App, Error, Result, follow, tell};
use crate::oversight::supervise::kpi;
use crate::oversight::{board, exchange, share};
use crate::records::case::life::{absent, recalendar, ring, task};
use crate::records::case::{Rulebook, link, notify, recut};
use crate::records::open311::outbound;
use crate::records::register::{erase, near};
use crate::records::{duty, form, hotline, reach, register};

/// Between two rounds.
const ROUND: Duration = Duration::from_millis(250);
/// Followers look at the log this often though nothing was heard of it: another process may have written.
const ANYWAY: Ms = 5_000;
/// Deadlines that fire in one round; a backlog after an outage takes several.
const AT_ONCE: i64 = 500;

/// The running jobs.
pub struct Jobs {
    over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Jobs {
    /// Ends them after the round they are in; followers stop where they are in the log.
    pub fn stop(self) {
        self.over.store(true, Ordering::Relaxed);
        for thread in self.threads {
            let _ = thread.join();
        }
    }
}

/// Starts the jobs of a node.
pub fn start(app: Arc<App>) -> Jobs {
    let over = app.over.clone();
    let mut followed: (Ms, u64) = (0, 0);
    // A log that was not followed for a while (millions of cases brought in) keeps no deadline waiting.
    let followers = thread("followers", app.clone(), over.clone(), move |app| {
        let (now, mut rounds) = (app.now(), Vec::new());
        let size = *app.grown.borrow();
        if size != followed.1 || (now - followed.0).abs() >= ANYWAY {
            rounds.extend([follow(app).map(drop), kpi::follow(app).map(drop), hotline::follow::follow(app).map(drop)]);
            rounds.extend([link::follow::follow(app).map(drop), recalendar::follow(app).map(drop), reach::follow::follow(app)]);
            rounds.extend([register::recut::follow(app), board::fold::follow(app).map(drop)]);
            if rounds.iter().all(Result::is_ok) {
                followed = (now, size);
            }
        }
        rounds
    });
    let (mut swept, mut counted, mut kept): (Ms, Ms, i64) = (0, 0, 0);
    let house = thread("jobs", app.clone(), over.clone(), move |app| {
        let now = app.now();
        let mut rounds = vec![people(app, now)];
        if (now - counted).abs() > MINUTE {
            counted = now;
            rounds.push(key::flush(app));
        }
        if (now - swept).abs() > HOUR {
            swept = now;
            rounds.push(media::sweep(app).map(drop));
            rounds.push(reach::reply::sweep(app));
            rounds.push(board::keep::daily(app, &mut kept));
            rounds.push(erase::sweep(app));
            rounds.push(
                app.db
                    .read(|r| Ok(notice::queue::is_stale(r, now)?))
                    .and_then(|stale| if stale { app.db.write(notice::queue::sweep).map(drop) } else { Ok(()) }),
            );
            rounds.push(fieldwork::emergency::sweep(app).map(drop));
            rounds.push(volunteer::hours::sweep(app));
            rounds.push(form::report::round(app));
            rounds.push(register::import::sweep(app).map(drop));
            rounds.push(sensing::keep::round(app));
            rounds.push(sensing::odd::flush(app));
            rounds.push(app.db.write(|tx| Ok(tx.sweep_answers()?)).map(drop));
        }
        rounds
    });
    // A search of the whole register takes seconds, so it keeps nothing else waiting.
    let mut searched = 0;
    let _doubles = thread("doubles", app.clone(), over.clone(), move |app| {
        let due = (app.now() - searched).abs() >= HOUR / 4;
        searched = if due { app.now() } else { searched };
        vec![if due { near::nightly(app) } else { Ok(()) }]
    });
    // All series of a city take a while, and deadlines do not wait for them.
    let _night = thread("night", app.clone(), over.clone(), |app| vec![health::night::round(app, app.now())]);
    // Nobody waits for this one at the end: what it was about to send is claimed, and sent again after a restart.
    let _partners = thread("partners", app.clone(), over.clone(), |app| vec![outbound::round(app)]);
    // Nor for systems of departments: what was in hand is found again.
    let mut looked = 0;
    let _sharing = thread("sharing", app.clone(), over.clone(), move |app| {
        let due = (app.now() - looked).abs() >= ANYWAY;
        looked = if due { app.now() } else { looked };
        let mut rounds = vec![share::work::round(app)];
        if due {
            rounds.extend([share::folder::round(app), share::work::nightly(app)]);
        }
        rounds
    });
    // Rules on devices: after an outage there may be a million that fall due, and no deadline of people waits for them.
    let mut begun = sensing::watch::begin::Begun::default();
    let _alarms = thread("alarms", app.clone(), over.clone(), move |app| {
        vec![sensing::watch::begin::round(app, &mut begun), sensing::watch::ring::round(app, app.now())]
    });
    // Nobody waits for other nodes: what they have not confirmed is given again.
    let mut calls = exchange::carry::Calls::default();
    let _levels = thread("levels", app.clone(), over.clone(), move |app| vec![exchange::carry::round(app, &mut calls)]);
    // Codes wait for nothing else, and nobody waits for them at the end: whoever does asks again.
    let _codes = thread("codes", app.clone(), over.clone(), |app| vec![signin::code::round(app)]);
    // Nor for tables that come in: they go on where they were.
    let _tables = thread("tables", app.clone(), over.clone(), |app| vec![register::import::job::round(app)]);
    // For this one somebody waits: what is cut off in the middle of being sent stays unknown, and is not sent again.
    let notices = thread("notices", app, over.clone(), |app| vec![notice::send::round(app)]);
    Jobs { over, threads: house.into_iter().chain(followers).chain(notices).collect() }
}

/// A thread that does its rounds until told to stop.
fn thread(
    name: &str,
    app: Arc<App>,
    over: Arc<AtomicBool>,
    mut round: impl FnMut(&App) -> Vec<Result<()>> + Send + 'static,
) -> Option<JoinHandle<()>> {
    let run = move || {
        while !over.load(Ordering::Relaxed) {
            // A mistake in one round must not end all that follow: without this thread no deadline rings any more.
            let done = catch_unwind(AssertUnwindSafe(|| round(&app)));
            let done = done.unwrap_or_else(|_| vec![Err(Error::internal("a job panicked"))]);
            for e in done.into_iter().filter_map(Result::err) {
                // A full disk or a database that restarts: said once a round at most, tried again in the next.
                tell::trouble(&serde_json::json!({ "level": "warn", "job": "round", "detail": e.to_string() }));
                std::thread::sleep(ROUND * 8);
            }
            std::thread::sleep(ROUND);
        }
    };
    std::thread::Builder::new().name(name.to_owned()).spawn(run).ok()
}

/// Lets everything ring whose moment has come. What fails stops nothing of the others: it is told, and tried again.
pub fn deadlines(app: &App, now: Ms) -> Result<()> {
    people(app, now).and(sensing::watch::ring::round(app, now))
}

/// What people have to do in time.
fn people(app: &App, now: Ms) -> Result<()> {
    let book = Rulebook::now(app)?;
    let rung = all(app, |r| ring::ringing(r, now, AT_ONCE), move |tx, id| ring::ring(tx, &book, id));
    let late = all(app, |r| task::late(r, now, AT_ONCE), task::ring);
    let moved = all(app, |r| absent::cases(r, now, AT_ONCE), absent::reassign);
    let cut = all(app, |r| recut::due(r, now, AT_ONCE), recut::apply);
    let (book, pack) = (Rulebook::now(app)?, app.db.read(|r| duty::pack::now(r, app))?);
    let asked = all(app, |r| duty::act::ringing(r, now, AT_ONCE), move |tx, key| duty::act::ring(tx, &book, &pack, key));
    let counted = results(app, now);
    let (chart, zone) = (Chart::now(app)?, app.config.zone.clone());
    let owed = all(app, |r| vote::act::overdue(r, now, AT_ONCE), move |tx, id| vote::act::late(tx, &chart, &zone, id));
    let basis = consult::Basis::now(app)?;
    let talked = all(app, |r| consult::ring::ringing(r, now, AT_ONCE), move |tx, key| consult::ring::ring(tx, &basis, key));
    let (talk, terms) = (neighbours::Book::now(app, "")?, mediation::Book::now(app, "")?);
    let (looked, said) = (talk.clone(), talk);
    let held = all(app, |r| neighbours::judge::ringing(r, now, AT_ONCE), move |tx, id| neighbours::judge::ring(tx, &looked, id));
    let told = all(app, |r| neighbours::digest::due(r, now, AT_ONCE), move |tx, id| neighbours::digest::tell(tx, &said, id));
    let agreed = all(app, |r| mediation::ring::due(r, now, AT_ONCE), move |tx, key| mediation::ring::ring(tx, &terms, key));
    let help = volunteer::Book::now(app, "")?;
    let helped =
        all(app, |r| volunteer::help::ring::due(r, now, AT_ONCE), move |tx, id| volunteer::help::ring::ring(tx, &help, id));
    let lists = project::Book::now(app, "")?;
    let listed = all(app, |r| project::ring::due(r, now, AT_ONCE), move |tx, key| project::ring::ring(tx, &lists, key));
    let zone = app.config.zone.clone();
    let homes = all(app, |r| sensing::consent::due(r, now, AT_ONCE), move |tx, name| sensing::consent::ring(tx, &zone, name));
    let (zone, rules) = (app.config.zone.clone(), errand::act::Book { chart: Chart::now(app)?, zone: app.config.zone.clone() });
    let booked = all(app, |r| service::booking::due(r, now, AT_ONCE), move |tx, id| service::booking::act::ring(tx, id, &zone));
    let ran = all(app, |r| errand::act::due(r, now, AT_ONCE), move |tx, id| errand::act::ring(tx, &rules, id));
    let sent = volunteer::dispatch::round(app, now);
    let short = relief::Book::now(app, "")?;
    let short = all(app, |r| relief::ring::due(r, now, AT_ONCE), move |tx, id| relief::ring::ring(tx, &short, id));
    let watched = health::Book::now(app, "")?;
    let watched = all(app, |r| health::signal::due(r, now, AT_ONCE), move |tx, id| health::signal::ring(tx, &watched, id));
    let joining = partner::Book::now(app, "")?;
    let joined = all(app, |r| partner::ring::due(r, now, AT_ONCE), move |tx, key| partner::ring::ring(tx, &joining, key));
    let sharing = share::Book::now(app, "")?;
    let shared = all(app, |r| share::ring::due(r, now, AT_ONCE), move |tx, key| share::ring::ring(tx, &sharing, key));
    let held = held
        .and(short)
        .and(shared)
        .and(told)
        .and(agreed)
        .and(owed)
        .and(helped)
        .and(listed)
        .and(booked)
        .and(ran)
        .and(sent)
        .and(joined)
        .and(homes)
        .and(watched);
    rung.and(late).and(moved).and(cut).and(asked).and(counted).and(talked).and(held)
}

/// Publishes the results of votes and budgets that are over: counted before the write, because that may take a while. What
/// fails stops no other.
fn results(app: &App, now: Ms) -> Result<()> {
    let mut failed = None;
    for id in app.db.read(|r| vote::act::ended(r, now, AT_ONCE))? {
        let told = app.db.read(|r| vote::act::count(r, &app.texts, &id));
        failed = told.and_then(|told| app.db.write(move |tx| vote::act::publish(tx, &id, &told))).err().or(failed);
    }
    for number in app.db.read(|r| budget::act::ended(r, now, AT_ONCE))? {
        let counted = app.db.read(|r| {
            let budget = budget::by_number(r, &number)?;
            budget::count::result(r, &budget)
        });
        failed = counted.and_then(|c| app.db.write(move |tx| budget::act::publish(tx, &number, &c))).err().or(failed);
    }
    failed.map_or(Ok(()), Err)
}

/// Finds what is due and does it, until nothing is found: many in one write, because each write is a trip to the disk.
/// When one of them fails they are done one by one, so that it stops no other.
fn all(
    app: &App,
    find: impl Fn(&mut store::Read) -> Result<Vec<String>>,
    each: impl Fn(&mut store::Tx, &str) -> Result<()> + Clone + Send + 'static,
) -> Result<()> {
    loop {
        let due = app.db.read(|r| find(r))?;
        if due.is_empty() {
            return Ok(());
        }
        let (found, mut failed) = (due.len() as i64, None);
        let (ids, ring) = (due.clone(), each.clone());
        if app.db.write(move |tx| ids.iter().try_for_each(|id| ring(tx, id))).is_err() {
            for id in due {
                let ring = each.clone();
                failed = app.db.write(move |tx| ring(tx, &id)).err().or(failed);
            }
        }
        match failed {
            Some(e) => return Err(e),
            None if found < AT_ONCE => return Ok(()),
            None => {}
        }
    }
}

/// Turns new entries of the log into notices; returns how many entries were read.
pub fn follow(app: &App) -> Result<u64> {
    let chart = Chart::now(app)?;
    follow::follow(
        app,
        "notice",
        |r, entries| {
            let mut known = notify::Known::of(r, app, entries)?;
            let mut steps = Vec::new();
            for entry in entries {
                steps.extend(notify::of(r, &chart, &mut known, entry)?);
            }
            Ok((app.config.zone.clone(), steps))
        },
        |tx, (zone, steps)| notice::take(tx, &zone, &steps),
    )
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;
    use crate::kit::config::Config;

    #[test]
    fn a_job_that_panics_goes_on_with_its_next_round() {
        let dir = tempfile::tempdir().unwrap();
        let app = Arc::new(App::open(Config::new(dir.path())).unwrap());
        let (over, (tell, hear)) = (Arc::new(AtomicBool::new(false)), channel());
        let mut rounds = 0;
        let job = thread("story", app, over.clone(), move |_| {
            rounds += 1;
            tell.send(rounds).unwrap();
            if rounds == 1 {
                panic!("of the story's making");
            }
            Vec::new()
        });
        assert_eq!((hear.recv(), hear.recv()), (Ok(1), Ok(2)));
        over.store(true, Ordering::Relaxed);
        job.unwrap().join().unwrap();
    }
}
