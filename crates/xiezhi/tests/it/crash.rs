//! kill -9 at seeded moments while people report: no acknowledged report is lost, none is doubled, the log verifies.
//!
//! 50 kills in the ordinary run, 500 with `XIEZHI_LONG`. The program itself is started and killed, not a part of it.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value as Json, json};

use super::world::{Client, pg_database};

const CLIENTS: usize = 4;

struct Node {
    child: Child,
    client: Client,
}

fn start(data: &Path, database: Option<&str>) -> Node {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xiezhi"));
    command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data).stdout(Stdio::piped()).stderr(Stdio::null());
    if let Some(url) = database {
        command.args(["--database-url", url]);
    }
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let base = line.trim().strip_prefix("listening ").unwrap_or_else(|| panic!("it said {line:?}")).to_owned();
    Node { child, client: Client { base, token: None } }
}

fn kill_and_count(data: &Path, database: Option<&str>, kills: u64, mut seed: u64) {
    // Key → number that was acknowledged; keys that were tried and not answered.
    let acked: Mutex<HashMap<String, String>> = Mutex::default();
    let unsure: Mutex<Vec<String>> = Mutex::default();
    let next = AtomicU64::new(0);
    // A busy machine needs longer lives before anything is acknowledged: kills in which nobody got through prove little.
    let mut slow = 1;
    for round in 0..kills {
        if acked.lock().unwrap().len() as u64 <= round {
            slow = (slow + 1).min(30);
        }
        let mut node = start(data, database);
        let over = AtomicBool::new(false);
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let lives = Duration::from_micros(2_000 + (seed >> 33) % (60_000 * slow));
        std::thread::scope(|s| {
            for _ in 0..CLIENTS {
                s.spawn(|| {
                    while !over.load(Ordering::Relaxed) {
                        // Whoever got no answer asks again with the same key, as phones do.
                        let key = unsure
                            .lock()
                            .unwrap()
                            .pop()
                            .unwrap_or_else(|| format!("key-{}", next.fetch_add(1, Ordering::Relaxed)));
                        match try_report(&node.client, &key) {
                            Some(number) => drop(acked.lock().unwrap().insert(key, number)),
                            None => {
                                unsure.lock().unwrap().push(key);
                                std::thread::sleep(Duration::from_millis(1));
                            }
                        }
                    }
                });
            }
            std::thread::sleep(lives);
            node.child.kill().unwrap();
            node.child.wait().unwrap();
            over.store(true, Ordering::Relaxed);
        });
    }
    let mut node = start(data, database);
    for key in unsure.lock().unwrap().drain(..) {
        let number = try_report(&node.client, &key).expect("the node is well");
        acked.lock().unwrap().insert(key, number);
    }
    let acked = acked.into_inner().unwrap();
    for (key, number) in &acked {
        assert_eq!(try_report(&node.client, key).as_ref(), Some(number), "{key}: the same key, the same report");
    }
    let numbers: std::collections::HashSet<&String> = acked.values().collect();
    assert_eq!(numbers.len(), acked.len(), "no number is given twice");
    let equation = node.client.get("/equation").json();
    assert_eq!((&equation["received"], &equation["holds"]), (&json!(acked.len()), &json!(true)), "none lost, none doubled");
    node.child.kill().unwrap();
    node.child.wait().unwrap();
    let mut verify = Command::new(env!("CARGO_BIN_EXE_xiezhi"));
    verify.args(["log", "verify"]);
    match database {
        Some(url) => verify.args(["--database-url", url]),
        None => verify.arg("--data").arg(data),
    };
    let out = verify.output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stdout));
    let report: Json = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(report["ok"], true);
    eprintln!("{kills} kills, {} reports, log of {}", acked.len(), report["size"]);
    assert!(acked.len() as u64 > kills, "people got through in between ({})", acked.len());
}

fn try_report(client: &Client, key: &str) -> Option<String> {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let call =
        agent.post(format!("{}/reports", client.base)).header("content-type", "application/json").header("idempotency-key", key);
    let mut answer = call.send(json!({ "text": format!("第 {key} 件") }).to_string()).ok()?;
    let made: Json = serde_json::from_str(&answer.body_mut().read_to_string().ok()?).ok()?;
    (answer.status().as_u16() == 201).then(|| made["number"].as_str().unwrap().to_owned())
}

fn kills() -> u64 {
    if std::env::var("XIEZHI_LONG").is_ok() { 500 } else { 50 }
}

#[test]
fn inv03_kill_9_loses_nothing_on_sqlite() {
    let dir = tempfile::tempdir().unwrap();
    kill_and_count(dir.path(), None, kills(), 1);
}

#[test]
fn inv03_kill_9_loses_nothing_on_postgres() {
    let Ok(server) = std::env::var("XIEZHI_TEST_PG") else {
        assert!(std::env::var("XIEZHI_REQUIRE_PG").is_err(), "PostgreSQL is required here");
        eprintln!("SKIPPED: no PostgreSQL (XIEZHI_TEST_PG is not set)");
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    kill_and_count(dir.path(), Some(&pg_database(&server)), kills(), 2);
}
