//! [`BodyStream`]: the pieces of a body, one after another.

use std::iter::FusedIterator;

use bytes::Bytes;
use http::HeaderMap;

use super::Response;
use crate::Error;

/// The pieces of a body, in the sizes that they arrive in; made by [`Response::into_stream`].
///
/// Each step waits for the next piece. There is none after an error.
///
/// # Examples
///
/// ```no_run
/// # fn main() -> Result<(), wharf_client::Error> {
/// let client = wharf_client::blocking::Client::new()?;
/// for piece in client.get("http://quay.test/log").send()?.ok()?.into_stream() {
///     println!("{} bytes", piece?.len());
/// }
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct BodyStream {
    response: Response,
    over: bool,
}

impl BodyStream {
    pub(super) fn new(response: Response) -> Self {
        Self {
            response,
            over: false,
        }
    }

    /// Returns the trailer fields (RFC 9110 §6.5), once the last piece was read; `None` before, and when there are none.
    #[must_use]
    pub fn trailers(&self) -> Option<&HeaderMap> {
        self.response.trailers()
    }
}

impl Iterator for BodyStream {
    type Item = Result<Bytes, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.over {
            return None;
        }
        let piece = self.response.chunk().transpose();
        self.over = !matches!(piece, Some(Ok(_)));
        piece
    }
}

impl FusedIterator for BodyStream {}
