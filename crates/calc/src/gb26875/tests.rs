//! Frames cut anywhere, among noise, damaged, and of hostile bytes.

use proptest::prelude::*;

use super::frame::{DATA, LARGEST};
use super::*;

fn frame(serial: u16, data: Vec<u8>) -> Frame {
    Frame {
        serial,
        version: [1, 2],
        time: Stamp([30, 59, 23, 29, 2, 24]),
        source: [1, 2, 3, 4, 5, 6],
        destination: [9; 6],
        command: Command::Send,
        data,
    }
}

/// A call point and a smoke detector, with what they are called in GB 18030.
fn alarm() -> Vec<u8> {
    let part = |kind, place| Part { system: 1, address: 3, kind, place };
    let component =
        |kind, place| Object::Component { part: part(kind, place), status: bits(), legend: vec![0xd2, 0xbb, 0xb2, 0xe3] };
    let unit = Unit {
        kind: 2,
        objects: vec![(component(23, 7), Some(Stamp([1, 2, 3, 4, 5, 24]))), (component(40, 1 << 16), Some(Stamp::default()))],
    };
    let data = unit.bytes().unwrap();
    assert_eq!(data.len(), 2 + 2 * 46);
    assert_eq!(Unit::parse(&data), Some(unit));
    data
}

fn bits() -> u16 {
    unit::bit::NORMAL | unit::bit::FIRE
}

fn frames(found: &[Found]) -> Vec<Frame> {
    found.iter().filter_map(|f| if let Found::Frame(frame) = f { Some(frame.clone()) } else { None }).collect()
}

#[test]
fn as_it_stands_on_the_line() {
    let bytes = frame(0x0102, vec![28, 1, 30, 59, 23, 29, 2, 24]).bytes().unwrap();
    let head = [0x40, 0x40, 2, 1, 1, 2, 30, 59, 23, 29, 2, 24, 1, 2, 3, 4, 5, 6, 9, 9, 9, 9, 9, 9, 8, 0, 2];
    assert_eq!(bytes[..27], head);
    let sum = bytes[2..35].iter().map(|b| u32::from(*b)).sum::<u32>() as u8;
    assert_eq!(bytes[35..], [sum, 0x23, 0x23]);
    let found = Decoder::default().push(&bytes);
    assert_eq!(frames(&found).len(), 1);
    let unit = Unit::parse(&frames(&found)[0].data).unwrap();
    assert_eq!(unit.objects, [(Object::DeviceTime, Some(Stamp([30, 59, 23, 29, 2, 24])))]);
    let reply = frames(&found)[0].reply(true, Stamp::default());
    assert_eq!(
        (reply.serial, reply.command, reply.source, reply.destination),
        (0x0102, Command::Confirm, [9; 6], [1, 2, 3, 4, 5, 6])
    );
    assert_eq!(reply.bytes().unwrap().len(), 30);
    assert_eq!(frame(1, vec![0; DATA]).bytes().unwrap().len(), LARGEST);
    assert_eq!(frame(1, vec![0; DATA + 1]).bytes(), None);
}

#[test]
fn cut_at_every_byte() {
    let all = [frame(1, alarm()), frame(2, vec![]), frame(3, alarm()).reply(false, Stamp::default())];
    let bytes: Vec<u8> = all.iter().flat_map(|f| f.bytes().unwrap()).collect();
    for cut in 0..=bytes.len() {
        let mut decoder = Decoder::default();
        let mut found = decoder.push(&bytes[..cut]);
        found.extend(decoder.push(&bytes[cut..]));
        assert_eq!((frames(&found), found.len(), decoder.waiting()), (all.to_vec(), 3, 0), "{cut}");
    }
    let mut decoder = Decoder::default();
    let found: Vec<Found> = bytes.iter().flat_map(|b| decoder.push(&[*b])).collect();
    assert_eq!(frames(&found), all);
}

#[test]
fn damaged() {
    let good = frame(7, alarm()).bytes().unwrap();
    let mut bad = good.clone();
    bad[40] ^= 1;
    let found = Decoder::default().push(&[&bad[..], &good].concat());
    let Found::Fault(fault) = &found[0] else { panic!("{found:?}") };
    assert_eq!((fault.what, fault.bytes, fault.frame.as_ref().map(|f| f.serial)), (What::Sum, bad.len(), Some(7)));
    assert_eq!(frames(&found).len(), 1);
    // A length that cannot be, and one that is another: whatever is within is still found.
    for (low, high, what) in [(1, 4, What::Length), (255, 255, What::Length), (3, 0, What::End)] {
        let mut bad = good.clone();
        (bad[24], bad[25]) = (low, high);
        let found = Decoder::default().push(&[&bad[..], &good].concat());
        assert!(matches!(&found[0], Found::Fault(f) if f.what == what), "{found:?}");
        assert_eq!(frames(&found), [frame(7, alarm())]);
    }
    // Half of one, then a whole one: it waits for the length that was promised, until nothing comes for a while.
    let mut decoder = Decoder::default();
    assert_eq!(decoder.push(&[&good[..50], &good[..]].concat()).iter().filter(|f| matches!(f, Found::Frame(_))).count(), 1);
    let mut decoder = Decoder::default();
    let mut long = frame(8, vec![5; 1000]).bytes().unwrap();
    long.truncate(200);
    assert_eq!(decoder.push(&[&long[..], &good].concat()), []);
    assert_eq!(frames(&decoder.idle()), [frame(7, alarm())]);
    assert_eq!((decoder.waiting(), decoder.idle()), (0, vec![]));
    let noise = Decoder::default().push(b"GET / HTTP/1.1\r\n@x@");
    assert_eq!(noise, [Found::Fault(Fault { what: What::Noise, bytes: 18, frame: None })]);
}

#[test]
fn times() {
    let local = 1_709_251_170_000;
    assert_eq!((Stamp([30, 59, 23, 29, 2, 24]).local(), Stamp::of(local)), (Some(local), Stamp([30, 59, 23, 29, 2, 24])));
    for no in [
        [60, 0, 0, 1, 1, 24],
        [0, 0, 24, 1, 1, 24],
        [0, 0, 0, 29, 2, 23],
        [0, 0, 0, 0, 1, 24],
        [0, 0, 0, 1, 13, 24],
        [0, 0, 0, 1, 0, 24],
        [255; 6],
        [0; 6],
    ] {
        assert_eq!(Stamp(no).local(), None, "{no:?}");
    }
}

#[test]
fn objects() {
    let part = Part { system: 1, address: 2, kind: 40, place: 0x0003_0005 };
    let all = [
        (1, Object::System { system: 1, address: 2, status: bits() }, 10),
        (3, Object::Analog { part, kind: 3, value: -55 }, 16),
        (4, Object::Operation { system: 1, address: 2, what: 1, operator: 9 }, 10),
        (21, Object::Device { status: 1 }, 7),
        (24, Object::DeviceOperation { what: 2, operator: 9 }, 8),
    ];
    for (kind, object, size) in all {
        let with = Unit { kind, objects: vec![(object.clone(), Some(Stamp([1; 6]))); 3] };
        let data = with.bytes().unwrap();
        assert_eq!((data.len(), Unit::parse(&data)), (2 + 3 * size, Some(with)));
        let without = Unit { kind, objects: vec![(object, None)] };
        assert_eq!(Unit::parse(&without.bytes().unwrap()), Some(without));
        assert_eq!(Unit::parse(&data[..data.len() - 1]), None, "{kind}");
    }
    assert_eq!(Unit::parse(&[90, 1, 7, 7]), Some(Unit { kind: 90, objects: vec![(Object::Other(vec![7, 7]), None)] }));
    assert_eq!((Unit::parse(&[]), Unit::parse(&[1])), (None, None));
    assert_eq!(unit::scale(3), Some((0.1, "°C")));
}

proptest! {
    #[test]
    fn hostile_bytes(bytes in proptest::collection::vec(prop_oneof![Just(0x40u8), Just(0x23), Just(0), any::<u8>()], 0..4000), cut in 1usize..300) {
        let mut decoder = Decoder::default();
        let mut found = Vec::new();
        for piece in bytes.chunks(cut) {
            found.extend(decoder.push(piece));
            prop_assert!(decoder.waiting() < LARGEST);
        }
        // Every byte is in a frame, passed over, or waits; and how they were cut does not matter.
        let whole = |found: &[Found]| found.iter().map(|f| match f {
            Found::Frame(frame) => 30 + frame.data.len(),
            Found::Fault(fault) => fault.bytes,
        }).sum::<usize>();
        prop_assert_eq!(whole(&found) + decoder.waiting(), bytes.len());
        let mut once = Decoder::default();
        let all = once.push(&bytes);
        prop_assert_eq!(frames(&all), frames(&found));
        prop_assert_eq!(once.waiting(), decoder.waiting());
        while decoder.waiting() > 0 {
            decoder.idle();
        }
        for frame in frames(&found) {
            let _ = Unit::parse(&frame.data);
        }
        let _ = Unit::parse(&bytes);
    }

    #[test]
    fn good_ones_are_found_between_noise(
        noise in proptest::collection::vec(proptest::collection::vec(any::<u8>().prop_filter("no begin", |b| *b != 0x40), 0..50), 1..6),
        data in proptest::collection::vec(any::<u8>(), 0..=DATA)
    ) {
        let good = frame(5, data);
        let mut bytes = Vec::new();
        for some in &noise {
            bytes.extend(some);
            bytes.extend(good.bytes().unwrap());
        }
        let found = Decoder::default().push(&bytes);
        prop_assert_eq!(frames(&found), vec![good; noise.len()]);
    }

    #[test]
    fn times_there_and_back(seconds in 946_684_800i64..4_102_444_800) {
        prop_assert_eq!(Stamp::of(seconds * 1000).local(), Some(seconds * 1000));
    }
}
