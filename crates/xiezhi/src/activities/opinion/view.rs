//! What readers see of opinions: the list, one matter with the statement that comes next, the map.

use calc::opinion::next;
use schemars::JsonSchema;
use serde::Serialize;
use store::{Query, Row, params};

use super::chart::{Chart, chart};
use super::{Opinion, State, Why, around, rules};
use crate::base::area;
use crate::base::catalogue::{Graded, Look, Relation};
use crate::kit::time::Ms;
use crate::kit::{Req, Result};

/// Matters of one page, and statements that wait and are shown to the desk at once.
const PAGE: i64 = 50;

/// Matters of a place.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct List {
    pub items: Vec<Item>,
    /// Where the next page begins: a moment.
    pub before: Option<Ms>,
    /// Whether this reader may begin one.
    pub may: bool,
}

/// A matter in a list.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Item {
    pub number: String,
    pub title: String,
    pub place: String,
    pub open: bool,
    pub closes_at: String,
    pub voters: i64,
}

/// A statement to be answered.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Statement {
    pub n: i64,
    pub words: String,
    /// What this reader answered: 1, 0, −1.
    pub said: Option<i64>,
}

/// A statement of the reader's own, or one that waits for the desk.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Own {
    pub n: i64,
    pub words: Option<String>,
    pub state: &'static str,
    pub why: Option<&'static str>,
}

/// One matter.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Full {
    pub number: String,
    pub title: String,
    pub about: String,
    pub place: String,
    pub open: bool,
    pub checked: bool,
    pub closes_at: String,
    /// Why it was ended before its time.
    pub why: Option<String>,
    pub statements: i64,
    pub voters: i64,
    /// How many this reader has answered.
    pub answered: i64,
    /// Whether he may answer: he lives or works here and acts for himself.
    pub takes_part: bool,
    /// What he is asked now; nothing when he has answered all.
    pub next: Option<Statement>,
    /// What he answered, to be changed.
    pub given: Vec<Statement>,
    /// What he said himself.
    pub own: Vec<Own>,
    /// Whether he is shown the map.
    pub map: bool,
    /// How many more answers until he is.
    pub until_map: i64,
    pub runs: bool,
    /// What the desk has to read.
    pub waiting: Vec<Own>,
    pub waiting_all: i64,
    /// Reasons to take one out.
    pub reasons: Vec<&'static str>,
}

/// Matters around a place.
pub fn list(req: &Req, q: &mut dyn Query, path: &str, before: Ms) -> Result<List> {
    let mut found = around(q, path, before, PAGE + 1)?;
    let more = found.len() as i64 > PAGE;
    found.truncate(PAGE as usize);
    let before = found.last().filter(|_| more).map(|o| o.made_at);
    let mut items = Vec::new();
    for o in found {
        items.push(Item {
            place: area::by_id(q, &o.area)?.map(|a| a.name).unwrap_or_default(),
            open: o.is_open(req.now),
            closes_at: req.app.time(o.closes_at),
            voters: voters(q, &o.id)?,
            number: o.number,
            title: o.title,
        });
    }
    items.sort_by_key(|i| !i.open);
    Ok(List { items, before, may: req.who.nearest_desk().is_some() })
}

fn voters(q: &mut dyn Query, id: &str) -> Result<i64> {
    Ok(q.count("select count(*) from opinion_voter where opinion = $1", params![id])?)
}

/// Statements that everybody may answer, with what this reader answered.
fn shown(req: &Req, q: &mut dyn Query, opinion: &Opinion) -> Result<Vec<Statement>> {
    let voter = req.who.person.as_deref().map(|p| crate::kit::voter(|a, b| req.app.db.digest(a, b), &opinion.id, p));
    let sql = "select s.n, s.public, v.said from opinion_statement s left join opinion_vote v \
               on v.opinion = s.opinion and v.n = s.n and v.voter = $2 where s.opinion = $1 and s.public is not null order by s.n";
    let rows = q.rows(sql, params![&opinion.id, voter.unwrap_or_default()])?;
    let one = |row: &Row| Ok(Statement { n: row.get("n")?, words: row.get("public")?, said: row.get("said")? });
    Ok(rows.iter().map(one).collect::<store::Result<_>>()?)
}

/// The statement that comes next: by its weight on the map, and by chance.
fn next(req: &Req, open: Vec<Statement>, chart: &Chart) -> Option<Statement> {
    let unseen = next::priority(&calc::opinion::Count::default(), 0.0);
    let weights: Vec<f64> = open.iter().map(|s| chart.weight(s.n).unwrap_or(unseen)).collect();
    let part = u64::from_le_bytes(req.app.random()) as f64 / (u64::MAX as f64 + 1.0);
    let at = next::draw(&weights, |j| open[j].said.is_none(), part)?;
    open.into_iter().nth(at)
}

/// Statements in the hands of somebody: those that wait, for the desk; his own, for an author.
fn in_hand(q: &mut dyn Query, opinion: &Opinion, by: Option<&str>, look: &mut Look) -> Result<Vec<Own>> {
    let mut list = Vec::new();
    let sql = "select n, words, state, why from opinion_statement where opinion = $1 and ";
    let rows = match by {
        Some(person) => q.rows(&format!("{sql} by_person = $2 order by n limit $3"), params![&opinion.id, person, PAGE])?,
        None => q.rows(&format!("{sql} state = $2 order by n limit $3"), params![&opinion.id, State::Waiting, PAGE])?,
    };
    let relation = if by.is_some() { Relation::Owner } else { Relation::Desk };
    for row in &rows {
        let (n, state): (i64, State) = (row.get("n")?, row.get("state")?);
        let why: Option<Why> = row.get("why")?;
        let words = q.open_text(&opinion.id, row.get("words")?)?.filter(|w| !w.is_empty());
        let words = words.and_then(|w| look.at(&Graded::new("opinion.words", &opinion.id, w).of(&opinion.number), relation));
        list.push(Own { n, words, state: state.as_str(), why: why.map(Why::as_str) });
    }
    Ok(list)
}

/// One matter; what is read of it in clear goes into `look`.
pub fn full(req: &Req, q: &mut dyn Query, opinion: &Opinion, look: &mut Look) -> Result<Full> {
    let (open, runs) = (opinion.is_open(req.now), opinion.is_run_by(&req.who));
    let all = shown(req, q, opinion)?;
    let (statements, answered) = (all.len() as i64, all.iter().filter(|s| s.said.is_some()).count() as i64);
    let (asked, mut given): (Vec<Statement>, Vec<Statement>) = all.into_iter().partition(|s| s.said.is_none());
    for s in &mut given {
        // His own answers are his to read, and nobody else's.
        let said = Graded::new("opinion.answer", &opinion.id, s.said.unwrap_or_default().to_string());
        s.said = look.at(&said, Relation::Owner).and_then(|said| said.parse().ok());
    }
    let takes_part = req.who.part_in(&opinion.path).is_some();
    // A map is work: only who is asked something needs its weights.
    let next = match open && takes_part && !asked.is_empty() {
        true => next(req, asked, chart(req.app, q, opinion, req.now)?.as_ref()),
        false => None,
    };
    let own = match req.who.person.as_deref().filter(|_| req.who.by.is_none()) {
        Some(person) => in_hand(q, opinion, Some(person), look)?,
        None => Vec::new(),
    };
    let waiting = if runs { in_hand(q, opinion, None, look)? } else { Vec::new() };
    let count = "select count(*) from opinion_statement where opinion = $1 and state = $2";
    Ok(Full {
        number: opinion.number.clone(),
        title: opinion.title.clone(),
        about: opinion.about.clone(),
        place: area::by_id(q, &opinion.area)?.map(|a| a.name).unwrap_or_default(),
        open,
        checked: opinion.checked == 1,
        closes_at: req.app.time(opinion.closes_at),
        why: opinion.why.clone(),
        statements,
        voters: voters(q, &opinion.id)?,
        answered,
        takes_part,
        next,
        given: if open { given } else { Vec::new() },
        own,
        map: rules::sees_map(runs, open, answered, statements),
        until_map: (rules::ANSWERS.min(statements) - answered).max(0),
        runs,
        waiting,
        waiting_all: q.count(count, params![&opinion.id, State::Waiting])?,
        reasons: Why::ALL.iter().filter(|w| **w != Why::Withdrawn).map(|w| w.as_str()).collect(),
    })
}

/// How many more answers this reader has to give before he is shown the map.
pub fn missing(req: &Req, q: &mut dyn Query, opinion: &Opinion) -> Result<i64> {
    let all = shown(req, q, opinion)?;
    let (statements, answered) = (all.len() as i64, all.iter().filter(|s| s.said.is_some()).count() as i64);
    let sees = rules::sees_map(opinion.is_run_by(&req.who), opinion.is_open(req.now), answered, statements);
    Ok(if sees { 0 } else { (rules::ANSWERS.min(statements) - answered).max(1) })
}

/// A statement on the map, with how many agree, disagree and pass.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Said {
    pub n: i64,
    pub words: String,
    pub agree: u32,
    pub disagree: u32,
    pub pass: u32,
    /// Of those who answered, in whole percent.
    pub agree_percent: u32,
    pub disagree_percent: u32,
    /// What the group says of it that others do not: `agree` or `disagree`.
    pub side: Option<&'static str>,
}

/// A group of people who think alike.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Group {
    /// A, B, C …
    pub name: String,
    pub people: u32,
    /// What speaks for it.
    pub says: Vec<Said>,
    /// How many of each role.
    pub roles: Vec<(String, u32)>,
    pub corners: String,
    pub label: (i32, i32),
}

/// A dot of the picture.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Dot {
    pub x: i32,
    pub y: i32,
    pub radius: i32,
    pub group: usize,
}

/// The map of a matter.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct MapView {
    pub number: String,
    pub title: String,
    pub open: bool,
    pub voters: i64,
    /// People on the map, and whether it shows groups at all.
    pub people: usize,
    pub clear: bool,
    pub gap: bool,
    pub groups: Vec<Group>,
    pub dots: Vec<Dot>,
    /// What most agree with, and what most disagree with.
    pub agreed: Vec<Said>,
    pub refused: Vec<Said>,
    /// What holds in every group and every role.
    pub bridges: Vec<Said>,
    pub roles: Vec<String>,
    /// All statements, the most answered first.
    pub all: Vec<Said>,
    /// Where the tables are, once it is over.
    pub tables: bool,
}

/// Fewer people make no map: it would show who they are.
pub const FEWEST: usize = 10;

/// The map.
pub fn map(req: &Req, q: &mut dyn Query, opinion: &Opinion) -> Result<MapView> {
    let chart = chart(req.app, q, opinion, req.now)?;
    let words: Vec<(i64, String)> = shown(req, q, opinion)?.into_iter().map(|s| (s.n, s.words)).collect();
    let word = |n: i64| words.binary_search_by_key(&n, |(n, _)| *n).map(|at| words[at].1.clone()).unwrap_or_default();
    let said = |j: usize, count: &calc::opinion::Count, side: Option<bool>| {
        let percent = |part: u32| (part * 100).checked_div(count.seen).unwrap_or(0);
        Said {
            n: chart.n(j),
            words: word(chart.n(j)),
            agree: count.agree,
            disagree: count.disagree,
            pass: count.pass(),
            agree_percent: percent(count.agree),
            disagree_percent: percent(count.disagree),
            side: side.map(|agrees| if agrees { "agree" } else { "disagree" }),
        }
    };
    let (map, picture) = (&chart.map, chart.picture());
    let enough = map.people.len() >= FEWEST;
    let roles_of = |g: usize| match &map.roles {
        Some(by) => chart.roles.iter().cloned().zip(by.people.iter().map(|(_, groups)| groups[g])).collect(),
        None => Vec::new(),
    };
    let group = |(g, outline): (usize, &calc::opinion::picture::Outline)| Group {
        name: char::from(b'A' + g as u8).to_string(),
        people: outline.people,
        says: map.chosen[g].iter().map(|c| said(c.statement, &map.stats[g][c.statement].count, Some(c.agrees))).collect(),
        roles: roles_of(g),
        corners: outline.corners.iter().map(|(x, y)| format!("{x},{y}")).collect::<Vec<_>>().join(" "),
        label: outline.label,
    };
    let shared = |side: usize| map.shared[side].iter().map(|s| said(s.statement, &map.all[s.statement], None)).collect();
    let mut all: Vec<Said> = (0..map.all.len()).map(|j| said(j, &map.all[j], None)).collect();
    all.sort_by_key(|s| (std::cmp::Reverse(s.agree + s.disagree + s.pass), s.n));
    let groups = if enough && map.clear { picture.groups.iter().enumerate().map(group).collect() } else { Vec::new() };
    let dot = |d: &calc::opinion::picture::Dot| Dot { x: d.x, y: d.y, radius: d.radius, group: usize::from(d.group) };
    let open = opinion.is_open(req.now);
    Ok(MapView {
        number: opinion.number.clone(),
        title: opinion.title.clone(),
        open,
        voters: voters(q, &opinion.id)?,
        people: map.people.len(),
        clear: enough && map.clear,
        gap: map.gap,
        groups,
        dots: if enough { picture.dots.iter().map(dot).collect() } else { Vec::new() },
        agreed: if enough { shared(0) } else { Vec::new() },
        refused: if enough { shared(1) } else { Vec::new() },
        bridges: match &map.roles {
            Some(by) if enough => by.strongest.iter().map(|j| said(*j, &map.all[*j], None)).collect(),
            _ => Vec::new(),
        },
        roles: if map.roles.is_some() { chart.roles.clone() } else { Vec::new() },
        all: if enough { all } else { Vec::new() },
        tables: !open && enough,
    })
}
