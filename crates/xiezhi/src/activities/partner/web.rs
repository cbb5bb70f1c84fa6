//! Routes of organisations that join.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value as Json, json};

use super::act::{self, New};
use super::paper::{self, NewPaper};
use super::rules::{self, Answer, Stand};
use super::view::{self, Choice, Full, List, Queue};
use super::{Book, by_number, member, owned, pack, stand};
use crate::base::area::{self, Area, web::AreaView};
use crate::base::catalogue::Look;
use crate::base::media;
use crate::base::party::Chart;
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::input::Input;
use crate::kit::{Error, Reply, Req, Result, RoleKind, Route, tries};

/// Routes of this part.
pub const ROUTES: &[Route] = &[
    Route::get("/join", May::Anyone, form, "The form with which an organisation joins (`kind`, `area`).").gives::<Form>(),
    Route::post(
        "/join",
        May::SignedIn,
        ask,
        "Asks to join: `{kind, name, uscc?, backer?, about, area, contact, phone, public_phone?, papers: [{kind, media, until?}]}`.",
    )
    .gives::<Full>(),
    Route::get("/partners", May::Anyone, list, "Organisations that joined (`area`, `kind`).").gives::<List>(),
    Route::get("/partners/queue", May::Staff, queue, "What waits for a desk, and whose certificates end.").gives::<Queue>(),
    Route::get("/partners/invitation", May::SignedIn, invitation, "The form that takes an invitation (`code`)."),
    Route::post("/partners/invitation", May::SignedIn, join, "Takes an invitation: `{code}`."),
    Route::get("/partners/{number}", May::Anyone, one, "One organisation; what it showed for its people and the desk.").gives::<Full>(),
    Route::post(
        "/partners/{number}/decide",
        May::Staff,
        decide,
        "The desk: `{answer: ask|approve|refuse|suspend|resume|end, why?}`.",
    )
    .gives::<Full>(),
    Route::post("/partners/{number}/answer", May::SignedIn, answer, "Answers what the desk asks: `{words, papers?}`.").gives::<Full>(),
    Route::post("/partners/{number}/appeal", May::SignedIn, appeal, "Asks once more after a refusal: `{words}`.").gives::<Full>(),
    Route::post("/partners/{number}/withdraw", May::SignedIn, withdraw, "Takes the application back."),
    Route::post("/partners/{number}/about", May::SignedIn, change, "What its page says: `{about, public_phone?}`.").gives::<Full>(),
    Route::post("/partners/{number}/papers", May::SignedIn, renew, "Hands in a certificate: `{kind, media, until?}`.").gives::<Full>(),
    Route::get("/partners/{number}/papers/{n}", May::SignedIn, picture, "A certificate, for its people and the desk."),
    Route::post("/partners/{number}/papers/{n}", May::Staff, seen, "The desk has seen a certificate: `{fits, why?}`.").gives::<Full>(),
    Route::post("/partners/{number}/members", May::SignedIn, invite, "Invites somebody; gives the code to pass on."),
    Route::post("/partners/{number}/members/{n}/end", May::SignedIn, end, "Ends a membership, or takes an invitation back.").gives::<Full>(),
];

/// Certificates of one form.
const PAPERS: usize = 8;

/// Fields of the form.
const FIELDS: [&str; 9] = ["kind", "name", "uscc", "backer", "about", "area", "contact", "phone", "public_phone"];

/// The form: first the kind, then what that kind shows.
#[derive(Serialize, JsonSchema)]
struct Form {
    kinds: Vec<String>,
    kind: Option<String>,
    may_lack_code: bool,
    papers: Vec<Choice>,
    areas: Vec<AreaView>,
    typed: BTreeMap<String, String>,
    /// Uploads that were kept before the form was refused, by certificate.
    kept: BTreeMap<String, String>,
    error: Option<String>,
    field: Option<String>,
}

fn draw(
    req: &Req,
    kind: Option<&str>,
    typed: BTreeMap<String, String>,
    kept: BTreeMap<String, String>,
    error: Option<&Error>,
) -> Result<Reply> {
    let code = typed.get("area").map(String::as_str).or(req.community.as_ref().map(|(c, _)| c.as_str())).unwrap_or_default();
    let pack = pack::at(code);
    let needs = kind.and_then(RoleKind::parse).and_then(|k| pack.needs(k));
    let areas = req.app.db.read(|r| {
        let chart = Chart::read(r, req.app)?;
        let mut ids: Vec<String> = chart.bodies().filter(|b| b.kind.is_desk()).map(|b| b.area.clone()).collect();
        ids.sort();
        ids.dedup();
        let mut areas = area::by_ids(r, ids.iter())?;
        areas.retain(|a| a.kind != "nation");
        areas.sort_by(|a, b| a.code.cmp(&b.code));
        Ok::<_, Error>(areas)
    })?;
    let papers = needs.map(|n| view::choices(req, pack, n)).unwrap_or_default();
    // A page asks for each of them, also where nothing was typed.
    let (mut typed, mut kept) = (typed, kept);
    for name in FIELDS {
        typed.entry(name.to_owned()).or_default();
    }
    for paper in &papers {
        typed.entry(format!("until-{}", paper.id)).or_default();
        kept.entry(paper.id.clone()).or_default();
    }
    let view = Form {
        kinds: pack.kind.iter().map(|k| k.role.clone()).collect(),
        kind: needs.map(|n| n.role.clone()),
        may_lack_code: needs.is_some_and(|n| n.code == pack::Code::OrBacker),
        papers,
        areas: areas.iter().map(Into::into).collect(),
        typed,
        kept,
        error: error.map(|e| said(req, pack, e)),
        field: error.and_then(|e| e.field.as_deref().map(str::to_owned)),
    };
    let status = error.map_or(200, |e| e.kind.status());
    Ok(req.page("activities/partner/join.html", &view)?.status(status))
}

/// What an error says, with the certificate it is about by its name.
fn said(req: &Req, pack: &pack::Pack, error: &Error) -> String {
    let named = error.field.as_deref().map(|f| pack.paper_name(f, req.lang)).filter(|n| !n.is_empty());
    let colon = if req.lang == crate::kit::i18n::Lang::Zh { "：" } else { ": " };
    named.map_or_else(|| req.error_text(error), |n| format!("{n}{colon}{}", req.error_text(error)))
}

fn form(req: &Req) -> Result<Reply> {
    let mut typed = BTreeMap::new();
    let area = req.query.get("area").or(req.community.as_ref().map(|(c, _)| c.as_str()));
    typed.extend(area.map(|a| ("area".to_owned(), a.to_owned())));
    draw(req, req.query.get("kind"), typed, BTreeMap::new(), None)
}

/// The place that is named.
fn place(req: &Req, input: &Input) -> Result<Area> {
    let code = input.need("area", 40)?;
    req.app.db.read(|r| area::by_code(r, &code))?.ok_or_else(|| Kind::Unknown.at("area"))
}

/// What somebody says of the organisation, without its certificates.
fn parse(input: &Input) -> Result<New> {
    let kind = RoleKind::parse(&input.need("kind", 30)?).ok_or_else(|| Kind::Unknown.at("kind"))?;
    Ok(New {
        kind,
        name: input.need("name", rules::NAME)?,
        uscc: input.text("uscc", 40)?.map(|c| rules::code(&c)).transpose()?,
        backer: input.text("backer", rules::NAME)?,
        about: input.need("about", rules::ABOUT)?,
        contact: input.need("contact", 30)?,
        phone: phone(input, "phone")?.ok_or_else(|| Kind::Missing.at("phone"))?,
        public_phone: phone(input, "public_phone")?,
        papers: Vec::new(),
    })
}

/// A number that can be called.
fn phone(input: &Input, name: &'static str) -> Result<Option<String>> {
    let fits = |c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | ' ' | '(' | ')');
    match input.text(name, 30)? {
        Some(text) if !text.chars().all(fits) || text.chars().filter(char::is_ascii_digit).count() < 5 => {
            Err(Kind::NoNumber.at(name))
        }
        text => Ok(text),
    }
}

/// The certificates of a call (`papers`), or of a form: a file and a day for each kind that is shown there. The files of a form
/// are kept; `kept` remembers them for a form that is shown again.
fn papers(req: &Req, input: &Input, shown: &[&str], kept: &mut BTreeMap<String, String>) -> Result<Vec<NewPaper>> {
    let mut out = Vec::new();
    let zone = &req.app.config.zone;
    if let Some(all) = input.0.get("papers") {
        let all = all.as_array().ok_or_else(|| Kind::WrongType.at("papers"))?;
        if all.len() > PAPERS {
            return Err(Kind::TooMany.at("papers").limit(PAPERS as i64));
        }
        for one in all {
            let one = Input(one.as_object().cloned().ok_or_else(|| Kind::WrongType.at("papers"))?);
            out.push(NewPaper { kind: one.need("kind", 40)?, media: one.need("media", 40)?, until: one.until("until", zone)? });
        }
        return Ok(out);
    }
    for kind in shown {
        let field =
            |name: &str| input.0.get(&format!("{name}-{kind}")).and_then(Json::as_str).unwrap_or_default().trim().to_owned();
        let day = Input([("until".to_owned(), Json::from(field("until")))].into_iter().collect());
        let until = day.until("until", zone).map_err(|e| e.field((*kind).to_owned()))?;
        let file = req.form.files.iter().find(|f| f.field == format!("paper-{kind}") && !f.bytes.is_empty());
        let media = match (file, field("media")) {
            (Some(file), _) => media::keep(req.app, &req.who, &file.bytes).map_err(|e| e.field((*kind).to_owned()))?,
            (None, held) if !held.is_empty() => held,
            (None, _) if until.is_some() => return Err(Kind::PaperMissing.at((*kind).to_owned())),
            (None, _) => continue,
        };
        kept.insert((*kind).to_owned(), media.clone());
        out.push(NewPaper { kind: (*kind).to_owned(), media, until });
    }
    Ok(out)
}

fn ask(req: &Req) -> Result<Reply> {
    let (input, mut kept) = (req.input()?, BTreeMap::new());
    match try_ask(req, &input, &mut kept) {
        Ok(number) => shown(req, &number, "asked", 201),
        Err(e) if !req.wants_json() && matches!(e.kind.status(), 409 | 413 | 415 | 422) => {
            let text = |(k, v): (&String, &Json)| v.as_str().map(|v| (k.clone(), v.to_owned()));
            let typed: BTreeMap<String, String> = input.0.iter().filter_map(text).collect();
            let kind = typed.get("kind").cloned();
            draw(req, kind.as_deref(), typed, kept, Some(&e))
        }
        Err(e) => Err(e),
    }
}

fn try_ask(req: &Req, input: &Input, kept: &mut BTreeMap<String, String>) -> Result<String> {
    req.myself()?;
    let mut new = parse(input)?;
    let area = place(req, input)?;
    let book = Book::now(req.app, &area.code)?;
    let needs = book.pack.needs(new.kind).ok_or_else(|| Kind::Unknown.at("kind"))?;
    // What can be known without the files is said before they are kept.
    rules::identified(needs, new.uscc.as_deref(), new.backer.as_deref())?;
    let ids: Vec<&str> = needs.shown().map(String::as_str).collect();
    new.papers = papers(req, input, &ids, kept)?;
    for paper in &new.papers {
        rules::takes(book.pack, needs, &paper.kind, paper.until, req.now).map_err(|e| e.field(paper.kind.clone()))?;
    }
    let who = req.who.clone();
    req.once(move |tx| act::ask(tx, &book, &who, &area, &new))
}

fn list(req: &Req) -> Result<Reply> {
    let view = req.app.db.read(|r| {
        let path = area::around(req, r)?;
        let book = Book::read(r, req.app, "")?;
        view::list(req, r, &book, &path)
    })?;
    req.page("activities/partner/list.html", &view)
}

fn queue(req: &Req) -> Result<Reply> {
    let path = req.who.widest_desk().ok_or(Kind::Denied)?.path.clone();
    let book = Book::now(req.app, "")?;
    let view = req.app.db.read(|r| view::queue(req, r, &book, &path))?;
    req.page("activities/partner/queue.html", &view)
}

/// The rules of the place of an organisation.
fn book_of(req: &Req, number: &str) -> Result<Book> {
    let code = req.app.db.read(|r| {
        let one = by_number(r, number)?;
        Ok::<_, Error>(area::by_id(r, &one.area)?.map(|a| a.code).unwrap_or_default())
    })?;
    Book::now(req.app, &code)
}

fn full(req: &Req, number: &str) -> Result<Full> {
    let (mut look, book) = (Look::new(&req.who, "partner"), book_of(req, number)?);
    let view = req.app.db.read(|r| {
        let one = by_number(r, number)?;
        view::full(req, r, &book, &one, &mut look)
    })?;
    look.record(req.app)?;
    Ok(view)
}

/// It as it is now, or the way back to its page.
fn shown(req: &Req, number: &str, done: &str, status: u16) -> Result<Reply> {
    req.done(&format!("/partners/{number}?done={done}"), status, || full(req, number))
}

fn one(req: &Req) -> Result<Reply> {
    req.page("activities/partner/one.html", &full(req, req.param("number"))?)
}

fn decide(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let answer = Answer::parse(&input.need("answer", 20)?).ok_or_else(|| Kind::Unknown.at("answer"))?;
    let why = input.text("why", rules::WORDS)?;
    let (who, number, book) = (req.who.clone(), req.param("number").to_owned(), book_of(req, req.param("number"))?);
    req.once(move |tx| act::decide(tx, &book, &who, &number, answer, why.as_deref()).map(|()| String::new()))?;
    shown(req, req.param("number"), answer.as_str(), 200)
}

fn answer(req: &Req) -> Result<Reply> {
    let (input, book) = (req.input()?, book_of(req, req.param("number"))?);
    let words = input.need("words", rules::WORDS)?;
    req.myself()?;
    let one = req.app.db.read(|r| by_number(r, req.param("number")))?;
    let ids: Vec<&str> = one.needs(book.pack)?.shown().map(String::as_str).collect();
    let papers = papers(req, &input, &ids, &mut BTreeMap::new())?;
    let (who, number) = (req.who.clone(), req.param("number").to_owned());
    req.once(move |tx| act::answer(tx, &book, &who, &number, &words, &papers).map(|()| String::new()))?;
    shown(req, req.param("number"), "answered", 200)
}

fn appeal(req: &Req) -> Result<Reply> {
    let words = req.input()?.need("words", rules::WORDS)?;
    let (who, number, book) = (req.who.clone(), req.param("number").to_owned(), book_of(req, req.param("number"))?);
    req.once(move |tx| act::appeal(tx, &book, &who, &number, &words).map(|()| String::new()))?;
    shown(req, req.param("number"), "appealed", 200)
}

fn withdraw(req: &Req) -> Result<Reply> {
    let (who, number, book) = (req.who.clone(), req.param("number").to_owned(), book_of(req, req.param("number"))?);
    req.once(move |tx| {
        let one = owned(tx, &book, &who, &number)?;
        act::withdraw(tx, &book, &who, &one).map(|()| String::new())
    })?;
    if req.wants_json() { Reply::json(&json!({ "state": "withdrawn" })) } else { Ok(Reply::see_other(req.url("/partners"))) }
}

fn change(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let (about, public) = (input.need("about", rules::ABOUT)?, phone(&input, "public_phone")?);
    let (who, number, book) = (req.who.clone(), req.param("number").to_owned(), book_of(req, req.param("number"))?);
    req.once(move |tx| act::change(tx, &book, &who, &number, &about, public.as_deref()).map(|()| String::new()))?;
    shown(req, req.param("number"), "saved", 200)
}

fn renew(req: &Req) -> Result<Reply> {
    let (input, book) = (req.input()?, book_of(req, req.param("number"))?);
    req.myself()?;
    let until = input.until("until", &req.app.config.zone)?;
    let kind = input.need("kind", 40)?;
    let one = req.app.db.read(|r| {
        let one = by_number(r, req.param("number"))?;
        if stand(r, &book.chart, &req.who, &one)? != Stand::Own {
            return Err(Kind::Denied.into());
        }
        Ok::<_, Error>(one)
    })?;
    rules::takes(book.pack, one.needs(book.pack)?, &kind, until, req.now)?;
    let media = match req.form.files.iter().find(|f| f.field == "paper" && !f.bytes.is_empty()) {
        Some(file) => media::keep(req.app, &req.who, &file.bytes)?,
        None => input.need("media", 40)?,
    };
    let (who, number, paper) = (req.who.clone(), one.number, NewPaper { kind, media, until });
    req.once(move |tx| paper::renew(tx, &book, &who, &number, &paper).map(|()| String::new()))?;
    shown(req, req.param("number"), "paper", 200)
}

fn n_of(req: &Req) -> Result<i64> {
    req.param("n").parse().map_err(|_| Kind::NotFound.into())
}

fn picture(req: &Req) -> Result<Reply> {
    let (n, book, mut look) = (n_of(req)?, book_of(req, req.param("number"))?, Look::new(&req.who, "partner"));
    let (partner, media) = req.app.db.read(|r| {
        let one = by_number(r, req.param("number"))?;
        if !matches!(stand(r, &book.chart, &req.who, &one)?, Stand::Own | Stand::Desk) {
            return Err(Kind::Denied.into());
        }
        let paper = paper::of(r, &one.id)?.into_iter().find(|p| p.n == n).ok_or(Kind::NotFound)?;
        Ok::<_, Error>((one.id, paper.media))
    })?;
    look.gives(&partner, "partner.paper");
    let (bytes, kind) = media::bytes(req.app, &partner, &media)?;
    look.record(req.app)?;
    Ok(Reply::of(kind, bytes).header("cache-control", "no-store"))
}

fn seen(req: &Req) -> Result<Reply> {
    let (input, n) = (req.input()?, n_of(req)?);
    let (fits, why) = (input.flag("fits"), input.text("why", rules::WORDS)?);
    let (who, number, book) = (req.who.clone(), req.param("number").to_owned(), book_of(req, req.param("number"))?);
    req.once(move |tx| paper::seen(tx, &book, &who, &number, n, fits, why.as_deref()).map(|()| String::new()))?;
    shown(req, req.param("number"), "saved", 200)
}

fn invite(req: &Req) -> Result<Reply> {
    let (who, number, book) = (req.who.clone(), req.param("number").to_owned(), book_of(req, req.param("number"))?);
    let code = req.once(move |tx| member::invite(tx, &book, &who, &number))?;
    if req.wants_json() {
        return Ok(Reply::json(&json!({ "code": code }))?.status(201));
    }
    Ok(Reply::see_other(req.url(&format!("/partners/{}?done=invited#members", req.param("number")))))
}

fn end(req: &Req) -> Result<Reply> {
    let n = n_of(req)?;
    let (who, number, book) = (req.who.clone(), req.param("number").to_owned(), book_of(req, req.param("number"))?);
    req.once(move |tx| member::end(tx, &book, &who, &number, n).map(|()| String::new()))?;
    shown(req, req.param("number"), "saved", 200)
}

fn invitation(req: &Req) -> Result<Reply> {
    let typed = req.query.get("code").unwrap_or_default().chars().take(40).collect::<String>();
    let keys = tries::keys("partner", "code", req.ip);
    req.app.tries.check(&keys, req.now)?;
    let found = req.app.db.read(|r| member::invitation(r, &typed, req.now))?;
    if found.is_none() && !typed.is_empty() {
        req.app.tries.failed(&keys, req.now);
    }
    let wrong = found.is_none() && !typed.is_empty();
    let (name, kind) = found.map(|(one, _)| (one.name, one.kind)).unzip();
    req.page("activities/partner/invitation.html", &json!({ "code": typed, "name": name, "kind": kind, "wrong": wrong }))
}

fn join(req: &Req) -> Result<Reply> {
    let typed = req.input()?.need("code", 40)?;
    let keys = tries::keys("partner", "code", req.ip);
    req.app.tries.check(&keys, req.now)?;
    req.myself()?;
    let who = req.who.clone();
    let number = req.once(move |tx| Ok(member::join(tx, &who, &typed)?.unwrap_or_default()))?;
    if number.is_empty() {
        req.app.tries.failed(&keys, req.now);
        return Err(Kind::WrongCode.at("code"));
    }
    if req.wants_json() {
        return Reply::json(&json!({ "number": number }));
    }
    Ok(Reply::see_other(req.url(&format!("/partners/{number}?done=joined"))))
}
