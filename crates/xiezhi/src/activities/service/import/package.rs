//! HSDS as JSON: what an interface answers (a page, one service, one a line), or what tables were nested to.
//!
//! What must stay true: numbers may come as texts and texts as anything; what is no text, link or number of its kind is left
//! out; a service without a name, an organisation or a known state is refused.

use serde_json::Value as Json;

use super::super::act::{EVERY_DAYS, From, New, Site};
use super::super::data::{
    ABOUT, AtDetails, Capacity, Cost, Details, Document, Eligibility, Language, MANY, OrgDetails, Phone, PlaceDetails, Program,
    SHORT, email, link, phone, words,
};
use super::super::hours::{Schedule, parse_day, parse_minute};
use super::super::terms::{Taxonomy, Term};
use super::super::{Org, Place, Status, derived, is_uuid, spell};
use super::{ENTRIES, Read, Refused, Target, Unit, broken};
use crate::kit::error::Kind;
use crate::kit::time;
use crate::kit::{Error, Result};
use calc::geo::{self, Point};

/// What a package says.
#[derive(Default)]
pub struct Nested {
    /// Services with everything in them, each with its line.
    pub services: Vec<(usize, Json)>,
    /// Organisations that came alone.
    pub orgs: Vec<(usize, Json)>,
    /// Lists of terms.
    pub taxonomies: Vec<Json>,
    /// Terms.
    pub terms: Vec<Json>,
}

/// Reads JSON: an object, a list, a page with `contents`, or an object in each line.
pub fn parse(bytes: &[u8]) -> Result<Nested> {
    let text = std::str::from_utf8(bytes).map_err(|_| broken(1))?.trim_start_matches('\u{feff}');
    let whole: std::result::Result<Json, serde_json::Error> = serde_json::from_str(text);
    let all: Vec<(usize, Json)> = match whole {
        Ok(Json::Array(all)) => all.into_iter().enumerate().map(|(n, v)| (n + 1, v)).collect(),
        Ok(Json::Object(mut page)) if page.get("contents").is_some_and(Json::is_array) => {
            let Some(Json::Array(all)) = page.remove("contents") else { return Err(broken(1)) };
            all.into_iter().enumerate().map(|(n, v)| (n + 1, v)).collect()
        }
        Ok(one @ Json::Object(_)) => vec![(1, one)],
        Ok(_) => return Err(broken(1)),
        // Not one text: then each line is one, and one that is cut off makes all of it doubtful.
        Err(fault) => {
            let lines: Vec<(usize, &str)> =
                text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty()).map(|(n, l)| (n + 1, l)).collect();
            if lines.len() < 2 || serde_json::from_str::<Json>(lines[0].1).is_err() {
                return Err(broken(fault.line()));
            }
            lines.into_iter().map(|(n, l)| Ok((n, serde_json::from_str(l).map_err(|_| broken(n))?))).collect::<Result<_>>()?
        }
    };
    let mut out = Nested::default();
    for (n, one) in all {
        if !one.is_object() {
            return Err(broken(n));
        }
        // A service has a state, or somebody who offers it; an organisation has neither.
        let is_service =
            ["status", "organization_id", "organization", "service_at_locations"].iter().any(|k| one.get(k).is_some());
        if is_service { out.services.push((n, one)) } else { out.orgs.push((n, one)) }
    }
    Ok(out)
}

/// A field as text.
fn text(of: &Json, name: &str, most: usize) -> Option<String> {
    match of.get(name)? {
        Json::String(s) => words(s, most),
        Json::Number(n) => Some(n.to_string()),
        Json::Bool(b) => Some(b.to_string()),
        _ => None,
    }
}

fn number(of: &Json, name: &str) -> Option<f64> {
    text(of, name, 40)?.parse().ok().filter(|n: &f64| n.is_finite())
}

fn whole(of: &Json, name: &str, least: i64, most: i64) -> Option<i64> {
    number(of, name).map(|n| n as i64).filter(|n| (least..=most).contains(n))
}

fn list<'a>(of: &'a Json, name: &str) -> impl Iterator<Item = &'a Json> {
    of.get(name).and_then(Json::as_array).into_iter().flatten().take(MANY)
}

fn own_id(of: &Json) -> Option<String> {
    text(of, "id", 100).map(|id| id.to_lowercase()).filter(|id| is_uuid(id))
}

/// The id here of what has an id there.
fn id_here(source: &str, kind: &str, id: &str) -> String {
    let lower = id.to_lowercase();
    if is_uuid(&lower) { lower } else { derived(&[source, kind, id]) }
}

fn mark(parts: &[&Json]) -> String {
    crate::kit::digest(&parts.iter().map(ToString::to_string).collect::<Vec<_>>())[..32].to_owned()
}

fn phones(of: &Json) -> Vec<Phone> {
    let one = |p: &Json| {
        let number = phone(&text(p, "number", 60)?)?;
        Some(Phone {
            id: own_id(p),
            number,
            extension: whole(p, "extension", 0, 999_999),
            about: text(p, "description", SHORT),
            kind: text(p, "type", 20),
        })
    };
    // Numbers of contacts are somebody's own.
    list(of, "phones")
        .filter(|p| p.get("contact_id").is_none_or(|c| c.is_null() || c.as_str() == Some("")))
        .filter_map(one)
        .collect()
}

/// A rule; `None` when it says something that is not understood: then it is no rule, and its words are kept.
fn schedule(s: &Json) -> Option<Schedule> {
    let monthly = match text(s, "freq", 20).map(|f| f.to_uppercase()).as_deref() {
        Some("MONTHLY") => true,
        Some("WEEKLY") | None => false,
        Some(_) => return None,
    };
    let time = |name: &str| match text(s, name, 40) {
        Some(t) => parse_minute(&t).map(Some),
        None => Some(None),
    };
    let days = text(s, "byday", 100).map_or(Some(Vec::new()), |d| super::super::hours::parse_days(&d))?;
    let month_days: Vec<i8> = match text(s, "bymonthday", 100) {
        Some(d) => {
            d.split(',').map(|d| d.trim().parse().ok().filter(|d| (-31..=31).contains(d) && *d != 0)).collect::<Option<_>>()?
        }
        None => Vec::new(),
    };
    let day = |name: &str| text(s, name, 30).and_then(|t| parse_day(&t));
    let to = [day("valid_to"), day("until")].into_iter().flatten().min();
    let note = text(s, "description", SHORT).or_else(|| text(s, "notes", SHORT));
    let (opens, closes) = (time("opens_at")?, time("closes_at")?);
    let out = Schedule {
        id: own_id(s),
        monthly,
        days,
        month_days,
        interval: whole(s, "interval", 1, 100).filter(|n| *n > 1),
        start: day("dtstart"),
        from: day("valid_from"),
        to,
        opens,
        closes,
        // Others know nothing of swapped days.
        holidays_too: true,
        note,
    };
    let says = opens.is_some() || !out.days.is_empty() || !out.month_days.is_empty();
    says.then_some(out)
}

fn schedules(of: &Json) -> Vec<Schedule> {
    list(of, "schedules").filter_map(schedule).collect()
}

fn languages(of: &Json) -> Vec<Language> {
    let one = |l: &Json| {
        let (name, code) = (text(l, "name", 60), text(l, "code", 12));
        Some(Language { id: own_id(l), name: name.or_else(|| code.clone())?, code })
    };
    list(of, "languages").filter_map(one).collect()
}

fn named(of: &Json, list_name: &str, field: &str, most: usize) -> Vec<String> {
    list(of, list_name).filter_map(|o| text(o, field, most)).collect()
}

fn org(target: &Target, o: &Json) -> Option<(Org, From)> {
    let name = text(o, "name", 200)?;
    let there = text(o, "id", 100).unwrap_or_else(|| name.clone());
    let uscc = list(o, "organization_identifiers").find(|i| text(i, "identifier_scheme", 40).is_some_and(|s| s.contains("USCC")));
    let details = OrgDetails {
        alternate: text(o, "alternate_name", 200),
        about: text(o, "description", ABOUT).unwrap_or_default(),
        email: text(o, "email", 200).and_then(|e| email(&e)),
        website: text(o, "website", SHORT).or_else(|| text(o, "url", SHORT)).and_then(|u| link(&u)),
        legal_status: text(o, "legal_status", 100),
        year: whole(o, "year_incorporated", 1, 9999),
        uscc: uscc.and_then(|i| text(i, "identifier", 40)),
        phones: phones(o),
        funding: named(o, "funding", "source", SHORT),
    };
    let id = id_here(target.source, "org", &there);
    let from = From { source: target.source.into(), id: there, mark: mark(&[o]) };
    Some((Org { id, name, body: None, details, modified_at: 0, mark: None }, from))
}

fn place(target: &Target, org: &str, l: &Json) -> Option<(Place, From)> {
    let there = text(l, "id", 100)?;
    let address = list(l, "addresses").next();
    let said = |name: &str, most| address.and_then(|a| text(a, name, most));
    let street: Vec<String> = ["address_1", "address_2"].iter().filter_map(|n| said(n, 200)).collect();
    let point = number(l, "latitude").zip(number(l, "longitude")).and_then(|(lat, lon)| Point::from_degrees(lat, lon));
    let details = PlaceDetails {
        about: text(l, "description", ABOUT),
        transport: text(l, "transportation", SHORT),
        kind: text(l, "location_type", 20).filter(|k| matches!(k.as_str(), "physical" | "postal" | "virtual")),
        url: text(l, "url", SHORT).and_then(|u| link(&u)),
        address: words(&street.join(" "), 300),
        city: said("city", 100),
        province: said("state_province", 100),
        country: said("country", 10),
        access: named(l, "accessibility", "description", 100),
        phones: phones(l),
        languages: languages(l),
        schedules: schedules(l),
        closures: Vec::new(),
    };
    let name = text(l, "name", 200).or_else(|| details.address.clone()).unwrap_or_default();
    let from = From { source: target.source.into(), id: there.clone(), mark: mark(&[l]) };
    let place = Place {
        id: id_here(target.source, "place", &there),
        org: org.into(),
        name,
        area: target.area.id.clone(),
        path: target.area.path.clone(),
        point,
        postcode: said("postal_code", 20),
        details,
        mark: None,
    };
    Some((place, from))
}

fn cost(c: &Json) -> Option<Cost> {
    let amount = text(c, "amount", 20).and_then(|a| spell::hundredths(&a));
    let currency = text(c, "currency", 5).map(|c| c.to_uppercase());
    let out =
        Cost { id: own_id(c), option: text(c, "option", 200), amount, currency, about: text(c, "amount_description", SHORT) };
    (out.option.is_some() || out.amount.is_some() || out.about.is_some()).then_some(out)
}

fn capacity(c: &Json) -> Option<Capacity> {
    let unit = c.get("unit").and_then(|u| text(u, "name", 60)).or_else(|| text(c, "unit", 60))?;
    let updated = text(c, "updated", 40).and_then(|t| time::parse(&t)).unwrap_or(0);
    Some(Capacity {
        id: own_id(c),
        unit,
        available: whole(c, "available", 0, 1 << 40)?,
        maximum: whole(c, "maximum", 0, 1 << 40),
        updated,
    })
}

fn details(target: &Target, s: &Json) -> Details {
    let program = s.get("program").and_then(|p| {
        Some(Program { id: own_id(p), name: text(p, "name", 200)?, about: text(p, "description", ABOUT).unwrap_or_default() })
    });
    let document = |d: &Json| {
        let uri = text(d, "uri", SHORT).and_then(|u| link(&u));
        Some(Document { id: own_id(d), name: text(d, "document", 200)?, uri, held: None })
    };
    let term = |a: &Json| {
        let there = text(a, "taxonomy_term_id", 100).or_else(|| text(a.get("taxonomy_term")?, "id", 100))?;
        Some(id_here(target.source, "term", &there))
    };
    let mut terms: Vec<String> = list(s, "attributes").filter_map(term).collect();
    terms.sort();
    terms.dedup();
    let keywords = text(s, "keywords", SHORT).map(|k| super::super::form::parts(&k, 60)).unwrap_or_default();
    Details {
        alternate: text(s, "alternate_name", 200),
        about: text(s, "description", ABOUT),
        url: text(s, "url", SHORT).and_then(|u| link(&u)),
        email: text(s, "email", 200).and_then(|e| email(&e)),
        apply: text(s, "application_process", ABOUT),
        fees: text(s, "fees_description", SHORT).or_else(|| text(s, "fees", SHORT)),
        wait: text(s, "wait_time", SHORT),
        alert: text(s, "alert", SHORT),
        interpretation: text(s, "interpretation_services", SHORT),
        accreditations: text(s, "accreditations", SHORT),
        licenses: text(s, "licenses", SHORT),
        keywords,
        program,
        phones: phones(s),
        schedules: schedules(s),
        closures: Vec::new(),
        costs: list(s, "cost_options").filter_map(cost).collect(),
        documents: list(s, "required_documents").filter_map(document).collect(),
        languages: languages(s),
        access: Vec::new(),
        capacities: list(s, "capacities").filter_map(capacity).collect(),
        funding: named(s, "funding", "source", SHORT),
        areas: named(s, "service_areas", "name", 200),
        terms,
        eligibility: Eligibility {
            words: text(s, "eligibility_description", ABOUT),
            age_from: whole(s, "minimum_age", 0, 150),
            age_to: whole(s, "maximum_age", 0, 150),
            lives_here: false,
            tags: Vec::new(),
        },
        item: None,
    }
}

fn unit(target: &Target, line: usize, s: &Json) -> std::result::Result<Unit, &'static str> {
    let name = text(s, "name", 200).ok_or("no-name")?;
    let there = text(s, "id", 100).ok_or("no-id")?;
    let status = text(s, "status", 30).map_or(Some(Status::Active), |t| Status::parse(&t.to_lowercase())).ok_or("bad-status")?;
    let (org, org_from) = s.get("organization").and_then(|o| org(target, o)).ok_or("no-organisation")?;
    let id = id_here(target.source, "service", &there);
    let (mut places, mut sites) = (Vec::new(), Vec::new());
    for a in list(s, "service_at_locations") {
        let Some((place, from)) = a.get("location").and_then(|l| place(target, &org.id, l)) else { continue };
        let own = text(a, "id", 100).map_or_else(|| derived(&["at", &id, &place.id]), |n| id_here(target.source, "at", &n));
        let details = AtDetails { about: text(a, "description", SHORT), phones: phones(a), schedules: schedules(a) };
        sites.push(Site { id: own, place: place.id.clone(), cell: place.point.map(geo::cell), details });
        places.push((place, from));
    }
    let assured_at = text(s, "assured_date", 30).and_then(|t| time::day_begin(t.get(..10)?, &target.app.config.zone));
    let service = New {
        id,
        org: org.id.clone(),
        org_name: org.name.clone(),
        name,
        status,
        area: target.area.id.clone(),
        path: target.area.path.clone(),
        details: details(target, s),
        assured_at,
        every_days: EVERY_DAYS,
        sites,
        from: Some(From { source: target.source.into(), id: there, mark: mark(&[s]) }),
    };
    Ok(Unit { line, org, org_from, places, service: Some(service) })
}

/// Terms that come within services, when a package has no list of its own.
fn inner_terms(services: &[(usize, Json)]) -> Vec<Json> {
    let all = services.iter().flat_map(|(_, s)| list(s, "attributes")).filter_map(|a| a.get("taxonomy_term"));
    let mut out: Vec<Json> = all.filter(|t| t.is_object()).cloned().collect();
    out.sort_by_key(ToString::to_string);
    out.dedup();
    out
}

/// Takes a package.
pub fn read(target: &Target, mut nested: Nested) -> Result<Read> {
    if nested.services.len() + nested.orgs.len() > ENTRIES {
        return Err(Error::from(Kind::TooMany).field("file").limit(ENTRIES as i64));
    }
    let mut out = Read::default();
    nested.terms.extend(inner_terms(&nested.services));
    let own = derived(&[target.source, "taxonomy", ""]);
    let mut seen = std::collections::HashSet::new();
    for t in &nested.terms {
        let Some((there, name)) = text(t, "id", 100).zip(text(t, "name", 200)) else { continue };
        let id = id_here(target.source, "term", &there);
        // Ours stay as they are.
        if target.terms.get(&id).is_some_and(|t| t.en.is_some()) || !seen.insert(id.clone()) {
            continue;
        }
        let taxonomy = text(t, "taxonomy_id", 100).map_or_else(|| own.clone(), |t| id_here(target.source, "taxonomy", &t));
        if !out.taxonomies.iter().any(|x| x.id == taxonomy) && target.terms.taxonomy(&taxonomy).is_none() {
            let named = nested
                .taxonomies
                .iter()
                .find(|x| text(x, "id", 100).is_some_and(|i| id_here(target.source, "taxonomy", &i) == taxonomy));
            let name = named
                .and_then(|x| text(x, "name", 200))
                .or_else(|| text(t, "taxonomy", 200))
                .unwrap_or_else(|| target.source.into());
            let about = named.and_then(|x| text(x, "description", ABOUT)).unwrap_or_default();
            out.taxonomies.push(Taxonomy { id: taxonomy.clone(), name, about, modified_at: 0 });
        }
        out.terms.push(Term {
            id,
            taxonomy,
            parent: text(t, "parent_id", 100).map(|p| id_here(target.source, "term", &p)),
            code: text(t, "code", 60),
            name,
            en: None,
            about: text(t, "description", ABOUT).unwrap_or_default(),
            words: Vec::new(),
            modified_at: 0,
        });
    }
    // What is known already is not written again.
    out.terms.retain(|t| target.terms.get(&t.id).is_none_or(|k| k.name != t.name || k.about != t.about || k.parent != t.parent));
    for (line, s) in &nested.services {
        match unit(target, *line, s) {
            Ok(unit) => out.units.push(unit),
            Err(why) => out.rejected.push(Refused::new(*line, why)),
        }
    }
    let with: std::collections::HashSet<String> = out.units.iter().map(|u| u.org.id.clone()).collect();
    for (line, o) in &nested.orgs {
        match org(target, o) {
            Some((org, _)) if with.contains(&org.id) => {}
            Some((org, org_from)) => out.units.push(Unit { line: *line, org, org_from, places: Vec::new(), service: None }),
            None => out.rejected.push(Refused::new(*line, "no-name")),
        }
    }
    Ok(out)
}
