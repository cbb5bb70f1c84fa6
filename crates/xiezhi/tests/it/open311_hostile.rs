//! Filing with the systems of departments: two nodes that work together, and systems that do not behave.

use std::sync::{Arc, Mutex};

use serde_json::{Value as Json, json};

use super::fake::{fake, http};
use super::open311_partner::Partner;
use super::world::{World, on_each_engine};
use xiezhi::kit::time::{DAY, HOUR, MINUTE, rfc3339};
use xiezhi::records::open311::outbound;

/// Ties the property firm of a node to a system.
fn connect(w: &mut World, endpoint: &str, key: &str, format: &str, classes: &str) -> String {
    let admin = w.client(Some("admin"));
    let body = w.body("property");
    let made = admin.post(
        "/admin/open311/connectors",
        &json!({ "body": body, "endpoint": endpoint, "key": key, "format": format, "classes": classes, "every_minutes": 1 }),
    );
    assert_eq!(made.status, 201, "{}", made.text);
    made.json()["id"].as_str().unwrap().to_owned()
}

/// Reports something and dispatches it to the firm.
fn dispatch(w: &mut World, text: &str) -> String {
    let made = w.client(None).post(
        "/reports",
        &json!({ "text": text, "class": "lighting", "place": { "area": super::world::COMMUNITY, "address": "12 号门口" }, "contact": { "name": "王秀英", "phone": "13800000001" } }),
    );
    let number = made.json()["number"].as_str().unwrap().to_owned();
    let clerk = w.client(Some("clerk"));
    assert_eq!(clerk.act(&number, "accept", json!({})).status, 200);
    let to = w.body("property");
    assert_eq!(clerk.act(&number, "dispatch", json!({ "to": to })).status, 200);
    number
}

/// One round as the jobs would do it. The jobs of a served node may have done part of it already: so this waits until
/// what it waits for is there.
fn until<T>(w: &World, what: &str, mut look: impl FnMut(&World) -> Option<T>) -> T {
    for _ in 0..1200 {
        outbound::round(&w.app).unwrap();
        if let Some(found) = look(w) {
            return found;
        }
        std::thread::sleep(std::time::Duration::from_millis(25));
    }
    panic!("never: {what}");
}

fn delivery(w: &World, number: &str) -> Option<(String, Option<String>, i64)> {
    use store::{Query as _, params};
    let sql = "select state, foreign_id, tries from open311_delivery where number = $1 and kind = 'request' order by seq desc";
    let row = w.app.db.read(|r| r.row(sql, params![number])).unwrap()?;
    Some((row.get("state").unwrap(), row.get("foreign_id").unwrap(), row.get("tries").unwrap()))
}

fn state(w: &World, number: &str) -> String {
    let case = w.app.db.read(|r| xiezhi::records::case::by_number(r, number)).unwrap().unwrap();
    case.state.as_str().to_owned()
}

#[test]
fn two_nodes_work_on_one_case() {
    on_each_engine(|ours| {
        for format in ["xml", "json"] {
            let mut theirs = World::new(None);
            let one = json!({ "id": "dep", "area": super::world::COMMUNITY });
            assert_eq!(theirs.client(Some("admin")).post("/admin/open311/jurisdictions", &one).status, 201);
            let key = Partner::new(&mut theirs, json!({ "by_token": format == "json" }));
            let endpoint = format!("{}/open311/v2", key.client.base);
            let connector = connect(ours, &endpoint, &key.key, format, "lighting=lighting\n*=other");
            let number = dispatch(ours, "路面有坑，联系人王秀英 13812345678");
            let there = until(ours, "delivered", |w| {
                w.app.ambience.advance(1000);
                delivery(w, &number).filter(|d| d.0 == "sent")?.1
            });
            // They have it, with everything the firm may see, and once.
            let clerk = theirs.client(Some("clerk"));
            let seen = clerk.get(&format!("/cases/{there}")).json();
            assert_eq!(seen["text"], "路面有坑，联系人王秀英 13812345678");
            assert_eq!(seen["contact"], json!({ "name": "王秀英", "phone": "13800000001" }));
            assert_eq!(theirs.client(None).get("/equation").json()["received"], 1);
            let again = [("service_code", "road"), ("address_string", "x"), ("attribute[external_id]", number.as_str())];
            let known = key.post("requests.json", &again).json()[0].clone();
            assert!(known["service_request_id"] == there || known["token"].is_string(), "our number is the id it is known by");
            assert_eq!(theirs.client(None).get("/equation").json()["received"], 1);
            // They work; it comes back.
            let desk = theirs.client(Some("clerk"));
            theirs.app.ambience.advance(ours.app.now() - theirs.app.now() + 1000);
            assert_eq!(desk.act(&there, "accept", json!({})).status, 200);
            let crew = theirs.body("property");
            assert_eq!(desk.act(&there, "dispatch", json!({ "to": crew, "text": "请尽快" })).status, 200);
            ours.app.ambience.advance(2 * MINUTE);
            until(ours, "they began", |w| (state(w, &number) == "handling").then_some(()));
            // We write to them.
            let said = ours.client(Some("clerk")).act(&number, "note", json!({ "text": "居民问什么时候修" }));
            assert_eq!(said.status, 200);
            until(ours, "our words arrived", |_| {
                let story = desk.get(&format!("/cases/{there}")).json()["events"].to_string();
                story.contains("居民问什么时候修").then_some(())
            });
            let firm = theirs.client(Some("property"));
            theirs.app.ambience.advance(ours.app.now() - theirs.app.now() + 1000);
            assert_eq!(firm.act(&there, "accept", json!({})).status, 200);
            assert_eq!(firm.act(&there, "feedback", json!({ "text": "坑补好了" })).status, 200);
            assert_eq!(desk.act(&there, "check", json!({})).status, 200);
            assert_eq!(desk.act(&there, "close", json!({ "text": "看过了，平整" })).status, 200);
            ours.app.ambience.advance(2 * MINUTE);
            until(ours, "they are done", |w| (state(w, &number) == "feedback").then_some(()));
            let story = ours.client(Some("clerk")).get(&format!("/cases/{number}")).json();
            assert!(
                story["events"].to_string().contains("坑补好了") && story["events"].to_string().contains("看过了，平整"),
                "{story}"
            );
            let before = story["events"].as_array().unwrap().len();
            for _ in 0..3 {
                ours.app.ambience.advance(2 * MINUTE);
                outbound::round(&ours.app).unwrap();
            }
            let after = ours.client(Some("clerk")).get(&format!("/cases/{number}")).json();
            assert_eq!(after["events"].as_array().unwrap().len(), before, "windows overlap, updates are taken once");
            // What left in clear is in the read log of whoever said it; the proof is in the log.
            let reads = ours
                .app
                .db
                .read(|r| store::Query::count(r, "select count(*) from read_log where purpose = 'open311'", &[]))
                .unwrap();
            assert!(reads > 0);
            let sent =
                ours.app.db.read(|r| store::Query::count(r, "select count(*) from log where act = 'open311.sent'", &[])).unwrap();
            assert!(sent > 0);
            assert_eq!(
                ours.client(Some("admin")).post(&format!("/admin/open311/connectors/{connector}/end"), &json!({})).status,
                201
            );
        }
    });
}

const TAKEN: &str =
    "<?xml version=\"1.0\"?><service_requests><request><service_request_id>D-1</service_request_id></request></service_requests>";

#[test]
fn a_system_that_fails_is_tried_again_and_one_that_refuses_is_shown_to_the_desk() {
    on_each_engine(|w| {
        let calls = Arc::new(Mutex::new(0));
        let count = calls.clone();
        let system = fake("/open311/v2", move |asked| {
            if asked.starts_with("GET") {
                return http("200 OK", "", "<service_request_updates></service_request_updates>");
            }
            let mut n = count.lock().unwrap();
            *n += 1;
            match *n {
                1 => http("503 Busy", "", "later"),
                2 => http("400 Bad", "", "<errors><error><code>400</code><description>缺少门牌</description></error></errors>"),
                _ => http("200 OK", "", TAKEN),
            }
        });
        connect(w, &system.url, "secret-key", "xml", "lighting=101");
        let number = dispatch(w, "路面有坑");
        until(w, "first try", |w| delivery(w, &number).filter(|d| d.2 == 1 && d.0 == "waiting"));
        let clerk = w.client(Some("clerk"));
        std::thread::sleep(std::time::Duration::from_millis(50));
        let late =
            until(w, "shown", |_| Some(clerk.get("/deliveries").json()["items"].clone()).filter(|i| !i[0]["error"].is_null()));
        assert_eq!((&late[0]["number"], &late[0]["state"]), (&json!(number), &json!("waiting")));
        assert_eq!(*calls.lock().unwrap(), 1, "not before its time");
        w.app.ambience.advance(HOUR);
        until(w, "refused", |w| delivery(w, &number).filter(|d| d.0 == "stuck"));
        let stuck = clerk.get("/deliveries").json()["items"][0].clone();
        assert!(stuck["error"].as_str().unwrap().contains("缺少门牌"), "{stuck}");
        let notices = clerk.get("/inbox").json();
        assert!(notices.to_string().contains("work-stuck"), "{notices}");
        assert!(w.client(Some("stranger")).get("/deliveries").json()["items"].as_array().unwrap().is_empty());
        w.app.ambience.advance(DAY);
        outbound::round(&w.app).unwrap();
        assert_eq!(*calls.lock().unwrap(), 2, "stuck until somebody looks");
        let retry = format!("/deliveries/{}/{}/retry", stuck["connector"].as_str().unwrap(), stuck["seq"]);
        assert_eq!(w.client(Some("stranger")).post(&retry, &json!({})).status, 403);
        assert_eq!(w.client(Some("resident")).post(&retry, &json!({})).status, 403);
        assert_eq!(clerk.post(&retry, &json!({})).status, 200);
        let end = until(w, "taken", |w| delivery(w, &number).filter(|d| d.0 == "sent"));
        assert_eq!(end.1.as_deref(), Some("D-1"));
        let asked = system.asked.lock().unwrap().iter().filter(|a| a.starts_with("POST")).cloned().collect::<Vec<_>>();
        assert!(asked.iter().all(|a| a.contains("api_key=secret-key") && a.contains("service_code=101")));
        let once = |a: &String| a.lines().find(|l| l.to_ascii_lowercase().starts_with("idempotency-key")).map(str::to_owned);
        assert!(once(&asked[0]).is_some() && asked.iter().all(|a| once(a) == once(&asked[0])), "each try bears the same key");
        let leaves = w.app.db.read(|r| store::Query::rows(r, "select leaf from log", &[])).unwrap();
        assert!(leaves.iter().all(|l| !l.get::<String>("leaf").unwrap().contains("secret-key")), "no key in the log");
    });
}

#[test]
fn hostile_answers_change_nothing() {
    let mut w = World::new(None);
    let updates: Arc<Mutex<Vec<u8>>> = Arc::default();
    let said = updates.clone();
    let system = fake("/open311/v2", move |asked| match asked.starts_with("POST") {
        true => http("200 OK", "", TAKEN),
        false => said.lock().unwrap().clone(),
    });
    connect(&mut w, &system.url, "k", "xml", "*=1");
    let number = dispatch(&mut w, "路面有坑");
    until(&w, "taken", |w| delivery(w, &number).filter(|d| d.0 == "sent"));
    w.app.ambience.advance(HOUR);
    let zone = w.app.config.zone.clone();
    let time = rfc3339(w.app.now(), &zone);
    let update = |id: &str, request: &str, status: &str, at: &str| {
        format!(
            "<request_update><update_id>{id}</update_id><service_request_id>{request}</service_request_id><status>{status}</status>\
            <updated_datetime>{at}</updated_datetime><description>说明</description><media_url></media_url></request_update>"
        )
    };
    let list = |items: &str| http("200 OK", "", &format!("<service_request_updates>{items}</service_request_updates>"));
    let fixed = update("9", "D-1", "FIXED", &time);
    let error = |w: &World| {
        let row = w.app.db.read(|r| store::Query::row(r, "select error from open311_connector", &[])).unwrap().unwrap();
        row.get::<Option<String>>("error").unwrap()
    };
    let bomb = format!(
        "<!DOCTYPE r [<!ENTITY a \"{}\">]><service_request_updates>{fixed}&a;</service_request_updates>",
        "x".repeat(1000)
    );
    let evil = fake("/open311/v2", |_| http("200 OK", "", "must never be asked"));
    for (what, answer) in [
        ("a document type", http("200 OK", "", &bomb)),
        ("an entity", list(&format!("{fixed}<x>&passwd;</x>"))),
        ("too large", list(&" ".repeat(5 << 20))),
        ("too deep", list(&"<a>".repeat(100_000))),
        ("cut off", http("200 OK", "", &format!("<service_request_updates>{fixed}"))),
        ("another kind", http("200 OK", "", "{\"a\":1}")),
        ("no text", [http("200 OK", "", ""), vec![0xff; 100]].concat()),
        ("a redirect", http("302 Found", &format!("location: {}/servicerequestupdates.xml\r\n", evil.url), "")),
        ("an error", http("500 Oops", "", &format!("<service_request_updates>{fixed}</service_request_updates>"))),
        ("no http", b"garbage\r\n\r\n".to_vec()),
        ("nothing", Vec::new()),
    ] {
        *updates.lock().unwrap() = answer;
        w.app.ambience.advance(2 * MINUTE);
        // The job of the served node polls too; whoever comes first writes it down.
        until(&w, what, |w| error(w));
        assert_eq!(state(&w, &number), "dispatched", "{what}");
        *updates.lock().unwrap() = list("");
        w.app.ambience.advance(2 * MINUTE);
        until(&w, "well again", |w| error(w).is_none().then_some(()));
    }
    assert!(evil.asked.lock().unwrap().is_empty(), "a redirect is not followed");
    // Wrong kinds and strangers' ids are passed over; what is good among them counts.
    let mixed = [
        "<request_update></request_update>".to_owned(),
        update("1", "D-1", "FIXED", "yesterday"),
        update("2", "D-1", "", ""),
        update("3", "no-such", "FIXED", &time),
        update(&"4".repeat(200), "D-1", "FIXED", &time),
        "<request_update><update_id><b>5</b></update_id></request_update><other/>text".to_owned(),
        update("6", "D-1", "in_progress", &time),
    ];
    *updates.lock().unwrap() = list(&mixed.concat());
    w.app.ambience.advance(2 * MINUTE);
    until(&w, "the good one", |w| (state(w, &number) == "handling").then_some(()));
    // A status that does not fit is a note; an older one changes nothing; the same one is taken once.
    let older = rfc3339(w.app.now() - DAY, &zone);
    *updates.lock().unwrap() = list(
        &(update("7", "D-1", "fixed", &older) + &update("6", "D-1", "fixed", &time) + &update("8", "D-1", "CANCELLED", &time)),
    );
    w.app.ambience.advance(2 * MINUTE);
    let notes = |w: &World| {
        let sql = "select count(*) from log where act = 'case.note'";
        w.app.db.read(|r| store::Query::count(r, sql, &[])).unwrap()
    };
    until(&w, "two notes", |w| (notes(w) == 2).then_some(()));
    assert_eq!(state(&w, &number), "handling");
    *updates.lock().unwrap() = list(&fixed);
    w.app.ambience.advance(2 * MINUTE);
    until(&w, "fixed", |w| (state(w, &number) == "feedback").then_some(()));
    assert_eq!(w.client(None).get("/equation").json()["holds"], true);
}

#[test]
fn a_system_without_updates_is_asked_how_its_requests_stand() {
    let mut w = World::new(None);
    let stands: Arc<Mutex<(String, String, String)>> = Arc::default();
    let said = stands.clone();
    let system = fake("/open311/v2", move |asked| {
        if asked.starts_with("POST /open311/v2/requests") {
            return http("200 OK", "", "[{\"service_request_id\":638344}]");
        }
        if !asked.starts_with("GET /open311/v2/requests.json") {
            return http("404 Not Found", "", "[{\"code\":404,\"description\":\"?\"}]");
        }
        assert!(asked.contains("service_request_id=638344"), "{asked}");
        let (status, notes, at) = said.lock().unwrap().clone();
        let body = json!([{ "service_request_id": 638344, "status": status, "status_notes": notes, "updated_datetime": at }]);
        http("200 OK", "", &body.to_string())
    });
    connect(&mut w, &system.url, "k", "json", "*=1");
    let number = dispatch(&mut w, "路面有坑");
    let zone = w.app.config.zone.clone();
    let stand = |w: &World, status: &str, notes: &str| {
        *stands.lock().unwrap() = (status.into(), notes.into(), rfc3339(w.app.now(), &zone));
        w.app.ambience.advance(2 * MINUTE);
    };
    stand(&w, "open", "");
    until(&w, "taken", |w| delivery(w, &number).filter(|d| d.0 == "sent"));
    let story = |w: &mut World| w.client(Some("clerk")).get(&format!("/cases/{number}")).json()["events"].clone();
    stand(&w, "open", "已排队");
    until(&w, "a note", |w| store_count(w, "case.note").eq(&1).then_some(()));
    for _ in 0..3 {
        stand(&w, "open", "已排队");
        outbound::round(&w.app).unwrap();
    }
    assert_eq!(store_count(&w, "case.note"), 1, "the same words are one update");
    stand(&w, "closed", "补好了");
    until(&w, "done", |w| (state(w, &number) == "feedback").then_some(()));
    assert!(story(&mut w).to_string().contains("补好了"));
}

fn store_count(w: &World, act: &str) -> i64 {
    use store::{Query as _, params};
    w.app.db.read(|r| r.count("select count(*) from log where act = $1", params![act])).unwrap()
}

#[test]
fn whoever_had_it_hears_that_it_went_elsewhere() {
    let mut w = World::new(None);
    let system = fake("/open311/v2", |asked| match asked.starts_with("POST") {
        true if asked.contains("/requests.xml") => http("200 OK", "", TAKEN),
        _ => http("200 OK", "", "<service_request_updates></service_request_updates>"),
    });
    connect(&mut w, &system.url, "k", "xml", "*=1");
    let number = dispatch(&mut w, "路面有坑");
    until(&w, "taken", |w| delivery(w, &number).filter(|d| d.0 == "sent"));
    let committee = w.body("committee");
    assert_eq!(w.client(Some("clerk")).act(&number, "dispatch", json!({ "to": committee })).status, 200);
    let told = until(&w, "told", |_| system.asked.lock().unwrap().iter().find(|a| a.contains("status=CANCELLED")).cloned());
    assert!(told.starts_with("POST /open311/v2/servicerequestupdates.xml") && told.contains("service_request_id=D-1"), "{told}");
}

#[test]
fn what_is_no_longer_theirs_is_not_sent_and_only_good_connectors_are_made() {
    on_each_engine(|w| {
        let system = fake("/open311/v2", |_| http("500 Oops", "", ""));
        let id = connect(w, &system.url, "k", "json", "*=1");
        let number = dispatch(w, "路面有坑");
        until(w, "tried", |w| delivery(w, &number).filter(|d| d.2 == 1 && d.0 == "waiting"));
        let clerk = w.client(Some("clerk"));
        let committee = w.body("committee");
        assert_eq!(clerk.act(&number, "dispatch", json!({ "to": committee })).status, 200);
        w.app.ambience.advance(HOUR);
        until(w, "void", |w| delivery(w, &number).filter(|d| d.0 == "void"));
        let (admin, body) = (w.client(Some("admin")), w.body("property"));
        let good = json!({ "body": body, "endpoint": "https://dep.example/open311/v2", "classes": "*=1" });
        for (name, value) in [
            ("endpoint", json!("ftp://x/")),
            ("endpoint", json!("https://a:b@x/")),
            ("endpoint", json!("http://169.254.169.254/")),
            ("body", json!("none")),
            ("classes", json!("nonsense=1")),
            ("classes", json!("road")),
            ("classes", json!("")),
            ("format", json!("pdf")),
            ("every_minutes", json!(0)),
        ] {
            let mut bad = good.clone();
            bad[name] = value;
            assert_eq!(admin.post("/admin/open311/connectors", &bad).status, 422, "{bad}");
        }
        assert_eq!(w.client(Some("clerk")).post("/admin/open311/connectors", &good).status, 403);
        assert_eq!(admin.post("/admin/open311/connectors", &good).status, 201, "a second one takes its place");
        assert_eq!(admin.post(&format!("/admin/open311/connectors/{id}/end"), &json!({})).status, 404);
        let list: Json = admin.get("/admin/open311").json();
        assert_eq!(list["connectors"].as_array().unwrap().len(), 1);
        let page = admin.get_as("/admin/open311", "text/html");
        assert!(page.status == 200 && page.text.contains("dep.example"), "{}", page.text);
        assert!(!page.text.contains('⟦'));
        let page = clerk.get_as("/deliveries", "text/html");
        assert!(page.status == 200 && !page.text.contains('⟦'));
    });
}
