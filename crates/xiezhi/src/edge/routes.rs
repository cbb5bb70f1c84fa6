//! All route tables, one line for each room.

use crate::base::{area, media, notice, party};
use crate::kit::Route;
use crate::oversight::supervise;
use crate::records::{case, mine};

/// Every route of the program.
pub fn all() -> Vec<Route> {
    [
        super::home::ROUTES,
        super::proof::ROUTES,
        super::openapi::ROUTES,
        area::web::ROUTES,
        party::web::ROUTES,
        party::admin::ROUTES,
        media::web::ROUTES,
        notice::web::ROUTES,
        case::form::ROUTES,
        case::web::ROUTES,
        case::pages::ROUTES,
        mine::ROUTES,
        supervise::web::ROUTES,
    ]
    .concat()
}
