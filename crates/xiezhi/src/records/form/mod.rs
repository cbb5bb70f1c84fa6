//! Fill once (一表通): a form is a saved query over data elements. What the register holds is never asked; what is missing is
//! asked once and written where it belongs; reports write themselves into the asker's own workbook.
//!
//! What must stay true: a form has a purpose, and every question a reason; no form is published that asks for what is held,
//! unless it takes it from the register; answers to elements live in the register alone, answers to other questions lie
//! sealed under the key of whom they are about; a number of a report leads to the records that it counted.
//!
//! Log kinds written: `form.draft`, `form.change`, `form.publish`, `form.close`, `form.fill`, `form.template`, `form.report`.

/// What is done with forms.
pub mod act;
/// What is held of what a form asks.
pub mod check;
/// Filling in, and what waits to be filled in.
pub mod fill;
/// Placeholders of a workbook.
pub mod place;
/// Where cells lie after a row became many.
mod refs;
/// Reports.
pub mod report;
/// Pages of reports.
pub mod report_web;
/// Pure decisions.
pub mod rules;
/// Writing into somebody's workbook.
pub mod sheet;
/// Pages and data.
pub mod web;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use store::{Query, Row, params};

use crate::base::area;
use crate::base::catalogue::{Graded, decide};
use crate::kit::names::names;
use crate::kit::time::{self, Ms};
use crate::kit::{App, Result};
use crate::records::register::query::{self, Filter};
use crate::records::register::{Of, Person};

names! {
    /// Where a form stands.
    State { Draft = "draft", Open = "open", Closed = "closed", }
    /// What one row of a form is about; a household is spoken for by its head.
    Record { Person = "person", Organisation = "organisation", Household = "household", }
    /// How often it is reported.
    Period { Once = "once", Monthly = "monthly", Quarterly = "quarterly", }
}

impl Record {
    /// The kind of record in the register.
    pub fn of(self) -> Of {
        if self == Record::Organisation { Of::Organisation } else { Of::Person }
    }
}

/// Questions of a form that no element holds.
pub const OWN: usize = 6;
/// Keys of such questions.
pub const KEYS: [&str; OWN] = ["a1", "a2", "a3", "a4", "a5", "a6"];

/// A question that no element holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Question {
    /// Names its answers for ever.
    pub key: String,
    pub label: String,
    /// `text number choice date`.
    pub kind: String,
    pub choices: Vec<String>,
    /// What the answer is needed for.
    pub reason: String,
}

/// What a form wants to know.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Asks {
    /// Codes of elements.
    pub elements: Vec<String>,
    /// The rest.
    pub own: Vec<Question>,
}

impl Asks {
    /// The elements, as the catalogue knows them.
    pub fn known(&self, record: Record) -> Vec<&'static str> {
        query::elements(record.of()).into_iter().filter(|e| self.elements.iter().any(|own| own == e)).collect()
    }

    /// How many fields there are.
    pub fn len(&self) -> usize {
        self.elements.len() + self.own.len()
    }

    /// Nothing is asked.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A form.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns of `fill_form`, explained there")]
pub struct Form {
    pub id: String,
    pub state: State,
    pub title: String,
    pub body: String,
    pub purpose: &'static str,
    pub record: Record,
    pub area: String,
    pub path: String,
    pub asks: Asks,
    pub meant: Filter,
    pub period: Period,
    pub due_at: Option<Ms>,
    pub next_at: Option<Ms>,
    pub made_at: Ms,
    pub opened_at: Option<Ms>,
    pub saved: i64,
}

const COLUMNS: &str =
    "id, state, title, body, purpose, record, area, path, asks, meant, period, due_at, next_at, made_at, opened_at, saved";

fn json<T: for<'de> Deserialize<'de>>(row: &Row, column: &str) -> store::Result<T> {
    serde_json::from_str(&row.get::<String>(column)?).map_err(|e| store::Error::Corrupt(e.to_string()))
}

fn read(row: &Row) -> store::Result<Form> {
    let purpose: String = row.get("purpose")?;
    let known = decide::purposes().iter().find(|p| p.code == purpose);
    Ok(Form {
        id: row.get("id")?,
        state: row.get("state")?,
        title: row.get("title")?,
        body: row.get("body")?,
        purpose: known.map(|p| p.code.as_str()).ok_or_else(|| store::Error::Corrupt(format!("no purpose {purpose}")))?,
        record: row.get("record")?,
        area: row.get("area")?,
        path: row.get("path")?,
        asks: json(row, "asks")?,
        meant: json(row, "meant")?,
        period: row.get("period")?,
        due_at: row.get("due_at")?,
        next_at: row.get("next_at")?,
        made_at: row.get("made_at")?,
        opened_at: row.get("opened_at")?,
        saved: row.get("saved")?,
    })
}

/// A form.
pub fn by_id(q: &mut dyn Query, id: &str) -> store::Result<Option<Form>> {
    q.row(&format!("select {COLUMNS} from fill_form where id = $1"), params![id])?.as_ref().map(read).transpose()
}

/// The newest forms of an area and of everything above it and beneath.
pub fn around(q: &mut dyn Query, path: &str, limit: i64) -> store::Result<Vec<Form>> {
    let sql = format!(
        "select {COLUMNS} from fill_form where (path >= $1 and path < $2) or substr($1, 1, length(path)) = path \
         order by made_at desc, id desc limit $3"
    );
    q.rows(&sql, params![path, area::end_of(path), limit])?.iter().map(read).collect()
}

/// What somebody answered to the questions of a form.
pub type Answers = BTreeMap<String, String>;

impl Form {
    /// Whom it means, of one part of its area (a path), as records now are.
    pub fn population(&self, q: &mut dyn Query, app: &App, within: &str, now: Ms) -> Result<Vec<Person>> {
        let path = if within.starts_with(&self.path) { within } else { &self.path };
        let people = query::all(q, path, self.record.of())?;
        let test = Test::of(q, app, &self.meant, now)?;
        if self.record != Record::Household {
            return Ok(people.into_iter().filter(|p| test.fits(p)).collect());
        }
        // A household is meant when anybody of it is.
        let meant: BTreeSet<String> = people.iter().filter(|p| test.fits(p)).filter_map(|p| p.household.clone()).collect();
        let of = |p: &Person| p.household.as_ref().is_some_and(|h| meant.contains(h));
        Ok(query::heads(people).into_iter().filter(of).collect())
    }

    /// When the running period began: answers before it are of an earlier one.
    pub fn since(&self, app: &App, now: Ms) -> Ms {
        rules::begin(self.period, now, &app.config.zone).unwrap_or(self.made_at)
    }

    /// The answers of this period, by record.
    pub fn answers(&self, q: &mut dyn Query, since: Ms) -> Result<BTreeMap<String, Answers>> {
        if self.asks.own.is_empty() {
            return Ok(BTreeMap::new());
        }
        let sql = "select resident, sealed from fill_answer where form = $1 and at >= $2 order by resident limit $3";
        let rows = q.rows(sql, params![&self.id, since, query::MOST as i64])?;
        let sealed: Vec<(String, Vec<u8>)> =
            rows.iter().map(|r| Ok((r.get("resident")?, r.get("sealed")?))).collect::<store::Result<_>>()?;
        let opened = q.open_many(&sealed)?;
        let read = |bytes: Option<Vec<u8>>| serde_json::from_slice(&bytes?).ok();
        Ok(sealed.into_iter().zip(opened).filter_map(|((id, _), bytes)| Some((id, read(bytes)?))).collect())
    }

    /// The answers that are kept of a record, the newest form first: its name, the question, what was said.
    pub fn said_of(q: &mut dyn Query, resident: &str) -> Result<Vec<(String, String, Graded)>> {
        let rows = q.rows(
            "select form, sealed from fill_answer where resident = $1 order by at desc, form limit 100",
            params![resident],
        )?;
        let mut out = Vec::new();
        for row in rows {
            let bytes = q.open(resident, &row.get::<Vec<u8>>("sealed")?)?;
            let said: Answers = bytes.and_then(|b| serde_json::from_slice(&b).ok()).unwrap_or_default();
            let Some(form) = by_id(q, &row.get::<String>("form")?)? else { continue };
            for question in &form.asks.own {
                if let Some(said) = said.get(&question.key) {
                    let value = Graded::new("form.answer", resident, said.clone());
                    out.push((form.title.clone(), question.label.clone(), value));
                }
            }
        }
        Ok(out)
    }

    /// Elements that are not known of somebody, and questions that he has not answered.
    pub fn missing<'f>(&'f self, one: &Person, answers: Option<&Answers>) -> (Vec<&'static str>, Vec<&'f Question>) {
        let elements = self.asks.known(self.record).into_iter().filter(|e| one.held(e).is_none()).collect();
        let own = self.asks.own.iter().filter(|q| answers.is_none_or(|a| !a.contains_key(&q.key))).collect();
        (elements, own)
    }
}

/// A condition with what is needed to test it: the day, and the path of its area.
pub struct Test {
    filter: Filter,
    path: Option<String>,
    today: String,
    now: Ms,
}

impl Test {
    /// Looks up what is needed.
    pub fn of(q: &mut dyn Query, app: &App, filter: &Filter, now: Ms) -> Result<Test> {
        let path = match &filter.area {
            // A place that is no more has nobody.
            Some(code) => Some(area::by_code(q, code)?.map_or_else(|| "-".to_owned(), |a| a.path)),
            None => None,
        };
        let today = time::rfc3339(now, &app.config.zone)[..10].to_owned();
        Ok(Test { filter: filter.clone(), path, today, now })
    }

    /// Whether it fits.
    pub fn fits(&self, one: &Person) -> bool {
        one.fits(&self.filter, self.path.as_deref(), &self.today, self.now)
    }
}
