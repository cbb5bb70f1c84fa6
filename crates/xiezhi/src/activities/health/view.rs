//! What a reader sees of signals.
//!
//! What must stay true: counts of a community are for whoever sees it ([`super::sees`]); of places above, [`small`] says what is told.

use std::collections::{BTreeMap, BTreeSet};

use fluent_bundle::FluentArgs;
use schemars::JsonSchema;
use serde::Serialize;
use store::{Query, params};

use super::chart::{self, Chart};
use super::days::{self, History};
use super::pack::{self, Pack};
use super::rules::{self, Work};
use super::signal::{Ground, ground};
use super::small::{self, Told};
use super::{Disposition, Level, Signal, State, beneath, day_of, gather, over, sees};
use crate::base::area::{self, Area};
use crate::base::catalogue::{Graded, Look, Relation};
use crate::base::party;
use crate::kit::error::Kind;
use crate::kit::i18n::Lang;
use crate::kit::time::{self, day_begin};
use crate::kit::{Req, Result};

/// Signals on a page.
pub const MANY: i64 = 100;
/// Weeks of a picture, and those of them that are judged anew for its lines.
const WEEKS: usize = 52;
const JUDGED: usize = 26;
/// Grids on a page.
const GRIDS: usize = 20;

/// A signal in a list.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Item {
    pub number: String,
    pub syndrome: String,
    pub place: String,
    pub state: &'static str,
    pub level: Option<&'static str>,
    pub disposition: Option<&'static str>,
    pub opened_at: String,
    /// Until when somebody verifies it.
    pub verify_by: Option<String>,
    pub late: i64,
    /// The most that a rule counted.
    pub cases: i64,
}

/// Signals of a place.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct List {
    pub area: Option<String>,
    pub place: Option<String>,
    /// The reader sees signals of this place.
    pub sees: bool,
    /// He tells counts of something.
    pub tells: bool,
    /// He answers for the place: rules, notices, numbers of what is within it.
    pub answers: bool,
    pub above: bool,
    pub items: Vec<Item>,
    pub closed: Vec<Item>,
    /// `before` of the next page of closed ones.
    pub next: Option<i64>,
}

/// Signals as rows of a list.
pub fn items(req: &Req, q: &mut dyn Query, all: &[Signal]) -> Result<Vec<Item>> {
    let places = area::by_ids(q, all.iter().map(|s| &s.area))?;
    let grounds = ground::of(q, all)?;
    let of = |s: &Signal| {
        let place = places.iter().find(|a| a.id == s.area);
        let pack = pack::at(place.map_or("", |a| a.code.as_str()));
        Item {
            number: s.number.clone(),
            syndrome: pack.syndrome(&s.syndrome).map_or(s.syndrome.as_str(), |x| x.name(req.lang)).to_owned(),
            place: place.map(|a| a.name.clone()).unwrap_or_default(),
            state: s.state.as_str(),
            level: s.level.map(Level::as_str),
            disposition: s.disposition.map(Disposition::as_str),
            opened_at: req.app.time(s.opened_at),
            verify_by: (s.state == State::Raised).then(|| {
                let hours = pack.limits.verify_hours;
                req.app.time(s.opened_at + hours * time::HOUR)
            }),
            late: s.late,
            cases: grounds.iter().filter(|g| g.signal == s.id).map(|g| g.cases).max().unwrap_or(0),
        }
    };
    Ok(all.iter().map(of).collect())
}

/// The list of a place; without one, of somebody who has no part in any.
pub fn list(req: &Req, q: &mut dyn Query, place: Option<&Area>, before: i64) -> Result<List> {
    let who = &req.who;
    let pack = pack::at(place.map_or("", |a| a.code.as_str()));
    let tells = pack.tells.iter().any(|s| who.roles.iter().any(|r| s.is_told_by(r.kind)));
    let seen = place.filter(|a| sees(who, &a.path));
    let (mut open, mut closed) = (Vec::new(), Vec::new());
    if let Some(place) = seen {
        open = beneath(q, &place.path, true, i64::MAX, MANY)?;
        closed = beneath(q, &place.path, false, before, MANY)?;
    }
    Ok(List {
        area: place.map(|a| a.code.clone()),
        place: place.map(|a| a.name.clone()),
        sees: seen.is_some(),
        tells,
        answers: place.is_some_and(|a| over(who, &a.path).is_some()),
        above: place.is_some_and(|a| !matches!(a.kind.as_str(), "community" | "grid")),
        next: closed.get(MANY as usize - 1).map(|s| s.opened_at),
        items: items(req, q, &open)?,
        closed: items(req, q, &closed)?,
    })
}

/// What a rule said, as a sentence.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Reason {
    pub rule: String,
    pub sentence: String,
    pub method: &'static str,
    pub settings: String,
    pub day: String,
    pub cases: i64,
    pub expected: Option<f64>,
    pub upper: f64,
    /// First and last day of what it was compared with.
    pub base: Option<(String, String)>,
    pub weeks: i64,
    /// Not all of the week was told yet.
    pub part: bool,
}

/// A line of its story.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Step {
    pub act: String,
    pub at: String,
    pub by: Option<String>,
    pub what: Option<String>,
    pub words: Option<String>,
}

/// A grid.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct GridView {
    pub name: String,
    pub cases: u32,
    /// In a hundred of the most.
    pub share: u32,
    pub inside: bool,
}

/// A notice of disease control.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct NoticeView {
    pub title: String,
    pub words: String,
    pub syndrome: String,
    pub place: String,
    pub at: String,
}

/// A signal.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Full {
    #[serde(flatten)]
    pub item: Item,
    pub area: String,
    pub desk: String,
    pub case: Option<String>,
    pub reasons: Vec<Reason>,
    pub chart: Option<Chart>,
    pub grids: Vec<GridView>,
    /// Grids where cases gather, days, and how likely that is by chance (in 1,000).
    pub gathered: Option<(String, i64, i64)>,
    pub steps: Vec<Step>,
    pub notices: Vec<NoticeView>,
    /// What this reader may do now: verify, assess, respond, case, close.
    pub may: Vec<&'static str>,
    pub levels: Vec<&'static str>,
    pub dispositions: Vec<&'static str>,
}

/// A day as people read it.
pub fn day(req: &Req, day: i32) -> String {
    let zone = &req.app.config.zone;
    let at = day_begin(&calc::series::Day(day).to_string(), zone).unwrap_or(0);
    time::day(at, req.now, zone, req.lang == Lang::Zh)
}

/// A number as people write it: whole from ten on.
fn short(n: f64) -> String {
    if n >= 10.0 || n.fract() == 0.0 { format!("{n:.0}") } else { format!("{n:.1}") }
}

fn reason(req: &Req, pack: &'static Pack, syndrome: &str, g: &Ground) -> Option<Reason> {
    let rule = pack.rule(&g.rule)?;
    let text = |key: &str, args: &[(&'static str, String)]| {
        let mut fluent = FluentArgs::new();
        args.iter().for_each(|(k, v)| fluent.set(*k, v.clone()));
        req.app.texts.get(req.lang, key, Some(&fluent))
    };
    let source = rule.sources.first().and_then(|s| pack.told_by(s));
    let unit = source.map_or("", |s| s.unit(req.lang)).to_owned();
    let usual = match rule.method.as_str() {
        "threshold" => None,
        "ears-c1" | "ears-c2" | "ears-c3" | "cusum" => Some("health-usual-weeks"),
        _ => Some("health-usual-years"),
    };
    let expected = usual.zip(g.expected).map(|(key, n)| text(key, &[("n", short(n)), ("unit", unit.clone())]));
    let named: Vec<&str> = rule.sources.iter().filter_map(|s| pack.told_by(s)).map(|s| s.name(req.lang)).collect();
    let args = [
        ("from", day(req, g.day - 6)),
        ("to", day(req, g.day)),
        ("sources", named.join(if req.lang == Lang::Zh { "、" } else { ", " })),
        ("syndrome", pack.syndrome(syndrome)?.name(req.lang).to_owned()),
        ("n", g.cases.to_string()),
        ("unit", unit),
        ("usual", expected.unwrap_or_default()),
        ("upper", short(g.upper_bound.floor())),
        ("method", req.app.texts.plain(req.lang, &format!("health-method-{}", rule.method))),
    ];
    let date = |d: i32| calc::series::Day(d).to_string();
    Some(Reason {
        rule: rule.name(req.lang).to_owned(),
        sentence: text("health-sentence", &args),
        method: rule.method.as_str(),
        settings: g.settings.clone(),
        day: date(g.day),
        cases: g.cases,
        expected: g.expected,
        upper: g.upper_bound,
        base: g.base_from.zip(g.base_to).map(|(a, b)| (date(a), date(b))),
        weeks: g.weeks,
        part: g.part,
    })
}

/// The picture of what a rule looked at, up to the day of a ground.
fn picture(q: &mut dyn Query, pack: &'static Pack, signal: &Signal, g: &Ground) -> Result<Option<Chart>> {
    let Some(rule) = pack.rule(&g.rule) else { return Ok(None) };
    let Some(mut work) = Work::new(rule, &g.settings, rule.least) else { return Ok(None) };
    let from = days::year_of(g.day - 7 * pack.limits.weeks as i32);
    let blocks = days::of_area(q, true, &signal.area, from)?;
    let all = rules::histories(pack, rule, &signal.syndrome, &blocks);
    let weeks = days::weeks(&all, g.day, pack.limits.weeks);
    let verdicts = work.judge(&weeks, JUDGED);
    Ok(Some(chart::draw(&weeks, &verdicts, |v| work.calls(v), WEEKS)))
}

fn steps(req: &Req, q: &mut dyn Query, signal: &Signal, relation: Relation, look: &mut Look) -> Result<Vec<Step>> {
    let sql = "select act, at, body, what, words from health_step where signal = $1 order by n";
    let mut out = Vec::new();
    for row in q.rows(sql, params![&signal.id])? {
        let body: Option<String> = row.get("body")?;
        let text = q.open_text(&signal.id, row.get("words")?)?;
        let graded = text.map(|t| Graded::new("health.words", &signal.id, t).of(&signal.number));
        out.push(Step {
            act: row.get("act")?,
            at: req.app.time(row.get("at")?),
            by: match body {
                Some(id) => party::body_by_id(q, &id)?.map(|b| b.name),
                None => None,
            },
            what: row.get("what")?,
            words: graded.and_then(|g| look.at(&g, relation)),
        });
    }
    Ok(out)
}

/// Notices for a place, of one syndrome or all, the newest first.
pub fn notices(req: &Req, q: &mut dyn Query, path: &str, syndrome: Option<&str>, most: i64) -> Result<Vec<NoticeView>> {
    let what = if syndrome.is_some() { "syndrome = $4" } else { "$4 = ''" };
    let sql = format!(
        "select n.title, n.words, n.syndrome, n.made_at, a.name, a.code from health_notice n join area a on a.id = n.area \
         where n.id in (select id from health_notice where {} and {what}) order by n.made_at desc, n.id desc limit $3",
        area::AROUND
    );
    let mut out = Vec::new();
    for row in q.rows(&sql, params![path, area::end_of(path), most, syndrome.unwrap_or_default()])? {
        let id: String = row.get("syndrome")?;
        let pack = pack::at(&row.get::<String>("code")?);
        out.push(NoticeView {
            title: row.get("title")?,
            words: row.get("words")?,
            syndrome: pack.syndrome(&id).map_or(id.clone(), |s| s.name(req.lang).to_owned()),
            place: row.get("name")?,
            at: req.app.time(row.get("made_at")?),
        });
    }
    Ok(out)
}

/// A signal, for whoever sees its community.
pub fn full(req: &Req, q: &mut dyn Query, signal: &Signal, look: &mut Look) -> Result<Full> {
    if !sees(&req.who, &signal.path) {
        return Err(Kind::NotFound.into());
    }
    let answers = over(&req.who, &signal.path).is_some();
    let relation = if answers { Relation::Desk } else { Relation::Involved };
    let place = area::by_id(q, &signal.area)?.ok_or(Kind::NotFound)?;
    let pack = pack::at(&place.code);
    let mut grounds = ground::of(q, std::slice::from_ref(signal))?;
    grounds.sort_by(|a, b| (b.day, b.cases, &a.rule).cmp(&(a.day, a.cases, &b.rule)));
    let (mut chart, mut gathered) = (None, gather::Gathered::default());
    if let Some(first) = grounds.first() {
        chart = picture(q, pack, signal, first)?;
        gathered = gather::look(q, pack, &signal.path, &signal.syndrome, first.day)?;
    }
    let most = gathered.grids.iter().map(|g| g.cases).max().unwrap_or(0).max(1);
    let inside: Vec<String> = gathered.grids.iter().filter(|g| g.inside).map(|g| g.area.name.clone()).collect();
    let mut may = Vec::new();
    if signal.is_open() {
        let can = [
            ("verify", signal.state == State::Raised),
            ("assess", answers && signal.state != State::Raised),
            ("respond", answers && matches!(signal.state, State::Assessed | State::Responding)),
            ("case", answers && signal.case_number.is_none()),
            ("close", answers),
        ];
        may.extend(can.iter().filter(|(_, can)| *can).map(|(what, _)| *what));
    }
    let closable = |d: &&Disposition| **d != Disposition::True || signal.level.is_some();
    Ok(Full {
        area: place.code.clone(),
        desk: party::body_by_id(q, &signal.desk)?.map(|b| b.name).unwrap_or_default(),
        case: signal.case_number.clone(),
        reasons: grounds.iter().filter_map(|g| reason(req, pack, &signal.syndrome, g)).collect(),
        chart,
        grids: gathered
            .grids
            .iter()
            .take(GRIDS)
            .map(|g| GridView { name: g.area.name.clone(), cases: g.cases, share: 100 * g.cases / most, inside: g.inside })
            .collect(),
        gathered: gathered.p.map(|p| (inside.join("、"), gathered.days, (p * 1000.0).ceil() as i64)),
        steps: steps(req, q, signal, relation, look)?,
        notices: notices(req, q, &signal.path, Some(&signal.syndrome), 3)?,
        may,
        levels: Level::ALL.iter().filter(|l| signal.level != Some(**l)).map(|l| l.as_str()).collect(),
        dispositions: Disposition::ALL.iter().filter(closable).map(|d| d.as_str()).collect(),
        item: items(req, q, std::slice::from_ref(signal))?.pop().ok_or(Kind::NotFound)?,
    })
}

/// A number of a table: `12`, `<5`, withheld, nothing.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Cell {
    /// number, few, withheld, nothing.
    pub told: &'static str,
    pub n: Option<u64>,
}

fn cell(told: &Told) -> Cell {
    match told {
        Told::Nothing => Cell { told: "nothing", n: None },
        Told::Number(n) => Cell { told: "number", n: Some(*n) },
        Told::Few => Cell { told: "few", n: None },
        Told::Withheld => Cell { told: "withheld", n: None },
    }
}

/// Numbers of the places within a place, of the last seven days.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Numbers {
    pub area: String,
    pub place: String,
    pub source: String,
    pub sources: Vec<(String, String)>,
    pub from: String,
    pub to: String,
    /// Names of the columns.
    pub syndromes: Vec<String>,
    /// Places and their cells.
    pub rows: Vec<(String, Vec<Cell>)>,
    pub totals: Vec<Cell>,
    /// Small numbers are not told here.
    pub small: bool,
    pub limit: u64,
}

/// Numbers of what lies within a place, for whoever has a part in it.
pub fn numbers(req: &Req, q: &mut dyn Query, place: &Area, source: Option<&str>) -> Result<Numbers> {
    let (pack, who) = (pack::at(&place.code), &req.who);
    let within = matches!(place.kind.as_str(), "community" | "grid");
    let part =
        who.roles.iter().any(|r| r.kind.is_staff() && (place.path.starts_with(&r.path) || r.path.starts_with(&place.path)));
    if who.by.is_some() || !part || within && !sees(who, &place.path) {
        return Err(Kind::Denied.at("area"));
    }
    let source = source.map_or_else(|| pack.tells.first(), |s| pack.told_by(s)).ok_or_else(|| Kind::Unknown.at("source"))?;
    let today = day_of(req.now, &req.app.config.zone);
    let blocks = days::beneath(q, !within, &place.path, days::year_of(today - 6), 50_000)?;
    let places = area::children(q, &place.id)?;
    let mut sums: BTreeMap<(usize, &str), Option<u64>> = BTreeMap::new();
    for block in blocks.iter().filter(|b| b.source == source.id) {
        let Some(at) = places.iter().position(|p| block.path.starts_with(&p.path)) else { continue };
        let history = History::of([block], source.quiet);
        let from = usize::try_from(today - 6 - history.first).unwrap_or(0).min(history.days.len());
        for day in history.days[from..].iter().filter(|d| d.tellers > 0) {
            let sum = sums.entry((at, &block.syndrome)).or_default();
            *sum = Some(sum.unwrap_or(0) + u64::from(day.cases));
        }
    }
    let seen: BTreeSet<&str> = sums.keys().map(|k| k.1).collect();
    let columns: Vec<&pack::Syndrome> = pack.syndrome.iter().filter(|s| seen.contains(s.id.as_str())).collect();
    let mut rows: Vec<(String, Vec<Cell>)> = places.iter().map(|p| (p.name.clone(), Vec::new())).collect();
    let mut totals = Vec::new();
    for column in &columns {
        let cells: Vec<Option<u64>> = (0..places.len()).map(|i| sums.get(&(i, column.id.as_str())).copied().flatten()).collect();
        // Whoever sees a community sees its grids as they are.
        let (told, total) = small::column(&cells, if within { 0 } else { pack.limits.small });
        told.iter().zip(&mut rows).for_each(|(t, row)| row.1.push(cell(t)));
        totals.push(cell(&total));
    }
    Ok(Numbers {
        area: place.code.clone(),
        place: place.name.clone(),
        source: source.id.clone(),
        sources: pack.tells.iter().map(|s| (s.id.clone(), s.name(req.lang).to_owned())).collect(),
        from: day(req, today - 6),
        to: day(req, today),
        syndromes: columns.iter().map(|s| s.name(req.lang).to_owned()).collect(),
        rows,
        totals,
        small: !within,
        limit: pack.limits.small,
    })
}
