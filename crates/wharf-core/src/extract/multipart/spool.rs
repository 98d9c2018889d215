//! A file that comes in, in memory as long as it is small.

use std::io::{self, Write as _};
use std::path::Path;

use bytes::Bytes;
use tempfile::NamedTempFile;
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;
use wharf_http::multipart::PartReader;

use super::form::too_large;
use super::{Upload, rejected};
use crate::error::HttpError;

/// So much is gathered for one hop to another thread.
const BATCH: usize = 256 * 1024;

/// A temporary file, removed when it is dropped.
#[derive(Debug)]
pub(super) struct TempFile(Option<NamedTempFile>);

impl TempFile {
    pub(super) fn path(&self) -> Option<&Path> {
        self.0.as_ref().map(NamedTempFile::path)
    }

    pub(super) fn into_inner(mut self) -> Option<NamedTempFile> {
        self.0.take()
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        let Some(file) = self.0.take() else {
            return;
        };
        // Freeing gigabytes takes a while. A runtime that shuts down drops the closure, and the file with it.
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(move || drop(file))),
            Err(_) => drop(file),
        }
    }
}

/// The content of an upload.
#[derive(Debug)]
pub(super) enum Content {
    Memory(Bytes),
    File(TempFile, u64),
}

/// Takes in one file.
pub(super) struct Spool<'c> {
    /// How many bytes may stay in memory.
    memory: usize,
    limit: Option<u64>,
    folder: Option<&'c Path>,
}

impl<'c> Spool<'c> {
    pub(super) fn new(memory: usize, limit: Option<u64>, folder: Option<&'c Path>) -> Self {
        Self {
            memory,
            limit,
            folder,
        }
    }

    pub(super) async fn run(self, mut part: PartReader, name: &str) -> Result<Upload, HttpError> {
        let mut file = None;
        let mut held = Vec::new();
        let mut length = 0;
        while let Some(piece) = part.chunk().await.map_err(rejected)? {
            length += piece.len() as u64;
            if let Some(limit) = self.limit
                && length > limit
            {
                return Err(too_large(format!(
                    "the form field `{name}` is larger than the limit of {limit} bytes"
                )));
            }
            // Copied, since a short piece may hold on to a long buffer.
            held.extend_from_slice(&piece);
            drop(piece);
            let room = if file.is_some() { BATCH } else { self.memory };
            if held.len() > room {
                let open = match file.take() {
                    Some(file) => file,
                    None => self.create().await?,
                };
                (file, held) = write(open, held).await?;
            }
        }
        let content = match file {
            Some(open) => match write(open, held).await? {
                (Some(file), _) => Content::File(file, length),
                (None, _) => Content::Memory(Bytes::new()),
            },
            None => Content::Memory(held.into()),
        };
        Ok(Upload::new(&part, name, content))
    }

    async fn create(&self) -> io::Result<TempFile> {
        let folder = self.folder.map(Path::to_owned);
        let creating = spawn_blocking(move || {
            let mut builder = tempfile::Builder::new();
            let builder = builder.prefix("wharf-");
            let file = match folder {
                Some(folder) => builder.tempfile_in(folder),
                None => builder.tempfile(),
            };
            Ok(TempFile(Some(file?)))
        });
        creating.await.map_err(io::Error::other)?
    }
}

/// Appends to a file, and gives back the room.
async fn write(file: TempFile, mut held: Vec<u8>) -> io::Result<(Option<TempFile>, Vec<u8>)> {
    let writing = spawn_blocking(move || {
        let mut file = file;
        if let Some(open) = &mut file.0 {
            open.write_all(&held)?;
        }
        held.clear();
        held.shrink_to(2 * BATCH);
        Ok((Some(file), held))
    });
    writing.await.map_err(io::Error::other)?
}
