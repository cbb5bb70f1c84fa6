//! What whoever looks after volunteers sees (派单台): who is proposed for each open request and why, who else fits, why others
//! do not; how evenly work and waiting are spread.
//!
//! What must stay true: a proposal is only one: people say themselves whether they come; nobody is ranked, and what is
//! spread unevenly is told of all of them together, never of one.

use schemars::JsonSchema;
use serde::Serialize;
use store::{Query, Row, params};

use super::dispatch::{self, Fit, Pairing};
use super::help::{self, Help, State};
use super::rules::{Helper, No};
use super::{Book, profile, twice};
use crate::base::area;
use crate::base::catalogue::{Look, Relation};
use crate::base::party;
use crate::kit::http::May;
use crate::kit::time::{DAY, MINUTE, Ms};
use crate::kit::{Error, Reply, Req, Result, Route};

/// Routes of this part.
pub const ROUTES: &[Route] = &[Route::get(
    "/volunteers/board",
    May::Staff,
    board,
    "Open requests of a place (`area`): who is proposed and why, who does not fit and why, how evenly work and waiting are spread.",
)
.gives::<Board>()];

/// Requests of one board.
const MOST: i64 = 50;
/// People who fit that are named beside whoever is proposed.
const NAMED: usize = 3;
/// Days that are looked at for how evenly things are spread.
const RECENT: i64 = 30;
/// Grids that are compared.
const GRIDS: i64 = 50;

/// Open requests of a place, and how evenly things are spread.
#[derive(Serialize, JsonSchema)]
struct Board {
    place: String,
    items: Vec<Open>,
    volunteers: usize,
    /// Gini coefficients in hundredths, of the last 30 days: minutes by volunteer, minutes of waiting by request. None
    /// where there are too few to compare.
    load: Option<u32>,
    wait: Option<u32>,
    grids: Vec<Grid>,
    /// Hours that only went round among a few: to be looked at, no verdict.
    rounds: Vec<Round>,
    /// Of how many days.
    days: i64,
}

/// Hours that went round among a few.
#[derive(Serialize, JsonSchema)]
struct Round {
    names: Vec<Option<String>>,
    times: i64,
    minutes: i64,
}

/// How long people of a grid waited until somebody agreed to come.
#[derive(Serialize, JsonSchema)]
struct Grid {
    name: String,
    requests: i64,
    /// Mean, in minutes.
    minutes: i64,
}

/// An open request and who could come.
#[derive(Serialize, JsonSchema)]
struct Open {
    number: String,
    kind: String,
    place: String,
    starts_at: String,
    wave: i64,
    case: Option<String>,
    proposed: Vec<Proposed>,
    /// Names of others who fit, the nearest first, and how many fit in all.
    fit: Vec<String>,
    many: usize,
    /// Why others do not fit, and how many.
    no: Vec<(&'static str, usize)>,
}

/// Somebody who is proposed.
#[derive(Serialize, JsonSchema)]
struct Proposed {
    name: Option<String>,
    /// He said that he comes.
    comes: bool,
    /// How far it is, and what counts as much, in metres.
    cost: i64,
    /// Who would come instead, and what that costs more in all, because he is then missing elsewhere.
    instead: Option<String>,
    more: Option<i64>,
    /// Without him the place stays empty.
    needed: bool,
}

fn board(req: &Req) -> Result<Reply> {
    let mut look = Look::new(&req.who, "volunteer");
    let view = req.app.db.read(|r| {
        let at = area::of_desk(r, &req.who, req.query.get("area").unwrap_or_default())?;
        let book = Book::read(r, req.app, &at.code)?;
        let all = profile::helpers(r, &at.path, req.now)?;
        let open = help::in_state(r, &at.path, State::Open, MOST)?;
        let mut fitting = Vec::new();
        for h in &open {
            fitting.push(dispatch::fits(r, &book, h, &all, u32::MAX)?);
        }
        let coming = dispatch::coming(r, &open)?;
        let pairing = dispatch::pairing(&open, &all, &fitting, &coming, book.pack.weigh, req.now)?;
        let mut items = Vec::new();
        for n in 0..open.len() {
            items.push(one(req, r, &book, &open[n], &fitting[n], (n, &all, &pairing), &mut look)?);
        }
        let waits = waits(r, &at.path, req.now)?;
        let load: Vec<u64> = all.iter().map(|h| h.load.max(0) as u64).collect();
        let wait: Vec<u64> = waits.iter().map(|(_, m)| (*m).max(0) as u64).collect();
        let gini = |all: &[u64]| (all.len() > 1).then(|| calc::gini::hundredths(all));
        Ok::<_, Error>(Board {
            place: at.name,
            items,
            volunteers: all.len(),
            load: gini(&load),
            wait: gini(&wait),
            grids: grids(r, &waits)?,
            rounds: rounds(r, &book, (&at.path, &at.code), req.now, &mut look)?,
            days: book.pack.circle.days,
        })
    })?;
    look.record(req.app)?;
    req.page("activities/volunteer/board.html", &view)
}

fn one(
    req: &Req,
    q: &mut dyn Query,
    book: &Book,
    help: &Help,
    fits: &[Fit],
    (n, all, pairing): (usize, &[Helper], &Pairing),
    look: &mut Look,
) -> Result<Open> {
    let mut name = |q: &mut dyn Query, person: &str| -> Result<Option<String>> {
        Ok(party::name_of(q, person)?.and_then(|v| look.at(&v.of(&help.number), Relation::Desk)))
    };
    let mut ways = calc::pair::why::Ways::new(&pairing.problem, &pairing.outcome);
    let mut proposed = Vec::new();
    for pair in pairing.outcome.pairs.iter().filter(|p| p.task as usize == n) {
        let change = ways.without(pair.task, pair.person);
        let instead = change.and_then(|c| c.instead).map(|p| all[p as usize].person.as_str());
        proposed.push(Proposed {
            name: name(q, &all[pair.person as usize].person)?,
            comes: pair.pinned,
            cost: pair.cost,
            instead: instead.map(|p| name(q, p)).transpose()?.flatten(),
            more: change.filter(|c| c.empty == 0).map(|c| c.cost),
            needed: change.is_some_and(|c| c.empty > 0),
        });
    }
    let taken = |p: &str| pairing.outcome.pairs.iter().any(|w| w.task as usize == n && all[w.person as usize].person == p);
    let mut good: Vec<(i64, &str)> = fits.iter().filter_map(|f| Some((f.cost.ok()?, f.person.as_str()))).collect();
    good.sort_unstable();
    let many = good.len();
    let mut fit = Vec::new();
    for (_, person) in good.into_iter().filter(|(_, p)| !taken(p)).take(NAMED) {
        fit.extend(name(q, person)?);
    }
    let count = |no: No| fits.iter().filter(|f| f.cost == Err(no)).count();
    Ok(Open {
        kind: book.pack.kind_name(&help.kind, req.lang).to_owned(),
        place: area::by_id(q, &help.area)?.map(|a| a.name).unwrap_or_default(),
        starts_at: req.app.time(help.starts_at),
        wave: help.wave,
        case: help.case_number.clone(),
        proposed,
        fit,
        many,
        no: No::ALL.iter().map(|n| (n.as_str(), count(*n))).filter(|(_, n)| *n > 0).collect(),
        number: help.number.clone(),
    })
}

fn rounds(q: &mut dyn Query, book: &Book, (path, code): (&str, &str), now: Ms, look: &mut Look) -> Result<Vec<Round>> {
    let mut out = Vec::new();
    for round in twice::rounds(q, path, book.pack.circle, now)? {
        let mut names = Vec::new();
        for person in &round.people {
            names.push(party::name_of(q, person)?.and_then(|v| look.at(&v.of(code), Relation::Desk)));
        }
        out.push(Round { names, times: round.given.times, minutes: round.given.minutes });
    }
    Ok(out)
}

/// Grid and minutes of waiting of each request of late: until somebody agreed to come, or until now.
fn waits(q: &mut dyn Query, path: &str, now: Ms) -> Result<Vec<(String, i64)>> {
    let sql = "select h.area, h.made_at, h.state, min(b.said_at) agreed from help h left join help_by b on b.help = h.id \
               and b.state in ('agreed', 'done', 'settled') where h.path >= $1 and h.path < $2 and h.made_at > $3 \
               and h.state not in ('withdrawn', 'lapsed') group by h.id, h.area, h.made_at, h.state order by h.area, h.made_at, h.id limit $4";
    let rows = q.rows(sql, params![path, area::end_of(path), now - RECENT * DAY, profile::MOST])?;
    let one = |r: &Row| {
        let (made, agreed): (Ms, Option<Ms>) = (r.get("made_at")?, r.get("agreed")?);
        Ok((r.get("area")?, (agreed.unwrap_or(now) - made) / MINUTE))
    };
    Ok(rows.iter().map(one).collect::<store::Result<_>>()?)
}

/// Mean waiting by grid, the longest first.
fn grids(q: &mut dyn Query, waits: &[(String, i64)]) -> Result<Vec<Grid>> {
    let mut by = std::collections::BTreeMap::<&str, (i64, i64)>::new();
    for (area, minutes) in waits {
        let sum = by.entry(area).or_default();
        *sum = (sum.0 + 1, sum.1 + minutes);
    }
    let mut out = Vec::new();
    for (area, (requests, minutes)) in by.into_iter().take(GRIDS as usize) {
        let name = area::by_id(q, area)?.map(|a| a.name).unwrap_or_default();
        out.push(Grid { name, requests, minutes: minutes / requests });
    }
    out.sort_by_key(|g| -g.minutes);
    Ok(out)
}
