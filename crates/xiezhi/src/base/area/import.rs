//! Division lists: CSV files (also gzipped) whose columns include `code` and `name`; the level follows from the length
//! of the code (2, 4, 6, 9, 12 digits), the parent from its prefix.
//!
//! What must stay true: importing the same list twice changes nothing; a new edition keeps the ids of areas whose code
//! stays, keeps old names as the past, and ends areas that are gone (only beneath the provinces the list speaks of)
//! without deleting them. Rows that cannot be used are reported by line, never dropped silently.
//! Cost: one pass, rows in statements of 256.

use std::collections::{HashMap, HashSet};
use std::io::Read;

use store::{Entry, Query as _, Tx, Value, params};

use super::base36;
use crate::kit::{Error, Result, table};

/// A usable row.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Digits.
    pub code: String,
    /// Name.
    pub name: String,
}

/// A row that could not be used.
#[derive(Clone, Debug, PartialEq)]
pub struct Rejected {
    /// Line in its file, from 1.
    pub line: u64,
    /// Why, in a stable code.
    pub reason: &'static str,
}

/// What an import did.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Done {
    /// New areas.
    pub added: usize,
    /// Areas with a new name.
    pub renamed: usize,
    /// Areas that the list no longer has.
    pub ended: usize,
    /// Areas that stayed as they were.
    pub same: usize,
}

/// Kind of an area by the length of its code.
fn kind_of(code: &str) -> Option<&'static str> {
    Some(match code.len() {
        2 => "province",
        4 => "city",
        6 => "county",
        9 => "street",
        12 => "community",
        _ => return None,
    })
}

/// The code of the area above.
fn parent_code(code: &str) -> &str {
    &code[..match code.len() {
        12 => 9,
        9 => 6,
        6 => 4,
        4 => 2,
        _ => 0,
    }]
}

/// Reads one file; gzip is recognised by its first bytes.
pub fn read(file: impl Read) -> Result<(Vec<Line>, Vec<Rejected>)> {
    let mut csv = table::open(file)?;
    let head = csv.headers().map_err(Error::internal)?.clone();
    let (Some(code_at), Some(name_at)) = (table::column(&head, "code"), table::column(&head, "name")) else {
        return Ok((Vec::new(), vec![Rejected { line: 1, reason: "no-code-or-name-column" }]));
    };
    let (mut lines, mut rejected, mut seen) = (Vec::new(), Vec::new(), HashSet::new());
    let mut record = csv::StringRecord::new();
    loop {
        let line = csv.position().line();
        match csv.read_record(&mut record) {
            Ok(false) => break,
            Err(_) => {
                rejected.push(Rejected { line, reason: "not-readable" });
                continue;
            }
            Ok(true) => {}
        }
        let (code, name) = (record.get(code_at).unwrap_or_default().trim(), record.get(name_at).unwrap_or_default().trim());
        let reason = if code.is_empty() || !code.bytes().all(|b| b.is_ascii_digit()) {
            Some("code-not-digits")
        } else if kind_of(code).is_none() {
            Some("code-length")
        } else if name.is_empty() || name.chars().count() > 100 {
            Some("name-missing-or-long")
        } else if !seen.insert(code.to_owned()) {
            Some("code-twice")
        } else {
            None
        };
        match reason {
            Some(reason) => rejected.push(Rejected { line, reason }),
            None => lines.push(Line { code: code.into(), name: name.into() }),
        }
    }
    Ok((lines, rejected))
}

struct Known {
    id: String,
    path: String,
    name: String,
    parent: Option<String>,
}

/// Applies lists. Rows whose parent is in neither the lists nor the database come back as codes.
pub fn apply(tx: &mut Tx, mut lines: Vec<Line>) -> Result<(Done, Vec<String>)> {
    // Above before beneath: shorter codes first.
    lines.sort_by(|a, b| (a.code.len(), &a.code).cmp(&(b.code.len(), &b.code)));
    lines.dedup_by(|a, b| a.code == b.code);
    let nation = nation(tx)?;
    let mut known: HashMap<String, Known> = HashMap::new();
    for row in tx.rows("select id, code, name, parent, path from area where valid_to is null and code <> ''", &[])? {
        let area = Known { id: row.get("id")?, path: row.get("path")?, name: row.get("name")?, parent: row.get("parent")? };
        known.insert(row.get("code")?, area);
    }
    let mut done = Done::default();
    let mut orphans = Vec::new();
    let mut num = tx.count("select max(num) from area", &[])? as u64;
    let mut fresh: Vec<Vec<Value>> = Vec::new();
    let now = tx.now();
    for line in &lines {
        if let Some(area) = known.get(&line.code) {
            if area.name == line.name {
                done.same += 1;
            } else {
                let (id, name, parent) = (area.id.clone(), area.name.clone(), area.parent.clone());
                tx.exec(
                    "insert into area_past(area, code, name, parent, valid_to) values ($1, $2, $3, $4, $5)",
                    params![&id, &line.code, name, parent, now],
                )?;
                tx.exec("update area set name = $2 where id = $1", params![id, &line.name])?;
                done.renamed += 1;
            }
            continue;
        }
        let above = if line.code.len() == 2 { Some(&nation) } else { known.get(parent_code(&line.code)) };
        let Some(above) = above else {
            orphans.push(line.code.clone());
            continue;
        };
        num += 1;
        let area = Known {
            id: tx.id(),
            path: format!("{}{}/", above.path, base36(num)),
            name: line.name.clone(),
            parent: Some(above.id.clone()),
        };
        fresh.push(vec![
            area.id.as_str().into(),
            num.into(),
            kind_of(&line.code).into(),
            line.code.as_str().into(),
            line.name.as_str().into(),
            area.parent.as_deref().into(),
            area.path.as_str().into(),
            now.into(),
        ]);
        known.insert(line.code.clone(), area);
        done.added += 1;
        if fresh.len() == 4096 {
            flush(tx, &mut fresh)?;
        }
    }
    flush(tx, &mut fresh)?;
    done.ended = end_missing(tx, &lines, &known)?;
    if done.added + done.renamed + done.ended > 0 {
        super::changed(tx)?;
        let entry = Entry { area: Some(&nation.id), ..Entry::new("area.import", "area", &nation.id) };
        tx.log(entry.fact("added", done.added as i64).fact("renamed", done.renamed as i64).fact("ended", done.ended as i64))?;
    }
    Ok((done, orphans))
}

fn flush(tx: &mut Tx, rows: &mut Vec<Vec<Value>>) -> Result<()> {
    tx.insert_many("area", &["id", "num", "kind", "code", "name", "parent", "path", "valid_from"], rows)?;
    rows.clear();
    Ok(())
}

/// Ends areas that the list should have and has not: of a level that it lists, beneath a province (and, for towns and
/// villages, a county) of which it lists others.
fn end_missing(tx: &mut Tx, lines: &[Line], known: &HashMap<String, Known>) -> Result<usize> {
    let listed: HashSet<&str> = lines.iter().map(|l| l.code.as_str()).collect();
    let scope: HashSet<(usize, &str)> = lines.iter().map(|l| (l.code.len(), &l.code[..l.code.len().min(6)])).collect();
    let provinces: HashSet<(usize, &str)> = lines.iter().map(|l| (l.code.len(), &l.code[..2])).collect();
    let mut ended = 0;
    let now = tx.now();
    for (code, area) in known {
        let in_scope = match code.len() {
            4 | 6 => provinces.contains(&(code.len(), &code[..2])),
            9 | 12 => scope.contains(&(code.len(), &code[..6])),
            _ => false,
        };
        if in_scope && !listed.contains(code.as_str()) {
            ended += tx.exec("update area set valid_to = $2 where id = $1", params![&area.id, now])? as usize;
        }
    }
    Ok(ended)
}

/// The top of the tree, made when missing.
fn nation(tx: &mut Tx) -> Result<Known> {
    if let Some(row) = tx.row("select id, path, name, parent from area where kind = 'nation'", &[])? {
        return Ok(Known { id: row.get("id")?, path: row.get("path")?, name: row.get("name")?, parent: row.get("parent")? });
    }
    let made = super::add(tx, &super::NewArea { kind: "nation", code: "", name: "中国", parent: None, ring: &[] })?;
    Ok(Known { id: made.id, path: made.path, name: made.name, parent: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_bad_rows_by_line() {
        let text = "\u{feff}code,name,x\n32,江苏省,1\n3x,坏\n321,短\n3210,扬州市\n3210,重复\n321002,\n";
        let (lines, rejected) = read(text.as_bytes()).unwrap();
        assert_eq!(lines.iter().map(|l| l.code.as_str()).collect::<Vec<_>>(), ["32", "3210"]);
        let bad: Vec<(u64, &str)> = rejected.iter().map(|r| (r.line, r.reason)).collect();
        assert_eq!(bad, [(3, "code-not-digits"), (4, "code-length"), (6, "code-twice"), (7, "name-missing-or-long")]);
        let (_, rejected) = read("a,b\n1,2\n".as_bytes()).unwrap();
        assert_eq!(rejected[0].reason, "no-code-or-name-column");
    }
}
