//! A deterministic simulation and debugging harness for message-driven systems.
#![forbid(unsafe_code)]

pub mod check;
pub mod cli;
mod clock;
mod compare;
pub mod digest;
pub mod format;
pub mod host;
pub mod import;
pub mod laws;
mod load;
mod macros;
pub mod minimize;
pub mod oracle;
pub mod recorder;
pub mod replay;
pub mod report;
mod runner;
pub mod show;
#[cfg(feature = "snapshots")]
pub mod snapshot;
mod subject;
pub mod turn;

/// What [`snapshots!`] expands to asserts with it.
#[cfg(feature = "snapshots")]
#[doc(hidden)]
pub use insta;
pub use load::Loaded;
pub use runner::{Runner, Systems};
pub use subject::Subject;
