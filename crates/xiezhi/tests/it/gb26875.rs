//! Fire panels over GB/T 26875.3, byte by byte: confirmed after the disk, denied when nobody added them or it makes no sense, whatever
//! the network does to their frames.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use calc::gb26875::unit::bit;
use calc::gb26875::{Command, Decoder, Found, Frame, Object, Part, Stamp, Unit};
use serde_json::{Value as Json, json};
use xiezhi::kit::time::{self, HOUR, MINUTE};

use super::sensing::good;
use super::world::{COMMUNITY, Client, World, on_each_engine};

/// As it calls itself; as the desk writes it.
const PANEL: [u8; 6] = [0x01, 0xab, 0x03, 0x04, 0x05, 0x06];
const NAME: &str = "01ab03040506";

struct Line {
    socket: TcpStream,
    decoder: Decoder,
    found: Vec<Found>,
}

impl Line {
    fn open(address: SocketAddr) -> Line {
        let socket = TcpStream::connect(address).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        socket.set_nodelay(true).unwrap();
        Line { socket, decoder: Decoder::default(), found: Vec::new() }
    }

    fn send(&mut self, bytes: &[u8]) {
        let _ = self.socket.write_all(bytes);
    }

    /// The next answer: its serial number and whether it was taken; none when the other end is gone.
    fn next(&mut self) -> Option<(u16, bool)> {
        while self.found.is_empty() {
            let mut piece = [0; 256];
            let n = self.socket.read(&mut piece).ok().filter(|n| *n > 0)?;
            self.found = self.decoder.push(&piece[..n]);
        }
        match self.found.remove(0) {
            Found::Frame(f) => Some((f.serial, f.command == Command::Confirm)),
            Found::Fault(fault) => panic!("{fault:?}"),
        }
    }
}

fn local(w: &World, back: i64) -> Stamp {
    let at = time::zoned(w.app.now() - back, &w.app.config.zone).datetime();
    Stamp::of(at.to_zoned_datetime(jiff::tz::TimeZone::UTC).unwrap().timestamp().as_millisecond())
}

fn frame(w: &World, serial: u16, source: [u8; 6], unit: &Unit) -> Vec<u8> {
    let frame = Frame {
        serial,
        version: [1, 0],
        time: local(w, 0),
        source,
        destination: [0; 6],
        command: Command::Send,
        data: unit.bytes().unwrap(),
    };
    frame.bytes().unwrap()
}

fn detector(place: u32) -> Part {
    Part { system: 1, address: 3, kind: 40, place }
}

fn component(w: &World, place: u32, status: u16) -> Unit {
    // 一层 in GB 18030.
    let object = Object::Component { part: detector(place), status, legend: vec![0xd2, 0xbb, 0xb2, 0xe3] };
    Unit { kind: 2, objects: vec![(object, Some(local(w, MINUTE)))] }
}

fn listening(w: &mut World) -> (SocketAddr, Client) {
    w.configure(|c| c.gb26875 = Some("127.0.0.1:0".into()));
    let clerk = w.client(Some("clerk"));
    (w.gb26875.unwrap(), clerk)
}

fn panel(clerk: &Client) {
    good(clerk, "/devices", &json!({ "kind": "fire-panel", "title": "消防主机", "name": "01AB03040506", "area": COMMUNITY }));
}

/// What the panel told last of a stream.
fn last(clerk: &Client, stream: &str) -> Json {
    let seen = clerk.get(&format!("/devices/{NAME}")).json();
    let streams = seen["streams"].as_array().unwrap();
    let one = streams.iter().find(|s| s["id"] == stream).unwrap_or(&Json::Null);
    let last = one["readings"].as_array().and_then(|r| r.last()).cloned().unwrap_or_default();
    if last["text"].is_null() { last["n"].clone() } else { last["text"].clone() }
}

#[test]
fn a_panel_tells_of_fire_and_is_confirmed_when_it_is_on_the_disk() {
    on_each_engine(|w| {
        let (address, clerk) = listening(w);
        let mut line = Line::open(address);
        let fire = frame(w, 7, PANEL, &component(w, 9, bit::NORMAL | bit::FIRE));
        line.send(&fire);
        assert_eq!(line.next(), Some((7, false)), "nobody added it");
        let list = clerk.get(&format!("/devices?area={COMMUNITY}")).json();
        assert_eq!((&list["strangers"][0]["address"], &list["strangers"][0]["n"]), (&json!(NAME), &json!(1)));
        assert_eq!(
            w.client(Some("property")).get(&format!("/devices?area={COMMUNITY}")).json()["strangers"],
            json!([]),
            "the desk is told"
        );
        let page = clerk.get_as(&format!("/devices/new?area={COMMUNITY}&kind=fire-panel&name={NAME}"), "text/html").text;
        assert!(page.contains(&format!("value=\"{NAME}\"")), "{page}");
        let wrong = json!({ "kind": "fire-panel", "title": "x", "name": "fp-1", "area": COMMUNITY });
        assert_eq!(clerk.post("/devices", &wrong).error(), (422, "wrong-type".into()), "it is called by its address");
        panel(&clerk);
        // Another connection: what was known of the address is known for ten seconds.
        let mut line = Line::open(address);
        line.send(&fire);
        assert_eq!(line.next(), Some((7, true)));
        let part = "1-3-40-9";
        assert_eq!((last(&clerk, "fire"), last(&clerk, &format!("fire.{part}"))), (json!(1.0), json!(1.0)));
        let seen = clerk.get(&format!("/devices/{NAME}")).json();
        assert_eq!(seen["streams"][1]["part"], "一层 1-3-40-9", "as the panel calls it: {seen}");
        // The same frame again is confirmed, and there once.
        let size = w.app.db.last().size;
        line.send(&fire);
        assert_eq!((line.next(), w.app.db.last().size), (Some((7, true)), size));
        // The detector is quiet again: the panel is not, until its system says so. Quiet ones are no streams but for fire.
        w.app.ambience.advance(5 * MINUTE);
        line.send(&frame(w, 8, PANEL, &component(w, 9, bit::NORMAL)));
        assert_eq!(line.next(), Some((8, true)));
        assert_eq!((last(&clerk, "fire"), last(&clerk, &format!("fire.{part}"))), (json!(1.0), json!(0.0)));
        let system = Unit { kind: 1, objects: vec![(Object::System { system: 1, address: 3, status: bit::NORMAL }, None)] };
        line.send(&frame(w, 9, PANEL, &system));
        assert_eq!(
            (line.next(), last(&clerk, "fire"), last(&clerk, "shielded.1-3-40-9")),
            (Some((9, true)), json!(0.0), Json::Null)
        );
        // Switched off by hand, and on again.
        for (serial, status, n) in [(10, bit::NORMAL | bit::SHIELDED, 1.0), (11, bit::NORMAL, 0.0)] {
            w.app.ambience.advance(MINUTE);
            line.send(&frame(w, serial, PANEL, &component(w, 9, status)));
            assert_eq!((line.next(), last(&clerk, "shielded.1-3-40-9")), (Some((serial, true)), json!(n)));
        }
        // Measured values, what somebody did, a sign of life.
        let analog = Object::Analog { part: detector(2), kind: 4, value: 12 };
        let all = [
            Unit { kind: 3, objects: vec![(analog, None)] },
            Unit { kind: 4, objects: vec![(Object::Operation { system: 1, address: 3, what: 1, operator: 2 }, None)] },
        ];
        for (n, unit) in all.iter().enumerate() {
            line.send(&frame(w, 20 + n as u16, PANEL, unit));
            assert_eq!(line.next(), Some((20 + n as u16, true)));
        }
        assert_eq!((last(&clerk, "pressure.1-3-40-2"), last(&clerk, "state")), (json!(1200.0), json!("reset 0x01")));
        // A panel whose clock is wrong by hours is believed when it came.
        let mut late = component(w, 9, bit::NORMAL | bit::FIRE);
        late.objects[0].1 = Some(local(w, 9 * HOUR));
        let mut wrong = Decoder::default().push(&frame(w, 30, PANEL, &late));
        let Found::Frame(mut odd) = wrong.remove(0) else { panic!() };
        odd.time = local(w, 9 * HOUR);
        line.send(&odd.bytes().unwrap());
        assert_eq!((line.next(), last(&clerk, "fire.1-3-40-9")), (Some((30, true)), json!(1.0)));
        // So is a fire of yesterday that is sent now: two clocks, one of them wrong.
        w.app.ambience.advance(HOUR);
        let before = clerk.get(&format!("/devices/{NAME}")).json()["streams"].clone();
        line.send(&frame(w, 31, PANEL, &late));
        assert_eq!(line.next(), Some((31, true)));
        let after = clerk.get(&format!("/devices/{NAME}")).json()["streams"].clone();
        let fire = |all: &Json| {
            all.as_array().unwrap().iter().find(|s| s["id"] == "fire").unwrap()["last_t"].as_str().unwrap().to_owned()
        };
        assert!(fire(&after) > fire(&before) && fire(&after).starts_with("2026-03-04T11:"), "{} {}", fire(&before), fire(&after));
        // The transmission device sees none: that is no end of it. Whoever resets it ends it.
        w.app.ambience.advance(MINUTE);
        line.send(&frame(w, 32, PANEL, &Unit { kind: 21, objects: vec![(Object::Device { status: 1 }, None)] }));
        assert_eq!((line.next(), last(&clerk, "fire"), last(&clerk, "fault")), (Some((32, true)), json!(1.0), json!(0.0)));
        w.app.ambience.advance(MINUTE);
        line.send(&frame(
            w,
            33,
            PANEL,
            &Unit { kind: 24, objects: vec![(Object::DeviceOperation { what: 1, operator: 2 }, None)] },
        ));
        assert_eq!((line.next(), last(&clerk, "fire")), (Some((33, true)), json!(0.0)));
        let page = clerk.get_as(&format!("/devices/{NAME}"), "text/html").text;
        assert!(page.contains("火警") && page.contains("1-3-40-9"), "{page}");
    });
}

#[test]
fn frames_are_cut_damaged_and_many() {
    on_each_engine(|w| {
        let (address, clerk) = listening(w);
        panel(&clerk);
        // Cut at every byte.
        let bytes = frame(w, 1, PANEL, &component(w, 1, bit::NORMAL | bit::FIRE));
        let mut line = Line::open(address);
        for cut in 1..bytes.len() {
            line.send(&bytes[..cut]);
            line.socket.flush().unwrap();
            std::thread::yield_now();
            line.send(&bytes[cut..]);
            assert_eq!(line.next(), Some((1, true)), "{cut}");
        }
        // Among noise; with a wrong sum; with nothing in it that can be read; for nobody.
        let mut sum = bytes.clone();
        let at = sum.len() - 3;
        sum[at] ^= 1;
        let nonsense = frame(w, 3, PANEL, &Unit { kind: 2, objects: vec![(Object::Other(vec![1, 2, 3]), None)] });
        let foreign = frame(w, 4, [9; 6], &component(w, 1, bit::NORMAL));
        line.send(b"GET / HTTP/1.1\r\n\r\n@@");
        line.send(&sum);
        line.send(&nonsense);
        line.send(&foreign);
        line.send(&bytes);
        let answers: Vec<_> = (0..4).map(|_| line.next().unwrap()).collect();
        assert_eq!(answers, [(1, false), (3, false), (4, false), (1, true)], "in their order");
        assert_eq!(clerk.get(&format!("/devices/{NAME}")).json()["refused"], 1);
        // Half a frame is given up, and what follows is heard.
        line.send(&bytes[..20]);
        std::thread::sleep(Duration::from_secs(6));
        line.send(&bytes);
        assert_eq!(line.next(), Some((1, true)));
        // Many at once: answered all, in their order.
        let many: Vec<u8> = (100..400).flat_map(|n| frame(w, n, PANEL, &component(w, u32::from(n), bit::NORMAL))).collect();
        line.send(&many);
        for n in 100..400 {
            assert_eq!(line.next(), Some((n, true)));
        }
        // Whoever floods with what nobody knows is cut off, and nobody else is.
        let mut other = Line::open(address);
        let flood: Vec<u8> = (0..200).flat_map(|n| frame(w, n, [7; 6], &component(w, 1, bit::NORMAL))).collect();
        other.send(&flood);
        while other.next().is_some() {}
        line.send(&bytes);
        assert_eq!(line.next(), Some((1, true)));
        let mut noise = Line::open(address);
        noise.send(&[0x55; 40_000]);
        assert_eq!(noise.next(), None);
    });
}

#[test]
fn only_networks_of_the_settings_may_call() {
    let mut w = World::new(None);
    w.configure(|c| {
        c.gb26875 = Some("127.0.0.1:0".into());
        c.file.panels.networks = vec!["10.0.0.0/8".into()];
    });
    w.serve();
    let mut line = Line::open(w.gb26875.unwrap());
    assert_eq!(line.next(), None);
}
