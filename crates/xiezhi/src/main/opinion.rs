//! `xiezhi calc opinion`: who thinks alike, what each group says, what all share. `docs/opinion.md` tells how.
//!
//! What must stay true: the same votes give the same bytes in whatever order they come (figures are rounded to twelve digits);
//! what is wrong with a file is named with file, line, column and reason before anything is written.

use std::collections::HashMap;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use calc::opinion::represent::Side;
use calc::opinion::votes::{self, by_id};
use calc::opinion::{Asked, Count, Intake, Map, Mode, Refused, Roles, Vote, Votes, common, map};
use serde_json::{Value, json};

use super::table::Table;

/// Most groups that may be given.
const GROUPS: usize = 100;
/// How columns of people and statements are called, here and in open data.
const VOTER: [&str; 5] = ["voter", "voter-id", "participant", "participant_id", "pid"];
const STATEMENT: [&str; 4] = ["statement", "comment-id", "statement_id", "tid"];

/// What to map.
#[derive(clap::Args)]
pub struct Opinion {
    /// CSV `voter,statement,vote[,timestamp]`: 1 agree, 0 pass, -1 disagree. Of several votes on one statement the last counts:
    /// by timestamp (a number, or RFC 3339), without that column the later row.
    #[arg(long)]
    votes: PathBuf,
    /// `default`, or `compat`: as Polis computes.
    #[arg(long, default_value = "default", value_parser = ["default", "compat"])]
    mode: String,
    /// Who is on the map (ids, one a line); by default who voted seven times. In `compat` their order counts.
    #[arg(long)]
    in_conv: Option<PathBuf>,
    /// Statements that moderation took out (ids, one a line).
    #[arg(long)]
    mod_out: Option<PathBuf>,
    /// Statements about the matter itself (ids, one a line): shown early, not part of the map.
    #[arg(long)]
    meta: Option<PathBuf>,
    /// CSV `voter,group`: groups that were made elsewhere; the figures are about them.
    #[arg(long, conflicts_with = "in_conv")]
    groups: Option<PathBuf>,
    /// CSV `voter,role`, a row for each role of somebody: what bridges roles.
    #[arg(long)]
    roles: Option<PathBuf>,
    /// A public seed: says how stable the groups are.
    #[arg(long)]
    seed: Option<String>,
}

/// Maps.
pub fn run(opinion: &Opinion) -> Result<ExitCode, String> {
    let votes = read_votes(&opinion.votes)?;
    let statements = |path: &Option<PathBuf>| match path {
        Some(path) => read_ids(path, &STATEMENT, "statement", |id| votes.statement(id), false),
        None => Ok(Vec::new()),
    };
    let mut asked = Asked {
        mode: if opinion.mode == "compat" { Mode::Compat } else { Mode::Default },
        out: statements(&opinion.mod_out)?,
        meta: statements(&opinion.meta)?,
        seed: opinion.seed.clone(),
        ..Asked::default()
    };
    if let Some(path) = &opinion.in_conv {
        asked.people = Some(read_ids(path, &VOTER, "voter", |id| votes.voter(id), true)?);
    }
    let mut names = None;
    if let Some(path) = &opinion.groups {
        let (people, groups, found) = read_groups(path, &votes)?;
        (asked.people, asked.groups, names) = (Some(people), Some(groups), Some(found));
    }
    if let Some(path) = &opinion.roles {
        asked.roles = Some(read_roles(path, &votes)?);
    }
    eprintln!(
        "{} voters, {} statements, {} votes; {} earlier votes replaced",
        votes.voters().len(),
        votes.statements().len(),
        votes.len(),
        votes.replaced()
    );
    let map = map(&votes, &asked);
    let mut out = BufWriter::new(std::io::stdout().lock());
    let fail = |e: std::io::Error| e.to_string();
    serde_json::to_writer(&mut out, &report(opinion, &votes, &asked, &map, names)).map_err(|e| e.to_string())?;
    writeln!(out).and_then(|()| out.flush()).map_err(fail)?;
    Ok(ExitCode::SUCCESS)
}

fn read_votes(path: &Path) -> Result<Votes, String> {
    let mut table = Table::open(path)?;
    let (voter, statement, vote) = (table.column(&VOTER)?, table.column(&STATEMENT)?, table.column(&["vote"])?);
    let time = table.find(&["timestamp"]);
    let mut intake = Intake::default();
    while table.next()? {
        let word = table.cell(vote);
        let said = Vote::parse(word).ok_or_else(|| table.wrong(vote, format!("vote {word}: one of 1 0 -1")))?;
        let at = match time {
            None => None,
            Some(column) => {
                let text = table.cell(column);
                Some(moment(text).ok_or_else(|| table.wrong(column, format!("timestamp {text}: a number or RFC 3339")))?)
            }
        };
        intake.push(table.cell(voter), table.cell(statement), said, at).map_err(|why| match why {
            Refused::NoVoter => table.wrong(voter, "no voter"),
            Refused::NoStatement => table.wrong(statement, "no statement"),
            Refused::LongId => table.wrong(voter.min(statement), format!("an id of more than {} bytes", votes::ID_BYTES)),
            Refused::Voters => table.wrong(voter, format!("more than {} voters", votes::VOTERS)),
            Refused::Statements => table.wrong(statement, format!("more than {} statements", votes::STATEMENTS)),
            Refused::Rows => table.wrong(0, format!("more than {} rows", votes::ROWS)),
        })?;
    }
    Ok(intake.finish())
}

/// A moment as a number that sorts: a number as it is, RFC 3339 in milliseconds.
fn moment(text: &str) -> Option<i64> {
    if let Ok(whole) = text.parse() {
        return Some(whole);
    }
    match text.parse::<f64>() {
        Ok(number) => (number.abs() < 9e18).then_some(number as i64),
        Err(_) => text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_millisecond),
    }
}

/// Ids of a list, as places; each once, in the order of the list. Unknown ones are an error where they `must` be known.
fn read_ids(
    path: &Path,
    names: &[&str],
    what: &str,
    place: impl Fn(&str) -> Option<usize>,
    must: bool,
) -> Result<Vec<u32>, String> {
    let (mut table, only) = Table::list(path, &[names, &["id"]].concat())?;
    let (mut found, mut known, mut unknown) = (Vec::new(), std::collections::HashSet::new(), 0);
    while table.next()? {
        for column in 0..table.cells() {
            let id = table.cell(column);
            if only.is_some_and(|c| c != column) || id.is_empty() {
                continue;
            }
            // A list as programs write it has brackets and quotation marks.
            let bare = || id.trim_matches(['[', ']', '"', ' ']);
            match place(id).or_else(|| place(bare())) {
                Some(at) => found.extend(known.insert(at).then_some(at as u32)),
                None if bare().is_empty() => {}
                None if must => return Err(table.wrong(column, format!("no vote of {what} {id}"))),
                None => unknown += 1,
            }
        }
    }
    if unknown > 0 {
        eprintln!("{}: {unknown} of these {what}s have no vote", path.display());
    }
    Ok(found)
}

/// People in order, the number of each one's group, and what the groups are called.
type Given = (Vec<u32>, Vec<u8>, Vec<String>);

/// Groups made elsewhere. People without one are left out.
fn read_groups(path: &Path, votes: &Votes) -> Result<Given, String> {
    let mut table = Table::open(path)?;
    let (voter, group) = (table.column(&VOTER)?, table.column(&["group", "group-id"])?);
    let mut of: HashMap<u32, String> = HashMap::new();
    let mut names: Vec<String> = Vec::new();
    while table.next()? {
        let (id, name) = (table.cell(voter), table.cell(group));
        if name.is_empty() {
            continue;
        }
        let at = votes.voter(id).ok_or_else(|| table.wrong(voter, format!("no vote of voter {id}")))? as u32;
        if of.insert(at, name.to_owned()).is_some_and(|before| before != name) {
            return Err(table.wrong(group, format!("voter {id} has another group already")));
        }
        if !names.iter().any(|n| n == name) {
            if names.len() == GROUPS {
                return Err(table.wrong(group, format!("more than {GROUPS} groups")));
            }
            names.push(name.to_owned());
        }
    }
    names.sort_unstable_by(|a, b| by_id(a, b));
    let mut people: Vec<u32> = of.keys().copied().collect();
    people.sort_unstable();
    let number = |v: &u32| names.binary_search_by(|n| by_id(n, &of[v])).unwrap_or_default() as u8;
    Ok((people.clone(), people.iter().map(number).collect(), names))
}

fn read_roles(path: &Path, votes: &Votes) -> Result<Roles, String> {
    let mut table = Table::open(path)?;
    let (voter, role) = (table.column(&VOTER)?, table.column(&["role"])?);
    let (mut pairs, mut silent) = (Vec::new(), 0);
    while table.next()? {
        let (id, name) = (table.cell(voter), table.cell(role));
        if id.is_empty() || name.is_empty() {
            return Err(table.wrong(if id.is_empty() { voter } else { role }, "a voter and a role"));
        }
        match votes.voter(id) {
            Some(at) => pairs.push((at as u32, name.to_owned())),
            None => silent += 1,
        }
    }
    if silent > 0 {
        eprintln!("{}: {silent} rows of people who did not vote", path.display());
    }
    Roles::new(&pairs).ok_or_else(|| format!("{}:1:{}: more than {} roles", path.display(), role + 1, common::ROLES))
}

/// A figure in twelve digits, so that the last bits of rounding never show.
fn figure(x: f64) -> Value {
    let short = format!("{x:.11e}").parse::<f64>().unwrap_or(x);
    json!(short + 0.0)
}

fn figures<'a>(list: impl IntoIterator<Item = &'a f64>) -> Value {
    list.into_iter().map(|x| figure(*x)).collect()
}

fn counted(count: &Count) -> Value {
    json!({ "agree": count.agree, "disagree": count.disagree, "pass": count.pass() })
}

/// The result as `CONTRACTS` has it, and what goes beyond.
fn report(opinion: &Opinion, votes: &Votes, asked: &Asked, map: &Map, names: Option<Vec<String>>) -> Value {
    let (voters, statements) = (votes.voters(), votes.statements());
    let group = |(v, l): (&u32, &u8)| (voters[*v as usize].clone(), json!(l));
    let point = |(v, p): (&String, &[f64; 2])| (v.clone(), figures(p));
    let shared = |side: usize| -> Value {
        let one = |s: &calc::opinion::Shared| {
            json!({
                "id": statements[s.statement], "n_success": s.hits, "n_trials": s.seen,
                "p_success": figure(s.p), "p_test": figure(s.p_test),
            })
        };
        map.shared[side].iter().map(one).collect()
    };
    let chosen = |(stats, list): (&Vec<calc::opinion::Stat>, &Vec<calc::opinion::Chosen>)| -> Value {
        let one = |c: &calc::opinion::Chosen| {
            let mut one = shown(&stats[c.statement]);
            one["id"] = json!(statements[c.statement]);
            if c.best_agree {
                one["best_agree"] = json!(true);
            }
            one
        };
        list.iter().map(one).collect()
    };
    let mut report = json!({
        "mode": opinion.mode,
        "voters": voters.len(),
        "statements": statements.len(),
        "votes": votes.len(),
        "replaced": votes.replaced(),
        "k": map.grouping.k,
        "clear": map.clear,
        "gap": map.gap,
        "silhouette": figure(map.grouping.silhouette),
        "groups": map.people.iter().zip(&map.grouping.labels).map(group).collect::<serde_json::Map<_, _>>(),
        "points": voters.iter().zip(&map.points).map(point).collect::<serde_json::Map<_, _>>(),
        "pca": {
            "center": figures(&map.plane.center),
            "components": map.plane.components.iter().map(figures).collect::<Value>(),
            "explained": figures(&map.plane.explained),
        },
        "representative": map.stats.iter().zip(&map.chosen).map(chosen).collect::<Value>(),
        "consensus": { "agree": shared(0), "disagree": shared(1) },
        "statement": (0..statements.len()).map(|j| statement(j, votes, asked, map)).collect::<Value>(),
    });
    if let Some(names) = names {
        report["group_names"] = json!(names);
    }
    if let (Some(roles), Some(said)) = (&asked.roles, &map.roles) {
        let role = |(name, (people, groups)): (&String, &(u32, Vec<u32>))| {
            (name.clone(), json!({ "people": people, "per_group": groups }))
        };
        report["roles"] = roles.names().iter().zip(&said.people).map(role).collect::<serde_json::Map<_, _>>().into();
        report["bridges"] = said.strongest.iter().map(|j| json!(statements[*j])).collect();
    }
    if let (Some(seed), Some(stability)) = (&asked.seed, &map.stability) {
        report["stability"] = json!({
            "seed": seed, "rounds": stability.rounds,
            "agreement": figure(stability.agreement), "per_group": figures(&stability.groups),
        });
    }
    report
}

/// How a group sees a statement.
fn shown(stat: &calc::opinion::Stat) -> Value {
    let side: &Side = stat.shown();
    json!({
        "for": if stat.agrees() { "agree" } else { "disagree" },
        "n_success": side.hits, "n_trials": stat.count.seen, "p_success": figure(side.p), "p_test": figure(side.p_test),
        "repness": figure(side.ratio), "repness_test": figure(side.ratio_test),
    })
}

fn statement(j: usize, votes: &Votes, asked: &Asked, map: &Map) -> Value {
    let groups = || map.stats.iter().map(|g| &g[j]);
    let speaks = map.chosen.iter().enumerate().filter(|(_, list)| list.iter().any(|c| c.statement == j));
    let mut one = counted(&map.all[j]);
    let more = json!({
        "id": votes.statements()[j],
        "moderated": map.out[j],
        "per_group": groups().map(|s| counted(&s.count)).collect::<Value>(),
        "repness": groups().map(shown).collect::<Value>(),
        "representative_for": speaks.map(|(g, _)| json!(g)).collect::<Value>(),
        "consensus": map.consensus[j].map(figure),
        "rejection": map.rejection[j].map(figure),
        "priority": figure(map.priority[j]),
        "at": figures(&map.plane.statement(j)),
    });
    if let (Value::Object(one), Value::Object(more)) = (&mut one, more) {
        one.extend(more);
    }
    if let (Some(roles), Some(said)) = (&asked.roles, &map.roles) {
        let role = |(name, counts): (&String, &Vec<Count>)| (name.clone(), counted(&counts[j]));
        one["per_role"] = roles.names().iter().zip(&said.counts).map(role).collect::<serde_json::Map<_, _>>().into();
        let bridge = &said.bridges[j];
        one["consensus_roles"] = figure(bridge.roles);
        one["bridge"] = figure(bridge.all);
        one["everywhere"] = json!(bridge.everywhere);
    }
    one
}
