//! How somebody comes to be a peer: a signed invitation of the level above, answered under one's own key.
//!
//! What must stay true: an invitation is for one area, holds for some days and is used once; both sides know each other by the
//! keys that signed, and by nothing else; the same texts work over the network and on paper, a file or a USB stick.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD as B64, URL_SAFE_NO_PAD as B64URL};
use sha2::{Digest, Sha256};
use store::{Entry, Query as _, Tx, hex, note, params};

use super::mark::Way;
use super::peer::{self, Peer, Relation, Standing};
use super::{mark, node};
use crate::base::area::{self, Area};
use crate::base::party;
use crate::kit::error::Kind;
use crate::kit::time::{DAY, Ms};
use crate::kit::{App, Error, Result, RoleKind};
use crate::records::open311::outbound::endpoint;

/// How long an invitation holds.
const DAYS: i64 = 14;
/// Highest grade of a value that goes to a new peer: ordinary words of a case and how to reach somebody, nothing sensitive.
pub const GRADE: i64 = 3;
/// Characters of an invitation or an answer.
pub const MOST: usize = 4_000;

/// An invitation, as the one below reads it.
#[derive(Clone, Debug, PartialEq)]
pub struct Invitation {
    /// Log of whoever invites.
    pub origin: String,
    /// Where he is called, if he can be.
    pub url: Option<String>,
    /// What the invited one is to be.
    pub relation: Relation,
    /// The area of the invited one.
    pub code: String,
    /// The area of whoever invites.
    pub own: String,
    /// Until when it holds.
    pub until: Ms,
    /// What nobody else has.
    pub token: String,
    /// His public key for what is sealed for him.
    pub lock: String,
    /// What he calls himself.
    pub name: String,
}

fn dash(text: Option<&str>) -> &str {
    text.unwrap_or("-")
}

fn undash(text: &str) -> Option<String> {
    (text != "-").then(|| text.to_owned())
}

/// One line for people to pass on: the signed text, base64url.
fn line(text: &str) -> String {
    B64URL.encode(text)
}

/// The signed text of such a line; blanks and line breaks that came in by copying are left out.
fn unline(text: &str) -> Option<String> {
    let plain: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    String::from_utf8(B64URL.decode(plain).ok()?).ok()
}

impl Invitation {
    fn body(&self) -> String {
        let Invitation { origin, relation, code, own, until, token, lock, name, .. } = self;
        let url = dash(self.url.as_deref());
        format!("xiezhi invitation v1\n{origin}\n{url}\n{} {code} {own} {until}\n{token}\n{lock}\n{name}\n", relation.as_str())
    }

    /// Reads one that somebody passed on; none when it was changed on the way.
    pub fn read(text: &str) -> Option<Invitation> {
        let text = unline(text)?;
        let origin = text.lines().nth(1)?.to_owned();
        let body = note::open_note(&text, &origin, &note::key_of_origin(&origin)?).ok()?.to_owned();
        let mut lines = body.lines().skip(2);
        let url = undash(lines.next()?);
        let mut words = lines.next()?.split(' ').map(str::to_owned);
        let (relation, code, own) = (Relation::parse(&words.next()?)?, words.next()?, words.next()?);
        let until = words.next()?.parse().ok()?;
        let (token, lock, name) = (lines.next()?.to_owned(), lines.next()?.to_owned(), lines.next()?.to_owned());
        let read = Invitation { origin, url, relation, code, own, until, token, lock, name };
        (read.body() == body).then_some(read)
    }
}

/// What a new invitation is for.
pub struct New {
    /// Code of the area of the invited one.
    pub code: String,
    /// What it is called.
    pub name: String,
    /// A level beneath, or a department.
    pub relation: Relation,
    /// The organisation that it will stand for, when that is here already.
    pub body: Option<String>,
    /// Highest grade of a value that goes to it.
    pub grade: i64,
    /// Where we are called.
    pub url: Option<String>,
}

fn mark_of(token: &str) -> String {
    hex(Sha256::digest(token))
}

/// Invites; gives the line to pass on, which is shown once.
pub fn invite(app: &App, actor: &str, new: New) -> Result<String> {
    let (own, name) = app.db.read(|r| Ok::<_, Error>((node::code(r)?, node::called(r)?)))?;
    if own.is_empty() {
        return Err(Kind::NodeUnnamed.into());
    }
    if !new.code.starts_with(&own) || new.relation == Relation::Child && new.code == own {
        return Err(Kind::Unknown.at("code"));
    }
    let invitation = Invitation {
        origin: app.db.origin().to_owned(),
        url: new.url.clone(),
        relation: new.relation,
        code: new.code.clone(),
        own,
        until: app.now() + DAYS * DAY,
        token: B64URL.encode(app.random::<24>()),
        lock: node::lock(app),
        name,
    };
    let (id, until, actor) = (mark_of(&invitation.token), invitation.until, actor.to_owned());
    app.db.write(move |tx| {
        let place = area::by_code(tx, &new.code)?.ok_or_else(|| Kind::Unknown.at("code"))?;
        let now = tx.now();
        let entry = Entry { actor: Some(&actor), area: Some(&place.id), ..Entry::new("exchange.invite", "exchange", &id) };
        tx.log(entry.fact("code", new.code.as_str()).fact("relation", new.relation.as_str()))?;
        let sql = "insert into exchange_invitation(id, code, name, relation, body, grade, made_by, made_at, until_at) \
                   values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
        let row = params![&id, &new.code, &new.name, new.relation.as_str(), &new.body, new.grade, &actor, now, until];
        tx.exec(sql, row)?;
        Ok::<_, Error>(())
    })?;
    Ok(line(&app.db.sign(&invitation.body())))
}

/// The desk of a level, made when it is not here yet.
fn desk_of(tx: &mut Tx, place: &Area, name: &str) -> Result<party::Body> {
    let kind = match place.kind.as_str() {
        "nation" => RoleKind::Nation,
        "province" => RoleKind::Province,
        "city" => RoleKind::City,
        "county" => RoleKind::District,
        "street" => RoleKind::Subdistrict,
        _ => RoleKind::Committee,
    };
    let own = tx.row(
        "select id from body where area = $1 and kind = $2 and valid_to is null order by id",
        params![&place.id, kind.as_str()],
    )?;
    match own.map(|r| r.get::<String>("id")).transpose()? {
        Some(id) => party::body_by_id(tx, &id)?.ok_or_else(|| Kind::NotFound.into()),
        None => party::add_body(tx, kind, name, &place.id, None),
    }
}

fn new_peer(tx: &mut Tx, p: Peer, actor: Option<&str>) -> Result<Peer> {
    let known = peer::by_origin(tx, &p.origin)?;
    if known.is_some() {
        return Err(Kind::PeerTwice.into());
    }
    peer::add(tx, actor, &p)?;
    // What was before is not told of: cases go over from now on.
    if tx.cursor(peer::FOLLOWER)? == 0 {
        let size = tx.log_size()?;
        tx.follow(peer::FOLLOWER, size)?;
    }
    Ok(p)
}

/// Accepts an invitation; gives the answer, for whoever invited. `url`: where we are called, if we can be.
pub fn accept(app: &App, actor: &str, text: &str, grade: i64, url: Option<&str>) -> Result<String> {
    let invitation = Invitation::read(text).ok_or_else(|| Kind::Invitation.at("invitation"))?;
    if invitation.until < app.now() {
        return Err(Kind::InvitationOver.at("invitation"));
    }
    let url_of = invitation.url.as_deref().map(|u| endpoint(u).ok_or_else(|| Kind::Invitation.at("invitation"))).transpose()?;
    let (mine, i, who) = (app.db.origin().to_owned(), invitation.clone(), actor.to_owned());
    let name = app
        .db
        .write(move |tx| {
            let parent = match area::by_code(tx, &i.own)? {
                Some(a) => a,
                None => area::by_code(tx, "0")?.ok_or_else(|| Kind::Unknown.at("code"))?,
            };
            if area::by_code(tx, &i.code)?.is_none() || i.origin == mine {
                return Err(Kind::Unknown.at("code"));
            }
            if tx.count("select count(*) from exchange_peer where relation = 'parent' and state <> 'ended'", &[])? > 0 {
                return Err(Kind::PeerTwice.into());
            }
            if node::code(tx)?.is_empty() {
                let place = area::by_code(tx, &i.code)?.map(|a| a.name).unwrap_or_default();
                node::name(tx, &who, &i.code, &place)?;
            }
            let desk = desk_of(tx, &parent, &i.name)?;
            let p = Peer {
                id: tx.id(),
                origin: i.origin.clone(),
                relation: Relation::Parent,
                name: i.name.clone(),
                area: parent.id,
                code: i.own.clone(),
                body: desk.id,
                url: url_of,
                lock: Some(i.lock.clone()),
                grade,
                state: Standing::Joined,
                why: None,
                made_at: tx.now(),
                ended_at: None,
            };
            new_peer(tx, p, Some(&who))?;
            Ok::<_, Error>(node::called(tx)?)
        })?
        .value;
    let Invitation { origin, code, token, .. } = &invitation;
    let (me, lock) = (app.db.origin(), node::lock(app));
    let body = format!("xiezhi join v1\n{me}\n{origin}\n{}\n{code} {lock}\n{token}\n{name}\n", dash(url));
    Ok(line(&app.db.sign(&body)))
}

/// Takes the answer to an invitation of ours in: from now on its sender is a peer. The same answer again changes nothing.
pub fn welcome(app: &App, text: &str) -> Result<Peer> {
    let wrong = || Kind::Invitation.at("join");
    let text = unline(text).ok_or_else(wrong)?;
    let origin = text.lines().nth(1).ok_or_else(wrong)?.to_owned();
    let key = note::key_of_origin(&origin).ok_or_else(wrong)?;
    let body = note::open_note(&text, &origin, &key).map_err(|_| wrong())?.to_owned();
    let mut lines = body.lines();
    let mut next = || lines.next().map(str::to_owned).ok_or_else(wrong);
    let (kind, _, to, url, place, token, name) = (next()?, next()?, next()?, next()?, next()?, next()?, next()?);
    let (code, lock) = place.split_once(' ').map(|(a, b)| (a.to_owned(), b.to_owned())).ok_or_else(wrong)?;
    if kind != "xiezhi join v1" || to != app.db.origin() || B64.decode(&lock).map_or(0, |l| l.len()) != 32 {
        return Err(wrong());
    }
    let url = undash(&url).map(|u| endpoint(&u).ok_or_else(wrong)).transpose()?;
    let done = app.db.write(move |tx| {
        let now = tx.now();
        let id = mark_of(&token);
        let row =
            tx.row("select code, relation, body, grade, until_at, used_at from exchange_invitation where id = $1", params![&id])?;
        let row = row.ok_or_else(|| Kind::Invitation.at("join"))?;
        if let Some(known) = peer::by_origin(tx, &origin)?.filter(|p| p.code == code) {
            return Ok(known);
        }
        if row.get::<Option<Ms>>("used_at")?.is_some() || row.get::<Ms>("until_at")? < now {
            return Err(Kind::InvitationOver.at("join"));
        }
        if row.get::<String>("code")? != code {
            return Err(Kind::Invitation.at("join"));
        }
        let relation = Relation::parse(&row.get::<String>("relation")?).ok_or(Kind::Internal)?;
        let place = area::by_code(tx, &code)?.ok_or_else(|| Kind::Unknown.at("code"))?;
        let body = match row.get::<Option<String>>("body")? {
            Some(body) => party::body_by_id(tx, &body)?.ok_or_else(|| Kind::Unknown.at("body"))?,
            None => desk_of(tx, &place, &name)?,
        };
        let p = Peer {
            id: tx.id(),
            origin,
            relation,
            name: name.chars().take(node::NAMES).collect(),
            area: place.id,
            code,
            body: body.id,
            url,
            lock: Some(lock),
            grade: row.get("grade")?,
            state: Standing::Joined,
            why: None,
            made_at: now,
            ended_at: None,
        };
        let p = new_peer(tx, p, None)?;
        tx.exec("update exchange_invitation set used_at = $2 where id = $1", params![&id, now])?;
        // A department hears from now on; a level beneath has heard nothing yet, but what is for all of them.
        let mut out = mark::load(tx, &p.id, Way::Out)?;
        out.moved_at = now;
        out.put(tx);
        Ok::<_, Error>(p)
    })?;
    Ok(done.value)
}
