//! `xiezhi calc pair` as a command: its pairs and their cost, whatever the order of rows, and how it names what is wrong.

use std::process::Command;

const PEOPLE: &str = "person,capacity\np1,2\np2,1\np10,1\n";
const TASKS: &str = "task,need\nt1,1\nt2,1\nt10,2\nt3,1\n";
const EDGES: &str = "task,person,cost\nt1,p1,4\nt1,p2,1\nt2,p2,3\nt2,p1,9\nt10,p1,5\nt10,p10,-2\n";

/// Runs it over three files: exit code, standard output, standard error.
fn pair(people: &str, tasks: &str, edges: &str, options: &[&str]) -> (i32, String, String) {
    let dir = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_xiezhi"));
    command.args(["calc", "pair"]).args(options).current_dir(dir.path());
    for (name, text) in [("people", people), ("tasks", tasks), ("edges", edges)] {
        std::fs::write(dir.path().join(format!("{name}.csv")), text).unwrap();
        command.args([format!("--{name}"), format!("{name}.csv")]);
    }
    let out = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (out.status.code().unwrap(), text(out.stdout), text(out.stderr))
}

#[test]
fn most_places_then_the_least_cost() {
    let (code, out, err) = pair(PEOPLE, TASKS, EDGES, &[]);
    assert_eq!((code, out.as_str(), err.as_str()), (0, "task,person\nt1,p1\nt10,p1\nt10,p10\nt2,p2\n", "10\n"));
    // Rows the other way round, Windows line ends, columns in another order: the same bytes.
    let turned = |text: &str| {
        let (head, rows) = text.split_once('\n').unwrap();
        format!("{head}\r\n{}\r\n", rows.lines().rev().collect::<Vec<_>>().join("\r\n"))
    };
    assert_eq!(pair(&turned(PEOPLE), &turned(TASKS), &turned(EDGES), &[]), (code, out, err));
    let (_, out, err) = pair(PEOPLE, "task\n9\n10\n", "cost,person,task\n1,p1,10\n1,p1,9\n", &[]);
    assert_eq!((out.as_str(), err.as_str()), ("task,person\n9,p1\n10,p1\n", "2\n"), "without needs, numbers by their size");
    let (code, out, err) = pair("person,capacity\n", "task\n", "task,person,cost\n", &[]);
    assert_eq!((code, out.as_str(), err.as_str()), (0, "task,person\n", "0\n"), "nothing is asked");
}

#[test]
fn what_columns_may_say_besides() {
    let both = "task,person,cost\n1,a,1\n1,b,2\n2,a,1\n2,b,2\n";
    assert_eq!(pair("person,capacity,load\na,2,\nb,2,\n", "task\n1\n2\n", both, &[]).1, "task,person\n1,a\n2,a\n");
    let spread = pair("person,capacity,load\na,2,5\nb,2,5\n", "task\n1\n2\n", both, &[]);
    assert!(spread.1.contains(",a\n") && spread.1.contains(",b\n") && spread.2 == "3\n", "{spread:?}");
    for (waits, served) in [("1,9\n2,0\n", "1,a"), ("1,0\n2,9\n", "2,a")] {
        let edges = "task,person,cost\n1,a,1\n2,a,1\n";
        assert_eq!(
            pair("person,capacity\na,1\n", &format!("task,wait\n{waits}"), edges, &[]).1,
            format!("task,person\n{served}\n")
        );
    }
    let pinned = "task,person,cost,pinned\n1,a,9,1\n1,b,1,\n";
    let (_, out, err) = pair("person,capacity\na,1\nb,1\n", "task\n1\n", pinned, &[]);
    assert_eq!((out.as_str(), err.as_str()), ("task,person\n1,a\n", "9\n"));
}

#[test]
fn reasons() {
    let (code, _, err) = pair(PEOPLE, TASKS, EDGES, &["--why"]);
    assert_eq!(code, 0);
    for line in ["10", "t10,p10: cost -2, without this pair +2, 1 more empty, then nobody", "t3: no-candidates"] {
        assert!(err.lines().any(|l| l == line), "{line}: {err}");
    }
    let (_, out, err) = pair("person,capacity\na,1\n", "task\n1\n2\n", "task,person,cost\n1,a,1\n2,a,4\n", &["--why"]);
    assert_eq!(out, "task,person\n1,a\n");
    assert!(err.contains("1,a: cost 1, without this pair +3, then nobody\n"), "{err}");
    assert!(err.contains("2: all-taken, 1 people (a) have room for 1 of 2 places of 2 tasks"), "{err}");
}

#[test]
fn bad_input_is_named_with_its_place() {
    let said = |people: &str, tasks: &str, edges: &str, want: &str| {
        let (code, out, err) = pair(people, tasks, edges, &[]);
        assert!(code == 2 && out.is_empty() && err.contains(want), "{want}: {code} {out} {err}");
    };
    said("", TASKS, EDGES, "people.csv:1:1: there is no column person");
    said("name,capacity\n", TASKS, EDGES, "people.csv:1:1: there is no column person");
    said("person\np1\n", TASKS, EDGES, "people.csv:1:1: there is no column capacity");
    said("person,capacity\np1\n", TASKS, EDGES, "people.csv:2:2: 1 cells, the head has 2");
    said("person,capacity\np1,x\n", TASKS, EDGES, "people.csv:2:2: x: no whole number from 0 to 1000000");
    said("person,capacity\np1,-1\n", TASKS, EDGES, "people.csv:2:2: -1: no whole number");
    said("person,capacity\np1,1\np1,2\n", TASKS, EDGES, "people.csv:3:1: person p1 is already on line 2");
    said("person,capacity\n,1\n", TASKS, EDGES, "people.csv:2:1: no person is named");
    said(PEOPLE, "", EDGES, "tasks.csv:1:1: there is no column task");
    said(PEOPLE, "task,need\nt1,0\n", EDGES, "tasks.csv:2:2: 0: no whole number from 1 to 1000000");
    said(PEOPLE, "task\nt1\nt1\n", EDGES, "tasks.csv:3:1: task t1 is already on line 2");
    said(PEOPLE, TASKS, "", "edges.csv:1:1: there is no column task");
    let edges = |row: &str, want: &str| said(PEOPLE, TASKS, &format!("task,person,cost\nt1,p1,1\n{row}\n"), want);
    edges("t9,p1,1", "edges.csv:3:1: there is no task t9");
    edges("t1,p9,1", "edges.csv:3:2: there is no person p9");
    edges("t1,p1,2", "edges.csv:3:2: task t1 and person p1 are already on line 2");
    edges("t1,p2,1.5", "edges.csv:3:3: 1.5: no whole number");
    edges("t1,p2,99999999999999999999", "edges.csv:3:3: 99999999999999999999: no whole number");
    edges("t1,p2,9223372036854775807", "edges.csv:1:1: the costs are too large to be added up");
    let pins = "task,person,cost,pinned\nt1,p1,1,1\nt1,p2,1,1\n";
    said(PEOPLE, TASKS, pins, "edges.csv:3:1: more people are pinned to this task than it needs");
    said(PEOPLE, TASKS, "task,person,cost,pinned\nt1,p1,1,7\n", "edges.csv:2:4: 7: no whole number from 0 to 1");
}
