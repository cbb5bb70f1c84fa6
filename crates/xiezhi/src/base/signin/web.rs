//! Pages: the number, the code, and, once, how to be called.

use calc::codes::mobile;
use serde::Serialize;

use super::{code, rules};
use crate::base::area;
use crate::base::party;
use crate::base::party::session::{self, Opening};
use crate::base::party::web::{back, opened_for};
use crate::kit::error::Kind;
use crate::kit::form::encode;
use crate::kit::http::May;
use crate::kit::{Reply, Req, Result, Route};

/// Routes of this room.
pub const ROUTES: &[Route] = &[
    Route::post(
        "/sign-in/code",
        May::Anyone,
        ask,
        "Has a code sent by SMS: `{phone, chain?}` gives `{chain}`; always the same answer.",
    ),
    Route::post(
        "/sign-in/code/check",
        May::Anyone,
        check,
        "Signs in with the code: `{phone, chain, code, shared?}`; an account comes to be where there is none.",
    ),
    Route::get("/me/name", May::SignedIn, name_page, "How a new resident wants to be called; may be skipped."),
    Route::post("/me/name", May::SignedIn, name, "Says how to be called, once: `{name}`."),
];

/// Characters of a chain.
const CHAIN: usize = 32;

/// Where the code is typed.
#[derive(Default, Serialize)]
struct Page {
    phone: String,
    chain: String,
    back: String,
    shared: bool,
    error: Option<&'static str>,
    wait: Option<i64>,
    /// What is wrong is the number, or how often it was named: the page of the number says so.
    ask: bool,
    /// Who can be called instead: name and number.
    desk: Option<(String, Option<String>)>,
}

fn page(req: &Req, view: Page, status: u16) -> Result<Reply> {
    if req.wants_json() {
        return Reply::json(&serde_json::json!({ "chain": view.chain }));
    }
    let desk = Some(desk(req)?);
    let reply = req.page("base/signin/code.html", &Page { desk, ..view })?;
    Ok(reply.status(status).header("referrer-policy", "no-referrer"))
}

/// Who can be called instead: name and number of the desk of the chosen community, or of the node.
pub fn desk(req: &Req) -> Result<(String, Option<String>)> {
    req.app.db.read(|r| {
        let desk = match &req.community {
            Some((code, _)) => match area::by_code(r, code)? {
                Some(area) => party::desk_of(r, &area.id)?,
                None => party::default_desk(r)?,
            },
            None => party::default_desk(r)?,
        };
        Ok((desk.name, desk.phone))
    })
}

/// What a page carries from one step to the next.
fn carried(req: &Req) -> Result<Page> {
    let input = req.input()?;
    let chain = input.text("chain", CHAIN)?.filter(|c| c.len() == CHAIN).unwrap_or_default();
    let back = back(input.text("back", 500)?.as_deref());
    Ok(Page { phone: input.text("phone", 30)?.unwrap_or_default(), chain, back, shared: input.flag("shared"), ..Page::default() })
}

fn ask(req: &Req) -> Result<Reply> {
    let mut view = carried(req)?;
    let chain = (!view.chain.is_empty()).then(|| view.chain.clone());
    let done = match mobile(&view.phone) {
        Some(mobile) => code::ask(req.app, req.ip, &mobile, chain),
        None if view.phone.is_empty() => Err(Kind::Missing.at("phone")),
        None => Err(Kind::WrongType.at("phone")),
    };
    match done {
        Ok(chain) => {
            view.chain = chain;
            page(req, view, 200)
        }
        Err(e) if req.wants_json() || e.kind == Kind::NotFound || e.kind.status() >= 500 => Err(e),
        Err(e) => {
            // Whoever presses again too soon stays where the code is typed.
            (view.ask, view.error, view.wait) = (view.chain.is_empty(), Some(e.kind.code()), e.limit);
            page(req, view, e.kind.status())
        }
    }
}

/// The community that was chosen, for an account that comes to be.
pub fn home(req: &Req) -> Result<Option<String>> {
    Ok(match &req.community {
        Some((code, _)) => req.app.db.read(|r| area::by_code(r, code))?.map(|a| a.id),
        None => None,
    })
}

fn check(req: &Req) -> Result<Reply> {
    let mut view = carried(req)?;
    let typed = req.input()?.text("code", 30)?;
    if view.phone.is_empty() || typed.is_none() && req.wants_json() {
        return Err(Kind::Missing.at(if view.phone.is_empty() { "phone" } else { "code" }));
    }
    let home = home(req)?;
    let proved = match (mobile(&view.phone), typed.as_deref().and_then(rules::typed)) {
        (Some(mobile), Some(code)) => code::check(req.app, req.ip, &mobile, &view.chain, &code, home),
        _ => Err(Kind::WrongCode.at("code")),
    };
    let proved = match proved {
        Ok(proved) => proved,
        Err(e) if !req.wants_json() && matches!(e.kind, Kind::WrongCode | Kind::SlowDown) => {
            (view.error, view.wait) = (Some(e.kind.code()), e.limit);
            return page(req, view, e.kind.status());
        }
        Err(e) => return Err(e),
    };
    let device = req.header_text("user-agent").unwrap_or_default();
    let by = Opening { way: Some(session::SMS.into()), ..Opening::default() };
    let opened = session::open(req.app, proved.person, view.shared, device, by)?;
    if proved.new && !req.wants_json() {
        let cookie = session::cookie(&req.app.config, &opened.token, opened.max_age);
        return Ok(Reply::see_other(req.url(&format!("/me/name?back={}", encode(&view.back)))).header("set-cookie", cookie));
    }
    opened_for(req, &opened)
}

#[derive(Serialize)]
struct Name {
    back: String,
}

fn name_page(req: &Req) -> Result<Reply> {
    req.myself()?;
    req.page("base/signin/name.html", &Name { back: back(req.query.get("back")) })
}

fn name(req: &Req) -> Result<Reply> {
    let (person, input) = (req.myself()?.to_owned(), req.input()?);
    let name = input.text("name", 60)?;
    if let Some(name) = name {
        req.app.db.write(move |tx| code::name(tx, &person, &name))?;
    } else if req.wants_json() {
        return Err(Kind::Missing.at("name"));
    }
    if req.wants_json() {
        return Reply::json(&serde_json::json!({}));
    }
    let to = back(req.form.get("back"));
    Ok(Reply::see_other(req.url(if to.is_empty() { "/" } else { &to })))
}
