//! The checks for bugs that end the process in which they show. The run itself cannot report them, so the parent
//! process does.

/// The check that fails if the process is aborted.
pub const ABORT: &str = "abort";
/// The check that fails if the process exits.
pub const EXIT: &str = "exit";
/// The check that fails if a run takes too long.
pub const HANG: &str = "hang";
/// The check that fails if the process needs too much memory.
pub const MEMORY: &str = "memory";

/// All of these checks.
pub const ALL: [&str; 4] = [ABORT, EXIT, HANG, MEMORY];
