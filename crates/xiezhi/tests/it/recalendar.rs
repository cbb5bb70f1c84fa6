//! A calendar that comes late: deadlines that were counted without it are counted again, those that somebody set or
//! promised, that rest or have run out, are not touched.

use serde_json::{Value as Json, json};
use xiezhi::edge::jobs;
use xiezhi::kit::time::{self, DAY, HOUR};
use xiezhi::kit::{Error, Who};
use xiezhi::records::case::life::{promise, recalendar};
use xiezhi::records::case::{Rulebook, by_number};

use super::world::{COMMUNITY, Client, World, on_each_engine};

const NEXT: &str =
    "# name: 新历\n# years: 2019-2027\nday,kind,name\n2026-12-31,off,年底\n2027-01-01,off,元旦\n2027-01-08,off,社区日\n";

fn done(who: &Client, number: &str, action: &str, body: Json) {
    let answer = who.act(number, action, body);
    assert_eq!(answer.status, 200, "{action}: {}", answer.text);
}

/// A lamp that is being mended since now: three working days.
fn handled(w: &mut World) -> String {
    let (clerk, property) = (w.client(Some("clerk")), w.client(Some("property")));
    let made = w.client(None).post("/reports", &json!({ "text": "灯不亮", "class": "lighting", "place": { "area": COMMUNITY } }));
    let number = made.json()["number"].as_str().unwrap().to_owned();
    done(&clerk, &number, "accept", json!({}));
    done(&clerk, &number, "dispatch", json!({ "to": w.body("property") }));
    done(&property, &number, "accept", json!({}));
    number
}

fn due(w: &mut World, number: &str) -> (String, bool) {
    let seen = w.client(Some("clerk")).get(&format!("/cases/{number}")).json();
    (seen["due_at"].as_str().unwrap_or_default().to_owned(), seen["provisional"] == true)
}

#[test]
fn deadlines_that_were_counted_without_a_calendar_are_counted_again() {
    on_each_engine(|w| {
        let app = w.app.clone();
        app.ambience.advance(time::parse("2026-12-28T10:00:00+08:00").unwrap() - app.now());
        let [plain, rests, hurried, promised, late] = [(); 5].map(|()| handled(w));
        assert_eq!(due(w, &plain), ("2026-12-31T10:00:00+08:00".into(), false), "the calendar reaches so far");
        app.ambience.advance(DAY);
        let provisional = handled(w);
        assert_eq!(due(w, &provisional), ("2027-01-01T10:00:00+08:00".into(), true), "counted in natural days");
        let (clerk, street) = (w.client(Some("clerk")), w.client(Some("street")));
        done(&clerk, &rests, "suspend", json!({ "reason": "等料", "until": "2027-01-20" }));
        done(&street, &hurried, "supervise", json!({ "reason": "快", "until": "2026-12-31" }));
        let book = Rulebook::now(&app).unwrap();
        let id = app.db.read(|r| by_number(r, &promised)).unwrap().unwrap().id;
        let by = time::parse("2027-01-02T09:00:00+08:00").unwrap();
        let write = move |tx: &mut store::Tx| promise::promise(tx, &book, &Who::system(), &id, Some(by));
        app.db.write(write).map_err(|e: Error| e.to_string()).unwrap();
        let before: Vec<_> = [&rests, &hurried].map(|n| due(w, n)).to_vec();
        // The calendar of the next year comes, and with it a day off in this one.
        let admin = w.client(Some("admin"));
        assert_eq!(admin.post("/admin/calendar", &json!({ "text": NEXT })).status, 201);
        recalendar::follow(&app).unwrap();
        assert_eq!(recalendar::follow(&app).unwrap(), 0, "done twice it changes nothing");
        assert_eq!(due(w, &provisional), ("2027-01-05T10:00:00+08:00".into(), false));
        assert_eq!(due(w, &plain), ("2027-01-04T10:00:00+08:00".into(), false));
        assert_eq!(due(w, &promised).0, "2027-01-02T09:00:00+08:00", "never later than promised");
        assert_eq!([&rests, &hurried].map(|n| due(w, n)).to_vec(), before, "dates that somebody set stay");
        let seen = clerk.get(&format!("/cases/{provisional}")).json();
        let moved = seen["events"].as_array().unwrap().iter().filter(|e| e["kind"] == "recalendar").count();
        assert_eq!(moved, 1);
        // What has run out stays run out, and its next clock is the ladder's.
        app.ambience.advance(6 * DAY + 2 * HOUR);
        jobs::deadlines(&app, app.now()).unwrap();
        let (ran_out, overlays) =
            (due(w, &late), w.client(Some("clerk")).get(&format!("/cases/{late}")).json()["overlays"].clone());
        assert!(overlays.as_array().unwrap().contains(&json!("overdue")), "{overlays}");
        // Shorter office hours count for what is counted in hours, from where it began.
        let made = w.client(None).post("/reports", &json!({ "text": "灯", "class": "lighting", "place": { "area": COMMUNITY } }));
        let number = made.json()["number"].as_str().unwrap().to_owned();
        done(&w.client(Some("clerk")), &number, "accept", json!({}));
        assert_eq!(due(w, &number).0, "2027-01-04T18:00:00+08:00", "four hours, from two o’clock on");
        let hours = json!({ "hours": "09:00-12:00,14:00-16:00", "rounding": "same-time" });
        assert_eq!(w.client(Some("admin")).post("/admin/hours", &hours).status, 201);
        recalendar::follow(&app).unwrap();
        assert_eq!(due(w, &number).0, "2027-01-05T11:00:00+08:00");
        assert_eq!(due(w, &late), ran_out);
    });
}
