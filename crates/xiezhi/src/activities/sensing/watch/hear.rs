//! What devices tell, heard by the rules: in the write in which it is kept.
//!
//! What must stay true: a reading is kept and heard together or not at all. What a rule remembers is written when one of its
//! conditions changed, or an hour has gone; whatever was told since is in the row of its stream, so nothing is lost. What is
//! in memory counts only while its streams stand where they stood.

use std::collections::BTreeSet;
use std::sync::Arc;

use calc::alarm::{Observation, Quality, Value};
use store::Tx;

use super::book::{Active, Book, Mark, Warm};
use super::{Watch, remember, row_of_watch, step};
use crate::activities::sensing::ingest::{self, Reading, Stream, Taken, Told};
use crate::kit::Result;
use crate::kit::time::{HOUR, Ms};

/// So long what a rule remembers may be older than what is in memory.
const KEEP: Ms = HOUR;

/// Writes readings and lets the rules hear them; says of each what became of it.
pub fn take(tx: &mut Tx, book: &Book, all: &[Told]) -> Result<Vec<Taken>> {
    let fresh = book.rules.is_fresh(tx)?;
    expect(tx, book, fresh, all)?;
    ingest::take(tx, all, |tx, told, before, after| {
        for active in book.rules.of(tx, &told.device)?.iter() {
            if let Some(input) = active.measures.iter().position(|m| *m == told.name) {
                hear(tx, book, fresh, active, told, (input, before, after))?;
            }
        }
        Ok(())
    })
}

/// Reads what will be asked for in few statements.
fn expect(tx: &mut Tx, book: &Book, fresh: bool, all: &[Told]) -> Result<()> {
    let (mut watches, mut streams) = (BTreeSet::new(), BTreeSet::new());
    for told in all {
        for active in book.rules.of(tx, &told.device)?.iter().filter(|a| a.measures.contains(&told.name)) {
            let id = row_of_watch::id(&active.id, &told.device.id);
            if active.restless || !fresh || !book.rules.is_warm(&id) {
                watches.insert(id);
            }
            if active.measures.len() > 1 {
                streams.extend(active.measures.iter().map(|m| ingest::stream_id(&told.device.id, m)));
            }
        }
    }
    Watch::expect(tx, &watches.into_iter().collect::<Vec<_>>())?;
    ingest::expect(tx, &streams.into_iter().collect::<Vec<_>>())
}

fn mark(stream: &Stream) -> Mark {
    Mark { told: stream.told, last_t: stream.last_t, heard_at: stream.heard_at }
}

fn observation(told: &Told, input: usize) -> Observation {
    Observation {
        input: input as u8,
        at: told.timed.then_some(told.t),
        received: told.received,
        seq: told.seq.and_then(|n| u64::try_from(n).ok()),
        value: match &told.reading {
            Reading::Number(n) => Value::Number(*n),
            Reading::Text(text) => Value::Text(text.clone()),
        },
        quality: Quality::Good,
    }
}

fn hear(
    tx: &mut Tx,
    book: &Book,
    fresh: bool,
    active: &Arc<Active>,
    told: &Told,
    (input, before, after): (usize, &Stream, &Stream),
) -> Result<()> {
    let (device, id) = (&*told.device, row_of_watch::id(&active.id, &told.device.id));
    let mut streams = if active.measures.len() > 1 { remember::streams(tx, &device.id, active)? } else { vec![None] };
    streams[input] = (before.told > 0).then(|| before.clone());
    let mut marks: Vec<Mark> = streams.iter().map(|s| s.as_ref().map(mark).unwrap_or_default()).collect();
    let warm = book.rules.take(&id).filter(|w| fresh && w.marks == marks);
    let (mut state, kept, kept_at) = match warm {
        Some(warm) => (warm.state, warm.kept, warm.kept_at),
        None => {
            let watch = Watch::fetch(tx, &id)?;
            let memory = remember::remembered(active, device, watch.as_ref(), &streams, told.received, tx)?;
            (memory.state.clone(), memory.state.nodes().to_vec(), watch.map_or(0, |w| w.kept_at))
        }
    };
    let edges = state.observe(&active.rule, &observation(told, input)).edges;
    marks[input] = mark(after);
    let changed = !edges.is_empty() || state.nodes() != kept || tx.now() - kept_at >= KEEP;
    if !changed {
        book.rules.put(id, Warm { state, kept, kept_at, marks });
        return Ok(());
    }
    let watch = Watch::fetch(tx, &id)?;
    let mut memory = remember::remembered(active, device, watch.as_ref(), &[], told.received, tx)?;
    memory.state = state;
    let mut watch = watch.unwrap_or_else(|| Watch::new(&active.id, &device.id));
    step::edges(tx, book, (device, active), (&mut watch, &mut memory), &edges)?;
    remember::keep(tx, (device, active), &mut watch, &memory)?;
    let kept = memory.state.nodes().to_vec();
    book.rules.put(id, Warm { state: memory.state, kept, kept_at: watch.kept_at, marks });
    Ok(())
}
