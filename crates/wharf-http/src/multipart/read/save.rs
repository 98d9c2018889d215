//! A part as a file.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::PathBuf;

use tokio::task::spawn_blocking;

use crate::Body;
use crate::body::reader::to_io;

/// So much is gathered for one hop to another thread.
const BATCH: usize = 256 * 1024;

/// A file that is removed unless it is finished.
struct Unfinished {
    file: Option<File>,
    path: PathBuf,
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            // There is nobody to tell.
            let _gone = fs::remove_file(&self.path);
        }
    }
}

impl Unfinished {
    /// Writes what was gathered, and gives back the room.
    fn write(mut self, mut batch: Vec<u8>) -> io::Result<(Self, Vec<u8>)> {
        if let Some(file) = &mut self.file {
            file.write_all(&batch)?;
        }
        batch.clear();
        Ok((self, batch))
    }
}

/// Writes a body to a new file, off the runtime.
pub(super) async fn save(mut body: Body, path: PathBuf) -> io::Result<u64> {
    let opening = spawn_blocking(move || {
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&path)?;
        let file = Some(file);
        Ok::<_, io::Error>(Unfinished { file, path })
    });
    let mut unfinished = opening.await.map_err(io::Error::other)??;
    // Copied, since a short piece may hold on to a long buffer.
    let (mut written, mut batch) = (0, Vec::new());
    loop {
        let piece = body.chunk().await.transpose().map_err(to_io)?;
        let last = piece.is_none();
        if let Some(piece) = piece {
            written += piece.len() as u64;
            batch.extend_from_slice(&piece);
        }
        if batch.len() >= BATCH || last {
            let writing = spawn_blocking(move || unfinished.write(batch));
            (unfinished, batch) = writing.await.map_err(io::Error::other)??;
        }
        if last {
            unfinished.file = None;
            return Ok(written);
        }
    }
}
