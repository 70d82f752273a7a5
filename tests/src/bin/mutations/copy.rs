//! A copy of the source, in which one mutation is made at a time.

use std::collections::BTreeSet;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use afresh_tests::mutations::Mutation;
use afresh_tests::root;

/// The folder for everything that a run makes.
pub(crate) fn folder() -> PathBuf {
    root().join("target/mutations")
}

/// A copy of the files of the repository.
pub(crate) struct Copy {
    source: PathBuf,
}

impl Copy {
    /// Copies the files that git knows. Files that are the same already keep their times, so that cargo does not build
    /// them again.
    ///
    /// # Errors
    ///
    /// If git does not run, or a file cannot be copied.
    pub(crate) fn new() -> Result<Self, Box<dyn Error>> {
        let source = folder().join("source");
        let mut git = Command::new("git");
        git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).current_dir(root());
        let listed = String::from_utf8(git.output()?.stdout)?;
        let files: BTreeSet<_> = listed.split_terminator('\0').filter(|file| root().join(file).is_file()).collect();
        for file in &files {
            let (content, to) = (fs::read(root().join(file))?, source.join(file));
            if fs::read(&to).ok() != Some(content.clone()) {
                fs::create_dir_all(to.parent().expect("a file is in a folder"))?;
                fs::write(&to, content)?;
            }
        }
        remove_others(&source, &source, &files)?;
        Ok(Self { source })
    }

    /// Builds `afresh`, and returns the path of the binary, or `None` if it does not build.
    ///
    /// # Errors
    ///
    /// If cargo does not run.
    pub(crate) fn build(&self) -> Result<Option<PathBuf>, Box<dyn Error>> {
        let target = folder().join("target");
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.args(["build", "--package", "afresh-bin", "--locked", "--quiet"]).current_dir(&self.source);
        // A mutation may leave something unused, and debug information takes time.
        cargo.env("RUSTFLAGS", "--cap-lints=allow").env("CARGO_PROFILE_DEV_DEBUG", "0");
        cargo.env("CARGO_TARGET_DIR", &target);
        Ok(cargo.status()?.success().then(|| target.join("debug/afresh")))
    }

    /// Builds `afresh` with a mutation, and restores the source.
    ///
    /// # Errors
    ///
    /// If cargo does not run, or the code to replace does not occur exactly once.
    pub(crate) fn build_with(&self, mutation: &Mutation) -> Result<Option<PathBuf>, Box<dyn Error>> {
        let path = self.source.join(mutation.file);
        let correct = fs::read_to_string(&path)?;
        if correct.matches(mutation.old).count() != 1 {
            return Err(format!("{}: `{}` does not occur exactly once", mutation.file, mutation.old).into());
        }
        fs::write(&path, correct.replace(mutation.old, mutation.new))?;
        let built = self.build();
        fs::write(&path, correct)?;
        built
    }
}

/// Removes the files of an earlier copy that are not in `files`.
fn remove_others(source: &Path, folder: &Path, files: &BTreeSet<&str>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let file = path.strip_prefix(source)?.to_str().unwrap_or_default();
        if path.is_dir() {
            remove_others(source, &path, files)?;
        } else if !files.contains(file) {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}
