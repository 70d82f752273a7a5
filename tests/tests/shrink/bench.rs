//! A folder with an input and scripts, in which the tests run the binary.

use std::ffi::OsStr;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use afresh::minimize::Walk;
use afresh_tests::binary;
use tempfile::TempDir;

/// A command for `sh` that exits 0 if the file `$1` has a line starting with `open` and later one with `reverse`. It
/// adds the checksum of each file it sees to `runs` in the folder `$0`.
const SCRIPT: &str = r#"
    cksum < "$1" >> "$0/runs"
    LC_ALL=C grep -a '^open\|^reverse' "$1" | tr -d '\r' | tr '\n' ' ' | LC_ALL=C grep -aq 'open.*reverse'
"#;

/// The folder of one test.
pub(crate) struct Bench {
    folder: TempDir,
    /// The folder for temporary files of the binary; those of a killed binary are deleted with the test.
    temporary: TempDir,
}

/// The outcome of a run of the binary.
pub(crate) struct Done {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for Done {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("messages are UTF-8");
        Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

impl Bench {
    /// Creates a folder with `input` as the file `trace.log`.
    pub(crate) fn new(input: impl AsRef<[u8]>) -> Self {
        let folder = || TempDir::new().expect("a temporary folder");
        let bench = Self { folder: folder(), temporary: folder() };
        fs::write(bench.path("trace.log"), input).expect("the input is written");
        bench
    }

    /// Creates a folder with 200 lines, of which `open` and `reverse` are the bug.
    pub(crate) fn with_bug() -> Self {
        let line = |number| match number {
            61 => "open a\n".to_owned(),
            142 => "reverse a\n".to_owned(),
            _ => format!("ping {number}\n"),
        };
        Self::new((1..=200).map(line).collect::<String>())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The names of the files in the folder, sorted.
    pub(crate) fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).expect("the folder is there");
        let mut names: Vec<_> =
            entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// Prepares `afresh shrink` with `options` and the command that looks for the bug of
    /// [`with_bug`](Self::with_bug).
    pub(crate) fn shrink(&self, options: &[&str]) -> Command {
        self.shrink_by(options, SCRIPT)
    }

    /// Prepares `afresh shrink` with `options` and `sh` with `script`, where `$0` is the folder and `$1` the
    /// candidate.
    pub(crate) fn shrink_by(&self, options: &[&str], script: &str) -> Command {
        let folder = self.folder.path().as_os_str();
        self.command(
            options.iter().chain(&["--", "sh", "-c", script]).map(OsStr::new).chain([folder, OsStr::new("{}")]),
        )
    }

    /// Prepares `afresh shrink` with `words`.
    pub(crate) fn command<'a>(&self, words: impl IntoIterator<Item = &'a OsStr>) -> Command {
        let mut command = Command::new(binary());
        command.arg("shrink").args(words).current_dir(self.folder.path());
        command.env("TMPDIR", self.temporary.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Prepares `afresh check` with `words`.
    pub(crate) fn check(&self, words: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command.arg("check").args(words).current_dir(self.folder.path());
        command
    }

    /// Returns the checksum of each file that the command has seen.
    pub(crate) fn runs(&self) -> Vec<String> {
        String::from_utf8(self.read("runs")).expect("text").lines().map(str::to_owned).collect()
    }

    pub(crate) fn walk(&self) -> Walk {
        Walk::read(&self.read("trace.min.log.walk")).expect("the walk reads back")
    }
}

/// Runs `command` to its end.
pub(crate) fn run(mut command: Command) -> Done {
    command.output().expect("the binary runs").into()
}
