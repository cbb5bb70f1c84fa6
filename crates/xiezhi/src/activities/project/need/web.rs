//! Routes of the list of needs.

use schemars::JsonSchema;
use serde::Serialize;
use store::{Query, Tx, params};

use super::act::{self, Answer, New};
use super::{Need, State, around, by_number, projects, wanted};
use crate::activities::project::pack::Choice;
use crate::activities::project::{self, Book, resource};
use crate::base::area;
use crate::base::catalogue::{Graded, Look, Relation};
use crate::kit::error::{Error, Kind};
use crate::kit::http::May;
use crate::kit::time::Ms;
use crate::kit::{Reply, Req, Result, Route, Who};

/// Needs of one page.
const PAGE: i64 = 50;
/// Resources that are shown beside a need.
const BESIDE: usize = 8;

/// Routes of this part.
pub const ROUTES: &[Route] = &[
    Route::get(
        "/needs",
        May::Anyone,
        list,
        "What is needed (`area`, `state`: open, met; for desks also raised, declined; `before`), the newest first.",
    )
    .gives::<List>(),
    Route::get("/needs/new", May::SignedIn, form, "The form for a need.").gives::<Form>(),
    Route::post("/needs", May::SignedIn, raise, "Says what is needed: `{kind, words, area?, source?}`.").gives::<Full>(),
    Route::get("/needs/{number}", May::Anyone, one, "One need, and what there is of its kind.").gives::<Full>(),
    Route::post("/needs/{number}/too", May::SignedIn, too, "Needs it, too.").gives::<Full>(),
    Route::post(
        "/needs/{number}/decide",
        May::Staff,
        decide,
        "The desk's answer: `{answer: list, title}`, `{answer: decline|met, why}`.",
    )
    .gives::<Full>(),
];

/// What is needed around a place.
#[derive(Serialize, JsonSchema)]
struct List {
    items: Vec<Item>,
    before: Option<Ms>,
    state: &'static str,
    /// The reader answers needs here.
    runs: bool,
    raised: i64,
}

/// A need in a list.
#[derive(Clone, Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Item {
    pub number: String,
    pub title: Option<String>,
    pub kind: String,
    pub place: String,
    pub state: &'static str,
    /// How many need it.
    pub wanted: i64,
    pub since: String,
}

/// One need in a list.
pub fn item(req: &Req, q: &mut dyn Query, need: &Need) -> Result<Item> {
    let place = area::by_id(q, &need.area)?;
    let pack = project::pack::at(place.as_ref().map(|a| a.code.as_str()).unwrap_or_default());
    Ok(Item {
        number: need.number.clone(),
        title: need.title.clone(),
        kind: pack.kind_name(&need.kind, req.lang),
        place: place.map(|a| a.name).unwrap_or_default(),
        state: need.state.as_str(),
        wanted: wanted(q, need)?,
        since: req.app.time(need.made_at),
    })
}

fn list(req: &Req) -> Result<Reply> {
    let before = req.query.get("before").and_then(|b| b.parse().ok()).unwrap_or(Ms::MAX);
    let view = req.app.db.read(|r| {
        let path = area::around(req, r)?;
        let runs = req.who.desk_over(&path).is_some();
        let (state, states) = match req.query.get("state") {
            None | Some("open") => ("open", [State::Listed, State::Working, State::Working]),
            Some("met") => ("met", [State::Met; 3]),
            // What people said and what was declined is between them and the desk.
            Some("raised") if runs => ("raised", [State::Raised; 3]),
            Some("declined") if runs => ("declined", [State::Declined; 3]),
            Some("raised" | "declined") => return Err(Kind::Denied.into()),
            Some(_) => return Err(Kind::Unknown.at("state")),
        };
        let mut found = around(r, &path, states, before, PAGE + 1)?;
        let more = found.len() as i64 > PAGE;
        found.truncate(PAGE as usize);
        let before = found.last().filter(|_| more).map(|n| n.made_at);
        let items = found.iter().map(|n| item(req, r, n)).collect::<Result<_>>()?;
        let sql = "select count(*) from need where path >= $1 and path < $2 and state = $3";
        let raised = if runs { r.count(sql, params![&path, area::end_of(&path), State::Raised])? } else { 0 };
        Ok::<_, Error>(List { items, before, state, runs, raised })
    })?;
    req.page("activities/project/need/list.html", &view)
}

/// The form.
#[derive(Serialize, JsonSchema)]
struct Form {
    area: String,
    place: String,
    kinds: Vec<Choice>,
    words_max: usize,
    source: Option<String>,
}

fn form(req: &Req) -> Result<Reply> {
    let view = req.app.db.read(|r| {
        let at = area::named(req, r, None)?;
        let book = Book::read(r, req.app, &at.code)?;
        let source = req.query.get("source").filter(|_| req.who.is_staff()).map(str::to_owned);
        let words_max = book.pack.limits.words;
        Ok::<_, Error>(Form { kinds: book.pack.kinds(req.lang), words_max, area: at.code, place: at.name, source })
    })?;
    req.page("activities/project/need/new.html", &view)
}

fn raise(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let code = input.text("area", 40)?;
    let (place, book) = req.app.db.read(|r| {
        let place = area::named(req, r, code.as_deref())?;
        let book = Book::read(r, req.app, &place.code)?;
        Ok::<_, Error>((place, book))
    })?;
    let new = New {
        kind: book.pack.kind(&input.need("kind", 40)?)?,
        words: input.need("words", book.pack.limits.words)?,
        source: input.text("source", 40)?,
    };
    let who = req.who.clone();
    let number = req.once(move |tx| act::raise(tx, &book, &who, &place, &new))?;
    shown(req, &number, 201)
}

/// One need.
#[derive(Serialize, JsonSchema)]
struct Full {
    #[serde(flatten)]
    item: Item,
    /// As it was said: its author's and the desk's.
    words: Option<String>,
    why: Option<String>,
    source: Option<String>,
    projects: Vec<String>,
    own: bool,
    runs: bool,
    /// The reader may say that he needs it, too; he said so.
    may_too: bool,
    said_too: bool,
    answer_by: Option<String>,
    desk: String,
    /// What there is of its kind around the place.
    beside: Vec<resource::web::Item>,
    words_max: usize,
    done: bool,
}

fn full(req: &Req, number: &str) -> Result<Full> {
    let mut look = Look::new(&req.who, "need");
    let view = req.app.db.read(|r| {
        let need = by_number(r, number)?;
        let (own, runs) = (need.is_of(&req.who), need.is_run_by(&req.who));
        if !need.is_public() && !own && !runs {
            return Err(Kind::NotFound.into());
        }
        let book = Book::of(r, req.app, &need.area)?;
        let words = if own || runs { r.open_text(&need.id, need.words.clone())? } else { None };
        let relation = if own { Relation::Owner } else { Relation::Desk };
        let words = words.and_then(|w| look.at(&Graded::new("need.words", &need.id, w).of(&need.number), relation));
        let open = matches!(need.state, State::Listed | State::Working);
        let said_too = match req.who.person.as_deref().filter(|_| req.who.by.is_none()) {
            Some(person) => {
                let voter = crate::kit::voter(|p, t| req.app.db.digest(p, t), &need.id, person);
                r.count("select count(*) from need_too where need = $1 and voter = $2", params![&need.id, voter])? > 0
            }
            None => false,
        };
        let beside = if runs && open { resource::web::of_kind(req, r, &need.path, &need.kind, BESIDE)? } else { Vec::new() };
        Ok::<_, Error>(Full {
            item: item(req, r, &need)?,
            words,
            projects: projects(r, &need.id)?,
            may_too: open && !said_too && req.who.part_in(&need.path).is_some(),
            said_too,
            answer_by: need.ring_at.filter(|_| need.state == State::Raised).map(|at| req.app.time(at)),
            desk: book.chart.name(&need.desk),
            beside,
            words_max: book.pack.limits.words,
            why: need.why,
            source: need.source.filter(|_| runs),
            own,
            runs,
            done: req.query.get("done").is_some(),
        })
    })?;
    look.record(req.app)?;
    Ok(view)
}

fn one(req: &Req) -> Result<Reply> {
    Ok(req.page("activities/project/need/one.html", &full(req, req.param("number"))?)?.header("cache-control", "no-store"))
}

/// The need as it is now, or the way back to its page.
fn shown(req: &Req, number: &str, status: u16) -> Result<Reply> {
    req.done(&format!("/needs/{number}?done=1"), status, || full(req, number))
}

/// Does something to a need under the rules of its place.
fn run(req: &Req, act: impl FnOnce(&mut Tx, &Book, &Who, &str) -> Result<()> + Send + 'static) -> Result<Reply> {
    project::run(req, |q, number| Ok(by_number(q, number)?.area), act)?;
    shown(req, req.param("number"), 200)
}

fn too(req: &Req) -> Result<Reply> {
    run(req, |tx, _, who, number| act::too(tx, who, number))
}

fn decide(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let answer = match input.need("answer", 20)?.as_str() {
        "list" => Answer::List(input.need("title", 100)?),
        "decline" => Answer::Decline(input.need("why", 500)?),
        "met" => Answer::Met(input.need("why", 500)?),
        _ => return Err(Kind::Unknown.at("answer")),
    };
    run(req, move |tx, book, who, number| act::decide(tx, book, who, number, &answer))
}
