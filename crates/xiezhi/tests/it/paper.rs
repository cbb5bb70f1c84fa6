//! Report forms on paper: printed, keyed once, withdrawn; and how somebody follows who has nothing but paper and SMS.

use serde_json::{Value as Json, json};
use store::{Query as _, params};
use xiezhi::kit::time::{DAY, HOUR};
use xiezhi::records::case::by_number;

use super::notice::{bodies, gateway, settle, sms};
use super::pictures::picture;
use super::reach::{close, comes_in, report};
use super::world::{COMMUNITY, Client, SIBLING, World, on_each_engine};

/// Prints forms and gives their numbers.
fn printed(who: &Client, body: Json) -> (String, Vec<String>) {
    let made = who.post("/paper/batches", &body);
    assert_eq!(made.status, 201, "{}", made.text);
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let sheets = who.get(&format!("/paper/batches/{id}")).json();
    let serials = sheets["forms"].as_array().unwrap().iter().map(|f| f["serial"].as_str().unwrap().to_owned());
    (id, serials.collect())
}

/// The clock of a case: received, clock, hold, due.
fn clock(w: &World, number: &str) -> (i64, i64, i64, i64) {
    let case = w.app.db.read(|r| by_number(r, number)).unwrap().unwrap();
    (case.received_at, case.clock_from.unwrap(), case.hold_from.unwrap(), case.due_at.unwrap())
}

fn key(who: &Client, serial: &str, body: Json) -> Json {
    let answer = who.post(&format!("/paper/{serial}"), &body);
    assert!(matches!(answer.status, 200 | 201), "{}", answer.text);
    answer.json()
}

#[test]
fn a_form_is_printed_keyed_once_and_its_clock_began_when_it_was_handed_in() {
    on_each_engine(|w| {
        let (clerk, clerk2) = (w.client(Some("clerk")), w.client(Some("clerk2")));
        let (_, serials) = printed(&clerk, json!({ "forms": 3, "area": format!("{COMMUNITY}-1") }));
        assert_eq!(serials.len(), 3);
        assert!(serials.iter().all(|s| s.starts_with("0001-00")), "{serials:?}");
        let (_, other) = printed(&clerk, json!({ "forms": 1 }));
        assert!(other[0].starts_with("0002-001-"), "each batch has a number of its own: {other:?}");
        let opened = clerk.get(&format!("/paper/{}", serials[0])).json();
        assert_eq!((&opened["place"], &opened["keyed"]), (&json!("一社区 第1网格"), &Json::Null));
        assert_eq!(opened["classes"][0]["n"], 1);

        // Keyed as the paper has it, handed in the day before yesterday.
        let now = w.app.now();
        let typed = json!({ "class": "lighting", "text": "三楼的灯坏了", "address": "2单元", "contact_name": "王秀英",
            "contact_phone": "13812345678", "written_on": "2026-02-27", "handed_on": "2026-03-02" });
        let made = key(&clerk, &serials[0], typed.clone());
        assert_eq!(made["before"], false);
        let number = made["number"].as_str().unwrap().to_owned();
        let seen = clerk.get(&format!("/cases/{number}")).json();
        assert_eq!(
            (&seen["channel"], &seen["text"], &seen["area"]),
            (&json!("paper"), &json!("三楼的灯坏了"), &json!(COMMUNITY))
        );
        assert_eq!((&seen["contact"]["name"], &seen["received_at"]), (&json!("王秀英"), &json!("2026-03-02T00:00:00+08:00")));
        let (received, from, held, due) = clock(w, &number);
        assert_eq!((received, from, held), (now - 2 * DAY - 10 * HOUR, received, received), "the desk has held it since then");
        // The same report made on that morning would be due then.
        let fresh = key(&clerk, &serials[1], json!({ "class": "lighting", "handed_on": "2026-03-04" }));
        let late = clock(w, fresh["number"].as_str().unwrap());
        assert!(late.0 == now && late.3 > due, "handed in today counts from now");
        assert_eq!(
            clerk.get(&format!("/cases/{}", fresh["number"].as_str().unwrap())).json()["text"],
            "路灯、楼道灯",
            "a tick is a report"
        );

        // Keyed again, also by a colleague with other words: the case made from it, never a second one.
        let again = key(&clerk2, &serials[0].replace('-', ""), json!({ "text": "别的", "handed_on": "2026-03-04" }));
        assert_eq!((&again["before"], &again["number"]), (&json!(true), &json!(number)));
        let shown = clerk2.get(&format!("/paper/{}", serials[0])).json()["keyed"].clone();
        assert_eq!(
            (&shown["number"], &shown["written_on"], &shown["handed_on"], &shown["keyed_at"]),
            (&json!(number), &json!("2026-02-27"), &json!("2026-03-02"), &json!("2026-03-04T10:00:00+08:00"))
        );
        assert_eq!(w.app.db.read(|r| r.count("select count(*) from cases", &[])).unwrap(), 2);
        assert_eq!(
            (clerk.get("/paper").json()["today"].clone(), clerk2.get("/paper").json()["today"].clone()),
            (json!(2), json!(0))
        );
        assert_eq!(clerk.get("/paper").json()["batches"][1]["keyed"], 2);

        // When it was handed in: not tomorrow, not long ago, and after some days not without a reason.
        let refused = |day: &str, reason: &str| {
            let body = json!({ "text": "灯", "handed_on": day, "late_reason": reason });
            let answer = clerk.post(&format!("/paper/{}", serials[2]), &body);
            (answer.error().1, answer.json()["field"].as_str().unwrap_or_default().to_owned())
        };
        let said = |code: &str, field: &str| (code.to_owned(), field.to_owned());
        assert_eq!(refused("2026-03-05", "x"), said("out-of-range", "handed_on"));
        assert_eq!(refused("2025-12-01", "x"), said("out-of-range", "handed_on"));
        assert_eq!(refused("2026-02-20", ""), said("missing", "late_reason"));
        assert_eq!(refused("", ""), said("missing", "handed_on"));
        assert_eq!(refused("昨天", ""), said("wrong-type", "handed_on"));
        let bad = clerk.post(
            &format!("/paper/{}", serials[2]),
            &json!({ "text": "灯", "written_on": "2026-03-04", "handed_on": "2026-03-03" }),
        );
        assert_eq!((bad.error().1, &bad.json()["field"]), ("out-of-range".into(), &json!("written_on")));
        let empty = clerk.post(&format!("/paper/{}", serials[2]), &json!({ "handed_on": "2026-03-04" }));
        assert_eq!(empty.error(), (422, "empty-report".into()));
        let late = json!({ "text": "灯", "handed_on": "2026-02-20", "late_reason": "放在王阿姨那里忘了交" });
        let late = key(&clerk, &serials[2], late)["number"].as_str().unwrap().to_owned();
        let shown = clerk.get(&format!("/paper/{}", serials[2])).json()["keyed"]["late_reason"].clone();
        assert_eq!(shown, "放在王阿姨那里忘了交");
        let leaked = "select count(*) from log where leaf like '%王阿姨%' or leaf like '%王秀英%'";
        assert_eq!(w.app.db.read(|r| r.count(leaked, &[])).unwrap(), 0);
        // Late already, so it is late now, and goes up like any other.
        let ring = xiezhi::edge::jobs::deadlines(&w.app, w.app.now());
        ring.unwrap();
        let overlays = clerk.get(&format!("/cases/{late}")).json()["overlays"].clone();
        assert!(overlays.to_string().contains("overdue"), "{overlays}");
    });
}

#[test]
fn a_number_that_is_none_of_ours_opens_nothing() {
    on_each_engine(|w| {
        let (clerk, stranger) = (w.client(Some("clerk")), w.client(Some("stranger")));
        let (batch, serials) = printed(&clerk, json!({ "forms": 2 }));
        let body = json!({ "text": "灯坏了", "handed_on": "2026-03-04" });
        let made = key(&clerk, &serials[0], body.clone())["number"].clone();
        // Forged: another check, another form of the batch, a batch that is not there; words.
        let forged = format!("{}{}", &serials[1][..9], if serials[1].ends_with("11111") { "22222" } else { "11111" });
        for serial in [forged.as_str(), "0001-009-12345", "9999-001-12345", "abc"] {
            assert_eq!(clerk.get(&format!("/paper/{serial}")).error(), (404, "wrong-serial".into()), "{serial}");
        }
        assert_eq!(clerk.post("/paper/0001-002-00000", &body).error().1, "wrong-serial");
        assert_eq!(clerk.get("/paper/key?serial=12").error().1, "wrong-serial");
        // Of another community: said, not keyed.
        assert_eq!(stranger.get(&format!("/paper/{}", serials[1])).error(), (403, "foreign-serial".into()));
        assert_eq!(stranger.post(&format!("/paper/{}", serials[1]), &body).error().1, "foreign-serial");
        assert_eq!(stranger.post(&format!("/paper/batches/{batch}/void"), &json!({ "why": "lost" })).status, 404);
        assert_eq!(stranger.get(&format!("/paper/batches/{batch}")).status, 404);
        for area in [SIBLING, "32"] {
            assert_eq!(clerk.post("/paper/batches", &json!({ "forms": 1, "area": area })).error().1, "unknown-value");
        }
        for forms in [0, 51] {
            assert_eq!(clerk.post("/paper/batches", &json!({ "forms": forms })).error().1, "out-of-range");
        }
        // Whoever else scans it learns how to report, and nothing more.
        for who in [None, Some("resident"), Some("property"), Some("grid")] {
            let who = w.client(who);
            let page = who.get_as(&format!("/paper/{}", serials[0]), "text/html");
            assert!(page.status == 200 && !page.text.contains(made.as_str().unwrap()), "{}", page.text);
            assert_eq!(who.get(&format!("/paper/{}", serials[0])).error().1, "denied");
            assert!(matches!(who.post(&format!("/paper/{}", serials[1]), &body).status, 401 | 403));
            assert!(matches!(who.get("/paper").status, 401 | 403));
        }
        // Withdrawn: nothing more is keyed, what was keyed is still shown, and it is not printed again.
        assert_eq!(clerk.post(&format!("/paper/batches/{batch}/void"), &json!({ "why": "bored" })).error().1, "unknown-value");
        assert_eq!(clerk.post(&format!("/paper/batches/{batch}/void"), &json!({ "why": "lost" })).status, 200);
        assert_eq!(clerk.post(&format!("/paper/batches/{batch}/void"), &json!({ "why": "lost" })).error().1, "state");
        assert_eq!(clerk.post(&format!("/paper/{}", serials[1]), &body).error(), (409, "void-serial".into()));
        assert_eq!(clerk.get(&format!("/paper/{}", serials[0])).json()["keyed"]["number"], made);
        assert_eq!(clerk.get(&format!("/paper/batches/{batch}")).error().1, "void-serial");
        let page = clerk.get_as(&format!("/paper/{}", serials[1]), "text/html");
        assert!(page.status == 409 && page.text.contains("已经作废") && page.text.contains(&serials[1]), "{}", page.text);
        // Guessing is slowed.
        let codes: Vec<String> = (0..15).map(|i| clerk.get(&format!("/paper/0001-001-{i:05}")).error().1).collect();
        assert_eq!((codes[0].as_str(), codes[14].as_str()), ("wrong-serial", "slow-down"));
    });
}

#[test]
fn the_picture_of_a_form_is_for_the_desk_alone() {
    on_each_engine(|w| {
        let clerk = w.client(Some("clerk"));
        let (_, serials) = printed(&clerk, json!({ "forms": 1 }));
        let serial = &serials[0];
        let picture = xiezhi::base::media::keep(&w.app, &w.who("clerk"), &picture()).unwrap();
        let body = json!({ "text": "灯坏了", "class": "lighting", "handed_on": "2026-03-04", "media": [picture] });
        let made = key(&clerk, serial, body);
        let (number, code) = (made["number"].as_str().unwrap().to_owned(), made["code"].as_str().unwrap().to_owned());
        let path = format!("/paper/{serial}/scans/{picture}");
        let own = clerk.get(&path);
        assert_eq!((own.status, own.header("content-type")), (200, Some("image/jpeg")));
        assert_eq!(clerk.get(&format!("/paper/{serial}")).json()["keyed"]["scans"], json!([picture]));
        let sql = "select count(*) from read_log where purpose = 'paper' and elements like '%case.paper%'";
        assert!(w.app.db.read(|r| r.count(sql, &[])).unwrap() > 0, "who looked is written down");
        let (to, property) = (w.body("property"), w.client(Some("property")));
        for (who, action, said) in [(&clerk, "accept", json!({})), (&clerk, "dispatch", json!({ "to": to }))] {
            assert_eq!(who.act(&number, action, said).status, 200);
        }
        // Neither who handles it, nor the reporter, nor a desk above; not by the case's own way either.
        assert_eq!(property.get(&format!("/cases/{number}")).json()["text"], "灯坏了");
        for who in [property, w.client(Some("street")), w.client(Some("stranger")), w.client(Some("resident")), w.client(None)] {
            assert!(matches!(who.get(&path).status, 401 | 403 | 404));
            let way = format!("/cases/{number}/media/{picture}?code={code}");
            assert_eq!(who.get(&way).status, 404);
        }
        let seen = w.client(None).get(&format!("/reports/{number}?code={code}")).json();
        assert_eq!((&seen["media"], &seen["text"]), (&json!([]), &json!("灯坏了")), "the tracking code is the reporter's");
        assert_eq!(clerk.get(&path).status, 200, "the desk still sees it");
        let sql = "select count(*) from media where subject = $1";
        assert_eq!(w.app.db.read(|r| r.count(sql, params![serial])).unwrap(), 1);
    });
}

#[test]
fn whoever_has_paper_and_sms_only_follows_asks_and_rates() {
    on_each_engine(|w| {
        let system = gateway();
        sms(w, &system.url, "");
        let clerk = w.client(Some("clerk"));
        let (_, serials) = printed(&clerk, json!({ "forms": 2 }));
        let body = json!({ "class": "lighting", "text": "三楼的灯坏了", "contact_phone": "138 1234 5678", "contact_wish": "sms",
            "handed_on": "2026-03-04" });
        let made = key(&clerk, &serials[0], body);
        let (number, code) = (made["number"].as_str().unwrap().to_owned(), made["code"].as_str().unwrap().to_owned());
        settle(w);
        let last = |w: &World| {
            settle(w);
            let last = bodies(&system).pop().unwrap();
            assert_eq!(last["to"], "13812345678");
            last["text"].as_str().unwrap().to_owned()
        };
        assert_eq!(last(w), format!("【一社区】您交的报事表已收到，编号 {number}，查询码 {code}。回短信“查”可问进度。"));
        // He asks; the state comes back in one message, whichever way he types it.
        let mut n = 0;
        let mut ask = |w: &mut World, from: &str, text: &str| {
            n += 1;
            let answer = comes_in(w, &format!("q{n}"), from, text).json();
            answer["outcome"].as_str().unwrap().to_owned()
        };
        assert_eq!(ask(w, "13812345678", &format!("查{number}")), "state");
        assert!(last(w).starts_with(&format!("【一社区】{number} 已收到，正在核实，最晚 3月")), "{}", last(w));
        // Others get nothing: neither a phone that nobody reported with, nor one that asks about what is not its own.
        let (foreign, _) = report(w, "别人的事", "13900000000", "sms");
        settle(w);
        let sent = bodies(&system).len();
        for text in [&number, "查", "260304-9999"] {
            assert_eq!(ask(w, "13777777777", text), "unknown");
        }
        assert_eq!(ask(w, "+1 555", &number), "unknown");
        settle(w);
        assert_eq!(bodies(&system).len(), sent);
        let missing = ["260304-9999", foreign.as_str()].map(|text| (ask(w, "13812345678", text), last(w)));
        assert_eq!(missing[0], missing[1], "what is not his does not exist for him");
        assert_eq!(missing[0].0, "none");

        // It is dispatched: told once, also when it comes back and goes out again. Then it is done, and he rates.
        let (to, property) = (w.body("property"), w.client(Some("property")));
        let act = |who: &Client, action: &str, said: Json| assert_eq!(who.act(&number, action, said).status, 200, "{action}");
        act(&clerk, "accept", json!({}));
        act(&clerk, "dispatch", json!({ "to": to }));
        assert_eq!(last(w), format!("【一社区】您报的 {number} 已受理，正在办。回短信“查”可问进度。"));
        let sent = bodies(&system).len();
        act(&property, "return", json!({ "reason": "不归我们管" }));
        act(&clerk, "dispatch", json!({ "to": to }));
        settle(w);
        assert_eq!(bodies(&system).len(), sent, "said once");
        assert_eq!(ask(w, "13812345678", "查"), "state");
        assert!(last(w).contains("正在办，最晚"), "{}", last(w));
        act(&property, "accept", json!({}));
        act(&property, "feedback", json!({ "text": "换了灯泡" }));
        act(&clerk, "check", json!({}));
        act(&clerk, "close", json!({}));
        assert!(last(w).ends_with("回复 1 满意，2 不满意。"), "{}", last(w));
        assert_eq!(ask(w, "13812345678", "2603040001"), "state");
        assert_eq!(last(w), format!("【一社区】{number} 已办结。回复 1 满意，2 不满意。"));
        assert_eq!(ask(w, "13812345678", "1"), "rated");
        assert_eq!(clerk.get(&format!("/cases/{number}")).json()["rating"]["score"], 4);
        assert_eq!(ask(w, "13812345678", "查"), "state");
        assert_eq!(last(w), format!("【一社区】{number} 已办结。"));
        for message in bodies(&system) {
            let text = message["text"].as_str().unwrap();
            assert!(!text.contains("三楼") && !text.contains("138"), "{text}");
        }
        // So many a day, then silence until tomorrow.
        let mut outcomes = Vec::new();
        for _ in 0..6 {
            outcomes.push(ask(w, "13812345678", "查"));
        }
        assert_eq!(outcomes, ["state", "state", "state", "state", "full", "full"]);
        settle(w);
        let sent = bodies(&system).len();
        assert_eq!(ask(w, "13812345678", "查"), "full");
        settle(w);
        assert_eq!(bodies(&system).len(), sent);
        w.app.ambience.advance(DAY + HOUR);
        assert_eq!(ask(w, "13812345678", "查"), "state");
        let kept = "select count(*) from log where leaf like '%13812345678%'";
        assert_eq!(w.app.db.read(|r| r.count(kept, &[])).unwrap(), 0);

        // By night nothing is told, but who asks is answered.
        w.app.ambience.advance(11 * HOUR);
        settle(w);
        let sent = bodies(&system).len();
        let day = "2026-03-05";
        key(
            &clerk,
            &serials[1],
            json!({ "text": "夜里", "contact_phone": "13812345678", "contact_wish": "sms", "handed_on": day }),
        );
        settle(w);
        assert_eq!(bodies(&system).len(), sent);
        assert_eq!(ask(w, "13812345678", "查"), "state");
        settle(w);
        assert_eq!(bodies(&system).len(), sent + 1);
    });
}

#[test]
fn a_neighbour_reports_for_somebody_and_the_matter_is_hers() {
    on_each_engine(|w| {
        let system = gateway();
        sms(w, &system.url, "");
        let (head, clerk) = (w.client(Some("head")), w.client(Some("clerk")));
        let body = |knows: bool, phone: &str| {
            json!({ "relation": "building_head", "knows": knows, "text": "王奶奶家门口的灯坏了", "contact_name": "王秀英",
                "contact_phone": phone, "contact_wish": "sms", "area": COMMUNITY })
        };
        let made = head.post("/report/for", &body(true, "13812345678"));
        assert_eq!(made.status, 201, "{}", made.text);
        let (number, code) =
            (made.json()["number"].as_str().unwrap().to_owned(), made.json()["code"].as_str().unwrap().to_owned());
        settle(w);
        let receipt = bodies(&system).pop().unwrap();
        assert_eq!(receipt["to"], "13812345678", "she is told, not he who wrote it");
        let text = receipt["text"].as_str().unwrap();
        assert!(text.contains("有人替您反映") && text.contains(&number) && text.contains(&code), "{text}");
        // It is hers: he is neither its reporter nor its owner.
        let case = w.app.db.read(|r| by_number(r, &number)).unwrap().unwrap();
        assert_eq!((case.reporter, case.channel.as_str()), (None, "proxy"));
        let hers = w.client(None).get(&format!("/reports/{number}?code={code}")).json();
        assert_eq!(
            (&hers["mine"], &hers["proxy"]["name"], &hers["proxy"]["relation"]),
            (&json!(true), &json!("某某head"), &json!("building_head"))
        );
        assert_eq!(hers["proxy"]["phone"], Json::Null);
        assert_eq!(hers["events"][0]["by"], "代报人");
        let desk = clerk.get(&format!("/cases/{number}")).json();
        assert_eq!(
            (&desk["proxy"]["phone"], &desk["proxy"]["knows"], &desk["contact"]["phone"]),
            (&json!("13800000000"), &json!(true), &json!("13812345678"))
        );
        let open = w.client(None).get(&format!("/reports/{number}")).json();
        assert_eq!((&open["proxy"], &open["contact"]), (&Json::Null, &Json::Null));
        let actor = format!("%\"actor\":\"{}\"%", w.who("head").person.unwrap());
        let sql = "select count(*) from log where act = 'case.report' and leaf like $1 and obj = $2";
        assert_eq!(w.app.db.read(|r| r.count(sql, params![&actor, &case.id])).unwrap(), 1, "the log says who wrote it");

        // Without her knowing he gets no code, and sees his own words and how it stands; that is noted as a look.
        let silent = head.post("/report/for", &body(false, "13812345678")).json();
        assert_eq!(silent["code"], Json::Null);
        let list = head.get("/report/for").json()["items"].clone();
        let filed = |n: &Json| list.as_array().unwrap().iter().find(|i| i["number"] == *n).unwrap().clone();
        assert_eq!(
            (&filed(&silent["number"])["text"], &filed(&silent["number"])["code"]),
            (&json!("王奶奶家门口的灯坏了"), &Json::Null)
        );
        assert_eq!(filed(&json!(number))["code"], json!(code));
        assert!(w.app.db.read(|r| r.count("select count(*) from read_log where purpose = 'proxy'", &[])).unwrap() >= 2);
        let neighbour = w.client(Some("neighbour"));
        assert_eq!(neighbour.get("/report/for").json()["items"], json!([]), "nobody else's");
        assert_eq!(w.client(None).get("/report/for").status, 401);
        // Bad input is named; nobody reports for half the town.
        let bad = |body: Json| neighbour.post("/report/for", &body).error().1;
        assert_eq!(bad(json!({ "text": "灯" })), "missing");
        assert_eq!(bad(json!({ "text": "灯", "relation": "king" })), "unknown-value");
        assert_eq!(bad(json!({ "relation": "neighbour" })), "empty-report");
        for _ in 0..20 {
            assert_eq!(neighbour.post("/report/for", &json!({ "text": "灯", "relation": "neighbour" })).status, 201);
        }
        assert_eq!(bad(json!({ "text": "灯", "relation": "neighbour" })), "too-many");
    });
}

#[test]
fn what_hangs_in_a_stairwell_is_what_everybody_may_see() {
    on_each_engine(|w| {
        let clerk = w.client(Some("clerk"));
        let anyone = w.client(None);
        let contact = json!({ "name": "王秀英", "phone": "13812345678" });
        let new =
            |text: &str, class: &str| json!({ "text": text, "class": class, "place": { "area": COMMUNITY }, "contact": contact });
        let made = anyone.post("/reports", &new("灯坏了，打13812345678找我", "lighting")).json();
        let number = made["number"].as_str().unwrap().to_owned();
        let private = anyone.post("/reports", &new("家里老人没人照看", "help")).json()["number"].as_str().unwrap().to_owned();
        for who in [&anyone, &clerk] {
            let board = who.get(&format!("/stairwell?area={COMMUNITY}"));
            assert_eq!(board.status, 200, "{}", board.text);
            assert!(
                !board.text.contains("13812345678") && !board.text.contains("王秀英") && !board.text.contains("老人"),
                "{}",
                board.text
            );
            let board = board.json();
            assert_eq!(
                (&board["items"][0]["number"], &board["private"], &board["phone"]),
                (&json!(number), &json!(1), &json!("0514-80000000"))
            );
            let one = who.get(&format!("/stairwell/{number}"));
            assert!(one.status == 200 && !one.text.contains("13812345678"), "{}", one.text);
            assert_eq!(who.get(&format!("/stairwell/{private}")).status, 404, "there is no notice of a private matter");
        }
        close(w, &number);
        let one = anyone.get(&format!("/stairwell/{number}")).json();
        assert_eq!((&one["items"][0]["state"], &one["items"][0]["outcome"]), (&json!("closed"), &json!("solved")));
        w.app.ambience.advance(40 * DAY);
        assert_eq!(anyone.get(&format!("/stairwell?area={COMMUNITY}")).json()["items"], json!([]));
        let later = anyone.get(&format!("/stairwell?area={COMMUNITY}&days=60")).json();
        assert_eq!(later["items"][0]["number"], json!(number));
        assert_eq!(anyone.get("/stairwell").error().1, "missing");
        assert_eq!(anyone.get(&format!("/stairwell?area={COMMUNITY}&days=999")).error().1, "out-of-range");
        assert_eq!(anyone.get("/stairwell?building=nowhere").status, 404);
    });
}
