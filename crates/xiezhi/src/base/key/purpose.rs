//! What keys may be for: rows of `data/developers/purposes.toml`, not code.
//!
//! What must stay true: a purpose names routes that exist (a test walks them), and none that is somebody's own (`/me`).

use std::sync::LazyLock;

use serde::Deserialize;

use crate::kit::i18n::Lang;

/// Reads what was granted to the organisation of the key: such a key is made with the grant, and one that was made without
/// opens nothing.
pub const SHARE: &str = "share-data";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    purpose: Vec<Purpose>,
}

/// What a key may be for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "explained in the data file")]
pub struct Purpose {
    pub id: String,
    pub zh: String,
    pub en: String,
    pub zh_more: String,
    pub en_more: String,
    pub opens: Vec<String>,
}

/// All of them, in the order of the file.
pub fn all() -> &'static [Purpose] {
    static ALL: LazyLock<Vec<Purpose>> = LazyLock::new(|| {
        let file: File = toml::from_str(include_str!("../../../../../data/developers/purposes.toml")).expect("purposes.toml");
        file.purpose
    });
    &ALL
}

/// The one with this id.
pub fn one(id: &str) -> Option<&'static Purpose> {
    all().iter().find(|p| p.id == id)
}

/// Ids of the purposes that open a route.
pub fn of_route(method: &str, path: &str) -> Vec<&'static str> {
    all().iter().filter(|p| p.opens(method, path)).map(|p| p.id.as_str()).collect()
}

impl Purpose {
    /// Whether it opens a route, by its path in the table.
    pub fn opens(&self, method: &str, path: &str) -> bool {
        self.opens.iter().filter_map(|o| o.split_once(' ')).any(|(m, p)| m == method && p == path)
    }

    /// What people read.
    pub fn name(&self, lang: Lang) -> &str {
        if lang == Lang::Zh { &self.zh } else { &self.en }
    }

    /// What it lets a program do.
    pub fn more(&self, lang: Lang) -> &str {
        if lang == Lang::Zh { &self.zh_more } else { &self.en_more }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn purposes_are_whole() {
        let mut ids: Vec<&str> = all().iter().map(|p| p.id.as_str()).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all().len());
        for p in all() {
            assert!(!p.opens.is_empty() && !p.zh.is_empty() && !p.en.is_empty() && !p.id.contains(' '), "{}", p.id);
        }
        assert_eq!(of_route("POST", "/reports"), ["reports"]);
        assert!(of_route("GET", "/me").is_empty());
    }
}
