//! A program as a system whose code runs elsewhere: what it is told beforehand, and its processes.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::{Arc, PoisonError};

use afresh_core::{Elsewhere, Foreseen, Key, Slot};

use crate::answers::{Goes, Placed, answer};
use crate::json::{Json, Said};
use crate::program::{Lane, Program};
use crate::questions::Batch;
use crate::system::State;
use crate::turns::Turns;

/// The most bodies that are asked about in one line.
const QUESTIONS_MAX: usize = 128;

impl Program {
    /// Asks about these bodies, and passes the answer about each of them to `each`, with its place. Ends when `each`
    /// breaks, or when the program fails.
    fn ask_places(&self, bodies: &[&Json], mut each: impl FnMut(usize, Placed) -> ControlFlow<()>) {
        let parts: Vec<_> = bodies.chunks(QUESTIONS_MAX).collect();
        let batch = |part: &&[&Json]| {
            let mut batch = Batch::default();
            part.iter().for_each(|body| batch.ask_place(body));
            batch
        };
        let batches: Vec<_> = parts.iter().map(batch).collect();
        if batches.is_empty() {
            return;
        }
        let _ = self.one.ask_all(&batches, |part, answers| {
            let placed = answers.iter().map(|text| answer::<Placed>(text)).enumerate();
            placed
                .filter_map(|(place, placed)| {
                    Some((place, placed.inspect_err(|failure| self.one.failed(failure)).ok()?))
                })
                // The others are asked about again, one by one, and then told.
                .filter(|(_, placed)| self.one.code.is_placed_alike(placed))
                .try_for_each(|(place, placed)| each(part * QUESTIONS_MAX + place, placed))
        });
    }
}

impl Elsewhere<Program> for &Program {
    fn foresee_bodies(&self, bodies: &[&Json]) {
        let number = self.one.code.number;
        let bodies: Vec<_> = bodies.iter().copied().filter(|body| body.said(number).is_none()).collect();
        // If the program fails, the bodies are asked about again, one by one.
        self.ask_places(&bodies, |place, placed| {
            bodies[place].note(number, Said::Placed(placed.into()));
            ControlFlow::Continue(())
        });
    }

    fn foresee_folds(&self, folds: Vec<Foreseen<Program>>) {
        let mut expected = self.expected.lock().unwrap_or_else(PoisonError::into_inner);
        // Answers that are left over were foreseen by mistake.
        expected.clear();
        if !folds.is_empty() {
            expected.ask(&self.one, folds, self.memory.as_deref());
        }
    }

    fn remembering(&self) -> Program {
        self.with_memory(Some(Arc::default()))
    }

    fn restarted(&self) -> Program {
        self.with_processes(None)
    }

    fn apart(&self, jobs: usize) -> [Program; 2] {
        let turns = Arc::new(Turns::new(jobs));
        let failures = Arc::default();
        let lane = |backwards| Lane { turns: Arc::clone(&turns), failures: Arc::clone(&failures), backwards };
        let [one, other] = [false, true].map(|backwards| self.with_processes(Some(&lane(backwards))));
        one.one.take_over(&self.one);
        [one, other]
    }

    fn says_otherwise(&self, bodies: &[&Json]) -> Option<(usize, [String; 2])> {
        let text = |placed: &Placed| serde_json::to_string(placed).unwrap_or_default();
        // In the other order, a program that keeps something between questions answers otherwise.
        let backwards: Vec<_> = bodies.iter().rev().copied().collect();
        let mut found = None;
        self.ask_places(&backwards, |place, again| {
            if let Some(Said::Placed(first)) = backwards[place].said(self.one.code.number)
                && *first != again
            {
                found = Some((bodies.len() - 1 - place, [text(&first), text(&again)]));
            }
            ControlFlow::Continue(())
        });
        found
    }

    fn sends_otherwise(&self, outputs: &[(&Key, &Slot, &Json)]) -> Option<(usize, [String; 2])> {
        let mut known = BTreeSet::new();
        let distinct =
            outputs.iter().enumerate().filter(|(_, (key, slot, body))| known.insert((*key, *slot, body.text())));
        let told = distinct.filter_map(|(place, (key, slot, body))| match body.said(self.one.code.number)? {
            Said::Goes(goes) => Some((place, *key, *slot, *body, goes)),
            Said::Placed(_) => None,
        });
        let told: Vec<_> = told.collect();
        let parts: Vec<_> = told.chunks(QUESTIONS_MAX).collect();
        let batch = |part: &&[(usize, &Key, &Slot, &Json, Arc<Goes>)]| {
            let mut batch = Batch::default();
            part.iter().for_each(|(_, key, slot, body, _)| batch.ask_goes(key, slot, body));
            batch
        };
        let batches: Vec<_> = parts.iter().map(batch).collect();
        let mut found = None;
        let _ = self.one.ask_all(&batches, |part, answers| {
            let differs = parts[part].iter().zip(answers).find_map(|((place, .., goes), text)| {
                let again = answer::<Goes>(text);
                let is_same = again.as_ref().is_ok_and(|again| *again == **goes);
                (!is_same).then(|| (*place, [goes.text(), text.get().to_owned()]))
            });
            found = differs;
            if found.is_none() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        found
    }

    fn said_the_same(&self, one: &State, other: &State) -> Option<bool> {
        let ((flows, one), (others, other)) = (one.known_look()?, other.known_look()?);
        (flows == others).then(|| one.is_as(other, self.one.code.number))
    }

    fn failed_once(&self) -> Option<String> {
        self.one.failed_once().map(|failure| failure.to_string())
    }
}
