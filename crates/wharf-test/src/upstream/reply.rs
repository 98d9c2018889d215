//! [`Reply`]: what a mock server answers.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, StatusCode};
use serde::Serialize;
use wharf_http::BoxError;

use super::matcher::{field_name, field_value};
use crate::fail;

/// What a [`MockServer`](crate::MockServer) answers: a response, and what goes wrong with it.
///
/// A reply with nothing wrong is sent by the real server code. One that breaks the rules of HTTP, or breaks off, is
/// written as bytes, and its connection is not used again.
///
/// Methods panic where what they are given cannot be sent, such as a malformed header field.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use wharf_test::{json, upstream::Reply};
///
/// let created = Reply::new(201).header("location", "/ships/7").json(&json!({ "id": 7 }));
/// let slow = Reply::new(200).delay(Duration::from_secs(5)).text("at last");
/// let broken = Reply::new(200).text("all that was to be said").cut_after(8);
/// # let _ = (created, slow, broken);
/// ```
#[derive(Clone)]
#[must_use]
pub struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) content: Content,
    pub(super) delay: Duration,
    pub(super) informational: Vec<(StatusCode, HeaderMap)>,
    pub(super) broken: Option<Broken>,
}

#[derive(Clone)]
pub(super) enum Content {
    Whole(Bytes),
    /// Pieces, and how long to wait before each.
    Pieces(Vec<(Duration, Bytes)>),
}

/// What is wrong with a reply.
#[derive(Clone)]
pub(super) enum Broken {
    /// Only so many bytes of the body are sent.
    After(u64, Then),
    /// The length that is told is not the one of the body.
    Length(u64),
    /// The size of this chunk is no number.
    Chunk(usize),
    /// No reply of HTTP at all.
    Raw(Bytes, Then),
}

/// What comes after the last byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    Close,
    Reset,
    Stall,
}

impl Reply {
    /// Creates a reply without a body, such as `Reply::new(204)`.
    ///
    /// # Panics
    ///
    /// Panics when the status is not between 200 and 999; see [`informational`](Self::informational) for those before.
    #[track_caller]
    pub fn new(status: u16) -> Self {
        let status = match StatusCode::from_u16(status) {
            Ok(status) if !status.is_informational() => status,
            _ => fail(&format!("{status} is no status of a reply")),
        };
        Self {
            status,
            headers: HeaderMap::new(),
            content: Content::Whole(Bytes::new()),
            delay: Duration::ZERO,
            informational: Vec::new(),
            broken: None,
        }
    }

    /// Creates a reply that is no HTTP: these bytes, and the end of the connection.
    pub fn raw(bytes: impl Into<Bytes>) -> Self {
        Self::nothing(Broken::Raw(bytes.into(), Then::Close))
    }

    /// Creates a reply that is none: the connection is reset.
    ///
    /// A client in memory gets `ConnectionReset`, one behind a socket does by a reset packet.
    pub fn reset() -> Self {
        Self::nothing(Broken::Raw(Bytes::new(), Then::Reset))
    }

    /// Creates a reply that is none: the connection is closed.
    pub fn hang_up() -> Self {
        Self::nothing(Broken::Raw(Bytes::new(), Then::Close))
    }

    /// Creates a reply that never comes, on a connection that stays open.
    pub fn silence() -> Self {
        Self::nothing(Broken::Raw(Bytes::new(), Then::Stall))
    }

    fn nothing(broken: Broken) -> Self {
        let mut reply = Self::new(200);
        reply.broken = Some(broken);
        reply
    }

    /// Adds a header field, beside those of the same name that are there already.
    ///
    /// # Panics
    ///
    /// Panics when name or value is malformed.
    #[track_caller]
    pub fn header<N, V>(mut self, name: N, value: V) -> Self
    where
        N: TryInto<HeaderName, Error: Into<BoxError>>,
        V: TryInto<HeaderValue, Error: Into<BoxError>>,
    {
        self.headers.append(field_name(name), field_value(value));
        self
    }

    /// Sets the body to `value` as JSON, and `content-type` to `application/json` unless another one is set.
    ///
    /// # Panics
    ///
    /// Panics when `value` cannot be made JSON.
    #[track_caller]
    pub fn json<T: Serialize + ?Sized>(self, value: &T) -> Self {
        match serde_json::to_vec(value) {
            Ok(body) => self.typed("application/json").body(body),
            Err(error) => fail(&format!("the reply cannot be made JSON: {error}")),
        }
    }

    /// Sets the body to a text, and `content-type` to `text/plain; charset=utf-8` unless another one is set.
    pub fn text(self, text: impl Into<String>) -> Self {
        self.typed("text/plain; charset=utf-8").body(text.into())
    }

    /// Sets the body. Its type is told with a `content-type` header.
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.content = Content::Whole(body.into());
        self
    }

    /// Adds a piece to a body that is streamed, so that its length is not told, and waits this long before it.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use wharf_test::upstream::Reply;
    ///
    /// let ticks = Reply::new(200)
    ///     .header("content-type", "text/event-stream")
    ///     .piece(Duration::ZERO, "data: 1\n\n")
    ///     .piece(Duration::from_secs(20), "data: 2\n\n");
    /// # let _ = ticks;
    /// ```
    pub fn piece(mut self, wait: Duration, bytes: impl Into<Bytes>) -> Self {
        let piece = (wait, bytes.into());
        match &mut self.content {
            Content::Pieces(pieces) => pieces.push(piece),
            Content::Whole(_) => self.content = Content::Pieces(vec![piece]),
        }
        self
    }

    /// Waits before the head is sent. Default: zero.
    pub fn delay(mut self, wait: Duration) -> Self {
        self.delay = wait;
        self
    }

    /// Adds an interim response (RFC 9110 §15.2), such as 103 with `link` fields, sent at once and before the wait for the
    /// head.
    ///
    /// It is a matter of HTTP/1: over HTTP/2 none is sent.
    ///
    /// # Panics
    ///
    /// Panics when the status is not between 102 and 199, or a header field is malformed.
    #[track_caller]
    pub fn informational<'a>(
        mut self,
        status: u16,
        headers: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        let status = match StatusCode::from_u16(status) {
            Ok(status) if status.is_informational() && status.as_u16() >= 102 => status,
            _ => fail(&format!("{status} is no status of an interim response")),
        };
        let mut fields = HeaderMap::new();
        for (name, value) in headers {
            fields.append(field_name(name), field_value(value));
        }
        self.informational.push((status, fields));
        self
    }

    /// Closes the connection after so many bytes of the body; none are left after the head with zero.
    pub fn cut_after(self, bytes: u64) -> Self {
        self.breaking(Broken::After(bytes, Then::Close))
    }

    /// Resets the connection after so many bytes of the body.
    pub fn reset_after(self, bytes: u64) -> Self {
        self.breaking(Broken::After(bytes, Then::Reset))
    }

    /// Sends nothing more after so many bytes of the body, and leaves the connection open.
    pub fn stall_after(self, bytes: u64) -> Self {
        self.breaking(Broken::After(bytes, Then::Stall))
    }

    /// Tells a length that the body does not have, in `content-length`.
    pub fn wrong_length(self, bytes: u64) -> Self {
        self.breaking(Broken::Length(bytes))
    }

    /// Sends the body in chunks (RFC 9112 §7.1) of which one, the first being 0, begins with what is no size.
    pub fn corrupt_chunk(self, chunk: usize) -> Self {
        self.breaking(Broken::Chunk(chunk))
    }

    fn breaking(mut self, broken: Broken) -> Self {
        self.broken = Some(broken);
        self
    }

    fn typed(mut self, kind: &'static str) -> Self {
        let kind = HeaderValue::from_static(kind);
        self.headers.entry(CONTENT_TYPE).or_insert(kind);
        self
    }

    /// Returns the pieces of the body.
    pub(super) fn pieces(&self) -> Vec<(Duration, Bytes)> {
        match &self.content {
            Content::Whole(bytes) if bytes.is_empty() => Vec::new(),
            Content::Whole(bytes) => vec![(Duration::ZERO, bytes.clone())],
            Content::Pieces(pieces) => pieces.clone(),
        }
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply")
            .field("status", &self.status)
            .field("headers", &self.headers)
            .finish_non_exhaustive()
    }
}
