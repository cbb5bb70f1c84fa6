//! Signed checkpoints and other notes in the C2SP forms (`tlog-checkpoint`, `signed-note`, `tlog-cosignature`), Ed25519.
//!
//! The origin of a log names its key: `xiezhi/<64 hex digits of the public key>`. So a receipt can be checked for
//! inner truth with nothing else at hand, and for authenticity by comparing the origin (or the key file) with the
//! published one. A log keeps one key for ever; a new key is a new log.

use crate::hex;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as B64;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};

use crate::tree::Hash;

/// Signs the checkpoints of one log. Deterministic: the same size and root give the same bytes.
pub struct Signer {
    key: SigningKey,
    origin: String,
}

impl Signer {
    /// A signer from its 32 secret bytes.
    pub fn new(seed: &[u8; 32]) -> Signer {
        let key = SigningKey::from_bytes(seed);
        let hex = hex(key.verifying_key().as_bytes());
        Signer { key, origin: format!("xiezhi/{hex}") }
    }

    /// The name of the log.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The public key in C2SP text form: `<name>+<key id>+<base64(0x01 ‖ key)>`.
    pub fn public_key(&self) -> String {
        let key = self.key.verifying_key();
        let id = hex(key_id(&self.origin, SIGNED, &key));
        format!("{}+{id}+{}", self.origin, B64.encode([&[1u8], key.as_bytes().as_slice()].concat()))
    }

    /// The signed checkpoint of a tree.
    pub fn checkpoint(&self, size: u64, root: &Hash) -> String {
        self.note(&format!("{}\n{size}\n{}\n", self.origin, B64.encode(root)))
    }

    /// Signs any text that ends with a line feed and has no empty line.
    pub fn note(&self, body: &str) -> String {
        let signature = self.key.sign(body.as_bytes());
        let id = key_id(&self.origin, SIGNED, &self.key.verifying_key());
        let line = B64.encode([id.as_slice(), &signature.to_bytes()].concat());
        format!("{body}\n\u{2014} {} {line}\n", self.origin)
    }

    /// Witnesses the body of another log's checkpoint at a moment, in seconds since 1970: one signature line, without its end.
    pub fn cosign(&self, body: &str, at: u64) -> String {
        let signature = self.key.sign(cosigned(body, at).as_bytes());
        let id = key_id(&self.origin, COSIGNED, &self.key.verifying_key());
        let line = B64.encode([id.as_slice(), &at.to_be_bytes(), &signature.to_bytes()].concat());
        format!("\u{2014} {} {line}", self.origin)
    }
}

/// Kinds of signature that take part in the id of a key.
const SIGNED: u8 = 1;
const COSIGNED: u8 = 4;

/// What a witness signs.
fn cosigned(body: &str, at: u64) -> String {
    format!("cosignature/v1\ntime {at}\n{body}")
}

fn key_id(origin: &str, kind: u8, key: &VerifyingKey) -> [u8; 4] {
    let d = Sha256::new().chain_update(origin).chain_update([b'\n', kind]).chain_update(key.as_bytes()).finalize();
    [d[0], d[1], d[2], d[3]]
}

/// A checkpoint whose signature was checked.
#[derive(Debug, PartialEq)]
pub struct Checkpoint {
    /// Name of the log.
    pub origin: String,
    /// Number of leaves.
    pub size: u64,
    /// Root of the tree.
    pub root: Hash,
}

/// Reads a public key in C2SP text form.
pub fn parse_key(text: &str) -> Option<(String, VerifyingKey)> {
    let mut parts = text.trim().splitn(3, '+');
    let (name, id, key) = (parts.next()?, parts.next()?, parts.next()?);
    let bytes = B64.decode(key).ok()?;
    let (1, raw) = bytes.split_first().map(|(a, r)| (*a, r))? else { return None };
    let key = VerifyingKey::from_bytes(raw.try_into().ok()?).ok()?;
    let want = hex(key_id(name, SIGNED, &key));
    (want == id).then(|| (name.to_owned(), key))
}

/// The key that an origin names.
pub fn key_of_origin(origin: &str) -> Option<VerifyingKey> {
    let hex = origin.strip_prefix("xiezhi/").filter(|h| h.len() == 64 && h.is_ascii())?;
    let bytes: Option<Vec<u8>> = (0..32).map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).ok()).collect();
    VerifyingKey::from_bytes(&bytes?.try_into().ok()?).ok()
}

/// Checks form and signature of a checkpoint; `Err` says what is wrong.
pub fn open(text: &str, key: &VerifyingKey) -> Result<Checkpoint, &'static str> {
    let (body, _) = text.split_once("\n\n").ok_or("the checkpoint has no signature part")?;
    let mut lines = body.split('\n');
    let origin = lines.next().ok_or("the checkpoint names no origin")?.to_owned();
    let size_text = lines.next().unwrap_or_default();
    let size: u64 = size_text.parse().map_err(|_| "the checkpoint has no size")?;
    if size.to_string() != size_text {
        return Err("the size is not in its shortest form");
    }
    let root: Hash =
        lines.next().and_then(|r| B64.decode(r).ok()).and_then(|r| r.try_into().ok()).ok_or("the checkpoint has no root")?;
    open_note(text, &origin, key)?;
    Ok(Checkpoint { origin, size, root })
}

/// Checks the signature of `origin` under a note and gives what it signed, its last line feed included.
pub fn open_note<'t>(text: &'t str, origin: &str, key: &VerifyingKey) -> Result<&'t str, &'static str> {
    let at = text.find("\n\n").ok_or("the note has no signature part")?;
    let (body, signatures) = (&text[..=at], &text[at + 2..]);
    if !signatures.ends_with('\n') {
        return Err("the signature part is cut");
    }
    let prefix = format!("\u{2014} {origin} ");
    let id = key_id(origin, SIGNED, key);
    for line in signatures.lines() {
        let Some(bytes) = line.strip_prefix(&prefix).and_then(|l| B64.decode(l).ok()) else { continue };
        if bytes.len() == 68 && bytes[..4] == id {
            let signature = Signature::from_slice(&bytes[4..]).map_err(|_| "the signature is malformed")?;
            let fits = key.verify_strict(body.as_bytes(), &signature).is_ok();
            return if fits { Ok(body) } else { Err("the signature does not fit the note") };
        }
    }
    Err("no signature by this key")
}

/// Who witnessed a checkpoint, and when (seconds since 1970): checks one line by the key that its name names.
pub fn open_cosignature(checkpoint: &str, line: &str) -> Result<(String, u64), &'static str> {
    let at = checkpoint.find("\n\n").ok_or("the checkpoint has no signature part")?;
    let body = &checkpoint[..=at];
    let (name, rest) = line.strip_prefix("\u{2014} ").and_then(|l| l.split_once(' ')).ok_or("no line of a signature")?;
    let key = key_of_origin(name).ok_or("the witness names no key")?;
    let bytes = B64.decode(rest).map_err(|_| "the signature is malformed")?;
    if bytes.len() != 76 || bytes[..4] != key_id(name, COSIGNED, &key) {
        return Err("no signature of a witness");
    }
    let time = u64::from_be_bytes(bytes[4..12].try_into().map_err(|_| "the signature is malformed")?);
    let signature = Signature::from_slice(&bytes[12..]).map_err(|_| "the signature is malformed")?;
    let fits = key.verify_strict(cosigned(body, time).as_bytes(), &signature).is_ok();
    if fits { Ok((name.to_owned(), time)) } else { Err("the signature does not fit the checkpoint") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_and_opens() {
        let signer = Signer::new(&[7; 32]);
        let text = signer.checkpoint(42, &[9; 32]);
        let (name, key) = parse_key(&signer.public_key()).unwrap();
        assert_eq!(name, signer.origin());
        assert_eq!(key_of_origin(signer.origin()).unwrap(), key);
        assert_eq!(open(&text, &key).unwrap(), Checkpoint { origin: name, size: 42, root: [9; 32] });
        assert_eq!(signer.checkpoint(42, &[9; 32]), text, "deterministic");
    }

    #[test]
    fn every_flipped_bit_is_found() {
        let signer = Signer::new(&[7; 32]);
        let (_, key) = parse_key(&signer.public_key()).unwrap();
        let good = signer.checkpoint(42, &[9; 32]).into_bytes();
        for i in 0..good.len() {
            for bit in 0..8 {
                let mut bad = good.clone();
                bad[i] ^= 1 << bit;
                if let Ok(text) = String::from_utf8(bad) {
                    assert!(open(&text, &key).is_err(), "byte {i} bit {bit}");
                }
            }
        }
    }

    #[test]
    fn a_witness_signs_the_body_and_the_time() {
        let (log, witness) = (Signer::new(&[7; 32]), Signer::new(&[8; 32]));
        let point = log.checkpoint(42, &[9; 32]);
        let body = &point[..=point.find("\n\n").unwrap()];
        let line = witness.cosign(body, 1_772_000_000);
        assert_eq!(open_cosignature(&point, &line), Ok((witness.origin().to_owned(), 1_772_000_000)));
        assert!(open_cosignature(&log.checkpoint(43, &[9; 32]), &line).is_err());
        let later = line.replace(witness.origin(), log.origin());
        assert!(open_cosignature(&point, &later).is_err());
        let note = log.note("one\ntwo\n");
        let key = key_of_origin(log.origin()).unwrap();
        assert_eq!(open_note(&note, log.origin(), &key), Ok("one\ntwo\n"));
        assert!(open_note(&note.replace("two", "too"), log.origin(), &key).is_err());
    }
}
