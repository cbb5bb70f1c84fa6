//! The excerpt of a real file, and every way in which a row can be of no use.

use std::io::Write as _;

use store::Query;

use super::*;
use crate::base::classes::embedded;
use crate::kit::Error;
use crate::kit::config::Config;

const SAMPLE: &str = include_str!("../../../../../../data/demo/boston-sample.csv");
const MAP: &str = include_str!("../../../../../../data/maps/boston311.toml");

fn node() -> (tempfile::TempDir, App) {
    let dir = tempfile::tempdir().unwrap();
    let app = App::open(Config::new(dir.path())).unwrap();
    app.db.write(party::first_start).unwrap();
    (dir, app)
}

fn number(app: &App, sql: &str) -> i64 {
    app.db.read(|r| r.count(sql, &[])).unwrap()
}

#[test]
fn inv01_an_excerpt_comes_in_once_with_its_own_past() {
    let (_dir, app) = node();
    let map = Map::parse(MAP, &embedded()).unwrap();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(SAMPLE.as_bytes()).unwrap();
    let packed = packed.finish().unwrap();

    let mut last = 0;
    let first = run(&app, &map, packed.as_slice(), |n| last = n).unwrap();
    assert_eq!((first.added, first.known, last), (38, 0, 40));
    let early: Vec<_> = first.rejected.iter().map(|r| (r.line, r.reason)).collect();
    assert_eq!(early, [(40, "closed-before-opened"), (41, "closed-before-opened")]);

    let before = app.db.last().size;
    let again = run(&app, &map, SAMPLE.as_bytes(), |_| ()).unwrap();
    assert_eq!((again.added, again.known, again.rejected.len()), (0, 38, 2));
    assert_eq!((app.db.last().size, number(&app, "select count(*) from cases")), (before, 38), "the second time changes nothing");

    let open = "select count(*) from cases where state = 'received' and holder is not null and due_at > received_at and closed_at is null";
    assert_eq!(number(&app, open), 11);
    let closed =
        "select count(*) from cases where state = 'closed' and holder is null and due_at is null and closed_at >= received_at";
    assert_eq!(number(&app, closed), 27);
    let ended = "select count(*) from case_hold h join cases c on c.id = h.case_id and h.n = 1 and h.from_at = c.received_at \
                 and h.to_at = c.closed_at";
    let running = "select count(*) from cases where hold_from = received_at and closed_at is null";
    assert_eq!(number(&app, ended) + number(&app, running), 38, "one interval for each, open or closed as the case is");

    // Numbers are those of the local day of the file; what was written is sealed, and there.
    let case = app.db.read(|r| super::super::by_number(r, "150101-0002")).unwrap().unwrap();
    assert_eq!((case.class.as_deref(), case.received_at), (Some("lighting"), 1_420_089_923_000));
    let said = app.db.read(|r| super::super::said(r, &case)).unwrap().unwrap();
    assert_eq!(said.element("case.address"), Some("145-151 Ipswich St"));
    assert!(said.element("case.note").unwrap().contains("Duplicate of Existing Case"));
    assert!(!said.leaf.to_string().contains("Ipswich"));
}

#[test]
fn a_row_of_no_use_is_reported_by_line_and_reason() {
    let (_dir, app) = node();
    let map = r#"
        source = "x"
        time_zone = "Asia/Shanghai"
        time_formats = ["%Y-%m-%d %H:%M"]
        columns = { id = "id", opened = "from", closed = "to", status = "s", text = "t", lat = "y", lon = "x", area = "a" }
        status = { new = "open", done = "closed", no = "rejected" }
    "#;
    let map = Map::parse(map, &embedded()).unwrap();
    let long = "长".repeat(MAX_TEXT + 1);
    let rows = [
        ("1,2026-01-01 08:00,,new,灯坏了,32.4,119.4,", ""),
        (",2026-01-01 08:00,,new,,,,", "id-missing"),
        ("1,2026-01-01 08:00,,new,,,,", "id-twice"),
        ("2,yesterday,,new,,,,", "opened-not-readable"),
        ("3,2026-01-01 08:00,2026-02-30 09:00,done,,,,", "closed-not-readable"),
        ("4,2026-01-01 08:00,2026-01-01 07:59,done,,,,", "closed-before-opened"),
        ("5,2026-01-01 08:00,,lost,,,,", "status-unknown"),
        ("6,2026-01-01 08:00,,new,,95,119,", "coordinates-out-of-range"),
        ("7,2026-01-01 08:00,,new,,32,,", "coordinates-not-readable"),
        ("8,2026-01-01 08:00,,new,,a,b,", "coordinates-not-readable"),
        ("9,2026-01-01 08:00,,done,,,,", "closed-without-time"),
        ("10,2026-01-01 08:00,2026-01-02 08:00,new,,,,", "open-but-closed-time"),
        ("11,2099-01-01 08:00,,new,,,,", "in-the-future"),
        (&format!("12,2026-01-01 08:00,,new,{long},,,"), "too-long"),
        ("13,2026-01-01 08:00,,new,,,,999", "area-unknown"),
        ("14,2026-01-01 08:00,2026-01-01 08:00,no,,,,", ""),
        ("15", "status-unknown"),
    ];
    let text: String =
        ["id,from,to,s,t,y,x,a"].into_iter().chain(rows.iter().map(|(row, _)| *row)).map(|l| format!("{l}\n")).collect();
    let done = run(&app, &map, text.as_bytes(), |_| ()).unwrap();
    let got: Vec<_> = done.rejected.iter().map(|r| (r.line, r.reason)).collect();
    let want: Vec<_> =
        rows.iter().zip(2..).filter(|((_, why), _)| !why.is_empty()).map(|((_, why), line)| (line, *why)).collect();
    assert_eq!((done.added, got), (2, want));
    assert_eq!(number(&app, "select count(*) from cases where state = 'rejected' and holder is null"), 1);
}

#[test]
fn places_of_another_datum_come_in_as_ours() {
    let map = |datum: &str| {
        Map::parse(&MAP.replacen("time_zone =", &format!("datum = \"{datum}\"\ntime_zone ="), 1), &embedded()).unwrap()
    };
    // What 高德 calls this place; the difference is half a kilometre.
    let (lat, lon) = map("GCJ-02").place(399_917_540, 1_164_875_852);
    assert!((lat - 399_904_750).abs() <= 10 && (lon - 1_164_814_990).abs() <= 10, "{lat} {lon}");
    assert_eq!(map("wgs84").place(399_917_540, 1_164_875_852), (399_917_540, 1_164_875_852));
}

#[test]
fn a_map_that_does_not_fit_is_refused_before_the_first_row() {
    let (_dir, app) = node();
    let e: Error =
        run(&app, &Map::parse(MAP, &embedded()).unwrap(), "CASE_ENQUIRY_ID,OPEN_DT\n1,2\n".as_bytes(), |_| ()).unwrap_err();
    assert_eq!((e.kind, e.field.as_deref()), (Kind::Missing, Some("CLOSED_DT")));
    let wrong = |from: &str, to: &str| Map::parse(&MAP.replacen(from, to, 1), &embedded()).unwrap_err();
    assert!(wrong("\"other\"", "\"no-such-class\"").contains("no-such-class"));
    assert!(wrong("America/New_York", "Mars/Olympus").contains("Mars"));
    assert!(wrong("time_zone =", "datum = \"beijing54\"\ntime_zone =").contains("beijing54"));
    assert!(wrong("source =", "sauce =").contains("sauce"));
    assert!(wrong("boston311\"", "boston:311\"").contains("colon"));
}
