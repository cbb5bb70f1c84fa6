//! Neighbours help each other: from "I need a wheelchair on Friday" to thanks and hours; who may not go, what happens when
//! nobody comes, when one is silent, when the two do not agree.

use serde_json::{Value as Json, json};
use xiezhi::edge::jobs;
use xiezhi::kit::time::{DAY, HOUR, MINUTE};

use super::world::{COMMUNITY, Client, World, on_each_engine};

/// Friday, two days after stories begin.
const FRIDAY: &str = "2026-03-06T09:00:00+08:00";

fn wheelchair() -> Json {
    json!({ "kind": "wheelchair", "area": COMMUNITY, "starts_at": FRIDAY, "minutes": 60, "words": "去医院复查", "place": "2 单元 301" })
}

/// People of the small world share a number; here each has his own.
pub fn numbers(w: &World) {
    use store::params;
    for (n, name) in ["resident", "neighbour"].into_iter().enumerate() {
        let person = w.who(name).person.unwrap();
        w.app
            .db
            .write(move |tx| {
                tx.exec("delete from person_phone where person = $1", params![&person])?;
                let now = tx.now();
                let sql = "insert into person_phone(phone, person, proved_at) values ($1, $2, $3)";
                tx.exec(sql, params![format!("mark {n}"), &person, now])?;
                tx.log(store::Entry::new("test", "person", &person))?;
                Ok::<_, xiezhi::kit::Error>(())
            })
            .unwrap();
    }
}

/// The neighbour and the helper of the group are volunteers.
fn volunteers(w: &mut World) -> (Client, Client, Client, Client) {
    numbers(w);
    let (resident, neighbour) = (w.client(Some("resident")), w.client(Some("neighbour")));
    let (helper, clerk) = (w.client(Some("helper")), w.client(Some("clerk")));
    let kinds = json!({ "area": COMMUNITY, "kinds": ["wheelchair", "errand", "carry", "care"], "languages": ["putonghua"] });
    for c in [&neighbour, &helper] {
        let set = c.post("/volunteer", &kinds);
        assert_eq!(set.status, 200, "{}", set.text);
        assert_eq!(set.json()["ready"], true);
    }
    (resident, neighbour, helper, clerk)
}

fn asked(c: &Client, new: &Json) -> String {
    let made = c.post("/help", new);
    assert_eq!(made.status, 201, "{}", made.text);
    made.json()["number"].as_str().unwrap().to_owned()
}

fn minutes(c: &Client) -> i64 {
    c.get("/hours").json()["minutes"].as_i64().unwrap()
}

fn holds(w: &mut World) {
    let check = w.client(Some("clerk")).get("/hours/check?deep=1").json();
    assert_eq!(check["holds"], true, "{check}");
    assert_eq!(
        (&check["minutes"]["sum"], &check["minutes"]["wrong"], &check["minutes"]["uneven"]),
        (&json!(0), &json!(0), &json!(0))
    );
}

fn ring(w: &World) {
    jobs::deadlines(&w.app, w.app.now()).unwrap();
}

fn notices(c: &Client) -> Vec<String> {
    let all = c.get("/inbox").json();
    all["items"].as_array().unwrap().iter().map(|i| i["kind"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_wheelchair_on_friday_and_then_thanks_and_hours() {
    on_each_engine(|w| {
        let (resident, neighbour, helper, _) = volunteers(w);
        let h = asked(&resident, &wheelchair());
        // Nobody else learns of it, and volunteers learn what and when, not who and where.
        assert_eq!(w.client(Some("stranger")).get(&format!("/help/{h}")).error(), (404, "not-found".into()));
        let seen = neighbour.get(&format!("/help/{h}")).json();
        assert_eq!(
            (&seen["kind"], &seen["words"], &seen["door"], &seen["name"]),
            (&json!("借轮椅、推轮椅"), &Json::Null, &Json::Null, &Json::Null)
        );
        ring(w);
        assert_eq!((notices(&neighbour), notices(&helper)), (vec!["help-asked".to_owned()], vec!["help-asked".to_owned()]));
        assert_eq!(resident.post(&format!("/help/{h}/offer"), &json!({})).error(), (409, "not-fit".into()), "his own");
        let offered = neighbour.post(&format!("/help/{h}/offer"), &json!({}));
        assert_eq!(offered.json()["state"], "agreed", "{}", offered.text);
        // Over-booking: whoever is second is told.
        assert_eq!(helper.post(&format!("/help/{h}/offer"), &json!({})).error(), (409, "taken".into()));
        let seen = neighbour.get(&format!("/help/{h}")).json();
        assert_eq!(
            (&seen["words"], &seen["door"], &seen["name"]),
            (&json!("去医院复查"), &json!("2 单元 301"), &json!("某某resident"))
        );
        assert_eq!(minutes(&resident), -60, "set aside");
        holds(w);
        let page = resident.get(&format!("/help/{h}")).json();
        assert_eq!(page["helpers"][0]["name"], "某某neighbour");
        // Too early, the wrong code, then with both.
        let done = |code: &str| json!({ "began_at": FRIDAY, "minutes": 50, "code": code });
        let code = page["code"].as_str().unwrap().to_owned();
        assert_eq!(
            neighbour.post(&format!("/help/{h}/done"), &done(&code)).error(),
            (422, "out-of-range".into()),
            "not over yet"
        );
        w.app.ambience.advance(2 * DAY + HOUR);
        let wrong = if code == "000000" { "000001" } else { "000000" };
        assert_eq!(neighbour.post(&format!("/help/{h}/done"), &done(wrong)).error(), (401, "wrong-code".into()));
        let settled = neighbour.post(&format!("/help/{h}/done"), &done(&code));
        assert_eq!((&settled.json()["state"], &settled.json()["how"]), (&json!("settled"), &json!("code")), "{}", settled.text);
        assert_eq!((minutes(&resident), minutes(&neighbour)), (-50, 50), "what it took, and the rest went back");
        assert_eq!(neighbour.get("/hours").json()["merits"], 8, "ten for an hour");
        holds(w);
        let thanked = resident.post(&format!("/help/{h}/thank"), &json!({ "words": "谢谢您推我去医院" }));
        assert_eq!(thanked.status, 200, "{}", thanked.text);
        assert_eq!(resident.post(&format!("/help/{h}/thank"), &json!({ "words": "再谢" })).error(), (409, "said-already".into()));
        assert_eq!(neighbour.get(&format!("/help/{h}")).json()["thanks"], "谢谢您推我去医院");
        assert_eq!(notices(&neighbour), vec!["help-thanked".to_owned()]);
        // Not again, says one of both: nobody is told, and the two are not brought together any more.
        let apart = |c: &Client, body: Json| c.post(&format!("/help/{h}/apart"), &body);
        assert_eq!(apart(&resident, json!({ "person": "nobody" })).error(), (422, "unknown-value".into()));
        assert_eq!(apart(&helper, json!({})).error(), (403, "denied".into()), "he did not come");
        assert_eq!(apart(&neighbour, json!({})).status, 200);
        let again = asked(&resident, &json!({ "kind": "errand", "area": COMMUNITY, "starts_at": "2026-03-08T09:00:00+08:00" }));
        let refused = neighbour.post(&format!("/help/{again}/offer"), &json!({}));
        assert_eq!((refused.status, &refused.json()["field"]), (409, &json!("apart")));
        // The resident reads that his name and words were read, by whom and for what.
        let reads = resident.get("/me/reads").text;
        assert!(reads.contains("help") || reads.contains("邻里互助"), "{reads}");
        // His record says what was booked, and leaves for the national one only when he agreed.
        let record = neighbour.get("/hours/record?from=2026-03-01&to=2026-03-31").json();
        assert_eq!((&record["minutes"], &record["lines"][0]["what"]), (&json!(50), &json!("借轮椅、推轮椅")));
        assert_eq!(neighbour.get("/hours/record?from=2026-04-01").json()["lines"], json!([]));
        assert_eq!(neighbour.get("/hours/record?from=x").error(), (422, "wrong-type".into()));
        assert_eq!(neighbour.get("/volunteers/record").error(), (403, "denied".into()));
        let table = |c: &Client| {
            let file = c.get_as("/volunteers/record?from=2026-03-01", "*/*");
            assert_eq!(file.status, 200, "{}", file.text);
            xiezhi::kit::foreign::read(&file.body).unwrap().into_iter().map(|(_, cells)| cells.join("|")).collect::<Vec<_>>()
        };
        let clerk = w.client(Some("clerk"));
        assert!(table(&clerk).iter().all(|l| !l.contains("某某neighbour")));
        let agreed = json!({ "area": COMMUNITY, "kinds": ["wheelchair", "errand"], "languages": ["putonghua"], "record": true });
        assert_eq!(neighbour.post("/volunteer", &agreed).status, 200);
        let rows = table(&clerk);
        assert!(
            rows.iter().any(|l| l.contains("某某neighbour") && l.contains("|借轮椅、推轮椅|") && l.contains("|0.83|")),
            "{rows:?}"
        );
        // What is left may be given away, and no more than that.
        assert_eq!(
            neighbour.post("/hours/give", &json!({ "area": COMMUNITY, "minutes": 51 })).error(),
            (409, "hours-short".into())
        );
        assert_eq!(neighbour.post("/hours/give", &json!({ "area": COMMUNITY, "minutes": 20 })).status, 200);
        assert_eq!(minutes(&neighbour), 30);
        holds(w);
        assert_eq!(w.client(None).get("/hours/check").json()["holds"], true, "anybody may look");
    });
}

#[test]
fn both_sides_say_so_or_one_is_silent_or_the_desk_decides() {
    on_each_engine(|w| {
        let (resident, neighbour, _, clerk) = volunteers(w);
        let done = |h: &str, at: &str, n: i64| {
            let said = neighbour.post(&format!("/help/{h}/done"), &json!({ "began_at": at, "minutes": n }));
            assert_eq!(said.json()["state"], "done", "{}", said.text);
        };
        let take = |h: &str| assert_eq!(neighbour.post(&format!("/help/{h}/offer"), &json!({})).json()["state"], "agreed");
        let at = |hour: &str| json!({ "kind": "errand", "area": COMMUNITY, "starts_at": format!("2026-03-06T{hour}:00:00+08:00"), "minutes": 60 });
        let (a, b, c) = (asked(&resident, &at("08")), asked(&resident, &at("10")), asked(&resident, &at("12")));
        [&a, &b, &c].into_iter().for_each(|h| take(h));
        w.app.ambience.advance(3 * DAY);
        done(&a, "2026-03-06T08:00:00+08:00", 60);
        assert_eq!(resident.post(&format!("/help/{a}/confirm"), &json!({})).json()["how"], "both");
        // Nobody is in two places at once.
        let twice =
            neighbour.post(&format!("/help/{b}/done"), &json!({ "began_at": "2026-03-06T08:30:00+08:00", "minutes": 60 }));
        assert_eq!(twice.error(), (409, "overlaps".into()));
        done(&b, "2026-03-06T10:00:00+08:00", 60);
        done(&c, "2026-03-06T12:00:00+08:00", 120);
        assert_eq!(resident.get("/inbox").json()["need"], 2, "two wait for his word");
        let words = json!({ "words": "只来了半小时" });
        assert_eq!(resident.post(&format!("/help/{c}/dispute"), &words).json()["state"], "disputed");
        w.app.ambience.advance(8 * DAY);
        ring(w);
        assert_eq!(resident.get(&format!("/help/{b}")).json()["how"], "silent");
        assert_eq!(minutes(&neighbour), 120);
        // Five days without a word of the desk, and it lies with the one above.
        assert!(notices(&w.client(Some("street"))).contains(&"help-disputed-desk".to_owned()));
        assert_eq!(
            neighbour.post(&format!("/help/{c}/decide"), &json!({ "minutes": 120, "why": "x" })).error(),
            (403, "denied".into())
        );
        let decided = clerk.post(&format!("/help/{c}/decide"), &json!({ "minutes": 30, "why": "楼下监控能看到" }));
        assert_eq!((&decided.json()["state"], &decided.json()["how"]), (&json!("settled"), &json!("desk")), "{}", decided.text);
        assert_eq!((minutes(&resident), minutes(&neighbour)), (-150, 150));
        // Also what both agreed on may turn out wrong; what was booked is undone first. The desk's word is the last.
        assert_eq!(resident.post(&format!("/help/{a}/dispute"), &words).json()["state"], "disputed");
        holds(w);
        assert_eq!(clerk.post(&format!("/help/{a}/decide"), &json!({ "minutes": 0, "why": "没有去" })).status, 200);
        assert_eq!((minutes(&resident), minutes(&neighbour)), (-90, 90));
        assert_eq!(neighbour.get("/hours").json()["merits"], 15, "merits of what counts");
        assert_eq!(neighbour.post(&format!("/help/{a}/dispute"), &words).error(), (409, "state".into()));
        holds(w);
        w.app.ambience.advance(16 * DAY);
        assert_eq!(resident.post(&format!("/help/{b}/dispute"), &words).error(), (409, "over".into()));
    });
}

#[test]
fn whoever_may_not_go_does_not_go() {
    on_each_engine(|w| {
        let (resident, neighbour, helper, clerk) = volunteers(w);
        let care = json!({ "kind": "care", "area": COMMUNITY, "starts_at": FRIDAY, "minutes": 90, "words": "照看半天" });
        let h = asked(&resident, &care);
        let why = |c: &Client| {
            let refused = c.post(&format!("/help/{h}/offer"), &json!({}));
            (refused.error(), refused.json()["field"].as_str().unwrap_or_default().to_owned())
        };
        assert_eq!(why(&neighbour), ((409, "not-fit".into()), "vetting".into()));
        let person = |c: &Client, name: &str| {
            let all = c.get("/volunteers").json();
            let found = all["items"].as_array().unwrap().iter().find(|v| v["name"] == name).unwrap().clone();
            found["person"].as_str().unwrap().to_owned()
        };
        let (n, g) = (person(&clerk, "某某neighbour"), person(&clerk, "某某helper"));
        for p in [&n, &g] {
            assert_eq!(clerk.post(&format!("/volunteers/{p}/vet"), &json!({ "good": 1 })).status, 200);
        }
        assert_eq!(why(&neighbour).1, "proof");
        let proof =
            |p: &str, until: &str| clerk.post(&format!("/volunteers/{p}/proof"), &json!({ "kind": "care", "until": until }));
        assert_eq!(proof(&n, "2026-03-05").status, 200);
        assert_eq!(why(&neighbour).1, "proof", "it runs out before Friday");
        proof(&n, "2026-12-31");
        // Two go together: one alone is not enough.
        let one = neighbour.post(&format!("/help/{h}/offer"), &json!({}));
        assert_eq!(one.json()["state"], "open", "{}", one.text);
        assert_eq!(why(&helper).1, "proof");
        proof(&g, "2026-12-31");
        assert_eq!(helper.post(&format!("/help/{h}/offer"), &json!({})).json()["state"], "agreed");
        assert_eq!(minutes(&resident), -180, "both");
        // Whoever cannot come is replaced, and the hours go back until somebody is.
        assert_eq!(helper.post(&format!("/help/{h}/leave"), &json!({})).status, 200);
        assert_eq!((minutes(&resident), resident.get(&format!("/help/{h}")).json()["state"].clone()), (0, json!("open")));
        assert!(notices(&resident).contains(&"help-left".to_owned()));
        // A language, a woman: what somebody does not say he is, he is not taken for.
        let signed = json!({ "kind": "errand", "area": COMMUNITY, "starts_at": FRIDAY, "language": "sign", "choose": 1 });
        let s = asked(&resident, &signed);
        assert_eq!(neighbour.post(&format!("/help/{s}/offer"), &json!({})).json()["field"], "language");
        let woman = json!({ "kind": "errand", "area": COMMUNITY, "starts_at": "2026-03-07T09:00:00+08:00", "sex": "female", "choose": 1 });
        let f = asked(&resident, &woman);
        assert_eq!(neighbour.post(&format!("/help/{f}/offer"), &json!({})).json()["field"], "sex");
        let board = clerk.get("/volunteers/board").json();
        let no = |n: &str| board["items"].as_array().unwrap().iter().find(|i| i["number"] == n).unwrap()["no"].clone();
        assert_eq!((no(&s), no(&f)), (json!([["language", 2]]), json!([["sex", 2]])));
        // Strangers and people the node does not know.
        assert_eq!(w.client(Some("stranger")).post("/help", &wheelchair()).error(), (403, "other-area".into()));
        assert_eq!(clerk.get("/volunteers?area=321002001002").error(), (403, "denied".into()));
        assert_eq!(resident.get("/volunteers").error(), (403, "denied".into()));
    });
}

#[test]
fn a_request_that_nobody_takes_becomes_a_case() {
    on_each_engine(|w| {
        let (resident, neighbour, _, clerk) = volunteers(w);
        let h = asked(&resident, &wheelchair());
        ring(w);
        assert_eq!(neighbour.post(&format!("/help/{h}/leave"), &json!({})).status, 200);
        for _ in 0..4 {
            w.app.ambience.advance(121 * MINUTE);
            ring(w);
        }
        let case = resident.get(&format!("/help/{h}")).json()["case"].as_str().unwrap_or_default().to_owned();
        assert!(!case.is_empty(), "the community looks after it");
        let seen = clerk.get(&format!("/cases/{case}")).json();
        assert_eq!((&seen["state"], &seen["class"]), (&json!("received"), &json!("help")), "{seen}");
        assert!(seen["text"].as_str().unwrap().contains("去医院复查"), "{seen}");
        assert_eq!(w.client(None).get("/equation").json()["holds"], true);
        ring(w);
        assert_eq!(resident.get(&format!("/help/{h}")).json()["case"], case.as_str(), "one case");
        // Somebody comes after all.
        assert_eq!(neighbour.post(&format!("/help/{h}/offer"), &json!({})).json()["state"], "agreed");
        // And nobody says a word of it: asked once, then closed, and the hours go back.
        w.app.ambience.advance(3 * DAY);
        ring(w);
        assert!(notices(&neighbour).contains(&"help-remind".to_owned()));
        assert_eq!(minutes(&resident), -60);
        w.app.ambience.advance(7 * DAY);
        ring(w);
        assert_eq!(resident.get(&format!("/help/{h}")).json()["state"], "lapsed");
        assert_eq!(minutes(&resident), 0);
        holds(w);
    });
}

#[test]
fn the_desk_asks_for_somebody_without_an_account_and_the_community_pays() {
    on_each_engine(|w| {
        let (resident, neighbour, _, clerk) = volunteers(w);
        let mut new = wheelchair();
        new["name"] = json!("王奶奶");
        assert_eq!(
            resident
                .post("/help", &{
                    let mut n = new.clone();
                    n["phone"] = json!("13900000001");
                    n
                })
                .error(),
            (403, "denied".into())
        );
        assert_eq!(clerk.post("/help", &new).error(), (422, "missing".into()), "nobody could call her");
        new["phone"] = json!("13900000001");
        new["choose"] = json!(1);
        let h = asked(&clerk, &new);
        assert_eq!(neighbour.post(&format!("/help/{h}/offer"), &json!({})).json()["state"], "open");
        let offered = clerk.get(&format!("/help/{h}")).json()["helpers"][0].clone();
        let person = offered["person"].as_str().unwrap();
        assert_eq!(neighbour.post(&format!("/help/{h}/agree"), &json!({ "person": person })).error(), (403, "denied".into()));
        assert_eq!(clerk.post(&format!("/help/{h}/agree"), &json!({ "person": person })).json()["state"], "agreed");
        assert_eq!(neighbour.get(&format!("/help/{h}")).json()["name"], "王奶奶");
        let check = clerk.get("/hours/check").json();
        assert_eq!((&check["minutes"]["held"], &check["minutes"]["people"]), (&json!(60), &json!(0)));
        assert_eq!(clerk.post(&format!("/help/{h}/withdraw"), &json!({})).json()["state"], "withdrawn");
        assert_eq!(clerk.get("/hours/check").json()["minutes"]["held"], 0);
        // For all: the desk books hours, and undoes a mistake by a transfer the other way.
        let grant = json!({ "minutes": 90, "why": "楼道大扫除" });
        assert_eq!(clerk.post(&format!("/volunteers/{person}/grant"), &grant).status, 200);
        assert_eq!(minutes(&neighbour), 90);
        let line = neighbour.get("/hours").json()["lines"][0]["id"].as_str().unwrap().to_owned();
        let undo = format!("/hours/{line}/undo");
        assert_eq!(neighbour.post(&undo, &json!({ "why": "x" })).error(), (403, "denied".into()));
        assert_eq!(clerk.post(&undo, &json!({ "why": "记重了" })).status, 200);
        assert_eq!(clerk.post(&undo, &json!({ "why": "记重了" })).error(), (409, "state".into()), "once");
        assert_eq!(minutes(&neighbour), 0);
        let redeem = json!({ "merits": 1, "why": "一袋洗衣粉" });
        assert_eq!(clerk.post(&format!("/volunteers/{person}/grant"), &redeem).error(), (409, "hours-short".into()), "no merits");
        holds(w);
        assert_eq!(neighbour.post("/volunteer/stop", &json!({})).status, 200);
        assert_eq!(neighbour.get("/volunteer").json()["ready"], false);
    });
}

#[test]
fn all_requests_are_looked_at_together_and_the_board_says_why() {
    on_each_engine(|w| {
        let (resident, neighbour, helper, clerk) = volunteers(w);
        // Both do errands; the helper alone speaks with his hands.
        let signs = json!({ "area": COMMUNITY, "kinds": ["errand", "sign"], "languages": ["sign"] });
        assert_eq!(helper.post("/volunteer", &signs).status, 200);
        let at = |kind: &str| json!({ "kind": kind, "area": COMMUNITY, "starts_at": FRIDAY, "choose": 1 });
        let (errand, sign) = (asked(&resident, &at("errand")), asked(&resident, &at("sign")));
        let board = clerk.get("/volunteers/board").json();
        let proposed = |b: &Json, n: &str| {
            let item = b["items"].as_array().unwrap().iter().find(|i| i["number"] == n).unwrap().clone();
            (item["proposed"][0]["name"].clone(), item["proposed"][0]["needed"].clone())
        };
        assert_eq!(proposed(&board, &sign), (json!("某某helper"), json!(true)), "{board}");
        assert_eq!(proposed(&board, &errand), (json!("某某neighbour"), json!(false)), "the other is needed elsewhere");
        assert_eq!((&board["volunteers"], &board["load"]), (&json!(2), &json!(0)), "nobody did anything yet");
        // Whoever said yes stays, and his work is one-sided: one of two has all of it.
        let offered = |c: &Client, h: &str| assert_eq!(c.post(&format!("/help/{h}/offer"), &json!({})).status, 200);
        offered(&neighbour, &errand);
        let person = resident.get(&format!("/help/{errand}")).json()["helpers"][0]["person"].as_str().unwrap().to_owned();
        resident.post(&format!("/help/{errand}/agree"), &json!({ "person": person }));
        let board = clerk.get("/volunteers/board").json();
        assert_eq!((&board["load"], board["items"].as_array().unwrap().len()), (&json!(50), 1), "{board}");
        // One was served at once, the other waits for two hours.
        w.app.ambience.advance(2 * HOUR);
        let board = clerk.get("/volunteers/board").json();
        assert_eq!((&board["wait"], &board["grids"][0]["minutes"]), (&json!(50), &json!(60)), "{board}");
        assert_eq!(resident.get("/volunteers/board").error(), (403, "denied".into()));
    });
}

#[test]
fn hours_that_only_go_round_are_shown_to_whoever_looks_after_volunteers() {
    on_each_engine(|w| {
        let (resident, neighbour, _, clerk) = volunteers(w);
        let kinds = json!({ "area": COMMUNITY, "kinds": ["errand"], "languages": ["putonghua"] });
        assert_eq!(resident.post("/volunteer", &kinds).status, 200);
        let helped = |asks: &Client, helps: &Client, day: i64| {
            let at = format!("2026-03-{day:02}T09:00:00+08:00");
            let h = asked(asks, &json!({ "kind": "errand", "area": COMMUNITY, "starts_at": at, "minutes": 60 }));
            let offered = helps.post(&format!("/help/{h}/offer"), &json!({}));
            assert_eq!(offered.json()["state"], "agreed", "{}", offered.text);
            let code = asks.get(&format!("/help/{h}")).json()["code"].clone();
            w.app.ambience.advance(xiezhi::kit::time::parse(&at).unwrap() + HOUR - w.app.now());
            let done = helps.post(&format!("/help/{h}/done"), &json!({ "began_at": at, "minutes": 60, "code": code }));
            assert_eq!(done.json()["state"], "settled", "{}", done.text);
        };
        for day in [6, 8, 10] {
            helped(&resident, &neighbour, day);
            assert_eq!(clerk.get("/volunteers/board").json()["rounds"], json!([]), "they give in one direction only, or seldom");
            helped(&neighbour, &resident, day + 1);
        }
        let rounds = clerk.get("/volunteers/board").json()["rounds"].clone();
        let names: std::collections::BTreeSet<&str> =
            rounds[0]["names"].as_array().unwrap().iter().map(|n| n.as_str().unwrap()).collect();
        assert_eq!(names, ["某某neighbour", "某某resident"].into(), "{rounds}");
        assert_eq!((&rounds[0]["times"], &rounds[0]["minutes"]), (&json!(6), &json!(360)));
        assert!(clerk.get_as("/volunteers/board", "text/html").text.contains("不一定有问题"));
    });
}

#[test]
fn work_for_all_has_seats_a_queue_and_a_code_on_the_spot() {
    on_each_engine(|w| {
        let (resident, neighbour, helper, clerk) = volunteers(w);
        let new = json!({ "title": "楼道大扫除", "place": "3 栋门口", "starts_at": FRIDAY, "minutes": 120, "seats": 1 });
        assert_eq!(resident.post("/events", &new).error(), (403, "denied".into()));
        assert_eq!(w.client(None).get("/events/new").error(), (401, "sign-in".into()));
        assert_eq!(clerk.get("/events/new").status, 200);
        let made = clerk.post("/events", &new);
        assert_eq!(made.status, 201, "{}", made.text);
        let e = made.json()["number"].as_str().unwrap().to_owned();
        let (at, join) = (format!("/events/{e}"), format!("/events/{e}/join"));
        assert_eq!(w.client(None).get("/events").json()["items"][0]["free"], 1);
        // One seat, two who want it at once: one has it, the other waits, and both are told so.
        let hands: Vec<_> = [&resident, &neighbour]
            .map(|c| Client { base: c.base.clone(), token: c.token.clone() })
            .into_iter()
            .map(|c| {
                let join = join.clone();
                std::thread::spawn(move || c.post(&join, &json!({})).json()["stand"].clone())
            })
            .collect();
        let mut stands: Vec<String> = hands.into_iter().map(|h| h.join().unwrap().as_str().unwrap().to_owned()).collect();
        stands.sort();
        assert_eq!(stands, ["coming", "waiting"]);
        assert_eq!(resident.post(&join, &json!({})).error(), (409, "said-already".into()));
        let first = if resident.get(&at).json()["stand"] == "coming" { &resident } else { &neighbour };
        let second = if resident.get(&at).json()["stand"] == "coming" { &neighbour } else { &resident };
        assert_eq!(first.post(&format!("/events/{e}/leave"), &json!({})).json()["stand"], "left");
        assert_eq!(second.get(&at).json()["stand"], "coming", "whoever waited has the seat");
        assert!(notices(second).contains(&"event-seat".to_owned()));
        helper.post(&join, &json!({}));
        // Nobody is in two places: another event in the same hours has no seat for whoever comes here.
        let also = json!({ "title": "义诊", "place": "广场", "starts_at": FRIDAY, "minutes": 60, "seats": 5 });
        let also = format!("/events/{}/join", clerk.post("/events", &also).json()["number"].as_str().unwrap());
        assert_eq!(second.post(&also, &json!({})).error(), (409, "overlaps".into()));
        assert_eq!(first.post(&also, &json!({})).json()["stand"], "coming", "he gave his seat up");
        // The code is for whoever leads it, on the spot, and holds for minutes.
        assert_eq!(helper.get(&format!("/events/{e}/code")).error(), (403, "denied".into()));
        let code = |clerk: &Client| clerk.get(&format!("/events/{e}/code")).json()["code"].as_str().unwrap().to_owned();
        let early = second.post(&format!("/events/{e}/come"), &json!({ "code": code(&clerk) }));
        assert_eq!(early.error(), (409, "not-open".into()));
        let from = xiezhi::kit::time::parse(FRIDAY).unwrap();
        w.app.ambience.advance(from - w.app.now());
        let old = code(&clerk);
        w.app.ambience.advance(5 * MINUTE);
        assert_eq!(second.post(&format!("/events/{e}/come"), &json!({ "code": old })).error(), (401, "wrong-code".into()));
        assert_eq!(second.post(&format!("/events/{e}/come"), &json!({ "code": code(&clerk) })).json()["stand"], "came");
        let book = format!("/events/{e}/book");
        assert_eq!(clerk.post(&book, &json!({ "minutes": 100 })).error(), (409, "state".into()), "not over");
        w.app.ambience.advance(3 * HOUR);
        let people = clerk.get(&at).json()["people"].clone();
        let waits = people.as_array().unwrap().iter().find(|p| p["name"] == "某某helper").unwrap()["person"].clone();
        assert_eq!(clerk.post(&book, &json!({ "minutes": 121, "person": [waits] })).error(), (422, "out-of-range".into()));
        assert_eq!(helper.post(&book, &json!({ "minutes": 100 })).error(), (403, "denied".into()));
        assert_eq!(clerk.post(&book, &json!({ "minutes": 100, "person": [waits] })).json()["state"], "booked");
        // With the code at once; without it after his own yes.
        assert_eq!((minutes(second), minutes(&helper), minutes(first)), (100, 0, 0));
        assert_eq!(first.post(&format!("/events/{e}/confirm"), &json!({})).error(), (409, "state".into()));
        assert_eq!(helper.post(&format!("/events/{e}/confirm"), &json!({})).json()["stand"], "booked");
        assert_eq!(minutes(&helper), 100);
        assert_eq!(helper.post(&format!("/events/{e}/confirm"), &json!({})).error(), (409, "state".into()), "once");
        holds(w);
        let other = clerk.post(
            "/events",
            &json!({ "title": "x", "place": "y", "starts_at": "2026-03-20T09:00:00+08:00", "minutes": 60, "seats": 2 }),
        );
        let other = other.json()["number"].as_str().unwrap().to_owned();
        resident.post(&format!("/events/{other}/join"), &json!({}));
        let void = clerk.post(&format!("/events/{other}/void"), &json!({ "why": "下雨" })).json();
        assert_eq!((&void["state"], &void["why"]), (&json!("void"), &json!("下雨")));
        assert!(notices(&resident).contains(&"event-void".to_owned()));
        assert_eq!(resident.post(&format!("/events/{other}/join"), &json!({})).error(), (409, "over".into()));
    });
}
