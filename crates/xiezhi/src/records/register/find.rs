//! Finding records: by name, number, telephone or the end of one, by area, by tag.
//!
//! What must stay true: nobody finds what he may not read; the end of a number finds only within a community; nothing is
//! searched in clear, because nothing lies there in clear.

use std::collections::BTreeSet;

use calc::codes;
use store::{Query, params};

use super::joined;
use super::person::{self, Person};
use super::rules::{self, State};
use crate::base::area::{self, Area};
use crate::kit::{Result, Who};

/// Records of a page.
pub const PAGE: i64 = 50;

/// People with a tag that are looked at in a community.
const TAGGED: i64 = 2_000;

/// A page of records, and from where the next one goes on.
pub type Page = (Vec<Person>, Option<String>);

/// The areas whose register somebody may read: his grids, his community, or the communities beneath.
pub fn areas(q: &mut dyn Query, who: &Who) -> store::Result<Vec<Area>> {
    let mut out: Vec<Area> = Vec::new();
    for role in &who.roles {
        if rules::relation(who, &role.path).is_none() {
            continue;
        }
        let all = match area::by_id(q, &role.area)? {
            Some(own) if matches!(own.kind.as_str(), "grid" | "community") => vec![own],
            _ => area::beneath(q, &role.path, "community")?,
        };
        for one in all {
            if !out.iter().any(|a| a.id == one.id) {
                out.push(one);
            }
        }
    }
    out.sort_by(|a, b| a.code.cmp(&b.code));
    Ok(out)
}

/// Records that somebody means by what he typed: a whole name, number or telephone, or the last four signs of one.
pub fn search(q: &mut dyn Query, who: &Who, typed: &str) -> Result<Vec<Person>> {
    let half: String = typed.chars().map(codes::half_width).filter(|c| !c.is_whitespace()).collect();
    let number = half.to_ascii_uppercase();
    let mut marks = vec![person::mark(q, "name", &person::spelling(typed))];
    if number.len() >= 15 {
        marks.push(person::mark(q, "id", &number));
    }
    if number.chars().filter(char::is_ascii_digit).count() >= 7 {
        marks.push(person::mark(q, "phone", &person::phone(typed)));
    }
    if number.len() == 4 && number.is_ascii() {
        for area in areas(q, who)? {
            let community = community(q, &area)?;
            marks.push(person::mark(q, "tail", &person::tail(&community, &number)));
        }
    }
    let mut out = Vec::new();
    for mark in marks {
        out.extend(person::marked(q, &mark, PAGE)?);
    }
    readable(q, who, out)
}

/// The community of an area, or the area itself where there is none.
fn community(q: &mut dyn Query, area: &Area) -> store::Result<String> {
    Ok(area::community_of(q, &area.id)?.map_or_else(|| area.id.clone(), |c| c.id))
}

/// Whoever has a tag in a community, or in a grid of it.
pub fn tagged(q: &mut dyn Query, who: &Who, area: &Area, code: &str) -> Result<Vec<Person>> {
    let community = community(q, area)?;
    let mark = person::mark(q, "tag", &person::tagged(&community, code));
    let mut all = person::marked(q, &mark, TAGGED)?;
    all.retain(|one| one.spot.path.starts_with(&area.path));
    readable(q, who, all)
}

/// What this reader may know of, each person once: the record that stands for the others.
fn readable(q: &mut dyn Query, who: &Who, found: Vec<Person>) -> Result<Vec<Person>> {
    let (mut seen, mut out) = (BTreeSet::new(), Vec::new());
    for one in found {
        let one = match &one.golden {
            Some(id) => person::by_id(q, id)?.unwrap_or(one),
            None => one,
        };
        if rules::relation(who, &one.spot.path).is_some() && seen.insert(one.id.clone()) {
            out.push(one);
        }
    }
    out.sort_by(|a, b| {
        (a.state != State::Here, &a.spot.path, &a.dwelling, &a.id).cmp(&(
            b.state != State::Here,
            &b.spot.path,
            &b.dwelling,
            &b.id,
        ))
    });
    out.truncate(PAGE as usize);
    joined::complete(q, &mut out)?;
    Ok(out)
}

/// The records of an area, a page of them.
pub fn of_area(q: &mut dyn Query, path: &str, kind: person::Of, after: Option<(&str, &str)>) -> Result<Page> {
    let (from, id) = after.unwrap_or((path, ""));
    let sql = format!(
        "select {} from resident r where r.path >= $1 and r.path < $2 and (r.path, r.id) > ($3, $4) and r.kind = $5 \
         and r.state = 'here' and r.golden is null order by r.path, r.id limit $6",
        person::columns()
    );
    let rows = q.rows(&sql, params![path, area::end_of(path), from, id, kind, PAGE + 1])?;
    let mut people = person::read(q, &rows)?;
    let more = people.len() as i64 > PAGE;
    people.truncate(PAGE as usize);
    joined::complete(q, &mut people)?;
    let next = people.last().filter(|_| more).map(|p| format!("{}|{}", p.spot.path, p.id));
    Ok((people, next))
}

/// Whether the register holds an organisation under this unified social credit code: a yes or no, no record is read.
pub fn holds_code(q: &mut dyn Query, uscc: &str) -> store::Result<bool> {
    let mark = person::mark(q, "id", uscc);
    Ok(q.count("select count(*) from resident_mark where mark = $1", params![mark])? > 0)
}
