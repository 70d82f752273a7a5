//! The command line of Afresh: [`main`] runs it over the systems that it is given.
//!
//! The binary `afresh` runs it over the example systems. A `main` of your own runs it over yours: build [`Systems`]
//! with [`Systems::with`] and [`Systems::exploring`], and pass them on.
//!
//! Each subcommand is a module:
//!
//! * `run` makes one simulated run, and `explore` makes many and keeps each failure once.
//! * `import` turns rows of a message table into a trace, or copies a trace into a store.
//! * `export` copies the journal of a store into a trace.
//! * `replay` compares a trace with its record, and `check` compares four results at every step.
//! * `compare` compares two versions of a system on the same traces.
//! * `shrink` finds the smallest trace that still shows a bug.
//! * `show` prints the timeline of a trace, or the steps of a shrink.
//! * `export` writes the journal of a store as a trace.
//! * `serve` runs a system as a service, and makes tokens for its callers.
//! * `init` makes a folder with a first system.
//! * `systems` lists the systems that traces can name.
//! * `knob` holds `reflow`, `trigger`, `migrate` and `scrub`.
//!
//! A subcommand uses no other subcommand. The modules that they share are in layers, and each uses only the ones before
//! it:
//!
//! 1. `interrupt` knows whether to stop, and `jobs`, `duration`, `shell`, `orphans` and `original` are small helpers.
//! 2. `service` runs a system as a service, `runner` finds the system of a trace by its name, `versions` runs two of
//!    them side by side, and `report` formats reports for people.
//! 3. `worker` is the process that runs systems, which may end it without harm.
//! 4. `console` prints output, progress and errors; in a worker, it sends them to the supervisor.
//! 5. `config` reads `afresh.toml`, and `supervisor` starts workers and follows them to their end.
//! 6. `input` opens files and stores, `source` reads traces, `from` collects recorded traces to draw messages from, and
//!    `explorer` makes simulated runs.
//!
//! Exit codes:
//!
//! * 0: ok, or the work is done
//! * 1: a bug, a difference from the record, or a knob that did not do what its plan said
//! * 2: bad usage, or input that cannot be read
//! * 3: only from `shrink`: the bug does not show, is flaky, or the runs could not tell
#![forbid(unsafe_code)]

mod check;
mod compare;
mod config;
mod console;
mod duration;
mod explore;
mod explorer;
#[cfg(feature = "serve")]
mod export;
mod from;
mod import;
mod init;
mod input;
mod interrupt;
mod jobs;
mod knob;
mod lock;
mod original;
mod orphans;
mod replay;
pub mod report;
mod run;
pub mod runner;
#[cfg(feature = "serve")]
mod serve;
#[cfg(feature = "serve")]
pub mod service;
mod shell;
mod show;
mod shrink;
mod source;
#[cfg(feature = "serve")]
mod store;
mod supervisor;
mod systems;
mod versions;
mod worker;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use afresh_trace::text::{cut, escape_lines, without_passwords};
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use console::Console;
use runner::Systems;
use worker::Worker;

/// Test and debug message-driven systems, in simulation and with traces of real runs.
#[derive(Debug, Parser)]
struct Cli {
    /// Read systems, receivers, profiles and defaults from this file, and not from the nearest `afresh.toml` in the
    /// working directory or above it.
    #[arg(long, global = true, value_name = "PATH", help_heading = "Systems")]
    config: Option<PathBuf>,

    /// Add a system that is a program; repeat the option for more.
    #[arg(long = "program", global = true, value_name = "NAME=COMMAND", help_heading = "Systems")]
    programs: Vec<config::Named>,

    /// Set a value of `afresh.toml` for this command, such as `systems.orders.timeout=20s`; repeat the option for more.
    #[arg(long = "set", global = true, value_name = "KEY=VALUE", help_heading = "Systems")]
    settings: Vec<OsString>,

    /// Run programs without network.
    #[arg(long, global = true, help_heading = "Systems")]
    no_network: bool,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::Args),
    Explore(explore::Args),
    Import(import::Args),
    #[cfg(feature = "serve")]
    Export(export::Args),
    Replay(replay::Args),
    Check(check::Args),
    Compare(compare::Args),
    Shrink(shrink::Args),
    Show(show::Args),
    Reflow(knob::reflow::Args),
    Trigger(knob::trigger::Args),
    Migrate(knob::migrate::Args),
    Scrub(knob::scrub::Args),
    Systems(systems::Args),
    Init(init::Args),
    #[cfg(feature = "serve")]
    Confirm(knob::remote::Args),
    #[cfg(feature = "serve")]
    Serve(serve::Args),
    #[cfg(feature = "serve")]
    Token(serve::token::Args),
}

impl Command {
    /// Returns whether the subcommand heeds a request to stop itself, because it has results to write.
    fn stops_in_order(&self) -> bool {
        #[cfg(feature = "serve")]
        if matches!(self, Self::Serve(_)) {
            return true;
        }
        matches!(self, Self::Explore(_) | Self::Shrink(_))
    }
}

/// The most characters of an argument in an error about the arguments.
const WORD_MAX: usize = 4000;

/// Runs the command line of this process over `systems`, and returns its exit code.
#[must_use]
pub fn main(systems: &Systems) -> ExitCode {
    let (words, is_worker) = worker::words();
    let worker = match is_worker.then(Worker::begin).transpose() {
        Ok(worker) => worker,
        // There is no supervisor to report the failure to.
        Err(_) => return ExitCode::from(2),
    };
    if worker.is_none() {
        worker::on_exhaustion(|why| Console::new(None).fail(why));
    }
    let console = &Console::new(worker);
    let path = config::values_of("--config", &words).pop().map(PathBuf::from);
    let file = config::File::read(path.as_deref(), &config::values_of("--set", &words));
    let read = file.and_then(|file| Ok((config::with_defaults(words.clone(), &file, &command(systems))?, file)));
    let (words, file) = match read {
        Ok(read) => read,
        Err(error) => return console.end(Err(error)),
    };
    let args = match parse(systems, &words) {
        Ok(args) => args,
        Err(error) => return refuse(&error, systems, &words, console),
    };
    if !is_worker && !args.command.stops_in_order() {
        interrupt::end_with_children();
    }
    let systems = &file.systems(systems, &args.programs, args.no_network);
    console.end(match args.command {
        Command::Run(args) => run::main(&args, systems, console),
        Command::Explore(args) => explore::main(&args, systems, console),
        Command::Import(args) => import::main(&args, systems, console),
        #[cfg(feature = "serve")]
        Command::Export(args) => export::main(&args, systems, console),
        Command::Replay(args) => replay::main(&args, systems, console),
        Command::Check(args) => check::main(&args, systems, console),
        Command::Compare(args) => compare::main(&args, systems, console),
        Command::Shrink(args) => shrink::main(&args, systems, console),
        Command::Show(args) => show::main(&args, systems, console),
        Command::Reflow(args) => args.turn.main(args.asked(), systems, console),
        Command::Trigger(args) => args.turn.main(args.asked(), systems, console),
        Command::Migrate(args) => args.turn.main(args.asked(), systems, console),
        Command::Scrub(args) => args.turn.main(args.asked(), systems, console),
        Command::Init(args) => init::main(&args, console),
        Command::Systems(args) => systems::main(&args, systems, &file, console),
        #[cfg(feature = "serve")]
        Command::Confirm(args) => knob::remote::confirm(&args, console),
        #[cfg(feature = "serve")]
        Command::Serve(args) => serve::main(&args, systems, console),
        #[cfg(feature = "serve")]
        Command::Token(args) => serve::token::main(&args, console),
    })
}

/// Describes the command line of [`main`], for example to generate completions for a shell.
pub fn command(systems: &Systems) -> clap::Command {
    Cli::command().name(worker::program().to_string_lossy().into_owned()).version(systems.version())
}

/// Reads the arguments, under the name and the version of this program.
fn parse(systems: &Systems, words: impl IntoIterator<Item: Into<OsString> + Clone>) -> Result<Cli, clap::Error> {
    Cli::from_arg_matches(&command(systems).try_get_matches_from(words)?)
}

/// Prints why the arguments are wrong, or the help that they ask for, and returns the exit code.
fn refuse(error: &clap::Error, systems: &Systems, words: &[OsString], console: &Console) -> ExitCode {
    // An error quotes arguments. Escaped arguments have the same error, unless the mistake is in what was escaped.
    let safe = words.iter().map(|word| cut(&without_passwords(&word.to_string_lossy()), WORD_MAX));
    let (text, safe) = match parse(systems, safe) {
        Err(safe) => (safe.render().ansi().to_string(), safe),
        Ok(_) => {
            console.say(&escape_lines(&error.render().to_string()));
            return ExitCode::from(2);
        }
    };
    if safe.use_stderr() {
        console.say(&text);
    } else {
        // If the pipe is closed, there is nobody left to read the help.
        let _ = console.print(&text);
    }
    ExitCode::from(u8::try_from(safe.exit_code()).unwrap_or(2))
}
