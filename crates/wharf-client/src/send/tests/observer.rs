//! What an observer sees, in its order.

use super::*;
use crate::trace::Observer;

/// Writes down the names of all events.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Observer for Log {
    fn on_event(&self, _call: &Call, event: &Event<'_>) {
        let text = match event {
            Event::RequestStarted { method, uri, .. } => format!("started {method} {uri}"),
            Event::QueueStarted { target } => format!("queued {target}"),
            Event::QueueEnded { waited, .. } => format!("waited {}s", waited.as_secs()),
            Event::ConnectStarted { target } => format!("connecting {target}"),
            Event::ConnectEnded { result, .. } => match result {
                Ok(_) => "connected".to_owned(),
                Err(error) => format!("not connected: {error}"),
            },
            Event::ConnectionReused { target } => format!("reused {target}"),
            Event::HeadersSent { method, uri, .. } => format!("sent {method} {uri}"),
            Event::ChunkSent { bytes } => format!("sent {bytes}"),
            Event::ChunkReceived { bytes } => format!("received {bytes}"),
            Event::BodyEnded { bytes, whole } => {
                format!("{} of {bytes}", if *whole { "end" } else { "early end" })
            }
            Event::Redirected { status, to, .. } => format!("redirected {} {to}", status.as_u16()),
            Event::RequestEnded { status, .. } => format!("ended {}", status.as_u16()),
            Event::RequestFailed { error } => format!("failed {:?}", error.kind()),
            other => format!("{other:?}"),
        };
        self.0.lock().unwrap().push(text);
    }
}

impl Log {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

fn observed(change: impl FnOnce(ClientBuilder) -> ClientBuilder) -> (Client, Server, Log) {
    let log = Log::default();
    let (client, server) = pair_with(|builder| change(builder.observer(log.clone())));
    (client, server, log)
}

#[tokio::test]
async fn a_fresh_connection_and_one_that_is_used_again() {
    let (client, server, log) = observed(|builder| builder);
    answering(server, |_| OK.to_owned());
    let request = client.put("/a").body("cargo");
    request.send().await.unwrap().text().await.unwrap();
    assert_eq!(
        log.take(),
        [
            "started PUT http://quay.test/a",
            "connecting quay.test:80",
            "connected",
            "sent PUT http://quay.test/a",
            "sent 5",
            "ended 200",
            "received 2",
            "end of 2",
        ]
    );
    client.get("/b").send().await.unwrap();
    assert_eq!(
        log.take(),
        [
            "started GET http://quay.test/b",
            "reused quay.test:80",
            "sent GET http://quay.test/b",
            "ended 200",
            "early end of 0",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn one_that_waits_for_its_turn() {
    let pool = PoolConfig::new().max_connections(1);
    let (client, server, log) = observed(|builder| builder.pool(pool));
    answering(server, |_| OK.to_owned());
    let mut first = client.get("/a").send().await.unwrap();
    log.take();
    let (second, ()) = tokio::join!(client.get("/b").send(), async {
        sleep(seconds(2)).await;
        first.text().await.unwrap();
    });
    let timing = second.unwrap().timing();
    assert_eq!(
        log.take(),
        [
            "started GET http://quay.test/b",
            "queued quay.test:80",
            "received 2",
            "end of 2",
            "waited 2s",
            "reused quay.test:80",
            "sent GET http://quay.test/b",
            "ended 200",
            "early end of 0",
        ]
    );
    assert_eq!(timing.queue(), seconds(2));
    assert_eq!(timing.total(), seconds(2));
}

#[tokio::test]
async fn a_redirect_is_one_call() {
    let (client, server, log) = observed(|builder| builder);
    answering(server, |request| {
        match request.starts_with("GET /a ") {
            true => "HTTP/1.1 302 Found\r\nlocation: /b\r\ncontent-length: 0\r\n\r\n",
            false => OK,
        }
        .to_owned()
    });
    client.get("/a").send().await.unwrap();
    assert_eq!(
        log.take(),
        [
            "started GET http://quay.test/a",
            "connecting quay.test:80",
            "connected",
            "sent GET http://quay.test/a",
            "end of 0",
            "redirected 302 http://quay.test/b",
            "reused quay.test:80",
            "sent GET http://quay.test/b",
            "ended 200",
            "early end of 0",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn failures() {
    let (client, mut server, log) = observed(|builder| builder);
    let (response, ()) = tokio::join!(client.get("/").send(), async {
        server.accept().await.head().await;
    });
    response.unwrap_err();
    assert_eq!(
        log.take(),
        [
            "started GET http://quay.test/",
            "connecting quay.test:80",
            "connected",
            "sent GET http://quay.test/",
            "failed Disconnected",
        ]
    );
    drop(server);
    client.get("/").send().await.unwrap_err();
    assert_eq!(
        log.take(),
        [
            "started GET http://quay.test/",
            "connecting quay.test:80",
            "not connected: could not connect (quay.test:80): channel closed",
            "failed Connect",
        ]
    );
}

#[tokio::test]
async fn a_repetition_shows_both_connections() {
    let (client, mut server, log) = observed(|builder| builder);
    let (first, mut peer) = get(&client, &mut server, OK).await;
    first.unwrap().text().await.unwrap();
    log.take();
    let (second, ()) = tokio::join!(client.get("/").send(), async {
        peer.head().await;
        drop(peer);
        server.accept().await.answer(OK).await;
    });
    second.unwrap();
    assert_eq!(
        log.take()[1..],
        [
            "reused quay.test:80",
            "sent GET http://quay.test/",
            "connecting quay.test:80",
            "connected",
            "sent GET http://quay.test/",
            "ended 200",
            "early end of 0",
        ]
    );
}

#[tokio::test]
async fn the_end_of_a_body_is_shown_once() {
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n";
    let empty = "HTTP/1.1 204 No Content\r\n\r\n";
    let error = "HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\nhi";
    let broken = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhi";
    for (bytes, expected) in [
        (OK, ["ended 200", "received 2", "end of 2"].as_slice()),
        (chunked, &["ended 200", "received 2", "end of 2"]),
        (empty, &["end of 0", "ended 204"]),
        // The start of what an error says is read ahead.
        (error, &["received 2", "end of 2", "ended 404"]),
        (broken, &["ended 200", "received 2", "early end of 2"]),
    ] {
        let (client, mut server, log) = observed(|builder| builder);
        let (response, peer) = get(&client, &mut server, bytes).await;
        drop(peer);
        let mut response = response.unwrap();
        let _may_break_off = response.bytes().await;
        drop(response);
        assert_eq!(log.take()[4..], *expected, "{bytes}");
    }
}

#[tokio::test]
async fn a_value_that_is_put_in_stays_with_the_call() {
    #[derive(Clone, Debug, PartialEq)]
    struct Name(&'static str);
    struct Renames;
    impl Observer for Renames {
        fn on_event(&self, call: &Call, event: &Event<'_>) {
            if let Event::HeadersSent { .. } = event {
                assert_eq!(call.insert(Name("second")), Some(Name("first")));
            }
        }
    }
    let (client, server) = pair_with(|builder| builder.observer(Renames));
    answering(server, |_| OK.to_owned());
    let request = client.get("/").extension(Name("first"));
    let response = request.send().await.unwrap();
    assert_eq!(response.call().get(), Some(Name("second")));
}
