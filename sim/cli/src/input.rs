//! The inputs of subcommands: files, standard input, and the journals of services, as the traces that they are.

use std::borrow::Cow;
use std::path::Path;

use afresh_trace::format::Error;
pub(crate) use afresh_trace::format::files::input_name as name;
use afresh_trace::format::files::{self, Input};

#[cfg(feature = "serve")]
use crate::store;

/// Opens a trace or another input: a file, `-` for standard input, or the URL of a store.
///
/// # Errors
///
/// Fails if the input cannot be opened, or is a directory, or a store without a journal.
pub(crate) fn open(path: &Path) -> Result<Input, Error> {
    #[cfg(feature = "serve")]
    if let Some(url) = store::url(path) {
        return store::open(url);
    }
    files::open(path)
}

/// Returns `true` if an input is a store, and not a file.
#[cfg(feature = "serve")]
pub(crate) fn is_store(path: &Path) -> bool {
    store::url(path).is_some()
}

/// Without stores, every input is a file.
#[cfg(not(feature = "serve"))]
pub(crate) fn is_store(_: &Path) -> bool {
    false
}

/// Returns the path after which outputs are named: the input itself. For a store, it is a trace in the current folder
/// with the name of the database.
pub(crate) fn path_for_names(path: &Path) -> Cow<'_, Path> {
    #[cfg(feature = "serve")]
    if let Some(url) = store::url(path) {
        return Cow::Owned(store::file_name(url).into());
    }
    Cow::Borrowed(path)
}
