//! A hash index from names to numbers.

use alloc::vec;
use alloc::vec::Vec;

/// Finds numbered entries by what they are named; it holds the numbers alone, and never lists them.
///
/// Open addressing with linear probing. It exists because the core has no standard library: a map with a fixed hash
/// whose order nobody can see keeps every result independent of hash order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Index {
    /// Entry numbers plus one; zero is a free place. The length is zero or a power of two.
    places: Vec<u32>,
    used: usize,
}

impl Index {
    /// The entry for which `matches` holds among those whose name hashes to `hash`.
    pub(crate) fn find(&self, hash: u64, mut matches: impl FnMut(u32) -> bool) -> Option<u32> {
        if self.places.is_empty() {
            return None;
        }
        let mask = self.places.len() - 1;
        let mut place = hash as usize & mask;
        while let Some(entry) = self.places[place].checked_sub(1) {
            if matches(entry) {
                return Some(entry);
            }
            place = (place + 1) & mask;
        }
        None
    }

    /// Adds `entry`, which must not be there. `rehash` gives the hash of the name of an entry that is there.
    pub(crate) fn insert(&mut self, hash: u64, entry: u32, rehash: impl Fn(u32) -> u64) {
        if (self.used + 1) * 8 > self.places.len() * 7 {
            let size = (self.places.len() * 2).max(8);
            let old = core::mem::replace(&mut self.places, vec![0; size]);
            for entry in old.into_iter().filter_map(|place| place.checked_sub(1)) {
                self.put(rehash(entry), entry);
            }
        }
        self.put(hash, entry);
        self.used += 1;
    }

    fn put(&mut self, hash: u64, entry: u32) {
        let mask = self.places.len() - 1;
        let mut place = hash as usize & mask;
        while self.places[place] != 0 {
            place = (place + 1) & mask;
        }
        self.places[place] = entry.checked_add(1).expect("fewer than 2^32 entries");
    }
}

/// A hash of `parts`, the same on every machine: FxHash over 8-byte words, with the finish of MurmurHash3.
pub(crate) fn hash(parts: &[&[u8]]) -> u64 {
    let mut state = 0_u64;
    let mut add = |word: u64| state = (state.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
    for part in parts {
        let (words, rest) = part.as_chunks::<8>();
        for word in words {
            add(u64::from_le_bytes(*word));
        }
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        add(u64::from_le_bytes(last));
        add(part.len() as u64);
    }
    state = (state ^ (state >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    state ^ (state >> 33)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_is_found_and_no_other() {
        let of = |n: u32| hash(&[&n.to_le_bytes()]);
        let mut index = Index::default();
        for n in 0..1000 {
            assert_eq!(index.find(of(n), |entry| entry == n), None);
            index.insert(of(n), n, of);
        }
        for n in 0..1000 {
            assert_eq!(index.find(of(n), |entry| entry == n), Some(n));
        }
    }
}
