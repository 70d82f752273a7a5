//! The search: runs passes against an oracle, one edit a run, and moves only to a verified trace.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use super::candidate::{Candidate, Identity, Item};
use super::edit::Edit;
use super::observer::{Observer, Run};
use super::oracle::Oracle;
use super::pass::{self, Pass};
use super::verdict::Verdict;
use super::verified::Verified;
use super::walk::{EMPTY, REPRODUCE};
use super::{Refusal, Without};

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

/// Runs candidates, each of them once.
pub(super) struct Judge<'a, O: ?Sized, W> {
    pub(super) known: Known,
    /// How many verdicts are known.
    pub(super) runs: u64,
    /// How often a candidate is run that shows the bug each time.
    pub(super) flaky: u64,
    /// Verdicts of candidates of the verified trace that were run ahead of their turn. One that is not asked for is as if it
    /// had never been run.
    pub(super) ahead: BTreeMap<Identity, Verdict>,
    pub(super) oracle: &'a mut O,
    pub(super) observer: &'a mut W,
}

impl<O: ?Sized, W> Judge<'_, O, W> {
    /// The verdict of `candidate`, from a run unless it is known; `time` counts the runs of one candidate from 0.
    fn judge<T>(&mut self, pass: &'static str, candidate: &Candidate<'_, T>, time: usize) -> Result<Verdict, Stopped>
    where
        O: Oracle<T>,
        W: Observer<T>,
    {
        let identity = self.oracle.content().identity(candidate);
        if let Some(verdict) = self.known.get(&identity).and_then(|verdicts| verdicts.get(time)) {
            return Ok(verdict.clone());
        }
        self.run(pass, std::slice::from_ref(candidate), identity)
    }

    /// The verdict of the first of `candidates`, from a run; the others are run ahead, if it takes one.
    fn run<T>(
        &mut self,
        pass: &'static str,
        candidates: &[Candidate<'_, T>],
        identity: Identity,
    ) -> Result<Verdict, Stopped>
    where
        O: Oracle<T>,
        W: Observer<T>,
    {
        let run = Run { number: self.runs + 1, pass, candidate: &candidates[0], identity };
        go_on(self.observer.before(&run))?;
        let verdict = match (self.ahead.remove(&identity), &candidates[1..]) {
            (Some(verdict), _) => verdict,
            (None, []) => self.test(&candidates[0]),
            (None, others) => {
                let mut verdicts = self.oracle.test_all(candidates).into_iter();
                let verdict = verdicts.next().expect("there is a verdict of the first");
                let others = others.iter().map(|other| self.oracle.content().identity(other));
                self.ahead.extend(others.zip(verdicts));
                verdict
            }
        };
        go_on(self.observer.after(&run, &verdict))?;
        self.runs += 1;
        self.known.entry(identity).or_default().push(verdict.clone());
        Ok(verdict)
    }
}

impl<O: ?Sized, W> Judge<'_, O, W> {
    /// Runs a candidate as often as it takes to know whether it shows the bug every time. The first run that does not show
    /// it decides.
    fn test<T>(&mut self, candidate: &Candidate<'_, T>) -> Verdict
    where
        O: Oracle<T>,
    {
        let first = self.oracle.test(candidate);
        if let Verdict::Same { shows: Some(bug), .. } = &first {
            self.oracle.bug_is(bug);
        }
        let again = if first.is_same() { 1..self.flaky } else { 0..0 };
        again.map(|_| self.oracle.test(candidate)).find(|verdict| !verdict.is_same()).unwrap_or(first)
    }

    /// What `pass` will propose after the candidate with this identity, should neither that nor any of these show the bug: as
    /// many edits as can be run beside it.
    fn guess<T>(&self, pass: &dyn Pass, verified: &Verified<T>, identity: Identity) -> Vec<Edit>
    where
        O: Oracle<T>,
    {
        let (mut edits, mut met) = (Vec::new(), BTreeSet::from([identity]));
        let is_known = self.ahead.contains_key(&identity);
        let others = if is_known || !pass.is_foreseeable() || self.flaky > 1 {
            0
        } else {
            self.oracle.width(verified.items.len()).saturating_sub(1)
        };
        let mut pass = if others > 0 { pass.fork() } else { return edits };
        while edits.len() < others {
            pass.judged(false);
            let Some(edit) = pass.propose(&verified.view(self.oracle.content())) else { break };
            let Some(candidate) = verified.candidate(&edit, self.oracle.content()) else { continue };
            let identity = self.oracle.content().identity(&candidate);
            match self.known.get(&identity).and_then(|verdicts| verdicts.first()) {
                Some(verdict) if verdict.is_same() => break,
                None if met.insert(identity) => edits.push(edit),
                _ => {}
            }
        }
        edits
    }
}

/// The state of a search.
pub(super) struct Search<'a, T, O: ?Sized, W> {
    pub(super) verified: Verified<T>,
    pub(super) judge: Judge<'a, O, W>,
}

impl<T, O: Oracle<T> + ?Sized, W: Observer<T>> Search<'_, T, O, W> {
    /// Sees that the bug can be absent at all, and that it is there: `confirm` times, and each time the same.
    pub(super) fn reproduce(&mut self, confirm: usize) -> Result<(), Refusal> {
        let Self { verified, judge } = self;
        let numbers =
            verified.items.first().zip(verified.items.last()).map(|(first, last)| (first.number, last.number));
        let nothing = numbers.map_or(Edit::Keep, |span| Edit::Remove(vec![span]));
        let empty = judge.judge(EMPTY, &Candidate::new(&verified.items, &nothing), 0)?;
        if empty.is_same() {
            return Err(Refusal::FailsEmpty);
        }
        let mut first: Option<Verdict> = None;
        for time in 0..confirm.max(1) {
            let verdict = judge.judge(REPRODUCE, &Candidate::new(&verified.items, &Edit::Keep), time)?;
            if let Verdict::Same { shows: Some(bug), .. } = &verdict {
                if matches!(&empty, Verdict::Other { signature, .. } if signature == bug) {
                    return Err(Refusal::FailsEmpty);
                }
                judge.oracle.bug_is(bug);
            }
            let first = first.get_or_insert_with(|| verdict.clone());
            if *first != verdict {
                return Err(Refusal::Flaky { before: Box::new(first.clone()), after: Box::new(verdict) });
            }
        }
        match first {
            Some(Verdict::Same { at, .. }) => verified.failing = at,
            Some(verdict @ Verdict::Unresolved(_)) => return Err(Refusal::Unresolved(verdict)),
            Some(verdict) => return Err(Refusal::DoesNotFail(verdict)),
            None => {}
        }
        Ok(())
    }

    /// Runs passes, round after round, until a round has changed nothing. Fails with the name of the pass that was stopped.
    pub(super) fn reduce(&mut self) -> Result<(), &'static str> {
        let mut changed = true;
        for round in (0..).map(pass::round) {
            if !std::mem::take(&mut changed) {
                break;
            }
            for mut pass in round {
                changed |= self.run(&mut *pass).map_err(|Stopped| pass.name())?;
            }
        }
        Ok(())
    }

    /// What is known of the verified trace without each single item.
    pub(super) fn certificate(&self) -> Vec<Without> {
        let Self { verified, judge } = self;
        let without = |item: &Item<T>| {
            let edit = Edit::Remove(vec![(item.number, item.number)]);
            let identity = judge.oracle.content().identity(&verified.candidate(&edit, judge.oracle.content())?);
            let verdict = judge.known.get(&identity)?.first()?.clone();
            Some(Without { number: item.number, verdict })
        };
        verified.items.iter().filter_map(without).collect()
    }

    /// Tries what `pass` proposes until it has nothing left to try; says whether that has changed anything.
    fn run(&mut self, pass: &mut dyn Pass) -> Result<bool, Stopped> {
        let Self { verified, judge } = self;
        let mut changed = false;
        pass.begin(&verified.view(judge.oracle.content()));
        while let Some(edit) = pass.propose(&verified.view(judge.oracle.content())) {
            // What is no trace, or no smaller one, takes no run.
            let Some(candidate) = verified.candidate(&edit, judge.oracle.content()) else {
                pass.judged(false);
                continue;
            };
            let identity = judge.oracle.content().identity(&candidate);
            let known = judge.known.get(&identity).and_then(|verdicts| verdicts.first()).cloned();
            let ahead = if known.is_some() { Vec::new() } else { judge.guess(pass, verified, identity) };
            let mut candidates = vec![candidate];
            candidates.extend(ahead.iter().filter_map(|edit| verified.candidate(edit, judge.oracle.content())));
            let verdict = known.map_or_else(|| judge.run(pass.name(), &candidates, identity), Ok)?;
            let candidate = candidates.swap_remove(0);
            pass.judged(verdict.is_same());
            if let Verdict::Same { at, .. } = verdict {
                judge.ahead.clear();
                judge.oracle.accepted(&candidate);
                let texts = candidate.into_texts();
                verified.accept(&edit, texts, at, judge.oracle.content());
                changed = true;
                go_on(judge.observer.step(&verified.items))?;
            }
        }
        Ok(changed)
    }
}
