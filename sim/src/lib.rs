//! A deterministic simulation and debugging harness for message-driven systems.

pub mod oracle;
