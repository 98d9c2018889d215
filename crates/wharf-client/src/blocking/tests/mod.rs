use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::Client;
use crate::{ClientBuilder, ErrorKind, Phase, Timeouts};

mod bodies;
mod calls;
mod names;
mod runtimes;

/// The far end of one connection.
struct Peer(TcpStream);

impl Peer {
    /// Reads a request head, byte by byte so that nothing of the body is taken; empty when the client has gone.
    fn head(&mut self) -> String {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            match self.0.read(&mut byte) {
                Ok(1) => head.push(byte[0]),
                _ => break,
            }
        }
        String::from_utf8(head).unwrap()
    }

    fn write(&mut self, text: impl AsRef<[u8]>) {
        self.0.write_all(text.as_ref()).unwrap();
    }

    fn read(&mut self, count: usize) -> String {
        let mut bytes = vec![0; count];
        self.0.read_exact(&mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    /// Waits until the client has closed its end.
    fn closed(&mut self) -> bool {
        matches!(self.0.read(&mut [0]), Ok(0) | Err(_))
    }
}

/// Starts a server that gives each connection a thread, and returns its URL.
fn server(serve: impl Fn(Peer) + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let serve = Arc::new(serve);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let serve = Arc::clone(&serve);
            thread::spawn(move || serve(Peer(stream.unwrap())));
        }
    });
    url
}

/// Starts a server that answers each request with `hi`.
fn greeter() -> String {
    server(|mut peer| {
        while !peer.head().is_empty() {
            peer.write(OK);
        }
    })
}

/// Starts a server that reads all and answers nothing.
fn silent() -> String {
    server(|mut peer| while !peer.closed() {})
}

fn client(url: &str) -> Client {
    with(url, |builder| builder)
}

fn with(url: &str, change: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Client {
    change(Client::builder().base(url))
        .build_blocking()
        .unwrap()
}

/// Returns how many connections the client has opened.
fn opened(client: &Client) -> u64 {
    let stats = client.stats();
    stats.hosts().iter().map(|host| host.created()).sum()
}

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi";
