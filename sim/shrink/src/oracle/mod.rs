//! Oracles: they run a candidate trace, and say whether it still shows the same bug.
//!
//! * [`SystemOracle`] runs the system of an Afresh trace in this process. [`examine`] makes one.
//! * [`against`] makes an oracle that runs two versions of a system, and looks for a difference between them.
//! * [`CommandOracle`] runs any command. A [`Recognizer`] says when its run is a failure, and which failures are the
//!   same bug.
//! * [`Second`] counts a candidate only if a second oracle passes on it: that of a correct twin, or a [`Score`].

mod against;
mod command;
pub mod ends;
mod kind;
mod process;
mod rebase;
mod recognizer;
mod scope;
mod score;
mod second;
mod system;
mod typed;
mod values;

pub use against::{Compare, against};
pub use command::{CommandOracle, Lines, Outcome, Template};
pub use recognizer::{By, Recognizer};
pub use score::Score;
pub use second::Second;
pub use system::{Aimless, Events, Examined, Stimuli, SystemOracle, TOLD_MAX, Tell, examine};
pub use values::values;
