//! From ballots to a result, and to the `.pb` file from which anybody gets the same.
//!
//! What must stay true: the result is made of that very file, by the same steps as `xiezhi calc budget --rule equal-shares
//! --completion add1 --then-greedy --tie-order cost,votes,list --least-votes 1`; nothing in the file says who voted or when.

use calc::budget::pb::Writer;
use calc::budget::{Completion, Election, Key, Marks, Outcome, Pb, Rule, Utility, Wanted, Why, decide, read};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{Query, params};

use super::{Budget, Project, Stand, projects, rules};
use crate::kit::{Error, Result};

/// What became of every project.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Told {
    /// Its number.
    pub n: i64,
    /// Ballots that name it.
    pub votes: u64,
    /// Whether it gets its money.
    pub won: bool,
    /// bought, fitted, withdrawn, few, dear, short, room.
    pub reason: String,
    /// What each of its voters pays, in yuan with two decimals, when they bought it.
    pub price: Option<String>,
    /// How many pay.
    pub payers: Option<u64>,
    /// What was left in the end, or what its voters had left, in yuan.
    pub rest: Option<String>,
}

/// The result.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Counted {
    /// Ballots.
    pub voters: i64,
    /// Yuan that the winners cost.
    pub cost: i64,
    /// Yuan that each voter had to spend, with two decimals.
    pub share: String,
    /// Winners in order, then the others.
    pub told: Vec<Told>,
    /// Winners by votes alone, as long as the money lasts: what greedy counting would have given.
    pub greedy: Vec<i64>,
}

impl Counted {
    /// Whether a project gets its money.
    pub fn won(&self, n: i64) -> bool {
        self.told.iter().any(|t| t.n == n && t.won)
    }
}

/// The order of ties, as it was published.
pub fn ties(all: &[Project]) -> Vec<i64> {
    let mut order: Vec<(i64, i64)> = all.iter().filter_map(|p| Some((p.tie?, p.n))).collect();
    order.sort_unstable();
    order.into_iter().map(|(_, n)| n).collect()
}

/// The vote as a file of Pabulib. Voters are numbered in the order of their marks, which is none.
pub fn file(q: &mut dyn Query, budget: &Budget) -> Result<String> {
    let all = projects(q, &budget.id)?;
    let rows = q.rows("select voter, choices from budget_ballot where budget = $1 order by voter", params![&budget.id])?;
    let mut sealed = Vec::with_capacity(rows.len());
    for row in &rows {
        sealed.push((budget.id.clone(), row.get::<Vec<u8>>("choices")?));
    }
    let ballots: Vec<String> = q
        .open_many(&sealed)?
        .into_iter()
        .map(|plain| plain.map(|b| String::from_utf8_lossy(&b).into_owned()).unwrap_or_default())
        .collect();
    let stood: Vec<&Project> = all.iter().filter(|p| p.tie.is_some()).collect();
    let mut out = Writer::default();
    let meta = [
        ("description", budget.title.clone()),
        ("country", "China".into()),
        ("unit", budget.number.clone()),
        ("instance", budget.number.clone()),
        ("num_projects", stood.len().to_string()),
        ("num_votes", ballots.len().to_string()),
        ("budget", budget.amount.to_string()),
        ("currency", "CNY".into()),
        ("vote_type", "approval".into()),
        ("min_length", "1".into()),
        ("max_length", budget.most.to_string()),
        ("rule", "equalshares/add1".into()),
    ];
    out.section("META", ["key", "value"].iter());
    meta.iter().for_each(|(key, value)| out.row([key.to_string(), value.clone()].iter()));
    out.section("PROJECTS", ["project_id", "cost", "name", "withdrawn"].iter());
    for p in &stood {
        let withdrawn = if p.state == Stand::Withdrawn { "1" } else { "0" };
        let cost = p.cost.unwrap_or_default().to_string();
        out.row([p.n.to_string(), cost, p.title.clone().unwrap_or_default(), withdrawn.into()].iter());
    }
    out.section("VOTES", ["voter_id", "vote"].iter());
    for (n, choices) in ballots.iter().enumerate() {
        out.row([(n + 1).to_string(), choices.clone()].iter());
    }
    Ok(out.text)
}

/// Counts.
pub fn result(q: &mut dyn Query, budget: &Budget) -> Result<Counted> {
    let (text, all) = (file(q, budget)?, projects(q, &budget.id)?);
    if q.count("select count(*) from budget_ballot where budget = $1", params![&budget.id])? == 0 {
        // Where nobody chose, nothing is given out.
        let few = |n: &i64| Told { n: *n, votes: 0, won: false, reason: "few".into(), price: None, payers: None, rest: None };
        let told = ties(&all).iter().map(few).collect();
        return Ok(Counted { voters: 0, cost: 0, share: "0.00".into(), told, greedy: Vec::new() });
    }
    let wrong = |e: &dyn std::fmt::Debug| Error::internal(format!("{e:?}"));
    let pb = Pb::parse(&text).map_err(|e| wrong(&e))?;
    let election = read::election(&pb, &Marks::default()).map_err(|e| wrong(&e))?.election;
    let wanted = |rule| Wanted {
        rule,
        utility: Utility::Cost,
        completion: if rule == Rule::Shares { Completion::Add1 } else { Completion::None },
        then_greedy: rule == Rule::Shares,
        ties: vec![Key::Cost, Key::Votes, Key::List],
        list: ties(&all).iter().map(i64::to_string).collect(),
        least_votes: rules::LEAST_VOTES,
    };
    let shares = decide(&election, &wanted(Rule::Shares)).map_err(|e| wrong(&e))?;
    let greedy = decide(&election, &wanted(Rule::Greedy)).map_err(|e| wrong(&e))?;
    let n = |place: u32| election.projects[place as usize].id.parse().unwrap_or_default();
    Ok(Counted {
        voters: election.voters as i64,
        cost: shares.cost as i64,
        share: share(&election, &shares),
        told: shares.told.iter().map(|(place, why)| told(&election, &shares, n(*place), *place, why)).collect(),
        greedy: greedy.winners.iter().map(|place| n(*place)).collect(),
    })
}

/// What each voter had: his part of the budget, and what was added to everybody.
fn share(election: &Election, outcome: &Outcome) -> String {
    match election.voters {
        0 => "0.00".into(),
        voters => fen(u128::from(election.budget) * 100 / u128::from(voters) + outcome.raised * 100),
    }
}

/// Yuan with two decimals from fen.
fn fen(amount: u128) -> String {
    format!("{}.{:02}", amount / 100, amount % 100)
}

fn told(election: &Election, outcome: &Outcome, n: i64, place: u32, why: &Why) -> Told {
    let votes = election.projects[place as usize].votes;
    let plain = |reason: &str, rest: Option<String>| Told {
        n,
        votes,
        won: false,
        reason: reason.into(),
        price: None,
        payers: None,
        rest,
    };
    // Amounts of the outcome have more digits than money; a page shows two, cut off.
    let exact = |amount: u128| fen(amount * 100 / 10u128.pow(outcome.digits));
    let money = |amount: u64| fen(u128::from(amount) * 100 / 10u128.pow(election.decimals));
    match why {
        Why::Bought { price, full, rest } => {
            Told { won: true, price: Some(exact(*price)), payers: Some(full + rest), ..plain("bought", None) }
        }
        Why::Fitted { rest } => Told { won: true, ..plain("fitted", Some(money(*rest))) },
        Why::Withdrawn => plain("withdrawn", None),
        Why::Votes | Why::Worthless => plain("few", None),
        Why::Dear => plain("dear", None),
        Why::Short { left } => plain("short", Some(exact(*left))),
        Why::NoRoom { rest } => plain("room", Some(money(*rest))),
    }
}
