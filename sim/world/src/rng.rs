//! The only file of the library that names a random-number crate.
//!
//! What is drawn here makes choices, and the choices are recorded: nothing that replays a trace has this in reach.

#[cfg(not(feature = "rng"))]
use absent::ChaCha8Rng;
#[cfg(feature = "rng")]
use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng as _, SeedableRng},
};

/// Numbers that are the same for the same seed, on every machine and for ever: `ChaCha8`, and integers alone.
#[derive(Clone, Debug)]
pub struct Rng(ChaCha8Rng);

impl Rng {
    /// The numbers of this seed.
    #[must_use]
    pub fn of_seed(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// The next 64 bits.
    #[inline]
    pub fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number below `limit`; 0 where that is 0. The bias, of `limit` in 2^64, does no harm here.
    pub fn below(&mut self, limit: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(limit)) >> 64) as u64
    }

    /// A number from `low` to `high`, both included; `low` where `high` is below it.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        let span = u64::try_from(i128::from(high) - i128::from(low)).unwrap_or(0);
        low.wrapping_add_unsigned(self.below(span.saturating_add(1)))
    }

    /// True so many times in a million.
    pub fn in_a_million(&mut self, times: u32) -> bool {
        self.below(1_000_000) < u64::from(times)
    }

    /// A place in a list of `length` entries; 0 where it is empty.
    pub fn place(&mut self, length: usize) -> usize {
        self.below(length as u64) as usize
    }
}

/// What is in the place of the generator where that is left out: there is none, and nothing can be drawn.
#[cfg(not(feature = "rng"))]
mod absent {
    use std::convert::Infallible;

    #[derive(Clone, Debug)]
    pub(super) struct ChaCha8Rng(Infallible);

    impl ChaCha8Rng {
        pub(super) fn seed_from_u64(_: u64) -> Self {
            panic!("this library was built without its generator of random numbers, the feature `rng`")
        }

        pub(super) fn next_u64(&mut self) -> u64 {
            match self.0 {}
        }
    }
}

#[cfg(all(test, feature = "rng"))]
mod tests {
    use super::*;

    #[test]
    fn a_seed_says_what_is_drawn_for_ever() {
        let mut rng = Rng::of_seed(7);
        assert_eq!([rng.bits(), rng.below(100), rng.place(0) as u64], [2_910_824_217_569_608_635, 16, 0]);
        assert_eq!((rng.between(3, 3), rng.between(5, 2)), (3, 5));
        assert!((0..100).all(|_| (-2..=2).contains(&rng.between(-2, 2))));
        assert_eq!((rng.in_a_million(0), rng.in_a_million(1_000_000)), (false, true));
        let extremes = rng.between(i64::MIN, i64::MAX);
        assert_ne!(extremes, rng.between(i64::MIN, i64::MAX));
    }
}
