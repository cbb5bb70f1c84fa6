//! What a reader of the standard asks for: filters, pages, forms.
//!
//! What must stay true: filters hold together; a name that means nothing is passed over, as the standard's clients expect, a
//! value that cannot be read is refused; conditions are columns with an index, and a page further on costs the rows before it.

use calc::geo::Point;
use serde_json::{Value as Json, json};
use store::{Query, Value, params};

use super::super::find;
use crate::kit::error::Kind;
use crate::kit::time::{self, Ms};
use crate::kit::{Error, Reply, Req, Result};

/// Entries of a page, and most of them.
const PAGE: i64 = 50;
const MOST: i64 = 500;
/// Entries that are given at once.
pub const EVERYTHING: i64 = 50_000;
/// Bytes of an answer.
pub const BYTES: usize = 64 << 20;
/// Entries that are read at a time.
const CHUNK: usize = 200;
/// Farthest from a postcode in metres.
const FAR: i64 = 50_000;

/// Which part of what fits.
#[derive(Clone, Copy, Debug)]
pub enum Part {
    /// A page, from 1, of so many.
    Page(i64, i64),
    /// Everything, a line for each.
    Lines,
}

/// Names and values of a request, in the address or in a body.
pub struct Ask<'a>(pub &'a Req<'a>);

impl Ask<'_> {
    /// A value; empty counts as absent.
    pub fn text(&self, name: &str) -> Option<String> {
        let body = self.0.json.as_ref().and_then(|j| j.get(name)).map(|v| match v {
            Json::String(s) => s.clone(),
            other => other.to_string(),
        });
        let said = self.0.query.get(name).or_else(|| self.0.form.get(name)).map(str::to_owned).or(body);
        said.map(|t| t.trim().to_owned()).filter(|t| !t.is_empty())
    }

    /// Yes or no.
    pub fn flag(&self, name: &'static str) -> Result<bool> {
        match self.text(name).as_deref() {
            None | Some("false" | "0" | "False") => Ok(false),
            Some("true" | "1" | "True") => Ok(true),
            Some(_) => Err(Kind::WrongType.at(name)),
        }
    }

    fn number(&self, name: &'static str, least: i64, most: i64) -> Result<Option<i64>> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let n: i64 = text.parse().map_err(|_| Kind::WrongType.at(name))?;
        if (least..=most).contains(&n) { Ok(Some(n)) } else { Err(Kind::OutOfRange.at(name).limit(most)) }
    }

    /// Which part.
    pub fn part(&self) -> Result<Part> {
        match self.text("format").as_deref() {
            None | Some("json") => {}
            Some("ndjson") => return Ok(Part::Lines),
            Some(_) => return Err(Kind::Unknown.at("format")),
        }
        // As many as there can be: whatever is beyond the end is an empty page.
        let page = self.number("page", 1, 1 << 40)?.unwrap_or(1);
        Ok(Part::Page(page, self.number("per_page", 1, MOST)?.unwrap_or(PAGE)))
    }

    fn moment(&self, name: &'static str) -> Result<Option<Ms>> {
        let zone = &self.0.app.config.zone;
        let read = |t: String| time::parse(&t).or_else(|| time::day_begin(&t, zone)).ok_or_else(|| Kind::WrongType.at(name));
        self.text(name).map(read).transpose()
    }
}

/// Conditions of a query with their parameters.
#[derive(Default)]
pub struct Where {
    conditions: Vec<String>,
    params: Vec<Value>,
}

impl Where {
    /// Adds one; `?` in it is the value.
    pub fn and(&mut self, condition: &str, value: impl Into<Value>) {
        self.params.push(value.into());
        self.conditions.push(condition.replace('?', &format!("${}", self.params.len())));
    }

    /// One of these numbers.
    fn among(&mut self, column: &str, nums: &[i64]) {
        // Numbers of ours, not words of somebody.
        let list: Vec<String> = nums.iter().map(ToString::to_string).collect();
        self.conditions.push(if list.is_empty() { "1 = 0".into() } else { format!("{column} in ({})", list.join(",")) });
    }

    fn sql(&self) -> String {
        if self.conditions.is_empty() { String::new() } else { format!(" where {}", self.conditions.join(" and ")) }
    }
}

/// The filters of services, and of services at places, whose column of short numbers is `num`.
pub fn services(ask: &Ask, q: &mut dyn Query, num: &str, org: &str, modified: &str) -> Result<Where> {
    let mut out = Where::default();
    if let Some(id) = ask.text("organization_id") {
        out.and(org, id);
    }
    if let Some(at) = ask.moment("modified_after")? {
        out.and(modified, at);
    }
    if let Some(term) = ask.text("taxonomy_term_id") {
        out.and(&format!("exists (select 1 from service_filed f where f.num = {num} and f.term = ?)"), term);
    }
    if let Some(taxonomy) = ask.text("taxonomy_id") {
        out.and(&format!("exists (select 1 from service_filed f where f.num = {num} and f.taxonomy = ?)"), taxonomy);
    }
    if let Some(text) = ask.text("search") {
        let found = find::matching(q, ask.0.app, &text)?;
        out.among(num, &found);
    }
    Ok(out)
}

/// The places around a postcode: a condition on the square, and how far each may be.
pub fn around(ask: &Ask, q: &mut dyn Query, out: &mut Where) -> Result<()> {
    let Some(postcode) = ask.text("postcode") else {
        return if ask.text("proximity").is_some() { Err(Kind::Missing.at("postcode")) } else { Ok(()) };
    };
    let metres = ask.number("proximity", 0, FAR)?;
    let Some(metres) = metres else {
        out.and("place in (select id from service_place where postcode = ?)", postcode);
        return Ok(());
    };
    let Some(point) = middle(q, &postcode)? else {
        out.among("num", &[]);
        return Ok(());
    };
    let ids = find::places_near(q, point, metres as u32)?;
    let list: Vec<String> = ids.iter().filter(|i| super::super::is_uuid(i)).map(|i| format!("'{i}'")).collect();
    out.conditions.push(if list.is_empty() { "1 = 0".into() } else { format!("place in ({})", list.join(",")) });
    Ok(())
}

/// Middle of the places with a postcode: added up here, for the engines round averages differently.
fn middle(q: &mut dyn Query, postcode: &str) -> Result<Option<Point>> {
    let sql = "select lat, lon from service_place where postcode = $1 and lat is not null order by id limit 2000";
    let rows = q.rows(sql, params![postcode])?;
    let (mut lat, mut lon) = (0i64, 0i64);
    for row in &rows {
        lat += row.get::<i64>("lat")?;
        lon += row.get::<i64>("lon")?;
    }
    let n = rows.len() as i64;
    Ok((n > 0).then(|| Point { lat: (lat / n) as i32, lon: (lon / n) as i32 }))
}

/// A list: how many fit, and the wanted part of them, each as `show` says it.
pub fn answer<T>(
    req: &Req,
    table: (&str, &str),
    filter: &Where,
    part: Part,
    read: fn(&store::Row) -> Result<T>,
    mut show: impl FnMut(&mut dyn Query, Vec<T>) -> Result<Vec<Json>>,
) -> Result<Reply> {
    let (columns, table) = table;
    let (at, many) = match part {
        Part::Page(page, size) => ((page - 1).saturating_mul(size), size),
        Part::Lines => (0, EVERYTHING + 1),
    };
    let (total, all) = req.app.db.read(|r| {
        let total = r.count(&format!("select count(*) from {table}{}", filter.sql()), &filter.params)?;
        if matches!(part, Part::Lines) && total > EVERYTHING {
            return Err(Error::from(Kind::TooMany).field("format").limit(EVERYTHING));
        }
        let sql = format!("select {columns} from {table}{} order by id limit {many} offset {at}", filter.sql());
        let rows = if at < total { r.rows(&sql, &filter.params)? } else { Vec::new() };
        let (mut out, mut bytes) = (Vec::with_capacity(rows.len()), 0);
        for some in rows.chunks(CHUNK) {
            for one in show(r, some.iter().map(read).collect::<Result<_>>()?)? {
                let text = serde_json::to_string(&one).map_err(Error::internal)?;
                bytes += text.len();
                if bytes > BYTES {
                    return Err(Error::from(Kind::TooLarge).field("format").limit((BYTES >> 10) as i64));
                }
                out.push(text);
            }
        }
        Ok((total, out))
    })?;
    Ok(of_part(part, total, &all))
}

/// A list that is in memory.
pub fn held(part: Part, all: &[Json]) -> Result<Reply> {
    let texts = |some: &[Json]| {
        some.iter().map(serde_json::to_string).collect::<std::result::Result<Vec<_>, _>>().map_err(Error::internal)
    };
    let some = match part {
        Part::Lines => all,
        Part::Page(page, size) => {
            let from = (page - 1).saturating_mul(size).clamp(0, all.len() as i64) as usize;
            &all[from..(from + size as usize).min(all.len())]
        }
    };
    Ok(of_part(part, all.len() as i64, &texts(some)?))
}

fn of_part(part: Part, total: i64, texts: &[String]) -> Reply {
    let Part::Page(page, size) = part else {
        let mut body = String::with_capacity(texts.iter().map(|t| t.len() + 1).sum());
        for text in texts {
            body.push_str(text);
            body.push('\n');
        }
        return open(Reply::of("application/x-ndjson; charset=utf-8", body));
    };
    let pages = (total + size - 1) / size;
    let head = json!({ "total_items": total, "total_pages": pages, "page_number": page, "size": texts.len(),
        "first_page": page == 1, "last_page": page >= pages, "empty": texts.is_empty() });
    let head = head.to_string();
    let body = format!("{},\"contents\":[{}]}}", &head[..head.len() - 1], texts.join(","));
    open(Reply::of("application/json; charset=utf-8", body))
}

/// Public data, for pages of any origin.
pub fn open(reply: Reply) -> Reply {
    reply.header("access-control-allow-origin", "*")
}
