//! Reports that may be the same, for suggesting them while somebody reports and while a desk sorts.
//!
//! What must stay true: text is compared with what is personal in it masked, and the only words that leave are words the
//! asker typed himself; what was written after handling is never looked at; a suggestion merges nothing by itself. What a
//! private class holds is nobody's to find.
//!
//! Cost: nine look-ups of at most [`EACH`] cases in squares of an index, the words of at most [`READ`] of them, and the
//! whole of those that are found, whatever the number of cases.

use std::collections::HashMap;

use calc::alike::{self, Match, Report};
use calc::geo::Point;
use calc::grade::{self, Mask};
use store::{Query, Value, Written};

use crate::base::classes::Visibility;
use crate::kit::Result;
use crate::kit::time::{DAY, Ms};
use crate::records::case::rules::State;
use crate::records::case::{Case, Rulebook, by_ids, place};

/// How far back one looks.
const BACK: Ms = 90 * DAY;
/// Cases of one square that are compared.
const EACH: usize = 20;
/// Cases whose words are opened and compared.
const READ: usize = 30;

/// What is compared.
pub struct Asked<'a> {
    /// Words.
    pub text: &'a str,
    /// Class code.
    pub class: Option<&'a str>,
    /// Place that everybody may know.
    pub place: Option<Point>,
    /// Path of its area, for when there is no place.
    pub path: &'a str,
    /// When it came.
    pub at: Ms,
}

/// Cases it may repeat, the likeliest first.
pub fn find(q: &mut dyn Query, book: &Rulebook, asked: &Asked, not: &str, most: usize) -> Result<Vec<(Case, Match)>> {
    let mut earlier = near(q, asked)?;
    earlier.retain(|e| e.id != not && book.class_in(e.pack, e.class.as_deref()).visibility != Visibility::Private);
    let mut found = compare(q, &earlier, asked)?;
    found.truncate(most);
    let ids: Vec<String> = found.iter().map(|m| earlier[m.index].id.clone()).collect();
    // Each is still there: both were read from one state of the node.
    Ok(by_ids(q, &ids)?.into_iter().zip(found).collect())
}

/// As much of an earlier case as tells whether it is worth reading.
pub struct Earlier {
    id: String,
    class: Option<String>,
    pack: i64,
    place: Option<Point>,
    at: Ms,
    log_seq: u64,
}

impl From<&Case> for Earlier {
    fn from(c: &Case) -> Earlier {
        let (id, class) = (c.id.clone(), c.class.clone());
        Earlier { id, class, pack: c.pack, place: place::of(c), at: c.received_at, log_seq: c.log_seq }
    }
}

/// How alike the most promising of these are to what is asked, best first; those that share neither place nor words are
/// left out.
pub fn compare(q: &mut dyn Query, earlier: &[Earlier], asked: &Asked) -> Result<Vec<Match>> {
    let masked = impersonal(asked.text);
    let new = Report { text: &masked, class: asked.class, place: asked.place, at: asked.at };
    let silent: Vec<Report> =
        earlier.iter().map(|e| Report { text: "", class: e.class.as_deref(), place: e.place, at: e.at }).collect();
    let kept = alike::promising(&new, &silent, READ);
    let said: Vec<u64> = kept.iter().map(|&i| earlier[i].log_seq).collect();
    let said: HashMap<u64, Written> = q.entries_at(&said)?.into_iter().map(|w| (w.index, w)).collect();
    let text = |e: &Earlier| {
        let entry = said.get(&e.log_seq).filter(|w| w.obj == e.id);
        entry.and_then(|w| w.element("case.text")).map(impersonal).unwrap_or_default()
    };
    let texts: Vec<String> = kept.iter().map(|&i| text(&earlier[i])).collect();
    let candidates: Vec<Report> = kept.iter().zip(&texts).map(|(&i, text)| Report { text, ..silent[i].clone() }).collect();
    let ranked = alike::rank(&new, &candidates);
    Ok(ranked.into_iter().map(|m| Match { index: kept[m.index], ..m }).collect())
}

/// A text without what is personal in it: also without the ends of a number that a mask leaves.
fn impersonal(text: &str) -> String {
    let masked = grade::apply(Mask::Text, text);
    let of_number = |c: char| c.is_ascii_digit() || c == '*';
    let mut out = String::with_capacity(masked.len());
    let mut rest = masked.as_str();
    while let Some(start) = rest.find(of_number) {
        let run = rest[start..].find(|c| !of_number(c)).map_or(rest.len(), |n| start + n);
        out.push_str(&rest[..start]);
        out.push_str(if rest[start..run].contains('*') { " " } else { &rest[start..run] });
        rest = &rest[run..];
    }
    out + rest
}

/// Cases around a place (or of the same area, when no place is known) of late, the newest of each square.
fn near(q: &mut dyn Query, asked: &Asked) -> store::Result<Vec<Earlier>> {
    let since = asked.at - BACK;
    let one = |condition: &str| {
        format!(
            "select * from (select id, class, pack, lat, lon, received_at, log_seq from cases \
             where {condition} and received_at >= $1 and state <> '{}' order by received_at desc limit {EACH}) s",
            State::Rejected.as_str()
        )
    };
    let (sql, params): (String, Vec<Value>) = match asked.place {
        Some(p) => {
            let squares = place::around(p);
            let all: Vec<String> = (0..squares.len()).map(|i| one(&format!("cell = ${}", i + 2))).collect();
            let params = [since].into_iter().chain(squares).map(Value::from).collect();
            (all.join(" union all "), params)
        }
        None => (one("path = $2"), vec![since.into(), asked.path.into()]),
    };
    let earlier = |row: &store::Row| {
        let degree = |name: &str| row.get::<Option<i64>>(name).map(|v| v.and_then(|v| i32::try_from(v).ok()));
        let place = degree("lat")?.zip(degree("lon")?).map(|(lat, lon)| Point { lat, lon });
        Ok(Earlier {
            id: row.get("id")?,
            class: row.get("class")?,
            pack: row.get("pack")?,
            place,
            at: row.get("received_at")?,
            log_seq: row.get("log_seq")?,
        })
    };
    q.rows(&sql, &params)?.iter().map(earlier).collect()
}
