//! Areas as data, and the poster with the QR code of a building.

use qrcode::QrCode;
use qrcode::render::svg;
use schemars::JsonSchema;
use serde::Serialize;

use super::Area;
use crate::base::party;
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::{Error, Reply, Req, Result, Route};

/// Routes of this room.
pub const ROUTES: &[Route] = &[
    Route::get("/areas", May::Anyone, areas, "The areas beneath `parent` (a code; the top without one).").gives::<Areas>(),
    Route::get("/buildings/{id}/poster", May::Anyone, poster, "A4 sheet for the stairwell with the building's QR code.").gives::<Poster>(),
];

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
        let items = super::children(r, &here.id)?.iter().map(AreaView::from).collect();
        Ok::<_, Error>(Areas { line, items })
    })?;
    Reply::json(&view)
}

#[derive(Serialize, JsonSchema)]
struct Poster {
    building: String,
    address: String,
    community: String,
    phone: Option<String>,
    desk: String,
    /// Where the QR code leads.
    link: String,
    qr: String,
}

fn poster(req: &Req) -> Result<Reply> {
    let id = req.param("id");
    let link = req.absolute(&format!("/report?building={id}"));
    let view = req.app.db.read(|r| {
        let building = super::building(r, id)?.ok_or(Kind::NotFound)?;
        let community = super::community_of(r, &building.area)?.map(|a| a.name).unwrap_or_default();
        let desk = party::desk_of(r, &building.area)?;
        Ok::<_, Error>(Poster {
            building: building.name,
            address: building.address,
            community,
            phone: desk.phone,
            desk: desk.name,
            qr: qr(&link)?,
            link: link.clone(),
        })
    })?;
    req.page("base/area/poster.html", &view)
}

/// A QR code as SVG, with no colours of its own beyond ink on paper.
pub fn qr(text: &str) -> Result<String> {
    let code = QrCode::new(text).map_err(Error::internal)?;
    let svg = code.render::<svg::Color>().min_dimensions(180, 180).quiet_zone(true).build();
    // Inside a page the XML declaration would be text.
    Ok(svg.split_once("?>").map_or(svg.clone(), |(_, s)| s.to_owned()))
}
