//! Pictures of a case: who sees them, what staff covers in them, when everybody may see them, and opening an original.
//!
//! What must stay true: without a person's word no picture is public, and none of a private matter ever is; covering and
//! setting free are steps of the case's history; an original is opened by the desk alone, with a reason, and the one whom
//! it is about reads that.
//!
//! Log kinds written: `case.cover`, `case.release`, `case.conceal`, `case.original`.

use schemars::JsonSchema;
use serde::Serialize;
use store::{Entry, Tx};

use super::life::task;
use super::view::{self, Matter, MediaView, relation};
use super::web::{find, shown};
use super::{Case, Rulebook, complaint};
use crate::base::catalogue::{Look, Relation};
use crate::base::classes::Visibility;
use crate::base::media::cover::{self, Place};
use crate::base::{media, party};
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::{Reply, Req, Result, Route, Who};

/// Routes of this room.
pub const ROUTES: &[Route] = &[
    Route::get("/cases/{number}/media/{id}", May::Anyone, look_at, "A picture or recording, for those who may see it."),
    Route::get("/cases/{number}/media/{id}/cover", May::Staff, page, "A picture to be covered or set free.").gives::<Covering>(),
    Route::post(
        "/cases/{number}/media/{id}/cover",
        May::Staff,
        cover_it,
        "Makes places of a picture unreadable for good: `{places: [\"x,y,w,h\"]}` in thousandths of its sides.",
    )
    .gives::<Matter>(),
    Route::post(
        "/cases/{number}/media/{id}/release",
        May::Staff,
        release,
        "Sets a picture free for everybody, or takes it back: `{public}`.",
    )
    .gives::<Matter>(),
    Route::post(
        "/cases/{number}/media/{id}/original",
        May::Staff,
        original,
        "The picture as it came, uncovered: `{reason}`; noted.",
    ),
];

/// Letters of a reason.
const REASON: usize = 200;

#[derive(Serialize, JsonSchema)]
struct Covering {
    number: String,
    picture: MediaView,
    /// Places that are covered already.
    covered: i64,
    /// A private matter: its pictures never become public.
    private: bool,
    /// Words of the case, for whoever looks for faces and plates in the right picture.
    title: String,
}

/// How a reader stands to a case.
fn stands(req: &Req, case: &Case, code: bool) -> Result<Relation> {
    let (chart, tasks) = (party::Chart::now(req.app)?, req.app.db.read(|r| task::of(r, &case.id))?);
    Ok(relation(case, &req.who, code, &chart, view::called(&tasks, &req.who)))
}

fn look_at(req: &Req) -> Result<Reply> {
    let (case, code) = find(req)?;
    let id = req.param("id");
    let relation = stands(req, &case, code.is_some())?;
    let mut look = Look::new(&req.who, "case");
    let seen = look.at(&case.graded("case.media", id.to_owned()), relation).is_some_and(|seen| seen == id);
    if !seen {
        let given = look.at(&case.graded("case.picture", id.to_owned()), relation).is_some();
        if !given || !free(req, &case, id)? {
            return Err(Kind::NotFound.into());
        }
    }
    let (bytes, kind) = media::bytes(req.app, &case.id, id)?;
    look.record(req.app)?;
    // Short: a place may be covered in it later.
    Ok(Reply::of(kind, bytes).header("cache-control", "private, max-age=60"))
}

/// Everybody may see it: somebody has set it free, and the matter is none that is private.
fn free(req: &Req, case: &Case, id: &str) -> Result<bool> {
    req.app.db.read(|r| {
        let private = Rulebook::read(r, req.app)?.class(case).visibility == Visibility::Private;
        Ok(!private && media::one(r, &case.id, id)?.is_some_and(|m| m.released))
    })
}

/// The case and its picture, for the desk.
fn of_desk(req: &Req) -> Result<(Case, media::Shown)> {
    let (case, _) = find(req)?;
    if complaint::over(&*party::Chart::now(req.app)?, &req.who, &case).is_none() {
        return Err(Kind::Denied.into());
    }
    let found = req.app.db.read(|r| media::one(r, &case.id, req.param("id")))?;
    Ok((case, found.filter(|m| m.kind == "photo").ok_or(Kind::NotFound)?))
}

fn page(req: &Req) -> Result<Reply> {
    let (case, picture) = of_desk(req)?;
    let (private, title) = req.app.db.read(|r| {
        let book = Rulebook::read(r, req.app)?;
        let title = view::class_name(req.app, &book.classes, case.class.as_deref(), req.lang);
        Ok::<_, crate::kit::Error>((book.class(&case).visibility == Visibility::Private, title))
    })?;
    let covered = picture.covered;
    let picture = MediaView { may_cover: true, ..MediaView::from(picture) };
    req.page("records/case/picture.html", &Covering { number: case.number, picture, covered, private, title })
}

fn places(req: &Req) -> Result<Vec<Place>> {
    let input = req.input()?;
    let mut texts = input.list("places", cover::MOST)?;
    // The page's drawing sends them in one field; without a script four numbers in percent are typed.
    if let [one] = texts.as_slice() {
        texts = one.split(';').filter(|p| !p.trim().is_empty()).map(str::to_owned).collect();
    }
    if texts.is_empty() {
        let typed = ["left", "top", "width", "height"].map(|side| input.int(side, 0, 100));
        let [Some(x), Some(y), Some(w), Some(h)] = typed.map(|n| n.ok().flatten()) else {
            return Err(Kind::Missing.at("places"));
        };
        texts.push(format!("{},{},{},{}", x * 10, y * 10, w * 10, h * 10));
    }
    if texts.len() > cover::MOST {
        return Err(Kind::TooMany.at("places").limit(cover::MOST as i64));
    }
    texts.iter().map(|t| Place::parse(t).ok_or_else(|| Kind::WrongType.at("places"))).collect()
}

fn cover_it(req: &Req) -> Result<Reply> {
    let (case, picture) = of_desk(req)?;
    let places = places(req)?;
    let drawn = cover::draw(req.app, &case.id, &picture.id, &places)?;
    let (d, who, of, n) = (drawn.clone(), req.who.clone(), case.clone(), places.len());
    let end = req.once(move |tx| {
        cover::put(tx, &d)?;
        tx.log(entry("case.cover", &who, &of).fact("media", picture.id.as_str()).fact("places", n))?;
        Ok(d.after)
    });
    cover::settle(req.app, &drawn, end)?;
    done(req, &case)
}

fn release(req: &Req) -> Result<Reply> {
    let (case, picture) = of_desk(req)?;
    let public = req.input()?.flag("public");
    let private = req.app.db.read(|r| Rulebook::read(r, req.app))?.class(&case).visibility == Visibility::Private;
    if public && private {
        return Err(Kind::Denied.at("public"));
    }
    let (who, of) = (req.who.clone(), case.clone());
    req.once(move |tx| {
        cover::release(tx, &of.id, &picture.id, public)?;
        let kind = if public { "case.release" } else { "case.conceal" };
        tx.log(entry(kind, &who, &of).fact("media", picture.id.as_str()))?;
        Ok(picture.id)
    })?;
    done(req, &case)
}

fn original(req: &Req) -> Result<Reply> {
    let (case, picture) = of_desk(req)?;
    let reason = req.input()?.need("reason", REASON)?;
    let mut look = Look::new(&req.who, "original");
    let value = case.graded("case.original", picture.id.clone());
    look.at(&value, stands(req, &case, false)?).ok_or(Kind::Denied)?;
    let bytes = cover::original(req.app, &case.id, &picture.id)?;
    look.record(req.app)?;
    let (who, of) = (req.who.clone(), case);
    req.app.db.write(move |tx: &mut Tx| {
        let entry = entry("case.original", &who, &of).fact("media", picture.id.as_str());
        tx.log(entry.element("case.memo", Some(reason))).map(drop)
    })?;
    Ok(Reply::of("image/jpeg", bytes).header("cache-control", "no-store"))
}

fn entry<'a>(kind: &'a str, who: &'a Who, case: &'a Case) -> Entry<'a> {
    let role = who.desk_over(&case.path);
    let entry = Entry {
        actor: who.person.as_deref(),
        role: role.map(|r| r.kind.as_str()),
        party: role.and_then(|r| r.body.as_deref()),
        area: Some(&case.area),
        owner: Some(&case.owner),
        ..Entry::new(kind, "case", &case.id)
    };
    entry.fact("number", case.number.as_str()).fact("state", case.state.as_str())
}

/// Back to the picture, for there may be more to do with it.
fn done(req: &Req, case: &Case) -> Result<Reply> {
    if req.wants_json() {
        return shown(req, &case.number, None, "cover");
    }
    Ok(Reply::see_other(req.url(&format!("/cases/{}/media/{}/cover", case.number, req.param("id")))))
}
