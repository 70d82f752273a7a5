//! `afresh show --walk`: shows the accepted steps of a shrink, one by one.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use afresh_shrink::minimize::walk::CONFIRM;
use afresh_shrink::minimize::{Content, Item, Walk};
use afresh_shrink::oracle::{Events, Lines};
use afresh_trace::format::{Error, Kind, Options, Problem, RawEvent, Reader, files};
use afresh_trace::text::escape;
use serde::Serialize;

use super::Args;
use crate::console::{CliError, Console, json};
use crate::input;
use crate::original::{identity_of_file, identity_of_trace, lines, text_of_event, text_of_line, values};
use crate::report::steps::{self, Step};
use crate::runner::Systems;
use crate::source::Format;

/// Shows the walk at `path`.
pub(super) fn play(args: &Args, path: &Path, systems: &Systems, console: &Console) -> Result<ExitCode, CliError> {
    let usage = |why: String| CliError::Usage(format!("{}: {why}", escape(&input::name(path))));
    let read = |path: &Path| -> Result<Vec<u8>, Error> {
        let mut content = Vec::new();
        let done = input::open(path)?.read_to_end(&mut content);
        done.map(|_| content).map_err(|error| Error::file(input::name(path), Problem::Read(error)))
    };
    let original = args.trace.clone().or_else(|| original_of(path));
    if original.as_deref().is_some_and(files::is_stream) && files::is_stream(path) {
        return Err(usage(
            "both the walk and its original are to come from it\n  help: name a file for one of them".into(),
        ));
    }
    let walk = Walk::read(&read(path)?).map_err(|error| usage(error.to_string()))?;
    let original = original.ok_or_else(|| {
        usage("its original cannot be derived from its file name\n  help: pass the original as TRACE".to_owned())
    })?;
    let content = read(&original)?;
    let steps = if identity_of_file(&content) == walk.header.input {
        // JSON values on several lines were shrunk as one item each, unless their lines were.
        let is_verbatim = walk.header.oracle.iter().any(|word| word == "--verbatim");
        let lines = lines(&content);
        let values = values(&content).filter(|values| values.len() == walk.header.items);
        let values = values.filter(|_| !is_verbatim || lines.len() != walk.header.items);
        steps_of(values.unwrap_or(lines), &walk, &Lines, |line| text_of_line(line))
    } else {
        let events =
            events(&original, &content, args.source.options()).filter(|(input, _)| *input == walk.header.input);
        let other = || {
            usage(format!(
                "{} is not its original\n  help: pass the original as TRACE",
                escape(&original.display().to_string())
            ))
        };
        let events = events.ok_or_else(other)?.1;
        if walk.accepted().any(|intent| intent.edit.asks_system()) {
            let (reader, runner) = args.source.open(systems, &original)?;
            let examined = runner.examine(reader, || false)?;
            steps_of(events, &walk, examined.oracle.content(), text_of_event)
        } else {
            steps_of(events, &walk, &Events, text_of_event)
        }
    };
    let steps = steps.ok_or_else(|| usage("its edits do not apply to its original".to_owned()))?;
    let runs = walk.runs.iter().filter(|(intent, _)| intent.pass != CONFIRM).count();
    let played = Played { input: input::name(&original), before: walk.header.items, runs, steps };
    console.print(&match args.format {
        Format::Json => json("walk", &played),
        Format::Text => played.text(),
    })?;
    Ok(ExitCode::SUCCESS)
}

/// The report of a walk for programs.
#[derive(Serialize)]
struct Played {
    input: String,
    before: usize,
    runs: usize,
    steps: Vec<Step>,
}

impl Played {
    fn text(&self) -> String {
        let mut text = steps::beginning(&self.input, self.before);
        self.steps.iter().zip(1..).for_each(|(step, number)| text += &steps::step(step, number));
        text + &steps::ending(self.steps.len(), self.runs)
    }
}

/// Returns the identity and the stimuli of a trace, or `None` if the content is not a trace.
fn events(
    path: &Path,
    content: &[u8],
    options: Options,
) -> Option<(afresh_shrink::minimize::Identity, Vec<Item<RawEvent>>)> {
    let trace = Reader::new(input::name(path), content, options).and_then(Reader::raw_trace).ok()?;
    let stimuli = trace.events.into_iter().filter_map(RawEvent::into_stimulus);
    let mut stimuli = stimuli.map(|event| Item { number: event.number.get().into(), value: event }).collect::<Vec<_>>();
    // The events of the calm phase of a world follow from those before it, so no search has them.
    let is_calm = |event: &RawEvent| event.kind == Kind::Fault && event.content.get() == "\"calm\"";
    if let Some(calm) = stimuli.iter().position(|item| is_calm(&item.value)) {
        stimuli.truncate(calm + 1);
    }
    Some((identity_of_trace(&trace.header, &stimuli), stimuli))
}

/// Returns the original of a walk by the default names of `shrink`: `log.min.txt.walk` is the walk of `log.txt`.
fn original_of(walk: &Path) -> Option<PathBuf> {
    let output = walk.with_extension("");
    let (stem, extension) = (output.file_stem().map(Path::new)?, output.extension()?);
    let name = if extension == "min" {
        stem.to_owned()
    } else {
        let extended = stem.extension().is_some_and(|min| min == "min");
        extended.then(|| stem.with_extension(extension))?
    };
    Some(output.with_file_name(name))
}

/// Returns what each accepted step changed, or `None` if an edit does not apply.
fn steps_of<T: Clone>(
    mut items: Vec<Item<T>>,
    walk: &Walk,
    content: &dyn Content<T>,
    text: impl Fn(&T) -> String,
) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    for intent in walk.accepted() {
        let before = items.clone();
        intent.edit.apply(&mut items, content)?;
        steps.push(Step::new(intent, &before, &items, &text));
    }
    Some(steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_original_is_found_by_the_name_of_its_walk() {
        let of = |walk: &str| original_of(Path::new(walk)).map(|path| path.display().to_string());
        assert_eq!(of("a/log.min.txt.walk").as_deref(), Some("a/log.txt"));
        assert_eq!(of("log.min.walk").as_deref(), Some("log"));
        assert_eq!(of("small.jsonl.walk"), None);
        assert_eq!(of("walk"), None);
    }
}
