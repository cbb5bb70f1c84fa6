//! QR codes as SVG, drawn by the server so that they need no script and print sharply.

use qrcode::QrCode;
use qrcode::render::svg;

use super::{Error, Result};

/// A QR code as SVG, with no colours of its own beyond ink on paper.
pub fn svg_of(text: &str) -> Result<String> {
    let code = QrCode::new(text).map_err(Error::internal)?;
    let svg = code.render::<svg::Color>().min_dimensions(180, 180).quiet_zone(true).build();
    // Inside a page the XML declaration would be text.
    Ok(svg.split_once("?>").map_or(svg.clone(), |(_, s)| s.to_owned()))
}
