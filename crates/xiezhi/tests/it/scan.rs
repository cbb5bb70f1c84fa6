//! `xiezhi calc scan` as a command: its clusters, whatever the order of rows, and how it names what is wrong.

use std::fmt::Write;
use std::process::Command;

use serde_json::{Value, json};

/// Runs it over two files: exit code, standard output, standard error.
fn scan(cells: &str, counts: &str, options: &[&str]) -> (i32, String, String) {
    let dir = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_xiezhi"));
    command.args(["calc", "scan"]).args(options).current_dir(dir.path());
    for (name, text) in [("cells", cells), ("counts", counts)] {
        std::fs::write(dir.path().join(format!("{name}.csv")), text).unwrap();
        command.args([format!("--{name}"), format!("{name}.csv")]);
    }
    let out = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (out.status.code().unwrap(), text(out.stdout), text(out.stderr))
}

fn found(cells: &str, counts: &str, options: &[&str]) -> Value {
    let (code, out, err) = scan(cells, counts, options);
    assert_eq!(code, 0, "{err}");
    serde_json::from_str(&out).unwrap()
}

const FOUR: &str = "id,x,y,population\n1,0,0,100\n2,1,0,100\n9,3,0,100\n10,7,0,100\n";

#[test]
fn where_more_than_expected_are() {
    let all = found(FOUR, "id,period,count\n1,2024,8\n2,2024,8\n9,2024,2\n10,2024,2\n", &["--model", "poisson"]);
    let first = &all["clusters"][0];
    let llr = 16.0 * 1.6f64.ln() + 4.0 * 0.4f64.ln();
    assert_eq!((&first["cells"], &first["from"], &first["to"]), (&json!(["1", "2"]), &json!(2024), &json!(2024)));
    assert_eq!((&first["observed"], &first["expected"]), (&json!(16), &json!(10.0)));
    assert!((first["llr"].as_f64().unwrap() - llr).abs() < 1e-9);
    let (p, recurrence) = (first["p"].as_f64().unwrap(), first["recurrence"].as_f64().unwrap());
    assert!(p > 0.0 && p < 0.2 && (p * recurrence - 1.0).abs() < 1e-9, "{p}");
    assert_eq!((&all["periods"], &all["cases"], &all["replicates"]), (&json!(1), &json!(20), &json!(999)));
    // Neighbours: more than half of the people.
    let near = found(FOUR, "id,period,count\n1,1,8\n2,1,8\n9,1,8\n10,1,0\n", &["--model", "poisson", "--neighbours", "3"]);
    assert_eq!(near["clusters"][0]["cells"], json!(["1", "2", "9"]));
}

/// A month with a case or three in every cell each day, and more in two of them in the last days.
fn month() -> String {
    let mut counts = String::from("id,period,count\n");
    for day in 1..=28 {
        for id in [1, 2, 9, 10] {
            let _ = writeln!(
                counts,
                "{id},2024-02-{day:02},{}",
                match id {
                    9.. => 3,
                    _ if day > 25 => 6,
                    _ => 1,
                }
            );
        }
    }
    counts
}

#[test]
fn when_more_than_expected_are() {
    let options = ["--model", "permutation", "--replicates", "199", "--seed", "any text"];
    let (code, out, err) = scan(FOUR, &month(), &options);
    assert_eq!((code, err.as_str()), (0, ""));
    let all: Value = serde_json::from_str(&out).unwrap();
    let first = &all["clusters"][0];
    assert_eq!((&first["cells"], &first["from"], &first["to"]), (&json!(["1", "2"]), &json!("2024-02-26"), &json!("2024-02-28")));
    assert_eq!((&first["observed"], &first["p"], &first["recurrence"]), (&json!(36), &json!(0.005), &json!(200.0)));
    // Rows the other way round, Windows line ends, no populations (then shares are of cases): the same bytes.
    let turned = |text: &str| {
        let (head, rows) = text.split_once('\n').unwrap();
        format!("{head}\r\n{}\r\n", rows.lines().rev().collect::<Vec<_>>().join("\r\n"))
    };
    assert_eq!(scan(&turned(FOUR), &turned(&month()), &options).1, out);
    assert_eq!(
        found("id,x,y\n1,0,0\n2,1,0\n9,3,0\n10,7,0\n", &month(), &[&options[..], &["--max-pop", "0.8"]].concat())["clusters"][0]
            ["cells"],
        json!(["1", "2"])
    );
    let other = scan(FOUR, &month(), &["--model", "permutation", "--replicates", "199", "--seed", "2"]).1;
    assert_eq!(serde_json::from_str::<Value>(&other).unwrap()["clusters"][0]["llr"], first["llr"]);
    // Dates that are all the same day of the week are weeks, also those without cases.
    let weeks = "id,period,count\n1,2024-01-01,1\n2,2024-01-08,1\n9,2024-01-29,1\n10,2024-01-22,2\n1,2024-02-05,9\n";
    let weekly = found(FOUR, weeks, &["--model", "permutation", "--replicates", "19"]);
    let first = &weekly["clusters"][0];
    assert_eq!((&weekly["periods"], &first["from"], &first["cells"]), (&json!(6), &json!("2024-02-05"), &json!(["1"])));
    assert!((first["recurrence"].as_f64().unwrap() * first["p"].as_f64().unwrap() - 7.0).abs() < 1e-9, "in days");
}

#[test]
fn on_the_globe() {
    // At the pole a degree of longitude is short: what is far in the plane is near.
    let cells = "id,x,y,population\na,-179.9,89,1\nb,179.9,89,1\nc,0,88,1\nd,90,80,7\n";
    let counts = "id,period,count\na,1,9\nb,1,9\nc,1,1\nd,1,1\n";
    let all = found(cells, counts, &["--model", "poisson", "--metric", "great-circle", "--max-pop", "0.25"]);
    assert_eq!(all["clusters"][0]["cells"], json!(["a", "b"]));
    let flat = found(cells, counts, &["--model", "poisson", "--max-pop", "0.25"]);
    assert_eq!(flat["clusters"][0]["cells"], json!(["a"]));
}

#[test]
fn nothing_is_an_answer() {
    for (cells, counts) in
        [("id,x,y\n", "id,period,count\n"), ("id,x,y\na,1,1\n", "id,period,count\na,1,5\n"), (FOUR, "id,period,count\n1,1,0\n")]
    {
        let all = found(cells, counts, &["--model", "permutation"]);
        assert_eq!(all["clusters"], json!([]));
    }
}

#[test]
fn bad_input_is_named() {
    let said = |cells: &str, counts: &str, options: &[&str], reason: &str| {
        let (code, out, err) = scan(cells, counts, &[&["--model", "poisson"], options].concat());
        assert_eq!((code, out.as_str()), (2, ""), "{err}");
        assert!(err.contains(reason), "{reason}: {err}");
    };
    const ONE: &str = "id,period,count\n1,1,1\n";
    said("id,x\n", ONE, &[], "cells.csv:1:1: there is no column y");
    said("id,x,y,population\n1,0,0,1\n1,0,0,1\n", ONE, &[], "cells.csv:3:1: id 1 is already on line 2");
    said("id,x,y,population\n1,east,0,1\n", ONE, &[], "cells.csv:2:2: east: no number");
    said("id,x,y,population\n1,NaN,0,1\n", ONE, &[], "cells.csv:2:2: this is no place");
    said("id,x,y,population\n1,0,91,1\n", ONE, &["--metric", "great-circle"], "cells.csv:2:2: this is no place");
    said("id,x,y,population\n1,0,0,-1\n", ONE, &[], "cells.csv:2:4: the population is");
    said("id,x,y\n1,0,0\n", ONE, &[], "cells.csv:2:4: the population is");
    said("id,x,y,population\n1,0,0,0\n", ONE, &[], "cells.csv:2:4: there are cases, but nobody lives here");
    said(FOUR, "id,period,count\n3,1,1\n", &[], "counts.csv:2:1: there is no cell 3");
    said(FOUR, "id,period,count\n1,soon,1\n", &[], "counts.csv:2:2: soon: neither a date nor a whole number");
    said(FOUR, "id,period,count\n1,1,1\n1,2024-01-01,1\n", &[], "counts.csv:3:2: 2024-01-01: dates and numbers in one file");
    for bad in ["-1", "1.5", "", "NaN"] {
        said(FOUR, &format!("id,period,count\n1,1,{bad}\n"), &[], "counts.csv:2:3: ");
    }
    said(FOUR, "id,period,count\n1,1,99999999999\n", &[], "counts.csv:2:3: more than 16777216 cases");
    said(FOUR, ONE, &["--max-pop", "0"], "--max-pop 0: the share is not between 0 and 1");
    said(FOUR, ONE, &["--max-duration", "0"], "1 at least");
    said(FOUR, ONE, &["--max-pop", "0.1", "--neighbours", "2"], "cannot be used with");
    said(FOUR, ONE, &["--replicates", "9999999"], "--replicates 9999999: more than 1000000 replicates");
}
