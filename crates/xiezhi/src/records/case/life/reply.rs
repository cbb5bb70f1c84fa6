//! Answers that a clerk may use: words for each step, some for every matter and some for a family of classes, filled with
//! what is known of the case.
//!
//! What must stay true (inv06): the words are data; an answer is offered only when everything it speaks of is known, or comes with
//! the step itself (to whom, until when); a clerk's own words win over it; what was chosen is logged like any other words.

use std::sync::OnceLock;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::Query;

use super::Said;
use super::change;
use crate::base::area::names::Names;
use crate::base::classes::Class;
use crate::kit::error::Kind;
use crate::kit::i18n::Lang;
use crate::kit::time;
use crate::kit::{App, Result};
use crate::records::case::rules::{Action, Outcome};
use crate::records::case::{Case, Rulebook, place_text};

/// What is known only with the step: the word in the text, and how it stands there before.
const LATER: [(&str, &str, &str); 2] = [("{to}", "〔承办单位〕", "[the party]"), ("{until}", "〔到期日〕", "[the date]")];

/// A row of the table.
#[derive(Debug, Deserialize)]
struct Answer {
    id: String,
    action: String,
    outcome: String,
    family: String,
    label_zh: String,
    label_en: String,
    zh: String,
    en: String,
}

impl Answer {
    fn text(&self, lang: Lang) -> &str {
        if lang == Lang::En { &self.en } else { &self.zh }
    }
}

/// An answer, ready to be used.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Offer {
    /// Its name.
    pub id: String,
    /// For which step.
    pub action: String,
    /// For which end of the matter, when it is closed.
    pub outcome: Option<String>,
    /// What it says in short.
    pub label: String,
    /// What it says.
    pub text: String,
}

/// The table. Embedded data, checked by a test: a mistake in it stops the program at its first use.
fn all() -> &'static [Answer] {
    static ALL: OnceLock<Vec<Answer>> = OnceLock::new();
    ALL.get_or_init(|| {
        let text = include_str!("../../../../../../data/answers/answers.csv");
        csv::Reader::from_reader(text.as_bytes()).deserialize().collect::<std::result::Result<_, _>>().expect("answers.csv")
    })
}

/// The answers for some steps of a case, those of its own family first.
pub fn offers(q: &mut dyn Query, book: &Rulebook, case: &Case, actions: &[Action], lang: Lang) -> Result<Vec<Offer>> {
    let wanted = |a: &&Answer| actions.iter().any(|action| action.as_str() == a.action);
    if !all().iter().any(|a| wanted(&a)) {
        return Ok(Vec::new());
    }
    let known = known(q, book, case, lang)?;
    let class = book.class(case);
    let (own, general): (Vec<_>, Vec<_>) =
        all().iter().filter(wanted).filter(|a| fits(book, class, a)).partition(|a| !a.family.is_empty());
    let offer = |a: &Answer| {
        let text = LATER
            .iter()
            .fold(filled(a.text(lang), &known)?, |t, (word, zh, en)| t.replace(word, if lang == Lang::En { en } else { zh }));
        let label = if lang == Lang::En { &a.label_en } else { &a.label_zh };
        let outcome = Outcome::parse(&a.outcome).map(|o| o.as_str().to_owned());
        Some(Offer { id: a.id.clone(), action: a.action.clone(), outcome, label: label.clone(), text })
    };
    Ok(own.into_iter().chain(general).filter_map(offer).collect())
}

/// An answer is for every class, or for one family: the class itself and those that share a word with it.
fn fits(book: &Rulebook, class: &Class, answer: &Answer) -> bool {
    answer.family.is_empty() || book.classes.get(&answer.family).is_some_and(|family| family.is_kin(class))
}

type Known = Vec<(&'static str, String)>;

/// What is known of the case, by the word that stands for it.
fn known(q: &mut dyn Query, book: &Rulebook, case: &Case, lang: Lang) -> Result<Known> {
    let class = book.class(case);
    let party = case.handler.as_deref().or(case.holder.as_deref()).map(|id| book.chart.name(id));
    let elsewhere = class.out_of_scope.then(|| class.answer.get(lang).to_owned());
    let named = case.class.as_ref().map(|_| class.name(lang).to_owned());
    let mut out = vec![("{number}", case.number.clone()), ("{place}", place_text(&Names::default(), q, case)?)];
    out.extend(party.map(|p| ("{party}", p)));
    out.extend(named.map(|n| ("{class}", n)));
    out.extend(elsewhere.map(|e| ("{elsewhere}", e)));
    Ok(out)
}

/// The text with what is known; `None` when it speaks of something that is not.
fn filled(text: &str, known: &Known) -> Option<String> {
    let out = known.iter().fold(text.to_owned(), |t, (word, value)| t.replace(word, value));
    let later = LATER.iter().fold(out.clone(), |t, (word, _, _)| t.replace(word, ""));
    (!later.contains('{')).then_some(out)
}

/// Puts the chosen answer where the step expects its words, unless the clerk wrote some, and says what came with the step.
pub fn apply(
    app: &App,
    book: &Rulebook,
    case: &Case,
    action: Action,
    chosen: Option<&str>,
    said: &mut Said,
    lang: Lang,
) -> Result<()> {
    if let (Some(id), None) = (chosen, said.words()) {
        let offers = app.db.read(|r| offers(r, book, case, &[action], lang))?;
        let text = offers.into_iter().find(|o| o.id == id).ok_or_else(|| Kind::Unknown.at("answer"))?.text;
        if change::needs_words(action) { said.reason = Some(text) } else { said.text = Some(text) }
    }
    let to = said.to.as_deref().map(|id| book.chart.name(id));
    let zh = lang == Lang::Zh;
    let until = said.until.map(|at| time::day(at, app.now(), &app.config.zone, zh));
    for ((_, word_zh, word_en), value) in LATER.iter().zip([to, until]) {
        let Some(value) = value else { continue };
        for words in [&mut said.reason, &mut said.text].into_iter().flatten() {
            *words = words.replace(word_zh, &value).replace(word_en, &value);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::classes;

    #[test]
    fn the_table_is_whole_and_well_written() {
        let classes = classes::embedded();
        let mut ids = std::collections::BTreeSet::new();
        for a in all() {
            assert!(ids.insert(&a.id), "{}: twice", a.id);
            assert!(Action::parse(&a.action).is_some(), "{}: {}", a.id, a.action);
            assert!(
                a.outcome.is_empty() == (a.action != "close") && (a.outcome.is_empty() || Outcome::parse(&a.outcome).is_some())
            );
            assert!(a.family.is_empty() || classes.get(&a.family).is_some_and(|c| c.plain.is_some()), "{}: {}", a.id, a.family);
            let words = |t: &str| -> Vec<String> {
                let mut all: Vec<String> = t.split('{').skip(1).filter_map(|w| w.split('}').next()).map(str::to_owned).collect();
                all.sort();
                all.dedup();
                all
            };
            assert!(!a.en.is_empty() && !a.label_en.is_empty() && a.zh.chars().count() <= 120, "{}", a.id);
            assert!(!a.zh.contains(['!', '！', ',', ';', '?']) && !a.en.contains('!'), "{}: {}", a.id, a.zh);
            for word in words(&a.zh).iter().chain(&words(&a.en)) {
                assert!(
                    ["number", "place", "party", "class", "elsewhere", "to", "until"].contains(&word.as_str()),
                    "{}: {word}",
                    a.id
                );
            }
            let rests = a.action == "hang_up" || a.action == "suspend";
            assert_eq!(a.zh.contains("{until}") && a.en.contains("{until}"), rests, "{}: what rests says until when", a.id);
        }
        for action in ["accept", "dispatch", "feedback", "close", "reject", "merge", "hang_up", "suspend"] {
            assert!(all().iter().any(|a| a.action == action && a.family.is_empty()), "{action}: nothing for every class");
        }
        for outcome in [Outcome::Solved, Outcome::Half, Outcome::NotConfirmed, Outcome::OutOfScope] {
            assert!(all().iter().any(|a| a.outcome == outcome.as_str()), "{outcome:?}");
        }
        let families: std::collections::BTreeSet<&str> =
            all().iter().map(|a| a.family.as_str()).filter(|f| !f.is_empty()).collect();
        assert!(families.len() >= 12, "{families:?}");
    }

    #[test]
    fn what_is_not_known_is_not_spoken_of() {
        let known: Known = vec![("{number}", "260304-0001".into())];
        assert_eq!(filled("编号 {number}，{until}再看", &known).as_deref(), Some("编号 260304-0001，{until}再看"));
        assert_eq!(filled("{elsewhere}", &known), None);
    }
}
