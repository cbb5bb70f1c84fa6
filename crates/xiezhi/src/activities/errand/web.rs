//! Routes of what is done for somebody.

use schemars::JsonSchema;
use serde::Serialize;
use store::{Query, Tx};

use super::act::{self, Book, MANDATE, New, NewStep};
use super::{Errand, Move, Sort, State, by_number, in_state, of_person, steps};
use crate::activities::service::booking::{self, slots};
use crate::base::catalogue::{Graded, Look, Relation};
use crate::base::party::Chart;
use crate::base::{area, party};
use crate::kit::error::{Error, Kind};
use crate::kit::http::May;
use crate::kit::{Reply, Req, Result, Route, Who, tries};

/// Characters of what somebody asks or notes.
const WORDS: usize = 500;
/// Errands of one list.
const MANY: i64 = 100;

/// Routes of this part.
pub const ROUTES: &[Route] = &[
    Route::get("/errands", May::SignedIn, list, "What is done for one, what one does for others, what waits here.").gives::<List>(),
    Route::get("/errands/new", May::SignedIn, form, "The form for something that others do for one.").gives::<Form>(),
    Route::post(
        "/errands",
        May::SignedIn,
        ask,
        "Asks and gives the mandate: `{kind, words, days, area?}`; people who work there for somebody without an account: `{name, phone}`.",
    )
    .gives::<Full>(),
    Route::get("/errands/{number}", May::SignedIn, one, "One errand with what happened.").gives::<Full>(),
    Route::post("/errands/{number}/take", May::Staff, take, "Takes it.").gives::<Full>(),
    Route::post(
        "/errands/{number}/step",
        May::Staff,
        step,
        "Writes down what happened: `{kind: in|back|note|done, words, code?}`; `in` and `back` are papers that change hands.",
    )
    .gives::<Full>(),
    Route::post("/errands/{number}/book", May::Staff, book, "Books an appointment for it: `{service, at}`.").gives::<Full>(),
    Route::post("/errands/{number}/confirm", May::SignedIn, confirm, "Whom it is for says that it is so.").gives::<Full>(),
    Route::post("/errands/{number}/again", May::SignedIn, again, "It is not right yet: `{words}`.").gives::<Full>(),
    Route::post("/errands/{number}/give-up", May::Staff, give_up, "Whoever took it cannot do it: `{why}`.").gives::<Full>(),
    Route::post("/errands/{number}/withdraw", May::SignedIn, withdraw, "Takes the mandate back.").gives::<Full>(),
];

/// What somebody has to do with.
#[derive(Serialize, JsonSchema)]
struct List {
    /// For him, or written down by him.
    mine: Vec<Item>,
    /// What he does for others.
    doing: Vec<Item>,
    /// What nobody does yet, for people who work there.
    waiting: Vec<Item>,
}

/// An errand in a list.
#[derive(Serialize, JsonSchema)]
struct Item {
    number: String,
    kind: &'static str,
    state: &'static str,
    place: String,
    since: String,
    /// Somebody holds papers.
    papers: bool,
}

fn item(req: &Req, q: &mut dyn Query, e: &Errand) -> Result<Item> {
    Ok(Item {
        number: e.number.clone(),
        kind: e.kind.as_str(),
        state: e.state.as_str(),
        place: area::by_id(q, &e.area)?.map(|a| a.name).unwrap_or_default(),
        since: req.app.time(e.made_at),
        papers: e.papers == 1,
    })
}

fn list(req: &Req) -> Result<Reply> {
    let person = req.person()?;
    let view = req.app.db.read(|r| {
        let (mut mine, mut doing, mut waiting) = (Vec::new(), Vec::new(), Vec::new());
        for e in of_person(r, person, MANY)? {
            let to = if e.is_done_by(&req.who) { &mut doing } else { &mut mine };
            to.push(item(req, r, &e)?);
        }
        for role in req.who.roles.iter().filter(|role| role.kind.is_staff()) {
            // Whoever walks a grid helps in its community.
            let path = match area::community_of(r, &role.area)? {
                Some(at) if role.kind.walks() => at.path,
                _ => role.path.clone(),
            };
            for e in in_state(r, &path, State::Asked, MANY)? {
                if !waiting.iter().any(|i: &Item| i.number == e.number) && act::works(&req.who, &e).is_some() {
                    waiting.push(item(req, r, &e)?);
                }
            }
        }
        Ok::<_, Error>(List { mine, doing, waiting })
    })?;
    req.page("activities/errand/list.html", &view)
}

/// The form.
#[derive(Serialize, JsonSchema)]
struct Form {
    area: String,
    place: String,
    kinds: Vec<&'static str>,
    days: i64,
    words_max: usize,
    staff: bool,
}

fn form(req: &Req) -> Result<Reply> {
    let view = req.app.db.read(|r| {
        let at = area::named(req, r, None)?;
        let kinds = Sort::ALL.iter().map(|k| k.as_str()).collect();
        let staff = req.who.is_staff() && req.who.by.is_none();
        Ok::<_, Error>(Form { area: at.code, place: at.name, kinds, days: 30, words_max: WORDS, staff })
    })?;
    req.page("activities/errand/new.html", &view)
}

fn ask(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let code = input.text("area", 40)?;
    let other = match input.text("name", 50)? {
        Some(name) => Some((name, input.need("phone", 20)?)),
        None => None,
    };
    let new = New {
        kind: Sort::parse(&input.need("kind", 20)?).ok_or_else(|| Kind::Unknown.at("kind"))?,
        words: input.need("words", WORDS)?,
        days: input.int("days", 1, MANDATE)?.unwrap_or(30),
        other,
    };
    let (place, rules) = req.app.db.read(|r| {
        let place = area::named(req, r, code.as_deref())?;
        Ok::<_, Error>((place, rules(req, r)?))
    })?;
    let who = req.who.clone();
    let number = req.once(move |tx| act::ask(tx, &rules, &who, &place, &new))?;
    shown(req, &number, 201)
}

fn rules(req: &Req, q: &mut dyn Query) -> Result<Book> {
    Ok(Book { chart: Chart::read(q, req.app)?, zone: req.app.config.zone.clone() })
}

/// One errand.
#[derive(Serialize, JsonSchema)]
struct Full {
    #[serde(flatten)]
    item: Item,
    words: Option<String>,
    name: Option<String>,
    phone: Option<String>,
    mandate_until: String,
    over: bool,
    /// Who does it: a name for whom it is for, else the organisation.
    helper: Option<String>,
    helper_phone: Option<String>,
    body: Option<String>,
    desk: String,
    /// For whom it is done: the code with which he says that it is so.
    code: Option<String>,
    steps: Vec<StepView>,
    own: bool,
    does: bool,
    may_take: bool,
    /// The reader is asked whether it is so.
    asks: bool,
    may_withdraw: bool,
    /// Where an appointment can be booked for it, for whoever does it.
    counters: Vec<Place>,
    words_max: usize,
}

/// A service that takes appointments.
#[derive(Serialize, JsonSchema)]
struct Place {
    service: String,
    name: String,
}

/// What happened.
#[derive(Serialize, JsonSchema)]
struct StepView {
    n: i64,
    kind: &'static str,
    at: String,
    words: Option<String>,
    confirmed: Option<String>,
    /// Number of an appointment.
    appointment: Option<String>,
}

fn full(req: &Req, number: &str) -> Result<Full> {
    let mut look = Look::new(&req.who, "errand");
    let view = req.app.db.read(|r| {
        let e = by_number(r, number)?;
        let (own, does) = (e.is_of(&req.who), e.is_done_by(&req.who));
        let relation = e.relation(&req.who);
        let may_take = e.state == State::Asked && !own && act::works(&req.who, &e).is_some() && req.now < e.mandate_until;
        // Whoever may take it learns what kind it is; words and name only whoever has to do with it.
        if relation.is_none() && !may_take {
            return Err(Error::from(Kind::NotFound));
        }
        view(req, r, e, relation, may_take, (own, does), &mut look)
    })?;
    look.record(req.app)?;
    Ok(view)
}

fn view(
    req: &Req,
    q: &mut dyn Query,
    e: Errand,
    relation: Option<Relation>,
    may_take: bool,
    (own, does): (bool, bool),
    look: &mut Look,
) -> Result<Full> {
    let chart = Chart::read(q, req.app)?;
    let mut open = |q: &mut dyn Query, element: &'static str, sealed: Option<Vec<u8>>| -> Result<Option<String>> {
        let Some(relation) = relation else { return Ok(None) };
        let text = q.open_text(&e.id, sealed)?;
        Ok(text.and_then(|t| look.at(&Graded::new(element, &e.id, t).of(&e.number), relation)))
    };
    let words = open(q, "errand.words", e.words.clone())?;
    let (mut name, mut phone) = (open(q, "errand.name", e.name.clone())?, open(q, "errand.phone", e.phone.clone())?);
    let mut views = Vec::new();
    let all = if relation.is_some() { steps(q, &e.id)? } else { Vec::new() };
    let asks = own && all.iter().any(|s| s.confirmed_at.is_none() && matches!(s.kind, Move::In | Move::Back | Move::Done));
    for s in all {
        let words = open(q, "errand.words", s.words)?;
        let (words, appointment) = if s.kind == Move::Booked { (None, words) } else { (words, None) };
        let (at, confirmed) = (req.app.time(s.at), s.confirmed_at.map(|t| req.app.time(t)));
        views.push(StepView { n: s.n, kind: s.kind.as_str(), at, words, confirmed, appointment });
    }
    if let (Some(person), Some(relation)) = (e.asked_by.as_ref().filter(|_| !own), relation) {
        name = party::name_of(q, person)?.and_then(|n| look.at(&n, relation));
        phone = party::phone_of(q, person)?.and_then(|n| look.at(&n, relation));
    }
    let (mut helper, mut helper_phone) = (None, None);
    if let (Some(person), true) = (&e.helper, own) {
        // Who comes to the door: his name and number, as a colleague would be told.
        helper = party::name_of(q, person)?.and_then(|n| look.at(&n, Relation::Involved));
        helper_phone = party::phone_of(q, person)?.and_then(|n| look.at(&n, Relation::Involved));
    }
    let mut counters = Vec::new();
    if does && e.state == State::Taken && req.now < e.mandate_until {
        let at = area::community_of(q, &e.area)?.map_or_else(|| e.path.clone(), |a| a.path);
        counters = booking::open_around(q, &at, MANY)?.into_iter().map(|(service, name)| Place { service, name }).collect();
    }
    let written = e.asked_by.is_none() && req.who.actor() == Some(&e.by_person);
    Ok(Full {
        words,
        name,
        phone,
        mandate_until: req.app.time(e.mandate_until),
        over: req.now >= e.mandate_until,
        helper,
        helper_phone,
        body: e.body.as_ref().map(|b| chart.name(b)),
        desk: chart.name(&e.desk),
        code: (own || written).then(|| e.code(q)),
        steps: views,
        own,
        does,
        may_take,
        asks,
        may_withdraw: (own || written) && matches!(e.state, State::Asked | State::Taken | State::Done),
        counters,
        words_max: WORDS,
        item: item(req, q, &e)?,
    })
}

fn one(req: &Req) -> Result<Reply> {
    Ok(req.page("activities/errand/one.html", &full(req, req.param("number"))?)?.header("cache-control", "no-store"))
}

/// The errand as it is now, or the way back to its page.
fn shown(req: &Req, number: &str, status: u16) -> Result<Reply> {
    req.done(&format!("/errands/{number}"), status, || full(req, number))
}

fn run(req: &Req, act: impl FnOnce(&mut Tx, &Book, &Who, &str) -> Result<()> + Send + 'static) -> Result<Reply> {
    let rules = req.app.db.read(|r| rules(req, r))?;
    let (who, number) = (req.who.clone(), req.param("number").to_owned());
    req.once(move |tx| act(tx, &rules, &who, &number).map(|()| String::new()))?;
    let number = req.param("number");
    // Whoever gave it up, or let it go, may have nothing to do with it any more.
    if req.app.db.read(|r| Ok::<_, Error>(by_number(r, number)?.relation(&req.who).is_none()))? {
        return Ok(if req.wants_json() { Reply::json(&serde_json::json!({}))? } else { Reply::see_other(req.url("/errands")) });
    }
    shown(req, number, 200)
}

fn take(req: &Req) -> Result<Reply> {
    run(req, act::take)
}

fn step(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let kind = Move::parse(&input.need("kind", 10)?).filter(|k| matches!(k, Move::In | Move::Back | Move::Note | Move::Done));
    let new = NewStep {
        kind: kind.ok_or_else(|| Kind::Unknown.at("kind"))?,
        words: input.need("words", WORDS)?,
        code: input.text("code", 10)?,
    };
    // A million codes are not tried.
    let keys = tries::keys(act::TRIES, req.param("number"), req.ip);
    req.app.tries.check(&keys, req.now)?;
    let done = run(req, move |tx, book, who, number| act::step(tx, book, who, number, &new));
    if done.as_ref().is_err_and(|e| e.kind == Kind::WrongCode) {
        req.app.tries.failed(&keys, req.now);
    }
    done
}

fn book(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let (service, at) = (input.need("service", 40)?, input.need("at", 40)?);
    let at = crate::kit::time::parse(&at).ok_or_else(|| Kind::WrongType.at("at"))?;
    req.app.db.read(|r| slots::check(req, r, &service, at))?;
    run(req, move |tx, book, who, number| act::booked(tx, who, &book.zone, number, &service, at).map(drop))
}

fn confirm(req: &Req) -> Result<Reply> {
    run(req, act::confirm)
}

fn again(req: &Req) -> Result<Reply> {
    let words = req.input()?.need("words", WORDS)?;
    run(req, move |tx, book, who, number| act::again(tx, book, who, number, &words))
}

fn give_up(req: &Req) -> Result<Reply> {
    let why = req.input()?.need("why", WORDS)?;
    run(req, move |tx, book, who, number| act::give_up(tx, book, who, number, &why))
}

fn withdraw(req: &Req) -> Result<Reply> {
    run(req, act::withdraw)
}
