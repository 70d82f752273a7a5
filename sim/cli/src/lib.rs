//! The command line of `afresh`, one subcommand a folder or file. [`main`] runs it over the systems that it is given.
//!
//! Exit codes: 0 nothing wrong, or shrunk; 1 a bug was found; 2 bad usage or unreadable input; 3 not reproducible or
//! unresolved.
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

/// Explores message-driven systems; replays, checks, shows and shrinks traces of them, and turns knobs on these.
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

/// Runs the command line of this process over `systems`.
#[must_use]
pub fn main(systems: &Systems) -> ExitCode {
    let (words, is_worker) = worker::words();
    if is_worker && worker::begin().is_err() {
        // Nobody is there to be told.
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
