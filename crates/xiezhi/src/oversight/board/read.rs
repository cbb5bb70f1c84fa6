//! Reading the figures: one query for the areas beneath, one for the days of an area. Both are ranges of the primary key.

use std::collections::HashMap;
use std::sync::OnceLock;

use store::{Query, Row, params};

use super::measures::MEASURES;
use super::{COLUMNS, nums};
use crate::base::area::Area;

/// Counts by column, with those that came late at the end.
pub type Counts = Vec<i64>;

/// Nothing was counted.
pub fn none() -> Counts {
    vec![0; MEASURES + 1]
}

/// Adds counts to others.
pub fn add(to: &mut Counts, more: &[i64]) {
    to.iter_mut().zip(more).for_each(|(a, b)| *a += b);
}

/// Its number, and that of the area above (0 at the top).
pub fn place(area: &Area) -> (i64, i64) {
    let nums = nums(&area.path);
    let of = |back: usize| nums.len().checked_sub(back).and_then(|i| nums.get(i)).map_or(0, |n| i64::from(*n));
    (of(1), of(2))
}

/// Whether its days are kept for a shorter time.
pub fn is_near(area: &Area) -> bool {
    matches!(area.kind.as_str(), "community" | "grid")
}

/// What was counted in each area beneath, from one day to another, both included: by number.
pub fn beneath(q: &mut dyn Query, area: &Area, from: i64, to: i64) -> store::Result<HashMap<i64, Counts>> {
    static SQL: OnceLock<String> = OnceLock::new();
    let sql = SQL.get_or_init(|| {
        let sums: Vec<String> = COLUMNS[4..].iter().map(|c| format!("cast(sum({c}) as bigint) {c}")).collect();
        format!("select area, {} from board_day where parent = $1 and day >= $2 and day <= $3 group by area", sums.join(", "))
    });
    let rows = q.rows(sql, params![place(area).0, from, to])?;
    rows.iter().map(|row| pair(row, "area")).collect()
}

/// The areas beneath of which anything was counted since a day: their numbers.
pub fn told(q: &mut dyn Query, area: &Area, since: i64) -> store::Result<Vec<i64>> {
    let sql = "select distinct area from board_day where parent = $1 and day >= $2 order by area";
    q.rows(sql, params![place(area).0, since])?.iter().map(|r| r.get("area")).collect()
}

/// What was counted in an area on each day: in order, without days on which nothing was.
pub fn days(q: &mut dyn Query, area: &Area, from: i64, to: i64) -> store::Result<Vec<(i64, Counts)>> {
    static SQL: OnceLock<String> = OnceLock::new();
    let sql = SQL.get_or_init(|| {
        let columns = COLUMNS[4..].join(", ");
        format!("select day, {columns} from board_day where parent = $1 and day >= $2 and day <= $3 and area = $4 order by day")
    });
    let (num, above) = place(area);
    q.rows(sql, params![above, from, to, num])?.iter().map(|row| pair(row, "day")).collect()
}

/// What was counted in an area in each month that is kept as one.
pub fn months(q: &mut dyn Query, area: &Area) -> store::Result<Vec<(i64, Counts)>> {
    static SQL: OnceLock<String> = OnceLock::new();
    let sql = SQL.get_or_init(|| {
        let columns = COLUMNS[4..].join(", ");
        format!("select month, {columns} from board_month where parent = $1 and area = $2 order by month")
    });
    let (num, above) = place(area);
    q.rows(sql, params![above, num])?.iter().map(|row| pair(row, "month")).collect()
}

fn pair(row: &Row, key: &str) -> store::Result<(i64, Counts)> {
    let mut fields = row.fields();
    let key = fields.next(key)?;
    Ok((key, COLUMNS[4..].iter().map(|c| fields.next(c)).collect::<store::Result<_>>()?))
}
