//! How long readings are kept: days are made of them, they are deleted when the time that was agreed is over, and a yes ends.

use serde_json::{Value as Json, json};
use store::Query as _;
use xiezhi::activities::sensing::keep;
use xiezhi::kit::time::{DAY, HOUR, MINUTE};

use super::sensing::{added, good};
use super::world::{COMMUNITY, Client, World, on_each_engine};

fn count(w: &World, sql: &str) -> i64 {
    w.app.db.read(|r| r.count(sql, &[])).unwrap()
}

fn forgotten(w: &World) -> i64 {
    count(w, "select count(*) from log where leaf like '%device.forget%'")
}

/// Days of the first stream: how many readings, the least, the most, the sum, the last.
fn days(c: &Client, path: &str) -> Vec<Json> {
    let seen = c.get(path).json();
    let days = seen["streams"][0]["days"].as_array().unwrap_or_else(|| panic!("{seen}"));
    days.iter().map(|d| json!([d["many"], d["low"], d["high"], d["total"], d["last"]])).collect()
}

#[test]
fn readings_become_days_and_are_deleted_when_their_time_is_over() {
    on_each_engine(|w| {
        let clerk = w.client(Some("clerk"));
        let new = json!({ "kind": "level", "title": "水位", "name": "lv-k", "area": COMMUNITY, "keep_days": 5 });
        let d = added(&clerk, &new);
        let now = w.app.now();
        // Three a day, of the last eight days and today.
        let all: Vec<Json> = (0..9)
            .flat_map(|back| {
                (0..3).map(move |n| json!({ "stream": "level", "t": now - back * DAY - n * HOUR, "v": back * 10 + n }))
            })
            .collect();
        assert_eq!(d.say(&json!(all)).json()["taken"], 27);
        w.app.ambience.advance(2 * MINUTE);
        keep::round(&w.app).unwrap();
        let there = [json!([3, 80.0, 82.0, 243.0, 80.0]), json!([3, 10.0, 12.0, 33.0, 10.0])];
        let seen = days(&clerk, "/devices/lv-k?span=quarter");
        assert_eq!((seen.len(), &seen[0], &seen[7]), (8, &there[0], &there[1]), "today is not over");
        // Of the eight days five are kept, and today.
        assert_eq!((count(w, "select count(*) from observation"), forgotten(w)), (18, 1));
        let stream = "select first_t from stream";
        assert_eq!(count(w, stream), now - 5 * DAY - 2 * HOUR);
        keep::round(&w.app).unwrap();
        assert_eq!((days(&clerk, "/devices/lv-k?span=years"), forgotten(w)), (seen.clone(), 1), "once more changes nothing");
        // What comes late for a day that is there is in it; for one that is gone it is gone too, and counts for nothing.
        let late =
            json!([{ "stream": "level", "t": now - 2 * DAY + 1, "v": 100 }, { "stream": "level", "t": now - 7 * DAY, "v": 70 }]);
        assert_eq!(d.say(&late).json()["taken"], 2);
        w.app.ambience.advance(2 * MINUTE);
        w.restart();
        keep::round(&w.app).unwrap();
        let clerk = w.client(Some("clerk"));
        let after = days(&clerk, "/devices/lv-k?span=quarter");
        assert_eq!((&after[6], &after[1]), (&json!([4, 20.0, 100.0, 163.0, 100.0]), &seen[1]));
        assert_eq!((count(w, "select count(*) from observation"), forgotten(w)), (19, 2));
        let page = clerk.get_as("/devices/lv-k?span=quarter", "text/html").text;
        assert!(page.contains("每天一点") && page.contains("<polyline"), "{page}");
        assert_eq!(clerk.get("/devices/lv-k?span=week").json()["streams"][0]["days"], json!([]));
        assert_eq!(clerk.get("/devices/lv-k?span=month").error(), (422, "unknown-value".into()));
        // A day ends, and is made.
        w.app.ambience.advance(DAY);
        keep::round(&w.app).unwrap();
        assert_eq!(days(&w.client(Some("clerk")), "/devices/lv-k?span=quarter").len(), 9);
        // After three years days go, too.
        w.app.ambience.advance(3 * 366 * DAY);
        keep::round(&w.app).unwrap();
        assert_eq!(
            (count(w, "select count(*) from observation"), count(w, "select count(*) from observation_day where done = 0")),
            (0, 0)
        );
        w.app.ambience.advance(20 * DAY);
        keep::round(&w.app).unwrap();
        assert_eq!(count(w, "select count(*) from observation_day"), 0);
    });
}

#[test]
fn days_of_a_home_are_sealed_and_a_yes_ends() {
    on_each_engine(|w| {
        let clerk = w.client(Some("clerk"));
        let card = good(&clerk, "/cards", &json!({ "name": "王秀英", "place": "2单元501" }));
        let id = card["id"].as_str().unwrap();
        let new = json!({ "kind": "water", "title": "卫生间", "card": id, "agreed": "present", "keep_days": 3, "name": "w-1" });
        let d = added(&clerk, &new);
        let now = w.app.now();
        let all: Vec<Json> = (0..6).map(|n| json!({ "stream": "water", "t": now - n * DAY, "v": 30 + n })).collect();
        assert_eq!(d.say(&json!(all)).json()["taken"], 6);
        w.app.ambience.advance(2 * MINUTE);
        keep::round(&w.app).unwrap();
        assert_eq!((count(w, "select count(*) from observation"), count(w, "select count(*) from observation_day")), (4, 5));
        let open = "select count(*) from observation_day where many is not null or low is not null or total is not null";
        assert_eq!(count(w, open), 0, "nothing to read on the disk");
        assert_eq!(clerk.get("/devices/w-1?span=quarter").json()["streams"][0]["days"], json!([]), "nor for the desk");
        // Whoever lives there reads them, and is told when his yes ends.
        let person: String = w
            .app
            .db
            .read(|r| r.row("select person from device where name = 'w-1'", &[]))
            .unwrap()
            .unwrap()
            .get("person")
            .unwrap();
        let (app, base) = (w.app.clone(), clerk.base.clone());
        let home = || {
            let opened = xiezhi::base::party::session::open(&app, person.clone(), false, "test", Default::default()).unwrap();
            Client { base: base.clone(), token: Some(opened.token) }
        };
        let mine = home().get("/devices/mine?span=quarter").json();
        let days = mine["items"][0]["streams"][0]["days"].as_array().unwrap();
        assert_eq!((days.len(), &days[4]["total"], &days[0]["total"]), (5, &json!(31.0), &json!(35.0)));
        let told = |c: &Client, kind: &str| c.get("/inbox").text.contains(kind);
        assert!(!told(&home(), "device-consent"));
        w.app.ambience.advance(352 * DAY);
        xiezhi::edge::jobs::deadlines(&w.app, w.app.now()).unwrap();
        xiezhi::edge::jobs::deadlines(&w.app, w.app.now()).unwrap();
        assert!(told(&home(), "device-consent-ends"));
        assert_eq!(d.say(&json!({ "water": 1 })).json()["taken"], 1);
        w.app.ambience.advance(14 * DAY);
        xiezhi::edge::jobs::deadlines(&w.app, w.app.now()).unwrap();
        assert!(told(&home(), "device-consent-over"));
        let refused = d.say(&json!({ "water": 1 }));
        assert_eq!((refused.status, &refused.json()["refused"][0]["error"]), (422, &json!("consent-over")));
        // He says yes again, and no; the desk cannot say it for him as if he had.
        let say = |c: &Client, how: &str| c.post("/devices/w-1/agree", &json!({ "agreed": how }));
        let clerk = w.client(Some("clerk"));
        assert_eq!(say(&clerk, "self").error(), (422, "unknown-value".into()));
        assert_eq!(say(&w.client(Some("stranger")), "phone").status, 404);
        assert_eq!(say(&home(), "self").status, 200);
        assert_eq!(d.say(&json!({ "water": 2 })).json()["taken"], 1);
        assert_eq!(say(&home(), "no").json()["agreed_over"], true);
        assert_eq!(d.say(&json!({ "water": 3 })).status, 422);
        assert_eq!(say(&clerk, "paper").json()["agreed_over"], false);
        let page = home().get_as("/devices/mine", "text/html").text;
        assert!(page.contains("不再同意"), "{page}");
        // With the device its days are gone.
        good(&clerk, "/devices/w-1/state", &json!({ "state": "gone", "why": "搬走了" }));
        assert_eq!(count(w, "select count(*) from observation_day"), 0);
    });
}
