//! The client for programs without a runtime: every call waits for its end.
//!
//! ~~~text
//! caller's thread                        thread `wharf-client`
//! send() ── request ───────────────────▶ runtime: pool, connections, timers
//!   sleeps                                  │
//!   wakes ◀─ response, or an error ─────────┘
//! ~~~
//!
//! [`Client`] has a thread with a runtime of its own, on which all that the [asynchronous client](crate::Client) does goes on;
//! the caller's thread only waits. Settings, defaults and errors are the same, time limits included.
//!
//! It can be called anywhere, inside an asynchronous runtime too: that never panics, but blocks the thread of the runtime, and
//! with it whatever else that thread has to do. The thread of a runtime that is to answer the call itself would wait for ever
//! without a time limit; there, and in asynchronous code at large, the asynchronous client is the better one.
//!
//! # Layout
//!
//! - [`Client`] and [`RequestBuilder`] make a request; [`response`] reads what came back; `Download` (feature `fs`) makes it a
//!   file.
//! - private: `background`, the thread; `wait`, how a caller's thread sleeps; `remote`, a response body that is read in the
//!   background; `upload`, a request body from a [`Read`](std::io::Read).
//!
//! # Examples
//!
//! ```
//! use wharf_client::blocking::Client;
//!
//! # let server = std::net::TcpListener::bind("127.0.0.1:0")?;
//! # let url = format!("http://{}/", server.local_addr()?);
//! # let serving = std::thread::spawn(move || {
//! #     use std::io::{Read, Write};
//! #     let (mut stream, _) = server.accept().unwrap();
//! #     let _some_of_the_head = stream.read(&mut [0; 1024]).unwrap();
//! #     stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello").unwrap();
//! # });
//! let client = Client::new()?;
//! let text = client.get(&url).send()?.ok()?.text()?;
//! assert_eq!(text, "hello");
//! # serving.join().unwrap();
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod background;
mod client;
#[cfg(feature = "fs")]
mod download;
mod remote;
mod request;
pub mod response;
mod upload;
mod wait;

use background::Background;

pub use client::Client;
#[cfg(feature = "fs")]
#[cfg_attr(docsrs, doc(cfg(feature = "fs")))]
pub use download::Download;
pub use request::RequestBuilder;
pub use response::Response;

#[cfg(test)]
mod tests;
