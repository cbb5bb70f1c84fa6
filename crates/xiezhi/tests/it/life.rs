//! One report from a resident to a verified, rated close and back again; who may do what; deadlines.

use serde_json::json;
use xiezhi::edge::jobs;
use xiezhi::kit::time::{DAY, HOUR};

use super::world::{COMMUNITY, SIBLING, World, on_each_engine};

#[test]
fn a_report_travels_to_a_rated_close_and_can_be_reopened() {
    on_each_engine(|w| {
        let (anyone, clerk, clerk2, property) =
            (w.client(None), w.client(Some("clerk")), w.client(Some("clerk2")), w.client(Some("property")));
        let (number, code) = anyone.report("三楼的楼道灯坏了");
        let state = || {
            let seen = anyone.get(&format!("/reports/{number}?code={code}")).json();
            (seen["state"].as_str().unwrap().to_owned(), seen["holder"]["party"].as_str().map(str::to_owned))
        };
        let expect = |state_now: &str, holder: Option<&str>| assert_eq!(state(), (state_now.into(), holder.map(str::to_owned)));
        expect("received", Some("committee"));

        assert_eq!(property.act(&number, "accept", json!({})).error(), (403, "denied".into()), "only the desk receives");
        assert_eq!(clerk.act(&number, "close", json!({})).error(), (409, "state".into()), "nothing is closed unchecked");
        assert_eq!(clerk.act(&number, "accept", json!({ "class": "lighting" })).status, 200);
        expect("accepted", Some("committee"));
        assert_eq!(clerk.act(&number, "dispatch", json!({ "to": "nobody" })).error(), (422, "unknown-value".into()));
        assert_eq!(clerk.act(&number, "dispatch", json!({ "to": w.body("property") })).status, 200);
        expect("dispatched", Some("property"));
        assert_eq!(property.act(&number, "accept", json!({})).status, 200);
        expect("handling", Some("property"));
        assert_eq!(property.act(&number, "feedback", json!({})).error(), (422, "missing".into()), "feedback says something");
        assert_eq!(property.act(&number, "feedback", json!({ "text": "灯泡换好了" })).status, 200);
        expect("feedback", Some("committee"));
        assert_eq!(property.act(&number, "check", json!({})).error(), (403, "denied".into()), "the checker is never the handler");
        assert_eq!(clerk2.act(&number, "check", json!({})).status, 200);
        assert_eq!(clerk2.act(&number, "close", json!({ "text": "看过了" })).status, 200);
        expect("closed", None);

        assert_eq!(anyone.act(&number, "rate", json!({ "score": 5 })).error(), (403, "denied".into()), "without the code");
        assert_eq!(anyone.act(&number, "rate", json!({ "score": 9, "code": code })).error(), (422, "out-of-range".into()));
        let rated = anyone.act(&number, "rate", json!({ "score": 4, "code": code }));
        assert_eq!(rated.json()["rating"]["score"], 4);
        assert_eq!(anyone.act(&number, "reopen", json!({ "reason": "晚上又不亮了", "code": code })).status, 200);
        expect("accepted", Some("committee"));

        let seen = anyone.get(&format!("/reports/{number}?code={code}")).json();
        let kinds: Vec<&str> = seen["events"].as_array().unwrap().iter().map(|e| e["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["report", "accept", "dispatch", "accept", "feedback", "check", "close", "rate", "reopen"]);
        let open = anyone.get("/equation").json();
        assert_eq!((&open["received"], &open["open"], &open["holds"]), (&json!(1), &json!(1), &json!(true)));
    });
}

#[test]
fn reopening_is_a_right_for_ten_days_and_an_appeal_goes_up() {
    on_each_engine(|w| {
        let (anyone, clerk, clerk2) = (w.client(None), w.client(Some("clerk")), w.client(Some("clerk2")));
        let (number, code) = anyone.report("这件不归我们管");
        assert_eq!(clerk.act(&number, "reject", json!({})).error(), (422, "missing".into()), "a rejection has a reason");
        assert_eq!(clerk.act(&number, "reject", json!({ "reason": "属于邻区" })).status, 200);
        let seen = anyone.get(&format!("/reports/{number}?code={code}")).json();
        assert_eq!((seen["state"].as_str(), seen["events"][1]["text"].as_str()), (Some("rejected"), Some("属于邻区")));
        assert_eq!(anyone.act(&number, "reopen", json!({ "code": code, "reason": "就在楼下" })).status, 200);
        let seen = anyone.get(&format!("/reports/{number}?code={code}")).json();
        assert_eq!(
            (seen["state"].as_str(), seen["holder"]["party"].as_str()),
            (Some("received"), Some("street")),
            "the desk above looks"
        );

        let (late, code) = anyone.report("树枝挡路");
        for (who, action, body) in [
            (&clerk, "accept", json!({})),
            (&clerk, "dispatch", json!({ "to": w.body("committee") })),
            (&clerk, "accept", json!({})),
            (&clerk, "feedback", json!({ "text": "锯掉了" })),
        ] {
            assert_eq!(who.act(&late, action, body).status, 200, "{action}");
        }
        assert_eq!(clerk.act(&late, "check", json!({})).error(), (403, "denied".into()), "who handled it does not check it");
        assert_eq!(clerk2.act(&late, "check", json!({})).status, 200, "a colleague at the desk may");
        assert_eq!(clerk2.act(&late, "close", json!({})).status, 200);
        w.app.ambience.advance(10 * DAY + HOUR);
        assert_eq!(anyone.act(&late, "reopen", json!({ "code": code })).error(), (409, "state".into()));
    });
}

#[test]
fn a_missed_deadline_moves_the_case_up_by_itself_also_after_a_restart() {
    on_each_engine(|w| {
        let anyone = w.client(None);
        let (number, code) = anyone.report("没人理");
        let holder = |w: &World| {
            let seen = anyone.get(&format!("/reports/{number}?code={code}")).json();
            assert!(seen["due_at"].is_string() && w.server.is_some());
            (seen["holder"]["party"].as_str().unwrap().to_owned(), seen["overlays"].to_string())
        };
        w.app.ambience.advance(23 * HOUR);
        jobs::deadlines(&w.app, w.app.now()).unwrap();
        assert_eq!(holder(w).0, "committee", "not before its time");
        w.app.ambience.advance(2 * HOUR);
        // The job finds what is late in the database alone, so it is the same whether the program ran all the time.
        jobs::deadlines(&w.app, w.app.now()).unwrap();
        jobs::deadlines(&w.app, w.app.now()).unwrap();
        assert_eq!(holder(w), ("street".into(), "[\"overdue\"]".into()));
        w.app.ambience.advance(25 * HOUR);
        jobs::deadlines(&w.app, w.app.now()).unwrap();
        assert_eq!(holder(w).0, "值班台", "the top");
        w.app.ambience.advance(25 * HOUR);
        jobs::deadlines(&w.app, w.app.now()).unwrap();
        assert_eq!(holder(w).0, "值班台", "it stays there, and keeps a clock");
    });
}

#[test]
fn where_it_is_decides_who_gets_it() {
    on_each_engine(|w| {
        let anyone = w.client(None);
        let holder = |place: serde_json::Value| {
            let made = anyone.post("/reports", &json!({ "text": "漏水", "place": place })).json();
            let (number, code) = (made["number"].as_str().unwrap(), made["code"].as_str().unwrap());
            let seen = anyone.get(&format!("/reports/{number}?code={code}")).json();
            (seen["holder"]["party"].as_str().unwrap().to_owned(), seen["place"].as_str().unwrap().to_owned())
        };
        assert_eq!(holder(json!({ "lat": 32.394, "lon": 119.441 })), ("committee".into(), "一社区 第1网格".into()));
        assert_eq!(holder(json!({ "area": SIBLING })).0, "sibling");
        assert_eq!(holder(json!({ "area": "321002001" })).0, "street");
        assert_eq!(holder(json!({ "lat": 0.0, "lon": 0.0 })).0, "值班台", "a place outside is accepted");
        assert_eq!(holder(json!({ "area": "999999" })).0, "值班台");
    });
}

#[test]
fn the_reporter_and_the_party_hear_of_it() {
    on_each_engine(|w| {
        let (resident, clerk, property) = (w.client(Some("resident")), w.client(Some("clerk")), w.client(Some("property")));
        let (number, _) = resident.report("信箱坏了");
        clerk.act(&number, "accept", json!({}));
        w.app.ambience.advance(1000);
        clerk.act(&number, "dispatch", json!({ "to": w.body("property") }));
        jobs::follow(&w.app).unwrap();
        jobs::follow(&w.app).unwrap();
        let kinds = |inbox: serde_json::Value| {
            inbox["items"].as_array().unwrap().iter().map(|i| i["kind"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(kinds(resident.get("/inbox").json()), ["mine-dispatch"], "one line for each matter");
        assert_eq!(kinds(resident.get(&format!("/inbox?subject={number}")).json()), ["mine-dispatch", "mine-accept"]);
        assert_eq!(kinds(property.get("/inbox").json()), ["work-dispatch"]);
        assert_eq!(kinds(clerk.get("/inbox").json()), Vec::<String>::new());
        assert_eq!(resident.get("/inbox").json()["unread"], 2);
        resident.post("/inbox/read", &json!({}));
        assert_eq!(resident.get("/inbox").json()["unread"], 0);
    });
}

#[test]
fn lists_turn_their_pages_without_gap_or_overlap() {
    on_each_engine(|w| {
        let clerk = w.client(Some("clerk"));
        let all: Vec<String> = (0..120).map(|i| clerk.report(&format!("第{i}件")).0).collect();
        for sort in ["", "&sort=due"] {
            let (mut seen, mut cursor) = (Vec::new(), String::new());
            loop {
                let page = clerk.get(&format!("/cases?area={COMMUNITY}{sort}&cursor={cursor}")).json();
                seen.extend(page["items"].as_array().unwrap().iter().map(|i| i["number"].as_str().unwrap().to_owned()));
                match page["next"].as_str() {
                    Some(next) => cursor = next.to_owned(),
                    None => break,
                }
            }
            seen.sort();
            assert_eq!(seen, all, "{sort}");
        }
        assert_eq!(clerk.get(&format!("/cases?area={SIBLING}")).json()["items"], json!([]));
        assert_eq!(clerk.get(&format!("/cases?q={}", all[7])).json()["items"][0]["number"], all[7]);
        assert_eq!(clerk.get("/cases?state=closed").json()["items"], json!([]));
        assert_eq!(clerk.get("/cases?cursor=x").error(), (422, "wrong-type".into()));
    });
}

#[test]
fn merging_and_handing_back_bury_nothing_and_buy_no_time() {
    on_each_engine(|w| {
        let (anyone, clerk, clerk2) = (w.client(None), w.client(Some("clerk")), w.client(Some("clerk2")));
        let (property, grid) = (w.client(Some("property")), w.client(Some("grid")));
        let (one, code) = anyone.report("路灯不亮");
        let (two, _) = anyone.report("路灯又不亮");
        assert_eq!(clerk.act(&two, "reject", json!({ "reason": "重复" })).status, 200);
        assert_eq!(
            clerk.act(&one, "merge", json!({ "to": two })).error(),
            (422, "unknown-value".into()),
            "not into what is settled"
        );
        let (far, _) =
            (anyone.post("/reports", &json!({ "text": "邻区的", "place": { "area": SIBLING } })).json()["number"].clone(), 0);
        assert_eq!(
            clerk.act(&one, "merge", json!({ "to": far })).error(),
            (422, "unknown-value".into()),
            "not into another desk's"
        );
        let (main, _) = anyone.report("整条街的路灯都不亮");
        assert_eq!(clerk.act(&one, "merge", json!({ "to": main })).status, 200);
        let seen = anyone.act(&one, "reopen", json!({ "code": code, "reason": "不是一回事" })).json();
        assert_eq!((seen["state"].as_str(), &seen["merged_into"]), (Some("received"), &serde_json::Value::Null));

        clerk.act(&main, "accept", json!({}));
        clerk.act(&main, "dispatch", json!({ "to": w.body("committee") }));
        assert_eq!(grid.act(&main, "accept", json!({})).status, 403, "a grid worker is not a clerk of the committee");
        clerk.act(&main, "accept", json!({}));
        clerk.act(&main, "feedback", json!({ "text": "好了" }));
        assert_eq!(property.act(&main, "check", json!({})).status, 403, "a firm does not check what others did");
        let due = |who: &super::world::Client| who.get(&format!("/cases/{main}")).json()["due_at"].as_str().unwrap().to_owned();
        let before = due(&clerk);
        assert_eq!(clerk2.act(&main, "return", json!({ "reason": "没好" })).status, 200);
        assert!(due(&clerk) <= before, "handing back buys no time");
    });
}
