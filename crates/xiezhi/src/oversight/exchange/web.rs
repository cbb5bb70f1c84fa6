//! Routes of the exchange: pages for staff, forms for the administrator, calls of other nodes.
//!
//! What must stay true: calls of nodes prove themselves by what they bring, so they need no session, and get nothing without it.

use serde_json::json;

use super::carry::http::Polled;
use super::carry::{file, http};
use super::view::{self, Made, Page};
use super::{inbox, join, node, peer, wire};
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::{Reply, Req, Result, Route};
use crate::records::open311::outbound::endpoint;

/// Routes of this room.
pub const ROUTES: &[Route] = &[
    Route::get("/exchange", May::SignedIn, page, "Who exchanges with this node, what they confirmed, what waits.")
        .gives::<Page>(),
    Route::post("/exchange/name", May::Admin, name, "Names this node: `{code, name}`."),
    Route::post(
        "/exchange/invitations",
        May::Admin,
        invite,
        "Invites a level beneath or a department: `{code, name, relation?, body?, grade?}`; the line is shown once.",
    )
    .gives::<Page>(),
    Route::post(
        "/exchange/accept",
        May::Admin,
        accept,
        "Accepts an invitation of the level above: `{invitation, grade?}`; brings the answer, or shows it to be passed on.",
    )
    .gives::<Page>(),
    Route::post("/exchange/answers", May::Admin, answer, "Takes in the answer to an invitation: `{join}`."),
    Route::post("/exchange/peers/{id}/hold", May::Admin, hold, "Holds a peer: it gives and gets nothing."),
    Route::post("/exchange/peers/{id}/release", May::Admin, release, "Lets a held peer go on."),
    Route::post("/exchange/peers/{id}/end", May::Admin, end, "Ends the exchange with a peer: its key counts for nothing."),
    Route::post("/exchange/peers/{id}/grade", May::Admin, grade, "Highest grade of a value that goes to it: `{grade}`."),
    Route::post("/exchange/peers/{id}/address", May::Admin, address, "Where a peer is called from now on: `{url}`."),
    Route::get("/exchange/peers/{id}/file", May::Admin, carried, "A sealed file with all that a peer lacks, for a USB stick."),
    Route::post("/exchange/files", May::Admin, brought, "Takes a sealed file in: the part `file`.").gives::<file::Brought>(),
    Route::post("/exchange/parked/{id}/try", May::Admin, again, "Tries a parked event again."),
    Route::post("/exchange/words", May::Admin, words, "Says something to all levels beneath, or to one: `{words, to?}`."),
    Route::post(
        "/exchange/v1/batch",
        May::Anyone,
        batch,
        "A node gives a sealed batch of CloudEvents; the answer is a signed watermark.",
    ),
    Route::post("/exchange/v1/poll", May::Anyone, poll, "A node asks for what is for it, by a signed watermark: `{watermark}`."),
    Route::post("/exchange/v1/join", May::Anyone, joined, "A node answers an invitation: `{join}`."),
];

/// Characters of a word to the levels beneath.
const WORDS: usize = 1_000;

fn page(req: &Req) -> Result<Reply> {
    let who = &req.who;
    if !who.is_staff() && !who.is(crate::kit::RoleKind::SystemAdmin) && !who.roles.iter().any(|r| r.kind.watches()) {
        return Err(Kind::Denied.into());
    }
    shown(req, None)
}

fn shown(req: &Req, made: Option<Made>) -> Result<Reply> {
    let may = req.who.is(crate::kit::RoleKind::SystemAdmin) && req.who.by.is_none();
    req.page("oversight/exchange/exchange.html", &view::page(req, may, made)?)
}

fn after(req: &Req) -> Result<Reply> {
    req.done("/exchange", 200, || view::page(req, true, None))
}

fn name(req: &Req) -> Result<Reply> {
    let (input, actor) = (req.input()?, req.myself()?.to_owned());
    let (code, name) = (input.need("code", 20)?, input.need("name", node::NAMES)?);
    req.once(move |tx| node::name(tx, &actor, &code, &name).map(|()| String::new()))?;
    after(req)
}

fn grade_of(req: &Req) -> Result<i64> {
    Ok(req.input()?.int("grade", 1, 4)?.unwrap_or(join::GRADE))
}

/// Where others call us: what the settings say. Without it others learn it from nobody, and sealed files carry.
fn own_url(req: &Req) -> Option<String> {
    endpoint(req.absolute("").trim_end_matches('/'))
}

fn invite(req: &Req) -> Result<Reply> {
    let (input, actor) = (req.input()?, req.myself()?.to_owned());
    let relation = input.text("relation", 20)?.unwrap_or_else(|| "child".into());
    let relation = peer::Relation::parse(&relation).filter(|r| *r != peer::Relation::Parent);
    let new = join::New {
        code: input.need("code", 20)?,
        name: input.need("name", node::NAMES)?,
        relation: relation.ok_or_else(|| Kind::Unknown.at("relation"))?,
        body: input.text("body", 40)?,
        grade: grade_of(req)?,
        url: own_url(req),
    };
    let line = join::invite(req.app, &actor, new)?;
    shown(req, Some(Made { kind: "invitation", line, brought: false }))
}

fn accept(req: &Req) -> Result<Reply> {
    let (input, actor) = (req.input()?, req.myself()?.to_owned());
    let text = input.need("invitation", join::MOST)?;
    let url = join::Invitation::read(&text).and_then(|i| i.url);
    let line = join::accept(req.app, &actor, &text, grade_of(req)?, None)?;
    // Without a network the line is passed on by hand.
    let brought = url.is_some_and(|url| http::join(&url, &line).is_ok());
    shown(req, Some(Made { kind: "join", line, brought }))
}

fn answer(req: &Req) -> Result<Reply> {
    req.myself()?;
    join::welcome(req.app, &req.input()?.need("join", join::MOST)?)?;
    after(req)
}

fn joined(req: &Req) -> Result<Reply> {
    let peer = join::welcome(req.app, &req.input()?.need("join", join::MOST)?)?;
    Reply::json(&json!({ "origin": req.app.db.origin(), "code": peer.code, "state": peer.state.as_str() }))
}

fn turned(req: &Req, turn: fn(&mut store::Tx, &peer::Peer, &str) -> Result<()>) -> Result<Reply> {
    let (id, actor) = (req.param("id").to_owned(), req.myself()?.to_owned());
    req.once(move |tx| {
        let peer = peer::by_id(tx, &id)?.ok_or(Kind::NotFound)?;
        turn(tx, &peer, &actor).map(|()| String::new())
    })?;
    after(req)
}

fn hold(req: &Req) -> Result<Reply> {
    turned(req, |tx, p, actor| peer::hold(tx, p, Some(actor), "people"))
}

fn release(req: &Req) -> Result<Reply> {
    turned(req, peer::release)
}

fn end(req: &Req) -> Result<Reply> {
    turned(req, peer::end)
}

fn grade(req: &Req) -> Result<Reply> {
    let (id, actor, grade) = (req.param("id").to_owned(), req.myself()?.to_owned(), grade_of(req)?);
    req.once(move |tx| {
        let peer = peer::by_id(tx, &id)?.ok_or(Kind::NotFound)?;
        peer::set_grade(tx, &peer, &actor, grade).map(|()| String::new())
    })?;
    after(req)
}

fn address(req: &Req) -> Result<Reply> {
    let (id, actor) = (req.param("id").to_owned(), req.myself()?.to_owned());
    let url = endpoint(&req.input()?.need("url", 500)?).ok_or_else(|| Kind::Unknown.at("url"))?;
    req.once(move |tx| {
        let peer = peer::by_id(tx, &id)?.ok_or(Kind::NotFound)?;
        peer::set_url(tx, &peer, &actor, &url).map(|()| String::new())
    })?;
    after(req)
}

fn carried(req: &Req) -> Result<Reply> {
    req.myself()?;
    let peer = req.app.db.read(|r| peer::by_id(r, req.param("id")))?.filter(|p| p.state == peer::Standing::Joined);
    let peer = peer.ok_or(Kind::NotFound)?;
    let name = format!("attachment; filename=\"{}.xiezhi\"", wire::short(&peer.origin));
    Ok(Reply::of("application/octet-stream", file::write(req.app, &peer)?).header("content-disposition", name))
}

fn brought(req: &Req) -> Result<Reply> {
    req.myself()?;
    let file = req.form.files.iter().find(|f| f.field == "file").ok_or_else(|| Kind::Missing.at("file"))?;
    let brought = file::read(req.app, &file.bytes)?;
    req.done("/exchange", 200, || Ok(brought))
}

fn again(req: &Req) -> Result<Reply> {
    inbox::unpark(req.app, req.myself()?, req.param("id"))?;
    after(req)
}

fn words(req: &Req) -> Result<Reply> {
    let (input, actor) = (req.input()?, req.myself()?.to_owned());
    let (words, to) = (input.need("words", WORDS)?, input.text("to", 40)?);
    req.once(move |tx| {
        let to = match to {
            Some(id) => peer::by_id(tx, &id)?.ok_or_else(|| Kind::Unknown.at("to"))?.id,
            None => super::out::ALL.to_owned(),
        };
        let entry = store::Entry { actor: Some(&actor), ..store::Entry::new("exchange.word", "exchange-peer", &to) };
        tx.log(entry.fact("words", words.as_str()))?;
        Ok(String::new())
    })?;
    after(req)
}

fn batch(req: &Req) -> Result<Reply> {
    let json = req.json.clone().ok_or(Kind::BadJson)?;
    Reply::json(&http::posted(req.app, json)?)
}

fn poll(req: &Req) -> Result<Reply> {
    let text = req.json.as_ref().and_then(|j| j["watermark"].as_str()).ok_or_else(|| Kind::Missing.at("watermark"))?;
    Ok(match http::polled(req.app, text)? {
        Polled::Batch(bytes) => Reply::of(wire::KIND, bytes),
        // An empty body: whoever asked stands at the end.
        Polled::Nothing => Reply::of(wire::KIND, Vec::new()),
        Polled::Nonce(nonce) => Reply::json(&json!({ "nonce": nonce }))?,
    })
}
