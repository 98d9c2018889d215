//! A body that becomes a file, and is resumed where it broke off.
//!
//! ~~~text
//! request ─▶ 200 ─▶ NAME.part ─▶ whole ─▶ NAME
//!    ▲               │    ▲
//!    │        broke off   └ 206: the rest
//!    └ Range, If-Range ◀┘
//! ~~~
//!
//! [`Download`] is made by [`RequestBuilder::download`].

mod answer;
mod part;
mod run;
mod validator;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::progress::Progress;
use crate::retry::RetryPolicy;
use crate::{Error, RequestBuilder, Response};

impl RequestBuilder {
    /// Makes the body of the response a file, which is resumed when it breaks off; an existing file is replaced.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(client: wharf_client::Client) -> Result<(), wharf_client::Error> {
    /// let download = client.get("http://quay.test/ships.tar").download("ships.tar");
    /// let done = download
    ///     .progress(|progress| eprint!("\r{progress}   "))
    ///     .send()
    ///     .await?;
    /// println!("{} bytes, {} of them from an earlier run", done.bytes(), done.resumed());
    /// # Ok(()) }
    /// ```
    #[cfg_attr(docsrs, doc(cfg(feature = "fs")))]
    pub fn download(self, path: impl Into<PathBuf>) -> Download {
        Download {
            request: self,
            path: path.into(),
            resume: true,
            // What it may cost is limited by the attempts.
            policy: RetryPolicy::new()
                .attempts(5)
                .backoff(Duration::from_millis(500), Duration::from_secs(10))
                .budget(None),
            listener: None,
        }
    }
}

/// A body that is to become a file; made by [`RequestBuilder::download`].
///
/// What has come is kept in `NAME.part`, and in `NAME.part.note` what tells whether the content is still the same: its strong
/// `etag`, or else its `last-modified`. When the download breaks off, or is started once more after it failed or was dropped, the
/// rest is asked for (RFC 9110 §14.2) under the condition that the content is the same (§13.1.5). What the server answers is
/// checked: where it begins, how long the whole is, what its validator is. If anything does not fit, or the content has neither
/// of the two, the download begins anew. The whole is written to the disk before it takes its name.
///
/// Only the answer to a `GET` is resumed. Codings are switched off, so that the file is what the server has. Redirects are followed
/// each time. Only one download at a time may write to a path, in a folder that nobody else may write to.
#[must_use = "a download does nothing until it is sent"]
pub struct Download {
    request: RequestBuilder,
    path: PathBuf,
    resume: bool,
    policy: RetryPolicy,
    listener: Option<Listener>,
}

type Listener = Box<dyn Fn(&Progress) + Send + Sync>;

impl Download {
    /// Sets whether the download goes on where an earlier one, or an earlier attempt, broke off, and whether it is left behind for
    /// a later one.
    ///
    /// Default: `true`. With `false` each attempt begins anew.
    pub fn resume(mut self, on: bool) -> Self {
        self.resume = on;
        self
    }

    /// Sets how often a request is sent in all, whether or not the one before has brought bytes. One sends it once; zero is
    /// refused.
    ///
    /// Default: 5.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.policy = self.policy.attempts(attempts);
        self
    }

    /// Sets when a request is sent again and how long to wait before, in place of the policy of the client or request. A body
    /// that breaks off or stops counts like a connection that ended.
    ///
    /// Default: five attempts, waits of up to 500 milliseconds after the first and 10 seconds after later ones, no budget.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// Calls `listener` each time that bytes were written.
    pub fn progress(mut self, listener: impl Fn(&Progress) + Send + Sync + 'static) -> Self {
        self.listener = Some(Box::new(listener));
        self
    }

    /// Downloads the file.
    ///
    /// Each attempt is a call of its own, with all of its time limits, [`total`](crate::Timeouts::total) too.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Status`](crate::ErrorKind::Status) when the status is not one of success;
    /// [`ErrorKind::File`](crate::ErrorKind::File) when a file could not be written; else that of the last attempt. The file that
    /// was there before is as it was.
    ///
    /// # Cancel safety
    ///
    /// What was written stays for a later download, but for the last 256 KiB or less.
    pub async fn send(self) -> Result<Downloaded, Error> {
        Box::pin(run::run(self)).await
    }
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download")
            .field("request", &self.request)
            .field("resume", &self.resume)
            .finish_non_exhaustive()
    }
}

/// A file that has come.
#[derive(Debug)]
pub struct Downloaded {
    bytes: u64,
    resumed: u64,
    attempts: u32,
    response: Response,
}

impl Downloaded {
    /// Returns how long the file is, in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Returns how many of them were there before the download began.
    #[must_use]
    pub fn resumed(&self) -> u64 {
        self.resumed
    }

    /// Returns how many attempts it took.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Returns the last response, whose body was read: 200, or after a resumption 206, or 416 when nothing was left to come.
    #[must_use]
    pub fn response(&self) -> &Response {
        &self.response
    }
}

#[cfg(test)]
mod tests;
