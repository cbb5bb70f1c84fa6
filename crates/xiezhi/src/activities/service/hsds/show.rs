//! Entries of the directory in the words of HSDS 3.1.
//!
//! What must stay true: what is not known is left out, no field is null; ids within an entry are those it came with, or follow
//! from the entry's id and their place in it, so that they are the same at every reading.

use serde_json::{Map, Value as Json, json};

use super::super::data::{Capacity, Cost, Document, Language, Phone};
use super::super::hours::{self, Schedule};
use super::super::terms::{Taxonomy, Term, Terms};
use super::super::{At, Org, Place, Service, derived, is_uuid};
use crate::kit::time::{Ms, rfc3339, zoned};
use jiff::tz::TimeZone;

/// An object without what is null or an empty list.
fn object(fields: Vec<(&str, Json)>) -> Json {
    let kept = fields.into_iter().filter(|(_, v)| !v.is_null() && v.as_array().is_none_or(|a| !a.is_empty()));
    Json::Object(kept.map(|(k, v)| (k.to_owned(), v)).collect::<Map<_, _>>())
}

fn add(to: &mut Json, more: Vec<(&str, Json)>) {
    if let (Some(to), Json::Object(more)) = (to.as_object_mut(), object(more)) {
        to.extend(more);
    }
}

/// The id of something within an entry.
fn inner(own: Option<&String>, parent: &str, kind: &str, n: usize) -> String {
    own.filter(|id| is_uuid(id)).cloned().unwrap_or_else(|| derived(&[parent, kind, &n.to_string()]))
}

fn each<T>(all: &[T], one: impl Fn(usize, &T) -> Json) -> Json {
    all.iter().enumerate().map(|(n, t)| one(n, t)).collect()
}

/// What turns entries into answers.
pub struct Show<'a> {
    /// The local zone.
    pub zone: &'a TimeZone,
    /// Terms.
    pub terms: &'a Terms,
    /// Provinces and cities of areas by path, for addresses that do not say them.
    pub cities: &'a dyn Fn(&str) -> (String, String),
}

/// To whom something within belongs: the field and the id.
type Owner<'a> = (&'static str, &'a str);

impl Show<'_> {
    fn time(&self, at: Ms) -> String {
        rfc3339(at, self.zone)
    }

    fn offset(&self, at: Ms) -> i32 {
        zoned(at, self.zone).offset().seconds()
    }

    fn phones(&self, all: &[Phone], owner: Owner) -> Json {
        each(all, |n, p| {
            object(vec![
                ("id", inner(p.id.as_ref(), owner.1, "phone", n).into()),
                (owner.0, owner.1.into()),
                ("number", p.number.as_str().into()),
                ("extension", p.extension.into()),
                ("type", p.kind.as_deref().into()),
                ("description", p.about.as_deref().into()),
            ])
        })
    }

    fn schedules(&self, all: &[Schedule], owner: Owner, now: Ms) -> Json {
        let seconds = self.offset(now);
        let zone = format!("{}{:02}:{:02}", if seconds < 0 { '-' } else { '+' }, seconds.abs() / 3600, seconds.abs() / 60 % 60);
        let day = |d: Option<i64>| d.and_then(hours::date).map(|d| d.to_string());
        let minute = |m: Option<i64>| m.map(|m| format!("{}{zone}", hours::write_minute(m)));
        each(all, |n, s| {
            let month_days: Vec<String> = s.month_days.iter().map(ToString::to_string).collect();
            object(vec![
                ("id", inner(s.id.as_ref(), owner.1, "schedule", n).into()),
                (owner.0, owner.1.into()),
                ("valid_from", day(s.from).into()),
                ("valid_to", day(s.to).into()),
                ("dtstart", day(s.start).into()),
                ("timezone", (f64::from(seconds) / 3600.0).into()),
                ("wkst", "MO".into()),
                ("freq", if s.monthly { "MONTHLY" } else { "WEEKLY" }.into()),
                ("interval", s.interval.into()),
                ("byday", Some(hours::write_days(&s.days)).filter(|d| !d.is_empty()).into()),
                ("bymonthday", Some(month_days.join(",")).filter(|d| !d.is_empty()).into()),
                ("opens_at", minute(s.opens).into()),
                ("closes_at", minute(s.closes).into()),
                ("notes", s.note.as_deref().into()),
            ])
        })
    }

    fn languages(&self, all: &[Language], owner: Owner) -> Json {
        each(all, |n, l| {
            object(vec![
                ("id", inner(l.id.as_ref(), owner.1, "language", n).into()),
                (owner.0, owner.1.into()),
                ("name", l.name.as_str().into()),
                ("code", l.code.as_deref().into()),
            ])
        })
    }

    fn attributes(&self, terms: &[String], owner: &str, kind: &str) -> Json {
        let known: Vec<&Term> = terms.iter().filter_map(|t| self.terms.get(t)).collect();
        each(&known, |n, t| {
            object(vec![
                ("id", inner(None, owner, "attribute", n).into()),
                ("link_id", owner.into()),
                ("taxonomy_term_id", t.id.as_str().into()),
                ("link_type", "taxonomy_term".into()),
                ("link_entity", kind.into()),
                ("taxonomy_term", self.term(t)),
            ])
        })
    }

    /// A term.
    pub fn term(&self, t: &Term) -> Json {
        let taxonomy = self.terms.taxonomy(&t.taxonomy);
        object(vec![
            ("id", t.id.as_str().into()),
            ("code", t.code.as_deref().into()),
            ("name", t.name.as_str().into()),
            ("description", t.about.as_str().into()),
            ("parent_id", t.parent.as_deref().into()),
            ("taxonomy", taxonomy.map(|t| t.name.as_str()).into()),
            ("taxonomy_id", t.taxonomy.as_str().into()),
        ])
    }

    /// A list of terms.
    pub fn taxonomy(&self, t: &Taxonomy) -> Json {
        object(vec![("id", t.id.as_str().into()), ("name", t.name.as_str().into()), ("description", t.about.as_str().into())])
    }

    /// An organisation by itself.
    pub fn org(&self, o: &Org) -> Json {
        object(vec![
            ("id", o.id.as_str().into()),
            ("name", o.name.as_str().into()),
            ("alternate_name", o.details.alternate.as_deref().into()),
            ("description", o.details.about.as_str().into()),
            ("email", o.details.email.as_deref().into()),
            ("website", o.details.website.as_deref().into()),
            ("year_incorporated", o.details.year.into()),
            ("legal_status", o.details.legal_status.as_deref().into()),
        ])
    }

    /// An organisation with its numbers and places.
    pub fn org_full(&self, o: &Org, places: &[&Place], now: Ms) -> Json {
        let mut out = self.org(o);
        let identifiers = o.details.uscc.iter().map(|code| {
            json!({ "id": inner(None, &o.id, "identifier", 0), "organization_id": o.id, "identifier_scheme": "CN-USCC",
                "identifier_type": "Unified social credit code", "identifier": code })
        });
        add(
            &mut out,
            vec![
                ("phones", self.phones(&o.details.phones, ("organization_id", &o.id))),
                ("locations", places.iter().map(|p| self.place_full(p, now)).collect()),
                ("organization_identifiers", identifiers.collect()),
                ("funding", self.funding(&o.details.funding, ("organization_id", &o.id))),
            ],
        );
        out
    }

    fn funding(&self, all: &[String], owner: Owner) -> Json {
        each(all, |n, source| json!({ "id": inner(None, owner.1, "funding", n), owner.0: owner.1, "source": source }))
    }

    /// A place by itself.
    pub fn place(&self, p: &Place) -> Json {
        let (lat, lon) = p.point.map(|p| p.degrees()).unzip();
        object(vec![
            ("id", p.id.as_str().into()),
            ("location_type", p.details.kind.as_deref().unwrap_or("physical").into()),
            ("url", p.details.url.as_deref().into()),
            ("organization_id", Some(p.org.as_str()).filter(|o| !o.is_empty()).into()),
            ("name", p.name.as_str().into()),
            ("description", p.details.about.as_deref().into()),
            ("transportation", p.details.transport.as_deref().into()),
            ("latitude", lat.into()),
            ("longitude", lon.into()),
        ])
    }

    fn place_full(&self, p: &Place, now: Ms) -> Json {
        let mut out = self.place(p);
        let owner = ("location_id", p.id.as_str());
        let address = p.details.address.as_ref().map(|street| {
            let (province, city) = (self.cities)(&p.path);
            json!([{
                "id": inner(None, &p.id, "address", 0), "location_id": p.id, "address_1": street,
                "city": p.details.city.clone().unwrap_or(city), "state_province": p.details.province.clone().unwrap_or(province),
                "postal_code": p.postcode.clone().unwrap_or_default(), "country": p.details.country.as_deref().unwrap_or("CN"),
                "address_type": p.details.kind.as_deref().unwrap_or("physical"),
            }])
        });
        let access = each(
            &p.details.access,
            |n, a| json!({ "id": inner(None, &p.id, "accessibility", n), "location_id": p.id, "description": a }),
        );
        add(
            &mut out,
            vec![
                ("languages", self.languages(&p.details.languages, owner)),
                ("addresses", address.unwrap_or_default()),
                ("accessibility", access),
                ("phones", self.phones(&p.details.phones, owner)),
                ("schedules", self.schedules(&p.details.schedules, owner, now)),
            ],
        );
        out
    }

    /// A service with what there is one of.
    pub fn service(&self, s: &Service, org: Option<&Org>) -> Json {
        let (d, e) = (&s.details, &s.details.eligibility);
        let assured = s.assured_at.map(|at| zoned(at, self.zone).strftime("%Y-%m-%d").to_string());
        let program = d.program.as_ref().map(|p| {
            let id = inner(p.id.as_ref(), &s.org, &format!("program {}", p.name), 0);
            (id.clone(), json!({ "id": id, "organization_id": s.org, "name": p.name, "description": p.about }))
        });
        object(vec![
            ("id", s.id.as_str().into()),
            ("organization_id", s.org.as_str().into()),
            ("program_id", program.as_ref().map(|(id, _)| id.as_str()).into()),
            ("name", s.name.as_str().into()),
            ("alternate_name", d.alternate.as_deref().into()),
            ("description", d.about.as_deref().into()),
            ("url", d.url.as_deref().into()),
            ("email", d.email.as_deref().into()),
            ("status", s.status.as_str().into()),
            ("interpretation_services", d.interpretation.as_deref().into()),
            ("application_process", d.apply.as_deref().into()),
            ("fees_description", d.fees.as_deref().into()),
            ("wait_time", d.wait.as_deref().into()),
            ("accreditations", d.accreditations.as_deref().into()),
            ("eligibility_description", e.words.as_deref().into()),
            ("minimum_age", e.age_from.into()),
            ("maximum_age", e.age_to.into()),
            ("assured_date", assured.into()),
            ("licenses", d.licenses.as_deref().into()),
            ("alert", d.alert.as_deref().into()),
            ("last_modified", self.time(s.modified_at).into()),
            ("organization", org.map(|o| self.org(o)).into()),
            ("program", program.map(|(_, p)| p).into()),
        ])
    }

    /// A service with everything.
    pub fn service_full(&self, s: &Service, org: Option<&Org>, at: &[(&At, Option<&Place>)], now: Ms) -> Json {
        let d = &s.details;
        let owner = ("service_id", s.id.as_str());
        let mut out = self.service(s, None);
        let areas = each(&d.areas, |n, name| json!({ "id": inner(None, &s.id, "area", n), "service_id": s.id, "name": name }));
        add(
            &mut out,
            vec![
                ("organization", org.map(|o| self.org_full(o, &[], now)).into()),
                ("phones", self.phones(&d.phones, owner)),
                ("schedules", self.schedules(&d.schedules, owner, now)),
                ("service_areas", areas),
                ("service_at_locations", at.iter().map(|(a, p)| self.at_inner(a, *p, now)).collect()),
                ("languages", self.languages(&d.languages, owner)),
                ("funding", self.funding(&d.funding, owner)),
                ("cost_options", each(&d.costs, |n, c| cost(c, &s.id, n))),
                ("required_documents", each(&d.documents, |n, d| document(d, &s.id, n))),
                ("capacities", each(&d.capacities, |n, c| self.capacity(c, &s.id, n))),
                ("attributes", self.attributes(&d.terms, &s.id, "service")),
                ("cn_xiezhi", ours(s)),
            ],
        );
        out
    }

    fn capacity(&self, c: &Capacity, service: &str, n: usize) -> Json {
        let unit = derived(&["unit", &c.unit]);
        object(vec![
            ("id", inner(c.id.as_ref(), service, "capacity", n).into()),
            ("service_id", service.into()),
            ("unit_id", unit.as_str().into()),
            ("unit", json!({ "id": unit, "name": c.unit })),
            ("available", c.available.into()),
            ("maximum", c.maximum.into()),
            ("updated", self.time(c.updated).into()),
        ])
    }

    fn at_fields(&self, a: &At, now: Ms) -> Vec<(&'static str, Json)> {
        let owner = ("service_at_location_id", a.id.as_str());
        vec![("phones", self.phones(&a.details.phones, owner)), ("schedules", self.schedules(&a.details.schedules, owner, now))]
    }

    fn at_inner(&self, a: &At, place: Option<&Place>, now: Ms) -> Json {
        let mut out = at(a);
        add(&mut out, self.at_fields(a, now));
        add(&mut out, vec![("location", place.map(|p| self.place_full(p, now)).into())]);
        out
    }

    /// A service at a place, in a list.
    pub fn at(&self, a: &At, s: Option<(&Service, Option<&Org>)>, place: Option<&Place>) -> Json {
        let mut out = at(a);
        let service = s.map(|(s, org)| self.service(s, org));
        add(&mut out, vec![("location", place.map(|p| self.place(p)).into()), ("service", service.into())]);
        out
    }

    /// A service at a place, with everything.
    pub fn at_full(&self, a: &At, s: Option<(&Service, Option<&Org>)>, place: Option<&Place>, now: Ms) -> Json {
        let mut out = self.at_inner(a, place, now);
        add(&mut out, vec![("service", s.map(|(s, org)| self.service_full(s, org, &[], now)).into())]);
        out
    }
}

fn at(a: &At) -> Json {
    object(vec![
        ("id", a.id.as_str().into()),
        ("service_id", a.service.as_str().into()),
        ("location_id", a.place.as_str().into()),
        ("description", a.details.about.as_deref().into()),
    ])
}

fn cost(c: &Cost, service: &str, n: usize) -> Json {
    object(vec![
        ("id", inner(c.id.as_ref(), service, "cost", n).into()),
        ("service_id", service.into()),
        ("option", c.option.as_deref().into()),
        ("currency", c.currency.as_deref().into()),
        ("amount", c.amount.map(|a| a as f64 / 100.0).into()),
        ("amount_description", c.about.as_deref().into()),
    ])
}

fn document(d: &Document, service: &str, n: usize) -> Json {
    object(vec![
        ("id", inner(d.id.as_ref(), service, "document", n).into()),
        ("service_id", service.into()),
        ("document", d.name.as_str().into()),
        ("uri", d.uri.as_deref().into()),
    ])
}

/// What our profile says beyond the standard: conditions as data, what need not be brought, days when it is otherwise.
fn ours(s: &Service) -> Json {
    let d = &s.details;
    let held: Vec<Json> =
        d.documents.iter().filter_map(|d| Some(json!({ "document": d.name, "element": d.held.as_ref()? }))).collect();
    let day = |d: Option<i64>| d.and_then(hours::date).map(|d| d.to_string());
    let closures: Vec<Json> = d
        .closures
        .iter()
        .map(|c| {
            object(vec![
                ("holiday", c.holiday.as_deref().into()),
                ("from", day(c.from).into()),
                ("to", day(c.to.or(c.from)).into()),
                ("opens_at", c.opens.map(hours::write_minute).into()),
                ("closes_at", c.closes.map(hours::write_minute).into()),
                ("note", c.note.as_deref().into()),
            ])
        })
        .collect();
    let ours = object(vec![
        ("item_code", d.item.as_deref().into()),
        ("held", held.into()),
        ("closures", closures.into()),
        ("accessibility", d.access.clone().into()),
        ("keywords", d.keywords.clone().into()),
        ("lives_here", Some(d.eligibility.lives_here).filter(|l| *l).into()),
        ("needs", d.eligibility.tags.clone().into()),
    ]);
    if ours.as_object().is_some_and(Map::is_empty) { Json::Null } else { ours }
}
