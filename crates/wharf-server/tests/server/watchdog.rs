//! A worker that is held up, and the health of the process.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use wharf_http::service::{Serve, Service};
use wharf_http::{BoxError, BoxFuture, Context, Request, Response, Signal};
use wharf_server::{Health, Server, ServerHandle, Watchdog};

use crate::raw::Raw;

/// A service with a handler that blocks its thread until the test lets it go.
struct Quay {
    gate: Arc<Mutex<mpsc::Receiver<()>>>,
    begun: Signal,
    wait: Signal,
}

impl Service for Quay {
    type Future = BoxFuture<'static, Response>;

    fn call(&self, request: Request, context: &Context) -> Self::Future {
        let number = match request.uri().path() {
            "/block" => 0,
            "/wait" => 1,
            _ => return Box::pin(async { Response::new("done;".into()) }),
        };
        context.set_route_number(number);
        let (gate, begun, wait) = (
            Arc::clone(&self.gate),
            self.begun.clone(),
            self.wait.clone(),
        );
        Box::pin(async move {
            begun.fire();
            if number == 0 {
                gate.lock().unwrap().recv().unwrap();
            } else {
                wait.fired().await;
            }
            Response::new("done;".into())
        })
    }

    fn route_count(&self) -> usize {
        2
    }

    fn describe_route(&self, number: u32) -> Option<String> {
        (number == 0).then(|| "GET /block".to_owned())
    }
}

impl Serve for Quay {
    type Service = Self;

    async fn start(self) -> Result<Self, BoxError> {
        Ok(self)
    }
}

struct Held {
    release: mpsc::Sender<()>,
    begun: Signal,
    wait: Signal,
}

fn quay() -> (Quay, Held) {
    let (release, gate) = mpsc::channel();
    let (begun, wait) = (Signal::new(), Signal::new());
    let quay = Quay {
        gate: Arc::new(Mutex::new(gate)),
        begun: begun.clone(),
        wait: wait.clone(),
    };
    (
        quay,
        Held {
            release,
            begun,
            wait,
        },
    )
}

async fn ask(addr: SocketAddr, path: &str) -> String {
    let mut raw = Raw::connect(addr).await;
    raw.get(path).await.until("\r\n\r\n").await
}

async fn until_held_up(server: &ServerHandle, wanted: usize) {
    while server.workers_held_up() != wanted {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_worker_that_is_held_up_keeps_nobody_else_waiting() {
    let (quay, held) = quay();
    let server = Server::new(quay)
        .bind("127.0.0.1:0")
        .workers(2)
        .watchdog(Watchdog::new().warn_after(Duration::from_millis(20)))
        .health(Health::new())
        .start()
        .await
        .unwrap();
    let addr = server.addrs()[0];
    assert!(ask(addr, "/-/live").await.starts_with("HTTP/1.1 200"));
    let mut blocked = Raw::connect(addr).await;
    blocked.get("/block").await;
    held.begun.fired().await;
    until_held_up(&server, 1).await;
    assert_eq!(server.in_flight_by_route(), [("GET /block".to_owned(), 1)]);
    // The system puts about half of these into the queue of the worker that is held up.
    for _ in 0..20 {
        ask(addr, "/").await;
    }
    assert!(ask(addr, "/-/live").await.starts_with("HTTP/1.1 503"));
    held.release.send(()).unwrap();
    blocked.until("done;").await;
    until_held_up(&server, 0).await;
    assert!(server.in_flight_by_route().is_empty());
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn requests_are_counted_by_route_and_bytes_by_connection() {
    let (quay, held) = quay();
    let server = Server::new(quay).bind("127.0.0.1:0").start().await.unwrap();
    let addr = server.addrs()[0];
    let mut one = Raw::connect(addr).await;
    one.get("/wait").await;
    held.begun.fired().await;
    assert_eq!(server.in_flight_by_route(), [("route 1".to_owned(), 1)]);
    held.wait.fire();
    one.until("done;").await;
    let stats = server.stats().clone();
    server.shutdown().await.unwrap();
    let sent = "GET /wait HTTP/1.1\r\nHost: quay.test\r\n\r\n".len() as u64;
    assert_eq!(stats.bytes_received(), sent);
    assert!(stats.bytes_sent() > 40, "{}", stats.bytes_sent());
}

#[tokio::test]
async fn readiness_ends_before_the_listeners_close_and_needs_every_check() {
    let (quay, _held) = quay();
    let passes = Arc::new(AtomicBool::new(false));
    let health = Health::new();
    health.check("database", {
        let passes = Arc::clone(&passes);
        move || {
            let passes = passes.load(Ordering::Relaxed);
            async move {
                if passes {
                    Ok(())
                } else {
                    Err("no such host".into())
                }
            }
        }
    });
    let server = Server::new(quay)
        .bind("127.0.0.1:0")
        .health_on("127.0.0.1:0", health.clone())
        .readiness_lead(Duration::from_secs(600))
        .start()
        .await
        .unwrap();
    let [addr, desk] = server.addrs()[..] else {
        unreachable!("two addresses were bound")
    };
    let answer = ask(desk, "/-/ready").await;
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    assert!(answer.contains("cache-control: no-store"), "{answer}");
    assert!(ask(desk, "/-/live").await.starts_with("HTTP/1.1 200"));
    assert!(
        ask(desk, "/").await.starts_with("HTTP/1.1 404"),
        "there is nothing else"
    );
    assert!(
        ask(addr, "/-/live").await.contains("content-length: 5"),
        "it is the service's"
    );
    assert_eq!(health.failing(), ["database"]);

    server.begin_shutdown();
    // Both still listen: a balancer has to have the time to ask.
    let mut raw = Raw::connect(desk).await;
    let answer = loop {
        let answer = raw.get("/-/ready").await.until("\n").await;
        raw.until("\r\n\r\n").await;
        let body = raw.until("\n").await;
        if body.contains("about to stop") {
            break answer;
        }
    };
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    ask(addr, "/").await;
    server.cut();
    server.shutdown().await.unwrap();
}
