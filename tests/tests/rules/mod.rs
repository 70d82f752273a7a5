//! The numbered rules of `docs/architecture.md`. A small story tests each one, and fails if the rule is broken.
//!
//! A story is a text of commands and the events that each one causes; see [`story::check`].

mod command;
mod document;
mod healing;
mod knobs;
mod messages;
mod order;
mod outputs;
mod plans;
mod quarantine;
mod restart;
mod routing;
mod story;
mod system;
mod verifier;
mod windows;
