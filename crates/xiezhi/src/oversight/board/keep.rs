//! How long boards keep days: communities and grids for fewer than those above; days of those above become months.
//!
//! What must stay true: a day goes from the days in the same write in which it comes to its month; doing it twice changes
//! nothing. It is done in bites, because each write keeps all others waiting.

use std::sync::OnceLock;

use store::{Query as _, Tx, params};

use super::{COLUMNS, first_day, month_of};
use crate::kit::{App, Result};
use crate::oversight::supervise::kpi;

/// Areas whose children are looked at in one bite.
const BITE: i64 = 2000;
/// Months that one sweep looks at, back from the first day that is kept: what is older never gets in (see `fold`).
const MOST_MONTHS: i64 = 15;

/// What is kept.
#[derive(Clone, Copy)]
struct Limits {
    /// First day of communities and grids, of areas above, first month.
    near: i64,
    far: i64,
    month: i64,
}

/// Drops what is not kept any more; returns how many rows went.
pub fn sweep(app: &App) -> Result<u64> {
    let file = &app.config.file.board;
    let today = kpi::day(app.now(), &app.config.zone);
    let limits = Limits { near: today - file.near_days + 1, far: today - file.days + 1, month: month_of(today) - file.months };
    let last = app.db.read(|r| r.count("select max(num) from area", &[]))?;
    let mut gone = 0;
    for from in (0..=last).step_by(BITE as usize) {
        let old = "select count(*) from (select 1 from board_day where parent >= $1 and parent < $2 and \
                   (day < $4 or (near = 1 and day < $3)) limit 1) s";
        let olds = params![from, from + BITE, limits.near, limits.far];
        let months =
            "select count(*) from (select 1 from board_month where parent >= $1 and parent < $2 and month < $3 limit 1) s";
        let found = app.db.read(|r| {
            Ok::<_, crate::kit::Error>(r.count(old, olds)? + r.count(months, params![from, from + BITE, limits.month])?)
        })?;
        if found > 0 {
            gone += app.db.write(move |tx| bite(tx, from, limits))?.value;
        }
    }
    Ok(gone)
}

fn bite(tx: &mut Tx, from: i64, limits: Limits) -> Result<u64> {
    let to = from + BITE;
    for back in 0..MOST_MONTHS {
        let month = month_of(limits.far - 1) - back;
        let (begin, end) = (first_day(month), first_day(month + 1).min(limits.far));
        let found = "select count(*) from (select 1 from board_day where parent >= $1 and parent < $2 and near = 0 and \
                     day >= $3 and day < $4 limit 1) s";
        if tx.count(found, params![from, to, begin, end])? > 0 {
            tx.exec(into_months(), params![from, to, begin, end, month])?;
        }
    }
    let sql = "delete from board_day where parent >= $1 and parent < $2 and (day < $4 or (near = 1 and day < $3))";
    let mut gone = tx.exec(sql, params![from, to, limits.near, limits.far])?;
    let sql = "delete from board_month where parent >= $1 and parent < $2 and month < $3";
    gone += tx.exec(sql, params![from, to, limits.month])?;
    // All of it is derived from the log, as far as that was read.
    let read = tx.cursor("board")?;
    tx.follow("board", read)?;
    Ok(gone)
}

/// Adds up days of one month.
fn into_months() -> &'static str {
    static SQL: OnceLock<String> = OnceLock::new();
    SQL.get_or_init(|| {
        let sums: Vec<String> = COLUMNS[4..].iter().map(|c| format!("cast(sum({c}) as bigint)")).collect();
        let adds: Vec<String> = COLUMNS[4..].iter().map(|c| format!("{c} = board_month.{c} + excluded.{c}")).collect();
        format!(
            "insert into board_month(parent, month, area, {}) select parent, cast($5 as bigint), area, {} from board_day \
             where parent >= $1 and parent < $2 and near = 0 and day >= $3 and day < $4 group by parent, area \
             on conflict(parent, month, area) do update set {}",
            COLUMNS[4..].join(", "),
            sums.join(", "),
            adds.join(", ")
        )
    })
}

/// Looks once a day, when it is another day than the one that was swept last.
pub fn daily(app: &App, swept: &mut i64) -> Result<()> {
    let today = kpi::day(app.now(), &app.config.zone);
    if *swept != today {
        sweep(app)?;
        *swept = today;
    }
    Ok(())
}
