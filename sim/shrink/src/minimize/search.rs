//! The search: runs passes against an oracle, one edit a run, and moves only to verified traces.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::ControlFlow;

use afresh_core::Signature;

use super::candidate::{Candidate, Identity};
use super::chance::{Chance, Rate};
use super::confirm::History;
use super::edit::Edit;
use super::observer::{Observer, Run};
use super::oracle::Oracle;
use super::pass::{self, Pass};
use super::singles::SINGLE;
use super::verdict::Verdict;
use super::verified::Verified;
use super::walk::{BACK, CONFIRM};
use super::{Refusal, Without};

/// The most rounds in a row that make no trace shorter. Later rounds change no texts.
const SLOW_MAX: usize = 4;

/// The verdict on each candidate that was judged.
pub(super) type Known = BTreeMap<Identity, Verdict>;

/// The runs of a resumed walk that the search has not come to yet, by candidate, in order.
pub(super) type Recorded = BTreeMap<Identity, VecDeque<Verdict>>;

/// The error if an observer has stopped the search.
pub(super) struct Stopped;

impl From<Stopped> for Refusal {
    fn from(Stopped: Stopped) -> Self {
        Self::Stopped
    }
}

pub(super) fn go_on(flow: ControlFlow<()>) -> Result<(), Stopped> {
    if flow.is_break() { Err(Stopped) } else { Ok(()) }
}

/// Runs candidates, and remembers their verdicts so that none is judged twice.
pub(super) struct Judge<'a, O: ?Sized, W> {
    pub(super) known: Known,
    pub(super) recorded: Recorded,
    /// The verdict of the run in which a resumed search was cut off, if it is known.
    pub(super) cut_off: Option<(Identity, Verdict)>,
    /// The number of runs so far, including those of a resumed walk.
    pub(super) runs: u64,
    /// The number of runs that the search has come to, and how many of them confirmed results.
    pub(super) used: u64,
    pub(super) confirming: u64,
    /// The tests of candidates, if the bug does not show in every run.
    pub(super) chance: Option<Chance>,
    /// How often each candidate has shown the bug, if it does not show in every run.
    pub(super) rates: BTreeMap<Identity, Rate>,
    /// Verdicts of speculative runs on candidates of the verified trace. They are discarded if the search does not need
    /// them.
    pub(super) ahead: BTreeMap<Identity, Verdict>,
    /// While the search looks for a failure that the original does not show: the failures that do not count.
    pub(super) hunted: Option<BTreeSet<Signature>>,
    pub(super) oracle: &'a mut O,
    pub(super) observer: &'a mut W,
}

/// The reason for a run: its pass, and of a run of an earlier verified trace the number of steps that lead to it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Why {
    pub(super) pass: &'static str,
    pub(super) steps: Option<usize>,
}

impl Why {
    pub(super) fn pass(pass: &'static str) -> Self {
        Self { pass, steps: None }
    }
}

impl<O: ?Sized, W> Judge<'_, O, W> {
    /// Judges the first of `candidates`, and remembers the verdict. The others may be run along with it.
    ///
    /// One run decides if the bug shows in every run. Otherwise, a test decides after as many runs as it needs, and its
    /// last run gives the verdict.
    pub(super) fn judge<T>(&mut self, why: Why, candidates: &[Candidate<'_, T>]) -> Result<Verdict, Stopped>
    where
        O: Oracle<T>,
        W: Observer<T>,
    {
        let identity = self.oracle.content().identity(&candidates[0]);
        let verdict = match self.chance.as_mut().map(Chance::trial) {
            None => self.run(why, candidates, |_| true)?,
            Some(mut trial) => loop {
                let verdict = self.run(why, &candidates[..1], |verdict| trial.add(verdict))?;
                self.rates.entry(identity).or_default().add(&verdict);
                if trial.is_decided() {
                    break verdict;
                }
            },
        };
        self.known.insert(identity, verdict.clone());
        Ok(verdict)
    }

    /// Runs the first of `candidates` once, and returns its verdict. The others are run along with it, as speculative
    /// runs. `decides` says whether the verdict decides about the candidate.
    ///
    /// If the run was recorded, or if a speculative run has already judged the first one, nothing is run.
    pub(super) fn run<T>(
        &mut self,
        Why { pass, steps }: Why,
        candidates: &[Candidate<'_, T>],
        decides: impl FnOnce(&Verdict) -> bool,
    ) -> Result<Verdict, Stopped>
    where
        O: Oracle<T>,
        W: Observer<T>,
    {
        let (candidate, others) = (&candidates[0], &candidates[1..]);
        let identity = self.oracle.content().identity(candidate);
        self.used += 1;
        self.confirming += u64::from(pass == CONFIRM);
        if let Some(verdict) = self.recorded.get_mut(&identity).and_then(VecDeque::pop_front) {
            decides(&verdict);
            self.learn(&verdict);
            return Ok(verdict);
        }
        let mut run = Run { number: self.runs + 1, pass, candidate, identity, steps, is_open: false };
        go_on(self.observer.before(&run))?;
        let cut_off = self.cut_off.take().filter(|(other, _)| *other == identity).map(|(_, verdict)| verdict);
        let verdict = match (cut_off.or_else(|| self.ahead.remove(&identity)), others) {
            (Some(verdict), _) => verdict,
            (None, []) => self.oracle.test(candidate),
            (None, others) => {
                let mut verdicts = self.oracle.test_all(candidates).into_iter();
                let verdict = verdicts.next().expect("an oracle returns a verdict on the first candidate");
                let others = others.iter().map(|other| self.oracle.content().identity(other));
                self.ahead.extend(others.zip(verdicts));
                verdict
            }
        };
        // Only the original names the bug, or the first candidate that fails.
        let verdict = match verdict {
            Verdict::Other { signature, at }
                if self.hunted.as_ref().is_some_and(|usual| !usual.contains(&signature)) =>
            {
                Verdict::Same { at, shows: Some(signature) }
            }
            Verdict::Same { at, .. } if pass == CONFIRM || pass == BACK => Verdict::Same { at, shows: None },
            verdict => verdict,
        };
        run.is_open = !decides(&verdict);
        self.learn(&verdict);
        go_on(self.observer.after(&run, &verdict))?;
        self.runs += 1;
        Ok(verdict)
    }

    /// Tells the oracle which bug the search is about, if the verdict names it.
    fn learn<T>(&mut self, verdict: &Verdict)
    where
        O: Oracle<T>,
    {
        if let Verdict::Same { shows: Some(bug), .. } = verdict {
            self.oracle.bug_is(bug);
        }
    }

    /// Returns the edits that `pass` will propose next, if neither the candidate with this identity nor any of those
    /// edits shows the bug. At most as many are returned as the oracle can run beside that candidate.
    fn guess<T>(&mut self, pass: &dyn Pass, verified: &Verified<T>, identity: Identity) -> Vec<Edit>
    where
        O: Oracle<T>,
        W: Observer<T>,
    {
        let (mut edits, mut met) = (Vec::new(), BTreeSet::from([identity]));
        let is_known = self.ahead.contains_key(&identity);
        let others = if is_known || !pass.is_foreseeable() || self.chance.is_some() {
            0
        } else {
            self.oracle.width(verified.items.len()).saturating_sub(1)
        };
        let mut pass = if others > 0 { pass.fork() } else { return edits };
        while edits.len() < others && self.observer.between().is_continue() {
            pass.judged(false);
            let Some(edit) = pass.propose(&verified.view(self.oracle.content())) else { break };
            let Some(candidate) = verified.candidate(&edit, self.oracle.content()) else { continue };
            let identity = self.oracle.content().identity(&candidate);
            match self.known.get(&identity) {
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
    pub(super) history: History<T>,
    /// Whether the texts of all events must stay unchanged.
    pub(super) verbatim: bool,
    /// Whether to look for a failure if the original shows none.
    pub(super) hunts: bool,
    /// The verdicts of the verified trace without single events, by event number, as far as they are known.
    pub(super) without: BTreeMap<u64, Verdict>,
    /// The number of runs after which the trace was 1-minimal for the first time.
    pub(super) one_minimal_after: Option<u64>,
    /// `true` from a run in which the verified trace did not show the bug until one shows it again.
    pub(super) doubted: bool,
}

impl<T: Clone, O: Oracle<T> + ?Sized, W: Observer<T>> Search<'_, T, O, W> {
    /// Runs passes, round after round, until a round changes nothing. If an observer stops the search, returns the name
    /// of the current pass as the error.
    pub(super) fn reduce(&mut self) -> Result<(), &'static str> {
        let (mut changed, mut verbatim) = (true, self.verbatim);
        // For passes that are about events, the number of events that each has left.
        let mut ended = BTreeMap::new();
        // The original may be long, so its size is not computed.
        let (mut size, mut slow) = ((usize::MAX, usize::MAX), 0);
        for round in 0.. {
            if !std::mem::take(&mut changed) {
                break;
            }
            for mut pass in pass::round(round, verbatim) {
                if ended.get(pass.name()) == Some(&self.verified.items.len()) {
                    continue;
                }
                changed |= self.try_all(&mut *pass).map_err(|Stopped| pass.name())?;
                if pass.name() == SINGLE {
                    self.one_minimal_after.get_or_insert(self.judge.used);
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

    /// Tries the edits of `pass` until it has no more, or until it has found the failure that is hunted. Returns
    /// whether any was accepted.
    pub(super) fn try_all(&mut self, pass: &mut dyn Pass) -> Result<bool, Stopped> {
        let Self { verified, judge, history, without, .. } = self;
        let mut changed = false;
        pass.begin(&verified.view(judge.oracle.content()));
        while let Some(edit) = pass.propose(&verified.view(judge.oracle.content())) {
            go_on(judge.observer.between())?;
            // An edit that gives no valid trace, or none that is smaller, takes no run.
            let Some(candidate) = verified.candidate(&edit, judge.oracle.content()) else {
                pass.judged(false);
                continue;
            };
            let identity = judge.oracle.content().identity(&candidate);
            let known = judge.known.get(&identity).cloned();
            let ahead = if known.is_some() { Vec::new() } else { judge.guess(pass, verified, identity) };
            let mut candidates = vec![candidate];
            candidates.extend(ahead.iter().filter_map(|edit| verified.candidate(edit, judge.oracle.content())));
            let verdict = known.map_or_else(|| judge.judge(Why::pass(pass.name()), &candidates), Ok)?;
            let candidate = candidates.swap_remove(0);
            pass.judged(verdict.is_same());
            if let Verdict::Other { at: Some(at), .. } = &verdict {
                pass.failed_at(*at);
            }
            if let Verdict::Same { at, .. } = verdict {
                judge.ahead.clear();
                without.clear();
                judge.oracle.accepted(&candidate);
                let texts = candidate.into_texts();
                verified.accept(&edit, texts, at, judge.oracle.content());
                history.accepted(edit, at);
                changed = true;
                let was_hunted = judge.hunted.take().is_some();
                go_on(judge.observer.step(&verified.items))?;
                if was_hunted {
                    break;
                }
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
