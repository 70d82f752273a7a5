//! What goes wrong in a run, and how often: each seed draws its own subset of it (swarm testing, Groce et al., 2012).

use crate::rng::Rng;

/// A millisecond, in nanoseconds.
pub(super) const MS: i64 = 1_000_000;

/// What goes wrong in one run. What is 0 does not happen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Rates {
    /// How many messages in a million are lost, acknowledgements included.
    pub(super) lost: u32,
    /// How many in a million arrive twice.
    pub(super) doubled: u32,
    /// How long a message is on its way at most, in nanoseconds: what is sent within that time may overtake it.
    pub(super) latency_max: i64,
    /// How often the host crashes.
    pub(super) crashes: u32,
    /// How often a cache of the engine is damaged.
    pub(super) damages: u32,
    /// How often an operator turns a knob.
    pub(super) turns: u32,
}

impl Rates {
    /// No fault, and the shortest way.
    pub(super) const CALM: Self = Self { lost: 0, doubled: 0, latency_max: MS, crashes: 0, damages: 0, turns: 0 };

    /// What goes wrong in a run.
    pub(super) fn draw(rng: &mut Rng) -> Self {
        let mut drawn = |least: u32, most: u32| {
            let number = rng.between(least.into(), most.into()) as u32;
            if rng.below(2) == 0 { number } else { 0 }
        };
        let (lost, doubled) = (drawn(10_000, 400_000), drawn(10_000, 400_000));
        let (crashes, damages, turns) = (drawn(1, 4), drawn(1, 4), drawn(1, 6));
        let slow = drawn(2, 60);
        Self { lost, doubled, latency_max: MS * i64::from(slow.max(1)), crashes, damages, turns }
    }
}
