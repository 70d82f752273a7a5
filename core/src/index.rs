//! A hash index from names to entry numbers.

use alloc::vec;
use alloc::vec::Vec;
use core::hint::black_box;

use crate::name::Name;

/// A hash index that finds the numbers of entries by name. It stores only the numbers and parts of the hashes.
///
/// Open addressing with linear probing. It exists because the core has no standard library, and so no `HashMap`. The
/// hash is fixed and the index cannot be iterated, so no result can depend on the order of hashes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Index {
    /// The table, whose length is zero or a power of two.
    places: Vec<Place>,
    used: usize,
}

#[derive(Clone, Copy, Debug, Default)]
struct Place {
    /// The upper half of the hash. It says where a search begins, and rules out most entries with another name.
    tag: u32,
    /// The number of the entry plus one. Zero marks a free place.
    entry: u32,
}

impl Index {
    /// Finds the entry for which `matches` holds, among those whose names have this hash.
    #[inline]
    pub(crate) fn find(&self, hash: u64, mut matches: impl FnMut(u32) -> bool) -> Option<u32> {
        let mask = self.places.len().checked_sub(1)?;
        let tag = tag(hash);
        let mut at = tag as usize & mask;
        loop {
            let place = self.places[at];
            let entry = place.entry.checked_sub(1)?;
            if place.tag == tag && matches(entry) {
                return Some(entry);
            }
            at = (at + 1) & mask;
        }
    }

    /// Prefetches the place where a search for this hash begins.
    #[inline]
    pub(crate) fn touch(&self, hash: u64) {
        if let Some(mask) = self.places.len().checked_sub(1) {
            black_box(self.places[tag(hash) as usize & mask]);
        }
    }

    /// Adds `entry`, which must not be in the index yet.
    pub(crate) fn insert(&mut self, hash: u64, entry: u32) {
        // Above a load of 7/8, searches for absent names take too many steps.
        if (self.used + 1) * 8 > self.places.len() * 7 {
            let size = (self.places.len() * 2).max(16);
            let old = core::mem::replace(&mut self.places, vec![Place::default(); size]);
            old.into_iter().filter(|place| place.entry != 0).for_each(|place| self.put(place));
        }
        self.put(Place { tag: tag(hash), entry: entry.checked_add(1).expect("fewer than 2^32 entries") });
        self.used += 1;
    }

    /// Writes to the first free place at or after the one where its search begins.
    fn put(&mut self, place: Place) {
        let mask = self.places.len() - 1;
        let mut at = place.tag as usize & mask;
        while self.places[at].entry != 0 {
            at = (at + 1) & mask;
        }
        self.places[at] = place;
    }
}

/// The upper half of a hash.
fn tag(hash: u64) -> u32 {
    (hash >> 32) as u32
}

/// Computes a hash of `names` that is the same on every machine: FxHash over 8-byte words, finished as in MurmurHash3.
#[inline]
pub(crate) fn hash<const N: usize>(names: [&Name; N]) -> u64 {
    let mut state = 0_u64;
    for name in names {
        name.hash_into(|word| state = (state.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95));
    }
    state = (state ^ (state >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    state ^ (state >> 33)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_is_found_and_no_other() {
        let of = |n: u32| hash([&Name::from(alloc::format!("a long name, then a number: {n}"))]);
        let mut index = Index::default();
        for n in 0..1000 {
            assert_eq!(index.find(of(n), |entry| entry == n), None);
            index.insert(of(n), n);
        }
        for n in 0..1000 {
            assert_eq!(index.find(of(n), |entry| entry == n), Some(n));
        }
    }
}
