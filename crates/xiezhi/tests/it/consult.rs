//! Consultations: both depths from the first word to the appraisal, each skipped step refused, a draw that anybody repeats,
//! promises that are followed whatever becomes of their cases, alarms that ring after a restart.

use std::process::Command;

use serde_json::{Value as Json, json};
use store::Query as _;
use xiezhi::edge::jobs;
use xiezhi::kit::time::{DAY, HOUR, Ms};

use super::world::{Answer, Client, World, on_each_engine, send};

/// Everything that is due happens.
pub(super) fn ring(w: &World) {
    jobs::deadlines(&w.app, w.app.now()).unwrap();
    jobs::deadlines(&w.app, w.app.now()).unwrap();
}

pub(super) fn wait(w: &World, by: Ms) {
    w.app.ambience.advance(by);
    ring(w);
}

pub(super) fn later(w: &World, days: i64, hour: i64) -> String {
    // Days begin at midnight of Shanghai.
    let midnight = (w.app.now() + 8 * HOUR) / DAY * DAY - 8 * HOUR;
    xiezhi::kit::time::exact(midnight + days * DAY + hour * HOUR)
}

pub(super) fn raise(by: &Client, text: &str) -> String {
    let made = by.post("/consultations", &json!({ "text": text }));
    assert_eq!(made.status, 201, "{}", made.text);
    made.json()["number"].as_str().unwrap().to_owned()
}

pub(super) fn step(by: &Client, n: &str, step: &str, body: Json) -> Answer {
    by.post(&format!("/consultations/{n}/{step}"), &body)
}

pub(super) fn ok(answer: Answer) -> Json {
    assert!((200..300).contains(&answer.status), "{}", answer.text);
    answer.json()
}

pub(super) fn see(by: &Client, n: &str) -> Json {
    ok(by.get(&format!("/consultations/{n}")))
}

pub(super) fn refused(answer: &Answer) -> (u16, String, String) {
    let field = answer.json()["field"].as_str().unwrap_or_default().to_owned();
    (answer.status, answer.error().1, field)
}

/// The desk above all others.
pub(super) fn top_desk(w: &World) -> String {
    w.app.db.read(|r| xiezhi::base::party::default_desk(r)).unwrap().id
}

pub(super) fn grade(depth: &str) -> Json {
    json!({ "depth": depth, "topic": "parking", "title": "楼下停车", "question": "楼下的车怎么停？" })
}

/// A posted roll of eight households; gives its number.
pub(super) fn roll(clerk: &Client) -> String {
    let table: String = (1..=8).map(|i| format!("1-10{i},住户{i}\n")).collect();
    let table = format!("房号,业主\n{table}");
    let made = ok(send(clerk, "/rolls", &[("title", "一社区"), ("body", "residents")], table.as_bytes()));
    let n = made["number"].as_str().unwrap().to_owned();
    ok(clerk.post(&format!("/rolls/{n}/post"), &json!({})));
    n
}

/// A consultation in depth that was convened; gives its number.
pub(super) fn convened(w: &mut World, clerk: &Client, n: &str) {
    let (committee, property) = (w.body("committee"), w.body("property"));
    let head = w.who("head").person.unwrap();
    let roll = roll(clerk);
    ok(step(clerk, n, "seats", json!({ "bodies": [committee, property], "heads": [head] })));
    let alone = step(clerk, n, "convene", json!({}));
    assert_eq!(refused(&alone), (422, "seats-missing".into(), "seat-resident".into()));
    ok(step(clerk, n, "draw", json!({ "roll": roll, "seats": 3 })));
    assert_eq!(step(clerk, n, "draw", json!({ "roll": roll, "seats": 3 })).error(), (409, "already-drawn".into()));
    wait(w, 13 * HOUR);
    let done = ok(step(clerk, n, "convene", json!({})));
    assert_eq!(done["state"], "form");
}

#[test]
fn a_quick_topic_is_answered_in_two_days_and_a_no_goes_on_in_depth() {
    on_each_engine(|w| {
        let (resident, clerk, visitor) = (w.client(Some("resident")), w.client(Some("clerk")), w.client(None));
        let (street, stranger) = (w.client(Some("street")), w.client(Some("stranger")));
        assert_eq!(visitor.post("/consultations", &json!({ "text": "x" })).status, 401);
        assert_eq!(resident.post("/consultations", &json!({})).error(), (422, "missing".into()));
        let n = raise(&resident, "楼下的路灯能不能晚点关");
        // Before it is graded it is the desk's and whoever's raised it.
        assert_eq!(see(&resident, &n)["text"], "楼下的路灯能不能晚点关");
        assert_eq!(see(&clerk, &n)["text"], "楼下的路灯能不能晚点关");
        for other in [&visitor, &stranger, &w.client(Some("neighbour"))] {
            assert_eq!(other.get(&format!("/consultations/{n}")).status, 404);
        }
        assert_eq!(clerk.get("/consultations").json()["todo"][0]["number"], json!(n));
        // No step is skipped, and each says which one comes first.
        for skipped in ["publish", "callback"] {
            let body = json!({ "outcome": "agreed", "summary": "x", "satisfied": true, "reached": true });
            assert_eq!(step(&clerk, &n, skipped, body).status, 409, "not graded: {skipped}");
        }
        assert_eq!(step(&stranger, &n, "grade", grade("quick")).status, 404);
        assert_eq!(step(&resident, &n, "grade", grade("quick")).status, 403);
        let bad = json!({ "depth": "slow", "topic": "parking", "title": "x", "question": "x" });
        assert_eq!(step(&clerk, &n, "grade", bad).error(), (422, "unknown-value".into()));
        let graded = ok(step(&clerk, &n, "grade", grade("quick")));
        assert_eq!((&graded["state"], &graded["rules"]), (&json!("publish"), &json!("全国")));
        // The answer is due two days after it was raised, not after it was graded.
        let due = xiezhi::kit::time::parse(graded["due_at"].as_str().unwrap()).unwrap();
        assert_eq!(due, w.app.now() + 48 * HOUR);
        assert_eq!(visitor.get("/consultations").json()["items"][0]["title"], "楼下停车");
        assert_eq!(see(&visitor, &n)["text"], Json::Null, "what was said when it was raised is not public");
        let early = step(&clerk, &n, "callback", json!({ "reached": true, "satisfied": true }));
        assert_eq!(refused(&early), (409, "step-skipped".into(), "step-publish".into()));
        let answered = ok(step(&clerk, &n, "publish", json!({ "outcome": "agreed", "summary": "从今天起十一点关灯。" })));
        assert_eq!(answered["state"], "callback");
        assert_eq!(see(&visitor, &n)["summary"], "从今天起十一点关灯。");
        // Whoever asked is not content: it goes on in depth, at the desk above.
        let no = ok(step(&resident, &n, "callback", json!({ "satisfied": false, "text": "没有用" })));
        assert_eq!((&no["state"], &no["desk"], &no["deep_only"]), (&json!("grade"), &json!("street"), &json!(true)));
        assert_eq!(step(&street, &n, "grade", grade("quick")).error(), (422, "unknown-value".into()));
        let why = json!({ "why": "private", "text": "x" });
        assert_eq!(step(&street, &n, "decline", why).error(), (409, "state".into()));
        assert_eq!(ok(step(&street, &n, "grade", grade("deep")))["state"], "convene");

        // Another one satisfies, and what was promised with it is a case of whoever was named.
        let m = raise(&resident, "垃圾桶太远");
        ok(step(&clerk, &m, "grade", grade("quick")));
        let promise = json!({ "words": "移近垃圾桶", "body": w.body("property"), "due_at": later(w, 6, 12) });
        ok(step(&clerk, &m, "publish", json!({ "outcome": "agreed", "summary": "移近一点。", "decisions": [promise] })));
        // A clerk calls; nobody answers; later the resident himself says yes.
        let yes = ok(step(&clerk, &m, "callback", json!({ "reached": true, "satisfied": true })));
        assert_eq!((&yes["state"], &yes["satisfied"]), (&json!("carry"), &json!(true)));
        let shown = see(&visitor, &m)["decisions"][0].clone();
        assert_eq!((&shown["party"], &shown["stands"]), (&json!("property"), &json!("doing")));
        let case = shown["case"].as_str().unwrap().to_owned();
        let property = w.client(Some("property"));
        ok(property.act(&case, "accept", json!({})));
        ok(property.act(&case, "feedback", json!({ "text": "移好了" })));
        ok(clerk.act(&case, "check", json!({})));
        ok(clerk.act(&case, "close", json!({})));
        ring(w);
        let done = see(&visitor, &m);
        assert_eq!((&done["state"], &done["decisions"][0]["stands"]), (&json!("appraise"), &json!("done")));
        let neighbour = w.client(Some("neighbour"));
        assert_eq!(visitor.post(&format!("/consultations/{m}/appraise"), &json!({ "score": 4 })).status, 401);
        assert_eq!(step(&clerk, &m, "appraise", json!({ "score": 5 })).error(), (403, "denied".into()));
        assert_eq!(step(&neighbour, &m, "appraise", json!({ "score": 6 })).error(), (422, "out-of-range".into()));
        ok(step(&neighbour, &m, "appraise", json!({ "score": 4, "text": "近多了" })));
        assert_eq!(step(&neighbour, &m, "appraise", json!({ "score": 1 })).error(), (409, "appraised".into()));
        ok(step(&resident, &m, "appraise", json!({ "score": 5 })));
        assert_eq!(see(&visitor, &m)["scores"]["mean"], 450);
        wait(w, 31 * DAY);
        assert_eq!(see(&visitor, &m)["state"], "done");
        assert_eq!(w.client(Some("resident")).post(&format!("/consultations/{m}/appraise"), &json!({ "score": 5 })).status, 409);
        // Nobody finds in the log who appraised how, nor a word that was said.
        let leaves: String = w
            .app
            .db
            .read(|r| r.rows("select leaf from log", &[]))
            .unwrap()
            .iter()
            .map(|l| l.get::<String>("leaf").unwrap())
            .collect();
        for said in ["近多了", "没有用", "路灯能不能", "移近垃圾桶"] {
            assert!(!leaves.contains(said), "{said}");
        }
        // One line in the inbox for the matter, whatever happened to it.
        let inbox = w.client(Some("resident")).get("/inbox").json();
        let lines: Vec<&Json> = inbox["items"].as_array().unwrap().iter().filter(|i| i["subject"] == json!(m)).collect();
        assert_eq!((lines.len(), &lines[0]["kind"]), (1, &json!("consult-ended")));
    });
}

#[test]
fn a_deep_topic_goes_through_every_step_and_what_was_promised_is_followed() {
    on_each_engine(|w| {
        let (resident, clerk, visitor) = (w.client(Some("resident")), w.client(Some("clerk")), w.client(None));
        let n = raise(&resident, "楼下停车太乱，老人出不了门");
        ok(step(&clerk, &n, "grade", grade("deep")));
        let bodies = json!({ "rounds": [
            { "form": "meeting", "place": "社区议事厅", "opens_at": later(w, 6, 19), "closes_at": later(w, 6, 21) },
            { "form": "online", "opens_at": later(w, 6, 9), "closes_at": later(w, 8, 9) },
        ] });
        let skipped = [
            ("form", bodies.clone()),
            ("agenda", json!({ "items": ["x"] })),
            ("post", json!({})),
            ("hold", json!({ "minutes": "x" })),
            ("publish", json!({ "outcome": "open", "summary": "x" })),
        ];
        for (later, body) in skipped {
            let told = step(&clerk, &n, later, body);
            assert_eq!(refused(&told), (409, "step-skipped".into(), "step-convene".into()), "{later}");
        }
        convened(w, &clerk, &n);
        // Anybody draws again from what is published: the seed is the root of the log at the moment announced.
        let seen = see(&visitor, &n);
        let draw = &seen["draw"];
        let text = |v: &Json| v.as_str().unwrap().to_owned();
        let out = Command::new(env!("CARGO_BIN_EXE_xiezhi"))
            .args(["calc", "draw", "--seed", &text(&draw["seed"]), "--pool", &text(&draw["pool"])])
            .output()
            .unwrap();
        let order: Vec<i64> = String::from_utf8(out.stdout).unwrap().lines().map(|l| l.parse().unwrap()).collect();
        assert_eq!(json!(order), draw["order"], "the whole order, the reserve too");
        assert_eq!(draw["sits"], json!(order[..3]));
        let size = draw["size"].as_u64().unwrap();
        let root = w.app.db.read(|r| r.root(size)).unwrap();
        assert_eq!(store::hex(root), text(&draw["seed"]));
        let after = w.app.db.read(|r| r.row("select at from log where seq = $1", store::params![size])).unwrap().unwrap();
        let draw_at = xiezhi::kit::time::parse(&text(&draw["draw_at"])).unwrap();
        assert!(after.get::<i64>("at").unwrap() >= draw_at, "nobody knew it before");
        // The public counts residents; names are for the desk and the seats.
        let kinds: Vec<(String, i64)> =
            seen["kinds"].as_array().unwrap().iter().map(|k| (text(&k["kind"]), k["n"].as_i64().unwrap())).collect();
        assert!(kinds.contains(&("resident".into(), 3)) && kinds.contains(&("property".into(), 1)), "{kinds:?}");
        assert!(!visitor.get(&format!("/consultations/{n}")).text.contains("住户"));
        let sits = see(&clerk, &n)["seats"].clone();
        assert!(sits.to_string().contains("住户"), "{sits}");

        // Whoever was drawn takes the seat by the code of the letter, once.
        let drawn: Vec<&Json> = sits.as_array().unwrap().iter().filter(|s| s["kind"] == "resident").collect();
        let code = |s: &Json| format!("{n}-{}-{}", s["n"], s["code"].as_str().unwrap());
        assert_eq!(resident.post("/seats", &json!({ "code": format!("{n}-9-AAAAAAAAAA") })).error(), (404, "wrong-seat".into()));
        assert_eq!(ok(resident.post("/seats", &json!({ "code": code(drawn[0]) })))["sits"], true);
        assert_eq!(resident.post("/seats", &json!({ "code": code(drawn[1]) })).error(), (409, "seat-taken".into()));
        assert_eq!(
            w.client(Some("neighbour")).post("/seats", &json!({ "code": code(drawn[0]) })).error(),
            (409, "seat-taken".into())
        );

        // Forms: more than one, and only later; the agenda stands still once posted, and in time.
        let one = json!({ "rounds": [{ "form": "meeting", "opens_at": later(w, 6, 19), "closes_at": later(w, 6, 21) }] });
        assert_eq!(step(&clerk, &n, "form", one).error(), (422, "forms-missing".into()));
        let soon = json!({ "rounds": [
            { "form": "meeting", "opens_at": later(w, 1, 19), "closes_at": later(w, 1, 21) },
            { "form": "online", "opens_at": later(w, 1, 9), "closes_at": later(w, 8, 9) },
        ] });
        assert_eq!(ok(step(&clerk, &n, "form", soon))["state"], "deliberate");
        assert_eq!(step(&clerk, &n, "post", json!({})).error(), (422, "missing".into()));
        ok(step(&clerk, &n, "agenda", json!({ "items": ["划出老人车位", "晚上十点后不许鸣笛"] })));
        assert_eq!(refused(&step(&clerk, &n, "post", json!({}))), (422, "notice-short".into(), "opens_at".into()));
        ok(step(&clerk, &n, "form", bodies.clone()));
        assert_eq!(visitor.get(&format!("/consultations/{n}")).json()["items"], json!([]), "not posted yet");
        let view = |item: i64, stance: &str| json!({ "item": item, "stance": stance, "text": "我家在一楼" });
        assert_eq!(refused(&step(&resident, &n, "views", view(1, "yes"))), (409, "step-skipped".into(), "step-post".into()));
        ok(step(&clerk, &n, "post", json!({})));
        assert_eq!(step(&clerk, &n, "agenda", json!({ "items": ["x"] })).error(), (409, "agenda-frozen".into()));
        assert_eq!(step(&clerk, &n, "form", bodies).error(), (409, "agenda-frozen".into()));
        assert_eq!(see(&visitor, &n)["items"][0]["words"], "划出老人车位");
        assert_eq!(step(&resident, &n, "views", view(1, "yes")).error(), (409, "round-closed".into()));
        assert_eq!(step(&clerk, &n, "hold", json!({ "minutes": "x" })).error(), (409, "round-open".into()));

        // Six days later, in the evening: the meeting and the round online both go on. Sessions ended meanwhile.
        wait(w, xiezhi::kit::time::parse(&later(w, 6, 20)).unwrap() - w.app.now());
        let resident = w.client(Some("resident"));
        assert_eq!(step(&resident, &n, "views", view(3, "yes")).error(), (422, "not-on-agenda".into()));
        ok(step(&resident, &n, "views", view(1, "no")));
        ok(step(&resident, &n, "views", view(1, "yes")));
        assert_eq!(step(&w.client(Some("neighbour")), &n, "views", view(1, "no")).error(), (403, "denied".into()));
        ok(step(&resident, &n, "sign", json!({ "round": 1 })));
        ok(step(&w.client(Some("property")), &n, "sign", json!({ "round": 1 })));
        assert_eq!(
            step(&w.client(Some("neighbour")), &n, "sign", json!({ "round": 1, "seats": [1] })).error(),
            (403, "denied".into())
        );
        wait(w, 2 * DAY);
        let (clerk, street) = (w.client(Some("clerk")), w.client(Some("street")));
        assert_eq!(step(&clerk, &n, "hold", json!({ "minutes": "x" })).error(), (409, "no-quorum".into()), "two of six");
        ok(step(&clerk, &n, "sign", json!({ "round": 1, "seats": [1, 3] })));
        assert_eq!(step(&clerk, &n, "hold", json!({ "minutes": "x" })).error(), (409, "views-missing".into()));
        ok(step(&clerk, &n, "views", json!({ "item": 2, "seat": 1, "stance": "abstain", "channel": "there" })));
        let held = ok(step(&clerk, &n, "hold", json!({ "minutes": "一楼住户说明了困难，各方同意划车位。" })));
        assert_eq!(held["state"], "publish");
        let public = see(&visitor, &n);
        assert_eq!(
            (&public["items"][0]["yes"], &public["items"][0]["no"]),
            (&json!(1), &json!(0)),
            "the latest of a seat counts"
        );
        assert_eq!((&public["items"][0]["views"], &public["minutes"]), (&json!([]), &Json::Null));
        assert!(see(&clerk, &n)["items"][0]["views"].to_string().contains("我家在一楼"));
        assert!(!street.get(&format!("/consultations/{n}")).text.contains("我家在一楼"), "not for a desk above");

        // The result: about what was posted, by somebody, by a day; then it is followed.
        let decide = |item: Json, body: &str, due: String| {
            json!({ "outcome": "agreed", "summary": "划三个老人车位。", "decisions": [
                { "item": item, "words": "划三个老人车位", "body": body, "due_at": due }] })
        };
        let (property, day) = (w.body("property"), later(w, 20, 12));
        let none = json!({ "outcome": "agreed", "summary": "大家都好" });
        assert_eq!(refused(&step(&clerk, &n, "publish", none)), (422, "missing".into(), "decisions".into()));
        assert_eq!(step(&clerk, &n, "publish", decide(json!(7), &property, day.clone())).error(), (422, "not-on-agenda".into()));
        assert_eq!(step(&clerk, &n, "publish", decide(json!(1), "nobody", day.clone())).error(), (422, "unknown-value".into()));
        assert_eq!(
            step(&clerk, &n, "publish", decide(json!(1), &property, later(w, -1, 12))).error(),
            (422, "out-of-range".into())
        );
        let out = ok(step(&clerk, &n, "publish", decide(json!(1), &property, day.clone())));
        assert_eq!((&out["state"], &out["decisions"][0]["stands"]), (&json!("carry"), &json!("doing")));
        // It was reported to the desk above, and the case has the day that was agreed.
        let told = street.get("/inbox").json()["items"].to_string();
        assert!(told.contains("consult-report"), "{told}");
        let case = text(&out["decisions"][0]["case"]);
        let due = ok(visitor.get(&format!("/reports/{case}")))["due_at"].clone();
        assert_eq!(xiezhi::kit::time::parse(&text(&due)), xiezhi::kit::time::parse(&day), "no class says otherwise");

        // The whole record, for the desk alone; it knows every step and both views of the seat.
        let file = ok(clerk.get(&format!("/consultations/{n}/file")));
        assert_eq!(file["items"][0]["views"].as_array().unwrap().len(), 2);
        let acts = file["story"].to_string();
        for act in ["raise", "grade", "draw", "drawn", "convene", "form", "post", "sign", "view", "hold", "publish", "decide"] {
            assert!(acts.contains(&format!("\"act\":\"{act}\"")), "{act}");
        }
        assert_eq!(w.client(Some("resident")).get(&format!("/consultations/{n}/file")).status, 403);
        assert_eq!(clerk.get_as(&format!("/consultations/{n}/file"), "text/html").status, 200);

        // Late: shown as late by whom, and up to the desk above; once, however often the jobs run, and after a restart.
        w.restart();
        w.app.ambience.advance(21 * DAY);
        ring(w);
        let visitor = w.client(None);
        let late = see(&visitor, &n);
        assert_eq!((&late["decisions"][0]["stands"], &late["desk"]), (&json!("late"), &json!("street")));
        assert!(w.client(Some("street")).get("/inbox").json()["items"].to_string().contains("consult-escalate"));
        let rung = |w: &World| w.app.db.read(|r| r.count("select count(*) from log where act = 'consult.late'", &[])).unwrap();
        let before = rung(w);
        ring(w);
        assert_eq!(rung(w), before, "ringing twice does nothing");
        let (property, clerk) = (w.client(Some("property")), w.client(Some("clerk")));
        ok(property.act(&case, "feedback", json!({ "text": "划好了" })));
        ok(clerk.act(&case, "check", json!({})));
        ok(clerk.act(&case, "close", json!({})));
        ring(w);
        let over = see(&visitor, &n);
        assert_eq!((&over["state"], &over["decisions"][0]["stands"]), (&json!("appraise"), &json!("done-late")));
    });
}

#[test]
fn what_was_promised_ends_by_being_done_and_not_otherwise() {
    on_each_engine(|w| {
        let (resident, clerk, street) = (w.client(Some("resident")), w.client(Some("clerk")), w.client(Some("street")));
        let n = raise(&resident, "垃圾桶太远");
        ok(step(&clerk, &n, "grade", grade("quick")));
        let promise = json!({ "words": "移近垃圾桶", "body": w.body("property"), "due_at": later(w, 10, 12) });
        ok(step(&clerk, &n, "publish", json!({ "outcome": "agreed", "summary": "移近一点。", "decisions": [promise] })));
        ok(step(&resident, &n, "callback", json!({ "satisfied": true })));
        let case = see(&clerk, &n)["decisions"][0]["case"].as_str().unwrap().to_owned();
        // Handed back and turned down: a case may end so, a promise does not.
        let property = w.client(Some("property"));
        ok(property.act(&case, "return", json!({ "reason": "不归我们" })));
        ok(clerk.act(&case, "reject", json!({ "reason": "没人办" })));
        ring(w);
        let seen = see(&clerk, &n);
        assert_eq!((&seen["state"], &seen["decisions"][0]["stands"]), (&json!("carry"), &json!("dropped")));
        assert_eq!(seen["desk"], "street", "whoever let it drop does not have it any more");
        let again = json!({ "body": w.body("committee"), "due_at": later(w, 9, 12) });
        let redone = ok(step(&street, &n, "decisions/1/redo", again.clone()));
        assert_eq!((&redone["decisions"][0]["stands"], &redone["decisions"][0]["party"]), (&json!("doing"), &json!("committee")));
        assert_ne!(redone["decisions"][0]["case"], json!(case));
        assert_eq!(ok(clerk.get(&format!("/consultations/{n}")))["decisions"][0]["due_at"], seen["decisions"][0]["due_at"]);
        assert_eq!(clerk.post(&format!("/consultations/{n}/decisions/1/redo"), &again).error(), (409, "state".into()));
        // Done, then asked for again by a resident who holds the case: back to being carried out.
        let case = redone["decisions"][0]["case"].as_str().unwrap().to_owned();
        ok(clerk.act(&case, "accept", json!({})));
        ok(clerk.act(&case, "feedback", json!({ "text": "好了" })));
        let second = w.client(Some("clerk2"));
        ok(second.act(&case, "check", json!({})));
        ok(second.act(&case, "close", json!({})));
        ring(w);
        assert_eq!(see(&clerk, &n)["state"], "appraise");
        ok(clerk.act(&case, "reopen", json!({ "reason": "又移回去了" })));
        ring(w);
        let back = see(&clerk, &n);
        assert_eq!((&back["state"], &back["decisions"][0]["stands"]), (&json!("carry"), &json!("doing")));
    });
}
