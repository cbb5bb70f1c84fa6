//! [`Db`]: opening a node's database, writing, reading, proving.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};

use crate::blob::Blobs;
use crate::engine::{Conn, Place, Use};
use crate::error::{Error, Result};
use crate::jobs::{Keyed, Plain};
use crate::log::{Element, Logged};
use crate::migrate::Migration;
use crate::note::Signer;
use crate::once::{self, Key};
use crate::query::Query;
use crate::reader::{Read, Readers};
use crate::receipt::Receipt;
use crate::seal::{Secret, Suite};
use crate::shared::{Health, Shared};
use crate::tx::Tx;
use crate::writer::{self, Commit, Job};
use crate::{Ambient, params};

/// How a database is opened.
pub struct Options {
    /// The node's folder: blobs, last checkpoint, and the SQLite file when `place` is in it.
    pub data: PathBuf,
    /// Which database.
    pub place: Place,
    /// The program's migrations, from version 1.
    pub migrations: Vec<Migration>,
    /// Secret of the log's signing key.
    pub log_key: [u8; 32],
    /// The key that wraps every subject's key.
    pub node_key: Secret,
    /// How values of new subjects are sealed.
    pub suite: Suite,
    /// Time and randomness.
    pub ambient: Arc<dyn Ambient>,
    /// Most writes in one batch; 1 commits each write alone.
    pub batch: usize,
    /// Most writes that may wait.
    pub queue: usize,
    /// Most reading connections.
    pub readers: usize,
    /// Free space in bytes below which writes are refused.
    pub min_free: u64,
    /// Bytes of pages that the writer of SQLite keeps in memory; each reader keeps a quarter of it, up to 64 MB. A commit
    /// that changes more of them is written twice.
    pub cache: u64,
    /// Called by the writer after each commit that logged, with the new size of the log.
    pub on_commit: Box<dyn Fn(u64) + Send + Sync>,
}

/// A write that is durable.
pub struct Done<T> {
    /// What the closure returned.
    pub value: T,
    /// The batch it was committed in.
    pub commit: Arc<Commit>,
}

/// An answer given under an idempotency key.
pub struct Once {
    /// The answer, byte for byte the same for every repetition.
    pub answer: String,
    /// The receipt of the entry that the answer stands for, the same for every repetition too.
    pub receipt: Option<Receipt>,
    /// False when the answer was given before.
    pub fresh: bool,
}

/// The database of a node.
pub struct Db {
    jobs: SyncSender<Box<dyn Job>>,
    readers: Readers,
    shared: Arc<Shared>,
    blobs: Blobs,
}

impl Db {
    /// Opens the database, applies what migrations are missing, and refuses a log that contradicts the last checkpoint
    /// signed on this machine (a database rolled back to yesterday, or another node's).
    pub fn open(options: Options) -> Result<Db> {
        std::fs::create_dir_all(&options.data)?;
        let mut conn = Conn::open(&options.place, Use::Write { cache: options.cache })?;
        crate::migrate::apply(&mut conn, &options.migrations, options.ambient.now_ms())?;
        once::sweep(&mut conn, options.ambient.now_ms())?;
        let readers = Readers::new(options.place.clone(), options.readers, options.cache);
        let blobs = Blobs::open(options.data.join("blobs"))?;
        let place = options.place.clone();
        let signer = Signer::new(&options.log_key);
        let node_key = options.node_key.clone();
        let shared = readers.with(&node_key, |r| Shared::start(r, signer, options))?;
        let queue = shared.queue;
        let shared = Arc::new(shared);
        let (jobs, waiting) = sync_channel(queue);
        let for_writer = shared.clone();
        std::thread::Builder::new()
            .name("writer".into())
            .spawn(move || writer::run(place, for_writer, conn, waiting))
            .map_err(|e| Error::Io(e.to_string()))?;
        Ok(Db { jobs, readers, shared, blobs })
    }

    /// Runs a write in the next batch and returns when it is durable. The closure does no I/O but SQL.
    pub fn write<T, E, F>(&self, f: F) -> std::result::Result<Done<T>, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: FnOnce(&mut Tx) -> std::result::Result<T, E> + Send + 'static,
    {
        let (reply, wait) = sync_channel(1);
        self.send(Box::new(Plain::new(f, reply)))?;
        wait.recv().map_err(|_| Error::Unknown("the writer is gone".into()))?
    }

    /// Like [`Db::write`], once for each key: a repetition gets the saved answer. The closure returns the answer and
    /// the entry whose receipt goes with it.
    pub fn write_once<E, F>(&self, key: Key, f: F) -> std::result::Result<Once, E>
    where
        E: From<Error> + Send + 'static,
        F: FnOnce(&mut Tx) -> std::result::Result<(String, Option<Logged>), E> + Send + 'static,
    {
        let (reply, wait) = sync_channel(1);
        self.send(Box::new(Keyed::new(key, f, reply)))?;
        let end = wait.recv().map_err(|_| Error::Unknown("the writer is gone".into()))??;
        let receipt = match (end.logged, end.saved.index) {
            (_, None) => None,
            (Some(logged), _) => {
                let proof = end.commit.inclusion(logged.index)?;
                Some(Receipt::new(self.origin(), logged, end.commit.size, &proof, end.commit.checkpoint.clone()))
            }
            (None, Some(index)) => Some(self.receipt(index, end.saved.size.unwrap_or(end.commit.size))?),
        };
        Ok(Once { answer: end.saved.answer, receipt, fresh: end.fresh })
    }

    fn send(&self, job: Box<dyn Job>) -> Result<()> {
        self.jobs.try_send(job).map_err(|e| match e {
            TrySendError::Full(_) => Error::Busy,
            TrySendError::Disconnected(_) => Error::Unknown("the writer is gone".into()),
        })
    }

    /// Reads on one of the pool's connections.
    pub fn read<T, E: From<Error>>(&self, f: impl FnOnce(&mut Read) -> std::result::Result<T, E>) -> std::result::Result<T, E> {
        self.readers.with(&self.shared.node_key, f)
    }

    /// The receipt of an entry in the tree of `size` leaves, rebuilt from what is stored: the same bytes every time.
    /// Personal values are missing from it once their owner was erased.
    pub fn receipt(&self, index: u64, size: u64) -> Result<Receipt> {
        self.read(|r| {
            let row = r
                .row(
                    "select l.leaf, b.owner, b.sealed from log l left join log_body b on b.seq = l.seq where l.seq = $1",
                    params![index],
                )?
                .ok_or_else(|| Error::Shape(format!("there is no entry {index}")))?;
            let body = match (row.get::<Option<String>>("owner")?, row.get::<Option<Vec<u8>>>("sealed")?) {
                (Some(owner), Some(sealed)) => r.open(&owner, &sealed)?,
                _ => None,
            };
            let elements: Vec<Element> =
                body.map_or(Ok(Vec::new()), |b| serde_json::from_slice(&b)).map_err(|e| Error::Corrupt(e.to_string()))?;
            let proof = r.inclusion(index, size)?;
            let checkpoint = self.shared.signer.checkpoint(size, &r.root(size)?);
            let logged = Logged { index, leaf: row.get("leaf")?, elements };
            Ok(Receipt::new(self.origin(), logged, size, &proof, checkpoint))
        })
    }

    /// Name of this node's log.
    pub fn origin(&self) -> &str {
        self.shared.signer.origin()
    }

    /// The log's public key in C2SP text form.
    pub fn public_key(&self) -> String {
        self.shared.signer.public_key()
    }

    /// Signs a text with the log's key ([`crate::note::open_note`] checks it).
    pub fn sign(&self, body: &str) -> String {
        self.shared.signer.note(body)
    }

    /// Witnesses the body of another log's checkpoint ([`crate::note::open_cosignature`] checks it).
    pub fn cosign(&self, body: &str, at: u64) -> String {
        self.shared.signer.cosign(body, at)
    }

    /// The signed checkpoint of the first `size` entries.
    pub fn checkpoint_at(&self, size: u64) -> Result<String> {
        self.read(|r| Ok(self.shared.signer.checkpoint(size, &r.root(size)?)))
    }

    /// The last commit: size, root and signed checkpoint.
    pub fn last(&self) -> Arc<Commit> {
        self.shared.last()
    }

    /// Whether writes work, by the last attempt.
    pub fn health(&self) -> Health {
        self.shared.health()
    }

    /// The node's files.
    pub fn blobs(&self) -> &Blobs {
        &self.blobs
    }

    /// A keyed digest under the node's key, for codes that can be rebuilt but not guessed.
    pub fn digest(&self, purpose: &str, text: &str) -> [u8; 32] {
        self.shared.node_key.derive(purpose).digest(text)
    }
}
