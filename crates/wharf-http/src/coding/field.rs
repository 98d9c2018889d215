//! The codings that a header field names.

use std::error::Error as StdError;
use std::fmt;

use http::header::{CONTENT_ENCODING, HeaderMap};

use super::decode::Decoder;
use super::{Coding, Limits};
use crate::Body;
use crate::header::grammar;

/// More than anybody has a use for: each one costs a window, and multiplies what a body can grow to.
const MOST: usize = 3;

/// Undoes the codings of a body that its `Content-Encoding` names, and tells whether there were any.
///
/// Several codings are undone from the last to the first, three at most (RFC 9110 §8.4). `identity` and empty members
/// are passed over. A body that is known to be empty is left as it is, such as that of an answer to HEAD, and one that
/// turns out to be empty decodes to nothing.
///
/// When this is `true`, `Content-Encoding` and `Content-Length` of `headers` no longer describe the body. Its length is
/// then unknown, and it can still be made anew when it could before.
///
/// Reading fails with [`ErrorKind::Malformed`](crate::body::ErrorKind::Malformed) when the data is corrupt or ends
/// early, and as [`Limits`] say.
///
/// # Errors
///
/// [`BadEncoding`] when a coding is unknown or not compiled in, or there are too many. The body is then left alone.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "gzip")]
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use wharf_http::coding::{self, Coding, Encoder, Limits};
/// use wharf_http::{Body, HeaderMap, HeaderValue};
///
/// let mut body = Encoder::new(Coding::GZIP).encode(Body::from("hello"));
/// let mut headers = HeaderMap::new();
/// headers.insert("content-encoding", HeaderValue::from_static("gzip"));
/// assert!(coding::decode(&mut body, &headers, Limits::new())?);
/// assert_eq!(body.bytes(1024).await?, "hello");
/// # Ok::<(), wharf_http::BoxError>(()) }).unwrap();
/// ```
pub fn decode(body: &mut Body, headers: &HeaderMap, limits: Limits) -> Result<bool, BadEncoding> {
    let codings = codings(headers)?;
    if codings.is_empty() || body.is_empty() {
        return Ok(false);
    }
    *body = std::mem::take(body)
        .wrapped(move |body| Body::new(Decoder::new(body, codings.iter().copied(), limits)));
    Ok(true)
}

/// Returns the codings in the order in which they are undone.
fn codings(headers: &HeaderMap) -> Result<Vec<Coding>, BadEncoding> {
    let mut codings = Vec::new();
    for line in headers.get_all(CONTENT_ENCODING) {
        let line = String::from_utf8_lossy(line.as_bytes());
        for name in grammar::split(&line, b',') {
            if name.eq_ignore_ascii_case("identity") {
                continue;
            }
            codings.push(Coding::named(name).ok_or_else(|| BadEncoding {
                unknown: Some(name.to_owned()),
            })?);
            if codings.len() > MOST {
                return Err(BadEncoding { unknown: None });
            }
        }
    }
    codings.reverse();
    Ok(codings)
}

/// A `Content-Encoding` that cannot be undone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadEncoding {
    /// `None` when there are too many.
    unknown: Option<String>,
}

impl BadEncoding {
    /// Returns the name of the coding that is unknown or not compiled in, as it was sent; `None` when there are too many.
    ///
    /// A client hands such a body to its caller as it came; a server answers 415 (RFC 9110 §15.5.16).
    #[must_use]
    pub fn unknown(&self) -> Option<&str> {
        self.unknown.as_deref()
    }
}

impl fmt::Display for BadEncoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.unknown {
            Some(name) => write!(f, "the content coding {name:?} is not supported"),
            None => write!(f, "the body has more than {MOST} content codings"),
        }
    }
}

impl StdError for BadEncoding {}
