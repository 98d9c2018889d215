//! How a server ends: who is served to the end, who is sent away at once, what is cut.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::TcpStream;
use wharf_http::service::{Serve, Service};
use wharf_http::{BoxError, BoxFuture, Context, Request, Response, Signal};
use wharf_server::{ErrorKind, Limits, Report, Server, ServerHandle, Timeouts};

use crate::raw::Raw;

/// A service whose requests wait until the test lets them go on, and which notes what happens to it.
#[derive(Clone, Default)]
struct Quay {
    /// Requests for `/slow` wait for it.
    gate: Signal,
    events: Arc<Mutex<Vec<&'static str>>>,
    /// How many requests have begun.
    begun: Arc<tokio::sync::Notify>,
    stop_fails: bool,
}

impl Quay {
    fn note(&self, event: &'static str) {
        self.events.lock().unwrap().push(event);
    }

    fn events(&self) -> Vec<&'static str> {
        self.events.lock().unwrap().clone()
    }

    async fn open(&self, limit: impl Into<Option<Duration>>) -> ServerHandle {
        Server::new(self.clone())
            .bind("127.0.0.1:0")
            .timeouts(Timeouts::new().shutdown(limit))
            .start()
            .await
            .unwrap()
    }

    /// Sends a request and waits until the service has it.
    async fn begin(&self, addr: SocketAddr, path: &str) -> Raw {
        let mut raw = Raw::connect(addr).await;
        raw.get(path).await;
        self.begun.notified().await;
        raw
    }
}

impl Service for Quay {
    type Future = BoxFuture<'static, Response>;

    fn call(&self, request: Request, context: &Context) -> Self::Future {
        let quay = self.clone();
        let context = context.clone();
        Box::pin(async move {
            quay.begun.notify_one();
            match request.uri().path() {
                "/slow" => quay.gate.fired().await,
                "/until-shutdown" => context.shutdown().fired().await,
                "/stuck" => std::future::pending().await,
                "/protected" => {
                    let inner = quay.clone();
                    context
                        .protect(async move {
                            inner.begun.notify_one();
                            inner.gate.fired().await;
                            inner.note("protected work done");
                        })
                        .await;
                }
                "/protected-stuck" => {
                    let inner = quay.clone();
                    context
                        .protect(async move {
                            inner.begun.notify_one();
                            std::future::pending::<()>().await;
                        })
                        .await;
                }
                _ => {}
            }
            Response::new("done;".into())
        })
    }

    async fn shutdown(&self) {
        self.note("shutdown");
    }

    async fn stop(&self) -> Result<(), BoxError> {
        self.note("stop");
        if self.stop_fails {
            return Err("the database is gone".into());
        }
        Ok(())
    }
}

impl Serve for Quay {
    type Service = Self;

    async fn start(self) -> Result<Self, BoxError> {
        self.note("start");
        Ok(self)
    }
}

fn counts(report: &Report) -> (usize, usize, usize) {
    (report.drained, report.cut, report.tasks_cut)
}

#[tokio::test]
async fn a_running_request_is_answered_whole_and_its_connection_closed() {
    let quay = Quay::default();
    let server = quay.open(None).await;
    let addr = server.addrs()[0];
    let mut running = quay.begin(addr, "/slow").await;
    server.begin_shutdown();
    // The hook runs when the listeners are closed; until then connections are welcome.
    while !quay.events().contains(&"shutdown") {
        tokio::task::yield_now().await;
    }
    assert!(TcpStream::connect(addr).await.is_err());
    quay.gate.fire();
    let answer = running.rest().await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(
        answer.to_lowercase().contains("\r\nconnection: close\r\n"),
        "{answer}"
    );
    assert!(answer.ends_with("\r\n\r\ndone;"), "{answer}");
    let report = server.shutdown().await.unwrap();
    assert_eq!(counts(&report), (1, 0, 0));
    assert_eq!(quay.events(), ["start", "shutdown", "stop"]);
}

#[tokio::test]
async fn who_asks_for_nothing_is_sent_away_while_a_request_still_runs() {
    let quay = Quay::default();
    let server = quay.open(None).await;
    let addr = server.addrs()[0];
    let mut silent = Raw::connect(addr).await;
    let mut half = Raw::connect(addr).await;
    half.send("GET / HTTP/1.1\r\nHo").await;
    let mut idle = Raw::connect(addr).await;
    idle.get("/").await.until("done;").await;
    let mut running = quay.begin(addr, "/slow").await;
    server.begin_shutdown();
    assert_eq!(silent.rest().await, "");
    assert_eq!(half.rest().await, "");
    assert_eq!(idle.rest().await, "");
    quay.gate.fire();
    running.until("done;").await;
    let report = server.shutdown().await.unwrap();
    assert_eq!(counts(&report), (4, 0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_in_the_queue_with_a_request_is_served() {
    let quay = Quay::default();
    let server = Server::new(quay.clone())
        .bind("127.0.0.1:0")
        .limits(Limits::new().connections(1))
        .start()
        .await
        .unwrap();
    let addr = server.addrs()[0];
    // The only connection that is let in; the others wait in the queue of the listener.
    let mut first = quay.begin(addr, "/slow").await;
    let mut waiting = Vec::new();
    for _ in 0..20 {
        let mut raw = Raw::connect(addr).await;
        raw.get("/").await;
        waiting.push(raw);
    }
    assert_eq!(server.stats().connections(), 1);
    server.begin_shutdown();
    for mut raw in waiting {
        let answer = raw.rest().await;
        assert!(answer.ends_with("done;"), "{answer}");
    }
    quay.gate.fire();
    first.until("done;").await;
    let report = server.shutdown().await.unwrap();
    assert_eq!(counts(&report), (21, 0, 0));
}

#[tokio::test]
async fn a_request_that_arrived_before_the_end_was_ordered_is_served() {
    let quay = Quay::default();
    let server = quay.open(None).await;
    let request = b"GET / HTTP/1.1\r\nHost: quay.test\r\n\r\n";
    // Long enough for the server to take nobody by surprise: an idle connection, and one that never said a word.
    let mut streams = [(); 2].map(|()| std::net::TcpStream::connect(server.addrs()[0]).unwrap());
    streams[0].write_all(request).unwrap();
    while server.stats().requests() < 1 || server.stats().connections() < 2 {
        tokio::task::yield_now().await;
    }
    // Only the clock moves: paused for good it would run ahead of the sockets.
    tokio::time::pause();
    tokio::time::advance(Duration::from_millis(100)).await;
    tokio::time::resume();
    // Nothing is awaited here: the bytes are there, and the runtime has not heard of them.
    for stream in &mut streams {
        stream.write_all(request).unwrap();
    }
    server.begin_shutdown();
    for (stream, answers) in streams.into_iter().zip([2, 1]) {
        stream.set_nonblocking(true).unwrap();
        let text = Raw::over(TcpStream::from_std(stream).unwrap()).rest().await;
        assert_eq!(text.matches("done;").count(), answers, "{text}");
    }
    assert_eq!(counts(&server.shutdown().await.unwrap()), (2, 0, 0));
}

#[tokio::test]
async fn handlers_learn_of_the_end_from_wherever_it_was_ordered() {
    let quay = Quay::default();
    let mut server = quay.open(None).await;
    let mut running = quay.begin(server.addrs()[0], "/until-shutdown").await;
    let signal = server.shutdown_signal().clone();
    let waiting = tokio::spawn(async move { server.wait().await });
    signal.fire();
    running.until("done;").await;
    let report = waiting.await.unwrap().unwrap();
    assert_eq!(counts(&report), (1, 0, 0));
}

#[tokio::test]
async fn what_is_still_running_at_the_deadline_is_cut() {
    let quay = Quay::default();
    let server = quay.open(Duration::from_millis(300)).await;
    let addr = server.addrs()[0];
    let mut stuck = quay.begin(addr, "/stuck").await;
    let mut idle = Raw::connect(addr).await;
    idle.get("/").await.until("done;").await;
    let report = server.shutdown().await.unwrap();
    assert_eq!(counts(&report), (1, 1, 0));
    assert!(report.duration >= Duration::from_millis(300));
    assert_eq!(stuck.rest().await, "");
    assert_eq!(quay.events(), ["start", "shutdown", "stop"]);
}

#[tokio::test]
async fn the_wait_can_be_skipped() {
    let quay = Quay::default();
    let mut server = quay.open(None).await;
    let mut stuck = quay.begin(server.addrs()[0], "/stuck").await;
    server.begin_shutdown();
    server.cut();
    let report = server.wait().await.unwrap();
    assert_eq!(counts(&report), (0, 1, 0));
    assert_eq!(stuck.rest().await, "");
    let error = server.wait().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Runtime);
}

#[tokio::test]
async fn protected_work_is_waited_for_although_its_client_has_left() {
    let quay = Quay::default();
    let server = quay.open(None).await;
    let client = quay.begin(server.addrs()[0], "/protected").await;
    quay.begun.notified().await;
    drop(client);
    while server.stats().connections() > 0 {
        tokio::task::yield_now().await;
    }
    server.begin_shutdown();
    while !quay.events().contains(&"shutdown") {
        tokio::task::yield_now().await;
    }
    quay.gate.fire();
    assert_eq!(counts(&server.shutdown().await.unwrap()), (0, 0, 0));
    assert_eq!(
        quay.events(),
        ["start", "shutdown", "protected work done", "stop"]
    );
}

#[tokio::test]
async fn protected_work_is_cut_at_the_deadline_too() {
    let quay = Quay::default();
    let server = quay.open(Duration::from_millis(20)).await;
    let client = quay.begin(server.addrs()[0], "/protected-stuck").await;
    quay.begun.notified().await;
    drop(client);
    while server.stats().connections() > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(counts(&server.shutdown().await.unwrap()), (0, 0, 1));
}

#[tokio::test]
async fn a_service_that_does_not_stop_properly_is_an_error() {
    let quay = Quay {
        stop_fails: true,
        ..Quay::default()
    };
    let server = quay.open(None).await;
    let error = server.shutdown().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Stop);
    assert_eq!(
        format!("{error:#}"),
        "the service did not stop properly: the database is gone"
    );
}

#[tokio::test]
async fn dropping_the_handle_stops_the_server_in_order() {
    let quay = Quay::default();
    let server = quay.open(None).await;
    let mut running = quay.begin(server.addrs()[0], "/slow").await;
    drop(server);
    while !quay.events().contains(&"shutdown") {
        tokio::task::yield_now().await;
    }
    quay.gate.fire();
    assert!(running.rest().await.ends_with("done;"));
    while !quay.events().contains(&"stop") {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn new_requests_are_served_between_unready_and_the_end() {
    let quay = Quay::default();
    let unready = Signal::new();
    let server = Server::new(quay.clone())
        .bind("127.0.0.1:0")
        .readiness_lead(Duration::from_secs(3600))
        .unready(unready.clone())
        .start()
        .await
        .unwrap();
    let addr = server.addrs()[0];
    server.begin_shutdown();
    unready.fired().await;
    let mut late = Raw::connect(addr).await;
    late.get("/").await.until("done;").await;
    // Kept alive, too: the signal that closes connections comes later.
    late.get("/").await.until("done;").await;
    assert_eq!(quay.events(), ["start"]);
    server.cut();
    drop(late);
    server.shutdown().await.unwrap();
    assert_eq!(quay.events(), ["start", "shutdown", "stop"]);
}

#[tokio::test]
async fn a_connection_more_than_allowed_waits_for_its_turn() {
    let quay = Quay::default();
    let server = Server::new(quay.clone())
        .bind("127.0.0.1:0")
        .limits(Limits::new().connections(1))
        .start()
        .await
        .unwrap();
    let addr = server.addrs()[0];
    let first = quay.begin(addr, "/stuck").await;
    let mut second = Raw::connect(addr).await;
    second.get("/").await;
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(server.stats().connections_accepted(), 1);
    drop(first);
    second.until("done;").await;
    assert_eq!(server.stats().connections_accepted(), 2);
    server.shutdown().await.unwrap();
}

#[test]
fn a_server_needs_a_runtime_or_brings_its_own() {
    let outside = ready_at_once(Server::new(Quay::default()).start());
    assert_eq!(outside.unwrap_err().kind(), ErrorKind::Runtime);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let inside = runtime.block_on(async { Server::new(Quay::default()).run() });
    let error = inside.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Runtime);
    assert!(error.to_string().contains("Server::start"), "{error}");
}

/// Polls a future that must be ready at once, without a runtime.
fn ready_at_once<F: Future>(future: F) -> F::Output {
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::pin!(future).poll(&mut cx) {
        std::task::Poll::Ready(output) => output,
        std::task::Poll::Pending => panic!("it waits"),
    }
}
