//! The socket of a mock server.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::board::Board;

/// A socket that accepts until it is dropped.
pub(super) struct Listening {
    addr: SocketAddr,
    accepting: JoinHandle<()>,
}

impl Listening {
    pub(super) async fn start(board: Arc<Board>) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        Ok(Self {
            addr: listener.local_addr()?,
            accepting: tokio::spawn(accept(listener, board)),
        })
    }

    pub(super) fn addr(&self) -> SocketAddr {
        self.addr
    }
}

async fn accept(listener: TcpListener, board: Arc<Board>) {
    loop {
        match listener.accept().await {
            Ok((socket, _peer)) => board.serve(socket),
            // Too many open files, for example: it may pass, and must not spin.
            Err(_error) => sleep(Duration::from_millis(10)).await,
        }
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}
