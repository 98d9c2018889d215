//! Reading a body by count, by separator and by line.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{self, Poll, ready};

use bytes::{Buf as _, Bytes, BytesMut};
use futures_core::Stream;
use http::HeaderMap;
use tokio::io::{AsyncBufRead, AsyncRead, ReadBuf};

use super::{Body, Error, ErrorKind};

/// What a line may be long by default, in bytes.
const HIGH_WATER: usize = 1 << 20;

/// A body that is read by count, by separator, by line, or as the pieces come; made by [`Body::into_reader`].
///
/// It asks the body for the next piece only when what it has is too little for the call, so that a peer is held up while
/// nobody reads. It holds one piece and what the call at hand has gathered: no more than the [high-water
/// mark](Self::high_water), or the count that was asked for.
///
/// It is a [`Stream`] of pieces, an [`AsyncRead`] and an [`AsyncBufRead`] too, and wants no buffer around it.
///
/// # Cancel safety
///
/// All methods are safe: what a call that was dropped had gathered is there for the next one.
///
/// # Examples
///
/// ```
/// use wharf_http::Body;
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let mut reader = Body::from("WHRF2 ships\r\ntug\nferry").into_reader();
/// assert_eq!(reader.exactly(4).await?, "WHRF");
/// assert_eq!(reader.until(b" ").await?.unwrap(), "2 ");
/// assert_eq!(reader.line().await?.as_deref(), Some("ships"));
/// assert_eq!(reader.line().await?.as_deref(), Some("tug"));
/// assert_eq!(reader.line().await?.as_deref(), Some("ferry"));
/// assert_eq!(reader.line().await?, None);
/// # Ok::<(), wharf_http::body::Error>(()) }).unwrap();
/// ```
pub struct Reader {
    body: Body,
    /// What was gathered of several pieces, or put back. It comes before `piece`.
    gathered: BytesMut,
    piece: Bytes,
    high_water: usize,
    received: u64,
    over: bool,
}

impl Body {
    /// Turns the body into one that is read by count, by separator and by line.
    #[must_use]
    pub fn into_reader(self) -> Reader {
        Reader {
            body: self,
            gathered: BytesMut::new(),
            piece: Bytes::new(),
            high_water: HIGH_WATER,
            received: 0,
            over: false,
        }
    }
}

impl Reader {
    /// Sets how many bytes [`until`](Self::until) and [`line`](Self::line) gather; a longer line is an error.
    ///
    /// Default: 1 MiB.
    #[must_use]
    pub fn high_water(mut self, bytes: usize) -> Self {
        self.high_water = bytes;
        self
    }

    /// Returns what is there, or waits for the next piece, whatever its size; `None` at the end.
    ///
    /// # Errors
    ///
    /// What went wrong while reading; nothing comes after an error.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        self.up_to(usize::MAX).await
    }

    /// Returns what is there, or waits for the next piece, at most `count` bytes of it; `None` at the end.
    ///
    /// # Errors
    ///
    /// What went wrong while reading; nothing comes after an error.
    pub async fn up_to(&mut self, count: usize) -> Result<Option<Bytes>, Error> {
        poll_fn(|cx| self.poll_up_to(cx, count)).await
    }

    fn poll_up_to(
        &mut self,
        cx: &mut task::Context<'_>,
        count: usize,
    ) -> Poll<Result<Option<Bytes>, Error>> {
        if self.buffered().is_empty() && !ready!(self.poll_more(cx))? {
            return Poll::Ready(Ok(None));
        }
        let count = count.min(self.buffered().len());
        Poll::Ready(Ok(Some(self.take(count))))
    }

    /// Returns the next `count` bytes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TooShort`] when the body ends before; what there is can still be read, such as by
    /// [`chunk`](Self::chunk). Else what went wrong while reading.
    pub async fn exactly(&mut self, count: usize) -> Result<Bytes, Error> {
        poll_fn(|cx| {
            while self.available() < count {
                if !ready!(self.poll_gather(cx))? {
                    let missing = count - self.available();
                    return Poll::Ready(Err(Error::new(ErrorKind::TooShort { missing })));
                }
            }
            Poll::Ready(Ok(self.take(count)))
        })
        .await
    }

    /// Returns the bytes up to a separator, and the separator; what follows the last one comes without; `None` at the end.
    ///
    /// An empty separator is met at once, and gives nothing.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TooLarge`] when the separator does not come within the [high-water mark](Self::high_water); the bytes
    /// can still be read. Else what went wrong while reading.
    pub async fn until(&mut self, separator: impl AsRef<[u8]>) -> Result<Option<Bytes>, Error> {
        let separator = separator.as_ref();
        let mut searched = 0;
        poll_fn(|cx| self.poll_until(cx, separator, &mut searched)).await
    }

    fn poll_until(
        &mut self,
        cx: &mut task::Context<'_>,
        separator: &[u8],
        searched: &mut usize,
    ) -> Poll<Result<Option<Bytes>, Error>> {
        loop {
            let there = self.buffered();
            // A separator may have begun in what was searched before.
            let from = searched.saturating_sub(separator.len()).min(there.len());
            let end = find(&there[from..], separator).map(|at| from + at + separator.len());
            let limit = self.high_water;
            if end.unwrap_or(there.len()) > limit {
                return Poll::Ready(Err(Error::new(ErrorKind::TooLarge { limit })));
            }
            if let Some(end) = end {
                return Poll::Ready(Ok(Some(self.take(end))));
            }
            *searched = there.len();
            if !ready!(self.poll_gather(cx))? {
                let left = self.available();
                return Poll::Ready(Ok((left > 0).then(|| self.take(left))));
            }
        }
    }

    /// Returns the next line as text, without the LF or CRLF that ends it; `None` at the end.
    ///
    /// For lines that are no UTF-8 there is [`until`](Self::until).
    ///
    /// # Errors
    ///
    /// As [`until`](Self::until), and [`ErrorKind::Malformed`] when the line is not UTF-8.
    pub async fn line(&mut self) -> Result<Option<String>, Error> {
        let Some(mut line) = self.until(b"\n").await? else {
            return Ok(None);
        };
        if line.ends_with(b"\n") {
            line.truncate(line.len() - 1);
            if line.ends_with(b"\r") {
                line.truncate(line.len() - 1);
            }
        }
        String::from_utf8(line.into())
            .map(Some)
            .map_err(|error| Error::new(ErrorKind::Malformed).because(error))
    }

    /// Returns all that is left; `limit` is in bytes, `None` reads as much as comes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TooLarge`] when more than `limit` bytes are left; those that came can still be read. Else what went
    /// wrong while reading.
    pub async fn rest(&mut self, limit: impl Into<Option<usize>>) -> Result<Bytes, Error> {
        let limit = limit.into();
        poll_fn(|cx| {
            loop {
                if let Some(limit) = limit.filter(|limit| self.available() > *limit) {
                    return Poll::Ready(Err(Error::new(ErrorKind::TooLarge { limit })));
                }
                if !ready!(self.poll_gather(cx))? {
                    let left = self.available();
                    return Poll::Ready(Ok(self.take(left)));
                }
            }
        })
        .await
    }

    /// Returns bytes that can be read without waiting, leaving them there; empty when there are none yet.
    #[must_use]
    pub fn buffered(&self) -> &[u8] {
        match self.gathered.is_empty() {
            true => &self.piece,
            false => &self.gathered,
        }
    }

    /// Puts bytes back before those that come next.
    pub fn put_back(&mut self, bytes: impl Into<Bytes>) {
        let bytes = bytes.into();
        if self.gathered.is_empty() && self.piece.is_empty() {
            self.piece = bytes;
            return;
        }
        let mut joined = BytesMut::with_capacity(bytes.len() + self.gathered.len());
        joined.extend_from_slice(&bytes);
        joined.extend_from_slice(&self.gathered);
        self.gathered = joined;
    }

    /// Tells whether nothing is left, waiting until that is known.
    ///
    /// # Errors
    ///
    /// What went wrong while reading.
    pub async fn is_at_end(&mut self) -> Result<bool, Error> {
        poll_fn(|cx| {
            if !self.buffered().is_empty() {
                return Poll::Ready(Ok(false));
            }
            self.poll_more(cx).map_ok(|more| !more)
        })
        .await
    }

    /// Returns how many bytes have come from the body, whether they were read already or not.
    #[must_use]
    pub fn received(&self) -> u64 {
        self.received
    }

    /// Returns the trailer fields (RFC 9110 §6.5), once the body was read to its end; `None` before, and when there are
    /// none.
    #[must_use]
    pub fn trailers(&self) -> Option<&HeaderMap> {
        self.body.trailers()
    }

    fn available(&self) -> usize {
        self.gathered.len() + self.piece.len()
    }

    /// Waits for the next piece; `false` at the end. There must be none.
    fn poll_more(&mut self, cx: &mut task::Context<'_>) -> Poll<Result<bool, Error>> {
        if self.over {
            return Poll::Ready(Ok(false));
        }
        match ready!(self.body.poll_chunk(cx)) {
            Some(Ok(piece)) => {
                self.received = self.received.saturating_add(piece.len() as u64);
                self.piece = piece;
                Poll::Ready(Ok(true))
            }
            Some(Err(error)) => Poll::Ready(Err(error)),
            None => {
                self.over = true;
                Poll::Ready(Ok(false))
            }
        }
    }

    /// Adds to what [`buffered`](Self::buffered) gives; `false` at the end.
    fn poll_gather(&mut self, cx: &mut task::Context<'_>) -> Poll<Result<bool, Error>> {
        if self.available() == 0 {
            return self.poll_more(cx);
        }
        if !self.piece.is_empty() {
            let first = self.gathered.is_empty();
            self.gathered.extend_from_slice(&self.piece);
            self.piece = Bytes::new();
            if !first {
                return Poll::Ready(Ok(true));
            }
        }
        let more = ready!(self.poll_more(cx))?;
        self.gathered.extend_from_slice(&self.piece);
        self.piece = Bytes::new();
        Poll::Ready(Ok(more))
    }

    /// Takes bytes that are there.
    fn take(&mut self, count: usize) -> Bytes {
        if self.gathered.is_empty() {
            return self.piece.split_to(count);
        }
        if count > self.gathered.len() {
            self.gathered.extend_from_slice(&self.piece);
            self.piece = Bytes::new();
        }
        self.gathered.split_to(count).freeze()
    }
}

fn find(bytes: &[u8], separator: &[u8]) -> Option<usize> {
    match separator {
        [] => Some(0),
        [byte] => bytes.iter().position(|other| other == byte),
        _ => bytes
            .windows(separator.len())
            .position(|window| window == separator),
    }
}

/// Makes an error of input and output that holds the error of a body.
pub(crate) fn to_io(error: Error) -> io::Error {
    let kind = match error.kind() {
        ErrorKind::TimedOut | ErrorKind::TooSlow => io::ErrorKind::TimedOut,
        ErrorKind::Disconnected | ErrorKind::TooShort { .. } => io::ErrorKind::UnexpectedEof,
        ErrorKind::TooLarge { .. } | ErrorKind::TooDense { .. } | ErrorKind::Malformed => {
            io::ErrorKind::InvalidData
        }
        ErrorKind::Other => io::ErrorKind::Other,
    };
    io::Error::new(kind, error)
}

impl Stream for Reader {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Option<Self::Item>> {
        let piece = ready!(self.poll_up_to(cx, usize::MAX));
        // A stream ends with its first error.
        self.over |= piece.is_err();
        Poll::Ready(piece.transpose())
    }
}

impl AsyncRead for Reader {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut task::Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let there = ready!(self.as_mut().poll_fill_buf(cx))?;
        let count = there.len().min(into.remaining());
        into.put_slice(&there[..count]);
        self.consume(count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncBufRead for Reader {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<io::Result<&[u8]>> {
        let this = self.get_mut();
        if this.buffered().is_empty() {
            ready!(this.poll_more(cx)).map_err(to_io)?;
        }
        Poll::Ready(Ok(this.buffered()))
    }

    fn consume(mut self: Pin<&mut Self>, count: usize) {
        let count = count.min(self.buffered().len());
        match self.gathered.is_empty() {
            true => self.piece.advance(count),
            false => self.gathered.advance(count),
        }
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader")
            .field("available", &self.available())
            .field("received", &self.received)
            .field("body", &self.body)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
