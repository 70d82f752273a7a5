//! The search: runs passes against an oracle, one edit a run, and moves only to a verified trace.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::candidate::{Candidate, Identity, Item};
use super::edit::Edit;
use super::observer::{Observer, Run};
use super::pass::{Pass, Verified};
use super::walk::{EMPTY, REPRODUCE};
use super::{Refusal, Without};
use crate::oracle::{Oracle, Verdict};

/// Every verdict so far, by candidate. The runs that confirm the original are several of one candidate.
pub(super) type Known = BTreeMap<Identity, Vec<Verdict>>;

/// An observer has ended the search.
pub(super) struct Stopped;

impl From<Stopped> for Refusal {
    fn from(Stopped: Stopped) -> Self {
        Self::Stopped
    }
}

fn go_on(flow: ControlFlow<()>) -> Result<(), Stopped> {
    if flow.is_break() { Err(Stopped) } else { Ok(()) }
}

/// The state of a search.
pub(super) struct Search<'a, T, O: ?Sized, W> {
    pub(super) verified: Verified<T>,
    pub(super) known: Known,
    /// How many verdicts are known.
    pub(super) runs: u64,
    pub(super) oracle: &'a mut O,
    pub(super) observer: &'a mut W,
}

impl<T, O: Oracle<T> + ?Sized, W: Observer<T>> Search<'_, T, O, W> {
    /// Sees that the bug can be absent at all, and that it is there: `confirm` times, and each time the same.
    pub(super) fn reproduce(&mut self, confirm: usize) -> Result<(), Refusal> {
        let nothing = Edit::remove(&self.verified.items);
        let empty = self.judge(EMPTY, &nothing, 0)?;
        if empty.is_same() {
            return Err(Refusal::FailsEmpty);
        }
        let mut first: Option<Verdict> = None;
        for time in 0..confirm.max(1) {
            let verdict = self.judge(REPRODUCE, &Edit::Keep, time)?;
            if let Verdict::Same { shows: Some(bug), .. } = &verdict {
                if matches!(&empty, Verdict::Other { signature, .. } if signature == bug) {
                    return Err(Refusal::FailsEmpty);
                }
                self.oracle.bug_is(bug);
            }
            let first = first.get_or_insert_with(|| verdict.clone());
            if *first != verdict {
                return Err(Refusal::Flaky { before: Box::new(first.clone()), after: Box::new(verdict) });
            }
        }
        match first {
            Some(Verdict::Same { at, .. }) => self.verified.at = at,
            Some(verdict @ Verdict::Unresolved(_)) => return Err(Refusal::Unresolved(verdict)),
            Some(verdict) => return Err(Refusal::DoesNotFail(verdict)),
            None => {}
        }
        Ok(())
    }

    /// Tries what `pass` proposes until it has nothing left to try.
    pub(super) fn run(&mut self, pass: &mut dyn Pass<T>) -> Result<(), Stopped> {
        pass.begin(&self.verified.items, &|event| self.oracle.links(event));
        while let Some(edit) = pass.propose(&self.verified) {
            let verdict = self.judge(pass.name(), &edit, 0)?;
            pass.judged(verdict.is_same());
            if let Verdict::Same { at, .. } = verdict {
                self.oracle.accepted(&Candidate::new(&self.verified.items, &edit));
                edit.apply(&mut self.verified.items);
                self.verified.at = at;
                go_on(self.observer.step(&self.verified.items))?;
            }
        }
        Ok(())
    }

    /// What is known of the verified trace without each single item.
    pub(super) fn certificate(&self) -> Vec<Without> {
        let without = |item: &Item<T>| {
            let edit = Edit::remove(std::slice::from_ref(item));
            let identity = self.oracle.identity(&Candidate::new(&self.verified.items, &edit));
            let verdict = self.known.get(&identity)?.first()?.clone();
            Some(Without { number: item.number, verdict })
        };
        self.verified.items.iter().filter_map(without).collect()
    }

    /// The verdict of the verified trace with `edit`, from a run unless it is known; `time` counts the runs of
    /// one candidate from 0.
    fn judge(&mut self, pass: &'static str, edit: &Edit, time: usize) -> Result<Verdict, Stopped> {
        let candidate = Candidate::new(&self.verified.items, edit);
        let identity = self.oracle.identity(&candidate);
        if let Some(verdict) = self.known.get(&identity).and_then(|verdicts| verdicts.get(time)) {
            return Ok(verdict.clone());
        }
        let run = Run { number: self.runs + 1, pass, candidate: &candidate, identity };
        go_on(self.observer.before(&run))?;
        let verdict = self.oracle.test(&candidate);
        go_on(self.observer.after(&run, &verdict))?;
        self.runs += 1;
        self.known.entry(identity).or_default().push(verdict.clone());
        Ok(verdict)
    }
}
