//! Middleware: in what order, how often, and what it may do.

use http::header::{HeaderName, HeaderValue};
use wharf_http::Response as HttpResponse;

use super::*;
use crate::middleware::{Next, from_fn};

type Sent = std::pin::Pin<Box<dyn Future<Output = Result<HttpResponse, Error>> + Send>>;

/// A middleware that adds its name to the field `x-way`, once for each time that it runs.
fn named(name: &'static str) -> impl Fn(Request, Next) -> Sent + Send + Sync + 'static {
    move |mut request, next| {
        let field = HeaderName::from_static("x-way");
        let way = request.headers().get(&field).map(HeaderValue::as_bytes);
        let way = [way.unwrap_or_default(), name.as_bytes()].concat();
        let way = HeaderValue::from_bytes(&way).unwrap();
        request.headers_mut().insert(field, way);
        Box::pin(next.run(request))
    }
}

#[tokio::test]
async fn the_first_written_is_the_outermost_and_that_of_the_client_is_outside() {
    let (client, server) =
        pair_with(|builder| builder.wrap(from_fn(named("a"))).wrap(from_fn(named("b"))));
    let requests = answering(server, |_| OK.to_owned());
    let request = client.get("/");
    let request = request.wrap(from_fn(named("c"))).wrap(from_fn(named("d")));
    request.send().await.unwrap();
    client.get("/").send().await.unwrap();
    let ways = requests.take();
    let ways = ways.iter().map(|request| field(request, "x-way").unwrap());
    assert_eq!(ways.collect::<Vec<_>>(), ["abcd", "ab"]);
}

#[tokio::test]
async fn it_runs_once_for_each_hop() {
    let (client, server) = pair_with(|builder| builder.wrap(from_fn(named("a"))));
    let requests = answering(server, |request| {
        match request.starts_with("GET / ") {
        true => "HTTP/1.1 302 Found\r\nlocation: http://other.test/next\r\ncontent-length: 0\r\n\r\n",
        false => OK,
    }.to_owned()
    });
    client.get("/").send().await.unwrap();
    let requests = requests.take();
    assert_eq!(requests.len(), 2);
    for request in requests {
        assert_eq!(field(&request, "x-way"), Some("a"), "from anew");
    }
}

#[tokio::test]
async fn it_does_not_run_again_when_a_kept_connection_has_ended() {
    let (client, mut server) = pair_with(|builder| builder.wrap(from_fn(named("a"))));
    let (first, mut peer) = get(&client, &mut server, OK).await;
    first.unwrap().text().await.unwrap();
    let (second, head) = tokio::join!(client.get("/").send(), async {
        peer.head().await;
        drop(peer);
        server.accept().await.answer(OK).await
    });
    second.unwrap();
    assert_eq!(field(&head, "x-way"), Some("a"));
}

#[tokio::test]
async fn it_may_send_the_request_elsewhere() {
    async fn elsewhere(mut request: Request, next: Next) -> Result<HttpResponse, Error> {
        *request.uri_mut() = "http://other.test/b?c".parse().unwrap();
        next.run(request).await
    }
    let (client, server) = pair_with(|builder| builder.wrap(from_fn(elsewhere)));
    let requests = answering(server, |_| OK.to_owned());
    let response = client.get("/a").send().await.unwrap();
    assert_eq!(line(&requests.take()[0]), "GET /b?c other.test");
    assert_eq!(response.url().as_str(), "http://quay.test/a");
}

#[tokio::test]
async fn it_may_answer_itself() {
    async fn answers(_request: Request, _next: Next) -> Result<HttpResponse, Error> {
        Ok(HttpResponse::new(Body::from("from here")))
    }
    let (client, mut server) = pair_with(|builder| builder.wrap(from_fn(answers)));
    let mut response = client.get("/").send().await.unwrap();
    assert_eq!(response.text().await.unwrap(), "from here");
    assert_eq!(response.peer_addr(), None);
    assert!(server.is_quiet());
}

#[tokio::test]
async fn it_may_send_twice() {
    async fn twice(request: Request, next: Next) -> Result<HttpResponse, Error> {
        let mut first = Request::new(Body::from("try"));
        first.uri_mut().clone_from(request.uri());
        first.method_mut().clone_from(request.method());
        next.clone().run(first).await?;
        next.run(request).await
    }
    let (client, server) =
        pair_with(|builder| builder.wrap(from_fn(twice)).wrap(from_fn(named("a"))));
    let requests = answering(server, |_| OK.to_owned());
    let request = client.post("/").body("cargo");
    request.send().await.unwrap();
    let requests = requests.take();
    assert!(requests[0].ends_with("\r\n\r\ntry"));
    assert!(requests[1].ends_with("\r\n\r\ncargo"));
    for request in requests {
        assert_eq!(field(&request, "x-way"), Some("a"));
    }
}

#[tokio::test]
async fn it_sees_the_body_and_may_change_it() {
    async fn loud(request: Request, next: Next) -> Result<HttpResponse, Error> {
        let mut response = next.run(request).await?;
        let text = response.body_mut().bytes(1024).await.unwrap();
        Ok(response.map(|_| Body::from(text.to_ascii_uppercase())))
    }
    let (client, server) = pair_with(|builder| builder.wrap(from_fn(loud)));
    answering(server, |_| {
        "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nahoy".to_owned()
    });
    let mut response = client.get("/").send().await.unwrap();
    assert_eq!(response.text().await.unwrap(), "AHOY");
}

#[cfg(all(feature = "digest", feature = "proxy", unix))]
#[tokio::test]
async fn nothing_is_proved_to_a_proxy_that_a_request_does_not_go_through() {
    use crate::digest::Digest;
    use crate::proxy::{Proxy, ProxyRules};

    for (url, times) in [
        ("http://quay.test/", 2),
        ("http://docker/", 1),
        ("http+unix://%2Frun%2Fapp.sock/", 1),
    ] {
        let seen = Arc::new(Mutex::new(0));
        let asked = Arc::clone(&seen);
        let asking = move |_: Request, _: Next| {
            *asked.lock().unwrap() += 1;
            let mut response = wharf_http::Response::new(Body::empty());
            *response.status_mut() = StatusCode::PROXY_AUTHENTICATION_REQUIRED;
            let challenge = "Digest realm=\"r\", nonce=\"n\", algorithm=MD5, qop=\"auth\"";
            let challenge = challenge.parse().unwrap();
            response
                .headers_mut()
                .insert("proxy-authenticate", challenge);
            std::future::ready(Ok(response))
        };
        let rules = ProxyRules::all(Proxy::new("http://proxy.test:3128").unwrap());
        let client = Client::builder()
            .proxy(rules.proxy_loopback(true))
            .proxy_digest_auth(Digest::new("me", "secret"))
            .unix_socket("docker", "/run/docker.sock")
            .wrap(from_fn(asking))
            .build()
            .unwrap();
        let response = client.get(url).send().await.unwrap();
        assert_eq!(response.status(), 407);
        assert_eq!(*seen.lock().unwrap(), times, "{url}");
    }
}
