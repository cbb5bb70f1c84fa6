//! What the columns of a table mean: by their heads, and by what a committee said before. Data:
//! `data/register/import.toml`.
//!
//! What must stay true: nothing is taken that no column was said to be; the same head means the same for a committee
//! until it says otherwise.

use std::collections::{BTreeMap, HashMap};
use std::sync::OnceLock;

use serde::Deserialize;
use store::{Query, params};

use super::super::rules;

#[derive(Deserialize)]
struct Data {
    heads: BTreeMap<String, Vec<String>>,
}

fn data() -> &'static Data {
    static DATA: OnceLock<Data> = OnceLock::new();
    // Embedded data, checked by a test.
    DATA.get_or_init(|| {
        toml::from_str(include_str!("../../../../../../data/register/import.toml")).expect("register/import.toml")
    })
}

/// What a column can be besides an element of a person: parts of where he lives, and the number of his household.
pub const PLACES: [&str; 5] = ["address", "building", "unit", "room", "house"];
/// Heads of the column in which problems are told; it is left out when the table comes back.
pub const PROBLEM: [&str; 2] = ["错误原因", "problem"];
/// Lines among which the head is looked for, and most characters of one.
pub const LOOKED: u64 = 10;
const HEAD: usize = 60;

/// Everything that a column can be, in the order of a form.
pub fn targets() -> impl Iterator<Item = &'static str> {
    rules::PERSON.into_iter().chain(PLACES)
}

/// The target of this code.
pub fn target(code: &str) -> Option<&'static str> {
    targets().find(|t| *t == code)
}

/// A head without blanks, marks and what stands in brackets, in small half-width letters.
pub fn plain(head: &str) -> String {
    let mut depth = 0;
    let mut out = String::new();
    for c in head.chars().map(calc::codes::half_width).take(HEAD) {
        match c {
            '(' | '[' | '【' => depth += 1,
            ')' | ']' | '】' => depth = (depth - 1).max(0),
            c if depth == 0 && c.is_alphanumeric() => out.extend(c.to_lowercase()),
            _ => {}
        }
    }
    out
}

fn by_head() -> &'static HashMap<String, &'static str> {
    static ALL: OnceLock<HashMap<String, &'static str>> = OnceLock::new();
    ALL.get_or_init(|| {
        let each = data().heads.iter().filter_map(|(code, heads)| Some((target(code)?, heads)));
        each.flat_map(|(target, heads)| heads.iter().map(move |h| (plain(h), target))).collect()
    })
}

/// What a head means by itself.
pub fn meant(head: &str) -> Option<&'static str> {
    by_head().get(&plain(head)).copied()
}

/// What each column is, by what the committee said, then by the head. A target is given to one column only.
pub fn columns(q: &mut dyn Query, body: &str, head: &[String]) -> store::Result<Vec<Option<&'static str>>> {
    let mut said: HashMap<String, Option<&'static str>> = HashMap::new();
    for row in q.rows("select head, target from register_head where body = $1 order by head limit 500", params![body])? {
        said.insert(row.get("head")?, target(&row.get::<String>("target")?));
    }
    let mut out: Vec<Option<&'static str>> = Vec::with_capacity(head.len());
    for text in head {
        let means = said.get(&plain(text)).copied().unwrap_or_else(|| meant(text));
        out.push(means.filter(|t| !out.contains(&Some(*t))));
    }
    Ok(out)
}

/// How many columns of a line are heads that mean something.
pub fn score(cells: &[String]) -> usize {
    let mut seen: Vec<&str> = cells.iter().filter_map(|c| meant(c)).collect();
    seen.sort_unstable();
    seen.dedup();
    seen.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn heads_of_the_data_lead_somewhere() {
        for (code, heads) in &data().heads {
            assert!(target(code).is_some(), "{code}");
            for head in heads {
                assert_eq!(meant(head), Some(code.as_str()), "{head} means two things");
            }
        }
    }

    #[test]
    fn heads_as_people_write_them() {
        assert_eq!(meant(" 姓 名 "), Some("register.name"));
        assert_eq!(meant("身份证号码（18位）"), Some("register.id_number"));
        assert_eq!(meant("与户主关系*"), Some("register.relation"));
        assert_eq!(meant("备注"), None);
    }
}
