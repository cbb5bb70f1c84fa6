//! What waits for a desk: texts that were held or reported, appeals, and people who say where they live.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use store::{Query, params};

use super::judge::{self, NOTE, Ruling};
use super::member::{self, ASKED};
use super::{Book, Post, by_id, text, view};
use crate::base::area;
use crate::base::catalogue::{Graded, Look, Relation};
use crate::base::party::{self, Chart};
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::{Error, Reply, Req, Result, Route};

/// Routes of this part.
pub const ROUTES: &[Route] = &[
    Route::get(
        "/neighbours/queue",
        May::Staff,
        queue,
        "Texts that wait for this desk, the most urgent first, and who says where he lives.",
    )
    .gives::<Waits>(),
    Route::post(
        "/neighbours/posts/{id}/judge",
        May::Staff,
        decide,
        "Decides about a text: `{show, reason?, note?}`; the reason is one of the pack.",
    ),
    Route::post(
        "/neighbours/posts/{id}/person",
        May::Staff,
        person,
        "Learns who wrote a text that waits here: `{why}`. Each is a logged read.",
    )
    .gives::<Person>(),
    Route::post(
        "/neighbours/members/{id}/confirm",
        May::Staff,
        confirm,
        "Says whether somebody lives in the building he named: `{accept}`.",
    ),
];

/// Texts of one page.
const PAGE: i64 = 50;

#[derive(Serialize, JsonSchema)]
struct Waits {
    items: Vec<Wait>,
    people: Vec<Asking>,
    reasons: Vec<view::Choice>,
    note_max: usize,
    more: bool,
}

#[derive(Serialize, JsonSchema)]
struct Wait {
    id: String,
    number: String,
    place: String,
    title: Option<String>,
    by: Option<String>,
    office: bool,
    text: Option<String>,
    queue: &'static str,
    state: &'static str,
    at: String,
    due_at: String,
    late: bool,
    /// By reason, how many reported it; who did is told to nobody.
    flags: Vec<Flags>,
    appeal: Option<String>,
    /// Whether this reader may decide: not about himself.
    may: bool,
}

#[derive(Serialize, JsonSchema)]
struct Flags {
    reason: String,
    n: i64,
}

#[derive(Serialize, JsonSchema)]
struct Asking {
    id: String,
    name: Option<String>,
    nick: Option<String>,
    building: String,
    at: String,
}

fn queue(req: &Req) -> Result<Reply> {
    let desks = judge::desks(&req.who);
    if desks.is_empty() {
        return Err(Kind::Denied.into());
    }
    let mut look = Look::new(&req.who, "neighbours");
    let view = req.app.db.read(|r| {
        let chart = Chart::read(r, req.app)?;
        let (mut items, mut more) = (Vec::new(), false);
        for desk in &desks {
            let sql = format!(
                "select {} from near_post where desk = $1 and due_at is not null order by due_at limit $2",
                text::COLUMNS
            );
            let rows = r.rows(&sql, params![*desk, PAGE + 1])?;
            more |= rows.len() as i64 > PAGE;
            for row in rows.iter().take(PAGE as usize) {
                items.push(wait(req, r, &chart, &text::read(row)?, &mut look)?);
            }
        }
        let pack = super::pack::at("");
        let named =
            |p: &super::pack::Reason| view::Choice { id: p.id.clone(), name: pack.reason_name(&p.id, req.lang).to_owned() };
        Ok::<_, Error>(Waits {
            items,
            people: asking(req, r, &mut look)?,
            reasons: pack.reason.iter().map(named).collect(),
            note_max: NOTE,
            more,
        })
    })?;
    look.record(req.app)?;
    req.page("activities/neighbours/queue.html", &view)
}

fn wait(req: &Req, q: &mut dyn Query, chart: &std::sync::Arc<Chart>, post: &Post, look: &mut Look) -> Result<Wait> {
    let topic = by_id(q, &post.topic)?;
    let place = area::by_id(q, &topic.area)?.ok_or(Kind::NotFound)?;
    let book = Book { pack: super::pack::at(&place.code), chart: chart.clone(), zone: req.app.config.zone.clone() };
    let said = q.entry(post.log_seq)?;
    let begins = if post.n == 0 { post.log_seq } else { text::opening(q, &topic.id)?.log_seq };
    let opening = q.entry(begins)?;
    let asked = post.appeal_seq.map(|seq| q.entry(seq)).transpose()?.flatten();
    let mut words = |entry: Option<&store::Written>, element: &'static str| {
        let text = entry?.element(element)?.to_owned();
        look.at(&Graded::new(element, &post.by_person, text), Relation::Desk)
    };
    let rows =
        q.rows("select reason, count(*) n from near_flag where post = $1 group by reason order by reason", params![&post.id])?;
    let flags = rows.iter().map(|row| {
        let reason: String = row.get("reason")?;
        Ok(Flags { reason: book.pack.reason_name(&reason, req.lang).to_owned(), n: row.get("n")? })
    });
    let person = req.who.person.as_deref();
    let again = post.appeal_seq.is_some() && post.ruled_by.as_deref() == person;
    let due = post.due_at.unwrap_or_default();
    Ok(Wait {
        title: words(opening.as_ref(), "neighbours.title"),
        text: words(said.as_ref(), "neighbours.words"),
        appeal: words(asked.as_ref(), "neighbours.appeal"),
        flags: flags.collect::<Result<_>>()?,
        by: view::name(q, &book, post)?,
        office: post.body.is_some(),
        queue: post.queue.map_or("", super::rules::Queue::as_str),
        state: post.state.as_str(),
        at: req.app.time(post.made_at),
        due_at: req.app.time(due),
        late: due < req.now,
        may: person != Some(&post.by_person) && !again,
        place: place.name,
        number: topic.number,
        id: post.id.clone(),
    })
}

/// People who say where they live, of the communities of this desk.
fn asking(req: &Req, q: &mut dyn Query, look: &mut Look) -> Result<Vec<Asking>> {
    let Some(role) = req.who.nearest_desk() else { return Ok(Vec::new()) };
    let sql = format!(
        "select {} from near_member where asked_at is not null and path >= $1 and path < $2 order by asked_at limit $3",
        member::COLUMNS
    );
    let mut out = Vec::new();
    for row in q.rows(&sql, params![&role.path, area::end_of(&role.path), ASKED])? {
        let one = member::read(&row)?;
        let building = area::building(q, one.asked.as_deref().unwrap_or_default())?.map(|b| b.name).unwrap_or_default();
        // Whether somebody lives there can only be said of a person, not of a name he chose.
        let name = party::name_of(q, &one.person)?.and_then(|n| look.at(&n, Relation::Desk));
        let at = req.app.time(one.asked_at.unwrap_or_default());
        out.push(Asking { name, nick: member::nick(q, &one)?, building, at, id: one.id });
    }
    Ok(out)
}

/// The rules of the place where a text stands.
pub(super) fn book_of(req: &Req, id: &str) -> Result<(Book, Post)> {
    let (post, code) = req.app.db.read(|r| {
        let post = text::by_id(r, id)?;
        let topic = by_id(r, &post.topic)?;
        Ok::<_, Error>((post, area::by_id(r, &topic.area)?.map(|a| a.code).unwrap_or_default()))
    })?;
    Ok((Book::now(req.app, &code)?, post))
}

fn decide(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let ruling = Ruling { show: input.flag("show"), reason: input.text("reason", 20)?, note: input.text("note", NOTE)? };
    let (book, post) = book_of(req, req.param("id"))?;
    let (who, id) = (req.who.clone(), post.id);
    req.once(move |tx| judge::judge(tx, &book, &who, &id, &ruling).map(|()| String::new()))?;
    done(req)
}

fn done(req: &Req) -> Result<Reply> {
    if req.wants_json() { Reply::json(&json!({})) } else { Ok(Reply::see_other(req.url("/neighbours/queue?done=1"))) }
}

#[derive(Serialize, JsonSchema)]
struct Person {
    name: Option<String>,
    phone: Option<String>,
    nick: Option<String>,
    why: String,
}

fn person(req: &Req) -> Result<Reply> {
    let why = req.input()?.need("why", NOTE)?;
    let (book, post) = book_of(req, req.param("id"))?;
    let (who, id, reason) = (req.who.clone(), post.id.clone(), why.clone());
    let person = req.app.db.write(move |tx| judge::person(tx, &who, &id, &reason))?.value;
    let mut look = Look::new(&req.who, "neighbours-person");
    let view = req.app.db.read(|r| {
        let name = party::name_of(r, &person)?.and_then(|n| look.at(&n, Relation::Desk));
        let phone = party::phone_of(r, &person)?.and_then(|p| look.at(&p, Relation::Desk));
        Ok::<_, Error>(Person { name, phone, nick: view::name(r, &book, &post)?, why })
    })?;
    look.record(req.app)?;
    Ok(req.page("activities/neighbours/person.html", &view)?.header("cache-control", "no-store"))
}

fn confirm(req: &Req) -> Result<Reply> {
    let accept = req.input()?.flag("accept");
    let (who, id) = (req.who.clone(), req.param("id").to_owned());
    req.once(move |tx| member::confirm(tx, &who, &id, accept).map(|()| String::new()))?;
    done(req)
}
