//! Answers that were asked for before they are needed.

use std::collections::{BTreeMap, VecDeque};

use afresh_core::{Flows, Foreseen, Key};
use serde_json::value::RawValue;

use crate::process::Failure;
use crate::program::One;
use crate::system::State;
use crate::wire::{self, About, Batch, FoldAnswer, Told};

/// The most questions of one line. While the program answers one line, the answers to the one before it are read.
const QUESTIONS_MAX: usize = 64;

/// The most messages that the questions of one line fold.
const WORK_MAX: usize = 4096;

/// The answers that were foreseen for each key: the steps from state to state, and the folds of whole histories. Both
/// are in the order in which they will be needed.
#[derive(Default)]
pub(crate) struct Expected(BTreeMap<Key, [VecDeque<Step>; 2]>);

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
        let step = self.0.get_mut(key)?.iter_mut().find_map(|steps| steps.pop_front_if(is_next));
        if step.is_none() {
            // Something else happened than was foreseen, so the answers that follow are of no use either.
            self.0.remove(key);
        }
        step.map(|step| step.result)
    }

    /// Asks for folds that will be needed.
    ///
    /// If the program fails, its answers so far are kept. The question at which it failed is asked again when the
    /// answer is needed, alone, so that only the key that it is about is concerned.
    pub(crate) fn ask(&mut self, one: &One, folds: Vec<Foreseen<crate::Program>>) {
        let folds: Vec<Asked> = folds.into_iter().map(Asked::new).collect();
        let mut batches = vec![Batch::default()];
        let mut starts = vec![0];
        for (place, fold) in folds.iter().enumerate() {
            if batches.last().is_some_and(|batch| batch.asked == QUESTIONS_MAX || batch.work >= WORK_MAX) {
                batches.push(Batch::default());
                starts.push(place);
            }
            let Some(batch) = batches.last_mut() else { return };
            let about = About { key: &fold.key, flows: Some(&fold.flows), state: &fold.state };
            batch.ask_fold(&about, &fold.told, fold.each, fold.looks);
        }
        let mut steps = Vec::new();
        let mut take = |place: usize, answers: &[&RawValue]| {
            for (fold, answer) in folds[starts[place]..].iter().zip(answers) {
                fold.steps(one.number, answer, |key, step| steps.push((key, usize::from(!fold.each), step)));
            }
        };
        let _ = one.ask_all(&batches, &mut take);
        for (key, which, step) in steps {
            self.0.entry(key).or_default()[which].push_back(step);
        }
    }

    /// Forgets all answers.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
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
}

impl Asked {
    fn new(fold: Foreseen<crate::Program>) -> Self {
        let Foreseen { key, state, inputs, flows, each, looks } = fold;
        let told = inputs.into_iter().map(|(from, id, body)| Told { from, id, body }).collect();
        Self { key, state, told, flows, each, looks }
    }

    /// Passes each step of which the answer tells the result to `each`.
    fn steps(&self, program: u64, answer: &RawValue, mut each: impl FnMut(Key, Step)) {
        let Self { key, flows, told, .. } = self;
        let mut step = |from: &State, told: &[Told], result| {
            each(key.clone(), Step { from: from.clone(), told: told.to_vec(), flows: flows.clone(), result });
        };
        let answer = match wire::answer::<FoldAnswer>(answer) {
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
