//! What residents may do about what is held of them: see it, see who looked, ask, correct, destroy. And a canary that is looked
//! for wherever a value could get out.

use serde_json::{Value as Json, json};
use store::{Query as _, params};
use xiezhi::kit::error::Kind;
use xiezhi::kit::http::May;
use xiezhi::kit::time::DAY;
use xiezhi::records::register::erase;
use xiezhi::records::register::values::Source;

use crate::world::{Client, World, on_each_engine};

/// Values that stand nowhere else.
const NAME: &str = "某某resident";
const NUMBER: &str = "11010519491231002X";
const PHONE: &str = "13800000000";
const WORK: &str = "金丝雀养殖场";

fn purpose(client: &Client, code: &str) {
    assert_eq!(client.post("/register/purpose", &json!({ "purpose": code })).status, 200);
}

/// The resident of the world, as the register holds him.
fn registered(w: &mut World) -> String {
    let clerk = w.client(Some("clerk"));
    purpose(&clerk, "register-keep");
    let body = json!({"place": w.body_area("committee"), "door": "2单元602", "name": NAME, "id_number": NUMBER, "phone": PHONE, "work": WORK});
    let made = clerk.post("/register/people", &body);
    assert_eq!(made.status, 201, "{}", made.text);
    made.json()["id"].as_str().unwrap().to_owned()
}

fn field<'j>(page: &'j Json, field: &str) -> Option<&'j str> {
    let all = page["registered"]["values"].as_array()?;
    all.iter().find(|v| v["element"] == format!("register.{field}"))?["value"].as_str()
}

#[test]
fn a_resident_sees_what_is_held_and_who_looked() {
    on_each_engine(|w| {
        let id = registered(w);
        let me = w.client(Some("resident"));
        assert_eq!(me.get("/me/data").json()["registered"], Json::Null);
        let bind = |client: &Client, name: &str, number: &str| {
            client.post("/me/register", &json!({"name": name, "id_number": number})).status
        };
        assert_eq!(bind(&me, "别人", NUMBER), 404);
        assert_eq!(bind(&me, NAME, "110105194912310038"), 404);
        assert_eq!(bind(&w.client(Some("neighbour")), NAME, NUMBER), 404, "another name");
        assert_eq!(bind(&me, NAME, NUMBER), 200);
        let data = me.get("/me/data").json();
        assert_eq!((field(&data, "id_number"), field(&data, "work")), (Some(NUMBER), Some(WORK)), "his own, in clear");
        // Lists are reads as well, and seen at once.
        let other = w.client(Some("clerk"));
        purpose(&other, "register-visit");
        assert_eq!(other.post("/register", &json!({"q": PHONE})).json()["items"].as_array().unwrap().len(), 1);
        let clerk = w.client(Some("clerk2"));
        purpose(&clerk, "register-aid");
        assert_eq!(clerk.get("/register/people?area=321002001001").json()["items"][0]["id"], id.as_str());
        let reads = me.get("/me/reads").json();
        let all: Vec<&str> = reads["items"].as_array().unwrap().iter().map(|r| r["purpose"].as_str().unwrap()).collect();
        assert!(all.contains(&"register-aid"), "{reads}");
        assert_eq!(reads["items"][0]["by"], "committee");
        // A desk above sees a masked name only; that it looked for this number is said all the same.
        let street = w.client(Some("street"));
        purpose(&street, "register-safety");
        assert_eq!(street.post("/register", &json!({"q": NUMBER})).json()["items"][0]["id"], id.as_str());
        assert_eq!(me.get("/me/reads").json()["items"][0]["by"], "street");
        // Whoever he trusts with his reports is not shown his register.
        assert_eq!(w.client(Some("neighbour")).get("/me/data").json()["registered"], Json::Null);
    });
}

#[test]
fn what_was_answered_in_forms_is_among_my_data() {
    on_each_engine(|w| {
        let (id, clerk, me) = (registered(w), w.client(Some("clerk")), w.client(Some("resident")));
        assert_eq!(me.post("/me/register", &json!({"name": NAME, "id_number": NUMBER})).status, 200);
        assert_eq!(me.get("/me/data").json()["registered"]["answers"], json!([]));
        let form = json!({"title": "犬只登记", "purpose": "register-keep", "area": "321002001001", "due": "2026-04-30", "period": "once",
            "element": ["register.name"], "a1": "家里有几只狗", "a1_kind": "number", "a1_reason": "犬只登记"});
        let made = clerk.post("/forms", &form).json()["id"].as_str().unwrap().to_owned();
        assert_eq!(clerk.post(&format!("/forms/{made}/publish"), &json!({"reuse": "1"})).json()["state"], "open");
        assert_eq!(clerk.post(&format!("/forms/{made}/people/{id}"), &json!({"a1": "2"})).status, 200);
        let answers = me.get("/me/data").json()["registered"]["answers"].clone();
        assert_eq!(answers, json!([{"form": "犬只登记", "question": "家里有几只狗", "value": "2"}]));
        let page = me.get_as("/me/data", "text/html").text;
        assert!(page.contains("家里有几只狗"), "{page}");
        assert_eq!(w.client(Some("neighbour")).get("/me/data").json()["registered"], Json::Null);
    });
}

#[test]
fn of_joined_records_a_resident_sees_takes_back_and_destroys_all() {
    on_each_engine(|w| {
        let (id, clerk, me) = (registered(w), w.client(Some("clerk")), w.client(Some("resident")));
        w.app.ambience.advance(1_000);
        let body = json!({"place": w.body_area("committee"), "door": "5单元101", "name": "某某residant", "education": "20", "anyway": "1"});
        let double = clerk.post("/register/people", &body).json()["id"].as_str().unwrap().to_owned();
        let (page, tag) = (format!("/register/people/{double}"), json!({"code": "alone", "consent": "spoken"}));
        assert_eq!(clerk.post(&format!("{page}/tag"), &tag).status, 200);
        // Somebody reads the double, before it is known whose it is.
        let other = w.client(Some("clerk2"));
        purpose(&other, "register-aid");
        assert_eq!(other.get(&page).status, 200);
        assert_eq!(me.post("/me/register", &json!({"name": NAME, "id_number": NUMBER})).status, 200);
        let pair = crate::register::suspected(w, &id, &double);
        assert_eq!(clerk.post(&format!("/register/pairs/{pair}/same"), &json!({})).status, 200);

        let data = me.get("/me/data").json();
        assert!(field(&data, "education").is_some(), "{data}");
        assert_eq!(data["registered"]["tags"][0]["code"], "alone");
        let reads = me.get("/me/reads").json();
        let read =
            reads["items"].as_array().unwrap().iter().find(|r| r["purpose"] == "register-aid").expect("read as the double");
        let asked = me.post("/me/requests", &json!({"ask": "question", "text": "为什么看？", "entry": read["entry"]}));
        assert_eq!(asked.status, 200, "{}", asked.text);
        let about = clerk.get("/rights").json()["items"][0]["id"].as_str().unwrap().to_owned();
        assert_eq!(clerk.get(&format!("/rights/{about}")).json()["read"]["purpose"], "register-aid");
        assert_eq!(me.post("/me/tags/alone/withdraw", &json!({})).status, 200);
        assert_eq!(me.get("/me/data").json()["registered"]["tags"], json!([]));

        assert_eq!(me.post("/me/requests", &json!({"ask": "erase", "text": "请删除"})).status, 200);
        let all = clerk.get("/rights").json();
        let request = all["items"].as_array().unwrap().iter().find(|r| r["ask"] == "erase").unwrap()["id"].as_str().unwrap();
        assert_eq!(clerk.post(&format!("/rights/{request}/done"), &json!({"text": "已删除"})).status, 200);
        for gone in [&id, &double] {
            let keys = "select count(*) from subject_key where owner = $1";
            assert_eq!(w.app.db.read(|r| r.count(keys, params![gone])).unwrap(), 0);
            assert_eq!(clerk.get(&format!("/register/people/{gone}")).status, 404);
        }
        crate::register::recounted(w);
    });
}

#[test]
fn a_correction_asked_for_before_its_record_was_joined_reaches_the_one_that_stands_for_it() {
    on_each_engine(|w| {
        let clerk = w.client(Some("clerk"));
        purpose(&clerk, "register-keep");
        let older = json!({"place": w.body_area("committee"), "door": "5单元101", "name": "某某residant", "work": "跑运输"});
        let older = clerk.post("/register/people", &older).json()["id"].as_str().unwrap().to_owned();
        w.app.ambience.advance(1_000);
        let mine = json!({"place": w.body_area("committee"), "door": "2单元602", "name": NAME, "id_number": NUMBER, "phone": PHONE,
            "work": WORK, "anyway": "1"});
        let id = clerk.post("/register/people", &mine).json()["id"].as_str().unwrap().to_owned();
        let (me, other) = (w.client(Some("resident")), w.client(Some("clerk2")));
        assert_eq!(me.post("/me/register", &json!({"name": NAME, "id_number": NUMBER})).status, 200);
        let ask = json!({"ask": "correct", "element": "work", "value": "退休", "text": "退休了"});
        assert_eq!(me.post("/me/requests", &ask).status, 200);
        let page = |id: &str| clerk.get(&format!("/register/people/{id}")).json();
        let version = page(&id)["version"].clone();
        let pair = crate::register::suspected(w, &older, &id);
        assert_eq!(clerk.post(&format!("/register/pairs/{pair}/same"), &json!({})).status, 200);
        assert_eq!(page(&older)["joined"], json!([id]), "the older one stands for both");
        let request = other.get("/rights").json()["items"][0]["id"].as_str().unwrap().to_owned();
        assert_eq!(other.post(&format!("/rights/{request}/done"), &json!({"text": "已改正"})).status, 200);
        assert_eq!(field(&me.get("/me/data").json(), "work"), Some("退休"));
        // Who saw the record before it was joined, and saves its page, is told to look again.
        let who = w.who("clerk");
        let (joined, seen) = (id.clone(), version.as_i64());
        let late = w.app.db.write(move |tx| {
            let values = [("register.work", "种地".to_owned())];
            xiezhi::records::register::act::correct(tx, &who, &joined, seen, &values, Source::Said)
        });
        assert_eq!(late.err().unwrap().kind, Kind::Changed);
        assert_eq!(field(&me.get("/me/data").json(), "work"), Some("退休"));
    });
}

#[test]
fn requests_have_a_clock_and_an_answer() {
    on_each_engine(|w| {
        let id = registered(w);
        let (me, clerk, other) = (w.client(Some("resident")), w.client(Some("clerk")), w.client(Some("clerk2")));
        let ask = |body: Json| me.post("/me/requests", &body);
        assert_eq!(ask(json!({"ask": "erase", "text": "不想留"})).json()["code"], "not-found", "not tied yet");
        assert_eq!(me.post("/me/register", &json!({"name": NAME, "id_number": NUMBER})).status, 200);
        for (body, code) in [
            (json!({"ask": "everything", "text": "?"}), "unknown-value"),
            (json!({"ask": "correct", "text": "?"}), "missing"),
            (json!({"ask": "correct", "element": "shoe", "value": "43"}), "unknown-value"),
            (json!({"ask": "correct", "element": "birth", "value": "1990-02-30"}), "wrong-type"),
            (json!({"ask": "question", "text": "?", "entry": 1}), "not-found"),
        ] {
            assert_eq!(ask(body.clone()).json()["code"], code, "{body}");
        }
        // A read is asked about: whoever read it may not answer.
        assert_eq!(clerk.get(&format!("/register/people/{id}")).status, 200);
        let entry = me.get("/me/reads").json()["items"][0]["entry"].clone();
        assert_eq!(ask(json!({"ask": "question", "text": "为什么看我？", "entry": entry})).status, 200);
        assert_eq!(ask(json!({"ask": "correct", "element": "work", "value": "退休", "text": "退休了"})).status, 200);
        let open = other.get("/rights").json();
        let find = |kind: &str| {
            open["items"].as_array().unwrap().iter().find(|i| i["ask"] == kind).unwrap()["id"].as_str().unwrap().to_owned()
        };
        let (question, correct) = (find("question"), find("correct"));
        let answer =
            |client: &Client, id: &str, how: &str| client.post(&format!("/rights/{id}/{how}"), &json!({"text": "已核实"}));
        assert_eq!(answer(&clerk, &question, "done").json()["code"], "denied");
        assert_eq!(clerk.get(&format!("/rights/{question}")).json()["answers"], false);
        assert_eq!(answer(&other, &question, "done").status, 200);
        assert_eq!(answer(&other, &question, "done").json()["code"], "state");
        assert_eq!(answer(&clerk, &correct, "done").status, 200);
        let data = me.get("/me/data").json();
        assert_eq!(field(&data, "work"), Some("退休"));
        let mine = me.get("/me/requests").json();
        assert!(mine["items"].as_array().unwrap().iter().all(|i| i["state"] == "done" && i["answer"] == "已核实"), "{mine}");
        // What is late is seen above; and by nobody beside.
        assert_eq!(ask(json!({"ask": "erase", "text": "搬走了"})).status, 200);
        let street = w.client(Some("street"));
        assert_eq!(street.get("/rights").json()["items"], json!([]));
        w.app.ambience.advance(16 * DAY);
        let (street, stranger) = (w.client(Some("street")), w.client(Some("stranger")));
        let late = street.get("/rights").json();
        assert_eq!(late["items"][0]["late"], true);
        let erased = late["items"][0]["id"].as_str().unwrap().to_owned();
        assert_eq!(stranger.get("/rights").json()["items"], json!([]));
        assert_eq!(answer(&stranger, &erased, "done").json()["code"], "not-found");
        assert_eq!(answer(&w.client(Some("clerk")), &erased, "done").status, 200);
        assert_eq!(w.client(Some("resident")).get("/me/data").json()["registered"], Json::Null);
    });
}

#[test]
fn consent_is_taken_back_as_easily_as_given_and_records_end_by_themselves() {
    on_each_engine(|w| {
        let id = registered(w);
        let (me, clerk) = (w.client(Some("resident")), w.client(Some("clerk")));
        assert_eq!(me.post("/me/register", &json!({"name": NAME, "id_number": NUMBER})).status, 200);
        let tag = |code: &str, consent: &str| {
            clerk.post(&format!("/register/people/{id}/tag"), &json!({"code": code, "consent": consent})).status
        };
        assert_eq!((tag("alone", "said"), tag("veteran", "law")), (200, 200));
        assert_eq!(me.get("/me/data").json()["registered"]["tags"].as_array().unwrap().len(), 2);
        assert_eq!(me.post("/me/tags/alone/withdraw", &json!({})).status, 200);
        assert_eq!(me.post("/me/tags/veteran/withdraw", &json!({})).status, 404, "kept by law");
        assert_eq!(clerk.get(&format!("/register/people/{id}")).json()["tags"][0]["code"], "veteran");
        let child = json!({"place": w.body_area("committee"), "door": "101", "name": "小明", "birth": "2020-01-01"});
        let child = clerk.post("/register/people", &child).json()["id"].as_str().unwrap().to_owned();
        let said = |consent: &str| {
            clerk.post(&format!("/register/people/{child}/tag"), &json!({"code": "left-behind", "consent": consent})).json()
        };
        assert_eq!(said("said")["code"], "guardian");
        assert_eq!(said("guardian")["tags"][0]["code"], "left-behind");
        // A tag ends by itself, and is no longer counted.
        let counted = "select max(n) from resident_count where what = 'tag:left-behind'";
        assert!(w.app.db.read(|r| r.count(counted, &[])).unwrap() > 0);
        w.app.ambience.advance(367 * DAY);
        erase::sweep(&w.app).unwrap();
        assert_eq!(w.app.db.read(|r| r.count(counted, &[])).unwrap(), 0);
        let clerk = w.client(Some("clerk"));
        purpose(&clerk, "register-keep");
        // Two years after somebody left, his record is destroyed.
        assert_eq!(clerk.post(&format!("/register/people/{id}/leave"), &json!({})).status, 200);
        erase::sweep(&w.app).unwrap();
        assert_eq!(clerk.get(&format!("/register/people/{id}")).status, 200);
        w.app.ambience.advance(731 * DAY);
        erase::sweep(&w.app).unwrap();
        let clerk = w.client(Some("clerk"));
        purpose(&clerk, "register-keep");
        assert_eq!(clerk.get(&format!("/register/people/{id}")).status, 404);
        assert_eq!(clerk.get(&format!("/register/people/{child}")).status, 200);
        let proof = "select count(*) from log where act = 'register.expire' and obj = $1";
        assert_eq!(w.app.db.read(|r| r.count(proof, params![&id])).unwrap(), 1);
    });
}

/// Bytes of every file of a node.
fn files(dir: &std::path::Path) -> Vec<(String, Vec<u8>)> {
    let mut out = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap().flatten() {
        if entry.path().is_dir() {
            out.extend(files(&entry.path()));
        } else {
            out.push((entry.path().display().to_string(), std::fs::read(entry.path()).unwrap()));
        }
    }
    out
}

fn holds(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|w| w == text)
}

/// Every text of every table.
fn texts(w: &World) -> Vec<(String, String)> {
    let pg = w.app.config.database_url.is_some();
    let sql = if pg {
        "select table_name t, column_name c from information_schema.columns where table_schema = current_schema() and data_type = 'text'"
    } else {
        "select m.name t, p.name c from sqlite_master m join pragma_table_info(m.name) p where m.type = 'table' and lower(p.type) = 'text'"
    };
    let mut out = Vec::new();
    for row in w.app.db.read(|r| r.rows(sql, &[])).unwrap() {
        let (table, column): (String, String) = (row.get("t").unwrap(), row.get("c").unwrap());
        let rows = w.app.db.read(|r| r.rows(&format!("select {column} v from {table} where {column} is not null"), &[])).unwrap();
        out.extend(rows.iter().map(|r| (format!("{table}.{column}"), r.get::<String>("v").unwrap())));
    }
    out
}

#[test]
fn inv07_a_canary_is_found_in_no_output_log_or_notice() {
    on_each_engine(|w| {
        let id = registered(w);
        let clerk = w.client(Some("clerk"));
        for (action, body) in [
            ("tag", json!({"code": "low-income", "consent": "said"})),
            ("change", json!({"phone": "13800000009"})),
            ("seen", json!({})),
        ] {
            assert_eq!(clerk.post(&format!("/register/people/{id}/{action}"), &body).status, 200);
        }
        let double = json!({"place": w.body_area("committee"), "door": "3单元602", "name": NAME, "phone": "13800000009", "birth": "1949-12-31", "anyway": "1"});
        assert_eq!(clerk.post("/register/people", &double).status, 201);
        assert_eq!(clerk.post("/register/search", &json!({})).status, 200);
        let canary = [NUMBER, WORK, "13800000009", "low-income"];
        for (place, text) in texts(w) {
            let named = canary.iter().find(|c| text.contains(**c));
            // The catalogue of tags and counters knows the word, and nobody by it.
            assert!(named.is_none() || (place == "resident_count.what" && text == "tag:low-income"), "{place}: {text}");
        }
        let ids: Vec<String> = vec![id.clone()];
        for login in [
            None,
            Some("resident"),
            Some("neighbour"),
            Some("property"),
            Some("helper"),
            Some("stranger"),
            Some("street"),
            Some("admin"),
            Some("head"),
        ] {
            let client = w.client(login);
            if !matches!(login, None | Some("resident" | "neighbour" | "admin")) {
                purpose(&client, "register-keep");
            }
            for route in xiezhi::edge::routes::all().iter().filter(|r| r.method == "GET" && r.may != May::Admin) {
                for id in &ids {
                    let path = route.path.replace("{id}", id).replace("{code}", "321002001001");
                    if path.contains('{') || path.starts_with("/live") {
                        continue;
                    }
                    for query in ["", "?area=321002001001", "?area=321002001001&tag=low-income", "?q=13800000009"] {
                        for accept in ["application/json", "text/html"] {
                            let answer = client.get_as(&format!("{path}{query}"), accept);
                            let out = canary.iter().find(|c| **c != "low-income" && answer.text.replace(query, "").contains(**c));
                            let own_question = out == Some(&"13800000009") && query.contains("13800000009");
                            assert!(out.is_none() || own_question, "{login:?} {path}{query}: {out:?}");
                        }
                    }
                }
            }
        }
    });
}

#[test]
fn erasure_leaves_nothing_that_could_be_read() {
    on_each_engine(|w| {
        let id = registered(w);
        let clerk = w.client(Some("clerk"));
        assert_eq!(clerk.post(&format!("/register/people/{id}/change"), &json!({"work": "别处"})).status, 200);
        let wrapped: Vec<u8> = w
            .app
            .db
            .read(|r| r.row("select wrapped from subject_key where owner = $1", params![&id]))
            .unwrap()
            .unwrap()
            .get("wrapped")
            .unwrap();
        let me = w.client(Some("resident"));
        assert_eq!(me.post("/me/register", &json!({"name": NAME, "id_number": NUMBER})).status, 200);
        assert_eq!(me.post("/me/requests", &json!({"ask": "erase", "text": "请删除"})).status, 200);
        let request = clerk.get("/rights").json()["items"][0]["id"].as_str().unwrap().to_owned();
        assert_eq!(clerk.post(&format!("/rights/{request}/done"), &json!({"text": "已删除"})).status, 200);
        for sql in [
            "select count(*) from subject_key where owner = $1",
            "select count(*) from resident_mark where resident = $1",
            "select count(*) from resident where id = $1 and sealed is not null",
        ] {
            assert_eq!(w.app.db.read(|r| r.count(sql, params![&id])).unwrap(), 0, "{sql}");
        }
        assert_eq!(clerk.post("/register", &json!({"q": NUMBER})).json()["items"], json!([]));
        // What is left is sealed under a key that is gone; the log still proves that something was there.
        let past = w.app.db.read(|r| {
            let row = r.row("select sealed from resident_past where resident = $1", params![&id])?.unwrap();
            r.open(&id, &row.get::<Vec<u8>>("sealed")?)
        });
        assert_eq!(past.map_err(|e: store::Error| e.to_string()), Ok(None));
        if w.app.config.database_url.is_none() {
            // The file itself: neither the words, nor the key under which they were sealed.
            // The writer empties the journal as soon as nobody reads; each further try gives it a moment.
            let wiped = || files(w.dir.path()).iter().all(|(name, bytes)| name.contains("keys") || !holds(bytes, &wrapped));
            let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
            while !wiped() && std::time::Instant::now() < until {
                std::thread::sleep(std::time::Duration::from_millis(100));
            }
            assert!(wiped(), "the wrapped key is still there");
            for (name, bytes) in files(w.dir.path()) {
                for text in [NUMBER.as_bytes(), WORK.as_bytes(), "请删除".as_bytes()] {
                    assert!(!holds(&bytes, text), "{name}");
                }
            }
        }
    });
}

#[test]
fn the_audit_administrator_sees_numbers_and_no_value_and_no_other_administrator_does() {
    on_each_engine(|w| {
        let id = registered(w);
        let clerk = w.client(Some("clerk"));
        assert_eq!(clerk.get(&format!("/register/people/{id}")).status, 200);
        for login in ["admin", "clerk", "resident"] {
            assert_eq!(w.client(Some(login)).get("/audit/reads").json()["code"], "denied", "{login}");
        }
        assert_eq!(w.client(Some("admin")).get(&format!("/register/people/{id}")).json()["code"], "denied");
        let person = w.who("neighbour").person.unwrap();
        let area = w.body_area("committee");
        let give =
            move |tx: &mut store::Tx| xiezhi::base::party::add_role(tx, &person, xiezhi::kit::RoleKind::AuditAdmin, &area, None);
        w.app.db.write(give).unwrap();
        let audit = w.client(Some("neighbour"));
        let page = audit.get("/audit/reads").json();
        assert_eq!(
            (&page["items"][0]["body"], &page["items"][0]["purpose"], &page["items"][0]["subjects"]),
            (&json!("committee"), &json!("register-keep"), &json!(1)),
            "{page}"
        );
        assert!(!page.to_string().contains(NUMBER));
        assert_eq!(audit.get("/audit/reads?days=0").json()["code"], "out-of-range");
        assert_eq!(audit.get("/register").json()["code"], "denied");
    });
}

/// A node that changes how it seals still reads what it wrote.
#[test]
fn every_suite_reads_what_the_others_wrote() {
    for suite in ["sm4-gcm", "aes-256-gcm"] {
        let mut w = World::new(None);
        w.configure(|c| c.file.store.suite = suite.into());
        let id = registered(&mut w);
        w.server = None;
        w.configure(|c| c.file.store.suite = "xchacha20-poly1305".into());
        let clerk = w.client(Some("clerk"));
        let page = clerk.get(&format!("/register/people/{id}"));
        assert!(page.text.contains(NUMBER), "{suite}: {}", page.text);
    }
}

/// A program that ends with its test, however that ends.
struct Running(std::process::Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What the program itself says on its way, wrong requests included, names nobody.
#[test]
fn inv07_the_programs_own_words_hold_no_canary() {
    use std::io::{BufRead as _, BufReader, Read as _};
    use std::process::{Command, Stdio};
    let dir = tempfile::tempdir().unwrap();
    let child = Command::new(env!("CARGO_BIN_EXE_xiezhi"))
        .args(["demo", "--people", "0", "--listen", "127.0.0.1:0", "--data"])
        .arg(dir.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut running = Running(child);
    let child = &mut running.0;
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = |beginning: &str| loop {
        let line = lines.next().unwrap().unwrap();
        if let Some(rest) = line.strip_prefix(beginning) {
            return rest.to_owned();
        }
    };
    let base = next("listening ");
    let account = next("account committee ");
    let (name, password) = account.split_once(' ').unwrap();
    let mut client = Client { base, token: None };
    let signed = client.post("/sign-in", &json!({"name": name, "password": password})).json();
    client.token = Some(signed["token"].as_str().unwrap().to_owned());
    purpose(&client, "register-keep");
    let area = client.get("/register").json()["areas"][0]["id"].clone();
    let person = |more: Json| {
        let mut body = json!({"place": area, "door": "1", "name": WORK, "id_number": NUMBER, "phone": "13987654321"});
        more.as_object().unwrap().iter().for_each(|(k, v)| body[k] = v.clone());
        client.post("/register/people", &body)
    };
    assert_eq!(person(json!({})).status, 201);
    // Refused for every reason there is: held, unreadable, unknown, too long; and whoever asks in the address.
    for (more, status) in [
        (json!({"anyway": "1"}), 409),
        (json!({"birth": NUMBER}), 422),
        (json!({"sex": WORK}), 422),
        (json!({"work": WORK.repeat(40)}), 422),
        (json!({"place": WORK}), 422),
    ] {
        assert_eq!(person(more.clone()).status, status, "{more}");
    }
    assert_eq!(client.get(&format!("/register/people/{NUMBER}")).status, 404);
    assert_eq!(client.post("/register", &json!({"q": [NUMBER]})).status, 422);
    child.kill().unwrap();
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    said.extend(lines.map_while(Result::ok));
    for canary in [NUMBER, WORK, "13987654321"] {
        assert!(!said.contains(canary), "{canary} in: {said}");
    }
}
