//! What the register holds about the person who asks, for the page of his own data.
//!
//! What must stay true: an account is tied to a record only by whoever knows its whole name and number, bears the name and signs in with its
//! telephone, or by nobody; whoever acts for another is shown nothing here.

use schemars::JsonSchema;
use serde::Serialize;
use store::{Entry, Query, Tx, params};

use super::person::{self, Of, Person};
use super::rules::State;
use super::view::{self, text_key};
use super::{home, joined, rules};
use crate::base::catalogue::{Graded, Look, Relation, grade_of};
use crate::kit::error::Kind;
use crate::kit::{Req, Result, RoleKind, Who};

/// A value that is held.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Mine {
    pub element: &'static str,
    /// Key of its name.
    pub text: String,
    pub value: String,
    pub grade: u8,
    pub source: &'static str,
    pub at: String,
    pub flag: Option<&'static str>,
}

/// What somebody is said to need.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct MyTag {
    pub code: String,
    pub word: String,
    pub purpose: String,
    pub consent: String,
    pub until: String,
}

/// The record of an account.
pub fn record(q: &mut dyn Query, person: &str) -> store::Result<Option<Person>> {
    let sql = "select resident from resident_account where person = $1";
    let Some(row) = q.row(sql, params![person])? else { return Ok(None) };
    let id: String = row.get("resident")?;
    let one = person::by_id(q, &id)?.filter(|p| p.state != State::Erased);
    Ok(match one.as_ref().and_then(|p| p.golden.clone()) {
        Some(golden) => person::by_id(q, &golden)?,
        None => one,
    })
}

/// The names of everything that is held of a person: his account, his record, and the records for which that one stands.
pub fn names(q: &mut dyn Query, person: &str) -> store::Result<Vec<String>> {
    let mut out = vec![person.to_owned()];
    if let Some(one) = record(q, person)? {
        out.extend(joined::members(q, &one.id)?.into_iter().map(|m| m.id));
        out.push(one.id);
    }
    Ok(out)
}

/// Whether the node knows who somebody is: he works here, proved a number or an identity, is tied to a record, or was handed a
/// card by the desk.
pub fn is_known(q: &mut dyn Query, who: &Who) -> Result<bool> {
    let Some(person) = &who.person else { return Ok(false) };
    if who.roles.iter().any(|r| r.kind != RoleKind::Resident) {
        return Ok(true);
    }
    for sql in [
        "select count(*) from person_phone where person = $1 and proved_at is not null",
        "select count(*) from sign_on where person = $1",
        "select count(*) from resident_account where person = $1",
        "select count(*) from card where person = $1 and ended_at is null",
    ] {
        if q.count(sql, params![person])? > 0 {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The building in which the register says that somebody lives.
pub fn building_of(q: &mut dyn Query, person: &str) -> Result<Option<String>> {
    let Some(dwelling) = record(q, person)?.and_then(|p| p.dwelling) else { return Ok(None) };
    Ok(home::by_id(q, &dwelling)?.map(|d| d.place))
}

/// Everything that is held in it, and in those for which it stands. The look is that of its owner.
pub fn values(req: &Req, q: &mut dyn Query, one: &Person, look: &mut Look) -> Result<(Vec<Mine>, Vec<MyTag>)> {
    let known = joined::golden(one, &joined::members(q, &one.id)?);
    let flags = rules::flags(&known, req.now);
    let mut out = Vec::new();
    for element in view::elements(one.kind) {
        let Some((held, value)) = known.get(element).zip(known.graded(element, &one.id)) else { continue };
        let Some(shown) = look.at(&value, Relation::Owner) else { continue };
        out.push(Mine {
            element,
            text: text_key(element),
            value: view::word(element, shown, req.lang),
            grade: grade_of(element),
            source: held.source.as_str(),
            at: req.app.time(held.at),
            flag: flags.iter().find(|(e, _)| e == element).map(|(_, f)| f.as_str()),
        });
    }
    if let Some(home) = one.dwelling.as_deref().map(|id| home::by_id(q, id)).transpose()?.flatten() {
        let text = view::address(q, &home)?;
        if let Some(value) = look.at(&Graded::new("register.home", &one.id, text), Relation::Owner) {
            let (source, at) = ("visit", req.app.time(one.seen_at));
            let text = text_key("register.home");
            out.push(Mine { element: "register.home", text, value, grade: grade_of("register.home"), source, at, flag: None });
        }
    }
    let tags = known.tags_at(req.now).map(|t| MyTag {
        word: view::word("register.tag", t.code.clone(), req.lang),
        code: t.code.clone(),
        purpose: t.purpose.clone(),
        consent: t.consent.clone(),
        until: req.app.time(t.until),
    });
    Ok((out, tags.collect()))
}

/// Ties an account to the record of this name and number, if the telephone of the account is that of the record. What does not
/// fit is not told.
pub fn bind(tx: &mut Tx, person: &str, phone: Option<&str>, name: &str, number: &str) -> Result<String> {
    let fault = || Kind::NotFound.at("id_number");
    let number = rules::spelt("register.id_number", number)?;
    rules::from_id(&number).ok_or_else(fault)?;
    let mark = person::mark(tx, "id", &number);
    let found = person::marked(tx, &mark, 2)?;
    let fits = |p: &&Person| {
        let text = |element| p.values.text(element).unwrap_or_default();
        p.kind == Of::Person
            && person::spelling(text("register.name")) == person::spelling(name)
            && phone.is_some_and(|mine| {
                !text("register.phone").is_empty() && person::phone(mine) == person::phone(text("register.phone"))
            })
    };
    let one = found.iter().find(fits).ok_or_else(fault)?;
    let taken = "select count(*) from resident_account where resident = $1 and person <> $2";
    if tx.count(taken, params![&one.id, person])? > 0 {
        return Err(fault());
    }
    let now = tx.now();
    let sql = "insert into resident_account(person, resident, bound_at) values ($1, $2, $3) on conflict(person) do update \
               set resident = excluded.resident, bound_at = excluded.bound_at";
    tx.exec(sql, params![person, &one.id, now])?;
    let entry = Entry { actor: Some(person), area: Some(&one.spot.area), ..Entry::new("register.bind", "resident", &one.id) };
    tx.log(entry)?;
    Ok(one.id.clone())
}

/// Takes back the consent to a tag: it is gone at once, whoever put it.
pub fn withdraw(tx: &mut Tx, person: &str, code: &str) -> Result<()> {
    let one = record(tx, person)?.ok_or(Kind::NotFound)?;
    let who = Who { person: Some(person.to_owned()), ..Default::default() };
    super::act::take_tag(tx, &who, one, "register.withdraw", |t| t.code == code && t.consent != "law")
}
