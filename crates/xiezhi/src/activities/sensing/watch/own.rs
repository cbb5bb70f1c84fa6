//! What the places decided about rules: those of their own, and how they treat those that ship.
//!
//! What must stay true: the nearest place decides about one that ships.

use store::{Query, params};

use super::spec::Spec;
use crate::activities::sensing::pack::Ruled;
use crate::kit::Result;
use crate::kit::error::Kind;
use crate::kit::names::names;
use crate::kit::row::row;
use crate::kit::time::Ms;

names! {
    /// Whether a rule holds.
    Mode { Draft = "draft", On = "on", Off = "off", }
}

row! {
    /// A rule of a place.
    #[derive(Clone, Debug)]
    #[expect(missing_docs, reason = "the columns of `watch_rule`, explained there")]
    pub struct Own {
        pub id: String,
        pub ships: Option<String>,
        pub area: String,
        pub path: String,
        pub kind: Option<String>,
        pub home: Option<i64>,
        pub title: Option<String>,
        pub severity: i64,
        pub latched: i64,
        pub class: Option<String>,
        pub spec: Option<String>,
        pub state: Mode,
        pub made_by: String,
        pub made_at: Ms,
        pub changed_at: Ms,
        pub log_seq: u64,
    }
}

/// Everything that decides something, of all places.
pub fn deciding(q: &mut dyn Query) -> Result<Vec<Own>> {
    let rows = q.rows(&format!("select {COLUMNS} from watch_rule order by path, id"), &[])?;
    Ok(rows.iter().map(read).collect::<store::Result<_>>()?)
}

/// Whether a rule that ships holds where these decide: the nearest place says so.
pub fn holds(here: &[&Own], ships: &str) -> bool {
    let nearest = here.iter().filter(|o| o.ships.as_deref() == Some(ships)).max_by_key(|o| o.path.len());
    nearest.is_none_or(|o| o.state == Mode::On)
}

impl Own {
    /// As a rule on a kind of device, if it is for such and is switched on.
    pub fn given(&self, kind: &str, home: bool) -> Option<Given> {
        let fits = self.kind.as_deref() == Some(kind) && self.home.is_none_or(|h| (h == 1) == home) && self.state == Mode::On;
        fits.then(|| self.as_given()).flatten()
    }

    /// As a rule, whether or not it holds.
    pub fn as_given(&self) -> Option<Given> {
        let title = self.title.clone()?;
        Some(Given {
            id: self.id.clone(),
            en: title.clone(),
            zh: title,
            severity: u8::try_from(self.severity).ok()?,
            latched: self.latched == 1,
            class: self.class.clone()?,
            spec: serde_json::from_str(self.spec.as_deref()?).ok()?,
        })
    }
}

/// One by its id.
pub fn by_id(q: &mut dyn Query, id: &str) -> Result<Own> {
    let row = q.row(&format!("select {COLUMNS} from watch_rule where id = $1"), params![id])?;
    Ok(row.as_ref().map(read).transpose()?.ok_or(Kind::NotFound)?)
}

/// A rule as it is given.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "see `Active`")]
pub struct Given {
    pub id: String,
    pub zh: String,
    pub en: String,
    pub severity: u8,
    pub latched: bool,
    pub class: String,
    pub spec: Spec,
}

impl Given {
    /// One that ships.
    pub fn ships(rule: &Ruled) -> Given {
        Given {
            id: rule.id.clone(),
            zh: rule.zh.clone(),
            en: rule.en.clone(),
            severity: rule.severity,
            latched: rule.latched,
            class: rule.class.clone(),
            spec: rule.when.clone(),
        }
    }
}

impl Ruled {
    /// Whether it is for such devices.
    pub fn fits(&self, kind: &str, home: bool) -> bool {
        let of = self.kind == kind || self.kind == "*" && !self.except.iter().any(|e| e == kind);
        of && self.home.is_none_or(|h| h == home)
    }
}
