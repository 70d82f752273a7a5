//! Schedules: the policies that decide which event happens next in a world, and when.
//!
//! | schedule | chooses events |
//! | --- | --- |
//! | [`Random`] | by random numbers from a seed, with the faults of a [`Swarm`] |
//! | [`Calm`] | without faults, and with the same latency for every message |
//! | [`Replay`] | as a trace says |
//! | `Told` | as another schedule does, and reports each event before any node handles it |
//! | [`ByHand`] | never, because a test calls the world itself |
//!
//! A random schedule can also have an [`Aim`], which hits particular messages: "drop the next of these".

mod aim;
mod calm;
mod law;
mod nemesis;
mod network;
mod queue;
mod random;
mod replay;
mod swarm;
mod told;

pub use aim::{Aim, Hit};
pub use calm::Calm;
pub(crate) use law::{Law, Reach};
pub use nemesis::{Blow, Strike};
pub use network::{Latency, Link, Network};
pub use random::Random;
pub use replay::{Replay, Unfit};
pub use swarm::Swarm;
pub(crate) use told::{Tell, Told};

pub use crate::world::{Act, ByHand, Choice, Schedule};
