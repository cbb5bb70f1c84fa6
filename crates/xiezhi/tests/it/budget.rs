//! `xiezhi calc budget` as a command, the same on every vote of Pabulib beside what pabutools decided, and how it names what is wrong.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use calc::budget::{Completion, Marks, Pb, Rule, Utility, Wanted, decide, read};
use serde_json::{Value, json};

const HEAD: &str = "META\nkey;value\nbudget;100\nvote_type;approval\nnum_projects;3\nnum_votes;5\n市;扬州\n";
const PROJECTS: &str = "PROJECTS\nproject_id;cost;name;所在\n1;40;路灯;东\n2;60;\"花园; 西\";西\n10;40;长椅;东\n";
const VOTES: &str = "VOTES\nvoter_id;vote;age\na;1;30\nb;1;\nc;2,10;70\nd;2,10;\ne;2,10;8\n";

/// Runs it over a text: exit code, standard output, standard error.
fn budget(text: &[u8], options: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xiezhi"));
    command.args(["calc", "budget"]).args(options).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // When the options are wrong nobody reads.
    let _ = child.stdin.take().unwrap().write_all(text);
    let out = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (out.status.code().unwrap(), text(out.stdout), text(out.stderr))
}

fn vote() -> String {
    format!("{HEAD}{PROJECTS}{VOTES}")
}

#[test]
fn winners_with_their_reasons() {
    let (code, out, err) = budget(vote().as_bytes(), &["--rule", "equal-shares"]);
    assert_eq!((code, err.as_str()), (0, ""));
    let told: Value = serde_json::from_str(&out).unwrap();
    let field = |name: &str| &told[name];
    assert_eq!(field("winners"), &json!(["10", "1"]));
    assert_eq!((field("cost"), field("budget"), field("tie_order")), (&json!(80), &json!(100), &json!(["cost", "votes", "id"])));
    assert_eq!(
        told["explanation"][0],
        json!({
            "project": "10", "name": "长椅", "cost": 40, "votes": 3, "won": true, "reason": "bought",
            "payers": 3, "paid_full": 3, "paid_rest": 0, "price": 13.33,
        })
    );
    assert_eq!(
        told["explanation"][2],
        json!({
            "project": "2", "name": "花园; 西", "cost": 60, "votes": 3, "won": false, "reason": "short", "supporters_left": 20,
        })
    );
    // Rows the other way round, Windows line ends, GB 18030: the same bytes.
    let mut rows: Vec<&str> = VOTES.lines().skip(2).collect();
    rows.reverse();
    let turned = format!("{HEAD}{PROJECTS}VOTES\nvoter_id;vote;age\n{}", rows.join("\n")).replace('\n', "\r\n");
    assert_eq!(budget(turned.as_bytes(), &["--rule", "equal-shares"]).1, out);
    let (code, again, err) = budget(&encoding_rs::GB18030.encode(&vote()).0, &["--rule", "equal-shares"]);
    assert_eq!((code, again), (0, out));
    assert!(err.contains("-:7: not UTF-8, read as GB 18030"), "{err}");
    // Greedy gives everything to the three; a list published before decides ties.
    let winners =
        |options: &[&str]| serde_json::from_str::<Value>(&budget(vote().as_bytes(), options).1).unwrap()["winners"].clone();
    assert_eq!(winners(&["--rule", "greedy"]), json!(["10", "2"]));
    let dir = tempfile::tempdir().unwrap();
    let list = dir.path().join("list.txt");
    std::fs::write(&list, "2\n1\n10\n").unwrap();
    assert_eq!(winners(&["--rule", "greedy", "--tie-order", "list", "--tie-list", list.to_str().unwrap()]), json!(["2", "10"]));
    assert_eq!(winners(&["--rule", "equal-shares", "--withdrawn", "10"]), json!(["2", "1"]));
    assert_eq!(winners(&["--rule", "equal-shares", "--least-votes", "3"]), json!(["10"]));
    assert_eq!(
        winners(&["--rule", "equal-shares", "--utility", "cardinality", "--completion", "add1", "--then-greedy"]),
        json!(["10", "1"])
    );
}

#[test]
fn bad_input_is_named_with_its_place() {
    let said = |text: &str, options: &[&str], want: &str| {
        let (code, out, err) = budget(text.as_bytes(), &[&["--rule", "equal-shares"], options].concat());
        assert!(code == 2 && out.is_empty() && err.contains(want), "{want}: {code} {out} {err}");
    };
    let with = |old: &str, new: &str, want: &str| {
        assert!(vote().contains(old), "{old}");
        said(&vote().replacen(old, new, 1), &[], want);
    };
    said("", &[], "-:1:1: there is no section META");
    said("hello\n", &[], "-:1:1: the first line must be META");
    said(&format!("{HEAD}{PROJECTS}"), &[], "-:13:1: there is no section VOTES");
    said(&format!("{}{VOTES}", vote()), &[], "-:20:1: a second section VOTES");
    with("budget;100\n", "", "-:2:1: META does not say budget");
    with("budget;100", "budget;much", "-:3:2: budget much: no amount");
    with("budget;100", "budget;0", "-:3:2: there is no money");
    with("budget;100", "budget;10000000000000000", "-:3:2: more than 1000000000000000");
    with("budget;100\n", "budget;100\nbudget;90\n", "-:4:1: budget is already on line 3");
    with("approval", "scoring", "-:4:2: vote_type scoring: one of approval, choose-1, cumulative, ordinal");
    with("num_votes;5", "num_votes;6", "-:6:2: num_votes says 6, the file has 5");
    with("num_projects;3", "num_projects;x", "-:5:2: num_projects x: no whole number");
    with("cost;name", "price;name", "-:9:1: there is no column cost");
    with("1;40;路灯;东", "1;40;路灯", "-:10:4: 3 cells, the head has 4");
    with("1;40;路灯", "1;-40;路灯", "-:10:2: cost -40: no amount");
    with("1;40;路灯", "1;0.00001;路灯", "-:10:2: cost 0.00001: no amount");
    with("1;40;路灯", "1;0;路灯", "-:10:2: project 1 costs nothing: say whether it was withdrawn");
    with("10;40;长椅", "1;40;长椅", "-:12:1: project 1 is already on line 10");
    with("1;40;路灯", "1,2;40;路灯", "-:10:1: 1,2: an id without commas");
    with("\"花园; 西\"", "\"花园; 西", "-:11:3: the quotation mark is never closed");
    with("\"花园; 西\"", "\"花园\" 西", "-:11:3: text behind the closing quotation mark");
    with("c;2,10", "c;2,11", "-:17:2: there is no project 11");
    with("c;2,10", "b;2,10", "-:17:1: voter b is there twice");
    with("c;2,10", " ;2,10", "-:17:1: no voter");
    with("市;扬州", "max_length;1", "-:17:2: 2 projects on a ballot, between 0 and 1");
    with("approval", "choose-1", "-:17:2: 2 projects on a ballot");
    with("approval", "cumulative", "-:14:1: there is no column points");
}

/// Where data for tests lies: beside the repository, or where `XIEZHI_SHARED` says.
fn shared() -> PathBuf {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    std::env::var_os("XIEZHI_SHARED").map_or(beside, PathBuf::from)
}

/// Every vote of the collection beside what pabutools 1.2.3 decided on it (`bench/consult/pabutools_run.py` writes that list), and each
/// file again as it was.
#[test]
fn as_pabutools_decides() {
    let folder = shared().join("data/pabulib");
    let Ok(files) = std::fs::read_dir(&folder) else {
        eprintln!("SKIPPED: no data/pabulib beside the repository (XIEZHI_SHARED says where else to look)");
        return;
    };
    let expected = include_str!("pabutools.txt");
    let mut checked = 0;
    let mut names: Vec<PathBuf> = files.map(|f| f.unwrap().path()).filter(|p| p.extension().is_some_and(|e| e == "gz")).collect();
    names.sort();
    for path in &names {
        let mut text = String::new();
        flate2::read::GzDecoder::new(std::fs::File::open(path).unwrap()).read_to_string(&mut text).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap().trim_end_matches(".pb.gz");
        let pb = Pb::parse(&text).unwrap_or_else(|f| panic!("{name}: {f:?}"));
        assert!(pb.write() == format!("{}\n", text.trim_end_matches('\n')), "{name} does not come back as it was");
        // The one project of the collection that costs nothing, taken as pabutools takes it.
        let free = if name == "poland_gdynia_2020_grabowek-large" { vec!["5".to_owned()] } else { Vec::new() };
        let read = read::election(&pb, &Marks { free, ..Marks::default() }).unwrap_or_else(|f| panic!("{name}: {f:?}"));
        let odd = u32::from(name == "poland_czestochowa_2020_");
        assert_eq!(read.notes.len() as u32, odd, "{name}: {:?}", read.notes);
        for line in expected.lines().filter(|line| line.split('\t').next() == Some(name)) {
            let [_, method, winners] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
            let shares = |utility, completion| Wanted { utility, completion, ..Wanted::default() };
            let greedy = |utility| Wanted { rule: Rule::Greedy, utility, ..Wanted::default() };
            let wanted = match method {
                "greedy-cost" => greedy(Utility::Cost),
                "greedy-cardinality" => greedy(Utility::Cardinality),
                "cost" => shares(Utility::Cost, Completion::None),
                "cardinality" => shares(Utility::Cardinality, Completion::None),
                "add1" => shares(Utility::Cost, Completion::Add1),
                "add1-overspend" => shares(Utility::Cost, Completion::Overspend),
                other => panic!("{other}"),
            };
            let outcome = decide(&read.election, &wanted).unwrap();
            let ours: BTreeSet<&str> = outcome.winners.iter().map(|p| read.election.projects[*p as usize].id.as_str()).collect();
            let theirs: BTreeSet<&str> = winners.split(',').filter(|id| !id.is_empty()).collect();
            assert_eq!(ours, theirs, "{name} {method}");
            checked += 1;
        }
    }
    // 62 votes by approval of 84, six methods each.
    assert_eq!((names.len(), checked), (84, expected.lines().filter(|l| !l.starts_with('#')).count()));
}
