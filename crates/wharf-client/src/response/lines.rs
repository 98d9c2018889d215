use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use futures_core::Stream;
use wharf_http::BoxError;

use super::charset::Charset;
use super::{BodyStream, charset, undecodable};
use crate::Error;

/// How long a line may be by default, in bytes.
const MAX_LENGTH: usize = 1 << 20;

/// The lines of a body; made by [`Response::into_lines`](crate::Response::into_lines).
///
/// Lines end in LF or CRLF, which are no part of them; the last one may have no end. They are read in the charset that
/// `content-type` names, or else in UTF-8; UTF-16 is not read by lines. After an error there is none.
///
/// It is a [`Stream`] too.
///
/// # Examples
///
/// ```no_run
/// # async fn example(client: wharf_client::Client) -> Result<(), wharf_client::Error> {
/// let mut lines = client.get("http://quay.test/ships.ndjson").send().await?.ok()?.into_lines();
/// while let Some(line) = lines.next_line().await? {
///     println!("{line}");
/// }
/// # Ok(()) }
/// ```
pub struct Lines {
    stream: BodyStream,
    charset: Result<Charset, BoxError>,
    max: usize,
    buffer: BytesMut,
    /// How much of the buffer is known to hold no end of a line.
    searched: usize,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// A byte order mark may come.
    Start,
    Reading,
    /// The body has ended, the buffer may hold lines.
    Ended,
    Over,
}

impl Lines {
    pub(super) fn new(charset: Result<Option<Charset>, BoxError>, stream: BodyStream) -> Self {
        let charset = charset.map(|charset| charset.unwrap_or(Charset::UTF_8));
        Self {
            stream,
            charset: charset.and_then(|charset| charset.check_lines().map(|()| charset)),
            max: MAX_LENGTH,
            buffer: BytesMut::new(),
            searched: 0,
            state: State::Start,
        }
    }

    /// Sets how long a line may be, in bytes and without its end. A longer one is an error.
    ///
    /// Default: 1 MiB.
    #[must_use]
    pub fn max_length(mut self, bytes: usize) -> Self {
        self.max = bytes;
        self
    }

    /// Returns the next line; `None` at the end.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode) when a line is too long or not valid in its charset, or that charset is
    /// not known; else as [`Response::chunk`](crate::Response::chunk).
    ///
    /// # Cancel safety
    ///
    /// Safe: nothing is lost when the future is dropped.
    pub async fn next_line(&mut self) -> Result<Option<String>, Error> {
        poll_fn(|cx| self.poll_line(cx)).await.transpose()
    }

    fn poll_line(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<String, Error>>> {
        let line = ready!(self.poll_next_line(cx));
        if !matches!(line, Ok(Some(_))) {
            self.state = State::Over;
            self.buffer = BytesMut::new();
        }
        Poll::Ready(line.transpose())
    }

    fn poll_next_line(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<String>, Error>> {
        loop {
            if self.state == State::Over {
                return Poll::Ready(Ok(None));
            }
            if let Some(line) = self.take_line()? {
                let text = match &self.charset {
                    Ok(charset) => charset.text(&line),
                    Err(why) => Err(why.to_string().into()),
                };
                let text = text.map_err(|why| undecodable(self.stream.url(), why));
                return Poll::Ready(text.map(Some));
            }
            if self.state == State::Ended {
                return Poll::Ready(Ok(None));
            }
            match ready!(self.stream.poll_chunk(cx)).transpose()? {
                Some(piece) => self.buffer.extend_from_slice(&piece),
                None => self.state = State::Ended,
            }
        }
    }

    /// Takes the next line off the buffer, if it is there as a whole.
    fn take_line(&mut self) -> Result<Option<BytesMut>, Error> {
        if self.state == State::Start && self.buffer.len() >= 3 {
            let mark = self.buffer.len() - charset::unmarked(&self.buffer).len();
            if mark > 0 {
                self.buffer.advance(mark);
                // No more than a part of the mark was searched.
                self.searched = 0;
                // It says more than the header.
                self.charset = Ok(Charset::UTF_8);
            }
            self.state = State::Reading;
        }
        let unseen = self.buffer[self.searched..].iter();
        let end = unseen
            .enumerate()
            .find_map(|(index, &byte)| (byte == b'\n').then_some(self.searched + index));
        let (length, with_end) = match end {
            Some(end) => (end, end + 1),
            None if self.state == State::Ended && !self.buffer.is_empty() => {
                (self.buffer.len(), self.buffer.len())
            }
            // One more for the CR that may belong to the end.
            None if self.buffer.len() <= self.max.saturating_add(1) => {
                self.searched = self.buffer.len();
                return Ok(None);
            }
            None => return Err(self.too_long()),
        };
        let mut line = self.buffer.split_to(with_end);
        self.searched = 0;
        if self.state == State::Start {
            self.state = State::Reading;
        }
        line.truncate(length);
        if end.is_some() && line.last() == Some(&b'\r') {
            line.truncate(length - 1);
        }
        match line.len() > self.max {
            true => Err(self.too_long()),
            false => Ok(Some(line)),
        }
    }

    fn too_long(&self) -> Error {
        let why = format!("a line is longer than {} bytes", self.max);
        undecodable(self.stream.url(), why)
    }
}

impl Stream for Lines {
    type Item = Result<String, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_line(cx)
    }
}

impl fmt::Debug for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lines")
            .field("max", &self.max)
            .finish_non_exhaustive()
    }
}
