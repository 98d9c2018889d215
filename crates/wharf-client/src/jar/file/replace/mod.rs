//! Files that are there in full or not at all, and that nobody else may read.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

#[cfg_attr(unix, path = "owner.rs")]
#[cfg_attr(not(unix), path = "anybody.rs")]
mod private;

/// Writes a file beside its place and puts it there.
pub(super) fn replace(
    path: &Path,
    write: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<()> {
    let (draft, mut file) = draft_of(path)?;
    let written = write(&mut file)
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::rename(&draft, path));
    if written.is_err() {
        // What went wrong is told already.
        let _left_behind = fs::remove_file(&draft);
    }
    written
}

/// Creates a file of a name that is still free.
fn draft_of(path: &Path) -> io::Result<(PathBuf, File)> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let mut attempts = 0;
    loop {
        let mut draft = name.to_owned();
        draft.push(format!(".{}-{attempts}.new", std::process::id()));
        let draft = path.with_file_name(draft);
        let mut options = OpenOptions::new();
        // A link that somebody has laid there is not followed.
        options.write(true).create_new(true);
        private::for_owner(&mut options);
        match options.open(&draft) {
            Ok(file) => return Ok((draft, file)),
            // Another save is at work, or one was cut short.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && attempts < 16 => {
                attempts += 1;
            }
            Err(error) => return Err(error),
        }
    }
}
