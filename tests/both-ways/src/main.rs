//! Writes the traces of some simulated runs into the file that it is told. Whichever way this is built, it is the same bytes.

use std::env;
use std::error::Error;
use std::fs;
use std::io::Write;

use afresh::explore::Record;
use afresh::{Systems, Workload};
use afresh_fixtures::{Fixture, Ledger, Replica, ledger};

/// A system and a world, each with all that goes wrong around them; and with a bug, so that what is found is seen too.
const NAMES: [&str; 4] = ["ledger", "ledger+late-capture", "replica", "replica+retry-twice"];

/// How many runs of each.
const SEEDS: u64 = 30;

fn main() -> Result<(), Box<dyn Error>> {
    let path = env::args_os().nth(1).ok_or("name the file to write")?;
    let systems = Systems::new()
        .with_all(Ledger::all())
        .with_worlds(Replica::all())
        .exploring(Workload::new(ledger::messages).flow(ledger::FEES).version(Ledger::NAME));
    let mut output = Vec::new();
    for name in NAMES {
        let explorer = systems.explorer(name).map_err(|known| known.join(", "))?.ok_or("there is no workload")?;
        let mut runs = explorer.begin();
        for seed in 0..SEEDS {
            let run = runs.run(seed, Record::Any);
            output.write_all(&run.trace)?;
            for finding in run.findings {
                writeln!(output, "{} at {}: {}", finding.signature, finding.first.event, finding.first.found)?;
            }
        }
    }
    Ok(fs::write(path, output)?)
}
