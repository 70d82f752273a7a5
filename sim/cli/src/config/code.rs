//! The files of the code of a program.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use afresh_program::Program;
use afresh_trace::text::escape;

use crate::console::CliError;

/// Returns the files that a command names, each with the files beside it that have the same extension: a program in
/// several files mostly has them in one folder. If the program itself is found in the `PATH`, it is one of them.
pub(super) fn named(command: &[OsString], folder: &Path) -> Vec<PathBuf> {
    let named = command.iter().map(|word| folder.join(word)).filter(|path| path.is_file());
    let mut files: Vec<_> = named.flat_map(|path| beside(&path)).collect();
    files.extend(command.first().and_then(installed));
    files.sort();
    files.dedup();
    files
}

fn beside(path: &Path) -> Vec<PathBuf> {
    let (Some(extension), Some(folder)) = (path.extension(), path.parent()) else { return vec![path.to_owned()] };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.filter(|entry| entry.extension() == Some(extension) && entry.is_file()).collect()
}

/// Returns the program of this name that a shell would find in the `PATH`.
fn installed(name: &OsString) -> Option<PathBuf> {
    let path = env::var_os("PATH").filter(|_| !name.to_string_lossy().contains('/'))?;
    env::split_paths(&path).map(|folder| folder.join(name)).find(|path| path.is_file())
}

/// Returns the files in `folder` that match some patterns, and each pattern that matches none.
pub(super) fn matched(patterns: &[String], folder: &Path) -> Vec<PathBuf> {
    let matches = |pattern: &String| {
        let inside = glob::Pattern::escape(&folder.to_string_lossy());
        let found = glob::glob(&format!("{inside}/{pattern}")).into_iter().flatten().flatten();
        let found: Vec<_> = found.filter(|path| path.is_file()).collect();
        if found.is_empty() { vec![folder.join(pattern)] } else { found }
    };
    let mut files: Vec<_> = patterns.iter().flat_map(matches).collect();
    files.sort();
    files.dedup();
    files
}

/// Returns a digest of the commands of all versions of a program and their files, which tells two builds of it apart.
/// It does not depend on the working directory.
///
/// # Errors
///
/// Fails if a file cannot be read: a change of it would not be seen.
pub(crate) fn digest(program: &Program) -> Result<String, CliError> {
    let mut digest = blake3::Hasher::new();
    let mut add = |bytes: &[u8]| {
        digest.update(&(bytes.len() as u64).to_le_bytes());
        digest.update(bytes);
    };
    for (name, config) in program.configs() {
        add(name.as_str().as_bytes());
        config.command.iter().for_each(|word| add(word.as_encoded_bytes()));
        for file in &config.files {
            let code = fs::read(file).map_err(|error| {
                CliError::Usage(format!(
                    "{}: a file of the code of a system cannot be read: {error}\n  help: a campaign must know when the \
                     code changes: correct `files` of the system in `{}`",
                    escape(&file.to_string_lossy()),
                    super::NAME
                ))
            })?;
            add(file.strip_prefix(&config.folder).unwrap_or(file).as_os_str().as_encoded_bytes());
            add(&code);
        }
    }
    Ok(digest.finalize().to_hex()[..16].to_owned())
}
