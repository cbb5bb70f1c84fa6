//! Uploads in pieces (tus 1.0.0), as a client of the standard sees them.

use serde_json::json;
use ureq::http::Method;

use super::world::{World, on_each_engine};

const LAMP: &[u8] = include_bytes!("lamp.png");

struct Answer {
    status: u16,
    headers: ureq::http::HeaderMap,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|v| v.to_str().ok())
    }

    fn offset(&self) -> (u16, Option<&str>) {
        (self.status, self.header("upload-offset"))
    }
}

/// One request of the protocol.
fn tus(w: &mut World, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let url = format!("http://{}{path}", w.serve());
    let agent: ureq::Agent =
        ureq::Agent::config_builder().http_status_as_error(false).allow_non_standard_methods(true).build().into();
    let mut call = ureq::http::Request::builder().method(Method::from_bytes(method.as_bytes()).unwrap()).uri(url);
    if !headers.iter().any(|(name, _)| *name == "tus-resumable") {
        call = call.header("tus-resumable", "1.0.0");
    }
    for (name, value) in headers.iter().filter(|(_, v)| !v.is_empty()) {
        call = call.header(*name, *value);
    }
    let mut answer = agent.run(call.body(body).unwrap()).unwrap();
    let body = answer.body_mut().read_to_string().unwrap();
    Answer { status: answer.status().as_u16(), headers: answer.headers().clone(), body }
}

fn piece(w: &mut World, path: &str, from: usize, bytes: &[u8]) -> Answer {
    let from = from.to_string();
    tus(w, "PATCH", path, &[("upload-offset", &from), ("content-type", "application/offset+octet-stream")], bytes)
}

fn begin(w: &mut World, length: usize) -> String {
    let begun = tus(w, "POST", "/uploads", &[("upload-length", &length.to_string())], b"");
    assert_eq!((begun.status, begun.header("tus-resumable")), (201, Some("1.0.0")), "{}", begun.body);
    assert!(begun.header("upload-expires").is_some_and(|at| at.ends_with("GMT")));
    begun.header("location").unwrap().to_owned()
}

#[test]
fn a_cut_upload_goes_on_and_becomes_a_picture_of_the_report() {
    on_each_engine(|w| {
        let path = begin(w, LAMP.len());
        assert_eq!(piece(w, &path, 0, &LAMP[..100]).offset(), (204, Some("100")));
        // The answer was lost, the piece comes again: refused, and asking tells where to go on.
        assert_eq!(piece(w, &path, 0, &LAMP[..100]).status, 409);
        let far = tus(w, "HEAD", &path, &[], b"");
        assert_eq!((far.offset(), far.header("cache-control")), ((200, Some("100")), Some("no-store")));
        assert_eq!(far.header("upload-length"), Some(&*LAMP.len().to_string()));
        // Half of it is no upload that could be attached.
        let id = path.rsplit('/').next().unwrap().to_owned();
        let report = json!({"text": "灯坏了", "media": [id]});
        assert_eq!(w.client(None).post("/reports", &report).error(), (422, "unknown-value".into()));
        // The rest, by the detour for proxies that know no PATCH.
        let headers =
            [("upload-offset", "100"), ("content-type", "application/offset+octet-stream"), ("x-http-method-override", "PATCH")];
        let whole = LAMP.len().to_string();
        assert_eq!(tus(w, "POST", &path, &headers, &LAMP[100..]).offset(), (204, Some(&*whole)));
        assert_eq!(tus(w, "HEAD", &path, &[], b"").offset(), (200, Some(&*whole)), "a lost last answer is told again");
        assert_eq!(piece(w, &path, LAMP.len(), b"").status, 409);
        assert_eq!(w.client(None).post("/reports", &report).status, 201);
        assert_eq!(w.client(None).post("/reports", &report).error(), (422, "unknown-value".into()), "attached once");
    });
}

#[test]
fn what_is_wrong_is_said_as_the_standard_says_it() {
    on_each_engine(|w| {
        let able = tus(w, "OPTIONS", "/uploads", &[("tus-resumable", "")], b"");
        assert_eq!((able.status, able.header("tus-version")), (204, Some("1.0.0")));
        let other = tus(w, "POST", "/uploads", &[("tus-resumable", "0.2.2"), ("upload-length", "9")], b"");
        assert_eq!((other.status, other.header("tus-version")), (412, Some("1.0.0")));
        for (length, status) in [("0", 415), ("-1", 422), ("x", 422), ("99999999999", 413), ("", 422)] {
            assert_eq!(tus(w, "POST", "/uploads", &[("upload-length", length)], b"").status, status, "{length}");
        }
        let path = begin(w, 10);
        let plain = tus(w, "PATCH", &path, &[("upload-offset", "0"), ("content-type", "text/plain")], b"12345");
        assert_eq!((plain.status, plain.body.split(':').next()), (415, Some("content-type")));
        assert_eq!(piece(w, &path, 0, b"12345678901").status, 413, "more than was said");
        assert_eq!(piece(w, &path, 1, b"1").status, 409, "a hole");
        assert_eq!(tus(w, "HEAD", &path, &[], b"").offset(), (200, Some("0")));
        // What is no picture is told with the last piece, and is gone.
        let bad = piece(w, &path, 0, b"1234567890");
        assert_eq!(
            (bad.status, bad.body.split(':').next(), bad.header("tus-resumable")),
            (415, Some("bad-media"), Some("1.0.0"))
        );
        assert_eq!(tus(w, "HEAD", &path, &[], b"").status, 404);
        let path = begin(w, 10);
        assert_eq!(tus(w, "DELETE", &path, &[], b"").status, 204);
        assert_eq!(piece(w, &path, 0, b"1").status, 404);
        assert_eq!(tus(w, "POST", &path, &[], b"").status, 405);
    });
}

#[test]
fn who_signs_in_again_in_the_middle_goes_on() {
    on_each_engine(|w| {
        let path = begin(w, LAMP.len());
        let bearer = format!("Bearer {}", w.client(Some("clerk")).token.unwrap());
        let headers = [("upload-offset", "0"), ("content-type", "application/offset+octet-stream"), ("authorization", &bearer)];
        assert_eq!(tus(w, "PATCH", &path, &headers, &LAMP[..50]).status, 204);
        assert_eq!(piece(w, &path, 50, &LAMP[50..]).status, 204);
        let id = path.rsplit('/').next().unwrap();
        assert_eq!(w.client(Some("clerk")).post("/reports", &json!({"text": "灯坏了", "media": [id]})).status, 201);
    });
}
