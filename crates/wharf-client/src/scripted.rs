//! A server in memory, for tests of what comes back.

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use wharf_http::BoxError;

use crate::connect::{Stream, Target};
use crate::{Client, ClientBuilder, Connector};

/// How a connection goes on after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    Close,
    /// Nothing comes any more, and the connection stays open.
    Stall,
}

/// Opens connections that are answered by a function of the request head.
struct Scripted<F>(Arc<F>);

/// Starts the building of a client all of whose requests are answered by `answer`.
pub(crate) fn builder(
    answer: impl Fn(&str) -> (Vec<u8>, Then) + Send + Sync + 'static,
) -> ClientBuilder {
    Client::builder()
        .base("http://quay.test/")
        .connector(Scripted(Arc::new(answer)))
}

/// Makes a client that gets the same answer to everything.
pub(crate) fn client(answer: impl Into<Vec<u8>>) -> Client {
    let answer = answer.into();
    builder(move |_| (answer.clone(), Then::Close))
        .build()
        .unwrap()
}

impl<F: Fn(&str) -> (Vec<u8>, Then) + Send + Sync + 'static> Connector for Scripted<F> {
    async fn connect(&self, _target: Target) -> Result<Stream, BoxError> {
        let (near, mut far) = duplex(64 * 1024);
        let answer = Arc::clone(&self.0);
        tokio::spawn(async move {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                match far.read_u8().await {
                    Ok(byte) => head.push(byte),
                    Err(_) => return,
                }
            }
            let (bytes, then) = answer(&String::from_utf8(head).unwrap());
            if far.write_all(&bytes).await.is_ok() && then == Then::Stall {
                std::future::pending::<()>().await;
            }
        });
        Ok(Stream::new(near))
    }
}
