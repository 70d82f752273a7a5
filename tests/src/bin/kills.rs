//! Kills a service under load at random moments, and checks that nothing is lost or doubled.
//!
//! `cargo run -p afresh-tests --bin kills -- --times 100`

use std::time::Duration;

use afresh_tests::kills::kills;
use clap::Parser;

/// Kill a service under load at random moments, and check that nothing is lost or doubled.
#[derive(Parser)]
#[command(name = "kills")]
struct Arguments {
    /// How many times.
    #[arg(long, default_value_t = 100)]
    times: u32,
    /// The seed of the moments.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The longest time that the service runs before it is killed, in milliseconds.
    #[arg(long, default_value_t = 300)]
    served_ms: u64,
    /// The URL of an empty store; by default, a database in a temporary folder.
    #[arg(long)]
    store: Option<String>,
}

fn main() {
    let Arguments { times, seed, served_ms, store } = Arguments::parse();
    let survived = kills(times, seed, Duration::from_millis(served_ms), store.as_deref());
    println!(
        "killed {times} times: {} messages were acknowledged, and {} events are in the journal; receivers have {} \
         outputs, as a recompute says",
        survived.acknowledged, survived.events, survived.outputs
    );
}
