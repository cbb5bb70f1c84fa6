//! What this node is to others: the area that it serves, what it is called, and the lock for what is sealed for it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as B64;
use hpke::kem::X25519HkdfSha256;
use hpke::{Kem, Serializable as _};
use store::{Entry, Query, Tx};

use crate::base::area;
use crate::base::party;
use crate::kit::error::Kind;
use crate::kit::{App, Result};

/// Setting: the code of the area that this node serves.
const AREA: &str = "exchange.area";
/// Setting: what this node calls itself.
const NAME: &str = "exchange.name";
/// Characters of a name.
pub const NAMES: usize = 60;

/// How a key for a receiver is agreed on: X25519 with HKDF-SHA256 (RFC 9180).
pub type Lock = X25519HkdfSha256;
/// The half that opens.
pub type Private = <Lock as Kem>::PrivateKey;
/// The half that seals.
pub type Public = <Lock as Kem>::PublicKey;

/// The code of the area that this node serves; empty while nobody has said.
pub fn code(q: &mut dyn Query) -> store::Result<String> {
    Ok(party::setting(q, AREA)?.unwrap_or_default())
}

/// What this node calls itself.
pub fn called(q: &mut dyn Query) -> store::Result<String> {
    Ok(party::setting(q, NAME)?.unwrap_or_default())
}

/// Names this node: its area and what it calls itself.
pub fn name(tx: &mut Tx, actor: &str, code: &str, name: &str) -> Result<()> {
    let place = area::by_code(tx, code)?.ok_or_else(|| Kind::Unknown.at("code"))?;
    let entry = Entry { actor: Some(actor), area: Some(&place.id), ..Entry::new("exchange.name", "exchange", &place.id) };
    tx.log(entry.fact("code", code).fact("name", name))?;
    party::set(tx, AREA, code)?;
    party::set(tx, NAME, name)?;
    Ok(())
}

/// The desk of this node for what comes from others: the one of the area that it serves.
pub fn desk(q: &mut dyn Query) -> Result<party::Body> {
    let own = match code(q)? {
        code if code.is_empty() => None,
        code => area::by_code(q, &code)?,
    };
    Ok(match own {
        Some(own) => party::desk_of(q, &own.id)?,
        None => party::default_desk(q)?,
    })
}

/// This node's pair for sealed files, derived from its key: nothing more is to be kept.
pub fn pair(app: &App) -> (Private, Public) {
    Lock::derive_keypair(&app.db.digest("exchange lock", "1"))
}

/// The public half, for peers.
pub fn lock(app: &App) -> String {
    B64.encode(pair(app).1.to_bytes())
}
