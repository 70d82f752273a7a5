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
pub mod minimize;
pub mod oracle;
pub mod recorder;
pub mod replay;
pub mod report;
mod runner;
pub mod show;
mod subject;
pub mod turn;

pub use load::Loaded;
pub use runner::{Runner, Systems};
pub use subject::Subject;
