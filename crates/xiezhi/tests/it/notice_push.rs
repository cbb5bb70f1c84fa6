//! Web Push: a vendor learns that there is something, once, and a browser that gave its address up is left alone.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::{Signature, VerifyingKey};
use serde_json::{Value as Json, json};
use store::Query as _;

use super::fake::{Fake, fake, http};
use super::notice::{settle, tell};
use super::world::{World, on_each_engine};

fn relay(w: &mut World, status: &'static str) -> Fake {
    let server = fake("/send/browser-1", move |_| http(status, "", ""));
    let host = server.url.strip_suffix("/send/browser-1").unwrap().to_owned();
    w.configure(|c| {
        c.file.public_url = Some("https://c.example".into());
        c.file.notice.push = Some(toml::from_str(&format!("contact = 'mailto:a@c.example'\nhosts = ['{host}']")).unwrap());
    });
    server
}

fn states(w: &World) -> Vec<(String, Option<Vec<u8>>)> {
    let read = |r: &mut store::Read| {
        let rows = r.rows("select state, address from delivery where channel = 'push' order by created_at, id", &[])?;
        rows.iter().map(|row| Ok((row.get("state")?, row.get("address")?))).collect::<store::Result<Vec<_>>>()
    };
    w.app.db.read(read).unwrap()
}

fn push_of(page: &Json) -> &Json {
    page["channels"].as_array().unwrap().iter().find(|c| c["channel"] == "push").unwrap()
}

#[test]
fn nobody_is_woken_by_default() {
    on_each_engine(|w| {
        let resident = w.client(Some("resident"));
        let page = resident.get("/me/notices").json();
        assert!(page["push_key"].is_null() && page["channels"].as_array().unwrap().iter().all(|c| c["channel"] != "push"));
        let asked = resident.post("/me/notices/browser", &json!({ "browser": "https://fcm.googleapis.com/x" }));
        assert_eq!(asked.status, 404);
    });
}

#[test]
fn a_vendor_is_told_that_there_is_something_and_nothing_else() {
    on_each_engine(|w| {
        let server = relay(w, "201 Created");
        let resident = w.client(Some("resident"));
        let key = resident.get("/me/notices").json()["push_key"].as_str().unwrap().to_owned();
        let set = resident.post("/me/notices/browser", &json!({ "browser": server.url }));
        assert_eq!(push_of(&set.json())["confirmed"], true);
        for subject in ["261126-0001", "261126-0002"] {
            tell(w, "resident", "work-close", &[subject], false);
        }
        settle(w);
        settle(w);
        let [asked] = server.asked().try_into().unwrap();
        let (head, body) = asked.split_once("\r\n\r\n").unwrap();
        assert_eq!(body, "", "no words pass the vendor");
        assert!(!head.contains("261126"), "nor numbers: {head}");
        let header = |name: &str| {
            let line = head.lines().find(|l| l.to_ascii_lowercase().starts_with(&format!("{name}: ")));
            line.unwrap_or_else(|| panic!("{name} in {head}"))[name.len() + 2..].to_owned()
        };
        assert_eq!((header("topic").as_str(), header("urgency").as_str()), ("inbox", "normal"));
        let signed = header("authorization");
        let (token, public) = signed.strip_prefix("vapid t=").unwrap().split_once(", k=").unwrap();
        assert_eq!(public, key, "under the key that the browser was shown");
        let (said, signature) = token.rsplit_once('.').unwrap();
        let key = VerifyingKey::from_sec1_bytes(&BASE64.decode(public).unwrap()).unwrap();
        key.verify(said.as_bytes(), &Signature::from_slice(&BASE64.decode(signature).unwrap()).unwrap()).unwrap();
        let claims: Json = serde_json::from_slice(&BASE64.decode(said.split_once('.').unwrap().1).unwrap()).unwrap();
        assert_eq!(claims["aud"], server.url.strip_suffix("/send/browser-1").unwrap());
        let left = claims["exp"].as_i64().unwrap() - w.app.now() / 1000;
        assert!((0..=24 * 3600).contains(&left), "{left}");
        assert_eq!(states(w), [("sent".to_owned(), None)], "one call for both, and its address is gone");

        // The browser then asks us.
        assert_eq!(resident.get("/me/notices/wake").json()["body"], "2 条消息没有看");
        assert_eq!(w.client(None).get("/me/notices/wake").status, 401);
        // What was read meanwhile is not told.
        w.app.ambience.advance(1000);
        tell(w, "resident", "work-close", &["261126-0003"], false);
        resident.post("/inbox/read", &json!({}));
        settle(w);
        assert_eq!(server.asked().len(), 1);
    });
}

#[test]
fn a_browser_that_gave_its_address_up_is_left_alone() {
    on_each_engine(|w| {
        let server = relay(w, "410 Gone");
        let resident = w.client(Some("resident"));
        resident.post("/me/notices/browser", &json!({ "browser": server.url }));
        tell(w, "resident", "work-close", &["261126-0001"], false);
        settle(w);
        assert_eq!(server.asked().len(), 1);
        assert_eq!(states(w), [("void".to_owned(), None)], "nobody has to look at it");
        assert_eq!(push_of(&resident.get("/me/notices").json())["confirmed"], false);
        assert_eq!(resident.get("/inbox").json()["unread"], 1, "the inbox is the truth");
        w.app.ambience.advance(1000);
        tell(w, "resident", "work-close", &["261126-0002"], false);
        settle(w);
        assert_eq!(server.asked().len(), 1);
    });
}

#[test]
fn a_vendor_in_trouble_is_tried_again_and_nobody_else_is_called() {
    on_each_engine(|w| {
        let server = relay(w, "503 Later");
        let resident = w.client(Some("resident"));
        for bad in ["http://127.0.0.1:1/x", "https://c.example/x", "file:///etc/passwd", "", &server.url.replace("http", "https")]
        {
            assert_eq!(resident.post("/me/notices/browser", &json!({ "browser": bad })).status, 422, "{bad}");
        }
        resident.post("/me/notices/browser", &json!({ "browser": server.url }));
        tell(w, "resident", "work-close", &["261126-0001"], false);
        settle(w);
        assert_eq!(states(w)[0].0, "waiting");
        w.app.ambience.advance(xiezhi::kit::time::HOUR);
        settle(w);
        assert_eq!(server.asked().len(), 2);
        // Its owner does not want it any more.
        assert_eq!(push_of(&resident.post("/me/notices/off", &json!({ "channel": "push" })).json())["confirmed"], false);
        w.app.ambience.advance(xiezhi::kit::time::HOUR * 3);
        settle(w);
        assert_eq!(server.asked().len(), 2);
    });
}
