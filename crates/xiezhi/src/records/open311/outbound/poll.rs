//! Updates come back: windows that overlap, each update taken once.
//!
//! What must stay true: the window moves on only when it was read whole; what the other side says about cases that were
//! not filed with it is nothing to us; one bad update stops no other.

use store::{Entry, Query as _, params};

use super::feed::{self, field};
use super::http::{self, Trouble};
use super::{Connector, queue};
use crate::kit::time::{DAY, MINUTE, Ms};
use crate::kit::{App, Error, Result};
use crate::records::case;
use crate::records::open311::ask::read_time;
use crate::records::open311::keys;
use crate::records::open311::updates::{self, Told};

/// How far a window reaches back into the one before it.
const OVERLAP: Ms = 10 * MINUTE;
/// Longest window; after an outage several follow each other.
const WINDOW: Ms = 7 * DAY;
/// Characters of an update that are kept.
const WORDS: usize = 4000;

/// Polls every system whose time has come.
pub fn all(app: &App, connectors: &[Connector]) -> Result<()> {
    for c in connectors {
        let name = format!("open311.poll.{}", c.id);
        let tried = format!("open311.tried.{}", c.id);
        let (polled, last) = app.db.read(|r| Ok::<_, Error>((r.cursor(&name)? as Ms, r.cursor(&tried)? as Ms)))?;
        if app.now() - last < c.every {
            continue;
        }
        let from = (polled - OVERLAP).max(c.created_at);
        let to = app.now().min(from + WINDOW);
        let end = window(app, c, from, to);
        let error = end.as_ref().err().map(|t| t.text.chars().take(300).collect::<String>());
        let code = end.as_ref().err().map(|t| t.code.clone());
        // A failed poll is tried again after the usual pause, from where the last good one ended.
        let reached = if end.is_ok() { to } else { polled.max(c.created_at) };
        let (id, known) = (c.id.clone(), c.error.clone());
        let wait = app.now();
        app.db.write(move |tx| {
            tx.follow(&name, reached as u64)?;
            tx.follow(&tried, wait as u64)?;
            if error != known {
                tx.exec("update open311_connector set error = $2 where id = $1", params![&id, error])?;
                tx.log(Entry::new("open311.poll", "open311-connector", &id).fact("why", code.as_deref().unwrap_or("fine")))?;
            }
            Ok::<_, Error>(())
        })?;
    }
    Ok(())
}

fn window(app: &App, c: &Connector, from: Ms, to: Ms) -> std::result::Result<(), Trouble> {
    let own = |e: Error| Trouble::passing("own", e.to_string());
    let mut query: Vec<(&str, String)> = vec![("start_date", app.time(from)), ("end_date", app.time(to + 999))];
    if let Some(key) = app.db.read(|r| c.key(r)).map_err(|e| own(e.into()))? {
        query.push(("api_key", key));
    }
    query.extend(c.jurisdiction.clone().map(|j| ("jurisdiction_id", j)));
    let bytes = http::get(&c.url("servicerequestupdates"), &query)?;
    let mut told = Vec::new();
    for record in feed::records(c.format, &bytes, "request_update")? {
        let get = |name: &str| field(&record, name).map(str::to_owned);
        let (Some(update_id), Some(request), Some(at)) =
            (get("update_id"), get("service_request_id"), get("updated_datetime").and_then(|t| read_time(&t)))
        else {
            continue;
        };
        if update_id.chars().count() > 100 || request.chars().count() > 200 {
            continue;
        }
        let words = [get("description"), record.get("media_url").map(|u| u.join("\n"))].into_iter().flatten().collect::<Vec<_>>();
        let text: String = words.join("\n").trim().chars().filter(|c| !c.is_control() || *c == '\n').take(WORDS).collect();
        let text = if text.is_empty() { get("status").unwrap_or_else(|| "-".into()) } else { text };
        let status = get("status").unwrap_or_default();
        told.push((request, Told { by: c.id.clone(), update_id, status, said_at: at, text, media: Vec::new() }));
    }
    // The order in which it happened, whatever the order in which it was told.
    told.sort_by(|a, b| (a.1.said_at, &a.1.update_id).cmp(&(b.1.said_at, &b.1.update_id)));
    let who = app.db.read(|r| keys::who(r, &c.id, Some(&c.body))).map_err(|e| own(e.into()))?;
    for (request, told) in told {
        let Some(d) = app.db.read(|r| queue::by_foreign(r, &c.id, &request)).map_err(|e| own(e.into()))? else { continue };
        let who = who.clone();
        let end = app.db.write(move |tx| match case::by_id(tx, &d.case_id)? {
            Some(case) => updates::take(tx, &who, false, &case, &told).map(drop),
            None => Ok(()),
        });
        if let Err(e) = end
            && e.kind.status() >= 500
        {
            return Err(own(e));
        }
    }
    Ok(())
}
