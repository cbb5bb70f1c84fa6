//! `xiezhi calc detect` as a command: its bytes, whatever the order of rows, missing weeks, dates and numbers, and how it names what is wrong.

use std::io::Write;
use std::process::{Command, Stdio};

/// Runs it over a file (or standard input): exit code, standard output, standard error.
fn detect(text: &str, file: bool, options: &[&str]) -> (i32, String, String) {
    let dir = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_xiezhi"));
    command.args(["calc", "detect"]).args(options).current_dir(dir.path());
    if file {
        std::fs::write(dir.path().join("counts.csv"), text).unwrap();
        command.arg("counts.csv");
    }
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // One that refuses its options may be gone before it reads.
    let _ = child.stdin.take().unwrap().write_all(if file { b"" } else { text.as_bytes() });
    let out = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (out.status.code().unwrap(), text(out.stdout), text(out.stderr))
}

/// Ten weeks about a turn of the year with a week 53, the last with an outbreak.
const WEEKS: &str = "series,date,count
a,2020-11-30,3
a,2020-12-07,5
a,2020-12-14,4
a,2020-12-21,4
a,2020-12-28,6
a,2021-01-04,2
a,2021-01-11,4
a,2021-01-18,4
a,2021-01-25,20
";

#[test]
fn the_bytes_of_one_file() {
    let options = ["--method", "ears-c1", "--from", "2021-01-18"];
    let (code, out, err) = detect(WEEKS, true, &options);
    let want = "series,date,count,expected,upper,score,alarm,pvalue,phi,trend
a,2021-01-18,4,4,7.98947275257,0,0,0.5,,
a,2021-01-25,20,4.14285714286,7.89744549065,13.0512989978,1,3.12365156834e-39,,
";
    assert_eq!((code, out.as_str()), (0, want), "{err}");
    assert_eq!(err, "1 series, 2 points, 1 alarms; 0 could not be judged\n");
    // Standard input, rows the other way round, other line ends: the same.
    let (head, rows) = WEEKS.split_once('\n').unwrap();
    let turned = format!("{head}\r\n{}\r\n", rows.lines().rev().collect::<Vec<_>>().join("\r\n"));
    assert_eq!(detect(&turned, false, &options), (0, out, err));
    let (_, _, err) = detect(WEEKS, true, &["--method", "ears-c1", "--why"]);
    let why = "a,2021-01-25: 20, expected 4.1, upper bound 7.9, ears-c1; 7 points from 2020-12-07 to 2021-01-18\n";
    assert!(err.starts_with(why), "{err}");
}

#[test]
fn a_missing_week_is_not_zero_and_numbers_go_by_their_size() {
    let rows = |name: &str| (1..=12).filter(|t| *t != 9).map(|t| format!("{name},{t},{}\n", 3 + t % 2)).collect::<String>();
    let text = format!("series,t,count\n{}{}", rows("10"), rows("9"));
    let (code, out, _) = detect(&text, true, &["--method", "ears-c1", "--from", "12"]);
    assert_eq!(code, 0);
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines[0], "series,t,count,expected,upper,score,alarm,pvalue,phi,trend");
    assert!(lines[1].starts_with("9,12,3,3.5,") && lines[2].starts_with("10,12,3,3.5,"), "{out}");
    // R wants all of them, and says nothing.
    let (_, out, _) = detect(&text, true, &["--method", "ears-c1", "--from", "12", "--compat", "r"]);
    assert!(out.contains("\n9,12,3,,,,,,,\n"), "{out}");
    // What was not reported is no verdict.
    let (_, out, err) = detect("series,t,count\na,1,\na,2,5\n", true, &["--method", "threshold", "--param", "threshold=5"]);
    assert_eq!(out, "series,t,count,expected,upper,score,alarm,pvalue,phi,trend\na,1,,,,,,,,\na,2,5,,5,1,1,,,\n");
    assert_eq!(err, "1 series, 2 points, 1 alarms; 1 could not be judged\n");
}

#[test]
fn nothing_asked_is_nothing_said() {
    let head = "series,t,count,expected,upper,score,alarm,pvalue,phi,trend\n";
    let (code, out, _) = detect("series,t,count\n", true, &["--method", "farrington-flexible"]);
    assert_eq!((code, out.as_str()), (0, head));
    for method in calc::series::METHODS {
        let (code, out, err) = detect("series,t,count,population\na,1,0,0\n", true, &["--method", method]);
        assert!(code == 0 && out.lines().count() == 2 && out.contains("\na,1,0,"), "{method}: {out} {err}");
    }
}

#[test]
fn bad_input_is_named_with_its_place() {
    let said = |text: &str, options: &[&str], want: &str| {
        let options = [&["--method", "ears-c1"], options].concat();
        let (code, out, err) = detect(text, true, &options);
        assert!(code == 2 && out.is_empty() && err.contains(want), "{want}: {code} {out} {err}");
    };
    said("", &[], "counts.csv:1:1: there is no column series");
    said("series,count\n", &[], "counts.csv:1:1: there is no column date");
    said("series,t\n", &[], "counts.csv:1:1: there is no column count");
    said("series,t,count\na,1,-1\n", &[], "counts.csv:2:3: -1: no whole number from 0 to 4294967295");
    said("series,t,count\na,1,2.5\n", &[], "counts.csv:2:3: 2.5: no whole number");
    said("series,t,count\na,0,1\n", &[], "counts.csv:2:2: 0: no whole number from 1 on");
    said("series,date,count\na,2023-02-29,1\n", &[], "counts.csv:2:2: 2023-02-29: no day (yyyy-mm-dd)");
    said(
        "series,date,count\na,2024-01-01,1\na,2024-01-09,1\n",
        &[],
        "counts.csv:3:1: 2024-01-09 is no whole number of weeks after 2024-01-01",
    );
    said("series,t,count\na,1,1\nb,1,1\na,1,2\n", &[], "counts.csv:4:2: a at 1 is already on line 2");
    said("series,t,count,population\na,1,1,x\n", &[], "counts.csv:2:4: x: no number from 0 on");
    said("series,t,count\na,1,1\na,4000000000,1\n", &[], "counts.csv:3:1: more than 100000 points after the first of its series");
    said("series,t,count\n", &["--param", "alpha"], "--param alpha: name=value");
    said("series,t,count\n", &["--param", "alpha=2"], "--param alpha=2: more than 0 and less than 1");
    said("series,t,count\n", &["--param", "b=3"], "--param b=3: ears-c1 has no such setting");
    said("series,t,count\n", &["--param", "freq=0"], "--param freq=0: a whole number from 1 to 10000");
    said("series,t,count\n", &["--from", "2024-01-01"], "--from 2024-01-01: no whole number from 1 on");
    let (code, _, err) = detect(WEEKS, true, &["--method", "boda"]);
    assert!(code == 2 && err.contains("--method boda: one of ears-c1 ears-c2"), "{err}");
}
