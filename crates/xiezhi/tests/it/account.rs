//! Accounts: first set-up, passwords, sessions, and what an administrator adds.

use serde_json::json;
use store::{Query as _, params};
use xiezhi::base::{area, party};
use xiezhi::kit::config::Config;
use xiezhi::kit::time::DAY;
use xiezhi::kit::{App, RoleKind};

use super::world::{COMMUNITY, Client, PASSWORD, World, on_each_engine};

#[test]
fn the_first_account_needs_the_token_of_whoever_started_the_program() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = Config::new(dir.path());
    config.listen = "127.0.0.1:0".into();
    let app = std::sync::Arc::new(App::open(config).unwrap());
    app.db.write(party::first_start).unwrap();
    let token = party::web::set_up_token(&app).unwrap().unwrap();
    let (tell, hear) = std::sync::mpsc::channel();
    let running = app.clone();
    std::thread::spawn(move || xiezhi::edge::serve::run(running, |bound| tell.send(bound.http).unwrap()));
    let anyone = Client { base: format!("http://{}", hear.recv().unwrap()), token: None };
    assert_eq!(anyone.get_as("/set-up", "text/html").status, 200);
    let body = |token: &str, password: &str| json!({ "token": token, "name": "李主任", "login": "li", "password": password });
    assert_eq!(anyone.post("/set-up", &body("WRONG", PASSWORD)).error(), (401, "wrong-password".into()));
    assert_eq!(anyone.post("/set-up", &body(&token, "12345678")).error(), (422, "weak-password".into()));
    assert_eq!(anyone.post("/set-up", &body(&token.to_lowercase(), PASSWORD)).status, 200);
    assert_eq!(anyone.post("/set-up", &body(&token, PASSWORD)).error(), (409, "set-up-done".into()));
    assert!(party::web::set_up_token(&app).unwrap().is_none());
    let signed_in = anyone.post("/sign-in", &json!({ "name": "li", "password": PASSWORD }));
    assert_eq!(signed_in.json()["roles"], json!(["operator", "system_admin"]));
    assert!(signed_in.header("set-cookie").is_some_and(|c| c.contains("HttpOnly") && c.contains("SameSite=Lax")));
}

#[test]
fn a_new_password_ends_all_other_sessions() {
    on_each_engine(|w| {
        let (one, two) = (w.client(Some("resident")), w.client(Some("resident")));
        assert_eq!(one.get("/me").json()["sessions"].as_array().unwrap().len(), 2);
        assert_eq!(one.post("/me/password", &json!({ "old": "wrong", "password": "another good one" })).status, 401);
        assert_eq!(one.post("/me/password", &json!({ "old": PASSWORD, "password": "another good one" })).status, 200);
        assert_eq!((one.get("/me").status, two.get("/me").status), (200, 401));
        let three = w.client(None);
        assert_eq!(three.post("/sign-in", &json!({ "name": "resident", "password": PASSWORD })).status, 401);
        let token =
            three.post("/sign-in", &json!({ "name": "resident", "password": "another good one" })).json()["token"].clone();
        let three = Client { base: three.base, token: token.as_str().map(str::to_owned) };
        let other =
            three.get("/me").json()["sessions"].as_array().unwrap().iter().find(|s| s["this"] == false).unwrap()["id"].clone();
        assert_eq!(three.post(&format!("/me/sessions/{}/end", other.as_str().unwrap()), &json!({})).status, 200);
        assert_eq!((one.get("/me").status, three.get("/me").status), (401, 200));
        assert_eq!(three.post("/sign-out", &json!({})).status, 200);
        assert_eq!(three.get("/me").status, 401);
    });
}

#[test]
fn an_administrator_builds_a_community() {
    on_each_engine(|w| {
        let admin = w.client(Some("admin"));
        assert_eq!(
            admin
                .post("/areas", &json!({ "parent": COMMUNITY, "kind": "grid", "code": "321002001001-9", "name": "新网格" }))
                .status,
            201
        );
        assert_eq!(
            admin
                .post("/areas", &json!({ "parent": COMMUNITY, "kind": "grid", "code": "321002001001-9", "name": "又一个" }))
                .status,
            409
        );
        assert_eq!(
            admin.post("/areas", &json!({ "parent": COMMUNITY, "kind": "province", "code": "x", "name": "y" })).status,
            422
        );
        let firm = json!({ "name": "新物业", "kind": "property", "area": COMMUNITY });
        let body = admin.post_keyed("/bodies", "twice", &firm).json()["id"].clone();
        assert_eq!(admin.post_keyed("/bodies", "twice", &firm).json()["id"], body, "a double click makes one firm");
        let new = json!({ "name": "赵师傅", "login": "zhao", "password": PASSWORD, "kind": "property", "area": COMMUNITY, "body": body });
        assert_eq!(admin.post("/people", &new).status, 201);
        assert_eq!(admin.post("/people", &new).error(), (409, "taken".into()));
        assert_eq!(w.client(Some("zhao")).get("/desk").json()["body"], "新物业");
        let page = admin.get(&format!("/people?area={COMMUNITY}")).json();
        assert!(page["people"].as_array().unwrap().iter().any(|p| p["login"] == "zhao"));
        let beneath = admin.get(&format!("/areas?parent={COMMUNITY}")).json();
        assert_eq!(beneath["items"].as_array().unwrap().len(), 3);
        assert_eq!(beneath["line"][1]["name"], "东关街道");
    });
}

#[test]
fn settings_only_ever_lead_back_home() {
    on_each_engine(|w| {
        let anyone = w.client(None);
        for (back, to) in [
            ("/equation", "/equation"),
            ("//evil.example", "/"),
            ("https://evil.example", "/"),
            ("/%5Cevil.example", "/"),
            ("/%09/evil.example", "/"),
        ] {
            let answer = anyone.get_as(&format!("/settings?elder=1&back={back}"), "text/html");
            assert_eq!((answer.status, answer.header("location")), (303, Some(to)), "{back}");
        }
        assert!(anyone.get_as("/settings?lang=%3Cx%3E", "text/html").header("set-cookie").unwrap().contains("Max-Age=0"));
    });
}

/// A code for a new password, as the page of people gives it.
fn given(admin: &Client, person: &str) -> String {
    let given = admin.post(&format!("/people/{person}/password"), &json!({}));
    assert_eq!((given.status, given.header("cache-control")), (200, Some("no-store")), "{}", given.text);
    given.json()["code"].as_str().unwrap().to_owned()
}

#[test]
fn whoever_forgot_his_password_gets_a_code_that_works_once() {
    on_each_engine(|w| {
        let (admin, clerk, anyone) = (w.client(Some("admin")), w.client(Some("clerk")), w.client(None));
        let person = w.who("clerk").person.unwrap();
        let set = |name: &str, code: &str, password: &str| {
            anyone.post("/new-password", &json!({ "name": name, "code": code, "password": password }))
        };
        let sign_in = |password: &str| anyone.post("/sign-in", &json!({ "name": "clerk", "password": password })).status;
        let code = given(&admin, &person);
        // Until it is used nothing changes for its owner.
        assert_eq!((clerk.get("/me").status, sign_in(PASSWORD)), (200, 200));
        // The second code takes the place of the first; a name without one is answered like a wrong one.
        let second = given(&admin, &person);
        let wrong = (401, "wrong-once".to_owned());
        for (name, code) in [("clerk", code.as_str()), ("clerk", "0000-0000-0000"), ("grid", &second), ("nobody", &second)] {
            assert_eq!(set(name, code, "a new good one").error(), wrong, "{name} {code}");
        }
        assert_eq!(set("clerk", &second, "12345678").error(), (422, "weak-password".into()), "and the code is left");
        let typed = second.to_lowercase().replace('-', " ");
        assert_eq!(set("clerk", &typed, "a new good one").status, 200);
        assert_eq!((clerk.get("/me").status, sign_in(PASSWORD), sign_in("a new good one")), (401, 401, 200));
        assert_eq!(set("clerk", &second, "another good one").error(), wrong, "once");
        // Its owner sees how it was set; the log says who gave the code and holds neither code nor password.
        let token = anyone.post("/sign-in", &json!({ "name": "clerk", "password": "a new good one" })).json()["token"].clone();
        let clerk = Client { base: anyone.base.clone(), token: token.as_str().map(str::to_owned) };
        assert_eq!(clerk.get("/me").json()["password_set"]["by"], "code");
        assert!(clerk.get_as("/me", "text/html").text.contains("一次性密码"));
        let log = w.app.db.read(|r| r.history(&person)).unwrap();
        let about = |act: &str| log.iter().filter(|e| e.act == act).count();
        assert_eq!((about("party.reset"), about("party.password")), (2, 1));
        let given = log.iter().find(|e| e.act == "party.reset").unwrap();
        assert_eq!(given.field("actor"), w.who("admin").person.as_deref());
        let bare = second.replace('-', "");
        assert!(!format!("{log:?}").contains(&bare));
        // It lasts a day, and his own change makes one void.
        let late = self::given(&admin, &person);
        w.app.ambience.advance(DAY + 1);
        assert_eq!(set("clerk", &late, "another good one").error(), wrong);
        let open = self::given(&admin, &person);
        assert_eq!(clerk.post("/me/password", &json!({ "old": "a new good one", "password": "my own good one" })).status, 200);
        assert_eq!(clerk.get("/me").json()["password_set"]["by"], "self");
        assert_eq!(set("clerk", &open, "another good one").error(), wrong);
        // Whoever guesses is slowed down.
        assert!((0..20).any(|_| set("clerk", "0000-0000-0000", "another good one").error().1 == "slow-down"));
    });
}

#[test]
fn only_an_administrator_of_all_that_somebody_holds_gives_him_a_code() {
    on_each_engine(|w| {
        let admin = w.client(Some("admin"));
        let id = |w: &World, login: &str| w.who(login).person.unwrap();
        let ask = |client: &Client, person: &str| client.post(&format!("/people/{person}/password"), &json!({})).error();
        let denied = (403, "denied".to_owned());
        let clerk = id(w, "clerk");
        for login in ["resident", "clerk2", "street", "grid"] {
            assert_eq!(ask(&w.client(Some(login)), &clerk), denied, "{login}");
        }
        assert_eq!(ask(&admin, &id(w, "admin")), denied, "not to himself");
        // Somebody who also works elsewhere, who watches over administrators, who is nobody's, who has no password, who left.
        let (street, street_again) = (id(w, "street"), id(w, "street"));
        let (grid, head) = (id(w, "grid"), id(w, "head"));
        let (watching, leaving) = (grid.clone(), head.clone());
        let write = move |tx: &mut store::Tx| {
            let city = area::by_code(tx, "3210")?.unwrap();
            let here = area::by_code(tx, COMMUNITY)?.unwrap();
            party::add_role(tx, &street_again, RoleKind::City, &city.id, None)?;
            party::add_role(tx, &watching, RoleKind::AuditAdmin, &here.id, None)?;
            party::end_role(tx, &leaving, RoleKind::BuildingHead)
        };
        w.app.db.write(write).unwrap();
        for person in [&street, &grid, &head] {
            assert_eq!(ask(&admin, person), denied);
        }
        let card = w.client(Some("clerk")).post("/cards", &json!({ "name": "李大爷", "place": "1单元101" })).json();
        let sql = "select person from card where id = $1";
        let by_card = w.app.db.read(|r| r.row(sql, params![card["id"].as_str().unwrap()])).unwrap().unwrap();
        assert_eq!(ask(&admin, &by_card.get::<String>("person").unwrap()).0, 404, "a card is renewed, not given a password");
        let page = admin.get(&format!("/people?area={COMMUNITY}")).json();
        let offered = |login: &str| {
            page["people"].as_array().unwrap().iter().filter(|p| p["login"] == login).any(|p| p["may_reset"] == true)
        };
        assert!(offered("clerk") && !offered("admin"));
        assert!(!page["people"].as_array().unwrap().iter().any(|p| p["kind"] == "audit_admin" && p["may_reset"] == true));
        // A stopped account is not opened by a code that was given before.
        let code = given(&admin, &clerk);
        assert_eq!(admin.post(&format!("/people/{clerk}/end"), &json!({})).status, 201);
        let set = json!({ "name": "clerk", "code": code, "password": "a new good one" });
        assert_eq!(w.client(None).post("/new-password", &set).status, 401);
        // At the machine itself there is a code for everybody.
        let (code, login, _) = party::reset::issue(&w.app, None, &grid, |_| Ok(())).unwrap();
        assert_eq!(login, "grid");
        let set = json!({ "name": login, "code": code, "password": "a new good one" });
        assert_eq!(w.client(None).post("/new-password", &set).status, 200);
    });
}
