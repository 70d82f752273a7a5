//! The folder in which the commands of the documents run, which resembles a checkout of the repository.

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use afresh_tests::{Folder, binary, root};

use super::transcript::Printed;

/// The folders of the repository that are copied, so that commands work as typed at the root.
const COPIED: [&str; 3] = ["docs", "examples", "fixtures/traces"];

/// The folder that the documents tell readers to make, and that git ignores.
pub(crate) const IGNORED: &str = "try";

/// The port of a service in the documents.
const PORT: &str = "7007";

/// A folder with copies of the files that the documents use, and a shell in it.
pub(crate) struct Workplace {
    folder: Folder,
    /// The folder for temporary files of the binary, which is also the home folder of the shell.
    aside: Folder,
    /// The folder that the next command runs in.
    place: PathBuf,
    /// The port that services listen on instead.
    port: String,
}

/// A service that a document has started, and whose process it has noted, ends with the test.
impl Drop for Workplace {
    fn drop(&mut self) {
        if !self.folder.path(IGNORED).exists() {
            return;
        }
        let noted = |path: &Path| path.file_name().is_some_and(|name| name == "serve.pid");
        let mut files = BTreeMap::new();
        read(&self.folder.path(IGNORED), Path::new(""), &mut files);
        for (_, pid) in files.into_iter().filter(|(path, _)| noted(path)) {
            let pid = String::from_utf8_lossy(&pid).trim().to_owned();
            // An error says that it has ended already.
            let _ = Command::new("kill").args(["-KILL", &pid]).stderr(Stdio::null()).status();
        }
    }
}

impl Workplace {
    pub(crate) fn new() -> Self {
        let folder = Folder::default();
        for name in COPIED {
            copy(&root().join(name), &folder.path(name));
        }
        let place = folder.path("");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port().to_string();
        Self { folder, aside: Folder::default(), place, port }
    }

    /// Returns to the root, where every document begins.
    pub(crate) fn begin(&mut self) {
        self.place = self.folder.path("");
    }

    /// Returns the files outside of the folder `IGNORED`, with their contents.
    pub(crate) fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        read(&self.folder.path(""), &self.folder.path(IGNORED), &mut files);
        files
    }

    /// Runs `command` in a shell with an empty standard input. A `cd` lasts, as in a terminal.
    ///
    /// The port of a service becomes a free one, because other tests may run on this machine.
    pub(crate) fn run(&mut self, command: &str) -> Printed {
        // The other binaries are in the folder of the profile.
        let binaries = binary().ancestors().skip(1).take(2).map(|folder| format!("{}:", folder.display()));
        let path = std::env::var("PATH").expect("a path");
        let command = command.replace(PORT, &self.port);
        let mut shell = Command::new("sh");
        // Like a terminal, this merges both streams in the order in which they were written.
        let last = "code=$?; pwd > \"$HOME/place\"; exit $code";
        shell.args(["-c", &format!("exec 2>&1\n{command}\n{last}")]).current_dir(&self.place);
        // The output must not depend on the user or the machine.
        shell.env_clear().env("PATH", binaries.collect::<String>() + &path).env("LC_ALL", "C");
        shell.env("HOME", self.aside.path("")).env("TMPDIR", self.aside.path(""));
        let done = shell.stdin(Stdio::null()).output().expect("a shell runs");
        self.place = PathBuf::from(self.aside.read("place").trim_end());
        let text = String::from_utf8_lossy(&done.stdout).replace(&self.port, PORT);
        // An editor may remove trailing spaces and empty lines, so they do not count.
        let mut output: Vec<_> = text.lines().map(|line| line.trim_end().to_owned()).collect();
        while output.last().is_some_and(String::is_empty) {
            output.pop();
        }
        // A shell reports a killed command as 128 plus the signal; a shell that is killed itself counts as 128.
        Printed { output, exit: done.status.code().unwrap_or(128) }
    }
}

/// Reads all files in a folder, except those in the folder `without`.
fn read(folder: &Path, without: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in fs::read_dir(folder).expect("a folder can be read") {
        let path = entry.expect("an entry").path();
        if path.is_dir() && path != without {
            read(&path, without, files);
        } else if path.is_file() {
            files.insert(path.clone(), fs::read(&path).expect("a file can be read"));
        }
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
