//! One search: what is common to whatever is shrunk, and to whatever decides.

use std::io;

use super::Args;
use super::files::{self, Failure, Places, WalkFile};
use super::session::Session;
use crate::minimize::walk::{FORMAT, Header};
use crate::minimize::{Identity, Item, Minimized, Minimizer, Refusal};
use crate::oracle::{Oracle, Repeated};

/// What is to be made smaller.
pub(super) struct Job<'a, T> {
    pub(super) items: Vec<Item<T>>,
    /// The identity of all of the input.
    pub(super) input: Identity,
    /// What decides, in words: a walk is resumed only by a search with the same.
    pub(super) words: Vec<String>,
    /// What one item is called, and several.
    pub(super) unit: (&'static str, &'static str),
    /// The file that holds these items.
    pub(super) render: &'a Render<'a, T>,
}

/// Makes the file that holds some items.
pub(super) type Render<'a, T> = dyn Fn(&[Item<T>]) -> io::Result<Vec<u8>> + 'a;

/// Shrinks `job` by what `oracle` says. The walk is written as the search goes, the result when it ends, and now and then
/// before.
pub(super) fn search<T, O: Oracle<T> + ?Sized>(
    args: &Args,
    places: &Places,
    job: Job<'_, T>,
    oracle: &mut O,
) -> Result<Result<Minimized<T>, Refusal>, Failure> {
    let Job { items, input, words, unit, render } = job;
    let mut header = Header { format: FORMAT, input, items: items.len(), oracle: words };
    if args.flaky > 1 {
        header.oracle.insert(0, format!("--flaky={}", args.flaky));
    }
    let mut minimizer = Minimizer::new().confirm(usize::try_from(args.confirm).unwrap_or(usize::MAX));
    let walk = match &places.walk {
        Some(path) if args.resume => {
            let (file, walk) = WalkFile::resume(path, &header)?;
            minimizer = minimizer.resume(&walk);
            Some(file)
        }
        Some(path) => Some(WalkFile::create(path, &header)?),
        None if args.resume => return Err(Failure::NoWalk),
        None => None,
    };
    let mut session = Session::new(walk, &places.output, render, items.len(), unit.1, args.runs);
    let mut oracle = Repeated { oracle, times: args.flaky };
    let result = minimizer.run(items, &mut oracle, &mut session);
    let failure = session.finish();
    if let Ok(minimized) = &result {
        files::save(&places.output, render(&minimized.items))?;
    }
    failure.map_or(Ok(result), Err)
}
