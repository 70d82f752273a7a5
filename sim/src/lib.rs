//! A deterministic simulation and debugging harness for message-driven systems.

pub mod cli;
pub mod digest;
pub mod format;
pub mod import;
pub mod oracle;
pub mod recorder;
pub mod report;
