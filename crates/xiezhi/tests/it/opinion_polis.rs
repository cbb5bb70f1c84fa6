//! The opinion map beside results of Polis: two conversations whose figures its service published, reproduced to their tolerances;
//! three large ones whose groups were published. The files lie beside the repository, for tests only.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::opinion::opinion;

/// Folder of data beside the repository, or where `XIEZHI_SHARED` says.
fn beside(name: &str) -> Option<PathBuf> {
    let shared = std::env::var_os("XIEZHI_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let folder = shared.join("data").join(name);
    if !folder.is_dir() {
        eprintln!("SKIPPED: no {name} beside the repository (XIEZHI_SHARED says where else to look)");
        return None;
    }
    Some(folder)
}

fn word(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

fn list(value: &Value) -> &Vec<Value> {
    value.as_array().unwrap()
}

#[track_caller]
fn near(what: &str, ours: f64, theirs: f64, within: f64) {
    assert!((ours - theirs).abs() <= within, "{what}: {ours} is not {theirs}");
}

/// One of the two conversations: the folder in which our command ran, and what Polis published.
struct Conversation {
    dir: tempfile::TempDir,
    theirs: Value,
}

impl Conversation {
    fn open(folder: &Path) -> Conversation {
        let read = |name: &str| serde_json::from_str::<Value>(&std::fs::read_to_string(folder.join(name)).unwrap()).unwrap();
        let (votes, theirs) = (read("votes.json"), read("math-pca2.json"));
        let dir = tempfile::tempdir().unwrap();
        let mut table = String::from("voter,statement,vote,timestamp\n");
        for row in list(&votes) {
            let cell = |names: [&str; 2]| word(names.iter().map(|n| &row[n]).find(|v| !v.is_null()).unwrap());
            let [voter, statement] = [["pid", "participant_id"], ["tid", "statement_id"]].map(cell);
            table += &format!("{voter},{statement},{},{}\n", row["vote"], word(&row["modified"]));
        }
        std::fs::write(dir.path().join("votes.csv"), table).unwrap();
        let ids = |key: &str| list(&theirs[key]).iter().map(|v| word(v) + "\n").collect::<String>();
        std::fs::write(dir.path().join("out"), ids("mod-out")).unwrap();
        std::fs::write(dir.path().join("meta"), ids("meta-tids")).unwrap();
        // The clustered set in the service's own order: that of its base clusters, each of which is one person.
        let members = list(&theirs["base-clusters"]["members"]);
        assert!(members.iter().all(|m| list(m).len() == 1));
        let people: Vec<String> = members.iter().map(|m| word(&m[0])).collect();
        std::fs::write(dir.path().join("people"), people.join("\n")).unwrap();
        let mut groups = String::from("voter,group\n");
        for group in list(&theirs["group-clusters"]) {
            for base in list(&group["members"]) {
                let at = list(&theirs["base-clusters"]["id"]).iter().position(|id| id == base).unwrap();
                groups += &format!("{},{}\n", people[at], group["id"]);
            }
        }
        std::fs::write(dir.path().join("groups.csv"), groups).unwrap();
        Conversation { dir, theirs }
    }

    fn ours(&self, more: &[&str]) -> Value {
        let mut args = vec!["--votes", "votes.csv", "--mod-out", "out", "--meta", "meta"];
        args.extend(more);
        let (code, out, err) = opinion(self.dir.path(), &args);
        assert_eq!(code, 0, "{err}");
        serde_json::from_str(&out).unwrap()
    }

    /// Means, directions, places of people and statements.
    fn plane(&self, ours: &Value) {
        let pca = &self.theirs["pca"];
        for (j, (a, b)) in list(&ours["pca"]["center"]).iter().zip(list(&pca["center"])).enumerate() {
            near(&format!("center {j}"), number(a), -number(b), 1e-6);
        }
        for axis in 0..2 {
            let pairs = || list(&ours["pca"]["components"][axis]).iter().zip(list(&pca["comps"][axis]));
            let along: f64 = pairs().map(|(a, b)| number(a) * number(b)).sum();
            let sign = along.signum();
            pairs().for_each(|(a, b)| near("component", number(a), sign * number(b), 1e-6));
            // Their votes have the other sign, so places are turned once more.
            let [base, key] = [&self.theirs["base-clusters"], &Value::from(["x", "y"][axis])];
            for (member, at) in list(&base["members"]).iter().zip(list(&base[key.as_str().unwrap()])) {
                near("place", number(&ours["points"][word(&member[0])][axis]), -sign * number(at), 1e-6);
            }
            for (j, at) in list(&pca["comment-projection"][axis]).iter().enumerate() {
                near("place of a statement", number(&ours["statement"][j]["at"][axis]), -sign * number(at), 1e-6);
            }
        }
        for (j, length) in list(&pca["comment-extremity"]).iter().enumerate() {
            let at = &ours["statement"][j]["at"];
            near("extremity", number(&at[0]).hypot(number(&at[1])), number(length), 1e-6);
        }
    }

    /// All that follows from groups.
    fn figures(&self, ours: &Value) {
        let theirs = &self.theirs;
        assert_eq!((&ours["voters"], &ours["statements"]), (&theirs["n"], &theirs["n-cmts"]));
        for (j, tid) in list(&theirs["tids"]).iter().enumerate() {
            let (tid, one) = (word(tid), &ours["statement"][j]);
            assert_eq!(word(&one["id"]), tid);
            near("consensus", number(&one["consensus"]), number(&theirs["group-aware-consensus"][&tid]), 1e-9);
            near(&format!("priority {tid}"), number(&one["priority"]), number(&theirs["comment-priorities"][&tid]), 1e-9);
            for (group, votes) in theirs["group-votes"].as_object().unwrap() {
                let (a, b) = (&one["per_group"][group.parse::<usize>().unwrap()], &votes["votes"][&tid]);
                let seen = ["agree", "disagree", "pass"].iter().map(|w| a[w].as_u64().unwrap()).sum::<u64>();
                assert_eq!((&a["agree"], &a["disagree"], seen), (&b["A"], &b["D"], b["S"].as_u64().unwrap()), "{tid}");
            }
        }
        let figures = |a: &Value, b: &Value| {
            assert_eq!(word(&a["id"]), word(&b["tid"]));
            assert_eq!((&a["n_success"], &a["n_trials"]), (&b["n-success"], &b["n-trials"]));
            near("p-success", number(&a["p_success"]), number(&b["p-success"]), 1e-9);
            near("p-test", number(&a["p_test"]), number(&b["p-test"]), 1e-9);
        };
        for (group, theirs) in theirs["repness"].as_object().unwrap() {
            let ours = list(&ours["representative"][group.parse::<usize>().unwrap()]);
            assert_eq!(ours.len(), list(theirs).len(), "{ours:?} {theirs}");
            for (a, b) in ours.iter().zip(list(theirs)) {
                figures(a, b);
                assert_eq!((&a["for"], a.get("best_agree")), (&b["repful-for"], b.get("best-agree")));
                near("repness", number(&a["repness"]), number(&b["repness"]), 1e-9);
                // Published in single precision.
                assert_eq!(number(&a["repness_test"]) as f32, number(&b["repness-test"]) as f32);
            }
        }
        for side in ["agree", "disagree"] {
            let (ours, theirs) = (list(&ours["consensus"][side]), list(&theirs["consensus"][side]));
            assert_eq!(ours.len(), theirs.len());
            ours.iter().zip(theirs).for_each(|(a, b)| figures(a, b));
        }
    }
}

#[test]
fn polis_is_reproduced() {
    let Some(folder) = beside("polis-fixtures") else { return };
    for name in ["below-100", "25ptpt"] {
        let conversation = Conversation::open(&folder.join(name));
        let ours = conversation.ours(&["--mode", "compat", "--in-conv", "people"]);
        conversation.plane(&ours);
        // The groups themselves, and all that follows from them.
        assert_eq!(number(&ours["k"]) as usize, list(&conversation.theirs["group-clusters"]).len());
        conversation.figures(&ours);
        let given = conversation.ours(&["--mode", "compat", "--groups", "groups.csv"]);
        assert_eq!(ours["groups"], given["groups"]);
        conversation.figures(&given);
    }
}

#[test]
fn our_groups_are_tighter_than_those_of_polis() {
    let Some(folder) = beside("polis-fixtures") else { return };
    let conversation = Conversation::open(&folder.join("below-100"));
    let theirs = conversation.ours(&["--groups", "groups.csv"]);
    let ours = conversation.ours(&["--in-conv", "people"]);
    // The best three groups that anybody found have .440; those that Polis published .298.
    near("theirs", number(&theirs["silhouette"]), 0.298, 5e-4);
    assert!(number(&ours["silhouette"]) >= 0.44 - 5e-4, "{}", ours["silhouette"]);
    eprintln!("below-100: {} groups, silhouette {}, clear {}", ours["k"], ours["silhouette"], ours["clear"]);
}

fn unpacked(path: &Path) -> String {
    let mut text = String::new();
    flate2::read::GzDecoder::new(std::fs::File::open(path).unwrap()).read_to_string(&mut text).unwrap();
    text
}

/// Real conversations, with re-votes: our table is the published one; the groups are reported beside the published ones, which depend on
/// a history that is not.
#[test]
fn real_conversations() {
    let Some(folder) = beside("polis") else { return };
    for (name, voters, again) in
        [("vtaiwan.uberx", 1921, 554), ("scoop-hivemind.biodiversity", 536, 83), ("15-per-hour-seattle", 339, 123)]
    {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("votes.csv"), unpacked(&folder.join(name).join("votes.csv.gz"))).unwrap();
        let mut out = String::from("id\n");
        let comments = unpacked(&folder.join(name).join("comments.csv.gz"));
        let mut comments = csv::Reader::from_reader(comments.as_bytes());
        comments.records().map(Result::unwrap).filter(|r| &r[6] == "-1").for_each(|r| out += &format!("{}\n", &r[2]));
        std::fs::write(dir.path().join("out.csv"), out).unwrap();
        let run = |more: &[&str]| -> (Value, String) {
            let (code, out, err) = opinion(dir.path(), &[&["--votes", "votes.csv", "--mod-out", "out.csv"], more].concat());
            assert_eq!(code, 0, "{err}");
            (serde_json::from_str(&out).unwrap(), out)
        };
        let (ours, text) = run(&[]);
        assert_eq!(text, run(&[]).1);
        assert_eq!(ours["voters"], Value::from(voters));
        assert_eq!(ours["replaced"], Value::from(again));
        // Votes of each person by statement, as published.
        let matrix = unpacked(&folder.join(name).join("participants-votes.csv.gz"));
        let mut matrix = csv::Reader::from_reader(matrix.as_bytes());
        let head = matrix.headers().unwrap().clone();
        let mut counts: BTreeMap<String, [u64; 3]> = BTreeMap::new();
        let mut published: BTreeMap<String, u8> = BTreeMap::new();
        for row in matrix.records().map(Result::unwrap) {
            for (id, cell) in head.iter().zip(&row).skip(6) {
                let side = ["1", "-1", "0"].iter().position(|w| *w == cell);
                let count = counts.entry(id.to_owned()).or_default();
                side.into_iter().for_each(|s| count[s] += 1);
            }
            if let Ok(group) = row[1].parse() {
                published.insert(row[0].to_owned(), group);
            }
        }
        for one in list(&ours["statement"]) {
            let own = ["agree", "disagree", "pass"].map(|w| one[w].as_u64().unwrap());
            assert_eq!(own, counts[&word(&one["id"])], "{name} {}", one["id"]);
        }
        for (mode, map) in [("default", ours), ("compat", run(&["--mode", "compat"]).0)] {
            let groups = map["groups"].as_object().unwrap();
            let both: Vec<(u8, u8)> = published.iter().filter_map(|(v, g)| Some((groups.get(v)?.as_u64()? as u8, *g))).collect();
            let (a, b): (Vec<u8>, Vec<u8>) = both.into_iter().unzip();
            let alike = calc::opinion::stable::adjusted_rand(&a, &b);
            assert!(a.len() > 100 && alike > 0.5, "{name} {mode}: {alike}");
            eprintln!(
                "{name} {mode}: {} on the map, k {}, silhouette {:.3}, clear {}, gap {}; adjusted Rand index with the published groups of {} people {alike:.3}",
                groups.len(),
                map["k"],
                number(&map["silhouette"]),
                map["clear"],
                map["gap"],
                a.len(),
            );
        }
    }
}
