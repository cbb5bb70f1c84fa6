//! What readers see of the directory: what was found, one service, the desk's list of stale entries.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value as Json, json};
use store::{Query, params};

use super::find::{self, Found};
use super::hours::{self, Days, Open};
use super::terms::{self, Terms};
use super::{Service, Status, fit, spell};
use crate::base::area;
use crate::base::catalogue::codes;
use crate::base::worktime;
use crate::kit::i18n::Lang;
use crate::kit::time::{day, zoned};
use crate::kit::{Req, Result};

/// Services of a page.
pub const PAGE: usize = 20;
/// Open days that are named.
const DAYS: usize = 5;
/// Stale entries of a page.
const STALE: i64 = 100;

/// What was found.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct List {
    pub q: String,
    pub items: Vec<Item>,
    /// Found; of many as many as are looked at.
    pub total: usize,
    /// Number of the next page.
    pub next: Option<usize>,
    pub term: Option<String>,
    /// What the words were taken to mean.
    pub meant: Vec<Choice>,
    /// The groups that can be chosen.
    pub groups: Vec<Choice>,
    /// What is beneath the chosen one, or beside it.
    pub beneath: Vec<Choice>,
    pub area: Option<String>,
    pub place: Option<String>,
    pub open_now: bool,
    pub lat: Option<f64>,
    pub lon: Option<f64>,
    /// Whether this reader may add one.
    pub may: bool,
    /// What the map shows, as a query.
    pub map: String,
    /// Where all of it leads on paper.
    pub link: String,
}

/// A term to choose.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Choice {
    pub id: String,
    pub name: String,
}

/// A service in a list.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Item {
    pub id: String,
    pub name: String,
    pub org: String,
    pub place: Option<String>,
    pub address: Option<String>,
    pub phone: Option<String>,
    pub metres: Option<u32>,
    pub status: &'static str,
    /// Until when it is open now: a time of day.
    pub open_until: Option<String>,
    /// When it opens next, where it is shut now.
    pub opens: Option<OpenDay>,
    pub hours: Vec<String>,
    pub cost: Vec<String>,
    pub stale: bool,
}

/// A day on which it is open.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct OpenDay {
    pub date: String,
    /// As people say it.
    pub words: String,
    pub hours: Vec<String>,
    /// A working day in place of another.
    pub swapped: bool,
    /// The holidays of that year are not known yet.
    pub guessed: bool,
}

/// One service.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Full {
    #[serde(flatten)]
    pub item: Item,
    /// It takes appointments.
    pub booking: bool,
    pub alternate: Option<String>,
    pub about: Option<String>,
    pub area: String,
    pub alert: Option<String>,
    /// Its page on the web.
    pub web: Option<String>,
    pub email: Option<String>,
    pub apply: Option<String>,
    pub fees: Option<String>,
    pub wait: Option<String>,
    pub item_code: Option<String>,
    pub website: Option<String>,
    pub phones: Vec<PhoneView>,
    pub places: Vec<PlaceView>,
    pub next_days: Vec<OpenDay>,
    pub closures: Vec<String>,
    pub documents: Vec<DocumentView>,
    pub languages: Vec<String>,
    /// Keys of texts, or words of a package.
    pub access: Vec<String>,
    pub capacity: Option<CapacityView>,
    pub terms: Vec<Choice>,
    pub eligible: Option<String>,
    pub conditions: Vec<String>,
    /// Whether it looks as if it were for the reader; absent for everybody whom the register does not know.
    pub looks: Option<bool>,
    pub assured_at: Option<String>,
    pub every_days: i64,
    /// Whether this reader keeps it.
    pub keeps: bool,
    /// Just done.
    pub done: bool,
    /// schema.org's GovernmentService, as text for the page.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub linked: String,
}

/// A number to call.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct PhoneView {
    pub number: String,
    /// Digits for a telephone.
    pub dial: String,
    pub about: Option<String>,
}

/// A place.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct PlaceView {
    pub name: String,
    pub address: Option<String>,
    pub transport: Option<String>,
    pub about: Option<String>,
    pub lat: Option<f64>,
    pub lon: Option<f64>,
}

/// Something to bring.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct DocumentView {
    pub name: String,
    pub uri: Option<String>,
    /// Of the reader it is held: he need not bring it.
    pub held: bool,
    /// It need not be brought by whom it is held of.
    pub may_be_held: bool,
}

/// How much there is.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct CapacityView {
    pub unit: String,
    pub available: i64,
    pub maximum: Option<i64>,
    pub updated: String,
}

/// Entries that nobody confirmed for too long.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Stale {
    pub items: Vec<StaleItem>,
    pub more: bool,
}

/// One of them.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct StaleItem {
    pub id: String,
    pub name: String,
    pub org: String,
    pub phone: Option<String>,
    pub assured_at: Option<String>,
}

fn choice(t: &terms::Term, lang: Lang) -> Choice {
    Choice { id: t.code.clone().unwrap_or_else(|| t.id.clone()), name: t.word(lang).to_owned() }
}

/// Groups, and what stands beneath the chosen one.
pub fn choices(terms: &Terms, chosen: Option<&str>, lang: Lang) -> (Vec<Choice>, Vec<Choice>) {
    let groups = terms.own().filter(|t| t.parent.is_none()).map(|t| choice(t, lang)).collect();
    let one = chosen.and_then(|id| terms.get(id));
    let top = one.and_then(|t| t.parent.as_deref().or(Some(&t.id)));
    let beneath = terms.own().filter(|t| top.is_some() && t.parent.as_deref() == top).map(|t| choice(t, lang)).collect();
    (groups, beneath)
}

/// What a query was taken to mean.
pub fn meant(terms: &Terms, text: &str, lang: Lang) -> Vec<Choice> {
    terms.meant(text).into_iter().filter(|(_, sure)| *sure > 2).take(3).map(|(t, _)| choice(t, lang)).collect()
}

fn open_day(req: &Req, open: &Open) -> OpenDay {
    let at = worktime::utc(open.day * crate::kit::time::DAY, &req.app.config.zone);
    OpenDay {
        date: hours::date(open.day).map(|d| d.to_string()).unwrap_or_default(),
        // A day of the week says more to most than its date.
        words: match req.lang {
            Lang::Zh => day(at, req.now, &req.app.config.zone, true),
            Lang::En => zoned(at, &req.app.config.zone).strftime("%a %-d %b").to_string(),
        },
        hours: open.spans.iter().map(|(a, b)| format!("{}–{}", hours::write_minute(*a), hours::write_minute(*b))).collect(),
        swapped: open.swapped,
        guessed: open.guessed,
    }
}

/// A service in a list.
pub fn item(req: &Req, days: &Days, f: &Found) -> Item {
    let place = f.at.first().and_then(|(_, p)| p.as_ref());
    let (schedules, closures) = find::rules(&f.service, &f.at);
    let (today, minute) = find::today(req.app, req.now);
    let opens = if f.until.is_none() && f.service.status == Status::Active {
        let soon = hours::next(schedules, closures, today, 2, days);
        soon.iter().find(|o| o.day > today || o.spans.iter().any(|(from, _)| *from > minute)).map(|o| open_day(req, o))
    } else {
        None
    };
    let phones = [&f.service.details.phones].into_iter().chain(place.map(|p| &p.details.phones));
    let phone = phones.chain(f.org.as_ref().map(|o| &o.details.phones)).flatten().next();
    Item {
        id: f.service.id.clone(),
        name: f.service.name.clone(),
        org: f.org.as_ref().map(|o| o.name.clone()).unwrap_or_default(),
        place: place.map(|p| p.name.clone()).filter(|n| f.org.as_ref().is_none_or(|o| o.name != *n)),
        address: place.and_then(|p| p.details.address.clone()),
        phone: phone.map(|p| p.number.clone()),
        metres: f.metres,
        status: f.service.status.text(),
        open_until: f.until.map(hours::write_minute),
        opens,
        hours: spell::schedule_words(schedules, req.lang),
        cost: spell::cost_words(&f.service.details.costs, req.lang),
        stale: f.service.is_stale(req.now),
    }
}

/// Who it is for, in words: what the conditions say.
fn conditions(req: &Req, s: &Service, place: &str) -> Vec<String> {
    let e = &s.details.eligibility;
    let text = |key: &str, args: &[(&str, String)]| {
        let mut fluent = fluent_bundle::FluentArgs::new();
        args.iter().for_each(|(k, v)| fluent.set((*k).to_owned(), v.clone()));
        req.app.texts.get(req.lang, key, Some(&fluent))
    };
    let age = match (e.age_from, e.age_to) {
        (Some(a), Some(b)) => Some(text("service-age-between", &[("a", a.to_string()), ("b", b.to_string())])),
        (Some(a), None) => Some(text("service-age-from", &[("a", a.to_string())])),
        (None, Some(b)) => Some(text("service-age-to", &[("b", b.to_string())])),
        (None, None) => None,
    };
    let lives = e.lives_here.then(|| text("service-lives-here", &[("place", place.to_owned())]));
    let words: Vec<&str> = e.tags.iter().filter_map(|t| codes::get("tag", t)).map(|c| c.word(req.lang)).collect();
    let tags = (!words.is_empty()).then(|| words.join(&req.app.texts.plain(req.lang, "comma")));
    age.into_iter().chain(lives).chain(tags).collect()
}

/// One service, with what the register says of the reader to himself.
pub fn full(req: &Req, q: &mut dyn Query, service: Service) -> Result<Full> {
    let terms = terms::read(q, req.app)?;
    let place = area::by_id(q, &service.area)?.map(|a| a.name).unwrap_or_default();
    let fit = fit::of(req, q, &service)?;
    let time = worktime::read(q, req.app)?;
    let days = Days::new(&time.calendar);
    let mut all = find::whole(q, req.app, vec![service], None, req.now)?;
    let Some(f) = all.pop() else { return Err(crate::kit::error::Kind::NotFound.into()) };
    let (schedules, closures) = find::rules(&f.service, &f.at);
    let (today, _) = find::today(req.app, req.now);
    let next_days =
        if f.service.status == Status::Active { hours::next(schedules, closures, today, DAYS, &days) } else { Vec::new() };
    let (s, d) = (&f.service, &f.service.details);
    let place_phones = f.at.iter().flat_map(|(a, p)| a.details.phones.iter().chain(p.iter().flat_map(|p| &p.details.phones)));
    let mut phones: Vec<PhoneView> = Vec::new();
    let own = d.phones.iter().chain(place_phones).chain(f.org.iter().flat_map(|o| &o.details.phones));
    for p in own {
        let dial: String = p
            .number
            .split(['转', '*', 'x'])
            .next()
            .unwrap_or_default()
            .chars()
            .filter(|c| c.is_ascii_digit() || *c == '+')
            .collect();
        if !phones.iter().any(|known| known.dial == dial) {
            phones.push(PhoneView { number: p.number.clone(), dial, about: p.about.clone() });
        }
    }
    let places = f.at.iter().filter_map(|(a, p)| p.as_ref().map(|p| (a, p))).map(|(a, p)| {
        let (lat, lon) = p.point.map(|p| p.degrees()).unzip();
        let about = a.details.about.clone().or(p.details.about.clone());
        PlaceView {
            name: p.name.clone(),
            address: p.details.address.clone(),
            transport: p.details.transport.clone(),
            about,
            lat,
            lon,
        }
    });
    let documents = d.documents.iter().enumerate().map(|(n, doc)| DocumentView {
        name: doc.name.clone(),
        uri: doc.uri.clone(),
        held: fit.as_ref().is_some_and(|f| f.held.get(n) == Some(&true)),
        may_be_held: doc.held.is_some(),
    });
    let mut access: Vec<String> = d.access.clone();
    access.extend(f.at.iter().filter_map(|(_, p)| p.as_ref()).flat_map(|p| p.details.access.clone()));
    access.dedup();
    let capacity = d.capacities.first().map(|c| CapacityView {
        unit: c.unit.clone(),
        available: c.available,
        maximum: c.maximum,
        updated: req.app.time(c.updated),
    });
    let keeps = f.org.as_ref().is_some_and(|o| super::keeps(&req.who, &s.path, o));
    let closures = spell::closure_words(closures, req.lang);
    Ok(Full {
        item: item(req, &days, &f),
        booking: super::booking::takes(q, &s.id)?,
        alternate: d.alternate.clone(),
        about: d.about.clone(),
        alert: d.alert.clone(),
        web: d.url.clone(),
        email: d.email.clone(),
        apply: d.apply.clone(),
        fees: d.fees.clone(),
        wait: d.wait.clone(),
        item_code: d.item.clone(),
        website: f.org.as_ref().and_then(|o| o.details.website.clone()),
        linked: if req.wants_json() { String::new() } else { linked(req, &f, &place, &phones) },
        phones,
        places: places.collect(),
        next_days: next_days.iter().map(|o| open_day(req, o)).collect(),
        closures,
        documents: documents.collect(),
        languages: d.languages.iter().map(|l| l.name.clone()).collect(),
        access,
        capacity,
        terms: d.terms.iter().filter_map(|t| terms.get(t)).map(|t| choice(t, req.lang)).collect(),
        eligible: d.eligibility.words.clone(),
        conditions: conditions(req, s, &place),
        looks: fit.and_then(|f| f.looks),
        assured_at: s.assured_at.map(|at| req.app.time(at)),
        every_days: s.every_days,
        keeps,
        done: req.query.get("done").is_some(),
        area: place,
    })
}

/// schema.org's GovernmentService, safe to stand in a page: no `<` closes what it stands in.
fn linked(req: &Req, f: &Found, area: &str, phones: &[PhoneView]) -> String {
    let s = &f.service;
    let place = f.at.first().and_then(|(_, p)| p.as_ref());
    let org = f.org.as_ref().map(|o| json!({ "@type": "Organization", "name": o.name }));
    let address = place.and_then(|p| p.details.address.as_ref()).map(|a| json!({ "@type": "PostalAddress", "streetAddress": a }));
    let geo = place.and_then(|p| p.point).map(|p| {
        let (lat, lon) = p.degrees();
        json!({ "@type": "GeoCoordinates", "latitude": lat, "longitude": lon })
    });
    let mut out = json!({
        "@context": "https://schema.org", "@type": "GovernmentService", "name": s.name, "description": s.details.about,
        "url": req.absolute(&format!("/services/{}", s.id)), "serviceOperator": org, "provider": org,
        "areaServed": { "@type": "AdministrativeArea", "name": area },
        "availableLanguage": s.details.languages.iter().map(|l| &l.name).collect::<Vec<_>>(),
        "availableChannel": { "@type": "ServiceChannel",
            "servicePhone": phones.first().map(|p| json!({ "@type": "ContactPoint", "telephone": p.number })),
            "serviceLocation": place.map(|p| json!({ "@type": "Place", "name": p.name, "address": address, "geo": geo })) },
    });
    without_null(&mut out);
    out.to_string().replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}

fn without_null(value: &mut Json) {
    if let Some(fields) = value.as_object_mut() {
        fields.retain(|_, v| !v.is_null());
        fields.values_mut().for_each(without_null);
    }
}

/// Stale entries that this reader keeps, the oldest first.
pub fn stale(req: &Req, q: &mut dyn Query) -> Result<Stale> {
    let path = req.who.widest_desk().map(|d| d.path.clone());
    let sql = format!(
        "select {} from service where stale_at <= $1 and {} order by stale_at, id limit {}",
        super::SERVICE,
        if path.is_some() {
            "path >= $2 and path < $3"
        } else {
            "org in (select id from service_org where body = $2 or body = $3)"
        },
        STALE + 1
    );
    let (a, b) = match &path {
        Some(path) => (path.clone(), area::end_of(path)),
        None => {
            let body = req.who.roles.iter().find_map(|r| r.body.clone()).unwrap_or_default();
            (body.clone(), body)
        }
    };
    let mut all = q.rows(&sql, params![req.now, a, b])?.iter().map(super::service).collect::<Result<Vec<_>>>()?;
    let more = all.len() as i64 > STALE;
    all.truncate(STALE as usize);
    let orgs = super::orgs(q, all.iter().map(|s| &s.org))?;
    let one = |s: Service| {
        let org = orgs.iter().find(|o| o.id == s.org);
        let phone = s.details.phones.first().or(org.and_then(|o| o.details.phones.first()));
        StaleItem {
            org: org.map(|o| o.name.clone()).unwrap_or_default(),
            phone: phone.map(|p| p.number.clone()),
            assured_at: s.assured_at.map(|at| req.app.time(at)),
            id: s.id,
            name: s.name,
        }
    };
    Ok(Stale { items: all.into_iter().map(one).collect(), more })
}
