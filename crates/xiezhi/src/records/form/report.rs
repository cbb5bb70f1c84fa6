//! Reports that write themselves: the numbers of a period, kept with the records that were counted.
//!
//! What must stay true: a report of a period that is over is never counted anew; a number is as long as the list that it
//! leads to; what a workbook says of somebody is what its reader may see, and is logged.

use std::collections::{BTreeMap, BTreeSet};

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Workbook, XlsxError};
use serde::{Deserialize, Serialize};
use store::{Entry, Query, Tx, params};

use super::place::{self, Place};
use super::sheet::{self, Cell};
use super::{Answers, Form, Period, State, Test, by_id, rules};
use crate::base::catalogue::{Graded, Look, Relation};
use crate::base::party;
use crate::kit::error::Kind;
use crate::kit::i18n::Lang;
use crate::kit::row::row;
use crate::kit::time::{self, Ms};
use crate::kit::{App, Error, Req, Result, Who};
use crate::records::register::query::{self, Filter};
use crate::records::register::statistics::LEAST;
use crate::records::register::{Person, export, person};

/// Reports of a form that are listed.
pub const LISTED: i64 = 24;
/// Reports that one round writes.
const AT_ONCE: i64 = 20;

/// A number and the records behind it.
#[derive(Clone, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Number {
    /// As it stands in the workbook: `人数:年龄>=60`.
    pub label: String,
    pub filter: Filter,
    pub ids: Vec<String>,
}

/// What was so when it was counted.
#[derive(Clone, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Snapshot {
    pub day: String,
    /// Everybody whom the form means; the first of the numbers.
    pub numbers: Vec<Number>,
    /// Characters that nobody had to type again for this period.
    pub saved: i64,
}

row! {
    /// A report as it lies there.
    #[derive(Clone, Debug)]
    #[expect(missing_docs, reason = "the columns of `fill_report`")]
    pub struct Report {
        pub id: String,
        pub form: String,
        pub period: String,
        pub at: Ms,
        sealed: Vec<u8>,
    }
}

/// The reports of a form, the newest first.
pub fn of_form(q: &mut dyn Query, form: &str) -> store::Result<Vec<Report>> {
    let sql = format!("select {COLUMNS} from fill_report where form = $1 order by at desc, id desc limit $2");
    q.rows(&sql, params![form, LISTED])?.iter().map(read).collect()
}

/// A report of a form.
pub fn one(q: &mut dyn Query, form: &str, id: &str) -> store::Result<Option<Report>> {
    let sql = format!("select {COLUMNS} from fill_report where form = $1 and id = $2");
    q.row(&sql, params![form, id])?.as_ref().map(read).transpose()
}

impl Report {
    /// What was so then.
    pub fn open(&self, q: &mut dyn Query) -> Result<Snapshot> {
        let bytes = q.open(&self.id, &self.sealed)?.ok_or(Kind::NotFound)?;
        serde_json::from_slice(&bytes).map_err(Error::internal)
    }
}

/// The workbook of a form, as it was brought; none when reports use ours.
pub fn template(q: &mut dyn Query, form: &str) -> Result<Option<Vec<u8>>> {
    let Some(row) = q.row("select sealed from fill_template where form = $1", params![form])? else { return Ok(None) };
    Ok(q.open(form, &row.get::<Vec<u8>>("sealed")?)?)
}

/// What the placeholders of a workbook mean; the first that means nothing is refused.
pub fn places(app: &App, form: &Form, bytes: &[u8]) -> Result<Vec<(String, Place)>> {
    let mut out: Vec<(String, Place)> = Vec::new();
    for inside in sheet::placeholders(bytes)? {
        if out.iter().all(|(known, _)| *known != inside) {
            let place = place::parse(app, form, &inside)?;
            out.push((inside, place));
        }
    }
    if out.iter().filter(|(_, p)| matches!(p, Place::Count(_))).count() > place::NUMBERS {
        return Err(Kind::TooMany.at("file").limit(place::NUMBERS as i64));
    }
    Ok(out)
}

/// Counts as it is now, for the period of a moment.
pub fn count(app: &App, q: &mut dyn Query, form: &Form, of: Ms, now: Ms) -> Result<Snapshot> {
    let people = form.population(q, app, &form.path, now)?;
    let bytes = template(q, &form.id)?;
    let mut numbers =
        vec![Number { label: String::new(), filter: Filter::default(), ids: people.iter().map(|p| p.id.clone()).collect() }];
    for (label, place) in bytes.map(|b| places(app, form, &b)).transpose()?.unwrap_or_default() {
        if let Place::Count(filter) = place {
            let test = Test::of(q, app, &filter, now)?;
            let ids = people.iter().filter(|p| test.fits(p)).map(|p| p.id.clone()).collect();
            numbers.push(Number { label, filter: *filter, ids });
        }
    }
    // What was held when the period began need not be typed for it again; the first period was counted at publishing.
    let begin = rules::begin(form.period, of, &app.config.zone).filter(|b| form.opened_at.is_some_and(|o| o < *b));
    let before = |p: &Person, b: Ms| {
        let held = form.asks.known(form.record).into_iter().filter_map(|e| p.held(e)).filter(|h| h.at < b);
        held.map(|h| h.chars).sum::<i64>()
    };
    let saved = begin.map_or(0, |b| people.iter().map(|p| before(p, b)).sum());
    Ok(Snapshot { day: time::rfc3339(now, &app.config.zone)[..10].to_owned(), numbers, saved })
}

/// Keeps what was counted as the report of a period. While the period runs, counting again replaces it.
pub fn keep(tx: &mut Tx, who: &Who, id: &str, period: &str, next_at: Option<Ms>, counted: &Snapshot) -> Result<String> {
    let form = by_id(tx, id)?.ok_or(Kind::NotFound)?;
    // A person does it, or the clock.
    if who.actor().is_some() && !may(who, &form) {
        return Err(Kind::Denied.into());
    }
    if form.state != State::Open {
        return Err(Kind::State.into());
    }
    let now = tx.now();
    let there = tx.row("select id from fill_report where form = $1 and period = $2", params![id, period])?;
    let report: String = match &there {
        Some(row) => row.get("id")?,
        None => {
            let new = tx.id();
            tx.new_owner(&new)?;
            new
        }
    };
    let sealed = tx.seal(&report, &serde_json::to_vec(counted).unwrap_or_default())?;
    let sql = "insert into fill_report(id, form, period, at, by_person, sealed) values ($1, $2, $3, $4, $5, $6) on conflict(id) \
               do update set at = excluded.at, by_person = excluded.by_person, sealed = excluded.sealed";
    tx.exec(sql, params![&report, id, period, now, who.actor(), sealed])?;
    if there.is_none() && counted.saved > 0 {
        tx.exec("update fill_form set saved = saved + $2 where id = $1", params![id, counted.saved])?;
    }
    if next_at.is_some() {
        tx.exec("update fill_form set next_at = $2 where id = $1", params![id, next_at])?;
    }
    let entry =
        Entry { actor: who.actor(), area: Some(&form.area), party: Some(&form.body), ..Entry::new("form.report", "form", id) };
    tx.log(entry.fact("period", period).fact("numbers", counted.numbers.len() as i64))?;
    Ok(report)
}

/// Whether somebody may have a report counted: whoever asked for it, and whoever keeps the register of the whole area.
pub fn may(who: &Who, form: &Form) -> bool {
    rules::sees(who, form) && (who.in_body(&form.body) || query::keeps(who, &form.path))
}

/// Writes the reports whose period is over.
pub fn round(app: &App) -> Result<()> {
    let now = app.now();
    let sql = "select id from fill_form where next_at <= $1 order by next_at, id limit $2";
    let due = app.db.read(|r| r.rows(sql, params![now, AT_ONCE]))?;
    let mut failed = None;
    for row in due {
        let id: String = row.get("id")?;
        failed = write_due(app, &id, now).err().or(failed);
    }
    failed.map_or(Ok(()), Err)
}

fn write_due(app: &App, id: &str, now: Ms) -> Result<()> {
    let counted = app.db.read(|r| {
        let Some(form) = by_id(r, id)?.filter(|f| f.next_at.is_some_and(|at| at <= now)) else { return Ok(None) };
        let snapshot = count(app, r, &form, form.next_at.unwrap_or(now) - 1, now)?;
        Ok::<_, Error>(Some((form, snapshot)))
    })?;
    let Some((form, snapshot)) = counted else { return Ok(()) };
    let period = rules::name(form.period, form.next_at.unwrap_or(now) - 1, &app.config.zone);
    let next = rules::end(form.period, now, &app.config.zone);
    app.db.write(move |tx| keep(tx, &Who::system(), &form.id, &period, next, &snapshot))?;
    Ok(())
}

/// The numbers as this reader may see them. Who does not keep the register sees none from 1 to 4, and of two numbers that
/// differ by so few people only the larger one: else 19 women of 20 people would be one man.
pub fn told(who: &Who, form: &Form, numbers: &[Number]) -> Vec<Option<i64>> {
    if query::keeps(who, &form.path) {
        return numbers.iter().map(|n| Some(n.ids.len() as i64)).collect();
    }
    let small = |n: usize| (1..LEAST as usize).contains(&n);
    let within = |one: &Number, all: &Number| {
        let known: BTreeSet<&String> = all.ids.iter().collect();
        one.ids.iter().all(|id| known.contains(id))
    };
    let telling = |one: &Number, all: &Number| small(all.ids.len().saturating_sub(one.ids.len())) && within(one, all);
    let hidden = |one: &Number| small(one.ids.len()) || !one.ids.is_empty() && numbers.iter().any(|all| telling(one, all));
    numbers.iter().map(|one| (!hidden(one)).then_some(one.ids.len() as i64)).collect()
}

/// Elements that are listed, under what heads: what our own workbook has.
fn ours(app: &App, form: &Form, lang: Lang) -> std::result::Result<Vec<u8>, XlsxError> {
    let mut columns = vec![(app.texts.plain(lang, "form-serial"), "序号".to_owned())];
    for element in form.asks.known(form.record) {
        columns.push((app.texts.plain(lang, &query::name_key(element)), element.to_owned()));
    }
    columns.extend(form.asks.own.iter().map(|q| (q.label.clone(), q.key.clone())));
    let mut book = Workbook::new();
    book.set_properties(&DocProperties::new().set_creation_datetime(&ExcelDateTime::from_ymd(2026, 1, 1)?));
    let line = Format::new().set_border(FormatBorder::Thin).set_text_wrap();
    let title = Format::new().set_bold().set_font_size(16).set_align(FormatAlign::Center);
    let sheet = book.add_worksheet();
    let last = columns.len().max(2) as u16 - 1;
    sheet.merge_range(0, 0, 0, last, "{{标题}}（{{期}}）", &title)?;
    sheet.write_string(1, 0, app.texts.plain(lang, "form-people"))?;
    sheet.write_string(1, 1, "{{人数}}")?;
    for (x, (head, inside)) in columns.iter().enumerate() {
        let x = x as u16;
        sheet.write_string_with_format(2, x, head, &line.clone().set_bold())?;
        sheet.write_string_with_format(3, x, format!("{{{{{inside}}}}}"), &line)?;
        sheet.set_column_width(x, if x == 0 { 6 } else { 18 })?;
    }
    book.save_to_buffer()
}

/// The workbook that a form's reports are written into: the asker's own, or ours.
pub fn book(app: &App, q: &mut dyn Query, form: &Form, lang: Lang) -> Result<Vec<u8>> {
    match template(q, &form.id)? {
        Some(bytes) => Ok(bytes),
        None => ours(app, form, lang).map_err(Error::internal),
    }
}

/// A report in its workbook, as this reader may see it.
pub fn written(req: &Req, q: &mut dyn Query, form: &Form, report: &Report, look: &mut Look) -> Result<Vec<u8>> {
    let snapshot = report.open(q)?;
    let bytes = book(req.app, q, form, req.lang)?;
    let places: BTreeMap<String, Place> = places(req.app, form, &bytes)?.into_iter().collect();
    let listed = places.values().any(Place::repeats);
    let mut people = if listed { behind(q, form, &snapshot.numbers[0].ids)? } else { Vec::new() };
    // Of whom this reader may not know there is no row either: rows can be counted.
    people.retain(|one| query::relation(&req.who, &one.spot.path).is_some());
    // A long list of people leaves as an export, which a second one has to allow; numbers leave whatever they count.
    if people.len() as i64 > export::ALONE {
        return Err(Kind::TooMany.at("template").limit(export::ALONE));
    }
    if form.meant.tag.is_some() && !people.is_empty() {
        if !query::knows_tags(&req.who, form.purpose, &form.path) {
            return Err(Kind::Denied.into());
        }
        people.iter().for_each(|p| look.gives(&p.id, "register.tag"));
    }
    let answers = form.answers(q, since(form, report, req))?;
    let body = party::body_by_id(q, &form.body)?.map(|b| b.name).unwrap_or_default();
    let few = req.app.texts.plain(req.lang, "form-few");
    let shown = told(&req.who, form, &snapshot.numbers);
    let number = |label: &str| {
        let whole = |filter: &Filter| *filter == Filter::default();
        // A number that the workbook got after it was counted is not known of that day.
        let all = matches!(places.get(label), Some(Place::Count(f)) if whole(f)).then_some(0);
        match snapshot.numbers.iter().position(|n| n.label == label).or(all).map(|at| shown[at]) {
            Some(Some(n)) => Cell::Number(n),
            Some(None) => Cell::Text(few.clone()),
            None => Cell::Text(String::new()),
        }
    };
    let mut value = |inside: &str, copy: usize| -> Result<Cell> {
        let text = |t: String| Cell::Text(t);
        Ok(match places.get(inside) {
            Some(Place::Count(_)) => number(inside),
            Some(Place::Title) => text(form.title.clone()),
            Some(Place::Period) => text(report.period.clone()),
            Some(Place::Body) => text(body.clone()),
            Some(Place::Day) => text(snapshot.day.clone()),
            Some(Place::Serial) => Cell::Number(copy as i64 + 1),
            Some(Place::Element(element)) => text(of_person(req, q, look, people.get(copy), element)?),
            Some(Place::Own(key)) => text(people.get(copy).and_then(|p| answer(req, look, p, &answers, key)).unwrap_or_default()),
            None => text(String::new()),
        })
    };
    let repeats = |inside: &str| places.get(inside).is_some_and(Place::repeats);
    sheet::fill(&bytes, people.len(), &repeats, &mut value)
}

fn of_person(req: &Req, q: &mut dyn Query, look: &mut Look, one: Option<&Person>, element: &'static str) -> Result<String> {
    let Some(one) = one else { return Ok(String::new()) };
    let Some(relation) = query::relation(&req.who, &one.spot.path) else { return Ok(String::new()) };
    Ok(query::shown(q, look, one, element, relation, req.lang)?.unwrap_or_default())
}

/// An answer that no element holds, for whoever may see it.
pub fn answer(req: &Req, look: &mut Look, one: &Person, all: &BTreeMap<String, Answers>, key: &str) -> Option<String> {
    let relation: Relation = query::relation(&req.who, &one.spot.path)?;
    let said = all.get(&one.id)?.get(key)?;
    look.at(&Graded::new("form.answer", &one.id, said.clone()), relation)
}

/// Since when answers belong to the period of a report.
fn since(form: &Form, report: &Report, req: &Req) -> Ms {
    if form.period == Period::Once {
        return form.made_at;
    }
    // Its name begins with its first month, or says its quarter.
    let day = match report.period.split_once("-Q") {
        Some((year, quarter)) => format!("{year}-{:02}-01", quarter.parse::<i64>().unwrap_or(1) * 3 - 2),
        None => format!("{}-01", report.period),
    };
    time::day_begin(&day, &req.app.config.zone).unwrap_or(form.made_at)
}

/// The records behind a number, in its order, as far as they are still held.
pub fn behind(q: &mut dyn Query, form: &Form, ids: &[String]) -> Result<Vec<Person>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    // Few are looked up one by one; many come with their area, and the rest one by one.
    const FEW: usize = 60;
    let here = if ids.len() > FEW { query::all(q, &form.path, form.record.of())? } else { Vec::new() };
    let mut known: BTreeMap<String, Person> = here.into_iter().map(|p| (p.id.clone(), p)).collect();
    let mut out = Vec::with_capacity(ids.len());
    for id in ids {
        let one = match known.remove(id) {
            Some(one) => Some(one),
            None => match query::whole(q, id)? {
                Some(one) => Some(one),
                None => person::by_id(q, id)?,
            },
        };
        out.extend(one);
    }
    Ok(out)
}
