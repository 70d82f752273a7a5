//! Tests of the library's minimizer: the promises of every search, its number of runs, and the planted bugs of the
//! example systems.

mod laws;
mod payload;
mod reproduce;
mod runs;
mod system;
