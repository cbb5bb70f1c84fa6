//! Work orders of a hotline (12345 工单): they come as a file, hang on our cases, and go back as a file of replies.
//!
//! What must stay true: an order is known by source and number and taken in once, however often the file comes; it hangs
//! on exactly one case at a time, and several may hang on one; it keeps its own number, clock and reply whatever becomes of
//! the case. Its clock runs on while it is returned: it stops when it is answered or the hotline took it back. No clock of
//! its case ends later than the strictest answer limit of the orders on it ([`crate::records::case::life::promise`]). Only an
//! order whose case is settled is called solved. What the caller said is sealed, under the case's key or the order's own.
//!
//! Log kinds written: `hotline.map`, `hotline.take`, `hotline.<action>` for each of [`rules::Action`], `hotline.export`, and
//! by itself, when the case moved, `hotline.ready`, `hotline.again`, `hotline.move`.

/// What clerks do with an order.
pub mod act;
/// What follows from the life of the case.
pub mod follow;
/// How files of a hotline are read and written.
pub mod map;
/// The file of replies.
pub mod reply;
/// Pure decisions.
pub mod rules;
/// A file of orders becomes cases.
pub mod take;
/// What a clerk sees.
pub mod view;
/// Routes.
pub mod web;

use store::{Query, Tx, Value, params};

use crate::kit::row::row;
use crate::kit::time::Ms;
use crate::kit::{Result, Who};
use crate::records::case::Rulebook;
use crate::records::case::life::promise::promise;
use rules::{Contact, Degree, State};

row! {
    whole
    /// An order as it stands: one row of `hotline_order`.
    #[derive(Clone, Debug, Default)]
    pub struct Order {
        /// UUIDv7.
        pub id: String,
        /// Name of the hotline.
        pub source: String,
        /// Its number there.
        pub number: String,
        /// Where it stands.
        pub state: State,
        /// The case it hangs on.
        pub case_id: String,
        /// The case that was made for it.
        pub born: Option<String>,
        /// Whose key seals what the caller said.
        pub owner: String,
        /// The desk that answers to the hotline.
        pub desk: String,
        /// Area of the case.
        pub area: String,
        /// Its path.
        pub path: String,
        /// Class in the words of the hotline.
        pub kind: Option<String>,
        /// When the caller called.
        pub called_at: Option<Ms>,
        /// When the hotline sent it.
        pub sent_at: Ms,
        /// When it was taken in here.
        pub taken_at: Ms,
        /// By when the caller must be contacted.
        pub respond_due: Ms,
        /// By when it must be answered.
        pub answer_due: Ms,
        /// Until when it can be returned.
        pub return_by: Option<Ms>,
        /// How much an extension gives.
        pub extend_limit: Option<String>,
        /// How often it was extended.
        pub extended: i64,
        /// When a clerk signed for it.
        pub claimed_at: Option<Ms>,
        /// For which organisation.
        pub claimed_by: Option<String>,
        /// When the caller was contacted.
        pub contacted_at: Option<Ms>,
        /// How.
        pub contact_how: Option<Contact>,
        /// The clock that runs now.
        pub due_at: Option<Ms>,
        /// Entry of the log that holds the reply, prepared or given.
        pub reply_seq: Option<u64>,
        /// How often it was returned.
        pub returns: i64,
        /// When it was returned last.
        pub returned_at: Option<Ms>,
        /// When it was answered or taken back.
        pub settled_at: Option<Ms>,
        /// The caller was contacted in time.
        pub respond_ok: Option<i64>,
        /// It was answered in time.
        pub answer_ok: Option<i64>,
        /// Whether the matter is solved.
        pub solved: Option<Degree>,
        /// Whether the caller is satisfied.
        pub satisfied: Option<Degree>,
        /// Whether the demand was reasonable.
        pub reasonable: Option<Degree>,
        /// Entry of the log that holds what the caller said.
        pub log_seq: u64,
    }
}

impl Order {
    /// The clock that runs: the first of the two while the caller waits for a word, then the answer's.
    fn clock(&self) -> Option<Ms> {
        let first = if self.contacted_at.is_none() { self.respond_due } else { self.answer_due };
        self.state.is_live().then_some(first.min(self.answer_due))
    }

    /// The clock has run out.
    pub fn is_late(&self, now: Ms) -> bool {
        self.due_at.is_some_and(|d| d <= now)
    }

    /// Whether this person may work on it: the desk that answers to the hotline, or one that answers for the area.
    pub fn is_for(&self, who: &Who) -> bool {
        who.in_body(&self.desk) || who.desk_over(&self.path).is_some()
    }
}

/// The order with this id.
pub fn by_id(q: &mut dyn Query, id: &str) -> store::Result<Option<Order>> {
    one(q, "id = $1", params![id])
}

/// The order of a hotline with this number.
pub fn by_number(q: &mut dyn Query, source: &str, number: &str) -> store::Result<Option<Order>> {
    one(q, "source = $1 and number = $2", params![source, number])
}

/// The orders that hang on a case, the first that came first.
pub fn on_case(q: &mut dyn Query, case_id: &str) -> store::Result<Vec<Order>> {
    some(q, "case_id = $1 order by sent_at, id limit 500", params![case_id])
}

fn one(q: &mut dyn Query, condition: &str, params: &[Value]) -> store::Result<Option<Order>> {
    Ok(some(q, condition, params)?.pop())
}

/// Orders by a condition whose text is ours; what a person typed is a parameter.
fn some(q: &mut dyn Query, condition: &str, params: &[Value]) -> store::Result<Vec<Order>> {
    let sql = format!("select {COLUMNS} from hotline_order where {condition}");
    q.rows(&sql, params)?.iter().map(read).collect()
}

fn load(tx: &mut Tx, id: &str) -> store::Result<Option<Order>> {
    tx.fetch("hotline_order", NAMES, id)?.as_ref().map(read).transpose()
}

/// Writes an order with the clock that runs now.
fn put(tx: &mut Tx, order: &mut Order) {
    order.due_at = order.clock();
    tx.put("hotline_order", NAMES, 1, order.values());
}

/// Lets no clock of a case end later than the strictest answer limit of the orders on it.
fn bind(tx: &mut Tx, book: &Rulebook, who: &Who, case_id: &str) -> Result<()> {
    let Some(case) = crate::records::case::by_id(tx, case_id)?.filter(|c| c.state.is_open()) else { return Ok(()) };
    let sql = "select min(answer_due) at from hotline_order where case_id = $1 and due_at is not null";
    let by = tx.row(sql, params![&case.id])?.map_or(Ok(None), |r| r.get("at"))?;
    promise(tx, book, who, case_id, by)
}
