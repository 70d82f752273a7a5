//! Writes the traces of some simulated runs into the given file. The bytes are the same however this is built.

use std::env;
use std::error::Error;
use std::fs;
use std::io::Write;

use afresh::explore::Record;
use afresh_fixtures::systems;

/// The correct example systems and the example world, simulated with all faults.
const RIGHT: [&str; 4] = ["ledger", "orderbook", "document", "replica"];

/// Systems with a planted bug, so that findings are compared too.
const WRONG: [&str; 2] = ["ledger+late-capture", "replica+retry-twice"];

/// The number of runs of each.
const SEEDS: u64 = 200;

fn main() -> Result<(), Box<dyn Error>> {
    let path = env::args_os().nth(1).ok_or("name the file to write")?;
    let systems = systems();
    let mut output = Vec::new();
    for name in RIGHT.into_iter().chain(WRONG) {
        let explorer = systems.explorer(name).map_err(|unknown| unknown.to_string())?.ok_or("there is no workload")?;
        let mut runs = explorer.begin();
        for seed in 0..SEEDS {
            let run = runs.run(seed, Record::Any);
            output.write_all(&run.trace)?;
            for finding in run.findings {
                if RIGHT.contains(&name) {
                    return Err(format!("{name}, seed {seed}: {}", finding.first.found).into());
                }
                writeln!(output, "{} at {}: {}", finding.signature, finding.first.event, finding.first.found)?;
            }
        }
    }
    Ok(fs::write(path, output)?)
}
