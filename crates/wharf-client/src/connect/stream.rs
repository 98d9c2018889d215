//! Any stream of bytes, behind one type.

use std::fmt;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A stream of bytes in both directions, as a [`Connector`](super::Connector) opens it.
pub struct Stream {
    io: Pin<Box<dyn Io>>,
    probe: Option<Probe>,
    peer: Option<SocketAddr>,
    is_secure: bool,
}

trait Io: AsyncRead + AsyncWrite + Send {}

impl<T: AsyncRead + AsyncWrite + Send> Io for T {}

/// Tells, without waiting, whether nothing was received since the last answer: neither bytes nor the end.
pub(crate) type Probe = Box<dyn Fn() -> bool + Send + Sync>;

impl Stream {
    /// Wraps any stream.
    #[must_use]
    pub fn new(io: impl AsyncRead + AsyncWrite + Send + 'static) -> Self {
        Self {
            io: Box::pin(io),
            probe: None,
            peer: None,
            is_secure: false,
        }
    }

    /// Tells the address of the other end, as [`Response::peer_addr`](crate::Response::peer_addr) shows it.
    #[must_use]
    pub fn with_peer_addr(mut self, peer: SocketAddr) -> Self {
        self.peer = Some(peer);
        self
    }

    /// Returns the address of the other end if it was told.
    #[must_use]
    pub fn peer_addr(&self) -> Option<SocketAddr> {
        self.peer
    }

    /// Says that the stream is secure as it is, so that a client asks for no TLS over it for `https` URLs.
    ///
    /// For connectors that have agreed on TLS themselves, and for streams that do not leave the process, as in tests. Whose
    /// certificate it was, and whether there was any, is nobody's concern then.
    ///
    /// Default: it is not, so that `https` always means TLS.
    #[must_use]
    pub fn dangerous_already_secure(mut self) -> Self {
        self.is_secure = true;
        self
    }

    /// Tells whether the stream was said to be [secure as it is](Self::dangerous_already_secure).
    #[must_use]
    pub fn is_already_secure(&self) -> bool {
        self.is_secure
    }

    /// Adds a way to find out whether the stream is still quiet before it is used again.
    pub(crate) fn with_probe(mut self, probe: Probe) -> Self {
        self.probe = Some(probe);
        self
    }

    pub(crate) fn take_probe(&mut self) -> Option<Probe> {
        self.probe.take()
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.io.as_mut().poll_read(cx, buf)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.io.as_mut().poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.io.as_mut().poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io.as_mut().poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io.as_mut().poll_shutdown(cx)
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream").finish_non_exhaustive()
    }
}

#[cfg(all(test, feature = "tls"))]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
    use wharf_http::BoxError;

    use super::*;
    use crate::connect::Target;
    use crate::tls::TlsConfig;
    use crate::{Client, Connector, ErrorKind};

    /// A peer that answers whatever comes in plain text.
    struct Plain {
        is_secure: bool,
    }

    impl Connector for Plain {
        async fn connect(&self, target: Target) -> Result<Stream, BoxError> {
            assert_eq!(target.port(), 443);
            let (near, mut far) = duplex(1024);
            tokio::spawn(async move {
                let _head = far.read(&mut [0; 1024]).await?;
                let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi";
                far.write_all(answer).await
            });
            let stream = Stream::new(near);
            Ok(match self.is_secure {
                true => stream.dangerous_already_secure(),
                false => stream,
            })
        }
    }

    #[tokio::test]
    async fn no_tls_is_asked_for_over_a_stream_that_is_secure_already() {
        let client = |is_secure| {
            // Without the roots of the system, which may be missing.
            let tls = TlsConfig::new().dangerous_accept_any_certificate();
            let client = Client::builder().connector(Plain { is_secure });
            client.tls(tls).build().unwrap()
        };
        let response = client(true).get("https://quay.test/").send().await;
        let mut response = response.unwrap();
        assert_eq!(response.text().await.unwrap(), "hi");
        assert!(response.tls().is_none());

        let error = client(false).get("https://quay.test/").send().await;
        assert_eq!(error.unwrap_err().kind(), ErrorKind::Tls);
    }
}
