//! Updates come back: windows that overlap, each update taken once. A system without the updates extension is asked how
//! its requests stand instead.
//!
//! What must stay true: the window moves on only when it was read whole; what the other side says about cases that were
//! not filed with it is nothing to us; one bad update stops no other.

use sha2::{Digest as _, Sha256};
use store::{Entry, Query as _, hex, params};

use super::feed::{self, field};
use super::{Connector, queue};
use crate::kit::outbound::{self, Trouble};
use crate::kit::time::{DAY, MINUTE, Ms};
use crate::kit::{App, Error, Result};
use crate::records::case::{self, Rulebook};
use crate::records::open311::ask::read_time;
use crate::records::open311::keys;
use crate::records::open311::updates::{self, Told};

/// How far a window reaches back into the one before it.
const OVERLAP: Ms = 10 * MINUTE;
/// Longest window; after an outage several follow each other.
const WINDOW: Ms = 7 * DAY;
/// Requests that are asked for at once.
const AT_ONCE: usize = 50;
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
        let error = end.as_ref().err().map(Trouble::line);
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

/// One update of the other side, before anybody has looked whose it is.
fn told(c: &Connector, record: &feed::Record) -> Option<(String, Told)> {
    let get = |name: &str| field(record, name).map(str::to_owned);
    let (update_id, request) = (get("update_id")?, get("service_request_id")?);
    let said_at = get("updated_datetime").and_then(|t| read_time(&t))?;
    if update_id.chars().count() > 100 || request.chars().count() > 200 {
        return None;
    }
    let status = get("status").unwrap_or_default();
    let words = [get("description"), record.get("media_url").map(|u| u.join("\n"))].into_iter().flatten().collect::<Vec<_>>();
    let text: String = words.join("\n").trim().chars().filter(|c| !c.is_control() || *c == '\n').take(WORDS).collect();
    // Never without a word: a note of nothing would be refused, and asked for again and again.
    let text = [text, status.clone()].into_iter().find(|t| !t.trim().is_empty()).unwrap_or_else(|| "-".into());
    Some((request, Told { by: c.id.clone(), update_id, status, said_at, text, media: Vec::new() }))
}

/// How a request of theirs stands, as an update: what closes it, and each new note on its status, are one.
fn stands(c: &Connector, record: &feed::Record) -> Option<(String, Told)> {
    let get = |name: &str| field(record, name);
    let (request, status) = (get("service_request_id")?, get("status")?.to_ascii_lowercase());
    let said_at = get("updated_datetime").or(get("requested_datetime")).and_then(read_time)?;
    let notes = get("status_notes").unwrap_or_default();
    if request.chars().count() > 200 || notes.is_empty() && status != "closed" {
        return None;
    }
    // The same state with the same words is the same update, whenever it is asked for.
    let digest = Sha256::digest(format!("{request}\n{status}\n{notes}"));
    let update_id = hex(&digest[..16]);
    let text: String = if notes.is_empty() { status.clone() } else { notes.chars().take(WORDS).collect() };
    let status = if status == "closed" { status } else { "unchanged".into() };
    Some((request.to_owned(), Told { by: c.id.clone(), update_id, status, said_at, text, media: Vec::new() }))
}

fn window(app: &App, c: &Connector, from: Ms, to: Ms) -> std::result::Result<(), Trouble> {
    let mut base: Vec<(&str, String)> = Vec::new();
    if let Some(key) = app.db.read(|r| c.key(r)).map_err(|e| own(e.into()))? {
        base.push(("api_key", key));
    }
    base.extend(c.jurisdiction.clone().map(|j| ("jurisdiction_id", j)));
    let span = [("start_date", app.time(from)), ("end_date", app.time(to + 999))];
    let mut all: Vec<(String, Told)> = match outbound::get(&c.url("servicerequestupdates"), &[&base[..], &span].concat()) {
        Ok(bytes) => feed::records(c.format, &bytes, "request_update")?.iter().filter_map(|r| told(c, r)).collect(),
        Err(t) if matches!(t.code.as_str(), "http-404" | "http-405" | "http-501") => ask(app, c, &base)?,
        Err(t) => return Err(t),
    };
    // The order in which it happened, whatever the order in which it was told.
    all.sort_by(|a, b| (a.1.said_at, &a.1.update_id).cmp(&(b.1.said_at, &b.1.update_id)));
    take(app, c, all)
}

/// Asks how the requests stand that are still with them.
fn ask(app: &App, c: &Connector, base: &[(&str, String)]) -> std::result::Result<Vec<(String, Told)>, Trouble> {
    let open = app.db.read(|r| queue::open(r, c)).map_err(|e| own(e.into()))?;
    let mut out = Vec::new();
    for ids in open.chunks(AT_ONCE) {
        let list = [("service_request_id", ids.join(","))];
        let bytes = outbound::get(&c.url("requests"), &[base, &list].concat())?;
        out.extend(feed::records(c.format, &bytes, "request")?.iter().filter_map(|r| stands(c, r)));
    }
    Ok(out)
}

fn own(e: Error) -> Trouble {
    Trouble::passing("own", e.to_string())
}

fn take(app: &App, c: &Connector, all: Vec<(String, Told)>) -> std::result::Result<(), Trouble> {
    let who = app.db.read(|r| keys::who(r, &c.id, Some(&c.body))).map_err(|e| own(e.into()))?;
    let book = Rulebook::now(app).map_err(own)?;
    for (request, told) in all {
        let Some(d) = app.db.read(|r| queue::by_foreign(r, &c.id, &request)).map_err(|e| own(e.into()))? else { continue };
        if app.db.read(|r| updates::known(r, &told.by, &told.update_id)).map_err(|e| own(e.into()))?.is_some() {
            continue;
        }
        let (who, book) = (who.clone(), book.clone());
        let end = app.db.write(move |tx| match case::by_id(tx, &d.case_id)? {
            Some(case) => updates::take(tx, &book, &who, false, &case, &told).map(drop),
            None => Ok(()),
        });
        // What the rules refuse is refused the next time too; what failed here is tried again with the whole window.
        if let Err(e) = end
            && e.kind.status() >= 500
        {
            return Err(own(e));
        }
    }
    Ok(())
}
