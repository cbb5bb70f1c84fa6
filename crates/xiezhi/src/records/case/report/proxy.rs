//! A report for somebody else (代邻居报): a building head, a grid worker or a neighbour writes down what an old neighbour
//! told him at the door.
//!
//! What must stay true: the report is that person's, not his who wrote it: told to that person's phone, rated by it; the
//! log names who wrote it, the desk and the person can see it. Whoever wrote it sees his own words and how it stands, and
//! gets the tracking code only when he said that the person knows. It is for people without an account: for those who let
//! a helper act for them, see `party/trust.rs`.
//!
//! Log kinds written: `case.report`, by [`super::make`].

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use store::{Query, params};

use super::{MAX_TEXT, NewReport, Proxy, WISHES};
use crate::base::area::{self, web::AreaView};
use crate::base::catalogue::{Look, Relation};
use crate::base::classes::{self, Choice};
use crate::base::{media, notice, party};
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::time::DAY;
use crate::kit::{Error, Reply, Req, Result, Route};
use crate::records::case::{Case, MAX_MEDIA, Rulebook, by_id, said, tracking_code};

/// Routes of this part.
pub const ROUTES: &[Route] = &[
    Route::get("/report/for", May::SignedIn, page, "Reporting for somebody else, and what I reported so.").gives::<Page>(),
    Route::post(
        "/report/for",
        May::SignedIn,
        file,
        "Reports for somebody else: `{relation, knows?, text?, class?, area?, building?, address?, contact_name?, contact_phone?, contact_wish?, media?}`.",
    ),
];

/// How somebody stands to the one he reports for.
const RELATIONS: [&str; 5] = ["neighbour", "building_head", "grid_worker", "family", "other"];
/// Such reports of one person within a day.
const MOST: i64 = 20;
/// Reports that a page shows.
const SHOWN: i64 = 30;
/// What is typed.
const FIELDS: [&str; 10] =
    ["contact_name", "contact_phone", "contact_wish", "relation", "knows", "text", "class", "area", "building", "address"];

/// Who wrote a report for somebody else.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct ProxyView {
    pub name: Option<String>,
    pub phone: Option<String>,
    pub relation: String,
    pub knows: bool,
}

/// Who wrote it, as this reader may know.
pub fn of(q: &mut dyn Query, case: &Case, relation: Relation, desk: bool, look: &mut Look) -> Result<Option<ProxyView>> {
    let row = q.row("select person, relation, knows from proxy where case_id = $1", params![&case.id])?;
    let Some(row) = row.filter(|_| relation != Relation::Public) else { return Ok(None) };
    let person: String = row.get("person")?;
    let phone = if desk { party::phone_of(q, &person)? } else { None };
    Ok(Some(ProxyView {
        name: party::name_of(q, &person)?.and_then(|n| look.at(&n, relation)),
        phone: phone.and_then(|p| look.at(&p, relation)),
        relation: row.get("relation")?,
        knows: row.get::<i64>("knows")? != 0,
    }))
}

#[derive(Serialize, JsonSchema)]
struct Page {
    values: BTreeMap<String, String>,
    relations: [&'static str; 5],
    wishes: Vec<&'static str>,
    classes: Vec<Choice>,
    communities: Vec<AreaView>,
    buildings: Vec<Place>,
    max_text: usize,
    error: Option<String>,
    field: Option<String>,
    /// What the reader reported for others, the newest first.
    items: Vec<Filed>,
    /// The one he just wrote.
    done: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct Place {
    id: String,
    name: String,
}

#[derive(Serialize, JsonSchema)]
struct Filed {
    number: String,
    state: &'static str,
    /// His own words.
    text: Option<String>,
    /// For whom.
    name: Option<String>,
    at: String,
    /// The tracking code to hand on, when the person knows of it.
    code: Option<String>,
}

fn page(req: &Req) -> Result<Reply> {
    // Whoever acts for somebody who trusts him reports as that person.
    if req.who.by.is_some() {
        return Ok(Reply::see_other(req.url("/report")));
    }
    show(req, BTreeMap::new(), None)
}

fn show(req: &Req, mut values: BTreeMap<String, String>, error: Option<Error>) -> Result<Reply> {
    for name in FIELDS {
        values.entry(name.into()).or_default();
    }
    let person = req.person()?;
    let mut look = Look::new(&req.who, "proxy");
    let view = req.app.db.read(|r| {
        let near = req.who.roles.iter().max_by_key(|role| role.path.len());
        let here = match (values["area"].as_str(), &req.community, near) {
            ("", Some((code, _)), _) => area::by_code(r, code)?,
            ("", None, Some(role)) => area::community_of(r, &role.area)?,
            ("", None, None) => None,
            (code, ..) => area::by_code(r, code)?,
        };
        let here = here.filter(|a| matches!(a.kind.as_str(), "community" | "grid"));
        let buildings = here.as_ref().map(|a| area::buildings(r, &a.path)).transpose()?.unwrap_or_default();
        values.insert("area".into(), here.map(|a| a.code).unwrap_or_default());
        let all = classes::read_now(r, req.app)?;
        let sql = "select case_id, knows, at from proxy where person = $1 order by at desc, case_id desc limit $2";
        let mut items = Vec::new();
        for row in r.rows(sql, params![person, SHOWN])? {
            let Some(case) = by_id(r, &row.get::<String>("case_id")?)? else { continue };
            let words = said(r, &case)?;
            let mut own = |element: &'static str| {
                let value = words.as_ref()?.element(element)?.to_owned();
                look.at(&case.graded(element, value), Relation::Involved)
            };
            items.push(Filed {
                text: own("case.text"),
                name: own("case.contact_name"),
                at: req.app.time(row.get("at")?),
                code: (row.get::<i64>("knows")? != 0).then(|| tracking_code(&req.app.db, &case.id)),
                state: case.state.as_str(),
                number: case.number,
            });
        }
        let done = req.query.get("done").filter(|n| items.iter().any(|i| i.number == *n)).map(str::to_owned);
        Ok::<_, Error>(Page {
            classes: all.choices(&values["class"], req.lang),
            relations: RELATIONS,
            wishes: WISHES.into_iter().filter(|w| *w != "sms" || notice::channel::state(req.app, "sms") == "ready").collect(),
            communities: area::communities(r)?.iter().map(Into::into).collect(),
            buildings: buildings.into_iter().map(|b| Place { id: b.id, name: b.address }).collect(),
            max_text: MAX_TEXT,
            field: error.as_ref().and_then(|e| e.field.as_deref().map(str::to_owned)),
            error: error.as_ref().map(|e| req.error_text(e)),
            values,
            items,
            done,
        })
    })?;
    look.record(req.app)?;
    let status = error.map_or(200, |e| e.kind.status());
    Ok(req.page("records/case/proxy.html", &view)?.status(status).header("cache-control", "no-store"))
}

fn check(req: &Req, book: &Rulebook) -> Result<NewReport> {
    let mut input = req.input()?;
    media::web::keep_into(req, &mut input, MAX_MEDIA)?;
    let relation = input.need("relation", 20)?;
    if !RELATIONS.contains(&relation.as_str()) {
        return Err(Kind::Unknown.at("relation"));
    }
    let mut new = NewReport::parse(&input, false, &book.classes)?;
    new.channel = "proxy".into();
    new.proxy = Some(Proxy { relation, knows: input.flag("knows") });
    Ok(new)
}

fn file(req: &Req) -> Result<Reply> {
    let (person, book) = (req.myself()?.to_owned(), Rulebook::now(req.app)?);
    let new = match check(req, &book) {
        Ok(new) => new,
        Err(e) if !req.wants_json() => {
            let values = FIELDS.iter().map(|n| ((*n).to_owned(), req.form.get(n).unwrap_or_default().to_owned()));
            return show(req, values.collect(), Some(e));
        }
        Err(e) => return Err(e),
    };
    let spot = super::place(req.app, &new)?;
    let (who, zone) = (req.who.clone(), req.app.config.zone.clone());
    let id = req.once(move |tx| {
        let now = tx.now();
        if tx.count("select count(*) from proxy where person = $1 and at > $2", params![&person, now - DAY])? >= MOST {
            return Err(Kind::TooMany.at("text").limit(MOST));
        }
        let (made, _) = super::make(tx, &book, &who, &new, &spot, &zone)?;
        let by = new.proxy.as_ref().ok_or_else(|| Error::internal("a report for nobody"))?;
        tx.exec(
            "insert into proxy(case_id, person, relation, knows, at) values ($1, $2, $3, $4, $5)",
            params![&made.id, &person, &by.relation, i64::from(by.knows), now],
        )?;
        Ok(made.id)
    })?;
    let case = req.app.db.read(|r| by_id(r, &id))?.ok_or(Kind::NotFound)?;
    if !req.wants_json() {
        return Ok(Reply::see_other(req.url(&format!("/report/for?done={}", case.number))));
    }
    let code = req.input()?.flag("knows").then(|| tracking_code(&req.app.db, &id));
    Ok(Reply::json(&serde_json::json!({ "id": id, "number": case.number, "code": code }))?.status(201))
}
