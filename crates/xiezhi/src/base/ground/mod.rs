//! What lies beneath our own layers on a map: nothing unless somebody sets it up, a PMTiles file of the node's own, or
//! the tiles of a map service as pictures.
//!
//! What must stay true: without a setting no map asks anybody but us for anything; with one, the content policy lets
//! exactly its hosts pass (`kit/config.rs`), the line that the law asks for stands on the map, and the browser moves our
//! layers to the datum of what lies beneath. A tile that is missing is no error: the map stays, with our own layers.
//!
//! The file is read here, not in the browser: one small request for each tile instead of its directories over a slow
//! line, and no library that every phone would have to load.
//!
//! This room writes no log: it has nothing to change.

mod pmtiles;

use std::fs::File;

use calc::geo::datum::Datum;
use schemars::JsonSchema;
use serde::Serialize;

use crate::kit::error::{Error, Kind};
use crate::kit::http::May;
use crate::kit::{App, Reply, Req, Result, Route};

/// Routes of this room.
pub const ROUTES: &[Route] = &[
    Route::get("/map/ground", May::Anyone, ground, "What lies beneath our own layers on a map, and in which datum.")
        .gives::<Ground>()
        .same_for_all(),
    Route::get("/map/tiles/{z}/{x}/{y}", May::Anyone, tile, "A tile of the node's own PMTiles file; 404 where it has none."),
];

/// Pixels of a tile, unless it is said otherwise.
const SIZE: u16 = 256;
/// Largest zoom of tiles, unless it is said otherwise.
const ZOOM: u8 = 18;

/// What lies beneath.
#[derive(Serialize, JsonSchema)]
struct Ground {
    /// `none`, `raster` or `vector`.
    kind: &'static str,
    /// Addresses of tiles, from the lowest layer to the highest.
    tiles: Vec<String>,
    /// `wgs84 cgcs2000 gcj02 bd09`.
    datum: &'static str,
    /// Whose map it is, with its number of approval.
    attribution: String,
    /// Pixels of a tile.
    size: u16,
    /// Zooms for which there are tiles.
    min_zoom: u8,
    max_zoom: u8,
    /// Layers of vector tiles.
    layers: Vec<String>,
}

fn open(app: &App, name: &str) -> Result<pmtiles::Archive<File>> {
    let path = app.config.data.join(name);
    let fail = |e: std::io::Error| Error::internal(format!("{}: {e}", path.display()));
    pmtiles::Archive::open(File::open(&path).map_err(fail)?).map_err(fail)
}

fn ground(req: &Req) -> Result<Reply> {
    let map = &req.app.config.file.map;
    let datum = map.datum.as_deref().and_then(Datum::parse).unwrap_or_default();
    let mut ground = Ground {
        kind: if map.tiles.is_empty() { "none" } else { "raster" },
        tiles: map.tiles.clone(),
        datum: datum.as_str(),
        attribution: map.attribution.clone(),
        size: map.tile_size.unwrap_or(SIZE),
        min_zoom: 0,
        max_zoom: map.max_zoom.unwrap_or(ZOOM),
        layers: Vec::new(),
    };
    if let Some(name) = &map.pmtiles {
        let archive = open(req.app, name)?;
        ground.kind = if archive.kind == pmtiles::Kind::Vector { "vector" } else { "raster" };
        ground.tiles = vec![req.url("/map/tiles/{z}/{x}/{y}")];
        (ground.min_zoom, ground.max_zoom) = archive.zooms;
        ground.layers = archive.layers().map_err(Error::internal)?;
    }
    Reply::json(&ground)
}

fn tile(req: &Req) -> Result<Reply> {
    let name = req.app.config.file.map.pmtiles.as_ref().ok_or(Kind::NotFound)?;
    let number = |name: &str| req.param(name).parse::<u32>().map_err(|_| Error::from(Kind::NotFound));
    let archive = open(req.app, name)?;
    let found = archive.tile(number("z")?, number("x")?, number("y")?).map_err(Error::internal)?;
    // A page in words for each hole of a map would be large, and nobody would see it.
    let Some(bytes) = found else { return Ok(Reply::text("").status(404)) };
    let reply = Reply::of(archive.kind.media_type(), bytes).header("cache-control", "public, max-age=86400");
    Ok(if archive.packed { reply.header("content-encoding", "gzip") } else { reply })
}
