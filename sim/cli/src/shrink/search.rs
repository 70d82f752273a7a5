//! One search: what is common to whatever is shrunk, and to whatever decides.

use std::io;

use afresh_core::Signature;
use afresh_shrink::minimize::walk::{FORMAT, Header, Intent, Judged, Line};
use afresh_shrink::minimize::{Content, Identity, Item, Minimized, Minimizer, Oracle, Refusal, Rewrite, Walk};

use super::Args;
use super::files::{self, Failure, Places, WalkFile};
use super::finding::{Finding, Findings};
use super::session::Session;
use crate::progress;
use crate::report::curve::Curve;
use crate::worker::{self, Watched};

/// What is to be made smaller.
pub(super) struct Job<'a, T> {
    pub(super) items: Vec<Item<T>>,
    /// The identity of all of the input.
    pub(super) input: Identity,
    /// What decides, in words: a walk is resumed only by a search with the same.
    pub(super) words: Vec<String>,
    /// What several items are called.
    pub(super) unit: &'static str,
    /// The file that holds these items.
    pub(super) render: &'a Render<'a, T>,
}

/// Makes the file that holds some items, and shows the bug, or the other one that is named.
pub(super) type Render<'a, T> = dyn Fn(&[Item<T>], Option<&Signature>) -> io::Result<Vec<u8>> + 'a;

/// How a search went.
pub(super) struct Journey {
    /// How many items there were.
    pub(super) before: usize,
    /// Other failures that were met.
    pub(super) found: Vec<Finding>,
    /// The size over the runs.
    pub(super) curve: Curve,
}

/// Shrinks `job` by what `oracle` says. The walk is written as the search goes, the result when it ends, and now and then
/// before.
pub(super) fn search<T: Clone, O: Oracle<T> + ?Sized>(
    args: &Args,
    places: &Places,
    job: Job<'_, T>,
    oracle: &mut O,
) -> Result<(Result<Minimized<T>, Refusal>, Journey), Failure> {
    let Job { items, input, words, unit, render } = job;
    let mut header = Header { format: FORMAT, input, items: items.len(), oracle: words };
    if args.verbatim {
        header.oracle.insert(0, "--verbatim".to_owned());
    }
    if args.flaky > 1 {
        header.oracle.insert(0, format!("--flaky={}", args.flaky));
    }
    let mut minimizer = Minimizer::new()
        .confirm(usize::try_from(args.confirm).unwrap_or(usize::MAX))
        .flaky(args.flaky)
        .verbatim(args.verbatim);
    let before = items.len();
    let (mut findings, mut curve) = (Findings::default(), Curve::new(before));
    let start = worker::start();
    let mut last_run = args.runs;
    if args.resume && places.walk.is_none() {
        return Err(Failure::NoWalk);
    }
    let path = places.walk.clone().or_else(|| start?.walk.clone());
    let walk = match &path {
        Some(path) if args.resume || start.is_some_and(|start| start.again) => {
            let (mut file, mut walk) = WalkFile::resume(path, &header)?;
            last_run = last_run.map(|runs| runs + walk.runs.len() as u64);
            let died = start.and_then(|start| Some((start.death.as_ref()?, start.died_at)));
            if let (Some(intent), Some((death, at))) = (walk.open.take(), died) {
                // The run that the system ended the process in: that is its verdict.
                let verdict = death.verdict(header.oracle.last().map_or("", String::as_str), at);
                let known = Findings::of(&walk, places);
                findings = known;
                let candidate = candidate_of(&items, &walk, &intent, oracle.content());
                let note = |signature: &Signature| render(&candidate, Some(signature));
                findings.note(intent.run, &intent.pass, &verdict, places, note)?;
                file.write(&Line::Run(intent.clone()))?;
                file.write(&Line::Verdict(Judged { run: intent.run, verdict: verdict.clone() }))?;
                walk.runs.push((intent, verdict));
            }
            findings = Findings::of(&walk, places);
            walk.runs.iter().for_each(|(intent, verdict)| curve.add(intent.items, verdict));
            minimizer = minimizer.resume(&walk);
            Some(file)
        }
        Some(path) => Some(WalkFile::create(path, &header)?),
        None => None,
    };
    last_run = start.map_or(last_run, |start| start.last_run);
    let progress = progress::of_words();
    let mut session = Session::new(walk, places, render, before, unit, last_run);
    session.findings = findings;
    session.curve = curve;
    let result = minimizer.run(items, &mut Watched::new(oracle), &mut session);
    drop(progress);
    let Session { failure, findings, curve, .. } = session;
    if let Ok(minimized) = &result {
        files::save(&places.output, render(&minimized.items, None))?;
    }
    let journey = Journey { before, found: findings.into_vec(), curve };
    failure.map_or(Ok((result, journey)), Err)
}

/// The candidate that a run was about to try: what all steps before it have left of the original, with its edit.
fn candidate_of<T: Clone>(
    original: &[Item<T>],
    walk: &Walk,
    intent: &Intent,
    content: &dyn Content<T>,
) -> Vec<Item<T>> {
    let mut items = original.to_vec();
    let rewrite = |event: &T, change: &Rewrite| content.with_text(event, &change.apply(&content.text(event)?)?);
    for edit in walk.steps().chain([&intent.edit]) {
        // It could be applied to make the candidate.
        let _ = edit.apply(&mut items, rewrite);
    }
    items
}
