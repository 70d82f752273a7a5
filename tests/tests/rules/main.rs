//! The numbered rules of `docs/architecture.md`: each is told as a small story, which fails when the rule is broken.
//!
//! A story is a text of commands and of what came of each; see [`story::check`].

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
