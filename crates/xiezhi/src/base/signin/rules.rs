//! Pure decisions: how often a code may be asked for, and what a code looks like.

use calc::codes::half_width;

use crate::kit::time::{DAY, HOUR, MINUTE, Ms};

/// How long a code opens.
pub const LASTS: Ms = 5 * MINUTE;
/// Wrong tries after which a code is dead.
pub const TRIES: i64 = 5;
/// Digits of a code.
pub const DIGITS: usize = 6;

/// So many within so long.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// How many.
    pub most: usize,
    /// Within which time.
    pub within: Ms,
}

/// Codes for one number, so that nobody's phone is made to ring and no code can be guessed.
pub const OF_PHONE: [Limit; 3] =
    [Limit { most: 1, within: MINUTE }, Limit { most: 5, within: HOUR }, Limit { most: 10, within: DAY }];
/// Codes asked for from one address; a whole sub-district may sit behind one.
pub const OF_ADDRESS: [Limit; 2] = [Limit { most: 60, within: HOUR }, Limit { most: 300, within: DAY }];
/// Most that any limit counts.
pub const COUNTED: i64 = 300;

/// How long to wait until one more is allowed; `asked`: when it was asked before, the newest first.
pub fn wait(limits: &[Limit], asked: &[Ms], now: Ms) -> Option<Ms> {
    let until = limits.iter().filter_map(|l| Some(asked.get(l.most - 1)? + l.within)).max()?;
    (until > now).then_some(until - now)
}

/// A code from eight random bytes.
pub fn code(random: [u8; 8]) -> String {
    format!("{:06}", u64::from_le_bytes(random) % 1_000_000)
}

/// What somebody typed as a code: six digits, full-width ones and blanks between them allowed.
pub fn typed(text: &str) -> Option<String> {
    let digits: String = text.chars().map(half_width).filter(|c| !c.is_whitespace() && *c != '-').collect();
    (digits.len() == DIGITS && digits.bytes().all(|b| b.is_ascii_digit())).then_some(digits)
}

/// Whether two texts are the same, in a time that does not depend on where they differ.
pub fn same(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().zip(b.bytes()).fold(0, |d, (x, y)| d | (x ^ y)) == 0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_window_ever_holds_more_than_its_limit(steps in prop::collection::vec(0..20 * MINUTE, 1..300)) {
            let (mut now, mut sent): (Ms, Vec<Ms>) = (0, Vec::new());
            for step in steps {
                now += step;
                match wait(&OF_PHONE, &sent, now) {
                    None => sent.insert(0, now),
                    Some(rest) => prop_assert!(wait(&OF_PHONE, &sent, now + rest).is_none(), "waiting as told is enough"),
                }
            }
            for limit in OF_PHONE {
                for at in &sent {
                    let n = sent.iter().filter(|s| (at - limit.within + 1..=*at).contains(s)).count();
                    prop_assert!(n <= limit.most);
                }
            }
        }

        #[test]
        fn a_code_is_typed_back_as_it_was_sent(random in any::<[u8; 8]>()) {
            let code = code(random);
            prop_assert_eq!(code.len(), DIGITS);
            let wide: String = code.chars().map(|c| char::from_u32(c as u32 + 0xfee0).unwrap()).collect();
            prop_assert_eq!(typed(&wide), Some(code.clone()));
            prop_assert_eq!(typed(&format!(" {} {}", &code[..3], &code[3..])), Some(code));
        }

        #[test]
        fn same_is_equality(a in "[0-9a-f]{0,4}", b in "[0-9a-f]{0,4}") {
            prop_assert_eq!(same(&a, &b), a == b);
        }
    }

    #[test]
    fn nothing_else_is_a_code() {
        for text in ["", "12345", "1234567", "12345a", "一二三四五六", "١٢٣٤٥٦"] {
            assert_eq!(typed(text), None, "{text}");
        }
    }
}
