//! Replays, checks and shows the trace of a system, and turns knobs at its end.
//!
//! The library answers four questions about a trace:
//!
//! * Does the code still do what the trace recorded? [`replay`](mod@replay) drives the engine with the stimuli of the
//!   trace, and compares each recorded observation with the one made now.
//! * Are the results right? [`check()`] compares up to four results for each key after each stimulus: recorded,
//!   incremental, recomputed and restated. [`verify`] recomputes them with code that is independent of the engine. With
//!   [`Options::laws`], it also checks the [`laws`] that hold for every system, such as idempotence.
//! * What happened? [`show`](mod@show) makes the timeline of the trace, with the views of its keys before and after
//!   each stimulus.
//! * What would an operation do? [`turn`](mod@turn) plans a knob at the end of the trace, and turns it.
//!
//! A system must be a [`Subject`], which every system made of plain values is. [`Loaded`] holds a whole trace in
//! memory; a replay and a timeline instead read their trace event by event. The result of a check is a [`Report`]. It
//! lists each bug once, as a [`Finding`], and its [`Coverage`] says how much was compared. Panics of the system are
//! findings too: [`guard`] catches them.
#![forbid(unsafe_code)]

mod admit;
pub mod against;
mod check;
pub mod clock;
mod compare;
mod excluded;
mod extent;
mod finding;
mod fixed_order;
pub mod guard;
mod ignore;
mod kept;
pub mod laws;
mod loaded;
mod notes;
pub mod replay;
pub mod show;
mod subject;
pub mod turn;
pub mod verify;

pub use admit::{admit, keys};
pub use check::{Options, Report, check};
pub use excluded::{Excluded, Exclusion};
pub use extent::Extent;
pub use finding::{DIFFERS, Finding, Place, Sighting, Versus, value};
pub use ignore::Ignored;
pub use kept::kept;
pub use loaded::{AHEAD, Loaded};
pub use notes::{Deny, NotDerivable, Notes};
pub use subject::Subject;
pub use verify::Coverage;
