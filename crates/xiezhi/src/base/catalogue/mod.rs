//! Data elements, the decisions about them, and the read log.
//!
//! What must stay true (inv07): a personal value lives in a [`Graded`], which can be neither printed, serialised nor
//! compared; the only way out is [`Look::at`], which asks [`decide`] and remembers what it gave away in clear. Before
//! a view leaves, [`Look::record`] writes those reads into the log, and when that fails the view is refused. The rules
//! are data (`data/catalogue/*.toml`): deny by default, first match wins.
//!
//! Log kinds written: `read`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use calc::grade::{self, Decision, Mask};
use serde::Deserialize;
use store::{Entry, params};

use crate::kit::{App, Result, Who};

/// A personal value: what it is, whose it is. No `Debug`, `Display`, `Serialize` or `Clone` on purpose.
pub struct Graded {
    element: &'static str,
    owner: String,
    value: String,
}

impl Graded {
    /// Takes a value in.
    pub fn new(element: &'static str, owner: &str, value: String) -> Graded {
        Graded { element, owner: owner.to_owned(), value }
    }
}

/// How the reader stands to the thing the value belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// The person whose value it is, or who holds the tracking code.
    Owner,
    /// Works on this very matter: holder, handler, checker.
    Involved,
    /// The desk that answers for the area.
    Desk,
    /// A desk further up.
    Above,
    /// Anybody.
    Public,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ElementRow {
    code: String,
    grade: u8,
    mask: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    element: String,
    relation: Vec<Relation>,
    decision: String,
}

/// One data element.
struct Element {
    grade: u8,
    mask: Mask,
}

struct Rules {
    elements: BTreeMap<String, Element>,
    rules: Vec<(String, Vec<Relation>, Decision)>,
}

fn rules() -> &'static Rules {
    static RULES: OnceLock<Rules> = OnceLock::new();
    RULES.get_or_init(|| {
        #[derive(Deserialize)]
        struct Elements {
            element: Vec<ElementRow>,
        }
        #[derive(Deserialize)]
        struct Decisions {
            rule: Vec<Rule>,
        }
        // Embedded data, checked by a test: a mistake here stops the program at its first page.
        let e: Elements = toml::from_str(include_str!("../../../../../data/catalogue/elements.toml")).expect("elements.toml");
        let d: Decisions = toml::from_str(include_str!("../../../../../data/catalogue/decisions.toml")).expect("decisions.toml");
        let elements = e.element.into_iter().map(|r| (r.code, Element { grade: r.grade, mask: mask(&r.mask) })).collect();
        let rules = d.rule.into_iter().map(|r| (r.element, r.relation, decision(&r.decision))).collect();
        Rules { elements, rules }
    })
}

fn mask(name: &str) -> Mask {
    match name {
        "name" => Mask::Name,
        "phone" => Mask::Phone,
        "id" => Mask::IdNumber,
        "address" => Mask::Address,
        "text" => Mask::Text,
        other => panic!("elements.toml: no mask {other}"),
    }
}

fn decision(name: &str) -> Decision {
    match name {
        "plain" => Decision::Plain,
        "mask" => Decision::Mask,
        "hidden" => Decision::Hidden,
        other => panic!("decisions.toml: no decision {other}"),
    }
}

/// What a reader in this relation gets of an element. Unknown elements and unruled relations: nothing.
pub fn decide(element: &str, relation: Relation) -> Decision {
    let fits = |e: &str| e == element || e.strip_suffix('*').is_some_and(|p| element.starts_with(p));
    let all = rules();
    if !all.elements.contains_key(element) {
        return Decision::Hidden;
    }
    all.rules.iter().find(|(e, r, _)| fits(e) && r.contains(&relation)).map_or(Decision::Hidden, |(_, _, d)| *d)
}

/// Grade of an element, 1 to 4; unknown ones count as 4.
pub fn grade_of(element: &str) -> u8 {
    rules().elements.get(element).map_or(4, |e| e.grade)
}

/// Purpose of whoever looks for another, who trusts him.
pub const HELPER: &str = "trust";

/// One person's look at graded values, for one purpose.
pub struct Look {
    who: Who,
    purpose: &'static str,
    area: Option<String>,
    /// Owner → elements given in clear.
    given: BTreeMap<String, BTreeSet<&'static str>>,
}

impl Look {
    /// Begins a look.
    pub fn new(who: &Who, purpose: &'static str) -> Look {
        Look { who: who.clone(), purpose, area: None, given: BTreeMap::new() }
    }

    /// The value as this reader may see it; `None` when hidden.
    pub fn at(&mut self, value: &Graded, relation: Relation) -> Option<String> {
        let own = self.who.person.as_deref() == Some(&value.owner);
        let relation = if own { Relation::Owner } else { relation };
        // Whoever acts for another is a reader as any other.
        let itself = relation == Relation::Owner && self.who.by.is_none();
        match decide(value.element, relation) {
            Decision::Plain => {
                if !itself {
                    self.given.entry(value.owner.clone()).or_default().insert(value.element);
                }
                Some(value.value.clone())
            }
            Decision::Mask => {
                let mask = rules().elements.get(value.element).map(|e| e.mask)?;
                Some(grade::apply(mask, &value.value))
            }
            Decision::Hash | Decision::Hidden => None,
        }
    }

    /// Writes the reads of others' values in clear into the log: one entry, and a row for each subject. Must succeed
    /// before the view leaves; a full disk therefore refuses the view (inv12).
    pub fn record(self, app: &App) -> Result<()> {
        let given: Vec<_> = self.given.into_iter().filter(|(_, e)| e.iter().any(|e| grade_of(e) >= 2)).collect();
        let Some(reader) = self.who.actor().map(str::to_owned).filter(|_| !given.is_empty()) else { return Ok(()) };
        let role = self.who.roles.iter().find(|r| r.body.is_some()).or(self.who.roles.first()).cloned();
        let (purpose, area) = (if self.who.by.is_some() { HELPER } else { self.purpose }, self.area);
        app.db.write(move |tx| {
            let body = role.as_ref().and_then(|r| r.body.clone());
            let entry = Entry {
                actor: Some(&reader),
                role: role.as_ref().map(|r| r.kind.as_str()),
                party: body.as_deref(),
                area: area.as_deref(),
                ..Entry::new("read", "person", &reader)
            };
            let elements: BTreeSet<&str> = given.iter().flat_map(|(_, e)| e.iter().copied()).collect();
            let entry = entry.fact("purpose", purpose).fact("subjects", given.len() as i64);
            let logged = tx.log(entry.fact("elements", elements.into_iter().collect::<Vec<_>>().join(" ")))?;
            let now = tx.now();
            let rows: Vec<Vec<store::Value>> = given
                .iter()
                .map(|(owner, e)| {
                    let elements = e.iter().copied().collect::<Vec<_>>().join(" ");
                    params![owner, logged.index, now, &reader, &body, elements, purpose].to_vec()
                })
                .collect();
            let columns = ["owner", "seq", "at", "reader", "body", "elements", "purpose"];
            tx.insert_many("read_log", &columns, &rows)?;
            Ok::<_, crate::kit::Error>(())
        })?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inv07_deny_by_default_and_every_element_has_a_public_rule() {
        assert_eq!(decide("no.such", Relation::Owner), Decision::Hidden);
        for code in rules().elements.keys() {
            let own = if code == "case.memo" { Decision::Hidden } else { Decision::Plain };
            assert_eq!(decide(code, Relation::Owner), own, "{code}: everybody sees his own");
            // But for one thing, which holds nothing graded: a picture that a person looked through and set free.
            let free = code == "case.picture" && grade_of(code) == 1;
            assert_eq!(decide(code, Relation::Public) == Decision::Plain, free, "{code}: the public never sees it in clear");
            assert!((1..=4).contains(&grade_of(code)));
        }
        for (element, _, _) in &rules().rules {
            let known =
                rules().elements.keys().any(|c| c == element || element.strip_suffix('*').is_some_and(|p| c.starts_with(p)));
            assert!(known, "a rule about {element}, which does not exist");
        }
    }
}
