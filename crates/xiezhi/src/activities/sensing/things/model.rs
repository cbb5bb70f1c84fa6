//! Devices as entities of SensorThings: what there is for this reader, what hangs on what, what each says.
//!
//! What must stay true: nothing of a home is ever here; whoever is nobody in particular sees what was made public and its kind marks as
//! open, a desk and the program of an organisation what stands in public places of their area.

use std::cell::Cell;
use std::collections::{BTreeSet, HashMap};

use serde_json::{Map, Value as Json, json};
use store::{Query, Value, params};

use super::super::ingest::{Reading, Stream, heard};
use super::super::pack::{self, Measure, Pack, Sort, Type, measure_of};
use super::super::{COLUMNS, Device, State, read};
use crate::base::area::{self, Building};
use crate::kit::error::Kind;
use crate::kit::time::{self, Ms};
use crate::kit::{Req, Result};

/// Where all of it lies.
pub const ROOT: &str = "/sensorthings/v1.1";
/// Devices that one answer looks at.
const DEVICES: usize = 20_000;
/// Entities and rows that one answer may cost.
const COST: usize = 50_000;

/// Kinds of entities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entity {
    Thing,
    Location,
    HistoricalLocation,
    Datastream,
    Sensor,
    ObservedProperty,
    Observation,
    FeatureOfInterest,
}

use Entity::{Datastream, FeatureOfInterest, HistoricalLocation, Location, Observation, ObservedProperty, Sensor, Thing};

/// All kinds with the names of one and of many.
pub const ALL: [(Entity, &str, &str); 8] = [
    (Thing, "Thing", "Things"),
    (Location, "Location", "Locations"),
    (HistoricalLocation, "HistoricalLocation", "HistoricalLocations"),
    (Datastream, "Datastream", "Datastreams"),
    (Sensor, "Sensor", "Sensors"),
    (ObservedProperty, "ObservedProperty", "ObservedProperties"),
    (Observation, "Observation", "Observations"),
    (FeatureOfInterest, "FeatureOfInterest", "FeaturesOfInterest"),
];

/// What hangs on an entity: by name, of which kind, whether many.
pub fn links(of: Entity) -> &'static [(&'static str, Entity, bool)] {
    match of {
        Thing => {
            &[("Locations", Location, true), ("HistoricalLocations", HistoricalLocation, true), ("Datastreams", Datastream, true)]
        }
        Location => &[("Things", Thing, true), ("HistoricalLocations", HistoricalLocation, true)],
        HistoricalLocation => &[("Thing", Thing, false), ("Locations", Location, true)],
        Datastream => &[
            ("Thing", Thing, false),
            ("Sensor", Sensor, false),
            ("ObservedProperty", ObservedProperty, false),
            ("Observations", Observation, true),
        ],
        Sensor | ObservedProperty => &[("Datastreams", Datastream, true)],
        Observation => &[("Datastream", Datastream, false), ("FeatureOfInterest", FeatureOfInterest, false)],
        FeatureOfInterest => &[("Observations", Observation, true)],
    }
}

/// An entity. Numbers are places in the [`Graph`].
#[derive(Clone, Debug)]
pub enum Node {
    /// A device.
    Thing(usize),
    /// Where a device is.
    Location(usize),
    /// What a device tells of one kind.
    Datastream(usize),
    /// A kind of device.
    Sensor(&'static Sort),
    /// What is measured.
    Property(&'static Measure),
    /// A reading.
    Observation(Reads),
    /// The place that readings are about.
    Feature(usize),
}

/// A reading of a stream.
#[derive(Clone, Debug)]
pub struct Reads {
    pub of: usize,
    pub t: Ms,
    pub received: Ms,
    pub reading: Reading,
}

/// Entities, or the streams whose readings are meant: those are never held all at once.
#[derive(Clone, Debug)]
pub enum Set {
    /// Entities.
    Nodes(Vec<Node>),
    /// Readings of these streams.
    Reads(Vec<usize>),
}

struct Dev {
    device: Device,
    pack: &'static Pack,
    place: String,
    building: Option<Building>,
    streams: Vec<usize>,
}

struct Line {
    dev: usize,
    stream: Stream,
    measure: &'static Measure,
}

/// All that this reader may see.
pub struct Graph<'r> {
    req: &'r Req<'r>,
    root: String,
    devs: Vec<Dev>,
    lines: Vec<Line>,
    cost: Cell<usize>,
}

/// Areas of which this reader sees everything that stands in public.
fn own(req: &Req) -> Vec<String> {
    let roles = req.who.roles.iter();
    roles.filter(|r| req.who.key.is_some() || r.kind.is_desk()).map(|r| r.path.clone()).collect()
}

impl<'r> Graph<'r> {
    /// Looks up what there is for whoever asks.
    pub fn load(req: &'r Req<'r>, q: &mut dyn Query) -> Result<Graph<'r>> {
        let own = own(req);
        let (mut sql, mut values) = (String::from("shared = 1"), params![State::Gone].to_vec());
        for path in &own {
            sql.push_str(&format!(" or (path >= ${} and path < ${})", values.len() + 1, values.len() + 2));
            values.extend([Value::from(path.as_str()), area::end_of(path).into()]);
        }
        let sql = format!(
            "select {COLUMNS} from device where person is null and state <> $1 and ({sql}) order by name limit {}",
            DEVICES + 1
        );
        let devices = q.rows(&sql, &values)?.iter().map(read).collect::<store::Result<Vec<_>>>()?;
        if devices.len() > DEVICES {
            return Err(Kind::QueryTooLarge.at("$").limit(DEVICES as i64));
        }
        let areas: BTreeSet<&String> = devices.iter().map(|d| &d.area).collect();
        let places = area::by_ids(q, areas.into_iter())?;
        let mut told: HashMap<String, Vec<Stream>> = HashMap::new();
        for stream in heard(q, &devices)? {
            told.entry(stream.device.clone()).or_default().push(stream);
        }
        let mut buildings: HashMap<String, Option<Building>> = HashMap::new();
        let mut graph = Graph { req, root: req.absolute(ROOT), devs: Vec::new(), lines: Vec::new(), cost: Cell::new(0) };
        for device in devices {
            let place = places.iter().find(|a| a.id == device.area);
            let pack = pack::at(place.map_or("", |a| a.code.as_str()));
            let Some(sort) = pack.kind(&device.kind) else { continue };
            let all = own.iter().any(|p| device.path.starts_with(p));
            if !all && sort.open.is_empty() {
                continue;
            }
            let dev = graph.devs.len();
            let mut streams = Vec::new();
            for stream in told.remove(&device.id).unwrap_or_default() {
                let is_open = all || sort.open.iter().any(|o| o == measure_of(&stream.name));
                if let Some(measure) = pack.measure(&stream.name).filter(|_| is_open) {
                    streams.push(graph.lines.len());
                    graph.lines.push(Line { dev, stream, measure });
                }
            }
            let building = match &device.building {
                Some(id) if !buildings.contains_key(id) => {
                    let found = area::building(q, id)?;
                    buildings.entry(id.clone()).or_insert(found).clone()
                }
                Some(id) => buildings[id].clone(),
                None => None,
            };
            let place = place.map(|a| a.name.clone()).unwrap_or_default();
            graph.devs.push(Dev { device, pack, place, building, streams });
        }
        Ok(graph)
    }

    /// What an answer costs is counted, and has an end.
    pub fn pay(&self, n: usize) -> Result<()> {
        self.cost.set(self.cost.get() + n);
        if self.cost.get() > COST { Err(Kind::QueryTooLarge.at("$top").limit(COST as i64)) } else { Ok(()) }
    }

    /// Number and type of a stream.
    pub fn line(&self, of: usize) -> (i64, Type) {
        (self.lines[of].stream.num, self.lines[of].measure.kind)
    }

    /// All of a kind.
    pub fn all(&self, of: Entity) -> Set {
        let located = |n: &usize| self.devs[*n].building.as_ref().is_some_and(|b| b.point.is_some());
        let devs = 0..self.devs.len();
        let nodes = match of {
            Thing => devs.map(Node::Thing).collect(),
            Location => devs.filter(located).map(Node::Location).collect(),
            HistoricalLocation => Vec::new(),
            Datastream => (0..self.lines.len()).map(Node::Datastream).collect(),
            Sensor => {
                let mut all: Vec<&'static Sort> = self.devs.iter().filter_map(|d| d.pack.kind(&d.device.kind)).collect();
                all.sort_by(|a, b| a.id.cmp(&b.id));
                all.dedup_by(|a, b| a.id == b.id);
                all.into_iter().map(Node::Sensor).collect()
            }
            ObservedProperty => {
                let mut all: Vec<&'static Measure> = self.lines.iter().map(|l| l.measure).collect();
                all.sort_by(|a, b| a.id.cmp(&b.id));
                all.dedup_by(|a, b| a.id == b.id);
                all.into_iter().map(Node::Property).collect()
            }
            Observation => return Set::Reads((0..self.lines.len()).collect()),
            FeatureOfInterest => devs.map(Node::Feature).collect(),
        };
        Set::Nodes(nodes)
    }

    /// What hangs on an entity under this name, and whether it is many; none when there is no such name.
    pub fn follow(&self, node: &Node, name: &str) -> Option<(Set, bool)> {
        let (_, of, many) = links(node.entity()).iter().find(|(n, ..)| *n == name)?;
        let datastreams = |fits: &dyn Fn(&Line) -> bool| {
            (0..self.lines.len()).filter(|n| fits(&self.lines[*n])).map(Node::Datastream).collect()
        };
        let nodes = match (node, of) {
            (Node::Thing(d), Datastream) => self.devs[*d].streams.iter().map(|s| Node::Datastream(*s)).collect(),
            (Node::Thing(d), Location) => match self.devs[*d].building.as_ref().and_then(|b| b.point) {
                Some(_) => vec![Node::Location(*d)],
                None => Vec::new(),
            },
            (Node::Location(d), Thing) => vec![Node::Thing(*d)],
            (Node::Datastream(s), Thing) => vec![Node::Thing(self.lines[*s].dev)],
            (Node::Datastream(s), Sensor) => {
                let dev = &self.devs[self.lines[*s].dev];
                dev.pack.kind(&dev.device.kind).map(Node::Sensor).into_iter().collect()
            }
            (Node::Datastream(s), ObservedProperty) => vec![Node::Property(self.lines[*s].measure)],
            (Node::Datastream(s), Observation) => return Some((Set::Reads(vec![*s]), true)),
            (Node::Sensor(k), _) => datastreams(&|l| self.devs[l.dev].device.kind == k.id),
            (Node::Property(m), _) => datastreams(&|l| l.measure.id == m.id),
            (Node::Observation(r), Datastream) => vec![Node::Datastream(r.of)],
            (Node::Observation(r), _) => vec![Node::Feature(self.lines[r.of].dev)],
            (Node::Feature(d), _) => return Some((Set::Reads(self.devs[*d].streams.clone()), true)),
            _ => Vec::new(),
        };
        Some((Set::Nodes(nodes), *many))
    }

    /// The id of an entity.
    pub fn id(&self, node: &Node) -> Json {
        match node {
            Node::Thing(d) | Node::Location(d) | Node::Feature(d) => self.devs[*d].device.name.as_str().into(),
            Node::Datastream(s) => self.lines[*s].stream.num.into(),
            Node::Sensor(k) => k.id.as_str().into(),
            Node::Property(m) => m.id.as_str().into(),
            Node::Observation(r) => format!("{}-{}", self.lines[r.of].stream.num, r.t).into(),
        }
    }

    /// The address of an entity.
    pub fn link(&self, node: &Node) -> String {
        let many = ALL.iter().find(|(e, ..)| *e == node.entity()).map_or("", |(_, _, many)| many);
        match self.id(node) {
            Json::String(id) => format!("{}/{many}('{id}')", self.root),
            id => format!("{}/{many}({id})", self.root),
        }
    }

    /// The address of a path.
    pub fn at(&self, path: &str) -> String {
        format!("{}/{path}", self.root)
    }

    /// What an entity says.
    pub fn says(&self, node: &Node) -> Map<String, Json> {
        let lang = self.req.lang;
        let named = |name: &str, more: Json| {
            let mut all = Map::new();
            all.insert("name".into(), name.into());
            all.extend(more.as_object().cloned().unwrap_or_default());
            all
        };
        match node {
            Node::Thing(d) => {
                let Dev { device, pack, place, .. } = &self.devs[*d];
                let kind = pack.kind(&device.kind).map_or("", |k| k.name(lang));
                let properties = json!({ "device": device.name, "kind": device.kind, "state": device.state.as_str() });
                let title = device.title.as_deref().unwrap_or(kind);
                named(title, json!({ "description": format!("{kind} {place}"), "properties": properties }))
            }
            Node::Location(d) => {
                let (name, shape) = self.place(*d);
                named(&name, json!({ "description": name, "encodingType": "application/geo+json", "location": shape }))
            }
            Node::Feature(d) => {
                let (name, shape) = self.place(*d);
                let feature = json!({ "type": "Feature", "properties": {}, "geometry": shape });
                named(&name, json!({ "description": name, "encodingType": "application/geo+json", "feature": feature }))
            }
            Node::Datastream(s) => {
                let Line { dev, stream, measure } = &self.lines[*s];
                let kind = match measure.kind {
                    Type::Number => "OM_Measurement",
                    Type::Bool => "OM_TruthObservation",
                    Type::Text => "OM_Observation",
                };
                let unit = |text: &str| Some(text.to_owned()).filter(|t| !t.is_empty());
                let span = stream.first_t.zip(stream.last_t).map(|(a, b)| format!("{}/{}", time::exact(a), time::exact(b)));
                let device = &self.devs[*dev].device;
                let name = format!("{} {}", device.title.as_deref().unwrap_or(&device.name), measure.name(lang));
                let more = json!({
                    "description": measure.name(lang),
                    "observationType": format!("http://www.opengis.net/def/observationType/OGC-OM/2.0/{kind}"),
                    "unitOfMeasurement": { "name": unit(&measure.unit), "symbol": unit(&measure.unit), "definition": null },
                    "phenomenonTime": span, "resultTime": span,
                    "properties": { "stream": stream.name, "measure": measure.id },
                });
                named(&name, more)
            }
            Node::Sensor(k) => {
                let more = json!({ "description": k.name(lang), "encodingType": "text/html", "metadata": self.req.absolute("/devices") });
                named(k.name(lang), more)
            }
            Node::Property(m) => {
                let more = json!({ "definition": format!("urn:xiezhi:measure:{}", m.id), "description": m.name(lang) });
                named(m.name(lang), more)
            }
            Node::Observation(r) => {
                let t = time::exact(r.t);
                let result = self.result(r);
                let more = json!({ "phenomenonTime": t, "resultTime": t, "result": result, "parameters": { "received": time::exact(r.received) } });
                more.as_object().cloned().unwrap_or_default()
            }
        }
    }

    /// A reading as it is told: yes and no are no numbers.
    pub fn result(&self, r: &Reads) -> Json {
        match (&r.reading, self.lines[r.of].measure.kind) {
            (Reading::Number(n), Type::Bool) => (*n != 0.0).into(),
            (Reading::Number(n), _) => (*n).into(),
            (Reading::Text(t), _) => t.as_str().into(),
        }
    }

    /// Where a device is, in words and as a point.
    fn place(&self, d: usize) -> (String, Json) {
        let dev = &self.devs[d];
        let point = dev.building.as_ref().and_then(|b| b.point);
        let name = dev.building.as_ref().map_or(&dev.place, |b| &b.name).clone();
        let degrees = |n: i32| f64::from(n) / 1e7;
        (name, point.map_or(Json::Null, |p| json!({ "type": "Point", "coordinates": [degrees(p.lon), degrees(p.lat)] })))
    }
}

impl Node {
    /// Of which kind it is.
    pub fn entity(&self) -> Entity {
        match self {
            Node::Thing(_) => Thing,
            Node::Location(_) => Location,
            Node::Datastream(_) => Datastream,
            Node::Sensor(_) => Sensor,
            Node::Property(_) => ObservedProperty,
            Node::Observation(_) => Observation,
            Node::Feature(_) => FeatureOfInterest,
        }
    }
}
