//! WebSockets from one end to the other: the real client, the real server, a pipe or a socket between them.
#![cfg(all(feature = "http2", feature = "testing", feature = "ws"))]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use tokio::time::Instant;
use wharf::client::config::Http2Config;
use wharf::client::middleware::{Next, from_fn};
use wharf::client::{Client, Error, ErrorKind, PoolConfig, Timeouts};
use wharf::http::Signal;
use wharf::http::connection::WebSocketEnd;
use wharf::rooms::{Rooms, RoomsConfig};
use wharf::test::{TestClient, TestServer};
use wharf::ws::{CloseCode, Message, Phase, WebSocket, WebSocketConfig, WebSocketUpgrade};
use wharf::{App, BoxError, HttpError, IntoResponse, Path, Request, Response, Server, State, get};

async fn echo(mut socket: WebSocket) -> Result<(), BoxError> {
    while let Some(message) = socket.recv().await? {
        socket.send(message).await?;
    }
    Ok(())
}

fn echoing() -> App {
    App::new().routes([get("/echo", async |ws: WebSocketUpgrade| {
        ws.on_upgrade(echo)
    })])
}

/// Waits for a WebSocket to end, and returns the code that it was closed with.
async fn ended(socket: &mut WebSocket) -> u16 {
    assert_eq!(socket.recv().await.unwrap(), None);
    socket.close_frame().unwrap().code().number()
}

#[tokio::test]
async fn both_ends_count_their_websockets_and_how_they_end() {
    let server = Server::new(echoing())
        .bind("127.0.0.1:0")
        .start()
        .await
        .unwrap();
    let url = format!("ws://{}/echo", server.addrs()[0]);
    let client = Client::new();
    let mut closed = client.ws(&url).connect().await.unwrap();
    let dropped = client.ws(&url).connect().await.unwrap();
    let (near, far) = (client.websockets(), server.stats().websockets());
    assert_eq!((near.open(), near.opened()), (2, 2));
    closed.send("ahoy").await.unwrap();
    closed.recv().await.unwrap();
    closed.close(CloseCode::NORMAL, "").await.unwrap();
    drop(dropped);
    assert_eq!((near.open(), near.ended(WebSocketEnd::Closed)), (0, 1));
    assert_eq!(near.ended(WebSocketEnd::Dropped), 1);
    while far.opened() < 2 || far.open() > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(far.ended(WebSocketEnd::Closed), 1);
    assert_eq!(far.ended(WebSocketEnd::Vanished), 1);
    for (one, other) in [(near, far), (far, near)] {
        assert_eq!((one.messages_received(), one.messages_sent()), (1, 1));
        assert_eq!(one.bytes_sent(), other.bytes_received());
    }
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_handler_has_its_arguments_and_the_socket() {
    async fn chat(
        Path(room): Path<String>,
        greeting: State<&'static str>,
        ws: WebSocketUpgrade,
    ) -> Result<impl IntoResponse, HttpError> {
        if room == "cellar" {
            return Err(HttpError::forbidden("nobody goes there"));
        }
        Ok(ws
            .protocols(["v2", "v1"])
            .on_upgrade(async move |mut socket| {
                let version = socket.protocol().unwrap_or("none").to_owned();
                socket.send(format!("{} {room} {version}", *greeting)).await
            }))
    }
    let app = App::new()
        .provide("ahoy")
        .routes([get("/rooms/{room}", chat)]);
    let client = TestClient::new(app).await;
    let mut socket = client
        .ws("/rooms/quay")
        .protocols(["v1", "v2"])
        .connect()
        .await
        .unwrap();
    assert_eq!(socket.recv().await.unwrap(), Some("ahoy quay v1".into()));
    assert_eq!(ended(&mut socket).await, 1000);

    let error = client.ws("/rooms/cellar").connect().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.status()),
        (ErrorKind::Upgrade, Some(wharf::StatusCode::FORBIDDEN))
    );
    assert!(
        error
            .body_excerpt()
            .unwrap()
            .ends_with(b"nobody goes there\n"),
        "{error:#}"
    );
    assert!(
        error
            .to_string()
            .contains("refused the WebSocket with status 403"),
        "{error}"
    );
    let error = client.ws("/nowhere").connect().await.unwrap_err();
    assert_eq!(error.status(), Some(wharf::StatusCode::NOT_FOUND));
    client.get("/rooms/quay").send().await.assert_status(426);
}

#[tokio::test]
async fn how_a_handler_ends_is_how_its_socket_is_closed() {
    let app = App::new().routes([
        get("/done", async |ws: WebSocketUpgrade| {
            ws.on_upgrade(async |_| ())
        }),
        get("/failed", async |ws: WebSocketUpgrade| {
            ws.on_upgrade(async |_| Err::<(), _>("no more ropes"))
        }),
        get("/panicked", async |ws: WebSocketUpgrade| {
            ws.on_upgrade(async |_| {
                if true {
                    panic!("on purpose")
                }
            })
        }),
        get("/named", async |ws: WebSocketUpgrade| {
            ws.on_upgrade(async |mut socket| socket.close(4000, "enough").await)
        }),
    ]);
    let client = TestClient::builder()
        .errors_to_stderr(false)
        .start(app)
        .await;
    for (path, code) in [
        ("/done", 1000),
        ("/failed", 1011),
        ("/panicked", 1011),
        ("/named", 4000),
    ] {
        let mut socket = client.ws(path).connect().await.unwrap();
        assert_eq!(ended(&mut socket).await, code, "{path}");
    }
    client.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_is_gone_is_noticed_by_the_heartbeat_and_one_that_lives_is_kept() {
    let (sender, mut ends) = tokio::sync::mpsc::unbounded_channel();
    let beating = move |ws: WebSocketUpgrade| {
        let sender = sender.clone();
        let ws = ws.config(WebSocketConfig::new().heartbeat(Duration::from_secs(20)));
        async { ws.on_upgrade(async move |mut socket| drop(sender.send(socket.recv().await))) }
    };
    let client = TestClient::new(App::new().routes([get("/", beating)])).await;
    let mut gone = client.connect();
    gone.send(
        "GET / HTTP/1.1\r\nHost: quay\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    )
    .await;
    let since = Instant::now();
    let error = ends.recv().await.unwrap().unwrap_err();
    assert_eq!(
        error.kind(),
        wharf::ws::ErrorKind::TimedOut(Phase::Heartbeat)
    );
    assert_eq!(since.elapsed().as_secs(), 40);
    let mut alive = client.ws("/").heartbeat(None).connect().await.unwrap();
    let hour = Duration::from_secs(3600);
    assert!(tokio::time::timeout(hour, alive.recv()).await.is_err()); // it answers pings meanwhile
    alive.send("still here").await.unwrap();
    assert_eq!(
        ends.recv().await.unwrap().unwrap(),
        Some("still here".into())
    );
}

#[tokio::test]
async fn a_shutdown_closes_sockets_with_1001_and_waits_for_their_handlers() {
    let (cleaned, seen) = (Signal::new(), Signal::new());
    let signal = cleaned.clone();
    let parked = move |ws: WebSocketUpgrade| {
        let signal = signal.clone();
        let serve = async move |mut socket: WebSocket| {
            assert_eq!(socket.recv().await.unwrap(), None);
            tokio::task::yield_now().await;
            signal.fire();
        };
        async { ws.on_upgrade(serve) }
    };
    let client = TestClient::new(App::new().routes([get("/", parked)])).await;
    let mut socket = client.ws("/").connect().await.unwrap();
    let watched = seen.clone();
    let watcher = tokio::spawn(async move {
        let code = ended(&mut socket).await;
        watched.fire();
        code
    });
    client.close().await;
    assert!(cleaned.is_fired(), "the handler had the time to clear up");
    assert_eq!(watcher.await.unwrap(), 1001);
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_does_not_end_is_cut_at_the_deadline_of_the_shutdown() {
    let stuck = async |ws: WebSocketUpgrade| {
        ws.on_upgrade(async |socket| {
            std::future::pending::<()>().await;
            drop(socket);
        })
    };
    let client = TestClient::new(App::new().routes([get("/", stuck)])).await;
    let mut socket = client.ws("/").connect().await.unwrap();
    let since = Instant::now();
    client.close().await;
    assert_eq!(since.elapsed().as_secs(), 25);
    assert_eq!(ended(&mut socket).await, 1006);
}

#[tokio::test]
async fn limits_of_requests_do_not_hold_for_sockets() {
    let app = App::new().routes([get("/", async |ws: WebSocketUpgrade| ws.on_upgrade(echo))
        .timeout(Duration::from_millis(20))
        .body_limit(10)]);
    let client = TestClient::builder()
        .server_timeouts(
            wharf::server::Timeouts::new()
                .idle(Duration::from_millis(20))
                .response_write(Duration::from_millis(20)),
        )
        .start(app)
        .await;
    let mut socket = client.ws("/").connect().await.unwrap();
    let pause = tokio::time::timeout(Duration::from_millis(100), socket.recv()).await;
    assert!(pause.is_err());
    let large = "x".repeat(1 << 20);
    socket.send(&*large).await.unwrap();
    assert_eq!(socket.recv().await.unwrap(), Some(large.into()));
}

#[tokio::test]
async fn a_message_over_the_limit_closes_with_1009() {
    let small = async |ws: WebSocketUpgrade| {
        let config = WebSocketConfig::new().max_message(10);
        ws.config(config).on_upgrade(echo)
    };
    let client = TestClient::new(App::new().routes([get("/", small)])).await;
    let mut socket = client.ws("/").connect().await.unwrap();
    socket.send("more than ten bytes").await.unwrap();
    assert_eq!(ended(&mut socket).await, 1009);
}

#[tokio::test]
async fn rooms_carry_what_one_says_to_all_and_close_who_is_slow() {
    async fn chat(rooms: State<Rooms>, ws: WebSocketUpgrade) -> impl IntoResponse {
        let rooms = Rooms::clone(&rooms);
        ws.on_upgrade(async move |mut socket| {
            let mut member = rooms.join("quay");
            while let Some(message) = member.relay(&mut socket).await? {
                rooms.broadcast("quay", message).await?;
            }
            Ok::<_, BoxError>(())
        })
    }
    let rooms = Rooms::with_config(RoomsConfig::new().queue(8));
    let app = App::new().provide(rooms.clone()).routes([get("/", chat)]);
    let client = TestClient::new(app).await;
    let mut ann = client.ws("/").connect().await.unwrap();
    let mut ben = client.ws("/").connect().await.unwrap();
    while rooms.count("quay") < 2 {
        tokio::task::yield_now().await;
    }
    ann.send("tide").await.unwrap();
    assert_eq!(ann.recv().await.unwrap(), Some("tide".into()));
    assert_eq!(ben.recv().await.unwrap(), Some("tide".into()));
    // Ben reads no more: what fits into pipe and queue waits, then he is out, and Ann has seen everything.
    let mut sent = 0;
    while rooms.count("quay") == 2 {
        sent += 1;
        assert!(sent < 10_000);
        ann.send(vec![sent as u8; 30_000]).await.unwrap();
        let Some(Message::Binary(bytes)) = ann.recv().await.unwrap() else {
            panic!("something else came");
        };
        assert_eq!(bytes[0], sent as u8);
    }
    while ben.recv().await.unwrap().is_some() {}
    assert_eq!(ben.close_frame().unwrap().code(), CloseCode::TRY_AGAIN);
}

#[tokio::test]
async fn a_socket_goes_through_what_other_requests_go_through() {
    async fn marked(mut request: Request, next: Next) -> Result<Response, Error> {
        request
            .headers_mut()
            .insert("x-mark", "seen".parse().unwrap());
        next.run(request).await
    }
    let app = App::new().routes([get("/", async |ws: WebSocketUpgrade| {
        let mark = ws.headers()["x-mark"].clone();
        let cookie = ws.headers()["cookie"].clone();
        ws.on_upgrade(async move |mut socket| {
            socket.send(format!("{mark:?} {cookie:?}")).await?;
            echo(socket).await
        })
    })]);
    let server = TestServer::start(app).await;
    let client = Client::builder()
        .wrap(from_fn(marked))
        .pool(PoolConfig::new().max_connections(1))
        .timeouts(Timeouts::new().pool_wait(Duration::from_millis(20)))
        .build()
        .unwrap();
    let url = server.url("/").replace("http:", "ws:");
    let opening = client.ws(&url).with(|request| request.cookie("berth", "7"));
    let (mut socket, response) = opening.connect_with_response().await.unwrap();
    assert_eq!(response.status(), 101);
    assert_eq!(
        socket.recv().await.unwrap(),
        Some(r#""seen" "berth=7""#.into())
    );
    // It has the only place, and gives it back.
    let error = client.ws(&url).connect().await.unwrap_err();
    assert_eq!(
        error.kind(),
        ErrorKind::Timeout(wharf::client::Phase::PoolWait)
    );
    socket.close(CloseCode::NORMAL, "").await.unwrap();
    drop(socket);
    let mut socket = client
        .ws(&url)
        .with(|request| request.cookie("berth", "8"))
        .connect()
        .await
        .unwrap();
    assert!(socket.recv().await.unwrap().is_some());
    // Closing the client ends it.
    let (_, received) = tokio::join!(client.close(), socket.recv());
    assert!(matches!(received, Ok(None)), "{received:?}");
    server.shutdown().await;
}

#[tokio::test]
async fn a_socket_is_a_stream_of_an_http2_connection() {
    let on = wharf::server::Http2Config::new().prior_knowledge(true);
    let server = TestServer::start_server(Server::new(echoing()).http2(on)).await;
    let client = Client::builder()
        .http2(Http2Config::new().prior_knowledge(true))
        .build()
        .unwrap();
    let url = server.url("/echo");
    let (mut one, response) = client.ws(&url).connect_with_response().await.unwrap();
    assert_eq!(response.version(), wharf::http::Version::HTTP_2);
    assert_eq!(response.status(), 200);
    let mut other = client.ws(&url).connect().await.unwrap();
    for text in ["one", "two"] {
        one.send(text).await.unwrap();
        other.send(text).await.unwrap();
        assert_eq!(one.recv().await.unwrap(), Some(text.into()));
        assert_eq!(other.recv().await.unwrap(), Some(text.into()));
    }
    assert_eq!(server.handle().stats().connections(), 1);
    let error = client
        .ws(server.url("/nowhere"))
        .connect()
        .await
        .unwrap_err();
    assert_eq!(error.status(), Some(wharf::StatusCode::NOT_FOUND));
    one.close(CloseCode::NORMAL, "").await.unwrap();
    let watcher = tokio::spawn(async move { ended(&mut other).await });
    server.shutdown().await;
    assert_eq!(watcher.await.unwrap(), 1001);
}

#[tokio::test]
async fn a_server_without_web_sockets_over_http2_is_no_riddle() {
    let off = wharf::server::Http2Config::new()
        .prior_knowledge(true)
        .extended_connect(false);
    let server = TestServer::start_server(Server::new(echoing()).http2(off)).await;
    let client = Client::builder()
        .http2(Http2Config::new().prior_knowledge(true))
        .build()
        .unwrap();
    let error = client.ws(server.url("/echo")).connect().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Upgrade);
    assert!(
        error.to_string().contains("no other protocol over HTTP/2"),
        "{error}"
    );
    // What else it may be asked goes on.
    assert_eq!(
        client
            .get(server.url("/echo"))
            .send()
            .await
            .unwrap()
            .status(),
        426
    );
    server.shutdown().await;
}
