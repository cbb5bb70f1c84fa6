//! What a form may ask, what a question means, when a period ends, what an answer may look like. Pure decisions.
//!
//! What must stay true: words that mean an element are that element, however politely they are put; words that mean
//! anything more are not.

use std::sync::OnceLock;

use calc::codes::half_width;
use calc::grade::Decision;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;

use super::{Form, Period, Question, Record, State};
use crate::base::catalogue::{Asker, Relation, decide};
use crate::kit::error::Kind;
use crate::kit::time::{self, Ms};
use crate::kit::{Result, RoleKind, Who};
use crate::records::register::query;

/// Kinds of own questions.
pub const KINDS: [&str; 4] = ["text", "number", "choice", "date"];
/// Most characters of a title, a question, a reason, an answer.
pub const TITLE: usize = 80;
/// Choices of a question.
pub const CHOICES: usize = 12;

/// Words, and the element that each of them means.
fn words() -> &'static [(String, String)] {
    #[derive(Deserialize)]
    struct Line {
        element: String,
        word: String,
    }
    static ALL: OnceLock<Vec<(String, String)>> = OnceLock::new();
    ALL.get_or_init(|| {
        let text = include_str!("../../../../../data/catalogue/synonyms.csv");
        // Embedded data, checked by a test.
        let lines = csv::Reader::from_reader(text.as_bytes()).deserialize().collect::<std::result::Result<Vec<Line>, _>>();
        let mut all: Vec<_> = lines.expect("synonyms.csv").into_iter().map(|l| (l.element, bare(&l.word))).collect();
        all.sort_by_key(|(_, word)| std::cmp::Reverse(word.chars().count()));
        all
    })
}

/// Letters and digits only, in one width and case.
fn bare(text: &str) -> String {
    text.chars().map(half_width).filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Whether nothing but politeness is left.
fn says_nothing(rest: &str) -> bool {
    let mut left = vec![rest.to_owned()];
    for (_, filler) in words().iter().filter(|(e, _)| e == "-") {
        left = left.iter().flat_map(|l| l.split(filler.as_str())).filter(|l| !l.is_empty()).map(str::to_owned).collect();
    }
    left.is_empty()
}

/// The element that the words of a question mean; `names` are elements with their names in the texts.
pub fn meant(label: &str, record: Record, names: &[(&'static str, String)]) -> Option<&'static str> {
    let label = bare(label);
    let known = query::elements(record.of());
    let own = names.iter().map(|(e, name)| (*e, bare(name)));
    let listed = words().iter().filter_map(|(e, w)| Some((*known.iter().find(|k| *k == e)?, w.clone())));
    let mut all: Vec<(&'static str, String)> = own.chain(listed).filter(|(_, w)| !w.is_empty()).collect();
    all.sort_by_key(|(_, w)| std::cmp::Reverse(w.chars().count()));
    let fits = |word: &str| label.split_once(word).is_some_and(|(before, after)| says_nothing(before) && says_nothing(after));
    all.into_iter().find(|(_, word)| fits(word)).map(|(e, _)| e)
}

/// Whether the purpose of a form covers an element: somebody of those who fill it in may see and write it.
pub fn covers(purpose: &str, element: &str) -> bool {
    let may =
        |role: RoleKind, relation| decide(element, &Asker { roles: &[role], purpose, relation }).decision == Decision::Plain;
    may(RoleKind::Committee, Relation::Desk) || may(RoleKind::GridWorker, Relation::Involved)
}

/// For which organisation somebody may make forms about a place: a department that serves it, or a desk over it.
pub fn drafts_for<'w>(who: &'w Who, path: &str) -> Option<&'w str> {
    let fits = |r: &&crate::kit::Role| {
        let asks = r.kind == RoleKind::Department || r.kind.is_desk() && r.kind != RoleKind::Operator;
        asks && path.starts_with(&r.path) && r.body.is_some()
    };
    let role = who.roles.iter().filter(fits).max_by_key(|r| r.path.len());
    role.filter(|_| who.by.is_none()).and_then(|r| r.body.as_deref())
}

/// Whether somebody may know of a form: his organisation made it, he answers for the place, or he fills it in.
pub fn sees(who: &Who, form: &Form) -> bool {
    if who.by.is_some() {
        return false;
    }
    let made = who.in_body(&form.body);
    let over = |r: &crate::kit::Role| r.kind.is_desk() && form.path.starts_with(&r.path);
    // Whoever keeps the register of any part of its area.
    let keeps =
        |r: &crate::kit::Role| query::keeps(who, &r.path) && (r.path.starts_with(&form.path) || form.path.starts_with(&r.path));
    made || form.state != State::Draft && who.roles.iter().any(|r| over(r) || keeps(r))
}

/// The parts of a form's area whose register somebody keeps, as paths, none inside another.
pub fn parts(who: &Who, form: &Form) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for role in who.roles.iter().filter(|r| query::keeps(who, &r.path)) {
        let part = if role.path.starts_with(&form.path) { &role.path } else { &form.path };
        if part.starts_with(&role.path) && !out.iter().any(|o| part.starts_with(o.as_str())) {
            out.retain(|o| !o.starts_with(part.as_str()));
            out.push(part.clone());
        }
    }
    out.sort();
    out
}

fn date(at: Ms, zone: &TimeZone) -> Option<Date> {
    time::rfc3339(at, zone)[..10].parse().ok()
}

fn first_of(period: Period, day: Date) -> Option<Date> {
    let month = match period {
        Period::Once => return None,
        Period::Monthly => day.month(),
        Period::Quarterly => (day.month() - 1) / 3 * 3 + 1,
    };
    Date::new(day.year(), month, 1).ok()
}

/// When the period of a moment began; none for what is asked once.
pub fn begin(period: Period, at: Ms, zone: &TimeZone) -> Option<Ms> {
    time::day_begin(&first_of(period, date(at, zone)?)?.to_string(), zone)
}

/// When it ends.
pub fn end(period: Period, at: Ms, zone: &TimeZone) -> Option<Ms> {
    let months = if period == Period::Quarterly { 3 } else { 1 };
    let next = first_of(period, date(at, zone)?)?.checked_add(jiff::Span::new().months(months)).ok()?;
    time::day_begin(&next.to_string(), zone)
}

/// Its name: `2026-03`, `2026-Q1`; the day, for what is asked once.
pub fn name(period: Period, at: Ms, zone: &TimeZone) -> String {
    let Some(day) = date(at, zone) else { return String::new() };
    match period {
        Period::Once => day.to_string(),
        Period::Monthly => format!("{:04}-{:02}", day.year(), day.month()),
        Period::Quarterly => format!("{:04}-Q{}", day.year(), (day.month() - 1) / 3 + 1),
    }
}

/// An answer to a question, in one spelling.
pub fn answer(question: &Question, said: &str) -> Result<String> {
    let said = said.trim();
    let bad = || Kind::WrongType.at(question.key.clone());
    let half: String = said.chars().map(half_width).collect();
    Ok(match question.kind.as_str() {
        "number" => half.parse::<f64>().ok().filter(|n| n.is_finite()).map(|_| half.clone()).ok_or_else(bad)?,
        "date" => half.parse::<Date>().map_err(|_| bad())?.to_string(),
        "choice" if question.choices.iter().all(|c| c != said) => return Err(Kind::Unknown.at(question.key.clone())),
        _ => said.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn person(label: &str) -> Option<&'static str> {
        meant(label, Record::Person, &[("register.phone", "登记的电话".into())])
    }

    #[test]
    fn a_question_that_means_an_element_is_that_element() {
        for (label, element) in [
            ("联系电话", "register.phone"),
            ("请填写您的手机号码：", "register.phone"),
            ("登记的电话", "register.phone"),
            ("What is your phone number?", "register.phone"),
            ("您现在的家庭住址在哪里？", "register.home"),
            ("身份证号（必填）", "register.id_number"),
            ("年龄", "register.birth"),
            ("ＮＡＭＥ", "register.name"),
        ] {
            assert_eq!(person(label), Some(element), "{label}");
        }
        for label in ["紧急联系人电话", "家里有没有电梯", "宠物的名字", "配偶姓名", "", "！", "请填写"]
        {
            assert_eq!(person(label), None, "{label}");
        }
        assert_eq!(meant("负责人", Record::Organisation, &[]), Some("register.org_contact"));
        assert_eq!(person("负责人"), None, "of another kind of record");
    }

    #[test]
    fn every_word_means_an_element_there_is_and_one_only() {
        let mut seen = std::collections::BTreeMap::new();
        let all: Vec<&str> = [Record::Person, Record::Organisation].iter().flat_map(|r| query::elements(r.of())).collect();
        for (element, word) in words() {
            assert!(element == "-" || all.contains(&element.as_str()), "{element}");
            assert_eq!(seen.insert(word, element), None, "{word} stands twice");
        }
    }

    proptest! {
        #[test]
        fn politeness_changes_nothing(at in 0usize..400, before in 0usize..40, after in 0usize..40) {
            let (fillers, real): (Vec<_>, Vec<_>) = words().iter().partition(|(e, _)| e == "-");
            let (element, word) = real[at % real.len()];
            let record = if element.contains("org") || element == "register.uscc" { Record::Organisation } else { Record::Person };
            let polite = format!("{}{word}{}？", fillers[before % fillers.len()].1, fillers[after % fillers.len()].1);
            // Another element may be meant only by a longer word of its own.
            let found = meant(&polite, record, &[]);
            prop_assert!(found.is_some(), "{polite}");
            prop_assert_eq!(meant(&format!("邻居{polite}"), record, &[]), None);
        }

        #[test]
        fn a_period_holds_its_moments(at in 0i64..4_000_000_000_000, quarter in any::<bool>()) {
            let (zone, period) = (TimeZone::UTC, if quarter { Period::Quarterly } else { Period::Monthly });
            let (from, to) = (begin(period, at, &zone).unwrap(), end(period, at, &zone).unwrap());
            prop_assert!(from <= at && at < to);
            prop_assert_eq!(name(period, from, &zone), name(period, to - 1, &zone));
            prop_assert_ne!(name(period, from, &zone), name(period, to, &zone));
        }
    }

    #[test]
    fn answers_have_a_kind() {
        let question = |kind: &str| Question {
            key: "a1".into(),
            label: "几只狗".into(),
            kind: kind.into(),
            choices: vec!["有".into(), "没有".into()],
            reason: "登记犬只".into(),
        };
        assert_eq!(answer(&question("number"), "２").unwrap(), "2");
        assert_eq!(answer(&question("choice"), " 有 ").unwrap(), "有");
        for (kind, said) in [("number", "两"), ("date", "2026-02-30"), ("choice", "也许")] {
            assert!(answer(&question(kind), said).is_err(), "{kind} {said}");
        }
    }

    #[test]
    fn a_purpose_covers_what_those_who_fill_in_may_see() {
        assert!(covers("register-keep", "register.id_number") && covers("register-visit", "register.phone"));
        assert!(!covers("register-visit", "register.id_number"), "masked for everybody");
    }
}
