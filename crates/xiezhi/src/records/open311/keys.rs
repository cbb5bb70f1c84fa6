//! Keys of partner systems: who they are, what they may do, and how fast.
//!
//! What must stay true: a key is kept only as its SHA-256; a revoked one stops working with the next call; whatever is
//! done with a key is logged under its id, for the organisation it was given to.

use sha2::{Digest, Sha256};
use store::{Entry, Query, Row, Tx, hex, params};

use crate::base::{area, party};
use crate::kit::time::Ms;
use crate::kit::{Result, Role, Who};

/// Calls a minute that a key may make when nobody said otherwise.
pub const PER_MINUTE: i64 = 120;
/// Most calls a minute that can be granted.
pub const MOST_PER_MINUTE: i64 = 6000;
/// Keys that a page shows.
pub const SHOWN: i64 = 200;

/// How `media_url` leaves for this partner: clients differ in what they survive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MediaForm {
    /// One address as plain text, several as repeated elements.
    #[default]
    Plain,
    /// Repeated elements, at least two: a lone address is said twice.
    Twice,
    /// `<media_url><media_url>…`, and always an array in JSON.
    Nested,
    /// Never any.
    Never,
}

impl MediaForm {
    /// All forms.
    pub const ALL: [(&'static str, MediaForm); 4] =
        [("plain", MediaForm::Plain), ("twice", MediaForm::Twice), ("nested", MediaForm::Nested), ("never", MediaForm::Never)];

    /// Reads its name.
    pub fn parse(name: &str) -> Option<MediaForm> {
        MediaForm::ALL.iter().find(|(n, _)| *n == name).map(|(_, f)| *f)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        MediaForm::ALL.iter().find(|(_, f)| *f == self).map_or("plain", |(n, _)| n)
    }
}

/// A key.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns of `open311_key`")]
pub struct ApiKey {
    pub id: String,
    pub name: String,
    pub purpose: String,
    /// The one jurisdiction it may use; any when absent.
    pub jurisdiction: Option<String>,
    /// The organisation it acts for.
    pub body: Option<String>,
    pub media_form: MediaForm,
    /// Requests are answered with a token first.
    pub by_token: bool,
    pub per_minute: i64,
    pub created_at: Ms,
    pub revoked_at: Option<Ms>,
}

const COLUMNS: &str = "id, name, purpose, jurisdiction, body, media_form, by_token, per_minute, created_at, revoked_at";

fn read(row: &Row) -> store::Result<ApiKey> {
    Ok(ApiKey {
        id: row.get("id")?,
        name: row.get("name")?,
        purpose: row.get("purpose")?,
        jurisdiction: row.get("jurisdiction")?,
        body: row.get("body")?,
        media_form: MediaForm::parse(&row.get::<String>("media_form")?).unwrap_or_default(),
        by_token: row.get("by_token")?,
        per_minute: row.get("per_minute")?,
        created_at: row.get("created_at")?,
        revoked_at: row.get("revoked_at")?,
    })
}

/// What is kept of a key.
fn digest(text: &str) -> String {
    hex(Sha256::digest(text.as_bytes()))
}

/// The key that somebody shows, unless it was revoked.
pub fn find(q: &mut dyn Query, text: &str) -> store::Result<Option<ApiKey>> {
    let sql = format!("select {COLUMNS} from open311_key where digest = $1 and revoked_at is null");
    q.row(&sql, params![digest(text)])?.as_ref().map(read).transpose()
}

/// Whether this key was ever given out, revoked or not.
pub fn was_given(q: &mut dyn Query, text: &str) -> store::Result<bool> {
    Ok(q.count("select count(*) from open311_key where digest = $1", params![digest(text)])? > 0)
}

/// All keys, the newest first.
pub fn all(q: &mut dyn Query) -> store::Result<Vec<ApiKey>> {
    let sql = format!("select {COLUMNS} from open311_key order by created_at desc, id desc limit $1");
    q.rows(&sql, params![SHOWN])?.iter().map(read).collect()
}

/// As whom a program acts that belongs to an organisation (or to none): its id is the actor in the log.
pub fn who(q: &mut dyn Query, id: &str, body: Option<&str>) -> store::Result<Who> {
    let mut roles = Vec::new();
    if let Some(body) = body
        && let Some(body) = party::body_by_id(q, body)?
        && let Some(place) = area::by_id(q, &body.area)?
    {
        roles.push(Role { kind: body.kind, area: place.id, path: place.path, body: Some(body.id), body_name: Some(body.name) });
    }
    Ok(Who { person: Some(id.to_owned()), roles, ..Who::default() })
}

/// Where reports that a key made say they come from; what follows is the partner's id for them.
pub fn source(key: &str) -> String {
    format!("open311/{key}/")
}

/// A key to be.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the columns of `open311_key`")]
pub struct NewKey {
    pub name: String,
    pub purpose: String,
    pub jurisdiction: Option<String>,
    pub body: Option<String>,
    pub media_form: MediaForm,
    pub by_token: bool,
    pub per_minute: i64,
}

/// Adds a key. `text` is what the partner will show.
pub fn add(tx: &mut Tx, actor: Option<&str>, new: &NewKey, text: &str) -> Result<String> {
    let id = tx.id();
    let now = tx.now();
    tx.exec(
        "insert into open311_key(id, digest, name, purpose, jurisdiction, body, media_form, by_token, per_minute, created_at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        params![
            &id,
            digest(text),
            &new.name,
            &new.purpose,
            &new.jurisdiction,
            &new.body,
            new.media_form.name(),
            new.by_token,
            new.per_minute,
            now,
        ],
    )?;
    let entry = Entry { actor, party: new.body.as_deref(), ..Entry::new("open311.key", "open311-key", &id) };
    tx.log(entry.fact("name", new.name.as_str()).fact("purpose", new.purpose.as_str()))?;
    Ok(id)
}

/// Revokes a key; one that was revoked before stays so.
pub fn revoke(tx: &mut Tx, actor: &str, id: &str) -> Result<()> {
    let now = tx.now();
    tx.exec("update open311_key set revoked_at = $2 where id = $1 and revoked_at is null", params![id, now])?;
    tx.log(Entry { actor: Some(actor), ..Entry::new("open311.key-end", "open311-key", id) })?;
    Ok(())
}
