//! The checks of the bugs that end the process in which they show: no look at the trace finds them.

/// It was aborted.
pub(crate) const ABORT: &str = "abort";
/// It exited.
pub(crate) const EXIT: &str = "exit";
/// It took too long.
pub(crate) const HANG: &str = "hang";
/// It needed too much memory.
pub(crate) const MEMORY: &str = "memory";

/// All of them.
pub(crate) const ALL: [&str; 4] = [ABORT, EXIT, HANG, MEMORY];
