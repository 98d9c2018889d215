//! One test body, however its requests reach the application.

use std::sync::{Arc, Mutex};

use http::{StatusCode, header};
use wharf_core::extract::State;
use wharf_core::http::Peer;
use wharf_core::{
    App, Body, BoxError, Cleanup, Context, HttpError, IntoResponse, Next, Redirect, Request, Setup,
    get, post,
};
use wharf_test::{Mode, TestClient, json};

/// What happened, in order.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn note(&self, what: impl Into<String>) {
        let mut log = self.0.lock().expect("nobody panics with the lock");
        log.push(what.into());
    }

    fn text(&self) -> String {
        let log = self.0.lock().expect("nobody panics with the lock");
        log.join(", ")
    }
}

async fn harbour(setup: Setup) -> Result<impl Cleanup, BoxError> {
    let log = setup.state::<Log>()?;
    log.note("entered");
    Ok(async move || {
        log.note("left");
        Ok::<_, BoxError>(())
    })
}

async fn marked(request: Request, next: Next) -> impl IntoResponse {
    let mut response = next.run(request).await;
    let mark = header::HeaderValue::from_static("yes");
    response.headers_mut().insert("x-marked", mark);
    response
}

async fn login() -> impl IntoResponse {
    (
        [(header::SET_COOKIE, "sid=7; Path=/; Secure; HttpOnly")],
        "in",
    )
}

async fn me(request: Request) -> Result<String, HttpError> {
    let cookie = request.headers().get(header::COOKIE);
    let cookie = cookie.ok_or_else(|| HttpError::new(StatusCode::UNAUTHORIZED))?;
    Ok(String::from_utf8_lossy(cookie.as_bytes()).into_owned())
}

async fn peer(context: Context) -> String {
    format!("{} {}", context.peer(), context.scheme())
}

async fn echo(request: Request) -> Body {
    request.into_body()
}

fn app(log: &Log) -> App {
    App::new()
        .provide(log.clone())
        .resource(harbour)
        .routes([
            get("/", async || "Hello, wharf!"),
            get("/log", async |log: State<Log>| log.text()),
            get("/old", async || Redirect::found("/login")),
            get("/login", login),
            get("/me", me),
            get("/peer", peer),
            post("/echo", echo),
            get("/broken", async || {
                Err::<(), HttpError>(std::io::Error::other("the hold is full").into())
            }),
        ])
        .wrap(marked)
}

#[tokio::test]
async fn the_same_body_holds_in_all_modes() {
    for &mode in Mode::ALL {
        let log = Log::default();
        let client = TestClient::builder()
            .mode(mode)
            .errors_to_stderr(false)
            .start(app(&log))
            .await;
        let index = client.get("/").send().await;
        index
            .assert_status(200)
            .assert_header("x-marked", "yes")
            .assert_header("content-type", "text/plain; charset=utf-8")
            .assert_header("content-length", "13")
            .assert_text("Hello, wharf!");
        let head = client.head("/").send().await;
        head.assert_success()
            .assert_header("content-length", "13")
            .assert_text("");
        client.get("/log").send().await.assert_text("entered");
        client
            .post("/echo")
            .json(&json!({ "ships": [1, 2] }))
            .send()
            .await
            .assert_json_at("/ships/1", &json!(2));
        let missing = client.delete("/").send().await;
        missing
            .assert_status(405)
            .assert_header("allow", "GET, HEAD, OPTIONS")
            .assert_header("x-marked", "yes");
        let broken = client.get("/broken").send().await;
        broken.assert_status(500).assert_header("x-marked", "yes");

        client.get("/me").send().await.assert_status(401);
        client
            .get("/old")
            .send()
            .await
            .assert_redirect(302, "/login")
            .assert_history(&[]);
        let followed = client.get("/old").follow_redirects().send().await;
        followed
            .assert_text("in")
            .assert_history(&["/old"])
            .assert_cookie("sid", "7")
            .assert_cookie_attributes("sid", "Path=/; Secure; HttpOnly");
        assert_eq!(followed.url().unwrap().path(), "/login");
        client.get("/me").send().await.assert_text("sid=7");
        assert_eq!(client.cookies().unwrap().len(), 1);

        let reply = client.raw("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
        assert_eq!(reply.status_line(), "HTTP/1.1 200 OK", "{mode}");
        client.close().await;
        assert_eq!(log.text(), "entered, left", "{mode}");
    }
}

#[cfg(feature = "http2")]
#[tokio::test]
async fn http2_is_spoken_in_all_modes() {
    for &mode in Mode::ALL {
        let builder = TestClient::builder().mode(mode).http2();
        let client = builder.start(app(&Log::default())).await;
        let index = client.get("/").send().await;
        index.assert_text("Hello, wharf!");
        assert_eq!(index.version(), http::Version::HTTP_2, "{mode}");
        let echoed = client.post("/echo").body("hi").send().await;
        echoed.assert_text("hi");
        assert!(echoed.route().unwrap().starts_with("POST /echo (handler "));
        client.close().await;
    }
}

#[tokio::test]
async fn peer_and_scheme_are_what_the_test_says_in_all_modes() {
    for &mode in Mode::ALL {
        let client = TestClient::builder()
            .mode(mode)
            .peer("203.0.113.7:4711".parse().unwrap())
            .scheme(http::uri::Scheme::HTTPS)
            .start(app(&Log::default()))
            .await;
        let seen = client.get("/peer").send().await;
        seen.assert_text("203.0.113.7 https");
        client.close().await;
    }
}

#[tokio::test]
async fn a_certificate_can_be_made_up_where_there_is_no_socket() {
    use std::time::{Duration, SystemTime};
    use wharf_core::http::connection::PeerCertificate;

    async fn who(context: Context) -> Result<String, HttpError> {
        let certificate = context.connection().peer_certificate();
        let name = certificate.and_then(PeerCertificate::common_name);
        let name = name.ok_or_else(|| HttpError::new(StatusCode::FORBIDDEN))?;
        Ok(name.to_owned())
    }
    let now = SystemTime::now();
    let crane = PeerCertificate::new(b"DER".as_slice(), now..=now + Duration::from_secs(60))
        .with_common_name("crane".to_owned());
    let app = || App::new().routes([get("/", who)]);
    for &mode in Mode::WITHOUT_SOCKETS {
        let builder = TestClient::builder().mode(mode);
        let client = builder.client_certificate(crane.clone()).start(app()).await;
        client.get("/").send().await.assert_text("crane");
        let client = TestClient::builder().mode(mode).start(app()).await;
        client.get("/").send().await.assert_status(403);
    }
    let builder = TestClient::builder().mode(Mode::Tcp);
    let error = builder.client_certificate(crane).try_start(app()).await;
    let error = error.unwrap_err().to_string();
    assert!(
        error.contains("cannot be made up where a socket is used"),
        "{error}"
    );
}

#[tokio::test]
async fn all_settings_of_the_client_can_be_reached() {
    let log = Log::default();
    let client = TestClient::builder()
        .cookies(None)
        .follow_redirects()
        .client(|client| client.user_agent("tug/1").header("x-a", "1"))
        .start(app(&log).routes([get("/agent", async |request: Request| {
            let agent = &request.headers()[header::USER_AGENT];
            agent.to_str().unwrap_or_default().to_owned()
        })]))
        .await;
    client.get("/agent").send().await.assert_text("tug/1");
    client.get("/old").send().await.assert_text("in");
    // The jar was left away.
    client.get("/me").send().await.assert_status(401);
    assert!(client.cookies().is_none());
    // Code that makes requests of its own is given the client.
    let response = client.client().get("/").send().await.unwrap();
    assert_eq!(response.status(), 200);
    client.close().await;
}

#[tokio::test]
async fn a_handler_learns_that_its_client_has_left_when_it_is_called_directly() {
    let log = Log::default();
    let waiting = async |context: Context, log: State<Log>| {
        let (left, later) = (context.client_left(), (*log).clone());
        tokio::spawn(async move {
            left.fired().await;
            later.note("the client has left");
        });
        log.note("waiting");
        std::future::pending::<()>().await;
    };
    let app = App::new().provide(log.clone()).routes([get("/", waiting)]);
    let client = TestClient::builder().mode(Mode::Direct).start(app).await;
    let running = tokio::spawn(client.get("/").send_streaming());
    while log.text() != "waiting" {
        tokio::task::yield_now().await;
    }
    running.abort();
    while log.text() != "waiting, the client has left" {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_direct_peer_is_in_memory() {
    let app = App::new().routes([get("/", async |context: Context| {
        assert_eq!(*context.connection().peer(), Peer::Memory);
        context.sequence().to_string()
    })]);
    let client = TestClient::builder().mode(Mode::Direct).start(app).await;
    client.get("/").send().await.assert_text("0");
    client.get("/").send().await.assert_text("1");
}
