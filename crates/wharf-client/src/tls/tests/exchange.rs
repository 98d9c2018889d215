//! Requests over encrypted connections, with hyper between.

use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::Client;

/// Serves `connections` with up to `answers` answers each, and returns where.
async fn serve(peer: &Peer, connections: usize, answers: usize) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    let config = peer.config();
    tokio::spawn(async move {
        for number in 0..connections {
            let (socket, _) = listener.accept().await.unwrap();
            let accepting = TlsAcceptor::from(Arc::clone(&config)).accept(socket);
            let mut stream = match accepting.into_fallible().await {
                Ok(stream) => stream,
                Err((_refused, mut socket)) => {
                    // A socket that is closed over unread bytes takes the alert back.
                    socket.shutdown().await.unwrap();
                    socket.read_to_end(&mut Vec::new()).await.unwrap();
                    continue;
                }
            };
            for _ in 0..answers {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(stream.read_u8().await.unwrap());
                }
                let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n{number}");
                stream.write_all(answer.as_bytes()).await.unwrap();
                stream.flush().await.unwrap();
            }
            stream.shutdown().await.unwrap();
        }
    });
    url
}

#[tokio::test]
async fn an_encrypted_connection_is_kept_and_replaced_when_the_server_has_closed_it() {
    let authority = Authority::new("quay");
    let peer = Peer::new(&authority.issue(&["127.0.0.1"]));
    let url = serve(&peer, 3, 3).await;
    let client = Client::builder().tls(trusting(&authority));
    let client = client.build().unwrap();
    let mut answers = String::new();
    for _ in 0..9 {
        let mut response = client.get(&url).send().await.unwrap();
        answers += &response.text().await.unwrap();
    }
    assert_eq!(answers, "000111222");
}

#[tokio::test]
async fn a_refusal_after_the_handshake_is_told_as_one() {
    let authority = Authority::new("quay");
    let members = Authority::new("members");
    let peer = Peer::new(&authority.issue(&["127.0.0.1"])).clients(&members);
    let url = serve(&peer, 5, 1).await;
    let client = Client::builder().tls(trusting(&authority));
    let client = client.build().unwrap();
    let error = client.get(&url).send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tls, "{error:#}");
    let text = error.to_string();
    assert!(
        text.ends_with("it wants a certificate of the client (see `TlsConfig::identity`)"),
        "{text}"
    );
}
