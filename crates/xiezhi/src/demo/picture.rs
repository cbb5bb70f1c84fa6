//! Pictures for the demo: a drawn street corner, because some classes ask for one when they are done. No photograph of a
//! real place, no person.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::{Rgb, RgbImage};

use super::draw::Draw;
use crate::kit::{Error, Result};

const WIDTH: u32 = 480;
const HEIGHT: u32 = 320;

/// A small JPEG: sky, a row of houses, a path. Every one is a little different.
pub fn corner(draw: &mut Draw) -> Result<Vec<u8>> {
    let houses: Vec<(u32, u32, u8)> =
        (0..5).map(|i| (i * 96 + draw.below(12) as u32, 90 + draw.below(90) as u32, 170 + draw.below(60) as u8)).collect();
    let at = |x: u32, y: u32| -> Rgb<u8> {
        if y > 250 {
            // The path narrows towards the houses.
            let half = 60 + (y - 250) * 2;
            return if x.abs_diff(WIDTH / 2) < half { Rgb([196, 190, 180]) } else { Rgb([122, 158, 110]) };
        }
        let house = houses.iter().find(|(left, top, _)| (*left..left + 80).contains(&x) && y > *top);
        match house {
            Some((left, top, shade)) if (x - left) % 20 > 12 && (y - top) % 28 > 16 => Rgb([96, 120, shade / 2 + 60]),
            Some((_, _, shade)) => Rgb([*shade, shade - 14, shade - 30]),
            None => Rgb([200, 220, (235 - y / 8) as u8]),
        }
    };
    let picture = RgbImage::from_fn(WIDTH, HEIGHT, at);
    let mut out = Cursor::new(Vec::new());
    JpegEncoder::new_with_quality(&mut out, 70).encode_image(&picture).map_err(Error::internal)?;
    Ok(out.into_inner())
}
