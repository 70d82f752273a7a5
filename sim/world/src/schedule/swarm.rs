//! Which faults a run has, and how often: each seed draws its own.
//!
//! A run in which everything goes wrong at once seldom gets far enough to show anything, and hides what needs one fault often
//! and no other. So each run has some of the faults, at rates of its own: swarm testing, Groce and others, 2012.

use super::nemesis::{Blow, Strike};
use super::network::{Latency, Link, Network};
use crate::rng::Rng;

/// What can go wrong in a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Swarm {
    /// What can happen to messages.
    pub network: Network,
    /// What can happen to nodes, links and storage.
    pub strikes: Vec<Strike>,
}

impl Swarm {
    /// Nothing goes wrong but that messages take between 1 and 10 milliseconds.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Draws the faults of a run in which things go wrong for so many nanoseconds, from those of `blows`.
    pub fn draw(rng: &mut Rng, blows: &[Blow], faults: i64) -> Self {
        let mut share = |most: u32| if rng.below(2) == 0 { 0 } else { rng.below(u64::from(most)) as u32 };
        let (loss, duplication, delay) = (share(300_000), share(100_000), share(200_000));
        let min = rng.between(10_000, 2_000_000);
        let latency = match rng.below(3) {
            0 => Latency::Fixed(min),
            1 => Latency::Uniform { min, max: min + rng.between(1, 50_000_000) },
            _ => Latency::Tail { min, half: rng.between(1, 20_000_000) },
        };
        let mut strikes = Vec::new();
        for what in blows {
            if rng.below(3) == 0 {
                let every = rng.between(faults / 40, faults / 2);
                strikes.push(Strike { what: *what, every, lasting: rng.between(faults / 200, faults / 4) });
            }
        }
        Self { network: Network::of(Link { latency, loss, duplication, delay }), strikes }
    }
}
