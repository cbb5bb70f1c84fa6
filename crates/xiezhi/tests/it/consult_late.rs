//! Consultations that do not go as they should: steps nobody takes, topics that are declined, cases that are stuck, residents
//! who excuse themselves; and the committee's year.

use serde_json::{Value as Json, json};
use store::Query as _;
use xiezhi::kit::time::{DAY, HOUR};

use super::consult::{convened, grade, later, ok, raise, refused, ring, roll, see, step, top_desk, wait};
use super::world::{COMMUNITY, Client, World, on_each_engine};

#[test]
fn whatever_nobody_does_in_time_goes_up_also_after_a_restart() {
    on_each_engine(|w| {
        let (resident, clerk) = (w.client(Some("resident")), w.client(Some("clerk")));
        let (n, m) = (raise(&resident, "没人理的事"), raise(&resident, "组不起来的事"));
        ok(step(&clerk, &m, "grade", grade("deep")));
        let desk = |w: &mut World, n: &str| {
            let seen = see(&w.client(Some("street")), n);
            (
                seen["state"].as_str().unwrap().to_owned(),
                seen["desk"].as_str().unwrap().to_owned(),
                seen["late"].as_bool().unwrap(),
            )
        };
        ring(w);
        assert_eq!(desk(w, &n), ("grade".into(), "committee".into(), false));
        // The program ends, and is away when the first day passes.
        w.restart();
        w.app.ambience.advance(25 * HOUR);
        ring(w);
        assert_eq!(desk(w, &n), ("grade".into(), "street".into(), true));
        assert_eq!(desk(w, &m), ("convene".into(), "committee".into(), false));
        let kinds = w.client(Some("street")).get("/inbox").json()["items"].to_string();
        assert!(kinds.contains("consult-escalate"), "{kinds}");
        w.restart();
        w.app.ambience.advance(8 * DAY);
        ring(w);
        assert_eq!(desk(w, &m), ("convene".into(), "street".into(), true));
        // At the top it stays and rings again; each ring has a later one.
        let count =
            |w: &World| w.app.db.read(|r| r.count("select count(*) from log where act = 'consult.escalate'", &[])).unwrap();
        let before = count(w);
        ring(w);
        assert_eq!(count(w), before);
        w.app.ambience.advance(8 * DAY);
        ring(w);
        assert!(count(w) > before && desk(w, &m).1 != "committee");
        // The desk to which it moved does the step, and then it is the local one's again.
        let street = w.client(Some("street"));
        assert_eq!(ok(step(&street, &n, "grade", grade("quick")))["desk"], "committee");
    });
}

#[test]
fn each_step_has_a_clock_of_its_own() {
    on_each_engine(|w| {
        let (resident, clerk) = (w.client(Some("resident")), w.client(Some("clerk")));
        let (quick, deep) = (raise(&resident, "路灯"), raise(&resident, "停车"));
        ok(step(&clerk, &quick, "grade", grade("quick")));
        ok(step(&clerk, &deep, "grade", grade("deep")));
        convened(w, &clerk, &deep);
        let stands = |w: &mut World, n: &str| {
            let seen = see(&w.client(Some("street")), n);
            (seen["state"].as_str().unwrap().to_owned(), seen["desk"] == "committee", seen["late"].as_bool().unwrap())
        };
        // Two days after it was raised nobody has answered.
        wait(w, 34 * HOUR);
        assert_eq!(stands(w, &quick), ("publish".into(), true, false));
        wait(w, 3 * HOUR);
        assert_eq!(stands(w, &quick), ("publish".into(), false, true));
        let street = w.client(Some("street"));
        ok(step(&street, &quick, "publish", json!({ "outcome": "agreed", "summary": "会修。" })));
        assert_eq!(stands(w, &quick), ("callback".into(), true, false), "the next step is the local desk's again");
        wait(w, 7 * DAY);
        assert_eq!(stands(w, &quick), ("callback".into(), false, true), "nobody called back");
        // The form was not chosen; then the agenda is not posted; then it is not held.
        assert_eq!(stands(w, &deep), ("form".into(), false, true));
        let street = w.client(Some("street"));
        ok(step(
            &street,
            &deep,
            "form",
            json!({ "rounds": [
            { "form": "walk", "place": "楼下", "opens_at": later(w, 14, 9), "closes_at": later(w, 14, 10) },
            { "form": "online", "opens_at": later(w, 14, 9), "closes_at": later(w, 15, 9) },
        ] }),
        ));
        assert_eq!(stands(w, &deep), ("deliberate".into(), true, false));
        wait(w, 9 * DAY);
        assert_eq!(stands(w, &deep), ("deliberate".into(), false, true), "nothing was posted");
        let street = w.client(Some("street"));
        ok(step(&street, &deep, "agenda", json!({ "items": ["划车位"] })));
        ok(step(&street, &deep, "post", json!({})));
        assert_eq!(see(&street, &deep)["late"], false);
        wait(w, 20 * DAY);
        assert_eq!(stands(w, &deep), ("deliberate".into(), false, true), "it was not held");
        let street = w.client(Some("street"));
        ok(step(&street, &deep, "sign", json!({ "round": 1, "seats": [1, 2, 3, 4] })));
        ok(step(&street, &deep, "views", json!({ "item": 1, "seat": 1, "stance": "yes" })));
        ok(step(&street, &deep, "hold", json!({ "minutes": "没有商量成" })));
        wait(w, 8 * DAY);
        assert_eq!(stands(w, &deep), ("publish".into(), false, true), "the result was not published");
        // Nothing was agreed: that is a result too, and needs no promise.
        let street = w.client(Some("street"));
        let open = ok(step(&street, &deep, "publish", json!({ "outcome": "open", "summary": "没有商量成，明年再议。" })));
        assert_eq!(open["state"], "appraise");
    });
}

#[test]
fn a_topic_that_is_declined_is_asked_again_at_the_desk_above() {
    on_each_engine(|w| {
        let (resident, clerk, street) = (w.client(Some("resident")), w.client(Some("clerk")), w.client(Some("street")));
        let n = raise(&resident, "我家门口的树");
        assert_eq!(step(&clerk, &n, "decline", json!({ "why": "mood", "text": "x" })).error(), (422, "unknown-value".into()));
        assert_eq!(step(&clerk, &n, "decline", json!({ "why": "private" })).error(), (422, "missing".into()));
        assert_eq!(step(&resident, &n, "appeal", json!({ "text": "x" })).error(), (409, "state".into()));
        ok(step(&clerk, &n, "decline", json!({ "why": "private", "text": "树是您家种的。" })));
        let seen = see(&resident, &n);
        assert_eq!((&seen["reason"], &seen["may_appeal"]), (&json!("树是您家种的。"), &json!(true)));
        assert_eq!(w.client(None).get(&format!("/consultations/{n}")).status, 404);
        assert_eq!(step(&clerk, &n, "grade", grade("quick")).error(), (409, "state".into()), "declined is declined");
        assert_eq!(step(&w.client(Some("neighbour")), &n, "appeal", json!({ "text": "x" })).status, 404);
        let again = ok(step(&resident, &n, "appeal", json!({ "text": "树挡了整栋楼的光。" })));
        assert_eq!((&again["state"], &again["desk"]), (&json!("grade"), &json!("street")));
        ok(step(&street, &n, "decline", json!({ "why": "lawful", "text": "按绿化条例办。" })));
        // And once more above that one; above the top nobody decides again.
        let top = ok(step(&resident, &n, "appeal", json!({ "text": "还是不同意" })));
        assert_ne!(top["desk"], "street");
        let up = w.app.db.read(|r| r.row("select desk from consult where number = $1", store::params![&n])).unwrap().unwrap();
        assert_eq!(up.get::<String>("desk").unwrap(), top_desk(w));
    });
}

#[test]
fn a_case_that_does_not_get_on_is_talked_over_and_hears_what_came_out() {
    on_each_engine(|w| {
        let (resident, clerk) = (w.client(Some("resident")), w.client(Some("clerk")));
        let (case, _) = resident.report("楼上天天装修");
        let body = json!({ "text": "双方谈不拢，请大家一起商量", "case": case });
        assert_eq!(clerk.post("/consultations", &body).error(), (409, "not-stuck".into()));
        ok(clerk.act(&case, "accept", json!({ "class": "noise" })));
        ok(clerk.act(&case, "dispatch", json!({ "to": w.body("property"), "reason": "x" })));
        ok(w.client(Some("property")).act(&case, "return", json!({ "reason": "管不了" })));
        assert_eq!(resident.post("/consultations", &body).error(), (403, "denied".into()), "its desk sends it");
        let made = ok(clerk.post("/consultations", &body));
        let n = made["number"].as_str().unwrap().to_owned();
        assert_eq!((&made["origin"], &made["case"]), (&json!("case"), &json!(case)));
        assert_eq!(clerk.post("/consultations", &body).error(), (409, "in-consultation".into()));
        ok(step(&clerk, &n, "grade", grade("quick")));
        let promise = json!({ "words": "周末不装修", "body": w.body("property"), "due_at": later(w, 6, 12) });
        ok(step(&clerk, &n, "publish", json!({ "outcome": "agreed", "summary": "周末和晚上不装修。", "decisions": [promise] })));
        let story = ok(resident.get(&format!("/reports/{case}")))["events"].to_string();
        assert!(story.contains(&n) && story.contains("周末和晚上不装修") && story.contains("周末不装修"), "{story}");
        assert!(resident.get("/inbox").json()["items"].to_string().contains("consult-"), "its reporter follows");
    });
}

#[test]
fn residents_who_excuse_themselves_are_followed_by_the_next_and_firms_that_are_not_there_are_waived_openly() {
    on_each_engine(|w| {
        let (resident, clerk) = (w.client(Some("resident")), w.client(Some("clerk")));
        let n = raise(&resident, "停车");
        ok(step(&clerk, &n, "grade", grade("deep")));
        let (committee, head) = (w.body("committee"), w.who("head").person.unwrap());
        let roll = roll(&clerk);
        ok(step(&clerk, &n, "seats", json!({ "bodies": [committee], "heads": [head] })));
        assert_eq!(step(&clerk, &n, "seats", json!({ "heads": [w.who("resident").person] })).error().1, "unknown-value");
        assert_eq!(step(&clerk, &n, "draw", json!({ "roll": roll, "seats": 9 })).error(), (422, "out-of-range".into()));
        ok(step(&clerk, &n, "draw", json!({ "roll": roll, "seats": 3 })));
        // The clock passes the moment while nobody is there; the seed is that of the moment announced all the same.
        w.restart();
        w.app.ambience.advance(15 * HOUR);
        ring(w);
        let (clerk, resident) = (w.client(Some("clerk")), w.client(Some("resident")));
        let order = see(&clerk, &n)["draw"]["order"].clone();
        ok(clerk.post(&format!("/consultations/{n}/seats/4/excuse"), &json!({ "text": "住院" })));
        let draw = see(&resident, &n)["draw"].clone();
        assert_eq!((&draw["excused"], &draw["sits"]), (&json!([order[1]]), &json!([order[0], order[2], order[3]])));
        assert_eq!(clerk.post(&format!("/consultations/{n}/seats/4/excuse"), &json!({ "text": "x" })).status, 404);
        let alone = step(&clerk, &n, "convene", json!({}));
        assert_eq!(refused(&alone), (422, "seats-missing".into(), "seat-property".into()));
        let silent = step(&clerk, &n, "convene", json!({ "waive": ["property"] }));
        assert_eq!(refused(&silent), (422, "missing".into(), "why".into()));
        let all = json!({ "waive": ["property", "resident", "committee"], "why": "本社区没有物业" });
        let made = ok(step(&clerk, &n, "convene", all));
        assert_eq!(made["state"], "form");
        let public = see(&w.client(None), &n);
        assert_eq!(
            (&public["waived"], &public["waived_why"]),
            (&json!(["property"]), &json!("本社区没有物业")),
            "everybody reads why"
        );
        assert_eq!(
            clerk.post(&format!("/consultations/{n}/seats/3/excuse"), &json!({ "text": "x" })).error(),
            (409, "state".into())
        );
    });
}

#[test]
fn residents_appraise_their_committees_year_once_and_read_the_result_when_it_is_over() {
    on_each_engine(|w| {
        let (resident, neighbour, visitor) = (w.client(Some("resident")), w.client(Some("neighbour")), w.client(None));
        let path = format!("/appraisals/{COMMUNITY}");
        let give = |a: i64, p: i64, s: i64| json!({ "awareness": a, "participation": p, "satisfaction": s, "text": "辛苦了" });
        assert_eq!(visitor.post(&path, &give(5, 5, 5)).status, 401);
        assert_eq!(w.client(Some("clerk")).post(&path, &give(5, 5, 5)).error(), (403, "denied".into()));
        assert_eq!(resident.post(&path, &json!({ "awareness": 5 })).error(), (422, "missing".into()));
        assert_eq!(resident.post(&path, &give(0, 5, 5)).error(), (422, "out-of-range".into()));
        assert_eq!(resident.post(&path, &give(5, 4, 3)).status, 201);
        assert_eq!(resident.post(&path, &give(5, 5, 5)).error(), (409, "appraised".into()));
        assert_eq!(neighbour.post(&path, &give(3, 4, 4)).status, 201);
        let seen = visitor.get(&path).json();
        assert_eq!(
            (&seen["n"], &seen["over"], &seen["result"], &seen["parts"][0]["each"]),
            (&json!(2), &json!(false), &Json::Null, &json!([]))
        );
        w.app.ambience.advance(320 * DAY);
        let over = visitor.get(&format!("{path}?year=2026")).json();
        assert_eq!((&over["over"], &over["result"], &over["parts"][0]["mean"]), (&json!(true), &json!(383), &json!(400)));
        assert_eq!(visitor.get(&path).json()["year"], 2027);
        assert_eq!(visitor.get("/appraisals/nowhere").status, 404);
        for page in [path.clone(), format!("{path}?year=2026"), "/consultations".into()] {
            let page = visitor.get_as(&page, "text/html");
            assert!(page.status == 200 && !page.text.contains('⟦'), "{}", page.text);
        }
    });
}

#[test]
fn pages_say_what_is_to_be_done_in_both_languages() {
    on_each_engine(|w| {
        let (resident, clerk) = (w.client(Some("resident")), w.client(Some("clerk")));
        let n = raise(&resident, "停车");
        for path in ["/consultations/new", "/seats", "/consultations"] {
            let page = resident.get_as(path, "text/html");
            assert!(page.status == 200 && !page.text.contains('⟦'), "{path}");
        }
        let page = |by: &Client| {
            let page = by.get_as(&format!("/consultations/{n}"), "text/html");
            assert!(page.status == 200 && !page.text.contains('⟦'), "{}", page.text);
            page.text.replace("&#x2f;", "/")
        };
        assert!(page(&clerk).contains("/grade") && !page(&resident).contains("/grade"));
        ok(step(&clerk, &n, "grade", grade("deep")));
        assert!(page(&clerk).contains("/convene") && page(&resident).contains("楼下停车"));
    });
}
