//! What a reader and the parts that it gave out share: the body and where they are in it.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body as HttpBody, Frame};

use crate::Body;
use crate::body;
use crate::multipart::error::PartName;
use crate::multipart::parse::{Event, Parser};
use crate::multipart::{Error, ErrorKind, Limits};

/// A body that is taken apart.
pub(super) struct Source {
    body: Body,
    parser: Parser,
    limits: Limits,
    received: u64,
    /// The number of the part that is read, counted from 1.
    current: usize,
    /// Whether the current part has ended.
    ended: bool,
    /// Whether the current part was left before its end.
    left: bool,
    /// How many bytes of the current part have come.
    part_received: u64,
    failed: Option<Error>,
    /// Whoever waits for a piece of the current part.
    waiting: Option<Waker>,
}

/// The lock is held while polling alone, and nearly always by the only task that has anything to do with the body.
#[derive(Clone)]
pub(super) struct Shared(Arc<Mutex<Source>>);

impl Shared {
    pub(super) fn new(body: Body, parser: Parser, limits: Limits) -> Self {
        Self(Arc::new(Mutex::new(Source {
            body,
            parser,
            limits,
            received: 0,
            current: 0,
            ended: true,
            left: false,
            part_received: 0,
            failed: None,
            waiting: None,
        })))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Source> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Source {
    pub(super) fn set_limits(&mut self, limits: Limits) {
        self.parser.set_limits(&limits);
        self.limits = limits;
    }

    /// Goes on to the next part, passing over what is left of the current one. The head is that of part `current`.
    pub(super) fn poll_head(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<HeaderMap>, Error>> {
        self.left |= !self.ended;
        // Who still waits for a piece of the current part is told that it is over.
        if let Some(waiting) = self.waiting.take() {
            waiting.wake();
        }
        loop {
            match ready!(self.poll_event(cx))? {
                Event::Head(head) => {
                    if let Some(limit) = self.limits.parts
                        && self.current >= limit
                    {
                        return Poll::Ready(Err(
                            self.fail(Error::new(ErrorKind::TooManyParts { limit }))
                        ));
                    }
                    self.current += 1;
                    self.ended = false;
                    self.left = false;
                    self.part_received = 0;
                    return Poll::Ready(Ok(Some(head)));
                }
                Event::End => return Poll::Ready(Ok(None)),
                Event::Data(_) | Event::PartEnd | Event::Hungry => {}
            }
        }
    }

    pub(super) fn current(&self) -> usize {
        self.current
    }

    fn poll_data(
        &mut self,
        cx: &mut Context<'_>,
        part: &Content,
    ) -> Poll<Option<Result<Bytes, Error>>> {
        if part.read {
            return Poll::Ready(None);
        }
        if self.current != part.number || self.left {
            let over = Error::new(ErrorKind::PassedOver).of(&part.name);
            return Poll::Ready(Some(Err(over)));
        }
        let Poll::Ready(event) = self.poll_event(cx) else {
            self.waiting = Some(cx.waker().clone());
            return Poll::Pending;
        };
        Poll::Ready(match event {
            Ok(Event::Data(piece)) => Some(Ok(piece)),
            Ok(_) => None,
            Err(error) => {
                let error = error.of(&part.name);
                self.failed = Some(error.clone());
                Some(Err(error))
            }
        })
    }

    /// Returns the next event that is not for want of bytes.
    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Result<Event, Error>> {
        if let Some(error) = &self.failed {
            return Poll::Ready(Err(error.clone()));
        }
        loop {
            let event = match self.parser.next() {
                Ok(Event::Hungry) => match ready!(self.body.poll_chunk(cx)) {
                    Some(Ok(piece)) => {
                        self.received = self.received.saturating_add(piece.len() as u64);
                        match self.limits.total_bytes {
                            Some(limit) if self.received > limit => {
                                Err(Error::new(ErrorKind::TooLarge { limit }))
                            }
                            _ => {
                                self.parser.feed(piece);
                                continue;
                            }
                        }
                    }
                    Some(Err(error)) => Err(Error::from_body(error)),
                    None => {
                        self.parser.end();
                        continue;
                    }
                },
                Ok(Event::Data(piece)) => {
                    self.part_received = self.part_received.saturating_add(piece.len() as u64);
                    match self.limits.part_bytes {
                        Some(limit) if self.part_received > limit => {
                            Err(Error::new(ErrorKind::PartTooLarge { limit }))
                        }
                        _ => Ok(Event::Data(piece)),
                    }
                }
                Ok(event) => {
                    self.ended |= matches!(event, Event::PartEnd);
                    Ok(event)
                }
                Err(error) => Err(error),
            };
            return Poll::Ready(event.map_err(|error| self.fail(error)));
        }
    }

    /// Keeps an error: nothing can be read after it.
    fn fail(&mut self, error: Error) -> Error {
        self.failed = Some(error.clone());
        error
    }
}

/// The content of one part, as a body.
pub(super) struct Content {
    shared: Shared,
    number: usize,
    name: PartName,
    /// Read to its end.
    read: bool,
}

impl Content {
    pub(super) fn new(shared: Shared, number: usize, name: PartName) -> Self {
        Self {
            shared,
            number,
            name,
            read: false,
        }
    }
}

impl HttpBody for Content {
    type Data = Bytes;
    type Error = body::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, body::Error>>> {
        let shared = self.shared.clone();
        let piece = ready!(shared.lock().poll_data(cx, &self));
        Poll::Ready(match piece {
            Some(Ok(piece)) => Some(Ok(Frame::data(piece))),
            Some(Err(error)) => Some(Err(error.into_body())),
            None => {
                self.read = true;
                None
            }
        })
    }
}
