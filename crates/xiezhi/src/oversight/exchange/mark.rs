//! How far each stream has come: of a peer's log here, of ours there.
//!
//! What must stay true: the mark of what came moves in the transaction that applies it; the mark of what went moves only by a
//! watermark that the other side signed after its commit. It may say less than before (its database was put back): then it gets
//! again what it lost.

use store::tree::{Edge, Hash};
use store::{Query, Tx, note};

use super::peer::Peer;
use super::wire::Stream;
use crate::kit::row::row;
use crate::kit::time::Ms;
use crate::kit::{Result, witness};

row! {
    whole
    /// One stream between this node and a peer.
    #[derive(Clone, Debug, Default)]
    pub struct Mark {
        /// Peer and way.
        pub id: String,
        /// Peer.
        pub peer: String,
        /// `in` or `out`.
        pub way: String,
        /// Entries of the sender's log that were dealt with.
        pub size: u64,
        /// Edge of its tree there; of what went, the root.
        pub edge: Vec<u8>,
        /// Number of the last event.
        pub n: u64,
        /// When it moved last.
        pub moved_at: Ms,
        /// When the receiver said so, by its own clock.
        pub told_at: Ms,
        /// The checkpoint that was witnessed last.
        pub checkpoint: Option<String>,
        /// The witness's line under it.
        pub cosignature: Option<String>,
    }
}

/// The key columns never change.
const FIXED: usize = 3;
const TABLE: &str = "exchange_mark";

/// Which of the two ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Of a peer's log here.
    In,
    /// Of ours there.
    Out,
}

impl Way {
    fn as_str(self) -> &'static str {
        if self == Way::In { "in" } else { "out" }
    }
}

/// The key of a stream's row.
pub fn id(peer: &str, way: Way) -> String {
    format!("{peer}/{}", way.as_str())
}

impl Mark {
    fn new(peer: &str, way: Way) -> Mark {
        Mark { id: id(peer, way), peer: peer.to_owned(), way: way.as_str().to_owned(), ..Mark::default() }
    }

    /// The tree as far as it is known.
    pub fn tree(&self) -> store::Result<Edge> {
        Edge::from_bytes(self.size, &self.edge)
    }

    /// Keeps it; the batch writes it once, however often it moved.
    pub fn put(&self, tx: &mut Tx) {
        tx.put(TABLE, NAMES, FIXED, self.values());
    }
}

/// The mark of a stream, outside a write.
pub fn of(q: &mut dyn Query, peer: &str, way: Way) -> store::Result<Mark> {
    let new = Mark::new(peer, way);
    let row = q.row(&format!("select {COLUMNS} from exchange_mark where id = $1"), store::params![&new.id])?;
    Ok(row.as_ref().map(read).transpose()?.unwrap_or(new))
}

/// All marks.
pub fn all(q: &mut dyn Query) -> store::Result<Vec<Mark>> {
    q.rows(&format!("select {COLUMNS} from exchange_mark order by id"), &[])?.iter().map(read).collect()
}

/// The mark of a stream inside a write, as this batch has left it.
pub fn load(tx: &mut Tx, peer: &str, way: Way) -> store::Result<Mark> {
    let new = Mark::new(peer, way);
    let row = tx.fetch(TABLE, NAMES, &new.id)?;
    Ok(row.as_ref().map(read).transpose()?.unwrap_or(new))
}

/// What a receiver says, signed, after its commit: so far it has dealt with our log.
#[derive(Clone, Debug, PartialEq)]
pub struct Watermark {
    /// Whose log.
    pub sender: String,
    /// Who says so.
    pub receiver: String,
    /// Which stream.
    pub stream: Stream,
    /// Entries.
    pub size: u64,
    /// Root of the first `size` entries, as the receiver reckoned it.
    pub root: Hash,
    /// Number of the last event.
    pub n: u64,
    /// When it says so, by its own clock.
    pub at: Ms,
    /// In a poll, what the other side gave to be said: nobody else can say it later. `-` elsewhere.
    pub nonce: String,
}

impl Watermark {
    /// The text that is signed.
    pub fn body(&self) -> String {
        let Watermark { sender, receiver, size, n, at, nonce, .. } = self;
        let (root, stream) = (store::hex(self.root), self.stream.as_str());
        format!("xiezhi watermark v1\n{sender}\n{receiver}\n{stream}\n{size} {n} {at}\n{root}\n{nonce}\n")
    }

    /// Reads a signed one; none when form or signature are wrong.
    pub fn read(text: &str) -> Option<Watermark> {
        let receiver = text.lines().nth(2)?;
        let body = note::open_note(text, receiver, &note::key_of_origin(receiver)?).ok()?;
        let mut lines = body.lines();
        if lines.next()? != "xiezhi watermark v1" {
            return None;
        }
        let (sender, _, stream) = (lines.next()?, lines.next()?, Stream::parse(lines.next()?)?);
        let mut numbers = lines.next()?.split(' ').map(|n| n.parse::<u64>().ok());
        let (size, n, at) = (numbers.next()??, numbers.next()??, numbers.next()??);
        let hex = lines.next()?;
        let root: Option<Vec<u8>> = (0..32).map(|i| u8::from_str_radix(hex.get(2 * i..2 * i + 2)?, 16).ok()).collect();
        let mark = Watermark {
            sender: sender.to_owned(),
            receiver: receiver.to_owned(),
            stream,
            size,
            root: root?.try_into().ok()?,
            n,
            at: Ms::try_from(at).ok()?,
            nonce: lines.next()?.to_owned(),
        };
        // Whatever else stands there was not written by us.
        (mark.body() == body).then_some(mark)
    }
}

/// What became of a watermark of ours at the other side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moved {
    /// It moved on, or stands where it stood.
    On,
    /// It speaks of another history than ours.
    Differs,
}

/// Moves the mark of what went as the receiver says.
pub fn confirmed(tx: &mut Tx, peer: &Peer, told: &Watermark, witnessed: Option<(String, String)>) -> Result<Moved> {
    if told.size > tx.log_size()? || tx.root(told.size)? != told.root {
        return Ok(Moved::Differs);
    }
    let mut mark = load(tx, &peer.id, Way::Out)?;
    // Also back: its database may have been put back, and an older word of it only means that it gets something twice.
    (mark.size, mark.n, mark.edge) = (told.size, told.n, told.root.to_vec());
    (mark.moved_at, mark.told_at) = (tx.now(), told.at);
    if let Some((checkpoint, line)) = witnessed {
        witness::keep(tx, told.size, &line)?;
        (mark.checkpoint, mark.cosignature) = (Some(checkpoint), Some(line));
    }
    mark.put(tx);
    // The mark is what the other side holds of our log: derived, so no entry of its own.
    tx.follow(&format!("exchange.{}", peer.id), mark.size)?;
    Ok(Moved::On)
}
