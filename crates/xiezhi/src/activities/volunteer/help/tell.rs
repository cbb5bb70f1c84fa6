//! Who is told of what: one matter in the inbox for each request.
//!
//! What must stay true: nobody is told of what he did himself, and no notice holds a word of what was asked.

use store::Tx;

use super::{Help, helpers};
use crate::activities::volunteer::Book;
use crate::base::notice::{self, New, Step};
use crate::base::roster;
use crate::kit::{Result, Who};

fn news(help: &Help, person: &str, at: i64, kind: &str) -> New {
    let urgent = help.urgent == 1;
    New { person: person.to_owned(), at, kind: format!("help-{kind}"), subject: help.number.clone(), class: None, urgent }
}

/// These people.
pub fn people(tx: &mut Tx, book: &Book, who: &Who, help: &Help, kind: &str, people: &[&str]) -> Result<()> {
    let now = tx.now();
    let others = people.iter().filter(|p| Some(**p) != who.actor() && Some(**p) != who.person.as_deref());
    notice::put(tx, &book.zone, &others.map(|p| news(help, p, now, kind)).collect::<Vec<_>>())
}

/// Whoever asked; for somebody without an account, whoever wrote it down.
pub fn asker(tx: &mut Tx, book: &Book, who: &Who, help: &Help, kind: &str) -> Result<()> {
    let person = help.asked_by.as_deref().or(help.by_person.as_deref());
    people(tx, book, who, help, kind, person.as_slice())
}

/// Everybody who comes or came.
pub fn coming(tx: &mut Tx, book: &Book, who: &Who, help: &Help, kind: &str) -> Result<()> {
    use super::Stand::{Agreed, Done, Settled};
    let all = helpers(tx, &help.id)?;
    let come: Vec<&str> = all.iter().filter(|b| matches!(b.state, Agreed | Done | Settled)).map(|b| b.person.as_str()).collect();
    people(tx, book, who, help, kind, &come)
}

/// Whoever of a desk can be reached.
pub fn desk(tx: &mut Tx, book: &Book, help: &Help, desk: &str, kind: &str) -> Result<()> {
    let now = tx.now();
    let reached = roster::reachable(tx, desk, now, false)?;
    notice::put(tx, &book.zone, &reached.iter().map(|p| news(help, p, now, kind)).collect::<Vec<_>>())
}

/// It moved on: nobody is waited for any more.
pub fn moved(tx: &mut Tx, book: &Book, help: &Help) -> Result<()> {
    notice::take(tx, &book.zone, &[Step::Settled(help.number.clone())])
}

/// This person is not waited for any more.
pub fn done(tx: &mut Tx, book: &Book, help: &Help, person: &str) -> Result<()> {
    notice::take(tx, &book.zone, &[Step::Done(help.number.clone(), vec![person.to_owned()])])
}
