//! What a snapshot test of a trace shows. The test itself is [`snapshots!`](crate::snapshots).

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Component, Path, PathBuf};

use afresh_core::{Engine, EventNumber, Key, Policy};
use glob::Pattern;
use serde::Serialize;
use serde_json::Value;

use afresh_check::guard::guard;
use afresh_check::{self as check, Finding, Loaded, Report, Subject, value};
use afresh_cli::report::terminal::findings;
use afresh_trace::format::files;
use afresh_trace::format::{Options, Reader};
use afresh_trace::text::{count, escape};

/// A trace that passed its check, and what it ends in.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// The name of the trace: its path, without what all names begin and end with.
    pub name: String,
    /// Where the trace is.
    pub path: PathBuf,
    /// What it ends in.
    pub outcome: Outcome,
}

/// What a trace ends in.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// The name of the system that the trace is for.
    pub system: String,
    /// The signature that the trace is kept for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shows: Option<String>,
    /// How many stimuli it has.
    pub stimuli: u64,
    /// How each key ends.
    pub keys: BTreeMap<Key, End>,
    /// Where what was recorded is not what is so now.
    pub divergences: Vec<Divergence>,
}

/// How a key ends.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct End {
    /// Its view; nothing where it is not derivable.
    pub view: Option<Value>,
    /// What its slots hold.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub slots: BTreeMap<Key, Value>,
}

/// Where what was recorded is not what is so now.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Divergence {
    /// What makes it one divergence.
    pub signature: String,
    /// At how many steps it showed.
    pub count: u64,
    /// The event at which it showed first.
    pub first: EventNumber,
}

/// Takes a snapshot of every trace of `system` that matches `pattern`, which is relative to `folder`, and has it compared.
///
/// # Panics
///
/// Where no trace matches, and where a trace cannot be read, does not pass its check, or `compare` panics; in the end, so
/// that everything that is wrong is said.
pub fn test<S: Subject>(folder: impl AsRef<Path>, pattern: &str, system: &S, mut compare: impl FnMut(&Snapshot)) {
    let folder = folder.as_ref();
    let paths = find(folder, pattern).unwrap_or_else(|why| panic!("{why}"));
    let mut wrong = String::new();
    for path in &paths {
        match take(system, folder, pattern, path) {
            Ok(snapshot) => {
                if catch_unwind(AssertUnwindSafe(|| compare(&snapshot))).is_err() {
                    wrong += &format!("{}: the snapshot differs, see above\n", within(folder, path).display());
                }
            }
            Err(why) => wrong += &why,
        }
    }
    assert!(wrong.is_empty(), "{} of {pattern} checked\n{wrong}", count(paths.len() as u64, "trace", "traces"));
}

/// The traces that match, in order.
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

/// A snapshot of the trace at `path`, or what is wrong with it.
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

/// Whether a test must not pass: what differs from the record alone may be right.
fn is_wrong(finding: &Finding, shows: Option<&str>) -> bool {
    !finding.is_of_record() || shows.is_some_and(|shows| finding.signature.to_string() == shows)
}

fn in_words(file: &str, shows: Option<&str>, wrong: &[&Finding]) -> String {
    let mut text = format!("{}: {}\n", escape(file), count(wrong.len() as u64, "finding", "findings"));
    if let Some(shows) = shows.filter(|shows| wrong.iter().any(|found| found.signature.to_string() == **shows)) {
        text += &format!("  the bug that this trace is kept for, {}, is back\n", escape(shows));
    }
    text += &findings(wrong.iter().copied(), file);
    anstream::adapter::strip_str(&text).to_string()
}

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

fn end<S: Subject>(engine: &Engine<S>, key: &Key) -> End {
    let held = engine.slots(key).filter_map(|(slot, sent)| Some((slot.clone(), value(sent.body.as_ref()?))));
    End { view: engine.view(key).map(|view| value(&view)), slots: held.collect() }
}

/// `path` as seen from `folder`.
fn within<'p>(folder: &Path, path: &'p Path) -> &'p Path {
    path.strip_prefix(folder).unwrap_or(path)
}

/// The folder that everything that matches `pattern` is in.
fn literal(pattern: &str) -> PathBuf {
    let path = Path::new(pattern);
    let wild = |part: &Component<'_>| part.as_os_str().to_string_lossy().contains(['*', '?', '[']);
    let parent = path.parent().unwrap_or(Path::new(""));
    parent.components().take_while(|part| !wild(part)).collect()
}
