//! All route tables, one line for each room.

use crate::base::{area, classes, media, notice, party, worktime};
use crate::kit::http::May;
use crate::kit::{Reply, Route};
use crate::oversight::supervise;
use crate::records::{case, mine};

const DESCRIPTION: &[Route] = &[Route::get(
    "/openapi.json",
    May::Anyone,
    |req| Reply::json(&super::openapi::document(&req.app.config.base, &all())),
    "This description (OpenAPI 3.1).",
)];

/// Every route of the program.
pub fn all() -> Vec<Route> {
    [
        super::home::ROUTES,
        super::clock::ROUTES,
        super::proof::ROUTES,
        DESCRIPTION,
        area::web::ROUTES,
        party::web::ROUTES,
        party::admin::ROUTES,
        media::web::ROUTES,
        worktime::web::ROUTES,
        classes::web::ROUTES,
        classes::admin::ROUTES,
        notice::web::ROUTES,
        case::form::ROUTES,
        case::web::ROUTES,
        case::pages::ROUTES,
        case::hung::ROUTES,
        mine::ROUTES,
        supervise::web::ROUTES,
    ]
    .concat()
}
