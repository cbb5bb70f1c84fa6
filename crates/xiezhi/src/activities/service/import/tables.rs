//! Tables of a package, a CSV for each, nested to what the standard's JSON is: HSDS's own, and the older ones of Open Referral
//! (hours by weekday, one place for each service, terms as a list of ids).
//!
//! What must stay true: a table that is no CSV in UTF-8 breaks the package as a whole; whatever belongs to nothing is left out;
//! contacts are not read at all.

use std::collections::{BTreeMap, HashMap};
use std::io::{Cursor, Read as _};

use serde_json::{Map, Value as Json, json};

use super::package::Nested;
use super::{ENTRIES, UNPACKED, broken};
use crate::kit::Result;

/// Files of a package that are looked at.
const FILES: usize = 200;

/// A row with its line.
type Row = (usize, Map<String, Json>);

/// Tables by the name of what is in them.
pub type Tables = BTreeMap<&'static str, Vec<Row>>;

/// Whether packed XML is a workbook.
pub fn is_workbook(bytes: &[u8]) -> bool {
    zip::ZipArchive::new(Cursor::new(bytes)).is_ok_and(|z| z.index_for_name("xl/workbook.xml").is_some())
}

/// What a file holds, by its name.
fn of_file(name: &str) -> Option<&'static str> {
    let name = name.rsplit(['/', '\\']).next()?.to_lowercase();
    Some(match name.strip_suffix(".csv")? {
        "organization" | "organizations" => "organization",
        "service" | "services" => "service",
        "location" | "locations" => "location",
        "service_at_location" | "service_at_locations" | "services_at_location" | "services_at_locations" => "at",
        "address" | "addresses" | "physical_addresses" => "address",
        "phone" | "phones" => "phone",
        "schedule" | "schedules" | "regular_schedule" | "regular_schedules" => "schedule",
        "language" | "languages" => "language",
        "taxonomy_term" | "taxonomy_terms" => "term",
        "taxonomy" | "taxonomies" => "taxonomy",
        "attribute" | "attributes" | "service_attributes" | "services_taxonomy" | "service_taxonomy" => "attribute",
        "required_document" | "required_documents" => "document",
        "cost_option" | "cost_options" => "cost",
        "funding" | "fundings" => "funding",
        "service_area" | "service_areas" => "area",
        "accessibility" | "accessibility_for_disabilities" => "accessibility",
        "service_capacity" | "service_capacities" | "capacity" | "capacities" => "capacity",
        "unit" | "units" => "unit",
        "program" | "programs" => "program",
        "organization_identifier" | "organization_identifiers" => "identifier",
        _ => return None,
    })
}

/// Reads one table.
fn table(bytes: &[u8]) -> Result<Vec<Row>> {
    let text = std::str::from_utf8(bytes).map_err(|_| broken(1))?.trim_start_matches('\u{feff}');
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let head: Vec<String> = reader.headers().map_err(|_| broken(1))?.iter().map(|h| h.trim().to_lowercase()).collect();
    if head.iter().all(String::is_empty) || head.iter().any(|h| h.contains(['<', '{', '\0'])) {
        return Err(broken(1));
    }
    let mut out = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|e| broken(e.position().map_or(1, |p| p.line() as usize)))?;
        let line = record.position().map_or(0, |p| p.line() as usize);
        if out.len() > ENTRIES * 10 {
            return Err(broken(line));
        }
        let cells = head.iter().zip(&record).filter(|(h, c)| !h.is_empty() && !c.trim().is_empty());
        let row: Map<String, Json> = cells.map(|(h, c)| (h.clone(), Json::from(c.trim()))).collect();
        if !row.is_empty() {
            out.push((line, row));
        }
    }
    Ok(out)
}

/// Takes tables by the names of their files.
pub fn take<'a>(files: impl Iterator<Item = (&'a str, &'a [u8])>) -> Result<Tables> {
    let mut out = Tables::new();
    for (name, bytes) in files {
        if let Some(kind) = of_file(name) {
            let mut rows = table(bytes)?;
            // The older taxonomy is the terms themselves.
            let terms = kind == "taxonomy" && rows.iter().any(|(_, r)| r.contains_key("taxonomy_id") && !r.contains_key("id"));
            for (_, row) in rows.iter_mut().filter(|_| terms) {
                if let Some(id) = row.remove("taxonomy_id") {
                    row.insert("id".into(), id);
                }
            }
            out.entry(if terms { "term" } else { kind }).or_default().extend(rows);
        }
    }
    Ok(out)
}

/// Unpacks a package.
pub fn unzip(bytes: &[u8]) -> Result<Tables> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|_| broken(0))?;
    let (mut files, mut left) = (Vec::new(), UNPACKED);
    for n in 0..archive.len().min(FILES) {
        let file = archive.by_index(n).map_err(|_| broken(0))?;
        let name = file.name().map_err(|_| broken(0))?.into_owned();
        if of_file(&name).is_none() {
            continue;
        }
        let mut content = Vec::new();
        // Whatever it claims: more than is left is not unpacked.
        file.take(left + 1).read_to_end(&mut content).map_err(|_| broken(0))?;
        left = left.checked_sub(content.len() as u64).ok_or_else(|| broken(0))?;
        files.push((name, content));
    }
    take(files.iter().map(|(n, c)| (n.as_str(), c.as_slice())))
}

fn text<'r>(row: &'r Map<String, Json>, name: &str) -> &'r str {
    row.get(name).and_then(Json::as_str).unwrap_or_default()
}

/// Children of rows, by a column that names the parent.
struct Children(HashMap<String, Vec<Json>>);

impl Children {
    fn of(tables: &Tables, kind: &str, column: &str) -> Children {
        let mut all: HashMap<String, Vec<Json>> = HashMap::new();
        for (_, row) in tables.get(kind).into_iter().flatten() {
            let parent = text(row, column);
            if !parent.is_empty() {
                all.entry(parent.to_owned()).or_default().push(Json::Object(row.clone()));
            }
        }
        Children(all)
    }

    fn put(&self, row: &mut Map<String, Json>, list: &str) {
        if let Some(all) = self.0.get(text(row, "id")) {
            row.insert(list.into(), all.clone().into());
        }
    }
}

/// Older words of the same things.
fn modern(row: &mut Map<String, Json>, names: &[(&str, &str)]) {
    for (old, new) in names {
        if let Some(value) = row.remove(*old) {
            row.entry(*new).or_insert(value);
        }
    }
}

/// A list in one cell, as rows.
fn split(row: &mut Map<String, Json>, column: &str, list: &str, field: &str) {
    let said = text(row, column).to_owned();
    let parts: Vec<Json> = said.split([',', ';']).map(str::trim).filter(|p| !p.is_empty()).map(|p| json!({ field: p })).collect();
    row.remove(column);
    if !parts.is_empty() {
        row.entry(list).or_insert(parts.into());
    }
}

/// Hours by the name of a weekday.
fn weekday(row: &mut Map<String, Json>) {
    const NAMES: [(&str, &str); 7] =
        [("mon", "MO"), ("tue", "TU"), ("wed", "WE"), ("thu", "TH"), ("fri", "FR"), ("sat", "SA"), ("sun", "SU")];
    let said = text(row, "weekday").to_lowercase();
    let number = said.parse::<usize>().ok().filter(|n| (1..=7).contains(n)).map(|n| NAMES[n - 1].1);
    let found = number.or_else(|| NAMES.iter().find(|(n, _)| said.starts_with(n)).map(|(_, d)| *d));
    if let Some(day) = found {
        row.insert("byday".into(), day.into());
    }
}

/// Puts tables into each other.
pub fn nested(tables: &Tables) -> Result<Nested> {
    if !tables.contains_key("service") && !tables.contains_key("organization") {
        return Err(broken(0));
    }
    for kind in ["service", "organization", "location"] {
        if let Some((line, _)) = tables.get(kind).into_iter().flatten().find(|(_, r)| text(r, "id").is_empty()) {
            return Err(broken(*line));
        }
    }
    let mut tables = tables.clone();
    tables.entry("schedule").or_default().iter_mut().for_each(|(_, row)| weekday(row));
    let units: HashMap<String, Json> =
        tables.get("unit").into_iter().flatten().map(|(_, r)| (text(r, "id").to_owned(), Json::Object(r.clone()))).collect();
    for (_, row) in tables.entry("capacity").or_default() {
        if let Some(unit) = units.get(text(row, "unit_id")) {
            row.insert("unit".into(), unit.clone());
        }
    }
    let orgs = organizations(&tables);
    let places = locations(&tables);
    let of = |kind, column| Children::of(&tables, kind, column);
    let lists = [
        ("phones", of("phone", "service_id")),
        ("schedules", of("schedule", "service_id")),
        ("languages", of("language", "service_id")),
        ("required_documents", of("document", "service_id")),
        ("cost_options", of("cost", "service_id")),
        ("funding", of("funding", "service_id")),
        ("service_areas", of("area", "service_id")),
        ("capacities", of("capacity", "service_id")),
        ("attributes", of("attribute", "service_id")),
        ("attributes", of("attribute", "link_id")),
    ];
    let (at_phones, at_schedules) = (of("phone", "service_at_location_id"), of("schedule", "service_at_location_id"));
    let programs: HashMap<String, &Map<String, Json>> =
        tables.get("program").into_iter().flatten().map(|(_, r)| (text(r, "id").to_owned(), r)).collect();
    let mut ats: HashMap<String, Vec<Json>> = HashMap::new();
    for (_, row) in tables.get("at").into_iter().flatten() {
        let mut row = row.clone();
        at_phones.put(&mut row, "phones");
        at_schedules.put(&mut row, "schedules");
        if let Some(place) = places.get(text(&row, "location_id")) {
            row.insert("location".into(), Json::Object(place.clone()));
            ats.entry(text(&row, "service_id").to_owned()).or_default().push(Json::Object(row));
        }
    }
    let mut out = Nested::default();
    for (line, row) in tables.get("service").into_iter().flatten() {
        let mut row = row.clone();
        lists.iter().for_each(|(list, children)| children.put(&mut row, list));
        older(&mut row);
        let place = places.get(text(&row, "location_id"));
        if let Some(place) = place {
            let at = json!({ "location": place });
            row.entry("service_at_locations").or_insert_with(|| vec![at].into());
        }
        if let Some(all) = ats.get(text(&row, "id")) {
            row.insert("service_at_locations".into(), all.clone().into());
        }
        if let Some(program) = programs.get(text(&row, "program_id")) {
            row.insert("program".into(), Json::Object((*program).clone()));
        }
        let org = [text(&row, "organization_id"), place.map_or("", |p| text(p, "organization_id"))]
            .into_iter()
            .find_map(|id| orgs.get(id));
        if let Some(org) = org {
            row.insert("organization".into(), Json::Object(org.clone()));
        }
        out.services.push((*line, Json::Object(row)));
    }
    let lines = tables.get("organization").into_iter().flatten().map(|(line, r)| (*line, text(r, "id").to_owned()));
    out.orgs = lines.filter_map(|(line, id)| Some((line, Json::Object(orgs.get(&id)?.clone())))).collect();
    let objects = |kind: &str| tables.get(kind).into_iter().flatten().map(|(_, r)| Json::Object(r.clone())).collect();
    (out.terms, out.taxonomies) = (objects("term"), objects("taxonomy"));
    Ok(out)
}

/// What the older tables of a service say in other words.
fn older(row: &mut Map<String, Json>) {
    modern(row, &[("fees", "fees_description"), ("eligibility", "eligibility_description"), ("website", "url")]);
    split(row, "languages", "languages", "name");
    split(row, "required_documents", "required_documents", "document");
    split(row, "funding_sources", "funding", "source");
    let areas = row.get("service_areas").is_some_and(Json::is_string);
    if areas {
        split(row, "service_areas", "service_areas", "name");
    }
    split(row, "taxonomy_ids", "attributes", "taxonomy_term_id");
}

fn organizations(tables: &Tables) -> HashMap<String, Map<String, Json>> {
    let phones = Children::of(tables, "phone", "organization_id");
    let identifiers = Children::of(tables, "identifier", "organization_id");
    let one = |(_, row): &Row| {
        let mut row = row.clone();
        phones.put(&mut row, "phones");
        identifiers.put(&mut row, "organization_identifiers");
        split(&mut row, "funding_sources", "funding", "source");
        (text(&row, "id").to_owned(), row)
    };
    tables.get("organization").into_iter().flatten().map(one).collect()
}

fn locations(tables: &Tables) -> HashMap<String, Map<String, Json>> {
    let of = |kind| Children::of(tables, kind, "location_id");
    let lists = [
        ("phones", of("phone")),
        ("schedules", of("schedule")),
        ("languages", of("language")),
        ("addresses", of("address")),
        ("accessibility", of("accessibility")),
    ];
    let one = |(_, row): &Row| {
        let mut row = row.clone();
        split(&mut row, "languages", "languages", "name");
        split(&mut row, "accessibility", "accessibility", "description");
        lists.iter().for_each(|(list, children)| children.put(&mut row, list));
        (text(&row, "id").to_owned(), row)
    };
    tables.get("location").into_iter().flatten().map(one).collect()
}
