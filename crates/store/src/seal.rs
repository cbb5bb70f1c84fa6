//! Values about a person, at rest: sealed with that person's own key, which is wrapped by a key of his area, which follows
//! from the node's key.
//!
//! What must stay true: no personal value lies in the database in clear, and destroying one row of `subject_key` makes
//! every value, salt and payload of that person unreadable, backups included. A sealed value is `nonce ‖ ciphertext`
//! under the suite of its key; its associated data is the owner's id, so that a sealed value moved to another person does
//! not open. Which suite a key has is written beside it, so a node may change its suite and still read what it wrote.

use aes_gcm::aes::cipher::consts::U12;
use aes_gcm::{Aes256Gcm, AesGcm};
use chacha20poly1305::XChaCha20Poly1305;
use chacha20poly1305::aead::{Aead, KeyInit, Nonce, Payload};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use sm4::Sm4;

use crate::error::{Error, Result};

type Sm4Gcm = AesGcm<Sm4, U12>;

/// How values are sealed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Suite {
    /// XChaCha20-Poly1305, nonces of 24 bytes.
    #[default]
    XChaCha20Poly1305,
    /// AES-256-GCM, nonces of 12 bytes.
    Aes256Gcm,
    /// SM4-GCM (GB/T 32907-2016), keys of 16 and nonces of 12 bytes.
    Sm4Gcm,
}

impl Suite {
    /// All of them, by their names in the settings; what a key is marked with is the place in this list.
    pub const ALL: [(&str, Suite); 3] =
        [("xchacha20-poly1305", Suite::XChaCha20Poly1305), ("aes-256-gcm", Suite::Aes256Gcm), ("sm4-gcm", Suite::Sm4Gcm)];

    /// The suite of a name.
    pub fn parse(name: &str) -> Option<Suite> {
        Suite::ALL.iter().find(|(n, _)| *n == name).map(|(_, s)| *s)
    }

    fn byte(self) -> u8 {
        self as u8
    }

    fn nonce(self) -> usize {
        if self == Suite::XChaCha20Poly1305 { 24 } else { 12 }
    }
}

/// A secret key of 32 bytes. Has no `Debug` or `Display`, and is wiped by nothing but the end of the process.
#[derive(Clone)]
pub struct Secret {
    key: [u8; 32],
    suite: Suite,
}

/// Length of a wrapped key as it was before keys had suites and areas.
const OLD: usize = 24 + 32 + 16;
/// Mark of the present form.
const FORM: u8 = 1;

impl Secret {
    /// Takes 32 random bytes as a key.
    pub fn new(bytes: [u8; 32]) -> Secret {
        Secret { key: bytes, suite: Suite::default() }
    }

    /// The same key for another suite.
    pub fn with(mut self, suite: Suite) -> Secret {
        self.suite = suite;
        self
    }

    /// A key for another purpose, derived from this one.
    pub fn derive(&self, purpose: &str) -> Secret {
        let key = Sha256::new().chain_update(b"xiezhi derive\0").chain_update(self.key).chain_update(purpose).finalize().into();
        Secret { key, suite: self.suite }
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
        block[..32].copy_from_slice(&self.key);
        block
    }

    /// Seals bytes for an owner; a suite with shorter nonces takes the first bytes of this one.
    pub fn seal(&self, owner: &str, plain: &[u8], nonce: [u8; 24]) -> Result<Vec<u8>> {
        let nonce = &nonce[..self.suite.nonce()];
        let payload = Payload { msg: plain, aad: owner.as_bytes() };
        let sealed = match self.suite {
            Suite::XChaCha20Poly1305 => encrypt::<XChaCha20Poly1305>(&self.key, nonce, payload),
            Suite::Aes256Gcm => encrypt::<Aes256Gcm>(&self.key, nonce, payload),
            Suite::Sm4Gcm => encrypt::<Sm4Gcm>(&self.key[..16], nonce, payload),
        };
        Ok([nonce, &sealed.ok_or_else(|| Error::Corrupt("sealing failed".into()))?].concat())
    }

    /// Opens what [`Secret::seal`] made for the same owner.
    pub fn open(&self, owner: &str, sealed: &[u8]) -> Result<Vec<u8>> {
        let damaged = || Error::Corrupt("a sealed value does not open".into());
        let (nonce, msg) = sealed.split_at_checked(self.suite.nonce()).ok_or_else(damaged)?;
        let payload = Payload { msg, aad: owner.as_bytes() };
        let opened = match self.suite {
            Suite::XChaCha20Poly1305 => decrypt::<XChaCha20Poly1305>(&self.key, nonce, payload),
            Suite::Aes256Gcm => decrypt::<Aes256Gcm>(&self.key, nonce, payload),
            Suite::Sm4Gcm => decrypt::<Sm4Gcm>(&self.key[..16], nonce, payload),
        };
        opened.ok_or_else(damaged)
    }

    /// The key that wraps the keys of an area's subjects.
    fn of_area(&self, area: &str, suite: Suite) -> Secret {
        self.derive(&format!("area\0{area}")).with(suite)
    }

    /// Reads a subject's key, wrapped by the key of an area.
    pub(crate) fn unwrap_key(&self, owner: &str, wrapped: &[u8]) -> Result<Secret> {
        let damaged = || Error::Corrupt("a subject key cannot be read".into());
        let (raw, suite) = if wrapped.len() == OLD {
            (self.open(owner, wrapped)?, Suite::default())
        } else {
            let (head, rest) = wrapped.split_first_chunk::<3>().ok_or_else(damaged)?;
            let [FORM, suite, length] = *head else { return Err(damaged()) };
            let suite = Suite::ALL.iter().map(|(_, s)| *s).find(|s| s.byte() == suite).ok_or_else(damaged)?;
            let (area, sealed) = rest.split_at_checked(length.into()).ok_or_else(damaged)?;
            let area = std::str::from_utf8(area).map_err(|_| damaged())?;
            (self.of_area(area, suite).open(owner, sealed)?, suite)
        };
        let key = raw.try_into().map_err(|_| Error::Corrupt("a subject key has the wrong length".into()))?;
        Ok(Secret { key, suite })
    }

    /// Wraps this (a subject's) key under the key of an area; empty for what belongs to none.
    pub(crate) fn wrapped_by(&self, node: &Secret, area: &str, owner: &str, nonce: [u8; 24]) -> Result<Vec<u8>> {
        let sealed = node.of_area(area, self.suite).seal(owner, &self.key, nonce)?;
        let length = u8::try_from(area.len()).map_err(|_| Error::Shape("the id of an area is too long".into()))?;
        let out = [&[FORM, self.suite.byte(), length], area.as_bytes(), &sealed].concat();
        if out.len() == OLD { Err(Error::Shape("the id of an area has an unlucky length".into())) } else { Ok(out) }
    }
}

fn encrypt<C: Aead + KeyInit>(key: &[u8], nonce: &[u8], payload: Payload) -> Option<Vec<u8>> {
    C::new_from_slice(key).ok()?.encrypt(&Nonce::<C>::try_from(nonce).ok()?, payload).ok()
}

fn decrypt<C: Aead + KeyInit>(key: &[u8], nonce: &[u8], payload: Payload) -> Option<Vec<u8>> {
    C::new_from_slice(key).ok()?.decrypt(&Nonce::<C>::try_from(nonce).ok()?, payload).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_only_for_its_owner_and_whole() {
        for (_, suite) in Suite::ALL {
            opens(Secret::new([3; 32]).with(suite));
        }
    }

    fn opens(key: Secret) {
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

    #[test]
    fn a_key_knows_its_suite_and_its_area() {
        let node = Secret::new([7; 32]);
        for (_, suite) in Suite::ALL {
            let key = Secret::new([3; 32]).with(suite);
            let area = "019cb692-cd00-78aa-8c54-36b9f2aa3899";
            let wrapped = key.wrapped_by(&node, area, "p1", [1; 24]).unwrap();
            let sealed = key.seal("p1", b"x", [2; 24]).unwrap();
            assert_eq!(node.unwrap_key("p1", &wrapped).unwrap().open("p1", &sealed).unwrap(), b"x");
            assert!(node.unwrap_key("p2", &wrapped).is_err());
            let mut elsewhere = wrapped.clone();
            elsewhere[4] = b'f';
            assert!(node.unwrap_key("p1", &elsewhere).is_err(), "another area, another key");
        }
        // As it was before keys had suites.
        let old = node.seal("p1", &[3; 32], [1; 24]).unwrap();
        let sealed = Secret::new([3; 32]).seal("p1", b"x", [2; 24]).unwrap();
        assert_eq!(node.unwrap_key("p1", &old).unwrap().open("p1", &sealed).unwrap(), b"x");
    }

    /// GB/T 32907 names the cipher; GCM is that of NIST SP 800-38D. RFC 8998, appendix A.1.
    #[test]
    fn sm4_gcm_is_that_of_rfc_8998() {
        let hex = |s: &str| (0..s.len() / 2).map(|i| u8::from_str_radix(&s[2 * i..2 * i + 2], 16).unwrap()).collect::<Vec<u8>>();
        let (key, nonce) = (hex("0123456789abcdeffedcba9876543210"), hex("00001234567800000000abcd"));
        let aad = hex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
        let plain = hex(
            "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccddddddddddddddddeeeeeeeeeeeeeeeeffffffffffffffffeeeeeeeeeeeeeeeeaaaaaaaaaaaaaaaa",
        );
        let sealed = encrypt::<Sm4Gcm>(&key, &nonce, Payload { msg: &plain, aad: &aad }).unwrap();
        let right = "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d83de3541e4c2b58177e065a9bf7b62ec";
        assert_eq!(sealed, hex(right));
    }
}
