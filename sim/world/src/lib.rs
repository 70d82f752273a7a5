//! Deterministic simulation of several nodes, the messages between them, and everything that can go wrong with both.
//!
//! A simulation of a cluster takes these steps:
//!
//! 1. Implement [`Node`], a deterministic state machine that reacts to messages, timers and inputs. It puts everything
//!    that it wants done into [`Effects`].
//! 2. Implement [`Cluster`], which names the nodes, and gives their inputs and the [properties](WorldProperty) that
//!    must hold.
//! 3. Run it from a seed with [`simulate`]. The seed decides how long messages take and which faults strike
//!    ([`schedule`]). The result, [`Ended`], has the findings, and can be written as a trace.
//! 4. Run a trace again with [`replay`], or with [`tolerant`] if the trace was edited or the code has changed. Both
//!    work without the seed. [`replay_world`] and [`check_world`] report on a trace in a file, [`examine_world`]
//!    prepares it for the minimizer, and [`show_world`] shows its events.
//!
//! A [`System`](afresh_core::System) of keys and messages needs none of this: it runs as a ready-made service of three
//! nodes, an upstream, a host and a downstream, and needs only a [`Workload`]. The module [`explore`] runs systems and
//! clusters from many seeds.
#![forbid(unsafe_code)]

mod calm;
mod check;
mod counts;
pub mod explore;
mod field;
mod oracle;
mod reach;
mod recorded;
pub mod rng;
mod run;
pub mod schedule;
pub mod service;
mod timeline;
mod twice;
mod workload;
mod world;

pub use calm::with_calm_phase;
pub use check::{check_world, replay_world};
pub use field::change_field;
pub use oracle::examine_world;
/// The crate with the strategies that a [`Workload`] draws its messages from.
pub use proptest;
pub use run::{Cluster, Ended, Limits, NotAsRecorded, Posting, Replayed, replay, simulate, strict, tolerant};
pub use timeline::show_world;
pub use twice::{DETERMINISM, Nondeterminism, deterministic, first_difference};
pub use workload::{Workload, Workloads, envelopes};
pub use world::{
    Act, Assumption, Choice, Effects, Happened, HappenedKind, Impossible, Log, Node, NodeId, Pending, PendingId,
    Posted, Schedule, StorageError, UnderWay, Vocabulary, Void, World, WorldEvent, WorldProperty, WorldTrace,
    digest_of,
};
