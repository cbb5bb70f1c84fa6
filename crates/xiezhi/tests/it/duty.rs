//! Rights and duties of communities: who may ask to hand work down, what the lists decide, what people decide, what nobody
//! decides, what may then be handed down, and what everybody can count.

use serde_json::{Value as Json, json};
use xiezhi::base::{area, party};
use xiezhi::edge::jobs;
use xiezhi::kit::RoleKind;
use xiezhi::kit::foreign;
use xiezhi::kit::time::{DAY, HOUR};
use xiezhi::records::duty::pack::Pack;

use super::hotline::send;
use super::world::{COMMUNITY, Client, PASSWORD, SIBLING, World, on_each_engine};

/// Adds an organisation of the district with one person.
fn join(w: &World, login: &'static str, kind: RoleKind, code: &'static str, body: Option<String>) {
    let hash = party::session::hash(&w.app, PASSWORD).unwrap();
    w.app
        .db
        .write(move |tx| {
            let place = area::by_code(tx, code)?.unwrap();
            let body = match body {
                Some(body) => body,
                None => party::add_body(tx, kind, login, &place.id, None)?.id,
            };
            let new = party::NewPerson { name: login, phone: None, home: None, login, hash: &hash };
            let person = party::add_person(tx, &new)?;
            party::add_role(tx, &person, kind, &place.id, Some(&body))
        })
        .unwrap();
}

fn asked(what: &str) -> Json {
    json!({ "community": COMMUNITY, "what": what, "basis": "区文件〔2026〕1号", "until": "2026-12-31", "money": "每户 5 元" })
}

fn ask(client: &Client, body: &Json) -> Json {
    let answer = client.post("/duties/requests", body);
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()
}

fn decide(client: &Client, request: &Json, decision: &str, body: Json) -> super::world::Answer {
    client.post(&format!("/duties/requests/{}/{decision}", request["number"].as_str().unwrap()), &body)
}

fn task(client: &Client, admission: &Json) -> super::world::Answer {
    client.post("/duties/tasks", &json!({ "admission": admission, "text": "本月入户登记" }))
}

#[test]
fn the_lists_decide_what_they_can() {
    on_each_engine(|w| {
        join(w, "dept", RoleKind::Department, "321002", None);
        let (dept, clerk, resident) = (w.client(Some("dept")), w.client(Some("clerk")), w.client(Some("resident")));
        // Who may ask: a department that serves the place, a desk above it; not the community, no neighbour, nobody else.
        assert_eq!(clerk.post("/duties/requests", &asked("x")).error(), (403, "denied".into()));
        assert_eq!(w.client(Some("property")).post("/duties/requests", &asked("x")).error().1, "denied");
        assert_eq!(resident.post("/duties/requests", &asked("x")).error().0, 403);
        for (field, value, code) in [
            ("community", json!("000"), "unknown-value"),
            ("item", json!("no-such"), "unknown-value"),
            ("until", json!("2020-01-01"), "out-of-range"),
            ("until", json!("2036-01-01"), "out-of-range"),
            ("until", Json::Null, "missing"),
            ("what", Json::Null, "missing"),
            ("basis", Json::Null, "missing"),
        ] {
            let mut body = asked("登记");
            body[field] = value;
            assert_eq!(dept.post("/duties/requests", &body).error(), (422, code.into()), "{field}");
        }
        // Own duties pass by themselves.
        let own =
            ask(&dept, &json!({ "community": COMMUNITY, "item": "own-mediate", "what": "调解纠纷", "until": "2026-12-31" }));
        assert_eq!((&own["state"], &own["by_list"]), (&json!("admitted"), &json!(true)));
        // Assistance needs basis and means.
        let mut body = asked("协助走访困难家庭");
        body["item"] = json!("assist-relief");
        body["money"] = Json::Null;
        assert_eq!(dept.post("/duties/requests", &body).error(), (422, "missing".into()));
        body["people"] = json!("派 2 人同去");
        assert_eq!(ask(&dept, &body)["state"], "admitted");
        // What the negative list names is refused by itself, by code or by its words, also under another name.
        let mut body = asked("组织居民下载应用");
        body["item"] = json!("no-fees");
        let refused = ask(&dept, &body);
        assert_eq!(
            (&refused["state"], &refused["by_list"], &refused["list"]),
            (&json!("refused"), &json!(true), &json!("negative"))
        );
        let words =
            ask(&dept, &json!({ "community": COMMUNITY, "item": "own-law", "what": "请社区组织打卡", "until": "2026-12-31" }));
        assert!(words["state"] == "refused" && words["item"].as_str().unwrap().contains("打卡"), "{words}");
        assert_eq!(decide(&clerk, &words, "consent", json!({ "reason": "x" })).error(), (409, "state".into()));
        assert_eq!(task(&dept, &words["number"]).error(), (409, "not-admitted".into()));
    });
}

#[test]
fn two_seats_decide_each_with_a_reason_and_nobody_about_his_own() {
    on_each_engine(|w| {
        join(w, "dept", RoleKind::Department, "321002", None);
        let (dept, clerk, street) = (w.client(Some("dept")), w.client(Some("clerk")), w.client(Some("street")));
        let request = ask(&dept, &asked("协助登记充电桩"));
        assert_eq!(
            (&request["state"], &request["list"], request["seats"].as_array().unwrap().len()),
            (&json!("asked"), &json!("other"), 2)
        );
        let stranger = w.client(Some("stranger"));
        assert_eq!(stranger.get(&format!("/duties/requests/{}", request["number"].as_str().unwrap())).status, 404);
        assert_eq!(decide(&stranger, &request, "consent", json!({ "reason": "x" })).status, 404);
        assert_eq!(decide(&dept, &request, "consent", json!({ "reason": "x" })).error(), (403, "denied".into()));
        assert_eq!(decide(&clerk, &request, "consent", json!({})).error(), (422, "missing".into()));
        assert_eq!(decide(&clerk, &request, "maybe", json!({ "reason": "x" })).status, 404);
        let seen = decide(&clerk, &request, "consent", json!({ "reason": "人手够" })).json();
        assert_eq!(seen["state"], "asked", "one is not enough");
        assert_eq!(decide(&clerk, &request, "consent", json!({ "reason": "再来" })).error(), (403, "denied".into()));
        assert_eq!(task(&dept, &request["number"]).error(), (409, "not-admitted".into()));
        let seen = decide(&street, &request, "consent", json!({ "reason": "有经费" })).json();
        assert_eq!(seen["state"], "admitted");
        let reasons: Vec<&str> = seen["seats"].as_array().unwrap().iter().map(|s| s["reason"].as_str().unwrap()).collect();
        assert_eq!(reasons, ["人手够", "有经费"]);

        // One refusal is the end of it, with the entry named.
        let second = ask(&dept, &asked("填写台账之外的登记表"));
        assert_eq!(second["state"], "refused", "its words are on the list: {second}");
        let second = ask(&dept, &asked("每周报一次数字"));
        assert_eq!(decide(&clerk, &second, "refuse", json!({ "reason": "x", "item": "own-law" })).error().1, "unknown-value");
        let seen = decide(&clerk, &second, "refuse", json!({ "reason": "数据已经有了", "item": "no-forms" })).json();
        assert_eq!(
            (&seen["state"], &seen["refused_by"], &seen["reason"]),
            (&json!("refused"), &json!("committee"), &json!("数据已经有了"))
        );
        assert_eq!(decide(&street, &second, "consent", json!({ "reason": "x" })).error(), (409, "state".into()));

        // The sub-district asks itself: the desk above it takes its seat.
        let third = ask(&street, &asked("协助登记电动车"));
        let parties: Vec<&str> = third["seats"].as_array().unwrap().iter().map(|s| s["party"].as_str().unwrap()).collect();
        assert_eq!(parties, ["committee", "值班台"]);
        assert_eq!(decide(&street, &third, "consent", json!({ "reason": "x" })).error(), (403, "denied".into()));
    });
}

#[test]
fn silence_is_no_consent_it_goes_up() {
    on_each_engine(|w| {
        join(w, "dept", RoleKind::Department, "321002", None);
        let desk = w.body("值班台");
        join(w, "top", RoleKind::Operator, "321002", Some(desk));
        let (dept, clerk, street, top) =
            (w.client(Some("dept")), w.client(Some("clerk")), w.client(Some("street")), w.client(Some("top")));
        let request = ask(&dept, &asked("协助登记充电桩"));
        let path = format!("/duties/requests/{}", request["number"].as_str().unwrap());
        // Three working days from a Wednesday morning: Monday.
        assert_eq!(request["seats"][0]["due_at"], "2026-03-09T10:00:00+08:00");
        let parties = |client: &Client| {
            let seen = client.get(&path).json();
            let seats = seen["seats"].as_array().unwrap().clone();
            seats.iter().map(|s| (s["party"].as_str().unwrap().to_owned(), s["level"].as_i64().unwrap())).collect::<Vec<_>>()
        };
        w.app.ambience.advance(5 * DAY - HOUR);
        jobs::deadlines(&w.app, w.app.now()).unwrap();
        assert_eq!(parties(&dept), [("committee".into(), 0), ("street".into(), 0)]);
        w.app.ambience.advance(2 * HOUR);
        jobs::deadlines(&w.app, w.app.now()).unwrap();
        jobs::deadlines(&w.app, w.app.now()).unwrap();
        assert_eq!(parties(&dept), [("street".into(), 1), ("值班台".into(), 1)], "each once, with a new clock");
        assert_eq!(dept.get(&path).json()["state"], "asked");
        assert_eq!(decide(&clerk, &request, "consent", json!({ "reason": "晚了" })).error(), (403, "denied".into()));
        assert_eq!(decide(&street, &request, "consent", json!({ "reason": "代社区答复" })).json()["state"], "asked");
        // At the top it stays, and rings again.
        w.app.ambience.advance(8 * DAY);
        jobs::deadlines(&w.app, w.app.now()).unwrap();
        assert_eq!(parties(&dept)[1], ("值班台".into(), 2));
        assert_eq!(decide(&top, &request, "refuse", json!({ "reason": "没有必要" })).json()["state"], "refused");
    });
}

#[test]
fn only_what_was_admitted_is_handed_down_and_it_becomes_a_case_of_the_community() {
    on_each_engine(|w| {
        join(w, "dept", RoleKind::Department, "321002", None);
        join(w, "other", RoleKind::Department, "321002", None);
        let (dept, other, clerk, street) =
            (w.client(Some("dept")), w.client(Some("other")), w.client(Some("clerk")), w.client(Some("street")));
        let request = ask(&dept, &asked("协助登记充电桩"));
        for (who, body) in [
            (&dept, json!({ "text": "做这个" })),
            (&dept, json!({ "admission": "D-9999", "text": "做这个" })),
            (&dept, json!({ "admission": request["number"], "text": "做这个" })),
            (&street, json!({ "text": "做这个" })),
        ] {
            assert_eq!(who.post("/duties/tasks", &body).error(), (409, "not-admitted".into()), "{body}");
        }
        // Nor by the back door: as a report, or by giving a case the class.
        let door = clerk.post("/reports", &json!({ "text": "x", "class": "assigned-duty", "place": { "area": COMMUNITY } }));
        assert_eq!(door.error(), (409, "not-admitted".into()));
        let (number, _) = street.report("随便");
        assert_eq!(clerk.act(&number, "accept", json!({ "class": "assigned-duty" })).error(), (409, "not-admitted".into()));
        for client in [&clerk, &street] {
            assert_eq!(decide(client, &request, "consent", json!({ "reason": "可以" })).status, 200);
        }
        assert_eq!(task(&other, &request["number"]).error(), (403, "denied".into()), "another's admission");
        let smuggled = dept.post("/duties/tasks", &json!({ "admission": request["number"], "text": "顺便让居民打卡" }));
        assert_eq!(smuggled.error(), (409, "not-admitted".into()));
        let made = task(&dept, &request["number"]);
        assert_eq!(made.status, 201, "{}", made.text);
        let number = made.json()["number"].as_str().unwrap().to_owned();
        let case = clerk.get(&format!("/cases/{number}")).json();
        assert_eq!(
            (&case["class"], &case["holder"]["party"], &case["channel"]),
            (&json!("assigned-duty"), &json!("committee"), &json!("duty"))
        );
        assert!(case["text"].as_str().unwrap().contains("D-0001"), "it carries its admission");
        assert_eq!(clerk.act(&number, "accept", json!({})).status, 200);
        assert_eq!(task(&dept, &request["number"]).status, 201, "as often as needed");
        let seen = dept.get(&format!("/duties/requests/{}", request["number"].as_str().unwrap())).json();
        assert_eq!(seen["tasks"].as_array().unwrap().len(), 2);
        // When its term has passed, nothing more.
        w.app.ambience.advance(330 * DAY);
        let (dept, clerk) = (w.client(Some("dept")), w.client(Some("clerk")));
        assert_eq!(task(&dept, &request["number"]).error(), (409, "not-admitted".into()));
        assert_eq!(clerk.get("/equation").json()["holds"], true);
    });
}

#[test]
fn everybody_can_count_who_asked_and_why_it_was_refused() {
    on_each_engine(|w| {
        join(w, "dept", RoleKind::Department, "321002", None);
        let (dept, clerk, street, anyone) =
            (w.client(Some("dept")), w.client(Some("clerk")), w.client(Some("street")), w.client(None));
        ask(&dept, &asked("请社区打卡"));
        let request = ask(&dept, &asked("每周报一次数字"));
        decide(&clerk, &request, "refuse", json!({ "reason": "数据已经有了，可打 13812345678 核对", "item": "no-forms" }));
        let open = ask(&dept, &asked("协助登记充电桩"));
        ask(&street, &json!({ "community": SIBLING, "item": "own-mediate", "what": "调解", "until": "2026-12-31" }));
        let seen = anyone.get("/duties").json();
        assert!(seen["lists"].as_array().unwrap().iter().all(|l| l["items"].as_array().unwrap().len() >= 10));
        let n = &seen["numbers"][0];
        assert_eq!(
            (&n["party"], &n["asked"], &n["admitted"], &n["refused"], &n["refused_by_list"], &n["waiting"]),
            (&json!("dept"), &json!(3), &json!(0), &json!(2), &json!(1), &json!(1))
        );
        let by_desk = n["refusals"].as_array().unwrap().iter().find(|r| r["by"] == "committee").unwrap();
        let reason = by_desk["reason"].as_str().unwrap();
        assert!(reason.contains("数据已经有了") && !reason.contains("13812345678"), "{reason}");
        assert!(
            n["refusals"].as_array().unwrap().iter().any(|r| r["by"].is_null() && r["item"].as_str().unwrap().contains("打卡"))
        );
        assert_eq!(anyone.get("/duties?from=2026-03-05").json()["numbers"], json!([]));
        assert_eq!(anyone.get("/duties?from=x").error().1, "wrong-type");
        assert_eq!(anyone.get("/duties/requests").error().1, "sign-in");
        assert_eq!(clerk.get("/duties/requests").json()["items"][0]["number"], open["number"], "what waits for him comes first");
        for path in ["/duties", "/duties/requests"] {
            assert!(clerk.get_as(path, "text/html").text.contains("权责清单"), "{path}");
        }
        let page = clerk.get_as(&format!("/duties/requests/{}", open["number"].as_str().unwrap()), "text/html").text;
        assert!(page.contains("不算同意"), "{page}");
    });
}

#[test]
fn an_administrator_puts_edited_lists_in_force() {
    on_each_engine(|w| {
        join(w, "dept", RoleKind::Department, "321002", None);
        let root = w.client(Some("admin"));
        let (dept, clerk) = (w.client(Some("dept")), w.client(Some("clerk")));
        let book = root.get("/duties/workbook");
        assert_eq!(book.header("content-type"), Some(foreign::XLSX));
        let pack = w.app.db.read(|r| xiezhi::records::duty::pack::now(r, &w.app)).unwrap();
        let mut rows = pack.table();
        rows.push(["不得下派", "no-new", "代管钥匙", "Keeping keys", "约定", "Agreed", "代管钥匙"].map(str::to_owned).to_vec());
        let file = foreign::write_xlsx(&[("权责清单", rows.clone())]).unwrap();
        assert_eq!(send(&clerk, "/duties/lists", &[], &file).error().1, "denied");
        // The administrator here looks after the street only; the department lies outside of it.
        assert_eq!(send(&root, "/duties/lists", &[], &file).error().1, "denied");
        join(w, "boss", RoleKind::SystemAdmin, "321002", Some(w.body("dept")));
        let boss = w.client(Some("boss"));
        let mut bad = rows.clone();
        bad[5][1] = bad[6][1].clone();
        let wrong = send(&boss, "/duties/lists", &[], &foreign::write_xlsx(&[("x", bad)]).unwrap());
        assert_eq!(wrong.error(), (422, "bad-pack".into()));
        assert_eq!(
            (&wrong.json()["problems"][0]["line"], &wrong.json()["problems"][0]["code"]),
            (&json!(7), &json!("code-twice"))
        );
        assert_eq!(send(&boss, "/duties/lists", &[], b"a,b\n").error().1, "bad-pack");
        assert_eq!(send(&boss, "/duties/lists", &[], &file).json()["version"], 1);
        let refused = ask(&dept, &asked("请社区代管钥匙"));
        assert_eq!((&refused["state"], &refused["item"]), (&json!("refused"), &json!("代管钥匙")));
        let now = w.app.db.read(|r| xiezhi::records::duty::pack::now(r, &w.app)).unwrap();
        assert_eq!(*now, Pack { version: 1, ..(*now).clone() });
        assert_eq!(w.client(None).get("/duties").json()["version"], 1);
    });
}
