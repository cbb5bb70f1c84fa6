//! The catalogue for everybody: what the community takes up, how long it takes, when it is done.

use schemars::JsonSchema;
use serde::Serialize;

use super::class::{Class, Major, Stage};
use super::{Catalogue, read_now};
use crate::kit::error::{Error, Kind};
use crate::kit::http::May;
use crate::kit::i18n::Lang;
use crate::kit::{Reply, Req, Result, Route};

/// Routes of this room.
pub const ROUTES: &[Route] = &[
    Route::get("/classes", May::Anyone, list, "What the community takes up, by groups; `q` searches.").gives::<List>(),
    Route::get("/classes/{code}", May::Anyone, one, "One class with its conditions, limits and questions.").gives::<One>(),
];
/// Characters of a search.
const QUERY: usize = 60;

#[derive(Serialize, JsonSchema)]
struct List {
    version: i64,
    name: String,
    q: String,
    groups: Vec<Group>,
}

/// A major with its classes.
#[derive(Serialize, JsonSchema)]
pub(super) struct Group {
    code: String,
    name: String,
    /// `component`, `event` or `matter`.
    kind: &'static str,
    classes: Vec<Item>,
}

/// A class in a list.
#[derive(Serialize, JsonSchema)]
pub(super) struct Item {
    code: String,
    name: String,
    /// Limit of settling it: a number with `wh`, `uh`, `wd` or `d`.
    handle: LimitView,
    urgent: bool,
    claimable: bool,
    out_of_scope: bool,
}

/// A limit: unit and number, for programs and for sentences.
#[derive(Clone, Serialize, JsonSchema)]
pub(super) struct LimitView {
    text: String,
    n: u32,
    unit: &'static str,
}

impl From<calc::due::Limit> for LimitView {
    fn from(l: calc::due::Limit) -> LimitView {
        LimitView { text: l.to_string(), n: l.n, unit: l.unit.as_str() }
    }
}

#[derive(Serialize, JsonSchema)]
struct One {
    version: i64,
    code: String,
    name: String,
    group: String,
    kind: &'static str,
    standard: String,
    filing: String,
    closing: String,
    limits: Vec<StageView>,
    /// Role kinds of those who usually settle it, the most likely first.
    units: Vec<&'static str>,
    /// `exact`, `building` or `private`.
    visibility: &'static str,
    /// `none`, `after` or `pair`.
    evidence: &'static str,
    why: String,
    urgent: bool,
    claimable: bool,
    out_of_scope: bool,
    answer: String,
    questions: Vec<QuestionView>,
}

#[derive(Serialize, JsonSchema)]
struct StageView {
    /// `receive`, `dispatch`, `handle` or `check`.
    stage: &'static str,
    limit: LimitView,
}

#[derive(Serialize, JsonSchema)]
struct QuestionView {
    code: String,
    text: String,
    /// As GeoReport names it.
    datatype: &'static str,
    required: bool,
    values: Vec<ValueView>,
}

#[derive(Serialize, JsonSchema)]
struct ValueView {
    key: String,
    name: String,
}

/// The classes by groups that a search finds; without one all of them.
pub(super) fn groups(catalogue: &Catalogue, q: &str, lang: Lang) -> Vec<Group> {
    let q = q.to_lowercase();
    let holds = |c: &Class, m: &Major| {
        let words = [&c.code, &c.name.zh, &c.name.en, &m.name.zh, &m.name.en, &c.filing.zh, &c.filing.en];
        q.is_empty() || words.into_iter().chain(c.keywords.iter().flatten()).any(|w| w.to_lowercase().contains(&q))
    };
    let group = |m: &Major| Group {
        code: m.code.clone(),
        name: m.name.get(lang).to_owned(),
        kind: m.kind.as_str(),
        classes: catalogue.of(&m.code).filter(|c| holds(c, m)).map(|c| item(c, lang)).collect(),
    };
    catalogue.majors.iter().map(group).filter(|g| !g.classes.is_empty()).collect()
}

fn item(c: &Class, lang: Lang) -> Item {
    Item {
        code: c.code.clone(),
        name: c.name(lang).to_owned(),
        handle: c.limit(Stage::Handle).into(),
        urgent: c.urgent,
        claimable: c.claimable,
        out_of_scope: c.out_of_scope,
    }
}

fn list(req: &Req) -> Result<Reply> {
    let catalogue = req.app.db.read(|r| read_now(r, req.app))?;
    let q: String = req.query.get("q").unwrap_or_default().chars().take(QUERY).collect();
    let groups = groups(&catalogue, &q, req.lang);
    req.page("base/classes/list.html", &List { version: catalogue.version, name: catalogue.name.clone(), q, groups })
}

fn one(req: &Req) -> Result<Reply> {
    let catalogue = req.app.db.read(|r| read_now(r, req.app))?;
    let c = catalogue.get(req.param("code")).ok_or_else(|| Error::from(Kind::NotFound))?;
    let say = |w: &super::Words| w.get(req.lang).to_owned();
    let major = catalogue.majors.iter().find(|m| m.code == c.major);
    let questions = c.questions.iter().map(|q| QuestionView {
        code: q.code.clone(),
        text: say(&q.text),
        datatype: q.datatype.as_str(),
        required: q.required,
        values: q.values.iter().map(|(key, w)| ValueView { key: key.clone(), name: say(w) }).collect(),
    });
    let view = One {
        version: catalogue.version,
        code: c.code.clone(),
        name: say(&c.name),
        group: major.map(|m| say(&m.name)).unwrap_or_default(),
        kind: c.kind.as_str(),
        standard: c.standard.clone(),
        filing: say(&c.filing),
        closing: say(&c.closing),
        limits: Stage::ALL.iter().map(|s| StageView { stage: s.as_str(), limit: c.limit(*s).into() }).collect(),
        units: c.units.iter().map(|u| u.as_str()).collect(),
        visibility: c.visibility.as_str(),
        evidence: c.evidence.as_str(),
        why: say(&c.why),
        urgent: c.urgent,
        claimable: c.claimable,
        out_of_scope: c.out_of_scope,
        answer: say(&c.answer),
        questions: questions.collect(),
    };
    req.page("base/classes/one.html", &view)
}
