//! What the law asks of such a system, rule by rule: invariants 7 and 13, and L1 to L14 of `docs/law.md`, which says for a
//! county's lawyer what each rule is and which test shows it. Names begin with the number of the rule.
//!
//! These tests walk what there is (routes, columns, texts, templates, catalogue), so that whatever is added later is held
//! to the same rules without anybody remembering it.

mod complaint;
mod node;
mod staff;
mod values;
mod work;

use std::collections::BTreeSet;

use serde_json::json;
use store::Query as _;
use xiezhi::edge::routes;

use super::world::{COMMUNITY, Client, World};

/// Everybody who works with cases here.
const STAFF: [&str; 8] = ["grid", "head", "clerk", "clerk2", "property", "helper", "stranger", "street"];

/// Something of most kinds, so that pages have something to show: a building, a case, a visit, a record, a form, an emergency.
fn settled(w: &mut World) -> String {
    let clerk = w.client(Some("clerk"));
    let house = house(w);
    let made = clerk.post("/reports", &json!({ "text": "灯坏了", "class": "lighting", "place": { "building": house } })).json();
    let number = made["number"].as_str().unwrap().to_owned();
    assert_eq!(clerk.post("/register/purpose", &json!({ "purpose": "register-keep" })).status, 200);
    let one =
        json!({ "place": house, "door": "101", "name": "王丽", "phone": "13800000009", "stay": "here", "birth": "1950-05-01" });
    let made = clerk.post("/register/people", &one);
    assert_eq!(made.status, 201, "{}", made.text);
    let form = json!({ "title": "摸底", "purpose": "register-keep", "area": COMMUNITY, "due": "2026-04-30", "period": "once",
        "element": ["register.name", "register.work"] });
    let street = w.client(Some("street"));
    let form = street.post("/forms", &form);
    assert_eq!(form.status, 201, "{}", form.text);
    let form = form.json()["id"].as_str().unwrap().to_owned();
    let sent = street.post(&format!("/forms/{form}/publish"), &json!({ "reuse": "1" }));
    assert_eq!(sent.status, 200, "{}", sent.text);
    let street = json!({ "area": "321002001", "reason": "台风登陆，注意低洼", "hours": 12 });
    w.client(Some("street")).post("/field/emergency", &street);
    number
}

fn house(w: &World) -> String {
    use xiezhi::base::area;
    let grid = w.app.db.read(|r| area::by_code(r, &format!("{COMMUNITY}-1"))).unwrap().unwrap();
    let new = move |tx: &mut store::Tx| {
        let house =
            area::NewBuilding { area: &grid.id, name: "1栋", address: "东关街 1栋", point: None, floors: 6, homes: 24 };
        Ok::<_, xiezhi::kit::Error>(area::add_buildings(tx, &[house])?.remove(0))
    };
    w.app.db.write(new).unwrap().value
}

/// Columns of the whole database, with their tables and kinds.
fn columns(w: &World) -> Vec<(String, String, String)> {
    let sql = if w.app.config.database_url.is_some() {
        "select table_name t, column_name c, data_type k from information_schema.columns where table_schema = current_schema()"
    } else {
        "select m.name t, p.name c, p.type k from sqlite_master m join pragma_table_info(m.name) p where m.type = 'table'"
    };
    let rows = w.app.db.read(|r| r.rows(sql, &[])).unwrap();
    let all: Vec<_> = rows.iter().map(|r| (r.get("t").unwrap(), r.get("c").unwrap(), r.get("k").unwrap())).collect();
    assert!(all.len() > 300, "{}", all.len());
    all
}

/// Every id there is: one of each table.
fn ids(w: &World) -> Vec<String> {
    let tables: Vec<String> =
        columns(w).into_iter().filter(|(_, c, k)| c == "id" && k.eq_ignore_ascii_case("text")).map(|c| c.0).collect();
    let first = |t: &String| w.app.db.read(|r| r.row(&format!("select id from {t} order by id limit 1"), &[])).unwrap();
    tables.iter().filter_map(first).map(|r| r.get("id").unwrap()).collect()
}

/// Every page that somebody can open: each route that is read, its parameters filled with what there is. A route that
/// needs an id is tried with every one.
fn paths(w: &mut World, number: &str) -> Vec<String> {
    let ids = ids(w);
    let tries: Vec<Client> = ["clerk", "street", "grid", "admin"].map(|l| w.client(Some(l))).into();
    for client in &tries {
        client.post("/register/purpose", &json!({ "purpose": "register-keep" }));
    }
    let opens = |path: &String| tries.iter().any(|c| c.get_as(path, "text/html").status == 200);
    let mut out: Vec<String> = Vec::new();
    // Short ones first: what opens `/forms/{id}` is tried beneath it.
    let mut all: Vec<_> =
        routes::all().into_iter().filter(|r| r.method == "GET" && !r.path.contains("{*")).map(|r| r.path).collect();
    all.retain(|path| !path.starts_with("/live"));
    all.sort_by_key(|path| path.matches('{').count());
    for route in all {
        let path = route.replace("{number}", number).replace("{code}", COMMUNITY);
        let Some((before, rest)) = path.split_once('{') else {
            out.push(path);
            continue;
        };
        let known: BTreeSet<&str> = out.iter().filter_map(|p| p.strip_prefix(before)?.split('/').next()).collect();
        let first: Vec<String> = if rest.contains('{') { known.into_iter().map(str::to_owned).collect() } else { ids.clone() };
        let fill = |path: &str, id: &str| {
            let (before, rest) = path.split_once('{').unwrap();
            format!("{before}{id}{}", rest.split_once('}').unwrap().1)
        };
        let found = first
            .iter()
            .map(|id| fill(&path, id))
            .flat_map(|one| if one.contains('{') { ids.iter().map(|id| fill(&one, id)).collect() } else { vec![one] });
        out.extend(found.filter(|p| !p.contains('{')).find(opens));
    }
    assert!(out.len() > 100, "{}", out.len());
    out
}

/// Files beneath a folder of the repository, by extension.
fn files(folder: &str, extension: &str) -> Vec<(String, String)> {
    fn walk(dir: &std::path::Path, extension: &str, out: &mut Vec<(String, String)>) {
        for entry in std::fs::read_dir(dir).unwrap().flatten() {
            let path = entry.path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() && !matches!(name.as_str(), "node_modules" | "vendor") {
                walk(&path, extension, out);
            } else if path.extension().is_some_and(|e| e == extension) {
                out.push((path.display().to_string(), std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
    let mut out = Vec::new();
    walk(&root.join(folder), extension, &mut out);
    assert!(!out.is_empty(), "{folder}");
    let root = format!("{}/", root.display());
    out.into_iter().map(|(p, t)| (p.replace(&root, ""), t)).collect()
}

fn sources() -> Vec<(String, String)> {
    let tests = |p: &str| p.ends_with("tests.rs") || p.contains("/demo/");
    files("crates/xiezhi/src", "rs").into_iter().filter(|(p, _)| !tests(p)).collect()
}

/// What a browser runs.
fn scripts() -> Vec<(String, String)> {
    files("web", "js")
}
