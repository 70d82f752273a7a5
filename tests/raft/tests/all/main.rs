//! All tests of the groups: one program, so that it is linked once.

mod campaign;
mod command_line;
