//! A server of a few lines, for the tests of programs that ask one. The examples' `tests/run.rs` take this file in by its path.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

/// Starts a server that ends with the test program, and returns where it listens.
///
/// `open` makes of a connection what is read from and written to. `answer` gets a request, head and body, and returns the bytes of
/// the response; with none, and after a response that says `connection: close`, the connection is closed.
pub(crate) fn start<S: Read + Write>(
    open: impl Fn(TcpStream) -> S + Send + Sync + 'static,
    answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static,
) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let parts = Arc::new((open, answer));
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (stream, parts) = (stream.unwrap(), Arc::clone(&parts));
            thread::spawn(move || serve((parts.0)(stream), &parts.1));
        }
    });
    address
}

fn serve(mut stream: impl Read + Write, answer: &impl Fn(&str) -> Vec<u8>) {
    while let Some(request) = read(&mut stream) {
        let bytes = answer(&request);
        let head = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        let head = String::from_utf8_lossy(&bytes[..head.unwrap_or_default()]);
        // A client may leave at any time.
        let sent = stream.write_all(&bytes).and_then(|()| stream.flush());
        if sent.is_err() || bytes.is_empty() || head.contains("connection: close") {
            return;
        }
    }
}

/// Reads a request; `None` when there is none any more.
fn read(stream: &mut impl Read) -> Option<String> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).ok()?;
        request.push(byte[0]);
    }
    let head = String::from_utf8(request).unwrap();
    let length = field(&head, "content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    Some(head + &String::from_utf8(body).unwrap())
}

/// Returns the value of a header field of a request.
pub(crate) fn field<'r>(request: &'r str, name: &str) -> Option<&'r str> {
    let mut lines = request.lines().take_while(|line| !line.is_empty());
    lines.find_map(|line| {
        let (found, value) = line.split_once(": ")?;
        found.eq_ignore_ascii_case(name).then_some(value)
    })
}

/// Makes a response; `fields` are whole lines.
pub(crate) fn response(status: &str, fields: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{fields}content-length: {length}\r\n\r\n{body}").into_bytes()
}
