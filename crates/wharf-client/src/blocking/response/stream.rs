//! [`BodyStream`]: the pieces of a body, one after another.

use std::iter::FusedIterator;

use bytes::Bytes;

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
    response: Option<Response>,
}

impl BodyStream {
    pub(super) fn new(response: Response) -> Self {
        Self {
            response: Some(response),
        }
    }
}

impl Iterator for BodyStream {
    type Item = Result<Bytes, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let piece = self.response.as_mut()?.chunk().transpose();
        if !matches!(piece, Some(Ok(_))) {
            self.response = None;
        }
        piece
    }
}

impl FusedIterator for BodyStream {}
