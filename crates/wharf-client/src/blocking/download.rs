//! [`Download`]: a body that becomes a file, waiting for the whole.

use std::path::PathBuf;

use super::{Background, RequestBuilder};
use crate::Error;
use crate::download::{self, Downloaded};
use crate::progress::Progress;
use crate::retry::RetryPolicy;

/// A body that is to become a file; made by [`RequestBuilder::download`].
///
/// It does what the [asynchronous one](crate::download::Download) does.
#[derive(Debug)]
#[must_use = "a download does nothing until it is sent"]
pub struct Download {
    inner: download::Download,
    background: Background,
}

impl RequestBuilder {
    /// Makes the body of the response a file, which is resumed when it breaks off; an existing file is replaced.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # fn main() -> Result<(), wharf_client::Error> {
    /// let client = wharf_client::blocking::Client::new()?;
    /// let done = client.get("http://quay.test/ships.tar").download("ships.tar").send()?;
    /// println!("{} bytes, {} of them from an earlier run", done.bytes(), done.resumed());
    /// # Ok(()) }
    /// ```
    #[cfg_attr(docsrs, doc(cfg(feature = "fs")))]
    pub fn download(self, path: impl Into<PathBuf>) -> Download {
        Download {
            inner: self.inner.download(path),
            background: self.background,
        }
    }
}

impl Download {
    fn change(self, change: impl FnOnce(download::Download) -> download::Download) -> Self {
        Self {
            inner: change(self.inner),
            background: self.background,
        }
    }

    /// Sets whether the download goes on where an earlier one, or an earlier attempt, broke off; see
    /// [`resume`](crate::download::Download::resume).
    ///
    /// Default: `true`.
    pub fn resume(self, on: bool) -> Self {
        self.change(|download| download.resume(on))
    }

    /// Sets how often a request is sent in all. One sends it once; zero is refused.
    ///
    /// Default: 5.
    pub fn attempts(self, attempts: u32) -> Self {
        self.change(|download| download.attempts(attempts))
    }

    /// Sets when a request is sent again and how long to wait before; see [`retry`](crate::download::Download::retry).
    pub fn retry(self, policy: RetryPolicy) -> Self {
        self.change(|download| download.retry(policy))
    }

    /// Calls `listener` each time that bytes were written, on the thread of the client.
    pub fn progress(self, listener: impl Fn(&Progress) + Send + Sync + 'static) -> Self {
        self.change(|download| download.progress(listener))
    }

    /// Downloads the file.
    ///
    /// # Errors
    ///
    /// As [`Download::send`](crate::download::Download::send).
    pub fn send(self) -> Result<Downloaded, Error> {
        let Self { inner, background } = self;
        background.run(inner.send())?
    }
}
