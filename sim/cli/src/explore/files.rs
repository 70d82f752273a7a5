//! Where what is found goes. Nothing is overwritten: what is there was found before.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::outcome::Failure;
use crate::shell::quote;
use crate::worker;
use afresh_trace::format::files::Output;
use afresh_trace::format::{Error, Problem};

/// The longest name of a folder.
const NAME_MAX: usize = 60;

/// The record of the campaign.
pub(super) fn campaign(output: &Path) -> PathBuf {
    output.join("campaign.jsonl")
}

/// What the run of a seed was sent so far, when it is watched closely.
pub(super) fn ahead(output: &Path, seed: u64) -> PathBuf {
    output.join(format!("under-way-{seed}.jsonl"))
}

/// The folder of a finding.
pub(super) fn folder(output: &Path, signature: &str) -> PathBuf {
    output.join(folder_name(signature))
}

/// A name that every file system takes: the signature where that is one already, but for its `/` and its blanks; else what
/// can be kept of it, with a digest that tells it from others.
fn folder_name(signature: &str) -> String {
    let is_plain = |char: char| char.is_ascii_alphanumeric() || matches!(char, '-' | '_' | '.');
    let name = signature.replacen('/', "-", 1).replace(' ', "-");
    if name.len() <= NAME_MAX && name.chars().all(is_plain) && !name.starts_with('.') {
        return name;
    }
    let plain: String = name.chars().map(|char| if is_plain(char) { char } else { '-' }).take(NAME_MAX).collect();
    format!("{}-{}", plain.trim_matches(['-', '.']), &blake3::hash(signature.as_bytes()).to_hex()[..8])
}

/// Keeps the trace of a finding, unless one is there.
pub(super) fn keep(output: &Path, system: &str, signature: &str, seed: u64, trace: &[u8]) -> Result<(), Failure> {
    let folder = folder(output, signature);
    fs::create_dir_all(&folder).map_err(|error| Error::file(folder.display().to_string(), Problem::Write(error)))?;
    let program = quote(&worker::program());
    let (quoted_system, quoted_signature) = (quote(system.as_ref()), quote(signature.as_ref()));
    let commands = format!(
        "# {signature}, in the run of {system} with seed {seed}. To see it again:\n\
         {program} check shrunk.jsonl\n\
         {program} show shrunk.jsonl --views\n\
         # The whole run, from its record; and anew, from its seed:\n\
         {program} check trace.jsonl\n\
         {program} run {quoted_system} --seed {seed}\n\
         # To make it small again:\n\
         {program} shrink trace.jsonl --signature {quoted_signature} --output again.jsonl\n",
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
