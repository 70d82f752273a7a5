//! The result of a search that was stopped, from its walk alone.

use std::collections::BTreeMap;

use super::chance::Rate;
use super::edit::Edit;
use super::observer::Observer;
use super::oracle::Oracle;
use super::singles::SINGLE;
use super::verified::Verified;
use super::walk::{BACK, CONFIRM, EMPTY, Intent, REPRODUCE};
use super::{End, Item, Minimized, Minimizer, Refusal, Walk, Without, pass};

impl Minimizer {
    /// Returns the result of a search that was stopped, from the walk that it has written. Nothing is run.
    ///
    /// [`run`](Self::run) with the same walk and an observer that stops at the first run has the same items. But it
    /// asks all passes again, and one of them may be the reason why the search was stopped. `observer` learns of each
    /// step.
    ///
    /// # Errors
    ///
    /// Fails if the search was stopped before it had reproduced the bug.
    pub fn report<T: Clone, O: Oracle<T> + ?Sized, W: Observer<T>>(
        self,
        items: Vec<Item<T>>,
        walk: &Walk,
        oracle: &O,
        observer: &mut W,
    ) -> Result<Minimized<T>, Refusal> {
        let is_of_original = |intent: &Intent| intent.pass == EMPTY || intent.pass == REPRODUCE;
        let last = walk.open.as_ref().or(walk.runs.last().map(|(intent, _)| intent)).ok_or(Refusal::Stopped)?;
        let reproduced = walk.runs.iter().filter(|(intent, _)| intent.pass == REPRODUCE).count() >= self.confirm;
        if is_of_original(last) && (self.flaky || !reproduced || walk.open.is_some()) {
            return Err(Refusal::Stopped);
        }
        let content = oracle.content();
        let mut verified = Verified::new(items, self.keep);
        for intent in walk.accepted() {
            let texts = verified.candidate(&intent.edit, content).map(super::Candidate::into_texts);
            verified.accept(&intent.edit, texts.unwrap_or_default(), None, content);
            // There is nothing left to stop.
            let _ = observer.step(&verified.items);
        }
        let identity = verified.candidate(&Edit::Keep, content).map(|candidate| content.identity(&candidate));
        let of_result = walk.runs.iter().filter(|(intent, _)| Some(intent.candidate) == identity);
        let rate = (!walk.undecided.is_empty()).then(|| {
            let mut rate = Rate::default();
            of_result.for_each(|(_, verdict)| rate.add(verdict));
            rate
        });
        let confirms = |intent: &Intent| intent.pass == CONFIRM || intent.pass == BACK;
        let mut decided = walk.runs.iter().filter(|(intent, _)| !walk.undecided.contains(&intent.run));
        let confirmed = decided.rfind(|(intent, _)| confirms(intent));
        let confirming = walk.runs.iter().filter(|(intent, _)| intent.pass == CONFIRM).count() as u64;
        let singles = walk.runs.windows(2).position(|two| two[0].0.pass == SINGLE && two[1].0.pass != SINGLE);
        Ok(Minimized {
            items: verified.items,
            runs: walk.runs.len() as u64 - confirming,
            one_minimal_after: singles.map(|place| place as u64 + 1),
            confirming,
            doubted: confirmed.is_some_and(|(_, verdict)| !verdict.is_same()),
            rate,
            certificate: certificate(walk),
            end: End::Stopped(name(&last.pass)),
        })
    }
}

/// Returns the verdicts of the last verified trace without single events.
fn certificate(walk: &Walk) -> Vec<Without> {
    let mut without = BTreeMap::new();
    for (intent, verdict) in walk.runs.iter().filter(|(intent, _)| !walk.undecided.contains(&intent.run)) {
        if walk.accepts(intent, verdict) {
            without.clear();
        } else if let Edit::Remove(spans) = &intent.edit
            && intent.pass != EMPTY
            && let [(first, last)] = spans[..]
            && first == last
        {
            without.insert(first, verdict.clone());
        }
    }
    without.into_iter().map(|(number, verdict)| Without { number, verdict }).collect()
}

/// Returns the name of a pass as it is in the program. After the runs of the original comes the first pass.
fn name(pass: &str) -> &'static str {
    let names = || pass::round(0, false).into_iter().map(|pass| pass.name());
    let name = names().chain([CONFIRM, BACK]).find(|name| *name == pass);
    name.or_else(|| names().next()).unwrap_or(REPRODUCE)
}
