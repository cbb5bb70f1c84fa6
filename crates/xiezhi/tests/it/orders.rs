//! Orders to hurry: given from above, or arisen by a rule of the catalogue, once for each case and rule; who sees them; when
//! they are settled.

use serde_json::{Value as Json, json};
use xiezhi::base::area::{self, NewBuilding};
use xiezhi::base::classes::tables::{Hand, write};
use xiezhi::base::classes::{adopt, embedded, read};
use xiezhi::edge::jobs;
use xiezhi::kit::time::DAY;

use super::world::{Client, World, on_each_engine};

fn done(who: &Client, number: &str, action: &str, body: Json) -> Json {
    let answer = who.act(number, action, body);
    assert_eq!(answer.status, 200, "{action}: {}", answer.text);
    answer.json()
}

/// Number and rule of every order that somebody sees.
fn orders(who: &Client) -> Vec<(String, Option<String>)> {
    let seen = who.get("/orders").json();
    let text = |v: &Json| v.as_str().map(str::to_owned);
    seen["items"].as_array().unwrap().iter().map(|o| (text(&o["number"]).unwrap(), text(&o["rule"]))).collect()
}

fn by_rule(number: &str, rule: &str) -> (String, Option<String>) {
    (number.to_owned(), Some(rule.to_owned()))
}

/// Through handling to its close.
fn close(clerk: &Client, property: &Client, w: &World, number: &str) {
    done(clerk, number, "dispatch", json!({ "to": w.body("property") }));
    done(property, number, "accept", json!({}));
    done(property, number, "feedback", json!({ "text": "办好了" }));
    done(clerk, number, "check", json!({}));
    done(clerk, number, "close", json!({}));
}

#[test]
fn an_order_from_above_is_listed_for_those_it_concerns_until_the_case_is_settled() {
    on_each_engine(|w| {
        let (clerk, property, street) = (w.client(Some("clerk")), w.client(Some("property")), w.client(Some("street")));
        let (number, _) = clerk.report("下水道一直堵");
        done(&clerk, &number, "accept", json!({ "class": "other" }));
        assert_eq!(orders(&street), []);
        done(&street, &number, "supervise", json!({ "reason": "本周办好", "until": "2099-01-01" }));
        let seen = street.get("/orders").json();
        assert_eq!(
            (&seen["items"][0]["by"], &seen["items"][0]["rule"], &seen["items"][0]["late"]),
            (&json!("street"), &json!(null), &json!(false))
        );
        assert_eq!((orders(&clerk).len(), orders(&property).len()), (1, 0), "not those who have nothing to do with it");
        done(&clerk, &number, "dispatch", json!({ "to": w.body("property") }));
        assert_eq!(orders(&property).len(), 1, "whoever must hurry");
        let helper = w.client(Some("helper"));
        assert_eq!(orders(&helper), []);
        assert_eq!(w.client(Some("resident")).get("/orders").status, 403);
        done(&property, &number, "accept", json!({}));
        done(&property, &number, "feedback", json!({ "text": "通了" }));
        done(&clerk, &number, "check", json!({}));
        done(&clerk, &number, "close", json!({}));
        assert_eq!(orders(&street), []);
    });
}

#[test]
fn a_low_rating_and_a_second_reopening_give_one_order_each() {
    on_each_engine(|w| {
        let (clerk, property, street) = (w.client(Some("clerk")), w.client(Some("property")), w.client(Some("street")));
        let (number, code) = clerk.report("单元门锁坏了");
        done(&clerk, &number, "accept", json!({ "class": "other" }));
        close(&clerk, &property, w, &number);
        done(&clerk, &number, "rate", json!({ "score": 2, "code": code }));
        assert_eq!(orders(&street), [], "the table says one");
        done(&clerk, &number, "rate", json!({ "score": 1, "code": code }));
        assert_eq!(orders(&street), [by_rule(&number, "rated_low")], "also on a case that is closed");
        done(&clerk, &number, "rate", json!({ "score": 2, "code": code }));
        done(&clerk, &number, "rate", json!({ "score": 1, "code": code }));
        assert_eq!(orders(&street).len(), 1, "once, however often he changes his mind");

        // The desk that answers is told; the entry of the log names the rule and nobody.
        jobs::follow(&w.app).unwrap();
        assert!(w.client(Some("clerk2")).get("/inbox").text.contains(&number));
        let seen = clerk.get(&format!("/cases/{number}")).json();
        let entry = seen["events"].as_array().unwrap().iter().find(|e| e["kind"] == "supervise").unwrap().clone();
        assert_eq!(entry["rule"], json!("rated_low"));

        done(&clerk, &number, "reopen", json!({ "reason": "又坏了", "code": code }));
        assert_eq!(orders(&street).len(), 1, "a first reopening is nothing unusual");
        close(&clerk, &property, w, &number);
        assert_eq!(orders(&street), [], "settled with the case");
        let again = done(&clerk, &number, "reopen", json!({ "reason": "还是不行", "code": code }));
        assert_eq!(orders(&street), [by_rule(&number, "reopened")]);
        assert!(again["due_at"].is_string());
    });
}

#[test]
fn what_moves_up_twice_and_what_happens_again_at_the_same_place_is_ordered_to_hurry() {
    on_each_engine(|w| {
        let (clerk, property, street) = (w.client(Some("clerk")), w.client(Some("property")), w.client(Some("street")));
        let (late, _) = clerk.report("没有人管");
        for _ in 0..20 {
            w.app.ambience.advance(DAY);
            jobs::deadlines(&w.app, w.app.now()).unwrap();
        }
        let seen = w.client(Some("street")).get(&format!("/cases/{late}")).json();
        let escalations = seen["events"].as_array().unwrap().iter().filter(|e| e["kind"] == "escalate").count();
        let expected = usize::from(orders(&street).contains(&by_rule(&late, "moved_up")));
        let given = seen["events"].as_array().unwrap().iter().filter(|e| e["kind"] == "supervise").count();
        assert!(escalations >= 2);
        assert_eq!((given, expected), (1, 1), "{seen}");

        // The same thing at the same building, again and again.
        let made = w.app.db.write(|tx| {
            let area = area::by_code(tx, "321002001001-1")?.unwrap().id;
            let new = NewBuilding { area: &area, name: "一栋", address: "一栋", point: None, floors: 6, homes: 24 };
            Ok::<_, xiezhi::kit::Error>(area::add_buildings(tx, &[new])?.remove(0))
        });
        let building = made.unwrap().value;
        for n in 0..4 {
            let made = clerk.post("/reports", &json!({ "text": format!("楼道灯又坏了 {n}"), "place": { "building": building } }));
            let number = made.json()["number"].as_str().unwrap().to_owned();
            done(&clerk, &number, "accept", json!({ "class": "lighting" }));
            let hurried = orders(&street).contains(&by_rule(&number, "recurring"));
            assert_eq!(hurried, n == 3, "the fourth in ninety days");
            done(&clerk, &number, "dispatch", json!({ "to": w.body("property") }));
            done(&property, &number, "accept", json!({}));
            if n < 3 {
                let picture = super::world::send(&property, "/media", &[], include_bytes!("lamp.png")).json();
                done(&property, &number, "feedback", json!({ "text": "换了", "media": [picture["id"]] }));
                done(&clerk, &number, "check", json!({}));
                done(&clerk, &number, "close", json!({}));
            }
        }
    });
}

#[test]
fn a_place_sets_its_own_numbers_in_the_catalogue() {
    on_each_engine(|w| {
        let mut tables = write(&embedded(), Hand::Program);
        tables.orders.retain(|row| row[0] == "when");
        tables.orders.push(vec!["followers".into(), "2".into(), "1wh".into()]);
        let pack = read::read(&tables).unwrap();
        w.app.db.write(move |tx| adopt(tx, None, &pack, 0)).unwrap();
        let (clerk, street) = (w.client(Some("clerk")), w.client(Some("street")));
        let (number, code) = w.client(None).report("小区门口积水");
        let before = done(&clerk, &number, "accept", json!({ "class": "other" }));
        for who in ["resident", "neighbour"] {
            assert_eq!(orders(&street), []);
            done(&w.client(Some(who)), &number, "follow", json!({}));
        }
        assert_eq!(orders(&street), [by_rule(&number, "followers")]);
        let after = clerk.get(&format!("/cases/{number}")).json();
        assert!(after["due_at"].as_str() < before["due_at"].as_str(), "the clock is shorter");
        // No rule for ratings here.
        let property = w.client(Some("property"));
        close(&clerk, &property, w, &number);
        done(&clerk, &number, "rate", json!({ "score": 1, "code": code }));
        assert_eq!(orders(&street), []);

        // A pack of before, without such a table, has no such rules; a table with mistakes is no pack.
        tables.orders.clear();
        assert_eq!(read::read(&tables).unwrap().orders, []);
        let bad = [["when", "n", "within"], ["weather", "2", "1wd"], ["followers", "0", "soon"], ["followers", "3", "1wd"]];
        tables.orders = bad.iter().map(|r| r.iter().map(|c| (*c).to_owned()).collect()).collect();
        let wrong = read::read(&tables).unwrap_err();
        let found: Vec<_> = wrong.iter().map(|p| (p.row, p.column, p.code)).collect();
        assert_eq!(found, [(2, "when", "unknown"), (3, "n", "bad-number"), (3, "within", "bad-limit"), (4, "when", "twice")]);
    });
}
