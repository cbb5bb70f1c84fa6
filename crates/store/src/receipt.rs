//! Receipts: what a person takes home, and how anyone checks it with nothing but the public key.
//!
//! A receipt discloses what the reporter said (`elements`), the leaf that commits to it, an RFC 6962 proof that the leaf
//! stands in the log, and the log's signed checkpoint. Its JSON form is fixed; unknown fields make it invalid.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as B64;
use ed25519_dalek::VerifyingKey;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::log::{Element, Logged, canonical};
use crate::note;
use crate::tree::{Hash, leaf_hash, verify_inclusion};

/// A receipt, in the order of its contract.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// Name of the log.
    pub origin: String,
    /// Position of the entry.
    pub index: u64,
    /// Size of the tree that the proof speaks of.
    pub size: u64,
    /// Canonical text of the leaf.
    pub leaf: String,
    /// What the reporter said: `[name, value, salt]`.
    pub elements: Vec<Element>,
    /// Audit path, base64, nearest sibling first.
    pub proof: Vec<String>,
    /// Signed checkpoint (C2SP).
    pub checkpoint: String,
    /// Signatures of witnesses on the same checkpoint.
    pub cosignatures: Vec<String>,
}

impl Receipt {
    /// Puts a receipt together.
    pub fn new(origin: &str, entry: Logged, size: u64, proof: &[Hash], checkpoint: String) -> Receipt {
        Receipt {
            origin: origin.to_owned(),
            index: entry.index,
            size,
            leaf: entry.leaf,
            elements: entry.elements,
            proof: proof.iter().map(|h| B64.encode(h)).collect(),
            checkpoint,
            cosignatures: Vec::new(),
        }
    }

    /// Everything that is wrong with it, in stable codes; empty means it proves its entry. With `key` the signature must
    /// be by that key, without by the key that the origin names.
    pub fn faults(&self, key: Option<&VerifyingKey>) -> Vec<&'static str> {
        let mut faults = Vec::new();
        let named = note::key_of_origin(&self.origin);
        match key.or(named.as_ref()) {
            None => faults.push("receipt-no-key"),
            Some(key) => match note::open(&self.checkpoint, key) {
                Err(_) => faults.push("receipt-signature"),
                Ok(point) => {
                    if point.origin != self.origin || point.size != self.size {
                        faults.push("receipt-checkpoint");
                    }
                    let proof: Option<Vec<Hash>> = self.proof.iter().map(|p| B64.decode(p).ok()?.try_into().ok()).collect();
                    let leaf = leaf_hash(self.leaf.as_bytes());
                    if !proof.is_some_and(|p| verify_inclusion(leaf, self.index, self.size, &p, &point.root)) {
                        faults.push("receipt-proof");
                    }
                }
            },
        }
        faults.extend(self.leaf_faults());
        if self.cosignatures.iter().any(|line| note::open_cosignature(&self.checkpoint, line).is_err()) {
            faults.push("receipt-cosignature");
        }
        faults
    }

    fn leaf_faults(&self) -> Vec<&'static str> {
        let Ok(leaf) = serde_json::from_str::<Json>(&self.leaf) else { return vec!["receipt-leaf"] };
        let mut faults = Vec::new();
        if canonical(&leaf).ok().as_deref() != Some(&self.leaf)
            || leaf["seq"].as_u64() != Some(self.index)
            || leaf["log"].as_str() != Some(&self.origin)
        {
            faults.push("receipt-leaf");
        }
        let digests: Vec<&str> = leaf["body"].as_array().into_iter().flatten().filter_map(Json::as_str).collect();
        if !self.elements.iter().all(|e| e.digest().is_some_and(|d| digests.contains(&d.as_str()))) {
            faults.push("receipt-elements");
        }
        faults
    }
}
