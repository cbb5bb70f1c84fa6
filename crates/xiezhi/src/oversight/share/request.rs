//! Requests: an organisation asks for fields of a resource, for a purpose, for so long; its provider answers; then it is
//! delivered, and ends by itself.
//!
//! What must stay true: what is shared without conditions is granted at once; whatever waits has one whose turn it is and one
//! clock: to answer, to deliver, to end; an answer that does not come is the desk's above; nobody decides about his own
//! request; fields are cut with a reason and never added; with a grant its key ends, and its adapter.

use store::{Entry, Query, Tx, params};

use super::resource::{self, Resource};
use super::rules::{self, Ask, State, Way};
use super::{Book, desk_of, settled, step, tell, works};
use crate::base::catalogue::element::Share;
use crate::base::key;
use crate::base::party::standing;
use crate::kit::error::Kind;
use crate::kit::row::row;
use crate::kit::time::{DAY, Ms};
use crate::kit::{Result, Who};

row! {
    /// A request.
    #[derive(Clone, Debug)]
    #[expect(missing_docs, reason = "the columns of `share_request`, explained there")]
    pub struct Request {
        pub id: String,
        pub number: String,
        pub resource: String,
        pub body: String,
        pub person: String,
        pub fields: String,
        pub purpose: String,
        pub basis: String,
        pub days: i64,
        pub way: Way,
        pub place: Option<String>,
        pub state: Ask,
        pub desk: String,
        pub due_at: Option<Ms>,
        pub late: i64,
        pub made_at: Ms,
        pub granted_at: Option<Ms>,
        pub delivered_at: Option<Ms>,
        pub until_at: Option<Ms>,
        pub api_key: Option<String>,
        pub renews: Option<String>,
    }
}

/// What somebody asks for.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields of the form")]
pub struct New {
    pub body: String,
    pub fields: Vec<String>,
    pub purpose: String,
    pub basis: String,
    pub days: i64,
    pub way: Way,
    pub place: Option<String>,
    pub renews: Option<String>,
}

/// Requests that fit a condition.
pub(crate) fn listed(q: &mut dyn Query, filter: &str, params: &[store::Value]) -> Result<Vec<Request>> {
    let rows = q.rows(&format!("select {COLUMNS} from share_request where {filter}"), params)?;
    Ok(rows.iter().map(read).collect::<store::Result<_>>()?)
}

/// The one with this number.
pub fn by_number(q: &mut dyn Query, number: &str) -> Result<Request> {
    listed(q, "number = $1", params![number])?.pop().ok_or_else(|| Kind::NotFound.into())
}

fn by_id(q: &mut dyn Query, id: &str) -> Result<Request> {
    listed(q, "id = $1", params![id])?.pop().ok_or_else(|| Kind::NotFound.into())
}

impl Request {
    /// The fields that were asked for; once it is granted, those that were given.
    pub fn fields(&self) -> Vec<String> {
        self.fields.split(' ').filter(|f| !f.is_empty()).map(str::to_owned).collect()
    }

    /// Whether something may be read under it now.
    pub fn is_live(&self, now: Ms) -> bool {
        self.state == Ask::Granted && self.until_at.is_some_and(|at| at > now)
    }

    fn entry<'w>(&'w self, who: &'w Who, entry: Entry<'w>) -> Entry<'w> {
        let own = |body: &str| who.roles.iter().find(|r| r.body.as_deref() == Some(body));
        let role = own(&self.body).or(own(&self.desk));
        Entry { actor: who.actor(), role: role.map(|r| r.kind.as_str()), party: role.and_then(|r| r.body.as_deref()), ..entry }
    }
}

/// Asks; gives the number.
pub fn ask(tx: &mut Tx, book: &Book, who: &Who, of: &Resource, new: &New) -> Result<String> {
    let person = who.person.as_deref().filter(|_| works(who, &new.body)).ok_or_else(|| Kind::Denied.at("body"))?;
    let (now, limits) = (tx.now(), &book.pack.limits);
    if of.state != State::Published || new.body == of.body {
        return Err(Kind::State.into());
    }
    if of.share == Share::None {
        return Err(Kind::NotShareable.at("resource"));
    }
    standing::insist(tx, Some(&new.body), now)?;
    let known = of.fields();
    if new.fields.is_empty() {
        return Err(Kind::Missing.at("fields"));
    }
    if new.fields.iter().any(|f| known.iter().all(|k| k.name != *f)) {
        return Err(Kind::Unknown.at("fields"));
    }
    let waits = "select count(*) from share_request where body = $1 and state = 'asked'";
    if tx.count(waits, params![&new.body])? >= limits.open_requests {
        return Err(rules::too_many("requests", limits.open_requests));
    }
    let (id, number) = (tx.id(), format!("K-{:04}", tx.count("select count(*) from share_request", &[])? + 1));
    tx.new_owner_of(&id, &of.area)?;
    let open = of.share == Share::Unconditional;
    let due = book.due(now, if open { limits.open_days } else { limits.decide_days });
    let role = who.roles.iter().find(|r| r.body.as_deref() == Some(&new.body));
    let entry = Entry {
        actor: Some(person),
        role: role.map(|r| r.kind.as_str()),
        party: Some(&new.body),
        area: Some(&of.area),
        ..Entry::new("share.ask", "share-request", &id)
    };
    let said = crate::kit::digest(&[new.purpose.clone(), new.basis.clone()]);
    tx.log(entry.fact("number", number.as_str()).fact("resource", of.code.as_str()).fact("due", due).fact("digest", said))?;
    let sql = "insert into share_request(id, number, resource, body, person, fields, purpose, basis, days, way, place, state, desk, due_at, \
               late, made_at, renews) values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,0,$15,$16)";
    let fields: Vec<&str> = known.iter().map(|k| k.name.as_str()).filter(|k| new.fields.iter().any(|f| f == k)).collect();
    let row = params![
        &id,
        &number,
        &of.id,
        &new.body,
        person,
        fields.join(" "),
        &new.purpose,
        &new.basis,
        new.days.clamp(1, limits.most_days),
        new.way,
        &new.place,
        Ask::Asked,
        &of.body,
        due,
        now,
        &new.renews
    ];
    tx.exec(sql, row)?;
    step(tx, &id, if new.renews.is_some() { "renew" } else { "ask" }, Some(&new.body), None)?;
    if open {
        let one = by_id(tx, &id)?;
        let fields = one.fields();
        grant(tx, book, &Who::system(), of, &one, &fields, one.days, None)?;
    } else {
        tell(tx, book, &of.body, who, "share-asked", &number)?;
    }
    Ok(number)
}

/// It may be read from now on.
#[expect(clippy::too_many_arguments, reason = "what is granted, for how long, by whom and why")]
fn grant(
    tx: &mut Tx,
    book: &Book,
    who: &Who,
    of: &Resource,
    one: &Request,
    fields: &[String],
    days: i64,
    why: Option<&str>,
) -> Result<()> {
    let now = tx.now();
    let until = now + days.clamp(1, one.days) * DAY;
    let there = one.way != Way::Push
        && tx.count("select count(*) from (select 1 from share_row where resource = $1 limit 1) one", params![&of.id])? > 0;
    let due = if there { until } else { book.due(now, book.pack.limits.deliver_days).min(until) };
    tx.log(
        one.entry(who, Entry::new("share.decide", "share-request", &one.id))
            .fact("answer", "grant")
            .fact("fields", fields.join(" "))
            .fact("until", until),
    )?;
    let sql = "update share_request set state = $2, fields = $3, granted_at = $4, until_at = $5, delivered_at = $6, due_at = $7, desk = $8, late = 0 \
               where id = $1";
    tx.exec(sql, params![&one.id, Ask::Granted, fields.join(" "), now, until, there.then_some(now), due, &of.body])?;
    let act = if fields.len() < one.fields().len() { "grant-less" } else { "grant" };
    step(tx, &one.id, act, who.actor().is_some().then_some(one.desk.as_str()), why)?;
    settled(tx, book, &one.number)?;
    tell(tx, book, &one.body, who, "share-granted", &one.number)?;
    if there { Ok(()) } else { tell(tx, book, &of.body, who, "share-deliver", &one.number) }
}

/// What whoever has it answers.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields of the form")]
pub struct Answer {
    pub yes: bool,
    /// The fields that are given; none: all.
    pub fields: Vec<String>,
    pub days: Option<i64>,
    pub why: Option<String>,
}

/// The provider answers, or the desk above when it did not.
pub fn decide(tx: &mut Tx, book: &Book, who: &Who, number: &str, answer: &Answer) -> Result<()> {
    let one = by_number(tx, number)?;
    let of = resource::by_id(tx, &one.resource)?;
    if works(who, &one.body) {
        return Err(Kind::OwnOrganisation.into());
    }
    let may = if one.desk == of.body { works(who, &of.body) } else { desk_of(book, who, &one.desk) };
    if !may {
        return Err(Kind::Denied.into());
    }
    if one.state != Ask::Asked || of.state != State::Published {
        return Err(Kind::State.into());
    }
    if answer.yes {
        let fields = rules::cut(&one.fields(), &answer.fields, answer.why.as_deref())?;
        return grant(tx, book, who, &of, &one, &fields, answer.days.unwrap_or(one.days), answer.why.as_deref());
    }
    let why = answer.why.as_deref().ok_or_else(|| Kind::Missing.at("why"))?;
    tx.log(one.entry(who, Entry::new("share.decide", "share-request", &one.id)).fact("answer", "refuse"))?;
    close(tx, &one, Ask::Refused)?;
    step(tx, &one.id, "refuse", Some(&one.desk), Some(why))?;
    settled(tx, book, number)?;
    tell(tx, book, &one.body, who, "share-refused", number)
}

/// Nothing is read under it any more: its key ends, and its adapter.
fn close(tx: &mut Tx, one: &Request, state: Ask) -> Result<()> {
    let now = tx.now();
    tx.exec("update share_request set state = $2, due_at = null where id = $1", params![&one.id, state])?;
    if let Some(held) = &one.api_key {
        key::shut(tx, held)?;
    }
    tx.exec(
        "update share_adapter set ended_at = $2, next_at = null where request = $1 and ended_at is null",
        params![&one.number, now],
    )?;
    Ok(())
}

/// Whoever asked does not need it any more; or its provider ends it, and says why.
pub fn end(tx: &mut Tx, book: &Book, who: &Who, number: &str, why: Option<&str>) -> Result<()> {
    let one = by_number(tx, number)?;
    let of = resource::by_id(tx, &one.resource)?;
    if one.state.is_over() {
        return Err(Kind::State.into());
    }
    let (state, act, other) = match (works(who, &one.body), works(who, &of.body)) {
        (true, _) if one.state == Ask::Asked => (Ask::Withdrawn, "withdraw-ask", &of.body),
        (true, _) => (Ask::Ended, "give-back", &of.body),
        (_, true) if one.state == Ask::Granted => (Ask::Ended, "end", &one.body),
        (_, true) => return Err(Kind::State.into()),
        _ => return Err(Kind::Denied.into()),
    };
    if act == "end" && why.is_none() {
        return Err(Kind::Missing.at("why"));
    }
    tx.log(one.entry(who, Entry::new("share.end", "share-request", &one.id)).fact("act", act))?;
    close(tx, &one, state)?;
    let by = if other == &of.body { &one.body } else { &of.body };
    step(tx, &one.id, act, Some(by), why)?;
    settled(tx, book, number)?;
    tell(tx, book, other, who, "share-ended", number)
}

/// The resource is no more: all that was granted of it ends, all that was asked is refused.
pub fn gone(tx: &mut Tx, book: &Book, who: &Who, of: &Resource, why: &str) -> Result<()> {
    for one in listed(tx, "resource = $1 and state in ('asked', 'granted') order by number", params![&of.id])? {
        close(tx, &one, if one.state == Ask::Asked { Ask::Refused } else { Ask::Ended })?;
        step(tx, &one.id, "gone", Some(&of.body), Some(why))?;
        settled(tx, book, &one.number)?;
        tell(tx, book, &one.body, who, "share-ended", &one.number)?;
    }
    Ok(())
}

/// Asks once more for the same, before the end: the old grant goes on until then.
pub fn renew(tx: &mut Tx, book: &Book, who: &Who, number: &str) -> Result<String> {
    let one = by_number(tx, number)?;
    if one.state != Ask::Granted {
        return Err(Kind::State.into());
    }
    let of = resource::by_id(tx, &one.resource)?;
    let known: Vec<String> = of.fields().into_iter().map(|f| f.name).collect();
    let new = New {
        body: one.body.clone(),
        fields: one.fields().into_iter().filter(|f| known.contains(f)).collect(),
        purpose: one.purpose.clone(),
        basis: one.basis.clone(),
        days: one.days,
        way: one.way,
        place: one.place.clone(),
        renews: Some(one.number.clone()),
    };
    ask(tx, book, who, &of, &new)
}

/// The key of a program that reads under a grant: one at a time, its text was drawn before. Gives the id.
pub fn make_key(tx: &mut Tx, who: &Who, number: &str, text: &str) -> Result<String> {
    let (one, now) = (by_number(tx, number)?, tx.now());
    if !works(who, &one.body) {
        return Err(Kind::Denied.into());
    }
    if !one.is_live(now) || one.way != Way::Read {
        return Err(Kind::NotGranted.into());
    }
    if let Some(old) = &one.api_key {
        key::shut(tx, old)?;
    }
    let new = key::New {
        body: one.body.clone(),
        name: one.number.clone(),
        purposes: vec![key::purpose::SHARE.to_owned()],
        per_minute: key::PER_MINUTE,
        per_day: key::PER_DAY,
        // It never outlives what was granted: what is left of its last day is refused by the grant.
        days: ((one.until_at.unwrap_or(now) - now) / DAY).max(1),
    };
    let id = key::make(tx, who, &new, text)?;
    tx.log(one.entry(who, Entry::new("share.key", "share-request", &one.id)).fact("key", id.as_str()))?;
    tx.exec("update share_request set api_key = $2 where id = $1", params![&one.id, &id])?;
    step(tx, &one.id, "key", Some(&one.body), None)?;
    Ok(id)
}

/// Rows have come: whatever was granted and waited for them is delivered. Called within an action that logs.
pub fn supplied(tx: &mut Tx, book: &Book, of: &Resource) -> Result<()> {
    let filter = "resource = $1 and state = 'granted' and delivered_at is null and way <> 'push' order by number limit 200";
    for one in listed(tx, filter, params![&of.id])? {
        delivered(tx, book, &one)?;
    }
    Ok(())
}

/// It is delivered: from now on its end is what its clock runs to. Called within an action that logs.
pub fn delivered(tx: &mut Tx, book: &Book, one: &Request) -> Result<()> {
    let (now, system) = (tx.now(), Who::system());
    tx.log(one.entry(&system, Entry::new("share.deliver", "share-request", &one.id)))?;
    tx.exec("update share_request set delivered_at = $2, due_at = until_at where id = $1", params![&one.id, now])?;
    step(tx, &one.id, "deliver", None, None)?;
    settled(tx, book, &one.number)?;
    tell(tx, book, &one.body, &system, "share-delivered", &one.number)
}

/// Its clock ran out: an answer or a delivery did not come, or what was granted is over.
pub fn late(tx: &mut Tx, book: &Book, id: &str) -> Result<()> {
    let (one, now, system) = (by_id(tx, id)?, tx.now(), Who::system());
    if one.due_at.is_none_or(|at| at > now) {
        return Ok(());
    }
    let entry = one.entry(&system, Entry::new("share.ring", "share-request", &one.id));
    if one.state == Ask::Granted && one.until_at.is_none_or(|at| at <= now) {
        tx.log(entry.fact("what", "over"))?;
        close(tx, &one, Ask::Ended)?;
        step(tx, &one.id, "over", None, None)?;
        settled(tx, book, &one.number)?;
        return tell(tx, book, &one.body, &system, "share-ended", &one.number);
    }
    let next = book.above(&one.desk, Some(&one.body)).unwrap_or_else(|| one.desk.clone());
    let limits = &book.pack.limits;
    let due = book.due(now, if one.state == Ask::Granted { limits.deliver_days } else { limits.decide_days });
    let due = one.until_at.map_or(due, |at| due.min(at));
    tx.log(entry.fact("what", "late").fact("to", next.as_str()).fact("due", due))?;
    tx.exec("update share_request set desk = $2, due_at = $3, late = late + 1 where id = $1", params![&one.id, &next, due])?;
    step(tx, &one.id, "late", Some(&next), None)?;
    settled(tx, book, &one.number)?;
    tell(tx, book, &next, &system, "share-above", &one.number)?;
    if next != one.desk { tell(tx, book, &one.desk, &system, "share-late", &one.number) } else { Ok(()) }
}

/// The grant under which somebody reads a resource now: with a key the one that it is for, else the newest of his organisation.
pub fn grant_of(q: &mut dyn Query, who: &Who, of: &Resource, now: Ms) -> Result<Request> {
    let filter = "resource = $1 and state = 'granted' and way = 'read' order by granted_at desc, number desc limit 500";
    let all = listed(q, filter, params![&of.id])?;
    let fits = |r: &Request| match &who.key {
        Some(held) => r.api_key.as_deref() == Some(held.id.as_str()),
        None => works(who, &r.body),
    };
    all.into_iter().find(|r| r.is_live(now) && fits(r)).ok_or_else(|| Kind::NotGranted.into())
}
