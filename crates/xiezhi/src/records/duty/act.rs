//! Asking to hand work down to a community, deciding about it, handing it down, and what happens when nobody decides.
//!
//! Every action has one shape: may you? → load → rules decide → write → log.

use store::{Entry, Query, Tx, params};

use super::pack::{List, Pack};
use super::{BY_LIST, Decision, Request, Seat, State, Vote, by_id, by_number, decisions};
use crate::base::area::Area;
use crate::base::party::Body;
use crate::kit::error::Kind;
use crate::kit::input::Input;
use crate::kit::time::{DAY, Ms};
use crate::kit::{Result, RoleKind, Who};
use crate::records::case::Rulebook;
use crate::records::case::life::promise::promise;
use crate::records::case::report::{self, NewReport, Spot};

/// Longest term of an admission.
const LONGEST: Ms = 3 * 366 * DAY;
/// Tasks of one admission.
const TASKS: i64 = 500;

/// What is asked.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the fields of the form")]
pub struct Ask {
    /// Code of the community.
    pub community: String,
    /// Entry of the lists, when it is one of them.
    pub item: Option<String>,
    pub what: String,
    pub basis: Option<String>,
    pub until: Ms,
    pub money: Option<String>,
    pub people: Option<String>,
    pub training: Option<String>,
    /// Whose consent it needs.
    pub consent: Option<String>,
}

impl Ask {
    /// Reads the form.
    pub fn parse(input: &Input, zone: &jiff::tz::TimeZone) -> Result<Ask> {
        Ok(Ask {
            community: input.need("community", 40)?,
            item: input.text("item", 60)?,
            what: input.need("what", 1000)?,
            basis: input.text("basis", 500)?,
            until: input.until("until", zone)?.ok_or_else(|| Kind::Missing.at("until"))?,
            money: input.text("money", 500)?,
            people: input.text("people", 500)?,
            training: input.text("training", 500)?,
            consent: input.text("consent", 500)?,
        })
    }
}

/// For which organisation somebody may ask about a community: a department that serves it, or a desk above it.
pub fn asker<'w>(who: &'w Who, path: &str) -> Option<&'w str> {
    let fits = |r: &&crate::kit::Role| {
        let above = r.kind.is_desk() && r.path.len() < path.len();
        (r.kind == RoleKind::Department || above) && path.starts_with(&r.path) && r.body.is_some()
    };
    who.roles.iter().filter(fits).find_map(|r| r.body.as_deref())
}

/// Files a request. What the lists say is done at once; the rest is put to two seats.
pub fn file(tx: &mut Tx, book: &Rulebook, pack: &Pack, who: &Who, place: &Area, new: &Ask) -> Result<Request> {
    let now = tx.now();
    let asker = asker(who, &place.path).ok_or(Kind::Denied)?.to_owned();
    if new.until <= now || new.until > now + LONGEST {
        return Err(Kind::OutOfRange.at("until"));
    }
    let named = new.item.as_deref().map(|code| pack.get(code).ok_or_else(|| Kind::Unknown.at("item"))).transpose()?;
    // Whatever it calls itself: what names an entry of the negative list is measured by it.
    let item = pack.forbidden(&new.what).or(named);
    let list = item.map_or(List::Other, |i| i.list);
    if matches!(list, List::Assist | List::Other) && new.basis.is_none() {
        return Err(Kind::Missing.at("basis"));
    }
    if list == List::Assist && [&new.money, &new.people, &new.training].into_iter().all(Option::is_none) {
        return Err(Kind::Missing.at("means"));
    }
    // Work is handed down to a desk of that very community, or to nobody.
    let desk = book.chart.desk_of(&place.path)?;
    if desk.area != place.id {
        return Err(Kind::Unknown.at("community"));
    }
    let (state, refused_by) = match list {
        List::Own | List::Assist => (State::Admitted, None),
        List::Negative => (State::Refused, Some(BY_LIST)),
        List::Other => (State::Asked, None),
    };
    let id = tx.id();
    let number = format!("D-{:04}", tx.count("select count(*) from duty_request", &[])? + 1);
    tx.new_owner(&id)?;
    let entry = Entry {
        actor: who.person.as_deref(),
        party: Some(&asker),
        area: Some(&place.id),
        owner: Some(&id),
        ..Entry::new("duty.ask", "duty", &id)
    };
    let entry = entry
        .fact("number", number.as_str())
        .fact("list", list.as_str())
        .fact_opt("item", item.map(|i| i.code.as_str()))
        .fact("pack", pack.version)
        .fact("desk", desk.id.as_str())
        .fact("until", new.until)
        .element("duty.what", Some(new.what.as_str()))
        .element("duty.basis", new.basis.as_deref())
        .element("duty.money", new.money.as_deref())
        .element("duty.people", new.people.as_deref())
        .element("duty.training", new.training.as_deref())
        .element("duty.consent", new.consent.as_deref());
    let log_seq = tx.log(entry)?.index;
    let decided = (state != State::Asked).then_some(now);
    let code = item.map(|i| i.code.as_str());
    let refused_item = code.filter(|_| list == List::Negative);
    let sql = "insert into duty_request(id, number, asker, area, path, desk, item, list, pack, state, asked_at, decided_at, until_at, \
               refused_by, refused_item, log_seq) values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16)";
    let row = params![
        &id,
        &number,
        &asker,
        &place.id,
        &place.path,
        &desk.id,
        code,
        list,
        pack.version,
        state,
        now,
        decided,
        new.until,
        refused_by,
        refused_item,
        log_seq
    ];
    tx.exec(sql, row)?;
    let request = by_id(tx, &id)?.ok_or(Kind::NotFound)?;
    match state {
        State::Asked => {
            let due = book.time.due(now, pack.decide).at;
            for (seat, body) in seats(book, desk, &asker) {
                let sql = "insert into duty_decision(request, seat, body, state, due_at, level) values ($1, $2, $3, $4, $5, 0)";
                tx.exec(sql, params![&id, seat, &body, Vote::Asked, due])?;
            }
        }
        _ => settle(tx, &Who::system(), &request, state, None, None)?,
    }
    Ok(request)
}

/// Who decides: the community's desk and the one above it; whoever asks decides neither, but the desk above him.
fn seats(book: &Rulebook, desk: &Body, asker: &str) -> Vec<(Seat, String)> {
    let above = |b: &Body| book.chart.desk_above(b).filter(|a| a.id != b.id).cloned();
    let mut out = vec![(Seat::Community, desk.id.clone())];
    let second = match above(desk) {
        Some(street) if street.id == asker => above(&street),
        other => other,
    };
    out.extend(second.map(|b| (Seat::Subdistrict, b.id)));
    out.retain(|(_, body)| body != asker);
    out
}

/// Decides for the seats that lie with this person's organisation.
pub fn decide(tx: &mut Tx, pack: &Pack, who: &Who, id: &str, consent: bool, reason: &str, item: Option<&str>) -> Result<Request> {
    let now = tx.now();
    let request = by_id(tx, id)?.ok_or(Kind::NotFound)?;
    let open: Vec<Decision> = decisions(tx, id)?.into_iter().filter(|d| d.state == Vote::Asked).collect();
    if request.state != State::Asked {
        return Err(Kind::State.into());
    }
    let mine: Vec<&Decision> = open.iter().filter(|d| who.in_body(&d.body)).collect();
    if mine.is_empty() || who.in_body(&request.asker) {
        return Err(Kind::Denied.into());
    }
    if let Some(code) = item {
        pack.get(code).filter(|i| i.list == List::Negative).ok_or_else(|| Kind::Unknown.at("item"))?;
    }
    let vote = if consent { Vote::Consented } else { Vote::Refused };
    for d in &mine {
        let sql = "update duty_decision set state = $3, due_at = null, decided_at = $4 where request = $1 and seat = $2";
        tx.exec(sql, params![id, d.seat, vote, now])?;
        if consent {
            let entry = entry("duty.consent", who, &request, Some(&d.body)).fact("seat", d.seat.as_str());
            tx.log(entry.element("duty.reason", Some(reason)))?;
        }
    }
    let party = mine[0].body.clone();
    if !consent {
        let sql = "update duty_decision set state = $2, due_at = null where request = $1 and state = $3";
        tx.exec(sql, params![id, Vote::Void, Vote::Asked])?;
        let sql = "update duty_request set state = $2, decided_at = $3, refused_by = $4, refused_item = $5 where id = $1";
        tx.exec(sql, params![id, State::Refused, now, &party, item])?;
        settle(tx, who, &request, State::Refused, Some(&party), Some(reason))?;
    } else if open.len() == mine.len() {
        tx.exec("update duty_request set state = $2, decided_at = $3 where id = $1", params![id, State::Admitted, now])?;
        settle(tx, who, &request, State::Admitted, Some(&party), None)?;
    }
    Ok(by_id(tx, id)?.ok_or(Kind::NotFound)?)
}

/// Logs the end of a request.
fn settle(tx: &mut Tx, who: &Who, request: &Request, state: State, party: Option<&str>, reason: Option<&str>) -> Result<()> {
    let kind = if state == State::Admitted { "duty.admit" } else { "duty.refuse" };
    let entry = entry(kind, who, request, party).fact("list", request.list.as_str());
    let item = request.refused_item.as_deref().or(request.item.as_deref());
    tx.log(entry.fact_opt("item", item).element("duty.reason", reason))?;
    Ok(())
}

fn entry<'a>(kind: &'a str, who: &'a Who, request: &'a Request, party: Option<&'a str>) -> Entry<'a> {
    let entry = Entry {
        actor: who.person.as_deref(),
        party,
        area: Some(&request.area),
        owner: Some(&request.id),
        ..Entry::new(kind, "duty", &request.id)
    };
    entry.fact("number", request.number.as_str())
}

/// Hands a task down: only what was admitted, by whoever asked, within its term. It becomes a case of the community.
#[expect(clippy::too_many_arguments, reason = "what a report needs, and the admission")]
pub fn hand_down(
    tx: &mut Tx,
    book: &Rulebook,
    pack: &Pack,
    who: &Who,
    admission: &str,
    text: &str,
    spot: &Spot,
    zone: &jiff::tz::TimeZone,
) -> Result<String> {
    let now = tx.now();
    let request = by_number(tx, admission)?.filter(|r| r.state == State::Admitted && r.until_at > now);
    let request = request.ok_or_else(|| Kind::NotAdmitted.at("admission"))?;
    if !who.in_body(&request.asker) {
        return Err(Kind::Denied.into());
    }
    if pack.forbidden(text).is_some() {
        return Err(Kind::NotAdmitted.at("text"));
    }
    let n = tx.count("select count(*) from duty_task where request = $1", params![&request.id])? + 1;
    if n > TASKS {
        return Err(Kind::TooMany.at("admission").limit(TASKS));
    }
    let new = NewReport {
        text: Some(format!("{text}（准入 {}）", request.number)),
        class: Some(pack.class.clone()),
        channel: "duty".into(),
        source: Some(format!("duty:{}:{n}", request.number)),
        admission: Some(request.number.clone()),
        ..NewReport::default()
    };
    let (made, _) = report::make(tx, book, who, &new, spot, zone)?;
    promise(tx, book, who, &made.id, Some(request.until_at))?;
    let sql = "insert into duty_task(request, n, case_id, at) values ($1, $2, $3, $4)";
    tx.exec(sql, params![&request.id, n, &made.id, now])?;
    tx.log(entry("duty.task", who, &request, Some(&request.asker)).fact("case", made.number.as_str()).fact("n", n))?;
    Ok(made.number)
}

/// Decisions whose time has run out, as `request seat`.
pub fn ringing(q: &mut dyn Query, now: Ms, limit: i64) -> Result<Vec<String>> {
    let sql = "select request, seat from duty_decision where due_at <= $1 and due_at is not null order by due_at limit $2";
    let rows = q.rows(sql, params![now, limit])?;
    Ok(rows
        .iter()
        .map(|r| Ok(format!("{} {}", r.get::<String>("request")?, r.get::<String>("seat")?)))
        .collect::<store::Result<_>>()?)
}

/// Silence is no consent: the decision goes to the desk above, with a new clock. At the top it stays, and rings again.
pub fn ring(tx: &mut Tx, book: &Rulebook, pack: &Pack, key: &str) -> Result<()> {
    let now = tx.now();
    let Some((id, seat)) = key.split_once(' ') else { return Ok(()) };
    let due = |d: &Decision| d.seat.as_str() == seat && d.due_at.is_some_and(|at| at <= now);
    let Some(decision) = decisions(tx, id)?.into_iter().find(due) else { return Ok(()) };
    let Some(request) = by_id(tx, id)? else { return Ok(()) };
    let mut body = book.chart.body(&decision.body);
    // Whoever asks is passed over: nobody decides about his own request.
    let above = loop {
        body = body.and_then(|b| book.chart.desk_above(b));
        if body.is_none_or(|b| b.id != request.asker) {
            break body.map_or_else(|| decision.body.clone(), |b| b.id.clone());
        }
    };
    let at = book.time.due(now, pack.decide).at;
    let sql = "update duty_decision set body = $3, due_at = $4, level = level + 1 where request = $1 and seat = $2";
    tx.exec(sql, params![id, decision.seat, &above, at])?;
    let system = Who::system();
    let entry = entry("duty.escalate", &system, &request, None).fact("seat", seat).fact("from_body", decision.body.as_str());
    tx.log(entry.fact("body", above.as_str()).fact("due", at))?;
    Ok(())
}
