//! The inbox page and its data.

use schemars::JsonSchema;
use serde::Serialize;
use store::{Entry, Query as _, params};

use crate::kit::http::May;
use crate::kit::{Error, Reply, Req, Result, Route};

/// Routes of this room.
pub const ROUTES: &[Route] = &[
    Route::get("/inbox", May::SignedIn, inbox, "Messages to me, newest first.").gives::<Inbox>(),
    Route::post("/inbox/read", May::SignedIn, read, "Marks all messages as read."),
];

/// Messages that are shown.
const SHOWN: i64 = 100;

#[derive(Serialize, JsonSchema)]
struct Inbox {
    items: Vec<Item>,
    unread: i64,
}

#[derive(Serialize, JsonSchema)]
struct Item {
    at: String,
    kind: String,
    /// Number of the matter.
    subject: String,
    unread: bool,
}

fn inbox(req: &Req) -> Result<Reply> {
    let person = req.person()?;
    let sql = "select at, kind, subject, read_at from inbox where person = $1 order by at desc, id desc limit $2";
    let (rows, unread) =
        req.app.db.read(|r| Ok::<_, Error>((r.rows(sql, params![person, SHOWN])?, super::unread(r, person)?)))?;
    let items = rows
        .iter()
        .map(|row| {
            let unread = row.get::<Option<i64>>("read_at")?.is_none();
            Ok(Item { at: req.app.time(row.get("at")?), kind: row.get("kind")?, subject: row.get("subject")?, unread })
        })
        .collect::<Result<_>>()?;
    req.page("base/notice/inbox.html", &Inbox { items, unread })
}

fn read(req: &Req) -> Result<Reply> {
    let person = req.person()?.to_owned();
    req.app.db.write(move |tx| {
        let now = tx.now();
        tx.exec("update inbox set read_at = $2 where person = $1 and read_at is null", params![&person, now])?;
        tx.log(Entry { actor: Some(&person), ..Entry::new("notice.read", "person", &person) })?;
        Ok::<_, Error>(())
    })?;
    if req.wants_json() { Reply::json(&serde_json::json!({ "unread": 0 })) } else { Ok(Reply::see_other(req.url("/inbox"))) }
}
