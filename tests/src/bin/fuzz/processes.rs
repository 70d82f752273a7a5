//! The readers that are part of the command line: each file is read by a process of `afresh`.

use std::error::Error;
use std::fs::File;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::Duration;
use std::{env, fs, thread};

use afresh_tests::root;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::Target;

/// The record of a campaign, in the folder of [`Binary`].
const RECORD: &str = "findings/campaign.jsonl";

/// The steps in which a process is watched: after [`STEPS`] of them it is asked to stop, and after all it must have.
const STEP: Duration = Duration::from_millis(5);
const STEPS: u32 = 400;
const STEPS_MAX: u32 = 4000;

/// The options of the explored campaign.
const EXPLORE: [&str; 6] = ["explore", "ledger", "--seeds", "0..2", "--jobs", "1"];

/// This program as `afresh`, and a folder in which it runs.
pub(crate) struct Binary {
    program: PathBuf,
    folder: TempDir,
}

impl Binary {
    pub(crate) fn new() -> Result<Self, Box<dyn Error>> {
        Ok(Self { program: env::current_exe()?, folder: TempDir::new()? })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs `afresh`, and asks it to stop after a while: many seeds may take for ever.
    pub(crate) fn run(&self, words: &[&str]) -> Result<Output, Box<dyn Error>> {
        let out = |name: &str| File::create(self.path(name));
        let mut command = Command::new(&self.program);
        command.arg0("afresh").args(words).current_dir(self.folder.path()).stdin(Stdio::null());
        let mut child = command.stdout(out("stdout")?).stderr(out("stderr")?).spawn()?;
        for step in 0..STEPS_MAX {
            if let Some(status) = child.try_wait()? {
                return Ok(Output {
                    status,
                    stdout: fs::read(self.path("stdout"))?,
                    stderr: fs::read(self.path("stderr"))?,
                });
            }
            if step == STEPS {
                kill_process(Pid::from_child(&child), Signal::TERM)?;
            }
            thread::sleep(STEP);
        }
        child.kill()?;
        child.wait()?;
        Err(format!("does not stop when it is asked to: {words:?}").into())
    }

    /// Copies a kept trace into the folder.
    fn copy(&self, name: &str) {
        let file = format!("{name}.jsonl");
        fs::copy(root().join("fixtures/traces").join(&file), self.path(&file)).expect("copied");
    }

    /// Returns the walk of a search for the bug of a kept trace.
    pub(crate) fn walk_of(&self, name: &str) -> Vec<u8> {
        self.copy(name);
        let done = self.run(&["shrink", &format!("{name}.jsonl"), "--runs", "60"]).expect("it ends");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        fs::read(self.path(&format!("{name}.min.jsonl.walk"))).expect("a walk")
    }
}

/// Checks the end of a process. Returns its exit code, or 0 if it was stopped.
pub(crate) fn ended(done: &Output) -> Result<i32, String> {
    let texts = [&done.stdout, &done.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
    match done.status.code().or(done.status.signal().map(|signal| signal - Signal::TERM.as_raw())) {
        Some(code @ 0..=3) if texts.iter().all(|text| text.chars().all(|char| char == '\n' || !char.is_control())) => {
            Ok(code)
        }
        _ => Err(format!("{}: {texts:?}", done.status)),
    }
}

/// The record of `explore`.
pub(crate) struct Campaigns(pub(crate) Binary);

impl Target for Campaigns {
    fn corpus(&self) -> Vec<Vec<u8>> {
        let record = || fs::read(self.0.path(RECORD)).expect("a record");
        assert!(self.0.run(&EXPLORE).is_ok_and(|done| done.status.success()));
        let short = record();
        let more = ["explore", "ledger", "--seeds", "0..80", "--jobs", "1"];
        assert!(self.0.run(&more).is_ok_and(|done| done.status.success()));
        let failed = r#"{"build":"b","first":9,"end":19,"counts":{"runs":2},"failed":{"a":{"runs":2,"seed":9}}}"#;
        vec![[&record(), failed.as_bytes(), b"\n"].concat(), short]
    }

    fn read(&self, file: &[u8]) -> Result<bool, String> {
        let path = self.0.path(RECORD);
        fs::write(&path, file).map_err(|error| error.to_string())?;
        let run = || self.0.run(&EXPLORE).map_err(|error| error.to_string());
        let done = run()?;
        let after = fs::read(&path).map_err(|error| error.to_string())?;
        let said = String::from_utf8_lossy(&done.stderr);
        match ended(&done)? {
            2 if after == file && said.contains(RECORD) => Ok(false),
            0 | 1 if ended(&run()?)? < 2 => Ok(true),
            code => Err(format!("exit code {code}: {said}")),
        }
    }
}
