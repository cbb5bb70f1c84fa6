//! A file of orders becomes cases with their clocks.
//!
//! What must stay true: a row is known by source and number and taken in once; a row that cannot be used is told by line
//! and reason, never changed or dropped in silence; a row about the matter of an earlier order hangs on its case while
//! that is open; where a row belongs and who answers for it is found before the write.

use std::collections::{HashMap, HashSet};

use serde_json::json;
use store::{Entry, Tx};

use super::map::Map;
use super::rules::State;
use super::{Order, bind, by_number, put};
use crate::base::area;
use crate::base::area::import::Rejected;
use crate::base::party;
use crate::kit::error::Kind;
use crate::kit::foreign::Line;
use crate::kit::input::Input;
use crate::kit::time::Ms;
use crate::kit::{App, Error, Result, Who};
use crate::records::case::report::{self, MAX_TEXT, NewReport, Spot};
use crate::records::case::{self, Rulebook};

/// Rows in one commit.
const CHUNK: usize = 50;
/// Why a row cannot be used; the texts are `hotline-row-<code>`.
pub const CODES: [&str; 12] = [
    "number-missing",
    "number-twice",
    "text-missing",
    "too-long",
    "called-not-readable",
    "sent-not-readable",
    "in-the-future",
    "respond-not-readable",
    "answer-not-readable",
    "answer-before-sent",
    "area-unknown",
    ELSEWHERE,
];
/// The area is not this desk's.
const ELSEWHERE: &str = "area-elsewhere";

/// What was taken in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Taken {
    /// New orders.
    pub added: usize,
    /// Of those, how many hang on a case that was there.
    pub linked: usize,
    /// Rows that were taken in before.
    pub known: usize,
    /// Rows that cannot be used.
    pub rejected: Vec<Rejected>,
}

/// A usable row.
struct Row {
    number: String,
    repeats: Option<String>,
    kind: Option<String>,
    called: Option<Ms>,
    sent: Ms,
    respond_due: Ms,
    answer_due: Ms,
    return_by: Option<Ms>,
    new: NewReport,
    spot: Spot,
    desk: String,
}

/// Takes a table in. `who` is the clerk who sent it; without one it came from the terminal.
pub fn run(app: &App, who: Option<&Who>, map: &Map, lines: &[Line]) -> Result<Taken> {
    let book = Rulebook::now(app)?;
    let Some(((_, head), rows)) = lines.split_first() else { return Err(Kind::BadTable.at("file")) };
    let mut at: HashMap<&str, usize> = HashMap::new();
    for name in map.heads() {
        let place = head.iter().position(|h| h.trim() == name).ok_or_else(|| Kind::BadMap.at(name.to_owned()))?;
        at.insert(name, place);
    }
    let mut reader = Reader { app, who, map, book: &book, at, seen: HashSet::new() };
    let (mut taken, mut chunk) = (Taken::default(), Vec::new());
    for (line, row) in rows {
        match reader.read(row)? {
            Ok(row) => chunk.push(row),
            Err(reason) => taken.rejected.push(Rejected { line: *line, reason }),
        }
        if chunk.len() == CHUNK {
            save(app, who, map, &book, std::mem::take(&mut chunk), &mut taken)?;
        }
    }
    save(app, who, map, &book, chunk, &mut taken)?;
    Ok(taken)
}

struct Reader<'a> {
    app: &'a App,
    who: Option<&'a Who>,
    map: &'a Map,
    book: &'a Rulebook,
    at: HashMap<&'a str, usize>,
    seen: HashSet<String>,
}

impl Reader<'_> {
    /// The row, or in a stable code why it is of no use.
    fn read(&mut self, row: &[String]) -> Result<std::result::Result<Row, &'static str>> {
        let map = self.map;
        let c = &map.columns;
        let get = |name: &str| self.at.get(name).and_then(|at| row.get(*at)).map_or("", |s| s.trim());
        let some = |name: &Option<String>| name.as_ref().map_or("", |n| get(n));
        let number = get(&c.number).to_owned();
        if number.is_empty() {
            return Ok(Err("number-missing"));
        }
        if number.chars().count() > 60 {
            return Ok(Err("too-long"));
        }
        if !self.seen.insert(number.clone()) {
            return Ok(Err("number-twice"));
        }
        let times = match self.times(get(&c.sent), some(&c.called), some(&c.respond_by), some(&c.answer_by)) {
            Ok(times) => times,
            Err(why) => return Ok(Err(why)),
        };
        let said =
            json!({ "text": get(&c.text), "address": some(&c.address), "caller": some(&c.caller), "phone": some(&c.phone) });
        let said = Input(said.as_object().cloned().unwrap_or_default());
        let clean = |name, max| said.text(name, max);
        let (Ok(text), Ok(address), Ok(caller), Ok(phone)) =
            (clean("text", MAX_TEXT), clean("address", 200), clean("caller", 60), clean("phone", 30))
        else {
            return Ok(Err("too-long"));
        };
        if text.is_none() {
            return Ok(Err("text-missing"));
        }
        let kind = Some(some(&c.kind)).filter(|k| !k.is_empty());
        let code = map.area(some(&c.area));
        let new = NewReport {
            text,
            address,
            contact_name: caller,
            contact_phone: phone,
            class: map.class(kind.unwrap_or_default()).map(str::to_owned),
            area: code.map(str::to_owned),
            channel: "hotline".into(),
            source: Some(format!("{}:{number}", map.source)),
            ..NewReport::default()
        };
        let known = |code: &str| self.app.db.read(|r| Ok::<_, Error>(area::by_code(r, code)?.is_some()));
        if code.map(known).transpose()? == Some(false) {
            return Ok(Err("area-unknown"));
        }
        let spot = report::place(self.app, &new)?;
        let desk = match self.who {
            Some(who) => match who.desk_over(spot.path()).and_then(|r| r.body.clone()) {
                Some(body) => body,
                None => return Ok(Err(ELSEWHERE)),
            },
            None => self.book.chart.desk_of(spot.path())?.id.clone(),
        };
        let (called, sent, respond_due, answer_due) = times;
        Ok(Ok(Row {
            number,
            repeats: Some(some(&c.repeats).to_owned()).filter(|r| !r.is_empty()),
            kind: kind.map(|k| k.chars().take(100).collect()),
            called,
            sent,
            respond_due,
            answer_due,
            return_by: map.give_back().map(|l| self.book.time.due(sent, l).at),
            new,
            spot,
            desk,
        }))
    }

    /// When the caller called, when it was sent, by when it is contacted and answered.
    fn times(
        &self,
        sent: &str,
        called: &str,
        respond: &str,
        answer: &str,
    ) -> std::result::Result<(Option<Ms>, Ms, Ms, Ms), &'static str> {
        let (map, time) = (self.map, &self.book.time);
        let sent = map.time(sent).ok_or("sent-not-readable")?;
        if sent > self.app.now() {
            return Err("in-the-future");
        }
        let called = match called {
            "" => None,
            text => Some(map.time(text).ok_or("called-not-readable")?),
        };
        // A cell holds a moment, or a limit from the moment it was sent.
        let end = |text: &str, own| match text {
            "" => Some(time.due(sent, own).at),
            text => map.time(text).or_else(|| Some(time.due(sent, text.parse().ok()?).at)),
        };
        let (first, last) = map.limits();
        let respond = end(respond, first).ok_or("respond-not-readable")?;
        let answer = end(answer, last).ok_or("answer-not-readable")?;
        if answer <= sent || respond <= sent {
            return Err("answer-before-sent");
        }
        Ok((called, sent, respond, answer))
    }
}

fn save(app: &App, who: Option<&Who>, map: &Map, book: &Rulebook, rows: Vec<Row>, taken: &mut Taken) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let (who, book, zone) = (who.cloned().unwrap_or_default(), book.clone(), app.config.zone.clone());
    let (source, extend) = (map.source.clone(), map.extend().map(str::to_owned));
    let all = rows.len();
    let (added, linked) = app
        .db
        .write(move |tx| {
            let (mut added, mut linked) = (0, 0);
            for row in rows {
                if by_number(tx, &source, &row.number)?.is_some() {
                    continue;
                }
                added += 1;
                linked += usize::from(take(tx, &book, &who, &source, extend.as_deref(), row, &zone)?);
            }
            Ok::<_, Error>((added, linked))
        })?
        .value;
    taken.added += added;
    taken.linked += linked;
    taken.known += all - added;
    Ok(())
}

/// Writes one order; true when it hangs on a case that was there.
fn take(
    tx: &mut Tx,
    book: &Rulebook,
    who: &Who,
    source: &str,
    extend: Option<&str>,
    row: Row,
    zone: &jiff::tz::TimeZone,
) -> Result<bool> {
    let earlier = match &row.repeats {
        Some(number) => by_number(tx, source, number)?,
        None => None,
    };
    let open = match earlier {
        Some(order) => case::by_id(tx, &order.case_id)?.filter(|c| c.state.is_open()),
        None => None,
    };
    let id = tx.id();
    let linked = open.is_some();
    let (case, owner, born) = match open {
        // Another caller's words about the same matter have a key of their own.
        Some(case) => {
            tx.new_owner(&id)?;
            (case, id.clone(), None)
        }
        None => {
            let (made, _) = report::make(tx, book, who, &row.new, &row.spot, zone)?;
            let case = case::load(tx, &made.id)?.ok_or(Kind::NotFound)?;
            (case, made.id.clone(), Some(made.id))
        }
    };
    let new = &row.new;
    let entry = Entry {
        actor: who.person.as_deref(),
        party: Some(&row.desk),
        area: Some(&case.area),
        owner: Some(&owner),
        ..Entry::new("hotline.take", "hotline", &id)
    };
    let entry = entry
        .fact("source", source)
        .fact("order", row.number.as_str())
        .fact("number", case.number.as_str())
        .fact("state", State::New.as_str())
        .fact("sent", row.sent)
        .fact("respond_due", row.respond_due)
        .fact("answer_due", row.answer_due)
        .fact_opt("kind", row.kind.as_deref())
        .element("case.text", new.text.as_deref())
        .element("case.address", new.address.as_deref())
        .element("case.contact_name", new.contact_name.as_deref())
        .element("case.contact_phone", new.contact_phone.as_deref());
    let log_seq = tx.log(entry)?.index;
    let mut order = Order {
        id,
        source: source.to_owned(),
        number: row.number,
        state: State::New,
        case_id: case.id.clone(),
        born,
        owner,
        desk: row.desk,
        area: case.area.clone(),
        path: case.path.clone(),
        kind: row.kind,
        called_at: row.called,
        sent_at: row.sent,
        taken_at: tx.now(),
        respond_due: row.respond_due,
        answer_due: row.answer_due,
        return_by: row.return_by,
        extend_limit: extend.map(str::to_owned),
        log_seq,
        ..Order::default()
    };
    put(tx, &mut order);
    bind(tx, book, who, &case.id)?;
    Ok(linked)
}

/// The widest desk of a person: whose queue is shown.
pub fn desk_of(who: &Who) -> Option<&crate::kit::Role> {
    who.roles.iter().filter(|r| r.kind.is_desk() && r.body.is_some()).min_by_key(|r| r.path.len())
}

/// Reads a map and a table from the terminal: the map is put in force, then the table is taken in.
pub fn from_files(app: &App, map_text: &str, bytes: &[u8]) -> std::result::Result<Taken, String> {
    app.db.write(party::first_start).map_err(|e: Error| e.to_string())?;
    let catalogue = crate::base::classes::now(app).map_err(|e| e.to_string())?;
    let map = Map::parse(map_text, &catalogue)?;
    let lines = crate::kit::foreign::read(bytes).map_err(|e| e.to_string())?;
    let (source, text) = (map.source.clone(), map_text.to_owned());
    let known = app.db.read(|r| super::map::all(r)).map_err(|e: Error| e.to_string())?;
    if !known.iter().any(|(s, t)| *s == source && *t == text) {
        app.db.write(move |tx| super::map::adopt(tx, &source, &text)).map_err(|e| e.to_string())?;
    }
    run(app, None, &map, &lines).map_err(|e| e.to_string())
}
