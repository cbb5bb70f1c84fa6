//! Reporters who left a number and asked to be told by SMS or by a call: receipts, results, and what they answer.
//!
//! What must stay true: nobody is told who did not ask for it; a message has the number of the report and a link, nothing
//! of what was said; a number is kept sealed beside the report and here only as a keyed digest, to know whose answer comes
//! in; an answer rates the report it was asked about, as its reporter, once, however often it comes; whoever cannot be
//! reached by SMS stands on the call list. Whoever asks by SMS hears about his own reports only: a number that is none of his
//! and one that does not exist are the same to him, and a phone that nobody reported with is not answered at all. A clerk sees a number only through a decision, which is in the read log, and
//! does not write down an answer about his own work.
//!
//! Log kinds written: `reach.reply`, `reach.told`, `reach.sweep`.

/// The list of people to be called.
pub mod calls;
/// From the log to the queue and the list.
pub mod follow;
/// What comes in.
pub mod reply;
/// Pure decisions.
pub mod rules;
/// Routes for gateways and short links.
pub mod web;

use store::{Query, hex, params};

use crate::kit::row::row;
use crate::kit::time::Ms;
use crate::kit::{App, Result};

row! {
    /// A report whose reporter asked to be told.
    #[derive(Clone, Debug)]
    #[expect(missing_docs, reason = "the columns of `reach`")]
    pub struct Reach {
        pub case_id: String,
        pub number: String,
        pub path: String,
        pub wish: String,
        pub phone: Option<String>,
        pub change: Option<String>,
        pub changed_at: Option<Ms>,
        pub told_at: Option<Ms>,
        pub asked_at: Option<Ms>,
        pub answered_at: Option<Ms>,
    }
}

/// The wish for one report.
pub fn of(q: &mut dyn Query, case_id: &str) -> store::Result<Option<Reach>> {
    q.row(&format!("select {COLUMNS} from reach where case_id = $1"), params![case_id])?.as_ref().map(read).transpose()
}

/// The report that a number was asked about last and has not answered for; else the last one it was asked about.
fn asked(q: &mut dyn Query, phone: &str) -> Result<Option<Reach>> {
    let sql = format!(
        "select {COLUMNS} from reach where phone = $1 and asked_at is not null \
         order by case when answered_at is null then 0 else 1 end, asked_at desc, number desc limit 1"
    );
    Ok(q.row(&sql, params![phone])?.as_ref().map(read).transpose()?)
}

/// The report of a number that somebody asks about.
fn about(q: &mut dyn Query, phone: &str, question: &rules::Question) -> store::Result<Option<Reach>> {
    let row = match question {
        rules::Question::Number(number) => {
            let sql = format!("select {COLUMNS} from reach where phone = $1 and number = $2");
            q.row(&sql, params![phone, number])?
        }
        // Ids follow the time.
        rules::Question::Latest => {
            q.row(&format!("select {COLUMNS} from reach where phone = $1 order by case_id desc limit 1"), params![phone])?
        }
    };
    row.as_ref().map(read).transpose()
}

/// What a mobile number is known by here.
fn digest(app: &App, mobile: &str) -> String {
    hex(&app.db.digest("reach phone", mobile)[..16])
}
