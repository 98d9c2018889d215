//! What the halves of a WebSocket share: the stream under a lock that no `.await` holds.

use std::fmt;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;

use super::close::{CloseCode, CloseFrame};
use super::closer::Closer;
use super::config::WebSocketConfig;
use super::error::{Error, ErrorKind};
use super::frame::{CONTROL, Role};
use super::handshake::Negotiated;
use super::message::Message;
use super::signals::{Party, Signals};
use super::stream::{Io, Stream};

#[derive(Clone)]
pub(super) struct Shared {
    inner: Arc<Inner>,
    // Not in `inner`: the stream's runtime keeps it, and would so keep the stream.
    signals: Arc<Signals>,
}

struct Inner {
    stream: Mutex<Stream>,
    waker: Waker,
    negotiated: Negotiated,
}

impl Shared {
    pub(super) fn new(
        role: Role,
        io: Box<dyn Io>,
        config: &WebSocketConfig,
        negotiated: &Negotiated,
        read: &[u8],
    ) -> Self {
        let signals = Arc::new(Signals::default());
        Self {
            inner: Arc::new(Inner {
                stream: Mutex::new(Stream::new(role, io, config, negotiated, read)),
                waker: Waker::from(Arc::clone(&signals)),
                negotiated: negotiated.clone(),
            }),
            signals,
        }
    }

    pub(super) async fn receive(&self) -> Result<Option<Message>, Error> {
        self.drive(Party::Reader, |stream, cx| stream.poll_receive(cx))
            .await
    }

    pub(super) async fn send(&self, message: Message) -> Result<(), Error> {
        let end = self.feed(message).await?;
        self.drive(Party::Writer, |stream, cx| stream.poll_written(cx, end))
            .await
    }

    pub(super) async fn feed(&self, message: Message) -> Result<u64, Error> {
        let mut message = Some(message);
        self.drive(Party::Writer, |stream, cx| {
            std::task::ready!(stream.poll_ready(cx))?;
            // Within the same poll, so that a message is either still the caller's or all the stream's.
            Poll::Ready(match message.take() {
                Some(message) => stream.feed(message),
                None => Ok(stream.end()),
            })
        })
        .await
    }

    pub(super) async fn flush(&self) -> Result<(), Error> {
        self.drive(Party::Writer, |stream, cx| {
            let end = stream.end();
            stream.poll_written(cx, end)
        })
        .await
    }

    pub(super) async fn ping(&self, mut payload: Bytes) -> Result<(), Error> {
        payload.truncate(CONTROL);
        self.send(Message::Ping(payload)).await
    }

    pub(super) async fn close(&self, frame: CloseFrame) -> Result<(), Error> {
        if !frame.code().can_be_sent() && frame.code() != CloseCode::NO_STATUS {
            return Err(Error::new(ErrorKind::InvalidCloseCode));
        }
        self.lock().leave(&frame);
        // The other half may wait for a message that will not come.
        self.signals.wake_all();
        self.drive(Party::Writer, |stream, cx| stream.poll_close(cx))
            .await
    }

    pub(super) fn close_frame(&self) -> Option<CloseFrame> {
        self.lock().closed().cloned()
    }

    /// Tells whether nobody else shares the stream.
    pub(super) fn is_alone(&self) -> bool {
        Arc::strong_count(&self.inner) == 1
    }

    pub(super) fn is_open(&self) -> bool {
        self.lock().is_open()
    }

    pub(super) fn buffered_amount(&self) -> usize {
        self.lock().waiting()
    }

    pub(super) fn protocol(&self) -> Option<&str> {
        self.inner.negotiated.protocol()
    }

    pub(super) fn is_compressed(&self) -> bool {
        self.inner.negotiated.deflate().is_some()
    }

    pub(super) fn closer(&self) -> Closer {
        Closer::new(Arc::clone(&self.signals))
    }

    /// Polls the stream until it is ready, and does first what a closer asked for.
    async fn drive<T>(
        &self,
        party: Party,
        mut poll: impl FnMut(&mut Stream, &mut Context<'_>) -> Poll<T>,
    ) -> T {
        poll_fn(|cx| {
            // Before the stream is looked at, so that nothing happens unnoticed in between.
            self.signals.register(party, cx.waker());
            let mut stream = self.lock();
            if let Some(frame) = self.signals.asked() {
                stream.leave(&frame);
            }
            let was_over = stream.is_over();
            let result = poll(&mut stream, &mut Context::from_waker(&self.inner.waker));
            if stream.is_over() && !was_over {
                drop(stream);
                // Nothing else would tell the other half.
                self.signals.wake_all();
            }
            result
        })
        .await
    }

    pub(super) fn debug(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(name)
            .field("open", &self.is_open())
            .field("protocol", &self.protocol())
            .field("compressed", &self.is_compressed())
            .finish_non_exhaustive()
    }

    fn lock(&self) -> MutexGuard<'_, Stream> {
        let stream = self.inner.stream.lock();
        stream.unwrap_or_else(PoisonError::into_inner)
    }
}
