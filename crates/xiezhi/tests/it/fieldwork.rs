//! Field work: items arrive once and say which clock counts, plans and visits, emergencies that end by
//! themselves, phones that are cut off.

use serde_json::{Value as Json, json};
use store::Query as _;
use xiezhi::activities::fieldwork::emergency;
use xiezhi::base::area::{self, NewBuilding};
use xiezhi::edge::jobs;
use xiezhi::kit::Error;
use xiezhi::kit::time::{DAY, HOUR, MINUTE};

use crate::world::{Answer, COMMUNITY, Client, World, on_each_engine};

const GRID: &str = "321002001001-1";

/// Two buildings in the first grid.
fn houses(w: &World) -> Vec<String> {
    let made = w.app.db.write(|tx| {
        let grid = area::by_code(tx, GRID)?.unwrap();
        let new = |name: &'static str, address: &'static str, lat: i32| NewBuilding {
            area: "",
            name,
            address,
            point: Some(calc::geo::Point { lat, lon: 1_194_405_000 }),
            floors: 6,
            homes: 24,
        };
        let all = [new("1栋", "东关路1号 1栋", 323_935_000), new("2栋", "东关路1号 2栋", 323_938_000)];
        Ok::<_, Error>(area::add_buildings(tx, &all.map(|b| NewBuilding { area: &grid.id, ..b }))?)
    });
    made.unwrap().value
}

fn uuid(n: u32) -> String {
    format!("0195e5a0-0000-7000-8000-{n:012x}")
}

/// Sends an item as a phone does; `off` is how far its clock is from ours, `waited` how long the item lay there.
fn sent(w: &World, who: &Client, n: u32, (off, waited): (i64, i64), mut item: Json) -> Answer {
    let now = w.app.now() + off;
    item["id"] = uuid(n).into();
    item["made_at"] = (now - waited).into();
    again(who, n, now, &item)
}

fn again(who: &Client, n: u32, phone: i64, item: &Json) -> Answer {
    let (key, phone) = (uuid(n), phone.to_string());
    let headers = [("content-type", "application/json"), ("idempotency-key", key.as_str()), ("device-time", phone.as_str())];
    who.post_raw("/field/items", &headers, item.to_string().as_bytes())
}

fn count(w: &World, sql: &str) -> i64 {
    w.app.db.read(|r| Ok::<_, Error>(r.count(sql, &[])?)).unwrap()
}

#[test]
fn what_a_phone_sends_arrives_once_and_says_which_clock_counts() {
    on_each_engine(|w| {
        let house = houses(w)[0].clone();
        let grid = w.client(Some("grid"));
        let report = json!({ "kind": "report", "text": "楼道灯不亮", "building": house });
        let first = sent(w, &grid, 1, (0, 10 * MINUTE), report);
        assert_eq!((first.status, &first.json()["trust"]), (201, &json!("device")), "{}", first.text);
        // A clock that is three days slow, and an item that lay there for two.
        let visit = json!({ "kind": "patrol", "building": house, "found": "look", "note": "有纸箱" });
        let slow = sent(w, &grid, 2, (-3 * DAY, 2 * DAY), visit).json();
        assert_eq!(slow["trust"], "corrected");
        assert_eq!(slow["at"], w.app.time(w.app.now() - 2 * DAY));
        // Set in between, or nonsense: ours counts, and nothing is refused for it.
        let nonsense = sent(w, &grid, 3, (0, -DAY), json!({ "kind": "here", "building": house })).json();
        assert_eq!((&nonsense["trust"], &nonsense["at"]), (&json!("server"), &nonsense["received_at"]));

        // The same items again, in another order, from a clock that says something else each time, and after the kept
        // answers are gone.
        w.app.ambience.advance(40 * DAY);
        w.app.db.write(|tx| Ok::<_, Error>(tx.sweep_answers()?)).unwrap();
        let grid = w.client(Some("grid"));
        for round in 0..2 {
            for n in [3, 1, 2] {
                let kind = ["report", "patrol", "here"][n as usize - 1];
                let item = json!({ "id": uuid(n), "kind": kind, "text": "楼道灯不亮", "building": house });
                let got = again(&grid, n + 100 * round, w.app.now() - 9 * DAY, &item);
                assert_eq!(got.status, 201, "{}", got.text);
                if n == 1 {
                    assert_eq!(got.json()["subject"], first.json()["subject"]);
                }
            }
        }
        assert_eq!(count(w, "select count(*) from cases"), 1);
        assert_eq!(count(w, "select count(*) from field_visit"), 2);
        assert_eq!(count(w, "select count(*) from field_item where made_at is not null"), 3);
        // An id of somebody else is not his.
        let other = w.client(Some("clerk"));
        let stolen = again(&other, 1, w.app.now(), &json!({ "id": uuid(1), "kind": "report", "text": "x" }));
        assert_eq!(stolen.error(), (409, "taken".into()));
        for (item, code) in [
            (json!({ "id": "1", "kind": "here", "building": house }), "wrong-type"),
            (json!({ "kind": "walk" }), "unknown-value"),
            (json!({ "kind": "here" }), "missing"),
            (json!({ "kind": "here", "building": "nowhere" }), "unknown-value"),
            (json!({ "kind": "patrol", "building": house, "found": "great" }), "unknown-value"),
        ] {
            assert_eq!(other.post("/field/items", &item).json()["code"], code, "{item}");
        }
        // Nobody notes a visit where he does not work.
        let denied = w.client(Some("stranger")).post("/field/items", &json!({ "kind": "here", "building": house }));
        assert_eq!(denied.error().1, "denied");
        assert_eq!(w.client(Some("resident")).post("/field/items", &json!({ "kind": "here", "building": house })).status, 403);
    });
}

#[test]
fn a_step_rests_on_what_its_person_saw() {
    on_each_engine(|w| {
        let (clerk, grid) = (w.client(Some("clerk")), w.client(Some("grid")));
        let me = w.who("grid").person.unwrap();
        let made = clerk.post("/reports", &json!({ "text": "路面有坑", "place": { "area": GRID } })).json();
        let number = made["number"].as_str().unwrap().to_owned();
        for (action, body) in [
            ("accept", json!({ "class": small(w).0 })),
            ("dispatch", json!({ "to": w.body("committee") })),
            ("accept", json!({})),
            ("assign", json!({ "to": me })),
        ] {
            assert_eq!(clerk.act(&number, action, body).status, 200, "{action}");
        }
        let day = grid.get("/field").json();
        let mine = &day["mine"][0];
        assert_eq!(mine["number"], number);
        assert!(
            mine["actions"].as_array().unwrap().contains(&json!("feedback")),
            "whom it lies with says when it is done: {mine}"
        );
        let seen = mine["seen"].clone();

        // Somebody changes it meanwhile.
        w.app.ambience.advance(HOUR);
        assert_eq!(clerk.act(&number, "note", json!({ "text": "居民说坑更大了" })).status, 200);
        let step = json!({ "kind": "act", "number": number, "action": "feedback", "text": "填平了", "seen": seen });
        assert_eq!(sent(w, &grid, 1, (0, HOUR), step.clone()).error(), (409, "changed".into()));
        let note = json!({ "kind": "act", "number": number, "action": "note", "text": "我下午去", "seen": seen });
        assert_eq!(sent(w, &grid, 2, (0, HOUR), note).status, 201, "a word is never too late");
        let now = grid.get("/field").json()["mine"][0]["seen"].clone();
        let step = json!({ "kind": "act", "number": number, "action": "feedback", "text": "填平了", "seen": now });
        assert_eq!(sent(w, &grid, 3, (0, HOUR), step.clone()).status, 201);
        assert_eq!(sent(w, &grid, 3, (0, HOUR), step.clone()).status, 201, "the same again is the same answer");
        let mut other = step.clone();
        other["text"] = "又填了一次".into();
        assert_eq!(sent(w, &grid, 3, (0, HOUR), other).error().1, "key-reused", "another item under the same key");
        let late = json!({ "kind": "act", "number": number, "action": "feedback", "text": "填平了" });
        assert_eq!(sent(w, &grid, 4, (0, 0), late).error(), (409, "state".into()));
        // Whoever handled it neither checks nor rates it.
        assert_eq!(grid.act(&number, "check", json!({})).error().1, "denied");
    });
}

#[test]
fn a_small_matter_is_settled_in_one_go_and_checked_by_another() {
    on_each_engine(|w| {
        let house = houses(w)[0].clone();
        let (grid, clerk) = (w.client(Some("grid")), w.client(Some("clerk")));
        let spot = json!({ "kind": "spot", "class": "litter", "text": "楼道有纸箱", "done": "已经搬走", "building": house });
        let class = small(w);
        let mut item = spot;
        item["class"] = class.0.clone().into();
        let made = sent(w, &grid, 1, (0, 0), item.clone());
        assert_eq!(made.status, 201, "L6: without a photo: {}", made.text);
        let number = made.json()["subject"].as_str().unwrap().to_owned();
        let case = clerk.get(&format!("/cases/{number}")).json();
        assert_eq!(case["state"], "feedback");
        assert_eq!(grid.act(&number, "check", json!({})).error().1, "denied");
        assert_eq!(clerk.act(&number, "check", json!({})).status, 200);
        assert_eq!(clerk.act(&number, "close", json!({})).status, 200);
        assert_eq!(grid.act(&number, "rate", json!({ "score": 5 })).error().1, "denied", "nobody rates his own work");
        // Nobody was told of each step, and it is no haste.
        jobs::follow(&w.app).unwrap();
        assert_eq!(count(w, "select count(*) from inbox where kind like 'work-%' and kind <> 'work-warn'"), 0);
        let entries = w
            .app
            .db
            .read(|r| {
                let case = xiezhi::records::case::by_number(r, &number)?.unwrap();
                Ok::<_, Error>(r.history(&case.id)?)
            })
            .unwrap();
        let acts: Vec<&str> = entries.iter().map(|e| e.act.as_str()).collect();
        assert_eq!(acts[..5], ["case.report", "case.accept", "case.dispatch", "case.accept", "case.feedback"], "{acts:?}");
        assert!(entries.iter().all(|e| !e.fact("counts").unwrap_or_default().contains("fast")));

        // A class with a reason asks for the pair, and names the field; others never do.
        item["class"] = class.1.into();
        assert_eq!(sent(w, &grid, 2, (0, 0), item.clone()).error(), (422, "evidence".into()));
        assert_eq!(count(w, "select count(*) from cases"), 1, "nothing of it stays");
        item["class"] = Json::Null;
        assert_eq!(sent(w, &grid, 3, (0, 0), item.clone()).error(), (422, "missing".into()));
        item["class"] = class.0.into();
        let (firm, stranger) = (w.client(Some("property")), w.client(Some("stranger")));
        assert_eq!(sent(w, &firm, 4, (0, 0), item.clone()).error().1, "denied");
        assert_eq!(sent(w, &stranger, 5, (0, 0), item).error().1, "denied");
    });
}

/// A class that asks for no photo, and one that does.
fn small(w: &World) -> (String, String) {
    use xiezhi::base::classes::{self, Evidence};
    let all = classes::now(&w.app).unwrap();
    let find = |none: bool| {
        let fits = |c: &&String| all.get(c).is_some_and(|c| (c.evidence == Evidence::None) == none && !c.out_of_scope);
        all.order.iter().find(fits).unwrap().clone()
    };
    for class in all.order.iter().filter_map(|c| all.get(c)) {
        assert!(class.evidence == Evidence::None || !class.why.zh.is_empty(), "L6: {} asks without a reason", class.code);
    }
    (find(true), find(false))
}

#[test]
fn plans_name_places_with_reasons_and_visits_move_them_on() {
    on_each_engine(|w| {
        let all = houses(w);
        let (grid, clerk) = (w.client(Some("grid")), w.client(Some("clerk")));
        for text in ["楼道灯不亮", "灯又不亮了"] {
            let report = json!({ "text": text, "class": "lighting", "place": { "building": all[1] } });
            assert_eq!(clerk.post("/reports", &report).status, 201);
        }
        let stops = |who: &Client| who.get("/field").json()["stops"].as_array().unwrap().clone();
        let first = stops(&grid);
        assert_eq!((first.len(), &first[0]["building"]), (2, &json!(all[1])), "what keeps coming back comes first");
        let why: Vec<&str> = first[0]["why"].as_array().unwrap().iter().map(|w| w["code"].as_str().unwrap()).collect();
        assert_eq!(why, ["recurring", "open", "never"]);
        for (n, house) in all.iter().enumerate() {
            let item = json!({ "kind": "patrol", "building": house });
            assert_eq!(sent(w, &grid, n as u32, (0, 0), item).status, 201);
        }
        assert_eq!(stops(&grid).len(), 0, "somebody was there");
        w.app.ambience.advance(15 * DAY);
        let (grid, clerk) = (w.client(Some("grid")), w.client(Some("clerk")));
        assert_eq!(stops(&grid).len(), 1, "the risky one is due again, the other is not");
        let covered = clerk.get(&format!("/field/coverage?area={GRID}")).json();
        assert_eq!((&covered["buildings"][0]["days"], &covered["buildings"][0]["bucket"]), (&json!(15), &json!("month")));
        assert_eq!(w.client(Some("stranger")).get(&format!("/field/coverage?area={GRID}")).error().1, "denied");

        // Homes: with consent, sealed, for those who walk there and their desk; each look at them is logged.
        let home = |agreed: bool| json!({ "building": all[0], "name": "王秀英", "door": "301", "phone": "13900000001", "why": "alone", "agreed": agreed });
        assert_eq!(grid.post("/field/homes", &home(false)).error(), (422, "missing".into()));
        let id = grid.post("/field/homes", &home(true)).json()["id"].as_str().unwrap().to_owned();
        assert_eq!(w.client(Some("property")).post("/field/homes", &home(true)).error().1, "denied");
        let seen = grid.get("/field").json()["homes"][0].clone();
        assert_eq!((&seen["name"], &seen["door"], &seen["due"]), (&json!("王秀英"), &json!("301"), &json!(true)));
        assert_eq!(w.client(Some("property")).get("/field").json()["homes"], json!([]), "who may not know a home learns of none");
        let reads = format!("select count(*) from read_log where owner = '{id}' and purpose = 'field'");
        assert_eq!(count(w, &reads), 1);
        // Nobody gets there by naming a house of his own beside it.
        let elsewhere = w.app.db.write(|tx| {
            let sibling = area::by_code(tx, crate::world::SIBLING)?.unwrap();
            let house = NewBuilding { area: &sibling.id, name: "9栋", address: "9栋", point: None, floors: 6, homes: 24 };
            Ok::<_, Error>(area::add_buildings(tx, &[house])?.remove(0))
        });
        let foreign = json!({ "kind": "visit", "care": id, "building": elsewhere.unwrap().value, "note": "我来过" });
        let stranger = w.client(Some("stranger"));
        assert_eq!(sent(w, &stranger, 8, (0, 0), foreign).error().1, "denied");
        let visit = json!({ "kind": "visit", "care": id, "found": "help", "note": "药快吃完了" });
        assert_eq!(sent(w, &grid, 9, (0, 0), visit).status, 201);
        assert_eq!(grid.get("/field").json()["homes"][0]["due"], json!(false));
        assert_eq!(grid.post(&format!("/field/homes/{id}/end"), &json!({})).status, 201);
        assert_eq!(grid.get("/field").json()["homes"], json!([]));
    });
}

#[test]
fn residents_read_what_a_worker_chose_to_tell_and_he_can_take_it_back() {
    on_each_engine(|w| {
        let house = houses(w)[0].clone();
        let (grid, visitor) = (w.client(Some("grid")), w.client(None));
        let page = |who: &Client| who.get(&format!("/buildings/{house}")).json();
        assert_eq!((&page(&visitor)["last"], &page(&visitor)["cards"]), (&Json::Null, &json!([])));
        // A patrol is nobody's business but the grid's.
        assert_eq!(sent(w, &grid, 1, (0, 0), json!({ "kind": "patrol", "building": house })).status, 201);
        assert_eq!(page(&visitor)["last"], Json::Null);
        assert_eq!(sent(w, &grid, 2, (0, 0), json!({ "kind": "here", "building": house })).status, 201);
        let told = page(&visitor);
        assert_eq!(
            (&told["last"], &told["last_by"]),
            (&json!("2026-03-04T00:00:00+08:00"), &Json::Null),
            "the day only, and no name"
        );
        assert!(!told.to_string().contains("某某grid"));
        assert_eq!(grid.post("/field/card", &json!({ "words": "网格员小王" })).status, 201);
        assert_eq!((&page(&visitor)["last_by"], &page(&visitor)["cards"]), (&json!("网格员小王"), &json!(["网格员小王"])));
        let care = visitor.get(&format!("/places/{COMMUNITY}/care")).json();
        let listed = care["grids"][0]["buildings"].as_array().unwrap().iter().find(|b| b["id"] == json!(house)).unwrap();
        assert_eq!(listed["last"], told["last"]);
        assert_eq!(w.client(Some("clerk")).post("/field/card", &json!({ "words": "主任" })).error().1, "denied");
        assert_eq!(w.client(Some("clerk")).post(&format!("/field/visits/{}/undo", uuid(2)), &json!({})).status, 404);
        assert_eq!(grid.post(&format!("/field/visits/{}/undo", uuid(2)), &json!({})).status, 201);
        assert_eq!(grid.post("/field/card", &json!({})).status, 201);
        assert_eq!((&page(&visitor)["last"], &page(&visitor)["cards"]), (&Json::Null, &json!([])));
    });
}

#[test]
fn l07_an_emergency_is_declared_by_an_authority_and_ends_by_itself() {
    on_each_engine(|w| {
        let (street, clerk, grid) = (w.client(Some("street")), w.client(Some("clerk")), w.client(Some("grid")));
        let declare = |who: &Client, reason: &str, hours: i64| {
            who.post("/field/emergency", &json!({ "area": COMMUNITY, "reason": reason, "hours": hours }))
        };
        assert_eq!(declare(&clerk, "台风登陆，注意低洼", 12).error().1, "denied", "a committee declares none");
        assert_eq!(declare(&w.client(Some("stranger")), "台风登陆，注意低洼", 12).error().1, "denied");
        assert_eq!(declare(&street, "急", 12).error(), (422, "missing".into()));
        for hours in [0, 73, -1, i64::MAX] {
            assert_eq!(declare(&street, "台风登陆，注意低洼", hours).error(), (422, "out-of-range".into()));
        }
        // L2: without one nobody can report in, anywhere.
        assert_eq!(grid.post("/field/emergency/none/here", &json!({})).error(), (409, "no-emergency".into()));
        let id = declare(&street, "台风登陆，注意低洼", 12).json()["id"].as_str().unwrap().to_owned();
        assert_eq!(declare(&street, "台风又来了，注意低洼", 12).error().1, "overlaps");
        // L7: whoever it concerns sees it on every page.
        let sees = |who: &Client, path: &str| who.get_as(path, "text/html").text.contains("台风登陆，注意低洼");
        assert!(sees(&grid, "/today") && sees(&clerk, "/desk") && sees(&w.client(Some("resident")), "/me"));
        assert!(!sees(&w.client(Some("stranger")), "/desk"));
        let here = format!("/field/emergency/{id}/here");
        assert_eq!(grid.post(&here, &json!({})).status, 201);
        assert_eq!(w.client(Some("stranger")).post(&here, &json!({})).error().1, "denied");
        let there = |who: &Client| who.get("/field/emergency").json()["items"][0]["there"].as_array().unwrap().len();
        assert_eq!((there(&street), there(&clerk), there(&w.client(None))), (1, 0, 0), "only the authority reads the list");
        // Going on needs a new reason.
        let extend =
            |reason: &str| street.post(&format!("/field/emergency/{id}/extend"), &json!({ "reason": reason, "hours": 24 }));
        assert_eq!(extend("台风登陆，注意低洼").error(), (409, "taken".into()));
        assert_eq!(extend("积水还没有退，夜里值守").status, 201);
        w.app.ambience.advance(24 * HOUR);
        // It is over by itself: no list, no banner, nobody reports in any more.
        assert_eq!(w.client(Some("street")).get("/field/emergency").json()["items"], json!([]));
        assert_eq!(w.client(Some("grid")).post(&here, &json!({})).error(), (409, "no-emergency".into()));
        assert!(!w.client(Some("grid")).get_as("/today", "text/html").text.contains("积水还没有退"));
        emergency::sweep(&w.app).unwrap();
        assert_eq!(count(w, "select count(*) from field_checkin"), 0);
        let logged = "select count(*) from log where act in ('field.emergency', 'field.emergency-more', 'field.checkin')";
        assert_eq!(count(w, logged), 3);
    });
}

#[test]
fn a_phone_takes_what_its_person_may_read_and_can_be_cut_off() {
    on_each_engine(|w| {
        let house = houses(w)[0].clone();
        let (grid, clerk) = (w.client(Some("grid")), w.client(Some("clerk")));
        let home = json!({ "building": house, "name": "王秀英", "phone": "13900000001", "agreed": true });
        assert_eq!(grid.post("/field/homes", &home).status, 201);
        clerk.post("/reports", &json!({ "text": "楼道灯不亮", "place": { "building": house } }));
        let device = uuid(77);
        let pack = |who: &Client| who.get(&format!("/field/pack?device={device}"));
        let state = |w: &mut World| w.client(None).get(&format!("/field/pack/state?device={device}")).json()["state"].clone();
        assert_eq!(pack(&grid).error(), (409, "cut-off".into()), "no pack for a phone that has no key");
        let key = grid.post("/field/devices", &json!({ "device": device })).json();
        assert_eq!((key["share"].as_str().unwrap().len(), &key["days"]), (64, &json!(7)));
        assert_eq!(grid.post("/field/devices", &json!({ "device": device })).json()["share"], key["share"]);
        assert_eq!(
            clerk.post("/field/devices", &json!({ "device": device })).error(),
            (409, "cut-off".into()),
            "another's phone"
        );
        let taken = pack(&grid).json();
        assert_eq!((&taken["homes"][0]["name"], &taken["cases"][0]["text"]), (&json!("王秀英"), &json!("楼道灯不亮")));
        assert!(!taken["classes"].as_array().unwrap().is_empty() && taken["outlines"].as_array().unwrap().len() == 1);
        assert_eq!(taken["expires_at"], w.app.time(w.app.now() + 7 * DAY));
        assert!(count(w, "select count(*) from read_log where purpose = 'field-pack'") >= 2, "each is in the read log");
        assert_eq!(state(w), "live");

        // A property company's phone takes no homes and no words it may not read.
        let (firm, other) = (w.client(Some("property")), uuid(78));
        firm.post("/field/devices", &json!({ "device": other }));
        let theirs = firm.get(&format!("/field/pack?device={other}")).json();
        assert_eq!(theirs["homes"], json!([]));

        // Its session ended: nothing readable stays. Signed in again it goes on.
        let mine = grid.get("/field").json()["devices"][0].clone();
        assert_eq!(mine["this"], json!(true));
        let second = w.client(Some("grid"));
        let sessions = second.get("/me").json()["sessions"].as_array().unwrap().clone();
        for s in sessions.iter().filter(|s| s["this"] == json!(false)) {
            assert_eq!(second.post(&format!("/me/sessions/{}/end", s["id"].as_str().unwrap()), &json!({})).status, 200);
        }
        assert_eq!(state(w), "ended");
        assert_eq!(pack(&grid).status, 401);
        assert_eq!(second.post("/field/devices", &json!({ "device": device })).json()["share"], key["share"]);
        assert_eq!(state(w), "live");
        // Cut off from anywhere: the key is never given again, its session is over.
        let third = w.client(Some("grid"));
        assert_eq!(clerk.post(&format!("/field/devices/{device}/cut"), &json!({})).status, 404, "not hers");
        assert_eq!(third.post(&format!("/field/devices/{device}/cut"), &json!({})).status, 200);
        assert_eq!((state(w), pack(&second).status), (json!("cut"), 401));
        assert_eq!(third.post("/field/devices", &json!({ "device": device })).error(), (409, "cut-off".into()));
        // Whoever lost his and cannot sign in asks his desk, or the administrator.
        let person = w.who("grid").person.unwrap();
        assert_eq!(third.post("/field/devices", &json!({ "device": uuid(79) })).status, 200);
        assert_eq!(w.client(Some("stranger")).post(&format!("/people/{person}/cut-off"), &json!({})).error().1, "denied");
        assert_eq!(w.client(Some("clerk")).post(&format!("/people/{person}/cut-off"), &json!({})).status, 200);
        assert_eq!(third.get("/field").status, 401);
        assert_eq!(w.client(Some("admin")).post(&format!("/people/{person}/cut-off"), &json!({})).status, 200);
    });
}

#[test]
fn the_browser_gets_what_it_needs_to_install_it() {
    let mut w = World::new(None);
    let visitor = w.client(None);
    let worker = visitor.get_as("/sw.js", "*/*");
    assert_eq!((worker.status, worker.header("service-worker-allowed")), (200, Some("/")));
    assert!(worker.header("content-type").unwrap().starts_with("text/javascript"));
    let manifest = visitor.get("/manifest.webmanifest");
    assert_eq!(manifest.header("content-type"), Some("application/manifest+json"));
    assert_eq!(manifest.json()["start_url"], "/field/pocket");
    for icon in manifest.json()["icons"].as_array().unwrap() {
        assert_eq!(visitor.get_as(icon["src"].as_str().unwrap(), "*/*").status, 200, "{icon}");
    }
    let pocket = visitor.get_as("/field/pocket", "text/html").text;
    assert!(pocket.contains("field-pocket") && !pocket.contains("某某"));
}
