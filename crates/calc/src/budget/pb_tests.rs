//! Files: every cell comes back, whatever is in it; the kinds of ballots; what is odd but no fault. (What is wrong with a file is tried
//! through the command, which names the place.)

use proptest::prelude::*;

use super::pb::Writer;
use super::*;

fn read(text: &str) -> Read {
    let pb = Pb::parse(text).unwrap_or_else(|f| panic!("{f:?}"));
    read::election(&pb, &Marks::default()).unwrap_or_else(|f| panic!("{f:?}"))
}

/// Votes and points of each project, by id.
fn counted(read: &Read) -> Vec<(&str, u64, u64)> {
    read.election.projects.iter().map(|p| (&*p.id, p.votes, p.points)).collect()
}

fn file(meta: &str, votes: &str) -> String {
    format!("META\nkey;value\nbudget;10\n{meta}\nPROJECTS\nproject_id;cost\n10;5\n9;4.50\nb;3\nVOTES\n{votes}\n")
}

proptest! {
    /// Any texts in cells, and columns that nobody knows.
    #[test]
    fn every_cell_comes_back(rows in prop::collection::vec(prop::collection::vec("[a-c;\"\n\r 花]{0,6}", 3), 0..5)) {
        let mut writer = Writer::default();
        for name in ["META", "PROJECTS", "VOTES"] {
            writer.section(name, ["key", "value", "什么"].iter());
            // The first cell of a line tells lines of nothing and heads of sections from rows.
            rows.iter().for_each(|row| writer.row([&["x".to_owned()], &row[1..]].concat().iter()));
        }
        let pb = Pb::parse(&writer.text).map_err(|f| TestCaseError::fail(format!("{f:?}")))?;
        for section in [pb.meta(), pb.projects(), pb.votes()] {
            let back: Vec<Vec<String>> = section.rows().map(|r| r.cells().map(|c| c.into_owned()).collect()).collect();
            let want: Vec<Vec<String>> = rows.iter().map(|row| [&["x".to_owned()], &row[1..]].concat()).collect();
            prop_assert_eq!(back, want);
        }
        prop_assert_eq!(pb.write(), writer.text.clone());
    }

    /// No text makes it panic.
    #[test]
    fn nothing_makes_it_panic(text in "(META|PROJECTS|VOTES|key;value|budget;1|\n|\r|;|\"|project_id;cost|1;0|voter_id;vote|,|1| ){0,30}") {
        if let Ok(pb) = Pb::parse(&text) {
            let _ = read::election(&pb, &Marks::default());
        }
    }
}

#[test]
fn kinds_of_ballots() {
    let approval = read(&file("vote_type;approval", "voter_id;vote\n1;10,b\n2;b,10\n3; b \n4;\n5;10,b"));
    // By their ids: numbers first, by size. Nobody is forgotten among the voters.
    assert_eq!(counted(&approval), [("9", 0, 0), ("10", 3, 3), ("b", 4, 4)]);
    assert_eq!((approval.election.voters, approval.election.distinct()), (5, 2));
    // 4.50 makes a tenth the smallest unit.
    assert_eq!((approval.election.decimals, approval.election.budget, approval.election.projects[0].cost), (1, 100, 45));
    let cumulative = read(&file("vote_type;cumulative\nmax_sum_points;5", "points;voter_id;vote\n3,2;x;b,9\n0,5;y;9,10\n;z;"));
    assert_eq!(counted(&cumulative), [("9", 1, 2), ("10", 1, 5), ("b", 1, 3)]);
    let ordinal = read(&file("vote_type;ordinal\nmax_length;2", "voter_id;vote\n1;b,9\n2;9"));
    assert_eq!(counted(&ordinal), [("9", 2, 3), ("10", 0, 0), ("b", 1, 2)]);
    let one = read(&file("vote_type;choose-1", "voter_id;vote\n1;b\n2;9"));
    assert_eq!(counted(&one), [("9", 1, 1), ("10", 0, 0), ("b", 1, 1)]);
}

#[test]
fn a_project_named_twice_is_told() {
    let twice = read(&file("vote_type;cumulative", "voter_id;vote;points\n1;b,9,b;1,1,2"));
    assert_eq!(counted(&twice), [("9", 1, 1), ("10", 0, 0), ("b", 1, 3)]);
    assert_eq!(twice.notes, [Fault { line: 12, column: 2, reason: "project b is named more than once on one ballot".into() }]);
    let marked = read(&file("vote_type;approval", "voter_id;vote\n1;b,b\n2;b,b"));
    assert_eq!((counted(&marked)[2], marked.notes.len()), (("b", 2, 2), 2));
    let text = file("vote_type;ordinal", "voter_id;vote\n1;b,b");
    assert!(read::election(&Pb::parse(&text).unwrap(), &Marks::default()).is_err());
}

/// Voters in any order are told apart, whatever their names look like.
#[test]
fn nobody_votes_twice() {
    let with = |names: &[&str]| {
        let rows: Vec<String> = names.iter().map(|n| format!("{n};9")).collect();
        let text = file("vote_type;approval", &format!("voter_id;vote\n{}", rows.join("\n")));
        read::election(&Pb::parse(&text).unwrap(), &Marks::default()).map(|r| r.election.voters).map_err(|f| f.line)
    };
    assert_eq!(with(&["1", "5", "3", "007", "7", "x", "4"]), Ok(7));
    assert_eq!(with(&["1", "5", "3", "5"]), Err(15));
    assert_eq!(with(&["1", "5", "3", "3"]), Err(15));
    assert_eq!(with(&["1", "5", "1"]), Err(14));
    assert_eq!(with(&["x", " x "]), Err(13));
}
