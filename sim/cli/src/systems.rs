//! `afresh systems`: lists the systems and worlds that traces can name.

use std::process::ExitCode;

use afresh_program::{About, Program};
use afresh_trace::format::{Error, Problem};
use afresh_trace::text::escape;
use serde::Serialize;

use crate::config;
use crate::console::{CliError, Console, json};
use crate::runner::Systems;
use crate::shell::quote;
use crate::source::Format;

/// List the systems and worlds that traces can name.
///
/// The file `afresh.toml`, in the working directory or above it, adds systems that are programs. With the name of a
/// system, it is started, and its description of itself is shown.
///
/// Exit codes: 0 listed; 2 bad usage, or the program cannot be run.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Show only this system; if it is a program, start it.
    system: Option<String>,

    /// The format of the list.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// One system, for programs.
#[derive(Serialize)]
struct Listed<'a> {
    name: &'a str,
    /// `system`, `world` or `program`.
    kind: &'static str,
    /// The command of a program.
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<String>,
    /// What the program says of itself, if it was started.
    #[serde(skip_serializing_if = "Option::is_none")]
    says: Option<About>,
}

/// The report for programs.
#[derive(Serialize)]
struct List<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    systems: Vec<Listed<'a>>,
}

/// Runs the subcommand, and returns its exit code.
pub(super) fn main(
    args: &Args,
    systems: &Systems,
    file: &config::File,
    console: &Console,
) -> Result<ExitCode, CliError> {
    let names: Vec<&str> = match &args.system {
        Some(name) => {
            systems.get(name).map_err(|unknown| Error::file("the system", Problem::Unknown(unknown)))?;
            systems.begin(name)?;
            vec![name]
        }
        None => systems.names().collect(),
    };
    let list = |name| -> Result<Listed<'_>, CliError> {
        let is_world = systems.get(name).is_ok_and(|runner| runner.is_world());
        let program = systems.program(name);
        let kind = if is_world {
            "world"
        } else if program.is_some() {
            "program"
        } else {
            "system"
        };
        let says = program.filter(|_| args.system.is_some()).and_then(Program::about);
        Ok(Listed { name, kind, command: program.map(command), says })
    };
    let listed: Vec<_> = names.into_iter().map(list).collect::<Result<_, _>>()?;
    let file = file.path().map(|path| path.display().to_string());
    match args.format {
        Format::Json => console.print(&json("systems", &List { file, systems: listed }))?,
        Format::Text => console.print(&text(&listed, file.as_deref()))?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The list for people.
fn text(listed: &[Listed<'_>], file: Option<&str>) -> String {
    let width = listed.iter().map(|listed| listed.name.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for Listed { name, kind, command, says } in listed {
        let command = command.as_ref().map_or_else(String::new, |command| format!("  {}", escape(command)));
        text += format!("{:width$}  {kind:7}{command}", escape(name).to_string()).trim_end();
        text += "\n";
        if let Some(About { name, version, answers, flows }) = says {
            let or_none = |names: &[String]| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            let version = if version.is_empty() { "not said" } else { version };
            text += &format!("  it calls itself: {}\n  version: {}\n", escape(name), escape(version));
            text += &format!("  optional questions: {}\n  flows: {}\n", or_none(answers), escape(&or_none(flows)));
        }
    }
    match file {
        Some(file) => text + &format!("the programs are those of {}\n", escape(file)),
        None => text + &format!("no {} was found in this folder or above it, which could add programs\n", config::NAME),
    }
}

/// The command of a program, as a shell reads it.
fn command(program: &Program) -> String {
    program.config().command.iter().map(|word| quote(word)).collect::<Vec<_>>().join(" ")
}
