//! L2 to L5: nobody is watched, counted or ranked, and no track is kept.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};
use store::Query as _;
use xiezhi::edge::{openapi, routes};
use xiezhi::kit::i18n::{Lang, Texts};
use xiezhi::kit::time::DAY;

use super::{STAFF, columns, paths, scripts, settled};
use crate::world::{COMMUNITY, World, on_each_engine};

/// Where rows are counted by person.
const COUNTED: [&str; 0] = [];
/// Tables with a place on earth: of a thing, or of a report.
const PLACED: [&str; 5] = ["area_shape", "asset", "building", "cases", "service_place"];
/// Pages that name a worker to others: who has an account, who is on duty, who may take a matter over, whom
/// a desk may put on its list of mediators.
const NAMED: [&str; 5] = ["/cases/N", "/mediations", "/people", "/reports/N", "/roster"];
/// Scripts that ask where somebody is.
const LOCATES: [&str; 1] = ["locate-here.js"];

/// Words of presence, diligence and rank, as they stand in names of columns and fields.
const FORBIDDEN: [&str; 20] = [
    "seen",
    "login",
    "logins",
    "signins",
    "online",
    "active",
    "attendance",
    "checkin",
    "checkins",
    "presence",
    "rank",
    "ranking",
    "points",
    "clicks",
    "streak",
    "track",
    "trace",
    "heartbeat",
    "idle",
    "leaderboard",
];

fn forbidden(name: &str) -> bool {
    name.split(['_', '-', '.']).any(|word| FORBIDDEN.contains(&word))
}

/// Names of all fields of all views, with where they stand.
fn fields() -> BTreeSet<(String, String)> {
    fn walk(value: &Json, path: &str, out: &mut BTreeSet<(String, String)>) {
        match value {
            Json::Object(map) => {
                if let Some(Json::Object(p)) = map.get("properties") {
                    out.extend(p.keys().map(|k| (path.to_owned(), k.clone())));
                }
                map.iter().for_each(|(k, v)| walk(v, if path.is_empty() { k } else { path }, out));
            }
            Json::Array(items) => items.iter().for_each(|v| walk(v, path, out)),
            _ => {}
        }
    }
    let document = openapi::document("", &routes::all());
    let mut out = BTreeSet::new();
    for part in ["paths", "components"] {
        walk(&document[part], "", &mut out);
    }
    assert!(out.len() > 300, "{}", out.len());
    out
}

/// Every object of an answer.
fn objects<'j>(value: &'j Json, out: &mut Vec<&'j serde_json::Map<String, Json>>) {
    match value {
        Json::Object(map) => {
            out.push(map);
            map.values().for_each(|v| objects(v, out));
        }
        Json::Array(items) => items.iter().for_each(|v| objects(v, out)),
        _ => {}
    }
}

#[test]
fn l02_no_column_and_no_field_counts_presence() {
    for (view, name) in fields() {
        // The name somebody signs in with; the change that a step rests on; when a record was found to be right.
        assert!(!forbidden(&name) || ["login", "seen", "seen_at"].contains(&name.as_str()), "{view}: {name}");
    }
    on_each_engine(|w| {
        let mut odd = BTreeSet::new();
        for (table, column, _) in columns(w) {
            if forbidden(&table) || forbidden(&column) {
                odd.insert(format!("{table}.{column}"));
            }
        }
        let known = [
            // The name somebody signs in with.
            "account.login",
            // When a record of the register was last found to be right: about the record, and nobody's doing.
            "resident.seen_at",
            // L7: while an authority has declared an emergency; swept when it ends.
            "field_checkin.at",
            "field_checkin.emergency",
            "field_checkin.person",
        ];
        assert_eq!(odd, known.map(str::to_owned).into());
    });
}

/// What others are told, at every address, as data.
fn told(w: &mut World, paths: &[String]) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    for login in ["street", "clerk", "property", "admin"] {
        let client = w.client(Some(login));
        client.post("/register/purpose", &json!({ "purpose": "register-keep" }));
        for path in paths {
            out.insert(format!("{login} {path}"), client.get(path).text);
        }
    }
    out
}

#[test]
fn l02_nobody_is_told_that_somebody_signed_in_or_worked_or_did_not() {
    on_each_engine(|w| {
        let number = settled(w);
        // One's own pages name one's own sessions.
        let own = |p: &String| p == "/me" || p.starts_with("/me/") || p == "/field";
        let paths: Vec<String> = paths(w, &number).into_iter().filter(|p| !own(p)).collect();
        let (first, before) = (told(w, &paths), told(w, &paths));
        // A worker signs in three times, looks around, and goes.
        for _ in 0..3 {
            let grid = w.client(Some("grid"));
            for page in ["/today", "/desk", "/me", "/field", "/inbox", "/field/coverage"] {
                assert_eq!(grid.get(page).status, 200, "{page}");
            }
            assert_eq!(grid.post("/sign-out", &json!({})).status, 200);
        }
        let after = told(w, &paths);
        for (address, text) in &before {
            let path = address.split(' ').nth(1).unwrap();
            // A random key in a form, and the size of the log, to which every look adds.
            let moves =
                matches!(path, "/" | "/report" | "/equation" | "/log/checkpoint" | "/exchange") || path.ends_with("/receipt");
            assert!(moves || (first[address] == *text && after[address] == *text), "{address}: {text} {}", after[address]);
        }
        // Nor does anything happen to whoever stays away: after a year he works as before.
        w.app.ambience.advance(400 * DAY);
        let back = w.client(Some("grid"));
        assert_eq!((back.get("/today").status, back.get("/desk").status), (200, 200));
        assert_eq!(back.report("井盖翘起").0.len(), "260304-0001".len());
        let unread = back.get("/inbox").json();
        assert!(!unread.to_string().contains("sign"), "nobody is told to come more often: {unread}");
    });
}

/// Three rounds of the grid worker.
fn patrols(w: &mut World, house: &str) {
    let grid = w.client(Some("grid"));
    for n in 0..3 {
        let id = format!("0195e5a0-0000-7000-8000-{n:012x}");
        let now = w.app.now().to_string();
        let item = json!({ "kind": "patrol", "building": house, "id": id, "made_at": w.app.now() });
        let headers = [("content-type", "application/json"), ("idempotency-key", id.as_str()), ("device-time", now.as_str())];
        let sent = grid.post_raw("/field/items", &headers, item.to_string().as_bytes());
        assert!(sent.status < 300, "{}", sent.text);
    }
    let visits = w.app.db.read(|r| r.count("select count(*) from field_visit", &[])).unwrap();
    assert_eq!(visits, 3);
}

#[test]
fn l03_no_list_puts_figures_beside_the_name_of_a_worker() {
    on_each_engine(|w| {
        let number = settled(w);
        let house = super::house(w);
        patrols(w, &house);
        let paths = paths(w, &number);
        let mut people = BTreeMap::new();
        for login in STAFF {
            people.insert(w.who(login).person.unwrap(), login);
            people.insert(format!("某某{login}"), login);
        }
        let (mut met, mut figures) = (0, BTreeSet::new());
        for login in ["clerk", "street", "property", "admin", "grid"] {
            let client = w.client(Some(login));
            client.post("/register/purpose", &json!({ "purpose": "register-keep" }));
            for path in &paths {
                let answer = client.get(path);
                let Ok(json) = serde_json::from_str::<Json>(&answer.text) else { continue };
                let mut all = Vec::new();
                objects(&json, &mut all);
                for object in all {
                    let named = object.values().filter_map(Json::as_str).filter_map(|v| people.get(v));
                    let others: Vec<_> = named.filter(|l| **l != login).collect();
                    met += others.len();
                    if !others.is_empty() {
                        let counts = object.iter().filter(|(_, v)| v.is_number()).map(|(k, _)| format!("{path} {k}"));
                        figures.extend(counts);
                    }
                }
            }
        }
        assert!(met > 5, "names are met at all: {met}");
        // What lies with somebody now, for relief (`load`): whoever has least is named first. Nothing else.
        let figures: BTreeSet<String> = figures.into_iter().filter(|f| !f.ends_with(" load")).collect();
        assert_eq!(figures, BTreeSet::new());
    });
}

#[test]
fn inv13_what_a_worker_did_is_told_of_places_and_never_of_him() {
    on_each_engine(|w| {
        let number = settled(w);
        let house = super::house(w);
        let grid = w.client(Some("grid"));
        patrols(w, &house);
        let paths = paths(w, &number);
        let me = w.who("grid").person.unwrap();
        let mut named = BTreeSet::new();
        for login in ["clerk", "street", "property", "admin", "stranger", "resident"] {
            let client = w.client(Some(login));
            client.post("/register/purpose", &json!({ "purpose": "register-keep" }));
            for path in &paths {
                for accept in ["application/json", "text/html"] {
                    let text = client.get_as(path, accept).text;
                    if text.contains(&me) || text.contains("某某grid") {
                        named.insert(path.split('?').next().unwrap().replace(&me, "ID").replace(&number, "N"));
                    }
                }
            }
        }
        assert_eq!(named, NAMED.map(str::to_owned).into());
        // He himself sees his own, as any person does.
        assert!(grid.get("/field/items").text.contains("patrol") || grid.get("/field").status == 200);
        let sql = "select count(*) from read_log where owner = $1 and purpose like 'field%'";
        assert_eq!(w.app.db.read(|r| r.count(sql, store::params![&me])).unwrap(), 0, "nobody had to read his name for this");
    });
}

#[test]
fn l03_nothing_is_sorted_by_what_a_person_did() {
    // No query counts by person, or sorts people by such a count: only what waits (`assignee`) is counted, to give it away.
    let mut counted = BTreeSet::new();
    for (path, text) in super::sources() {
        let code = text.split("#[cfg(test)]").next().unwrap();
        for sql in code.split("group by ").skip(1) {
            let by = sql.split(['"', ')']).next().unwrap().to_lowercase();
            if ["person", "actor", "handled_by", "checker", "by_person", "made_by", "assignee"].iter().any(|c| by.contains(c)) {
                counted.insert(path.clone());
            }
        }
    }
    assert_eq!(counted, BTreeSet::from(COUNTED.map(str::to_owned)));
}

#[test]
fn l04_there_are_no_points_for_staff() {
    let is = |name: &str| name.split(['_', '-', '.']).any(|w| ["points", "credit", "credits", "coins", "medal"].contains(&w));
    on_each_engine(|w| {
        let odd: Vec<_> = columns(w).into_iter().map(|(t, c, _)| format!("{t}.{c}")).filter(|n| is(n)).collect();
        assert_eq!(odd, Vec::<String>::new());
    });
    let texts = Texts::load().unwrap();
    for key in Texts::keys(Lang::Zh) {
        let text = texts.plain(Lang::Zh, &key);
        for word in ["积分", "排行", "签到", "打卡", "在线时长", "登录次数", "点赞", "考勤"] {
            // Where it is said that there is none.
            let denied = key == "roster-intro" && word == "打卡";
            // Neighbours who help get them, by the rules for volunteers; nobody does for his work.
            let volunteers = key.starts_with("hours-") && word == "积分";
            assert!(!text.contains(word) || denied || volunteers, "{key}: {text}");
        }
    }
}

#[test]
fn l05_no_track_is_kept() {
    on_each_engine(|w| {
        // Where a table holds a place on earth, it is that of a thing or of a report; none is a place of somebody.
        let all = columns(w);
        let mut placed = BTreeSet::new();
        for (table, column, _) in &all {
            if column
                .split('_')
                .any(|p| ["lat", "lon", "lng", "point", "position", "gps", "accuracy", "heading", "speed"].contains(&p))
            {
                placed.insert(table.as_str());
            }
        }
        assert_eq!(placed, PLACED.into());
        // Whatever a phone says besides of where it was, for each kind of item, is kept nowhere.
        let house = super::house(w);
        settled(w);
        let grid = w.client(Some("grid"));
        for (n, kind) in ["patrol", "here"].into_iter().enumerate() {
            let (id, now) = (format!("0195e5a0-0000-7000-8000-{n:012x}"), w.app.now().to_string());
            let at = json!({ "lat": 32.123_456_7, "lon": 119.765_432_1 });
            let mut item =
                json!({ "kind": kind, "id": id, "building": house, "made_at": w.app.now(), "track": [at, at], "position": at });
            (item["lat"], item["lon"]) = (at["lat"].clone(), at["lon"].clone());
            let headers = [("content-type", "application/json"), ("idempotency-key", id.as_str()), ("device-time", now.as_str())];
            let sent = grid.post_raw("/field/items", &headers, item.to_string().as_bytes());
            assert!(sent.status < 300, "{kind} {}", sent.text);
        }
        let count = w.app.db.read(|r| r.count("select count(*) from field_visit", &[])).unwrap();
        assert_eq!(count, 2, "they were kept");
        for (table, column, _) in &all {
            let sql = format!("select cast({column} as text) v from {table} where {column} is not null limit 5000");
            for row in w.app.db.read(|r| r.rows(&sql, &[])).unwrap_or_default() {
                let text: String = row.get("v").unwrap_or_default();
                assert!(!text.contains("1234567") && !text.contains("7654321"), "{table}.{column}: {text}");
            }
        }
        let pack = grid.get(&format!("/places/{COMMUNITY}")).text;
        assert!(!pack.contains("7654321"));
    });
    // The browser is asked where it is only when a person presses a button, and once.
    let mut asks = BTreeSet::new();
    for (path, text) in scripts() {
        assert!(!text.contains("watchPosition") && !text.contains("getBattery") && !text.contains("devicemotion"), "{path}");
        if text.contains("getCurrentPosition") {
            assert!(!text.contains("setInterval"), "{path}: not again and again");
            asks.insert(path.rsplit('/').next().unwrap().to_owned());
        }
    }
    assert_eq!(asks, LOCATES.map(str::to_owned).into());
}
