//! The command line of `afresh`, one subcommand a file.
//!
//! Exit codes: 0 nothing wrong, or shrunk; 1 a bug was found; 2 bad usage or unreadable input; 3 not reproducible or
//! unresolved.

mod interrupt;
mod printable;
mod shell;
mod shrink;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Replays, checks and shrinks traces of message-driven systems.
#[derive(Debug, Parser)]
#[command(name = "afresh", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Shrink(shrink::Args),
}

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Shrink(args) => shrink::main(&args),
    }
}
