//! Beginning a topic, answering in it, taking one's words back.
//!
//! Every action has one shape: may you? → load → rules decide → write → log. The words go into the log, sealed under a key
//! that belongs to this one text, so that it can be destroyed alone.

use store::{Entry, Query, Tx, hex, params};

use super::rules::{self, Queue, Said, State};
use super::{Book, Post, Topic, belongs, by_id, by_number, member, queue_up, recount, text};
use crate::base::area::Area;
use crate::kit::error::Kind;
use crate::kit::input::Input;
use crate::kit::time::{DAY, HOUR, Ms, day_start};
use crate::kit::{Result, Who};
use crate::records::register::mine;

/// Texts of new accounts that a new one is compared with.
const COMPARED: i64 = 500;

/// What a topic begins with.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields of the form")]
pub struct NewTopic {
    pub category: String,
    pub title: String,
    pub text: String,
    /// Of the writer's building only.
    pub building: bool,
    /// In the name of the desk.
    pub office: bool,
    pub options: Vec<String>,
    pub until: Option<Ms>,
}

/// Rows of the form for answers.
pub const FIELDS: [&str; rules::OPTIONS] = ["option1", "option2", "option3", "option4", "option5", "option6"];

impl NewTopic {
    /// Reads the form: answers as `options`, or a field for each.
    pub fn parse(input: &Input, zone: &jiff::tz::TimeZone) -> Result<NewTopic> {
        let mut options = input.list("options", rules::OPTIONS)?;
        for field in FIELDS {
            options.extend(input.text(field, rules::OPTION)?);
        }
        if options.iter().any(|o| o.chars().count() > rules::OPTION) {
            return Err(Kind::TooLong.at("options").limit(rules::OPTION as i64));
        }
        let category = input.need("category", 20)?;
        if category != "poll" {
            options.clear();
        }
        Ok(NewTopic {
            title: input.need("title", rules::TITLE)?,
            text: input.need("text", rules::TEXT)?,
            building: input.text("group", 20)?.as_deref() == Some("building"),
            office: input.flag("office"),
            until: input.until("until", zone)?.filter(|_| category == "poll"),
            category,
            options,
        })
    }
}

/// Who says it: a member under his name, or a desk.
struct Voice {
    member: Option<String>,
    body: Option<String>,
    building: Option<String>,
}

fn voice(tx: &mut Tx, who: &Who, area: &Area, office: bool) -> Result<Voice> {
    let person = who.person.as_deref().ok_or(Kind::SignIn)?;
    if office {
        let body = who.desk_over(&area.path).and_then(|r| r.body.clone()).ok_or(Kind::Denied)?;
        return Ok(Voice { member: None, body: Some(body), building: None });
    }
    if !belongs(who, area) {
        return Err(Kind::Denied.into());
    }
    if !mine::is_known(tx, who)? {
        return Err(Kind::NotKnown.into());
    }
    let member = member::of(tx, person, &area.id)?.ok_or(Kind::NoNick)?;
    Ok(Voice { member: Some(member.id), body: None, building: member.building })
}

/// Begins a topic; gives its number.
pub fn open(tx: &mut Tx, book: &Book, who: &Who, area: &Area, new: &NewTopic) -> Result<String> {
    let now = tx.now();
    let voice = voice(tx, who, area, new.office)?;
    let category = book.pack.category(&new.category).ok_or_else(|| Kind::Unknown.at("category"))?;
    if category.office && voice.body.is_none() {
        return Err(Kind::Denied.into());
    }
    let building = if new.building { Some(voice.building.clone().ok_or_else(|| Kind::NoBuilding.at("group"))?) } else { None };
    let asks = category.id == "poll";
    let until = match new.until {
        Some(at) if at <= now || at > now + (book.pack.limits.poll_days + 1) * DAY => {
            return Err(Kind::OutOfRange.at("until").limit(book.pack.limits.poll_days));
        }
        Some(at) => Some(at),
        None => asks.then_some(now + book.pack.limits.poll_days * DAY),
    };
    if asks && new.options.len() < 2 {
        return Err(Kind::Missing.at("options"));
    }
    let (id, number) = (tx.id(), format!("N-{:04}", tx.count("select count(*) from near_topic", &[])? + 1));
    let sql = "insert into near_topic(id, number, area, path, building, category, notice, options, poll_until, posts, shown, made_at, last_at) \
               values ($1,$2,$3,$4,$5,$6,$7,$8,$9,0,0,$10,$10)";
    // What the committee tells everybody is for everybody.
    let notice = i64::from(category.office && building.is_none());
    let options = new.options.len() as i64;
    tx.exec(sql, params![&id, &number, &area.id, &area.path, building, &category.id, notice, options, until, now])?;
    let topic = by_id(tx, &id)?;
    let words = Words { title: Some(&new.title), text: &new.text, options: &new.options };
    say(tx, book, who, &topic, voice, 0, &words)?;
    Ok(number)
}

/// Answers in a topic; gives the id of the text.
pub fn comment(tx: &mut Tx, book: &Book, who: &Who, area: &Area, number: &str, text: &str, office: bool) -> Result<String> {
    let topic = by_number(tx, number)?.filter(|t| t.area == area.id).ok_or(Kind::NotFound)?;
    let voice = voice(tx, who, area, office)?;
    if topic.building.is_some() && topic.building != voice.building {
        return Err(Kind::NotFound.into());
    }
    if text::opening(tx, &topic.id)?.state != State::Shown {
        return Err(Kind::State.into());
    }
    let words = Words { title: None, text, options: &[] };
    say(tx, book, who, &topic, voice, topic.posts + 1, &words)
}

struct Words<'a> {
    title: Option<&'a str>,
    text: &'a str,
    options: &'a [String],
}

/// Refuses whoever says too much in a day, shows too many pages, or says the same again.
fn within_limits(tx: &mut Tx, book: &Book, person: &str, opens: bool, words: &Words, mark: &str) -> Result<()> {
    let (now, limits) = (tx.now(), &book.pack.limits);
    let (which, most) = if opens { ("n = 0", limits.topics_a_day) } else { ("n > 0", limits.comments_a_day) };
    let sql = format!("select count(*) from near_post where by_person = $1 and made_at >= $2 and {which}");
    if tx.count(&sql, params![person, day_start(now, &book.zone)])? >= most {
        return Err(crate::kit::Error::from(Kind::DailyLimit).limit(most));
    }
    if rules::links(words.text) + words.title.map_or(0, rules::links) > limits.links {
        return Err(Kind::TooManyLinks.at("text").limit(limits.links));
    }
    let sql = "select count(*) from near_post where by_person = $1 and mark = $2 and made_at > $3";
    if tx.count(sql, params![person, mark, now - limits.same_text_days * DAY])? > 0 {
        return Err(Kind::SaidBefore.at("text"));
    }
    Ok(())
}

/// Texts of other new accounts that say nearly the same, of the last hours.
fn chorus(tx: &mut Tx, book: &Book, topic: &Topic, person: &str, sketch: &str) -> Result<Vec<(String, String, State)>> {
    let since = tx.now() - book.pack.limits.sybil_hours * HOUR;
    let sql = "select p.id, p.by_person, p.sketch, p.state from near_post p join near_topic t on t.id = p.topic \
               where p.fresh = 1 and p.made_at > $1 and t.area = $2 and p.by_person <> $3 and p.sketch is not null \
               order by p.made_at desc limit $4";
    let mut out = Vec::new();
    for row in tx.rows(sql, params![since, &topic.area, person, COMPARED])? {
        let (id, by, other, state): (String, String, String, State) =
            (row.get("id")?, row.get("by_person")?, row.get("sketch")?, row.get("state")?);
        if rules::alike(sketch, &other) {
            out.push((id, by, state));
        }
    }
    Ok(out)
}

/// Writes a text, and holds it where the rules say so.
fn say(tx: &mut Tx, book: &Book, who: &Who, topic: &Topic, voice: Voice, n: i64, words: &Words) -> Result<String> {
    let (now, person) = (tx.now(), who.person.as_deref().ok_or(Kind::SignIn)?);
    let whole = format!("{}\n{}", words.title.unwrap_or_default(), words.text);
    let mark = hex(tx.digest("text of a neighbour", &rules::skeleton(&whole)));
    let office = voice.body.is_some();
    if !office {
        within_limits(tx, book, person, n == 0, words, &mark)?;
    }
    let seed = u64::from_le_bytes(tx.digest("sketch of a text", "")[..8].try_into().unwrap_or_default());
    let sketch = rules::sketch_text(&rules::sketch(seed, &whole));
    let fresh = !office && member::is_fresh(tx, person, book.pack.limits.new_account_days, now)?;
    let alike = if fresh { chorus(tx, book, topic, person, &sketch)? } else { Vec::new() };
    let voices: std::collections::BTreeSet<&String> = alike.iter().map(|(_, by, _)| by).collect();
    let said = Said { opens: n == 0, office, fresh, links: rules::links(&whole), chorus: voices.len() as i64 + 1 };
    let category = book.pack.category(&topic.category).ok_or(Kind::Unknown)?;
    let held = rules::hold(said, category, &book.pack.limits);
    let id = tx.id();
    tx.new_owner_of(&id, &topic.area)?;
    let entry = Entry { owner: Some(&id), party: voice.body.as_deref(), ..Entry::new("near.say", "near_post", &id) };
    let mut entry = topic.entry(who, entry).fact("topic", topic.id.as_str()).fact("n", n);
    entry = entry.element("neighbours.title", words.title).element("neighbours.words", Some(words.text));
    for option in words.options {
        entry = entry.element("neighbours.option", Some(option.as_str()));
    }
    let seq = tx.log(entry)?.index;
    let state = if held.is_some() { State::Held } else { State::Shown };
    let sql = "insert into near_post(id, topic, n, member, body, by_person, state, made_at, log_seq, mark, sketch, fresh, flags, closed) \
               values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,0,0)";
    let row = params![&id, &topic.id, n, voice.member, voice.body, person, state, now, seq, mark, sketch, i64::from(fresh)];
    tx.exec(sql, row)?;
    let sql = "update near_topic set posts = case when posts > $2 then posts else $2 end, last_at = $3, digest_at = coalesce(digest_at, $4) where id = $1";
    // The beginning is no news to whoever wrote it.
    let digest = (n > 0).then(|| super::digest::next(now, book.pack.limits.digest_hour, &book.zone));
    tx.exec(sql, params![&topic.id, n, now, digest])?;
    let sql = "insert into near_follow(topic, person, told_at) values ($1, $2, $3) on conflict(topic, person) do nothing";
    tx.exec(sql, params![&topic.id, person, now])?;
    if let Some(queue) = held {
        let post = text::by_id(tx, &id)?;
        queue_up(tx, book, topic, &post, queue, State::Held)?;
        if queue == Queue::Sybil {
            // The rest of the chorus waits too.
            for (other, _, _) in alike.iter().filter(|(_, _, state)| *state == State::Shown) {
                let post = text::by_id(tx, other)?;
                let its = by_id(tx, &post.topic)?;
                queue_up(tx, book, &its, &post, Queue::Sybil, State::Held)?;
                recount(tx, &its.id)?;
            }
        }
    }
    recount(tx, &topic.id)?;
    Ok(id)
}

/// Its author takes a text back: the key is destroyed, and nothing is left by which it could be guessed.
pub fn delete(tx: &mut Tx, book: &Book, who: &Who, post: &Post) -> Result<()> {
    if who.person.as_deref() != Some(&post.by_person) || post.state == State::Gone {
        return Err(Kind::Denied.into());
    }
    let topic = by_id(tx, &post.topic)?;
    tx.destroy_key(&post.id)?;
    let sql = "update near_post set state = $2, mark = null, sketch = null, queue = null, desk = null, due_at = null, closed = 1 where id = $1";
    tx.exec(sql, params![&post.id, State::Gone])?;
    if post.n == 0 {
        tx.exec("update near_topic set notice = 0 where id = $1", params![&topic.id])?;
    }
    tx.log(topic.entry(who, Entry::new("near.delete", "near_post", &post.id)))?;
    super::settle(tx, book, &topic)?;
    recount(tx, &topic.id)
}
