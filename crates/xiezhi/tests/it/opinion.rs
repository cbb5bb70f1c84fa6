//! `xiezhi calc opinion` as a command: what it writes, and how it names what is wrong with its files.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

/// Runs it in a folder: exit code, standard output, standard error.
pub fn opinion(dir: &Path, args: &[&str]) -> (i32, String, String) {
    let out = Command::new(env!("CARGO_BIN_EXE_xiezhi")).current_dir(dir).args(["calc", "opinion"]).args(args).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (out.status.code().unwrap(), text(&out.stdout), text(&out.stderr))
}

/// Twenty people in two camps over eight statements; person and statement ids have gaps; the first vote of each is changed later.
fn camps() -> Vec<String> {
    let mut rows = Vec::new();
    for p in 0..20 {
        for s in 0..8 {
            let vote = match p * 8 + s {
                17 | 42 => 0,
                _ if (p % 2 == 0) == (s < 4) => 1,
                _ => -1,
            };
            rows.push(format!("{},{},{vote},{}", p * 7 + 3, s * 100, 1000 + s));
            if s == 0 {
                rows.push(format!("{},{},{},5", p * 7 + 3, s * 100, -vote));
            }
        }
    }
    rows
}

fn file(dir: &Path, name: &str, head: &str, rows: &[String]) {
    std::fs::write(dir.join(name), format!("{head}\n{}\n", rows.join("\n"))).unwrap();
}

const HEAD: &str = "voter,statement,vote,timestamp";

#[test]
fn a_map_is_written_and_its_bytes_do_not_depend_on_order() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let mut rows = camps();
    file(dir, "v.csv", HEAD, &rows);
    let (code, out, err) = opinion(dir, &["--votes", "v.csv", "--seed", "2026"]);
    assert_eq!(code, 0, "{err}");
    assert!(err.contains("20 voters, 8 statements, 160 votes; 20 earlier votes replaced"), "{err}");
    let map: Value = serde_json::from_str(&out).unwrap();
    assert_eq!([&map["voters"], &map["statements"], &map["k"], &map["clear"]], [&json!(20), &json!(8), &json!(2), &json!(true)]);
    assert_eq!((map["groups"].as_object().unwrap().len(), map["points"].as_object().unwrap().len()), (20, 20));
    // Person 3 (the first) is for the first four statements; 10 (the second) against.
    assert_ne!(map["groups"]["3"], map["groups"]["10"]);
    assert_eq!(map["groups"]["3"], map["groups"]["17"]);
    let first = &map["statement"][0];
    let own = map["groups"]["3"].as_u64().unwrap() as usize;
    assert_eq!(first["id"], json!("0"));
    assert_eq!(first["agree"].as_u64().unwrap() + first["disagree"].as_u64().unwrap() + first["pass"].as_u64().unwrap(), 20);
    assert_eq!(first["per_group"][own]["disagree"], json!(0));
    assert!(first["representative_for"].as_array().unwrap().contains(&json!(own)), "{first}");
    assert_eq!(map["pca"]["components"].as_array().unwrap().len(), 2);
    assert!(map["stability"]["agreement"].as_f64().unwrap() > 0.9, "{}", map["stability"]);
    // The rows the other way round, with a mark in front, in other columns.
    rows.reverse();
    let turned: Vec<String> =
        rows.iter().map(|r| r.split(',').rev().collect::<Vec<_>>().join(",")).map(|r| format!("{r},more")).collect();
    file(dir, "w.csv", "\u{feff}timestamp,vote,comment-id,voter-id,datetime", &turned);
    assert_eq!(opinion(dir, &["--votes", "w.csv", "--seed", "2026"]).1, out);
    // Who is on the map, what moderation took out, groups of others: lists with and without a head, as JSON, with gaps.
    std::fs::write(dir.join("people"), "[3, 10,\n 17, 24]").unwrap();
    std::fs::write(dir.join("out"), "statement\n700\n999\n").unwrap();
    let (code, out, err) = opinion(dir, &["--votes", "v.csv", "--in-conv", "people", "--mod-out", "out", "--meta", "out"]);
    assert_eq!(code, 0, "{err}");
    assert!(err.contains("out: 1 of these statements have no vote"), "{err}");
    let map: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(map["groups"].as_object().unwrap().keys().collect::<Vec<_>>(), ["10", "17", "24", "3"]);
    assert_eq!((&map["statement"][7]["moderated"], &map["statement"][7]["priority"]), (&json!(true), &json!(49.0)));
    std::fs::write(dir.join("groups.csv"), "voter,group\n3,北区\n10,南区\n17,北区\n24,\n").unwrap();
    let (code, out, err) = opinion(dir, &["--votes", "v.csv", "--groups", "groups.csv"]);
    assert_eq!(code, 0, "{err}");
    let map: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&map["groups"], &map["group_names"]), (&json!({ "3": 0, "10": 1, "17": 0 }), &json!(["北区", "南区"])));
}

#[test]
fn roles_are_bridged() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let mut rows = camps();
    rows.extend((0..20).map(|p| format!("{},灯,1,1", p * 7 + 3)));
    file(dir, "v.csv", HEAD, &rows);
    let roles: Vec<String> = (0..21).map(|p| format!("{},{}", p * 7 + 3, ["居民", "物业"][p % 2])).collect();
    file(dir, "r.csv", "voter,role", &roles);
    let (code, out, err) = opinion(dir, &["--votes", "v.csv", "--roles", "r.csv"]);
    assert_eq!(code, 0, "{err}");
    assert!(err.contains("r.csv: 1 rows of people who did not vote"), "{err}");
    let map: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(map["bridges"], json!(["灯"]));
    assert_eq!(map["roles"]["物业"]["people"], json!(10));
    let lamp = &map["statement"][8];
    assert_eq!((&lamp["everywhere"], &lamp["per_role"]["居民"]["agree"]), (&json!(true), &json!(10)));
    assert_eq!(map["statement"][1]["everywhere"], json!(false));
}

#[test]
fn ten_thousand_statements_and_no_vote_at_all() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let rows: Vec<String> = (0..30_000).map(|i| format!("{},{},{}", i % 97, i % 10_000, i % 3 - 1)).collect();
    file(dir, "v.csv", "voter,statement,vote", &rows);
    let (code, out, err) = opinion(dir, &["--votes", "v.csv"]);
    assert_eq!(code, 0, "{err}");
    assert_eq!(serde_json::from_str::<Value>(&out).unwrap()["statement"].as_array().unwrap().len(), 10_000);
    file(dir, "v.csv", "voter,statement,vote", &[]);
    let (code, out, err) = opinion(dir, &["--votes", "v.csv"]);
    assert_eq!(code, 0, "{err}");
    assert_eq!(serde_json::from_str::<Value>(&out).unwrap()["k"], json!(0));
}

#[test]
fn bad_input_is_named_with_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let said = |text: &str, more: &[(&str, &str)], want: &str| {
        std::fs::write(dir.join("v.csv"), text).unwrap();
        let mut args = vec!["--votes", "v.csv"];
        for (option, text) in more {
            std::fs::write(dir.join("x.csv"), text).unwrap();
            args.extend([*option, "x.csv"]);
        }
        let (code, out, err) = opinion(dir, &args);
        assert!(code == 2 && out.is_empty() && err.contains(want), "{code} {err}");
    };
    let good = "voter,statement,vote\na,x,1\nb,x,-1\n";
    said("voter,vote\na,1\n", &[], "v.csv:1:1: there is no column statement");
    said("voter,statement,vote\na,x,1\na,y,yes\n", &[], "v.csv:3:3: vote yes: one of 1 0 -1");
    said("voter,statement,vote\na,x,\n", &[], "v.csv:2:3: vote : one of 1 0 -1");
    said("voter,statement,vote\n,x,1\n", &[], "v.csv:2:1: no voter");
    said("voter,statement,vote\na,,1\n", &[], "v.csv:2:2: no statement");
    said("voter,statement,vote\na,x\n", &[], "v.csv:2:3: 2 cells, the head has 3");
    said("voter,statement,vote,timestamp\na,x,1,noon\n", &[], "v.csv:2:4: timestamp noon: a number or RFC 3339");
    said(good, &[("--in-conv", "voter\na\nz\n")], "x.csv:3:1: no vote of voter z");
    said(good, &[("--groups", "voter,group\na,1\na,2\n")], "x.csv:3:2: voter a has another group already");
    said(good, &[("--groups", "voter,group\nz,1\n")], "x.csv:2:1: no vote of voter z");
    said(good, &[("--roles", "voter,role\na,\n")], "x.csv:2:2: a voter and a role");
    said(good, &[("--roles", "voter\na\n")], "x.csv:1:1: there is no column role");
    let many: String = (0..10_001).map(|s| format!("a,{s},1\n")).collect();
    said(&format!("voter,statement,vote\n{many}"), &[], "v.csv:10002:2: more than 10000 statements");
    assert_eq!(opinion(dir, &["--votes", "none.csv"]).0, 2);
    assert_eq!(opinion(dir, &["--votes", "v.csv", "--mode", "other"]).0, 2);
}
