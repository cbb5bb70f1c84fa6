//! Tables that come in: CSV, also gzipped, with or without a byte order mark.

use std::io::{BufRead, BufReader, Read};

use csv::{Reader, ReaderBuilder};

use super::error::{Error, Result};

/// Opens a table; gzip is recognised by its first bytes. Rows may have more or fewer fields than the head.
pub fn open<'a>(file: impl Read + 'a) -> Result<Reader<Box<dyn Read + 'a>>> {
    let mut reader = BufReader::new(file);
    let gzip = reader.fill_buf().map_err(Error::internal)?.starts_with(&[0x1f, 0x8b]);
    let input: Box<dyn Read> = if gzip { Box::new(flate2::read::MultiGzDecoder::new(reader)) } else { Box::new(reader) };
    Ok(ReaderBuilder::new().flexible(true).buffer_capacity(1 << 16).from_reader(input))
}

/// The place of a column in the head.
pub fn column(head: &csv::StringRecord, name: &str) -> Option<usize> {
    head.iter().position(|h| h.trim_start_matches('\u{feff}').trim() == name)
}
