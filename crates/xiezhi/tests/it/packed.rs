//! What goes over a thin line: packed for whoever unpacks it and is nobody in particular, whole for everybody else.

use std::io::Read as _;

use super::world::{World, on_each_engine};

/// Encoding, policy and body of an answer.
fn get(w: &mut World, path: &str, headers: &[(&str, &str)]) -> (Option<String>, Option<String>, Vec<u8>) {
    let url = format!("http://{}{path}", w.serve());
    let agent: ureq::Agent = ureq::Agent::config_builder().accept_encoding("").build().into();
    let mut call = agent.get(&url);
    for (name, value) in headers {
        call = call.header(*name, *value);
    }
    let mut answer = call.call().unwrap();
    let text = |n: &str| answer.headers().get(n).map(|v| v.to_str().unwrap().to_owned());
    let (encoding, policy) = (text("content-encoding"), text("content-security-policy"));
    (encoding, policy, answer.body_mut().read_to_vec().unwrap())
}

fn unpacked(bytes: &[u8]) -> String {
    let mut out = String::new();
    flate2::read::GzDecoder::new(bytes).read_to_string(&mut out).unwrap();
    out
}

#[test]
fn pages_and_files_are_packed_for_nobody_in_particular() {
    on_each_engine(|w| {
        let gzip = ("accept-encoding", "br, gzip;q=0.8");
        for path in ["/equation", "/assets/site.css", "/assets/js/grid-map.js", "/openapi.json"] {
            let (plain, _, whole) = get(w, path, &[("accept-encoding", "gzip;q=0")]);
            let (encoding, _, packed) = get(w, path, &[gzip]);
            assert_eq!((plain, encoding.as_deref()), (None, Some("gzip")), "{path}");
            assert!(packed.len() < whole.len(), "{path}");
            assert!(path == "/equation" || unpacked(&packed).as_bytes() == whole, "{path}");
        }
        // Whoever is signed in gets pages whole: their length shall tell nothing.
        let token = w.client(Some("clerk")).token.unwrap();
        let bearer = format!("Bearer {token}");
        assert_eq!(get(w, "/equation", &[gzip, ("authorization", &bearer)]).0, None);
        let cookie = format!("{}={token}", xiezhi::base::party::session::cookie_name(&w.app.config));
        assert_eq!(get(w, "/equation", &[gzip, ("cookie", &cookie)]).0, None);
        assert_eq!(get(w, "/assets/site.css", &[gzip, ("cookie", &cookie)]).0.as_deref(), Some("gzip"));
        // A page, a picture and a worker carry the policy, their parts do not need it.
        let policies = ["/equation", "/assets/img/icon.svg", "/assets/site.css"].map(|path| get(w, path, &[]).1.is_some());
        assert_eq!(policies, [true, true, false]);
        assert_eq!(get(w, "/assets/img/icon.svg", &[gzip]).0, None, "a small file is smaller as it is");
    });
}

#[test]
fn a_file_that_is_held_already_is_not_sent_again() {
    on_each_engine(|w| {
        let url = format!("http://{}/assets/site.css", w.serve());
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let head = agent.head(&url).call().unwrap();
        let tag = head.headers().get("etag").unwrap().to_str().unwrap().to_owned();
        assert_eq!(
            (head.status().as_u16(), head.headers().get("content-type").is_some_and(|t| t == "text/css; charset=utf-8")),
            (200, true)
        );
        // A web server in front that packs by itself makes the tag a weak one.
        for held in [tag.clone(), format!("W/{tag}"), format!("\"other\", W/{tag}")] {
            assert_eq!(agent.get(&url).header("if-none-match", &held).call().unwrap().status().as_u16(), 304, "{held}");
        }
        assert_eq!(agent.get(&url).header("if-none-match", "\"other\"").call().unwrap().status().as_u16(), 200);
    });
}
