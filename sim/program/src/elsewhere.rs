//! A program as a system whose code runs elsewhere: what it is told beforehand, and its processes.

use std::ops::ControlFlow;
use std::sync::{Arc, PoisonError};

use afresh_core::{Elsewhere, Foreseen};

use crate::answers::{Placed, answer};
use crate::json::{Json, Said};
use crate::program::{Lane, Program, Turns};
use crate::questions::Batch;
use crate::system::State;

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
        let mut found = None;
        self.ask_places(bodies, |place, again| match bodies[place].said(self.one.code.number) {
            Some(Said::Placed(first)) if *first != again => {
                found = Some((place, [text(&first), text(&again)]));
                ControlFlow::Break(())
            }
            _ => ControlFlow::Continue(()),
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
