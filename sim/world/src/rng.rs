//! The generator of random numbers, and the only file of the library that names a crate for them.
//!
//! Random numbers only make the choices of a run. The choices are recorded in the trace, so the code that replays a
//! trace never needs this generator.

#[cfg(not(feature = "rng"))]
use absent::ChaCha8Rng;
#[cfg(feature = "rng")]
use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng as _, SeedableRng},
};

/// A generator of random numbers that gives the same numbers for the same seed, on every machine and in every release.
///
/// The generator is `ChaCha8`. It draws only integers, because results of floating point can depend on the machine.
#[derive(Clone, Debug)]
pub struct Rng(ChaCha8Rng);

impl Rng {
    /// Creates the generator of this seed.
    #[must_use]
    pub fn of_seed(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// Draws the next 64 random bits.
    #[inline]
    pub fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Draws a number below `limit`, or returns 0 if `limit` is 0.
    ///
    /// Some numbers are slightly more likely than others: by at most `limit` / 2^64, which does no harm in a
    /// simulation.
    pub fn below(&mut self, limit: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(limit)) >> 64) as u64
    }

    /// Draws a number from `low` to `high`, both included, or returns `low` if `high` is below it.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        let span = u64::try_from(i128::from(high) - i128::from(low)).unwrap_or(0);
        low.wrapping_add_unsigned(self.below(span.saturating_add(1)))
    }

    /// Returns true with a probability of `times` in a million.
    pub fn in_a_million(&mut self, times: u32) -> bool {
        self.below(1_000_000) < u64::from(times)
    }

    /// Draws an index into a list of `length` entries, or returns 0 if the list is empty.
    pub fn place(&mut self, length: usize) -> usize {
        self.below(length as u64) as usize
    }
}

/// The substitute for the generator in builds without the feature `rng`: creating one panics.
#[cfg(not(feature = "rng"))]
mod absent {
    use std::convert::Infallible;

    #[derive(Clone, Debug)]
    pub(super) struct ChaCha8Rng(Infallible);

    impl ChaCha8Rng {
        pub(super) fn seed_from_u64(_: u64) -> Self {
            panic!("cannot draw random numbers: this library was built without the feature `rng`")
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
