//! Values about a person, at rest: sealed with that person's own key, which is wrapped by the node's key.
//!
//! What must stay true: no personal value lies in the database in clear, and destroying one row of `subject_key` makes
//! every value, salt and payload of that person unreadable, backups included. A sealed value is
//! `nonce (24) ‖ XChaCha20-Poly1305 ciphertext`; its associated data is the owner's id, so that a sealed value moved
//! to another person does not open.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

/// A secret key of 32 bytes. Has no `Debug` or `Display`, and is wiped by nothing but the end of the process.
#[derive(Clone)]
pub struct Secret([u8; 32]);

impl Secret {
    /// Takes 32 random bytes as a key.
    pub fn new(bytes: [u8; 32]) -> Secret {
        Secret(bytes)
    }

    /// A key for another purpose, derived from this one.
    pub fn derive(&self, purpose: &str) -> Secret {
        Secret(Sha256::new().chain_update(b"xiezhi derive\0").chain_update(self.0).chain_update(purpose).finalize().into())
    }

    /// HMAC-SHA-256 of a text, for codes that can be rebuilt but not guessed.
    pub fn digest(&self, text: &str) -> [u8; 32] {
        let mut mac = <Hmac<Sha256> as KeyInit>::new(&self.block());
        mac.update(text.as_bytes());
        mac.finalize().into_bytes().into()
    }

    /// The key padded to the block size of SHA-256, as HMAC wants it.
    fn block(&self) -> hmac::digest::Key<Hmac<Sha256>> {
        let mut block = hmac::digest::Key::<Hmac<Sha256>>::default();
        block[..32].copy_from_slice(&self.0);
        block
    }

    /// Seals bytes for an owner.
    pub fn seal(&self, owner: &str, plain: &[u8], nonce: [u8; 24]) -> Result<Vec<u8>> {
        let cipher = XChaCha20Poly1305::new(&Key::from(self.0));
        let sealed = cipher
            .encrypt(&XNonce::from(nonce), Payload { msg: plain, aad: owner.as_bytes() })
            .map_err(|_| Error::Corrupt("sealing failed".into()))?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// Opens what [`Secret::seal`] made for the same owner.
    pub fn open(&self, owner: &str, sealed: &[u8]) -> Result<Vec<u8>> {
        let damaged = || Error::Corrupt("a sealed value does not open".into());
        let (nonce, body) = sealed.split_first_chunk::<24>().ok_or_else(damaged)?;
        XChaCha20Poly1305::new(&Key::from(self.0))
            .decrypt(&XNonce::from(*nonce), Payload { msg: body, aad: owner.as_bytes() })
            .map_err(|_| damaged())
    }

    /// Reads this key as the key of one subject, wrapped by the node's key.
    pub(crate) fn unwrap_key(&self, owner: &str, wrapped: &[u8]) -> Result<Secret> {
        let raw = self.open(owner, wrapped)?;
        Ok(Secret(raw.try_into().map_err(|_| Error::Corrupt("a subject key has the wrong length".into()))?))
    }

    /// Wraps this (a subject's) key under the node's key.
    pub(crate) fn wrapped_by(&self, node: &Secret, owner: &str, nonce: [u8; 24]) -> Result<Vec<u8>> {
        node.seal(owner, &self.0, nonce)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_only_for_its_owner_and_whole() {
        let key = Secret::new([3; 32]);
        let sealed = key.seal("p1", "王秀英".as_bytes(), [1; 24]).unwrap();
        assert_eq!(key.open("p1", &sealed).unwrap(), "王秀英".as_bytes());
        assert!(key.open("p2", &sealed).is_err());
        for i in 0..sealed.len() {
            let mut bad = sealed.clone();
            bad[i] ^= 1;
            assert!(key.open("p1", &bad).is_err());
        }
        assert!(key.open("p1", &sealed[..10]).is_err());
    }
}
