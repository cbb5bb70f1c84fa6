//! `xiezhi calc link` as a command: what it writes, and how it names what is wrong with its files.

use std::path::Path;
use std::process::Command;

const SCHEMA: &str = "id = \"key\"\n\"姓名\" = \"name\"\nbirth = \"birth\"\nphone = \"phone\"\n";
const ROWS: &str = "id,姓名,birth,phone\na,王丽,1990-01-02,13800000001\nb,王莉,1990年1月2日,+86 138 0000 0001\nc,陈建国,1950-05-06,13900000002\n";

/// Runs it: exit code, standard error, pairs, clusters.
fn link(dir: &Path, schema: &str, tables: &[&[u8]]) -> (i32, String, String, String) {
    std::fs::write(dir.join("schema.toml"), schema).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_xiezhi"));
    command.current_dir(dir).args(["calc", "link", "--schema", "schema.toml", "--pairs", "p.csv", "--clusters", "c.csv"]);
    for (n, table) in tables.iter().enumerate() {
        let name = format!("{n}.csv");
        std::fs::write(dir.join(&name), table).unwrap();
        command.args(["--in", &name]);
    }
    let out = command.output().unwrap();
    let read = |name: &str| std::fs::read_to_string(dir.join(name)).unwrap_or_default();
    (out.status.code().unwrap(), String::from_utf8_lossy(&out.stderr).into_owned(), read("p.csv"), read("c.csv"))
}

#[test]
fn pairs_and_clusters_are_written() {
    let dir = tempfile::tempdir().unwrap();
    let (code, err, pairs, clusters) = link(dir.path(), SCHEMA, &[ROWS.as_bytes()]);
    assert_eq!(code, 0, "{err}");
    assert!(pairs.starts_with("a,b,weight,probability\na,b,"), "{pairs}");
    assert_eq!(pairs.lines().count(), 2, "{pairs}");
    assert!(clusters.starts_with("key,cluster\na,a\n") && clusters.ends_with("c,c\n"), "{clusters}");
    // The rows the other way round, and the same as GB 18030, give the same bytes.
    let mut lines: Vec<&str> = ROWS.lines().collect();
    lines[1..].reverse();
    let turned = link(dir.path(), SCHEMA, &[lines.join("\n").as_bytes()]);
    assert_eq!((turned.2, turned.3), (pairs.clone(), clusters.clone()));
    let foreign = encoding_rs::GB18030.encode(ROWS).0;
    let (code, err, again, _) = link(dir.path(), SCHEMA, &[&foreign]);
    assert_eq!((code, again), (0, pairs), "{err}");
    assert!(err.contains("0.csv:1: not UTF-8, read as GB 18030"), "{err}");
    // Two tables: only across.
    let (code, err, across, _) =
        link(dir.path(), SCHEMA, &[ROWS.as_bytes(), "id,姓名,birth,phone\nz,王丽,1990-01-02,13800000001\n".as_bytes()]);
    assert_eq!(code, 0, "{err}");
    assert!(across.lines().skip(1).all(|l| l.split(',').nth(1) == Some("z")), "{across}");
}

#[test]
fn bad_input_is_named_with_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let said = |schema: &str, tables: &[&[u8]], want: &str| {
        let (code, err, _, _) = link(dir.path(), schema, tables);
        assert!(code == 2 && err.contains(want), "{code} {err}");
    };
    let rows = ROWS.as_bytes();
    said("id = \"key\"\nbirth = \"date\"\n", &[rows], "schema.toml:2:1: birth: no kind date");
    said("id = \n", &[rows], "schema.toml:1:");
    said("birth = \"birth\"\n", &[rows], "schema.toml:1:1: no column is the key");
    said("id = \"key\"\n", &[rows], "schema.toml:1:1: no column to compare by");
    said("id = \"key\"\nname = \"name\"\n", &[rows], "0.csv:1:1: there is no column name");
    said(SCHEMA, &["id,姓名,birth,phone\na,王丽,,\n,王莉,,\n".as_bytes()], "0.csv:3:1: no key");
    said(SCHEMA, &["id,姓名,birth,phone\na,王丽,\n".as_bytes()], "0.csv:2:4: 3 cells, the head has 4");
    said(SCHEMA, &["id,姓名,birth,phone\na,王丽,,\na,王莉,,\n".as_bytes()], "0.csv:3: the key a is already at 0.csv:2");
    said(SCHEMA, &[rows, rows], "1.csv:2: the key a is already at 0.csv:2");
    said(SCHEMA, &[b"id,\xff\xff,birth,phone\n"], "GB 18030");
    said(SCHEMA, &[rows, rows, rows], "one table or two");
}
