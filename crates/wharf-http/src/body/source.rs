//! [`Source`], where the bytes of a body come from when they are not just there.

use std::future::poll_fn;
use std::mem;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{self, Poll, ready};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body as _, Frame, SizeHint};

use super::replay::Replayable;
use super::{Error, ErrorKind, Kind};

type BoxedStream = Pin<Box<dyn http_body::Body<Data = Bytes, Error = Error> + Send>>;

pub(super) struct Source {
    pub(super) origin: Origin,
    /// The trailer fields that a reader of data has passed.
    pub(super) trailers: Option<HeaderMap>,
}

pub(super) enum Origin {
    /// What was read and kept, beside trailer fields; or nothing any more.
    Bytes(Bytes),
    /// The mutex is never locked: `get_mut` reaches the stream, and the type becomes `Sync`.
    Stream(Mutex<BoxedStream>),
    /// Nothing of it was read yet, so that it can be made anew.
    Replayable(Replayable),
    /// Reading failed: every later read says so again.
    Failed(Error),
    /// It was taken out to be read as a whole, and that was cancelled half way.
    Interrupted,
}

impl Source {
    pub(super) async fn collect(&mut self, limit: Option<usize>) -> Result<Bytes, Error> {
        let Some(first) = self.chunk().await.transpose()? else {
            return Ok(Bytes::new());
        };
        within(limit, first.len() as u64)?;
        let Some(second) = self.chunk().await.transpose()? else {
            return Ok(first);
        };
        let mut all = Vec::with_capacity(first.len() + second.len());
        all.extend_from_slice(&first);
        drop(first);
        let mut next = Some(second);
        while let Some(piece) = next {
            let length = all.len() + piece.len();
            within(limit, length as u64)?;
            if all.capacity() < length {
                // Twice as much each time, but never more than the limit: it bounds the memory, not the length alone.
                let wanted = limit.map_or(2 * length, |limit| limit.min(2 * length));
                all.reserve_exact(wanted - all.len());
            }
            all.extend_from_slice(&piece);
            drop(piece);
            next = self.chunk().await.transpose()?;
        }
        Ok(all.into())
    }

    pub(super) async fn chunk(&mut self) -> Option<Result<Bytes, Error>> {
        poll_fn(|cx| self.poll_chunk(cx)).await
    }

    pub(super) fn poll_chunk(
        &mut self,
        cx: &mut task::Context<'_>,
    ) -> Poll<Option<Result<Bytes, Error>>> {
        loop {
            match ready!(self.poll_frame(cx)) {
                None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) if data.is_empty() => {}
                    Ok(data) => return Poll::Ready(Some(Ok(data))),
                    Err(frame) => self.trailers = frame.into_trailers().ok(),
                },
            }
        }
    }

    pub(super) fn poll_frame(
        &mut self,
        cx: &mut task::Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        loop {
            match &mut self.origin {
                Origin::Bytes(bytes) => {
                    return Poll::Ready(take(bytes).map(|data| Ok(Frame::data(data))));
                }
                Origin::Stream(stream) => {
                    let stream = stream.get_mut().unwrap_or_else(PoisonError::into_inner);
                    let frame = ready!(stream.as_mut().poll_frame(cx));
                    match &frame {
                        Some(Ok(_)) => {}
                        Some(Err(error)) => self.origin = Origin::Failed(error.clone()),
                        None => self.origin = Origin::Bytes(Bytes::new()),
                    }
                    return Poll::Ready(frame);
                }
                Origin::Replayable(replayable) => match replayable.take().kind {
                    Kind::Full(bytes) => self.origin = Origin::Bytes(bytes),
                    Kind::Source(source) => self.origin = source.origin,
                },
                Origin::Failed(error) => return Poll::Ready(Some(Err(error.clone()))),
                Origin::Interrupted => return Poll::Ready(Some(Err(interrupted()))),
            }
        }
    }

    pub(super) fn is_end_stream(&self) -> bool {
        match &self.origin {
            Origin::Bytes(bytes) => bytes.is_empty(),
            Origin::Stream(stream) => peek(stream, |stream| stream.is_end_stream()),
            Origin::Replayable(replayable) => replayable.body().is_end_stream(),
            Origin::Failed(_) | Origin::Interrupted => false,
        }
    }

    pub(super) fn size_hint(&self) -> SizeHint {
        match &self.origin {
            Origin::Bytes(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Origin::Stream(stream) => peek(stream, |stream| stream.size_hint()),
            Origin::Replayable(replayable) => replayable.body().size_hint(),
            Origin::Failed(_) | Origin::Interrupted => SizeHint::default(),
        }
    }
}

/// Takes all bytes; `None` when there are none.
pub(super) fn take(bytes: &mut Bytes) -> Option<Bytes> {
    (!bytes.is_empty()).then(|| mem::take(bytes))
}

pub(super) fn within(limit: Option<usize>, length: u64) -> Result<(), Error> {
    match limit {
        Some(limit) if length > limit as u64 => Err(Error::new(ErrorKind::TooLarge { limit })),
        _ => Ok(()),
    }
}

/// Looks at a stream through `&self`; the lock is free, since `&mut self` goes past it.
fn peek<T>(stream: &Mutex<BoxedStream>, look: impl FnOnce(&BoxedStream) -> T) -> T {
    look(&stream.lock().unwrap_or_else(PoisonError::into_inner))
}

pub(super) fn interrupted() -> Error {
    Error::new(ErrorKind::Other).because("an earlier read of this body was cancelled")
}
