//! The checks for bugs that end the process in which they show. The run itself cannot report them, so the parent
//! process does.

/// The process was aborted.
pub const ABORT: &str = "abort";
/// The process exited.
pub const EXIT: &str = "exit";
/// The process took too long.
pub const HANG: &str = "hang";
/// The process needed too much memory.
pub const MEMORY: &str = "memory";

/// All of these checks.
pub const ALL: [&str; 4] = [ABORT, EXIT, HANG, MEMORY];
