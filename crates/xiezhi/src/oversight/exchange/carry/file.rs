//! In a sealed file, for a place without a network: batches for one peer, and what we say of its log, on a USB stick.
//!
//! What must stay true: whoever finds the stick reads nothing: the file is sealed for its receiver alone (HPKE, RFC 9180, base mode:
//! X25519, HKDF-SHA256, ChaCha20-Poly1305); what is in it is what the other carriers move, so the same file may come twice, late, or
//! after the same batches by another way.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as B64;
use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::{Deserializable as _, OpModeR, OpModeS, Serializable as _};
use serde::{Deserialize, Serialize};
use store::Ambient as _;

use super::super::inbox;
use super::super::mark::{self, Way};
use super::super::node::{self, Lock, Public};
use super::super::out;
use super::super::peer::{self, Peer, Standing};
use super::http;
use crate::kit::error::Kind;
use crate::kit::{App, Error, Result};

/// First line of a file; the name of its receiver follows.
const MAGIC: &str = "xiezhi sealed v1 ";
/// What the file is bound to besides.
const INFO: &[u8] = b"xiezhi exchange file v1";
/// Batches of one file.
const BATCHES: usize = 80;
/// Bytes of one file.
pub const MOST: usize = 20 << 20;

/// What is in a file.
#[derive(Serialize, Deserialize)]
struct Load {
    /// Batches, base64, in order.
    batches: Vec<String>,
    /// What we have of the receiver's log, signed, and our line as its witness.
    watermark: String,
    #[serde(default)]
    cosignature: Option<String>,
}

/// Randomness of this program for the library's.
struct Draw<'a>(&'a App);

impl hpke::rand_core::TryRng for Draw<'_> {
    type Error = std::convert::Infallible;
    fn try_next_u32(&mut self) -> std::result::Result<u32, Self::Error> {
        Ok(u32::from_le_bytes(self.0.random()))
    }
    fn try_next_u64(&mut self) -> std::result::Result<u64, Self::Error> {
        Ok(u64::from_le_bytes(self.0.random()))
    }
    fn try_fill_bytes(&mut self, out: &mut [u8]) -> std::result::Result<(), Self::Error> {
        self.0.ambience.fill(out);
        Ok(())
    }
}

impl hpke::rand_core::TryCryptoRng for Draw<'_> {}

/// What one file brought.
#[derive(Debug, Default, Serialize, schemars::JsonSchema)]
pub struct Brought {
    /// Batches that it held.
    pub batches: usize,
    /// Of whom.
    pub from: String,
    /// Something before them is missing: it comes with the next file.
    pub missing: bool,
}

/// Makes the file for a peer: all that it lacks as far as we know, up to the limit.
pub fn write(app: &App, peer: &Peer) -> Result<Vec<u8>> {
    let lock = peer.lock.as_deref().and_then(|l| B64.decode(l).ok()).and_then(|l| Public::from_bytes(&l).ok());
    let lock = lock.ok_or(Kind::PeerRefused)?;
    let (mut stands, came) =
        app.db.read(|r| Ok::<_, Error>((mark::of(r, &peer.id, Way::Out)?, mark::of(r, &peer.id, Way::In)?)))?;
    let mut batches = Vec::new();
    while batches.len() < BATCHES {
        let Some(batch) = out::batch(app, peer, &stands)? else { break };
        // The next one begins where this one ends, whether or not the receiver has it yet.
        (stands.size, stands.n) = (batch.until, stands.n + batch.events.len() as u64);
        batches.push(B64.encode(batch.write(|body| app.db.sign(body))));
    }
    let load = Load { batches, watermark: inbox::watermark(app, peer, &came, "-")?, cosignature: inbox::witness(app, &came) };
    let plain = serde_json::to_vec(&load).map_err(Error::internal)?;
    let head = format!("{MAGIC}{}\n", peer.origin);
    let sealed = hpke::single_shot_seal_with_rng::<ChaCha20Poly1305, HkdfSha256, Lock>(
        &OpModeS::Base,
        &lock,
        INFO,
        &plain,
        head.as_bytes(),
        &mut Draw(app),
    );
    let (key, sealed) = sealed.map_err(|e| Error::internal(format!("{e:?}")))?;
    Ok([head.as_bytes(), &key.to_bytes(), &sealed].concat())
}

/// Takes a file in.
pub fn read(app: &App, bytes: &[u8]) -> Result<Brought> {
    let wrong = || Kind::SealedFile.at("file");
    if bytes.len() > MOST {
        return Err(Error::from(Kind::TooLarge).limit((MOST >> 10) as i64));
    }
    let at = bytes.iter().position(|b| *b == b'\n').ok_or_else(wrong)?;
    let (head, rest) = bytes.split_at(at + 1);
    let to = std::str::from_utf8(head).ok().and_then(|h| h.strip_prefix(MAGIC)).map(str::trim_end);
    match to {
        Some(to) if to == app.db.origin() => {}
        // A stick that was taken to the wrong place is told apart from one that is broken.
        Some(_) => return Err(Kind::SealedOther.at("file")),
        None => return Err(wrong()),
    }
    if rest.len() < 32 {
        return Err(wrong());
    }
    let (key, sealed) = rest.split_at(32);
    let key = <Lock as hpke::Kem>::EncappedKey::from_bytes(key).map_err(|_| wrong())?;
    let plain = hpke::single_shot_open::<ChaCha20Poly1305, HkdfSha256, Lock>(
        &OpModeR::Base,
        &node::pair(app).0,
        &key,
        INFO,
        sealed,
        head,
    );
    let load: Load = serde_json::from_slice(&plain.map_err(|_| wrong())?).map_err(|_| wrong())?;
    if load.batches.len() > BATCHES {
        return Err(wrong());
    }
    let told = mark::Watermark::read(&load.watermark).ok_or_else(wrong)?;
    let peer = app.db.read(|r| peer::by_origin(r, &told.receiver))?.filter(|p| p.state != Standing::Ended);
    let peer = peer.ok_or(Kind::PeerUnknown)?;
    let mut brought = Brought { batches: load.batches.len(), from: peer.name.clone(), missing: false };
    for batch in &load.batches {
        let bytes = B64.decode(batch).map_err(|_| wrong())?;
        brought.missing = inbox::take(app, inbox::read(app, &bytes)?)?.missing;
    }
    http::heard(app, &peer, &load.watermark, load.cosignature.as_deref())?;
    Ok(brought)
}
