//! `afresh.toml`: systems that are programs, receivers, import profiles, and defaults of options.

pub(crate) mod code;
mod set;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use afresh_program::{Config as Run, Program, Version};
use afresh_trace::format::{Error, Problem};
use afresh_trace::unknown::{Thing, UnknownName};
use serde::Deserialize;

use crate::console::CliError;
use crate::duration::duration;
use crate::runner::Systems;

pub(crate) use words::{about_systems, about_systems_from, values_of, with_defaults};

/// The name of the file, which is found in the working directory or above it.
pub(crate) const NAME: &str = "afresh.toml";

/// The content of the file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    /// The systems, by name.
    #[serde(default)]
    systems: BTreeMap<String, Declared>,
    /// The URL of each receiver, for services.
    #[serde(default)]
    receivers: BTreeMap<String, String>,
    /// The options of each import profile.
    #[serde(default)]
    profiles: BTreeMap<String, Options>,
    /// The options that a subcommand has unless others are given.
    #[serde(default)]
    defaults: BTreeMap<String, Options>,
    /// The folder of the file, in which its programs run.
    #[serde(skip)]
    folder: PathBuf,
    /// The file, if there is one.
    #[serde(skip)]
    path: Option<PathBuf>,
}

/// Options by name, without the dashes.
type Options = BTreeMap<String, toml::Value>;

/// A system in the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", expecting = "a table with `command`")]
struct Declared {
    command: Words,
    #[serde(default)]
    timeout: Option<Time>,
    #[serde(default)]
    network: Option<bool>,
    #[serde(default)]
    files: Vec<String>,
    #[serde(default)]
    twin: Option<String>,
    #[serde(default)]
    versions: BTreeMap<String, Words>,
}

/// A command: a list of words, or a line that is split as a shell does.
#[derive(Debug)]
struct Words(Vec<OsString>);

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "expected a command: a text, or a list of words")]
        enum Form {
            Line(String),
            Words(Vec<String>),
        }
        match Form::deserialize(deserializer)? {
            Form::Line(line) => words_of(&line).map(Self).map_err(serde::de::Error::custom),
            Form::Words(words) if words.is_empty() => Err(serde::de::Error::custom("the command is empty")),
            Form::Words(words) => Ok(Self(words.into_iter().map(OsString::from).collect())),
        }
    }
}

/// Splits a command as a shell does.
fn words_of(line: &str) -> Result<Vec<OsString>, &'static str> {
    match shlex::split(line) {
        None => Err("the command has a quote that is not closed"),
        Some(words) if words.is_empty() => Err("the command is empty"),
        Some(words) => Ok(words.into_iter().map(OsString::from).collect()),
    }
}

/// A duration as people write it: a text, or a number of seconds.
#[derive(Debug)]
struct Time(Duration);

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "expected a duration, such as 90 or \"5m\"")]
        enum Form {
            Text(String),
            Seconds(f64),
        }
        let text = match Form::deserialize(deserializer)? {
            Form::Text(text) => text,
            Form::Seconds(seconds) => seconds.to_string(),
        };
        duration(&text).map(Self).map_err(serde::de::Error::custom)
    }
}

/// A program on the command line, as `NAME=COMMAND`.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    name: String,
    command: Vec<OsString>,
}

impl std::str::FromStr for Named {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some((name, line)) = text.split_once('=').filter(|(name, _)| !name.is_empty()) else {
            return Err("expected a name and a command, such as orders=\"python3 orders.py\"".into());
        };
        Ok(Self { name: name.to_owned(), command: words_of(line)? })
    }
}

impl File {
    /// Reads the file at `path` or, without one, the nearest [`NAME`] in the working directory or above it. Each of
    /// `settings` has the form `KEY=VALUE` and takes the place of a value of the file.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be read, if its content or a setting is wrong, or if `path` names no file.
    pub(crate) fn read(path: Option<&Path>, settings: &[OsString]) -> Result<Self, CliError> {
        let path = match path {
            Some(path) => Some(path.to_owned()),
            None => nearest().map_err(|error| Error::file(NAME, Problem::Read(error)))?,
        };
        let text = path.as_deref().map(|path| {
            fs::read_to_string(path).map_err(|error| Error::file(path.display().to_string(), Problem::Read(error)))
        });
        let text = text.transpose()?.unwrap_or_default();
        let name = path.as_deref().unwrap_or(Path::new(NAME)).display();
        let parsed: Result<Self, _> = toml::from_str(&text);
        let mut file = parsed.map_err(|error| CliError::Usage(format!("{name}: {}", error.to_string().trim_end())))?;
        file.check_names().map_err(|why| CliError::Usage(format!("{name}: {why}")))?;
        if !settings.is_empty() {
            file = set::with(&text, settings)?;
            file.check_names().map_err(|why| CliError::Usage(format!("{}: {why}", set::OPTION)))?;
        }
        let folder = path.as_deref().and_then(Path::parent).filter(|folder| !folder.as_os_str().is_empty());
        file.folder = folder.unwrap_or(Path::new(".")).to_owned();
        file.path = path;
        Ok(file)
    }

    /// Checks that each name names one command, and that each twin is a version of its system.
    fn check_names(&self) -> Result<(), String> {
        let mut seen: BTreeSet<_> = self.systems.keys().collect();
        for (name, Declared { twin, versions, .. }) in &self.systems {
            if let Some(version) = versions.keys().find(|version| !seen.insert(version)) {
                let help = "choose a name that no other system and no version of one has";
                return Err(format!("systems.{name}.versions.{version}: the name is used twice\n  help: {help}"));
            }
            let known = || versions.keys().chain([name]).map(String::as_str);
            if let Some(twin) = twin.as_deref().filter(|twin| !known().any(|known| known == *twin)) {
                let unknown = UnknownName::new(Thing::Version, twin, known());
                let help = "name a version in `versions` of the same system";
                return Err(format!("systems.{name}.twin: {unknown}\n  help: {help}"));
            }
        }
        Ok(())
    }

    /// Adds the programs of the file and those of the command line to `systems`. A command of the command line takes
    /// the place of that of a system or a version in the file with the same name.
    pub(crate) fn systems(&self, systems: &Systems, named: &[Named], without_network: bool) -> Systems {
        let mut all = systems.clone();
        let run = |command: &[OsString], timeout: Option<&Time>, network: Option<bool>, folder: &Path| Run {
            command: command.to_vec(),
            files: code::named(command, folder),
            folder: folder.to_owned(),
            timeout: timeout.map_or(Run::TIMEOUT, |time| time.0),
            line_max: Run::LINE_MAX,
            network: network.unwrap_or(true) && !without_network,
        };
        for (name, Declared { command, timeout, network, files, twin, versions }) in &self.systems {
            let version = |(name, command): (&String, &Words)| {
                let config = match named.iter().rfind(|named| named.name == *name) {
                    Some(named) => run(&named.command, timeout.as_ref(), *network, Path::new(".")),
                    None => {
                        let config = run(&command.0, timeout.as_ref(), *network, &self.folder);
                        let matched = code::matched(files, &self.folder);
                        Run { files: if files.is_empty() { config.files } else { matched }, ..config }
                    }
                };
                Version { name: name.as_str().into(), config }
            };
            let others: Vec<_> = versions.iter().chain([(name, command)]).map(version).collect();
            let twin = || twin.as_deref().map(Into::into);
            for Version { name, config } in &others {
                all = all
                    .with_program(name.to_string(), Program::new(name.clone(), config.clone(), others.clone(), twin()));
            }
        }
        let declared =
            |name: &String| self.systems.iter().any(|(system, of)| system == name || of.versions.contains_key(name));
        for Named { name, command } in named.iter().filter(|named| !declared(&named.name)) {
            let config = run(command, None, None, Path::new("."));
            all = all.with_program(name.clone(), Program::new(name.as_str(), config, Vec::new(), None));
        }
        all
    }

    /// The path of the file, if there is one.
    pub(crate) fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }
}

/// Finds the file in the working directory or above it.
fn nearest() -> io::Result<Option<PathBuf>> {
    let here = std::env::current_dir()?;
    // In the working directory, the short name is enough.
    Ok(nearest_to(&here).map(|path| path.strip_prefix(&here).map(Path::to_owned).unwrap_or(path)))
}

/// Finds the file in a folder or above it.
fn nearest_to(folder: &Path) -> Option<PathBuf> {
    folder.ancestors().map(|folder| folder.join(NAME)).find(|path| path.is_file())
}
