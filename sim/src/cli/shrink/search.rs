//! One search: what is common to whatever is shrunk, and to whatever decides.

use std::io;

use afresh_core::Signature;

use super::Args;
use super::files::{self, Failure, Places, WalkFile};
use super::finding::{Finding, Findings};
use super::session::Session;
use crate::minimize::walk::{FORMAT, Header};
use crate::minimize::{Identity, Item, Minimized, Minimizer, Refusal};
use crate::oracle::{Oracle, Repeated};
use crate::report::curve::Curve;

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
    if args.flaky > 1 {
        header.oracle.insert(0, format!("--flaky={}", args.flaky));
    }
    let mut minimizer = Minimizer::new().confirm(usize::try_from(args.confirm).unwrap_or(usize::MAX));
    let before = items.len();
    let (mut findings, mut curve) = (Findings::default(), Curve::new(before));
    let walk = match &places.walk {
        Some(path) if args.resume => {
            let (file, walk) = WalkFile::resume(path, &header)?;
            findings = Findings::of(&walk, places);
            walk.runs.iter().for_each(|(intent, verdict)| curve.add(intent.items, verdict));
            minimizer = minimizer.resume(&walk);
            Some(file)
        }
        Some(path) => Some(WalkFile::create(path, &header)?),
        None if args.resume => return Err(Failure::NoWalk),
        None => None,
    };
    let mut session = Session::new(walk, places, render, before, unit, args.runs);
    session.findings = findings;
    session.curve = curve;
    let mut oracle = Repeated { oracle, times: args.flaky };
    let result = minimizer.run(items, &mut oracle, &mut session);
    let Session { failure, findings, curve, .. } = session.finish();
    if let Ok(minimized) = &result {
        files::save(&places.output, render(&minimized.items, None))?;
    }
    let journey = Journey { before, found: findings.into_vec(), curve };
    failure.map_or(Ok((result, journey)), Err)
}
