//! Writing entries of the directory: new, changed, confirmed, shut for a while.
//!
//! Every action has one shape: may you? → load → rules decide → write → log. [`put`] writes a service with all that it is found
//! by; imports use it, too.

use calc::geo;
use store::{Query, Tx, Value, params};

use super::data::{AtDetails, Details, OrgDetails, PlaceDetails};
use super::terms::Terms;
use super::{Org, Place, Service, Status, by_id, derived, entry, org_by_id, words};
use crate::base::area::{self, Area};
use crate::base::party::{self, standing};
use crate::kit::error::Kind;
use crate::kit::time::{DAY, Ms};
use crate::kit::{Error, Result, Who};

/// Days after which an owner is asked to confirm, when nobody said otherwise.
pub const EVERY_DAYS: i64 = 90;
/// Most of these days.
pub const MOST_DAYS: i64 = 400;
/// Places of one service.
pub const PLACES: usize = 50;

/// Where an entry came from: the source, its id there, a digest of what came.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the line above says it")]
pub struct From {
    pub source: String,
    pub id: String,
    pub mark: String,
}

/// Where a service is.
#[derive(Clone, Debug)]
pub struct Site {
    /// Id of the row.
    pub id: String,
    /// Id of the place.
    pub place: String,
    /// The square it lies in.
    pub cell: Option<i64>,
    /// What is said of the service there alone.
    pub details: AtDetails,
}

/// A service as it is to be.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns of `service`")]
pub struct New {
    pub id: String,
    pub org: String,
    pub org_name: String,
    pub name: String,
    pub status: Status,
    pub area: String,
    pub path: String,
    pub details: Details,
    pub assured_at: Option<Ms>,
    pub every_days: i64,
    pub sites: Vec<Site>,
    pub from: Option<From>,
}

fn pieces(name: &str, details: &Details, org_name: &str) -> Vec<(String, i64)> {
    let mut besides: Vec<&str> = details.alternate.as_deref().into_iter().collect();
    besides.extend(details.keywords.iter().map(String::as_str));
    let rest: Vec<&str> = [org_name].into_iter().chain(details.about.as_deref()).collect();
    words::of_service(name, &besides, &rest)
}

/// Writes a service in place of what it was and everything it is found by. The caller logs.
pub fn put(tx: &mut Tx, terms: &Terms, new: &New, old: Option<&Service>, num: i64, log_seq: u64) -> Result<()> {
    let now = tx.now();
    if let Some(old) = old {
        forget(tx, old)?;
    }
    let stale_at = if new.status.is_shown() { new.assured_at.map(|at| at + new.every_days * DAY) } else { None };
    let details = serde_json::to_string(&new.details).map_err(Error::internal)?;
    let (source, source_id, mark) = new
        .from
        .as_ref()
        .map(|f| (f.source.as_str(), f.id.as_str(), f.mark.as_str()))
        .map_or((None, None, None), |(s, i, m)| (Some(s), Some(i), Some(m)));
    let sql = "insert into service(id, num, org, org_said, name, status, area, path, details, assured_at, every_days, stale_at, made_at, modified_at, \
               source, source_id, mark, log_seq) values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$13,$14,$15,$16,$17) on conflict(id) do update set \
               org = excluded.org, org_said = excluded.org_said, name = excluded.name, status = excluded.status, area = excluded.area, path = excluded.path, \
               details = excluded.details, assured_at = excluded.assured_at, every_days = excluded.every_days, stale_at = excluded.stale_at, \
               modified_at = excluded.modified_at, mark = excluded.mark, log_seq = excluded.log_seq";
    tx.exec(
        sql,
        params![
            &new.id,
            num,
            &new.org,
            &new.org_name,
            &new.name,
            new.status,
            &new.area,
            &new.path,
            details,
            new.assured_at,
            new.every_days,
            stale_at,
            now,
            source,
            source_id,
            mark,
            log_seq
        ],
    )?;
    let rows: Vec<Vec<Value>> = pieces(&new.name, &new.details, &new.org_name)
        .into_iter()
        .map(|(word, field)| params![word, field, &new.path, num].to_vec())
        .collect();
    tx.insert_many("service_word", &["word", "field", "path", "num"], &rows)?;
    let mut filed: Vec<_> = new.details.terms.iter().filter_map(|t| terms.get(t)).collect();
    filed.sort_by(|a, b| a.id.cmp(&b.id));
    filed.dedup_by(|a, b| a.id == b.id);
    let rows: Vec<Vec<Value>> = filed.iter().map(|t| params![&t.id, &new.path, num, &t.taxonomy].to_vec()).collect();
    tx.insert_many("service_filed", &["term", "path", "num", "taxonomy"], &rows)?;
    let mut rows = Vec::new();
    for site in &new.sites {
        let details = serde_json::to_string(&site.details).map_err(Error::internal)?;
        rows.push(params![&site.id, &new.id, num, &site.place, site.cell, details, now].to_vec());
    }
    tx.insert_many("service_at", &["id", "service", "num", "place", "cell", "details", "modified_at"], &rows)?;
    Ok(())
}

/// Takes away what a service was found by.
fn forget(tx: &mut Tx, old: &Service) -> Result<()> {
    let known = pieces(&old.name, &old.details, &old.org_said);
    if let Some((first, _)) = known.first() {
        // Always as many parameters, so that there is one prepared statement.
        let marks: Vec<String> = (3..3 + words::MOST).map(|i| format!("${i}")).collect();
        let sql = format!(
            "delete from service_word where word in ({}) and field in (0, 1, 2) and path = $1 and num = $2",
            marks.join(",")
        );
        let mut params: Vec<Value> = params![&old.path, old.num].to_vec();
        params.extend((0..words::MOST).map(|i| Value::from(known.get(i).map_or(first, |(w, _)| w))));
        tx.exec(&sql, &params)?;
    }
    tx.exec("delete from service_filed where num = $1", params![old.num])?;
    tx.exec("delete from service_at where service = $1", params![&old.id])?;
    Ok(())
}

/// The next short number.
pub fn next_num(tx: &mut Tx) -> Result<i64> {
    Ok(tx.count("select max(num) from service", &[])? + 1)
}

/// Writes an organisation. The caller logs.
pub fn put_org(tx: &mut Tx, org: &Org, from: Option<&From>) -> Result<()> {
    let now = tx.now();
    let details = serde_json::to_string(&org.details).map_err(Error::internal)?;
    let sql = "insert into service_org(id, name, body, details, modified_at, source, source_id, mark) values ($1,$2,$3,$4,$5,$6,$7,$8) \
               on conflict(id) do update set name = excluded.name, body = excluded.body, details = excluded.details, \
               modified_at = excluded.modified_at, mark = excluded.mark";
    let (source, id, mark) =
        from.map(|f| (&f.source, &f.id, &f.mark)).map_or((None, None, None), |(s, i, m)| (Some(s), Some(i), Some(m)));
    tx.exec(
        sql,
        params![
            &org.id,
            &org.name,
            &org.body,
            details,
            now,
            source.map(String::as_str),
            id.map(String::as_str),
            mark.map(String::as_str)
        ],
    )?;
    Ok(())
}

/// Writes a place. The caller logs.
pub fn put_place(tx: &mut Tx, place: &Place, from: Option<&From>) -> Result<()> {
    let now = tx.now();
    let details = serde_json::to_string(&place.details).map_err(Error::internal)?;
    let (lat, lon) = place.point.map(|p| (p.lat, p.lon)).unzip();
    let (source, id, mark) =
        from.map(|f| (&f.source, &f.id, &f.mark)).map_or((None, None, None), |(s, i, m)| (Some(s), Some(i), Some(m)));
    let sql = "insert into service_place(id, org, name, area, path, lat, lon, cell, postcode, details, modified_at, source, source_id, mark) \
               values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14) on conflict(id) do update set org = excluded.org, name = excluded.name, \
               area = excluded.area, path = excluded.path, lat = excluded.lat, lon = excluded.lon, cell = excluded.cell, \
               postcode = excluded.postcode, details = excluded.details, modified_at = excluded.modified_at, mark = excluded.mark";
    tx.exec(
        sql,
        params![
            &place.id,
            &place.org,
            &place.name,
            &place.area,
            &place.path,
            lat,
            lon,
            place.point.map(geo::cell),
            &place.postcode,
            details,
            now,
            source.map(String::as_str),
            id.map(String::as_str),
            mark.map(String::as_str)
        ],
    )?;
    Ok(())
}

/// The entry of an organisation of the party list, made when it has none.
pub fn org_of_body(tx: &mut Tx, body: &str) -> Result<Org> {
    let sql = format!("select {} from service_org where body = $1 order by id limit 1", super::ORG);
    if let Some(row) = tx.row(&sql, params![body])? {
        return super::org(&row);
    }
    let known = party::body_by_id(tx, body)?.ok_or_else(|| Kind::Unknown.at("org"))?;
    let phones = known.phone.iter().map(|p| super::data::Phone { number: p.clone(), ..Default::default() }).collect();
    let org = Org {
        id: derived(&["body", &known.id]),
        name: known.name,
        body: Some(known.id),
        details: OrgDetails { phones, ..OrgDetails::default() },
        modified_at: tx.now(),
        mark: None,
    };
    put_org(tx, &org, None)?;
    Ok(org)
}

/// The organisation with this name that is none of the party list, made when there is none.
pub fn org_named(tx: &mut Tx, name: &str) -> Result<Org> {
    let id = derived(&["org", name]);
    match org_by_id(tx, &id) {
        Ok(org) => Ok(org),
        Err(e) if e.kind == Kind::NotFound => {
            let org =
                Org { id, name: name.into(), body: None, details: OrgDetails::default(), modified_at: tx.now(), mark: None };
            put_org(tx, &org, None)?;
            Ok(org)
        }
        Err(e) => Err(e),
    }
}

/// What the directory has under this unified social credit code, and is nobody's yet, is this organisation's from now on;
/// says which it was. The caller logs.
pub fn claim(tx: &mut Tx, uscc: &str, body: &str) -> Result<Option<String>> {
    let found = super::org_of_code(tx, uscc)?.into_iter().find(|o| o.body.is_none());
    let Some(org) = found else { return Ok(None) };
    tx.exec("update service_org set body = $2 where id = $1", params![&org.id, body])?;
    Ok(Some(org.id))
}

/// Who offers it.
#[derive(Clone, Debug)]
pub enum Offers {
    /// An organisation of the party list.
    Body(String),
    /// Another one, by its name.
    Named(String),
}

/// Where it is, as somebody writes it on a form.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the fields of the form")]
pub struct Spot {
    pub name: String,
    pub point: Option<geo::Point>,
    pub postcode: Option<String>,
    pub details: PlaceDetails,
}

/// An entry as somebody writes it.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields of the form")]
pub struct Written {
    pub offers: Offers,
    pub name: String,
    pub status: Status,
    /// Code of the area it is for; the desk's own when empty.
    pub area: String,
    pub details: Details,
    pub every_days: i64,
    pub spot: Option<Spot>,
}

/// Writes a new entry, or another text of one; gives its id. Whoever writes it has confirmed it.
pub fn save(tx: &mut Tx, terms: &Terms, who: &Who, id: Option<&str>, new: &Written) -> Result<String> {
    let old = id.map(|id| by_id(tx, id)).transpose()?;
    let old_org = old.as_ref().map(|o| org_by_id(tx, &o.org)).transpose()?;
    let place = area_of(tx, who, old.as_ref(), &new.area)?;
    if let (Some(old), Some(org)) = (&old, &old_org)
        && !super::keeps(who, &old.path, org)
    {
        return Err(Kind::Denied.into());
    }
    let org = match &new.offers {
        Offers::Body(body) => org_of_body(tx, body)?,
        Offers::Named(name) => org_named(tx, name)?,
    };
    // Whoever is no desk writes for his own organisation alone.
    if !super::keeps(who, &place.path, &org) {
        return Err(Kind::Denied.at("org"));
    }
    if old.is_none() && who.desk_over(&place.path).is_none() {
        let now = tx.now();
        standing::insist(tx, org.body.as_deref(), now)?;
    }
    let id = old.as_ref().map_or_else(|| tx.id(), |o| o.id.clone());
    let text = serde_json::to_string(&new.details).map_err(Error::internal)?;
    let entry = entry(who, "service.save", &place, &org, &id)?;
    let entry = entry.fact("name", new.name.as_str()).fact("status", new.status.as_str()).fact("org", org.id.as_str());
    let seq = tx.log(entry.fact("digest", crate::kit::digest(&[text])))?.index;
    let mut sites = kept_sites(tx, old.as_ref())?;
    if let Some(spot) = &new.spot {
        // The form has the first place; others came with a package and stay.
        let known = sites.first().cloned();
        let place_id = known.as_ref().map_or_else(|| derived(&["place", &id]), |s| s.place.clone());
        let row = Place {
            id: place_id.clone(),
            org: org.id.clone(),
            name: if spot.name.is_empty() { org.name.clone() } else { spot.name.clone() },
            area: place.id.clone(),
            path: place.path.clone(),
            point: spot.point,
            postcode: spot.postcode.clone(),
            details: spot.details.clone(),
            mark: None,
        };
        put_place(tx, &row, None)?;
        let site = Site {
            id: derived(&["at", &id, &place_id]),
            place: place_id,
            cell: spot.point.map(geo::cell),
            details: known.map(|s| s.details).unwrap_or_default(),
        };
        if sites.is_empty() { sites.push(site) } else { sites[0] = site }
    }
    let num = match &old {
        Some(old) => old.num,
        None => next_num(tx)?,
    };
    let service = New {
        id: id.clone(),
        org: org.id,
        org_name: org.name,
        name: new.name.clone(),
        status: new.status,
        area: place.id,
        path: place.path,
        details: new.details.clone(),
        assured_at: Some(tx.now()),
        every_days: new.every_days,
        sites,
        from: None,
    };
    put(tx, terms, &service, old.as_ref(), num, seq)?;
    Ok(id)
}

fn kept_sites(q: &mut dyn Query, old: Option<&Service>) -> Result<Vec<Site>> {
    let Some(old) = old else { return Ok(Vec::new()) };
    let all = super::ats(q, [&old.id])?;
    let places = super::places(q, all.iter().map(|a| &a.place))?;
    let cell = |id: &str| places.iter().find(|p| p.id == id).and_then(|p| p.point).map(geo::cell);
    Ok(all.into_iter().map(|a| Site { id: a.id, cell: cell(&a.place), place: a.place, details: a.details }).collect())
}

/// The area an entry is for: what a desk names within its own; an owner's entry stays where it is, or is where the owner works.
fn area_of(q: &mut dyn Query, who: &Who, old: Option<&Service>, code: &str) -> Result<Area> {
    if who.nearest_desk().is_some() && (old.is_none() || !code.is_empty()) {
        return area::of_desk(q, who, code);
    }
    let own = who.roles.iter().find(|r| r.body.is_some() && r.kind.is_handler() && !r.kind.walks());
    let id = old.map(|o| o.area.as_str()).or(own.map(|r| r.area.as_str())).ok_or(Kind::Denied)?;
    area::by_id(q, id)?.ok_or_else(|| Kind::Unknown.at("area"))
}

/// What is loaded before an entry is confirmed or shut.
fn kept(tx: &mut Tx, who: &Who, id: &str) -> Result<(Service, Org, Area)> {
    let service = by_id(tx, id)?;
    let org = org_by_id(tx, &service.org)?;
    if !super::keeps(who, &service.path, &org) {
        return Err(Kind::Denied.into());
    }
    let place = area::by_id(tx, &service.area)?.ok_or_else(|| Kind::Unknown.at("area"))?;
    Ok((service, org, place))
}

/// Its owner says that all of it is still right.
pub fn confirm(tx: &mut Tx, who: &Who, id: &str) -> Result<()> {
    let (service, org, place) = kept(tx, who, id)?;
    let now = tx.now();
    let seq = tx.log(entry(who, "service.confirm", &place, &org, id)?)?.index;
    let stale_at = service.status.is_shown().then_some(now + service.every_days * DAY);
    let sql = "update service set assured_at = $2, stale_at = $3, modified_at = $2, log_seq = $4 where id = $1";
    tx.exec(sql, params![id, now, stale_at, seq])?;
    Ok(())
}

/// It is shut for a while, or for ever, or can be had again; `note` is what people read about it.
pub fn set_status(tx: &mut Tx, who: &Who, id: &str, status: Status, note: Option<&str>) -> Result<()> {
    let (service, org, place) = kept(tx, who, id)?;
    let now = tx.now();
    let entry = entry(who, "service.status", &place, &org, id)?.fact("status", status.as_str());
    let seq = tx.log(entry.fact("digest", crate::kit::digest(&[note.unwrap_or_default().into()])))?.index;
    let details = Details { alert: note.map(Into::into), ..service.details };
    let details = serde_json::to_string(&details).map_err(Error::internal)?;
    let stale_at = status.is_shown().then_some(now + service.every_days * DAY);
    let sql = "update service set status = $2, details = $3, assured_at = $4, stale_at = $5, modified_at = $4, log_seq = $6 where id = $1";
    tx.exec(sql, params![id, status, details, now, stale_at, seq])?;
    Ok(())
}
