//! Calls of adapters: rows are fetched page by page, and sent as signed CloudEvents.
//!
//! What must stay true: no page is asked for without an end, no answer is believed without a look at every row; a try writes
//! nothing; what is sent was granted, is in the read log before it leaves, and carries an id by which it is taken once; the
//! place up to which rows were sent moves only after the other side took them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as B64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};
use store::{Query, hex, params};

use super::adapter::{Adapter, Paging, Settings};
use super::data::{self, Batch, Kept};
use super::request::{self, Request};
use super::resource::Resource;
use super::schema::Values;
use super::{Book, PURPOSE};
use crate::base::catalogue::Look;
use crate::kit::outbound::{self, Trouble};
use crate::kit::{App, Error, Result, Role, Who};

/// Pages of one answer.
const PAGES: usize = 50;
/// Rows of one call.
const SENT: i64 = 100;

/// What is ours and went wrong on the way to a call.
fn own(e: &Error) -> Trouble {
    Trouble::passing("own", e.to_string())
}

/// The value at a place of a row: a name, or a pointer.
fn at<'j>(row: &'j Json, place: &str) -> Option<&'j Json> {
    if place.starts_with('/') { row.pointer(place) } else { row.get(place) }
}

fn text(value: &Json) -> Option<String> {
    match value {
        Json::String(s) => Some(s.clone()),
        Json::Number(n) => Some(n.to_string()),
        Json::Bool(b) => Some(if *b { "1" } else { "0" }.to_owned()),
        _ => None,
    }
}

/// A row of theirs in our fields; what is not mapped has our name there.
fn mapped(settings: &Settings, fields: &[String], row: &Json) -> Values {
    let place = |f: &String| settings.map.get(f).cloned().unwrap_or_else(|| f.clone());
    fields.iter().filter_map(|f| Some((f.clone(), text(at(row, &place(f))?)?))).collect()
}

/// What one page of an answer says.
struct Answer {
    rows: Vec<Values>,
    next: Option<String>,
    /// For which version of the fields it is, where it says so.
    version: Option<i64>,
}

fn page(settings: &Settings, fields: &[String], bytes: &[u8]) -> std::result::Result<Answer, Trouble> {
    let wrong = |why: String| Trouble::passing("answer", why);
    let json: Json = serde_json::from_slice(bytes).map_err(|e| wrong(e.to_string()))?;
    let list = json.pointer(&settings.list).and_then(Json::as_array);
    let list = list.ok_or_else(|| wrong(format!("no list at {:?}", settings.list)))?;
    let version = if settings.version_at.is_empty() { None } else { json.pointer(&settings.version_at) };
    let version = match version {
        None if settings.version_at.is_empty() => None,
        // It should say so and does not: nobody knows what these rows are.
        None => Some(-1),
        Some(v) => Some(v.as_i64().or_else(|| v.as_str()?.trim_start_matches('v').parse().ok()).unwrap_or(-1)),
    };
    let next = if settings.next.is_empty() { None } else { json.pointer(&settings.next).and_then(text) };
    Ok(Answer {
        rows: list.iter().map(|row| mapped(settings, fields, row)).collect(),
        next: next.filter(|n| !n.is_empty()),
        version,
    })
}

/// Fetches rows: all pages, or the first alone.
pub fn fetch(app: &App, book: &Book, of: &Resource, one: &Adapter, first: bool) -> std::result::Result<Batch, Trouble> {
    let settings = one.settings();
    let fields: Vec<String> = of.fields().into_iter().map(|f| f.name).collect();
    let secret = app.db.read(|r| one.secret(r)).map_err(|e: store::Error| own(&e.into()))?;
    let headers: Vec<(&str, &str)> = match &secret {
        Some(value) if !settings.header.is_empty() => vec![(settings.header.as_str(), value.as_str())],
        _ => Vec::new(),
    };
    let paging = Paging::parse(&settings.paging).unwrap_or(Paging::None);
    let mut batch = Batch { source: source(&one.url), version: Some(one.version), rows: Vec::new() };
    let mut cursor = (paging == Paging::Page).then(|| "1".to_owned());
    for n in 1..=PAGES {
        let mut query: Vec<(String, String)> = settings.query.clone().into_iter().collect();
        query.extend(cursor.clone().map(|c| (settings.param.clone(), c)));
        let bytes = outbound::guarded(&app.config.file.share, &one.url, &query, &headers, None)?;
        let answer = page(&settings, &fields, &bytes)?;
        batch.version = answer.version.or(batch.version);
        let empty = answer.rows.is_empty();
        for row in answer.rows {
            let line = batch.rows.len() as u64 + 1;
            batch.rows.push((line, row));
        }
        if batch.rows.len() > book.pack.limits.batch {
            return Err(Trouble::lasting("too-many", format!("more than {} rows", book.pack.limits.batch)));
        }
        let next = match paging {
            Paging::None => None,
            Paging::Page => (!empty).then(|| (n + 1).to_string()),
            // A cursor that does not move would go round for ever.
            Paging::Cursor => answer.next.filter(|c| !empty && Some(c) != cursor.as_ref()),
        };
        if first || next.is_none() {
            return Ok(batch);
        }
        cursor = next;
    }
    Err(Trouble::lasting("too-many", format!("more than {PAGES} pages")))
}

/// What a source is called: its host.
fn source(url: &str) -> String {
    let host = url.split("://").nth(1).unwrap_or(url).split('/').next().unwrap_or_default();
    host.chars().take(40).collect()
}

/// Fetches all rows, and takes them in.
pub fn pull(app: &App, book: &Book, of: &Resource, one: &Adapter) -> std::result::Result<(), Trouble> {
    let batch = fetch(app, book, of, one, false)?;
    let taken = data::take(app, book, &Who::system(), of, &batch).map_err(|e| match e.kind {
        crate::kit::error::Kind::SchemaUnknown => Trouble::lasting("schema-unknown", e.to_string()),
        crate::kit::error::Kind::State | crate::kit::error::Kind::TooMany => Trouble::lasting(e.kind.code(), e.to_string()),
        _ => own(&e),
    })?;
    if taken.taken == 0 && taken.refused > 0 {
        return Err(Trouble::lasting("all-refused", format!("{} rows", taken.refused)));
    }
    Ok(())
}

/// Rows under a grant that changed after the last that were sent.
fn after(q: &mut dyn Query, of: &Resource, grant: &Request, one: &Adapter) -> Result<Vec<Kept>> {
    let place = grant.place.clone().unwrap_or_default();
    let sql = format!(
        "select {} from share_row where resource = $1 and (seq > $2 or (seq = $2 and id > $3)) \
         and ($4 = '' or (place >= $4 and place < $5)) order by seq, id limit $6",
        data::COLUMNS
    );
    let rows = q.rows(&sql, params![&of.id, one.sent_seq, &one.sent_id, &place, format!("{place}\u{7f}"), SENT])?;
    Ok(rows.iter().map(data::read).collect::<store::Result<_>>()?)
}

/// Signs a call as receivers of Standard Webhooks check it.
pub fn signature(secret: &str, id: &str, at: i64, body: &[u8]) -> String {
    let key = secret.strip_prefix("whsec_").and_then(|s| B64.decode(s).ok()).unwrap_or_else(|| secret.as_bytes().to_vec());
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("a key of any length");
    mac.update(format!("{id}.{at}.").as_bytes());
    mac.update(body);
    format!("v1,{}", B64.encode(mac.finalize().into_bytes()))
}

/// How far rows were sent, and whether there may be more.
pub type Sent = (Option<(u64, String)>, bool);

/// Sends rows that changed since the last call; gives how far it came, and whether there may be more.
pub fn push(app: &App, book: &Book, of: &Resource, one: &Adapter) -> std::result::Result<Sent, Trouble> {
    let number = one.request.clone().unwrap_or_default();
    let (grant, body, secret, last, look) = app
        .db
        .read(|r| {
            let grant = request::by_number(r, &number)?;
            let secret = one.secret(r)?.unwrap_or_default();
            let mut look = Look::new(&reader(book, &grant), PURPOSE);
            let rows = if grant.is_live(app.now()) { after(r, of, &grant, one)? } else { Vec::new() };
            let out = data::out(app, r, of, &grant, &rows, &mut look)?;
            let event = |(row, kept): (data::Out, &Kept)| {
                json!({
                    "specversion": "1.0", "id": format!("{}-{}", kept.id, kept.seq), "source": app.db.origin(),
                    "type": "cn.xiezhi.share.row.v1", "subject": of.code, "time": row.taken_at,
                    "datacontenttype": "application/json", "dataschema": format!("{}/v{}", of.code, kept.version),
                    "data": { "id": row.id, "values": row.values, "origin": row.origin },
                })
            };
            let events: Vec<Json> = out.into_iter().zip(&rows).map(event).collect();
            let last = rows.last().map(|k| (k.seq, k.id.clone()));
            Ok::<_, Error>((grant, serde_json::to_vec(&events).unwrap_or_default(), secret, last, look))
        })
        .map_err(|e| own(&e))?;
    let Some(last) = last else { return Ok((None, false)) };
    look.record(app).map_err(|e| own(&e))?;
    // The same rows have the same id each time they are sent: the other side takes them once.
    let (id, at) = (hex(&Sha256::digest(&body)[..16]), app.now() / 1000);
    let signed = signature(&secret, &id, at, &body);
    let at = at.to_string();
    let headers = [("webhook-id", id.as_str()), ("webhook-timestamp", at.as_str()), ("webhook-signature", signed.as_str())];
    let kind = "application/cloudevents-batch+json; charset=utf-8";
    outbound::guarded(&app.config.file.share, &one.url, &[], &headers, Some((kind, &body)))?;
    if grant.delivered_at.is_none() {
        let book = book.clone();
        app.db.write(move |tx| request::delivered(tx, &book, &grant)).map_err(|e| own(&e))?;
    }
    Ok((Some(last), true))
}

/// For whom rows are read that are pushed: the organisation that was granted them, by whoever asked.
fn reader(book: &Book, grant: &Request) -> Who {
    let role = book.chart.body(&grant.body).map(|b| Role {
        kind: b.kind,
        area: b.area.clone(),
        path: book.chart.path(&b.id).unwrap_or_default().to_owned(),
        body: Some(b.id.clone()),
        body_name: Some(b.name.clone()),
    });
    Who { person: Some(grant.person.clone()), roles: role.into_iter().collect(), ..Who::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_that_of_standard_webhooks() {
        // The example of the specification's own libraries.
        let body = br#"{"test": 2432232314}"#;
        let signed = signature("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert_ne!(signature("other", "a", 1, b"x"), signature("other", "a", 2, b"x"));
    }

    #[test]
    fn an_answer_is_read_by_its_pointers_and_nonsense_is_none() {
        let settings = Settings {
            list: "/data/items".into(),
            map: [("name".to_owned(), "/person/name".to_owned()), ("no".to_owned(), "ID".to_owned())].into(),
            next: "/data/next".into(),
            version_at: "/v".into(),
            ..Settings::default()
        };
        let fields = ["name".to_owned(), "no".to_owned(), "level".to_owned()];
        let body = br#"{"v":"v3","data":{"next":"c2","items":[{"person":{"name":"x"},"ID":7,"level":true},5,{"ID":{"a":1}}]}}"#;
        let got = page(&settings, &fields, body).unwrap();
        assert_eq!((got.version, got.next.as_deref(), got.rows.len()), (Some(3), Some("c2"), 3));
        assert_eq!((got.rows[0]["name"].as_str(), got.rows[0]["no"].as_str(), got.rows[0]["level"].as_str()), ("x", "7", "1"));
        assert!(got.rows[1].is_empty() && got.rows[2].is_empty());
        for bad in [&b"<html>"[..], b"", b"{\"data\":{\"items\":5}}", b"[1", &b"[".repeat(10_000)] {
            assert_eq!(page(&settings, &fields, bad).err().unwrap().code, "answer");
        }
        let silent = page(&settings, &fields, br#"{"data":{"items":[]}}"#).unwrap();
        assert_eq!(silent.version, Some(-1), "it should say its version");
        let whole = page(&Settings::default(), &fields, br#"[{"name":"x"}]"#).unwrap();
        assert_eq!((whole.version, whole.rows.len()), (None, 1));
    }
}
