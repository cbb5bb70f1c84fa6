//! What a class asks besides: asked in the report form, sealed with the report, shown to whoever may read its words.
//!
//! What must stay true: nobody is refused for a question he leaves open; an answer is one of those that can be chosen, a
//! number, a day, or words within a limit; every answer is a graded value from where it is opened to where a decision lets
//! it out; what a partner system said unasked is for those who work on the case only.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value as Json;

use super::NewReport;
use crate::base::catalogue::{Look, Relation};
use crate::base::classes::Class;
use crate::base::classes::class::{Datatype, Question};
use crate::kit::error::Kind;
use crate::kit::i18n::Lang;
use crate::kit::input::Input;
use crate::kit::{Result, time};
use crate::records::case::Case;

/// Characters of a short answer, and of a long one.
const SHORT: usize = 100;
const LONG: usize = 1000;
/// What a form calls an answer: this and the code of the question.
const PREFIX: &str = "answer-";

/// What was answered, as a form carries it along: code and values.
pub type Answers = BTreeMap<String, Vec<String>>;

/// A question as the form asks it.
#[derive(Serialize, JsonSchema)]
pub struct Asked {
    /// Name of its field.
    pub name: String,
    /// The question.
    pub text: String,
    /// `string number datetime text singlevaluelist multivaluelist`
    pub kind: &'static str,
    /// What can be chosen.
    pub values: Vec<Choice>,
    /// What was typed already.
    pub value: String,
    /// Characters it may have.
    pub max: usize,
}

/// Something to choose.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Choice {
    pub code: String,
    pub name: String,
    pub chosen: bool,
}

/// A question with its answer, as a reader sees it.
#[derive(Serialize, JsonSchema)]
pub struct Answered {
    /// Code of the question.
    pub code: String,
    /// The question; its code where the class no longer asks it.
    pub question: String,
    /// The answer.
    pub answer: String,
}

/// Everything a form carries of answers, whatever class they belong to: changing the class and back loses nothing.
pub fn carried(input: &Input) -> Answers {
    let mut out = Answers::new();
    for (name, value) in &input.0 {
        let Some(code) = name.strip_prefix(PREFIX).filter(|c| !c.is_empty() && c.len() <= 40) else { continue };
        let values: Vec<String> = texts(value).into_iter().filter(|v| !v.trim().is_empty() && v.len() <= LONG * 4).collect();
        if !values.is_empty() && out.len() < 40 {
            out.insert(code.to_owned(), values.into_iter().take(40).collect());
        }
    }
    out
}

/// The questions of a class with what was answered so far.
pub fn asked(class: &Class, given: &Answers, lang: Lang) -> Vec<Asked> {
    let one = |q: &Question| {
        let mine = given.get(&q.code).map(Vec::as_slice).unwrap_or_default();
        let choice = |(code, name): &(String, _)| Choice {
            code: code.clone(),
            name: crate::base::classes::Words::get(name, lang).to_owned(),
            chosen: mine.contains(code),
        };
        Asked {
            name: format!("{PREFIX}{}", q.code),
            text: q.text.get(lang).to_owned(),
            kind: q.datatype.as_str(),
            values: q.values.iter().map(choice).collect(),
            value: mine.first().cloned().unwrap_or_default(),
            max: longest(q.datatype),
        }
    };
    class.questions.iter().map(one).collect()
}

/// Reads the answers to the questions of a class: `answers: {code: value or [values]}`, or the fields of the form.
pub fn read(input: &Input, class: Option<&Class>) -> Result<Vec<(String, String)>> {
    let questions = class.map(|c| c.questions.as_slice()).unwrap_or_default();
    let object = input.object("answers")?;
    if object.0.keys().any(|code| questions.iter().all(|q| q.code != *code)) {
        return Err(Kind::Unknown.at("answers"));
    }
    let mut out = Vec::new();
    for q in questions {
        let field = format!("{PREFIX}{}", q.code);
        let Some(value) = object.0.get(&q.code).or(input.0.get(&field)) else { continue };
        let given: Vec<String> = texts(value).into_iter().filter_map(|v| clean(&v)).collect();
        if given.len() > 1 && q.datatype != Datatype::Many {
            return Err(Kind::TooMany.at(field).limit(1));
        }
        for value in given {
            if value.chars().count() > longest(q.datatype) {
                return Err(Kind::TooLong.at(field).limit(longest(q.datatype) as i64));
            }
            if !fits(q, &value) {
                return Err(if q.datatype.has_values() { Kind::Unknown } else { Kind::WrongType }.at(field));
            }
            if !out.contains(&(q.code.clone(), value.clone())) {
                out.push((q.code.clone(), value));
            }
        }
    }
    Ok(out)
}

fn longest(kind: Datatype) -> usize {
    if kind == Datatype::Text { LONG } else { SHORT }
}

/// The texts in a value: numbers and yes or no of a program count as they are written.
fn texts(value: &Json) -> Vec<String> {
    match value {
        Json::Array(all) => all.iter().flat_map(texts).collect(),
        Json::String(s) => vec![s.clone()],
        Json::Number(n) => vec![n.to_string()],
        _ => Vec::new(),
    }
}

/// Cleaned as any text that comes in.
fn clean(value: &str) -> Option<String> {
    let mut input = Input::default();
    input.0.insert("value".into(), value.into());
    input.text("value", usize::MAX).ok().flatten()
}

fn fits(q: &Question, value: &str) -> bool {
    match q.datatype {
        Datatype::Number => value.parse::<f64>().is_ok_and(f64::is_finite),
        Datatype::Datetime => time::parse(value).is_some() || value.parse::<jiff::civil::Date>().is_ok(),
        Datatype::One | Datatype::Many => q.values.iter().any(|(code, _)| code == value),
        Datatype::String | Datatype::Text => true,
    }
}

/// The answers in a sealed element, each as this reader may see it.
pub fn shown(case: &Case, class: &Class, sealed: &str, relation: Relation, look: &mut Look, lang: Lang) -> Vec<Answered> {
    let all: Answers = serde_json::from_str(sealed).unwrap_or_default();
    let mut out = Vec::new();
    let position = |code: &str| class.questions.iter().position(|q| q.code == code).unwrap_or(usize::MAX);
    let mut codes: Vec<&String> = all.keys().collect();
    codes.sort_by_key(|code| position(code));
    for code in codes {
        let question = class.questions.iter().find(|q| q.code == *code);
        if question.is_none() && relation == Relation::Public {
            continue;
        }
        let word = |value: &String| {
            let named = question.and_then(|q| q.values.iter().find(|(key, _)| key == value));
            named.map_or_else(|| value.clone(), |(_, name)| name.get(lang).to_owned())
        };
        let text = all[code].iter().map(word).collect::<Vec<_>>().join(if lang == Lang::Zh { "、" } else { ", " });
        if let Some(answer) = look.at(&case.graded("case.answers", text), relation) {
            let question = question.map_or_else(|| code.clone(), |q| q.text.get(lang).to_owned());
            out.push(Answered { code: code.clone(), question, answer });
        }
    }
    out
}

/// Whether an error is about an answer.
pub fn concerns(field: Option<&str>) -> bool {
    field.is_some_and(|f| f.starts_with(PREFIX))
}

/// Whether the form has something to ask about this report.
pub fn any(class: Option<&Class>) -> bool {
    class.is_some_and(|c| !c.questions.is_empty())
}

impl NewReport {
    /// Takes the answers to the questions of its class.
    pub(super) fn answer(&mut self, input: &Input, class: Option<&Class>) -> Result<()> {
        self.answers = read(input, class)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::base::classes;

    fn read_as(class: &str, body: Json) -> Result<Vec<(String, String)>> {
        let all = classes::embedded();
        read(&Input(body.as_object().unwrap().clone()), all.get(class))
    }

    #[test]
    fn answers_come_from_programs_and_forms_alike_and_nothing_is_required() {
        let pairs = |list: &[(&str, &str)]| list.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect::<Vec<_>>();
        assert_eq!(read_as("lift", json!({})).unwrap(), [], "required of programs of partners only");
        let json = json!({ "answers": { "trapped": "no", "number": " 3号梯\u{202e} " } });
        assert_eq!(read_as("lift", json).unwrap(), pairs(&[("trapped", "no"), ("number", "3号梯")]));
        let form = json!({ "answer-when": ["night", "midday", "night"], "answer-since": "2026-03-01", "answer-kind": "dog" });
        assert_eq!(
            read_as("noise", form).unwrap(),
            pairs(&[("when", "night"), ("when", "midday"), ("since", "2026-03-01")]),
            "what this class does not ask stays out"
        );
        assert_eq!(read_as("building", json!({ "answers": { "floor": 3 } })).unwrap(), pairs(&[("floor", "3")]));
        for (class, body, kind) in [
            ("lift", json!({ "answers": { "trapped": "maybe" } }), Kind::Unknown),
            ("lift", json!({ "answers": { "colour": "red" } }), Kind::Unknown),
            ("lift", json!({ "answers": { "trapped": ["yes", "no"] } }), Kind::TooMany),
            ("lift", json!({ "answers": "yes" }), Kind::WrongType),
            ("lift", json!({ "answers": { "number": "9".repeat(101) } }), Kind::TooLong),
            ("building", json!({ "answers": { "floor": "three" } }), Kind::WrongType),
            ("noise", json!({ "answer-since": "yesterday" }), Kind::WrongType),
        ] {
            assert_eq!(read_as(class, body.clone()).unwrap_err().kind, kind, "{class} {body}");
        }
    }
}
