//! The console: a real server on a free port, and a client that does what a browser does.

mod access;
mod browser;
#[path = "../counters/mod.rs"]
mod counters;
mod knobs;
mod pages;
#[path = "../http/server.rs"]
#[expect(dead_code, reason = "the tests of the routes use more of it")]
mod server;
