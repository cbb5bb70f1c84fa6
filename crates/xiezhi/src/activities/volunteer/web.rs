//! Routes of volunteers: what somebody says of himself, the desk's word about him, and what whoever looks after them sees.

use schemars::JsonSchema;
use serde::Serialize;
use store::Query;

use super::help::view::{self, Choice};
use super::profile;
use super::rules::Profile;
use super::{Book, here};
use crate::base::area;
use crate::base::catalogue::{Graded, Look, Relation};
use crate::base::party;
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::time::day_end;
use crate::kit::{Error, Reply, Req, Result, Route};

/// Routes of this part.
pub const ROUTES: &[Route] = &[
    Route::get("/volunteer", May::SignedIn, mine, "What I say of myself as a volunteer.").gives::<Mine>(),
    Route::post(
        "/volunteer",
        May::SignedIn,
        set,
        "Helps from now on: `{area, kinds: [], languages?: [], sex?, slots?: [0…20], building?, record?}`.",
    )
    .gives::<Mine>(),
    Route::post("/volunteer/stop", May::SignedIn, stop, "Helps no more; what was said is forgotten."),
    Route::get("/volunteers", May::Staff, list, "Volunteers of a desk’s place (`area`, `after`).").gives::<List>(),
    Route::post("/volunteers/{person}/vet", May::Staff, vet, "The desk spoke with somebody: `{good}`."),
    Route::post("/volunteers/{person}/proof", May::Staff, prove, "The desk saw a certificate: `{kind, until}`."),
];

/// Volunteers of one page.
const PAGE: i64 = 50;

/// A volunteer's own page.
#[derive(Serialize, JsonSchema)]
struct Mine {
    ready: bool,
    area: String,
    place: String,
    kinds: Vec<Tick>,
    languages: Vec<Tick>,
    sex: Option<&'static str>,
    /// Days by parts of the day: number and whether it is chosen.
    week: Vec<Vec<(u8, bool)>>,
    building: Option<String>,
    buildings: Vec<Choice>,
    record: bool,
    vetted_until: Option<String>,
    done: bool,
}

/// A box to tick.
#[derive(Serialize, JsonSchema)]
struct Tick {
    id: String,
    name: String,
    on: bool,
    /// What both sides are told; what it asks of whoever does it.
    rule: Option<String>,
    vet: bool,
}

fn mine(req: &Req) -> Result<Reply> {
    let person = req.myself()?;
    let view = req.app.db.read(|r| {
        let known = profile::of(r, person)?;
        let at = here(req, r, known.as_ref().map(|v| v.area.clone()))?;
        let book = Book::read(r, req.app, &at.code)?;
        let ready = known.as_ref().is_some_and(|v| v.state == profile::State::Ready);
        let p = match &known {
            Some(v) if ready => v.profile(r)?,
            _ => Profile::default(),
        };
        let kind = |k: &super::pack::Sort| Tick {
            name: book.pack.kind_name(&k.id, req.lang).to_owned(),
            on: p.kinds.contains(&k.id),
            rule: Some(k.rule(req.lang).to_owned()),
            vet: k.vet == super::pack::Vet::Desk,
            id: k.id.clone(),
        };
        let language = |l: Choice| Tick { on: p.languages.contains(&l.id), id: l.id, name: l.name, rule: None, vet: false };
        let house = |b: area::Building| Choice { id: b.id, name: b.name, minutes: None, rule: None, two: false };
        let day = |d: u8| (0..super::rules::PARTS).map(move |part| d * super::rules::PARTS + part);
        Ok::<_, Error>(Mine {
            ready,
            kinds: book.pack.kind.iter().map(kind).collect(),
            languages: view::languages(req, &book).into_iter().map(language).collect(),
            sex: p.sex.map(|s| s.as_str()),
            week: (0..7).map(|d| day(d).map(|s| (s, p.slots.contains(&s))).collect()).collect(),
            building: known.as_ref().and_then(|v| v.building.clone()),
            buildings: area::buildings(r, &at.path)?.into_iter().map(house).collect(),
            record: p.record,
            vetted_until: known.as_ref().and_then(|v| v.vetted_until).filter(|u| *u > req.now).map(|u| req.app.time(u)),
            done: req.query.get("done").is_some(),
            area: at.code,
            place: at.name,
        })
    })?;
    req.page("activities/volunteer/mine.html", &view)
}

fn set(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let code = input.need("area", 40)?;
    let book = Book::now(req.app, &code)?;
    let (profile, building) = (Profile::parse(&input, &book)?, input.text("building", 40)?);
    let at = req.app.db.read(|r| area::by_code(r, &code)?.ok_or_else(|| Kind::Unknown.at("area")))?;
    let who = req.who.clone();
    req.once(move |tx| profile::set(tx, &who, &at, &profile, building.as_deref()).map(|()| String::new()))?;
    if req.wants_json() { mine(req) } else { Ok(Reply::see_other(req.url("/volunteer?done=1"))) }
}

fn stop(req: &Req) -> Result<Reply> {
    let who = req.who.clone();
    req.once(move |tx| profile::stop(tx, &who).map(|()| String::new()))?;
    Ok(if req.wants_json() { Reply::json(&serde_json::json!({}))? } else { Reply::see_other(req.url("/help")) })
}

/// Volunteers of a place.
#[derive(Serialize, JsonSchema)]
struct List {
    items: Vec<Item>,
    next: Option<String>,
    place: String,
    proofs: Vec<Choice>,
}

/// A volunteer, for the desk.
#[derive(Serialize, JsonSchema)]
struct Item {
    person: String,
    name: Option<String>,
    phone: Option<String>,
    kinds: Vec<String>,
    languages: Vec<String>,
    vetted_until: Option<String>,
    proofs: Vec<(String, String)>,
    /// It is the reader.
    me: bool,
}

fn list(req: &Req) -> Result<Reply> {
    let mut look = Look::new(&req.who, "volunteer");
    let view = req.app.db.read(|r| {
        let at = area::of_desk(r, &req.who, req.query.get("area").unwrap_or_default())?;
        let book = Book::read(r, req.app, &at.code)?;
        let mut found = profile::around(r, &at.path, req.query.get("after").unwrap_or_default(), PAGE + 1)?;
        let more = found.len() as i64 > PAGE;
        found.truncate(PAGE as usize);
        let next = found.last().filter(|_| more).map(|v| v.person.clone());
        let mut items = Vec::new();
        for v in found {
            // Kinds and languages in one value: read once, or not at all.
            let text = r.open_text(&v.person, Some(v.profile.clone()))?.unwrap_or_default();
            let given = look.at(&Graded::new("volunteer.profile", &v.person, text), Relation::Desk);
            let p: Profile = given.map(|t| serde_json::from_str(&t)).transpose().ok().flatten().unwrap_or_default();
            items.push(Item {
                name: party::name_of(r, &v.person)?.and_then(|n| look.at(&n, Relation::Desk)),
                phone: party::phone_of(r, &v.person)?.and_then(|n| look.at(&n, Relation::Desk)),
                kinds: p.kinds.iter().map(|k| book.pack.kind_name(k, req.lang).to_owned()).collect(),
                languages: p.languages.iter().map(|l| book.pack.language_name(l, req.lang).to_owned()).collect(),
                vetted_until: v.vetted_until.filter(|u| *u > req.now).map(|u| req.app.time(u)),
                proofs: profile::proofs(r, &v.person)?
                    .into_iter()
                    .map(|(k, until)| (book.pack.proof_name(&k, req.lang).to_owned(), req.app.time(until)))
                    .collect(),
                me: req.who.actor() == Some(v.person.as_str()),
                person: v.person,
            });
        }
        let proof = |p: &super::pack::Named| Choice {
            name: book.pack.proof_name(&p.id, req.lang).to_owned(),
            id: p.id.clone(),
            minutes: None,
            rule: None,
            two: false,
        };
        Ok::<_, Error>(List { items, next, place: at.name, proofs: book.pack.proof.iter().map(proof).collect() })
    })?;
    look.record(req.app)?;
    req.page("activities/volunteer/list.html", &view)
}

/// The rules of the place somebody helps in.
fn book_of(req: &Req, person: &str) -> Result<Book> {
    req.app.db.read(|r| {
        let v = profile::of(r, person)?.ok_or(Kind::NotFound)?;
        let code = area::by_id(r, &v.area)?.map(|a| a.code).unwrap_or_default();
        Book::read(r, req.app, &code)
    })
}

fn back(req: &Req) -> Result<Reply> {
    Ok(if req.wants_json() { Reply::json(&serde_json::json!({}))? } else { Reply::see_other(req.url("/volunteers")) })
}

fn vet(req: &Req) -> Result<Reply> {
    let (person, good) = (req.param("person").to_owned(), req.input()?.flag("good"));
    let (book, who) = (book_of(req, &person)?, req.who.clone());
    req.once(move |tx| profile::vet(tx, &book, &who, &person, good).map(|()| String::new()))?;
    back(req)
}

fn prove(req: &Req) -> Result<Reply> {
    let (person, input) = (req.param("person").to_owned(), req.input()?);
    let (kind, until) = (input.need("kind", 40)?, input.need("until", 40)?);
    let until = day_end(&until, &req.app.config.zone).ok_or_else(|| Kind::WrongType.at("until"))?;
    let (book, who) = (book_of(req, &person)?, req.who.clone());
    req.once(move |tx| profile::prove(tx, &book, &who, &person, &kind, until).map(|()| String::new()))?;
    back(req)
}
