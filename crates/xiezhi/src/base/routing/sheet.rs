//! A table as a workbook that a clerk edits: one sheet 派单规则, one row for each rule, and an explanation that lists
//! classes' majors, kinds and organisations with the words that may stand in a cell.
//!
//! What must stay true: what goes out comes in the same; rules keep the order of their rows, and a rule's number is that of
//! its row without blank ones.

use rust_xlsxwriter::DataValidation;
use store::Query;

use super::check::Place;
use super::{RULES, Rule, To, What, When};
use crate::base::area;
use crate::base::classes::Catalogue;
use crate::base::party::{Body, Chart};
use crate::kit::i18n::{Lang, Texts};
use crate::kit::sheet::xlsx::{self, Book, list};
use crate::kit::sheet::{Form, Problem, Problems, Row, Table as Cells, rows};
use crate::kit::{Result, RoleKind};

/// The one table.
pub const FORMS: [Form; 1] = [Form {
    key: "routing",
    zh: "派单规则",
    columns: &[
        ("area", "区划", "Area", 22),
        ("class", "类别", "Class", 24),
        ("time", "时间", "Time", 12),
        ("to", "派给", "Goes to", 30),
        ("note", "备注", "Note", 40),
    ],
    rows: RULES,
}];
/// Codes of problems that only this table has.
pub const CODES: [&str; 3] = ["ended", "ambiguous", "no-handler"];

const ALL: [&str; 3] = ["全部", "*", "all"];
const TIMES: [(When, &str, &str); 3] =
    [(When::Work, "工作时间", "work"), (When::Off, "非工作时间", "off"), (When::Always, "始终", "always")];
const CATALOGUE: [&str; 2] = ["按目录", "catalogue"];
const MAJOR: &str = "大类：";

/// What cells are read against.
pub struct Node<'a> {
    /// The catalogue in force.
    pub classes: &'a Catalogue,
    /// The organisations.
    pub chart: &'a Chart,
    /// Names of kinds.
    pub texts: &'a Texts,
}

/// Reads a workbook: its rules, its table as it was, and what is wrong with it.
pub fn import(q: &mut dyn Query, node: &Node, bytes: &[u8]) -> Result<(Vec<Rule>, Cells, Problems)> {
    let (mut tables, mut problems) = xlsx::import(bytes, &FORMS)?;
    let cells = tables.remove(FORMS[0].key).unwrap_or_default();
    let rules = read(q, node, &cells, &mut problems)?;
    if rules.is_empty() && problems.is_empty() {
        problems.push(Problem { table: FORMS[0].key, row: 2, column: "", code: "missing" });
    }
    problems.sort();
    problems.dedup();
    Ok((rules, cells, problems))
}

fn read(q: &mut dyn Query, node: &Node, cells: &Cells, out: &mut Problems) -> Result<Vec<Rule>> {
    let (columns, at) = rows(&FORMS[0], cells, out);
    let mut rules = Vec::new();
    for i in at {
        let row = Row { form: &FORMS[0], at: i + 1, cells: &cells[i], columns: &columns };
        let (mut area, mut path) = (None, String::new());
        let code = row.need("area", 40, out);
        if !ALL.contains(&code.as_str()) && !code.is_empty() {
            match area::by_code(q, &code)? {
                Some(found) => (area, path) = (Some(found.id), found.path),
                None => row.fail("area", "unknown", out),
            }
        }
        let what = what(&row, node, out);
        let time = row.need("time", 20, out);
        let when = TIMES.iter().find(|(_, zh, en)| time == *zh || time == *en).map(|t| t.0);
        if when.is_none() && !time.is_empty() {
            row.fail("time", "unknown", out);
        }
        let to = to(&row, node, out);
        let note = row.text("note", 200, out);
        rules.push(Rule { area, what, when: when.unwrap_or(When::Always), to, note, path });
    }
    Ok(rules)
}

fn what(row: &Row, node: &Node, out: &mut Problems) -> What {
    let cell = row.need("class", 80, out);
    if ALL.contains(&cell.as_str()) || cell.is_empty() {
        return What::All;
    }
    let major = ["大类：", "大类:", "major:"].iter().find_map(|p| cell.strip_prefix(p)).map(str::trim);
    if let Some(name) = major {
        let found = node.classes.majors.iter().find(|m| m.code == name || m.name.zh == name || m.name.en == name);
        return found.map_or_else(
            || {
                row.fail("class", "unknown", out);
                What::All
            },
            |m| What::Major(m.code.clone()),
        );
    }
    let named: Vec<&str> =
        node.classes.iter().filter(|c| c.name.zh == cell || c.name.en == cell).map(|c| c.code.as_str()).collect();
    match (node.classes.get(&cell), &named[..]) {
        (Some(class), _) => What::Class(class.code.clone()),
        (None, [one]) => What::Class((*one).to_owned()),
        (None, []) => {
            row.fail("class", "unknown", out);
            What::All
        }
        (None, _) => {
            row.fail("class", "ambiguous", out);
            What::All
        }
    }
}

fn to(row: &Row, node: &Node, out: &mut Problems) -> To {
    let cell = row.need("to", 80, out);
    if CATALOGUE.contains(&cell.as_str()) || cell.is_empty() {
        return To::Catalogue;
    }
    let kind = RoleKind::ALL.iter().filter(|k| k.is_handler());
    if let Some(kind) = kind.clone().find(|k| k.as_str() == cell || kind_name(node.texts, **k, Lang::Zh) == cell) {
        return To::Kind(*kind);
    }
    match node.chart.named(&cell) {
        Ok(body) => To::Body(body.id.clone()),
        Err(code) => {
            row.fail("to", code, out);
            To::Catalogue
        }
    }
}

fn kind_name(texts: &Texts, kind: RoleKind, lang: Lang) -> String {
    texts.plain(lang, &format!("role-{}", kind.as_str().replace('_', "-")))
}

/// How a rule's cells read for people: area, class, time, party.
pub fn words(q: &mut dyn Query, node: &Node, rule: &Rule, lang: Lang) -> Result<[String; 4]> {
    let zh = lang == Lang::Zh;
    let area = match &rule.area {
        Some(id) => area::by_id(q, id)?.map_or_else(|| id.clone(), |a| if a.code.is_empty() { a.name } else { a.code }),
        None => ALL[if zh { 0 } else { 2 }].into(),
    };
    let class = what_words(node.classes, &rule.what, lang);
    let time = when_words(rule.when, lang);
    let to = match &rule.to {
        To::Catalogue => CATALOGUE[usize::from(!zh)].into(),
        To::Kind(kind) => kind_name(node.texts, *kind, lang),
        To::Body(id) => {
            let name = node.chart.name(id);
            if node.chart.bodies().filter(|b| b.name == name).count() == 1 { name } else { id.clone() }
        }
    };
    Ok([area, class, time, to])
}

/// A group of classes in words.
pub fn what_words(classes: &Catalogue, what: &What, lang: Lang) -> String {
    match what {
        What::All => ALL[if lang == Lang::Zh { 0 } else { 2 }].into(),
        What::Class(code) if lang == Lang::Zh => code.clone(),
        What::Class(code) => code.clone(),
        What::Major(code) => {
            let major = classes.majors.iter().find(|m| m.code == *code);
            let name = major.map_or(code.as_str(), |m| m.name.get(lang));
            if lang == Lang::Zh { format!("{MAJOR}{name}") } else { format!("major: {name}") }
        }
    }
}

/// A time in words.
pub fn when_words(when: When, lang: Lang) -> String {
    let of = TIMES.iter().find(|t| t.0 == when).unwrap_or(&TIMES[2]);
    if lang == Lang::Zh { of.1 } else { of.2 }.into()
}

/// The table of rules.
pub fn write(q: &mut dyn Query, node: &Node, rules: &[Rule]) -> Result<Cells> {
    let mut cells = vec![FORMS[0].columns.iter().map(|c| c.0.to_owned()).collect::<Vec<_>>()];
    for rule in rules {
        let [area, class, time, to] = words(q, node, rule, Lang::Zh)?;
        cells.push(vec![area, class, time, to, rule.note.clone()]);
    }
    Ok(cells)
}

/// The workbook of a table, with what must be mended beside each row.
pub fn book(node: &Node, cells: &Cells, problems: &[Problem], lang: Lang) -> Result<Vec<u8>> {
    let mut more: Vec<Vec<String>> = Vec::new();
    for kind in RoleKind::ALL.iter().filter(|k| k.is_handler()) {
        more.push(vec![kind_name(node.texts, *kind, Lang::Zh), kind.as_str().into()]);
    }
    more.extend(node.classes.majors.iter().map(|m| vec![format!("{MAJOR}{}", m.name.zh), m.code.clone()]));
    let mut bodies: Vec<&Body> = node.chart.bodies().filter(|b| b.kind.is_handler()).collect();
    bodies.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
    more.extend(bodies.iter().take(RULES).map(|b| vec![b.name.clone(), b.id.clone()]));
    let help = &["routing-order", "routing-area", "routing-class", "routing-time", "routing-to", "routing-hole", "wrong"];
    Book { sheets: vec![(&FORMS[0], cells)], problems, lang, choices, help, more }.bytes(node.texts)
}

fn choices(_: &str, key: &str) -> Option<DataValidation> {
    if key == "time" { list(&TIMES.map(|t| t.1)) } else { None }
}

/// The places at which cases lie: areas with a desk, and those that rules name.
pub fn places(q: &mut dyn Query, chart: &Chart, rules: &[Rule]) -> Result<Vec<Place>> {
    let mut out: Vec<Place> = Vec::new();
    let desks = chart.bodies().filter(|b| b.kind.is_desk()).map(|b| &b.area);
    let mut ids: Vec<&String> = desks.chain(rules.iter().filter_map(|r| r.area.as_ref())).collect();
    ids.sort();
    ids.dedup();
    for id in ids {
        if let Some(a) = area::by_id(q, id)? {
            out.push(Place { path: a.path, code: if a.code.is_empty() { a.name } else { a.code } });
        }
    }
    Ok(out)
}
