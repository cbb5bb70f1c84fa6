//! Areas as data.

use schemars::JsonSchema;
use serde::Serialize;

use super::Area;
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::time::parse;
use crate::kit::{Error, Reply, Req, Result, Route};

/// Routes of this room.
pub const ROUTES: &[Route] =
    &[Route::get("/areas", May::Anyone, areas, "The areas beneath `parent` (a code; the top without one), today or on a day `at`; `code@2026-03-09` names the area that bore a code on that day.").gives::<Areas>()];

/// An area as it leaves the program.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct AreaView {
    /// Code of today.
    pub code: String,
    /// Name of today.
    pub name: String,
    /// `nation province city county street community grid`.
    pub kind: String,
}

impl From<&Area> for AreaView {
    fn from(a: &Area) -> AreaView {
        AreaView { code: a.code.clone(), name: a.name.clone(), kind: a.kind.clone() }
    }
}

#[derive(Serialize, JsonSchema)]
struct Areas {
    /// The area itself and all above it, nearest first.
    line: Vec<AreaView>,
    items: Vec<AreaView>,
}

fn areas(req: &Req) -> Result<Reply> {
    let view = req.app.db.read(|r| {
        let here = super::by_code(r, req.query.get("parent").unwrap_or_default())?.ok_or(Kind::NotFound)?;
        let line = super::line(r, &here.id)?.iter().map(AreaView::from).collect();
        let children = match req.query.get("at") {
            Some(day) => {
                let at = parse(&format!("{day}T12:00:00Z")).ok_or_else(|| Kind::WrongType.at("at"))?;
                super::children_at(r, &here.id, at)?
            }
            None => super::children(r, &here.id)?,
        };
        let items = children.iter().map(AreaView::from).collect();
        Ok::<_, Error>(Areas { line, items })
    })?;
    Reply::json(&view)
}
