//! The mapping of one hotline's files, both ways: data, so that the next city costs no code.

use std::collections::{BTreeMap, HashSet};

use calc::due::Limit;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::Deserialize;
use store::{Entry, Query, Tx, params};

use crate::base::classes::Catalogue;
use crate::kit::Result;
use crate::kit::time::Ms;

const EMBEDDED: &str = include_str!("../../../../../data/maps/12345.toml");
/// Largest mapping file in bytes.
pub const MAP_BYTES: usize = 256 << 10;
/// Values that a reply sheet can hold.
pub const VALUES: [&str; 14] = [
    "number",
    "case",
    "kind",
    "called",
    "sent",
    "contacted",
    "how",
    "reply",
    "solved",
    "satisfied",
    "reasonable",
    "answered",
    "desk",
    "extended",
];

/// What a mapping file says.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Map {
    /// Name of the hotline; together with its number it makes an order unique for ever.
    pub source: String,
    time_zone: String,
    /// Formats of times, tried in order (`strptime`); the first is the one that goes out.
    time_formats: Vec<String>,
    /// Limits that count from the moment it was sent, where the file gives none.
    #[serde(default = "two_hours")]
    respond: String,
    #[serde(default = "five_days")]
    answer: String,
    /// Until when an order can be returned.
    #[serde(default, rename = "return")]
    give_back: Option<String>,
    /// What an extension gives.
    #[serde(default)]
    extend: Option<String>,
    /// Code of the area of rows whose area is not named; the default desk's without it.
    #[serde(default)]
    pub area: Option<String>,
    #[serde(default)]
    class_default: Option<String>,
    /// Columns of the file that comes in.
    pub columns: Columns,
    /// Their kinds in our classes.
    #[serde(default)]
    class: BTreeMap<String, String>,
    /// Their areas in our codes.
    #[serde(default)]
    areas: BTreeMap<String, String>,
    /// Columns of the file that goes out, in their order.
    reply: Vec<Column>,
    /// Our words in theirs: `how`, `solved`, `satisfied`, `reasonable`, `extended`.
    #[serde(default)]
    words: BTreeMap<String, BTreeMap<String, String>>,
    #[serde(skip)]
    zone: Option<TimeZone>,
}

/// Columns of the file. The optional ones may be absent from the map, never from the file once they are named.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "what each column holds is its name")]
pub struct Columns {
    pub number: String,
    pub text: String,
    pub sent: String,
    #[serde(default)]
    pub called: Option<String>,
    #[serde(default)]
    pub caller: Option<String>,
    #[serde(default)]
    pub phone: Option<String>,
    #[serde(default)]
    pub kind: Option<String>,
    #[serde(default)]
    pub address: Option<String>,
    #[serde(default)]
    pub area: Option<String>,
    #[serde(default)]
    pub respond_by: Option<String>,
    #[serde(default)]
    pub answer_by: Option<String>,
    /// Number of an earlier order about the same matter.
    #[serde(default)]
    pub repeats: Option<String>,
}

/// A column that goes out.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Its head in their words.
    pub head: String,
    /// One of [`VALUES`], or nothing: then it stays empty.
    #[serde(default)]
    pub value: Option<String>,
}

fn two_hours() -> String {
    "2wh".into()
}

fn five_days() -> String {
    "5wd".into()
}

impl Map {
    /// Reads and checks a mapping file. The message is for the person at the terminal.
    pub fn parse(text: &str, catalogue: &Catalogue) -> std::result::Result<Map, String> {
        if text.len() > MAP_BYTES {
            return Err(format!("a map has at most {MAP_BYTES} bytes"));
        }
        let mut map: Map = toml::from_str(text).map_err(|e| e.to_string())?;
        map.zone = Some(TimeZone::get(&map.time_zone).map_err(|e| e.to_string())?);
        if map.source.is_empty() || map.source.len() > 40 || map.source.contains(':') {
            return Err("source must be a short name without a colon".into());
        }
        if map.time_formats.is_empty() {
            return Err("time_formats must name at least one format".into());
        }
        for limit in [Some(&map.respond), Some(&map.answer), map.give_back.as_ref(), map.extend.as_ref()].into_iter().flatten() {
            limit.parse::<Limit>().map_err(|_| format!("{limit} is no limit (write 2wh, 5wd, 24uh, 7d)"))?;
        }
        if let Some(class) = map.class.values().chain(&map.class_default).find(|c| catalogue.get(c).is_none()) {
            return Err(format!("there is no class {class}"));
        }
        let mut heads = HashSet::new();
        for column in &map.reply {
            if column.value.as_ref().is_some_and(|v| !VALUES.contains(&v.as_str())) || !heads.insert(&column.head) {
                return Err(format!("reply: {} is there twice, or has a value that does not exist", column.head));
            }
        }
        if map.reply.iter().all(|c| c.value.as_deref() != Some("number")) {
            return Err("reply: no column holds the number".into());
        }
        Ok(map)
    }

    /// Columns that the file must have.
    pub fn heads(&self) -> impl Iterator<Item = &str> {
        let c = &self.columns;
        let some = [&c.called, &c.caller, &c.phone, &c.kind, &c.address, &c.area, &c.respond_by, &c.answer_by, &c.repeats];
        [&c.number, &c.text, &c.sent].into_iter().chain(some.into_iter().flatten()).map(String::as_str)
    }

    /// A time of the file; `None` when no format fits. What a workbook holds as a date fits always.
    pub fn time(&self, text: &str) -> Option<Ms> {
        let formats = self.time_formats.iter().map(String::as_str).chain(["%Y-%m-%d %H:%M:%S"]);
        let civil = formats.into_iter().find_map(|f| DateTime::strptime(f, text).ok())?;
        let zone = self.zone.clone().unwrap_or(TimeZone::UTC);
        Some(zone.to_zoned_datetime(civil).ok()?.timestamp().as_millisecond())
    }

    /// A time as it goes out.
    pub fn write_time(&self, at: Ms) -> String {
        let zone = self.zone.clone().unwrap_or(TimeZone::UTC);
        let at = jiff::Timestamp::from_millisecond(at).unwrap_or(jiff::Timestamp::UNIX_EPOCH).to_zoned_datetime(zone);
        self.time_formats.first().map(|f| at.strftime(f.as_str()).to_string()).unwrap_or_default()
    }

    /// Limits: response, answer.
    pub fn limits(&self) -> (Limit, Limit) {
        (limit(&self.respond), limit(&self.answer))
    }

    /// The limit of returning.
    pub fn give_back(&self) -> Option<Limit> {
        self.give_back.as_deref().map(limit)
    }

    /// What an extension gives.
    pub fn extend(&self) -> Option<&str> {
        self.extend.as_deref()
    }

    /// Our class for their kind: the whole of it, else the longest beginning that is named.
    pub fn class(&self, kind: &str) -> Option<&str> {
        let named = self.class.iter().filter(|(k, _)| kind.starts_with(k.as_str())).max_by_key(|(k, _)| k.len());
        named.map(|(_, c)| c).or(self.class_default.as_ref()).map(String::as_str)
    }

    /// Code of our area for theirs, which may be one already.
    pub fn area<'a>(&'a self, text: &'a str) -> Option<&'a str> {
        let is_code = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
        self.areas.get(text).map(String::as_str).or(Some(text).filter(|_| is_code)).or(self.area.as_deref())
    }

    /// The columns that go out.
    pub fn reply(&self) -> &[Column] {
        &self.reply
    }

    /// Our word in theirs.
    pub fn word<'a>(&'a self, list: &str, word: &'a str) -> &'a str {
        self.words.get(list).and_then(|w| w.get(word)).map_or(word, String::as_str)
    }
}

/// A limit that was checked when the map was read.
fn limit(text: &str) -> Limit {
    text.parse().unwrap_or(Limit { n: 1, unit: calc::due::Unit::WorkDays })
}

/// The maps in force: source and text. The program's own is among them unless another one took its place.
pub fn all(q: &mut dyn Query) -> Result<Vec<(String, String)>> {
    let rows = q.rows("select source, map from hotline_map order by source", &[])?;
    let mut out = rows.iter().map(|r| Ok((r.get("source")?, r.get("map")?))).collect::<store::Result<Vec<(String, String)>>>()?;
    let own = EMBEDDED.lines().find_map(|l| l.strip_prefix("source = \"")?.strip_suffix('"')).unwrap_or_default();
    if out.iter().all(|(source, _)| source != own) {
        out.push((own.to_owned(), EMBEDDED.to_owned()));
    }
    Ok(out)
}

/// Puts a map in force; does nothing when it is already.
pub fn adopt(tx: &mut Tx, source: &str, text: &str) -> Result<()> {
    if all(tx)?.iter().any(|(s, t)| s == source && t == text) {
        return Ok(());
    }
    let now = tx.now();
    let sql = "insert into hotline_map(source, map, made_at) values ($1, $2, $3) \
               on conflict(source) do update set map = excluded.map, made_at = excluded.made_at";
    tx.exec(sql, params![source, text, now])?;
    tx.log(Entry::new("hotline.map", "hotline", source).fact("source", source))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::classes::embedded;

    #[test]
    fn the_map_that_ships_is_right_and_mistakes_are_named() {
        let map = Map::parse(EMBEDDED, &embedded()).unwrap();
        assert_eq!(map.write_time(map.time("2026-03-04 09:30").unwrap()), "2026-03-04 09:30");
        assert_eq!(map.class("环境卫生/垃圾清运/小区垃圾"), Some("rubbish"));
        assert_eq!(map.class("没听说过的类别"), Some("other"));
        for (from, to, say) in [
            ("\"rubbish\"", "\"no-such\"", "no-such"),
            ("respond = \"2wh\"", "respond = \"2 hours\"", "2 hours"),
            ("Asia/Shanghai", "Mars/Olympus", "Mars"),
            ("value = \"number\"", "value = \"nothing\"", "reply"),
        ] {
            assert!(Map::parse(&EMBEDDED.replacen(from, to, 1), &embedded()).unwrap_err().contains(say), "{from}");
        }
    }
}
