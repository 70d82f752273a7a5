//! The folder in which the commands of one document run.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use afresh_tests::{Folder, binary, root};

use super::transcript::Printed;

/// The folders of the repository that are copied, so that commands work as typed at the root.
const COPIED: [&str; 3] = ["docs", "examples", "fixtures/traces"];

/// A folder with copies of the files that the documents use.
pub(crate) struct Workplace {
    folder: Folder,
    /// The folder for temporary files of the binary, which is also the home folder of the shell.
    aside: Folder,
}

impl Workplace {
    pub(crate) fn new() -> Self {
        let folder = Folder::default();
        for name in COPIED {
            copy(&root().join(name), &folder.path(name));
        }
        Self { folder, aside: Folder::default() }
    }

    /// Runs `command` in a shell with an empty standard input.
    pub(crate) fn run(&self, command: &str) -> Printed {
        // The other binaries are in the folder of the profile.
        let binaries = binary().ancestors().skip(1).take(2).map(|folder| format!("{}:", folder.display()));
        let path = std::env::var("PATH").expect("a path");
        let mut shell = Command::new("sh");
        // Like a terminal, this merges both streams in the order in which they were written.
        shell.args(["-c", &format!("exec 2>&1\n{command}")]).current_dir(self.folder.path(""));
        // The output must not depend on the user or the machine.
        shell.env_clear().env("PATH", binaries.collect::<String>() + &path).env("LC_ALL", "C");
        shell.env("HOME", self.aside.path("")).env("TMPDIR", self.aside.path(""));
        let done = shell.stdin(Stdio::null()).output().expect("a shell runs");
        let text = String::from_utf8_lossy(&done.stdout);
        // An editor may remove trailing spaces and empty lines, so they do not count.
        let mut output: Vec<_> = text.lines().map(|line| line.trim_end().to_owned()).collect();
        while output.last().is_some_and(String::is_empty) {
            output.pop();
        }
        // A shell reports a killed command as 128 plus the signal; a shell that is killed itself counts as 128.
        Printed { output, exit: done.status.code().unwrap_or(128) }
    }
}

/// Copies a folder and its contents, if it exists.
fn copy(from: &Path, to: &Path) {
    let Ok(entries) = fs::read_dir(from) else { return };
    fs::create_dir_all(to).expect("a folder is made");
    for entry in entries {
        let entry = entry.expect("an entry");
        let to = to.join(entry.file_name());
        if entry.file_type().expect("a file has a type").is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).expect("a file is copied");
        }
    }
}
