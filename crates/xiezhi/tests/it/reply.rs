//! Answers to choose from: offered for the steps a clerk may take, filled with what is known of the case, and read by the
//! resident in the story of the matter.

use serde_json::{Value as Json, json};

use super::world::{COMMUNITY, Client, on_each_engine};

fn done(who: &Client, number: &str, action: &str, body: Json) {
    let answer = who.act(number, action, body);
    assert_eq!(answer.status, 200, "{action}: {}", answer.text);
}

/// The words of the last step, as the reporter reads them with his code.
fn last(who: &Client, (number, code): (&str, &str), kind: &str) -> String {
    let seen = who.get(&format!("/reports/{number}?code={code}")).json();
    let step = seen["events"].as_array().unwrap().iter().rfind(|e| e["kind"] == kind).unwrap().clone();
    step["text"].as_str().unwrap_or_default().to_owned()
}

fn offered(who: &Client, number: &str, action: &str) -> Vec<String> {
    let seen = who.get(&format!("/cases/{number}")).json();
    let all = seen["replies"].as_array().unwrap().iter().filter(|o| o["action"] == action);
    all.map(|o| o["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_chosen_answer_is_filled_in_and_read_by_the_resident() {
    on_each_engine(|w| {
        let (anyone, clerk, clerk2, property) =
            (w.client(None), w.client(Some("clerk")), w.client(Some("clerk2")), w.client(Some("property")));
        let made =
            anyone.post("/reports", &json!({ "text": "路灯不亮", "class": "street-lamp", "place": { "area": COMMUNITY } }));
        let number = made.json()["number"].as_str().unwrap().to_owned();
        let code = made.json()["code"].as_str().unwrap().to_owned();
        let mine = (number.as_str(), code.as_str());
        assert_eq!(offered(&clerk, &number, "accept"), ["accept", "accept-look"]);
        assert!(anyone.get(&format!("/reports/{number}")).json()["replies"].as_array().unwrap().is_empty());
        assert!(!offered(&clerk, &number, "reject").contains(&"reject-elsewhere".to_owned()), "it is nobody else's");
        done(&clerk, &number, "accept", json!({ "answer": "accept" }));
        let words = last(&anyone, mine, "accept");
        assert!(words.contains(&number) && words.contains("由committee受理") && !words.contains('{'), "{words}");
        // What comes with the step is filled in from the step, also where the clerk took the words over into his own.
        assert_eq!(
            clerk.act(&number, "dispatch", json!({ "answer": "nonsense", "to": w.body("property") })).error(),
            (422, "unknown-value".into())
        );
        assert_eq!(
            clerk.act(&number, "dispatch", json!({ "answer": "close-half", "to": w.body("property") })).error().1,
            "unknown-value"
        );
        done(&clerk, &number, "dispatch", json!({ "answer": "dispatch", "to": w.body("property") }));
        assert!(last(&anyone, mine, "dispatch").contains("交给property去办"));
        done(&property, &number, "accept", json!({}));
        // A day lasts until its midnight: it goes on the day after.
        done(&clerk, &number, "suspend", json!({ "answer": "lighting-wait", "until": "2026-03-20" }));
        let words = last(&anyone, mine, "suspend");
        assert!(words.contains("3月21日") && words.contains("地下线路") && !words.contains('〔'), "{words}");
        done(&clerk, &number, "resume", json!({}));
        let offers = offered(&property, &number, "feedback");
        assert_eq!(offers, ["lighting-done", "feedback", "feedback-half"], "those of its family first");
        done(&property, &number, "feedback", json!({ "answer": "lighting-done" }));
        let words = last(&anyone, mine, "feedback");
        assert!(words.contains("property已经修好"), "{words}");
        done(&clerk2, &number, "check", json!({}));
        let own = json!({ "answer": "close-solved", "text": "我们自己看过了", "outcome": "solved" });
        done(&clerk2, &number, "close", own);
        assert_eq!(last(&anyone, mine, "close"), "我们自己看过了", "the clerk's own words win");
        // What is not for us says who is competent.
        let made = anyone.post("/reports", &json!({ "text": "个税怎么退", "class": "tax", "place": { "area": COMMUNITY } }));
        let number = made.json()["number"].as_str().unwrap().to_owned();
        let code = made.json()["code"].as_str().unwrap().to_owned();
        assert!(offered(&clerk, &number, "reject").contains(&"reject-elsewhere".to_owned()));
        done(&clerk, &number, "reject", json!({ "answer": "reject-elsewhere" }));
        let seen = anyone.get(&format!("/reports/{number}?code={code}")).json();
        let words = seen["events"].as_array().unwrap().last().unwrap()["text"].as_str().unwrap().to_owned();
        assert!(words.contains("12366") && words.contains("申诉"), "{words}");
        assert_eq!(clerk.act(&number, "reject", json!({ "answer": "reject-scope" })).error().0, 409);
    });
}
