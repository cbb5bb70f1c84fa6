//! Routes of rules: which there are, what they were worth, trying one, switching it on.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use store::{Query, params};

use super::pack::{self, Rule};
use super::rules::{self, SETTINGS, Wish, Work, nearest};
use super::trial::{self, Kept};
use super::web::{done, nothing};
use super::{Book, Disposition, day_of, over, sees};
use crate::base::area::{self, Area};
use crate::kit::error::{Error, Kind};
use crate::kit::http::May;
use crate::kit::input::Input;
use crate::kit::{Reply, Req, Result, Route};

/// Routes of this part.
pub const ROUTES: &[Route] = &[
    Route::get("/health/rules", May::Staff, list, "Rules that there are for a place (`area`), and what they were worth.")
        .gives::<List>(),
    Route::get("/health/rules/{rule}/try", May::Staff, page, "What a rule would have said of the place's own past.")
        .gives::<Tried>(),
    Route::post(
        "/health/rules/{rule}/try",
        May::Staff,
        attempt,
        "Tries it: `{area?, settings?, least?, seed?}`; nothing of it becomes a signal.",
    )
    .gives::<Tried>(),
    Route::post(
        "/health/rules/{rule}/switch",
        May::Staff,
        switch,
        "Switches it on, as it was tried, or off: `{works, why, area?, settings?, least?}`.",
    ),
];

/// What a rule was worth: closed signals by what they were.
#[derive(Default, Serialize, JsonSchema)]
struct Worth {
    closed: i64,
    /// There was an outbreak.
    right: i64,
    /// In a hundred, of those that were no test.
    precision: Option<i64>,
    by: BTreeMap<String, i64>,
}

/// A rule.
#[derive(Serialize, JsonSchema)]
struct Item {
    id: String,
    name: String,
    method: String,
    sources: Vec<String>,
    works: bool,
    /// The place that decided so.
    decided: Option<String>,
    why: Option<String>,
    changed_at: Option<String>,
    settings: String,
    least: i64,
    worth: Worth,
}

/// Rules of a place.
#[derive(Serialize, JsonSchema)]
struct List {
    area: String,
    place: String,
    may: bool,
    rules: Vec<Item>,
}

/// Grounds of closed signals, by rule and disposition.
fn worth(q: &mut dyn Query, path: &str) -> Result<BTreeMap<String, Worth>> {
    let sql = "select g.rule, s.disposition, count(*) as n from health_ground g join health_signal s on s.id = g.signal \
               where s.path >= $1 and s.path < $2 and s.disposition is not null group by g.rule, s.disposition";
    let mut out: BTreeMap<String, Worth> = BTreeMap::new();
    for row in q.rows(sql, params![path, area::end_of(path)])? {
        let worth = out.entry(row.get("rule")?).or_default();
        let (what, n): (Disposition, i64) = (row.get("disposition")?, row.get("n")?);
        worth.closed += n;
        worth.right += if what == Disposition::True { n } else { 0 };
        worth.by.insert(what.as_str().to_owned(), n);
    }
    for worth in out.values_mut() {
        let counted = worth.closed - worth.by.get(Disposition::Test.as_str()).copied().unwrap_or(0);
        worth.precision = (counted > 0).then(|| (100 * worth.right + counted / 2) / counted);
    }
    Ok(out)
}

fn item(req: &Req, q: &mut dyn Query, rule: &Rule, place: &Area, all: &[rules::Switch], worth: Worth) -> Result<Item> {
    let pack = pack::at(&place.code);
    let on = nearest(all, &rule.id, &place.path);
    let decided = on.map(|s| area::by_id(q, &s.area)).transpose()?.flatten();
    Ok(Item {
        id: rule.id.clone(),
        name: rule.name(req.lang).to_owned(),
        method: rule.method.clone(),
        sources: rule.sources.iter().filter_map(|s| pack.told_by(s)).map(|s| s.name(req.lang).to_owned()).collect(),
        works: on.is_some_and(|s| s.works),
        decided: decided.map(|a| a.name),
        why: on.map(|s| s.why.clone()),
        changed_at: on.map(|s| req.app.time(s.changed_at)),
        settings: on.map_or(&rule.settings, |s| &s.settings).clone(),
        least: on.map_or(i64::from(rule.least), |s| s.least),
        worth,
    })
}

/// The place of a page of rules, for whoever sees it.
fn place(req: &Req, q: &mut dyn Query, code: Option<&str>) -> Result<Area> {
    let at = area::named(req, q, code)?;
    if sees(&req.who, &at.path) { Ok(at) } else { Err(Kind::Denied.at("area")) }
}

fn list(req: &Req) -> Result<Reply> {
    let view = req.app.db.read(|r| {
        let at = place(req, r, None)?;
        let (switches, mut worth) = (rules::switches(r)?, worth(r, &at.path)?);
        let mut all = Vec::new();
        for rule in &pack::at(&at.code).rule {
            all.push(item(req, r, rule, &at, &switches, worth.remove(&rule.id).unwrap_or_default())?);
        }
        let may = over(&req.who, &at.path).is_some();
        Ok::<_, Error>(List { area: at.code, place: at.name, may, rules: all })
    })?;
    req.page("activities/health/rules.html", &view)
}

/// Outbreaks of one size.
#[derive(Serialize, JsonSchema)]
struct SizeView {
    size: f64,
    outbreaks: i64,
    found: i64,
    /// In a hundred.
    share: Option<i64>,
    /// Weeks until the first call, on average, in tenths.
    delay: Option<i64>,
}

/// A trial.
#[derive(Serialize, JsonSchema)]
struct TrialView {
    at: String,
    settings: String,
    least: i64,
    seed: i64,
    series: i64,
    weeks: i64,
    judged: i64,
    alarms: i64,
    /// Calls for each series and year, in hundredths.
    yearly: Option<i64>,
    sizes: Vec<SizeView>,
}

/// A rule and its trials at a place.
#[derive(Serialize, JsonSchema)]
struct Tried {
    area: String,
    place: String,
    may: bool,
    rule: Item,
    trials: Vec<TrialView>,
    /// The settings that were tried last can be switched on.
    ready: bool,
}

fn trial(req: &Req, kept: &Kept) -> TrialView {
    let of = |part: i64, of: i64, by: i64| (of > 0).then(|| (by * part + of / 2) / of);
    let sizes = kept.sizes().into_iter().map(|s| SizeView {
        size: s.size,
        outbreaks: s.outbreaks,
        found: s.found,
        share: of(s.found, s.outbreaks, 100),
        delay: of(s.delay, s.found, 10),
    });
    TrialView {
        at: req.app.time(kept.made_at),
        settings: kept.settings.clone(),
        least: kept.least,
        seed: kept.seed,
        series: kept.series,
        weeks: kept.weeks,
        judged: kept.judged,
        alarms: kept.alarms,
        yearly: of(kept.alarms, kept.judged, 52 * 100),
        sizes: sizes.collect(),
    }
}

fn tried(req: &Req, code: Option<&str>) -> Result<Tried> {
    req.app.db.read(|r| {
        let at = place(req, r, code)?;
        let rule = pack::at(&at.code).rule(req.param("rule")).ok_or(Kind::NotFound)?;
        let (switches, mut worth) = (rules::switches(r)?, worth(r, &at.path)?);
        let rule = item(req, r, rule, &at, &switches, worth.remove(&rule.id).unwrap_or_default())?;
        let trials: Vec<TrialView> = trial::kept(r, &at.id, &rule.id)?.iter().map(|k| trial(req, k)).collect();
        let may = over(&req.who, &at.path).is_some();
        let ready = may && !trials.is_empty();
        Ok(Tried { area: at.code, place: at.name, may, rule, trials, ready })
    })
}

fn page(req: &Req) -> Result<Reply> {
    req.page("activities/health/try.html", &tried(req, None)?)
}

/// Settings and least cases as somebody named them, else those of the rule.
fn named(input: &Input, rule: &'static Rule) -> Result<(String, u32)> {
    let settings = input.text("settings", SETTINGS)?.unwrap_or_else(|| rule.settings.clone());
    let settings = settings.split_whitespace().collect::<Vec<_>>().join(" ");
    let least = input.int("least", 1, 1000)?.unwrap_or(i64::from(rule.least));
    Ok((settings, least as u32))
}

fn attempt(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let code = input.text("area", 40)?;
    let (at, book, pasts, rule) = req.app.db.read(|r| {
        let at = place(req, r, code.as_deref())?;
        over(&req.who, &at.path).ok_or(Kind::Denied)?;
        let book = Book::read(r, req.app, &at.code)?;
        let rule = book.pack.rule(req.param("rule")).ok_or(Kind::NotFound)?;
        let pasts = trial::pasts(r, book.pack, rule, &at, day_of(req.now, &book.zone))?;
        Ok::<_, Error>((at, book, pasts, rule))
    })?;
    let (settings, least) = named(&input, rule)?;
    let seed = input.int("seed", 0, 1_000_000)?.unwrap_or(1);
    let mut work = Work::new(rule, &settings, least).ok_or_else(|| Kind::Unknown.at("settings"))?;
    let out = trial::run(book.pack, &mut work, &pasts, seed as u64);
    let (who, back) = (req.who.clone(), at.code.clone());
    req.once(move |tx| trial::keep(tx, &book, &who, &at, (&rule.id, &settings, least), seed, &out).map(|()| String::new()))?;
    let path = format!("/health/rules/{}/try?area={back}", req.param("rule"));
    req.done(&path, 201, || tried(req, Some(&back)))
}

fn switch(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let code = input.text("area", 40)?;
    let (at, book) = req.app.db.read(|r| {
        let at = place(req, r, code.as_deref())?;
        let book = Book::read(r, req.app, &at.code)?;
        Ok::<_, Error>((at, book))
    })?;
    let rule = book.pack.rule(req.param("rule")).ok_or(Kind::NotFound)?;
    let (settings, least) = named(&input, rule)?;
    let wish = Wish {
        rule: rule.id.clone(),
        works: input.flag("works"),
        settings,
        least,
        why: input.need("why", book.pack.limits.words)?,
    };
    let (who, back) = (req.who.clone(), format!("/health/rules?area={}", at.code));
    req.once(move |tx| rules::switch(tx, &book, &who, &at, &wish).map(|()| String::new()))?;
    done(req, &nothing(), &back, 200)
}
