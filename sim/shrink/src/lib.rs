//! Makes a failing trace smaller, one verified step at a time, until it is small enough to understand.
//!
//! [`minimize`] is the search. It works on any list of events, and knows nothing of systems, files or processes. An
//! [`oracle`] tells it whether the bug is still there: the system of a trace, run in this process, or any command.
#![forbid(unsafe_code)]

pub mod minimize;
pub mod oracle;
