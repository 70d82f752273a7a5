//! Schedules: what decides what happens in a world, and when. One a file.
//!
//! | file | decides |
//! | --- | --- |
//! | `random.rs` | by numbers drawn from a seed, with faults of a [`Swarm`] |
//! | `aim.rs` | what happens to certain messages: "drop the next of these" |
//! | `calm.rs` | nothing: no fault, and every message after the same time |
//! | `replay.rs` | as a trace says |
//! | `told.rs` | as another, and tells each event before any node acts on it |

mod aim;
mod calm;
mod nemesis;
mod network;
mod queue;
mod random;
mod replay;
mod swarm;
mod told;

pub use aim::{Aim, Hit};
pub use calm::Calm;
pub use nemesis::{Blow, Strike};
pub use network::{Latency, Link, Network};
pub use random::Random;
pub use replay::{Replay, Unfit};
pub use swarm::Swarm;
pub(crate) use told::{Tell, Told};

pub use crate::world::{Act, ByHand, Choice, Schedule};
