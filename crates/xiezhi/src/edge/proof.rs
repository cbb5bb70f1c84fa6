//! Whether the node lives, and what proves its log to outsiders: checkpoint, key, proofs, tiles (C2SP forms), and the
//! page on which anybody checks a receipt.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as B64;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value as Json;
use store::tree::Hash;
use store::{Health, Query as _, Receipt, note, params};

use crate::base::classes;
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::{Error, Reply, Req, Result, Route};

/// Routes of this room.
pub const ROUTES: &[Route] = &[
    Route::get("/livez", May::Anyone, |_| Ok(Reply::text("ok\n")), "The process answers."),
    Route::get("/readyz", May::Anyone, readyz, "The database can write."),
    Route::get("/log/checkpoint", May::Anyone, checkpoint, "The last signed checkpoint."),
    Route::get("/log/key", May::Anyone, |req| Ok(Reply::text(req.app.db.public_key() + "\n")), "The public key of the log."),
    Route::get("/log/proof", May::Anyone, proof, "Proof that entry `index` stands in the log of `size` entries."),
    Route::get(
        "/log/consistency",
        May::Anyone,
        consistency,
        "Proof that the log of `from` entries is the beginning of that of `to`.",
    ),
    Route::get("/log/tile/{*rest}", May::Anyone, tile, "256 hashes of the tree: `<level>/<index>`."),
    Route::get(
        "/verify",
        May::Anyone,
        |req| req.page("edge/verify.html", &Verified::default()),
        "Where anybody checks a receipt.",
    ),
    Route::post("/verify", May::Anyone, verify, "Checks a receipt.").gives::<Verified>(),
];

/// Hashes in a full tile.
const TILE: u64 = 256;
/// A receipt is a few kilobytes.
const MAX_RECEIPT: usize = 100_000;

fn readyz(req: &Req) -> Result<Reply> {
    // Only an attempt can tell: the disk may have filled, or the database gone, since the last one.
    let good = req.app.db.write(|_| Ok::<_, Error>(())).is_ok();
    let health = req.app.db.health();
    let word = match health {
        _ if good => "ready\n",
        Health::Full => "disk full\n",
        _ => "cannot write\n",
    };
    Ok(Reply::text(word).status(if good { 200 } else { 503 }))
}

fn checkpoint(req: &Req) -> Result<Reply> {
    Ok(Reply::text(req.app.db.last().checkpoint.clone()).header("access-control-allow-origin", "*"))
}

fn number(req: &Req, name: &'static str) -> Result<u64> {
    let text = req.query.get(name).ok_or_else(|| Kind::Missing.at(name))?;
    text.parse().map_err(|_| Kind::WrongType.at(name))
}

#[derive(Serialize, JsonSchema)]
struct Proof {
    size: u64,
    proof: Vec<String>,
}

fn proof_reply(size: u64, hashes: &[Hash]) -> Result<Reply> {
    Reply::json(&Proof { size, proof: hashes.iter().map(|h| B64.encode(h)).collect() })
}

fn proof(req: &Req) -> Result<Reply> {
    let (index, size) = (number(req, "index")?, number(req, "size")?);
    let path = req.app.db.read(|r| {
        // The database knows what other processes have added.
        if index >= size || size > r.log_size()? { Err(Kind::OutOfRange.at("index")) } else { Ok(r.inclusion(index, size)?) }
    })?;
    proof_reply(size, &path)
}

fn consistency(req: &Req) -> Result<Reply> {
    let (from, to) = (number(req, "from")?, number(req, "to")?);
    let path = req.app.db.read(|r| {
        if from > to || to > r.log_size()? { Err(Kind::OutOfRange.at("from")) } else { Ok(r.consistency(from, to)?) }
    })?;
    proof_reply(to, &path)
}

/// `0/x001/234` or `0/x001/234.p/17`: level in steps of 8, index in groups of three digits, width of the last tile.
fn tile(req: &Req) -> Result<Reply> {
    let (level, index, width) = tile_address(req.param("rest")).ok_or(Kind::NotFound)?;
    let last = req.app.db.last().size;
    let nodes = last.checked_shr(8 * level).unwrap_or(0);
    // Compared by tiles: the first hash of a far one has no number.
    if index >= nodes.div_ceil(TILE) || index * TILE + width > nodes {
        return Err(Kind::NotFound.into());
    }
    let sql = if level == 0 {
        "select hash from log where seq >= $1 and seq < $2 and $3 = 0 order by seq"
    } else {
        "select hash from log_node where idx >= $1 and idx < $2 and level = $3 order by idx"
    };
    let rows = req.app.db.read(|r| r.rows(sql, params![index * TILE, index * TILE + width, 8 * level]))?;
    let bytes = rows.iter().map(|r| r.get::<Vec<u8>>("hash")).collect::<store::Result<Vec<_>>>()?.concat();
    Ok(Reply::of("application/octet-stream", bytes).header("access-control-allow-origin", "*"))
}

fn tile_address(text: &str) -> Option<(u32, u64, u64)> {
    let (path, width) = match text.split_once(".p/") {
        Some((path, width)) => (path, width.parse().ok().filter(|w| (1..TILE).contains(w))?),
        None => (text, TILE),
    };
    let mut parts = path.split('/');
    let level: u32 = parts.next()?.parse().ok().filter(|l| *l < 8)?;
    let groups: Vec<&str> = parts.collect();
    let (end, front) = groups.split_last()?;
    let mut index: u64 = 0;
    for (group, marked) in front.iter().map(|g| (*g, true)).chain([(*end, false)]) {
        let digits = if marked { group.strip_prefix('x')? } else { group };
        let fine = digits.len() == 3 && digits.bytes().all(|b| b.is_ascii_digit());
        index = index.checked_mul(1000)?.checked_add(digits.parse().ok().filter(|_| fine)?)?;
    }
    Some((level, index, width))
}

/// What became of a check.
#[derive(Default, Serialize, JsonSchema)]
pub struct Verified {
    result: Option<Outcome>,
    receipt: String,
}

#[derive(Serialize, JsonSchema)]
struct Outcome {
    ok: bool,
    /// Stable codes of what is wrong.
    faults: Vec<&'static str>,
    /// Signed by this node.
    ours: bool,
    /// When it was received.
    at: Option<String>,
    number: Option<String>,
    /// What the reporter said, as the receipt discloses it.
    said: Vec<(String, String)>,
}

fn verify(req: &Req) -> Result<Reply> {
    let text = match &req.json {
        Some(json) => json.get("receipt").unwrap_or(json).to_string(),
        None => req.form.get("receipt").unwrap_or_default().to_owned(),
    };
    if text.len() > MAX_RECEIPT {
        return Err(Error::from(Kind::TooLarge).limit((MAX_RECEIPT >> 10) as i64));
    }
    let result = Some(check(req, &text));
    req.page("edge/verify.html", &Verified { result, receipt: text })
}

fn check(req: &Req, text: &str) -> Outcome {
    let Ok(receipt) = serde_json::from_str::<Receipt>(text) else {
        return Outcome { ok: false, faults: vec!["receipt-form"], ours: false, at: None, number: None, said: Vec::new() };
    };
    let key = note::parse_key(&req.app.db.public_key()).map(|(_, key)| key);
    let ours = receipt.origin == req.app.db.origin();
    let faults = receipt.faults(key.as_ref().filter(|_| ours));
    let leaf: Json = serde_json::from_str(&receipt.leaf).unwrap_or_default();
    let classes = classes::now(req.app).unwrap_or_else(|_| classes::embedded());
    let said = |name: &str, value: &Json| match value.as_str() {
        Some(code) if name == "case.class" => classes.label(code, req.lang).to_owned(),
        Some(text) => text.to_owned(),
        None => value.to_string(),
    };
    Outcome {
        ok: faults.is_empty(),
        faults,
        ours,
        at: leaf["at"].as_i64().map(|at| req.app.time(at)),
        number: leaf["x_number"].as_str().map(str::to_owned),
        said: receipt.elements.iter().map(|e| (e.0.clone(), said(&e.0, &e.1))).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_tiles() {
        assert_eq!(tile_address("0/000"), Some((0, 0, 256)));
        assert_eq!(tile_address("1/x001/x234/067"), Some((1, 1_234_067, 256)));
        assert_eq!(tile_address("0/x001/234.p/17"), Some((0, 1234, 17)));
        for bad in [
            "",
            "0",
            "0/1",
            "8/000",
            "0/001/002",
            "0/x001",
            "0/000.p/256",
            "0/000.p/0",
            "0/x999/x999/x999/x999/x999/x999/x999/999",
        ] {
            assert_eq!(tile_address(bad), None, "{bad}");
        }
    }
}
