//! The ledger: of each depot and class what was received is in stock, reserved, under way, handed over or lost.
//!
//! What must stay true: [`shift`] is the only place that moves anything; it takes no more from where something is than is there,
//! inside the write, so that whoever comes second is told; a movement is written once and never changed or deleted, and the five
//! figures of an account are the sums of its movements.

use store::{Query, Tx, params};

use super::{Relief, depot};
use crate::kit::error::Kind;
use crate::kit::names::names;
use crate::kit::row::row;
use crate::kit::{Result, Who};

names! {
    /// Where something is.
    Place {
        /// In the depot, for anybody.
        Stock = "stock",
        /// In the depot, for a site.
        Reserved = "reserved",
        Way = "way",
        Handed = "handed",
        Lost = "lost",
    }
    /// Why something is moved.
    Cause {
        /// Counted when it came: given, bought, sent down.
        Gift = "gift",
        Purchase = "purchase",
        Above = "above",
        /// Set aside by a confirmed plan.
        Reserve = "reserve",
        /// It did not go.
        Release = "release",
        Send = "send",
        Hand = "hand",
        /// It came back: from the road, or from a site.
        Back = "back",
        /// Past its day, broken, gone.
        Expired = "expired",
        Damaged = "damaged",
        Missing = "missing",
    }
}

impl Cause {
    /// How something comes to be there.
    pub const COMES: [Cause; 3] = [Cause::Gift, Cause::Purchase, Cause::Above];
    /// How something is lost.
    pub const LOST: [Cause; 3] = [Cause::Expired, Cause::Damaged, Cause::Missing];
}

row! {
    whole
    /// What a depot has of a class, by where it is.
    #[derive(Clone, Debug, PartialEq, Eq)]
    #[expect(missing_docs, reason = "the columns of `relief_stock`, explained there")]
    pub struct Held {
        pub id: String,
        pub relief: String,
        pub depot: String,
        pub class: String,
        pub stock: i64,
        pub reserved: i64,
        pub way: i64,
        pub handed: i64,
        pub lost: i64,
    }
}

const TABLE: &str = "relief_stock";
/// Columns that never change.
const FIXED: usize = 4;

impl Held {
    /// All that was received.
    pub fn received(&self) -> i64 {
        self.stock + self.reserved + self.way + self.handed + self.lost
    }

    fn place(&mut self, place: Place) -> &mut i64 {
        match place {
            Place::Stock => &mut self.stock,
            Place::Reserved => &mut self.reserved,
            Place::Way => &mut self.way,
            Place::Handed => &mut self.handed,
            Place::Lost => &mut self.lost,
        }
    }
}

/// What is moved.
#[derive(Clone, Debug)]
pub struct Move<'a> {
    /// Id of the depot.
    pub depot: &'a str,
    /// Id of the class.
    pub class: &'a str,
    /// Why.
    pub cause: Cause,
    /// From where; none from outside.
    pub from: Option<Place>,
    /// To where.
    pub to: Place,
    /// How much; more than 0.
    pub quantity: i64,
    /// A load or a gift.
    pub about: Option<&'a str>,
    /// From whom, or in somebody's words why.
    pub why: Option<&'a str>,
}

/// Moves it, in the write of an action that logs what it is.
pub fn shift(tx: &mut Tx, who: &Who, relief: &Relief, m: &Move) -> Result<()> {
    if m.quantity <= 0 {
        return Err(Kind::OutOfRange.at("quantity"));
    }
    let key = format!("{} {}", m.depot, m.class);
    let mut held = match tx.fetch(TABLE, NAMES, &key)? {
        Some(row) => read(&row)?,
        None => Held {
            id: key,
            relief: relief.id.clone(),
            depot: m.depot.to_owned(),
            class: m.class.to_owned(),
            stock: 0,
            reserved: 0,
            way: 0,
            handed: 0,
            lost: 0,
        },
    };
    if let Some(from) = m.from {
        let have = *held.place(from);
        if have < m.quantity {
            return Err(Kind::StockShort.at("quantity").limit(have));
        }
        *held.place(from) -= m.quantity;
    }
    let sum = held.place(m.to).checked_add(m.quantity).filter(|n| *n <= calc::allot::QUANTITY as i64);
    *held.place(m.to) = sum.ok_or_else(|| Kind::OutOfRange.at("quantity"))?;
    let (id, now) = (tx.id(), tx.now());
    let from = m.from.map(Place::as_str);
    let entry = relief.entry(who, "relief.move").fact("class", m.class).fact("cause", m.cause.as_str());
    let entry = entry.fact("depot", m.depot).fact_opt("from", from).fact("to", m.to.as_str()).fact("quantity", m.quantity);
    let seq = tx.log(entry.fact_opt("about", m.about))?.index;
    let columns = &["id", "stock", "kind", "origin", "target", "quantity", "about", "why", "at", "log_seq"];
    let row = params![&id, &held.id, m.cause, from, m.to, m.quantity, m.about, m.why, now, seq];
    tx.append("relief_move", columns, row);
    tx.put(TABLE, NAMES, FIXED, held.values());
    Ok(())
}

/// What all depots of an emergency hold, by depot and class.
pub fn held(q: &mut dyn Query, relief: &str) -> Result<Vec<Held>> {
    let rows = q.rows(&format!("select {COLUMNS} from {TABLE} where relief = $1 order by id"), params![relief])?;
    let mut all: Vec<Held> = rows.iter().map(read).collect::<store::Result<_>>()?;
    let order: Vec<String> = depot::all(q, relief)?.into_iter().map(|d| d.id).collect();
    all.sort_by_key(|h| (order.iter().position(|d| *d == h.depot), h.class.clone()));
    Ok(all)
}

/// What a recount of all movements finds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recount {
    /// Accounts: depots times classes.
    pub accounts: i64,
    /// Movements.
    pub moves: i64,
    /// Accounts of which a figure is not what the movements make of it; none.
    pub wrong: i64,
    /// Accounts of which a figure is below 0; none.
    pub below: i64,
    /// Accounts whose reserved or way is not what the loads say; none.
    pub loads: i64,
}

impl Recount {
    /// Whether all adds up.
    pub fn holds(&self) -> bool {
        self.wrong == 0 && self.below == 0 && self.loads == 0
    }
}

/// Counts everything again from the movements and the loads.
pub fn recount(q: &mut dyn Query, relief: &str) -> Result<Recount> {
    let places = Place::ALL.iter().map(|p| p.as_str());
    let sums: Vec<String> = places
        .clone()
        .map(|p| {
            format!("coalesce(sum(case when target = '{p}' then quantity else 0 end - case when origin = '{p}' then quantity else 0 end), 0) as {p}")
        })
        .collect();
    let differ: Vec<String> = places.clone().map(|p| format!("s.{p} <> coalesce(m.{p}, 0)")).collect();
    let below: Vec<String> = places.map(|p| format!("{p} < 0")).collect();
    let wrong = format!(
        "select count(*) from relief_stock s left join (select stock as account, {} from relief_move group by stock) m on m.account = s.id \
         where s.relief = $1 and ({})",
        sums.join(", "),
        differ.join(" or ")
    );
    let loads = "select count(*) from relief_stock s left join (select w.depot, l.class, \
                 sum(case when w.state = 'ready' then l.quantity else 0 end) as reserved, \
                 sum(case when w.state = 'sent' then l.quantity when w.state = 'differs' then l.quantity - coalesce(l.received, 0) else 0 end) as way \
                 from relief_load w join relief_load_line l on l.load = w.id where w.relief = $1 group by w.depot, l.class) o \
                 on o.depot = s.depot and o.class = s.class \
                 where s.relief = $1 and (s.reserved <> coalesce(o.reserved, 0) or s.way <> coalesce(o.way, 0))";
    let moves = "select count(*) from relief_move m join relief_stock s on s.id = m.stock where s.relief = $1";
    Ok(Recount {
        accounts: q.count("select count(*) from relief_stock where relief = $1", params![relief])?,
        moves: q.count(moves, params![relief])?,
        wrong: q.count(&wrong, params![relief])?,
        below: q.count(
            &format!("select count(*) from relief_stock where relief = $1 and ({})", below.join(" or ")),
            params![relief],
        )?,
        loads: q.count(loads, params![relief])?,
    })
}
