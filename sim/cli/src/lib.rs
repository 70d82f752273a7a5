//! The command line of Afresh: [`main`] runs it over the systems that it is given.
//!
//! The binary `afresh` runs it over the example systems. A `main` of your own runs it over yours: build [`Systems`]
//! with [`Systems::with`] and [`Systems::exploring`], and pass them on.
//!
//! Each subcommand is a module:
//!
//! * `run` makes one simulated run, and `explore` makes many and keeps each failure once.
//! * `import` turns rows of a message table into a trace.
//! * `replay` compares a trace with its record, and `check` compares four results at every step.
//! * `shrink` finds the smallest trace that still shows a bug.
//! * `show` prints the timeline of a trace, or the steps of a shrink.
//! * `knob` holds `reflow`, `trigger`, `migrate` and `scrub`.
//!
//! The other modules are shared by several subcommands. `source` reads traces and `runner` finds the system of a trace
//! by its name. `worker` runs systems in a separate process, which may end without harm. `report` formats reports for
//! people, and `outcome` prints them and decides the exit code. `progress`, `interrupt`, `jobs`, `duration`, `original`
//! and `shell` are small helpers.
//!
//! Exit codes:
//!
//! * 0: ok, or the work is done
//! * 1: a bug, a difference from the record, or a knob that did not do what its plan said
//! * 2: bad usage, or input that cannot be read
//! * 3: only from `shrink`: the bug does not show, is flaky, or the runs could not tell
#![forbid(unsafe_code)]

mod check;
mod duration;
mod explore;
mod import;
mod interrupt;
mod jobs;
mod knob;
mod original;
mod outcome;
mod progress;
mod replay;
pub mod report;
mod run;
pub mod runner;
mod shell;
mod show;
mod shrink;
mod source;
mod worker;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use runner::Systems;

/// Test and debug message-driven systems, in simulation and with traces of real runs.
#[derive(Debug, Parser)]
#[command(name = "afresh", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::Args),
    Explore(explore::Args),
    Import(import::Args),
    Replay(replay::Args),
    Check(check::Args),
    Shrink(shrink::Args),
    Show(show::Args),
    Reflow(knob::reflow::Args),
    Trigger(knob::trigger::Args),
    Migrate(knob::migrate::Args),
    Scrub(knob::scrub::Args),
}

/// Runs the command line of this process over `systems`, and returns its exit code.
#[must_use]
pub fn main(systems: &Systems) -> ExitCode {
    let (words, is_worker) = worker::words();
    if is_worker && worker::begin().is_err() {
        // There is no supervisor to report the failure to.
        return ExitCode::from(2);
    }
    let done = match Cli::parse_from(words).command {
        Command::Run(args) => run::main(&args, systems),
        Command::Explore(args) => explore::main(&args, systems),
        Command::Import(args) => import::main(&args),
        Command::Replay(args) => replay::main(&args, systems),
        Command::Check(args) => check::main(&args, systems),
        Command::Shrink(args) => shrink::main(&args, systems),
        Command::Show(args) => show::main(&args, systems),
        Command::Reflow(args) => args.turn.main(args.asked(), systems),
        Command::Trigger(args) => args.turn.main(args.asked(), systems),
        Command::Migrate(args) => args.turn.main(args.asked(), systems),
        Command::Scrub(args) => args.turn.main(args.asked(), systems),
    };
    let code = done.unwrap_or_else(|failure| failure.report());
    worker::send(&worker::Note::Done);
    code
}
