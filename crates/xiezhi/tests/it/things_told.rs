//! Tables of readings, out and in; gateways and programs that tell for devices, also as CloudEvents; nonsense is counted.

use base64::Engine as _;
use serde_json::{Value as Json, json};
use xiezhi::activities::sensing::odd;
use xiezhi::kit::time::{DAY, HOUR, MINUTE};

use super::sensing::{added, good};
use super::world::{Answer, COMMUNITY, Client, on_each_engine, send};

#[test]
fn tables_go_out_and_come_in() {
    on_each_engine(|w| {
        let (clerk, stranger, head) = (w.client(Some("clerk")), w.client(Some("stranger")), w.client(Some("property")));
        let d = added(&clerk, &json!({ "kind": "lift", "title": "电梯", "name": "lift-1", "area": COMMUNITY }));
        let (now, at) = (w.app.now(), |back: i64| w.app.time(w.app.now() - back));
        d.say(&json!([{ "stream": "stuck", "t": now - 2 * MINUTE, "v": false }, { "stream": "stuck", "t": now - MINUTE, "v": true }]));
        d.say(&json!({ "state": { "t": now, "v": "=1+1" } }));
        let table = clerk.get("/devices/lift-1/readings.csv");
        assert_eq!(table.header("content-type"), Some("text/csv; charset=utf-8"));
        let lines: Vec<&str> = table.text.trim_start_matches('\u{feff}').lines().collect();
        assert_eq!(lines[0], "device,stream,t,v,received");
        assert_eq!(lines[1], format!("lift-1,state,{},'=1+1,{}", at(0), at(0)), "no formula");
        assert_eq!((lines[2], lines.len()), (format!("lift-1,stuck,{},false,{}", at(2 * MINUTE), at(0)).as_str(), 4));
        let newest = clerk.get("/devices/lift-1/readings.csv?stream=stuck&limit=1");
        assert!(newest.text.contains("true") && !newest.text.contains("false"));
        let before = newest.header("link").unwrap().trim_start_matches('<').split('>').next().unwrap().to_owned();
        assert!(clerk.get(&before).text.contains("false"), "{before}");
        assert_eq!(clerk.get("/devices/lift-1/readings.csv?limit=0").error(), (422, "out-of-range".into()));
        assert_eq!(clerk.get("/devices/lift-1/readings.csv?from=soon").error(), (422, "wrong-type".into()));
        assert_eq!(
            (stranger.get("/devices/lift-1/readings.csv").status, head.get("/devices/lift-1/readings.csv").status),
            (404, 404)
        );
        // A data logger: the clock on the wall, milliseconds, a zone; lines that make no sense are named.
        added(&clerk, &json!({ "kind": "level", "title": "水位", "name": "log-1", "area": COMMUNITY }));
        let card = good(&clerk, "/cards", &json!({ "name": "王秀英", "place": "2单元501" }));
        let home = json!({ "kind": "water", "title": "厨房", "name": "w-1", "card": card["id"], "agreed": "present" });
        let home = added(&clerk, &home);
        let rows = format!(
            "device,stream,t,v\nlog-1,level,2026-03-01 08:00:00,12.5\nlog-1,level,{},13\nlog-1,level,2026-03-01T10:00:00+08:00,14\n\
             log-1,level,yesterday,1\nlog-1,smoke,2026-03-01 08:00:00,1\nnobody,level,2026-03-01 08:00:00,1\nw-1,water,2026-03-01 08:00:00,1\n",
            now - 2 * DAY
        );
        let took = send(&clerk, "/devices/readings", &[], rows.as_bytes());
        let took = took.json();
        let refused: Vec<_> =
            took["lines"].as_array().unwrap().iter().map(|l| (l["line"].as_i64().unwrap(), l["field"].clone())).collect();
        assert_eq!((&took["taken"], &took["refused"]), (&json!(3), &json!(4)), "{took}");
        assert_eq!(refused, [(5, json!("t")), (6, json!("stream")), (7, json!("device")), (8, json!("device"))]);
        let again = send(&clerk, "/devices/readings", &[], rows.as_bytes()).json();
        assert_eq!((&again["taken"], &again["twice"]), (&json!(0), &json!(3)));
        assert_eq!(send(&stranger, "/devices/readings", &[], rows.as_bytes()).json()["taken"], 0);
        assert_eq!(send(&head, "/devices/readings", &[], rows.as_bytes()).status, 403);
        assert_eq!(send(&clerk, "/devices/readings", &[], b"a,b\n1,2\n").error(), (422, "missing".into()));
        let seen = clerk.get("/devices/log-1").json();
        assert_eq!(seen["streams"][0]["told"], 3);
        // Whoever lives there has his own.
        home.say(&json!({ "water": 8.5 }));
        let person: String = w
            .app
            .db
            .read(|r| store::Query::row(r, "select person from device where name = 'w-1'", &[]))
            .unwrap()
            .unwrap()
            .get("person")
            .unwrap();
        let opened = xiezhi::base::party::session::open(&w.app, person, false, "test", Default::default()).unwrap();
        let own = Client { base: clerk.base.clone(), token: Some(opened.token) };
        assert!(own.get("/devices/w-1/readings.csv").text.contains(",8.5,"));
        assert_eq!(clerk.get("/devices/w-1/readings.csv").status, 404, "not for the desk");
    });
}

fn basic(c: &Client, name: &str, password: &str, kind: &str, body: &Json) -> Answer {
    let who = base64::engine::general_purpose::STANDARD.encode(format!("{name}:{password}"));
    let line = Client { base: c.base.clone(), token: None };
    line.post_raw("/obs", &[("authorization", &format!("Basic {who}")), ("content-type", kind)], body.to_string().as_bytes())
}

#[test]
fn gateways_and_programs_tell_for_those_that_are_theirs() {
    on_each_engine(|w| {
        let (clerk, helper) = (w.client(Some("clerk")), w.client(Some("helper")));
        let new = |kind: &str, name: &str, parent: Json| json!({ "kind": kind, "title": name, "name": name, "area": COMMUNITY, "parent": parent });
        let gateway = added(&clerk, &new("gateway", "gw-1", Json::Null));
        added(&clerk, &new("smoke", "sm-1", json!("gw-1")));
        added(&clerk, &new("ebike", "eb-1", Json::Null));
        let now = w.app.now();
        let all = json!([
            { "device": "gw-1", "stream": "state", "v": "在线", "t": now },
            { "device": "sm-1", "stream": "temperature", "v": 21.5, "t": now - HOUR },
            { "device": "sm-1", "stream": "temperature", "v": 21.5, "t": now - HOUR },
            { "device": "sm-1", "stream": "temperature", "v": "hot" },
            { "device": "eb-1", "stream": "ebike", "v": true },
            { "device": "nobody", "stream": "ebike", "v": true },
        ]);
        let told = basic(&clerk, &gateway.name, &gateway.password, "application/json", &all);
        let told = told.json();
        assert_eq!(told["receipts"], json!(["taken", "history", "twice", "refused", "refused", "refused"]), "{told}");
        let why: Vec<_> = told["refused"].as_array().unwrap().iter().map(|r| (r["n"].clone(), r["field"].clone())).collect();
        assert_eq!(
            why,
            [(json!(3), json!("v")), (json!(4), json!("device")), (json!(5), json!("device"))],
            "it does not learn who is there"
        );
        assert_eq!(basic(&clerk, "gw-1", "wrong", "application/json", &all).error(), (401, "wrong-device".into()));
        assert_eq!(w.client(None).post("/obs", &all).error(), (401, "wrong-device".into()));
        assert_eq!(clerk.post("/obs", &all).error(), (401, "wrong-device".into()), "people tell nothing");
        // The program of an organisation: for what the desk gave to it, and nothing else.
        let key = good(
            &helper,
            "/developers/keys",
            &json!({ "body": w.body("helpers"), "name": "识别盒子", "purposes": ["devices-tell"] }),
        );
        let program = Client { base: helper.base.clone(), token: key["key"].as_str().map(str::to_owned) };
        let event = |id: u32, time: &str| {
            json!({
                "specversion": "1.0", "id": id.to_string(), "type": "cn.ebike", "source": "/cameras/eb-1", "subject": "ebike", "time": time, "data": { "v": true, "box": [1, 2], "picture": "http://10.0.0.9/snap/1.jpg" },
            })
        };
        let cloud = |kind: &str, body: &Json| program.post_raw("/obs", &[("content-type", kind)], body.to_string().as_bytes());
        let one = event(1, &w.app.time(now));
        assert_eq!(cloud("application/cloudevents+json", &one).json()["receipts"], json!(["refused"]), "not given");
        assert_eq!(helper.post("/devices/eb-1/body", &json!({ "body": w.body("helpers") })).error().0, 404);
        assert_eq!(
            clerk.post("/devices/eb-1/body", &json!({ "body": w.body("sibling") })).error(),
            (422, "unknown-value".into())
        );
        assert_eq!(good(&clerk, "/devices/eb-1/body", &json!({ "body": w.body("helpers") }))["body"], w.body("helpers"));
        assert_eq!(cloud("application/cloudevents+json; charset=utf-8", &one).json()["receipts"], json!(["taken"]));
        let batch = json!([one, event(2, &w.app.time(now - MINUTE))]);
        assert_eq!(cloud("application/cloudevents-batch+json", &batch).json()["receipts"], json!(["twice", "history"]));
        let old = json!({ "specversion": "0.3", "source": "eb-1", "subject": "ebike", "data": true });
        assert_eq!(cloud("application/cloudevents+json", &old).error(), (422, "wrong-type".into()));
        assert_eq!(
            cloud("application/json", &json!([{ "device": "sm-1", "stream": "smoke", "v": 1 }])).json()["receipts"],
            json!(["refused"])
        );
        let many: Vec<Json> = (0..1001).map(|_| json!({})).collect();
        assert_eq!(cloud("application/json", &json!(many)).error(), (413, "too-large".into()));
        let seen = clerk.get("/devices/eb-1").json();
        let picture = seen["streams"].as_array().unwrap().iter().find(|s| s["id"] == "picture").unwrap();
        assert_eq!(picture["readings"][1]["text"], "http://10.0.0.9/snap/1.jpg");
        // The desk takes it back.
        good(&clerk, "/devices/eb-1/body", &json!({}));
        assert_eq!(cloud("application/cloudevents+json", &event(9, &w.app.time(now - 2 * MINUTE))).status, 422);
        let page = clerk.get_as("/devices/eb-1", "text/html").text;
        assert!(page.contains("哪个单位的程序"), "{page}");
    });
}

#[test]
fn nonsense_is_counted_and_survives_a_restart_once_written_down() {
    on_each_engine(|w| {
        let clerk = w.client(Some("clerk"));
        let d = added(&clerk, &json!({ "kind": "level", "title": "水位", "name": "lv-1", "area": COMMUNITY }));
        // While it is being written down (the jobs of the server may), it may stand in two places for a moment.
        let refused = |c: &Client, n: i64| {
            let is = || c.get("/devices/lv-1").json()["refused"] == n;
            assert!(
                (0..200).any(|_| is() || {
                    std::thread::sleep(std::time::Duration::from_millis(20));
                    false
                }),
                "not {n}"
            );
        };
        refused(&clerk, 0);
        d.say(&json!([{ "stream": "level", "v": "wet" }, { "stream": "nothing", "v": 1 }, { "stream": "level", "v": 1 }]));
        refused(&clerk, 2);
        odd::flush(&w.app).unwrap();
        odd::flush(&w.app).unwrap();
        refused(&clerk, 2);
        d.say(&json!({ "level": "wet" }));
        refused(&clerk, 3);
        let page = clerk.get_as("/devices/lv-1", "text/html").text;
        assert!(page.contains("看不懂的上报") && page.contains("3 次"), "{page}");
        odd::flush(&w.app).unwrap();
        w.restart();
        refused(&w.client(Some("clerk")), 3);
    });
}
