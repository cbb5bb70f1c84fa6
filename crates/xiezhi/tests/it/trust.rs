//! Trusted helpers: with consent on record, seen by the resident in what was done and what was read, never over the account
//! itself, and ended at once.

use serde_json::{Value as Json, json};
use store::{Query as _, params};

use super::world::{Client, World, on_each_engine};

/// Lets `helper` act for `elder`, by invitation.
pub fn trusted(elder: &Client, helper: &Client) -> String {
    let made = elder.post("/me/trust", &json!({ "label": "女儿王芳" }));
    assert_eq!(made.status, 200, "{}", made.text);
    let code = made.json()["code"].as_str().unwrap().to_lowercase();
    let joined = helper.post("/me/trust/join", &json!({ "code": code, "label": "妈妈" }));
    assert_eq!(joined.status, 200, "{}", joined.text);
    helper.get("/me/trust").json()["elders"][0]["id"].as_str().unwrap().to_owned()
}

fn actor_of(w: &World, number: &str, act: &str) -> Option<String> {
    let sql =
        "select l.leaf from log l join cases c on c.id = l.obj where c.number = $1 and l.act = $2 order by l.seq desc limit 1";
    let row = w.app.db.read(|r| r.row(sql, params![number, act])).unwrap().unwrap();
    let leaf: Json = serde_json::from_str(&row.get::<String>("leaf").unwrap()).unwrap();
    leaf["actor"].as_str().map(str::to_owned)
}

#[test]
fn a_daughter_reports_and_rates_for_her_mother_who_sees_it_all_and_ends_it() {
    on_each_engine(|w| {
        let (elder, helper) = (w.client(Some("resident")), w.client(Some("neighbour")));
        let id = trusted(&elder, &helper);
        let of_elder = elder.get("/me/trust").json();
        assert_eq!((&of_elder["helpers"][0]["label"], &of_elder["helpers"][0]["code"]), (&json!("女儿王芳"), &Json::Null));
        let (own, _) = helper.report("我自己的事");
        assert_eq!(helper.post(&format!("/me/trust/{id}/act"), &json!({})).status, 200);
        let (number, _) = helper.report("妈妈家的灯坏了");
        let page = helper.get_as("/", "text/html").text;
        assert!(page.contains("您正在替") && page.contains("妈妈家的灯坏了") && !page.contains("我自己的事"));
        assert!(elder.get("/me/data").text.contains(&number), "it is the mother's report");
        let neighbour = w.who("neighbour").person;
        assert_eq!(actor_of(w, &number, "case.report"), neighbour, "the log names who did it");
        assert_eq!(helper.act(&number, "note", json!({ "text": "下午有人在家" })).status, 200);
        assert_eq!(actor_of(w, &number, "case.note"), neighbour);
        helper.get("/me/data");
        let reads = elder.get("/me/reads").json()["items"].clone();
        let read = reads.as_array().unwrap().iter().find(|r| r["purpose"] == "trust").expect("what the daughter read is told");
        assert_eq!(read["by"], "您的代办人");

        // The account itself stays the mother's.
        let password = json!({ "old": "x", "password": "neues-Passwort" });
        assert_eq!(helper.post("/me/password", &password).error().1, "denied");
        assert_eq!(helper.post("/me/trust", &json!({ "label": "别人" })).error().1, "denied");
        assert_eq!(helper.post(&format!("/me/trust/{id}/end"), &json!({})).error().1, "denied");
        assert_eq!(helper.post("/me/sessions/x/end", &json!({})).error().1, "denied");
        // Nor where the mother is told: her notices are hers.
        assert_eq!(helper.get("/me/notices").error().1, "denied");
        let address = json!({ "channel": "sms", "address": "13900002222" });
        assert_eq!(helper.post("/me/notices/address", &address).error().1, "denied");
        assert!(helper.get("/me").json()["sessions"].as_array().unwrap().is_empty());

        // Back to herself, and again; then the mother ends it in the middle.
        assert_eq!(helper.post("/me/trust/stop", &json!({})).status, 200);
        assert!(helper.get("/me/data").text.contains(&own) && !helper.get("/me/data").text.contains(&number));
        assert_eq!(helper.post(&format!("/me/trust/{id}/act"), &json!({})).status, 200);
        assert_eq!(elder.post(&format!("/me/trust/{id}/end"), &json!({})).status, 200);
        assert!(!helper.get("/me/data").text.contains(&number), "with the next request it is over");
        assert_eq!(helper.post(&format!("/me/trust/{id}/act"), &json!({})).status, 404);
        // A year is the longest.
        let id = trusted(&elder, &helper);
        assert_eq!(helper.post(&format!("/me/trust/{id}/act"), &json!({})).status, 200);
        w.app.ambience.advance(29 * 86_400_000);
        assert!(helper.get("/me/data").text.contains(&number));
    });
}

#[test]
fn codes_are_used_once_nobody_acts_for_staff_and_staff_acts_for_nobody() {
    on_each_engine(|w| {
        let (elder, helper, clerk) = (w.client(Some("resident")), w.client(Some("neighbour")), w.client(Some("clerk")));
        assert_eq!(clerk.post("/me/trust", &json!({ "label": "同事" })).error().1, "denied");
        let code = elder.post("/me/trust", &json!({ "label": "王芳" })).json()["code"].clone();
        let join = |who: &Client, code: &Json| who.post("/me/trust/join", &json!({ "code": code, "label": "妈妈" }));
        assert_eq!(join(&elder, &code).error().1, "wrong-card", "not for oneself");
        assert_eq!(join(&helper, &code).status, 200);
        assert_eq!(join(&helper, &code).error().1, "wrong-card", "once");
        let late = elder.post("/me/trust", &json!({ "label": "王芳" })).json()["code"].clone();
        w.app.ambience.advance(86_400_001);
        assert_eq!(join(&clerk, &late).error().1, "wrong-card", "for a day");
        let fresh = elder.post("/me/trust", &json!({ "label": "干部" })).json()["code"].clone();
        assert_eq!(join(&clerk, &fresh).status, 200);
        let id = clerk.get("/me/trust").json()["elders"][0]["id"].as_str().unwrap().to_owned();
        assert_eq!(clerk.post(&format!("/me/trust/{id}/act"), &json!({})).error().1, "denied", "nobody rates his own work");
        for _ in 0..3 {
            elder.post("/me/trust", &json!({ "label": "一个" }));
        }
        assert_eq!(elder.post("/me/trust", &json!({ "label": "太多" })).error().1, "too-many");
    });
}

#[test]
fn a_clerk_notes_a_consent_given_before_the_desk() {
    on_each_engine(|w| {
        let (clerk, helper) = (w.client(Some("clerk")), w.client(Some("neighbour")));
        let given = clerk.post("/cards", &json!({ "name": "王秀英", "place": "501" })).json();
        let card = given["id"].as_str().unwrap();
        let note = |helper: &str, consent: &str| {
            clerk.post(&format!("/cards/{card}/trust"), &json!({ "helper": helper, "label": "女儿", "consent": consent }))
        };
        assert_eq!(note("nobody", "present").error().1, "unknown-value");
        assert_eq!(note("neighbour", "guessed").error().1, "unknown-value");
        assert_eq!(note(given["code"].as_str().unwrap(), "present").error().1, "unknown-value", "not for herself");
        assert_eq!(note("neighbour", "phone").status, 200);
        let stranger = w.client(Some("stranger"));
        let far =
            stranger.post(&format!("/cards/{card}/trust"), &json!({ "helper": "neighbour", "label": "x", "consent": "paper" }));
        assert_eq!(far.status, 404);
        let elders = helper.get("/me/trust").json()["elders"].clone();
        assert_eq!((&elders[0]["label"], &elders[0]["consent"]), (&json!("王秀英"), &json!("phone")));
        let id = elders[0]["id"].as_str().unwrap().to_owned();
        assert_eq!(helper.post(&format!("/me/trust/{id}/act"), &json!({})).status, 200);
        assert_eq!(helper.get("/me").json()["name"], "王秀英");
    });
}
