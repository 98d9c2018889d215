use std::sync::Mutex;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use wharf_client::{Phase, Timeouts};
use wharf_http::service::service_fn;
use wharf_http::{Body, Context, Request, Response, Serve, Service, Signal};

use super::*;

fn echo() -> impl Serve {
    service_fn(|request: Request, _: Context| async { Response::new(request.into_body()) })
}

/// Answers with the method, the URI and the header fields.
fn mirror() -> impl Serve {
    service_fn(|request: Request, _: Context| async move {
        let mut text = format!("{} {}\n", request.method(), request.uri());
        for (name, value) in request.headers() {
            text += &format!("{name}: {}\n", value.to_str().unwrap());
        }
        Response::new(Body::from(text))
    })
}

/// An application with one resource; its life is written down.
#[derive(Clone)]
struct Ship {
    log: Arc<Mutex<Vec<String>>>,
    wrong: bool,
    leaking: bool,
}

impl Ship {
    fn new() -> Self {
        Self {
            log: Arc::default(),
            wrong: false,
            leaking: false,
        }
    }

    fn note(&self, what: &str) {
        self.log.lock().unwrap().push(what.to_owned());
    }

    fn log(&self) -> String {
        self.log.lock().unwrap().join(", ")
    }
}

impl Serve for Ship {
    type Service = Self;

    async fn check(&mut self) -> Result<(), BoxError> {
        self.note("checked");
        if self.wrong {
            return Err("the route `/x` conflicts with itself".into());
        }
        Ok(())
    }

    async fn start(self) -> Result<Self, BoxError> {
        self.note("entered");
        Ok(self)
    }
}

impl Service for Ship {
    type Future = std::pin::Pin<Box<dyn Future<Output = Response> + Send>>;

    fn call(&self, _request: Request, context: &Context) -> Self::Future {
        let (ship, context) = (self.clone(), context.clone());
        Box::pin(async move {
            ship.note("asked");
            context.shutdown().fired().await;
            sleep(Duration::from_secs(20)).await;
            ship.note("answered");
            Response::default()
        })
    }

    async fn shutdown(&self) {
        self.note("shutting down");
    }

    async fn stop(&self) -> Result<(), BoxError> {
        self.note("left");
        if self.leaking {
            return Err("the hold is full of water".into());
        }
        Ok(())
    }
}

#[tokio::test]
async fn requests_reach_the_application() {
    let client = TestClient::new(mirror()).await;
    let response = client
        .put("/a/b")
        .query("c", "d e")
        .header("x-ship", "Ada")
        .json(&[1])
        .send()
        .await;
    response
        .assert_status(200)
        .assert_text_contains("PUT /a/b?c=d+e\n")
        .assert_text_contains("x-ship: Ada\n")
        .assert_text_contains("host: localhost\n")
        .assert_text_contains("content-type: application/json\n")
        .assert_text_contains("content-length: 3\n");
    client
        .head("/")
        .send()
        .await
        .assert_status(200)
        .assert_text("");
    for (request, line) in [
        (client.get("x"), "GET /x\n"),
        (client.patch("/"), "PATCH /\n"),
        (client.delete("/"), "DELETE /\n"),
        (client.options("/"), "OPTIONS /\n"),
        (client.get("http://other.test/y"), "GET /y\n"),
    ] {
        request.send().await.assert_text_contains(line);
    }
    client.close().await;
}

#[tokio::test]
async fn a_wrong_application_does_not_start() {
    let ship = Ship {
        wrong: true,
        ..Ship::new()
    };
    let error = TestClient::try_new(ship.clone()).await.unwrap_err();
    assert_eq!(error.to_string(), "the route `/x` conflicts with itself");
    assert_eq!(ship.log(), "checked");
}

#[tokio::test]
#[should_panic(expected = "the application does not start: the route `/x` conflicts with itself")]
async fn a_wrong_application_fails_the_test() {
    TestClient::new(Ship {
        wrong: true,
        ..Ship::new()
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn closing_lets_running_requests_finish_and_then_leaves_the_resources() {
    let ship = Ship::new();
    let client = TestClient::new(ship.clone()).await;
    let running = tokio::spawn(client.get("/").send());
    while !ship.log().contains("asked") {
        tokio::task::yield_now().await;
    }
    client.close().await;
    running.await.unwrap().assert_status(200);
    assert_eq!(
        ship.log(),
        "checked, entered, asked, shutting down, answered, left"
    );
}

#[tokio::test(start_paused = true)]
async fn what_does_not_finish_is_cut_when_the_application_is_closed() {
    let called = Signal::new();
    let signal = called.clone();
    let stuck = service_fn(move |_: Request, context: Context| {
        signal.fire();
        async move { context.protect(std::future::pending::<Response>()).await }
    });
    let client = TestClient::new(stuck).await;
    let running = tokio::spawn(client.get("/").send_streaming());
    called.fired().await;
    let start = Instant::now();
    client.close().await;
    assert_eq!(start.elapsed().as_secs(), 25);
    assert!(running.await.unwrap().is_err());
}

#[tokio::test]
#[should_panic(expected = "the application did not stop properly: the hold is full of water")]
async fn a_clean_up_that_fails_fails_the_test() {
    let client = TestClient::new(Ship {
        leaking: true,
        ..Ship::new()
    })
    .await;
    client.close().await;
}

#[tokio::test]
async fn dropping_the_client_leaves_the_resources_while_the_runtime_goes_on() {
    let ship = Ship::new();
    drop(TestClient::new(ship.clone()).await);
    while !ship.log().ends_with("left") {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_client_that_outlives_the_application_cannot_connect() {
    let client = TestClient::new(echo()).await;
    let kept = client.client().clone();
    client.close().await;
    let error = kept.get("/").send().await.unwrap_err();
    assert_eq!(
        format!("{error:#}"),
        "could not connect (localhost:80): the application was stopped"
    );
}

#[tokio::test]
async fn the_application_sees_the_address_that_the_test_chose() {
    let peer = service_fn(|_: Request, context: Context| async move {
        Response::new(Body::from(context.connection().peer().to_string()))
    });
    let address = "203.0.113.7:4711".parse().unwrap();
    let client = TestClient::builder().peer(address).start(peer).await;
    client.get("/").send().await.assert_text("203.0.113.7");
    let reply = client
        .raw("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await;
    assert_eq!(reply.text(), "203.0.113.7");

    let client = TestClient::new(peer).await;
    client.get("/").send().await.assert_text("memory");
}

#[tokio::test(start_paused = true)]
async fn limits_of_minutes_pass_in_no_time() {
    let slow = service_fn(|_: Request, _: Context| async {
        sleep(Duration::from_secs(3600)).await;
        Response::default()
    });
    let client = TestClient::new(slow).await;
    let start = Instant::now();
    let error = client.get("/").send_streaming().await.unwrap_err();
    assert_eq!(error.phase(), Some(Phase::ResponseHead));
    assert_eq!(start.elapsed().as_secs(), 30);

    let client = TestClient::builder()
        .client_timeouts(Timeouts::new().response_head(None))
        .start(slow)
        .await;
    client.get("/").send().await.assert_status(200);
    assert_eq!(start.elapsed().as_secs(), 3630);
}

#[tokio::test]
async fn a_response_can_be_read_while_it_is_made() {
    let client = TestClient::new(echo()).await;
    let (mut sender, body) = Body::channel(1);
    let request = client.post("/").body(body).send_streaming();
    let (response, sent) = tokio::join!(request, sender.send("first"));
    sent.unwrap();
    let mut response = response.unwrap();
    assert_eq!(response.chunk().await.unwrap().unwrap(), "first");
    sender.send("second").await.unwrap();
    assert_eq!(response.chunk().await.unwrap().unwrap(), "second");
    drop(sender);
    assert_eq!(response.chunk().await.unwrap(), None);
}

#[tokio::test]
async fn a_request_without_response_fails_the_test_and_names_its_place() {
    let broken = service_fn(|_: Request, _: Context| async {
        let (sender, body) = Body::channel(1);
        sender.abort("the hose has a leak").await.unwrap();
        Response::new(body)
    });
    let client = TestClient::new(broken).await;
    let line = line!() + 1;
    let request = client.get("/hose").send();
    let panic = tokio::spawn(request).await.unwrap_err().into_panic();
    let message = panic.downcast_ref::<String>().unwrap();
    let place = format!("{}:{line}:", file!());
    assert!(
        message.starts_with("no response to `GET /hose`, sent at "),
        "{message}"
    );
    assert!(message.contains(&place), "{message}");
}

#[tokio::test]
async fn a_redirect_is_what_the_application_has_answered() {
    let away = service_fn(|request: Request, _: Context| async move {
        assert_eq!(request.uri().path(), "/", "it was followed");
        let mut response = Response::default();
        *response.status_mut() = http::StatusCode::FOUND;
        let location = http::HeaderValue::from_static("/elsewhere");
        response.headers_mut().insert("location", location);
        response
    });
    let client = TestClient::new(away).await;
    let reply = client.get("/").send().await;
    reply
        .assert_status(302)
        .assert_header("location", "/elsewhere");
}

#[tokio::test]
async fn what_the_test_wants_of_the_access_log_it_gets() {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&lines);
    let format = wharf_server::AccessLogFormat::parse("%r %s").unwrap();
    let log = wharf_server::AccessLog::new()
        .format(format)
        .also(move |_, line| kept.lock().unwrap().push(line.to_owned()));
    let client = TestClient::builder().access_log(log).start(echo()).await;
    let reply = client.get("/tide").send().await;
    client.close().await;
    let expected = ["GET /tide HTTP/1.1 200"];
    assert_eq!(*lines.lock().unwrap(), expected);
    assert_eq!(reply.log(), expected);
}
