//! The chart of organisations: who serves an area, who answers for it, who stands above. Kept in memory, because every
//! step of every case asks it.
//!
//! What must stay true: it says what the tables say at the version it was loaded at; a step that was decided with the
//! chart of a moment ago is as good as one that was decided a moment ago.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use store::Query;

use super::{Body, body, setting};
use crate::base::area;
use crate::kit::versioned::Versioned;
use crate::kit::{App, Error, Result, RoleKind};

/// All organisations that exist now, and those that did (so that old cases keep their names).
#[derive(Default)]
pub struct Chart {
    bodies: HashMap<String, Seat>,
    /// Path of an area → its organisations, in the order of kind and name.
    at: BTreeMap<String, Vec<String>>,
    default: String,
}

struct Seat {
    body: Body,
    path: String,
    ended: bool,
}

impl Chart {
    /// The chart of this node.
    pub fn now(app: &App) -> Result<Arc<Chart>> {
        app.db.read(|r| Chart::read(r, app))
    }

    /// The same, inside a read of the caller.
    pub fn read(q: &mut dyn Query, app: &App) -> Result<Arc<Chart>> {
        static KEPT: Versioned<Chart> = Versioned::new();
        let version = area::version(q)?;
        KEPT.get(app, version, || Ok(Chart::load(q)?))
    }

    fn load(q: &mut dyn Query) -> store::Result<Chart> {
        let sql = "select b.id, b.kind, b.name, b.area, b.phone, b.valid_to, a.path from body b join area a on a.id = b.area \
                   order by b.kind, b.name";
        let mut chart =
            Chart { bodies: HashMap::new(), at: BTreeMap::new(), default: setting(q, "desk.default")?.unwrap_or_default() };
        for row in q.rows(sql, &[])? {
            let seat = Seat { body: body(&row)?, path: row.get("path")?, ended: row.get::<Option<i64>>("valid_to")?.is_some() };
            if !seat.ended {
                chart.at.entry(seat.path.clone()).or_default().push(seat.body.id.clone());
            }
            chart.bodies.insert(seat.body.id.clone(), seat);
        }
        Ok(chart)
    }

    /// The organisation with this id, also one that has ended.
    pub fn body(&self, id: &str) -> Option<&Body> {
        self.bodies.get(id).map(|s| &s.body)
    }

    /// The organisation with this id, if it still exists.
    pub fn living(&self, id: &str) -> Option<&Body> {
        self.bodies.get(id).filter(|s| !s.ended).map(|s| &s.body)
    }

    /// All organisations that exist.
    pub fn bodies(&self) -> impl Iterator<Item = &Body> {
        self.bodies.values().filter(|s| !s.ended).map(|s| &s.body)
    }

    /// The organisation that a cell of a workbook means, by id or by a name that only one has; else the code of the problem.
    pub fn named(&self, text: &str) -> std::result::Result<&Body, &'static str> {
        let found = match self.bodies.get(text) {
            Some(seat) if seat.ended => return Err("ended"),
            Some(seat) => &seat.body,
            None => {
                let named: Vec<&Body> = self.bodies().filter(|b| b.name == text).collect();
                match named[..] {
                    [one] => one,
                    [] if self.bodies.values().any(|s| s.body.name == text) => return Err("ended"),
                    [] => return Err("unknown"),
                    _ => return Err("ambiguous"),
                }
            }
        };
        if found.kind.is_handler() { Ok(found) } else { Err("no-handler") }
    }

    /// Name of an organisation; empty when there never was one.
    pub fn name(&self, id: &str) -> String {
        self.body(id).map(|b| b.name.clone()).unwrap_or_default()
    }

    /// Path of the area an organisation works for.
    pub fn path(&self, id: &str) -> Option<&str> {
        self.bodies.get(id).map(|s| s.path.as_str())
    }

    /// The organisations that serve the area at `path`: its own, and those of the areas above it; nearest first.
    pub fn serving(&self, path: &str) -> impl Iterator<Item = &Body> {
        let cuts = path.char_indices().filter(|(_, c)| *c == '/').map(|(i, _)| i + 1);
        let near: Vec<_> = cuts.rev().filter_map(|end| self.at.get(&path[..end])).collect();
        near.into_iter().flatten().filter_map(|id| self.body(id))
    }

    /// The organisations that work beneath a path, by area.
    pub fn beneath<'a>(&'a self, path: &'a str) -> impl Iterator<Item = &'a Body> {
        let below = self.at.iter().filter(move |(at, _)| at.starts_with(path));
        below.flat_map(|(_, ids)| ids).filter_map(|id| self.body(id))
    }

    /// The organisations around an area that can be given something to do, the nearest first.
    pub fn handlers_around<'a>(&'a self, path: &'a str) -> impl Iterator<Item = &'a Body> {
        let near = self.serving(path).chain(self.beneath(path).filter(move |b| self.path(&b.id) != Some(path)));
        near.filter(|b| b.kind.is_handler() && b.kind != RoleKind::GridWorker)
    }

    /// The desk that answers for the area: its own, else the nearest above, else the node's default desk.
    pub fn desk_of(&self, path: &str) -> Result<&Body> {
        let near = self.serving(path).find(|b| b.kind.is_desk());
        near.or_else(|| self.body(&self.default)).ok_or_else(|| Error::internal("the node has no default desk"))
    }

    /// The desk above another organisation: the nearest one of an area further up (for one that is no desk: of its own
    /// area too). `None` at the top.
    pub fn desk_above(&self, of: &Body) -> Option<&Body> {
        let seat = self.bodies.get(&of.id)?;
        let higher = |b: &&Body| self.path(&b.id).is_some_and(|p| p.len() < seat.path.len() || !of.kind.is_desk());
        self.serving(&seat.path).filter(|b| b.kind.is_desk() && b.id != of.id).find(higher)
    }
}
