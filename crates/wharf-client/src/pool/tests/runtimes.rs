//! A client that is used from several runtimes.

use std::net::SocketAddr;
use std::sync::mpsc;

use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::time::timeout;

use super::*;

fn runtime() -> Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().unwrap()
}

/// A server on a thread of its own, which lives as long as the test; its connections are kept open.
fn server() -> SocketAddr {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        runtime().block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            sender.send(listener.local_addr().unwrap()).unwrap();
            loop {
                let (mut socket, _) = listener.accept().await.unwrap();
                tokio::spawn(async move {
                    let mut head = [0; 1024];
                    while socket.read(&mut head).await.is_ok_and(|read| read > 0) {
                        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi";
                        socket.write_all(answer).await.unwrap();
                    }
                });
            }
        });
    });
    receiver.recv().unwrap()
}

/// Fetches, or fails when it hangs.
fn fetch_on(runtime: &Runtime, client: &Client, server: SocketAddr) -> String {
    let url = format!("{server}/");
    let result = runtime.block_on(async { timeout(seconds(10), fetch(client, &url)).await });
    result.expect("it hangs").unwrap()
}

#[test]
fn one_runtime_after_the_other() {
    let server = server();
    let client = Client::builder()
        .pool(PoolConfig::new().max_connections(1).idle(None))
        .build()
        .unwrap();
    for _ in 0..3 {
        let runtime = runtime();
        for _ in 0..3 {
            assert_eq!(fetch_on(&runtime, &client, server), "hi");
        }
    }
    let host = one_host(&client);
    assert_eq!((host.created(), host.reused(), host.in_use()), (3, 6, 0));
    // Their runtimes are gone, and they with them.
    assert_eq!(host.idle(), 0);
}

#[test]
fn two_runtimes_in_turn_while_the_other_stands_still() {
    let server = server();
    let config = PoolConfig::new().max_connections(1).max_per_host(1);
    let client = Client::builder().pool(config).build().unwrap();
    let runtimes = [runtime(), runtime()];
    for round in 0..10 {
        assert_eq!(fetch_on(&runtimes[round % 2], &client, server), "hi");
    }
    let host = one_host(&client);
    assert_eq!((host.created(), host.reused()), (2, 8));
}

#[test]
fn a_response_is_read_on_another_runtime_than_it_came_on() {
    let server = server();
    let client = Client::new();
    let (first, second) = (runtime(), runtime());
    let mut response = first.block_on(get(&client, &format!("{server}/"))).unwrap();
    let text = second.block_on(async { timeout(seconds(10), response.text()).await });
    assert_eq!(text.expect("it hangs").unwrap(), "hi");
    assert_eq!(fetch_on(&second, &client, server), "hi");
    assert_eq!(fetch_on(&first, &client, server), "hi");
}

#[test]
fn idle_connections_are_closed_in_time_although_another_runtime_stands_still() {
    let server = server();
    let config = PoolConfig::new().idle(Duration::from_millis(50));
    let client = Client::builder().pool(config).build().unwrap();
    let (first, second) = (runtime(), runtime());
    fetch_on(&first, &client, server);
    fetch_on(&second, &client, server);
    assert_eq!(one_host(&client).created(), 2);
    second.block_on(async {
        // Well below the limits of the test's own, and far above those of the client.
        for _ in 0..200 {
            if one_host(&client).closed(CloseReason::Idle) == 2 {
                return;
            }
            sleep(Duration::from_millis(10)).await;
        }
        panic!("{:?}", client.stats());
    });
}

#[test]
fn closing_does_not_wait_for_a_runtime_that_stands_still() {
    let server = server();
    let client = Client::new();
    let (first, second) = (runtime(), runtime());
    fetch_on(&first, &client, server);
    fetch_on(&second, &client, server);
    let closed = second.block_on(async { timeout(seconds(10), client.close()).await });
    closed.expect("it hangs");
}
