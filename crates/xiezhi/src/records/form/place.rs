//! Placeholders of a workbook: `{{姓名}}` in a row that becomes a list, `{{人数:年龄>=60 性别=女}}` for a number.
//!
//! What must stay true: a placeholder that means nothing is named when the workbook comes in, not found out in the report.

use super::{Form, rules};
use crate::base::catalogue::codes;
use crate::kit::error::Kind;
use crate::kit::i18n::Lang;
use crate::kit::{App, Result};
use crate::records::register::query::{self, Filter};

/// Numbers of a report.
pub const NUMBERS: usize = 100;

/// What stands in a place.
#[derive(Clone, Debug, PartialEq)]
pub enum Place {
    /// An element of whoever is listed in this row.
    Element(&'static str),
    /// His answer to the question with this key.
    Own(String),
    /// His number in the list.
    Serial,
    /// How many fit.
    Count(Box<Filter>),
    /// What the form is called.
    Title,
    /// The period.
    Period,
    /// Who asks.
    Body,
    /// The day it was counted.
    Day,
}

impl Place {
    /// Whether its row becomes a list.
    pub fn repeats(&self) -> bool {
        matches!(self, Place::Element(_) | Place::Own(_) | Place::Serial)
    }
}

/// What a placeholder means.
pub fn parse(app: &App, form: &Form, inside: &str) -> Result<Place> {
    let bad = || Kind::BadPlaceholder.at(inside.to_owned());
    let word = inside.trim().to_lowercase();
    let (head, rest) = word.split_once([':', '：']).unwrap_or((&word, ""));
    Ok(match head.trim() {
        "序号" | "no" => Place::Serial,
        "标题" | "title" => Place::Title,
        "期" | "period" => Place::Period,
        "单位" | "body" => Place::Body,
        "日期" | "day" => Place::Day,
        "人数" | "户数" | "数" | "count" => Place::Count(Box::new(filter(rest).ok_or_else(bad)?)),
        _ => {
            let label = inside.trim();
            if let Some(question) = form.asks.own.iter().find(|q| q.label == label || q.key == label) {
                return Ok(Place::Own(question.key.clone()));
            }
            let elements = query::elements(form.record.of());
            if let Some(known) = elements.iter().find(|e| **e == word) {
                return Ok(Place::Element(known));
            }
            let names: Vec<(&'static str, String)> = elements
                .iter()
                .flat_map(|e| [Lang::Zh, Lang::En].map(|lang| (*e, app.texts.plain(lang, &query::name_key(e)))))
                .collect();
            Place::Element(rules::meant(label, form.record, &names).ok_or_else(bad)?)
        }
    })
}

/// Conditions with blanks or commas between them: `年龄>=60 性别=女 标签=独居老人 网格=321002001001-1`.
fn filter(text: &str) -> Option<Filter> {
    let mut out = Filter::default();
    for one in text.split([' ', ',', '，', '、', ';', '；', '\u{3000}']).filter(|o| !o.is_empty()) {
        let one = one.replace('≥', ">=").replace('≤', "<=").replace('＝', "=");
        let at = one.find(['<', '>', '='])?;
        let (name, rest) = one.split_at(at);
        let sign: String = rest.chars().take_while(|c| matches!(c, '<' | '>' | '=')).collect();
        let value = &rest[sign.len()..];
        let code = |list: &str| codes::meant(list, value).map(|c| c.code.clone());
        match name {
            "年龄" | "age" => {
                let number = |t: &str| t.parse::<i64>().ok().filter(|n| (0..=200).contains(n));
                match (sign.as_str(), value.split_once('-')) {
                    ("=", Some((from, to))) => (out.from, out.to) = (Some(number(from)?), Some(number(to)?)),
                    (">=", _) => out.from = Some(number(value)?),
                    (">", _) => out.from = Some(number(value)? + 1),
                    ("<=", _) => out.to = Some(number(value)?),
                    ("<", _) => out.to = Some(number(value)? - 1),
                    ("=", _) => (out.from, out.to) = (Some(number(value)?), Some(number(value)?)),
                    _ => return None,
                }
            }
            _ if sign != "=" => return None,
            "性别" | "sex" => out.sex = Some(code("sex")?),
            "居住" | "stay" => out.stay = Some(code("stay")?),
            "标签" | "tag" => out.tag = Some(code("tag")?),
            "网格" | "社区" | "area" => out.area = Some(value.to_owned()),
            _ => return None,
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_read_as_people_write_them() {
        let one = filter("年龄>=60 性别=女，标签=独居老人").unwrap();
        assert_eq!((one.from, one.to, one.sex.as_deref(), one.tag.as_deref()), (Some(60), None, Some("2"), Some("alone")));
        let one = filter("age=60-79, area=321002001001-1").unwrap();
        assert_eq!((one.from, one.to, one.area.as_deref()), (Some(60), Some(79), Some("321002001001-1")));
        assert_eq!(filter("年龄<18").unwrap().to, Some(17));
        assert_eq!(filter("").unwrap(), Filter::default());
        for text in ["年龄", "年龄~60", "性别>女", "颜色=红", "标签=富人", "age=x"] {
            assert_eq!(filter(text), None, "{text}");
        }
    }
}
