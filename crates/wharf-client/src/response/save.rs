//! A body that becomes a file.

use std::io;
use std::path::{Path, PathBuf};

use tokio::fs::{self, File, OpenOptions};
use tokio::io::{AsyncWriteExt, BufWriter};

use super::Response;
use crate::{Error, ErrorKind};

/// How much is written to a file at once, in bytes. Each write goes to another thread, which should be worth it.
pub(crate) const PIECE: usize = 256 << 10;

impl Response {
    /// Writes the body to a file and returns its length in bytes; an existing file is replaced.
    ///
    /// The body goes to a new file beside, `NAME.PID-N.new`, and takes the name when it is whole and the disk has it. Under the
    /// name there is nothing half-written at any time: what was there before stays until then, and on an error for good. A link
    /// of that name is replaced, not followed. The folder itself is not synced, so that after a power failure the old file may
    /// be there again.
    ///
    /// The body is not limited, and does not stay in memory. For files that are worth resuming there is
    /// [`RequestBuilder::download`](crate::RequestBuilder::download).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::File`] when the file could not be written; else as [`chunk`](Self::chunk).
    ///
    /// # Cancel safety
    ///
    /// When the future is dropped half way, the new file is removed; the part of the body that was read is lost.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(client: wharf_client::Client) -> Result<(), wharf_client::Error> {
    /// let mut response = client.get("http://quay.test/chart.pdf").send().await?.ok()?;
    /// let bytes = response.save_to("chart.pdf").await?;
    /// # Ok(()) }
    /// ```
    #[cfg_attr(docsrs, doc(cfg(feature = "fs")))]
    pub async fn save_to(&mut self, path: impl Into<PathBuf>) -> Result<u64, Error> {
        let path = path.into();
        let (draft, file) = draft_beside(&path).await.map_err(unwritten)?;
        let mut file = BufWriter::with_capacity(PIECE, file);
        let mut bytes = 0;
        while let Some(piece) = self.chunk().await? {
            file.write_all(&piece).await.map_err(unwritten)?;
            bytes += piece.len() as u64;
        }
        sync(&mut file).await.map_err(unwritten)?;
        drop(file);
        draft.place(&path).await.map_err(unwritten)?;
        Ok(bytes)
    }
}

pub(crate) fn unwritten(error: io::Error) -> Error {
    Error::new(ErrorKind::File).because(error)
}

/// Waits until the disk has all that was written.
pub(crate) async fn sync(file: &mut BufWriter<File>) -> io::Result<()> {
    file.flush().await?;
    file.get_ref().sync_all().await
}

/// Appends to the name of a file.
pub(crate) fn beside(path: &Path, suffix: &str) -> io::Result<PathBuf> {
    let mut name = path
        .file_name()
        .ok_or(io::ErrorKind::InvalidInput)?
        .to_owned();
    name.push(suffix);
    Ok(path.with_file_name(name))
}

/// A file that is removed unless it gets its place.
struct Draft {
    path: PathBuf,
    placed: bool,
}

impl Draft {
    async fn place(mut self, path: &Path) -> io::Result<()> {
        fs::rename(&self.path, path).await?;
        self.placed = true;
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.placed {
            // What went wrong is told already, or nobody listens any more.
            let _left_behind = std::fs::remove_file(&self.path);
        }
    }
}

/// Creates a file of a name that is still free.
async fn draft_beside(path: &Path) -> io::Result<(Draft, File)> {
    let mut attempts = 0;
    loop {
        let path = beside(path, &format!(".{}-{attempts}.new", std::process::id()))?;
        // A link that somebody has laid there is not followed.
        let mut options = OpenOptions::new();
        match options.write(true).create_new(true).open(&path).await {
            Ok(file) => {
                let placed = false;
                return Ok((Draft { path, placed }, file));
            }
            // Another save is at work, or one was cut short.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && attempts < 64 => {
                attempts += 1;
            }
            Err(error) => return Err(error),
        }
    }
}
