//! Mediation: no consent, no mediation; nobody near to a side mediates; terms are told before, on the day and when they are
//! late; every word is for its sides and mediators alone.

use serde_json::{Value as Json, json};
use store::{Entry, Query as _, params};
use xiezhi::edge::jobs;
use xiezhi::kit::Error;
use xiezhi::kit::time::{DAY, HOUR};

use super::world::{Answer, COMMUNITY, Client, World, on_each_engine};

const SECRET: &str = "楼上半夜拖椅子吵了三年";
const NAME: &str = "对门老李";
const DEAL: &str = "椅脚都套上软垫";

fn person(w: &World, login: &str) -> String {
    w.who(login).person.unwrap()
}

fn list(w: &mut World, login: &str) {
    let who = person(w, login);
    let answer = w.client(Some("clerk")).post("/mediations/mediators", &json!({ "person": who, "on": true }));
    assert_eq!(answer.status, 200, "{}", answer.text);
}

fn ask(client: &Client) -> String {
    let new = json!({ "kind": "noise", "text": SECRET, "sides": [{ "name": NAME }] });
    let made = client.post("/mediations", &new);
    assert_eq!(made.status, 201, "{}", made.text);
    made.json()["number"].as_str().unwrap().to_owned()
}

fn act(client: &Client, n: &str, what: &str, body: Json) -> Answer {
    client.post(&format!("/mediations/{n}/{what}"), &body)
}

fn read(client: &Client, n: &str) -> Json {
    client.get(&format!("/mediations/{n}")).json()
}

fn join(asker: &Client, other: &Client, n: &str) {
    let code = read(asker, n)["sides"][1]["code"].as_str().unwrap().to_lowercase();
    let joined = other.post("/mediations/join", &json!({ "code": code }));
    assert_eq!(joined.json()["number"], n, "{}", joined.text);
}

/// Asked for, joined and consented to: it goes on.
fn begun(w: &mut World) -> String {
    let (resident, neighbour) = (w.client(Some("resident")), w.client(Some("neighbour")));
    let n = ask(&resident);
    join(&resident, &neighbour, &n);
    assert_eq!(act(&neighbour, &n, "consent", json!({ "yes": true })).json()["state"], "open");
    n
}

/// Agreed on: within ten days the neighbour does something.
fn agreed(w: &mut World) -> String {
    list(w, "clerk2");
    let n = begun(w);
    let mediator = person(w, "clerk2");
    let (resident, neighbour) = (w.client(Some("resident")), w.client(Some("neighbour")));
    let (clerk, clerk2) = (w.client(Some("clerk")), w.client(Some("clerk2")));
    assert_eq!(act(&clerk, &n, "appoint", json!({ "mediator": [mediator] })).status, 200);
    let terms = json!([{ "side": 2, "what": DEAL, "due": "2026-03-14" }]);
    let written = act(&clerk2, &n, "agreement", json!({ "text": "双方说好了", "terms": terms }));
    assert_eq!(written.json()["state"], "drafted", "{}", written.text);
    for client in [&resident, &neighbour, &clerk2] {
        assert_eq!(act(client, &n, "sign", json!({})).status, 200);
    }
    assert_eq!(read(&resident, &n)["state"], "drafted", "written it needs the stamp");
    let stamped = act(&clerk, &n, "stamp", json!({}));
    assert_eq!(stamped.json()["state"], "settled", "{}", stamped.text);
    n
}

fn kinds(client: &Client, n: &str) -> Vec<String> {
    let items = client.get(&format!("/inbox?subject={n}")).json()["items"].clone();
    items.as_array().unwrap().iter().map(|i| i["kind"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn without_the_consent_of_every_side_nothing_begins() {
    on_each_engine(|w| {
        let (resident, neighbour, clerk) = (w.client(Some("resident")), w.client(Some("neighbour")), w.client(Some("clerk")));
        assert_eq!(
            resident.post("/mediations", &json!({ "kind": "noise", "text": "x", "sides": [] })).error(),
            (422, "missing".into())
        );
        assert_eq!(
            w.client(Some("stranger"))
                .post("/mediations", &json!({ "kind": "noise", "text": "x", "area": COMMUNITY, "sides": [{ "name": "a" }] }))
                .status,
            403
        );
        let n = ask(&resident);
        assert_eq!(read(&resident, &n)["state"], "asked");
        assert_eq!(neighbour.post("/mediations/join", &json!({ "code": "00000000" })).error(), (401, "wrong-code".into()));
        join(&resident, &neighbour, &n);
        assert_eq!(
            act(&resident, &n, "consent", json!({ "yes": true, "side": 2 })).error(),
            (403, "denied".into()),
            "not for another"
        );
        let closed = act(&neighbour, &n, "consent", json!({ "yes": false })).json();
        assert_eq!(closed["state"], "refused");
        assert!(closed["elsewhere"].as_array().unwrap().iter().any(|w| w["id"] == "justice"), "told where to go");
        assert!(kinds(&resident, &n).contains(&"mediation-refused".to_owned()));
        // The desk asks for both, and notes on paper what those without an account say.
        let new = json!({ "kind": "water", "text": SECRET, "sides": [{ "name": "甲" }, { "name": "乙" }] });
        let both = clerk.post("/mediations", &new).json()["number"].as_str().unwrap().to_owned();
        for side in [1, 2] {
            assert_eq!(
                act(&clerk, &both, "consent", json!({ "yes": true, "side": side })).error().1,
                "denied",
                "not in their name"
            );
            assert_eq!(act(&clerk, &both, "consent", json!({ "yes": true, "side": side, "way": "paper" })).status, 200);
        }
        assert_eq!(read(&clerk, &both)["state"], "open");
        // Silence is no consent, also after a restart.
        let silent = ask(&resident);
        w.app.ambience.advance(8 * DAY);
        w.restart();
        jobs::deadlines(&w.app, w.app.now()).unwrap();
        assert_eq!(read(&w.client(Some("resident")), &silent)["state"], "refused");
    });
}

#[test]
fn nobody_near_to_a_side_mediates() {
    on_each_engine(|w| {
        for login in ["clerk2", "property", "resident", "helper"] {
            list(w, login);
        }
        let n = begun(w);
        let (resident, neighbour, clerk) = (w.client(Some("resident")), w.client(Some("neighbour")), w.client(Some("clerk")));
        let ids: Vec<String> = ["resident", "clerk", "clerk2", "helper"].iter().map(|l| person(w, l)).collect();
        let appoint = |who: &str| act(&clerk, &n, "appoint", json!({ "mediator": [who] }));
        assert_eq!(appoint(&ids[0]).error(), (409, "conflict".into()), "a side itself");
        assert_eq!(appoint(&ids[1]).error(), (422, "unknown-value".into()), "not on the list");
        assert_eq!(act(&resident, &n, "appoint", json!({ "mediator": [ids[2]] })).status, 403);
        // Both choose the same one: it is that one.
        assert_eq!(act(&resident, &n, "choose", json!({ "mediator": ids[2] })).json()["mediators"].as_array().unwrap().len(), 0);
        assert_eq!(act(&neighbour, &n, "choose", json!({ "mediator": ids[3] })).json()["mediators"].as_array().unwrap().len(), 0);
        let chosen = act(&neighbour, &n, "choose", json!({ "mediator": ids[2] })).json();
        assert_eq!(chosen["mediators"][0]["id"], ids[2].as_str());
        // Whoever was named may stand back, and then sees nothing any more.
        let clerk2 = w.client(Some("clerk2"));
        assert!(clerk2.get(&format!("/mediations/{n}")).text.contains(SECRET));
        assert_eq!(act(&clerk2, &n, "decline", json!({})).status, 200);
        assert!(!clerk2.get(&format!("/mediations/{n}")).text.contains(SECRET));
        // The same firm.
        let body = w.body("property");
        let new = json!({ "kind": "rent", "text": "物业费", "own": true, "sides": [{ "name": "物业", "body": body }] });
        let firm = resident.post("/mediations", &new).json()["number"].as_str().unwrap().to_owned();
        let property = person(w, "property");
        assert_eq!(act(&clerk, &firm, "appoint", json!({ "mediator": [property] })).error(), (409, "conflict".into()));
        // The same household: the one whose record lies in it.
        let (a, b) = (person(w, "neighbour"), person(w, "helper"));
        w.app
            .db
            .write(move |tx| {
                for (n, who) in [a, b].iter().enumerate() {
                    household(tx, who, &format!("resident-{n}"))?;
                }
                tx.log(Entry::new("test.household", "test", "mediation"))?;
                Ok::<_, Error>(())
            })
            .unwrap();
        assert_eq!(appoint(&ids[3]).error(), (409, "conflict".into()), "one household");
        assert_eq!(appoint(&ids[2]).status, 200);
    });
}

/// Ties an account to a record that lies in one household.
fn household(tx: &mut store::Tx, person: &str, resident: &str) -> Result<(), Error> {
    let place = xiezhi::base::area::by_code(tx, COMMUNITY)?.unwrap();
    let now = tx.now();
    let sql = "insert into resident(id, kind, made_at, area, path, community, household, state, version, changed_at, seen_at) \
               values ($1, 'person', $4, $2, $3, $2, 'one-home', 'here', 1, $4, $4)";
    tx.exec(sql, params![resident, &place.id, &place.path, now])?;
    tx.exec("insert into resident_account(person, resident, bound_at) values ($1, $2, $3)", params![person, resident, now])?;
    Ok(())
}

#[test]
fn terms_are_told_before_on_the_day_and_when_they_are_late() {
    on_each_engine(|w| {
        let n = agreed(w);
        let seen = read(&w.client(Some("resident")), &n);
        assert!(
            seen["confirm_open"] == true && seen["confirm_until"].as_str().unwrap() > "2026-04-02",
            "thirty days for a court"
        );
        assert_eq!(seen["terms"][0]["what"], DEAL);
        for login in ["resident", "neighbour", "clerk"] {
            assert_eq!(w.client(Some(login)).get("/inbox").json()["need"], 0, "{login}: nobody is waited for any more");
        }
        let tell = |w: &mut World, by: i64| {
            w.app.ambience.advance(by);
            w.restart();
            jobs::deadlines(&w.app, w.app.now()).unwrap();
            jobs::deadlines(&w.app, w.app.now()).unwrap();
            let n = n.as_str();
            ["resident", "neighbour"]
                .map(|l| kinds(&w.client(Some(l)), n).into_iter().filter(|k| k.contains("-term-")).collect::<Vec<_>>())
        };
        assert_eq!(tell(w, 6 * DAY), [vec![], vec![]] as [Vec<String>; 2]);
        assert_eq!(tell(w, 2 * DAY)[1], ["mediation-term-before"]);
        assert_eq!(tell(w, 2 * DAY)[1], ["mediation-term-day", "mediation-term-before"]);
        let late = tell(w, DAY);
        assert_eq!(late[1][0], "mediation-term-late");
        assert_eq!(late[0], ["mediation-term-late"], "the other side hears only of what is late");
        let (resident, neighbour) = (w.client(Some("resident")), w.client(Some("neighbour")));
        assert_eq!(read(&resident, &n)["terms"][0]["late"], true);
        let say = |client: &Client, kept: bool| client.post(&format!("/mediations/{n}/terms/{}", 1), &json!({ "kept": kept }));
        assert_eq!(say(&neighbour, true).error(), (403, "denied".into()), "not whoever owes it");
        assert_eq!(say(&resident, false).json()["terms"][0]["state"], "broken");
        assert_eq!(say(&resident, true).json()["terms"][0]["state"], "kept", "late, but kept");
        assert_eq!(say(&resident, false).error(), (409, "state".into()));
        // The time for a court is told once.
        w.app.ambience.advance(15 * DAY);
        jobs::deadlines(&w.app, w.app.now()).unwrap();
        jobs::deadlines(&w.app, w.app.now()).unwrap();
        let told = kinds(&w.client(Some("neighbour")), &n);
        assert_eq!(told.iter().filter(|k| *k == "mediation-confirm").count(), 1);
    });
}

#[test]
fn sessions_oral_agreements_and_the_ways_out() {
    on_each_engine(|w| {
        list(w, "clerk2");
        let mediator = person(w, "clerk2");
        let n = begun(w);
        let (resident, clerk, clerk2) = (w.client(Some("resident")), w.client(Some("clerk")), w.client(Some("clerk2")));
        act(&clerk, &n, "appoint", json!({ "mediator": [mediator] }));
        let meet = json!({ "at": "2026-03-07T15:00:00+08:00", "place": "居委会二楼" });
        assert_eq!(act(&resident, &n, "sessions", meet.clone()).status, 403);
        assert_eq!(act(&clerk2, &n, "sessions", meet).status, 200);
        w.app.ambience.advance(2 * DAY + 6 * HOUR);
        jobs::deadlines(&w.app, w.app.now()).unwrap();
        let (resident, neighbour) = (w.client(Some("resident")), w.client(Some("neighbour")));
        let (clerk, clerk2) = (w.client(Some("clerk")), w.client(Some("clerk2")));
        assert!(kinds(&resident, &n).contains(&"mediation-session-soon".to_owned()));
        let record = format!("/mediations/{n}/sessions/{}", 1);
        assert_eq!(clerk2.post(&record, &json!({ "text": "双方都来了" })).json()["sessions"][0]["record"], "双方都来了");
        assert_eq!(clerk2.post(&record, &json!({ "text": "改一下" })).error(), (409, "state".into()), "a record stands");
        let written = act(
            &clerk2,
            &n,
            "agreement",
            json!({ "text": "说好了", "oral": true, "terms": [{ "side": 3, "what": "x", "due": "2026-05-01" }] }),
        );
        assert_eq!(written.error(), (422, "unknown-value".into()));
        act(&clerk2, &n, "agreement", json!({ "text": "说好了", "oral": true }));
        act(&resident, &n, "sign", json!({}));
        assert_eq!(act(&clerk2, &n, "sign", json!({ "side": 2, "way": "present" })).status, 200);
        assert_eq!(act(&clerk2, &n, "sign", json!({})).json()["state"], "settled", "by word of mouth, with a record: no stamp");
        assert_eq!(act(&neighbour, &n, "withdraw", json!({})).error(), (409, "state".into()), "what is agreed stands");
        // A side withdraws at any time before; a mediator refers with a reason.
        let n = begun(w);
        assert_eq!(act(&w.client(Some("neighbour")), &n, "withdraw", json!({})).json()["state"], "withdrawn");
        let n = begun(w);
        act(&clerk, &n, "appoint", json!({ "mediator": [person(w, "clerk2")] }));
        assert_eq!(act(&clerk, &n, "refer", json!({ "to": "court", "why": "x" })).error(), (403, "denied".into()));
        let gone = act(&clerk2, &n, "refer", json!({ "to": "court", "why": "要做鉴定" })).json();
        assert_eq!(
            (&gone["state"], &gone["refer"]["id"], &gone["why"]),
            (&json!("referred"), &json!("court"), &json!("要做鉴定"))
        );
        // One that takes too long is late, and then the desk above hears of it.
        let n = begun(w);
        w.app.ambience.advance(31 * DAY);
        jobs::deadlines(&w.app, w.app.now()).unwrap();
        assert_eq!(read(&w.client(Some("clerk")), &n)["late"], true);
        w.app.ambience.advance(8 * DAY);
        w.restart();
        jobs::deadlines(&w.app, w.app.now()).unwrap();
        assert!(kinds(&w.client(Some("street")), &n).contains(&"mediation-late-desk".to_owned()));
    });
}

#[test]
fn every_word_is_for_its_sides_and_mediators_alone() {
    on_each_engine(|w| {
        for login in ["helper", "grid"] {
            list(w, login);
        }
        let n = agreed(w);
        let path = format!("/mediations/{n}");
        let logins = [
            ("resident", 200, true),
            ("neighbour", 200, true),
            ("clerk2", 200, true),
            ("clerk", 200, false),
            ("street", 200, false),
            ("helper", 404, false),
            ("grid", 404, false),
            ("head", 404, false),
            ("property", 404, false),
            ("stranger", 404, false),
            ("admin", 404, false),
        ];
        for (login, status, reads) in logins {
            let client = w.client(Some(login));
            for accept in ["application/json", "text/html"] {
                let seen = client.get_as(&path, accept);
                assert_eq!(seen.status, status, "{login}");
                for word in [SECRET, NAME, DEAL] {
                    assert_eq!(seen.text.contains(word), reads, "{login} {accept} {word}");
                }
                let all = client.get_as("/mediations", accept).text + &client.get_as("/inbox", accept).text;
                assert!(!all.contains(SECRET) && !all.contains(NAME), "{login}");
            }
        }
        assert_eq!(w.client(None).get(&path).status, 401);
        let desk = read(&w.client(Some("clerk")), &n);
        assert_eq!((&desk["state"], &desk["kind"], &desk["all"]), (&json!("settled"), &json!("噪声扰民"), &json!(2)));
        // A desk above reads with a reason, and the sides hear of it.
        let street = w.client(Some("street"));
        assert_eq!(act(&street, &n, "look", json!({})).error(), (422, "missing".into()));
        assert_eq!(act(&w.client(Some("clerk")), &n, "look", json!({ "why": "想看" })).error(), (403, "denied".into()));
        assert!(act(&street, &n, "look", json!({ "why": "复查协议是否合法" })).text.contains(SECRET));
        assert!(!street.get(&path).text.contains(SECRET), "once");
        let resident = w.client(Some("resident"));
        assert!(kinds(&resident, &n).contains(&"mediation-looked".to_owned()));
        assert!(resident.get("/me/reads").text.contains("mediation-oversight"));
        // Nothing of it stands open in the log.
        let leaves = w.app.db.read(|r| r.leaves(0, 2000)).unwrap();
        assert!(leaves.iter().all(|e| [SECRET, NAME, DEAL].iter().all(|word| !e.leaf.to_string().contains(word))));
        // The public reads figures of years that are over, and no small ones.
        w.app.ambience.advance(365 * DAY);
        let figures = w.client(None).get(&format!("/mediations/figures?area={COMMUNITY}")).json();
        assert_eq!((&figures["years"][0]["year"], &figures["years"][0]["asked"]), (&json!(2026), &Json::Null));
        assert_eq!(figures["years"][1]["asked"], 0);
        let form = w.client(Some("resident")).get("/mediations/new").json();
        assert!(form["kinds"].as_array().unwrap().len() > 5);
        assert_eq!(w.client(Some("resident")).get_as("/mediations/join", "text/html").status, 200);
    });
}

#[test]
fn a_trusted_helper_reads_along_and_consents_for_nobody() {
    on_each_engine(|w| {
        let (resident, neighbour, clerk) = (w.client(Some("resident")), w.client(Some("neighbour")), w.client(Some("clerk")));
        let id = super::trust::trusted(&resident, &neighbour);
        let new = json!({ "kind": "pets", "text": SECRET, "sides": [{ "name": NAME }, { "name": "乙" }] });
        let n = clerk.post("/mediations", &new).json()["number"].as_str().unwrap().to_owned();
        assert!(!clerk.get(&format!("/mediations/{n}")).text.contains(SECRET), "whoever wrote it down reads it no more");
        let code = read(&clerk, &n)["sides"][0]["code"].clone();
        let join = |client: &Client| client.post("/mediations/join", &json!({ "code": code }));
        assert_eq!(neighbour.post(&format!("/me/trust/{id}/act"), &json!({})).status, 200);
        assert_eq!(join(&neighbour).error(), (403, "denied".into()));
        assert_eq!(join(&resident).status, 200);
        assert_eq!(join(&resident).error(), (401, "wrong-code".into()), "a code is used once");
        let seen = read(&neighbour, &n);
        assert_eq!((&seen["words"], &seen["acting"]), (&json!(SECRET), &json!(true)));
        assert_eq!(act(&neighbour, &n, "consent", json!({ "yes": true })).error(), (403, "denied".into()));
        assert_eq!(act(&resident, &n, "consent", json!({ "yes": true })).status, 200);
        assert!(resident.get("/me/reads").text.contains("\"trust\""), "and the resident reads who looked");
    });
}
