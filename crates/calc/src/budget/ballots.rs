//! The ballots of a `.pb` file, one by one: whom they name, and that nobody votes twice.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::election::{self, Collector, Election, Full, Project};
use super::pb::{Fault, Row, Section};

/// The ballots that are known.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Projects, each worth the same.
    Approval,
    /// One project.
    ChooseOne,
    /// Projects with points.
    Cumulative,
    /// Projects, the best first.
    Ordinal,
}

/// What a ballot may say: from the first to the second.
pub struct Limits {
    /// Projects on it.
    pub length: (u32, u32),
    /// Most points for one project.
    pub points: u32,
    /// Points together.
    pub sum: (u32, u32),
}

/// Ids of projects → their place in the file; short numbers without a search.
struct Ids {
    numbers: Vec<u32>,
    texts: HashMap<String, u32>,
}

impl Ids {
    const NUMBERS: u64 = 1 << 16;

    fn new(projects: &[Project]) -> Ids {
        let mut ids = Ids { numbers: Vec::new(), texts: HashMap::new() };
        for (place, project) in projects.iter().enumerate() {
            match number(&project.id).filter(|n| *n < Self::NUMBERS) {
                Some(n) => {
                    ids.numbers.resize(ids.numbers.len().max(n as usize + 1), u32::MAX);
                    ids.numbers[n as usize] = place as u32;
                }
                None => drop(ids.texts.insert(project.id.clone(), place as u32)),
            }
        }
        ids
    }

    fn get(&self, id: &str) -> Option<u32> {
        match number(id).filter(|n| *n < Self::NUMBERS) {
            Some(n) => self.numbers.get(n as usize).copied().filter(|place| *place != u32::MAX),
            None => self.texts.get(id).copied(),
        }
    }
}

/// Without blanks around it; there seldom are any.
fn tidy(text: &str) -> &str {
    let bare = |b: Option<&u8>| b.is_some_and(u8::is_ascii_graphic);
    if bare(text.as_bytes().first()) && bare(text.as_bytes().last()) { text } else { text.trim() }
}

/// A number written as numbers are, so that no two texts mean the same one.
fn number(id: &str) -> Option<u64> {
    let plain = matches!(id.len(), 1..=18) && (id.len() == 1 || !id.starts_with('0'));
    let digit = |n: u64, b: u8| b.is_ascii_digit().then(|| n * 10 + u64::from(b - b'0'));
    id.bytes().filter(|_| plain).try_fold(0, digit).filter(|_| plain)
}

/// Reads ballots.
pub struct Ballots {
    kind: Kind,
    limits: Limits,
    ids: Ids,
    /// What was odd about them.
    pub notes: Vec<Fault>,
    marks: Vec<(u32, u32)>,
}

impl Ballots {
    /// Most notes that are kept.
    const NOTES: usize = 100;
    /// Most texts of ballots that are remembered: where there are more, few come again.
    const KNOWN: usize = 4096;

    /// Ballots of a kind for projects in the order of the file.
    pub fn new(kind: Kind, limits: Limits, projects: &[Project]) -> Ballots {
        Ballots { kind, limits, ids: Ids::new(projects), notes: Vec::new(), marks: Vec::new() }
    }

    /// Reads all of them. What was read once need not be read again: most ballots of a vote look like others.
    pub fn read<'a>(&mut self, section: Section<'_, 'a>, mut collector: Collector) -> Result<Election, Fault> {
        let (voter, vote) = (section.needed("voter_id")?, section.needed("vote")?);
        let points = if self.kind == Kind::Cumulative { Some(section.needed("points")?) } else { None };
        let (mut seen, mut known) = (Voters::default(), HashMap::<&'a str, Option<u32>>::new());
        for row in section.rows() {
            let name = row.get(voter);
            let name = tidy(&name);
            if name.is_empty() {
                return Err(Fault::new(row.line, voter, "no voter"));
            }
            if !seen.add(name) {
                return Err(Fault::new(row.line, voter, format!("voter {name} is there twice")));
            }
            let full = |full: Full| match full {
                Full::Voters => Fault::new(row.line, 0, format!("more than {} ballots", election::VOTERS)),
                Full::Marks => Fault::new(row.line, 0, "more distinct ballots than fit"),
            };
            let text = row.get(vote);
            let plain = match text {
                Cow::Borrowed(text) if points.is_none() => Some(text),
                _ => None,
            };
            if let Some(ballot) = plain.and_then(|text| known.get(text)) {
                collector.again(*ballot).map_err(full)?;
                continue;
            }
            let odd = self.ballot(row, vote, points)?;
            let ballot = collector.add(&self.marks).map_err(full)?;
            if let Some(text) = plain.filter(|_| !odd && known.len() < Self::KNOWN) {
                known.insert(text, ballot);
            }
        }
        Ok(collector.finish())
    }

    /// Reads one into `marks`; says whether it was odd.
    fn ballot(&mut self, row: Row<'_, '_>, vote: usize, points: Option<usize>) -> Result<bool, Fault> {
        self.marks.clear();
        let text = row.get(vote);
        let fault = |cell, reason: String| Fault::new(row.line, cell, reason);
        if !tidy(&text).is_empty() {
            for id in text.split(',').map(tidy) {
                let place = self.ids.get(id).ok_or_else(|| fault(vote, format!("there is no project {id}")))?;
                self.marks.push((place, 1));
            }
        }
        let many = self.marks.len() as u32;
        let (shortest, longest) = self.limits.length;
        if let Some(cell) = points {
            self.points(row, cell)?;
        } else if self.kind == Kind::Ordinal {
            self.marks.iter_mut().zip(0..).for_each(|(mark, before)| mark.1 = longest.saturating_sub(before));
        }
        let twice = |marks: &[(u32, u32)]| marks.windows(2).find(|two| two[0].0 == two[1].0).map(|two| two[0].0);
        self.marks.sort_unstable();
        let odd = twice(&self.marks);
        if let Some(place) = odd {
            let named = text.split(',').map(str::trim).find(|id| self.ids.get(id) == Some(place)).unwrap_or_default();
            self.once(fault(vote, format!("project {named} is named more than once on one ballot")))?;
        }
        if many < shortest || many > longest {
            return Err(fault(vote, format!("{many} projects on a ballot, between {shortest} and {longest} are asked for")));
        }
        Ok(odd.is_some())
    }

    fn points(&mut self, row: Row<'_, '_>, cell: usize) -> Result<(), Fault> {
        let text = row.get(cell);
        let fault = |reason: String| Fault::new(row.line, cell, reason);
        let said = if text.trim().is_empty() { 0 } else { text.split(',').count() };
        if said != self.marks.len() {
            return Err(fault(format!("{said} points for {} projects", self.marks.len())));
        }
        let most = self.limits.points;
        for (mark, points) in self.marks.iter_mut().zip(text.split(',').map(str::trim)) {
            let number = points.parse().ok().filter(|p| *p <= most);
            mark.1 = number.ok_or_else(|| fault(format!("points {points}: a whole number from 0 to {most}")))?;
        }
        let sum: u64 = self.marks.iter().map(|m| u64::from(m.1)).sum();
        let (least, most) = self.limits.sum;
        if sum < u64::from(least) || sum > u64::from(most) {
            return Err(fault(format!("{sum} points together, between {least} and {most} are asked for")));
        }
        Ok(())
    }

    /// A project that a ballot names more than once: its points are added, a mere mark counts once; in an order it makes no sense.
    fn once(&mut self, fault: Fault) -> Result<(), Fault> {
        if matches!(self.kind, Kind::Ordinal | Kind::ChooseOne) {
            return Err(fault);
        }
        let adds = self.kind == Kind::Cumulative;
        self.marks.dedup_by(|again, first| {
            let same = again.0 == first.0;
            if same && adds {
                first.1 = first.1.saturating_add(again.1);
            }
            same
        });
        if self.marks.iter().any(|m| m.1 > self.limits.points) {
            return Err(fault);
        }
        if self.notes.len() < Self::NOTES {
            self.notes.push(fault);
        }
        Ok(())
    }
}

/// Voters that were seen. Most files number them upwards, which needs no search.
#[derive(Default)]
struct Voters {
    upwards: Vec<u64>,
    numbers: HashSet<u64>,
    texts: HashSet<String>,
}

impl Voters {
    /// False when this one was seen before.
    fn add(&mut self, name: &str) -> bool {
        let Some(n) = number(name) else { return self.texts.insert(name.to_owned()) };
        if self.upwards.last().is_none_or(|last| *last < n) {
            self.upwards.push(n);
            return true;
        }
        self.upwards.binary_search(&n).is_err() && self.numbers.insert(n)
    }
}
