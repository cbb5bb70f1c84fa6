//! Who sees what of which element: one table for pages, JSON, exports and the log.
//!
//! What must stay true: deny by default; the first rule that fits wins, and says so ([`Ruling::rule`]), so that anybody
//! can be told why he sees something or not. The rules are data: `data/catalogue/decisions.toml`.

use std::str::FromStr;
use std::sync::OnceLock;

use calc::grade::Decision;
use serde::Deserialize;

use super::element::element;
use crate::kit::RoleKind;

/// How the reader stands to the thing the value belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// The person whose value it is, or who holds the tracking code.
    Owner,
    /// Works on this very matter, or walks the grid: holder, handler, checker, grid worker.
    Involved,
    /// The desk that answers for the area.
    Desk,
    /// A desk further up.
    Above,
    /// Anybody.
    Public,
}

impl Relation {
    /// All of them, the nearest first.
    pub const ALL: [Relation; 5] = [Relation::Owner, Relation::Involved, Relation::Desk, Relation::Above, Relation::Public];

    /// Stable identifier.
    pub fn as_str(self) -> &'static str {
        match self {
            Relation::Owner => "owner",
            Relation::Involved => "involved",
            Relation::Desk => "desk",
            Relation::Above => "above",
            Relation::Public => "public",
        }
    }
}

/// Who asks, for what, and how he stands to it.
#[derive(Clone, Copy, Debug)]
pub struct Asker<'a> {
    /// Kinds of his roles.
    pub roles: &'a [RoleKind],
    /// What he needs it for.
    pub purpose: &'a str,
    /// How he stands to it.
    pub relation: Relation,
}

/// One rule, as it stands in the data.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Code of an element, or the beginning of several with `*`.
    pub element: String,
    /// Relations it is about.
    pub relation: Vec<Relation>,
    /// Only for these kinds of role.
    #[serde(default, deserialize_with = "roles")]
    pub role: Vec<RoleKind>,
    /// Only for these purposes.
    #[serde(default)]
    pub purpose: Vec<String>,
    /// What the reader gets.
    #[serde(deserialize_with = "decision")]
    pub decision: Decision,
}

impl Rule {
    pub(super) fn is_about(&self, code: &str) -> bool {
        self.element == code || self.element.strip_suffix('*').is_some_and(|p| code.starts_with(p))
    }

    fn fits(&self, code: &str, asker: &Asker) -> bool {
        self.is_about(code)
            && self.relation.contains(&asker.relation)
            && (self.role.is_empty() || self.role.iter().any(|r| asker.roles.contains(r)))
            && (self.purpose.is_empty() || self.purpose.iter().any(|p| p == asker.purpose))
    }
}

fn roles<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<RoleKind>, D::Error> {
    let names = Vec::<String>::deserialize(from)?;
    let role = |n: &String| RoleKind::from_str(n).map_err(|()| serde::de::Error::custom(format!("no role {n}")));
    names.iter().map(role).collect()
}

fn decision<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Decision, D::Error> {
    let name = String::deserialize(from)?;
    Ok(match name.as_str() {
        "plain" => Decision::Plain,
        "mask" => Decision::Mask,
        "hidden" => Decision::Hidden,
        _ => return Err(serde::de::Error::custom(format!("no decision {name}"))),
    })
}

/// What a reader gets, and by which rule; without one because no rule fits.
#[derive(Clone, Copy, Debug)]
pub struct Ruling {
    /// What he gets.
    pub decision: Decision,
    /// The rule that said so.
    pub rule: Option<&'static Rule>,
}

/// All rules, in their order.
pub fn rules() -> &'static [Rule] {
    static RULES: OnceLock<Vec<Rule>> = OnceLock::new();
    RULES.get_or_init(|| {
        #[derive(Deserialize)]
        struct File {
            rule: Vec<Rule>,
        }
        // Embedded data, checked by a test: a mistake here stops the program at its first page.
        let file: File = toml::from_str(include_str!("../../../../../data/catalogue/decisions.toml")).expect("decisions.toml");
        file.rule
    })
}

/// What somebody gets of an element. Unknown elements and what no rule names: nothing.
pub fn decide(code: &str, asker: &Asker) -> Ruling {
    let rule = element(code).and_then(|_| rules().iter().find(|r| r.fits(code, asker)));
    Ruling { decision: rule.map_or(Decision::Hidden, |r| r.decision), rule }
}

/// Purposes that a page itself stands for: nobody chooses one, and the register is read for none of them.
pub const OF_PAGES: [&str; 2] = ["callback", "mediation-oversight"];

/// A purpose for which the register may be read.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Purpose {
    /// Its code; `purpose-<code>` is its text.
    pub code: String,
    /// What allows it.
    pub basis: String,
}

/// Purposes that somebody chooses from before he reads the register.
pub fn purposes() -> &'static [Purpose] {
    static ALL: OnceLock<Vec<Purpose>> = OnceLock::new();
    ALL.get_or_init(|| {
        #[derive(Deserialize)]
        struct File {
            purpose: Vec<Purpose>,
        }
        let file: File = toml::from_str(include_str!("../../../../../data/catalogue/purposes.toml")).expect("purposes.toml");
        file.purpose
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::catalogue::element::{all, grade_of};

    fn asker(relation: Relation) -> Asker<'static> {
        Asker { roles: &[], purpose: "case", relation }
    }

    #[test]
    fn inv07_deny_by_default_and_the_public_sees_nothing_in_clear() {
        assert_eq!(decide("no.such", &asker(Relation::Owner)).decision, Decision::Hidden);
        for code in all().keys() {
            let own = if code == "case.memo" { Decision::Hidden } else { Decision::Plain };
            assert_eq!(decide(code, &asker(Relation::Owner)).decision, own, "{code}: everybody sees his own");
            // But for one thing, which holds nothing graded: a picture that a person looked through and set free.
            let free = code == "case.picture" && grade_of(code) == 1;
            let roles = RoleKind::ALL;
            for purpose in purposes().iter().map(|p| p.code.as_str()).chain(OF_PAGES).chain(["case"]) {
                let public = Asker { roles, purpose, relation: Relation::Public };
                assert_eq!(decide(code, &public).decision == Decision::Plain, free, "{code}: not for the public");
            }
        }
    }

    #[test]
    fn rules_speak_of_what_there_is() {
        for rule in rules() {
            assert!(all().keys().any(|c| rule.is_about(c)), "a rule about {}, which does not exist", rule.element);
            for p in &rule.purpose {
                let known = OF_PAGES.contains(&p.as_str()) || purposes().iter().any(|known| known.code == *p);
                assert!(known, "{}: no purpose {p}", rule.element);
            }
        }
    }

    /// Every rule decides something: one that others stand before is a mistake somebody will trust in.
    #[test]
    fn no_rule_stands_in_the_shadow_of_others() {
        for rule in rules() {
            let role_sets: Vec<Vec<RoleKind>> =
                if rule.role.is_empty() { vec![vec![]] } else { rule.role.iter().map(|r| vec![*r]).collect() };
            let purposes: Vec<&str> =
                if rule.purpose.is_empty() { vec!["case"] } else { rule.purpose.iter().map(String::as_str).collect() };
            let decides = all().keys().filter(|c| rule.is_about(c)).any(|code| {
                rule.relation.iter().any(|relation| {
                    role_sets.iter().any(|roles| {
                        purposes.iter().any(|purpose| {
                            let ruling = decide(code, &Asker { roles, purpose, relation: *relation });
                            ruling.rule.is_some_and(|r| std::ptr::eq(r, rule))
                        })
                    })
                })
            });
            assert!(decides, "{rule:?}");
        }
    }
}
