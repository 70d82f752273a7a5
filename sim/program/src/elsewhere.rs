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

impl Elsewhere<Program> for &Program {
    fn foresee_bodies(&self, bodies: &[&Json]) {
        let number = self.one.code.number;
        let bodies: Vec<_> = bodies.iter().filter(|body| body.said(number).is_none()).collect();
        let parts: Vec<_> = bodies.chunks(QUESTIONS_MAX).collect();
        let batch = |part: &&[_]| {
            let mut batch = Batch::default();
            part.iter().for_each(|body: &&&Json| batch.ask_place(body));
            batch
        };
        let batches: Vec<_> = parts.iter().map(batch).collect();
        if batches.is_empty() {
            return;
        }
        // If the program fails, the bodies are asked about again, one by one.
        let _ = self.one.ask_all(&batches, |place, answers| {
            for (body, text) in parts[place].iter().zip(answers) {
                if let Ok(placed) = answer::<Placed>(text) {
                    body.note(number, Said::Placed(placed.into()));
                }
            }
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
        let lane = |backwards| Lane { turns: Arc::clone(&turns), backwards };
        let [one, other] = [false, true].map(|backwards| self.with_processes(Some(&lane(backwards))));
        one.one.take_over(&self.one);
        [one, other]
    }

    fn said_the_same(&self, one: &State, other: &State) -> Option<bool> {
        let ((flows, one), (others, other)) = (one.known_look()?, other.known_look()?);
        (flows == others).then(|| one.is_as(other, self.one.code.number))
    }
}
