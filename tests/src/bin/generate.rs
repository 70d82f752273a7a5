//! Generates traces as production would export them, from a seed.
//!
//! `cargo run --release -p afresh-tests --bin generate -- ledger --seed 1 --messages 1000 --late 50 > ledger.jsonl`

use std::error::Error;
use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use afresh_fixtures::generate::{Disorder, Export, Recording};
use afresh_fixtures::ledger;
use afresh_tests::kept::{self, KEPT, RUNS};
use clap::Parser;

/// Make a trace of an example system.
#[derive(Parser)]
#[command(name = "generate")]
struct Arguments {
    /// The system: `ledger`, `orderbook`, `document`, or one with a bug, such as `ledger+late-capture`.
    #[arg(required_unless_present = "kept")]
    system: Option<String>,
    /// Make all kept traces of the repository again, and nothing else. Run it at the root of the repository.
    #[arg(long, exclusive = true)]
    kept: bool,
    /// The seed of all random choices.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The number of messages.
    #[arg(long, default_value_t = 1000)]
    messages: u32,
    /// The number of keys that the messages concern.
    #[arg(long, default_value_t = 10)]
    keys: u32,
    /// Messages in a thousand that arrive late.
    #[arg(long, default_value_t = 0)]
    late: u32,
    /// Messages in a thousand that arrive again unchanged.
    #[arg(long, default_value_t = 0)]
    duplicates: u32,
    /// Messages in a thousand that arrive again under another id.
    #[arg(long, default_value_t = 0)]
    envelopes: u32,
    /// Messages in a thousand that are corrected later.
    #[arg(long, default_value_t = 0)]
    revisions: u32,
    /// Messages in a thousand that are withdrawn later.
    #[arg(long, default_value_t = 0)]
    withdrawals: u32,
    /// The largest delay of a late message, in places of the order of arrival.
    #[arg(long, default_value_t = 30)]
    places: u32,
    /// Turn the flow `fees-v2` of a ledger on and off again.
    #[arg(long)]
    migrate: bool,
    /// The number of messages before the first one of the trace. If it is not 0, the trace is a window.
    #[arg(long, default_value_t = 0)]
    skip: u32,
    /// Also record the outputs of the system, and the views of the keys that changed.
    #[arg(long)]
    record: bool,
    /// The file to write; standard output where absent.
    #[arg(long)]
    output: Option<PathBuf>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    if arguments.kept {
        for kept in KEPT {
            let path = Path::new(kept::FOLDER).join(kept.file).with_extension("jsonl");
            kept.write(kept.file, BufWriter::new(File::create(path)?))?;
        }
        for kept in RUNS {
            fs::write(Path::new(kept::FOLDER).join(kept.file).with_extension("jsonl"), kept.write())?;
        }
        return Ok(());
    }
    let system = arguments.system.as_deref().unwrap_or_default();
    let export = Export {
        seed: arguments.seed,
        messages: arguments.messages,
        keys: arguments.keys,
        disorder: Disorder {
            late_permille: arguments.late,
            duplicates_permille: arguments.duplicates,
            envelopes_permille: arguments.envelopes,
            revisions_permille: arguments.revisions,
            withdrawals_permille: arguments.withdrawals,
            places_max: arguments.places,
        },
        flow: arguments.migrate.then_some(ledger::FEES),
        skipped: arguments.skip,
        recording: if arguments.record { Recording::Views } else { Recording::Nothing },
    };
    let written = match &arguments.output {
        Some(path) => {
            let file = BufWriter::new(File::create(path)?);
            kept::write(system, &export, &path.display().to_string(), file).map(|written| written.map(drop))
        }
        None => kept::write(system, &export, "standard output", BufWriter::new(io::stdout().lock()))
            .map(|written| written.map(drop)),
    };
    match written {
        Some(written) => Ok(written?),
        None => Err(format!("there is no system {system}: there is {}", kept::systems().join(", ")).into()),
    }
}
