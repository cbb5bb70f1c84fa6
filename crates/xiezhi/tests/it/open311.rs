//! GeoReport v2 as a server: what the standard says, and what strict clients need, in XML and JSON.

use serde_json::{Value as Json, json};
use xiezhi::records::open311::is_id;

use super::open311_partner::{Partner, errors, is_date, json_of, xml};
use super::world::{World, on_each_engine};

#[test]
fn discovery_names_the_endpoint_in_both_forms_and_both_places() {
    on_each_engine(|w| {
        let p = Partner::new(w, json!({}));
        for place in ["/open311", "/open311/v2"] {
            for ext in ["xml", "json"] {
                let answer = p.client.get_as(&format!("{place}/discovery.{ext}"), "*/*");
                assert_eq!(answer.status, 200);
                if ext == "json" {
                    let d = json_of(&answer);
                    let e = &d["endpoints"][0];
                    assert_eq!(e["specification"], "http://wiki.open311.org/GeoReport_v2");
                    assert_eq!(e["url"], format!("{}/open311/v2", p.client.base));
                    assert_eq!(e["formats"], json!(["text/xml; charset=utf-8", "application/json; charset=utf-8"]));
                    assert_eq!(e["type"], "production");
                    assert!(is_date(d["changeset"].as_str().unwrap()) && is_date(e["changeset"].as_str().unwrap()));
                    assert!(!d["contact"].as_str().unwrap().is_empty() && !d["key_service"].as_str().unwrap().is_empty());
                } else {
                    let d = xml(&answer);
                    assert_eq!(
                        (d.name.as_str(), d.names()),
                        ("discovery", vec!["changeset", "contact", "key_service", "endpoints"])
                    );
                    let e = d.path(&["endpoints", "endpoint"]);
                    assert_eq!(e.names(), ["specification", "url", "changeset", "type", "formats"]);
                    assert_eq!(e.child("formats").names(), ["format", "format"]);
                }
            }
        }
        let changeset = |p: &Partner| json_of(&p.get("discovery.json"))["changeset"].clone();
        let first = changeset(&p);
        w.app.ambience.advance(60_000);
        assert_eq!(changeset(&p), first, "it moves with the services, not with the clock");
    });
}

#[test]
fn every_call_answers_in_both_forms() {
    let mut w = World::new(None);
    let p = Partner::new(&mut w, json!({}));
    let id = p.file(&[("service_code", "road"), ("address_string", "x")]);
    for ext in ["xml", "json"] {
        for path in [
            format!("/open311/discovery.{ext}"),
            format!("/open311/v2/discovery.{ext}"),
            format!("/open311/v2/services.{ext}"),
            format!("/open311/v2/services/road.{ext}"),
            format!("/open311/v2/requests.{ext}"),
            format!("/open311/v2/requests/{id}.{ext}"),
            format!("/open311/v2/servicerequestupdates.{ext}"),
            format!("/open311/v2/bulk.{ext}"),
        ] {
            let answer = p.client.get_as(&path, "text/html");
            assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, Some("*")), "{path}");
            if ext == "xml" { drop(xml(&answer)) } else { drop(json_of(&answer)) }
        }
        let unknown = p.client.get_as(&format!("/open311/v2/tokens/none.{ext}"), "*/*");
        assert_eq!(errors(&unknown), (404, 1));
    }
}

#[test]
fn services_and_their_questions_map_to_xml_and_json() {
    let mut w = World::new(None);
    let p = Partner::new(&mut w, json!({}));
    let list = json_of(&p.get("services.json"));
    let list = list.as_array().unwrap();
    let root = xml(&p.get("services.xml"));
    assert_eq!((root.name.as_str(), root.children.len()), ("services", list.len()));
    for (node, s) in root.children.iter().zip(list) {
        assert_eq!(node.names(), ["service_code", "service_name", "description", "metadata", "type", "keywords", "group"]);
        assert!(is_id(node.text_of("service_code")) && s["service_code"] == node.text_of("service_code"));
        assert!(s["metadata"].is_boolean() && s["type"] == "realtime");
        assert_eq!(s["metadata"].to_string(), node.text_of("metadata"));
    }
    let asking: Vec<&Json> = list.iter().filter(|s| s["metadata"] == true).collect();
    assert!(!asking.is_empty(), "some class asks something");
    for s in asking {
        let code = s["service_code"].as_str().unwrap();
        let d = json_of(&p.get(&format!("services/{code}.json")));
        assert_eq!(d["service_code"], code);
        let node = xml(&p.get(&format!("services/{code}.xml")));
        assert_eq!((node.name.as_str(), node.names()), ("service_definition", vec!["service_code", "attributes"]));
        let attributes = d["attributes"].as_array().unwrap();
        assert_eq!(node.child("attributes").children.len(), attributes.len());
        for (i, (a, n)) in attributes.iter().zip(&node.child("attributes").children).enumerate() {
            assert_eq!(n.name, "attribute");
            assert_eq!(
                n.names()[..7],
                ["variable", "code", "datatype", "required", "datatype_description", "order", "description"]
            );
            assert!(a["variable"] == true && a["required"].is_boolean());
            assert_eq!((a["order"].as_u64(), n.text_of("order")), (Some(i as u64 + 1), (i + 1).to_string().as_str()));
            assert!(a["datatype_description"].is_string() && a["description"].is_string());
            let known = ["string", "number", "datetime", "text", "singlevaluelist", "multivaluelist"];
            assert!(known.contains(&a["datatype"].as_str().unwrap()));
            if let Some(values) = a["values"].as_array() {
                assert!(values.iter().all(|v| v["key"].is_string() && v["name"].is_string()));
                assert!(n.child("values").children.iter().all(|v| v.name == "value" && v.names() == ["key", "name"]));
            }
        }
    }
    assert_eq!(errors(&p.get("services/nonsense.json")), (404, 1));
    assert_eq!(errors(&p.get("services/nonsense.xml")), (404, 1));
    let english = p.client.get_as("/open311/v2/services.json?lang=en", "*/*").json();
    assert_ne!(english[0]["service_name"], list[0]["service_name"]);
}

/// Fields that strict clients want in this order.
const FIELDS: [&str; 17] = [
    "service_request_id",
    "status",
    "status_notes",
    "service_name",
    "service_code",
    "description",
    "agency_responsible",
    "service_notice",
    "requested_datetime",
    "updated_datetime",
    "expected_datetime",
    "address",
    "address_id",
    "zipcode",
    "lat",
    "long",
    "media_url",
];

#[test]
fn a_request_is_filed_and_read_back_in_both_forms() {
    on_each_engine(|w| {
        let p = Partner::new(w, json!({}));
        let said = [
            ("service_code", "lighting"),
            ("lat", "32.394123"),
            ("long", "119.441234"),
            ("address_string", "三号楼二单元门口"),
            ("description", "楼道灯坏了<b>三天</b> & 没人管\n联系 13812345678"),
            ("first_name", "张三"),
            ("last_name", "-"),
            ("phone", "13812345678"),
            ("email", "a@example.org"),
            ("device_id", "x"),
            ("account_id", "7"),
            ("deviceid", "ignored"),
            ("public_anonymity_required", "TRUE"),
            ("empty", ""),
        ];
        let made = p.post("requests.xml", &said);
        assert_eq!(made.status, 201, "{}", made.text);
        let root = xml(&made);
        assert_eq!(root.name, "service_requests");
        let made = root.child("request");
        assert!(!made.has("token"), "one of id and token");
        let id = made.text_of("service_request_id").to_owned();
        assert!(is_id(&id) && id.len() >= 11);

        let r = json_of(&p.get(&format!("requests/{id}.json")));
        assert_eq!(r.as_array().unwrap().len(), 1, "a list even with one");
        let r = &r[0];
        assert_eq!(
            (&r["service_request_id"], &r["status"], &r["service_code"]),
            (&json!(id), &json!("open"), &json!("lighting"))
        );
        assert!(FIELDS.iter().all(|f| r.get(*f).is_some()), "every field is there, null when unknown: {r}");
        assert!(r["zipcode"].is_null() && r["media_url"].is_null());
        let text = r["description"].as_str().unwrap();
        assert!(text.contains("灯坏了<b>三天</b> & 没人管\n") && !text.contains("13812345678"), "{text}");
        for name in ["requested_datetime", "updated_datetime", "expected_datetime"] {
            assert!(is_date(r[name].as_str().unwrap()), "{name}: {r}");
        }
        assert_eq!(r["updated_datetime"], r["requested_datetime"], "never updated");
        assert!(!r["agency_responsible"].as_str().unwrap().is_empty());
        assert!(r["address"].as_str().unwrap().contains("第1网格"), "the grid the point lies in: {r}");
        let node = xml(&p.get(&format!("requests/{id}.xml")));
        assert_eq!(node.name, "service_requests");
        let node = node.child("request");
        assert_eq!(node.names(), FIELDS);
        assert_eq!(node.text_of("description"), text);
        // What was said is sealed, and seen by the clerk in full.
        let seen = w.client(Some("clerk")).get(&format!("/cases/{id}")).json();
        assert_eq!(seen["contact"], json!({ "name": "张三", "phone": "13812345678" }));
        assert!(seen["text"].as_str().unwrap().contains("13812345678"));
        assert_eq!(seen["channel"], "open311");
    });
}

#[test]
fn every_kind_of_place_will_do_and_none_is_an_error() {
    let mut w = World::new(None);
    let p = Partner::new(&mut w, json!({}));
    let building = w
        .app
        .db
        .write(|tx| {
            let place = xiezhi::base::area::by_code(tx, "321002001001-1")?.unwrap();
            let point = Some(calc::geo::Point { lat: 323_935_000, lon: 1_194_405_000 });
            let new = xiezhi::base::area::NewBuilding {
                area: &place.id,
                name: "3 栋",
                address: "路 1 号 3 栋",
                point,
                floors: 6,
                homes: 24,
            };
            Ok::<_, xiezhi::kit::Error>(xiezhi::base::area::add_buildings(tx, &[new])?.remove(0))
        })
        .unwrap()
        .value;
    let base = ("service_code", "road");
    p.file(&[base, ("lat", "32.39"), ("long", "119.44")]);
    p.file(&[base, ("address_string", "某处")]);
    let id = p.file(&[base, ("address_id", &building)]);
    let r = p.request(&id);
    assert_eq!((r["lat"].as_f64(), r["long"].as_f64()), (Some(32.3935), Some(119.4405)));
    assert_eq!(r["address_id"], building);
    assert!(r["description"].is_null(), "a description is optional");
    let node = xml(&p.get(&format!("requests/{id}.xml")));
    assert_eq!((node.child("request").text_of("lat"), node.child("request").text_of("long")), ("32.3935000", "119.4405000"));
    for wrong in [
        vec![base],
        vec![base, ("lat", "32.39")],
        vec![base, ("lat", "91"), ("long", "0")],
        vec![base, ("lat", "x"), ("long", "0")],
        vec![base, ("address_id", "no-such")],
    ] {
        assert_eq!(errors(&p.post("requests.xml", &wrong)).0, 400, "{wrong:?}");
    }
    p.file(&[base, ("lat", "0"), ("long", "0")]);
}

#[test]
fn answers_are_kept_missing_ones_named_and_media_come_in_every_way() {
    on_each_engine(|w| {
        let p = Partner::new(w, json!({}));
        let place = ("address_string", "一社区");
        let services = json_of(&p.get("services.json"));
        let asks = |code: &str| json_of(&p.get(&format!("services/{code}.json")))["attributes"].as_array().unwrap().clone();
        let codes =
            services.as_array().unwrap().iter().filter(|s| s["metadata"] == true).map(|s| s["service_code"].as_str().unwrap());
        let (code, needed) = codes
            .map(|c| (c.to_owned(), asks(c).into_iter().filter(|a| a["required"] == true).collect::<Vec<_>>()))
            .find(|(_, n)| !n.is_empty())
            .expect("a class with a required question");
        let refused = p.post("requests.json", &[("service_code", &code), place]);
        assert_eq!(errors(&refused), (400, needed.len()), "each missing answer is an entry: {}", refused.text);
        let value = |a: &Json| match a["datatype"].as_str().unwrap() {
            "number" => "3".to_owned(),
            "datetime" => "2026-11-25T00:00:00Z".to_owned(),
            "string" | "text" => "是".to_owned(),
            _ => a["values"][0]["key"].as_str().unwrap().to_owned(),
        };
        let named: Vec<(String, String)> =
            needed.iter().map(|a| (format!("attribute[{}]", a["code"].as_str().unwrap()), value(a))).collect();
        let mut pairs: Vec<(&str, &str)> = named.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        pairs.extend([("service_code", code.as_str()), place, ("attribute[WHISHETN][]", "a"), ("attribute[WHISHETN][]", "b")]);
        pairs.extend([("media_url", "https://example.org/1.jpg"), ("media_url", "https://example.org/2.jpg")]);
        let id = p.file(&pairs);
        let full = json_of(&p.get(&format!("requests/{id}.json?api_key={}&extensions=true", p.key)));
        let kept = full[0]["attributes"].as_array().unwrap();
        let own = kept.iter().find(|a| a["code"] == "WHISHETN").expect("unknown codes are kept");
        assert_eq!(own["values"], json!(["a", "b"]));
        assert_eq!(full[0]["media_url"], json!(["https://example.org/1.jpg", "https://example.org/2.jpg"]));
        assert_eq!(full[0]["extended_attributes"]["channel"], "open311");
        assert!(full[0]["notes"].is_array());
        let stranger = json_of(&p.get(&format!("requests/{id}.json?extensions=true")));
        assert_eq!((&stranger[0]["attributes"], &stranger[0]["media_url"]), (&json!([]), &Json::Null), "only for who filed it");

        // Files, under the names that clients use.
        let png = include_bytes!("lamp.png");
        let mut body = Vec::new();
        for (name, value) in [("api_key", p.key.as_str()), ("service_code", "road"), ("address_string", "x")] {
            body.extend(format!("--b\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").into_bytes());
        }
        for name in ["media", "photo1", "file_0"] {
            body.extend(format!("--b\r\ncontent-disposition: form-data; name=\"{name}\"; filename=\"a.png\"\r\ncontent-type: image/png\r\n\r\n").into_bytes());
            body.extend(png);
            body.extend(b"\r\n");
        }
        body.extend(b"--b--\r\n");
        let made = p.client.post_raw("/open311/v2/requests.json", &[("content-type", "multipart/form-data; boundary=b")], &body);
        assert_eq!(made.status, 201, "{}", made.text);
        let id = json_of(&made)[0]["service_request_id"].as_str().unwrap().to_owned();
        let urls = p.request(&id)["media_url"].clone();
        assert_eq!(urls.as_array().map(Vec::len), Some(3), "{urls}");
        let path = urls[0].as_str().unwrap().strip_prefix(&p.client.base).unwrap().to_owned();
        let mut picture = ureq::get(format!("{}{path}", p.client.base)).call().unwrap();
        assert!(picture.body_mut().read_to_vec().unwrap().starts_with(&[0xff, 0xd8]), "the partner can fetch it");
    });
}

#[test]
fn media_addresses_leave_in_the_form_that_the_partner_survives() {
    let mut w = World::new(None);
    let one = "https://example.org/1.jpg";
    for (form, json_form, xml_form) in
        [("plain", json!(one), 1), ("twice", json!([one, one]), 2), ("nested", json!([one]), 1), ("never", Json::Null, 1)]
    {
        let p = Partner::new(&mut w, json!({ "media_form": form }));
        let id = p.file(&[("service_code", "road"), ("address_string", "x"), ("media_url", one)]);
        assert_eq!(p.request(&id)["media_url"], json_form, "{form}");
        let node = xml(&p.get(&format!("requests/{id}.xml?api_key={}", p.key)));
        let node = node.child("request");
        assert_eq!(node.names().iter().filter(|n| **n == "media_url").count(), xml_form, "{form}");
        if form == "nested" {
            assert_eq!(node.path(&["media_url", "media_url"]).text, one);
        }
    }
}

#[test]
fn a_token_stands_for_its_request_and_stays_valid() {
    on_each_engine(|w| {
        let p = Partner::new(w, json!({ "by_token": true }));
        let made = p.post("requests.xml", &[("service_code", "road"), ("address_string", "x")]);
        let root = xml(&made);
        let made = root.child("request");
        assert!(!made.has("service_request_id"), "an empty id is left out, not sent empty");
        let token = made.text_of("token").to_owned();
        assert!(is_id(&token));
        for _ in 0..2 {
            let node = xml(&p.get(&format!("tokens/{token}.xml")));
            assert_eq!(
                (node.name.as_str(), node.child("request").names()),
                ("service_requests", vec!["service_request_id", "token"])
            );
            let list = json_of(&p.get(&format!("tokens/{token}.json")));
            assert_eq!((list.as_array().unwrap().len(), &list[0]["token"]), (1, &json!(token)));
            assert_eq!(p.get(&format!("requests/{}.json", list[0]["service_request_id"].as_str().unwrap())).status, 200);
        }
        assert_eq!(errors(&p.get("tokens/no-such.xml")), (404, 1));
        // A case of another channel has no token.
        let (number, _) = w.client(None).report("灯");
        let id: String = {
            use store::{Query as _, params};
            w.app
                .db
                .read(|r| r.row("select id from cases where number = $1", params![number]))
                .unwrap()
                .unwrap()
                .get("id")
                .unwrap()
        };
        assert_eq!(p.get(&format!("tokens/{id}.json")).status, 404);
    });
}

#[test]
fn the_same_key_or_the_same_foreign_id_makes_one_report() {
    on_each_engine(|w| {
        let p = Partner::new(w, json!({}));
        let body = super::open311_partner::form(&[
            ("api_key", &p.key),
            ("service_code", "road"),
            ("address_string", "x"),
            ("description", "坑"),
        ]);
        let headers = [("content-type", "application/x-www-form-urlencoded"), ("idempotency-key", "k1")];
        let send = |body: &str| p.client.post_raw("/open311/v2/requests.json", &headers, body.as_bytes());
        let (first, second) = (send(&body), send(&body));
        assert_eq!((first.status, &first.text), (201, &second.text));
        assert_eq!(errors(&send(&format!("{body}&email=b%40example.org"))).0, 400, "the same key for something else");
        let foreign = [("service_code", "road"), ("address_string", "y"), ("attribute[external_id]", "A-77")];
        assert_eq!(p.file(&foreign), p.file(&foreign));
        let other = Partner::new(w, json!({}));
        assert_ne!(p.file(&foreign), other.file(&foreign), "another partner's ids are his own");
        assert_eq!(w.client(None).get("/equation").json()["received"], 3);
    });
}
