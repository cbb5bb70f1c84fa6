//! Which earlier points a point is compared with, and to which time of the year each belongs.
//!
//! Around the same week of each of the last years lies a window; with several periods the time between two windows is cut
//! into blocks, the first ones a point longer where it does not divide. All windows are one level, the blocks between
//! are the others, counted forward in time. What must stay true: a design is told in points before the one that is tested, so it holds
//! for every series and, where a year has always as many points, for every point.

use crate::series::week::Axis;

/// Most points of a baseline.
pub const POINTS: usize = 20_000;

/// How a baseline is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Years back.
    pub years: u32,
    /// Points on each side of the same week.
    pub window: u32,
    /// Levels of the year, 1 for none.
    pub periods: u32,
    /// Points right before the tested one that say nothing about it; as many as the window has on a side without a number.
    pub guard: Option<u32>,
}

/// A baseline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Design {
    /// Level from 0, and how many points before the tested one; by level, then forward in time.
    pub points: Vec<(u32, u32)>,
    /// How far the oldest of them lies back.
    pub reach: usize,
}

/// The level of the windows, to which the tested point belongs too.
pub fn own_level(shape: Shape) -> u32 {
    shape.periods.max(1) - 1
}

/// Lays out the baseline of point `k`; nothing when it would be without end.
pub fn design(axis: Axis, k: usize, shape: Shape) -> Option<Design> {
    let (window, guard, own) = (shape.window as usize, shape.guard.unwrap_or(shape.window) as usize, own_level(shape));
    let back: Vec<usize> = (0..=shape.years.min(100)).map(|i| axis.years_back(k, i)).collect();
    let reach = back.last()?.checked_add(window)?;
    if reach > POINTS {
        return None;
    }
    // Everything belongs to a window, unless it lies in a gap.
    let mut levels = vec![None; reach + 1];
    for (near, far) in back.iter().zip(&back[1..]) {
        let (first, last) = (near + window + 1, far.saturating_sub(window + 1));
        if own == 0 || last < first {
            continue;
        }
        let (period, blocks) = (last - first + 1, own as usize);
        let (length, longer) = (period / blocks, period % blocks);
        let mut at = last + 1;
        for block in 0..blocks {
            for _ in 0..length + usize::from(block < longer) {
                at -= 1;
                levels[at] = Some(block as u32);
            }
        }
    }
    for (i, centre) in back.iter().enumerate() {
        let from = if i == 0 { 0 } else { centre.saturating_sub(window) };
        levels[from..=(centre + window).min(reach)].fill(Some(own));
    }
    let level_of = |(back, level): (usize, &Option<u32>)| level.map(|l| (l, back as u32));
    let mut points: Vec<(u32, u32)> = levels.iter().enumerate().skip(guard.saturating_add(1)).filter_map(level_of).collect();
    points.sort_unstable_by_key(|(level, back)| (*level, std::cmp::Reverse(*back)));
    Some(Design { points, reach })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::series::week::Day;

    #[test]
    fn windows_alone() {
        let shape = Shape { years: 2, window: 1, periods: 1, guard: None };
        let found = design(Axis::Index { first: 1, freq: 52 }, 200, shape).unwrap();
        assert_eq!(found.points, [(0, 105), (0, 104), (0, 103), (0, 53), (0, 52), (0, 51)]);
        assert_eq!(found.reach, 105);
        // A guard shorter than the window leaves points right before the tested one.
        let found = design(Axis::Index { first: 1, freq: 52 }, 200, Shape { guard: Some(0), years: 0, ..shape }).unwrap();
        assert_eq!(found.points, [(0, 1)]);
    }

    #[test]
    fn blocks_between_windows() {
        // 10 points a year, windows of 3: gaps of 7 points in 3 blocks, 3 + 2 + 2.
        let shape = Shape { years: 1, window: 1, periods: 4, guard: None };
        let found = design(Axis::Index { first: 1, freq: 10 }, 50, shape).unwrap();
        let mut by_time = found.points.clone();
        by_time.sort_unstable_by_key(|(_, back)| std::cmp::Reverse(*back));
        assert_eq!(by_time.iter().map(|(l, _)| *l).collect::<Vec<_>>(), [3, 3, 3, 0, 0, 0, 1, 1, 2, 2]);
    }

    #[test]
    fn every_point_once_whatever_the_shape() {
        for years in 0..4 {
            for window in [0, 1, 3, 30] {
                for periods in [0, 1, 2, 10, 99] {
                    for guard in [None, Some(0), Some(26), Some(u32::MAX)] {
                        for first in [Day(0), Day(18_260), Day(18_265)] {
                            let shape = Shape { years, window, periods, guard };
                            let found = design(Axis::Weeks(first), 300, shape).unwrap();
                            let mut backs: Vec<u32> = found.points.iter().map(|p| p.1).collect();
                            backs.sort_unstable();
                            backs.dedup();
                            assert_eq!(backs.len(), found.points.len());
                            assert!(found.points.iter().all(|(l, b)| *l < periods.max(1) && *b as usize <= found.reach));
                        }
                    }
                }
            }
        }
        assert_eq!(
            design(Axis::Index { first: 1, freq: u32::MAX }, 0, Shape { years: 5, window: 3, periods: 1, guard: None }),
            None
        );
    }
}
