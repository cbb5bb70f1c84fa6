//! Boards: what is counted by area, day and measure, from a grid to the nation, and pages that lead from one to the other.
//!
//! What must stay true: the figures are derived from the log alone (one's own entries, and what the entries `exchange.take` say
//! of nodes beneath), so they can be made again; a count stands in its area and in all above it; a page reads the rows of one
//! area's children and of itself, however many areas there are. Everybody sees the measures that are public and no number
//! from 1 to 4 of them; the desks of a place, those above them and those who watch over them see all. Nobody is put in an order.
//!
//! No log kinds are written. `docs/board.md` has the rest.

/// From the log to the read model.
pub mod fold;
/// What came late, what is not known, who went silent.
pub mod health;
/// How long days are kept.
pub mod keep;
/// What is counted.
pub mod measures;
/// Reading the figures.
pub mod read;
/// What a reader sees.
pub mod view;
/// Routes.
pub mod web;

use crate::base::worktime;
use crate::kit::App;
use crate::kit::time::DAY;

/// Columns of a day: the key, whether it is kept for fewer days, the measures, what came late.
pub const COLUMNS: [&str; WIDTH] = [
    "parent", "day", "area", "near", "m01", "m02", "m03", "m04", "m05", "m06", "m07", "m08", "m09", "m10", "m11", "m12", "m13",
    "m14", "m15", "m16", "m17", "m18", "m19", "m20", "m21", "m22", "m23", "m24", "m25", "m26", "m27", "m28", "m29", "m30",
    "late",
];
/// How many they are.
pub const WIDTH: usize = 4 + measures::MEASURES + 1;

/// Numbers of an area and all above it, from the top: they stand in its path.
pub fn nums(path: &str) -> Vec<u32> {
    path.split('/').filter(|n| !n.is_empty()).filter_map(|n| u32::from_str_radix(n, 36).ok()).collect()
}

/// The month of a day: year × 12 + month from 0.
fn month_of(day: i64) -> i64 {
    let date = date(day);
    i64::from(date.year()) * 12 + i64::from(date.month()) - 1
}

/// The first day of a month.
fn first_day(month: i64) -> i64 {
    let (year, of_year) = (month.div_euclid(12), month.rem_euclid(12));
    let date = jiff::civil::Date::new(year as i16, of_year as i8 + 1, 1).unwrap_or(EPOCH);
    i64::from((date - EPOCH).get_days())
}

const EPOCH: jiff::civil::Date = jiff::civil::date(1970, 1, 1);

fn date(day: i64) -> jiff::civil::Date {
    EPOCH.checked_add(jiff::Span::new().days(day.clamp(0, 100_000))).unwrap_or(EPOCH)
}

/// A day as it leaves the program: its midnight.
fn text_of(app: &App, day: i64) -> String {
    app.time(worktime::utc(day * DAY, &app.config.zone))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_months_by_hand() {
        assert_eq!((month_of(0), month_of(31), month_of(20_454)), (1970 * 12, 1970 * 12 + 1, 2026 * 12));
        for month in 2025 * 12..2028 * 12 {
            assert_eq!((month_of(first_day(month)), month_of(first_day(month) - 1)), (month, month - 1));
        }
        assert_eq!(nums("/1/a/b3/"), [1, 10, 399]);
        assert_eq!(COLUMNS.iter().filter(|c| c.starts_with('m') && c.len() == 3).count(), measures::MEASURES);
    }
}
