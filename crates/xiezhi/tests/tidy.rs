//! The habits of the house, kept by a test: floors, sizes, module docs, who may know a database, a clock, a random
//! number; every route has a story, every template is used and small.

#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Most lines of a file.
const RUST: usize = 600;
const HTML: usize = 200;
const SCRIPT: usize = 300;
/// Half of all Rust files are shorter than this.
const MEDIAN: usize = 250;

/// The floors from the ground up. A floor may use those before it, never those after it.
const FLOORS: [&str; 8] = ["kit", "base", "records", "activities", "oversight", "demo", "edge", "main"];
/// Rooms of one floor that may use another one of it; together they must make no circle. (`kit` is one room.)
const SAME_FLOOR: &[(&str, &str)] = &[
    // What travels up is what a board counts.
    ("oversight/exchange", "oversight/board"),
    ("base/party", "base/area"),
    ("base/party", "base/catalogue"),
    // Who may change what holds for the whole node.
    ("base/worktime", "base/party"),
    // The one version of all that decisions rest on.
    ("base/worktime", "base/area"),
    ("base/classes", "base/area"),
    ("base/classes", "base/party"),
    // People's names, as far as a colleague may see them.
    ("base/roster", "base/catalogue"),
    ("base/roster", "base/party"),
    // What an asset is, where it stands, whose it is.
    ("base/asset", "base/area"),
    ("base/asset", "base/classes"),
    ("base/asset", "base/party"),
    // The volunteer of a home that is watched over is a vetted one.
    ("activities/sensing", "activities/volunteer"),
    // Whoever does something for somebody books for him, too.
    ("activities/errand", "activities/service"),
    // A routing table names all three.
    // Whose delegate a key is, and the desk that may end it.
    ("base/key", "base/area"),
    ("base/key", "base/party"),
    ("base/routing", "base/area"),
    ("base/routing", "base/classes"),
    ("base/routing", "base/party"),
    // Addresses are graded, groups are of areas.
    ("base/notice", "base/area"),
    ("base/notice", "base/catalogue"),
    ("base/notice", "base/classes"),
    // A number that came back for notices signs its owner in.
    ("base/notice", "base/party"),
    // Whose number it is; over what codes go out.
    ("base/signin", "base/area"),
    ("base/signin", "base/notice"),
    ("base/signin", "base/party"),
    // Whom others vouch for, and how an account comes to be.
    ("base/signon", "base/catalogue"),
    ("base/signon", "base/party"),
    ("base/signon", "base/signin"),
    ("records/duty", "records/case"),
    ("records/hotline", "records/case"),
    ("records/mine", "records/case"),
    ("records/paper", "records/case"),
    ("records/reach", "records/case"),
    ("records/register", "records/case"),
    // What is held of somebody, and what he asks about it.
    ("records/mine", "records/register"),
    ("records/mine", "records/form"),
    ("records/rights", "records/case"),
    ("records/rights", "records/register"),
    // A form asks for what the register does not hold.
    ("records/form", "records/case"),
    ("records/form", "records/register"),
    ("records/open311", "records/case"),
    // What an organisation that joined offers, and asks people to come to.
    ("activities/partner", "activities/service"),
    ("activities/partner", "activities/volunteer"),
    // Residents are drawn from a posted roll.
    ("activities/consult", "activities/vote"),
    // Days are those of the indicators, and so is what an imported case counts as.
    ("oversight/board", "oversight/supervise"),
    ("edge/serve", "edge/call"),
    ("edge/serve", "edge/jobs"),
    ("edge/serve", "edge/collect"),
    ("edge/serve", "edge/gb26875"),
    ("edge/serve", "edge/mqtt"),
    ("edge/gb26875", "edge/collect"),
    ("edge/mqtt", "edge/collect"),
    ("edge/call", "edge/body"),
    ("edge/call", "edge/guard"),
    ("edge/call", "edge/kept"),
    ("edge/call", "edge/live"),
    ("edge/call", "edge/routes"),
    ("edge/live", "edge/guard"),
    ("edge/routes", "edge/clock"),
    ("edge/clock", "edge/jobs"),
    ("edge/routes", "edge/home"),
    ("edge/routes", "edge/openapi"),
    ("edge/routes", "edge/proof"),
    ("edge/routes", "edge/together"),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Files beneath a folder with an extension, as (path from the root, text).
fn files(folder: &str, extension: &str) -> Vec<(String, String)> {
    fn walk(dir: &Path, out: &mut Vec<PathBuf>) {
        let Ok(entries) = fs::read_dir(dir) else { return };
        for entry in entries.flatten() {
            let path = entry.path();
            let name = entry.file_name();
            if path.is_dir() && !matches!(name.to_str(), Some("node_modules" | "target" | "vendor" | ".git" | "out")) {
                walk(&path, out);
            } else if path.is_file() {
                out.push(path);
            }
        }
    }
    let root = root();
    let mut paths = Vec::new();
    walk(&root.join(folder), &mut paths);
    paths.sort();
    let fits = |p: &PathBuf| p.extension().and_then(|e| e.to_str()) == Some(extension);
    let name = |p: &Path| p.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
    paths.into_iter().filter(fits).map(|p| (name(&p), fs::read_to_string(&p).unwrap())).collect()
}

#[test]
fn sizes() {
    let mut wrong = Vec::new();
    let mut lengths = Vec::new();
    for (path, text) in files("crates", "rs").into_iter().chain(files("bench", "rs")) {
        let lines = text.lines().count();
        lengths.push(lines);
        if lines > RUST {
            wrong.push(format!("{path}: {lines} lines"));
        }
    }
    for (folder, extension, most) in
        [("crates", "html", HTML), ("web/js", "js", SCRIPT), ("web/css", "css", SCRIPT), ("e2e", "mjs", SCRIPT)]
    {
        for (path, text) in files(folder, extension) {
            if text.lines().count() > most {
                wrong.push(format!("{path}: {} lines", text.lines().count()));
            }
        }
    }
    lengths.sort_unstable();
    assert_eq!(wrong, Vec::<String>::new());
    assert!(lengths[lengths.len() / 2] < MEDIAN);
}

#[test]
fn every_module_says_what_it_is_for() {
    for (path, text) in files("crates", "rs").into_iter().chain(files("bench", "rs")) {
        assert!(text.starts_with("//! ") && text.lines().next().unwrap().len() > 12, "{path}: no module doc");
    }
    for (path, text) in files("web/js", "js").into_iter().chain(files("e2e", "mjs")) {
        assert!(text.starts_with("//") || text.starts_with("/*"), "{path}: does not say what it is for");
    }
}

/// What a file uses of its crate: (floor, room) pairs.
fn uses(path: &str, text: &str) -> Vec<(String, String)> {
    let inside = path.trim_start_matches("crates/xiezhi/src/");
    // In a room that is one file, `super` is its floor.
    let parent = if inside.matches('/').count() == 1 && !inside.ends_with("/mod.rs") { inside.split('/').next() } else { None };
    let code = text.split("#[cfg(test)]").next().unwrap();
    let code = match parent {
        Some(floor) => code.replace("super::", &format!("crate::{floor}::")),
        None => code.to_owned(),
    };
    let mut out = Vec::new();
    for rest in code.split("crate::").skip(1).chain(code.split("xiezhi::").skip(1)) {
        let Some((floor, rest)) = rest.split_once("::") else { continue };
        if !FLOORS.contains(&floor) {
            continue;
        }
        let Some(list) = rest.strip_prefix('{') else {
            let name = rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap();
            out.push((floor.to_owned(), name.to_owned()));
            continue;
        };
        let (mut depth, mut word) = (0, String::new());
        for c in list.chars() {
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => out.push((floor.to_owned(), std::mem::take(&mut word))),
                c if depth == 0 => word.push(c),
                _ => {}
            }
        }
        out.push((floor.to_owned(), word));
    }
    let first = |room: String| room.trim().split("::").next().unwrap_or_default().trim().to_owned();
    out.into_iter().map(|(floor, room)| (floor, first(room))).filter(|(_, room)| !room.is_empty()).collect()
}

#[test]
fn imports_point_down() {
    let mut wrong = Vec::new();
    let height = |f: &str| FLOORS.iter().position(|x| *x == f);
    for (path, text) in files("crates/xiezhi/src", "rs") {
        let inside = path.trim_start_matches("crates/xiezhi/src/").trim_end_matches(".rs").trim_end_matches("/mod");
        let mut parts = inside.split('/');
        let (floor, room) = (parts.next().unwrap(), parts.next());
        if floor == "lib" {
            continue;
        }
        let Some(here) = height(floor) else {
            wrong.push(format!("{path}: on no floor"));
            continue;
        };
        for (there, other) in uses(&path, &text) {
            if height(&there).is_none_or(|h| h > here) {
                wrong.push(format!("{path}: {there} is above"));
            }
            let rooms =
                !matches!(floor, "kit" | "demo" | "main") && there == floor && other.starts_with(|c: char| c.is_lowercase());
            let Some(room) = room.filter(|r| rooms && *r != other) else { continue };
            if !SAME_FLOOR.contains(&(&format!("{floor}/{room}"), &format!("{floor}/{other}"))) {
                wrong.push(format!("{path}: may not use {floor}/{other}"));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    // Taking away rooms that use nobody must take away all: else there is a circle.
    let mut left: Vec<(&str, &str)> = SAME_FLOOR.to_vec();
    while !left.is_empty() {
        let before = left.len();
        let users: BTreeSet<&str> = left.iter().map(|(a, _)| *a).collect();
        left.retain(|(_, b)| users.contains(b));
        assert!(left.len() < before, "a circle among {left:?}");
    }
}

/// Modules that a text names by `crate::` or `super::`, from the root; of a list each item.
fn named(text: &str, here: &[String]) -> Vec<Vec<String>> {
    fn items(rest: &str, from: &[String], out: &mut Vec<Vec<String>>) {
        let word: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        let mut path = from.to_vec();
        match rest[word.len()..].strip_prefix("::") {
            Some(more) if word == "super" => {
                path.pop();
                items(more, &path, out);
            }
            Some(more) => {
                path.push(word);
                items(more, &path, out);
            }
            None if rest.starts_with('{') => {
                let (mut depth, mut start) = (0, 1);
                for (at, c) in rest.char_indices() {
                    depth += i32::from(c == '{') - i32::from(c == '}');
                    if depth == 0 || depth == 1 && c == ',' {
                        items(rest[start..at].trim(), from, out);
                        start = at + 1;
                    }
                    if depth == 0 {
                        break;
                    }
                }
            }
            None => out.push(path.into_iter().chain([word]).collect()),
        }
    }
    let mut out = Vec::new();
    for (at, _) in text.match_indices("super::").filter(|(at, _)| !text[..*at].ends_with("super::")) {
        items(&text[at..], here, &mut out);
    }
    text.match_indices("crate::").for_each(|(at, word)| items(&text[at + word.len()..], &[], &mut out));
    out
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let module = |path: &str| -> Vec<String> {
        let inside = path.trim_start_matches("crates/xiezhi/src/").trim_end_matches(".rs").trim_end_matches("/mod");
        inside.split('/').map(str::to_owned).collect()
    };
    let code = |text: &str| -> String {
        let code = text.split("#[cfg(test)]").next().unwrap().lines();
        code.filter(|l| !l.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
    };
    // `mod.rs` holds what all of its room share, and knows what is in it. `kit` is one room.
    let all: Vec<(Vec<String>, String)> = files("crates/xiezhi/src", "rs")
        .into_iter()
        .filter(|(path, _)| !path.ends_with("/mod.rs") && !path.contains("/src/kit/"))
        .map(|(path, text)| (module(&path), code(&text)))
        .collect();
    let known: BTreeSet<&Vec<String>> = all.iter().map(|(m, _)| m).collect();
    let mut left: Vec<(&Vec<String>, Vec<String>)> = Vec::new();
    for (here, text) in &all {
        for mut path in named(text, here) {
            while !path.is_empty() && !known.contains(&path) {
                path.pop();
            }
            if !path.is_empty() && path != *here {
                left.push((here, path));
            }
        }
    }
    assert!(left.len() > 500, "{} imports were found", left.len());
    while !left.is_empty() {
        let before = left.len();
        let users: BTreeSet<Vec<String>> = left.iter().map(|(a, _)| (*a).clone()).collect();
        left.retain(|(_, b)| users.contains(b));
        assert!(
            left.len() < before,
            "a circle among {:?}",
            left.iter().map(|(a, b)| (a.join("/"), b.join("/"))).collect::<BTreeSet<_>>()
        );
    }
}

#[test]
fn the_dependency_lists_are_the_architecture() {
    let manifest = |c: &str| fs::read_to_string(root().join(format!("crates/{c}/Cargo.toml"))).unwrap();
    let section = |text: &str, name: &str| {
        let start = text.find(&format!("[{name}]\n")).map(|i| i + name.len() + 3);
        start.map_or(String::new(), |s| text[s..].split("\n[").next().unwrap().to_owned())
    };
    assert_eq!(section(&manifest("calc"), "dependencies"), "", "calc depends on nothing");
    for driver in ["rusqlite", "postgres", "sqlx", "diesel"] {
        assert!(!section(&manifest("xiezhi"), "dependencies").contains(driver), "only store knows {driver}");
    }
    let all = section(&manifest("store"), "dependencies") + &section(&manifest("xiezhi"), "dependencies");
    let reasons = fs::read_to_string(root().join("docs/dependencies.md")).unwrap();
    for line in all.lines().filter(|l| !l.is_empty() && !l.starts_with('#')) {
        let name = line.split([' ', '=', '.']).next().unwrap();
        assert!(matches!(name, "calc" | "store") || reasons.contains(name), "{name} has no reason in docs/dependencies.md");
    }
}

/// Numbers name a matter in inboxes and on paper, whatever room it is of.
#[test]
fn numbers_of_each_room_begin_with_a_letter_of_its_own() {
    let mut rooms: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (path, text) in files("crates/xiezhi/src", "rs") {
        let room = path.split("/src/").nth(1).unwrap().split('/').take(2).collect::<Vec<_>>().join("/");
        for part in text.split("format!(\"").skip(1) {
            let letters: String = part.chars().take_while(char::is_ascii_uppercase).collect();
            if !letters.is_empty() && part[letters.len()..].starts_with("-{") {
                rooms.entry(letters).or_default().insert(room.clone());
            }
        }
    }
    assert!(rooms.len() > 10, "{rooms:?}");
    // Within a room they may be of one kind or of several; the letter is its own.
    let shared: Vec<_> = rooms.iter().filter(|(_, r)| r.len() > 1).collect();
    assert!(shared.is_empty(), "{shared:?}");
}

#[test]
fn inv10_one_place_reads_the_clock_and_draws_random_numbers() {
    const BANNED: [&str; 6] = ["SystemTime::now", "Timestamp::now", "Zoned::now", "getrandom::", "rand::", "Instant::now"];
    for (path, text) in files("crates", "rs") {
        let allowed = path.ends_with("kit/app.rs") || path.contains("/tests");
        let code = text.split("#[cfg(test)]").next().unwrap();
        for word in BANNED {
            // `errand::` is none of them.
            let whole = |at: usize| !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
            let found = code.match_indices(word).any(|(at, _)| whole(at));
            assert!(allowed || !found, "{path}: {word}");
        }
        assert!(path.contains("/tests") || !code.contains("env::var"), "{path}: settings come from the command line");
    }
}

#[test]
fn inv06_no_place_is_named_in_code() {
    for (path, text) in files("crates/xiezhi/src", "rs") {
        let code = text.split("#[cfg(test)]").next().unwrap();
        for place in ["扬州", "广陵", "江苏", "北京", "上海", "Boston"] {
            assert!(path.contains("/demo/") || !code.contains(place), "{path}: {place} is data, not code");
        }
    }
}

#[test]
fn migrations_use_the_common_subset() {
    for (path, text) in files("migrations", "sql") {
        for (line, sql) in text.lines().enumerate().filter(|(_, l)| !l.trim_start().starts_with("--")) {
            let lower = sql.to_ascii_lowercase();
            for word in [
                " integer",
                " bigint",
                " blob",
                " bytea",
                " serial",
                "autoincrement",
                " timestamp",
                " boolean",
                " json",
                " varchar",
            ] {
                assert!(!lower.contains(word), "{path}:{}: {word} is one engine's word", line + 1);
            }
        }
    }
}

#[test]
fn every_template_is_used_and_every_used_one_exists() {
    let templates: BTreeSet<String> = files("crates/xiezhi/src", "html")
        .into_iter()
        .map(|(p, _)| p.trim_start_matches("crates/xiezhi/src/").to_owned())
        .collect();
    let mut used = BTreeSet::new();
    for (_, text) in files("crates/xiezhi/src", "rs").into_iter().chain(files("crates/xiezhi/src", "html")) {
        used.extend(text.split('"').filter(|t| t.ends_with(".html") && t.contains('/') && !t.contains('*')).map(str::to_owned));
    }
    assert_eq!(templates, used);
    for (path, text) in files("crates/xiezhi/src", "html") {
        for word in ["style=", "<script>", "onclick", "javascript:"] {
            assert!(!text.contains(word), "{path}: {word} is forbidden by our content policy");
        }
    }
}

/// Paths in tests and stories, each segment with something variable in it as `*`.
fn told() -> Vec<Vec<String>> {
    let mut out = Vec::new();
    for (_, text) in files("crates/xiezhi/tests", "rs").into_iter().chain(files("e2e", "mjs")) {
        for piece in text.split(['"', '\'', '`', '(', ')', ',', ' ']).filter(|p| p.starts_with('/') && !p.starts_with("//")) {
            let path = piece.split(['?', '\\']).next().unwrap();
            out.push(path.split('/').map(|s| if s.contains(['{', '$']) { "*".into() } else { s.to_owned() }).collect());
        }
    }
    out
}

#[test]
fn every_route_has_a_story() {
    let told = told();
    for route in xiezhi::edge::routes::all() {
        let want: Vec<&str> = route.path.split('/').collect();
        let fits = |have: &Vec<String>| {
            let open = route.path.contains("{*");
            (have.len() == want.len() || open && have.len() >= want.len())
                && want.iter().zip(have).all(|(w, h)| w.starts_with('{') || *w == h || h == "*" && !w.is_empty())
        };
        assert!(told.iter().any(fits), "no test and no story goes to {} {}", route.method, route.path);
    }
}

#[test]
fn every_log_kind_is_owned_and_every_room_says_what_it_logs() {
    let mut owners: Vec<(String, String)> = Vec::new();
    for (path, text) in files("crates/xiezhi/src", "rs").into_iter().filter(|(p, _)| !p.ends_with("tests.rs")) {
        let code = text.split("#[cfg(test)]").next().unwrap();
        for kind in code.split("Entry::new(\"").skip(1).filter_map(|t| t.split('"').next()) {
            owners.push((kind.to_owned(), path.clone()));
        }
    }
    for (kind, path) in owners {
        let mut folders = Path::new(&path).ancestors().skip(1).map(|f| root().join(f).join("mod.rs"));
        let said = fs::read_to_string(folders.find(|f| f.exists()).unwrap()).unwrap();
        assert!(said.contains(&format!("`{kind}`")), "{path}: {kind} is not in the module doc of its room");
    }
}

#[test]
fn nothing_is_unfinished() {
    for (path, text) in files("crates", "rs").into_iter().chain(files("web/js", "js")).chain(files("e2e", "mjs")) {
        for word in [concat!("to", "do!("), concat!("unimple", "mented!("), concat!("FIX", "ME"), concat!("#[ig", "nore")] {
            assert!(!text.contains(word), "{path}: {word}");
        }
    }
}
