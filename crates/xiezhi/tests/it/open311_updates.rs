//! The updates extension as a server: windows, what a partner may do by telling us, and what he may not.

use serde_json::{Value as Json, json};

use super::open311_partner::{Partner, errors, is_date, json_of, xml};
use super::world::{World, on_each_engine};
use xiezhi::kit::time::{HOUR, rfc3339};

/// A case that was filed by one partner and lies with the property firm, and the firm's own key.
fn dispatched(w: &mut World) -> (Partner, Partner, String) {
    let filer = Partner::new(w, json!({}));
    let body = w.body("property");
    let firm = Partner::new(w, json!({ "body": body }));
    let id = filer.file(&[("service_code", "lighting"), ("lat", "32.3931"), ("long", "119.4401"), ("description", "坑")]);
    let clerk = w.client(Some("clerk"));
    assert_eq!(clerk.act(&id, "accept", json!({})).status, 200);
    assert_eq!(clerk.act(&id, "dispatch", json!({ "to": body })).status, 200);
    (filer, firm, id)
}

fn tell(w: &World, p: &Partner, id: &str, update: &str, status: &str, at: i64) -> super::world::Answer {
    let at = rfc3339(w.app.now() + at, &w.app.config.zone);
    p.post(
        "servicerequestupdates.json",
        &[
            ("service_request_id", id),
            ("update_id", update),
            ("status", status),
            ("updated_datetime", &at),
            ("description", "说明"),
        ],
    )
}

fn state(w: &mut World, id: &str) -> String {
    w.client(None).get(&format!("/reports/{id}")).json()["state"].as_str().unwrap().to_owned()
}

#[test]
fn a_department_works_through_its_key_and_the_rules_hold() {
    on_each_engine(|w| {
        let (_, firm, id) = dispatched(w);
        w.app.ambience.advance(HOUR);
        let first = tell(w, &firm, &id, "u1", "IN PROGRESS", -3000);
        assert_eq!(first.status, 201, "{}", first.text);
        assert_eq!(state(w, &id), "handling");
        assert_eq!(tell(w, &firm, &id, "u1", "IN PROGRESS", -3000).text, first.text, "taken once");
        assert_eq!(tell(w, &firm, &id, "u2", "CLOSED", -5000).status, 201, "older than what we know");
        assert_eq!(state(w, &id), "handling", "an older update changes no state");
        assert_eq!(tell(w, &firm, &id, "u3", "done and dusted", -1000).status, 201, "an unknown status is a note");
        assert_eq!(state(w, &id), "handling");
        let at = rfc3339(w.app.now(), &w.app.config.zone);
        let fields = [
            ("api_key", firm.key.as_str()),
            ("service_request_id", &id),
            ("update_id", "u4"),
            ("status", "Fixed"),
            ("updated_datetime", &at),
            ("description", "说明"),
            ("media_url[]", "https://example.org/after.jpg"),
            ("first_name", "李四"),
            ("public_anonymity_required", "FALSE"),
        ];
        let mut body = Vec::new();
        for (name, value) in fields {
            body.extend(format!("--b\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").into_bytes());
        }
        body.extend(b"--b\r\ncontent-disposition: form-data; name=\"photo1\"; filename=\"a.png\"\r\n\r\n");
        body.extend(include_bytes!("lamp.png"));
        body.extend(b"\r\n--b--\r\n");
        let kind = [("content-type", "multipart/form-data; boundary=b")];
        let told = firm.client.post_raw("/open311/v2/servicerequestupdates.xml", &kind, &body);
        assert_eq!(told.status, 201, "{}", told.text);
        assert!(xml(&told).path(&["request_update", "update_id"]).text.parse::<u64>().is_ok());
        assert_eq!(state(w, &id), "feedback");
        assert_eq!(tell(w, &firm, &id, "u5", "CLOSED", 0).status, 201);
        assert_eq!(state(w, &id), "feedback", "the checker is never the handler");
        assert_eq!(w.client(Some("property")).act(&id, "check", json!({})).status, 403, "nor its colleague");
        let clerk = w.client(Some("clerk"));
        let seen = clerk.get(&format!("/cases/{id}")).json();
        assert_eq!(seen["media"][0]["phase"], "feedback");
        let story = seen["events"].clone();
        let notes = story.as_array().unwrap().iter().filter(|e| e["kind"] == "note").count();
        assert_eq!(notes, 3, "{story}");
        assert!(
            story
                .as_array()
                .unwrap()
                .iter()
                .any(|e| e["kind"] == "feedback" && e["by"] == "property" && e["text"] == "说明\nhttps://example.org/after.jpg")
        );
        assert_eq!(clerk.get("/equation").json()["holds"], true);
    });
}

#[test]
fn a_partner_hands_back_reopens_what_he_filed_and_touches_nothing_else() {
    on_each_engine(|w| {
        let (filer, firm, id) = dispatched(w);
        let stranger = Partner::new(w, json!({}));
        assert_eq!(errors(&tell(w, &stranger, &id, "x", "closed", 0)).0, 403);
        assert_eq!(tell(w, &firm, &id, "u1", "NOT_COUNCILS_RESPONSIBILITY", 0).status, 201);
        assert_eq!(state(w, &id), "accepted");
        assert_eq!(errors(&tell(w, &firm, &id, "u2", "fixed", 0)).0, 403, "no longer theirs");
        assert_eq!(tell(w, &filer, &id, "f1", "closed", 0).status, 201);
        assert_eq!(state(w, &id), "accepted", "who filed it may write, not close");
        let clerk = w.client(Some("clerk"));
        assert_eq!(clerk.act(&id, "reject", json!({ "reason": "不属于我们" })).status, 200);
        w.app.ambience.advance(1000);
        assert_eq!(tell(w, &filer, &id, "f2", "REOPEN", 0).status, 201);
        assert_eq!(state(w, &id), "received", "an appeal is the reporter's right");
        for missing in ["service_request_id", "update_id", "status", "updated_datetime", "description"] {
            let all = [
                ("service_request_id", id.as_str()),
                ("update_id", "m"),
                ("status", "open"),
                ("updated_datetime", "2026-11-25T00:00:00Z"),
                ("description", "x"),
            ];
            let some: Vec<(&str, &str)> = all.into_iter().filter(|(k, _)| *k != missing).collect();
            for ext in ["xml", "json"] {
                assert_eq!(errors(&filer.post(&format!("servicerequestupdates.{ext}"), &some)), (400, 1), "{missing}");
            }
        }
        assert_eq!(errors(&filer.post("servicerequestupdates.xml", &[])), (400, 5));
        assert_eq!(errors(&tell(w, &filer, "999999-0001", "m", "open", 0)).0, 404);
        let bad = [
            ("service_request_id", id.as_str()),
            ("update_id", "m"),
            ("status", "open"),
            ("updated_datetime", "now"),
            ("description", "x"),
        ];
        assert_eq!(errors(&filer.post("servicerequestupdates.json", &bad)), (400, 1));
    });
}

#[test]
fn windows_give_what_happened_in_them_stamped_when_we_took_it() {
    on_each_engine(|w| {
        let (filer, firm, id) = dispatched(w);
        let zone = w.app.config.zone.clone();
        w.app.ambience.advance(2 * HOUR);
        let begun = w.app.now();
        // A note written offline three days ago.
        assert_eq!(tell(w, &firm, &id, "u1", "unchanged", -72 * HOUR).status, 201);
        assert_eq!(tell(w, &firm, &id, "u2", "in_progress", 0).status, 201);
        w.app.ambience.advance(1000);
        assert_eq!(tell(w, &firm, &id, "u3", "fixed", 0).status, 201);
        let window = |p: &Partner, from: i64, to: i64, ext: &str| {
            let time = |at: i64| xiezhi::kit::form::encode(&rfc3339(at, &zone));
            p.get(&format!("servicerequestupdates.{ext}?api_key={}&start_date={}&end_date={}", p.key, time(from), time(to)))
        };
        let list = json_of(&window(&filer, begun, begun + 1000, "json"));
        let list = list.as_array().unwrap();
        let statuses: Vec<&str> = list.iter().map(|u| u["status"].as_str().unwrap()).collect();
        assert_eq!(statuses, ["IN_PROGRESS", "IN_PROGRESS", "INVESTIGATING"], "the note stands where we took it: {list:?}");
        for u in list {
            assert!(
                is_date(u["updated_datetime"].as_str().unwrap()) && u["service_request_id"] == id && u.get("media_url").is_some()
            );
            assert_eq!(u["description"], "说明", "who filed it reads what was written to the reporter");
            assert!(u["update_id"].is_string());
        }
        let root = xml(&window(&filer, begun, begun + 1000, "xml"));
        assert_eq!((root.name.as_str(), root.children.len()), ("service_request_updates", 3));
        assert_eq!(
            root.children[0].names(),
            ["update_id", "service_request_id", "status", "updated_datetime", "description", "media_url", "external_status_code"]
        );
        assert_eq!(json_of(&window(&filer, begun + 1000, begun + 1000, "json")).as_array().unwrap().len(), 1, "bounds inclusive");
        assert_eq!(json_of(&window(&filer, begun + 2000, begun + 9000, "json")), json!([]));
        let before = json_of(&window(&filer, begun - 3 * HOUR, begun - 1000, "json"));
        let before: Vec<&Json> = before.as_array().unwrap().iter().map(|u| &u["external_status_code"]).collect();
        assert_eq!(before, [&json!("accepted"), &json!("dispatched")]);
        assert_eq!(json_of(&window(&firm, begun, begun + 1000, "json")), json!([]), "nobody is told what he told us");
        let public = json_of(&filer.get("servicerequestupdates.json"));
        assert!(!public.to_string().contains("说明"), "{public}");
        assert_eq!(public.as_array().unwrap().len(), 4, "the last 24 hours; a note without words is none");
        let one = json_of(&filer.get("servicerequestupdates.json?page_size=1&page=2"));
        assert_eq!((one.as_array().unwrap().len(), &one[0]), (1, &public[1]));
        for wrong in [
            "start_date=2026-11-25T00:00:00Z",
            "end_date=2026-11-25T00:00:00Z",
            "start_date=x&end_date=y",
            "start_date=2026-11-25T00:00:00Z&end_date=2026-11-24T00:00:00Z",
            "start_date=2026-01-01T00:00:00Z&end_date=2026-11-24T00:00:00Z",
            "page=0",
        ] {
            assert_eq!(errors(&filer.get(&format!("servicerequestupdates.xml?{wrong}"))).0, 400, "{wrong}");
        }
        assert_eq!(
            errors(&filer.get("servicerequestupdates.json?page_size=1")),
            (400, 1),
            "more than fit is said, never cut off silently"
        );
    });
}
