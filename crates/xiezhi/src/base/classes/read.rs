//! Reading a pack: every mistake is found at once and named with its table, row and column, so that a clerk mends them
//! in one go. Nothing here panics, whatever the tables hold.

use std::collections::{BTreeMap, BTreeSet};

use calc::due::Limit;

use super::class::{Class, Datatype, Evidence, Kind, Major, Question, Stage, Visibility, Words};
use super::orders::{OrderRule, Reason};
use super::tables::{FORMS, SETTINGS, Tables};
use super::{Catalogue, DAYS};
use crate::kit::RoleKind;
pub use crate::kit::sheet::Problem;
use crate::kit::sheet::{CODE, PROBLEMS, Problems, Row, is_code, parts, rows};

/// Characters of a name, of a longer text.
const NAME: usize = 60;
const TEXT: usize = 500;
/// Keywords of a class in one language, values of a question.
const WORDS: usize = 40;

/// Codes of all problems, for the test that each has a text.
pub const CODES: [&str; 16] = [
    "table-missing",
    "column-missing",
    "column-unknown",
    "too-many-rows",
    "missing",
    "too-long",
    "bad-code",
    "twice",
    "unknown",
    "bad-limit",
    "bad-number",
    "needs-reason",
    "needs-answer",
    "needs-other",
    "needs-complaint",
    "formula",
];

/// What a pack needs of a row beside what every table does.
trait PackRow {
    fn words(&self, zh: &'static str, en: &'static str, max: usize, out: &mut Problems) -> Words;
    fn limit(&self, column: &'static str, out: &mut Problems) -> Limit;
}

impl PackRow for Row<'_> {
    fn words(&self, zh: &'static str, en: &'static str, max: usize, out: &mut Problems) -> Words {
        Words { zh: self.text(zh, max, out), en: self.text(en, max * 4, out) }
    }

    fn limit(&self, column: &'static str, out: &mut Problems) -> Limit {
        const NONE: Limit = Limit { n: 1, unit: calc::due::Unit::Days };
        self.cell(column).parse().ok().filter(|l: &Limit| l.n > 0).unwrap_or_else(|| {
            self.fail(column, "bad-limit", out);
            NONE
        })
    }
}

/// Reads a pack; version and validity are given by whoever keeps it.
pub fn read(tables: &Tables) -> Result<Catalogue, Problems> {
    let mut out = Vec::new();
    let majors = read_majors(tables, &mut out);
    let questions = read_questions(tables, &mut out);
    let mut catalogue = read_settings(tables, &mut out);
    read_classes(tables, &majors, questions, &mut catalogue, &mut out);
    catalogue.majors = majors;
    catalogue.orders = read_orders(tables, &mut out);
    if !out.is_empty() {
        out.sort();
        out.dedup();
        out.truncate(PROBLEMS);
        return Err(out);
    }
    Ok(catalogue)
}

fn read_majors(tables: &Tables, out: &mut Problems) -> Vec<Major> {
    let form = &FORMS[0];
    let (columns, at) = rows(form, tables.get(form.key), out);
    let mut majors: Vec<Major> = Vec::new();
    for i in at {
        let row = Row { form, at: i + 1, cells: &tables.majors[i], columns: &columns };
        let major = Major {
            code: row.code("code", out),
            kind: row.choice("kind", Kind::parse, Kind::Matter, out),
            standard: row.text("standard", 8, out),
            name: Words { zh: row.need("zh", NAME, out), en: row.text("en", NAME * 2, out) },
        };
        if majors.iter().any(|m| m.code == major.code) {
            row.fail("code", "twice", out);
        }
        majors.push(major);
    }
    majors
}

/// Questions by class, with the row of each class code so that unknown ones can be told.
fn read_questions(tables: &Tables, out: &mut Problems) -> BTreeMap<String, Vec<(usize, Question)>> {
    let form = &FORMS[2];
    let (columns, at) = rows(form, tables.get(form.key), out);
    let mut by_class: BTreeMap<String, Vec<(usize, Question)>> = BTreeMap::new();
    for i in at {
        let row = Row { form, at: i + 1, cells: &tables.questions[i], columns: &columns };
        let class = row.code("class", out);
        let datatype = row.choice("datatype", Datatype::parse, Datatype::String, out);
        let question = Question {
            code: row.code("code", out),
            text: Words { zh: row.need("zh", NAME, out), en: row.text("en", NAME * 4, out) },
            datatype,
            required: row.yes("required", out),
            values: values(&row, datatype, out),
        };
        let list = by_class.entry(class).or_default();
        if list.iter().any(|(_, q)| q.code == question.code) {
            row.fail("code", "twice", out);
        }
        list.push((i + 1, question));
    }
    by_class
}

/// `yes=是|Yes; no=否|No`, one to a line or with semicolons between.
fn values(row: &Row, datatype: Datatype, out: &mut Problems) -> Vec<(String, Words)> {
    let text = row.text("values", 4000, out);
    let mut list: Vec<(String, Words)> = Vec::new();
    for part in text.split([';', '；', '\n']).map(str::trim).filter(|p| !p.is_empty()) {
        let (code, names) = part.split_once(['=', '＝']).unwrap_or(("", part));
        let (zh, en) = names.split_once(['|', '｜']).unwrap_or((names, ""));
        let (code, zh, en) = (code.trim(), zh.trim(), en.trim());
        if !is_code(code) || zh.is_empty() {
            row.fail("values", "bad-code", out);
        } else if code.len() > CODE || zh.chars().count() > NAME || en.len() > NAME * 4 || list.len() >= WORDS {
            row.fail("values", "too-long", out);
        } else if list.iter().any(|(c, _)| c == code) {
            row.fail("values", "twice", out);
        } else {
            list.push((code.to_owned(), Words { zh: zh.to_owned(), en: en.to_owned() }));
        }
    }
    if datatype.has_values() == list.is_empty() {
        row.fail("values", if list.is_empty() { "missing" } else { "unknown" }, out);
    }
    list
}

fn read_settings(tables: &Tables, out: &mut Problems) -> Catalogue {
    let form = &FORMS[3];
    let (columns, at) = rows(form, tables.get(form.key), out);
    let mut catalogue = Catalogue::empty();
    let mut seen = BTreeSet::new();
    for i in at {
        let row = Row { form, at: i + 1, cells: &tables.settings[i], columns: &columns };
        let name = row.cell("key");
        let Some((key, ..)) = SETTINGS.iter().find(|(key, zh, en)| name == *key || name == *zh || name == *en) else {
            row.fail("key", "unknown", out);
            continue;
        };
        if !seen.insert(*key) {
            row.fail("key", "twice", out);
        }
        let mut number = |min, max| match row.number("value", min, max, out) {
            Some(n) => n,
            None => {
                row.fail("value", "bad-number", out);
                min
            }
        };
        match *key {
            "escalate" => catalogue.escalate = row.limit("value", out),
            "warn_percent" => catalogue.warn_percent = number(1, 99),
            "reopen_days" => catalogue.reopen_window = number(1, 365) * DAYS,
            "rate_days" => catalogue.rate_window = number(1, 3650) * DAYS,
            _ => catalogue.name = row.need("value", NAME, out),
        }
    }
    if !columns.is_empty() && seen.len() < SETTINGS.len() {
        out.push(Problem { table: form.key, row: tables.settings.len() + 1, column: "key", code: "missing" });
    }
    catalogue
}

fn read_orders(tables: &Tables, out: &mut Problems) -> Vec<OrderRule> {
    let form = &FORMS[4];
    let mut rules: Vec<OrderRule> = Vec::new();
    if tables.orders.is_empty() {
        return rules;
    }
    let (columns, at) = rows(form, tables.get(form.key), out);
    for i in at {
        let row = Row { form, at: i + 1, cells: &tables.orders[i], columns: &columns };
        let within = row.limit("within", out);
        let n = row.number("n", 1, 1000, out);
        if n.is_none() {
            row.fail("n", "bad-number", out);
        }
        match Reason::parse(row.cell("when")) {
            None => row.fail("when", "unknown", out),
            Some(when) if rules.iter().any(|r| r.when == when) => row.fail("when", "twice", out),
            Some(when) => rules.push(OrderRule { when, n: n.unwrap_or(1), within }),
        }
    }
    rules
}

fn read_classes(
    tables: &Tables,
    majors: &[Major],
    mut questions: BTreeMap<String, Vec<(usize, Question)>>,
    catalogue: &mut Catalogue,
    out: &mut Problems,
) {
    let form = &FORMS[1];
    let (columns, at) = rows(form, tables.get(form.key), out);
    let mut plain: BTreeMap<u32, String> = BTreeMap::new();
    for i in at {
        let row = Row { form, at: i + 1, cells: &tables.classes[i], columns: &columns };
        let class = read_class(&row, majors, &mut questions, out);
        if let Some(n) = class.plain
            && plain.insert(n, class.code.clone()).is_some()
        {
            row.fail("plain", "twice", out);
        }
        if catalogue.get(&class.code).is_some() {
            row.fail("code", "twice", out);
        } else {
            catalogue.push(class);
        }
    }
    catalogue.order = plain.into_values().collect();
    for (at, _) in questions.into_values().flatten() {
        out.push(Problem { table: "questions", row: at, column: "class", code: "unknown" });
    }
    // Where everything fits that fits nowhere else, and what the button on every staff page opens.
    for (code, problem) in [("other", "needs-other"), (super::COMPLAINT, "needs-complaint")] {
        if !columns.is_empty() && catalogue.get(code).is_none_or(|c| c.out_of_scope || c.plain.is_none()) {
            out.push(Problem { table: form.key, row: tables.classes.len() + 1, column: "code", code: problem });
        }
    }
}

fn read_class(
    row: &Row,
    majors: &[Major],
    questions: &mut BTreeMap<String, Vec<(usize, Question)>>,
    out: &mut Problems,
) -> Class {
    let code = row.code("code", out);
    let major = row.need("major", CODE, out);
    let known = majors.iter().find(|m| m.code == major || m.name.zh == major);
    if known.is_none() && !major.is_empty() {
        row.fail("major", "unknown", out);
    }
    let mut units = Vec::new();
    for unit in parts(row.cell("units")) {
        match unit.parse::<RoleKind>().ok().filter(|u| u.is_handler()) {
            Some(u) if !units.contains(&u) => units.push(u),
            Some(_) => row.fail("units", "twice", out),
            None => row.fail("units", "unknown", out),
        }
    }
    if units.is_empty() {
        row.fail("units", "missing", out);
    }
    let mut keywords = ["keywords_zh", "keywords_en"].map(|c| (c, parts(row.cell(c))));
    for (column, words) in &mut keywords {
        if words.len() > WORDS || words.iter().any(|w| w.chars().count() > NAME) {
            row.fail(column, "too-long", out);
            words.clear();
        }
    }
    let class = Class {
        plain: row.number("plain", 1, 99, out).map(|n| n as u32),
        standard: row.text("standard", 8, out),
        kind: known.map_or(Kind::Matter, |m| m.kind),
        major: known.map_or(major, |m| m.code.clone()),
        name: Words { zh: row.need("zh", NAME, out), en: row.text("en", NAME * 2, out) },
        filing: Words { zh: row.need("filing_zh", TEXT, out), en: row.text("filing_en", TEXT * 4, out) },
        closing: Words { zh: row.need("closing_zh", TEXT, out), en: row.text("closing_en", TEXT * 4, out) },
        limits: [Stage::Receive, Stage::Dispatch, Stage::Handle, Stage::Check].map(|s| row.limit(s.as_str(), out)),
        units,
        visibility: row.choice("visibility", Visibility::parse, Visibility::Private, out),
        evidence: row.choice("evidence", Evidence::parse, Evidence::None, out),
        why: row.words("why_zh", "why_en", TEXT, out),
        urgent: row.yes("urgent", out),
        claimable: row.yes("claimable", out),
        out_of_scope: row.yes("out_of_scope", out),
        answer: row.words("answer_zh", "answer_en", TEXT, out),
        keywords: keywords.map(|(_, words)| words),
        questions: questions.remove(&code).unwrap_or_default().into_iter().map(|(_, q)| q).collect(),
        code,
    };
    // The law forbids photos without need (inv13): whoever asks for one says why.
    if class.evidence != Evidence::None && class.why.zh.is_empty() {
        row.fail("why_zh", "needs-reason", out);
    }
    if class.out_of_scope && class.answer.zh.is_empty() {
        row.fail("answer_zh", "needs-answer", out);
    }
    class
}
