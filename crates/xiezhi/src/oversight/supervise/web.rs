//! The page `/equation`.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Equation, Part};
use crate::base::area;
use crate::kit::http::May;
use crate::kit::{Reply, Req, Result, Route};

/// Routes of this room.
pub const ROUTES: &[Route] =
    &[Route::get("/equation", May::Anyone, show, "Received = open + closed + merged + rejected.").gives::<View>().same_for_all()];

#[derive(Serialize, JsonSchema)]
struct View {
    #[serde(flatten)]
    equation: Equation,
    /// Code of the area, when one was asked for.
    area: Option<String>,
    area_name: Option<String>,
    /// The communities beneath, each with its own sides.
    parts: Vec<Part>,
}

fn show(req: &Req) -> Result<Reply> {
    let code = req.query.get("area").map(str::to_owned);
    let equation = super::equation(req.app, code.as_deref())?;
    let parts = super::parts(req.app, code.as_deref())?;
    let name = match &code {
        Some(code) => req.app.db.read(|r| area::by_code(r, code))?.map(|a| a.name),
        None => None,
    };
    req.page("oversight/supervise/equation.html", &View { equation, area: code, area_name: name, parts })
}
