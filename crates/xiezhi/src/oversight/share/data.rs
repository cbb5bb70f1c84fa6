//! Rows of a resource: taken from a source, checked against its fields, kept sealed by grade, read under a grant.
//!
//! What must stay true: what was made for another version of the fields is refused as a whole; a row that does not fit is
//! refused, counted and said why, and stops no other; a value that did not change keeps from where it came and when; the key
//! of a row lies in the database as a keyed digest; every value that is somebody's own leaves as a [`Graded`].

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use store::{Entry, Query, Tx, Value, hex, params};

use super::request::{self, Request};
use super::resource::{self, Resource};
use super::rules::State;
use super::schema::{self, Fault, Field, Values};
use super::{Book, rules};
use crate::base::catalogue::{Graded, Look, Relation, element};
use crate::kit::error::Kind;
use crate::kit::row::row;
use crate::kit::time::{self, Ms};
use crate::kit::{App, Result, Who};

/// Rows of one write: on PostgreSQL each new one is a statement or two.
const EACH: usize = 500;
/// Rows that are asked for in one statement.
const MARKS: usize = 100;

row! {
    /// A row as it is kept.
    #[derive(Clone, Debug)]
    #[expect(missing_docs, reason = "the columns of `share_row`, explained there")]
    pub struct Kept {
        pub id: String,
        pub resource: String,
        pub mark: String,
        pub place: Option<String>,
        pub plain: String,
        pub sealed: Option<Vec<u8>>,
        pub origin: String,
        pub source: String,
        pub taken_at: Ms,
        pub version: i64,
        pub seq: u64,
    }
}

/// From where a value is, and when it came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Origin {
    pub source: String,
    pub at: Ms,
    /// Of a value that was set right: digest of the wrong one, which its source may send again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not: Option<String>,
}

/// What a source brings: rows with the lines they stood in.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Batch {
    pub source: String,
    /// The version of the fields it was made for; none: the one that holds.
    pub version: Option<i64>,
    pub rows: Vec<(u64, Values)>,
}

/// What became of a batch.
#[derive(Clone, Debug, Default, Serialize, schemars::JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Taken {
    pub taken: usize,
    /// Of those, new or changed.
    pub changed: usize,
    pub refused: usize,
    pub faults: Vec<Fault>,
}

/// Rows that fit, and why others do not.
pub struct Checked {
    good: Vec<Values>,
    faults: Vec<Fault>,
    refused: usize,
}

impl Checked {
    /// Rows that fit.
    pub fn good(&self) -> &[Values] {
        &self.good
    }
    /// Why others do not.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }
    /// How many others.
    pub fn refused(&self) -> usize {
        self.refused
    }
}

/// Looks at every row, without the database.
pub fn check(fields: &[Field], rows: &[(u64, Values)], today: &str) -> Checked {
    let (mut good, mut faults, mut refused, mut seen) = (Vec::new(), Vec::new(), 0, BTreeSet::new());
    for (line, given) in rows {
        let fault = |(field, code): (String, &str)| Fault { line: *line, field, code: code.to_owned() };
        match schema::row(fields, given, today) {
            Err(all) => {
                refused += 1;
                faults.extend(all.into_iter().map(fault));
            }
            // Of two rows with one key nobody knows which is right: the first is taken, the second told.
            Ok(values) if !seen.insert(schema::key_of(fields, &values)) => {
                refused += 1;
                let key = fields.iter().find(|f| f.key).map(|f| f.name.clone()).unwrap_or_default();
                faults.push(fault((key, "duplicate")));
            }
            Ok(values) => good.push(values),
        }
    }
    Checked { good, faults, refused }
}

/// The digest under which the key of a row is found.
pub fn mark(q: &dyn Query, of: &Resource, key: &str) -> String {
    hex(&q.digest("share row", &format!("{}\u{1f}{key}", of.id))[..16])
}

/// The local day of now.
pub(crate) fn today(app: &App, now: Ms) -> String {
    time::rfc3339(now, &app.config.zone)[..10].to_owned()
}

/// Takes a batch in, some rows in each write.
pub fn take(app: &App, book: &Book, who: &Who, of: &Resource, batch: &Batch) -> Result<Taken> {
    if of.state != State::Published {
        return Err(Kind::State.into());
    }
    if batch.version.is_some_and(|v| v != of.version) {
        return Err(Kind::SchemaUnknown.at("version").limit(of.version));
    }
    let limits = &book.pack.limits;
    if batch.rows.len() > limits.batch {
        return Err(rules::too_many("rows", limits.batch as i64));
    }
    let fields = of.fields();
    let checked = check(&fields, &batch.rows, &today(app, app.now()));
    let (refused, mut faults) = (checked.refused, checked.faults);
    faults.truncate(limits.faults);
    let mut done = Taken { taken: checked.good.len(), refused, faults: faults.clone(), changed: 0 };
    let mut chunks: Vec<Vec<Values>> = checked.good.chunks(EACH).map(<[Values]>::to_vec).collect();
    if chunks.is_empty() {
        chunks.push(Vec::new());
    }
    for (n, rows) in chunks.into_iter().enumerate() {
        let (book, who, of, source) = (book.clone(), who.clone(), of.clone(), batch.source.clone());
        let told = (n == 0).then(|| (refused, faults.clone()));
        let write = move |tx: &mut Tx| part(tx, &book, &who, &of, &source, &rows, told.as_ref());
        done.changed += app.db.write(write)?.value;
    }
    Ok(done)
}

/// The rows that are there already, by their marks.
fn there(q: &mut dyn Query, of: &Resource, marks: &[String]) -> Result<BTreeMap<String, Kept>> {
    let named: Vec<String> = (2..=MARKS + 1).map(|i| format!("${i}")).collect();
    let sql = format!("select {COLUMNS} from share_row where resource = $1 and mark in ({})", named.join(","));
    let mut out = BTreeMap::new();
    for some in marks.chunks(MARKS) {
        let mut params: Vec<Value> = vec![of.id.as_str().into()];
        params.extend((0..MARKS).map(|i| Value::from(some[i.min(some.len() - 1)].as_str())));
        for row in q.rows(&sql, &params)? {
            let kept = read(&row)?;
            out.insert(kept.mark.clone(), kept);
        }
    }
    Ok(out)
}

/// Values that lie in clear, and those that lie sealed.
fn split(fields: &[Field], values: &Values) -> (Values, Values) {
    let own = |name: &String| fields.iter().find(|f| f.name == *name).is_none_or(Field::is_personal);
    values.clone().into_iter().partition(|(name, _)| !own(name))
}

fn text<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// The values of rows, opened.
pub(crate) fn open(q: &mut dyn Query, rows: &[Kept]) -> Result<Vec<Values>> {
    let sealed: Vec<(String, Vec<u8>)> = rows.iter().filter_map(|r| Some((r.id.clone(), r.sealed.clone()?))).collect();
    let opened: BTreeMap<String, Option<Vec<u8>>> = sealed.iter().map(|(id, _)| id.clone()).zip(q.open_many(&sealed)?).collect();
    let values = |r: &Kept| {
        let mut all: Values = serde_json::from_str(&r.plain).unwrap_or_default();
        let own = opened.get(&r.id).and_then(Option::as_ref).and_then(|b| serde_json::from_slice::<Values>(b).ok());
        all.extend(own.unwrap_or_default());
        all
    };
    Ok(rows.iter().map(values).collect())
}

/// One write of a batch; gives how many rows are new or changed.
fn part(
    tx: &mut Tx,
    book: &Book,
    who: &Who,
    of: &Resource,
    source: &str,
    rows: &[Values],
    told: Option<&(usize, Vec<Fault>)>,
) -> Result<usize> {
    // The desk may have looked at a change meanwhile.
    let now_of = resource::by_id(tx, &of.id)?;
    if now_of.version != of.version || now_of.state != State::Published {
        return Err(Kind::SchemaUnknown.at("version").limit(now_of.version));
    }
    let (fields, now) = (of.fields(), tx.now());
    let marks: Vec<String> = rows.iter().map(|v| mark(tx, of, &schema::key_of(&fields, v))).collect();
    let known = if marks.is_empty() { BTreeMap::new() } else { there(tx, of, &marks)? };
    let count = tx.count("select count(*) from share_row where resource = $1", params![&of.id])?;
    if count + (rows.len() - known.len()) as i64 > book.pack.limits.rows {
        return Err(rules::too_many("rows", book.pack.limits.rows));
    }
    let olds: Vec<Kept> = known.values().cloned().collect();
    let before: BTreeMap<String, Values> = olds.iter().map(|k| k.mark.clone()).zip(open(tx, &olds)?).collect();
    let rows: Vec<Values> = marks.iter().zip(rows).map(|(m, v)| kept_right(tx, known.get(m), before.get(m), v)).collect();
    let changed = |(m, v): &(&String, &Values)| before.get(*m) != Some(*v);
    let news: Vec<(&String, &Values)> = marks.iter().zip(&rows).filter(changed).collect();
    let refused = told.map_or(0, |t| t.0);
    let entry = of.entry(who, Entry::new("share.take", "share", &of.id)).fact("source", source).fact("taken", rows.len() as i64);
    let seq = tx.log(entry.fact("changed", news.len() as i64).fact("refused", refused as i64))?.index;
    let mut inserts = Vec::new();
    for (mark, values) in &news {
        let (plain, own) = split(&fields, values);
        let place = schema::place_of(&fields, values).map(str::to_owned);
        let old = known.get(*mark);
        let id = old.map_or_else(|| tx.id(), |k| k.id.clone());
        if old.is_none() {
            tx.new_owner_of(&id, &of.area)?;
        }
        let sealed = if own.is_empty() { None } else { Some(tx.seal(&id, text(&own).as_bytes())?) };
        let origin = text(&origins(old, before.get(*mark), values, source, now));
        if old.is_some() {
            let sql = "update share_row set place = $2, plain = $3, sealed = $4, origin = $5, source = $6, taken_at = $7, version = $8, \
                       seq = $9 where id = $1";
            tx.exec(sql, params![&id, place, text(&plain), sealed, origin, source, now, of.version, seq])?;
        } else {
            let row = params![&id, &of.id, *mark, place, text(&plain), sealed, origin, source, now, of.version, seq];
            inserts.push(row.to_vec());
        }
    }
    let columns = ["id", "resource", "mark", "place", "plain", "sealed", "origin", "source", "taken_at", "version", "seq"];
    tx.insert_many("share_row", &columns, &inserts)?;
    same(tx, of, source, marks.iter().zip(&rows).filter(|p| !changed(p)).map(|(m, _)| m.as_str()).collect())?;
    counted(tx, of, source, rows.len(), told)?;
    if !rows.is_empty() {
        request::supplied(tx, book, of)?;
    }
    Ok(news.len())
}

/// The digest of a value that was found wrong.
fn wrong(q: &dyn Query, row: &str, value: &str) -> String {
    hex(&q.digest("share wrong value", &format!("{row}\u{1f}{value}"))[..16])
}

/// A row as it comes, but for values that were set right: a source that sends the wrong one again changes nothing.
fn kept_right(q: &dyn Query, old: Option<&Kept>, before: Option<&Values>, given: &Values) -> Values {
    let (Some(old), Some(before)) = (old, before) else { return given.clone() };
    if !old.origin.contains("\"not\"") {
        return given.clone();
    }
    let origins: BTreeMap<String, Origin> = serde_json::from_str(&old.origin).unwrap_or_default();
    let is_wrong = |name: &str, value: &str| origins.get(name).and_then(|o| o.not.as_deref()) == Some(&*wrong(q, &old.id, value));
    let value = |(name, value): (&String, &String)| {
        let right = before.get(name).filter(|_| is_wrong(name, value)).unwrap_or(value);
        (name.clone(), right.clone())
    };
    given.iter().map(value).collect()
}

/// From where each value of a row is: what did not change stays from where it was.
fn origins(old: Option<&Kept>, before: Option<&Values>, now: &Values, source: &str, at: Ms) -> BTreeMap<String, Origin> {
    let mut was: BTreeMap<String, Origin> = old.and_then(|k| serde_json::from_str(&k.origin).ok()).unwrap_or_default();
    let of = |(name, value): (&String, &String)| {
        let same = before.and_then(|b| b.get(name)) == Some(value);
        let origin = was.remove(name).filter(|_| same).unwrap_or_else(|| Origin { source: source.to_owned(), at, not: None });
        (name.clone(), origin)
    };
    now.iter().map(of).collect()
}

/// Rows that say what they said: confirmed now.
fn same(tx: &mut Tx, of: &Resource, source: &str, marks: Vec<&str>) -> Result<()> {
    let now = tx.now();
    let named: Vec<String> = (4..=MARKS + 3).map(|i| format!("${i}")).collect();
    let sql = format!("update share_row set taken_at = $2, source = $3 where resource = $1 and mark in ({})", named.join(","));
    for some in marks.chunks(MARKS) {
        let mut params: Vec<Value> = vec![of.id.as_str().into(), now.into(), source.into()];
        params.extend((0..MARKS).map(|i| Value::from(some[i.min(some.len() - 1)])));
        tx.exec(&sql, &params)?;
    }
    Ok(())
}

/// How good the source is, and why rows of it were refused this time.
fn counted(tx: &mut Tx, of: &Resource, source: &str, taken: usize, told: Option<&(usize, Vec<Fault>)>) -> Result<()> {
    let now = tx.now();
    let sql = "insert into share_source(resource, source, taken, refused, corrected, last_at) values ($1,$2,$3,$4,0,$5) \
               on conflict(resource, source) do update set taken = share_source.taken + excluded.taken, \
               refused = share_source.refused + excluded.refused, last_at = excluded.last_at";
    tx.exec(sql, params![&of.id, source, taken, told.map_or(0, |t| t.0), now])?;
    let Some((_, faults)) = told else { return Ok(()) };
    tx.exec("delete from share_fault where resource = $1 and source = $2", params![&of.id, source])?;
    let row = |(n, f): (usize, &Fault)| params![&of.id, source, n, f.line, &f.field, &f.code, now].to_vec();
    let rows: Vec<Vec<Value>> = faults.iter().enumerate().map(row).collect();
    tx.insert_many("share_fault", &["resource", "source", "n", "line", "field", "code", "at"], &rows)?;
    Ok(())
}

/// A row as it leaves.
#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Out {
    pub id: String,
    pub values: Values,
    /// From where each value is, and when it came.
    pub origin: BTreeMap<String, OriginView>,
    /// When its source said so last.
    pub taken_at: String,
}

/// See [`Origin`].
#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct OriginView {
    pub source: String,
    pub at: String,
}

/// Which rows of a grant: those after an id, the one with a key, those that changed after a place in the log.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Which {
    pub after: String,
    pub mark: Option<String>,
    pub limit: i64,
}

/// Rows under a grant: the fields that were given, of the area that was given.
pub fn under(q: &mut dyn Query, of: &Resource, grant: &Request, which: &Which) -> Result<Vec<Kept>> {
    let place = grant.place.clone().unwrap_or_default();
    let end = format!("{place}\u{7f}");
    let sql = format!(
        "select {COLUMNS} from share_row where resource = $1 and id > $2 and ($3 = '' or mark = $3) \
         and ($4 = '' or (place >= $4 and place < $5)) order by id limit $6"
    );
    let mark = which.mark.clone().unwrap_or_default();
    let rows = q.rows(&sql, params![&of.id, &which.after, mark, &place, end, which.limit])?;
    Ok(rows.iter().map(read).collect::<store::Result<_>>()?)
}

/// Rows as they leave under a grant: what is somebody's own through a decision, and recorded.
pub fn out(app: &App, q: &mut dyn Query, of: &Resource, grant: &Request, rows: &[Kept], look: &mut Look) -> Result<Vec<Out>> {
    let (fields, given) = (of.fields(), grant.fields());
    let opened = open(q, rows)?;
    let mut out = Vec::with_capacity(rows.len());
    for (row, values) in rows.iter().zip(opened) {
        let origins: BTreeMap<String, Origin> = serde_json::from_str(&row.origin).unwrap_or_default();
        let mut one =
            Out { id: row.id.clone(), values: Values::new(), origin: BTreeMap::new(), taken_at: app.time(row.taken_at) };
        for field in fields.iter().filter(|f| given.contains(&f.name)) {
            let Some(value) = values.get(&field.name) else { continue };
            let Some(value) = leaves(field, row, value, &grant.number, look) else { continue };
            one.values.insert(field.name.clone(), value);
            if let Some(o) = origins.get(&field.name) {
                one.origin.insert(field.name.clone(), OriginView { source: o.source.clone(), at: app.time(o.at) });
            }
        }
        out.push(one);
    }
    Ok(out)
}

/// A value on its way out.
pub(crate) fn leaves(field: &Field, row: &Kept, value: &str, matter: &str, look: &mut Look) -> Option<String> {
    if !field.is_personal() {
        return Some(value.to_owned());
    }
    let value = look.at(&Graded::new("share.value", &row.id, value.to_owned()).of(matter), Relation::Involved)?;
    // The log of reads names the element, too, where it is one.
    if let Some(e) = field.element.as_deref().and_then(element) {
        look.gives(&row.id, e.code.as_str());
    }
    Some(value)
}

/// A row by its id.
pub(crate) fn by_id(q: &mut dyn Query, of: &Resource, id: &str) -> Result<Kept> {
    let sql = format!("select {COLUMNS} from share_row where resource = $1 and id = $2");
    q.row(&sql, params![&of.id, id])?.as_ref().map(read).transpose()?.ok_or_else(|| Kind::Unknown.at("entry"))
}

/// Sets a value right: checked by its field, with from where it now is. Called within an action that logged at `seq`.
pub(crate) fn correct(tx: &mut Tx, of: &Resource, row: &Kept, field: &Field, value: &str, source: &str, seq: u64) -> Result<()> {
    let now = tx.now();
    let mut values = open(tx, std::slice::from_ref(row))?.pop().unwrap_or_default();
    let was = values.insert(field.name.clone(), value.to_owned()).unwrap_or_default();
    let not = Some(wrong(tx, &row.id, &was));
    let (plain, own) = split(&of.fields(), &values);
    let sealed = if own.is_empty() { None } else { Some(tx.seal(&row.id, text(&own).as_bytes())?) };
    let mut origins: BTreeMap<String, Origin> = serde_json::from_str(&row.origin).unwrap_or_default();
    origins.insert(field.name.clone(), Origin { source: source.to_owned(), at: now, not });
    let place = schema::place_of(&of.fields(), &values).map(str::to_owned);
    let sql = "update share_row set place = $2, plain = $3, sealed = $4, origin = $5, seq = $6 where id = $1";
    tx.exec(sql, params![&row.id, place, text(&plain), sealed, text(&origins), seq])?;
    let sql = "update share_source set corrected = corrected + 1 where resource = $1 and source = $2";
    tx.exec(sql, params![&of.id, &row.source])?;
    Ok(())
}
