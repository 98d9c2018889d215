//! Each limit on paused time.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_client_without_a_request_is_sent_away() {
    for bytes in [
        vec![],
        PREFACE.to_vec(),
        [&PREFACE[..], &frame(SETTINGS, 0, 0, [])].concat(),
        // The head has begun, and goes on for ever.
        [&PREFACE[..], &frame(SETTINGS, 0, 0, []), &get(1, "/")[..20]].concat(),
    ] {
        let began = Instant::now();
        let mut client = Raw::silent(config(echo));
        client.send(bytes).await;
        sleep(10 * SECOND).await;
        client.farewells().await;
        assert_eq!(seconds(began), 15);
    }
}

#[cfg(feature = "http1")]
#[tokio::test(start_paused = true)]
async fn a_part_of_the_preface_is_a_part_of_a_head() {
    for (part, answer) in [("PRI * HT", "HTTP/1.1 408"), ("PRI * HTTP/2.0\r\n", "")] {
        let began = Instant::now();
        let mut client = pipe(config(echo), &Signals::default(), 1 << 16, Protocol::Detect);
        client.send(part).await;
        let mut all = Vec::new();
        client.io.read_to_end(&mut all).await.unwrap();
        assert!(all.starts_with(answer.as_bytes()), "{part}");
        assert_eq!(seconds(began), 15, "{part}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_later_head_has_its_time_from_its_first_byte() {
    let quiet = Http2Config::new().ping_interval(None);
    let mut client = Raw::open(config(slow).http2(quiet)).await;
    client.send(get(1, "/")).await;
    client.answer(1).await.unwrap();
    sleep(60 * SECOND).await;
    let began = Instant::now();
    client
        .send(&frame(HEADERS, END_STREAM, 3, head("GET", "/"))[..])
        .await;
    sleep(14 * SECOND).await;
    client.send(frame(CONTINUATION, END_HEADERS, 3, [])).await;
    client.answer(3).await.unwrap();
    assert_eq!(seconds(began), 14);

    let began = Instant::now();
    client.send(get(5, "/slow")).await;
    client.send(&get(7, "/")[..12]).await;
    assert_eq!(client.farewells().await, [(5, NO_ERROR)]);
    assert_eq!(seconds(began), 15);
    assert_eq!(client.end().await, ConnectionEnd::TooSlow);
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_sent_away_whatever_it_pings() {
    let began = Instant::now();
    let mut client = Raw::open(config(echo)).await;
    client.send(get(1, "/")).await;
    client.answer(1).await.unwrap();
    for _ in 0..7 {
        sleep(10 * SECOND).await;
        client.send(frame(PING, 0, 0, [0; 8])).await;
        // What the server asks is answered too.
        client
            .send(frame(PING, ACK, 0, b"\x3b\x7c\xdb\x7a\x0b\x87\x16\xb4"))
            .await;
    }
    let farewells = client.farewells().await;
    assert_eq!(farewells, [(ALL, NO_ERROR), (1, NO_ERROR)]);
    assert_eq!(seconds(began), 75 + 1);
    assert_eq!(client.end().await, ConnectionEnd::Finished);
}

#[tokio::test(start_paused = true)]
async fn a_connection_with_a_stream_is_not_idle() {
    let quiet = Http2Config::new().ping_interval(None);
    let mut client = Raw::open(config(slow).http2(quiet)).await;
    client.send(get(1, "/slow")).await;
    sleep(1000 * SECOND).await;
    client.send(get(3, "/")).await;
    assert_eq!(client.answer(3).await.unwrap(), "GET / ");
    assert_eq!(client.answer(1).await.unwrap(), "GET /slow ");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_answers_no_ping_is_gone() {
    let began = Instant::now();
    let mut client = Raw::open(config(slow)).await;
    client.send(get(1, "/slow")).await;
    client.farewells().await;
    assert_eq!(seconds(began), 50);
    assert_eq!(client.end().await, ConnectionEnd::ClientLeft);
}

/// Says why a body did not come.
async fn patient(request: Request, _context: Context) -> Response {
    let text = match request.into_body().bytes(None).await {
        Ok(body) => format!("{} bytes", body.len()),
        Err(error) => format!("{:?}", error.kind()),
    };
    Response::new(Body::from(text))
}

#[tokio::test(start_paused = true)]
async fn a_body_that_stops_or_trickles_is_an_error_for_its_reader_alone() {
    let quiet = Http2Config::new().ping_interval(None);
    let config = config(patient).http2(quiet);
    let mut client = Raw::open(config.clone().timeouts(Timeouts::new().min_rate(None))).await;
    let began = Instant::now();
    client
        .send([post(1, "/"), frame(DATA, 0, 1, b"abc")].concat())
        .await;
    client.send(post(3, "/")).await;
    for _ in 0..5 {
        sleep(8 * SECOND).await;
        client.send(frame(DATA, 0, 3, b"abc")).await;
    }
    assert_eq!(seconds(began), 40);
    client.send(frame(DATA, END_STREAM, 3, [])).await;
    assert_eq!(client.answer(1).await.unwrap(), "TimedOut");
    assert_eq!(client.answer(3).await.unwrap(), "15 bytes");

    let mut client = Raw::open(config).await;
    client.send(post(1, "/")).await;
    for _ in 0..10 {
        sleep(SECOND).await;
        client.send(frame(DATA, 0, 1, b"abc")).await;
    }
    let began = Instant::now();
    assert_eq!(client.answer(1).await.unwrap(), "TooSlow");
    assert_eq!(seconds(began), 0);
}

/// An answer of as many bytes as the path says.
async fn bytes(request: Request, _context: Context) -> Response {
    let length = request.uri().path()[1..].parse().unwrap();
    Response::new(Body::from(vec![b'a'; length]))
}

/// The setting that streams begin with a window of `size`.
fn window(size: u16) -> Vec<u8> {
    [&[0, 4, 0, 0][..], &size.to_be_bytes()].concat()
}

fn grow(stream: u32, by: u32) -> Vec<u8> {
    frame(WINDOW_UPDATE, 0, stream, by.to_be_bytes())
}

#[tokio::test(start_paused = true)]
async fn an_answer_for_which_no_window_is_opened_is_reset_alone() {
    let timeouts = Timeouts::new().min_rate(None);
    let quiet = Http2Config::new().ping_interval(None);
    let config = config(bytes).timeouts(timeouts).http2(quiet);
    for (initial, length) in [(0, 5), (1, 5), (4, 5), (1000, 70_000), (1000, 1_000_000)] {
        let signals = Signals::default();
        let mut client = Raw::with(config.clone(), &signals, &window(initial)).await;
        let began = Instant::now();
        client.send(get(1, &format!("/{length}"))).await;
        client.send(get(3, "/7")).await;
        client.send(grow(3, 7)).await;
        assert_eq!(client.answer(3).await.unwrap().len(), 7);
        assert_eq!(seconds(began), 0);
        assert_eq!(client.answer(1).await, Err(CANCEL), "{initial} {length}");
        assert_eq!(seconds(began), 30, "{initial} {length}");
        client.send(get(5, "/0")).await;
        assert_eq!(client.answer(5).await.unwrap(), "");
        assert_eq!(client.end().await, ConnectionEnd::Finished);
    }
}

#[tokio::test(start_paused = true)]
async fn the_window_of_the_connection_counts_too() {
    let timeouts = Timeouts::new().min_rate(None);
    let quiet = Http2Config::new().ping_interval(None);
    let mut client = Raw::open(config(bytes).timeouts(timeouts).http2(quiet)).await;
    client.send(get(1, "/65530")).await;
    assert_eq!(client.answer(1).await.unwrap().len(), 65_530);
    let began = Instant::now();
    client.send(get(3, "/20")).await;
    assert_eq!(client.answer(3).await, Err(CANCEL));
    assert_eq!(seconds(began), 30);
    client.send(grow(0, 1_000)).await;
    client.send(get(5, "/500")).await;
    assert_eq!(client.answer(5).await.unwrap().len(), 500);
    assert_eq!(client.end().await, ConnectionEnd::Finished);
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_whole_however_its_windows_are_opened() {
    let config = config(bytes).http2(Http2Config::new().ping_interval(None));
    for (initial, length, step) in [
        (0, 5, 1),
        (3, 9, 2),
        (1000, 200_000, 9_000),
        (65_535, 70_000, 1),
    ] {
        let signals = Signals::default();
        let mut client = Raw::with(config.clone(), &signals, &window(initial)).await;
        client.send(grow(0, 1_000_000)).await;
        client.send(get(1, &format!("/{length}"))).await;
        let missing = length - usize::from(initial).min(length);
        for _ in 0..missing.div_ceil(step) {
            client.send(grow(1, step as u32)).await;
            tokio::task::yield_now().await;
        }
        assert_eq!(client.answer(1).await.unwrap().len(), length);
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_trickles_is_reset() {
    let quiet = Http2Config::new().ping_interval(None);
    let signals = Signals::default();
    let timeouts = Timeouts::new().min_rate(2_000);
    let config = config(bytes).http2(quiet).timeouts(timeouts);
    let mut client = Raw::with(config, &signals, &window(0)).await;
    let began = Instant::now();
    client.send(get(1, "/100000")).await;
    for _ in 0..8 {
        client.send(grow(1, 10)).await;
        sleep(SECOND).await;
    }
    assert_eq!(client.answer(1).await, Err(CANCEL));
    assert_eq!(seconds(began), 10);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_takes_nothing_from_the_socket_is_disconnected() {
    let quiet = Http2Config::new().ping_interval(None);
    let config = config(bytes)
        .timeouts(Timeouts::new().min_rate(None))
        .http2(quiet);
    let mut client = pipe(config, &Signals::default(), 64, Protocol::Http2);
    let began = Instant::now();
    client.send(PREFACE).await;
    client.send(frame(SETTINGS, 0, 0, [])).await;
    client.send(get(1, "/60000")).await;
    assert_eq!(client.serving.await.unwrap(), ConnectionEnd::TooSlow);
    assert_eq!(seconds(began), 30);
}

#[tokio::test(start_paused = true)]
async fn more_streams_than_allowed_are_refused() {
    let config = config(slow).http2(Http2Config::new().max_concurrent_streams(2));
    let mut client = Raw::open(config).await;
    // The client has to know the limit before it can break it.
    client.send(frame(SETTINGS, ACK, 0, [])).await;
    for stream in [1, 3, 5] {
        client.send(get(stream, "/slow")).await;
    }
    assert_eq!(client.answer(5).await, Err(REFUSED_STREAM));
    client.send(frame(RST_STREAM, 0, 3, [0; 4])).await;
    tokio::task::yield_now().await;
    client.send(get(7, "/")).await;
    assert_eq!(client.answer(7).await.unwrap(), "GET / ");
}
