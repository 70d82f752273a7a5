//! Tests of the trace format: traces read back as written, and errors name their place.

mod digests;
mod errors;
mod files;
mod recorder;
mod round_trip;
mod small;
mod together;
