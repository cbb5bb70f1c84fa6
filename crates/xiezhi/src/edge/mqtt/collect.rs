//! From many connections into few writes: whatever waits is one write, and is confirmed after it.
//!
//! What must stay true: nothing is confirmed that was not written; messages of one connection are confirmed in the order in
//! which they came, those that were refused among them; when a write fails, all connections in it are told, and close.

use std::io;
use std::sync::Arc;

use mqtt_protocol_core::mqtt::result_code::PubackReasonCode;
use tokio::sync::mpsc::{self, Receiver, Sender, UnboundedSender};

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
    /// What it says, or why it says nothing.
    pub told: Result<Told, PubackReasonCode>,
    /// Number under which it is confirmed; none where nobody asked.
    pub id: Option<u16>,
    /// Where it is confirmed.
    pub back: UnboundedSender<Done>,
}

/// A message that is settled.
pub struct Done {
    /// Its number.
    pub id: u16,
    /// How: confirmed, or refused for good; none when it was lost and has to be said again.
    pub code: Option<PubackReasonCode>,
}

/// Starts the thread that writes.
pub fn start(app: Arc<App>) -> io::Result<Sender<Post>> {
    let (posts, waiting) = mpsc::channel(WAITING);
    std::thread::Builder::new().name("devices".into()).spawn(move || write(&app, waiting))?;
    Ok(posts)
}

fn write(app: &App, mut waiting: Receiver<Post>) {
    let mut some = Vec::with_capacity(AT_ONCE);
    while waiting.blocking_recv_many(&mut some, AT_ONCE) > 0 {
        let (mut told, mut answers) = (Vec::with_capacity(some.len()), Vec::with_capacity(some.len()));
        for post in some.drain(..) {
            let code = match post.told {
                Ok(one) => {
                    told.push(one);
                    PubackReasonCode::Success
                }
                Err(code) => code,
            };
            answers.extend(post.id.map(|id| (post.back, id, code)));
        }
        let written = told.is_empty()
            || Book::now(app).and_then(|book| app.db.write(move |tx| hear::take(tx, &book, &told))).is_ok();
        for (back, id, code) in answers {
            let lost = !written && code == PubackReasonCode::Success;
            // Whoever is gone says it again when he comes back.
            let _ = back.send(Done { id, code: (!lost).then_some(code) });
        }
    }
}
