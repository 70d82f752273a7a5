//! A service over HTTP: a real server on a free port, and a real client.

mod access;
#[path = "../counters/mod.rs"]
mod counters;
mod downstream;
mod events;
mod held;
mod keys;
mod knobs;
mod limits;
mod messages;
mod openapi;
mod server;
mod status;
