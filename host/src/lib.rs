//! Runs a system of Afresh as a service: with its journal in a database, and with knobs that operators turn.
//!
//! A service is an engine with a host around it. The [`Host`](afresh_core::host::Host) of the core decides what may be
//! told, sent and done. This crate gives it a database, a clock and a network. The simulator drives the same host.
//!
//! # Where to look
//!
//! * [`service`] runs a system: offer it messages, read its states, and turn knobs.
//! * [`receiver`] takes the outputs.
//! * [`http`] offers a service to other programs, and sends outputs to URLs.
//! * [`store`] keeps the journal in a database.
#![forbid(unsafe_code)]

mod clock;
#[cfg(feature = "http")]
pub mod http;
pub mod receiver;
pub mod service;
pub mod store;

pub use receiver::{Receiver, Receivers};
pub use service::{Options, Service};
