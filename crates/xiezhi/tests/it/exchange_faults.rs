//! Three nodes above one another, each a process: killed at seeded moments, held up, started again, while people report at the
//! lowest. At the end the highest has counted each report once, in order, and no node holds another.
//!
//! 20 kills in the ordinary run, 100 with `XIEZHI_LONG`.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use store::Query as _;
use tempfile::TempDir;
use xiezhi::kit::time::{DAY, MINUTE};
use xiezhi::oversight::exchange::carry::{Calls, round};
use xiezhi::oversight::exchange::{join, node, peer};

use super::exchange::{STREET, another, joined, settled};
use super::world::{COMMUNITY, Client, World, on_each_engine, pg_database};

struct Node {
    dir: TempDir,
    database: Option<String>,
    port: u16,
    child: Option<Child>,
}

impl Node {
    fn start(&mut self) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xiezhi"));
        command.args(["serve", "--listen", &format!("127.0.0.1:{}", self.port), "--data"]).arg(self.dir.path());
        if let Some(url) = &self.database {
            command.args(["--database-url", url]);
        }
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert!(line.starts_with("listening "), "it said {line:?}");
        self.child = Some(child);
    }

    fn signal(&self, name: &str) {
        let pid = self.child.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
    }

    fn kill(&mut self) {
        let mut child = self.child.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    fn cli(&self, args: &[&str]) -> Json {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xiezhi"));
        command.args(args);
        match &self.database {
            Some(url) if args[0] == "log" => command.args(["--database-url", url]),
            Some(url) => command.arg("--data").arg(self.dir.path()).args(["--database-url", url]),
            None => command.arg("--data").arg(self.dir.path()),
        };
        let out = command.output().unwrap();
        assert!(out.status.success(), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
        serde_json::from_slice(&out.stdout).unwrap()
    }

    /// Entries and sums of its log, read as it lies on the disk.
    fn reports(&self) -> (i64, Vec<u64>) {
        let viewer = xiezhi::edge::backup::viewer(Some(self.dir.path()), self.database.as_deref()).unwrap();
        let sql = "select leaf from log where act in ('case.report', 'exchange.take') order by seq";
        let rows = viewer.read(|r| r.rows(sql, &[])).unwrap();
        let (mut sum, mut ends) = (0, Vec::new());
        for row in rows {
            let leaf: Json = serde_json::from_str(&row.get::<String>("leaf").unwrap()).unwrap();
            if leaf["act"] == "case.report" {
                sum += 1;
            } else {
                ends.push(leaf["x_until"].as_u64().unwrap());
            }
            for delta in leaf["x_deltas"].as_array().into_iter().flatten().filter(|d| d[2] == "received") {
                sum += delta[3].as_i64().unwrap();
            }
        }
        (sum, ends)
    }
}

/// Three worlds, joined and put away: what is left is folders, databases and ports.
fn three(server: Option<&str>) -> Vec<Node> {
    let database = || server.map(pg_database);
    let mut worlds: Vec<World> = Vec::new();
    let mut ports = Vec::new();
    for (code, name) in [(COMMUNITY, "一社区"), (STREET, "东关街道"), ("321002", "广陵区")] {
        let world = World::new(database());
        world.app.db.write(move |tx| node::name(tx, "test", code, name)).unwrap();
        worlds.push(world);
        ports.push(TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port());
    }
    for (below, code) in [(0, COMMUNITY), (1, STREET)] {
        let new = join::New {
            code: code.into(),
            name: code.into(),
            relation: peer::Relation::Child,
            body: None,
            grade: join::GRADE,
            url: Some(format!("http://127.0.0.1:{}", ports[below + 1])),
        };
        let line = join::invite(&worlds[below + 1].app, "test", new).unwrap();
        let answer = join::accept(&worlds[below].app, "test", &line, join::GRADE, None).unwrap();
        join::welcome(&worlds[below + 1].app, &answer).unwrap();
    }
    let put_away = |(world, port): (World, u16)| {
        let World { app, dir, .. } = world;
        let database = app.config.database_url.clone();
        drop(app);
        Node { dir, database, port, child: None }
    };
    worlds.into_iter().zip(ports).map(put_away).collect()
}

fn killed_at_random(server: Option<&str>, mut seed: u64) {
    let kills = if std::env::var("XIEZHI_LONG").is_ok() { 100 } else { 20 };
    let mut nodes = three(server);
    nodes.iter_mut().for_each(Node::start);
    let base = format!("http://127.0.0.1:{}", nodes[0].port);
    let (over, next) = (AtomicBool::new(false), AtomicU64::new(0));
    let mut random = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        seed >> 33
    };
    std::thread::scope(|s| {
        for _ in 0..3 {
            s.spawn(|| {
                let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
                while !over.load(Ordering::Relaxed) {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    let body = json!({ "text": format!("第 {n} 件"), "place": { "area": COMMUNITY } }).to_string();
                    let call = agent.post(format!("{base}/reports")).header("content-type", "application/json");
                    if call.send(body).is_err() {
                        std::thread::sleep(Duration::from_millis(5));
                    }
                }
            });
        }
        for _ in 0..kills {
            let node = &mut nodes[(random() % 3) as usize];
            if random() % 4 == 0 {
                // Held up, as a network that is cut: neither closed nor answered.
                node.signal("-STOP");
                std::thread::sleep(Duration::from_millis(100 + random() % 400));
                node.signal("-CONT");
            } else {
                node.kill();
                std::thread::sleep(Duration::from_millis(random() % 200));
                node.start();
            }
            std::thread::sleep(Duration::from_millis(50 + random() % 400));
        }
        over.store(true, Ordering::Relaxed);
    });
    let filed = nodes[0].reports().0;
    let begun = Instant::now();
    while nodes[2].reports().0 < filed {
        assert!(begun.elapsed() < Duration::from_secs(120), "{} of {filed} came to the top", nodes[2].reports().0);
        std::thread::sleep(Duration::from_millis(200));
    }
    nodes.iter_mut().for_each(Node::kill);
    assert!(filed > kills, "people got through in between ({filed})");
    for (i, node) in nodes.iter().enumerate() {
        let (sum, ends) = node.reports();
        assert_eq!(sum, filed, "node {i}: none lost, none twice");
        assert!(ends.is_sorted_by(|a, b| a < b), "node {i}: in order, each stretch once");
        assert_eq!(node.cli(&["log", "verify"])["ok"], true);
        let status = node.cli(&["exchange", "status"]);
        assert!(status["peers"].as_array().unwrap().iter().all(|p| p["state"] == "joined"), "{status}");
    }
    eprintln!("{kills} kills, {filed} reports");
}

#[test]
fn inv03_kill_9_of_any_of_three_levels_loses_and_doubles_nothing_on_sqlite() {
    killed_at_random(None, 3);
}

#[test]
fn inv03_kill_9_of_any_of_three_levels_loses_and_doubles_nothing_on_postgres() {
    let Ok(server) = std::env::var("XIEZHI_TEST_PG") else {
        assert!(std::env::var("XIEZHI_REQUIRE_PG").is_err(), "PostgreSQL is required here");
        eprintln!("SKIPPED: no PostgreSQL (XIEZHI_TEST_PG is not set)");
        return;
    };
    killed_at_random(Some(&server), 4);
}

#[test]
fn a_level_that_was_dead_for_a_week_gets_every_day_once_and_in_order() {
    on_each_engine(|leaf| {
        let mut top = another(leaf);
        joined(&mut top, leaf, COMMUNITY, true);
        settled(leaf, &top);
        // Nobody answers where the street was.
        top.configure(|_| ());
        let resident: Client = leaf.client(Some("resident"));
        for day in 0..7 {
            for n in 0..=day {
                let made =
                    resident.post("/reports", &json!({ "text": format!("第{day}天第{n}件"), "place": { "area": COMMUNITY } }));
                assert_eq!(made.status, 201, "local work goes on: {}", made.text);
            }
            round(&leaf.app, &mut Calls::default()).unwrap();
            leaf.app.ambience.advance(DAY);
            top.app.ambience.advance(DAY);
        }
        let waiting = leaf.client(Some("clerk")).get("/exchange").json();
        assert!(waiting["peers"][0]["open"].as_u64().unwrap() >= 28, "the page says how much is open: {waiting}");
        // It is back, at another address.
        let url = format!("http://{}", top.serve());
        let p = leaf.app.db.read(|r| peer::all(r)).unwrap().remove(0);
        let moved = leaf.client(Some("admin")).post(&format!("/exchange/peers/{}/address", p.id), &json!({ "url": url }));
        assert_eq!(moved.status, 200, "{}", moved.text);
        leaf.app.ambience.advance(10 * MINUTE);
        settled(leaf, &top);
        let rows = top.app.db.read(|r| r.rows("select leaf from log where act = 'exchange.take' order by seq", &[])).unwrap();
        let mut days: Vec<(i64, i64)> = Vec::new();
        for row in rows {
            let leaf: Json = serde_json::from_str(&row.get::<String>("leaf").unwrap()).unwrap();
            for d in leaf["x_deltas"].as_array().into_iter().flatten().filter(|d| d[2] == "received") {
                match days.last_mut() {
                    Some((day, n)) if *day == d[1].as_i64().unwrap() => *n += d[3].as_i64().unwrap(),
                    _ => days.push((d[1].as_i64().unwrap(), d[3].as_i64().unwrap())),
                }
            }
        }
        assert_eq!(days.iter().map(|d| d.1).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6, 7]);
        assert!(days.is_sorted_by(|a, b| a.0 + 1 == b.0), "{days:?}");
    });
}
