//! What residents ask about what is held of them: to correct it, to destroy it, why somebody read it (PIPL articles 44 to 50).
//!
//! What must stay true: a request has a clock from its first moment and is answered in words; what was asked and answered is
//! sealed under the key of the person who asked; late ones are seen by the desk above too. A copy of everything needs no request: it is a page
//! (`records/mine`), and taking back a consent is done at once.
//!
//! Log kinds written: `rights.ask`, `rights.done`, `rights.refuse`.

/// What is done with requests.
pub mod act;
/// Who reads how much.
pub mod audit;
/// Pages and data.
pub mod web;

use store::{Query, Row, params};

use crate::base::catalogue::Graded;
use crate::kit::names::names;
use crate::kit::time::Ms;

names! {
    /// What is asked.
    Ask { Correct = "correct", Erase = "erase", Question = "question", }
    /// What became of it.
    State { Open = "open", Done = "done", Refused = "refused", }
}

/// Requests that a page lists.
pub const LISTED: i64 = 100;

/// A request.
#[expect(missing_docs, reason = "the names say it")]
pub struct Request {
    pub id: String,
    pub ask: Ask,
    pub person: String,
    pub resident: Option<String>,
    pub area: String,
    pub path: String,
    pub state: State,
    pub made_at: Ms,
    pub due_at: Ms,
    /// What is wrong, for a correction.
    pub element: Option<String>,
    /// The read that is asked about.
    pub entry: Option<i64>,
    pub answered_at: Option<Ms>,
    said: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    answer: Option<Vec<u8>>,
}

const COLUMNS: &str =
    "id, kind, person, resident, area, path, state, made_at, due_at, element, entry, answered_at, said, value, answer";

fn request(row: &Row) -> store::Result<Request> {
    Ok(Request {
        id: row.get("id")?,
        ask: row.get("kind")?,
        person: row.get("person")?,
        resident: row.get("resident")?,
        area: row.get("area")?,
        path: row.get("path")?,
        state: row.get("state")?,
        made_at: row.get("made_at")?,
        due_at: row.get("due_at")?,
        element: row.get("element")?,
        entry: row.get("entry")?,
        answered_at: row.get("answered_at")?,
        said: row.get("said")?,
        value: row.get("value")?,
        answer: row.get("answer")?,
    })
}

impl Request {
    /// What was said, what it should be, and the answer; for whoever may see them.
    pub fn words(&self, q: &mut dyn Query) -> store::Result<[Option<Graded>; 3]> {
        let mut out = [None, None, None];
        for (slot, sealed) in out.iter_mut().zip([&self.said, &self.value, &self.answer]) {
            *slot = q.open_text(&self.person, sealed.clone())?.map(|t| Graded::new("rights.text", &self.person, t));
        }
        Ok(out)
    }
}

/// A request.
pub fn by_id(q: &mut dyn Query, id: &str) -> store::Result<Option<Request>> {
    q.row(&format!("select {COLUMNS} from rights_request where id = $1"), params![id])?.as_ref().map(request).transpose()
}

/// The requests of a person, the newest first.
pub fn of_person(q: &mut dyn Query, person: &str) -> store::Result<Vec<Request>> {
    let sql = format!("select {COLUMNS} from rights_request where person = $1 order by made_at desc, id limit {LISTED}");
    q.rows(&sql, params![person])?.iter().map(request).collect()
}

/// The open requests of an area, the most urgent first; only what is late, for a desk above.
pub fn open(q: &mut dyn Query, path: &str, late_at: Option<Ms>) -> store::Result<Vec<Request>> {
    let sql = format!(
        "select {COLUMNS} from rights_request where state = 'open' and path >= $1 and path < $2 and due_at < $3 order by due_at, id limit {LISTED}"
    );
    q.rows(&sql, params![path, crate::base::area::end_of(path), late_at.unwrap_or(i64::MAX)])?.iter().map(request).collect()
}
