//! The directory of services (社会服务查询): who offers what, where, when, for whom, at what cost, and what to bring.
//!
//! What must stay true: all of it is public, and nothing in it is about a person (numbers are those that anybody may call);
//! whoever keeps an entry is the desk of its place or the organisation itself; every change is logged; an entry that its owner
//! has not confirmed for so many days is marked as stale and never hidden for it; what comes from a package keeps its source
//! and its id there, so that the same again changes nothing; what the register knows of somebody is compared with an entry for
//! himself alone, and nothing of that is kept.
//!
//! The shape is that of HSDS (Open Referral), which `/hsds/` speaks ([`hsds`]); ours beyond it: conditions as data, what need not
//! be brought, days when it is shut by the calendar of holidays.
//!
//! Log kinds written: `service.save`, `service.confirm`, `service.status`, `service.import`.

/// Changes by the desk and by owners.
pub mod act;
/// Appointments at counters.
pub mod booking;
/// What is said of each.
pub mod data;
/// Finding.
pub mod find;
/// What a resident need not bring, and whether it looks as if it were for him.
mod fit;
/// The form of an entry.
pub mod form;
/// When something is open.
pub mod hours;
/// The standard.
pub mod hsds;
/// Packages of others, tables of clerks.
pub mod import;
/// Lines that clerks write.
pub mod spell;
/// What services are filed under.
pub mod terms;
/// What readers see.
pub mod view;
/// Routes.
pub mod web;
/// Pieces of words.
pub mod words;

use calc::geo::Point;
use serde::de::DeserializeOwned;
use store::{Query, Value, params};

use self::data::{AtDetails, Details, OrgDetails, PlaceDetails};
use crate::base::area::Area;
use crate::kit::error::Kind;
use crate::kit::names::names;
use crate::kit::time::Ms;
use crate::kit::{Error, Result, Who};

names! {
    /// Whether it can be had, as HSDS names it.
    #[derive(Default)]
    Status {
        #[default]
        Active = "active",
        Inactive = "inactive",
        Defunct = "defunct",
        Closed = "temporarily closed",
    }
}

impl Status {
    /// Whether people find it.
    pub fn is_shown(self) -> bool {
        matches!(self, Status::Active | Status::Closed)
    }

    /// Key of its text.
    pub fn text(self) -> &'static str {
        match self {
            Status::Active => "service-status-active",
            Status::Inactive => "service-status-inactive",
            Status::Defunct => "service-status-defunct",
            Status::Closed => "service-status-closed",
        }
    }
}

/// A service.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns of `service`, explained there")]
pub struct Service {
    pub id: String,
    pub num: i64,
    pub org: String,
    pub org_said: String,
    pub name: String,
    pub status: Status,
    pub area: String,
    pub path: String,
    pub details: Details,
    pub assured_at: Option<Ms>,
    pub every_days: i64,
    pub stale_at: Option<Ms>,
    pub modified_at: Ms,
    pub source: Option<String>,
    pub mark: Option<String>,
}

const SERVICE: &str =
    "id, num, org, org_said, name, status, area, path, details, assured_at, every_days, stale_at, modified_at, source, mark";

fn service(row: &store::Row) -> Result<Service> {
    let mut f = row.fields();
    Ok(Service {
        id: f.next("id")?,
        num: f.next("num")?,
        org: f.next("org")?,
        org_said: f.next("org_said")?,
        name: f.next("name")?,
        status: f.next("status")?,
        area: f.next("area")?,
        path: f.next("path")?,
        details: json(&f.next::<String>("details")?)?,
        assured_at: f.next("assured_at")?,
        every_days: f.next("every_days")?,
        stale_at: f.next("stale_at")?,
        modified_at: f.next("modified_at")?,
        source: f.next("source")?,
        mark: f.next("mark")?,
    })
}

/// An organisation.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns of `service_org`, explained there")]
pub struct Org {
    pub id: String,
    pub name: String,
    pub body: Option<String>,
    pub details: OrgDetails,
    pub modified_at: Ms,
    pub mark: Option<String>,
}

const ORG: &str = "id, name, body, details, modified_at, mark";

fn org(row: &store::Row) -> Result<Org> {
    Ok(Org {
        id: row.get("id")?,
        name: row.get("name")?,
        body: row.get("body")?,
        details: json(&row.get::<String>("details")?)?,
        modified_at: row.get("modified_at")?,
        mark: row.get("mark")?,
    })
}

/// A place.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns of `service_place`, explained there")]
pub struct Place {
    pub id: String,
    pub org: String,
    pub name: String,
    pub area: String,
    pub path: String,
    pub point: Option<Point>,
    pub postcode: Option<String>,
    pub details: PlaceDetails,
    pub mark: Option<String>,
}

const PLACE: &str = "id, org, name, area, path, lat, lon, postcode, details, mark";

fn place(row: &store::Row) -> Result<Place> {
    let (lat, lon) = (row.get::<Option<i32>>("lat")?, row.get::<Option<i32>>("lon")?);
    Ok(Place {
        id: row.get("id")?,
        org: row.get("org")?,
        name: row.get("name")?,
        area: row.get("area")?,
        path: row.get("path")?,
        point: lat.zip(lon).map(|(lat, lon)| Point { lat, lon }),
        postcode: row.get("postcode")?,
        details: json(&row.get::<String>("details")?)?,
        mark: row.get("mark")?,
    })
}

/// A service at a place.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns of `service_at`, explained there")]
pub struct At {
    pub id: String,
    pub service: String,
    pub place: String,
    pub details: AtDetails,
}

const AT: &str = "id, service, place, details";

fn at(row: &store::Row) -> Result<At> {
    let details = json(&row.get::<String>("details")?)?;
    Ok(At { id: row.get("id")?, service: row.get("service")?, place: row.get("place")?, details })
}

fn json<T: DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(Error::internal)
}

/// Rows of a table whose column is one of these, each read once.
fn among<T>(
    q: &mut dyn Query,
    (columns, table, column): (&str, &str, &str),
    wanted: &[Value],
    read: fn(&store::Row) -> Result<T>,
) -> Result<Vec<T>> {
    /// Always as many parameters, so that one prepared statement serves every number of them.
    const EACH: usize = 50;
    let marks: Vec<String> = (1..=EACH).map(|i| format!("${i}")).collect();
    let sql = format!("select {columns} from {table} where {column} in ({}) order by id", marks.join(","));
    let mut out = Vec::with_capacity(wanted.len());
    for some in wanted.chunks(EACH) {
        let params: Vec<Value> = (0..EACH).map(|i| some.get(i).unwrap_or(&some[0]).clone()).collect();
        for row in q.rows(&sql, &params)? {
            out.push(read(&row)?);
        }
    }
    Ok(out)
}

fn values<'a>(ids: impl IntoIterator<Item = &'a String>) -> Vec<Value> {
    let mut ids: Vec<&String> = ids.into_iter().collect();
    ids.sort();
    ids.dedup();
    ids.into_iter().map(Value::from).collect()
}

/// The services with these short numbers.
pub fn by_nums(q: &mut dyn Query, nums: &[i64]) -> Result<Vec<Service>> {
    let nums: Vec<Value> = nums.iter().map(|n| Value::from(*n)).collect();
    among(q, (SERVICE, "service", "num"), &nums, service)
}

/// The services with these ids.
pub fn by_ids<'a>(q: &mut dyn Query, ids: impl IntoIterator<Item = &'a String>) -> Result<Vec<Service>> {
    among(q, (SERVICE, "service", "id"), &values(ids), service)
}

/// The service with this id.
pub fn by_id(q: &mut dyn Query, id: &str) -> Result<Service> {
    let row = q.row(&format!("select {SERVICE} from service where id = $1"), params![id])?;
    row.as_ref().map(service).transpose()?.ok_or_else(|| Kind::NotFound.into())
}

/// The organisations with these ids.
pub fn orgs<'a>(q: &mut dyn Query, ids: impl IntoIterator<Item = &'a String>) -> Result<Vec<Org>> {
    among(q, (ORG, "service_org", "id"), &values(ids), org)
}

/// The organisation with this id.
pub fn org_by_id(q: &mut dyn Query, id: &str) -> Result<Org> {
    let row = q.row(&format!("select {ORG} from service_org where id = $1"), params![id])?;
    row.as_ref().map(org).transpose()?.ok_or_else(|| Kind::NotFound.into())
}

/// The organisations with this unified social credit code.
pub fn org_of_code(q: &mut dyn Query, uscc: &str) -> Result<Vec<Org>> {
    // A code is letters and digits, so as a piece of JSON it looks like nothing else; the rest of the row says for certain.
    let rows = q.rows(
        &format!("select {ORG} from service_org where details like $1 order by id limit 20"),
        params![format!("%\"{uscc}\"%")],
    )?;
    let all = rows.iter().map(org).collect::<Result<Vec<Org>>>()?;
    Ok(all.into_iter().filter(|o| o.details.uscc.as_deref() == Some(uscc)).collect())
}

/// What an organisation offers that people find, by name.
pub fn offered_by(q: &mut dyn Query, body: &str, most: i64) -> Result<Vec<Service>> {
    let columns = SERVICE.split(", ").map(|c| format!("s.{c}")).collect::<Vec<_>>().join(", ");
    let sql = format!(
        "select {columns} from service s join service_org o on o.id = s.org where o.body = $1 and s.status in ('active', 'temporarily closed') \
         order by s.name, s.id limit $2"
    );
    q.rows(&sql, params![body, most])?.iter().map(service).collect()
}

/// The places with these ids.
pub fn places<'a>(q: &mut dyn Query, ids: impl IntoIterator<Item = &'a String>) -> Result<Vec<Place>> {
    among(q, (PLACE, "service_place", "id"), &values(ids), place)
}

/// Where these services are.
pub fn ats<'a>(q: &mut dyn Query, services: impl IntoIterator<Item = &'a String>) -> Result<Vec<At>> {
    among(q, (AT, "service_at", "service"), &values(services), at)
}

impl Service {
    /// Whether its owner has not confirmed it for too long.
    pub fn is_stale(&self, now: Ms) -> bool {
        self.stale_at.is_some_and(|at| at <= now)
    }
}

/// Whether somebody keeps an entry: the desk of its place or above, or whoever works for the organisation that offers it.
pub fn keeps(who: &Who, path: &str, org: &Org) -> bool {
    who.desk_over(path).is_some() || org.body.as_deref().is_some_and(|b| who.in_body(b))
}

/// An id that follows from others, in the form of a UUID (version 8): what has no id of its own keeps this one.
pub fn derived(parts: &[&str]) -> String {
    let lines: Vec<String> = parts.iter().map(|p| p.replace('\n', " ")).collect();
    let hex = crate::kit::digest(&lines);
    format!("{}-{}-8{}-a{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..32])
}

/// Whether a text is a UUID as we write them.
pub fn is_uuid(text: &str) -> bool {
    let group =
        |part: &str, len: usize| part.len() == len && part.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    let parts: Vec<&str> = text.split('-').collect();
    parts.len() == 5 && parts.iter().zip([8, 4, 4, 4, 12]).all(|(p, len)| group(p, len))
}

/// Whose entry it is to the log, and where.
fn entry<'w>(who: &'w Who, act: &'static str, place: &'w Area, org: &Org, id: &'w str) -> Result<store::Entry<'w>> {
    let entry = store::Entry::new(act, "service", id);
    if who.desk_over(&place.path).is_some() {
        return who.by_desk(&place.path, &place.id, entry);
    }
    let body = org.body.as_deref().filter(|b| who.in_body(b)).ok_or(Kind::Denied)?;
    let role = who.roles.iter().find(|r| r.body.as_deref() == Some(body)).ok_or(Kind::Denied)?;
    let (actor, party) = (who.actor(), role.body.as_deref());
    Ok(store::Entry { actor, role: Some(role.kind.as_str()), party, area: Some(&place.id), ..entry })
}
