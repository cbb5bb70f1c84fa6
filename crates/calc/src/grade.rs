//! Grades of personal values and how they look when masked. Who gets what is decided elsewhere, by data; here are the
//! masks themselves, as pure functions on text.
//!
//! What must stay true: a mask never makes a value readable that it was to hide, whatever was typed into the field. A
//! text that does not look like what the mask expects loses more, not less. Masks are for showing, not for secrecy:
//! what somebody wrote in other words ("the red-haired neighbour") stays.

mod names;
#[cfg(test)]
mod table;
mod text;

use crate::codes::{half_width, is_dash};
use names::COMPOUND;
pub(crate) use names::is_compound;
pub use text::mask_text;

/// How much harm a value can do in wrong hands, after GB/T 43697: 1 none … 4 grave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Level {
    /// No harm.
    One = 1,
    /// Slight harm; ordinary personal values begin here.
    Two = 2,
    /// Harm.
    Three = 3,
    /// Grave harm; sensitive personal values.
    Four = 4,
}

impl Level {
    /// From its number.
    pub fn new(n: u8) -> Option<Level> {
        [Level::One, Level::Two, Level::Three, Level::Four].into_iter().find(|l| l.number() == n)
    }

    /// Its number.
    pub fn number(self) -> u8 {
        self as u8
    }
}

/// Kinds of masks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mask {
    /// A person's name: 张\*三.
    Name,
    /// A telephone number: 138\*\*\*\*1234.
    Phone,
    /// An ID number: first and last four.
    IdNumber,
    /// An address: up to the building.
    Address,
    /// Free text: numbers that lead to a person.
    Text,
    /// A date: the year.
    Date,
    /// A point as `lat,lon` in degrees: two decimals, about 1 km.
    Point,
    /// Nothing of it: a code or a word that says too much in any part.
    Whole,
    /// No mask is known: leaves the value as it is. For values of grade 1 only.
    None,
}

/// What a reader gets of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Decision {
    /// As it is.
    Plain,
    /// Masked.
    Mask,
    /// A keyed hash, for joining without reading.
    Hash,
    /// Nothing.
    Hidden,
}

/// Masks a value.
pub fn apply(mask: Mask, value: &str) -> String {
    match mask {
        Mask::Name => mask_name(value),
        Mask::Phone => mask_phone(value),
        Mask::IdNumber => mask_id(value),
        Mask::Address => mask_address(value),
        Mask::Text => mask_text(value),
        Mask::Date => mask_date(value),
        Mask::Point => mask_point(value),
        Mask::Whole => "**".into(),
        Mask::None => value.to_owned(),
    }
}

/// 张三 → 张\*, 张小三 → 张\*三, 欧阳娜娜 → 欧阳\*\*, 买买提·阿不都 → 买\*\*·阿\*\*, Ann Lee → A\*\* L\*\*.
pub fn mask_name(name: &str) -> String {
    // A blank inside a Chinese name is a habit of forms, not a border between names.
    let chinese = name.chars().all(|c| c.is_whitespace() || (c as u32) >= 0x2e80);
    let joined: String = name.chars().filter(|c| !c.is_whitespace()).collect();
    let name = if chinese { &joined } else { name.trim() };
    let part = |c: char| c.is_whitespace() || matches!(c, '·' | '•' | '・' | '.' | '．');
    if name.contains(part) || name.chars().any(|c| c.is_alphanumeric() && (c as u32) < 0x2e80) {
        return each_part(name, part);
    }
    let chars: Vec<char> = name.chars().collect();
    let stars = |n: usize| "*".repeat(n);
    match chars.len() {
        0 => String::new(),
        1 => "*".into(),
        n if n > 2 && COMPOUND.iter().any(|c| name.starts_with(c)) => format!("{}{}{}", chars[0], chars[1], stars(n - 2)),
        2 => format!("{}*", chars[0]),
        n => format!("{}{}{}", chars[0], stars(n - 2), chars[n - 1]),
    }
}

/// Of names with several parts, the first letter of each; never more than two stars a part, so that the length is hidden
/// where names are long.
fn each_part(name: &str, separator: impl Fn(char) -> bool) -> String {
    let mut out = String::new();
    let mut place = 0;
    for c in name.chars() {
        if separator(c) {
            out.push(c);
            place = 0;
            continue;
        }
        match place {
            0 if c.is_numeric() => out.push('*'),
            0 => out.push(c),
            1 | 2 => out.push('*'),
            _ => {}
        }
        place += 1;
    }
    out
}

/// 13812341234 → 138\*\*\*\*1234, 0514-87654321 → 0514-\*\*\*\*4321. What is no number of these kinds loses every digit
/// and letter.
pub fn mask_phone(phone: &str) -> String {
    let masked = text::mask_numbers(phone.trim());
    if masked.contains('*') {
        mask_text(phone.trim())
    } else {
        masked.chars().map(|c| if c.is_alphanumeric() { '*' } else { c }).collect()
    }
}

/// 32100219900307021X → 3210\*\*\*\*\*\*\*\*\*\*021X. Shorter than 12 characters: nothing stays.
pub fn mask_id(id: &str) -> String {
    let chars: Vec<char> = id.chars().map(half_width).filter(|c| !c.is_whitespace() && !is_dash(*c)).collect();
    let keep = if chars.len() < 12 { 0 } else { 4 };
    let shown = |i: usize| i < keep || i + keep >= chars.len();
    chars.iter().enumerate().map(|(i, &c)| if shown(i) { c } else { '*' }).collect()
}

/// 文昌花园3栋2单元501室 → 文昌花园3栋. Whatever else the field holds goes through [`mask_text`].
pub fn mask_address(address: &str) -> String {
    let chars: Vec<char> = address.trim().chars().collect();
    let end = text::home_starts(&chars).unwrap_or(chars.len());
    let kept: String = chars[..end].iter().collect();
    mask_text(kept.trim_end_matches(|c: char| c.is_whitespace() || is_dash(half_width(c)) || ",、(/".contains(half_width(c))))
}

/// A date or time → its year. What does not begin with a year: `****`.
fn mask_date(date: &str) -> String {
    let year: String = date.trim().chars().take(4).map(half_width).collect();
    let after = date.trim().chars().nth(4).map(half_width);
    let fine = year.len() == 4 && year.bytes().all(|b| b.is_ascii_digit()) && (year.starts_with('1') || year.starts_with('2'));
    let date_like = match after {
        None | Some('-' | '/' | '.' | '年') => true,
        Some(_) => {
            let all: String = date.trim().chars().map(half_width).collect();
            all.len() == 8 && crate::codes::is_date(&all)
        }
    };
    if fine && date_like { year } else { "****".into() }
}

/// `32.3936123,119.4127456` → `32.39,119.41`.
fn mask_point(point: &str) -> String {
    let coarse = |t: &str, most: f64| {
        let degrees: f64 = t.trim().parse().ok()?;
        (degrees.abs() <= most).then(|| format!("{:.2}", (degrees * 100.0).trunc() / 100.0))
    };
    let both = point.split_once(',').and_then(|(lat, lon)| Some((coarse(lat, 90.0)?, coarse(lon, 180.0)?)));
    both.map_or_else(|| "***".into(), |(lat, lon)| format!("{lat},{lon}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names() {
        for (name, masked) in [
            ("张三", "张*"),
            ("张小三", "张*三"),
            (" 王 ", "*"),
            ("", ""),
            ("欧阳明", "欧阳*"),
            ("欧阳娜娜", "欧阳**"),
            ("诸葛孔明", "诸葛**"),
            ("司马", "司*"),
            ("张李晓明", "张**明"),
            ("买买提·阿不都", "买**·阿**"),
            ("阿卜杜拉·买买提·吐尔逊", "阿**·买**·吐**"),
            ("Ann Lee", "A** L**"),
            ("Christopher", "C**"),
            ("张三13800138000", "张**"),
            ("13800138000", "***"),
            ("李 明", "李*"),
        ] {
            assert_eq!(mask_name(name), masked, "{name}");
        }
    }

    #[test]
    fn phones() {
        for (phone, masked) in [
            ("13812341234", "138****1234"),
            ("138 1234 1234", "138 **** 1234"),
            ("138-1234-1234", "138-****-1234"),
            ("１３８１２３４１２３４", "１３８****１２３４"),
            ("0514-87654321", "0514-****4321"),
            ("(0514) 87654321", "(0514) ****4321"),
            ("051487654321", "0514****4321"),
            ("02165432109", "021****2109"),
            ("87654321", "****4321"),
            ("7654321", "***4321"),
            ("张三", "**"),
            ("555", "***"),
            ("", ""),
            ("微信同号 zhang_1", "**** *****_*"),
            ("联系王秀英", "*****"),
            ("找王秀英 13812341234", "找王** 138****1234"),
        ] {
            assert_eq!(mask_phone(phone), masked, "{phone}");
        }
        assert!(!mask_phone("+86 138 1234 1234").contains("1234 1234"));
        assert!(mask_phone("13812341234/13912341234").matches("****").count() == 2);
    }

    #[test]
    fn id_numbers() {
        for (id, masked) in [
            ("32100219900307021X", "3210**********021X"),
            ("321002 19900307 021x", "3210**********021x"),
            ("320102900307021", "3201*******7021"),
            ("E12345678", "*********"),
            ("", ""),
        ] {
            assert_eq!(mask_id(id), masked, "{id}");
        }
    }

    #[test]
    fn addresses() {
        for (address, masked) in [
            ("文昌花园3栋2单元501室", "文昌花园3栋"),
            ("文昌花园3栋501室", "文昌花园3栋"),
            ("文昌花园3栋501", "文昌花园3栋"),
            ("文昌花园 3 栋 2 单元 501", "文昌花园 3 栋"),
            ("文昌花园3幢二单元", "文昌花园3幢"),
            ("文昌花园十二栋乙单元三楼", "文昌花园十二栋"),
            ("文昌花园3号楼东单元", "文昌花园3号楼"),
            ("文昌花园A座1203", "文昌花园A座"),
            ("文昌花园3-2-501", "文昌花园3"),
            ("解放新村12-305", "解放新村12"),
            ("解放新村１２－３０５室", "解放新村１２"),
            ("汶河南路12号501室", "汶河南路12号"),
            ("汶河南路12号", "汶河南路12号"),
            ("汶河南路12-3号", "汶河南路12-3号"),
            ("广陵区汶河南路12号文昌花园3栋2单元", "广陵区汶河南路12号文昌花园3栋"),
            ("国泰大厦1203室", "国泰大厦"),
            ("国泰大厦12楼1203", "国泰大厦"),
            ("国泰大厦12层", "国泰大厦"),
            ("文昌花园五〇一室", "文昌花园"),
            ("文昌花园501", "文昌花园"),
            ("文昌花园3#楼2门501", "文昌花园3#楼"),
            ("文昌花园2门501", "文昌花园"),
            ("李家村三组", "李家村三组"),
            ("文昌花园东门", "文昌花园东门"),
            ("3栋", "3栋"),
            ("501室", ""),
            ("", ""),
            ("文昌花园3栋，电话13800138000", "文昌花园3栋"),
            ("文昌花园东门 13800138000", "文昌花园东门 138****8000"),
        ] {
            assert_eq!(mask_address(address), masked, "{address}");
        }
    }

    #[test]
    fn dates_points_and_levels() {
        for (date, masked) in [
            ("1990-03-07", "1990"),
            ("1990年3月7日", "1990"),
            ("19900307", "1990"),
            ("１９９０/3/7", "1990"),
            ("2026-11-24T16:00:00+08:00", "2026"),
            ("1990", "1990"),
            ("13800138000", "****"),
            ("三月", "****"),
            ("", "****"),
        ] {
            assert_eq!(apply(Mask::Date, date), masked, "{date}");
        }
        assert_eq!(apply(Mask::Point, "32.3936123, 119.4199456"), "32.39,119.41");
        assert_eq!(apply(Mask::Point, "-0.5,-119.999"), "-0.50,-119.99");
        for bad in ["", "1", "91,0", "a,b", "NaN,1", "1,2,3"] {
            assert_eq!(apply(Mask::Point, bad), "***", "{bad}");
        }
        assert_eq!(apply(Mask::None, "x"), "x");
        assert_eq!(apply(Mask::Whole, "女"), apply(Mask::Whole, "disabled"));
        assert_eq!(Level::new(3), Some(Level::Three));
        assert_eq!((Level::new(0), Level::new(5)), (None, None));
        assert!(Level::Four > Level::One);
    }

    const ALL: [Mask; 7] = [Mask::Name, Mask::Phone, Mask::IdNumber, Mask::Address, Mask::Text, Mask::Date, Mask::Point];

    proptest! {
        #[test]
        fn no_mask_panics(s in ".*", t in "[0-9０-９一二三零〇单元室栋号楼苏KX@a. -]{0,40}") {
            for mask in ALL {
                let _ = (apply(mask, &s), apply(mask, &t));
            }
        }

        #[test]
        fn no_mask_gives_a_phone_or_id_away(before in "[\\PC]{0,8}", phone in "1[3-9][0-9]{9}", id in "[1-6][0-9]{5}19[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|1[0-9]|2[0-8])[0-9]{3}[0-9X]", after in "[\\PC]{0,8}") {
            for secret in [phone, id] {
                for mask in ALL {
                    let masked = apply(mask, &format!("{before}{secret}{after}"));
                    let bare: String = masked.chars().map(half_width).filter(|c| c.is_ascii_alphanumeric()).collect();
                    prop_assert!(!bare.contains(&secret), "{mask:?}: {masked}");
                }
            }
        }

        #[test]
        fn a_name_keeps_at_most_its_family_name_and_one_character(name in "[\u{4e00}-\u{9fa5}]{1,6}") {
            let masked = mask_name(&name);
            prop_assert_eq!(masked.chars().count(), name.chars().count());
            prop_assert!(masked.contains('*'));
            prop_assert!(masked.chars().filter(|c| *c != '*').count() <= 2);
        }
    }
}
