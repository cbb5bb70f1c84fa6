//! What departments share: what stands in the catalogue was looked at, everybody sees that it exists, nobody collects it twice.

use serde_json::{Value as Json, json};
use xiezhi::base::{area, party};
use xiezhi::edge::jobs;
use xiezhi::kit::time::{DAY, HOUR};
use xiezhi::kit::{Error, RoleKind};

use super::world::{Answer, COMMUNITY, Client, PASSWORD, World, on_each_engine};

const STREET: &str = "321002001";

/// Two departments of the sub-district and the desk of the district, one person each: `civil`, `labour`, `district`.
pub fn departments(w: &mut World) {
    let hash = party::session::hash(&w.app, PASSWORD).unwrap();
    let settle = move |tx: &mut store::Tx| {
        for (login, kind, code) in [
            ("civil", RoleKind::Department, STREET),
            ("labour", RoleKind::Department, STREET),
            ("district", RoleKind::District, "321002"),
        ] {
            let place = area::by_code(tx, code)?.unwrap();
            let body = party::add_body(tx, kind, login, &place.id, None)?;
            let new = party::NewPerson { name: login, phone: None, home: None, login, hash: &hash };
            let person = party::add_person(tx, &new)?;
            party::add_role(tx, &person, kind, &place.id, Some(&body.id))?;
        }
        Ok::<_, Error>(())
    };
    w.app.db.write(settle).unwrap();
}

/// The low-income list of civil affairs: number, name, level, area, since when.
pub fn low_income() -> Json {
    json!({ "code": "low-income", "title": "低保对象名册", "title_en": "Low-income list", "about": "享受最低生活保障的人员",
        "theme": "welfare", "share": "conditional", "basis": "《社会救助暂行办法》", "rhythm": "monthly", "since": "2024-01-01",
        "fields": [
            { "name": "id_number", "title": "身份证号", "type": "id", "key": true },
            { "name": "full_name", "title": "姓名", "type": "text", "element": "register.name", "required": true },
            { "name": "education", "title": "文化程度", "element": "register.education", "lead": true },
            { "name": "place", "title": "所在社区", "type": "area", "grade": 1 },
            { "name": "granted_on", "title": "批准日期", "type": "date", "grade": 1 },
        ] })
}

fn with(mut base: Json, change: Json) -> Json {
    base.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    base
}

/// Published by `login`.
pub fn published(w: &mut World, login: &str, resource: &Json) -> String {
    let (provider, street) = (w.client(Some(login)), w.client(Some("street")));
    let made = provider.post("/share/resources", resource);
    assert_eq!(made.status, 201, "{}", made.text);
    let code = resource["code"].as_str().unwrap().to_owned();
    let given = provider.post(&format!("/share/resources/{code}/submit"), &json!({}));
    assert_eq!(given.status, 200, "{}", given.text);
    let fine = street.post(&format!("/share/resources/{code}/check"), &json!({ "fits": true }));
    assert_eq!((fine.status, &fine.json()["state"]), (200, &json!("published")), "{}", fine.text);
    code
}

pub fn told(client: &Client, kind: &str) -> bool {
    client.get("/inbox").text.contains(&format!("\"{kind}\""))
}

pub fn after(w: &World, ms: i64) {
    w.app.ambience.advance(ms);
    jobs::deadlines(&w.app, w.app.now()).unwrap();
}

#[test]
fn what_is_wrong_with_a_resource_is_said() {
    on_each_engine(|w| {
        departments(w);
        let (civil, resident) = (w.client(Some("civil")), w.client(Some("resident")));
        let bad = |change: Json| civil.post("/share/resources", &with(low_income(), change)).error();
        let field = |change: Json| {
            let mut one = low_income();
            one["fields"][1].as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
            civil.post("/share/resources", &one).error()
        };
        assert_eq!(bad(json!({ "code": "../etc" })), (422, "unknown-value".into()));
        assert_eq!(bad(json!({ "theme": "stars" })), (422, "unknown-value".into()));
        assert_eq!(bad(json!({ "rhythm": "often" })), (422, "unknown-value".into()));
        assert_eq!(bad(json!({ "share": "perhaps" })), (422, "unknown-value".into()));
        assert_eq!(bad(json!({ "basis": null })), (422, "missing".into()), "conditions rest on something");
        assert_eq!(bad(json!({ "share": "unconditional" })), (422, "not-shareable".into()), "names are nobody's to give away");
        assert_eq!(bad(json!({ "fields": [] })), (422, "missing".into()));
        assert_eq!(bad(json!({ "fields": "many" })), (422, "wrong-type".into()));
        assert_eq!(bad(json!({ "area": "321002" })), (403, "other-area".into()));
        assert_eq!(bad(json!({ "since": "2030-01-01" })), (422, "out-of-range".into()));
        assert_eq!(field(json!({ "element": "register.tag" })), (422, "not-shareable".into()), "what does grave harm stays");
        assert_eq!(field(json!({ "type": "hologram" })), (422, "unknown-value".into()));
        assert_eq!(bad(json!({ "body": w.body("labour") })), (403, "denied".into()), "for another one");
        assert_eq!(resident.post("/share/resources", &low_income()).error(), (403, "denied".into()));
        assert_eq!(civil.post("/share/resources", &low_income()).status, 201);
        assert_eq!(bad(json!({})), (409, "taken".into()));
    });
}

#[test]
fn a_department_writes_the_desk_above_looks_and_everybody_sees_that_it_exists() {
    on_each_engine(|w| {
        departments(w);
        let (civil, street, labour) = (w.client(Some("civil")), w.client(Some("street")), w.client(Some("labour")));
        let (visitor, clerk) = (w.client(None), w.client(Some("clerk")));
        assert_eq!(civil.get_as("/share/new", "text/html").status, 200);
        let at = "/share/resources/low-income";
        assert_eq!(civil.post("/share/resources", &low_income()).status, 201);
        assert_eq!((visitor.get(at).status, labour.get(at).status), (404, 404), "a draft is its own");
        assert_eq!(civil.post(&format!("{at}/submit"), &json!({})).status, 200);
        assert!(told(&street, "share-r-check"));
        assert_eq!(civil.post(&format!("{at}/check"), &json!({ "fits": true })).error(), (403, "own-organisation".into()));
        assert_eq!(clerk.post(&format!("{at}/check"), &json!({ "fits": true })).error(), (403, "denied".into()));
        assert_eq!(street.post(&format!("{at}/check"), &json!({ "fits": false })).error(), (422, "missing".into()));
        assert_eq!(street.get("/share").json()["waiting"][0]["code"], "low-income");
        street.post(&format!("{at}/check"), &json!({ "fits": false, "why": "依据写全称" }));
        assert!(told(&civil, "share-r-returned"));
        let steps = civil.get(at).json()["steps"].clone();
        assert_eq!((&steps[2]["act"], &steps[2]["words"]), (&json!("return"), &json!("依据写全称")));
        assert_eq!(civil.get("/share/resources/low-income/change").status, 200);
        assert_eq!(
            civil.post(&format!("{at}/change"), &with(low_income(), json!({ "basis": "《社会救助暂行办法》第九条" }))).status,
            200
        );
        civil.post(&format!("{at}/submit"), &json!({}));
        assert_eq!(street.post(&format!("{at}/check"), &json!({ "fits": true })).status, 200);
        assert!(told(&civil, "share-r-published"));
        // Everybody: title and kind, nothing of what is in it.
        let seen = visitor.get("/share?q=低保").json();
        assert_eq!((&seen["items"][0]["title"], &seen["items"][0]["share"]), (&json!("低保对象名册"), &json!("conditional")));
        assert_eq!(visitor.get("/share?q=%25").json()["items"].as_array().unwrap().len(), 1, "no sign of a pattern counts");
        assert_eq!(visitor.get("/share?q=航天").json()["items"], json!([]));
        assert_eq!(visitor.get("/share?theme=health").json()["items"], json!([]));
        let public = visitor.get(at).json();
        assert_eq!((&public["fields"], &public["steps"]), (&json!([]), &json!([])));
        assert_eq!(labour.get(at).json()["fields"].as_array().unwrap().len(), 5);
        for page in ["/share", at] {
            assert_eq!(visitor.get_as(page, "text/html").status, 200, "{page}");
            assert_eq!(civil.get_as(page, "text/html").status, 200, "{page}");
        }
    });
}

#[test]
fn the_catalogue_speaks_dcat() {
    on_each_engine(|w| {
        departments(w);
        published(w, "civil", &low_income());
        let open = json!({ "code": "toilets", "title": "公厕", "about": "公共厕所位置", "theme": "facilities", "share": "unconditional",
            "rhythm": "yearly", "fields": [{ "name": "no", "title": "编号", "key": true }, { "name": "name", "title": "名称" }] });
        published(w, "labour", &open);
        let shut = with(open, json!({ "code": "wanted", "title": "线索", "share": "none", "basis": "《保守国家秘密法》" }));
        published(w, "labour", &shut);
        let visitor = w.client(None);
        let got = visitor.get_as("/share/catalogue", "application/ld+json");
        assert_eq!(got.header("content-type"), Some("application/ld+json; charset=utf-8"));
        let catalogue: Json = got.json();
        assert_eq!(catalogue["@type"], "dcat:Catalog");
        let sets = catalogue["dcat:dataset"].as_array().unwrap();
        let right = |n: usize| sets[n]["dct:accessRights"]["@id"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        assert_eq!((right(0), right(1), right(2)), ("RESTRICTED".into(), "PUBLIC".into(), "NON_PUBLIC".into()));
        assert_eq!(sets[0]["dct:identifier"], "low-income");
        assert!(sets[0]["dct:accrualPeriodicity"]["@id"].as_str().unwrap().ends_with("/frequency/MONTHLY"));
        assert_eq!(sets[0]["dct:title"][1], json!({ "@language": "en", "@value": "Low-income list" }));
        assert!(sets[0]["dcat:distribution"].is_array() && sets[2].get("dcat:distribution").is_none());
        assert_eq!(catalogue["dcat:service"].as_array().unwrap().len(), 2, "what is not shared has no service");
        assert_eq!(catalogue["dcat:service"][0]["dcat:servesDataset"]["@id"], sets[0]["@id"]);
        for key in ["full_name", "身份证号"] {
            assert!(!got.text.contains(key), "fields are not for everybody");
        }
        assert_eq!(visitor.get_as("/share/catalogue.jsonld", "*/*").body, got.body, "the same bytes");
        assert_eq!(visitor.get("/share/catalogue.jsonld?after=low-income").json()["dcat:dataset"].as_array().unwrap().len(), 2);
        assert_eq!(visitor.get_as("/share/catalogue", "text/html").status, 303);
    });
}

#[test]
fn a_desk_that_does_not_look_loses_it_to_the_one_above() {
    on_each_engine(|w| {
        departments(w);
        let at = "/share/resources/low-income";
        let civil = w.client(Some("civil"));
        civil.post("/share/resources", &low_income());
        civil.post(&format!("{at}/submit"), &json!({}));
        // Ten working days from a Wednesday are the second Wednesday after it.
        after(w, 14 * DAY - HOUR);
        let (street, district) = (w.client(Some("street")), w.client(Some("district")));
        assert!(!told(&district, "share-r-above"));
        after(w, 10 * HOUR);
        assert!(told(&district, "share-r-above") && told(&street, "share-r-late"));
        assert_eq!(street.post(&format!("{at}/check"), &json!({ "fits": true })).error(), (403, "denied".into()));
        assert_eq!(district.get("/share").json()["waiting"][0]["late"], true);
        assert_eq!(district.post(&format!("{at}/check"), &json!({ "fits": true })).status, 200);
    });
}

fn lead(code: &str, area: &str) -> Json {
    with(low_income(), json!({ "code": code, "area": area }))
}

#[test]
fn one_organisation_collects_an_element_for_a_place() {
    on_each_engine(|w| {
        departments(w);
        published(w, "civil", &lead("civil-list", COMMUNITY));
        let labour = w.client(Some("labour"));
        labour.post("/share/resources", &lead("labour-list", STREET));
        let refused: Answer = labour.post("/share/resources/labour-list/submit", &json!({}));
        assert_eq!(refused.error(), (409, "lead-taken".into()), "the sub-district has that community in it");
        assert_eq!(refused.json()["field"], "register.education");
        // Elsewhere somebody else may.
        labour.post("/share/resources", &lead("labour-two", super::world::SIBLING));
        assert_eq!(labour.post("/share/resources/labour-two/submit", &json!({})).status, 200);
        // Withdrawn, it is free again.
        let civil = w.client(Some("civil"));
        let gone = civil.post("/share/resources/civil-list/withdraw", &json!({ "why": "并入人社名册" }));
        assert_eq!(gone.json()["state"], "withdrawn");
        assert_eq!(labour.post("/share/resources/labour-list/submit", &json!({})).status, 200);
        assert_eq!(civil.get("/share?q=低保").json()["items"], json!([]));
    });
}

#[test]
fn a_change_of_what_is_published_waits_for_the_desk_and_is_a_new_version() {
    on_each_engine(|w| {
        departments(w);
        published(w, "civil", &low_income());
        let (civil, street) = (w.client(Some("civil")), w.client(Some("street")));
        let at = "/share/resources/low-income";
        let mut changed = low_income();
        changed["fields"].as_array_mut().unwrap().push(json!({ "name": "level", "title": "档次", "type": "number", "grade": 1 }));
        let mut bent = changed.clone();
        bent["fields"][3]["type"] = "text".into();
        assert_eq!(civil.post(&format!("{at}/change"), &bent).error(), (422, "field-changed".into()));
        assert_eq!(civil.post(&format!("{at}/change"), &changed).status, 200);
        let now = civil.get(at).json();
        assert_eq!((now["version"].as_i64(), now["fields"].as_array().unwrap().len()), (Some(1), 5), "until somebody looked");
        assert_eq!(now["pending"].as_array().unwrap().len(), 6);
        street.post(&format!("{at}/check"), &json!({ "fits": true }));
        let now = civil.get(at).json();
        assert_eq!((now["version"].as_i64(), now["fields"].as_array().unwrap().len()), (Some(2), 6));
        assert_eq!(now["pending"], Json::Null);
    });
}
