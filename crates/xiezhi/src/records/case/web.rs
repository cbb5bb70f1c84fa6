//! Routes of single cases: making a report, looking at one, acting on it, and its receipt.

use serde_json::json;
use store::{Key, Query as _};

use super::complaint;
use super::life::reply;
use super::life::task::{self, Call, TaskAction, TaskKind};
use super::life::{Said, act};
use super::report::elsewhere::{self, Elsewhere};
use super::report::{self, NewReport};
use super::rules::Action;
use super::view::{self, Matter};
use super::{Case, MAX_MEDIA, Rulebook, by_number, code_fits, tracking_code};
use crate::base::catalogue::Look;
use crate::base::{classes, media};
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::{Error, Reply, Req, Result, Route, qr};
use crate::kit::{tries, witness};

/// Routes of this room.
pub const ROUTES: &[Route] = &[
    Route::post("/reports", May::Anyone, make, "Makes a report: `{text?, class?, place?, contact?: {name?, phone?, wish?: sms|call}, media?, answers?: {code: value}}`; text or media is required."),
    Route::get("/reports/{number}", May::Anyone, look_at, "A report as the public sees it; with `code` as its reporter does.").gives::<Matter>(),
    Route::get("/reports/{number}/sent", May::Anyone, sent, "The receipt page.").gives::<Sent>(),
    Route::get("/reports/{number}/receipt", May::Anyone, receipt, "The signed receipt as a file (`code` needed)."),
    Route::get("/cases/{number}", May::Staff, look_at, "A case as staff sees it.").gives::<Matter>(),
    Route::post("/cases/{number}/{action}", May::Anyone, act_on, "accept reject dispatch return feedback check close rate reopen merge extend note rule suspend hang_up resume ask grant refuse claim assign follow withdraw review supervise: `{reason?, to?, text?, class?, media?, score?, until?, outcome?, ask?, verdict?, private?, answer?, code?}`.").gives::<Matter>(),
    Route::post("/cases/{number}/tasks", May::Staff, call, "Calls others to a case: `{to: [id], kind: whistle|joint, text, until?}`.").gives::<Matter>(),
    Route::post("/tasks/{id}/{action}", May::Staff, task_act, "answer done refuse insist cancel rate: `{text?, reason?, media?, score?}`.").gives::<Matter>(),
];

fn make(req: &Req) -> Result<Reply> {
    let mut input = req.input()?;
    media::web::keep_into(req, &mut input, MAX_MEDIA)?;
    let book = Rulebook::now(req.app)?;
    let mut new = NewReport::parse(&input, req.who.is_staff(), &book.classes)?;
    new.about = complaint::about(&book.chart, &req.who, &new)?;
    let spot = report::place(req.app, &new)?;
    let elsewhere = elsewhere::of(&book.classes, new.class.as_deref(), new.text.as_deref().unwrap_or_default(), req.lang);
    let (who, zone) = (req.who.clone(), req.app.config.zone.clone());
    let write = move |tx: &mut store::Tx| {
        let (made, logged) = report::make(tx, &book, &who, &new, &spot, &zone)?;
        let answer = json!({ "id": made.id, "number": made.number });
        Ok::<_, Error>((answer.to_string(), Some(logged)))
    };
    let app = req.app;
    // Without a key of the client's a key of our own: nothing is repeated, but the answer takes the same way.
    let own = if req.key().is_none() { Some(app.new_id()) } else { None };
    let key = Key::new(req.who.key_space(), req.key().or(own.as_deref()).unwrap_or_default(), &req.fingerprint());
    let once = app.db.write_once(key, write)?;
    let mut answer: serde_json::Value = serde_json::from_str(&once.answer).map_err(Error::internal)?;
    let code = tracking_code(&app.db, answer["id"].as_str().unwrap_or_default());
    if !req.wants_json() {
        let number = answer["number"].as_str().unwrap_or_default();
        return Ok(Reply::see_other(req.url(&format!("/reports/{number}/sent?code={code}"))));
    }
    answer["code"] = code.into();
    if let Some(elsewhere) = elsewhere {
        answer["elsewhere"] = serde_json::to_value(elsewhere).map_err(Error::internal)?;
    }
    answer["receipt"] = serde_json::to_value(&once.receipt).map_err(Error::internal)?;
    Ok(Reply::json(&answer)?.status(201))
}

/// The case of the path, and its tracking code when the right one came along. A wrong code is refused and slowed down.
pub(super) fn find(req: &Req) -> Result<(Case, Option<String>)> {
    let number = req.param("number");
    let case = req.app.db.read(|r| by_number(r, number))?.ok_or(Kind::NotFound)?;
    let typed = req.query.get("code").or(req.form.get("code")).map(str::to_owned);
    let typed = typed.or_else(|| req.json.as_ref()?.get("code")?.as_str().map(str::to_owned));
    let Some(typed) = typed else { return Ok((case, None)) };
    let keys = tries::keys("code", number, req.ip);
    req.app.tries.check(&keys, req.now)?;
    if !code_fits(&req.app.db, &case.id, &typed) {
        req.app.tries.failed(&keys, req.now);
        return Err(Kind::NotFound.at("code"));
    }
    Ok((case, Some(calc::codes::normalise(&typed))))
}

fn show(req: &Req, case: &Case, code: Option<&str>) -> Result<Matter> {
    let mut look = Look::new(&req.who, "case");
    let view = req.app.db.read(|r| view::matter(req, r, case, code, &mut look))?;
    look.record(req.app)?;
    Ok(view)
}

fn look_at(req: &Req) -> Result<Reply> {
    let (case, code) = find(req)?;
    req.page("records/case/matter.html", &show(req, &case, code.as_deref())?)
}

fn act_on(req: &Req) -> Result<Reply> {
    let action = Action::parse(req.param("action")).ok_or(Kind::NotFound)?;
    let (case, code) = find(req)?;
    let mut said = Said::parse(&req.input()?, &req.app.config.zone)?;
    said.media.extend(media::web::keep_files(req)?);
    let (who, id, holds, book) = (req.who.clone(), case.id.clone(), code.is_some(), Rulebook::now(req.app)?);
    if who.is_staff() {
        let chosen = req.input()?.text("answer", 40)?;
        reply::apply(req.app, &book, &case, action, chosen.as_deref(), &mut said, req.lang)?;
    }
    req.once(move |tx| Ok(act::act(tx, &book, &who, holds, &id, action, &said)?.number))?;
    shown(req, &case.number, code.as_deref(), action.as_str())
}

/// The answer to an action: the case as it then stands, or the page it was done on, which says that it is `done`.
pub(super) fn shown(req: &Req, number: &str, code: Option<&str>, done: &str) -> Result<Reply> {
    if req.wants_json() {
        let now = req.app.db.read(|r| by_number(r, number))?.ok_or(Kind::NotFound)?;
        return Reply::json(&show(req, &now, code)?);
    }
    Ok(Reply::see_other(req.url(&match (req.form.get("back"), code) {
        (Some(back), _) if back.starts_with("desk:") => {
            format!("/desk?queue={}&open={number}&done={done}#open", crate::kit::form::encode(back.trim_start_matches("desk:")))
        }
        (_, Some(code)) => format!("/reports/{number}?code={code}&done={done}"),
        _ if req.who.is_staff() => format!("/cases/{number}?done={done}"),
        _ => format!("/reports/{number}?done={done}"),
    })))
}

fn call(req: &Req) -> Result<Reply> {
    let (case, _) = find(req)?;
    let input = req.input()?;
    let kind = input.text("kind", 20)?.unwrap_or_else(|| "whistle".into());
    let call = Call {
        kind: TaskKind::parse(&kind).ok_or_else(|| Kind::Unknown.at("kind"))?,
        to: input.list("to", task::MOST as usize)?,
        text: input.need("text", 1000)?,
        until: input.until("until", &req.app.config.zone)?,
    };
    if call.to.is_empty() {
        return Err(Kind::Missing.at("to"));
    }
    let (who, book, id) = (req.who.clone(), Rulebook::now(req.app)?, case.id.clone());
    req.once(move |tx| Ok(task::call(tx, &book, &who, &id, &call)?.number))?;
    shown(req, &case.number, None, "call")
}

fn task_act(req: &Req) -> Result<Reply> {
    let action = TaskAction::parse(req.param("action")).ok_or(Kind::NotFound)?;
    let mut said = Said::parse(&req.input()?, &req.app.config.zone)?;
    said.media.extend(media::web::keep_files(req)?);
    let (who, book, id) = (req.who.clone(), Rulebook::now(req.app)?, req.param("id").to_owned());
    let case = req.once(move |tx| Ok(task::act(tx, &book, &who, &id, action, &said)?.case_id))?;
    let case = req.app.db.read(|r| super::by_id(r, &case))?.ok_or(Kind::NotFound)?;
    shown(req, &case.number, None, &format!("task-{}", action.as_str()))
}

/// What the receipt page shows.
#[derive(serde::Serialize, schemars::JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Sent {
    pub number: String,
    pub code: String,
    pub received_at: String,
    pub holder: Option<view::Holder>,
    pub due_at: Option<String>,
    pub place: String,
    /// Where the QR code leads.
    pub link: String,
    pub qr: String,
    /// Who settles it, when it is nobody here.
    pub elsewhere: Option<Elsewhere>,
}

fn with_code(req: &Req) -> Result<(Case, String)> {
    match find(req)? {
        (case, Some(code)) => Ok((case, code)),
        (case, None) if case.reporter.is_some() && case.reporter == req.who.person => {
            let code = tracking_code(&req.app.db, &case.id);
            Ok((case, code))
        }
        _ => Err(Kind::NotFound.into()),
    }
}

fn sent(req: &Req) -> Result<Reply> {
    let (case, code) = with_code(req)?;
    let view = show(req, &case, Some(&code))?;
    let link = req.absolute(&format!("/reports/{}?code={code}", case.number));
    let qr = qr::svg_of(&link)?;
    let Matter { number, received_at, holder, due_at, place, text, class, .. } = view;
    let classes = classes::now(req.app)?;
    let elsewhere = elsewhere::of(&classes, class.as_deref(), &text.unwrap_or_default(), req.lang);
    req.page("records/case/sent.html", &Sent { number, code, received_at, holder, due_at, place, link, qr, elsewhere })
}

fn receipt(req: &Req) -> Result<Reply> {
    let (case, _) = with_code(req)?;
    let (size, witnessed) = req.app.db.read(|r| Ok::<_, store::Error>((r.log_size()?, witness::last(r)?)))?;
    // Where somebody else has signed our history, his line goes with it.
    let witnessed = witnessed.filter(|(seen, _)| *seen > case.log_seq && *seen <= size);
    let mut receipt = req.app.db.receipt(case.log_seq, witnessed.as_ref().map_or(size, |w| w.0))?;
    receipt.cosignatures.extend(witnessed.map(|w| w.1));
    let name = format!("attachment; filename=\"receipt-{}.json\"", case.number);
    Ok(Reply::json(&receipt)?.header("content-disposition", name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_description_names_every_action() {
        let told = |path: &str| ROUTES.iter().find(|r| r.path == path).unwrap().about;
        let words: Vec<&str> = told("/cases/{number}/{action}").split([' ', ':']).collect();
        assert!(Action::ALL.iter().all(|a| words.contains(&a.as_str())));
        let words: Vec<&str> = told("/tasks/{id}/{action}").split([' ', ':']).collect();
        assert!(TaskAction::ALL.iter().all(|a| words.contains(&a.as_str())));
    }
}
