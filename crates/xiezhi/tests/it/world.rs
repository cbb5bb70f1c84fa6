//! A small world to tell stories in, on both engines: a street with two communities, their parties, one person each.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use serde_json::{Value as Json, json};
use store::Query as _;
use tempfile::TempDir;
use xiezhi::base::{area, party};
use xiezhi::kit::config::Config;
use xiezhi::kit::{App, Error, RoleKind, Who};
use xiezhi::oversight::supervise::kpi;

pub const COMMUNITY: &str = "321002001001";
pub const SIBLING: &str = "321002001002";
/// When stories begin.
const NOW: &str = "2026-03-04T10:00:00+08:00";
pub const PASSWORD: &str = "correct horse battery";

/// Login names, role kinds, areas and bodies of the people.
const PEOPLE: [(&str, RoleKind, &str, Option<&str>); 11] = [
    ("resident", RoleKind::Resident, COMMUNITY, None),
    ("neighbour", RoleKind::Resident, COMMUNITY, None),
    ("grid", RoleKind::GridWorker, "321002001001-1", Some("committee")),
    ("head", RoleKind::BuildingHead, "321002001001-1", None),
    ("clerk", RoleKind::Committee, COMMUNITY, Some("committee")),
    ("clerk2", RoleKind::Committee, COMMUNITY, Some("committee")),
    ("property", RoleKind::Property, COMMUNITY, Some("property")),
    ("helper", RoleKind::VolunteerGroup, COMMUNITY, Some("helpers")),
    ("stranger", RoleKind::Committee, SIBLING, Some("sibling")),
    ("street", RoleKind::Subdistrict, "321002001", Some("street")),
    ("admin", RoleKind::SystemAdmin, "321002001", None),
];

pub struct World {
    pub app: Arc<App>,
    pub dir: TempDir,
    pub server: Option<SocketAddr>,
    /// Where devices are listened to, once the settings say so.
    pub mqtt: Option<SocketAddr>,
    pub gb26875: Option<SocketAddr>,
    /// Dropped with the world: then its server ends, and its jobs no longer take turns with those of later worlds.
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    running: Option<std::thread::JoinHandle<Result<(), String>>>,
}

/// Tells a story on each engine, each time in a new world. Without PostgreSQL its half says SKIPPED.
pub fn on_each_engine(story: impl Fn(&mut World)) {
    story(&mut World::new(None));
    let Ok(server) = std::env::var("XIEZHI_TEST_PG") else {
        assert!(std::env::var("XIEZHI_REQUIRE_PG").is_err(), "PostgreSQL is required here");
        eprintln!("SKIPPED: no PostgreSQL (XIEZHI_TEST_PG is not set)");
        return;
    };
    story(&mut World::new(Some(pg_database(&server))));
}

/// Makes an empty database and gives its URL.
pub fn pg_database(server: &str) -> String {
    static N: AtomicU64 = AtomicU64::new(0);
    let name = format!("it_{}_{}", std::process::id(), N.fetch_add(1, Ordering::Relaxed));
    let done = std::process::Command::new("psql").args(["-q", "-X", server, "-c", &format!("create database {name}")]).status();
    assert!(done.is_ok_and(|s| s.success()), "psql could not make {name}");
    format!("{}/{name}", server.rsplit_once('/').expect("a URL with a database").0)
}

impl World {
    pub fn new(database_url: Option<String>) -> World {
        let dir = tempfile::tempdir().unwrap();

        let mut config = Config::new(dir.path());
        (config.database_url, config.manual_clock, config.file.store.min_free_mb) = (database_url, true, 0);
        config.listen = "127.0.0.1:0".into();
        let app = Arc::new(App::open(config).unwrap());
        // A Wednesday without holidays near: stories about working time are the same on every day they are told.
        app.ambience.advance(xiezhi::kit::time::parse(NOW).unwrap() - app.now());
        app.db.write(party::first_start).unwrap();
        // Slow on purpose, and the same in every world.
        static HASH: OnceLock<String> = OnceLock::new();
        let hash = HASH.get_or_init(|| party::session::hash(&app, PASSWORD).unwrap());
        app.db.write(move |tx| settle(tx, hash)).unwrap();
        World { app, dir, server: None, mqtt: None, gb26875: None, stop: None, running: None }
    }

    /// The program ends and is started again on the same database, at the same moment; whatever it only had in mind is gone.
    pub fn restart(&mut self) {
        self.configure(|_| ());
    }

    /// The same, with other settings. What served before ends first: its jobs would go on under the old settings, on the same
    /// database, and take what the new program is to do.
    pub fn configure(&mut self, change: impl FnOnce(&mut Config)) {
        (self.server, self.stop) = (None, None);
        if let Some(running) = self.running.take() {
            running.join().unwrap().unwrap();
        }
        let (mut config, now) = (self.app.config.clone(), self.app.now());
        change(&mut config);
        let app = Arc::new(App::open(config).unwrap());
        app.ambience.advance(now - app.now());
        self.app = app;
    }

    /// Starts the server, once; it lives as long as the world.
    pub fn serve(&mut self) -> SocketAddr {
        if let Some(address) = self.server {
            return address;
        }
        let (tell, hear) = std::sync::mpsc::channel();
        let app = self.app.clone();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let stopped = async { drop(stopped.await) };
        let run = move || xiezhi::edge::serve::run_until(app, |bound| tell.send(bound).unwrap(), stopped);
        self.running = Some(std::thread::spawn(run));
        let bound = hear.recv().unwrap();
        (self.server, self.mqtt, self.gb26875, self.stop) = (Some(bound.http), bound.mqtt, bound.gb26875, Some(stop));
        bound.http
    }

    pub fn who(&self, login: &str) -> Who {
        use store::{Query as _, params};
        self.app
            .db
            .read(|r| {
                let row = r.row("select person from account where login = $1", params![login])?.unwrap();
                let person: String = row.get("person")?;
                let roles = party::roles(r, &person, self.app.now())?;
                Ok::<_, Error>(Who { person: Some(person), roles, ..Who::default() })
            })
            .unwrap()
    }

    pub fn body(&self, name: &str) -> String {
        use store::{Query as _, params};
        self.app.db.read(|r| r.row("select id from body where name = $1", params![name])).unwrap().unwrap().get("id").unwrap()
    }

    /// The area that a body works for.
    pub fn body_area(&self, name: &str) -> String {
        use store::{Query as _, params};
        self.app.db.read(|r| r.row("select area from body where name = $1", params![name])).unwrap().unwrap().get("area").unwrap()
    }

    /// A client that is signed in (or not), without the password: checking one is slow on purpose.
    pub fn client(&mut self, login: Option<&str>) -> Client {
        let address = self.serve();
        let token = login.map(|login| {
            let person = self.who(login).person.unwrap();
            party::session::open(&self.app, person, false, "test", party::session::Opening::default()).unwrap().token
        });
        Client { base: format!("http://{address}"), token }
    }
}

fn settle(tx: &mut store::Tx, hash: &str) -> Result<(), Error> {
    let codes = [
        ("32", "江苏省"),
        ("3210", "扬州市"),
        ("321002", "广陵区"),
        ("321002001", "东关街道"),
        (COMMUNITY, "一社区"),
        (SIBLING, "二社区"),
    ];
    let lines = codes.map(|(code, name)| area::import::Line { code: code.into(), name: name.into() });
    area::import::apply(tx, lines.to_vec())?;
    let square = |lat: i32, lon: i32| {
        [(0, 0), (0, 20_000), (20_000, 20_000), (20_000, 0)].map(|(a, b)| calc::geo::Point { lat: lat + a, lon: lon + b })
    };
    let community = area::by_code(tx, COMMUNITY)?.unwrap();
    for n in 1..=2 {
        let ring = square(323_900_000 + n * 30_000, 1_194_400_000);
        let (code, name) = (format!("{COMMUNITY}-{n}"), format!("第{n}网格"));
        let new = area::NewArea { kind: "grid", code: &code, name: &name, parent: Some(&community), ring: &ring };
        area::add(tx, &new)?;
    }
    let mut bodies = std::collections::HashMap::new();
    for (name, kind, code) in [
        ("committee", RoleKind::Committee, COMMUNITY),
        ("property", RoleKind::Property, COMMUNITY),
        ("helpers", RoleKind::VolunteerGroup, COMMUNITY),
        ("sibling", RoleKind::Committee, SIBLING),
        ("street", RoleKind::Subdistrict, "321002001"),
    ] {
        let place = area::by_code(tx, code)?.unwrap();
        bodies.insert(name, party::add_body(tx, kind, name, &place.id, Some("0514-80000000"))?.id);
    }
    for (login, kind, code, body) in PEOPLE {
        let place = area::by_code(tx, code)?.unwrap();
        let name = format!("某某{login}");
        let new = party::NewPerson { name: &name, phone: Some("13800000000"), home: None, login, hash };
        let person = party::add_person(tx, &new)?;
        party::add_role(tx, &person, kind, &place.id, body.map(|b| bodies[b].as_str()))?;
    }
    Ok(())
}

/// Speaks JSON with the server.
pub struct Client {
    pub base: String,
    pub token: Option<String>,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Json {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e}: {}", self.text))
    }
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(k, _)| k == name).map(|(_, v)| v.as_str())
    }
    /// Status and stable code of an error.
    pub fn error(&self) -> (u16, String) {
        (self.status, self.json()["code"].as_str().unwrap_or_default().to_owned())
    }
}

impl Client {
    fn agent() -> ureq::Agent {
        ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).build().into()
    }

    fn read(answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Answer {
        let mut answer = answer.unwrap();
        let headers = answer.headers().iter().map(|(k, v)| (k.to_string(), v.to_str().unwrap_or_default().to_owned())).collect();
        let body = answer.body_mut().read_to_vec().unwrap();
        Answer { status: answer.status().as_u16(), headers, text: String::from_utf8_lossy(&body).into_owned(), body }
    }

    pub fn get_as(&self, path: &str, accept: &str) -> Answer {
        let mut call = Self::agent().get(format!("{}{path}", self.base)).header("accept", accept);
        if let Some(token) = &self.token {
            call = call.header("authorization", format!("Bearer {token}"));
        }
        Self::read(call.call())
    }

    pub fn get(&self, path: &str) -> Answer {
        self.get_as(path, "application/json")
    }

    /// A form as a browser sends it: the answer is a page.
    pub fn post_form(&self, path: &str, body: &str) -> Answer {
        let mut call = Self::agent().post(format!("{}{path}", self.base)).header("accept", "text/html");
        if let Some(token) = &self.token {
            call = call.header("authorization", format!("Bearer {token}"));
        }
        Self::read(call.header("content-type", "application/x-www-form-urlencoded").send(body.as_bytes()))
    }

    pub fn post_raw(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut call = Self::agent().post(format!("{}{path}", self.base)).header("accept", "application/json");
        if let Some(token) = &self.token {
            call = call.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in headers {
            call = call.header(*name, *value);
        }
        Self::read(call.send(body))
    }

    pub fn post(&self, path: &str, body: &Json) -> Answer {
        self.post_raw(path, &[("content-type", "application/json")], body.to_string().as_bytes())
    }

    pub fn post_keyed(&self, path: &str, key: &str, body: &Json) -> Answer {
        self.post_raw(path, &[("content-type", "application/json"), ("idempotency-key", key)], body.to_string().as_bytes())
    }

    /// Reports something in the first community; gives number and code.
    pub fn report(&self, text: &str) -> (String, String) {
        let made = self.post("/reports", &json!({ "text": text, "place": { "area": COMMUNITY } }));
        assert_eq!(made.status, 201, "{}", made.text);
        let made = made.json();
        (made["number"].as_str().unwrap().to_owned(), made["code"].as_str().unwrap().to_owned())
    }

    pub fn act(&self, number: &str, action: &str, body: Json) -> Answer {
        self.post(&format!("/cases/{number}/{action}"), &body)
    }
}

const BOUNDARY: &str = "----story";

/// A form with a file, as a browser sends it.
pub fn send(client: &Client, path: &str, fields: &[(&str, &str)], file: &[u8]) -> Answer {
    let mut body = Vec::new();
    for (name, value) in fields {
        body.extend(format!("--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").into_bytes());
    }
    let head = format!("--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.xlsx\"\r\n\r\n");
    body.extend(head.into_bytes());
    body.extend(file);
    body.extend(format!("\r\n--{BOUNDARY}--\r\n").into_bytes());
    client.post_raw(path, &[("content-type", &format!("multipart/form-data; boundary={BOUNDARY}"))], &body)
}

/// Counting the indicators anew from the log gives the same rows, and blocks add up to what their days do.
pub fn recounts(w: &World) {
    // Whatever is due rings first: in the middle it would be counted the second time only.
    xiezhi::edge::jobs::deadlines(&w.app, w.app.now()).unwrap();
    kpi::follow(&w.app).unwrap();
    let read =
        |sql: &str| -> Vec<String> { w.app.db.read(|r| r.rows(sql, &[])).unwrap().iter().map(|r| format!("{r:?}")).collect() };
    let all = || {
        [
            "select scope, day, measure, n from kpi order by scope, day, measure",
            "select scope, block, measure, n from kpi_block order by scope, block, measure",
            "select measure, at, case_id, path, body from kpi_case order by measure, at, case_id",
        ]
        .map(read)
    };
    let before = all();
    let wipe = |tx: &mut store::Tx| {
        for table in ["kpi", "kpi_block", "kpi_case"] {
            tx.exec(&format!("delete from {table}"), &[])?;
        }
        tx.follow("kpi", 0)
    };
    w.app.db.write(wipe).map_err(|e: store::Error| e.to_string()).unwrap();
    kpi::follow(&w.app).unwrap();
    assert_eq!(all(), before);
    let apart = "select count(*) from (select scope, block, measure from kpi_block except \
                 select scope, day / 32, measure from kpi group by scope, day / 32, measure) s";
    assert_eq!(w.app.db.read(|r| r.count(apart, &[])).unwrap(), 0);
}
