//! What a `.pb` file means: projects with amounts, ballots with points. All kinds of ballots end as points of projects:
//! approval and choose-1 give one each, cumulative ones what they say, of an ordinal one of at most L the first gets L, the next
//! L - 1.
//!
//! What must stay true: nothing is guessed. An amount that is no number, a ballot for nobody, a voter twice, counts that do not
//! add up, a project for nothing: each is a fault with its line.

use std::collections::HashMap;

use super::ballots::{Ballots, Kind, Limits};
use super::election::{self, Collector, Election, Project};
use super::pb::{Fault, Pb, Row, Section};

/// Most digits behind the point of an amount.
const DECIMALS: u32 = 4;

/// What the file alone does not say about projects that ask nothing.
#[derive(Clone, Debug, Default)]
pub struct Marks {
    /// Ids of projects that do not stand any more; the column `withdrawn` (1 or 0) says the same.
    pub withdrawn: Vec<String>,
    /// Ids of projects that do stand and cost nothing.
    pub free: Vec<String>,
}

/// An election, and what somebody should know about its file.
#[derive(Debug)]
pub struct Read {
    /// The election.
    pub election: Election,
    /// Oddities that change nothing, with their places.
    pub notes: Vec<Fault>,
}

/// Reads an election.
pub fn election(pb: &Pb<'_>, marks: &Marks) -> Result<Read, Fault> {
    let meta = Meta::new(pb)?;
    let (vote_type, line) = meta.text("vote_type")?;
    let kind = match vote_type.as_str() {
        "approval" => Kind::Approval,
        "choose-1" => Kind::ChooseOne,
        "cumulative" => Kind::Cumulative,
        "ordinal" => Kind::Ordinal,
        other => {
            let reason = format!("vote_type {other}: one of approval, choose-1, cumulative, ordinal");
            return Err(Fault::new(line, 1, reason));
        }
    };
    meta.counts("num_projects", pb.projects())?;
    meta.counts("num_votes", pb.votes())?;
    let (budget, budget_line) = meta.text("budget")?;
    let budget = amount(&budget).ok_or_else(|| Fault::new(budget_line, 1, format!("budget {budget}: no amount")))?;
    let (projects, costs) = projects(pb, marks)?;
    let decimals = costs.iter().map(|c| c.decimals).fold(budget.decimals, u32::max);
    let too_large = |line, cell| Fault::new(line, cell, format!("more than {} of the smallest unit", election::AMOUNT));
    let budget = budget.scaled(decimals).ok_or_else(|| too_large(budget_line, 1))?;
    if budget == 0 {
        return Err(Fault::new(budget_line, 1, "there is no money to give away"));
    }
    let mut standing = Vec::with_capacity(projects.len());
    for (mut project, cost) in projects.into_iter().zip(&costs) {
        project.cost = cost.scaled(decimals).ok_or_else(|| too_large(cost.line, cost.cell))?;
        standing.push(project);
    }
    let limits = meta.limits(kind, standing.len())?;
    let mut ballots = Ballots::new(kind, limits, &standing);
    let election = ballots.read(pb.votes(), Collector::new(standing, budget, decimals))?;
    Ok(Read { election, notes: ballots.notes })
}

/// Keys of META.
struct Meta<'p, 'a> {
    rows: HashMap<String, Row<'p, 'a>>,
    line: u32,
}

impl<'p, 'a> Meta<'p, 'a> {
    fn new(pb: &'p Pb<'a>) -> Result<Self, Fault> {
        let mut rows = HashMap::new();
        for row in pb.meta().rows() {
            if let Some(first) = rows.insert(row.get(0).trim().to_owned(), row) {
                return Err(Fault::new(row.line, 0, format!("{} is already on line {}", row.get(0).trim(), first.line)));
            }
        }
        Ok(Meta { rows, line: pb.meta().head().line })
    }

    fn text(&self, key: &str) -> Result<(String, u32), Fault> {
        let row = self.rows.get(key).ok_or_else(|| Fault::new(self.line, 0, format!("META does not say {key}")))?;
        Ok((row.get(1).trim().to_owned(), row.line))
    }

    /// A whole number, where it is said at all.
    fn number(&self, key: &str) -> Result<Option<(u32, u32)>, Fault> {
        if !self.rows.contains_key(key) {
            return Ok(None);
        }
        let (text, line) = self.text(key)?;
        let number = text.parse().map_err(|_| Fault::new(line, 1, format!("{key} {text}: no whole number")))?;
        Ok(Some((number, line)))
    }

    fn counts(&self, key: &str, section: Section<'_, '_>) -> Result<(), Fault> {
        let rows = section.rows().len();
        match self.number(key)? {
            Some((said, line)) if said as usize != rows => {
                Err(Fault::new(line, 1, format!("{key} says {said}, the file has {rows}")))
            }
            _ => Ok(()),
        }
    }

    fn limits(&self, kind: Kind, projects: usize) -> Result<Limits, Fault> {
        let or = |key: &str, default: u32| Ok(self.number(key)?.map_or(default, |(number, _)| number));
        let longest = match kind {
            Kind::ChooseOne => 1,
            _ => or("max_length", projects as u32)?.min(projects as u32),
        };
        let shortest = or("min_length", 0)?;
        Ok(Limits {
            length: (shortest, longest),
            points: or("max_points", election::POINTS)?.min(election::POINTS),
            sum: (or("min_sum_points", 0)?, or("max_sum_points", u32::MAX)?),
        })
    }
}

/// An amount before all have one smallest unit.
struct Amount {
    digits: u64,
    decimals: u32,
    line: u32,
    cell: usize,
}

impl Amount {
    fn scaled(&self, decimals: u32) -> Option<u64> {
        let units = self.digits.checked_mul(10u64.pow(decimals - self.decimals))?;
        (units <= election::AMOUNT).then_some(units)
    }
}

/// Reads an amount: digits, perhaps with a point or comma.
fn amount(text: &str) -> Option<Amount> {
    let (whole, part) = text.split_once(['.', ',']).unwrap_or((text, ""));
    let part = part.trim_end_matches('0');
    if whole.is_empty() || part.len() > DECIMALS as usize || !whole.bytes().chain(part.bytes()).all(|b| b.is_ascii_digit()) {
        return None;
    }
    let digits = format!("{whole}{part}").parse().ok()?;
    Some(Amount { digits, decimals: part.len() as u32, line: 0, cell: 0 })
}

fn projects(pb: &Pb<'_>, marks: &Marks) -> Result<(Vec<Project>, Vec<Amount>), Fault> {
    let section = pb.projects();
    let (id, cost) = (section.needed("project_id")?, section.needed("cost")?);
    let (name, withdrawn) = (section.column("name"), section.column("withdrawn"));
    if section.rows().len() > election::PROJECTS {
        return Err(Fault::new(section.head().line, 0, format!("more than {} projects", election::PROJECTS)));
    }
    let (mut all, mut costs, mut seen): (Vec<Project>, Vec<Amount>, HashMap<String, u32>) = Default::default();
    for row in section.rows() {
        let fault = |cell, reason: String| Fault::new(row.line, cell, reason);
        let (said, asked) = (row.get(id).trim().to_owned(), row.get(cost));
        if said.is_empty() || said.contains(',') {
            return Err(fault(id, format!("{said}: an id without commas is needed")));
        }
        if let Some(first) = seen.insert(said.clone(), row.line) {
            return Err(fault(id, format!("project {said} is already on line {first}")));
        }
        let parsed = amount(asked.trim()).ok_or_else(|| fault(cost, format!("cost {}: no amount", asked.trim())))?;
        let gone = match withdrawn.map(|at| row.get(at)).unwrap_or_default().trim() {
            "" | "0" => marks.withdrawn.contains(&said),
            "1" => true,
            other => return Err(fault(withdrawn.unwrap_or(0), format!("withdrawn {other}: 1 or 0"))),
        };
        if parsed.digits == 0 && !gone && !marks.free.contains(&said) {
            let reason = format!(
                "project {said} costs nothing: say whether it was withdrawn (column withdrawn, or --withdrawn {said}) or is free (--free {said})"
            );
            return Err(fault(cost, reason));
        }
        let title = name.map(|at| row.get(at).trim().to_owned()).unwrap_or_default();
        costs.push(Amount { line: row.line, cell: cost, ..parsed });
        all.push(Project { id: said, name: title, withdrawn: gone, ..Project::default() });
    }
    match marks.withdrawn.iter().chain(&marks.free).find(|id| !seen.contains_key(*id)) {
        Some(unknown) => Err(Fault::new(section.head().line, id, format!("there is no project {unknown} to be marked"))),
        None => Ok((all, costs)),
    }
}
