//! Where the cases of a list are, counted by squares: what a map shows when there are too many for single points.
//!
//! What must stay true (inv07): a square is made of the place that everybody may know; a case without one is counted in
//! its area and lies in no square. At most [`COUNTED`] cases are looked at, the newest, and whoever asks is told so.

use store::Query;

use super::{Filter, Lead, muted};
use crate::kit::Result;

/// Cases that are counted, the newest first.
pub const COUNTED: i64 = 20_000;
/// Side of a square in 1e-7 degrees: about 110 m, as fine as rough places are.
pub const SIDE: i32 = 10_000;
/// A quarter and half of the way around the earth: so many squares are added, for engines divide towards zero.
const SOUTH: i64 = 900_000_000;
const WEST: i64 = 1_800_000_000;

/// Cases of one area in one square.
#[derive(Clone, Debug, PartialEq)]
pub struct Spot {
    /// Path of the area.
    pub path: String,
    /// Row and column of the square, from 0° 0°.
    pub square: Option<(i32, i32)>,
    /// How many.
    pub n: i64,
}

/// The cases of a list by squares; and whether there are more than were counted.
pub fn spots(q: &mut dyn Query, filter: &Filter) -> Result<(Vec<Spot>, bool)> {
    let lead = filter.lead_to_all(q)?;
    let (sql, mut params) = filter.sql(lead);
    let by = if matches!(lead, Lead::Area | Lead::Both | Lead::Number) { muted("received_at") } else { "received_at".to_owned() };
    params.push(COUNTED.into());
    let sql = format!(
        "select path, y, x, count(*) n from (select path, (lat + {SOUTH}) / {SIDE} y, (lon + {WEST}) / {SIDE} x from cases \
         where {sql} and {by} >= 0 order by {by} desc limit ${}) s group by path, y, x order by path, y, x",
        params.len()
    );
    let mut all = Vec::new();
    for row in q.rows(&sql, &params)? {
        let (y, x): (Option<i64>, Option<i64>) = (row.get("y")?, row.get("x")?);
        let side = i64::from(SIDE);
        let square = y.zip(x).map(|(y, x)| ((y - SOUTH / side) as i32, (x - WEST / side) as i32));
        all.push(Spot { path: row.get("path")?, square, n: row.get("n")? });
    }
    let seen: i64 = all.iter().map(|s| s.n).sum();
    Ok((all, seen >= COUNTED))
}
