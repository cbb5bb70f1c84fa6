//! The accept loop: our own, because a stock one sets no time limit for headers and no cap for connections.
//!
//! What must stay true: a client that sends nothing, sends slowly or reads slowly loses its connection, whatever it
//! does; connections are capped in all and for each address; on SIGTERM what has begun is finished, for ten seconds.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::Sleep;

use super::call::Edge;
use super::{collect, gb26875, mqtt};
use crate::kit::{App, tries};
use crate::records::case::Rulebook;

/// How long unfinished answers may take once the program was told to stop.
const STOP: Duration = Duration::from_secs(10);
/// How long a client may leave an answer unread, or a connection unused.
const PATIENCE: Duration = Duration::from_secs(60);
/// Pause after the operating system refused a connection (no file descriptors left).
const BREATH: Duration = Duration::from_millis(50);
/// Threads beyond those for writing and reading: uploads, live pages, timers.
const SPARE_THREADS: usize = 32;

/// Addresses that were bound.
#[derive(Clone, Copy, Debug)]
pub struct Bound {
    /// Of pages and programs.
    pub http: SocketAddr,
    /// Of devices, where they are listened to.
    pub mqtt: Option<SocketAddr>,
    /// Of fire alarm panels, where they are listened to.
    pub gb26875: Option<SocketAddr>,
}

/// Serves until the process is told to stop. `ready` hears the addresses that were bound.
pub fn run(app: Arc<App>, ready: impl FnOnce(Bound)) -> Result<(), String> {
    run_until(app, ready, told_to_stop())
}

/// Serves until `stop` comes true.
pub fn run_until(app: Arc<App>, ready: impl FnOnce(Bound), stop: impl Future<Output = ()>) -> Result<(), String> {
    // Read before anybody comes: a broken pack stops the program at its start, and the first reporter does not wait for it.
    Rulebook::now(&app).map_err(|e| e.to_string())?;
    let limits = &app.config.file.limits;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(limits.writers + 5 * limits.readers + SPARE_THREADS)
        .thread_stack_size(1 << 20)
        .enable_all()
        .build()
        .map_err(|e| e.to_string())?;
    let end = runtime.block_on(async {
        let listener = TcpListener::bind(&app.config.listen).await.map_err(|e| format!("{}: {e}", app.config.listen))?;
        let http = listener.local_addr().map_err(|e| e.to_string())?;
        let posts = collect::start(app.clone()).map_err(|e| e.to_string())?;
        let mqtt = match &app.config.mqtt {
            Some(at) => Some(mqtt::start(app.clone(), posts.clone(), at).await.map_err(|e| format!("{at}: {e}"))?),
            None => None,
        };
        let gb26875 = match &app.config.gb26875 {
            Some(at) => Some(gb26875::start(app.clone(), posts, at).await.map_err(|e| format!("{at}: {e}"))?),
            None => None,
        };
        ready(Bound { http, mqtt, gb26875 });
        let jobs = super::jobs::start(app.clone());
        accept(&app, listener, stop).await;
        jobs.stop();
        Ok(())
    });
    // The synchronous PostgreSQL driver must not be dropped on a runtime thread; the runtime goes first.
    runtime.shutdown_timeout(Duration::from_secs(2));
    end
}

async fn accept(app: &Arc<App>, listener: TcpListener, stop: impl Future<Output = ()>) {
    let edge = Arc::new(Edge::new(app.clone()));
    let limits = app.config.file.limits.clone();
    let all = Arc::new(Semaphore::new(limits.connections));
    let by_ip: Arc<Mutex<HashMap<IpAddr, usize>>> = Arc::default();
    let graceful = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stop);
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(limits.header_seconds)).max_buf_size(64 << 10);
    loop {
        let (stream, ip) = tokio::select! {
            biased;
            () = &mut stop => break,
            accepted = listener.accept() => match accepted {
                // On [::] an IPv4 address comes inside an IPv6 one: to settings and limits it is the same.
                Ok((stream, address)) => (stream, address.ip().to_canonical()),
                Err(_) => {
                    tokio::time::sleep(BREATH).await;
                    continue;
                }
            },
        };
        // Over the cap the connection is closed at once: whoever waits in vain would only hold a descriptor.
        let Ok(seat) = all.clone().try_acquire_owned() else { continue };
        let most = if limits.trusted_proxies.contains(&ip) { usize::MAX } else { limits.connections_per_ip };
        let Some(place) = Place::take(&by_ip, tries::line(ip), most) else { continue };
        let _ = stream.set_nodelay(true);
        let edge = edge.clone();
        let service = service_fn(move |request| {
            let edge = edge.clone();
            async move { edge.call(request, ip).await }
        });
        let connection = http.serve_connection(TokioIo::new(Patient::new(stream)), service);
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            let _ = connection.await;
            drop((seat, place));
        });
    }
    drop(listener);
    let _ = tokio::time::timeout(STOP, graceful.shutdown()).await;
}

async fn told_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut term), Ok(mut int)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
}

/// One connection of an address; given back when dropped.
struct Place {
    all: Arc<Mutex<HashMap<IpAddr, usize>>>,
    ip: IpAddr,
}

impl Place {
    fn take(all: &Arc<Mutex<HashMap<IpAddr, usize>>>, ip: IpAddr, most: usize) -> Option<Place> {
        let mut map = all.lock().unwrap_or_else(PoisonError::into_inner);
        let n = map.entry(ip).or_default();
        if *n >= most {
            return None;
        }
        *n += 1;
        Some(Place { all: all.clone(), ip })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut map = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(n) = map.get_mut(&self.ip) {
            *n -= 1;
            if *n == 0 {
                map.remove(&self.ip);
            }
        }
    }
}

/// A stream that fails when nothing moves for [`PATIENCE`] in the direction that is waited for. It covers what hyper's
/// header time-out does not: idle connections, and clients that do not read their answer.
struct Patient<T> {
    io: T,
    read: Option<Pin<Box<Sleep>>>,
    write: Option<Pin<Box<Sleep>>>,
}

impl<T> Patient<T> {
    fn new(io: T) -> Patient<T> {
        Patient { io, read: None, write: None }
    }
}

/// Passes a finished poll on and counts the waiting time of an unfinished one.
fn patient<R>(poll: Poll<io::Result<R>>, timer: &mut Option<Pin<Box<Sleep>>>, cx: &mut Context) -> Poll<io::Result<R>> {
    if poll.is_ready() {
        *timer = None;
        return poll;
    }
    let sleep = timer.get_or_insert_with(|| Box::pin(tokio::time::sleep(PATIENCE)));
    match sleep.as_mut().poll(cx) {
        Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
        Poll::Pending => Poll::Pending,
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Patient<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context, buf: &mut ReadBuf) -> Poll<io::Result<()>> {
        let this = &mut *self;
        patient(Pin::new(&mut this.io).poll_read(cx, buf), &mut this.read, cx)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Patient<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        // An answer on its way is a sign of life: the clock of the silent reader starts anew.
        this.read = None;
        patient(Pin::new(&mut this.io).poll_write(cx, buf), &mut this.write, cx)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context) -> Poll<io::Result<()>> {
        let this = &mut *self;
        patient(Pin::new(&mut this.io).poll_flush(cx), &mut this.write, cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
