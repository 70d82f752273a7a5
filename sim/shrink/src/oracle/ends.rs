//! The checks of the bugs that end the process in which they show: no look at the trace finds them.

/// It was aborted.
pub const ABORT: &str = "abort";
/// It exited.
pub const EXIT: &str = "exit";
/// It took too long.
pub const HANG: &str = "hang";
/// It needed too much memory.
pub const MEMORY: &str = "memory";

/// All of them.
pub const ALL: [&str; 4] = [ABORT, EXIT, HANG, MEMORY];
