//! Signing in with a code by SMS: who gets one, how often, and what it opens.

use serde_json::{Value as Json, json};
use store::{Query as _, params};
use xiezhi::base::party;
use xiezhi::base::signin::{code, rules};
use xiezhi::kit::time::{DAY, HOUR, MINUTE};

use super::fake::Fake;
use super::notice::{bodies, gateway, settle, sms};
use super::world::{COMMUNITY, Client, World, on_each_engine};

const PHONE: &str = "13912345678";

/// The code that was sent last, once as many were sent as expected.
fn last_code(w: &World, system: &Fake, sent: usize) -> String {
    // This story sends what waits, unless the jobs of the served world were quicker.
    while system.asked().len() < sent {
        code::round(&w.app).unwrap();
        std::thread::yield_now();
    }
    let all = bodies(system);
    assert_eq!(all.len(), sent);
    let text = all[sent - 1]["text"].as_str().unwrap().to_owned();
    text.chars().filter(char::is_ascii_digit).take(6).collect()
}

fn asked(client: &Client, phone: &str) -> String {
    let answer = client.post("/sign-in/code", &json!({ "phone": phone }));
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["chain"].as_str().unwrap().to_owned()
}

fn body(chain: &str, code: &str) -> Json {
    json!({ "phone": PHONE, "chain": chain, "code": code })
}

fn wrong(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000)
}

#[test]
fn a_code_signs_in_and_the_first_time_an_account_comes_to_be() {
    on_each_engine(|w| {
        let system = gateway();
        sms(w, &system.url, "");
        let anyone = w.client(None);
        let page = anyone.get_as("/sign-in", "text/html").text;
        assert!(page.contains("id=\"phone\"") && page.contains("inputmode=\"numeric\""));
        let chain = asked(&anyone, " +86 139-1234-5678 ");
        let code = last_code(w, &system, 1);
        assert_eq!(bodies(&system)[0]["to"], PHONE);

        // Neither number nor code lies in the database or in the log in clear, and no list of what went out has it.
        let kept = w.app.db.read(|r| r.rows("select chain, phone, code from sms_code", &[])).unwrap();
        let told = format!("{kept:?}");
        assert!(!told.contains(PHONE) && !told.contains(&code), "{told}");
        assert_eq!(w.app.db.read(|r| r.count("select count(*) from delivery", &[])).unwrap(), 0);

        assert_eq!(anyone.post("/sign-in/code/check", &body(&chain, &wrong(&code))).error(), (401, "wrong-code".into()));
        assert_eq!(anyone.post("/sign-in/code/check", &body(&"0".repeat(32), &code)).error().1, "wrong-code");
        let other = json!({ "phone": "13900000009", "chain": chain, "code": code });
        assert_eq!(anyone.post("/sign-in/code/check", &other).error().1, "wrong-code", "a code is for its number");
        let wide: String = code.chars().map(|c| char::from_u32(c as u32 + 0xfee0).unwrap()).collect();
        let opened = anyone.post("/sign-in/code/check", &body(&chain, &wide));
        assert_eq!((opened.status, &opened.json()["roles"]), (200, &json!(["resident"])), "{}", opened.text);
        assert_eq!(anyone.post("/sign-in/code/check", &body(&chain, &code)).error().1, "wrong-code", "once");
        let token = opened.json()["token"].as_str().unwrap().to_owned();
        let me = Client { base: anyone.base.clone(), token: Some(token) };
        let seen = me.get("/me").json();
        assert_eq!((&seen["phone"], &seen["name"]), (&json!(PHONE), &json!("")));

        // A name, once, if he likes.
        assert_eq!(me.get_as("/me/name", "text/html").status, 200);
        assert_eq!(me.post("/me/name", &json!({ "name": "王阿姨" })).status, 200);
        assert_eq!(me.post("/me/name", &json!({ "name": "李阿姨" })).error().1, "state");
        assert_eq!(me.get("/me").json()["name"], "王阿姨");

        // The next time it is the same person.
        let (number, _) = me.report("楼道灯坏了");
        w.app.ambience.advance(MINUTE);
        let chain = asked(&anyone, PHONE);
        let code = last_code(w, &system, 2);
        let again = anyone.post("/sign-in/code/check", &body(&chain, &code)).json();
        let again = Client { base: anyone.base.clone(), token: again["token"].as_str().map(str::to_owned) };
        assert_eq!(again.get("/me").json()["name"], "王阿姨");
        assert!(again.get("/me/data").text.contains(&number));
        assert_eq!(again.get("/desk").status, 403);

        // Long after, the number may be somebody else's: nothing of hers opens.
        w.app.ambience.advance(181 * DAY);
        let chain = asked(&anyone, PHONE);
        let code = last_code(w, &system, 3);
        let later = anyone.post("/sign-in/code/check", &body(&chain, &code)).json();
        let later = Client { base: anyone.base.clone(), token: later["token"].as_str().map(str::to_owned) };
        assert_eq!(later.get("/me").json()["name"], "");
        assert!(!later.get("/me/data").text.contains(&number));
    });
}

#[test]
fn codes_die_by_age_and_by_tries_and_nobody_uses_up_anothers() {
    on_each_engine(|w| {
        let system = gateway();
        sms(w, &system.url, "");
        let anyone = w.client(None);
        let try_it = |chain: &str, code: &str| anyone.post("/sign-in/code/check", &body(chain, code));

        // Dead after five wrong tries, also for the right code.
        let chain = asked(&anyone, PHONE);
        let code = last_code(w, &system, 1);
        for _ in 0..rules::TRIES {
            assert_eq!(try_it(&chain, &wrong(&code)).status, 401);
        }
        assert_eq!(try_it(&chain, &code).error().1, "wrong-code");

        // Dead after five minutes, alive until then; another page's tries do not count here.
        w.app.ambience.advance(MINUTE);
        let (chain, elsewhere) = (asked(&anyone, PHONE), "f".repeat(32));
        let code = last_code(w, &system, 2);
        for _ in 0..rules::TRIES {
            assert_eq!(try_it(&elsewhere, &code).status, 401);
        }
        w.app.ambience.advance(rules::LASTS + 1);
        assert_eq!(try_it(&chain, &code).error().1, "wrong-code");
        let chain = asked(&anyone, PHONE);
        let code = last_code(w, &system, 3);
        w.app.ambience.advance(rules::LASTS);
        assert_eq!(try_it(&chain, &code).status, 200);

        // Sent again from the same page, the first code still works: messages overtake each other.
        w.app.ambience.advance(HOUR);
        let chain = asked(&anyone, PHONE);
        let first = last_code(w, &system, 4);
        let soon = anyone.post("/sign-in/code", &json!({ "phone": PHONE, "chain": chain }));
        assert_eq!((soon.error().1, soon.header("retry-after")), ("slow-down".into(), Some("60")));
        w.app.ambience.advance(MINUTE);
        let again = anyone.post("/sign-in/code", &json!({ "phone": PHONE, "chain": chain })).json();
        assert_eq!(again["chain"], json!(chain));
        last_code(w, &system, 5);
        assert_eq!(try_it(&chain, &first).status, 200);

        // Another number's chain is not taken over.
        let foreign = anyone.post("/sign-in/code", &json!({ "phone": "13900000001", "chain": chain })).json();
        assert_ne!(foreign["chain"], json!(chain));
    });
}

#[test]
fn a_number_and_an_address_are_asked_for_only_so_often() {
    on_each_engine(|w| {
        let system = gateway();
        sms(w, &system.url, "per_minute = 6000");
        let anyone = w.client(None);
        let ask = |phone: &str| {
            let answer = anyone.post("/sign-in/code", &json!({ "phone": phone }));
            if answer.status == 200 { None } else { answer.header("retry-after").map(|s| s.parse::<i64>().unwrap()) }
        };
        for _ in 0..5 {
            assert_eq!(ask(PHONE), None);
            w.app.ambience.advance(MINUTE);
        }
        assert_eq!(ask(PHONE), Some(55 * 60), "five in an hour");
        // A restart forgets nothing.
        let rows = w.app.db.read(|r| r.count("select count(*) from sms_ask", &[])).unwrap();
        assert_eq!(rows, 5);
        w.app.ambience.advance(HOUR);
        for _ in 0..5 {
            assert_eq!(ask(PHONE), None);
            w.app.ambience.advance(MINUTE);
        }
        w.app.ambience.advance(HOUR);
        assert!(ask(PHONE).unwrap() > 20 * 3600, "ten in a day");
        for n in 0..60 {
            assert_eq!(ask(&format!("138000001{n:02}")), None, "{n}");
        }
        assert!(ask("13800000300").is_some(), "sixty in an hour from one address");
        w.app.ambience.advance(DAY);
        assert_eq!(ask(PHONE), None);
        assert_eq!(w.app.db.read(|r| r.count("select count(*) from sms_ask", &[])).unwrap(), 1, "forgotten after a day");
    });
}

#[test]
fn whoever_works_here_gets_no_code_and_the_same_answer() {
    on_each_engine(|w| {
        let system = gateway();
        sms(w, &system.url, "");
        let (admin, anyone) = (w.client(Some("admin")), w.client(None));
        let new = json!({ "name": "小陈", "login": "chen", "password": "a long enough one", "kind": "grid_worker",
            "area": COMMUNITY, "phone": PHONE });
        assert_eq!(admin.post("/people", &new).status, 201);
        let known = anyone.post("/sign-in/code", &json!({ "phone": PHONE }));
        let unknown = anyone.post("/sign-in/code", &json!({ "phone": "13900000002" }));
        let shape = |a: &super::world::Answer| {
            let names: Vec<String> = a.headers.iter().map(|(k, _)| k.clone()).filter(|k| k != "date").collect();
            (a.status, names, a.json().as_object().unwrap().keys().cloned().collect::<Vec<_>>(), a.text.len())
        };
        assert_eq!(shape(&known), shape(&unknown));
        last_code(w, &system, 1);
        assert_eq!(bodies(&system)[0]["to"], "13900000002", "nothing went to the one who works here");
        let chain = known.json()["chain"].as_str().unwrap().to_owned();
        assert_eq!(anyone.post("/sign-in/code/check", &body(&chain, "000000")).error(), (401, "wrong-code".into()));

        // A resident who comes to work here: what the code had opened is a resident's, and no new code is sent.
        let chain = unknown.json()["chain"].as_str().unwrap().to_owned();
        let code = last_code(w, &system, 1);
        let opened = anyone.post("/sign-in/code/check", &json!({ "phone": "13900000002", "chain": chain, "code": code })).json();
        let resident = Client { base: anyone.base.clone(), token: opened["token"].as_str().map(str::to_owned) };
        let give = move |tx: &mut store::Tx| {
            let mark = party::phone::mark(tx, "13900000002");
            let row = tx.row("select person from person_phone where phone = $1", params![mark])?.unwrap();
            let area = xiezhi::base::area::by_code(tx, COMMUNITY)?.unwrap();
            party::add_role(tx, &row.get::<String>("person")?, xiezhi::kit::RoleKind::Operator, &area.id, None)
        };
        w.app.db.write(give).unwrap();
        assert_eq!((resident.get("/me").status, resident.get("/desk").status), (200, 403));
        w.app.ambience.advance(MINUTE);
        asked(&anyone, "13900000002");
        asked(&anyone, "13900000003");
        last_code(w, &system, 2);
        assert_eq!(bodies(&system)[1]["to"], "13900000003");
    });
}

#[test]
fn a_number_that_somebody_named_for_a_resident_opens_nothing_of_hers() {
    on_each_engine(|w| {
        let system = gateway();
        sms(w, &system.url, "");
        let (clerk, anyone) = (w.client(Some("clerk")), w.client(None));
        let card = json!({ "name": "王秀英", "place": "2单元501", "phone": PHONE });
        assert_eq!(clerk.post("/cards", &card).status, 201);
        let chain = asked(&anyone, PHONE);
        let code = last_code(w, &system, 1);
        let opened = anyone.post("/sign-in/code/check", &body(&chain, &code)).json();
        let other = Client { base: anyone.base.clone(), token: opened["token"].as_str().map(str::to_owned) };
        assert_eq!(other.get("/me").json()["name"], "");
        assert!(!other.get("/me/data").text.contains("2单元501"));
    });
}

#[test]
fn bad_numbers_and_no_gateway_are_said() {
    on_each_engine(|w| {
        let anyone = w.client(None);
        assert_eq!(anyone.post("/sign-in/code", &json!({ "phone": PHONE })).status, 404);
        assert!(!anyone.get_as("/sign-in", "text/html").text.contains("id=\"phone\""));
    });
    on_each_engine(|w| {
        let system = gateway();
        sms(w, &system.url, "");
        let anyone = w.client(None);
        for (phone, code) in [("", "missing"), ("0514-87654321", "wrong-type"), ("1381234567", "wrong-type")] {
            assert_eq!(anyone.post("/sign-in/code", &json!({ "phone": phone })).error(), (422, code.into()), "{phone}");
        }
        assert_eq!(anyone.post("/sign-in/code", &json!({ "phone": ["1"] })).error().1, "wrong-type");
        for code in ["", "12345", "abcdef", "1234567"] {
            let refused = anyone.post("/sign-in/code/check", &body(&"0".repeat(32), code));
            assert!(refused.status == 401 || refused.status == 422, "{code}: {}", refused.text);
        }
        assert!(system.asked().is_empty());
    });
}

#[test]
fn a_number_proved_in_ones_own_account_opens_that_account_and_never_anothers() {
    on_each_engine(|w| {
        let system = gateway();
        sms(w, &system.url, "");
        let (anyone, resident, clerk) = (w.client(None), w.client(Some("resident")), w.client(Some("clerk")));
        let w = &*w;
        // Confirms a number for notices; `sent`: messages that the gateway had so far, this one with them.
        let prove = |who: &Client, phone: &str, sent: usize| {
            assert_eq!(who.post("/me/notices/address", &json!({ "channel": "sms", "address": phone })).status, 200);
            settle(w);
            let code = last_code(w, &system, sent);
            assert_eq!(who.post("/me/notices/confirm", &json!({ "channel": "sms", "code": code })).status, 200);
        };
        let enter = |phone: &str, sent: usize| {
            let chain = asked(&anyone, phone);
            let code = last_code(w, &system, sent);
            let answer = anyone.post("/sign-in/code/check", &json!({ "phone": phone, "chain": chain, "code": code }));
            Client { base: anyone.base.clone(), token: answer.json()["token"].as_str().map(str::to_owned) }
        };
        let (number, _) = resident.report("楼道灯坏了");
        assert_eq!(resident.get("/me").json()["password"], true);
        prove(&resident, PHONE, 1);
        assert_eq!(resident.get("/me").json()["phone"], PHONE);
        let me = enter(PHONE, 2);
        assert!(me.get("/me/data").text.contains(&number), "the same account");

        // A new number takes the old one's place: whoever gets the old one opens nothing of hers.
        w.app.ambience.advance(HOUR);
        prove(&resident, "13912345679", 3);
        assert!(enter("13912345679", 4).get("/me/data").text.contains(&number));
        let stranger = enter(PHONE, 5);
        assert!(!stranger.get("/me/data").text.contains(&number));
        assert_eq!(stranger.get("/me").json()["password"], false);

        // The stranger's number stays the stranger's, whoever proves that he reads its messages.
        w.app.ambience.advance(HOUR);
        prove(&resident, PHONE, 6);
        assert_eq!(resident.get("/me").json()["phone"], "13912345679");
        assert!(!enter(PHONE, 7).get("/me/data").text.contains(&number));

        // Somebody who works here gains no way in.
        w.app.ambience.advance(HOUR);
        prove(&clerk, "13912345670", 8);
        let me = enter("13912345670", 9);
        assert_eq!((me.get("/me").json()["name"].clone(), me.get("/desk").status), (json!(""), 403));
    });
}
