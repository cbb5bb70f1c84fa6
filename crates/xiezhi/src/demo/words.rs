//! What people say in the demo: `data/demo/words.toml`.

use std::sync::OnceLock;

use serde::Deserialize;

use super::draw::Draw;
use super::place::House;
use crate::kit::RoleKind;

/// All words: a list for each occasion, and reports by class.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    pub check: Vec<String>,
    pub reject: Vec<String>,
    pub returned: Vec<String>,
    pub wanting: Vec<String>,
    pub extend: Vec<String>,
    pub praise: Vec<String>,
    pub grumble: Vec<String>,
    pub reopen: Vec<String>,
    pub appeal: Vec<String>,
    pub note: Vec<String>,
    pub accept: Vec<String>,
    class: Vec<OfClass>,
}

/// Words about one class.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfClass {
    code: String,
    to: Vec<String>,
    reports: Vec<[String; 2]>,
}

/// A report in somebody's words, and what the handler says when it is done.
#[derive(Clone, Debug)]
pub struct Told {
    pub text: String,
    pub done: String,
}

/// Words in which people speak of themselves; a grid worker on patrol does not.
const PERSONAL: [&str; 6] = ["我", "孩子", "想请", "害怕", "楼上", "家里老人"];

/// The words; embedded, a test reads them.
pub fn words() -> &'static Words {
    static ALL: OnceLock<Words> = OnceLock::new();
    ALL.get_or_init(|| toml::from_str(include_str!("../../../../data/demo/words.toml")).expect("words.toml"))
}

impl Words {
    /// Words about a class.
    pub fn of(&self, class: &str) -> &OfClass {
        self.class.iter().find(|c| c.code == class).unwrap_or(&self.class[0])
    }
}

impl OfClass {
    /// Kinds of party that handle such cases.
    pub fn handlers(&self) -> impl Iterator<Item = RoleKind> {
        self.to.iter().filter_map(|k| k.parse().ok())
    }

    /// True when such a thing is seen on patrol.
    pub fn is_seen(&self) -> bool {
        self.reports.iter().any(|[text, _]| is_seen(text))
    }

    /// A report about a place.
    pub fn report(&self, draw: &mut Draw, patrol: bool, house: &House) -> Told {
        let fit: Vec<_> = self.reports.iter().filter(|[text, _]| !patrol || is_seen(text)).collect();
        let [text, done] = draw.one(&fit);
        let text = text.replace("{b}", &house.name).replace("{r}", house.road);
        let text =
            text.replace("{u}", &draw.between(1, 3).to_string()).replace("{f}", &draw.between(2, house.floors).to_string());
        Told { text: text.replace("{p}", &format!("{:04}", draw.below(10_000))), done: done.clone() }
    }
}

fn is_seen(text: &str) -> bool {
    !PERSONAL.iter().any(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    use calc::geo::Point;

    use super::*;
    use crate::base::classes::embedded;

    #[test]
    fn every_class_has_words_and_somebody_to_go_to() {
        let all = words();
        assert!(all.class.iter().map(|c| c.reports.len()).sum::<usize>() >= 60);
        let point = Point { lat: 0, lon: 0 };
        let house = House { id: String::new(), grid: 0, name: "3栋".into(), road: "杏林路", floors: 6, point };
        for code in &embedded().order {
            let of = all.class.iter().find(|c| c.code == *code).unwrap_or_else(|| panic!("no words about {code}"));
            assert!(of.handlers().count() == of.to.len() && !of.to.is_empty(), "{code}");
            for seed in 0..20 {
                let told = of.report(&mut Draw::new(seed), of.is_seen(), &house);
                assert!(!told.text.contains('{') && !told.done.contains('{'), "{told:?}");
                assert!(!of.is_seen() || is_seen(&told.text), "{told:?}");
            }
        }
    }
}
