//! One's own account: what it is tied to, tying it, taking that away.

use schemars::JsonSchema;
use serde::Serialize;

use super::rules::{self, Untied};
use super::trip::Trip;
use super::web::{file, label, refused, return_url};
use super::{Ways, bound, has_more, provider, unbind};
use crate::base::catalogue::{Look, Relation};
use crate::base::party::session::{self, Origin};
use crate::kit::config::sign_on::SignOnFile;
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::{Error, Reply, Req, Result, RoleKind, Route};

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
    /// Why not from this session: `card`, `weak` or `stale`.
    not: Option<&'static str>,
}

fn origin(req: &Req) -> Result<Origin> {
    let session = req.who.session.clone().unwrap_or_default();
    req.app.db.read(|r| session::origin(r, &session))?.ok_or_else(|| Kind::SignIn.into())
}

/// Whether the account may be tied from this session.
fn ties(req: &Req, file: &SignOnFile, origin: &Origin) -> std::result::Result<(), Untied> {
    let kinds = RoleKind::ALL.iter().filter(|k| file.lets(**k));
    rules::ties(origin.by_card, kinds.map(|k| origin.carries(&req.app.config, *k)), req.now - origin.at)
}

fn lets(req: &Req, file: &SignOnFile) -> bool {
    file.binds() && req.who.roles.iter().any(|r| file.lets(r.kind))
}

fn mine(req: &Req) -> Result<Reply> {
    let person = req.myself()?.to_owned();
    let origin = origin(req)?;
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
    let open = open.map(|f| Open {
        id: f.id.clone(),
        label: label(req, f),
        not: ties(req, f, &origin).err().map(|not| match not {
            Untied::Card => "card",
            Untied::Weak => "weak",
            Untied::Stale => "stale",
        }),
    });
    let open = open.collect();
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
    req.page("base/signon/me.html", &Mine { tied, open })
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
    ties(req, file, &origin(req)?).map_err(|not| match not {
        Untied::Weak => Kind::SignOnWeak,
        Untied::Card | Untied::Stale => Kind::SignOnFresh,
    })?;
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
    if origin(req)?.by_card {
        // Whoever found the card would shut its resident out of everything else.
        return Err(Kind::SignOnFresh.into());
    }
    let (session, ways) = (req.who.session.clone().unwrap_or_default(), Ways::of(req.app));
    req.app.db.write(move |tx| unbind(tx, &ways, &person, &id, &session))?;
    if req.wants_json() { Reply::json(&serde_json::json!({})) } else { Ok(Reply::see_other(req.url("/me/sign-on"))) }
}
