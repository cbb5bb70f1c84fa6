//! Making a request: `POST requests`.
//!
//! What must stay true: what the standard makes optional is never demanded, unknown fields are ignored, unknown
//! attributes kept; every missing answer is an entry of its own; the same key, or the same id of the partner, makes one
//! report however often it is sent; what people said is sealed like every other report.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as B64;
use serde_json::{Value as Json, json};
use store::{Key, Query as _, params};

use super::ask::Ask;
use super::fault::{Fault, Faults};
use super::format::Value;
use super::keys::{self, ApiKey};
use super::services::{self, Attribute};
use crate::base::{area, media};
use crate::kit::error::Kind;
use crate::kit::form::Form;
use crate::kit::input::Input;
use crate::kit::time;
use crate::kit::{Error, Who};
use crate::records::case::report::{self, MAX_TEXT, NewReport};
use crate::records::case::{MAX_MEDIA, Rulebook};

/// Answers that one report may bring, counted by value.
const MAX_ANSWERS: usize = 100;
/// Characters of one answer.
const MAX_ANSWER: usize = 2000;
/// Characters of an address of a picture.
const MAX_URL: usize = 2000;
/// Attributes in which partners send their own id of a request.
const FOREIGN_IDS: [&str; 2] = ["external_id", "fixmystreet_id"];

/// Makes a request.
pub fn post(ask: &Ask) -> Result<Value, Faults> {
    let key = ask.key.as_ref().ok_or_else(|| Fault::key("key-missing"))?;
    let app = ask.req.app;
    let mut faults = Faults::default();
    let service = match ask.text("service_code") {
        None => {
            faults.0.push(Fault::bad("missing", "service_code"));
            None
        }
        Some(code) => services::get(app, ask.req.lang, code)?.or_else(|| {
            faults.0.push(Fault::unknown("service-unknown", code));
            None
        }),
    };
    let mut new =
        NewReport { channel: "open311".into(), class: service.as_ref().map(|s| s.code.clone()), ..NewReport::default() };
    place(ask, &mut new, &mut faults);
    let asked = service.as_ref().map(|s| s.attributes.as_slice()).unwrap_or_default();
    new.answers = answers(&ask.req.form, asked, &mut faults);
    words(ask, &mut new, &mut faults);
    let urls = urls(ask, &mut faults);
    faults.check()?;
    let foreign = FOREIGN_IDS.iter().find_map(|id| new.answers.iter().find(|(code, _)| code == id)).map(|(_, v)| v.clone());
    new.source = Some(format!("{}{}", keys::source(&key.id), foreign.clone().unwrap_or_else(|| app.new_id())));
    let who = app.db.read(|r| keys::who(r, &key.id, key.body.as_deref()))?;
    // A second try of the same report must not leave its pictures lying about for two days.
    let known = |source: &str| app.db.read(|r| r.row("select id, number from cases where source = $1", params![source]));
    if foreign.is_some()
        && let Some(row) = known(new.source.as_deref().unwrap_or_default())?
    {
        return answer(ask, key, &row.get::<String>("id")?, &row.get::<String>("number")?);
    }
    new.media = files(ask, &who)?;
    for url in urls {
        match url.strip_prefix("data:") {
            Some(data) => new.media.push(data_uri(ask, &who, data)?),
            None => new.answers.push(("media_url".into(), url)),
        }
    }
    if new.media.len() > MAX_MEDIA {
        return Err(Error::from(Kind::TooMany).field("media").limit(MAX_MEDIA as i64).into());
    }
    let (id, number) = write(ask, key, who, new)?;
    answer(ask, key, &id, &number)
}

fn write(ask: &Ask, key: &ApiKey, who: Who, new: NewReport) -> Result<(String, String), Faults> {
    let app = ask.req.app;
    let spot = report::place(app, &new)?;
    let (zone, book) = (app.config.zone.clone(), Rulebook::now(app)?);
    // Without a key of the client's a key of our own: nothing is repeated, but the answer takes the same way.
    let own = app.new_id();
    let once = Key::new(&key.id, ask.req.key().unwrap_or(&own), &ask.req.fingerprint());
    let done = app.db.write_once(once, move |tx| {
        let known = tx.row("select id, number from cases where source = $1", params![&new.source])?;
        if let Some(row) = known {
            let (id, number): (String, String) = (row.get("id")?, row.get("number")?);
            return Ok::<_, Error>((json!({ "id": id, "number": number }).to_string(), None));
        }
        let (made, logged) = report::make(tx, &book, &who, &new, &spot, &zone)?;
        Ok((json!({ "id": made.id, "number": made.number }).to_string(), Some(logged)))
    })?;
    let answer: Json = serde_json::from_str(&done.answer).map_err(Error::internal)?;
    let text = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
    Ok((text("id"), text("number")))
}

/// One of id and token, never both and never an empty one.
fn answer(ask: &Ask, key: &ApiKey, id: &str, number: &str) -> Result<Value, Faults> {
    let case = ask.req.app.db.read(|r| crate::records::case::by_number(r, number))?.ok_or(Kind::Internal)?;
    let zh = ask.req.lang == crate::kit::i18n::Lang::Zh;
    let due = case.due_at.map(|at| time::by(at, ask.req.now, &ask.req.app.config.zone, zh)).unwrap_or_default();
    let name =
        if key.by_token { ("token", Value::Text(id.to_owned())) } else { ("service_request_id", Value::Text(number.to_owned())) };
    let notice = ask.say("open311-notice", &[("due", &due)]);
    Ok(Value::List(
        "request",
        vec![Value::Record(vec![name, ("service_notice", Value::text(Some(notice))), ("account_id", Value::Empty)])],
    ))
}

/// One of point, address and address id.
fn place(ask: &Ask, new: &mut NewReport, faults: &mut Faults) {
    let input = Input(
        json!({ "lat": ask.text("lat"), "long": ask.text("long"), "address_string": ask.text("address_string") })
            .as_object()
            .cloned()
            .unwrap_or_default(),
    );
    let mut take = |end: crate::kit::Result<Option<i64>>| {
        end.unwrap_or_else(|e| {
            faults.0.extend(Faults::from(e).0);
            None
        })
    };
    (new.lat, new.lon) = (take(input.degrees("lat", 90.0)), take(input.degrees("long", 180.0)));
    match input.text("address_string", 200) {
        Ok(address) => new.address = address,
        Err(e) => faults.0.extend(Faults::from(e).0),
    }
    new.area = ask.place.as_ref().map(|j| j.code.clone()).filter(|c| !c.is_empty());
    if let Some(id) = ask.text("address_id") {
        match ask.req.app.db.read(|r| area::building(r, id)) {
            Ok(Some(building)) => new.building = Some(building.id),
            Ok(None) => faults.0.push(Fault::bad("address-unknown", id)),
            Err(e) => faults.0.extend(Faults::from(e).0),
        }
    }
    let half = new.lat.is_some() != new.lon.is_some();
    if half {
        (new.lat, new.lon) = (None, None);
    }
    // Coordinates that were sent but are wrong have been named already.
    let named = ask.text("lat").is_some() && ask.text("long").is_some() || ask.text("address_id").is_some();
    if new.lat.is_none() && new.address.is_none() && !named {
        faults.0.push(Fault::bad("place-missing", "lat, long, address_string, address_id"));
    }
}

/// Description and contact.
fn words(ask: &Ask, new: &mut NewReport, faults: &mut Faults) {
    let field = |name: &str| ask.text(name);
    let input = Input(
        json!({ "description": field("description"), "email": field("email"), "phone": field("phone"),
            "first_name": field("first_name"), "last_name": field("last_name") })
        .as_object()
        .cloned()
        .unwrap_or_default(),
    );
    let mut take = |name: &'static str, max: usize| {
        input.text(name, max).unwrap_or_else(|e| {
            faults.0.extend(Faults::from(e).0);
            None
        })
    };
    new.text = take("description", MAX_TEXT);
    new.contact_phone = take("phone", 30);
    new.contact_name = name(take("first_name", 60), take("last_name", 60));
    if let Some(email) = take("email", 200) {
        new.answers.push(("email".into(), email));
    }
}

/// One name from two fields. Clients split at the first blank, so 张三 comes as a first name alone, or with `-` after it.
fn name(first: Option<String>, last: Option<String>) -> Option<String> {
    let chinese = |t: &str| t.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
    match (first, last.filter(|l| l != "-")) {
        (Some(first), Some(last)) if chinese(&first) && chinese(&last) => Some(format!("{last}{first}")),
        (Some(first), Some(last)) => Some(format!("{first} {last}")),
        (one, other) => one.or(other),
    }
}

/// Answers to questions: `attribute[code]` and `attribute[code][]`. What is not asked is kept too.
pub fn answers(form: &Form, asked: &[Attribute], faults: &mut Faults) -> Vec<(String, String)> {
    let code = |name: &str| {
        let inner = name.strip_prefix("attribute[")?;
        let inner = inner.strip_suffix("[]").unwrap_or(inner).strip_suffix(']')?;
        (!inner.is_empty() && inner.len() <= 100).then(|| inner.to_owned())
    };
    let mut out: Vec<(String, String)> = Vec::new();
    for (field, value) in &form.fields {
        let Some(code) = code(field).filter(|_| !value.trim().is_empty()) else { continue };
        let input = Input(json!({ "value": value }).as_object().cloned().unwrap_or_default());
        match input.text("value", MAX_ANSWER) {
            Ok(Some(value)) => out.push((code, value)),
            Ok(None) => {}
            Err(_) => faults.0.push(Fault::bad("attribute-long", code)),
        }
    }
    if out.len() > MAX_ANSWERS {
        faults.0.push(Fault::bad("too-many", format!("attribute ({MAX_ANSWERS})")));
        out.clear();
        return out;
    }
    for question in asked {
        let given: Vec<&str> = out.iter().filter(|(c, _)| *c == question.code).map(|(_, v)| v.as_str()).collect();
        if given.is_empty() && question.required {
            faults.0.push(Fault::bad("attribute-missing", format!("attribute[{}]", question.code)));
        }
        let single = question.datatype != "multivaluelist" && given.len() > 1;
        if single || !given.iter().all(|v| fits(question, v)) {
            faults.0.push(Fault::bad("attribute-wrong", format!("attribute[{}]", question.code)));
        }
    }
    out
}

fn fits(question: &Attribute, value: &str) -> bool {
    match question.datatype.as_str() {
        "number" => value.parse::<f64>().is_ok_and(f64::is_finite),
        "datetime" => super::ask::read_time(value).is_some() || value.parse::<jiff::civil::Date>().is_ok(),
        "singlevaluelist" | "multivaluelist" => question.values.iter().any(|(key, _)| key == value),
        _ => true,
    }
}

/// `media_url`, none, one or several. They are kept as words: we never open an address that somebody else names.
pub fn urls(ask: &Ask, faults: &mut Faults) -> Vec<String> {
    let mut all: Vec<String> = ask.all("media_url").into_iter().map(str::to_owned).collect();
    all.extend(ask.all("media_url[]").into_iter().map(str::to_owned));
    let fits = |u: &String| {
        u.starts_with("data:image/") || (u.starts_with("http://") || u.starts_with("https://")) && u.len() <= MAX_URL
    };
    if all.len() > MAX_MEDIA {
        faults.0.push(Fault::bad("too-many", format!("media_url ({MAX_MEDIA})")));
    } else if !all.iter().all(fits) {
        faults.0.push(Fault::bad("url", "media_url"));
    }
    all
}

/// File parts under any of the names that clients use.
pub fn files(ask: &Ask, who: &Who) -> Result<Vec<String>, Faults> {
    let fits = |field: &str| {
        matches!(field, "media" | "media[]" | "media_url" | "media_url[]" | "file" | "photo")
            || field.starts_with("photo")
            || field.starts_with("file_")
    };
    let files: Vec<_> = ask.req.form.files.iter().filter(|f| fits(&f.field)).collect();
    if files.len() > MAX_MEDIA {
        return Err(Fault::bad("too-many", format!("media ({MAX_MEDIA})")).into());
    }
    files.into_iter().map(|f| media::keep(ask.req.app, who, &f.bytes).map_err(Faults::from)).collect()
}

/// A picture inside an address.
pub fn data_uri(ask: &Ask, who: &Who, data: &str) -> Result<String, Faults> {
    let bytes = data.split_once(";base64,").and_then(|(_, b)| B64.decode(b.trim()).ok());
    let bytes = bytes.ok_or_else(|| Fault::bad("url", "media_url"))?;
    Ok(media::keep(ask.req.app, who, &bytes)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(code: &str, datatype: &str, required: bool, values: &[&str]) -> Attribute {
        Attribute {
            code: code.into(),
            datatype: datatype.into(),
            required,
            description: String::new(),
            values: values.iter().map(|v| ((*v).to_owned(), (*v).to_owned())).collect(),
        }
    }

    #[test]
    fn each_missing_or_wrong_answer_is_an_entry_and_unknown_ones_are_kept() {
        let asked = [
            question("a", "singlevaluelist", true, &["x", "y"]),
            question("b", "number", true, &[]),
            question("c", "multivaluelist", false, &["x", "y"]),
            question("d", "datetime", true, &[]),
        ];
        let mut faults = Faults::default();
        let form = Form::parse("attribute%5Ba%5D=z&attribute[c][]=x&attribute[c][]=y&attribute[other]=1&attribute[]=2&plain=3");
        let out = answers(&form, &asked, &mut faults);
        assert_eq!(faults.0.len(), 3, "{faults:?}");
        let want = [("a", "z"), ("c", "x"), ("c", "y"), ("other", "1")].map(|(a, b)| (a.to_owned(), b.to_owned()));
        assert_eq!(out, want);
        let mut faults = Faults::default();
        answers(
            &Form::parse("attribute[a]=x&attribute[b]=2.5&attribute[c]=y&attribute[d]=2026-11-25T00:00:00Z"),
            &asked,
            &mut faults,
        );
        assert!(faults.0.is_empty(), "{faults:?}");
    }

    #[test]
    fn names_are_put_together_as_people_write_them() {
        let say =
            |a: &str, b: &str| name(Some(a.to_owned()).filter(|t| !t.is_empty()), Some(b.to_owned()).filter(|t| !t.is_empty()));
        assert_eq!(say("张三", "").as_deref(), Some("张三"));
        assert_eq!(say("张三", "-").as_deref(), Some("张三"));
        assert_eq!(say("秀英", "王").as_deref(), Some("王秀英"));
        assert_eq!(say("Ann", "Lee").as_deref(), Some("Ann Lee"));
        assert_eq!(say("", ""), None);
    }
}
