//! The command line of `afresh`, one subcommand a file. [`main`] runs it over the systems that it is given.
//!
//! Exit codes: 0 nothing wrong, or shrunk; 1 a bug was found; 2 bad usage or unreadable input; 3 not reproducible or
//! unresolved.

mod check;
mod import;
mod interrupt;
mod outcome;
mod printable;
mod replay;
mod shell;
mod shrink;
mod source;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::runner::Systems;

/// Replays, checks and shrinks traces of message-driven systems.
#[derive(Debug, Parser)]
#[command(name = "afresh", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Import(import::Args),
    Replay(replay::Args),
    Check(check::Args),
    Shrink(shrink::Args),
}

/// Runs the command line of this process over `systems`.
#[must_use]
pub fn main(systems: &Systems) -> ExitCode {
    let done = match Cli::parse().command {
        Command::Import(args) => Ok(import::run(&args)),
        Command::Replay(args) => replay::main(&args, systems),
        Command::Check(args) => check::main(&args, systems),
        Command::Shrink(args) => shrink::main(&args, systems),
    };
    done.unwrap_or_else(|failure| failure.report())
}
