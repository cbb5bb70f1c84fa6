//! Recurrence: the same thing again after it was said to be solved, linked by the desk or, when evident, by the program;
//! the earlier case no longer counts as solved, and everything can be taken back and counted again.

use serde_json::{Value as Json, json};
use xiezhi::edge::jobs;
use xiezhi::kit::time::{DAY, HOUR};
use xiezhi::oversight::supervise::kpi;
use xiezhi::records::case::link;

use super::world::{COMMUNITY, Client, World, on_each_engine, recounts};

fn done(who: &Client, number: &str, action: &str, body: Json) -> Json {
    let answer = who.act(number, action, body);
    assert_eq!(answer.status, 200, "{action}: {}", answer.text);
    answer.json()
}

fn report(w: &mut World, text: &str, class: &str, lat: f64) -> (String, String) {
    let place = json!({ "lat": lat, "lon": 119.4409 });
    let made = w.client(None).post("/reports", &json!({ "text": text, "class": class, "place": place }));
    assert_eq!(made.status, 201, "{}", made.text);
    let made = made.json();
    (made["number"].as_str().unwrap().to_owned(), made["code"].as_str().unwrap().to_owned())
}

/// Takes a case to its close.
fn settle(w: &mut World, number: &str, outcome: &str) {
    let (clerk, clerk2, property) = (w.client(Some("clerk")), w.client(Some("clerk2")), w.client(Some("property")));
    if clerk.get(&format!("/cases/{number}")).json()["state"] == "received" {
        done(&clerk, number, "accept", json!({}));
    }
    done(&clerk, number, "dispatch", json!({ "to": w.body("property") }));
    done(&property, number, "accept", json!({}));
    w.app.ambience.advance(HOUR);
    done(&property, number, "feedback", json!({ "text": "修好了" }));
    done(&clerk2, number, "check", json!({}));
    done(&clerk2, number, "close", json!({ "outcome": outcome, "text": "看过了" }));
}

fn follow(w: &World) {
    link::follow::follow(&w.app).unwrap();
    jobs::follow(&w.app).unwrap();
    kpi::follow(&w.app).unwrap();
}

/// Part and whole of the solved cases, raw and adjusted, and how many came back.
fn solved(w: &mut World) -> ([i64; 2], [i64; 2], i64) {
    follow(w);
    let board = w.client(None).get(&format!("/kpi?area={COMMUNITY}")).json();
    let all = board["indicators"].as_array().unwrap();
    let rate = |name: &str| all.iter().find(|i| i["name"] == name).unwrap();
    let pair = |r: &Json| [r["part"].as_i64().unwrap(), r["of"].as_i64().unwrap()];
    let signal = board["signals"].as_array().unwrap().iter().find(|s| s["measure"] == "recurred").unwrap();
    let firm = board["parties"].as_array().unwrap().iter().find(|p| p["name"] == "property").unwrap();
    let raw = &rate("solution")["raw"];
    // Where nothing is to be left out it is said once.
    let adjusted = Some(&rate("solution")["adjusted"]).filter(|a| !a.is_null()).unwrap_or(raw);
    assert_eq!(pair(&firm["solution"]), pair(adjusted), "charged to whoever solved it");
    (pair(raw), pair(adjusted), signal["n"].as_i64().unwrap())
}

fn behind(w: &mut World) -> Vec<String> {
    let all = w.client(Some("clerk")).get(&format!("/kpi/cases?measure=recurred&area={COMMUNITY}")).json();
    all["items"].as_array().unwrap().iter().map(|i| i["number"].as_str().unwrap().to_owned()).collect()
}

fn linked(who: &Client, number: &str) -> Vec<(String, String)> {
    let seen = who.get(&format!("/reports/{number}")).json();
    let one = |l: &Json| (l["way"].as_str().unwrap().to_owned(), l["number"].as_str().unwrap().to_owned());
    seen["again"]["links"].as_array().unwrap().iter().map(one).collect()
}

fn pair(way: &str, number: &str) -> Vec<(String, String)> {
    vec![(way.to_owned(), number.to_owned())]
}

#[test]
fn what_is_evident_is_linked_by_itself_and_lowers_what_was_said_to_be_solved() {
    on_each_engine(|w| {
        let (first, code) = report(w, "东门口路灯又不亮了", "street-lamp", 32.3941);
        settle(w, &first, "solved");
        w.app.ambience.advance(20 * DAY);
        assert_eq!(solved(w), ([1, 1], [1, 1], 0));
        // Again at the same spot in the same words: evident as soon as it is taken up.
        let (again, _) = report(w, "东门口路灯不亮", "street-lamp", 32.39411);
        let (clerk, anyone, stranger) = (w.client(Some("clerk")), w.client(None), w.client(Some("stranger")));
        assert!(linked(&anyone, &again).is_empty(), "nothing is linked before somebody has taken it up");
        let seen = clerk.get(&format!("/cases/{again}")).json();
        let likely = &seen["again"]["suggested"][0];
        assert_eq!((&likely["number"], &likely["spot"], &likely["days"]), (&json!(first), &json!("near"), &json!(20)));
        done(&clerk, &again, "accept", json!({}));
        assert_eq!(solved(w), ([1, 1], [0, 1], 1));
        assert_eq!(behind(w).join(" "), first);
        assert_eq!((linked(&anyone, &again), linked(&anyone, &first)), (pair("before", &first), pair("after", &again)));
        let notices = w.client(Some("property")).get("/inbox").json().to_string();
        assert!(notices.contains(&first), "whoever had solved it hears of it: {notices}");
        // A third report stands by the same; the earlier one is still counted once.
        let (third, _) = report(w, "路灯不亮，东门口", "street-lamp", 32.39412);
        done(&clerk, &third, "accept", json!({}));
        assert_eq!(solved(w), ([1, 1], [0, 1], 1));
        // Undone by the desk, one after the other: the last one takes the count back.
        let undo = |who: &Client, later: &str| who.post(&format!("/cases/{later}/links/{first}/undo"), &json!({}));
        assert_eq!(undo(&stranger, &again).error().1, "denied");
        assert_eq!(undo(&clerk, &again).status, 200);
        assert_eq!(solved(w), ([1, 1], [0, 1], 1), "the third still stands by it");
        assert_eq!(undo(&clerk, &third).status, 200);
        assert_eq!(undo(&clerk, &third).error().1, "not-found");
        assert_eq!(solved(w), ([1, 1], [1, 1], 0));
        assert!(behind(w).is_empty() && linked(&anyone, &again).is_empty() && linked(&anyone, &first).is_empty());
        // What a clerk has undone the program leaves alone, also when the case is classified again.
        done(&clerk, &again, "dispatch", json!({ "to": w.body("property"), "class": "lighting" }));
        let property = w.client(Some("property"));
        done(&property, &again, "return", json!({ "reason": "不归我们" }));
        done(&clerk, &again, "dispatch", json!({ "to": w.body("property"), "class": "street-lamp" }));
        assert_eq!(solved(w).2, 0);
        // By hand again; then the reporter has the first one reopened: it counts as reopened, not twice.
        assert_eq!(clerk.post(&format!("/cases/{again}/links"), &json!({ "to": first })).status, 200);
        assert_eq!(clerk.post(&format!("/cases/{again}/links"), &json!({ "to": first })).error(), (409, "taken".into()));
        assert_eq!(solved(w), ([1, 1], [0, 1], 1));
        assert_eq!(
            w.client(None).act(&first, "reopen", json!({ "reason": "又坏", "code": code })).error().1,
            "state",
            "too late"
        );
        follow(w);
        recounts(w);
    });
}

#[test]
fn a_case_that_was_nothing_or_is_open_again_gives_the_count_back() {
    on_each_engine(|w| {
        let (first, code) = report(w, "东门口路灯不亮了", "street-lamp", 32.3941);
        settle(w, &first, "solved");
        w.app.ambience.advance(2 * DAY);
        let (again, _) = report(w, "东门口路灯不亮", "street-lamp", 32.3941);
        let clerk = w.client(Some("clerk"));
        done(&clerk, &again, "accept", json!({}));
        assert_eq!(solved(w).2, 1);
        settle(w, &again, "not_confirmed");
        assert_eq!(solved(w), ([1, 2], [1, 1], 0), "nothing was there: the first stays solved");
        let (third, _) = report(w, "东门口路灯不亮了", "street-lamp", 32.3941);
        done(&clerk, &third, "accept", json!({}));
        assert_eq!(solved(w), ([1, 2], [0, 1], 1));
        done(&w.client(None), &first, "reopen", json!({ "reason": "又不亮了", "code": code }));
        assert_eq!(solved(w), ([0, 2], [0, 1], 0), "reopened: taken once, not twice");
        assert_eq!(linked(&clerk, &third), pair("before", &first), "the link stays");
        follow(w);
        recounts(w);
    });
}

#[test]
fn a_desk_links_within_bounds_and_private_matters_stay_private() {
    on_each_engine(|w| {
        let (clerk, anyone) = (w.client(Some("clerk")), w.client(None));
        let (solved_one, _) = report(w, "门口灯坏了", "lighting", 32.3941);
        settle(w, &solved_one, "solved");
        let (half, _) = report(w, "长椅坏了", "other", 32.3941);
        settle(w, &half, "half");
        let (private, _) = report(w, "老人要人照顾", "help", 32.3941);
        settle(w, &private, "solved");
        w.app.ambience.advance(3 * DAY);
        // Thirty metres away, in other words, of a kindred class: suggested, not linked.
        let (again, _) = report(w, "路灯晚上一直闪", "street-lamp", 32.39437);
        done(&clerk, &again, "accept", json!({}));
        follow(w);
        assert!(linked(&anyone, &again).is_empty());
        let seen = clerk.get(&format!("/cases/{again}")).json();
        let offered: Vec<&Json> = seen["again"]["suggested"].as_array().unwrap().iter().map(|s| &s["number"]).collect();
        assert_eq!(offered, [&json!(solved_one)]);
        assert!(anyone.get(&format!("/reports/{again}")).json()["again"]["suggested"].as_array().unwrap().is_empty());
        let link = |who: &Client, to: &str| who.post(&format!("/cases/{again}/links"), &json!({ "to": to }));
        for (who, to, status, code) in [
            (&clerk, half.as_str(), 409, "state"),
            (&clerk, "260304-9999", 422, "unknown-value"),
            (&clerk, again.as_str(), 422, "unknown-value"),
            (&clerk, "", 422, "missing"),
        ] {
            assert_eq!(link(who, to).error(), (status, code.into()), "{to}");
        }
        assert_eq!(link(&w.client(Some("property")), &solved_one).error().1, "denied");
        assert_eq!(link(&w.client(Some("resident")), &solved_one).status, 403);
        assert_eq!(link(&clerk, &solved_one).status, 200);
        // What is private is linked only by somebody who may see it, and the public sees nothing of it on either side.
        let (page, help) = (clerk.get(&format!("/cases/{private}")).json(), report(w, "老人还要人照顾", "help", 32.3941).0);
        assert!(page["again"]["suggested"].as_array().unwrap().is_empty());
        done(&clerk, &help, "accept", json!({}));
        follow(w);
        assert!(linked(&clerk, &help).is_empty(), "the program links nothing private");
        assert_eq!(clerk.post(&format!("/cases/{help}/links"), &json!({ "to": private })).status, 200);
        assert_eq!(clerk.post(&format!("/cases/{help}/links"), &json!({ "to": solved_one })).status, 200);
        assert_eq!(linked(&clerk, &help).len(), 2);
        assert!(linked(&anyone, &help).is_empty() && linked(&anyone, &private).is_empty());
        assert_eq!(linked(&anyone, &solved_one), pair("after", &again), "the private one is not named");
        // Long after, it is another matter.
        w.app.ambience.advance(100 * DAY);
        let (late, _) = report(w, "门口灯坏了", "lighting", 32.3941);
        let clerk = w.client(Some("clerk"));
        assert_eq!(clerk.post(&format!("/cases/{late}/links"), &json!({ "to": solved_one })).error().1, "out-of-range");
        follow(w);
        recounts(w);
    });
}
