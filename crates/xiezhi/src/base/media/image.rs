//! The public copy of a picture: decoded and drawn anew, so that nothing of the file survives but its pixels.
//!
//! What must stay true: the size is known before anything is decoded; at most two pictures are decoded at once; the
//! copy stands upright, is at most [`SIDE`] pixels long and carries no metadata (place, device, thumbnail).

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::error::{LimitError, LimitErrorKind};
use image::imageops::FilterType;
use image::{DynamicImage, ImageDecoder, ImageError, ImageReader, ImageResult, Limits, Rgb, RgbImage};

use crate::kit::Result;
use crate::kit::error::{Error, Kind};
use crate::kit::slots::Slots;

/// Longest side of a copy, in pixels.
const SIDE: u32 = 2000;
/// Most pixels of a picture that is decoded.
const PIXELS: u64 = 40_000_000;
/// Most bytes that a decoder may take.
const MEMORY: u64 = 256 << 20;
/// Quality of the JPEG, 1 to 100.
const QUALITY: u8 = 82;

static DECODERS: Slots = Slots::new(2);

/// The copy of a picture, as JPEG.
pub fn copy(bytes: &[u8]) -> Result<Vec<u8>> {
    DECODERS.run(|| draw(bytes)).map_err(|e| Error { detail: Some(e.to_string()), ..Kind::BadMedia.at("media") })
}

fn draw(bytes: &[u8]) -> ImageResult<Vec<u8>> {
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format()?;
    let mut limits = Limits::default();
    limits.max_alloc = Some(MEMORY);
    reader.limits(limits.clone());
    let mut decoder = reader.into_decoder()?;
    let (w, h) = decoder.dimensions();
    if u64::from(w) * u64::from(h) > PIXELS {
        return Err(ImageError::Limits(LimitError::from_kind(LimitErrorKind::DimensionError)));
    }
    limits.reserve(decoder.total_bytes())?;
    let orientation = decoder.orientation()?;
    let mut picture = DynamicImage::from_decoder(decoder)?;
    if w.max(h) > SIDE {
        picture = picture.resize(SIDE, SIDE, FilterType::Triangle);
    }
    picture.apply_orientation(orientation);
    let mut out = Vec::new();
    JpegEncoder::new_with_quality(&mut out, QUALITY).encode_image(&on_white(picture))?;
    Ok(out)
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
