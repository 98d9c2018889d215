//! [`Socket`], the stream of a WebSocket with what belongs to it, and [`Owned`], which has it alone or for two halves.

use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use super::access::Access;
use super::close::CloseFrame;
use super::closer::Closer;
use super::config::WebSocketConfig;
use super::frame::Role;
use super::handshake::Negotiated;
use super::kept::Place;
use super::signals::{Party, Signals};
use super::stream::{Io, Stream};
use crate::connection::WebSocketStats;

pub(super) struct Socket {
    /// Locked by halves, and by nobody who has all of it. No `.await` holds the lock.
    stream: Mutex<Stream>,
    // Not in the stream: its runtime keeps them, and would so keep the stream.
    signals: Arc<Signals>,
    /// Wakes whoever waits.
    waker: Waker,
    negotiated: Negotiated,
    place: Place,
}

impl Socket {
    fn stream(&mut self) -> &mut Stream {
        let stream = self.stream.get_mut();
        stream.unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, Stream> {
        let stream = self.stream.lock();
        stream.unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn close_frame(&self) -> Option<CloseFrame> {
        self.lock().closed().cloned()
    }

    pub(super) fn buffered_amount(&self) -> usize {
        self.lock().waiting()
    }

    pub(super) fn protocol(&self) -> Option<&str> {
        self.negotiated.protocol()
    }

    pub(super) fn is_compressed(&self) -> bool {
        self.negotiated.deflate().is_some()
    }

    pub(super) fn closer(&self) -> Closer {
        Closer::new(Arc::clone(&self.signals))
    }

    pub(super) fn debug(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(name)
            .field("open", &self.lock().is_open())
            .field("protocol", &self.protocol())
            .field("compressed", &self.is_compressed())
            .finish_non_exhaustive()
    }
}

/// A socket that goes, when this is dropped, to who keeps a place for it.
pub(super) struct Owned {
    socket: Option<Box<Socket>>,
}

/// Why there is always a socket.
const DROPPED: &str = "only a drop takes the socket away";

impl Owned {
    pub(super) fn new(
        role: Role,
        io: Box<dyn Io>,
        config: &WebSocketConfig,
        negotiated: Negotiated,
        read: &[u8],
    ) -> Self {
        let signals = Arc::new(Signals::default());
        let waker = Waker::from(Arc::clone(&signals));
        let stream = Stream::new(role, io, config, &negotiated, read, waker.clone());
        Self::from(Box::new(Socket {
            stream: Mutex::new(stream),
            signals,
            waker,
            negotiated,
            place: Place::default(),
        }))
    }

    pub(super) fn count(&mut self, stats: &WebSocketStats) {
        self.socket().stream().count(stats);
    }

    /// Returns where the socket goes when it is dropped.
    pub(super) fn place(&mut self) -> &mut Place {
        &mut self.socket().place
    }

    fn socket(&mut self) -> &mut Socket {
        self.socket.as_mut().expect(DROPPED)
    }
}

impl Deref for Owned {
    type Target = Socket;

    fn deref(&self) -> &Socket {
        self.socket.as_ref().expect(DROPPED)
    }
}

impl From<Box<Socket>> for Owned {
    fn from(socket: Box<Socket>) -> Self {
        Self {
            socket: Some(socket),
        }
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        if let Some(mut socket) = self.socket.take() {
            std::mem::take(&mut socket.place).put(socket);
        }
    }
}

/// One owner: nobody else can use the stream, so that neither a lock is needed nor anybody to pass on what it has to tell.
impl Access for Owned {
    #[inline]
    fn poll<T>(
        &mut self,
        party: Party,
        cx: &mut Context<'_>,
        poll: impl FnMut(&mut Stream, &mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        let socket = self.socket();
        let waker = cx.waker();
        let stream = socket.stream.get_mut();
        let stream = stream.unwrap_or_else(PoisonError::into_inner);
        stream.turn(&socket.signals, party, waker, waker, poll)
    }

    fn leave(&mut self, frame: &CloseFrame) {
        self.socket().stream().leave(frame);
    }
}

/// One of two halves.
impl Access for Arc<Owned> {
    fn poll<T>(
        &mut self,
        party: Party,
        cx: &mut Context<'_>,
        poll: impl FnMut(&mut Stream, &mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        let mut stream = self.lock();
        let was_over = stream.is_over();
        let polled = stream.turn(&self.signals, party, cx.waker(), &self.waker, poll);
        let ended = stream.is_over() && !was_over;
        drop(stream);
        if ended {
            // Nothing else would tell the other half.
            self.signals.wake_all();
        }
        polled
    }

    fn leave(&mut self, frame: &CloseFrame) {
        self.lock().leave(frame);
        // The other half may wait for a message that will not come.
        self.signals.wake_all();
    }
}
