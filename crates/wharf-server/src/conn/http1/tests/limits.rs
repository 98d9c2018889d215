//! Each limit on paused time, with the bytes that the client sees.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::time::{Instant, sleep};

use super::*;
use crate::Timeouts;

const SECOND: Duration = Duration::from_secs(1);

const TOO_LATE: &str = "HTTP/1.1 408 Request Timeout\r\ncontent-type: text/plain; charset=utf-8\r\n\
     connection: close\r\ncontent-length: 58\r\ndate: now\r\n\r\n\
     408 Request Timeout: the request head did not end in time\n";

/// Rounds down, since timers go off up to a millisecond late.
fn seconds(since: Instant) -> u64 {
    since.elapsed().as_secs()
}

#[tokio::test(start_paused = true)]
async fn a_silent_client_is_disconnected_without_a_word() {
    let began = Instant::now();
    let mut client = Client::open(config(echo));
    assert_eq!(client.rest().await, "");
    assert_eq!(seconds(began), 15);
    assert_eq!(client.end().await, ConnectionEnd::Finished);
}

#[tokio::test(start_paused = true)]
async fn a_head_that_comes_byte_by_byte_is_408() {
    let began = Instant::now();
    let mut client = Client::open(config(echo));
    for byte in &GET.as_bytes()[..14] {
        sleep(SECOND).await;
        client.send([*byte]).await;
    }
    let answer = client.answer().await;
    assert_eq!(answer, TOO_LATE);
    assert_eq!(seconds(began), 15);
}

#[tokio::test(start_paused = true)]
async fn empty_lines_alone_are_no_head() {
    let mut client = Client::open(config(echo));
    client.send("\r\n\r\n").await;
    assert_eq!(client.rest().await, "");
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_closed_without_a_word() {
    let mut client = Client::open(config(echo));
    client.send(GET).await;
    client.answer().await;
    let idle = Instant::now();
    assert_eq!(client.rest().await, "");
    assert_eq!(seconds(idle), 75);
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_has_its_own_limit_and_a_head_on_it_the_usual_one() {
    let mut client = Client::open(config(echo));
    for _ in 0..5 {
        client.send(GET).await;
        client.answer().await;
        sleep(70 * SECOND).await;
    }
    client.send("GET /").await;
    let began = Instant::now();
    sleep(14 * SECOND).await;
    client.send(" HTTP/1.1\r\nHost: quay\r\n\r\n").await;
    assert!(client.answer().await.starts_with("HTTP/1.1 200"));
    client.send("GET /").await;
    assert_eq!(client.answer().await, TOO_LATE);
    assert_eq!(seconds(began), 14 + 15);
}

#[tokio::test(start_paused = true)]
async fn a_slow_handler_has_no_limit_and_does_not_shorten_the_idle_time() {
    let mut client = Client::open(config(|request, context| async {
        sleep(1000 * SECOND).await;
        echo(request, context).await
    }));
    client.send(GET).await;
    assert!(client.answer().await.starts_with("HTTP/1.1 200"));
    let idle = Instant::now();
    assert_eq!(client.rest().await, "");
    assert_eq!(seconds(idle), 75);
}

#[tokio::test(start_paused = true)]
async fn a_head_behind_a_finished_request_is_408_at_last() {
    let mut client = Client::open(config(echo));
    client.send(format!("{GET}GET /next HT")).await;
    assert!(client.answer().await.starts_with("HTTP/1.1 200"));
    assert_eq!(client.answer().await, TOO_LATE);
}

#[tokio::test(start_paused = true)]
async fn none_switches_a_limit_off() {
    let off = Timeouts::new()
        .request_head(None)
        .idle(None)
        .body_read(None)
        .min_rate(None)
        .response_write(None);
    let mut client = Client::over(config(echo).timeouts(off), Connection::memory(), 16);
    let day = Duration::from_secs(86_400);
    sleep(day).await;
    client.send("POST / HTTP/1.1\r\nHo").await;
    sleep(day).await;
    client.send("st: quay\r\nContent-Length: 2\r\n\r\n").await;
    sleep(day).await;
    client.send("ab").await;
    sleep(day).await;
    assert!(client.answer().await.ends_with("POST / ab"));
    sleep(day).await;
    client.send(GET).await;
    assert!(client.answer().await.ends_with("GET / "));
}

/// Answers 408 when a body comes too late and says why.
async fn patient(request: Request, _context: Context) -> Response {
    match request.into_body().bytes(None).await {
        Ok(body) => Response::new(Body::from(format!("{} bytes", body.len()))),
        Err(error) => {
            let mut response = Response::new(Body::from(format!("{:?}", error.kind())));
            *response.status_mut() = http::StatusCode::REQUEST_TIMEOUT;
            response
        }
    }
}

const UPLOAD: &str = "POST / HTTP/1.1\r\nHost: quay\r\nContent-Length: 100000\r\n\r\n";

#[tokio::test(start_paused = true)]
async fn a_body_that_stops_is_an_error_for_its_reader() {
    let mut client = Client::open(config(patient).timeouts(Timeouts::new().min_rate(None)));
    client.send(UPLOAD).await;
    for _ in 0..4 {
        sleep(29 * SECOND).await;
        client.send("some bytes").await;
    }
    let stopped = Instant::now();
    assert_eq!(
        client.answer().await,
        "HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 8\r\ndate: now\r\n\r\nTimedOut"
    );
    assert_eq!(seconds(stopped), 30);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_nobody_reads_has_no_limit() {
    let mut client = Client::open(config(|request, context| async {
        sleep(1000 * SECOND).await;
        patient(request, context).await
    }));
    client
        .send("POST / HTTP/1.1\r\nHost: quay\r\nContent-Length: 6\r\n\r\nabc")
        .await;
    sleep(1005 * SECOND).await;
    client.send("def").await;
    assert!(client.answer().await.ends_with("6 bytes"));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_trickles_is_an_error_and_one_that_is_fast_enough_not() {
    for (piece, end, after) in [(200, "TooSlow", 10..=12), (260, "100000 bytes", 380..=390)] {
        let began = Instant::now();
        let mut client = Client::open(config(patient));
        client.send(UPLOAD).await;
        let (mut reading, mut writing) = tokio::io::split(client.io);
        let writer = tokio::spawn(async move {
            for piece in vec![b'a'; 100_000].chunks(piece) {
                writing.write_all(piece).await?;
                sleep(SECOND).await;
            }
            Ok::<_, std::io::Error>(writing)
        });
        let mut answer = vec![0; 400];
        let length = reading.read(&mut answer).await.unwrap();
        let answer = masked(&answer[..length]);
        assert!(answer.ends_with(end), "{piece}: {answer}");
        assert!(after.contains(&seconds(began)), "{}", seconds(began));
        writer.abort();
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_of_a_body_is_not_the_clients_fault() {
    let mut client = Client::over(
        config(|request: Request, _| async {
            let mut body = request.into_body();
            let mut length = 0;
            while let Some(piece) = body.chunk().await {
                match piece {
                    Ok(piece) => length += piece.len(),
                    Err(error) => return Response::new(Body::from(error.to_string())),
                }
                sleep(40 * SECOND).await;
            }
            Response::new(Body::from(format!("{length} bytes")))
        }),
        Connection::memory(),
        1024,
    );
    let mut upload = UPLOAD.as_bytes().to_vec();
    upload.resize(UPLOAD.len() + 100_000, b'a');
    client.send(upload).await;
    assert!(client.answer().await.ends_with("100000 bytes"));
}

fn large(_request: Request, _context: Context) -> std::future::Ready<Response> {
    std::future::ready(Response::new(Body::from(vec![b'a'; 1 << 20])))
}

#[tokio::test(start_paused = true)]
async fn a_client_that_takes_no_byte_is_disconnected() {
    let began = Instant::now();
    let mut client = Client::over(config(large), Connection::memory(), 64);
    // The rate is good: the wait is what counts.
    client.send(GET).await;
    let mut some = vec![0; 20_000];
    client.io.read_exact(&mut some).await.unwrap();
    let end = client.serving.await.unwrap();
    assert_eq!(end, ConnectionEnd::TooSlow);
    assert_eq!(seconds(began), 30);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_takes_a_byte_in_time_is_only_limited_by_the_rate() {
    for (rate, survives) in [(None, true), (Some(240), false)] {
        let timeouts = Timeouts::new().min_rate(rate);
        let mut client = Client::over(config(large).timeouts(timeouts), Connection::memory(), 64);
        client.send(GET).await;
        for _ in 0..10 {
            sleep(25 * SECOND).await;
            if client.io.read_u8().await.is_err() {
                break;
            }
        }
        assert_eq!(!client.serving.is_finished(), survives);
        if !survives {
            assert_eq!(client.serving.await.unwrap(), ConnectionEnd::TooSlow);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_route_says_what_rate_is_enough_for_its_answers() {
    for (server, route, end) in [
        (240, None, ConnectionEnd::Finished),
        (240, Some(100), ConnectionEnd::Finished),
        (100, Some(240), ConnectionEnd::TooSlow),
    ] {
        let service = move |_: Request, context: Context| {
            context.set_min_rate(route);
            std::future::ready(Response::new(Body::from(vec![b'a'; 20_000])))
        };
        let timeouts = Timeouts::new().min_rate(server);
        let mut client = Client::over(config(service).timeouts(timeouts), Connection::memory(), 64);
        client
            .send("GET / HTTP/1.1\r\nHost: quay\r\nConnection: close\r\n\r\n")
            .await;
        let mut taken = vec![0; 200];
        while client.io.read_exact(&mut taken).await.is_ok() {
            sleep(SECOND).await;
        }
        assert_eq!(client.serving.await.unwrap(), end, "{server} {route:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_route_says_what_rate_is_enough_for_its_uploads_and_only_for_its_own() {
    let service = |mut request: Request, context: Context| {
        if request.uri().path() == "/slow" {
            context.set_min_rate(None);
        }
        async move {
            let text = match request.body_mut().bytes(None).await {
                Ok(bytes) => format!("{} bytes", bytes.len()),
                Err(error) => error.to_string(),
            };
            Response::new(Body::from(text))
        }
    };
    let mut client = Client::open(config(service));
    for (path, text) in [("/slow", "20 bytes"), ("/", "the body arrived too slowly")] {
        client
            .send(format!(
                "POST {path} HTTP/1.1\r\nHost: quay\r\nContent-Length: 20\r\n\r\n"
            ))
            .await;
        // One of the two is answered before its body has ended.
        for _ in 0..20 {
            sleep(SECOND).await;
            let _closed = client.io.write_all(b"a").await;
        }
        let answer = client.answer().await;
        assert!(answer.ends_with(text), "{path}: {answer}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_taken_too_slowly_is_cut_and_one_fast_enough_is_not() {
    for (piece, end) in [
        (200, ConnectionEnd::TooSlow),
        (260, ConnectionEnd::Finished),
    ] {
        let began = Instant::now();
        let service =
            |_: Request, _: Context| async { Response::new(Body::from(vec![b'a'; 20_000])) };
        let mut client = Client::over(config(service), Connection::memory(), 64);
        client
            .send("GET / HTTP/1.1\r\nHost: quay\r\nConnection: close\r\n\r\n")
            .await;
        let mut taken = vec![0; piece];
        while client.io.read_exact(&mut taken).await.is_ok() {
            sleep(SECOND).await;
        }
        assert_eq!(client.serving.await.unwrap(), end, "{piece}");
        if end == ConnectionEnd::TooSlow {
            assert!((10..=12).contains(&seconds(began)), "{}", seconds(began));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_comes_slowly_is_not_the_clients_fault() {
    let mut client = Client::open(config(|_, _| async {
        let (mut sender, body) = Body::channel(1);
        tokio::spawn(async move {
            for _ in 0..10 {
                sleep(100 * SECOND).await;
                sender.send("x").await.unwrap();
            }
        });
        Response::new(body)
    }));
    client
        .send("GET / HTTP/1.1\r\nHost: quay\r\nConnection: close\r\n\r\n")
        .await;
    let all = client.rest().await;
    assert!(all.ends_with("1\r\nx\r\n1\r\nx\r\n0\r\n\r\n"), "{all}");
    assert_eq!(client.end().await, ConnectionEnd::Finished);
}

/// Answers 413 without reading the body.
fn refuse(_request: Request, _context: Context) -> std::future::Ready<Response> {
    let mut response = Response::new(Body::from("too large"));
    *response.status_mut() = http::StatusCode::PAYLOAD_TOO_LARGE;
    std::future::ready(response)
}

const TOO_LARGE: &str = "HTTP/1.1 413 Payload Too Large\r\nconnection: close\r\ncontent-length: 9\r\n\
     date: now\r\n\r\ntoo large";

#[tokio::test(start_paused = true)]
async fn after_an_early_answer_the_server_reads_on_until_the_client_falls_silent() {
    let mut client = Client::over(config(refuse), Connection::memory(), 1024);
    client.send(UPLOAD).await;
    assert_eq!(client.rest().await, TOO_LARGE);
    let answered = Instant::now();
    client.send([b'a'; 5000]).await;
    sleep(4 * SECOND).await;
    client.send([b'a'; 5000]).await;
    assert_eq!(client.serving.await.unwrap(), ConnectionEnd::Finished);
    assert_eq!(seconds(answered), 4 + 5);
}

#[tokio::test(start_paused = true)]
async fn after_an_early_answer_the_server_reads_on_for_a_limited_time() {
    let mut client = Client::over(config(refuse), Connection::memory(), 1024);
    client.send(UPLOAD).await;
    assert_eq!(client.rest().await, TOO_LARGE);
    let answered = Instant::now();
    while client.io.write_all(b"more").await.is_ok() {
        sleep(SECOND).await;
    }
    assert!((30..=31).contains(&seconds(answered)));
}

#[tokio::test(start_paused = true)]
async fn without_lingering_the_connection_closes_after_an_early_answer() {
    let config = config(refuse).timeouts(Timeouts::new().lingering_close(None));
    let mut client = Client::open(config);
    let began = Instant::now();
    client.send(UPLOAD).await;
    assert_eq!(client.rest().await, TOO_LARGE);
    assert_eq!(client.serving.await.unwrap(), ConnectionEnd::Finished);
    assert_eq!(seconds(began), 0);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_reads_nothing_makes_the_server_hold_little() {
    let pulled = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&pulled);
    let service = move |_: Request, _: Context| {
        let counter = Arc::clone(&counter);
        async move { Response::new(Body::from_stream(Endless(counter))) }
    };
    let mut client = Client::over(config(service), Connection::memory(), 64);
    client.send(GET).await;
    sleep(SECOND).await;
    let held = pulled.load(Ordering::Relaxed);
    assert!(held <= 192 * 1024, "{held}");
}

/// A body without end that counts what is taken of it.
struct Endless(Arc<AtomicUsize>);

impl futures_core::Stream for Endless {
    type Item = Result<&'static [u8], std::io::Error>;

    fn poll_next(self: Pin<&mut Self>, _: &mut task::Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.fetch_add(16 * 1024, Ordering::Relaxed);
        Poll::Ready(Some(Ok(&[0; 16 * 1024])))
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_pipelines_and_reads_nothing_is_not_served_for_ever() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&calls);
    let service = move |_: Request, _: Context| {
        counter.fetch_add(1, Ordering::Relaxed);
        async { Response::new(Body::from(vec![b'a'; 1000])) }
    };
    let config = config(service).timeouts(Timeouts::new().min_rate(None));
    let mut client = Client::over(config, Connection::memory(), 64);
    let began = Instant::now();
    let many = GET.repeat(10_000);
    assert!(client.io.write_all(many.as_bytes()).await.is_err());
    // 64 KiB are corked, and what hyper holds besides.
    let calls = calls.load(Ordering::Relaxed);
    assert!((60..=130).contains(&calls), "{calls}");
    assert_eq!(seconds(began), 30);
    assert_eq!(client.serving.await.unwrap(), ConnectionEnd::TooSlow);
}
