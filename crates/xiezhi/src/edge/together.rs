//! What a place decides together (一起商量): one page that leads to consultations, votes, opinions, budgets, neighbours,
//! mediation, help and emergencies, with what can be joined now.

use schemars::JsonSchema;
use serde::Serialize;

use crate::activities::{budget, opinion, vote};
use crate::base::area;
use crate::kit::http::May;
use crate::kit::{Error, Reply, Req, Result, Route};

/// Routes of this room.
pub const ROUTES: &[Route] =
    &[Route::get("/together", May::Anyone, together, "What a place decides together, and what can be joined now.")
        .gives::<Together>()];

/// Where the page leads; texts are `together-<name>` and `together-<name>-hint`.
const DOORS: [(&str, &str); 13] = [
    ("consult", "/consultations"),
    ("votes", "/votes"),
    ("opinions", "/opinions"),
    ("budgets", "/budgets"),
    ("neighbours", "/neighbours"),
    ("mediation", "/mediations"),
    ("help", "/help"),
    ("errands", "/errands"),
    ("lists", "/needs"),
    ("partners", "/partners"),
    ("relief", "/relief"),
    ("health", "/health"),
    ("share", "/share"),
];
/// Matters of each kind that are shown.
const SHOWN: usize = 3;

#[derive(Serialize, JsonSchema)]
struct Together {
    now: Vec<Open>,
    doors: Vec<(&'static str, &'static str)>,
}

/// Something that can be joined now.
#[derive(Serialize, JsonSchema)]
struct Open {
    /// votes, opinions, budgets.
    kind: &'static str,
    number: String,
    title: String,
    place: String,
}

fn together(req: &Req) -> Result<Reply> {
    let now = req.app.db.read(|r| {
        let path = area::around(req, r)?;
        let mut now = Vec::new();
        let mut add = |kind, open: Vec<(String, String, String)>| {
            now.extend(open.into_iter().take(SHOWN).map(|(number, title, place)| Open { kind, number, title, place }));
        };
        let votes = vote::view::list(req, r, &path, i64::MAX)?.items.into_iter().filter(|v| v.phase == "open");
        add("votes", votes.map(|v| (v.number, v.title, v.place)).collect());
        let opinions = opinion::view::list(req, r, &path, i64::MAX)?.items.into_iter().filter(|o| o.open);
        add("opinions", opinions.map(|o| (o.number, o.title, o.place)).collect());
        let budgets = budget::view::list(req, r, &path, i64::MAX)?.items.into_iter();
        let budgets = budgets.filter(|b| matches!(b.phase, "ideas" | "open"));
        add("budgets", budgets.map(|b| (b.number, b.title, b.place)).collect());
        Ok::<_, Error>(now)
    })?;
    req.page("edge/together.html", &Together { now, doors: DOORS.to_vec() })
}
