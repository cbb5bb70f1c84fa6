//! Routes of HSDS 3.1.

use std::collections::HashMap;

use serde_json::{Value as Json, json};
use store::Query;

use super::super::terms;
use super::super::{AT, ORG, Org, Place, SERVICE, Service, at, ats, by_id, by_ids, org, org_by_id, orgs, place, places, service};
use super::ask::{self, Ask, Part, Where, answer, held, open};
use super::show::Show;
use crate::base::area;
use crate::kit::error::Kind;
use crate::kit::http::{Manner, May};
use crate::kit::{Error, Reply, Req, Result, Route};

/// Errors beneath `/hsds/`: problem details (RFC 9457), whoever asks and whatever he accepts.
pub const MANNER: Manner = Manner { prefix: "/hsds", refuse };

/// Places of one organisation that are given with it.
const PLACES: i64 = 500;

/// Routes of this room. By POST a list is the same list: nothing is made.
pub const ROUTES: &[Route] = &[
    Route::get("/hsds", May::Anyone, about, "HSDS: version, profile, description."),
    Route::get("/hsds/", May::Anyone, about, "HSDS: version, profile, description."),
    Route::get("/hsds/services", May::Anyone, services, SERVICES),
    Route::post("/hsds/services", May::Anyone, services, "HSDS: the same list."),
    Route::get("/hsds/services/{id}", May::Anyone, one_service, "HSDS: one service with everything."),
    Route::get(
        "/hsds/organizations",
        May::Anyone,
        organizations,
        "HSDS: organisations (`search full full_service taxonomy_term_id taxonomy_id page per_page format`).",
    ),
    Route::post("/hsds/organizations", May::Anyone, organizations, "HSDS: the same list."),
    Route::get("/hsds/organizations/{id}", May::Anyone, one_organization, "HSDS: one organisation (`full_service`)."),
    Route::get(
        "/hsds/service_at_locations",
        May::Anyone,
        at_locations,
        "HSDS: services at places, by the filters of services and `postcode proximity`.",
    ),
    Route::post("/hsds/service_at_locations", May::Anyone, at_locations, "HSDS: the same list."),
    Route::get("/hsds/service_at_locations/{id}", May::Anyone, one_at_location, "HSDS: one service at one place."),
    Route::get("/hsds/taxonomies", May::Anyone, taxonomies, "HSDS: lists of terms."),
    Route::post("/hsds/taxonomies", May::Anyone, taxonomies, "HSDS: the same list."),
    Route::get("/hsds/taxonomies/{id}", May::Anyone, one_taxonomy, "HSDS: one list of terms."),
    Route::get("/hsds/taxonomy_terms", May::Anyone, taxonomy_terms, "HSDS: terms (`search taxonomy_id top_only parent_id`)."),
    Route::post("/hsds/taxonomy_terms", May::Anyone, taxonomy_terms, "HSDS: the same list."),
    Route::get("/hsds/taxonomy_terms/{id}", May::Anyone, one_term, "HSDS: one term."),
];

const SERVICES: &str =
    "HSDS: services (`search page per_page format taxonomy_term_id taxonomy_id organization_id modified_after full minimal`).";

fn refuse(_: &str, error: &Error, message: &str) -> Reply {
    let status = error.kind.status();
    let mut body = json!({ "type": "about:blank", "status": status, "title": error.kind.code(), "detail": message });
    if let Some(field) = &error.field {
        body["field"] = field.as_ref().into();
    }
    open(Reply::of("application/problem+json; charset=utf-8", body.to_string())).status(status)
}

fn about(req: &Req) -> Result<Reply> {
    let view = json!({ "version": "3.1", "profile": PROFILE, "openapi_url": req.absolute("/openapi.json") });
    Ok(open(Reply::json(&view)?))
}

/// Our profile: the standard, and the fields beneath `cn_xiezhi` (docs/services.md).
const PROFILE: &str = "urn:xiezhi:hsds-profile:cn-xiezhi:1";

/// What an answer is made with.
fn shown<T>(req: &Req, q: &mut dyn Query, run: impl FnOnce(&mut dyn Query, &Show) -> Result<T>, paths: &[&str]) -> Result<T> {
    let terms = terms::read(q, req.app)?;
    let mut cities: HashMap<String, (String, String)> = HashMap::new();
    for path in paths {
        if !cities.contains_key(*path) {
            let found = city(q, path)?;
            cities.insert((*path).to_owned(), found);
        }
    }
    let of = |path: &str| cities.get(path).cloned().unwrap_or_default();
    run(q, &Show { zone: &req.app.config.zone, terms: &terms, cities: &of })
}

/// Province and city that a path lies in.
fn city(q: &mut dyn Query, path: &str) -> Result<(String, String)> {
    let sql = "select id from area where path = $1 order by valid_from desc limit 1";
    let Some(row) = q.row(sql, store::params![path])? else { return Ok(Default::default()) };
    let line = area::line(q, &row.get::<String>("id")?)?;
    let named = |kind: &str| line.iter().find(|a| a.kind == kind).map(|a| a.name.clone()).unwrap_or_default();
    Ok((named("province"), named("city")))
}

fn found<'a, T>(all: &'a [T], id: &str, of: fn(&T) -> &String) -> Option<&'a T> {
    all.binary_search_by(|o| of(o).as_str().cmp(id)).ok().map(|n| &all[n])
}

fn org_of<'a>(all: &'a [Org], id: &str) -> Option<&'a Org> {
    found(all, id, |o| &o.id)
}

fn place_of<'a>(all: &'a [Place], id: &str) -> Option<&'a Place> {
    found(all, id, |p| &p.id)
}

/// Services as a list gives them.
fn service_list(req: &Req, q: &mut dyn Query, some: &[Service], full: bool) -> Result<Vec<Json>> {
    let orgs = orgs(q, some.iter().map(|s| &s.org))?;
    if !full {
        let one = |show: &Show, s: &Service| show.service(s, org_of(&orgs, &s.org));
        return shown(req, q, |_, show| Ok(some.iter().map(|s| one(show, s)).collect()), &[]);
    }
    let ats = ats(q, some.iter().map(|s| &s.id))?;
    let places = places(q, ats.iter().map(|a| &a.place))?;
    let paths: Vec<&str> = places.iter().map(|p| p.path.as_str()).collect();
    let one = |show: &Show, s: &Service| {
        let at: Vec<_> = ats.iter().filter(|a| a.service == s.id).map(|a| (a, place_of(&places, &a.place))).collect();
        show.service_full(s, org_of(&orgs, &s.org), &at, req.now)
    };
    shown(req, q, |_, show| Ok(some.iter().map(|s| one(show, s)).collect()), &paths)
}

fn services(req: &Req) -> Result<Reply> {
    let ask = Ask(req);
    let (part, full, minimal) = (ask.part()?, ask.flag("full")?, ask.flag("minimal")?);
    let filter = req.app.db.read(|r| ask::services(&ask, r, "service.num", "org = ?", "modified_at > ?"))?;
    if minimal {
        // All of them in one answer, as the standard wants it.
        let part = if let Part::Page(..) = part { Part::Page(1, ask::EVERYTHING) } else { part };
        let read = |row: &store::Row| Ok((row.get::<String>("id")?, row.get::<i64>("modified_at")?));
        let show = |_: &mut dyn Query, some: Vec<(String, i64)>| {
            Ok(some.into_iter().map(|(id, at)| json!({ "id": id, "modified_date": req.app.time(at) })).collect())
        };
        return answer(req, ("id, modified_at", "service"), &filter, part, read, show);
    }
    answer(req, (SERVICE, "service"), &filter, part, service, |q, some| service_list(req, q, &some, full))
}

fn one_service(req: &Req) -> Result<Reply> {
    let view = req.app.db.read(|r| {
        let one = by_id(r, req.param("id"))?;
        Ok::<_, Error>(service_list(req, r, &[one], true)?.pop())
    })?;
    Ok(open(Reply::json(&view)?))
}

/// Organisations as a list gives them.
fn org_list(req: &Req, q: &mut dyn Query, some: &[Org], full: bool, with_services: bool) -> Result<Vec<Json>> {
    let mut out = Vec::new();
    for one in some {
        let rows = if full {
            let sql = format!("select {} from service_place where org = $1 order by id limit {PLACES}", super::super::PLACE);
            q.rows(&sql, store::params![&one.id])?.iter().map(place).collect::<Result<Vec<_>>>()?
        } else {
            Vec::new()
        };
        let paths: Vec<&str> = rows.iter().map(|p| p.path.as_str()).collect();
        let refs: Vec<&Place> = rows.iter().collect();
        let mut view =
            shown(req, q, |_, show| Ok(if full { show.org_full(one, &refs, req.now) } else { show.org(one) }), &paths)?;
        if with_services {
            let sql = format!("select {SERVICE} from service where org = $1 order by id limit {PLACES}");
            let all = q.rows(&sql, store::params![&one.id])?.iter().map(service).collect::<Result<Vec<_>>>()?;
            let services = service_list(req, q, &all, true)?;
            if let Some(fields) = view.as_object_mut().filter(|_| !services.is_empty()) {
                fields.insert("services".into(), services.into());
            }
        }
        out.push(view);
    }
    Ok(out)
}

fn organizations(req: &Req) -> Result<Reply> {
    let ask = Ask(req);
    let (part, full, with) = (ask.part()?, ask.flag("full")?, ask.flag("full_service")?);
    let mut filter = Where::default();
    for (name, column) in [("taxonomy_term_id", "term"), ("taxonomy_id", "taxonomy")] {
        if let Some(id) = ask.text(name) {
            filter.and(
                &format!("id in (select s.org from service s join service_filed f on f.num = s.num where f.{column} = ?)"),
                id,
            );
        }
    }
    if let Some(text) = ask.text("search") {
        // Organisations are few beside services: their names are looked through.
        filter.and("lower(name) like ? escape '!'", like(&text));
    }
    answer(req, (ORG, "service_org"), &filter, part, org, |q, some| org_list(req, q, &some, full || with, with))
}

fn like(text: &str) -> String {
    let text: String = text.to_lowercase().chars().take(100).collect();
    format!("%{}%", text.replace('!', "!!").replace('%', "!%").replace('_', "!_"))
}

fn one_organization(req: &Req) -> Result<Reply> {
    let with = Ask(req).flag("full_service")?;
    let view = req.app.db.read(|r| {
        let one = org_by_id(r, req.param("id"))?;
        Ok::<_, Error>(org_list(req, r, &[one], true, with)?.pop())
    })?;
    Ok(open(Reply::json(&view)?))
}

/// Services at places as a list gives them.
fn at_list(req: &Req, q: &mut dyn Query, some: &[super::super::At], full: bool) -> Result<Vec<Json>> {
    let services = by_ids(q, some.iter().map(|a| &a.service))?;
    let orgs = orgs(q, services.iter().map(|s| &s.org))?;
    let places = places(q, some.iter().map(|a| &a.place))?;
    let paths: Vec<&str> = places.iter().map(|p| p.path.as_str()).collect();
    let one = |show: &Show, a: &super::super::At| {
        let s = found(&services, &a.service, |s| &s.id).map(|s| (s, org_of(&orgs, &s.org)));
        let p = place_of(&places, &a.place);
        if full { show.at_full(a, s, p, req.now) } else { show.at(a, s, p) }
    };
    shown(req, q, |_, show| Ok(some.iter().map(|a| one(show, a)).collect()), &paths)
}

fn at_locations(req: &Req) -> Result<Reply> {
    let ask = Ask(req);
    let (part, full) = (ask.part()?, ask.flag("full")?);
    let filter = req.app.db.read(|r| {
        let org = "exists (select 1 from service s where s.num = service_at.num and s.org = ?)";
        let modified = "exists (select 1 from service s where s.num = service_at.num and s.modified_at > ?)";
        let mut filter = ask::services(&ask, r, "service_at.num", org, modified)?;
        ask::around(&ask, r, &mut filter)?;
        Ok::<_, Error>(filter)
    })?;
    answer(req, (AT, "service_at"), &filter, part, at, |q, some| at_list(req, q, &some, full))
}

fn one_at_location(req: &Req) -> Result<Reply> {
    let view = req.app.db.read(|r| {
        let row = r.row(&format!("select {AT} from service_at where id = $1"), store::params![req.param("id")])?;
        let one = row.as_ref().map(at).transpose()?.ok_or(Kind::NotFound)?;
        Ok::<_, Error>(at_list(req, r, &[one], true)?.pop())
    })?;
    Ok(open(Reply::json(&view)?))
}

fn taxonomies(req: &Req) -> Result<Reply> {
    let ask = Ask(req);
    let (part, search) = (ask.part()?, ask.text("search").map(|t| t.to_lowercase()));
    let all = req.app.db.read(|r| {
        shown(
            req,
            r,
            |_, show| {
                let fits = |t: &&terms::Taxonomy| search.as_ref().is_none_or(|s| t.name.to_lowercase().contains(s));
                Ok(show.terms.taxonomies.iter().filter(fits).map(|t| show.taxonomy(t)).collect::<Vec<_>>())
            },
            &[],
        )
    })?;
    held(part, &all)
}

fn one_taxonomy(req: &Req) -> Result<Reply> {
    let view = req.app.db.read(|r| {
        shown(
            req,
            r,
            |_, show| {
                let one = show.terms.taxonomy(req.param("id")).ok_or(Kind::NotFound)?;
                Ok::<_, Error>(show.taxonomy(one))
            },
            &[],
        )
    })?;
    Ok(open(Reply::json(&view)?))
}

fn taxonomy_terms(req: &Req) -> Result<Reply> {
    let ask = Ask(req);
    let (part, top) = (ask.part()?, ask.flag("top_only")?);
    let (taxonomy, parent) = (ask.text("taxonomy_id"), ask.text("parent_id"));
    let search = ask.text("search").map(|t| t.to_lowercase());
    let all = req.app.db.read(|r| {
        shown(
            req,
            r,
            |_, show| {
                let fits = |t: &&terms::Term| {
                    taxonomy.as_ref().is_none_or(|x| t.taxonomy == *x)
                        && parent.as_ref().is_none_or(|x| t.parent.as_ref() == Some(x))
                        && !(top && t.parent.is_some())
                        && search.as_ref().is_none_or(|s| format!("{} {}", t.name, t.about).to_lowercase().contains(s))
                };
                Ok(show.terms.all.iter().filter(fits).map(|t| show.term(t)).collect::<Vec<_>>())
            },
            &[],
        )
    })?;
    held(part, &all)
}

fn one_term(req: &Req) -> Result<Reply> {
    let view = req.app.db.read(|r| {
        shown(
            req,
            r,
            |_, show| {
                let one = show.terms.get(req.param("id")).ok_or(Kind::NotFound)?;
                Ok::<_, Error>(show.term(one))
            },
            &[],
        )
    })?;
    Ok(open(Reply::json(&view)?))
}
