//! Reports that may be the same, as a reader may see them.
//!
//! What must stay true: only what is open and likely is shown, always with the reason, and no more of a case than any list
//! shows of it.

use calc::alike::{self, Match};
use schemars::JsonSchema;
use serde::Serialize;
use store::Query;

use super::{Item, items};
use crate::base::catalogue::Look;
use crate::kit::{Req, Result};
use crate::records::case::report::alike::{Asked, find};
use crate::records::case::{Case, Rulebook};

/// Suggestions that are shown.
const SHOWN: usize = 3;
/// Log-odds from which on one is worth showing.
const LIKELY: f64 = 1.5;

/// An earlier report that may be the same.
#[derive(Serialize, JsonSchema)]
pub struct Similar {
    /// The case as a list shows it.
    #[serde(flatten)]
    pub item: Item,
    /// Why it may be the same.
    pub why: Why,
    /// Log-odds in hundredths.
    pub score: i64,
}

/// The reason in figures.
#[derive(Serialize, JsonSchema)]
pub struct Why {
    /// Metres apart.
    pub metres: Option<u32>,
    /// Whole days apart.
    pub days: i64,
    /// Of the same class.
    pub same_class: bool,
    /// Words that both have.
    pub words: Vec<String>,
}

/// Open cases that may be the same, as this reader may see them.
pub fn similar(req: &Req, q: &mut dyn Query, book: &Rulebook, asked: &Asked, not: &str, look: &mut Look) -> Result<Vec<Similar>> {
    let found = find(q, book, asked, not, SHOWN * 4)?;
    let likely = |(c, m): &(Case, Match)| c.state.is_open() && m.score >= LIKELY && (m.same_class || !m.words.is_empty());
    let found: Vec<(Case, Match)> = found.into_iter().filter(likely).take(SHOWN).collect();
    let (cases, matches): (Vec<Case>, Vec<Match>) = found.into_iter().unzip();
    let items = items(req, q, &cases, look)?;
    let similar = |(item, m): (Item, Match)| Similar {
        item,
        score: (m.score * 100.0).round() as i64,
        why: Why { metres: m.metres, days: m.days as i64, same_class: m.same_class, words: alike::phrases(asked.text, &m.words) },
    };
    Ok(items.into_iter().zip(matches).map(similar).collect())
}
