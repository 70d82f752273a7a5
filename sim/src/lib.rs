//! A deterministic simulation and debugging harness for message-driven systems.

pub mod cli;
mod clock;
pub mod minimize;
pub mod oracle;
