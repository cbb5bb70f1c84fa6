//! Readings as observations: found by stream and time, page by page, never counted through.
//!
//! What must stay true: a page costs what stands on it and what its condition passes over, within limits; the next page begins where
//! this one ended, whatever was told meanwhile.

use store::{Query, params};

use super::super::ingest::Reading;
use super::filter::{self, Expr};
use super::model::{Graph, Node, Reads};
use super::options::Options;
use super::words::odd;
use crate::kit::Result;
use crate::kit::error::Kind;
use crate::kit::time::Ms;

/// Streams whose readings are looked at together.
const STREAMS: usize = 100;
/// Rows that are read at once, and of one stream at least.
const PAGE: usize = 500;
const EACH: usize = 10;
/// Rows that a condition may pass over for one page, or for a count.
const SCAN: usize = 20_000;

/// A page of readings.
pub struct Page {
    /// What stands on it.
    pub nodes: Vec<Node>,
    /// Where it ended, when there is more.
    pub after: Option<String>,
    /// How many there are, when that was asked.
    pub count: Option<i64>,
}

/// Whether they are asked for by time, and downwards; none when by something else.
fn down(o: &Options) -> Option<bool> {
    let is = |p: &[String], names: &[&str]| matches!(p, [p] if names.contains(&p.as_str()));
    match o.orderby.as_slice() {
        [] => Some(false),
        [(Expr::Path(p), down), ..] if is(p, &["phenomenonTime", "resultTime"]) => Some(*down),
        _ => None,
    }
}

/// What a page is looked for in.
struct Look<'g> {
    graph: &'g Graph<'g>,
    streams: &'g [usize],
    from: Ms,
    to: Ms,
    down: bool,
}

impl Look<'_> {
    /// Rows after a place, in order, at most so many but some unless there are none; and whether these are all.
    fn rows(&self, q: &mut dyn Query, after: Option<(Ms, i64)>, most: usize) -> Result<(Vec<Reads>, bool)> {
        let each = (most / self.streams.len().max(1)).max(EACH).min(most);
        let order = if self.down { "desc" } else { "asc" };
        let sql = format!(
            "select t, received, n, said from observation where stream = $1 and t >= $2 and t < $3 order by t {order} limit $4"
        );
        // How far each stream was read that has more: what lies behind may be another's turn.
        let (mut out, mut ends): (Vec<Reads>, Vec<(Ms, i64)>) = (Vec::new(), Vec::new());
        for of in self.streams {
            let (num, _) = self.graph.line(*of);
            let (mut from, mut to) = (self.from, self.to);
            match after {
                Some((t, s)) if self.down => to = to.min(if num < s { t.saturating_add(1) } else { t }),
                Some((t, s)) => from = from.max(if num > s { t } else { t.saturating_add(1) }),
                None => {}
            }
            let rows = q.rows(&sql, params![num, from, to, each as i64])?;
            for row in &rows {
                let (n, said): (Option<f64>, Option<String>) = (row.get("n")?, row.get("said")?);
                if let Some(reading) = n.map(Reading::Number).or(said.map(Reading::Text)) {
                    out.push(Reads { of: *of, t: row.get("t")?, received: row.get("received")?, reading });
                }
            }
            if let Some(last) = rows.last().filter(|_| rows.len() == each) {
                ends.push((last.get("t")?, num));
            }
        }
        self.graph.pay(out.len() + self.streams.len())?;
        let place = |r: &Reads| (r.t, self.graph.line(r.of).0);
        out.sort_by_key(place);
        let end = if self.down { ends.iter().max() } else { ends.iter().min() };
        if let Some(end) = end {
            out.retain(|r| if self.down { place(r) >= *end } else { place(r) <= *end });
        }
        if self.down {
            out.reverse();
        }
        let whole = ends.is_empty() && out.len() <= most;
        out.truncate(most);
        Ok((out, whole))
    }
}

/// One reading by its id (`stream-time`), of these streams.
pub fn one(g: &Graph, q: &mut dyn Query, streams: &[usize], id: &str) -> Result<Option<Node>> {
    let Some((num, t)) = id.split_once('-').and_then(|(n, t)| Some((n.parse::<i64>().ok()?, t.parse::<Ms>().ok()?))) else {
        return Ok(None);
    };
    let Some(of) = streams.iter().find(|s| g.line(**s).0 == num) else { return Ok(None) };
    let look = Look { graph: g, streams: &[*of], from: t, to: t.saturating_add(1), down: false };
    Ok(look.rows(q, None, 1)?.0.pop().map(Node::Observation))
}

/// The page that is asked for.
pub fn page(g: &Graph, q: &mut dyn Query, streams: &[usize], o: &Options) -> Result<Page> {
    if streams.len() > STREAMS {
        return Err(Kind::QueryTooLarge.at("Observations").limit(STREAMS as i64));
    }
    let (from, to, whole) = o.filter.as_ref().map_or((Ms::MIN, Ms::MAX, true), filter::bounds);
    let by_time = down(o);
    let look = Look { graph: g, streams, from, to, down: by_time.unwrap_or(false) };
    let rest = o.filter.as_ref().filter(|_| !whole);
    let Some(_) = by_time else { return sorted(&look, q, rest, o) };
    let mut after = match &o.after {
        None => None,
        Some(token) => Some(
            token.split_once('-').and_then(|(s, t)| Some((t.parse().ok()?, s.parse().ok()?))).ok_or_else(|| odd("$skiptoken"))?,
        ),
    };
    let (mut nodes, mut skip, mut seen) = (Vec::new(), o.skip, 0);
    let mut more = None;
    'all: loop {
        // One more than stands on the page says whether there is a next one.
        let want = if rest.is_some() { PAGE } else { (skip + o.top + 1 - nodes.len()).min(PAGE) };
        let (rows, whole) = look.rows(q, after, want)?;
        let is_last = whole || rows.is_empty();
        for row in rows {
            seen += 1;
            let (place, node) = ((row.t, g.line(row.of).0), Node::Observation(row));
            let fits = rest.map_or(Ok(true), |e| e.fits(&mut |path| g.value(&node, path)))?;
            if fits && skip > 0 {
                skip -= 1;
            } else if fits && nodes.len() == o.top {
                more = after;
                break 'all;
            } else if fits {
                nodes.push(node);
            }
            after = Some(place);
        }
        if is_last {
            break;
        }
        if seen >= SCAN {
            more = after;
            break;
        }
    }
    let count = if o.count { Some(count(&look, q, rest)?) } else { None };
    Ok(Page { nodes, after: more.map(|(t, s)| format!("{s}-{t}")), count })
}

/// How many there are.
fn count(look: &Look, q: &mut dyn Query, rest: Option<&Expr>) -> Result<i64> {
    if let Some(e) = rest {
        let g = look.graph;
        let all = all(look, q)?;
        let mut n = 0;
        for row in all {
            let node = Node::Observation(row);
            n += i64::from(e.fits(&mut |path| g.value(&node, path))?);
        }
        return Ok(n);
    }
    let mut n = 0;
    for of in look.streams {
        let sql = "select count(*) from observation where stream = $1 and t >= $2 and t < $3";
        n += q.count(sql, params![look.graph.line(*of).0, look.from, look.to])?;
    }
    Ok(n)
}

/// All that are meant, when they are few enough.
fn all(look: &Look, q: &mut dyn Query) -> Result<Vec<Reads>> {
    let (mut out, mut after): (Vec<Reads>, Option<(Ms, i64)>) = (Vec::new(), None);
    loop {
        let (some, whole) = look.rows(q, after, SCAN)?;
        after = some.last().map(|r| (r.t, look.graph.line(r.of).0)).or(after);
        out.extend(some);
        if out.len() > SCAN {
            return Err(Kind::QueryTooLarge.at("$filter").limit(SCAN as i64));
        }
        if whole {
            return Ok(out);
        }
    }
}

/// Ordered by something else than time: all of them are looked at.
fn sorted(look: &Look, q: &mut dyn Query, rest: Option<&Expr>, o: &Options) -> Result<Page> {
    let g = look.graph;
    let mut nodes = Vec::new();
    for row in all(look, q)? {
        let node = Node::Observation(row);
        if rest.map_or(Ok(true), |e| e.fits(&mut |path| g.value(&node, path)))? {
            nodes.push(node);
        }
    }
    let count = o.count.then_some(nodes.len() as i64);
    g.sort(&mut nodes, &o.orderby)?;
    let more = nodes.len() > o.skip + o.top;
    let nodes = nodes.into_iter().skip(o.skip).take(o.top).collect();
    Ok(Page { nodes, after: more.then(String::new), count })
}
