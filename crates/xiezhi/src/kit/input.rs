//! Typed access to what a client sent, whether as JSON or as a form: the same names, the same limits, the same errors.

use serde_json::{Map, Value as Json};
use unicode_normalization::UnicodeNormalization;

use super::error::{Kind, Result};
use super::time::Ms;

/// An object of input. Unknown fields are ignored; wrong ones are named.
#[derive(Clone, Debug, Default)]
pub struct Input(pub Map<String, Json>);

impl Input {
    /// Text of at most `max` characters (not bytes), normalised to NFC, without control and direction-changing
    /// characters (they can make a text look like another) and without blanks around it. Empty counts as absent.
    pub fn text(&self, name: &'static str, max: usize) -> Result<Option<String>> {
        match self.0.get(name) {
            None | Some(Json::Null) => Ok(None),
            Some(Json::String(s)) => {
                let clean = clean(s);
                let clean = clean.trim();
                if clean.chars().count() > max {
                    return Err(Kind::TooLong.at(name).limit(max as i64));
                }
                Ok((!clean.is_empty()).then(|| clean.to_owned()))
            }
            Some(_) => Err(Kind::WrongType.at(name)),
        }
    }

    /// Text that must be there.
    pub fn need(&self, name: &'static str, max: usize) -> Result<String> {
        self.text(name, max)?.ok_or_else(|| Kind::Missing.at(name))
    }

    /// An integer within bounds; a form's text counts when it is one.
    pub fn int(&self, name: &'static str, min: i64, max: i64) -> Result<Option<i64>> {
        let n = match self.0.get(name) {
            None | Some(Json::Null) => return Ok(None),
            Some(Json::Number(n)) => n.as_i64(),
            Some(Json::String(s)) if s.trim().is_empty() => return Ok(None),
            Some(Json::String(s)) => s.trim().parse().ok(),
            Some(_) => None,
        };
        let n = n.ok_or_else(|| Kind::WrongType.at(name))?;
        if (min..=max).contains(&n) { Ok(Some(n)) } else { Err(Kind::OutOfRange.at(name)) }
    }

    /// A coordinate in degrees, kept as integer 1e-7 degrees.
    pub fn degrees(&self, name: &'static str, bound: f64) -> Result<Option<i64>> {
        let x = match self.0.get(name) {
            None | Some(Json::Null) => return Ok(None),
            Some(Json::Number(n)) => n.as_f64(),
            Some(Json::String(s)) if s.trim().is_empty() => return Ok(None),
            Some(Json::String(s)) => s.trim().parse().ok(),
            Some(_) => None,
        };
        let x = x.filter(|x| x.is_finite()).ok_or_else(|| Kind::WrongType.at(name))?;
        if x.abs() <= bound { Ok(Some((x * 1e7).round() as i64)) } else { Err(Kind::OutOfRange.at(name)) }
    }

    /// A list of texts; a single text counts as a list of one.
    pub fn list(&self, name: &'static str, max: usize) -> Result<Vec<String>> {
        let items = match self.0.get(name) {
            None | Some(Json::Null) => return Ok(Vec::new()),
            Some(Json::Array(items)) => items.clone(),
            Some(one @ Json::String(_)) => vec![one.clone()],
            Some(_) => return Err(Kind::WrongType.at(name)),
        };
        if items.len() > max {
            return Err(Kind::TooMany.at(name).limit(max as i64));
        }
        let text = |v: Json| if let Json::String(s) = v { Ok(s) } else { Err(Kind::WrongType.at(name)) };
        Ok(items
            .into_iter()
            .map(text)
            .collect::<Result<Vec<_>>>()?
            .into_iter()
            .map(|s| s.replace('\0', ""))
            .filter(|s| !s.is_empty())
            .collect())
    }

    /// A moment: RFC 3339, or a day (`2026-12-01`), which lasts until its midnight.
    pub fn until(&self, name: &'static str, zone: &jiff::tz::TimeZone) -> Result<Option<Ms>> {
        let read = |t: &str| super::time::parse(t).or_else(|| super::time::day_end(t, zone));
        self.text(name, 40)?.map(|t| read(&t).ok_or_else(|| Kind::WrongType.at(name))).transpose()
    }

    /// A moment that is given whole (RFC 3339), or as a day and a clock (`day`: `2026-12-01`, `at`: `09:00`), as forms have it.
    pub fn moment(&self, name: &'static str, zone: &jiff::tz::TimeZone) -> Result<Ms> {
        if let Some(text) = self.text(name, 40)? {
            return super::time::parse(&text).ok_or_else(|| Kind::WrongType.at(name));
        }
        let day: jiff::civil::Date = self.need("day", 10)?.parse().map_err(|_| Kind::WrongType.at("day"))?;
        let clock: jiff::civil::Time = self.need("at", 8)?.parse().map_err(|_| Kind::WrongType.at("at"))?;
        // The clock on the wall of that day: also where an hour is left out or comes twice.
        let at = day.to_datetime(clock).to_zoned_datetime(zone.clone()).map_err(|_| Kind::OutOfRange.at("day"))?;
        Ok(at.timestamp().as_millisecond())
    }

    /// An object inside; empty when absent.
    pub fn object(&self, name: &'static str) -> Result<Input> {
        match self.0.get(name) {
            None | Some(Json::Null) => Ok(Input::default()),
            Some(Json::Object(map)) => Ok(Input(map.clone())),
            Some(_) => Err(Kind::WrongType.at(name)),
        }
    }

    /// True for `true`, `1`, `on`.
    pub fn flag(&self, name: &str) -> bool {
        match self.0.get(name) {
            Some(Json::Bool(b)) => *b,
            Some(Json::Number(n)) => n.as_i64() == Some(1),
            Some(Json::String(s)) => matches!(s.as_str(), "1" | "on" | "true"),
            _ => false,
        }
    }
}

/// Text in NFC, without characters that nobody sees.
pub fn clean(text: &str) -> String {
    text.nfc().filter(|c| !invisible(*c)).collect()
}

/// Control characters (line breaks and tabs stay), zero-width and direction-changing characters.
fn invisible(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn input(v: Json) -> Input {
        Input(v.as_object().unwrap().clone())
    }

    #[test]
    fn counts_characters_and_names_the_field() {
        let i = input(json!({"a": "灯坏了", "b": 5, "c": "  ", "d": "x\u{202e}y\u{0}"}));
        assert_eq!(i.text("a", 3).unwrap().as_deref(), Some("灯坏了"));
        let e = i.text("a", 2).unwrap_err();
        assert_eq!((e.kind, e.field.as_deref(), e.limit), (Kind::TooLong, Some("a"), Some(2)));
        assert_eq!(i.text("b", 9).unwrap_err().kind, Kind::WrongType);
        assert_eq!(i.text("c", 9).unwrap(), None);
        assert_eq!(i.text("d", 9).unwrap().as_deref(), Some("xy"));
        assert_eq!(i.need("none", 9).unwrap_err().kind, Kind::Missing);
    }

    #[test]
    fn a_moment_is_whole_or_a_day_and_a_clock() {
        let zone = jiff::tz::TimeZone::fixed(jiff::tz::offset(8));
        let whole = input(json!({"t": "2026-03-06T09:30:00+08:00"})).moment("t", &zone).unwrap();
        assert_eq!(input(json!({"day": "2026-03-06", "at": "09:30"})).moment("t", &zone).unwrap(), whole);
        let wrong = |v: Json| input(v).moment("t", &zone).unwrap_err();
        assert_eq!(wrong(json!({"day": "2026-02-30", "at": "09:30"})).field.as_deref(), Some("day"));
        assert_eq!(wrong(json!({"day": "2026-03-06", "at": "25:00"})).field.as_deref(), Some("at"));
        assert_eq!(wrong(json!({"day": "2026-03-06"})).kind, Kind::Missing);
        assert_eq!(wrong(json!({"t": "Friday"})).kind, Kind::WrongType);
    }

    #[test]
    fn numbers_come_from_json_and_forms_alike() {
        let i = input(json!({"a": "3", "b": 3, "c": 3.5, "lat": "32.1234567", "far": 91}));
        assert_eq!(i.int("a", 1, 5).unwrap(), Some(3));
        assert_eq!(i.int("b", 4, 5).unwrap_err().kind, Kind::OutOfRange);
        assert_eq!(i.int("c", 1, 5).unwrap_err().kind, Kind::WrongType);
        assert_eq!(i.degrees("lat", 90.0).unwrap(), Some(321_234_567));
        assert_eq!(i.degrees("far", 90.0).unwrap_err().kind, Kind::OutOfRange);
    }
}
