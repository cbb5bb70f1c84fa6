//! Which statement somebody should see next: those that tell people apart, that many agree with and few pass on, and that few have
//! seen so far come more often. (Polis's weights.)
//!
//! What must stay true: chance is a parameter; what moderation took out is never drawn.

use super::represent::Count;

/// Weight of a statement about the matter itself, which everybody should see early.
pub const META: f64 = 49.0;

/// Weight of a statement, from the votes of people on the map and how far it lies from the middle of it.
pub fn priority(count: &Count, extremity: f64) -> f64 {
    let seen = f64::from(count.seen);
    let share = |n: u32| (f64::from(n) + 1.0) / (seen + 2.0);
    let young = 1.0 + 8.0 * (-seen / 5.0).exp2();
    ((1.0 - share(count.pass())) * (extremity + 1.0) * share(count.agree) * young).powi(2)
}

/// Draws one in proportion to the weights; `part`, from 0 up to 1, is the chance. Nothing when nothing is left.
pub fn draw(priorities: &[f64], open: impl Fn(usize) -> bool, part: f64) -> Option<usize> {
    let weight = |j: usize| if open(j) { priorities[j].max(0.0) } else { 0.0 };
    let all: f64 = (0..priorities.len()).map(weight).sum();
    let mut left = part * all;
    let mut last = None;
    for j in (0..priorities.len()).filter(|j| weight(*j) > 0.0) {
        last = Some(j);
        left -= weight(j);
        if left < 0.0 {
            break;
        }
    }
    last
}
