//! The binary `afresh`: the command line of the library over the example systems.
fn main() {}
