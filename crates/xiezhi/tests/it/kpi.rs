//! Indicators: counted from the log, for areas and parties, each figure with its cases; and calls to a random sample.

use serde_json::{Value as Json, json};
use xiezhi::edge::jobs;
use xiezhi::kit::time::{DAY, HOUR};
use xiezhi::oversight::supervise::kpi;

use xiezhi::records::case::life::{Said, act};
use xiezhi::records::case::rules::Action;
use xiezhi::records::case::{Rulebook, by_number};

use super::world::{COMMUNITY, Client, SIBLING, World, on_each_engine, recounts};

fn done(who: &Client, number: &str, action: &str, body: Json) {
    let answer = who.act(number, action, body);
    assert_eq!(answer.status, 200, "{action}: {}", answer.text);
}

/// A case from report to close; gives number and code.
fn closed(w: &mut World, text: &str, outcome: &str, slow: bool) -> (String, String) {
    let (anyone, clerk, clerk2, property) =
        (w.client(None), w.client(Some("clerk")), w.client(Some("clerk2")), w.client(Some("property")));
    let (number, code) = anyone.report(text);
    done(&clerk, &number, "accept", json!({ "class": "lighting" }));
    done(&clerk, &number, "dispatch", json!({ "to": w.body("property") }));
    done(&property, &number, "accept", json!({}));
    w.app.ambience.advance(if slow { 6 * DAY } else { HOUR });
    jobs::deadlines(&w.app, w.app.now()).unwrap();
    done(&property, &number, "feedback", json!({ "text": "换好了" }));
    done(&clerk2, &number, "check", json!({}));
    done(&clerk2, &number, "close", json!({ "outcome": outcome, "text": "看过了" }));
    (number, code)
}

fn rate<'a>(board: &'a Json, name: &str) -> &'a Json {
    board["indicators"].as_array().unwrap().iter().find(|i| i["name"] == name).unwrap()
}

#[test]
fn every_figure_is_counted_from_the_log_and_leads_to_its_cases() {
    on_each_engine(|w| {
        let (good, code) = closed(w, "一", "solved", false);
        let (late, _) = closed(w, "二", "solved", true);
        closed(w, "三", "out_of_scope", false);
        let (anyone, clerk) = (w.client(None), w.client(Some("clerk")));
        done(&anyone, &good, "rate", json!({ "score": 1, "code": code }));
        done(&anyone, &good, "reopen", json!({ "reason": "又不亮了", "code": code }));
        jobs::follow(&w.app).unwrap();
        kpi::follow(&w.app).unwrap();
        assert_eq!(kpi::follow(&w.app).unwrap(), 0, "nothing is counted twice");
        let board = anyone.get(&format!("/kpi?area={COMMUNITY}")).json();
        let solution = rate(&board, "solution");
        assert_eq!(
            (&solution["raw"]["part"], &solution["raw"]["of"]),
            (&json!(1), &json!(3)),
            "two solved, one of them reopened"
        );
        assert_eq!(
            (&solution["adjusted"]["of"], &solution["without"][0]),
            (&json!(2), &json!({ "measure": "out_of_scope", "n": 1 }))
        );
        assert_eq!(rate(&board, "satisfaction")["raw"]["permille"], 0);
        assert_eq!(rate(&board, "handling_on_time")["raw"], json!({ "part": 2, "of": 3, "permille": 667, "text": "66.7%" }));
        assert_eq!(rate(&board, "rework")["raw"]["text"], "0.0%");
        let firm = board["parties"].as_array().unwrap().iter().find(|p| p["name"] == "property").unwrap();
        assert_eq!((&firm["closed"], &firm["overdue"]), (&json!(3), &json!(1)));
        let behind = |measure: &str| -> Vec<String> {
            let all = clerk.get(&format!("/kpi/cases?measure={measure}&area={COMMUNITY}")).json();
            all["items"].as_array().unwrap().iter().map(|i| i["number"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(
            (behind("closed_late"), behind("unsatisfied"), behind("reopened")),
            (vec![late.clone()], vec![good.clone()], vec![good])
        );
        assert_eq!(behind("received").len(), 3);
        assert_eq!(
            anyone.get(&format!("/kpi?area={SIBLING}")).json()["indicators"][0]["raw"]["permille"],
            Json::Null,
            "no events, no figure"
        );
        // The street's board holds what lies beneath it.
        assert_eq!(rate(&anyone.get("/kpi?area=321002001").json(), "solution")["raw"]["of"], 3);
        for (query, code) in [("days=0", "out-of-range"), ("days=x", "out-of-range"), ("area=nowhere", "unknown-value")] {
            assert_eq!(anyone.get(&format!("/kpi?{query}")).error().1, code);
        }
        assert_eq!(anyone.get("/kpi/cases?measure=nothing").error().1, "unknown-value");
        recounts(w);
    });
}

/// A quick program hands a case back twice within a millisecond: both count, and counting goes on.
#[test]
fn what_happens_twice_in_one_moment_is_counted_twice_and_stops_nothing() {
    on_each_engine(|w| {
        let (clerk, property) = (w.who("clerk"), w.who("property"));
        let (number, _) = w.client(None).report("车库漏水");
        let to = w.body("property");
        let done = w.client(Some("clerk")).act(&number, "accept", json!({ "class": "water" }));
        assert_eq!(done.status, 200, "{}", done.text);
        let (book, id) = (Rulebook::now(&w.app).unwrap(), w.app.db.read(|r| by_number(r, &number)).unwrap().unwrap().id);
        let send = Said { to: Some(to), ..Said::default() };
        let back = Said { reason: Some("不归我们".into()), ..Said::default() };
        let steps = move |tx: &mut store::Tx| {
            for _ in 0..2 {
                act::act(tx, &book, &clerk, false, &id, Action::Dispatch, &send)?;
                act::act(tx, &book, &property, false, &id, Action::Return, &back)?;
            }
            Ok::<_, xiezhi::kit::Error>(())
        };
        w.app.db.write(steps).unwrap();
        recounts(w);
        let counts = w.app.db.read(|r| kpi::counts(r, "/", 0, 40_000)).unwrap();
        assert_eq!(counts["returned"], 2);
    });
}

#[test]
fn the_same_sample_whoever_draws_and_nobody_calls_about_his_own_work() {
    on_each_engine(|w| {
        let (clerk, property) = (w.client(Some("clerk")), w.client(Some("property")));
        let mut numbers: Vec<String> = (0..3).map(|i| closed(w, &format!("第{i}件"), "solved", false).0).collect();
        assert_eq!(clerk.get("/callbacks").json()["of"], 0, "the week is not over");
        w.app.ambience.advance(7 * DAY);
        let drawn = clerk.get("/callbacks").json();
        let again = w.client(Some("clerk2")).get("/callbacks").json();
        assert_eq!((drawn["of"].as_u64(), &drawn["seed"], &drawn["items"]), (Some(3), &again["seed"], &again["items"]));
        let mut all: Vec<String> =
            drawn["items"].as_array().unwrap().iter().map(|i| i["number"].as_str().unwrap().to_owned()).collect();
        let seed = drawn["seed"].as_str().unwrap();
        assert_eq!(calc::draw::draw(seed, numbers.iter().map(String::as_str), 20), all, "anybody can draw it again");
        all.sort();
        numbers.sort();
        assert_eq!(all, numbers);
        let call = |who: &Client, number: &str, body: Json| who.post(&format!("/callbacks/{number}"), &body);
        assert_eq!(property.get("/callbacks").error().1, "denied", "who handles does not call");
        assert_eq!(call(&clerk, "260304-9999", json!({ "reached": true })).error().1, "missing");
        assert_eq!(call(&clerk, "260304-9999", json!({ "reached": false })).error().1, "not-found", "only who was drawn");
        assert_eq!(call(&clerk, &numbers[0], json!({ "reached": true, "solved": "1" })).error(), (422, "missing".into()));
        assert_eq!(
            call(&clerk, &numbers[0], json!({ "reached": true, "solved": "1", "satisfied": "0", "text": "说晚了两天" })).status,
            200
        );
        assert_eq!(call(&clerk, &numbers[0], json!({ "reached": false })).error().1, "taken");
        kpi::follow(&w.app).unwrap();
        let board = clerk.get(&format!("/kpi?area={COMMUNITY}")).json();
        assert_eq!(rate(&board, "callback_solution")["raw"]["permille"], 1000);
        assert_eq!(rate(&board, "callback_satisfaction")["raw"]["permille"], 0);
    });
}

#[test]
fn inv07_whoever_is_to_call_back_gets_the_number_for_that_call_alone() {
    on_each_engine(|w| {
        let (resident, clerk2) = (w.client(Some("resident")), w.client(Some("clerk2")));
        let contact = json!({ "name": "王金丝雀", "phone": "13800000009" });
        let told = json!({ "text": "灯坏了", "place": { "area": COMMUNITY }, "contact": contact });
        let number = resident.post("/reports", &told).json()["number"].as_str().unwrap().to_owned();
        let (clerk, street) = (w.client(Some("clerk")), w.client(Some("street")));
        done(&clerk, &number, "accept", json!({ "class": "lighting" }));
        done(&clerk, &number, "dispatch", json!({ "to": w.body("committee") }));
        done(&clerk, &number, "accept", json!({}));
        done(&clerk, &number, "feedback", json!({ "text": "换好了" }));
        done(&clerk2, &number, "check", json!({}));
        done(&clerk2, &number, "close", json!({ "outcome": "solved", "text": "看过了" }));
        let path = format!("/callbacks/{number}");
        assert_eq!(street.get(&path).error().1, "not-found", "not drawn yet");
        w.app.ambience.advance(7 * DAY);
        let (nameless, _) = resident.report("还没有办");
        assert_eq!(street.get(&format!("/callbacks/{nameless}")).error().1, "not-found");
        for (login, code) in [("property", "denied"), ("clerk", "denied"), ("stranger", "not-found"), ("resident", "denied")] {
            assert_eq!(w.client(Some(login)).get(&path).error().1, code, "{login}");
        }
        // A desk above sees no number anywhere else, and each look for the call is told to its owner with its matter.
        for elsewhere in [format!("/cases/{number}"), "/callbacks".into(), "/desk?queue=all".into(), "/notices/calls".into()] {
            let text = street.get(&elsewhere).text + &street.get_as(&elsewhere, "text/html").text;
            assert!(!text.contains("13800000009") && !text.contains("王金丝雀"), "{elsewhere}");
        }
        let seen = street.get(&path);
        assert_eq!((seen.status, seen.header("cache-control")), (200, Some("no-store")));
        assert_eq!((&seen.json()["phone"], &seen.json()["name"]), (&json!("13800000009"), &json!("王金丝雀")));
        assert!(street.get_as(&path, "text/html").text.contains("tel:13800000009"));
        let read = resident.get("/me/reads").json()["items"][0].clone();
        assert_eq!((&read["by"], &read["purpose"]), (&json!("street"), &json!("callback")));
        assert_eq!(read["matters"][0]["number"], number.as_str());
        let note = json!({ "reached": true, "solved": "1", "satisfied": "1" });
        assert_eq!(street.post_keyed(&path, "once", &note).status, 200);
        assert_eq!(street.post_keyed(&path, "once", &note).status, 200, "a double click is one call");
        assert_eq!((street.get(&path).error().1, clerk2.get(&path).error().1), ("taken".into(), "taken".into()));
    });
}
