//! What follows for an order from the life of its case: a settled case prepares the answer, a reopened one takes it back, a
//! merged one takes its orders along.
//!
//! What must stay true: derived from the log with a cursor, so that nothing is missed or done twice; a prepared answer
//! holds no more than the public may read; a clerk confirms it, nothing leaves by itself.

use store::{Entry, Query, Tx, Written};

use super::rules::State;
use super::{Order, bind, on_case, put, some};
use crate::base::catalogue::{Look, Relation};
use crate::kit::{App, Result, Who, follow};
use crate::records::case::{self, Case, Rulebook};
use store::params;

const ACTS: [&str; 5] = ["case.close", "case.reject", "case.withdraw", "case.merge", "case.reopen"];

/// Follows the log; returns how many entries were read.
pub fn follow(app: &App) -> Result<u64> {
    let book = Rulebook::now(app)?;
    follow::follow(
        app,
        "hotline",
        |_, entries| {
            let moved = entries.iter().filter(|e| ACTS.contains(&e.act.as_str())).cloned();
            Ok((book.clone(), moved.collect::<Vec<Written>>()))
        },
        |tx, (book, moved)| moved.iter().try_for_each(|entry| one(tx, &book, entry)),
    )
}

fn one(tx: &mut Tx, book: &Rulebook, entry: &Written) -> Result<()> {
    match entry.act.as_str() {
        "case.merge" => {
            let into = entry.fact("into").map(|n| case::by_number(tx, n)).transpose()?.flatten();
            let Some(main) = into else { return Ok(()) };
            for order in on_case(tx, &entry.obj)? {
                carry(tx, book, order, &main)?;
            }
        }
        "case.reopen" => {
            let Some(case) = case::by_id(tx, &entry.obj)?.filter(|c| c.state.is_open()) else { return Ok(()) };
            for order in some(tx, "born = $1 and case_id <> $1 limit 500", params![&case.id])? {
                if order.state.is_live() {
                    carry(tx, book, order, &case)?;
                }
            }
            for mut order in on_case(tx, &case.id)?.into_iter().filter(|o| o.state == State::Ready) {
                order.state = State::Working;
                log(tx, Entry::new("hotline.again", "hotline", &order.id), &order, &case, None)?;
                put(tx, &mut order);
            }
            bind(tx, book, &Who::system(), &case.id)?;
        }
        _ => {
            let Some(case) = case::by_id(tx, &entry.obj)?.filter(|c| !c.state.is_open()) else { return Ok(()) };
            let live: Vec<Order> =
                on_case(tx, &case.id)?.into_iter().filter(|o| matches!(o.state, State::New | State::Working)).collect();
            if live.is_empty() {
                return Ok(());
            }
            let words = words(tx, &case, entry)?;
            for mut order in live {
                order.state = State::Ready;
                let entry = Entry::new("hotline.ready", "hotline", &order.id);
                order.reply_seq = Some(log(tx, entry, &order, &case, words.as_deref())?);
                put(tx, &mut order);
            }
        }
    }
    Ok(())
}

/// Hangs an order on the case its own was merged into, or back on its own.
fn carry(tx: &mut Tx, book: &Rulebook, mut order: Order, to: &Case) -> Result<()> {
    (order.case_id, order.area, order.path) = (to.id.clone(), to.area.clone(), to.path.clone());
    log(tx, Entry::new("hotline.move", "hotline", &order.id), &order, to, None)?;
    put(tx, &mut order);
    bind(tx, book, &Who::system(), &to.id)
}

/// What was done, in the words of whoever handled it and whoever closed it, as the public may read them.
fn words(tx: &mut Tx, case: &Case, end: &Written) -> Result<Option<String>> {
    let history = tx.history(&case.id)?;
    let said = |w: &Written| w.element("case.note").map(str::to_owned);
    let handled = history.iter().rev().filter(|w| w.act == "case.feedback" && end.act == "case.close").find_map(said);
    let closed = history.iter().find(|w| w.index == end.index).and_then(said);
    let mut look = Look::new(&Who::system(), "hotline");
    let mut public = |text| look.at(&case.graded("case.reason", text), Relation::Public);
    let parts: Vec<String> = [handled, closed].into_iter().flatten().filter_map(&mut public).collect();
    Ok(Some(parts.join("\n")).filter(|t| !t.is_empty()))
}

fn log<'a>(tx: &mut Tx, entry: Entry<'a>, order: &'a Order, case: &'a Case, reply: Option<&str>) -> Result<u64> {
    let entry = Entry { party: Some(&order.desk), area: Some(&order.area), owner: Some(&order.owner), ..entry };
    let entry = entry.fact("order", order.number.as_str()).fact("state", order.state.as_str());
    Ok(tx.log(entry.fact("case", case.id.as_str()).element("hotline.reply", reply))?.index)
}
