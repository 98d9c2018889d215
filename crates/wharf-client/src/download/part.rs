//! A file that is not whole yet, and what tells whether its content is still the same.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::io::{self, SeekFrom};
use std::path::{Path, PathBuf};

use tokio::fs::{self, File, OpenOptions};
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt, BufWriter};
use url::Url;

use super::answer::Rest;
use super::validator::Validator;
use crate::response::save::{PIECE, beside, sync};

/// The first line of a note.
const TITLE: &str = "wharf download 1";

/// How much of a note is read; more was not written by this module.
const MAX_NOTE: u64 = 16 << 10;

/// A file that is not whole yet: `NAME.part`, and `NAME.part.note` beside it with the validator.
///
/// Whenever there is a part and a note, the note is that of the part: a new note is written when the old part is gone, and a new
/// part when the note is there.
pub(super) struct Part {
    path: PathBuf,
    part: PathBuf,
    note: PathBuf,
    /// Tells parts of other URLs from this one, without their secrets on the disk.
    source: u64,
    resume: bool,
    file: Option<BufWriter<File>>,
    /// Whether the part on the disk is one that this download has begun.
    begun: bool,
    have: u64,
    total: Option<u64>,
    validator: Option<Validator>,
    placed: bool,
}

impl Part {
    /// Looks for what an earlier download has left.
    pub(super) async fn find(path: PathBuf, url: &Url, resume: bool) -> io::Result<Self> {
        let mut part = Self {
            part: beside(&path, ".part")?,
            note: beside(&path, ".part.note")?,
            path,
            source: hash(url),
            resume,
            file: None,
            begun: false,
            have: 0,
            total: None,
            validator: None,
            placed: false,
        };
        if resume
            && let Ok(metadata) = fs::metadata(&part.part).await
            && metadata.is_file()
            && let Ok(note) = read_note(&part.note).await
        {
            part.take_over(&note, metadata.len());
        }
        Ok(part)
    }

    fn take_over(&mut self, note: &str, have: u64) {
        let mut lines = note.lines();
        let source = format!("{:016x}", self.source);
        if lines.next() != Some(TITLE) || lines.next() != Some(&source) {
            return;
        }
        let validator = lines.next().and_then(Validator::parse);
        let total = lines.next().and_then(|total| total.parse().ok());
        if validator.is_some() && total.is_none_or(|total| have <= total) {
            self.validator = validator;
            self.total = total;
            self.have = have;
        }
    }

    /// Returns what is still to come; `None` when nothing is there that could be resumed.
    pub(super) fn rest(&self) -> Option<Rest> {
        let validator = self.validator.clone().filter(|_| self.have > 0)?;
        Some(Rest {
            have: self.have,
            total: self.total,
            validator,
        })
    }

    pub(super) fn have(&self) -> u64 {
        self.have
    }

    pub(super) fn total(&self) -> Option<u64> {
        self.total
    }

    /// Counts what is there for nothing.
    pub(super) fn forget(&mut self) {
        self.have = 0;
        self.total = None;
        self.validator = None;
    }

    /// Begins anew.
    pub(super) async fn begin(
        &mut self,
        validator: Option<Validator>,
        total: Option<u64>,
    ) -> io::Result<()> {
        self.forget();
        self.file = None;
        // A write that a dropped download has left behind goes to the old file, which has no name any more.
        remove(&self.part).await?;
        match validator.as_ref().filter(|_| self.resume) {
            Some(validator) => {
                let total = total.map(|total| total.to_string()).unwrap_or_default();
                let note = format!("{TITLE}\n{:016x}\n{validator}\n{total}\n", self.source);
                fs::write(&self.note, note).await?;
                self.validator = Some(validator.clone());
            }
            None => remove(&self.note).await?,
        }
        let mut options = OpenOptions::new();
        let file = options.write(true).create_new(true).open(&self.part);
        self.file = Some(BufWriter::with_capacity(PIECE, file.await?));
        self.begun = true;
        self.total = total;
        Ok(())
    }

    /// Goes on where the file ends.
    pub(super) async fn resume(&mut self, total: Option<u64>) -> io::Result<()> {
        self.total = total;
        if self.file.is_none() {
            let mut file = OpenOptions::new().write(true).open(&self.part).await?;
            file.set_len(self.have).await?;
            file.seek(SeekFrom::Start(self.have)).await?;
            self.file = Some(BufWriter::with_capacity(PIECE, file));
        }
        Ok(())
    }

    pub(super) async fn write(&mut self, piece: &[u8]) -> io::Result<()> {
        if let Some(file) = &mut self.file {
            file.write_all(piece).await?;
            self.have += piece.len() as u64;
        }
        Ok(())
    }

    /// Hands over what is still in memory.
    pub(super) async fn flush(&mut self) -> io::Result<()> {
        match &mut self.file {
            Some(file) => file.flush().await,
            None => Ok(()),
        }
    }

    /// Gives the file its name, once the disk has it.
    pub(super) async fn place(&mut self) -> io::Result<()> {
        let total = self.total;
        self.resume(total).await?;
        if let Some(mut file) = self.file.take() {
            sync(&mut file).await?;
        }
        if fs::metadata(&self.part).await?.len() != self.have {
            return Err(io::Error::other("another download writes to the same file"));
        }
        fs::rename(&self.part, &self.path).await?;
        self.placed = true;
        remove(&self.note).await
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        self.file = None;
        // What nobody can resume is of no use to anybody.
        if self.begun && self.validator.is_none() && !self.placed {
            let _left_behind = std::fs::remove_file(&self.part);
            let _left_behind = std::fs::remove_file(&self.note);
        }
    }
}

async fn read_note(path: &Path) -> io::Result<String> {
    let mut note = String::new();
    let file = File::open(path).await?;
    file.take(MAX_NOTE).read_to_string(&mut note).await?;
    Ok(note)
}

async fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path).await {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Makes a number of what is asked for. When another release of Rust makes another one, the download begins anew.
fn hash(url: &Url) -> u64 {
    let mut url = url.clone();
    url.set_fragment(None);
    let mut hasher = DefaultHasher::new();
    url.as_str().hash(&mut hasher);
    hasher.finish()
}
