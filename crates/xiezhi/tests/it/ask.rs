//! What a class asks besides, and matters that others settle: in the form, in JSON, from partner systems; sealed with the
//! report, shown to whoever may read its words; nobody refused, nothing lost.

use serde_json::{Value as Json, json};

use super::open311_partner::Partner;
use super::world::{COMMUNITY, Client, World, on_each_engine};

fn said(who: &Client, path: &str) -> Vec<(String, String)> {
    let seen = who.get(path).json();
    let one = |a: &Json| (a["question"].as_str().unwrap().to_owned(), a["answer"].as_str().unwrap().to_owned());
    seen["answers"].as_array().unwrap().iter().map(one).collect()
}

fn report(w: &mut World, body: &Json) -> (String, String) {
    let made = w.client(None).post("/reports", body);
    assert_eq!(made.status, 201, "{}", made.text);
    let made = made.json();
    (made["number"].as_str().unwrap().to_owned(), made["code"].as_str().unwrap().to_owned())
}

#[test]
fn answers_are_sealed_with_the_report_and_shown_to_whoever_may_read_its_words() {
    on_each_engine(|w| {
        let (anyone, clerk) = (w.client(None), w.client(Some("clerk")));
        let (lift, code) = report(
            w,
            &json!({ "text": "电梯不走了", "class": "lift", "place": { "area": COMMUNITY },
                "answers": { "trapped": "no", "number": "东梯，找13812345678" } }),
        );
        let plain = vec![
            ("里面有人吗".to_owned(), "否".to_owned()),
            ("电梯编号（轿厢里的标牌）".to_owned(), "东梯，找13812345678".to_owned()),
        ];
        assert_eq!(said(&clerk, &format!("/cases/{lift}")), plain);
        assert_eq!(said(&anyone, &format!("/reports/{lift}?code={code}")), plain);
        let public = said(&anyone, &format!("/reports/{lift}"));
        assert_eq!(public[1].1, "东梯，找138****5678", "masked as the words are");
        // The receipt discloses them to the reporter.
        let receipt = anyone.get(&format!("/reports/{lift}/receipt?code={code}")).text;
        assert!(receipt.contains("case.answers"), "{receipt}");
        // A private matter tells nobody else.
        let body = json!({ "text": "要人帮忙", "class": "help", "place": { "area": COMMUNITY }, "answers": { "kind": ["visit", "talk"] } });
        let (help, _) = report(w, &body);
        assert_eq!(said(&clerk, &format!("/cases/{help}")), [("需要哪种帮助".to_owned(), "上门看看、说说话".to_owned())]);
        assert!(said(&anyone, &format!("/reports/{help}")).is_empty());
        for (answers, code) in [
            (json!({ "trapped": "perhaps" }), "unknown-value"),
            (json!({ "nothing": "x" }), "unknown-value"),
            (json!({ "trapped": ["yes", "no"] }), "too-many"),
        ] {
            let bad = anyone.post("/reports", &json!({ "text": "x", "class": "lift", "answers": answers }));
            assert_eq!(bad.error(), (422, code.into()));
        }
        // A program that leaves a required one open is not refused here either: words or a picture are enough.
        report(w, &json!({ "text": "电梯坏了", "class": "lift" }));
    });
}

#[test]
fn what_a_partner_asks_and_says_is_kept_in_the_same_place() {
    on_each_engine(|w| {
        let p = Partner::new(w, json!({}));
        let number = p.file(&[
            ("service_code", "lighting"),
            ("lat", "32.3941"),
            ("long", "119.4409"),
            ("attribute[fault]", "flicker"),
            ("attribute[colour]", "蓝色"),
        ]);
        let (clerk, anyone) = (w.client(Some("clerk")), w.client(None));
        let asked = ("怎么坏的".to_owned(), "闪".to_owned());
        assert_eq!(said(&clerk, &format!("/cases/{number}")), [asked.clone(), ("colour".to_owned(), "蓝色".to_owned())]);
        assert_eq!(said(&anyone, &format!("/reports/{number}")), [asked], "what nobody asked is not for the public");
    });
}

#[test]
fn what_others_settle_is_said_and_taken_all_the_same() {
    on_each_engine(|w| {
        let (anyone, clerk) = (w.client(None), w.client(Some("clerk")));
        let fire = anyone.post("/reports", &json!({ "text": "3栋着火了", "place": { "area": COMMUNITY } }));
        assert_eq!(fire.status, 201, "an emergency is never held up");
        let fire = fire.json();
        assert_eq!((&fire["elsewhere"]["phones"], &fire["elsewhere"]["urgent"]), (&json!(["119"]), &json!(true)));
        let number = fire["number"].as_str().unwrap();
        assert_eq!(clerk.get(&format!("/cases/{number}")).json()["state"], "received");
        let sent = anyone.get(&format!("/reports/{number}/sent?code={}", fire["code"].as_str().unwrap())).json();
        assert_eq!(sent["elsewhere"]["class"], "emergency-fire");
        let bank = anyone.post("/reports", &json!({ "text": "问贷款", "class": "bank", "place": { "area": COMMUNITY } })).json();
        assert_eq!(bank["elsewhere"]["phones"], json!(["12378", "110", "96110"]));
        let bank = bank["number"].as_str().unwrap();
        assert_eq!(clerk.get(&format!("/cases/{bank}")).json()["state"], "received", "nothing vanishes");
        let lamp = anyone.post("/reports", &json!({ "text": "银行门口的路灯不亮" })).json();
        assert_eq!(lamp["elsewhere"], Json::Null);
    });
}

/// One step of the form, as a browser without script sends it.
fn step(who: &Client, fields: &[(&str, &str)]) -> (u16, Json) {
    let encoded: Vec<String> = fields.iter().map(|(k, v)| format!("{k}={}", xiezhi::kit::form::encode(v))).collect();
    let answer = who.post_raw("/report", &[("content-type", "application/x-www-form-urlencoded")], encoded.join("&").as_bytes());
    (answer.status, answer.json())
}

#[test]
fn the_form_asks_in_a_step_of_its_own_and_loses_nothing_on_the_way_back() {
    on_each_engine(|w| {
        let anyone = w.client(None);
        let first = [("step", "1"), ("text", "楼下太吵"), ("class", "noise"), ("go", "next")];
        let (status, form) = step(&anyone, &first);
        assert_eq!((status, &form["step"], &form["asking"]), (200, &json!(1), &json!(true)));
        let names: Vec<&str> = form["questions"].as_array().unwrap().iter().map(|q| q["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["answer-when", "answer-since"]);
        let asked = |go: &'static str, since: &'static str| {
            [
                ("step", "1"),
                ("asking", "1"),
                ("text", "楼下太吵"),
                ("class", "noise"),
                ("answer-when", "night"),
                ("answer-when", "midday"),
                ("answer-since", since),
                ("go", go),
            ]
        };
        let (status, form) = step(&anyone, &asked("next", "昨天"));
        assert_eq!((status, &form["asking"], &form["field"]), (422, &json!(true), &json!("answer-since")));
        let (status, form) = step(&anyone, &asked("next", "2026-03-01"));
        assert_eq!((status, &form["step"], &form["asking"]), (200, &json!(2), &json!(false)));
        assert_eq!(form["values"]["answers"], json!({ "when": ["night", "midday"], "since": ["2026-03-01"] }));
        // Back from there it asks again, with what was chosen; and back once more it is where it began.
        let (_, form) =
            step(&anyone, &[("step", "2"), ("text", "楼下太吵"), ("class", "noise"), ("answer-when", "night"), ("go", "back")]);
        assert_eq!((&form["step"], &form["asking"]), (&json!(1), &json!(true)));
        let chosen = form["questions"][0]["values"].as_array().unwrap().iter().find(|v| v["chosen"] == true).unwrap();
        assert_eq!(chosen["code"], "night");
        let (_, form) = step(&anyone, &asked("back", ""));
        assert_eq!((&form["step"], &form["asking"]), (&json!(1), &json!(false)));
        // A class that asks nothing, or none at all, is asked nothing.
        for class in ["rubbish", ""] {
            let (_, form) = step(&anyone, &[("step", "1"), ("text", "垃圾没清"), ("class", class), ("go", "next")]);
            assert_eq!(form["step"], 2, "{class}");
        }
        // Words about a fire are answered first; one goes on all the same.
        let (_, form) = step(&anyone, &[("step", "1"), ("text", "着火了"), ("go", "next")]);
        assert_eq!((&form["asking"], &form["elsewhere"]["phones"]), (&json!(true), &json!(["119"])));
        let (_, form) = step(&anyone, &[("step", "1"), ("asking", "1"), ("text", "着火了"), ("go", "next")]);
        assert_eq!(form["step"], 2);
    });
}
