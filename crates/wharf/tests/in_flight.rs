//! What a running server says of the requests that it deals with: route and handler, as the app knows them.
#![cfg(all(feature = "http1", feature = "server"))]

use std::io::{Read, Write};
use std::net::TcpStream;

use wharf::http::Signal;
use wharf::{App, Path, Server, State, get};

/// Lets a test know that a handler runs, and the handler that it may go on.
#[derive(Clone, Default)]
struct Gate {
    begun: Signal,
    open: Signal,
}

mod ships {
    use super::{Gate, Path, State};

    pub(super) async fn load(Path(name): Path<String>, gate: State<Gate>) -> String {
        gate.begun.fire();
        gate.open.fired().await;
        format!("{name} is loaded")
    }
}

#[tokio::test]
async fn requests_are_told_by_route_and_handler() {
    let gate = Gate::default();
    let app = App::new()
        .provide(gate.clone())
        .routes([get("/ships/{name}", ships::load)]);
    let server = Server::new(app).bind("127.0.0.1:0").start().await.unwrap();
    assert!(server.in_flight_by_route().is_empty());
    let mut stream = TcpStream::connect(server.addrs()[0]).unwrap();
    stream
        .write_all(b"GET /ships/crane HTTP/1.1\r\nHost: quay.test\r\nConnection: close\r\n\r\n")
        .unwrap();
    gate.begun.fired().await;
    let route = "GET /ships/{name} (handler in_flight::ships::load)";
    assert_eq!(server.in_flight_by_route(), [(route.to_owned(), 1)]);
    gate.open.fire();
    let reading = tokio::task::spawn_blocking(move || {
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    });
    let answer = reading.await.unwrap();
    assert!(answer.ends_with("\r\n\r\ncrane is loaded"), "{answer}");
    assert!(server.in_flight_by_route().is_empty());
    server.shutdown().await.unwrap();
}
