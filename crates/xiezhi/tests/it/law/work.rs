//! L6, L10 and L13: no photo without a reason, no form that asks again, no notice that hurries people.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};
use store::Query as _;
use xiezhi::base::classes::{self, HANDED};
use xiezhi::edge::routes;
use xiezhi::kit::i18n::{Lang, Texts};

use super::{files, settled};
use crate::world::{COMMUNITY, on_each_engine};

#[test]
fn l06_a_photo_is_demanded_only_where_the_class_says_why() {
    on_each_engine(|w| {
        let (clerk, anyone, committee) = (w.client(Some("clerk")), w.client(None), w.body("committee"));
        let catalogue = classes::now(&w.app).unwrap();
        let (mut free, mut asked) = (0, 0);
        for class in catalogue.iter().filter(|c| c.major != HANDED) {
            let body = json!({ "text": "有事", "class": class.code, "place": { "area": COMMUNITY } });
            let made = anyone.post("/reports", &body);
            assert_eq!(made.status, 201, "{} {}", class.code, made.text);
            let number = made.json()["number"].as_str().unwrap().to_owned();
            for (action, body) in [("accept", json!({})), ("dispatch", json!({ "to": committee })), ("accept", json!({}))] {
                assert_eq!(clerk.act(&number, action, body).status, 200, "{} {action}", class.code);
            }
            let offered = clerk.get(&format!("/cases/{number}")).json();
            let done = clerk.act(&number, "feedback", json!({ "text": "办好了" }));
            if class.evidence.as_str() == "none" {
                assert_eq!((done.status, &offered["evidence"]), (200, &Json::Null), "{}: {}", class.code, done.text);
                free += 1;
            } else {
                assert_eq!(done.error(), (422, "evidence".into()), "{}", class.code);
                let why = offered["evidence"]["why"].as_str().unwrap();
                assert!(why.chars().count() > 8 && !class.why.get(Lang::En).is_empty(), "{}: {why}", class.code);
                // It stands beside the field.
                let page = clerk.get_as(&format!("/cases/{number}"), "text/html").text;
                assert!(page.contains(why), "{}", class.code);
                asked += 1;
            }
        }
        assert!(free > 50 && asked > 50, "{free} {asked}");
    });
}

#[test]
fn l06_no_page_has_a_picture_that_must_be_there() {
    let mut fields = 0;
    for (path, text) in files("crates/xiezhi/src", "html") {
        for tag in text.split("<input").skip(1).map(|t| t.split('>').next().unwrap()).filter(|t| t.contains("type=\"file\"")) {
            fields += 1;
            let picture = tag.contains("image/") || tag.contains("audio/");
            // Of a class that says why (`m.evidence`, shown in `l06_a_photo_is_demanded_…`) the page may say so too.
            let reasoned = path.ends_with("case/action.html");
            assert!(!(picture && tag.contains("required")) || reasoned, "{path}: {tag}");
        }
    }
    assert!(fields > 10, "{fields}");
}

#[test]
fn l10_no_form_goes_out_but_through_the_check() {
    on_each_engine(|w| {
        settled(w);
        let street = w.client(Some("street"));
        // A telephone is held; asked for once as a field, and once more in other words.
        let asks = json!({ "title": "再摸底", "purpose": "register-keep", "area": COMMUNITY, "due": "2026-04-30", "period": "once",
            "element": ["register.phone", "register.name"], "a1": "请填写您的联系电话", "a1_reason": "联系" });
        let made = street.post("/forms", &asks);
        assert_eq!(made.status, 201, "{}", made.text);
        let form = made.json()["id"].as_str().unwrap().to_owned();
        let state = |w: &crate::world::World| -> String {
            let sql = "select state from fill_form where id = $1";
            w.app.db.read(|r| r.row(sql, store::params![&form])).unwrap().unwrap().get("state").unwrap()
        };
        // Every action on it, by everybody, without saying that what is held is taken from where it is.
        for login in ["street", "clerk", "grid", "property", "admin", "stranger"] {
            let client = w.client(Some(login));
            for route in routes::all().iter().filter(|r| r.writes() && r.path.starts_with("/forms/{")) {
                let path = route.path.replace("{id}", &form).replace("{form}", &form);
                let path: Vec<&str> = path.split('/').map(|s| if s.starts_with('{') { "0" } else { s }).collect();
                if path.last() == Some(&"delete") {
                    continue;
                }
                for body in [json!({}), json!({ "reuse": "" }), json!({ "state": "open" }), asks.clone()] {
                    client.post(&path.join("/"), &body);
                    assert_eq!(state(w), "draft", "{login} {path:?}");
                }
            }
        }
        let refused = street.post(&format!("/forms/{form}/publish"), &json!({}));
        assert_eq!(refused.error(), (409, "already-held".into()));
        assert!(refused.json()["held"].as_i64().unwrap() > 0);
        // Taken from where it is, nobody is asked; and what is open is not made to ask more afterwards.
        assert_eq!(street.post(&format!("/forms/{form}/publish"), &json!({ "reuse": "1" })).status, 200);
        let more = json!({ "title": "再摸底", "purpose": "register-keep", "area": COMMUNITY, "element": ["register.phone", "register.name", "register.work"] });
        assert!(street.post(&format!("/forms/{form}/change"), &more).status >= 400);
        let grid = w.client(Some("grid"));
        let id = w.app.db.read(|r| r.row("select id from resident limit 1", &[])).unwrap().unwrap();
        let id: String = id.get("id").unwrap();
        let one = grid.get(&format!("/forms/{form}/people/{id}")).json();
        assert_eq!((&one["fields"], &one["questions"]), (&json!([]), &json!([])), "{one}");
        // Whoever sends the answer all the same is told that it is held.
        let again = grid.post(&format!("/forms/{form}/people/{id}"), &json!({ "phone": "13900000001" }));
        assert_eq!(again.error(), (409, "already-held".into()));
    });
}

#[test]
fn l13_no_notice_hurries_anybody_or_asks_for_a_sign() {
    let texts = Texts::load().unwrap();
    let hurry = [
        "接龙",
        "收到请回复",
        "收到回复",
        "请回复收到",
        "立即",
        "立刻",
        "马上",
        "务必",
        "速报",
        "尽快回复",
        "回复1",
        "回复“收到”",
        "打卡",
        "转发",
        "点赞",
    ];
    let hurry_en = ["reply at once", "immediately", "right away", "confirm receipt", "acknowledge", "asap", "forward this"];
    let mut seen = 0;
    for key in Texts::keys(Lang::Zh) {
        let parts = ["notice-", "group-", "push-", "mail-", "digest-", "sms-", "order-"];
        if !parts.iter().any(|p| key.starts_with(p)) {
            continue;
        }
        seen += 1;
        for (lang, words) in [(Lang::Zh, &hurry[..]), (Lang::En, &hurry_en[..])] {
            let text = texts.plain(lang, &key).to_lowercase();
            for word in words {
                assert!(!text.contains(word), "{key}: {text}");
            }
        }
    }
    assert!(seen > 40, "{seen}");
    // What a group hears holds numbers and a link: no time at all, so none that somebody made up.
    let mut holes = BTreeSet::new();
    for (path, text) in files("texts", "ftl") {
        for line in text.lines().filter(|l| l.starts_with("group-")) {
            for hole in line.split("{ $").skip(1) {
                holes.insert(hole.split(' ').next().unwrap().to_owned());
            }
            assert!(!line.contains("DATETIME"), "{path}: {line}");
        }
    }
    assert_eq!(holes, ["counts", "link", "n"].map(str::to_owned).into());
}
