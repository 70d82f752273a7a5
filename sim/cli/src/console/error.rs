//! The reason why a subcommand failed.

use afresh_trace::format::Error;

/// The reason why a subcommand failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    /// A file cannot be read or written, or its content is wrong.
    #[error(transparent)]
    File(#[from] Error),
    /// Any other reason, as a text that reads well after the name of the program and a colon.
    #[error("{0}")]
    Usage(String),
}

impl CliError {
    /// The failure of a worker that was started for another subcommand.
    pub(super) fn other_task() -> Self {
        Self::Usage("the supervisor of this worker has started it for another subcommand".to_owned())
    }

    /// Returns whether standard output was closed early, which is not an error.
    pub(super) fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::File(error) if error.is_broken_pipe())
    }
}
