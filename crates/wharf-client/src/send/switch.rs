//! Requests that ask to go on in another protocol, and the connections of those that may.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use hyper::body::Incoming;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use wharf_http::signal::TaskGuard;
use wharf_http::{BoxFuture, Request, Signal};

use super::Scope;
use crate::conn::Driver;
use crate::pool::Lease;
use crate::{Error, ErrorKind};

/// Marks a request that asks to go on in another protocol, by its name in `upgrade` (RFC 9110 §7.8) and `:protocol` (RFC 8441 §4).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Switching(
    #[cfg_attr(
        not(feature = "http2"),
        expect(dead_code, reason = "HTTP/1.1 has it in a field")
    )]
    pub(crate) &'static str,
);

impl Switching {
    pub(crate) fn is_in(request: &Request) -> bool {
        request.extensions().get::<Self>().is_some()
    }

    /// Gives a request the form that asks for another protocol over HTTP/2 (RFC 8441 §4).
    #[cfg(feature = "http2")]
    pub(super) fn for_http2(request: &mut Request) {
        let Some(Self(protocol)) = request.extensions().get().copied() else {
            return;
        };
        *request.method_mut() = http::Method::CONNECT;
        let protocol = hyper::ext::Protocol::from_static(protocol);
        request.extensions_mut().insert(protocol);
        // RFC 8441 §5: nobody is asked to prove that it has understood.
        request
            .headers_mut()
            .remove(http::header::SEC_WEBSOCKET_KEY);
    }
}

/// Tells whether the peer goes on in the protocol that it was asked for.
pub(super) fn is_agreed(response: &http::Response<Incoming>) -> bool {
    let status = response.status();
    status == http::StatusCode::SWITCHING_PROTOCOLS
        || response.version() == http::Version::HTTP_2 && status.is_success()
}

/// What a response brings whose connection goes on in another protocol. Clones share it.
#[derive(Clone)]
pub(crate) struct Switched {
    inner: Arc<Mutex<Option<(OnUpgrade, Lease)>>>,
    driver: Driver,
}

impl Switched {
    pub(super) fn new(
        response: &mut http::Response<Incoming>,
        lease: Lease,
        scope: &Scope,
    ) -> Self {
        let upgrade = hyper::upgrade::on(response);
        Self {
            inner: Arc::new(Mutex::new(Some((upgrade, lease)))),
            driver: scope.client.driver.clone(),
        }
    }

    /// Waits until the connection can be had; it can be once.
    pub(crate) async fn open(self) -> Result<Tunnel, Error> {
        let taken = {
            let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
            inner.take()
        };
        let gone = || Error::new(ErrorKind::Upgrade).because("somebody else has its connection");
        let (upgrade, lease) = taken.ok_or_else(gone)?;
        let upgraded = self.driver.unless_closed(async {
            let failed = |error| Error::new(ErrorKind::Disconnected).because(error);
            upgrade.await.map_err(failed)
        });
        let upgraded = upgraded.await?;
        let closing = self.driver.closing().clone();
        Ok(Tunnel {
            open: Some(Open {
                io: TokioIo::new(upgraded),
                _lease: lease,
                _guard: self.driver.enter(),
            }),
            reading: closed(closing.clone()),
            writing: closed(closing),
        })
    }
}

impl fmt::Debug for Switched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Switched").finish_non_exhaustive()
    }
}

/// A connection, or a stream of one, that speaks another protocol. It has its place in the pool until it is dropped.
pub(crate) struct Tunnel {
    open: Option<Open>,
    /// The end of the client, for each of two tasks.
    reading: BoxFuture<'static, ()>,
    writing: BoxFuture<'static, ()>,
}

fn closed(closing: Signal) -> BoxFuture<'static, ()> {
    Box::pin(async move { closing.fired().await })
}

#[derive(Clone, Copy)]
enum Side {
    Read,
    Write,
}

/// Dropped in this order: the place must not be taken while the connection is open.
struct Open {
    io: TokioIo<Upgraded>,
    _lease: Lease,
    _guard: TaskGuard,
}

impl Tunnel {
    /// Does something with the connection, unless the client was closed.
    fn with<T>(
        &mut self,
        side: Side,
        cx: &mut Context<'_>,
        act: impl FnOnce(Pin<&mut TokioIo<Upgraded>>, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        let closed = || io::Error::new(io::ErrorKind::ConnectionAborted, "the client is closed");
        let Some(open) = &mut self.open else {
            return Poll::Ready(Err(closed()));
        };
        if let Poll::Ready(result) = act(Pin::new(&mut open.io), cx) {
            return Poll::Ready(result);
        }
        let closing = match side {
            Side::Read => &mut self.reading,
            Side::Write => &mut self.writing,
        };
        ready!(closing.as_mut().poll(cx));
        self.open = None;
        Poll::Ready(Err(closed()))
    }
}

impl AsyncRead for Tunnel {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.with(Side::Read, cx, |io, cx| io.poll_read(cx, buf))
    }
}

impl AsyncWrite for Tunnel {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.with(Side::Write, cx, |io, cx| io.poll_write(cx, buf))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.with(Side::Write, cx, |io, cx| io.poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        let open = self.open.as_ref();
        open.is_some_and(|open| open.io.is_write_vectored())
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.with(Side::Write, cx, |io, cx| io.poll_flush(cx))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.with(Side::Write, cx, |io, cx| io.poll_shutdown(cx))
    }
}

impl fmt::Debug for Tunnel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tunnel").finish_non_exhaustive()
    }
}
