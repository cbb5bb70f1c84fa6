//! What a value of the register may look like, and what is strange about it. Pure decisions.
//!
//! What must stay true: a value is kept as it was said. It is put into one spelling (half-width, codes instead of words),
//! never repaired: a wrong check digit stays wrong and is flagged, and a date that contradicts the number beside it as well.

use calc::codes;
use calc::link::clean;

use super::values::Values;
use crate::base::catalogue::{codes as lists, element};
use crate::kit::error::Kind;
use crate::kit::names::names;
use crate::kit::time::{self, Ms};
use crate::kit::{Result, RoleKind, Who};

names! {
    /// What is strange about a value.
    Flag { CheckDigit = "check-digit", NotAsId = "not-as-id", NoPhone = "no-phone", MixedLetters = "mixed-letters", Future = "future", }
    /// Whether somebody lives in the area.
    State { Here = "here", Away = "away", Dead = "dead", Erased = "erased", }
}

/// Most characters of a value.
pub const LONGEST: usize = 120;

/// Elements that a person has, in the order of a form.
pub const PERSON: [&str; 12] = [
    "register.name",
    "register.id_number",
    "register.sex",
    "register.birth",
    "register.ethnic",
    "register.phone",
    "register.relation",
    "register.stay",
    "register.origin",
    "register.marriage",
    "register.education",
    "register.work",
];

/// Elements that an organisation has.
pub const ORGANISATION: [&str; 6] = [
    "register.org_name",
    "register.uscc",
    "register.org_kind",
    "register.org_contact",
    "register.org_phone",
    "register.org_staff",
];

/// A value in its one spelling; empty stays empty. The error names the element.
pub fn spelt(code: &'static str, said: &str) -> Result<String> {
    let said = said.trim();
    if said.chars().count() > LONGEST {
        return Err(Kind::TooLong.at(code).limit(LONGEST as i64));
    }
    if said.is_empty() {
        return Ok(String::new());
    }
    if let Some(list) = element(code).and_then(|e| e.list.as_deref()) {
        return lists::meant(list, said).map(|c| c.code.clone()).ok_or_else(|| Kind::Unknown.at(code));
    }
    match code {
        "register.id_number" | "register.uscc" => {
            Ok(said.chars().map(codes::half_width).filter(|c| !c.is_whitespace()).collect::<String>().to_ascii_uppercase())
        }
        "register.birth" => {
            let n = clean::birth(said).ok_or_else(|| Kind::WrongType.at(code))?;
            let text = format!("{:04}-{:02}-{:02}", n / 10_000, n / 100 % 100, n % 100);
            text.parse::<jiff::civil::Date>().map_err(|_| Kind::WrongType.at(code))?;
            Ok(text)
        }
        "register.phone" | "register.org_phone" => {
            let half: String = said.chars().map(codes::half_width).collect();
            Ok(codes::mobile(&half).unwrap_or(half))
        }
        "register.org_staff" => {
            let half: String = said.chars().map(codes::half_width).collect();
            half.parse::<u32>().map(|n| n.to_string()).map_err(|_| Kind::WrongType.at(code))
        }
        _ => Ok(said.to_owned()),
    }
}

/// What a valid ID number says besides: date of birth and sex, for those who have not said it.
pub(super) fn from_id(number: &str) -> Option<(String, &'static str)> {
    let said = clean::id(number, &mut String::new());
    let date = said.birth;
    said.valid.then(|| {
        (format!("{:04}-{:02}-{:02}", date / 10_000, date / 100 % 100, date % 100), if said.sex == 1 { "1" } else { "2" })
    })
}

/// A valid identity number as all its spellings mean it: one of 15 digits is the 18 that replaced it.
pub(super) fn number(said: Option<&str>) -> Option<String> {
    let mut out = String::new();
    clean::id(said?, &mut out).valid.then_some(out)
}

/// Whether somebody is under fourteen: then everything about him is sensitive (PIPL article 28).
pub(super) fn is_minor(values: &Values, now: Ms) -> bool {
    let then = time::rfc3339(now - MINOR, &jiff::tz::TimeZone::UTC);
    values.text("register.birth").is_some_and(|b| *b > then[..10])
}

/// Fourteen years.
const MINOR: Ms = 14 * 365 * time::DAY + 4 * time::DAY;

/// Everything strange about somebody's values.
pub(super) fn flags(values: &Values, now: Ms) -> Vec<(&'static str, Flag)> {
    let mut out = Vec::new();
    let id = values.text("register.id_number");
    let said = id.and_then(from_id);
    if id.is_some() && said.is_none() {
        out.push(("register.id_number", Flag::CheckDigit));
    }
    if values.text("register.uscc").is_some_and(|c| !codes::uscc_valid(c)) {
        out.push(("register.uscc", Flag::CheckDigit));
    }
    if let Some((birth, sex)) = &said {
        let differs = |element: &str, by_id: &str| values.text(element).is_some_and(|v| v != by_id);
        if differs("register.birth", birth) {
            out.push(("register.birth", Flag::NotAsId));
        }
        if values.text("register.sex").is_some_and(|v| matches!(v, "1" | "2") && v != *sex) {
            out.push(("register.sex", Flag::NotAsId));
        }
    }
    for element in ["register.phone", "register.org_phone"] {
        let digits = |v: &str| v.chars().filter(char::is_ascii_digit).count();
        if values.text(element).is_some_and(|v| codes::mobile(v).is_none() && !(7..=13).contains(&digits(v))) {
            out.push((element, Flag::NoPhone));
        }
    }
    if values.text("register.name").is_some_and(mixed) {
        out.push(("register.name", Flag::MixedLetters));
    }
    // A day ahead of us somewhere on earth is not in the future yet.
    let tomorrow = time::rfc3339(now + time::DAY, &jiff::tz::TimeZone::UTC);
    if values.text("register.birth").is_some_and(|d| *d > tomorrow[..10]) {
        out.push(("register.birth", Flag::Future));
    }
    out
}

/// Letters of two scripts in one name, as when a Cyrillic А stands for an A.
fn mixed(name: &str) -> bool {
    let script = |c: char| match c {
        'a'..='z' | 'A'..='Z' => 1,
        '\u{370}'..='\u{3ff}' => 2,
        '\u{400}'..='\u{52f}' => 4,
        c if c.is_alphabetic() => 8,
        _ => 0u8,
    };
    name.chars().fold(0, |all, c| all | script(c)).count_ones() > 1
}

/// Whether somebody may read or keep the register of a place: whoever walks it, and the desks over it. `None` for the rest.
pub fn relation(who: &Who, path: &str) -> Option<crate::base::catalogue::Relation> {
    use crate::base::catalogue::Relation;
    if who.by.is_some() {
        return None;
    }
    let over = |r: &&crate::kit::Role| path.starts_with(&r.path);
    let mine = || who.roles.iter().filter(over);
    if mine().any(|r| matches!(r.kind, RoleKind::Committee | RoleKind::SocialWorker)) {
        return Some(Relation::Desk);
    }
    if mine().any(|r| r.kind.walks()) {
        return Some(Relation::Involved);
    }
    mine().any(|r| r.kind.is_desk() && r.kind != RoleKind::Operator).then_some(Relation::Above)
}

/// Whether somebody may change the register of a place.
pub fn may_keep(who: &Who, path: &str) -> bool {
    let keeps = |r: &crate::kit::Role| matches!(r.kind, RoleKind::GridWorker | RoleKind::Committee) && path.starts_with(&r.path);
    who.by.is_none() && who.roles.iter().any(keeps)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::register::values::Source;

    fn with(pairs: &[(&'static str, &str)]) -> Values {
        let mut values = Values::default();
        for (element, said) in pairs {
            values.put(element, &spelt(element, said).unwrap(), Source::Said, 0);
        }
        values
    }

    #[test]
    fn values_get_one_spelling_and_are_never_repaired() {
        let one = |element, said: &str| spelt(element, said).unwrap();
        for date in ["1990-01-02", "1990/1/2", "1990.1.2", "19900102", "1990年1月2日", "１９９０－１－２"] {
            assert_eq!(one("register.birth", date), "1990-01-02", "{date}");
        }
        assert_eq!(one("register.id_number", " 11010519491231002x "), "11010519491231002X");
        assert_eq!(one("register.id_number", "110105194912310021"), "110105194912310021", "wrong, and kept");
        assert_eq!(one("register.phone", "+86 138 0000 0001"), "13800000001");
        assert_eq!(one("register.phone", "0514-8712 3456"), "0514-8712 3456");
        assert_eq!(one("register.sex", "女"), "2");
        assert_eq!(one("register.name", "㛃𬭼"), "㛃𬭼");
        assert!(spelt("register.sex", "不详吧").is_err());
        assert!(spelt("register.birth", "1990-02-30").is_err());
    }

    #[test]
    fn what_is_strange_is_said() {
        let strange = |pairs: &[(&'static str, &str)]| flags(&with(pairs), 1_800_000_000_000);
        assert_eq!(strange(&[("register.id_number", "11010519491231002X"), ("register.birth", "1949-12-31")]), []);
        assert_eq!(strange(&[("register.id_number", "110105194912310021")]), [("register.id_number", Flag::CheckDigit)]);
        let both = [("register.id_number", "11010519491231002X"), ("register.birth", "1949-12-13"), ("register.sex", "男")];
        assert_eq!(strange(&both), [("register.birth", Flag::NotAsId), ("register.sex", Flag::NotAsId)]);
        assert_eq!(strange(&[("register.name", "王А")]), [("register.name", Flag::MixedLetters)]);
        assert_eq!(strange(&[("register.phone", "12")]), [("register.phone", Flag::NoPhone)]);
        assert_eq!(strange(&[("register.birth", "2190-01-01")]), [("register.birth", Flag::Future)]);
        assert_eq!(strange(&[("register.uscc", "91350100M000100Y43"), ("register.phone", "0514-87123456")]), []);
        assert_eq!(strange(&[("register.uscc", "91350100M000100Y44")]), [("register.uscc", Flag::CheckDigit)]);
    }
}
