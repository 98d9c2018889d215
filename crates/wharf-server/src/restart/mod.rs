//! Restart without a gap: the sockets are handed to a new process of the same program, and this one ends when the new
//! one serves.
//!
//! ~~~text
//!  this process                           its successor
//!  ────────────                           ─────────────
//!  duplicates of all listening sockets ─▶ check, resources, the sockets as they are
//!  serves on                              accepts from the same queues
//!  is told that it is ready ◀──────────── ready
//!  closes its own handles, drains, ends
//! ~~~
//!
//! No queue is ever without a process that accepts from it, so no connection is refused or reset. A successor that does
//! not come up is ended, and everything stays as it was.

#[cfg(not(unix))]
mod absent;
#[cfg(unix)]
mod successor;

#[cfg(not(unix))]
pub(crate) use absent::{Process, Successor, tell_ready};
#[cfg(unix)]
pub(crate) use successor::{Process, Successor, tell_ready};

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// How this process was started, so that it can be started again.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    /// Where the program is. Not with symbolic links resolved: a deployment may point them elsewhere.
    path: PathBuf,
    name: OsString,
    args: Vec<OsString>,
    folder: Option<PathBuf>,
}

impl Program {
    /// Finds out how this process was started; to be called before it can have changed its folder.
    pub(crate) fn current() -> Option<Self> {
        let mut args = env::args_os();
        let name = args.next()?;
        let path =
            locate(Path::new(&name), env::var_os("PATH")).or_else(|| env::current_exe().ok())?;
        Some(Self {
            path,
            name,
            args: args.collect(),
            folder: env::current_dir().ok(),
        })
    }
}

impl Program {
    /// Returns where the program is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// Finds a program as a shell does: by its path, or in the folders of `PATH`.
fn locate(name: &Path, path: Option<OsString>) -> Option<PathBuf> {
    let mut parts = name.components();
    let is_bare = parts.next().is_some() && parts.next().is_none() && !name.is_absolute();
    if !is_bare {
        return std::path::absolute(name).ok().filter(|path| path.is_file());
    }
    env::split_paths(&path?)
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
        .and_then(|path| std::path::absolute(path).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_by_its_path_or_in_the_folders_of_the_environment() {
        let exe = env::current_exe().unwrap();
        assert_eq!(locate(&exe, None), Some(exe.clone()));
        let folder = exe.parent().unwrap();
        let name = Path::new(exe.file_name().unwrap());
        let path = env::join_paths([Path::new("/nowhere"), folder]).unwrap();
        assert_eq!(locate(name, Some(path)), Some(exe.clone()));
        assert_eq!(locate(name, Some("/nowhere".into())), None);
        assert_eq!(locate(name, None), None);
        assert_eq!(locate(Path::new("/nowhere/app"), None), None);
    }
}
