//! What a header says, and which version it is in; without a socket.

use wharf_http::connection::{Local, Peer};

use super::{Versions, v1, v2};

/// What a header says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Header {
    /// `None` when the proxy speaks for itself, or of something that is no connection.
    pub(crate) ends: Option<Ends>,
    /// The client's connection to the proxy was encrypted.
    pub(crate) secure: bool,
}

/// The ends of the client's connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ends {
    pub(crate) client: Peer,
    pub(crate) reached: Local,
}

/// How far the reading of a header has come.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// It does not end here, and up to so many bytes more may be read of it.
    More(usize),
    /// It does, after so many bytes.
    Done(Header, usize),
}

/// A header that breaks its grammar, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed(pub(crate) &'static str);

/// Reads a header from the beginning of a stream.
pub(crate) fn parse(bytes: &[u8], versions: Versions) -> Result<Step, Malformed> {
    let text = versions != Versions::Binary && begins(bytes, v1::SIGNATURE);
    let binary = versions != Versions::Text && begins(bytes, v2::SIGNATURE);
    match (text, binary) {
        // No header is shorter than 15 bytes, and most are longer than 16.
        (true, true) => Ok(Step::More(16)),
        (true, false) => v1::parse(bytes),
        (false, true) => v2::parse(bytes),
        (false, false) => Err(Malformed("there is none")),
    }
}

/// Tells whether `bytes` begin with `signature`, as far as they go.
fn begins(bytes: &[u8], signature: &[u8]) -> bool {
    let length = bytes.len().min(signature.len());
    bytes[..length] == signature[..length]
}
