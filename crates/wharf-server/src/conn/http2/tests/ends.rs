//! How streams and connections end: clients that leave, panics, shutdown and abort.

use std::sync::{Arc, Mutex};

use wharf_http::body::Error;

use super::*;

/// Says what happened to handlers.
#[derive(Clone, Default)]
struct Witness(Arc<Mutex<Vec<&'static str>>>);

impl Witness {
    fn all(&self) -> Vec<&'static str> {
        self.0.lock().unwrap().clone()
    }
}

struct Guard(Witness, Context);

impl Drop for Guard {
    fn drop(&mut self) {
        let left = self.1.client_left().is_fired();
        let saw = if left {
            "dropped, client left"
        } else {
            "dropped"
        };
        self.0.0.lock().unwrap().push(saw);
    }
}

/// Answers after an hour on `/slow`, watched by a witness.
fn watched(witness: &Witness) -> ConnectionConfig<impl Service + use<>> {
    let witness = witness.clone();
    let config = config(move |request: Request, context: Context| {
        let guard = Guard(witness.clone(), context.clone());
        async move {
            let _guard = guard;
            slow(request, context).await
        }
    });
    config.http2(Http2Config::new().ping_interval(None))
}

#[tokio::test(start_paused = true)]
async fn a_client_that_takes_its_request_back_cancels_it_alone() {
    let witness = Witness::default();
    let mut client = Raw::open(watched(&witness)).await;
    client.send(get(1, "/slow")).await;
    client.send(get(3, "/slow")).await;
    sleep(SECOND).await;
    client
        .send(frame(RST_STREAM, 0, 1, CANCEL.to_be_bytes()))
        .await;
    sleep(SECOND).await;
    assert_eq!(witness.all(), ["dropped, client left"]);
    assert_eq!(client.answer(3).await.unwrap(), "GET /slow ");
    assert_eq!(client.end().await, ConnectionEnd::Finished);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_goes_cancels_all_its_requests() {
    let witness = Witness::default();
    let stats = Stats::new();
    let mut client = Raw::open(watched(&witness).stats(stats.clone())).await;
    client
        .send([get(1, "/slow"), get(3, "/slow")].concat())
        .await;
    sleep(SECOND).await;
    assert_eq!((stats.in_flight(), stats.connections()), (2, 1));
    assert_eq!(client.end().await, ConnectionEnd::ClientLeft);
    assert_eq!(witness.all(), ["dropped, client left"; 2]);
    assert_eq!((stats.in_flight(), stats.connections()), (0, 0));
    assert_eq!(stats.requests(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_connection_is_counted_once_whatever_it_began_with() {
    let stats = Stats::new();
    let config = config(echo).stats(stats.clone());
    let mut client = pipe(config, &Signals::default(), 1 << 16, Protocol::Detect);
    client
        .send([&PREFACE[..], &frame(SETTINGS, 0, 0, []), &get(1, "/")].concat())
        .await;
    client.answer(1).await.unwrap();
    assert_eq!((stats.connections(), stats.connections_accepted()), (1, 1));
    client.end().await;
    assert_eq!((stats.connections(), stats.connections_accepted()), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_panic_ends_only_its_stream() {
    let config = config(|request: Request, context: Context| async move {
        match request.uri().path() {
            "/panic" => panic!("on purpose"),
            "/body" => Response::new(Body::from_stream(Panics)),
            "/broken" => {
                let (sender, body) = Body::channel(1);
                tokio::spawn(sender.abort(std::io::Error::other("on purpose")));
                Response::new(body)
            }
            "/continue" => {
                let mut response = Response::new(Body::empty());
                *response.status_mut() = http::StatusCode::CONTINUE;
                response
            }
            _ => slow(request, context).await,
        }
    });
    let config = config.http2(Http2Config::new().ping_interval(None));
    let mut client = Raw::open(config).await;
    client.send(get(1, "/slow")).await;
    for (stream, path, code) in [
        (3, "/panic", INTERNAL_ERROR),
        (5, "/body", CANCEL),
        (7, "/broken", INTERNAL_ERROR),
        (9, "/continue", INTERNAL_ERROR),
    ] {
        client.send(get(stream, path)).await;
        assert_eq!(client.answer(stream).await, Err(code), "{path}");
    }
    assert_eq!(client.answer(1).await.unwrap(), "GET /slow ");
    assert_eq!(client.end().await, ConnectionEnd::Finished);
}

struct Panics;

impl futures_core::Stream for Panics {
    type Item = Result<&'static str, Error>;

    fn poll_next(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        panic!("on purpose")
    }
}

#[tokio::test]
async fn a_panic_of_the_service_itself_ends_only_its_stream() {
    struct Fickle;
    impl Service for Fickle {
        type Future = std::future::Ready<Response>;

        fn call(&self, request: Request, _context: &Context) -> Self::Future {
            assert_ne!(request.uri().path(), "/panic", "on purpose");
            std::future::ready(Response::new(Body::from("fine")))
        }
    }
    let mut client = Raw::open(ConnectionConfig::new(Fickle)).await;
    client.send(get(1, "/panic")).await;
    assert_eq!(client.answer(1).await, Err(INTERNAL_ERROR));
    client.send(get(3, "/")).await;
    assert_eq!(client.answer(3).await.unwrap(), "fine");
}

#[tokio::test(start_paused = true)]
async fn connections_on_which_nothing_happens_close_soon_on_shutdown() {
    for (request, farewells, milliseconds) in [
        (false, vec![(ALL, NO_ERROR), (0, NO_ERROR)], 50..60),
        (true, vec![(ALL, NO_ERROR), (1, NO_ERROR)], 1000..1010),
    ] {
        let signals = Signals::default();
        let mut client = Raw::with(config(echo), &signals, &[]).await;
        if request {
            client.send(get(1, "/")).await;
            client.answer(1).await.unwrap();
        }
        sleep(SECOND).await;
        let began = Instant::now();
        signals.shutdown.fire();
        assert_eq!(client.farewells().await, farewells);
        assert!(
            milliseconds.contains(&began.elapsed().as_millis()),
            "{began:?}"
        );
        assert_eq!(client.end().await, ConnectionEnd::Finished);
    }
}

#[tokio::test(start_paused = true)]
async fn half_a_head_is_not_waited_for_on_shutdown() {
    for (before, last) in [(None, 0), (Some(1), 1)] {
        let signals = Signals::default();
        let mut client = Raw::with(config(echo), &signals, &[]).await;
        if let Some(stream) = before {
            client.send(get(stream, "/")).await;
            client.answer(stream).await.unwrap();
        }
        let half = &head("GET", "/")[..9];
        client.send(frame(HEADERS, END_STREAM, 3, half)).await;
        sleep(SECOND).await;
        let began = Instant::now();
        signals.shutdown.fire();
        assert_eq!(
            client.farewells().await,
            [(ALL, NO_ERROR), (last, NO_ERROR)]
        );
        assert_eq!(began.elapsed().as_millis() / 10, 5);
        assert_eq!(client.end().await, ConnectionEnd::Finished);
    }
}

#[tokio::test(start_paused = true)]
async fn a_head_that_is_under_way_on_shutdown_may_arrive() {
    let signals = Signals::default();
    let mut client = Raw::with(config(echo), &signals, &[]).await;
    let block = head("GET", "/");
    let (first, rest) = block.split_at(9);
    client.send(frame(HEADERS, END_STREAM, 1, first)).await;
    sleep(SECOND).await;
    signals.shutdown.fire();
    sleep(SECOND / 50).await;
    client.send(frame(CONTINUATION, END_HEADERS, 1, rest)).await;
    assert_eq!(client.answer(1).await.unwrap(), "GET / ");
    assert_eq!(client.farewells().await, [(1, NO_ERROR)]);
    assert_eq!(client.end().await, ConnectionEnd::Finished);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_agrees_is_let_go_at_once() {
    let signals = Signals::default();
    let mut client = Raw::with(config(echo), &signals, &[]).await;
    client.send(get(1, "/")).await;
    client.answer(1).await.unwrap();
    let began = Instant::now();
    signals.shutdown.fire();
    let mut farewells = Vec::new();
    while let Some(frame) = client.any_frame().await {
        match frame.kind {
            GOAWAY => farewells.push(number(&frame.payload)),
            PING => {
                // One more request was under way.
                client.send(get(3, "/late")).await;
                client.send(super::frame(PING, ACK, 0, frame.payload)).await;
                assert_eq!(client.answer(3).await.unwrap(), "GET /late ");
            }
            _ => {}
        }
    }
    assert_eq!(farewells[0], ALL);
    assert_eq!(began.elapsed(), Duration::ZERO);
    assert_eq!(client.end().await, ConnectionEnd::Finished);
}

#[tokio::test(start_paused = true)]
async fn what_runs_is_finished_on_shutdown() {
    let signals = Signals::default();
    let witness = Witness::default();
    let mut client = Raw::with(watched(&witness), &signals, &[]).await;
    client.send(get(1, "/slow")).await;
    sleep(SECOND).await;
    signals.shutdown.fire();
    let farewell = client.frame().await.unwrap();
    assert_eq!((farewell.kind, number(&farewell.payload)), (GOAWAY, ALL));
    assert_eq!(client.answer(1).await.unwrap(), "GET /slow ");
    let began = Instant::now();
    assert_eq!(client.farewells().await, [(1, NO_ERROR)]);
    assert_eq!(seconds(began), 1);
    assert_eq!(client.end().await, ConnectionEnd::Finished);
}

#[tokio::test(start_paused = true)]
async fn the_abort_signal_cuts_what_is_left() {
    let signals = Signals::default();
    let witness = Witness::default();
    let mut busy = Raw::with(watched(&witness), &signals, &[]).await;
    busy.send(get(1, "/slow")).await;
    let idle = Raw::with(config(echo), &signals, &[]).await;
    sleep(SECOND).await;
    let began = Instant::now();
    signals.abort.fire();
    assert_eq!(busy.serving.await.unwrap(), ConnectionEnd::Cut);
    assert_eq!(idle.serving.await.unwrap(), ConnectionEnd::Finished);
    assert_eq!(began.elapsed(), Duration::ZERO);
    // The client has not left: the server has.
    assert_eq!(witness.all(), ["dropped"]);
}

#[tokio::test(start_paused = true)]
async fn the_abort_signal_cuts_another_protocol_too() {
    let signals = Signals::default();
    let config = config(|mut request: Request, _| {
        let upgrade = hyper::upgrade::on(&mut request);
        tokio::spawn(async move {
            let mut io = TokioIo::new(upgrade.await.unwrap());
            io.read_u8().await.unwrap_err();
        });
        std::future::ready(Response::new(Body::empty()))
    });
    let on = Http2Config::new().extended_connect(true);
    let mut client = Raw::with(config.http2(on), &signals, &[]).await;
    let block = fields(&[
        (":method", "CONNECT"),
        (":protocol", "parrot"),
        (":scheme", "http"),
        (":authority", "quay"),
        (":path", "/"),
    ]);
    client.send(frame(HEADERS, END_HEADERS, 1, block)).await;
    assert_eq!(client.frame().await.unwrap().kind, HEADERS);
    signals.shutdown.fire();
    sleep(10 * SECOND).await;
    assert!(!client.serving.is_finished());
    signals.abort.fire();
    assert_eq!(client.serving.await.unwrap(), ConnectionEnd::Cut);
}

#[tokio::test(start_paused = true)]
async fn dropping_the_future_cuts_the_connection() {
    let witness = Witness::default();
    let stats = Stats::new();
    let mut client = Raw::open(watched(&witness).stats(stats.clone())).await;
    client.send(get(1, "/slow")).await;
    sleep(SECOND).await;
    client.serving.abort();
    assert!(client.serving.await.unwrap_err().is_cancelled());
    // The streams are tasks: they are gone when they have had their turn.
    tokio::task::yield_now().await;
    assert_eq!((stats.connections(), stats.in_flight()), (0, 0));
    assert_eq!(witness.all(), ["dropped"]);
}
