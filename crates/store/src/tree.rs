//! The Merkle tree of RFC 6962 over the log, SHA-256, as pure functions.
//!
//! What must stay true: a node (level, index) covers the leaves `index·2^level .. (index+1)·2^level` and, once
//! complete, never changes. The hash of any range and every proof are combinations of complete nodes, so whoever can
//! look up complete nodes ([`Nodes`]) can prove anything about the log.

use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

/// A SHA-256 value.
pub type Hash = [u8; 32];

/// Looks up complete nodes of the tree.
pub trait Nodes {
    /// The hash of the complete node, which must exist in the tree the caller speaks about.
    fn node(&mut self, level: u32, index: u64) -> Result<Hash>;
}

/// Hash of a leaf: `SHA-256(0x00 ‖ text)`.
pub fn leaf_hash(text: &[u8]) -> Hash {
    Sha256::new().chain_update([0u8]).chain_update(text).finalize().into()
}

/// Hash of an inner node: `SHA-256(0x01 ‖ left ‖ right)`.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1u8]).chain_update(left).chain_update(right).finalize().into()
}

/// The right edge of a tree: its maximal complete nodes, largest first. All that is needed to append.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Edge {
    /// Number of leaves.
    pub size: u64,
    hashes: Vec<Hash>,
}

impl Edge {
    /// Restores an edge from [`Edge::bytes`].
    pub fn from_bytes(size: u64, bytes: &[u8]) -> Result<Edge> {
        let hashes: Vec<Hash> = bytes.chunks_exact(32).filter_map(|c| c.try_into().ok()).collect();
        if !bytes.len().is_multiple_of(32) || hashes.len() as u32 != size.count_ones() {
            return Err(Error::Corrupt(format!("the edge of a tree of {size} leaves has {} bytes", bytes.len())));
        }
        Ok(Edge { size, hashes })
    }

    /// The hashes one after the other, 32 bytes each.
    pub fn bytes(&self) -> Vec<u8> {
        self.hashes.concat()
    }

    /// The complete nodes of the edge as (level, index, hash).
    pub fn nodes(&self) -> impl Iterator<Item = (u32, u64, Hash)> + '_ {
        let mut covered = 0u64;
        let mut bits = (0..64).rev().filter(|b| self.size >> b & 1 == 1);
        self.hashes.iter().map_while(move |h| {
            let level = bits.next()?;
            let index = covered >> level;
            covered += 1 << level;
            Some((level, index, *h))
        })
    }

    /// Appends a leaf hash; `completed` hears of every node that became complete, the leaf itself included.
    pub fn push(&mut self, leaf: Hash, mut completed: impl FnMut(u32, u64, Hash)) {
        let mut hash = leaf;
        let mut level = 0;
        completed(0, self.size, hash);
        while self.size >> level & 1 == 1 {
            if let Some(left) = self.hashes.pop() {
                hash = node_hash(&left, &hash);
            }
            level += 1;
            completed(level, self.size >> level, hash);
        }
        self.hashes.push(hash);
        self.size += 1;
    }

    /// Appends a complete node that covers 2^`level` leaves, of which only the hash is known. False, and nothing is appended,
    /// when no such node can stand there.
    pub fn skip(&mut self, level: u32, hash: Hash) -> bool {
        if level >= 63 || !self.size.is_multiple_of(1 << level) {
            return false;
        }
        let (mut hash, mut level) = (hash, level);
        let added = 1u64 << level;
        while self.size >> level & 1 == 1 {
            if let Some(left) = self.hashes.pop() {
                hash = node_hash(&left, &hash);
            }
            level += 1;
        }
        self.hashes.push(hash);
        self.size += added;
        true
    }

    /// The root: of an empty tree the hash of nothing, as RFC 6962 has it.
    pub fn root(&self) -> Hash {
        let mut hashes = self.hashes.iter().rev();
        let Some(mut root) = hashes.next().copied() else { return Sha256::digest([]).into() };
        for left in hashes {
            root = node_hash(left, &root);
        }
        root
    }
}

/// Largest power of two below `n` (n ≥ 2).
fn split(n: u64) -> u64 {
    1 << (63 - (n - 1).leading_zeros())
}

/// Hash of the leaves `lo..hi`, where the range is one that RFC 6962 can ask for.
fn range(nodes: &mut dyn Nodes, lo: u64, hi: u64) -> Result<Hash> {
    let n = hi - lo;
    if n.is_power_of_two() && lo.is_multiple_of(n) {
        return nodes.node(n.trailing_zeros(), lo / n);
    }
    let k = split(n);
    Ok(node_hash(&range(nodes, lo, lo + k)?, &range(nodes, lo + k, hi)?))
}

/// The fewest complete nodes that cover the leaves `lo..hi`, from left to right, as (level, index): at most 126.
pub fn cover(lo: u64, hi: u64) -> Vec<(u32, u64)> {
    let (mut at, mut out) = (lo, Vec::new());
    while at < hi {
        let level = at.trailing_zeros().min(63 - (hi - at).leading_zeros());
        out.push((level, at >> level));
        at += 1 << level;
    }
    out
}

/// Root of the first `size` leaves.
pub fn root_at(nodes: &mut dyn Nodes, size: u64) -> Result<Hash> {
    if size == 0 { Ok(Sha256::digest([]).into()) } else { range(nodes, 0, size) }
}

/// RFC 6962 audit path of the leaf `index` in the tree of `size` leaves, nearest sibling first. At most 63 hashes.
pub fn inclusion(nodes: &mut dyn Nodes, index: u64, size: u64) -> Result<Vec<Hash>> {
    fn path(nodes: &mut dyn Nodes, m: u64, lo: u64, hi: u64, out: &mut Vec<Hash>) -> Result<()> {
        if hi - lo <= 1 {
            return Ok(());
        }
        let k = split(hi - lo);
        if m < lo + k {
            path(nodes, m, lo, lo + k, out)?;
            out.push(range(nodes, lo + k, hi)?);
        } else {
            path(nodes, m, lo + k, hi, out)?;
            out.push(range(nodes, lo, lo + k)?);
        }
        Ok(())
    }
    let mut out = Vec::new();
    path(nodes, index, 0, size, &mut out)?;
    Ok(out)
}

/// RFC 6962 consistency proof between the trees of `from` and `to` leaves (0 < from ≤ to).
pub fn consistency(nodes: &mut dyn Nodes, from: u64, to: u64) -> Result<Vec<Hash>> {
    fn sub(nodes: &mut dyn Nodes, m: u64, lo: u64, hi: u64, whole: bool, out: &mut Vec<Hash>) -> Result<()> {
        if m == hi - lo {
            if !whole {
                out.push(range(nodes, lo, hi)?);
            }
            return Ok(());
        }
        let k = split(hi - lo);
        if m <= k {
            sub(nodes, m, lo, lo + k, whole, out)?;
            out.push(range(nodes, lo + k, hi)?);
        } else {
            sub(nodes, m - k, lo + k, hi, false, out)?;
            out.push(range(nodes, lo, lo + k)?);
        }
        Ok(())
    }
    let mut out = Vec::new();
    if from > 0 && from < to {
        sub(nodes, from, 0, to, true, &mut out)?;
    }
    Ok(out)
}

/// Checks an audit path (RFC 9162, 2.1.3.2): true when `leaf` at `index` leads to `root` in a tree of `size` leaves.
pub fn verify_inclusion(leaf: Hash, index: u64, size: u64, proof: &[Hash], root: &Hash) -> bool {
    if index >= size {
        return false;
    }
    let (mut fnode, mut snode, mut hash) = (index, size - 1, leaf);
    for p in proof {
        if snode == 0 {
            return false;
        }
        if fnode & 1 == 1 || fnode == snode {
            hash = node_hash(p, &hash);
            while fnode & 1 == 0 && fnode != 0 {
                fnode >>= 1;
                snode >>= 1;
            }
        } else {
            hash = node_hash(&hash, p);
        }
        fnode >>= 1;
        snode >>= 1;
    }
    snode == 0 && hash == *root
}

/// Checks a consistency proof (RFC 9162, 2.1.4.2): true when the tree of `from` leaves is a prefix of that of `to`.
pub fn verify_consistency(from: u64, to: u64, old: &Hash, new: &Hash, proof: &[Hash]) -> bool {
    if from == to {
        return proof.is_empty() && old == new;
    }
    if from == 0 || from > to {
        return false;
    }
    let mut path = proof.to_vec();
    if from.is_power_of_two() {
        path.insert(0, *old);
    }
    let (mut fnode, mut snode) = (from - 1, to - 1);
    while fnode & 1 == 1 {
        fnode >>= 1;
        snode >>= 1;
    }
    let Some((first, rest)) = path.split_first() else { return false };
    let (mut fr, mut sr) = (*first, *first);
    for c in rest {
        if snode == 0 {
            return false;
        }
        if fnode & 1 == 1 || fnode == snode {
            fr = node_hash(c, &fr);
            sr = node_hash(c, &sr);
            while fnode & 1 == 0 && fnode != 0 {
                fnode >>= 1;
                snode >>= 1;
            }
        } else {
            sr = node_hash(&sr, c);
        }
        fnode >>= 1;
        snode >>= 1;
    }
    snode == 0 && fr == *old && sr == *new
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    #[derive(Default)]
    struct Map(HashMap<(u32, u64), Hash>);
    impl Nodes for Map {
        fn node(&mut self, level: u32, index: u64) -> Result<Hash> {
            Ok(self.0[&(level, index)])
        }
    }

    fn tree(n: u64) -> (Map, Edge, Vec<Hash>) {
        let (mut map, mut edge, mut leaves) = (Map::default(), Edge::default(), Vec::new());
        for i in 0..n {
            let leaf = leaf_hash(&i.to_be_bytes());
            leaves.push(leaf);
            edge.push(leaf, |l, i, h| {
                map.0.insert((l, i), h);
            });
        }
        (map, edge, leaves)
    }

    /// The definition of RFC 6962, 2.1, word for word: the oracle.
    fn mth(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => Sha256::digest([]).into(),
            [one] => *one,
            many => {
                let k = split(many.len() as u64) as usize;
                node_hash(&mth(&many[..k]), &mth(&many[k..]))
            }
        }
    }

    #[test]
    fn known_roots_of_rfc6962() {
        // Test vectors of the Certificate Transparency project: eight leaves.
        let leaves: [&[u8]; 3] = [b"", b"\x00", b"\x10"];
        let mut edge = Edge::default();
        for l in leaves {
            edge.push(leaf_hash(l), |_, _, _| {});
        }
        let hex = crate::hex(edge.root());
        assert_eq!(hex, "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77");
    }

    #[test]
    fn edge_survives_bytes() {
        for n in 0..70 {
            let (_, edge, leaves) = tree(n);
            assert_eq!(edge.root(), mth(&leaves));
            assert_eq!(Edge::from_bytes(n, &edge.bytes()).unwrap(), edge);
        }
        assert!(Edge::from_bytes(3, &[0; 32]).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn stretches_that_are_skipped_lead_to_the_same_root(size in 1u64..300, marks in proptest::collection::vec(any::<bool>(), 300)) {
            let (map, whole, leaves) = tree(size);
            let (mut edge, mut at) = (Edge::default(), 0);
            for seen in (0..size).filter(|i| marks[*i as usize]).chain([size]) {
                for (level, index) in cover(at, seen) {
                    prop_assert!(edge.skip(level, map.0[&(level, index)]));
                }
                if seen < size {
                    edge.push(leaves[seen as usize], |_, _, _| {});
                }
                at = seen + 1;
            }
            prop_assert_eq!(&edge, &whole);
            // A node that covers more than may stand there is refused.
            let level = edge.size.trailing_zeros() + 1;
            prop_assert!(!edge.skip(level, [0; 32]));
            prop_assert_eq!(edge, whole);
        }

        #[test]
        fn proofs_hold_and_break(size in 1u64..300, a in 0u64..300, flip in 0usize..2000) {
            let (mut map, edge, leaves) = tree(size);
            let index = a % size;
            let root = edge.root();
            let mut proof = inclusion(&mut map, index, size).unwrap();
            let leaf = leaves[index as usize];
            prop_assert!(verify_inclusion(leaf, index, size, &proof, &root));
            prop_assert!(!verify_inclusion(leaf, (index + 1) % (size + 1), size, &proof, &root) || size == 1 && index == 0 && proof.is_empty());
            if !proof.is_empty() {
                let n = proof.len();
                proof[flip % n][flip % 32] ^= 1 << (flip % 8);
                prop_assert!(!verify_inclusion(leaf, index, size, &proof, &root));
            }
            let from = 1 + a % size;
            let old = mth(&leaves[..from as usize]);
            let mut c = consistency(&mut map, from, size).unwrap();
            prop_assert!(verify_consistency(from, size, &old, &root, &c));
            prop_assert_eq!(root_at(&mut map, from).unwrap(), old);
            if !c.is_empty() {
                let n = c.len();
                c[flip % n][flip % 32] ^= 1;
                prop_assert!(!verify_consistency(from, size, &old, &root, &c));
            }
        }
    }
}
