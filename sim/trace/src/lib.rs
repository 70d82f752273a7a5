//! Trace files: everything that happened to a message-driven system, as JSON Lines.
//!
//! A trace is a header and a list of events, one event per line. A service writes one while it runs, and every tool of
//! Afresh reads one. This crate is for production as much as for debugging: it draws no random numbers and has no
//! command line.
//!
//! # A tour
//!
//! A trace comes into being in one of four ways:
//!
//! * A running service records it: [`recorder::Recorder`] appends each event as one whole line.
//! * A service that records nothing has a message table: [`import::import`] turns exported rows into a trace.
//! * A program has the events as values: [`format::Writer`] writes them in the canonical form.
//! * A service keeps its journal in a database: each [`row::Row`] is an event, and becomes a line of a trace.
//!
//! To read a trace, open the file with [`format::files::open`] and pass it to [`format::Reader`]. The reader checks the
//! header first. It then returns the events in the types of your system, or as JSON text for tools that edit traces
//! and know no types. An error names the file, the line and the byte, and says what to do.
//!
//! The other modules are small. [`part`] selects a part of a journal. [`digest`] computes digests, by which traces and
//! runs are compared. [`text`] makes text from a trace safe to print on a terminal. [`unknown`] is the error that a
//! name does not exist.
#![forbid(unsafe_code)]

pub mod digest;
pub mod format;
pub mod import;
pub mod part;
pub mod recorder;
pub mod row;
pub mod text;
pub mod unknown;
