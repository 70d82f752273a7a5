//! A hash index from names to numbers.

use alloc::vec;
use alloc::vec::Vec;
use core::hint::black_box;

use crate::name::Name;

/// Finds numbered entries by what they are named; it holds numbers and parts of hashes alone, and never lists them.
///
/// Open addressing with linear probing. It exists because the core has no standard library: a map with a fixed hash
/// whose order nobody can see keeps every result independent of hash order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Index {
    /// The length is zero or a power of two.
    places: Vec<Place>,
    used: usize,
}

#[derive(Clone, Copy, Debug, Default)]
struct Place {
    /// Half of the hash: it says where to begin to look, and spares a look at most entries of another name.
    tag: u32,
    /// The number of the entry plus one; zero is a free place.
    entry: u32,
}

impl Index {
    /// The entry for which `matches` holds among those whose name hashes to `hash`.
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

    /// Reads where a search for this hash begins, so that it is near.
    #[inline]
    pub(crate) fn touch(&self, hash: u64) {
        if let Some(mask) = self.places.len().checked_sub(1) {
            black_box(self.places[tag(hash) as usize & mask]);
        }
    }

    /// Adds `entry`, which must not be there.
    pub(crate) fn insert(&mut self, hash: u64, entry: u32) {
        // Beyond this load a search for what is not there takes too many steps, short as each is.
        if (self.used + 1) * 8 > self.places.len() * 7 {
            let size = (self.places.len() * 2).max(16);
            let old = core::mem::replace(&mut self.places, vec![Place::default(); size]);
            old.into_iter().filter(|place| place.entry != 0).for_each(|place| self.put(place));
        }
        self.put(Place { tag: tag(hash), entry: entry.checked_add(1).expect("fewer than 2^32 entries") });
        self.used += 1;
    }

    fn put(&mut self, place: Place) {
        let mask = self.places.len() - 1;
        let mut at = place.tag as usize & mask;
        while self.places[at].entry != 0 {
            at = (at + 1) & mask;
        }
        self.places[at] = place;
    }
}

fn tag(hash: u64) -> u32 {
    (hash >> 32) as u32
}

/// A hash of `names`, the same on every machine: FxHash over 8-byte words, with the finish of MurmurHash3.
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
