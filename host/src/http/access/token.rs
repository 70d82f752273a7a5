//! Tokens: with what a caller shows who they are. Only their hashes are stored.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;

use afresh_trace::format::Problem;
use blake3::Hash;
use serde::{Deserialize, Serialize};

/// What a caller may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Read everything, and change nothing.
    Read,
    /// Offer messages, and read nothing but the answers.
    Offer,
    /// Do everything, knobs included.
    Operate,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 3] = [Self::Read, Self::Offer, Self::Operate];

    /// The name of the role.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Offer => "offer",
            Self::Operate => "operate",
        }
    }

    /// Returns the role with this name, or `None` if there is none.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// Returns true if whoever has this role may do what needs the role `needed`.
    pub fn includes(self, needed: Self) -> bool {
        self == needed || self == Self::Operate
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A token as it is stored: whose it is, what it allows, and a hash of its text.
///
/// The file of the tokens has one line for each:
///
/// ```json
/// {"name":"anna","roles":["operate"],"hash":"8f1c…"}
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The name under which the journal records what its owner does.
    pub name: String,
    /// What it allows.
    pub roles: Vec<Role>,
    /// The hash of its text.
    hash: Hash,
}

/// A token in its file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    name: String,
    roles: Vec<Role>,
    hash: String,
}

/// Why a token cannot be made, read or stored.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The name cannot be that of a token.
    #[error("`{}` cannot be the name of a token: expected 1 to 100 characters, none of them a control character", .0.escape_debug())]
    Name(String),
    /// Another token has the same name.
    #[error("a token with the name `{}` exists: choose another name, or remove its line first", .0.escape_debug())]
    Exists(String),
    /// The token allows nothing.
    #[error("a token needs a role: expected `read`, `offer` or `operate`")]
    NoRole,
    /// The machine has no random numbers.
    #[error("no random numbers for a token: {0}")]
    Random(getrandom::Error),
    /// A line of the file is not a token.
    #[error("{file}:{line}:{column}: {problem}; correct the line, or remove it and make a new token")]
    Line {
        /// The name of the file.
        file: String,
        /// The number of the line, from 1.
        line: usize,
        /// The number of the byte in the line, from 1.
        column: u64,
        /// What was found, and what was expected.
        problem: String,
    },
    /// The file cannot be read or written.
    #[error("{file}: {error}")]
    Io {
        /// The name of the file.
        file: String,
        /// The error of the operating system.
        error: io::Error,
    },
}

impl Token {
    /// Makes a token. Returns it with its text, which is `afresh_` and 64 hexadecimal digits, and is stored nowhere.
    ///
    /// # Errors
    ///
    /// Fails if the name or the roles are none, or the machine has no random numbers.
    pub fn new(name: impl Into<String>, roles: Vec<Role>) -> Result<(Self, String), TokenError> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(TokenError::Random)?;
        let text = format!("afresh_{}", bytes.map(|byte| format!("{byte:02x}")).concat());
        let token = Self { name: name.into(), roles, hash: blake3::hash(text.as_bytes()) };
        token.check()?;
        Ok((token, text))
    }

    fn check(&self) -> Result<(), TokenError> {
        let length = self.name.chars().count();
        if length == 0 || length > 100 || self.name.contains(char::is_control) {
            return Err(TokenError::Name(self.name.clone()));
        }
        if self.roles.is_empty() { Err(TokenError::NoRole) } else { Ok(()) }
    }

    /// Returns true if this is the text of the token. The time that this takes tells nothing of the token.
    pub(super) fn is(&self, text: &str) -> bool {
        blake3::hash(text.as_bytes()) == self.hash
    }

    /// Reads the tokens of a file.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be read, or a line of it is not a token.
    pub fn load(path: &Path) -> Result<Vec<Self>, TokenError> {
        let text = std::fs::read_to_string(path).map_err(|error| io_error(path, error))?;
        Self::parse(&path.display().to_string(), &text)
    }

    /// Reads the tokens in the text of a file. Errors call the file `name`.
    ///
    /// # Errors
    ///
    /// Fails if a line is not a token, or two tokens have the same name.
    pub fn parse(name: &str, text: &str) -> Result<Vec<Self>, TokenError> {
        let mut tokens: Vec<Self> = Vec::new();
        for (line, text) in text.lines().enumerate().filter(|(_, text)| !text.trim().is_empty()) {
            let wrong = |column, problem| TokenError::Line { file: name.into(), line: line + 1, column, problem };
            let read: Line = serde_json::from_str(text).map_err(|error| {
                let (problem, column) = Problem::from_json(&error);
                wrong(column, problem.to_string())
            })?;
            let hash = Hash::from_hex(&read.hash).map_err(|_| {
                let column = text.find("\"hash\"").map_or(1, |at| at as u64 + 1);
                wrong(column, "the hash is not one: expected 64 hexadecimal digits".into())
            })?;
            let token = Self { name: read.name, roles: read.roles, hash };
            token.check().map_err(|error| wrong(1, error.to_string()))?;
            if tokens.iter().any(|other| other.name == token.name) {
                return Err(wrong(1, format!("another token is called `{}` too", token.name)));
            }
            tokens.push(token);
        }
        Ok(tokens)
    }

    /// Appends the token to a file. Only the user who runs this may read a file that is made by it.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be written, a line of it is not a token, or it has a token of this name.
    pub fn append(&self, path: &Path) -> Result<(), TokenError> {
        let io_error = |error| io_error(path, error);
        let mut file = open(path).map_err(io_error)?;
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(io_error)?;
        let tokens = Self::parse(&path.display().to_string(), &text)?;
        if tokens.iter().any(|other| other.name == self.name) {
            return Err(TokenError::Exists(self.name.clone()));
        }
        let Self { name, roles, hash } = self.clone();
        let line = Line { name, roles, hash: hash.to_hex().to_string() };
        let mut line = serde_json::to_string(&line).unwrap_or_default();
        if !text.is_empty() && !text.ends_with('\n') {
            line.insert(0, '\n');
        }
        line.push('\n');
        file.write_all(line.as_bytes()).and_then(|()| file.sync_all()).map_err(io_error)
    }
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn io_error(path: &Path, error: io::Error) -> TokenError {
    TokenError::Io { file: path.display().to_string(), error }
}
