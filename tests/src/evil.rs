//! Names on which a shell, a terminal or a file system acts, for the tests of campaigns.

/// The names of bugs. None may become more than a name.
pub const NAMES: [&str; 14] = [
    "same name",
    "same name",
    "same-name",
    "same/name",
    "line\ntouch pwned\n",
    "line\ntouch pwned\n",
    "zero\0byte",
    "zero\0byte",
    "\u{1b}]0;PWN\u{7}\u{1b}[2J",
    "$(touch pwned); touch 'pwned' \"`touch pwned`\"",
    "../../../escaped",
    "/escaped",
    "-rf",
    "campaign/jsonl",
];

/// The variable with the path of a file that the system `files` removes.
pub const REMOVES: &str = "AFRESH_TEST_REMOVES";

/// The variable with the path of a file that the system `files` writes before it waits for SIGTERM, in the middle
/// of a search.
pub const WAITS: &str = "AFRESH_TEST_WAITS";

/// The variable with the path of a file that the system `files` writes before it hangs.
pub const HANGS: &str = "AFRESH_TEST_HANGS";
