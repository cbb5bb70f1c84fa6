//! Objections (校核纠错): whoever uses a value says that it is wrong, and what would be right; its provider sets it right or says why
//! it is right.
//!
//! What must stay true: an objection has one whose turn it is and a clock, and moves up when that runs out; a value that was set
//! right says so, goes to everybody to whom it was delivered, and stays right when its source sends the wrong one again;
//! whoever objected learns what became of it.

use store::{Entry, Query, Tx, params};

use super::request::{self, Request};
use super::resource::{self, Resource};
use super::rules::{self, Doubt};
use super::schema::{self, Field};
use super::{Book, data, desk_of, settled, step, tell, works};
use crate::kit::error::Kind;
use crate::kit::row::row;
use crate::kit::time::Ms;
use crate::kit::{Result, Who};

row! {
    /// An objection.
    #[derive(Clone, Debug)]
    #[expect(missing_docs, reason = "the columns of `share_objection`, explained there")]
    pub struct Objection {
        pub id: String,
        pub number: String,
        pub resource: String,
        pub entry: String,
        pub field: String,
        pub body: String,
        pub person: String,
        pub says: Vec<u8>,
        pub state: Doubt,
        pub desk: String,
        pub due_at: Option<Ms>,
        pub late: i64,
        pub made_at: Ms,
        pub settled_at: Option<Ms>,
    }
}

/// What somebody says.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields of the form")]
pub struct New {
    pub body: String,
    pub entry: String,
    pub field: String,
    pub right: String,
    pub evidence: String,
}

/// Objections that fit a condition.
pub(crate) fn listed(q: &mut dyn Query, filter: &str, params: &[store::Value]) -> Result<Vec<Objection>> {
    let rows = q.rows(&format!("select {COLUMNS} from share_objection where {filter}"), params)?;
    Ok(rows.iter().map(read).collect::<store::Result<_>>()?)
}

/// The one with this number.
pub fn by_number(q: &mut dyn Query, number: &str) -> Result<Objection> {
    listed(q, "number = $1", params![number])?.pop().ok_or_else(|| Kind::NotFound.into())
}

/// The grant under which an organisation uses a field.
pub(super) fn grant_for(q: &mut dyn Query, of: &Resource, body: &str, field: Option<&str>, now: Ms) -> Result<Request> {
    let filter = "resource = $1 and body = $2 and state = 'granted' order by granted_at desc, number desc limit 200";
    let all = request::listed(q, filter, params![&of.id, body])?;
    let has = |r: &Request| field.is_none_or(|f| r.fields().iter().any(|g| g == f));
    all.into_iter().find(|r| r.is_live(now) && has(r)).ok_or_else(|| Kind::NotGranted.into())
}

fn field_of(of: &Resource, name: &str) -> Result<Field> {
    of.fields().into_iter().find(|f| f.name == name).ok_or_else(|| Kind::Unknown.at("field"))
}

/// Objects; gives the number.
pub fn object(tx: &mut Tx, book: &Book, who: &Who, of: &Resource, new: &New, today: &str) -> Result<String> {
    let person = who.person.as_deref().filter(|_| works(who, &new.body)).ok_or_else(|| Kind::Denied.at("body"))?;
    let (now, limits) = (tx.now(), &book.pack.limits);
    let grant = grant_for(tx, of, &new.body, Some(&new.field), now)?;
    let row = data::by_id(tx, of, &new.entry)?;
    if grant.place.is_some_and(|p| row.place.as_ref().is_none_or(|at| !at.starts_with(&p))) {
        return Err(Kind::NotGranted.into());
    }
    let field = field_of(of, &new.field)?;
    if field.key {
        // Another key is another row: its provider sends it.
        return Err(Kind::FieldChanged.at("field"));
    }
    let right = schema::value(&field, &new.right, today).map_err(|_| Kind::WrongType.at("right"))?;
    let twice = "select count(*) from share_objection where entry = $1 and field = $2 and state = 'open'";
    if tx.count(twice, params![&new.entry, &new.field])? > 0 {
        return Err(Kind::SaidAlready.into());
    }
    let open = "select count(*) from share_objection where body = $1 and state = 'open'";
    if tx.count(open, params![&new.body])? >= limits.open_objections {
        return Err(rules::too_many("objections", limits.open_objections));
    }
    let (id, number) = (tx.id(), format!("KO-{:04}", tx.count("select count(*) from share_objection", &[])? + 1));
    tx.new_owner_of(&id, &of.area)?;
    let due = book.due(now, limits.correct_days);
    let role = who.roles.iter().find(|r| r.body.as_deref() == Some(&new.body));
    let entry = Entry {
        actor: Some(person),
        role: role.map(|r| r.kind.as_str()),
        party: Some(&new.body),
        area: Some(&of.area),
        owner: Some(&id),
        ..Entry::new("share.object", "share-objection", &id)
    };
    let entry = entry.fact("number", number.as_str()).fact("resource", of.code.as_str()).fact("field", new.field.as_str());
    tx.log(
        entry.fact("due", due).element("share.value", Some(right.as_str())).element("share.words", Some(new.evidence.as_str())),
    )?;
    let says = tx.seal(&id, right.as_bytes())?;
    let sql = "insert into share_objection(id, number, resource, entry, field, body, person, says, state, desk, due_at, late, made_at) \
               values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,0,$12)";
    let line = params![&id, &number, &of.id, &new.entry, &new.field, &new.body, person, says, Doubt::Open, &of.body, due, now];
    tx.exec(sql, line)?;
    step(tx, &id, "object", Some(&new.body), Some(&new.evidence))?;
    tell(tx, book, &of.body, who, "share-o-made", &number)?;
    Ok(number)
}

/// What the provider answers.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields of the form")]
pub struct Answer {
    /// It is wrong, and set right.
    pub corrects: bool,
    /// To what; none: to what was said.
    pub value: Option<String>,
    pub why: Option<String>,
}

/// Whether somebody answers an objection now: the provider, or the desk above once it is its turn.
pub(super) fn answers(book: &Book, who: &Who, one: &Objection, of: &Resource) -> bool {
    let turn = if one.desk == of.body { works(who, &of.body) } else { desk_of(book, who, &one.desk) };
    one.state == Doubt::Open && turn && !works(who, &one.body)
}

/// Answers.
pub fn answer(tx: &mut Tx, book: &Book, who: &Who, number: &str, said: &Answer, today: &str) -> Result<()> {
    let one = by_number(tx, number)?;
    let of = resource::by_id(tx, &one.resource)?;
    if one.state != Doubt::Open {
        return Err(Kind::State.into());
    }
    if !answers(book, who, &one, &of) {
        return Err(if works(who, &one.body) { Kind::OwnOrganisation } else { Kind::Denied }.into());
    }
    let now = tx.now();
    let role = who.roles.iter().find(|r| r.body.as_deref() == Some(&one.desk));
    let entry = Entry {
        actor: who.actor(),
        role: role.map(|r| r.kind.as_str()),
        party: Some(&one.desk),
        area: Some(&of.area),
        ..Entry::new("share.answer", "share-objection", &one.id)
    };
    let seq = tx.log(entry.fact("corrects", said.corrects))?.index;
    let state = if said.corrects {
        let field = field_of(&of, &one.field)?;
        let says = match &said.value {
            Some(value) => value.clone(),
            None => tx.open_text(&one.id, Some(one.says.clone()))?.unwrap_or_default(),
        };
        let value = schema::value(&field, &says, today).map_err(|_| Kind::WrongType.at("value"))?;
        let row = data::by_id(tx, &of, &one.entry)?;
        data::correct(tx, &of, &row, &field, &value, &one.number, seq)?;
        spread(tx, book, who, &one, &of)?;
        Doubt::Corrected
    } else {
        if said.why.is_none() {
            return Err(Kind::Missing.at("why"));
        }
        Doubt::Explained
    };
    let sql = "update share_objection set state = $2, due_at = null, settled_at = $3 where id = $1";
    tx.exec(sql, params![&one.id, state, now])?;
    step(tx, &one.id, if said.corrects { "correct" } else { "explain" }, Some(&one.desk), said.why.as_deref())?;
    settled(tx, book, number)?;
    let kind = if said.corrects { "share-o-corrected" } else { "share-o-explained" };
    tell(tx, book, &one.body, who, kind, number)
}

/// Everybody to whom the value was delivered learns that it is another one; what is pushed goes out again.
fn spread(tx: &mut Tx, book: &Book, who: &Who, one: &Objection, of: &Resource) -> Result<()> {
    let filter = "resource = $1 and state = 'granted' and delivered_at is not null order by number limit 500";
    for grant in request::listed(tx, filter, params![&of.id])? {
        if grant.body != one.body && grant.fields().contains(&one.field) {
            tell(tx, book, &grant.body, who, "share-fetch", &grant.number)?;
        }
    }
    let now = tx.now();
    let sql = "update share_adapter set next_at = $2 where resource = $1 and kind = 'push' and ended_at is null and next_at > $2";
    tx.exec(sql, params![&of.id, now])?;
    Ok(())
}

/// Nobody answered: the desk above has it from now on.
pub fn late(tx: &mut Tx, book: &Book, id: &str) -> Result<()> {
    let (now, system) = (tx.now(), Who::system());
    let Some(one) = listed(tx, "id = $1", params![id])?.pop().filter(|o| o.due_at.is_some_and(|at| at <= now)) else {
        return Ok(());
    };
    let next = book.above(&one.desk, Some(&one.body)).unwrap_or_else(|| one.desk.clone());
    let due = book.due(now, book.pack.limits.correct_days);
    let entry = Entry::new("share.ring", "share-objection", &one.id).fact("what", "late");
    tx.log(entry.fact("to", next.as_str()).fact("due", due))?;
    tx.exec("update share_objection set desk = $2, due_at = $3, late = late + 1 where id = $1", params![&one.id, &next, due])?;
    step(tx, &one.id, "late", Some(&next), None)?;
    settled(tx, book, &one.number)?;
    tell(tx, book, &next, &system, "share-o-above", &one.number)?;
    if next != one.desk { tell(tx, book, &one.desk, &system, "share-o-late", &one.number) } else { Ok(()) }
}
