//! Feeds the readers of the product with damaged files, and reports what a reader does not survive.
//!
//! `cargo run -p afresh-tests --bin fuzz -- traces --seconds 60`

mod in_process;
mod mutate;
mod options;
mod processes;

use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;
use std::{env, fs};

use afresh::check::clock::Stopwatch;
use afresh::rng::Rng;
use afresh_tests::root;
use clap::{Parser, ValueEnum};

use processes::Binary;

/// Feed a reader with damaged files, and report what it does not survive.
#[derive(Parser)]
#[command(name = "fuzz")]
struct Arguments {
    /// The reader.
    reader: Kind,
    /// How long to go on.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// The seed of the damage. The same seed gives the same files, in the same order.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// The readers.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    /// Traces, as raw events and in the types of the example systems.
    Traces,
    /// The rows of `import`, as JSON Lines, as CSV and as text of databases.
    Rows,
    /// The walks of `shrink`.
    Walks,
    /// The record of `explore`.
    Campaigns,
    /// The options of all subcommands.
    Options,
}

/// A reader of files, and whole files to damage.
trait Target {
    /// The files to damage.
    fn corpus(&self) -> Vec<Vec<u8>>;

    /// Draws a file: one of the corpus, with damage.
    fn draw(&self, corpus: &[Vec<u8>], rng: &mut Rng) -> Vec<u8> {
        mutate::damaged(corpus, rng)
    }

    /// Reads a damaged file. Returns whether the reader has accepted it.
    ///
    /// # Errors
    ///
    /// If the reader does anything else than to accept the file or to name its mistake.
    fn read(&self, file: &[u8]) -> Result<bool, String>;
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    // The worker processes of `afresh` are this program too, under the name of the binary.
    if env::args_os().next().is_some_and(|called| Path::new(&called).file_name().is_some_and(|name| name == "afresh")) {
        return Ok(afresh::cli::main(&afresh_fixtures::systems()));
    }
    let Arguments { reader, seconds, seed } = Arguments::parse();
    let target: Box<dyn Target> = match reader {
        Kind::Traces => Box::new(in_process::Traces),
        Kind::Rows => Box::new(in_process::Rows),
        Kind::Walks => Box::new(in_process::Walks(Binary::new()?)),
        Kind::Campaigns => Box::new(processes::Campaigns(Binary::new()?)),
        Kind::Options => Box::new(options::Options::new(Binary::new()?)),
    };
    let corpus = target.corpus();
    let read = |file: &[u8]| {
        catch_unwind(AssertUnwindSafe(|| target.read(file))).unwrap_or_else(|_| Err("it panicked".to_owned()))
    };
    for whole in &corpus {
        if !read(whole)? {
            return Err(format!("a whole file is refused: {}", String::from_utf8_lossy(whole)).into());
        }
    }
    let (mut rng, begun) = (Rng::of_seed(seed), Stopwatch::start());
    let (mut files, mut accepted) = (0_u64, 0_u64);
    while begun.elapsed() < Duration::from_secs(seconds) {
        let file = target.draw(&corpus, &mut rng);
        files += 1;
        match read(&file) {
            Ok(is_accepted) => accepted += u64::from(is_accepted),
            Err(why) => {
                let path = root().join(format!("target/fuzz-{reader:?}-{seed}-{files}").to_lowercase());
                fs::write(&path, file)?;
                eprintln!("file {files} of seed {seed}: {why}\n  the file is {}", path.display());
                return Ok(ExitCode::FAILURE);
            }
        }
    }
    println!("{reader:?}: {files} files of seed {seed}, {accepted} of them accepted");
    Ok(ExitCode::SUCCESS)
}
