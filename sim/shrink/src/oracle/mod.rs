//! Oracles: they run a candidate trace, and say whether it still shows the same bug.
//!
//! * [`SystemOracle`] runs the system of an Afresh trace in this process. [`examine`] makes one.
//! * [`CommandOracle`] runs any command. A [`Recognizer`] says when its run is a failure, and which failures are the
//!   same bug.
//! * [`NotIn`] counts a candidate only if a correct twin passes on it.

mod command;
pub mod ends;
mod kind;
mod not_in;
mod process;
mod recognizer;
mod scope;
mod system;
mod typed;
mod values;

pub use command::{CommandOracle, Outcome, Template, rewrite_line};
pub use not_in::NotIn;
pub use recognizer::{By, Recognizer};
pub use system::{Aimless, Examined, Stimuli, SystemOracle, TOLD_MAX, Tell, examine, rewrite_event};
pub use values::values;
