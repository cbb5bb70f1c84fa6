//! PMTiles, version 3: a whole map of tiles in one file, read where it lies.
//!
//! What must stay true: a broken or hostile file costs an error, never a panic, a long loop or much memory: directories
//! and tiles have a largest size, and leaves are followed [`DEEP`] times.
//!
//! The form: a head of 127 bytes, a root directory, leaf directories, tiles. A directory is four columns of variable-length
//! numbers: tile ids (as differences), run lengths (0 means a leaf), lengths, offsets (0 means "right after the last").
//! Tiles are numbered zoom by zoom along a Hilbert curve.

use std::io::{Error, ErrorKind, Read, Result};
use std::os::unix::fs::FileExt;

use flate2::read::GzDecoder;
use serde::Deserialize;

/// Bytes of the head.
const HEAD: usize = 127;
/// Bytes of a directory or of the metadata, packed and unpacked.
const DIRECTORY: u64 = 8 << 20;
/// Bytes of a tile.
const TILE: u64 = 4 << 20;
/// Directories on the way to a tile.
const DEEP: usize = 4;
/// Largest zoom that is asked for.
const ZOOM: u32 = 24;
/// Layers that are told.
const LAYERS: usize = 64;

/// Whatever bytes can be read from at a place.
pub trait Place {
    /// Fills the buffer from an offset on.
    fn fill(&self, buffer: &mut [u8], offset: u64) -> Result<()>;
}

impl Place for std::fs::File {
    fn fill(&self, buffer: &mut [u8], offset: u64) -> Result<()> {
        self.read_exact_at(buffer, offset)
    }
}

/// What the tiles are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Lines and areas, drawn by the browser.
    Vector,
    /// Pictures.
    Png,
    Jpeg,
    Webp,
}

impl Kind {
    /// Media type of a tile.
    pub fn media_type(self) -> &'static str {
        match self {
            Kind::Vector => "application/vnd.mapbox-vector-tile",
            Kind::Png => "image/png",
            Kind::Jpeg => "image/jpeg",
            Kind::Webp => "image/webp",
        }
    }
}

/// An open archive.
pub struct Archive<P> {
    file: P,
    /// What its tiles are.
    pub kind: Kind,
    /// Whether tiles lie packed by gzip.
    pub packed: bool,
    /// Smallest and largest zoom.
    pub zooms: (u8, u8),
    directories_packed: bool,
    root: (u64, u64),
    metadata: (u64, u64),
    leaves: u64,
    tiles: u64,
}

/// An entry of a directory: the first tile, how many are alike (0: it is a leaf), offset and length.
type Entry = (u64, u64, u64, u64);

fn bad(what: &str) -> Error {
    Error::new(ErrorKind::InvalidData, format!("no PMTiles file of version 3: {what}"))
}

impl<P: Place> Archive<P> {
    /// Reads the head.
    pub fn open(file: P) -> Result<Archive<P>> {
        let mut head = [0; HEAD];
        file.fill(&mut head, 0)?;
        if !head.starts_with(b"PMTiles\x03") {
            return Err(bad("it begins otherwise"));
        }
        let number = |at: usize| head[at..at + 8].iter().rev().fold(0, |n, b| n << 8 | u64::from(*b));
        let packing = |at: usize| match head[at] {
            1 => Ok(false),
            2 => Ok(true),
            _ => Err(bad("packed by something else than gzip")),
        };
        let kind = match head[99] {
            1 => Kind::Vector,
            2 => Kind::Png,
            3 => Kind::Jpeg,
            4 => Kind::Webp,
            _ => return Err(bad("its tiles are of another kind")),
        };
        Ok(Archive {
            kind,
            packed: packing(98)?,
            zooms: (head[100].min(ZOOM as u8), head[101].min(ZOOM as u8)),
            directories_packed: packing(97)?,
            root: (number(8), number(16)),
            metadata: (number(24), number(32)),
            leaves: number(40),
            tiles: number(56),
            file,
        })
    }

    /// A tile as it lies in the file; `None` when there is none.
    pub fn tile(&self, z: u32, x: u32, y: u32) -> Result<Option<Vec<u8>>> {
        if z > ZOOM || x >> z > 0 || y >> z > 0 {
            return Ok(None);
        }
        let id = id(z, x, y);
        let mut at = self.root;
        for _ in 0..DEEP {
            let entries = directory(&self.part(at)?)?;
            // The last that does not begin after the tile.
            let before = entries.partition_point(|e| e.0 <= id);
            let Some(&(first, run, offset, length)) = before.checked_sub(1).and_then(|i| entries.get(i)) else { return Ok(None) };
            if run > 0 {
                let inside = id - first < run;
                let place = self.tiles.checked_add(offset).filter(|_| inside);
                return place.map(|place| self.bytes((place, length), TILE)).transpose();
            }
            at = (self.leaves.checked_add(offset).ok_or_else(|| bad("an offset"))?, length);
        }
        Err(bad("its directories lead nowhere"))
    }

    /// Names of the layers of vector tiles.
    pub fn layers(&self) -> Result<Vec<String>> {
        #[derive(Deserialize)]
        struct Metadata {
            #[serde(default)]
            vector_layers: Vec<Layer>,
        }
        #[derive(Deserialize)]
        struct Layer {
            id: String,
        }
        if self.kind != Kind::Vector {
            return Ok(Vec::new());
        }
        let metadata: Metadata = serde_json::from_slice(&self.part(self.metadata)?).map_err(|_| bad("its metadata"))?;
        Ok(metadata.vector_layers.into_iter().take(LAYERS).map(|l| l.id).collect())
    }

    fn bytes(&self, (offset, length): (u64, u64), most: u64) -> Result<Vec<u8>> {
        if length > most {
            return Err(bad("a part is too large"));
        }
        let mut out = vec![0; length as usize];
        self.file.fill(&mut out, offset)?;
        Ok(out)
    }

    /// A directory, or the metadata, unpacked.
    fn part(&self, at: (u64, u64)) -> Result<Vec<u8>> {
        let bytes = self.bytes(at, DIRECTORY)?;
        if !self.directories_packed {
            return Ok(bytes);
        }
        let mut out = Vec::new();
        GzDecoder::new(&bytes[..]).take(DIRECTORY).read_to_end(&mut out)?;
        Ok(out)
    }
}

fn directory(bytes: &[u8]) -> Result<Vec<Entry>> {
    let mut left = bytes;
    let mut number = || {
        let mut n = 0u64;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = left.split_first().ok_or_else(|| bad("a directory ends early"))?;
            left = rest;
            n |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(n);
            }
        }
        Err(bad("a number is too long"))
    };
    let count = number()?;
    // Each entry takes at least four bytes.
    if count > bytes.len() as u64 / 4 {
        return Err(bad("a directory is shorter than it says"));
    }
    let mut all: Vec<Entry> = vec![(0, 0, 0, 0); count as usize];
    let mut last = 0u64;
    for entry in &mut all {
        last = last.checked_add(number()?).ok_or_else(|| bad("a tile number"))?;
        entry.0 = last;
    }
    for entry in &mut all {
        entry.1 = number()?;
    }
    for entry in &mut all {
        entry.3 = number()?;
    }
    let mut next = 0u64;
    for entry in &mut all {
        entry.2 = number()?.checked_sub(1).unwrap_or(next);
        next = entry.2.checked_add(entry.3).ok_or_else(|| bad("an offset"))?;
    }
    Ok(all)
}

/// Number of a tile: all tiles of smaller zooms, then its place on the Hilbert curve of its own.
fn id(z: u32, mut x: u32, mut y: u32) -> u64 {
    let before = ((1u64 << (2 * z)) - 1) / 3;
    let mut along = 0;
    for bit in (0..z).rev() {
        let side = 1u32 << bit;
        let (right, below) = (x & side > 0, y & side > 0);
        along += (u64::from(side) * u64::from(side)) * ((3 * u64::from(right)) ^ u64::from(below));
        if !below {
            if right {
                (x, y) = (side.wrapping_sub(1).wrapping_sub(x), side.wrapping_sub(1).wrapping_sub(y));
            }
            (x, y) = (y, x);
        }
    }
    before + along
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::io::Write;

    use proptest::prelude::*;

    use super::*;

    impl Place for Vec<u8> {
        fn fill(&self, buffer: &mut [u8], offset: u64) -> Result<()> {
            let from = usize::try_from(offset).map_err(|_| ErrorKind::UnexpectedEof)?;
            let part = from.checked_add(buffer.len()).and_then(|to| self.get(from..to));
            buffer.copy_from_slice(part.ok_or(ErrorKind::UnexpectedEof)?);
            Ok(())
        }
    }

    fn varint(out: &mut Vec<u8>, mut n: u64) {
        while n >= 0x80 {
            out.push(n as u8 | 0x80);
            n >>= 7;
        }
        out.push(n as u8);
    }

    fn pack(bytes: &[u8]) -> Vec<u8> {
        let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        out.write_all(bytes).unwrap();
        out.finish().unwrap()
    }

    fn written(entries: &[Entry]) -> Vec<u8> {
        let mut out = Vec::new();
        varint(&mut out, entries.len() as u64);
        let mut last = 0;
        for e in entries {
            varint(&mut out, e.0 - last);
            last = e.0;
        }
        entries.iter().for_each(|e| varint(&mut out, e.1));
        entries.iter().for_each(|e| varint(&mut out, e.3));
        entries.iter().for_each(|e| varint(&mut out, e.2 + 1));
        pack(&out)
    }

    /// Tiles 0 to 4 in the root (1 to 4 alike), 5 and more in a leaf.
    fn sample() -> Vec<u8> {
        let leaf = written(&[(5, 1, 2, 3), (id(12, 3423, 1763), 1, 5, 1)]);
        let root = written(&[(0, 1, 0, 1), (1, 4, 1, 1), (5, 0, 0, leaf.len() as u64)]);
        let metadata = pack(br#"{"vector_layers":[{"id":"water"},{"id":"roads"}]}"#);
        let mut head = b"PMTiles\x03".to_vec();
        let mut at = HEAD as u64;
        for part in [&root, &metadata, &leaf] {
            head.extend(at.to_le_bytes());
            head.extend((part.len() as u64).to_le_bytes());
            at += part.len() as u64;
        }
        head.extend(at.to_le_bytes());
        head.resize(HEAD, 0);
        (head[97], head[98], head[99], head[100], head[101]) = (2, 1, 1, 0, 12);
        [head, root, metadata, leaf, b"ABcdeF".to_vec()].concat()
    }

    #[test]
    fn numbers_of_tiles_are_those_of_the_specification() {
        let all = [
            ((0, 0, 0), 0),
            ((1, 0, 0), 1),
            ((1, 0, 1), 2),
            ((1, 1, 1), 3),
            ((1, 1, 0), 4),
            ((2, 0, 0), 5),
            ((12, 3423, 1763), 19_078_479),
        ];
        for ((z, x, y), n) in all {
            assert_eq!(id(z, x, y), n, "{z}/{x}/{y}");
        }
        let four: BTreeSet<u64> = (0..16).flat_map(|x| (0..16).map(move |y| id(4, x, y))).collect();
        assert_eq!((four.len(), four.first(), four.last()), (256, Some(&85), Some(&340)));
    }

    #[test]
    fn tiles_are_found_in_the_root_in_runs_and_in_leaves() {
        let archive = Archive::open(sample()).unwrap();
        let tile = |z, x, y| archive.tile(z, x, y).unwrap().map(|b| String::from_utf8(b).unwrap());
        assert_eq!((archive.kind, archive.packed, archive.zooms), (Kind::Vector, false, (0, 12)));
        assert_eq!(archive.layers().unwrap(), ["water", "roads"]);
        assert_eq!(
            (tile(0, 0, 0).as_deref(), tile(1, 1, 0).as_deref(), tile(2, 0, 0).as_deref()),
            (Some("A"), Some("B"), Some("cde"))
        );
        assert_eq!(tile(12, 3423, 1763).as_deref(), Some("F"));
        assert_eq!((tile(2, 1, 1), tile(3, 0, 0), tile(1, 2, 0), tile(25, 0, 0)), (None, None, None, None));
    }

    #[test]
    fn what_is_no_archive_is_refused() {
        assert!(Archive::open(b"GIF89a".to_vec()).is_err());
        for (at, value) in [(7, 2), (97, 3), (98, 4), (99, 9)] {
            let mut other = sample();
            other[at] = value;
            assert!(Archive::open(other).is_err(), "{at}");
        }
    }

    proptest! {
        #[test]
        fn a_broken_archive_is_an_error_or_another_tile_but_never_worse(at in 8usize..400, byte in any::<u8>(), z in 0u32..14, x in 0u32..8192, y in 0u32..8192) {
            let mut broken = sample();
            let at = at % broken.len();
            broken[at] = byte;
            if let Ok(archive) = Archive::open(broken) {
                let _ = archive.tile(z, x, y);
                let _ = archive.layers();
            }
        }

        #[test]
        fn a_directory_of_any_bytes_is_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = directory(&bytes);
        }
    }
}
