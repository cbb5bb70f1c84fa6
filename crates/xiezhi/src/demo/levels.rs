//! Two levels above the demo, each a node of its own: the district and the city, with a department that handles what comes up.
//!
//! What must stay true: they know the same divisions as the demo beneath them and nothing else of it; they are joined by an
//! invitation and its answer, as in life; each is seeded once.

use store::{Entry, Query};

use super::{DONE, password};
use crate::base::area::{self, Area, import::Line};
use crate::base::party::{self, NewPerson, session};
use crate::kit::{App, Error, Result, RoleKind};
use crate::oversight::exchange::{join, node, peer};

/// A level above the demo.
pub struct Level {
    /// Folder beneath that of the demo, and its name in what is printed.
    pub name: &'static str,
    /// Kind of its area.
    area: &'static str,
    /// Kind of its desk.
    desk: RoleKind,
    /// Departments that it has.
    departments: &'static [&'static str],
}

impl Level {
    /// Kind of its area.
    pub fn kind(&self) -> &'static str {
        self.area
    }
}

/// From the nearest to the farthest.
pub const LEVELS: [Level; 2] = [
    Level { name: "district", area: "county", desk: RoleKind::District, departments: &[] },
    Level {
        name: "city", area: "city", desk: RoleKind::City, departments: &["演示·城市管理部门", "演示·供水部门"]
    },
];

/// Who has an account on a level: its desk, its administrator, its departments.
const ACCOUNTS: [RoleKind; 3] = [RoleKind::District, RoleKind::City, RoleKind::Department];

/// The divisions of the demo, as a list that another node takes in.
fn divisions(app: &App) -> Result<Vec<Line>> {
    app.db.read(|r| {
        let sql = "select code, name from area where kind not in ('nation', 'grid') and valid_to is null order by code";
        let rows = r.rows(sql, &[])?;
        Ok(rows.iter().map(|row| Ok(Line { code: row.get("code")?, name: row.get("name")? })).collect::<store::Result<_>>()?)
    })
}

/// The area of a kind in which the communities of the demo lie.
fn place_of(q: &mut dyn Query, kind: &str) -> Result<Area> {
    let lost = || Error::internal("a demo without divisions");
    let row = q.row("select id from area where kind = 'community' and valid_to is null order by code", &[])?.ok_or_else(lost)?;
    area::line(q, &row.get::<String>("id")?)?.into_iter().find(|a| a.kind == kind).ok_or_else(lost)
}

/// Fills an empty node with the divisions of the demo, a desk and accounts. Does nothing when that was done before.
pub fn seed(app: &App, demo: &App, level: &Level) -> Result<()> {
    if app.db.read(|r| party::setting(r, DONE))?.is_some() {
        return Ok(());
    }
    let lines = divisions(demo)?;
    let kinds: Vec<RoleKind> = accounts(app, level).iter().filter_map(|(kind, _, _)| kind.parse().ok()).collect();
    let hash = |kind: &RoleKind| Ok((*kind, session::hash(app, &password(app, kind.as_str()))?));
    let hashes: Vec<(RoleKind, String)> = kinds.iter().map(hash).collect::<Result<_>>()?;
    let (kind, desk, departments) = (level.area, level.desk, level.departments);
    app.db.write(move |tx| {
        party::first_start(tx)?;
        area::import::apply(tx, lines)?;
        let place = place_of(tx, kind)?;
        let own = party::add_body(tx, desk, &place.name, &place.id, None)?;
        let mut bodies = vec![(desk, Some(own.id)), (RoleKind::SystemAdmin, None)];
        for name in departments {
            let body = party::add_body(tx, RoleKind::Department, name, &place.id, None)?;
            bodies.push((RoleKind::Department, Some(body.id)));
        }
        for (kind, hash) in &hashes {
            let login = kind.as_str();
            let name = format!("演示{login}");
            let person = party::add_person(tx, &NewPerson { name: &name, phone: None, home: None, login, hash })?;
            for (_, body) in bodies.iter().filter(|(k, _)| k == kind).take(1) {
                party::add_role(tx, &person, *kind, &place.id, body.as_deref())?;
            }
        }
        node::name(tx, "demo", &place.code, &place.name)?;
        party::set(tx, DONE, "1")?;
        tx.log(Entry::new("demo.seed", "node", ""))?;
        Ok::<_, Error>(())
    })?;
    Ok(())
}

/// The accounts of a level that are printed: role, sign-in name, password.
pub fn accounts(app: &App, level: &Level) -> Vec<(String, String, String)> {
    let there = |kind: &&RoleKind| **kind == level.desk || **kind == RoleKind::Department && !level.departments.is_empty();
    let kinds = ACCOUNTS.iter().filter(there).chain([&RoleKind::SystemAdmin]);
    kinds.map(|kind| (kind.to_string(), kind.to_string(), password(app, kind.as_str()))).collect()
}

/// Joins a node to the level above it, which is called at `url`. Does nothing when it has one.
pub fn join(above: &App, url: &str, beneath: &App, kind: &str) -> Result<()> {
    let parent = beneath.db.read(|r| peer::all(r))?.into_iter().find(|p| p.relation == peer::Relation::Parent);
    if let Some(parent) = parent {
        // Its port was drawn anew.
        let url = url.to_owned();
        beneath.db.write(move |tx| peer::set_url(tx, &parent, "demo", &url))?;
        return Ok(());
    }
    let place = beneath.db.read(|r| place_of(r, kind))?;
    let new = join::New {
        code: place.code,
        name: place.name,
        relation: peer::Relation::Child,
        body: None,
        grade: join::GRADE,
        url: Some(url.to_owned()),
    };
    let line = join::invite(above, "demo", new)?;
    let answer = join::accept(beneath, "demo", &line, join::GRADE, None)?;
    join::welcome(above, &answer)?;
    Ok(())
}
