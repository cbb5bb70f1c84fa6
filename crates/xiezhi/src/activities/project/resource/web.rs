//! Routes of the list of resources.

use schemars::JsonSchema;
use serde::Serialize;
use store::{Query, Tx, params};

use super::act::{self, New};
use super::{Loan, Resource, Sort, State, around, by_number, left};
use crate::activities::project::pack::{self, Choice};
use crate::activities::project::{self, Book, body_of};
use crate::base::catalogue::{Look, Relation};
use crate::base::party::Chart;
use crate::base::{area, party};
use crate::kit::error::{Error, Kind};
use crate::kit::http::May;
use crate::kit::time::Ms;
use crate::kit::{Reply, Req, Result, Route, Who};

/// Resources of one page.
const PAGE: i64 = 50;

/// Routes of this part.
pub const ROUTES: &[Route] = &[
    Route::get("/resources", May::Anyone, list, "What there is (`area`, `kind`, `before`), the newest first.").gives::<List>(),
    Route::get("/resources/new", May::SignedIn, form, "The form for something that one offers.").gives::<Form>(),
    Route::post(
        "/resources",
        May::SignedIn,
        offer,
        "Offers something: `{sort, kind, title, about?, amount, unit, until_at?, area?}`, for one's organisation or oneself.",
    )
    .gives::<Full>(),
    Route::get("/resources/{number}", May::Anyone, one, "One resource.").gives::<Full>(),
    Route::post("/resources/{number}/fresh", May::SignedIn, fresh, "Its owner says that it still holds.").gives::<Full>(),
    Route::post("/resources/{number}/end", May::SignedIn, end, "Its owner takes it back, or the desk takes it off.")
        .gives::<Full>(),
];

/// What there is around a place.
#[derive(Serialize, JsonSchema)]
struct List {
    items: Vec<Item>,
    before: Option<Ms>,
    kinds: Vec<Choice>,
    kind: Option<String>,
}

/// A resource in a list.
#[derive(Clone, Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Item {
    pub number: String,
    pub title: String,
    pub sort: &'static str,
    pub kind: String,
    pub place: String,
    /// The organisation that offers it; none: a resident.
    pub by: Option<String>,
    /// What nobody holds of it.
    pub left: i64,
    pub amount: i64,
    pub unit: String,
    pub state: &'static str,
}

/// One resource in a list.
pub fn item(req: &Req, q: &mut dyn Query, chart: &Chart, one: &Resource) -> Result<Item> {
    let place = area::by_id(q, &one.area)?;
    let pack = pack::at(place.as_ref().map(|a| a.code.as_str()).unwrap_or_default());
    Ok(Item {
        number: one.number.clone(),
        title: one.title.clone(),
        sort: one.sort.as_str(),
        kind: pack.kind_name(&one.kind, req.lang),
        place: place.map(|a| a.name).unwrap_or_default(),
        by: one.body.as_ref().map(|b| chart.name(b)),
        left: left(q, one)?,
        amount: one.amount,
        unit: one.unit.clone(),
        state: one.state.as_str(),
    })
}

/// What there is of a kind around a place, and not all lent.
pub fn of_kind(req: &Req, q: &mut dyn Query, path: &str, kind: &str, most: usize) -> Result<Vec<Item>> {
    let chart = Chart::read(q, req.app)?;
    let found = around(q, path, Some(kind), Ms::MAX, PAGE)?;
    let items: Vec<Item> = found.iter().map(|one| item(req, q, &chart, one)).collect::<Result<_>>()?;
    Ok(items.into_iter().filter(|i| i.left > 0).take(most).collect())
}

fn list(req: &Req) -> Result<Reply> {
    let before = req.query.get("before").and_then(|b| b.parse().ok()).unwrap_or(Ms::MAX);
    let kind = req.query.get("kind").filter(|k| !k.is_empty());
    let view = req.app.db.read(|r| {
        let (path, chart) = (area::around(req, r)?, Chart::read(r, req.app)?);
        let mut found = around(r, &path, kind, before, PAGE + 1)?;
        let more = found.len() as i64 > PAGE;
        found.truncate(PAGE as usize);
        let before = found.last().filter(|_| more).map(|n| n.made_at);
        let items = found.iter().map(|one| item(req, r, &chart, one)).collect::<Result<_>>()?;
        Ok::<_, Error>(List { items, before, kinds: pack::at("").kinds(req.lang), kind: kind.map(str::to_owned) })
    })?;
    req.page("activities/project/resource/list.html", &view)
}

/// The form.
#[derive(Serialize, JsonSchema)]
struct Form {
    area: String,
    place: String,
    kinds: Vec<Choice>,
    sorts: Vec<&'static str>,
    /// The organisation for which the reader offers it; none: himself.
    body: Option<String>,
}

fn form(req: &Req) -> Result<Reply> {
    let view = req.app.db.read(|r| {
        let at = area::named(req, r, None)?;
        let book = Book::read(r, req.app, &at.code)?;
        let body = body_of(&req.who, &at.path).map(|b| book.chart.name(&b));
        let sorts = Sort::ALL.iter().map(|s| s.as_str()).collect();
        Ok::<_, Error>(Form { kinds: book.pack.kinds(req.lang), area: at.code, place: at.name, sorts, body })
    })?;
    req.page("activities/project/resource/new.html", &view)
}

fn offer(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let code = input.text("area", 40)?;
    let (place, book) = req.app.db.read(|r| {
        let place = area::named(req, r, code.as_deref())?;
        let book = Book::read(r, req.app, &place.code)?;
        Ok::<_, Error>((place, book))
    })?;
    let new = New {
        sort: Sort::parse(&input.need("sort", 20)?).ok_or_else(|| Kind::Unknown.at("sort"))?,
        kind: book.pack.kind(&input.need("kind", 40)?)?,
        title: input.need("title", 60)?,
        about: input.text("about", 500)?.unwrap_or_default(),
        amount: input.int("amount", 1, act::AMOUNT)?.ok_or_else(|| Kind::Missing.at("amount"))?,
        unit: input.need("unit", 10)?,
        until_at: input.until("until_at", &req.app.config.zone)?,
    };
    let who = req.who.clone();
    let number = req.once(move |tx| act::offer(tx, &book, &who, &place, &new))?;
    shown(req, &number, 201)
}

/// One resource.
#[derive(Serialize, JsonSchema)]
struct Full {
    #[serde(flatten)]
    item: Item,
    about: String,
    until: Option<String>,
    fresh: String,
    /// The resident who offers it: for the desk.
    name: Option<String>,
    phone: Option<String>,
    own: bool,
    runs: bool,
    loans: Vec<LoanView>,
    done: bool,
}

/// What a project holds of it.
#[derive(Serialize, JsonSchema)]
struct LoanView {
    project: String,
    title: String,
    amount: i64,
    state: &'static str,
}

fn full(req: &Req, number: &str) -> Result<Full> {
    let mut look = Look::new(&req.who, "resource");
    let view = req.app.db.read(|r| {
        let one = by_number(r, number)?;
        let (own, runs, chart) = (one.is_of(&req.who), req.who.desk_over(&one.path).is_some(), Chart::read(r, req.app)?);
        if one.state == State::Ended && !own && !runs {
            return Err(Kind::NotFound.into());
        }
        let resident = runs && one.body.is_none();
        let name = if resident { party::name_of(r, &one.by_person)?.and_then(|n| look.at(&n, Relation::Desk)) } else { None };
        let phone = if resident { party::phone_of(r, &one.by_person)?.and_then(|n| look.at(&n, Relation::Desk)) } else { None };
        let sql = "select p.number, p.title, l.amount, l.state from project_resource l join project p on p.id = l.project \
                   where l.resource = $1 order by l.at desc, p.number limit 50";
        let loan = |row: &store::Row| {
            let state: Loan = row.get("state")?;
            let (project, title, amount) = (row.get("number")?, row.get("title")?, row.get("amount")?);
            Ok::<_, store::Error>(LoanView { project, title, amount, state: state.as_str() })
        };
        let loans = r.rows(sql, params![&one.id])?.iter().map(loan).collect::<store::Result<_>>()?;
        Ok::<_, Error>(Full {
            item: item(req, r, &chart, &one)?,
            about: one.about,
            until: one.until_at.map(|at| req.app.time(at)),
            fresh: req.app.time(one.fresh_at),
            name,
            phone,
            own,
            runs,
            loans,
            done: req.query.get("done").is_some(),
        })
    })?;
    look.record(req.app)?;
    Ok(view)
}

fn one(req: &Req) -> Result<Reply> {
    req.page("activities/project/resource/one.html", &full(req, req.param("number"))?)
}

/// The resource as it is now, or the way back to its page.
fn shown(req: &Req, number: &str, status: u16) -> Result<Reply> {
    req.done(&format!("/resources/{number}?done=1"), status, || full(req, number))
}

fn run(req: &Req, act: impl FnOnce(&mut Tx, &Book, &Who, &str) -> Result<()> + Send + 'static) -> Result<Reply> {
    project::run(req, |q, number| Ok(by_number(q, number)?.area), act)?;
    shown(req, req.param("number"), 200)
}

fn fresh(req: &Req) -> Result<Reply> {
    run(req, act::fresh)
}

fn end(req: &Req) -> Result<Reply> {
    run(req, act::end)
}
