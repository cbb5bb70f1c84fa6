//! Writing into somebody's own workbook: its styles, merged cells, widths, pictures and print settings stay as they are.
//!
//! What must stay true: only cells that hold a placeholder are written, and what follows from a row that becomes many; no
//! text that is written can become a formula; a workbook with macros is refused; the same input gives the same bytes.

use std::io::{Cursor, Read as _, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind};

use quick_xml::escape::{escape, resolve_predefined_entity};
use quick_xml::events::{BytesEnd, BytesStart, BytesText, Event};
use quick_xml::{Reader, Writer};
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use super::refs::Rows;
use crate::kit::error::Kind;
use crate::kit::sheet::xlsx::fits;
use crate::kit::{Error, Result};

/// Largest workbook that is written into, in bytes, and what it may unpack to.
pub const BYTES: usize = 1 << 20;
const UNPACKED: u64 = 16 << 20;
/// Placeholders of a workbook.
pub const PLACES: usize = 500;
/// Most characters of a cell.
const CELL: usize = 32_000;
/// The last row there is.
const LAST: u32 = 1_048_576;

/// What comes to stand in a cell.
pub enum Cell {
    /// Words.
    Text(String),
    /// A number, to be counted with.
    Number(i64),
}

type Parsed<T> = std::result::Result<T, quick_xml::Error>;

/// A workbook, unpacked.
struct Book {
    parts: Vec<(String, Vec<u8>)>,
    shared: Vec<String>,
}

struct Line {
    start: BytesStart<'static>,
    number: u32,
    cells: Vec<Told>,
    rest: Vec<Event<'static>>,
}

/// A cell as it stands.
struct Told {
    start: BytesStart<'static>,
    column: String,
    inside: Vec<Event<'static>>,
    text: String,
}

struct Sheet {
    head: Vec<Event<'static>>,
    lines: Vec<Line>,
    tail: Vec<Event<'static>>,
}

fn bad() -> Error {
    Kind::BadWorkbook.at("file")
}

fn unpack(bytes: &[u8]) -> Option<Book> {
    if !fits(bytes, UNPACKED) {
        return None;
    }
    let mut zip = ZipArchive::new(Cursor::new(bytes)).ok()?;
    let mut parts = Vec::new();
    for i in 0..zip.len() {
        let mut part = zip.by_index(i).ok()?;
        let name = part.name().ok()?.into_owned();
        if name.contains("vbaProject") {
            return None;
        }
        let mut bytes = Vec::new();
        part.read_to_end(&mut bytes).ok()?;
        parts.push((name, bytes));
    }
    parts.iter().find(|(name, _)| name == "xl/workbook.xml")?;
    let shared = match parts.iter().find(|(name, _)| name == "xl/sharedStrings.xml") {
        Some((_, xml)) => strings(xml).ok()?,
        None => Vec::new(),
    };
    Some(Book { parts, shared })
}

fn open(bytes: &[u8]) -> Result<Book> {
    if bytes.len() > BYTES {
        return Err(Error::from(Kind::TooLarge).limit((BYTES >> 10) as i64));
    }
    // The reader of packed files is others' code: should it panic on a file nobody thought of, the file is bad, no more.
    catch_unwind(AssertUnwindSafe(|| unpack(bytes))).ok().flatten().ok_or_else(bad)
}

fn is_sheet(name: &str) -> bool {
    name.starts_with("xl/worksheets/") && name.ends_with(".xml") && name.matches('/').count() == 2
}

/// Adds what an event says in words.
fn say(event: &Event, out: &mut String) -> Parsed<()> {
    match event {
        Event::Text(t) => out.push_str(&t.decode()?),
        Event::CData(t) => out.push_str(&t.decode()?),
        Event::GeneralRef(r) => match r.resolve_char_ref()? {
            Some(c) => out.push(c),
            None => out.push_str(resolve_predefined_entity(&r.decode()?).unwrap_or_default()),
        },
        _ => {}
    }
    Ok(())
}

/// The table of texts that cells share.
fn strings(xml: &[u8]) -> Parsed<Vec<String>> {
    let mut reader = Reader::from_reader(xml);
    let (mut out, mut within, mut aside) = (Vec::new(), false, 0u32);
    loop {
        let event = reader.read_event()?;
        match &event {
            Event::Start(e) if e.local_name().as_ref() == b"si" => out.push(String::new()),
            Event::Empty(e) if e.local_name().as_ref() == b"si" => out.push(String::new()),
            Event::Start(e) if e.local_name().as_ref() == b"t" => within = true,
            Event::End(e) if e.local_name().as_ref() == b"t" => within = false,
            // How a word is spoken is no part of it.
            Event::Start(e) if e.local_name().as_ref() == b"rPh" => aside += 1,
            Event::End(e) if e.local_name().as_ref() == b"rPh" => aside = aside.saturating_sub(1),
            Event::Eof => return Ok(out),
            other if within && aside == 0 => say(other, out.last_mut().unwrap_or(&mut String::new()))?,
            _ => {}
        }
    }
}

fn attribute(e: &BytesStart, name: &str) -> Option<String> {
    let found = e.try_get_attribute(name).ok()??;
    String::from_utf8(found.value.into_owned()).ok()
}

/// An element with other attributes; `None` takes one away.
fn with(e: &BytesStart, changes: &[(&str, Option<String>)]) -> BytesStart<'static> {
    let name = String::from_utf8_lossy(e.name().as_ref()).into_owned();
    let mut out = BytesStart::new(name);
    let mut new: Vec<&(&str, Option<String>)> = changes.iter().collect();
    for own in e.attributes().flatten() {
        match new.iter().position(|(k, _)| k.as_bytes() == own.key.as_ref()) {
            Some(i) => {
                if let (key, Some(value)) = new.remove(i) {
                    out.push_attribute((*key, value.as_str()));
                }
            }
            None => out.push_attribute((own.key.as_ref(), own.value.as_ref())),
        }
    }
    for (key, value) in new {
        if let Some(value) = value {
            out.push_attribute((*key, value.as_str()));
        }
    }
    out
}

/// `A`, `B`, … of a column from 0.
fn letters(mut column: usize) -> String {
    let mut out = Vec::new();
    loop {
        out.push(b'A' + (column % 26) as u8);
        match column / 26 {
            0 => break,
            n => column = n - 1,
        }
    }
    out.iter().rev().map(|b| *b as char).collect()
}

fn parse(xml: &[u8], shared: &[String]) -> Parsed<Sheet> {
    let mut reader = Reader::from_reader(xml);
    let mut sheet = Sheet { head: Vec::new(), lines: Vec::new(), tail: Vec::new() };
    let mut place = 0;
    loop {
        let event = reader.read_event()?.into_owned();
        let name = match &event {
            Event::Start(e) | Event::Empty(e) => e.local_name().as_ref().to_vec(),
            Event::End(e) => e.local_name().as_ref().to_vec(),
            Event::Eof => return Ok(sheet),
            _ => Vec::new(),
        };
        match (&event, name.as_slice(), place) {
            (Event::Start(_), b"sheetData", 0) => {
                sheet.head.push(event);
                place = 1;
            }
            (Event::End(_), b"sheetData", 1) => {
                sheet.tail.push(event);
                place = 2;
            }
            (Event::Start(e), b"row", 1) => {
                let mut line = line(e, sheet.lines.last());
                cells(&mut reader, &mut line, shared)?;
                sheet.lines.push(line);
            }
            (Event::Empty(e), b"row", 1) => {
                let line = line(e, sheet.lines.last());
                sheet.lines.push(line);
            }
            (_, _, 0) => sheet.head.push(event),
            (_, _, 1) => {}
            _ => sheet.tail.push(event),
        }
    }
}

fn line(e: &BytesStart, before: Option<&Line>) -> Line {
    let number = attribute(e, "r").and_then(|r| r.parse().ok()).filter(|r| *r <= LAST);
    let number = number.unwrap_or_else(|| before.map_or(1, |l| l.number + 1));
    Line { start: e.to_owned(), number, cells: Vec::new(), rest: Vec::new() }
}

/// The cells of a row, up to its end.
fn cells(reader: &mut Reader<&[u8]>, line: &mut Line, shared: &[String]) -> Parsed<()> {
    loop {
        let event = reader.read_event()?.into_owned();
        match &event {
            Event::End(e) if e.local_name().as_ref() == b"row" => return Ok(()),
            Event::Eof => return Ok(()),
            Event::Empty(e) if e.local_name().as_ref() == b"c" => {
                let column = column(e, line.cells.len());
                line.cells.push(Told { start: e.to_owned(), column, inside: Vec::new(), text: String::new() });
            }
            Event::Start(e) if e.local_name().as_ref() == b"c" => {
                let (mut inside, mut text, mut words) = (Vec::new(), String::new(), false);
                loop {
                    let event = reader.read_event()?.into_owned();
                    match &event {
                        Event::End(e) if e.local_name().as_ref() == b"c" => break,
                        Event::Eof => break,
                        Event::Start(e) => words = matches!(e.local_name().as_ref(), b"v" | b"t"),
                        Event::End(_) => words = false,
                        other if words => say(other, &mut text)?,
                        _ => {}
                    }
                    inside.push(event);
                }
                if attribute(e, "t").as_deref() == Some("s") {
                    text = text.trim().parse::<usize>().ok().and_then(|i| shared.get(i)).cloned().unwrap_or_default();
                }
                let column = column(e, line.cells.len());
                line.cells.push(Told { start: e.to_owned(), column, inside, text });
            }
            _ => line.rest.push(event),
        }
    }
}

fn column(e: &BytesStart, count: usize) -> String {
    let named = attribute(e, "r").map(|r| r.chars().take_while(char::is_ascii_uppercase).collect::<String>());
    named.filter(|n| !n.is_empty()).unwrap_or_else(|| letters(count))
}

/// What stands between double braces in a text.
pub fn within(text: &str) -> impl Iterator<Item = &str> {
    text.split("{{").skip(1).filter_map(|t| t.split_once("}}")).map(|(inside, _)| inside.trim())
}

/// All placeholders of a workbook, sheet by sheet.
pub fn placeholders(bytes: &[u8]) -> Result<Vec<String>> {
    let book = open(bytes)?;
    let mut out = Vec::new();
    for (_, xml) in book.parts.iter().filter(|(name, _)| is_sheet(name)) {
        let sheet = parse(xml, &book.shared).map_err(|_| bad())?;
        let texts = sheet.lines.iter().flat_map(|l| &l.cells).map(|c| c.text.as_str());
        out.extend(texts.flat_map(within).map(str::to_owned));
        if out.len() > PLACES {
            return Err(Kind::TooMany.at("file").limit(PLACES as i64));
        }
    }
    Ok(out)
}

/// The workbook with its placeholders filled in. A row with a placeholder of which `repeats` says yes stands `times`
/// times; `value` says what comes into a cell, in the how manieth copy of its row.
pub fn fill(
    bytes: &[u8],
    times: usize,
    repeats: &dyn Fn(&str) -> bool,
    value: &mut dyn FnMut(&str, usize) -> Result<Cell>,
) -> Result<Vec<u8>> {
    let book = open(bytes)?;
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let has_chain = book.parts.iter().any(|(name, _)| name == "xl/calcChain.xml");
    for (name, xml) in &book.parts {
        // The order of computing names cells that have moved; a spreadsheet makes a new one.
        if name == "xl/calcChain.xml" {
            continue;
        }
        let bytes = match name.as_str() {
            name if is_sheet(name) => {
                let sheet = parse(xml, &book.shared).map_err(|_| bad())?;
                written(sheet, times, repeats, value)?
            }
            "[Content_Types].xml" | "xl/_rels/workbook.xml.rels" if has_chain => without(xml, "calcChain").map_err(|_| bad())?,
            "xl/workbook.xml" => recomputed(xml).map_err(|_| bad())?,
            _ => xml.clone(),
        };
        zip.start_file(name.as_str(), SimpleFileOptions::default()).map_err(Error::internal)?;
        zip.write_all(&bytes).map_err(Error::internal)?;
    }
    Ok(zip.finish().map_err(Error::internal)?.into_inner())
}

/// A list of parts without those that a word names.
fn without(xml: &[u8], word: &str) -> Parsed<Vec<u8>> {
    let (mut reader, mut out) = (Reader::from_reader(xml), Writer::new(Vec::new()));
    loop {
        match reader.read_event()? {
            Event::Eof => return Ok(out.into_inner()),
            Event::Empty(e) if String::from_utf8_lossy(&e).contains(word) => {}
            event => out.write_event(event)?,
        }
    }
}

/// The workbook says that everything is to be computed when it is opened: what was computed before is no longer so.
fn recomputed(xml: &[u8]) -> Parsed<Vec<u8>> {
    let (mut reader, mut out) = (Reader::from_reader(xml), Writer::new(Vec::new()));
    loop {
        match reader.read_event()? {
            Event::Eof => return Ok(out.into_inner()),
            Event::Empty(e) if e.local_name().as_ref() == b"calcPr" => {
                out.write_event(Event::Empty(with(&e, &[("fullCalcOnLoad", Some("1".into()))])))?;
            }
            event => out.write_event(event)?,
        }
    }
}

fn written(
    sheet: Sheet,
    times: usize,
    repeats: &dyn Fn(&str) -> bool,
    value: &mut dyn FnMut(&str, usize) -> Result<Cell>,
) -> Result<Vec<u8>> {
    let many = |l: &&Line| l.cells.iter().any(|c| within(&c.text).any(repeats));
    let repeated: Vec<u32> = sheet.lines.iter().filter(many).map(|l| l.number).collect();
    let rows = Rows { repeated, times: times.max(1) as u32 };
    let mut out = Writer::new(Vec::new());
    let put = |out: &mut Writer<Vec<u8>>, event: Event| out.write_event(event).map_err(Error::internal);
    for event in sheet.head {
        put(&mut out, moved(event, &rows))?;
    }
    for line in &sheet.lines {
        let copies = if rows.repeated.contains(&line.number) { rows.times } else { 1 };
        for copy in 0..copies {
            let number = rows.first(line.number) + copy;
            if number > LAST {
                return Err(Kind::TooMany.at("file").limit(i64::from(LAST)));
            }
            put(&mut out, Event::Start(with(&line.start, &[("r", Some(number.to_string()))])))?;
            for cell in &line.cells {
                let at = format!("{}{number}", cell.column);
                if within(&cell.text).next().is_some() {
                    // Nobody to list: the row stays, empty.
                    let nobody = copies == 1 && times == 0 && rows.repeated.contains(&line.number);
                    let told = if nobody { Cell::Text(String::new()) } else { filled(&cell.text, copy as usize, value)? };
                    put_cell(&mut out, cell, &at, told).map_err(Error::internal)?;
                } else {
                    keep_cell(&mut out, cell, &at, &rows, (line.number, copy)).map_err(Error::internal)?;
                }
            }
            for event in &line.rest {
                put(&mut out, event.clone())?;
            }
            put(&mut out, Event::End(BytesEnd::new(String::from_utf8_lossy(line.start.name().as_ref()).into_owned())))?;
        }
    }
    for event in sheet.tail {
        // Merged cells of a row that is repeated are merged in each copy.
        if let Event::Empty(e) = &event
            && e.local_name().as_ref() == b"mergeCell"
            && let Some(range) = attribute(e, "ref")
            && let Some(row) = only_row(&range).filter(|r| rows.repeated.contains(r))
        {
            for copy in 0..rows.times {
                let to = (rows.first(row) + copy).to_string();
                let columns = range.split(':').map(|c| c.trim_end_matches(|d: char| d.is_ascii_digit()));
                let range = columns.map(|c| format!("{c}{to}")).collect::<Vec<_>>().join(":");
                put(&mut out, Event::Empty(with(e, &[("ref", Some(range))])))?;
            }
            continue;
        }
        put(&mut out, moved(event, &rows))?;
    }
    Ok(out.into_inner())
}

/// The row of a range within one row.
fn only_row(range: &str) -> Option<u32> {
    let row = |c: &str| c.trim_start_matches(|d: char| !d.is_ascii_digit()).parse::<u32>().ok();
    let (a, b) = range.split_once(':')?;
    row(a).filter(|r| row(b) == Some(*r))
}

/// What speaks of cells speaks of them where they are now.
fn moved(event: Event<'static>, rows: &Rows) -> Event<'static> {
    let change = |e: &BytesStart| {
        let plain = matches!(e.local_name().as_ref(), b"dimension" | b"mergeCell" | b"hyperlink" | b"autoFilter");
        let many = matches!(e.local_name().as_ref(), b"conditionalFormatting" | b"dataValidation");
        let (name, range) = match (plain, many) {
            (true, _) => ("ref", attribute(e, "ref").map(|r| rows.range(&r))),
            (_, true) => ("sqref", attribute(e, "sqref").map(|r| rows.ranges(&r))),
            // The number of merged cells is not counted anew: it need not be said.
            _ if e.local_name().as_ref() == b"mergeCells" => return Some(with(e, &[("count", None)])),
            _ => return None,
        };
        range.map(|r| with(e, &[(name, Some(r))]))
    };
    match &event {
        Event::Start(e) => change(e).map(Event::Start),
        Event::Empty(e) => change(e).map(Event::Empty),
        _ => None,
    }
    .unwrap_or(event)
}

/// What comes to stand in a cell: a number when the placeholder stands alone, else words.
fn filled(text: &str, copy: usize, value: &mut dyn FnMut(&str, usize) -> Result<Cell>) -> Result<Cell> {
    let trimmed = text.trim();
    let alone = trimmed.strip_prefix("{{").and_then(|t| t.strip_suffix("}}")).filter(|t| !t.contains("{{"));
    if let Some(inside) = alone {
        return value(inside.trim(), copy);
    }
    let (mut out, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((inside, more)) = after.split_once("}}") else { break };
        out.push_str(before);
        match value(inside.trim(), copy)? {
            Cell::Text(t) => out.push_str(&t),
            Cell::Number(n) => out.push_str(&n.to_string()),
        }
        rest = more;
    }
    out.push_str(rest);
    Ok(Cell::Text(out))
}

fn put_cell(out: &mut Writer<Vec<u8>>, cell: &Told, at: &str, told: Cell) -> std::io::Result<()> {
    let place = ("r", Some(at.to_owned()));
    let name = String::from_utf8_lossy(cell.start.name().as_ref()).into_owned();
    let prefix = name.strip_suffix('c').unwrap_or_default().to_owned();
    match told {
        Cell::Text(text) if text.is_empty() => out.write_event(Event::Empty(with(&cell.start, &[place, ("t", None)]))),
        Cell::Text(text) => {
            let text: String = text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).take(CELL).collect();
            out.write_event(Event::Start(with(&cell.start, &[place, ("t", Some("inlineStr".into()))])))?;
            let inside = format!("<{prefix}is><{prefix}t xml:space=\"preserve\">{}</{prefix}t></{prefix}is>", escape(&text));
            out.get_mut().extend_from_slice(inside.as_bytes());
            out.write_event(Event::End(BytesEnd::new(name)))
        }
        Cell::Number(n) => {
            out.write_event(Event::Start(with(&cell.start, &[place, ("t", None)])))?;
            out.get_mut().extend_from_slice(format!("<{prefix}v>{n}</{prefix}v>").as_bytes());
            out.write_event(Event::End(BytesEnd::new(name)))
        }
    }
}

/// A cell without a placeholder: as it is, its formula speaking of where things are now, and not of what they came to.
fn keep_cell(out: &mut Writer<Vec<u8>>, cell: &Told, at: &str, rows: &Rows, here: (u32, u32)) -> std::io::Result<()> {
    let start = with(&cell.start, &[("r", Some(at.to_owned()))]);
    if cell.inside.is_empty() {
        return out.write_event(Event::Empty(start));
    }
    let name = String::from_utf8_lossy(cell.start.name().as_ref()).into_owned();
    let computed = |e: &Event| matches!(e, Event::Start(s) if s.local_name().as_ref() == b"f");
    if !cell.inside.iter().any(computed) {
        out.write_event(Event::Start(start))?;
        cell.inside.iter().try_for_each(|e| out.write_event(e.clone()))?;
        return out.write_event(Event::End(BytesEnd::new(name)));
    }
    out.write_event(Event::Start(with(&start, &[("t", None)])))?;
    let (mut within, mut formula) = (false, String::new());
    for event in &cell.inside {
        match event {
            Event::Start(e) if e.local_name().as_ref() == b"f" => {
                within = true;
                let range = attribute(e, "ref").map(|r| rows.range(&r));
                out.write_event(Event::Start(if range.is_some() { with(e, &[("ref", range)]) } else { e.clone() }))?;
            }
            Event::End(e) if e.local_name().as_ref() == b"f" => {
                within = false;
                out.write_event(Event::Text(BytesText::new(&rows.formula(&formula, Some(here)))))?;
                out.write_event(Event::End(e.clone()))?;
            }
            other if within => say(other, &mut formula).map_err(std::io::Error::other)?,
            _ => {}
        }
    }
    out.write_event(Event::End(BytesEnd::new(name)))
}
