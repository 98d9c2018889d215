//! The time that a handshake may take, by a clock that runs as fast as nothing happens.

use std::sync::Arc;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::default_provider;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::time::{Instant, sleep};

use super::*;
use crate::tls::handshake::{Shaken, shake};

const LIMIT: Option<Duration> = Some(Duration::from_secs(10));

fn server() -> Arc<ServerConfig> {
    let pair = Authority::new("quay").issue(&["a.test"]);
    let builder = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap();
    let config = builder
        .with_no_client_auth()
        .with_single_cert(vec![pair.der()], pair.key());
    Arc::new(config.unwrap())
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_takes_too_long_is_given_up() {
    let server = server();
    for begin in [&b""[..], b"\x16\x03\x01\x02\x00\x01"] {
        let (mut client, io) = duplex(4096);
        client.write_all(begin).await.unwrap();
        let begun = Instant::now();
        let shaken = shake(io, Arc::clone(&server), LIMIT, 1024).await;
        assert!(matches!(shaken, Shaken::Late));
        assert_eq!(begun.elapsed(), Duration::from_secs(10));
        assert_eq!(client.read(&mut [0; 16]).await.unwrap(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_drop_now_and_then_does_not_extend_the_time() {
    let (mut client, io) = duplex(4096);
    let dripping = tokio::spawn(async move {
        for byte in b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
            .iter()
            .cycle()
        {
            if client.write_all(&[*byte]).await.is_err() {
                break;
            }
            sleep(Duration::from_secs(3)).await;
        }
    });
    let begun = Instant::now();
    let shaken = shake(io, server(), LIMIT, 1024).await;
    assert!(matches!(shaken, Shaken::Late));
    assert_eq!(begun.elapsed(), Duration::from_secs(10));
    drop(shaken);
    dripping.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_plain_head_is_taken_as_far_as_it_came() {
    let server = server();
    let (mut client, io) = duplex(4096);
    client
        .write_all(b"GET / HTTP/1.1\r\nHost: a.test\r\n")
        .await
        .unwrap();
    let begun = Instant::now();
    let Shaken::Plain { head, .. } = shake(io, Arc::clone(&server), LIMIT, 1024).await else {
        panic!("that was plain");
    };
    assert_eq!(head, b"GET / HTTP/1.1\r\nHost: a.test\r\n");
    assert_eq!(begun.elapsed(), Duration::from_secs(10));

    // No more than the limit of a head, and a read beyond it.
    let (mut client, io) = duplex(1 << 20);
    client.write_all(&[b'a'; 100_000]).await.unwrap();
    let Shaken::Plain { head, .. } = shake(io, server, LIMIT, 5000).await else {
        panic!("that was plain");
    };
    assert!((5000..=8000).contains(&head.len()), "{}", head.len());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_a_handshake_panic_or_hang(
        is_tls: bool,
        pieces in vec(vec(any::<u8>(), 1..200), 0..5),
        close: bool,
    ) {
        thread_local! {
            static SERVER: Arc<ServerConfig> = server();
        }
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let (mut client, io) = duplex(1 << 16);
            let shaking = tokio::spawn(shake(io, SERVER.with(Arc::clone), LIMIT, 1024));
            let begin: &[u8] = if is_tls { b"\x16\x03\x01\x00\xc8\x01" } else { b"" };
            for piece in [begin].into_iter().chain(pieces.iter().map(Vec::as_slice)) {
                let _refused = client.write_all(piece).await;
                tokio::task::yield_now().await;
            }
            if close {
                client.shutdown().await.unwrap();
            }
            let shaken = tokio::time::timeout(Duration::from_secs(60), shaking).await;
            let shaken = shaken.expect("it ends").expect("it does not panic");
            assert!(!matches!(shaken, Shaken::Secured(_)));
        });
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_limit_there_is_none() {
    let (client, io) = duplex(4096);
    let shaking = shake(io, server(), None, 1024);
    let hour = tokio::time::timeout(Duration::from_secs(3600), shaking).await;
    assert!(hour.is_err());
    drop(client);
}
