//! Two versions of a system: the bug to keep is a difference between them.

use afresh_check::against::Options;
use afresh_core::Signature;
use afresh_shrink::oracle::{self, Compare, Examined};
use afresh_trace::text::escape;

use super::Args;
use super::files::Places;
use crate::console::CliError;
use crate::runner::{Runner, Systems};
use crate::shell::quote;
use crate::source::against;
use crate::versions::Versions;
use crate::worker;

/// Why a trace on which the versions do the same cannot be shrunk.
pub(super) const NO_DIFFERENCE: &str = "the two versions do not differ on it, so there is nothing to shrink";

/// Returns the trace with an oracle that compares the versions, if `--against` names the old one.
pub(super) fn with<'s>(
    args: &Args,
    systems: &'s Systems,
    new: &'s dyn Runner,
    examined: Examined<'s>,
) -> Result<Examined<'s>, CliError> {
    let Some(name) = &args.against else { return Ok(examined) };
    let versions = Versions { new, old: against(systems, name)? };
    let compare: Compare<'s> = Box::new(move |trace: Vec<u8>, wanted: Option<&Signature>| {
        let report = versions.compare_bytes(trace, Options { wanted, ..Options::default() })?;
        Ok(report.findings.into_iter().map(|differing| differing.finding).collect())
    });
    Ok(oracle::against(examined, compare)?)
}

/// Returns the command that shows the difference in the result.
pub(super) fn how_to_see(args: &Args, old: &str, places: &Places) -> String {
    let file = places.output.as_ref().map_or_else(|| "RESULT".to_owned(), |path| quote(path.as_os_str()));
    let system = args.source.system.as_ref().map(|name| format!(" --system {}", quote(name.as_ref())));
    let program = quote(&worker::program());
    let command = format!("{program} compare {file}{} --against {}", system.unwrap_or_default(), quote(old.as_ref()));
    format!("to see the difference: {}", escape(&command))
}
