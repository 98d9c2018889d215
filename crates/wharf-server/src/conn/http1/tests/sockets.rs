//! What only a real socket shows: a close over unread bytes resets the connection and destroys the answer.

use std::io::{Read as _, Write as _};
use std::net::SocketAddr;

use tokio::net::TcpListener;

use super::*;

async fn listen<S: Service>(config: ConnectionConfig<S>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            tokio::spawn(serve_connection(
                socket,
                Connection::memory(),
                config.clone(),
            ));
        }
    });
    address
}

#[tokio::test]
async fn a_client_that_is_still_uploading_gets_the_whole_early_answer() {
    const SIZE: usize = 20_000_000;
    let address = listen(config(|_, _| async {
        let mut response = Response::new(Body::from("x".repeat(10_000)));
        *response.status_mut() = http::StatusCode::PAYLOAD_TOO_LARGE;
        response
    }))
    .await;
    for round in 0..100 {
        let client = tokio::task::spawn_blocking(move || {
            let mut socket = std::net::TcpStream::connect(address)?;
            write!(
                socket,
                "POST / HTTP/1.1\r\nHost: quay\r\nContent-Length: {SIZE}\r\n\r\n"
            )?;
            let piece = vec![b'a'; 1 << 20];
            let mut left = SIZE;
            while left > 0 {
                left -= socket.write(&piece[..left.min(piece.len())])?;
            }
            let mut answer = Vec::new();
            socket.read_to_end(&mut answer)?;
            Ok::<_, std::io::Error>(answer)
        });
        let answer = masked(&client.await.unwrap().unwrap());
        assert!(
            answer.starts_with("HTTP/1.1 413 Payload Too Large\r\nconnection: close\r\n"),
            "{round}: {answer}"
        );
        assert!(answer.ends_with(&"x".repeat(10_000)), "{round}");
    }
}

#[tokio::test]
async fn a_client_that_sends_more_than_a_head_gets_the_whole_431() {
    let address = listen(config(echo)).await;
    for _ in 0..20 {
        let client = tokio::task::spawn_blocking(move || {
            let mut socket = std::net::TcpStream::connect(address)?;
            socket.write_all(b"GET / HTTP/1.1\r\n")?;
            for number in 0..5_000 {
                writeln!(socket, "Field-{number}: {}\r", "a".repeat(500))?;
            }
            let mut answer = Vec::new();
            socket.read_to_end(&mut answer)?;
            Ok::<_, std::io::Error>(answer)
        });
        let answer = masked(&client.await.unwrap().unwrap());
        assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
        assert!(answer.ends_with("larger than 65536 bytes\n"), "{answer}");
    }
}

#[tokio::test]
async fn a_client_that_resets_its_connection_has_left() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut client = tokio::net::TcpStream::connect(listener.local_addr().unwrap())
        .await
        .unwrap();
    let (socket, _) = listener.accept().await.unwrap();
    let (sender, mut receiver) = tokio::sync::mpsc::channel(1);
    let config = config(move |_, context: Context| {
        let sender = sender.clone();
        async move {
            sender.send(context).await.unwrap();
            std::future::pending().await
        }
    });
    let serving = tokio::spawn(serve_connection(socket, Connection::memory(), config));
    client.write_all(GET.as_bytes()).await.unwrap();
    let context = receiver.recv().await.unwrap();
    client.set_zero_linger().unwrap();
    drop(client);
    assert_eq!(serving.await.unwrap(), ConnectionEnd::ClientLeft);
    assert!(context.client_left().is_fired());
}
