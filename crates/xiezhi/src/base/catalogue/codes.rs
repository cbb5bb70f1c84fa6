//! National code lists, and the few of ours beside them: `data/codes/codes.csv`.
//!
//! What must stay true: codes are what is kept and exchanged, words are what is shown; a word that somebody typed is
//! taken for a code only when it is one of the list's own.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;

use crate::kit::i18n::Lang;

/// One code.
#[derive(Debug, Deserialize)]
#[expect(missing_docs, reason = "the columns of the file")]
pub struct Code {
    pub list: String,
    pub code: String,
    pub zh: String,
    pub en: String,
}

impl Code {
    /// Its word.
    pub fn word(&self, lang: Lang) -> &str {
        match lang {
            Lang::Zh => &self.zh,
            Lang::En => &self.en,
        }
    }
}

fn all() -> &'static [Code] {
    static ALL: OnceLock<Vec<Code>> = OnceLock::new();
    ALL.get_or_init(|| {
        let text = include_str!("../../../../../data/codes/codes.csv");
        // Embedded data, checked by a test.
        csv::Reader::from_reader(text.as_bytes()).deserialize().collect::<Result<_, _>>().expect("codes.csv")
    })
}

/// The codes of a list, in its order.
pub fn of(list: &str) -> impl Iterator<Item = &'static Code> {
    all().iter().filter(move |c| c.list == list)
}

/// One code of a list.
pub fn get(list: &str, code: &str) -> Option<&'static Code> {
    of(list).find(|c| c.code == code)
}

/// What people write for codes besides their words: by list, `data/codes/words.toml`.
fn words() -> &'static BTreeMap<String, BTreeMap<String, String>> {
    static ALL: OnceLock<BTreeMap<String, BTreeMap<String, String>>> = OnceLock::new();
    // Embedded data, checked by a test.
    ALL.get_or_init(|| toml::from_str(include_str!("../../../../../data/codes/words.toml")).expect("words.toml"))
}

/// The code that somebody means who wrote a code, its word, or what people say for it.
pub fn meant(list: &str, text: &str) -> Option<&'static Code> {
    let text = text.trim();
    // 汉 for 汉族, and 子 and 女 as the standard has them.
    let short = |c: &Code| ["族", "儿"].iter().any(|s| c.zh.strip_suffix(s).or(c.zh.strip_prefix(s)) == Some(text));
    let own = || of(list).find(|c| c.zh == text || c.en.eq_ignore_ascii_case(text) || short(c));
    let said = || get(list, words().get(list)?.get(text)?);
    get(list, text).or_else(own).or_else(said)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_and_words_are_unique_within_a_list() {
        let mut seen = BTreeSet::new();
        for c in all() {
            assert!(!c.zh.is_empty() && !c.en.is_empty(), "{c:?}");
            for word in [&c.code, &c.zh, &c.en] {
                assert!(seen.insert((&c.list, word)), "{c:?}");
            }
        }
        assert_eq!(of("ethnic").count(), 58, "56 peoples, others, of foreign descent");
        assert_eq!(meant("ethnic", "汉").unwrap().code, "01");
        assert_eq!(meant("ethnic", "汉族").unwrap().code, "01");
        assert_eq!(meant("sex", " 2 ").unwrap().zh, "女");
        assert_eq!(
            (meant("relation", "子").unwrap().code.as_str(), meant("relation", "女").unwrap().code.as_str()),
            ("20", "30")
        );
        assert_eq!(
            (meant("education", "高中").unwrap().code.as_str(), meant("relation", "外婆").unwrap().code.as_str()),
            ("60", "60")
        );
        assert!(meant("sex", "不男不女").is_none());
        for (list, words) in words() {
            for (word, code) in words {
                assert!(get(list, code).is_some(), "{list} {word}: no code {code}");
            }
        }
    }
}
