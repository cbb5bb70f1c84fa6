//! Grids cut anew: overlaps and holes are refused, cases keep the grid of their time, new reports go to the new grids.

use calc::geo::Point;
use serde_json::{Value as Json, json};
use store::{Query as _, params};
use xiezhi::base::area;
use xiezhi::edge::jobs;
use xiezhi::kit::Error;
use xiezhi::kit::time::DAY;

use crate::world::{COMMUNITY, Client, World, on_each_engine, send};

/// South-west corner and size of the two grids of the world, which lie 10 000 steps apart.
const WEST: i32 = 1_194_400_000;
const SOUTH: i32 = 323_930_000;

/// A rectangle as GeoJSON: code, south, north, west, east in steps from the corner.
fn grid(code: &str, (south, north): (i32, i32), (west, east): (i32, i32)) -> Json {
    let at = |lat: i32, lon: i32| json!([f64::from(WEST + lon) / 1e7, f64::from(SOUTH + lat) / 1e7]);
    let ring = [at(south, west), at(south, east), at(north, east), at(north, west), at(south, west)];
    json!({ "type": "Feature", "geometry": { "type": "Polygon", "coordinates": [ring] }, "properties": { "code": code, "name": format!("网格{code}") } })
}

fn file(grids: &[Json]) -> Vec<u8> {
    json!({ "type": "FeatureCollection", "features": grids }).to_string().into_bytes()
}

/// Gives the community one outline: a rectangle over both grids and what lies between.
fn outline(w: &World) {
    let ring =
        json!([[SOUTH, WEST], [SOUTH, WEST + 20_000], [SOUTH + 50_000, WEST + 20_000], [SOUTH + 50_000, WEST]]).to_string();
    let write = move |tx: &mut store::Tx| {
        let c = area::by_code(tx, COMMUNITY)?.unwrap();
        let sql = "insert into area_shape(area, ring, min_lat, max_lat, min_lon, max_lon) values ($1, $2, $3, $4, $5, $6)";
        tx.exec(sql, params![&c.id, ring, SOUTH, SOUTH + 50_000, WEST, WEST + 20_000])?;
        let point = |lat: i32| Some(Point { lat: SOUTH + lat, lon: WEST + 5_000 });
        let one = area::by_code(tx, "321002001001-1")?.unwrap();
        let new = |name, point| area::NewBuilding { area: &one.id, name, address: name, point, floors: 6, homes: 24 };
        area::add_buildings(tx, &[new("一栋", point(5_000)), new("二栋", point(30_000)), new("三栋", None)])?;
        Ok::<_, Error>(())
    };
    w.app.db.write(write).unwrap();
}

fn reported(who: &Client, lat: i32) -> String {
    let place = json!({ "lat": f64::from(SOUTH + lat) / 1e7, "lon": f64::from(WEST + 5_000) / 1e7 });
    let made = who.post("/reports", &json!({ "text": "路面有坑", "place": place }));
    assert_eq!(made.status, 201, "{}", made.text);
    made.json()["number"].as_str().unwrap().to_owned()
}

/// Code and end of the grid in which a case lies, and its area id.
fn lies_in(w: &World, number: &str) -> (String, bool, String) {
    let sql = "select a.code, a.valid_to, a.id from cases c join area a on a.id = c.area where c.number = $1";
    let row = w.app.db.read(|r| r.row(sql, params![number])).unwrap().unwrap();
    (row.get("code").unwrap(), row.get::<Option<i64>>("valid_to").unwrap().is_some(), row.get("id").unwrap())
}

const ONE: &str = "321002001001-1";
const TWO: &str = "321002001001-2";

#[test]
fn overlaps_holes_and_overhangs_are_named_and_refused() {
    on_each_engine(|w| {
        outline(w);
        let (admin, clerk) = (w.client(Some("admin")), w.client(Some("clerk")));
        let told = |grids: &[Json]| -> Vec<String> {
            let answer = send(&admin, "/admin/grids", &[("community", COMMUNITY)], &file(grids));
            assert_eq!(answer.error(), (422, "bad-cut".into()), "{}", answer.text);
            answer.json()["problems"].as_array().unwrap().iter().map(|p| p.as_str().unwrap().to_owned()).collect()
        };
        let wide = (0, 20_000);
        let all = told(&[grid("a", (0, 26_000), wide), grid("b", (25_000, 50_000), wide)]);
        assert!(all.len() == 1 && all[0].contains("a · b 重叠"), "{all:?}");
        let all = told(&[grid("a", (0, 24_000), wide), grid("b", (25_000, 50_000), wide)]);
        assert!(all.iter().all(|p| p.contains("不在任何网格里")), "{all:?}");
        let all = told(&[grid("a", (0, 50_000), (0, 21_000))]);
        assert!(all.len() == 1 && all[0].contains("超出了社区边界"), "{all:?}");
        let all = told(&[grid("a", (0, 50_000), wide), grid("a", (0, 50_000), wide), grid("", (0, 1), wide)]);
        assert_eq!(all.len(), 2, "{all:?}");
        let all = told(&[grid(COMMUNITY, (0, 50_000), wide)]);
        assert!(all.len() == 1 && all[0].contains("别的地方在用"), "{all:?}");
        let good = file(&[grid("a", (0, 50_000), wide)]);
        assert_eq!(send(&admin, "/admin/grids", &[("community", "321002001")], &good).error().1, "unknown-value");
        assert_eq!(send(&admin, "/admin/grids", &[("community", COMMUNITY)], b"{}").error().1, "bad-geojson");
        assert_eq!(send(&clerk, "/admin/grids", &[("community", COMMUNITY)], &good).error().1, "denied");
        assert_eq!(admin.get("/admin/grids").json()["plans"], json!([]));
        let page = admin.get_as("/admin/grids", "text/html").text;
        assert!(page.contains("2 米") && !page.contains('⟦'), "{page}");
    });
}

#[test]
fn cases_keep_the_grid_of_their_time_and_new_reports_go_to_the_new_ones() {
    on_each_engine(|w| {
        outline(w);
        let (admin, clerk) = (w.client(Some("admin")), w.client(Some("clerk")));
        let first = reported(&clerk, 5_000);
        assert_eq!(lies_in(w, &first).0, ONE);
        // A routing rule that names a grid which will end.
        let rules = w.app.db.read(|r| {
            let everywhere = xiezhi::base::routing::Rule {
                area: None,
                what: xiezhi::base::routing::What::All,
                when: xiezhi::base::routing::When::Always,
                to: xiezhi::base::routing::To::Catalogue,
                note: String::new(),
                path: String::new(),
            };
            let two = area::by_code(r, TWO)?.map(|a| a.id);
            Ok::<_, Error>(vec![xiezhi::base::routing::Rule { area: two, ..everywhere.clone() }, everywhere])
        });
        let rules = rules.unwrap();
        let write = move |tx: &mut store::Tx| {
            let version = xiezhi::base::routing::draft(tx, None, &rules)?;
            xiezhi::base::routing::enable(tx, None, version, 0, 0)
        };
        w.app.db.write(write).unwrap();
        let warned = |who: &Client| who.get("/admin/routing").json()["rules"][0]["warnings"].as_array().unwrap().len();
        assert_eq!(warned(&admin), 0);
        // The first grid grows over what lay between, under its old code; the second is cut in two.
        let wide = (0, 20_000);
        let cut = file(&[
            grid(ONE, (0, 30_000), wide),
            grid("n2", (30_000, 50_000), (0, 8_000)),
            grid("n3", (30_000, 50_000), (8_000, 20_000)),
        ]);
        let made = send(&admin, "/admin/grids", &[("community", COMMUNITY), ("from", "2026-03-06")], &cut);
        assert_eq!(made.status, 201, "{}", made.text);
        let path = format!("/admin/grids/{}", made.json()["id"].as_str().unwrap());
        let seen = admin.get(&path).json();
        assert_eq!(
            (&seen["state"], seen["ended"].as_array().unwrap().len(), seen["new"].as_array().unwrap().len(), &seen["cases"]),
            (&json!("draft"), 2, 3, &json!(1))
        );
        assert_eq!((&seen["buildings"], &seen["homeless"]), (&json!(3), &json!(1)));
        assert_eq!(seen["people"].as_array().unwrap().len(), 2, "grid worker and building head: {seen}");
        let page = admin.get_as(&path, "text/html").text;
        assert!(page.contains("启用") && page.contains("要重新安排的人") && !page.contains('⟦'), "{page}");
        assert_eq!(clerk.post(&path, &json!({})).error().1, "denied");
        assert_eq!(admin.post(&path, &json!({})).status, 200);
        assert_eq!(admin.post(&path, &json!({})).error(), (409, "state".into()));
        // Not before its day.
        jobs::deadlines(&w.app, w.app.now()).unwrap();
        assert_eq!((lies_in(w, &reported(&clerk, 5_000)).1, &admin.get(&path).json()["state"]), (false, &json!("planned")));
        w.app.ambience.advance(2 * DAY);
        jobs::deadlines(&w.app, w.app.now()).unwrap();
        let (admin, clerk) = (w.client(Some("admin")), w.client(Some("clerk")));
        let seen = admin.get(&path).json();
        assert_eq!((&seen["state"], seen["people"].as_array().unwrap().len()), (&json!("done"), 2));

        assert_eq!(warned(&admin), 1, "no new case lies in that grid");
        let old = lies_in(w, &first);
        assert_eq!((old.0.as_str(), old.1), (ONE, true), "the grid of its time, which has ended");
        let new = lies_in(w, &reported(&clerk, 5_000));
        assert_eq!((new.0.as_str(), new.1), (ONE, false));
        assert_ne!(old.2, new.2);
        assert_eq!(lies_in(w, &reported(&clerk, 45_000)).0, "n2");
        assert_eq!(lies_in(w, &reported(&clerk, 25_000)).0, ONE, "what lay between belongs to somebody now");
        // The old case is still read, worked on and counted, under the grid of any time.
        assert_eq!(clerk.act(&first, "accept", json!({ "class": "road" })).status, 200);
        let listed =
            |area: &str| -> usize { clerk.get(&format!("/cases?area={area}")).json()["items"].as_array().unwrap().len() };
        assert_eq!((listed(ONE), listed(&format!("{ONE}@2026-03-05")), listed(COMMUNITY)), (2, 2, 5));
        assert_eq!(listed(TWO), 0, "ended, and still known");
        let codes = |path: &str| -> Vec<String> {
            let all = clerk.get(path).json();
            all["items"].as_array().unwrap().iter().map(|a| a["code"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(codes(&format!("/areas?parent={COMMUNITY}")), [ONE, "n2", "n3"]);
        assert_eq!(codes(&format!("/areas?parent={COMMUNITY}&at=2026-03-05")), [ONE, TWO]);
        // Buildings moved; the one without a place went to the community.
        let sql = "select b.name, a.code from building b join area a on a.id = b.area order by b.name";
        let rows = w.app.db.read(|r| r.rows(sql, &[])).unwrap();
        let mut homes: Vec<(String, String)> = rows.iter().map(|r| (r.get("name").unwrap(), r.get("code").unwrap())).collect();
        homes.sort();
        let mut want = [("一栋", ONE), ("二栋", ONE), ("三栋", COMMUNITY)].map(|(b, a)| (b.to_owned(), a.to_owned()));
        want.sort();
        assert_eq!(homes, want);
    });
}

#[test]
fn the_command_line_says_what_a_cut_means_and_refuses_what_does_not_fit() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let run = |args: &[&str]| {
        let out = std::process::Command::new(env!("CARGO_BIN_EXE_xiezhi")).args(args).output().unwrap();
        (out.status.code().unwrap(), String::from_utf8(out.stdout).unwrap(), String::from_utf8(out.stderr).unwrap())
    };
    std::fs::write(path("areas.csv"), format!("code,name\n32,省\n3210,市\n321002,区\n321002001,街道\n{COMMUNITY},一社区\n"))
        .unwrap();
    let data = path("node");
    assert_eq!(run(&["area", "import", "--data", &data, &path("areas.csv")]).0, 0);
    let wide = (0, 20_000);
    std::fs::write(path("bad.json"), file(&[grid("a", (0, 26_000), wide), grid("b", (25_000, 50_000), wide)])).unwrap();
    std::fs::write(path("good.json"), file(&[grid("a", (0, 25_000), wide), grid("b", (25_000, 50_000), wide)])).unwrap();
    let cut = |more: &[&str]| run(&[&["area", "recut", "--data", &data, "--community", COMMUNITY], more].concat());
    let (code, out, err) = cut(&[&path("bad.json")]);
    assert!(code == 1 && out.contains("a · b overlap"), "{code} {out} {err}");
    let (code, out, _) = cut(&["--dry-run", &path("good.json")]);
    assert!(code == 0 && out.contains("\"new\":2"), "{out}");
    let (code, out, _) = cut(&[&path("good.json")]);
    assert!(code == 0 && out.contains("\"new\":2"), "{out}");
    let (code, out, _) = cut(&[&path("good.json")]);
    assert!(code == 0 && out.contains("\"kept\":2") && out.contains("\"new\":0"), "the same again changes nothing: {out}");
    assert_eq!(cut(&["--from", "tomorrow", &path("good.json")]).0, 2);
    assert_eq!(run(&["area", "recut", "--data", &data, "--community", "1", &path("good.json")]).0, 2);
}
