//! The folder that the commands of one document run in, one after the other.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use afresh_tests::{Folder, binary, root};

use super::transcript::Printed;

/// What of the repository is in the folder, at its place: commands are shown as typed at the root.
const COPIED: [&str; 3] = ["docs", "examples", "fixtures/traces"];

/// A folder with a copy of what the documents are about.
pub(crate) struct Workplace {
    folder: Folder,
    /// Where the binary puts its temporary files, and where a shell is at home.
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

    /// Runs `command` as a shell does, with nothing to read from its terminal.
    pub(crate) fn run(&self, command: &str) -> Printed {
        // The other binaries are in the folder of the profile.
        let binaries = binary().ancestors().skip(1).take(2).map(|folder| format!("{}:", folder.display()));
        let path = std::env::var("PATH").expect("a path");
        let mut shell = Command::new("sh");
        // A terminal shows both streams, in the order in which they were written.
        shell.args(["-c", &format!("exec 2>&1\n{command}")]).current_dir(self.folder.path(""));
        // The output must not depend on who runs this, or where.
        shell.env_clear().env("PATH", binaries.collect::<String>() + &path).env("LC_ALL", "C");
        shell.env("HOME", self.aside.path("")).env("TMPDIR", self.aside.path(""));
        let done = shell.stdin(Stdio::null()).output().expect("a shell runs");
        let text = String::from_utf8_lossy(&done.stdout);
        // An editor may take spaces and empty lines away that nobody sees.
        let mut output: Vec<_> = text.lines().map(|line| line.trim_end().to_owned()).collect();
        while output.last().is_some_and(String::is_empty) {
            output.pop();
        }
        // A shell that was killed says 128 and the signal, and so do we.
        Printed { output, exit: done.status.code().unwrap_or(128) }
    }
}

/// Copies a folder with all that is in it, if it is there.
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
