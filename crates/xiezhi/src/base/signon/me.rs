//! One's own account: what it is tied to, tying it, taking that away.

use schemars::JsonSchema;
use serde::Serialize;

use super::rules::RECENT;
use super::trip::Trip;
use super::web::{file, label, refused, return_url};
use super::{Ways, bound, has_more, provider, unbind};
use crate::base::catalogue::{Look, Relation};
use crate::base::party::session;
use crate::kit::config::sign_on::SignOnFile;
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::{Error, Reply, Req, Result, Route};

/// Routes of this part.
pub const ROUTES: &[Route] = &[
    Route::get("/me/sign-on", May::SignedIn, mine, "The sign-ons that my account is tied to, and those it could be.")
        .gives::<Mine>(),
    Route::post("/me/sign-on/{id}", May::SignedIn, tie, "Begins to tie my account to a provider: gives the link to go there."),
    Route::post("/me/sign-on/{id}/end", May::SignedIn, end, "Takes away what my account is tied to."),
];

#[derive(Serialize, JsonSchema)]
struct Mine {
    tied: Vec<Tied>,
    /// What it could be tied to.
    open: Vec<Open>,
    /// The sign-in is recent enough, and no card's.
    may_tie: bool,
    by_card: bool,
}

#[derive(Serialize, JsonSchema)]
struct Tied {
    id: String,
    label: String,
    since: String,
    /// Nothing else opens the account: it stays.
    only: bool,
    /// Who I am there.
    subject: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct Open {
    id: String,
    label: String,
}

/// Whether this session may tie the account: fresh, and not by a card, which somebody else may have found.
fn fresh(req: &Req) -> Result<(bool, bool)> {
    let session = req.who.session.clone().unwrap_or_default();
    let opened = req.app.db.read(|r| session::opened(r, &session))?;
    Ok(opened.map_or((false, false), |(since, card)| (!card && req.now - since <= RECENT, card)))
}

fn lets(req: &Req, file: &SignOnFile) -> bool {
    file.binds() && req.who.roles.iter().any(|r| file.lets(r.kind))
}

fn mine(req: &Req) -> Result<Reply> {
    let person = req.myself()?.to_owned();
    let (may_tie, by_card) = fresh(req)?;
    let ways = Ways::of(req.app);
    let (all, only) = req.app.db.read(|r| {
        let all = bound(r, &person)?;
        let mut only = Vec::new();
        for one in &all {
            only.push(!has_more(r, &ways, &person, &all, &one.id, req.now)?);
        }
        Ok::<_, Error>((all, only))
    })?;
    let mut look = Look::new(&req.who, "me");
    let files = &req.app.config.file.sign_on;
    let open = files.iter().filter(|f| lets(req, f) && !all.iter().any(|b| b.provider == f.id));
    let open = open.map(|f| Open { id: f.id.clone(), label: label(req, f) }).collect();
    let tied = all
        .into_iter()
        .zip(only)
        .map(|(b, only)| Tied {
            only,
            label: req.app.config.sign_on(&b.provider).map_or(b.provider.clone(), |f| label(req, f)),
            id: b.id,
            since: req.app.time(b.since),
            subject: b.subject.and_then(|s| look.at(&s, Relation::Owner)),
        })
        .collect();
    look.record(req.app)?;
    req.page("base/signon/me.html", &Mine { tied, open, may_tie, by_card })
}

#[derive(Serialize)]
struct Go {
    label: String,
    there: String,
}

fn tie(req: &Req) -> Result<Reply> {
    let (file, _) = (file(req)?, req.myself()?);
    if !lets(req, file) {
        return Err(Kind::SignOnRole.into());
    }
    if !fresh(req)?.0 {
        return Err(Kind::SignOnFresh.into());
    }
    let trip = Trip::new(req.app, &file.id, "/me/sign-on".into(), req.who.session.as_deref());
    let there = match provider(req.app, file)?.start(&trip, &return_url(req, file)) {
        Ok(there) => there,
        Err(e) => return refused(req, file, &trip, e),
    };
    // A page with a link, for our content policy lets no form lead to another site.
    let reply = req.page("base/signon/go.html", &Go { label: label(req, file), there })?;
    Ok(reply.header("set-cookie", trip.cookie(req.app)))
}

fn end(req: &Req) -> Result<Reply> {
    let (person, id) = (req.myself()?.to_owned(), req.param("id").to_owned());
    let (session, ways) = (req.who.session.clone().unwrap_or_default(), Ways::of(req.app));
    req.app.db.write(move |tx| unbind(tx, &ways, &person, &id, &session))?;
    if req.wants_json() { Reply::json(&serde_json::json!({})) } else { Ok(Reply::see_other(req.url("/me/sign-on"))) }
}
