//! Shrinks in a worker, and starts another when the system of a trace has ended that.

use std::process::ExitCode;
use std::time::Duration;

use afresh_shrink::minimize::{Refusal, Walk};
use afresh_trace::text::escape;

use super::Args;
use super::files::Places;
use super::refusal::give_up;
use crate::outcome::Failure;
use crate::progress;
use crate::worker::{Death, End, Phase, Supervisor, available_memory, scratch, was_at};

/// How often a worker may end that has begun no run: it is not the system that ends it.
const DEATHS_MAX: usize = 3;

pub(super) fn shrink(args: &Args) -> Result<ExitCode, Failure> {
    let mut supervisor = Supervisor::new(args.file.as_os_str() == "-", progress::of_words())?;
    let scratch = scratch()?;
    let walk = Places::new(args).walk.unwrap_or_else(|| scratch.path().join("walk"));
    let runs =
        || std::fs::read(&walk).ok().and_then(|text| Walk::read(&text).ok()).map_or(0, |walk| walk.runs.len() as u64);
    let before = if args.resume { runs() } else { 0 };
    supervisor.start.walk = Some(walk.clone());
    let place = scratch.path().join("place");
    supervisor.start.place = Some(place.clone());
    let is_command = !args.command.is_empty();
    if is_command {
        // It looks after the command itself: after its time, and that nothing is left of it.
        supervisor.start.timeout = Some(Duration::MAX);
        supervisor.start.puts_away = true;
    } else {
        supervisor.start.timeout = args.timeout;
    }
    let memory = args.memory.map(|memory| memory.as_u64());
    supervisor.start.memory = memory.or_else(|| available_memory().filter(|_| !is_command));
    supervisor.start.last_run = args.runs.map(|runs| before + runs);
    let (mut deaths, mut known) = (0, before);
    loop {
        let end = supervisor.run()?;
        supervisor.start.death = None;
        match end {
            End::Done(code) => return Ok(ExitCode::from(code)),
            // Nothing is known yet: there is nothing to say but that.
            End::Stopped if runs() == 0 => return give_up(args, &Refusal::Stopped.to_string(), &[]),
            End::Stopped => supervisor.start.last_run = Some(0),
            End::Died(death, Phase::Searching) => {
                deaths = if runs() > known { 0 } else { deaths + 1 };
                known = runs();
                if deaths > DEATHS_MAX {
                    return Err(outside(&death));
                }
                // How the process ended in which a command is only started says nothing of the command.
                supervisor.start.death = Some(death).filter(|_| !is_command);
                supervisor.start.died_at = was_at(&place);
            }
            // Which of them has done it shows when they are run one at a time.
            End::Died(_, Phase::SearchingAhead) => supervisor.start.serial = true,
            End::Died(Death::Of(signature), Phase::Aiming) => {
                let shows = signature.to_string();
                if let Some(other) = args.signature.as_ref().filter(|wanted| **wanted != shows) {
                    let shown = [format!("  {}", escape(&shows))];
                    return give_up(args, &format!("it shows no {other}, but this, which ends the process:"), &shown);
                }
                supervisor.start.bug = Some(shows);
                continue;
            }
            End::Died(death, _) => return Err(outside(&death)),
        }
        supervisor.start.again = true;
    }
}

fn outside(death: &Death) -> Failure {
    let death = death.to_string();
    Failure::Usage(format!("the process that runs the system ended outside of a run: {}", escape(&death)))
}
