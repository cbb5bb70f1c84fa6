//! The inbox and how somebody wants to be told.

use serde_json::{Value as Json, json};
use store::{Query as _, params};
use xiezhi::base::notice::{self, New, Step, send};
use xiezhi::edge::jobs;
use xiezhi::kit::config::Config;
use xiezhi::kit::time::{DAY, HOUR, MINUTE, parse};
use xiezhi::records::reach;

use super::fake::{Fake, fake, http};
use super::world::{Client, World, on_each_engine};

/// A file with a secret in the world's folder.
pub fn secret(w: &World, name: &str, text: &str) -> std::path::PathBuf {
    let path = w.dir.path().join(name);
    std::fs::write(&path, text).unwrap();
    path
}

/// Lets the world have a gateway for SMS, with more settings.
pub fn sms(w: &mut World, url: &str, more: &str) {
    let (secret, reply) = (secret(w, "sms", "s3cret\n"), secret(w, "reply", "r3ply"));
    let text = format!(
        "url = '{url}'\nsecret_file = '{}'\nreply_secret_file = '{}'\nheaders = {{ authorization = 'Bearer ${{secret}}' }}\nid_field = 'sid'\n\
         sign = '【一社区】'\nbody = '{{\"to\":\"${{phone}}\",\"text\":\"${{text}}\",\"id\":\"${{id}}\"}}'\n{more}",
        secret.display(),
        reply.display()
    );
    w.configure(|c: &mut Config| {
        c.file.public_url = Some("https://c.example".into());
        c.file.notice.sms = Some(toml::from_str(&text).unwrap());
    });
}

/// A gateway that takes everything.
pub fn gateway() -> Fake {
    fake("/send", |_| http("200 OK", "", r#"{"sid":"g-1"}"#))
}

/// The JSON bodies of what a gateway was asked.
pub fn bodies(fake: &Fake) -> Vec<Json> {
    fake.asked().iter().map(|a| serde_json::from_str(a.split_once("\r\n\r\n").unwrap().1).unwrap()).collect()
}

/// Everything that is due by now happens, whoever does it: this story or the jobs of a served world.
pub fn settle(w: &World) {
    for _ in 0..400 {
        jobs::follow(&w.app).unwrap();
        reach::follow::follow(&w.app).unwrap();
        send::round(&w.app).unwrap();
        let now = w.app.now();
        let busy = |r: &mut store::Read| {
            let size = r.log_size()?;
            let behind = [r.cursor("notice")?, r.cursor("reach")?].into_iter().any(|c| c < size);
            let sql = "select count(*) from delivery where state = 'sending' or state = 'waiting' and next_at <= $1";
            Ok::<_, store::Error>(behind || r.count(sql, params![now])? > 0)
        };
        if !w.app.db.read(busy).unwrap() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("it never comes to rest");
}

/// Somebody has an address that is confirmed.
pub fn reachable(w: &World, login: &str, channel: &'static str, address: &str) {
    let (person, address) = (w.who(login).person.unwrap(), address.to_owned());
    let write = move |tx: &mut store::Tx| {
        let sealed = tx.seal(&person, address.as_bytes())?;
        tx.exec(
            "insert into notice_address(person, channel, address, confirmed_at, wrong) values ($1, $2, $3, 1, 0)",
            params![&person, channel, sealed],
        )?;
        tx.follow("story", 0)?;
        Ok::<_, xiezhi::kit::Error>(())
    };
    w.app.db.write(write).unwrap();
}

/// Puts notices into somebody's inbox, as a follower does.
pub fn tell(w: &World, login: &str, kind: &str, subjects: &[&str], urgent: bool) {
    let (person, zone, at) = (w.who(login).person.unwrap(), w.app.config.zone.clone(), w.app.now());
    let new = |s: &&str| New { person: person.clone(), at, kind: kind.into(), subject: (*s).to_owned(), class: None, urgent };
    let all: Vec<New> = subjects.iter().map(new).collect();
    let write = move |tx: &mut store::Tx| {
        notice::put(tx, &zone, &all)?;
        tx.follow("story", 0)?;
        Ok::<_, xiezhi::kit::Error>(())
    };
    w.app.db.write(write).unwrap();
}

fn lines(inbox: &Json) -> Vec<(String, i64, bool)> {
    let line = |i: &Json| (i["subject"].as_str().unwrap().to_owned(), i["unread"].as_i64().unwrap(), i["need"] == true);
    inbox["items"].as_array().unwrap().iter().map(line).collect()
}

#[test]
fn what_waits_for_me_stands_first_until_it_moves_on() {
    on_each_engine(|w| {
        let (resident, clerk, property) = (w.client(Some("resident")), w.client(Some("clerk")), w.client(Some("property")));
        let (one, _) = resident.report("灯坏了");
        let (two, _) = resident.report("门坏了");
        let body = w.body("property");
        let done = |who: &Client, number: &str, action: &str, said: Json| {
            assert_eq!(who.act(number, action, said).status, 200, "{action}");
            w.app.ambience.advance(1000);
            jobs::follow(&w.app).unwrap();
        };
        for number in [&one, &two] {
            done(&clerk, number, "accept", json!({ "class": "lighting" }));
            done(&clerk, number, "dispatch", json!({ "to": body }));
        }
        let inbox = property.get("/inbox").json();
        assert_eq!(lines(&inbox), [(two.clone(), 1, true), (one.clone(), 1, true)]);
        assert_eq!(inbox["need"], 2);
        let named = (&inbox["items"][0]["class"], inbox["items"][0]["class_name"].as_str().unwrap().to_owned());
        assert_eq!(named.0, "lighting", "a line says what it is about");
        let page = property.get_as("/inbox", "text/html").text;
        assert!(page.contains(&named.1), "{page}");
        assert!(property.get_as(&format!("/inbox?subject={one}"), "text/html").text.contains(&named.1));
        // The firm did its part: now the desk is waited for, and the firm no longer.
        done(&property, &one, "accept", json!({}));
        assert_eq!(property.get("/inbox").json()["need"], 2, "taking it on is not doing it");
        // The desk is asked, and answers: the firm goes on.
        done(&property, &one, "ask", json!({ "ask": "extend", "reason": "等零件" }));
        assert_eq!(clerk.get("/inbox").json()["need"], 1);
        done(&clerk, &one, "refuse", json!({ "reason": "零件有" }));
        assert_eq!(
            (clerk.get("/inbox").json()["need"].clone(), property.get("/inbox").json()["need"].clone()),
            (json!(0), json!(2))
        );
        done(&property, &one, "feedback", json!({ "text": "换了" }));
        assert_eq!(lines(&property.get("/inbox").json()), [(two.clone(), 1, true), (one.clone(), 2, false)]);
        assert_eq!(lines(&clerk.get("/inbox").json()), [(one.clone(), 2, true)]);
        done(&clerk, &one, "check", json!({}));
        assert_eq!(clerk.get("/inbox").json()["need"], 1, "looking is not closing");
        done(&clerk, &one, "close", json!({}));
        assert_eq!(lines(&clerk.get("/inbox").json()), [(one.clone(), 2, false)]);
        // The reporter has a line for each matter, with all that happened in it.
        let mine = resident.get("/inbox").json();
        let first = &mine["items"][0];
        assert_eq!((&first["subject"], &first["kind"], &first["need"]), (&json!(one), &json!("mine-close"), &json!(false)));
        let all = resident.get(&format!("/inbox?subject={one}")).json();
        assert_eq!(all["items"].as_array().unwrap().len() as i64, first["count"].as_i64().unwrap());
        // Read is read by matter; what came later stays new.
        let before = w.app.time(w.app.now());
        w.app.ambience.advance(1000);
        done(&property, &two, "return", json!({ "reason": "还要看" }));
        let left = resident.post("/inbox/read", &json!({ "subject": two, "before": before })).json()["unread"].as_i64().unwrap();
        let mine = resident.get("/inbox").json();
        assert_eq!(mine["unread"], left);
        assert_eq!(lines(&mine).iter().find(|l| l.0 == two).unwrap().1, 1, "{mine}");
        assert_eq!(resident.post("/inbox/read", &json!({})).json()["unread"], 0);
        assert!(lines(&resident.get("/inbox").json()).iter().all(|l| l.1 == 0));
        assert_eq!(resident.post("/inbox/read", &json!({ "before": "yesterday" })).status, 422);
        let page = resident.get_as("/inbox", "text/html").text;
        assert!(page.contains(&one) && !page.contains('⟦'), "{page}");
    });
}

#[test]
fn whoever_took_it_himself_is_still_waited_for() {
    on_each_engine(|w| {
        let (person, other) = (w.who("clerk").person.unwrap(), w.who("clerk2").person.unwrap());
        let zone = w.app.config.zone.clone();
        let new = |p: &str, kind: &str| {
            Step::Tell(New { person: p.into(), at: 5, kind: kind.into(), subject: "1".into(), class: None, urgent: false })
        };
        let steps = [
            new(&person, "work-dispatch"),
            new(&other, "work-dispatch"),
            Step::Done("1".into(), vec![other.clone()]),
            Step::Settled("2".into()),
        ];
        let write = move |tx: &mut store::Tx| {
            notice::take(tx, &zone, &steps)?;
            tx.follow("story", 0)?;
            Ok::<_, xiezhi::kit::Error>(())
        };
        w.app.db.write(write).unwrap();
        let sql = "select person from inbox_matter where need_at is not null";
        let rows = w.app.db.read(|r| r.rows(sql, &[])).unwrap();
        assert_eq!(rows.iter().map(|r| r.get::<String>("person").unwrap()).collect::<Vec<_>>(), [person]);
    });
}

#[test]
fn pages_of_the_inbox_have_no_gap_and_no_overlap() {
    on_each_engine(|w| {
        let all: Vec<String> = (0..100).map(|i| format!("260304-{i:04}")).collect();
        for (i, number) in all.iter().enumerate() {
            // Several at the same moment, some of which wait for the reader.
            w.app.ambience.advance(if i % 3 == 0 { 1000 } else { 0 });
            tell(w, "clerk", if i % 4 == 0 { "work-dispatch" } else { "work-grant" }, &[number], false);
        }
        tell(w, "clerk", "work-grant", &[&all[0], &all[1], &all[1]], false);
        let clerk = w.client(Some("clerk"));
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = clerk.get(&format!("/inbox?cursor={cursor}")).json();
            assert_eq!(page["unread"], 100, "no more are counted");
            seen.extend(lines(&page));
            match page["next"].as_str() {
                Some(next) => cursor = next.to_owned(),
                None => break,
            }
        }
        assert_eq!(seen.iter().filter(|l| l.2).count(), 25);
        assert!(seen[..25].iter().all(|l| l.2), "those that wait stand first");
        assert_eq!(seen.iter().find(|l| l.0 == all[1]).unwrap().1, 3);
        let mut numbers: Vec<String> = seen.into_iter().map(|l| l.0).collect();
        numbers.sort();
        assert_eq!(numbers, all);
        for bad in ["x", "n_1", "a_b_c"] {
            assert_eq!(clerk.get(&format!("/inbox?cursor={bad}")).status, 422, "{bad}");
        }
    });
}

#[test]
fn an_inbox_from_before_has_its_lines_too() {
    on_each_engine(|w| {
        for (i, kind) in ["mine-accept", "mine-dispatch", "mine-close"].iter().enumerate() {
            w.app.ambience.advance(1000);
            tell(w, "resident", kind, &["260304-0001"], false);
            tell(w, "neighbour", kind, &["260304-0001", ["260304-0002", "260304-0003", "260304-0003"][i]], false);
        }
        let resident = w.who("resident").person.unwrap();
        let write = move |tx: &mut store::Tx| {
            tx.exec("update inbox set read_at = 1 where person = $1 and kind = 'mine-accept'", params![&resident])?;
            tx.exec("update inbox_matter set unread = unread - 1 where person = $1", params![&resident])?;
            tx.follow("story", 0)
        };
        w.app.db.write(write).unwrap();
        let lines = |w: &World| -> Vec<String> {
            let sql = "select person, subject, at, kind, n, unread from inbox_matter order by person, subject";
            w.app.db.read(|r| r.rows(sql, &[])).unwrap().iter().map(|r| format!("{r:?}")).collect()
        };
        let before = lines(w);
        assert_eq!(before.len(), 4);
        let migration = include_str!("../../../../migrations/0021_notice.sql");
        let begin = migration.find("insert into inbox_matter").unwrap();
        let sql = migration[begin..].split(';').next().unwrap();
        let write = move |tx: &mut store::Tx| {
            tx.exec("delete from inbox_matter", &[])?;
            tx.exec(sql, &[])?;
            tx.follow("story", 0)
        };
        w.app.db.write(write).unwrap();
        assert_eq!(lines(w), before);
    });
}

#[test]
fn lines_from_before_are_named_and_lines_of_nothing_known_still_show() {
    on_each_engine(|w| {
        let (resident, clerk) = (w.client(Some("resident")), w.client(Some("clerk")));
        let (number, _) = resident.report("灯坏了");
        assert_eq!(clerk.act(&number, "accept", json!({ "class": "lighting" })).status, 200);
        w.app.ambience.advance(1000);
        tell(w, "resident", "mine-accept", &[&number, "260304-9999"], false);
        let unnamed = |tx: &mut store::Tx| {
            tx.exec("update inbox_matter set class = null", &[])?;
            tx.follow("story", 0)
        };
        w.app.db.write(unnamed).unwrap();
        let shown = resident.get("/inbox").json();
        assert!(shown["items"].as_array().unwrap().iter().all(|i| i["class_name"].is_null()), "{shown}");
        assert!(resident.get_as("/inbox", "text/html").text.contains("260304-9999"));
        let migration = include_str!("../../../../migrations/0033_named.sql");
        let sql = migration[migration.find("update inbox_matter").unwrap()..].split(';').next().unwrap();
        let named = move |tx: &mut store::Tx| {
            tx.exec(sql, &[])?;
            tx.follow("story", 0)
        };
        w.app.db.write(named).unwrap();
        let shown = resident.get("/inbox").json();
        let class = |n: &str| shown["items"].as_array().unwrap().iter().find(|i| i["subject"] == n).unwrap()["class"].clone();
        assert_eq!((class(&number), class("260304-9999")), (json!("lighting"), Json::Null));
    });
}

#[test]
fn an_address_is_used_when_its_code_came_back() {
    on_each_engine(|w| {
        let system = gateway();
        sms(w, &system.url, "");
        let (clerk, admin) = (w.client(Some("clerk")), w.client(Some("admin")));
        let seen = clerk.get("/me/notices").json();
        assert_eq!((&seen["quiet_from"], &seen["quiet_to"], &seen["digest"]), (&json!("21:00"), &json!("08:00"), &json!("now")));
        assert_eq!((&seen["channels"][0]["state"], &seen["channels"][1]["state"]), (&json!("absent"), &json!("ready")));
        for (body, field) in [
            (json!({ "channel": "sms", "address": "0514-87654321" }), "address"),
            (json!({ "channel": "email", "address": "a@b.example" }), "channel"),
            (json!({ "channel": "pigeon", "address": "x" }), "channel"),
            (json!({ "channel": "sms" }), "address"),
        ] {
            let answer = clerk.post("/me/notices/address", &body);
            assert_eq!((answer.status, &answer.json()["field"]), (422, &json!(field)), "{body}");
        }
        let ask = json!({ "channel": "sms", "address": "+86 139 1234 5678" });
        let made = clerk.post("/me/notices/address", &ask).json();
        assert_eq!((&made["channels"][1]["address"], &made["channels"][1]["confirmed"]), (&json!("13912345678"), &json!(false)));
        // Nothing but the code goes there.
        tell(w, "clerk", "work-dispatch", &["260304-0001"], true);
        settle(w);
        let sent = bodies(&system);
        assert_eq!((sent.len(), &sent[0]["to"]), (1, &json!("13912345678")));
        assert!(system.asked()[0].contains("Bearer s3cret"));
        let text = sent[0]["text"].as_str().unwrap();
        let code: String = text.chars().filter(char::is_ascii_digit).take(6).collect();
        let confirm = |code: &str| clerk.post("/me/notices/confirm", &json!({ "channel": "sms", "code": code })).status;
        let wrong = if code == "000000" { "000001" } else { "000000" };
        assert_eq!(confirm(wrong), 422);
        assert_eq!(confirm(&code), 200);
        w.app.ambience.advance(1000);
        tell(w, "clerk", "work-dispatch", &["260304-0002"], false);
        settle(w);
        let sent = bodies(&system);
        assert_eq!(sent.len(), 2);
        assert_eq!(sent[1]["text"], "【一社区】您有 1 条新消息，请看 https://c.example/inbox");
        let seen = clerk.get("/me/notices").json();
        assert_eq!(
            (&seen["sent"][0]["state"], &seen["sent"][0]["n"], &seen["sent"][1]["kind"]),
            (&json!("sent"), &json!(1), &json!("code"))
        );
        // The number is in no row that is left, in no log entry, and on no page of others.
        let rows = w
            .app
            .db
            .read(|r| r.count("select count(*) from delivery where address is not null or code is not null", &[]))
            .unwrap();
        assert_eq!(rows, 0);
        for text in [admin.get("/notices/deliveries").text, admin.get_as("/notices/deliveries", "text/html").text] {
            assert!(!text.contains("13912345678") && !text.contains(&code) && !text.contains('⟦'), "{text}");
        }
        let page = clerk.get_as("/me/notices", "text/html").text;
        assert!(page.contains("13912345678") && !page.contains('⟦'));
        // Off is off, also for what waits.
        w.app.ambience.advance(parse("2026-03-04T22:00:00+08:00").unwrap() - w.app.now());
        tell(w, "clerk", "work-dispatch", &["260304-0003"], false);
        assert_eq!(clerk.post("/me/notices/off", &json!({ "channel": "sms" })).status, 200);
        w.app.ambience.advance(DAY);
        settle(w);
        assert_eq!(bodies(&system).len(), 2);
        assert_eq!(clerk.get("/inbox").json()["need"], 3, "every one is in the inbox");
    });
}

#[test]
fn codes_cannot_be_guessed_and_not_used_to_pester() {
    on_each_engine(|w| {
        let system = gateway();
        sms(w, &system.url, "");
        let clerk = w.client(Some("clerk"));
        let ask = || clerk.post("/me/notices/address", &json!({ "channel": "sms", "address": "13912345678" }));
        let code = |n: usize| -> String {
            settle(w);
            bodies(&system)[n]["text"].as_str().unwrap().chars().filter(char::is_ascii_digit).take(6).collect()
        };
        let confirm = |code: &str| clerk.post("/me/notices/confirm", &json!({ "channel": "sms", "code": code })).status;
        assert_eq!(ask().status, 200);
        let right = code(0);
        let wrong = |i: u32| format!("{:06}", (right.parse::<u32>().unwrap() + i) % 1_000_000);
        for i in 1..=5 {
            assert_eq!(confirm(&wrong(i)), 422);
        }
        assert_eq!(confirm(&right), 422, "five wrong ones end it");
        assert_eq!(ask().status, 200);
        let second = code(1);
        w.app.ambience.advance(11 * MINUTE);
        assert_eq!(confirm(&second), 422, "ten minutes end it");
        for _ in 0..3 {
            assert_eq!(ask().status, 200);
        }
        assert_eq!(ask().error(), (429, "slow-down".into()), "five in a day");
        assert_eq!(clerk.post("/me/notices/confirm", &json!({ "channel": "sms", "code": "" })).status, 422);
        w.app.ambience.advance(DAY + HOUR);
        assert_eq!(ask().status, 200);
    });
}

#[test]
fn nights_are_quiet_and_digests_gather_but_emergencies_go_through() {
    on_each_engine(|w| {
        let system = gateway();
        sms(w, &system.url, "");
        reachable(w, "property", "sms", "13900000001");
        let property = w.client(Some("property"));
        let wish = |from: &str, to: &str, digest: &str| {
            property.post("/me/notices", &json!({ "quiet_from": from, "quiet_to": to, "digest": digest })).status
        };
        for (from, to, digest) in
            [("24:00", "08:00", "now"), ("21:00", "x", "now"), ("21:00", "08:60", "now"), ("21:00", "08:00", "weekly")]
        {
            assert_eq!(wish(from, to, digest), 422, "{from} {to} {digest}");
        }
        let at = |w: &World, time: &str| {
            w.app.ambience.advance(parse(&format!("2026-03-{time}:00+08:00")).unwrap() - w.app.now());
            settle(w);
            bodies(&system).len()
        };
        assert_eq!(at(w, "04T21:30"), 0);
        tell(w, "property", "work-dispatch", &["260304-0001", "260304-0002"], false);
        tell(w, "property", "work-dispatch", &["260304-0003"], false);
        assert_eq!(at(w, "04T23:59"), 0, "it is night");
        assert_eq!(property.get("/inbox").json()["unread"], 3, "but all is in the inbox at once");
        assert_eq!(at(w, "05T07:59"), 0);
        assert_eq!(at(w, "05T08:00"), 1, "one message for all");
        assert!(bodies(&system)[0]["text"].as_str().unwrap().contains("3 条"));
        assert_eq!(wish("21:00", "08:00", "daily"), 200);
        tell(w, "property", "work-dispatch", &["260305-0001"], false);
        assert_eq!(at(w, "05T20:00"), 1);
        // A matter that cannot wait: somebody must go there now. It takes the others along.
        w.app.ambience.advance(3 * HOUR);
        tell(w, "property", "work-dispatch", &["260305-0002"], true);
        assert_eq!(at(w, "05T23:30"), 2);
        tell(w, "property", "mine-close", &["260305-0003"], true);
        assert_eq!(at(w, "05T23:59"), 2);
        assert!(bodies(&system)[1]["text"].as_str().unwrap().contains("2 条"), "{:?}", bodies(&system));
        assert_eq!(at(w, "06T08:00"), 3, "news of what is over waits for the morning");
        // What was read meanwhile is not told again.
        tell(w, "property", "work-dispatch", &["260306-0001"], false);
        property.post("/inbox/read", &json!({}));
        assert_eq!(at(w, "08T08:00"), 3);
    });
}
