//! Adapters: rows are fetched from a department's system and sent to another, within networks that the settings allow, signed,
//! page by page; what lies, is cut off, too large or of another version changes nothing; a folder is watched; and no form
//! asks for what another organisation collects.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use base64::Engine as _;
use serde_json::{Value as Json, json};
use store::Query as _;
use xiezhi::kit::time::{HOUR, MINUTE};
use xiezhi::oversight::share::wire;

use super::fake::{Fake, fake, http};
use super::shares::{departments, low_income, published};
use super::world::{COMMUNITY, Client, World, on_each_engine};

const ID: [&str; 3] = ["110105194005010023", "11010519491231002X", "320100199003070014"];

/// A world whose settings let adapters call this machine.
fn open(w: &mut World) {
    w.configure(|c| c.file.share.networks = vec!["127.0.0.0/8".into()]);
    departments(w);
    published(w, "civil", &low_income());
}

/// The jobs of the server work by themselves: waits until they did.
fn wait(what: &str, done: impl Fn() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{what}: not within a minute");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The same where the clock has to go on meanwhile: what was in hand as it went on counts from then.
fn until(w: &World, step: i64, what: &str, done: impl Fn(&World) -> bool) {
    let (begun, mut stepped) = (Instant::now(), 0);
    while !done(w) {
        assert!(begun.elapsed() < Duration::from_secs(120), "{what}: not within two minutes");
        if begun.elapsed() >= Duration::from_secs(2 * stepped) {
            w.app.ambience.advance(step);
            stepped += 1;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// What went wrong with the adapter, as it is kept.
fn error(w: &World) -> String {
    let row = w.app.db.read(|r| r.row("select error from share_adapter where ended_at is null", &[])).unwrap();
    row.and_then(|r| r.get::<Option<String>>("error").unwrap()).unwrap_or_default()
}

/// Whether somebody was ever told so: the inbox shows the newest of a matter.
fn heard(w: &World, kind: &str) -> bool {
    w.app.db.read(|r| r.count("select count(*) from inbox where kind = $1", store::params![kind])).unwrap() > 0
}

fn kept(w: &World) -> i64 {
    w.app.db.read(|r| r.count("select count(*) from share_row", &[])).unwrap()
}

fn pull(w: &mut World, url: &str, change: Json) -> Json {
    let mut new = json!({ "resource": "low-income", "kind": "pull", "url": url, "secret": "Bearer s3cret", "every_minutes": 60,
        "settings": { "list": "/data/items", "map": { "id_number": "ID", "full_name": "/who/name" }, "header": "Authorization",
            "version_at": "/version", "paging": "cursor", "param": "cursor", "next": "/data/next", "query": { "of": "all" } } });
    new.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    let made = w.client(Some("admin")).post("/share/adapters", &new);
    assert_eq!(made.status, 201, "{}", made.text);
    made.json()["items"].as_array().unwrap().iter().find(|a| a["kind"] == "pull").unwrap().clone()
}

fn item(n: usize, name: &str) -> Json {
    json!({ "ID": ID[n], "who": { "name": name }, "education": "小学", "place": COMMUNITY, "granted_on": "2025-01-01" })
}

fn page(items: &[Json], next: Json) -> Vec<u8> {
    http(
        "200 OK",
        "content-type: application/json\r\n",
        &json!({ "version": 1, "data": { "items": items, "next": next } }).to_string(),
    )
}

fn rows(client: &Client) -> i64 {
    client.get("/share/resources/low-income").json()["quality"]["rows"].as_i64().unwrap()
}

fn state(admin: &Client) -> Json {
    admin.get("/share/adapters").json()["items"][0].clone()
}

#[test]
fn rows_are_fetched_page_by_page_and_a_try_writes_nothing() {
    on_each_engine(|w| {
        open(w);
        let calls = Arc::new(AtomicUsize::new(0));
        let seen = calls.clone();
        let theirs: Fake = fake("/api/list", move |asked| {
            seen.fetch_add(1, Ordering::SeqCst);
            match asked.contains("cursor=c2") {
                true => page(&[item(1, "赵大")], Json::Null),
                false => page(&[item(0, "王丽"), json!({ "ID": "110105194005010028", "who": { "name": "假" } })], json!("c2")),
            }
        });
        let one = pull(w, &theirs.url, json!({}));
        let (civil, admin) = (w.client(Some("civil")), w.client(Some("admin")));
        wait("two rows", || rows(&civil) == 2);
        let asked = theirs.asked();
        assert!(
            asked[0].contains("GET /api/list?of=all") && asked[0].to_lowercase().contains("authorization: bearer s3cret"),
            "{}",
            asked[0]
        );
        assert!(!format!("{one}").contains("s3cret"), "a secret is not shown again");
        let quality = civil.get("/share/resources/low-income").json()["quality"].clone();
        assert_eq!((&quality["sources"][0]["refused"], &quality["faults"][0]["code"]), (&json!(1), &json!("check-digit")));
        // A try: what would come, hidden where it is somebody's own, and nothing written.
        let before = rows(&civil);
        let tried = admin.post(&format!("/share/adapters/{}/try", one["id"].as_str().unwrap()), &json!({}));
        assert_eq!((tried.status, &tried.json()["came"], &tried.json()["fits"]), (200, &json!(2), &json!(1)), "{}", tried.text);
        assert!(!tried.text.contains("王丽") && !tried.text.contains(ID[0]) && tried.text.contains("2025-01-01"));
        assert_eq!(rows(&civil), before);
        // Field by field: the number is red, the rest is green.
        let tested = civil.post("/share/resources/low-income/test", &json!({})).json();
        let of = |name: &str| tested["fields"].as_array().unwrap().iter().find(|f| f["name"] == name).unwrap().clone();
        assert_eq!(
            (&tested["fine"], &of("id_number")["fine"], &of("full_name")["fine"]),
            (&json!(false), &json!(false), &json!(true))
        );
        assert!(w.client(Some("labour")).post("/share/resources/low-income/test", &json!({})).status == 403);
        for (who, path) in [(&admin, "/share/adapters"), (&civil, "/share/resources/low-income")] {
            assert_eq!(who.get_as(path, "text/html").status, 200, "{path}");
        }
        let form = admin.post_form(&format!("/share/adapters/{}/try", one["id"].as_str().unwrap()), "");
        assert!(form.status == 200 && form.text.contains("＊"), "{}", form.status);
        // An hour later once more, not before.
        let so_far = calls.load(Ordering::SeqCst);
        until(w, 61 * MINUTE, "once more", |_| calls.load(Ordering::SeqCst) > so_far);
        // Ended, it calls nobody.
        let admin = w.client(Some("admin"));
        let ended = admin.post(&format!("/share/adapters/{}/end", one["id"].as_str().unwrap()), &json!({}));
        assert_eq!((ended.status, &ended.json()["items"]), (200, &json!([])));
    });
}

#[test]
fn a_feed_that_lies_is_cut_off_or_of_another_version_changes_nothing() {
    on_each_engine(|w| {
        open(w);
        let what = Arc::new(AtomicUsize::new(0));
        let now = what.clone();
        let theirs = fake("/list", move |_| match now.load(Ordering::SeqCst) {
            0 => page(&[item(0, "王丽")], Json::Null),
            1 => http("200 OK", "", &json!({ "version": 2, "data": { "items": [item(1, "赵大")] } }).to_string()),
            2 => http("200 OK", "", "{\"version\":1,\"data\":{\"items\":[{\"ID\""),
            3 => http("302 Found", "location: http://169.254.169.254/latest/\r\n", ""),
            4 => http("200 OK", "", &"x".repeat(5 << 20)),
            // Round and round: each page names the next.
            5 => page(&[item(1, "赵大")], json!(now.load(Ordering::SeqCst).to_string())),
            6 => page(&[json!({ "ID": "1" }), json!("nonsense")], Json::Null),
            _ => http("500 Oh", "", "no"),
        });
        pull(w, &theirs.url, json!({}));
        let civil = w.client(Some("civil"));
        wait("the first row", || rows(&civil) == 1);
        for (n, code) in
            [(1, "schema-unknown"), (2, "answer"), (3, "redirect"), (4, "answer"), (6, "all-refused"), (7, "http-500")]
        {
            what.store(n, Ordering::SeqCst);
            until(w, 7 * HOUR, code, |w| error(w).starts_with(code));
            assert_eq!(kept(w), 1, "{code}");
        }
        assert!(heard(w, "share-r-fails"));
        assert_eq!(state(&w.client(Some("admin")))["error"], "http");
        assert!(theirs.asked().iter().all(|a| a.contains("GET /list")), "no redirect is followed");
        // A cursor that does not move is the end, not a circle.
        what.store(5, Ordering::SeqCst);
        until(w, 7 * HOUR, "well again", |w| error(w).is_empty() && kept(w) == 2);
        // Once a day the interface is tested by itself, and red is told.
        what.store(7, Ordering::SeqCst);
        let red = "select count(*) from share_resource where test like '%\"fine\":false%'";
        until(w, 25 * HOUR, "red", |w| w.app.db.read(|r| r.count(red, &[])).unwrap() == 1);
        assert!(heard(w, "share-r-red"));
    });
}

#[test]
fn only_what_the_settings_allow_is_called() {
    on_each_engine(|w| {
        departments(w);
        published(w, "civil", &low_income());
        let theirs = fake("/list", |_| page(&[item(0, "王丽")], Json::Null));
        pull(w, &theirs.url, json!({}));
        let admin = w.client(Some("admin"));
        wait("closed", || state(&admin)["error"] == "closed");
        assert_eq!(theirs.asked().len(), 0, "nobody was called");
        let bad = |change: Json| {
            let mut new =
                json!({ "resource": "low-income", "kind": "pull", "url": "https://data.example.cn/list", "settings": {} });
            new.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
            admin.post("/share/adapters", &new).error()
        };
        for url in [
            "ftp://x/y",
            "http://user@host/x",
            "http://169.254.169.254/latest",
            "file:///etc/passwd",
            "http://x/../y",
            "http:// x",
        ] {
            assert_eq!(bad(json!({ "url": url })), (422, "unknown-value".into()), "{url}");
        }
        assert_eq!(bad(json!({ "settings": { "map": { "salary": "x" } } })), (422, "unknown-value".into()));
        assert_eq!(bad(json!({ "settings": { "header": "Host" } })), (422, "unknown-value".into()));
        assert_eq!(bad(json!({ "secret": "a\u{7}b", "settings": { "list": "no pointer" } })), (422, "unknown-value".into()));
        assert_eq!(bad(json!({ "settings": { "paging": "cursor", "param": "c" } })), (422, "missing".into()));
        assert_eq!(bad(json!({ "kind": "push" })), (422, "missing".into()), "for which request?");
        assert_eq!(w.client(Some("civil")).post("/share/adapters", &json!({})).status, 403);
    });
}

#[test]
fn rows_are_pushed_signed_and_once_more_when_one_is_set_right() {
    on_each_engine(|w| {
        open(w);
        let fails = Arc::new(AtomicUsize::new(1));
        let left = fails.clone();
        let theirs = fake("/hook", move |_| match left.load(Ordering::SeqCst) {
            0 => http("204 No Content", "", ""),
            _ => {
                left.fetch_sub(1, Ordering::SeqCst);
                http("503 Later", "", "")
            }
        });
        let (civil, labour, admin) = (w.client(Some("civil")), w.client(Some("labour")), w.client(Some("admin")));
        let sent = json!({ "rows": [{ "id_number": ID[0], "full_name": "王丽", "education": "小学" }, { "id_number": ID[1], "full_name": "赵大" }] });
        assert_eq!(civil.post("/share/resources/low-income/rows", &sent).status, 200);
        let asked = json!({ "resource": "low-income", "fields": ["id_number", "full_name"], "purpose": "就业帮扶", "basis": "x", "way": "push" });
        let number = labour.post("/share/requests", &asked).json()["number"].as_str().unwrap().to_owned();
        let new = json!({ "resource": "low-income", "kind": "push", "url": theirs.url, "request": number, "every_minutes": 1 });
        assert_eq!(admin.post("/share/adapters", &new).error(), (403, "not-granted".into()));
        civil.post(&format!("/share/requests/{number}/decide"), &json!({ "yes": true }));
        let made = admin.post("/share/adapters", &new);
        let secret = made.json()["made"].as_str().unwrap().to_owned();
        assert!(secret.starts_with("whsec_") && !admin.get("/share/adapters").text.contains(&secret), "shown once");
        wait("the first try", || !theirs.asked().is_empty());
        let delivered = "select count(*) from share_request where delivered_at is not null";
        until(w, 2 * MINUTE, "delivered", |w| w.app.db.read(|r| r.count(delivered, &[])).unwrap() == 1);
        let calls = theirs.asked();
        let (head, body) = calls[1].split_once("\r\n\r\n").unwrap();
        let header = |name: &str| {
            let line = head.lines().find(|l| l.to_lowercase().starts_with(&format!("{name}: "))).unwrap();
            line.split_once(": ").unwrap().1.to_owned()
        };
        let (id, at) = (header("webhook-id"), header("webhook-timestamp"));
        assert_eq!(header("webhook-signature"), wire::signature(&secret, &id, at.parse().unwrap(), body.as_bytes()));
        assert!(calls[0].contains(&format!("webhook-id: {id}")), "the same rows have the same id when they are sent again");
        assert_eq!(header("content-type"), "application/cloudevents-batch+json; charset=utf-8");
        let key = base64::engine::general_purpose::STANDARD.decode(&secret[6..]).unwrap();
        assert_eq!(key.len(), 32);
        let events: Json = serde_json::from_str(body).unwrap();
        assert_eq!(events.as_array().unwrap().len(), 2);
        assert_eq!((&events[0]["specversion"], &events[0]["subject"]), (&json!("1.0"), &json!("low-income")));
        assert!(events[0]["data"]["values"].get("education").is_none(), "what was not granted is not sent");
        let reads = "select count(*) from read_log where purpose = 'share' and matters like '%K-0001%'";
        assert!(w.app.db.read(|r| r.count(reads, &[])).unwrap() >= 2, "what leaves is in the read log");
        // Set right: that row alone goes out again.
        let entry =
            events.as_array().unwrap().iter().find(|e| e["data"]["values"]["full_name"] == "王丽").unwrap()["data"]["id"].clone();
        let said =
            json!({ "resource": "low-income", "entry": entry, "field": "full_name", "right": "王莉", "evidence": "户口簿" });
        assert_eq!(labour.post("/share/objections", &said).status, 201);
        civil.post("/share/objections/KO-0001/answer", &json!({ "corrects": true }));
        until(w, 2 * MINUTE, "the right one", |_| theirs.asked().iter().any(|a| a.contains("王莉")));
        let last = theirs.asked().into_iter().find(|a| a.contains("王莉")).unwrap();
        assert!(!last.contains("赵大"), "the other row did not change");
        // What was granted ends: nothing goes out any more.
        labour.post(&format!("/share/requests/{number}/end"), &json!({}));
        assert_eq!(admin.get("/share/adapters").json()["items"], json!([]));
    });
}

#[test]
fn a_folder_is_watched_and_files_are_moved_away_with_the_reasons() {
    on_each_engine(|w| {
        departments(w);
        published(w, "civil", &low_income());
        let folder = w.dir.path().join("drop/low-income");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::create_dir_all(w.dir.path().join("drop/none-of-ours")).unwrap();
        let good = format!("id_number,full_name,education\n{},王丽,小学\n", ID[0]);
        let half = format!("身份证号,姓名\n{},赵大\n110105194005010028,假\n", ID[1]);
        std::fs::write(folder.join("a.csv"), good).unwrap();
        std::fs::write(folder.join("b.v1.csv"), half).unwrap();
        std::fs::write(folder.join("c.v9.csv"), format!("id_number,full_name\n{},钱二\n", ID[2])).unwrap();
        std::fs::write(folder.join("d.xlsx"), b"PK\x03\x04 no workbook").unwrap();
        std::fs::write(folder.join("e.csv.part"), "id").unwrap();
        w.app.ambience.advance(MINUTE);
        xiezhi::oversight::share::folder::round(&w.app).unwrap();
        let civil = w.client(Some("civil"));
        wait("looked at", || rows(&civil) == 2 && std::fs::read_dir(folder.join("refused")).is_ok_and(|d| d.count() == 4));
        let names = |sub: &str| {
            let mut all: Vec<String> = std::fs::read_dir(folder.join(sub))
                .unwrap()
                .map(|e| e.unwrap().file_name().into_string().unwrap().split_once('-').unwrap().1.to_owned())
                .collect();
            all.sort();
            all
        };
        assert_eq!(names("processed"), ["a.csv", "b.v1.csv", "b.v1.csv.faults.csv"]);
        assert_eq!(names("refused"), ["c.v9.csv", "c.v9.csv.faults.csv", "d.xlsx", "d.xlsx.faults.csv"]);
        let said: String = std::fs::read_dir(folder.join("refused"))
            .unwrap()
            .map(|e| e.unwrap().path())
            .filter(|p| p.to_string_lossy().ends_with("c.v9.csv.faults.csv"))
            .map(|p| std::fs::read_to_string(p).unwrap())
            .collect();
        assert!(said.contains("schema-unknown"), "{said}");
        assert!(folder.join("e.csv.part").exists(), "what is being written is left alone");
    });
}

#[test]
fn no_form_asks_for_what_another_organisation_collects_unless_it_says_why() {
    on_each_engine(|w| {
        departments(w);
        published(w, "civil", &low_income());
        let clerk = w.client(Some("clerk"));
        let form =
            json!({ "title": "就业摸底", "purpose": "register-keep", "area": COMMUNITY, "element": ["register.education"] });
        let id = clerk.post("/forms", &form).json()["id"].as_str().unwrap().to_owned();
        let field = clerk.get(&format!("/forms/{id}")).json()["fields"][0].clone();
        assert_eq!((&field["elsewhere"]["provider"], &field["elsewhere"]["resource"]), (&json!("civil"), &json!("low-income")));
        assert!(field["elsewhere"]["since"].as_str().unwrap().starts_with("2024-01-01"));
        let publish = format!("/forms/{id}/publish");
        let refused = clerk.post(&publish, &json!({}));
        assert_eq!((refused.error(), &refused.json()["field"]), ((409, "held-elsewhere".into()), &json!("register.education")));
        assert!(clerk.get_as(&format!("/forms/{id}"), "text/html").text.contains("low-income"));
        let done = clerk.post(&publish, &json!({ "elsewhere": "民政只有低保对象，要问全体居民" }));
        assert_eq!((done.status, &done.json()["state"]), (200, &json!("open")), "{}", done.text);
        // Withdrawn, nobody else holds it.
        w.client(Some("civil")).post("/share/resources/low-income/withdraw", &json!({ "why": "停用" }));
        assert_eq!(clerk.get(&format!("/forms/{id}")).json()["fields"][0]["elsewhere"], Json::Null);
    });
}
