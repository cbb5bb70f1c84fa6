//! What clerks do with an order.
//!
//! Every action has one shape: may you? → load → rules decide → write → log.

use calc::due::Limit;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use store::{Entry, Tx};

use super::rules::{self, Action, Contact, Degree, Facts, State};
use super::{Order, bind, load, on_case, put};
use crate::kit::error::Kind;
use crate::kit::input::Input;
use crate::kit::time::{self, Ms};
use crate::kit::{Result, Who};
use crate::records::case::life::{Said as CaseSaid, act};
use crate::records::case::{self, Rulebook, rules as life};

/// What comes with an action.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the fields of the route")]
pub struct Said {
    pub reason: Option<String>,
    pub text: Option<String>,
    pub to: Option<String>,
    pub how: Option<Contact>,
    pub at: Option<Ms>,
    pub until: Option<Ms>,
    pub solved: Option<Degree>,
    pub satisfied: Option<Degree>,
    pub reasonable: Option<Degree>,
}

impl Said {
    /// Reads `{reason?, text?, to?, how?, at?, until?, solved?, satisfied?, reasonable?}`.
    pub fn parse(input: &Input, zone: &TimeZone) -> Result<Said> {
        let degree = |name: &'static str| {
            input.text(name, 20)?.map(|t| Degree::parse(&t).ok_or_else(|| Kind::Unknown.at(name))).transpose()
        };
        let how = input.text("how", 20)?.map(|t| Contact::parse(&t).ok_or_else(|| Kind::Unknown.at("how"))).transpose()?;
        let local = |t: &str| {
            let civil = DateTime::strptime("%Y-%m-%dT%H:%M", t).ok()?;
            Some(zone.to_zoned_datetime(civil).ok()?.timestamp().as_millisecond())
        };
        let at = input.text("at", 40)?;
        let at = at.map(|t| time::parse(&t).or_else(|| local(&t)).ok_or_else(|| Kind::WrongType.at("at"))).transpose()?;
        Ok(Said {
            reason: input.text("reason", 1000)?,
            text: input.text("text", 2000)?,
            to: input.text("to", 60)?,
            how,
            at,
            until: input.until("until", zone)?,
            solved: degree("solved")?,
            satisfied: degree("satisfied")?,
            reasonable: degree("reasonable")?,
        })
    }
}

/// What decisions about an order rest on.
pub fn facts(order: &Order, who: &Who, now: Ms) -> Facts {
    Facts {
        state: order.state,
        ours: order.is_for(who),
        contacted: order.contacted_at.is_some(),
        extended: order.extended,
        answer_due: order.answer_due,
        return_by: order.return_by,
        now,
    }
}

/// Does an action and returns the order as it then stands.
pub fn act(tx: &mut Tx, book: &Rulebook, who: &Who, id: &str, action: Action, said: &Said) -> Result<Order> {
    let now = tx.now();
    let before = load(tx, id)?.ok_or(Kind::NotFound)?;
    let mut after = before.clone();
    after.state = rules::next(action, &facts(&before, who, now))?;
    let words = said.reason.as_deref().or(said.text.as_deref());
    if matches!(action, Action::Return | Action::Kept | Action::Extend) && words.is_none() {
        return Err(Kind::Missing.at("reason"));
    }
    match action {
        Action::Claim => claim(&mut after, who, now),
        Action::Contact => {
            claim(&mut after, who, now);
            contact(&mut after, said, now)?;
        }
        Action::Return => (after.returns, after.returned_at) = (before.returns + 1, Some(now)),
        Action::TakenBack => after.settled_at = Some(now),
        Action::Kept => {}
        Action::Extend => {
            let own = before.extend_limit.as_deref().and_then(|l| l.parse::<Limit>().ok());
            let until = said.until.or(own.map(|l| book.time.due(before.answer_due, l).at));
            let until = until.ok_or_else(|| Kind::Missing.at("until"))?;
            if until <= before.answer_due || until > before.answer_due + 400 * time::DAY {
                return Err(Kind::OutOfRange.at("until"));
            }
            (after.answer_due, after.extended) = (until, before.extended + 1);
        }
        Action::Link => link(tx, book, who, said, &mut after)?,
        Action::Answer => answer(tx, said, &mut after, now)?,
    }
    let index = log(tx, who, action, said, &before, &after)?;
    if action == Action::Answer {
        after.reply_seq = Some(index);
    }
    put(tx, &mut after);
    if action == Action::TakenBack {
        let_go(tx, book, who, &after, words)?;
    }
    bind(tx, book, who, &after.case_id)?;
    Ok(after)
}

fn claim(after: &mut Order, who: &Who, now: Ms) {
    if after.claimed_at.is_none() {
        let desk = who.desk_over(&after.path).and_then(|r| r.body.clone());
        (after.claimed_at, after.claimed_by) = (Some(now), Some(desk.unwrap_or_else(|| after.desk.clone())));
    }
}

/// Somebody spoke with the caller, or tried to: the moment is his, within the life of the order.
fn contact(after: &mut Order, said: &Said, now: Ms) -> Result<()> {
    let at = said.at.unwrap_or(now);
    if at > now || at < after.sent_at {
        return Err(Kind::OutOfRange.at("at"));
    }
    (after.contacted_at, after.contact_how) = (Some(at), Some(said.how.unwrap_or(Contact::Phone)));
    after.respond_ok = Some(i64::from(at <= after.respond_due));
    Ok(())
}

/// Hangs the order on another case that is still worked on; the case that was made for it alone is merged into that one.
fn link(tx: &mut Tx, book: &Rulebook, who: &Who, said: &Said, after: &mut Order) -> Result<()> {
    let to = said.to.as_deref().ok_or_else(|| Kind::Missing.at("to"))?;
    let fits =
        |c: &case::Case| c.id != after.case_id && c.state.is_open() && c.about.is_none() && who.desk_over(&c.path).is_some();
    let main = case::by_number(tx, to)?.filter(fits).ok_or_else(|| Kind::Unknown.at("to"))?;
    let alone = on_case(tx, &after.case_id)?.len() == 1;
    if alone && after.born.as_deref() == Some(&after.case_id) {
        let merge = CaseSaid { to: Some(to.to_owned()), ..CaseSaid::default() };
        act::act(tx, book, who, false, &after.case_id, life::Action::Merge, &merge)?;
    }
    let left = std::mem::replace(&mut after.case_id, main.id);
    (after.area, after.path) = (main.area, main.path);
    // The case it leaves is no longer bound by it.
    let mut gone = after.clone();
    put(tx, &mut gone);
    bind(tx, book, who, &left)
}

fn answer(tx: &mut Tx, said: &Said, after: &mut Order, now: Ms) -> Result<()> {
    if said.text.is_none() {
        return Err(Kind::Missing.at("text"));
    }
    let need = |value: Option<Degree>, name: &'static str| value.ok_or_else(|| Kind::Missing.at(name));
    let solved = need(said.solved, "solved")?;
    let open = case::by_id(tx, &after.case_id)?.is_some_and(|c| c.state.is_open());
    if solved == Degree::Yes && open {
        return Err(Kind::NotSettled.at("solved"));
    }
    after.solved = Some(solved);
    after.satisfied = Some(need(said.satisfied, "satisfied")?);
    after.reasonable = Some(need(said.reasonable, "reasonable")?);
    if after.contacted_at.is_none() {
        said.how.ok_or_else(|| Kind::Missing.at("how"))?;
        contact(after, said, now)?;
    }
    after.settled_at = Some(now);
    after.answer_ok = Some(i64::from(now <= after.answer_due));
    Ok(())
}

/// The hotline took the order back: a case that was made for it alone, and on which nobody works yet, is not ours.
fn let_go(tx: &mut Tx, book: &Rulebook, who: &Who, order: &Order, words: Option<&str>) -> Result<()> {
    let others = on_case(tx, &order.case_id)?.iter().any(|o| o.id != order.id && o.state.is_live());
    let Some(case) = case::by_id(tx, &order.case_id)? else { return Ok(()) };
    let fresh = matches!(case.state, life::State::Received | life::State::Accepted) && case.overlay.is_none();
    let alone = !others && order.born.as_deref() == Some(&case.id) && case.followers == 0 && case.tasks == 0;
    if fresh && alone && who.desk_over(&case.path).is_some() {
        let said = CaseSaid { reason: Some(words.unwrap_or(&order.number).to_owned()), ..CaseSaid::default() };
        act::act(tx, book, who, false, &case.id, life::Action::Reject, &said)?;
    }
    Ok(())
}

fn log(tx: &mut Tx, who: &Who, action: Action, said: &Said, before: &Order, after: &Order) -> Result<u64> {
    let kind = format!("hotline.{}", action.as_str());
    let role = who.desk_over(&before.path);
    let entry = Entry {
        actor: who.person.as_deref(),
        role: role.map(|r| r.kind.as_str()),
        party: role.and_then(|r| r.body.as_deref()).or(Some(&before.desk)),
        area: Some(&before.area),
        owner: Some(&before.owner),
        ..Entry::new(&kind, "hotline", &before.id)
    };
    let is = |a: Action| action == a;
    let degree = |d: Option<Degree>| d.filter(|_| is(Action::Answer)).map(Degree::as_str);
    let entry = entry
        .fact("order", before.number.as_str())
        .fact("from", before.state.as_str())
        .fact("state", after.state.as_str())
        .fact_opt("contacted", after.contacted_at.filter(|_| after.contacted_at != before.contacted_at))
        .fact_opt("how", after.contact_how.filter(|_| after.contact_how != before.contact_how).map(Contact::as_str))
        .fact_opt("answer_due", Some(after.answer_due).filter(|_| is(Action::Extend)))
        .fact_opt("returns", Some(after.returns).filter(|_| is(Action::Return)))
        .fact_opt("case", Some(after.case_id.as_str()).filter(|_| is(Action::Link)))
        .fact_opt("respond_ok", after.respond_ok.filter(|_| after.respond_ok != before.respond_ok))
        .fact_opt("answer_ok", after.answer_ok.filter(|_| is(Action::Answer)))
        .fact_opt("solved", degree(after.solved))
        .fact_opt("satisfied", degree(after.satisfied))
        .fact_opt("reasonable", degree(after.reasonable));
    let words = said.text.as_deref().or(said.reason.as_deref());
    let entry = if is(Action::Answer) {
        entry.element("hotline.reply", words)
    } else {
        entry.element("case.note", said.reason.as_deref().or(said.text.as_deref()))
    };
    Ok(tx.log(entry)?.index)
}

/// The states that a tab of the queue shows.
pub fn tab(name: &str) -> Option<&'static [State]> {
    Some(match name {
        "new" => &[State::New],
        "working" => &[State::Working],
        "ready" => &[State::Ready],
        "answered" => &[State::Answered],
        "returned" => &[State::Returned, State::TakenBack],
        "late" => &[State::New, State::Working, State::Ready, State::Returned],
        _ => return None,
    })
}
