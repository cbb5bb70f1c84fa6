//! Who lives and works in the demo: organisations of every kind, and people in them.
//!
//! What must stay true: one account of each role kind is printed, and all of these belong to the first community or an
//! area above it, so that a story can be played with them; nobody else can sign in; every committee has at least two
//! people, because who handled a case may not check it; phone numbers are such as nobody has.

use std::collections::BTreeMap;

use calc::codes;
use store::Tx;

use super::draw::Draw;
use super::place::Places;
use crate::base::party::{self, NewPerson};
use crate::kit::{App, Result, RoleKind, Who};

/// Where an organisation works.
#[derive(Clone, Copy, PartialEq)]
enum At {
    /// An area of the line, counted from the nation (0) to the street (4).
    Above(usize),
    /// The first community.
    First,
    /// Each community.
    Each,
}

/// Kind, place, name (`{}` is the community), members.
const BODIES: &[(RoleKind, At, &str, usize)] = &[
    (RoleKind::Nation, At::Above(0), "全国治理平台（演示）", 1),
    (RoleKind::Province, At::Above(1), "省级治理中心（演示）", 1),
    (RoleKind::City, At::Above(2), "市级治理中心（演示）", 1),
    (RoleKind::District, At::Above(3), "区级治理中心（演示）", 1),
    (RoleKind::Operator, At::Above(3), "便民热线（演示）", 2),
    (RoleKind::Department, At::Above(3), "市政园林处（演示）", 2),
    (RoleKind::Department, At::Above(3), "城市管理队（演示）", 1),
    (RoleKind::Department, At::Above(3), "消防站（演示）", 1),
    (RoleKind::Subdistrict, At::Above(4), "街道治理中心（演示）", 2),
    (RoleKind::SocialWorker, At::Above(4), "社工站（演示）", 1),
    (RoleKind::SocialOrg, At::Above(4), "邻里互助会（演示）", 1),
    (RoleKind::VolunteerGroup, At::First, "{}志愿服务队", 2),
    (RoleKind::Enterprise, At::First, "安筑维修行（演示）", 1),
    (RoleKind::Committee, At::Each, "{}居委会", 3),
    (RoleKind::Property, At::Each, "{}物业服务处", 2),
];
/// Departments by what they handle: the second and third of the table.
const SPECIAL: [(&str, &str); 2] = [("城市管理", "parking"), ("消防", "fire")];
/// Residents of each community that report things.
const RESIDENTS: [usize; 4] = [14, 9, 7, 5];
/// A hash that no password fits.
const NO_ENTRY: &str = "!";

/// A party with its people.
pub struct Crew {
    /// Kind.
    pub kind: RoleKind,
    /// The organisation.
    pub body: String,
    /// Community it works in; all when absent.
    pub community: Option<usize>,
    /// The one class it handles; all when absent.
    pub class: Option<&'static str>,
    /// Its people; the printed account is the first.
    pub people: Vec<Who>,
}

/// Everybody.
pub struct People {
    /// Organisations.
    pub crews: Vec<Crew>,
    /// Grid workers by community, in the order of its grids.
    pub grid_workers: Vec<Vec<Who>>,
    /// Residents by community; the printed one is the first of the first.
    pub residents: Vec<Vec<Who>>,
}

impl People {
    /// The organisation of a kind that works for a community; a department by what it handles.
    pub fn crew(&self, kind: RoleKind, community: usize, class: &str) -> Option<&Crew> {
        let fits = |c: &&Crew| c.kind == kind && c.community.is_none_or(|n| n == community);
        let special = self.crews.iter().filter(fits).find(|c| c.class == Some(class));
        special.or_else(|| self.crews.iter().filter(fits).find(|c| c.class.is_none()))
    }
}

/// Somebody who was added, before roles are read back.
struct Added {
    person: String,
    kind: RoleKind,
    body: Option<usize>,
    community: usize,
}

/// Adds organisations and people; `hashes` are those of the printed accounts.
pub fn build(tx: &mut Tx, draw: &mut Draw, places: &Places, hashes: &BTreeMap<RoleKind, String>) -> Result<Cast> {
    let mut cast = Cast { crews: Vec::new(), people: Vec::new(), printed: hashes.clone(), logins: 0 };
    for (kind, at, name, members) in BODIES {
        let spots: Vec<Option<usize>> = match at {
            At::Above(_) => vec![None],
            At::First => vec![Some(0)],
            At::Each => (0..places.communities.len()).map(Some).collect(),
        };
        for community in spots {
            let area = match (at, community) {
                (At::Above(n), _) => &places.line[*n],
                (_, c) => &places.communities[c.unwrap_or_default()].area,
            };
            let name = name.replace("{}", area.name.trim_start_matches("演示·"));
            let phone = format!("0514-8000{:04}", cast.crews.len() + 1);
            let body = party::add_body(tx, *kind, &name, &area.id, Some(&phone))?.id;
            if *kind == RoleKind::Operator {
                party::set(tx, "desk.default", &body)?;
            }
            let class = SPECIAL.iter().find(|(part, _)| name.starts_with(part)).map(|(_, class)| *class);
            cast.crews.push(Crew { kind: *kind, body, community, class, people: Vec::new() });
            for _ in 0..*members {
                cast.add(tx, draw, *kind, &area.id, Some(cast.crews.len() - 1), community.unwrap_or_default(), None)?;
            }
        }
    }
    for (i, community) in places.communities.iter().enumerate() {
        let fits = |c: &Crew| c.kind == RoleKind::Committee && c.community == Some(i);
        let committee = cast.crews.iter().position(fits);
        for grid in &community.grids {
            cast.add(tx, draw, RoleKind::GridWorker, &grid.id, committee, i, None)?;
        }
        for _ in 0..RESIDENTS[i] {
            let grid = &community.grids[draw.one(&community.buildings).grid];
            cast.add(tx, draw, RoleKind::Resident, &grid.id, None, i, Some(&grid.id))?;
        }
    }
    let first = &places.communities[0];
    cast.add(tx, draw, RoleKind::BuildingHead, &first.grids[0].id, None, 0, Some(&first.grids[0].id))?;
    cast.add(tx, draw, RoleKind::Auditor, &places.line[4].id, None, 0, None)?;
    for kind in [RoleKind::SystemAdmin, RoleKind::SecurityAdmin, RoleKind::AuditAdmin] {
        cast.add(tx, draw, kind, &places.line[0].id, None, 0, None)?;
    }
    Ok(cast)
}

/// Residents whose number was proved.
const KNOWN: usize = 8;

/// Everybody while being added.
pub struct Cast {
    crews: Vec<Crew>,
    people: Vec<Added>,
    printed: BTreeMap<RoleKind, String>,
    logins: usize,
}

impl Cast {
    /// Adds a person; the first of each kind gets the printed account.
    #[expect(clippy::too_many_arguments, reason = "one call for each line of the tables above")]
    fn add(
        &mut self,
        tx: &mut Tx,
        draw: &mut Draw,
        kind: RoleKind,
        area: &str,
        body: Option<usize>,
        community: usize,
        home: Option<&str>,
    ) -> Result<()> {
        let (name, phone) = (draw.name(), draw.phone());
        self.logins += 1;
        let (login, hash) = match self.printed.remove(&kind) {
            Some(hash) => (super::login(kind).to_owned(), hash),
            None => (format!("demo-{:03}", self.logins), NO_ENTRY.to_owned()),
        };
        let new = NewPerson { name: &name, phone: Some(&phone), home, login: &login, hash: &hash };
        let person = party::add_person(tx, &new)?;
        party::add_role(tx, &person, kind, area, body.map(|b| self.crews[b].body.as_str()))?;
        // Some residents are known to the node, as somebody is who signed in by a code once; whoever plays one is the first.
        if kind == RoleKind::Resident
            && self.people.iter().filter(|p| p.kind == kind).count() < KNOWN
            && let Some(mobile) = codes::mobile(&phone)
        {
            let mark = party::phone::mark(tx, &mobile);
            party::phone::keep(tx, &mark, &person, true)?;
        }
        self.people.push(Added { person, kind, body, community });
        Ok(())
    }

    /// Reads everybody's roles back, as a request would.
    pub fn read(mut self, app: &App, communities: usize) -> Result<People> {
        let mut grid_workers: Vec<Vec<Who>> = (0..communities).map(|_| Vec::new()).collect();
        let mut residents: Vec<Vec<Who>> = (0..communities).map(|_| Vec::new()).collect();
        let now = app.now();
        for added in self.people {
            let roles = app.db.read(|r| party::roles(r, &added.person, now))?;
            let who = Who { person: Some(added.person), roles, ..Who::default() };
            match (added.kind, added.body) {
                (RoleKind::GridWorker, _) => grid_workers[added.community].push(who),
                (RoleKind::Resident, _) => residents[added.community].push(who),
                (_, Some(body)) => self.crews[body].people.push(who),
                _ => {}
            }
        }
        Ok(People { crews: self.crews, grid_workers, residents })
    }
}
