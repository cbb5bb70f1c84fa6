//! The form of an entry: read, and filled with what is held.
//!
//! What must stay true: the same names in a form and in JSON; what cannot be read is named with its line.

use serde_json::{Map, Value as Json, json};
use unicode_normalization::UnicodeNormalization;

use super::act::{EVERY_DAYS, MOST_DAYS, Offers, Spot, Written};
use super::data::{ABOUT, Capacity, Details, Eligibility, Language, MANY, Phone, PlaceDetails, SHORT, email, link, phone, words};
use super::find::Found;
use super::terms::Terms;
use super::{Service, Status, fit, spell};
use crate::base::catalogue::codes;
use crate::kit::error::Kind;
use crate::kit::i18n::Lang;
use crate::kit::input::Input;
use crate::kit::{App, Error, Result};
use calc::geo::Point;

/// What is there for people who need it; texts are `service-access-<code>`.
pub const ACCESS: [&str; 8] = ["ramp", "lift", "toilet", "parking", "hearing", "sign", "large-print", "home"];

/// An error of a line.
fn line(name: &'static str, n: usize) -> Error {
    Kind::BadLine.at(name).limit(n as i64)
}

/// Numbers to call, a line for each: the number, then what it is for.
fn phones(text: &str) -> std::result::Result<Vec<Phone>, usize> {
    let mut out = Vec::new();
    for (n, said) in text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty()) {
        let said = said.trim();
        let end = said.find(|c: char| c.is_alphabetic() && c != '转').unwrap_or(said.len());
        let number = phone(said[..end].trim()).ok_or(n + 1)?;
        out.push(Phone { number, about: words(&said[end..], SHORT), ..Phone::default() });
        if out.len() > MANY {
            return Err(n + 1);
        }
    }
    Ok(out)
}

/// Texts in a row: 、 or a comma between them.
pub fn parts(text: &str, most: usize) -> Vec<String> {
    text.split(['、', ',', '，', ';', '；', '\n']).filter_map(|p| words(p, most)).take(MANY).collect()
}

/// Languages with the codes of those that have one.
pub fn languages(text: &str) -> Vec<Language> {
    const NAMES: &str = include_str!("../../../../../data/services/languages.csv");
    let one = |name: String| {
        let code = NAMES.lines().filter_map(|l| l.split_once(',')).find(|(zh, _)| *zh == name).map(|(_, code)| code.to_owned());
        Language { id: None, name, code }
    };
    parts(text, 40).into_iter().map(one).collect()
}

/// Reads the form. `old` is the entry as it was: what the form does not ask for stays.
pub fn parse(app: &App, terms: &Terms, input: &Input, old: Option<&Service>) -> Result<Written> {
    let text = |name: &'static str, most: usize| input.text(name, most);
    let area = |name: &'static str| Ok::<_, Error>(input.text(name, ABOUT)?.unwrap_or_default());
    let mut d = old.map(|o| o.details.clone()).unwrap_or_default();
    d.alternate = text("alternate", 200)?;
    d.about = text("about", ABOUT)?;
    d.apply = text("apply", ABOUT)?;
    d.wait = text("wait", SHORT)?;
    d.fees = text("fees", SHORT)?;
    d.alert = text("alert", SHORT)?;
    d.item = text("item", 40)?;
    let checked = |name: &'static str, read: fn(&str) -> Option<String>| {
        text(name, SHORT)?.map(|t| read(&t).ok_or_else(|| Kind::WrongType.at(name))).transpose()
    };
    d.url = checked("url", link)?;
    d.email = checked("email", email)?;
    d.keywords = parts(&area("keywords")?, 40);
    d.phones = phones(&area("phones")?).map_err(|n| line("phones", n))?;
    d.schedules = spell::schedules(&area("hours")?).map_err(|n| line("hours", n))?;
    d.closures = spell::closures(&area("closures")?).map_err(|n| line("closures", n))?;
    d.costs = spell::costs(&area("costs")?).map_err(|n| line("costs", n))?;
    d.documents = spell::documents(&area("documents")?, |w| fit::element(app, w)).map_err(|n| line("documents", n))?;
    d.languages = languages(&area("languages")?);
    d.access = listed(input, "access", |c| ACCESS.contains(&c))?;
    d.terms = listed(input, "terms", |_| true)?
        .iter()
        .map(|t| terms.named(t).map(|t| t.id.clone()).ok_or_else(|| Kind::Unknown.at("terms")))
        .collect::<Result<_>>()?;
    d.eligibility = Eligibility {
        words: text("eligible", SHORT)?,
        age_from: input.int("age_from", 0, 120)?,
        age_to: input.int("age_to", 0, 120)?,
        lives_here: input.flag("lives_here"),
        tags: listed(input, "tags", |c| codes::get("tag", c).is_some())?,
    };
    if let Some((from, to)) = d.eligibility.age_from.zip(d.eligibility.age_to)
        && to < from
    {
        return Err(Kind::OutOfRange.at("age_to").limit(from));
    }
    let capacity = text("unit", 40)?.zip(input.int("available", 0, 1_000_000)?);
    d.capacities = capacity
        .map(|(unit, available)| {
            let maximum = input.int("maximum", 0, 1_000_000)?;
            Ok::<_, Error>(Capacity { id: None, unit, available, maximum, updated: app.now() })
        })
        .transpose()?
        .into_iter()
        .collect();
    let offers = match (text("body", 40)?, text("org", 200)?) {
        (_, Some(name)) => Offers::Named(name),
        (Some(body), None) => Offers::Body(body),
        (None, None) => return Err(Kind::Missing.at("body")),
    };
    let status = text("status", 20)?.map(|s| Status::parse(&s).ok_or_else(|| Kind::Unknown.at("status"))).transpose()?;
    Ok(Written {
        offers,
        name: input.need("name", 100)?.nfc().collect(),
        status: status.or(old.map(|o| o.status)).unwrap_or_default(),
        area: text("area", 40)?.unwrap_or_default(),
        details: d,
        every_days: input.int("every_days", 1, MOST_DAYS)?.unwrap_or(EVERY_DAYS),
        spot: spot(input)?,
    })
}

fn listed(input: &Input, name: &'static str, known: impl Fn(&str) -> bool) -> Result<Vec<String>> {
    let all = input.list(name, MANY)?;
    if all.iter().all(|c| known(c)) { Ok(all) } else { Err(Kind::Unknown.at(name)) }
}

fn spot(input: &Input) -> Result<Option<Spot>> {
    let (address, name) = (input.text("address", 200)?, input.text("place", 100)?);
    let point = input.degrees("lat", 90.0)?.zip(input.degrees("lon", 180.0)?);
    let point = point.map(|(lat, lon)| Point { lat: lat as i32, lon: lon as i32 });
    let details = PlaceDetails { address, transport: input.text("transport", SHORT)?, ..PlaceDetails::default() };
    let said = details.address.is_some() || name.is_some() || point.is_some();
    let (name, postcode) = (name.unwrap_or_default(), input.text("postcode", 12)?);
    Ok(said.then_some(Spot { name, point, postcode, details }))
}

/// What the form holds at first: an entry as it is, or nothing.
pub fn filled(lang: Lang, entry: Option<&Found>) -> Json {
    let empty = Details::default();
    let d = entry.map_or(&empty, |f| &f.service.details);
    let place = entry.and_then(|f| f.at.first()).and_then(|(_, p)| p.as_ref());
    let p = place.map(|p| p.details.clone()).unwrap_or_default();
    let (lat, lon) = place.and_then(|p| p.point).map(Point::degrees).unzip();
    let phones: Vec<String> = d
        .phones
        .iter()
        .map(|p| [Some(p.number.as_str()), p.about.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(" "))
        .collect();
    let names: Vec<&str> = d.languages.iter().map(|l| l.name.as_str()).collect();
    let capacity = d.capacities.first();
    let org = entry.and_then(|f| f.org.as_ref());
    let mut out = Map::new();
    let mut put = |name: &str, value: Json| {
        out.insert(name.into(), value);
    };
    put("name", json!(entry.map_or("", |f| f.service.name.as_str())));
    put("status", json!(entry.map_or("active", |f| f.service.status.as_str())));
    put("every_days", json!(entry.map_or(EVERY_DAYS, |f| f.service.every_days)));
    put("body", json!(org.and_then(|o| o.body.clone()).unwrap_or_default()));
    put("org", json!(org.filter(|o| o.body.is_none()).map(|o| o.name.clone()).unwrap_or_default()));
    for (name, value) in [
        ("alternate", &d.alternate),
        ("about", &d.about),
        ("apply", &d.apply),
        ("wait", &d.wait),
        ("fees", &d.fees),
        ("alert", &d.alert),
        ("item", &d.item),
        ("url", &d.url),
        ("email", &d.email),
        ("eligible", &d.eligibility.words),
        ("address", &p.address),
        ("transport", &p.transport),
    ] {
        put(name, json!(value.clone().unwrap_or_default()));
    }
    put("keywords", json!(d.keywords.join("、")));
    put("phones", json!(phones.join("\n")));
    put("hours", json!(spell::schedule_words(&d.schedules, lang).join("\n")));
    put("closures", json!(spell::closure_words(&d.closures, lang).join("\n")));
    put("costs", json!(spell::cost_words(&d.costs, lang).join("\n")));
    put("documents", json!(spell::document_words(&d.documents).join("\n")));
    put("languages", json!(names.join("、")));
    put("access", json!(d.access));
    put("terms", json!(d.terms));
    put("age_from", json!(d.eligibility.age_from.map(|n| n.to_string()).unwrap_or_default()));
    put("age_to", json!(d.eligibility.age_to.map(|n| n.to_string()).unwrap_or_default()));
    put("lives_here", json!(d.eligibility.lives_here));
    put("tags", json!(d.eligibility.tags));
    put("unit", json!(capacity.map(|c| c.unit.clone()).unwrap_or_default()));
    put("available", json!(capacity.map(|c| c.available.to_string()).unwrap_or_default()));
    put("maximum", json!(capacity.and_then(|c| c.maximum).map(|n| n.to_string()).unwrap_or_default()));
    put("place", json!(place.map(|p| p.name.clone()).unwrap_or_default()));
    put("postcode", json!(place.and_then(|p| p.postcode.clone()).unwrap_or_default()));
    put("lat", json!(lat.map(|x| format!("{x:.7}")).unwrap_or_default()));
    put("lon", json!(lon.map(|x| format!("{x:.7}")).unwrap_or_default()));
    Json::Object(out)
}
