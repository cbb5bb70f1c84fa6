//! The case catalogue: classes with their time limits. Data, not code (inv06).

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;

use super::rules::Stage;
use crate::kit::time::{DAY, HOUR, Ms};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    escalate: i64,
    reopen_days: i64,
    rate_days: i64,
    class: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    code: String,
    limits: Limits,
    #[serde(default)]
    urgent: bool,
    #[serde(default)]
    claimable: bool,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct Limits {
    receive: i64,
    dispatch: i64,
    handle: i64,
    check: i64,
}

/// One class.
pub struct Class {
    limits: Limits,
    /// Goes to the top of every list.
    pub urgent: bool,
    /// Groups and firms may take it on.
    pub claimable: bool,
}

impl Class {
    /// Time limit of a stage.
    pub fn limit(&self, stage: Stage) -> Ms {
        HOUR * match stage {
            Stage::Receive => self.limits.receive,
            Stage::Dispatch => self.limits.dispatch,
            Stage::Handle => self.limits.handle,
            Stage::Check => self.limits.check,
        }
    }
}

/// The whole catalogue.
pub struct Catalogue {
    classes: BTreeMap<String, Class>,
    /// Codes in the order in which they are offered.
    pub order: Vec<String>,
    /// Time until an overdue case moves up once more.
    pub escalate: Ms,
    /// Window for reopening.
    pub reopen_window: Ms,
    /// Window for rating.
    pub rate_window: Ms,
}

impl Catalogue {
    /// A class by code.
    pub fn get(&self, code: &str) -> Option<&Class> {
        self.classes.get(code)
    }

    /// The class, or `other` while nobody has classified the case.
    pub fn or_other(&self, code: Option<&str>) -> &Class {
        code.and_then(|c| self.get(c)).unwrap_or(&self.classes["other"])
    }
}

/// The embedded catalogue. A mistake in it stops the program at its first use; a test reads it.
pub fn catalogue() -> &'static Catalogue {
    static ALL: OnceLock<Catalogue> = OnceLock::new();
    ALL.get_or_init(|| {
        let file: File = toml::from_str(include_str!("../../../../../data/catalogue/classes.toml")).expect("classes.toml");
        let order: Vec<String> = file.class.iter().map(|c| c.code.clone()).collect();
        let classes: BTreeMap<_, _> = file
            .class
            .into_iter()
            .map(|c| (c.code, Class { limits: c.limits, urgent: c.urgent, claimable: c.claimable }))
            .collect();
        assert!(classes.contains_key("other"), "classes.toml needs a class other");
        Catalogue {
            classes,
            order,
            escalate: file.escalate * HOUR,
            reopen_window: file.reopen_days * DAY,
            rate_window: file.rate_days * DAY,
        }
    })
}
