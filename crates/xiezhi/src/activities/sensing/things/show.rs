//! From entities to an answer: which fit, in which order, what of each, what hangs on them.
//!
//! What must stay true: conditions see what the reader sees and nothing more; what was asked for and is not known is an error.

use std::cmp::Ordering;

use serde_json::{Map, Value as Json, json};
use store::Query;

use super::filter::{Expr, Val};
use super::model::{Graph, Node, Set, links};
use super::options::Options;
use super::reads;
use super::words::odd;
use crate::kit::Result;
use crate::kit::form::encode;

impl Graph<'_> {
    /// What a path of a condition leads to.
    pub fn value(&self, node: &Node, path: &[String]) -> Result<Val> {
        let [first, rest @ ..] = path else { return Ok(Val::Null) };
        if let Some((set, many)) = self.follow(node, first) {
            let Set::Nodes(nodes) = set else { return Err(odd("$filter")) };
            return match nodes.first() {
                _ if many => Err(odd("$filter")),
                Some(next) => self.value(next, rest),
                None => Ok(Val::Null),
            };
        }
        if let (Node::Observation(r), [name]) = (node, path) {
            match name.as_str() {
                "phenomenonTime" | "resultTime" => return Ok(Val::Time(r.t)),
                "result" => return Ok(Val::of(&self.result(r))),
                _ => {}
            }
        }
        if matches!(first.as_str(), "id" | "@iot.id") && rest.is_empty() {
            return Ok(Val::of(&self.id(node)));
        }
        let says = self.says(node);
        let mut at = says.get(first).ok_or_else(|| odd("$filter"))?;
        for name in rest {
            at = at.get(name).unwrap_or(&Json::Null);
        }
        Ok(Val::of(at))
    }

    /// Puts entities into the order that is asked for; those that are alike stay as they were.
    pub fn sort(&self, nodes: &mut Vec<Node>, by: &[(Expr, bool)]) -> Result<()> {
        if by.is_empty() {
            return Ok(());
        }
        let mut keyed = Vec::with_capacity(nodes.len());
        for node in nodes.drain(..) {
            let keys = by.iter().map(|(e, _)| e.value(&mut |path| self.value(&node, path))).collect::<Result<Vec<_>>>()?;
            keyed.push((keys, node));
        }
        keyed.sort_by(|(a, _), (b, _)| {
            let each = a.iter().zip(b).zip(by).map(|((a, b), (_, down))| {
                // What is not there comes last.
                let order = a.order(b).unwrap_or_else(|| (*a == Val::Null).cmp(&(*b == Val::Null)));
                if *down { order.reverse() } else { order }
            });
            each.fold(Ordering::Equal, Ordering::then)
        });
        nodes.extend(keyed.into_iter().map(|(_, node)| node));
        Ok(())
    }

    /// A collection: `value`, the number of all, the link to the next page. `at` is its address.
    pub fn many(&self, q: &mut dyn Query, set: &Set, o: &Options, at: &str) -> Result<Map<String, Json>> {
        let page = match set {
            Set::Reads(streams) => reads::page(self, q, streams, o)?,
            Set::Nodes(nodes) => self.page(nodes, o)?,
        };
        let mut out = Map::new();
        if let Some(count) = page.count {
            out.insert("@iot.count".into(), count.into());
        }
        if let Some(after) = &page.after {
            out.insert("@iot.nextLink".into(), next(o, at, after).into());
        }
        let value = if o.data_array && matches!(set, Set::Reads(_)) {
            self.arrays(&page.nodes, o)?
        } else {
            page.nodes.iter().map(|n| self.one(q, n, o).map(Json::Object)).collect::<Result<Vec<_>>>()?
        };
        out.insert("value".into(), value.into());
        Ok(out)
    }

    fn page(&self, all: &[Node], o: &Options) -> Result<reads::Page> {
        self.pay(all.len())?;
        let mut nodes = Vec::new();
        for node in all {
            if o.filter.as_ref().map_or(Ok(true), |e| e.fits(&mut |path| self.value(node, path)))? {
                nodes.push(node.clone());
            }
        }
        let count = o.count.then_some(nodes.len() as i64);
        self.sort(&mut nodes, &o.orderby)?;
        let more = nodes.len() > o.skip + o.top;
        Ok(reads::Page { nodes: nodes.into_iter().skip(o.skip).take(o.top).collect(), after: more.then(String::new), count })
    }

    /// An entity with what of it, and of what hangs on it, is asked for.
    pub fn one(&self, q: &mut dyn Query, node: &Node, o: &Options) -> Result<Map<String, Json>> {
        self.pay(1)?;
        let link = self.link(node);
        let mut out = Map::new();
        out.insert("@iot.id".into(), self.id(node));
        out.insert("@iot.selfLink".into(), link.clone().into());
        out.extend(self.says(node));
        for (name, ..) in links(node.entity()) {
            out.insert(format!("{name}@iot.navigationLink"), format!("{link}/{name}").into());
        }
        if !o.select.is_empty() {
            let mut chosen = Map::new();
            for name in &o.select {
                let key = match name.as_str() {
                    "id" | "@iot.id" => "@iot.id".to_owned(),
                    name if links(node.entity()).iter().any(|(n, ..)| *n == name) => format!("{name}@iot.navigationLink"),
                    name => name.to_owned(),
                };
                let value = out.get(&key).cloned().ok_or_else(|| odd("$select"))?;
                chosen.insert(key, value);
            }
            out = chosen;
        }
        for (name, inner) in &o.expand {
            let (set, many) = self.follow(node, name).ok_or_else(|| odd("$expand"))?;
            out.remove(&format!("{name}@iot.navigationLink"));
            if many {
                for (key, value) in self.many(q, &set, inner, &format!("{link}/{name}"))? {
                    out.insert(if key == "value" { name.clone() } else { format!("{name}{key}") }, value);
                }
            } else if let Set::Nodes(nodes) = set {
                let inner = nodes.first().map(|n| self.one(q, n, inner)).transpose()?;
                out.insert(name.clone(), inner.map_or(Json::Null, Json::Object));
            }
        }
        Ok(out)
    }

    /// Readings as rows of tables, one for each stream.
    fn arrays(&self, nodes: &[Node], o: &Options) -> Result<Vec<Json>> {
        const USUAL: [&str; 4] = ["id", "phenomenonTime", "result", "resultTime"];
        let names: Vec<&str> =
            if o.select.is_empty() { USUAL.to_vec() } else { o.select.iter().map(|s| s.trim_start_matches("@iot.")).collect() };
        let mut tables: Vec<(usize, Vec<Json>)> = Vec::new();
        for node in nodes {
            let Node::Observation(r) = node else { continue };
            let says = self.says(node);
            let cell = |name: &&str| {
                if *name == "id" { Ok(self.id(node)) } else { says.get(*name).cloned().ok_or_else(|| odd("$select")) }
            };
            let row = names.iter().map(cell).collect::<Result<Vec<_>>>()?;
            match tables.iter_mut().find(|(of, _)| *of == r.of) {
                Some((_, rows)) => rows.push(row.into()),
                None => tables.push((r.of, vec![row.into()])),
            }
        }
        let table = |(of, rows): (usize, Vec<Json>)| {
            let link = self.link(&Node::Datastream(of));
            json!({ "Datastream@iot.navigationLink": link, "components": names, "dataArray@iot.count": rows.len(), "dataArray": rows })
        };
        Ok(tables.into_iter().map(table).collect())
    }
}

/// The address of the next page: readings go on after the last one, others after so many.
fn next(o: &Options, at: &str, after: &str) -> String {
    let place = if after.is_empty() { ("$skip", (o.skip + o.top).to_string()) } else { ("$skiptoken", after.to_owned()) };
    let kept = o.raw.iter().filter(|(n, _)| !matches!(*n, "$skip" | "$skiptoken"));
    let all: Vec<String> = kept.chain([&place]).map(|(n, t)| format!("{n}={}", encode(t))).collect();
    format!("{at}?{}", all.join("&"))
}
