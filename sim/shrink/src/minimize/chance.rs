//! Decides about candidates if the bug does not show in every run, or shows in some runs by mistake.
//!
//! A candidate is run until a sequential test has decided (A. Wald, *Sequential Tests of Statistical Hypotheses*,
//! 1945). The test tells two rates apart: the rate at which the bug shows if it is there, which is estimated from runs
//! of the original, and the rate at which it shows by mistake, which is estimated from runs without any event.
//!
//! Only operations are used whose results IEEE 754 fixes to the last bit, so that a search takes the same way on every
//! machine. Logarithms are not among them, so likelihood ratios are multiplied instead of their logarithms added.

use super::verdict::Verdict;

/// The largest chance that a search accepts any candidate by mistake, over the whole search.
pub const MISTAKE_MAX: f64 = 0.01;

/// The largest chance that one candidate is rejected by mistake. The result is then larger than necessary, but it
/// shows the bug.
const MISS_MAX: f64 = 0.005;

/// The number of runs in which the original must show the bug, and the bounds of the number of all its runs.
const SHOWS: u64 = 10;
const RUNS_MIN: u64 = 20;
const RUNS_MAX: u64 = 300;

/// The most runs of an original that never shows the bug, and the most runs without any event.
pub(super) const VAIN_MAX: u64 = 100;

/// The rate of mistakes that is assumed if none was seen, as a part of the rate of the bug.
const UNSEEN: f64 = 0.1;

/// The largest rate of mistakes at which candidates can still be told apart, as a part of the rate of the bug.
const NEAREST: f64 = 0.6;

/// The quantiles of the normal distribution with which the rate of the bug and the rate of mistakes are estimated. They
/// stand for 99 % and 95 %.
const QUANTILE_OF_BUG: f64 = 2.33;
const QUANTILE_OF_MISTAKES: f64 = 1.64;

/// In how many of its runs a trace has shown the bug.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rate {
    /// The number of runs that showed the bug.
    pub shows: u64,
    /// The number of runs.
    pub runs: u64,
}

impl Rate {
    /// Counts a run.
    pub(super) fn add(&mut self, verdict: &Verdict) {
        self.runs += 1;
        self.shows += u64::from(verdict.is_same());
    }

    /// Returns whether this is enough to estimate the rate of the original, whose runs should be at least `confirm`.
    pub(super) fn is_enough(self, confirm: u64) -> bool {
        let is_seen = self.shows >= SHOWS && self.runs >= RUNS_MIN.max(confirm);
        is_seen || self.runs >= if self.shows == 0 { VAIN_MAX } else { RUNS_MAX.max(confirm) }
    }

    /// Returns how often to run the empty input if this is the rate of the original.
    pub(super) fn runs_of_empty(self) -> u64 {
        self.runs.min(VAIN_MAX)
    }

    /// Returns the bound of the rate by the interval of Wilson: the upper one for a positive `quantile`, and the lower
    /// one for a negative one.
    fn bound(self, quantile: f64) -> f64 {
        let (rate, runs) = (self.shows as f64 / self.runs.max(1) as f64, self.runs.max(1) as f64);
        let square = quantile * quantile / runs;
        let half = quantile * (rate * (1.0 - rate) / runs + square / runs / 4.0).sqrt();
        (rate + square / 2.0 + half) / (1.0 + square)
    }
}

/// The two rates that the tests of a search tell apart, and the number of its tests.
#[derive(Clone, Debug)]
pub(super) struct Chance {
    /// The likelihood ratios of a run that shows the bug, and of one that does not: how many times likelier such a run
    /// is if the bug is there.
    shows: f64,
    not: f64,
    /// The number of tests that were begun.
    tests: f64,
}

impl Chance {
    /// Returns the tests for these rates of the original and of the empty input.
    ///
    /// Returns `None` if the rates are too near to each other.
    pub(super) fn new(original: Rate, empty: Rate) -> Option<Self> {
        let bug = original.bound(-QUANTILE_OF_BUG).min(0.99);
        let seen = if empty.shows > 0 { empty.bound(QUANTILE_OF_MISTAKES) } else { 0.0 };
        let mistakes = seen.max(bug * UNSEEN);
        let (shows, not) = (bug / mistakes, (1.0 - bug) / (1.0 - mistakes));
        (mistakes <= bug * NEAREST).then_some(Self { shows, not, tests: 0.0 })
    }

    /// Begins the test of a candidate.
    ///
    /// The chance of a mistake in the n-th test is `MISTAKE_MAX / (n (n + 1))`, and the sum of these is
    /// [`MISTAKE_MAX`] however many tests there are.
    pub(super) fn trial(&mut self) -> Trial {
        self.tests += 1.0;
        let accept = self.tests * (self.tests + 1.0) / MISTAKE_MAX;
        // A candidate whose rate lies between the two rates would be run for very long.
        let runs = powers(1.0 / self.not, 1.0 / MISS_MAX).max(powers(self.shows, accept));
        Trial { shows: self.shows, not: self.not, accept, evidence: 1.0, left: 4 * runs, is_decided: false }
    }
}

/// Returns the least power of `base`, which is greater than 1, that reaches `bound`.
fn powers(base: f64, bound: f64) -> u64 {
    let powers = std::iter::successors(Some(1.0), |power| Some(power * base));
    powers.take_while(|power| *power < bound).count() as u64
}

/// The test of one candidate.
#[derive(Clone, Debug)]
pub(super) struct Trial {
    shows: f64,
    not: f64,
    /// The evidence at which the candidate is accepted. It is rejected at [`MISS_MAX`].
    accept: f64,
    /// The evidence so far that the bug is there: the likelihood ratio of all runs.
    evidence: f64,
    /// The number of runs that are left.
    left: u64,
    is_decided: bool,
}

impl Trial {
    /// Counts a run, and returns whether this decides the test: the candidate is accepted if the run showed the bug,
    /// and rejected if it did not.
    pub(super) fn add(&mut self, verdict: &Verdict) -> bool {
        self.left = self.left.saturating_sub(1);
        if verdict.is_same() {
            self.evidence *= self.shows;
            self.is_decided = self.evidence >= self.accept;
        } else {
            self.evidence *= self.not;
            self.is_decided = self.evidence <= MISS_MAX || self.left == 0;
        }
        self.is_decided
    }

    /// Returns whether the test is decided.
    pub(super) fn is_decided(&self) -> bool {
        self.is_decided
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Draws whether a run shows a bug of this rate, from a generator with a fixed seed (splitmix64).
    fn draw(state: &mut u64, rate: f64) -> Verdict {
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        if ((bits ^ (bits >> 31)) >> 11) as f64 / (1_u64 << 53) as f64 >= rate {
            Verdict::Passed
        } else {
            Verdict::SAME
        }
    }

    fn measure(state: &mut u64, rate: f64, is_done: impl Fn(Rate) -> bool) -> Rate {
        let mut measured = Rate::default();
        while !is_done(measured) {
            measured.add(&draw(state, rate));
        }
        measured
    }

    #[test]
    fn few_tests_of_a_search_go_wrong() {
        let mut state = 7;
        for (bug, mistakes) in [(1.0, 0.1), (0.5, 0.0), (0.1, 0.0), (0.9, 0.05), (0.95, 0.0)] {
            let (mut wrong, mut missed, mut runs) = (0, 0, 0_u32);
            for _ in 0..200 {
                let original = measure(&mut state, bug, |rate| rate.is_enough(0));
                let empty = measure(&mut state, mistakes, |rate| rate.runs >= original.runs_of_empty());
                // The estimates are rarely so far off that the rates seem too near to each other.
                let Some(mut chance) = Chance::new(original, empty) else { continue };
                for test in 0..50 {
                    let is_there = test % 5 == 0;
                    let mut trial = chance.trial();
                    let accepted = loop {
                        runs += 1;
                        let verdict = draw(&mut state, if is_there { bug } else { mistakes });
                        if trial.add(&verdict) {
                            break verdict.is_same();
                        }
                    };
                    wrong += u32::from(accepted && !is_there);
                    missed += u32::from(is_there && !accepted);
                }
            }
            println!(
                "{bug} {mistakes}: {wrong} of 200 searches wrong, {missed} of 2000 missed, {} runs",
                runs / 10_000
            );
            assert!(wrong <= 10 && missed <= 20, "{bug}, {mistakes}: {wrong} wrong, {missed} missed");
        }
        assert!(Chance::new(Rate { shows: 10, runs: 20 }, Rate { shows: 9, runs: 20 }).is_none());
    }
}
