//! Devices over MQTT, byte by byte, in both versions: confirmed after the disk, under their own name, in order; nonsense costs
//! nobody else anything. (Real clients are in the story of the browser.)

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::{Value as Json, json};

use super::sensing::{Device, added};
use super::world::{COMMUNITY, Client, World, on_each_engine};

const V3: u8 = 4;
const V5: u8 = 5;

/// A field with its length before it.
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

fn hello(version: u8, name: &str, password: &str) -> Vec<u8> {
    let mut body = [&field(b"MQTT")[..], &[version, 0b1100_0010, 0, 60]].concat();
    body.extend(if version == V5 { &[0][..] } else { &[] });
    body.extend([field(b"x"), field(name.as_bytes()), field(password.as_bytes())].concat());
    packet(0x10, &body)
}

fn publish(version: u8, topic: &str, payload: &[u8], id: u16) -> Vec<u8> {
    let mut body = [&field(topic.as_bytes())[..], &id.to_be_bytes()].concat();
    body.extend(if version == V5 { &[0][..] } else { &[] });
    body.extend(payload);
    packet(0x32, &body)
}

/// One connection of a device.
struct Line(TcpStream);

impl Line {
    fn open(address: SocketAddr) -> Line {
        let socket = TcpStream::connect(address).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        socket.set_nodelay(true).unwrap();
        Line(socket)
    }

    fn send(&mut self, bytes: &[u8]) {
        let _ = self.0.write_all(bytes);
    }

    /// The next packet: its first byte and what follows; none when the other end is gone.
    fn next(&mut self) -> Option<(u8, Vec<u8>)> {
        let mut two = [0; 2];
        self.0.read_exact(&mut two).ok()?;
        let mut body = vec![0; usize::from(two[1])];
        self.0.read_exact(&mut body).ok()?;
        Some((two[0], body))
    }

    fn signed_in(address: SocketAddr, version: u8, d: &Device) -> Line {
        let mut line = Line::open(address);
        line.send(&hello(version, &d.name, &d.password));
        let (kind, body) = line.next().unwrap();
        assert_eq!((kind, body[1]), (0x20, 0), "not let in");
        line
    }
}

/// A world with an address for devices, and somebody who adds them.
fn listening(w: &mut World) -> (SocketAddr, Client) {
    w.configure(|c| c.mqtt = Some("127.0.0.1:0".into()));
    let clerk = w.client(Some("clerk"));
    (w.mqtt.unwrap(), clerk)
}

fn level(clerk: &Client, name: &str) -> Device {
    added(clerk, &json!({ "kind": "level", "title": "水位", "name": name, "area": COMMUNITY }))
}

fn readings(clerk: &Client, name: &str) -> Vec<f64> {
    let streams = clerk.get(&format!("/devices/{name}")).json()["streams"].clone();
    let level = streams.as_array().unwrap().iter().find(|s| s["id"] == "level").cloned().unwrap_or(json!({ "readings": [] }));
    level["readings"].as_array().unwrap().iter().map(|r| r["n"].as_f64().unwrap()).collect()
}

#[test]
fn what_is_confirmed_is_on_the_disk_and_each_speaks_for_himself() {
    on_each_engine(|w| {
        let (address, clerk) = listening(w);
        let (d, other) = (level(&clerk, "lv-1"), level(&clerk, "lv-2"));
        let now = w.app.now();
        for (version, wrong) in [(V3, 4), (V5, 0x86)] {
            let mut line = Line::open(address);
            line.send(&hello(version, "lv-1", &other.password));
            assert_eq!(line.next().unwrap().1[1], wrong);
            assert!(line.next().is_none(), "and closed");
        }
        for (n, version) in [(1u16, V3), (2, V5)] {
            let mut line = Line::signed_in(address, version, &d);
            let said = json!({ "t": now - i64::from(n) * 1000, "v": n, "seq": n }).to_string();
            line.send(&publish(version, "obs/lv-1/level", said.as_bytes(), n));
            let (kind, body) = line.next().unwrap();
            assert_eq!((kind, &body[..2]), (0x40, &n.to_be_bytes()[..]));
            assert!(readings(&clerk, "lv-1").contains(&f64::from(n)), "confirmed, so it is there");
            // Once more: confirmed, and there once.
            line.send(&publish(version, "obs/lv-1/level", said.as_bytes(), n + 10));
            assert_eq!(line.next().unwrap().0, 0x40);
            assert_eq!(readings(&clerk, "lv-1").len(), usize::from(n));
        }
        // Another's name: refused where the version knows how, else the connection ends.
        let mut line = Line::signed_in(address, V5, &d);
        line.send(&publish(V5, "obs/lv-2/level", b"1", 5));
        assert_eq!(line.next().unwrap().1[2], 0x87);
        for (topic, payload, code) in [("obs/lv-1/smoke", &b"1"[..], 0x90), ("x", b"1", 0x90), ("obs/lv-1/level", b"NaN", 0x99)] {
            line.send(&publish(V5, topic, payload, 6));
            assert_eq!(line.next().unwrap().1[2], code, "{topic}");
        }
        let mut old = Line::signed_in(address, V3, &d);
        old.send(&publish(V3, "obs/lv-2/level", b"1", 5));
        assert!(old.next().is_none());
        assert!(readings(&clerk, "lv-2").is_empty());
        // It hears nothing of others.
        let subscribe = |topic: &str| packet(0x82, &[&[0, 9][..], &field(topic.as_bytes()), &[0]].concat());
        let mut old = Line::signed_in(address, V3, &d);
        for (topic, code) in [("#", 0x80), ("obs/lv-2/level", 0x80), ("cmd/lv-1", 0)] {
            old.send(&subscribe(topic));
            assert_eq!(old.next().unwrap().1[2], code, "{topic}");
        }
        old.send(&[0xc0, 0]);
        assert_eq!(old.next().unwrap().0, 0xd0, "it is there");
        // Version 5 may be told what it may not do: no second level of delivery.
        let mut twice = publish(V5, "obs/lv-1/level", b"9", 7);
        twice[0] = 0x34;
        line.send(&twice);
        while let Some((kind, _)) = line.next() {
            assert_eq!(kind, 0xe0, "nothing but a farewell");
        }
    });
}

#[test]
fn frames_cut_at_every_byte_mean_the_same_and_nonsense_ends_one_connection_alone() {
    on_each_engine(|w| {
        let (address, clerk) = listening(w);
        let d = level(&clerk, "lv-1");
        let now = w.app.now();
        let all = [
            hello(V3, &d.name, &d.password),
            publish(V3, "obs/lv-1/level", json!({ "t": now - 9000, "v": 1.5 }).to_string().as_bytes(), 1),
            publish(V3, "obs/lv-1/level", json!({ "t": now - 8000, "v": 2.5 }).to_string().as_bytes(), 2),
        ]
        .concat();
        for cut in 1..all.len() {
            let mut line = Line::open(address);
            line.send(&all[..cut]);
            if cut % 7 == 0 {
                std::thread::sleep(Duration::from_millis(3));
            }
            line.send(&all[cut..]);
            let kinds: Vec<u8> = (0..3).map(|_| line.next().unwrap().0).collect();
            assert_eq!(kinds, [0x20, 0x40, 0x40], "cut at {cut}");
        }
        assert_eq!(readings(&clerk, "lv-1"), [1.5, 2.5]);
        let mut well = Line::signed_in(address, V3, &d);
        let long = publish(V3, "obs/lv-1/level", &vec![b'1'; 40_000], 3);
        let nonsense: [Vec<u8>; 7] = [
            publish(V3, "obs/lv-1/level", b"1", 1),
            b"GET / HTTP/1.1\r\n\r\n".to_vec(),
            vec![0; 64],
            vec![0xff; 64],
            packet(0x10, &field(b"MQTT")),
            [hello(V3, &d.name, &d.password), long].concat(),
            [hello(V3, &d.name, &d.password), hello(V3, &d.name, &d.password)].concat(),
        ];
        for (n, bytes) in nonsense.iter().enumerate() {
            let mut line = Line::open(address);
            line.send(bytes);
            let mut most = 0;
            while line.next().is_some() {
                most += 1;
            }
            assert!(most <= 1, "nonsense {n} was answered {most} times");
        }
        well.send(&publish(V3, "obs/lv-1/level", json!({ "t": now - 7000, "v": 3.5 }).to_string().as_bytes(), 4));
        assert_eq!(well.next().unwrap().0, 0x40);
        assert_eq!(readings(&clerk, "lv-1").len(), 3);
    });
}

#[test]
fn many_speak_at_once_and_each_is_confirmed_in_its_order() {
    const DEVICES: usize = 40;
    const EACH: u16 = 50;
    on_each_engine(|w| {
        let (address, clerk) = listening(w);
        let devices: Vec<Device> = (0..DEVICES).map(|n| level(&clerk, &format!("many-{n}"))).collect();
        let now = w.app.now();
        let before = w.app.db.last().size;
        std::thread::scope(|s| {
            for d in &devices {
                s.spawn(move || {
                    let mut line = Line::signed_in(address, V3, d);
                    let topic = format!("obs/{}/level", d.name);
                    for n in 1..=EACH {
                        // Every fifth is nonsense, and confirmed in its place: version 3.1.1 knows no refusal.
                        let said = if n % 5 == 0 { json!("wet") } else { json!({ "t": now - 100_000 + i64::from(n), "v": n }) };
                        line.send(&publish(V3, &topic, said.to_string().as_bytes(), n));
                    }
                    for n in 1..=EACH {
                        assert_eq!(line.next().unwrap().1, n.to_be_bytes(), "in order");
                    }
                });
            }
        });
        let count = |sql: &str| w.app.db.read(|r| store::Query::count(r, sql, &[])).unwrap();
        assert_eq!(count("select count(*) from observation"), DEVICES as i64 * i64::from(EACH) * 4 / 5);
        assert_eq!(count("select cast(sum(told) as bigint) from stream"), DEVICES as i64 * i64::from(EACH) * 4 / 5);
        let entries = w.app.db.last().size - before;
        assert!(entries < DEVICES as u64 * u64::from(EACH) / 2, "many readings are one entry: {entries}");
        // A device that is taken away is heard no longer, nor let in.
        let gone = clerk.post("/devices/many-0/state", &json!({ "state": "gone", "why": "拆了" }));
        assert_eq!(gone.status, 200, "{}", gone.text);
        let mut line = Line::open(address);
        line.send(&hello(V3, &devices[0].name, &devices[0].password));
        assert_eq!(line.next().unwrap().1[1], 4);
        assert_eq!(clerk.get("/devices/many-0").json()["state"], Json::from("gone"));
    });
}
