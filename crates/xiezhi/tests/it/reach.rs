//! Reporters without an account: told by SMS or by a call, and what they answer.

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value as Json, json};
use store::{Query as _, params};
use xiezhi::kit::time::{DAY, MINUTE};
use xiezhi::records::case::life::{Said, act};
use xiezhi::records::case::report::NewReport;
use xiezhi::records::case::rules::Action;
use xiezhi::records::case::{Rulebook, by_number};

use super::notice::{bodies, gateway, settle, sms};
use super::notice_out::file;
use super::world::{Answer, COMMUNITY, Client, World, on_each_engine};

fn done(who: &Client, number: &str, action: &str, body: Json) {
    let answer = who.act(number, action, body);
    assert_eq!(answer.status, 200, "{action}: {}", answer.text);
}

/// Somebody reports and leaves a number; gives number and code.
pub fn report(w: &mut World, text: &str, phone: &str, wish: &str) -> (String, String) {
    let body =
        json!({ "text": text, "place": { "area": COMMUNITY }, "contact": { "name": "王秀英", "phone": phone, "wish": wish } });
    let made = w.client(None).post("/reports", &body);
    assert_eq!(made.status, 201, "{}", made.text);
    let made = made.json();
    (made["number"].as_str().unwrap().to_owned(), made["code"].as_str().unwrap().to_owned())
}

/// Through handling to its close.
pub fn close(w: &mut World, number: &str) {
    let (clerk, property, to) = (w.client(Some("clerk")), w.client(Some("property")), w.body("property"));
    done(&clerk, number, "accept", json!({ "class": "lighting" }));
    done(&clerk, number, "dispatch", json!({ "to": to }));
    done(&property, number, "accept", json!({}));
    done(&property, number, "feedback", json!({ "text": "办好了" }));
    done(&clerk, number, "check", json!({}));
    done(&clerk, number, "close", json!({}));
}

fn signature(secret: &str, message: &Json) -> String {
    let text = |name: &str| message[name].as_str().unwrap().to_owned();
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{}\n{}\n{}\n{}", text("id"), text("from"), text("text"), text("time")).as_bytes());
    store::hex(mac.finalize().into_bytes())
}

/// A message comes in through the gateway.
pub fn comes_in(w: &mut World, id: &str, from: &str, text: &str) -> Answer {
    let message = json!({ "id": id, "from": from, "text": text, "time": w.app.now().to_string() });
    let sign = signature("r3ply", &message);
    bring(w, &message, &sign)
}

fn bring(w: &mut World, message: &Json, sign: &str) -> Answer {
    let headers = [("content-type", "application/json"), ("x-signature", sign)];
    w.client(None).post_raw("/sms/reply", &headers, message.to_string().as_bytes())
}

fn score(w: &World, number: &str) -> Option<i64> {
    w.app.db.read(|r| r.row("select score from cases where number = $1", params![number])).unwrap().unwrap().get("score").unwrap()
}

#[test]
fn who_asked_for_it_gets_receipt_and_result_by_sms_and_rates_by_answering() {
    on_each_engine(|w| {
        let system = gateway();
        sms(w, &system.url, "");
        let (number, _) = report(w, "楼道灯坏了，我姓王", "138 1234 5678", "sms");
        let (silent, _) = report(w, "门坏了", "13812345678", "none");
        settle(w);
        let sent = bodies(&system);
        assert_eq!(sent.len(), 1, "nobody is told who did not ask for it");
        assert_eq!(sent[0]["to"], "13812345678");
        assert_eq!(sent[0]["text"], format!("【一社区】您报的事已收到，编号 {number}。进度：https://c.example/r/{number}"));
        let short = w.client(None).get(&format!("/r/{number}"));
        assert_eq!((short.status, short.header("location").unwrap()), (303, format!("/reports/{number}").as_str()));
        assert_eq!(w.client(None).get("/r/%2e%2e").status, 404);
        close(w, &number);
        close(w, &silent);
        settle(w);
        let sent = bodies(&system);
        assert_eq!(sent.len(), 2, "{sent:?}");
        let text = sent[1]["text"].as_str().unwrap();
        assert!(text.contains(&number) && text.ends_with("回复 1 满意，2 不满意。"), "{text}");
        for message in &sent {
            let text = message["text"].as_str().unwrap();
            assert!(!text.contains("王") && !text.contains("楼道灯") && !text.contains("138"), "{text}");
        }
        assert_eq!(score(w, &number), None);
        // Forged, late and foreign messages change nothing.
        let now = w.app.now();
        let yes = json!({ "id": "m1", "from": "13812345678", "text": "1", "time": now.to_string() });
        assert_eq!(bring(w, &yes, &signature("wrong", &yes)).error().0, 403);
        assert_eq!(bring(w, &yes, "").status, 403);
        assert_eq!(bring(w, &yes, "zz").status, 403);
        assert_eq!(bring(w, &yes, "灯").status, 403);
        let mut other = yes.clone();
        other["text"] = "2".into();
        assert_eq!(bring(w, &other, &signature("r3ply", &yes)).status, 403, "the words are signed");
        let old = json!({ "id": "m1", "from": "13812345678", "text": "1", "time": (now - 20 * MINUTE).to_string() });
        assert_eq!(bring(w, &old, &signature("r3ply", &old)).status, 403);
        assert_eq!(comes_in(w, "m0", "13999999999", "1").json()["outcome"], "unknown");
        assert_eq!(comes_in(w, "m00", "+1 555", "我家地址是…").json()["outcome"], "unknown");
        assert_eq!(score(w, &number), None);
        // The answer, once, however often it comes.
        let first = comes_in(w, "m1", "+8613812345678", " １ ");
        assert_eq!((first.status, first.json()), (200, json!({ "outcome": "rated", "reply": "谢谢您的评价。" })));
        assert_eq!(comes_in(w, "m1", "+8613812345678", "2").json()["outcome"], "rated", "the same id, the same outcome");
        assert_eq!(score(w, &number), Some(4));
        assert_eq!(comes_in(w, "m2", "13812345678", "2").json()["outcome"], "late", "rated already");
        assert_eq!(score(w, &number), Some(4));
        assert_eq!(score(w, &silent), None, "not the one of which nobody was told");
        // Words come to those who worked on it, as the reporter's.
        assert_eq!(comes_in(w, "m3", "13812345678", "谢谢，就是有点慢").json()["outcome"], "noted");
        let seen = w.client(Some("clerk")).get(&format!("/cases/{number}")).json();
        assert!(seen["events"].to_string().contains("就是有点慢"), "{seen}");
        for i in 4..13 {
            assert_eq!(comes_in(w, &format!("m{i}"), "13812345678", "还有一句").json()["outcome"], "noted");
        }
        assert_eq!(comes_in(w, "m13", "13812345678", "再一句").json()["outcome"], "full");
        let sql = "select count(*) from log where act = 'reach.reply' and (leaf like '%13812345678%' or leaf like '%有点慢%')";
        assert_eq!(w.app.db.read(|r| r.count(sql, &[])).unwrap(), 0);
        assert_eq!(w.app.db.read(|r| r.count("select count(*) from reach_in", &[])).unwrap(), 15);
        w.app.ambience.advance(31 * DAY);
        xiezhi::records::reach::reply::sweep(&w.app).unwrap();
        assert_eq!(w.app.db.read(|r| r.count("select count(*) from reach_in", &[])).unwrap(), 0);
    });
}

#[test]
fn an_answer_goes_to_the_report_that_was_told_of_last_and_has_none() {
    on_each_engine(|w| {
        let system = gateway();
        sms(w, &system.url, "");
        let (one, code) = report(w, "灯坏了", "13812345678", "sms");
        close(w, &one);
        settle(w);
        w.app.ambience.advance(MINUTE);
        let (two, _) = report(w, "门坏了", "13812345678", "sms");
        close(w, &two);
        settle(w);
        assert_eq!(comes_in(w, "a", "13812345678", "2").json()["outcome"], "rated");
        assert_eq!((score(w, &one), score(w, &two)), (None, Some(2)));
        assert_eq!(comes_in(w, "b", "13812345678", "满意").json()["outcome"], "rated");
        assert_eq!((score(w, &one), score(w, &two)), (Some(4), Some(2)));
        // It is done again, so it is asked again.
        done(&w.client(None), &one, "reopen", json!({ "reason": "又坏了", "code": code }));
        assert_eq!(comes_in(w, "c", "13812345678", "2").json()["outcome"], "late", "nothing is asked now");
        let (clerk, property) = (w.client(Some("clerk")), w.client(Some("property")));
        let to = w.body("property");
        done(&clerk, &one, "dispatch", json!({ "to": to }));
        done(&property, &one, "accept", json!({}));
        done(&property, &one, "feedback", json!({ "text": "换了新的" }));
        done(&clerk, &one, "check", json!({}));
        done(&clerk, &one, "close", json!({}));
        settle(w);
        assert_eq!(comes_in(w, "d", "13812345678", "2").json()["outcome"], "rated");
        assert_eq!(score(w, &one), Some(2));
        // A report that is taken back or rejected asks nothing.
        let (three, _) = report(w, "看错了", "13812345678", "sms");
        settle(w);
        done(&clerk, &three, "reject", json!({ "reason": "不是本社区的事" }));
        settle(w);
        let last = bodies(&system).pop().unwrap();
        assert!(last["text"].as_str().unwrap().contains("没有受理"), "{last}");
        // At night nobody is woken.
        w.app.ambience.advance(DAY / 2);
        let before = bodies(&system).len();
        report(w, "夜里报的事", "13812345678", "sms");
        settle(w);
        assert_eq!(bodies(&system).len(), before);
        w.app.ambience.advance(DAY / 2);
        settle(w);
        assert_eq!(bodies(&system).len(), before + 1);
    });
}

#[test]
fn what_was_signed_for_one_message_is_not_another_one() {
    let mut w = World::new(None);
    let system = gateway();
    sms(&mut w, &system.url, "");
    let sent = json!({ "id": "m1", "from": "13800000011", "text": "13900000022\n2", "time": w.app.now().to_string() });
    let sign = signature("r3ply", &sent);
    // The same lines, cut elsewhere: another number, another id.
    let other = json!({ "id": "m1\n13800000011", "from": "13900000022", "text": "2", "time": sent["time"] });
    assert_eq!(signature("r3ply", &other), sign);
    assert_eq!(bring(&mut w, &other, &sign).error(), (422, "wrong-type".to_owned()));
    assert_eq!(bring(&mut w, &sent, &sign).json()["outcome"], "unknown");
    // However far a clock is off.
    for time in [i64::MIN, i64::MAX] {
        let far = json!({ "id": "m2", "from": "13800000011", "text": "1", "time": time.to_string() });
        assert_eq!(bring(&mut w, &far, &signature("r3ply", &far)).status, 403, "{time}");
    }
}

#[test]
fn whoever_has_no_smartphone_stands_on_the_call_list_until_told() {
    on_each_engine(|w| {
        // Without a gateway, and for a landline with one, somebody calls.
        let (one, code) = report(w, "楼道灯坏了", "0514-87654321", "sms");
        let (two, _) = report(w, "垃圾没人收", "13812345678", "call");
        let clerk = w.client(Some("clerk"));
        settle(w);
        let list = |who: &Client| who.get("/notices/calls").json()["items"].as_array().unwrap().clone();
        assert_eq!(list(&clerk), Vec::<Json>::new(), "nothing changed yet");
        close(w, &one);
        done(&clerk, &two, "reject", json!({ "reason": "已经收了" }));
        settle(w);
        let seen = list(&clerk);
        assert_eq!(seen.len(), 2);
        let of = |number: &str| seen.iter().find(|c| c["number"] == *number).unwrap().clone();
        assert_eq!(
            (&of(&one)["phone"], &of(&one)["name"], &of(&one)["change"]),
            (&json!("0514-87654321"), &json!("王秀英"), &json!("close"))
        );
        assert_eq!((&of(&one)["asks"], &of(&two)["asks"], &of(&two)["change"]), (&json!(true), &json!(false), &json!("reject")));
        // The number was read by the clerk, for this purpose, and the reporter can see that.
        let sql = "select count(*) from read_log where purpose = 'calls' and elements like '%case.contact_phone%'";
        assert!(w.app.db.read(|r| r.count(sql, &[])).unwrap() >= 2);
        // Further up it is masked; others have no list.
        let street = w.client(Some("street"));
        let above = list(&street);
        assert!(above.iter().all(|c| c["phone"] != "0514-87654321" && c["phone"] != "13812345678"), "{above:?}");
        assert_eq!(list(&w.client(Some("stranger"))), Vec::<Json>::new());
        assert_eq!(w.client(Some("property")).get("/notices/calls").status, 403);
        let told = |who: &Client, number: &str, body: Json| who.post(&format!("/notices/calls/{number}"), &body);
        assert_eq!(told(&w.client(Some("stranger")), &one, json!({ "answer": "1" })).status, 404);
        assert_eq!(told(&w.client(Some("property")), &one, json!({})).status, 403);
        assert_eq!(told(&clerk, &one, json!({ "answer": "5" })).status, 422);
        let page = clerk.get_as("/notices/calls", "text/html").text;
        assert!(page.contains("0514-87654321") && page.contains("□ 满意") && !page.contains('⟦'), "{page}");
        assert_eq!(told(&clerk, &one, json!({ "answer": "2" })).status, 200);
        assert_eq!(told(&clerk, &one, json!({ "answer": "1" })).error(), (409, "taken".into()), "told once");
        assert_eq!(score(w, &one), Some(2));
        assert_eq!(told(&clerk, &two, json!({})).status, 200);
        assert_eq!(list(&clerk), Vec::<Json>::new());
        // Reopened and closed anew: it is to be told again.
        done(&w.client(None), &one, "reopen", json!({ "reason": "又坏了", "code": code }));
        let (to, property) = (w.body("property"), w.client(Some("property")));
        done(&clerk, &one, "dispatch", json!({ "to": to }));
        done(&property, &one, "accept", json!({}));
        done(&property, &one, "feedback", json!({ "text": "换了新的" }));
        done(&clerk, &one, "check", json!({}));
        done(&clerk, &one, "close", json!({}));
        settle(w);
        assert_eq!(list(&clerk).len(), 1);
        assert_eq!(told(&clerk, &one, json!({ "answer": "1" })).status, 200);
        assert_eq!(score(w, &one), Some(4));
    });
}

#[test]
fn a_report_that_ends_before_anybody_looked_is_told_all_the_same() {
    on_each_engine(|w| {
        let system = gateway();
        sms(w, &system.url, "");
        let new = NewReport {
            text: Some("看错了".into()),
            contact_phone: Some("13812345678".into()),
            wish: Some("sms".into()),
            ..NewReport::default()
        };
        let number = file(w, new);
        let id = w.app.db.read(|r| by_number(r, &number)).unwrap().unwrap().id;
        let (clerk, book) = (w.who("clerk"), Rulebook::now(&w.app).unwrap());
        let said = Said { reason: Some("不是本社区的事".into()), ..Said::default() };
        w.app.db.write(move |tx| act::act(tx, &book, &clerk, false, &id, Action::Reject, &said)).unwrap();
        // Both entries come in one look at the log.
        settle(w);
        let texts: Vec<String> = bodies(&system).iter().map(|b| b["text"].as_str().unwrap().to_owned()).collect();
        assert_eq!(texts.len(), 2, "{texts:?}");
        assert!(texts.iter().any(|t| t.contains("没有受理")), "{texts:?}");
    });
}

#[test]
fn wishes_are_checked_and_nobody_waits_for_a_call_that_cannot_be_made() {
    on_each_engine(|w| {
        let anyone = w.client(None);
        let bad = anyone.post("/reports", &json!({ "text": "灯", "contact": { "phone": "13812345678", "wish": "pigeon" } }));
        assert_eq!((bad.status, bad.json()["field"].clone()), (422, json!("contact_wish")));
        for (phone, wish) in [("", "call"), ("王家", "call"), ("8765", "sms")] {
            let bad = anyone.post("/reports", &json!({ "text": "灯", "contact": { "phone": phone, "wish": wish } }));
            assert_eq!((bad.status, bad.json()["code"].clone()), (422, json!("no-number")), "{phone}");
        }
        settle(w);
        assert_eq!(w.app.db.read(|r| r.count("select count(*) from reach", &[])).unwrap(), 0);
        assert_eq!(comes_in(w, "x", "13812345678", "1").status, 404, "no gateway, no way in");
    });
}
