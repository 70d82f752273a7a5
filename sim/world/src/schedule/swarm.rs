//! The selection of faults for one run: each seed draws some kinds of fault, and how often each of them happens.
//!
//! A run in which everything goes wrong at once rarely gets far, and hides a bug that needs one fault often and no
//! other. So each run has only some kinds of fault, at rates of its own. The method is swarm testing (Groce and others,
//! 2012).

use super::nemesis::{Blow, Strike};
use super::network::{Latency, Link, Network};
use crate::rng::Rng;

/// The faults that can happen in one run, and how often each kind of them happens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Swarm {
    /// The behaviour of the network: how long messages take, and how many are lost, duplicated or late.
    pub network: Network,
    /// The faults of nodes, links and storage.
    pub strikes: Vec<Strike>,
}

impl Swarm {
    /// Creates a swarm without faults, in which messages take 1 to 10 milliseconds.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Draws the faults of a run from the kinds in `blows`, and the behaviour of its network.
    ///
    /// `faults` is the duration of the phase in which faults happen, in nanoseconds. The longer it is, the longer the
    /// drawn faults last, and the rarer they are.
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
