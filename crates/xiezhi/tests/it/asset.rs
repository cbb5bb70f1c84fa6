//! Assets: a table comes in with its good rows, staff find a lamp near a place, and a report about it goes to its owner.

use serde_json::{Value as Json, json};
use xiezhi::base::asset::import::FORMS;
use xiezhi::kit::i18n::Lang;
use xiezhi::kit::sheet::xlsx::Book;
use xiezhi::kit::time::DAY;

use crate::world::{Client, World, on_each_engine, send};

const LAMP: &str = "3210020118000001";

/// A workbook with these rows: code, class, name, lat, lon, grid, owner, from, manager.
fn book(w: &World, rows: &[[&str; 9]]) -> Vec<u8> {
    let mut cells = vec![FORMS[0].columns.iter().map(|c| c.1.to_owned()).collect::<Vec<_>>()];
    cells.extend(rows.iter().map(|r| r.iter().map(|c| (*c).to_owned()).collect()));
    let none = |_: &str, _: &str| None;
    let sheets = vec![(&FORMS[0], &cells)];
    Book { sheets, problems: &[], lang: Lang::Zh, choices: none, help: &[], more: Vec::new() }.bytes(&w.app.texts).unwrap()
}

fn counts(answer: &crate::world::Answer) -> [i64; 4] {
    assert_eq!(answer.status, 200, "{}", answer.text);
    let v = answer.json();
    ["added", "changed", "same", "rejected"].map(|k| v[k].as_i64().unwrap())
}

fn codes(seen: &Json) -> Vec<String> {
    seen["items"].as_array().unwrap().iter().map(|i| i["code"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn good_rows_come_in_bad_ones_are_named_and_the_same_file_changes_nothing() {
    on_each_engine(|w| {
        let (admin, clerk) = (w.client(Some("admin")), w.client(Some("clerk")));
        let lamp = [LAMP, "", "南门路灯", "32.3940", "119.4410", "", "property", "", "helpers"];
        let bench = ["bench-1", "", "", "", "", "321002001001-2", "", "", ""];
        let all = book(
            w,
            &[
                lamp,
                bench,
                [LAMP, "", "", "32.3940", "119.4410", "", "", "", ""],
                ["x1", "没有这类", "", "32.3940", "119.4410", "", "没有这家", "", ""],
                ["x2", "", "", "", "", "", "", "", ""],
                ["x3", "", "", "91", "0", "321002001001-1", "", "昨天", ""],
                ["x 4", "", "", "", "", "321002", "", "", ""],
            ],
        );
        assert_eq!(send(&clerk, "/components", &[], &all).error().1, "denied");
        let answer = send(&admin, "/components", &[], &all);
        assert_eq!(counts(&answer), [2, 0, 0, 5]);
        let mut told: Vec<(i64, String)> = Vec::new();
        for p in answer.json()["problems"].as_array().unwrap() {
            told.push((p["row"].as_i64().unwrap(), p["code"].as_str().unwrap().to_owned()));
        }
        let want = [
            (4, "twice"),
            (5, "unknown"),
            (5, "unknown"),
            (6, "no-place"),
            (7, "bad-place"),
            (7, "bad-date"),
            (8, "outside"),
            (8, "bad-code"),
        ];
        told.sort();
        let mut want: Vec<(i64, String)> = want.iter().map(|(n, c)| (*n, (*c).to_owned())).collect();
        want.sort();
        assert_eq!(told, want);
        assert!(answer.json()["marked"].as_str().unwrap().starts_with("data:"));
        assert_eq!(counts(&send(&admin, "/components", &[], &all)), [0, 0, 2, 5], "done twice it changes nothing");
        assert_eq!(send(&admin, "/components", &[], b"no workbook").error().1, "bad-workbook");
        assert_eq!(send(&admin, "/components", &[], b"{\"type\":1}").error(), (422, "bad-geojson".into()));

        let geo = json!({ "type": "FeatureCollection", "features": [
            { "geometry": { "type": "Point", "coordinates": [119.4411, 32.3941] }, "properties": { "code": "cover-7", "class": "道路、井盖", "owner": "property" } },
            { "geometry": { "type": "LineString", "coordinates": [[1, 2], [3, 4]] }, "properties": { "code": "pipe-1" } },
        ] });
        assert_eq!(counts(&send(&admin, "/components", &[], geo.to_string().as_bytes())), [1, 0, 0, 1]);

        // By code, by class, around a place; nobody but staff.
        assert_eq!(codes(&clerk.get("/components").json()), [LAMP, "bench-1", "cover-7"]);
        assert_eq!(codes(&clerk.get("/components?q=321002").json()), [LAMP]);
        assert_eq!(codes(&clerk.get("/components?class=road").json()), ["cover-7"]);
        let near = clerk.get("/components?lat=32.3940&lon=119.4410").json();
        assert_eq!((codes(&near), &near["items"][0]["metres"]), (vec![LAMP.to_owned(), "cover-7".into()], &json!(0)));
        assert_eq!(codes(&clerk.get("/components?lat=32.5&lon=119.4410").json()), Vec::<String>::new());
        assert_eq!(w.client(Some("resident")).get("/components").error().1, "denied");
        assert_eq!(w.client(None).get("/components").error().1, "sign-in");
        let one = clerk.get(&format!("/components/{LAMP}")).json();
        assert_eq!((&one["class"], &one["owner"], &one["manager"]), (&json!("路灯"), &json!("property"), &json!("helpers")));
        for path in ["/components".to_owned(), format!("/components/{LAMP}"), "/components?lat=32.394&lon=119.441".into()] {
            let page = clerk.get_as(&path, "text/html").text;
            assert!(page.contains("南门路灯") && !page.contains('⟦'), "{path}: {page}");
        }
    });
}

#[test]
fn a_report_that_names_an_asset_goes_to_whoever_owns_it_at_that_time() {
    on_each_engine(|w| {
        let (admin, clerk, anyone) = (w.client(Some("admin")), w.client(Some("clerk")), w.client(None));
        let lamp = |owner: &'static str, from: &'static str| [LAMP, "", "南门路灯", "32.3940", "119.4410", "", owner, from, ""];
        assert_eq!(counts(&send(&admin, "/components", &[], &book(w, &[lamp("helpers", "")]))), [1, 0, 0, 0]);
        let report = |who: &Client, asset: &str| -> String {
            let made = who.post("/reports", &json!({ "text": "不亮", "place": { "asset": asset } }));
            assert_eq!(made.status, 201, "{}", made.text);
            made.json()["number"].as_str().unwrap().to_owned()
        };
        let number = report(&anyone, LAMP);
        let seen = clerk.get(&format!("/cases/{number}")).json();
        assert_eq!(
            (&seen["class"], &seen["component"]["code"], &seen["holder"]["party"]),
            (&json!("street-lamp"), &json!(LAMP), &json!("committee"))
        );
        assert!(seen["place"].as_str().unwrap().contains("第1网格"), "{seen}");
        assert_eq!(
            anyone.get(&format!("/reports/{number}")).json()["component"],
            Json::Null,
            "the public is told a place, not a number"
        );
        assert_eq!(clerk.act(&number, "accept", json!({})).status, 200);
        let seen = clerk.get(&format!("/cases/{number}")).json();
        assert_eq!((&seen["suggested"]["name"], &seen["suggested"]["owner"]), (&json!("helpers"), &json!(true)));
        assert!(clerk.get_as(&format!("/cases/{number}"), "text/html").text.contains("这件东西归它"));

        // Handed over the day after tomorrow: until then the old owner, from then on the new one.
        assert_eq!(counts(&send(&admin, "/components", &[], &book(w, &[lamp("property", "2026-03-06")]))), [0, 1, 0, 0]);
        assert_eq!(
            counts(&send(&admin, "/components", &[], &book(w, &[lamp("helpers", "2026-01-01")]))),
            [0, 0, 0, 1],
            "too early"
        );
        assert_eq!(clerk.get(&format!("/cases/{number}")).json()["suggested"]["name"], "helpers");
        w.app.ambience.advance(2 * DAY);
        let clerk = w.client(Some("clerk"));
        let later = report(&clerk, LAMP);
        assert_eq!(clerk.act(&later, "accept", json!({})).status, 200);
        assert_eq!(clerk.get(&format!("/cases/{later}")).json()["suggested"]["name"], "property");
        let done = clerk.act(&later, "dispatch", json!({ "to": w.body("property") }));
        assert_eq!(done.status, 200, "{}", done.text);
        let case = w.app.db.read(|r| Ok::<_, xiezhi::kit::Error>(xiezhi::records::case::by_number(r, &later)?.unwrap())).unwrap();
        assert_eq!(case.rule.as_deref(), Some("owner"));
        let owners = clerk.get(&format!("/components/{LAMP}")).json()["owners"].clone();
        assert_eq!(
            owners.as_array().unwrap().iter().map(|o| o["name"].as_str().unwrap()).collect::<Vec<_>>(),
            ["helpers", "property"]
        );

        // A number that nobody knows is no reason to refuse a report (inv12).
        let lost = report(&anyone, "no-such-thing");
        let seen = clerk.get(&format!("/cases/{lost}"));
        assert!(seen.status == 200 || seen.status == 403, "{}", seen.text);
        // By the form: the place is known, the number travels along.
        let page = anyone.get_as(&format!("/report?asset={LAMP}"), "text/html").text;
        assert!(page.contains("南门路灯") && page.contains(&format!("name=\"asset\" value=\"{LAMP}\"")), "{page}");
    });
}
