//! What a search has come to: for people, for programs, and how to go on from there.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use serde::Serialize;

use super::Args;
use super::files::Places;
use crate::cli::outcome::{self, Failure};
use crate::cli::shell::quote;
use crate::cli::source::Format;
use crate::format::files::input_name;
use crate::minimize::{End, Minimized, Refusal, passes_after};
use crate::report::escape;
use crate::report::terminal::count;

/// What was reached.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    input: String,
    /// Where the result is; nothing if it went to standard output.
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    walk: Option<String>,
    /// The bug, where it has a name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) signature: Option<String>,
    /// How many items the input had.
    before: usize,
    /// Which of them are left, by number.
    left: Vec<u64>,
    runs: u64,
    one_minimal: bool,
    /// The pass at which the search was stopped.
    #[serde(skip_serializing_if = "Option::is_none")]
    stopped: Option<&'static str>,
    /// The passes that come after it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    not_tried: Vec<&'static str>,
    /// Whether any failure counted as the bug, because nothing says which is which.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) any_failure: bool,
}

/// What is said where one failure could not be told from another.
const ANY_FAILURE: &str = "any failure of the command counted: with --signature, the same alone does";

impl Report {
    pub(super) fn new<T>(args: &Args, places: &Places, before: usize, minimized: &Minimized<T>) -> Self {
        let name = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
        let stopped = match minimized.end {
            End::OneMinimal => None,
            End::Stopped(pass) => Some(pass),
        };
        Self {
            input: input_name(&args.file),
            output: name(&places.output),
            walk: name(&places.walk),
            signature: None,
            before,
            left: minimized.items.iter().map(|item| item.number).collect(),
            runs: minimized.runs,
            one_minimal: stopped.is_none(),
            stopped,
            not_tried: stopped.map(passes_after).unwrap_or_default(),
            any_failure: false,
        }
    }

    /// Writes it: to standard output, unless the result itself is there. `more` is what else there is to say to people.
    pub(super) fn write(
        &self,
        args: &Args,
        places: &Places,
        unit: (&str, &str),
        more: &[String],
    ) -> Result<ExitCode, Failure> {
        let text = match args.format {
            Format::Json => outcome::json("shrink", self),
            Format::Text => self.text(unit, more),
        };
        if places.output.is_some() {
            outcome::print(&text)?;
        } else {
            outcome::say(&text);
        }
        if self.stopped.is_some() {
            say_how_to_go_on(places);
        }
        Ok(ExitCode::SUCCESS)
    }

    fn text(&self, (one, many): (&str, &str), more: &[String]) -> String {
        let how = self.stopped.map_or_else(|| "1-minimal".to_owned(), |pass| format!("stopped at {pass}"));
        let left = count(self.left.len() as u64, one, many);
        let mut text = format!("{} → {left}, {how}, {}\n", self.before, count(self.runs, "run", "runs"));
        for line in [self.output.as_ref(), self.walk.as_ref()].into_iter().flatten().chain(more) {
            text += &format!("  {line}\n");
        }
        if let Some(signature) = &self.signature {
            text += &format!("  shows {}\n", escape(signature));
        }
        if self.any_failure {
            text += &format!("  {ANY_FAILURE}\n");
        }
        if let Some(pass) = self.stopped {
            let rest = [&[pass][..], &self.not_tried].concat();
            text += &format!("  not yet tried: the rest of {}\n", rest.join(", "));
        }
        text
    }
}

/// Says why nothing was shrunk, and removes the walk, which has nothing to go on from.
pub(super) fn refuse(args: &Args, places: &Places, refusal: &Refusal, reasons: &[String]) -> Result<ExitCode, Failure> {
    if *refusal == Refusal::Stopped {
        give_up(args, &refusal.to_string(), &[])?;
        say_how_to_go_on(places);
    } else {
        give_up(args, &refusal.to_string(), reasons)?;
        if let (Some(path), false) = (&places.walk, args.resume) {
            // It is of no use to anyone; where it cannot be removed it does no harm.
            let _ = std::fs::remove_file(path);
        }
    }
    Ok(ExitCode::from(3))
}

/// Says why there is nothing to shrink.
pub(super) fn give_up(args: &Args, why: &str, reasons: &[String]) -> Result<ExitCode, Failure> {
    let input = input_name(&args.file);
    outcome::say(&format!("afresh: {}: {}\n", escape(&input), escape(why)));
    for reason in reasons {
        outcome::say(&format!("{reason}\n"));
    }
    if args.format == Format::Json {
        outcome::print(&outcome::json("shrink", &Refused { input, refused: why }))?;
    }
    Ok(ExitCode::from(3))
}

/// Why nothing was shrunk.
#[derive(Serialize)]
struct Refused<'a> {
    input: String,
    refused: &'a str,
}

fn say_how_to_go_on(places: &Places) {
    if places.walk.is_none() {
        return;
    }
    let mut words = resuming(std::env::args_os());
    if words.is_empty() {
        words.push("afresh".into());
    }
    let words: Vec<_> = words.iter().map(|word| quote(word)).collect();
    outcome::say(&format!("To go on: {}\n", words.join(" ")));
}

/// The command line that goes on where the one of `words` stopped, and to the end.
fn resuming(words: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut words = words.into_iter();
    let mut resuming = Vec::new();
    // What comes after this is the command, whatever it looks like.
    while let Some(word) = words.next().filter(|word| word != "--") {
        match word.to_str() {
            Some("--runs" | "--time") => drop(words.next()),
            Some("--force" | "--resume") => {}
            Some(budget) if budget.starts_with("--runs=") || budget.starts_with("--time=") => {}
            _ => resuming.push(word),
        }
    }
    resuming.push("--resume".into());
    let command: Vec<_> = words.collect();
    if !command.is_empty() {
        resuming.push("--".into());
    }
    resuming.extend(command);
    resuming
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn to_go_on_is_the_same_without_its_budget() {
        let of = |line: &str| {
            let words: Vec<_> =
                resuming(line.split(' ').map(Into::into)).into_iter().map(|word| word.into_string()).collect();
            words.into_iter().collect::<Result<Vec<_>, _>>().unwrap().join(" ")
        };
        assert_eq!(of("afresh shrink t --runs 5 --time=5m -o x --force"), "afresh shrink t -o x --resume");
        assert_eq!(of("afresh shrink t --resume -- cmd --runs 5 {}"), "afresh shrink t --resume -- cmd --runs 5 {}");
    }
}
