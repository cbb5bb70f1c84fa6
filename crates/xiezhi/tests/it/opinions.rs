//! What people think: statements that are checked, answers that nobody reads off, a map that anybody gets again.

use std::process::Command;

use calc::opinion::Vote;
use serde_json::{Value as Json, json};
use store::Query as _;
use xiezhi::activities::opinion::act;
use xiezhi::kit::time::{DAY, MINUTE};
use xiezhi::kit::{Error, Role, RoleKind, Who};

use super::world::{COMMUNITY, Client, World, on_each_engine};

/// A matter with three statements by the desk; gives its number.
fn begun(clerk: &Client, checked: bool) -> String {
    let new = json!({ "title": "小区停车怎么办", "about": "车位不够", "closes_at": "2026-04-01", "checked": checked,
        "statements": "应该划出收费车位\n消防通道一律不许停\n\n晚上可以借用学校操场" });
    let made = clerk.post("/opinions", &new);
    assert_eq!(made.status, 201, "{}", made.text);
    made.json()["number"].as_str().unwrap().to_owned()
}

/// Somebody invented who lives or works there.
fn somebody(w: &World, n: usize, kind: RoleKind) -> Who {
    let area = w.app.db.read(|r| xiezhi::base::area::by_code(r, COMMUNITY)).unwrap().unwrap();
    let role = Role { kind, area: area.id, path: area.path, body: None, body_name: None };
    Who { person: Some(format!("person-{n}")), roles: vec![role], ..Who::default() }
}

fn answer(w: &World, who: Who, number: &str, n: i64, said: Vote) {
    let number = number.to_owned();
    w.app.db.write(move |tx| act::answer(tx, &who, &number, n, said)).unwrap();
}

#[test]
fn what_residents_say_is_checked_and_nobody_says_it_twice() {
    on_each_engine(|w| {
        let (clerk, resident, neighbour) = (w.client(Some("clerk")), w.client(Some("resident")), w.client(Some("neighbour")));
        let (stranger, visitor) = (w.client(Some("stranger")), w.client(None));
        let denied = resident.post("/opinions", &json!({ "title": "x", "closes_at": "2026-04-01" }));
        assert_eq!(denied.error(), (403, "denied".into()));
        let late = clerk.post("/opinions", &json!({ "title": "x", "closes_at": "2026-12-01" }));
        assert_eq!(late.error(), (422, "out-of-range".into()));
        let o = begun(&clerk, true);
        let statements = format!("/opinions/{o}/statements");
        assert_eq!(stranger.post(&statements, &json!({ "words": "x" })).error(), (403, "other-area".into()));
        assert_eq!(visitor.post(&statements, &json!({ "words": "x" })).status, 401);
        let long = resident.post(&statements, &json!({ "words": "长".repeat(141) }));
        assert_eq!(long.error(), (422, "too-long".into()));
        assert_eq!(resident.post(&statements, &json!({ "words": "白天给外面的车停，收钱" })).json()["n"], 4);
        let twice = neighbour.post(&statements, &json!({ "words": "白天给外面的车停 收钱！" }));
        assert_eq!(twice.error(), (409, "said-already".into()));
        // Until it is read it is its author's and the desk's.
        let seen = |c: &Client| c.get(&format!("/opinions/{o}")).json();
        assert_eq!(seen(&neighbour)["statements"], 3);
        assert_eq!((&seen(&neighbour)["own"], &seen(&neighbour)["waiting"]), (&json!([]), &json!([])));
        assert_eq!(seen(&resident)["own"][0]["words"], "白天给外面的车停，收钱");
        assert_eq!(seen(&clerk)["waiting"][0]["words"], "白天给外面的车停，收钱");
        let four = format!("/opinions/{o}/statements/4");
        let not_open = neighbour.post(&format!("{four}/answer"), &json!({ "said": 1 }));
        assert_eq!(not_open.error(), (409, "state".into()));
        assert_eq!(neighbour.post(&four, &json!({ "state": "shown" })).error(), (403, "denied".into()));
        assert_eq!(clerk.post(&four, &json!({ "state": "out" })).error(), (422, "missing".into()));
        let out = clerk.post(&four, &json!({ "state": "out", "why": "several" })).json();
        assert_eq!((&out["waiting"], &out["statements"]), (&json!([]), &json!(3)));
        assert_eq!(seen(&resident)["own"][0]["why"], "several");
        // The desk thinks better of it; then its author withdraws it, and nothing of it is left.
        assert_eq!(clerk.post(&four, &json!({ "state": "shown" })).json()["statements"], 4);
        assert_eq!(resident.post(&four, &json!({ "state": "out", "why": "withdrawn" })).json()["own"][0]["words"], Json::Null);
        assert_eq!(clerk.post(&four, &json!({ "state": "shown" })).error(), (409, "state".into()));
        // Five a day, whatever becomes of them.
        for n in 0..4 {
            assert_eq!(resident.post(&statements, &json!({ "words": format!("第{n}条") })).status, 201);
        }
        assert_eq!(resident.post(&statements, &json!({ "words": "再来一条" })).error(), (422, "too-many".into()));
        assert_eq!(clerk.get("/opinions").json()["items"][0]["number"], o.as_str());
        assert_eq!(visitor.get(&format!("/opinions?area={COMMUNITY}&before=1")).json()["items"], json!([]));
        assert_eq!(clerk.get("/opinions/new").status, 200);
        let now = visitor.get("/together").json();
        assert_eq!((&now["now"][0]["kind"], &now["now"][0]["number"]), (&json!("opinions"), &json!(o)));
    });
}

#[test]
fn one_person_has_one_voice_and_thinks_before_he_sees() {
    on_each_engine(|w| {
        let (clerk, resident, stranger) = (w.client(Some("clerk")), w.client(Some("resident")), w.client(Some("stranger")));
        let o = begun(&clerk, false);
        let say =
            |c: &Client, n: i64, said: i64| c.post(&format!("/opinions/{o}/statements/{n}/answer"), &json!({ "said": said }));
        let first = resident.get(&format!("/opinions/{o}")).json();
        assert!(first["next"]["n"].as_i64().is_some_and(|n| (1..=3).contains(&n)));
        assert_eq!((&first["map"], &first["until_map"]), (&json!(false), &json!(3)));
        assert_eq!(resident.get(&format!("/opinions/{o}/map")).error(), (403, "answer-first".into()));
        assert_eq!(stranger.get(&format!("/opinions/{o}")).json()["next"], Json::Null);
        assert_eq!(say(&stranger, 1, 1).error(), (403, "other-area".into()));
        assert_eq!(say(&resident, 9, 1).status, 404);
        assert_eq!(say(&resident, 1, 2).error(), (422, "out-of-range".into()));
        for n in 1..=3 {
            say(&resident, n, 1);
        }
        let changed = say(&resident, 2, -1).json();
        assert_eq!((&changed["answered"], &changed["next"], &changed["map"]), (&json!(3), &Json::Null, &json!(true)));
        assert_eq!(changed["given"][1]["said"], -1);
        // Too few to make a map of: it would say who they are.
        let map = resident.get(&format!("/opinions/{o}/map")).json();
        assert_eq!((&map["dots"], &map["all"], &map["voters"]), (&json!([]), &json!([]), &json!(1)));
        // Twenty at once are one voice.
        let who = somebody(w, 1, RoleKind::Resident);
        std::thread::scope(|s| {
            for n in 0..20 {
                let (w, who, o) = (&*w, who.clone(), &o);
                s.spawn(move || answer(w, who, o, 1, if n % 2 == 0 { Vote::Agree } else { Vote::Pass }));
            }
        });
        assert_eq!(resident.get(&format!("/opinions/{o}")).json()["voters"], 2);
        // Nowhere in the log or the tables does a name stand beside an answer.
        let me = w.who("resident").person.unwrap();
        let named: i64 = w
            .app
            .db
            .read(|r| {
                let tied = r.count("select count(*) from opinion_vote where voter like $1", store::params![format!("%{me}%")])?;
                let rows = r.rows("select leaf from log where act = 'opinion.vote'", &[])?;
                let leaves = rows.iter().map(|row| row.get::<String>("leaf")).collect::<store::Result<Vec<_>>>()?;
                Ok::<_, Error>(tied + leaves.iter().filter(|l| l.contains(&me)).count() as i64)
            })
            .unwrap();
        assert_eq!(named, 0);
        w.app.ambience.advance(30 * DAY);
        let (clerk, resident) = (w.client(Some("clerk")), w.client(Some("resident")));
        assert_eq!(say(&resident, 1, -1).error(), (409, "over".into()));
        assert_eq!(clerk.post(&format!("/opinions/{o}/end"), &json!({ "why": "x" })).error(), (409, "over".into()));
    });
}

#[test]
fn the_map_shows_groups_and_bridges_and_the_command_makes_the_same_of_its_tables() {
    on_each_engine(|w| {
        let clerk = w.client(Some("clerk"));
        let o = begun(&clerk, false);
        for n in 4..=12 {
            clerk.post(&format!("/opinions/{o}/statements"), &json!({ "words": format!("第{n}条说法") }));
        }
        // Two camps that agree on the last statement alone; property people are in both.
        for n in 0..60 {
            let kind = if n % 5 == 0 { RoleKind::Property } else { RoleKind::Resident };
            let who = somebody(w, n, kind);
            for s in 1..=12 {
                let camp = (n < 30) == (s % 2 == 0);
                // Nobody agrees with his camp in everything.
                let odd = calc::draw::number("odd", &format!("{n} {s}")) % 100 < 12;
                let said = if s == 12 || (camp != odd) { Vote::Agree } else { Vote::Disagree };
                answer(w, who.clone(), &o, s, said);
            }
        }
        w.app.ambience.advance(MINUTE);
        let map = clerk.get(&format!("/opinions/{o}/map")).json();
        assert_eq!((&map["people"], &map["clear"]), (&json!(60), &json!(true)), "{map}");
        assert_eq!(map["groups"].as_array().unwrap().len(), 2);
        assert_eq!(map["bridges"][0]["n"], 12, "{}", map["bridges"]);
        assert_eq!(map["roles"], json!(["property", "resident"]));
        assert_eq!(clerk.get(&format!("/opinions/{o}/tables?table=votes")).error(), (409, "state".into()), "not before the end");
        let ended = clerk.post(&format!("/opinions/{o}/end"), &json!({ "why": "大家都说过了" })).json();
        assert_eq!((&ended["open"], &ended["why"]), (&json!(false), &json!("大家都说过了")));
        // From the published tables the command gets the same groups.
        let visitor = w.client(None);
        let over = visitor.get(&format!("/opinions/{o}/map")).json();
        let dir = tempfile::tempdir().unwrap();
        let save = |table: &str| {
            let file = dir.path().join(format!("{table}.csv"));
            std::fs::write(&file, visitor.get(&format!("/opinions/{o}/tables?table={table}")).text).unwrap();
            file
        };
        assert!(std::fs::read_to_string(save("statements")).unwrap().contains("消防通道一律不许停"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_xiezhi"));
        command.args(["calc", "opinion", "--votes"]).arg(save("votes")).arg("--roles").arg(save("roles"));
        let out = command.arg("--meta").arg(save("meta")).output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        let counted: Json = serde_json::from_slice(&out.stdout).unwrap();
        assert_eq!((&counted["k"], &counted["clear"], &counted["voters"]), (&json!(2), &json!(true), &json!(60)));
        assert_eq!(counted["bridges"][0], over["bridges"][0]["n"].to_string());
        let sizes = |g: usize| counted["groups"].as_object().unwrap().values().filter(|v| **v == json!(g)).count() as u64;
        assert_eq!([sizes(0), sizes(1)], [0, 1].map(|g| over["groups"][g]["people"].as_u64().unwrap()));
        assert_eq!(visitor.get(&format!("/opinions/{o}/tables?table=names")).error(), (422, "unknown-value".into()));
    });
}
