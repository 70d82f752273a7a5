//! The pure engine of Afresh.
#![no_std]

extern crate alloc;

mod property;

pub use property::Signature;
