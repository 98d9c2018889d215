//! Whether a connection that was kept can be used again.

use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::connect::{Connector, Probe, TcpConnector};

struct Kept {
    near: Secured,
    probe: Option<Probe>,
    far: tokio_rustls::server::TlsStream<tokio::net::TcpStream>,
}

/// Connects over the loopback interface.
async fn keep(protocol: &str) -> Kept {
    let authority = Authority::new("quay");
    let pair = authority.issue(&["127.0.0.1"]);
    let server = Peer::new(&pair).protocols(&[protocol]).config();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let accepting = tokio::spawn(async move {
        let (socket, _) = listener.accept().await.unwrap();
        TlsAcceptor::from(server).accept(socket).await.unwrap()
    });
    let uri = format!("http://{address}").parse().unwrap();
    let (target, _) = crate::connect::Target::of(&uri).unwrap();
    let stream = TcpConnector::new().connect(target.clone()).await.unwrap();
    let stream = stream.with_peer_addr(address);
    let config = trusting(&authority);
    let secured = config
        .connect(stream, &target, &[protocol.as_bytes()])
        .await;
    let mut near = secured.unwrap();
    assert_eq!(near.stream.peer_addr(), Some(address));
    let probe = near.stream.take_probe();
    let far = accepting.await.unwrap();
    Kept { near, probe, far }
}

#[tokio::test]
async fn session_tickets_do_not_spoil_a_connection_that_was_never_used() {
    let kept = keep("http/1.1").await;
    let is_quiet = kept.probe.unwrap();
    assert!(is_quiet());
    drop(kept.far);
}

#[tokio::test]
async fn after_an_answer_a_connection_is_quiet_until_the_server_closes() {
    let Kept {
        mut near,
        probe,
        mut far,
    } = keep("http/1.1").await;
    let is_quiet = probe.unwrap();
    far.write_all(b"hi").await.unwrap();
    near.stream.read_exact(&mut [0; 2]).await.unwrap();
    assert!(is_quiet());
    // A closing alert, and the socket is still open.
    far.shutdown().await.unwrap();
    near.stream.write_all(b"more").await.unwrap();
    far.read_exact(&mut [0; 4]).await.unwrap();
    assert!(!is_quiet());
    assert_eq!(near.stream.read(&mut [0; 16]).await.unwrap(), 0);
}

#[tokio::test]
async fn a_stream_that_nobody_drives_any_more_is_not_fresh() {
    let Kept {
        mut near,
        probe,
        mut far,
    } = keep("http/1.1").await;
    let is_quiet = probe.unwrap();
    far.write_all(b"hi").await.unwrap();
    near.stream.read_exact(&mut [0; 2]).await.unwrap();
    drop(near);
    assert!(!is_quiet());
}

#[tokio::test]
async fn a_connection_of_http2_has_no_probe() {
    let kept = keep("h2").await;
    assert!(kept.near.http2);
    assert!(kept.probe.is_none());
}
