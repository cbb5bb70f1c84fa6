//! From many connections into few writes: whatever devices told and waits is one write, and is confirmed after it.
//!
//! What must stay true: nothing is confirmed that was not written; messages of one connection are answered in the order in
//! which they came, those that were refused among them; when a write fails, all connections in it are told.

use std::io;
use std::sync::Arc;

use tokio::sync::mpsc::{self, Receiver, Sender};

use crate::activities::sensing::ingest::Told;
use crate::activities::sensing::watch::book::Book;
use crate::activities::sensing::watch::hear;
use crate::kit::App;

/// Messages that wait at most; whoever comes then waits at its connection.
const WAITING: usize = 8_192;
/// Messages of one write.
const AT_ONCE: usize = 4_096;

/// A message on its way to the disk.
pub struct Post {
    /// What it says; nothing when it was refused.
    pub told: Vec<Told>,
    /// Hears whether it was written: what was not has to be said again.
    pub back: Box<dyn FnOnce(bool) + Send>,
}

/// Starts the thread that writes.
pub fn start(app: Arc<App>) -> io::Result<Sender<Post>> {
    let (posts, waiting) = mpsc::channel(WAITING);
    std::thread::Builder::new().name("devices".into()).spawn(move || write(&app, waiting))?;
    Ok(posts)
}

fn write(app: &App, mut waiting: Receiver<Post>) {
    let mut some: Vec<Post> = Vec::with_capacity(AT_ONCE);
    while waiting.blocking_recv_many(&mut some, AT_ONCE) > 0 {
        let (mut told, mut answers) = (Vec::with_capacity(some.len()), Vec::with_capacity(some.len()));
        for post in some.drain(..) {
            answers.push((post.told.is_empty(), post.back));
            told.extend(post.told);
        }
        let written =
            told.is_empty() || Book::now(app).and_then(|book| app.db.write(move |tx| hear::take(tx, &book, &told))).is_ok();
        for (nothing, back) in answers {
            back(written || nothing);
        }
    }
}
