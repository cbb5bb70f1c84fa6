//! The pack inside the program is whole; every mistake in a pack is told; nothing panics.

use proptest::prelude::*;

use super::class::{Evidence, Kind, Visibility};
use super::read::{CODES, Problem, read};
use super::tables::{FORMS, write};
use super::*;

fn tables() -> Tables {
    write(&embedded(), Hand::Program)
}

/// Changes the cell of a class and gives what is wrong then.
fn with(code: &str, column: &str, value: &str) -> Vec<Problem> {
    let mut tables = tables();
    let at = FORMS[1].columns.iter().position(|c| c.0 == column).unwrap();
    let row = tables.classes.iter_mut().find(|r| r[0] == code).unwrap();
    row[at] = value.into();
    read(&tables).err().unwrap_or_default()
}

#[test]
fn the_pack_in_the_program_is_whole() {
    let all = embedded();
    assert_eq!(
        all.order,
        [
            "lighting",
            "road",
            "water",
            "lift",
            "fire",
            "rubbish",
            "parking",
            "noise",
            "green",
            "building",
            "pets",
            "help",
            "complaint",
            "other"
        ]
    );
    assert!(all.iter().count() >= 150);
    for class in all.iter() {
        let c = &class.code;
        assert!(!class.name.en.is_empty() && !class.filing.en.is_empty() && !class.closing.en.is_empty(), "{c}");
        assert!(class.evidence == Evidence::None || !class.why.en.is_empty(), "{c}");
        assert!(!class.out_of_scope || !class.answer.en.is_empty(), "{c}");
        for text in [&class.name.zh, &class.filing.zh, &class.closing.zh, &class.answer.zh] {
            assert!(!text.contains(['!', '！', ',', ';', '?']), "{c}: {text}");
        }
        // What is urgent runs round the clock; whatever is not takes at most three weeks of work.
        let handle = class.limit(Stage::Handle);
        assert_eq!(class.urgent, handle.unit == Unit::UrgentHours, "{c}: {handle}");
        assert!(handle.unit != Unit::WorkDays || handle.n <= 15, "{c}: {handle}");
        // Nobody may make a private matter his own business unless he was asked to help.
        assert!(
            class.visibility != Visibility::Private
                || !class.claimable
                || ["care", "everyday", "neighbours", "livelihood", "event-street"].contains(&class.major.as_str()),
            "{c}"
        );
        assert!(class.standard.is_empty() || class.kind != Kind::Matter, "{c}");
    }
    let numbers: Vec<(Kind, &str)> =
        all.iter().filter(|c| !c.standard.is_empty()).map(|c| (c.kind, c.standard.as_str())).collect();
    let mut once = numbers.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), numbers.len(), "a number of the standard twice");
    assert_eq!(all.get("dirty-road").unwrap().limit(Stage::Handle).to_string(), "5wh");
    assert_eq!(all.or_other(Some("nonsense")).code, "other");
    assert_eq!(all.label("nonsense", Lang::Zh), "nonsense");
}

#[test]
fn written_down_and_read_again_it_is_the_same() {
    let all = embedded();
    for hand in [Hand::Program, Hand::Clerk] {
        assert_eq!(read(&write(&all, hand)).as_ref(), Ok(&*all), "{hand:?}");
    }
    let body = serde_json::to_string(&tables()).unwrap();
    assert_eq!(parse(&body).unwrap(), *all);
}

#[test]
fn words_suggest_a_class() {
    let all = embedded();
    let first = |text: &str| all.suggest(text, 3).first().map(|c| c.code.clone()).unwrap_or_default();
    assert_eq!(first("楼下有人遛狗不牵绳，吓到孩子"), "dog-leash");
    assert_eq!(first("有一股燃气味"), "gas-leak");
    assert_eq!(first("A burst main on our road"), "water-burst");
    assert!(all.suggest("zzz", 3).is_empty());
}

#[test]
fn every_mistake_is_told_with_its_place() {
    let told = |code: &str, column: &str, value: &str| {
        with(code, column, value).into_iter().map(|p| (p.column, p.code)).collect::<Vec<_>>()
    };
    assert_eq!(
        told("road", "code", "Road"),
        [("code", "bad-code")].to_vec().into_iter().chain(questions_lost()).collect::<Vec<_>>()
    );
    assert_eq!(told("green", "code", "road").first(), Some(&("code", "twice")));
    assert_eq!(told("road", "plain", "1"), [("plain", "twice")]);
    assert_eq!(told("road", "plain", "x"), [("plain", "bad-number")]);
    assert_eq!(told("road", "major", "nowhere"), [("major", "unknown")]);
    assert_eq!(told("road", "zh", ""), [("zh", "missing")]);
    assert_eq!(told("road", "zh", &"长".repeat(61)), [("zh", "too-long")]);
    assert_eq!(told("road", "handle", "5"), [("handle", "bad-limit")]);
    assert_eq!(told("road", "handle", "0wd"), [("handle", "bad-limit")]);
    assert_eq!(
        told("road", "units", "resident"),
        [("units", "unknown"), ("units", "missing")].iter().rev().copied().collect::<Vec<_>>()
    );
    assert_eq!(told("road", "visibility", "x"), [("visibility", "unknown")]);
    assert_eq!(told("road", "urgent", "maybe"), [("urgent", "unknown")]);
    assert_eq!(told("road", "why_zh", ""), [("why_zh", "needs-reason")]);
    assert_eq!(told("tax", "answer_zh", ""), [("answer_zh", "needs-answer")]);
    assert_eq!(told("other", "out_of_scope", "yes").first(), Some(&("answer_zh", "needs-answer")));
    let none = read(&Tables::default()).unwrap_err();
    assert_eq!(none.iter().filter(|p| p.code == "table-missing").count(), 4);
    for problem in none {
        assert!(CODES.contains(&problem.code));
    }
}

/// The questions of a class whose code was changed have no class any more.
fn questions_lost() -> Vec<(&'static str, &'static str)> {
    let n = embedded().get("road").unwrap().questions.len();
    vec![("class", "unknown"); n]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_table_makes_it_panic(table in 0usize..4, row in 0usize..40, column in 0usize..30, value in ".{0,80}", drop in any::<bool>()) {
        let mut tables = tables();
        let rows = tables.get_mut(FORMS[table].key);
        let at = row % rows.len();
        if drop {
            rows.remove(at);
        } else {
            let len = rows[at].len();
            rows[at][column % len] = value;
        }
        if let Err(problems) = read(&tables) {
            prop_assert!(problems.iter().all(|p| CODES.contains(&p.code) && p.row > 0));
        }
    }
}
