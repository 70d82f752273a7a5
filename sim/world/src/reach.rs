//! The networks that a cluster can have, as far as samples of its swarm show.

use afresh_check::guard::guard;

#[cfg(feature = "rng")]
use crate::rng::Rng;
use crate::run::Cluster;
use crate::schedule::{Network, Reach};

/// The number of swarms that are drawn.
#[cfg(feature = "rng")]
const SAMPLES: u64 = 64;

/// Draws networks of `cluster`, and the one of the run in which the trace with this `source` was simulated.
///
/// If the cluster aims faults at messages, and in a build without random numbers, anything can happen.
pub(crate) fn reach_of<C: Cluster>(cluster: &C, source: &str) -> Reach {
    let mut networks = Vec::new();
    // A panic of the cluster is a finding of the run itself.
    let drawn = guard(&mut || networks = if cluster.aims().is_empty() { drawn(cluster, source) } else { Vec::new() });
    drawn.map_or_else(|_| Reach::default(), |()| Reach::new(networks))
}

#[cfg(feature = "rng")]
fn drawn<C: Cluster>(cluster: &C, source: &str) -> Vec<Network> {
    let mut networks: Vec<_> = (0..SAMPLES).map(|seed| cluster.swarm(&mut Rng::of_seed(seed)).network).collect();
    let seed = source.strip_prefix("simulated, seed ").and_then(|seed| seed.parse().ok());
    if let Some(mut rng) = seed.map(Rng::of_seed) {
        // A run draws its workload before its swarm.
        cluster.workload(&mut rng);
        networks.push(cluster.swarm(&mut rng).network);
    }
    networks
}

#[cfg(not(feature = "rng"))]
fn drawn<C: Cluster>(_: &C, _: &str) -> Vec<Network> {
    Vec::new()
}
