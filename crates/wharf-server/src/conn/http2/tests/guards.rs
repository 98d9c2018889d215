//! Attacks: each ends its connection, and costs a bounded amount.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

/// Sends a flood from a task of its own; returns the reasons of the server's farewells.
async fn flood(client: Raw, mut next: impl FnMut(u32) -> Vec<u8> + Send + 'static) -> Vec<u32> {
    let (mut reading, mut writing) = tokio::io::split(client.io);
    let flooding = tokio::spawn(async move {
        for turn in 0..20_000 {
            // Read past once the server has had enough, so that its farewell arrives.
            if writing.write_all(&next(turn)).await.is_err() {
                return;
            }
        }
    });
    let mut all = Vec::new();
    reading.read_to_end(&mut all).await.unwrap();
    flooding.await.unwrap();
    let end = client.serving.await.unwrap();
    assert!(matches!(
        end,
        ConnectionEnd::ClientLeft | ConnectionEnd::Finished
    ));
    let mut codes = Vec::new();
    let mut rest = all.as_slice();
    while rest.len() >= 9 {
        let length = u32::from_be_bytes([0, rest[0], rest[1], rest[2]]) as usize;
        if rest[3] == GOAWAY {
            codes.push(number(&rest[13..]));
        }
        rest = &rest[9 + length..];
    }
    codes
}

#[tokio::test(start_paused = true)]
async fn rapid_resets_end_the_connection() {
    // CVE-2023-44487
    let running = Arc::new(AtomicUsize::new(0));
    let most = Arc::new(AtomicUsize::new(0));
    let (counter, peak) = (Arc::clone(&running), Arc::clone(&most));
    let stats = Stats::new();
    let config = config(move |request: Request, context: Context| {
        struct Guard(Arc<AtomicUsize>);
        impl Drop for Guard {
            fn drop(&mut self) {
                self.0.fetch_sub(1, Ordering::Relaxed);
            }
        }
        let now = counter.fetch_add(1, Ordering::Relaxed) + 1;
        peak.fetch_max(now, Ordering::Relaxed);
        let guard = Guard(Arc::clone(&counter));
        async move {
            let _guard = guard;
            slow(request, context).await
        }
    });
    let client = Raw::open(config.stats(stats.clone())).await;
    let codes = flood(client, |turn| {
        let stream = 2 * turn + 1;
        [get(stream, "/slow"), frame(RST_STREAM, 0, stream, [0; 4])].concat()
    })
    .await;
    assert_eq!(codes, [ENHANCE_YOUR_CALM]);
    assert!(most.load(Ordering::Relaxed) <= 200);
    assert_eq!(running.load(Ordering::Relaxed), 0);
    assert_eq!(stats.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_head_that_never_ends_ends_the_connection() {
    for size in [0, 1_000] {
        let mut client = Raw::open(config(echo)).await;
        client
            .send(frame(HEADERS, END_STREAM, 1, head("GET", "/")))
            .await;
        let filler = fields(&[("filler", &"a".repeat(100))]).repeat(size / 100);
        let codes = flood(client, move |_| frame(CONTINUATION, 0, 1, &filler)).await;
        assert_eq!(codes, [ENHANCE_YOUR_CALM], "{size}");
    }
}

#[tokio::test(start_paused = true)]
async fn errors_of_streams_end_the_connection_when_there_are_many() {
    let client = Raw::open(config(echo)).await;
    let codes = flood(client, |turn| {
        let malformed = fields(&[(":method", "GET"), ("connection", "close")]);
        frame(HEADERS, END_STREAM | END_HEADERS, 2 * turn + 1, malformed)
    })
    .await;
    assert_eq!(codes, [ENHANCE_YOUR_CALM]);
}

#[tokio::test(start_paused = true)]
async fn an_error_of_the_connection_is_told_before_it_is_closed() {
    let mut client = Raw::open(config(echo)).await;
    client.send(get(1, "/")).await;
    client.answer(1).await.unwrap();
    client.send(frame(DATA, 0, 0, b"no stream")).await;
    // What follows is read past, so that no reset of the socket destroys the farewell.
    client.send(vec![0; 100_000]).await;
    assert_eq!(client.farewells().await, [(1, PROTOCOL_ERROR)]);
    assert_eq!(client.end().await, ConnectionEnd::Finished);
}
