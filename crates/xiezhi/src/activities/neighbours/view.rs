//! What readers see: the list of a community, one topic with its texts.

use schemars::JsonSchema;
use serde::Serialize;
use store::{Query, Written, params};

use super::member::{self, Member};
use super::rules::{self, Sight, Stand, State};
use super::{Book, COLUMNS, Post, Topic, belongs, poll, read, text};
use crate::base::area::{self, Area};
use crate::base::catalogue::{Graded, Look, Relation};
use crate::kit::error::Kind;
use crate::kit::time::Ms;
use crate::kit::{Error, Req, Result};
use crate::records::register::mine;

/// Topics of a page; texts of a page.
const PAGE: i64 = 30;
/// Texts of a page of a topic.
pub const TEXTS: i64 = 50;

/// A choice of a form.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Choice {
    pub id: String,
    pub name: String,
}

/// Whoever reads, among neighbours.
#[derive(Serialize, JsonSchema)]
pub struct Me {
    /// He has a name here.
    pub nick: Option<String>,
    /// The node knows who he is, so that he may take part.
    pub known: bool,
    /// He belongs to the community.
    pub belongs: bool,
    /// His building, when it is certain.
    pub building: Option<String>,
    /// He said where he lives, and the desk has not answered.
    pub asked: bool,
    /// From when on he may change his name.
    pub rename_at: Option<String>,
    /// He is of the desk of the community.
    pub desk: bool,
}

/// A topic in a list.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Item {
    pub number: String,
    pub title: Option<String>,
    pub category: String,
    pub by: Option<String>,
    pub office: bool,
    pub building: bool,
    pub notice: bool,
    pub state: &'static str,
    pub answers: i64,
    pub last_at: String,
    pub poll_open: bool,
    pub case: Option<String>,
}

/// What neighbours talk about.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct List {
    pub place: String,
    pub area: String,
    /// `all`, `building` or `notices`.
    pub group: &'static str,
    pub me: Me,
    pub items: Vec<Item>,
    pub next: Option<String>,
    /// What waits for this desk.
    pub waiting: i64,
    pub categories: Vec<Choice>,
    pub category: String,
    pub buildings: Vec<Choice>,
    pub nick_max: usize,
}

/// A text.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct TextView {
    pub id: String,
    pub n: i64,
    pub by: Option<String>,
    pub office: bool,
    pub mine: bool,
    pub state: &'static str,
    pub text: Option<String>,
    pub at: String,
    pub thanks: i64,
    pub thanked: bool,
    /// Why it was hidden; for everybody the reason, for its author also the note.
    pub reason: Option<String>,
    pub note: Option<String>,
    /// Its author may ask for another look.
    pub may_appeal: bool,
    pub appealed: bool,
}

/// A quick question.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct PollView {
    pub options: Vec<OptionView>,
    pub until: String,
    pub open: bool,
    pub own: Option<i64>,
    pub voices: Option<i64>,
}

/// An answer of a quick question.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct OptionView {
    pub n: i64,
    pub words: String,
    /// How many chose it: told at the end.
    pub voices: Option<i64>,
}

/// A topic with its texts.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Full {
    pub number: String,
    pub area: String,
    pub place: String,
    pub title: Option<String>,
    pub category: String,
    pub building: Option<String>,
    pub notice: bool,
    pub opening: TextView,
    pub texts: Vec<TextView>,
    pub next: Option<i64>,
    pub poll: Option<PollView>,
    pub case: Option<String>,
    /// Whole, or only what everybody may see.
    pub whole: bool,
    pub me: Me,
    pub may_answer: bool,
    pub follows: bool,
    pub reasons: Vec<Choice>,
    pub text_max: usize,
    pub done: Option<String>,
}

/// Who the reader is in a community.
pub fn me(req: &Req, q: &mut dyn Query, book: &Book, place: &Area) -> Result<(Me, Option<Member>)> {
    let found = match &req.who.person {
        Some(person) => member::of(q, person, &place.id)?,
        None => None,
    };
    let nick = found.as_ref().map(|m| member::nick(q, m)).transpose()?.flatten();
    let building = match found.as_ref().and_then(|m| m.building.as_deref()) {
        Some(id) => area::building(q, id)?.map(|b| b.name),
        None => None,
    };
    let days = book.pack.limits.name_days * crate::kit::time::DAY;
    let me = Me {
        nick,
        known: mine::is_known(q, &req.who)?,
        belongs: belongs(&req.who, place),
        building,
        asked: found.as_ref().is_some_and(|m| m.asked.is_some()),
        rename_at: found.as_ref().filter(|m| m.named_at + days > req.now).map(|m| req.app.time(m.named_at + days)),
        desk: is_desk(req, book, place)?,
    };
    Ok((me, found))
}

/// Whether the reader is of the desk that answers for a community.
fn is_desk(req: &Req, book: &Book, place: &Area) -> Result<bool> {
    let desk = book.chart.desk_of(&place.path)?;
    Ok(req.who.roles.iter().any(|r| r.kind.is_desk() && r.body.as_ref() == Some(&desk.id)))
}

/// What the reader may see of a topic, and its opening text.
pub fn sight(req: &Req, q: &mut dyn Query, book: &Book, topic: &Topic, place: &Area) -> Result<(Sight, Post)> {
    let (opening, person) = (text::opening(q, &topic.id)?, req.who.person.as_deref());
    let lives = match (person, &topic.building) {
        (Some(person), Some(_)) => member::of(q, person, &topic.area)?.is_some_and(|m| m.building == topic.building),
        _ => false,
    };
    let stand = Stand {
        community: belongs(&req.who, place),
        building: lives,
        desk: is_desk(req, book, place)?,
        author: person == Some(opening.by_person.as_str()),
    };
    Ok((rules::sight(topic.building.is_some(), topic.notice == 1, opening.state, stand), opening))
}

/// The topic of a path with its place and rules, for whoever may see it.
pub fn find(req: &Req, q: &mut dyn Query, number: &str) -> Result<(Topic, Area, Book, Sight, Post)> {
    let topic = super::by_number(q, number)?.ok_or(Kind::NotFound)?;
    let place = area::by_id(q, &topic.area)?.ok_or(Kind::NotFound)?;
    let book = Book {
        pack: super::pack::at(&place.code),
        chart: crate::base::party::Chart::read(q, req.app)?,
        zone: req.app.config.zone.clone(),
    };
    let (sight, opening) = sight(req, q, &book, &topic, &place)?;
    if sight == Sight::Nothing { Err(Kind::NotFound.into()) } else { Ok((topic, place, book, sight, opening)) }
}

fn said(look: &mut Look, entry: Option<&Written>, element: &'static str, post: &Post, relation: Relation) -> Option<String> {
    let text = entry?.element(element)?.to_owned();
    look.at(&Graded::new(element, &post.by_person, text), relation)
}

/// The topics that a reader sees: those of the community, of his building, or what everybody may see.
pub fn list(req: &Req, q: &mut dyn Query, place: &Area, look: &mut Look) -> Result<List> {
    let book = Book {
        pack: super::pack::at(&place.code),
        chart: crate::base::party::Chart::read(q, req.app)?,
        zone: req.app.config.zone.clone(),
    };
    let (me, found) = me(req, q, &book, place)?;
    let inside = me.belongs || me.desk;
    let home = found.as_ref().and_then(|m| m.building.clone());
    let group = match (inside, req.query.get("group"), &home) {
        (false, ..) => "notices",
        (true, Some("building"), Some(_)) => "building",
        _ => "all",
    };
    let category = req.query.get("category").filter(|c| book.pack.category(c).is_some()).unwrap_or_default().to_owned();
    let before: Ms = req.query.get("before").and_then(|t| t.parse().ok()).unwrap_or(Ms::MAX);
    let which = match group {
        "building" => "t.building = $5",
        "notices" => "t.notice = 1 and $5 <> '-'",
        _ => "t.building is null and $5 <> '-'",
    };
    let sql = format!(
        "select {} from near_topic t join near_post p on p.topic = t.id and p.n = 0 where t.area = $1 and t.last_at < $2 and {which} \
         and ($6 = '' or t.category = $6) and (p.state = $3 or p.by_person = $4) order by t.last_at desc limit $7",
        COLUMNS.split(", ").map(|c| format!("t.{c}")).collect::<Vec<_>>().join(", "),
    );
    let person = req.who.person.clone().unwrap_or_default();
    let rows = q.rows(&sql, params![&place.id, before, State::Shown, &person, home.unwrap_or_default(), &category, PAGE + 1])?;
    let mut topics: Vec<Topic> = rows.iter().map(read).collect::<store::Result<_>>()?;
    let more = topics.len() as i64 > PAGE;
    topics.truncate(PAGE as usize);
    let next = topics.last().filter(|_| more).map(|t| t.last_at.to_string());
    let mut items = Vec::with_capacity(topics.len());
    let relation = if inside { Relation::Involved } else { Relation::Public };
    for topic in topics {
        let opening = text::opening(q, &topic.id)?;
        let entry = q.entry(opening.log_seq)?;
        items.push(Item {
            title: said(look, entry.as_ref(), "neighbours.title", &opening, relation),
            category: book.pack.category_name(&topic.category, req.lang).to_owned(),
            by: name(q, &book, &opening)?,
            office: opening.body.is_some(),
            building: topic.building.is_some(),
            notice: topic.notice == 1,
            state: opening.state.as_str(),
            answers: topic.shown,
            last_at: req.app.time(topic.last_at),
            poll_open: topic.poll_until.is_some_and(|until| req.now < until),
            case: topic.case_number.clone(),
            number: topic.number,
        });
    }
    let waiting = super::judge::waiting(q, &req.who)?;
    let named =
        |c: &super::pack::Category| Choice { id: c.id.clone(), name: book.pack.category_name(&c.id, req.lang).to_owned() };
    let buildings = if me.belongs && me.known && me.building.is_none() {
        area::buildings(q, &place.path)?.into_iter().map(|b| Choice { id: b.id, name: b.name }).collect()
    } else {
        Vec::new()
    };
    Ok(List {
        place: place.name.clone(),
        area: place.code.clone(),
        group,
        items,
        next,
        waiting,
        categories: book.pack.category.iter().map(named).collect(),
        category,
        buildings,
        nick_max: rules::NICK,
        me,
    })
}

/// How whoever said it is called: an office by its name, a neighbour by the one he chose.
pub fn name(q: &mut dyn Query, book: &Book, post: &Post) -> Result<Option<String>> {
    if let Some(body) = &post.body {
        return Ok(Some(book.chart.name(body)));
    }
    let ids: Vec<String> = post.member.iter().cloned().collect();
    Ok(member::nicks(q, &ids)?.into_values().next())
}

/// What a reader sees of one text.
fn one(
    req: &Req,
    q: &mut dyn Query,
    book: &Book,
    post: &Post,
    by: Option<String>,
    look: &mut Look,
    relation: Relation,
) -> Result<TextView> {
    let mine = req.who.person.as_deref() == Some(&post.by_person);
    let shown = post.state == State::Shown || (mine && post.state != State::Gone);
    let entry = if shown { q.entry(post.log_seq)? } else { None };
    let ruling = match post.ruling_seq.filter(|_| mine && post.state == State::Hidden) {
        Some(seq) => q.entry(seq)?,
        None => None,
    };
    let thanks = q.count("select count(*) from near_thanks where post = $1", params![&post.id])?;
    let thanked = match &req.who.person {
        Some(person) => {
            let mark = super::mark_of(q, "thanks", &post.id, person);
            q.count("select count(*) from near_thanks where post = $1 and mark = $2", params![&post.id, mark])? > 0
        }
        None => false,
    };
    let hidden = post.state == State::Hidden;
    let in_time = post.ruled_at.is_some_and(|at| req.now <= at + book.pack.limits.appeal_days * crate::kit::time::DAY);
    Ok(TextView {
        text: said(look, entry.as_ref(), "neighbours.words", post, relation),
        note: said(look, ruling.as_ref(), "neighbours.note", post, Relation::Owner),
        reason: post.reason.as_deref().filter(|_| hidden).map(|r| book.pack.reason_name(r, req.lang).to_owned()),
        may_appeal: mine && hidden && post.queue.is_none() && post.closed == 0 && in_time,
        appealed: mine && hidden && post.queue.is_some(),
        by,
        office: post.body.is_some(),
        mine,
        state: post.state.as_str(),
        at: req.app.time(post.made_at),
        thanks,
        thanked,
        n: post.n,
        id: post.id.clone(),
    })
}

/// A topic as this reader sees it.
pub fn full(req: &Req, q: &mut dyn Query, number: &str, look: &mut Look) -> Result<Full> {
    let (topic, place, book, sight, opening) = find(req, q, number)?;
    let (me, found) = me(req, q, &book, &place)?;
    let whole = sight == Sight::Member;
    let relation = if whole { Relation::Involved } else { Relation::Public };
    let from: i64 = req.query.get("from").and_then(|n| n.parse().ok()).unwrap_or(1);
    let sql = format!("select {} from near_post where topic = $1 and n >= $2 order by n limit $3", text::COLUMNS);
    let rows = if whole { q.rows(&sql, params![&topic.id, from.max(1), TEXTS + 1])? } else { Vec::new() };
    let mut posts: Vec<Post> = rows.iter().map(text::read).collect::<store::Result<_>>()?;
    let next = posts.get(TEXTS as usize).map(|p| p.n);
    posts.truncate(TEXTS as usize);
    let ids: Vec<String> = posts.iter().filter_map(|p| p.member.clone()).collect();
    let names = member::nicks(q, &ids)?;
    let mut texts = Vec::with_capacity(posts.len());
    for post in &posts {
        let by = match &post.body {
            Some(body) => Some(book.chart.name(body)),
            None => post.member.as_ref().and_then(|m| names.get(m)).cloned(),
        };
        texts.push(one(req, q, &book, post, by, look, relation)?);
    }
    let by = name(q, &book, &opening)?;
    let entry = if opening.state == State::Gone { None } else { q.entry(opening.log_seq)? };
    let poll = match topic.poll_until.filter(|_| whole && entry.is_some()) {
        Some(until) => Some(question(req, q, &topic, &opening, entry.as_ref(), until, look)?),
        None => None,
    };
    let follows = match &req.who.person {
        Some(person) => {
            q.count("select count(*) from near_follow where topic = $1 and person = $2", params![&topic.id, person])? > 0
        }
        None => false,
    };
    let lives = topic.building.is_none() || found.as_ref().is_some_and(|m| m.building == topic.building);
    let building = match &topic.building {
        Some(id) => area::building(q, id)?.map(|b| b.name),
        None => None,
    };
    Ok(Full {
        title: said(look, entry.as_ref(), "neighbours.title", &opening, relation),
        opening: one(req, q, &book, &opening, by, look, relation)?,
        category: book.pack.category_name(&topic.category, req.lang).to_owned(),
        building,
        notice: topic.notice == 1,
        texts,
        next,
        poll,
        case: topic.case_number.clone().filter(|_| whole),
        may_answer: whole
            && opening.state == State::Shown
            && ((me.nick.is_some() && lives) || (me.desk && topic.building.is_none())),
        follows,
        reasons: book
            .pack
            .reason
            .iter()
            .map(|r| Choice { id: r.id.clone(), name: book.pack.reason_name(&r.id, req.lang).to_owned() })
            .collect(),
        text_max: rules::TEXT,
        done: req.query.get("done").map(str::to_owned),
        area: place.code.clone(),
        place: place.name,
        whole,
        me,
        number: topic.number,
    })
}

fn question(
    req: &Req,
    q: &mut dyn Query,
    topic: &Topic,
    opening: &Post,
    entry: Option<&Written>,
    until: Ms,
    look: &mut Look,
) -> Result<PollView> {
    let open = req.now < until;
    let counts = if open { None } else { Some(poll::counts(q, topic)?) };
    let own = match &req.who.person {
        Some(person) => poll::own(q, topic, person)?,
        None => None,
    };
    let words = entry.into_iter().flat_map(|e| &e.elements).filter(|e| e.0 == "neighbours.option");
    let mut options = Vec::new();
    for (i, element) in words.enumerate() {
        let text = element.1.as_str().unwrap_or_default().to_owned();
        let words = look.at(&Graded::new("neighbours.option", &opening.by_person, text), Relation::Involved);
        let voices = counts.as_ref().and_then(|c| c.get(i).copied());
        options.push(OptionView { n: i as i64 + 1, words: words.unwrap_or_default(), voices });
    }
    let voices = counts.map(|c| c.iter().sum());
    Ok(PollView { options, until: req.app.time(until), open, own, voices })
}

/// The community a reader talks in: the one he names, his own, or the one he chose.
pub fn place(req: &Req, q: &mut dyn Query, named: Option<&str>) -> Result<Option<Area>> {
    if let Some(code) = named.filter(|c| !c.is_empty()) {
        let found = area::by_code(q, code)?.filter(|a| a.kind == "community");
        return found.map(Some).ok_or_else(|| Error::from(Kind::NotFound));
    }
    for role in &req.who.roles {
        if let Some(found) = area::community_of(q, &role.area)? {
            return Ok(Some(found));
        }
    }
    match &req.community {
        Some((code, _)) => Ok(area::by_code(q, code)?),
        None => Ok(area::communities(q)?.into_iter().next()),
    }
}
