//! Files without a name: an output is one until it is complete.
//!
//! Whatever ends the process, nothing is left of such a file. On systems that have no files without a name, it has a
//! temporary one, and a kill leaves it.

use std::fs::{File, Permissions};
use std::io;
use std::path::Path;

use tempfile::{Builder, NamedTempFile};

use super::Identity;

/// A file that is not visible yet.
#[derive(Debug)]
pub(super) enum Hidden {
    /// The file has no name.
    #[cfg(target_os = "linux")]
    Unnamed(File),
    /// The file has a temporary name.
    Named(NamedTempFile),
}

impl Hidden {
    /// Creates a file that can appear at `path`, with the permissions of the file that it will replace.
    ///
    /// If it replaces no file, it gets the permissions of any new file. The usual permissions of a temporary file, for
    /// its owner alone, would be wrong for a file that stays.
    pub(super) fn beside(path: &Path, permissions: Option<Permissions>) -> io::Result<Self> {
        let folder = folder_of(path);
        #[cfg(target_os = "linux")]
        let hidden = match unnamed(folder) {
            Some(file) => Self::Unnamed(file),
            None => Self::Named(builder().tempfile_in(folder)?),
        };
        #[cfg(not(target_os = "linux"))]
        let hidden = Self::Named(builder().tempfile_in(folder)?);
        if let Some(permissions) = permissions {
            hidden.file().set_permissions(permissions)?;
        }
        Ok(hidden)
    }

    pub(super) fn file(&self) -> &File {
        match self {
            #[cfg(target_os = "linux")]
            Self::Unnamed(file) => file,
            Self::Named(file) => file.as_file(),
        }
    }

    /// Gives the file the name `path`, where it replaces the file `replaced`, and no other.
    ///
    /// # Errors
    ///
    /// Fails with [`io::ErrorKind::AlreadyExists`] if another file has this name.
    pub(super) fn appear(self, path: &Path, replaced: Option<&Identity>) -> io::Result<()> {
        // Without a sync before the rename, a crash of the machine could leave an empty file under the final name.
        self.file().sync_all()?;
        let found = Identity::of(path);
        if found.is_some() && found.as_ref() != replaced {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let named = match self {
            #[cfg(target_os = "linux")]
            Self::Unnamed(file) if found.is_none() => return name(&file, path),
            #[cfg(target_os = "linux")]
            Self::Unnamed(file) => {
                builder().make_in(folder_of(path), |temporary| name(&file, temporary))?.into_temp_path()
            }
            Self::Named(file) => file.into_temp_path(),
        };
        let moved = if found.is_some() { named.persist(path) } else { named.persist_noclobber(path) };
        moved.map_err(|error| error.error)
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Returns the settings of temporary names and of files with the permissions of any new file.
fn builder() -> Builder<'static, 'static> {
    let mut builder = Builder::new();
    builder.prefix(".afresh-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(Permissions::from_mode(0o666));
    }
    builder
}

/// Creates a file without a name, or returns `None` if this file system has none, or nothing to name it through.
#[cfg(target_os = "linux")]
fn unnamed(folder: &Path) -> Option<File> {
    use rustix::fs::{CWD, Mode, OFlags, openat};
    let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
    let file = openat(CWD, folder, flags, Mode::from_raw_mode(0o666)).ok()?;
    let file = File::from(file);
    handle(&file).exists().then_some(file)
}

/// Names a file that has no name.
#[cfg(target_os = "linux")]
fn name(file: &File, path: &Path) -> io::Result<()> {
    use rustix::fs::{AtFlags, CWD, linkat};
    Ok(linkat(CWD, handle(file), CWD, path, AtFlags::SYMLINK_FOLLOW)?)
}

/// Returns the path through which this process has an open file.
#[cfg(target_os = "linux")]
fn handle(file: &File) -> std::path::PathBuf {
    use std::os::fd::AsRawFd;
    format!("/proc/self/fd/{}", file.as_raw_fd()).into()
}
