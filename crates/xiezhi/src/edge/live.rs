//! Event streams for live pages. A stream only says what a page could read anyway; a page works without it.
//!
//! What must stay true: streams are capped, send a sign of life, end with the program, and never hold a thread.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use hyper::{HeaderMap, Response};
use tokio::sync::{Semaphore, mpsc};

use super::guard;
use crate::base::notice;
use crate::kit::error::Kind;
use crate::kit::form::Form;
use crate::kit::{App, Reply, Result};
use crate::oversight::supervise;

/// Streams that may be open at the same time.
pub const MOST: usize = 512;
/// Shortest time between two messages of a stream.
const PACE: Duration = Duration::from_secs(1);
/// A comment keeps proxies from closing a silent stream.
const SIGN_OF_LIFE: Duration = Duration::from_secs(15);

/// The body of an answer: all at once, or as it happens.
pub enum Out {
    /// Everything.
    Full(Option<Bytes>),
    /// Messages.
    Live(mpsc::Receiver<Bytes>),
}

impl Out {
    /// Everything at once.
    pub fn full(bytes: Bytes) -> Out {
        Out::Full(Some(bytes).filter(|b| !b.is_empty()))
    }
}

impl Body for Out {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context) -> Poll<Option<std::result::Result<Frame<Bytes>, Infallible>>> {
        match &mut *self {
            Out::Full(bytes) => Poll::Ready(bytes.take().map(|b| Ok(Frame::data(b)))),
            Out::Live(messages) => messages.poll_recv(cx).map(|m| m.map(|b| Ok(Frame::data(b)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Out::Full(None))
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Out::Full(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |b| b.len() as u64)),
            Out::Live(_) => SizeHint::default(),
        }
    }
}

/// What a stream tells again and again.
#[derive(Clone)]
enum Topic {
    Equation(Option<String>),
    Inbox(String),
}

impl Topic {
    /// The present message; runs on a blocking thread.
    fn message(&self, app: &App) -> Result<String> {
        match self {
            Topic::Equation(area) => Ok(serde_json::to_string(&supervise::equation(app, area.as_deref())?).unwrap_or_default()),
            Topic::Inbox(person) => {
                let unread = app.db.read(|r| notice::unread(r, person))?;
                Ok(serde_json::json!({ "unread": unread }).to_string())
            }
        }
    }
}

/// Opens a stream, or says why not.
pub async fn answer(
    app: &Arc<App>,
    seats: &Arc<Semaphore>,
    path: &str,
    query: &Form,
    headers: &HeaderMap,
) -> std::result::Result<Response<Out>, Reply> {
    let plain = |kind: Kind| {
        Reply::json(&serde_json::json!({ "code": kind.code() })).unwrap_or_else(|_| Reply::text("")).status(kind.status())
    };
    let topic = match path {
        "/live/equation" => Topic::Equation(query.get("area").map(str::to_owned)),
        "/live/inbox" => {
            let (app, headers) = (app.clone(), headers.clone());
            let who = tokio::task::spawn_blocking(move || guard::who(&app, &headers)).await;
            let person = who.ok().and_then(Result::ok).and_then(|w| w.person);
            Topic::Inbox(person.ok_or_else(|| plain(Kind::SignIn))?)
        }
        _ => return Err(plain(Kind::NotFound)),
    };
    let seat = seats.clone().try_acquire_owned().map_err(|_| plain(Kind::Busy).header("retry-after", "30"))?;
    let (send, messages) = mpsc::channel(4);
    let telling = app.clone();
    tokio::spawn(async move {
        let _seat = seat;
        tell(telling, topic, send).await;
    });
    let mut out = Response::new(Out::Live(messages));
    guard::headers(out.headers_mut(), Some(&app.config));
    for (name, value) in [("content-type", "text/event-stream"), ("cache-control", "no-store"), ("x-accel-buffering", "no")] {
        out.headers_mut().insert(name, hyper::header::HeaderValue::from_static(value));
    }
    Ok(out)
}

/// Sends the message whenever it has changed, until the reader is gone.
async fn tell(app: Arc<App>, topic: Topic, send: mpsc::Sender<Bytes>) {
    let mut grown = app.grown.clone();
    let mut last = String::new();
    loop {
        let (app, now) = (app.clone(), topic.clone());
        let Ok(Ok(message)) = tokio::task::spawn_blocking(move || now.message(&app)).await else { return };
        if message != last {
            if send.send(format!("data: {message}\n\n").into()).await.is_err() {
                return;
            }
            last = message;
        }
        tokio::time::sleep(PACE).await;
        tokio::select! {
            changed = grown.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(SIGN_OF_LIFE) => if send.send(":\n\n".into()).await.is_err() { return },
            () = send.closed() => return,
        }
    }
}
