//! inv01 as a property: whatever people do in whatever order, no report vanishes. Random actions by random people, people
//! who go on leave, grids cut anew, a program that ends and starts again, and jumps of the clock, on the actions
//! themselves; after each step the books are checked. (What a killed process leaves behind is in `crash.rs`.)

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use store::{Query as _, params, verify};
use xiezhi::base::area::{self, recut};
use xiezhi::base::roster::{self, NewLeave};
use xiezhi::edge::jobs;
use xiezhi::kit::time::{HOUR, MINUTE};
use xiezhi::kit::{Error, Who};
use xiezhi::oversight::supervise;
use xiezhi::records::case::life::task::{self, Call, TaskAction, TaskKind};
use xiezhi::records::case::life::{Said, act};
use xiezhi::records::case::report::{self, NewReport};
use xiezhi::records::case::rules::{Action, Ask, Outcome, Verdict};
use xiezhi::records::case::{Rulebook, by_number};

use super::world::{COMMUNITY, World, on_each_engine};

const ACTORS: [&str; 9] = ["resident", "neighbour", "grid", "clerk", "clerk2", "property", "stranger", "street", "helper"];

/// Whose leave there may be: those whom a case can be given to, with their organisations.
const STAFF: [(&str, &str); 4] =
    [("clerk", "committee"), ("clerk2", "committee"), ("property", "property"), ("helper", "helpers")];

#[derive(Clone, Debug)]
enum Step {
    Report { actor: usize },
    Act { case: usize, actor: usize, action: usize, holds_code: bool, to: usize },
    Call { case: usize, actor: usize, to: usize },
    Task { task: usize, actor: usize, action: usize },
    Leave { person: usize, hours: i64 },
    Recut { cut: usize },
    Restart,
    Wait { hours: i64 },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        2 => (0..ACTORS.len()).prop_map(|actor| Step::Report { actor }),
        12 => (any::<usize>(), 0..ACTORS.len(), 0..Action::ALL.len(), any::<bool>(), 0usize..5)
            .prop_map(|(case, actor, action, holds_code, to)| Step::Act { case, actor, action, holds_code, to }),
        1 => (any::<usize>(), 0..ACTORS.len(), 0usize..5).prop_map(|(case, actor, to)| Step::Call { case, actor, to }),
        2 => (any::<usize>(), 0..ACTORS.len(), 0..TaskAction::ALL.len())
            .prop_map(|(task, actor, action)| Step::Task { task, actor, action }),
        1 => (0..STAFF.len(), 1i64..200).prop_map(|(person, hours)| Step::Leave { person, hours }),
        1 => (1usize..4).prop_map(|cut| Step::Recut { cut }),
        1 => Just(Step::Restart),
        3 => (0i64..80).prop_map(|hours| Step::Wait { hours }),
        // A clock that is set back, by hours or by weeks.
        1 => (-900i64..0).prop_map(|hours| Step::Wait { hours }),
    ];
    prop::collection::vec(step, 1..160)
}

#[test]
fn inv01_nothing_vanishes_whatever_is_done() {
    let cases = if std::env::var("XIEZHI_LONG").is_ok() { 60 } else { 14 };
    on_each_engine(|w| {
        let people: Vec<Who> = ACTORS.iter().map(|a| w.who(a)).collect();
        let bodies = ["committee", "property", "street", "sibling", "helpers"].map(|b| w.body(b));
        let mut numbers: Vec<String> = Vec::new();
        let mut runner = TestRunner::new_with_rng(
            Config { cases, failure_persistence: None, max_shrink_iters: 0, ..Config::default() },
            proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
        );
        let w = std::cell::RefCell::new(w);
        let numbers = std::cell::RefCell::new(&mut numbers);
        runner
            .run(&steps(), |steps| {
                for step in steps {
                    let waited = matches!(step, Step::Wait { .. });
                    match step {
                        Step::Restart => w.borrow_mut().restart(),
                        step => run(&w.borrow(), &people, &bodies, &mut numbers.borrow_mut(), step),
                    }
                    books(&w.borrow(), numbers.borrow().len() as i64)?;
                    if waited {
                        nobody_away(&w.borrow())?;
                    }
                }
                Ok(())
            })
            .unwrap();
        let w = w.borrow();
        assert!(w.app.db.read(|r| verify::log(r)).unwrap().ok);
        let settled = w.app.db.read(|r| r.count("select count(*) from cases where closed_at is not null", &[])).unwrap();
        assert!(settled > 5, "the walk also reaches the end of cases ({settled} of {})", numbers.borrow().len());
    });
}

fn run(w: &World, people: &[Who], bodies: &[String; 5], numbers: &mut Vec<String>, step: Step) {
    match step {
        Step::Report { actor } => {
            let (who, zone) = (people[actor].clone(), w.app.config.zone.clone());
            let new = NewReport {
                text: Some("灯坏了".into()),
                area: Some(COMMUNITY.into()),
                // Every second one says where: it lies in the grid of that place, as grids are cut then.
                lat: Some(323_940_000).filter(|_| numbers.len().is_multiple_of(2)),
                lon: Some(1_194_405_000).filter(|_| numbers.len().is_multiple_of(2)),
                channel: "web".into(),
                ..NewReport::default()
            };
            let (spot, book) = (w.app.db.read(|r| report::locate(r, &new)).unwrap(), Rulebook::now(&w.app).unwrap());
            let write = move |tx: &mut store::Tx| Ok::<_, Error>(report::make(tx, &book, &who, &new, &spot, &zone)?.0);
            numbers.push(w.app.db.write(write).unwrap().value.number);
        }
        Step::Act { case, actor, action, holds_code, to } if !numbers.is_empty() => {
            let id = id(w, &numbers[case % numbers.len()]);
            let other = numbers[(case / 7) % numbers.len()].clone();
            let action = Action::ALL[action];
            let to = match action {
                Action::Merge => other,
                Action::Assign => people[case % people.len()].person.clone().unwrap_or_default(),
                _ => bodies[to].clone(),
            };
            let said = Said {
                reason: Some("原因".into()),
                text: Some("说明".into()),
                to: Some(to),
                score: Some(3),
                until: Some(w.app.now() + (case % 90) as i64 * HOUR),
                outcome: Some(Outcome::ALL[case % Outcome::ALL.len()]),
                ask: Some(Ask::ALL[case % Ask::ALL.len()]),
                verdict: Some(Verdict::Partly),
                class: Some("help".into()).filter(|_| case % 3 == 0),
                private: case % 2 == 0,
                ..Said::default()
            };
            let (who, book) = (people[actor].clone(), Rulebook::now(&w.app).unwrap());
            // A refusal is fine; what matters is that it changes nothing.
            let _ = w.app.db.write(move |tx| act::act(tx, &book, &who, holds_code, &id, action, &said));
        }
        Step::Call { case, actor, to } if !numbers.is_empty() => {
            let id = id(w, &numbers[case % numbers.len()]);
            let call = Call { kind: TaskKind::ALL[case % 2], to: vec![bodies[to].clone()], text: "请来".into(), until: None };
            let (who, book) = (people[actor].clone(), Rulebook::now(&w.app).unwrap());
            let _ = w.app.db.write(move |tx| task::call(tx, &book, &who, &id, &call));
        }
        Step::Task { task, actor, action } => {
            let ids = w.app.db.read(|r| r.rows("select id from case_task order by id", &[])).unwrap();
            if let Some(row) = ids.get(task % ids.len().max(1)) {
                let (id, action): (String, _) = (row.get("id").unwrap(), TaskAction::ALL[action]);
                let said = Said { text: Some("说明".into()), score: Some(4), ..Said::default() };
                let (who, book) = (people[actor].clone(), Rulebook::now(&w.app).unwrap());
                let _ = w.app.db.write(move |tx| task::act(tx, &book, &who, &id, action, &said));
            }
        }
        Step::Call { .. } => {}
        Step::Act { .. } => {}
        Step::Leave { person, hours } => {
            let (login, body) = STAFF[person];
            let who = people[ACTORS.iter().position(|a| *a == login).unwrap()].clone();
            let now = w.app.now();
            let new = NewLeave {
                body: w.body(body),
                person: who.person.clone().unwrap_or_default(),
                substitute: None,
                from: now,
                to: now + hours * HOUR,
            };
            // Two leaves of one person do not overlap: refused, and nothing changes.
            let _ = w.app.db.write(move |tx| roster::add_leave(tx, &who, &new));
        }
        Step::Recut { cut } => {
            let community = w.app.db.read(|r| area::by_code(r, COMMUNITY)).unwrap().unwrap();
            // The same strip of land in so many grids.
            let wide = 20_000 / cut as i32;
            let grid = |n: usize| {
                let (lat, lon) = (323_930_000, 1_194_400_000 + n as i32 * wide);
                let ring = vec![[lat, lon], [lat, lon + wide], [lat + 50_000, lon + wide], [lat + 50_000, lon]];
                recut::Grid { code: format!("{COMMUNITY}-{cut}{n}"), name: format!("新{cut}{n}网格"), ring }
            };
            let grids: Vec<recut::Grid> = (0..cut).map(grid).collect();
            let plan = move |tx: &mut store::Tx| {
                let now = tx.now();
                let id = recut::draft(tx, None, &community, &grids, now)?;
                recut::enable(tx, None, &id)
            };
            w.app.db.write(plan).unwrap();
            jobs::deadlines(&w.app, w.app.now()).unwrap();
        }
        Step::Restart => {}
        Step::Wait { hours } => {
            w.app.ambience.advance(hours * HOUR + MINUTE);
            jobs::deadlines(&w.app, w.app.now()).unwrap();
        }
    }
}

fn id(w: &World, number: &str) -> String {
    w.app.db.read(|r| by_number(r, number)).unwrap().unwrap().id
}

/// After the jobs have run, nothing runs with somebody who is away.
fn nobody_away(w: &World) -> Result<(), TestCaseError> {
    let sql = "select count(*) from cases c join roster_leave l on l.person = c.assignee and l.cancelled_at is null \
               where c.due_at is not null and l.from_at <= $1 and l.to_at > $1";
    prop_assert_eq!(w.app.db.read(|r| r.count(sql, params![w.app.now()])).unwrap(), 0, "whoever is away holds no clock");
    Ok(())
}

/// The books after a step: states, holders, clocks, intervals, tally and the public equation agree.
fn books(w: &World, received: i64) -> Result<(), TestCaseError> {
    let bad = |sql: &str| w.app.db.read(|r| r.count(sql, &[])).unwrap();
    let open = "state not in ('closed', 'merged', 'rejected')";
    prop_assert_eq!(bad("select count(*) from cases"), received);
    prop_assert_eq!(
        bad(&format!("select count(*) from cases where {open} and (holder is null or due_at is null or closed_at is not null)")),
        0
    );
    prop_assert_eq!(
        bad(&format!(
            "select count(*) from cases where not ({open}) and (holder is not null or due_at is not null or closed_at is null)"
        )),
        0
    );
    prop_assert_eq!(
        bad(
            "select count(*) from cases where (holder is null) <> (hold_from is null) or (holder is null) <> (holder_since is null)"
        ),
        0,
        "one running interval for each open case, none else"
    );
    prop_assert_eq!(
        bad("select count(*) from cases where due_at is not null and (alarm_at is null or alarm_at > due_at)"),
        0,
        "a clock rings"
    );
    prop_assert_eq!(bad("select count(*) from cases where due_at is null and (alarm_at is not null or overlay is not null)"), 0);
    let intervals = "(select case_id, n, holder, from_at, to_at from case_hold \
                     union all select id, hold_n, holder, hold_from, null from cases where holder is not null)";
    let overlap = format!(
        "select count(*) from {intervals} a join {intervals} b on b.case_id = a.case_id and b.n = a.n + 1 \
         where a.to_at is null or b.from_at < a.to_at"
    );
    prop_assert_eq!(bad(&overlap), 0, "intervals follow each other and never overlap");
    let first = format!(
        "select count(*) from cases c where not exists (select 1 from {intervals} i where i.case_id = c.id and i.n = 1 and i.from_at = c.received_at)"
    );
    prop_assert_eq!(bad(&first), 0, "the ledger begins with the case");
    let tasks = "select count(*) from cases c where c.tasks <> (select count(*) from case_task t where t.case_id = c.id and t.settled_at is null)";
    prop_assert_eq!(bad(tasks), 0, "open parts are counted");
    prop_assert_eq!(bad(&format!("select count(*) from cases where tasks > 0 and not ({open})")), 0, "a parent closes last");
    prop_assert_eq!(
        bad("select count(*) from case_task where (settled_at is null) <> (due_at is not null)"),
        0,
        "each open part has a clock"
    );
    prop_assert_eq!(
        bad(
            "select count(*) from cases c where merged_into is not null and state = 'merged' and not exists (select 1 from cases m where m.number = c.merged_into and m.state <> 'merged')"
        ),
        0,
        "a merged report leads to its main case in one step"
    );
    // A gap may only lie where the case was settled in between.
    let lost =
        "select count(*) from case_hold a where not exists (select 1 from log l where l.obj = a.case_id and l.at = a.to_at)";
    prop_assert_eq!(bad(lost), 0, "an interval ends only by a logged act");
    let gap = format!(
        "select count(*) from {intervals} a join {intervals} b on b.case_id = a.case_id and b.n = a.n + 1 where a.to_at <> b.from_at \
         and not exists (select 1 from log l where l.obj = a.case_id and l.act = 'case.reopen' and l.at = b.from_at)"
    );
    prop_assert_eq!(bad(&gap), 0, "between two intervals lies nothing but a settled time");
    let tally = "select count(*) from (select area, state, count(*) n from cases group by area, state) c \
                 left join case_tally t on t.area = c.area and t.state = c.state where t.n is null or t.n <> c.n";
    prop_assert_eq!(bad(tally), 0, "the tally is what counting gives");
    let e = supervise::equation(&w.app, None).unwrap();
    prop_assert!(e.holds && e.received == received && e.received == e.open + e.closed + e.merged + e.rejected, "{:?}", e);
    let same = w
        .app
        .db
        .read(|r| {
            r.count(
                "select count(*) from cases where handled_by is not null and handled_by = checker and state = $1 and outcome <> 'withdrawn'",
                params!["closed"],
            )
        })
        .unwrap();
    prop_assert_eq!(same, 0, "nobody closed what he handled himself");
    Ok(())
}
