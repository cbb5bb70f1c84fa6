//! One delivery: what is due is claimed, made ready, sent, and its end written down.

use sha2::{Digest, Sha256};
use store::{Query, Written, hex};

use super::feed::{self, Record, field};
use super::http;
use super::queue::{self, Delivery};
use super::{Connector, Format};
use crate::base::area::names::Names;
use crate::base::catalogue::{Look, Relation};
use crate::base::media;
use crate::kit::i18n::Lang;
use crate::kit::outbound::{self, Trouble};
use crate::kit::{App, Error, Result, Who};
use crate::records::case::rules::State;
use crate::records::case::{self, Case, place, place_text};
use crate::records::open311::format::degrees;
use crate::records::open311::{keys, services, show, status};

/// Things that one system gets in a round; the others come with the next.
const AT_ONCE: i64 = 20;
/// Bytes of pictures that go with one request.
const PICTURES: usize = 20 << 20;

/// Sends what is due. A thing that fails stops no other; a system that is away is left alone for the rest of the round,
/// and keeps no other system waiting.
pub fn due(app: &App, connectors: &[Connector]) -> Result<()> {
    let now = app.now();
    for c in connectors {
        for d in app.db.read(|r| queue::due(r, &c.id, now, AT_ONCE))? {
            let claimed = d.clone();
            if app.db.write(move |tx| queue::claim(tx, &claimed))?.value && !one(app, c, d)? {
                break;
            }
        }
    }
    Ok(())
}

/// False when the other side seems to be away.
fn one(app: &App, c: &Connector, d: Delivery) -> Result<bool> {
    let end = match (d.kind.as_str(), &d.token) {
        ("request", Some(token)) => ask_token(app, c, token),
        ("request", None) => request(app, c, &d)?,
        _ => update(app, c, &d)?,
    };
    let there = !matches!(&end, End::Failed(t) if t.code == "network");
    let zone = app.config.zone.clone();
    app.db.write(move |tx| match end {
        End::Taken { id, token, proof } => queue::taken(tx, &d, id.as_deref(), token.as_deref(), &proof),
        End::Void => queue::void(tx, &d),
        End::Failed(trouble) => queue::failed(tx, &zone, &d, &trouble),
    })?;
    Ok(there)
}

/// How a delivery ended.
enum End {
    Taken { id: Option<String>, token: Option<String>, proof: String },
    Void,
    Failed(Trouble),
}

impl From<std::result::Result<End, Trouble>> for End {
    fn from(end: std::result::Result<End, Trouble>) -> End {
        end.unwrap_or_else(End::Failed)
    }
}

/// Ids come in any form; ours is a text that fits into a column and a query.
fn id_of(record: &Record, name: &str) -> Option<String> {
    field(record, name).filter(|t| t.chars().count() <= 200).map(str::to_owned)
}

fn proof(bytes: &[u8]) -> String {
    hex(Sha256::digest(bytes))
}

fn common(app: &App, c: &Connector) -> Result<Vec<(String, String)>> {
    let key = app.db.read(|r| c.key(r))?;
    let mut out = Vec::new();
    out.extend(key.map(|k| ("api_key".to_owned(), k)));
    out.extend(c.jurisdiction.clone().map(|j| ("jurisdiction_id".to_owned(), j)));
    Ok(out)
}

/// The case as the department may see it, if it is still theirs to handle.
struct Opened {
    case: Case,
    who: Who,
    look: Look,
    said: Option<Written>,
}

impl Opened {
    fn of(r: &mut dyn Query, c: &Connector, d: &Delivery, seq: Option<u64>) -> Result<Option<Opened>> {
        let Some(case) = case::by_id(r, &d.case_id)? else { return Ok(None) };
        if case.handler.as_deref() != Some(&c.body) || !matches!(case.state, State::Dispatched | State::Handling) {
            return Ok(None);
        }
        let who = keys::who(r, &c.id, Some(&c.body))?;
        let look = Look::new(&who, "open311");
        let said = r.entries_at(&[seq.unwrap_or(case.log_seq)])?.into_iter().find(|w| w.obj == case.id);
        Ok(Some(Opened { case, who, look, said }))
    }

    fn at(&mut self, element: &'static str) -> Option<String> {
        // It is sent to nobody but its handler.
        let relation =
            if self.case.handler.as_deref().is_some_and(|h| self.who.in_body(h)) { Relation::Involved } else { Relation::Public };
        let value = self.said.as_ref()?.element(element)?.to_owned();
        self.look.at(&self.case.graded(element, value), relation)
    }
}

fn request(app: &App, c: &Connector, d: &Delivery) -> Result<End> {
    let catalogue = services::catalogue(app)?;
    let ready = app.db.read(|r| {
        let Some(mut opened) = Opened::of(r, c, d, None)? else { return Ok(None) };
        let mut fields = Vec::new();
        let mut put = |name: &str, value: Option<String>| fields.extend(value.map(|v| (name.to_owned(), v)));
        let words = place_text(&*Names::read(r, app)?, r, &opened.case)?;
        let detail = opened.at("case.address").filter(|a| !words.ends_with(a.as_str()));
        put("address_string", Some(detail.map_or(words.clone(), |d| format!("{words} {d}"))));
        if let Some(point) = place::of(&opened.case) {
            put("lat", Some(degrees(point.lat.into())));
            put("long", Some(degrees(point.lon.into())));
        }
        let name = services::name(&catalogue, Lang::Zh, opened.case.class.as_deref());
        put("description", Some(opened.at("case.text").unwrap_or(name)));
        put("first_name", opened.at("case.contact_name"));
        put("phone", opened.at("case.contact_phone"));
        if let Some(answers) = opened.at("case.answers") {
            for (code, values) in show::answers_of(&answers.into()) {
                if code == "email" || code == "media_url" {
                    values.into_iter().for_each(|v| put(&code, Some(v)));
                } else {
                    let many = if values.len() > 1 { "[]" } else { "" };
                    values.into_iter().for_each(|v| put(&format!("attribute[{code}]{many}"), Some(v)));
                }
            }
        }
        put("attribute[external_id]", Some(opened.case.number.clone()));
        let pictures = match opened.at("case.media") {
            Some(_) => media::of(r, &opened.case.id)?.into_iter().filter(|m| m.kind == "photo").map(|m| m.id).collect(),
            None => Vec::new(),
        };
        Ok::<_, Error>(Some((opened.case, opened.look, fields, pictures)))
    })?;
    let Some((case, look, more, pictures)) = ready else { return Ok(End::Void) };
    let Some(service) = c.service(case.class.as_deref()) else {
        return Ok(End::Failed(Trouble::lasting("service", services::name(&catalogue, Lang::Zh, case.class.as_deref()))));
    };
    // What leaves in clear is in the read log before it leaves.
    look.record(app)?;
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    for id in pictures {
        let (bytes, kind) = media::bytes(app, &case.id, &id)?;
        if files.iter().map(|f| f.1.len()).sum::<usize>() + bytes.len() <= PICTURES {
            files.push((kind.to_owned(), bytes));
        }
    }
    let mut fields = common(app, c)?;
    fields.push(("service_code".into(), service.to_owned()));
    fields.extend(more);
    Ok(http::post(&c.url("requests"), &once(d), &fields, &files).and_then(|bytes| taken(c.format, &bytes)).into())
}

/// The same for each try, so that the other side takes it once.
fn once(d: &Delivery) -> String {
    format!("{}-{}", d.connector, d.seq)
}

fn taken(format: Format, bytes: &[u8]) -> std::result::Result<End, Trouble> {
    let record = feed::records(format, bytes, "request")?.into_iter().next().unwrap_or_default();
    let (id, token) = (id_of(&record, "service_request_id"), id_of(&record, "token"));
    if id.is_none() && token.is_none() {
        return Err(Trouble::lasting("no-id", "neither service_request_id nor token"));
    }
    Ok(End::Taken { id, token, proof: proof(bytes) })
}

fn ask_token(app: &App, c: &Connector, token: &str) -> End {
    let ask = || {
        let query = common(app, c).map_err(|e| Trouble::passing("own", e.to_string()))?;
        let query: Vec<(&str, String)> = query.iter().map(|(k, v)| (k.as_str(), v.clone())).collect();
        // A token is of their making, but the address stays ours.
        let name = crate::kit::form::encode(token).replace('/', "%2F");
        let bytes = outbound::get(&c.url(&format!("tokens/{name}")), &query)?;
        let record = feed::records(c.format, &bytes, "request")?.into_iter().next().unwrap_or_default();
        match id_of(&record, "service_request_id") {
            Some(id) => Ok(End::Taken { id: Some(id), token: Some(token.to_owned()), proof: proof(&bytes) }),
            None => Err(Trouble::passing("pending", "the id is still to come")),
        }
    };
    ask().into()
}

/// What others wrote or decided about a case that the department has.
fn update(app: &App, c: &Connector, d: &Delivery) -> Result<End> {
    let withdraw = d.kind == "withdraw";
    let ready = app.db.read(|r| {
        let foreign = queue::foreign_id(r, &c.id, &d.case_id)?;
        if withdraw {
            let case = case::by_id(r, &d.case_id)?.filter(|case| case.handler.as_deref() != Some(&c.body));
            return Ok(case.map(|_| (None, None, "cancelled", app.now(), foreign)));
        }
        let Some(mut opened) = Opened::of(r, c, d, Some(d.seq))? else { return Ok(None) };
        let words = opened.at("case.note");
        let (act, at) = opened.said.as_ref().map(|w| (w.act.clone(), w.at)).unwrap_or_default();
        let status =
            if act == "case.note" { "unchanged" } else { status::extended(opened.case.state, opened.case.overlay, None) };
        Ok::<_, Error>(Some((Some(opened.look), words, status, at, foreign)))
    })?;
    let Some((look, words, status, at, foreign)) = ready else { return Ok(End::Void) };
    let Some(foreign) = foreign else {
        return Ok(End::Failed(Trouble::passing("not-filed", "the request itself is still to be taken")));
    };
    if let Some(look) = look {
        look.record(app)?;
    }
    let fields: Vec<(String, String)> = [
        ("service_request_id", foreign),
        ("service_request_id_ext", d.number.clone()),
        ("update_id", format!("{}-{}", d.number, d.seq)),
        ("status", status.to_ascii_uppercase()),
        ("updated_datetime", app.time(at)),
        (
            "description",
            words.unwrap_or_else(|| app.texts.plain(Lang::Zh, if withdraw { "open311-withdrawn" } else { "open311-changed" })),
        ),
    ]
    .into_iter()
    .map(|(k, v)| (k.to_owned(), v))
    .collect();
    let fields = [common(app, c)?, fields].concat();
    let sent = http::post(&c.url("servicerequestupdates"), &once(d), &fields, &[]);
    Ok(sent
        .and_then(|bytes| {
            let record = feed::records(c.format, &bytes, "request_update")?.into_iter().next().unwrap_or_default();
            let id = id_of(&record, "update_id").unwrap_or_else(|| "-".into());
            Ok(End::Taken { id: Some(id), token: None, proof: proof(&bytes) })
        })
        .into())
}
