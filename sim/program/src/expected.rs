//! Answers that were asked for before they are needed.

use std::collections::{BTreeMap, VecDeque};

use afresh_core::{Flows, Foreseen, Key};
use serde_json::value::RawValue;

use crate::answers::{self, FoldAnswer, MaybeView};
use crate::json::Json;
use crate::process::Failure;
use crate::program::One;
use crate::questions::{About, Batch, Told};
use crate::system::State;
use crate::wire::Optional;

/// The most questions of one line. While the program answers one line, the answers to the one before it are read.
const QUESTIONS_MAX: usize = 64;

/// The most messages that the questions of one line fold.
const WORK_MAX: usize = 4096;

/// The answers that were foreseen for each key: the steps from state to state, and the folds of whole histories. Both
/// are in the order in which they will be needed.
#[derive(Default)]
pub(crate) struct Expected {
    folds: BTreeMap<Key, [VecDeque<Step>; 2]>,
    restated: BTreeMap<Key, VecDeque<Restated>>,
}

/// The view after some messages, computed in another way.
struct Restated {
    told: Vec<Told>,
    flows: Flows,
    result: Result<Option<Json>, Failure>,
}

/// One fold whose result is known.
struct Step {
    from: State,
    told: Vec<Told>,
    flows: Flows,
    result: Result<State, Failure>,
}

impl Expected {
    /// Takes the result of folding `told` from `from`, if it was foreseen.
    pub(crate) fn take(
        &mut self,
        key: &Key,
        from: &State,
        told: &[Told],
        flows: &Flows,
    ) -> Option<Result<State, Failure>> {
        let is_next = |step: &mut Step| step.flows == *flows && step.from == *from && step.told == told;
        let step = self.folds.get_mut(key)?.iter_mut().find_map(|steps| steps.pop_front_if(is_next));
        if step.is_none() {
            // Something else happened than was foreseen, so the answers that follow are of no use either.
            self.folds.remove(key);
        }
        step.map(|step| step.result)
    }

    /// Takes the view after `told`, computed in another way, if it was foreseen.
    pub(crate) fn take_restated(
        &mut self,
        key: &Key,
        told: &[Told],
        flows: &Flows,
    ) -> Option<Result<Option<Json>, Failure>> {
        let restated = self.restated.get_mut(key)?;
        Some(restated.pop_front_if(|restated| restated.flows == *flows && restated.told == told)?.result)
    }

    /// Asks for folds that will be needed.
    ///
    /// If the program fails, its answers so far are kept. The question at which it failed is asked again when the
    /// answer is needed, alone, so that only the key that it is about is concerned.
    pub(crate) fn ask(&mut self, one: &One, folds: Vec<Foreseen<crate::Program>>) {
        let folds: Vec<Asked> = folds.into_iter().map(Asked::new).collect();
        let restates = one.can(Optional::Restate).unwrap_or_default();
        let mut batches = vec![Batch::default()];
        // The questions of each batch: the fold that it is about, and whether it asks to restate it.
        let mut questions: Vec<Vec<(&Asked, bool)>> = vec![Vec::new()];
        for fold in &folds {
            if batches.last().is_some_and(|batch| batch.asked >= QUESTIONS_MAX || batch.work >= WORK_MAX) {
                batches.push(Batch::default());
                questions.push(Vec::new());
            }
            let (Some(batch), Some(questions)) = (batches.last_mut(), questions.last_mut()) else { return };
            let about = About { key: &fold.key, flows: Some(&fold.flows), state: &fold.state };
            batch.ask_fold(&about, &fold.told, fold.each, fold.looks);
            questions.push((fold, false));
            if fold.restates && restates {
                batch.ask_restate(&About { state: &State::default(), ..about }, &fold.told);
                questions.push((fold, true));
            }
        }
        let _ = one.ask_all(&batches, |place, answers| {
            for ((fold, is_restated), answer) in questions[place].iter().zip(answers) {
                if *is_restated {
                    let result = answers::answer::<MaybeView>(answer).map(|answer| answer.view);
                    let restated = Restated { told: fold.told.clone(), flows: fold.flows.clone(), result };
                    self.restated.entry(fold.key.clone()).or_default().push_back(restated);
                } else {
                    fold.steps(one.number, answer, |step| {
                        let steps = self.folds.entry(fold.key.clone()).or_default();
                        steps[usize::from(!fold.each)].push_back(step);
                    });
                }
            }
        });
    }

    /// Forgets all answers.
    pub(crate) fn clear(&mut self) {
        self.folds.clear();
        self.restated.clear();
    }
}

/// A fold that is asked for.
struct Asked {
    key: Key,
    state: State,
    told: Vec<Told>,
    flows: Flows,
    each: bool,
    looks: bool,
    restates: bool,
}

impl Asked {
    fn new(fold: Foreseen<crate::Program>) -> Self {
        let Foreseen { key, state, inputs, flows, each, looks, restates } = fold;
        let told = inputs.into_iter().map(|(from, id, body)| Told { from, id, body }).collect();
        Self { key, state, told, flows, each, looks, restates }
    }

    /// Passes each step of which the answer tells the result to `each`.
    fn steps(&self, program: u64, answer: &RawValue, mut each: impl FnMut(Step)) {
        let Self { flows, told, .. } = self;
        let mut step = |from: &State, told: &[Told], result| {
            each(Step { from: from.clone(), told: told.to_vec(), flows: flows.clone(), result });
        };
        let answer = match answers::answer::<FoldAnswer>(answer) {
            Ok(answer) => answer,
            // What is no answer is asked for again.
            Err(Failure::NoAnswer { .. }) => return,
            Err(failure) => return step(&self.state, if self.each { &told[..1] } else { told }, Err(failure)),
        };
        let failure = answer.failure();
        if !self.each {
            return step(&self.state, told, answer.last(program, flows));
        }
        let mut states = answer.states.into_iter().map(|answer| answer.state(program, flows));
        let mut from = self.state.clone();
        let mut rest = told.chunks(1);
        for (told, state) in rest.by_ref().zip(states.by_ref()) {
            step(&from, told, Ok(state.clone()));
            from = state;
        }
        if let (Some(failure), Some(told)) = (failure, rest.next()) {
            step(&from, told, Err(failure));
        }
    }
}
