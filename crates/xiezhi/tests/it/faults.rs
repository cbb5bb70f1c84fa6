//! What residents and staff see when something is broken: a full disk, slow clients, a full queue, and copies.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use xiezhi::edge::backup;
use xiezhi::kit::App;
use xiezhi::kit::config::Config;

use super::world::{Client, World};

/// Runs `xiezhi serve` inside this process for a folder.
fn serve(config: Config) -> (Arc<App>, Client) {
    let app = Arc::new(App::open(config).unwrap());
    app.db.write(xiezhi::base::party::first_start).unwrap();
    let (tell, hear) = std::sync::mpsc::channel();
    let running = app.clone();
    std::thread::spawn(move || xiezhi::edge::serve::run(running, |bound| tell.send(bound.http).unwrap()));
    let address = hear.recv().unwrap();
    (app, Client { base: format!("http://{address}"), token: None })
}

/// A small file system of its own; `None` where mounting is not allowed.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount(megabytes: u32) -> Option<SmallDisk> {
        let dir = tempfile::tempdir().unwrap();
        let size = format!("size={megabytes}m");
        let done = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(dir.path()).output();
        done.is_ok_and(|o| o.status.success()).then_some(SmallDisk(dir))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

#[test]
fn inv12_a_full_disk_refuses_plainly_and_recovers_by_itself() {
    let Some(disk) = SmallDisk::mount(64) else {
        eprintln!("SKIPPED: no small disk can be mounted here (root is needed)");
        return;
    };
    let mut config = Config::new(disk.0.path());
    (config.listen, config.file.store.min_free_mb) = ("127.0.0.1:0".into(), 16);
    let (app, anyone) = serve(config);
    let made = anyone.post("/reports", &json!({ "text": "灯坏了" })).json();
    let (number, code) = (made["number"].as_str().unwrap(), made["code"].as_str().unwrap());
    let hash = xiezhi::base::party::session::hash(&app, "correct horse").unwrap();
    app.db
        .write(move |tx| {
            use xiezhi::base::party;
            let desk = party::default_desk(tx)?;
            let new = party::NewPerson { name: "值班员", phone: None, home: None, login: "desk", hash: &hash };
            let person = party::add_person(tx, &new)?;
            party::add_role(tx, &person, xiezhi::kit::RoleKind::Operator, &desk.area, Some(&desk.id))
        })
        .unwrap();
    let signed_in = anyone.post("/sign-in", &json!({ "name": "desk", "password": "correct horse" })).json();
    let desk = Client { base: anyone.base.clone(), token: Some(signed_in["token"].as_str().unwrap().into()) };
    assert_eq!(desk.get(&format!("/cases/{number}")).json()["text"], "灯坏了");

    std::fs::write(disk.0.path().join("ballast"), vec![7u8; 50 << 20]).unwrap();
    assert_eq!(anyone.post("/reports", &json!({ "text": "又坏了" })).error(), (507, "disk-full".into()));
    assert!(anyone.post("/reports", &json!({ "text": "又坏了" })).header("retry-after").is_some());
    assert_eq!(anyone.get("/readyz").status, 503);
    assert_eq!(anyone.get("/livez").status, 200);
    assert_eq!(anyone.get("/equation").status, 200, "public pages stay");
    assert_eq!(anyone.get(&format!("/reports/{number}?code={code}")).json()["text"], "灯坏了", "one's own report stays");
    assert_eq!(anyone.get(&format!("/reports/{number}/receipt?code={code}")).status, 200, "and its receipt");
    assert_eq!(
        desk.get(&format!("/cases/{number}")).error(),
        (507, "disk-full".into()),
        "a graded read that cannot be logged is refused"
    );

    std::fs::remove_file(disk.0.path().join("ballast")).unwrap();
    assert_eq!(anyone.get("/readyz").status, 200, "it resumes by itself");
    assert_eq!(anyone.post("/reports", &json!({ "text": "又坏了" })).status, 201);
    assert_eq!(desk.get(&format!("/cases/{number}")).status, 200);
}

#[test]
fn a_silent_client_loses_its_connection_and_others_do_not_notice() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = Config::new(dir.path());
    (config.listen, config.file.limits.header_seconds, config.file.limits.body_seconds) = ("127.0.0.1:0".into(), 1, 1);
    let (_app, anyone) = serve(config);
    let address = anyone.base.trim_start_matches("http://").to_owned();
    for bytes in [
        &b""[..],
        b"GET / HT",
        b"POST /reports HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{",
    ] {
        let mut stream = TcpStream::connect(&address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(8))).unwrap();
        stream.write_all(bytes).unwrap();
        assert_eq!(anyone.get("/livez").status, 200);
        let begun = Instant::now();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).unwrap_or_else(|e| panic!("still open after {:?}: {e}", begun.elapsed()));
    }
}

#[test]
fn a_full_queue_says_when_to_come_again() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = Config::new(dir.path());
    (config.listen, config.file.store.queue, config.file.store.batch, config.file.limits.writers) =
        ("127.0.0.1:0".into(), 1, 1, 64);
    let (_app, anyone) = serve(config);
    let seen: Vec<(u16, bool)> = std::thread::scope(|s| {
        let one = |i: usize| {
            let anyone = &anyone;
            s.spawn(move || {
                let answer = anyone.post("/reports", &json!({ "text": format!("第{i}件") }));
                (answer.status, answer.header("retry-after").is_some())
            })
        };
        let all: Vec<_> = (0..64).map(one).collect();
        all.into_iter().map(|t| t.join().unwrap()).collect()
    });
    let taken = seen.iter().filter(|(s, _)| *s == 201).count() as i64;
    assert!(seen.iter().all(|(status, again)| *status == 201 || (*status == 503 && *again)), "{seen:?}");
    assert!(taken < 64, "with a queue of one somebody is turned away");
    assert_eq!(anyone.get("/equation").json()["received"], taken, "and nobody who was told so was counted");
}

#[test]
fn a_copy_of_a_running_node_is_the_node() {
    let mut w = World::new(None);
    let anyone = w.client(None);
    (0..40).for_each(|i| drop(anyone.report(&format!("第{i}件"))));
    let (copy, back) = (w.dir.path().join("copy"), w.dir.path().join("back"));
    let made = backup::backup(&w.app.config, &copy).unwrap();
    anyone.report("后来的");
    let found = backup::restore(&copy, &back).unwrap();
    assert_eq!((&made["root"], &made["cases"]), (&found["root"], &json!(40)));
    assert_eq!(found["keys"], false, "keys are copied apart");
    // A restore that was cut off left no database that somebody could begin anew; the same command goes on.
    let again = w.dir.path().join("again");
    std::fs::create_dir_all(again.join("blobs")).unwrap();
    std::fs::write(again.join("restored.part"), b"half").unwrap();
    std::fs::write(again.join("restored.part-wal"), b"half").unwrap();
    assert_eq!(backup::restore(&copy, &again).unwrap()["root"], made["root"]);
    let names: Vec<_> = std::fs::read_dir(&again).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(names.iter().all(|n| n == "xiezhi.db" || n == "blobs"), "{names:?}");
    let damaged = w.dir.path().join("damaged");
    std::fs::create_dir_all(damaged.join("blobs")).unwrap();
    std::fs::copy(copy.join("manifest.json"), damaged.join("manifest.json")).unwrap();
    std::fs::write(damaged.join("xiezhi.db"), b"").unwrap();
    assert!(backup::restore(&damaged, &w.dir.path().join("none")).is_err());
    assert!(!w.dir.path().join("none/xiezhi.db").exists(), "what is not proved is no database");
    let stale = w.dir.path().join("stale");
    std::fs::create_dir_all(&stale).unwrap();
    std::fs::write(stale.join("xiezhi.db-wal"), b"of another").unwrap();
    assert!(backup::restore(&copy, &stale).unwrap_err().contains("xiezhi.db-wal"));
    assert!(backup::backup(&w.app.config, &copy).is_err(), "a copy is never overwritten");
    assert!(backup::restore(&copy, &back).is_err(), "nor a node");
    std::fs::create_dir_all(back.join("keys")).unwrap();
    for key in ["node.key", "log.key"] {
        std::fs::copy(w.dir.path().join("keys").join(key), back.join("keys").join(key)).unwrap();
    }
    let (ok, report) = backup::check(&Config::new(&back));
    assert!(ok, "{report}");
}

#[test]
fn a_first_start_that_was_killed_leaves_no_half_key() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("keys")).unwrap();
    std::fs::write(dir.path().join("keys").join(format!("log.key.{}.part", std::process::id())), b"half").unwrap();
    let app = App::open(Config::new(dir.path())).unwrap();
    let names = std::fs::read_dir(dir.path().join("keys")).unwrap().count();
    assert_eq!((names, app.db.last().size), (2, 0), "two keys and nothing else");
}

#[test]
fn nothing_is_checked_where_there_is_no_node() {
    let dir = tempfile::tempdir().unwrap();
    let typed = dir.path().join("xiezih");
    assert!(!backup::check(&Config::new(&typed)).0);
    assert!(!typed.exists(), "and none is begun there");
}

#[test]
fn a_node_without_its_keys_does_not_start() {
    let dir = tempfile::tempdir().unwrap();
    drop(App::open(Config::new(dir.path())).unwrap());
    std::fs::remove_dir_all(dir.path().join("keys")).unwrap();
    let why = App::open(Config::new(dir.path())).err().unwrap();
    assert!(why.contains("keys/"), "{why}");
}

/// Starts the program itself; what it says on standard error meets a full disk.
fn start(data: &std::path::Path) -> (std::process::Child, Client) {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_xiezhi"));
    command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data);
    let mut child = command.stdout(std::process::Stdio::piped()).stderr(full).spawn().unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.as_mut().unwrap()), &mut line).unwrap();
    let base = line.trim().strip_prefix("listening ").unwrap_or_else(|| panic!("it said {line:?}")).to_owned();
    (child, Client { base, token: None })
}

#[test]
fn inv12_what_cannot_be_told_stops_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (mut child, anyone) = start(dir.path());
    let post = |text: &str| {
        let headers = [("content-type", "application/json"), ("idempotency-key", "one")];
        anyone.post_raw("/reports", &headers, json!({ "text": text }).to_string().as_bytes())
    };
    assert_eq!(post("灯坏了").status, 201);
    assert_eq!(post("别的").error(), (422, "key-reused".into()));
    child.kill().and_then(|()| child.wait()).unwrap();
}

#[test]
fn inv12_a_node_starts_on_a_full_disk_and_shows_what_it_has() {
    let Some(disk) = SmallDisk::mount(128) else {
        eprintln!("SKIPPED: no small disk can be mounted here (root is needed)");
        return;
    };
    let (mut child, anyone) = start(disk.0.path());
    let made = anyone.post("/reports", &json!({ "text": "灯坏了" })).json();
    child.kill().and_then(|()| child.wait()).unwrap();
    std::fs::write(disk.0.path().join("ballast"), vec![7u8; 64 << 20]).unwrap();
    let (mut child, anyone) = start(disk.0.path());
    let (number, code) = (made["number"].as_str().unwrap(), made["code"].as_str().unwrap());
    assert_eq!(anyone.get(&format!("/reports/{number}?code={code}")).json()["text"], "灯坏了");
    assert_eq!(anyone.get("/equation").status, 200);
    assert_eq!(anyone.post("/reports", &json!({ "text": "又坏了" })).error(), (507, "disk-full".into()));
    std::fs::remove_file(disk.0.path().join("ballast")).unwrap();
    assert_eq!(anyone.post("/reports", &json!({ "text": "又坏了" })).status, 201);
    child.kill().and_then(|()| child.wait()).unwrap();
}

#[test]
fn inv12_a_database_that_was_restarted_costs_at_most_one_answer() {
    let Ok(server) = std::env::var("XIEZHI_TEST_PG") else {
        eprintln!("SKIPPED: no PostgreSQL (XIEZHI_TEST_PG is not set)");
        return;
    };
    let url = super::world::pg_database(&server);
    let mut w = World::new(Some(url.clone()));
    let anyone = w.client(None);
    let number = anyone.report("灯坏了").0;
    // Several connections lie idle in the pool.
    std::thread::scope(|s| (0..8).for_each(|_| drop(s.spawn(|| anyone.get("/cases")))));
    let name = url.rsplit_once('/').unwrap().1;
    let end = format!("select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'");
    assert!(Command::new("psql").args(["-q", "-X", &server, "-c", &end]).output().unwrap().status.success());
    // The jobs may meet the dead connections first, or this reader.
    let answers: Vec<_> = (0..6).map(|_| anyone.get(&format!("/cases?q={number}"))).collect();
    let away = answers.iter().filter(|a| a.status != 200).collect::<Vec<_>>();
    assert!(away.iter().all(|a| a.error() == (503, "database-away".into()) && a.header("retry-after").is_some()), "{away:?}");
    assert!(away.len() <= 1, "those that lay idle are thrown away together: {away:?}");
    anyone.report("又坏了");
}

/// Where a process listens: its sockets are links in `/proc`, and the table beside them says which of them wait for callers.
fn listens(pid: u32) -> Option<u16> {
    let table = std::fs::read_to_string(format!("/proc/{pid}/net/tcp")).ok()?;
    let mine: Vec<String> = std::fs::read_dir(format!("/proc/{pid}/fd"))
        .ok()?
        .filter_map(|fd| std::fs::read_link(fd.ok()?.path()).ok()?.to_str().map(str::to_owned))
        .collect();
    table.lines().skip(1).find_map(|line| {
        let cells: Vec<&str> = line.split_whitespace().collect();
        let (address, state, inode) = (cells.get(1)?, cells.get(3)?, cells.get(9)?);
        let own = *state == "0A" && mine.contains(&format!("socket:[{inode}]"));
        u16::from_str_radix(address.rsplit_once(':')?.1, 16).ok().filter(|_| own)
    })
}

#[test]
fn inv12_a_program_that_can_tell_nobody_anything_serves_all_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let full = || std::fs::File::create("/dev/full").unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_xiezhi"));
    command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(dir.path()).stdout(full()).stderr(full());
    let mut child = command.spawn().unwrap();
    let port = loop {
        assert!(child.try_wait().unwrap().is_none(), "it ended because it could not say where it listens");
        match listens(child.id()) {
            Some(port) => break port,
            None => std::thread::sleep(Duration::from_millis(20)),
        }
    };
    let anyone = Client { base: format!("http://127.0.0.1:{port}"), token: None };
    let said = json!({ "text": "灯坏了" });
    assert_eq!(anyone.post_keyed("/reports", "once", &said).status, 201);
    // What is told to whoever looks after the program is lost; whoever asked is answered.
    let other = anyone.post_keyed("/reports", "once", &json!({ "text": "门坏了" }));
    assert_eq!(other.status, 422, "{}", other.text);
    assert_eq!((anyone.post_keyed("/reports", "once", &said).status, anyone.get("/readyz").status), (201, 200));
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_program_that_is_to_end_does_not_read_the_log_to_its_end_first() {
    use std::sync::atomic::Ordering;
    super::world::on_each_engine(|w| {
        w.app.over.store(true, Ordering::Relaxed);
        assert_eq!(xiezhi::edge::jobs::follow(&w.app).unwrap(), 0);
        w.app.over.store(false, Ordering::Relaxed);
        assert!(xiezhi::edge::jobs::follow(&w.app).unwrap() > 0, "it goes on where it was");
    });
}
