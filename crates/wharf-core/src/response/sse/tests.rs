use std::time::Duration;

use tokio::time::{Instant, sleep};
use wharf_http::{Body, Connection, Context, Signal, Tasks};

use super::{Event, Sse};
use crate::IntoResponse;

fn context() -> (Context, Signal) {
    let context = Context::new(Connection::memory());
    let shutdown = context.shutdown().clone();
    (context, shutdown)
}

async fn next(body: &mut Body) -> Option<String> {
    let piece = body.chunk().await?.unwrap();
    Some(String::from_utf8(piece.to_vec()).unwrap())
}

#[tokio::test]
async fn events_are_sent_one_by_one_with_headers_that_keep_them_moving() {
    let (context, _) = context();
    let sse = Sse::channel(&context, async |mut sink| {
        sink.send(Event::new("a").with_id(1)?).await?;
        sink.send(Event::new("b")).await
    });
    let response = sse.into_response();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    assert_eq!(response.headers()["cache-control"], "no-cache");
    assert_eq!(response.headers()["x-accel-buffering"], "no");
    let mut body = response.into_body();
    assert_eq!(next(&mut body).await.unwrap(), "id: 1\ndata: a\n\n");
    assert_eq!(next(&mut body).await.unwrap(), "data: b\n\n");
    assert_eq!(next(&mut body).await, None);
}

#[tokio::test(start_paused = true)]
async fn a_silent_stream_sends_a_comment_every_fifteen_seconds() {
    let (context, _) = context();
    let sse = Sse::channel(&context, async |mut sink| {
        sleep(Duration::from_secs(40)).await;
        sink.send(Event::new("late")).await
    });
    let start = Instant::now();
    let mut body = sse.into_response().into_body();
    for seconds in [15, 30] {
        assert_eq!(next(&mut body).await.unwrap(), ":\n\n");
        assert_eq!(start.elapsed().as_secs(), seconds);
    }
    assert_eq!(next(&mut body).await.unwrap(), "data: late\n\n");
    assert_eq!(next(&mut body).await, None);
}

#[tokio::test(start_paused = true)]
async fn a_stream_ends_when_the_server_begins_to_shut_down() {
    let (context, shutdown) = context();
    let sse = Sse::channel(&context, async |_sink| std::future::pending().await);
    let mut body = sse.keep_alive(None).into_response().into_body();
    let start = Instant::now();
    tokio::spawn(async move {
        sleep(Duration::from_secs(100)).await;
        shutdown.fire();
    });
    assert_eq!(next(&mut body).await, None);
    assert_eq!(start.elapsed().as_secs(), 100);
}

#[tokio::test]
async fn an_error_breaks_the_answer_off() {
    let (context, _) = context();
    let sse = Sse::channel(&context, async |_sink| Err("out of ships".into()));
    let mut body = sse.into_response().into_body();
    assert!(body.chunk().await.unwrap().is_err());
}

#[tokio::test]
async fn the_producer_is_dropped_when_nobody_reads_any_more() {
    let (context, _) = context();
    let tasks = Tasks::new();
    let guard = tasks.enter();
    let sse = Sse::channel(&context, async move |mut sink| {
        let _guard = guard;
        loop {
            sink.send(Event::new("on and on")).await?;
        }
    });
    let mut body = sse.into_response().into_body();
    assert!(next(&mut body).await.is_some());
    assert_eq!(tasks.running(), 1);
    drop(body);
    assert_eq!(tasks.running(), 0);
}

/// A stream of what is in a list.
struct Listed<T>(std::vec::IntoIter<T>);

impl<T: Unpin> futures_core::Stream for Listed<T> {
    type Item = T;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        _cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<T>> {
        std::task::Poll::Ready(self.0.next())
    }
}

#[tokio::test]
async fn a_stream_of_events_is_an_answer() {
    let (context, _) = context();
    let events = vec![Event::new("a"), Event::new("b")];
    let sse = Sse::new(&context, Listed(events.into_iter()));
    let mut body = sse.into_response().into_body();
    assert_eq!(next(&mut body).await.unwrap(), "data: a\n\n");
    assert_eq!(next(&mut body).await.unwrap(), "data: b\n\n");
    assert_eq!(next(&mut body).await, None);
}

#[tokio::test]
async fn an_error_in_a_stream_breaks_the_answer_off() {
    let (context, _) = context();
    let events = vec![
        Ok(Event::new("a")),
        Err("out of ships"),
        Ok(Event::new("b")),
    ];
    let sse = Sse::new(&context, Listed(events.into_iter()));
    let mut body = sse.into_response().into_body();
    assert_eq!(next(&mut body).await.unwrap(), "data: a\n\n");
    let error = body.chunk().await.unwrap().unwrap_err();
    assert!(format!("{}", wharf_http::ErrorChain::new(&error)).contains("out of ships"));
}
