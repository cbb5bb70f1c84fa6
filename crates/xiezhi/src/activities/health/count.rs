//! Telling counts: by whoever sees them, by residents of themselves; notices of disease control.
//!
//! What must stay true: a teller has one count for each area, source, syndrome and day, and what he tells again replaces it; the log
//! keeps both; of a resident there is a keyed digest and no name, so that twice is once.
//!
//! Log kinds written: `health.tell`, `health.own`, `health.notice`.

use std::collections::{BTreeMap, BTreeSet};

use store::{Entry, Query, Tx, Value, params};

use super::days::{self, Change, Name};
use super::pack::{Pack, Source};
use super::{Book, day_of, over};
use crate::base::area::{self, Area};
use crate::base::notice::{self, New};
use crate::base::roster;
use crate::kit::error::Kind;
use crate::kit::{Result, RoleKind, Who};

/// Who tells of themselves, as a teller.
pub const RESIDENTS: &str = "residents";

/// Where something is counted: an area, and the community it lies in.
#[derive(Clone, Debug)]
pub struct Spot {
    /// A community, or a grid of one.
    pub area: Area,
    /// The community.
    pub community: Area,
}

/// A place that is counted by itself: a community or a grid.
pub fn spot(q: &mut dyn Query, place: Area) -> Result<Spot> {
    let community = area::community_of(q, &place.id)?.ok_or_else(|| Kind::Unknown.at("area"))?;
    Ok(Spot { area: place, community })
}

/// A count.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Told {
    /// What.
    pub syndrome: String,
    /// On which day.
    pub day: i32,
    /// How many.
    pub cases: u32,
}

/// The role in which somebody tells a source at a place: one that the pack names, over the place or within it.
pub fn teller<'w>(who: &'w Who, source: &Source, place: &Area) -> Option<&'w crate::kit::Role> {
    if who.by.is_some() {
        return None;
    }
    let near = |r: &&crate::kit::Role| place.path.starts_with(&r.path) && source.is_told_by(r.kind);
    who.roles.iter().filter(near).max_by_key(|r| r.path.len())
}

/// Under which name a role tells: its organisation's, but grid workers and others who walk each for themselves.
pub(super) fn name<'w>(who: &'w Who, role: &'w crate::kit::Role) -> Option<&'w str> {
    let own = role.kind.walks() || role.kind == RoleKind::SocialWorker;
    role.body.as_deref().filter(|_| !own).or(who.actor())
}

/// Whether a day can be told of now.
pub fn is_day(pack: &Pack, day: i32, today: i32) -> bool {
    day <= today && day > today - pack.limits.back_days
}

/// Tells counts of one source at one place; gives the syndromes of which something changed.
pub fn tell(tx: &mut Tx, book: &Book, who: &Who, source: &str, spot: &Spot, all: &[Told]) -> Result<Vec<String>> {
    let sort = book.pack.told_by(source).ok_or_else(|| Kind::Unknown.at("source"))?;
    let role = teller(who, sort, &spot.area).ok_or(Kind::Denied)?;
    let teller = name(who, role).ok_or(Kind::SignIn)?;
    let today = day_of(tx.now(), &book.zone);
    for told in all {
        if book.pack.syndrome(&told.syndrome).is_none() || !sort.tells(&told.syndrome) {
            return Err(Kind::Unknown.at("syndrome"));
        }
        if !is_day(book.pack, told.day, today) {
            return Err(Kind::OutOfRange.at("day"));
        }
        if i64::from(told.cases) > book.pack.limits.cases {
            return Err(Kind::OutOfRange.at("cases").limit(book.pack.limits.cases));
        }
    }
    write(tx, who, teller, source, spot, all)
}

/// The same without asking who: for counts that the program itself adds up.
fn write(tx: &mut Tx, who: &Who, teller: &str, source: &str, spot: &Spot, all: &[Told]) -> Result<Vec<String>> {
    // Of a day that comes twice in one table the last row counts.
    let new: BTreeMap<(&str, i32), u32> = all.iter().map(|t| ((t.syndrome.as_str(), t.day), t.cases)).collect();
    let (Some(from), Some(to)) = (all.iter().map(|t| t.day).min(), all.iter().map(|t| t.day).max()) else {
        return Err(Kind::Missing.at("cases"));
    };
    let sql = "select syndrome, day, cases from health_count \
               where teller = $1 and source = $2 and area = $3 and day >= $4 and day <= $5";
    let mut old: BTreeMap<(String, i32), i64> = BTreeMap::new();
    for row in tx.rows(sql, params![teller, source, &spot.area.id, from, to])? {
        old.insert((row.get("syndrome")?, row.get("day")?), row.get("cases")?);
    }
    let was = |key: &(&str, i32)| old.get(&(key.0.to_owned(), key.1)).copied();
    let changed: Vec<((&str, i32), u32, Option<i64>)> =
        new.iter().map(|(k, n)| (*k, *n, was(k))).filter(|(_, n, was)| *was != Some(i64::from(*n))).collect();
    let lines: Vec<String> = new.iter().map(|((s, d), n)| format!("{s} {d} {n}")).collect();
    let digest = store::hex(tx.digest("health told", &lines.join("\n")));
    let entry = Entry { actor: who.actor(), area: Some(&spot.area.id), ..Entry::new("health.tell", "health", "") };
    let entry = entry.fact("source", source).fact("rows", new.len() as i64).fact("changed", changed.len() as i64);
    let mut entry = entry.fact("from", from).fact("to", to).fact("digest", digest);
    // Of a few counts the log says each, before and after.
    let some = changed.iter().map(|((s, d), n, was)| format!("{s} {d} {} {n}", was.map_or("-".into(), |w| w.to_string())));
    let some = some.collect::<Vec<_>>().join(";");
    if changed.len() <= 12 {
        entry = entry.fact("counts", some);
    }
    let (seq, now) = (tx.log(entry)?.index, tx.now());
    let mut rows: Vec<Vec<Value>> = Vec::new();
    let mut change = Change::new();
    for ((syndrome, day), cases, was) in &changed {
        match was {
            Some(_) => {
                let sql = "update health_count set cases = $6, told_by = $7, told_at = $8, log_seq = $9 \
                           where teller = $1 and source = $2 and syndrome = $3 and day = $4 and area = $5";
                tx.exec(sql, params![teller, source, *syndrome, *day, &spot.area.id, *cases, who.actor(), now, seq])?;
            }
            None => {
                let row = params![&spot.area.id, &spot.area.path, source, *syndrome, *day, teller, *cases, who.actor(), now, seq];
                rows.push(row.to_vec());
            }
        }
        let by = (i64::from(was.is_none()), i64::from(*cases) - was.unwrap_or(0));
        for name in names(spot, source, syndrome) {
            let sum = change.entry((name, *day)).or_default();
            *sum = (sum.0 + by.0, sum.1 + by.1);
        }
    }
    let columns = ["area", "path", "source", "syndrome", "day", "teller", "cases", "told_by", "told_at", "log_seq"];
    tx.insert_many("health_count", &columns, &rows)?;
    days::change(tx, &change)?;
    Ok(changed.iter().map(|(k, ..)| k.0.to_owned()).collect::<BTreeSet<_>>().into_iter().collect())
}

/// The series that a count belongs to: its community's, and its grid's.
fn names(spot: &Spot, source: &str, syndrome: &str) -> Vec<Name> {
    let name = |whole, area: &Area| Name {
        whole,
        area: area.id.clone(),
        path: area.path.clone(),
        source: source.to_owned(),
        syndrome: syndrome.to_owned(),
    };
    let mut out = vec![name(true, &spot.community)];
    if spot.area.id != spot.community.id {
        out.push(name(false, &spot.area));
    }
    out
}

/// Somebody tells of himself; gives the syndromes of which this is the first word of the day.
pub fn own(tx: &mut Tx, book: &Book, who: &Who, spot: &Spot, syndromes: &[String]) -> Result<Vec<String>> {
    let person = who.person.clone().filter(|_| who.by.is_none()).ok_or(Kind::SignIn)?;
    let source = book.pack.tells.iter().find(|s| s.own).ok_or_else(|| Kind::Unknown.at("source"))?;
    if syndromes.is_empty() {
        return Err(Kind::Missing.at("syndromes"));
    }
    if syndromes.len() > book.pack.limits.own {
        return Err(Kind::TooMany.at("syndromes").limit(book.pack.limits.own as i64));
    }
    if syndromes.iter().any(|s| book.pack.syndrome(s).is_none() || !source.tells(s)) {
        return Err(Kind::Unknown.at("syndromes"));
    }
    let day = day_of(tx.now(), &book.zone);
    let mut new = Vec::new();
    for syndrome in syndromes.iter().collect::<BTreeSet<_>>() {
        let mark = store::hex(tx.digest("health own", &format!("{person} {day} {syndrome}")));
        if tx.count("select count(*) from health_own where mark = $1", params![&mark])? == 0 {
            new.push((syndrome.clone(), mark));
        }
    }
    if new.is_empty() {
        return Ok(Vec::new());
    }
    // Who it was stands nowhere, in the log either: it is an entry of nobody.
    let entry = Entry { area: Some(&spot.area.id), ..Entry::new("health.own", "health", "") };
    tx.log(entry.fact("syndromes", new.len() as i64))?;
    let sql = "select syndrome, cases from health_count where teller = $1 and source = $2 and area = $3 and day = $4";
    let rows = tx.rows(sql, params![RESIDENTS, &source.id, &spot.area.id, day])?;
    let mut told = Vec::new();
    for (syndrome, mark) in &new {
        tx.exec("insert into health_own(mark, day) values ($1, $2)", params![mark, day])?;
        let mut before = 0;
        for row in &rows {
            if row.get::<String>("syndrome")? == *syndrome {
                before = row.get::<u64>("cases")? as u32;
            }
        }
        told.push(Told { syndrome: syndrome.clone(), day, cases: before + 1 });
    }
    write(tx, &Who::system(), RESIDENTS, &source.id, spot, &told)
}

/// Forgets digests of days that are over: nobody can tell of them again.
pub fn sweep(tx: &mut Tx, today: i32) -> Result<()> {
    tx.exec("delete from health_own where day < $1", params![today - 1])?;
    Ok(())
}

/// A notice of disease control.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields of the form")]
pub struct Notice {
    pub title: String,
    pub words: String,
    pub syndrome: String,
}

/// Publishes a notice to the desks of a place and beneath it.
pub fn notify(tx: &mut Tx, book: &Book, who: &Who, place: &Area, new: &Notice) -> Result<String> {
    let role = over(who, &place.path).filter(|_| who.by.is_none()).ok_or(Kind::Denied)?;
    if book.pack.syndrome(&new.syndrome).is_none() {
        return Err(Kind::Unknown.at("syndrome"));
    }
    let (id, now) = (tx.id(), tx.now());
    let (role_name, party) = (role.kind.as_str(), role.body.as_deref());
    let entry = Entry {
        actor: who.actor(),
        role: Some(role_name),
        party,
        area: Some(&place.id),
        ..Entry::new("health.notice", "health", &id)
    };
    let seq = tx.log(entry.fact("syndrome", new.syndrome.as_str()))?.index;
    let sql = "insert into health_notice(id, title, words, syndrome, area, path, made_by, made_at, log_seq) \
               values ($1,$2,$3,$4,$5,$6,$7,$8,$9)";
    tx.exec(sql, params![&id, &new.title, &new.words, &new.syndrome, &place.id, &place.path, who.actor(), now, seq])?;
    let desks: Vec<String> = book.chart.beneath(&place.path).filter(|b| b.kind.is_desk()).map(|b| b.id.clone()).collect();
    let mut told = BTreeSet::new();
    for desk in desks {
        told.extend(roster::reachable(tx, &desk, now, false)?);
    }
    told.retain(|p| Some(p.as_str()) != who.actor());
    let tell =
        |person| New { person, at: now, kind: "health-notice".into(), subject: "notices".into(), class: None, urgent: false };
    notice::put(tx, &book.zone, &told.into_iter().map(tell).collect::<Vec<_>>())?;
    Ok(id)
}
