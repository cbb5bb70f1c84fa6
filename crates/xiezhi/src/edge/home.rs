//! The first page: one large button to report, what is mine, who looks after this community, how it stands today.

use schemars::JsonSchema;
use serde::Serialize;
use store::{Query as _, params};

use crate::base::area::{self, web::AreaView};
use crate::base::catalogue::Look;
use crate::base::party;
use crate::kit::http::May;
use crate::kit::time::day_start;
use crate::kit::{Error, Reply, Req, Result, RoleKind, Route};
use crate::oversight::supervise::{self, Equation};
use crate::records::case::{list, view};

/// Routes of this room.
pub const ROUTES: &[Route] = &[Route::get("/", May::Anyone, home, "The first page.").gives::<Home>().same_for_all()];

/// Matters that the first page shows.
const MINE: usize = 3;

#[derive(Serialize, JsonSchema)]
struct Home {
    community: Option<AreaView>,
    communities: Vec<AreaView>,
    mine: Vec<view::Item>,
    today: Today,
    equation: Equation,
    /// Who answers for the community, and by which phone.
    desk: Option<party::admin::BodyView>,
    /// Grids of the community with a grid worker.
    workers: i64,
}

#[derive(Serialize, JsonSchema)]
struct Today {
    received: i64,
    closed: i64,
}

fn home(req: &Req) -> Result<Reply> {
    let code = req.community.as_ref().map(|(code, _)| code.clone());
    let equation = supervise::equation(req.app, code.as_deref())?;
    let mut look = Look::new(&req.who, "home");
    let view = req.app.db.read(|r| {
        let communities = area::communities(r)?;
        let community = communities
            .iter()
            .find(|a| Some(&a.code) == code.as_ref())
            .or(communities.first().filter(|_| communities.len() == 1));
        let mine = match &req.who.person {
            Some(person) => {
                let mut cases = list::by_reporter(r, person)?;
                cases.truncate(MINE);
                view::items(req, r, &cases, &mut look)?
            }
            None => Vec::new(),
        };
        let midnight = day_start(req.now, &req.app.config.zone);
        let (from, to) = community.map_or((String::new(), "~".into()), |a| (a.path.clone(), area::end_of(&a.path)));
        // Linear in the reports of today.
        let since = |column: &str| format!("select count(*) from cases where {column} >= $1 and path >= $2 and path < $3");
        let today = Today {
            received: r.count(&since("received_at"), params![midnight, &from, &to])?,
            closed: r.count(&since("closed_at"), params![midnight, &from, &to])?,
        };
        let desk = match community {
            Some(a) => Some(party::desk_of(r, &a.id)?.into()),
            None => None,
        };
        let sql = "select count(distinct o.person) from role_of o join area a on a.id = o.area \
                   where o.kind = $1 and o.valid_to is null and a.path >= $2 and a.path < $3";
        let workers = r.count(sql, params![RoleKind::GridWorker.as_str(), &from, &to])?;
        Ok::<_, Error>(Home {
            community: community.map(Into::into),
            communities: communities.iter().map(Into::into).collect(),
            mine,
            today,
            equation,
            desk,
            workers,
        })
    })?;
    look.record(req.app)?;
    req.page("edge/home.html", &view)
}
