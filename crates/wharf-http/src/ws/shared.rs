//! What the halves of a WebSocket share: the stream under a lock that no `.await` holds.

use std::fmt;
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

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
    /// Wakes whoever waits.
    waker: Waker,
    /// Whether two tasks may wait at the same time.
    halves: AtomicBool,
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
        let waker = Waker::from(Arc::clone(&signals));
        let stream = Stream::new(role, io, config, negotiated, read, waker.clone());
        Self {
            inner: Arc::new(Inner {
                stream: Mutex::new(stream),
                waker,
                halves: AtomicBool::new(false),
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
        let mut message = Some(message);
        let mut end = 0;
        self.drive(Party::Writer, |stream, cx| {
            if message.is_some() {
                end = ready!(stream.poll_feed(cx, &mut message))?;
            }
            stream.poll_written(cx, end)
        })
        .await
    }

    pub(super) async fn feed(&self, message: Message) -> Result<(), Error> {
        let mut message = Some(message);
        self.drive(Party::Writer, |stream, cx| {
            stream
                .poll_feed(cx, &mut message)
                .map(|fed| fed.map(|_| ()))
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

    /// Prepares for two tasks that use the stream at the same time.
    pub(super) fn split(&self) {
        // Whoever gets the other half gets to know this with it.
        self.inner.halves.store(true, Ordering::Relaxed);
    }

    /// Polls the stream until it is ready, and does first what a closer asked for.
    async fn drive<T>(
        &self,
        party: Party,
        mut poll: impl FnMut(&mut Stream, &mut Context<'_>) -> Poll<T>,
    ) -> T {
        poll_fn(|cx| {
            loop {
                let rung = self.signals.rung();
                let mut stream = self.lock();
                stream.rung = rung;
                let was_over = stream.is_over();
                if let Some(frame) = self.signals.asked() {
                    stream.leave(&frame);
                }
                // One task alone needs nobody to pass on to it what the stream has to tell.
                let waker = match self.inner.halves.load(Ordering::Relaxed) {
                    false => cx.waker(),
                    true => &self.inner.waker,
                };
                let result = poll(&mut stream, &mut Context::from_waker(waker));
                if result.is_pending() {
                    let registered = &mut stream.registered;
                    match self.signals.register(registered, party, cx.waker(), rung) {
                        true => return Poll::Pending,
                        false => continue,
                    }
                }
                let ended = stream.is_over() && !was_over;
                drop(stream);
                if ended {
                    // Nothing else would tell the other half.
                    self.signals.wake_all();
                }
                return result;
            }
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
