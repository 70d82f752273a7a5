//! Systems that are programs in any language.
//!
//! A [`Program`] is a [`System`](afresh_core::System) whose code is another program. Afresh writes questions to its
//! standard input and reads answers from its standard output, one line of JSON for each batch; `docs/protocol.md`
//! specifies them. The program keeps nothing between questions: states are values of JSON that Afresh keeps and gives
//! back.
//!
//! A round trip between two processes takes as long as many steps of a fold. So the engine and the checker say
//! beforehand which folds they will need, and a program answers hundreds of them at once. Each answer is used once, by
//! the one who said that it would be needed. An answer that nobody foresaw is asked for alone, and takes longer.
//!
//! | file | contents |
//! | --- | --- |
//! | `json.rs` | values of JSON |
//! | `wire.rs` | the first line of a process, and the optional questions |
//! | `questions.rs`, `answers.rs` | questions and answers as lines of JSON |
//! | `process.rs` | a process that answers lines, within limits |
//! | `program.rs` | a program, its processes, and its description of itself |
//! | `expected.rs` | answers that were asked for before they are needed |
//! | `system.rs` | a program as a system |
//! | `elsewhere.rs` | what it is told beforehand, and its processes |
#![forbid(unsafe_code)]

mod answers;
mod elsewhere;
mod expected;
mod json;
mod process;
mod program;
mod questions;
mod system;
mod turns;
mod wire;

pub use json::Json;
pub use process::Failure;
pub use program::{About, Config, Program, Version};
pub use system::State;
