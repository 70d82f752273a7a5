//! Shrinks in a worker, and starts another worker if the system has ended it.

use std::process::ExitCode;
use std::time::Duration;

use afresh_shrink::minimize::{Refusal, Walk};
use afresh_trace::text::escape;

use super::Args;
use super::files::Places;
use super::refusal::give_up;
use crate::console::{CliError, Console};
use crate::interrupt::Deadline;
use crate::supervisor::{End, Supervisor, available_memory, scratch};
use crate::worker::{Death, Phase, Place, Search, Task};

/// The number of workers in a row that may end without a verdict. After more, the system is not the cause.
const DEATHS_MAX: usize = 3;

/// Shrinks the input, and returns the exit code.
pub(super) fn shrink(args: &Args, deadline: Deadline, console: &Console) -> Result<ExitCode, CliError> {
    let Some(mut supervisor) = Supervisor::reading(args.file.as_os_str() == "-", deadline, console)? else {
        return give_up(args, &Refusal::Stopped.to_string(), &[], console);
    };
    let is_command = !args.command.is_empty();
    supervisor.memory =
        args.memory.map(|memory| memory.as_u64()).or_else(|| available_memory().filter(|_| !is_command));
    // The worker itself limits the time of a command, and has to kill the command when it ends.
    supervisor.timeout = if is_command { Some(Duration::MAX) } else { args.timeout };
    supervisor.puts_away = is_command;

    let scratch = scratch()?;
    let walk = Places::new(args).walk.unwrap_or_else(|| scratch.path().join("walk"));
    let runs =
        || std::fs::read(&walk).ok().and_then(|text| Walk::read(&text).ok()).map_or(0, |walk| walk.runs.len() as u64);
    let before = if args.resume { runs() } else { 0 };
    let mut search = Search {
        walk: walk.clone(),
        place: scratch.path().join("place"),
        bug: None,
        last_run: args.runs.map(|runs| before.saturating_add(runs)),
        serial: false,
        again: false,
        result: None,
        death: None,
        died_at: None,
    };
    let (mut deaths, mut known) = (0, before);
    loop {
        let end = supervisor.run(Task::Search(search.clone()))?;
        search.death = None;
        search.result = supervisor.saved.clone();
        match end {
            End::Done(code) => return Ok(ExitCode::from(code)),
            // There is no result yet, so there is nothing else to report.
            End::Stopped if runs() == 0 => return give_up(args, &Refusal::Stopped.to_string(), &[], console),
            // One more worker reports the result, and begins no run.
            End::Stopped => search.last_run = Some(0),
            End::Died(death, Phase::Searches) => {
                deaths = if runs() > known { 0 } else { deaths + 1 };
                known = runs();
                if deaths > DEATHS_MAX {
                    return Err(outside(&death));
                }
                // The process that starts a command is not the command, so its end is no verdict on the candidate.
                search.death = Some(death).filter(|_| !is_command);
                search.died_at = Place::read(&search.place);
            }
            // If the candidates run one at a time, the next death shows which of them it was.
            End::Died(_, Phase::SearchesAhead) => search.serial = true,
            End::Died(Death::Of(signature), Phase::Aims) => {
                let shows = signature.to_string();
                if let Some(other) = args.signature.as_ref().filter(|wanted| **wanted != shows) {
                    let shown = [format!("  {}", escape(&shows))];
                    let why = format!("it shows no {other}, but this, which ends the process:");
                    return give_up(args, &why, &shown, console);
                }
                search.bug = Some(shows);
                // There is no walk yet, so the next worker does not continue one.
                continue;
            }
            End::Died(death, _) => return Err(outside(&death)),
        }
        search.again = true;
    }
}

fn outside(death: &Death) -> CliError {
    let death = death.to_string();
    CliError::Usage(format!("the process that runs the system ended outside of a run: {}", escape(&death)))
}
