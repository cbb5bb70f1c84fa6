//! The catalogue for everybody: what is held about people, how it is graded, who sees what of it, and why.
//!
//! Nothing personal is on these pages: they show rules, not values.

use calc::grade::Decision;
use schemars::JsonSchema;
use serde::Serialize;

use super::codes;
use super::decide::{self, Asker, Relation, Rule, Ruling, decide};
use super::element::{self, element};
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::{Reply, Req, Result, RoleKind, Route};

/// Routes of this room.
pub const ROUTES: &[Route] = &[
    Route::get("/catalogue", May::Anyone, list, "Data elements: what is held about people, its grade, and how it is shared.")
        .gives::<List>(),
    Route::get(
        "/catalogue/{code}",
        May::Anyone,
        one,
        "One data element: who sees what of it, the rules in their order, and what I see and why.",
    )
    .gives::<One>(),
];

#[derive(Serialize, JsonSchema)]
struct List {
    classes: Vec<ClassView>,
}

#[derive(Serialize, JsonSchema)]
struct ClassView {
    class: &'static str,
    elements: Vec<ElementView>,
}

#[derive(Serialize, JsonSchema)]
struct ElementView {
    code: &'static str,
    /// Key of its name in the texts.
    text: String,
    grade: u8,
    /// What others call this grade: standard and level.
    levels: Vec<(&'static str, &'static str)>,
    std: Option<&'static str>,
    /// Who collects it in the first place.
    lead: Option<&'static str>,
    share: &'static str,
    sensitive: bool,
}

fn view(e: &'static element::Element) -> ElementView {
    ElementView {
        code: &e.code,
        text: text_of(&e.code),
        grade: e.grade,
        levels: element::schemes().iter().map(|s| (s.std.as_str(), s.level(e.grade))).collect(),
        std: e.std.as_deref(),
        lead: e.lead.as_deref(),
        share: e.share.as_str(),
        sensitive: e.sensitive,
    }
}

fn text_of(code: &str) -> String {
    format!("element-{}", code.replace(['.', '_'], "-"))
}

fn list(req: &Req) -> Result<Reply> {
    let of = |class: element::Class| element::all().values().filter(move |e| e.class == class).map(view).collect::<Vec<_>>();
    let classes = element::Class::ALL.iter().map(|c| ClassView { class: c.as_str(), elements: of(*c) });
    req.page("base/catalogue/list.html", &List { classes: classes.filter(|c| !c.elements.is_empty()).collect() })
}

#[derive(Serialize, JsonSchema)]
struct One {
    element: ElementView,
    /// The codes it may hold, with their words.
    codes: Vec<(&'static str, String)>,
    /// Which rule decides for each way of asking, for all roles together.
    rules: Vec<RuleView>,
    /// What I get, as I stand now, and the number of the rule that says so.
    mine: Vec<Mine>,
}

#[derive(Serialize, JsonSchema)]
struct RuleView {
    /// Its place among all rules.
    number: usize,
    relations: Vec<&'static str>,
    roles: Vec<&'static str>,
    purposes: Vec<&'static str>,
    decision: &'static str,
}

#[derive(Serialize, JsonSchema)]
struct Mine {
    relation: &'static str,
    /// Only for these purposes; none: for whatever else.
    purposes: Vec<&'static str>,
    decision: &'static str,
    /// None: no rule fits, so nothing is shown.
    rule: Option<usize>,
}

fn word(decision: Decision) -> &'static str {
    match decision {
        Decision::Plain => "plain",
        Decision::Mask => "mask",
        Decision::Hash | Decision::Hidden => "hidden",
    }
}

fn number(rule: &Rule) -> usize {
    decide::rules().iter().position(|r| std::ptr::eq(r, rule)).unwrap_or_default() + 1
}

fn rule_view(rule: &'static Rule) -> RuleView {
    RuleView {
        number: number(rule),
        relations: rule.relation.iter().map(|r| r.as_str()).collect(),
        roles: rule.role.iter().map(|r| r.as_str()).collect(),
        purposes: rule.purpose.iter().map(String::as_str).collect(),
        decision: word(rule.decision),
    }
}

/// What somebody gets in every relation; purposes that make a difference stand apart.
fn mine(code: &str, roles: &[RoleKind]) -> Vec<Mine> {
    let mut out: Vec<Mine> = Vec::new();
    for relation in Relation::ALL {
        let ask = |purpose| decide(code, &Asker { roles, purpose, relation });
        let row = |ruling: Ruling| Mine {
            relation: relation.as_str(),
            purposes: Vec::new(),
            decision: word(ruling.decision),
            rule: ruling.rule.map(number),
        };
        let plainly = ask("");
        out.push(row(plainly));
        for p in decide::purposes().iter().map(|p| p.code.as_str()).chain(decide::OF_PAGES) {
            let ruling = ask(p);
            if ruling.decision == plainly.decision {
                continue;
            }
            let rule = ruling.rule.map(number);
            let known = out.iter_mut().find(|m| m.relation == relation.as_str() && !m.purposes.is_empty() && m.rule == rule);
            match known {
                Some(m) => m.purposes.push(p),
                None => out.push(Mine { purposes: vec![p], ..row(ruling) }),
            }
        }
    }
    out
}

fn one(req: &Req) -> Result<Reply> {
    let e = element(req.param("code")).ok_or(Kind::NotFound)?;
    let roles: Vec<RoleKind> = req.who.roles.iter().map(|r| r.kind).collect();
    let list = e.list.as_deref().unwrap_or_default();
    let view = One {
        element: view(e),
        codes: codes::of(list).map(|c| (c.code.as_str(), c.word(req.lang).to_owned())).collect(),
        rules: decide::rules().iter().filter(|r| r.is_about(&e.code)).map(rule_view).collect(),
        mine: mine(&e.code, &roles),
    };
    req.page("base/catalogue/one.html", &view)
}
