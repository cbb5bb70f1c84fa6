//! Pages of reports: the numbers of a period, the workbook, and the people behind a number.

use schemars::JsonSchema;
use serde::Serialize;
use store::Query;

use super::report::{self, Report, Snapshot};
use super::{Form, by_id, rules};
use crate::base::catalogue::Look;
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::{Error, Reply, Req, Result, Route, foreign};
use crate::records::register::{Person, query};

/// Routes.
pub const ROUTES: &[Route] = &[
    Route::get("/forms/{id}/reports/{report}", May::Staff, page, "The report of a period: its numbers.").gives::<ReportView>(),
    Route::get("/forms/{id}/reports/{report}/file", May::Staff, file, "The report in its workbook, as the reader may see it."),
    Route::get("/forms/{id}/reports/{report}/numbers/{n}", May::Staff, drill, "The people behind a number: `from`.")
        .gives::<Behind>(),
];

/// People of a page.
const PAGE: usize = 50;

/// A form that this reader may know of.
pub(super) fn known(req: &Req, q: &mut dyn Query) -> Result<Form> {
    Ok(by_id(q, req.param("id"))?.filter(|f| rules::sees(&req.who, f)).ok_or(Kind::NotFound)?)
}

fn found(req: &Req, q: &mut dyn Query) -> Result<(Form, Report, Snapshot)> {
    let form = known(req, q)?;
    let one = report::one(q, &form.id, req.param("report"))?.ok_or(Kind::NotFound)?;
    let snapshot = one.open(q)?;
    Ok((form, one, snapshot))
}

#[derive(Serialize, JsonSchema)]
struct ReportView {
    form: String,
    id: String,
    title: String,
    period: String,
    day: String,
    numbers: Vec<NumberView>,
    /// Small numbers are left out for this reader.
    exact: bool,
}

#[derive(Serialize, JsonSchema)]
struct NumberView {
    label: String,
    /// None when it is too small for this reader.
    n: Option<i64>,
}

fn page(req: &Req) -> Result<Reply> {
    let (form, one, snapshot) = req.app.db.read(|r| found(req, r))?;
    let shown = report::told(&req.who, &form, &snapshot.numbers);
    let numbers = snapshot.numbers.iter().zip(shown);
    let view = ReportView {
        numbers: numbers.map(|(number, n)| NumberView { label: number.label.clone(), n }).collect(),
        exact: query::keeps(&req.who, &form.path),
        form: form.id,
        id: one.id,
        title: form.title,
        period: one.period,
        day: snapshot.day,
    };
    req.page("records/form/report.html", &view)
}

fn file(req: &Req) -> Result<Reply> {
    let (form, one, _) = req.app.db.read(|r| found(req, r))?;
    let mut look = Look::new(&req.who, form.purpose);
    let bytes = req.app.db.read(|r| report::written(req, r, &form, &one, &mut look))?;
    look.record(req.app)?;
    let name = format!("attachment; filename=\"report-{}.xlsx\"", one.period);
    Ok(Reply::of(foreign::XLSX, bytes).header("content-disposition", name))
}

#[derive(Serialize, JsonSchema)]
struct Behind {
    form: String,
    report: String,
    title: String,
    period: String,
    label: String,
    n: i64,
    purpose: &'static str,
    people: Vec<PersonView>,
    /// From where the next page goes on.
    next: Option<usize>,
    number: usize,
}

#[derive(Serialize, JsonSchema)]
struct PersonView {
    id: String,
    name: Option<String>,
    values: Vec<String>,
}

/// What is told of everybody in a list, besides the name.
const SHOWN: [&str; 3] = ["register.sex", "register.birth", query::HOME];

fn drill(req: &Req) -> Result<Reply> {
    let (form, one, snapshot) = req.app.db.read(|r| found(req, r))?;
    let n: usize = req.param("n").parse().map_err(|_| Kind::NotFound)?;
    let number = snapshot.numbers.get(n).ok_or(Kind::NotFound)?;
    let told = report::told(&req.who, &form, &snapshot.numbers)[n].ok_or(Kind::Denied)?;
    let by_tag = form.meant.tag.is_some() || number.filter.tag.is_some();
    if by_tag && !query::knows_tags(&req.who, form.purpose, &form.path) {
        return Err(Kind::Denied.into());
    }
    let from = req.query.get("from").and_then(|f| f.parse::<usize>().ok()).unwrap_or(0).min(number.ids.len());
    let ids = &number.ids[from..(from + PAGE).min(number.ids.len())];
    let mut look = Look::new(&req.who, form.purpose);
    let people = req.app.db.read(|r| {
        let mut people = Vec::new();
        for person in report::behind(r, &form, ids)? {
            if by_tag {
                look.gives(&person.id, "register.tag");
            }
            people.extend(person_view(req, r, &mut look, &person)?);
        }
        Ok::<_, Error>(people)
    })?;
    look.record(req.app)?;
    let next = Some(from + PAGE).filter(|next| *next < number.ids.len());
    let view = Behind {
        label: number.label.clone(),
        form: form.id,
        report: one.id,
        title: form.title,
        period: one.period,
        n: told,
        purpose: form.purpose,
        people,
        next,
        number: n,
    };
    req.page("records/form/behind.html", &view)
}

fn person_view(req: &Req, q: &mut dyn Query, look: &mut Look, one: &Person) -> Result<Option<PersonView>> {
    let Some(relation) = query::relation(&req.who, &one.spot.path) else { return Ok(None) };
    let name = query::shown(q, look, one, one.name_element(), relation, req.lang)?;
    let mut values = Vec::new();
    for element in SHOWN {
        values.extend(query::shown(q, look, one, element, relation, req.lang)?);
    }
    Ok(Some(PersonView { id: one.id.clone(), name, values }))
}
