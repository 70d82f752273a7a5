//! Replays and checks the trace of a system.
//!
//! [`check()`] compares four accounts of every key: recorded, incremental, recomputed and restated. [`replay`] runs a trace
//! and compares what it recorded. [`laws`] states what must hold of any system. [`show`] gives the timeline of a trace, and
//! [`turn`] turns a knob at its end.
#![forbid(unsafe_code)]

mod check;
pub mod clock;
mod compare;
mod extent;
mod finding;
pub mod guard;
pub mod laws;
mod loaded;
pub mod replay;
pub mod show;
mod subject;
pub mod turn;
pub mod verify;

pub use check::{Options, Report, check};
pub use extent::Extent;
pub use finding::{Finding, Sighting, Versus, value};
pub use loaded::Loaded;
pub use subject::Subject;
pub use verify::Coverage;
