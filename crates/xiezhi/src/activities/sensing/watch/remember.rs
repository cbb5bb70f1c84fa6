//! What a rule remembers of a device: read, with all that was told since, and written.
//!
//! What must stay true: of a home it is sealed under the key of the device; whatever was told since it was written stands in
//! the rows of its streams.

use store::{Query, Tx};

use super::book::Active;
use super::{Memory, Watch, row_of_watch};
use crate::activities::sensing::ingest::{self, Stream};
use crate::activities::sensing::{Device, State};
use crate::kit::Result;
use crate::kit::time::Ms;

/// A rule on a device.
pub type At<'a> = (&'a Device, &'a Active);

/// The streams of a rule as this write has left them so far.
pub fn streams(tx: &mut Tx, device: &str, active: &Active) -> Result<Vec<Option<Stream>>> {
    active.measures.iter().map(|m| ingest::stream(tx, device, m)).collect()
}

/// What a rule remembers of a device, with all that was told since; `begun` when nothing is remembered yet.
pub fn remembered(
    active: &Active,
    device: &Device,
    watch: Option<&Watch>,
    streams: &[Option<Stream>],
    begun: Ms,
    q: &mut dyn Query,
) -> Result<Memory> {
    let text = match watch {
        Some(Watch { sealed: Some(sealed), .. }) => q.open_text(&device.id, Some(sealed.clone()))?,
        Some(watch) => watch.memory.clone(),
        None => None,
    };
    let mut memory = match text {
        Some(text) => Memory::parse(active, &text, begun),
        None => {
            let mut new = Memory::new(active, begun);
            new.machine.out = device.state == State::Paused;
            new
        }
    };
    for (input, stream) in streams.iter().enumerate() {
        if let Some((newest, received, seq)) = stream.as_ref().and_then(|s| Some((s.last_t?, s.heard_at?, s.last_seq))) {
            memory.state.resume(input as u8, newest, received, seq.and_then(|n| u64::try_from(n).ok()));
        }
    }
    Ok(memory)
}

/// Reads it.
pub fn load(tx: &mut Tx, active: &Active, device: &Device, begun: Ms) -> Result<(Watch, Memory)> {
    let id = row_of_watch::id(&active.id, &device.id);
    let watch = Watch::fetch(tx, &id)?;
    let streams = streams(tx, &device.id, active)?;
    let memory = remembered(active, device, watch.as_ref(), &streams, begun, tx)?;
    Ok((watch.unwrap_or_else(|| Watch::new(&active.id, &device.id)), memory))
}

/// Writes what is remembered.
pub fn keep(tx: &mut Tx, (device, active): At, watch: &mut Watch, memory: &Memory) -> Result<()> {
    let text = memory.text();
    (watch.memory, watch.sealed) =
        if device.is_home() { (None, Some(tx.seal(&device.id, text.as_bytes())?)) } else { (Some(text), None) };
    (watch.due_at, watch.kept_at) = (memory.due(active), tx.now());
    watch.put(tx);
    Ok(())
}
