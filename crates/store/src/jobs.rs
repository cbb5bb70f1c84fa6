//! The two kinds of write that pass through the queue: a plain one, and one under an idempotency key.

use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use crate::caller;
use crate::db::Done;
use crate::error::Error;
use crate::log::Logged;
use crate::once::{Key, Saved};
use crate::tx::Tx;
use crate::writer::{Commit, Job};

fn lost() -> Error {
    Error::Sql("the write panicked and was undone".into())
}

/// A write that returns a value.
pub(crate) struct Plain<T, E, F> {
    f: Option<F>,
    caller: Option<Arc<str>>,
    out: Option<Result<T, E>>,
    reply: SyncSender<Result<Done<T>, E>>,
}

impl<T, E, F> Plain<T, E, F> {
    pub(crate) fn new(f: F, reply: SyncSender<Result<Done<T>, E>>) -> Self {
        Plain { f: Some(f), caller: caller::key(), out: None, reply }
    }
}

impl<T, E, F> Job for Plain<T, E, F>
where
    T: Send,
    E: From<Error> + Send,
    F: FnOnce(&mut Tx) -> Result<T, E> + Send,
{
    fn run(&mut self, tx: &mut Tx) -> Result<Option<Saved>, ()> {
        let Some(f) = self.f.take() else { return Err(()) };
        tx.key = self.caller.take();
        let out = f(tx).and_then(|v| tx.guard().map(|()| v).map_err(E::from));
        let end = if out.is_ok() { Ok(None) } else { Err(()) };
        self.out = Some(out);
        end
    }

    fn answer(self: Box<Self>, end: Result<Arc<Commit>, Error>) {
        let out = match (end, self.out) {
            // The write's own error stands, whatever became of the batch.
            (_, Some(Err(e))) => Err(e),
            (Err(e), _) => Err(e.into()),
            (Ok(commit), Some(Ok(value))) => Ok(Done { value, commit }),
            (Ok(_), None) => Err(lost().into()),
        };
        // Whoever asked may be gone (closed connection); the work stands all the same.
        let _ = self.reply.send(out);
    }
}

/// End of a keyed write.
pub(crate) struct KeyedEnd {
    pub(crate) saved: Saved,
    pub(crate) logged: Option<Logged>,
    pub(crate) fresh: bool,
    pub(crate) commit: Arc<Commit>,
}

/// A write whose answer is kept under a key.
pub(crate) struct Keyed<E, F> {
    key: Key,
    f: Option<F>,
    caller: Option<Arc<str>>,
    saved: Option<Saved>,
    logged: Option<Logged>,
    fresh: bool,
    error: Option<E>,
    reply: SyncSender<Result<KeyedEnd, E>>,
}

impl<E, F> Keyed<E, F> {
    pub(crate) fn new(key: Key, f: F, reply: SyncSender<Result<KeyedEnd, E>>) -> Self {
        Keyed { key, f: Some(f), caller: caller::key(), saved: None, logged: None, fresh: false, error: None, reply }
    }
}

impl<E, F> Job for Keyed<E, F>
where
    E: From<Error> + Send,
    F: FnOnce(&mut Tx) -> Result<(String, Option<Logged>), E> + Send,
{
    fn key(&self) -> Option<&Key> {
        Some(&self.key)
    }

    fn replay(&mut self, saved: &Saved) {
        if saved.hash == self.key.hash {
            self.saved = Some(saved.clone());
        } else {
            self.error = Some(Error::KeyReused.into());
        }
    }

    fn run(&mut self, tx: &mut Tx) -> Result<Option<Saved>, ()> {
        let Some(f) = self.f.take() else { return Err(()) };
        tx.key = self.caller.take();
        match f(tx).and_then(|v| tx.guard().map(|()| v).map_err(E::from)) {
            Ok((answer, logged)) => {
                let index = logged.as_ref().map(|l| l.index);
                let saved = Saved { hash: self.key.hash.to_vec(), answer, index, size: None };
                (self.saved, self.logged, self.fresh) = (Some(saved.clone()), logged, true);
                Ok(Some(saved))
            }
            Err(e) => {
                self.error = Some(e);
                Err(())
            }
        }
    }

    fn answer(self: Box<Self>, end: Result<Arc<Commit>, Error>) {
        let out = match (end, self.error, self.saved) {
            (_, Some(e), _) => Err(e),
            (Err(e), _, _) => Err(e.into()),
            (Ok(commit), None, Some(saved)) => Ok(KeyedEnd { saved, logged: self.logged, fresh: self.fresh, commit }),
            (Ok(_), None, None) => Err(lost().into()),
        };
        let _ = self.reply.send(out);
    }
}
