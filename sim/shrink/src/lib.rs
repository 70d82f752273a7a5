//! Makes a failing trace smaller, one verified step at a time, until it is small enough to understand.
//!
//! * [`minimize`] is the search. It works on any list of events, and knows nothing about systems, files or processes.
//!   Begin with [`minimize::minimize`], or with [`minimize::Minimizer`] for a search with settings.
//! * [`oracle`] holds the oracles. An oracle runs a candidate and says whether the bug still shows. [`oracle::examine`]
//!   makes one that runs the system of a trace in this process; [`oracle::CommandOracle`] runs any command.
//! * [`scratch`] makes temporary folders, and removes those of processes that were killed.
#![forbid(unsafe_code)]

pub mod minimize;
pub mod oracle;
pub mod scratch;
