//! A function in place of connections.

use super::*;
use crate::ErrorKind;
use crate::middleware::{Next, from_fn};

/// Answers with the method, the target and the fields of a request.
async fn mirror(request: Request) -> Result<wharf_http::Response, BoxError> {
    let mut text = format!("{} {}", request.method(), request.uri());
    for (name, value) in request.headers() {
        text += &format!("\n{name}: {}", value.to_str()?);
    }
    Ok(wharf_http::Response::new(Body::from(text)))
}

#[tokio::test]
async fn a_function_is_given_what_a_server_would_see() {
    let client = Client::builder()
        .base("http://quay.test:81/v1/")
        .header("x-ship", "Ada")
        .answered_by(mirror)
        .build()
        .unwrap();
    let response = client.post("ships").query("n", 1).body("hi").send().await;
    let text = response.unwrap().text().await.unwrap();
    let agent = concat!("user-agent: wharf/", env!("CARGO_PKG_VERSION"));
    for line in [
        "x-ship: Ada",
        "host: quay.test:81",
        "content-length: 2",
        "accept: */*",
        agent,
    ] {
        assert!(
            text.lines().any(|other| other == line),
            "no `{line}` in {text}"
        );
    }
    assert!(text.starts_with("POST /v1/ships?n=1\n"), "{text}");
    assert_eq!(client.stats().hosts().len(), 0);
}

#[tokio::test]
async fn redirects_and_middleware_work_without_connections() {
    async fn marked(mut request: Request, next: Next) -> Result<wharf_http::Response, Error> {
        request.headers_mut().insert("x-mark", "1".parse().unwrap());
        next.run(request).await
    }
    let answer = async |request: Request| {
        assert_eq!(request.headers()["x-mark"], "1");
        if request.uri() != "/" {
            return mirror(request).await;
        }
        let mut response = wharf_http::Response::new(Body::empty());
        *response.status_mut() = StatusCode::FOUND;
        response.headers_mut().insert("location", "/there".parse()?);
        Ok(response)
    };
    // One of the client and one of the request lead to the same end.
    let client = || Client::builder().answered_by(answer);
    let by_client = client().wrap(from_fn(marked)).build().unwrap();
    let by_client = by_client.get("http://quay.test/").send().await.unwrap();
    assert_eq!(by_client.history().len(), 1);
    let by_request = client().build().unwrap().get("http://quay.test/");
    let mut by_request = by_request.wrap(from_fn(marked)).send().await.unwrap();
    assert!(by_request.text().await.unwrap().starts_with("GET /there\n"));
}

#[cfg(feature = "cookies")]
#[tokio::test]
async fn cookies_are_kept_and_sent_without_connections() {
    let answer = async |request: Request| {
        let mut response = mirror(request).await?;
        let headers = response.headers_mut();
        headers.insert("set-cookie", "sid=7".parse()?);
        Ok(response)
    };
    let jar = crate::jar::CookieJar::new();
    let client = Client::builder()
        .cookies(jar)
        .answered_by(answer)
        .build()
        .unwrap();
    let mut first = client.get("http://quay.test/").send().await.unwrap();
    assert!(!first.text().await.unwrap().contains("cookie:"));
    let mut second = client.get("http://quay.test/").send().await.unwrap();
    assert!(second.text().await.unwrap().contains("\ncookie: sid=7"));
}

#[tokio::test(start_paused = true)]
async fn a_function_that_fails_or_takes_too_long_is_an_error() {
    let answer = async |request: Request| {
        if request.uri() == "/slow" {
            std::future::pending::<()>().await;
        }
        Err("the quay is closed".into())
    };
    let client = Client::builder().answered_by(answer).build().unwrap();
    let error = client.get("http://quay.test/").send().await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Connect));
    assert_eq!(
        error.to_string(),
        "could not connect (quay.test:80): the quay is closed"
    );
    let start = Instant::now();
    let error = client
        .get("http://quay.test/slow")
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.phase(), Some(Phase::ResponseHead));
    assert_eq!(start.elapsed().as_secs(), 30);
}
