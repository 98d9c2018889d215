//! Workers: how connections are spread over them, and what becomes of those that are replaced.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::thread::ThreadId;

use wharf_http::service::{Serve, service_fn};
use wharf_http::{Context, Request, Response, Signal};
use wharf_server::{ErrorKind, Server, ServerHandle, Workers};

use crate::raw::Raw;

/// Answers, and notes on which thread.
#[derive(Clone, Default)]
struct Quay {
    threads: Arc<Mutex<Vec<ThreadId>>>,
}

impl Quay {
    fn serve(&self) -> impl Serve + use<> {
        let quay = self.clone();
        service_fn(move |_: Request, _: Context| {
            let mut threads = quay.threads.lock().unwrap();
            threads.push(std::thread::current().id());
            async { Response::new("done;".into()) }
        })
    }

    fn threads(&self) -> Vec<ThreadId> {
        self.threads.lock().unwrap().clone()
    }

    async fn open(&self, workers: impl Into<Workers>) -> ServerHandle {
        Server::new(self.serve())
            .bind("127.0.0.1:0")
            .workers(workers)
            .start()
            .await
            .unwrap()
    }
}

async fn ask(addr: SocketAddr) -> Raw {
    let mut raw = Raw::connect(addr).await;
    raw.get("/").await.until("done;").await;
    raw
}

#[tokio::test]
async fn a_few_long_lived_clients_are_spread_evenly() {
    let quay = Quay::default();
    let server = quay.open(4).await;
    let addr = server.addrs()[0];
    for run in 0..100 {
        let mut clients = Vec::new();
        for _ in 0..8 {
            clients.push(ask(addr).await);
        }
        let loads = server.connections_by_worker();
        assert_eq!(loads.iter().sum::<usize>(), 8, "run {run}: {loads:?}");
        assert!(loads.iter().all(|&load| load <= 4), "run {run}: {loads:?}");
        drop(clients);
        while server.connections_by_worker().iter().sum::<usize>() > 0 {
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(server.shutdown().await.unwrap().cut, 0);
}

#[tokio::test]
async fn workers_share_a_socket_that_came_bound() {
    let quay = Quay::default();
    let ready = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = ready.local_addr().unwrap();
    let server = Server::new(quay.serve()).listen(ready).workers(3).start();
    let server = server.await.unwrap();
    let mut clients = Vec::new();
    for _ in 0..6 {
        clients.push(ask(addr).await);
    }
    let loads = server.connections_by_worker();
    assert!(loads.iter().all(|&load| load <= 3), "{loads:?}");
    server.shutdown().await.unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn workers_share_a_unix_socket() {
    let quay = Quay::default();
    let path = std::env::temp_dir().join(format!("wharf-workers-{}.sock", std::process::id()));
    let server = Server::new(quay.serve())
        .bind(format!("unix:{}", path.display()))
        .workers(3)
        .start()
        .await
        .unwrap();
    let mut clients = Vec::new();
    for _ in 0..6 {
        let mut raw = Raw::over(tokio::net::UnixStream::connect(&path).await.unwrap());
        raw.get("/").await.until("done;").await;
        clients.push(raw);
    }
    let loads = server.connections_by_worker();
    assert_eq!(loads.iter().sum::<usize>(), 6);
    assert!(loads.iter().all(|&load| load <= 3), "{loads:?}");
    server.shutdown().await.unwrap();
    assert!(!path.exists());
}

#[tokio::test]
async fn a_connection_stays_on_its_thread() {
    let quay = Quay::default();
    let server = quay.open(2).await;
    let mut raw = ask(server.addrs()[0]).await;
    for _ in 0..10 {
        raw.get("/").await.until("done;").await;
    }
    let threads = quay.threads();
    assert!(threads.iter().all(|thread| *thread == threads[0]));
    assert_ne!(threads[0], std::thread::current().id());
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn without_workers_the_runtime_of_the_caller_serves() {
    let quay = Quay::default();
    let server = Server::new(quay.serve()).bind("127.0.0.1:0").start();
    let server = server.await.unwrap();
    ask(server.addrs()[0]).await;
    assert_eq!(quay.threads(), [std::thread::current().id()]);
    assert_eq!(server.connections_by_worker().len(), 1);
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_worker_that_has_served_its_requests_is_replaced_and_nothing_is_lost() {
    let quay = Quay::default();
    let server = quay.open(Workers::new().count(1).max_requests(3)).await;
    let addr = server.addrs()[0];
    let mut kept = ask(addr).await;
    for _ in 0..20 {
        ask(addr).await;
    }
    let threads = quay.threads();
    assert_eq!(threads.len(), 21);
    assert_ne!(threads[0], threads[20]);
    // The connection of a worker that is replaced ends in order.
    kept.rest().await;
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn what_was_spawned_on_a_worker_survives_its_replacement() {
    let (gate, done) = (Signal::new(), Signal::new());
    let spawned = (gate.clone(), done.clone());
    let serve = service_fn(move |request: Request, _: Context| {
        let (gate, done) = spawned.clone();
        if request.uri().path() == "/spawn" {
            tokio::spawn(async move {
                gate.fired().await;
                done.fire();
            });
        }
        async { Response::new("done;".into()) }
    });
    let server = Server::new(serve)
        .bind("127.0.0.1:0")
        .workers(Workers::new().count(1).max_requests(1))
        .start()
        .await
        .unwrap();
    let addr = server.addrs()[0];
    let mut raw = Raw::connect(addr).await;
    raw.get("/spawn").await.until("done;").await;
    raw.rest().await;
    for _ in 0..3 {
        ask(addr).await;
    }
    assert!(!done.is_fired());
    gate.fire();
    done.fired().await;
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn no_workers_at_all_are_refused_before_anything_listens() {
    let quay = Quay::default();
    let started = Server::new(quay.serve())
        .bind("127.0.0.1:0")
        .workers(0)
        .start();
    assert_eq!(started.await.unwrap_err().kind(), ErrorKind::Settings);
}

#[tokio::test]
async fn listeners_come_and_go_while_the_server_runs() {
    let quay = Quay::default();
    let server = quay.open(2).await;
    let first = server.addrs()[0];
    let added = server.listen("127.0.0.1:0").await.unwrap();
    assert_eq!((added.len(), server.listeners().len()), (1, 2));
    let second = server.addrs()[1];
    let mut kept = ask(second).await;
    ask(first).await;

    let taken = server
        .listen(second.to_string().as_str())
        .await
        .unwrap_err();
    assert_eq!(taken.kind(), ErrorKind::Bind);

    assert!(server.close_listener(added[0]).await);
    assert!(
        !server.close_listener(added[0]).await,
        "it is closed already"
    );
    assert!(tokio::net::TcpStream::connect(second).await.is_err());
    kept.get("/").await.until("done;").await;
    ask(first).await;
    assert_eq!(server.addrs(), [first]);

    let begun = server.shutdown_signal().clone();
    begun.fire();
    let late = loop {
        match server.listen("127.0.0.1:0").await {
            Ok(_) => tokio::task::yield_now().await,
            Err(error) => break error,
        }
    };
    assert!(late.to_string().contains("is stopping"), "{late}");
}
