//! The map of an area as a page: the map, and beside it a list that does everything the map does, with the same filters,
//! the same numbers and the same links. What is chosen stands in the address.

use schemars::JsonSchema;
use serde::Serialize;

use super::of_area::{self, Asked, DAYS};
use crate::base::area::{self, web::AreaView};
use crate::base::catalogue::Look;
use crate::base::classes::{self, Catalogue, Visibility};
use crate::kit::error::Kind;
use crate::kit::form::encode;
use crate::kit::i18n::Lang;
use crate::kit::{Error, Reply, Req, Result};
use crate::records::case::list::{self, PAGE, spots};
use crate::records::case::view::{self, Item};

/// What the page shows.
#[derive(Serialize, JsonSchema)]
pub struct MapPage {
    area: AreaView,
    /// The area itself and all above it, nearest first.
    line: Vec<AreaView>,
    /// `points` or `heat`.
    show: &'static str,
    /// `open`, `all` or a state.
    state: String,
    class: String,
    overdue: bool,
    days: i64,
    periods: [i64; 4],
    groups: Vec<Group>,
    /// Places beneath, with how many cases fit.
    places: Vec<PlaceCount>,
    /// All that fit, and those of them that lie in none of the places.
    sum: i64,
    rest: i64,
    /// There are more than were counted: only the newest `counted`.
    more: bool,
    counted: i64,
    /// Steps of the heat map: from, to.
    legend: Vec<(i64, i64)>,
    items: Vec<Item>,
    next: Option<String>,
    /// What is chosen, as it stands in an address.
    query: String,
}

/// Classes of a group, to choose from.
#[derive(Serialize, JsonSchema)]
struct Group {
    name: String,
    /// Code and name.
    classes: Vec<(String, String)>,
}

/// A place with its cases.
#[derive(Serialize, JsonSchema)]
struct PlaceCount {
    #[serde(flatten)]
    area: AreaView,
    n: i64,
}

/// Classes whose cases may be on a map, in groups.
fn groups(classes: &Catalogue, lang: Lang) -> Vec<Group> {
    let shown = |major: &str| {
        let public = classes.of(major).filter(|c| c.visibility != Visibility::Private);
        public.map(|c| (c.code.clone(), c.name(lang).to_owned())).collect::<Vec<_>>()
    };
    let group = |m: &classes::class::Major| Group { name: m.name.get(lang).to_owned(), classes: shown(&m.code) };
    classes.majors.iter().map(group).filter(|g| !g.classes.is_empty()).collect()
}

/// `GET /map/{code}`
pub fn page(req: &Req) -> Result<Reply> {
    let mut look = Look::new(&req.who, "place");
    let classes = classes::now(req.app)?;
    let view = req.app.db.read(|r| {
        let here = area::by_code(r, req.param("code"))?.ok_or(Kind::NotFound)?;
        let asked = Asked::parse(req, &here)?;
        let found = of_area::find(r, &here, &asked)?;
        let (cases, next) = list::find(r, &asked.filter, PAGE)?;
        let items = view::items(req, r, &cases, &mut look)?;
        let class = asked.filter.class.clone().unwrap_or_default();
        let mut query =
            format!("show={}&state={}&days={}", if asked.heat { "heat" } else { "points" }, encode(&asked.state), asked.days);
        if !class.is_empty() {
            query.push_str(&format!("&class={}", encode(&class)));
        }
        if asked.filter.overdue {
            query.push_str("&overdue=1");
        }
        Ok::<_, Error>(MapPage {
            area: (&here).into(),
            line: area::line(r, &here.id)?.iter().map(Into::into).collect(),
            show: if asked.heat { "heat" } else { "points" },
            state: asked.state,
            overdue: asked.filter.overdue,
            days: asked.days,
            periods: DAYS,
            groups: groups(&classes, req.lang),
            sum: found.sum,
            rest: found.sum - found.places.iter().map(|p| p.n).sum::<i64>(),
            more: found.more,
            counted: spots::COUNTED,
            legend: if asked.heat { of_area::legend(&found) } else { Vec::new() },
            places: found.places.iter().map(|c| PlaceCount { area: (&c.area).into(), n: c.n }).collect(),
            items,
            next,
            class,
            query,
        })
    })?;
    look.record(req.app)?;
    req.page("records/case/map.html", &view)
}
