//! `afresh shrink` as a user meets it.

mod shrink {
    mod bench;
    mod input;
    mod refuse;
    mod runs;
    mod stop;
    mod system;
}
