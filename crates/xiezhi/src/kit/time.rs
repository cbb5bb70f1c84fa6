//! Dates and durations as people read them: 11月27日 周五 16:00, 还剩 1 天 4 小时. Pure; the present is a parameter.

use jiff::tz::TimeZone;
use jiff::{Timestamp, ZonedDateTime};

/// Milliseconds since 1970, UTC.
pub type Ms = i64;

/// One day.
pub const DAY: Ms = 86_400_000;
/// One hour.
pub const HOUR: Ms = 3_600_000;
/// One minute.
pub const MINUTE: Ms = 60_000;

/// A moment as a calendar and a clock on the wall show it.
pub fn zoned(at: Ms, zone: &TimeZone) -> ZonedDateTime {
    Timestamp::from_millisecond(at).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned_datetime(zone.clone())
}

/// RFC 3339 with the zone's offset, to the second; how times leave the program.
pub fn rfc3339(at: Ms, zone: &TimeZone) -> String {
    zoned(at, zone).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

/// RFC 3339 to the millisecond, for a moment that is to come back to us: whole seconds would forget part of it.
pub fn exact(at: Ms) -> String {
    Timestamp::from_millisecond(at).unwrap_or(Timestamp::UNIX_EPOCH).to_string()
}

/// Reads RFC 3339.
pub fn parse(text: &str) -> Option<Ms> {
    text.parse::<Timestamp>().ok().map(Timestamp::as_millisecond)
}

/// `yymmdd` of the local day.
pub fn day_number(at: Ms, zone: &TimeZone) -> String {
    zoned(at, zone).strftime("%y%m%d").to_string()
}

/// Midnight of the local day.
pub fn day_start(at: Ms, zone: &TimeZone) -> Ms {
    zoned(at, zone).start_of_day().map_or(at, |d| d.timestamp().as_millisecond())
}

/// Midnight at which a local day begins that is written `2026-12-01`.
pub fn day_begin(text: &str, zone: &TimeZone) -> Option<Ms> {
    let day = text.parse::<jiff::civil::Date>().ok()?;
    day.to_zoned_datetime(zone.clone()).ok().map(|z| z.timestamp().as_millisecond())
}

/// The end of a local day that is written `2026-12-01`.
pub fn day_end(text: &str, zone: &TimeZone) -> Option<Ms> {
    let next = text.parse::<jiff::civil::Date>().ok()?.tomorrow().ok()?;
    next.to_zoned_datetime(zone.clone()).ok().map(|z| z.timestamp().as_millisecond())
}

/// `11月27日 周五 16:00`; `Fri 27 Nov 16:00`. The year appears when it is another one than that of `now`.
pub fn when(at: Ms, now: Ms, zone: &TimeZone, zh: bool) -> String {
    let clock = zoned(at, zone);
    let week = if zh { String::new() } else { clock.strftime("%a ").to_string() };
    format!("{week}{} {}", day(at, now, zone, zh), clock.strftime("%H:%M"))
}

/// Like [`when`], for the end of something: what ends at midnight ends with the day before it, at 24:00.
pub fn by(at: Ms, now: Ms, zone: &TimeZone, zh: bool) -> String {
    match zoned(at, zone) {
        z if z.time() == jiff::civil::Time::midnight() => when(at - MINUTE, now, zone, zh).replace("23:59", "24:00"),
        _ => when(at, now, zone, zh),
    }
}

/// `11月27日 周五`.
pub fn day(at: Ms, now: Ms, zone: &TimeZone, zh: bool) -> String {
    let z = zoned(at, zone);
    let other_year = z.year() != zoned(now, zone).year();
    if zh {
        let week = ["一", "二", "三", "四", "五", "六", "日"][z.weekday().to_monday_zero_offset() as usize];
        let year = if other_year { format!("{}年", z.year()) } else { String::new() };
        format!("{year}{}月{}日 周{week}", z.month(), z.day())
    } else if other_year {
        z.strftime("%-d %b %Y").to_string()
    } else {
        z.strftime("%-d %b").to_string()
    }
}

/// A duration in at most two units: `1 天 4 小时`, `35 分钟`; at least one minute.
pub fn span(ms: Ms, zh: bool) -> String {
    let ms = ms.abs().max(MINUTE);
    let (d, h, m) = (ms / DAY, ms % DAY / HOUR, ms % HOUR / MINUTE);
    let unit = |n: i64, zh_unit: &str, en: &str| {
        if zh { format!("{n} {zh_unit}") } else { format!("{n} {en}{}", if n == 1 { "" } else { "s" }) }
    };
    let parts: Vec<String> = [(d, "天", "day"), (h, "小时", "hour"), (if d > 0 { 0 } else { m }, "分钟", "minute")]
        .into_iter()
        .filter(|(n, _, _)| *n > 0)
        .map(|(n, z, e)| unit(n, z, e))
        .collect();
    parts.join(" ")
}

/// `还剩 1 天 4 小时`, `已超 3 小时`.
pub fn left(due: Ms, now: Ms, zh: bool) -> String {
    let s = span(due - now, zh);
    match (due >= now, zh) {
        (true, true) => format!("还剩 {s}"),
        (false, true) => format!("已超 {s}"),
        (true, false) => format!("{s} left"),
        (false, false) => format!("{s} over"),
    }
}

/// What is left of a later limit after an earlier one has passed: `曾超时 · 还剩 1 天`, and `已超 3 小时` once it has passed too.
pub fn left_again(due: Ms, now: Ms, zh: bool) -> String {
    let left = left(due, now, zh);
    match (due >= now, zh) {
        (true, true) => format!("曾超时 · {left}"),
        (true, false) => format!("Was overdue · {left}"),
        (false, _) => left,
    }
}

/// `3 小时前`: as people say it, in the largest unit alone.
pub fn ago(at: Ms, now: Ms, zh: bool) -> String {
    let past = (now - at).abs();
    let unit = [DAY, HOUR].into_iter().find(|unit| past >= *unit).unwrap_or(MINUTE);
    let s = span(past / unit * unit, zh);
    if zh { format!("{s}前") } else { format!("{s} ago") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_as_people_write() {
        let zone = TimeZone::get("Asia/Shanghai").unwrap();
        let at = parse("2026-11-27T08:00:00Z").unwrap();
        assert_eq!([parse(&exact(at + 7)), parse(&rfc3339(at + 7, &zone))], [Some(at + 7), Some(at)]);
        assert_eq!(when(at, at, &zone, true), "11月27日 周五 16:00");
        assert_eq!(when(at, at, &zone, false), "Fri 27 Nov 16:00");
        assert_eq!(when(at, at + 400 * DAY, &zone, true), "2026年11月27日 周五 16:00");
        assert_eq!([by(at, at, &zone, true), by(at + 8 * HOUR, at, &zone, true)], ["11月27日 周五 16:00", "11月27日 周五 24:00"]);
        assert_eq!(left(at + 28 * HOUR, at, true), "还剩 1 天 4 小时");
        assert_eq!(left(at - 3 * HOUR, at, true), "已超 3 小时");
        assert_eq!(left(at + 1, at, false), "1 minute left");
        assert_eq!(left_again(at + 2 * HOUR, at, true), "曾超时 · 还剩 2 小时");
        assert_eq!(left_again(at - 2 * HOUR, at, false), "2 hours over");
        assert_eq!([ago(at, at + 4 * DAY + 10 * HOUR, true), ago(at, at + 65 * MINUTE, false)], ["4 天前", "1 hour ago"]);
        assert_eq!(rfc3339(at, &zone), "2026-11-27T16:00:00+08:00");
        assert_eq!(day_number(at, &zone), "261127");
        assert_eq!(rfc3339(day_start(at, &zone), &zone), "2026-11-27T00:00:00+08:00");
    }
}
