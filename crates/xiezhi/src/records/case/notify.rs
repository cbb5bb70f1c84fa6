//! Which entries of the log become notices, and for whom. Notices carry a kind and a number, never a personal value.

use store::{Query, Written};

use super::by_id;
use crate::base::notice::New;
use crate::base::party;
use crate::kit::Result;

/// The notices of one entry: for the reporter what others did, for a party what now lies with it.
///
/// New reports are no notices: the desk's queue shows them, and a storm of reports must not become a storm of messages.
pub fn of(q: &mut dyn Query, entry: &Written) -> Result<Vec<New>> {
    let Some(act) = entry.act.strip_prefix("case.").filter(|a| !matches!(*a, "report" | "import")) else { return Ok(Vec::new()) };
    let Some(case) = by_id(q, &entry.obj)? else { return Ok(Vec::new()) };
    let actor = entry.field("actor");
    let new =
        |person: &str, kind: &str| New { person: person.into(), at: entry.at, kind: kind.into(), subject: case.number.clone() };
    let mut out = Vec::new();
    if let Some(reporter) = &case.reporter
        && actor != Some(reporter)
        && !matches!(act, "note" | "extend" | "escalate" | "rate")
    {
        out.push(new(reporter, &format!("mine-{act}")));
    }
    // Whoever got it by this step: a dispatched handler, the desk it came back to, the desk above.
    let got = match act {
        "dispatch" | "escalate" | "reopen" | "feedback" | "return" => entry.fact("holder"),
        _ => None,
    };
    if let Some(body) = got {
        for person in party::members(q, body, entry.at)? {
            if Some(person.as_str()) != actor {
                out.push(new(&person, &format!("work-{act}")));
            }
        }
    }
    Ok(out)
}
