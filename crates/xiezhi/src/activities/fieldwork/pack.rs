//! What a phone takes along: the matters and stops of the day, the buildings and homes of one's own grids, the catalogue,
//! the outlines.
//!
//! What must stay true (inv07): it holds nothing that this person could not read on a page; what is personal in it went
//! through the same decisions, and is in the read log before it leaves; it says by when it must be thrown away; a phone
//! that was cut off gets none.

use schemars::JsonSchema;
use serde::Serialize;
use store::Query;

use super::device::{self, DAYS};
use super::emergency;
use super::homes::{HomeView, homes};
use super::plan::{self, Stop};
use super::{areas, item};
use crate::base::area::{self, web::AreaView};
use crate::base::catalogue::Look;
use crate::base::classes::Evidence;
use crate::base::party::{self, admin::BodyView};
use crate::kit::error::Kind;
use crate::kit::time::DAY;
use crate::kit::{Error, Reply, Req, Result};
use crate::records::case::list::{self, Filter, Wanted};
use crate::records::case::rules::Action;
use crate::records::case::view::{self, Item};
use crate::records::case::{Case, MAX_MEDIA, Rulebook, rules, stand};

/// Matters that are taken along, of each area.
pub const CASES: usize = 100;
/// Buildings that are taken along.
const BUILDINGS: usize = 500;
/// Bytes of one photo that the program takes; a phone makes it smaller before.
const PHOTO: usize = 20 << 20;
/// Form of the pack; a page that knows another throws it away.
const FORM: i64 = 1;

/// The pack.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Pack {
    pub form: i64,
    /// Changes with areas, buildings, organisations and the catalogue.
    pub version: i64,
    pub made_at: String,
    pub expires_at: String,
    /// Name of the person, for himself.
    pub name: String,
    pub limits: Limits,
    pub cases: Vec<Taken>,
    pub stops: Vec<Stop>,
    pub buildings: Vec<House>,
    pub homes: Vec<HomeView>,
    pub bodies: Vec<BodyView>,
    pub classes: Vec<ClassView>,
    pub outlines: Vec<Outline>,
    pub emergencies: Vec<emergency::View>,
}

/// What a phone keeps at most.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Limits {
    pub days: i64,
    pub items: i64,
    pub photo_bytes: usize,
    pub photos: usize,
}

/// A case with what its person may do, and the moment on which that rests.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Taken {
    #[serde(flatten)]
    pub item: Item,
    pub building: Option<String>,
    /// Lies with this person by name.
    pub mine: bool,
    pub actions: Vec<&'static str>,
    /// Sent back with an action: when the case has changed since, it is refused.
    pub seen: i64,
}

/// A building.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct House {
    pub id: String,
    pub name: String,
    pub address: String,
    pub area: String,
    pub lat: Option<f64>,
    pub lon: Option<f64>,
    /// Days since anybody was there.
    pub days: Option<i64>,
}

/// A class, for the form.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct ClassView {
    pub code: String,
    pub name: String,
    pub urgent: bool,
    /// `none after pair`.
    pub evidence: &'static str,
    /// Why it asks for photos.
    pub why: String,
}

/// A grid on the map.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Outline {
    pub area: AreaView,
    pub ring: Vec<[f64; 2]>,
}

/// What somebody may do from afar: steps that need no choice of others.
const AFAR: [Action; 7] =
    [Action::Accept, Action::Feedback, Action::Check, Action::Close, Action::Return, Action::Note, Action::Ask];

/// Cases that lie with the person, then those of his areas, with what he may do.
pub fn taken(req: &Req, q: &mut dyn Query, look: &mut Look) -> Result<Vec<Taken>> {
    let person = req.person()?;
    let mut cases: Vec<Case> = list::by_assignee(q, person, CASES)?;
    for role in areas(&req.who) {
        let filter = Filter { state: Some(Wanted::Open), path: Some(role.path.clone()), by_due: true, ..Filter::default() };
        let (found, _) = list::find(q, &filter, CASES)?;
        cases.extend(found);
    }
    let mut seen = std::collections::HashSet::new();
    cases.retain(|c| seen.insert(c.id.clone()));
    let book = Rulebook::read(q, req.app)?;
    let items = view::items(req, q, &cases, look)?;
    cases
        .iter()
        .zip(items)
        .map(|(case, item)| {
            let facts = stand(case, None, &book, &req.who, false, req.now)?;
            let may = rules::actions(&facts);
            let actions = AFAR.iter().filter(|a| may.contains(a) && **a != Action::Ask).map(|a| a.as_str()).collect();
            let mine = case.assignee.as_deref() == Some(person);
            Ok(Taken { item, building: case.building.clone(), mine, actions, seen: case.updated_at })
        })
        .collect()
}

fn degrees(v: i32) -> f64 {
    f64::from(v) / 1e7
}

/// `GET /field/pack`.
pub fn give(req: &Req) -> Result<Reply> {
    let device = req.query.get("device").ok_or_else(|| Kind::Missing.at("device"))?;
    let mut look = Look::new(&req.who, "field-pack");
    let pack = req.app.db.read(|r| {
        if !device::is_live(r, &req.who, device)? {
            return Err(Kind::CutOff.at("device"));
        }
        let cases = taken(req, r, &mut look)?;
        let mut pack = Pack {
            form: FORM,
            version: area::version(r)?,
            made_at: req.app.time(req.now),
            expires_at: req.app.time(req.now + DAYS * DAY),
            name: party::own_name(r, &req.who)?,
            limits: Limits {
                days: DAYS,
                items: item::QUEUE,
                photo_bytes: PHOTO.min(req.app.config.file.limits.file_bytes),
                photos: MAX_MEDIA,
            },
            cases,
            stops: Vec::new(),
            buildings: Vec::new(),
            homes: Vec::new(),
            bodies: Vec::new(),
            classes: classes(req, r)?,
            outlines: Vec::new(),
            emergencies: emergency::views(req, r, &mut look)?,
        };
        for role in areas(&req.who) {
            for (b, known) in plan::buildings(req, r, &role.path)? {
                let (lat, lon) = b.point.map(|p| (degrees(p.lat), degrees(p.lon))).unzip();
                let house = House { id: b.id, name: b.name, address: b.address, area: b.area, lat, lon, days: known.days };
                if pack.buildings.len() < BUILDINGS && !pack.buildings.iter().any(|h| h.id == house.id) {
                    pack.buildings.push(house);
                }
            }
            pack.stops.extend(plan::stops(req, r, &role.path)?);
            pack.homes.extend(homes(req, r, &role.path, &mut look)?);
            pack.bodies.extend(party::bodies_for(r, &role.area)?.into_iter().map(BodyView::from));
            for (area, ring) in area::outlines(r, &role.path)? {
                let ring = ring.iter().map(|p| [degrees(p.lat), degrees(p.lon)]).collect();
                pack.outlines.push(Outline { area: (&area).into(), ring });
            }
        }
        Ok::<_, Error>(pack)
    })?;
    look.record(req.app)?;
    Reply::json(&pack)
}

fn classes(req: &Req, q: &mut dyn Query) -> Result<Vec<ClassView>> {
    let all = crate::base::classes::read_now(q, req.app)?;
    let evidence = |e: Evidence| e.as_str();
    let view = |c: &crate::base::classes::Class| ClassView {
        code: c.code.clone(),
        name: c.name(req.lang).to_owned(),
        urgent: c.urgent,
        evidence: evidence(c.evidence),
        why: c.why.get(req.lang).to_owned(),
    };
    Ok(all.order.iter().filter_map(|code| all.get(code)).map(view).collect())
}
