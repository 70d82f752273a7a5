//! A core that is not ours in a world: the `raft` crate of TiKV, a host of it, and what must hold of a group of them.
//!
//! The host is small: it keeps the log and the hard state durable, sends what raft wants sent, and applies what is committed.
//! [`Mistake`] has what such hosts get wrong.

mod cluster;
mod host;
mod properties;

pub use cluster::{Group, Propose};
pub use host::{Applied, Host, Mistake};
