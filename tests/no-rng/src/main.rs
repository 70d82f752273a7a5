//! Replays and shrinks the trace of a simulated run in a build without a random-number generator. All choices of the
//! run are in the trace, so none is needed.

#[path = "../../src/payments.rs"]
mod payments;

use std::error::Error;

use afresh::format::{Options, Reader};
use afresh::minimize::Minimizer;
use afresh::world::{self, Vocabulary};

use payments::{Mistake, Payments};

/// A run in which the bank forgets the payments that it has charged.
const TRACE: &str = include_str!("../../tests/world/answers-first.jsonl");

fn main() -> Result<(), Box<dyn Error>> {
    let cluster = Payments(Mistake::AnswersFirst);
    let reader = || Reader::new("answers-first.jsonl", TRACE.as_bytes(), Options::default());
    let ended = world::replay(&cluster, &reader()?.trace(&Vocabulary::new())?)?;
    let finding = ended.findings.first().ok_or("the replay shows nothing")?;
    println!("after {} events: {}, {}", finding.first.event, finding.signature, finding.first.found);
    let mut examined = world::examine_world(&cluster, reader()?)?;
    examined.oracle.aim(Some(&finding.signature)).map_err(|_| "the bug does not show")?;
    let minimized = Minimizer::new().run(examined.stimuli, &mut *examined.oracle, &mut ())?;
    println!("{} events are left", minimized.items.len());
    Ok(())
}
