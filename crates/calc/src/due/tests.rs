//! Well-known days, hand-counted limits, and properties against a clock that ticks minute by minute.

use proptest::prelude::*;

use super::*;

const CN: &str = include_str!("../../../../data/calendars/cn.csv");

fn cn() -> Calendar {
    Calendar::parse(CN).unwrap()
}

fn hours() -> Hours {
    "09:00-12:00,14:00-18:00".parse().unwrap()
}

/// `2026-09-30 16:00` in local milliseconds, by way of the table of the calendar itself.
fn at(text: &str) -> i64 {
    let (day, clock) = text.split_once(' ').unwrap();
    let mut p = day.split('-').map(|t| t.parse::<i64>().unwrap());
    let (y, m, d) = (p.next().unwrap(), p.next().unwrap(), p.next().unwrap());
    // Days from civil, after Howard Hinnant: another way than the one under test.
    let (y, mp) = if m <= 2 { (y - 1, m + 9) } else { (y, m - 3) };
    let day = y * 365 + y / 4 - y / 100 + y / 400 + (153 * mp + 2) / 5 + d - 1 - 719_468;
    let (h, m) = clock.split_once(':').unwrap();
    day * DAY + h.parse::<i64>().unwrap() * HOUR + m.parse::<i64>().unwrap() * 60_000
}

fn due_at(start: &str, limit: &str) -> Result<i64, Error> {
    due(at(start), limit.parse().unwrap(), &cn(), &hours())
}

#[test]
fn limits_are_read_and_written() {
    for text in ["5wh", "0d", "24uh", "15wd", "876600uh"] {
        assert_eq!(text.parse::<Limit>().unwrap().to_string(), text);
    }
    for bad in ["", "5", "wh", "5h", "5 wh", "-1d", "1.5wd", "876601uh", "99999999999d", "五d", "5WH", "+5d"] {
        assert_eq!(bad.parse::<Limit>(), Err(BadLimit), "{bad}");
    }
}

#[test]
fn hours_are_read_and_written() {
    for text in ["09:00-12:00,14:00-18:00", "00:00-24:00", "08:30-17:30"] {
        assert_eq!(text.parse::<Hours>().unwrap().to_string(), text);
    }
    for (bad, span) in [
        ("", 1),
        ("9:00-12:00", 1),
        ("09:00-12:60", 1),
        ("09:00-24:01", 1),
        ("12:00-09:00", 1),
        ("09:00-09:00", 1),
        ("09:00-12:00,11:00-18:00", 2),
        ("14:00-18:00,09:00-12:00", 2),
        ("09:00", 1),
        ("09:00-12:00,", 2),
    ] {
        assert_eq!(bad.parse::<Hours>().unwrap_err().span, span, "{bad}");
    }
}

#[test]
fn well_known_days() {
    let calendar = cn();
    let works = |day: &str| calendar.working(at(&format!("{day} 00:00")) / DAY).unwrap();
    // Make-up days: the first of May 2019 as it was changed in March, 2020 after the Spring Festival was lengthened.
    for day in ["2019-04-28", "2019-05-05", "2020-01-19", "2020-02-03", "2022-10-08", "2023-10-07", "2024-02-04", "2025-01-26"] {
        assert!(works(day), "{day}");
    }
    for day in ["2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10", "2026-11-25", "2026-12-31"] {
        assert!(works(day), "{day}");
    }
    for day in ["2019-05-02", "2019-05-03", "2020-01-31", "2020-02-01", "2020-02-02", "2022-12-31", "2024-12-29", "2025-10-08"] {
        assert!(!works(day), "{day}");
    }
    for day in ["2026-01-01", "2026-01-02", "2026-02-16", "2026-02-23", "2026-06-19", "2026-09-25", "2026-10-01", "2026-11-28"] {
        assert!(!works(day), "{day}");
    }
    // As many working days as the package chinesecalendar 1.11 counts from 2019 to 2026.
    let (first, last) = (at("2019-01-01 00:00") / DAY, at("2026-12-31 00:00") / DAY);
    assert_eq!((first..=last).filter(|d| calendar.working(*d).unwrap()).count(), 1994);
    assert_eq!((calendar.years(), calendar.name()), ((2019, 2026), "cn-2026"));
    assert_eq!(calendar.working(last + 1), Err(Error::NoYear(2027)));
    assert_eq!(calendar.working(first - 1), Err(Error::NoYear(2018)));
}

#[test]
fn limits_that_were_counted_by_hand() {
    for (start, limit, want) in [
        // Within a morning; the earliest instant, not the next office hour.
        ("2026-11-25 09:00", "3wh", "2026-11-25 12:00"),
        ("2026-11-25 10:30", "5wh", "2026-11-25 17:30"),
        ("2026-11-25 07:00", "7wh", "2026-11-25 18:00"),
        ("2026-11-25 20:00", "1wh", "2026-11-26 10:00"),
        // Friday evening to Monday.
        ("2026-11-27 17:00", "2wh", "2026-11-30 10:00"),
        // Over the National Day holidays; Saturday 10 October is made up.
        ("2026-09-30 16:00", "5wh", "2026-10-08 12:00"),
        ("2026-10-09 17:30", "1wh", "2026-10-10 09:30"),
        // Working days count whole.
        ("2026-11-28 10:00", "1wd", "2026-12-01 00:00"),
        ("2026-11-27 10:00", "1wd", "2026-11-30 10:00"),
        ("2026-11-25 00:00", "1wd", "2026-11-26 00:00"),
        ("2026-02-13 10:00", "3wd", "2026-02-25 10:00"),
        ("2026-11-25 10:00", "0wd", "2026-11-25 10:00"),
        // Everything counts.
        ("2026-11-27 23:00", "24uh", "2026-11-28 23:00"),
        ("2026-12-30 23:00", "10d", "2027-01-09 23:00"),
    ] {
        assert_eq!(due_at(start, limit), Ok(at(want)), "{start} {limit}");
    }
}

#[test]
fn a_year_that_is_unknown_is_refused() {
    assert_eq!(due_at("2026-12-31 17:00", "2wh"), Err(Error::NoYear(2027)));
    assert_eq!(due_at("2026-12-31 17:00", "1wh"), Ok(at("2026-12-31 18:00")));
    assert_eq!(due_at("2026-12-31 00:00", "1wd"), Ok(at("2027-01-01 00:00")));
    assert_eq!(due_at("2018-12-31 17:00", "1wh"), Err(Error::NoYear(2018)));
    assert_eq!(due_at("2027-03-01 10:00", "1wd"), Err(Error::NoYear(2027)));
    let between = |a: &str, b: &str, unit| elapsed(at(a), at(b), unit, &cn(), &hours());
    assert_eq!(between("2026-12-31 17:00", "2027-01-01 00:00", Unit::WorkHours), Ok(HOUR));
    assert_eq!(between("2026-12-31 17:00", "2027-01-01 00:01", Unit::WorkHours), Err(Error::NoYear(2027)));
    assert_eq!(between("2026-12-31 17:00", "2027-01-01 00:01", Unit::Days), Ok(7 * HOUR + 60_000));
    assert_eq!(due(i64::MAX, Limit { n: 1, unit: Unit::Days }, &cn(), &hours()), Err(Error::TooFar));
    assert_eq!(due(i64::MIN, Limit { n: 1, unit: Unit::WorkDays }, &cn(), &hours()), Err(Error::TooFar));
}

#[test]
fn the_end_of_a_day_is_that_of_its_office_hours() {
    let round = |at: i64, limit: &str| Rounding::DayEnd.apply(at, limit.parse().unwrap(), &hours());
    assert_eq!(round(due_at("2026-11-28 10:00", "1wd").unwrap(), "1wd"), at("2026-11-30 18:00"));
    assert_eq!(round(due_at("2026-11-25 10:00", "2wd").unwrap(), "2wd"), at("2026-11-27 18:00"));
    assert_eq!(round(at("2026-11-25 10:00"), "0wd"), at("2026-11-25 10:00"));
    assert_eq!(round(at("2026-11-25 10:00"), "3wh"), at("2026-11-25 10:00"));
    assert_eq!(Rounding::SameTime.apply(7, Limit { n: 1, unit: Unit::WorkDays }, &hours()), 7);
}

#[test]
fn a_calendar_says_what_is_wrong_with_it() {
    let head = "# name: x\n# years: 2026-2026\nday,kind,name\n";
    for (text, line, column) in [
        (String::new(), 1, 1),
        ("# years: 2026\nday,kind,name\n".into(), 2, 1),
        ("# name: x\nday,kind,name\n".into(), 2, 1),
        ("# name: x\n# years: 2026-2025\n".into(), 2, 1),
        ("# name: x\n# years: 2026\n2026-01-01,off,\n".into(), 3, 1),
        (format!("{head}2026-02-30,off,x\n"), 4, 1),
        (format!("{head}2026-01-01,free,x\n"), 4, 12),
        (format!("{head}2027-01-01,off,x\n"), 4, 1),
        (format!("{head}2026-01-01,off,x\n2026-01-01,work,x\n"), 5, 1),
        (format!("{head}2026-01-01,off,{}\n", "长".repeat(61)), 4, 16),
    ] {
        let fault = Calendar::parse(&text).unwrap_err();
        assert_eq!((fault.line, fault.column), (line, column), "{text}: {fault}");
    }
    // As a spreadsheet writes it.
    let sheet = "\u{feff}# name: 某地,,\r\n# years: 2026,,\r\nday,kind,name\r\n2026-01-01,off,元旦\r\n,,\r\n2026-01-04,work,\r\n";
    let calendar = Calendar::parse(sheet).unwrap();
    assert_eq!((calendar.name(), calendar.exceptions().count()), ("某地", 2));
}

/// A small calendar of two years with odd holidays, so that minutes can be counted.
fn small() -> Calendar {
    let text = "# name: small\n# years: 2026-2027\nday,kind,name\n2026-01-01,off,\n2026-01-02,off,\n2026-01-04,work,\n\
                2026-12-31,off,\n2027-01-02,work,\n";
    Calendar::parse(text).unwrap()
}

/// The same by a clock that ticks minute by minute.
fn tick(start: i64, limit: Limit, calendar: &Calendar, spans: &[(i64, i64)]) -> i64 {
    let counts = |t: i64| {
        let (day, minute) = (t.div_euclid(DAY), t.rem_euclid(DAY) / 60_000);
        match limit.unit {
            Unit::WorkHours => calendar.working(day).unwrap() && spans.iter().any(|(a, b)| (*a..*b).contains(&minute)),
            Unit::WorkDays => calendar.working(day).unwrap(),
            Unit::UrgentHours | Unit::Days => true,
        }
    };
    let (mut t, mut left) = (start, limit.ms() / 60_000);
    while left > 0 {
        left -= i64::from(counts(t));
        t += 60_000;
    }
    t
}

fn any_limit() -> impl Strategy<Value = Limit> {
    prop_oneof![
        (0u32..60).prop_map(|n| Limit { n, unit: Unit::WorkHours }),
        (0u32..200).prop_map(|n| Limit { n, unit: Unit::UrgentHours }),
        (0u32..9).prop_map(|n| Limit { n, unit: Unit::WorkDays }),
        (0u32..9).prop_map(|n| Limit { n, unit: Unit::Days }),
    ]
}

/// Minutes at which spans begin and end.
fn any_spans() -> impl Strategy<Value = Vec<(i64, i64)>> {
    prop::collection::btree_set(0i64..=1440, 2..8).prop_map(|cuts| {
        let cuts: Vec<i64> = cuts.into_iter().collect();
        cuts.chunks_exact(2).map(|c| (c[0], c[1])).collect()
    })
}

fn as_hours(spans: &[(i64, i64)]) -> Hours {
    let text: Vec<String> =
        spans.iter().map(|(a, b)| format!("{:02}:{:02}-{:02}:{:02}", a / 60, a % 60, b / 60, b % 60)).collect();
    text.join(",").parse().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_same_as_a_clock_that_ticks(minute in 0i64..500_000, limit in any_limit(), spans in any_spans()) {
        let (calendar, hours) = (small(), as_hours(&spans));
        prop_assume!(limit.unit != Unit::WorkHours || hours.total() >= 2 * HOUR);
        let start = at("2026-01-01 00:00") + minute * 60_000;
        let end = due(start, limit, &calendar, &hours).unwrap();
        prop_assert_eq!(end, tick(start, limit, &calendar, &spans));
        prop_assert_eq!(elapsed(start, end, limit.unit, &calendar, &hours).unwrap(), limit.ms());
    }
}

proptest! {
    #[test]
    fn limits_add_up(start in 0i64..50_000_000_000, a in any_limit(), n in 0u32..40, spans in any_spans()) {
        let (calendar, hours) = (small(), as_hours(&spans));
        prop_assume!(hours.total() >= 2 * HOUR);
        let start = at("2026-01-01 00:00") + start % (300 * DAY);
        let (b, both) = (Limit { n, unit: a.unit }, Limit { n: a.n + n, unit: a.unit });
        let step = due(due(start, a, &calendar, &hours).unwrap(), b, &calendar, &hours);
        prop_assert_eq!(step, due(start, both, &calendar, &hours));
    }

    #[test]
    fn a_later_start_is_never_due_earlier(start in 0i64..300, later in 0i64..(3 * DAY), limit in any_limit(), end in any::<bool>()) {
        let (calendar, hours) = (small(), hours());
        let start = at("2026-01-01 00:00") + start * 7_777_777;
        let rounding = if end { Rounding::DayEnd } else { Rounding::SameTime };
        let when = |t| rounding.apply(due(t, limit, &calendar, &hours).unwrap(), limit, &hours);
        prop_assert!(when(start) <= when(start + later));
        prop_assert!(when(start) >= start);
    }

    #[test]
    fn what_passes_adds_up(a in 0i64..30_000_000_000, b in 0i64..30_000_000_000, c in 0i64..30_000_000_000) {
        let (calendar, hours, zero) = (small(), hours(), at("2026-01-01 00:00"));
        for unit in Unit::ALL {
            let e = |x: i64, y: i64| elapsed(zero + x, zero + y, unit, &calendar, &hours).unwrap();
            prop_assert_eq!(e(a, b) + e(b, c), e(a, c));
            prop_assert!(e(a, b).abs() <= (a - b).abs());
        }
    }

    #[test]
    fn nothing_panics(text in ".{0,200}", start in any::<i64>(), to in any::<i64>(), n in any::<u32>(), u in 0usize..4) {
        let _ = (text.parse::<Limit>(), text.parse::<Hours>(), Calendar::parse(&text));
        let _ = Calendar::parse(&format!("# name: x\n# years: 2026\nday,kind,name\n{text}"));
        let (calendar, hours, limit) = (small(), hours(), Limit { n: n % (MOST + 1), unit: Unit::ALL[u] });
        let _ = due(start, limit, &calendar, &hours);
        let _ = due(at("2026-01-01 00:00"), limit, &calendar, &hours);
        let _ = elapsed(start, to, limit.unit, &calendar, &hours);
    }
}
