//! Functions that are given the lines of the logs, and counters that a server is given.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use wharf_http::error::ErrorLog;
use wharf_http::service::service_fn;
use wharf_http::{Context, Request, Response};
use wharf_server::{AccessLog, AccessLogFormat, Server, Stats};

#[tokio::test]
async fn functions_are_given_the_lines_of_both_logs() {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let (errors, requests) = (Arc::clone(&lines), Arc::clone(&lines));
    let format: AccessLogFormat = r#""%r" %s"#.parse().unwrap();
    let service = service_fn(|_: Request, context: Context| async move {
        context.connection().report("the hold is full of water");
        Response::default()
    });
    let server = Server::new(service)
        .bind("127.0.0.1:0")
        .error_log(ErrorLog::new().also(move |line| {
            errors.lock().unwrap().push(format!("error: {line}"));
        }))
        .access_log(AccessLog::new().format(format).also(move |context, line| {
            let id = context.request_id().to_string();
            assert_eq!(id.len(), 32);
            requests.lock().unwrap().push(line.to_owned());
        }))
        .start()
        .await
        .unwrap();
    let mut client = TcpStream::connect(server.addrs()[0]).await.unwrap();
    client
        .write_all(b"GET /ship HTTP/1.1\r\nHost: quay\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    server.shutdown().await.unwrap();
    assert_eq!(
        *lines.lock().unwrap(),
        [
            "error: the hold is full of water",
            r#""GET /ship HTTP/1.1" 200"#
        ]
    );
}

#[tokio::test]
async fn a_server_counts_in_the_counters_that_it_is_given() {
    let stats = Stats::new();
    let shown = stats.clone();
    let service = service_fn(move |_: Request, _: Context| {
        let text = format!("{} in flight;", shown.in_flight());
        async { Response::new(text.into()) }
    });
    let server = Server::new(service)
        .bind("127.0.0.1:0")
        .stats(stats.clone());
    let server = server.start().await.unwrap();
    let mut client = TcpStream::connect(server.addrs()[0]).await.unwrap();
    client
        .write_all(b"GET /ship HTTP/1.1\r\nHost: quay\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with("1 in flight;"), "{answer}");
    assert_eq!(server.stats().connections_accepted(), 1);
    server.shutdown().await.unwrap();
    assert_eq!((stats.connections_accepted(), stats.requests()), (1, 1));
}
