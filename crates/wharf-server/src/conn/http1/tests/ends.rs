//! How connections end: clients that leave, panics, shutdown and abort.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::time::{Instant, sleep};
use wharf_http::Signal;
use wharf_http::signal::Tasks;

use super::*;
use crate::{Http1Config, Stats};

const SECOND: Duration = Duration::from_secs(1);

/// Says what happened to a handler.
#[derive(Clone, Default)]
struct Witness(Arc<Mutex<Vec<&'static str>>>);

impl Witness {
    fn saw(&self, what: &'static str) {
        self.0.lock().unwrap().push(what);
    }

    fn all(&self) -> Vec<&'static str> {
        self.0.lock().unwrap().clone()
    }

    fn until_dropped(&self, context: &Context) -> WitnessGuard {
        WitnessGuard(self.clone(), context.clone())
    }
}

struct WitnessGuard(Witness, Context);

impl Drop for WitnessGuard {
    fn drop(&mut self) {
        self.0.saw(if self.1.client_left().is_fired() {
            "dropped, client left"
        } else {
            "dropped"
        });
    }
}

/// Answers after a while, watched by a witness.
fn slow(witness: &Witness) -> ConnectionConfig<impl Service + use<>> {
    let witness = witness.clone();
    config(move |_, context: Context| {
        let guard = witness.until_dropped(&context);
        let witness = witness.clone();
        async move {
            sleep(60 * SECOND).await;
            witness.saw("finished");
            drop(guard);
            Response::new(Body::from("done"))
        }
    })
}

#[tokio::test(start_paused = true)]
async fn a_handler_is_dropped_when_its_client_leaves() {
    for half in [false, true] {
        let witness = Witness::default();
        let mut client = Client::open(slow(&witness));
        let began = Instant::now();
        client.send(GET).await;
        sleep(SECOND).await;
        if half {
            // "Finished sending" cannot be told from "gone".
            client.io.shutdown().await.unwrap();
            assert_eq!(client.rest().await, "");
        }
        assert_eq!(client.end().await, ConnectionEnd::ClientLeft);
        assert_eq!(began.elapsed(), SECOND);
        assert_eq!(witness.all(), ["dropped, client left"]);
    }
}

#[tokio::test(start_paused = true)]
async fn half_closed_clients_are_answered_where_that_is_set() {
    let witness = Witness::default();
    let config = slow(&witness).http1(Http1Config::new().half_close(true));
    let mut client = Client::open(config);
    client.send(GET).await;
    client.io.shutdown().await.unwrap();
    assert!(client.rest().await.ends_with("\r\n\r\ndone"));
    assert_eq!(client.end().await, ConnectionEnd::Finished);
    assert_eq!(witness.all(), ["finished", "dropped"]);
}

#[tokio::test(start_paused = true)]
async fn answers_are_not_held_back_where_half_closing_is_allowed() {
    let config = config(echo).http1(Http1Config::new().half_close(true));
    let mut client = Client::open(config);
    let began = Instant::now();
    for _ in 0..3 {
        client.send(format!("{GET}{GET}")).await;
        client.answer().await;
        client.answer().await;
    }
    assert_eq!(began.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_while_it_is_answered_ends_the_answer() {
    let witness = Witness::default();
    let seen = witness.clone();
    let config = config(move |_, context: Context| {
        let guard = seen.until_dropped(&context);
        async move {
            let (mut sender, body) = Body::channel(1);
            tokio::spawn(async move {
                let _guard = guard;
                while sender.send("tick").await.is_ok() {
                    sleep(SECOND).await;
                }
            });
            Response::new(body)
        }
    });
    let mut client = Client::open(config);
    client.send(GET).await;
    client.io.read_u8().await.unwrap();
    assert_eq!(client.end().await, ConnectionEnd::ClientLeft);
    sleep(2 * SECOND).await;
    assert_eq!(witness.all(), ["dropped, client left"]);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_in_the_middle_of_its_body_is_an_error_for_the_reader() {
    let mut client = Client::open(config(|request: Request, context: Context| async move {
        let error = request.into_body().bytes(None).await.unwrap_err();
        context.insert(error.kind());
        Response::new(Body::from(format!("{:?}", error.kind())))
    }));
    client
        .send("POST / HTTP/1.1\r\nHost: quay\r\nContent-Length: 10\r\n\r\nabc")
        .await;
    client.io.shutdown().await.unwrap();
    // Nobody may be there to read it, but the handler could clean up.
    assert!(client.rest().await.ends_with("Disconnected"));
    client.end().await;
}

#[tokio::test]
async fn a_client_that_leaves_in_the_middle_of_a_head_gets_nothing() {
    let mut client = Client::open(config(echo));
    client.send("GET / HT").await;
    client.io.shutdown().await.unwrap();
    assert_eq!(client.rest().await, "");
    assert_eq!(client.end().await, ConnectionEnd::ClientLeft);
}

#[tokio::test]
async fn a_panic_ends_only_its_connection() {
    let config = config(|request: Request, context| async {
        assert_ne!(request.uri().path(), "/panic", "on purpose");
        echo(request, context).await
    });
    let mut other = Client::open(config.clone());
    let mut client = Client::open(config);
    client
        .send("GET /panic HTTP/1.1\r\nHost: quay\r\n\r\n")
        .await;
    assert_eq!(client.rest().await, "");
    assert_eq!(client.end().await, ConnectionEnd::Failed);
    other.send(GET).await;
    assert!(other.answer().await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_panic_of_the_service_itself_ends_only_its_connection() {
    struct Panics;
    impl Service for Panics {
        type Future = std::future::Ready<Response>;

        fn call(&self, _request: Request, _context: &Context) -> Self::Future {
            panic!("on purpose")
        }

        fn reject(&self, _rejected: &wharf_http::service::Rejected) -> Response {
            panic!("on purpose")
        }
    }
    for bytes in [GET, "nonsense\r\n\r\n"] {
        let stats = Stats::new();
        let mut client = Client::open(ConnectionConfig::new(Panics).stats(stats.clone()));
        client.send(bytes).await;
        assert_eq!(client.rest().await, "");
        assert_eq!(client.end().await, ConnectionEnd::Failed);
        assert_eq!((stats.in_flight(), stats.connections()), (0, 0));
    }
}

struct Fails(bool);

impl futures_core::Stream for Fails {
    type Item = Result<&'static str, std::io::Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Option<Self::Item>> {
        if std::mem::take(&mut self.0) {
            return Poll::Ready(Some(Ok("some")));
        }
        // Let hyper send what it has first.
        cx.waker().wake_by_ref();
        self.set(Self(false));
        Poll::Ready(Some(Err(std::io::Error::other("on purpose"))))
    }
}

#[tokio::test]
async fn an_answer_whose_body_fails_is_not_taken_for_complete() {
    let mut client = Client::open(config(|_, _| async {
        Response::new(Body::from_stream(Fails(true)))
    }));
    client.send(GET).await;
    assert!(!client.rest().await.ends_with("0\r\n\r\n"));
    assert_eq!(client.end().await, ConnectionEnd::Failed);
}

#[tokio::test]
async fn an_answer_that_cannot_be_sent_ends_the_connection() {
    let mut client = Client::open(config(|_, _| async {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = http::StatusCode::EARLY_HINTS;
        response
    }));
    client.send(GET).await;
    client.rest().await;
    assert_eq!(client.end().await, ConnectionEnd::Failed);
}

/// A server's signals.
#[derive(Default)]
struct Signals {
    shutdown: Signal,
    abort: Signal,
}

impl Signals {
    fn open<S: Service>(&self, config: ConnectionConfig<S>) -> Client {
        let connection = Connection::memory().with_server(self.shutdown.clone(), Tasks::new());
        Client::over(config.abort(self.abort.clone()), connection, 1 << 20)
    }
}

#[tokio::test(start_paused = true)]
async fn connections_on_which_nothing_happens_close_soon_on_shutdown() {
    for bytes in ["", "GET / HTTP/1.1\r\nHo", GET] {
        let signals = Signals::default();
        let mut client = signals.open(config(echo));
        client.send(bytes).await;
        if bytes == GET {
            client.answer().await;
        }
        sleep(SECOND).await;
        let began = Instant::now();
        signals.shutdown.fire();
        assert_eq!(client.rest().await, "");
        // Not at once: a request may have arrived of which the runtime has not heard yet.
        assert!(began.elapsed() <= Duration::from_millis(60), "{bytes:?}");
        assert_eq!(client.end().await, ConnectionEnd::Finished);
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_races_with_the_shutdown_is_served() {
    let signals = Signals::default();
    let mut client = signals.open(config(echo));
    client.send(GET).await;
    client.answer().await;
    signals.shutdown.fire();
    sleep(Duration::from_millis(20)).await;
    client.send(GET).await;
    assert_eq!(
        client.answer().await,
        "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 6\r\ndate: now\r\n\r\nGET / "
    );
    assert_eq!(client.rest().await, "");
    assert_eq!(client.end().await, ConnectionEnd::Finished);

    let signals = Signals::default();
    let mut client = signals.open(config(echo));
    client.send(GET).await;
    client.answer().await;
    let began = Instant::now();
    signals.shutdown.fire();
    assert_eq!(client.rest().await, "");
    assert!(began.elapsed() <= Duration::from_millis(60));
}

#[tokio::test(start_paused = true)]
async fn a_running_request_is_finished_on_shutdown_and_says_so() {
    let signals = Signals::default();
    let witness = Witness::default();
    let mut client = signals.open(slow(&witness));
    client.send(GET).await;
    sleep(SECOND).await;
    signals.shutdown.fire();
    assert_eq!(
        client.rest().await,
        "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 4\r\ndate: now\r\n\r\ndone"
    );
    assert_eq!(client.end().await, ConnectionEnd::Finished);
    assert_eq!(witness.all(), ["finished", "dropped"]);
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_comes_in_is_finished_on_shutdown() {
    let signals = Signals::default();
    let mut client = signals.open(config(echo));
    client
        .send("POST / HTTP/1.1\r\nHost: quay\r\nContent-Length: 6\r\n\r\nabc")
        .await;
    sleep(SECOND).await;
    signals.shutdown.fire();
    sleep(SECOND).await;
    client.send("def").await;
    let all = client.rest().await;
    assert!(all.contains("connection: close"), "{all}");
    assert!(all.ends_with("POST / abcdef"), "{all}");
}

#[tokio::test(start_paused = true)]
async fn the_abort_signal_cuts_what_is_left() {
    let signals = Signals::default();
    let witness = Witness::default();
    let mut busy = signals.open(slow(&witness));
    busy.send(GET).await;
    let idle = signals.open(config(echo));
    sleep(SECOND).await;
    signals.shutdown.fire();
    sleep(SECOND).await;
    let began = Instant::now();
    signals.abort.fire();
    assert_eq!(busy.rest().await, "");
    assert_eq!(busy.end().await, ConnectionEnd::Cut);
    assert_eq!(idle.end().await, ConnectionEnd::Finished);
    assert_eq!(began.elapsed(), Duration::ZERO);
    // The client has not left: the server has.
    assert_eq!(witness.all(), ["dropped"]);
}

#[tokio::test(start_paused = true)]
async fn the_abort_signal_ends_an_upgraded_connection() {
    let signals = Signals::default();
    let ended = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&ended);
    let mut client = signals.open(config(move |mut request: Request, _| {
        let counter = Arc::clone(&counter);
        let upgrade = hyper::upgrade::on(&mut request);
        tokio::spawn(async move {
            let mut io = hyper_util::rt::TokioIo::new(upgrade.await.unwrap());
            let error = io.read_u8().await.unwrap_err();
            assert_eq!(error.kind(), std::io::ErrorKind::ConnectionAborted);
            counter.fetch_add(1, Ordering::Relaxed);
        });
        let mut response = Response::new(Body::empty());
        *response.status_mut() = http::StatusCode::SWITCHING_PROTOCOLS;
        std::future::ready(response)
    }));
    client
        .send("GET / HTTP/1.1\r\nHost: quay\r\nConnection: upgrade\r\nUpgrade: parrot\r\n\r\n")
        .await;
    client.answer().await;
    signals.shutdown.fire();
    sleep(1000 * SECOND).await;
    assert!(!client.serving.is_finished());
    signals.abort.fire();
    assert_eq!(client.rest().await, "");
    assert_eq!(client.end().await, ConnectionEnd::Cut);
    assert_eq!(ended.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn lingering_ends_soon_after_a_shutdown() {
    let signals = Signals::default();
    let mut client = signals.open(config(|_, _| async {
        let mut response = Response::new(Body::from("too large"));
        *response.status_mut() = http::StatusCode::PAYLOAD_TOO_LARGE;
        response
    }));
    client
        .send("POST / HTTP/1.1\r\nHost: quay\r\nContent-Length: 1000000\r\n\r\n")
        .await;
    assert!(client.rest().await.ends_with("too large"));
    let began = Instant::now();
    signals.shutdown.fire();
    while client.io.write_all(b"more").await.is_ok() {
        sleep(SECOND).await;
    }
    assert!((5..=7).contains(&began.elapsed().as_secs()));
    assert_eq!(client.end().await, ConnectionEnd::Finished);
}

#[tokio::test(start_paused = true)]
async fn dropping_the_future_cuts_the_connection() {
    let witness = Witness::default();
    let stats = Stats::new();
    let mut client = Client::open(slow(&witness).stats(stats.clone()));
    client.send(GET).await;
    sleep(SECOND).await;
    assert_eq!((stats.connections(), stats.in_flight()), (1, 1));
    client.serving.abort();
    assert!(client.serving.await.unwrap_err().is_cancelled());
    assert_eq!((stats.connections(), stats.in_flight()), (0, 0));
    assert_eq!(witness.all(), ["dropped"]);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_kept_after_the_answer_is_read_to_its_end() {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let sender = Mutex::new(Some(sender));
    let config = config(move |request: Request, _| {
        if let Some(sender) = sender.lock().unwrap().take() {
            let mut body = request.into_body();
            tokio::spawn(async move {
                let _ = sender.send(body.bytes(None).await);
            });
        }
        std::future::ready(Response::new(Body::from("later")))
    });
    let mut client = Client::open(config.timeouts(crate::Timeouts::new().min_rate(None)));
    client
        .send("POST / HTTP/1.1\r\nHost: quay\r\nContent-Length: 6\r\n\r\nabc")
        .await;
    assert!(client.answer().await.ends_with("later"));
    // Longer than a head may take: this is a body.
    sleep(20 * SECOND).await;
    client.send("def").await;
    assert_eq!(receiver.await.unwrap().unwrap(), "abcdef");
    sleep(70 * SECOND).await;
    client.send(GET).await;
    assert!(client.answer().await.ends_with("later"));
}

#[tokio::test(start_paused = true)]
async fn a_connection_may_move_between_tasks_during_a_shutdown() {
    struct Nobody;
    impl task::Wake for Nobody {
        fn wake(self: Arc<Self>) {}
    }
    let signals = Signals::default();
    let connection = Connection::memory().with_server(signals.shutdown.clone(), Tasks::new());
    let (mut client, server) = duplex(1 << 16);
    let mut serving = std::pin::pin!(serve_connection(
        server,
        connection,
        slow(&Witness::default()).abort(signals.abort.clone()),
    ));
    client.write_all(GET.as_bytes()).await.unwrap();
    let wakers: [task::Waker; 3] = std::array::from_fn(|_| Arc::new(Nobody).into());
    for waker in &wakers {
        let mut cx = task::Context::from_waker(waker);
        assert!(serving.as_mut().poll(&mut cx).is_pending());
        signals.shutdown.fire();
    }
    // Whoever polled last is woken, by the timer too.
    let mut answer = String::new();
    let (end, read) = tokio::join!(serving, client.read_to_string(&mut answer));
    read.unwrap();
    assert!(answer.ends_with("done"), "{answer}");
    assert_eq!(end, ConnectionEnd::Finished);
}
