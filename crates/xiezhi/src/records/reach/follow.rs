//! From the log to the queue and the list: a report with a wish gets its receipt, and what became of it is told.
//!
//! What must stay true: rows are written with the cursor, so that each step is told once; whoever was told before this
//! part existed is not told again: only what happened since yesterday goes out.

use calc::codes::mobile;
use std::collections::HashMap;

use store::{Query, Tx, Written, params};

use super::rules::{HANDLING, between, far, receipt, told};
use super::{Reach, digest, of};
use crate::base::catalogue::{Look, Relation};
use crate::base::notice;
use crate::base::notice::queue::{self, NewDelivery};
use crate::base::notice::rules::{Digest, Quiet, when};
use crate::kit::time::{DAY, Ms};
use crate::kit::{App, Result, Who, follow};
use crate::records::case::{self, Case, tracking_code};

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
    /// The tracking code, where no page shows it.
    code: Option<String>,
}

/// Follows the log.
pub fn follow(app: &App) -> Result<()> {
    let since = app.now() - DAY;
    let end = follow::follow(
        app,
        "reach",
        |r, entries| {
            let mut plans = Vec::new();
            // Reports whose rows are planned here and not written yet: they may be closed within the same entries.
            let mut begun: HashMap<String, Reach> = HashMap::new();
            for w in entries {
                if w.act == "case.report" && w.fact("wish").is_some() {
                    if let Some((reach, sms)) = begin(app, r, w, since)? {
                        begun.insert(reach.case_id.clone(), reach.clone());
                        plans.push(Plan::Begin(reach, sms));
                    }
                } else if told(&w.act, true).is_some() {
                    for id in concerned(r, w)? {
                        let reach = match begun.get(&id) {
                            Some(reach) => Some(reach.clone()),
                            None => of(r, &id)?,
                        };
                        let (Some(reach), Some(case)) = (reach, case::by_id(r, &id)?) else { continue };
                        let Some((kind, asks)) = told(&w.act, far(&case.channel)) else { continue };
                        if between(kind) && reach.wish != "sms" {
                            continue;
                        }
                        let phone = if reach.wish == "sms" { phone(r, &case)? } else { None };
                        let sms = sms(app, &case, phone, kind, w.at, since);
                        plans.push(Plan::Told { reach, act: w.act.clone(), at: w.at, asks, sms });
                    }
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
    Ok(Look::new(&Who::system(), "reach").at(&case.graded("case.contact_phone", phone.to_owned()), Relation::Owner))
}

/// A message, when one can be sent and it is not too late for it. Nobody is woken by it.
fn sms(app: &App, case: &Case, phone: Option<String>, kind: &'static str, at: Ms, since: Ms) -> Option<Sms> {
    let ready = notice::channel::state(app, "sms") == "ready" && at >= since;
    let phone = phone.as_deref().and_then(mobile).filter(|_| ready)?;
    let at = when(at, Digest::Now, Quiet::USUAL, false, &app.config.zone);
    Some(Sms { owner: case.owner.clone(), phone, kind, at, code: None })
}

fn begin(app: &App, q: &mut dyn Query, w: &Written, since: Ms) -> Result<Option<(Reach, Option<Sms>)>> {
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
    let mut sms = if by_sms { sms(app, &case, phone, receipt(&case.channel), w.at, since) } else { None };
    if let Some(sms) = &mut sms
        && sms.kind != "receipt"
    {
        sms.code = Some(tracking_code(&app.db, &case.id));
    }
    Ok(Some((reach, sms)))
}

/// The case of an entry, and the reports that were merged into it: each has a reporter of its own.
fn concerned(q: &mut dyn Query, w: &Written) -> Result<Vec<String>> {
    let sql = "select id from cases where id = $1 union select id from cases where merged_into = $2 limit $3";
    let rows = q.rows(sql, params![&w.obj, w.fact("number").unwrap_or_default(), MOST])?;
    Ok(rows.iter().map(|r| r.get("id")).collect::<store::Result<_>>()?)
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
                if *asks && sms.is_some() {
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
    let before = "select count(*) from delivery where target = $1 and kind = $2";
    if sms.kind == HANDLING && tx.count(before, params![&reach.number, sms.kind])? > 0 {
        return Ok(());
    }
    let (address, code) = (tx.seal(&sms.owner, sms.phone.as_bytes())?, tx.seal_text(&sms.owner, sms.code.as_deref())?);
    let new = NewDelivery {
        owner: Some(&sms.owner),
        address: Some(address),
        code,
        subject: Some(&reach.number),
        ..NewDelivery::of("sms", &reach.number, sms.kind)
    };
    queue::add(tx, &new, sms.at).map(drop)
}
