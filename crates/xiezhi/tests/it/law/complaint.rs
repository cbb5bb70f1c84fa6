//! L8: a complaint button on every staff page, and nobody who settles a complaint about himself.

use serde_json::{Value as Json, json};
use store::{Query as _, params};
use xiezhi::edge::routes;
use xiezhi::kit::RoleKind;
use xiezhi::records::case::rules::Action;

use super::{STAFF, paths, settled};
use crate::world::{COMMUNITY, Client, World, on_each_engine};

/// A complaint as the button makes it; gives its number and the name of who holds it.
fn complain(client: &Client, about: Option<&str>) -> (String, String, String) {
    let body = json!({ "text": "同一张表要填三遍", "class": "complaint", "place": { "area": COMMUNITY }, "about": about });
    let made = client.post("/reports", &body);
    assert_eq!(made.status, 201, "{}", made.text);
    let made = made.json();
    let (number, code) = (made["number"].as_str().unwrap().to_owned(), made["code"].as_str().unwrap().to_owned());
    let seen = client.get(&format!("/reports/{number}?code={code}")).json();
    (number, code, seen["holder"]["party"].as_str().unwrap().to_owned())
}

#[test]
fn l08_every_staff_page_has_the_complaint_link() {
    on_each_engine(|w| {
        let number = settled(w);
        let paths = paths(w, &number);
        let asker = format!("about={}", w.body("street"));
        let (mut seen, mut forms) = (0, 0);
        for login in STAFF {
            let client = w.client(Some(login));
            client.post("/register/purpose", &json!({ "purpose": "register-keep" }));
            for path in &paths {
                let page = client.get_as(path, "text/html");
                // Also where it says no: a page that refuses is a page.
                if page.header("content-type").is_some_and(|t| t.starts_with("text/html")) {
                    assert!(page.text.contains("report?class=complaint"), "{login} {path} {}", page.status);
                    seen += 1;
                    if path.starts_with("/forms/") && !path.ends_with("/new") && page.status == 200 && page.text.contains("form")
                    {
                        forms += usize::from(page.text.contains(&asker));
                    }
                }
            }
        }
        assert!(seen > 500, "{seen}");
        assert!(forms >= 3, "the pages of a form complain about whoever asks: {forms}");
    });
}

/// Everything that somebody can do with a case, with bodies that would do where it is allowed.
fn everything(w: &World, client: &Client, number: &str) -> Vec<(String, u16)> {
    let until = w.app.time(w.app.now() + 20 * 86_400_000);
    let mut out = Vec::new();
    for action in Action::ALL {
        for to in [w.body("committee"), w.body("property"), w.who("clerk").person.unwrap()] {
            let body = json!({ "to": to, "reason": "不属实", "text": "不属实", "class": "complaint", "until": until, "outcome": "out_of_scope",
                "ask": "hang_up", "verdict": "unreasonable", "score": 1 });
            out.push((action.as_str().to_owned(), client.act(number, action.as_str(), body).status));
        }
    }
    let tasks = json!({ "to": [w.body("property")], "kind": "whistle", "text": "看看" });
    for route in routes::all().iter().filter(|r| r.writes() && r.path.contains("{number}") && !r.path.contains("{action}")) {
        let path = route.path.replace("{number}", number).replace("{id}", "0").replace("{other}", "260304-0001");
        out.push((path.clone(), client.post(&path, &tasks).status));
    }
    out
}

fn row(w: &World, number: &str) -> Json {
    let sql = "select state, holder, overlay, due_at, class, about from cases where number = $1";
    let row = w.app.db.read(|r| r.row(sql, params![number])).unwrap().unwrap();
    let text = |c: &str| row.get::<Option<String>>(c).unwrap();
    json!([
        text("state"),
        text("holder"),
        text("overlay"),
        row.get::<Option<i64>>("due_at").unwrap(),
        text("class"),
        text("about")
    ])
}

#[test]
fn l08_whoever_a_complaint_is_about_can_do_nothing_to_it() {
    on_each_engine(|w| {
        let clerk = w.client(Some("clerk"));
        let (number, code, holder) = complain(&clerk, None);
        assert_eq!(holder, "street", "the desk above the one of the page");
        let street = w.client(Some("street"));
        let (committee, own) = (w.body("committee"), w.body("street"));
        let mut step = |action: &str, body: Json| {
            let before = row(w, &number);
            for login in ["clerk2", "grid", "head", "property", "helper", "stranger", "admin", "resident"] {
                let client = w.client(Some(login));
                for (what, status) in everything(w, &client, &number) {
                    let harmless = matches!(what.as_str(), "follow") || what.ends_with("/poll");
                    assert!(harmless || (400..500).contains(&status), "{login} {what}: {status}");
                }
                let page = client.get(&format!("/cases/{number}")).text + &client.get("/desk?queue=all").text;
                assert!(!page.contains("填三遍"), "{login} reads it");
            }
            assert_eq!(row(w, &number), before);
            let done = street.act(&number, action, body);
            assert_eq!(done.status, 200, "{action}: {}", done.text);
        };
        step("accept", json!({}));
        step("dispatch", json!({ "to": own }));
        step("accept", json!({}));
        step("feedback", json!({ "text": "表已经合并，只填一次" }));
        // The one who answered does not check it either; the one who complained is content.
        assert_eq!(street.act(&number, "check", json!({})).status, 403);
        let closed = clerk.act(&number, "close", json!({ "code": code }));
        assert_eq!((closed.status, closed.json()["state"].as_str()), (200, Some("closed")), "{}", closed.text);

        // Asked for its side, the desk answers, and still settles nothing.
        let (number, _, _) = complain(&clerk, Some(&committee));
        assert_eq!(street.act(&number, "accept", json!({})).status, 200);
        assert_eq!(street.act(&number, "dispatch", json!({ "to": committee })).status, 200);
        let clerk2 = w.client(Some("clerk2"));
        assert_eq!(clerk2.act(&number, "accept", json!({})).status, 200);
        for action in ["close", "reject", "merge", "suspend", "hang_up", "extend", "check"] {
            let body = json!({ "reason": "x", "to": "260304-0001", "until": w.app.time(w.app.now() + 86_400_000) });
            assert!(clerk2.act(&number, action, body).status >= 400, "{action}");
        }
        assert_eq!(clerk2.act(&number, "feedback", json!({ "text": "这是我们的说明" })).status, 200);
        assert!(clerk2.act(&number, "check", json!({})).status >= 400);
        assert_eq!(street.act(&number, "check", json!({})).status, 200);
        assert_eq!(street.act(&number, "close", json!({})).status, 200);
    });
}

#[test]
fn l08_where_nobody_stands_above_only_whoever_complained_closes_it() {
    on_each_engine(|w| {
        let clerk = w.client(Some("clerk"));
        // The desk of the whole node, and somebody at it.
        let (top, area, person) = (w.body("值班台"), w.body_area("值班台"), w.who("neighbour").person.unwrap());
        let desk = top.clone();
        let role = move |tx: &mut store::Tx| xiezhi::base::party::add_role(tx, &person, RoleKind::Operator, &area, Some(&desk));
        w.app.db.write(role).unwrap();
        let (number, code, holder) = complain(&clerk, Some(&top));
        assert_eq!(holder, "值班台", "somebody holds it");
        // Neither those between nor the one it is about end it.
        let operator = w.client(Some("neighbour"));
        let until = w.app.time(w.app.now() + 20 * 86_400_000);
        for login in ["neighbour", "street", "clerk2", "stranger"] {
            let client = w.client(Some(login));
            for action in ["reject", "merge", "suspend", "hang_up", "extend", "close", "withdraw"] {
                let body = json!({ "reason": "不属实", "to": "260304-0001", "until": until });
                assert!(client.act(&number, action, body).status >= 400, "{login} {action}");
            }
        }
        for (action, body) in [
            ("accept", json!({})),
            ("dispatch", json!({ "to": top })),
            ("accept", json!({})),
            ("feedback", json!({ "text": "下月起只报一次" })),
        ] {
            let done = operator.act(&number, action, body);
            assert_eq!(done.status, 200, "{action} {}", done.text);
        }
        assert!(operator.act(&number, "close", json!({})).status >= 400);
        assert!(w.client(Some("clerk2")).act(&number, "close", json!({})).status >= 400);
        // Not content: it goes back. Content: he closes it.
        let code = |more: Json| {
            let mut body = json!({ "code": code });
            more.as_object().unwrap().iter().for_each(|(k, v)| body[k] = v.clone());
            body
        };
        assert_eq!(clerk.act(&number, "return", code(json!({ "reason": "这个月还是三遍" }))).status, 200);
        assert_eq!(operator.act(&number, "feedback", json!({ "text": "已撤掉两张" })).status, 200);
        assert_eq!(clerk.act(&number, "close", code(json!({}))).status, 200);
        // The page of the form says so before.
        let page = clerk.get_as("/report?class=complaint", "text/html").text;
        assert!(page.contains("name=\"about\"") && page.contains("committee") && page.contains("street"), "{page}");
        assert!(!w.client(Some("resident")).get_as("/report?class=complaint", "text/html").text.contains("name=\"about\""));
        // Nobody complains about somebody who does not stand over him.
        let body = json!({ "text": "x", "class": "complaint", "about": w.body("sibling") });
        assert_eq!(clerk.post("/reports", &body).error(), (422, "unknown-value".into()));
    });
}
