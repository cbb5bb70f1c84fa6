//! Rules on devices and their alarms: raised once, people called one after another, a case, what it was; late, twice, fluttering,
//! through a gateway, in a home; after a restart all is as it was.

use serde_json::{Value as Json, json};
use store::Query as _;
use xiezhi::activities::sensing::watch::{begin, ring};
use xiezhi::edge::jobs;
use xiezhi::kit::time::{DAY, HOUR, MINUTE};

use super::sensing::{Device, added};
use super::world::{COMMUNITY, Client, World, on_each_engine};

/// The grid of the grid worker.
const GRID: &str = "321002001001-1";

fn good(c: &Client, path: &str, body: &Json) -> Json {
    let done = c.post(path, body);
    assert!(matches!(done.status, 200 | 201), "{path} {body}: {}", done.text);
    done.json()
}

fn pass(w: &World, ms: i64) {
    w.app.ambience.advance(ms);
    jobs::deadlines(&w.app, w.app.now()).unwrap();
    jobs::follow(&w.app).unwrap();
}

fn told(d: &Device, body: &Json) {
    let told = d.say(body);
    assert_eq!((told.status, &told.json()["refused"]), (200, &json!([])), "{body}");
}

fn open(c: &Client) -> Vec<Json> {
    c.get(&format!("/alarms?area={COMMUNITY}")).json()["open"].as_array().unwrap().clone()
}

fn alarm(c: &Client, number: &str) -> Json {
    c.get(&format!("/alarms/{number}")).json()
}

fn roles(alarm: &Json) -> Vec<String> {
    alarm["called"].as_array().unwrap().iter().map(|c| c["role"].as_str().unwrap().to_owned()).collect()
}

fn count(w: &World, sql: &str) -> i64 {
    w.app.db.read(|r| r.count(sql, &[])).unwrap()
}

#[test]
fn from_a_reading_to_a_case_that_says_what_it_was() {
    on_each_engine(|w| {
        let clerk = w.client(Some("clerk"));
        let d = added(&clerk, &json!({ "kind": "level", "title": "北门地道", "name": "lv-01", "area": GRID }));
        told(&d, &json!({ "level": 12 }));
        pass(w, MINUTE);
        told(&d, &json!({ "level": 18 }));
        // Not before two minutes; a restart between changes nothing.
        pass(w, MINUTE);
        assert_eq!(open(&clerk), Vec::<Json>::new());
        w.restart();
        pass(w, MINUTE);
        let (clerk2, all) = (w.client(Some("clerk2")), open(&w.client(Some("clerk"))));
        assert_eq!((all.len(), &all[0]["stand"], &all[0]["severity"]), (1, &json!("raised"), &json!(3)), "{all:?}");
        let clerk = w.client(Some("clerk"));
        let number = all[0]["number"].as_str().unwrap().to_owned();
        assert_eq!(number, "G-0001");
        let seen = alarm(&clerk, &number);
        assert!(seen["cause"].as_str().unwrap().contains("18 cm"), "{seen}");
        assert_eq!((roles(&seen), &seen["holds"]), (vec!["grid".to_owned()], &json!(true)));
        let case = seen["case"].as_str().unwrap().to_owned();
        // The grid worker is told, once; nobody looks after it, so the desk is, then the street.
        let grid = w.client(Some("grid"));
        let inbox = |c: &Client| c.get(&format!("/inbox?subject={number}")).json()["items"].as_array().unwrap().len();
        assert_eq!((inbox(&grid), inbox(&clerk)), (1, 0));
        told(&Device::again(&clerk, &d), &json!({ "level": 19 }));
        pass(w, 3 * MINUTE);
        assert_eq!((roles(&alarm(&clerk, &number)).len(), inbox(&grid), inbox(&clerk)), (2, 1, 1));
        assert_eq!(w.client(Some("resident")).get(&format!("/alarms/{number}")).status, 404);
        assert_eq!(grid.get("/alarms/mine").json()["items"][0]["number"], number.as_str());
        good(&grid, &format!("/alarms/{number}/see"), &json!({}));
        assert_eq!(grid.post(&format!("/alarms/{number}/see"), &json!({})).error(), (409, "state".into()));
        pass(w, HOUR);
        assert_eq!(roles(&alarm(&clerk, &number)).len(), 2, "somebody looks after it");
        // It cannot be ended while it is so, and its case not before it is said what it was.
        let end = json!({ "disposition": "true", "words": "地道口已封，抽水" });
        assert_eq!(grid.post(&format!("/alarms/{number}/close"), &end).error(), (409, "still-raised".into()));
        told(&Device::again(&clerk, &d), &json!({ "level": 9 }));
        pass(w, 10 * MINUTE);
        assert_eq!(alarm(&clerk, &number)["stand"], "over");
        good(&clerk, &format!("/cases/{case}/accept"), &json!({ "class": "road-flooded" }));
        good(&clerk, &format!("/cases/{case}/dispatch"), &json!({ "to": w.body("property") }));
        let property = w.client(Some("property"));
        good(&property, &format!("/cases/{case}/accept"), &json!({}));
        good(
            &property,
            &format!("/cases/{case}/feedback"),
            &json!({ "text": "抽干了", "media": [super::partner::picture(&property)] }),
        );
        good(&clerk2, &format!("/cases/{case}/check"), &json!({}));
        assert_eq!(
            clerk2.post(&format!("/cases/{case}/close"), &json!({ "outcome": "solved" })).error(),
            (409, "alarm-open".into())
        );
        assert_eq!(
            grid.post(&format!("/alarms/{number}/close"), &json!({ "disposition": "ghost" })).error(),
            (422, "unknown-value".into())
        );
        let closed = good(&grid, &format!("/alarms/{number}/close"), &end);
        assert_eq!(
            (&closed["stand"], &closed["disposition"], &closed["words"]),
            (&json!("closed"), &json!("true"), &json!("地道口已封，抽水"))
        );
        good(&clerk2, &format!("/cases/{case}/close"), &json!({ "outcome": "solved" }));
        let board = clerk.get(&format!("/alarms?area={COMMUNITY}")).json();
        // Meanwhile it was silent for an hour: another one, that nobody hurries for.
        let open = board["open"].as_array().unwrap();
        assert_eq!((open.len(), &open[0]["severity"], board["closed"].as_array().unwrap().len()), (1, &json!(1), 1));
        assert_eq!((&board["load"]["severities"], &board["health"]["silent"]), (&json!([1, 0, 1]), &json!(0)));
        for (c, path) in [(&clerk, "/alarms"), (&grid, "/alarms/mine"), (&clerk, "/alarms/rules"), (&clerk, "/alarms/homes")] {
            let page = c.get_as(path, "text/html");
            assert_eq!(page.status, 200, "{path} {}", page.text);
        }
        assert_eq!(clerk.get_as(&format!("/alarms/{number}"), "text/html").status, 200);
    });
}

#[test]
fn late_twice_and_fluttering_call_nobody_again() {
    on_each_engine(|w| {
        let clerk = w.client(Some("clerk"));
        let d = added(&clerk, &json!({ "kind": "ebike", "title": "3 栋门厅", "name": "eb-01", "area": GRID }));
        let now = w.app.now();
        // What came too late is history.
        told(&d, &json!([{ "stream": "ebike", "t": now - HOUR, "v": true }]));
        assert_eq!(open(&clerk).len(), 0);
        w.app.ambience.advance(MINUTE);
        let now = w.app.now();
        told(
            &d,
            &json!([{ "stream": "ebike", "t": now, "v": true, "seq": 1 }, { "stream": "ebike", "t": now, "v": true, "seq": 1 }]),
        );
        assert_eq!(open(&clerk).len(), 1);
        // A sensor that says yes and no every second for an hour is one alarm, and two notices.
        let mut seq = 1;
        for _ in 0..60 {
            let begin = w.app.now();
            let all: Vec<Json> = (0..60)
                .map(|s| {
                    seq += 1;
                    json!({ "stream": "ebike", "t": begin + s * 1000 + 1, "v": s % 2 == 1, "seq": seq })
                })
                .collect();
            w.app.ambience.advance(MINUTE);
            told(&d, &json!(all));
            if seq == 61 {
                let number = open(&clerk)[0]["number"].as_str().unwrap().to_owned();
                good(&w.client(Some("grid")), &format!("/alarms/{number}/see"), &json!({}));
            }
        }
        jobs::deadlines(&w.app, w.app.now()).unwrap();
        let all = open(&clerk);
        assert_eq!((all.len(), &all[0]["chatters"]), (1, &json!(true)), "{all:?}");
        assert_eq!(count(w, "select count(*) from alarm"), 1);
        assert_eq!(count(w, "select count(*) from inbox where kind in ('alarm-called', 'alarm-repair')"), 2);
        assert_eq!(count(w, "select count(*) from case_wait"), 1);
    });
}

#[test]
fn what_hangs_on_a_gateway_is_silent_with_it_and_a_device_under_repair_raises_nothing() {
    on_each_engine(|w| {
        let clerk = w.client(Some("clerk"));
        let new = |kind: &str, name: &str| json!({ "kind": kind, "title": name, "name": name, "area": COMMUNITY });
        let gateway = added(&clerk, &new("gateway", "gw-01"));
        let mut behind = new("smoke", "sm-01");
        behind["parent"] = json!("gw-01");
        let smoke = added(&clerk, &behind);
        told(&gateway, &json!({ "state": "在线" }));
        told(&smoke, &json!({ "smoke": false }));
        begin::round(&w.app, &mut begin::Begun::default()).unwrap();
        // The gateway says nothing for half an hour: it is down, and its alarm is the only one.
        pass(w, 31 * MINUTE);
        let all = open(&clerk);
        assert_eq!((all.len(), &all[0]["device"]), (1, &json!("gw-01")), "{all:?}");
        pass(w, 2 * DAY);
        assert_eq!(open(&clerk).len(), 1, "the detector behind it is no alarm of its own");
        // Up again: what behind it is still silent shows itself.
        told(&gateway, &json!({ "state": "在线" }));
        let all = open(&clerk);
        assert_eq!(all.len(), 2, "{all:?}");
        pass(w, MINUTE);
        told(&smoke, &json!({ "smoke": false }));
        // Under repair it may be tried with smoke.
        good(&clerk, "/devices/sm-01/state", &json!({ "state": "paused", "why": "试烟" }));
        pass(w, MINUTE);
        told(&smoke, &json!({ "smoke": true }));
        let stands: Vec<Json> = open(&clerk).iter().map(|a| a["severity"].clone()).collect();
        assert!(!stands.contains(&json!(3)), "{stands:?}");
        pass(w, MINUTE);
        told(&smoke, &json!({ "smoke": false }));
        good(&clerk, "/devices/sm-01/state", &json!({ "state": "works" }));
        // Fire is over only when somebody says so; two of one building and class are one case.
        pass(w, MINUTE);
        told(&smoke, &json!({ "smoke": true }));
        pass(w, MINUTE);
        told(&smoke, &json!({ "smoke": false }));
        let fire = open(&clerk).into_iter().find(|a| a["severity"] == 3).unwrap();
        let number = fire["number"].as_str().unwrap().to_owned();
        assert_eq!(alarm(&clerk, &number)["stand"], "raised");
        good(&clerk, &format!("/alarms/{number}/shelve"), &json!({ "hours": 2, "why": "正在排查" }));
        assert_eq!(alarm(&clerk, &number)["hidden"], true);
        assert_eq!(clerk.post(&format!("/alarms/{number}/shelve"), &json!({ "hours": 999, "why": "x" })).error().0, 422);
        // The shelf has an end; the gateway was silent meanwhile, and hid it until it spoke again.
        pass(w, 2 * HOUR);
        assert_eq!(alarm(&clerk, &number)["through"], "gw-01");
        told(&gateway, &json!({ "state": "在线" }));
        assert_eq!(alarm(&clerk, &number)["hidden"], false);
        let closed = good(&clerk, &format!("/alarms/{number}/close"), &json!({ "disposition": "false-behaviour" }));
        assert_eq!(closed["stand"], "closed");
        // A device that is taken away takes its alarms with it.
        pass(w, 3 * DAY);
        good(&clerk, "/devices/gw-01/state", &json!({ "state": "gone", "why": "换新" }));
        assert_eq!(count(w, "select count(*) from alarm where phase <> 'closed' and kind = 'gateway'"), 0);
        assert_eq!(count(w, "select count(*) from watch w join device d on d.id = w.device where d.state = 'gone'"), 0);
    });
}

#[test]
fn a_home_calls_its_family_first_and_says_nothing_to_others() {
    on_each_engine(|w| {
        let (clerk, grid) = (w.client(Some("clerk")), w.client(Some("grid")));
        let card = good(&clerk, "/cards", &json!({ "name": "王秀英", "place": "2单元501" }))["id"].as_str().unwrap().to_owned();
        let trust = json!({ "helper": "neighbour", "label": "女儿", "consent": "present" });
        good(&clerk, &format!("/cards/{card}/trust"), &trust);
        let new = json!({ "kind": "door", "title": "进户门", "name": "dr-01", "card": card, "agreed": "paper" });
        let d = added(&clerk, &new);
        told(&d, &json!({ "door": true, "battery": 77 }));
        // A day without a door: her daughter is told, nobody else yet, and there is no case.
        for _ in 0..26 {
            pass(w, HOUR);
            told(&d, &json!({ "battery": 77 }));
        }
        let all = open(&clerk);
        assert_eq!((all.len(), &all[0]["home"], &all[0]["case"]), (1, &json!(true), &Json::Null), "{all:?}");
        let number = all[0]["number"].as_str().unwrap().to_owned();
        let daughter = w.client(Some("neighbour"));
        let hers = alarm(&daughter, &number);
        assert_eq!((roles(&hers), &hers["may_act"]), (vec!["self".to_owned(), "family".to_owned()], &json!(true)));
        assert!(!hers["streams"].as_array().unwrap().is_empty(), "{hers}");
        assert_eq!(hers["people"][0]["name"], "王秀英");
        // The desk knows that there is one and whom to ring up; what the door did is not for it, unless it is called.
        let desk = alarm(&clerk, &number);
        assert_eq!((&desk["streams"], &desk["cause"]), (&json!([]), &Json::Null));
        assert_eq!(grid.get(&format!("/alarms/{number}")).status, 404);
        let home = clerk.get(&format!("/alarms/homes?area={COMMUNITY}")).json()["homes"][0].clone();
        assert_eq!((&home["name"], &home["alarm"]), (&json!("王秀英"), &json!(number)));
        // Nothing of it is readable on the disk.
        let open_text = "select count(*) from watch where memory is not null and rule = 'door-still'";
        assert_eq!((count(w, open_text), count(w, "select count(*) from alarm where cause is not null")), (0, 0));
        // The daughter does not come, and nobody is between: then the desk, which may look as long as it is open, and it is a case.
        pass(w, 45 * MINUTE);
        let his = alarm(&clerk, &number);
        assert!(roles(&his).contains(&"desk".to_owned()) && his["case"].is_string(), "{his}");
        assert!(!his["streams"].as_array().unwrap().is_empty());
        // She is at her son's for a week: closed as that, and quiet until then.
        told(&d, &json!({ "door": true }));
        let end = json!({ "disposition": "away", "away_days": 7 });
        good(&daughter, &format!("/alarms/{number}/close"), &end);
        let after = alarm(&daughter, &number);
        assert_eq!((&after["streams"], &after["people"], &after["may_act"]), (&json!([]), &json!([]), &json!(false)));
        for _ in 0..5 {
            pass(w, DAY);
            told(&d, &json!({ "battery": 77 }));
        }
        assert_eq!(open(&clerk).len(), 0);
        // Back at home, and then too quiet again.
        good(&clerk, "/devices/dr-01/home", &json!({ "days": 0 }));
        for _ in 0..28 {
            pass(w, HOUR);
            told(&d, &json!({ "battery": 77 }));
        }
        assert_eq!(open(&clerk).len(), 1);
        assert_eq!(grid.post("/devices/dr-01/home", &json!({ "days": 5 })).status, 404);
        assert_eq!(clerk.post("/devices/dr-01/home", &json!({ "helper": "nobody" })).error(), (422, "unknown-value".into()));
    });
}

#[test]
fn rules_of_a_place_are_tried_switched_and_measured() {
    on_each_engine(|w| {
        let (clerk, stranger) = (w.client(Some("clerk")), w.client(Some("stranger")));
        let d = added(&clerk, &json!({ "kind": "air", "title": "广场", "name": "air-01", "area": COMMUNITY }));
        for n in 0..20 {
            told(&d, &json!({ "pm25": if n % 5 == 4 { 180 } else { 40 } }));
            pass(w, HOUR);
        }
        let list = clerk.get("/alarms/rules").json();
        assert!(list["items"].as_array().unwrap().iter().all(|r| r["state"] == "on" && !r["when"].as_str().unwrap().is_empty()));
        assert_eq!(clerk.get("/alarms/rules/new").status, 200);
        let bad =
            json!({ "area": COMMUNITY, "kind": "air", "title": "x", "class": "other", "of": "smoke", "test": "above", "n": "5" });
        assert_eq!(clerk.post("/alarms/rules", &bad).error(), (422, "wrong-type".into()), "air says no smoke");
        let new = json!({ "area": COMMUNITY, "kind": "air", "title": "重污染", "class": "other", "of": "pm25", "test": "above", "n": "150",
            "severity": 2 });
        assert_eq!(stranger.post("/alarms/rules", &new).error().0, 403);
        let made = good(&clerk, "/alarms/rules", &new);
        assert_eq!(
            (&made["state"], &made["trial"]["raises"], &made["trial"]["of"]),
            (&json!("draft"), &json!(4), &json!(1)),
            "{made}"
        );
        let id = made["id"].as_str().unwrap().to_owned();
        told(&d, &json!({ "pm25": 200 }));
        assert_eq!(open(&clerk).len(), 0, "a draft raises nothing");
        let on = good(&clerk, &format!("/alarms/rules/{id}/switch"), &json!({ "area": COMMUNITY, "on": true }));
        assert_eq!(on["state"], "on");
        // Each time nobody needed it: it is to be looked at again.
        for _ in 0..5 {
            pass(w, HOUR);
            told(&d, &json!({ "pm25": 200 }));
            let number = open(&clerk)[0]["number"].as_str().unwrap().to_owned();
            pass(w, HOUR);
            told(&d, &json!({ "pm25": 30 }));
            pass(w, HOUR);
            good(&clerk, &format!("/alarms/{number}/close"), &json!({ "disposition": "false-device" }));
        }
        let first = clerk.get("/alarms/rules").json()["items"][0].clone();
        assert_eq!(
            (&first["id"], &first["worth"]["percent"], &first["worth"]["review"]),
            (&json!(id), &json!(0), &json!(true)),
            "{first}"
        );
        assert_eq!(clerk.get("/alarms").json()["reviews"], 1);
        // Switched off while one is open: it can still be ended.
        told(&d, &json!({ "pm25": 200 }));
        let number = open(&clerk)[0]["number"].as_str().unwrap().to_owned();
        good(&clerk, &format!("/alarms/rules/{id}/switch"), &json!({ "area": COMMUNITY, "on": false }));
        assert_eq!(good(&clerk, &format!("/alarms/{number}/close"), &json!({ "disposition": "test" }))["stand"], "closed");
        pass(w, HOUR);
        told(&d, &json!({ "pm25": 300 }));
        assert_eq!(open(&clerk).len(), 0);
        // One that ships is switched off here, and not next door.
        good(&clerk, "/alarms/rules/silent/switch", &json!({ "area": COMMUNITY, "on": false }));
        let state = |c: &Client| {
            let all = c.get("/alarms/rules").json();
            all["items"].as_array().unwrap().iter().find(|r| r["id"] == "silent").unwrap()["state"].clone()
        };
        assert_eq!((state(&clerk), state(&stranger)), (json!("off"), json!("on")));
        for path in ["/alarms/rules/silent", &format!("/alarms/rules/{id}")] {
            assert_eq!(clerk.get_as(path, "text/html").status, 200, "{path}");
        }
        assert_eq!(clerk.get("/alarms/rules/ghost").status, 404);
    });
}

#[test]
fn many_timers_ring_once_each_and_after_an_outage() {
    on_each_engine(|w| {
        let clerk = w.client(Some("clerk"));
        for n in 0..30 {
            added(
                &clerk,
                &json!({ "kind": "level", "title": format!("水位 {n}"), "name": format!("lv-{n:03}"), "area": COMMUNITY }),
            );
        }
        let mut begun = begin::Begun::default();
        begin::round(&w.app, &mut begun).unwrap();
        begin::round(&w.app, &mut begun).unwrap();
        assert_eq!(count(w, "select count(*) from watch where due_at is not null"), 30);
        w.restart();
        w.app.ambience.advance(DAY);
        ring::round(&w.app, w.app.now()).unwrap();
        ring::round(&w.app, w.app.now()).unwrap();
        assert_eq!(count(w, "select count(*) from alarm"), 30);
        assert_eq!(count(w, "select count(distinct case_number) from alarm"), 30, "each of its own place");
    });
}
