//! Elections of a residents' committee from a roll that the register gives, ballots that were lost, answers to objections,
//! results that are late.

use serde_json::{Value as Json, json};
use xiezhi::edge::jobs;
use xiezhi::kit::time::DAY;
use xiezhi::records::register;

use super::register::{add, building, purpose};
use super::world::{Client, World, on_each_engine, send};

/// Three homes with four adults, a child, and somebody whose age nobody knows.
fn neighbours(w: &World, clerk: &Client) {
    let place = building(w);
    purpose(clerk);
    let mut homes: std::collections::BTreeMap<&str, String> = std::collections::BTreeMap::new();
    for (door, name, birth, relation) in [
        ("101", "王丽", "1960-05-01", "02"),
        ("101", "王小明", "1990-05-01", "20"),
        ("101", "王小小", "2015-05-01", "20"),
        ("102", "李强", "1970-01-01", "02"),
        ("103", "赵敏", "1980-01-01", "02"),
        ("103", "赵某", "", "20"),
    ] {
        let mut one = json!({ "place": place, "door": door, "name": name, "relation": relation, "anyway": "1" });
        if !birth.is_empty() {
            one["birth"] = json!(birth);
        }
        if let Some(household) = homes.get(door) {
            one["household"] = json!(household);
        }
        let id = add(clerk, one);
        let household = w.app.db.read(|r| register::person::by_id(r, &id)).unwrap().unwrap().household;
        homes.insert(door, household.unwrap());
    }
}

fn units(clerk: &Client, roll: &str) -> Vec<(String, Json)> {
    let all = clerk.get(&format!("/rolls/{roll}")).json()["units"].as_array().unwrap().clone();
    all.iter().map(|u| (u["unit"].as_str().unwrap().to_owned(), u["owner"].clone())).collect()
}

/// An election that is open: two seats, three candidates; its number and the ballots in the order of the units.
fn election(w: &World, clerk: &Client, roll: &str) -> (String, Vec<(String, String)>) {
    assert_eq!(clerk.post(&format!("/rolls/{roll}/post"), &json!({})).status, 200);
    let asked: Vec<Json> = ["甲", "乙", "丙"].map(|name| json!({ "topic": "committee", "words": name })).into();
    let mut new = json!({ "roll": roll, "title": "居委会换届", "opens_at": "2026-03-20", "closes_at": "2026-03-30", "seats": 2, "questions": asked });
    let n = clerk.post("/votes", &new).json()["number"].as_str().unwrap().to_owned();
    new["seats"] = json!(4);
    assert_eq!(clerk.post("/votes", &new).error(), (422, "out-of-range".into()), "more seats than candidates");
    new["seats"] = json!(2);
    new["questions"][0]["topic"] = json!("pact");
    assert_eq!(clerk.post("/votes", &new).error(), (422, "unknown-value".into()), "a pact is not elected");
    assert_eq!(clerk.post(&format!("/votes/{n}/post"), &json!({})).status, 200);
    let letters = clerk.get(&format!("/votes/{n}/letters")).json();
    let text = |v: &Json| v.as_str().unwrap().to_owned();
    let ballots = letters["letters"].as_array().unwrap().iter().map(|l| (text(&l["unit"]), text(&l["ballot"]))).collect();
    w.app.ambience.advance(20 * DAY);
    (n, ballots)
}

fn cast(client: &Client, ballot: &str, choices: [&str; 3]) -> super::world::Answer {
    client.post(&format!("/ballots/{ballot}"), &json!({ "choices": choices }))
}

#[test]
fn a_roll_comes_from_the_register_with_homes_or_with_adults_and_whoever_has_most_votes_is_elected() {
    on_each_engine(|w| {
        let (clerk, second, visitor) = (w.client(Some("clerk")), w.client(Some("clerk2")), w.client(None));
        let make = |client: &Client, which: &str| client.post("/rolls", &json!({ "title": "换届", "register": which }));
        assert_eq!(make(&clerk, "households").error(), (409, "register-empty".into()));
        neighbours(w, &clerk);
        assert_eq!(make(&clerk, "cats").error(), (422, "unknown-value".into()));
        assert_eq!(make(&w.client(Some("property")), "households").error().0, 403);
        assert_eq!(
            make(&w.client(Some("street")), "households").error().0,
            403,
            "who does not keep the register takes no roll of it"
        );
        let homes = make(&second, "households").json();
        assert_eq!((&homes["units"], &homes["heads"], &homes["body"]), (&json!(3), &json!(3), &json!("residents")));
        let homes = units(&clerk, homes["number"].as_str().unwrap());
        assert!(homes.iter().all(|(_, owner)| owner.is_null()), "no names: {homes:?}");
        assert_eq!(homes[0].0, "东关街 1栋101室");
        assert_eq!(make(&second, "adults").error(), (409, "purpose".into()), "names need a purpose");
        let adults = make(&clerk, "adults").json();
        let roll = adults["number"].as_str().unwrap().to_owned();
        let names: Vec<String> = units(&clerk, &roll).into_iter().filter_map(|(_, o)| o.as_str().map(str::to_owned)).collect();
        assert_eq!(names.len(), 4, "no child, and nobody of unknown age: {names:?}");
        assert!(["王丽", "王小明", "李强", "赵敏"].iter().all(|n| names.iter().any(|has| has == n)));
        assert_eq!(
            clerk.get(&format!("/rolls/{roll}/table")).error(),
            (403, "denied".into()),
            "no list leaves the register this way"
        );

        let (n, ballots) = election(w, &clerk, &roll);
        assert_eq!(cast(&visitor, &ballots[0].1, ["yes", "yes", "yes"]).error(), (422, "too-many-chosen".into()));
        assert_eq!(cast(&visitor, &ballots[0].1, ["yes", "yes", "no"]).status, 201);
        assert_eq!(cast(&visitor, &ballots[1].1, ["yes", "yes", "abstain"]).status, 201);
        assert_eq!(cast(&visitor, &ballots[2].1, ["yes", "no", "yes"]).status, 201);
        // On paper somebody names three: taken as it is, counted as invalid.
        let (clerk, second) = (w.client(Some("clerk")), w.client(Some("clerk2")));
        clerk.post(&format!("/votes/{n}/papers"), &json!({ "ballots": [&ballots[3].1] }));
        for who in [&clerk, &second] {
            assert_eq!(who.post(&format!("/votes/{n}/papers/4"), &json!({ "choices": ["yes", "yes", "yes"] })).status, 200);
        }
        w.app.ambience.advance(11 * DAY);
        jobs::deadlines(&w.app, w.app.now()).unwrap();
        let over = visitor.get(&format!("/votes/{n}")).json();
        let seat =
            |q: usize| (over["questions"][q]["result"]["seat"].clone(), over["questions"][q]["result"]["agree"]["heads"].clone());
        assert_eq!(seat(0), (json!("elected"), json!(3)));
        assert_eq!(seat(1), (json!("elected"), json!(2)), "two of three: an invalid paper takes no part, by this reading");
        assert_eq!(over["questions"][1]["result"]["disputed"][0]["result"], "fail", "by the other it does");
        assert_eq!(seat(2), (json!("not"), json!(1)));
        assert_eq!(over["seats"], 2);
        let page = visitor.get_as(&format!("/votes/{n}"), "text/html").text;
        assert!(page.contains("当选（应选 2 人）") && !page.contains("没有选出"), "{page}");
    });
}

#[test]
fn a_lost_ballot_gets_a_new_number_and_the_old_one_opens_nothing() {
    on_each_engine(|w| {
        let (clerk, visitor, thief) = (w.client(Some("clerk")), w.client(None), w.client(Some("stranger")));
        let table = "房号,业主\n1,甲\n2,乙\n3,丙\n";
        let made = send(&clerk, "/rolls", &[("title", "x"), ("body", "residents")], table.as_bytes()).json();
        let (n, ballots) = election(w, &clerk, made["number"].as_str().unwrap());
        // Whoever found the letter votes with it, signed in.
        assert_eq!(cast(&thief, &ballots[1].1, ["no", "no", "yes"]).status, 201);
        assert_eq!(thief.post(&format!("/votes/{n}/numbers"), &json!({ "unit": "2" })).error().0, 403);
        let clerk = w.client(Some("clerk"));
        assert_eq!(clerk.post(&format!("/votes/{n}/numbers"), &json!({ "unit": "9" })).error(), (422, "unknown-value".into()));
        let renewed = clerk.post(&format!("/votes/{n}/numbers"), &json!({ "unit": "2" }));
        assert_eq!(renewed.status, 201, "{}", renewed.text);
        let letter = clerk.get(renewed.json()["letter"].as_str().unwrap()).json()["letters"].as_array().unwrap().clone();
        assert_eq!((letter.len(), &letter[0]["unit"]), (1, &json!("2")));
        let new = letter[0]["ballot"].as_str().unwrap();
        assert_ne!(new, ballots[1].1);
        assert_eq!(cast(&thief, &ballots[1].1, ["no", "no", "yes"]).error(), (404, "wrong-ballot".into()));
        assert_eq!(thief.get(&format!("/votes/{n}")).json()["mine"], json!([]), "nor does he find it by himself");
        let old = clerk.post(&format!("/votes/{n}/papers"), &json!({ "ballots": [&ballots[1].1] }));
        assert_eq!(old.error(), (404, "wrong-ballot".into()));
        assert_eq!(cast(&visitor, new, ["yes", "yes", "no"]).status, 201);
        assert_eq!(cast(&visitor, &ballots[0].1, ["yes", "no", "no"]).status, 201, "the others keep theirs");
        w.app.ambience.advance(11 * DAY);
        jobs::deadlines(&w.app, w.app.now()).unwrap();
        let over = visitor.get(&format!("/votes/{n}")).json();
        assert_eq!(over["questions"][2]["result"]["agree"]["heads"], 0, "the owner's own ballot counts");
        assert_eq!(over["questions"][0]["result"]["seat"], "elected");
        let late = w.client(Some("clerk")).post(&format!("/votes/{n}/numbers"), &json!({ "unit": "1" }));
        assert_eq!(late.error(), (409, "state".into()));
    });
}

#[test]
fn scrutineers_are_neighbours_who_see_what_came_in_and_what_it_says_only_after_the_end() {
    on_each_engine(|w| {
        let (clerk, resident, stranger, visitor) =
            (w.client(Some("clerk")), w.client(Some("resident")), w.client(Some("stranger")), w.client(None));
        let made =
            send(&clerk, "/rolls", &[("title", "x"), ("body", "residents")], "房号,业主\n1,甲\n2,乙\n3,丙\n".as_bytes()).json();
        let (n, ballots) = election(w, &clerk, made["number"].as_str().unwrap());
        let (offer, scrutiny) = (format!("/votes/{n}/scrutineers"), format!("/votes/{n}/scrutiny"));
        assert_eq!(visitor.post(&offer, &json!({})).error().0, 401);
        assert_eq!(stranger.post(&offer, &json!({})).error(), (403, "other-area".into()));
        assert_eq!(
            w.client(Some("clerk2")).post(&offer, &json!({})).error(),
            (409, "state".into()),
            "the desk watches itself not"
        );
        assert_eq!(resident.get(&format!("/votes/{n}")).json()["may_offer"], true);
        assert_eq!(resident.post(&offer, &json!({})).status, 201);
        assert_eq!(resident.get(&scrutiny).error(), (403, "denied".into()), "not named yet");
        let person = clerk.get(&format!("/votes/{n}")).json()["scrutineers"][0]["person"].as_str().unwrap().to_owned();
        assert_eq!(resident.post(&format!("/votes/{n}/scrutineers/{person}"), &json!({ "accept": true })).error().0, 403);
        assert_eq!(clerk.post(&format!("/votes/{n}/scrutineers/nobody"), &json!({ "accept": true })).error().0, 404);
        assert_eq!(clerk.post(&format!("/votes/{n}/scrutineers/{person}"), &json!({ "accept": true })).status, 200);
        assert_eq!(resident.get(&format!("/votes/{n}")).json()["scrutineers"], json!([]), "who else offered is the desk's");
        cast(&visitor, &ballots[0].1, ["no", "no", "yes"]);
        cast(&visitor, &ballots[0].1, ["yes", "no", "yes"]);
        let door = json!({ "unit": "2", "channel": "door", "choices": ["yes", "yes", "no"] });
        assert_eq!(clerk.post(&format!("/votes/{n}/ballots"), &door).status, 201);
        let seen = resident.get(&scrutiny).json();
        assert_eq!(
            (&seen["units"], &seen["replaced"], &seen["channels"]),
            (&json!(2), &json!(1), &json!({ "link": 1, "door": 1 }))
        );
        let row = |seen: &Json, n: usize, field: &str| seen["rows"][n][field].clone();
        assert_eq!(
            (row(&seen, 0, "unit"), row(&seen, 0, "by_desk"), row(&seen, 0, "earlier")),
            (json!("1"), json!(false), json!(1))
        );
        assert_eq!((row(&seen, 1, "by_desk"), row(&seen, 1, "choices")), (json!(true), Json::Null));
        assert_eq!(seen["rows"].as_array().unwrap().len(), 2, "who has not voted is shown to nobody");
        assert_eq!(clerk.get(&scrutiny).json()["rows"][0]["choices"], Json::Null, "nor does the desk see how");
        w.app.ambience.advance(11 * DAY);
        jobs::deadlines(&w.app, w.app.now()).unwrap();
        let (resident, street) = (w.client(Some("resident")), w.client(Some("street")));
        let over = resident.get(&scrutiny).json();
        assert_eq!(row(&over, 0, "choices"), json!(["yes", "no", "yes"]));
        assert_eq!(street.get(&scrutiny).json()["rows"][0]["choices"], Json::Null, "a desk further up counts nothing");
        let logged = "select count(*) from read_log where elements like '%vote.choice%'";
        assert!(w.app.db.read(|r| store::Query::count(r, logged, &[])).unwrap() > 0, "each look is recorded");
        assert_eq!(
            w.client(Some("clerk")).post(&format!("/votes/{n}/scrutineers/{person}"), &json!({ "accept": false })).error().0,
            409
        );
    });
}

#[test]
fn whoever_objected_hears_the_answer() {
    on_each_engine(|w| {
        let (clerk, resident) = (w.client(Some("clerk")), w.client(Some("resident")));
        let made = send(&clerk, "/rolls", &[("title", "x"), ("body", "residents")], "房号,业主\n1,甲\n2,乙\n".as_bytes()).json();
        let n = made["number"].as_str().unwrap().to_owned();
        clerk.post(&format!("/rolls/{n}/post"), &json!({}));
        assert_eq!(resident.post(&format!("/rolls/{n}/objections"), &json!({ "unit": "2", "text": "名字写错了" })).status, 201);
        let mine = resident.get(&format!("/rolls/{n}")).json()["objections"].clone();
        assert_eq!((&mine[0]["text"], &mine[0]["answer"]), (&json!("名字写错了"), &Json::Null));
        assert_eq!(w.client(Some("stranger")).get(&format!("/rolls/{n}")).json()["objections"], json!([]));
        let decide = format!("/rolls/{n}/objections/{}", mine[0]["id"].as_str().unwrap());
        assert_eq!(clerk.post(&decide, &json!({ "accept": false, "reason": "与户口簿一致" })).status, 200);
        assert_eq!(resident.get(&format!("/rolls/{n}")).json()["objections"][0]["answer"], "与户口簿一致");
        let inbox = resident.get("/inbox").json();
        let told = inbox["items"].as_array().unwrap().iter().find(|i| i["subject"] == json!(n)).cloned();
        assert_eq!(told.unwrap()["kind"], "roll-refused");
    });
}

#[test]
fn a_result_that_is_late_is_told_above_and_on_its_page() {
    on_each_engine(|w| {
        let (clerk, second, visitor) = (w.client(Some("clerk")), w.client(Some("clerk2")), w.client(None));
        let made = send(&clerk, "/rolls", &[("title", "x"), ("body", "residents")], "房号,业主\n1,甲\n2,乙\n".as_bytes()).json();
        let (n, ballots) = election(w, &clerk, made["number"].as_str().unwrap());
        clerk.post(&format!("/votes/{n}/papers"), &json!({ "ballots": [&ballots[0].1] }));
        // The national rules name no day; this vote is one of a place that does.
        let set = "update vote set result_at = closes_at + 259200000, pack = replace(pack, 'silent', 'result_days = 3\nsilent') where number = $1";
        let number = n.clone();
        w.app
            .db
            .write(move |tx| {
                tx.log(store::Entry::new("test", "vote", &number))?;
                tx.exec(set, store::params![&number])
            })
            .unwrap();
        w.app.ambience.advance(8 * DAY);
        jobs::deadlines(&w.app, w.app.now()).unwrap();
        assert_eq!(visitor.get(&format!("/votes/{n}")).json()["late"], false);
        w.app.ambience.advance(3 * DAY);
        jobs::deadlines(&w.app, w.app.now()).unwrap();
        jobs::deadlines(&w.app, w.app.now()).unwrap();
        let late = visitor.get(&format!("/votes/{n}")).json();
        assert_eq!((&late["late"], &late["phase"]), (&json!(true), &json!("counting")));
        let street = w.client(Some("street")).get("/inbox").json();
        let told: Vec<&Json> = street["items"].as_array().unwrap().iter().filter(|i| i["kind"] == "vote-late").collect();
        assert_eq!(told.len(), 1, "the desk above hears it once");
        let _ = second;
        for login in ["clerk", "clerk2"] {
            let who = w.client(Some(login));
            assert_eq!(who.post(&format!("/votes/{n}/papers/1"), &json!({ "choices": ["yes", "no", "no"] })).status, 200);
        }
        jobs::deadlines(&w.app, w.app.now()).unwrap();
        let done = visitor.get(&format!("/votes/{n}")).json();
        assert_eq!((&done["late"], &done["phase"]), (&json!(false), &json!("published")));
    });
}
