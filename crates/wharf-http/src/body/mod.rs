//! The body of requests and responses: bytes or a stream, length known or not.

mod channel;
mod concat;
mod error;
#[cfg(feature = "fs")]
mod file;
mod holding;
mod limited;
#[cfg(feature = "fs")]
mod pread;
pub(crate) mod reader;
mod replay;
mod source;
mod stream;

pub use channel::Sender;
pub use error::{Error, ErrorKind};
pub use reader::Reader;

use std::any::Any;
use std::fmt;
use std::future::poll_fn;
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{self, Poll};

use bytes::Bytes;
use futures_core::Stream;
use http::HeaderMap;
use http_body::{Frame, SizeHint};

use self::source::{Origin, Source, interrupted, take, within};
use crate::BoxError;

/// The body of a request or response.
///
/// It is `Send` and `Sync`, so that a request may be borrowed across an `.await`. A body that one end of wharf received
/// can be sent by the other as it is.
///
/// # Examples
///
/// ```
/// use wharf_http::Body;
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let mut body = Body::from("hello");
/// assert_eq!(body.len(), Some(5));
/// assert_eq!(body.bytes(1024).await?, "hello");
/// assert_eq!(body.bytes(1024).await?, "hello"); // kept: whoever comes first may read
/// # Ok::<(), wharf_http::body::Error>(()) }).unwrap();
/// ```
pub struct Body {
    kind: Kind,
}

/// No larger than `Bytes`: bodies move along with the request or response that they belong to.
enum Kind {
    /// Bytes, or nothing.
    Full(Bytes),
    Source(Box<Source>),
}

impl Body {
    /// Creates a body without any bytes.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    fn of(origin: Origin) -> Self {
        Self {
            kind: Kind::Source(Box::new(Source {
                origin,
                trailers: None,
            })),
        }
    }

    fn of_stream<B>(stream: B) -> Self
    where
        B: http_body::Body<Data = Bytes, Error = Error> + Send + 'static,
    {
        Self::of(Origin::Stream(Mutex::new(Box::pin(stream))))
    }

    /// Wraps any body of bytes.
    ///
    /// A body that is one of these already is given back as it is. Errors are kept as they are when they are
    /// [`Error`]s already, and wrapped as [`ErrorKind::Other`] if not.
    pub fn new<B>(body: B) -> Self
    where
        B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    {
        // Bytes stay bytes on their way through code that is generic over bodies.
        let mut body = Some(body);
        if let Some(body) = (&mut body as &mut dyn Any).downcast_mut::<Option<Self>>() {
            return body.take().unwrap_or_default();
        }
        let Some(body) = body.filter(|body| !body.is_end_stream()) else {
            return Self::empty();
        };
        Self::of_stream(stream::Wrapped::new(body))
    }

    /// Makes a body of a stream of pieces, sent as they come; the next is asked for when there is room for it.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::{pin::Pin, task::{Context, Poll}};
    /// # struct Countdown(u8);
    /// # impl futures_core::Stream for Countdown {
    /// #     type Item = Result<String, std::io::Error>;
    /// #     fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
    /// #         self.0 -= 1;
    /// #         Poll::Ready((self.0 > 0).then(|| Ok(self.0.to_string())))
    /// #     }
    /// # }
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let mut body = wharf_http::Body::from_stream(Countdown(4));
    /// assert_eq!(body.len(), None);
    /// assert_eq!(body.bytes(10).await?, "321");
    /// # Ok::<(), wharf_http::body::Error>(()) }).unwrap();
    /// ```
    pub fn from_stream<S, T, E>(stream: S) -> Self
    where
        S: Stream<Item = Result<T, E>> + Send + 'static,
        T: Into<Bytes>,
        E: Into<BoxError>,
    {
        Self::of_stream(stream::Pieces::new(stream))
    }

    /// Creates a body that is written through a [`Sender`], which waits while `capacity` pieces are unsent.
    ///
    /// # Panics
    ///
    /// Panics when `capacity` is zero.
    #[must_use]
    pub fn channel(capacity: usize) -> (Sender, Self) {
        let (sender, receiver) = channel::channel(capacity);
        (sender, Self::of_stream(receiver))
    }

    /// Creates a body that can be made anew, for when a request has to be sent again.
    ///
    /// `make` is called once now, and once for each [`try_clone`](Self::try_clone). What it makes has to be the same
    /// bytes each time.
    ///
    /// # Examples
    ///
    /// ```
    /// use wharf_http::Body;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let numbers = || (1..=3).map(|number| Ok::<_, std::io::Error>(number.to_string()));
    /// # struct Iter<I>(I);
    /// # impl<I: Iterator + Unpin> futures_core::Stream for Iter<I> {
    /// #     type Item = I::Item;
    /// #     fn poll_next(
    /// #         mut self: std::pin::Pin<&mut Self>,
    /// #         _: &mut std::task::Context<'_>,
    /// #     ) -> std::task::Poll<Option<I::Item>> {
    /// #         std::task::Poll::Ready(self.0.next())
    /// #     }
    /// # }
    /// # let numbers = move || Iter(numbers());
    /// let mut body = Body::replayable(move || Body::from_stream(numbers()));
    /// let mut again = body.try_clone().expect("it can be made anew");
    /// assert_eq!(body.bytes(10).await?, "123");
    /// assert_eq!(again.bytes(10).await?, "123");
    /// # Ok::<(), wharf_http::body::Error>(()) }).unwrap();
    /// ```
    pub fn replayable<F>(make: F) -> Self
    where
        F: Fn() -> Self + Send + Sync + 'static,
    {
        let body = make();
        match body.origin() {
            // Can be copied as they are, or made anew by what made them.
            None | Some(Origin::Bytes(_) | Origin::Replayable(_)) => body,
            Some(Origin::Stream(_) | Origin::Failed(_) | Origin::Interrupted) => {
                body.or_made_by(make)
            }
        }
    }

    /// Lets a body of which nothing was read be made anew by `make`.
    pub(crate) fn or_made_by<F>(self, make: F) -> Self
    where
        F: Fn() -> Self + Send + Sync + 'static,
    {
        let replayable = replay::Replayable::new(self, Arc::new(make));
        Self::of(Origin::Replayable(replayable))
    }

    /// Returns where it comes from; `None` when it is bytes.
    fn origin(&self) -> Option<&Origin> {
        match &self.kind {
            Kind::Full(_) => None,
            Kind::Source(source) => Some(&source.origin),
        }
    }

    /// Returns what makes further bodies of the same bytes; `None` when they come but once.
    pub(crate) fn maker(&self) -> Option<replay::Make> {
        if let Some(Origin::Replayable(replayable)) = self.origin() {
            return Some(replayable.make());
        }
        let bytes = self.as_bytes()?.clone();
        Some(Arc::new(move || bytes.clone().into()))
    }

    /// Puts a body into another, which can be made anew when this one can.
    #[cfg(any(feature = "brotli", feature = "gzip", feature = "zstd"))]
    pub(crate) fn wrapped<F>(self, wrap: F) -> Self
    where
        F: Fn(Self) -> Self + Send + Sync + 'static,
    {
        match self.maker() {
            Some(make) => wrap(self).or_made_by(move || wrap(make())),
            None => wrap(self),
        }
    }

    /// Returns a second body of the same bytes, without reading this one; `None` when the bytes come but once.
    ///
    /// It is there for bodies in memory, of files, and made by [`replayable`](Self::replayable), until the first byte
    /// is read of what is not in memory.
    ///
    /// # Examples
    ///
    /// ```
    /// use wharf_http::Body;
    ///
    /// assert!(Body::from("bytes").try_clone().is_some());
    /// let (_sender, once) = Body::channel(1);
    /// assert!(once.try_clone().is_none());
    /// ```
    #[must_use]
    pub fn try_clone(&self) -> Option<Self> {
        if let Some(Origin::Replayable(replayable)) = self.origin() {
            return Some(Self::of(Origin::Replayable(replayable.again())));
        }
        Some(self.as_bytes()?.clone().into())
    }

    /// Joins bodies to one: all bytes of the first, then those of the next, each read when its turn comes.
    ///
    /// Its [length](Self::len) is known when that of each is, and it can be [made anew](Self::try_clone) when each can. Trailer fields of
    /// the pieces are left out.
    ///
    /// # Examples
    ///
    /// ```
    /// use wharf_http::Body;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (mut sender, rows) = Body::channel(1);
    /// sender.send("7;Ada\n").await?;
    /// drop(sender);
    /// let mut table = Body::concat([Body::from("berth;ship\n"), rows]);
    /// assert_eq!(table.bytes(None).await?, "berth;ship\n7;Ada\n");
    /// # Ok::<(), wharf_http::body::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn concat(pieces: impl IntoIterator<Item = Self>) -> Self {
        let pieces: Vec<Self> = pieces.into_iter().collect();
        let makers: Option<Vec<_>> = pieces.iter().map(Self::maker).collect();
        let joined = Self::new(concat::Concat::new(pieces));
        match makers {
            Some(makers) => joined.or_made_by(move || {
                Self::new(concat::Concat::new(makers.iter().map(|make| make())))
            }),
            None => joined,
        }
    }

    /// Adds trailer fields, sent after the last byte where the protocol and the peer allow it (RFC 9110 §6.5).
    #[must_use]
    pub fn with_trailers(self, trailers: HeaderMap) -> Self {
        if trailers.is_empty() {
            return self;
        }
        Self::of_stream(stream::Trailed::new(self, trailers))
    }

    /// Lets no more than `bytes` be read, in whatever way: what goes beyond is an error of the kind [`ErrorKind::TooLarge`].
    ///
    /// Costs nothing for a body whose length is known and within the limit. One that is known to be longer fails at the first
    /// read.
    ///
    /// # Examples
    ///
    /// ```
    /// use wharf_http::Body;
    /// use wharf_http::body::ErrorKind;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (mut sender, body) = Body::channel(2);
    /// let mut body = body.limited(8);
    /// sender.send("ship's ").await?;
    /// sender.send("log").await?;
    /// assert_eq!(body.chunk().await.unwrap().unwrap(), "ship's ");
    /// let error = body.chunk().await.unwrap().unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::TooLarge { limit: 8 });
    /// # Ok::<(), wharf_http::BoxError>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn limited(self, bytes: usize) -> Self {
        match self.len() {
            Some(length) if length <= bytes as u64 => self,
            Some(_) => Self::of(Origin::Failed(Error::new(ErrorKind::TooLarge {
                limit: bytes,
            }))),
            None => Self::of_stream(limited::Limited::new(self, bytes)),
        }
    }

    /// Keeps `value` until the last byte was read, reading fails, or the body is dropped: a permit, or whatever else has to last
    /// as long.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    /// use wharf_http::Body;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let permit = Arc::new(());
    /// let mut body = Body::from("hello").holding(Arc::clone(&permit));
    /// assert_eq!((body.len(), Arc::strong_count(&permit)), (Some(5), 2));
    /// body.bytes(None).await?;
    /// assert_eq!(Arc::strong_count(&permit), 1);
    /// # Ok::<(), wharf_http::body::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn holding<T: Send + Unpin + 'static>(self, value: T) -> Self {
        if self.is_empty() {
            return self;
        }
        Self::of_stream(holding::Holding::new(self, value))
    }

    /// Returns the number of bytes to come when it is known.
    #[must_use]
    pub fn len(&self) -> Option<u64> {
        http_body::Body::size_hint(self).exact()
    }

    /// Tells whether it is known that no bytes will come.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        http_body::Body::is_end_stream(self)
    }

    /// Returns the bytes when all of them are in memory.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&Bytes> {
        match &self.kind {
            Kind::Full(bytes) => Some(bytes),
            Kind::Source(source) => match &source.origin {
                Origin::Bytes(bytes) => Some(bytes),
                _ => None,
            },
        }
    }

    /// Reads the whole body and keeps it: a second call, or a handler after a middleware, gets the same bytes.
    ///
    /// Trailer fields are kept for [`trailers`](Self::trailers). `limit` is in bytes; `None` reads as much as comes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TooLarge`] when there are more than `limit` bytes, as soon as that is known; else what went wrong
    /// while reading. The same error comes again at the next call.
    ///
    /// # Cancel safety
    ///
    /// Not safe: what was read is lost when the future is dropped half way, and later reads fail.
    pub async fn bytes(&mut self, limit: impl Into<Option<usize>>) -> Result<Bytes, Error> {
        let limit = limit.into();
        let source = match &mut self.kind {
            Kind::Full(bytes) => {
                within(limit, bytes.len() as u64)?;
                return Ok(bytes.clone());
            }
            Kind::Source(source) => source,
        };
        match &source.origin {
            Origin::Bytes(bytes) => {
                within(limit, bytes.len() as u64)?;
                return Ok(bytes.clone());
            }
            Origin::Failed(error) => return Err(error.clone()),
            Origin::Interrupted => return Err(interrupted()),
            // Too long by its own account: left unread, so that a caller with another limit still can.
            Origin::Stream(_) | Origin::Replayable(_) => {
                within(limit, source.size_hint().lower())?;
            }
        }
        // Moved in here, so that who sends learns of it when this is dropped half way.
        let mut reading = Source {
            origin: mem::replace(&mut source.origin, Origin::Interrupted),
            trailers: source.trailers.take(),
        };
        let result = reading.collect(limit).await;
        source.trailers = reading.trailers;
        match &result {
            Ok(bytes) if source.trailers.is_none() => self.kind = Kind::Full(bytes.clone()),
            Ok(bytes) => source.origin = Origin::Bytes(bytes.clone()),
            Err(error) => source.origin = Origin::Failed(error.clone()),
        }
        result
    }

    /// Returns the next piece, in the size it arrived in; `None` at the end. Trailer fields are kept for
    /// [`trailers`](Self::trailers).
    ///
    /// # Errors
    ///
    /// What went wrong while reading; nothing comes after an error.
    ///
    /// # Cancel safety
    ///
    /// Safe: nothing is lost when the future is dropped.
    pub async fn chunk(&mut self) -> Option<Result<Bytes, Error>> {
        poll_fn(|cx| self.poll_chunk(cx)).await
    }

    /// Polls for the next piece; [`chunk`](Self::chunk) for those who write futures and streams by hand.
    pub fn poll_chunk(&mut self, cx: &mut task::Context<'_>) -> Poll<Option<Result<Bytes, Error>>> {
        match &mut self.kind {
            Kind::Full(bytes) => Poll::Ready(take(bytes).map(Ok)),
            Kind::Source(source) => source.poll_chunk(cx),
        }
    }

    /// Returns the trailer fields (RFC 9110 §6.5), once [`chunk`](Self::chunk) or [`bytes`](Self::bytes) have come to the end;
    /// `None` before, and when there are none.
    ///
    /// They are not sent again with a body whose bytes were kept, and [`frame`](Self::frame) hands them out itself.
    #[must_use]
    pub fn trailers(&self) -> Option<&HeaderMap> {
        match &self.kind {
            Kind::Full(_) => None,
            Kind::Source(source) => source.trailers.as_ref(),
        }
    }

    /// Returns the next frame: a piece of data, or the trailer fields as the last.
    ///
    /// # Errors
    ///
    /// What went wrong while reading; nothing comes after an error.
    ///
    /// # Cancel safety
    ///
    /// Safe: nothing is lost when the future is dropped.
    pub async fn frame(&mut self) -> Option<Result<Frame<Bytes>, Error>> {
        poll_fn(|cx| http_body::Body::poll_frame(Pin::new(self), cx)).await
    }
}

impl Default for Body {
    fn default() -> Self {
        Self {
            kind: Kind::Full(Bytes::new()),
        }
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut task::Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        match &mut self.kind {
            Kind::Full(bytes) => Poll::Ready(take(bytes).map(|data| Ok(Frame::data(data)))),
            Kind::Source(source) => source.poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Full(bytes) => bytes.is_empty(),
            Kind::Source(source) => source.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Full(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Kind::Source(source) => source.size_hint(),
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.origin() {
            None | Some(Origin::Bytes(_)) => "bytes",
            Some(Origin::Stream(_)) => "stream",
            Some(Origin::Replayable(_)) => "replayable",
            Some(Origin::Failed(_) | Origin::Interrupted) => "failed",
        };
        f.debug_struct("Body")
            .field("kind", &kind)
            .field("len", &self.len())
            .finish()
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self {
            kind: Kind::Full(bytes),
        }
    }
}

impl From<&'static [u8]> for Body {
    fn from(bytes: &'static [u8]) -> Self {
        Bytes::from_static(bytes).into()
    }
}

impl From<&'static str> for Body {
    fn from(text: &'static str) -> Self {
        text.as_bytes().into()
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        Bytes::from(text).into()
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes::from(bytes).into()
    }
}

#[cfg(test)]
mod tests;
