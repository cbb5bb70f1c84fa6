//! What happened to a case, step by step, and who had it how long.
//!
//! What must stay true: a note for staff is not even there for others, and a step that only concerns those who work on it
//! is told to nobody else.

use store::Written;

use super::{Event, Held};
use crate::base::party::Chart;
use crate::kit::Req;
use crate::kit::time::MINUTE;
use crate::records::case::Case;
use crate::records::case::life::ledger;

/// Steps that only concern those who work on it.
const STAFF_ONLY: [&str; 11] = [
    "case.cover",
    "case.original",
    "case.promise",
    "case.recount",
    "case.warn",
    "case.assign",
    "case.reassign",
    "case.review",
    "case.ask",
    "case.refuse",
    "case.follow",
];

/// The events of a history and the media that this reader may see in it. `show` decides what is given of an element.
pub(super) fn events<F>(req: &Req, chart: &Chart, case: &Case, history: &[Written], mut show: F) -> (Vec<Event>, Vec<String>)
where
    F: FnMut(&Written, &'static str) -> Option<String>,
{
    let (app, who) = (req.app, &req.who);
    let mut seen_media = Vec::new();
    let mut events = Vec::new();
    for w in history {
        if let Some(list) = show(w, "case.media") {
            seen_media.extend(list.split(' ').map(str::to_owned).collect::<Vec<_>>());
        }
        // What other rooms wrote about it is told there.
        if !w.act.starts_with("case.") {
            continue;
        }
        // A note for staff is not even there for others.
        if w.element("case.memo").is_some() && show(w, "case.memo").is_none()
            || !who.is_staff() && STAFF_ONLY.contains(&w.act.as_str())
        {
            continue;
        }
        let reporter = w.leaf.get("x_reporter").is_some() || w.index == case.log_seq;
        let by = match (w.field("party").filter(|_| !reporter), reporter) {
            (Some(body), _) => chart.name(body),
            (None, true) if w.fact("relation").is_some() => app.texts.plain(req.lang, "by-proxy"),
            (None, true) => app.texts.plain(req.lang, "by-reporter"),
            (None, false) => app.texts.plain(req.lang, if w.field("actor").is_some() { "by-staff" } else { "by-system" }),
        };
        // A task's party stands where the holder stands in other steps.
        let holder = w.fact("body").or(w.fact("holder")).map(|h| chart.name(h));
        let number = |name: &str| w.leaf.get(name).and_then(serde_json::Value::as_i64);
        events.push(Event {
            at: app.time(w.at),
            kind: w.act.strip_prefix("case.").unwrap_or(&w.act).to_owned(),
            from: w.fact("from").map(str::to_owned),
            by,
            rule: w.fact("rule").filter(|_| w.act == "case.supervise").map(str::to_owned),
            text: show(w, "case.note").or_else(|| show(w, "case.memo")),
            private: w.element("case.memo").is_some(),
            holder,
            due: number("x_task_due").or(number("x_until")).or(number("x_due")).map(|d| app.time(d)),
            score: number("x_score").or(number("x_task_score")),
        });
    }
    (events, seen_media)
}

/// Who had it how long, the present holder marked.
pub(super) fn held(holds: &[ledger::Hold], chart: &Chart, now: i64) -> Vec<Held> {
    let has = holds.last().filter(|h| h.to.is_none()).map(|h| &h.holder);
    let all = ledger::charged(holds, now);
    let view = |(id, time, times): &(String, i64, usize)| Held {
        party: chart.name(id),
        minutes: time / MINUTE,
        times: *times,
        now: has == Some(id),
    };
    all.iter().map(view).collect()
}
