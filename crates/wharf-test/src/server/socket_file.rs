//! [`SocketFile`]: a place for a unix socket.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::path::{Path, PathBuf};

/// A folder of its own for a unix socket, removed when it is dropped.
///
/// A folder, so that nobody else can take the name before the server has.
#[derive(Debug)]
pub(super) struct SocketFile {
    folder: PathBuf,
    path: PathBuf,
}

impl SocketFile {
    pub(super) fn new() -> io::Result<Self> {
        loop {
            // Seeded at random each time.
            let number = RandomState::new().build_hasher().finish();
            let folder = std::env::temp_dir().join(format!("wharf-test-{number:016x}"));
            match std::fs::create_dir(&folder) {
                Ok(()) => {
                    let path = folder.join("s");
                    return Ok(Self { folder, path });
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        // The server may have removed its socket already; a folder that stays behind harms nobody.
        let _gone = std::fs::remove_dir_all(&self.folder);
    }
}
