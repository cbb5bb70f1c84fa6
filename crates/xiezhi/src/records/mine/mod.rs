//! What is held about the person who asks, and who read it when and why (PIPL articles 44 and 45).

use schemars::JsonSchema;
use serde::Serialize;
use store::{Query as _, params};

use crate::base::catalogue::{self, Look, Relation};
use crate::base::notice::setting;
use crate::base::party;
use crate::base::signon;
use crate::kit::http::May;
use crate::kit::{Error, Reply, Req, Result, Route};
use crate::records::case::{self, view::Item};

/// Routes of this room.
pub const ROUTES: &[Route] = &[
    Route::get("/me/data", May::SignedIn, data, "What is held about me.").gives::<Data>(),
    Route::get("/me/reads", May::SignedIn, reads, "Who read it, when, why.").gives::<Reads>(),
];

#[derive(Serialize, JsonSchema)]
struct Data {
    values: Vec<Held>,
    /// My reports with their words.
    reports: Vec<Item>,
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
        Ok::<_, Error>(Data { values, reports })
    })?;
    look.record(req.app)?;
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
    /// Entry of the log.
    entry: i64,
}

/// Reads that a page shows.
const SHOWN: i64 = 200;

fn reads(req: &Req) -> Result<Reply> {
    let person = req.person()?;
    let sql = "select l.at, l.seq, l.elements, l.purpose, b.name body from read_log l left join body b on b.id = l.body \
               where l.owner = $1 order by l.seq desc limit $2";
    let rows = req.app.db.read(|r| r.rows(sql, params![person, SHOWN]))?;
    let (someone, helper) = (req.app.texts.plain(req.lang, "reads-someone"), req.app.texts.plain(req.lang, "reads-helper"));
    let items = rows
        .iter()
        .map(|row| {
            let (elements, purpose): (String, String) = (row.get("elements")?, row.get("purpose")?);
            let nobody = if purpose == catalogue::HELPER { &helper } else { &someone };
            Ok(ReadView {
                at: req.app.time(row.get("at")?),
                by: row.get::<Option<String>>("body")?.unwrap_or_else(|| nobody.clone()),
                elements: elements.split(' ').map(str::to_owned).collect(),
                purpose,
                entry: row.get("seq")?,
            })
        })
        .collect::<Result<_>>()?;
    req.page("records/mine/reads.html", &Reads { items })
}
