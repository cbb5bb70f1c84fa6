//! The hard parts of a case: nobody signs for it, it is passed round, several share it, it cannot be solved now, somebody
//! takes it on, somebody presses. Each as people live it, over HTTP.

use serde_json::{Value as Json, json};
use xiezhi::base::media;
use xiezhi::edge::jobs;
use xiezhi::kit::time::{DAY, HOUR, MINUTE};

use super::world::{Client, World, on_each_engine};

/// Lets time pass and rings what has come due.
fn wait(w: &World, ms: i64) {
    w.app.ambience.advance(ms);
    jobs::deadlines(&w.app, w.app.now()).unwrap();
}

fn done(who: &Client, number: &str, action: &str, body: Json) -> Json {
    let answer = who.act(number, action, body);
    assert_eq!(answer.status, 200, "{action}: {}", answer.text);
    answer.json()
}

/// A report that lies with the property firm, in handling.
fn in_hand(w: &World, clerk: &Client, property: &Client, class: &str) -> (String, String) {
    let (number, code) = clerk.report("楼道灯坏了");
    done(clerk, &number, "accept", json!({ "class": class }));
    done(clerk, &number, "dispatch", json!({ "to": w.body("property") }));
    done(property, &number, "accept", json!({}));
    (number, code)
}

fn overlays(seen: &Json) -> Vec<&str> {
    seen["overlays"].as_array().unwrap().iter().map(|o| o.as_str().unwrap()).collect()
}

#[test]
fn passed_round_three_times_it_goes_to_a_ruling_which_binds_and_is_remembered() {
    on_each_engine(|w| {
        let (clerk, property, street) = (w.client(Some("clerk")), w.client(Some("property")), w.client(Some("street")));
        let (number, _) = clerk.report("地下车库渗水，谁都说不归自己管");
        done(&clerk, &number, "accept", json!({ "class": "water" }));
        let to = w.body("property");
        done(&clerk, &number, "dispatch", json!({ "to": to }));
        let first = clerk.get(&format!("/cases/{number}")).json()["due_at"].clone();
        for round in 1..=3 {
            let seen = done(&property, &number, "return", json!({ "reason": "不归我们" }));
            assert_eq!(seen["events"].as_array().unwrap().last().unwrap()["text"], "不归我们", "its own words stay to be read");
            if round < 3 {
                assert_eq!((&seen["state"], overlays(&seen)), (&json!("accepted"), vec!["returned"]));
                let again = done(&clerk, &number, "dispatch", json!({ "to": to }));
                assert!(again["due_at"].as_str() <= first.as_str(), "whoever gets it next has what is left");
            } else {
                assert_eq!((overlays(&seen), &seen["holder"]["party"]), (vec!["returned", "adjudicating"], &json!("street")));
            }
        }
        assert_eq!(clerk.act(&number, "dispatch", json!({ "to": to })).error().1, "state", "only a ruling leads on");
        assert_eq!(clerk.act(&number, "rule", json!({ "to": to, "reason": "x" })).error(), (403, "denied".into()));
        assert_eq!(street.act(&number, "rule", json!({ "to": to })).error(), (422, "missing".into()), "a ruling has a reason");
        let ruled = done(&street, &number, "rule", json!({ "to": to, "reason": "车库属物业管理区域" }));
        assert_eq!((&ruled["state"], &ruled["holder"]["party"]), (&json!("dispatched"), &json!("property")));
        assert_eq!(property.act(&number, "return", json!({ "reason": "还是不归我们" })).error(), (409, "ruled".into()));
        done(&property, &number, "accept", json!({}));

        // The next dispute about the same class is offered the ruling.
        let (next, _) = clerk.report("又渗水");
        done(&clerk, &next, "accept", json!({ "class": "water" }));
        for _ in 0..3 {
            done(&clerk, &next, "dispatch", json!({ "to": to }));
            done(&property, &next, "return", json!({ "reason": "不归我们" }));
        }
        let seen = street.get(&format!("/cases/{next}")).json();
        assert_eq!((&seen["precedents"][0]["number"], &seen["precedents"][0]["party"]), (&json!(number), &json!("property")));
        let held = seen["held"].as_array().unwrap();
        assert_eq!(held.iter().map(|h| h["party"].as_str().unwrap()).collect::<Vec<_>>(), ["committee", "property", "street"]);
        assert_eq!((&held[1]["times"], &held[2]["now"]), (&json!(3), &json!(true)));
    });
}

#[test]
fn one_work_day_in_return_goes_to_a_ruling_by_itself_and_the_clock_never_stood_still() {
    on_each_engine(|w| {
        let (clerk, property) = (w.client(Some("clerk")), w.client(Some("property")));
        let (number, _) = clerk.report("谁来修");
        done(&clerk, &number, "accept", json!({ "class": "building" }));
        done(&clerk, &number, "dispatch", json!({ "to": w.body("property") }));
        done(&property, &number, "return", json!({ "reason": "不归我们" }));
        done(&clerk, &number, "dispatch", json!({ "to": w.body("property") }));
        wait(w, DAY - HOUR);
        assert_eq!(overlays(&clerk.get(&format!("/cases/{number}")).json()), ["returned"]);
        wait(w, HOUR + MINUTE);
        let seen = clerk.get(&format!("/cases/{number}")).json();
        assert_eq!((overlays(&seen), &seen["holder"]["party"]), (vec!["returned", "adjudicating"], &json!("street")));
        assert!(seen["events"].as_array().unwrap().iter().any(|e| e["kind"] == "adjudicate"));
        let charged: i64 = seen["held"].as_array().unwrap().iter().map(|h| h["minutes"].as_i64().unwrap()).sum();
        assert_eq!(charged, (DAY + MINUTE) / MINUTE, "time charged to all holders is the age of the case");
    });
}

#[test]
fn the_community_whistles_each_answer_has_its_clock_and_the_case_closes_last() {
    on_each_engine(|w| {
        let (clerk, clerk2, property, helper) =
            (w.client(Some("clerk")), w.client(Some("clerk2")), w.client(Some("property")), w.client(Some("helper")));
        let (number, _) = in_hand(w, &clerk, &property, "lighting");
        let call = |who: &Client, body: Json| who.post(&format!("/cases/{number}/tasks"), &body);
        assert_eq!(helper.get(&format!("/cases/{number}")).json()["text"], json!("楼道灯坏了"), "nothing personal in it");
        assert_eq!(call(&helper, json!({ "to": [w.body("property")], "text": "来" })).error().1, "denied");
        assert_eq!(call(&clerk, json!({ "text": "来" })).error(), (422, "missing".into()));
        assert_eq!(call(&clerk, json!({ "to": ["nobody"], "text": "来" })).error(), (422, "unknown-value".into()));
        let seen =
            call(&clerk, json!({ "to": [w.body("helpers"), w.body("street")], "text": "请来看看老人", "kind": "whistle" }));
        assert_eq!(seen.status, 200, "{}", seen.text);
        let seen = seen.json();
        let tasks = seen["tasks"].as_array().unwrap();
        assert!(tasks.len() == 2 && tasks.iter().all(|t| t["state"] == "asked" && t["due_at"].is_string()));
        let id = |name: &str| tasks.iter().find(|t| t["party"] == name).unwrap()["id"].as_str().unwrap().to_owned();
        let (ours, theirs) = (id("helpers"), id("street"));
        // Whoever is called finds it on his desk, first of all, with what is asked; and no longer once he has done it.
        let desk = helper.get("/desk").json();
        assert_eq!((&desk["queue"], &desk["items"][0]["number"]), (&json!("called"), &json!(number)));
        let asked = helper.get(&format!("/cases/{number}")).json();
        assert!(asked["tasks"].as_array().unwrap().iter().all(|t| t["text"] == "请来看看老人"));
        let task = |who: &Client, id: &str, action: &str, body: Json| who.post(&format!("/tasks/{id}/{action}"), &body);
        assert_eq!(task(&property, &ours, "answer", json!({})).error().1, "denied", "it is not theirs");
        assert_eq!(task(&helper, &ours, "answer", json!({})).status, 200);
        assert_eq!(task(&helper, &ours, "done", json!({})).error(), (422, "missing".into()), "they say what they did");
        assert_eq!(task(&helper, &ours, "rate", json!({ "score": 5 })).error().1, "state");
        assert_eq!(task(&helper, &ours, "done", json!({ "text": "陪老人住了一晚" })).status, 200);
        assert!(helper.get("/desk").json()["queues"].as_array().unwrap().iter().all(|q| q["name"] != "called"));

        done(&property, &number, "feedback", json!({ "text": "换好了" }));
        done(&clerk2, &number, "check", json!({}));
        assert_eq!(clerk2.act(&number, "close", json!({})).error(), (409, "tasks-open".into()), "a parent closes last");
        wait(w, 7 * HOUR);
        let late = clerk.get(&format!("/cases/{number}")).json();
        assert!(late["tasks"].as_array().unwrap().iter().any(|t| t["late"] == true));
        let street = w.client(Some("street"));
        assert_eq!(task(&street, &theirs, "refuse", json!({ "text": "没有人手" })).status, 200);
        assert_eq!(clerk2.act(&number, "close", json!({})).error().1, "tasks-open", "a refusal is no end");
        assert_eq!(task(&clerk, &theirs, "insist", json!({ "text": "请再想想办法" })).status, 200);
        assert_eq!(task(&clerk, &theirs, "cancel", json!({})).status, 200);
        assert_eq!(task(&helper, &ours, "rate", json!({ "score": 5 })).error().1, "denied", "who called rates");
        let rated = task(&clerk, &ours, "rate", json!({ "score": 5 })).json();
        assert!(rated["tasks"].as_array().unwrap().iter().any(|t| t["party"] == "helpers" && t["score"] == 5));
        assert_eq!(done(&clerk2, &number, "close", json!({}))["state"], "closed");
    });
}

#[test]
fn a_group_takes_a_case_on_by_itself_where_its_class_allows() {
    on_each_engine(|w| {
        let (clerk, helper, anyone) = (w.client(Some("clerk")), w.client(Some("helper")), w.client(None));
        let (lift, _) = clerk.report("电梯停了");
        done(&clerk, &lift, "accept", json!({ "class": "lift" }));
        assert_eq!(helper.act(&lift, "claim", json!({})).error().1, "denied", "not a lift");
        let (number, _) = clerk.report("花坛没人浇水");
        assert_eq!(helper.act(&number, "claim", json!({})).error().1, "state", "first somebody looks at it");
        done(&clerk, &number, "accept", json!({ "class": "green" }));
        assert_eq!(anyone.act(&number, "claim", json!({})).error().1, "denied");
        let seen = done(&helper, &number, "claim", json!({ "text": "我们每周来浇" }));
        assert_eq!((&seen["state"], &seen["holder"]["party"]), (&json!("handling"), &json!("helpers")));
        done(&helper, &number, "feedback", json!({ "text": "浇好了" }));
    });
}

#[test]
fn what_cannot_be_solved_now_rests_with_a_date_and_comes_back_with_what_was_left() {
    on_each_engine(|w| {
        let (clerk, property, street) = (w.client(Some("clerk")), w.client(Some("property")), w.client(Some("street")));
        let (number, code) = in_hand(w, &clerk, &property, "lighting");
        let day = |n: i64| w.app.time(w.app.now() + n * DAY)[..10].to_owned();
        assert_eq!(property.act(&number, "suspend", json!({ "until": day(5), "reason": "等配件" })).error().1, "denied");
        assert_eq!(
            property.act(&number, "ask", json!({ "ask": "suspend", "reason": "等配件" })).error(),
            (422, "missing".into())
        );
        assert_eq!(
            property.act(&number, "ask", json!({ "ask": "suspend", "until": "yesterday", "reason": "等" })).error(),
            (422, "wrong-type".into())
        );
        assert_eq!(
            property.act(&number, "ask", json!({ "ask": "suspend", "until": day(-1), "reason": "等" })).error(),
            (422, "out-of-range".into())
        );
        wait(w, DAY);
        let left = clerk.get(&format!("/cases/{number}")).json()["due_at"].as_str().unwrap().to_owned();
        let left = xiezhi::kit::time::parse(&left).unwrap() - w.app.now();
        done(&property, &number, "ask", json!({ "ask": "suspend", "until": day(5), "reason": "等配件" }));
        assert_eq!(street.act(&number, "ask", json!({ "ask": "extend", "reason": "x" })).error().1, "state", "one at a time");
        let seen = done(&clerk, &number, "grant", json!({}));
        assert_eq!(overlays(&seen), ["suspended"]);
        assert_eq!(clerk.act(&number, "dispatch", json!({ "to": w.body("property") })).error().1, "state");
        wait(w, 7 * DAY);
        let seen = clerk.get(&format!("/cases/{number}")).json();
        assert!(overlays(&seen).is_empty() && seen["holder"]["party"] == "property", "{seen}");
        let due = xiezhi::kit::time::parse(seen["due_at"].as_str().unwrap()).unwrap();
        assert_eq!(due - w.app.now(), left, "it has what was left");
        assert!(seen["events"].as_array().unwrap().iter().any(|e| e["kind"] == "back"));

        // Hanging up is for the desk above; the public sees why and until when.
        assert_eq!(clerk.act(&number, "hang_up", json!({ "until": day(60), "reason": "要等改造" })).error().1, "denied");
        done(&property, &number, "ask", json!({ "ask": "hang_up", "until": day(60), "reason": "线路要等改造" }));
        assert_eq!(clerk.act(&number, "grant", json!({})).error().1, "denied");
        done(&street, &number, "grant", json!({ "text": "列入改造计划" }));
        let public = w.client(None).get("/hung-up").json();
        assert_eq!((&public["items"][0]["number"], public["items"].as_array().unwrap().len()), (&json!(number), 1));
        assert_eq!(w.client(None).get("/equation").json()["open"], 1, "it is not closed");
        let back = done(&clerk, &number, "resume", json!({}));
        assert!(overlays(&back).is_empty());
        done(&property, &number, "feedback", json!({ "text": "提前修好了" }));
        let _ = code;
    });
}

#[test]
fn the_holder_is_warned_then_the_desk_above_and_pressing_only_shortens() {
    on_each_engine(|w| {
        let (clerk, property, street) = (w.client(Some("clerk")), w.client(Some("property")), w.client(Some("street")));
        let (number, _) = in_hand(w, &clerk, &property, "lighting");
        let notices = |who: &Client| -> Vec<String> {
            jobs::follow(&w.app).unwrap();
            let all = who.get("/inbox").json();
            all["items"].as_array().unwrap().iter().map(|n| n["kind"].as_str().unwrap().to_owned()).collect()
        };
        // Three work days from Wednesday at ten end on Monday at ten: 21 office hours, of which three quarters have passed
        // on Friday before noon and seven eighths at a quarter past four.
        wait(w, 2 * DAY + 6 * HOUR);
        assert!(notices(&property).contains(&"work-warn".into()) && !notices(&clerk).contains(&"work-warn".into()));
        wait(w, HOUR);
        assert!(notices(&clerk).contains(&"work-warn".into()));
        let before = clerk.get(&format!("/cases/{number}")).json()["due_at"].as_str().unwrap().to_owned();
        assert_eq!(clerk.act(&number, "supervise", json!({ "reason": "快" })).error().1, "denied", "pressing comes from above");
        let far = w.app.time(w.app.now() + 30 * DAY);
        let seen = done(&street, &number, "supervise", json!({ "reason": "居民等不了", "until": far }));
        assert_eq!(seen["due_at"], json!(before), "an order never gives more time");
        let soon = w.app.time(w.app.now() + HOUR);
        let seen = done(&street, &number, "supervise", json!({ "reason": "今天办好", "until": soon }));
        assert_eq!(seen["due_at"], json!(soon));
        assert!(notices(&property).contains(&"work-supervise".into()));
    });
}

#[test]
fn neighbours_follow_it_and_then_it_is_no_longer_one_persons_to_take_back() {
    on_each_engine(|w| {
        let (anyone, neighbour, clerk) = (w.client(None), w.client(Some("neighbour")), w.client(Some("clerk")));
        let (number, code) = anyone.report("垃圾桶满了");
        assert_eq!(anyone.act(&number, "follow", json!({})).error().1, "denied", "a visitor has no inbox");
        assert_eq!(done(&neighbour, &number, "follow", json!({}))["followers"], 1);
        let again = done(&neighbour, &number, "follow", json!({}));
        assert_eq!((&again["followers"], &again["following"]), (&json!(1), &json!(true)), "once each, and it is said");
        assert_eq!(anyone.act(&number, "withdraw", json!({ "code": code, "reason": "不用了" })).error(), (409, "shared".into()));
        let (own, code) = anyone.report("看错了");
        let seen = done(&anyone, &own, "withdraw", json!({ "code": code, "reason": "看错了" }));
        assert_eq!((&seen["state"], &seen["outcome"]), (&json!("closed"), &json!("withdrawn")));
        // Followers hear how it ends.
        done(&clerk, &number, "accept", json!({ "class": "rubbish" }));
        done(&clerk, &number, "reject", json!({ "reason": "已清走" }));
        jobs::follow(&w.app).unwrap();
        assert!(neighbour.get("/inbox").text.contains("mine-reject"));
    });
}

#[test]
fn words_among_staff_stay_there_and_a_private_matter_shows_the_public_only_that_it_is_in_hand() {
    on_each_engine(|w| {
        let (anyone, clerk, resident) = (w.client(None), w.client(Some("clerk")), w.client(Some("resident")));
        let (number, code) = resident.report("家里老人摔了一跤，想请人帮忙做饭");
        done(&clerk, &number, "accept", json!({ "class": "help" }));
        done(&clerk, &number, "note", json!({ "text": "低保户，先联系志愿队", "private": true }));
        done(&clerk, &number, "note", json!({ "text": "明天上午来" }));
        let own = resident.get(&format!("/reports/{number}?code={code}"));
        assert!(own.text.contains("明天上午来") && !own.text.contains("低保"), "{}", own.text);
        assert!(!own.json()["events"].as_array().unwrap().iter().any(|e| e["private"] == true), "not even that it is there");
        assert!(clerk.get(&format!("/cases/{number}")).text.contains("低保户"));
        let public = anyone.get(&format!("/reports/{number}"));
        assert_eq!((&public.json()["text"], &public.json()["state"]), (&Json::Null, &json!("accepted")));
        assert!(!public.text.contains("摔") && !public.text.contains("明天"));
        assert!(!anyone.get("/cases").text.contains("摔"));
        let page = anyone.get_as(&format!("/reports/{number}"), "text/html").text;
        assert!(page.contains("生活求助") && !page.contains("摔"));
    });
}

#[test]
fn a_class_that_asks_for_a_picture_gets_one_and_closing_says_how_it_went() {
    on_each_engine(|w| {
        let (clerk, clerk2, property) = (w.client(Some("clerk")), w.client(Some("clerk2")), w.client(Some("property")));
        let (number, _) = in_hand(w, &clerk, &property, "road");
        let refused = property.act(&number, "feedback", json!({ "text": "补好了" }));
        assert_eq!((refused.error(), &refused.json()["field"]), ((422, "evidence".into()), &json!("media")));
        let asked = &property.get(&format!("/cases/{number}")).json()["evidence"];
        assert_eq!(asked["kind"], "after");
        // A pair is one picture from before and one from after; a recording is no picture.
        let (number, _) = in_hand(w, &clerk, &property, "illegal-building");
        let picture = |n: u8| {
            let mut png = std::io::Cursor::new(Vec::new());
            image::RgbImage::from_pixel(2, 2, image::Rgb([n; 3])).write_to(&mut png, image::ImageFormat::Png).unwrap();
            media::keep(&w.app, &w.who("property"), png.get_ref()).unwrap()
        };
        let refused = property.act(&number, "feedback", json!({ "text": "拆了", "media": [picture(1)] }));
        assert_eq!(refused.error().1, "evidence", "only from after");
        done(&property, &number, "feedback", json!({ "text": "拆了", "media": [picture(2), picture(3)] }));
        let (number, code) = in_hand(w, &clerk, &property, "lighting");
        done(&property, &number, "feedback", json!({ "text": "换了一半" }));
        done(&clerk2, &number, "check", json!({}));
        assert_eq!(clerk2.act(&number, "close", json!({ "outcome": "half" })).error(), (422, "missing".into()), "why only half");
        assert_eq!(clerk2.act(&number, "close", json!({ "outcome": "withdrawn", "text": "x" })).error().1, "unknown-value");
        let seen = done(&clerk2, &number, "close", json!({ "outcome": "half", "text": "还差两盏，等配件" }));
        assert_eq!(seen["outcome"], "half");
        let seen = done(&clerk2, &number, "review", json!({ "verdict": "reasonable" }));
        assert_eq!(seen["review"], "reasonable");
        let own = w.client(None).get(&format!("/reports/{number}?code={code}")).json();
        assert!(own["review"].is_null() && !own["events"].as_array().unwrap().iter().any(|e| e["kind"] == "review"));
    });
}

#[test]
fn a_person_of_the_holder_takes_it_over_and_the_least_busy_comes_first() {
    on_each_engine(|w| {
        let (clerk, clerk2, property) = (w.client(Some("clerk")), w.client(Some("clerk2")), w.client(Some("property")));
        let (number, _) = clerk.report("一件");
        let people = clerk.get(&format!("/cases/{number}")).json()["people"].clone();
        let two = w.who("clerk2").person.unwrap();
        assert_eq!(people.as_array().unwrap().len(), 3, "two clerks and a grid worker");
        assert_eq!(property.act(&number, "assign", json!({ "to": two })).error().1, "denied");
        assert_eq!(
            clerk.act(&number, "assign", json!({ "to": w.who("property").person })).error(),
            (422, "unknown-value".into())
        );
        done(&clerk, &number, "assign", json!({ "to": two }));
        jobs::follow(&w.app).unwrap();
        assert!(clerk2.get("/inbox").text.contains("work-assign"));
        let (next, _) = clerk.report("又一件");
        let people = clerk.get(&format!("/cases/{next}")).json()["people"].clone();
        assert_eq!((&people[0]["load"], &people[2]["load"], &people[2]["id"]), (&json!(0), &json!(1), &json!(two)));
    });
}
