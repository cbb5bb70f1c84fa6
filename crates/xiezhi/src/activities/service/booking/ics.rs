//! Appointments as calendars read them (iCalendar, RFC 5545): one event each, with an alarm the day before.
//!
//! What must stay true: lines end with CRLF and have at most 75 octets, folded between characters; text is escaped, so that
//! nothing somebody wrote becomes a line of its own.

use jiff::Timestamp;

use crate::kit::time::Ms;

/// Octets of a line.
const LINE: usize = 75;

/// An event of a calendar.
pub struct Event {
    /// Unique for ever: number and host.
    pub uid: String,
    /// When it was written.
    pub stamp: Ms,
    /// From.
    pub starts_at: Ms,
    /// To.
    pub ends_at: Ms,
    /// What it is.
    pub summary: String,
    /// Where it is.
    pub location: String,
    /// More, with the address of its page.
    pub description: String,
    /// It does not take place.
    pub cancelled: bool,
}

fn moment(at: Ms) -> String {
    let at = Timestamp::from_millisecond(at).unwrap_or_default();
    at.strftime("%Y%m%dT%H%M%SZ").to_string()
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | ';' | ',' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

fn line(out: &mut String, name: &str, value: &str) {
    let mut room = LINE;
    for c in format!("{name}:{value}").chars() {
        if c.len_utf8() > room {
            out.push_str("\r\n ");
            room = LINE - 1;
        }
        out.push(c);
        room -= c.len_utf8();
    }
    out.push_str("\r\n");
}

/// A calendar of these events.
pub fn calendar(events: &[Event]) -> String {
    let mut out = String::new();
    let mut put = |name: &str, value: &str| line(&mut out, name, value);
    put("BEGIN", "VCALENDAR");
    put("VERSION", "2.0");
    put("PRODID", "-//Xiezhi//Appointments//ZH");
    put("METHOD", "PUBLISH");
    for e in events {
        put("BEGIN", "VEVENT");
        put("UID", &e.uid);
        put("DTSTAMP", &moment(e.stamp));
        put("DTSTART", &moment(e.starts_at));
        put("DTEND", &moment(e.ends_at));
        put("SUMMARY", &escape(&e.summary));
        put("LOCATION", &escape(&e.location));
        put("DESCRIPTION", &escape(&e.description));
        put("STATUS", if e.cancelled { "CANCELLED" } else { "CONFIRMED" });
        if !e.cancelled {
            put("BEGIN", "VALARM");
            put("ACTION", "DISPLAY");
            put("DESCRIPTION", &escape(&e.summary));
            put("TRIGGER", "-P1D");
            put("END", "VALARM");
        }
        put("END", "VEVENT");
    }
    put("END", "VCALENDAR");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_a_calendar_and_nothing_written_becomes_a_line() {
        let event = Event {
            uid: "A-0001@here".into(),
            stamp: 0,
            starts_at: 1_772_758_800_000,
            ends_at: 1_772_760_600_000,
            summary: "居民医保参保登记，变更；带身份证, 户口本".repeat(3),
            location: "服务大厅\r\nATTENDEE:mailto:x@y".into(),
            description: "a\\b".into(),
            cancelled: false,
        };
        let text = calendar(&[event]);
        assert!(text.contains("DTSTART:20260306T010000Z\r\nDTEND:20260306T013000Z\r\n"), "{text}");
        assert!(text.contains("LOCATION:服务大厅\\nATTENDEE:mailto:x@y\r\n") && text.contains("DESCRIPTION:a\\\\b"), "{text}");
        assert!(text.lines().all(|l| l.len() <= 76) && text.replace("\r\n", "").chars().all(|c| !c.is_control()));
        assert!(text.replace("\r\n ", "").contains("带身份证\\, 户口本居民"));
    }
}
