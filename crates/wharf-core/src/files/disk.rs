//! Files on disk, found without leaving their folder.
//!
//! On Linux the system itself keeps the path below the folder, so that no link can be put in between, and says at once when it
//! would have to wait for a disk; only then a thread does it. Elsewhere a thread compares the resolved paths.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use tokio::task::spawn_blocking;

use super::source::Entry;
use super::{Content, Found};

/// How many entries of a folder are listed; the memory for a page is bounded.
const MOST_ENTRIES: usize = 10_000;

/// The folder that files are found in. It is looked up for each of them: a release may put another in its place.
#[derive(Clone, Debug)]
pub(super) struct Root {
    path: PathBuf,
    way: resolve::Way,
}

impl Root {
    pub(super) fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            way: resolve::Way::default(),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Tells whether it is there.
    pub(super) fn is_folder(&self) -> io::Result<bool> {
        Ok(fs::metadata(&self.path)?.is_dir())
    }

    /// Finds what a path leads to, below the folder.
    pub(super) async fn find(&self, path: &str, follow: bool) -> io::Result<Found> {
        if let Some(found) = resolve::at_once(Some(self), Path::new(path), follow) {
            return Ok(found);
        }
        let (root, path) = (self.clone(), path.to_owned());
        spawn_blocking(move || resolve::waiting(Some(&root), Path::new(&path), follow)).await?
    }

    /// Lists a folder that was found; `true` when there is more than is listed.
    pub(super) async fn list(&self, path: &str, follow: bool) -> io::Result<(Vec<Entry>, bool)> {
        let (root, path) = (self.clone(), path.to_owned());
        spawn_blocking(move || {
            let mut entries = Vec::new();
            for entry in fs::read_dir(root.path.join(&path))? {
                if entries.len() == MOST_ENTRIES {
                    return Ok((entries, true));
                }
                let entry = entry?;
                // What is no text cannot be linked to; what has gone since is not listed.
                let (Ok(name), Ok(metadata)) = (entry.file_name().into_string(), entry.metadata())
                else {
                    continue;
                };
                let (size, modified) = if metadata.is_symlink() {
                    let below = Path::new(&path).join(&name);
                    match resolve::waiting(Some(&root), &below, follow) {
                        Ok(Found::File(content)) => (Some(content.length()), content.modified()),
                        Ok(Found::Folder) => (None, metadata.modified().ok()),
                        _ => continue,
                    }
                } else if metadata.is_file() || metadata.is_dir() {
                    let size = metadata.is_file().then_some(metadata.len());
                    (size, metadata.modified().ok())
                } else {
                    continue;
                };
                entries.push(Entry {
                    name,
                    size,
                    modified,
                });
            }
            Ok((entries, false))
        })
        .await?
    }
}

/// Opens a file of the program's own choice, wherever it is.
pub(crate) async fn open(path: &Path) -> io::Result<Found> {
    if let Some(found) = resolve::at_once(None, path, true) {
        return Ok(found);
    }
    let path = path.to_owned();
    spawn_blocking(move || resolve::waiting(None, &path, true)).await?
}

/// Looks at what was opened.
fn opened(file: File) -> io::Result<Found> {
    let metadata = file.metadata()?;
    Ok(if metadata.is_dir() {
        Found::Folder
    } else if metadata.is_file() {
        Found::File(Content::file(file, &metadata))
    } else {
        Found::Refused
    })
}

/// Says what an error means to whoever asked for the path.
fn failed(error: io::Error) -> io::Result<Found> {
    match error.kind() {
        io::ErrorKind::NotFound
        | io::ErrorKind::NotADirectory
        | io::ErrorKind::InvalidFilename
        | io::ErrorKind::InvalidInput => Ok(Found::Missing),
        io::ErrorKind::PermissionDenied => Ok(Found::Refused),
        _ => Err(error),
    }
}

/// Compares the resolved path with the resolved root. Opening a pipe waits for whoever writes into it, and so the kind
/// of the file is looked at before.
fn portable(root: Option<&Root>, path: &Path, follow: bool) -> io::Result<Found> {
    let resolve = || {
        let Some(root) = root else {
            return Ok(Some(path.to_owned()));
        };
        let root = fs::canonicalize(&root.path)?;
        let path = fs::canonicalize(root.join(path))?;
        Ok::<_, io::Error>((follow || path.starts_with(&root)).then_some(path))
    };
    let open = || {
        let Some(path) = resolve()? else {
            return Ok(Found::Missing);
        };
        let metadata = fs::metadata(&path)?;
        if metadata.is_dir() {
            return Ok(Found::Folder);
        }
        if !metadata.is_file() {
            return Ok(Found::Refused);
        }
        opened(File::open(path)?)
    };
    open().or_else(failed)
}

#[cfg(target_os = "linux")]
mod resolve {
    use std::fs::File;
    use std::io;
    use std::path::{Component, Path};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

    use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat2};
    use rustix::io::Errno;

    use super::{Found, Root, failed, opened, portable};

    /// What was seen of the way to a folder.
    #[derive(Clone, Debug, Default)]
    pub(super) struct Way {
        /// There was a link on it.
        linked: Arc<AtomicBool>,
    }

    /// Finds what needs no disk to be found; `None` when it does, or when the system cannot tell.
    pub(super) fn at_once(root: Option<&Root>, path: &Path, follow: bool) -> Option<Found> {
        match open(root, path, follow, ResolveFlags::CACHED) {
            Ok(file) => opened(file).ok(),
            Err(Errno::NOENT | Errno::NOTDIR) => Some(Found::Missing),
            Err(_) => None,
        }
    }

    pub(super) fn waiting(root: Option<&Root>, path: &Path, follow: bool) -> io::Result<Found> {
        match open(root, path, follow, ResolveFlags::empty()) {
            Ok(file) => opened(file),
            // Out of the root, or round in a circle.
            Err(Errno::XDEV | Errno::LOOP) => Ok(Found::Missing),
            // A socket.
            Err(Errno::NXIO) => Ok(Found::Refused),
            // An old system, one that filters calls that it does not know, or one that saw a folder being renamed on the way.
            Err(Errno::NOSYS | Errno::PERM | Errno::INVAL | Errno::AGAIN) => {
                portable(root, path, follow)
            }
            Err(error) => failed(error.into()),
        }
    }

    fn open(
        root: Option<&Root>,
        path: &Path,
        follow: bool,
        resolve: ResolveFlags,
    ) -> Result<File, Errno> {
        let below = match follow {
            true => ResolveFlags::empty(),
            false => ResolveFlags::BENEATH,
        };
        // Without waiting for the other end of a pipe.
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
        let Some(root) = root else {
            return Ok(openat2(CWD, path, flags, Mode::empty(), resolve)?.into());
        };
        // Where there is no link on the whole way, names alone cannot lead out of the folder: one step will do.
        let no_links = resolve | ResolveFlags::NO_SYMLINKS;
        let mut names = path.components();
        let plain = names.all(|part| matches!(part, Component::Normal(_)));
        let linked = &root.way.linked;
        if plain && !linked.load(Relaxed) {
            match openat2(CWD, root.path.join(path), flags, Mode::empty(), no_links) {
                Err(Errno::LOOP) => {}
                found => return Ok(found?.into()),
            }
        }
        let folder = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = match openat2(CWD, &root.path, folder, Mode::empty(), no_links) {
            Err(Errno::LOOP) => {
                linked.store(true, Relaxed);
                openat2(CWD, &root.path, folder, Mode::empty(), resolve)?
            }
            root => root?,
        };
        let path = match path.as_os_str().is_empty() {
            true => Path::new("."),
            false => path,
        };
        let resolve = resolve | below | ResolveFlags::NO_MAGICLINKS;
        Ok(openat2(root, path, flags, Mode::empty(), resolve)?.into())
    }
}

#[cfg(not(target_os = "linux"))]
mod resolve {
    use std::io;
    use std::path::Path;

    use super::{Found, Root, portable};

    /// Nothing is to be known of it.
    #[derive(Clone, Debug, Default)]
    pub(super) struct Way;

    /// Only Linux tells what it can find without waiting.
    pub(super) fn at_once(_root: Option<&Root>, _path: &Path, _follow: bool) -> Option<Found> {
        None
    }

    pub(super) fn waiting(root: Option<&Root>, path: &Path, follow: bool) -> io::Result<Found> {
        portable(root, path, follow)
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    use super::*;
    use crate::files::tests::Folder;

    fn kind(found: io::Result<Found>) -> &'static str {
        match found.unwrap() {
            Found::File(_) => "file",
            Found::Folder => "folder",
            Found::Refused => "refused",
            Found::Missing => "missing",
        }
    }

    #[test]
    fn both_ways_to_find_a_file_agree() {
        let outside = Folder::new("outside");
        outside.write("secret", "secret");
        let folder = Folder::new("both-ways");
        let linked = outside.path().join("linked");
        symlink(folder.path(), &linked).unwrap();
        folder.write("a/file", "x");
        symlink("file", folder.path().join("a/link")).unwrap();
        symlink("../a", folder.path().join("a/up")).unwrap();
        symlink(outside.path(), folder.path().join("out")).unwrap();
        symlink("../outside", folder.path().join("a/relative")).unwrap();
        symlink("circle", folder.path().join("circle")).unwrap();
        let _socket = UnixListener::bind(folder.path().join("socket")).unwrap();
        for (path, expected) in [
            ("", "folder"),
            ("a", "folder"),
            ("a/file", "file"),
            ("a/link", "file"),
            ("a/up/file", "file"),
            ("out/secret", "missing"),
            ("out", "missing"),
            ("a/relative", "missing"),
            ("a/file/below", "missing"),
            ("nothing", "missing"),
            // Of the program's own choice, as the name of an index file can be.
            ("../outside/secret", "missing"),
            ("a/../../outside/secret", "missing"),
            ("socket", "refused"),
            (&"n".repeat(300), "missing"),
        ] {
            let path = Path::new(path);
            let name = path.display();
            for root in [&Root::new(folder.path()), &Root::new(&linked)] {
                let root = Some(root);
                assert_eq!(kind(portable(root, path, false)), expected, "{name}");
                assert_eq!(
                    kind(resolve::waiting(root, path, false)),
                    expected,
                    "{name}"
                );
                if let Some(found) = resolve::at_once(root, path, false) {
                    assert_eq!(kind(Ok(found)), expected, "{name}");
                }
            }
        }
        let root = Root::new(folder.path());
        let followed = resolve::waiting(Some(&root), Path::new("out/secret"), true);
        assert_eq!(kind(followed), "file");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_pipe_is_refused_without_waiting_for_who_writes_into_it() {
        use rustix::fs::{CWD, FileType, Mode, mknodat};

        let folder = Folder::new("pipe");
        let mode = Mode::RUSR | Mode::WUSR;
        mknodat(CWD, folder.path().join("pipe"), FileType::Fifo, mode, 0).unwrap();
        let root = Root::new(folder.path());
        let found = resolve::waiting(Some(&root), Path::new("pipe"), false);
        assert_eq!(kind(found), "refused");
        let found = portable(Some(&root), Path::new("pipe"), false);
        assert_eq!(kind(found), "refused");
    }
}
