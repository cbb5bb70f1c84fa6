//! A resource of the catalogue: written by its provider, looked at by the desk above, published, changed, withdrawn.
//!
//! What must stay true: what is published was looked at by somebody else, or nobody stands above; a field keeps its kind and
//! its grade for ever; a change of what is published holds when the desk has looked at it, as a new version; what the law
//! does not let pass on is not shared; one organisation collects an element for a place.

use serde::{Deserialize, Serialize};
use store::{Entry, Query, Tx, params};

use super::rules::{self, State};
use super::schema::{self, Field};
use super::{Book, desk_of, overlap, settled, step, tell, works};
use crate::base::area::Area;
use crate::base::catalogue::element::{Share, element};
use crate::base::catalogue::held;
use crate::kit::error::Kind;
use crate::kit::row::row;
use crate::kit::time::Ms;
use crate::kit::{Result, Who};

row! {
    /// A resource.
    #[derive(Clone, Debug)]
    #[expect(missing_docs, reason = "the columns of `share_resource`, explained there")]
    pub struct Resource {
        pub id: String,
        pub code: String,
        pub body: String,
        pub area: String,
        pub path: String,
        pub title: String,
        pub title_en: String,
        pub about: String,
        pub theme: String,
        pub share: Share,
        pub basis: Option<String>,
        pub rhythm: String,
        pub version: i64,
        pub fields: String,
        pub since: Ms,
        pub state: State,
        pub desk: Option<String>,
        pub due_at: Option<Ms>,
        pub late: i64,
        pub made_at: Ms,
        pub published_at: Option<Ms>,
        pub pending: Option<String>,
        pub tested_at: Option<Ms>,
        pub test: Option<String>,
    }
}

/// What a provider says of a resource.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields of the form")]
pub struct New {
    pub title: String,
    pub title_en: String,
    pub about: String,
    pub theme: String,
    pub share: String,
    pub basis: Option<String>,
    pub rhythm: String,
    pub fields: Vec<Field>,
    pub since: Ms,
}

impl New {
    fn share(&self) -> Result<Share> {
        Share::parse(&self.share).ok_or_else(|| Kind::Unknown.at("share"))
    }
}

/// Resources that fit a condition.
pub(crate) fn listed(q: &mut dyn Query, filter: &str, params: &[store::Value]) -> Result<Vec<Resource>> {
    let rows = q.rows(&format!("select {COLUMNS} from share_resource where {filter}"), params)?;
    Ok(rows.iter().map(read).collect::<store::Result<_>>()?)
}

/// The one with this address.
pub fn by_code(q: &mut dyn Query, code: &str) -> Result<Resource> {
    listed(q, "code = $1", params![code])?.pop().ok_or_else(|| Kind::NotFound.into())
}

/// The one with this id.
pub fn by_id(q: &mut dyn Query, id: &str) -> Result<Resource> {
    listed(q, "id = $1", params![id])?.pop().ok_or_else(|| Kind::NotFound.into())
}

impl Resource {
    /// Its fields.
    pub fn fields(&self) -> Vec<Field> {
        serde_json::from_str(&self.fields).unwrap_or_default()
    }

    /// What waits for the desk.
    pub fn pending(&self) -> Option<New> {
        serde_json::from_str(self.pending.as_deref()?).ok()
    }

    /// The highest grade of its fields.
    pub fn grade(&self) -> u8 {
        self.fields().iter().map(|f| f.grade).max().unwrap_or(1)
    }

    /// An entry about it.
    pub(crate) fn entry<'w>(&'w self, who: &'w Who, entry: Entry<'w>) -> Entry<'w> {
        let role = who.roles.iter().find(|r| r.body.as_deref() == Some(&self.body)).or(who.desk_over(&self.path));
        Entry {
            actor: who.actor(),
            role: role.map(|r| r.kind.as_str()),
            party: role.and_then(|r| r.body.as_deref()).or(Some(&self.body)),
            area: Some(&self.area),
            ..entry
        }
    }
}

/// What must hold of everything that is written.
fn sound(book: &Book, new: &New) -> Result<New> {
    let share = new.share()?;
    if book.pack.theme.iter().all(|t| t.id != new.theme) {
        return Err(Kind::Unknown.at("theme"));
    }
    if book.pack.rhythm(&new.rhythm).is_none() {
        return Err(Kind::Unknown.at("rhythm"));
    }
    if share != Share::Unconditional && new.basis.is_none() {
        return Err(Kind::Missing.at("basis"));
    }
    let fields = schema::whole(new.fields.clone(), book.pack.limits.fields)?;
    for f in &fields {
        // What does grave harm is passed on to nobody; what is somebody's own, to nobody without conditions.
        let most = match f.element.as_deref().and_then(element).map(|e| e.share) {
            Some(own) => own,
            None if f.grade >= 4 => Share::None,
            None if f.is_personal() => Share::Conditional,
            None => Share::Unconditional,
        };
        let wide = |s: Share| match s {
            Share::Unconditional => 2,
            Share::Conditional => 1,
            Share::None => 0,
        };
        if wide(share) > wide(most) {
            return Err(Kind::NotShareable.at(format!("fields {}", f.name)));
        }
    }
    Ok(New { fields, ..new.clone() })
}

/// Drafts a resource; gives its code.
pub fn draft(tx: &mut Tx, book: &Book, who: &Who, body: &str, place: &Area, code: &str, new: &New) -> Result<String> {
    let seat = book.chart.path(body).ok_or_else(|| Kind::Unknown.at("body"))?;
    if !works(who, body) {
        return Err(Kind::Denied.at("body"));
    }
    if !place.path.starts_with(seat) {
        return Err(Kind::OtherArea.at("area"));
    }
    if !rules::is_code(code) {
        return Err(Kind::Unknown.at("code"));
    }
    let new = sound(book, new)?;
    if tx.count("select count(*) from share_resource where code = $1", params![code])? > 0 {
        return Err(Kind::Taken.at("code"));
    }
    let most = book.pack.limits.resources;
    if tx.count("select count(*) from share_resource where body = $1 and state <> 'withdrawn'", params![body])? >= most {
        return Err(rules::too_many("resources", most));
    }
    let (id, now) = (tx.id(), tx.now());
    tx.new_owner_of(&id, &place.id)?;
    let role = who.roles.iter().find(|r| r.body.as_deref() == Some(body));
    let entry = Entry {
        actor: who.actor(),
        role: role.map(|r| r.kind.as_str()),
        party: Some(body),
        area: Some(&place.id),
        ..Entry::new("share.draft", "share", &id)
    };
    tx.log(entry.fact("code", code).fact("share", new.share.as_str()).fact("fields", new.fields.len() as i64))?;
    let sql = "insert into share_resource(id, code, body, area, path, title, title_en, about, theme, share, basis, rhythm, version, \
               fields, since, state, late, made_at) values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,1,$13,$14,$15,0,$16)";
    let row = params![
        &id,
        code,
        body,
        &place.id,
        &place.path,
        &new.title,
        &new.title_en,
        &new.about,
        &new.theme,
        new.share()?,
        &new.basis,
        &new.rhythm,
        text(&new.fields),
        new.since,
        State::Draft,
        now
    ];
    tx.exec(sql, row)?;
    step(tx, &id, "draft", Some(body), None)?;
    Ok(code.to_owned())
}

fn text<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// One of one's own.
pub(crate) fn own(tx: &mut Tx, who: &Who, code: &str) -> Result<Resource> {
    let one = by_code(tx, code)?;
    if works(who, &one.body) { Ok(one) } else { Err(Kind::Denied.into()) }
}

/// A field keeps what it holds, whether it is somebody's own, and whether it tells rows apart.
fn keeps(old: &[Field], new: &[Field]) -> Result<()> {
    for f in new {
        let same = |o: &Field| o.kind == f.kind && o.is_personal() == f.is_personal() && o.key == f.key;
        match old.iter().find(|o| o.name == f.name) {
            Some(o) if !same(o) => return Err(Kind::FieldChanged.at(format!("fields {}", f.name))),
            None if f.key => return Err(Kind::FieldChanged.at(format!("fields {}", f.name))),
            _ => {}
        }
    }
    match old.iter().find(|o| o.key && new.iter().all(|f| f.name != o.name)) {
        Some(gone) => Err(Kind::FieldChanged.at(format!("fields {}", gone.name))),
        None => Ok(()),
    }
}

/// Writes what a resource says of itself.
fn set(tx: &mut Tx, id: &str, new: &New, version: i64) -> Result<()> {
    let sql = "update share_resource set title = $2, title_en = $3, about = $4, theme = $5, share = $6, basis = $7, rhythm = $8, \
               fields = $9, since = $10, version = $11, pending = null where id = $1";
    let row = params![
        id,
        &new.title,
        &new.title_en,
        &new.about,
        &new.theme,
        new.share()?,
        &new.basis,
        &new.rhythm,
        text(&new.fields),
        new.since,
        version
    ];
    tx.exec(sql, row)?;
    Ok(())
}

/// Changes a draft; a change of what is published waits for the desk.
pub fn change(tx: &mut Tx, book: &Book, who: &Who, code: &str, new: &New) -> Result<()> {
    let one = own(tx, who, code)?;
    let new = sound(book, new)?;
    match one.state {
        State::Draft => {
            tx.log(one.entry(who, Entry::new("share.change", "share", &one.id)).fact("version", one.version))?;
            set(tx, &one.id, &new, one.version)
        }
        State::Published => {
            keeps(&one.fields(), &new.fields)?;
            // A share kind is not narrowed on those who were granted; it is for new requests.
            tx.log(one.entry(who, Entry::new("share.change", "share", &one.id)).fact("version", one.version + 1))?;
            tx.exec("update share_resource set pending = $2 where id = $1", params![&one.id, text(&new)])?;
            step(tx, &one.id, "change", Some(&one.body), None)?;
            let one = by_id(tx, &one.id)?;
            hand(tx, book, who, &one)
        }
        State::Checking | State::Withdrawn => Err(Kind::State.into()),
    }
}

/// Gives a draft to the desk above.
pub fn submit(tx: &mut Tx, book: &Book, who: &Who, code: &str) -> Result<()> {
    let one = own(tx, who, code)?;
    if one.state != State::Draft {
        return Err(Kind::State.into());
    }
    leads(tx, &one, &one.fields())?;
    tx.log(one.entry(who, Entry::new("share.submit", "share", &one.id)))?;
    tx.exec("update share_resource set state = $2 where id = $1", params![&one.id, State::Checking])?;
    step(tx, &one.id, "submit", Some(&one.body), None)?;
    hand(tx, book, who, &one)
}

/// The desk above has it, with a clock; at the top it is published at once.
fn hand(tx: &mut Tx, book: &Book, who: &Who, one: &Resource) -> Result<()> {
    let Some(desk) = book.above(&one.body, None) else {
        let one = by_id(tx, &one.id)?;
        return publish(tx, book, who, &one);
    };
    let due = book.due(tx.now(), book.pack.limits.check_days);
    tx.exec("update share_resource set desk = $2, due_at = $3, late = 0 where id = $1", params![&one.id, &desk, due])?;
    tell(tx, book, &desk, who, "share-r-check", &one.code)
}

/// Refuses an element that somebody else collects in that place.
fn leads(tx: &mut Tx, one: &Resource, fields: &[Field]) -> Result<()> {
    for f in fields.iter().filter(|f| f.lead) {
        let element = f.element.as_deref().unwrap_or_default();
        let others = held::of(tx, element)?;
        if others.iter().any(|h| h.resource != one.code && overlap(&h.path, &one.path)) {
            return Err(Kind::LeadTaken.at(element.to_owned()));
        }
    }
    Ok(())
}

/// It holds from now on.
fn publish(tx: &mut Tx, book: &Book, who: &Who, one: &Resource) -> Result<()> {
    let (now, pending) = (tx.now(), one.pending());
    if let Some(new) = &pending {
        leads(tx, one, &new.fields)?;
        set(tx, &one.id, new, one.version + 1)?;
    } else {
        leads(tx, one, &one.fields())?;
    }
    let sql = "update share_resource set state = $2, published_at = coalesce(published_at, $3), desk = null, due_at = null where id = $1";
    tx.exec(sql, params![&one.id, State::Published, now])?;
    step(tx, &one.id, "publish", None, None)?;
    let one = by_id(tx, &one.id)?;
    held::forget(tx, &one.code)?;
    for f in one.fields().iter().filter(|f| f.lead) {
        let element = f.element.clone().unwrap_or_default();
        let held = held::Held {
            element,
            resource: one.code.clone(),
            body: one.body.clone(),
            path: one.path.clone(),
            title: one.title.clone(),
            since: one.since,
        };
        held::put(tx, &held)?;
    }
    settled(tx, book, &one.code)?;
    tell(tx, book, &one.body, who, "share-r-published", &one.code)
}

/// The desk has looked: it is published, or goes back with a reason.
pub fn check(tx: &mut Tx, book: &Book, who: &Who, code: &str, fits: bool, why: Option<&str>) -> Result<()> {
    let one = by_code(tx, code)?;
    let desk = one.desk.clone().ok_or(Kind::State)?;
    if works(who, &one.body) {
        return Err(Kind::OwnOrganisation.into());
    }
    if !desk_of(book, who, &desk) {
        return Err(Kind::Denied.into());
    }
    if !fits && why.is_none() {
        return Err(Kind::Missing.at("why"));
    }
    tx.log(one.entry(who, Entry::new("share.check", "share", &one.id)).fact("fits", fits).fact("version", one.version))?;
    let by = who.desk_over(&one.path).and_then(|r| r.body.clone());
    step(tx, &one.id, if fits { "fits" } else { "return" }, by.as_deref(), why)?;
    if fits {
        return publish(tx, book, who, &one);
    }
    let back = if one.state == State::Checking { State::Draft } else { one.state };
    let sql = "update share_resource set state = $2, desk = null, due_at = null, pending = null where id = $1";
    tx.exec(sql, params![&one.id, back])?;
    settled(tx, book, &one.code)?;
    tell(tx, book, &one.body, who, "share-r-returned", &one.code)
}

/// Takes it out of the catalogue.
pub fn withdraw(tx: &mut Tx, book: &Book, who: &Who, code: &str, why: &str) -> Result<Resource> {
    let one = own(tx, who, code)?;
    if one.state == State::Withdrawn {
        return Err(Kind::State.into());
    }
    tx.log(one.entry(who, Entry::new("share.withdraw", "share", &one.id)))?;
    let sql = "update share_resource set state = $2, desk = null, due_at = null, pending = null where id = $1";
    tx.exec(sql, params![&one.id, State::Withdrawn])?;
    step(tx, &one.id, "withdraw", Some(&one.body), Some(why))?;
    held::forget(tx, &one.code)?;
    let now = tx.now();
    tx.exec(
        "update share_adapter set ended_at = $2, next_at = null where resource = $1 and ended_at is null",
        params![&one.id, now],
    )?;
    settled(tx, book, &one.code)?;
    Ok(one)
}

/// The desk let its time run out: the one above has it from now on, with a clock of its own; at the top it stays, and is told.
pub fn late(tx: &mut Tx, book: &Book, id: &str) -> Result<()> {
    let (one, system, now) = (by_id(tx, id)?, Who::system(), tx.now());
    let Some(desk) = one.desk.clone().filter(|_| one.due_at.is_some_and(|at| at <= now)) else { return Ok(()) };
    let next = book.above(&desk, Some(&one.body)).unwrap_or_else(|| desk.clone());
    let due = book.due(now, book.pack.limits.check_days);
    let entry = one.entry(&system, Entry::new("share.ring", "share", &one.id));
    tx.log(entry.fact("what", "check").fact("to", next.as_str()).fact("due", due))?;
    tx.exec("update share_resource set desk = $2, due_at = $3, late = late + 1 where id = $1", params![&one.id, &next, due])?;
    step(tx, &one.id, "late", Some(&next), None)?;
    settled(tx, book, &one.code)?;
    tell(tx, book, &next, &system, "share-r-above", &one.code)?;
    if next != desk { tell(tx, book, &desk, &system, "share-r-late", &one.code) } else { Ok(()) }
}
