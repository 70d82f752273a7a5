//! The explorer of a system: makes simulated runs of the system, with its workload.

use afresh_trace::text::escape;
use afresh_trace::unknown::UnknownName;
use afresh_world::explore::Explorer;

use crate::console::CliError;
use crate::runner::Systems;

/// Returns the explorer of `system`.
///
/// # Errors
///
/// Fails if there is no such system, or if it has no workload.
pub(crate) fn explorer<'s>(systems: &'s Systems, system: &'s str) -> Result<Box<dyn Explorer + 's>, CliError> {
    let unknown = |unknown: UnknownName| CliError::Usage(format!("{unknown}\n  help: {}", unknown.help()));
    systems.get(system).map_err(unknown)?;
    systems.begin(system)?;
    systems.explorer(system).map_err(unknown)?.ok_or_else(|| {
        CliError::Usage(format!(
            "{} has no workload, so there are no messages to send to it: add one for the type of its messages with \
             `Systems::exploring`; if it is a program, let it answer `workload`",
            escape(system)
        ))
    })
}
