//! Participatory budgets: every idea is answered, the list stands still, the money goes by Equal Shares, and anybody gets the
//! same from the published file.

use std::process::Command;

use serde_json::{Value as Json, json};
use xiezhi::activities::budget::act;
use xiezhi::edge::jobs;
use xiezhi::kit::time::DAY;
use xiezhi::kit::{Role, RoleKind, Who};

use super::world::{COMMUNITY, Client, World, on_each_engine};

fn begun(clerk: &Client) -> String {
    let new = json!({ "title": "十万元办实事", "amount": 100_000, "most": 2, "ideas_until": "2026-03-10",
        "opens_at": "2026-03-20", "closes_at": "2026-03-30" });
    let made = clerk.post("/budgets", &new);
    assert_eq!(made.status, 201, "{}", made.text);
    made.json()["number"].as_str().unwrap().to_owned()
}

fn list(clerk: &Client, b: &str, n: i64, title: &str, cost: i64) -> super::world::Answer {
    clerk.post(
        &format!("/budgets/{b}/projects/{n}"),
        &json!({ "answer": "list", "title": title, "cost": cost, "public": "一年内办好" }),
    )
}

/// Lamps, a ramp and a pavilion are on the list, and posted.
fn posted(w: &mut World) -> (String, Client, Client) {
    let (clerk, resident) = (w.client(Some("clerk")), w.client(Some("resident")));
    let b = begun(&clerk);
    for words in ["装路灯", "修坡道", "建凉亭"] {
        assert_eq!(resident.post(&format!("/budgets/{b}/ideas"), &json!({ "words": words })).status, 201);
    }
    for (n, title, cost) in [(1, "路灯", 50_000), (2, "坡道", 50_000), (3, "凉亭", 60_000)] {
        assert_eq!(list(&clerk, &b, n, title, cost).status, 200);
    }
    w.app.ambience.advance(7 * DAY);
    let posted = clerk.post(&format!("/budgets/{b}/post"), &json!({}));
    assert_eq!(posted.json()["phase"], "notice", "{}", posted.text);
    w.app.ambience.advance(10 * DAY);
    (b, clerk, resident)
}

fn choose(w: &World, n: usize, number: &str, projects: &[&str]) {
    let area = w.app.db.read(|r| xiezhi::base::area::by_code(r, COMMUNITY)).unwrap().unwrap();
    let role = Role { kind: RoleKind::Resident, area: area.id, path: area.path, body: None, body_name: None };
    let who = Who { person: Some(format!("person-{n}")), roles: vec![role], ..Who::default() };
    let (number, projects) = (number.to_owned(), projects.iter().map(|p| (*p).to_owned()).collect::<Vec<_>>());
    w.app.db.write(move |tx| act::choose(tx, &who, &number, &projects)).unwrap();
}

#[test]
fn every_idea_is_answered_before_anything_is_put_to_the_vote() {
    on_each_engine(|w| {
        let (clerk, resident, neighbour) = (w.client(Some("clerk")), w.client(Some("resident")), w.client(Some("neighbour")));
        let (stranger, visitor) = (w.client(Some("stranger")), w.client(None));
        let bad = |change: Json| {
            let mut new = json!({ "title": "x", "amount": 1000, "most": 2, "ideas_until": "2026-03-10", "opens_at": "2026-03-20", "closes_at": "2026-03-30" });
            new.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
            clerk.post("/budgets", &new).error()
        };
        assert_eq!(bad(json!({ "amount": 0 })), (422, "out-of-range".into()));
        assert_eq!(bad(json!({ "most": 51 })), (422, "out-of-range".into()));
        assert_eq!(bad(json!({ "opens_at": "2026-03-09" })), (422, "out-of-range".into()));
        assert_eq!(resident.post("/budgets", &json!({})).error(), (403, "denied".into()));
        let b = begun(&clerk);
        let ideas = format!("/budgets/{b}/ideas");
        assert_eq!(resident.post(&ideas, &json!({ "words": "装路灯" })).json()["n"], 1);
        assert_eq!(neighbour.post(&ideas, &json!({ "words": "修坡道" })).json()["n"], 2);
        assert_eq!(stranger.post(&ideas, &json!({ "words": "x" })).error(), (403, "other-area".into()));
        // What waits for its answer is its author's and the desk's.
        let words = |c: &Client, at: usize| c.get(&format!("/budgets/{b}")).json()["projects"][at]["words"].clone();
        assert_eq!((words(&resident, 0), words(&resident, 1)), (json!("装路灯"), Json::Null));
        assert_eq!((words(&clerk, 0), words(&visitor, 0)), (json!("装路灯"), Json::Null));
        assert_eq!(list(&clerk, &b, 1, "路灯", 2_000_000).error(), (422, "out-of-range".into()), "more than there is");
        assert_eq!(list(&resident, &b, 1, "路灯", 1).error(), (403, "denied".into()));
        list(&clerk, &b, 1, "路灯", 50_000);
        assert_eq!(clerk.post(&format!("/budgets/{b}/post"), &json!({})).error(), (409, "state".into()), "ideas may still come");
        w.app.ambience.advance(7 * DAY);
        assert_eq!(resident.post(&ideas, &json!({ "words": "晚了" })).error(), (409, "over".into()));
        assert_eq!(clerk.post(&format!("/budgets/{b}/post"), &json!({})).error(), (409, "undecided".into()));
        let decline = json!({ "answer": "decline", "why": "明年已有安排" });
        clerk.post(&format!("/budgets/{b}/projects/2"), &decline);
        assert_eq!(
            clerk.post(&format!("/budgets/{b}/post"), &json!({})).error(),
            (422, "missing".into()),
            "one project is no choice"
        );
        let told = neighbour.get(&format!("/budgets/{b}")).json()["projects"][1].clone();
        assert_eq!((&told["state"], &told["why"]), (&json!("declined"), &json!("明年已有安排")));
        let void = clerk.post(&format!("/budgets/{b}/void"), &json!({ "why": "钱没有下来" })).json();
        assert_eq!((&void["phase"], &void["why"]), (&json!("void"), &json!("钱没有下来")));
        assert_eq!(visitor.get(&format!("/budgets?area={COMMUNITY}")).json()["items"][0]["phase"], "void");
        assert_eq!(clerk.get("/budgets/new").status, 200);
    });
}

#[test]
fn the_money_goes_by_equal_shares_and_the_command_says_the_same() {
    on_each_engine(|w| {
        let (b, clerk, resident) = posted(w);
        let ballot = format!("/budgets/{b}/ballot");
        assert_eq!(list(&clerk, &b, 1, "路灯", 1).error(), (409, "state".into()), "the list stands still");
        assert_eq!(resident.post(&ballot, &json!({ "projects": ["1", "2", "3"] })).error(), (422, "too-many".into()));
        assert_eq!(resident.post(&ballot, &json!({ "projects": ["4"] })).error(), (422, "unknown-value".into()));
        assert_eq!(resident.post(&ballot, &json!({ "projects": [] })).error(), (422, "missing".into()));
        let stranger = w.client(Some("stranger"));
        assert_eq!(stranger.post(&ballot, &json!({ "projects": ["1"] })).error(), (403, "other-area".into()));
        let given = resident.post(&ballot, &json!({ "projects": ["1"] }));
        assert_eq!(given.status, 201);
        assert_eq!(given.json()["receipt"]["elements"], json!([]), "a receipt does not say how");
        resident.post(&ballot, &json!({ "projects": ["3"] }));
        // Six want lamps and the pavilion, four the ramp: by votes alone the ramp would come last and the pavilion fit with nothing.
        for n in 0..6 {
            choose(w, n, &b, &["1", "3"]);
        }
        for n in 6..10 {
            choose(w, n, &b, &["2"]);
        }
        let open = resident.get(&format!("/budgets/{b}")).json();
        assert_eq!((&open["voters"], &open["projects"][0]["votes"]), (&json!(11), &Json::Null), "hidden until the end");
        assert_eq!(resident.get(&format!("/budgets/{b}/file")).error(), (409, "state".into()));
        w.app.ambience.advance(12 * DAY);
        jobs::deadlines(&w.app, w.app.now()).unwrap();
        assert_eq!(resident.post(&ballot, &json!({ "projects": ["1"] })).error(), (409, "over".into()));
        let over = resident.get(&format!("/budgets/{b}")).json();
        assert_eq!(over["phase"], "published");
        let won: Vec<i64> =
            over["projects"].as_array().unwrap().iter().filter(|p| p["won"] == true).map(|p| p["n"].as_i64().unwrap()).collect();
        // The command, on the published file, under the published order of ties.
        let dir = tempfile::tempdir().unwrap();
        let (file, ties) = (dir.path().join("vote.pb"), dir.path().join("ties.txt"));
        let text = resident.get(&format!("/budgets/{b}/file")).text;
        assert!(!text.contains("person"), "nobody's name: {text}");
        std::fs::write(&file, text).unwrap();
        let mut order: Vec<(i64, i64)> =
            over["projects"].as_array().unwrap().iter().map(|p| (p["tie"].as_i64().unwrap(), p["n"].as_i64().unwrap())).collect();
        order.sort_unstable();
        let drawn = calc::draw::draw(over["seed"].as_str().unwrap(), ["1", "2", "3"], 3);
        assert_eq!(order.iter().map(|(_, n)| n.to_string()).collect::<Vec<_>>(), drawn, "anybody draws the same");
        std::fs::write(&ties, drawn.join("\n")).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_xiezhi"));
        command.args(
            "calc budget --rule equal-shares --completion add1 --then-greedy --tie-order cost,votes,list --least-votes 1"
                .split(' '),
        );
        let out = command.arg("--tie-list").arg(&ties).arg(&file).output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        let counted: Json = serde_json::from_slice(&out.stdout).unwrap();
        let winners: Vec<i64> =
            counted["winners"].as_array().unwrap().iter().map(|w| w.as_str().unwrap().parse().unwrap()).collect();
        assert_eq!(winners, won);
        assert_eq!(counted["method"]["voters"], 11);
        let total: i64 = won.iter().map(|n| [50_000, 50_000, 60_000][*n as usize - 1]).sum();
        assert!(total <= 100_000 && over["cost"] == total, "{over}");
    });
}

#[test]
fn what_won_is_promised_by_somebody_for_a_day_and_its_page_tells_whether_that_was_kept() {
    on_each_engine(|w| {
        let (b, clerk, _) = posted(w);
        for n in 0..6 {
            choose(w, n, &b, &["1", "2"]);
        }
        let body = w.body("property");
        let task = |client: &Client, n: i64, body: &str, due: &str| {
            client.post(&format!("/budgets/{b}/projects/{n}/task"), &json!({ "body": body, "due_at": due }))
        };
        assert_eq!(task(&clerk, 1, &body, "2026-05-01").error(), (409, "state".into()), "nothing has won yet");
        w.app.ambience.advance(12 * DAY);
        jobs::deadlines(&w.app, w.app.now()).unwrap();
        let (clerk, property, visitor) = (w.client(Some("clerk")), w.client(Some("property")), w.client(None));
        let project = |n: usize| {
            let all = visitor.get(&format!("/budgets/{b}")).json()["projects"].as_array().unwrap().clone();
            all.into_iter().find(|p| p["n"] == json!(n)).unwrap()
        };
        assert_eq!((&project(1)["won"], &project(3)["won"]), (&json!(true), &json!(false)));
        assert_eq!(property.get(&format!("/budgets/{b}")).json()["bodies"], json!([]), "who runs it names who does it");
        assert_eq!(task(&property, 1, &body, "2026-05-01").error(), (403, "denied".into()));
        assert_eq!(task(&clerk, 3, &body, "2026-05-01").error(), (409, "state".into()), "it did not win");
        assert_eq!(task(&clerk, 9, &body, "2026-05-01").error().0, 404);
        assert_eq!(task(&clerk, 1, "nobody", "2026-05-01").error(), (422, "unknown-value".into()));
        assert_eq!(task(&clerk, 1, &body, "2026-03-01").error(), (422, "out-of-range".into()));
        assert_eq!(task(&clerk, 1, &body, "2030-03-01").error(), (422, "out-of-range".into()));
        assert_eq!(project(1)["task"], Json::Null, "what was refused promised nothing");
        assert_eq!(task(&clerk, 1, &body, "2026-05-01").status, 200);
        assert_eq!(task(&clerk, 1, &body, "2026-05-02").error(), (409, "state".into()), "one task at a time");
        let promised = project(1)["task"].clone();
        assert_eq!((&promised["stands"], &promised["done_at"]), (&json!("doing"), &Json::Null));
        let case = promised["case"].as_str().unwrap().to_owned();
        let full = property.get(&format!("/cases/{case}")).json();
        assert_eq!(full["state"], "dispatched", "{full}");
        // The day passes: late, and everybody reads by whom.
        w.app.ambience.advance(40 * DAY);
        jobs::deadlines(&w.app, w.app.now()).unwrap();
        let late = project(1)["task"].clone();
        assert_eq!((&late["stands"], &late["party"]), (&json!("late"), &promised["party"]));
        super::world::recounts(w);
        // It goes on within another case: that one is followed.
        let (main, _) = clerk.report("坡道要修");
        let merged = "update cases set state = 'merged', merged_into = $2 where number = $1";
        let (into, old) = (main.clone(), case.clone());
        w.app
            .db
            .write(move |tx| {
                tx.log(store::Entry::new("test", "case", &old))?;
                tx.exec(merged, store::params![&old, &into])
            })
            .unwrap();
        assert_eq!(project(1)["task"]["case"], json!(main));
    });
}

#[test]
fn what_is_taken_off_the_list_gets_nothing_and_where_nobody_chose_nothing_is_given() {
    on_each_engine(|w| {
        let (b, clerk, resident) = posted(w);
        resident.post(&format!("/budgets/{b}/ballot"), &json!({ "projects": ["1", "2"] }));
        let off = json!({ "answer": "withdraw", "why": "管线不允许" });
        assert_eq!(clerk.post(&format!("/budgets/{b}/projects/1"), &off).status, 200);
        let again = resident.post(&format!("/budgets/{b}/ballot"), &json!({ "projects": ["1"] }));
        assert_eq!(again.error(), (422, "unknown-value".into()));
        w.restart();
        w.app.ambience.advance(12 * DAY);
        jobs::deadlines(&w.app, w.app.now()).unwrap();
        let visitor = w.client(None);
        let over = visitor.get(&format!("/budgets/{b}")).json();
        let told = |n: i64| over["projects"].as_array().unwrap().iter().find(|p| p["n"] == n).unwrap()["reason"].clone();
        assert_eq!((told(1), told(2), told(3)), (json!("withdrawn"), json!("bought"), json!("few")), "{over}");
    });
    on_each_engine(|w| {
        let (b, ..) = posted(w);
        w.app.ambience.advance(12 * DAY);
        jobs::deadlines(&w.app, w.app.now()).unwrap();
        let over = w.client(None).get(&format!("/budgets/{b}")).json();
        assert_eq!((&over["phase"], &over["cost"], &over["voters"]), (&json!("published"), &json!(0), &json!(0)));
    });
}
