//! A deterministic simulation and debugging harness for message-driven systems.

pub mod digest;
pub mod format;
pub mod oracle;
pub mod recorder;
pub mod report;
