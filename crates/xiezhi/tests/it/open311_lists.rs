//! Which requests: filters, pages, jurisdictions, what moves, what was merged, and GeoReport Bulk.

use serde_json::{Value as Json, json};

use super::open311_partner::{Partner, errors, is_date, json_of, xml};
use super::world::{COMMUNITY, SIBLING, World, on_each_engine};
use xiezhi::kit::time::{DAY, rfc3339};

fn ids(list: &Json) -> Vec<String> {
    list.as_array().unwrap().iter().map(|r| r["service_request_id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn filters_pages_and_windows() {
    on_each_engine(|w| {
        let p = Partner::new(w, json!({}));
        let zone = w.app.config.zone.clone();
        let when = |days: i64| xiezhi::kit::form::encode(&rfc3339(w.app.now() + days * DAY, &zone));
        let file = |code: &str| p.file(&[("service_code", code), ("address_string", "x"), ("description", code)]);
        let old = file("road");
        w.app.ambience.advance(95 * DAY);
        let mut new: Vec<String> = Vec::new();
        for code in ["road", "lighting", "road", "noise"] {
            new.push(file(code));
            w.app.ambience.advance(1000);
        }
        new.reverse();
        let find = |query: &str| json_of(&p.get(&format!("requests.json?{query}")));
        assert_eq!(ids(&find("")), new, "the last 90 days, newest first");
        assert_eq!(ids(&find("start_date=&status=&page=")), new, "an empty parameter is none");
        assert_eq!(ids(&find("service_code=road")).len(), 2);
        assert_eq!(ids(&find("service_code=lighting,noise")).len(), 2);
        assert_eq!(
            ids(&find(&format!("service_request_id={old},{},nonsense&status=closed&start_date=x", new[0]))).len(),
            2,
            "it overrides all"
        );
        assert_eq!(ids(&find(&format!("start_date={}&end_date={}", when(-100), when(-90)))), std::slice::from_ref(&old));
        assert_eq!(ids(&find(&format!("end_date={}", when(-10)))), std::slice::from_ref(&old), "90 days back from there");
        assert_eq!(ids(&find(&format!("start_date={}", when(-94)))).len(), 0, "90 days on from there");
        assert_eq!(ids(&find("status=closed")).len(), 0);
        assert_eq!(ids(&find("status=open,closed")).len(), 4);
        assert_eq!(ids(&find("status=OPEN")).len(), 4);
        assert_eq!(ids(&find("page_size=2")), new[..2]);
        assert_eq!(ids(&find("page_size=2&page=2")), new[2..]);
        assert_eq!(ids(&find("page_size=100000")).len(), 4);
        let root = xml(&p.get("requests.xml?page_size=1"));
        assert_eq!((root.name.as_str(), root.names()), ("service_requests", vec!["request"]));
        assert_eq!(p.get("requests.json?page_size=1").json().as_array().map(Vec::len), Some(1), "an array even with one");
        assert_eq!(p.get("requests.json?service_code=pets").text, "[]");
        for wrong in [
            format!("start_date={}&end_date={}", when(-91), when(0)),
            format!("start_date={}&end_date={}", when(0), when(-1)),
            "start_date=yesterday".into(),
            "start_date=2026-11-25".into(),
            "start_date=2026-11-25T00:00:00".into(),
            "status=done".into(),
            "page=0".into(),
            "page=-1".into(),
            "page_size=x".into(),
            "page=50000".into(),
            format!(
                "service_request_id={}",
                "1,".repeat(201).split(',').enumerate().map(|(i, _)| i.to_string()).collect::<Vec<_>>().join(",")
            ),
        ] {
            for ext in ["json", "xml"] {
                assert_eq!(errors(&p.get(&format!("requests.{ext}?{wrong}"))).0, 400, "{wrong}");
            }
        }
        let two = p.get("requests.json?start_date=x&status=y");
        assert_eq!(errors(&two), (400, 2), "each mistake is an entry");
    });
}

#[test]
fn updated_datetime_moves_with_every_visible_change_and_closed_is_settled() {
    on_each_engine(|w| {
        let p = Partner::new(w, json!({}));
        let id = p.file(&[("service_code", "lighting"), ("lat", "32.3931"), ("long", "119.4401"), ("description", "灯")]);
        let mut last = p.request(&id);
        let (clerk, property) = (w.client(Some("clerk")), w.client(Some("property")));
        let to = w.body("property");
        let mut step = |client: &super::world::Client, action: &str, body: Json, status: &str| {
            let done = client.act(&id, action, body);
            assert_eq!(done.status, 200, "{action}: {}", done.text);
            let now = p.request(&id);
            assert_ne!(now["status_notes"], last["status_notes"], "{action}");
            assert!(now["updated_datetime"].as_str() > last["updated_datetime"].as_str(), "{action}: {now} after {last}");
            assert_eq!(now["status"], status, "{action}");
            last.clone_from(&now);
            now
        };
        // The clock stands still: even within one second it must move.
        step(&clerk, "accept", json!({}), "open");
        step(&clerk, "dispatch", json!({ "to": to }), "open");
        step(&property, "accept", json!({}), "open");
        step(&property, "feedback", json!({ "text": "补好了" }), "open");
        step(&clerk, "check", json!({}), "open");
        assert!(step(&clerk, "close", json!({}), "closed")["expected_datetime"].is_null());
        step(&clerk, "reopen", json!({ "reason": "又坏了" }), "open");
        let later = w.app.now() + DAY;
        let zone = w.app.config.zone.clone();
        let day = |d: i64| xiezhi::kit::form::encode(&rfc3339(later + d * DAY, &zone));
        let updated = |query: String| ids(&json_of(&p.get(&format!("requests.json?{query}"))));
        assert_eq!(updated(format!("updated_after={}&updated_before={}", day(-2), day(0))), std::slice::from_ref(&id));
        assert_eq!(updated(format!("updated_after={}", day(0))), Vec::<String>::new());
    });
}

#[test]
fn a_merged_request_still_answers_and_names_the_main_one() {
    let mut w = World::new(None);
    let p = Partner::new(&mut w, json!({}));
    let file = || p.file(&[("service_code", "road"), ("lat", "32.3931"), ("long", "119.4401")]);
    let (main, same) = (file(), file());
    let clerk = w.client(Some("clerk"));
    assert_eq!(clerk.act(&same, "merge", json!({ "to": main })).status, 200);
    let r = p.request(&same);
    assert_eq!(r["status"], "closed");
    assert!(r["status_notes"].as_str().unwrap().contains(&main), "{r}");
    assert_eq!(clerk.act(&main, "reject", json!({ "reason": "不在本社区" })).status, 200);
    let r = p.request(&main);
    assert!(r["status"] == "closed" && !r["status_notes"].to_string().contains("不在本社区"), "reasons are the reporter's: {r}");
}

#[test]
fn jurisdictions_are_asked_for_where_there_are_several() {
    on_each_engine(|w| {
        let admin = w.client(Some("admin"));
        let p = Partner::new(w, json!({}));
        let add = |id: &str, area: &str| admin.post("/admin/open311/jurisdictions", &json!({ "id": id, "area": area })).status;
        assert_eq!(add("city.gov", COMMUNITY), 422, "a dot fails a default validator");
        assert_eq!(add("j1", "3210"), 403, "not this administrator's");
        assert_eq!(add("j1", COMMUNITY), 201);
        let place = [("service_code", "road"), ("address_string", "x")];
        p.file(&place);
        assert_eq!(errors(&p.get("requests.xml?jurisdiction_id=other")).0, 404, "a wrong name is wrong anywhere");
        assert_eq!((add("j2", SIBLING), add("j2", SIBLING)), (201, 409));
        for ext in ["xml", "json"] {
            for call in
                ["services", "services/road", "requests", "requests/261125-0001", "tokens/x", "servicerequestupdates", "bulk"]
            {
                assert_eq!(errors(&p.get(&format!("{call}.{ext}"))).0, 400, "{call}");
                assert_eq!(errors(&p.get(&format!("{call}.{ext}?jurisdiction_id=j9"))).0, 404, "{call}");
            }
            assert_eq!(errors(&p.post(&format!("requests.{ext}"), &place)).0, 400);
            assert_eq!(errors(&p.post(&format!("requests.{ext}"), &[place[0], place[1], ("jurisdiction_id", "j9")])).0, 404);
        }
        let made = p.post("requests.json", &[place[0], place[1], ("jurisdiction_id", "j2")]);
        let id = json_of(&made)[0]["service_request_id"].as_str().unwrap().to_owned();
        assert_eq!(ids(&json_of(&p.get("requests.json?jurisdiction_id=j2"))), std::slice::from_ref(&id));
        assert_eq!(p.get(&format!("requests/{id}.json?jurisdiction_id=j1")).status, 404);
        let bound = Partner::new(w, json!({ "jurisdiction": "j1" }));
        let there = bound.post("requests.xml", &[place[0], place[1], ("jurisdiction_id", "j2")]);
        assert_eq!(errors(&there).0, 403);
        assert_eq!(bound.post("requests.xml", &[place[0], place[1], ("jurisdiction_id", "j1")]).status, 201);
        assert_eq!(admin.post("/admin/open311/jurisdictions/j2/end", &json!({})).status, 201);
        assert_eq!(p.get("requests.json").status, 200, "one is left");
    });
}

#[test]
fn bulk_has_fourteen_columns_and_a_cursor() {
    on_each_engine(|w| {
        let p = Partner::new(w, json!({}));
        let tricky = "逗号，\"引号\", 换行\n第二行";
        let mut made = vec![p.file(&[("service_code", "road"), ("address_string", "x"), ("description", tricky)])];
        for _ in 0..4 {
            w.app.ambience.advance(1000);
            made.push(p.file(&[("service_code", "road"), ("address_string", "x")]));
        }
        let first = p.get("bulk.csv");
        assert_eq!(first.header("content-type"), Some("text/csv; charset=utf-8; header=present"));
        let mut reader = csv::Reader::from_reader(first.text.as_bytes());
        assert_eq!(reader.headers().unwrap().len(), 14);
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        assert_eq!(rows.iter().map(|r| r[0].to_owned()).collect::<Vec<_>>(), made, "oldest first");
        assert_eq!(&rows[0][9], tricky);
        assert!(rows.iter().all(|r| is_date(&r[1]) && is_date(&r[2]) && r[3].is_empty()));
        assert!(first.text.contains("\r\n"), "RFC 4180");
        let (mut seen, mut next) = (Vec::new(), Some("/open311/v2/bulk.json?page_size=2&service_code=road".to_owned()));
        while let Some(path) = next.take() {
            let page = p.client.get_as(&path, "*/*");
            seen.extend(ids(&json_of(&page)));
            let link = page.header("link").map(|l| l.trim_start_matches('<').split('>').next().unwrap().to_owned());
            next = link.map(|l| l.strip_prefix(&p.client.base).unwrap().to_owned());
            assert!(seen.len() <= made.len());
        }
        assert_eq!(seen, made);
        let root = xml(&p.get("bulk.xml"));
        assert_eq!((root.name.as_str(), root.children.len(), root.children[0].children.len()), ("service_requests", 5, 14));
        assert_eq!(errors(&p.get("bulk.csv?cursor=x")).0, 400);
        assert_eq!(errors(&p.get("bulk.pdf")).0, 404);
    });
}
