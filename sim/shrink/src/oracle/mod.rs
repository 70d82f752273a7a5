//! Oracles: what decides whether a candidate trace still shows the same bug.

mod command;
pub mod ends;
mod process;
mod recognizer;
mod scope;
mod system;
mod typed;
mod values;

pub use command::{CommandOracle, Outcome, Template, rewrite_line};
pub use recognizer::{By, Recognizer};
pub use system::{Aimless, Examined, Stimuli, SystemOracle, TOLD_MAX, examine, rewrite_event};
pub use values::values;
