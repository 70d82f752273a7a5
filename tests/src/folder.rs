//! A folder of traces, in which the tests run the binary.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::binary;

/// A folder that is deleted at the end of the test.
#[derive(Debug)]
pub struct Folder(TempDir);

/// The outcome of a run of the binary.
#[derive(Clone, Debug)]
pub struct Done {
    /// The exit code.
    pub code: Option<i32>,
    /// The standard output.
    pub stdout: String,
    /// The standard error.
    pub stderr: String,
}

impl Default for Folder {
    fn default() -> Self {
        Self(TempDir::new().expect("a temporary folder"))
    }
}

impl Folder {
    /// Writes a complete trace of `system`, with `events` as its lines.
    pub fn trace(&self, name: &str, system: &str, events: &[impl AsRef<str>]) {
        let header = format!(r#"{{"afresh":{{"format":1,"system":"{system}","complete":true}}}}"#);
        let lines = events.iter().map(|event| event.as_ref().to_owned() + "\n");
        self.write(name, &lines.fold(header + "\n", |text, line| text + &line));
    }

    /// Writes a file.
    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("a file is written");
    }

    /// Reads a file.
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The path of a file.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The names of the files, sorted.
    pub fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path()).expect("the folder is there");
        let mut names: Vec<_> =
            entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// Prepares a run of `afresh` with `words` in the folder.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command.args(words).current_dir(self.0.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs `afresh` with `words` to its end.
    pub fn run(&self, words: &[&str]) -> Done {
        self.command(words).output().expect("the binary runs").into()
    }

    /// Runs `afresh` with `words`, which must succeed. Returns the standard output.
    pub fn ok(&self, words: &[&str]) -> String {
        let done = self.run(words);
        assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""), "{words:?}");
        done.stdout
    }

    /// Runs `afresh` with `words` and `--format json`, which must succeed. Returns the report named `report`.
    pub fn json(&self, report: &str, words: &[&str]) -> Value {
        let text = self.ok(&[words, &["--format", "json"]].concat());
        assert_eq!(text.lines().count(), 1, "a report is one line");
        let mut value: Value = serde_json::from_str(&text).expect("a report is JSON");
        assert_eq!(value["afresh"], 1, "the version of the report");
        value[report].take()
    }

    /// Runs `afresh` with `words`, which must be refused with exit code 2 and change no file. Returns the standard
    /// error.
    pub fn refused(&self, words: &[&str]) -> String {
        let before = self.files();
        let done = self.run(words);
        assert_eq!((done.code, done.stdout.as_str()), (Some(2), ""), "{words:?}: {}", done.stderr);
        assert_eq!(self.files(), before);
        done.stderr
    }
}

impl From<Output> for Done {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("what is written is UTF-8");
        Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}
