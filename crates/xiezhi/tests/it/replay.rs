//! A city's half year played again in the order in which it happened, with the equation checked after every step: the
//! requests that Boston got from January to June 2015, moved to the calendar of today, through the real actions. What
//! staff of the city closed is handled, checked and closed; what it called a duplicate is merged; what nobody touched in
//! time is warned about and moves up by itself.
//!
//! The sample that comes with the program is always played; the whole file, when it lies beside the repository, under
//! `bin/check --long`.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use store::{Query as _, Tx};
use xiezhi::base::classes::{self, Evidence};
use xiezhi::base::media;
use xiezhi::edge::jobs;
use xiezhi::kit::time::{DAY, HOUR, Ms, parse};
use xiezhi::kit::{Error, Who};
use xiezhi::oversight::supervise;
use xiezhi::records::case::life::{Said, act};
use xiezhi::records::case::report::{self, NewReport, Spot};
use xiezhi::records::case::rules::{Action, Outcome, State};
use xiezhi::records::case::{Rulebook, by_number, import};

use super::world::{COMMUNITY, World, on_each_engine};

/// Whole weeks from then to a year whose calendar is known: weekdays stay.
const LATER: Ms = 583 * 7 * DAY;
/// Where the known calendar ends; what was closed later stays open here.
const END: &str = "2026-12-20T00:00:00+08:00";

/// A request as the city's file tells it.
struct Request {
    opened: Ms,
    closed: Option<Ms>,
    class: String,
    text: String,
    duplicate: bool,
}

/// What happens to a request.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Report,
    Accept,
    Dispatch,
    Settle,
}

#[test]
fn a_city_replays_with_the_equation_true_at_every_step() {
    on_each_engine(|w| {
        let file = include_str!("../../../../data/demo/boston-sample.csv");
        let seen = replay(w, &read(file.as_bytes()));
        assert!(seen.reports >= 38 && seen.settled >= 25, "{} reports, {} settled", seen.reports, seen.settled);
    });
}

#[test]
fn a_whole_half_year_replays() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/requests-boston-2015/boston311_2015H1.csv.gz");
    if std::env::var("XIEZHI_LONG").is_err() || !file.exists() {
        eprintln!("SKIPPED: the half year is played by bin/check --long, with requests-boston-2015 beside the repository");
        return;
    }
    let all = read(flate2::read::GzDecoder::new(std::fs::File::open(file).unwrap()));
    assert!(all.len() > 58_000, "{} requests", all.len());
    let seen = replay(&mut World::new(None), &all);
    eprintln!("{} reports, {} steps, {} settled, {} moved up", seen.reports, seen.steps, seen.settled, seen.escalated);
    assert_eq!(seen.reports, all.len());
    let due = all.iter().filter(|r| r.closed.is_some()).count();
    assert!(seen.settled * 100 >= due * 95, "{} of {due} were settled as the city did", seen.settled);
}

fn read(file: impl std::io::Read) -> Vec<Request> {
    let map = import::Map::parse(include_str!("../../../../data/maps/boston311.toml"), &classes::embedded()).unwrap();
    let mut reader = csv::Reader::from_reader(file);
    let names = reader.headers().unwrap().clone();
    let at = |name: &str| names.iter().position(|n| n == name).unwrap();
    let (opened, closed, reason) = (at("OPEN_DT"), at("CLOSED_DT"), at("CLOSURE_REASON"));
    let title = at("CASE_TITLE");
    let kinds: Vec<usize> = map.class_columns().map(at).collect();
    let time = |text: &str| parse(&format!("{}+08:00", text.trim().replace(' ', "T"))).map(|t| t + LATER);
    let request = |row: csv::StringRecord| {
        let opened = time(&row[opened])?;
        let class = map.class(kinds.iter().map(|k| &row[*k])).unwrap_or("other").to_owned();
        let duplicate = row[reason].to_ascii_lowercase().contains("duplicate");
        Some(Request {
            opened,
            closed: time(&row[closed]).filter(|c| *c >= opened),
            class,
            text: row[title].to_owned(),
            duplicate,
        })
    };
    reader.records().map(Result::unwrap).filter_map(request).collect()
}

#[derive(Default)]
struct Seen {
    reports: usize,
    steps: usize,
    settled: usize,
    escalated: i64,
}

fn replay(w: &mut World, all: &[Request]) -> Seen {
    let end = parse(END).unwrap();
    // By the hour, in which the order stays: time stands still inside a write.
    let mut events: BTreeMap<(Ms, Ms, usize, Event), ()> = BTreeMap::new();
    for (i, r) in all.iter().enumerate() {
        let mut add = |at: Ms, event| (at < end).then(|| events.insert((at / HOUR, at, i, event), ()));
        add(r.opened, Event::Report);
        if let Some(closed) = r.closed {
            // Sorted and sent on its way within the first tenth of its life, as far as the file can tell.
            add(r.opened + (closed - r.opened) / 20, Event::Accept);
            if !r.duplicate {
                add(r.opened + (closed - r.opened) / 10, Event::Dispatch);
            }
            add(closed, Event::Settle);
        }
    }
    let staff = Staff::of(w);
    let mut numbers: HashMap<usize, String> = HashMap::new();
    let mut main: HashMap<String, String> = HashMap::new();
    let mut seen = Seen::default();
    let mut queue = events.into_keys().peekable();
    while let Some(&(hour, ..)) = queue.peek() {
        let mut some = Vec::new();
        while let Some((_, _, i, event)) = queue.next_if(|(h, ..)| *h == hour) {
            some.push((i, event));
        }
        w.app.ambience.advance((hour * HOUR - w.app.now()).max(0));
        jobs::deadlines(&w.app, w.app.now()).unwrap();
        for (i, event) in some {
            let request = &all[i];
            let done = match event {
                Event::Report => {
                    let made = staff.report(w, request);
                    main.entry(request.class.clone()).or_insert_with(|| made.clone());
                    numbers.insert(i, made);
                    seen.reports += 1;
                    true
                }
                Event::Accept => staff.act(w, &numbers[&i], &[("clerk", Action::Accept)], &request.class, ""),
                Event::Dispatch => staff.act(w, &numbers[&i], &[("clerk", Action::Dispatch)], &request.class, &staff.property),
                Event::Settle if request.duplicate && main[&request.class] != numbers[&i] => {
                    staff.act(w, &numbers[&i], &[("clerk", Action::Merge)], &request.class, &main[&request.class])
                }
                Event::Settle => {
                    let steps = [
                        ("property", Action::Accept),
                        ("property", Action::Feedback),
                        ("clerk", Action::Check),
                        ("clerk2", Action::Close),
                    ];
                    staff.act(w, &numbers[&i], &steps, &request.class, "")
                }
            };
            seen.steps += 1;
            seen.settled += usize::from(done && event == Event::Settle);
            if event == Event::Settle && done {
                // Whatever is merged from now on goes to a case that is still open.
                main.retain(|_, number| number != &numbers[&i]);
            }
            main.entry(request.class.clone()).or_insert_with(|| numbers[&i].clone());
            holds(w, seen.reports as i64, &numbers[&i]);
        }
    }
    seen.escalated = w.app.db.read(|r| r.count("select cast(coalesce(sum(level), 0) as bigint) from cases", &[])).unwrap();
    assert!(w.app.db.read(|r| store::verify::log(r)).unwrap().ok);
    seen
}

/// The public equation, and that the case itself is in exactly one place.
fn holds(w: &World, reports: i64, number: &str) {
    let e = supervise::equation(&w.app, None).unwrap();
    assert!(e.holds, "after {number}: {e:?}");
    assert_eq!((e.received, e.open + e.closed + e.merged + e.rejected), (reports, reports), "after {number}");
    let case = w.app.db.read(|r| by_number(r, number)).unwrap().unwrap();
    let runs = (case.holder.is_some(), case.due_at.is_some(), case.hold_from.is_some(), case.closed_at.is_none());
    let open = case.state.is_open();
    assert_eq!(runs, (open, open, open, open), "{number}");
}

/// Those who do it.
struct Staff {
    people: HashMap<&'static str, Who>,
    spot: Spot,
    property: String,
}

impl Staff {
    fn of(w: &World) -> Staff {
        let people = ["resident", "clerk", "clerk2", "property"].map(|name| (name, w.who(name)));
        let new = NewReport { area: Some(COMMUNITY.into()), ..NewReport::default() };
        let spot = w.app.db.read(|r| report::locate(r, &new)).unwrap();
        Staff { people: people.into(), spot, property: w.body("property") }
    }

    fn report(&self, w: &World, request: &Request) -> String {
        let (who, zone) = (self.people["resident"].clone(), w.app.config.zone.clone());
        let text = Some(request.text.clone()).filter(|t| !t.trim().is_empty()).or(Some("无说明".into()));
        let new = NewReport {
            text,
            class: Some(request.class.clone()),
            area: Some(COMMUNITY.into()),
            channel: "web".into(),
            ..NewReport::default()
        };
        let (book, spot) = (Rulebook::now(&w.app).unwrap(), self.spot.clone());
        let write = move |tx: &mut Tx| Ok::<_, Error>(report::make(tx, &book, &who, &new, &spot, &zone)?.0);
        w.app.db.write(write).unwrap().value.number
    }

    /// A small picture of its own: the city's are not in the file.
    fn picture(&self, w: &World, who: &str) -> String {
        let n = w.app.random::<3>();
        let mut bytes = std::io::Cursor::new(Vec::new());
        image::RgbImage::from_pixel(2, 2, image::Rgb(n)).write_to(&mut bytes, image::ImageFormat::Png).unwrap();
        media::keep(&w.app, &self.people[who], bytes.get_ref()).unwrap()
    }

    /// Does steps one after the other; false when one of them is refused, which changes nothing.
    fn act(&self, w: &World, number: &str, steps: &[(&str, Action)], class: &str, to: &str) -> bool {
        let case = w.app.db.read(|r| by_number(r, number)).unwrap().unwrap();
        for (who, action) in steps {
            // It was accepted on its way up already, or its handler has taken it.
            if *action == Action::Accept && !matches!(case.state, State::Received | State::Dispatched) {
                continue;
            }
            let book = Rulebook::now(&w.app).unwrap();
            let asks = *action == Action::Feedback && book.class(&case).evidence != Evidence::None;
            let said = Said {
                media: if asks { vec![self.picture(w, who)] } else { Vec::new() },
                class: Some(class.to_owned()),
                to: Some(to.to_owned()).filter(|t| !t.is_empty()),
                text: Some("办好了".into()),
                reason: Some("同一件事".into()),
                outcome: Some(Outcome::Solved),
                ..Said::default()
            };
            let (who, id, action) = (self.people[who].clone(), case.id.clone(), *action);
            let done = w.app.db.write(move |tx| act::act(tx, &book, &who, false, &id, action, &said));
            if done.is_err() {
                return false;
            }
        }
        true
    }
}
