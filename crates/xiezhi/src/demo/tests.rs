//! What the seeded node must be like.

use std::collections::BTreeMap;
use std::time::Instant;

use store::Query;

use super::*;
use crate::kit::config::Config;
use crate::records::case::rules::State;

/// Seeds a node whose clock stands still at a moment.
fn node_at(now: i64) -> (tempfile::TempDir, App) {
    let dir = tempfile::tempdir().unwrap();
    let mut config = Config::new(dir.path());
    config.manual_clock = true;
    let app = App::open(config).unwrap();
    app.ambience.advance(now - app.now());
    seed(&app, 120).unwrap();
    assert_eq!(app.now(), now, "a clock that stands still is where it was");
    (dir, app)
}

#[test]
fn inv01_the_demo_has_every_state_and_nothing_hangs_loose() {
    let dir = tempfile::tempdir().unwrap();
    let app = App::open(Config::new(dir.path())).unwrap();
    let begun = Instant::now();
    seed(&app, 120).unwrap();
    println!("seeded in {:?}, {} entries", begun.elapsed(), app.db.last().size);
    check(&app);
}

#[test]
fn inv01_also_when_it_starts_at_night_or_in_the_morning() {
    // `bin/check --long` tries every hour: which stories meet depends on it.
    #[expect(clippy::disallowed_methods, reason = "how long a sweep is, is said by bin/check")]
    let step = if std::env::var("XIEZHI_LONG").is_ok() { 1 } else { 8 };
    for hour in (1..25).step_by(step) {
        check(&node_at(1_799_942_400_000 + hour * HOUR).1);
    }
}

#[test]
fn inv01_also_at_the_end_of_the_longest_holidays() {
    check(&node_at(crate::kit::time::parse("2026-02-23T10:00:00+08:00").unwrap()).1);
}

fn check(app: &App) {
    let now = app.now();
    let count = |sql: &str| app.db.read(|r| r.count(sql, &[])).unwrap();

    let rows = app.db.read(|r| r.rows("select state, count(*) n from cases group by state", &[])).unwrap();
    let states: BTreeMap<String, i64> = rows.iter().map(|r| (r.get("state").unwrap(), r.get("n").unwrap())).collect();
    for state in State::ALL {
        assert!(states.contains_key(state.as_str()), "no case is {}", state.as_str());
    }
    assert!((150..=170).contains(&states.values().sum::<i64>()), "{states:?}");

    let open = "state not in ('closed', 'merged', 'rejected')";
    let bad =
        format!("select count(*) from cases where ({open}) <> (holder is not null and due_at is not null and closed_at is null)");
    assert_eq!(count(&bad), 0, "an open case has a holder and a clock, a settled one has neither");
    let bad = format!("select count(*) from cases where (hold_from is not null) <> ({open})");
    assert_eq!(count(&bad), 0, "one running hold for each open case");
    let bad = "select count(*) from case_hold a join case_hold b on b.case_id = a.case_id and b.n = a.n + 1 \
               where a.to_at is null or (a.to_at <> b.from_at and a.state not in ('closed', 'rejected') \
               and not exists (select 1 from log l where l.obj = a.case_id and l.act = 'case.reopen' and l.at = b.from_at))";
    assert_eq!(count(bad), 0, "holds follow each other without gap");
    assert_eq!(count(&format!("select count(*) from cases where alarm_at <= {now}")), 0, "every deadline that passed has rung");

    let first =
        "select count(*) from cases c join area a on a.code = '321002002901' and c.path >= a.path and c.path < a.path || 'z'";
    assert!(count(&format!("{first} where c.{open}")) >= 25);
    assert!(count(&format!("{first} where c.{open} and c.overdue_at is not null")) >= 3);
    for kind in ["committee", "property", "subdistrict"] {
        let sql = format!("select count(*) from cases c join body b on b.id = c.holder where b.kind = '{kind}'");
        assert!(count(&sql) > 0, "nobody waits for {kind}");
    }
    for (kind, states) in [("committee", "received accepted feedback checking"), ("property", "dispatched handling")] {
        for state in states.split(' ') {
            let sql = format!("{first} join body b on b.id = c.holder and b.kind = '{kind}' where c.state = '{state}'");
            assert!(count(&sql) > 0, "no case is {state} at the {kind} of the first community");
        }
    }
    let grid =
        "select count(*) from cases c join area a on a.code = '321002002901001' and a.id = c.area where c.holder is not null";
    assert!(count(grid) >= 3, "{} open cases in the grid of the printed grid worker", count(grid));
    let mine = "select count(*) from cases c join account a on a.person = c.reporter where a.login = 'resident'";
    assert!((4..=8).contains(&count(mine)), "{} cases of the printed resident", count(mine));
    assert!(count("select count(*) from cases where reporter is null") > 20);
    assert_eq!(count(&format!("select count(*) from log where at > {now}")), 0, "nothing lies in the future");

    let homes =
        "select count(*) from field_care c join area a on a.code = '321002002901001' and a.id = c.area where c.ended_at is null";
    assert_eq!(count(homes), 5, "homes of the printed grid worker");
    crate::records::reach::follow::follow(app).unwrap();
    let calls = count("select count(*) from reach where wish = 'call' and changed_at is not null and told_at is null");
    assert!((1..=15).contains(&calls), "{calls} people to be called");
    assert!(app.db.read(|r| store::verify::log(r)).is_ok());
    let size = app.db.last().size;
    // A third of them are answers to what the street asks. More would make every start of a demo wait.
    assert!(size < 2800, "{size} entries");
    seed(app, 120).unwrap();
    assert_eq!(app.db.last().size, size, "the second time changes nothing");
}

#[test]
fn at_the_same_moment_the_same_stories_happen() {
    let mut seen = Vec::new();
    for _ in 0..2 {
        let (_dir, app) = node_at(1_800_000_000_000);
        let sql = "select c.number, c.state, c.class, c.due_at, c.closed_at, b.name from cases c left join body b on b.id = c.holder \
                   order by c.number";
        let rows = app.db.read(|r| r.rows(sql, &[])).unwrap();
        seen.push(rows.iter().map(|r| format!("{r:?}")).collect::<Vec<_>>());
    }
    assert_eq!(seen[0], seen[1]);
}

#[test]
fn every_printed_account_signs_in_with_its_role() {
    let dir = tempfile::tempdir().unwrap();
    let app = App::open(Config::new(dir.path())).unwrap();
    seed(&app, 120).unwrap();
    let all = accounts(&app).unwrap();
    assert_eq!(all.len(), RoleKind::ALL.len());
    for (role, login, password) in &all {
        let opened = session::sign_in(&app, [127, 0, 0, 1].into(), login, password, true, "test").unwrap();
        let roles = app.db.read(|r| party::roles(r, &opened.person, app.now())).unwrap();
        assert_eq!(roles.first().map(|r| r.kind.as_str()), Some(role.as_str()));
    }
    drop(app);
    let again = App::open(Config::new(dir.path())).unwrap();
    assert_eq!(accounts(&again).unwrap(), all);
}

#[test]
fn a_node_that_is_in_use_is_not_seeded() {
    let dir = tempfile::tempdir().unwrap();
    let app = App::open(Config::new(dir.path())).unwrap();
    app.db.write(party::first_start).unwrap();
    assert_eq!(seed(&app, 120).unwrap_err().kind, Kind::SetUpDone);
}
