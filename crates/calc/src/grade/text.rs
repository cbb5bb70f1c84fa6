//! Masking of free text: what residents write about lamps and lifts also holds telephone and ID numbers, car plates,
//! e-mail addresses, flats and names.
//!
//! Method: one pass collects digits with the separators between them, in whatever width or script they were typed;
//! patterns then mark characters as hidden, and marks only ever add up. So one pattern cannot undo another, and the
//! cost is linear in the text.

use super::names::{names, starts_with};
use crate::address::words::{Part, Word, digit, parts};
use crate::codes::{half_width, is_dash, is_date};

/// Most separators between two digits of one number.
const MAX_GAP: usize = 3;
/// Digits of a mainland mobile number, and of an ID number of either kind.
const MOBILE: usize = 11;
const ID: usize = 18;
const OLD_ID: usize = 15;
/// First characters of car plates.
const PROVINCES: &str = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领";
/// Words after which eight digits in two halves are a telephone number.
const CALL: [&str; 8] = ["电话", "座机", "手机", "联系", "致电", "拨打", "打给", "tel"];

/// Words behind which the number of a passport or permit stands, or a name in a chat program.
const PAPERS: [&str; 6] = ["护照", "通行证", "回乡证", "台胞证", "身份证", "证件"];
const CHATS: [&str; 4] = ["微信", "wx", "vx", "qq"];

/// Masks telephone and ID numbers, plates, e-mail addresses, unit or room numbers and people's names; all else stays.
pub fn mask_text(text: &str) -> String {
    let (chars, mut hidden) = numbers_of(text);
    tokens(&chars, &mut hidden);
    names(&chars, &mut hidden);
    starred(&chars, &hidden)
}

/// Masks numbers that lead to somebody, and nothing else.
pub(super) fn mask_numbers(text: &str) -> String {
    let (chars, hidden) = numbers_of(text);
    starred(&chars, &hidden)
}

fn starred(chars: &[char], hidden: &[bool]) -> String {
    chars.iter().zip(hidden).map(|(&c, &h)| if h { '*' } else { c }).collect()
}

/// The characters of a text, and which belong to a number that leads to somebody.
fn numbers_of(text: &str) -> (Vec<char>, Vec<bool>) {
    let chars: Vec<char> = text.chars().collect();
    let mut hidden = vec![false; chars.len()];
    let runs = runs(&chars);
    for run in &runs {
        long_run(&chars, run, &mut hidden);
    }
    for group in groups(&chars, &runs) {
        spaced_numbers(&chars, group, &mut hidden);
    }
    emails(&chars, &mut hidden);
    plates(&chars, &mut hidden);
    homes(&chars, &mut hidden);
    (chars, hidden)
}

/// A stretch of digits without anything between: its places in the text.
type Run = std::ops::Range<usize>;

fn runs(chars: &[char]) -> Vec<Run> {
    let mut out: Vec<Run> = Vec::new();
    for (i, &c) in chars.iter().enumerate() {
        if digit(c).is_none() {
            continue;
        }
        match out.last_mut() {
            Some(last) if last.end == i => last.end = i + 1,
            _ => out.push(i..i + 1),
        }
    }
    out
}

fn digits(chars: &[char], places: impl Iterator<Item = usize>) -> String {
    places.filter_map(|i| digit(chars[i])).map(|d| char::from(b'0' + d)).collect()
}

/// A run of seven digits or more leads to somebody, unless it is a day or a service number.
fn long_run(chars: &[char], run: &Run, hidden: &mut [bool]) {
    let n = run.len();
    if n < 7 {
        return;
    }
    let text = digits(chars, run.clone());
    let day = n == 8 && is_date(&text) && (text.starts_with("19") || text.starts_with("20"));
    let service = n == 10 && (text.starts_with("400") || text.starts_with("800"));
    if day || service {
        return;
    }
    let id_end = n == ID - 1 && chars.get(run.end).is_some_and(|&c| half_width(c).eq_ignore_ascii_case(&'x'));
    let keep_first = match n {
        7..=10 => 0,
        11 => 3,
        _ => 4,
    };
    let keep_last = 4 - usize::from(id_end);
    hidden[run.start + keep_first..run.end - keep_last].fill(true);
}

/// Digits that may belong together: runs with at most [`MAX_GAP`] separators between, cut at days of the calendar.
fn groups(chars: &[char], runs: &[Run]) -> Vec<Vec<usize>> {
    let mut out: Vec<Vec<usize>> = Vec::new();
    let mut end = None;
    let mut i = 0;
    while i < runs.len() {
        if let Some(day) = runs.get(i..i + 3).filter(|r| is_day(chars, r)) {
            end = None;
            i += day.len();
            continue;
        }
        let run = &runs[i];
        let joined = end.is_some_and(|e| run.start - e <= MAX_GAP && chars[e..run.start].iter().all(|&c| separates(c)));
        match out.last_mut() {
            Some(last) if joined => last.extend(run.clone()),
            _ => out.push(run.clone().collect()),
        }
        end = Some(run.end);
        i += 1;
    }
    out
}

fn separates(c: char) -> bool {
    let c = half_width(c);
    c == ' ' || c == '\u{a0}' || is_dash(c) || "()./_,+~*·•\t".contains(c)
}

/// Three runs like 2026-11-24, with the same single separator.
fn is_day(chars: &[char], runs: &[Run]) -> bool {
    let [y, m, d] = runs else { return false };
    let one = |a: &Run, b: &Run| (b.start - a.end == 1).then(|| half_width(chars[a.end])).filter(|c| "-./".contains(*c));
    let text = format!("{}{:0>2}{:0>2}", digits(chars, y.clone()), digits(chars, m.clone()), digits(chars, d.clone()));
    let same = one(y, m).is_some() && one(y, m) == one(m, d);
    same && y.len() == 4 && (text.starts_with("19") || text.starts_with("20")) && is_date(&text)
}

/// Numbers with separators inside: 138 1234 1234, 321002-19900307-021X, 021-6543 2109.
fn spaced_numbers(chars: &[char], places: Vec<usize>, hidden: &mut [bool]) {
    let text = digits(chars, places.iter().copied());
    let b = text.as_bytes();
    let mut hide = |from: usize, to: usize| places[from..to].iter().for_each(|&i| hidden[i] = true);
    for at in 0..b.len() {
        let rest = &text[at..];
        if rest.len() >= MOBILE && b[at] == b'1' && b[at + 1] >= b'3' {
            hide(at + 3, at + 7);
        }
        // The last character of an ID number may be an X, which is no digit.
        if rest.len() >= ID - 1 && is_date(&rest[6..14]) && (rest[6..].starts_with("19") || rest[6..].starts_with("20")) {
            hide(at + 4, at + 14);
        }
        if rest.len() >= OLD_ID && is_date(&format!("19{}", &rest[6..12])) && at == 0 && rest.len() == OLD_ID {
            hide(4, 11);
        }
    }
    let first = places.windows(2).position(|w| w[1] != w[0] + 1).map_or(places.len(), |i| i + 1);
    let spaced = first < places.len();
    let area_code = b.first() == Some(&b'0') && (3..=4).contains(&first);
    if spaced && area_code && (10..=12).contains(&b.len()) {
        hide(first, b.len() - 4);
    }
    if spaced && (7..=8).contains(&b.len()) && (3..=4).contains(&first) && after_call(chars, places[0]) {
        hide(0, b.len() - 4);
    }
}

/// A word about telephoning stands shortly before.
fn after_call(chars: &[char], at: usize) -> bool {
    const NEAR: usize = 8;
    let before: String = chars[at.saturating_sub(NEAR)..at].iter().map(|c| c.to_ascii_lowercase()).collect();
    CALL.iter().any(|word| before.contains(word))
}

/// Of an e-mail address its first letter and what stands behind the @ stay.
fn emails(chars: &[char], hidden: &mut [bool]) {
    let local = |c: char| half_width(c).is_ascii_alphanumeric() || "._%+-".contains(half_width(c));
    for at in (0..chars.len()).filter(|&i| half_width(chars[i]) == '@') {
        let behind = chars[at + 1..].iter().take_while(|&&c| local(c)).count();
        let start = at - chars[..at].iter().rev().take_while(|&&c| local(c)).count();
        if behind > 0 && start < at {
            let keep = usize::from(at - start > 1);
            hidden[start + keep..at].fill(true);
        }
    }
}

/// Numbers of passports and permits, names in chat programs: behind the word for it, of letters and digits; the first stays.
fn tokens(chars: &[char], hidden: &mut [bool]) {
    /// Characters between the word and the token: 号, 码, 是, a mark, a blank.
    const GAP: usize = 3;
    let lower: Vec<char> = chars.iter().map(|c| half_width(*c).to_ascii_lowercase()).collect();
    let of_token = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let words = PAPERS.iter().map(|w| (w, 6)).chain(CHATS.iter().map(|w| (w, 5)));
    for (word, least) in words {
        let n = word.chars().count();
        for at in (0..lower.len()).filter(|&i| starts_with(&lower[i..], word)) {
            let from = at + n;
            let gap = lower[from..].iter().take(GAP).take_while(|c| "号码是为: ".contains(**c)).count();
            let from = from + gap;
            let len = lower[from..].iter().take_while(|c| of_token(**c)).count();
            let digits = lower[from..from + len].iter().filter(|c| c.is_ascii_digit()).count();
            // A mainland ID number is masked as such, also with blanks in it.
            let id = *word == "身份证" && lower.get(from).is_some_and(char::is_ascii_digit);
            // Seven digits or more are a number like any other, and masked as such.
            let number = CHATS.contains(word) && digits == len && len >= 7;
            if (least..=20).contains(&len) && digits > 0 && !id && !number {
                hidden[from + 1..from + len].fill(true);
                // The check digit of a Hong Kong card stands in brackets.
                if let [open, check, close, ..] = lower[from + len..]
                    && (open, close) == ('(', ')')
                    && check.is_ascii_alphanumeric()
                {
                    hidden[from + len + 1] = true;
                }
            }
        }
    }
}

/// Of a car plate its province and letter stay: 苏K\*\*\*\*\*.
fn plates(chars: &[char], hidden: &mut [bool]) {
    for at in (0..chars.len()).filter(|&i| PROVINCES.contains(chars[i])) {
        if !chars.get(at + 1).is_some_and(|&c| half_width(c).is_ascii_alphabetic()) {
            continue;
        }
        let mut from = at + 2;
        from += chars[from..].iter().take(2).take_while(|&&c| separates(c)).count();
        let mut to = from + chars[from..].iter().take_while(|&&c| half_width(c).is_ascii_alphanumeric()).count();
        let digits = chars[from..to].iter().any(|&c| half_width(c).is_ascii_digit());
        to += usize::from(chars.get(to).is_some_and(|&c| "挂学警港澳使领".contains(c)));
        if to - from >= 5 && digits {
            hidden[from..to].fill(true);
        }
    }
}

/// What stands between building, unit and room.
fn joins(c: char) -> bool {
    half_width(c) == ' ' || is_dash(half_width(c)) || half_width(c) == '/'
}

/// Whether this number names a flat, seen with the one before it.
fn is_home(chars: &[char], before: Option<&Part>, part: &Part) -> bool {
    let close = |p: &Part| {
        let skip = p.word_len;
        let gap = chars.get(p.to..part.from).unwrap_or_default();
        gap.len() <= skip + 3 && gap.iter().filter(|&&c| !joins(c)).count() <= skip
    };
    let gate = |p: &Part| p.word == Word::Door && p.digits == 0;
    let marked = before.is_some_and(|p| !matches!(p.word, Word::None | Word::House) && !gate(p) && close(p));
    let house = before.is_some_and(|p| p.word == Word::House && close(p));
    match part.word {
        Word::Unit => true,
        // 东门 and 3门 alone are gates.
        Word::Door => marked && part.digits > 0,
        Word::Room => marked || house || part.digits >= 3,
        Word::Household => marked || house,
        Word::None => (marked || house) && part.digits >= 3,
        Word::Floor | Word::Building | Word::House => false,
    }
}

/// Three numbers with dashes, 3-2-501, or two of which the second looks like a room, 12-305: where the second begins.
fn dashed(chars: &[char], parts: &[Part], i: usize) -> Option<usize> {
    let dash = |a: &Part, b: &Part| {
        let gap = chars.get(a.to..b.from)?;
        (gap.len() == 1 && is_dash(half_width(gap[0]))).then_some(())
    };
    let a = &parts[i];
    let b = parts.get(i + 1)?;
    dash(a, b)?;
    let last = parts.get(i + 2).filter(|c| dash(b, c).is_some()).unwrap_or(b);
    let middle = std::ptr::eq(last, b) || b.digits <= 2;
    let homely = matches!(last.word, Word::None | Word::Room | Word::Household)
        && (3..=4).contains(&last.digits)
        && a.digits <= 3
        && middle;
    homely.then_some(b.from)
}

/// A number of ours, as it stands behind work that a community admitted: （准入 D-0004）. A door in brackets is not written so.
fn admission(chars: &[char], part: &Part) -> bool {
    const BEFORE: &str = "（准入 ";
    const NUMBER: usize = "D-0000".len();
    let before = part.from.checked_sub(BEFORE.chars().count()).is_some_and(|at| starts_with(&chars[at..], BEFORE));
    let behind = &chars[part.from..];
    before
        && starts_with(behind, "D-")
        && behind.iter().skip(2).take_while(|c| c.is_ascii_digit()).count() == NUMBER - 2
        && behind.get(NUMBER) == Some(&'）')
}

/// Hides unit and room numbers.
fn homes(chars: &[char], hidden: &mut [bool]) {
    let parts: Vec<Part> = parts(chars).collect();
    for (i, part) in parts.iter().enumerate() {
        if is_home(chars, i.checked_sub(1).map(|b| &parts[b]), part) {
            hidden[part.from..part.to].fill(true);
        }
        // A day like 24-11-2026 and a case number like 261124-0001 are no flats.
        let preceded = i > 0 && chars.get(parts[i - 1].to..part.from).is_some_and(|g| g.len() == 1 && is_dash(g[0]));
        if !preceded && !admission(chars, part) && dashed(chars, &parts, i).is_some() {
            for later in parts[i + 1..].iter().take(2).take_while(|p| is_dash(half_width(chars[p.from - 1]))) {
                hidden[later.from..later.to].fill(true);
            }
        }
    }
}

/// Where an address stops naming the building and begins to name the flat.
pub(super) fn home_starts(chars: &[char]) -> Option<usize> {
    let parts: Vec<Part> = parts(chars).collect();
    for (i, part) in parts.iter().enumerate() {
        if part.word == Word::Building {
            return Some(part.end).filter(|&end| end < chars.len());
        }
        let gate = part.word == Word::Door && (part.digits == 0 || part.end == chars.len());
        let home = matches!(part.word, Word::Floor | Word::Household) || part.word == Word::Door && !gate;
        if home || is_home(chars, i.checked_sub(1).map(|b| &parts[b]), part) {
            return Some(part.from);
        }
        if part.word == Word::None {
            if let Some(second) = dashed(chars, &parts, i) {
                return Some(second);
            }
            // A bare number of three or four digits at the end is a room.
            if part.to == chars.len() && (3..=4).contains(&part.digits) && part.digits == part.to - part.from {
                return Some(part.from);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn hides_what_leads_to_a_person() {
        for (text, masked) in [
            ("请打13812341234，谢谢", "请打138****1234，谢谢"),
            ("电话 138 1234 1234。", "电话 138 **** 1234。"),
            ("手机138-1234-1234", "手机138-****-1234"),
            ("手机１３８１２３４１２３４", "手机１３８****１２３４"),
            ("一三八一二三四一二三四", "一三八****一二三四"),
            ("座机0514-87654321转3", "座机0514-****4321转3"),
            ("座机 8765 4321", "座机 **** 4321"),
            ("身份证32100219900307021X", "身份证3210**********021X"),
            ("身份证32100219900307021x张三", "身份证3210**********021x张三"),
            ("身份证321002 19900307 0211", "身份证3210** ******** 0211"),
            ("老证320102900307021", "老证3201*******7021"),
            ("苏K12345占了消防通道", "苏K*****占了消防通道"),
            ("苏k·1234A", "苏k·*****"),
            ("苏KD12345新能源", "苏K******新能源"),
            ("粤Z1234港", "粤Z*****"),
            ("发到zhang.san@qq.com", "发到z********@qq.com"),
            ("12345@qq.com", "1****@qq.com"),
            ("123456789@qq.com", "*********@qq.com"),
            ("a@b.cn", "*@b.cn"),
            ("住（D-0412）", "住（D-****）"),
            ("准入 D-0412 室", "准入 D-**** 室"),
            ("（准入 D-0412室）", "（准入 D-****室）"),
            ("住3栋2单元501室", "住3栋*单元***室"),
            ("二单元五〇一室漏水", "*单元***室漏水"),
            ("3号楼501漏水", "3号楼***漏水"),
            ("我家3-2-501", "我家3-*-***"),
            ("QQ 123456789", "QQ *****6789"),
            ("卡号6222021234567890123", "卡号6222***********0123"),
        ] {
            assert_eq!(mask_text(text), masked, "{text}");
        }
    }

    #[test]
    fn leaves_the_rest() {
        for text in [
            "楼道灯坏了三天，12345也没人管",
            "2026-11-24 16:00 到 2026-11-25 8:30",
            "2026年11月24日",
            "20261124",
            "编号261124-0001",
            "看一遍出入口的照明。（准入 D-0004）",
            "并到 261124-00012 里",
            "全楼120户停水",
            "3栋门口的路灯",
            "5楼的声控灯",
            "文昌中路123号",
            "400-800-1234",
            "4008001234",
            "110、119、120",
            "两室一厅",
            "教室的灯",
            "三个井盖",
            "1号楼到12号楼",
            "云A座的电梯",
            "@物业",
            "",
        ] {
            assert_eq!(mask_text(text), text);
        }
    }

    /// A phone number as somebody may write it.
    fn written() -> impl Strategy<Value = (String, String)> {
        let script = prop_oneof![Just("0123456789"), Just("０１２３４５６７８９"), Just("零一二三四五六七八九")];
        (
            "1[3-9][0-9]{9}",
            script,
            "[ .,/-]{0,3}",
            prop_oneof![Just(vec![3, 7]), Just(vec![4, 8]), Just((1..11).collect::<Vec<_>>())],
        )
            .prop_map(|(phone, script, gap, at)| {
                let script: Vec<char> = script.chars().collect();
                let mut out = String::new();
                for (i, d) in phone.bytes().enumerate() {
                    if at.contains(&i) {
                        out.push_str(&gap);
                    }
                    out.push(script[usize::from(d - b'0')]);
                }
                (phone, out)
            })
    }

    proptest! {
        #[test]
        fn however_a_phone_is_written_it_is_hidden(before in "[\\PC]{0,10}", (phone, written) in written(), after in "[\\PC]{0,10}") {
            let masked: Vec<char> = mask_text(&format!("{before}{written}{after}")).chars().collect();
            let bare = digits(&masked, 0..masked.len());
            // Digits around it may happen to complete the hidden ones only when they are no part of the number.
            let around = before.chars().chain(after.chars()).filter(|c| digit(*c).is_some()).count();
            prop_assert!(around > 3 || !bare.contains(&phone), "{masked:?}");
        }

        #[test]
        fn masking_twice_shows_no_more(s in "[0-9 -]{0,30}", t in ".{0,30}") {
            for s in [s, t] {
                let once = mask_text(&s);
                prop_assert_eq!(once.chars().count(), s.chars().count());
                prop_assert!(mask_text(&once).chars().filter(|c| *c == '*').count() >= once.chars().filter(|c| *c == '*').count());
            }
        }
    }
}
