//! Using what is shared: asked for, granted with a clock, read under a grant that ends by itself; rows that do not fit are
//! refused and said why; what is wrong is objected to and set right everywhere.

use serde_json::{Value as Json, json};
use store::Query as _;
use xiezhi::kit::time::{DAY, HOUR, MINUTE};

use super::shares::{after, departments, low_income, published, told};
use super::world::{Answer, COMMUNITY, Client, SIBLING, World, on_each_engine, send};

const ID: [&str; 3] = ["110105194005010023", "11010519491231002X", "320100199003070014"];

/// Three rows that fit, with what is changed in the first.
fn rows(change: Json) -> Json {
    let mut first =
        json!({ "id_number": ID[0], "full_name": "王丽", "education": "小学", "place": COMMUNITY, "granted_on": "2025-01-01" });
    first.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    json!([first,
        { "id_number": ID[1], "full_name": "赵大", "education": "初中", "place": SIBLING, "granted_on": "2025-02-01" }])
}

fn bring(client: &Client, rows: &Json) -> Answer {
    client.post("/share/resources/low-income/rows", &json!({ "version": 1, "source": "civil", "rows": rows }))
}

fn brought(w: &mut World) -> Client {
    let civil = w.client(Some("civil"));
    let done = bring(&civil, &rows(json!({})));
    assert_eq!((done.status, &done.json()["taken"], &done.json()["changed"]), (200, &json!(2), &json!(2)), "{}", done.text);
    civil
}

/// What `login` asks for, with what is changed; gives the number.
fn asked(client: &Client, change: Json) -> String {
    let made = ask(client, change);
    assert_eq!(made.status, 201, "{}", made.text);
    made.json()["number"].as_str().unwrap().to_owned()
}

fn ask(client: &Client, change: Json) -> Answer {
    let mut new = json!({ "resource": "low-income", "fields": ["id_number", "full_name", "education"], "purpose": "就业帮扶",
        "basis": "《就业促进法》", "days": 30, "way": "read" });
    new.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    client.post("/share/requests", &new)
}

fn decide(client: &Client, number: &str, answer: Json) -> Answer {
    client.post(&format!("/share/requests/{number}/decide"), &answer)
}

#[test]
fn a_request_is_answered_in_time_cut_with_a_reason_and_read_under_its_grant() {
    on_each_engine(|w| {
        departments(w);
        published(w, "civil", &low_income());
        let civil = brought(w);
        let (labour, clerk, resident) = (w.client(Some("labour")), w.client(Some("clerk")), w.client(Some("resident")));
        assert_eq!(labour.get("/share/resources/low-income/ask").json()["fields"].as_array().unwrap().len(), 5);
        assert_eq!(ask(&labour, json!({ "fields": ["salary"] })).error(), (422, "unknown-value".into()));
        assert_eq!(ask(&labour, json!({ "fields": [] })).error(), (422, "missing".into()));
        assert_eq!(ask(&labour, json!({ "basis": "" })).error(), (422, "missing".into()));
        assert_eq!(ask(&labour, json!({ "days": 100_000 })).error(), (422, "out-of-range".into()));
        assert_eq!(ask(&resident, json!({})).status, 403);
        assert_eq!(ask(&civil, json!({})).status, 403, "nobody asks himself");
        let number = asked(&labour, json!({}));
        assert_eq!(number, "K-0001");
        assert!(told(&civil, "share-asked"));
        let at = format!("/share/requests/{number}");
        assert_eq!((clerk.get(&at).status, civil.get(&at).json()["decides"].clone()), (404, json!(true)));
        assert_eq!(civil.get("/share/requests").json()["waiting"][0]["number"], number.as_str());
        assert_eq!(labour.get("/share/data/low-income").error(), (403, "not-granted".into()));
        assert_eq!(decide(&labour, &number, json!({ "yes": true })).error(), (403, "own-organisation".into()));
        assert_eq!(decide(&clerk, &number, json!({ "yes": true })).error(), (403, "denied".into()));
        let cut = json!({ "yes": true, "fields": ["id_number", "full_name"] });
        assert_eq!(decide(&civil, &number, cut.clone()).error(), (422, "missing".into()), "less with a reason");
        let mut cut = cut;
        cut["why"] = "用不到文化程度".into();
        let given = decide(&civil, &number, cut);
        assert_eq!((given.status, &given.json()["state"]), (200, &json!("granted")), "{}", given.text);
        assert!(told(&labour, "share-granted"));
        // Read: the fields that were given, each with from where and when; the read is in the log.
        let page = labour.get("/share/data/low-income").json();
        assert_eq!(page["items"].as_array().unwrap().len(), 2);
        let one = labour.get(&format!("/share/data/low-income?key={}", ID[0])).json();
        let row = one["items"][0].clone();
        assert_eq!((&row["values"]["full_name"], &row["values"]["education"]), (&json!("王丽"), &Json::Null));
        assert_eq!(row["origin"]["full_name"]["source"], "civil");
        let reads =
            "select count(*) from read_log where purpose = 'share' and elements like '%share.value%' and matters like '%K-0001%'";
        assert_eq!(w.app.db.read(|r| r.count(reads, &[])).unwrap(), 3, "two of the page, one by its key");
        assert_eq!(clerk.get("/share/data/low-income").error(), (403, "not-granted".into()), "another organisation");
        assert_eq!(labour.get_as("/share/data/low-income", "text/html").status, 200);
        for page in ["/share/requests", &at, "/share/resources/low-income", "/share/resources/low-income/ask"] {
            assert_eq!(labour.get_as(page, "text/html").status, 200, "{page}");
        }
        assert_eq!(civil.get_as("/share/resources/low-income", "text/html").status, 200);
        // What lies in the database tells no name and no number.
        let kept = w.app.db.read(|r| r.rows("select * from share_row", &[])).unwrap();
        assert!(!format!("{kept:?}").contains("王丽") && !format!("{kept:?}").contains(ID[0]));
        // It ends by itself.
        after(w, 31 * DAY);
        let labour = w.client(Some("labour"));
        assert_eq!(labour.get(&at).json()["state"], "ended");
        assert_eq!(labour.get("/share/data/low-income").error(), (403, "not-granted".into()));
        assert!(told(&labour, "share-ended"));
    });
}

#[test]
fn a_key_reads_what_one_request_was_granted_and_ends_with_it() {
    on_each_engine(|w| {
        departments(w);
        published(w, "civil", &low_income());
        let (civil, labour) = (brought(w), w.client(Some("labour")));
        let number = asked(&labour, json!({ "place": COMMUNITY }));
        let key = format!("/share/requests/{number}/key");
        assert_eq!(labour.post(&key, &json!({})).error(), (403, "not-granted".into()));
        decide(&civil, &number, json!({ "yes": true }));
        assert_eq!(civil.post(&key, &json!({})).error(), (403, "denied".into()));
        let program = |made: Answer| {
            assert_eq!(made.status, 201, "{}", made.text);
            Client { base: labour.base.clone(), token: Some(made.json()["key"].as_str().unwrap().to_owned()) }
        };
        let first = program(labour.post(&key, &json!({})));
        let got = first.get("/share/data/low-income").json();
        assert_eq!((got["items"].as_array().unwrap().len(), &got["request"]), (1, &json!(number)), "of that community alone");
        assert_eq!(first.get("/share/requests").error(), (403, "key-purpose".into()));
        assert_eq!(first.get("/cases").error(), (403, "key-purpose".into()));
        // Another request is another key's; a key that was made for no request opens nothing.
        let loose =
            labour.post("/developers/keys", &json!({ "body": w.body("labour"), "name": "x", "purposes": ["share-data"] }));
        assert_eq!(program(loose).get("/share/data/low-income").error(), (403, "not-granted".into()));
        let second = program(labour.post(&key, &json!({})));
        assert_eq!(first.get("/share/data/low-income").error(), (401, "key-ended".into()), "one at a time");
        assert_eq!(second.get("/share/data/low-income").status, 200);
        let ended = civil.post(&format!("/share/requests/{number}/end"), &json!({ "why": "用途已完成" }));
        assert_eq!(ended.json()["state"], "ended");
        assert_eq!(second.get("/share/data/low-income").error(), (401, "key-ended".into()));
    });
}

#[test]
fn what_is_shared_without_conditions_is_granted_at_once_and_waits_only_for_its_rows() {
    on_each_engine(|w| {
        departments(w);
        let open = json!({ "code": "toilets", "title": "公厕", "about": "公共厕所位置", "theme": "facilities", "share": "unconditional",
            "rhythm": "yearly", "fields": [{ "name": "no", "title": "编号", "key": true }, { "name": "name", "title": "名称" }] });
        published(w, "labour", &open);
        let (labour, clerk) = (w.client(Some("labour")), w.client(Some("clerk")));
        let number = asked(&clerk, json!({ "resource": "toilets", "fields": ["no", "name"], "way": "file" }));
        let at = format!("/share/requests/{number}");
        let now = clerk.get(&at).json();
        assert_eq!((&now["state"], &now["delivered_at"]), (&json!("granted"), &Json::Null));
        assert!(told(&labour, "share-deliver"));
        // Nothing is delivered: after twenty working days the desk above is told.
        after(w, 29 * DAY);
        let (labour, clerk, street) = (w.client(Some("labour")), w.client(Some("clerk")), w.client(Some("street")));
        assert!(told(&street, "share-above") && told(&labour, "share-late"));
        let table = "编号,名称\n1,东门公厕\n2,=1+1\n".as_bytes();
        let done = send(&labour, "/share/resources/toilets/rows", &[("version", "1")], table);
        assert_eq!((done.status, &done.json()["taken"]), (200, &json!(2)), "{}", done.text);
        assert!(told(&clerk, "share-delivered"));
        assert!(clerk.get(&at).json()["delivered_at"].is_string());
        let csv = clerk.get(&format!("{at}/file?as=csv"));
        assert!(csv.text.contains("东门公厕") && csv.text.contains("'=1+1"), "nothing in it is computed: {}", csv.text);
        let book = clerk.get(&format!("/share/requests/{number}/file"));
        assert!(book.body.starts_with(b"PK") && book.header("content-disposition").unwrap().contains(&number));
        assert_eq!(clerk.get("/share/data/toilets").error(), (403, "not-granted".into()), "it was to be a file");
        assert_eq!(labour.get(&format!("{at}/file")).status, 404);
        assert!(labour.get("/share/resources/toilets/table").body.starts_with(b"PK"));
        // Renewed before its end, at once; given back.
        let renewed = clerk.post(&format!("/share/requests/{number}/renew"), &json!({}));
        assert_eq!(
            (renewed.status, &renewed.json()["state"], &renewed.json()["renews"]),
            (201, &json!("granted"), &json!(number))
        );
        assert_eq!(clerk.post(&format!("{at}/end"), &json!({})).json()["state"], "ended");
        assert_eq!(clerk.post(&format!("{at}/renew"), &json!({})).error(), (409, "state".into()));
        // The resource is withdrawn: what was granted ends.
        labour.post("/share/resources/toilets/withdraw", &json!({ "why": "停用" }));
        assert_eq!(clerk.get("/share/requests/K-0002").json()["state"], "ended");
    });
}

#[test]
fn a_provider_that_does_not_answer_loses_it_to_the_desk_above() {
    on_each_engine(|w| {
        departments(w);
        published(w, "civil", &low_income());
        let labour = w.client(Some("labour"));
        let number = asked(&labour, json!({}));
        after(w, 14 * DAY - HOUR);
        assert!(!told(&w.client(Some("street")), "share-above"));
        after(w, 10 * HOUR);
        let (civil, street, labour) = (w.client(Some("civil")), w.client(Some("street")), w.client(Some("labour")));
        assert!(told(&street, "share-above") && told(&civil, "share-late"));
        assert_eq!(decide(&civil, &number, json!({ "yes": true })).error(), (403, "denied".into()));
        assert_eq!(decide(&street, &number, json!({ "yes": false })).error(), (422, "missing".into()));
        assert_eq!(decide(&street, &number, json!({ "yes": false, "why": "用途不明" })).json()["state"], "refused");
        assert!(told(&labour, "share-refused"));
        let steps = labour.get(&format!("/share/requests/{number}")).json()["steps"].clone();
        let acts: Vec<&str> = steps.as_array().unwrap().iter().map(|s| s["act"].as_str().unwrap()).collect();
        assert_eq!(acts, ["ask", "late", "refuse"]);
        assert_eq!(steps[2]["words"], "用途不明");
        // Taken back before anybody answered.
        let again = asked(&labour, json!({}));
        assert_eq!(labour.post(&format!("/share/requests/{again}/end"), &json!({})).json()["state"], "withdrawn");
        assert_eq!(decide(&civil, &again, json!({ "yes": true })).error(), (409, "state".into()));
    });
}

#[test]
fn rows_that_do_not_fit_are_refused_and_a_wrong_version_as_a_whole() {
    on_each_engine(|w| {
        departments(w);
        published(w, "civil", &low_income());
        let (civil, labour) = (w.client(Some("civil")), w.client(Some("labour")));
        let stale = civil.post("/share/resources/low-income/rows", &json!({ "version": 7, "rows": rows(json!({})) }));
        assert_eq!(stale.error(), (422, "schema-unknown".into()));
        assert_eq!(
            labour.post("/share/resources/low-income/rows", &json!({ "rows": rows(json!({})) })).error(),
            (403, "denied".into())
        );
        assert_eq!(civil.post("/share/resources/low-income/rows", &json!({ "rows": [5] })).error(), (422, "wrong-type".into()));
        assert_eq!(civil.post("/share/resources/low-income/rows", &json!({})).error(), (422, "missing".into()));
        let many: Vec<Json> = (0..5_001).map(|n| json!({ "id_number": n })).collect();
        assert_eq!(civil.post("/share/resources/low-income/rows", &json!({ "rows": many })).error(), (422, "too-many".into()));
        for (file, code) in
            [(&b"PK\x03\x04 cut"[..], "bad-workbook"), (b"a,b\n1,2\n", "bad-table"), (b"\xff\xfe\x00", "bad-table")]
        {
            assert_eq!(send(&civil, "/share/resources/low-income/rows", &[], file).error().1, code);
        }
        let liar = json!([
            { "id_number": ID[0], "full_name": "王丽", "education": "小学" },
            { "id_number": "110105194005010028", "full_name": "假" },
            { "full_name": "无号" },
            { "id_number": ID[1], "education": "神童", "full_name": "赵大" },
            { "id_number": ID[2], "full_name": "钱二", "granted_on": "2027-01-01" },
            { "id_number": ID[0], "full_name": "王丽二" },
        ]);
        let done = bring(&civil, &liar).json();
        assert_eq!((&done["taken"], &done["refused"]), (&json!(1), &json!(5)));
        let faults: Vec<(u64, &str, &str)> = done["faults"]
            .as_array()
            .unwrap()
            .iter()
            .map(|f| (f["line"].as_u64().unwrap(), f["field"].as_str().unwrap(), f["code"].as_str().unwrap()))
            .collect();
        assert_eq!(
            faults,
            [
                (2, "id_number", "check-digit"),
                (3, "id_number", "missing"),
                (4, "education", "code"),
                (5, "granted_on", "future"),
                (6, "id_number", "duplicate"),
            ]
        );
        let quality = civil.get("/share/resources/low-income").json()["quality"].clone();
        assert_eq!(
            (&quality["rows"], &quality["sources"][0]["percent"], &quality["sources"][0]["late"]),
            (&json!(1), &json!(83), &json!(false))
        );
        assert_eq!(quality["faults"].as_array().unwrap().len(), 5);
        // The same again changes nothing; a value that changed says since when.
        assert_eq!(bring(&civil, &rows(json!({}))).json()["changed"], 2, "one more field of the first, and the second");
        assert_eq!(bring(&civil, &rows(json!({}))).json()["changed"], 0);
        w.app.ambience.advance(MINUTE);
        assert_eq!(bring(&civil, &rows(json!({ "full_name": "王莉" }))).json()["changed"], 1);
        // Nobody sends for two months what comes each month: late.
        w.app.ambience.advance(60 * DAY);
        let civil = w.client(Some("civil"));
        assert_eq!(civil.get("/share/resources/low-income").json()["quality"]["sources"][0]["late"], true);
    });
}

fn object(client: &Client, entry: &str, change: Json) -> Answer {
    let mut new =
        json!({ "resource": "low-income", "entry": entry, "field": "full_name", "right": "王莉", "evidence": "户口簿第三页" });
    new.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    client.post("/share/objections", &new)
}

#[test]
fn whoever_uses_a_value_objects_and_it_is_set_right_everywhere_and_stays_so() {
    on_each_engine(|w| {
        departments(w);
        published(w, "civil", &low_income());
        let (civil, labour, clerk) = (brought(w), w.client(Some("labour")), w.client(Some("clerk")));
        for who in [&labour, &clerk] {
            let number = asked(who, json!({ "fields": ["id_number", "full_name"] }));
            decide(&civil, &number, json!({ "yes": true }));
        }
        let row = labour.get(&format!("/share/data/low-income?key={}", ID[0])).json()["items"][0].clone();
        let entry = row["id"].as_str().unwrap();
        assert_eq!(
            labour.get(&format!("/share/resources/low-income/object?entry={entry}")).json()["values"].as_array().unwrap().len(),
            1
        );
        assert_eq!(
            w.client(Some("stranger")).get(&format!("/share/resources/low-income/object?entry={entry}")).error(),
            (403, "not-granted".into())
        );
        assert_eq!(object(&labour, entry, json!({ "field": "education" })).error(), (403, "not-granted".into()), "not granted");
        assert_eq!(object(&labour, "none", json!({})).error(), (422, "unknown-value".into()));
        assert_eq!(
            object(&labour, entry, json!({ "field": "id_number", "right": ID[2] })).error(),
            (422, "field-changed".into())
        );
        assert_eq!(object(&labour, entry, json!({ "evidence": "" })).error(), (422, "missing".into()));
        assert_eq!(object(&civil, entry, json!({})).error(), (403, "not-granted".into()), "the provider sends what is right");
        let made = object(&labour, entry, json!({}));
        assert_eq!((made.status, &made.json()["number"]), (201, &json!("KO-0001")), "{}", made.text);
        assert_eq!(object(&clerk, entry, json!({})).error(), (409, "said-already".into()));
        assert!(told(&civil, "share-o-made"));
        let at = "/share/objections/KO-0001";
        let seen = civil.get(at).json();
        assert_eq!((&seen["value"], &seen["right"], &seen["answers"]), (&json!("王丽"), &json!("王莉"), &json!(true)));
        assert_eq!((clerk.get(at).status, labour.get(at).json()["answers"].clone()), (404, json!(false)));
        assert_eq!(civil.get("/share/objections").json()["waiting"][0]["number"], "KO-0001");
        let answer = format!("{at}/answer");
        assert_eq!(labour.post(&answer, &json!({ "corrects": true })).error(), (403, "own-organisation".into()));
        assert_eq!(civil.post(&answer, &json!({ "corrects": false })).error(), (422, "missing".into()), "why it is right");
        for page in ["/share/objections", at, &format!("/share/resources/low-income/object?entry={entry}")] {
            assert_eq!(labour.get_as(page, "text/html").status, 200, "{page}");
        }
        let done = civil.post(&answer, &json!({ "corrects": true }));
        assert_eq!(done.json()["state"], "corrected", "{}", done.text);
        assert!(told(&labour, "share-o-corrected") && told(&clerk, "share-fetch"));
        let now = clerk.get(&format!("/share/data/low-income?key={}", ID[0])).json()["items"][0].clone();
        assert_eq!((&now["values"]["full_name"], &now["origin"]["full_name"]["source"]), (&json!("王莉"), &json!("KO-0001")));
        // Its source sends the wrong one again: it stays right; another value is a new one.
        assert_eq!(bring(&civil, &rows(json!({}))).json()["changed"], 0);
        let name = |c: &Client| {
            c.get(&format!("/share/data/low-income?key={}", ID[0])).json()["items"][0]["values"]["full_name"].clone()
        };
        assert_eq!(name(&labour), "王莉");
        bring(&civil, &rows(json!({ "full_name": "王励" })));
        assert_eq!(name(&labour), "王励");
        assert_eq!(civil.get("/share/resources/low-income").json()["quality"]["sources"][0]["corrected"], 1);
        // Not answered, it moves up; what is right is explained.
        assert_eq!(object(&labour, entry, json!({})).status, 201);
        after(w, 15 * DAY);
        let (labour, street) = (w.client(Some("labour")), w.client(Some("street")));
        assert!(told(&street, "share-o-above") && told(&w.client(Some("civil")), "share-o-late"));
        let said = street.post("/share/objections/KO-0002/answer", &json!({ "corrects": false, "why": "与派出所一致" }));
        assert_eq!(said.json()["state"], "explained", "{}", said.text);
        assert!(told(&labour, "share-o-explained"));
        assert_eq!(labour.get("/share/objections/KO-0002").json()["steps"][2]["words"], "与派出所一致");
    });
}
