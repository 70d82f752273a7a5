//! The files in the output folder. A file that exists is from an earlier `explore`, and is not overwritten.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use afresh_trace::format::files::Output;
use afresh_trace::format::{Error, Problem};

use crate::console::CliError;
use crate::shell::quote;
use crate::worker;

/// The longest part of a folder's name that is taken from the signature, in characters.
const NAME_MAX: usize = 60;

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

/// Turns a signature into a folder name that every file system accepts.
///
/// The first `/` and all blanks become `-`. If the result is too long, contains other special characters or begins
/// with a dot, it is cut and cleaned, and a digest of the signature is appended so that different signatures keep
/// different names.
fn folder_name(signature: &str) -> String {
    let is_plain = |char: char| char.is_ascii_alphanumeric() || matches!(char, '-' | '_' | '.');
    let name = signature.replacen('/', "-", 1).replace(' ', "-");
    if name.len() <= NAME_MAX && name.chars().all(is_plain) && !name.starts_with('.') {
        return name;
    }
    let plain: String = name.chars().map(|char| if is_plain(char) { char } else { '-' }).take(NAME_MAX).collect();
    format!("{}-{}", plain.trim_matches(['-', '.']), &blake3::hash(signature.as_bytes()).to_hex()[..8])
}

/// Writes the trace of a finding and its `commands.txt`, except for files that exist already.
///
/// `twin` is the option with which the finding is shrunk, if the system has a correct twin.
pub(super) fn keep(
    output: &Path,
    (system, twin): (&str, &str),
    signature: &str,
    seed: u64,
    trace: &[u8],
) -> Result<(), CliError> {
    let folder = folder(output, signature);
    fs::create_dir_all(&folder).map_err(|error| Error::file(folder.display().to_string(), Problem::Write(error)))?;
    let program = quote(&worker::program());
    let (quoted_system, quoted_signature) = (quote(system.as_ref()), quote(signature.as_ref()));
    let commands = format!(
        "# {signature}, found in the run of {system} with seed {seed}. To see it in the shrunk trace:\n\
         {program} check shrunk.jsonl\n\
         {program} show shrunk.jsonl --views\n\
         # To see it in the whole run, from its trace or from its seed:\n\
         {program} check trace.jsonl\n\
         {program} run {quoted_system} --seed {seed}\n\
         # To shrink the whole run again:\n\
         {program} shrink trace.jsonl --signature {quoted_signature}{twin} --output again.jsonl\n",
    );
    for (name, content) in [("trace.jsonl", trace), ("commands.txt", commands.as_bytes())] {
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
        assert_eq!(folder_name("incremental/balance"), "incremental-balance");
        assert_eq!(folder_name("money-is-conserved"), "money-is-conserved");
        assert_eq!(folder_name("abort/signal 6"), "abort-signal-6");
        let long = "x".repeat(200);
        let names = ["panic/no account \"\"", "panic/no account ''", "../up", "", &long].map(folder_name);
        assert!(
            names.iter().all(|name| name.len() <= 70 && !name.starts_with('.') && !name.contains('/')),
            "{names:?}"
        );
        assert_ne!(names[0], names[1]);
    }
}
