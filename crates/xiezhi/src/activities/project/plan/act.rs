//! Beginning a project, its steps, what it holds of resources, taking it on, ending it.
//!
//! Every action has one shape: may you? → load → rules decide → write → log.

use store::{Entry, Query, Tx, params};

use super::life::{end, run, set_loan};
use super::{Project, Stand, State, Way, by_id, by_number, steps};
use crate::activities::project::resource::{self, Loan};
use crate::activities::project::{Book, body_of, need, settled, tell, tell_body};
use crate::base::area::Area;
use crate::base::party::standing;
use crate::kit::error::Kind;
use crate::kit::time::{DAY, Ms};
use crate::kit::{Result, Who};

/// Days that a project may last.
const LONG: i64 = 1100;

/// What is to be done.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields of the form")]
pub struct New {
    pub title: String,
    pub about: String,
    pub way: Way,
    pub ends_at: Ms,
    /// Numbers of needs.
    pub needs: Vec<String>,
}

/// Begins a project: the desk of the place, or an organisation there that does it itself. Gives its number.
pub fn begin(tx: &mut Tx, book: &Book, who: &Who, place: &Area, new: &New) -> Result<String> {
    let own = body_of(who, &place.path).ok_or(Kind::Denied)?;
    if new.way != Way::Own {
        // Only the desk gives work to others.
        who.desk_over(&place.path).ok_or_else(|| Kind::Denied.at("way"))?;
    }
    let (id, now) = (tx.id(), tx.now());
    standing::insist(tx, Some(&own), now)?;
    if new.ends_at <= now || new.ends_at > now + LONG * DAY {
        return Err(Kind::OutOfRange.at("ends_at").limit(LONG));
    }
    let number = format!("P-{:04}", tx.count("select count(*) from project", &[])? + 1);
    let desk = book.chart.desk_of(&place.path)?.id.clone();
    let (state, body) = match new.way {
        Way::Own => (State::Running, Some(own.clone())),
        Way::Take | Way::Tender => (State::Open, None),
    };
    // What bidders and the people served write is sealed under it.
    tx.new_owner_of(&id, &place.id)?;
    let said = crate::kit::digest(&[new.title.clone(), new.about.clone()]);
    let entry =
        Entry { actor: who.actor(), party: Some(&own), area: Some(&place.id), ..Entry::new("project.begin", "project", &id) };
    let entry = entry.fact("number", number.as_str()).fact("way", new.way.as_str()).fact("digest", said);
    let seq = tx.log(entry.fact("ends", new.ends_at))?.index;
    let sql = "insert into project(id, number, area, path, way, state, title, about, desk, body, made_by, made_at, ends_at, log_seq) \
               values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14)";
    tx.exec(
        sql,
        params![
            &id,
            &number,
            &place.id,
            &place.path,
            new.way,
            state,
            &new.title,
            &new.about,
            &desk,
            &body,
            who.actor().ok_or(Kind::SignIn)?,
            now,
            new.ends_at,
            seq
        ],
    )?;
    let project = by_id(tx, &id)?;
    new.needs.iter().try_for_each(|one| join(tx, book, who, &project, one))?;
    Ok(number)
}

/// Whether somebody may change what belongs to a project that has not ended.
fn may_shape(project: &Project, who: &Who) -> Result<()> {
    if !project.is_led_by(who) && !project.is_done_by(who) {
        return Err(Kind::Denied.into());
    }
    if !matches!(project.state, State::Open | State::Running) {
        return Err(Kind::State.into());
    }
    Ok(())
}

/// Does something about a need: one that is on the list around the place.
fn join(tx: &mut Tx, book: &Book, who: &Who, project: &Project, number: &str) -> Result<()> {
    let one = need::by_number(tx, number).map_err(|_| Kind::Unknown.at("needs"))?;
    if !matches!(one.state, need::State::Listed | need::State::Working) {
        return Err(Kind::State.at("needs"));
    }
    if !one.path.starts_with(&project.path) && !project.path.starts_with(&one.path) {
        return Err(Kind::OtherArea.at("needs"));
    }
    let held = "select count(*) from project_need where project = $1";
    if tx.count(held, params![&project.id])? >= book.pack.limits.links {
        return Err(Kind::TooMany.at("needs").limit(book.pack.limits.links));
    }
    tx.log(project.entry(who, "project.link").fact("need", number))?;
    let sql = "insert into project_need(project, need) values ($1, $2) on conflict(project, need) do nothing";
    tx.exec(sql, params![&project.id, &one.id])?;
    need::turn(tx, book, who, &one.id, need::State::Working, &project.number)
}

/// What a project links.
#[derive(Clone, Debug)]
pub enum Link {
    /// A need, by its number.
    Need(String),
    /// So much of a resource, by its number.
    Resource(String, i64),
}

/// Links a need or asks for a resource. What is asked for is held from now on; never more than there is, whoever asks at once.
pub fn link(tx: &mut Tx, book: &Book, who: &Who, number: &str, link: &Link) -> Result<()> {
    let (project, now) = (by_number(tx, number)?, tx.now());
    may_shape(&project, who)?;
    let (resource, amount) = match link {
        Link::Need(need) => return join(tx, book, who, &project, need),
        Link::Resource(resource, amount) => (resource, *amount),
    };
    let one = resource::by_number(tx, resource).map_err(|_| Kind::Unknown.at("resource"))?;
    if one.state != resource::State::Listed || one.until_at.is_some_and(|at| at <= now) {
        return Err(Kind::State.at("resource"));
    }
    let held = "select count(*) from project_resource where project = $1";
    if tx.count(held, params![&project.id])? >= book.pack.limits.links {
        return Err(Kind::TooMany.at("resource").limit(book.pack.limits.links));
    }
    let before =
        tx.row("select state from project_resource where project = $1 and resource = $2", params![&project.id, &one.id])?;
    let before: Option<Loan> = before.map(|r| r.get("state")).transpose()?;
    if matches!(before, Some(Loan::Asked | Loan::Lent | Loan::Used)) {
        return Err(Kind::SaidAlready.at("resource"));
    }
    let left = resource::left(tx, &one)?;
    if amount > left {
        return Err(Kind::StockShort.at("amount").limit(left));
    }
    // Whoever owns it need not ask himself.
    let own = one.is_of(who);
    let state = if own { Loan::Lent } else { Loan::Asked };
    let ring = (!own).then(|| now + book.pack.limits.lend_days * DAY);
    tx.log(project.entry(who, "project.link").fact("resource", resource.as_str()).fact("amount", amount))?;
    let sql = "insert into project_resource(project, resource, state, amount, at, ring_at) values ($1,$2,$3,$4,$5,$6) \
               on conflict(project, resource) do update set state = excluded.state, amount = excluded.amount, at = excluded.at, \
               ring_at = excluded.ring_at";
    tx.exec(sql, params![&project.id, &one.id, state, amount, now, ring])?;
    match &one.body {
        _ if own => Ok(()),
        Some(body) => tell_body(tx, book, who, number, "project-lend", body),
        None => tell(tx, book, who, number, "project-lend", std::slice::from_ref(&one.by_person)),
    }
}

/// The owner of a resource says yes or no; whoever holds it may say that it is free again, or used up.
pub fn lend(tx: &mut Tx, book: &Book, who: &Who, number: &str, resource: &str, to: Loan) -> Result<()> {
    let (project, one) = (by_number(tx, number)?, resource::by_number(tx, resource)?);
    let row = tx.row("select state from project_resource where project = $1 and resource = $2", params![&project.id, &one.id])?;
    let from: Loan = row.ok_or(Kind::NotFound)?.get("state")?;
    let (owner, holder) = (one.is_of(who), project.is_led_by(who) || project.is_done_by(who));
    let allowed = match (from, to) {
        (Loan::Asked, Loan::Lent | Loan::Refused) => owner,
        (Loan::Asked, Loan::Freed) => holder,
        // The owner says that he has it back, or whoever holds it that it is not needed.
        (Loan::Lent, Loan::Freed) => owner || holder,
        (Loan::Lent, Loan::Used) => holder,
        _ => return Err(Kind::State.into()),
    };
    if !allowed {
        return Err(Kind::Denied.into());
    }
    set_loan(tx, who, &project, &one.id, resource, to)?;
    settled(tx, book, number)?;
    if owner && !holder {
        tell_body(tx, book, who, number, &format!("project-{}", to.as_str()), project.body.as_ref().unwrap_or(&project.desk))?;
    }
    Ok(())
}

/// A step with its day and its share of the money.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields of the form")]
pub struct NewStep {
    pub title: String,
    pub due_at: Ms,
    pub share: i64,
}

/// Adds a step. Of a tender only before it is posted: what is bid for stands still.
pub fn step(tx: &mut Tx, book: &Book, who: &Who, number: &str, new: &NewStep) -> Result<()> {
    let (project, now) = (by_number(tx, number)?, tx.now());
    may_shape(&project, who)?;
    let all = steps(tx, &project.id)?;
    if project.way == Way::Tender && (project.state != State::Open || super::tender::of(tx, &project.id)?.is_some()) {
        return Err(Kind::State.into());
    }
    if new.due_at <= now || new.due_at > project.ends_at {
        return Err(Kind::OutOfRange.at("due_at"));
    }
    if all.len() as i64 >= book.pack.limits.steps {
        return Err(Kind::TooMany.at("title").limit(book.pack.limits.steps));
    }
    let shared: i64 = all.iter().map(|s| s.share).sum();
    if shared + new.share > 100 {
        return Err(Kind::OutOfRange.at("share").limit(100 - shared));
    }
    let n = all.len() as i64 + 1;
    let said = crate::kit::digest(std::slice::from_ref(&new.title));
    tx.log(
        project.entry(who, "project.step").fact("n", n).fact("due", new.due_at).fact("share", new.share).fact("digest", said),
    )?;
    let sql = "insert into milestone(project, n, title, due_at, share, state, ring_at) values ($1,$2,$3,$4,$5,$6,$7)";
    let ring = (project.state == State::Running).then_some(new.due_at);
    tx.exec(sql, params![&project.id, n, &new.title, new.due_at, new.share, Stand::Open, ring])?;
    Ok(())
}

/// An organisation takes a project on.
pub fn take(tx: &mut Tx, book: &Book, who: &Who, number: &str) -> Result<()> {
    let (project, now) = (by_number(tx, number)?, tx.now());
    let body = body_of(who, &project.path).ok_or(Kind::Denied)?;
    standing::insist(tx, Some(&body), now)?;
    if project.way != Way::Take || project.state != State::Open {
        return Err(Kind::State.into());
    }
    tx.log(Entry { party: Some(&body), ..project.entry(who, "project.take") })?;
    run(tx, book, who, &project, &body, None)
}

/// Gives a project up, with the reason everybody reads.
pub fn void(tx: &mut Tx, book: &Book, who: &Who, number: &str, why: &str) -> Result<()> {
    let project = by_number(tx, number)?;
    let itself = project.way == Way::Own && project.is_done_by(who);
    if !project.is_led_by(who) && !itself {
        return Err(Kind::Denied.into());
    }
    if !matches!(project.state, State::Open | State::Running) {
        return Err(Kind::State.into());
    }
    end(tx, book, who, &project, State::Void, Some(why))
}
