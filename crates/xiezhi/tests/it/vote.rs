//! Votes of owners: the roll, what is asked, ballots by every way, paper keyed twice, and a result that anybody on the roll
//! gets again from the published tables.

use std::process::Command;

use serde_json::{Value as Json, json};
use xiezhi::edge::jobs;
use xiezhi::kit::time::{DAY, HOUR};

use super::world::{Client, World, on_each_engine, send};

const TABLE: &str = "房号,业主,面积,性质,用途\n1-101,张三,100.00,,\n1-102,李四,90.00,,\n1-103,王五,80.00,,\n1-104,张三,60.00,,\n\
                     S-1,,70.00,建设单位,商铺\nS-2,赵六（未交付）,50.00,建设单位,商铺\n";

/// A posted roll of five homes and two shops; gives its number.
fn roll(clerk: &Client) -> String {
    let made = send(clerk, "/rolls", &[("title", "幸福里"), ("body", "owners"), ("declared", "450")], TABLE.as_bytes());
    assert_eq!(made.status, 201, "{}", made.text);
    let made = made.json();
    assert_eq!((&made["units"], &made["heads"], &made["total"]), (&json!(6), &json!(4), &json!("450.00")));
    let number = made["number"].as_str().unwrap().to_owned();
    assert_eq!(clerk.post(&format!("/rolls/{number}/post"), &json!({})).status, 200);
    number
}

fn draft(clerk: &Client, roll: &str) -> Json {
    let new = json!({
        "roll": roll, "title": "换物业和装充电桩", "opens_at": "2026-03-20", "closes_at": "2026-03-30",
        "questions": [{ "topic": "manager", "words": "是否续聘现在的物业？" }, { "topic": "common-use", "words": "是否用绿地装充电桩？" }],
    });
    let made = clerk.post("/votes", &new);
    assert_eq!(made.status, 201, "{}", made.text);
    made.json()
}

/// A vote that was posted; gives its number and the ballots by unit.
fn posted(clerk: &Client) -> (String, Vec<(String, String)>) {
    let vote = draft(clerk, &roll(clerk));
    let n = vote["number"].as_str().unwrap().to_owned();
    assert_eq!(clerk.post(&format!("/votes/{n}/post"), &json!({})).json()["phase"], "notice");
    let letters = clerk.get(&format!("/votes/{n}/letters")).json();
    let text = |v: &Json| v.as_str().unwrap().to_owned();
    let ballots = letters["letters"].as_array().unwrap().iter().map(|l| (text(&l["unit"]), text(&l["ballot"]))).collect();
    (n, ballots)
}

fn cast(client: &Client, ballot: &str, choices: [&str; 2]) -> super::world::Answer {
    client.post(&format!("/ballots/{ballot}"), &json!({ "choices": choices }))
}

/// The clock goes to the middle of the open days, or beyond their end.
fn open(w: &World) {
    w.app.ambience.advance(20 * DAY);
}

#[test]
fn a_roll_with_mistakes_is_not_made_and_one_that_is_posted_can_be_objected_to() {
    on_each_engine(|w| {
        let (clerk, visitor, sibling) = (w.client(Some("clerk")), w.client(None), w.client(Some("stranger")));
        let wrong = send(&clerk, "/rolls", &[("title", "x"), ("body", "owners")], "房号,业主,面积\n1,甲,0\n1,,2\n".as_bytes());
        assert_eq!(wrong.error(), (422, "bad-roll".into()));
        let lines: Vec<(i64, String)> = wrong.json()["problems"]
            .as_array()
            .unwrap()
            .iter()
            .map(|p| (p["line"].as_i64().unwrap(), p["code"].as_str().unwrap().to_owned()))
            .collect();
        assert_eq!(lines, [(2, "area".into()), (3, "owner".into())]);
        let sum = send(&clerk, "/rolls", &[("title", "x"), ("body", "owners"), ("declared", "451")], TABLE.as_bytes());
        assert_eq!(sum.json()["problems"][0]["code"], "sum");
        assert_eq!(clerk.get("/rolls").json()["items"], json!([]), "nothing was made");

        let made = send(&clerk, "/rolls", &[("title", "幸福里"), ("body", "owners")], TABLE.as_bytes()).json();
        let n = made["number"].as_str().unwrap().to_owned();
        assert_eq!(visitor.get(&format!("/rolls/{n}")).status, 404, "not posted yet");
        assert_eq!(sibling.post(&format!("/rolls/{n}/post"), &json!({})).status, 404);
        clerk.post(&format!("/rolls/{n}/post"), &json!({}));
        // Everybody reads units and areas; names in full are the desk's.
        let seen = visitor.get(&format!("/rolls/{n}")).json();
        let first = &seen["units"][0];
        assert_eq!((&first["unit"], &first["area"], &first["owner"]), (&json!("1-101"), &json!("100.00"), &json!("张*")));
        assert_eq!(clerk.get(&format!("/rolls/{n}")).json()["units"][0]["owner"], "张三");
        assert_eq!(
            visitor.post(&format!("/rolls/{n}/objections"), &json!({ "unit": "9-999", "text": "x" })).error().1,
            "unknown-value"
        );
        assert_eq!(
            visitor.post(&format!("/rolls/{n}/objections"), &json!({ "unit": "1-102", "text": "面积应是 95 平方米" })).status,
            201
        );
        let objection = clerk.get(&format!("/rolls/{n}")).json()["objections"][0].clone();
        assert_eq!((&objection["text"], &objection["state"]), (&json!("面积应是 95 平方米"), &json!("open")));
        assert_eq!(visitor.get(&format!("/rolls/{n}")).json()["objections"], json!([]), "what was said is the desk's");
        let decide = format!("/rolls/{n}/objections/{}", objection["id"].as_str().unwrap());
        let answer = json!({ "accept": true, "reason": "按房产证改正", "area": "95", "owner": "王五" });
        let mended = clerk.post(&decide, &answer).json();
        assert_eq!((&mended["total"], &mended["heads"]), (&json!("455.00"), &json!(3)), "王五 has two units now and is one head");
        assert_eq!(clerk.post(&decide, &answer).error(), (409, "state".into()));
        w.app.ambience.advance(8 * DAY);
        let late = visitor.post(&format!("/rolls/{n}/objections"), &json!({ "unit": "1-103", "text": "晚了" }));
        assert_eq!(late.error(), (409, "too-late".into()));
    });
}

#[test]
fn what_is_asked_stands_still_from_its_posting_and_notice_is_kept() {
    on_each_engine(|w| {
        let (clerk, property, visitor) = (w.client(Some("clerk")), w.client(Some("property")), w.client(None));
        let made = send(&clerk, "/rolls", &[("title", "幸福里"), ("body", "owners")], TABLE.as_bytes()).json();
        let roll = made["number"].as_str().unwrap();
        let vote = draft(&clerk, roll);
        let n = vote["number"].as_str().unwrap().to_owned();
        assert_eq!(visitor.get(&format!("/votes/{n}")).status, 404, "a draft is the desk's");
        assert_eq!(
            property
                .post(
                    "/votes",
                    &json!({ "roll": roll, "title": "x", "opens_at": "2026-03-20", "closes_at": "2026-03-30",
            "questions": [{ "topic": "manager", "words": "x" }] })
                )
                .error(),
            (403, "denied".into())
        );
        assert_eq!(clerk.post(&format!("/votes/{n}/post"), &json!({})).error(), (409, "roll-not-posted".into()));
        clerk.post(&format!("/rolls/{roll}/post"), &json!({}));
        // Fourteen and a half days before its opening: one day too late.
        w.app.ambience.advance(DAY + HOUR);
        assert_eq!(clerk.post(&format!("/votes/{n}/post"), &json!({})).error(), (422, "out-of-range".into()));
        w.app.ambience.advance(-DAY - HOUR);
        let bad = |change: &dyn Fn(&mut Json)| {
            let mut new = json!({ "roll": roll, "title": "x", "opens_at": "2026-03-20", "closes_at": "2026-03-30",
                "questions": [{ "topic": "manager", "words": "x" }] });
            change(&mut new);
            clerk.post("/votes", &new).error()
        };
        assert_eq!(bad(&|n| n["roll"] = json!("R-9999")), (422, "unknown-value".into()));
        assert_eq!(bad(&|n| n["pack"] = json!("atlantis")), (422, "unknown-value".into()));
        // Rules of another place, of another body, and such as ended.
        for pack in ["cn-residents", "beijing", "ningbo", "zhejiang"] {
            assert_eq!(bad(&|n| n["pack"] = json!(pack)), (422, "unknown-value".into()), "{pack}");
        }
        assert_eq!(bad(&|n| n["closes_at"] = json!("2026-03-19")), (422, "out-of-range".into()));
        assert_eq!(bad(&|n| n["questions"] = json!([])), (422, "missing".into()));
        assert_eq!(bad(&|n| n["questions"][0]["topic"] = json!("party")), (422, "unknown-value".into()));
        assert_eq!(
            bad(&|n| n["questions"] = json!(vec![json!({ "topic": "manager", "words": "x" }); 21])),
            (422, "too-many".into())
        );
        let posted = clerk.post(&format!("/votes/{n}/post"), &json!({})).json();
        assert_eq!((&posted["phase"], &posted["questions"][1]["item"]), (&json!("notice"), &json!("special")));
        assert_eq!(clerk.post(&format!("/votes/{n}/post"), &json!({})).error(), (409, "state".into()));
        assert_eq!(visitor.get(&format!("/votes/{n}")).json()["questions"][0]["words"], "是否续聘现在的物业？");
        assert_eq!(visitor.get(&format!("/votes/{n}/letters")).error().0, 401);
        assert_eq!(property.get(&format!("/votes/{n}/letters")).status, 404);
        assert_eq!(clerk.post(&format!("/votes/{n}/void"), &json!({ "why": "物业自己走了" })).json()["phase"], "void");
    });
}

#[test]
fn ballots_by_every_way_give_one_result_and_the_tables_give_it_again() {
    on_each_engine(|w| {
        let (clerk, second) = (w.client(Some("clerk")), w.client(Some("clerk2")));
        let (visitor, resident) = (w.client(None), w.client(Some("resident")));
        let (n, ballots) = posted(&clerk);
        let ballot = |unit: &str| ballots.iter().find(|(u, _)| u == unit).unwrap().1.clone();
        assert_eq!(cast(&visitor, &ballot("1-101"), ["yes", "no"]).error(), (409, "not-open".into()));
        open(w);
        // A code of another unit, one letter wrong, nonsense: no ballot.
        let mut forged = ballot("1-101");
        forged.replace_range(..9, &ballot("1-102")[..9]);
        for wrong in [forged.as_str(), "0001-0001-AAAAAAAAAA", "hello", "0009-0001-AAAAAAAAAA"] {
            assert_eq!(cast(&visitor, wrong, ["yes", "no"]).error(), (404, "wrong-ballot".into()), "{wrong}");
        }
        for bad in [
            json!({ "choices": ["yes"] }),
            json!({ "choices": ["yes", "perhaps"] }),
            json!({ "q1": "yes" }),
            json!({ "choices": ["invalid", "yes"] }),
        ] {
            assert_eq!(visitor.post(&format!("/ballots/{}", ballot("1-101")), &bad).error().0, 422, "{bad}");
        }
        // By link; changed while open; the receipt proves it without the server.
        assert_eq!(cast(&visitor, &ballot("1-101"), ["no", "no"]).status, 201);
        let again = cast(&visitor, &ballot("1-101").to_lowercase(), ["yes", "yes"]);
        assert_eq!(again.status, 201, "{}", again.text);
        let file = w.dir.path().join("ballot.json");
        std::fs::write(&file, again.json()["receipt"].to_string()).unwrap();
        let key = w.dir.path().join("key");
        std::fs::write(&key, visitor.get("/log/key").body).unwrap();
        let proved = Command::new(env!("CARGO_BIN_EXE_xiezhi")).arg("verify").arg(&file).arg("--key").arg(&key).output().unwrap();
        assert!(proved.status.success(), "{}", String::from_utf8_lossy(&proved.stderr));
        let again = visitor.get(&format!("/ballots/{}/receipt", ballot("1-101"))).json();
        assert_eq!(again["elements"], json!([]), "whoever has the letter reads no choice in it");
        assert_eq!(again["origin"], serde_json::from_slice::<Json>(&std::fs::read(&file).unwrap()).unwrap()["origin"]);
        // Signed in: from now on he finds his unit by himself.
        assert_eq!(cast(&resident, &ballot("1-102"), ["yes", "no"]).status, 201);
        assert_eq!(resident.get(&format!("/votes/{n}")).json()["mine"][0]["unit"], "1-102");
        // At the door.
        let door = json!({ "unit": "1-103", "channel": "door", "choices": ["no", "abstain"] });
        assert_eq!(clerk.post(&format!("/votes/{n}/ballots"), &door).status, 201);
        assert_eq!(
            clerk
                .post(&format!("/votes/{n}/ballots"), &json!({ "unit": "9", "channel": "door", "choices": ["no", "no"] }))
                .error()
                .1,
            "unknown-value"
        );
        assert_eq!(
            clerk
                .post(&format!("/votes/{n}/ballots"), &json!({ "unit": "1-103", "channel": "app", "choices": ["no", "no"] }))
                .error()
                .1,
            "unknown-value"
        );
        assert_eq!(resident.post(&format!("/votes/{n}/ballots"), &door).error().0, 403);
        let told = json!({ "unit": "1-101", "channel": "phone", "choices": ["no", "no"] });
        let over = clerk.post(&format!("/votes/{n}/ballots"), &told);
        assert_eq!(over.error(), (409, "already-voted".into()), "what somebody gave in his own hand stands");
        // On paper: received, keyed by two; where they differ a third looks.
        let papers = format!("/votes/{n}/papers");
        assert_eq!(clerk.post(&papers, &json!({ "ballots": ["0001-0004-AAAAAAAAAA"] })).error().1, "wrong-ballot");
        let scanned = json!({ "ballots": [ballot("1-104"), format!("http://x/ballots/{}", ballot("S-1"))] });
        assert_eq!(clerk.post(&papers, &scanned).json()["received"], 2);
        assert_eq!(clerk.post(&papers, &scanned).json()["received"], 0, "received once");
        let vote = n.clone();
        let key = |who: &Client, n: i64, choices: [&str; 2]| {
            who.post(&format!("/votes/{vote}/papers/{n}"), &json!({ "choices": choices }))
        };
        assert_eq!(key(&clerk, 4, ["yes", "yes"]).json()["state"], "once");
        assert_eq!(key(&clerk, 4, ["yes", "yes"]).error(), (409, "same-keyer".into()));
        assert_eq!(key(&second, 4, ["yes", "yes"]).json()["state"], "counted");
        assert_eq!(key(&second, 5, ["invalid", "yes"]).json()["state"], "once");
        // How anybody voted is told to nobody: neither pages nor tables.
        let seen = clerk.get(&format!("/votes/{n}")).json();
        assert_eq!(
            (&seen["turnout"]["heads_percent"], &seen["turnout"]["area"], &seen["questions"][0]["result"]),
            (&json!(75), &Json::Null, &Json::Null),
            "an exact area would say who just voted"
        );
        assert_eq!(clerk.get(&format!("/votes/{n}/recount")).error(), (403, "denied".into()));

        w.app.ambience.advance(11 * DAY);
        // Sessions ended meanwhile.
        let (clerk, second, street) = (w.client(Some("clerk")), w.client(Some("clerk2")), w.client(Some("street")));
        let resident = w.client(Some("resident"));
        assert_eq!(cast(&visitor, &ballot("S-2"), ["yes", "yes"]).error(), (409, "vote-closed".into()));
        assert_eq!(clerk.post(&papers, &json!({ "ballots": [ballot("S-2")] })).error(), (409, "vote-closed".into()));
        jobs::deadlines(&w.app, w.app.now()).unwrap();
        assert_eq!(clerk.get(&format!("/votes/{n}")).json()["phase"], "counting", "a paper that was received waits to be keyed");
        assert_eq!(key(&clerk, 5, ["yes", "yes"]).json()["state"], "differs");
        assert_eq!(key(&second, 5, ["yes", "yes"]).error(), (409, "same-keyer".into()));
        assert_eq!(key(&street, 5, ["no", "yes"]).json()["state"], "counted");
        jobs::deadlines(&w.app, w.app.now()).unwrap();
        jobs::deadlines(&w.app, w.app.now()).unwrap();

        let over = visitor.get(&format!("/votes/{n}")).json();
        assert_eq!(over["phase"], "published");
        let result = |q: usize| over["questions"][q]["result"].clone();
        // 张三 (two units), 李四, 王五, the developer (one of two units): 4 heads, 400 m² of 450.
        let first = result(0);
        assert_eq!(
            (&first["participating"], &first["total"]),
            (&json!({ "heads": 4, "area": 40_000 }), &json!({ "heads": 4, "area": 45_000 }))
        );
        assert_eq!(
            (&first["agree"], &first["result"]),
            (&json!({ "heads": 2, "area": 25_000 }), &json!("fail")),
            "two heads of four are not more than half"
        );
        assert_eq!((&result(1)["agree"], &result(1)["result"]), (&json!({ "heads": 2, "area": 23_000 }), &json!("fail")));
        assert!(first["reasons"].as_array().unwrap().iter().any(|r| r["code"] == "majority-heads" && r["met"] == false));
        assert_eq!(first["channels"], json!({ "app": 1, "link": 1, "door": 1, "paper": 2 }));
        assert_eq!(first["replaced"], 1);

        // Whoever is on the roll gets the tables, and the same result from them.
        assert_eq!(visitor.get(&format!("/votes/{n}/recount")).error().0, 401);
        assert_eq!(w.client(Some("stranger")).get(&format!("/votes/{n}/recount")).error(), (403, "denied".into()));
        for (q, result) in [(1, result(0)), (2, result(1))] {
            let table = |name: &str| {
                let got = resident.get(&format!("/votes/{n}/recount?q={q}&table={name}"));
                let file = w.dir.path().join(format!("{name}.csv"));
                std::fs::write(&file, got.body).unwrap();
                file
            };
            let item = if q == 1 { "ordinary" } else { "special" };
            let out = Command::new(env!("CARGO_BIN_EXE_xiezhi"))
                .args(["calc", "tally", "--pack", "cn-civil-code", "--item", item])
                .arg("--roll")
                .arg(table("roll"))
                .arg("--ballots")
                .arg(table("ballots"))
                .output()
                .unwrap();
            assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
            let counted: Json = serde_json::from_slice(&out.stdout).unwrap();
            assert_eq!(counted["agree"], result["agree"]);
            assert_eq!(counted["participating"], result["participating"]);
            assert_eq!(counted["result"], result["result"]);
        }
        assert!(!String::from_utf8(resident.get(&format!("/votes/{n}/recount?table=roll")).body).unwrap().contains("张三"));
    });
}

#[test]
fn two_hundred_ballots_of_one_unit_at_once_count_as_one() {
    on_each_engine(|w| {
        let (clerk, visitor) = (w.client(Some("clerk")), w.client(None));
        let (n, ballots) = posted(&clerk);
        open(w);
        let (base, ballot) = (visitor.base.clone(), ballots[0].1.clone());
        let all: Vec<_> = (0..200)
            .map(|i| {
                let (client, ballot) = (Client { base: base.clone(), token: None }, ballot.clone());
                std::thread::spawn(move || cast(&client, &ballot, [["yes", "no"][i % 2], "yes"]).status)
            })
            .collect();
        let statuses: Vec<u16> = all.into_iter().map(|t| t.join().unwrap()).collect();
        assert!(statuses.iter().all(|s| *s == 201), "{statuses:?}");
        let seen = clerk.get(&format!("/votes/{n}")).json();
        assert_eq!((&seen["turnout"]["heads_percent"], &seen["turnout"]["area_percent"]), (&json!(25), &json!(22)));
        w.app.ambience.advance(11 * DAY);
        jobs::deadlines(&w.app, w.app.now()).unwrap();
        let result = visitor.get(&format!("/votes/{n}")).json()["questions"][1]["result"].clone();
        assert_eq!(
            (&result["agree"]["area"], &result["replaced"], &result["conflicts"]),
            (&json!(10_000), &json!(199), &json!(0))
        );
        assert_eq!(result["result"], "fail", "one of four is no quorum");
    });
}

#[test]
fn two_people_of_one_name_are_two_heads_and_an_owner_who_took_over_is_no_developer() {
    on_each_engine(|w| {
        let (clerk, visitor) = (w.client(Some("clerk")), w.client(None));
        let table = "房号,业主,面积,性质,业主编号\n1-101,张伟,100,,1\n1-102,张伟,100,,2\n1-103,张伟,100,,2\nS-1,,50,建设单位,\nS-2,,50,建设单位,\n";
        let made = send(&clerk, "/rolls", &[("title", "x"), ("body", "owners")], table.as_bytes()).json();
        assert_eq!(made["heads"], 3, "two of one name, and the developer");
        let many = send(&clerk, "/rolls", &[("title", "y"), ("body", "residents")], "房号,业主\n1,张伟\n2,张伟\n".as_bytes());
        assert_eq!(many.json()["heads"], 2, "each resident is a head of his own");
        let n = made["number"].as_str().unwrap().to_owned();
        clerk.post(&format!("/rolls/{n}/post"), &json!({}));
        // An open objection holds the vote up.
        visitor.post(&format!("/rolls/{n}/objections"), &json!({ "unit": "S-2", "text": "已经交付给赵六" }));
        let vote = draft(&clerk, &n);
        let v = vote["number"].as_str().unwrap().to_owned();
        assert_eq!(clerk.post(&format!("/votes/{v}/post"), &json!({})).error(), (409, "roll-objections".into()));
        let id = clerk.get(&format!("/rolls/{n}")).json()["objections"][0]["id"].as_str().unwrap().to_owned();
        let decide = format!("/rolls/{n}/objections/{id}");
        let huge = json!({ "accept": true, "reason": "x", "area": "88500000" });
        assert_eq!(clerk.post(&decide, &huge).error(), (422, "out-of-range".into()));
        let mended = clerk.post(&decide, &json!({ "accept": true, "reason": "已交付", "owner": "赵六" })).json();
        assert_eq!(mended["heads"], 4);
        assert_eq!(clerk.get(&format!("/rolls/{n}")).json()["units"][4]["kind"], "owner");
        assert_eq!(clerk.post(&format!("/votes/{v}/post"), &json!({})).status, 200);
        open(w);
        w.app.ambience.advance(11 * DAY);
        jobs::deadlines(&w.app, w.app.now()).unwrap();
        let over = visitor.get(&format!("/votes/{v}")).json();
        assert_eq!(over["questions"][0]["result"]["total"]["heads"], 4, "and so it is counted");
        let clerk = w.client(Some("clerk"));
        let late = clerk.post(&format!("/votes/{v}/void"), &json!({ "why": "结果不好看" }));
        assert_eq!(late.error(), (409, "state".into()));
    });
}

#[test]
fn whoever_votes_for_another_shows_a_paper_and_not_for_too_many() {
    on_each_engine(|w| {
        let clerk = w.client(Some("clerk"));
        let roll = roll(&clerk);
        let new = json!({ "roll": roll, "title": "换物业", "opens_at": "2026-03-20", "closes_at": "2026-03-30", "proxy_most": 1,
            "questions": [{ "topic": "manager", "words": "是否续聘？" }] });
        let n = clerk.post("/votes", &new).json()["number"].as_str().unwrap().to_owned();
        clerk.post(&format!("/votes/{n}/post"), &json!({}));
        open(w);
        let lamp = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/lamp.png")).unwrap();
        let who = w.who("clerk");
        let picture = || xiezhi::base::media::keep(&w.app, &who, &lamp).unwrap();
        let by = |unit: &str, phone: &str, media: &str| {
            let mut sent =
                json!({ "unit": unit, "channel": "proxy", "choices": ["yes"], "proxy_name": "李小四", "proxy_phone": phone });
            if !media.is_empty() {
                sent["media"] = json!([media]);
            }
            clerk.post(&format!("/votes/{n}/ballots"), &sent)
        };
        assert_eq!(by("1-101", "13900000001", "").error(), (422, "missing".into()), "no paper");
        assert_eq!(by("1-101", "139", &picture()).error(), (422, "wrong-type".into()));
        assert_eq!(by("1-101", "13900000001", "none").error(), (422, "unknown-value".into()));
        assert_eq!(by("1-101", "139-0000-0001", &picture()).status, 201);
        assert_eq!(by("1-101", "13900000001", &picture()).status, 201, "the same unit once more is no second one");
        assert_eq!(by("1-102", "13900000001", &picture()).error(), (422, "too-many".into()));
        assert_eq!(by("1-102", "13900000002", &picture()).status, 201, "somebody else of the same name");
        // What was refused is no ballot either.
        let full = clerk.get(&format!("/votes/{n}")).json();
        let units: Vec<&str> = full["proxies"].as_array().unwrap().iter().map(|p| p["unit"].as_str().unwrap()).collect();
        assert_eq!(units, ["1-101", "1-101", "1-102"]);
        assert_eq!(full["proxies"][0]["holder"], "李小四 13900000001");
        let ballot = full["proxies"][0]["ballot"].as_str().unwrap();
        let paper = clerk.get(&format!("/votes/{n}/proxies/{ballot}"));
        assert_eq!((paper.status, paper.header("content-type")), (200, Some("image/jpeg")));
        let resident = w.client(Some("resident"));
        assert_eq!(resident.get(&format!("/votes/{n}")).json()["proxies"], json!([]));
        assert_eq!(resident.get(&format!("/votes/{n}/proxies/{ballot}")).error(), (403, "denied".into()));
    });
}

#[test]
fn where_the_place_has_a_system_of_its_own_the_roll_goes_out_and_a_certified_result_comes_in() {
    on_each_engine(|w| {
        let clerk = w.client(Some("clerk"));
        let roll = roll(&clerk);
        let table = clerk.get(&format!("/rolls/{roll}/table"));
        assert!(table.text.contains("房号,业主,面积") && table.text.contains("1-101,张三,100.00"), "{}", table.text);
        let street = w.client(Some("street"));
        assert_eq!(
            street.get(&format!("/rolls/{roll}/table")).error(),
            (403, "denied".into()),
            "a desk above has no use for names"
        );
        let n = draft(&clerk, &roll)["number"].as_str().unwrap().to_owned();
        // As under a pack that names the city's system: those that ship hold for places of their own.
        let sent = n.clone();
        w.app
            .db
            .write(move |tx| {
                tx.log(store::Entry::new("vote.draft", "vote", &sent))?;
                tx.exec("update vote set outside = 1 where number = $1", store::params![&sent])
            })
            .unwrap();
        clerk.post(&format!("/votes/{n}/post"), &json!({}));
        let send = |results: &str| {
            clerk.post(&format!("/votes/{n}/outside"), &json!({ "certificate": "2026 第 12 号", "results": results }))
        };
        assert_eq!(send("3,300.00,3,300.00\n3,300.00,2,200.00").error(), (409, "state".into()), "not before the end");
        w.app.ambience.advance(28 * DAY);
        jobs::deadlines(&w.app, w.app.now()).unwrap();
        let clerk = w.client(Some("clerk"));
        let send = |results: &str| {
            clerk.post(&format!("/votes/{n}/outside"), &json!({ "certificate": "2026 第 12 号", "results": results }))
        };
        assert_eq!(clerk.get(&format!("/votes/{n}")).json()["phase"], "counting", "nothing is counted here");
        assert_eq!(send("3,300.00,3,300.00").error(), (422, "missing".into()));
        assert_eq!(
            send("3,300.00,3,300.00\n3,300.00,4,200.00").error(),
            (422, "out-of-range".into()),
            "more agree than took part"
        );
        assert_eq!(send("5,300.00,3,300.00\n3,300.00,2,200.00").error(), (422, "out-of-range".into()), "more than the roll has");
        let over = send("3,300.00,3,300.00\n3,300.00,2,200.00").json();
        assert_eq!(
            (&over["phase"], &over["certificate"], &over["recount"]),
            (&json!("published"), &json!("2026 第 12 号"), &json!(false))
        );
        // Three of four heads and two thirds of 450 m² took part; the second needs three quarters and has two thirds.
        let results: Vec<&Json> = over["questions"].as_array().unwrap().iter().map(|q| &q["result"]["result"]).collect();
        assert_eq!(results, [&json!("pass"), &json!("fail")]);
        assert_eq!(send("3,300.00,3,300.00\n3,300.00,2,200.00").error(), (409, "state".into()), "once");
    });
}

#[test]
fn what_is_wrong_with_the_roll_is_said_first_and_its_earliest_line_first() {
    let dir = tempfile::tempdir().unwrap();
    let (roll, ballots) = (dir.path().join("roll.csv"), dir.path().join("ballots.csv"));
    // More rows than the roll takes together; `wrong` ones by their lines.
    let write = |file, head: &str, row: &dyn Fn(usize) -> String, wrong: &[(usize, &str)]| {
        let line = |at: usize| wrong.iter().find(|(line, _)| *line == at).map_or_else(|| row(at), |(_, text)| (*text).to_owned());
        let rows: Vec<String> = (2..=200).map(line).collect();
        std::fs::write(file, format!("{head}\n{}\n", rows.join("\n"))).unwrap();
    };
    let said = |wrong: &[(usize, &str)], ballot: &[(usize, &str)]| {
        write(&roll, "unit,owner,area,kind,use", &|at| format!("u{at},o{at},100,owner,home"), wrong);
        write(&ballots, "unit,choice,channel,time", &|at| format!("u{at},yes,app,2026-11-02T08:00:00+08:00"), ballot);
        let out = Command::new(env!("CARGO_BIN_EXE_xiezhi"))
            .args(["calc", "tally", "--pack", "cn-civil-code", "--item", "ordinary", "--roll"])
            .arg(&roll)
            .arg("--ballots")
            .arg(&ballots)
            .output()
            .unwrap();
        let said = String::from_utf8(out.stderr).unwrap();
        said.trim().trim_start_matches("xiezhi: ").replace(&format!("{}/", dir.path().display()), "")
    };
    let (twice, odd) = ((150, "u7,o7,100,owner,home"), "u151,o151,100,nobody,home");
    let unknown = (140, "nowhere,yes,app,2026-11-02T08:00:00+08:00");
    assert_eq!(said(&[], &[]), "");
    assert_eq!(said(&[twice, (151, odd)], &[(2, "u2,perhaps,app,1")]), "roll.csv:150:1: this unit is on the roll already");
    assert_eq!(said(&[twice, (149, odd)], &[unknown]), "roll.csv:149:4: owner or developer");
    assert_eq!(said(&[twice, (149, "u149,,100,owner,home")], &[]), "roll.csv:149:2: no owner is named");
    assert_eq!(said(&[], &[unknown, (141, "nowhere,yes,app,1")]), "ballots.csv:140:1: this unit is not on the roll");
    assert_eq!(said(&[], &[unknown, (141, "u2,perhaps,app,1")]), "ballots.csv:141:2: yes, no, abstain or invalid");
}
