//! Terms that services are filed under, with the words by which people ask for them: ours (`data/services/terms.toml`) and
//! those that came with packages.
//!
//! What must stay true: a term keeps its id; what somebody types finds a term by its name, by everyday words for it, by how
//! they are read, by first letters and with one mistake; terms are few ([`MOST`]) and kept in memory.

use std::sync::{Arc, OnceLock};

use serde::Deserialize;
use store::Query;

use super::derived;
use super::words::{nearly, plain, spoken};
use crate::base::area;
use crate::kit::i18n::Lang;
use crate::kit::time::Ms;
use crate::kit::versioned::Versioned;
use crate::kit::{App, Result};

/// Terms of a node.
pub const MOST: usize = 20_000;
/// Terms that a query is taken to mean.
const MEANT: usize = 6;

const PACK: &str = include_str!("../../../../../data/services/terms.toml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pack {
    name: Name,
    about: String,
    term: Vec<PackTerm>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Name {
    zh: String,
    en: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PackTerm {
    code: String,
    parent: Option<String>,
    zh: String,
    en: String,
    words: Vec<String>,
}

/// A list of terms.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Taxonomy {
    pub id: String,
    pub name: String,
    pub about: String,
    pub modified_at: Ms,
}

/// A term.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Term {
    pub id: String,
    pub taxonomy: String,
    pub parent: Option<String>,
    pub code: Option<String>,
    pub name: String,
    pub en: Option<String>,
    pub about: String,
    pub words: Vec<String>,
    pub modified_at: Ms,
}

impl Term {
    /// Its name.
    pub fn word(&self, lang: Lang) -> &str {
        match lang {
            Lang::En => self.en.as_deref().unwrap_or(&self.name),
            Lang::Zh => &self.name,
        }
    }
}

/// A phrase that means a term.
struct Phrase {
    /// Place of the term.
    term: usize,
    plain: String,
    read: String,
    first: String,
}

/// All of them.
pub struct Terms {
    /// Lists of terms, in the order of their ids.
    pub taxonomies: Vec<Taxonomy>,
    /// Terms, in the order of their ids.
    pub all: Vec<Term>,
    phrases: Vec<Phrase>,
    /// The order in which ours stand in their file.
    own: Vec<String>,
}

/// The id of a term of ours.
pub fn own_id(code: &str) -> String {
    derived(&["term", code])
}

/// The id of our list of terms.
pub fn own_taxonomy() -> String {
    derived(&["taxonomy", "xiezhi"])
}

fn pack() -> &'static Pack {
    static ALL: OnceLock<Pack> = OnceLock::new();
    // Embedded data, checked by a test.
    ALL.get_or_init(|| toml::from_str(PACK).expect("data/services/terms.toml"))
}

/// The terms of this node.
pub fn read(q: &mut dyn Query, app: &App) -> Result<Arc<Terms>> {
    static KEPT: Versioned<Terms> = Versioned::new();
    let version = area::version(q)?;
    KEPT.get(app, version, || Ok(load(q)?))
}

/// The same, past what is kept: for a write.
pub fn load(q: &mut dyn Query) -> store::Result<Terms> {
    let ours = pack();
    let mut taxonomies = vec![Taxonomy {
        id: own_taxonomy(),
        name: format!("{} ({})", ours.name.zh, ours.name.en),
        about: ours.about.clone(),
        modified_at: 0,
    }];
    let mut all: Vec<Term> = ours
        .term
        .iter()
        .map(|t| Term {
            id: own_id(&t.code),
            taxonomy: own_taxonomy(),
            parent: t.parent.as_deref().map(own_id),
            code: Some(t.code.clone()),
            name: t.zh.clone(),
            en: Some(t.en.clone()),
            about: t.words.join("、"),
            words: t.words.clone(),
            modified_at: 0,
        })
        .collect();
    let own = all.iter().map(|t| t.id.clone()).collect();
    for row in q.rows("select id, name, about, modified_at from service_taxonomy order by id", &[])? {
        let (id, name, about) = (row.get("id")?, row.get("name")?, row.get("about")?);
        taxonomies.push(Taxonomy { id, name, about, modified_at: row.get("modified_at")? });
    }
    let sql = format!("select id, taxonomy, parent, code, name, about, modified_at from service_term order by id limit {MOST}");
    for row in q.rows(&sql, &[])? {
        let (id, taxonomy, parent, code) = (row.get("id")?, row.get("taxonomy")?, row.get("parent")?, row.get("code")?);
        let (name, about, modified_at) = (row.get("name")?, row.get("about")?, row.get("modified_at")?);
        all.push(Term { id, taxonomy, parent, code, name, en: None, about, words: Vec::new(), modified_at });
    }
    taxonomies.sort_by(|a, b| a.id.cmp(&b.id));
    all.sort_by(|a, b| a.id.cmp(&b.id));
    let mut phrases = Vec::new();
    for (term, one) in all.iter().enumerate() {
        let said = [&one.name].into_iter().chain(one.en.as_ref()).chain(&one.words);
        phrases.extend(said.map(|text| {
            let (read, first) = spoken(text);
            Phrase { term, plain: squeezed(text), read, first }
        }));
    }
    Ok(Terms { taxonomies, all, phrases, own })
}

fn squeezed(text: &str) -> String {
    plain(text).chars().filter(|c| c.is_alphanumeric()).collect()
}

impl Terms {
    /// The term with this id.
    pub fn get(&self, id: &str) -> Option<&Term> {
        self.all.binary_search_by(|t| t.id.as_str().cmp(id)).ok().map(|at| &self.all[at])
    }

    /// The list of terms with this id.
    pub fn taxonomy(&self, id: &str) -> Option<&Taxonomy> {
        self.taxonomies.iter().find(|t| t.id == id)
    }

    /// Terms of ours, in the order of their file.
    pub fn own(&self) -> impl Iterator<Item = &Term> {
        self.own.iter().filter_map(|id| self.get(id))
    }

    /// The term that a clerk or a file names: by id, code, or name.
    pub fn named(&self, text: &str) -> Option<&Term> {
        let text = text.trim();
        self.get(text).or_else(|| {
            self.own()
                .chain(&self.all)
                .find(|t| t.code.as_deref() == Some(text) || t.name == text || t.en.as_deref() == Some(text))
        })
    }

    /// A term and those beneath it.
    pub fn with_beneath(&self, id: &str) -> Vec<&str> {
        let mut out: Vec<&str> = self.get(id).map(|t| t.id.as_str()).into_iter().collect();
        let mut at = 0;
        while let Some(one) = out.get(at).copied() {
            at += 1;
            // Each once, also where a package has a circle.
            let more: Vec<&str> = self
                .all
                .iter()
                .filter(|t| t.parent.as_deref() == Some(one) && !out.contains(&t.id.as_str()))
                .map(|t| t.id.as_str())
                .collect();
            out.extend(more);
        }
        out
    }

    /// The terms that a query is taken to mean, with how surely (1 to 8), the surest first.
    pub fn meant(&self, query: &str) -> Vec<(&Term, i64)> {
        let text = squeezed(query);
        let long = text.chars().count();
        if long < 2 {
            return Vec::new();
        }
        let latin = text.is_ascii();
        let (read, first) = spoken(query);
        let mut best: Vec<(usize, i64)> = Vec::new();
        for phrase in &self.phrases {
            let size = phrase.plain.chars().count();
            let sure = if phrase.plain == text {
                8
            } else if size > 1 && text.contains(&phrase.plain) && (!phrase.plain.is_ascii() || size > 3) {
                // The longer the part of the query that it is, the surer.
                3 + (size * 4 / long) as i64
            } else if phrase.plain.contains(&text) && (!latin || long > 3) {
                3
            } else if size > 1 && phrase.read == read {
                7
            } else if latin && !phrase.plain.is_ascii() && phrase.first == text {
                4
            } else if long > 2
                && size > 2
                && (nearly(&phrase.plain, &text) || !latin && first == phrase.first && long == size && long > 3)
            {
                2
            } else {
                continue;
            };
            match best.iter_mut().find(|(t, _)| *t == phrase.term) {
                Some(known) => known.1 = known.1.max(sure),
                None => best.push((phrase.term, sure)),
            }
        }
        best.sort_by_key(|(term, sure)| (-sure, self.all[*term].code.clone(), *term));
        best.truncate(MEANT);
        best.into_iter().map(|(term, sure)| (&self.all[term], sure)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Nothing;
    impl Query for Nothing {
        fn rows(&mut self, _: &str, _: &[store::Value]) -> store::Result<Vec<store::Row>> {
            Ok(Vec::new())
        }
        fn node_key(&self) -> store::Secret {
            store::Secret::new([0; 32])
        }
    }

    #[test]
    fn everyday_words_first_letters_sounds_and_mistakes_mean_a_term() {
        let terms = load(&mut Nothing).unwrap();
        let first = |query: &str| terms.meant(query).first().and_then(|(t, _)| t.code.clone()).unwrap_or_default();
        for (query, code) in [
            ("看腰", "health-bone"),
            ("我想看腰", "health-bone"),
            ("kanyao", "health-bone"),
            ("gk", "health-bone"),
            ("flyz", "law-aid"),
            ("法律援住", "law-aid"),
            ("轮以", "elder-aid"),
            ("没人带孩子怎么办", "child-care"),
            ("wheelchiar", "elder-aid"),
            ("Legal Aid", "law-aid"),
            ("食堂", "elder-meal"),
        ] {
            assert_eq!(first(query), code, "{query}");
        }
        assert!(terms.meant("啊").is_empty() && terms.meant("xyzzy").is_empty());
    }

    #[test]
    fn the_pack_is_sound() {
        let terms = load(&mut Nothing).unwrap();
        let mut codes: Vec<_> = pack().term.iter().map(|t| &t.code).collect();
        let all = codes.len();
        codes.sort();
        codes.dedup();
        assert_eq!(codes.len(), all, "a code stands twice");
        for one in &pack().term {
            assert!(one.parent.as_ref().is_none_or(|p| codes.contains(&p)), "{}: no parent", one.code);
        }
        assert_eq!(terms.with_beneath(&own_id("law")).len(), 3);
        assert_eq!(terms.named("骨科").map(|t| t.id.clone()), Some(own_id("health-bone")));
    }
}
