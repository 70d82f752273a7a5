//! All tests of the library, the command line and the documents: one program, so that it is linked once.

mod cli;
mod compare;
mod docs;
mod example;
mod explore;
mod format;
mod host;
mod import;
mod kept;
mod knobs;
mod laws;
mod minimize;
mod mutations;
mod programs;
mod rules;
mod serve;
mod show;
mod shrink;
mod store;
mod tidy;
mod transcripts;
mod verdicts;
mod windows;
mod world;
