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
    std::thread::spawn(move || xiezhi::edge::serve::run(running, |address| tell.send(address).unwrap()));
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
fn a_node_without_its_keys_does_not_start() {
    let dir = tempfile::tempdir().unwrap();
    drop(App::open(Config::new(dir.path())).unwrap());
    std::fs::remove_dir_all(dir.path().join("keys")).unwrap();
    let why = App::open(Config::new(dir.path())).err().unwrap();
    assert!(why.contains("keys/"), "{why}");
}
