//! Plain sockets as clients: bytes out, text in.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, ToSocketAddrs};
use tokio::time::timeout;

/// Longer than anything here takes; a test that waits for it has failed.
const PATIENCE: Duration = Duration::from_secs(20);

/// One connection.
pub(crate) struct Raw<IO = TcpStream> {
    io: IO,
    unread: String,
}

impl Raw {
    pub(crate) async fn connect(addr: impl ToSocketAddrs) -> Self {
        Self::over(TcpStream::connect(addr).await.expect("the server listens"))
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Raw<IO> {
    pub(crate) fn over(io: IO) -> Self {
        Self {
            io,
            unread: String::new(),
        }
    }

    pub(crate) async fn send(&mut self, bytes: &str) -> &mut Self {
        self.io
            .write_all(bytes.as_bytes())
            .await
            .expect("the server reads");
        self
    }

    pub(crate) async fn get(&mut self, path: &str) -> &mut Self {
        self.send(&format!("GET {path} HTTP/1.1\r\nHost: quay.test\r\n\r\n"))
            .await
    }

    /// Reads up to and with `end`, and returns it all.
    pub(crate) async fn until(&mut self, end: &str) -> String {
        loop {
            if let Some(at) = self.unread.find(end) {
                let rest = self.unread.split_off(at + end.len());
                return std::mem::replace(&mut self.unread, rest);
            }
            let mut piece = vec![0; 4096];
            let read = timeout(PATIENCE, self.io.read(&mut piece))
                .await
                .unwrap_or_else(|_| panic!("no `{end}` after `{}`", self.unread))
                .expect("the server answers");
            assert_ne!(
                read, 0,
                "the end instead of `{end}` after `{}`",
                self.unread
            );
            piece.truncate(read);
            self.unread += &String::from_utf8(piece).expect("the tests speak text");
        }
    }

    /// Reads to the end and returns it all; a reset counts as the end.
    pub(crate) async fn rest(&mut self) -> String {
        let mut rest = Vec::new();
        let _reset = timeout(PATIENCE, self.io.read_to_end(&mut rest))
            .await
            .unwrap_or_else(|_| panic!("no end after `{}`", self.unread));
        let rest = String::from_utf8(rest).expect("the tests speak text");
        std::mem::take(&mut self.unread) + &rest
    }
}
