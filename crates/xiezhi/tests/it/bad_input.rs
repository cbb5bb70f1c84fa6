//! Bad input gets a clear error with a stable code, and nothing is lost.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value as Json, json};

use super::world::{PASSWORD, World, on_each_engine};

#[test]
fn each_mistake_has_its_code_and_names_the_field() {
    on_each_engine(|w| {
        let anyone = w.client(None);
        let long = "长".repeat(4001);
        let many: Vec<String> = (0..11).map(|i| i.to_string()).collect();
        for (body, status, code, field) in [
            (json!({}), 422, "empty-report", Some("text")),
            (json!({ "text": "   " }), 422, "empty-report", Some("text")),
            (json!({ "text": long }), 422, "too-long", Some("text")),
            (json!({ "text": 5 }), 422, "wrong-type", Some("text")),
            (json!({ "text": "灯", "class": "nonsense" }), 422, "unknown-value", Some("class")),
            (json!({ "text": "灯", "place": { "lat": 91, "lon": 0 } }), 422, "out-of-range", Some("lat")),
            (json!({ "text": "灯", "place": { "lat": "x", "lon": 0 } }), 422, "wrong-type", Some("lat")),
            (json!({ "text": "灯", "place": 7 }), 422, "wrong-type", Some("place")),
            (json!({ "text": "灯", "contact": 7 }), 422, "wrong-type", Some("contact")),
            (json!({ "text": "灯", "media": many }), 422, "too-many", Some("media")),
            (json!({ "media": ["no-such"] }), 422, "unknown-value", Some("media")),
            (json!([1, 2]), 400, "bad-json", None),
        ] {
            let answer = anyone.post("/reports", &body);
            assert_eq!((answer.error(), answer.json()["field"].as_str()), ((status, code.into()), field), "{body}");
            assert!(!answer.json()["message"].as_str().unwrap().is_empty());
        }
        let raw = |kind: &str, extra: &[(&str, &str)], body: &[u8]| {
            let mut headers = vec![("content-type", kind)];
            headers.extend(extra);
            anyone.post_raw("/reports", &headers, body).error()
        };
        let json_kind = "application/json";
        assert_eq!(raw(json_kind, &[], b"{"), (400, "bad-json".into()));
        assert_eq!(raw(json_kind, &[], b"{\"text\": NaN}"), (400, "bad-json".into()));
        assert_eq!(raw(json_kind, &[], b"{\"text\":\"\\ud800\"}"), (400, "bad-json".into()));
        assert_eq!(raw(json_kind, &[], "[".repeat(100_000).as_bytes()), (400, "bad-json".into()));
        assert_eq!(raw(json_kind, &[], &vec![b' '; 300 << 10]), (413, "too-large".into()));
        assert_eq!(raw(json_kind, &[("content-encoding", "gzip")], b"x"), (415, "content-type".into()));
        assert_eq!(raw("text/xml", &[], b"<a/>"), (415, "content-type".into()));
        assert_eq!(raw("multipart/form-data", &[], b"x"), (400, "bad-form".into()), "no boundary");
        assert_eq!(raw("application/x-www-form-urlencoded", &[], &[0xff, b'=', 0xfe]), (400, "bad-form".into()));
        assert_eq!(anyone.get("/no/such/page").error(), (404, "not-found".into()));
        assert_eq!(anyone.post("/livez", &json!({})).error(), (405, "method".into()));
        assert_eq!(anyone.get(&format!("/?x={}", "y".repeat(3000))).error(), (414, "uri-too-long".into()));
        let exactly = "长".repeat(4000);
        assert_eq!(anyone.post("/reports", &json!({ "text": exactly })).status, 201, "counted in characters, not bytes");
        assert_eq!(anyone.get("/equation").json()["received"], 1, "of all these one was a report");
    });
}

#[test]
fn messages_come_in_the_language_of_the_reader() {
    let mut w = World::new(None);
    let anyone = w.client(None);
    let message = |lang: &str| {
        let answer = anyone.post_raw("/reports", &[("content-type", "application/json"), ("accept-language", lang)], b"{}");
        answer.json()["message"].as_str().unwrap().to_owned()
    };
    assert!(message("zh-CN,zh;q=0.9").contains("拍张照"));
    assert!(message("en-GB").contains("any one is enough"));
    assert!(message("fr").contains("拍张照"), "Chinese first");
}

#[test]
fn what_people_type_is_kept_and_made_harmless() {
    on_each_engine(|w| {
        let anyone = w.client(None);
        for (typed, kept) in [
            ("㛃𬭼〇号楼", "㛃𬭼〇号楼"),
            ("a\u{202e}b\u{200b}c", "abc"),
            ("<script>alert(1)</script>", "<script>alert(1)</script>"),
            ("'; drop table cases; --", "'; drop table cases; --"),
            ("第一行\n第二行", "第一行\n第二行"),
        ] {
            let (number, code) = anyone.report(typed);
            assert_eq!(anyone.get(&format!("/reports/{number}?code={code}")).json()["text"], kept);
            let page = anyone.get_as(&format!("/reports/{number}?code={code}"), "text/html").text;
            assert!(!page.contains("<script>alert"), "escaped in the page");
        }
    });
}

#[test]
fn a_foreign_page_cannot_act_with_a_visitors_session() {
    let mut w = World::new(None);
    let clerk = w.client(Some("clerk"));
    let (number, _) = clerk.report("灯");
    let cookie = format!("session={}", clerk.token.as_deref().unwrap());
    let anyone = w.client(None);
    let host = anyone.base.clone();
    let call = |headers: &[(&str, &str)]| {
        let mut all = vec![("content-type", "application/json"), ("cookie", cookie.as_str())];
        all.extend(headers);
        anyone.post_raw(&format!("/cases/{number}/note"), &all, json!({ "text": "x" }).to_string().as_bytes()).status
    };
    assert_eq!(call(&[("origin", "https://evil.example")]), 403);
    assert_eq!(call(&[("origin", "null")]), 403);
    assert_eq!(call(&[("sec-fetch-site", "cross-site")]), 403);
    assert_eq!(call(&[("origin", &host)]), 200);
    assert_eq!(call(&[]), 200);
    // A page that tells nobody where one comes from sends `null`, and the browser says beside it that it is ours.
    assert_eq!(call(&[("origin", "null"), ("sec-fetch-site", "same-origin")]), 200);
    // Nor may it open a session of its own in the visitor's browser: what he reports then would be somebody else's.
    let opens = |path: &str, headers: &[(&str, &str)]| {
        let mut all = vec![("content-type", "application/json"), ("accept", "application/json")];
        all.extend(headers);
        anyone
            .post_raw(
                path,
                &all,
                json!({ "name": "clerk", "password": PASSWORD, "code": "x", "phone": "x" }).to_string().as_bytes(),
            )
            .status
    };
    for path in ["/sign-in", "/card", "/sign-in/code/check", "/set-up"] {
        assert_eq!(opens(path, &[("origin", "https://evil.example")]), 403, "{path}");
        assert_eq!(opens(path, &[("origin", "null"), ("sec-fetch-site", "cross-site")]), 403, "{path}");
    }
    assert_eq!(opens("/sign-in", &[("origin", &host)]), 200);
    assert_eq!(opens("/sign-in", &[]), 200, "programs need no origin");
    let report = json!({ "text": "灯" }).to_string();
    let foreign = [("content-type", "application/json"), ("origin", "https://portal.example")];
    assert_eq!(
        anyone.post_raw("/reports", &foreign, report.as_bytes()).status,
        201,
        "who signs in nowhere may come from anywhere"
    );
}

/// Sends bytes and reads what comes until the server closes; `None` when it does not within the time.
fn raw(address: std::net::SocketAddr, bytes: &[u8], wait: Duration) -> Option<String> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(wait)).unwrap();
    stream.write_all(bytes).unwrap();
    let mut out = String::new();
    match stream.read_to_string(&mut out) {
        Ok(_) => Some(out),
        Err(_) => None,
    }
}

#[test]
fn bombs_are_refused_before_they_are_read() {
    let mut w = World::new(None);
    let address = w.serve();
    let wait = Duration::from_secs(5);
    let big = b"POST /reports HTTP/1.1\r\nhost: x\r\naccept: application/json\r\ncontent-type: application/json\r\ncontent-length: 99999999999\r\n\r\n";
    assert!(raw(address, big, wait).unwrap().starts_with("HTTP/1.1 413"));
    let chunks = format!(
        "POST /reports HTTP/1.1\r\nhost: x\r\naccept: application/json\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n50000\r\n{}\r\n",
        "x".repeat(0x50000)
    );
    assert!(raw(address, chunks.as_bytes(), wait).unwrap().contains(" 413 "));
    let two = b"POST /reports HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n";
    assert!(!raw(address, two, wait).unwrap_or_default().contains(" 201 "), "two lengths are no request");
    let head = format!("GET / HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n", "y".repeat(100_000));
    assert!(!raw(address, head.as_bytes(), wait).unwrap_or_default().contains(" 200 "));
}

#[test]
fn multipart_bodies_have_limits_too() {
    let mut w = World::new(None);
    let anyone = w.client(None);
    let kind = [("content-type", "multipart/form-data; boundary=b")];
    let parts: String = (0..300).map(|i| format!("--b\r\ncontent-disposition: form-data; name=\"f{i}\"\r\n\r\nx\r\n")).collect();
    assert_eq!(anyone.post_raw("/reports", &kind, format!("{parts}--b--\r\n").as_bytes()).error(), (400, "bad-form".into()));
    let file = |bytes: &[u8]| {
        let mut body =
            b"--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"../../x.png\"\r\ncontent-type: image/png\r\n\r\n"
                .to_vec();
        body.extend(bytes);
        body.extend(b"\r\n--b--\r\n");
        body
    };
    assert_eq!(anyone.post_raw("/media", &kind, &file(b"GIF89a not a photo")).error(), (415, "bad-media".into()));
    assert_eq!(anyone.post_raw("/media", &kind, &file(b"<svg onload=alert(1)>")).error(), (415, "bad-media".into()));
    let flood = {
        let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
        png.extend(50_000u32.to_be_bytes().iter().chain(&50_000u32.to_be_bytes()));
        png.extend([8, 6, 0, 0, 0, 0, 0, 0, 0]);
        png
    };
    let answer: Json = anyone.post_raw("/media", &kind, &file(&flood)).json();
    assert!(matches!(answer["code"].as_str(), Some("bad-media" | "too-large")), "{answer}");
    assert_eq!(anyone.post_raw("/media", &kind, &file(&vec![0; 21 << 20])).status, 413);
}
