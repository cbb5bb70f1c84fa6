//! Maps of an area: the picture and the list say the same whatever is chosen; what lies beneath comes by configuration;
//! what is imported in another datum lands where it stands.

use std::sync::Arc;

use serde_json::{Value as Json, json};
use xiezhi::kit::App;
use xiezhi::kit::config::map::MapFile;

use super::world::{COMMUNITY, Client, SIBLING, World, on_each_engine, send};

const GRID: &str = "321002001001-1";

/// Reports of three classes in two grids and a sibling; one class is private, one report has no place.
fn some(w: &mut World) {
    let (anybody, clerk) = (w.client(None), w.client(Some("clerk")));
    for n in 0..12 {
        let class = ["road", "lighting", "help"][n % 3];
        let lat = if n % 2 == 0 { 32.3935 } else { 32.3965 };
        let place = json!({ "lat": lat, "lon": 119.4401 + 0.0001 * n as f64 });
        let made = anybody.post("/reports", &json!({ "text": "路上有坑", "class": class, "place": place }));
        assert_eq!(made.status, 201, "{}", made.text);
        if n == 3 {
            clerk.act(made.json()["number"].as_str().unwrap(), "reject", json!({ "reason": "不归社区管" }));
        }
    }
    for area in [COMMUNITY, SIBLING] {
        anybody.post("/reports", &json!({ "text": "灯坏了", "class": "lighting", "place": { "area": area } }));
    }
}

fn features<'a>(map: &'a Json, kind: &str, has: &str) -> Vec<&'a Json> {
    let fits = |f: &&Json| f["geometry"]["type"] == kind && !f["properties"][has].is_null();
    map["features"].as_array().unwrap().iter().filter(fits).collect()
}

fn sum(features: &[&Json], name: &str) -> i64 {
    features.iter().map(|f| f["properties"][name].as_i64().unwrap()).sum()
}

fn counts(page: &Json) -> Vec<(String, i64)> {
    let all = page["places"].as_array().unwrap();
    all.iter().map(|p| (p["code"].as_str().unwrap().to_owned(), p["n"].as_i64().unwrap())).collect()
}

#[test]
fn the_picture_and_the_list_say_the_same() {
    on_each_engine(|w| {
        some(w);
        let anybody = w.client(None);
        let both = |area: &str, query: &str| {
            let map = anybody.get(&format!("/places/{area}/map?{query}")).json();
            (map, anybody.get(&format!("/map/{area}?{query}")).json())
        };
        // Open ones, one by one (one was rejected); what is private stands in its grid.
        let (map, page) = both(COMMUNITY, "");
        let points = features(&map, "Point", "number");
        assert_eq!((points.len(), page["items"].as_array().unwrap().len()), (11, 12), "one case has no place at all");
        assert_eq!((&page["sum"], &page["rest"]), (&json!(12), &json!(1)));
        assert_eq!(counts(&page), [(GRID.into(), 6), ("321002001001-2".into(), 5)]);
        assert_eq!(sum(&features(&map, "Polygon", "open"), "open"), 11);
        // A class, a state, a grid.
        let (map, page) = both(COMMUNITY, "class=road");
        assert_eq!(
            (features(&map, "Point", "number").len(), page["items"].as_array().unwrap().len(), &page["sum"]),
            (3, 3, &json!(3))
        );
        let (map, page) = both(COMMUNITY, "state=rejected");
        assert_eq!((features(&map, "Point", "number").len(), &page["sum"]), (1, &json!(1)));
        let (map, page) = both(GRID, "class=road");
        assert_eq!((features(&map, "Point", "number").len(), page["items"].as_array().unwrap().len()), (2, 2));
        assert!(page["query"].as_str().unwrap().contains("class=road"), "what is chosen goes on");
        // Where there are many: squares of what may be known, all of it in the numbers beside.
        let (map, page) = both(COMMUNITY, "show=heat");
        let squares = features(&map, "Polygon", "heat");
        assert_eq!((sum(&squares, "n"), &page["sum"]), (8, &json!(13)), "four are private: counted, not drawn");
        assert!(squares.iter().all(|s| (1..=5).contains(&s["properties"]["heat"].as_i64().unwrap())));
        let legend = page["legend"].as_array().unwrap();
        assert_eq!(
            (&legend[0][0], legend.last().unwrap()[1].as_i64()),
            (&json!(1), squares.iter().map(|s| s["properties"]["n"].as_i64().unwrap()).max())
        );
        let (map, _) = both(COMMUNITY, "show=heat&class=help");
        assert_eq!(features(&map, "Polygon", "heat").len(), 0, "no square of a private class");
        // From above: communities by the tally, with a filter by counting.
        let (map, page) = both("321002001", "");
        assert_eq!((sum(&features(&map, "Point", "open"), "open"), counts(&page)), (11, vec![(COMMUNITY.into(), 11)]));
        let (map, page) = both("321002001", "class=lighting");
        assert_eq!(
            (features(&map, "Point", "number").len(), counts(&page)),
            (4, vec![(COMMUNITY.into(), 5), (SIBLING.into(), 1)])
        );
        for (query, field) in [("state=nonsense", "state"), ("days=12", "days"), ("days=x", "days")] {
            let answer = anybody.get(&format!("/map/{COMMUNITY}?{query}"));
            assert_eq!((answer.status, answer.json()["field"].as_str()), (422, Some(field)), "{query}");
        }
        assert_eq!(anybody.get("/map/none").status, 404);
        let html = anybody.get_as(&format!("/map/{COMMUNITY}?show=heat&class=road"), "text/html").text;
        assert!(html.contains("show=heat&amp;state=all") && !html.contains('⟦') && !html.contains("data-ground"), "{html}");
    });
}

#[test]
fn too_many_for_points_become_squares_and_none_is_lost() {
    on_each_engine(|w| {
        let clerk = w.client(Some("clerk"));
        for n in 0..520 {
            let (lat, lon) = (32.3931 + f64::from(n % 20) * 0.0001, 119.4401 + f64::from(n / 20) * 0.00005);
            let made =
                clerk.post("/reports", &json!({ "text": "路上有坑", "class": "road", "place": { "lat": lat, "lon": lon } }));
            assert_eq!(made.status, 201, "{}", made.text);
        }
        let map = w.client(None).get(&format!("/places/{COMMUNITY}/map")).json();
        assert_eq!(features(&map, "Point", "number").len(), 0);
        let points = map["features"].as_array().unwrap().iter().filter(|f| f["geometry"]["type"] == "Point").collect::<Vec<_>>();
        assert!(points.len() > 1 && points.len() < 100);
        assert_eq!((sum(&points, "open"), &map["more"]), (520, &json!(false)));
    });
}

/// The same program with something beneath its maps.
fn with_map(w: &mut World, map: MapFile) -> Client {
    let mut config = w.app.config.clone();
    config.file.map = map;
    let now = w.app.now();
    w.app = Arc::new(App::open(config).unwrap());
    w.app.ambience.advance(now - w.app.now());
    w.server = None;
    w.client(None)
}

#[test]
fn what_lies_beneath_comes_by_configuration_alone() {
    let mut w = World::new(None);
    let policy = |c: &Client| c.get("/").header("content-security-policy").unwrap().to_owned();
    let plain = w.client(None);
    assert_eq!(plain.get("/map/ground").json()["kind"], "none");
    assert!(!policy(&plain).contains("http"), "no map asks anybody but us");
    assert_eq!(plain.get("/map/tiles/0/0/0").status, 404);

    let url = "https://t0.example.org/w?x={x}&y={y}&l={z}";
    let raster = MapFile {
        tiles: vec![url.into()],
        datum: Some("GCJ-02".into()),
        attribution: "审图号：GS(2026)0000号".into(),
        ..MapFile::default()
    };
    let far = with_map(&mut w, raster);
    let ground = far.get("/map/ground").json();
    assert_eq!((&ground["kind"], &ground["datum"], &ground["tiles"][0]), (&json!("raster"), &json!("gcj02"), &json!(url)));
    let said = policy(&far);
    assert!(said.contains("connect-src 'self' https://t0.example.org;") && said.contains("script-src 'self';"), "{said}");

    // An archive of one tile: head, root directory (one entry), metadata, the tile; nothing is packed.
    let (root, metadata, tile) = (vec![1u8, 0, 1, 4, 1], br#"{"vector_layers":[{"id":"water"}]}"#.to_vec(), b"tile".to_vec());
    let mut file = b"PMTiles\x03".to_vec();
    let mut at = 127u64;
    for part in [&root, &metadata, &Vec::new()] {
        file.extend([at.to_le_bytes(), (part.len() as u64).to_le_bytes()].concat());
        at += part.len() as u64;
    }
    file.extend(at.to_le_bytes());
    file.resize(127, 0);
    (file[97], file[98], file[99], file[101]) = (1, 1, 1, 3);
    std::fs::write(w.app.config.data.join("ground.pmtiles"), [file, root, metadata, tile].concat()).unwrap();
    let own = with_map(
        &mut w,
        MapFile { pmtiles: Some("ground.pmtiles".into()), attribution: "自有数据".into(), ..MapFile::default() },
    );
    let ground = own.get("/map/ground").json();
    assert_eq!((&ground["kind"], &ground["layers"], &ground["max_zoom"]), (&json!("vector"), &json!(["water"]), &json!(3)));
    let tile = own.get("/map/tiles/0/0/0");
    assert_eq!(
        (tile.status, tile.text.as_str(), tile.header("content-type")),
        (200, "tile", Some("application/vnd.mapbox-vector-tile"))
    );
    for hole in ["1/0/0", "0/1/0", "99/0/0", "a/b/c", "0/0/-1"] {
        assert_eq!(own.get(&format!("/map/tiles/{hole}")).status, 404, "{hole}");
    }
    assert!(!policy(&own).contains("http"));
    assert!(own.get_as(&format!("/map/{COMMUNITY}"), "text/html").text.contains("data-ground"));
    // The file is gone: an error of the program's own, no crash, and pages go on.
    std::fs::remove_file(w.app.config.data.join("ground.pmtiles")).unwrap();
    assert_eq!((own.get("/map/tiles/0/0/0").status, own.get("/").status), (500, 200));
}

#[test]
fn outlines_in_another_datum_land_where_they_are() {
    on_each_engine(|w| {
        let admin = w.client(Some("admin"));
        // The grids of the world as 高德 shows them: half a kilometre to the east.
        let present = admin.get(&format!("/places/{COMMUNITY}/map")).json();
        let mut grids = features(&present, "Polygon", "code").into_iter().cloned().collect::<Vec<_>>();
        for grid in &mut grids {
            for p in grid["geometry"]["coordinates"][0].as_array_mut().unwrap() {
                let ours = calc::geo::Point::from_degrees(p[1].as_f64().unwrap(), p[0].as_f64().unwrap()).unwrap();
                let (lat, lon) = calc::geo::datum::Datum::Gcj02.of_wgs(ours).degrees();
                *p = json!([lon, lat]);
            }
        }
        let file = json!({ "type": "FeatureCollection", "features": grids }).to_string();
        let sent = |datum: &str| send(&admin, "/admin/grids", &[("community", COMMUNITY), ("datum", datum)], file.as_bytes());
        assert_eq!(sent("gcj02").status, 201, "two metres are what an outline may be off");
        assert_eq!(sent("wgs84").error(), (422, "bad-cut".into()));
        assert_eq!(sent("beijing54").error(), (422, "unknown-value".into()));
    });
}

#[test]
fn a_drawing_is_looked_at_without_a_trace_and_taken_when_nothing_is_wrong() {
    on_each_engine(|w| {
        let (admin, clerk, anybody) = (w.client(Some("admin")), w.client(Some("clerk")), w.client(None));
        let path = format!("/admin/grids/draw?community={COMMUNITY}");
        assert_eq!((clerk.get(&path).error().1, anybody.get(&path).error().1), ("denied".into(), "sign-in".into()));
        assert_eq!(admin.get("/admin/grids/draw").error(), (422, "missing".into()));
        assert_eq!(admin.get("/admin/grids/draw?community=321002001").error(), (422, "unknown-value".into()));
        let page = admin.get(&path).json();
        let grids: Json = serde_json::from_str(page["geojson"].as_str().unwrap()).unwrap();
        assert_eq!(grids["features"].as_array().unwrap().len(), 2);
        let draw = |what: &str, grids: &Json| {
            let body = json!({ "community": COMMUNITY, "geojson": grids.to_string(), "do": what });
            admin.post("/admin/grids/draw", &body)
        };
        let plans = || admin.get("/admin/grids").json()["plans"].as_array().unwrap().len();
        let codes = |answer: &Json| -> Vec<String> {
            answer["problems"].as_array().unwrap().iter().map(|p| p["code"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!((&draw("check", &grids).json()["fine"], plans()), (&json!(true), 0));
        // The north-east corner of the first grid (the ring begins in the south-west), as [lon, lat].
        let moved = |lon: f64, lat: f64| {
            let mut other = grids.clone();
            let corner = &mut other["features"][0]["geometry"]["coordinates"][0][2];
            *corner = json!([corner[0].as_f64().unwrap() + lon, corner[1].as_f64().unwrap() + lat]);
            other
        };
        for (what, (lon, lat), wants) in [
            ("beyond the community", (0.001, 0.0), "outside"),
            ("away from it", (-0.001, 0.0), "hole"),
            ("over the neighbour", (-0.0005, 0.0025), "overlap"),
            ("across itself", (-0.003, -0.001), "crosses-itself"),
        ] {
            let looked = draw("check", &moved(lon, lat));
            assert!(looked.status == 200 && codes(&looked.json()).iter().any(|c| c == wants), "{what}: {}", looked.text);
            let sent = draw("send", &moved(lon, lat));
            assert!(sent.status == 422 && codes(&sent.json()).iter().any(|c| c == wants), "{what}: {}", sent.text);
            let placed = |p: &Json| p["at"].is_array() || p["code"] == "crosses-itself";
            assert!(sent.json()["problems"].as_array().unwrap().iter().all(placed), "each with its place: {}", sent.text);
        }
        let answer = admin.post("/admin/grids/draw", &json!({ "community": COMMUNITY, "geojson": "no json" }));
        assert_eq!((answer.error(), answer.json()["field"].as_str()), ((422, "bad-geojson".into()), Some("geojson")));
        let far = json!({ "community": COMMUNITY, "geojson": grids.to_string(), "from": "2099-01-01" });
        assert_eq!(admin.post("/admin/grids/draw", &far).error(), (422, "out-of-range".into()));
        let theirs = json!({ "community": COMMUNITY, "geojson": grids.to_string() });
        assert_eq!(clerk.post("/admin/grids/draw", &theirs).error().1, "denied");
        assert_eq!(plans(), 0, "nothing of all that left a trace");
        let made = draw("send", &grids);
        assert_eq!((made.status, plans()), (201, 1), "{}", made.text);
        let seen = admin.get(&format!("/admin/grids/{}", made.json()["id"].as_str().unwrap())).json();
        assert_eq!((&seen["state"], seen["kept"].as_array().unwrap().len()), (&json!("draft"), 2));
    });
}

#[test]
fn the_command_line_moves_a_table_to_another_datum() {
    let dir = tempfile::tempdir().unwrap();
    let run = |text: &str, args: &[&str]| {
        let file = dir.path().join("places.csv");
        std::fs::write(&file, text).unwrap();
        let out = std::process::Command::new(env!("CARGO_BIN_EXE_xiezhi"))
            .args(["calc", "datum"])
            .args(args)
            .arg(&file)
            .output()
            .unwrap();
        (out.status.code(), String::from_utf8(out.stdout).unwrap(), String::from_utf8(out.stderr).unwrap())
    };
    let (code, out, err) = run("name,lat,lon\n桥,39.9917540,116.4875852\n巴黎,48.8584,2.2945\n", &["--from", "gcj02"]);
    assert_eq!(code, Some(0), "{err}");
    assert_eq!(out, "name,lat,lon\n桥,39.9904747,116.4814986\n巴黎,48.8584000,2.2945000\n");
    let (code, _, err) = run("lon,lat\n1,x\n", &["--from", "bd09"]);
    assert!(code == Some(2) && err.contains("places.csv:2:2: no degrees"), "{code:?} {err}");
    assert!(run("a,b\n1,2\n", &["--from", "bd09"]).2.contains("no column lon"));
    assert!(run("lon,lat\n1,2\n", &["--from", "mars"]).2.contains("wgs84 cgcs2000 gcj02 bd09"));
}
