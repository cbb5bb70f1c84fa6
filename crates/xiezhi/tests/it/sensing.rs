//! Devices: added by a desk, heard over HTTP, seen by whoever may; readings once, whatever comes twice, late or broken.

use base64::Engine as _;
use serde_json::{Value as Json, json};
use xiezhi::kit::time::{DAY, HOUR, MINUTE};

use super::world::{Answer, COMMUNITY, Client, on_each_engine};

pub fn good(c: &Client, path: &str, body: &Json) -> Json {
    let done = c.post(path, body);
    assert!(matches!(done.status, 200 | 201), "{path} {body}: {}", done.text);
    done.json()
}

/// A device that tells over HTTP.
pub struct Device {
    pub line: Client,
    pub name: String,
    pub password: String,
}

impl Device {
    fn named(clerk: &Client, name: &str, password: &str) -> Device {
        Device { line: Client { base: clerk.base.clone(), token: None }, name: name.into(), password: password.into() }
    }

    /// The same after a restart, at the address of this client.
    pub fn again(clerk: &Client, d: &Device) -> Device {
        Device::named(clerk, &d.name, &d.password)
    }

    pub fn say(&self, body: &Json) -> Answer {
        let who = base64::engine::general_purpose::STANDARD.encode(format!("{}:{}", self.name, self.password));
        let (basic, body) = (format!("Basic {who}"), body.to_string());
        let headers = [("authorization", basic.as_str()), ("content-type", "application/json")];
        self.line.post_raw(&format!("/obs/{}", self.name), &headers, body.as_bytes())
    }
}

pub fn added(clerk: &Client, body: &Json) -> Device {
    let made = good(clerk, "/devices", body);
    Device::named(clerk, made["name"].as_str().unwrap(), made["password"].as_str().unwrap())
}

fn readings(c: &Client, name: &str, stream: usize) -> Vec<Json> {
    c.get(&format!("/devices/{name}")).json()["streams"][stream]["readings"].as_array().unwrap().clone()
}

#[test]
fn a_device_is_added_told_from_and_taken_away() {
    on_each_engine(|w| {
        let (clerk, resident, stranger) = (w.client(Some("clerk")), w.client(Some("resident")), w.client(Some("stranger")));
        let new = json!({ "kind": "level", "title": "北门地道水位", "name": "lv-01", "area": COMMUNITY, "shared": true });
        assert_eq!(resident.post("/devices", &new).error(), (403, "denied".into()));
        assert_eq!(clerk.post("/devices", &json!({ "kind": "submarine", "title": "x" })).error(), (422, "unknown-value".into()));
        assert_eq!(clerk.post("/devices", &json!({ "kind": "level", "title": "x", "name": "../x" })).error().0, 422);
        assert_eq!(clerk.get("/devices/new").status, 200);
        let d = added(&clerk, &new);
        assert_eq!(clerk.post("/devices", &new).error(), (409, "device-twice".into()));
        let seen = clerk.get("/devices/lv-01").json();
        assert_eq!((&seen["password"], &seen["health"]), (&Json::Null, &json!("new")), "shown once");
        // It says what it measures, in all the forms there are.
        let now = w.app.now();
        let at = |back: i64| xiezhi::kit::time::rfc3339(now - back, &w.app.config.zone);
        let told = d.say(&json!([
            { "stream": "level", "t": at(2 * MINUTE), "v": 12.5, "seq": 1 },
            { "stream": "level", "t": now - MINUTE, "v": "13", "seq": 2 },
            { "stream": "battery", "v": 88 },
            { "stream": "smoke", "v": true },
            { "stream": "level", "v": "wet" },
            { "stream": "level", "v": null },
            { "stream": "level", "t": "yesterday", "v": 1 },
            { "stream": "level", "t": at(900 * DAY), "v": 1 },
        ]));
        let told = told.json();
        let refused: Vec<(i64, &str)> = told["refused"]
            .as_array()
            .unwrap()
            .iter()
            .map(|r| (r["n"].as_i64().unwrap(), r["error"].as_str().unwrap()))
            .collect();
        let asked = [(3, "unknown-value"), (4, "wrong-type"), (5, "missing"), (6, "wrong-type"), (7, "out-of-range")];
        assert_eq!((&told["taken"], refused), (&json!(3), asked.to_vec()), "{told}");
        let seen = clerk.get("/devices/lv-01").json();
        assert_eq!((&seen["health"], seen["streams"].as_array().unwrap().len()), (&json!("well"), 2));
        assert_eq!(seen["streams"][1]["curve"]["last"], "13");
        // The same again is the same; what comes late lies where it belongs; a clock that is ahead is ours.
        let size = w.app.db.last().size;
        let again = d.say(&json!([{ "stream": "level", "t": now - MINUTE, "v": 99 }])).json();
        assert_eq!((&again["taken"], &again["twice"], w.app.db.last().size), (&json!(0), &json!(1), size));
        w.app.ambience.advance(HOUR);
        assert_eq!(d.say(&json!({ "level": { "t": now - 90_000, "v": 7 } })).json()["taken"], 1);
        assert_eq!(d.say(&json!({ "level": { "t": now + 30 * DAY, "v": 20 } })).json()["taken"], 1);
        let all: Vec<f64> = readings(&clerk, "lv-01", 1).iter().map(|r| r["n"].as_f64().unwrap()).collect();
        assert_eq!(all, [12.5, 7.0, 13.0, 20.0]);
        // Without a clock of its own a device is known by its count.
        assert_eq!(d.say(&json!({ "battery": { "v": 80, "seq": 5 } })).json()["taken"], 1);
        w.app.ambience.advance(MINUTE);
        assert_eq!(d.say(&json!({ "battery": { "v": 80, "seq": 5 } })).json()["twice"], 1);
        // Its name and password, and no other's.
        let other = added(&clerk, &json!({ "kind": "air", "title": "广场空气", "area": COMMUNITY }));
        let forged = Device::named(&clerk, "lv-01", &other.password);
        assert_eq!(forged.say(&json!({ "level": 1 })).error(), (401, "wrong-device".into()));
        assert_eq!(d.line.post("/obs/lv-01", &json!({ "level": 1 })).error(), (401, "wrong-device".into()));
        let renewed = good(&clerk, "/devices/lv-01/renew", &json!({}))["password"].as_str().unwrap().to_owned();
        assert_eq!(d.say(&json!({ "level": 1 })).error(), (401, "wrong-device".into()), "the one before is void");
        let d = Device::named(&clerk, "lv-01", &renewed);
        assert_eq!(d.say(&json!({ "level": 1 })).status, 200);
        // Silence is seen; whoever works on it says so.
        w.app.ambience.advance(2 * HOUR);
        let list = clerk.get(&format!("/devices?area={COMMUNITY}")).json();
        let health = |n: &str| list["items"].as_array().unwrap().iter().find(|d| d["name"] == n).unwrap()["health"].clone();
        assert_eq!((health("lv-01"), health(&other.name)), (json!("silent"), json!("new")));
        assert_eq!(clerk.post("/devices/lv-01/state", &json!({ "state": "paused" })).error(), (422, "missing".into()));
        assert_eq!(good(&clerk, "/devices/lv-01/state", &json!({ "state": "paused", "why": "换电池" }))["health"], "paused");
        assert_eq!(stranger.get("/devices/lv-01").status, 404);
        good(&clerk, "/devices/lv-01/state", &json!({ "state": "gone", "why": "拆了" }));
        assert_eq!(d.say(&json!({ "level": 1 })).error(), (401, "wrong-device".into()));
        assert_eq!(clerk.post("/devices/lv-01/renew", &json!({})).error(), (409, "state".into()));
    });
}

#[test]
fn what_happens_in_a_home_is_sealed_and_ends_with_the_device() {
    on_each_engine(|w| {
        let (clerk, grid, resident) = (w.client(Some("clerk")), w.client(Some("grid")), w.client(Some("resident")));
        let card = good(&clerk, "/cards", &json!({ "name": "王秀英", "place": "2单元501" }))["id"].as_str().unwrap().to_owned();
        let new = |kind: &str| json!({ "kind": kind, "title": "卫生间", "card": card, "agreed": "present" });
        assert_eq!(clerk.post("/devices", &new("ebike")).error(), (422, "unknown-value".into()), "not in a home");
        let silent = json!({ "kind": "water", "title": "卫生间", "card": card });
        assert_eq!(clerk.post("/devices", &silent).error(), (422, "missing".into()), "nobody agreed");
        assert_eq!(clerk.get(&format!("/devices/new?card={card}")).json()["kinds"].as_array().unwrap().len(), 6);
        let d = added(&clerk, &new("water"));
        assert_eq!(d.say(&json!({ "water": 35.5, "battery": 90 })).json()["taken"], 2);
        let desk = clerk.get(&format!("/devices/{}", d.name)).json();
        assert_eq!((&desk["title"], &desk["open"], &desk["keep_days"]), (&json!("卫生间"), &json!(false), &json!(90)));
        assert!(desk["streams"].as_array().unwrap().iter().all(|s| s["readings"].as_array().unwrap().is_empty()), "{desk}");
        let page = clerk.get_as(&format!("/devices/{}", d.name), "text/html").text;
        assert!(!page.contains("35.5") && page.contains("加密"), "{page}");
        let grid = grid.get(&format!("/devices/{}", d.name)).json();
        assert_eq!(grid["title"], Json::Null, "others know that there is one");
        // On the disk there is nothing to read.
        let sql = "select count(*) from observation where n is not null or said is not null";
        assert_eq!(w.app.db.read(|r| store::Query::count(r, sql, &[])).unwrap(), 0);
        good(&clerk, &format!("/devices/{}/state", d.name), &json!({ "state": "gone", "why": "搬走了" }));
        assert_eq!(w.app.db.read(|r| store::Query::count(r, "select count(*) from observation", &[])).unwrap(), 0);
        assert_eq!(clerk.get(&format!("/devices/{}", d.name)).json()["title"], Json::Null);
        assert_eq!(resident.get("/devices/mine").json()["items"], json!([]));
    });
}
