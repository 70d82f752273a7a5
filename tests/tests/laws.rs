//! Checks every law on every example system, with small adversarial runs: few keys and few ids, so that things
//! collide.

use afresh::Subject;
use afresh::laws::{self, Held, StimulusOf};
use afresh_core::{Key, Knob, Message, Stimulus};
use afresh_fixtures::ledger::{FEES, Ledger};
use afresh_fixtures::{Documents, Fixture, OrderBook};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, RngSeed, TestRunner};

/// Checks `law` on generated runs, which are the same every time.
fn for_all<S: Subject + Fixture>(law: impl Fn(&S, &[StimulusOf<S>], usize) -> Held) {
    let config = Config {
        cases: 300,
        failure_persistence: None,
        rng_algorithm: RngAlgorithm::ChaCha,
        rng_seed: RngSeed::Fixed(7),
        ..Config::default()
    };
    let runs = (S::messages(), any::<prop::sample::Index>());
    let result = TestRunner::new(config).run(&runs, |(messages, at)| {
        let stimuli: Vec<StimulusOf<S>> = messages.into_iter().map(Stimulus::In).collect();
        let at = at.index(stimuli.len() + 1);
        law(&S::correct(), &stimuli, at).map_err(|violation| TestCaseError::fail(violation.to_string()))
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}

macro_rules! laws {
    ($module:ident, $system:ty, $flow:expr) => {
        mod $module {
            use super::*;

            #[test]
            fn policy() {
                for_all::<$system>(|system, stimuli, _| laws::policy(system, stimuli));
            }

            #[test]
            fn outputs() {
                for_all::<$system>(|system, stimuli, _| laws::outputs(system, stimuli));
            }

            #[test]
            fn idempotence() {
                for_all::<$system>(|system, stimuli, _| laws::idempotence(system, stimuli));
            }

            #[test]
            fn order() {
                for_all::<$system>(|system, stimuli, at| laws::order(system, stimuli, &[at, 3 * at + 1, at / 2]));
            }

            #[test]
            fn reflow_in() {
                for_all::<$system>(|system, stimuli, _| laws::reflow_in(system, stimuli));
            }

            #[test]
            fn reflow_out() {
                for_all::<$system>(|system, stimuli, _| laws::reflow_out(system, stimuli));
            }

            #[test]
            fn trigger() {
                for_all::<$system>(|system, stimuli, _| laws::trigger(system, stimuli));
            }

            #[test]
            fn restart() {
                for_all::<$system>(|system, stimuli, at| laws::restart(system, stimuli, at));
            }

            #[test]
            fn closure() {
                for_all::<$system>(|system, stimuli, _| laws::closure(system, stimuli));
            }

            #[test]
            fn healing() {
                for_all::<$system>(|system, stimuli, at| laws::healing(system, stimuli, at));
            }

            #[test]
            fn determinism() {
                for_all::<$system>(|system, stimuli, _| laws::determinism(system, stimuli));
            }

            #[test]
            fn migration() {
                for_all::<$system>(|system, stimuli, _| {
                    laws::migration(system, stimuli, $flow, None)?;
                    laws::migration(system, stimuli, $flow, Some(some_keys(system, stimuli)))
                });
            }

            #[test]
            fn plan() {
                for_all::<$system>(|system, stimuli, at| {
                    let keys = Some(some_keys(system, stimuli));
                    let (by, why) = ("law".into(), String::new());
                    let migrate = Knob::Migrate { flow: $flow.into(), keys: keys.clone(), on: true, by, why };
                    laws::plan(system, stimuli, &migrate)?;
                    let (by, why) = ("law".into(), String::new());
                    laws::plan(system, &stimuli[..at], &Knob::Scrub { keys, by, why })?;
                    let messages = stimuli.iter().filter_map(|stimulus| match stimulus {
                        Stimulus::In(message) => Some(message.fact()),
                        _ => None,
                    });
                    let (by, why) = ("law".into(), String::new());
                    laws::plan(system, stimuli, &Knob::ReflowIn { messages: messages.take(2).collect(), by, why })
                });
            }
        }
    };
}

laws!(ledger, Ledger, FEES);
laws!(orderbook, OrderBook, "none");
laws!(document, Documents, "none");

/// Returns the keys of the first few messages.
fn some_keys<S: Subject>(system: &S, stimuli: &[StimulusOf<S>]) -> Vec<Key> {
    let bodies = stimuli.iter().filter_map(|stimulus| match stimulus {
        Stimulus::In(Message { body: Some(body), .. }) if system.admit(body).is_ok() => Some(body),
        _ => None,
    });
    let mut keys: Vec<_> = bodies.take(2).flat_map(|body| system.keys(body)).collect();
    keys.sort();
    keys.dedup();
    keys
}
