//! Who reads how much: for the audit administrator, who sees numbers and pseudonyms and no value.
//!
//! What must stay true: of the three administrators one runs the system, one gives roles, one looks at what was done, and
//! none of them reads the register (等保 2.0, three separated administrators).

use schemars::JsonSchema;
use serde::Serialize;
use store::{Query as _, params};

use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::time::DAY;
use crate::kit::{Reply, Req, Result, RoleKind, Route};

/// Routes.
pub const ROUTES: &[Route] = &[Route::get(
    "/audit/reads",
    May::SignedIn,
    reads,
    "Reads of personal data by reader, institution and purpose, over `days`; for the audit administrator.",
)
.gives::<Reads>()];

/// Readers that a page lists.
const LISTED: i64 = 200;
/// Longest time that is looked over, in days.
const LONGEST: i64 = 366;
/// Subjects of one reader a day from which it is marked.
const MANY: i64 = 200;

#[derive(Serialize, JsonSchema)]
struct Reads {
    days: i64,
    items: Vec<Reader>,
}

#[derive(Serialize, JsonSchema)]
struct Reader {
    /// Pseudonym, as in the log.
    reader: String,
    body: Option<String>,
    purpose: String,
    /// People whose data were read.
    subjects: i64,
    /// Entries of the log.
    reads: i64,
    last: String,
    /// More than one would expect.
    many: bool,
}

fn reads(req: &Req) -> Result<Reply> {
    if !req.who.is(RoleKind::AuditAdmin) && !req.who.is(RoleKind::Auditor) {
        return Err(Kind::Denied.into());
    }
    let days: i64 = req.query.get("days").unwrap_or("7").parse().map_err(|_| Kind::WrongType.at("days"))?;
    if !(1..=LONGEST).contains(&days) {
        return Err(Kind::OutOfRange.at("days").limit(LONGEST));
    }
    let sql = "select l.reader, l.purpose, b.name body, count(distinct l.owner) subjects, count(distinct l.seq) reads, max(l.at) last \
               from read_log l left join body b on b.id = l.body where l.at >= $1 group by l.reader, l.purpose, b.name \
               order by subjects desc, l.reader, l.purpose limit $2";
    let rows = req.app.db.read(|r| r.rows(sql, params![req.now - days * DAY, LISTED]))?;
    let items = rows.iter().map(|row| {
        let subjects: i64 = row.get("subjects")?;
        Ok(Reader {
            reader: row.get("reader")?,
            body: row.get("body")?,
            purpose: row.get("purpose")?,
            subjects,
            reads: row.get("reads")?,
            last: req.app.time(row.get("last")?),
            many: subjects > MANY * days,
        })
    });
    req.page("records/rights/audit.html", &Reads { days, items: items.collect::<Result<_>>()? })
}
