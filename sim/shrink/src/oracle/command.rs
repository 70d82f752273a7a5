//! Command oracles: they run any command, which by default exits with 0 if the bug shows.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::fs::{self, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use afresh_core::Signature;

use super::process::{self, Ended, Finished, Streams};
use super::recognizer::{FailedRun, Recognizer};
use super::values::values;
use crate::minimize::{Candidate, Content, Edit, Identity, Oracle, Verdict};
use crate::scratch::Scratch;

/// The placeholder for the path of the candidate in the words of a command.
const PLACE: &[u8] = b"{}";

/// The time limit of a run before the bug was first seen. Later limits depend on how long that run took.
const FIRST_TIMEOUT: Duration = Duration::from_secs(300);

/// How often a run that could not begin is tried again, and the pause after each try.
const TRIES: u32 = 8;
const PAUSE: Duration = Duration::from_millis(100);

/// The default time limit is this many times the duration of the first run that showed the bug, and at least a second.
const TIMEOUT_FACTOR: u32 = 10;

/// A command to run on candidates.
///
/// Each `{}` in its words stands for the path of the candidate. Or the command reads the candidate from its standard
/// input.
#[derive(Clone, Debug)]
pub struct Template {
    words: Vec<OsString>,
    piped: bool,
}

impl Template {
    /// Returns a command that gets the path of the candidate in place of `{}`. The first of `words` is the program.
    ///
    /// Returns `None` if no word contains `{}`, because such a command could not see the candidate.
    #[must_use]
    pub fn with_path(words: Vec<OsString>) -> Option<Self> {
        let has_place = words.iter().any(|word| word.as_bytes().windows(PLACE.len()).any(|window| window == PLACE));
        has_place.then_some(Self { words, piped: false })
    }

    /// Returns a command that reads the candidate from its standard input. The first of `words` is the program. `{}`
    /// has no special meaning.
    ///
    /// Returns `None` if there are no words.
    #[must_use]
    pub fn with_pipe(words: Vec<OsString>) -> Option<Self> {
        (!words.is_empty()).then_some(Self { words, piped: true })
    }

    /// Returns the command for the candidate at `path`.
    fn command(&self, path: &Path) -> Command {
        let path = path.as_os_str();
        let mut words = self.words.iter().map(|word| if self.piped { word.clone() } else { fill(word, path) });
        let mut command = Command::new(words.next().unwrap_or_default());
        command.args(words);
        command
    }
}

fn fill(word: &OsStr, path: &OsStr) -> OsString {
    let mut filled = Vec::new();
    let mut rest = word.as_bytes();
    while let Some(place) = rest.windows(PLACE.len()).position(|window| window == PLACE) {
        filled.extend_from_slice(&rest[..place]);
        filled.extend_from_slice(path.as_bytes());
        rest = &rest[place + PLACE.len()..];
    }
    filled.extend_from_slice(rest);
    OsString::from_vec(filled)
}

/// The outcome of one run of a command, to be shown to people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// How the run ended, such as `exited 1`.
    pub ended: String,
    /// The last part of what the command printed on standard output and standard error. These bytes come from outside:
    /// escape them before they are shown.
    pub output: Vec<u8>,
}

/// A run of a command, with its verdict.
struct Judged {
    verdict: Verdict,
    outcome: Outcome,
    elapsed: Option<Duration>,
}

/// An oracle that runs a command on each candidate.
///
/// The command finds the candidate in a file with the name of the original, alone in a folder, or on its standard
/// input. A [`Recognizer`] says whether the run failed, and whether with the same bug.
///
/// The verdict is [`Verdict::Unresolved`] if the command cannot be started, is killed, takes too long, or exits with
/// 125, 126 or 127. By these codes, shells and `git bisect run` say that the command itself went wrong.
///
/// The command runs in the current directory, in a process group of its own, which is killed when the command ends.
#[derive(Debug)]
pub struct CommandOracle {
    template: Template,
    /// Holds the folders of candidates. Each run gets a new one, so files that a command leaves there do not affect
    /// later runs.
    place: Scratch,
    name: OsString,
    recognizer: Recognizer,
    /// The bug, once the original has shown it. Stays `None` if failures cannot be told apart.
    bug: Option<Signature>,
    timeout: Option<Duration>,
    measured: Option<Duration>,
    stop: fn() -> bool,
    jobs: usize,
    /// `true` if the first run sets the time limit, whatever its verdict.
    is_beside: bool,
    outcomes: [Outcome; 2],
    permissions: Option<Permissions>,
}

impl CommandOracle {
    /// Creates an oracle that runs `template` on files called `name`. By default, exit code 0 means that the bug shows,
    /// and any other code that it does not.
    ///
    /// # Errors
    ///
    /// Fails if no temporary folder can be made.
    pub fn new(template: Template, name: impl Into<OsString>) -> io::Result<Self> {
        let place = Scratch::new()?;
        let outcomes = Default::default();
        Ok(Self {
            template,
            place,
            name: name.into(),
            recognizer: Recognizer::default(),
            bug: None,
            timeout: None,
            measured: None,
            stop: || false,
            jobs: 1,
            is_beside: false,
            outcomes,
            permissions: None,
        })
    }

    /// Sets the permissions of the files with the candidates, such as that to run them. By default, they are those of
    /// any new file.
    #[must_use]
    pub fn permissions(mut self, permissions: Permissions) -> Self {
        self.permissions = Some(permissions);
        self
    }

    /// Sets how failures are recognized. The bug is the failure of the original.
    #[must_use]
    pub fn recognizer(mut self, recognizer: Recognizer) -> Self {
        self.recognizer = recognizer;
        self
    }

    /// Sets the time limit of each run. By default, it is ten times the duration of the first run that showed the bug,
    /// and at least a second.
    #[must_use]
    pub fn timeout(mut self, timeout: Option<Duration>) -> Self {
        self.timeout = timeout;
        self
    }

    /// Kills a run as soon as `stop` returns true. The verdict is then [`Verdict::Unresolved`].
    #[must_use]
    pub fn stop_when(mut self, stop: fn() -> bool) -> Self {
        self.stop = stop;
        self
    }

    /// Sets how many candidates are run at the same time, each in a folder of its own. By default, 1.
    #[must_use]
    pub fn jobs(mut self, jobs: usize) -> Self {
        self.jobs = jobs;
        self
    }

    /// Makes this the oracle of a command that is asked beside another, such as that of a correct twin. Its default
    /// time limit comes from its own first run, which does not show the bug.
    #[must_use]
    pub fn beside(mut self) -> Self {
        self.is_beside = true;
        self
    }

    /// The bug, once the original has shown it. `None` if failures cannot be told apart.
    #[must_use]
    pub fn bug(&self) -> Option<&Signature> {
        self.bug.as_ref()
    }

    /// The outcomes of the last two runs, the older one first.
    #[must_use]
    pub fn outcomes(&self) -> &[Outcome; 2] {
        &self.outcomes
    }

    /// Runs the command on a candidate. `number` is the index of the candidate among those that run at the same time.
    fn judge<T: AsRef<[u8]>>(&self, number: usize, candidate: &Candidate<'_, T>) -> Judged {
        let folder = self.place.path().join(if number == 0 { "candidate".to_owned() } else { number.to_string() });
        let content: Vec<u8> = candidate.values().flat_map(|line| line.as_ref().iter().copied()).collect();
        match self.run_in_spite(&folder, &content) {
            Ok(mut finished) => {
                let verdict = self.verdict(&finished, &folder, candidate);
                finished.output.append(&mut finished.errors);
                let outcome = Outcome { ended: describe(finished.ended), output: finished.output };
                Judged { verdict, outcome, elapsed: Some(finished.elapsed) }
            }
            Err(error) => {
                let ended = format!("could not be run: {error}");
                let outcome = Outcome { ended: ended.clone(), output: Vec::new() };
                Judged { verdict: Verdict::Unresolved(ended), outcome, elapsed: None }
            }
        }
    }

    /// Runs the command on a candidate, and returns what it prints on standard output.
    ///
    /// # Errors
    ///
    /// Returns how the run ended, if not with exit code 0.
    pub(super) fn output<T: AsRef<[u8]>>(&mut self, candidate: &Candidate<'_, T>) -> Result<Vec<u8>, String> {
        let folder = self.place.path().join("candidate");
        let content: Vec<u8> = candidate.values().flat_map(|line| line.as_ref().iter().copied()).collect();
        match self.run_in_spite(&folder, &content) {
            Ok(Finished { ended: Ended::Exited(0), output, elapsed, .. }) => {
                self.measure(Some(elapsed));
                Ok(output)
            }
            Ok(finished) => Err(describe(finished.ended)),
            Err(error) => Err(format!("could not be run: {error}")),
        }
    }

    /// Records a run, and returns its verdict.
    fn note(&mut self, judged: Judged) -> Verdict {
        let Judged { verdict, outcome, elapsed } = judged;
        if verdict.is_same() || self.is_beside {
            self.measure(elapsed);
        }
        self.outcomes.rotate_left(1);
        self.outcomes[1] = outcome;
        verdict
    }

    /// Sets the default time limit, unless an earlier run has set it.
    fn measure(&mut self, elapsed: Option<Duration>) {
        let limit = |elapsed: Duration| (elapsed * TIMEOUT_FACTOR).max(Duration::from_secs(1));
        self.measured = self.measured.or(elapsed.map(limit));
    }

    /// Runs the command, and tries again if it could not begin.
    ///
    /// The machine may be short of processes, memory or files for a moment. Without another try, every candidate of
    /// that moment would be unresolved.
    fn run_in_spite(&self, folder: &Path, content: &[u8]) -> io::Result<Finished> {
        for _ in 0..TRIES {
            match self.run(folder, content.to_vec()) {
                Err(error) if !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::PermissionDenied) => {
                    thread::sleep(PAUSE);
                }
                finished => return finished,
            }
        }
        self.run(folder, content.to_vec())
    }

    fn run(&self, folder: &Path, content: Vec<u8>) -> io::Result<Finished> {
        let path = folder.join(&self.name);
        let timeout = self.timeout.or(self.measured).unwrap_or(FIRST_TIMEOUT);
        let apart = self.recognizer.keeps_apart();
        if self.template.piped {
            return process::run(self.template.command(&path), Streams { input: content, apart }, timeout, self.stop);
        }
        // A failed try may have left the folder behind.
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
        fs::create_dir(folder)?;
        fs::write(&path, content)?;
        if let Some(permissions) = &self.permissions {
            fs::set_permissions(&path, permissions.clone())?;
        }
        let streams = Streams { input: Vec::new(), apart };
        let finished = process::run(self.template.command(&path), streams, timeout, self.stop);
        fs::remove_dir_all(folder)?;
        finished
    }

    /// Returns the verdict of a run.
    fn verdict<T: AsRef<[u8]>>(&self, finished: &Finished, folder: &Path, candidate: &Candidate<'_, T>) -> Verdict {
        let Ended::Exited(code @ (..=124 | 128..)) = finished.ended else {
            return Verdict::Unresolved(describe(finished.ended));
        };
        let Some(FailedRun { signature, line }) = self.recognizer.failure(code, finished, folder) else {
            return Verdict::Passed;
        };
        let at = line.and_then(|line| item_at(candidate, line));
        let is_original = *candidate.edit() == Edit::Keep;
        let signature = match (signature, &self.bug) {
            // The bug has a kind, and this failure has none.
            (None, Some(_)) => Some(Signature::new("exit", code.to_string())),
            // The original has no kind, so every failure counts.
            (Some(_), None) if !is_original && !candidate.is_empty() && self.recognizer.may_tell_nothing() => None,
            (signature, _) => signature,
        };
        match (signature, &self.bug) {
            (Some(signature), Some(bug)) if signature != *bug => Verdict::Other { signature, at },
            // No bug is known yet. A candidate other than the original cannot name it, and neither can a failure that
            // does not match the pattern.
            (Some(signature), None) if !is_original || !self.recognizer.knows(&signature) => {
                Verdict::Other { signature, at }
            }
            (signature, _) => Verdict::Same { at, shows: signature.filter(|_| is_original) },
        }
    }
}

/// Returns the number of the item in which a line of the file begins. `line` is from 1.
fn item_at<T: AsRef<[u8]>>(candidate: &Candidate<'_, T>, line: usize) -> Option<u64> {
    let ends_before = line.checked_sub(1)?;
    let mut ends = 0;
    for (item, text) in candidate.items().zip(candidate.values()) {
        let text = text.as_ref();
        ends += text.iter().filter(|byte| **byte == b'\n').count();
        if ends > ends_before || ends == ends_before && !text.ends_with(b"\n") {
            return Some(item.number);
        }
    }
    None
}

impl<T: AsRef<[u8]> + From<Vec<u8>> + Sync> Oracle<T> for CommandOracle {
    fn test(&mut self, candidate: &Candidate<'_, T>) -> Verdict {
        let judged = self.judge(0, candidate);
        self.note(judged)
    }

    fn width(&self, _: usize) -> usize {
        self.jobs
    }

    fn test_all(&mut self, candidates: &[Candidate<'_, T>]) -> Vec<Verdict> {
        let judged: Vec<_> = thread::scope(|scope| {
            let this = &*self;
            let judge = |(number, candidate)| scope.spawn(move || this.judge(number, candidate));
            let runs: Vec<_> = candidates.iter().enumerate().map(judge).collect();
            runs.into_iter().map(|run| run.join().expect("a run of a command does not panic")).collect()
        });
        judged.into_iter().map(|judged| self.note(judged)).collect()
    }

    fn bug_is(&mut self, bug: &Signature) {
        self.bug = Some(bug.clone());
    }

    fn content(&self) -> &dyn Content<T> {
        self
    }
}

impl<T: AsRef<[u8]> + From<Vec<u8>>> Content<T> for CommandOracle {
    /// Returns the identity of the contents, because a command cannot tell equal lines apart.
    fn identity(&self, candidate: &Candidate<'_, T>) -> Identity {
        Identity::of(candidate.values())
    }

    fn links(&self, line: &T) -> Vec<u64> {
        values(line.as_ref())
    }

    fn text<'e>(&self, line: &'e T) -> Option<Cow<'e, str>> {
        Lines.text(line)
    }

    fn line<'e>(&self, line: &'e T) -> Option<Cow<'e, str>> {
        Lines.line(line)
    }

    fn with_text(&self, line: &T, text: &str) -> Option<T> {
        Lines.with_text(line, text)
    }
}

/// The texts of lines. This is enough to replay the edits that a search with a [`CommandOracle`] has recorded in its
/// walk.
#[derive(Clone, Copy, Debug)]
pub struct Lines;

impl<T: AsRef<[u8]> + From<Vec<u8>>> Content<T> for Lines {
    fn text<'e>(&self, line: &'e T) -> Option<Cow<'e, str>> {
        std::str::from_utf8(line.as_ref()).ok().map(Cow::Borrowed)
    }

    fn line<'e>(&self, line: &'e T) -> Option<Cow<'e, str>> {
        let line = line.as_ref();
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        Some(String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line)))
    }

    fn with_text(&self, _: &T, text: &str) -> Option<T> {
        Some(text.as_bytes().to_vec().into())
    }
}

fn describe(ended: Ended) -> String {
    match ended {
        Ended::Exited(code) => format!("exited {code}"),
        Ended::Killed(signal) => format!("was killed by signal {signal}"),
        Ended::TimedOut => "took too long".to_owned(),
        Ended::Stopped => "was stopped".to_owned(),
    }
}
