//! All route tables, one line for each room.

use crate::activities::{
    budget, consult, errand, fieldwork, health, mediation, neighbours, opinion, partner, project, relief, sensing, service,
    volunteer, vote,
};
use crate::base::{
    area, asset, catalogue, classes, ground, key, media, notice, party, roster, routing, signin, signon, worktime,
};
use crate::kit::http::{Manner, May};
use crate::kit::{Reply, Route};
use crate::oversight::{share, supervise};
use crate::records::{case, duty, form, hotline, mine, open311, paper, reach, register, rights};

const DESCRIPTION: &[Route] = &[Route::get(
    "/openapi.json",
    May::Anyone,
    |req| Reply::json(&super::openapi::document(&req.app.config.base, &all())),
    "This description (OpenAPI 3.1).",
)];

/// The parts that answer errors in a form of their own.
const MANNERS: &[Manner] = &[open311::web::MANNER, media::pieces::MANNER, service::hsds::web::MANNER, sensing::things::MANNER];

/// How errors beneath a path are answered, when not as everywhere.
pub fn manner(path: &str) -> Option<&'static Manner> {
    MANNERS.iter().find(|m| path.starts_with(m.prefix))
}

/// Every route of the program.
pub fn all() -> Vec<Route> {
    [
        super::home::ROUTES,
        super::together::ROUTES,
        super::clock::ROUTES,
        super::proof::ROUTES,
        DESCRIPTION,
        area::web::ROUTES,
        party::web::ROUTES,
        party::admin::ROUTES,
        party::card::ROUTES,
        party::reset::ROUTES,
        party::trust::ROUTES,
        key::web::ROUTES,
        signin::web::ROUTES,
        signon::web::ROUTES,
        signon::me::ROUTES,
        ground::ROUTES,
        media::web::ROUTES,
        media::pieces::ROUTES,
        catalogue::web::ROUTES,
        worktime::web::ROUTES,
        classes::web::ROUTES,
        classes::admin::ROUTES,
        asset::web::ROUTES,
        roster::web::ROUTES,
        routing::admin::ROUTES,
        notice::web::ROUTES,
        notice::me::ROUTES,
        notice::wake::ROUTES,
        notice::admin::ROUTES,
        case::form::ROUTES,
        case::report::proxy::ROUTES,
        case::web::ROUTES,
        case::picture::ROUTES,
        case::list::pages::ROUTES,
        case::list::hung::ROUTES,
        case::list::orders::ROUTES,
        case::map::ROUTES,
        case::link::web::ROUTES,
        case::dryrun::ROUTES,
        case::recut::ROUTES,
        case::recut::draw::ROUTES,
        duty::web::ROUTES,
        hotline::web::ROUTES,
        mine::ROUTES,
        rights::web::ROUTES,
        rights::audit::ROUTES,
        register::web::ROUTES,
        register::places::ROUTES,
        register::statistics::ROUTES,
        form::web::ROUTES,
        form::fill::ROUTES,
        form::report_web::ROUTES,
        register::import::web::ROUTES,
        register::export::ROUTES,
        reach::web::ROUTES,
        reach::calls::ROUTES,
        paper::print::ROUTES,
        paper::key::ROUTES,
        paper::board::ROUTES,
        open311::web::ROUTES,
        open311::admin::ROUTES,
        fieldwork::web::ROUTES,
        fieldwork::places::ROUTES,
        budget::web::ROUTES,
        opinion::web::ROUTES,
        neighbours::web::ROUTES,
        neighbours::queue::ROUTES,
        mediation::web::ROUTES,
        partner::web::ROUTES,
        relief::web::ROUTES,
        relief::work::ROUTES,
        sensing::web::ROUTES,
        sensing::watch::web::ROUTES,
        sensing::watch::desk::ROUTES,
        sensing::gateway::ROUTES,
        sensing::tables::ROUTES,
        sensing::things::ROUTES,
        health::tell::ROUTES,
        health::tried::ROUTES,
        health::web::ROUTES,
        service::web::ROUTES,
        service::booking::web::ROUTES,
        errand::web::ROUTES,
        service::import::web::ROUTES,
        service::hsds::web::ROUTES,
        vote::rolls::ROUTES,
        vote::web::ROUTES,
        vote::polls::ROUTES,
        vote::watch::ROUTES,
        consult::web::ROUTES,
        consult::steps::ROUTES,
        consult::year::ROUTES,
        project::need::web::ROUTES,
        project::resource::web::ROUTES,
        project::plan::web::ROUTES,
        volunteer::web::ROUTES,
        volunteer::board::ROUTES,
        volunteer::record::ROUTES,
        volunteer::help::web::ROUTES,
        volunteer::hours::web::ROUTES,
        volunteer::event::web::ROUTES,
        share::resource_web::ROUTES,
        share::request_web::ROUTES,
        share::data_web::ROUTES,
        share::objection_web::ROUTES,
        share::adapter_web::ROUTES,
        supervise::web::ROUTES,
        supervise::kpi_web::ROUTES,
        supervise::callback::ROUTES,
    ]
    .concat()
}
