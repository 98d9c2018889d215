//! A client that stops reading while the session still holds bytes for it.

use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::default_provider;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;
use wharf_http::service::service_fn;
use wharf_http::{Connection, Context, Request, Response};

use super::*;
use crate::tls::handshake::{Shaken, shake};
use crate::{ConnectionConfig, ConnectionEnd, Timeouts, serve_connection};

#[tokio::test(start_paused = true)]
async fn its_patience_ends_like_that_of_any_other() {
    let authority = Authority::new("quay");
    let pair = authority.issue(&["a.test"]);
    let builder = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap();
    let server = builder
        .with_no_client_auth()
        .with_single_cert(vec![pair.der()], pair.key())
        .unwrap();
    let (client, io) = duplex(2048);
    let connector = TlsConnector::from(Arc::new(authority.client(None)));
    let connecting = connector.connect("a.test".try_into().unwrap(), client);
    let (shaken, client) = tokio::join!(shake(io, Arc::new(server), None, 1024), connecting);
    let (Shaken::Secured(stream), Ok(mut client)) = (shaken, client) else {
        panic!("they understand each other");
    };
    let service = service_fn(|_: Request, _: Context| async {
        // All of it fits into the session.
        Response::new("crane ".repeat(1500).into())
    });
    let timeouts = Timeouts::new()
        .response_write(Duration::from_secs(30))
        .min_rate(None);
    let config = ConnectionConfig::new(service).timeouts(timeouts);
    let serving = tokio::spawn(serve_connection(stream, Connection::memory(), config));
    let request = b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n";
    client.write_all(request).await.unwrap();
    client.flush().await.unwrap();
    let begun = Instant::now();
    let end = timeout(Duration::from_secs(3600), serving).await;
    let end = end.expect("it is not waited for ever").unwrap();
    assert_eq!(end, ConnectionEnd::TooSlow);
    assert_eq!(begun.elapsed().as_secs(), 30);
    let mut rest = Vec::new();
    assert!(
        client.read_to_end(&mut rest).await.is_err(),
        "the answer is not whole"
    );
}
