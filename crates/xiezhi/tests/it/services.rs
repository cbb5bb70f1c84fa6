//! The directory of services: written by desks and owners, found by everyday words, read by the standard.

use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};
use xiezhi::activities::service::terms::own_id;
use xiezhi::kit::time::DAY;

use super::world::{COMMUNITY, Client, SIBLING, World, on_each_engine};

/// A service with everything that can be said of one.
fn bone(w: &World) -> Json {
    json!({
        "name": "社区卫生站骨科门诊", "alternate": "腰腿疼门诊", "body": w.body("helpers"), "about": "看腰腿疼，可以做简单的理疗。",
        "terms": ["health-bone", "health-rehab"], "keywords": "看骨头", "phones": "0514-80000001 预约\n0514-80000002",
        "hours": "周一至周五 9:00-11:30 14:00-17:00", "closures": "中秋节 9:00-10:00", "place": "卫生站", "address": "平安路 3 号",
        "transport": "3 路车到平安路", "postcode": "225000", "lat": "32.3932", "lon": "119.4412", "costs": "挂号 1.50 元\n理疗 20 元",
        "documents": "医保卡\n身份证号 | 我们有\n家庭住址 | register.home", "eligible": "有慢性腰腿疼的", "age_from": 18, "age_to": "95",
        "lives_here": "1", "tags": ["disabled", "alone"], "apply": "先打电话约时间。", "wait": "当天", "unit": "个号", "available": 12,
        "maximum": 20, "languages": "普通话、扬州话", "access": ["ramp", "home"], "url": "https://example.org/bone", "email": "bone@example.org",
        "item": "ABC123", "every_days": 30,
    })
}

fn made(clerk: &Client, new: &Json) -> String {
    let made = clerk.post("/services", new);
    assert_eq!(made.status, 201, "{}", made.text);
    made.json()["id"].as_str().unwrap().to_owned()
}

pub fn simple(w: &World, clerk: &Client, name: &str, more: Json) -> String {
    let mut new = json!({ "name": name, "body": w.body("committee") });
    new.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    made(clerk, &new)
}

/// A query as it goes over the line.
pub fn line(text: &str) -> String {
    let one = |b: u8| if b.is_ascii_graphic() && !b"<>\"".contains(&b) { char::from(b).to_string() } else { format!("%{b:02X}") };
    text.bytes().map(one).collect()
}

pub fn names(c: &Client, query: &str) -> Vec<String> {
    let answer = c.get(&format!("/services?{}", line(query)));
    assert_eq!(answer.status, 200, "{query}: {}", answer.text);
    answer.json()["items"].as_array().unwrap().iter().map(|s| s["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_desk_writes_an_entry_its_owner_keeps_it_and_nobody_else_does() {
    on_each_engine(|w| {
        let (clerk, helper, resident, stranger) =
            (w.client(Some("clerk")), w.client(Some("helper")), w.client(Some("resident")), w.client(Some("stranger")));
        let new = bone(w);
        assert_eq!(resident.post("/services", &new).error(), (403, "denied".into()));
        let id = made(&clerk, &new);
        let one = resident.get(&format!("/services/{id}")).json();
        assert_eq!(
            (&one["org"], &one["address"], &one["phone"]),
            (&json!("helpers"), &json!("平安路 3 号"), &json!("0514-80000001"))
        );
        assert_eq!(one["hours"], json!(["周一至周五 09:00-11:30 14:00-17:00"]));
        assert_eq!(one["cost"], json!(["挂号 1.50 元", "理疗 20 元"]));
        // A Wednesday at ten.
        assert_eq!((&one["open_until"], &one["next_days"][0]["date"]), (&json!("11:30"), &json!("2026-03-04")));
        assert_eq!(one["conditions"].as_array().unwrap().len(), 3);
        assert_eq!((&one["looks"], &one["documents"][1]["held"]), (&Json::Null, &json!(false)), "the register does not know him");
        assert_eq!(one["keeps"], false);
        // What cannot be read is named with its line; nothing is written.
        let bad = |change: Json| {
            let mut new = bone(w);
            new.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
            let answer = clerk.post("/services", &new);
            (answer.error(), answer.json()["field"].as_str().unwrap_or_default().to_owned())
        };
        let bad_line = |field: &str| ((422, "bad-line".to_owned()), field.to_owned());
        assert_eq!(bad(json!({ "hours": "周一至周五 9:00-17:00\n有空的时候" })), bad_line("hours"));
        assert_eq!(bad(json!({ "documents": "月亮 | 我们有" })), bad_line("documents"));
        assert_eq!(bad(json!({ "phones": "<script>" })), bad_line("phones"));
        assert_eq!(bad(json!({ "url": "javascript:alert(1)" })).0, (422, "wrong-type".into()));
        assert_eq!(bad(json!({ "terms": ["none"] })).0, (422, "unknown-value".into()));
        assert_eq!(bad(json!({ "age_from": 80, "age_to": 60 })).0, (422, "out-of-range".into()));
        assert_eq!(bad(json!({ "area": SIBLING })).0, (403, "denied".into()));
        // Its owner changes and confirms it; another community does not.
        let mut other = bone(w);
        other["name"] = "骨科".into();
        other["area"] = "".into();
        assert_eq!(stranger.post(&format!("/services/{id}"), &other).error(), (403, "denied".into()));
        assert_eq!(helper.post(&format!("/services/{id}"), &other).json()["name"], "骨科");
        assert_eq!(names(&resident, "q=卫生站骨科"), ["骨科"], "by its term, and no longer by its old name");
        other["body"] = w.body("committee").into();
        assert_eq!(
            helper.post(&format!("/services/{id}"), &other).error(),
            (403, "denied".into()),
            "for his own organisation only"
        );
        w.app.ambience.advance(31 * DAY);
        // Sessions have ended by then.
        let (clerk, helper, stranger) = (w.client(Some("clerk")), w.client(Some("helper")), w.client(Some("stranger")));
        let resident = w.client(Some("resident"));
        assert_eq!(resident.get(&format!("/services/{id}")).json()["stale"], true);
        assert_eq!(clerk.get("/services/stale").json()["items"][0]["id"], json!(id));
        assert_eq!(helper.get("/services/stale").json()["items"][0]["id"], json!(id));
        assert_eq!(stranger.get("/services/stale").json()["items"], json!([]));
        assert_eq!(stranger.post(&format!("/services/{id}/confirm"), &json!({})).error(), (403, "denied".into()));
        assert_eq!(helper.post(&format!("/services/{id}/confirm"), &json!({})).json()["stale"], false);
        let shut = helper
            .post(&format!("/services/{id}/status"), &json!({ "status": "temporarily closed", "note": "装修到月底" }))
            .json();
        assert_eq!(
            (&shut["status"], &shut["alert"], &shut["open_until"]),
            (&json!("service-status-closed"), &json!("装修到月底"), &Json::Null)
        );
        assert_eq!(names(&resident, "q=骨科").len(), 1, "people learn that it is shut");
        helper.post(&format!("/services/{id}/status"), &json!({ "status": "defunct" }));
        assert!(names(&resident, "q=骨科").is_empty());
        for page in ["/services/new", &format!("/services/{id}/edit"), "/services/sheet", "/services/map"] {
            assert_eq!(clerk.get(page).status, 200, "{page}");
        }
        assert_eq!(stranger.get(&format!("/services/{id}/edit")).error(), (403, "denied".into()));
    });
}

#[test]
fn people_find_it_in_their_own_words() {
    on_each_engine(|w| {
        let (clerk, street, visitor) = (w.client(Some("clerk")), w.client(Some("street")), w.client(None));
        made(&clerk, &bone(w));
        simple(
            w,
            &clerk,
            "长者食堂",
            json!({ "terms": ["elder-meal"], "hours": "每天 10:30-12:30", "lat": 32.4032, "lon": 119.4412, "address": "x" }),
        );
        simple(w, &clerk, "法律援助站", json!({ "terms": ["law-aid"], "hours": "周二 9:00-12:00" }));
        simple(w, &clerk, "Handyman team", json!({ "terms": ["daily-repair"], "about": "修水管、换灯泡" }));
        let of_street = json!({ "name": "街道便民大厅", "body": w.body("street"), "terms": ["office"], "area": "321002001" });
        made(&street, &of_street);
        for (query, name) in [
            ("看腰", "社区卫生站骨科门诊"),
            ("骨科", "社区卫生站骨科门诊"),
            ("腰腿疼", "社区卫生站骨科门诊"),
            ("gk", "社区卫生站骨科门诊"),
            ("kanyao", "社区卫生站骨科门诊"),
            ("ms", "社区卫生站骨科门诊"),
            ("食堂", "长者食堂"),
            ("食糖", "长者食堂"),
            ("shitang", "长者食堂"),
            ("zzst", "长者食堂"),
            ("做不动饭", "长者食堂"),
            ("flyz", "法律援助站"),
            ("法律元助", "法律援助站"),
            ("handyman", "Handyman team"),
            ("plumber", "Handyman team"),
            ("水管", "Handyman team"),
            ("大厅", "街道便民大厅"),
        ] {
            let found = names(&visitor, &format!("q={query}"));
            if query == "ms" {
                assert!(found.iter().all(|n| n != name), "no first letters of it");
            } else {
                assert_eq!(found.first().map(String::as_str), Some(name), "{query}: {found:?}");
            }
        }
        assert!(names(&visitor, "q=火星移民").is_empty());
        // By kind, for a place, open, near.
        assert_eq!(names(&visitor, "term=health"), ["社区卫生站骨科门诊"]);
        assert_eq!(visitor.get("/services?term=nothing").error(), (422, "unknown-value".into()));
        assert_eq!(names(&visitor, &format!("area={SIBLING}")), ["街道便民大厅"], "what the street has is for both");
        assert_eq!(names(&visitor, &format!("area={COMMUNITY}")).len(), 5);
        assert_eq!(names(&visitor, "open=1"), ["社区卫生站骨科门诊"], "at ten on a Wednesday");
        assert_eq!(names(&visitor, "lat=32.4030&lon=119.4410"), ["长者食堂", "社区卫生站骨科门诊"], "the nearest first");
        assert_eq!(names(&visitor, "q=门诊&lat=31&lon=119.4410"), Vec::<String>::new());
        assert_eq!(visitor.get("/services?lat=x&lon=1").error(), (422, "wrong-type".into()));
        for hostile in [
            "'; drop table service; --",
            "%25%25%25",
            "<script>",
            "\u{202e}",
            "𠀀𠀀𠀀",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        ] {
            names(&visitor, &format!("q={hostile}"));
        }
        let points = visitor.get("/services/map?term=health").json();
        assert_eq!(points["features"][0]["geometry"]["coordinates"], json!([119.4412, 32.3932]));
    });
}

#[test]
fn what_is_held_of_somebody_is_told_to_himself_alone_and_nothing_of_it_is_kept() {
    on_each_engine(|w| {
        let (clerk, me, other) = (w.client(Some("clerk")), w.client(Some("resident")), w.client(Some("neighbour")));
        let number = "11010519491231002X";
        assert_eq!(clerk.post("/register/purpose", &json!({ "purpose": "register-keep" })).status, 200);
        let body = json!({ "place": w.body_area("committee"), "door": "2单元602", "name": "某某resident", "id_number": number, "phone": "13800000000" });
        let entered = clerk.post("/register/people", &body);
        assert_eq!(entered.status, 201, "{}", entered.text);
        let person = entered.json()["id"].as_str().unwrap().to_owned();
        assert_eq!(me.post("/me/register", &json!({ "name": "某某resident", "id_number": number })).status, 200);
        let mut new = bone(w);
        let open = |w: &World, clerk: &Client, change: Json| {
            let mut new = bone(w);
            new.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
            made(clerk, &new)
        };
        let id = made(&clerk, &new);
        let held = |c: &Client, id: &str| {
            let one = c.get(&format!("/services/{id}")).json();
            let held: Vec<bool> = one["documents"].as_array().unwrap().iter().map(|d| d["held"] == true).collect();
            (held, one["looks"].clone())
        };
        let (size, none) = (w.app.db.last().size, vec![false; 3]);
        assert_eq!(held(&me, &id), (vec![false, true, true], json!(false)), "he has no such need");
        assert_eq!(held(&w.client(None), &id), (none.clone(), Json::Null));
        assert_eq!(held(&other, &id), (none.clone(), Json::Null));
        assert_eq!(held(&clerk, &id), (none, Json::Null), "the desk reads no more here than anybody");
        assert_eq!(w.app.db.last().size, size, "nothing is written down");
        let answer = me.get_as(&format!("/services/{id}"), "text/html");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        // By age and home alone.
        let old = open(w, &clerk, json!({ "name": "七十岁以上", "tags": [], "age_from": 70 }));
        assert_eq!(held(&me, &old).1, true);
        let young = open(w, &clerk, json!({ "name": "孩子", "tags": [], "age_from": 0, "age_to": 12 }));
        assert_eq!(held(&me, &young).1, false);
        let all = open(w, &clerk, json!({ "name": "大家", "tags": [], "age_from": null, "age_to": null, "lives_here": false }));
        assert_eq!(held(&me, &all).1, Json::Null, "nothing is asked");
        // With the need it looks otherwise, and the page does not say which it was.
        let tag = json!({ "code": "alone", "consent": "said", "until": "2026-06-01" });
        assert_eq!(clerk.post(&format!("/register/people/{person}/tag"), &tag).status, 200);
        assert_eq!(held(&me, &id).1, true);
        new["tags"] = json!(["veteran"]);
        assert_eq!(clerk.post(&format!("/services/{id}"), &new).json()["looks"], Json::Null);
        assert_eq!(held(&me, &id).1, false);
    });
}

/// Where data for tests lies: beside the repository, or where `XIEZHI_SHARED` says.
pub fn shared() -> PathBuf {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    std::env::var_os("XIEZHI_SHARED").map_or(beside, PathBuf::from)
}

/// The published schemas, as validators: `service`, `service_list` and so on of each version.
fn schemas() -> Option<Vec<(String, jsonschema::Validator)>> {
    let dir = shared().join("data/hsds-schemas");
    if !dir.is_dir() {
        eprintln!("SKIPPED: no data/hsds-schemas beside the repository (XIEZHI_SHARED says where else to look)");
        return None;
    }
    let mut out = Vec::new();
    for version in ["3.0", "3.1-dev"] {
        for name in
            ["service", "service_list", "organization", "organization_list", "service_at_location", "service_at_location_list"]
        {
            let file = std::fs::File::open(dir.join(version).join(format!("{name}.json.gz"))).unwrap();
            let schema: Json = serde_json::from_reader(flate2::read::GzDecoder::new(file)).unwrap();
            let check = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
            out.push((name.to_owned(), check));
        }
    }
    Some(out)
}

fn valid(schemas: &[(String, jsonschema::Validator)], name: &str, value: &Json) {
    let mut checked = 0;
    for (_, check) in schemas.iter().filter(|(n, _)| n == name) {
        let faults: Vec<String> = check.iter_errors(value).map(|e| format!("{} at {}", e, e.instance_path())).collect();
        assert!(faults.is_empty(), "{name}: {faults:?}\n{value:#}");
        checked += 1;
    }
    assert_eq!(checked, 2, "{name}");
}

#[test]
fn answers_have_the_shape_of_the_published_schemas() {
    let Some(schemas) = schemas() else { return };
    on_each_engine(|w| {
        let (clerk, visitor) = (w.client(Some("clerk")), w.client(None));
        made(&clerk, &bone(w));
        simple(w, &clerk, "长者食堂", json!({ "hours": "每天 10:30-12:30", "address": "x" }));
        for (path, name) in
            [("services", "service"), ("organizations", "organization"), ("service_at_locations", "service_at_location")]
        {
            let list = visitor.get(&format!("/hsds/{path}")).json();
            let all = list["contents"].as_array().unwrap();
            assert_eq!(all.len(), 2, "{list:#}");
            for one in all {
                valid(&schemas, &format!("{name}_list"), one);
                let id = one["id"].as_str().unwrap();
                let whole = visitor.get(&format!("/hsds/{path}/{id}")).json();
                valid(&schemas, name, &whole);
            }
            for one in visitor.get(&format!("/hsds/{path}?full=true")).json()["contents"].as_array().unwrap() {
                valid(&schemas, name, one);
            }
        }
        for one in visitor.get("/hsds/organizations?full_service=true").json()["contents"].as_array().unwrap() {
            valid(&schemas, "organization", one);
            assert_eq!(one["services"].as_array().unwrap().len(), 1);
        }
        let id = visitor.get(&line("/hsds/services?search=骨科")).json()["contents"][0]["id"].as_str().unwrap().to_owned();
        let whole = visitor.get(&format!("/hsds/services/{id}")).json();
        assert_eq!(whole["schedules"].as_array().unwrap().len(), 2);
        assert_eq!(
            (&whole["schedules"][0]["byday"], &whole["schedules"][0]["opens_at"]),
            (&json!("MO,TU,WE,TH,FR"), &json!("09:00+08:00"))
        );
        assert_eq!(whole["cn_xiezhi"]["held"][0]["element"], "register.id_number");
        assert_eq!(whole["cost_options"][0]["amount"], 1.5);
        assert_eq!(whole["capacities"][0]["unit"]["name"], "个号");
        assert_eq!(whole["service_at_locations"][0]["location"]["addresses"][0]["city"], "扬州市");
        assert_eq!(whole["attributes"].as_array().unwrap().len(), 2);
    });
}

#[test]
fn the_standard_pages_filters_and_refuses_in_its_own_way() {
    on_each_engine(|w| {
        let (clerk, visitor) = (w.client(Some("clerk")), w.client(None));
        let about = visitor.get("/hsds/").json();
        assert_eq!((&about["version"], about["openapi_url"].as_str().unwrap().ends_with("/openapi.json")), (&json!("3.1"), true));
        assert_eq!(visitor.get("/hsds").json(), about);
        let empty = visitor.get("/hsds/services").json();
        assert_eq!(
            empty,
            json!({ "total_items": 0, "total_pages": 0, "page_number": 1, "size": 0, "first_page": true, "last_page": true, "empty": true, "contents": [] })
        );
        let first = made(&clerk, &bone(w));
        w.app.ambience.advance(DAY);
        for n in 0..4 {
            simple(
                w,
                &clerk,
                &format!("第{n}食堂"),
                json!({ "terms": ["elder-meal"], "address": "平安路", "postcode": "225001", "lat": 32.4932, "lon": 119.4412 }),
            );
        }
        let page = visitor.get("/hsds/services?per_page=2&page=2").json();
        assert_eq!((&page["total_items"], &page["total_pages"], &page["size"]), (&json!(5), &json!(3), &json!(2)));
        assert_eq!((&page["first_page"], &page["last_page"], &page["empty"]), (&json!(false), &json!(false), &json!(false)));
        let beyond = visitor.get("/hsds/services?per_page=2&page=9").json();
        assert_eq!((&beyond["size"], &beyond["empty"], &beyond["last_page"]), (&json!(0), &json!(true), &json!(true)));
        // By POST it is the same list, whichever way the filters come.
        let posted = visitor.post("/hsds/services", &json!({ "per_page": 2, "page": 2 }));
        assert_eq!((posted.status, posted.json()), (200, page));
        assert_eq!(visitor.get("/hsds/services").json()["total_items"], 5, "nothing was made");
        let count = |query: &str| {
            let answer = visitor.get(&format!("/hsds/{}", line(query)));
            assert_eq!(answer.status, 200, "{query}: {}", answer.text);
            answer.json()["total_items"].as_i64().unwrap()
        };
        let (meal, bone) = (own_id("elder-meal"), own_id("health-bone"));
        let taxonomy = visitor.get("/hsds/taxonomies").json()["contents"][0]["id"].as_str().unwrap().to_owned();
        for (query, n) in [
            (format!("services?taxonomy_term_id={meal}"), 4),
            (format!("services?taxonomy_term_id={bone}&taxonomy_id={taxonomy}"), 1),
            (format!("services?taxonomy_term_id={bone}&search=食堂"), 0),
            (format!("services?taxonomy_id={taxonomy}"), 5),
            ("services?search=食堂".into(), 4),
            ("services?search=".into(), 5),
            ("services?modified_after=2026-03-05".into(), 4),
            ("services?modified_after=2026-03-04T00:00:00Z&search=骨科".into(), 1),
            ("services?organization_id=none".into(), 0),
            ("services?something=else".into(), 5),
            (format!("organizations?taxonomy_term_id={meal}"), 1),
            ("organizations?search=HELP".into(), 1),
            ("organizations?search=%25".into(), 0),
            ("service_at_locations?postcode=225001".into(), 4),
            ("service_at_locations?postcode=225001&proximity=100".into(), 4),
            ("service_at_locations?postcode=225000&proximity=20000".into(), 5),
            ("service_at_locations?postcode=225000&proximity=5000".into(), 1),
            ("service_at_locations?postcode=999999&proximity=5000".into(), 0),
            (format!("service_at_locations?taxonomy_term_id={meal}"), 4),
            ("taxonomy_terms?top_only=true".into(), 7),
            (format!("taxonomy_terms?parent_id={}", own_id("law")), 2),
            ("taxonomy_terms?search=骨".into(), 1),
            (format!("taxonomy_terms?taxonomy_id={taxonomy}&parent_id=none"), 0),
        ] {
            assert_eq!(count(&query), n, "{query}");
        }
        let org = visitor.get("/hsds/organizations?search=helpers").json()["contents"][0]["id"].as_str().unwrap().to_owned();
        assert_eq!(count(&format!("services?organization_id={org}")), 1);
        let lines = visitor.get("/hsds/services?format=ndjson&per_page=1");
        let all: Vec<Json> = lines.text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
        assert_eq!(all.len(), 5, "everything, unpaged");
        let minimal = visitor.get("/hsds/services?minimal=true&per_page=1").json();
        assert_eq!((&minimal["size"], minimal["contents"][0].as_object().unwrap().len()), (&json!(5), 2));
        assert_eq!(visitor.get(&format!("/hsds/taxonomy_terms/{meal}")).json()["name"], "助餐");
        assert_eq!(visitor.get(&format!("/hsds/taxonomies/{taxonomy}")).json()["id"], json!(taxonomy));
        for path in ["organizations", "service_at_locations", "taxonomies", "taxonomy_terms"] {
            assert_eq!(
                visitor.post(&format!("/hsds/{path}"), &json!({})).json(),
                visitor.get(&format!("/hsds/{path}")).json(),
                "{path}"
            );
        }
        for (bad, status, code) in [
            ("services?page=0", 422, "out-of-range"),
            ("services?per_page=many", 422, "wrong-type"),
            ("services?format=xml", 422, "unknown-value"),
            ("services?modified_after=yesterday", 422, "wrong-type"),
            ("services?full=perhaps", 422, "wrong-type"),
            ("service_at_locations?proximity=100", 422, "missing"),
            ("services/none", 404, "not-found"),
            ("organizations/none", 404, "not-found"),
            ("service_at_locations/none", 404, "not-found"),
            ("taxonomies/none", 404, "not-found"),
            ("taxonomy_terms/none", 404, "not-found"),
            ("nothing", 404, "not-found"),
        ] {
            let answer = visitor.get(&format!("/hsds/{bad}"));
            assert_eq!(
                (answer.status, answer.json()["title"].clone(), answer.json()["status"].clone()),
                (status, json!(code), json!(status)),
                "{bad}"
            );
        }
        let before = visitor.get(&format!("/hsds/services/{first}")).text;
        assert_eq!(visitor.get(&format!("/hsds/services/{first}")).text, before, "the same bytes");
    });
}
