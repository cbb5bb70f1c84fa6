//! The public copy of a picture: decoded and drawn anew, so that nothing of the file survives but its pixels; and places
//! in it made unreadable.
//!
//! What must stay true: the size is known before anything is decoded; at most two pictures are decoded at once; the
//! copy stands upright, is at most [`SIDE`] pixels long and carries no metadata (place, device, thumbnail).

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::error::{LimitError, LimitErrorKind};
use image::imageops::FilterType;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, ImageResult, Limits, Rgb, RgbImage};

use crate::kit::Result;
use crate::kit::error::{Error, Kind};
use crate::kit::slots::Slots;

/// Longest side of a copy, in pixels.
const SIDE: u32 = 2000;
/// Most pixels of a picture that is decoded.
const PIXELS: u64 = 40_000_000;
/// Longest side of a picture that is decoded: a strip one pixel high would cost the making of the copy sixteen bytes a pixel.
const LONGEST: u32 = 32_000;
/// Most bytes that a decoder may take.
const MEMORY: u64 = 256 << 20;
/// Quality of the JPEG, 1 to 100.
const QUALITY: u8 = 82;

/// The whole of a side.
pub const WHOLE: u32 = 1000;

/// A place in a picture, in thousandths of its sides, from the upper left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "a rectangle")]
pub struct Place {
    pub x: u32,
    pub y: u32,
    pub w: u32,
    pub h: u32,
}

impl Place {
    /// Reads `x,y,w,h`; what lies outside of the picture is no place.
    pub fn parse(text: &str) -> Option<Place> {
        let mut all = text.split(',').map(|n| n.trim().parse::<u32>().ok().filter(|n| *n <= WHOLE));
        let [x, y, w, h] = [all.next()??, all.next()??, all.next()??, all.next()??];
        (all.next().is_none() && w > 0 && h > 0 && x + w <= WHOLE && y + h <= WHOLE).then_some(Place { x, y, w, h })
    }
}

static DECODERS: Slots = Slots::new(2);

/// The copy of a picture, as JPEG.
pub fn copy(bytes: &[u8]) -> Result<Vec<u8>> {
    DECODERS.run(|| draw(bytes)).map_err(|e| Error { detail: Some(e.to_string()), ..Kind::BadMedia.at("media") })
}

/// A copy with places covered: each keeps the averages of three by three fields.
pub fn cover(copy: &[u8], places: &[Place]) -> Result<Vec<u8>> {
    let drawn = DECODERS.run(|| {
        let mut picture = image::load_from_memory_with_format(copy, ImageFormat::Jpeg)?.into_rgb8();
        places.iter().for_each(|place| blur(&mut picture, place));
        encode(&picture)
    });
    drawn.map_err(|e| Error { detail: Some(e.to_string()), ..Kind::BadMedia.at("media") })
}

fn blur(picture: &mut RgbImage, place: &Place) {
    const FIELDS: u32 = 3;
    let (wide, high) = picture.dimensions();
    // Outwards: what was framed is covered to its last pixel.
    let (left, top) = (place.x * wide / WHOLE, place.y * high / WHOLE);
    let (right, bottom) = (((place.x + place.w) * wide).div_ceil(WHOLE), ((place.y + place.h) * high).div_ceil(WHOLE));
    let cut = |from: u32, to: u32, i: u32| from + (to - from) * i / FIELDS;
    for (i, j) in (0..FIELDS).flat_map(|i| (0..FIELDS).map(move |j| (i, j))) {
        let (xs, ys) = (cut(left, right, i)..cut(left, right, i + 1), cut(top, bottom, j)..cut(top, bottom, j + 1));
        let field = || ys.clone().flat_map(|y| xs.clone().map(move |x| (x, y)));
        let mut sum = [0u64; 3];
        for (x, y) in field() {
            picture.get_pixel(x, y).0.iter().zip(&mut sum).for_each(|(c, s)| *s += u64::from(*c));
        }
        let n = (xs.len() as u64 * ys.len() as u64).max(1);
        field().for_each(|(x, y)| picture.put_pixel(x, y, Rgb(sum.map(|s| (s / n) as u8))));
    }
}

fn encode(picture: &RgbImage) -> ImageResult<Vec<u8>> {
    let mut out = Vec::new();
    JpegEncoder::new_with_quality(&mut out, QUALITY).encode_image(picture)?;
    Ok(out)
}

fn draw(bytes: &[u8]) -> ImageResult<Vec<u8>> {
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format()?;
    let mut limits = Limits::default();
    limits.max_alloc = Some(MEMORY);
    reader.limits(limits.clone());
    let mut decoder = reader.into_decoder()?;
    let (w, h) = decoder.dimensions();
    if u64::from(w) * u64::from(h) > PIXELS || w.max(h) > LONGEST {
        return Err(ImageError::Limits(LimitError::from_kind(LimitErrorKind::DimensionError)));
    }
    limits.reserve(decoder.total_bytes())?;
    let orientation = decoder.orientation()?;
    let mut picture = DynamicImage::from_decoder(decoder)?;
    if w.max(h) > SIDE {
        picture = picture.resize(SIDE, SIDE, FilterType::Triangle);
    }
    picture.apply_orientation(orientation);
    encode(&on_white(picture))
}

/// JPEG knows no transparency: what was transparent becomes white, as on a page.
fn on_white(picture: DynamicImage) -> RgbImage {
    if !picture.color().has_alpha() {
        return picture.into_rgb8();
    }
    let from = picture.into_rgba8();
    RgbImage::from_fn(from.width(), from.height(), |x, y| {
        let [r, g, b, a] = from.get_pixel(x, y).0.map(u32::from);
        let mix = |c: u32| ((c * a + 255 * (255 - a) + 127) / 255) as u8;
        Rgb([mix(r), mix(g), mix(b)])
    })
}
