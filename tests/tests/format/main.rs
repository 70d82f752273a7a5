//! The trace file: what is written reads back, and what is wrong with a file is said with its place.

mod digests;
mod errors;
mod files;
mod recorder;
mod round_trip;
mod small;
mod together;
