//! Codes that people type: check characters of ID numbers (GB 11643) and of unified social credit codes (GB 32100), and
//! Crockford's base 32 for tracking codes, which has no look-alikes.
//!
//! A code that passes is well formed; whether anybody bears it is another question.

/// A character in its half-width form: full-width letters, digits and signs as typed by Chinese keyboards become ASCII.
pub fn half_width(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
        '\u{3000}' => ' ',
        _ => c,
    }
}

/// The check character of an ID number from its first 17 digits (GB 11643, ISO 7064 MOD 11-2).
pub fn id_check(first17: &str) -> Option<char> {
    // The weight of the i-th digit from the left, counted from 1, is 2^(18-i) mod 11.
    let step = |(n, sum): (u32, u32), c: char| Some((n + 1, (sum * 2 + c.to_digit(10)? * 2) % 11));
    match first17.chars().try_fold((0, 0), step)? {
        (17, sum) => Some(char::from(b"10X98765432"[sum as usize])),
        _ => None,
    }
}

/// Whether an 18-character ID number is well formed: digits, a date of birth that exists, the right check character.
pub fn id_valid(id: &str) -> bool {
    let id: String = id.trim().chars().map(|c| half_width(c).to_ascii_uppercase()).collect();
    let Some((first, last)) = id.split_at_checked(17).filter(|(_, last)| last.len() == 1) else { return false };
    id_check(first) == last.chars().next() && !id.starts_with('0') && is_date(&first[6..14])
}

/// Whether eight digits are a day of the calendar between 1800 and 2199.
pub(crate) fn is_date(yyyymmdd: &str) -> bool {
    let part = |r: std::ops::Range<usize>| yyyymmdd.get(r).and_then(|t| t.parse::<u32>().ok());
    let (Some(y), Some(m), Some(d)) = (part(0..4), part(4..6), part(6..8)) else { return false };
    let leap = y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
    let days = match m {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    yyyymmdd.len() == 8 && (1800..2200).contains(&y) && (1..=days).contains(&d)
}

/// Characters of a unified social credit code, in the order of their values (no I, O, S, V, Z).
const USCC: &str = "0123456789ABCDEFGHJKLMNPQRTUWXY";

/// The check character of a unified social credit code from its first 17 characters (GB 32100).
pub fn uscc_check(first17: &str) -> Option<char> {
    let values: Vec<usize> = first17.chars().map(|c| USCC.find(c)).collect::<Option<_>>()?;
    if values.len() != 17 {
        return None;
    }
    let mut weight = 1;
    let mut sum = 0;
    for v in values {
        sum += v * weight;
        weight = weight * 3 % 31;
    }
    USCC.chars().nth((31 - sum % 31) % 31)
}

/// Whether an 18-character unified social credit code is well formed.
pub fn uscc_valid(code: &str) -> bool {
    let code: String = code.trim().chars().map(|c| half_width(c).to_ascii_uppercase()).collect();
    match code.char_indices().nth(17) {
        Some((at, check)) => code.len() == at + 1 && uscc_check(&code[..at]) == Some(check),
        None => false,
    }
}

/// Crockford's base 32: no I, L, O, U.
const CROCKFORD: [u8; 32] = *b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Bytes in Crockford's base 32, most significant bit first; the last character is filled up with zero bits.
pub fn crockford(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(5) * 8);
    let (mut held, mut bits) = (0u32, 0);
    for &b in bytes {
        held = held << 8 | u32::from(b);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            out.push(char::from(CROCKFORD[(held >> bits & 31) as usize]));
        }
        held &= (1 << bits) - 1;
    }
    if bits > 0 {
        out.push(char::from(CROCKFORD[(held << (5 - bits) & 31) as usize]));
    }
    out
}

/// A typed code as [`crockford`] would have written it: capital letters, O is 0, I and L are 1, full-width characters
/// are half-width; blanks and dashes of every kind do not count. Anything else is kept, so that it will not match.
pub fn normalise(typed: &str) -> String {
    typed
        .chars()
        .map(half_width)
        .filter(|c| !c.is_whitespace() && !is_dash(*c))
        .map(|c| match c.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            c => c,
        })
        .collect()
}

/// Dashes and invisible characters that phones and word processors put between digits.
pub(crate) fn is_dash(c: char) -> bool {
    matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' | '\u{ad}')
}

/// A mobile number as gateways want it: eleven digits. Landlines and other countries' numbers get no SMS.
pub fn mobile(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '-' | '\u{3000}' | '(' | ')')).collect();
    let digits = digits.strip_prefix("+86").or(digits.strip_prefix("0086")).unwrap_or(&digits);
    let second = digits.as_bytes().get(1).copied().unwrap_or_default();
    let fits = digits.len() == 11 && digits.bytes().all(|b| b.is_ascii_digit()) && digits.starts_with('1') && second >= b'3';
    fits.then(|| digits.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn mobile_numbers_are_known() {
        for fine in ["13812345678", "+86 138-1234-5678", "0086 13812345678", "138 1234 5678"] {
            assert_eq!(mobile(fine).as_deref(), Some("13812345678"), "{fine}");
        }
        for not in ["0514-87654321", "1381234567", "138123456789", "12345", "+1 212 555 0100", "1381234567a", "", "12812345678"] {
            assert_eq!(mobile(not), None, "{not}");
        }
    }

    #[test]
    fn id_numbers_of_the_standard() {
        // The two examples printed in GB 11643-1999.
        assert_eq!(id_check("11010519491231002"), Some('X'));
        assert_eq!(id_check("44052418800101001"), Some('4'));
        for good in ["11010519491231002X", "11010519491231002x", "440524188001010014", "１１０１０５１９４９１２３１００２Ｘ"]
        {
            assert!(id_valid(good), "{good}");
        }
        for bad in [
            "110105194912310021",
            "11010519491331002X",
            "1101051949123100",
            "",
            "张三",
            "01010519491231002X",
            "1101051949123100２é",
        ] {
            assert!(!id_valid(bad), "{bad}");
        }
        assert_eq!(id_check("1101051949123100"), None);
        assert_eq!(id_check("1101051949123100a"), None);
    }

    #[test]
    fn days_that_exist() {
        for good in ["20000229", "19491231", "18000101", "20240229"] {
            assert!(is_date(good), "{good}");
        }
        for bad in ["19000229", "20230229", "20231301", "20230100", "20230431", "17991231", "2023010", "２０２３"] {
            assert!(!is_date(bad), "{bad}");
        }
    }

    #[test]
    fn credit_codes() {
        // The example printed in GB 32100-2015, and codes of well-known bodies.
        for good in ["91350100M000100Y43", "91110000802100433B", "91440300708461136T", "91350100m000100y43"] {
            assert!(uscc_valid(good), "{good}");
        }
        for bad in ["91350100M000100Y44", "91350100M000100Y4", "91350100M000100Y433", "I1350100M000100Y43", "", "张"] {
            assert!(!uscc_valid(bad), "{bad}");
        }
    }

    #[test]
    fn base_32() {
        assert_eq!(crockford(b""), "");
        assert_eq!(crockford(&[0]), "00");
        assert_eq!(crockford(&[0xff]), "ZW");
        assert_eq!(crockford(b"foobar"), "CSQPYRK1E8");
        assert_eq!(crockford(&[0xff; 5]), "ZZZZZZZZ");
        assert_eq!(crockford(&[7; 32]).len(), 52);
    }

    #[test]
    fn what_people_type() {
        assert_eq!(normalise("csqp-yrk1 e8"), "CSQPYRK1E8");
        assert_eq!(normalise(" oO0 iIlL1 "), "00011111");
        assert_eq!(normalise("ＣＳ　Ｑｐ－１\u{200b}—8"), "CSQP18");
        assert_eq!(normalise("u张"), "U张");
    }

    proptest! {
        #[test]
        fn nothing_panics(s in ".*") {
            let _ = (id_valid(&s), uscc_valid(&s), id_check(&s), uscc_check(&s), is_date(&s));
            let once = normalise(&s);
            prop_assert_eq!(normalise(&once), once);
        }

        #[test]
        fn a_check_character_notices_every_single_wrong_digit(n in 10_000_000_000_000_000u64..100_000_000_000_000_000, at in 0usize..17, add in 1u8..10) {
            let right = n.to_string();
            let mut wrong = right.clone().into_bytes();
            wrong[at] = (wrong[at] - b'0' + add) % 10 + b'0';
            prop_assert_ne!(id_check(&right), id_check(std::str::from_utf8(&wrong).unwrap()));
            prop_assert_ne!(uscc_check(&right), uscc_check(std::str::from_utf8(&wrong).unwrap()));
        }

        #[test]
        fn base_32_is_typed_back(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let text = crockford(&bytes);
            prop_assert_eq!(text.len(), (bytes.len() * 8).div_ceil(5));
            let sloppy: String = text.to_lowercase().replace('0', "o").replace('1', "l").chars().flat_map(|c| [c, ' ']).collect();
            prop_assert_eq!(normalise(&sloppy), text);
        }
    }
}
