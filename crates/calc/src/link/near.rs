//! How near two spellings are: one slip apart (Damerau 1964), Jaro-Winkler (Winkler 1990), Soundex.

/// Whether one slip leads from one to the other: a sign put in, left out, exchanged, or two neighbours swapped. Equal ones
/// are no slip apart.
pub fn one_slip<T: PartialEq>(a: &[T], b: &[T]) -> bool {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if long.len() - short.len() > 1 {
        return false;
    }
    let head = short.iter().zip(long).take_while(|(x, y)| x == y).count();
    let tail = short[head..].iter().rev().zip(long[head..].iter().rev()).take_while(|(x, y)| x == y).count();
    let (short, long) = (&short[head..short.len() - tail], &long[head..long.len() - tail]);
    match (short, long) {
        ([], [_]) | ([_], [_]) => true,
        ([a, b], [c, d]) => a == d && b == c,
        _ => false,
    }
}

/// Most signs that Jaro-Winkler looks at; the rest of longer texts does not count.
const JARO: usize = 64;

/// Similarity of Jaro and Winkler, 0 to 1, with a bonus of a tenth for each of at most four equal first signs. Jaro pairs signs
/// greedily, so what is the first text can matter; here it is the smaller one.
pub fn jaro_winkler<T: Ord>(a: &[T], b: &[T]) -> f64 {
    let (a, b) = if (a.len(), a) <= (b.len(), b) { (a, b) } else { (b, a) };
    let (a, b) = (&a[..a.len().min(JARO)], &b[..b.len().min(JARO)]);
    if a.is_empty() || b.is_empty() {
        return if a.len() == b.len() { 1.0 } else { 0.0 };
    }
    let window = (a.len().max(b.len()) / 2).saturating_sub(1);
    let (mut of_a, mut of_b) = (0u64, 0u64);
    for (i, x) in a.iter().enumerate() {
        for (j, y) in b.iter().enumerate().take((i + window + 1).min(b.len())).skip(i.saturating_sub(window)) {
            if of_b >> j & 1 == 0 && x == y {
                of_a |= 1 << i;
                of_b |= 1 << j;
                break;
            }
        }
    }
    let common = of_a.count_ones();
    if common == 0 {
        return 0.0;
    }
    let (mut crossed, mut rest) = (0u32, of_b);
    for (i, x) in a.iter().enumerate() {
        if of_a >> i & 1 == 1 {
            crossed += u32::from(*x != b[rest.trailing_zeros() as usize]);
            rest &= rest - 1;
        }
    }
    let m = f64::from(common);
    let jaro = (m / a.len() as f64 + m / b.len() as f64 + (m - f64::from(crossed / 2)) / m) / 3.0;
    let prefix = a.iter().zip(b).take(4).take_while(|(x, y)| x == y).count();
    jaro + prefix as f64 * 0.1 * (1.0 - jaro)
}

/// Soundex of a word in Latin letters: its first letter and three digits of what follows.
pub fn soundex(word: &str) -> [u8; 4] {
    let digit = |c: u8| b"01230120022455012623010202"[usize::from(c - b'a')];
    let mut letters = word.bytes().map(|c| c.to_ascii_lowercase()).filter(u8::is_ascii_lowercase);
    let mut code = *b"0000";
    let Some(first) = letters.next() else { return code };
    code[0] = first;
    let (mut at, mut last) = (1, digit(first));
    for c in letters {
        let now = digit(c);
        if now != b'0' && now != last && at < 4 {
            code[at] = now;
            at += 1;
        }
        // H and W do not part letters that sound alike.
        if !matches!(c, b'h' | b'w') {
            last = now;
        }
    }
    code
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn published_values() {
        // Winkler 1990, table 1, and the examples everybody prints.
        for (a, b, want) in [
            ("MARTHA", "MARHTA", 0.9611),
            ("DWAYNE", "DUANE", 0.84),
            ("DIXON", "DICKSONX", 0.8133),
            ("SHACKLEFORD", "SHACKELFORD", 0.9818),
            ("JERALDINE", "GERALDINE", 0.9259),
            ("JONES", "JOHNSON", 0.8323),
            ("ABC", "XYZ", 0.0),
        ] {
            let got = jaro_winkler(a.as_bytes(), b.as_bytes());
            assert!((got - want).abs() < 1e-4, "{a} {b}: {got}");
        }
        for (word, code) in
            [("Robert", b"r163"), ("Rupert", b"r163"), ("Ashcraft", b"a261"), ("Tymczak", b"t522"), ("Pfister", b"p236")]
        {
            assert_eq!(&soundex(word), code, "{word}");
        }
    }

    #[test]
    fn one_slip_is_put_in_left_out_exchanged_or_swapped() {
        for (a, b) in [("abc", "abcd"), ("abc", "bc"), ("abc", "axc"), ("abc", "acb"), ("", "a"), ("aab", "aaab")] {
            assert!(one_slip(a.as_bytes(), b.as_bytes()), "{a} {b}");
        }
        for (a, b) in [("abc", "abc"), ("abc", "cba"), ("abc", "abcde"), ("abcd", "badc"), ("", "")] {
            assert!(!one_slip(a.as_bytes(), b.as_bytes()), "{a} {b}");
        }
    }

    proptest! {
        #[test]
        fn both_ways_alike(a in "[a-d]{0,8}", b in "[a-d]{0,8}") {
            let (a, b) = (a.as_bytes(), b.as_bytes());
            prop_assert_eq!(one_slip(a, b), one_slip(b, a));
            let there = jaro_winkler(a, b);
            prop_assert!((0.0..=1.0).contains(&there));
            prop_assert_eq!(there.to_bits(), jaro_winkler(b, a).to_bits());
            prop_assert!(!one_slip(a, a) && jaro_winkler(a, a) > 0.9999);
        }
    }
}
