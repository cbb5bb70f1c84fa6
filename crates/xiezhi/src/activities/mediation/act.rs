//! Asking for a mediation, taking a side, consent, mediators, and the ways in which it ends without an agreement.
//!
//! Every action has one shape: may you? → load → rules decide → write → log.

use calc::codes;
use store::{Entry, Query, Tx, hex, params};

use super::rules::{self, Consent, Stand, State, Ties, Way};
use super::{Book, Mediation, by_id, did, mediators, over, side, stand, tell, tell_desk, ties};
use crate::base::area::Area;
use crate::base::party::{self, phone};
use crate::kit::error::Kind;
use crate::kit::time::DAY;
use crate::kit::{Result, Who};

/// Letters of the code with which a side is taken: 60 bits.
const LETTERS: usize = 12;

/// Another side, as it is named.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields of the form")]
pub struct NewSide {
    pub name: String,
    /// Finds the account, and is not kept.
    pub phone: Option<String>,
    /// The organisation, when it is one that works here.
    pub body: Option<String>,
}

/// What is asked.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields of the form")]
pub struct Ask {
    pub kind: String,
    pub text: String,
    /// Whoever asks is a side himself.
    pub own: bool,
    pub sides: Vec<NewSide>,
    pub case: Option<String>,
}

/// The code with which a side is taken.
pub fn code(q: &dyn Query, mediation: &str, n: i64) -> String {
    codes::crockford(&q.digest("side of a mediation", &format!("{mediation} {n}")))[..LETTERS].to_owned()
}

fn mark(q: &dyn Query, code: &str) -> String {
    hex(q.digest("code of a side", &codes::normalise(code)))
}

/// Asks for a mediation: one side does, or the desk for all. Gives its number.
pub fn ask(tx: &mut Tx, book: &Book, who: &Who, area: &Area, new: &Ask) -> Result<String> {
    let (now, person) = (tx.now(), who.person.as_deref().ok_or(Kind::SignIn)?);
    let desk = book.chart.desk_of(&area.path)?;
    let runs = who.roles.iter().any(|r| r.kind.is_desk() && r.body.as_ref() == Some(&desk.id));
    if !new.own && !runs {
        return Err(Kind::Denied.into());
    }
    if !book.pack.has(&new.kind) {
        return Err(Kind::Unknown.at("kind"));
    }
    let all = new.sides.len() as i64 + i64::from(new.own);
    if all < 2 {
        return Err(Kind::Missing.at("name1"));
    }
    if all > book.pack.limits.sides {
        return Err(Kind::TooMany.at("sides").limit(book.pack.limits.sides));
    }
    if new.own {
        let open = "select count(*) from mediation where asked_by = $1 and state in ('asked', 'open', 'drafted')";
        if tx.count(open, params![person])? >= book.pack.limits.asked_at_once {
            return Err(crate::kit::Error::from(Kind::DailyLimit).limit(book.pack.limits.asked_at_once));
        }
    }
    let (id, number) = (tx.id(), format!("M-{:04}", tx.count("select count(*) from mediation", &[])? + 1));
    tx.new_owner_of(&id, &area.id)?;
    let due = now + book.pack.limits.consent_days * DAY;
    let entry = Entry {
        actor: who.actor(),
        party: Some(&desk.id),
        area: Some(&area.id),
        owner: Some(&id),
        ..Entry::new("mediation.ask", "mediation", &id)
    };
    let entry = entry.fact("number", number.as_str()).fact("kind", new.kind.as_str()).fact("sides", all).fact("due", due);
    let entry = entry.fact_opt("case", new.case.as_deref()).element("mediation.words", Some(new.text.as_str()));
    let seq = tx.log(entry)?.index;
    let sql = "insert into mediation(id, number, area, path, desk, kind, state, case_number, asked_by, asked_at, due_at, late, oral, log_seq) \
               values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,0,0,$12)";
    let asked_by = new.own.then_some(person);
    let row = params![&id, &number, &area.id, &area.path, &desk.id, &new.kind, State::Asked, &new.case, asked_by, now, due, seq];
    tx.exec(sql, row)?;
    let mut n = 0;
    if new.own {
        n += 1;
        let name = party::own_name(tx, who)?;
        let name = tx.seal(&id, name.as_bytes())?;
        // Whoever asks consents; for another whom he acts for, that one says so himself.
        let (consent, way) = if who.by.is_none() { (Consent::Yes, Some(Way::App)) } else { (Consent::Asked, None) };
        let sql = "insert into mediation_side(mediation, n, person, name, consent, consent_way, consent_at) values ($1,$2,$3,$4,$5,$6,$7)";
        tx.exec(sql, params![&id, n, person, name, consent, way, way.map(|_| now)])?;
    }
    for other in &new.sides {
        n += 1;
        // A number finds the account; whether it did is told to nobody.
        let found = match other.phone.as_deref().and_then(codes::mobile) {
            Some(mobile) => {
                let at = phone::mark(tx, &mobile);
                match phone::holder(tx, &at, now)? {
                    phone::Holder::Resident(found) => Some(found),
                    phone::Holder::Nobody | phone::Holder::Barred => None,
                }
            }
            None => None,
        };
        let twice = "select count(*) from mediation_side where mediation = $1 and person = $2";
        if let Some(found) = &found
            && tx.count(twice, params![&id, found])? > 0
        {
            return Err(Kind::Taken.at("phone"));
        }
        if let Some(body) = &other.body {
            book.chart.living(body).ok_or_else(|| Kind::Unknown.at("body"))?;
        }
        let (name, code) = (tx.seal(&id, other.name.as_bytes())?, code(tx, &id, n));
        let mark = mark(tx, &code);
        let sql = "insert into mediation_side(mediation, n, person, mark, name, body, consent) values ($1,$2,$3,$4,$5,$6,$7)";
        tx.exec(sql, params![&id, n, found, mark, name, &other.body, Consent::Asked])?;
    }
    let one = by_id(tx, &id)?;
    tell(tx, book, &one, who, "mediation-asked")?;
    if !runs {
        let desk = one.desk.clone();
        tell_desk(tx, book, &one, &desk, "mediation-new")?;
    }
    Ok(number)
}

/// Takes a side by its code: only one that nobody took, and never two of one mediation.
pub fn join(tx: &mut Tx, book: &Book, who: &Who, typed: &str) -> Result<Option<String>> {
    let person = who.person.as_deref().ok_or(Kind::SignIn)?;
    let mark = mark(tx, typed);
    let row = tx.row("select mediation, n from mediation_side where mark = $1 and person is null", params![&mark])?;
    let Some(row) = row else { return Ok(None) };
    let (id, n): (String, i64) = (row.get("mediation")?, row.get("n")?);
    let one = by_id(tx, &id)?;
    if stand(tx, who, &one)?.is_within() {
        return Err(Kind::Taken.into());
    }
    tx.exec("update mediation_side set person = $3, mark = null where mediation = $1 and n = $2", params![&id, n, person])?;
    // Who mediates was looked at before it was known who this side is.
    let mut gone = 0;
    for (mediator, _) in mediators(tx, &id)? {
        let now = tx.now();
        let (near, side) = (ties(tx, &mediator, now)?, ties(tx, person, now)?);
        if rules::conflict(&near, &[side]).is_some() {
            tx.exec("delete from mediation_by where mediation = $1 and person = $2", params![&id, &mediator])?;
            gone += 1;
        }
    }
    tx.log(one.entry(who, Entry::new("mediation.join", "mediation", &id)).fact("side", n).fact("near", gone))?;
    if gone > 0 {
        tell_desk(tx, book, &one, &one.desk, "mediation-appoint")?;
    }
    Ok(Some(one.number))
}

/// A side says whether it consents; the desk notes it for a side that has no account. With the last yes it begins, with the
/// first no it ends.
pub fn consent(tx: &mut Tx, book: &Book, who: &Who, id: &str, n: i64, yes: bool, way: Way) -> Result<()> {
    let (one, now) = (by_id(tx, id)?, tx.now());
    let sides = side::all(tx, id)?;
    let side = sides.iter().find(|s| s.n == n).ok_or(Kind::NotFound)?;
    match (stand(tx, who, &one)?, way) {
        // In his own name: nobody consents for another.
        (Stand::Side(own), Way::App) if own == n && who.by.is_none() => {}
        (Stand::Desk, Way::Present | Way::Phone | Way::Paper) if side.person.is_none() => {}
        _ => return Err(Kind::Denied.into()),
    }
    if one.state != State::Asked || side.consent != Consent::Asked {
        return Err(Kind::State.into());
    }
    let said = if yes { Consent::Yes } else { Consent::No };
    let sql = "update mediation_side set consent = $3, consent_way = $4, consent_at = $5 where mediation = $1 and n = $2";
    tx.exec(sql, params![id, n, said, way, now])?;
    let entry = one.entry(who, Entry::new("mediation.consent", "mediation", id));
    tx.log(entry.fact("side", n).fact("said", said.as_str()).fact("way", way.as_str()))?;
    did(tx, book, &one, who.person.iter().cloned().collect())?;
    if !yes {
        return end(tx, book, who, &one, State::Refused, None, None);
    }
    if sides.iter().all(|s| s.n == n || s.consent == Consent::Yes) {
        let due = now + book.pack.limits.days * DAY;
        let sql = "update mediation set state = $2, accepted_at = $3, due_at = $4 where id = $1";
        tx.exec(sql, params![id, State::Open, now, due])?;
        tx.log(one.entry(who, Entry::new("mediation.accept", "mediation", id)).fact("due", due))?;
        tell(tx, book, &one, who, "mediation-accepted")?;
        if mediators(tx, id)?.is_empty() {
            tell_desk(tx, book, &one, &one.desk, "mediation-appoint")?;
        }
    }
    Ok(())
}

/// Puts somebody on the list of mediators of a community, or takes him off.
pub fn list(tx: &mut Tx, who: &Who, area: &Area, person: &str, on: bool) -> Result<()> {
    let (role, now) = (who.desk_over(&area.path).ok_or(Kind::Denied)?, tx.now());
    let known = "select count(*) from account where person = $1 and disabled_at is null";
    if tx.count(known, params![person])? == 0 {
        return Err(Kind::Unknown.at("person"));
    }
    let sql = "insert into mediator(person, area, path, since_at) values ($1,$2,$3,$4) \
               on conflict(person, area) do update set ended_at = $5";
    tx.exec(sql, params![person, &area.id, &area.path, now, (!on).then_some(now)])?;
    let entry = Entry {
        actor: who.actor(),
        role: Some(role.kind.as_str()),
        party: role.body.as_deref(),
        area: Some(&area.id),
        ..Entry::new("mediation.list", "person", person)
    };
    tx.log(entry.fact("on", on))?;
    Ok(())
}

/// Refuses who is not on the list, or is near to a side.
fn fits(tx: &mut Tx, one: &Mediation, person: &str) -> Result<()> {
    let listed = "select count(*) from mediator where person = $1 and area = $2 and ended_at is null";
    if tx.count(listed, params![person, &one.area])? == 0 {
        return Err(Kind::Unknown.at("mediator"));
    }
    let now = tx.now();
    let mut sides: Vec<Ties> = Vec::new();
    for side in side::all(tx, &one.id)? {
        let mut known = match &side.person {
            Some(person) => ties(tx, person, now)?,
            None => Ties::default(),
        };
        known.bodies.extend(side.body);
        sides.push(known);
    }
    let mediator = ties(tx, person, now)?;
    match rules::conflict(&mediator, &sides) {
        Some(_) => Err(Kind::Conflict.at("mediator")),
        None => Ok(()),
    }
}

/// A side names the mediator it would have; when all name the same, it is that one.
pub fn choose(tx: &mut Tx, book: &Book, who: &Who, id: &str, mediator: &str) -> Result<()> {
    let one = by_id(tx, id)?;
    let Stand::Side(n) = stand(tx, who, &one)? else { return Err(Kind::Denied.into()) };
    if !matches!(one.state, State::Asked | State::Open) {
        return Err(Kind::State.into());
    }
    fits(tx, &one, mediator)?;
    tx.exec("update mediation_side set choice = $3 where mediation = $1 and n = $2", params![id, n, mediator])?;
    tx.log(one.entry(who, Entry::new("mediation.choose", "mediation", id)).fact("side", n))?;
    if side::all(tx, id)?.iter().all(|s| s.choice.as_deref() == Some(mediator)) {
        name(tx, book, who, &one, &[mediator.to_owned()], "chosen")?;
    }
    Ok(())
}

/// The committee names who mediates.
pub fn appoint(tx: &mut Tx, book: &Book, who: &Who, id: &str, people: &[String]) -> Result<()> {
    let one = by_id(tx, id)?;
    // Not whoever is a side himself.
    let own = matches!(stand(tx, who, &one)?, Stand::Side(_));
    if own || !who.roles.iter().any(|r| r.kind.is_desk() && r.body.as_ref() == Some(&one.desk)) {
        return Err(Kind::Denied.into());
    }
    if !matches!(one.state, State::Asked | State::Open) {
        return Err(Kind::State.into());
    }
    if people.is_empty() {
        return Err(Kind::Missing.at("mediator"));
    }
    if people.len() as i64 > book.pack.limits.mediators {
        return Err(Kind::TooMany.at("mediator").limit(book.pack.limits.mediators));
    }
    for person in people {
        fits(tx, &one, person)?;
    }
    name(tx, book, who, &one, people, "appointed")
}

fn name(tx: &mut Tx, book: &Book, who: &Who, one: &Mediation, people: &[String], how: &str) -> Result<()> {
    tx.exec("delete from mediation_by where mediation = $1", params![&one.id])?;
    for person in people {
        let sql = "insert into mediation_by(mediation, person) values ($1, $2) on conflict(mediation, person) do nothing";
        tx.exec(sql, params![&one.id, person])?;
    }
    let entry = one.entry(who, Entry::new("mediation.appoint", "mediation", &one.id));
    tx.log(entry.fact("how", how).fact("mediators", people.len() as i64))?;
    let now = tx.now();
    let desk = party::members(tx, &one.desk, now)?;
    did(tx, book, one, desk)?;
    tell(tx, book, one, who, "mediation-mediator")
}

/// Whoever was named says that he cannot: he is near to a side, or is asked to stand back.
pub fn decline(tx: &mut Tx, book: &Book, who: &Who, id: &str) -> Result<()> {
    let one = by_id(tx, id)?;
    if stand(tx, who, &one)? != Stand::Mediator || !one.state.is_open() {
        return Err(Kind::Denied.into());
    }
    tx.exec("delete from mediation_by where mediation = $1 and person = $2", params![id, who.person.as_deref()])?;
    tx.exec("update mediation_side set choice = null where mediation = $1 and choice = $2", params![id, who.person.as_deref()])?;
    tx.log(one.entry(who, Entry::new("mediation.decline", "mediation", id)))?;
    tell_desk(tx, book, &one, &one.desk, "mediation-appoint")
}

/// A side wants no more: at any time before there is an agreement. No reason is asked.
pub fn withdraw(tx: &mut Tx, book: &Book, who: &Who, id: &str) -> Result<()> {
    let one = by_id(tx, id)?;
    if !matches!(stand(tx, who, &one)?, Stand::Side(_)) {
        return Err(Kind::Denied.into());
    }
    if !one.state.is_open() {
        return Err(Kind::State.into());
    }
    end(tx, book, who, &one, State::Withdrawn, None, None)
}

/// It does not succeed: whoever mediates says where to go, and why.
pub fn refer(tx: &mut Tx, book: &Book, who: &Who, id: &str, to: &str, why: &str) -> Result<()> {
    let one = by_id(tx, id)?;
    if stand(tx, who, &one)? != Stand::Mediator {
        return Err(Kind::Denied.into());
    }
    if !one.state.is_open() {
        return Err(Kind::State.into());
    }
    book.pack.place(to).ok_or_else(|| Kind::Unknown.at("to"))?;
    end(tx, book, who, &one, State::Referred, Some(to), Some(why))
}

/// Ends it without an agreement.
pub(super) fn end(
    tx: &mut Tx,
    book: &Book,
    who: &Who,
    one: &Mediation,
    state: State,
    refer: Option<&str>,
    why: Option<&str>,
) -> Result<()> {
    let now = tx.now();
    let entry = one.entry(who, Entry::new("mediation.end", "mediation", &one.id)).fact("state", state.as_str());
    let seq = tx.log(entry.fact_opt("refer", refer).element("mediation.words", why))?.index;
    let sql = "update mediation set state = $2, closed_at = $3, due_at = null, refer = $4, end_seq = $5 where id = $1";
    tx.exec(sql, params![&one.id, state, now, refer, seq])?;
    // Nobody takes a side of what is over.
    tx.exec("update mediation_side set mark = null where mediation = $1", params![&one.id])?;
    tx.exec("update mediation_session set ring_at = null where mediation = $1", params![&one.id])?;
    over(tx, book, one)?;
    tell(tx, book, one, who, &format!("mediation-{}", state.as_str()))
}
