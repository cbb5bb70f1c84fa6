//! The directory comes in: packages of others in the shape of HSDS (JSON, a line for each, tables in a zip or a folder; also
//! the older tables of Open Referral), and tables of clerks.
//!
//! What must stay true: a file is read as a whole before anything is written, and one that cannot be read changes nothing; good
//! entries are taken and every other is named with its line and why; the same file twice changes nothing, by the source and the
//! ids there; nobody's names or numbers come in with it (contacts are left out); a source never overwrites another's entries.
//!
//! Log kinds written: `service.import`.

/// HSDS as JSON.
pub mod package;
/// Tables of clerks.
pub mod sheet;
/// Tables of a package.
pub mod tables;
/// The page.
pub mod web;

use std::collections::{BTreeMap, HashMap};

use store::{Entry, Query, Tx, Value};

use super::act::{self, From, New};
use super::terms::{Taxonomy, Term, Terms};
use super::{Org, Place, Service};
use crate::base::area::{self, Area};
use crate::kit::error::Kind;
use crate::kit::{App, Error, Result, Who};

/// Largest file in bytes, and what it may unpack to.
pub const BYTES: usize = 64 << 20;
pub(super) const UNPACKED: u64 = 512 << 20;
/// Entries of one file.
pub const ENTRIES: usize = 200_000;
/// Entries of one write: others wait no longer than for one.
const CHUNK: usize = 100;

/// An entry that comes in.
#[derive(Clone, Debug)]
pub struct Unit {
    /// Its line, or which one it is.
    pub line: usize,
    /// Who offers it.
    pub org: Org,
    /// Where that came from.
    pub org_from: From,
    /// Its places.
    pub places: Vec<(Place, From)>,
    /// The service; an organisation may come alone.
    pub service: Option<New>,
}

/// What a file holds.
#[derive(Default)]
pub struct Read {
    /// Entries that can be taken.
    pub units: Vec<Unit>,
    /// Lists of terms that come with it.
    pub taxonomies: Vec<Taxonomy>,
    /// Terms.
    pub terms: Vec<Term>,
    /// What cannot be taken.
    pub rejected: Vec<Refused>,
}

/// An entry that cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Refused {
    /// Its line.
    pub line: usize,
    /// A stable word.
    pub reason: &'static str,
    /// The column it is about, where it is about one.
    pub column: String,
}

impl Refused {
    fn new(line: usize, reason: &'static str) -> Refused {
        Refused { line, reason, column: String::new() }
    }
}

/// What became of a file.
#[derive(Clone, Copy, Debug, Default)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Done {
    pub added: usize,
    pub changed: usize,
    pub same: usize,
}

/// From where, for which place, and what already is filed.
pub struct Target<'a> {
    /// Name of the source: the same at every delivery.
    pub source: &'a str,
    /// For whom what comes in is.
    pub area: &'a Area,
    /// Everything known of terms.
    pub terms: &'a Terms,
    /// The program.
    pub app: &'a App,
}

/// A broken file: `line` of it, or 0 when it is none that is known.
pub(super) fn broken(line: usize) -> Error {
    Kind::BadPackage.at("file").limit(line as i64)
}

/// Reads one file, whatever it is.
pub fn read(target: &Target, bytes: &[u8]) -> Result<Read> {
    if bytes.len() > BYTES {
        return Err(Error::from(Kind::TooLarge).field("file").limit((BYTES >> 10) as i64));
    }
    let first = bytes.iter().find(|b| !b.is_ascii_whitespace() && !matches!(b, 0xef | 0xbb | 0xbf));
    let read = match first {
        Some(b'{' | b'[') => package::read(target, package::parse(bytes)?),
        _ if bytes.starts_with(b"PK") && !tables::is_workbook(bytes) => {
            let tables = tables::unzip(bytes)?;
            package::read(target, tables::nested(&tables)?)
        }
        _ => sheet::read(target, bytes),
    }?;
    if read.units.is_empty() && read.rejected.is_empty() && read.terms.is_empty() {
        return Err(broken(0));
    }
    Ok(read)
}

/// Reads a folder of tables.
pub fn read_folder(target: &Target, folder: &std::path::Path) -> Result<Read> {
    let broken_file = |_| broken(0);
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(broken_file)? {
        let path = entry.map_err(broken_file)?.path();
        if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("csv")) {
            files.push((
                path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
                std::fs::read(&path).map_err(broken_file)?,
            ));
        }
    }
    files.sort();
    let tables = tables::take(files.iter().map(|(n, c)| (n.as_str(), c.as_slice())))?;
    package::read(target, tables::nested(&tables)?)
}

/// Writes what was read, some at a time; nobody may be acting (the command line).
pub fn write(app: &App, who: &Who, area: &Area, read: Read) -> Result<Done> {
    if !read.terms.is_empty() || !read.taxonomies.is_empty() {
        let (taxonomies, terms, actor) = (read.taxonomies, read.terms, who.actor().map(str::to_owned));
        app.db.write(move |tx| write_terms(tx, actor.as_deref(), &taxonomies, &terms))?;
    }
    let terms = app.db.read(|r| super::terms::read(r, app))?;
    let mut done = Done::default();
    for some in read.units.chunks(CHUNK) {
        let (some, terms, who, area) = (some.to_vec(), terms.clone(), who.clone(), area.clone());
        let one = app.db.write(move |tx| write_some(tx, &terms, &who, &area, some))?.value;
        done = Done { added: done.added + one.added, changed: done.changed + one.changed, same: done.same + one.same };
    }
    Ok(done)
}

fn write_terms(tx: &mut Tx, actor: Option<&str>, taxonomies: &[Taxonomy], terms: &[Term]) -> Result<()> {
    let now = tx.now();
    let entry = Entry { actor, ..Entry::new("service.import", "service", "") };
    let lines: Vec<String> = terms.iter().map(|t| format!("{} {}", t.id, t.name)).collect();
    tx.log(entry.fact("terms", terms.len() as i64).fact("digest", crate::kit::digest(&lines)))?;
    for t in taxonomies {
        let sql = "insert into service_taxonomy(id, name, about, modified_at) values ($1,$2,$3,$4) on conflict(id) do update set \
                   name = excluded.name, about = excluded.about";
        tx.exec(sql, store::params![&t.id, &t.name, &t.about, now])?;
    }
    for t in terms {
        let sql = "insert into service_term(id, taxonomy, parent, code, name, about, modified_at) values ($1,$2,$3,$4,$5,$6,$7) \
                   on conflict(id) do update set taxonomy = excluded.taxonomy, parent = excluded.parent, code = excluded.code, \
                   name = excluded.name, about = excluded.about";
        tx.exec(sql, store::params![&t.id, &t.taxonomy, &t.parent, &t.code, &t.name, &t.about, now])?;
    }
    Ok(area::changed(tx)?)
}

fn write_some(tx: &mut Tx, terms: &Terms, who: &Who, area: &Area, units: Vec<Unit>) -> Result<Done> {
    let ids = |of: &dyn Fn(&Unit) -> Vec<String>| -> Vec<String> { units.iter().flat_map(of).collect() };
    let known = super::by_ids(tx, &ids(&|u| u.service.iter().map(|s| s.id.clone()).collect()))?;
    let orgs = super::orgs(tx, &ids(&|u| vec![u.org.id.clone()]))?;
    let places = super::places(tx, &ids(&|u| u.places.iter().map(|(p, _)| p.id.clone()).collect()))?;
    let known: HashMap<&str, &Service> = known.iter().map(|s| (s.id.as_str(), s)).collect();
    let mut marks: BTreeMap<String, Option<String>> = orgs.into_iter().map(|o| (o.id, o.mark)).collect();
    marks.extend(places.into_iter().map(|p| (p.id, p.mark)));
    let changed = |s: &New| known.get(s.id.as_str()).map(|k| k.mark.as_deref() != s.from.as_ref().map(|f| f.mark.as_str()));
    let mut done = Done::default();
    for s in units.iter().filter_map(|u| u.service.as_ref()) {
        match changed(s) {
            None => done.added += 1,
            Some(true) => done.changed += 1,
            Some(false) => done.same += 1,
        }
    }
    let news =
        |id: &str, mark: &str, marks: &BTreeMap<String, Option<String>>| marks.get(id).is_none_or(|m| m.as_deref() != Some(mark));
    let anything = done.added + done.changed > 0
        || units
            .iter()
            .any(|u| news(&u.org.id, &u.org_from.mark, &marks) || u.places.iter().any(|(p, f)| news(&p.id, &f.mark, &marks)));
    if !anything {
        return Ok(done);
    }
    let lines: Vec<String> = units
        .iter()
        .filter_map(|u| u.service.as_ref()?.from.as_ref())
        .map(|f| format!("{} {} {}", f.source, f.id, f.mark))
        .collect();
    let mut entry = Entry { actor: who.actor(), area: Some(&area.id), ..Entry::new("service.import", "service", "") };
    if let Some(role) = who.desk_over(&area.path) {
        (entry.role, entry.party) = (Some(role.kind.as_str()), role.body.as_deref());
    }
    let entry = entry.fact("added", done.added as i64).fact("changed", done.changed as i64);
    let seq = tx.log(entry.fact("digest", crate::kit::digest(&lines)))?.index;
    let mut num = act::next_num(tx)?;
    for unit in units {
        if news(&unit.org.id, &unit.org_from.mark, &marks) {
            act::put_org(tx, &unit.org, Some(&unit.org_from))?;
            marks.insert(unit.org.id.clone(), Some(unit.org_from.mark.clone()));
        }
        for (place, from) in &unit.places {
            if news(&place.id, &from.mark, &marks) {
                act::put_place(tx, place, Some(from))?;
                marks.insert(place.id.clone(), Some(from.mark.clone()));
            }
        }
        let Some(service) = unit.service.filter(|s| changed(s) != Some(false)) else { continue };
        let old = known.get(service.id.as_str()).copied();
        let own = old.map_or(num, |o| o.num);
        num += i64::from(old.is_none());
        act::put(tx, terms, &service, old, own, seq)?;
    }
    Ok(done)
}

/// Refuses what another source, or somebody by hand, has under the same id.
pub fn sort_out(q: &mut dyn Query, source: &str, read: &mut Read) -> Result<()> {
    let ids: Vec<Value> = read.units.iter().filter_map(|u| u.service.as_ref()).map(|s| Value::from(&s.id)).collect();
    let owner = |row: &store::Row| Ok((row.get::<String>("id")?, row.get::<Option<String>>("source")?));
    let all: HashMap<String, Option<String>> =
        super::among(q, ("id, source", "service", "id"), &ids, owner)?.into_iter().collect();
    let (mut kept, mut seen) = (Vec::new(), std::collections::HashSet::new());
    for unit in std::mem::take(&mut read.units) {
        let id = unit.service.as_ref().map(|s| s.id.clone());
        match id.as_ref().and_then(|id| all.get(id)) {
            Some(other) if other.as_deref() != Some(source) => read.rejected.push(Refused::new(unit.line, "taken")),
            _ if id.is_some_and(|id| !seen.insert(id)) => read.rejected.push(Refused::new(unit.line, "twice")),
            _ => kept.push(unit),
        }
    }
    read.units = kept;
    read.rejected.sort_unstable();
    Ok(())
}

/// What was not taken as a table `line,reason`; a reason about one column ends with its name.
pub fn report(rejected: &[Refused]) -> String {
    let mut out = String::from("line,reason\n");
    for one in rejected {
        let about = if one.column.is_empty() { String::new() } else { format!(" {}", one.column) };
        out.push_str(&format!("{},{}{about}\n", one.line, one.reason));
    }
    out
}
