//! Deterministic simulation: worlds of nodes, and what can go wrong with them.
//!
//! A [`Cluster`] says which [`Node`]s there are. [`simulate`] runs it from a seed; [`replay`] and [`tolerant`] run a trace.
//! A system runs in a world too, as a service between an upstream and receivers downstream. [`explore`] runs either from
//! many seeds.
#![forbid(unsafe_code)]

mod counts;
pub mod explore;
mod field;
mod oracle;
pub mod rng;
mod run;
pub mod schedule;
mod service;
mod timeline;
mod workload;
mod world;

pub use field::change_field;
pub use oracle::examine_world;
/// The crate whose strategies a [`Workload`] draws messages from.
pub use proptest;
pub use run::{
    Cluster, DETERMINISM, Difference, Ended, Limits, Nondeterminism, Posting, Replayed, deterministic,
    first_difference, replay, simulate, strict, tolerant,
};
pub use timeline::show_world;
pub use workload::{Workload, Workloads};
pub use world::{
    Act, Choice, Effects, Happened, HappenedKind, Impossible, Log, Node, NodeId, Pending, PendingId, Posted, Property,
    Schedule, StorageError, UnderWay, Vocabulary, World, WorldEvent, WorldTrace, digest_of,
};
