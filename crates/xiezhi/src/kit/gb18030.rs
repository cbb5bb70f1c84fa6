//! Files in GB 18030, as spreadsheets on Chinese desks write them, read as UTF-8.

use std::io::{self, Read};

use encoding_rs::{Decoder, DecoderResult, GB18030};

/// Bytes read at once.
const PIECE: usize = 1 << 16;

/// A reader of UTF-8 over one of GB 18030. What is neither ends reading with an error.
pub struct Decoded<R> {
    inner: R,
    decoder: Decoder,
    raw: Vec<u8>,
    taken: usize,
    text: Vec<u8>,
    given: usize,
    done: bool,
}

impl<R: Read> Decoded<R> {
    /// Over a reader.
    pub fn new(inner: R) -> Decoded<R> {
        let decoder = GB18030.new_decoder_without_bom_handling();
        Decoded { inner, decoder, raw: Vec::new(), taken: 0, text: Vec::new(), given: 0, done: false }
    }

    /// Decodes the next piece.
    fn more(&mut self) -> io::Result<()> {
        if self.taken == self.raw.len() {
            self.raw.resize(PIECE, 0);
            let got = self.inner.read(&mut self.raw)?;
            self.raw.truncate(got);
            self.taken = 0;
            self.done = got == 0;
        }
        let room = self.decoder.max_utf8_buffer_length_without_replacement(PIECE).unwrap_or(4 * PIECE);
        self.text.resize(room, 0);
        let (result, read, written) =
            self.decoder.decode_to_utf8_without_replacement(&self.raw[self.taken..], &mut self.text, self.done);
        self.taken += read;
        self.text.truncate(written);
        self.given = 0;
        match result {
            DecoderResult::Malformed(..) => Err(io::Error::new(io::ErrorKind::InvalidData, "neither UTF-8 nor GB 18030")),
            _ => Ok(()),
        }
    }
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.given == self.text.len() && !self.done {
            self.more()?;
        }
        let n = out.len().min(self.text.len() - self.given);
        out[..n].copy_from_slice(&self.text[self.given..self.given + n]);
        self.given += n;
        Ok(n)
    }
}

/// Line of the first byte that is not UTF-8; none when all is. Reads to the end, or to that byte.
pub fn first_foreign(file: &mut dyn Read) -> io::Result<Option<u64>> {
    let mut held: Vec<u8> = Vec::with_capacity(1 << 18);
    let mut line = 1;
    loop {
        let got = Read::take(&mut *file, 1 << 17).read_to_end(&mut held)?;
        let whole = match std::str::from_utf8(&held) {
            Ok(_) => held.len(),
            // A character may lie across two pieces.
            Err(e) if e.error_len().is_none() && got > 0 => e.valid_up_to(),
            Err(e) => {
                line += held[..e.valid_up_to()].iter().filter(|b| **b == b'\n').count() as u64;
                return Ok(Some(line));
            }
        };
        line += held[..whole].iter().filter(|b| **b == b'\n').count() as u64;
        held.drain(..whole);
        if got == 0 {
            return Ok(None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_across_pieces_and_foreign_bytes() {
        let text = "张伟,㛃𬭼\n".repeat(20_000);
        let raw = GB18030.encode(&text).0.into_owned();
        let mut back = String::new();
        Decoded::new(raw.as_slice()).read_to_string(&mut back).unwrap();
        assert_eq!(back, text);
        let mut out = Vec::new();
        assert!(Decoded::new([b'a', 0xff, 0xff].as_slice()).read_to_end(&mut out).is_err());
    }
}
