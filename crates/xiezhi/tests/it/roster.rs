//! Rosters: nobody who is away holds a clock, is warned or is offered; an organisation that is all away still hears.

use serde_json::{Value as Json, json};
use store::{Query as _, params};
use xiezhi::edge::jobs;
use xiezhi::kit::Error;
use xiezhi::kit::time::{DAY, HOUR};

use crate::world::{Client, World, on_each_engine};

fn person(w: &World, login: &str) -> String {
    w.who(login).person.unwrap()
}

/// A case that the committee has taken up.
fn accepted(who: &Client) -> String {
    let (number, _) = who.report("路灯不亮");
    assert_eq!(who.act(&number, "accept", json!({ "class": "lighting" })).status, 200);
    number
}

/// A case that the committee itself is handling, with days on its clock.
fn in_hand(w: &World, who: &Client) -> String {
    let (number, _) = who.report("路面有坑");
    for (action, body) in
        [("accept", json!({ "class": "road" })), ("dispatch", json!({ "to": w.body("committee") })), ("accept", json!({}))]
    {
        assert_eq!(who.act(&number, action, body).status, 200);
    }
    number
}

/// Whom it lies with by name.
fn lies_with(w: &World, number: &str) -> Option<String> {
    w.app.db.read(|r| Ok::<_, Error>(xiezhi::records::case::by_number(r, number)?.unwrap().assignee)).unwrap()
}

fn wait(w: &World, ms: i64) {
    w.app.ambience.advance(ms);
    jobs::deadlines(&w.app, w.app.now()).unwrap();
    jobs::follow(&w.app).unwrap();
}

/// What is in a person's inbox about a case.
fn told(w: &World, login: &str, number: &str) -> Vec<String> {
    let sql = "select kind from inbox where person = $1 and subject = $2 order by at, kind";
    let whose = person(w, login);
    let rows = w.app.db.read(|r| r.rows(sql, params![whose, number])).unwrap();
    rows.iter().map(|r| r.get("kind").unwrap()).collect()
}

fn logged(w: &World, number: &str) -> Vec<(String, Option<String>)> {
    let read = |r: &mut store::Read| {
        let case = xiezhi::records::case::by_number(r, number)?.unwrap();
        Ok::<_, Error>(r.history(&case.id)?)
    };
    let all = w.app.db.read(read).unwrap();
    all.iter().map(|e| (e.act.clone(), e.fact("instead_of").map(str::to_owned))).collect()
}

#[test]
fn the_week_of_an_organisation_is_kept_by_its_members() {
    on_each_engine(|w| {
        let (clerk, grid, property) = (w.client(Some("clerk")), w.client(Some("grid")), w.client(Some("property")));
        let (me, other, walker) = (person(w, "clerk"), person(w, "clerk2"), person(w, "grid"));
        let shift = |who: &Client, person: &str, body: Option<&str>| {
            who.post(
                "/roster/shifts",
                &json!({ "body": body, "person": person, "day": "2026-03-05", "from": "22:00", "to": "06:00", "weeks": 2 }),
            )
        };
        let committee = w.body("committee");
        assert_eq!(shift(&clerk, &me, None).status, 201);
        assert_eq!(shift(&property, &me, Some(&committee)).error(), (403, "denied".into()));
        assert_eq!(shift(&property, &me, None).error(), (422, "unknown-value".into()), "no member of theirs");
        assert_eq!(shift(&grid, &walker, None).error(), (403, "denied".into()), "a grid worker does not keep the roster");
        assert_eq!(w.client(Some("resident")).get("/roster").error().1, "denied");
        let bad = json!({ "person": me, "day": "2026-03-05", "from": "25:00", "to": "06:00" });
        assert_eq!(clerk.post("/roster/shifts", &bad).error(), (422, "wrong-type".into()));

        // Leave: one's own also by a grid worker, that of others by whoever keeps the roster.
        let leave = |who: &Client, person: &str, sub: Option<&str>, from: &str, to: &str| {
            who.post("/roster/leave", &json!({ "person": person, "substitute": sub, "from": from, "to": to }))
        };
        assert_eq!(leave(&grid, &walker, Some(&me), "2026-03-06", "2026-03-07").status, 201);
        assert_eq!(leave(&grid, &me, None, "2026-03-06", "2026-03-07").error().1, "denied");
        assert_eq!(leave(&clerk, &other, Some(&other), "2026-03-06", "2026-03-07").error().1, "unknown-value");
        assert_eq!(leave(&clerk, &other, None, "2026-03-07", "2026-03-06").error().1, "last-day");
        assert_eq!(leave(&clerk, &walker, None, "2026-03-07", "2026-03-09").error(), (409, "overlaps".into()));

        let week = clerk.get("/roster").json();
        assert_eq!((week["people"].as_array().unwrap().len(), &week["keeps"]), (3, &json!(true)));
        assert!(week["days"][0].as_str().unwrap().starts_with("2026-03-02"), "{week}");
        let of =
            |week: &Json, id: &str| week["people"].as_array().unwrap().iter().find(|p| p["id"] == id).unwrap()["days"].clone();
        assert_eq!(of(&week, &me)[3][0]["text"], "22:00–24:00");
        assert_eq!(of(&week, &me)[4][0]["text"], "00:00–06:00");
        assert_eq!((&of(&week, &walker)[4][0]["kind"], &of(&week, &walker)[6]), (&json!("leave"), &json!([])));
        let next = clerk.get("/roster?day=2026-03-12").json();
        assert_eq!(of(&next, &me)[3][0]["kind"], "duty", "a week later again");
        let page = clerk.get_as("/roster", "text/html").text;
        assert!(page.contains("22:00–24:00") && page.contains("替班") && !page.contains('⟦'), "{page}");
        assert_eq!(clerk.get(&format!("/roster?body={}", w.body("property"))).error().1, "denied");

        // Taken back by whoever keeps it, or whose leave it is.
        let mine = grid.get("/roster").json()["coming"].clone();
        assert_eq!(mine.as_array().unwrap().len(), 1, "{mine}");
        let id = mine[0]["id"].as_str().unwrap().to_owned();
        assert_eq!(property.post(&format!("/roster/{id}/cancel"), &json!({})).error().1, "denied");
        assert_eq!(grid.post(&format!("/roster/{id}/cancel"), &json!({})).status, 201);
        assert_eq!(grid.post(&format!("/roster/{id}/cancel"), &json!({})).error().1, "not-found");
        assert_eq!(of(&clerk.get("/roster").json(), &walker)[4], json!([]));
    });
}

#[test]
fn inv01_nobody_who_is_away_holds_a_running_clock() {
    on_each_engine(|w| {
        let clerk = w.client(Some("clerk"));
        let (me, other) = (person(w, "clerk"), person(w, "clerk2"));
        let number = in_hand(w, &clerk);
        let due = clerk.get(&format!("/cases/{number}")).json()["due_at"].clone();
        assert_eq!(clerk.act(&number, "assign", json!({ "to": other })).status, 200);
        // Leave from tomorrow on: nothing moves today.
        let leave = json!({ "person": other, "substitute": me, "from": "2026-03-05", "to": "2026-03-06" });
        assert_eq!(clerk.post("/roster/leave", &leave).status, 201);
        wait(w, HOUR);
        assert_eq!(lies_with(w, &number), Some(other.clone()));
        wait(w, 14 * HOUR);
        assert_eq!(lies_with(w, &number), Some(me.clone()));
        assert_eq!(logged(w, &number).last().unwrap(), &("case.reassign".into(), Some(other.clone())));
        assert!(told(w, "clerk", &number).contains(&"work-reassign".into()), "{:?}", told(w, "clerk", &number));
        let clerk = w.client(Some("clerk"));
        let seen = clerk.get(&format!("/cases/{number}")).json();
        assert_eq!((&seen["due_at"], &seen["holder"]["party"]), (&due, &json!("committee")), "holder and clock stay");
        // Done again it changes nothing.
        let before = logged(w, &number).len();
        wait(w, 0);
        assert_eq!(logged(w, &number).len(), before);
        // Residents see nothing of it.
        let anyone = w.client(None).get(&format!("/reports/{number}")).json();
        assert!(!anyone.to_string().contains("reassign"), "{anyone}");

        // Who is away is not offered; who is named all the same is replaced, and that is recorded.
        let people = seen["people"].as_array().unwrap();
        assert!(people.iter().all(|p| p["id"] != json!(other)) && people.len() == 2, "{people:?}");
        let second = in_hand(w, &clerk);
        assert_eq!(clerk.act(&second, "assign", json!({ "to": other })).status, 200);
        assert_eq!(lies_with(w, &second), Some(me.clone()));
        assert_eq!(logged(w, &second).last().unwrap(), &("case.assign".into(), Some(other.clone())));

        // The substitute goes too, without one: back to the organisation, and nobody can be named who is away.
        let leave = json!({ "person": me, "from": "2026-03-05T02:00:00+08:00", "to": "2026-03-05" });
        assert_eq!(clerk.post("/roster/leave", &leave).status, 201);
        wait(w, HOUR + 1);
        assert_eq!((lies_with(w, &number), lies_with(w, &second)), (None, None));
        assert!(told(w, "grid", &number).contains(&"work-unassign".into()), "{:?}", told(w, "grid", &number));
        assert_eq!(clerk.act(&second, "assign", json!({ "to": other })).error(), (409, "away".into()));
        // Everybody is back: as before.
        w.app.ambience.advance(3 * DAY);
        let clerk = w.client(Some("clerk"));
        let third = in_hand(w, &clerk);
        assert_eq!(clerk.act(&third, "assign", json!({ "to": other })).status, 200);
        assert_eq!(lies_with(w, &third), Some(other.clone()));
    });
}

#[test]
fn warnings_go_to_who_is_on_duty_and_never_to_nobody() {
    on_each_engine(|w| {
        let clerk = w.client(Some("clerk"));
        let all = ["clerk", "clerk2", "grid"];
        let warned = |w: &World, number: &str| -> Vec<&str> {
            all.into_iter().filter(|p| told(w, p, number).contains(&"work-warn".to_owned())).collect()
        };
        // Nobody on duty, one away: the others are warned.
        let away = json!({ "person": person(w, "grid"), "from": "2026-03-04", "to": "2026-03-08" });
        assert_eq!(clerk.post("/roster/leave", &away).status, 201);
        let first = accepted(&clerk);
        let due = |w: &World, number: &str| -> i64 {
            let case = w.app.db.read(|r| Ok::<_, Error>(xiezhi::records::case::by_number(r, number)?.unwrap())).unwrap();
            case.warn_at.unwrap() - w.app.now()
        };
        wait(w, due(w, &first) + 1);
        assert_eq!(warned(w, &first), ["clerk", "clerk2"]);

        // Somebody is on duty: he alone, and he is offered first.
        w.app
            .db
            .write({
                let who = w.who("clerk");
                let new = xiezhi::base::roster::NewShift {
                    body: w.body("committee"),
                    person: person(w, "clerk2"),
                    times: vec![(w.app.now() - HOUR, w.app.now() + 30 * HOUR)],
                };
                move |tx| xiezhi::base::roster::add_shift(tx, &who, &new)
            })
            .unwrap();
        let clerk = w.client(Some("clerk"));
        let second = accepted(&clerk);
        let people = clerk.get(&format!("/cases/{second}")).json()["people"].clone();
        assert_eq!((&people[0]["id"], &people[0]["on_duty"]), (&json!(person(w, "clerk2")), &json!(true)));
        wait(w, due(w, &second) + 1);
        assert_eq!(warned(w, &second), ["clerk2"]);

        // All away: all are told, work does not end up with nobody.
        for login in ["clerk", "clerk2"] {
            let leave = json!({ "person": person(w, login), "from": "2026-03-04", "to": "2026-03-20" });
            assert_eq!(clerk.post("/roster/leave", &leave).status, 201);
        }
        let more = json!({ "person": person(w, "grid"), "from": "2026-03-09", "to": "2026-03-20" });
        assert_eq!(clerk.post("/roster/leave", &more).status, 201);
        let third = accepted(&clerk);
        wait(w, due(w, &third) + 1);
        assert_eq!(warned(w, &third), all);
    });
}
