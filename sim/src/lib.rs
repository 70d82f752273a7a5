//! A deterministic simulation and debugging harness for message-driven systems.

pub mod check;
mod compare;
pub mod digest;
pub mod format;
pub mod host;
pub mod laws;
mod load;
pub mod oracle;
pub mod report;
mod subject;

pub use load::Loaded;
pub use subject::Subject;
