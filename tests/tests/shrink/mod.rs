//! Tests of `afresh shrink` as users call it.

mod bench;
mod budget;
mod certificate;
mod drift;
mod findings;
mod flaky;
mod hostile;
mod input;
mod jobs;
mod keep;
mod kill;
mod outputs;
mod refuse;
mod resumed;
mod runs;
mod score;
mod signature;
mod stop;
mod system;
mod twin;
