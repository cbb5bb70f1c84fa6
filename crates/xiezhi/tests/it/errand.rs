//! Done for somebody: a mandate, papers that change hands, an appointment, the end; and appointments at counters, never more
//! than there are seats.

use serde_json::{Value as Json, json};
use xiezhi::edge::jobs;
use xiezhi::kit::time::{DAY, HOUR};

use super::services::simple;
use super::volunteer::numbers;
use super::world::{COMMUNITY, Client, World, on_each_engine};

fn ring(w: &World) {
    jobs::deadlines(&w.app, w.app.now()).unwrap();
}

fn later(w: &World, days: i64) {
    w.app.ambience.advance(days * DAY);
    ring(w);
}

fn told(c: &Client, subject: &str) -> Vec<String> {
    let all = c.get(&format!("/inbox?subject={subject}")).json();
    all["items"].as_array().unwrap().iter().map(|i| i["kind"].as_str().unwrap().to_owned()).collect()
}

fn good(c: &Client, path: &str, body: &Json) -> Json {
    let done = c.post(path, body);
    assert!(matches!(done.status, 200 | 201), "{path} {body}: {}", done.text);
    done.json()
}

fn refused(c: &Client, path: &str, body: &Json) -> (u16, String) {
    c.post(path, body).error()
}

/// A service with a counter: Mondays to Fridays 09:00–11:00, two people every half hour.
fn counter(w: &World, clerk: &Client) -> String {
    let hours = json!({ "hours": "周一至周五 09:00-11:00" });
    let id = simple(w, clerk, "居民医保参保登记", hours);
    let set = json!({ "minutes": 30, "seats": 2, "ahead_days": 14, "state": "open" });
    good(clerk, &format!("/services/{id}/counter"), &set);
    id
}

const THURSDAY: &str = "2026-03-05T09:30:00+08:00";

#[test]
fn a_moment_has_as_many_seats_as_it_has_whoever_books_at_once() {
    on_each_engine(|w| {
        numbers(w);
        let (clerk, resident, neighbour) = (w.client(Some("clerk")), w.client(Some("resident")), w.client(Some("neighbour")));
        let id = counter(w, &clerk);
        let slots = w.client(None).get(&format!("/services/{id}/slots")).json();
        let days: Vec<&str> = slots["days"].as_array().unwrap().iter().map(|d| d["day"].as_str().unwrap()).collect();
        // Wednesday at ten: two moments are left of it; the weekend is shut.
        assert_eq!(days[..4], ["2026-03-04", "2026-03-05", "2026-03-06", "2026-03-09"], "{slots}");
        assert_eq!(slots["days"][0]["slots"].as_array().unwrap().len(), 1, "{slots}");
        assert_eq!(slots["days"][1]["slots"].as_array().unwrap().len(), 4);
        // Only the counter opens it, and only moments of its hours are taken.
        let set = json!({ "minutes": 30, "seats": 2, "ahead_days": 14, "state": "open" });
        assert_eq!(refused(&w.client(Some("stranger")), &format!("/services/{id}/counter"), &set), (403, "denied".into()));
        assert_eq!(
            refused(
                &clerk,
                &format!("/services/{id}/counter"),
                &json!({ "minutes": 0, "seats": 2, "ahead_days": 14, "state": "open" })
            ),
            (422, "out-of-range".into())
        );
        for (at, code) in [
            ("2026-03-07T09:30:00+08:00", (409, "not-open")),
            ("2026-03-05T12:00:00+08:00", (409, "not-open")),
            ("2026-03-05T09:45:00+08:00", (409, "not-open")),
            ("2026-03-04T09:30:00+08:00", (409, "not-open")),
            ("2027-03-05T09:30:00+08:00", (409, "not-open")),
            ("yesterday", (422, "wrong-type")),
        ] {
            assert_eq!(
                refused(&resident, &format!("/services/{id}/book"), &json!({ "at": at })),
                (code.0, code.1.into()),
                "{at}"
            );
        }
        // Clerks book for eight callers at once: two have it.
        let hands: Vec<_> = (0..8)
            .map(|n| {
                let (clerk, path) = (w.client(Some("clerk")), format!("/services/{id}/book"));
                std::thread::spawn(move || {
                    clerk.post(&path, &json!({ "at": THURSDAY, "name": format!("王{n}"), "phone": "13800000000" }))
                })
            })
            .collect();
        let ends: Vec<_> = hands.into_iter().map(|h| h.join().unwrap()).collect();
        assert_eq!(ends.iter().filter(|e| e.status == 201).count(), 2);
        assert!(ends.iter().filter(|e| e.status != 201).all(|e| e.error() == (409, "slot-full".into())));
        assert_eq!(w.client(None).get(&format!("/services/{id}/slots")).json()["days"][1]["slots"][1]["free"], 0);
        // A resident books the next moment; not two at once, and nobody else sees it.
        let at = "2026-03-05T10:00:00+08:00";
        let made = good(&resident, &format!("/services/{id}/book"), &json!({ "at": at, "words": "第一次办 <b>" }));
        let a = made["number"].as_str().unwrap().to_owned();
        assert_eq!(refused(&resident, &format!("/services/{id}/book"), &json!({ "at": at })), (409, "overlaps".into()));
        assert_eq!(
            refused(&resident, &format!("/services/{id}/book"), &json!({ "at": THURSDAY, "name": "别人", "phone": "1" })),
            (403, "denied".into())
        );
        assert_eq!(neighbour.get(&format!("/appointments/{a}")).status, 404);
        assert_eq!(resident.get("/appointments").json()["items"].as_array().unwrap().len(), 1);
        let page = clerk.get_as(&format!("/appointments/{a}"), "text/html").text;
        assert!(page.contains("第一次办 &lt;b&gt;"), "{page}");
        let day = clerk.get(&format!("/services/{id}/appointments?day=2026-03-05")).json();
        assert_eq!(day["items"].as_array().unwrap().len(), 3);
        assert_eq!(resident.get(&format!("/services/{id}/appointments")).status, 403);
        // For a calendar, in the form calendars read.
        let ics = resident.get_as(&format!("/appointments/{a}/calendar"), "text/calendar");
        assert_eq!(ics.header("content-type").unwrap(), "text/calendar; charset=utf-8");
        assert!(
            ics.text.starts_with("BEGIN:VCALENDAR\r\n")
                && ics.text.contains("DTSTART:20260305T020000Z\r\nDTEND:20260305T023000Z\r\n"),
            "{}",
            ics.text
        );
        // The day before it is remembered; it is cancelled, and the seat is free again.
        w.app.ambience.advance(HOUR / 2);
        ring(w);
        let b = good(&neighbour, &format!("/services/{id}/book"), &json!({ "at": "2026-03-06T09:00:00+08:00" }))["number"]
            .as_str()
            .unwrap()
            .to_owned();
        later(w, 1);
        assert!(told(&neighbour, &b).contains(&"booking-soon".into()));
        assert_eq!(refused(&resident, &format!("/appointments/{b}/cancel"), &json!({})), (404, "not-found".into()));
        good(&clerk, &format!("/appointments/{b}/cancel"), &json!({}));
        assert!(told(&neighbour, &b).contains(&"booking-cancelled".into()));
        assert_eq!(refused(&neighbour, &format!("/appointments/{b}/cancel"), &json!({})), (409, "state".into()));
        assert_eq!(refused(&resident, &format!("/appointments/{a}/come"), &json!({})), (403, "denied".into()));
        assert_eq!(good(&clerk, &format!("/appointments/{a}/come"), &json!({}))["state"], "came");
        // Shut: nobody books, what was booked stays.
        let shut = json!({ "minutes": 30, "seats": 2, "ahead_days": 14, "state": "shut" });
        good(&clerk, &format!("/services/{id}/counter"), &shut);
        assert_eq!(
            refused(&neighbour, &format!("/services/{id}/book"), &json!({ "at": "2026-03-06T09:00:00+08:00" })),
            (409, "not-open".into())
        );
    });
}

#[test]
fn papers_change_hands_on_record_and_nothing_ends_while_they_are_out() {
    on_each_engine(|w| {
        numbers(w);
        let (clerk, resident, neighbour) = (w.client(Some("clerk")), w.client(Some("resident")), w.client(Some("neighbour")));
        let (grid, stranger) = (w.client(Some("grid")), w.client(Some("stranger")));
        let service = counter(w, &clerk);
        let new = json!({ "kind": "apply", "words": "老年证，腿脚不便去不了", "area": COMMUNITY });
        assert_eq!(
            refused(&resident, "/errands", &json!({ "kind": "x", "words": "y", "area": COMMUNITY })),
            (422, "unknown-value".into())
        );
        assert_eq!(
            refused(&resident, "/errands", &json!({ "kind": "apply", "words": "y", "days": 400, "area": COMMUNITY })),
            (422, "out-of-range".into())
        );
        assert_eq!(
            refused(
                &resident,
                "/errands",
                &json!({ "kind": "apply", "words": "y", "name": "别人", "phone": "1", "area": COMMUNITY })
            ),
            (403, "denied".into())
        );
        let made = good(&resident, "/errands", &new);
        let (d, code) = (made["number"].as_str().unwrap().to_owned(), made["code"].as_str().unwrap().to_owned());
        assert!(told(&clerk, &d).contains(&"errand-asked".into()));
        // Whoever may take it learns what kind it is, and no more.
        assert_eq!((neighbour.get(&format!("/errands/{d}")).status, stranger.get(&format!("/errands/{d}")).status), (404, 404));
        let seen = grid.get(&format!("/errands/{d}")).json();
        assert_eq!(
            (&seen["kind"], &seen["words"], &seen["name"], &seen["code"]),
            (&json!("apply"), &Json::Null, &Json::Null, &Json::Null)
        );
        assert_eq!(grid.get("/errands").json()["waiting"].as_array().unwrap().len(), 1);
        // Nobody takes it: the desk above is asked.
        later(w, 3);
        assert!(told(&w.client(Some("street")), &d).contains(&"errand-late".into()));
        assert_eq!(refused(&stranger, &format!("/errands/{d}/take"), &json!({})), (404, "not-found".into()));
        let taken = good(&grid, &format!("/errands/{d}/take"), &json!({}));
        assert_eq!(taken["words"], "老年证，腿脚不便去不了");
        assert_eq!(refused(&w.client(Some("clerk2")), &format!("/errands/{d}/take"), &json!({})), (409, "state".into()));
        // The code stays with whom it is for; a wrong one is refused, and not for ever.
        let step = |kind: &str, words: &str, code: Option<&str>| {
            let mut body = json!({ "kind": kind, "words": words });
            if let Some(code) = code {
                body["code"] = json!(code);
            }
            grid.post(&format!("/errands/{d}/step"), &body)
        };
        assert_eq!(grid.get(&format!("/errands/{d}")).json()["code"], Json::Null);
        assert_eq!(step("in", "身份证", Some("000000")).error(), (401, "wrong-code".into()));
        assert_eq!(step("back", "身份证", None).error(), (409, "state".into()));
        assert_eq!(step("in", "身份证、一寸照片两张", None).status, 200);
        assert!(told(&resident, &d).contains(&"errand-step".into()));
        let asked = resident.get(&format!("/errands/{d}")).json();
        assert_eq!((&asked["asks"], &asked["papers"]), (&json!(true), &json!(true)));
        assert_eq!(refused(&neighbour, &format!("/errands/{d}/confirm"), &json!({})), (404, "not-found".into()));
        good(&resident, &format!("/errands/{d}/confirm"), &json!({}));
        assert_eq!(refused(&resident, &format!("/errands/{d}/confirm"), &json!({})), (409, "state".into()));
        // An appointment in his name; he sees it, the counter sees whose it is.
        let at = json!({ "service": service, "at": "2026-03-09T09:00:00+08:00" });
        assert_eq!(refused(&clerk, &format!("/errands/{d}/book"), &at), (404, "not-found".into()));
        good(&grid, &format!("/errands/{d}/book"), &at);
        let mine = resident.get("/appointments").json();
        assert_eq!(
            (&mine["items"][0]["errand"], &mine["items"][0]["starts_at"]),
            (&json!(d), &json!("2026-03-09T09:00:00+08:00"))
        );
        // Papers out: it does not end, and it is not given up.
        assert_eq!(step("done", "办好了", None).error(), (409, "papers-held".into()));
        assert_eq!(refused(&grid, &format!("/errands/{d}/give-up"), &json!({ "why": "忙" })), (409, "papers-held".into()));
        assert_eq!(step("back", "身份证、老年证", Some(&code)).status, 200);
        assert_eq!(step("note", "已交窗口", None).status, 200);
        assert_eq!(step("done", "老年证已领", None).status, 200);
        // Not right yet; then it is, with the code.
        good(&resident, &format!("/errands/{d}/again"), &json!({ "words": "照片贴错了" }));
        assert!(told(&grid, &d).contains(&"errand-again".into()) && told(&clerk, &d).contains(&"errand-again".into()));
        assert_eq!(step("done", "换好了", Some(&code)).status, 200);
        assert_eq!(resident.get(&format!("/errands/{d}")).json()["state"], "closed");
        assert_eq!(step("note", "x", None).error(), (409, "state".into()));
        assert_eq!(resident.get("/errands/new").status, 200);
    });
}

#[test]
fn a_mandate_ends_by_itself_or_is_taken_back_and_papers_still_come_back() {
    on_each_engine(|w| {
        numbers(w);
        let (clerk, resident, grid) = (w.client(Some("clerk")), w.client(Some("resident")), w.client(Some("grid")));
        let ask = |days: i64| {
            let made =
                good(&resident, "/errands", &json!({ "kind": "papers", "words": "取报告", "days": days, "area": COMMUNITY }));
            made["number"].as_str().unwrap().to_owned()
        };
        let state = |d: &str| resident.get(&format!("/errands/{d}")).json()["state"].clone();
        // Taken back while papers are out: the helper gives them back, and the desk is told until he did.
        let d = ask(30);
        good(&grid, &format!("/errands/{d}/take"), &json!({}));
        good(&grid, &format!("/errands/{d}/step"), &json!({ "kind": "in", "words": "医保卡" }));
        assert_eq!(refused(&grid, &format!("/errands/{d}/withdraw"), &json!({})), (404, "not-found".into()));
        good(&resident, &format!("/errands/{d}/withdraw"), &json!({}));
        assert!(told(&grid, &d).contains(&"errand-withdrawn".into()));
        assert_eq!(
            refused(&grid, &format!("/errands/{d}/step"), &json!({ "kind": "note", "words": "x" })),
            (409, "state".into())
        );
        later(w, 4);
        assert!(told(&clerk, &d).contains(&"errand-papers".into()));
        good(&grid, &format!("/errands/{d}/step"), &json!({ "kind": "back", "words": "医保卡" }));
        assert_eq!((state(&d), &resident.get(&format!("/errands/{d}")).json()["papers"]), (json!("dropped"), &json!(false)));
        // Nobody took it in time; somebody took it and was too slow.
        let (one, other) = (ask(2), ask(2));
        good(&grid, &format!("/errands/{other}/take"), &json!({}));
        later(w, 3);
        assert_eq!((state(&one), state(&other)), (json!("dropped"), json!("dropped")));
        assert!(told(&resident, &one).contains(&"errand-lapsed".into()) && told(&clerk, &one).contains(&"errand-lapsed".into()));
        // Given up: others may take it. Silence about what is done counts as yes.
        let d = ask(30);
        good(&grid, &format!("/errands/{d}/take"), &json!({}));
        assert_eq!(grid.post(&format!("/errands/{d}/give-up"), &json!({ "why": "请假" })).status, 200);
        assert_eq!((state(&d), grid.get(&format!("/errands/{d}")).json()["words"].clone()), (json!("asked"), Json::Null));
        good(&clerk, &format!("/errands/{d}/take"), &json!({}));
        good(&clerk, &format!("/errands/{d}/step"), &json!({ "kind": "done", "words": "报告已送到家" }));
        later(w, 8);
        assert_eq!(state(&d), "closed");
        // For somebody without an account: a clerk writes it down, and another one does it.
        let phone = json!({ "kind": "pay", "words": "代缴水费", "name": "赵奶奶", "phone": "051487001234", "area": COMMUNITY });
        let made = good(&clerk, "/errands", &phone);
        let d = made["number"].as_str().unwrap();
        assert_eq!(made["name"], "赵奶奶");
        assert_eq!(good(&w.client(Some("clerk2")), &format!("/errands/{d}/take"), &json!({}))["name"], "赵奶奶");
    });
}
