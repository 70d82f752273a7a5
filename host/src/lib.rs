//! Runs a system of Afresh as a service: with its journal in a database, and with knobs that operators turn.
//!
//! A service is an engine with a host around it. The [`Host`](afresh_core::host::Host) of the core decides what may be
//! told, sent and done. This crate gives it a database, a clock and a network. The simulator drives the same host.
//!
//! # Where to look
//!
//! * [`store`] keeps the journal in a database.
#![forbid(unsafe_code)]

pub mod store;
