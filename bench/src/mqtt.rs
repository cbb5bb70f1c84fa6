//! Devices that speak MQTT 3.1.1: each keeps so many messages on their way and waits for their confirmations (QoS 1).

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::load::now_ms;

/// How long an answer may take before a device counts as broken.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a run does.
pub struct Plan {
    pub address: String,
    /// Lines `name password stream`, one for each device.
    pub devices: PathBuf,
    pub seconds: Duration,
    pub warm_up: Duration,
    /// Messages of one device on their way.
    pub window: usize,
    /// Milliseconds between two messages of one device; as fast as they are confirmed when absent.
    pub every: Option<Duration>,
    /// Connections that sign in and then say nothing: how long they are held, no message is sent.
    pub idle: Option<Duration>,
}

fn field(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u16).to_be_bytes()[..], bytes].concat()
}

fn packet(first: u8, body: &[u8]) -> Vec<u8> {
    let (mut out, mut left) = (vec![first], body.len());
    loop {
        out.push((left % 128) as u8 | if left > 127 { 128 } else { 0 });
        left /= 128;
        if left == 0 {
            break;
        }
    }
    [out, body.to_vec()].concat()
}

async fn signed_in(address: &str, name: &str, password: &str) -> Result<TcpStream, String> {
    let fail = |e: std::io::Error| format!("{name}: {e}");
    let mut socket = TcpStream::connect(address).await.map_err(fail)?;
    socket.set_nodelay(true).map_err(fail)?;
    let body = [
        &field(b"MQTT")[..],
        &[4, 0b1100_0010, 0, 0],
        &field(name.as_bytes()),
        &field(name.as_bytes()),
        &field(password.as_bytes()),
    ];
    socket.write_all(&packet(0x10, &body.concat())).await.map_err(fail)?;
    let mut answer = [0; 4];
    socket.read_exact(&mut answer).await.map_err(fail)?;
    if answer == [0x20, 2, 0, 0] { Ok(socket) } else { Err(format!("{name}: not let in: {answer:?}")) }
}

/// Speaks until the end; gives microseconds of each confirmation after the warm-up, and how many there were in all.
async fn speak(
    mut socket: TcpStream,
    topic: String,
    (window, every): (usize, Option<Duration>),
    from: Instant,
    until: Instant,
) -> Result<(Vec<u32>, u64), String> {
    let fail = |e: std::io::Error| format!("{topic}: {e}");
    let (mut sent, mut confirmed, mut micros): (u64, u64, Vec<u32>) = (0, 0, Vec::new());
    // When each message on its way was sent, by its number.
    let mut begun = vec![Instant::now(); window];
    let mut ack = [0; 4];
    // Each message has a moment of its own, so that none is the same as another.
    let first = now_ms() - 20_000;
    while Instant::now() < until || confirmed < sent {
        let mut out = Vec::new();
        while sent - confirmed < window as u64 && Instant::now() < until {
            let said = format!("{{\"t\":{},\"v\":{},\"seq\":{sent}}}", first + sent, sent % 97);
            let id = (sent % window as u64) as u16 + 1;
            out.extend(packet(0x32, &[&field(topic.as_bytes())[..], &id.to_be_bytes(), said.as_bytes()].concat()));
            begun[usize::from(id) - 1] = Instant::now();
            sent += 1;
        }
        socket.write_all(&out).await.map_err(fail)?;
        if confirmed == sent {
            break;
        }
        let read = tokio::time::timeout(PATIENCE, socket.read_exact(&mut ack)).await;
        read.map_err(|_| format!("{topic}: no answer"))?.map_err(fail)?;
        confirmed += 1;
        let id = usize::from(u16::from_be_bytes([ack[2], ack[3]])).clamp(1, window);
        if begun[id - 1] > from {
            micros.push(begun[id - 1].elapsed().as_micros().min(u128::from(u32::MAX)) as u32);
        }
        if let Some(every) = every {
            tokio::time::sleep_until((begun[0] + every).into()).await;
        }
    }
    Ok((micros, confirmed))
}

fn devices(path: &Path) -> Result<Vec<[String; 3]>, String> {
    let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let words = |line: &str| <[String; 3]>::try_from(line.split(' ').map(str::to_owned).collect::<Vec<_>>());
    text.lines().map(|line| words(line).map_err(|_| format!("{line}: name, password and stream are needed"))).collect()
}

/// Runs the plan and gives its figures.
pub fn run(plan: &Plan) -> Result<Value, String> {
    let all = devices(&plan.devices)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| e.to_string())?;
    runtime.block_on(async {
        let began = Instant::now();
        let mut lines = Vec::with_capacity(all.len());
        for [name, password, stream] in &all {
            lines.push((signed_in(&plan.address, name, password).await?, format!("obs/{name}/{stream}")));
        }
        let connect_ms = began.elapsed().as_secs_f64() * 1000.0;
        if let Some(held) = plan.idle {
            tokio::time::sleep(held).await;
            return Ok(json!({ "connections": lines.len(), "connect_ms": connect_ms }));
        }
        let from = Instant::now() + plan.warm_up;
        let until = from + plan.seconds;
        let spoken: Vec<_> = lines
            .into_iter()
            .map(|(socket, topic)| tokio::spawn(speak(socket, topic, (plan.window, plan.every), from, until)))
            .collect();
        let (mut micros, mut confirmed) = (Vec::new(), 0);
        for one in spoken {
            let (some, all) = one.await.map_err(|e| e.to_string())??;
            micros.extend(some);
            confirmed += all;
        }
        micros.sort_unstable();
        let at = |part: f64| f64::from(micros.get((micros.len() as f64 * part) as usize).copied().unwrap_or_default()) / 1000.0;
        Ok(json!({
            "connections": all.len(), "window": plan.window, "confirmed": confirmed,
            "per_second": micros.len() as f64 / plan.seconds.as_secs_f64(),
            "p50_ms": at(0.5), "p99_ms": at(0.99), "connect_ms": connect_ms,
        }))
    })
}
