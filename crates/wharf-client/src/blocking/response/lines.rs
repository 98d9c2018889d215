//! [`Lines`]: a body, line by line.

use std::iter::FusedIterator;

use super::Background;
use crate::{Error, response};

/// The lines of a body, without their ends; made by [`Response::into_lines`](super::Response::into_lines).
///
/// Each step waits for the next line. There is none after an error. How they are read is told at
/// [`response::Lines`](crate::response::Lines).
///
/// # Examples
///
/// ```no_run
/// # fn main() -> Result<(), wharf_client::Error> {
/// let client = wharf_client::blocking::Client::new()?;
/// for line in client.get("http://quay.test/ships.ndjson").send()?.ok()?.into_lines() {
///     println!("{}", line?);
/// }
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Lines {
    inner: response::Lines,
    background: Background,
}

impl Lines {
    pub(super) fn new(inner: response::Lines, background: Background) -> Self {
        Self { inner, background }
    }

    /// Sets how long a line may be, in bytes and without its end. A longer one is an error.
    ///
    /// Default: 1 MiB.
    #[must_use]
    pub fn max_length(self, bytes: usize) -> Self {
        let Self { inner, background } = self;
        let inner = inner.max_length(bytes);
        Self { inner, background }
    }
}

impl Iterator for Lines {
    type Item = Result<String, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.background.wait(self.inner.next_line()).transpose()
    }
}

impl FusedIterator for Lines {}
