//! The correct twin of a system: a candidate counts only if the twin passes on it.

use afresh_core::Signature;
use afresh_shrink::minimize::{Candidate, Edit, Item, Oracle, Verdict};
use afresh_shrink::oracle::SystemOracle;
use afresh_trace::format::{Error, Problem, Reader};

use super::Args;
use crate::console::CliError;
use crate::input;
use crate::interrupt;
use crate::runner::{Runner, Systems};

/// Returns the twin that `--not-in` names, or with `--not-in-twin` the one that the system names.
pub(super) fn runner<'s>(
    args: &Args,
    systems: &'s Systems,
    own: Option<&'s dyn Runner>,
) -> Result<Option<&'s dyn Runner>, CliError> {
    let unknown = |unknown| Error::file("--not-in", Problem::Unknown(unknown));
    let named = args.not_in.as_ref().map(|name| systems.get(name).map_err(unknown)).transpose()?;
    if let Some(name) = &args.not_in {
        systems.begin(name)?;
    }
    let twin = named.or(own.filter(|_| args.not_in_twin));
    if twin.is_some() && args.file.as_os_str() == "-" {
        return Err(CliError::Usage(
            "--not-in reads the trace twice, so it cannot come from standard input: name a file".into(),
        ));
    }
    Ok(twin)
}

/// Reads the trace once more, for the twin. A candidate fails there if the twin shows any bug, `bug` or another.
pub(super) fn oracle<'s>(
    args: &Args,
    twin: &'s dyn Runner,
    bug: &Signature,
) -> Result<Box<dyn SystemOracle + 's>, CliError> {
    let reader = Reader::new(input::name(&args.file), input::open(&args.file)?, args.source.options())?;
    let mut oracle = twin.examine(reader, interrupt::requested)?.oracle;
    oracle.be_twin();
    oracle.bug_is(bug);
    Ok(oracle)
}

/// Runs the original under the twin, and returns how the twin fails on it, if it does.
pub(super) fn fails<T, O: Oracle<T> + ?Sized>(twin: &mut O, original: &[Item<T>]) -> Option<Verdict> {
    let verdict = twin.test(&Candidate::new(original, &Edit::Keep));
    (verdict != Verdict::Passed).then_some(verdict)
}
