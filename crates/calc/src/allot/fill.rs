//! What there is of one class, shared among needs that are equally urgent: filled like vessels that stand in the same water, each as wide as
//! its weight, until all is given out or all are full (max-min fairness; Bertsekas and Gallager, Data Networks, 1992, § 6.5.2; as a rule for
//! claims: constrained equal awards, Aumann and Maschler 1985). Whole numbers come by the largest remainder (Balinski and Young 1982).
//!
//! What must stay true: exact; nobody gets more than fits; whatever is short of its level is so by less than one step.

use std::cmp::Ordering;

/// Somebody who needs something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Vessel {
    /// What it has already.
    pub got: u64,
    /// How many steps more fit.
    pub most: u64,
    /// How wide it is; 1 at least.
    pub weight: u64,
    /// Among equal remainders the smallest is first.
    pub by: i64,
}

/// A level: what each has for one of weight.
#[derive(Clone, Copy)]
struct Level {
    over: u128,
    under: u128,
}

impl Level {
    fn cmp(&self, other: &Level) -> Ordering {
        (self.over * other.under).cmp(&(other.over * self.under))
    }
}

/// Shares so many steps, each worth `step`; says how many each gets.
pub(super) fn fill(vessels: &[Vessel], steps: u64, step: u64) -> Vec<u64> {
    let room: u128 = vessels.iter().map(|v| u128::from(v.most)).sum();
    if room <= u128::from(steps) {
        return vessels.iter().map(|v| v.most).collect();
    }
    if steps == 0 {
        return vec![0; vessels.len()];
    }
    let step = u128::from(step);
    let level = level(vessels, u128::from(steps), step);
    // In parts of a step, so that what is left behind the whole ones can be compared.
    let parts = step * level.under;
    let mut given = Vec::with_capacity(vessels.len());
    let mut rest = Vec::new();
    let mut left = steps;
    for (at, v) in vessels.iter().enumerate() {
        let share = (u128::from(v.weight) * level.over).saturating_sub(u128::from(v.got) * level.under);
        let whole = (share / parts).min(u128::from(v.most)) as u64;
        given.push(whole);
        left -= whole;
        if whole < v.most && !share.is_multiple_of(parts) {
            rest.push((std::cmp::Reverse(share % parts), v.by, at));
        }
    }
    rest.sort_unstable();
    for (_, _, at) in rest.into_iter().take(left as usize) {
        given[at] += 1;
    }
    given
}

/// Where the water stands when exactly so many steps are in; there is room for more.
fn level(vessels: &[Vessel], steps: u128, step: u128) -> Level {
    // Where each begins to fill, and where it is full.
    let mut marks: Vec<(Level, bool, usize)> = Vec::with_capacity(2 * vessels.len());
    for (at, v) in vessels.iter().enumerate().filter(|(_, v)| v.most > 0) {
        let (got, under) = (u128::from(v.got), u128::from(v.weight));
        marks.push((Level { over: got, under }, false, at));
        marks.push((Level { over: got + step * u128::from(v.most), under }, true, at));
    }
    marks.sort_by(|a, b| a.0.cmp(&b.0));
    let (mut width, mut got, mut full) = (0u128, 0u128, 0u128);
    for (mark, is_full, at) in marks {
        // So many parts (of a step, a weight's share of it) are in when the water stands at this mark.
        let here = full * step * mark.under + width * mark.over;
        if width > 0 && here >= (steps * step + got) * mark.under {
            break;
        }
        let v = &vessels[at];
        if is_full {
            (width, got, full) = (width - u128::from(v.weight), got - u128::from(v.got), full + u128::from(v.most));
        } else {
            (width, got) = (width + u128::from(v.weight), got + u128::from(v.got));
        }
    }
    Level { over: step * (steps - full) + got, under: width }
}
