//! What organisations of a place show, and by when a desk answers. Rows of `data/partner`, not code.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::kit::RoleKind;
use crate::kit::i18n::Lang;
use crate::kit::pack::{self, Local};

/// Texts of the packs that ship.
const EMBEDDED: &[&str] = &[include_str!("../../../../../data/partner/cn.toml")];

/// Limits, each explained in the data file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "explained in the data file")]
pub struct Limits {
    pub decide_days: u32,
    pub answer_days: i64,
    pub remind_days: i64,
    pub invite_days: i64,
    pub open_at_once: i64,
    pub papers: i64,
    pub members: i64,
}

/// A kind of certificate.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "explained in the data file")]
pub struct Paper {
    pub id: String,
    pub dated: bool,
    pub zh: String,
    pub en: String,
}

/// Whether an organisation needs a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Code {
    /// It does.
    Needed,
    /// Another organisation may stand for it.
    OrBacker,
}

/// What a kind of organisation shows.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "explained in the data file")]
pub struct Needs {
    pub role: String,
    pub code: Code,
    pub need: Vec<String>,
    pub stands: Vec<String>,
    pub may: Vec<String>,
}

/// The rules of a place.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "explained in the data file")]
pub struct Pack {
    pub id: String,
    pub places: Vec<String>,
    pub source: String,
    pub limits: Limits,
    pub paper: Vec<Paper>,
    pub kind: Vec<Needs>,
}

static ALL: LazyLock<Vec<Pack>> = LazyLock::new(|| pack::shipped(EMBEDDED));

impl Local for Pack {
    fn places(&self) -> &[String] {
        &self.places
    }
}

/// The pack that holds at a place (code of an area).
pub fn at(code: &str) -> &'static Pack {
    pack::at(&ALL, code)
}

impl Pack {
    /// What organisations of a kind show; none for kinds that do not join.
    pub fn needs(&self, kind: RoleKind) -> Option<&Needs> {
        self.kind.iter().find(|k| k.role == kind.as_str())
    }

    /// A kind of certificate.
    pub fn paper(&self, id: &str) -> Option<&Paper> {
        self.paper.iter().find(|p| p.id == id)
    }

    /// What a certificate is called.
    pub fn paper_name(&self, id: &str, lang: Lang) -> &str {
        self.paper(id).map_or("", |p| if lang == Lang::Zh { &p.zh } else { &p.en })
    }
}

impl Needs {
    /// The certificates without which it does not join.
    pub fn needed(&self, has_code: bool) -> &[String] {
        if has_code { &self.need } else { &self.stands }
    }

    /// Every certificate that may be shown.
    pub fn shown(&self) -> impl Iterator<Item = &String> {
        self.need.iter().chain(&self.stands).chain(&self.may)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packs_ship_whole() {
        for pack in ALL.iter() {
            assert!(!pack.id.is_empty() && pack.source.contains("GB 32100") && pack.limits.remind_days == 30);
            for kind in &pack.kind {
                let role = RoleKind::parse(&kind.role).expect("a kind of role");
                assert!(role.is_handler() && !role.is_desk() && !role.walks(), "{role} does not join");
                assert!(kind.shown().all(|id| pack.paper(id).is_some()), "{role}");
                assert_eq!(kind.code == Code::OrBacker, !kind.stands.is_empty(), "{role}");
            }
            for kind in ["volunteer_group", "social_org", "enterprise", "department"] {
                assert!(pack.kind.iter().any(|k| k.role == kind), "{kind}");
            }
        }
        assert_eq!(at("990101001001").id, "cn");
    }
}
