//! Routes of mediations.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use store::Entry;

use super::act::{self, Ask, NewSide};
use super::agree::{self, Draft, NewTerm};
use super::rules::{NAME, Stand, TERM, WORDS, Way};
use super::view::{self, OVERSIGHT};
use super::{Book, Mediation, by_number, pack, stand, tell};
use crate::base::area;
use crate::base::catalogue::Look;
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::input::Input;
use crate::kit::time::{self, MINUTE, Ms};
use crate::kit::{Error, Reply, Req, Result, RoleKind, Route, Who, tries};

/// Routes of this part.
pub const ROUTES: &[Route] = &[
    Route::get(
        "/mediations",
        May::SignedIn,
        list,
        "Mediations that concern me; for a desk also numbers and states of its own (`from`).",
    )
    .gives::<view::List>(),
    Route::get("/mediations/new", May::SignedIn, form, "The form that asks for a mediation (`case`).").gives::<Form>(),
    Route::post(
        "/mediations",
        May::SignedIn,
        ask,
        "Asks for a mediation: `{area?, kind, text, own?, sides: [{name, phone?, body?}], case?}`; a desk does for all sides without `own`.",
    ),
    Route::get("/mediations/join", May::SignedIn, join_form, "The form that takes a side by its code."),
    Route::post("/mediations/join", May::SignedIn, join, "Takes a side by its code: `{code}`."),
    Route::get(
        "/mediations/figures",
        May::Anyone,
        figures,
        "Mediations of each year that is over (`area`); small numbers are not told.",
    )
    .gives::<view::Figures>(),
    Route::post(
        "/mediations/mediators",
        May::Staff,
        mediators,
        "Puts somebody on the list of mediators, or takes him off: `{person, on, area?}`.",
    ),
    Route::get(
        "/mediations/{number}",
        May::SignedIn,
        one,
        "A mediation: every word for its sides and mediators, states and limits for its desk.",
    )
    .gives::<view::Full>(),
    Route::post(
        "/mediations/{number}/consent",
        May::SignedIn,
        consent,
        "Says whether a side consents: `{yes, side?, way?}`; the desk for a side without an account (present, phone, paper).",
    ),
    Route::post("/mediations/{number}/choose", May::SignedIn, choose, "A side names the mediator it would have: `{mediator}`."),
    Route::post(
        "/mediations/{number}/appoint",
        May::Staff,
        appoint,
        "The committee names who mediates: `{mediator: [id]}`; nobody near to a side.",
    ),
    Route::post("/mediations/{number}/decline", May::SignedIn, decline, "Whoever was named stands back."),
    Route::post("/mediations/{number}/withdraw", May::SignedIn, withdraw, "A side wants no more."),
    Route::post(
        "/mediations/{number}/refer",
        May::SignedIn,
        refer,
        "It does not succeed: `{to, why}`; `to` is a place of the pack.",
    ),
    Route::post(
        "/mediations/{number}/sessions",
        May::SignedIn,
        session,
        "Fixes a session: `{at, place}`, or `{date, time, place}`.",
    ),
    Route::post("/mediations/{number}/sessions/{n}", May::SignedIn, record, "Writes down what was said: `{text}`."),
    Route::post(
        "/mediations/{number}/agreement",
        May::SignedIn,
        draft,
        "Writes the agreement: `{oral?, text, terms: [{side, what, due}]}`.",
    ),
    Route::post(
        "/mediations/{number}/sign",
        May::SignedIn,
        sign,
        "Signs: a side, a mediator, or a mediator for a side on paper (`{side, way}`).",
    ),
    Route::post("/mediations/{number}/stamp", May::Staff, stamp, "The committee’s stamp under a written agreement."),
    Route::post("/mediations/{number}/terms/{n}", May::SignedIn, term, "Says whether a term was kept: `{kept}`."),
    Route::post(
        "/mediations/{number}/look",
        May::Staff,
        look,
        "A desk above reads a mediation: `{why}`; logged, and its sides are told.",
    )
    .gives::<view::Full>(),
];

/// Rows of the form for other sides: name, number, organisation.
const SIDES: [(&str, &str); 3] = [("name1", "phone1"), ("name2", "phone2"), ("name3", "phone3")];
/// Rows of the form for terms.
const TERMS: [(&str, &str, &str); 5] = [
    ("side1", "what1", "due1"),
    ("side2", "what2", "due2"),
    ("side3", "what3", "due3"),
    ("side4", "what4", "due4"),
    ("side5", "what5", "due5"),
];

fn list(req: &Req) -> Result<Reply> {
    let mut look = Look::new(&req.who, "mediation");
    let view = req.app.db.read(|r| view::list(req, r, &mut look))?;
    look.record(req.app)?;
    Ok(req.page("activities/mediation/list.html", &view)?.header("cache-control", "no-store"))
}

/// The form, with what was typed.
#[derive(Serialize, JsonSchema)]
struct Form {
    area: String,
    place: String,
    kinds: Vec<view::Choice>,
    /// The reader is of the desk, and may ask for all sides.
    runs: bool,
    rows: Vec<(&'static str, &'static str)>,
    typed: std::collections::BTreeMap<String, String>,
    words_max: usize,
    name_max: usize,
    error: Option<String>,
    field: Option<String>,
}

fn drafted(req: &Req, named: Option<&str>, typed: &Input, error: Option<&Error>) -> Result<Form> {
    let place = req.app.db.read(|r| view::place(req, r, named))?.ok_or(Kind::NotFound)?;
    let pack = pack::at(&place.code);
    let kinds = pack.kind.iter().map(|k| view::Choice { id: k.id.clone(), name: pack.kind_name(&k.id, req.lang).to_owned() });
    // A page asks for each of them, also where nothing was typed.
    let fields = ["kind", "text", "own", "case"].into_iter().chain(SIDES.into_iter().flat_map(|(name, phone)| [name, phone]));
    let typed = fields.map(|f| (f.to_owned(), typed.0.get(f).and_then(|v| v.as_str()).unwrap_or_default().to_owned()));
    Ok(Form {
        kinds: kinds.collect(),
        runs: req.who.desk_over(&place.path).is_some(),
        area: place.code,
        place: place.name,
        rows: SIDES.to_vec(),
        typed: typed.collect(),
        words_max: WORDS,
        name_max: NAME,
        error: error.map(|e| req.error_text(e)),
        field: error.and_then(|e| e.field.as_deref().map(str::to_owned)),
    })
}

fn form(req: &Req) -> Result<Reply> {
    let mut typed = Input::default();
    typed.0.insert("case".into(), req.query.get("case").unwrap_or_default().into());
    req.page("activities/mediation/new.html", &drafted(req, req.query.get("area"), &typed, None)?)
}

impl Ask {
    /// Reads the form: sides as `sides`, or rows of name and number.
    fn parse(input: &Input, runs: bool) -> Result<Ask> {
        let mut sides = Vec::new();
        match input.0.get("sides") {
            Some(serde_json::Value::Array(items)) => {
                for item in items.iter().take(SIDES.len() * 2) {
                    let serde_json::Value::Object(map) = item else { return Err(Kind::WrongType.at("sides")) };
                    let item = Input(map.clone());
                    sides.push(NewSide {
                        name: item.need("name", NAME)?,
                        phone: item.text("phone", 30)?,
                        body: item.text("body", 40)?,
                    });
                }
            }
            _ => {
                for (name, phone) in SIDES {
                    if let Some(name) = input.text(name, NAME)? {
                        sides.push(NewSide { name, phone: input.text(phone, 30)?, body: None });
                    }
                }
            }
        }
        // Who is no desk asks for himself; a desk says so when it does.
        let own = if runs { input.flag("own") } else { true };
        Ok(Ask { kind: input.need("kind", 20)?, text: input.need("text", WORDS)?, own, sides, case: input.text("case", 30)? })
    }
}

fn ask(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let named = input.text("area", 40)?;
    let place = req.app.db.read(|r| view::place(req, r, named.as_deref()))?.ok_or(Kind::NotFound)?;
    let runs = req.who.desk_over(&place.path).is_some();
    // Somebody of the place, or its desk.
    if !runs && !req.who.roles.iter().any(|r| r.path.starts_with(&place.path)) {
        return Err(Kind::Denied.into());
    }
    let (book, who) = (Book::now(req.app, &place.code)?, req.who.clone());
    let made = Ask::parse(&input, runs).and_then(|new| {
        if let Some(case) = &new.case {
            req.app.db.read(|r| crate::records::case::by_number(r, case))?.ok_or_else(|| Kind::Unknown.at("case"))?;
        }
        req.once(move |tx| act::ask(tx, &book, &who, &place, &new))
    });
    match made {
        Ok(number) if req.wants_json() => Ok(Reply::json(&json!({ "number": number }))?.status(201)),
        Ok(number) => Ok(Reply::see_other(req.url(&format!("/mediations/{number}?done=asked")))),
        // What was typed stands in the form again, with what is to be mended.
        Err(e) if !req.wants_json() && matches!(e.kind.status(), 409 | 422) => {
            let view = drafted(req, named.as_deref(), &input, Some(&e))?;
            Ok(req.page("activities/mediation/new.html", &view)?.status(e.kind.status()))
        }
        Err(e) => Err(e),
    }
}

fn join_form(req: &Req) -> Result<Reply> {
    req.page("activities/mediation/join.html", &json!({}))
}

fn join(req: &Req) -> Result<Reply> {
    let typed = req.input()?.need("code", 40)?;
    let keys = tries::keys("mediation", "code", req.ip);
    req.app.tries.check(&keys, req.now)?;
    req.myself()?;
    let (who, code, book) = (req.who.clone(), typed, Book::now(req.app, "")?);
    let found = req.once(move |tx| Ok(act::join(tx, &book, &who, &code)?.unwrap_or_default()));
    match found {
        Ok(number) if number.is_empty() => {
            req.app.tries.failed(&keys, req.now);
            Err(Kind::WrongCode.at("code"))
        }
        Ok(number) if req.wants_json() => Reply::json(&json!({ "number": number })),
        Ok(number) => Ok(Reply::see_other(req.url(&format!("/mediations/{number}?done=joined")))),
        Err(e) => Err(e),
    }
}

fn figures(req: &Req) -> Result<Reply> {
    let view = req.app.db.read(|r| {
        let place = view::place(req, r, req.query.get("area"))?.ok_or(Kind::NotFound)?;
        view::figures(req, r, &place)
    })?;
    req.page("activities/mediation/figures.html", &view)
}

fn mediators(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let (person, on) = (input.need("person", 40)?, input.flag("on"));
    let named = input.text("area", 40)?;
    let place = req.app.db.read(|r| view::place(req, r, named.as_deref()))?.ok_or(Kind::NotFound)?;
    let who = req.who.clone();
    req.once(move |tx| act::list(tx, &who, &place, &person, on).map(|()| String::new()))?;
    if req.wants_json() { Reply::json(&json!({})) } else { Ok(Reply::see_other(req.url("/mediations#mediators"))) }
}

/// The mediation of the path, for whom it concerns; for others it is not there.
fn find(req: &Req) -> Result<(Mediation, Stand)> {
    req.app.db.read(|r| {
        let one = by_number(r, req.param("number"))?;
        let at = stand(r, &req.who, &one)?;
        if at == Stand::Nobody { Err(Kind::NotFound.into()) } else { Ok((one, at)) }
    })
}

fn show(req: &Req, one: &Mediation, at: Stand, purpose: &'static str) -> Result<Reply> {
    let mut look = Look::new(&req.who, purpose);
    let view = req.app.db.read(|r| view::full(req, r, one, at, &mut look))?;
    look.record(req.app)?;
    Ok(req.page("activities/mediation/one.html", &view)?.header("cache-control", "no-store"))
}

fn one(req: &Req) -> Result<Reply> {
    let (one, at) = find(req)?;
    show(req, &one, at, "mediation")
}

/// Does something to the mediation of the path; its page follows.
fn done(
    req: &Req,
    what: &str,
    run: impl FnOnce(&mut store::Tx, &Book, &Who, &str) -> Result<()> + Send + 'static,
) -> Result<Reply> {
    let (one, _) = find(req)?;
    let code = req.app.db.read(|r| area::by_id(r, &one.area))?.map(|a| a.code).unwrap_or_default();
    let (book, who, id) = (Book::now(req.app, &code)?, req.who.clone(), one.id);
    req.once(move |tx| run(tx, &book, &who, &id).map(|()| String::new()))?;
    if !req.wants_json() {
        return Ok(Reply::see_other(req.url(&format!("/mediations/{}?done={what}", one.number))));
    }
    // Whoever stood back sees it no more.
    match find(req) {
        Ok((one, at)) => show(req, &one, at, "mediation"),
        Err(_) => Reply::json(&json!({})),
    }
}

fn way(input: &Input) -> Result<Way> {
    let way = input.text("way", 10)?;
    way.map_or(Ok(Way::App), |w| Way::parse(&w).ok_or_else(|| Kind::Unknown.at("way")))
}

fn consent(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let (yes, way, named) = (input.flag("yes"), way(&input)?, input.int("side", 1, 20)?);
    let (_, at) = find(req)?;
    let own = if let Stand::Side(n) = at { Some(n) } else { None };
    let n = named.or(own).ok_or_else(|| Kind::Missing.at("side"))?;
    done(req, "consent", move |tx, book, who, id| act::consent(tx, book, who, id, n, yes, way))
}

fn choose(req: &Req) -> Result<Reply> {
    let mediator = req.input()?.need("mediator", 40)?;
    done(req, "choose", move |tx, book, who, id| act::choose(tx, book, who, id, &mediator))
}

fn appoint(req: &Req) -> Result<Reply> {
    let people = req.input()?.list("mediator", 10)?;
    done(req, "appoint", move |tx, book, who, id| act::appoint(tx, book, who, id, &people))
}

fn decline(req: &Req) -> Result<Reply> {
    let (_, at) = find(req)?;
    if at != Stand::Mediator {
        return Err(Kind::Denied.into());
    }
    done(req, "decline", act::decline)
        .map(|reply| if req.wants_json() { reply } else { Reply::see_other(req.url("/mediations")) })
}

fn withdraw(req: &Req) -> Result<Reply> {
    done(req, "withdraw", act::withdraw)
}

fn refer(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let (to, why) = (input.need("to", 20)?, input.need("why", WORDS)?);
    done(req, "refer", move |tx, book, who, id| act::refer(tx, book, who, id, &to, &why))
}

/// A moment: RFC 3339 in `at`, or the day and the hour of a form.
fn moment(req: &Req, input: &Input) -> Result<Ms> {
    if let Some(text) = input.text("at", 40)? {
        return time::parse(&text).ok_or_else(|| Kind::WrongType.at("at"));
    }
    let (day, hour) = (input.need("date", 10)?, input.need("time", 5)?);
    let begins = time::day_begin(&day, &req.app.config.zone).ok_or_else(|| Kind::WrongType.at("date"))?;
    let minutes = hour.split_once(':').and_then(|(h, m)| {
        let (h, m): (i64, i64) = (h.parse().ok()?, m.parse().ok()?);
        ((0..24).contains(&h) && (0..60).contains(&m)).then_some(h * 60 + m)
    });
    Ok(begins + minutes.ok_or_else(|| Kind::WrongType.at("time"))? * MINUTE)
}

fn session(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let (at, place) = (moment(req, &input)?, input.need("place", 200)?);
    done(req, "session", move |tx, book, who, id| agree::session(tx, book, who, id, at, &place))
}

fn n_of(req: &Req) -> Result<i64> {
    req.param("n").parse().map_err(|_| Kind::NotFound.into())
}

fn record(req: &Req) -> Result<Reply> {
    let (words, n) = (req.input()?.need("text", WORDS)?, n_of(req)?);
    done(req, "record", move |tx, _, who, id| agree::record(tx, who, id, n, &words))
}

impl Draft {
    /// Reads the form: terms as `terms`, or rows of side, what and day.
    fn parse(input: &Input, zone: &jiff::tz::TimeZone) -> Result<Draft> {
        let mut terms = Vec::new();
        let one = |input: &Input, side: &'static str, what: &'static str, due: &'static str| -> Result<NewTerm> {
            Ok(NewTerm {
                side: input.int(side, 1, 20)?.ok_or_else(|| Kind::Missing.at("side"))?,
                what: input.need(what, TERM)?,
                due: input.until(due, zone)?.ok_or_else(|| Kind::Missing.at("due"))?,
            })
        };
        match input.0.get("terms") {
            Some(serde_json::Value::Array(items)) => {
                for item in items.iter().take(100) {
                    let serde_json::Value::Object(map) = item else { return Err(Kind::WrongType.at("terms")) };
                    terms.push(one(&Input(map.clone()), "side", "what", "due")?);
                }
            }
            _ => {
                for (side, what, due) in TERMS {
                    if input.text(what, TERM)?.is_some() {
                        terms.push(one(input, side, what, due)?);
                    }
                }
            }
        }
        Ok(Draft { oral: input.flag("oral"), text: input.need("text", WORDS)?, terms })
    }
}

fn draft(req: &Req) -> Result<Reply> {
    let new = Draft::parse(&req.input()?, &req.app.config.zone)?;
    done(req, "draft", move |tx, book, who, id| agree::draft(tx, book, who, id, &new))
}

fn sign(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let (n, way) = (input.int("side", 1, 20)?, way(&input)?);
    done(req, "sign", move |tx, book, who, id| agree::sign(tx, book, who, id, n, way))
}

fn stamp(req: &Req) -> Result<Reply> {
    done(req, "stamp", agree::stamp)
}

fn term(req: &Req) -> Result<Reply> {
    let (kept, n) = (req.input()?.flag("kept"), n_of(req)?);
    done(req, "term", move |tx, book, who, id| agree::term(tx, book, who, id, n, kept))
}

/// A desk above reads what only sides and mediators read: with a reason, written down before, and told to the sides.
fn look(req: &Req) -> Result<Reply> {
    let why = req.input()?.need("why", 500)?;
    let (one, at) = find(req)?;
    let role = req.who.desk_over(&one.path).filter(|r| r.kind == RoleKind::Subdistrict && r.body.as_ref() != Some(&one.desk));
    let Some(role) = role.filter(|_| at == Stand::Above).cloned() else { return Err(Kind::Denied.into()) };
    let code = req.app.db.read(|r| area::by_id(r, &one.area))?.map(|a| a.code).unwrap_or_default();
    let (book, who, id) = (Book::now(req.app, &code)?, req.who.clone(), one.id.clone());
    req.app.db.write(move |tx| {
        let one = super::by_id(tx, &id)?;
        let entry = Entry {
            role: Some(role.kind.as_str()),
            party: role.body.as_deref(),
            ..Entry::new("mediation.look", "mediation", &id)
        };
        tx.log(one.entry(&who, entry).element("mediation.words", Some(why.as_str())))?;
        tell(tx, &book, &one, &who, "mediation-looked")
    })?;
    show(req, &one, at, OVERSIGHT)
}
