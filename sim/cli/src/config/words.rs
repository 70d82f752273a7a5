//! The words of a command line, with the options that `afresh.toml` has for it.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use clap::Arg;
use clap::error::ErrorKind;

use afresh_trace::unknown::{Thing, UnknownName};

use super::{File, Named, Options};
use crate::console::CliError;
use crate::shell::quote;

/// The option that names the profile of an import.
const PROFILE: &str = "--profile";

/// Returns the words of a command line, with each option of `file` that they do not have.
///
/// # Errors
///
/// Fails if the file has an option or a profile that does not exist.
pub(crate) fn with_defaults(
    words: Vec<OsString>,
    file: &File,
    command: &clap::Command,
) -> Result<Vec<OsString>, CliError> {
    let names = |word: &OsString| word.to_str().and_then(|word| command.find_subcommand(word));
    // The value of an option is no subcommand, whatever it is.
    let is_value = |place: usize| {
        let before = words[place - 1].to_str().and_then(|word| word.strip_prefix("--"));
        let option = command.get_arguments().find(|arg| arg.get_long().is_some() && arg.get_long() == before);
        place > 1 && option.is_some_and(|arg| arg.get_action().takes_values())
    };
    let found =
        (1..words.len()).filter(|place| !is_value(*place)).find_map(|place| Some((place, names(&words[place])?)));
    let Some((place, subcommand)) = found else { return Ok(words) };
    let name = subcommand.get_name();
    let (before, given) = words.split_at(place + 1);
    let mut given = given.to_vec();
    let mut more = Vec::new();
    let wrong = |place: String, what: String| match file.path() {
        Some(path) => CliError::Usage(format!("{}: {place}: {what}", path.display())),
        None => CliError::Usage(format!("{place}: {what}, because there is no `afresh.toml`")),
    };
    let mut add = |options: &Options, place: &str, given: &[OsString]| {
        for (option, value) in options {
            let place = format!("{place}.{option}");
            let arg = subcommand.get_arguments().find(|arg| arg.get_long() == Some(option));
            let arg = arg.ok_or_else(|| wrong(place.clone(), format!("`{name}` has no option --{option}")))?;
            // An option of the command line wins over those that it excludes, too.
            if !subcommand.get_arguments().any(|other| has(given, other) && excludes(subcommand, other, arg)) {
                let expected = if arg.get_action().takes_values() {
                    "expected a text, a number, or a list of them"
                } else {
                    "expected true or false"
                };
                let words = words_of(option, value, arg).ok_or_else(|| wrong(place.clone(), expected.into()))?;
                check(subcommand, &words).map_err(|why| wrong(place, why))?;
                more.extend(words);
            }
        }
        Ok::<_, CliError>(())
    };
    if name == "import"
        && let Some(profile) = take_profile(&mut given)
    {
        let options = file.profiles.get(&*profile.to_string_lossy());
        let unknown = || {
            let names = file.profiles.keys().map(String::as_str);
            wrong("profiles".into(), UnknownName::new(Thing::Profile, &*profile.to_string_lossy(), names).to_string())
        };
        let options = options.ok_or_else(unknown)?;
        add(options, &format!("profiles.{}", profile.to_string_lossy()), &given)?;
    }
    if let Some(options) = file.defaults.get(name) {
        add(options, &format!("defaults.{name}"), &given)?;
    }
    if name == "serve" {
        for (receiver, url) in &file.receivers {
            // The option and its value are one word or two.
            let begins =
                |word: &str| word.strip_prefix("--receiver=").unwrap_or(word).starts_with(&*format!("{receiver}="));
            let is_given = given.iter().any(|word| begins(&word.to_string_lossy()));
            more.extend((!is_given).then(|| format!("--receiver={receiver}={url}").into()));
        }
    }
    if let Some(unknown) = file.defaults.keys().find(|name| command.find_subcommand(name).is_none()) {
        return Err(wrong("defaults".into(), format!("there is no subcommand `{unknown}`")));
    }
    Ok([before, &more, &given].concat())
}

/// Returns the values that a command line has for an option. They are needed before the other arguments can be read.
pub(crate) fn values_of(option: &str, words: &[OsString]) -> Vec<OsString> {
    let mut values = Vec::new();
    let mut words = words.iter().take_while(|word| *word != "--");
    while let Some(word) = words.next() {
        match word.to_str().and_then(|word| word.strip_prefix(option)) {
            Some("") => values.extend(words.next().cloned()),
            Some(rest) => values.extend(rest.strip_prefix('=').map(OsString::from)),
            None => {}
        }
    }
    values
}

/// Returns the options of a command line that say which systems there are, for another command on these systems. The
/// path of the file is absolute.
pub(crate) fn about_systems(words: &[OsString]) -> Vec<OsString> {
    let mut about = Vec::new();
    let mut words = words.iter().take_while(|word| *word != "--");
    while let Some(word) = words.next() {
        let text = word.to_string_lossy();
        let (option, value) = text.split_once('=').map_or((&*text, None), |(option, value)| (option, Some(value)));
        let mut value = || value.map(OsString::from).or_else(|| words.next().cloned()).unwrap_or_default();
        match option {
            "--config" => {
                let path = PathBuf::from(value());
                let path = std::path::absolute(&path).unwrap_or(path);
                about.extend([option.into(), path.into()]);
            }
            "--program" | super::set::OPTION => about.extend([option.into(), value()]),
            "--no-network" => about.push(option.into()),
            _ => {}
        }
    }
    about
}

/// Returns what [`about_systems`] does, for a command that runs in `folder`. There another `afresh.toml` may be the
/// nearest, and a program is to run in the working directory of this process all the same.
pub(crate) fn about_systems_from(words: &[OsString], folder: &Path) -> Vec<OsString> {
    let mut about = about_systems(words);
    let here = std::env::current_dir().unwrap_or_default();
    let nearest = |from: &Path| super::nearest_to(&from.canonicalize().unwrap_or_default());
    let found = nearest(&here);
    if !about.iter().any(|word| word == "--config") && found != nearest(folder) {
        about.extend(found.into_iter().flat_map(|path| ["--config".into(), path.into()]));
    }
    for place in 1..about.len() {
        if about[place - 1] == "--program"
            && let Ok(Named { name, command }) = about[place].to_string_lossy().parse()
        {
            let quoted = command.iter().map(|word| quote(word)).collect::<Vec<_>>().join(" ");
            let script = format!("cd {} && exec {quoted}", quote(here.as_os_str()));
            about[place] = format!("{name}=sh -c {}", quote(script.as_ref())).into();
        }
    }
    about
}

/// Checks the values of an option, as the subcommand reads them.
fn check(subcommand: &clap::Command, words: &[OsString]) -> Result<(), String> {
    let line = [OsString::from(subcommand.get_name())].into_iter().chain(words.iter().cloned());
    match subcommand.clone().try_get_matches_from(line) {
        // What else is wrong here is that the rest of the command line is missing.
        Err(error) if matches!(error.kind(), ErrorKind::InvalidValue | ErrorKind::ValueValidation) => {
            let text = error.to_string();
            let (first, rest) = text.split_once('\n').unwrap_or((&text, ""));
            let possible = rest.lines().next().unwrap_or_default().trim();
            let possible = if possible.starts_with("[possible") { format!(" {possible}") } else { String::new() };
            Err(first.trim_start_matches("error: ").to_owned() + &possible)
        }
        _ => Ok(()),
    }
}

/// Returns whether two options are the same, or cannot be used together.
fn excludes(subcommand: &clap::Command, one: &Arg, other: &Arg) -> bool {
    let conflicts = |one, other| subcommand.get_arg_conflicts_with(one).contains(other);
    let is_in_one_group = || {
        subcommand.get_groups().any(|group| {
            let has = |arg: &Arg| group.get_args().any(|id| id == arg.get_id());
            !group.clone().is_multiple() && has(one) && has(other)
        })
    };
    one.get_id() == other.get_id() || conflicts(one, &other) || conflicts(other, &one) || is_in_one_group()
}

/// Returns whether some words have an option.
fn has(words: &[OsString], arg: &Arg) -> bool {
    let is = |word: &OsStr| {
        let word = word.to_string_lossy();
        let long = arg.get_long().is_some_and(|long| {
            word.strip_prefix("--")
                .and_then(|word| word.strip_prefix(long))
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
        });
        let short = arg.get_short().is_some_and(|short| {
            !word.starts_with("--") && word.strip_prefix('-').is_some_and(|word| word.starts_with(short))
        });
        long || short
    };
    words.iter().take_while(|word| *word != "--").any(|word| is(word))
}

/// Returns the words of an option with a value of the file, or `None` if the value is of no use.
fn words_of(option: &str, value: &toml::Value, arg: &Arg) -> Option<Vec<OsString>> {
    let takes_values = arg.get_action().takes_values();
    let word = |value: &toml::Value| match value {
        toml::Value::String(text) => Some(format!("--{option}={text}").into()),
        toml::Value::Integer(number) => Some(format!("--{option}={number}").into()),
        toml::Value::Float(number) => Some(format!("--{option}={number}").into()),
        _ => None,
    };
    match value {
        toml::Value::Boolean(is_on) if !takes_values => {
            Some(is_on.then(|| format!("--{option}").into()).into_iter().collect())
        }
        toml::Value::Array(values) if takes_values => values.iter().map(word).collect(),
        value if takes_values => Some(vec![word(value)?]),
        _ => None,
    }
}

/// Removes the option that names the profile of an import, and returns the name.
fn take_profile(words: &mut Vec<OsString>) -> Option<OsString> {
    let place = words.iter().position(|word| {
        word.to_str().is_some_and(|word| word == PROFILE || word.starts_with(&format!("{PROFILE}=")))
    })?;
    let word = words.remove(place);
    match word.to_str().and_then(|word| word.split_once('=')) {
        Some((_, name)) => Some(name.into()),
        None => (place < words.len()).then(|| words.remove(place)),
    }
}
