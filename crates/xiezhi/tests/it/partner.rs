//! Organisations join: what they show is looked at by somebody who is not of them, in time; then they have a desk, a page and
//! members, as long as their certificates hold and nobody suspends them.

use serde_json::{Value as Json, json};
use xiezhi::edge::jobs;
use xiezhi::kit::time::{DAY, HOUR};

use super::world::{Answer, COMMUNITY, Client, World, on_each_engine, send};

const CODE: &str = "91350100M000100Y43";
const PICTURE: &[u8] = include_bytes!("lamp.png");

pub fn picture(client: &Client) -> String {
    send(client, "/media", &[], PICTURE).json()["id"].as_str().unwrap().to_owned()
}

/// An application of a firm, with what is changed.
fn firm(client: &Client, change: Json) -> Answer {
    let mut new = json!({ "kind": "enterprise", "name": "安心修理行", "uscc": CODE, "about": "修水管、换门锁", "area": COMMUNITY,
        "contact": "欧阳联系人", "phone": "13912349876", "public_phone": "0514-80001234",
        "papers": [{ "kind": "registration", "media": picture(client), "until": "2026-12-31" }] });
    new.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    client.post("/join", &new)
}

fn asked(client: &Client) -> String {
    let made = firm(client, json!({}));
    assert_eq!(made.status, 201, "{}", made.text);
    made.json()["number"].as_str().unwrap().to_owned()
}

fn decide(client: &Client, number: &str, answer: &str, why: Option<&str>) -> Answer {
    client.post(&format!("/partners/{number}/decide"), &json!({ "answer": answer, "why": why }))
}

/// A firm that joined, with the resident as its contact.
fn joined(w: &mut World) -> (String, Client) {
    let (resident, clerk) = (w.client(Some("resident")), w.client(Some("clerk")));
    let number = asked(&resident);
    let done = decide(&clerk, &number, "approve", None);
    assert_eq!((done.status, &done.json()["state"]), (200, &json!("joined")), "{}", done.text);
    (number, resident)
}

fn state(client: &Client, number: &str) -> Json {
    client.get(&format!("/partners/{number}")).json()["state"].clone()
}

fn told(client: &Client, kind: &str) -> bool {
    client.get("/inbox").text.contains(&format!("\"{kind}\""))
}

#[test]
fn what_is_wrong_with_an_application_is_said() {
    on_each_engine(|w| {
        let (resident, visitor) = (w.client(Some("resident")), w.client(None));
        let bad = |change: Json| firm(&resident, change).error();
        assert_eq!(bad(json!({ "uscc": "91350100M000100Y44" })), (422, "bad-uscc".into()));
        assert_eq!(bad(json!({ "uscc": null })), (422, "missing".into()), "a firm has a code");
        assert_eq!(bad(json!({ "kind": "committee" })), (422, "unknown-value".into()), "a desk does not join");
        assert_eq!(bad(json!({ "area": "nowhere" })), (422, "unknown-value".into()));
        assert_eq!(bad(json!({ "phone": "call me" })), (422, "no-number".into()));
        assert_eq!(bad(json!({ "papers": [] })), (422, "paper-missing".into()));
        let paper =
            |kind: &str, until: Json| json!({ "papers": [{ "kind": kind, "media": picture(&resident), "until": until }] });
        assert_eq!(bad(paper("registration", json!("2026-03-03"))), (422, "paper-expired".into()));
        assert_eq!(bad(paper("letter", json!("2026-12-31"))), (422, "unknown-value".into()), "a firm shows no letter");
        let group = json!({ "kind": "volunteer_group", "name": "爱心队", "uscc": null });
        assert_eq!(firm(&resident, group.clone()).error(), (422, "missing".into()), "somebody has to stand for it");
        assert_eq!(firm(&visitor, json!({})).status, 401);
        let number = asked(&resident);
        assert_eq!(bad(json!({ "uscc": "９１350100m000100y43 " })), (409, "partner-twice".into()), "however it is typed");
        let mut stood = json!({ "backer": "一社区居委会", "papers": [{ "kind": "stands", "media": picture(&resident), "until": "2027-03-01" }] });
        stood.as_object_mut().unwrap().extend(group.as_object().unwrap().clone());
        assert_eq!(firm(&resident, stood).status, 201);
        // What was not decided is its own and the desk's to read.
        let page = format!("/partners/{number}");
        let neighbour = w.client(Some("neighbour"));
        assert_eq!((visitor.get(&page).status, neighbour.get(&page).status), (404, 404));
        assert_eq!(resident.get(&page).json()["inside"]["contact_phone"], "13912349876");
        assert_eq!(visitor.get(&format!("/partners?area={COMMUNITY}")).json()["items"], json!([]));
        // Taken back, the code is free.
        resident.post(&format!("/partners/{number}/withdraw"), &json!({}));
        assert_eq!(state(&resident, &number), "withdrawn");
        asked(&resident);
    });
}

#[test]
fn two_at_once_with_one_code_one_wins_and_the_other_is_told() {
    on_each_engine(|w| {
        let clients: Vec<Client> = ["resident", "neighbour"].map(|l| w.client(Some(l))).into();
        let ends: Vec<(u16, String)> = std::thread::scope(|s| {
            let tries: Vec<_> = clients.iter().map(|c| s.spawn(|| firm(c, json!({})).error())).collect();
            tries.into_iter().map(|t| t.join().unwrap()).collect()
        });
        assert_eq!(ends.iter().filter(|e| e.0 == 201).count(), 1, "{ends:?}");
        assert!(ends.contains(&(409, "partner-twice".into())), "{ends:?}");
    });
}

#[test]
fn nobody_decides_about_his_own_and_the_desk_asks_and_refuses_with_a_reason() {
    on_each_engine(|w| {
        let (clerk, clerk2, street) = (w.client(Some("clerk")), w.client(Some("clerk2")), w.client(Some("street")));
        let (resident, stranger) = (w.client(Some("resident")), w.client(Some("stranger")));
        // The clerk's own firm.
        let own = asked(&clerk);
        assert_eq!(decide(&clerk, &own, "approve", None).error(), (403, "own-organisation".into()));
        assert_eq!(decide(&stranger, &own, "approve", None).error(), (403, "denied".into()));
        assert_eq!(decide(&resident, &own, "approve", None).error(), (403, "denied".into()));
        assert!(!told(&clerk, "partner-new") && told(&clerk2, "partner-new"));
        assert_eq!(decide(&clerk2, &own, "refuse", None).error(), (422, "missing".into()), "with a reason");
        assert_eq!(decide(&clerk2, &own, "refuse", Some("不在这里")).status, 200);
        assert_eq!(state(&clerk, &own), "refused");
        // A resident's: asked for more, answered, refused, appealed to the level above, once.
        let number = asked(&resident);
        let checks = clerk.get(&format!("/partners/{number}")).json()["inside"]["checks"].clone();
        let found = |what: &str| checks.as_array().unwrap().iter().find(|c| c["what"] == what).unwrap()["found"].clone();
        assert_eq!((found("code"), found("days"), found("papers")), (json!("right"), json!("right"), json!("there")));
        assert_eq!((found("same-code"), found("register")), (json!("found"), json!("none")), "one was refused before");
        assert_eq!(clerk.get("/partners/queue").json()["waiting"][0]["number"], number.as_str());
        assert_eq!(resident.get("/partners/queue").status, 403);
        decide(&clerk, &number, "ask", Some("请补经营场所照片"));
        assert!(told(&resident, "partner-ask"));
        assert_eq!(decide(&clerk, &number, "approve", None).error(), (409, "state".into()), "it is the applicant's turn");
        let answer = format!("/partners/{number}/answer");
        assert_eq!(clerk.post(&answer, &json!({ "words": "x" })).error(), (403, "denied".into()));
        assert_eq!(resident.post(&answer, &json!({ "words": "已补" })).status, 200);
        assert!(told(&clerk, "partner-answer"));
        let steps = clerk.get(&format!("/partners/{number}")).json()["inside"]["steps"].clone();
        assert_eq!((&steps[1]["words"], &steps[2]["words"]), (&json!("请补经营场所照片"), &json!("已补")));
        decide(&clerk, &number, "refuse", Some("地址对不上"));
        let appeal = format!("/partners/{number}/appeal");
        assert_eq!(resident.post(&appeal, &json!({ "words": "地址刚换" })).status, 200);
        assert!(told(&street, "partner-appeal"));
        assert_eq!(decide(&clerk2, &number, "approve", None).error(), (403, "denied".into()), "it is the street's now");
        decide(&street, &number, "refuse", Some("仍对不上"));
        assert_eq!(resident.post(&appeal, &json!({ "words": "再看" })).error(), (409, "state".into()), "once");
        // The resident reads who read his number.
        assert!(street.get(&format!("/partners/{number}/papers/1")).body.len() > 100);
        assert_eq!(clerk.get(&format!("/partners/{number}/papers/1")).error(), (403, "denied".into()), "no longer its turn");
        assert_eq!(resident.get(&format!("/partners/{number}/papers/1")).status, 200);
        assert_eq!(stranger.get(&format!("/partners/{number}/papers/1")).error(), (403, "denied".into()));
        let reads = "select count(*) from read_log where purpose = 'partner' and elements like '%partner.paper%'";
        use store::Query as _;
        assert_eq!(w.app.db.read(|r| r.count(reads, &[])).unwrap(), 2, "the street's and the resident's, each with what it read");
    });
}

#[test]
fn a_desk_that_does_not_answer_loses_it_to_the_one_above() {
    on_each_engine(|w| {
        let (clerk, street, resident) = (w.client(Some("clerk")), w.client(Some("street")), w.client(Some("resident")));
        let number = asked(&resident);
        // Five working days from a Wednesday are the next Wednesday.
        w.app.ambience.advance(7 * DAY - HOUR);
        jobs::deadlines(&w.app, w.app.now()).unwrap();
        assert!(!told(&street, "partner-above"));
        w.app.ambience.advance(2 * HOUR);
        jobs::deadlines(&w.app, w.app.now()).unwrap();
        assert!(told(&street, "partner-above") && told(&clerk, "partner-late"));
        assert_eq!(decide(&clerk, &number, "approve", None).error(), (403, "denied".into()));
        assert_eq!(street.get("/partners/queue").json()["waiting"][0]["late"], true);
        decide(&street, &number, "ask", Some("请补照片"));
        w.app.ambience.advance(31 * DAY);
        jobs::deadlines(&w.app, w.app.now()).unwrap();
        let resident = w.client(Some("resident"));
        assert_eq!(state(&resident, &number), "withdrawn");
        assert!(told(&resident, "partner-lapsed"));
    });
}

#[test]
fn it_has_a_desk_a_page_members_and_its_entry_of_the_directory() {
    on_each_engine(|w| {
        // The directory has it already, from a package.
        w.app
            .db
            .write(|tx| {
                use xiezhi::activities::service::{Org, act, data::OrgDetails};
                let details = OrgDetails { uscc: Some(CODE.into()), ..OrgDetails::default() };
                let org =
                    Org {
                        id: "org-1".into(), name: "安心修理行".into(), body: None, details, modified_at: tx.now(), mark: None
                    };
                act::put_org(tx, &org, None)?;
                tx.log(store::Entry::new("service.import", "service", "org-1"))?;
                Ok::<_, xiezhi::kit::Error>(())
            })
            .unwrap();
        let (number, resident) = joined(w);
        let visitor = w.client(None);
        assert!(told(&resident, "partner-approve"));
        assert_eq!(
            resident.get("/me").json()["roles"].as_array().unwrap().iter().filter(|r| r["kind"] == "enterprise").count(),
            1
        );
        assert_eq!(resident.get("/desk").status, 200);
        // It publishes a service and an event; its page shows both, and no number of the contact.
        let body = w.body("安心修理行");
        let service = resident.post("/services", &json!({ "name": "上门修水管", "body": body, "about": "当天到" }));
        assert_eq!(service.status, 201, "{}", service.text);
        let orgs = "select count(*) from service s join service_org o on o.id = s.org where o.id = 'org-1'";
        {
            use store::Query as _;
            assert_eq!(w.app.db.read(|r| r.count(orgs, &[])).unwrap(), 1, "under the entry that was there");
        }
        let event = json!({ "title": "义务磨刀", "place": "三号楼前", "starts_at": "2026-03-10T09:00:00+08:00", "minutes": 120, "seats": 5 });
        assert_eq!(resident.post("/events", &event).status, 201);
        let page = visitor.get(&format!("/partners/{number}"));
        let view = page.json();
        assert_eq!((&view["phone"], &view["uscc"], &view["inside"]), (&json!("0514-80001234"), &json!(CODE), &Json::Null));
        assert_eq!((&view["services"][0]["name"], &view["events"][0]["name"]), (&json!("上门修水管"), &json!("义务磨刀")));
        assert!(!page.text.contains("13912349876") && !page.text.contains("欧阳"));
        assert_eq!(
            visitor.get(&format!("/partners?area={COMMUNITY}&kind=enterprise")).json()["items"][0]["number"],
            number.as_str()
        );
        // Its words are its own to change.
        let about = format!("/partners/{number}/about");
        assert_eq!(w.client(Some("clerk")).post(&about, &json!({ "about": "x" })).error(), (403, "denied".into()));
        assert_eq!(resident.post(&about, &json!({ "about": "修水管" })).json()["about"], "修水管");
        // A further member says yes himself, with a code for one person and some days.
        let neighbour = w.client(Some("neighbour"));
        let members = format!("/partners/{number}/members");
        assert_eq!(neighbour.post(&members, &json!({})).error(), (403, "denied".into()));
        let code = resident.post(&members, &json!({})).json()["code"].as_str().unwrap().to_owned();
        assert_eq!(neighbour.get(&format!("/partners/invitation?code={code}")).json()["name"], "安心修理行");
        assert_eq!(
            neighbour.post("/partners/invitation", &json!({ "code": "000000000000" })).error(),
            (401, "wrong-code".into())
        );
        assert_eq!(neighbour.post("/partners/invitation", &json!({ "code": code })).status, 200);
        assert_eq!(w.client(Some("head")).post("/partners/invitation", &json!({ "code": code })).status, 401, "for one person");
        assert_eq!(neighbour.get("/desk").status, 200);
        let seen = resident.get(&format!("/partners/{number}")).json()["inside"]["members"].clone();
        assert_eq!((seen.as_array().unwrap().len(), &seen[0]["me"]), (2, &json!(true)));
        assert_eq!(neighbour.post(&format!("/partners/{number}/members/1/end"), &json!({})).status, 200);
        assert_eq!(resident.get("/desk").status, 403, "at once");
        let last = neighbour.post(&format!("/partners/{number}/members/2/end"), &json!({}));
        assert_eq!(last.error(), (409, "last-member".into()));
        let late = neighbour.post(&members, &json!({})).json()["code"].as_str().unwrap().to_owned();
        w.app.ambience.advance(8 * DAY);
        assert_eq!(resident.post("/partners/invitation", &json!({ "code": late })).status, 401, "too late");
    });
}

#[test]
fn certificates_that_end_are_told_of_before_and_then_nothing_new_is_taken_on() {
    on_each_engine(|w| {
        let (number, _) = joined(w);
        let visitor = w.client(None);
        let until = |day: &str| format!("{day}T10:00:00+08:00");
        let to = |w: &World, day: &str| w.app.ambience.advance(xiezhi::kit::time::parse(&until(day)).unwrap() - w.app.now());
        to(w, "2026-11-30");
        jobs::deadlines(&w.app, w.app.now()).unwrap();
        assert!(!told(&w.client(Some("resident")), "partner-expiring"));
        to(w, "2026-12-02");
        jobs::deadlines(&w.app, w.app.now()).unwrap();
        // A session lasts thirty days.
        let (resident, clerk) = (w.client(Some("resident")), w.client(Some("clerk")));
        assert!(told(&resident, "partner-expiring") && told(&clerk, "partner-expiring"));
        assert_eq!(clerk.get("/partners/queue").json()["ending"][0]["number"], number.as_str());
        to(w, "2027-01-01");
        jobs::deadlines(&w.app, w.app.now()).unwrap();
        let (resident, clerk) = (w.client(Some("resident")), w.client(Some("clerk")));
        assert!(told(&resident, "partner-expired"));
        let page = visitor.get(&format!("/partners/{number}")).json();
        assert_eq!((&page["expired"], &page["good"]), (&json!(true), &json!(false)));
        let event = json!({ "title": "x", "place": "y", "starts_at": "2027-01-10T09:00:00+08:00", "minutes": 60, "seats": 5 });
        assert_eq!(resident.post("/events", &event).error(), (403, "not-in-standing".into()));
        let service = json!({ "name": "x", "body": w.body("安心修理行") });
        assert_eq!(resident.post("/services", &service).error(), (403, "not-in-standing".into()));
        // A new one, which counts when the desk has seen it.
        let papers = format!("/partners/{number}/papers");
        let paper = |until: &str| json!({ "kind": "registration", "media": picture(&resident), "until": until });
        assert_eq!(resident.post(&papers, &paper("2026-12-01")).error(), (422, "paper-expired".into()));
        assert_eq!(clerk.post(&papers, &paper("2027-12-31")).error(), (403, "denied".into()));
        assert_eq!(resident.post(&papers, &paper("2027-12-31")).json()["good"], false);
        assert_eq!(resident.post(&format!("{papers}/2"), &json!({ "fits": true })).error(), (403, "denied".into()));
        assert_eq!(clerk.post(&format!("{papers}/2"), &json!({ "fits": false })).error(), (422, "missing".into()));
        assert_eq!(clerk.post(&format!("{papers}/2"), &json!({ "fits": true })).json()["good"], true);
        assert_eq!(resident.post("/events", &event).status, 201);
    });
}

#[test]
fn whoever_is_suspended_loses_everything_at_once_and_has_it_back_when_it_ends() {
    on_each_engine(|w| {
        let (number, resident) = joined(w);
        let clerk = w.client(Some("clerk"));
        assert_eq!(decide(&resident, &number, "resume", None).status, 403);
        assert_eq!(decide(&clerk, &number, "suspend", Some("有人投诉")).status, 200);
        assert_eq!(resident.get("/desk").status, 403);
        assert_eq!(w.client(None).get(&format!("/partners/{number}")).json()["state"], "suspended");
        assert_eq!(firm(&resident, json!({})).error(), (409, "partner-twice".into()), "no way around it");
        assert_eq!(decide(&clerk, &number, "resume", None).json()["good"], true);
        assert_eq!(resident.get("/desk").status, 200);
        assert_eq!(decide(&clerk, &number, "end", Some("搬走了")).status, 200);
        assert_eq!(resident.get("/desk").status, 403);
        assert_eq!(decide(&clerk, &number, "resume", None).error(), (409, "state".into()));
        asked(&resident);
    });
}

#[test]
fn hostile_text_comes_out_as_text_and_the_form_says_what_is_wrong() {
    on_each_engine(|w| {
        const EVIL: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>";
        let (resident, clerk) = (w.client(Some("resident")), w.client(Some("clerk")));
        let hostile = json!({ "name": EVIL, "about": EVIL, "contact": "<b>x</b>", "backer": EVIL });
        let made = firm(&resident, hostile);
        assert_eq!(made.status, 201, "{}", made.text);
        let number = made.json()["number"].as_str().unwrap().to_owned();
        decide(&clerk, &number, "ask", Some(EVIL));
        resident.post(&format!("/partners/{number}/answer"), &json!({ "words": EVIL }));
        decide(&clerk, &number, "approve", None);
        let page = format!("/partners/{number}");
        for (client, path) in [
            (&resident, page.as_str()),
            (&clerk, page.as_str()),
            (&clerk, "/partners/queue"),
            (&resident, "/partners"),
            (&resident, "/desk"),
            (&resident, "/developers"),
            (&resident, "/join?kind=enterprise&area=%22%3E%3Cscript%3Ealert(1)"),
        ] {
            let html = client.get_as(path, "text/html");
            assert_eq!(html.status, 200, "{path}");
            assert!(
                !html.text.contains("<script>alert") && !html.text.contains("<img src=x") && !html.text.contains("<b>x"),
                "{path}"
            );
        }
        // A form that is wrong is shown again, with what was typed and the error in words.
        let fields = [
            ("kind", "enterprise"),
            ("name", EVIL),
            ("uscc", "123"),
            ("about", "修"),
            ("area", COMMUNITY),
            ("contact", "王"),
            ("phone", "13900000000"),
        ];
        let body: Vec<String> = fields.iter().map(|(k, v)| format!("{k}={}", xiezhi::kit::form::encode(v))).collect();
        let again = resident.post_form("/join", &body.join("&"));
        assert_eq!(again.status, 422);
        assert!(
            again.text.contains("统一社会信用代码不对")
                && again.text.contains("value=\"123\"")
                && !again.text.contains("<script>alert")
        );
    });
}
