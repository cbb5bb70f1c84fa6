//! What goes out over channels: once, within their limits, tried again where that is safe, and shown where it is not.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value as Json, json};
use store::{Query as _, params};
use xiezhi::base::notice::queue::{self, CLAIM, Claim};
use xiezhi::base::notice::{group, send};
use xiezhi::edge::jobs;
use xiezhi::kit::Who;
use xiezhi::kit::time::{DAY, HOUR, MINUTE, Ms};
use xiezhi::records::case::Rulebook;
use xiezhi::records::case::report::{self, NewReport};

use super::fake::{fake, http};
use super::notice::{bodies, gateway, reachable, secret, settle, sms, tell};
use super::world::{COMMUNITY, World, on_each_engine};

/// State, tries and error of every message, in their order.
fn states(w: &World) -> Vec<(String, i64, String)> {
    let rows = w.app.db.read(|r| r.rows("select state, tries, error from delivery order by id", &[])).unwrap();
    let error = |r: &store::Row| r.get::<Option<String>>("error").unwrap().unwrap_or_default();
    rows.iter().map(|r| (r.get("state").unwrap(), r.get("tries").unwrap(), error(r))).collect()
}

fn state(w: &World) -> String {
    states(w).pop().unwrap().0
}

/// A robot of the first community.
fn robot(w: &mut World, kind: &str, url: &str, signed: bool) {
    let address = secret(w, "robot", url);
    let sign = if signed { format!("secret_file = '{}'\n", secret(w, "sign", "SEC1").display()) } else { String::new() };
    let text = format!(
        "name = 'g1'\nkind = '{kind}'\nurl_file = '{}'\n{sign}area = '{COMMUNITY}'\nevery_minutes = 1",
        address.display()
    );
    w.configure(|c| {
        c.file.public_url = Some("https://c.example".into());
        c.file.notice.robot = vec![toml::from_str(&text).unwrap()];
    });
}

#[test]
fn a_crash_in_the_middle_of_sending_is_shown_and_nothing_is_sent_twice() {
    on_each_engine(|w| {
        let system = gateway();
        sms(w, &system.url, "");
        reachable(w, "clerk", "sms", "13900000001");
        tell(w, "clerk", "work-dispatch", &["260304-0001"], true);
        // The program marks it and ends before the call, or after it: nobody can tell.
        let id = w.app.db.read(|r| queue::due(r, "sms", w.app.now(), 1)).unwrap().pop().unwrap();
        let claim = |w: &World| {
            let id = id.clone();
            w.app.db.write(move |tx| queue::claim(tx, &id, &[])).unwrap().value
        };
        assert!(matches!(claim(w), Claim::Ours(_)));
        assert!(matches!(claim(w), Claim::Gone), "nobody else takes it");
        w.restart();
        send::round(&w.app).unwrap();
        assert_eq!((state(w).as_str(), system.asked().len()), ("sending", 0));
        w.app.ambience.advance(CLAIM + 1);
        for _ in 0..3 {
            send::round(&w.app).unwrap();
            w.app.ambience.advance(DAY);
        }
        assert_eq!((state(w).as_str(), system.asked().len()), ("unknown", 0));
        let admin = w.client(Some("admin"));
        let seen = admin.get("/notices/deliveries").json();
        let item = &seen["items"][0];
        assert_eq!((&item["state"], &item["channel"], &item["id"]), (&json!("unknown"), &json!("sms"), &json!(id)));
        let decide = |choice: &str| format!("/notices/deliveries/{id}/{choice}");
        for login in ["clerk", "resident", "street"] {
            assert_eq!(w.client(Some(login)).post(&decide("again"), &json!({})).status, 403, "{login}");
        }
        assert_eq!(admin.post(&decide("perhaps"), &json!({})).status, 404);
        assert_eq!(admin.post("/notices/deliveries/none/again", &json!({})).status, 404);
        // Whoever looked decides.
        assert_eq!(admin.post(&decide("again"), &json!({})).status, 200);
        settle(w);
        assert_eq!((state(w).as_str(), system.asked().len()), ("sent", 1));
        assert_eq!(admin.post(&decide("again"), &json!({})).error(), (409, "state".into()), "what left is not sent again");
        assert_eq!(admin.get("/notices/deliveries").json()["items"], json!([]));
    });
}

#[test]
fn several_processes_on_one_database_send_each_message_once_and_keep_the_limit_together() {
    on_each_engine(|w| {
        if w.app.config.database_url.is_none() {
            return; // A file is one process's.
        }
        let system = gateway();
        sms(w, &system.url, "per_minute = 25");
        let people = ["clerk", "clerk2", "property", "helper", "street", "stranger", "grid", "head", "resident", "neighbour"];
        for (i, login) in people.iter().enumerate() {
            reachable(w, login, "sms", &format!("1390000{i:04}"));
        }
        let other = Arc::new(xiezhi::kit::App::open(w.app.config.clone()).unwrap());
        other.ambience.advance(w.app.now() - other.now());
        for round in 0..4 {
            for login in people {
                tell(w, login, "work-dispatch", &[&format!("260304-{round:04}")], true);
            }
            std::thread::scope(|s| {
                for app in [&w.app, &other] {
                    s.spawn(|| (0..3).for_each(|_| send::round(app).unwrap()));
                }
            });
        }
        let ids = |all: Vec<Json>| all.into_iter().map(|b| b["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
        assert_eq!(system.asked().len(), 25, "the clock stands still: one minute's worth for both together");
        for app in [&w.app, &other] {
            app.ambience.advance(2 * MINUTE);
        }
        std::thread::scope(|s| {
            for app in [&w.app, &other] {
                s.spawn(|| (0..3).for_each(|_| send::round(app).unwrap()));
            }
        });
        let mut sent = ids(bodies(&system));
        let all = sent.len();
        sent.sort();
        sent.dedup();
        assert_eq!(sent.len(), all, "no id twice");
        assert!(states(w).iter().all(|s| s.0 == "sent" && s.1 == 1), "{:?}", states(w));
        let told = w.app.db.read(|r| r.count("select count(*) from delivery_item", &[])).unwrap();
        assert_eq!(told, 40);
    });
}

#[test]
fn a_gateway_that_takes_an_id_once_gets_it_again_after_a_crash() {
    on_each_engine(|w| {
        // It takes the message and then the line is cut; the second time it answers.
        let calls = Arc::new(AtomicUsize::new(0));
        let count = calls.clone();
        let system = fake("/send", move |_| match count.fetch_add(1, Ordering::SeqCst) {
            0 => Vec::new(),
            _ => http("200 OK", "", "{}"),
        });
        sms(w, &system.url, "once = true");
        reachable(w, "clerk", "sms", "13900000001");
        tell(w, "clerk", "work-dispatch", &["260304-0001"], true);
        send::round(&w.app).unwrap();
        assert_eq!(state(w), "waiting");
        w.app.ambience.advance(HOUR);
        send::round(&w.app).unwrap();
        let ids: Vec<Json> = bodies(&system).iter().map(|b| b["id"].clone()).collect();
        assert_eq!((state(w).as_str(), ids.len(), ids[0] == ids[1]), ("sent", 2, true));
        // One that does not say so is not asked again.
        w.configure(|c| c.file.notice.sms.as_mut().unwrap().once = false);
        calls.store(0, Ordering::SeqCst);
        tell(w, "clerk", "work-dispatch", &["260304-0002"], true);
        for _ in 0..3 {
            send::round(&w.app).unwrap();
            w.app.ambience.advance(DAY);
        }
        assert_eq!((state(w).as_str(), calls.load(Ordering::SeqCst)), ("unknown", 1));
    });
}

#[test]
fn what_was_for_certain_not_taken_is_tried_again_and_what_is_refused_is_shown() {
    on_each_engine(|w| {
        let answers: Arc<Mutex<Vec<&'static str>>> = Arc::new(Mutex::new(vec!["503 Busy", "429 Slow", "200 OK"]));
        let next = answers.clone();
        let system = fake("/send", move |_| {
            let mut all = next.lock().unwrap();
            http(if all.len() > 1 { all.remove(0) } else { all[0] }, "", r#"{"code":"OK"}"#)
        });
        sms(w, &system.url, "ok = '\"OK\"'");
        reachable(w, "clerk", "sms", "13900000001");
        tell(w, "clerk", "work-dispatch", &["260304-0001"], true);
        for tries in 1..=3 {
            send::round(&w.app).unwrap();
            send::round(&w.app).unwrap();
            assert_eq!(system.asked().len(), tries, "one try, then a pause");
            w.app.ambience.advance(HOUR);
        }
        assert_eq!(states(w), [("sent".to_owned(), 3, String::new())]);
        // Refused for good: somebody must look.
        answers.lock().unwrap()[0] = "403 No";
        tell(w, "clerk", "work-dispatch", &["260304-0002"], true);
        for _ in 0..3 {
            send::round(&w.app).unwrap();
            w.app.ambience.advance(DAY);
        }
        let last = states(w).pop().unwrap();
        assert_eq!((last.0.as_str(), last.1), ("stuck", 1));
        assert!(last.2.starts_with("http-403"), "{last:?}");
        // Nobody at home: it is given up after some tries, and the errors tell no secret.
        let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        w.configure(|c| c.file.notice.sms.as_mut().unwrap().url = format!("http://{gone}/"));
        tell(w, "clerk", "work-dispatch", &["260304-0003"], true);
        for _ in 0..20 {
            send::round(&w.app).unwrap();
            w.app.ambience.advance(DAY);
        }
        let last = states(w).pop().unwrap();
        assert_eq!((last.0.as_str(), last.1), ("stuck", 8));
        assert!(last.2.starts_with("network") && !last.2.contains("s3cret"), "{last:?}");
        let decided = w.app.db.read(|r| r.row("select id from delivery where state = 'stuck' order by id limit 1", &[])).unwrap();
        let id: String = decided.unwrap().get("id").unwrap();
        assert_eq!(w.client(Some("admin")).post(&format!("/notices/deliveries/{id}/leave"), &json!({})).status, 200);
        let sql = "select count(*) from delivery where id = $1 and state = 'void' and address is null";
        assert_eq!(w.app.db.read(|r| r.count(sql, params![&id])).unwrap(), 1);
        // A gateway that says 200 to everything and means no.
        let liar = fake("/send", |_| http("200 OK", "", r#"{"code":"isv.BUSINESS_LIMIT_CONTROL"}"#));
        w.configure(|c| c.file.notice.sms.as_mut().unwrap().url = liar.url.clone());
        tell(w, "clerk", "work-dispatch", &["260304-0004"], true);
        settle(w);
        assert!(states(w).pop().unwrap().2.contains("BUSINESS_LIMIT"), "{:?}", states(w));
    });
}

#[test]
fn a_burst_never_passes_a_limit_and_every_notice_is_in_the_inbox_at_once() {
    on_each_engine(|w| {
        let times: Arc<Mutex<Vec<Ms>>> = Arc::default();
        let (kept, clock) = (times.clone(), w.app.ambience.clone());
        let system = fake("/send", move |_| {
            kept.lock().unwrap().push(store::Ambient::now_ms(&*clock));
            http("200 OK", "", "{}")
        });
        sms(w, &system.url, "per_minute = 20");
        // The clock that the gateway looks at is the one of the program that runs now.
        let clock = w.app.ambience.clone();
        let people = ["clerk", "clerk2", "property", "helper", "street", "stranger", "grid", "head", "resident", "neighbour"];
        for (i, login) in people.iter().enumerate() {
            reachable(w, login, "sms", &format!("1390000{i:04}"));
        }
        for round in 0..15 {
            for login in people {
                // Each of its own: what was sent is not joined by what comes later.
                tell(w, login, "work-dispatch", &[&format!("260304-{round:04}")], true);
            }
            let unread = w.app.db.read(|r| r.count("select count(*) from inbox where read_at is null", &[])).unwrap();
            assert_eq!(unread, (round + 1) * 10);
            send::round(&w.app).unwrap();
            clock.advance(7_000);
        }
        for _ in 0..60 {
            send::round(&w.app).unwrap();
            clock.advance(5_000);
        }
        let sql = "select at from delivery_try order by at";
        let tries: Vec<Ms> = w.app.db.read(|r| r.rows(sql, &[])).unwrap().iter().map(|r| r.get("at").unwrap()).collect();
        assert_eq!(tries.len(), system.asked().len());
        assert!(tries.len() >= 40, "the burst is larger than the limit: {}", tries.len());
        for (i, end) in tries.iter().enumerate() {
            let inside = tries[..=i].iter().filter(|t| **t > end - MINUTE).count();
            assert!(inside <= 20, "{inside} within a minute");
        }
        assert_eq!(w.app.db.read(|r| r.count("select count(*) from delivery where state <> 'sent'", &[])).unwrap(), 0);
        let told: i64 = w.app.db.read(|r| r.count("select cast(sum(n) as bigint) from delivery", &[])).unwrap();
        assert_eq!(told, 150, "each is told of once");
        assert_eq!(times.lock().unwrap().len(), tries.len());
    });
}

#[test]
fn a_group_hears_numbers_in_one_message_and_no_word_of_what_was_said() {
    on_each_engine(|w| {
        for (kind, path) in [
            ("wecom", "/hook?key=robot-k3y-of-the-story"),
            ("dingtalk", "/robot/send?access_token=robot-k3y-of-the-story"),
            ("feishu", "/hook/robot-k3y-of-the-story"),
        ] {
            let system = fake(path, |_| http("200 OK", "", r#"{"errcode":0,"code":0}"#));
            robot(w, kind, &system.url, kind != "wecom");
            group::follow(&w.app).unwrap();
            let numbers: Vec<String> = (0..300).map(|_| report(w, "王秀英家漏水，电话13812345678")).collect();
            for _ in 0..3 {
                send::round(&w.app).unwrap();
                w.app.ambience.advance(MINUTE);
            }
            let asked = system.asked();
            assert_eq!(asked.len(), 1, "{kind}: a storm of reports is one message");
            let body: Json = bodies(&system).remove(0);
            let text = if kind == "feishu" { &body["content"]["text"] } else { &body["text"]["content"] };
            let text = text.as_str().unwrap();
            assert!(text.len() <= 2048 && text.contains("新报事 300 件") && text.contains(&numbers[0]), "{text}");
            assert!(text.ends_with(&format!("https://c.example/cases?area={COMMUNITY}")), "{text}");
            assert!(!text.contains("王秀英") && !text.contains("138") && !text.contains("漏水"), "{text}");
            let head = asked[0].lines().next().unwrap();
            match kind {
                "dingtalk" => assert!(head.contains("&timestamp=") && head.contains("&sign="), "{head}"),
                "feishu" => assert!(body["sign"].is_string() && body["timestamp"].is_string(), "{body}"),
                _ => assert_eq!(body["msgtype"], "text"),
            }
        }
    });
}

#[test]
fn a_robot_that_is_too_fast_is_left_alone_and_its_key_is_told_nowhere() {
    on_each_engine(|w| {
        let calls = Arc::new(AtomicUsize::new(0));
        let count = calls.clone();
        let system = fake("/hook?key=robot-k3y-of-the-story", move |_| match count.fetch_add(1, Ordering::SeqCst) {
            0 => http("200 OK", "", r#"{"errcode":45009,"errmsg":"api freq out of limit"}"#),
            1 => http("200 OK", "", r#"{"errcode":93000,"errmsg":"invalid webhook url"}"#),
            _ => Vec::new(),
        });
        robot(w, "wecom", &system.url, false);
        report(w, "灯坏了");
        group::follow(&w.app).unwrap();
        w.app.ambience.advance(MINUTE);
        send::round(&w.app).unwrap();
        for minutes in 1..10 {
            report(w, "门坏了");
            w.app.ambience.advance(MINUTE);
            send::round(&w.app).unwrap();
            assert_eq!(calls.load(Ordering::SeqCst), 1, "left alone in minute {minutes}");
        }
        w.app.ambience.advance(2 * HOUR);
        send::round(&w.app).unwrap();
        send::round(&w.app).unwrap();
        send::round(&w.app).unwrap();
        let all = states(w);
        let mut ends: Vec<&str> = all.iter().map(|s| s.0.as_str()).collect();
        ends.sort_unstable();
        assert_eq!(ends, ["stuck", "unknown"], "{all:?}");
        assert!(all.iter().all(|s| !s.2.contains("robot-k3y-of-the-story")), "{all:?}");
        // The key is in no entry of the log either.
        let sql = "select count(*) from log where leaf like '%robot-k3y-of-the-story%'";
        assert_eq!(w.app.db.read(|r| r.count(sql, &[])).unwrap(), 0);
    });
}

#[test]
fn what_left_long_ago_is_taken_out_and_what_somebody_must_look_at_stays() {
    on_each_engine(|w| {
        let system = fake("/send", |asked| http(if asked.contains("13900000002") { "403 No" } else { "200 OK" }, "", "{}"));
        sms(w, &system.url, "");
        reachable(w, "clerk", "sms", "13900000001");
        reachable(w, "clerk2", "sms", "13900000002");
        tell(w, "clerk", "work-dispatch", &["260304-0001"], true);
        tell(w, "clerk2", "work-dispatch", &["260304-0001"], true);
        settle(w);
        let left = |w: &World| {
            let stale = w.app.db.read(|r| queue::is_stale(r, w.app.now())).unwrap();
            w.app.db.write(queue::sweep).unwrap();
            let count = |table: &str| {
                let sql = format!("select count(*) from {table}");
                w.app.db.read(|r| r.count(&sql, &[])).unwrap()
            };
            (stale, count("delivery"), count("delivery_item"), count("delivery_try"))
        };
        w.app.ambience.advance(89 * DAY);
        assert_eq!(left(w), (false, 2, 2, 2));
        w.app.ambience.advance(2 * DAY);
        assert_eq!(left(w), (true, 1, 1, 1));
        assert_eq!((state(w).as_str(), left(w).0), ("stuck", false));
    });
}

#[test]
fn groups_hear_of_their_area_alone_and_not_of_the_past() {
    on_each_engine(|w| {
        report(w, "旧事");
        w.app.ambience.advance(2 * DAY);
        let system = fake("/hook", |_| http("200 OK", "", r#"{"errcode":0}"#));
        robot(w, "wecom", &system.url, false);
        let anyone = w.client(None);
        let other = anyone.post("/reports", &json!({ "text": "别处", "place": { "area": super::world::SIBLING } }));
        assert_eq!(other.status, 201);
        let (number, _) = anyone.report("本地");
        for _ in 0..3 {
            settle(w);
            group::follow(&w.app).unwrap();
            w.app.ambience.advance(MINUTE);
        }
        settle(w);
        // By night the group sleeps, but not when somebody is in danger.
        w.app.ambience.advance(14 * HOUR);
        file(w, NewReport { text: Some("灯坏了".into()), class: Some("lighting".into()), ..NewReport::default() });
        settle(w);
        group::follow(&w.app).unwrap();
        settle(w);
        assert_eq!(bodies(&system).len(), 1);
        let urgent = Rulebook::now(&w.app).unwrap().classes.iter().find(|c| c.urgent).unwrap().code.clone();
        file(w, NewReport { text: Some("快来".into()), class: Some(urgent), ..NewReport::default() });
        group::follow(&w.app).unwrap();
        settle(w);
        let mut all = bodies(&system);
        assert_eq!(all.len(), 2, "{all:?}");
        assert!(all.pop().unwrap()["text"]["content"].as_str().unwrap().contains("新报事 2 件"));
        let text = all[0]["text"]["content"].as_str().unwrap();
        assert!(text.contains("新报事 1 件") && text.contains(&number), "{text}");
        jobs::follow(&w.app).unwrap();
    });
}

/// Reports something in the first community without a server; gives the number.
fn report(w: &World, text: &str) -> String {
    file(w, NewReport { text: Some(text.into()), ..NewReport::default() })
}

/// Files a report in the first community without a server; gives the number.
pub fn file(w: &World, new: NewReport) -> String {
    let new = NewReport { area: Some(COMMUNITY.into()), channel: "web".into(), ..new };
    let spot = report::place(&w.app, &new).unwrap();
    let (book, zone) = (Rulebook::now(&w.app).unwrap(), w.app.config.zone.clone());
    let made = w.app.db.write(move |tx| report::make(tx, &book, &Who::default(), &new, &spot, &zone)).unwrap();
    made.value.0.number
}
