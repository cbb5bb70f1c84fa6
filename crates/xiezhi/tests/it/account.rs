//! Accounts: first set-up, passwords, sessions, and what an administrator adds.

use serde_json::json;
use xiezhi::base::party;
use xiezhi::kit::App;
use xiezhi::kit::config::Config;

use super::world::{COMMUNITY, Client, PASSWORD, on_each_engine};

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
    std::thread::spawn(move || xiezhi::edge::serve::run(running, |address| tell.send(address).unwrap()));
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
