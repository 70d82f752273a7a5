//! The explorer of a system: makes simulated runs of the system, with its workload or with recorded messages.

use afresh_trace::text::escape;
use afresh_trace::unknown::UnknownName;
use afresh_world::explore::Explorer;

use crate::console::CliError;
use crate::from::{From, open};
use crate::runner::{Runner, Systems};
use crate::worker::Recording;

/// Returns the explorer of `system`, whose messages are those of the `recordings` if the options ask for it.
///
/// # Errors
///
/// Fails if the system cannot be explored like that, or if a recorded trace cannot be read.
pub(crate) fn explorer<'s>(
    systems: &'s Systems,
    system: &'s str,
    from: &From,
    recordings: &[Recording],
) -> Result<Box<dyn Explorer + 's>, CliError> {
    let runner = known(systems, system)?;
    if !from.is_given() {
        return generating(systems, system)?.ok_or_else(|| without_workload(system, "there are no messages to send"));
    }
    refuse(systems, system, runner, from)?;
    systems.explorer_around(system, open(recordings, from)?, from.around())?.ok_or_else(|| {
        let names: Vec<_> = recordings.iter().map(|recording| escape(&recording.name).to_string()).collect();
        CliError::Usage(format!("{}: holds no messages, so there is nothing to send", names.join(", ")))
    })
}

/// Returns whether `system` says which its correct twin is. It does not read recorded traces.
///
/// # Errors
///
/// Fails if the system cannot be explored as the options say.
pub(crate) fn has_twin(systems: &Systems, system: &str, from: &From) -> Result<bool, CliError> {
    let runner = known(systems, system)?;
    if !from.is_given() {
        return Ok(explorer(systems, system, from, &[])?.has_twin());
    }
    refuse(systems, system, runner, from)?;
    Ok(runner.twin().is_some())
}

/// Refuses options for recorded traces that do not apply to the system.
fn refuse(systems: &Systems, system: &str, runner: &dyn Runner, from: &From) -> Result<(), CliError> {
    if runner.is_world() {
        let name = escape(system);
        return Err(CliError::Usage(format!(
            "{name} is a world of nodes, and `--from` applies only to systems with keys\n  help: `afresh explore {name}` \
             draws the inputs of its nodes; `afresh check` runs a recorded trace of a world"
        )));
    }
    if from.mixes() && generating(systems, system)?.is_none() {
        return Err(without_workload(system, "`--mix` has no messages to add"));
    }
    Ok(())
}

fn generating<'s>(systems: &'s Systems, system: &'s str) -> Result<Option<Box<dyn Explorer + 's>>, CliError> {
    systems.explorer(system).map_err(unknown)
}

fn known<'s>(systems: &'s Systems, system: &str) -> Result<&'s dyn Runner, CliError> {
    let runner = systems.get(system).map_err(unknown)?;
    systems.begin(system)?;
    Ok(runner)
}

fn unknown(unknown: UnknownName) -> CliError {
    CliError::Usage(format!("{unknown}\n  help: {}", unknown.help()))
}

fn without_workload(system: &str, so: &str) -> CliError {
    CliError::Usage(format!(
        "{} has no workload, so {so}: add one for the type of its messages with `Systems::exploring`, or send the \
         messages of a recorded trace with `--from TRACE`",
        escape(system)
    ))
}

/// The error that a seed has no run.
pub(crate) fn not_run(system: &str, seed: u64, why: &str) -> CliError {
    CliError::Usage(format!(
        "{}: there is no run of seed {seed}: {}\n  help: correct the code that makes the messages of a run",
        escape(system),
        escape(why)
    ))
}
