use std::sync::{Arc, Mutex};

use tokio::time::{Instant, timeout};

use super::*;
use crate::scripted::{self, Then};
use crate::{Client, Timeouts};

/// When each request came, and its head.
type Seen = Arc<Mutex<Vec<(Duration, String)>>>;

/// A client whose requests get one answer after the other, and the last ever after.
fn client(answers: Vec<(String, Then)>) -> (Client, Seen) {
    let seen = Seen::default();
    let (requests, start) = (Arc::clone(&seen), Instant::now());
    let builder = scripted::builder(move |head| {
        let mut requests = requests.lock().unwrap();
        let (answer, then) = &answers[requests.len().min(answers.len() - 1)];
        requests.push((start.elapsed(), head.to_owned()));
        (answer.clone().into_bytes(), *then)
    });
    (builder.build().unwrap(), seen)
}

fn events(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n{body}")
}

fn status(line: &str) -> String {
    format!("HTTP/1.1 {line}\r\ncontent-length: 0\r\n\r\n")
}

async fn data(source: &mut EventSource) -> String {
    let event = source.next().await.unwrap().unwrap();
    event.data().unwrap().to_owned()
}

/// The times between the requests.
fn gaps(seen: &Seen) -> Vec<Duration> {
    let seen = seen.lock().unwrap();
    seen.windows(2).map(|two| two[1].0 - two[0].0).collect()
}

#[tokio::test(start_paused = true)]
async fn a_lost_stream_goes_on_after_its_last_event() {
    let (client, seen) = client(vec![
        (events("id: 7\ndata: a\n\ndata: cut"), Then::Close),
        (events("data: b\n\n"), Then::Close),
        (events("id\ndata: c\n\n"), Then::Close),
        (events("data: d\n\n"), Then::Stall),
    ]);
    let mut source = client.get("/").events();
    for expected in ["a", "b", "c", "d"] {
        assert_eq!(data(&mut source).await, expected);
    }
    assert_eq!((source.opens(), source.last_event_id()), (4, None));
    let seen = seen.lock().unwrap();
    let heads = seen.iter().map(|(_, head)| head).collect::<Vec<_>>();
    for (head, id) in heads.iter().zip([None, Some("7"), Some("7"), None]) {
        let sent = head
            .lines()
            .find_map(|line| line.strip_prefix("last-event-id: "));
        assert_eq!(sent, id);
        assert!(head.contains("\r\naccept: text/event-stream\r\n"), "{head}");
        assert!(!head.contains("accept-encoding"), "{head}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_program_goes_on_after_an_id_it_knows() {
    let (client, seen) = client(vec![(events("data: a\n\n"), Then::Stall)]);
    let mut source = client.get("/").events().resume_after("6");
    let event = source.next().await.unwrap().unwrap();
    assert_eq!(event.id(), Some("6"));
    assert!(
        seen.lock().unwrap()[0]
            .1
            .contains("\r\nlast-event-id: 6\r\n")
    );
}

#[tokio::test(start_paused = true)]
async fn the_wait_doubles_without_events_and_begins_anew_with_one() {
    let nothing = || (events(""), Then::Close);
    let (client, seen) = client(vec![
        nothing(),
        nothing(),
        nothing(),
        nothing(),
        (events("data: a\n\n"), Then::Close),
        (events("data: b\n\n"), Then::Stall),
    ]);
    let (first, longest) = (Duration::from_secs(1), Duration::from_secs(4));
    let mut source = client.get("/").events().backoff(first, longest);
    assert_eq!(data(&mut source).await, "a");
    assert_eq!(data(&mut source).await, "b");
    let tick = Duration::from_millis(2);
    for (gap, seconds) in gaps(&seen).into_iter().zip([1, 2, 4, 4, 1]) {
        let all = Duration::from_secs(seconds);
        assert!(gap >= all / 2 && gap <= all + tick, "{gap:?} of {all:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_server_says_how_long_to_wait() {
    let (client, seen) = client(vec![
        (events("retry: 60000\ndata: a\n\n"), Then::Close),
        (
            events("retry: 18446744073709551615\ndata: b\n\n"),
            Then::Close,
        ),
        (events("data: c\n\n"), Then::Stall),
    ]);
    let mut source = client.get("/").events();
    for expected in ["a", "b", "c"] {
        assert_eq!(data(&mut source).await, expected);
    }
    let tick = Duration::from_millis(2);
    for (gap, seconds) in gaps(&seen).into_iter().zip([60, 3600]) {
        let least = Duration::from_secs(seconds);
        assert!(gap >= least && gap <= least * 3 / 2 + tick, "{gap:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn status_204_ends_the_stream() {
    let (client, seen) = client(vec![
        (events("data: a\n\n"), Then::Close),
        ("HTTP/1.1 204 No Content\r\n\r\n".to_owned(), Then::Close),
    ]);
    let mut source = client.get("/").events();
    assert_eq!(data(&mut source).await, "a");
    assert_eq!(source.next().await.unwrap(), None);
    assert_eq!(source.next().await.unwrap(), None);
    assert_eq!(seen.lock().unwrap().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_is_no_event_stream_ends_it_with_the_status() {
    for (line, kind) in [
        (
            "503 Service Unavailable",
            ErrorKind::Status(StatusCode::SERVICE_UNAVAILABLE),
        ),
        ("404 Not Found", ErrorKind::Status(StatusCode::NOT_FOUND)),
        (
            "201 Created\r\ncontent-type: text/event-stream",
            ErrorKind::Decode,
        ),
        ("200 OK\r\ncontent-type: text/html", ErrorKind::Decode),
    ] {
        let (client, seen) = client(vec![(status(line), Then::Close)]);
        let mut source = client.get("/").events();
        let error = source.next().await.unwrap_err();
        assert_eq!(error.kind(), kind);
        assert_eq!(error.status().unwrap().as_str(), &line[..3]);
        assert_eq!(source.next().await.unwrap(), None);
        assert_eq!(seen.lock().unwrap().len(), 1, "{line}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_dead_stream_is_noticed_by_its_silence() {
    let (client, seen) = client(vec![
        (events("data: a\n\n"), Then::Stall),
        (events("data: b\n\n"), Then::Stall),
    ]);
    let mut source = client.get("/").events();
    assert_eq!(data(&mut source).await, "a");
    assert_eq!(data(&mut source).await, "b");
    let gap = gaps(&seen)[0];
    assert!(
        gap >= Duration::from_secs(45) && gap < Duration::from_secs(46),
        "{gap:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn without_a_limit_a_stream_may_be_silent_whatever_the_client_allows_others() {
    let (client, seen) = client(vec![(events("data: a\n\n"), Then::Stall)]);
    let strict = Timeouts::new().body_read(Duration::from_secs(1));
    let mut source = client.get("/").timeouts(strict).events().silence(None);
    assert_eq!(data(&mut source).await, "a");
    let day = Duration::from_secs(86_400);
    assert!(timeout(day, source.next()).await.is_err());
    assert_eq!(seen.lock().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_loses_nothing() {
    let (client, seen) = client(vec![
        (events("data: a\n\n"), Then::Close),
        (events("data: b\n\ndata: c\n\n"), Then::Stall),
    ]);
    let mut source = client.get("/").events();
    let mut got = String::new();
    while got != "abc" {
        // Far shorter than the wait, so that connecting and waiting are dropped many times.
        if let Ok(event) = timeout(Duration::from_millis(1), source.next()).await {
            got.push_str(event.unwrap().unwrap().data().unwrap());
        }
    }
    assert_eq!(seen.lock().unwrap().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn it_gives_up_after_so_many_failures() {
    let (client, seen) = client(vec![(events(": nothing\n\n"), Then::Close)]);
    let mut source = client.get("/").events().max_attempts(3);
    let error = source.next().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ResponseBody);
    assert!(
        error.to_string().contains("the event stream has ended"),
        "{error}"
    );
    assert_eq!(seen.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn a_mistake_is_the_error_of_the_first_event() {
    let (client, seen) = client(vec![(events(""), Then::Close)]);
    let mut source = client.get("/").header("a b", "c").events();
    assert_eq!(source.next().await.unwrap_err().kind(), ErrorKind::Request);
    assert_eq!(source.next().await.unwrap(), None);
    let mut source = client.get("/").events().silence(Duration::ZERO);
    assert_eq!(source.next().await.unwrap_err().kind(), ErrorKind::Config);
    assert!(seen.lock().unwrap().is_empty());
}
