//! Statistics of any area, from a grid to the nation: people by age and sex, households, homes, organisations, tags.
//!
//! What must stay true: it is read from counters, so it costs the same for a nation as for a street; whoever does not keep
//! the register of the area sees no number of 1 to 4, and all others to the nearest five. The same people are counted by
//! area, age, size of household, tag, and in forms by whatever is asked: with exact numbers, and however many of them left out of
//! each table, one table tells what another one hides (in a town of five grids, whose empty nest the sixth view was).

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use store::{Query, params};

use super::{count, rules, view};
use crate::base::area::{self, Area};
use crate::base::catalogue::Relation;
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::{Error, Reply, Req, Result, Route, foreign, time};

/// Routes.
pub const ROUTES: &[Route] = &[Route::get(
    "/register/statistics",
    May::Staff,
    statistics,
    "Numbers of an area (`area`), of what lies beneath it (`by`: a kind of area; `what`: which number), as a page, data or `format=xlsx`.",
)
.gives::<Statistics>()];

/// The smallest number that is shown to whoever does not keep the register.
pub const LEAST: i64 = 5;
/// Years of an age group, and where the last begins.
const YEARS: i64 = 5;
const OLDEST: i64 = 85;
/// Areas beneath that are told at once.
pub const BENEATH: i64 = 20_000;
/// Areas beneath that the page lists.
const LISTED: usize = 300;

#[derive(Serialize, JsonSchema)]
struct Statistics {
    area: String,
    name: String,
    kind: String,
    /// Nothing is left out.
    exact: bool,
    /// The smallest number that is shown.
    least: i64,
    totals: Vec<Figure>,
    ages: Vec<Ages>,
    /// The longest bar.
    widest: i64,
    groups: Vec<Group>,
    /// Kinds of area beneath.
    levels: Vec<String>,
    by: Option<String>,
    what: String,
    beneath: Vec<Beneath>,
    /// More than the page lists.
    more: usize,
    /// The areas above.
    above: Vec<(String, String)>,
}

/// A number; none when it is too small.
#[derive(Serialize, JsonSchema)]
struct Figure {
    what: String,
    word: String,
    n: Option<i64>,
}

#[derive(Serialize, JsonSchema)]
struct Ages {
    from: i64,
    to: Option<i64>,
    male: Option<i64>,
    female: Option<i64>,
}

#[derive(Serialize, JsonSchema)]
struct Group {
    name: &'static str,
    figures: Vec<Figure>,
}

#[derive(Serialize, JsonSchema)]
struct Beneath {
    code: String,
    name: String,
    n: Option<i64>,
}

/// The counters of one area.
fn counters(q: &mut dyn Query, path: &str) -> store::Result<BTreeMap<String, i64>> {
    let rows = q.rows("select what, n from resident_count where path = $1", params![path])?;
    rows.iter().map(|r| Ok((r.get("what")?, r.get("n")?))).collect()
}

/// A number as it is told to whoever does not keep the register: small ones not at all, others to the nearest five.
pub fn told(n: i64, exact: bool) -> Option<i64> {
    match n {
        _ if exact || n == 0 => Some(n),
        _ if n < LEAST => None,
        _ => Some((n + LEAST / 2) / LEAST * LEAST),
    }
}

fn ages(all: &BTreeMap<String, i64>, year: i64, exact: bool) -> (Vec<Ages>, i64) {
    let groups = (OLDEST / YEARS + 1) as usize;
    let mut numbers = vec![0; groups * 2];
    for (what, n) in all {
        let Some((born, sex)) = what.strip_prefix("born:").and_then(|w| w.split_once(':')) else { continue };
        let (Ok(born), Some(column)) = (born.parse::<i64>(), ["1", "2"].iter().position(|s| *s == sex)) else { continue };
        if born > 0 {
            let group = ((year - born).clamp(0, OLDEST) / YEARS) as usize;
            numbers[group * 2 + column] += n;
        }
    }
    let at = |group: usize, column: usize| told(numbers[group * 2 + column], exact);
    let row = |g: usize| {
        let from = g as i64 * YEARS;
        Ages { from, to: (from < OLDEST).then_some(from + YEARS - 1), male: at(g, 0), female: at(g, 1) }
    };
    let rows: Vec<Ages> = (0..groups).map(row).collect();
    let widest = rows.iter().flat_map(|r| [r.male, r.female]).flatten().max().unwrap_or(0);
    (rows, widest)
}

/// A number for each area of a kind beneath a path.
pub(super) fn beneath(q: &mut dyn Query, path: &str, kind: &str, what: &str) -> store::Result<Vec<(String, String, i64)>> {
    let sql = "select a.code, a.name, c.n from area a left join resident_count c on c.path = a.path and c.what = $4 \
               where a.path >= $1 and a.path < $2 and a.kind = $3 and a.valid_to is null order by a.code limit $5";
    let rows = q.rows(sql, params![path, area::end_of(path), kind, what, BENEATH])?;
    rows.iter().map(|r| Ok((r.get("code")?, r.get("name")?, r.get::<Option<i64>>("n")?.unwrap_or(0)))).collect()
}

/// The area that was asked for, or the reader's own.
fn place(req: &Req, q: &mut dyn Query) -> Result<(Area, bool)> {
    let found = match req.query.get("area") {
        Some(code) => area::by_code(q, code)?.ok_or_else(|| Kind::Unknown.at("area"))?,
        None => {
            let readable = req.who.roles.iter().filter(|r| rules::relation(&req.who, &r.path).is_some());
            let widest = readable.min_by_key(|r| r.path.len()).ok_or(Kind::Denied)?;
            area::by_id(q, &widest.area)?.ok_or(Kind::NotFound)?
        }
    };
    let relation = rules::relation(&req.who, &found.path).ok_or(Kind::NotFound)?;
    Ok((found, matches!(relation, Relation::Desk | Relation::Involved)))
}

fn figures(req: &Req, all: &BTreeMap<String, i64>, prefix: &str, exact: bool) -> Vec<Figure> {
    let some = all.iter().filter(|(w, n)| w.starts_with(prefix) && **n > 0);
    let word = |what: &str| {
        let code = &what[prefix.len()..];
        match prefix {
            "tag:" => view::word("register.tag", code.into(), req.lang),
            "stay:" => view::word("register.stay", code.into(), req.lang),
            "org:" => view::word("register.org_kind", code.into(), req.lang),
            "home:" => req.app.texts.plain(req.lang, &format!("register-use-{code}")),
            _ => req.app.texts.plain(req.lang, &format!("register-size-{code}")),
        }
    };
    some.map(|(what, n)| Figure { word: word(what), what: what.clone(), n: told(*n, exact) }).collect()
}

fn look_up(req: &Req) -> Result<Statistics> {
    let what = req.query.get("what").unwrap_or(count::PEOPLE).to_owned();
    req.app.db.read(|r| {
        let (own, exact) = place(req, r)?;
        let all = counters(r, &own.path)?;
        let year = time::rfc3339(req.now, &req.app.config.zone)[..4].parse().unwrap_or(2026);
        let (ages, widest) = ages(&all, year, exact);
        let total = |what: &str| Figure {
            what: what.into(),
            word: req.app.texts.plain(req.lang, &format!("register-count-{what}")),
            n: told(all.get(what).copied().unwrap_or(0), exact),
        };
        let totals = [count::PEOPLE, count::HOUSEHOLDS, count::HOMES, count::ORGANISATIONS].map(total).into();
        let groups = [("stay:", "stays"), ("size:", "sizes"), ("home:", "uses"), ("org:", "kinds"), ("tag:", "tags")]
            .map(|(prefix, name)| Group { name, figures: figures(req, &all, prefix, exact) })
            .into_iter()
            .filter(|g| !g.figures.is_empty())
            .collect();
        let kinds = "select distinct kind from area where path > $1 and path < $2 and valid_to is null limit 10";
        let rows = r.rows(kinds, params![&own.path, area::end_of(&own.path)])?;
        let mut levels: Vec<String> = rows.iter().map(|r| r.get("kind")).collect::<store::Result<_>>()?;
        const ORDER: [&str; 7] = ["nation", "province", "city", "county", "street", "community", "grid"];
        levels.sort_by_key(|l| ORDER.iter().position(|o| o == l));
        let by = req.query.get("by").map(str::to_owned).or(levels.first().cloned());
        let list = match &by {
            Some(kind) => beneath(r, &own.path, kind, &what)?,
            None => Vec::new(),
        };
        let mut beneath: Vec<Beneath> =
            list.into_iter().map(|(code, name, n)| Beneath { code, name, n: told(n, exact) }).collect();
        let more = if req.wants_json() || req.query.get("format").is_some() { 0 } else { beneath.len().saturating_sub(LISTED) };
        beneath.truncate(beneath.len() - more);
        let line = area::line(r, &own.id)?;
        let above = line.iter().skip(1).filter(|a| rules::relation(&req.who, &a.path).is_some());
        let above = above.map(|a| (a.code.clone(), a.name.clone())).collect();
        let (area, name, kind) = (own.code, own.name, own.kind);
        Ok::<_, Error>(Statistics {
            area,
            name,
            kind,
            exact,
            least: LEAST,
            totals,
            ages,
            widest,
            groups,
            levels,
            by,
            what,
            beneath,
            more,
            above,
        })
    })
}

fn statistics(req: &Req) -> Result<Reply> {
    let view = look_up(req)?;
    if req.query.get("format") != Some("xlsx") {
        return req.page("records/register/statistics.html", &view);
    }
    let say = |key: &str| req.app.texts.plain(req.lang, key);
    let small = say("register-too-few");
    let number = |n: Option<i64>| n.map_or(small.clone(), |n| n.to_string());
    let mut first = vec![vec![say("register-what"), say("register-number")]];
    first.extend(view.totals.iter().map(|f| vec![f.word.clone(), number(f.n)]));
    for group in &view.groups {
        first.push(vec![say(&format!("register-group-{}", group.name)), String::new()]);
        first.extend(group.figures.iter().map(|f| vec![f.word.clone(), number(f.n)]));
    }
    let mut ages = vec![vec![say("register-age"), say("register-male"), say("register-female")]];
    ages.extend(view.ages.iter().map(|a| {
        let to = a.to.map(|t| t.to_string()).unwrap_or_default();
        vec![format!("{}–{to}", a.from), number(a.male), number(a.female)]
    }));
    let mut beneath = vec![vec![say("register-code"), say("register-area"), say("register-number")]];
    beneath.extend(view.beneath.iter().map(|b| vec![b.code.clone(), b.name.clone(), number(b.n)]));
    let (one, two, three) = (say("register-statistics"), say("register-ages"), say("register-beneath"));
    let bytes = foreign::write_xlsx(&[(&one, first), (&two, ages), (&three, beneath)])?;
    let file = format!("attachment; filename=\"statistics-{}.xlsx\"", view.area);
    Ok(Reply::of(foreign::XLSX, bytes).header("content-disposition", file))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::told;

    proptest! {
        /// Sums are told, and parts of them: what is left is never one number alone.
        #[test]
        fn no_small_number_is_what_two_views_differ_by(parts in prop::collection::vec(0i64..300, 1..9), small in 1i64..5) {
            let sum: i64 = parts.iter().sum();
            prop_assume!(sum >= 5);
            let known = told(sum + small, false).unwrap() - told(sum, false).unwrap();
            prop_assert!(known % 5 == 0 && told(small, false).is_none());
        }

        #[test]
        fn a_number_is_told_within_two(n in 5i64..100_000_000) {
            let near = told(n, false).unwrap();
            prop_assert!(near % 5 == 0 && (near - n).abs() <= 2 && told(n, true) == Some(n));
        }
    }
}
