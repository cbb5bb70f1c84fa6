//! Filing our cases with the systems of departments, and hearing what became of them.
//!
//! What must stay true: what is to be told is derived from the log by a follower, so a crash loses nothing; each thing is
//! claimed before it is sent, so two processes do not both send it, and what was sent but not confirmed is sent again
//! under the same id, which the other side takes once; what cannot be delivered is visible to the desk until somebody
//! deals with it; only the configured address is ever called, redirects are not followed, answers are bounded in size
//! and time; the words of a report leave only as the department may see them, and that is in the read log first.
//!
//! Log kinds written: `open311.connector`, `open311.connector-end`, `open311.send`, `open311.sent`, `open311.failed`,
//! `open311.stuck`, `open311.void`, `open311.retry`, `open311.poll`.

/// Answers of other systems.
mod feed;
/// Forms for other systems.
mod http;
/// Updates come back.
mod poll;
/// The queue.
pub mod queue;
/// One delivery.
mod send;

use std::collections::BTreeMap;

use store::{Entry, Query, Row, Tx, params};

use super::format::Format;
use crate::base::party;
use crate::kit::error::Kind;
use crate::kit::time::{MINUTE, Ms};
use crate::kit::{App, Result};

/// Connectors of one node.
const MOST: i64 = 200;
/// Shortest and longest time between two polls.
pub const EVERY: (Ms, Ms) = (MINUTE, 24 * 60 * MINUTE);
/// The service for classes that the map does not name.
pub const ANY: &str = "*";

/// The system of a department.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns of `open311_connector`")]
pub struct Connector {
    pub id: String,
    pub body: String,
    pub endpoint: String,
    pub jurisdiction: Option<String>,
    pub format: Format,
    /// Our class to their service; `*` for all others.
    pub classes: BTreeMap<String, String>,
    pub every: Ms,
    pub error: Option<String>,
    pub created_at: Ms,
}

const COLUMNS: &str = "id, body, endpoint, jurisdiction, format, classes, every, error, created_at";

fn read(row: &Row) -> store::Result<Connector> {
    Ok(Connector {
        id: row.get("id")?,
        body: row.get("body")?,
        endpoint: row.get("endpoint")?,
        jurisdiction: row.get("jurisdiction")?,
        format: Format::of(&row.get::<String>("format")?).unwrap_or(Format::Xml),
        classes: serde_json::from_str(&row.get::<String>("classes")?).unwrap_or_default(),
        every: row.get("every")?,
        error: row.get("error")?,
        created_at: row.get("created_at")?,
    })
}

/// All that are in use.
pub fn all(q: &mut dyn Query) -> store::Result<Vec<Connector>> {
    let sql = format!("select {COLUMNS} from open311_connector where ended_at is null order by created_at, id limit $1");
    q.rows(&sql, params![MOST])?.iter().map(read).collect()
}

impl Connector {
    /// Their service for a class of ours.
    fn service(&self, class: Option<&str>) -> Option<&str> {
        let own = self.classes.get(class.unwrap_or(super::services::OTHER));
        own.or_else(|| self.classes.get(ANY)).map(String::as_str)
    }

    /// The key they gave us.
    fn key(&self, q: &mut dyn Query) -> store::Result<Option<String>> {
        let row = q.row("select secret from open311_connector where id = $1", params![&self.id])?;
        let sealed: Option<Vec<u8>> = row.map(|r| r.get("secret")).transpose()?.flatten();
        q.open_text(&self.id, sealed)
    }

    /// Address of a call.
    fn url(&self, call: &str) -> String {
        format!("{}/{call}.{}", self.endpoint, if self.format == Format::Json { "json" } else { "xml" })
    }
}

/// A connector to be.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns of `open311_connector`")]
pub struct NewConnector {
    pub body: String,
    pub endpoint: String,
    pub key: Option<String>,
    pub jurisdiction: Option<String>,
    pub format: Format,
    pub classes: BTreeMap<String, String>,
    pub every: Ms,
}

/// An address that may be called: plain http or https, a host, no user, no query.
pub fn endpoint(text: &str) -> Option<String> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"))?;
    let host = rest.split('/').next()?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "/-_.~:[]%".contains(c);
    let linked = host.starts_with("169.254.") || host.to_ascii_lowercase().starts_with("[fe80");
    (text.len() <= 500 && !host.is_empty() && rest.chars().all(plain) && !rest.contains("..") && !linked)
        .then(|| text.trim_end_matches('/').to_owned())
}

/// Adds a connector for an organisation; one that it had before ends.
pub fn add(tx: &mut Tx, actor: &str, new: &NewConnector) -> Result<String> {
    if tx.count("select count(*) from open311_connector where ended_at is null", &[])? >= MOST {
        return Err(crate::kit::Error::from(Kind::TooMany).limit(MOST));
    }
    let body = party::body_by_id(tx, &new.body)?.ok_or_else(|| Kind::Unknown.at("body"))?;
    if !body.kind.is_handler() {
        return Err(Kind::Unknown.at("body"));
    }
    let before = all(tx)?;
    for old in before.iter().filter(|c| c.body == new.body) {
        end(tx, actor, &old.id)?;
    }
    let id = tx.id();
    let now = tx.now();
    let secret = tx.seal_text(&id, new.key.as_deref())?;
    let format = if new.format == Format::Json { "json" } else { "xml" };
    let classes = serde_json::to_string(&new.classes).unwrap_or_default();
    tx.exec(
        "insert into open311_connector(id, body, endpoint, secret, jurisdiction, format, classes, every, created_at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        params![&id, &new.body, &new.endpoint, secret, &new.jurisdiction, format, classes, new.every, now],
    )?;
    let entry = Entry { actor: Some(actor), party: Some(&new.body), ..Entry::new("open311.connector", "open311-connector", &id) };
    let logged = tx.log(entry.fact("endpoint", new.endpoint.as_str()))?;
    if before.is_empty() {
        // Nobody followed while there was nobody to tell.
        tx.follow(queue::FOLLOWER, logged.index)?;
    }
    Ok(id)
}

/// Ends a connector; what was still waiting is not sent.
pub fn end(tx: &mut Tx, actor: &str, id: &str) -> Result<()> {
    let now = tx.now();
    if tx
        .exec("update open311_connector set ended_at = $2, secret = null where id = $1 and ended_at is null", params![id, now])?
        == 0
    {
        return Err(Kind::NotFound.into());
    }
    tx.exec(
        "update open311_delivery set state = 'void', next_at = null where connector = $1 and state in ('waiting', 'token', 'stuck')",
        params![id],
    )?;
    tx.log(Entry { actor: Some(actor), ..Entry::new("open311.connector-end", "open311-connector", id) })?;
    Ok(())
}

/// One round: what the log says is to be told, what is due, what came back. Each part goes on when another fails.
pub fn round(app: &App) -> Result<()> {
    let connectors = app.db.read(|r| all(r))?;
    if connectors.is_empty() {
        return Ok(());
    }
    let parts = [queue::follow(app, &connectors), send::due(app, &connectors), poll::all(app, &connectors)];
    parts.into_iter().collect::<Result<Vec<()>>>().map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_addresses_may_be_called() {
        for good in ["https://dep.example/open311/v2", "http://127.0.0.1:8080/open311/v2/", "http://[::1]:80/x"] {
            assert!(endpoint(good).is_some(), "{good}");
        }
        for bad in [
            "ftp://dep.example/",
            "https://",
            "https://user:pass@dep.example/",
            "https://dep.example/?a=b",
            "https://dep.example/../x",
            "http://169.254.169.254/latest",
            "http://dep.example/a b",
            "file:///etc/passwd",
        ] {
            assert!(endpoint(bad).is_none(), "{bad}");
        }
    }
}
