//! Routes of talk among neighbours: lists, joining, topics, answers, quick questions, sending a topic to the desk.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use store::{Entry, Query, Tx, params};

use super::judge::NOTE;
use super::rules::{self, Sight, State};
use super::say::{self, FIELDS, NewTopic};
use super::{Book, Topic, judge, member, poll, text, view};
use crate::base::area::{self, Area};
use crate::base::catalogue::{Graded, Look, Relation};
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::{Error, Reply, Req, Result, Route};
use crate::records::case::Rulebook;
use crate::records::case::report::{self, MAX_TEXT, NewReport};

/// Routes of this part.
pub const ROUTES: &[Route] = &[
    Route::get("/neighbours", May::Anyone, list, "What neighbours talk about (`area`, `group`: all or building, `category`, `before`); for everybody else what the committee shows to all.")
        .gives::<view::List>(),
    Route::post("/neighbours/join", May::SignedIn, join, "Takes part under a name of one's choice: `{area?, nick, building?}`."),
    Route::post("/neighbours/name", May::SignedIn, rename, "Takes another name: `{area?, nick}`."),
    Route::post("/neighbours/leave", May::SignedIn, leave, "Leaves; the name is destroyed: `{area?}`."),
    Route::get("/neighbours/new", May::SignedIn, form, "The form for a topic.").gives::<Form>(),
    Route::post("/neighbours/topics", May::SignedIn, open, "Begins a topic: `{area?, category, title, text, group?, options?, until?, office?}`."),
    Route::get("/neighbours/topics/{number}", May::Anyone, one, "A topic with its texts (`from`).").gives::<view::Full>(),
    Route::post("/neighbours/topics/{number}/comments", May::SignedIn, comment, "Answers: `{text, office?}`."),
    Route::post("/neighbours/topics/{number}/voice", May::SignedIn, choose, "Answers a quick question: `{choice}`."),
    Route::post("/neighbours/topics/{number}/follow", May::SignedIn, follow, "Hears of what is new there once a day, or no longer: `{on}`."),
    Route::post("/neighbours/topics/{number}/notice", May::Staff, notice, "Shows a topic to everybody, or no longer: `{on}`."),
    Route::get("/neighbours/topics/{number}/report", May::SignedIn, send_form, "The report form with the words of a topic filled in.").gives::<Send>(),
    Route::post("/neighbours/topics/{number}/report", May::SignedIn, send, "Sends a topic to the desk as a report: `{text, class?, address?}`; the topic then bears its number."),
    Route::post("/neighbours/posts/{id}/thanks", May::SignedIn, thank, "Thanks for a text; once."),
    Route::post("/neighbours/posts/{id}/flag", May::SignedIn, flag, "Reports a text: `{reason}`. Who did is told to nobody."),
    Route::post("/neighbours/posts/{id}/delete", May::SignedIn, delete, "Takes one's own text back; nothing is left of it."),
    Route::post("/neighbours/posts/{id}/appeal", May::SignedIn, appeal, "Asks for another look at one's hidden text: `{text}`."),
];

fn list(req: &Req) -> Result<Reply> {
    let mut look = Look::new(&req.who, "neighbours");
    let view = req.app.db.read(|r| {
        let place = view::place(req, r, req.query.get("area"))?.ok_or(Kind::NotFound)?;
        view::list(req, r, &place, &mut look)
    })?;
    look.record(req.app)?;
    req.page("activities/neighbours/neighbours.html", &view)
}

/// The community that a form is about.
fn place(req: &Req, named: Option<&str>) -> Result<(Area, Book)> {
    let place = req.app.db.read(|r| view::place(req, r, named))?.ok_or(Kind::NotFound)?;
    let book = Book::now(req.app, &place.code)?;
    Ok((place, book))
}

fn back(req: &Req, to: &str) -> Result<Reply> {
    if req.wants_json() { Reply::json(&json!({})) } else { Ok(Reply::see_other(req.url(to))) }
}

fn join(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let (nick, building) = (input.need("nick", rules::NICK)?, input.text("building", 40)?);
    let (place, book) = place(req, input.text("area", 40)?.as_deref())?;
    let (who, code) = (req.who.clone(), place.code.clone());
    let id = req.once(move |tx| member::join(tx, &book, &who, &place, &nick, building.as_deref()))?;
    if req.wants_json() {
        return Ok(Reply::json(&json!({ "id": id }))?.status(201));
    }
    Ok(Reply::see_other(req.url(&format!("/neighbours?area={code}"))))
}

fn rename(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let nick = input.need("nick", rules::NICK)?;
    let (place, book) = place(req, input.text("area", 40)?.as_deref())?;
    let who = req.who.clone();
    req.once(move |tx| member::rename(tx, &book, &who, &place, &nick).map(|()| String::new()))?;
    back(req, "/neighbours")
}

fn leave(req: &Req) -> Result<Reply> {
    let (place, _) = place(req, req.input()?.text("area", 40)?.as_deref())?;
    let who = req.who.clone();
    req.once(move |tx| member::leave(tx, &who, &place.id).map(|()| String::new()))?;
    back(req, "/neighbours")
}

/// The form for a topic, with what was typed.
#[derive(Serialize, JsonSchema)]
struct Form {
    area: String,
    place: String,
    nick: Option<String>,
    building: Option<String>,
    /// May speak for the desk.
    desk: bool,
    categories: Vec<CategoryView>,
    typed: Typed,
    option_fields: Vec<&'static str>,
    title_max: usize,
    text_max: usize,
    option_max: usize,
    poll_days: i64,
    error: Option<String>,
    field: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct CategoryView {
    id: String,
    name: String,
    /// Looked at before others see it.
    pre: bool,
}

#[derive(Default, Serialize, JsonSchema)]
struct Typed {
    category: String,
    title: String,
    text: String,
    group: String,
    until: String,
    office: bool,
    options: Vec<String>,
}

fn form(req: &Req) -> Result<Reply> {
    let (place, book) = place(req, req.query.get("area"))?;
    let category = req.query.get("category").unwrap_or_default().to_owned();
    let group = req.query.get("group").unwrap_or_default().to_owned();
    req.page("activities/neighbours/new.html", &draft(req, &place, &book, Typed { category, group, ..Typed::default() }, None)?)
}

fn draft(req: &Req, place: &Area, book: &Book, typed: Typed, error: Option<&Error>) -> Result<Form> {
    let (me, _) = req.app.db.read(|r| view::me(req, r, book, place))?;
    let categories = book.pack.category.iter().filter(|c| !c.office || me.desk);
    let one = |c: &super::pack::Category| CategoryView {
        id: c.id.clone(),
        name: book.pack.category_name(&c.id, req.lang).to_owned(),
        pre: c.moderation == super::pack::Moderation::Pre,
    };
    Ok(Form {
        area: place.code.clone(),
        place: place.name.clone(),
        categories: categories.map(one).collect(),
        nick: me.nick,
        building: me.building,
        desk: me.desk,
        typed,
        option_fields: FIELDS.to_vec(),
        title_max: rules::TITLE,
        text_max: rules::TEXT,
        option_max: rules::OPTION,
        poll_days: book.pack.limits.poll_days,
        error: error.map(|e| req.error_text(e)),
        field: error.and_then(|e| e.field.as_deref().map(str::to_owned)),
    })
}

fn open(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let (place, book) = place(req, input.text("area", 40)?.as_deref())?;
    let (who, zone, area, rules_of) = (req.who.clone(), book.zone.clone(), place.clone(), book.clone());
    let made = NewTopic::parse(&input, &zone).and_then(|new| req.once(move |tx| say::open(tx, &rules_of, &who, &area, &new)));
    let number = match made {
        Ok(number) => number,
        // What was typed stands in the form again, with what is to be mended.
        Err(e) if !req.wants_json() && matches!(e.kind.status(), 409 | 422) => {
            let text = |name: &'static str| input.text(name, MAX_TEXT).ok().flatten().unwrap_or_default();
            let typed = Typed {
                category: text("category"),
                title: text("title"),
                text: text("text"),
                group: text("group"),
                until: text("until"),
                office: input.flag("office"),
                options: FIELDS.iter().map(|f| text(f)).collect(),
            };
            let view = draft(req, &place, &book, typed, Some(&e))?;
            return Ok(req.page("activities/neighbours/new.html", &view)?.status(e.kind.status()));
        }
        Err(e) => return Err(e),
    };
    if req.wants_json() {
        return Ok(Reply::json(&json!({ "number": number }))?.status(201));
    }
    Ok(Reply::see_other(req.url(&format!("/neighbours/topics/{number}?done=said"))))
}

fn one(req: &Req) -> Result<Reply> {
    let mut look = Look::new(&req.who, "neighbours");
    let view = req.app.db.read(|r| view::full(req, r, req.param("number"), &mut look))?;
    look.record(req.app)?;
    req.page("activities/neighbours/topic.html", &view)
}

/// The topic of the path with its place and rules, for whoever sees all of it.
fn inside(req: &Req) -> Result<(Topic, Area, Book)> {
    let (topic, place, book, sight, _) = req.app.db.read(|r| view::find(req, r, req.param("number")))?;
    if sight == Sight::Member { Ok((topic, place, book)) } else { Err(Kind::NotFound.into()) }
}

fn to_topic(req: &Req, number: &str, done: &str) -> Result<Reply> {
    back(req, &format!("/neighbours/topics/{number}?done={done}"))
}

fn comment(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let (words, office) = (input.need("text", rules::TEXT)?, input.flag("office"));
    let (topic, place, book) = inside(req)?;
    let (who, number) = (req.who.clone(), topic.number.clone());
    let id = req.once(move |tx| say::comment(tx, &book, &who, &place, &number, &words, office))?;
    if req.wants_json() {
        let state = req.app.db.read(|r| text::by_id(r, &id))?.state.as_str();
        return Ok(Reply::json(&json!({ "id": id, "state": state }))?.status(201));
    }
    let held = req.app.db.read(|r| text::by_id(r, &id))?.state == State::Held;
    to_topic(req, &topic.number, if held { "held" } else { "said" })
}

fn choose(req: &Req) -> Result<Reply> {
    let choice = req.input()?.int("choice", 1, rules::OPTIONS as i64)?.ok_or_else(|| Kind::Missing.at("choice"))?;
    let (topic, place, _) = inside(req)?;
    // The desk asks, it does not answer.
    if !super::belongs(&req.who, &place) || req.who.by.is_some() {
        return Err(Kind::Denied.into());
    }
    let (who, number) = (req.who.clone(), topic.number.clone());
    req.once(move |tx| poll::choose(tx, &who, &topic, choice).map(|()| String::new()))?;
    to_topic(req, &number, "voice")
}

fn follow(req: &Req) -> Result<Reply> {
    let on = req.input()?.flag("on");
    let (topic, _, _) = inside(req)?;
    let (who, number) = (req.who.clone(), topic.number.clone());
    req.once(move |tx| poll::follow(tx, &who, &topic, on).map(|()| String::new()))?;
    to_topic(req, &number, "follow")
}

fn notice(req: &Req) -> Result<Reply> {
    let on = req.input()?.flag("on");
    let (topic, place, _) = inside(req)?;
    let (who, number) = (req.who.clone(), topic.number.clone());
    req.once(move |tx| {
        let role = who.desk_over(&place.path).ok_or(Kind::Denied)?;
        // What a building talks about among itself is shown to nobody else.
        if topic.building.is_some() || text::opening(tx, &topic.id)?.state != State::Shown {
            return Err(Kind::State.into());
        }
        tx.exec("update near_topic set notice = $2 where id = $1", params![&topic.id, i64::from(on)])?;
        let entry = Entry {
            role: Some(role.kind.as_str()),
            party: role.body.as_deref(),
            ..Entry::new("near.notice", "near_topic", &topic.id)
        };
        tx.log(topic.entry(&who, entry).fact("on", on))?;
        Ok(String::new())
    })?;
    to_topic(req, &number, "notice")
}

/// A text of a topic that the reader sees, with its topic and rules.
fn text_of(req: &Req) -> Result<(super::Post, Topic, Book)> {
    req.app.db.read(|r| {
        let post = text::by_id(r, req.param("id"))?;
        let number = super::by_id(r, &post.topic)?.number;
        let (topic, _, book, sight, _) = view::find(req, r, &number)?;
        let own = req.who.person.as_deref() == Some(&post.by_person);
        if sight == Sight::Member && (own || post.state == State::Shown) {
            Ok((post, topic, book))
        } else {
            Err(Kind::NotFound.into())
        }
    })
}

/// Of one's own texts also those of topics that one sees no more.
fn own_text(req: &Req) -> Result<(super::Post, Topic)> {
    req.app.db.read(|r| {
        let post = text::by_id(r, req.param("id"))?;
        if req.who.person.as_deref() != Some(&post.by_person) {
            return Err(Kind::NotFound.into());
        }
        let topic = super::by_id(r, &post.topic)?;
        Ok((post, topic))
    })
}

/// The rules of the place of a topic.
fn book_of(req: &Req, topic: &Topic) -> Result<Book> {
    let code = req.app.db.read(|r| area::by_id(r, &topic.area))?.map(|a| a.code).unwrap_or_default();
    Book::now(req.app, &code)
}

fn thank(req: &Req) -> Result<Reply> {
    let (post, topic, _) = text_of(req)?;
    let who = req.who.clone();
    req.once(move |tx| poll::thank(tx, &who, &post).map(|()| String::new()))?;
    to_topic(req, &topic.number, "thanks")
}

fn flag(req: &Req) -> Result<Reply> {
    let reason = req.input()?.need("reason", 20)?;
    let (post, topic, book) = text_of(req)?;
    let who = req.who.clone();
    req.once(move |tx| judge::flag(tx, &book, &who, &post, &reason).map(|()| String::new()))?;
    to_topic(req, &topic.number, "flag")
}

fn delete(req: &Req) -> Result<Reply> {
    let (post, topic) = own_text(req)?;
    let (who, opening, book) = (req.who.clone(), post.n == 0, book_of(req, &topic)?);
    req.once(move |tx| say::delete(tx, &book, &who, &post).map(|()| String::new()))?;
    if opening { back(req, "/neighbours") } else { to_topic(req, &topic.number, "gone") }
}

fn appeal(req: &Req) -> Result<Reply> {
    let words = req.input()?.need("text", NOTE)?;
    let (post, topic) = own_text(req)?;
    let (who, book) = (req.who.clone(), book_of(req, &topic)?);
    req.once(move |tx| judge::appeal(tx, &book, &who, &post.id, &words).map(|()| String::new()))?;
    to_topic(req, &topic.number, "appeal")
}

/// The report form, filled in from a topic.
#[derive(Serialize, JsonSchema)]
struct Send {
    number: String,
    text: String,
    place: String,
    classes: Vec<crate::base::classes::Choice>,
    text_max: usize,
}

fn send_form(req: &Req) -> Result<Reply> {
    let (topic, place, _) = inside(req)?;
    if topic.case_number.is_some() {
        return to_topic(req, &topic.number, "sent");
    }
    let mut look = Look::new(&req.who, "neighbours");
    let text = req.app.db.read(|r| {
        let opening = text::opening(r, &topic.id)?;
        let entry = r.entry(opening.log_seq)?.filter(|_| opening.state == State::Shown).ok_or(Kind::State)?;
        let mut out = Vec::new();
        for element in ["neighbours.title", "neighbours.words"] {
            let words = entry.element(element).unwrap_or_default().to_owned();
            out.extend(look.at(&Graded::new(element, &opening.by_person, words), Relation::Involved));
        }
        Ok::<_, Error>(out.join("\n"))
    })?;
    look.record(req.app)?;
    let classes = crate::base::classes::now(req.app)?.choices("", req.lang);
    req.page(
        "activities/neighbours/send.html",
        &Send { number: topic.number, text, place: place.name, classes, text_max: MAX_TEXT },
    )
}

/// Sends a topic to the desk: it becomes a report, and bears its number from then on. One topic is one report.
fn send(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let (topic, place, _) = inside(req)?;
    let new = NewReport {
        text: Some(input.need("text", MAX_TEXT)?),
        class: input.text("class", 40)?,
        area: Some(place.code),
        building: topic.building.clone(),
        address: input.text("address", 200)?,
        channel: "web".into(),
        source: Some(format!("neighbours:{}", topic.number)),
        ..NewReport::default()
    };
    let (book, spot) = (Rulebook::now(req.app)?, report::place(req.app, &new)?);
    if new.class.as_deref().is_some_and(|c| book.classes.get(c).is_none()) {
        return Err(Kind::Unknown.at("class"));
    }
    let (who, zone, id) = (req.who.clone(), req.app.config.zone.clone(), topic.id.clone());
    let number = req.once(move |tx: &mut Tx| {
        let topic = super::by_id(tx, &id)?;
        if text::opening(tx, &id)?.state != State::Shown {
            return Err(Kind::State.into());
        }
        if topic.case_number.is_some() {
            return Err(Kind::Taken.into());
        }
        let (made, _) = report::make(tx, &book, &who, &new, &spot, &zone)?;
        tx.exec("update near_topic set case_number = $2 where id = $1", params![&id, &made.number])?;
        tx.log(topic.entry(&who, Entry::new("near.case", "near_topic", &id)).fact("case", made.number.as_str()))?;
        Ok(made.number)
    })?;
    if req.wants_json() {
        return Ok(Reply::json(&json!({ "case": number }))?.status(201));
    }
    to_topic(req, &topic.number, "sent")
}
