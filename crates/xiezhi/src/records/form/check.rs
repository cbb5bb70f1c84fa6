//! The guard: what of a form is held already, of how many, since when, and by whom.
//!
//! What must stay true: it counts cells and tells no value; whoever does not keep the register learns no small number.

use schemars::JsonSchema;
use serde::Serialize;
use store::Query;

use super::{Asks, Form, rules};
use crate::base::catalogue::{element, held};
use crate::kit::i18n::Lang;
use crate::kit::time::Ms;
use crate::kit::{App, Result, Who};
use crate::records::register::query;
use crate::records::register::statistics::told;

/// Another organisation that collects an element for everybody in that place.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Elsewhere {
    pub provider: String,
    /// Code and title of its resource, where it is asked for.
    pub resource: String,
    pub title: String,
    pub since: String,
}

/// Who else collects an element, for a form of `body` about the place at `path`.
pub fn elsewhere(app: &App, q: &mut dyn Query, element: &str, path: &str, body: &str) -> Result<Option<Elsewhere>> {
    let found = held::elsewhere(q, element, path, body)?;
    Ok(found.map(|(h, provider)| Elsewhere { provider, resource: h.resource, title: h.title, since: app.time(h.since) }))
}

/// One field of a form, and what is held of it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Field {
    /// What the form calls it, or the key of the element's name.
    pub label: String,
    /// The element that holds it.
    pub element: Option<&'static str>,
    /// The key of that element's name.
    pub text: Option<String>,
    /// A question whose words mean that element.
    pub recognised: bool,
    /// Held of at least one.
    pub is_held: bool,
    /// Of how many; none when the number is too small for this reader.
    pub held: Option<i64>,
    /// Of how many it could be.
    pub people: Option<i64>,
    /// Since when the first of them.
    pub since: Option<String>,
    /// Who collects it and answers for it.
    pub lead: Option<&'static str>,
    /// What a question is for.
    pub reason: Option<String>,
    /// Another organisation that collects it: to be asked instead of people.
    pub elsewhere: Option<Elsewhere>,
}

/// What is held of a form.
pub struct Check {
    /// Its fields, elements first.
    pub fields: Vec<Field>,
    /// Whom it means.
    pub people: i64,
    /// Characters that need not be typed.
    pub saved: i64,
    /// What it asks once questions that mean an element are that element.
    pub asks: Asks,
}

impl Check {
    /// The first element that another organisation collects.
    pub fn elsewhere(&self) -> Option<&'static str> {
        self.fields.iter().filter(|f| f.elsewhere.is_some()).find_map(|f| f.element)
    }

    /// Fields that are held.
    pub fn held(&self) -> usize {
        self.fields.iter().filter(|f| f.is_held).count()
    }
}

/// Names of elements in both languages.
fn names(app: &App, form: &Form) -> Vec<(&'static str, String)> {
    let all = query::elements(form.record.of()).into_iter();
    all.flat_map(|e| [Lang::Zh, Lang::En].map(|lang| (e, app.texts.plain(lang, &query::name_key(e))))).collect()
}

/// Looks what is held.
pub fn look(app: &App, q: &mut dyn Query, who: &Who, form: &Form, now: Ms) -> Result<Check> {
    let people = form.population(q, app, &form.path, now)?;
    let total = people.len() as i64;
    let exact = query::keeps(who, &form.path);
    let mut asks = Asks { elements: form.asks.elements.clone(), own: Vec::new() };
    let names = names(app, form);
    let mut fields = Vec::new();
    let mut saved = 0;
    let field = |label: String, element: Option<&'static str>, reason: Option<String>, saved: &mut i64| {
        let held: Vec<_> = element.map(|e| people.iter().filter_map(|p| p.held(e)).collect()).unwrap_or_default();
        *saved += held.iter().map(|h| h.chars).sum::<i64>();
        let since: Option<Ms> = held.iter().map(|h| h.at).min();
        Field {
            recognised: false,
            text: element.map(query::name_key),
            lead: element.and_then(crate::base::catalogue::element).and_then(|e| e.lead.as_deref()),
            is_held: !held.is_empty(),
            held: told(held.len() as i64, exact).filter(|_| told(total, exact).is_some()),
            people: told(total, exact),
            since: since.map(|at| app.time(at)),
            element,
            reason,
            label,
            elsewhere: None,
        }
    };
    for known in form.asks.known(form.record) {
        fields.push(field(query::name_key(known), Some(known), None, &mut saved));
    }
    for question in &form.asks.own {
        let meant = rules::meant(&question.label, form.record, &names);
        match meant {
            Some(e) if asks.elements.iter().any(|known| known == e) => {
                // Asked for twice in one form: counted once.
                fields.push(Field {
                    recognised: true,
                    ..field(question.label.clone(), Some(e), Some(question.reason.clone()), &mut 0)
                });
            }
            Some(e) => {
                asks.elements.push(e.to_owned());
                let one = field(question.label.clone(), Some(e), Some(question.reason.clone()), &mut saved);
                fields.push(Field { recognised: true, ..one });
            }
            None => {
                asks.own.push(question.clone());
                fields.push(field(question.label.clone(), None, Some(question.reason.clone()), &mut saved));
            }
        }
    }
    for field in &mut fields {
        if let Some(element) = field.element {
            field.elsewhere = elsewhere(app, q, element, &form.path, &form.body)?;
        }
    }
    debug_assert!(asks.elements.iter().all(|e| element(e).is_some()), "a form asks for elements that exist");
    Ok(Check { fields, people: total, saved, asks })
}
