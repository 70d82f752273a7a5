//! A service over HTTP: a real server on a free port, and a real client.

mod access;
mod downstream;
mod events;
mod keys;
mod knobs;
mod limits;
mod messages;
mod openapi;
mod server;
mod status;
mod systems;
