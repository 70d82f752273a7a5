//! A third-party core in a world: the `raft` crate of TiKV, a host for it, and the properties of a group of nodes.
//!
//! The host is small: it keeps the log and the hard state durable, sends the messages that raft wants sent, and
//! applies the entries that are committed. [`Mistake`] lists mistakes that such hosts make.

mod cluster;
mod host;
mod properties;

pub use cluster::{Group, Propose};
pub use host::{Applied, Host, Mistake};
