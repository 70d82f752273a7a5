//! The snapshot of a trace, and the function behind the test that [`snapshots!`](crate::snapshots) defines.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Component, Path, PathBuf};

use afresh_check::guard::guard;
use afresh_check::{self as check, Finding, Loaded, Report, Subject, value};
use afresh_cli::report::terminal::findings;
use afresh_core::{Engine, EventNumber, Key, Policy};
use afresh_trace::format::{Options, Reader, files};
use afresh_trace::text::{count, escape};
use glob::Pattern;
use serde::Serialize;
use serde_json::Value;

/// The snapshot of a trace that passed its check: its name, and the result of running it.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// The name of the trace: its path, without the folder that the pattern begins with, and without the extension.
    pub name: String,
    /// The path of the trace file.
    pub path: PathBuf,
    /// The result of running the trace, which is compared with the stored snapshot.
    pub outcome: Outcome,
}

/// The result of running a trace to its end: the content of a snapshot.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// The name of the system in the header of the trace.
    pub system: String,
    /// The signature of the bug that the trace is kept for, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shows: Option<String>,
    /// The number of stimuli in the trace.
    pub stimuli: u64,
    /// The view and the outputs of each key at the end of the trace.
    pub keys: BTreeMap<Key, End>,
    /// The places where recorded values differ from those computed now.
    pub divergences: Vec<Divergence>,
}

/// The view and the outputs of one key at the end of a trace.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct End {
    /// The view of the key; `None` if the key has no view, because it is not derivable or is quarantined.
    pub view: Option<Value>,
    /// The content of each slot of the key that holds an output.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub slots: BTreeMap<Key, Value>,
}

/// A difference between recorded values and those computed now, which does not fail the test.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Divergence {
    /// The signature of the divergence, such as `recorded/balance`.
    pub signature: String,
    /// The number of steps at which the divergence showed.
    pub count: u64,
    /// The number of the event at which the divergence first showed.
    pub first: EventNumber,
}

/// The way to accept snapshots, for users who see these tests for the first time.
const ACCEPT: &str = "\
  help: a trace without a stored snapshot always differs, so the first run of this test fails. Read the new snapshots \
above. If they are right, store them in the folder `snapshots` beside the test, and commit them:
    INSTA_UPDATE=always cargo test
  To accept or reject them one by one: `cargo install cargo-insta`, then `cargo insta review`.
";

/// Checks every trace that matches `pattern` with `system`, and passes a snapshot of each to `compare`.
///
/// The pattern is relative to `folder`.
///
/// # Panics
///
/// Panics if no trace matches. After the last trace, panics with a message that names every trace that cannot be read,
/// does not pass its check, or makes `compare` panic because it differs from its stored snapshot.
pub fn test<S: Subject>(folder: impl AsRef<Path>, pattern: &str, system: &S, mut compare: impl FnMut(&Snapshot)) {
    let folder = folder.as_ref();
    let paths = find(folder, pattern).unwrap_or_else(|why| panic!("{why}"));
    let (mut wrong, mut differ) = (String::new(), false);
    let mut files = BTreeMap::new();
    for path in &paths {
        match take(system, folder, pattern, path) {
            Ok(snapshot) => {
                // The name of the file that `insta` stores.
                if let Some(other) = files.insert(snapshot.name.replace('/', "__"), path) {
                    let [one, other] = [path, other].map(|path| within(folder, path).display().to_string());
                    wrong += &format!("{one}: has the same snapshot as {other}: give one of them another name\n");
                    continue;
                }
                if catch_unwind(AssertUnwindSafe(|| compare(&snapshot))).is_err() {
                    differ = true;
                    wrong += &format!("{}: the snapshot differs, see above\n", within(folder, path).display());
                }
            }
            Err(why) => wrong += &why,
        }
    }
    if differ {
        wrong += ACCEPT;
    }
    assert!(
        wrong.is_empty(),
        "{} of {pattern} checked, not all ok:\n{wrong}",
        count(paths.len() as u64, "trace", "traces")
    );
}

/// Returns the paths of all traces that match the pattern, in alphabetical order.
fn find(folder: &Path, pattern: &str) -> Result<Vec<PathBuf>, String> {
    let refused = |why: String| format!("the pattern {pattern} cannot be used: {why}");
    let absolute = format!("{}/{pattern}", Pattern::escape(&folder.to_string_lossy()));
    let paths = glob::glob(&absolute).map_err(|error| refused(error.to_string()))?;
    let paths: Vec<_> = paths.collect::<Result<_, _>>().map_err(|error| refused(error.to_string()))?;
    if paths.is_empty() {
        return Err(format!("no trace matches {pattern} in {}", folder.display()));
    }
    Ok(paths)
}

/// Returns a snapshot of the trace at `path`, or a description of why it cannot be read or does not pass its check.
fn take<S: Subject>(system: &S, folder: &Path, pattern: &str, path: &Path) -> Result<Snapshot, String> {
    let file = within(folder, path).display().to_string();
    let read = || {
        let reader = Reader::new(file.clone(), files::open(path)?, Options::default())?;
        Loaded::read(system, reader)
    };
    let trace = read().map_err(|error| format!("{error}\n"))?;
    let report = check::check(system, &trace, check::Options::default());
    let shows = trace.header.shows.as_deref();
    let (wrong, recorded): (Vec<_>, Vec<_>) = report.findings.iter().partition(|finding| is_wrong(finding, shows));
    if !wrong.is_empty() {
        return Err(in_words(&file, shows, &wrong));
    }
    let name = within(&folder.join(literal(pattern)), path).with_extension("").display().to_string();
    Ok(Snapshot { name, path: path.to_owned(), outcome: outcome(system, &trace, &report, &recorded) })
}

/// Returns whether a finding must fail the test.
///
/// A difference from the record alone does not: the code may have changed on purpose. It fails the test only if the
/// trace is kept for exactly this signature.
fn is_wrong(finding: &Finding, shows: Option<&str>) -> bool {
    !finding.is_of_record() || shows.is_some_and(|shows| finding.signature.to_string() == shows)
}

/// Returns a description of the findings that fail the test.
fn in_words(file: &str, shows: Option<&str>, wrong: &[&Finding]) -> String {
    let mut text = format!("{}: {}\n", escape(file), count(wrong.len() as u64, "finding", "findings"));
    if let Some(shows) = shows.filter(|shows| wrong.iter().any(|found| found.signature.to_string() == **shows)) {
        text += &format!("  the bug that this trace is kept for, {}, is back\n", escape(shows));
    }
    text += &findings(wrong.iter().copied(), file);
    anstream::adapter::strip_str(&text).to_string()
}

/// Runs a trace to its end, and returns the content of its snapshot.
fn outcome<S: Subject>(system: &S, trace: &Loaded<S>, report: &Report, recorded: &[&Finding]) -> Outcome {
    let complete = trace.header.complete;
    let options =
        afresh_core::Options { policy: Policy::Incremental, complete, guard, ..afresh_core::Options::default() };
    let engine = trace.run(system, options);
    let divergence = |finding: &&Finding| Divergence {
        signature: finding.signature.to_string(),
        count: finding.count,
        first: finding.first.event,
    };
    Outcome {
        system: trace.header.system.clone(),
        shows: trace.header.shows.clone(),
        stimuli: report.stimuli,
        keys: engine.keys().into_iter().map(|key| (key.clone(), end(&engine, key))).collect(),
        divergences: recorded.iter().map(divergence).collect(),
    }
}

/// Returns the view and the outputs of a key.
fn end<S: Subject>(engine: &Engine<S>, key: &Key) -> End {
    let held = engine.slots(key).filter_map(|(slot, sent)| Some((slot.clone(), value(sent.body.as_ref()?))));
    End { view: engine.view(key).map(|view| value(&view)), slots: held.collect() }
}

/// Returns `path` relative to `folder`, or unchanged if it is not in that folder.
fn within<'p>(folder: &Path, path: &'p Path) -> &'p Path {
    path.strip_prefix(folder).unwrap_or(path)
}

/// Returns the longest folder at the beginning of `pattern` that contains no wildcard.
fn literal(pattern: &str) -> PathBuf {
    let path = Path::new(pattern);
    let wild = |part: &Component<'_>| part.as_os_str().to_string_lossy().contains(['*', '?', '[']);
    let parent = path.parent().unwrap_or(Path::new(""));
    parent.components().take_while(|part| !wild(part)).collect()
}
