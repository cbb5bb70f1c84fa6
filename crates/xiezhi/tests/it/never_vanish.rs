//! inv01 as a property: whatever people do in whatever order, no report vanishes. Random actions by random people with
//! jumps of the clock, on the actions themselves; after each step the books are checked.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use store::{Query as _, params, verify};
use xiezhi::edge::jobs;
use xiezhi::kit::time::{HOUR, MINUTE};
use xiezhi::kit::{Error, Who};
use xiezhi::oversight::supervise;
use xiezhi::records::case::Rulebook;
use xiezhi::records::case::act::{self, Said};
use xiezhi::records::case::report::{self, NewReport};
use xiezhi::records::case::rules::Action;

use super::world::{COMMUNITY, World, on_each_engine};

const ACTORS: [&str; 8] = ["resident", "neighbour", "grid", "clerk", "clerk2", "property", "stranger", "street"];

#[derive(Clone, Debug)]
enum Step {
    Report { actor: usize },
    Act { case: usize, actor: usize, action: usize, holds_code: bool, to: usize },
    Wait { hours: i64 },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        2 => (0..ACTORS.len()).prop_map(|actor| Step::Report { actor }),
        12 => (any::<usize>(), 0..ACTORS.len(), 0..Action::ALL.len(), any::<bool>(), 0usize..4)
            .prop_map(|(case, actor, action, holds_code, to)| Step::Act { case, actor, action, holds_code, to }),
        2 => (0i64..80).prop_map(|hours| Step::Wait { hours }),
    ];
    prop::collection::vec(step, 1..80)
}

#[test]
fn inv01_nothing_vanishes_whatever_is_done() {
    let cases = if std::env::var("XIEZHI_LONG").is_ok() { 200 } else { 12 };
    on_each_engine(|w| {
        let people: Vec<Who> = ACTORS.iter().map(|a| w.who(a)).collect();
        let bodies = ["committee", "property", "street", "sibling"].map(|b| w.body(b));
        let mut numbers: Vec<String> = Vec::new();
        let mut runner = TestRunner::new_with_rng(
            Config { cases, failure_persistence: None, max_shrink_iters: 0, ..Config::default() },
            proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
        );
        let w = &*w;
        let numbers = std::cell::RefCell::new(&mut numbers);
        runner
            .run(&steps(), |steps| {
                for step in steps {
                    run(w, &people, &bodies, &mut numbers.borrow_mut(), step);
                    books(w, numbers.borrow().len() as i64)?;
                }
                Ok(())
            })
            .unwrap();
        assert!(w.app.db.read(|r| verify::log(r)).unwrap().ok);
        let settled = w.app.db.read(|r| r.count("select count(*) from cases where closed_at is not null", &[])).unwrap();
        assert!(settled > 5, "the walk also reaches the end of cases ({settled} of {})", numbers.borrow().len());
    });
}

fn run(w: &World, people: &[Who], bodies: &[String; 4], numbers: &mut Vec<String>, step: Step) {
    match step {
        Step::Report { actor } => {
            let (book, who, zone) = (Rulebook::now(&w.app).unwrap(), people[actor].clone(), w.app.config.zone.clone());
            let new = NewReport {
                text: Some("灯坏了".into()),
                area: Some(COMMUNITY.into()),
                channel: "web".into(),
                ..NewReport::default()
            };
            let spot = w.app.db.read(|r| report::locate(r, &new)).unwrap();
            let made =
                w.app.db.write(move |tx| Ok::<_, Error>(report::make(tx, &book, &who, &new, &spot, &zone)?.0)).unwrap().value;
            numbers.push(made.number);
        }
        Step::Act { case, actor, action, holds_code, to } if !numbers.is_empty() => {
            let number = numbers[case % numbers.len()].clone();
            let other = numbers[(case / 7) % numbers.len()].clone();
            let action = Action::ALL[action];
            let to = if action == Action::Merge { other } else { bodies[to].clone() };
            let said =
                Said {
                    reason: Some("原因".into()), text: Some("说明".into()), to: Some(to), score: Some(3), ..Said::default()
                };
            let (book, who) = (Rulebook::now(&w.app).unwrap(), people[actor].clone());
            // A refusal is fine; what matters is that it changes nothing.
            let _ = w.app.db.write(move |tx| act::act(tx, &book, &who, holds_code, &number, action, &said));
        }
        Step::Act { .. } => {}
        Step::Wait { hours } => {
            w.app.ambience.advance(hours * HOUR + MINUTE);
            jobs::deadlines(&w.app, w.app.now()).unwrap();
        }
    }
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
    let running = format!(
        "select count(*) from cases c where (select count(*) from case_hold h where h.case_id = c.id and h.to_at is null and h.holder = c.holder) \
         <> case when c.{open} then 1 else 0 end"
    );
    prop_assert_eq!(bad(&running), 0, "one running interval for each open case, none else");
    let gaps = "select count(*) from case_hold a join case_hold b on b.case_id = a.case_id and b.n = a.n + 1 join cases c on c.id = a.case_id \
                where a.to_at <> b.from_at and a.to_at is not null and b.from_at < a.to_at";
    prop_assert_eq!(bad(gaps), 0, "intervals never overlap");
    // A gap may only lie where the case was settled in between.
    let lost = "select count(*) from case_hold a join case_hold b on b.case_id = a.case_id and b.n = a.n + 1 \
                where a.to_at <> b.from_at and not exists (select 1 from log l where l.obj = a.case_id and l.at = a.to_at)";
    prop_assert_eq!(bad(lost), 0, "an interval ends only by a logged act");
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
                "select count(*) from cases where handled_by is not null and handled_by = checker and state = $1",
                params!["closed"],
            )
        })
        .unwrap();
    prop_assert_eq!(same, 0, "nobody closed what he handled himself");
    Ok(())
}
