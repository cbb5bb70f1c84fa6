//! Routes of the steps in depth: seats, draw, convening, forms, agenda, signing in, views, minutes, result, call-back,
//! appraisal.

use store::Query;

use super::decision::New;
use super::outcome::{self, Conclusion, MAX_SUMMARY};
use super::round::{self, Channel, Form, MAX_MINUTES, MAX_VIEW, Round};
use super::rules::{self, Stance};
use super::seat::{self, Called};
use super::types::Full;
use super::web::{answer, find};
use super::{Basis, Consult, Outcome, decision};
use crate::base::area;
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::input::Input;
use crate::kit::time::Ms;
use crate::kit::{Reply, Req, Result, Route};
use crate::records::case::report::{self, NewReport, Spot};

/// Routes of this part.
pub const ROUTES: &[Route] = &[
    Route::post(
        "/consultations/{number}/seats",
        May::Staff,
        call,
        "Calls organisations and building heads: `{bodies: [id], heads: [person]}`.",
    )
    .gives::<Full>(),
    Route::post(
        "/consultations/{number}/draw",
        May::Staff,
        announce,
        "Announces a draw of residents: `{roll, seats}`; its seed is the root of the log at a moment to come.",
    )
    .gives::<Full>(),
    Route::post(
        "/consultations/{number}/seats/{n}/excuse",
        May::SignedIn,
        excuse,
        "Somebody does not sit: `{text}`; the next number of the draw follows.",
    )
    .gives::<Full>(),
    Route::post(
        "/consultations/{number}/convene",
        May::Staff,
        convene,
        "Convenes the group: `{waive?: [kind], why?}`; refused without the seats that the rules ask for.",
    )
    .gives::<Full>(),
    Route::post(
        "/consultations/{number}/form",
        May::Staff,
        choose,
        "Chooses how people come together: `{rounds: [{form: meeting|online|walk, place?, opens_at, closes_at}]}`.",
    )
    .gives::<Full>(),
    Route::post("/consultations/{number}/agenda", May::Staff, agenda, "Writes the agenda: `{items: [text]}`.").gives::<Full>(),
    Route::post("/consultations/{number}/post", May::Staff, post, "Posts agenda and times: they stand still.").gives::<Full>(),
    Route::post(
        "/consultations/{number}/sign",
        May::SignedIn,
        sign,
        "Signs in to a round: `{round, seats: [n]}`; without `seats` the reader's own.",
    )
    .gives::<Full>(),
    Route::post(
        "/consultations/{number}/views",
        May::SignedIn,
        view,
        "What a seat thinks of an item: `{item, stance: yes|no|abstain, text?, seat?, channel?: there|paper|phone}`.",
    )
    .gives::<Full>(),
    Route::post("/consultations/{number}/hold", May::Staff, hold, "Ends the deliberation: `{minutes}`.").gives::<Full>(),
    Route::post(
        "/consultations/{number}/publish",
        May::Staff,
        publish,
        "Publishes what came out: `{outcome: agreed|partly|open, summary, decisions: [{item?, words, body, due_at}]}`.",
    )
    .gives::<Full>(),
    Route::post(
        "/consultations/{number}/decisions/{n}/redo",
        May::Staff,
        redo,
        "Takes up again what was dropped: `{body, due_at}`.",
    )
    .gives::<Full>(),
    Route::post(
        "/consultations/{number}/callback",
        May::SignedIn,
        callback,
        "Whether the answer satisfied: `{reached?, satisfied, text?}`; a no goes on in depth at the desk above.",
    )
    .gives::<Full>(),
    Route::post("/consultations/{number}/appraise", May::SignedIn, appraise, "Appraises what came out: `{score: 1..5, text?}`.")
        .gives::<Full>(),
];

/// Rows of the forms for rounds, items and decisions.
pub const ROWS: usize = 5;

/// Does a step and answers with the consultation as it then stands.
fn step(
    req: &Req,
    status: u16,
    act: impl FnOnce(&mut store::Tx, &Basis, &crate::kit::Who, &str) -> Result<()> + Send + 'static,
) -> Result<Reply> {
    let c = req.app.db.read(|r| find(req, r))?;
    let (basis, who, id) = (Basis::now(req.app)?, req.who.clone(), c.id.clone());
    req.once(move |tx| act(tx, &basis, &who, &id).map(|()| String::new()))?;
    answer(req, &c.number, status)
}

fn number(text: &str, field: &'static str) -> Result<i64> {
    text.trim().parse().map_err(|_| Kind::WrongType.at(field))
}

/// Whole numbers of a list, as JSON or as a form has them.
fn numbers(input: &Input, name: &'static str, most: usize) -> Result<Vec<i64>> {
    match input.0.get(name) {
        Some(serde_json::Value::Array(all)) if all.iter().all(serde_json::Value::is_i64) => {
            if all.len() > most {
                return Err(Kind::TooMany.at(name).limit(most as i64));
            }
            Ok(all.iter().filter_map(serde_json::Value::as_i64).collect())
        }
        _ => input.list(name, most)?.iter().map(|t| number(t, name)).collect(),
    }
}

/// Objects of a list; a form has a row for each, its fields numbered: `form1`, `form2` …
fn objects(input: &Input, name: &'static str, fields: &[&str], most: usize) -> Result<Vec<Input>> {
    if let Some(serde_json::Value::Array(all)) = input.0.get(name) {
        if all.len() > most {
            return Err(Kind::TooMany.at(name).limit(most as i64));
        }
        let one = |v: &serde_json::Value| match v {
            serde_json::Value::Object(map) => Ok(Input(map.clone())),
            _ => Err(Kind::WrongType.at(name)),
        };
        return all.iter().map(one).collect();
    }
    let row = |n: usize| {
        let own = fields.iter().filter_map(|f| Some(((*f).to_owned(), input.0.get(&format!("{f}{n}"))?.clone())));
        Input(own.collect())
    };
    // A row whose first field is empty was left out.
    let filled = |i: &Input| i.0.get(fields[0]).and_then(|v| v.as_str()).is_some_and(|t| !t.trim().is_empty());
    Ok((1..=ROWS).map(row).filter(filled).collect())
}

fn call(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let mut called: Vec<Called> = input.list("bodies", rules::SEATS)?.into_iter().map(Called::Body).collect();
    called.extend(input.list("heads", rules::SEATS)?.into_iter().map(Called::Head));
    if called.is_empty() {
        return Err(Kind::Missing.at("bodies"));
    }
    step(req, 201, move |tx, basis, who, id| seat::call(tx, basis, who, id, &called))
}

fn announce(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let roll = input.need("roll", 20)?;
    let seats = input.int("seats", 1, seat::DRAWN)?.ok_or_else(|| Kind::Missing.at("seats"))?;
    step(req, 201, move |tx, basis, who, id| seat::announce(tx, basis, who, id, &roll, seats))
}

fn excuse(req: &Req) -> Result<Reply> {
    let (words, n) = (req.input()?.need("text", 500)?, number(req.param("n"), "n").map_err(|_| Kind::NotFound)?);
    step(req, 200, move |tx, _, who, id| seat::excuse(tx, who, id, n, &words))
}

fn convene(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let waived = input.list("waive", 10)?.into_iter().collect();
    let why = input.text("why", 500)?;
    step(req, 200, move |tx, basis, who, id| seat::convene(tx, basis, who, id, &waived, why.as_deref()))
}

/// A moment: RFC 3339, or as a field of a form writes it, `2026-03-20T19:00`.
fn moment(req: &Req, input: &Input, name: &'static str) -> Result<Ms> {
    let text = input.need(name, 40)?;
    let local = || {
        let at: jiff::civil::DateTime = text.parse().ok()?;
        Some(req.app.config.zone.to_zoned_datetime(at).ok()?.timestamp().as_millisecond())
    };
    crate::kit::time::parse(&text).or_else(local).ok_or_else(|| Kind::WrongType.at(name))
}

fn choose(req: &Req) -> Result<Reply> {
    let rows = objects(&req.input()?, "rounds", &["form", "place", "opens_at", "closes_at"], rules::ROUNDS)?;
    let mut new = Vec::with_capacity(rows.len());
    for (n, row) in rows.iter().enumerate() {
        new.push(Round {
            n: n as i64 + 1,
            form: Form::parse(&row.need("form", 20)?).ok_or_else(|| Kind::Unknown.at("form"))?,
            place: row.text("place", 100)?,
            opens_at: moment(req, row, "opens_at")?,
            closes_at: moment(req, row, "closes_at")?,
        });
    }
    step(req, 200, move |tx, basis, who, id| round::choose(tx, basis, who, id, &new))
}

fn agenda(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let mut items = input.list("items", rules::ITEMS)?;
    // A form has one a line.
    if let [text] = items.as_slice() {
        items = text.lines().map(|l| l.trim().to_owned()).filter(|l| !l.is_empty()).collect();
    }
    if items.is_empty() {
        return Err(Kind::Missing.at("items"));
    }
    if items.len() > rules::ITEMS {
        return Err(Kind::TooMany.at("items").limit(rules::ITEMS as i64));
    }
    if items.iter().any(|i| i.chars().count() > 200) {
        return Err(Kind::TooLong.at("items").limit(200));
    }
    step(req, 200, move |tx, _, who, id| round::agenda(tx, who, id, &items))
}

fn post(req: &Req) -> Result<Reply> {
    step(req, 200, round::post)
}

/// The reader's own seats, when he names none.
fn own(req: &Req, q: &mut dyn Query, c: &Consult) -> Result<Vec<i64>> {
    let all = seat::of(q, &c.id)?;
    Ok(all.iter().filter(|s| s.is_of(&req.who)).map(|s| s.n).collect())
}

fn sign(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let round = input.int("round", 1, rules::ROUNDS as i64)?.ok_or_else(|| Kind::Missing.at("round"))?;
    let mut seats = numbers(&input, "seats", rules::SEATS)?;
    if seats.is_empty() {
        seats = req.app.db.read(|r| {
            let c = find(req, r)?;
            own(req, r, &c)
        })?;
    }
    if seats.is_empty() {
        return Err(Kind::Denied.into());
    }
    step(req, 200, move |tx, _, who, id| round::sign(tx, who, id, round, &seats))
}

fn view(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let said = round::Said {
        item: input.int("item", 1, rules::ITEMS as i64)?.ok_or_else(|| Kind::Missing.at("item"))?,
        seat: input.int("seat", 1, 1000)?,
        stance: Stance::parse(&input.need("stance", 10)?).ok_or_else(|| Kind::Unknown.at("stance"))?,
        text: input.text("text", MAX_VIEW)?,
        channel: match input.text("channel", 10)? {
            Some(channel) => Channel::parse(&channel).ok_or_else(|| Kind::Unknown.at("channel"))?,
            None => Channel::There,
        },
    };
    step(req, 201, move |tx, _, who, id| round::view(tx, who, id, &said))
}

fn hold(req: &Req) -> Result<Reply> {
    let minutes = req.input()?.need("minutes", MAX_MINUTES)?;
    step(req, 200, move |tx, basis, who, id| round::hold(tx, basis, who, id, &minutes))
}

/// The place a decision's case belongs to.
fn spot(req: &Req) -> Result<Spot> {
    req.app.db.read(|r| {
        let c = find(req, r)?;
        let code = area::by_id(r, &c.area)?.map(|a| a.code);
        report::locate(r, &NewReport { area: code, ..NewReport::default() })
    })
}

fn promised(req: &Req, input: &Input, words: Option<String>) -> Result<New> {
    Ok(New {
        item: input.int("item", 1, rules::ITEMS as i64)?,
        words: words.unwrap_or_default(),
        body: input.need("body", 60)?,
        due_at: input.until("due_at", &req.app.config.zone)?.ok_or_else(|| Kind::Missing.at("due_at"))?,
    })
}

fn publish(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let outcome = input.need("outcome", 10)?;
    let mut new = Conclusion {
        outcome: Outcome::parse(&outcome).ok_or_else(|| Kind::Unknown.at("outcome"))?,
        summary: input.need("summary", MAX_SUMMARY)?,
        decisions: Vec::new(),
    };
    for row in objects(&input, "decisions", &["words", "item", "body", "due_at"], rules::DECISIONS)? {
        new.decisions.push(promised(req, &row, Some(row.need("words", 300)?))?);
    }
    let spot = spot(req)?;
    step(req, 200, move |tx, basis, who, id| outcome::publish(tx, basis, who, id, &new, &spot))
}

fn redo(req: &Req) -> Result<Reply> {
    let n = number(req.param("n"), "n").map_err(|_| Kind::NotFound)?;
    let (new, spot) = (promised(req, &req.input()?, None)?, spot(req)?);
    step(req, 201, move |tx, basis, who, id| decision::redo(tx, basis, who, id, n, &new, &spot))
}

fn callback(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let c = req.app.db.read(|r| find(req, r))?;
    // Whoever asked is reached when he answers himself.
    let reached = c.is_raised_by(&req.who) || input.flag("reached");
    if reached && input.0.get("satisfied").is_none() {
        return Err(Kind::Missing.at("satisfied"));
    }
    let (yes, text) = (input.flag("satisfied"), input.text("text", 500)?);
    step(req, 200, move |tx, basis, who, id| outcome::callback(tx, basis, who, id, reached, yes, text.as_deref()))
}

fn appraise(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let score = input.int("score", 1, rules::BEST)?.ok_or_else(|| Kind::Missing.at("score"))?;
    let text = input.text("text", 500)?;
    step(req, 201, move |tx, _, who, id| outcome::appraise(tx, who, id, score, text.as_deref()))
}
