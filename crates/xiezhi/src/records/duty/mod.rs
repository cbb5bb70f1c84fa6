//! Rights and duties of communities (权责清单、社区准入): what a community does by law, what it assists in, what nobody may
//! hand down to it; and who asked to hand what down, and what became of it.
//!
//! What must stay true: nothing is handed down without an admission whose term has not passed; silence is not consent, it
//! goes to the desk above with a new clock; nobody decides about his own request; a request is measured by the lists that
//! were in force when it was filed; what was refused, how often and why is public. A class of the group
//! [`HANDED`](crate::base::classes::HANDED) can be given to a case here and nowhere else.
//!
//! Log kinds written: `duty.pack`, `duty.ask`, `duty.admit`, `duty.refuse`, `duty.consent`, `duty.escalate`, `duty.task`.

/// Asking, deciding, handing down.
pub mod act;
/// Who asked, how often, why it was refused.
pub mod count;
/// The lists.
pub mod pack;
/// What readers see.
pub mod view;
/// Routes.
pub mod web;

use store::{Query, Row, params};

use crate::kit::Who;
use crate::kit::names::names;
use crate::kit::row::row;
use crate::kit::time::Ms;

names! {
    /// Where a request stands.
    State { Asked = "asked", Admitted = "admitted", Refused = "refused", }
    /// Where a seat's decision stands.
    Vote { Asked = "asked", Consented = "consented", Refused = "refused", Void = "void", }
    /// Who decides.
    Seat { Community = "community", Subdistrict = "subdistrict", }
}

/// Refused by the lists, not by anybody.
pub const BY_LIST: &str = "list";

row! {
    /// A request as it stands.
    #[derive(Clone, Debug)]
    #[expect(missing_docs, reason = "the columns of `duty_request`, explained there")]
    pub struct Request {
        pub id: String,
        pub number: String,
        pub asker: String,
        pub area: String,
        pub path: String,
        pub desk: String,
        pub item: Option<String>,
        pub list: pack::List,
        pub pack: i64,
        pub state: State,
        pub asked_at: Ms,
        pub decided_at: Option<Ms>,
        pub until_at: Ms,
        pub refused_by: Option<String>,
        pub refused_item: Option<String>,
        pub log_seq: u64,
    }
}

/// The request with this number.
pub fn by_number(q: &mut dyn Query, number: &str) -> store::Result<Option<Request>> {
    q.row(&format!("select {COLUMNS} from duty_request where number = $1"), params![number])?.as_ref().map(read).transpose()
}

/// The request with this id.
pub fn by_id(q: &mut dyn Query, id: &str) -> store::Result<Option<Request>> {
    q.row(&format!("select {COLUMNS} from duty_request where id = $1"), params![id])?.as_ref().map(read).transpose()
}

/// A seat's decision.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns of `duty_decision`")]
pub struct Decision {
    pub seat: Seat,
    pub body: String,
    pub state: Vote,
    pub due_at: Option<Ms>,
    pub level: i64,
    pub decided_at: Option<Ms>,
}

/// The decisions about a request.
pub fn decisions(q: &mut dyn Query, request: &str) -> store::Result<Vec<Decision>> {
    let sql = "select seat, body, state, due_at, level, decided_at from duty_decision where request = $1 order by seat";
    let read = |row: &Row| {
        Ok(Decision {
            seat: row.get("seat")?,
            body: row.get("body")?,
            state: row.get("state")?,
            due_at: row.get("due_at")?,
            level: row.get("level")?,
            decided_at: row.get("decided_at")?,
        })
    };
    q.rows(sql, params![request])?.iter().map(read).collect()
}

impl Request {
    /// Whether this person has to do with it: asked, decides, or answers for the area.
    pub fn is_for(&self, who: &Who, decisions: &[Decision]) -> bool {
        who.in_body(&self.asker) || who.desk_over(&self.path).is_some() || decisions.iter().any(|d| who.in_body(&d.body))
    }
}
