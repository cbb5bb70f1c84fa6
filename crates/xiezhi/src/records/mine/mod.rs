//! What is held about the person who asks, and who read it when and why (PIPL articles 44 and 45).

use std::collections::{BTreeSet, HashMap};

use schemars::JsonSchema;
use serde::Serialize;
use store::{Query, params};

use crate::base::catalogue::{self, Look, Relation};
use crate::base::classes;
use crate::base::notice::setting;
use crate::base::party;
use crate::base::signon;
use crate::kit::http::May;
use crate::kit::{Error, Reply, Req, Result, Route};
use crate::records::case::{self, view::Item};
use crate::records::form::Form;
use crate::records::register;

/// Routes of this room.
pub const ROUTES: &[Route] = &[
    Route::get("/me/data", May::SignedIn, data, "What is held about me.").gives::<Data>(),
    Route::get("/me/reads", May::SignedIn, reads, "Who read it, when, why.").gives::<Reads>(),
];

#[derive(Serialize, JsonSchema)]
struct Data {
    values: Vec<Held>,
    /// What the community has registered of me; none when my account is tied to no record.
    registered: Option<Registered>,
    /// My reports with their words.
    reports: Vec<Item>,
}

#[derive(Serialize, JsonSchema)]
struct Registered {
    values: Vec<register::mine::Mine>,
    tags: Vec<register::mine::MyTag>,
    /// What was answered in forms and no element holds.
    answers: Vec<AnswerView>,
    /// Household and home are in it; who lived there before is not.
    state: &'static str,
}

#[derive(Serialize, JsonSchema)]
struct AnswerView {
    form: String,
    question: String,
    value: String,
}

#[derive(Serialize, JsonSchema)]
struct Held {
    element: &'static str,
    grade: u8,
    value: String,
}

fn data(req: &Req) -> Result<Reply> {
    let person = req.person()?;
    let mut look = Look::new(&req.who, "me");
    let view = req.app.db.read(|r| {
        let mut values = Vec::new();
        let held = [
            ("person.name", party::name_of(r, person)?),
            ("person.phone", party::phone_of(r, person)?),
            ("person.home", party::card::home(r, person)?),
        ];
        for (element, value) in held {
            if let Some(value) = value.and_then(|v| look.at(&v, Relation::Owner)) {
                values.push(Held { element, grade: catalogue::grade_of(element), value });
            }
        }
        // Where he is told, once more when it is a number of its own.
        for address in setting::addresses(r, person)? {
            let element = setting::element(&address.channel);
            if let Some(value) = address.address.and_then(|a| look.at(&a, Relation::Owner)) {
                values.push(Held { element, grade: catalogue::grade_of(element), value });
            }
        }
        for bound in signon::bound(r, person)? {
            if let Some(value) = bound.subject.and_then(|s| look.at(&s, Relation::Owner)) {
                values.push(Held { element: "person.subject", grade: catalogue::grade_of("person.subject"), value });
            }
        }
        let mine = case::list::by_reporter(r, person)?;
        let reports = case::view::items(req, r, &mine, &mut look)?;
        // Whoever acts for him was trusted with his reports, not with his register.
        let record = if req.who.by.is_some() { None } else { register::mine::record(r, person)? };
        let registered = match record {
            Some(one) => {
                let (values, tags) = register::mine::values(req, r, &one, &mut look)?;
                let mut answers = Vec::new();
                for name in register::mine::names(r, person)? {
                    for (form, question, said) in Form::said_of(r, &name)? {
                        if let Some(value) = look.at(&said, Relation::Owner) {
                            answers.push(AnswerView { form, question, value });
                        }
                    }
                }
                Some(Registered { values, tags, answers, state: one.state.as_str() })
            }
            None => None,
        };
        Ok::<_, Error>(Data { values, registered, reports })
    })?;
    look.record(req.app)?;
    if req.query.get("format") == Some("json") {
        return Ok(Reply::json(&view)?.header("content-disposition", "attachment; filename=\"my-data.json\""));
    }
    req.page("records/mine/data.html", &view)
}

#[derive(Serialize, JsonSchema)]
struct Reads {
    items: Vec<ReadView>,
}

#[derive(Serialize, JsonSchema)]
struct ReadView {
    at: String,
    /// The institution, not the person; the person is named on request.
    by: String,
    elements: Vec<String>,
    purpose: String,
    /// My matters in which it stands, as far as it stands in any (twenty at most).
    matters: Vec<MatterRead>,
    /// Entry of the log.
    entry: i64,
}

#[derive(Clone, Serialize, JsonSchema)]
struct MatterRead {
    number: String,
    class_name: Option<String>,
}

/// Reads that a page shows.
const SHOWN: i64 = 200;

fn reads(req: &Req) -> Result<Reply> {
    let person = req.person()?;
    let sql = "select l.at, l.seq, l.elements, l.purpose, l.matters, b.name body from read_log l \
               left join body b on b.id = l.body where l.owner = $1 order by l.seq desc limit $2";
    let mut rows = Vec::new();
    req.app.db.read(|r| {
        // Whoever acts for him was trusted with his reports, not with his register.
        let names = if req.who.by.is_some() { vec![person.to_owned()] } else { register::mine::names(r, person)? };
        for name in names {
            for row in r.rows(sql, params![name, SHOWN])? {
                rows.push((row.get::<i64>("seq")?, row));
            }
        }
        Ok::<_, Error>(())
    })?;
    rows.sort_by_key(|(seq, _)| std::cmp::Reverse(*seq));
    rows.truncate(SHOWN as usize);
    let mut read = BTreeSet::new();
    for (_, row) in &rows {
        read.extend(numbers(row)?);
    }
    let known = req.app.db.read(|r| named(req, r, &read.into_iter().collect::<Vec<_>>()))?;
    let (someone, helper) = (req.app.texts.plain(req.lang, "reads-someone"), req.app.texts.plain(req.lang, "reads-helper"));
    let items = rows
        .iter()
        .map(|(seq, row)| {
            let (elements, purpose): (String, String) = (row.get("elements")?, row.get("purpose")?);
            let matters = numbers(row)?.into_iter().filter_map(|n| known.get(&n).cloned()).collect();
            let nobody = if purpose == catalogue::HELPER { &helper } else { &someone };
            Ok(ReadView {
                at: req.app.time(row.get("at")?),
                by: row.get::<Option<String>>("body")?.unwrap_or_else(|| nobody.clone()),
                elements: elements.split(' ').map(str::to_owned).collect(),
                purpose,
                matters,
                entry: *seq,
            })
        })
        .collect::<Result<_>>()?;
    req.page("records/mine/reads.html", &Reads { items })
}

/// The numbers of matters that stand in a row of the read log.
fn numbers(row: &store::Row) -> Result<Vec<String>> {
    let text: Option<String> = row.get("matters")?;
    Ok(text.iter().flat_map(|t| t.split(' ')).map(str::to_owned).collect())
}

/// What they are about, by number.
fn named(req: &Req, q: &mut dyn Query, numbers: &[String]) -> Result<HashMap<String, MatterRead>> {
    let classes = classes::read_now(q, req.app)?;
    let name = |c: case::Case| {
        let class_name = c.class.map(|class| classes.label(&class, req.lang).to_owned());
        (c.number.clone(), MatterRead { number: c.number, class_name })
    };
    Ok(case::by_numbers(q, numbers)?.into_iter().map(name).collect())
}
