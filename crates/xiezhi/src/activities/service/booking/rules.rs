//! Pure decisions about appointments: which moments of a day there are.

use crate::activities::service::hours::Open;

/// Moments of an open day at which an appointment of so many minutes begins, in minutes of the day, in order; each ends while
/// it is still open.
pub fn moments(open: &Open, minutes: i64) -> Vec<i64> {
    let mut out = Vec::new();
    for (from, to) in &open.spans {
        let count = ((to - from) / minutes.max(1)).max(0);
        out.extend((0..count).map(|n| from + n * minutes));
    }
    out.sort_unstable();
    out.dedup();
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_fill_the_hours_and_end_before_it_shuts() {
        let open = |spans: &[(i64, i64)]| Open { day: 0, spans: spans.to_vec(), swapped: false, guessed: false };
        assert_eq!(moments(&open(&[(540, 620), (840, 900)]), 30), [540, 570, 840, 870]);
        assert_eq!(moments(&open(&[(540, 560)]), 30), Vec::<i64>::new());
        assert_eq!(moments(&open(&[]), 30), Vec::<i64>::new());
    }
}
