//! Receipts: the same for every repetition, provable without the server, and worthless once a bit is changed.

use serde_json::{Value as Json, json};
use store::Receipt;

use super::world::on_each_engine;

#[test]
fn a_retry_gets_the_same_bytes_and_another_body_is_refused() {
    on_each_engine(|w| {
        let anyone = w.client(None);
        let body = json!({ "text": "井盖翘起来了", "contact": { "name": "王秀英", "phone": "13812345678" } });
        let first = anyone.post_keyed("/reports", "01890000-0000-7000-8000-000000000001", &body);
        for _ in 0..20 {
            anyone.report("别的事");
        }
        let again = anyone.post_keyed("/reports", "01890000-0000-7000-8000-000000000001", &body);
        assert_eq!((first.status, &first.text), (again.status, &again.text));
        let other = anyone.post_keyed("/reports", "01890000-0000-7000-8000-000000000001", &json!({ "text": "别的" }));
        assert_eq!(other.error(), (422, "key-reused".into()));
        assert_eq!(anyone.get("/equation").json()["received"], 21);
        // A refused request leaves the key free.
        assert_eq!(anyone.post_keyed("/reports", "k2", &json!({})).status, 422);
        assert_eq!(anyone.post_keyed("/reports", "k2", &body).status, 201);
    });
}

#[test]
fn a_receipt_proves_what_was_said_and_every_flipped_bit_is_found() {
    on_each_engine(|w| {
        let anyone = w.client(None);
        let made = anyone.post("/reports", &json!({ "text": "路灯不亮", "place": { "address": "3 栋门口" } })).json();
        let text = made["receipt"].to_string();
        let receipt: Receipt = serde_json::from_str(&text).unwrap();
        assert_eq!(receipt.faults(None), Vec::<&str>::new());
        let said: Vec<&str> = receipt.elements.iter().filter_map(|e| e.1.as_str()).collect();
        assert!(said.contains(&"路灯不亮") && said.contains(&"3 栋门口"));
        assert!(!receipt.leaf.contains("路灯不亮"), "the leaf holds digests only");
        let (number, code) = (made["number"].as_str().unwrap(), made["code"].as_str().unwrap());
        let later: Receipt = serde_json::from_str(&anyone.get(&format!("/reports/{number}/receipt?code={code}")).text).unwrap();
        assert!(later.faults(None).is_empty() && later.leaf == receipt.leaf && later.elements == receipt.elements);
        assert_eq!(anyone.get(&format!("/reports/{number}/receipt")).status, 404, "not without the code");
        let page = anyone.get_as(&format!("/reports/{number}/sent?code={code}"), "text/html").text;
        assert!(
            page.contains(number) && page.contains(code) && page.contains("<svg"),
            "the receipt page shows number, code and QR"
        );
        assert_eq!(anyone.get(&format!("/reports/{number}/sent")).status, 404);

        let good = text.into_bytes();
        for place in (0..good.len()).step_by(3) {
            let mut bad = good.clone();
            bad[place] ^= 1 << (place % 7);
            let Ok(changed) = serde_json::from_slice::<Receipt>(&bad) else { continue };
            assert!(changed == receipt || !changed.faults(None).is_empty(), "byte {place}");
        }
        let mut more: Json = serde_json::from_slice(&good).unwrap();
        more["extra"] = 1.into();
        assert!(serde_json::from_value::<Receipt>(more).is_err(), "unknown fields make it invalid");
    });
}

fn hash(v: &Json) -> [u8; 32] {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(v.as_str().unwrap()).unwrap().try_into().unwrap()
}

#[test]
fn outsiders_can_follow_the_log() {
    on_each_engine(|w| {
        let anyone = w.client(None);
        (0..300).for_each(|i| drop(anyone.report(&format!("第{i}件"))));
        let checkpoint = anyone.get("/log/checkpoint").text;
        let (_, key) = store::note::parse_key(&anyone.get("/log/key").text).unwrap();
        let point = store::note::open(&checkpoint, &key).unwrap();
        let tile = ureq::get(format!("{}/log/tile/0/000", anyone.base)).call().unwrap().body_mut().read_to_vec().unwrap();
        assert_eq!(tile.len(), 256 * 32);
        let proof = anyone.get(&format!("/log/proof?index=0&size={}", point.size)).json();
        let path: Vec<[u8; 32]> = proof["proof"].as_array().unwrap().iter().map(hash).collect();
        let leaf: [u8; 32] = tile[..32].try_into().unwrap();
        assert!(store::tree::verify_inclusion(leaf, 0, point.size, &path, &point.root));
        assert_eq!(anyone.get("/log/proof?index=5&size=99999999").error(), (422, "out-of-range".into()));
        assert_eq!(anyone.get("/log/tile/0/999").status, 404);
        assert_eq!(
            anyone.get("/log/tile/0/x999/x999/x999/x999/x999/999").status,
            404,
            "the first hash of a far tile has no number"
        );
        let equation = anyone.get("/equation").json();
        let root = store::hex(point.root);
        assert_eq!((&equation["log"]["size"], &equation["log"]["root"]), (&json!(point.size), &json!(root)));
    });
}

#[test]
fn a_grown_log_begins_with_the_old_one() {
    on_each_engine(|w| {
        let anyone = w.client(None);
        let old = w.app.db.last();
        (0..30).for_each(|i| drop(anyone.report(&format!("第{i}件"))));
        let new = w.app.db.last();
        let proof = anyone.get_as(&format!("/log/consistency?from={}&to={}", old.size, new.size), "application/json").json();
        let hashes: Vec<[u8; 32]> = proof["proof"].as_array().unwrap().iter().map(hash).collect();
        assert!(store::tree::verify_consistency(old.size, new.size, &old.root, &new.root, &hashes));
        assert_eq!(anyone.get("/log/consistency?from=9&to=2").error(), (422, "out-of-range".into()));
        assert_eq!(anyone.get("/log/consistency").error(), (422, "missing".into()));
    });
}
