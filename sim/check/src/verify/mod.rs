//! The independent verifier: compares recorded, incremental, recomputed and restated results at every step.
//!
//! The verifier does not rely on the engine. It builds the history of each key from the facts of the trace with its own
//! code, and folds it from the first message at every step if that fits the budget. [`Coverage`] says what was
//! compared.
//!
//! It shares with the engine only the vocabulary of `afresh_core` and the code of the system. It has its own code for
//! revisions, the order of messages, routed messages, flows, openings and learned views. It asks the engine only for
//! results, which are either compared or reported:
//!
//! * the carried states and the slots, which it compares with its own
//! * the outputs sent, which it needs because routed outputs are facts of other keys; it compares the slots that they
//!   leave with the outputs that the states call for
//! * the quarantined keys, whose panics it reports, and whose steps it counts as not compared
//! * the calls of `update`, which it counts; only the engine makes them

mod accounts;
mod along;
mod bisect;
mod coverage;
mod determinism;
mod facts;
mod history;
mod look;
mod migrations;
mod paths;
mod probe;
mod recorded;
mod recurring;
mod revisions;
mod verifier;

pub use along::Along;
pub(crate) use bisect::first_restated;
pub use coverage::{Coverage, Depth};
pub use determinism::failed_once;
pub(crate) use determinism::{DETERMINISM, asked_again, determinism, sent_otherwise};
pub(crate) use look::{Cadence, Look, Share, Work};
pub use paths::Messages;
pub(crate) use probe::lengths;
pub use probe::{Original, Probe, Probed, look_at_run};
pub(crate) use recurring::Recurring;
pub(crate) use verifier::{Seen, Verifier};
