//! From the log to the queue and the list: a report with a wish gets its receipt, and what became of it is told.
//!
//! What must stay true: rows are written with the cursor, so that each step is told once; whoever was told before this
//! part existed is not told again: only what happened since yesterday goes out.

use store::{Query, Tx, Written, params};

use super::rules::told;
use super::{Reach, digest, of};
use crate::base::catalogue::{Graded, Look, Relation};
use crate::base::notice::queue::{self, NewDelivery};
use crate::base::notice::rules::{Digest, Quiet, mobile, when};
use crate::base::notice;
use crate::kit::time::{DAY, Ms};
use crate::kit::{App, Result, Who, follow};
use crate::records::case::{self, Case};

/// Reports merged into one that are told with it.
const MOST: i64 = 200;

/// What is to be written for one entry.
enum Plan {
    Begin(Reach, Option<Sms>),
    Told { reach: Reach, act: String, at: Ms, asks: bool, sms: Option<Sms> },
}

/// A message to a reporter.
struct Sms {
    owner: String,
    phone: String,
    kind: &'static str,
    at: Ms,
}

/// Follows the log.
pub fn follow(app: &App) -> Result<()> {
    let since = app.now() - DAY;
    let end = follow::follow(
        app,
        "reach",
        |r, entries| {
            let mut plans = Vec::new();
            for w in entries {
                if w.act == "case.report" && w.fact("wish").is_some() {
                    plans.extend(begin(app, r, w, since)?);
                } else if let Some((kind, asks)) = told(&w.act) {
                    change(app, r, w, (kind, asks), since, &mut plans)?;
                }
            }
            Ok(plans)
        },
        |tx, plans| plans.iter().try_for_each(|p| write(tx, p)),
    );
    end.map(drop)
}

/// The number that the reporter left, for a message to himself.
fn phone(q: &mut dyn Query, case: &Case) -> Result<Option<String>> {
    let Some(said) = case::said(q, case)? else { return Ok(None) };
    let Some(phone) = said.element("case.contact_phone") else { return Ok(None) };
    Ok(Look::new(&Who::system(), "reach").at(&Graded::new("case.contact_phone", &case.owner, phone.to_owned()), Relation::Owner))
}

/// A message, when one can be sent and it is not too late for it. Nobody is woken by it.
fn sms(app: &App, case: &Case, phone: Option<String>, kind: &'static str, at: Ms, since: Ms) -> Option<Sms> {
    let ready = notice::channel::state(app, "sms") == "ready" && at >= since;
    let phone = phone.as_deref().and_then(mobile).filter(|_| ready)?;
    let at = when(at, Digest::Now, Quiet::USUAL, false, &app.config.zone);
    Some(Sms { owner: case.owner.clone(), phone, kind, at })
}

fn begin(app: &App, q: &mut dyn Query, w: &Written, since: Ms) -> Result<Option<Plan>> {
    let Some(case) = case::by_id(q, &w.obj)? else { return Ok(None) };
    let phone = phone(q, &case)?;
    let known = phone.as_deref().and_then(mobile);
    // A landline takes no message, and without a gateway there is none: then somebody calls.
    let by_sms = w.fact("wish") == Some("sms") && known.is_some() && notice::channel::state(app, "sms") == "ready";
    let reach = Reach {
        case_id: case.id.clone(),
        number: case.number.clone(),
        path: case.path.clone(),
        wish: if by_sms { "sms" } else { "call" }.into(),
        phone: known.map(|m| digest(app, &m)),
        change: None,
        changed_at: None,
        told_at: None,
        asked_at: None,
        answered_at: None,
    };
    let sms = if by_sms { sms(app, &case, phone, "receipt", w.at, since) } else { None };
    Ok(Some(Plan::Begin(reach, sms)))
}

/// What a step of a case means for its reporter, and for those whose reports were merged into it.
fn change(app: &App, q: &mut dyn Query, w: &Written, (kind, asks): (&'static str, bool), since: Ms, out: &mut Vec<Plan>) -> Result<()> {
    let sql = "select r.case_id from reach r join cases c on c.id = r.case_id where c.id = $1 \
               union select r.case_id from cases c join reach r on r.case_id = c.id where c.merged_into = $2 limit $3";
    let number = w.fact("number").unwrap_or_default();
    for row in q.rows(sql, params![&w.obj, number, MOST])? {
        let id: String = row.get("case_id")?;
        let (Some(reach), Some(case)) = (of(q, &id)?, case::by_id(q, &id)?) else { continue };
        let sms = if reach.wish == "sms" { let phone = phone(q, &case)?; sms(app, &case, phone, kind, w.at, since) } else { None };
        out.push(Plan::Told { reach, act: w.act.clone(), at: w.at, asks, sms });
    }
    Ok(())
}

fn write(tx: &mut Tx, plan: &Plan) -> Result<()> {
    match plan {
        Plan::Begin(r, sms) => {
            tx.exec(
                "insert into reach(case_id, number, path, wish, phone) values ($1, $2, $3, $4, $5)",
                params![&r.case_id, &r.number, &r.path, &r.wish, &r.phone],
            )?;
            send(tx, r, sms.as_ref())
        }
        Plan::Told { reach, act, at, asks, sms } => {
            let asked = asks.then_some(*at);
            if reach.wish == "sms" {
                if asks.to_owned() && sms.is_some() {
                    let sql = "update reach set asked_at = $2, answered_at = null where case_id = $1";
                    tx.exec(sql, params![&reach.case_id, asked])?;
                }
            } else {
                // The newest step is what is told; one that nobody told of is told no more.
                let sql = "update reach set change = $2, changed_at = $3, told_at = null, asked_at = $4, answered_at = null where case_id = $1";
                tx.exec(sql, params![&reach.case_id, act, *at, asked])?;
            }
            send(tx, reach, sms.as_ref())
        }
    }
}

fn send(tx: &mut Tx, reach: &Reach, sms: Option<&Sms>) -> Result<()> {
    let Some(sms) = sms else { return Ok(()) };
    let address = tx.seal(&sms.owner, sms.phone.as_bytes())?;
    let new = NewDelivery {
        owner: Some(&sms.owner),
        address: Some(address),
        subject: Some(&reach.number),
        ..NewDelivery::of("sms", &reach.number, sms.kind)
    };
    queue::add(tx, &new, sms.at).map(drop)
}
