//! Loads: sent by the depot, handed over when the receiver says so, explained when less came than was sent.
//!
//! What must stay true: whoever sent does not say that it came; nobody says that more came than was sent, or says it twice; what is
//! missing stays under way until somebody says where it is, with a reason.

use store::{Logged, Query, Tx, params};

use super::act::may_keep;
use super::ledger::{self, Cause, Move, Place};
use super::{Book, Depot, Relief, Site, Way, by_id, depot, need, rest, site, tell};
use crate::kit::error::Kind;
use crate::kit::row::row;
use crate::kit::time::Ms;
use crate::kit::{Result, Who};

row! {
    /// A load.
    #[derive(Clone, Debug)]
    #[expect(missing_docs, reason = "the columns of `relief_load`, explained there")]
    pub struct Load {
        pub id: String,
        pub number: String,
        pub relief: String,
        pub depot: String,
        pub site: String,
        pub state: Way,
        pub made_at: Ms,
        pub sent_at: Option<Ms>,
        pub sent_by: Option<String>,
        pub handed_at: Option<Ms>,
        pub handed_way: Option<String>,
        pub hand_seq: Option<u64>,
        pub why: Option<String>,
        pub ended_at: Option<Ms>,
    }
}

/// The one with this number.
pub fn by_number(q: &mut dyn Query, number: &str) -> Result<Load> {
    let row = q.row(&format!("select {COLUMNS} from relief_load where number = $1"), params![number])?;
    Ok(row.as_ref().map(read).transpose()?.ok_or(Kind::NotFound)?)
}

/// Those of an emergency, the newest first.
pub fn all(q: &mut dyn Query, relief: &str, most: i64) -> Result<Vec<Load>> {
    let sql = format!("select {COLUMNS} from relief_load where relief = $1 order by number desc limit $2");
    let rows = q.rows(&sql, params![relief, most])?;
    Ok(rows.iter().map(read).collect::<store::Result<_>>()?)
}

/// What is on a load.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns of `relief_load_line`, explained there")]
pub struct Item {
    pub n: i64,
    pub need: String,
    pub class: String,
    pub quantity: i64,
    pub rate: i64,
    pub received: Option<i64>,
}

/// What is on it, in order.
pub fn items(q: &mut dyn Query, load: &str) -> Result<Vec<Item>> {
    let sql = "select n, need, class, quantity, rate, received from relief_load_line where load = $1 order by n";
    let one = |r: &store::Row| {
        Ok(Item {
            n: r.get("n")?,
            need: r.get("need")?,
            class: r.get("class")?,
            quantity: r.get("quantity")?,
            rate: r.get("rate")?,
            received: r.get("received")?,
        })
    };
    Ok(q.rows(sql, params![load])?.iter().map(one).collect::<store::Result<_>>()?)
}

/// The code that whoever receives a load tells whoever brings it: six digits, of one load, stored nowhere.
pub fn code(q: &dyn Query, load: &str) -> String {
    let d = q.digest("relief hand-over", load);
    format!("{:06}", u32::from_be_bytes([d[0], d[1], d[2], d[3]]) % 1_000_000)
}

struct Whole {
    relief: Relief,
    depot: Depot,
    site: Site,
    load: Load,
    items: Vec<Item>,
}

fn whole(tx: &mut Tx, number: &str) -> Result<Whole> {
    let load = by_number(tx, number)?;
    let relief = by_id(tx, &load.relief)?;
    let depot = depot::all(tx, &relief.id)?.into_iter().find(|d| d.id == load.depot).ok_or(Kind::NotFound)?;
    let site = site::all(tx, &relief.id)?.into_iter().find(|s| s.id == load.site).ok_or(Kind::NotFound)?;
    let items = items(tx, &load.id)?;
    Ok(Whole { relief, depot, site, load, items })
}

impl Whole {
    /// Moves so much of an item.
    fn shift(
        &self,
        tx: &mut Tx,
        who: &Who,
        item: &Item,
        quantity: i64,
        how: (Cause, Place, Place),
        why: Option<&str>,
    ) -> Result<()> {
        let (cause, from, to) = how;
        let about = Some(self.load.number.as_str());
        let m = Move { depot: &self.depot.id, class: &item.class, cause, from: Some(from), to, quantity, about, why };
        ledger::shift(tx, who, &self.relief, &m)
    }
}

/// It leaves the depot.
pub fn send(tx: &mut Tx, book: &Book, who: &Who, number: &str) -> Result<()> {
    let (w, now) = (whole(tx, number)?, tx.now());
    may_keep(who, &w.relief, &w.depot)?;
    if w.load.state != Way::Ready {
        return Err(Kind::State.into());
    }
    tx.log(w.relief.entry(who, "relief.send").fact("load", number))?;
    for item in &w.items {
        w.shift(tx, who, item, item.quantity, (Cause::Send, Place::Reserved, Place::Way), None)?;
    }
    let sql = "update relief_load set state = $2, sent_at = $3, sent_by = $4 where id = $1";
    tx.exec(sql, params![&w.load.id, Way::Sent, now, who.actor()])?;
    rest(tx, book, &w.relief, &w.depot.body)?;
    tell(tx, book, who, &w.relief, &w.site.body, "sent")
}

/// It came: so much of each item. Whoever speaks for the site says so, or tells whoever brings it the code.
pub fn hand(tx: &mut Tx, book: &Book, who: &Who, number: &str, received: &[i64], said: Option<&str>) -> Result<Logged> {
    let (w, now) = (whole(tx, number)?, tx.now());
    let way = match said {
        Some(said) => {
            may_keep(who, &w.relief, &w.depot)?;
            if said != code(tx, &w.load.id) {
                return Err(Kind::WrongCode.at("code"));
            }
            "code"
        }
        // Whoever sent it does not say that it came.
        None if who.by.is_none() && w.site.is_spoken_for_by(who) && w.load.sent_by.as_deref() != who.actor() => "yes",
        None => return Err(Kind::Denied.into()),
    };
    if w.load.state != Way::Sent {
        return Err(Kind::State.into());
    }
    if received.len() != w.items.len() {
        return Err(Kind::Missing.at("received"));
    }
    let wrong = w.items.iter().zip(received).find(|(item, n)| **n < 0 || **n > item.quantity);
    if let Some((item, _)) = wrong {
        return Err(Kind::OutOfRange.at("received").limit(item.quantity));
    }
    let told: Vec<String> = w.items.iter().zip(received).map(|(i, n)| format!("{} {} {n}", i.class, i.quantity)).collect();
    let entry = w.relief.entry(who, "relief.hand").fact("load", number).fact("way", way);
    let entry = entry.fact("items", told.join("; ")).fact("depot", w.depot.n).fact("site", w.site.n);
    let logged = tx.log(entry)?;
    let mut less = false;
    for (item, n) in w.items.iter().zip(received) {
        if *n > 0 {
            w.shift(tx, who, item, *n, (Cause::Hand, Place::Way, Place::Handed), None)?;
        }
        less |= *n < item.quantity;
        let sql = "update relief_load_line set received = $3 where load = $1 and n = $2";
        tx.exec(sql, params![&w.load.id, item.n, *n])?;
        need::change(tx, book, who, &w.relief, &item.need, -item.quantity * item.rate, n * item.rate)?;
    }
    let state = if less { Way::Differs } else { Way::Handed };
    let ended = (!less).then_some(now);
    let sql = "update relief_load set state = $2, handed_at = $3, handed_way = $4, hand_seq = $5, ended_at = $6 where id = $1";
    tx.exec(sql, params![&w.load.id, state, now, way, logged.index, ended])?;
    rest(tx, book, &w.relief, &w.site.body)?;
    if less {
        tell(tx, book, who, &w.relief, &w.depot.body, "differs")?;
    }
    Ok(logged)
}

/// Where the rest is that did not come: back in the depot, or lost; with a reason.
pub fn explain(tx: &mut Tx, book: &Book, who: &Who, number: &str, cause: Cause, why: &str) -> Result<()> {
    let (w, now) = (whole(tx, number)?, tx.now());
    may_keep(who, &w.relief, &w.depot)?;
    if w.load.state != Way::Differs {
        return Err(Kind::State.into());
    }
    let to = match cause {
        Cause::Back => Place::Stock,
        cause if Cause::LOST.contains(&cause) => Place::Lost,
        _ => return Err(Kind::Unknown.at("cause")),
    };
    let entry = w.relief.entry(who, "relief.explain").fact("load", number).fact("cause", cause.as_str());
    tx.log(entry.fact("digest", crate::kit::digest(&[why.to_owned()])))?;
    for item in &w.items {
        let rest = item.quantity - item.received.unwrap_or(0);
        if rest > 0 {
            w.shift(tx, who, item, rest, (cause, Place::Way, to), Some(why))?;
        }
    }
    let sql = "update relief_load set state = $2, why = $3, ended_at = $4 where id = $1";
    tx.exec(sql, params![&w.load.id, Way::Handed, why, now])?;
    rest(tx, book, &w.relief, &w.depot.body)
}

/// It does not go, or turned round on the way: everything is stock again; with a reason.
pub fn cancel(tx: &mut Tx, book: &Book, who: &Who, number: &str, why: &str) -> Result<()> {
    let (w, now) = (whole(tx, number)?, tx.now());
    may_keep(who, &w.relief, &w.depot)?;
    let (cause, from) = match w.load.state {
        Way::Ready => (Cause::Release, Place::Reserved),
        Way::Sent => (Cause::Back, Place::Way),
        _ => return Err(Kind::State.into()),
    };
    tx.log(w.relief.entry(who, "relief.cancel").fact("load", number).fact("digest", crate::kit::digest(&[why.to_owned()])))?;
    for item in &w.items {
        w.shift(tx, who, item, item.quantity, (cause, from, Place::Stock), Some(why))?;
        need::change(tx, book, who, &w.relief, &item.need, -item.quantity * item.rate, 0)?;
    }
    let sql = "update relief_load set state = $2, why = $3, ended_at = $4 where id = $1";
    tx.exec(sql, params![&w.load.id, Way::Cancelled, why, now])?;
    rest(tx, book, &w.relief, &w.site.body)?;
    rest(tx, book, &w.relief, &w.depot.body)
}
