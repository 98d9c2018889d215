//! [`Job`]: one file, from the URL to the checksum.

use std::fmt;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use tokio::fs;
use wharf_client::{Client, Error, ErrorKind, Url};

use crate::checksum::Checksum;
use crate::screen::Screen;

/// A file to be downloaded.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) url: Url,
    pub(crate) file: PathBuf,
    pub(crate) checksum: Option<Checksum>,
    pub(crate) attempts: u32,
}

/// Why a file is not there.
#[derive(Debug)]
pub(crate) enum Failure {
    Fetch(Error),
    File(io::Error),
    /// It is something else than it should be.
    Wrong {
        expected: Checksum,
        found: Checksum,
    },
}

impl Job {
    /// Downloads the file and checks it; returns how long it is, in bytes.
    pub(crate) async fn run<W: Write + Send + 'static>(
        &self,
        client: &Client,
        screen: &Arc<Screen<W>>,
        row: usize,
    ) -> Result<u64, Failure> {
        let shown = Arc::clone(screen);
        let done = client
            .get(&self.url)
            .download(&self.file)
            .attempts(self.attempts)
            .progress(move |progress| {
                shown.show(row, progress.bytes(), progress.total(), progress.resumed());
            })
            .send()
            .await
            .map_err(Failure::Fetch)?;
        self.check().await?;
        Ok(done.bytes())
    }

    /// Removes a file that is not what it should be, so that nobody takes it for that.
    async fn check(&self) -> Result<(), Failure> {
        let Some(expected) = self.checksum.clone() else {
            return Ok(());
        };
        let found = Checksum::of(&self.file).await.map_err(Failure::File)?;
        if found != expected {
            fs::remove_file(&self.file).await.map_err(Failure::File)?;
            return Err(Failure::Wrong { expected, found });
        }
        Ok(())
    }
}

impl Failure {
    /// Returns what the program ends with.
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Fetch(error) if matches!(error.kind(), ErrorKind::Status(_)) => 4,
            Self::Fetch(_) | Self::File(_) => 1,
            Self::Wrong { .. } => 3,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fetch(error) => error.fmt(f),
            Self::File(error) => error.fmt(f),
            Self::Wrong { expected, found } => {
                write!(f, "it was removed: its SHA-256 is {found}, not {expected}")
            }
        }
    }
}
