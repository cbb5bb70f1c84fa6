//! Asking to join, answering, deciding, appealing.
//!
//! Every action has one shape: may you? → load → rules decide → write → log.

use store::{Entry, Query, Tx, params};

use super::paper::{self, NewPaper};
use super::rules::{self, Answer, Membership, Stand, State};
use super::{Book, Partner, by_id, by_number, owned, place, settled, stand, step, tell, tell_desk};
use crate::activities::service;
use crate::base::area::Area;
use crate::base::party::{self, standing};
use crate::kit::error::Kind;
use crate::kit::time::DAY;
use crate::kit::{Result, RoleKind, Who};

/// What an organisation says of itself.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields of the form")]
pub struct New {
    pub kind: RoleKind,
    pub name: String,
    pub uscc: Option<String>,
    pub backer: Option<String>,
    pub about: String,
    pub contact: String,
    pub phone: String,
    pub public_phone: Option<String>,
    pub papers: Vec<NewPaper>,
}

/// What makes an application the only one: its code, or its name in that place.
fn mark(area: &Area, new: &New) -> String {
    new.uscc.clone().unwrap_or_else(|| format!("{} {}", area.id, new.name))
}

/// Whether one with this code lives, or with this name where it has none: for a form before it keeps its files.
pub fn is_taken(q: &mut dyn Query, area: &Area, new: &New) -> Result<bool> {
    Ok(q.count("select count(*) from partner where live = $1", params![mark(area, new)])? > 0)
}

/// Asks to join; gives the number. Whoever asks is its contact.
pub fn ask(tx: &mut Tx, book: &Book, who: &Who, area: &Area, new: &New) -> Result<String> {
    let person = who.person.as_deref().filter(|_| who.by.is_none()).ok_or(Kind::Denied)?;
    let (now, limits) = (tx.now(), &book.pack.limits);
    let needs = book.pack.needs(new.kind).ok_or_else(|| Kind::Unknown.at("kind"))?;
    rules::identified(needs, new.uscc.as_deref(), new.backer.as_deref())?;
    for paper in &new.papers {
        rules::takes(book.pack, needs, &paper.kind, paper.until, now)?;
    }
    if let Some(kind) = rules::missing(needs, new.uscc.is_some(), &paper::as_shown(&new.papers)) {
        return Err(Kind::PaperMissing.at(kind.to_owned()));
    }
    let waits = "select count(*) from partner where applicant = $1 and state in ('asked', 'more')";
    if tx.count(waits, params![person])? >= limits.open_at_once {
        return Err(rules::too_many(limits.open_at_once));
    }
    if is_taken(tx, area, new)? {
        return Err(Kind::PartnerTwice.at(if new.uscc.is_some() { "uscc" } else { "name" }));
    }
    let desk = book.chart.desk_of(&area.path)?;
    let (id, number) = (tx.id(), format!("J-{:04}", tx.count("select count(*) from partner", &[])? + 1));
    tx.new_owner_of(&id, &area.id)?;
    let due = book.due(now);
    let entry = Entry {
        actor: Some(person),
        party: Some(&desk.id),
        area: Some(&area.id),
        owner: Some(&id),
        ..Entry::new("partner.ask", "partner", &id)
    };
    let entry = entry.fact("number", number.as_str()).fact("kind", new.kind.as_str()).fact("due", due);
    let entry =
        entry.fact("digest", crate::kit::digest(&[new.name.clone(), new.about.clone()])).fact_opt("uscc", new.uscc.as_deref());
    let entry = entry.element("partner.contact", Some(new.contact.as_str())).element("partner.phone", Some(new.phone.as_str()));
    let seq = tx.log(entry)?.index;
    let (contact, phone) = (tx.seal(&id, new.contact.as_bytes())?, tx.seal(&id, new.phone.as_bytes())?);
    let sql = "insert into partner(id, number, kind, name, uscc, backer, about, area, path, state, live, desk, applicant, contact, phone, \
               public_phone, made_at, due_at, late, appealed, log_seq) \
               values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,0,0,$19)";
    let row = params![
        &id,
        &number,
        new.kind.as_str(),
        &new.name,
        &new.uscc,
        &new.backer,
        &new.about,
        &area.id,
        &area.path,
        State::Asked,
        mark(area, new),
        &desk.id,
        person,
        contact,
        phone,
        &new.public_phone,
        now,
        due,
        seq
    ];
    tx.exec(sql, row)?;
    paper::add(tx, who, &id, &new.papers)?;
    let one = by_id(tx, &id)?;
    step(tx, &one, "apply", None, None)?;
    tell_desk(tx, book, &one, &desk.id, "partner-new")?;
    Ok(number)
}

/// Moves it to a state, with a clock.
fn set(tx: &mut Tx, one: &Partner, state: State, due: Option<i64>) -> Result<()> {
    let sql = "update partner set state = $2, due_at = $3, live = case when $4 = 1 then null else live end where id = $1";
    tx.exec(sql, params![&one.id, state, due, i64::from(state.is_over())])?;
    Ok(())
}

/// A desk asks for more, approves, refuses, suspends, lets work again, ends.
pub fn decide(tx: &mut Tx, book: &Book, who: &Who, number: &str, answer: Answer, why: Option<&str>) -> Result<()> {
    let (one, now) = (by_number(tx, number)?, tx.now());
    match stand(tx, &book.chart, who, &one)? {
        Stand::Desk => {}
        Stand::Own if who.desk_over(&one.path).is_some() => return Err(Kind::OwnOrganisation.into()),
        Stand::Own | Stand::Near | Stand::Nobody => return Err(Kind::Denied.into()),
    }
    let state = answer.leads(one.state)?;
    if answer.gives_reason() && why.is_none() {
        return Err(Kind::Missing.at("why"));
    }
    if one.refused_by.is_some() && one.state == State::Asked && one.refused_by.as_deref() == who.actor() {
        return Err(Kind::SameJudge.into());
    }
    let desk = who.desk_over(&one.path).and_then(|r| r.body.clone());
    let entry = one.entry(who, Entry::new("partner.decide", "partner", &one.id)).fact("answer", answer.as_str());
    tx.log(entry.fact("state", state.as_str()).element("partner.words", why))?;
    step(tx, &one, answer.as_str(), desk.as_deref(), why)?;
    settled(tx, book, &one)?;
    let due = (state == State::More).then_some(now + book.pack.limits.answer_days * DAY);
    match answer {
        Answer::Ask => set(tx, &one, state, due)?,
        Answer::Approve => approve(tx, book, &one)?,
        Answer::Refuse => {
            set(tx, &one, state, None)?;
            tx.exec("update partner set refused_by = $2 where id = $1", params![&one.id, who.actor()])?;
        }
        Answer::Suspend | Answer::End => {
            set(tx, &one, state, None)?;
            standing::shut(tx, body(&one)?)?;
        }
        Answer::Resume => {
            set(tx, &one, state, None)?;
            let body = body(&one)?;
            standing::reopen(tx, body)?;
            for person in super::own(tx, &one)? {
                party::add_role(tx, &person, one.role(), &one.area, Some(body))?;
            }
            paper::reckon(tx, book, &one)?;
        }
    }
    tell(tx, book, &one, who, &format!("partner-{}", answer.as_str()))
}

fn body(one: &Partner) -> Result<&str> {
    one.body.as_deref().ok_or_else(|| Kind::State.into())
}

/// It works here from now on: an organisation with a desk of its own, whose first member is whoever asked.
fn approve(tx: &mut Tx, book: &Book, one: &Partner) -> Result<()> {
    let (now, needs) = (tx.now(), one.needs(book.pack)?);
    let papers = paper::of(tx, &one.id)?;
    if let Some(kind) = rules::missing(needs, one.uscc.is_some(), &paper::shown(&papers)) {
        return Err(Kind::PaperMissing.at(kind.to_owned()));
    }
    let stale = |p: &&paper::Paper| p.until_at.is_some_and(|at| at <= now) && needs.needed(one.uscc.is_some()).contains(&p.kind);
    if papers.iter().any(|p| stale(&p))
        && rules::valid_until(needs, one.uscc.is_some(), &paper::all_seen(&papers)).is_some_and(|at| at <= now)
    {
        return Err(Kind::PaperExpired.at("papers"));
    }
    let at = place(tx, one)?;
    let body = party::add_body(tx, one.role(), &one.name, &at.id, one.public_phone.as_deref())?;
    let sql = "update partner set state = $2, due_at = null, body = $3, joined_at = $4, late = 0 where id = $1";
    tx.exec(sql, params![&one.id, State::Joined, &body.id, now])?;
    let sql = "insert into partner_member(partner, n, person, state, at) values ($1, 1, $2, $3, $4)";
    tx.exec(sql, params![&one.id, &one.applicant, Membership::Member, now])?;
    party::add_role(tx, &one.applicant, one.role(), &one.area, Some(&body.id))?;
    let sql = "update partner_paper set state = 'seen' where partner = $1 and state = 'waiting'";
    tx.exec(sql, params![&one.id])?;
    paper::reckon(tx, book, &Partner { body: Some(body.id.clone()), state: State::Joined, ..one.clone() })?;
    // What the directory has of it already is its own from now on.
    if let Some(code) = &one.uscc {
        service::act::claim(tx, code, &body.id)?;
    }
    Ok(())
}

/// The applicant answers, with more certificates or without: it is the desk's turn again, with a new clock.
pub fn answer(tx: &mut Tx, book: &Book, who: &Who, number: &str, words: &str, papers: &[NewPaper]) -> Result<()> {
    let (one, now) = (owned(tx, book, who, number)?, tx.now());
    if one.state != State::More {
        return Err(Kind::State.into());
    }
    let needs = one.needs(book.pack)?;
    for paper in papers {
        rules::takes(book.pack, needs, &paper.kind, paper.until, now)?;
    }
    let due = book.due(now);
    let entry = one.entry(who, Entry::new("partner.answer", "partner", &one.id)).fact("papers", papers.len() as i64);
    tx.log(entry.fact("due", due).element("partner.words", Some(words)))?;
    step(tx, &one, "answer", None, Some(words))?;
    paper::add(tx, who, &one.id, papers)?;
    set(tx, &one, State::Asked, Some(due))?;
    settled(tx, book, &one)?;
    tell_desk(tx, book, &one, &one.desk, "partner-answer")
}

/// Asks once more after a refusal: somebody else decides, of the desk above where there is one.
pub fn appeal(tx: &mut Tx, book: &Book, who: &Who, number: &str, words: &str) -> Result<()> {
    let (one, now) = (owned(tx, book, who, number)?, tx.now());
    if one.state != State::Refused || one.appealed > 0 {
        return Err(Kind::State.into());
    }
    let at = place(tx, &one)?;
    let live = one.uscc.clone().unwrap_or_else(|| format!("{} {}", at.id, one.name));
    if tx.count("select count(*) from partner where live = $1", params![&live])? > 0 {
        return Err(Kind::PartnerTwice.into());
    }
    let above = book.chart.body(&one.desk).and_then(|b| book.chart.desk_above(b)).map_or(one.desk.clone(), |b| b.id.clone());
    let due = book.due(now);
    let entry = one.entry(who, Entry::new("partner.appeal", "partner", &one.id)).fact("to", above.as_str()).fact("due", due);
    tx.log(entry.element("partner.words", Some(words)))?;
    step(tx, &one, "appeal", None, Some(words))?;
    let sql = "update partner set state = $2, desk = $3, due_at = $4, appealed = 1, late = 0, live = $5 where id = $1";
    tx.exec(sql, params![&one.id, State::Asked, &above, due, &live])?;
    tell_desk(tx, book, &one, &above, "partner-appeal")
}

/// Whoever asked does not want it any more; by nobody, when what was asked for got no answer.
pub fn withdraw(tx: &mut Tx, book: &Book, who: &Who, one: &Partner) -> Result<()> {
    if !matches!(one.state, State::Asked | State::More) {
        return Err(Kind::State.into());
    }
    tx.log(one.entry(who, Entry::new("partner.withdraw", "partner", &one.id)))?;
    step(tx, one, "withdraw", None, None)?;
    set(tx, one, State::Withdrawn, None)?;
    settled(tx, book, one)
}

/// What its page says besides its name: kept by its people.
pub fn change(tx: &mut Tx, book: &Book, who: &Who, number: &str, about: &str, public_phone: Option<&str>) -> Result<()> {
    let one = owned(tx, book, who, number)?;
    if one.state != State::Joined {
        return Err(Kind::State.into());
    }
    let said = crate::kit::digest(&[about.to_owned(), public_phone.unwrap_or_default().to_owned()]);
    tx.log(one.entry(who, Entry::new("partner.change", "partner", &one.id)).fact("digest", said))?;
    tx.exec("update partner set about = $2, public_phone = $3 where id = $1", params![&one.id, about, public_phone])?;
    Ok(())
}
