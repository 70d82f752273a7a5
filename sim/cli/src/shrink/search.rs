//! The search itself, which is the same for traces and other files, and for systems and commands.

use std::io;

use afresh_core::Signature;
use afresh_shrink::minimize::walk::{CONFIRM, FORMAT, Header};
use afresh_shrink::minimize::{self, Content, End, Item, Minimized, Minimizer, Oracle, Refusal};
use afresh_trace::format::files::Identity;
use afresh_trace::text::without_passwords;
use regex::{Regex, RegexBuilder};

use super::Args;
use super::files::{self, Places, ShrinkError, WalkFile};
use super::other_bugs::{OtherBug, OtherBugs};
use super::session::{ResultFile, Session};
use crate::console::Console;
use crate::report::curve::Curve;
use crate::worker::{self, Watched, Work};

/// The input of a search.
pub(super) struct Job<'a, T> {
    /// The items of the input.
    pub(super) items: Vec<Item<T>>,
    /// The identity of the whole input.
    pub(super) input: minimize::Identity,
    /// The words that say what the oracle is. Only a search with the same words resumes the walk.
    pub(super) words: Vec<String>,
    /// The name of several items.
    pub(super) unit: &'static str,
    /// Writes a file with some of the items.
    pub(super) render: &'a Render<'a, T>,
}

/// A function that returns a file with these items. Its header names the bug, or the other failure that is given.
pub(super) type Render<'a, T> = dyn Fn(&[Item<T>], Option<&Signature>) -> io::Result<Vec<u8>> + 'a;

/// The facts about a search that its report needs, besides the result.
pub(super) struct Journey {
    /// The number of items in the input.
    pub(super) before: usize,
    /// Other failures that candidates showed.
    pub(super) found: Vec<OtherBug>,
    /// The size over the runs.
    pub(super) curve: Curve,
}

/// Shrinks the input of `job`, with `oracle` as the judge of the candidates.
///
/// The walk is written during the search. The result is written at the end, and sometimes before.
pub(super) fn search<T: Clone, O: Oracle<T> + ?Sized>(
    args: &Args,
    places: &Places,
    job: Job<'_, T>,
    oracle: &mut O,
    work: &Work<'_, worker::Search>,
    console: &Console,
) -> Result<(Result<Minimized<T>, Refusal>, Journey), ShrinkError> {
    let Job { items, input, words, unit, render } = job;
    let Work { worker, task } = work;
    let mut header = Header { format: FORMAT, input, items: items.len(), oracle: words };
    if args.verbatim {
        header.oracle.insert(0, "--verbatim".to_owned());
    }
    if let Some(name) = &args.not_in {
        header.oracle.insert(0, format!("--not-in={}", without_passwords(name)));
    }
    if let Some(name) = &args.against {
        header.oracle.insert(0, format!("--against={name}"));
    }
    if args.not_in_twin {
        header.oracle.insert(0, "--not-in-twin".to_owned());
    }
    if let Some(command) = &args.smaller_by {
        header.oracle.insert(0, format!("--smaller-by={}", without_passwords(command)));
    }
    if args.search {
        header.oracle.insert(0, "--search".to_owned());
    }
    if args.flaky {
        header.oracle.insert(0, "--flaky".to_owned());
    }
    let keep = kept(args, &items, oracle.content())?;
    header.oracle.splice(0..0, args.keep.iter().map(|pattern| format!("--keep={}", without_passwords(pattern))));
    let mut minimizer = Minimizer::new()
        .keep(keep)
        .confirm(usize::try_from(args.confirm).unwrap_or(usize::MAX))
        .flaky(args.flaky)
        .search(args.search)
        .verbatim(args.verbatim);
    if args.resume && places.walk.is_none() {
        return Err(ShrinkError::NoWalk);
    }
    let before = items.len();
    let (mut findings, mut curve, mut recorded) = (OtherBugs::default(), Curve::new(before), None);
    // A search that was killed before it wrote the header of its walk begins again.
    let walk = if (args.resume || task.again) && files::has_begun(&task.walk) {
        let (file, mut walk) = WalkFile::resume(&task.walk, &header)?;
        if let (Some(intent), Some(death)) = (walk.open.take(), &task.death) {
            // The system ended the worker in this run, which is the verdict of the run.
            let verdict = death.verdict(header.oracle.last().map_or("", String::as_str), task.died_at);
            minimizer = minimizer.cut_off(intent.candidate, verdict);
        }
        findings = OtherBugs::of(&walk, places);
        for (intent, verdict) in walk.runs.iter().filter(|(intent, _)| intent.pass != CONFIRM) {
            curve.add(intent.items, verdict, walk.undecided.contains(&intent.run));
        }
        minimizer = minimizer.resume(&walk);
        recorded = Some(walk);
        file
    } else {
        WalkFile::create(&task.walk, &header, args.force && !task.again)?
    };
    let result = places.output.clone().map(|path| {
        let ours = task.result.clone().or_else(|| Identity::of(&path).filter(|_| args.force));
        ResultFile::new(path, &args.file, ours, args.resume || task.again, worker)
    });
    let mut session = Session {
        walk,
        places,
        result,
        render,
        progress: console.progress_of_words(),
        saved: before,
        best: before,
        unit,
        last_run: task.last_run,
        findings,
        curve,
        failure: None,
    };
    session.recognize(&items);
    let result = match recorded {
        // This worker only reports. The passes are not asked again, because one of them may have been slow.
        Some(walk) if task.last_run == Some(0) => minimizer.report(items, &walk, oracle, &mut session),
        recorded => {
            let before = recorded.map(|walk| (minimizer.clone(), items.clone(), walk));
            let result = minimizer.run(items, &mut Watched::new(oracle, worker), &mut session);
            let is_stopped = match &result {
                Ok(minimized) => matches!(minimized.end, End::Stopped(_)),
                Err(refusal) => *refusal == Refusal::Stopped,
            };
            match before {
                // It was stopped before it had come as far as the walk, so the result is that of the walk.
                Some((minimizer, items, walk)) if is_stopped && session.has_unknown_result() => {
                    minimizer.report(items, &walk, oracle, &mut session)
                }
                _ => result,
            }
        }
    };
    if let (Ok(minimized), None) = (&result, &session.failure) {
        session.finish(&minimized.items, console)?;
    }
    let Session { failure, findings, curve, .. } = session;
    let journey = Journey { before, found: findings.into_vec(), curve };
    failure.map_or(Ok((result, journey)), Err)
}

/// Returns the pattern of the texts that must stay, or `None` if none was given.
///
/// # Errors
///
/// Fails if a pattern cannot be read, or matches nothing in the input.
fn kept<T>(args: &Args, items: &[Item<T>], content: &dyn Content<T>) -> Result<Option<Regex>, ShrinkError> {
    for text in &args.keep {
        let pattern = by_line(text)?;
        if !items.iter().any(|item| content.line(&item.value).is_some_and(|line| pattern.is_match(&line))) {
            return Err(ShrinkError::KeepsNothing(text.clone()));
        }
    }
    let any = args.keep.iter().map(|pattern| format!("(?:{pattern})")).collect::<Vec<_>>().join("|");
    if args.keep.is_empty() { Ok(None) } else { by_line(&any).map(Some) }
}

/// A pattern of lines. A value may have several.
fn by_line(pattern: &str) -> Result<Regex, ShrinkError> {
    RegexBuilder::new(pattern).multi_line(true).build().map_err(ShrinkError::Keep)
}
