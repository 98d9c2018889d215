use http::HeaderValue;
use wharf_http::service::service_fn;
use wharf_http::{Body, BoxError, Context, Request, Response, Service};

use super::*;

fn echo() -> impl Serve {
    service_fn(|request: Request, _: Context| async { Response::new(request.into_body()) })
}

#[tokio::test]
async fn a_server_answers_its_own_client_and_others() {
    let server = TestServer::start(echo()).await;
    assert!(server.addr().ip().is_loopback());
    assert_ne!(server.addr().port(), 0);
    server
        .post("/a")
        .body("hi")
        .send()
        .await
        .assert_status(200)
        .assert_text("hi");
    let response = Client::new().put(server.url("/b")).body("ho").send().await;
    assert_eq!(response.unwrap().text().await.unwrap(), "ho");
    assert_eq!(server.url("b"), server.url("/b"));
}

#[tokio::test]
async fn bytes_are_sent_as_they_are() {
    let server = TestServer::start(echo()).await;
    let reply = server.raw("GET / HTTP/1.1\r\n\r\n").await;
    assert_eq!(reply.status_line(), "HTTP/1.1 400 Bad Request"); // RFC 9112 §3.2
    let mut connection = server.connect().await;
    connection
        .send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhiGET / HTTP/1.0\r\n\r\n")
        .await;
    assert_eq!(connection.reply().await.text(), "hi");
    assert_eq!(connection.reply().await.status(), Some(200));
    assert_eq!(connection.rest().await, "");
}

#[tokio::test]
async fn the_application_sees_a_real_address() {
    let peer = service_fn(|_: Request, context: Context| async move {
        Response::new(Body::from(context.connection().peer().to_string()))
    });
    let server = TestServer::start(peer).await;
    server.get("/").send().await.assert_text("127.0.0.1");
}

#[tokio::test]
async fn shutting_down_reports_and_refuses_what_comes_later() {
    let server = TestServer::start(echo()).await;
    let url = server.url("/");
    server.get("/").send().await;
    let report = server.shutdown().await;
    assert_eq!(report.cut, 0);
    let error = Client::new().get(url).send().await.unwrap_err();
    assert!(error.is_connect());
}

#[tokio::test]
async fn dropping_the_server_stops_it() {
    let server = TestServer::start(echo()).await;
    let url = server.url("/");
    drop(server);
    while Client::new().get(&url).send().await.is_ok() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_server_can_have_settings_of_its_own() {
    let name = HeaderValue::from_static("quay");
    let server = TestServer::start_server(Server::new(echo()).server_header(name)).await;
    server.get("/").send().await.assert_header("server", "quay");
}

/// A service that cannot be stopped properly, or not even started.
#[derive(Clone)]
struct Ship {
    wrong: bool,
}

impl Serve for Ship {
    type Service = Self;

    async fn check(&mut self) -> Result<(), BoxError> {
        if self.wrong {
            return Err("the route `/x` conflicts with itself".into());
        }
        Ok(())
    }

    async fn start(self) -> Result<Self, BoxError> {
        Ok(self)
    }
}

impl Service for Ship {
    type Future = std::future::Ready<Response>;

    fn call(&self, _: Request, _: &Context) -> Self::Future {
        std::future::ready(Response::default())
    }

    async fn stop(&self) -> Result<(), BoxError> {
        Err("the hold is full of water".into())
    }
}

#[tokio::test]
#[should_panic(expected = "the server does not start: ")]
async fn a_wrong_application_fails_the_test() {
    TestServer::start(Ship { wrong: true }).await;
}

#[tokio::test]
#[should_panic(expected = "the hold is full of water")]
async fn a_clean_up_that_fails_fails_the_test() {
    let server = TestServer::start(Ship { wrong: false }).await;
    server.shutdown().await;
}
