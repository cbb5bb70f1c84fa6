//! The file of replies, as the hotline wants it: their columns in their order, their words.
//!
//! What must stay true: only what was answered goes out; every export is logged with its number of orders, and every reply
//! that a person takes along is in the read log before the file leaves.

use store::{Entry, Query, params};

use super::map::Map;
use super::rules::State;
use super::{Order, some};
use crate::base::catalogue::{Graded, Look, Relation};
use crate::kit::time::Ms;
use crate::kit::{App, Error, Result, Who, foreign};
use crate::records::case::{self, Rulebook};

/// Orders of one file.
pub const MOST: i64 = 5000;

/// Which answers go out.
#[derive(Clone, Debug, Default)]
pub struct Which {
    /// Path of the area: it and all beneath. Without one, all.
    pub path: Option<String>,
    /// Answered at or after this moment.
    pub since: Ms,
}

/// The table: their heads, one row for each answered order, in the order in which they were answered.
pub fn table(app: &App, who: &Who, map: &Map, which: &Which) -> Result<Vec<Vec<String>>> {
    let book = Rulebook::now(app)?;
    let mut look = Look::new(who, "hotline-export");
    let rows = app.db.read(|r| {
        let (from, to) = match &which.path {
            Some(path) => (path.clone(), crate::base::area::end_of(path)),
            None => (String::new(), "\u{10ffff}".into()),
        };
        let sql = "source = $1 and state = $2 and settled_at >= $3 and path >= $4 and path < $5 order by settled_at, id limit $6";
        let orders = some(r, sql, params![&map.source, State::Answered, which.since, from, to, MOST])?;
        let mut rows = vec![map.reply().iter().map(|c| c.head.clone()).collect::<Vec<_>>()];
        for order in &orders {
            rows.push(row(r, &book, map, order, who, &mut look)?);
        }
        Ok::<_, Error>(rows)
    })?;
    look.record(app)?;
    let (actor, source, n) = (who.person.clone(), map.source.clone(), rows.len() as i64 - 1);
    app.db.write(move |tx| {
        let entry = Entry { actor: actor.as_deref(), ..Entry::new("hotline.export", "hotline", &source) };
        tx.log(entry.fact("source", source.as_str()).fact("orders", n))?;
        Ok::<_, Error>(())
    })?;
    Ok(rows)
}

fn row(q: &mut dyn Query, book: &Rulebook, map: &Map, o: &Order, who: &Who, look: &mut Look) -> Result<Vec<String>> {
    let time = |at: Option<Ms>| at.map(|t| map.write_time(t)).unwrap_or_default();
    let mut out = Vec::new();
    for column in map.reply() {
        let degree =
            |list: &str, d: Option<super::rules::Degree>| d.map_or(String::new(), |d| map.word(list, d.as_str()).to_owned());
        out.push(match column.value.as_deref() {
            Some("number") => o.number.clone(),
            Some("case") => case::by_id(q, &o.case_id)?.map(|c| c.number).unwrap_or_default(),
            Some("kind") => o.kind.clone().unwrap_or_default(),
            Some("called") => time(o.called_at),
            Some("sent") => time(Some(o.sent_at)),
            Some("contacted") => time(o.contacted_at),
            Some("how") => o.contact_how.map_or(String::new(), |h| map.word("how", h.as_str()).to_owned()),
            Some("reply") => reply(q, book, o, who, look)?.unwrap_or_default(),
            Some("solved") => degree("solved", o.solved),
            Some("satisfied") => degree("satisfied", o.satisfied),
            Some("reasonable") => degree("reasonable", o.reasonable),
            Some("answered") => time(o.settled_at),
            Some("desk") => book.chart.name(&o.desk),
            Some("extended") => map.word("extended", if o.extended > 0 { "yes" } else { "no" }).to_owned(),
            _ => String::new(),
        });
    }
    Ok(out)
}

/// The reply, prepared or given, as this reader may see it.
pub fn reply(q: &mut dyn Query, book: &Rulebook, order: &Order, who: &Who, look: &mut Look) -> Result<Option<String>> {
    let Some(seq) = order.reply_seq else { return Ok(None) };
    let written = q.entry(seq)?.filter(|w| w.obj == order.id);
    let words = written.and_then(|w| w.element("hotline.reply").map(str::to_owned));
    // At the terminal nobody is signed in: whoever can start the program on this node's data is the desk.
    let relation = if who.person.is_none() { Relation::Desk } else { relation(book, order, who)? };
    Ok(words.and_then(|text| look.at(&Graded::new("hotline.reply", &order.owner, text), relation)))
}

/// How a reader stands to an order.
pub fn relation(book: &Rulebook, order: &Order, who: &Who) -> Result<Relation> {
    let claimed = order.claimed_by.as_deref().is_some_and(|b| who.in_body(b));
    Ok(if who.in_body(&order.desk) || claimed {
        Relation::Involved
    } else if who.in_body(&book.chart.desk_of(&order.path)?.id) {
        Relation::Desk
    } else if who.desk_over(&order.path).is_some() {
        Relation::Above
    } else {
        Relation::Public
    })
}

/// The table as a file: bytes, media type, ending.
pub fn file(rows: Vec<Vec<String>>, csv: bool) -> Result<(Vec<u8>, &'static str, &'static str)> {
    Ok(match csv {
        true => (foreign::write_csv(&rows)?, foreign::CSV, "csv"),
        false => (foreign::write_xlsx(&[("答复", rows)])?, foreign::XLSX, "xlsx"),
    })
}
