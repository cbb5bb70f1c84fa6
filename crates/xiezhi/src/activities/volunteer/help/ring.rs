//! What happens to a request by itself: when nobody comes the community looks after it as a case; help nobody speaks of is
//! asked about, then closed; silence counts as yes; a dispute that nobody decides goes up.
//!
//! What must stay true: all of it is found in the database alone, so it rings after an outage too; each bell moves the next
//! one on.

use store::{Query, Tx, params};

use super::{Help, Stand, State, by_id, close, helpers, tell};
use crate::activities::volunteer::Book;
use crate::kit::time::{DAY, Ms};
use crate::kit::{Result, Who};
use crate::records::case::Rulebook;
use crate::records::case::report::{self, NewReport, Spot};

/// The class of the case that a request becomes.
const CLASS: &str = "help";

/// Requests whose bell rings, but for those for whom people are looked for: they have a round of their own.
pub fn due(q: &mut dyn Query, now: Ms, most: i64) -> Result<Vec<String>> {
    let sql = "select id from help where ring_at <= $1 and ring_at is not null and state <> $2 order by ring_at limit $3";
    let rows = q.rows(sql, params![now, State::Open, most])?;
    Ok(rows.iter().map(|r| r.get("id")).collect::<store::Result<_>>()?)
}

/// Rings one.
pub fn ring(tx: &mut Tx, book: &Book, id: &str) -> Result<()> {
    let (help, now, system) = (by_id(tx, id)?, tx.now(), Who::system());
    if help.ring_at.is_none_or(|at| at > now) {
        return Ok(());
    }
    match help.state {
        State::Agreed => {
            let last = help.ends_at + book.pack.limits.lapse_days * DAY;
            if now >= last {
                // Whoever came and wrote it down is not left without his hours because another did not.
                if helpers(tx, id)?.iter().any(|b| b.state == Stand::Done) {
                    return close::settle(tx, book, &system, &help, "silent");
                }
                return close::lapse(tx, book, &help);
            }
            tx.exec("update help set ring_at = $2 where id = $1", params![id, last])?;
            tx.log(help.entry(&system, "help.remind"))?;
            tell::coming(tx, book, &system, &help, "remind")
        }
        State::Done => close::settle(tx, book, &system, &help, "silent"),
        State::Disputed => {
            let desk = help.desk.clone().unwrap_or_default();
            let above = book.chart.body(&desk).and_then(|b| book.chart.desk_above(b)).map_or(desk, |b| b.id.clone());
            let due = now + book.pack.limits.decide_days * DAY;
            tx.exec("update help set desk = $2, ring_at = $3 where id = $1", params![id, &above, due])?;
            tx.log(help.entry(&system, "help.remind").fact("desk", above.as_str()).fact("due", due))?;
            tell::desk(tx, book, &help, &above, "disputed-desk")
        }
        _ => {
            tx.exec("update help set ring_at = null where id = $1", params![id])?;
            tx.log(help.entry(&system, "help.remind")).map(drop).map_err(Into::into)
        }
    }
}

/// Nobody came forward: the community looks after it, under the clocks of a case. People may still say that they come.
pub fn escalate(tx: &mut Tx, book: &Book, rules: &Rulebook, help: &Help, spot: &Spot) -> Result<()> {
    let system = Who::system();
    // It is the asker's own case: he follows it and rates it like any other of his.
    let who = Who { person: help.asked_by.clone(), ..Who::default() };
    let lang = crate::kit::i18n::Lang::Zh;
    let when = crate::kit::time::when(help.starts_at, tx.now(), &book.zone, true);
    let words = tx.open_text(&help.id, help.words.clone())?.unwrap_or_default();
    let text = format!("{} {} {} {}", help.number, book.pack.kind_name(&help.kind, lang), when, words);
    let report = NewReport {
        text: Some(text.trim().to_owned()),
        class: Some(CLASS.to_owned()),
        building: help.building.clone(),
        address: tx.open_text(&help.id, help.place.clone())?,
        contact_name: tx.open_text(&help.id, help.name.clone())?,
        contact_phone: tx.open_text(&help.id, help.phone.clone())?,
        channel: "volunteer".into(),
        source: Some(format!("help:{}", help.number)),
        ..NewReport::default()
    };
    let (made, _) = report::make(tx, rules, &who, &report, spot, &book.zone)?;
    tx.log(help.entry(&system, "help.case").fact("case", made.number.as_str()))?;
    let sql = "update help set case_number = $2, ring_at = $3, wave = $4 where id = $1";
    tx.exec(sql, params![&help.id, &made.number, help.ends_at, book.pack.limits.waves + 1])?;
    tell::asker(tx, book, &system, help, "case")
}
