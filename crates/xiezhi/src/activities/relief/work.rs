//! Routes of the work in an emergency: needs one by one and by the table, the proposal, loads and their receipts.

use serde_json::json;
use store::{Key, Query as _};

use super::detail::{self, LoadPage, LoadsPage, NeedsPage, PlanPage};
use super::need::{self, NewNeed, NewSite};
use super::plan::{self, Line};
use super::web::{QUANTITY, cause, done, known};
use super::{by_number, load, sheet};
use crate::base::catalogue::Look;
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::sheet::wrong::{self, Page};
use crate::kit::sheet::xlsx::{self, MIME};
use crate::kit::{Error, Reply, Req, Result, Route};

/// Routes of this part.
pub const ROUTES: &[Route] = &[
    Route::get("/relief/{e}/needs", May::Staff, needs, "Needs of the sites that the reader speaks for or answers for.")
        .gives::<NeedsPage>(),
    Route::post("/relief/{e}/sites", May::Staff, site, "Adds a site: `{area|body, name?, people}`."),
    Route::post(
        "/relief/{e}/needs",
        May::Staff,
        file,
        "What a site needs: `{site, class, quantity | unknown: true, people?, tier?, by?, words?}`.",
    ),
    Route::get("/relief/{e}/needs/table", May::Staff, empty_table, "An empty workbook for needs."),
    Route::post(
        "/relief/{e}/needs/table",
        May::Staff,
        table,
        "Needs by the table: a workbook or CSV as `file`; all of it or nothing.",
    ),
    Route::post("/relief/{e}/needs/{n}/tier", May::Staff, tier, "How urgent a need is: `{tier, why}`."),
    Route::post("/relief/{e}/needs/{n}/close", May::Staff, close, "A need is given up, or it is enough: `{why}`."),
    Route::get("/relief/{e}/plan", May::Staff, plan_page, "The proposal before the desk, with the reason of each line.")
        .gives::<PlanPage>(),
    Route::post("/relief/{e}/plan", May::Staff, propose, "Proposes anew who gets what; lines that the desk changed stay."),
    Route::post(
        "/relief/{e}/plan/{n}/lines",
        May::Staff,
        pin,
        "Changes a line or adds one: `{depot, need, class, quantity}`; 0 is nothing.",
    ),
    Route::post("/relief/{e}/plan/{n}/confirm", May::Staff, confirm, "Confirms it: everything in it is set aside, as loads."),
    Route::get("/relief/{e}/loads", May::Staff, loads, "Loads that the reader has to do with.").gives::<LoadsPage>(),
    Route::get("/relief/{e}/loads/{load}", May::Staff, one_load, "One load, and its receipt.").gives::<LoadPage>(),
    Route::post("/relief/{e}/loads/{load}/send", May::Staff, send, "It leaves the depot."),
    Route::post(
        "/relief/{e}/loads/{load}/hand",
        May::Staff,
        hand,
        "It came: `{received: [numbers], code?}`, in the order of its items. Gives a receipt.",
    ),
    Route::post(
        "/relief/{e}/loads/{load}/explain",
        May::Staff,
        explain,
        "Where the rest is: `{cause: back|expired|damaged|missing, why}`.",
    ),
    Route::post("/relief/{e}/loads/{load}/cancel", May::Staff, cancel, "It does not go: `{why}`."),
    Route::get("/relief/{e}/loads/{load}/receipt", May::Staff, receipt, "The hand-over with its proof, for `xiezhi verify`."),
];

fn needs(req: &Req) -> Result<Reply> {
    let mut look = Look::new(&req.who, "relief");
    let view = req.app.db.read(|r| {
        let relief = by_number(r, req.param("e"))?;
        detail::page(req, r, &relief, &mut look)
    })?;
    if view.sites.is_empty() && !view.may && !view.runs {
        return Err(Kind::Denied.into());
    }
    look.record(req.app)?;
    req.page("activities/relief/needs.html", &view)
}

fn site(req: &Req) -> Result<Reply> {
    let (input, (relief, book), who) = (req.input()?, known(req)?, req.who.clone());
    let limits = &book.pack.limits;
    let new = NewSite {
        name: input.text("name", limits.name)?,
        area: input.text("area", 40)?.unwrap_or_default(),
        body: input.text("body", 40)?,
        people: input.int("people", 1, limits.people)?.ok_or_else(|| Kind::Missing.at("people"))?,
    };
    let n = req.once(move |tx| Ok(need::add_site(tx, &book, &who, &relief.number, &new)?.to_string()))?;
    done(req, &json!({ "n": n.parse::<i64>().unwrap_or_default() }), &format!("/needs#s{n}"), 201)
}

fn file(req: &Req) -> Result<Reply> {
    let (input, (relief, book), who) = (req.input()?, known(req)?, req.who.clone());
    let limits = &book.pack.limits;
    let quantity = input.int("quantity", 1, limits.quantity)?;
    // Somebody who says nothing about it did not say that nobody knows.
    match (quantity, input.flag("unknown")) {
        (None, false) => return Err(Kind::Missing.at("quantity")),
        (Some(_), true) => return Err(Kind::WrongType.at("quantity")),
        _ => {}
    }
    let new = NewNeed {
        site: input.int("site", 1, i64::from(u32::MAX))?.ok_or_else(|| Kind::Missing.at("site"))?,
        class: input.need("class", 40)?,
        quantity,
        people: input.int("people", 1, limits.people)?,
        tier: input.int("tier", 1, 9)?.unwrap_or_else(|| sheet::need_tier(&book)),
        by: input.until("by", &req.app.config.zone)?,
        words: input.text("words", limits.words)?,
    };
    let site = new.site;
    let n = req.once(move |tx| Ok(need::file(tx, &book, &who, &relief.number, &new)?.to_string()))?;
    done(req, &json!({ "n": n.parse::<i64>().unwrap_or_default() }), &format!("/needs#s{site}"), 201)
}

/// A workbook of needs, with mistakes marked.
fn workbook(req: &Req, cells: &crate::kit::sheet::Table, problems: &[crate::kit::sheet::Problem]) -> Result<Vec<u8>> {
    let none: xlsx::Choices = |_, _| None;
    let sheets = vec![(&sheet::FORMS[0], cells)];
    let help = &["relief-table-rows", "relief-table-unknown", "wrong"];
    let book = xlsx::Book { sheets, problems, lang: req.lang, choices: none, help, more: Vec::new() };
    book.bytes(&req.app.texts)
}

fn empty_table(req: &Req) -> Result<Reply> {
    let head: Vec<String> = sheet::FORMS[0].columns.iter().map(|c| c.0.to_owned()).collect();
    let bytes = workbook(req, &vec![head], &[])?;
    let name = format!("attachment; filename=\"{}-needs.xlsx\"", req.param("e"));
    Ok(Reply::of(MIME, bytes).header("content-disposition", name))
}

fn table(req: &Req) -> Result<Reply> {
    let (relief, book) = known(req)?;
    let file = req.form.files.iter().find(|f| !f.bytes.is_empty()).ok_or_else(|| Kind::Missing.at("file"))?;
    let read = req.app.db.read(|r| sheet::read(r, &book, &req.who, &relief, &file.bytes))?;
    if !read.problems.is_empty() {
        let (marked, back) = (workbook(req, &read.cells, &read.problems)?, format!("/relief/{}/needs", relief.number));
        let page = Page {
            kind: Kind::BadTable,
            forms: &sheet::FORMS,
            back: (&back, "relief-needs"),
            file: "needs.xlsx",
            notes: Vec::new(),
        };
        return wrong::answer(req, page, &read.problems, &marked);
    }
    if read.needs.is_empty() {
        return Err(Kind::Missing.at("file"));
    }
    let (who, count) = (req.who.clone(), read.needs.len());
    req.once(move |tx| sheet::write(tx, &book, &who, &relief.number, &read.needs).map(|()| String::new()))?;
    done(req, &json!({ "filed": count }), &format!("/needs?filed={count}"), 201)
}

/// The need that the path names.
fn number(req: &Req) -> Result<i64> {
    Ok(req.param("n").parse().map_err(|_| Kind::NotFound)?)
}

fn tier(req: &Req) -> Result<Reply> {
    let (input, (relief, book), who, n) = (req.input()?, known(req)?, req.who.clone(), number(req)?);
    let why = input.need("why", book.pack.limits.why)?;
    let to = input.int("tier", 1, 9)?.ok_or_else(|| Kind::Missing.at("tier"))?;
    req.once(move |tx| need::tier(tx, &book, &who, &relief.number, n, to, &why).map(|()| String::new()))?;
    done(req, &json!({}), "/needs", 200)
}

fn close(req: &Req) -> Result<Reply> {
    let (input, (relief, book), who, n) = (req.input()?, known(req)?, req.who.clone(), number(req)?);
    let why = input.need("why", book.pack.limits.why)?;
    req.once(move |tx| need::close(tx, &book, &who, &relief.number, n, &why).map(|()| String::new()))?;
    done(req, &json!({}), "/needs", 200)
}

fn plan_page(req: &Req) -> Result<Reply> {
    let view = req.app.db.read(|r| {
        let relief = by_number(r, req.param("e"))?;
        if !relief.is_run_by(&req.who) {
            return Err(Error::from(Kind::Denied));
        }
        detail::plan(req, r, &relief)
    })?;
    req.page("activities/relief/plan.html", &view)
}

fn propose(req: &Req) -> Result<Reply> {
    let ((relief, book), who) = (known(req)?, req.who.clone());
    if !relief.is_run_by(&who) {
        return Err(Kind::Denied.into());
    }
    let lines = req.app.db.read(|r| plan::lines(r, &book, &relief))?;
    let n = req.once(move |tx| Ok(plan::propose(tx, &who, &relief.number, &lines)?.to_string()))?;
    done(req, &json!({ "n": n.parse::<i64>().unwrap_or_default() }), "/plan", 201)
}

fn pin(req: &Req) -> Result<Reply> {
    let (input, (relief, book), who, n) = (req.input()?, known(req)?, req.who.clone(), number(req)?);
    let one = |name: &'static str, least, most| input.int(name, least, most)?.ok_or_else(|| Kind::Missing.at(name));
    let line = Line {
        depot: one("depot", 1, i64::from(u16::MAX))?,
        need: one("need", 1, i64::from(u32::MAX))?,
        class: input.need("class", 40)?,
        quantity: one("quantity", 0, QUANTITY)?,
        pinned: true,
        why: "desk".into(),
    };
    req.once(move |tx| plan::pin(tx, &book, &who, &relief.number, n, &line).map(|()| String::new()))?;
    done(req, &json!({}), "/plan", 200)
}

fn confirm(req: &Req) -> Result<Reply> {
    let ((relief, book), who, n) = (known(req)?, req.who.clone(), number(req)?);
    let loads = req.once(move |tx| Ok(plan::confirm(tx, &book, &who, &relief.number, n)?.join(" ")))?;
    let loads: Vec<&str> = loads.split(' ').collect();
    done(req, &json!({ "loads": loads }), "/loads", 201)
}

fn loads(req: &Req) -> Result<Reply> {
    let view = req.app.db.read(|r| {
        let relief = by_number(r, req.param("e"))?;
        detail::loads(req, r, &relief)
    })?;
    req.page("activities/relief/loads.html", &view)
}

/// A load that belongs to the emergency of the path, for whoever has to do with it.
fn seen(req: &Req) -> Result<LoadPage> {
    let view = req.app.db.read(|r| {
        let relief = by_number(r, req.param("e"))?;
        let load = load::by_number(r, req.param("load"))?;
        if load.relief != relief.id {
            return Err(Error::from(Kind::NotFound));
        }
        detail::one(req, r, &relief, &load)
    })?;
    Ok(view.ok_or(Kind::Denied)?)
}

fn one_load(req: &Req) -> Result<Reply> {
    req.page("activities/relief/load.html", &seen(req)?)
}

fn back(req: &Req) -> Result<Reply> {
    let page = seen(req)?;
    if req.wants_json() {
        return Reply::json(&page);
    }
    Ok(Reply::see_other(req.url(&format!("/relief/{}/loads/{}", req.param("e"), req.param("load")))))
}

/// Number of the load, which belongs to the emergency of the path.
fn load_of(req: &Req) -> Result<String> {
    let load = req.param("load");
    let rest = load.strip_prefix(req.param("e")).and_then(|rest| rest.strip_prefix('-'));
    if rest.is_some() { Ok(load.to_owned()) } else { Err(Kind::NotFound.into()) }
}

fn send(req: &Req) -> Result<Reply> {
    let ((_, book), who, load) = (known(req)?, req.who.clone(), load_of(req)?);
    req.once(move |tx| load::send(tx, &book, &who, &load).map(|()| String::new()))?;
    back(req)
}

fn hand(req: &Req) -> Result<Reply> {
    let (input, (_, book), who, load) = (req.input()?, known(req)?, req.who.clone(), load_of(req)?);
    let received = received(&input)?;
    let said = input.text("code", 20)?;
    let tries = crate::kit::tries::keys("relief", &load, req.ip);
    if said.is_some() {
        req.app.tries.check(&tries, req.now)?;
    }
    let own = if req.key().is_none() { Some(req.app.new_id()) } else { None };
    let key = Key::new(req.who.key_space(), req.key().or(own.as_deref()).unwrap_or_default(), &req.fingerprint());
    let write = move |tx: &mut store::Tx| {
        let logged = load::hand(tx, &book, &who, &load, &received, said.as_deref())?;
        Ok::<_, Error>((String::new(), Some(logged)))
    };
    let once = req.app.db.write_once(key, write).inspect_err(|e| {
        if e.kind == Kind::WrongCode {
            req.app.tries.failed(&tries, req.now);
        }
    })?;
    if req.wants_json() {
        return Ok(Reply::json(&json!({ "receipt": once.receipt }))?.status(201));
    }
    back(req)
}

/// Numbers in the order of the items.
fn received(input: &crate::kit::input::Input) -> Result<Vec<i64>> {
    use serde_json::Value as Json;
    let number = |v: &Json| match v {
        Json::Number(n) => n.as_i64(),
        Json::String(s) => s.trim().parse().ok(),
        _ => None,
    };
    let all = match input.0.get("received") {
        None | Some(Json::Null) => return Err(Kind::Missing.at("received")),
        Some(Json::Array(all)) => all.iter().map(number).collect::<Option<Vec<i64>>>(),
        Some(one) => number(one).map(|n| vec![n]),
    };
    all.ok_or_else(|| Kind::WrongType.at("received"))
}

fn explain(req: &Req) -> Result<Reply> {
    let (input, (_, book), who, load) = (req.input()?, known(req)?, req.who.clone(), load_of(req)?);
    let (cause, why) = (cause(&input)?, input.need("why", book.pack.limits.why)?);
    req.once(move |tx| load::explain(tx, &book, &who, &load, cause, &why).map(|()| String::new()))?;
    back(req)
}

fn cancel(req: &Req) -> Result<Reply> {
    let (input, (_, book), who, load) = (req.input()?, known(req)?, req.who.clone(), load_of(req)?);
    let why = input.need("why", book.pack.limits.why)?;
    req.once(move |tx| load::cancel(tx, &book, &who, &load, &why).map(|()| String::new()))?;
    back(req)
}

fn receipt(req: &Req) -> Result<Reply> {
    let page = seen(req)?;
    let seq = page.hand_seq.ok_or(Kind::NotFound)?;
    let size = req.app.db.read(|r| r.log_size())?;
    let receipt = req.app.db.receipt(seq, size)?;
    let name = format!("attachment; filename=\"receipt-{}.json\"", page.load.number);
    Ok(Reply::json(&receipt)?.header("content-disposition", name))
}
