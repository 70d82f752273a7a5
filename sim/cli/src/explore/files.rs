//! The files in the output folder. A file that exists is from an earlier `explore`, and is not overwritten.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufReader, Write};
use std::path::{Path, PathBuf};

use afresh_shrink::oracle::ends;
use afresh_trace::format::files::Output;
use afresh_trace::format::{Error, Options, Problem, Reader};
use afresh_trace::text::escape;

use super::Args;
use super::campaign::Failed;
use super::shrunk::NOT_IN_TWIN;
use crate::config::about_systems_from;
use crate::console::CliError;
use crate::shell::quote;
use crate::worker;

/// The longest part of a folder's name that is taken from the signature, in characters.
const NAME_MAX: usize = 60;

/// The name of the trace of a finding, in its folder.
pub(super) const TRACE: &str = "trace.jsonl";

/// The part of a signature whose folder would be named like a file.
const JSONL: &str = "jsonl";

/// The path of the campaign's record.
pub(super) fn campaign(output: &Path) -> PathBuf {
    output.join("campaign.jsonl")
}

/// The path of the trace that the run of a seed writes as it goes.
///
/// A seed is run this way after a run has ended the worker: if it ends the worker again, the trace shows how far it
/// came.
pub(super) fn ahead(output: &Path, seed: u64) -> PathBuf {
    output.join(format!("under-way-{seed}.jsonl"))
}

/// The folder of the finding with this signature.
pub(super) fn folder(output: &Path, signature: &str) -> PathBuf {
    output.join(folder_name(signature))
}

/// Turns a signature into a folder name that every file system accepts. Different signatures have different names.
///
/// The first `/` becomes `.`, and a blank becomes `+`: `abort/signal 6` is in `abort.signal+6`. If the signature is
/// long or has other characters than lower-case letters, digits, `-` and `_`, all others become `-`, and `~` and a
/// digest of the signature are appended.
fn folder_name(signature: &str) -> String {
    let is_plain = |char: char| char.is_ascii_lowercase() || char.is_ascii_digit() || matches!(char, '-' | '_');
    let (check, part) = signature.split_once('/').unwrap_or((signature, ""));
    let is_readable = signature.len() <= NAME_MAX
        && signature.starts_with(|char| char != '-' && is_plain(char))
        && check.chars().chain(part.chars()).all(|char| is_plain(char) || char == ' ')
        && !signature.ends_with(['/', ' '])
        && part != JSONL;
    if is_readable {
        return signature.replace('/', ".").replace(' ', "+");
    }
    let plain: String = signature.chars().map(|char| if is_plain(char) { char } else { '-' }).take(NAME_MAX).collect();
    format!("{}~{}", plain.trim_matches('-'), &blake3::hash(signature.as_bytes()).to_hex()[..12])
}

/// Removes a folder with an empty record and nothing else.
pub(super) fn remove_empty(output: &Path) {
    let record = campaign(output);
    if fs::metadata(&record).is_ok_and(|record| record.len() == 0) && fs::remove_file(record).is_ok() {
        let _ = fs::remove_dir(output);
    }
}

/// Returns the names of the folders with a finding that none of these signatures has.
pub(super) fn unrecorded(output: &Path, signatures: &BTreeSet<String>) -> Result<Vec<PathBuf>, CliError> {
    let failed = |error| CliError::from(Error::file(output.display().to_string(), Problem::Read(error)));
    let recorded: BTreeSet<_> = signatures.iter().map(|signature| folder(output, signature)).collect();
    let mut folders = Vec::new();
    for entry in fs::read_dir(output).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.join(TRACE).exists() && !recorded.contains(&path) {
            folders.push(path);
        }
    }
    folders.sort();
    Ok(folders)
}

/// Returns the seed of the run whose trace is kept in the folder of a finding, or `None` if no trace there says it.
pub(super) fn kept_seed(output: &Path, signature: &str) -> Option<u64> {
    let trace = fs::File::open(folder(output, signature).join(TRACE)).ok()?;
    let reader = Reader::new(TRACE, BufReader::new(trace), Options::default()).ok()?;
    let (_, rest) = reader.header().source.split_once("seed ")?;
    rest.split(|char: char| !char.is_ascii_digit()).next()?.parse().ok()
}

/// Writes the trace of a finding and its `commands.txt`, except for files that exist already.
///
/// If the system has a correct twin, the finding is shrunk with it.
pub(super) fn keep(args: &Args, has_twin: bool, signature: &str, failed: &Failed) -> Result<(), CliError> {
    let Failed { seed, around, trace, found, .. } = failed;
    let folder = folder(&args.output, signature);
    fs::create_dir_all(&folder).map_err(|error| Error::file(folder.display().to_string(), Problem::Write(error)))?;
    let program = quote(&worker::program());
    let quoted_system = quote(args.system.as_ref());
    let old = args.against.as_ref().map(|old| format!(" --against={}", quote(old.as_ref())));
    let (check, old) = (if old.is_some() { "compare" } else { "check" }, old.unwrap_or_default());
    let twin = if has_twin { format!(" {NOT_IN_TWIN}") } else { String::new() };
    // Only one command tells two versions apart by the seed.
    let from = args.from.words(&folder);
    let run = match &args.against {
        Some(_) => {
            format!("explore {quoted_system}{old} --seeds {seed}..{}{from} --output again", seed.saturating_add(1))
        }
        None => format!("run {quoted_system} --seed {seed}{from}"),
    };
    // A name may hold anything. As it is printed, it neither ends a comment nor misses in an argument.
    let around = around.as_ref().map(|around| format!(", around {}", escape(around))).unwrap_or_default();
    let systems = about_systems_from(&worker::words().0, &folder);
    let systems: String = systems.iter().map(|word| format!(" {}", quote(word))).collect();
    let memory = args.memory.map(|memory| format!(" --memory={}", memory.as_u64())).unwrap_or_default();
    let timeout =
        if signature == ends::HANG { format!(" --timeout={}ms", args.timeout.as_millis()) } else { String::new() };
    let limited = format!("{timeout}{memory}{systems}");
    let found = if found.is_empty() { String::new() } else { format!(":\n# {}", escape(found)) };
    let (system, signature) = (escape(&args.subject()).to_string(), escape(signature).to_string());
    let quoted_signature = quote(signature.as_ref());
    let commands = format!(
        "# {signature}, found in the run of {system} with seed {seed}{around}{found}\n\
         # To see it in the shrunk trace:\n\
         {program} {check} shrunk.jsonl{old}{limited}\n\
         {program} show shrunk.jsonl --views{systems}\n\
         # To see it in the whole run, from its trace or from its seed:\n\
         {program} {check} trace.jsonl{old}{limited}\n\
         {program} {run}{limited}\n\
         # To shrink the whole run again:\n\
         {program} shrink trace.jsonl --signature={quoted_signature}{twin}{old} --output again.jsonl{limited}\n",
    );
    for (name, content) in [(TRACE, &trace[..]), ("commands.txt", commands.as_bytes())] {
        let path = folder.join(name);
        if path.exists() {
            continue;
        }
        let mut file = Output::create(&path, false)?;
        let name = file.name().to_owned();
        file.write_all(content).map_err(|error| Error::file(name, Problem::Write(error)))?;
        file.finish()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::folder_name;

    #[test]
    fn each_signature_has_a_folder_of_its_own() {
        assert_eq!(folder_name("incremental/balance"), "incremental.balance");
        assert_eq!(folder_name("money-is-conserved"), "money-is-conserved");
        assert_eq!(folder_name("abort/signal 6"), "abort.signal+6");
        assert_eq!(folder_name("panic/no account \"\""), "panic-no-account~b029d9eec7dc");
        let long = "x".repeat(200);
        let alike = ["a b", "a-b", "a/b", "a.b", "a+b", "A b", "a b ", " a b", "a/b/", "a//b", "a\0b", "a\nb"];
        let odd = ["panic/no account ''", "../up", "/up", "..", ".", "", "-rf", "/", "campaign/jsonl", "é", &long];
        let names: Vec<_> = alike.into_iter().chain(odd).map(folder_name).collect();
        for (place, name) in names.iter().enumerate() {
            let is_safe = |char: char| char.is_ascii_alphanumeric() || "-_.+~".contains(char);
            assert!(name.len() <= 80 && name.chars().all(is_safe) && !name.starts_with(['.', '-']), "{name}");
            assert!(!name.ends_with(".jsonl"), "{name}");
            assert!(!names[..place].contains(name), "{name}");
        }
        // A name that looks like one with a digest gets one of its own.
        assert_ne!(folder_name(&names[5]), names[5]);
    }
}
