//! One connection of a device.
//!
//! What must stay true: before it signed in it may say one thing, within seconds; afterwards it may be silent one and a half
//! times as long as it said itself; so much is unconfirmed at most and then nothing is read; what came faster than a device
//! may speak waits at its connection, so that nothing is lost and nobody else waits.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use mqtt_protocol_core::mqtt::Version;
use mqtt_protocol_core::mqtt::common::Cursor;
use mqtt_protocol_core::mqtt::connection::{ConnectionOptions, Event, TimerKind};
use mqtt_protocol_core::mqtt::packet::GenericPacketTrait;
use mqtt_protocol_core::mqtt::result_code::PubackReasonCode;
use serde_json::Value as Json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{self, Sender, UnboundedReceiver, UnboundedSender};
use tokio::time::{sleep, timeout};

use super::packets::{self, Asks, Hello, Line, Refusal};
use crate::activities::sensing::{self, Device, State, ingest, pack, web};
use crate::base::area;
use crate::edge::collect::Post;
use crate::kit::error::{Error, Kind};
use crate::kit::time::{MINUTE, Ms};
use crate::kit::{App, tries};

/// Until a device has signed in.
const HELLO: Duration = Duration::from_secs(10);
/// How long it may leave an answer unread.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long what is known of a device holds: then it is looked at again.
const KNOWN: Ms = 10_000;
/// Bytes of one packet.
const PACKET: u32 = 16 << 10;
/// Bytes that are read at once.
const PIECE: usize = 2 << 10;
/// Messages that are not confirmed yet.
const UNCONFIRMED: usize = 512;
/// Without a word of the device about it, it may be silent for so long.
const SILENT: Duration = Duration::from_secs(24 * 3600);

/// Why a connection ends: for no reason that anybody is told.
struct Over;

/// The device at the other end.
struct Known {
    device: Arc<Device>,
    pack: &'static pack::Pack,
    /// When it was last looked at.
    at: Ms,
    /// Begin of the minute in which it is counted, and what it said in it.
    minute: (Ms, u32),
}

/// A message that is settled.
struct Done {
    /// Its number.
    id: u16,
    /// How: confirmed, or refused for good; none when it was lost and has to be said again.
    code: Option<PubackReasonCode>,
}

struct Link {
    app: Arc<App>,
    posts: Sender<Post>,
    ip: IpAddr,
    socket: TcpStream,
    line: Line,
    known: Option<Known>,
    back: UnboundedSender<Done>,
    unconfirmed: usize,
    /// How long it may be silent.
    silent: Duration,
}

/// Serves one connection until it ends.
pub async fn run(app: Arc<App>, posts: Sender<Post>, socket: TcpStream, ip: IpAddr) {
    let options = ConnectionOptions::new().maximum_packet_size_recv(PACKET);
    let mut line = Line::with_options(Version::Undetermined, options);
    line.set_auto_ping_response(true);
    let (back, done) = mpsc::unbounded_channel();
    let mut link = Link { app, posts, ip, socket, line, known: None, back, unconfirmed: 0, silent: SILENT };
    let mut done = done;
    // Whoever sends a byte now and then has not signed in either.
    if let Ok(Ok(())) = timeout(HELLO, link.talk(&mut done, |link| link.known.is_some())).await {
        let _ = link.talk(&mut done, |_| false).await;
    }
}

impl Link {
    /// Reads and confirms until `enough`.
    async fn talk(&mut self, done: &mut UnboundedReceiver<Done>, enough: fn(&Link) -> bool) -> Result<(), Over> {
        let mut piece = [0; PIECE];
        while !enough(self) {
            let (silent, room) = (self.silent, self.unconfirmed < UNCONFIRMED);
            tokio::select! {
                Some(first) = done.recv() => {
                    let mut events = self.settle(first)?;
                    while let Ok(next) = done.try_recv() {
                        events.extend(self.settle(next)?);
                    }
                    self.follow(events).await?;
                }
                read = self.socket.read(&mut piece), if room => {
                    let n = read.map_err(|_| Over)?;
                    if n == 0 {
                        return Err(Over);
                    }
                    let mut bytes = Cursor::new(&piece[..n]);
                    while (bytes.position() as usize) < n {
                        let events = self.line.recv(&mut bytes);
                        self.follow(events).await?;
                    }
                }
                () = sleep(silent) => return Err(Over),
            }
        }
        Ok(())
    }

    /// A message is on the disk, or refused for good; one that was lost ends the connection, so that it is said again.
    fn settle(&mut self, done: Done) -> Result<Vec<Event>, Over> {
        self.unconfirmed = self.unconfirmed.saturating_sub(1);
        let code = done.code.ok_or(Over)?;
        Ok(packets::confirm(&mut self.line, done.id, code))
    }

    /// Does what the protocol asks for, and whatever follows from it.
    async fn follow(&mut self, events: Vec<Event>) -> Result<(), Over> {
        let (mut out, mut over) = (Vec::new(), false);
        let mut waiting: std::collections::VecDeque<Event> = events.into();
        while let Some(event) = waiting.pop_front() {
            match event {
                Event::RequestSendPacket { packet, .. } => out.extend(packet.to_continuous_buffer()),
                Event::RequestTimerReset { kind: TimerKind::PingreqRecv, duration_ms } => {
                    self.silent = Duration::from_millis(duration_ms);
                }
                Event::RequestTimerCancel(TimerKind::PingreqRecv) => self.silent = SILENT,
                Event::RequestClose | Event::NotifyError(_) => over = true,
                Event::NotifyPacketReceived(packet) => match self.asked(packets::asks(packet)).await {
                    Ok(more) => waiting.extend(more),
                    Err((last, Over)) => {
                        waiting.extend(last);
                        over = true;
                    }
                },
                Event::NotifyPacketIdReleased(_) | Event::RequestTimerReset { .. } | Event::RequestTimerCancel(_) => (),
            }
        }
        if !out.is_empty() {
            timeout(PATIENCE, self.socket.write_all(&out)).await.map_err(|_| Over)?.map_err(|_| Over)?;
        }
        if over { Err(Over) } else { Ok(()) }
    }

    /// What a device asks for; the events of an error are the last that it hears.
    async fn asked(&mut self, asks: Asks) -> Result<Vec<Event>, (Vec<Event>, Over)> {
        match asks {
            Asks::In(hello) if self.known.is_none() => match self.sign_in(hello).await {
                Ok(known) => {
                    self.known = Some(known);
                    Ok(packets::answer(&mut self.line, None))
                }
                Err(e) => {
                    let why = if e.kind == Kind::WrongDevice { Refusal::Unknown } else { Refusal::Busy };
                    Err((packets::answer(&mut self.line, Some(why)), Over))
                }
            },
            Asks::Say { topic, payload, id } => {
                self.said(&topic, &payload, id).await.map(|()| Vec::new()).map_err(|o| (Vec::new(), o))
            }
            Asks::Hear { id, topics } => {
                let own = self.known.as_ref().map(|k| format!("cmd/{}", k.device.name));
                let yes: Vec<bool> = topics.iter().map(|t| own.as_ref() == Some(t)).collect();
                Ok(packets::heard(&mut self.line, id, &yes))
            }
            Asks::Hush { id, many } => Ok(packets::hushed(&mut self.line, id, many)),
            Asks::Nothing => Ok(Vec::new()),
            Asks::In(_) | Asks::Out | Asks::Other => Err((Vec::new(), Over)),
        }
    }

    async fn sign_in(&self, hello: Hello) -> Result<Known, Error> {
        let (app, ip) = (self.app.clone(), self.ip);
        let look = move || {
            let (keys, now) = (tries::keys(web::TRIES, &hello.name, ip), app.now());
            app.tries.check(&keys, now)?;
            let found = app.db.read(|r| {
                let device = sensing::sign_in(r, &hello.name, &hello.password)?;
                Ok::<_, Error>((area::by_id(r, &device.area)?.map(|a| a.code).unwrap_or_default(), device))
            });
            if found.as_ref().is_err_and(|e| e.kind == Kind::WrongDevice) {
                app.tries.failed(&keys, now);
            }
            found
        };
        let (code, device) = tokio::task::spawn_blocking(look).await.map_err(Error::internal)??;
        let at = self.app.now();
        Ok(Known { device: Arc::new(device), pack: pack::at(&code), at, minute: (at, 0) })
    }

    /// A device says something. What it may not say, or what makes no sense, is refused where its version knows how; what
    /// it may not say at all ends the connection where it does not.
    async fn said(&mut self, topic: &str, payload: &[u8], id: Option<u16>) -> Result<(), Over> {
        self.look_again().await?;
        let known = self.known.as_mut().ok_or(Over)?;
        // Too fast: what follows waits in the connection, and is not lost.
        let now = self.app.now();
        if (now - known.minute.0).abs() >= MINUTE {
            known.minute = (now, 0);
        }
        known.minute.1 += 1;
        if known.minute.1 > known.pack.limits.per_minute {
            sleep(Duration::from_millis((known.minute.0 + MINUTE - now).clamp(0, MINUTE) as u64)).await;
            known.minute = (self.app.now(), 1);
        }
        let told = match topic.strip_prefix("obs/").and_then(|rest| rest.split_once('/')) {
            Some((name, stream)) if name == known.device.name => {
                let value = serde_json::from_slice(payload)
                    .unwrap_or_else(|_| Json::String(String::from_utf8_lossy(payload).into_owned()));
                ingest::parse(known.pack, &known.device, stream, &value, self.app.now()).map_err(|e| match e.field.as_deref() {
                    Some("stream") => PubackReasonCode::TopicNameInvalid,
                    _ => PubackReasonCode::PayloadFormatInvalid,
                })
            }
            Some(_) => Err(PubackReasonCode::NotAuthorized),
            None => Err(PubackReasonCode::TopicNameInvalid),
        };
        if matches!(told, Err(PubackReasonCode::NotAuthorized)) && self.line.get_protocol_version() != Version::V5_0 {
            return Err(Over);
        }
        if id.is_some() {
            self.unconfirmed += 1;
        }
        let (told, code) = match told {
            Ok(one) => (vec![one], PubackReasonCode::Success),
            Err(code) => {
                // A yes that is over is no nonsense.
                if !known.device.is_over(now) {
                    self.app.refused.count(&known.device.id, now);
                }
                (Vec::new(), code)
            }
        };
        let back = self.back.clone();
        let answer = move |written: bool| {
            // Whoever is gone says it again when he comes back.
            let _ = id.map(|id| back.send(Done { id, code: written.then_some(code) }));
        };
        self.posts.send(Post { told, back: Box::new(answer) }).await.map_err(|_| Over)
    }

    /// A device whose password was changed, or that was taken away, is heard no longer.
    async fn look_again(&mut self) -> Result<(), Over> {
        let known = self.known.as_ref().ok_or(Over)?;
        if (self.app.now() - known.at).abs() < KNOWN {
            return Ok(());
        }
        let (app, name, secret) = (self.app.clone(), known.device.name.clone(), known.device.secret.clone());
        let look = move || app.db.read(|r| sensing::by_name(r, &name));
        let found = tokio::task::spawn_blocking(look).await.map_err(|_| Over)?.map_err(|_| Over)?;
        if found.secret != secret || found.state == State::Gone {
            return Err(Over);
        }
        if let Some(known) = self.known.as_mut() {
            (known.device, known.at) = (Arc::new(found), self.app.now());
        }
        Ok(())
    }
}
