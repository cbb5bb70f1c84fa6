//! Routing tables: a workbook goes in, its mistakes and holes come back, it is tried on what has happened, and then the
//! desk is offered whom it names.

use serde_json::{Value as Json, json};
use xiezhi::base::party::Chart;
use xiezhi::base::routing::sheet::{self, Node};
use xiezhi::base::{classes, party, routing};
use xiezhi::kit::RoleKind;
use xiezhi::kit::i18n::Lang;
use xiezhi::kit::time::{DAY, HOUR};

use crate::world::{COMMUNITY, Client, World, on_each_engine, send};

/// A workbook with these rows: area, class, time, party.
fn book(w: &World, rows: &[[&str; 4]]) -> Vec<u8> {
    let (classes, chart) = (classes::now(&w.app).unwrap(), Chart::now(&w.app).unwrap());
    let node = Node { classes: &classes, chart: &chart, texts: &w.app.texts };
    let mut cells = vec![["区划", "类别", "时间", "派给", "备注"].map(str::to_owned).to_vec()];
    cells.extend(rows.iter().map(|r| r.iter().chain(&["说明"]).map(|c| (*c).to_owned()).collect::<Vec<_>>()));
    sheet::book(&node, &cells, &[], Lang::Zh).unwrap()
}

/// Sends a table in, looks at its trial and enables it.
fn enabled(w: &World, admin: &Client, rows: &[[&str; 4]]) -> i64 {
    let made = send(admin, "/admin/routing", &[], &book(w, rows));
    assert_eq!(made.status, 201, "{}", made.text);
    let version = made.json()["version"].as_i64().unwrap();
    let seen = admin.get(&format!("/admin/routing/{version}")).json()["trial"]["elsewhere"].clone();
    let answer = admin.post(&format!("/admin/routing/{version}"), &json!({ "seen": seen }));
    assert_eq!(answer.status, 200, "{}", answer.text);
    version
}

const REST: [&str; 4] = ["全部", "全部", "始终", "按目录"];

fn accepted(who: &Client, class: &str) -> String {
    let (number, _) = who.report("有事");
    assert_eq!(who.act(&number, "accept", json!({ "class": class })).status, 200);
    number
}

fn dispatched(w: &World, who: &Client, number: &str, to: &str) -> Json {
    let answer = who.act(number, "dispatch", json!({ "to": w.body(to) }));
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

/// Rule in the case and in the log.
fn kept(w: &World, number: &str) -> (Option<String>, Option<String>) {
    use store::Query as _;
    w.app
        .db
        .read(|r| {
            let case = xiezhi::records::case::by_number(r, number)?.unwrap();
            let log = r.history(&case.id)?;
            let last = log.iter().rev().find(|e| e.act == "case.dispatch");
            Ok::<_, xiezhi::kit::Error>((case.rule, last.and_then(|e| e.fact("rule")).map(str::to_owned)))
        })
        .unwrap()
}

#[test]
fn a_table_is_tried_on_history_and_then_offers_its_party_with_the_reason() {
    on_each_engine(|w| {
        let (admin, clerk) = (w.client(Some("admin")), w.client(Some("clerk")));
        // Without a table the class says who usually settles it.
        let first = accepted(&clerk, "building");
        let seen = clerk.get(&format!("/cases/{first}")).json();
        assert_eq!((&seen["suggested"]["name"], &seen["suggested"]["rule"]), (&json!("property"), &Json::Null));
        dispatched(w, &clerk, &first, "property");
        assert_eq!(kept(w, &first), (None, None));
        assert_eq!(admin.get("/admin/routing").json()["version"], Json::Null);

        let all = classes::now(&w.app).unwrap();
        let major = all.majors.iter().find(|m| m.code == all.get("building").unwrap().major).unwrap();
        let name = format!("大类：{}", major.name.zh);
        let rows = [[COMMUNITY, "building", "工作时间", "helpers"], [COMMUNITY, &name, "始终", "物业"], REST];
        let made = send(&admin, "/admin/routing", &[], &book(w, &rows));
        assert_eq!((made.status, &made.json()["version"]), (201, &json!(1)), "{}", made.text);
        let trial = admin.get("/admin/routing/1").json();
        assert_eq!(
            (&trial["draft"], &trial["trial"]["cases"], &trial["trial"]["elsewhere"]),
            (&json!(true), &json!(1), &json!(1))
        );
        assert_eq!(trial["trial"]["parties"][0], json!({ "from": "property", "to": "helpers", "n": 1 }));
        assert_eq!(
            (&trial["trial"]["items"][0]["number"], &trial["trial"]["items"][0]["rule"], &trial["trial"]["elsewhere_now"]),
            (&json!(first), &json!(1), &json!(0))
        );
        let page = admin.get_as("/admin/routing/1", "text/html").text;
        assert!(page.contains("启用") && page.contains("helpers") && !page.contains('⟦'), "{page}");

        // A draft changes nothing; who has not looked at the trial cannot enable it.
        let second = accepted(&clerk, "building");
        assert_eq!(clerk.get(&format!("/cases/{second}")).json()["suggested"]["name"], "property");
        assert_eq!(admin.post("/admin/routing/1", &json!({})).error(), (422, "missing".into()));
        assert_eq!(clerk.post("/admin/routing/1", &json!({ "seen": 1 })).error().1, "denied");
        assert_eq!(admin.post("/admin/routing/1", &json!({ "seen": 1 })).status, 200);
        assert_eq!(admin.post("/admin/routing/1", &json!({ "seen": 1 })).error(), (409, "state".into()), "enabled once");

        // Open cases stay where they are.
        assert_eq!(clerk.get(&format!("/cases/{first}")).json()["holder"]["party"], "property");
        let seen = clerk.get(&format!("/cases/{second}")).json();
        assert_eq!((&seen["suggested"]["name"], &seen["suggested"]["rule"]), (&json!("helpers"), &json!([1, 1])));
        let page = clerk.get_as(&format!("/desk?open={second}"), "text/html").text;
        assert!(
            page.contains("规则 v1 第 1 条") && page.contains(&format!("value=\"{}\" selected", w.body("helpers"))),
            "{page}"
        );
        dispatched(w, &clerk, &second, "helpers");
        assert_eq!(kept(w, &second), (Some("v1#1".into()), Some("v1#1".into())));
        // Whoever decides otherwise needs no rule.
        dispatched(w, &clerk, &second, "property");
        assert_eq!(kept(w, &second), (None, None));

        // At night the second rule holds.
        w.app.ambience.advance(10 * HOUR);
        let clerk = w.client(Some("clerk"));
        let third = accepted(&clerk, "building");
        assert_eq!(clerk.get(&format!("/cases/{third}")).json()["suggested"]["rule"], json!([1, 2]));
        // The class may be chosen in the same step: then the rule is that of the new class.
        let answer = clerk.act(&third, "dispatch", json!({ "to": w.body("helpers"), "class": "noise" }));
        assert_eq!((answer.status, kept(w, &third).0), (200, None));
    });
}

#[test]
fn mistakes_holes_and_rules_that_nothing_reaches_are_told() {
    on_each_engine(|w| {
        let (admin, clerk) = (w.client(Some("admin")), w.client(Some("clerk")));
        let codes = |rows: &[[&str; 4]]| -> Vec<(u64, String)> {
            let answer = send(&admin, "/admin/routing", &[], &book(w, rows));
            assert_eq!(answer.error(), (422, "bad-routing".into()));
            assert!(answer.json()["marked"].as_str().unwrap().starts_with("data:"));
            let list = answer.json()["problems"].as_array().unwrap().clone();
            list.iter().map(|p| (p["row"].as_u64().unwrap(), p["code"].as_str().unwrap().to_owned())).collect()
        };
        assert_eq!(
            codes(&[
                ["999", "全部", "始终", "物业"],
                [COMMUNITY, "没有这类", "半夜", "没有这家"],
                ["", "全部", "始终", "resident"]
            ]),
            [(2, "unknown"), (3, "unknown"), (3, "unknown"), (3, "unknown"), (4, "missing"), (4, "unknown")]
                .map(|(n, c)| (n, c.to_owned()))
        );
        assert_eq!(codes(&[]), [(2, "missing".to_owned())]);
        let gone = w.body("helpers");
        w.app
            .db
            .write(move |tx| {
                let sibling = xiezhi::base::area::by_code(tx, crate::world::SIBLING)?.unwrap();
                party::add_body(tx, RoleKind::Property, "sibling", &sibling.id, None)?;
                tx.exec("update body set valid_to = 1 where id = $1", store::params![gone])?;
                tx.exec("update structure set n = n + 1", &[])?;
                Ok::<_, xiezhi::kit::Error>(())
            })
            .unwrap();
        assert_eq!(
            codes(&[[COMMUNITY, "全部", "始终", "helpers"], [COMMUNITY, "全部", "始终", "sibling"]]),
            [(2, "ended".to_owned()), (3, "ambiguous".to_owned())]
        );
        // Holes are named: the area, the classes, the time.
        let holes = send(
            &admin,
            "/admin/routing",
            &[],
            &book(w, &[["全部", "全部", "工作时间", "按目录"], ["321002001", "全部", "非工作时间", "街道"]]),
        );
        assert_eq!(holes.error().1, "bad-routing");
        let notes = holes.json()["notes"].as_array().unwrap().clone();
        assert_eq!(notes.len(), 1, "{notes:?}");
        assert!(notes[0].as_str().unwrap().contains("全部 · 非工作时间"), "{notes:?}");
        let page = admin.get_as("/admin/routing", "text/html").text;
        assert!(page.contains("现在没有派单规则") && !page.contains('⟦'), "{page}");
        assert_eq!(admin.get("/admin/routing").json()["versions"], json!([]));
        assert_eq!(send(&admin, "/admin/routing", &[], b"no workbook").error().1, "bad-workbook");
        assert_eq!(send(&clerk, "/admin/routing", &[], &book(w, &[REST])).error().1, "denied");
        assert_eq!(admin.get("/admin/routing/7").error().1, "not-found");
        assert_eq!(admin.get("/admin/routing/x").error().1, "not-found");

        // What nothing reaches is allowed, and said.
        let version = enabled(w, &admin, &[REST, [COMMUNITY, "road", "始终", "街道"]]);
        let rules = admin.get("/admin/routing").json()["rules"].clone();
        assert_eq!(rules[1]["warnings"].as_array().unwrap().len(), 1, "{rules}");
        let page = admin.get_as("/admin/routing?made=1", "text/html").text;
        assert!(page.contains("用不上") && page.contains("已启用") && !page.contains('⟦'), "{page}");
        // What goes out comes in the same.
        assert_eq!(admin.get(&format!("/admin/routing/workbook?version={version}")).status, 200);
        let same = w
            .app
            .db
            .read(|r| {
                let (classes, chart) = (classes::read_now(r, &w.app)?, Chart::read(r, &w.app)?);
                let node = Node { classes: &classes, chart: &chart, texts: &w.app.texts };
                let table = routing::read(r, version)?;
                let cells = sheet::write(r, &node, &table.rules)?;
                let (rules, _, problems) = sheet::import(r, &node, &sheet::book(&node, &cells, &[], Lang::Zh)?)?;
                Ok::<_, xiezhi::kit::Error>((rules == table.rules, problems))
            })
            .unwrap();
        assert_eq!(same, (true, Vec::new()));
    });
}

#[test]
fn a_rule_whose_party_is_gone_is_passed_over_and_a_later_table_waits_for_its_day() {
    on_each_engine(|w| {
        let (admin, clerk) = (w.client(Some("admin")), w.client(Some("clerk")));
        enabled(w, &admin, &[[COMMUNITY, "road", "始终", "helpers"], [COMMUNITY, "road", "始终", "property"], REST]);
        let number = accepted(&clerk, "road");
        let rule = |clerk: &Client| clerk.get(&format!("/cases/{number}")).json()["suggested"]["rule"].clone();
        assert_eq!(rule(&clerk), json!([1, 1]));
        let gone = w.body("helpers");
        let end = move |tx: &mut store::Tx| {
            tx.exec("update body set valid_to = 1 where id = $1", store::params![gone])?;
            tx.exec("update structure set n = n + 1", &[])?;
            tx.log(store::Entry::new("party.body", "body", "x"))?;
            Ok::<_, xiezhi::kit::Error>(())
        };
        w.app.db.write(end).unwrap();
        assert_eq!(rule(&clerk), json!([1, 2]));
        let page = admin.get_as("/admin/routing", "text/html").text;
        assert!(page.contains("这家单位已经撤销"), "{page}");

        let made = send(&admin, "/admin/routing", &[], &book(w, &[REST]));
        assert_eq!(made.json()["version"], 2);
        let far = admin.post("/admin/routing/2", &json!({ "seen": 0, "from": "2099-01-01" }));
        assert_eq!(far.error(), (422, "out-of-range".into()));
        assert_eq!(admin.post("/admin/routing/2", &json!({ "seen": 0, "from": "2026-03-06" })).status, 200);
        assert_eq!(rule(&clerk), json!([1, 2]));
        w.app.ambience.advance(2 * DAY);
        let clerk = w.client(Some("clerk"));
        assert_eq!(rule(&clerk), json!([2, 1]));
    });
}
