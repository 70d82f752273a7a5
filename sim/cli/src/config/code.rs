//! The files of the code of a program.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use afresh_program::Program;

/// Returns the files that a command names, each with the files beside it that have the same extension: a program in
/// several files mostly has them in one folder.
pub(super) fn named(command: &[OsString], folder: &Path) -> Vec<PathBuf> {
    let named = command.iter().map(|word| folder.join(word)).filter(|path| path.is_file());
    let mut files: Vec<_> = named.flat_map(|path| beside(&path)).collect();
    files.sort();
    files.dedup();
    files
}

fn beside(path: &Path) -> Vec<PathBuf> {
    let (Some(extension), Some(folder)) = (path.extension(), path.parent()) else { return vec![path.to_owned()] };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.filter(|entry| entry.extension() == Some(extension) && entry.is_file()).collect()
}

/// Returns the files in `folder` that match some patterns.
pub(super) fn matched(patterns: &[String], folder: &Path) -> Vec<PathBuf> {
    let matches = |pattern: &String| {
        let inside = glob::Pattern::escape(&folder.to_string_lossy());
        glob::glob(&format!("{inside}/{pattern}")).into_iter().flatten().flatten()
    };
    let mut files: Vec<_> = patterns.iter().flat_map(matches).filter(|path| path.is_file()).collect();
    files.sort();
    files.dedup();
    files
}

/// Returns a digest of the command of a program and its files, which tells two builds of it apart.
pub(crate) fn digest(program: &Program) -> String {
    let config = program.config();
    let mut digest = blake3::Hasher::new();
    let mut add = |bytes: &[u8]| {
        digest.update(&(bytes.len() as u64).to_le_bytes());
        digest.update(bytes);
    };
    config.command.iter().for_each(|word| add(word.as_encoded_bytes()));
    for file in &config.files {
        add(file.as_os_str().as_encoded_bytes());
        // A file that cannot be read any more is another build.
        add(&fs::read(file).unwrap_or_default());
    }
    digest.finalize().to_hex()[..16].to_owned()
}
