//! The begin and the end of a search: reproduces the bug in the original, and confirms it in the result.

use super::candidate::Candidate;
use super::chance::{Chance, Rate, VAIN_MAX};
use super::edit::Edit;
use super::observer::Observer;
use super::oracle::Oracle;
use super::pass;
use super::search::{Search, Why, go_on};
use super::verdict::Verdict;
use super::verified::Verified;
use super::walk::{BACK, CONFIRM, EMPTY, REPRODUCE};
use super::{Identity, Refusal};

/// The reason why the original is there if a result is doubted.
const KEPT: &str = "the original is kept if the oracle does not repeat its verdicts";

/// The reason why the verified trace itself is a candidate.
const UNCHANGED: &str = "a trace without a change is a candidate";

/// The original and the accepted steps, from which each earlier verified trace can be made again.
pub(super) struct History<T> {
    /// The original. It is not kept if no step is ever taken back.
    original: Option<Verified<T>>,
    /// The accepted steps, each with the number of the event at which the bug showed.
    steps: Vec<(Edit, Option<u64>)>,
    /// The verified trace that was confirmed last, and the one whose rejected parts were last judged again.
    confirmed: Option<Identity>,
    doubted: Option<Identity>,
}

impl<T> History<T> {
    /// Begins the history of a search. `original` is not kept if no step is ever taken back.
    pub(super) fn of(original: Option<Verified<T>>) -> Self {
        Self { original, steps: Vec::new(), confirmed: None, doubted: None }
    }

    /// Adds an accepted step.
    pub(super) fn accepted(&mut self, edit: Edit, failing: Option<u64>) {
        if self.original.is_some() {
            self.steps.push((edit, failing));
        }
    }
}

impl<T: Clone, O: Oracle<T> + ?Sized, W: Observer<T>> Search<'_, T, O, W> {
    /// Makes sure that the bug is gone without any event, and that the original shows it.
    ///
    /// The original is run `confirm` times, and every run must have the same verdict. If the bug is `flaky`, the rate
    /// at which it shows is measured instead.
    pub(super) fn reproduce(&mut self, confirm: usize, flaky: bool) -> Result<(), Refusal> {
        if flaky {
            return self.measure(confirm);
        }
        let repeats = self.judge.oracle.repeats();
        let mut empty = self.empty()?;
        // A second run tells a mistake from a bug that shows even without any event.
        let mut is_mistake = false;
        if empty.is_same() {
            if repeats || self.empty()?.is_same() {
                return Err(Refusal::FailsEmpty);
            }
            (empty, is_mistake) = (Verdict::Passed, true);
        }
        let mut first: Option<Verdict> = None;
        for _ in 0..confirm.max(1) {
            let verdict = self.once(REPRODUCE)?;
            if let (Verdict::Same { shows: Some(bug), .. }, Verdict::Other { signature, .. }) = (&verdict, &empty)
                && bug == signature
            {
                if repeats || self.empty()?.is_same() {
                    return Err(Refusal::FailsEmpty);
                }
                (empty, is_mistake) = (Verdict::Passed, true);
            }
            let first = first.get_or_insert_with(|| verdict.clone());
            if *first != verdict {
                return Err(Refusal::Flaky { before: Box::new(first.clone()), after: Box::new(verdict) });
            }
        }
        match first {
            Some(Verdict::Same { at, .. }) => self.verified.failing = at,
            Some(verdict @ (Verdict::Passed | Verdict::Other { .. })) if self.hunts => {
                return self.hunt(&empty, verdict);
            }
            Some(verdict @ Verdict::Unresolved(_)) => return Err(Refusal::Unresolved(verdict)),
            Some(verdict) => return Err(Refusal::DoesNotFail(verdict)),
            None => {}
        }
        if is_mistake { self.measure(confirm) } else { Ok(()) }
    }

    /// Makes changes of the original, until one of them shows any failure. That failure is the bug of the search.
    /// `empty` is the verdict without any event, and `original` that on the original.
    fn hunt(&mut self, empty: &Verdict, original: Verdict) -> Result<(), Refusal> {
        let usual = [empty, &original].into_iter().filter_map(|verdict| match verdict {
            Verdict::Other { signature, .. } => Some(signature.clone()),
            _ => None,
        });
        self.judge.hunted = Some(usual.collect());
        for mut pass in pass::round(0, self.verbatim) {
            let found = self.try_all(&mut *pass)?;
            if found {
                return Ok(());
            }
        }
        Err(Refusal::DoesNotFail(original))
    }

    /// Runs the verified trace once.
    fn once(&mut self, pass: &'static str) -> Result<Verdict, Refusal> {
        let Self { verified, judge, .. } = self;
        let candidate = verified.candidate(&Edit::Keep, judge.oracle.content());
        let candidate = candidate.expect(UNCHANGED);
        Ok(judge.run(Why::pass(pass), &[candidate], |_| true)?)
    }

    /// Runs the original without any event, once.
    fn empty(&mut self) -> Result<Verdict, Refusal> {
        let Self { verified, judge, .. } = self;
        let numbers =
            verified.items.first().zip(verified.items.last()).map(|(first, last)| (first.number, last.number));
        let nothing = numbers.map_or(Edit::Keep, |span| Edit::Remove(vec![span]));
        let candidate = Candidate::new(&verified.items, &nothing);
        let identity = judge.oracle.content().identity(&candidate);
        let verdict = judge.run(Why::pass(EMPTY), &[candidate], |_| true)?;
        judge.known.insert(identity, verdict.clone());
        Ok(verdict)
    }

    /// Measures how often the original shows the bug, and how often it shows by mistake when nothing is left. From now
    /// on, tests judge the candidates, and verdicts so far do not count.
    fn measure(&mut self, confirm: usize) -> Result<(), Refusal> {
        let confirm = u64::try_from(confirm).unwrap_or(u64::MAX);
        self.judge.known.clear();
        self.judge.ahead.clear();
        let mut rate = Rate::default();
        let mut last = Verdict::Passed;
        while !rate.is_enough(confirm) {
            last = self.once(REPRODUCE)?;
            rate.add(&last);
            if let (Verdict::Same { at, .. }, 1) = (&last, rate.shows) {
                self.verified.failing = *at;
            }
        }
        if rate.shows == 0 {
            return Err(match last {
                Verdict::Unresolved(_) => Refusal::Unresolved(last),
                last => Refusal::DoesNotFail(last),
            });
        }
        let mut of_empty = Rate::default();
        while of_empty.runs < rate.runs_of_empty() {
            let verdict = self.empty()?;
            of_empty.add(&verdict);
        }
        // A few runs may make the rates seem nearer than they are.
        let chance = loop {
            match Chance::new(rate, of_empty) {
                Some(chance) => break chance,
                None if of_empty.runs >= VAIN_MAX => return Err(Refusal::FailsEmpty),
                None => {
                    rate.add(&self.once(REPRODUCE)?);
                    of_empty.add(&self.empty()?);
                }
            }
        };
        let Self { verified, judge, .. } = self;
        let original = verified.candidate(&Edit::Keep, judge.oracle.content());
        let original = original.map(|original| judge.oracle.content().identity(&original));
        judge.rates = original.map(|original| (original, rate)).into_iter().collect();
        judge.chance = Some(chance);
        Ok(())
    }

    /// Runs the result again, `times` times or as often as a test needs. Returns whether it still shows the bug and all
    /// of the search so far counts.
    ///
    /// If the result does not show the bug, takes steps back until it does.
    pub(super) fn confirm(&mut self, times: usize) -> Result<bool, Refusal> {
        let is_new = self.judge.chance.is_none();
        if is_new {
            if self.judge.oracle.repeats() || self.history.steps.is_empty() {
                return Ok(true);
            }
            let mut doubted = false;
            for _ in 0..times {
                doubted |= !self.once(CONFIRM)?.is_same();
                if doubted {
                    break;
                }
            }
            if !doubted {
                return Ok(true);
            }
            self.doubted = true;
            let original = self.history.original.clone().expect(KEPT);
            let result = std::mem::replace(&mut self.verified, original);
            let measured = self.measure(times);
            self.verified = result;
            measured.map_err(|refusal| match refusal {
                Refusal::DoesNotFail(verdict) | Refusal::Unresolved(verdict) => Refusal::Gone(verdict),
                refusal => refusal,
            })?;
        }
        let Self { verified, judge, .. } = self;
        let candidate = verified.candidate(&Edit::Keep, judge.oracle.content());
        let candidate = candidate.expect(UNCHANGED);
        let identity = judge.oracle.content().identity(&candidate);
        if self.history.confirmed != Some(identity) {
            if !judge.judge(Why::pass(CONFIRM), &[candidate])?.is_same() {
                self.doubted = true;
                self.go_back()?;
                self.doubted = false;
                return Ok(false);
            }
            self.doubted = false;
            self.history.confirmed = Some(identity);
            if is_new {
                return Ok(false);
            }
        }
        Ok(!self.doubt(identity))
    }

    /// Forgets the verdicts on the verified trace without each single item, once for each verified trace. Returns
    /// whether there were any, which the search then judges again.
    ///
    /// So the chance that an item is left by mistake is the square of the chance of one test.
    fn doubt(&mut self, identity: Identity) -> bool {
        if self.history.doubted.replace(identity) == Some(identity) {
            return false;
        }
        let Self { verified, judge, .. } = self;
        let content = judge.oracle.content();
        let without = |number| {
            let edit = Edit::Remove(vec![(number, number)]);
            verified.candidate(&edit, content).map(|candidate| content.identity(&candidate))
        };
        let rejected: Vec<_> = verified.items.iter().filter_map(|item| without(item.number)).collect();
        let before = judge.known.len();
        rejected.iter().for_each(|identity| drop(judge.known.remove(identity)));
        judge.known.len() < before
    }

    /// Returns how often the verified trace has shown the bug, if it does not show in every run.
    pub(super) fn rate(&self) -> Option<Rate> {
        let content = self.judge.oracle.content();
        let identity = content.identity(&self.verified.candidate(&Edit::Keep, content)?);
        self.judge.chance.as_ref().and_then(|_| self.judge.rates.get(&identity).copied())
    }

    /// Takes steps back, the last one first, until the trace shows the bug.
    fn go_back(&mut self) -> Result<(), Refusal> {
        let Self { verified, judge, history, without, .. } = self;
        without.clear();
        let original = history.original.as_ref().expect(KEPT);
        loop {
            history.steps.pop();
            *verified = original.clone();
            for (edit, failing) in &history.steps {
                let texts = verified.candidate(edit, judge.oracle.content()).map(Candidate::into_texts);
                verified.accept(edit, texts.unwrap_or_default(), *failing, judge.oracle.content());
            }
            let candidate = verified.candidate(&Edit::Keep, judge.oracle.content());
            let candidate = candidate.expect(UNCHANGED);
            let identity = judge.oracle.content().identity(&candidate);
            judge.oracle.went_back(&candidate);
            let verdict = judge.judge(Why { pass: BACK, steps: Some(history.steps.len()) }, &[candidate])?;
            if verdict.is_same() {
                history.confirmed = Some(identity);
                return Ok(go_on(judge.observer.step(&verified.items))?);
            }
            if history.steps.is_empty() {
                return Err(Refusal::Gone(verdict));
            }
        }
    }
}

/// Returns as many runs as confirm the result of a search with so many runs: a longer one had more chances of a
/// mistake.
pub(super) fn runs_to_confirm(confirm: usize, runs: u64) -> usize {
    confirm.saturating_add(usize::try_from(runs / 100).unwrap_or_default().min(3))
}
