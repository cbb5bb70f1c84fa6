//! One connection of a panel.
//!
//! What must stay true: half a frame that gets no end is given up after seconds, a connection that says nothing after half an hour; so
//! many frames are unanswered at most and then nothing is read; what comes faster than a device may speak waits; whoever sends
//! noise, or frames of addresses that nobody knows, is cut off.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use calc::gb26875::{Command, Decoder, Fault, Found, Frame, Stamp};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{self, Sender, UnboundedReceiver, UnboundedSender};
use tokio::time::{sleep, timeout};

use super::panel;
use crate::activities::sensing::ingest::{self, Told};
use crate::activities::sensing::{self, Device, State, pack};
use crate::base::area;
use crate::edge::collect::Post;
use crate::kit::App;
use crate::kit::error::{Error, Kind};
use crate::kit::time::{self, MINUTE, Ms};

/// How long a panel may be silent.
const SILENT: Duration = Duration::from_secs(30 * 60);
/// How long the rest of a frame may take.
const HALF: Duration = Duration::from_secs(5);
/// How long an answer may stay unread.
const PATIENCE: Duration = Duration::from_secs(30);
/// Bytes that are read at once.
const PIECE: usize = 2 << 10;
/// Frames that are not answered yet.
const UNANSWERED: usize = 64;
/// Panels that speak over one connection.
const PANELS: usize = 16;
/// How long what is known of a panel holds: then it is looked at again.
const KNOWN: Ms = 10_000;
/// Bytes of noise, and frames of nobody's, in a minute.
const NOISE: usize = 16 << 10;
const STRANGE: u32 = 60;

/// Why a connection ends: for no reason that anybody is told.
struct Over;

/// A panel at the other end.
struct Known {
    device: Arc<Device>,
    pack: &'static pack::Pack,
    /// Streams that it told of.
    streams: HashSet<String>,
    at: Ms,
}

/// A frame that is settled: confirmed, denied, or none when it was lost and has to be said again.
struct Done {
    frame: Frame,
    taken: Option<bool>,
}

/// What was counted in this minute.
#[derive(Default)]
struct Minute {
    begun: Ms,
    frames: u32,
    strange: u32,
    noise: usize,
}

struct Link {
    app: Arc<App>,
    posts: Sender<Post>,
    ip: IpAddr,
    socket: TcpStream,
    decoder: Decoder,
    known: HashMap<[u8; 6], Known>,
    back: UnboundedSender<Done>,
    unanswered: usize,
    minute: Minute,
}

/// Serves one connection until it ends.
pub async fn run(app: Arc<App>, posts: Sender<Post>, socket: TcpStream, ip: IpAddr) {
    let (back, done) = mpsc::unbounded_channel();
    let (known, decoder, minute) = (HashMap::new(), Decoder::default(), Minute::default());
    let mut link = Link { app, posts, ip, socket, decoder, known, back, unanswered: 0, minute };
    let _ = link.talk(done).await;
}

impl Link {
    async fn talk(&mut self, mut done: UnboundedReceiver<Done>) -> Result<(), Over> {
        let mut piece = [0; PIECE];
        loop {
            let room = self.unanswered < UNANSWERED;
            let wait = if self.decoder.waiting() > 0 { HALF } else { SILENT };
            tokio::select! {
                Some(one) = done.recv() => self.answer(one).await?,
                read = self.socket.read(&mut piece), if room => {
                    let n = read.map_err(|_| Over)?;
                    if n == 0 {
                        return Err(Over);
                    }
                    let found = self.decoder.push(&piece[..n]);
                    self.follow(found).await?;
                }
                () = sleep(wait) => {
                    if self.decoder.waiting() == 0 {
                        return Err(Over);
                    }
                    let found = self.decoder.idle();
                    self.follow(found).await?;
                }
            }
        }
    }

    async fn follow(&mut self, found: Vec<Found>) -> Result<(), Over> {
        for one in found {
            let now = self.app.now();
            if (now - self.minute.begun).abs() >= MINUTE {
                self.minute = Minute { begun: now, ..Minute::default() };
            }
            match one {
                Found::Frame(frame) if frame.command == Command::Send => self.told(frame).await?,
                // What answers us, and what we do not do.
                Found::Frame(Frame { command: Command::Confirm | Command::Deny | Command::Answer, .. }) => {}
                Found::Frame(frame) | Found::Fault(Fault { frame: Some(frame), .. }) => self.deny(frame).await?,
                Found::Fault(fault) => {
                    self.minute.noise += fault.bytes;
                    if self.minute.noise > NOISE {
                        return Err(Over);
                    }
                }
            }
        }
        Ok(())
    }

    /// Not taken: answered in its turn.
    async fn deny(&mut self, frame: Frame) -> Result<(), Over> {
        self.minute.strange += 1;
        if self.minute.strange > STRANGE {
            return Err(Over);
        }
        self.post(frame, Vec::new(), false).await
    }

    async fn post(&mut self, frame: Frame, told: Vec<Told>, taken: bool) -> Result<(), Over> {
        self.unanswered += 1;
        let back = self.back.clone();
        let answer = move |written: bool| {
            // Whoever is gone says it again when he comes back.
            let _ = back.send(Done { frame, taken: written.then_some(taken) });
        };
        self.posts.send(Post { told, back: Box::new(answer) }).await.map_err(|_| Over)
    }

    async fn told(&mut self, frame: Frame) -> Result<(), Over> {
        self.minute.frames += 1;
        let Some(known) = self.look(frame.source).await? else {
            self.app.strangers.heard(&panel::address(frame.source), self.ip, self.app.now());
            return self.deny(frame).await;
        };
        // Too fast: what follows waits in the connection, and is not lost.
        let (limit, frames) = (known.pack.limits.per_minute, self.minute.frames);
        if frames > limit {
            let now = self.app.now();
            sleep(Duration::from_millis((self.minute.begun + MINUTE - now).clamp(0, MINUTE) as u64)).await;
            self.minute = Minute { begun: self.app.now(), ..Minute::default() };
        }
        let Some(known) = self.known.get_mut(&frame.source) else { return Err(Over) };
        let now = self.app.now();
        let told = panel::read(known.pack, &known.device, &known.streams, &frame, &self.app.config.zone, now);
        let told = told.filter(|all| {
            known.streams.extend(all.iter().map(|t| t.name.clone()));
            known.streams.len() <= known.pack.limits.parts
        });
        match told {
            Some(told) => self.post(frame, told, true).await,
            None => {
                self.app.refused.count(&known.device.id, now);
                self.deny(frame).await
            }
        }
    }

    /// The panel with this address, as the desk added it; none when nobody did.
    async fn look(&mut self, source: [u8; 6]) -> Result<Option<&Known>, Over> {
        let now = self.app.now();
        if self.known.get(&source).is_none_or(|k| (now - k.at).abs() >= KNOWN) {
            let (app, name) = (self.app.clone(), panel::address(source));
            let look = move || {
                app.db.read(|r| {
                    let device = sensing::by_name(r, &name)?;
                    let pack = pack::at(&area::by_id(r, &device.area)?.map(|a| a.code).unwrap_or_default());
                    if device.state == State::Gone || pack.kind(&device.kind).is_none_or(|k| !k.parts) {
                        return Err(Error::from(Kind::NotFound));
                    }
                    let streams = ingest::heard(r, std::slice::from_ref(&device))?.into_iter().map(|s| s.name).collect();
                    Ok(Known { device: Arc::new(device), pack, streams, at: now })
                })
            };
            match tokio::task::spawn_blocking(look).await.map_err(|_| Over)? {
                Ok(known) => {
                    if self.known.len() >= PANELS && !self.known.contains_key(&source) {
                        return Err(Over);
                    }
                    self.known.insert(source, known);
                }
                Err(e) if e.kind == Kind::NotFound => {
                    self.known.remove(&source);
                }
                Err(_) => return Err(Over),
            }
        }
        Ok(self.known.get(&source))
    }

    /// Answers what is settled; what was lost ends the connection, so that it is said again.
    async fn answer(&mut self, done: Done) -> Result<(), Over> {
        self.unanswered = self.unanswered.saturating_sub(1);
        let taken = done.taken.ok_or(Over)?;
        let local = time::zoned(self.app.now(), &self.app.config.zone).datetime();
        let local = local.to_zoned_datetime(jiff::tz::TimeZone::UTC).map_err(|_| Over)?.timestamp().as_millisecond();
        let bytes = done.frame.reply(taken, Stamp::of(local)).bytes().ok_or(Over)?;
        timeout(PATIENCE, self.socket.write_all(&bytes)).await.map_err(|_| Over)?.map_err(|_| Over)
    }
}
