//! Reports why nothing was shrunk.

use std::process::ExitCode;

use afresh_shrink::minimize::Refusal;
use afresh_trace::text::escape;
use serde::Serialize;

use super::Args;
use super::files::Places;
use super::resume::say_how_to_go_on;
use crate::console::{CliError, Console, json};
use crate::input;
use crate::source::Format;

/// What to do about a bug that does not show in every run.
const FLAKY: &str = "To shrink a bug that shows in some runs only, use `--flaky`.";

/// Reports why nothing was shrunk, and removes the walk that this search began.
///
/// If the search was stopped, the walk stays, and the report says how to continue.
pub(super) fn refuse(
    args: &Args,
    places: &Places,
    refusal: &Refusal,
    reasons: &[String],
    console: &Console,
) -> Result<ExitCode, CliError> {
    if *refusal == Refusal::Stopped {
        give_up(args, &refusal.to_string(), &[], console)?;
        say_how_to_go_on(places, console);
    } else {
        let hint = matches!(refusal, Refusal::Flaky { .. }).then(|| FLAKY.to_owned());
        give_up(args, &refusal.to_string(), &[reasons, hint.as_slice()].concat(), console)?;
        if let (Some(path), false) = (&places.walk, args.resume)
            // A device was there before.
            && std::fs::symlink_metadata(path).is_ok_and(|found| found.is_file())
        {
            // A walk that is left behind is useless but harmless, so an error is ignored.
            let _ = std::fs::remove_file(path);
        }
    }
    Ok(ExitCode::from(3))
}

/// Reports why there is nothing to shrink, and returns exit code 3.
pub(super) fn give_up(args: &Args, why: &str, reasons: &[String], console: &Console) -> Result<ExitCode, CliError> {
    let input = input::name(&args.file);
    console.fail(format!("{}: {}", escape(&input), escape(why)));
    for reason in reasons {
        console.say(&format!("{}\n", escape(reason)));
    }
    if args.format == Format::Json {
        console.print(&json("shrink", &Refused { input, refused: why }))?;
    }
    Ok(ExitCode::from(3))
}

/// The report for programs if nothing was shrunk.
#[derive(Serialize)]
struct Refused<'a> {
    input: String,
    refused: &'a str,
}
