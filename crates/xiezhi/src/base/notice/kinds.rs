//! What each kind of notice asks of its reader: data, not code.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use serde::Deserialize;

/// `data/notice/kinds.toml`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kinds {
    /// A step of the reader is waited for.
    pub need: BTreeSet<String>,
    /// Passes quiet hours when the matter's class is urgent.
    pub urgent: BTreeSet<String>,
    /// Entries of the log a group hears of.
    pub group: Vec<String>,
}

/// The kinds.
pub fn kinds() -> &'static Kinds {
    static KINDS: OnceLock<Kinds> = OnceLock::new();
    // Embedded data, checked by a test: a mistake here stops the program at its first notice.
    KINDS.get_or_init(|| toml::from_str(include_str!("../../../../../data/notice/kinds.toml")).expect("notice/kinds.toml"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::i18n::{Lang, Texts};

    #[test]
    fn every_kind_has_a_text() {
        let texts = Texts::load().unwrap();
        for kind in kinds().need.iter().chain(&kinds().urgent) {
            assert!(texts.has(Lang::Zh, &format!("notice-{kind}")), "{kind}");
        }
        for act in &kinds().group {
            assert!(texts.has(Lang::Zh, &format!("group-{}", act.replace('.', "-"))), "{act}");
        }
        assert!(kinds().urgent.is_subset(&kinds().need), "what is urgent asks something");
    }
}
