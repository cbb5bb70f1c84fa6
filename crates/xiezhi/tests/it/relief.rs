//! Emergency mobilisation: what is needed, what there is, who gets it; nothing is given twice, nothing vanishes, and a model that knows
//! nothing of databases says the same.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value as Json, json};
use xiezhi::activities::relief::ledger::{self, Cause, Move, Place};
use xiezhi::activities::relief::{self, depot};
use xiezhi::edge::jobs;
use xiezhi::kit::error::Kind;
use xiezhi::kit::time::HOUR;
use xiezhi::kit::{App, Error, Who};

use super::world::{Answer, COMMUNITY, Client, SIBLING, World, on_each_engine, send};

/// Numbers that are the same at every run.
struct Draw(u64);
impl Draw {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

/// The street opens one; gives its number.
fn opened(street: &Client) -> String {
    let new = json!({ "title": "暴雨转移安置", "why": "三条巷子进水，转移一百多人", "classes": ["water", "quilt", "blanket"] });
    let made = street.post("/relief", &new);
    assert_eq!(made.status, 201, "{}", made.text);
    made.json()["number"].as_str().unwrap().to_owned()
}

fn ok(answer: &Answer) -> Json {
    assert!(answer.status < 300, "{}: {}", answer.status, answer.text);
    answer.json()
}

fn receive(c: &Client, e: &str, depot: i64, class: &str, quantity: i64) -> Answer {
    let body = json!({ "depot": depot, "class": class, "quantity": quantity, "cause": "purchase", "why": "区应急局" });
    c.post(&format!("/relief/{e}/stock"), &body)
}

fn row(c: &Client, e: &str, class: &str) -> Json {
    let full = ok(&c.get(&format!("/relief/{e}")));
    let rows = full["classes"].as_array().unwrap();
    rows.iter().find(|r| r["class"] == class).unwrap().clone()
}

fn figures(c: &Client, e: &str, class: &str) -> [i64; 6] {
    let r = row(c, e, class);
    ["received", "stock", "reserved", "way", "handed", "lost"].map(|k| r[k].as_i64().unwrap())
}

fn holds(app: &App, e: &str) {
    let found = app.db.read(|r| {
        let relief = relief::by_number(r, e)?;
        ledger::recount(r, &relief.id)
    });
    assert!(found.as_ref().unwrap().holds(), "{found:?}");
}

/// Two communities and a group of volunteers, 200 bottles; gives the number of the emergency.
fn settled(w: &mut World) -> (String, Client, Client, Client, Client) {
    let street = w.client(Some("street"));
    let (clerk, sibling, helper) = (w.client(Some("clerk")), w.client(Some("stranger")), w.client(Some("helper")));
    let e = opened(&street);
    ok(&receive(&street, &e, 1, "water", 200));
    let site = |c: &Client, body: Json| ok(&c.post(&format!("/relief/{e}/sites"), &body))["n"].as_i64().unwrap();
    assert_eq!(site(&clerk, json!({ "area": COMMUNITY, "people": 100 })), 1);
    assert_eq!(site(&sibling, json!({ "area": SIBLING, "people": 50 })), 2);
    assert_eq!(site(&helper, json!({ "body": w.body("helpers"), "people": 30 })), 3);
    assert_eq!(site(&clerk, json!({ "area": COMMUNITY, "people": 100 })), 1, "it is there already");
    let need = |c: &Client, body: Json| ok(&c.post(&format!("/relief/{e}/needs"), &body))["n"].as_i64().unwrap();
    assert_eq!(need(&clerk, json!({ "site": 1, "class": "water", "quantity": 200, "words": "两层楼停水" })), 1);
    assert_eq!(need(&sibling, json!({ "site": 2, "class": "water", "quantity": 100 })), 2);
    assert_eq!(need(&helper, json!({ "site": 3, "class": "water", "unknown": true, "tier": 1 })), 3);
    (e, street, clerk, sibling, helper)
}

fn lines(street: &Client, e: &str) -> Vec<(i64, i64, String)> {
    let page = ok(&street.get(&format!("/relief/{e}/plan")));
    let mut out: Vec<(i64, i64, String)> = Vec::new();
    for l in page["lines"].as_array().unwrap() {
        out.push((l["need"].as_i64().unwrap(), l["quantity"].as_i64().unwrap(), l["why"].as_str().unwrap().to_owned()));
    }
    out.sort();
    out
}

#[test]
fn from_a_need_to_a_receipt_and_nothing_is_lost_on_the_way() {
    on_each_engine(|w| {
        let (e, street, clerk, sibling, helper) = settled(w);
        let visitor = w.client(None);
        assert_eq!(figures(&visitor, &e, "water"), [200, 200, 0, 0, 0, 0]);
        assert_eq!((&row(&visitor, &e, "water")["asked"], &row(&visitor, &e, "water")["unknown"]), (&json!(300), &json!(1)));
        // The urgent one has its ration, the rest is shared 2 : 1.
        let plan = ok(&street.post(&format!("/relief/{e}/plan"), &json!({})))["n"].as_i64().unwrap();
        let why = |n, q, why: &str| (n, q, why.to_owned());
        assert_eq!(lines(&street, &e), [why(1, 53, "share"), why(2, 27, "share"), why(3, 120, "ration")]);
        // The desk knows better about one, and the others are worked out around it.
        let pin = json!({ "depot": 1, "need": 2, "class": "water", "quantity": 40 });
        ok(&street.post(&format!("/relief/{e}/plan/{plan}/lines"), &pin));
        let again = ok(&street.post(&format!("/relief/{e}/plan"), &json!({})))["n"].as_i64().unwrap();
        assert_eq!(lines(&street, &e), [why(1, 40, "share"), why(2, 40, "desk"), why(3, 120, "ration")]);
        assert_eq!(
            street.post(&format!("/relief/{e}/plan/{plan}/confirm"), &json!({})).error(),
            (409, "changed".into()),
            "the old one"
        );
        let loads = ok(&street.post(&format!("/relief/{e}/plan/{again}/confirm"), &json!({})))["loads"].clone();
        let load = |n: usize| loads[n].as_str().unwrap().to_owned();
        assert_eq!(figures(&visitor, &e, "water"), [200, 0, 200, 0, 0, 0]);
        assert_eq!(
            street.post(&format!("/relief/{e}/plan/{again}/confirm"), &json!({})).error(),
            (409, "changed".into()),
            "once"
        );
        // Somebody who has nothing to do with it.
        assert_eq!(sibling.get(&format!("/relief/{e}/loads/{}", load(0))).error(), (403, "denied".into()));
        assert_eq!(clerk.post(&format!("/relief/{e}/loads/{}/send", load(0)), &json!({})).error(), (403, "denied".into()));
        assert_eq!(
            clerk.post(&format!("/relief/{e}/loads/{}/hand", load(0)), &json!({ "received": [40] })).error(),
            (409, "state".into()),
            "not sent"
        );
        for n in 0..3 {
            ok(&street.post(&format!("/relief/{e}/loads/{}/send", load(n)), &json!({})));
        }
        assert_eq!(
            street.post(&format!("/relief/{e}/loads/{}/send", load(0)), &json!({})).error(),
            (409, "state".into()),
            "twice"
        );
        assert_eq!(figures(&visitor, &e, "water"), [200, 0, 0, 200, 0, 0]);
        // By the receiver's yes.
        let hand = format!("/relief/{e}/loads/{}/hand", load(0));
        assert_eq!(clerk.post(&hand, &json!({ "received": [41] })).error(), (422, "out-of-range".into()), "more than was sent");
        assert_eq!(clerk.post(&hand, &json!({ "received": [-1] })).error(), (422, "out-of-range".into()));
        assert_eq!(clerk.post(&hand, &json!({ "received": [20, 20] })).error(), (422, "missing".into()));
        assert_eq!(sibling.post(&hand, &json!({ "received": [40] })).error(), (403, "denied".into()), "a foreign desk");
        assert_eq!(street.post(&hand, &json!({ "received": [40] })).error(), (403, "denied".into()), "whoever sent it");
        let receipt = ok(&clerk.post(&hand, &json!({ "received": [40] })))["receipt"].clone();
        assert_eq!(clerk.post(&hand, &json!({ "received": [40] })).error(), (409, "state".into()), "twice");
        // By the code that the site reads on its own page, and less than was sent.
        let seen = |c: &Client| ok(&c.get(&format!("/relief/{e}/loads/{}", load(1))))["code"].clone();
        assert_eq!(seen(&street), Json::Null, "the sender does not see it");
        let code = seen(&sibling);
        let hand = format!("/relief/{e}/loads/{}/hand", load(1));
        assert_eq!(street.post(&hand, &json!({ "received": [35], "code": "x" })).error(), (401, "wrong-code".into()));
        ok(&street.post(&hand, &json!({ "received": [35], "code": code })));
        assert_eq!(figures(&visitor, &e, "water"), [200, 0, 0, 125, 75, 0], "what is missing is still under way");
        holds(&w.app, &e);
        let explain = format!("/relief/{e}/loads/{}/explain", load(1));
        assert_eq!(street.post(&explain, &json!({ "cause": "damaged" })).error(), (422, "missing".into()));
        assert_eq!(sibling.post(&explain, &json!({ "cause": "damaged", "why": "x" })).error(), (403, "denied".into()));
        ok(&street.post(&explain, &json!({ "cause": "damaged", "why": "路上压坏五瓶" })));
        assert_eq!(street.post(&explain, &json!({ "cause": "damaged", "why": "x" })).error(), (409, "state".into()));
        ok(&helper.post(&format!("/relief/{e}/loads/{}/hand", load(2)), &json!({ "received": ["120"] })));
        assert_eq!(figures(&visitor, &e, "water"), [200, 0, 0, 0, 195, 5]);
        // The receipt proves itself.
        let later = clerk.get(&format!("/relief/{e}/loads/{}/receipt", load(0)));
        let file = w.dir.path().join("receipt.json");
        for text in [receipt.to_string(), later.text] {
            std::fs::write(&file, text).unwrap();
            let key = w.dir.path().join("key");
            std::fs::write(&key, visitor.get_as("/log/key", "text/plain").text).unwrap();
            let mut verify = std::process::Command::new(env!("CARGO_BIN_EXE_xiezhi"));
            assert!(verify.arg("verify").arg(&file).arg("--key").arg(&key).status().unwrap().success());
        }
        // Nothing vanishes: it ends when every need has its outcome.
        let account = json!({ "account": "安置结束，剩余物资入库" });
        assert_eq!(clerk.post(&format!("/relief/{e}/end"), &account).error(), (403, "denied".into()));
        assert_eq!(street.post(&format!("/relief/{e}/end"), &account).error(), (409, "undecided".into()));
        assert_eq!(sibling.post(&format!("/relief/{e}/needs/1/close"), &json!({ "why": "x" })).error(), (403, "denied".into()));
        for (c, n) in [(&clerk, 1), (&street, 2), (&helper, 3)] {
            ok(&c.post(&format!("/relief/{e}/needs/{n}/close"), &json!({ "why": "水已恢复" })));
        }
        assert_eq!(ok(&street.post(&format!("/relief/{e}/end"), &account))["state"], "ended");
        assert_eq!(receive(&street, &e, 1, "water", 1).error(), (409, "over".into()));
        let check = ok(&visitor.get(&format!("/relief/{e}/check")));
        assert_eq!((&check["holds"], &check["wrong"], &check["loads"]), (&json!(true), &json!(0), &json!(0)));
    });
}

#[test]
fn what_is_returned_cancelled_lost_and_given() {
    on_each_engine(|w| {
        let (e, street, clerk, ..) = settled(w);
        let (resident, property) = (w.client(Some("resident")), w.client(Some("property")));
        // A gift is no stock before it was counted.
        let gift = json!({ "giver": "王先生 13900000000", "class": "blanket", "quantity": 50 });
        assert_eq!(ok(&resident.post(&format!("/relief/{e}/gifts"), &gift))["n"], 1);
        assert_eq!(figures(&street, &e, "blanket"), [0; 6]);
        assert_eq!(w.client(Some("neighbour")).get(&format!("/relief/{e}")).json()["gifts"], json!([]), "somebody else's");
        assert!(!w.client(None).get(&format!("/relief/{e}")).text.contains("13900000000"));
        let own = ok(&resident.get(&format!("/relief/{e}")))["gifts"][0].clone();
        assert_eq!((&own["state"], &own["giver"]), (&json!("offered"), &json!("王先生 13900000000")));
        let count = |class: &str, gift: i64| json!({ "depot": 1, "class": class, "quantity": 48, "cause": "gift", "gift": gift });
        assert_eq!(street.post(&format!("/relief/{e}/stock"), &count("water", 1)).error(), (422, "unknown-value".into()));
        ok(&street.post(&format!("/relief/{e}/stock"), &count("blanket", 1)));
        assert_eq!(street.post(&format!("/relief/{e}/stock"), &count("blanket", 1)).error(), (409, "state".into()), "once");
        assert_eq!(figures(&street, &e, "blanket"), [48, 48, 0, 0, 0, 0]);
        ok(&resident.post(&format!("/relief/{e}/gifts"), &gift));
        assert_eq!(property.post(&format!("/relief/{e}/gifts/2"), &json!({ "why": "x" })).error(), (403, "denied".into()));
        ok(&street.post(&format!("/relief/{e}/gifts/2"), &json!({ "why": "已经够了" })));
        // A blanket stands in for a quilt.
        ok(&clerk.post(&format!("/relief/{e}/needs"), &json!({ "site": 1, "class": "quilt", "quantity": 10, "tier": 1 })));
        let plan = ok(&street.post(&format!("/relief/{e}/plan"), &json!({})))["n"].as_i64().unwrap();
        let page = ok(&street.get(&format!("/relief/{e}/plan")));
        let stands = page["lines"].as_array().unwrap().iter().find(|l| l["class"] == "blanket").unwrap();
        assert_eq!((&stands["quantity"], &stands["why"]), (&json!(10), &json!("instead")));
        let loads = ok(&street.post(&format!("/relief/{e}/plan/{plan}/confirm"), &json!({})))["loads"].clone();
        let load = |n: usize| loads[n].as_str().unwrap().to_owned();
        assert_eq!(street.post(&format!("/relief/{e}/loads/{}/cancel", load(0)), &json!({})).error(), (422, "missing".into()));
        ok(&street.post(&format!("/relief/{e}/loads/{}/cancel", load(0)), &json!({ "why": "路断了" })));
        ok(&street.post(&format!("/relief/{e}/loads/{}/send", load(1)), &json!({})));
        ok(&street.post(&format!("/relief/{e}/loads/{}/cancel", load(1)), &json!({ "why": "半路返回" })));
        assert_eq!(figures(&street, &e, "blanket"), [48, 48, 0, 0, 0, 0]);
        assert_eq!(figures(&street, &e, "water"), [200, 80, 120, 0, 0, 0]);
        // What is lost has a reason, and no more is lost than lies there.
        let lose = |n: i64, why: Option<&str>| {
            let mut body = json!({ "depot": 1, "class": "water", "quantity": n, "cause": "expired" });
            if let Some(why) = why {
                body["why"] = json!(why);
            }
            street.post(&format!("/relief/{e}/stock"), &body)
        };
        assert_eq!(lose(1, None).error(), (422, "missing".into()));
        assert_eq!(lose(81, Some("过期")).error(), (409, "stock-short".into()));
        assert_eq!(lose(80, Some("过期")).status, 201);
        let back = json!({ "depot": 1, "class": "water", "quantity": 1, "cause": "back", "why": "多了" });
        assert_eq!(
            street.post(&format!("/relief/{e}/stock"), &back).error(),
            (409, "stock-short".into()),
            "nothing was handed over"
        );
        // Whoever keeps a depot sees and moves what is his.
        ok(&street
            .post(&format!("/relief/{e}/depots"), &json!({ "body": w.body("property"), "name": "物业库房", "area": COMMUNITY })));
        assert_eq!(receive(&property, &e, 1, "water", 5).error(), (403, "denied".into()));
        ok(&receive(&property, &e, 2, "water", 5));
        let mine = ok(&property.get(&format!("/relief/{e}/stock")));
        assert_eq!((mine["depots"].as_array().unwrap().len(), &mine["depots"][0]["name"]), (1, &json!("物业库房")));
        assert_eq!(clerk.get(&format!("/relief/{e}/stock")).error(), (403, "denied".into()));
        assert_eq!(figures(&street, &e, "water"), [205, 5, 120, 0, 0, 80]);
        holds(&w.app, &e);
    });
}

#[test]
fn whoever_comes_second_is_told_and_nothing_is_given_twice() {
    on_each_engine(|w| {
        let (e, street, ..) = settled(w);
        let plan = ok(&street.post(&format!("/relief/{e}/plan"), &json!({})))["n"].as_i64().unwrap();
        let token = street.token.clone();
        let tries: Vec<_> = (0..6)
            .map(|n| {
                let (client, e) = (Client { base: street.base.clone(), token: token.clone() }, e.clone());
                std::thread::spawn(move || match n % 2 {
                    0 => client.post(&format!("/relief/{e}/plan/{plan}/confirm"), &json!({})),
                    // Somebody finds at the same moment that all of it is spoilt.
                    _ => client.post(
                        &format!("/relief/{e}/stock"),
                        &json!({ "depot": 1, "class": "water", "quantity": 200, "cause": "damaged", "why": "进水" }),
                    ),
                })
            })
            .collect();
        let all: Vec<Answer> = tries.into_iter().map(|t| t.join().unwrap()).collect();
        assert_eq!(all.iter().filter(|a| a.status == 201).count(), 1, "{all:?}");
        for lost in all.iter().filter(|a| a.status != 201) {
            assert!(matches!(lost.error().1.as_str(), "stock-short" | "changed"), "{lost:?}");
        }
        holds(&w.app, &e);
        let [received, stock, reserved, _, _, lost] = figures(&street, &e, "water");
        assert!(received == 200 && stock == 0 && (reserved == 200) != (lost == 200), "{reserved} {lost}");
    });
}

#[test]
fn a_need_that_nobody_meets_moves_up_and_stays() {
    on_each_engine(|w| {
        let clerk = w.client(Some("clerk"));
        let new = json!({ "title": "停水", "why": "水管爆了", "classes": ["water"] });
        let e = ok(&clerk.post("/relief", &new))["number"].as_str().unwrap().to_owned();
        ok(&clerk.post(&format!("/relief/{e}/sites"), &json!({ "area": COMMUNITY, "people": 10 })));
        ok(&clerk.post(&format!("/relief/{e}/needs"), &json!({ "site": 1, "class": "water", "quantity": 5 })));
        let street = w.client(Some("street"));
        let need = || ok(&street.get(&format!("/relief/{e}/needs")))["sites"][0]["needs"][0].clone();
        assert_eq!((&need()["holder"], &need()["late"]), (&json!("committee"), &json!(0)));
        w.app.ambience.advance(25 * HOUR);
        jobs::deadlines(&w.app, w.app.now()).unwrap();
        assert_eq!((&need()["holder"], &need()["late"]), (&json!("street"), &json!(1)));
        assert!(street.get("/inbox").text.contains("relief-late"));
        // At the top, which is the node's own desk here, it goes on waiting, and rings again.
        for late in 2..=3 {
            w.app.ambience.advance(13 * HOUR);
            jobs::deadlines(&w.app, w.app.now()).unwrap();
            assert_eq!((&need()["late"], &need()["state"]), (&json!(late), &json!("open")));
            assert!(need()["holder"] != "street" && need()["ring_at"].is_string());
        }
        ok(&clerk.post(&format!("/relief/{e}/needs/1/close"), &json!({ "why": "来水了" })));
        w.app.ambience.advance(48 * HOUR);
        jobs::deadlines(&w.app, w.app.now()).unwrap();
        assert_eq!((&need()["late"], &need()["state"]), (&json!(3), &json!("closed")));
    });
}

#[test]
fn what_is_wrong_is_refused_and_words_stay_words() {
    on_each_engine(|w| {
        let (e, street, clerk, sibling, helper) = settled(w);
        let (resident, visitor) = (w.client(Some("resident")), w.client(None));
        let new = |change: Json| {
            let mut new = json!({ "title": "x", "why": "y", "classes": ["water"] });
            new.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
            street.post("/relief", &new).error()
        };
        assert_eq!(new(json!({ "classes": [] })), (422, "missing".into()));
        assert_eq!(new(json!({ "classes": ["gold"] })), (422, "unknown-value".into()));
        assert_eq!(new(json!({ "area": "99" })), (422, "unknown-value".into()));
        assert_eq!(new(json!({ "title": "长".repeat(101) })), (422, "too-long".into()));
        assert_eq!(resident.post("/relief", &json!({})).error(), (403, "denied".into()));
        for (n, code) in [
            (json!(-5), "out-of-range"),
            (json!(0), "out-of-range"),
            (json!(9_000_000_000_000_000i64), "out-of-range"),
            (json!("x"), "wrong-type"),
        ] {
            let body = json!({ "depot": 1, "class": "water", "quantity": n, "cause": "gift" });
            assert_eq!(street.post(&format!("/relief/{e}/stock"), &body).error(), (422, code.into()));
            let body = json!({ "site": 1, "class": "water", "quantity": n });
            assert_eq!(clerk.post(&format!("/relief/{e}/needs"), &body).error(), (422, code.into()));
        }
        assert_eq!(receive(&street, &e, 1, "water", 100_000_001).error(), (422, "out-of-range".into()));
        assert_eq!(receive(&street, &e, 1, "tent", 1).error(), (422, "unknown-value".into()), "not of this emergency");
        assert_eq!(receive(&street, &e, 9, "water", 1).error(), (422, "unknown-value".into()));
        let cause = json!({ "depot": 1, "class": "water", "quantity": 1, "cause": "reserve" });
        assert_eq!(street.post(&format!("/relief/{e}/stock"), &cause).error(), (422, "missing".into()));
        let need = |c: &Client, body: Json| c.post(&format!("/relief/{e}/needs"), &body).error();
        assert_eq!(need(&clerk, json!({ "site": 1, "class": "water" })), (422, "missing".into()), "silence is not unknown");
        assert_eq!(
            need(&clerk, json!({ "site": 1, "class": "water", "quantity": 1, "unknown": true })),
            (422, "wrong-type".into())
        );
        assert_eq!(need(&clerk, json!({ "site": 1, "class": "gold", "quantity": 1 })), (422, "unknown-value".into()));
        assert_eq!(need(&clerk, json!({ "site": 2, "class": "water", "quantity": 1 })), (403, "denied".into()), "a foreign site");
        assert_eq!(need(&clerk, json!({ "site": 1, "class": "water", "quantity": 1, "tier": 4 })), (422, "unknown-value".into()));
        assert_eq!(
            need(&clerk, json!({ "site": 1, "class": "water", "quantity": 1, "by": "2020-01-01" })),
            (422, "out-of-range".into())
        );
        let site = |c: &Client, body: Json| c.post(&format!("/relief/{e}/sites"), &body).error();
        assert_eq!(site(&clerk, json!({ "area": SIBLING, "people": 1 })), (403, "denied".into()));
        assert_eq!(site(&clerk, json!({ "area": COMMUNITY, "name": "y", "people": 0 })), (422, "out-of-range".into()));
        assert_eq!(site(&helper, json!({ "body": w.body("property"), "people": 1 })), (403, "denied".into()));
        // Plans are the desk's.
        assert_eq!(clerk.post(&format!("/relief/{e}/plan"), &json!({})).error(), (403, "denied".into()));
        assert_eq!(clerk.get(&format!("/relief/{e}/plan")).error(), (403, "denied".into()));
        let plan = ok(&street.post(&format!("/relief/{e}/plan"), &json!({})))["n"].as_i64().unwrap();
        let pin = |body: Json| street.post(&format!("/relief/{e}/plan/{plan}/lines"), &body);
        assert_eq!(pin(json!({ "depot": 1, "need": 1, "class": "quilt", "quantity": 1 })).error(), (422, "unknown-value".into()));
        assert_eq!(pin(json!({ "depot": 7, "need": 1, "class": "water", "quantity": 1 })).error(), (422, "unknown-value".into()));
        assert_eq!(pin(json!({ "depot": 1, "need": 9, "class": "water", "quantity": 1 })).error(), (404, "not-found".into()));
        // More than there is, more than was asked: nothing at all is done.
        ok(&pin(json!({ "depot": 1, "need": 1, "class": "water", "quantity": 200 })));
        let confirm = || street.post(&format!("/relief/{e}/plan/{plan}/confirm"), &json!({})).error();
        assert_eq!(confirm(), (409, "stock-short".into()));
        assert_eq!(figures(&street, &e, "water"), [200, 200, 0, 0, 0, 0]);
        ok(&pin(json!({ "depot": 1, "need": 1, "class": "water", "quantity": 201 })));
        assert_eq!(confirm().1, "need-over");
        ok(&receive(&street, &e, 1, "water", 1_000));
        assert_eq!(confirm(), (409, "need-over".into()));
        // Nothing for one of them: the proposal anew leaves it so, and the rest has more.
        ok(&pin(json!({ "depot": 1, "need": 1, "class": "water", "quantity": 0 })));
        ok(&street.post(&format!("/relief/{e}/plan"), &json!({})));
        let why = |n, q, why: &str| (n, q, why.to_owned());
        assert_eq!(lines(&street, &e), [why(1, 0, "desk"), why(2, 100, "all"), why(3, 120, "ration")]);
        holds(&w.app, &e);
        // Words of people are shown as words, to those they are for.
        let evil = "<script>alert(1)</script>&\"'";
        let body = json!({ "site": 1, "class": "quilt", "quantity": 3, "words": evil });
        assert_eq!(clerk.post(&format!("/relief/{e}/needs"), &body).status, 201);
        let html = clerk.get_as(&format!("/relief/{e}/needs"), "text/html").text;
        assert!(html.contains("&lt;script&gt;alert(1)") && !html.contains("<script>alert(1)"));
        assert!(!sibling.get(&format!("/relief/{e}/needs")).text.contains("alert(1)"));
        assert_eq!(resident.get(&format!("/relief/{e}/needs")).error(), (403, "denied".into()));
        assert!(visitor.get(&format!("/relief/{e}/needs")).status == 401);
        // Few sites are not told apart in public.
        assert_eq!(ok(&visitor.get(&format!("/relief/{e}")))["areas"].as_array().unwrap().len(), 1);
        assert_eq!(ok(&visitor.get(&format!("/relief/{e}")))["areas"][0]["name"], Json::Null);
        assert_eq!(ok(&visitor.get(&format!("/relief?area={COMMUNITY}")))["items"][0]["number"], e.as_str());
        // A place without a desk of its own: that of its community speaks for it.
        let grid =
            ok(&street.post(&format!("/relief/{e}/sites"), &json!({ "area": format!("{COMMUNITY}-1"), "people": 5 })))["n"]
                .clone();
        let sites = ok(&clerk.get(&format!("/relief/{e}/needs")))["sites"].clone();
        assert_eq!(sites.as_array().unwrap().iter().find(|s| s["n"] == grid).unwrap()["own"], true);
        assert_eq!(visitor.get("/relief/E-9999").error(), (404, "not-found".into()));
        assert_eq!(street.get("/relief/new").status, 200);
        ok(&street.post(&format!("/relief/{e}/needs/1/tier"), &json!({ "tier": 1, "why": "有病人" })));
        assert_eq!(
            clerk.post(&format!("/relief/{e}/needs/1/tier"), &json!({ "tier": 1, "why": "x" })).error(),
            (403, "denied".into())
        );
        assert_eq!(ok(&clerk.get(&format!("/relief/{e}/loads")))["loads"], json!([]));
    });
}

#[test]
fn a_table_is_taken_whole_or_named_line_by_line() {
    on_each_engine(|w| {
        let (e, street, clerk, ..) = settled(w);
        let at = format!("/relief/{e}/needs/table");
        let bad = "点位,物资,数量,人数,紧急程度,最晚\n一社区,棉被,10,,救命,\n一社区,黄金,5,,,\n没有的地方,棉被,5,,,\n一社区,棉被,-3,,,\n一社区,棉被,2,,很急,下周\n";
        let said = send(&street, &at, &[], bad.as_bytes());
        assert_eq!(said.error(), (422, "bad-table".into()));
        let found: Vec<(u64, String)> = said.json()["problems"]
            .as_array()
            .unwrap()
            .iter()
            .map(|p| (p["row"].as_u64().unwrap(), p["code"].as_str().unwrap().to_owned()))
            .collect();
        let want = [(3, "unknown"), (4, "unknown"), (5, "bad-number"), (6, "bad-date"), (6, "bad-number")];
        assert_eq!(found, want.map(|(row, code)| (row, code.to_owned())));
        let needs = || ok(&street.get(&format!("/relief/{e}/needs")))["sites"][0]["needs"].as_array().unwrap().clone();
        assert_eq!(needs().len(), 1, "nothing of it was taken");
        let good = "点位,物资,数量,人数,紧急程度\n一社区,棉被,10,8,救命\n一社区,毛毯,不详,,\n";
        assert_eq!(ok(&send(&clerk, &at, &[], good.as_bytes()))["filed"], 2);
        let filed = needs();
        assert_eq!((&filed[0]["quantity"], &filed[0]["tier"], &filed[0]["people"]), (&json!(10), &json!(1), &json!(8)));
        assert!(filed.iter().any(|n| n["class"] == "blanket" && n["quantity"] == Json::Null));
        let foreign = "点位,物资,数量\n二社区,棉被,10\n";
        assert_eq!(send(&clerk, &at, &[], foreign.as_bytes()).json()["problems"][0]["code"], "outside");
        assert_eq!(send(&clerk, &at, &[], b"PK\x03\x04 broken").error(), (422, "bad-workbook".into()));
        assert_eq!(send(&clerk, &at, &[], b"").error(), (422, "missing".into()));
        let empty = clerk.get(&at);
        assert!(empty.status == 200 && empty.body.starts_with(b"PK"));
        // The empty workbook with nothing in it says so.
        assert_eq!(send(&clerk, &at, &[], &empty.body).error(), (422, "missing".into()));
    });
}

/// The ways that something goes, and the model of five numbers.
const WAYS: [(Cause, Option<Place>, Place); 9] = [
    (Cause::Purchase, None, Place::Stock),
    (Cause::Gift, None, Place::Stock),
    (Cause::Reserve, Some(Place::Stock), Place::Reserved),
    (Cause::Release, Some(Place::Reserved), Place::Stock),
    (Cause::Send, Some(Place::Reserved), Place::Way),
    (Cause::Hand, Some(Place::Way), Place::Handed),
    (Cause::Back, Some(Place::Handed), Place::Stock),
    (Cause::Expired, Some(Place::Stock), Place::Lost),
    (Cause::Missing, Some(Place::Way), Place::Lost),
];

fn shift(app: &App, number: &str, way: usize, class: &str, quantity: i64) -> Result<(), Kind> {
    let (number, class) = (number.to_owned(), class.to_owned());
    let write = move |tx: &mut store::Tx| {
        let relief = relief::by_number(tx, &number)?;
        let depot = depot::all(tx, &relief.id)?.remove(0).id;
        let (cause, from, to) = WAYS[way];
        let m = Move { depot: &depot, class: &class, cause, from, to, quantity, about: None, why: None };
        ledger::shift(tx, &Who::system(), &relief, &m)
    };
    app.db.write(write).map(drop).map_err(|e: Error| e.kind)
}

#[test]
fn eight_hands_at_once_move_things_and_the_ledger_holds() {
    on_each_engine(|w| {
        let street = w.client(Some("street"));
        let e = opened(&street);
        let number = Arc::new(e.as_str().to_owned());
        let hands: Vec<_> = (0..8)
            .map(|hand| {
                let (app, number) = (w.app.clone(), number.clone());
                std::thread::spawn(move || {
                    let (mut draw, mut came, mut done, mut refused) = (Draw(hand), 0, 0, 0);
                    for _ in 0..60 {
                        let (way, n) = (draw.below(9) as usize, draw.below(40) as i64 + 1);
                        let class = ["water", "quilt"][draw.below(2) as usize];
                        match shift(&app, &number, way, class, n) {
                            Ok(()) => {
                                done += 1;
                                came += if way < 2 { n } else { 0 };
                            }
                            Err(kind) => {
                                assert_eq!(kind, Kind::StockShort);
                                refused += 1;
                            }
                        }
                    }
                    (came, done, refused)
                })
            })
            .collect();
        let all: Vec<(i64, i64, i64)> = hands.into_iter().map(|h| h.join().unwrap()).collect();
        let sum = all.iter().fold((0, 0, 0), |a, c| (a.0 + c.0, a.1 + c.1, a.2 + c.2));
        assert!(sum.1 > 100 && sum.2 > 10, "both happen: {sum:?}");
        let number = number.as_str();
        let (found, held) = w
            .app
            .db
            .read(|r| {
                let relief = relief::by_number(r, number)?;
                Ok::<_, Error>((ledger::recount(r, &relief.id)?, ledger::held(r, &relief.id)?))
            })
            .unwrap();
        assert_eq!((found.wrong, found.below, found.moves), (0, 0, sum.1), "what was refused left nothing behind");
        assert_eq!(held.iter().map(ledger::Held::received).sum::<i64>(), sum.0);
    });
}

#[test]
fn a_model_without_a_database_says_the_same() {
    on_each_engine(|w| {
        let street = w.client(Some("street"));
        let e = opened(&street);
        let number = e.as_str();
        let mut model: BTreeMap<(&str, Place), i64> = BTreeMap::new();
        let mut draw = Draw(7);
        for _ in 0..300 {
            let (way, n) = (draw.below(9) as usize, draw.below(30) as i64 + 1);
            let class = ["water", "quilt"][draw.below(2) as usize];
            let (_, from, to) = WAYS[way];
            let may = from.is_none_or(|f| model.get(&(class, f)).copied().unwrap_or(0) >= n);
            assert_eq!(shift(&w.app, number, way, class, n).is_ok(), may);
            if may {
                if let Some(from) = from {
                    *model.entry((class, from)).or_default() -= n;
                }
                *model.entry((class, to)).or_default() += n;
            }
        }
        for class in ["water", "quilt"] {
            let of = |p| model.get(&(class, p)).copied().unwrap_or(0);
            let want = [Place::Stock, Place::Reserved, Place::Way, Place::Handed, Place::Lost].map(of);
            assert_eq!(figures(&street, &e, class)[1..], want);
            assert_eq!(figures(&street, &e, class)[0], want.iter().sum::<i64>());
        }
    });
}
