//! Bytes as they are on the wire.

mod reply;

pub use reply::RawReply;

use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

use crate::fail;

/// How long an answer may take, longer than any time limit that a server has by default.
const LIMIT: Duration = Duration::from_secs(100);

/// A connection on which a test reads and writes bytes as it likes.
///
/// # Examples
///
/// ```
/// # use wharf_http::{Body, Context, Request, Response, service::service_fn};
/// # use wharf_test::TestClient;
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// # let app = service_fn(|_: Request, _: Context| async { Response::new(Body::from("hi")) });
/// # let client = TestClient::new(app).await;
/// let mut connection = client.connect();
/// connection.send("GET /1 HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
/// connection.send("GET /2 HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
/// assert_eq!(connection.reply().await.status_line(), "HTTP/1.1 200 OK");
/// assert_eq!(connection.reply().await.body(), b"hi");
/// # });
/// ```
pub struct RawConnection {
    incoming: Incoming,
    writer: Box<dyn AsyncWrite + Send + Unpin>,
}

/// The receiving side of a connection.
struct Incoming {
    reader: Box<dyn AsyncRead + Send + Unpin>,
    received: BytesMut,
    ended: bool,
}

impl RawConnection {
    pub(crate) fn new(io: impl AsyncRead + AsyncWrite + Send + 'static) -> Self {
        let (reader, writer) = tokio::io::split(io);
        Self {
            incoming: Incoming {
                reader: Box::new(reader),
                received: BytesMut::new(),
                ended: false,
            },
            writer: Box::new(writer),
        }
    }

    /// Sends `bytes`; the test goes on when the peer has room for all of them.
    ///
    /// A peer that no longer reads is not an error: what it sent before can still be read.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        send(&mut self.writer, bytes.as_ref()).await;
    }

    /// Closes the sending side; answers can still be read. To a server, a client that does so has left.
    pub async fn half_close(&mut self) {
        let _gone_already = self.writer.shutdown().await;
    }

    /// Reads one answer: to the end of its body, or of the connection where that comes first.
    ///
    /// Interim answers (1xx) are read over; they are part of [`RawReply::bytes`].
    ///
    /// # Panics
    ///
    /// Panics when the answer does not end within 100 seconds, showing what has come of it.
    ///
    /// # Cancel safety
    ///
    /// Safe: what was read is kept for the next call.
    pub async fn reply(&mut self) -> RawReply {
        self.incoming.reply(true).await
    }

    /// Reads one answer to a `HEAD` request, which ends with its head whatever length the head tells.
    ///
    /// # Panics
    ///
    /// Panics when the answer does not end within 100 seconds, showing what has come of it.
    ///
    /// # Cancel safety
    ///
    /// Safe: what was read is kept for the next call.
    pub async fn reply_to_head(&mut self) -> RawReply {
        self.incoming.reply(false).await
    }

    /// Reads everything up to the end of the connection.
    ///
    /// # Panics
    ///
    /// Panics when the connection does not end within 100 seconds, showing what has come.
    ///
    /// # Cancel safety
    ///
    /// Safe: what was read is kept for the next call.
    pub async fn rest(&mut self) -> Bytes {
        self.incoming.rest().await
    }

    /// Sends one request and reads the answer to it, both at once: a peer may answer before it has read everything.
    pub(crate) async fn exchange(self, bytes: &[u8]) -> RawReply {
        let Self {
            mut incoming,
            mut writer,
        } = self;
        let mut sending = pin!(send(&mut writer, bytes));
        let mut sent = false;
        let mut reading = pin!(incoming.reply(!bytes.starts_with(b"HEAD ")));
        poll_fn(|cx| {
            sent = sent || sending.as_mut().poll(cx).is_ready();
            reading.as_mut().poll(cx)
        })
        .await
    }
}

async fn send(writer: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) {
    // A peer that has gone is noticed when its answer is read.
    if writer.write_all(bytes).await.is_ok() {
        let _gone = writer.flush().await;
    }
}

impl Incoming {
    async fn reply(&mut self, with_body: bool) -> RawReply {
        let read = async {
            loop {
                if let Some((mut reply, length)) =
                    RawReply::parse(&self.received, with_body, self.ended)
                {
                    reply.keep(self.received.split_to(length).freeze());
                    break reply;
                }
                self.read().await;
            }
        };
        match timeout(LIMIT, read).await {
            Ok(reply) => reply,
            Err(_elapsed) => self.fail("no whole answer"),
        }
    }

    async fn rest(&mut self) -> Bytes {
        let read = async {
            while !self.ended {
                self.read().await;
            }
        };
        match timeout(LIMIT, read).await {
            Ok(()) => self.received.split().freeze(),
            Err(_elapsed) => self.fail("no end of the connection"),
        }
    }

    async fn read(&mut self) {
        // A connection that was reset has ended, too.
        let count = self.reader.read_buf(&mut self.received).await;
        self.ended = matches!(count, Ok(0) | Err(_));
    }

    fn fail(&self, what: &str) -> ! {
        let received = self.received.escape_ascii();
        fail(&format!("{what} within {LIMIT:?}, only \"{received}\""))
    }
}

impl fmt::Debug for RawConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawConnection")
            .field("received", &self.incoming.received)
            .field("ended", &self.incoming.ended)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
