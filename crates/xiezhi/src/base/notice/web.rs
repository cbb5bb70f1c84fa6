//! The inbox: first what waits for the reader, then one line for each matter.

use schemars::JsonSchema;
use serde::Serialize;
use store::{Entry, Query, Row, params};

use crate::base::classes::{self, Catalogue};
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::time::{Ms, exact, parse};
use crate::kit::{Error, Reply, Req, Result, Route};

/// Routes of this room.
pub const ROUTES: &[Route] = &[
    Route::get(
        "/inbox",
        May::SignedIn,
        inbox,
        "What happened to matters of mine: those that wait for me first, one line for each; `subject` for all messages of one; `cursor`.",
    )
    .gives::<Inbox>(),
    Route::post("/inbox/read", May::SignedIn, read, "Marks messages as read: `{subject?, before?}`, all of them without."),
];

/// Matters of a page.
const PAGE: usize = 30;
/// Messages of one matter that are shown.
const SHOWN: i64 = 100;

#[derive(Serialize, JsonSchema)]
struct Inbox {
    items: Vec<Item>,
    next: Option<String>,
    unread: i64,
    /// How many matters wait for me (a hundred are counted).
    need: i64,
    /// The matter whose messages are shown one by one.
    subject: Option<String>,
    /// The newest that is marked as read with this page.
    before: String,
}

#[derive(Serialize, JsonSchema)]
struct Item {
    at: String,
    /// Of the newest message.
    kind: String,
    /// Number of the matter.
    subject: String,
    /// Its class, when it had one as the newest message came.
    class: Option<String>,
    class_name: Option<String>,
    /// Messages about it.
    count: i64,
    /// Those of them that were not read.
    unread: i64,
    /// A step of the reader is waited for.
    need: bool,
}

/// Where a page goes on: whether among those that wait, and after which line.
struct Cursor {
    need: bool,
    at: Ms,
    subject: String,
}

impl Cursor {
    fn read(text: &str) -> Option<Cursor> {
        let mut parts = text.splitn(3, '_');
        let need = parts.next()? == "n";
        Some(Cursor { need, at: parts.next()?.parse().ok()?, subject: parts.next()?.to_owned() })
    }

    fn text(&self) -> String {
        format!("{}_{}_{}", if self.need { "n" } else { "a" }, self.at, self.subject)
    }
}

/// Lines of one of the two parts, newest first.
fn lines(q: &mut dyn Query, person: &str, after: &Cursor, limit: usize) -> store::Result<Vec<Row>> {
    let part = if after.need { "not null" } else { "null" };
    let sql = format!(
        "select subject, class, at, kind, n, unread from inbox_matter where person = $1 and need_at is {part} and at <= $2 and (at < $2 or subject < $3) \
         order by at desc, subject desc limit $4"
    );
    q.rows(&sql, params![person, after.at, &after.subject, limit as i64])
}

/// What a class is called in the reader's language.
fn name(req: &Req, classes: &Catalogue, class: Option<String>) -> Option<String> {
    class.map(|c| classes.label(&c, req.lang).to_owned())
}

fn inbox(req: &Req) -> Result<Reply> {
    let person = req.person()?;
    if let Some(subject) = req.query.get("subject").filter(|s| !s.is_empty()) {
        return one(req, person, subject);
    }
    let begin = || Cursor { need: true, at: Ms::MAX, subject: String::new() };
    let cursor = match req.query.get("cursor").filter(|c| !c.is_empty()) {
        Some(text) => Cursor::read(text).ok_or_else(|| Kind::WrongType.at("cursor"))?,
        None => begin(),
    };
    let view = req.app.db.read(|r| {
        let classes = classes::read_now(r, req.app)?;
        let mut items = Vec::new();
        let mut ends = Vec::new();
        let rest = Cursor { need: false, ..begin() };
        for part in [Some(&cursor), Some(&rest).filter(|_| cursor.need)].into_iter().flatten() {
            for row in lines(r, person, part, PAGE + 1 - items.len())? {
                let (subject, at): (String, Ms) = (row.get("subject")?, row.get("at")?);
                ends.push(Cursor { need: part.need, at, subject: subject.clone() });
                items.push(Item {
                    at: req.app.time(at),
                    kind: row.get("kind")?,
                    subject,
                    class_name: name(req, &classes, row.get("class")?),
                    class: row.get("class")?,
                    count: row.get("n")?,
                    unread: row.get("unread")?,
                    need: part.need,
                });
            }
        }
        let next = (items.len() > PAGE).then(|| ends[PAGE - 1].text());
        items.truncate(PAGE);
        let sql = "select count(*) from (select 1 from inbox_matter where person = $1 and need_at is not null limit 100) few";
        let need = r.count(sql, params![person])?;
        let unread = super::unread(r, person)?;
        Ok::<_, Error>(Inbox { items, next, unread, need, subject: None, before: exact(req.now) })
    })?;
    req.page("base/notice/inbox.html", &view)
}

/// All messages about one matter.
fn one(req: &Req, person: &str, subject: &str) -> Result<Reply> {
    let sql = "select at, kind, read_at from inbox where person = $1 and subject = $2 order by at desc, id desc limit $3";
    let of = "select class from inbox_matter where person = $1 and subject = $2";
    let (rows, line, classes) = req.app.db.read(|r| {
        let line = r.row(of, params![person, subject])?;
        Ok::<_, Error>((r.rows(sql, params![person, subject, SHOWN])?, line, classes::read_now(r, req.app)?))
    })?;
    let class = line.map(|l| l.get::<Option<String>>("class")).transpose()?.flatten();
    let class_name = name(req, &classes, class.clone());
    let items: Vec<Item> = rows
        .iter()
        .map(|row| {
            let unread = i64::from(row.get::<Option<Ms>>("read_at")?.is_none());
            let (at, kind) = (req.app.time(row.get("at")?), row.get("kind")?);
            let (class, class_name) = (class.clone(), class_name.clone());
            Ok(Item { at, kind, subject: subject.to_owned(), class, class_name, count: 1, unread, need: false })
        })
        .collect::<Result<_>>()?;
    let unread = items.iter().map(|i| i.unread).sum();
    let subject = Some(subject.to_owned());
    req.page("base/notice/inbox.html", &Inbox { items, next: None, unread, need: 0, subject, before: exact(req.now) })
}

fn read(req: &Req) -> Result<Reply> {
    let person = req.person()?.to_owned();
    let input = req.input()?;
    let subject = input.text("subject", 60)?;
    // What came while the page was open was not seen.
    let before = input.text("before", 40)?.map(|t| parse(&t).ok_or_else(|| Kind::WrongType.at("before"))).transpose()?;
    let (back, before) = (subject.clone(), before.unwrap_or(req.now));
    req.app.db.write(move |tx| {
        let now = tx.now();
        let sql = "update inbox set read_at = $2 where person = $1 and read_at is null and at <= $3";
        match &subject {
            Some(subject) => tx.exec(&format!("{sql} and subject = $4"), params![&person, now, before, subject])?,
            None => tx.exec(sql, params![&person, now, before])?,
        };
        let sql = "update inbox_matter set unread = (select count(*) from inbox i where i.person = inbox_matter.person \
                   and i.subject = inbox_matter.subject and i.read_at is null) where person = $1 and unread > 0";
        tx.exec(sql, params![&person])?;
        tx.log(Entry { actor: Some(&person), ..Entry::new("notice.read", "person", &person) })?;
        Ok::<_, Error>(())
    })?;
    if req.wants_json() {
        let person = req.person()?;
        let unread = req.app.db.read(|r| super::unread(r, person))?;
        return Reply::json(&serde_json::json!({ "unread": unread }));
    }
    Ok(Reply::see_other(req.url(&back.map_or("/inbox".into(), |s| format!("/inbox?subject={}", crate::kit::form::encode(&s))))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_come_back_as_they_went() {
        let cursor = Cursor { need: true, at: 17, subject: "260304-0001_x".into() };
        let back = Cursor::read(&cursor.text()).unwrap();
        assert_eq!((back.need, back.at, back.subject.as_str()), (true, 17, "260304-0001_x"));
        for bad in ["", "n", "n_x_1", "n_1"] {
            assert!(Cursor::read(bad).is_none(), "{bad}");
        }
    }
}
