//! Keys of programs: a key does what it was made for, for its organisation alone, says so in the log, and ends with whatever it
//! rests on.

use serde_json::{Value as Json, json};
use store::{Query as _, params};
use xiezhi::base::key::{self, purpose};
use xiezhi::edge::routes;
use xiezhi::kit::RoleKind;
use xiezhi::kit::time::{DAY, MINUTE};

use super::world::{COMMUNITY, Client, World, on_each_engine};

/// A key of the helpers for these purposes.
fn made(w: &mut World, change: Json) -> (String, Client) {
    let helper = w.client(Some("helper"));
    let mut new = json!({ "body": w.body("helpers"), "name": "小程序", "purposes": ["directory"] });
    new.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    let made = helper.post("/developers/keys", &new);
    assert_eq!(made.status, 201, "{}", made.text);
    let made = made.json();
    (made["id"].as_str().unwrap().to_owned(), Client { base: helper.base, token: Some(made["key"].as_str().unwrap().to_owned()) })
}

#[test]
fn every_route_of_a_purpose_exists_and_none_is_somebodys_own() {
    let all = routes::all();
    for p in purpose::all() {
        for open in &p.opens {
            let (method, path) = open.split_once(' ').unwrap();
            assert!(all.iter().any(|r| r.method == method && r.path == path), "{}: there is no {open}", p.id);
            for own in [
                "/me",
                "/inbox",
                "/sign-in",
                "/sign-on",
                "/developers",
                "/people",
                "/admin",
                "/register",
                "/notices",
                "/mediations",
            ] {
                assert!(path != own && !path.starts_with(&format!("{own}/")), "{}: {open} is nobody's program's", p.id);
            }
        }
    }
}

#[test]
fn every_route_is_refused_to_a_key_unless_its_purpose_lists_it() {
    on_each_engine(|w| {
        for p in purpose::all() {
            let (_, program) = made(w, json!({ "purposes": [p.id], "per_minute": key::MOST_PER_MINUTE }));
            for (n, route) in routes::all().into_iter().enumerate() {
                if n % 200 == 199 {
                    w.app.ambience.advance(2 * MINUTE);
                }
                if !matches!(route.method, "GET" | "POST") {
                    continue;
                }
                let path = route.path.replace("{code}", COMMUNITY).replace("{*rest}", "0/000");
                let path = path.split('/').map(|s| if s.starts_with('{') { "0" } else { s }).collect::<Vec<_>>().join("/");
                let answer = if route.method == "GET" { program.get(&path) } else { program.post(&path, &json!({})) };
                // Where a foreign standard has its own form of errors, the words say it.
                let refused = answer.text.contains("key-purpose") || answer.text.contains("这个密钥的用途不包括");
                assert_eq!(refused, !p.opens(route.method, route.path), "{} {} {path}: {}", p.id, route.method, answer.text);
                assert!(!refused || answer.status == 403, "{path}: {}", answer.status);
            }
        }
        // Streams are no routes: what is open to everybody stays so, what is somebody's own is not a key's.
        let (_, program) = made(w, json!({ "purposes": ["open"] }));
        assert_eq!(program.get("/live/inbox").status, 401);
        assert_eq!(w.client(None).get("/equation").status, 200, "open data need no key");
    });
}

#[test]
fn a_key_is_made_by_members_within_limits_and_shown_once() {
    on_each_engine(|w| {
        let (helper, clerk, resident) = (w.client(Some("helper")), w.client(Some("clerk")), w.client(Some("resident")));
        let body = w.body("helpers");
        let bad = |client: &Client, change: Json| {
            let mut new = json!({ "body": body, "name": "x", "purposes": ["open"] });
            new.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
            client.post("/developers/keys", &new).error()
        };
        assert_eq!(bad(&clerk, json!({})), (403, "denied".into()), "of another organisation");
        assert_eq!(bad(&clerk, json!({ "body": w.body("committee") })), (403, "denied".into()), "desks have none");
        assert_eq!(bad(&resident, json!({})), (403, "denied".into()));
        assert_eq!(bad(&helper, json!({ "purposes": [] })), (422, "missing".into()));
        assert_eq!(bad(&helper, json!({ "purposes": ["everything"] })), (422, "unknown-value".into()));
        assert_eq!(bad(&helper, json!({ "days": 366 })), (422, "out-of-range".into()));
        assert_eq!(bad(&helper, json!({ "per_minute": key::MOST_PER_MINUTE + 1 })), (422, "out-of-range".into()));
        assert_eq!(bad(&helper, json!({ "per_day": key::MOST_PER_DAY + 1 })), (422, "out-of-range".into()));
        let new = json!({ "body": body, "name": "<b>程序</b>", "purposes": ["open"] });
        let first = helper.post_keyed("/developers/keys", "once", &new).json();
        let text = first["key"].as_str().unwrap().to_owned();
        assert!(text.starts_with("xz_") && text.len() == 35, "{text}");
        let again = helper.post_keyed("/developers/keys", "once", &new).json();
        assert_eq!((&again["id"], &again["key"]), (&first["id"], &Json::Null), "shown once, made once");
        let page = helper.get_as("/developers", "text/html");
        assert!(page.text.contains("&lt;b&gt;程序&lt;") && !page.text.contains(&text) && !page.text.contains("<b>程序"));
        // What lies in the database opens nothing.
        let row = w.app.db.read(|r| r.row("select * from api_key", &[])).unwrap().unwrap();
        assert!(!format!("{row:?}").contains(&text));
        let fresh = helper.post_form("/developers/keys", &format!("body={body}&name=x&purposes=open"));
        assert!(fresh.status == 200 && fresh.text.contains("xz_"), "{}", fresh.status);
        for _ in 0..key::KEYS - 2 {
            assert_eq!(helper.post("/developers/keys", &new).status, 201);
        }
        assert_eq!(helper.post("/developers/keys", &new).error(), (422, "too-many".into()));
        // No program makes keys.
        let program = Client { base: helper.base.clone(), token: Some(text) };
        assert_eq!(program.post("/developers/keys", &new).error(), (403, "key-purpose".into()));
        assert_eq!(program.get("/me").error(), (403, "key-purpose".into()));
    });
}

#[test]
fn a_key_is_a_delegate_of_its_member_and_the_log_says_so() {
    on_each_engine(|w| {
        let all = json!({ "purposes": ["directory", "directory-write", "reports", "cases", "events"] });
        let (id, program) = made(w, all);
        let service = json!({ "name": "义务理发", "body": w.body("helpers"), "unit": "人", "available": "8", "maximum": "10" });
        let written = program.post("/services", &service);
        assert_eq!(written.status, 201, "{}", written.text);
        let other = json!({ "name": "x", "body": w.body("property") });
        assert_eq!(program.post("/services", &other).error(), (403, "denied".into()), "for its own organisation alone");
        let event =
            json!({ "title": "清理楼道", "place": "门口", "starts_at": "2026-03-10T09:00:00+08:00", "minutes": 60, "seats": 5 });
        assert_eq!(program.post("/events", &event).status, 201);
        let made = program.post("/reports", &json!({ "text": "三楼灯坏了", "place": { "area": COMMUNITY } }));
        assert_eq!(made.status, 201, "{}", made.text);
        let made = made.json();
        let (number, code) = (made["number"].as_str().unwrap(), made["code"].as_str().unwrap());
        assert_eq!(program.get(&format!("/reports/{number}?code={code}")).json()["number"], number);
        // What the member reports as a person is not his program's.
        let own = w.client(Some("helper")).report("我家的事");
        assert_eq!(program.get(&format!("/reports/{}", own.0)).json()["relation"], program_relation(w, &own.0), "as anybody");
        // It works on what was given to its organisation.
        let clerk = w.client(Some("clerk"));
        clerk.act(number, "accept", json!({}));
        let given = clerk.act(number, "dispatch", json!({ "to": w.body("helpers") }));
        assert_eq!(given.status, 200, "{}", given.text);
        assert_eq!(program.act(number, "accept", json!({})).status, 200);
        let done = program.act(number, "feedback", json!({ "text": "换好了" }));
        assert_eq!(done.status, 200, "{}", done.text);
        assert_eq!(program.act(number, "check", json!({})).status, 403, "what a desk does is not its");
        let person = w.who("helper").person.unwrap();
        let leaves = w.app.db.read(|r| r.rows("select act, leaf from log order by seq", &[])).unwrap();
        let of = |act: &str, keyed: bool| {
            leaves.iter().filter(|l| l.get::<String>("act").unwrap() == act).any(|l| {
                let leaf: Json = serde_json::from_str(&l.get::<String>("leaf").unwrap()).unwrap();
                leaf["actor"] == person.as_str() && (leaf["x_key"] == id.as_str()) == keyed
            })
        };
        for act in ["service.save", "event.begin", "case.report", "case.accept", "case.feedback"] {
            assert!(of(act, true), "{act} does not say that a key did it");
        }
        assert!(of("case.report", false) && !of("key.make", true), "what he did himself says nothing of a key");
        assert!(!leaves.iter().any(|l| l.get::<String>("act").unwrap() == "case.dispatch" && l.get::<String>("leaf").unwrap().contains("x_key")));
        assert_eq!(program.get("/openapi.json").error(), (403, "key-purpose".into()));
        let described = w.client(None).get("/openapi.json").json();
        assert_eq!(described["paths"]["/services"]["post"]["x-xiezhi-purposes"], json!(["directory-write"]));
    });
}

/// How anybody stands to a report.
fn program_relation(w: &mut World, number: &str) -> Json {
    w.client(None).get(&format!("/reports/{number}")).json()["relation"].clone()
}

#[test]
fn too_many_calls_are_told_when_to_come_back_and_calls_are_counted() {
    on_each_engine(|w| {
        let (id, program) = made(w, json!({ "per_minute": 3, "per_day": 5 }));
        for _ in 0..3 {
            assert_eq!(program.get("/services").status, 200);
        }
        let slow = program.get("/services");
        assert_eq!((slow.error(), slow.header("retry-after")), ((429, "key-minute".into()), Some("61")));
        key::flush(&w.app).unwrap();
        let kept = |w: &World| {
            let row =
                w.app.db.read(|r| r.row("select used_day, calls from api_key where id = $1", params![&id])).unwrap().unwrap();
            (row.get::<Option<String>>("used_day").unwrap(), row.get::<i64>("calls").unwrap())
        };
        assert_eq!(kept(w), (Some("2026-03-04".into()), 3));
        // A restart forgets the minute, not the day.
        w.restart();
        let program = Client { base: w.client(None).base, ..program };
        assert_eq!((program.get("/services").status, program.get("/services").status), (200, 200));
        let over = program.get("/services");
        assert_eq!(over.error(), (429, "key-day".into()));
        assert_eq!(over.header("retry-after"), Some(&*(14 * 3600 + 1).to_string()), "until midnight");
        let seen = w.client(Some("helper")).get("/developers").json()["bodies"][0]["keys"][0].clone();
        assert_eq!((&seen["calls_today"], &seen["used_day"]), (&json!(5), &json!("2026-03-04")));
        w.app.ambience.advance(DAY);
        assert_eq!(program.get("/services").status, 200);
        key::flush(&w.app).unwrap();
        assert_eq!(kept(w), (Some("2026-03-05".into()), 1));
    });
}

#[test]
fn a_key_ends_with_whatever_it_rests_on() {
    on_each_engine(|w| {
        let refused = |p: &Client| p.get("/services").error();
        let nonsense = Client { base: w.client(None).base, token: Some("xz_00000000000000000000000000000000".into()) };
        assert_eq!(refused(&nonsense), (401, "key-ended".into()));
        // Revoked by its people, or by the desk of the place; by nobody else.
        let (id, program) = made(w, json!({}));
        let end = format!("/developers/keys/{id}/end");
        assert_eq!(w.client(Some("stranger")).post(&end, &json!({})).error(), (403, "denied".into()));
        assert_eq!(w.client(Some("property")).post(&end, &json!({})).error(), (403, "denied".into()));
        assert_eq!(program.get("/services").status, 200);
        assert_eq!(w.client(Some("clerk")).post(&end, &json!({})).status, 200);
        assert_eq!(refused(&program), (401, "key-ended".into()));
        // Past its day.
        let (_, program) = made(w, json!({ "days": 2 }));
        w.app.ambience.advance(2 * DAY - 1);
        assert_eq!(program.get("/services").status, 200);
        w.app.ambience.advance(1);
        assert_eq!(refused(&program), (401, "key-ended".into()));
        // When its organisation may take on nothing new, and when it may again.
        let (_, program) = made(w, json!({}));
        let (body, now) = (w.body("helpers"), w.app.now());
        let until = |w: &World, at: Option<i64>| {
            let body = body.clone();
            w.app
                .db
                .write(move |tx| {
                    xiezhi::base::party::standing::good_until(tx, &body, at)?;
                    tx.log(store::Entry::new("partner.ring", "partner", "x")).map(drop)
                })
                .map_err(|e: store::Error| e.to_string())
                .unwrap();
        };
        until(w, Some(now));
        assert_eq!(refused(&program), (403, "not-in-standing".into()));
        let new = json!({ "body": body, "name": "x", "purposes": ["open"] });
        assert_eq!(w.client(Some("helper")).post("/developers/keys", &new).error(), (403, "not-in-standing".into()));
        until(w, None);
        assert_eq!(program.get("/services").status, 200);
        // With the membership.
        let person = w.who("helper").person.unwrap();
        let gone = person.clone();
        w.app.db.write(move |tx| xiezhi::base::party::end_role(tx, &gone, RoleKind::VolunteerGroup)).unwrap();
        assert_eq!(refused(&program), (401, "key-ended".into()));
        assert_eq!(
            program.get("/equation").error(),
            (401, "key-ended".into()),
            "an ended key opens nothing, not even what is open"
        );
    });
}

#[test]
fn a_suspended_organisation_loses_its_keys_in_the_same_moment() {
    on_each_engine(|w| {
        let (helper, clerk) = (w.client(Some("helper")), w.client(Some("clerk")));
        let body = w.body("helpers");
        let (_, program) = made(w, json!({}));
        assert_eq!(program.get("/services").status, 200);
        let gone = body.clone();
        w.app.db.write(move |tx| xiezhi::base::party::standing::shut(tx, &gone)).unwrap();
        assert_eq!(program.get("/services").error(), (401, "key-ended".into()));
        assert_eq!(helper.get("/desk").status, 403);
        assert_eq!(clerk.get("/desk").status, 200);
    });
}
