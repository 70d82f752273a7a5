//! The search: runs passes against an oracle, one edit a run, and moves only to verified traces.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use super::candidate::{Candidate, Identity};
use super::edit::Edit;
use super::observer::{Observer, Run};
use super::oracle::Oracle;
use super::pass::{self, Pass};
use super::singles::SINGLE;
use super::verdict::Verdict;
use super::verified::Verified;
use super::walk::{EMPTY, REPRODUCE};
use super::{Refusal, Without};

/// The most rounds in a row that make no trace shorter. Later rounds change no texts.
const SLOW_MAX: usize = 4;

/// All verdicts so far, by candidate. The original has several, one for each run that confirms the bug.
pub(super) type Known = BTreeMap<Identity, Vec<Verdict>>;

/// The error if an observer has stopped the search.
pub(super) struct Stopped;

impl From<Stopped> for Refusal {
    fn from(Stopped: Stopped) -> Self {
        Self::Stopped
    }
}

fn go_on(flow: ControlFlow<()>) -> Result<(), Stopped> {
    if flow.is_break() { Err(Stopped) } else { Ok(()) }
}

/// Runs candidates, and remembers their verdicts so that none is run twice.
pub(super) struct Judge<'a, O: ?Sized, W> {
    pub(super) known: Known,
    /// The number of runs so far, including those of a resumed walk.
    pub(super) runs: u64,
    /// How often to run a candidate, as long as every run shows the bug.
    pub(super) flaky: u64,
    /// Verdicts of speculative runs on candidates of the verified trace. They are discarded if the search does not need
    /// them.
    pub(super) ahead: BTreeMap<Identity, Verdict>,
    pub(super) oracle: &'a mut O,
    pub(super) observer: &'a mut W,
}

impl<O: ?Sized, W> Judge<'_, O, W> {
    /// Returns the verdict on `candidate`, which is run unless the verdict is known. `time` counts the runs of the same
    /// candidate from 0.
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

    /// Runs the first of `candidates`, and returns its verdict. The others are run along with it, as speculative runs.
    ///
    /// If a speculative run has already judged the first one, nothing is run.
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
                let verdict = verdicts.next().expect("an oracle returns a verdict on the first candidate");
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
    /// Runs a candidate as often as needed to know whether it shows the bug every time. The first run that does not
    /// show the bug decides.
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

    /// Returns the edits that `pass` will propose next, if neither the candidate with this identity nor any of those
    /// edits shows the bug. At most as many are returned as the oracle can run beside that candidate.
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

/// A search: the verified trace, and the judge of its candidates.
pub(super) struct Search<'a, T, O: ?Sized, W> {
    pub(super) verified: Verified<T>,
    pub(super) judge: Judge<'a, O, W>,
    /// Whether the texts of all events must stay unchanged.
    pub(super) verbatim: bool,
    /// The verdicts of the verified trace without single events, by event number, as far as they are known.
    pub(super) without: BTreeMap<u64, Verdict>,
    /// The number of runs after which the trace was 1-minimal for the first time.
    pub(super) one_minimal_after: Option<u64>,
}

impl<T, O: Oracle<T> + ?Sized, W: Observer<T>> Search<'_, T, O, W> {
    /// Makes sure that the bug is gone without any event, and that the original shows it. The original is run `confirm`
    /// times, and every run must have the same verdict.
    pub(super) fn reproduce(&mut self, confirm: usize) -> Result<(), Refusal> {
        let Self { verified, judge, .. } = self;
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

    /// Runs passes, round after round, until a round changes nothing. If an observer stops the search, returns the name
    /// of the current pass as the error.
    pub(super) fn reduce(&mut self) -> Result<(), &'static str> {
        let (mut changed, mut verbatim) = (true, self.verbatim);
        // For passes that are about events, the number of events that each has left.
        let mut ended = BTreeMap::new();
        let (mut size, mut slow) = (self.verified.size(self.judge.oracle.content()), 0);
        for round in 0.. {
            if !std::mem::take(&mut changed) {
                break;
            }
            for mut pass in pass::round(round, verbatim) {
                if ended.get(pass.name()) == Some(&self.verified.items.len()) {
                    continue;
                }
                changed |= self.run(&mut *pass).map_err(|Stopped| pass.name())?;
                if pass.name() == SINGLE {
                    self.one_minimal_after.get_or_insert(self.judge.runs);
                }
                if pass.is_for_events() {
                    ended.insert(pass.name(), self.verified.items.len());
                }
            }
            let before = std::mem::replace(&mut size, self.verified.size(self.judge.oracle.content()));
            slow = if size < before { 0 } else { slow + 1 };
            // Numbers that become smaller by one in every round would take very many runs.
            verbatim |= slow == SLOW_MAX;
        }
        Ok(())
    }

    /// Returns the known verdicts on the verified trace without each single item.
    pub(super) fn certificate(&mut self) -> Vec<Without> {
        std::mem::take(&mut self.without).into_iter().map(|(number, verdict)| Without { number, verdict }).collect()
    }

    /// Tries the edits of `pass` until it has no more. Returns whether any was accepted.
    fn run(&mut self, pass: &mut dyn Pass) -> Result<bool, Stopped> {
        let Self { verified, judge, without, .. } = self;
        let mut changed = false;
        pass.begin(&verified.view(judge.oracle.content()));
        while let Some(edit) = pass.propose(&verified.view(judge.oracle.content())) {
            // An edit that gives no valid trace, or none that is smaller, takes no run.
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
                without.clear();
                judge.oracle.accepted(&candidate);
                let texts = candidate.into_texts();
                verified.accept(&edit, texts, at, judge.oracle.content());
                changed = true;
                go_on(judge.observer.step(&verified.items))?;
            } else if let Edit::Remove(spans) = &edit
                && let [(first, last)] = spans[..]
                && first == last
            {
                without.insert(first, verdict);
            }
        }
        Ok(changed)
    }
}
