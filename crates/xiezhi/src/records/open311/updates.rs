//! Updates of requests, both ways: `GET` and `POST servicerequestupdates`.
//!
//! What must stay true: an update bears the moment our server accepted it, so that a poller's window never misses one;
//! what a partner sends acts through the rules of the case engine as his organisation, and what they forbid becomes a
//! note; the same update of the same key is taken once; an older one never changes a state.

use serde_json::json;
use store::{Entry, Query, Tx, Written, params};

use super::ask::Ask;
use super::fault::{Fault, Faults};
use super::format::Value;
use super::services::Visibility;
use super::{file, keys, show, status};
use crate::base::area;
use crate::base::catalogue::{Look, Relation};
use crate::kit::error::Kind;
use crate::kit::input::Input;
use crate::kit::time::{DAY, Ms};
use crate::kit::{Error, Result, Who};
use crate::records::case::life::task;
use crate::records::case::life::{Said, act};
use crate::records::case::report::MAX_TEXT;
use crate::records::case::rules::Action;
use crate::records::case::{self, Case, MAX_MEDIA, Rulebook, view};

/// Updates of one answer.
const MOST: usize = 1000;
/// Longest window.
const SPAN: Ms = 31 * DAY;

/// First entry of the log that is not older than a moment: the log never runs backwards, so halving finds it.
fn first_at(q: &mut dyn Query, at: Ms) -> store::Result<u64> {
    let (mut low, mut high) = (0, q.log_size()?);
    while low < high {
        let middle = (low + high) / 2;
        let row = q.row("select at from log where seq = $1", params![middle])?;
        let older = row.map(|r| r.get::<Ms>("at")).transpose()?.is_some_and(|t| t < at);
        if older { low = middle + 1 } else { high = middle }
    }
    Ok(low)
}

/// The updates of a window.
pub fn get(ask: &Ask) -> std::result::Result<Value, Faults> {
    let (from, to) = match (ask.time("start_date")?, ask.time("end_date")?) {
        (Some(a), Some(b)) if a <= b && b - a <= SPAN => (a, b),
        (Some(_), Some(_)) => return Err(Fault::bad("span", (SPAN / DAY).to_string()).into()),
        (None, None) => (ask.req.now - DAY, ask.req.now),
        (Some(_), None) => return Err(Fault::bad("missing", "end_date").into()),
        (None, Some(_)) => return Err(Fault::bad("missing", "start_date").into()),
    };
    let page = ask.number("page", 1, 10_000)?;
    let size = ask.number("page_size", 1, 1_000_000)?.map_or(MOST, |n| (n as usize).min(MOST));
    let me = ask.key.as_ref();
    let who = ask.req.app.db.read(|r| keys::who(r, me.map_or("", |k| &k.id), me.and_then(|k| k.body.as_deref())))?;
    let mut look = Look::new(&who, "open311");
    let book = Rulebook::now(ask.req.app)?;
    let items = ask.req.app.db.read(|r| {
        // A moment is told in whole seconds, both ends included.
        let (a, b) = (first_at(r, from / 1000 * 1000)?, first_at(r, to / 1000 * 1000 + 1000)?);
        let (path, end) = ask.place.as_ref().map_or((String::new(), "~".into()), |j| (j.path.clone(), area::end_of(&j.path)));
        let sql = format!(
            "select {}, l.seq from log l join cases on cases.id = l.obj where l.seq >= $1 and l.seq < $2 \
             and l.act >= 'case.' and l.act < 'case/' and l.act not in ('case.report', 'case.import', 'case.rate') \
             and path >= $3 and path < $4 order by l.seq limit $5 offset $6",
            case::COLUMNS
        );
        let skip = (page.unwrap_or(1) - 1) * size as i64;
        let rows = r.rows(&sql, params![a, b, path, end, size + 1, skip])?;
        if rows.len() > size && page.is_none() {
            return Err(Faults::from(Fault::bad("updates-many", size.to_string())));
        }
        let rows = &rows[..rows.len().min(size)];
        let seqs: Vec<u64> = rows.iter().map(|r| r.get("seq")).collect::<store::Result<_>>()?;
        let mut written = r.entries_at(&seqs)?;
        written.sort_by_key(|w| w.index);
        written.dedup_by_key(|w| w.index);
        let mut items = Vec::new();
        for (row, w) in rows.iter().zip(&written) {
            items.extend(update(ask, r, &book, &case::read(row)?, w, &who, &mut look)?);
        }
        Ok(items)
    })?;
    look.record(ask.req.app)?;
    Ok(Value::List("request_update", items))
}

/// One update, unless it is the partner's own or none that he may see.
fn update(
    ask: &Ask,
    q: &mut dyn Query,
    book: &Rulebook,
    case: &Case,
    w: &Written,
    who: &Who,
    look: &mut Look,
) -> Result<Option<Value>> {
    let own = show::own(ask, case);
    if ask.key.as_ref().is_some_and(|k| w.field("actor") == Some(&k.id)) {
        return Ok(None);
    }
    let called = view::called(&task::of(q, &case.id)?, who);
    let relation = match view::relation(case, who, own, &book.chart, called) {
        // A partner reads as somebody further away, also where it is the desk of the place.
        Relation::Desk => Relation::Above,
        other => other,
    };
    if book.class(case).visibility == Visibility::Private && relation == Relation::Public {
        return Ok(None);
    }
    let words = w.element("case.note").map(|v| case.graded("case.note", v.to_owned()));
    let words = words.filter(|_| relation != Relation::Public).and_then(|v| look.at(&v, relation));
    if !show::is_public(&w.act) && words.is_none() {
        return Ok(None);
    }
    let act = w.act.strip_prefix("case.").unwrap_or(&w.act);
    let holder = match w.fact("holder") {
        Some(body) => book.chart.body(body).map(|b| b.name.clone()).unwrap_or_default(),
        None => String::new(),
    };
    let state = w.fact("state").and_then(case::rules::State::parse).unwrap_or(case.state);
    let overlay = w.fact("overlay").and_then(case::rules::Overlay::parse);
    let outcome = w.fact("outcome").and_then(case::rules::Outcome::parse);
    let sentence = ask.say(&format!("event-{act}"), &[("to", &holder)]);
    Ok(Some(Value::Record(vec![
        ("update_id", Value::Text(w.index.to_string())),
        ("service_request_id", Value::Text(case.number.clone())),
        ("status", Value::Text(status::extended(state, overlay, outcome).to_ascii_uppercase())),
        ("updated_datetime", Value::Text(ask.req.app.time(w.at))),
        ("description", Value::Text(words.unwrap_or(sentence))),
        ("media_url", Value::Empty),
        ("external_status_code", Value::Text(state.as_str().into())),
    ])))
}

/// What somebody says about a case in another system.
#[derive(Clone, Debug)]
pub struct Told {
    /// Who says it: a key or a connector.
    pub by: String,
    /// His id for it.
    pub update_id: String,
    /// His status, as he wrote it.
    pub status: String,
    /// When he says it was.
    pub said_at: Ms,
    /// Words.
    pub text: String,
    /// Pictures that were kept already.
    pub media: Vec<String>,
}

/// The entry that stands for an update that was taken in before.
pub fn known(q: &mut dyn Query, by: &str, update_id: &str) -> store::Result<Option<u64>> {
    let sql = "select seq from open311_update where key = $1 and update_id = $2";
    q.row(sql, params![by, update_id])?.map(|r| r.get("seq")).transpose()
}

/// Takes in an update; gives the entry of the log that stands for it. A repetition gives the same one.
pub fn take(tx: &mut Tx, book: &Rulebook, who: &Who, filed_it: bool, case: &Case, told: &Told) -> Result<u64> {
    if let Some(seq) = known(tx, &told.by, &told.update_id)? {
        return Ok(seq);
    }
    // A clock that runs ahead must not make everything that follows look old.
    let said_at = told.said_at.min(tx.now());
    let last =
        tx.count("select max(said_at) from open311_update where key = $1 and case_id = $2", params![&told.by, &case.id])?;
    let meant = status::read(&told.status);
    let wish = meant.filter(|_| said_at >= last).and_then(|s| status::wish(s, case.state));
    let said =
        Said { reason: Some(told.text.clone()), text: Some(told.text.clone()), media: told.media.clone(), ..Said::default() };
    let granted = match wish {
        Some(action) => match act::act(tx, book, who, filed_it, &case.id, action, &said) {
            Ok(_) => Some(action),
            // The rules refuse before anything is written; a photo that a class demands is one of them.
            Err(e)
                if matches!(
                    e.kind,
                    Kind::Denied | Kind::State | Kind::Ruled | Kind::TasksOpen | Kind::Shared | Kind::Evidence
                ) =>
            {
                None
            }
            Err(e) => return Err(e),
        },
        None => None,
    };
    let done = match granted {
        Some(action) => action,
        None => {
            act::act(tx, book, who, filed_it, &case.id, Action::Note, &said)?;
            Action::Note
        }
    };
    let party = who.roles.first().and_then(|r| r.body.as_deref());
    let entry = Entry {
        actor: Some(&told.by),
        party,
        area: Some(&case.area),
        ..Entry::new("open311.update", "open311-update", &case.id)
    };
    let logged = tx.log(
        entry
            .fact("number", case.number.as_str())
            .fact("update", told.update_id.as_str())
            .fact("status", meant.unwrap_or("unknown"))
            .fact("did", done.as_str())
            .fact("said_at", told.said_at),
    )?;
    tx.exec(
        "insert into open311_update(key, update_id, case_id, said_at, seq) values ($1, $2, $3, $4, $5)",
        params![&told.by, &told.update_id, &case.id, said_at, logged.index],
    )?;
    Ok(logged.index)
}

/// A partner tells us something about a case.
pub fn post(ask: &Ask) -> std::result::Result<Value, Faults> {
    let key = ask.key.as_ref().ok_or_else(|| Fault::key("key-missing"))?;
    let app = ask.req.app;
    let mut faults = Faults::default();
    for name in ["service_request_id", "update_id", "status", "updated_datetime", "description"] {
        if ask.text(name).is_none() {
            faults.0.push(Fault::bad("missing", name));
        }
    }
    let said_at = ask.time("updated_datetime").unwrap_or_else(|f| {
        faults.0.push(f);
        None
    });
    let update_id = ask.text("update_id").unwrap_or_default();
    if update_id.chars().count() > 100 {
        faults.0.push(Fault::bad("id", "update_id"));
    }
    let input = Input(json!({ "description": ask.text("description") }).as_object().cloned().unwrap_or_default());
    let text = input.text("description", MAX_TEXT).unwrap_or_else(|e| {
        faults.0.extend(Faults::from(e).0);
        None
    });
    let urls = file::urls(ask, &mut faults);
    faults.check()?;
    let number = ask.text("service_request_id").unwrap_or_default();
    let row = app.db.read(|r| super::find::Filter::any(number).find(r))?.pop();
    let found = row.ok_or_else(|| Fault::unknown("request-unknown", number))?;
    let filed_it = show::own(ask, &found);
    let book = Rulebook::now(app)?;
    let who = app.db.read(|r| keys::who(r, &key.id, key.body.as_deref()))?;
    let known = app.db.read(|r| known(r, &key.id, update_id))?;
    let (mut media, mut text) = (Vec::new(), text.unwrap_or_else(|| "-".into()));
    if known.is_none() {
        media = file::files(ask, &who)?;
        for url in urls {
            match url.strip_prefix("data:") {
                Some(data) => media.push(file::data_uri(ask, &who, data)?),
                // As words: we never open an address that somebody else names.
                None => text = format!("{text}\n{url}"),
            }
        }
        media.truncate(MAX_MEDIA);
    }
    let told = Told {
        by: key.id.clone(),
        update_id: update_id.to_owned(),
        status: ask.text("status").unwrap_or_default().to_owned(),
        said_at: said_at.unwrap_or(ask.req.now),
        text,
        media,
    };
    let number = found.number.clone();
    let seq = app.db.write(move |tx| {
        let case = case::by_number(tx, &number)?.ok_or(Kind::NotFound)?;
        take(tx, &book, &who, filed_it, &case, &told)
    });
    let seq =
        seq.map_err(|e: Error| if e.kind == Kind::Denied { Fault::key("not-yours").into() } else { Faults::from(e) })?.value;
    Ok(Value::List("request_update", vec![Value::Record(vec![("update_id", Value::Text(seq.to_string()))])]))
}
