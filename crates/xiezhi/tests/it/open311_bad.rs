//! Whatever goes wrong beneath the endpoint is told in its form, and makes no report.

use serde_json::json;

use super::open311_partner::{Partner, errors, form};
use super::world::{World, on_each_engine};

const FORM: [(&str, &str); 1] = [("content-type", "application/x-www-form-urlencoded")];

#[test]
fn every_error_is_a_list_in_the_form_asked_for() {
    on_each_engine(|w| {
        let p = Partner::new(w, json!({}));
        for ext in ["xml", "json"] {
            let path = |call: &str| format!("/open311/v2/{call}.{ext}");
            let status = |path: &str| errors(&p.client.get_as(path, "text/html")).0;
            assert_eq!(status(&path("no/such/thing")), 404);
            assert_eq!(status(&path("nothing")), 404);
            assert_eq!(status(&format!("/open311/nothing.{ext}")), 404);
            assert_eq!(status(&path("requests/999999-0001")), 404);
            assert_eq!(status(&format!("{}?x={}", path("services"), "y".repeat(3000))), 414);
            let post =
                |call: &str, headers: &[(&str, &str)], body: &[u8]| errors(&p.client.post_raw(&path(call), headers, body)).0;
            assert_eq!(post("services", &FORM, b""), 405);
            assert_eq!(post("requests/999999-0001", &FORM, b""), 405);
            assert_eq!(post("requests", &[("content-type", "text/xml")], b"<a/>"), 415);
            assert_eq!(post("requests", &[("content-type", "application/json")], b"{}"), 415);
            assert_eq!(post("requests", &[("content-encoding", "gzip"), FORM[0]], b"x"), 415);
            assert_eq!(post("requests", &FORM, &vec![b'a'; 300 << 10]), 413);
            assert_eq!(post("requests", &FORM, &[0xff, b'=', 0xfe]), 400);
            assert_eq!(post("requests", &[("content-type", "multipart/form-data")], b"x"), 400, "no boundary");
            assert_eq!(post("requests", &[("content-type", "multipart/form-data; boundary=b")], b"--b\r\nbroken"), 400);
            assert_eq!(post("requests", &FORM, b""), 403, "no key at all");
            assert_eq!(post("requests", &FORM, b"api_key=&service_code=road"), 403, "an empty key is none");
            assert_eq!(post("requests", &FORM, b"api_key=wrong"), 403);
            assert_eq!(post("servicerequestupdates", &FORM, b"api_key=wrong"), 403);
            let foreign = [FORM[0], ("cookie", "session=x"), ("origin", "https://evil.example")];
            assert_eq!(post("requests", &foreign, b""), 403);
        }
        assert_eq!(errors(&p.client.get("/open311/v2/requests")).0, 404, "without an extension XML is spoken");
        assert_eq!(errors(&p.client.get("/open311/v2/services.pdf")).0, 404);
        assert_eq!(errors(&p.send("requests.xml", &[("api_key", "x")])), (403, 1));
        let text = p.send("requests.xml", &[("api_key", "x")]).text;
        assert!(text.contains("<errors><error><code>403</code><description>"), "{text}");
        assert_eq!(w.client(None).get("/equation").json()["received"], 0);
    });
}

#[test]
fn mistakes_in_a_report_are_named_one_by_one() {
    let mut w = World::new(None);
    let p = Partner::new(&mut w, json!({}));
    let place = ("address_string", "x");
    let road = ("service_code", "road");
    let long = "长".repeat(4001);
    let many: Vec<(String, String)> = (0..101).map(|i| (format!("attribute[a{i}]"), "x".to_owned())).collect();
    let mut many: Vec<(&str, &str)> = many.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    many.extend([road, place]);
    for (pairs, status, count) in [
        (vec![], 400, 2),
        (vec![place], 400, 1),
        (vec![("service_code", "nonsense"), place], 404, 1),
        (vec![("service_code", "nonsense")], 400, 2),
        (vec![road, place, ("description", long.as_str())], 400, 1),
        (vec![road, place, ("media_url", "file:///etc/passwd")], 400, 1),
        (vec![road, place, ("media_url", "javascript:alert(1)")], 400, 1),
        (vec![road, place, ("media_url", "data:image/png;base64,AAAA")], 415, 1),
        (vec![road, ("lat", "1e400"), ("long", "NaN"), place], 400, 2),
        (many, 400, 1),
    ] {
        for ext in ["xml", "json"] {
            assert_eq!(errors(&p.post(&format!("requests.{ext}"), &pairs)), (status, count), "{pairs:?}");
        }
    }
    let exactly = "长".repeat(4000);
    p.file(&[road, place, ("description", &exactly)]);
    p.file(&[road, place, ("description", "a\u{202e}b\u{0}c]]><script>"), ("attribute[", "x"), ("attribute[]", "x")]);
    assert_eq!(w.client(None).get("/equation").json()["received"], 2);
}

#[test]
fn a_key_can_be_revoked_is_kept_hashed_and_has_a_pace() {
    on_each_engine(|w| {
        let p = Partner::new(w, json!({ "per_minute": 3 }));
        let place = [("service_code", "road"), ("address_string", "x")];
        for _ in 0..3 {
            p.file(&place);
        }
        let slow = p.post("requests.json", &place);
        assert_eq!(errors(&slow).0, 429);
        assert!(slow.header("retry-after").is_some_and(|s| s.parse::<u64>().is_ok_and(|s| s <= 61)));
        w.app.ambience.advance(60_000);
        p.file(&place);
        let admin = w.client(Some("admin"));
        let keys = admin.get("/admin/open311");
        assert!(!keys.text.contains(&p.key), "it was shown once");
        let id = keys.json()["keys"][0]["id"].as_str().unwrap().to_owned();
        let stored = w.app.db.read(|r| store::Query::rows(r, "select digest from open311_key", &[])).unwrap();
        assert!(stored.iter().all(|r| r.get::<String>("digest").unwrap() != p.key));
        for login in [None, Some("resident"), Some("clerk")] {
            let other = w.client(login);
            assert!(matches!(other.post(&format!("/admin/open311/keys/{id}/end"), &json!({})).status, 401 | 403));
            assert!(matches!(other.get("/admin/open311").status, 401 | 403));
        }
        assert_eq!(admin.post(&format!("/admin/open311/keys/{id}/end"), &json!({})).status, 201);
        assert_eq!(errors(&p.post("requests.xml", &place)).0, 403);
        for (body, status) in [
            (json!({ "name": "x" }), 422),
            (json!({ "name": "x", "purpose": "y", "media_form": "z" }), 422),
            (json!({ "name": "x", "purpose": "y", "body": "none" }), 422),
            (json!({ "name": "x", "purpose": "y", "jurisdiction": "none" }), 422),
            (json!({ "name": "x", "purpose": "y", "per_minute": 0 }), 422),
        ] {
            assert_eq!(admin.post("/admin/open311/keys", &body).status, status, "{body}");
        }
    });
}

#[test]
fn whoever_guesses_keys_is_slowed_down() {
    let mut w = World::new(None);
    let p = Partner::new(&mut w, json!({}));
    let guess = |i: usize| errors(&p.send("requests.json", &[("api_key", &format!("guess{i}"))])).0;
    let answers: Vec<u16> = (0..101).map(guess).collect();
    assert_eq!((answers[0], answers[100]), (403, 429));
}

#[test]
fn what_is_public_is_no_more_than_our_pages_show() {
    let mut w = World::new(None);
    let p = Partner::new(&mut w, json!({}));
    let said = form(&[
        ("api_key", &p.key),
        ("service_code", "noise"),
        ("lat", "32.394"),
        ("long", "119.441"),
        ("address_string", "3 栋 2 单元 501 室"),
        ("description", "楼上太吵，电话 13812345678，身份证 11010519491231002X"),
        ("first_name", "李小明"),
        ("phone", "13812345678"),
        ("email", "li@example.org"),
        ("attribute[note]", "李小明的秘密"),
    ]);
    let made = p.client.post_raw("/open311/v2/requests.json", &FORM, said.as_bytes());
    let id = made.json()[0]["service_request_id"].as_str().unwrap().to_owned();
    assert_eq!(w.client(Some("clerk")).act(&id, "accept", json!({})).status, 200);
    for call in [
        "requests.json?extensions=true",
        "requests.xml?extensions=true",
        "bulk.csv",
        "bulk.xml",
        "servicerequestupdates.json",
        &format!("requests/{id}.json?extensions=true"),
    ] {
        let text = p.get(call).text;
        assert!(text.contains(&id), "{call}: {text}");
        for secret in ["13812345678", "11010519491231002X", "li@example.org", "501", "秘密", "李小明"] {
            assert!(!text.contains(secret), "{call} tells {secret}: {text}");
        }
    }
}

#[test]
fn what_a_class_keeps_private_only_its_filer_finds() {
    on_each_engine(|w| {
        let p = Partner::new(w, json!({}));
        let services = p.get("services.json").json();
        let hidden = |s: &&serde_json::Value| s["keywords"].as_str().is_some_and(|k| k.split(',').any(|k| k == "private"));
        let code = services.as_array().unwrap().iter().find(hidden).expect("a private class")["service_code"].clone();
        let id =
            p.file(&[("service_code", code.as_str().unwrap()), ("lat", "32.394"), ("long", "119.441"), ("description", "私事")]);
        assert_eq!(w.client(Some("clerk")).act(&id, "accept", json!({})).status, 200);
        for call in ["requests.json", &format!("requests.json?service_request_id={id}"), "bulk.csv", "servicerequestupdates.json"]
        {
            assert!(!p.get(call).text.contains(&id), "{call}");
            let keyed = format!("{call}{}api_key={}", if call.contains('?') { '&' } else { '?' }, p.key);
            assert!(p.get(&keyed).text.contains(&id), "{keyed}");
        }
        assert_eq!(errors(&p.get(&format!("requests/{id}.xml"))).0, 404);
        let mine = p.request(&id);
        assert!(mine["lat"].is_null(), "where it is stays private: {mine}");
        let other = Partner::new(w, json!({}));
        assert_eq!(errors(&other.get(&format!("requests/{id}.json?api_key={}", other.key))).0, 404);
    });
}
