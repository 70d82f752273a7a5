//! The independent verifier: compares recorded, incremental, recomputed and restated results at every step.
//!
//! The verifier does not rely on the engine. It builds the history of each key from the facts of the trace with its own
//! code, and folds it from the first message at every step if that fits the budget. [`Coverage`] says what was
//! compared.

mod accounts;
mod along;
mod bisect;
mod coverage;
mod determinism;
mod facts;
mod look;
mod migrations;
mod probe;
mod recorded;
mod recurring;
mod verifier;

pub use along::Along;
pub(crate) use bisect::first_restated;
pub use coverage::{Coverage, Depth};
pub(crate) use determinism::determinism;
pub(crate) use look::{Look, Share};
pub(crate) use probe::lengths;
pub use probe::{Original, Probe, Probed, look_at_run};
pub(crate) use recurring::Recurring;
pub(crate) use verifier::{Seen, Verifier};
