//! Trace files: everything that happened to a message-driven system, as JSON Lines.
//!
//! This crate is for production as much as for debugging. A service [records](recorder) its trace with it, and a program of
//! any kind [reads and writes](mod@format) traces. It draws no random numbers and needs no command line.
//!
//! # Where to look
//!
//! * [`mod@format`] reads and writes traces
//! * [`recorder`] writes the trace of a running service
//! * [`import`] turns the rows of a message table into a trace
//! * [`digest`] computes digests of traces and of runs
//! * [`text`] makes text of a trace safe to print
#![forbid(unsafe_code)]

pub mod digest;
pub mod format;
pub mod import;
pub mod recorder;
pub mod text;
mod words;
