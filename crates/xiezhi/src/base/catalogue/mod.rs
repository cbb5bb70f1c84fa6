//! Data elements, the decisions about them, and the read log.
//!
//! What must stay true (inv07): a personal value lives in a [`Graded`], which can be neither printed, serialised nor
//! compared; the only way out is [`Look::at`], which asks [`decide`] and remembers what it gave away in clear. Before
//! a view leaves, [`Look::record`] writes those reads into the log, and when that fails the view is refused. Elements
//! ([`element`]), rules ([`decide`]) and code lists ([`codes`]) are data: `data/catalogue`, `data/codes`.
//!
//! Log kinds written: `read`.

/// National code lists.
pub mod codes;
/// Who sees what.
pub mod decide;
/// What is held.
pub mod element;
/// What others hold.
pub mod held;
/// The catalogue, for everybody to read.
pub mod web;

use std::collections::{BTreeMap, BTreeSet};

use calc::grade::{self, Decision};
use store::{Entry, params};

pub use self::decide::{Asker, Relation, decide};
pub use self::element::{element, grade_of};
use crate::kit::{App, Result, RoleKind, Who};

/// A personal value: what it is, whose it is. No `Debug`, `Display`, `Serialize` or `Clone` on purpose.
pub struct Graded {
    element: &'static str,
    owner: String,
    value: String,
    /// Number of the matter in which it was said.
    matter: Option<String>,
}

impl Graded {
    /// Takes a value in.
    pub fn new(element: &'static str, owner: &str, value: String) -> Graded {
        Graded { element, owner: owner.to_owned(), value, matter: None }
    }

    /// It was said in this matter: a read of it names that.
    pub fn of(self, matter: &str) -> Graded {
        Graded { matter: Some(matter.to_owned()), ..self }
    }
}

/// Purpose of whoever looks for another, who trusts him.
pub const HELPER: &str = "trust";

/// One person's look at graded values, for one purpose.
pub struct Look {
    who: Who,
    purpose: &'static str,
    area: Option<String>,
    /// By owner, what was given in clear.
    given: BTreeMap<String, Given>,
}

/// What was given of one owner: which elements, and in which matters they were said.
#[derive(Default)]
struct Given {
    elements: BTreeSet<&'static str>,
    matters: BTreeSet<String>,
}

/// Matters of one owner that a read names; of more the reader saw the list of his work.
const NAMED: usize = 20;

impl Look {
    /// Begins a look.
    pub fn new(who: &Who, purpose: &'static str) -> Look {
        Look { who: who.clone(), purpose, area: None, given: BTreeMap::new() }
    }

    /// What it is for.
    pub fn purpose(&self) -> &'static str {
        self.purpose
    }

    /// The value as this reader may see it; `None` when hidden.
    pub fn at(&mut self, value: &Graded, relation: Relation) -> Option<String> {
        let own = self.who.person.as_deref() == Some(&value.owner);
        let relation = if own { Relation::Owner } else { relation };
        // Whoever acts for another is a reader as any other.
        let itself = relation == Relation::Owner && self.who.by.is_none();
        let roles: Vec<RoleKind> = self.who.roles.iter().map(|r| r.kind).collect();
        match decide(value.element, &Asker { roles: &roles, purpose: self.purpose, relation }).decision {
            Decision::Plain => {
                if !itself {
                    let given = self.given.entry(value.owner.clone()).or_default();
                    given.elements.insert(value.element);
                    given.matters.extend(value.matter.clone());
                }
                Some(value.value.clone())
            }
            Decision::Mask => Some(grade::apply(element(value.element)?.mask, &value.value)),
            Decision::Hash | Decision::Hidden => None,
        }
    }

    /// Somebody's value is given in clear by something else than itself: by a list of all who have it.
    pub fn gives(&mut self, owner: &str, element: &'static str) {
        self.given.entry(owner.to_owned()).or_default().elements.insert(element);
    }

    /// Writes the reads of others' values in clear into the log: one entry, and a row for each subject. Must succeed
    /// before the view leaves; a full disk therefore refuses the view (inv12).
    pub fn record(self, app: &App) -> Result<()> {
        let given: Vec<_> = self.given.into_iter().filter(|(_, g)| g.elements.iter().any(|e| grade_of(e) >= 2)).collect();
        let Some(reader) = self.who.actor().map(str::to_owned).filter(|_| !given.is_empty()) else { return Ok(()) };
        let role = self.who.roles.iter().find(|r| r.body.is_some()).or(self.who.roles.first()).cloned();
        let (purpose, area) = (if self.who.by.is_some() && self.who.key.is_none() { HELPER } else { self.purpose }, self.area);
        app.db.write(move |tx| {
            let body = role.as_ref().and_then(|r| r.body.clone());
            let entry = Entry {
                actor: Some(&reader),
                role: role.as_ref().map(|r| r.kind.as_str()),
                party: body.as_deref(),
                area: area.as_deref(),
                ..Entry::new("read", "person", &reader)
            };
            let elements: BTreeSet<&str> = given.iter().flat_map(|(_, g)| g.elements.iter().copied()).collect();
            let entry = entry.fact("purpose", purpose).fact("subjects", given.len() as i64);
            let logged = tx.log(entry.fact("elements", elements.into_iter().collect::<Vec<_>>().join(" ")))?;
            let now = tx.now();
            let rows: Vec<Vec<store::Value>> = given
                .iter()
                .map(|(owner, g)| {
                    let elements = g.elements.iter().copied().collect::<Vec<_>>().join(" ");
                    let matters: Vec<&str> = g.matters.iter().take(NAMED).map(String::as_str).collect();
                    let matters = Some(matters.join(" ")).filter(|m| !m.is_empty());
                    params![owner, logged.index, now, &reader, &body, elements, purpose, matters].to_vec()
                })
                .collect();
            let columns = ["owner", "seq", "at", "reader", "body", "elements", "purpose", "matters"];
            tx.insert_many("read_log", &columns, &rows)?;
            Ok::<_, crate::kit::Error>(())
        })?;
        Ok(())
    }
}
