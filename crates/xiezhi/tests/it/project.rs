//! The three lists: what people need is answered, nothing is lent twice, a service is bought in the open and accepted by the
//! people it is for.

use serde_json::{Value as Json, json};
use xiezhi::edge::jobs;
use xiezhi::kit::time::DAY;

use super::volunteer::numbers;
use super::world::{COMMUNITY, Client, World, on_each_engine};

fn ring(w: &World) {
    jobs::deadlines(&w.app, w.app.now()).unwrap();
}

fn later(w: &World, days: i64) {
    w.app.ambience.advance(days * DAY);
    ring(w);
}

/// Whether somebody was told of this, in whatever matter.
fn told(c: &Client, kind: &str) -> bool {
    let list = |path: &str| c.get(path).json()["items"].as_array().unwrap().clone();
    let matters = list("/inbox");
    let all = matters.iter().flat_map(|m| list(&format!("/inbox?subject={}", m["subject"].as_str().unwrap())));
    all.into_iter().any(|i| i["kind"] == kind)
}

fn good(c: &Client, path: &str, body: &Json) -> Json {
    let done = c.post(path, body);
    assert!(matches!(done.status, 200 | 201), "{path} {body}: {}", done.text);
    done.json()
}

fn number(made: &Json) -> String {
    made["number"].as_str().unwrap().to_owned()
}

/// A need of the resident, on the list.
fn listed(resident: &Client, clerk: &Client) -> String {
    let n = number(&good(
        resident,
        "/needs",
        &json!({ "kind": "elder", "words": "楼里老人中午没饭吃，我妈也是", "area": COMMUNITY }),
    ));
    good(clerk, &format!("/needs/{n}/decide"), &json!({ "answer": "list", "title": "老年助餐点" }));
    n
}

fn refused(c: &Client, path: &str, body: &Json) -> (u16, String) {
    c.post(path, body).error()
}

#[test]
fn a_need_gets_an_answer_and_moves_up_when_nobody_gives_one() {
    on_each_engine(|w| {
        let new = json!({ "kind": "elder", "words": "楼里老人中午没饭吃", "area": COMMUNITY });
        // Somebody the node does not know, a kind that is none, words that are missing.
        assert_eq!(w.client(None).post("/needs", &new).error(), (401, "sign-in".into()));
        numbers(w);
        let (resident, neighbour, clerk) = (w.client(Some("resident")), w.client(Some("neighbour")), w.client(Some("clerk")));
        assert_eq!(
            refused(&resident, "/needs", &json!({ "kind": "x", "words": "y", "area": COMMUNITY })),
            (422, "unknown-value".into())
        );
        assert_eq!(refused(&resident, "/needs", &json!({ "kind": "elder", "area": COMMUNITY })), (422, "missing".into()));
        let source = json!({ "kind": "elder", "words": "y", "area": COMMUNITY, "source": "260304-0001" });
        assert_eq!(refused(&resident, "/needs", &source), (403, "denied".into()));
        let n = number(&good(&resident, "/needs", &new));
        // Until a desk put it on the list it is between the two.
        let path = format!("/needs/{n}");
        assert_eq!(neighbour.get(&path).status, 404);
        assert_eq!(w.client(None).get(&path).status, 404);
        assert_eq!(refused(&neighbour, &format!("/needs/{n}/too"), &json!({})), (409, "state".into()));
        assert_eq!(resident.get(&path).json()["words"], "楼里老人中午没饭吃");
        assert!(told(&clerk, "need-raised"));
        // Nobody answers: the desk above has it.
        later(w, 6);
        let street = w.client(Some("street"));
        assert!(told(&street, "need-late"));
        assert_eq!(
            refused(&w.client(Some("stranger")), &format!("/needs/{n}/decide"), &json!({ "answer": "list", "title": "x" })),
            (403, "denied".into())
        );
        good(
            &clerk,
            &format!("/needs/{n}/decide"),
            &json!({ "answer": "list", "title": "老年助餐点 <script>alert(1)</script>" }),
        );
        assert!(told(&resident, "need-listed"));
        // Everybody reads the desk's words and nobody else's; each counts once.
        let seen = neighbour.get(&path).json();
        assert_eq!((&seen["words"], &seen["wanted"], &seen["state"]), (&Json::Null, &json!(1), &json!("listed")));
        for _ in 0..2 {
            assert_eq!(good(&neighbour, &format!("/needs/{n}/too"), &json!({}))["wanted"], 2);
        }
        assert_eq!(good(&resident, &format!("/needs/{n}/too"), &json!({}))["wanted"], 2);
        let page = w.client(None).get_as("/needs", "text/html").text;
        assert!(page.contains("老年助餐点 &lt;script&gt;") && !page.contains("<script>alert"), "{page}");
        // Nothing was done for long: its desk is asked again.
        later(w, 61);
        let (resident, neighbour, clerk) = (w.client(Some("resident")), w.client(Some("neighbour")), w.client(Some("clerk")));
        assert!(told(&clerk, "need-rests"));
        good(&clerk, &format!("/needs/{n}/decide"), &json!({ "answer": "met", "why": "食堂开了" }));
        assert_eq!(resident.get(&path).json()["state"], "met");
        // What is not put on the list says why, to its author alone.
        let other = number(&good(&resident, "/needs", &new));
        good(&clerk, &format!("/needs/{other}/decide"), &json!({ "answer": "decline", "why": "已有同样的" }));
        assert_eq!(resident.get(&format!("/needs/{other}")).json()["why"], "已有同样的");
        assert_eq!(neighbour.get(&format!("/needs/{other}")).status, 404);
        assert_eq!(neighbour.get("/needs?state=declined").error(), (403, "denied".into()));
        assert_eq!(clerk.get("/needs?state=declined").json()["items"].as_array().unwrap().len(), 1);
        // A clerk notes what a visit showed.
        let noted = json!({ "kind": "safety", "words": "楼道灯暗", "area": COMMUNITY, "source": "260304-0001" });
        let noted = good(&clerk, "/needs", &noted);
        assert_eq!(noted["source"], "260304-0001");
        assert!(resident.get("/needs/new").text.contains("elder"));
    });
}

#[test]
fn nothing_is_lent_twice() {
    on_each_engine(|w| {
        numbers(w);
        let (resident, clerk, helper) = (w.client(Some("resident")), w.client(Some("clerk")), w.client(Some("helper")));
        let room = json!({ "sort": "room", "kind": "elder", "title": "活动室", "amount": 10, "unit": "小时", "area": COMMUNITY });
        let r = number(&good(&helper, "/resources", &room));
        let begin = |title: String| {
            let new = json!({ "title": title, "way": "own", "ends_at": "2026-12-31", "area": COMMUNITY });
            number(&good(&clerk, "/projects", &new))
        };
        let projects: Vec<String> = (0..8).map(|n| begin(format!("项目 {n}"))).collect();
        let hands: Vec<_> = projects
            .iter()
            .map(|p| {
                let (path, body) = (format!("/projects/{p}/link"), json!({ "resource": r, "amount": 3 }));
                let client = w.client(Some("clerk"));
                std::thread::spawn(move || client.post(&path, &body))
            })
            .collect();
        let ends: Vec<_> = hands.into_iter().map(|h| h.join().unwrap()).collect();
        assert_eq!(ends.iter().filter(|e| e.status == 200).count(), 3, "three threes are in ten");
        for end in ends.iter().filter(|e| e.status != 200) {
            assert_eq!(
                (end.error(), end.json()["message"].as_str().unwrap()),
                ((409, "stock-short".into()), "不够了，现在只剩 1。请改小一些，或重新计算。")
            );
        }
        let asked: Vec<&String> = projects.iter().zip(&ends).filter(|(_, e)| e.status == 200).map(|(p, _)| p).collect();
        assert_eq!(helper.get(&format!("/resources/{r}")).json()["left"], 1);
        // Its owner says yes to one and no to another; to the third he is silent, and it is free again after a week.
        let lend = |c: &Client, p: &str, answer: &str| {
            c.post(&format!("/projects/{p}/lend"), &json!({ "resource": r, "answer": answer }))
        };
        assert_eq!(lend(&clerk, asked[0], "lent").error(), (403, "denied".into()));
        assert_eq!(lend(&resident, asked[0], "refused").error(), (403, "denied".into()));
        assert_eq!(lend(&helper, asked[0], "lent").status, 200);
        assert_eq!(lend(&helper, asked[1], "refused").status, 200);
        assert_eq!(helper.get(&format!("/resources/{r}")).json()["left"], 4);
        later(w, 8);
        assert_eq!(helper.get(&format!("/resources/{r}")).json()["left"], 7);
        assert!(told(&clerk, "project-silent"));
        assert_eq!(lend(&helper, asked[2], "lent").error(), (409, "state".into()));
        // Used up stays used; what was lent and not used is free when the project ends.
        assert_eq!(lend(&clerk, asked[0], "used").status, 200);
        good(&clerk, &format!("/projects/{}/link", asked[1]), &json!({ "resource": r, "amount": 7 }));
        assert_eq!(lend(&helper, asked[1], "lent").status, 200);
        good(&clerk, &format!("/projects/{}/void", asked[1]), &json!({ "why": "不办了" }));
        assert_eq!(helper.get(&format!("/resources/{r}")).json()["left"], 7);
        // A resident's own: others read "a resident", the desk who he is.
        let own = json!({ "sort": "goods", "kind": "elder", "title": "轮椅", "amount": 1, "unit": "辆", "area": COMMUNITY });
        let own = number(&good(&resident, "/resources", &own));
        assert_eq!(w.client(None).get(&format!("/resources/{own}")).json()["name"], Json::Null);
        assert_ne!(clerk.get(&format!("/resources/{own}")).json()["name"], Json::Null);
        for bad in [json!({ "amount": 0 }), json!({ "amount": -3 }), json!({ "sort": "x" }), json!({ "until_at": "2020-01-01" })]
        {
            let mut new = room.clone();
            new.as_object_mut().unwrap().extend(bad.as_object().unwrap().clone());
            assert_eq!(helper.post("/resources", &new).status, 422, "{new}");
        }
        // Half a year on its owner is asked, and a month of silence takes it off; saying that it holds keeps it.
        later(w, 181);
        let (resident, helper) = (w.client(Some("resident")), w.client(Some("helper")));
        assert!(told(&resident, "resource-ask") && told(&helper, "resource-ask"));
        good(&helper, &format!("/resources/{r}/fresh"), &json!({}));
        later(w, 31);
        let (resident, clerk, helper) = (w.client(Some("resident")), w.client(Some("clerk")), w.client(Some("helper")));
        let left: Vec<Json> = clerk.get("/resources?kind=elder").json()["items"].as_array().unwrap().clone();
        assert_eq!(left.iter().map(|i| i["number"].as_str().unwrap()).collect::<Vec<_>>(), [r.as_str()]);
        assert_eq!(refused(&resident, &format!("/resources/{r}/end"), &json!({})), (403, "denied".into()));
        good(&helper, &format!("/resources/{r}/end"), &json!({}));
        assert_eq!(w.client(None).get(&format!("/resources/{r}")).status, 404);
        assert_eq!(resident.get("/resources/new").status, 200);
    });
}

struct Bought {
    project: String,
    need: String,
}

/// A project put out to tender: two steps, three people who score.
fn posted(w: &mut World) -> Bought {
    numbers(w);
    let (resident, clerk) = (w.client(Some("resident")), w.client(Some("clerk")));
    let need = listed(&resident, &clerk);
    let new = json!({ "title": "老年助餐", "about": "每个工作日中午 40 份", "way": "tender", "ends_at": "2026-12-31", "needs": [need] });
    let p = number(&good(&clerk, "/projects", &new));
    assert_eq!(clerk.get(&format!("/needs/{need}")).json()["state"], "working");
    let people = ["clerk2", "grid", "head", "resident"].map(|s| (s, w.who(s).person.unwrap()));
    let tender = |closes: &str, price: i64, criteria: Json, scorers: &[&str]| {
        let scorers: Vec<&String> = people.iter().filter(|(s, _)| scorers.contains(s)).map(|(_, p)| p).collect();
        json!({ "closes_at": closes, "ceiling": "50000", "price_weight": price, "criteria": criteria, "scorers": scorers })
    };
    let (path, three) = (format!("/projects/{p}/tender"), ["clerk2", "grid", "head"]);
    let criteria = json!(["50 服务方案", "30 人员力量"]);
    // The money must be shared out first, and every step come after the tender.
    good(&clerk, &format!("/projects/{p}/steps"), &json!({ "title": "开餐", "due_at": "2026-04-30", "share": 40 }));
    assert_eq!(refused(&clerk, &path, &tender("2026-03-20", 20, criteria.clone(), &three)), (422, "out-of-range".into()));
    assert_eq!(
        refused(&clerk, &format!("/projects/{p}/steps"), &json!({ "title": "x", "due_at": "2026-05-30", "share": 61 })),
        (422, "out-of-range".into())
    );
    good(&clerk, &format!("/projects/{p}/steps"), &json!({ "title": "满半年", "due_at": "2026-10-31", "share": 60 }));
    for (bad, code) in [
        (tender("2026-03-06", 20, criteria.clone(), &three), "out-of-range"),
        (tender("2026-04-29", 20, criteria.clone(), &three), "out-of-range"),
        (tender("2026-03-20", 5, json!(["95 方案"]), &three), "out-of-range"),
        (tender("2026-03-20", 20, json!(["50 方案"]), &three), "out-of-range"),
        (tender("2026-03-20", 20, json!(["方案"]), &three), "wrong-type"),
        (tender("2026-03-20", 20, criteria.clone(), &["clerk2", "grid"]), "out-of-range"),
        (tender("2026-03-20", 20, criteria.clone(), &["clerk2", "grid", "resident"]), "unknown-value"),
    ] {
        assert_eq!(refused(&clerk, &path, &bad), (422, code.into()), "{bad}");
    }
    assert_eq!(
        refused(&w.client(Some("property")), &path, &tender("2026-03-20", 20, criteria.clone(), &three)),
        (403, "denied".into())
    );
    good(&clerk, &path, &tender("2026-03-20", 20, criteria.clone(), &three));
    assert_eq!(refused(&clerk, &path, &tender("2026-03-21", 20, criteria, &three)), (409, "state".into()));
    assert_eq!(
        refused(&clerk, &format!("/projects/{p}/steps"), &json!({ "title": "x", "due_at": "2026-05-30" })),
        (409, "state".into())
    );
    Bought { project: p, need }
}

#[test]
fn a_service_is_bought_in_the_open_and_accepted_by_the_people_it_is_for() {
    on_each_engine(|w| {
        let Bought { project, need } = posted(w);
        let at = format!("/projects/{project}");
        let (clerk, clerk2, grid, head) =
            (w.client(Some("clerk")), w.client(Some("clerk2")), w.client(Some("grid")), w.client(Some("head")));
        let (property, helper, resident) = (w.client(Some("property")), w.client(Some("helper")), w.client(Some("resident")));
        let neighbour = w.client(Some("neighbour"));
        let bid = |c: &Client, price: &str| {
            c.post(&format!("/projects/{project}/bid"), &json!({ "price": price, "plan": "每天两荤两素" }))
        };
        assert_eq!(bid(&clerk, "100").error(), (403, "denied".into()));
        assert_eq!(bid(&property, "50000.01").error(), (422, "out-of-range".into()));
        assert_eq!(bid(&property, "1.234").error(), (422, "wrong-type".into()));
        assert_eq!(bid(&property, "-5").error(), (422, "wrong-type".into()));
        assert_eq!(bid(&property, "48000").status, 201);
        let first = bid(&helper, "40000");
        assert!(!first.json()["receipt"].is_null());
        assert_eq!(bid(&helper, "36000").status, 201);
        // Nobody but its own organisation sees a bid, or that there is one.
        let open = |c: &Client| c.get(&at).json()["tender"].clone();
        for c in [&clerk, &clerk2, &resident, &property] {
            let seen = open(c);
            assert_eq!((seen["bids"].as_array().unwrap().len(), &seen["bid_count"]), (0, &Json::Null));
        }
        assert_eq!(open(&helper)["own_bid"]["price_text"], "36,000.00");
        assert_eq!(refused(&clerk2, &format!("/projects/{project}/declare"), &json!({})), (409, "not-open".into()));
        assert_eq!(refused(&clerk, &format!("/projects/{project}/award"), &json!({})), (409, "state".into()));
        later(w, 17);
        assert!(told(&clerk2, "project-score-now") && told(&clerk, "project-closed"));
        assert_eq!(bid(&property, "30000").error(), (409, "over".into()));
        assert_eq!((open(&clerk)["bid_count"].clone(), open(&resident)["bids"].as_array().unwrap().len()), (json!(2), 0));
        // Whoever scores says first that nothing ties him; then he sees the bids.
        let score = |c: &Client, body: &str, marks: [i64; 2]| {
            c.post(&format!("/projects/{project}/score"), &json!({ "body": body, "marks": marks.map(|p| p.to_string()) }))
        };
        let (a, b) = (w.body("property"), w.body("helpers"));
        assert_eq!(score(&clerk2, &a, [40, 20]).error(), (403, "denied".into()));
        assert_eq!(refused(&resident, &format!("/projects/{project}/declare"), &json!({})), (403, "denied".into()));
        for c in [&clerk2, &grid, &head] {
            good(c, &format!("/projects/{project}/declare"), &json!({}));
            assert_eq!(open(c)["bids"].as_array().unwrap().len(), 2);
        }
        assert_eq!(score(&clerk2, &a, [51, 20]).error(), (422, "out-of-range".into()));
        assert_eq!(score(&clerk2, "nobody", [40, 20]).error(), (422, "unknown-value".into()));
        for (c, one, other) in [(&clerk2, [45, 25], [40, 20]), (&grid, [44, 24], [38, 22]), (&head, [46, 26], [39, 21])] {
            assert_eq!(score(c, &a, one).status, 200);
            if !std::ptr::eq(c, &head) {
                assert_eq!(score(c, &b, other).status, 200);
            }
        }
        assert_eq!(refused(&clerk, &format!("/projects/{project}/award"), &json!({})), (409, "scores-missing".into()));
        assert_eq!(score(&head, &b, [39, 21]).status, 200);
        let awarded = good(&clerk, &format!("/projects/{project}/award"), &json!({}));
        // By hand: 36/48 × 20 + 70 = 85.00; 20 + 60 = 80.00.
        let lines = w.client(None).get(&at).json()["tender"]["lines"].clone();
        assert_eq!(
            (&lines[0]["total"], &lines[1]["total"], &awarded["phase"]),
            (&json!("85.00"), &json!("80.00"), &json!("notice"))
        );
        assert!(told(&property, "project-won") && told(&helper, "project-lost"));
        assert_eq!(
            refused(&property, &format!("/projects/{project}/steps/1/report"), &json!({ "words": "x" })),
            (403, "denied".into())
        );
        later(w, 3);
        let running = clerk.get(&at).json();
        assert_eq!(
            (&running["phase"], &running["price_text"], &running["steps_of"][0]["pay_text"]),
            (&json!("running"), &json!("48,000.00"), &json!("19,200.00"))
        );

        // The first step: two of three answers are good or fair.
        assert_eq!(
            refused(&helper, &format!("/projects/{project}/steps/1/report"), &json!({ "words": "x" })),
            (403, "denied".into())
        );
        good(&property, &format!("/projects/{project}/steps/1/report"), &json!({ "words": "开餐 40 份" }));
        assert!(told(&resident, "project-say"));
        let say = |c: &Client, n: i64, answer: &str| {
            c.post(&format!("/projects/{project}/steps/{n}/say"), &json!({ "answer": answer, "words": "菜有点咸" }))
        };
        assert_eq!(say(&property, 1, "good").error(), (403, "denied".into()));
        assert_eq!(say(&resident, 2, "good").error(), (409, "over".into()));
        assert_eq!(say(&resident, 1, "great").error(), (422, "unknown-value".into()));
        for (c, answer) in [(&resident, "bad"), (&resident, "good"), (&neighbour, "fair"), (&head, "bad")] {
            assert_eq!(say(c, 1, answer).status, 200);
        }
        let step = |c: &Client| c.get(&at).json()["steps_of"][0].clone();
        assert_eq!(
            (&step(&resident)["good"], &step(&resident)["all"], &step(&resident)["mine"]),
            (&json!(2), &json!(3), &json!("good"))
        );
        assert_eq!((step(&clerk)["said"].as_array().unwrap().len(), step(&neighbour)["said"].as_array().unwrap().len()), (3, 0));
        // The desk does not overrule them, before or after.
        let decide = json!({ "answer": "again", "why": "x" });
        assert_eq!(refused(&clerk, &format!("/projects/{project}/steps/1/decide"), &decide), (409, "state".into()));
        assert_eq!(refused(&clerk, &format!("/projects/{project}/steps/1/pay"), &json!({})), (409, "state".into()));
        later(w, 8);
        assert_eq!(step(&resident)["state"], "accepted");
        assert_eq!(refused(&clerk, &format!("/projects/{project}/steps/1/decide"), &decide), (409, "state".into()));
        good(&clerk, &format!("/projects/{project}/steps/1/pay"), &json!({}));
        assert_eq!(refused(&clerk, &format!("/projects/{project}/steps/1/pay"), &json!({})), (409, "state".into()));

        // A month on everybody signs in again.
        let (clerk, property, resident, neighbour, head) = (
            w.client(Some("clerk")),
            w.client(Some("property")),
            w.client(Some("resident")),
            w.client(Some("neighbour")),
            w.client(Some("head")),
        );
        // The second: bad answers, so it is done again; then too few answer, and the desk decides and says why.
        good(&property, &format!("/projects/{project}/steps/2/report"), &json!({ "words": "半年了" }));
        for c in [&resident, &neighbour, &head] {
            assert_eq!(say(c, 2, "bad").status, 200);
        }
        later(w, 8);
        let second = clerk.get(&at).json()["steps_of"][1].clone();
        assert_eq!((&second["state"], &second["all"]), (&json!("open"), &json!(0)));
        assert!(told(&property, "project-again"));
        good(&property, &format!("/projects/{project}/steps/2/report"), &json!({ "words": "换了厨师" }));
        assert_eq!(say(&resident, 2, "good").status, 200);
        later(w, 8);
        assert!(told(&clerk, "project-few"));
        assert_eq!(
            refused(&property, &format!("/projects/{project}/steps/2/decide"), &json!({ "answer": "accept", "why": "x" })),
            (403, "denied".into())
        );
        assert_eq!(
            refused(&clerk, &format!("/projects/{project}/steps/2/decide"), &json!({ "answer": "accept" })),
            (422, "missing".into())
        );
        good(
            &clerk,
            &format!("/projects/{project}/steps/2/decide"),
            &json!({ "answer": "accept", "why": "上门问了 12 位老人，都说可以" }),
        );
        let end = w.client(None).get(&at).json();
        assert_eq!((&end["phase"], &end["steps_of"][1]["why"]), (&json!("done"), &json!("上门问了 12 位老人，都说可以")));
        assert_eq!(resident.get(&format!("/needs/{need}")).json()["state"], "met");
        assert!(told(&resident, "need-met"));
        assert_eq!(clerk.get("/projects").json()["items"][0]["accepted"], 2);
    });
}

#[test]
fn whoever_works_for_a_bidder_does_not_score() {
    on_each_engine(|w| {
        let Bought { project, .. } = posted(w);
        let at = format!("/projects/{project}");
        let (clerk, helper) = (w.client(Some("clerk")), w.client(Some("helper")));
        assert_eq!(helper.post(&format!("/projects/{project}/bid"), &json!({ "price": "36000", "plan": "x" })).status, 201);
        // The building head also works for the group that bids.
        let (head, body) = (w.who("head").person.unwrap(), w.body("helpers"));
        w.app
            .db
            .write(move |tx| {
                use store::params;
                let sql = "insert into role_of(id, person, kind, area, body, valid_from) \
                           select $1, $2, 'volunteer_group', b.area, b.id, 0 from body b where b.id = $3";
                let id = tx.id();
                tx.exec(sql, params![id, &head, &body])?;
                tx.log(store::Entry::new("test", "person", &head))?;
                Ok::<_, xiezhi::kit::Error>(())
            })
            .unwrap();
        later(w, 17);
        let head = w.client(Some("head"));
        assert_eq!(refused(&head, &format!("/projects/{project}/declare"), &json!({})), (409, "tied".into()));
        let seen = head.get(&at).json()["tender"].clone();
        assert_eq!((&seen["tied"], seen["bids"].as_array().unwrap().len()), (&json!(true), 0));
        // Two are too few: it is given up, and the need is on the list again.
        for login in ["clerk2", "grid"] {
            let c = w.client(Some(login));
            good(&c, &format!("/projects/{project}/declare"), &json!({}));
            good(&c, &format!("/projects/{project}/score"), &json!({ "body": w.body("helpers"), "marks": ["40", "20"] }));
        }
        assert_eq!(refused(&clerk, &format!("/projects/{project}/award"), &json!({})), (409, "scores-missing".into()));
        good(&clerk, &format!("/projects/{project}/void"), &json!({ "why": "评分人不足" }));
        assert_eq!(clerk.get("/needs").json()["items"][0]["state"], "listed");
        assert_eq!(refused(&clerk, &format!("/projects/{project}/void"), &json!({ "why": "x" })), (409, "state".into()));
    });
}

#[test]
fn a_group_takes_a_project_on_and_late_steps_are_told() {
    on_each_engine(|w| {
        numbers(w);
        let (resident, clerk, helper) = (w.client(Some("resident")), w.client(Some("clerk")), w.client(Some("helper")));
        let need = listed(&resident, &clerk);
        assert!(clerk.get(&format!("/projects/new?need={need}")).text.contains("老年助餐点"));
        assert_eq!(resident.get("/projects/new").status, 403);
        let new = json!({ "title": "陪老人吃饭", "way": "take", "ends_at": "2026-12-31", "needs": [need], "area": COMMUNITY });
        // Only the desk gives work to others.
        assert_eq!(refused(&helper, "/projects", &new), (403, "denied".into()));
        let p = number(&good(&clerk, "/projects", &new));
        let at = format!("/projects/{p}");
        good(&clerk, &format!("/projects/{p}/steps"), &json!({ "title": "第一次", "due_at": "2026-03-10" }));
        good(&helper, &format!("/projects/{p}/take"), &json!({}));
        assert_eq!(refused(&w.client(Some("property")), &format!("/projects/{p}/take"), &json!({})), (409, "state".into()));
        later(w, 7);
        assert!(told(&helper, "project-late") && told(&clerk, "project-late"));
        assert_eq!(clerk.get(&at).json()["steps_of"][0]["late"], true);
        later(w, 6);
        assert!(told(&w.client(Some("street")), "project-late"));
        // Another need is linked on the way; an unknown one and one of another place are not.
        assert_eq!(refused(&helper, &format!("/projects/{p}/link"), &json!({ "need": "X-9999" })), (422, "unknown-value".into()));
        let other = listed(&resident, &clerk);
        assert_eq!(
            good(&helper, &format!("/projects/{p}/link"), &json!({ "need": other }))["needs"].as_array().unwrap().len(),
            2
        );
    });
}
