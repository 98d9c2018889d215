//! Requests that parse and what becomes of them, by the sections of RFC 9110, RFC 9112 and RFC 3986.

use super::*;
use http::StatusCode;

#[tokio::test]
async fn a_host_is_required_once_and_well_formed() {
    let not_a_host = "not a host";
    for (section, head, status, says) in [
        ("9112 §3.2 none", "GET / HTTP/1.1\r\n\r\n", 400, "no Host"),
        (
            "9112 §3.2 two",
            "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
            400,
            "more than one Host",
        ),
        (
            "9112 §3.2 two in HTTP/1.0",
            "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n",
            400,
            "more than one Host",
        ),
        ("9110 §4.2.1 empty", &with_host(""), 400, "empty"),
        ("3986 §3.2.2 space", &with_host("a b"), 400, not_a_host),
        ("3986 §3.2.2 slash", &with_host("a/b"), 400, not_a_host),
        (
            "9110 §4.2.4 user information",
            &with_host("user@quay"),
            400,
            not_a_host,
        ),
        (
            "9110 §4.2.4 password",
            &with_host("user:secret@quay"),
            400,
            not_a_host,
        ),
        (
            "3986 §3.2.2 question mark",
            &with_host("a?b"),
            400,
            not_a_host,
        ),
        (
            "3986 §3.2.2 not ASCII",
            &with_host("h\u{e9}"),
            400,
            not_a_host,
        ),
        (
            "3986 §2.1 cut off escape",
            &with_host("a%2"),
            400,
            not_a_host,
        ),
        (
            "3986 §3.2.3 letters in the port",
            &with_host("quay:80a"),
            400,
            not_a_host,
        ),
        (
            "3986 §3.2.3 sign in the port",
            &with_host("quay:+80"),
            400,
            not_a_host,
        ),
        (
            "3986 §3.2.3 port beyond 65535",
            &with_host("quay:65536"),
            400,
            not_a_host,
        ),
        ("3986 §3.2.3 port alone", &with_host(":80"), 400, not_a_host),
        (
            "3986 §3.2.3 two ports",
            &with_host("quay:80:81"),
            400,
            not_a_host,
        ),
        ("3986 §3.2.2 bare IPv6", &with_host("::1"), 400, not_a_host),
        (
            "3986 §3.2.2 no closing bracket",
            &with_host("[::1"),
            400,
            not_a_host,
        ),
        ("3986 §3.2.2 no IPv6", &with_host("[::g]"), 400, not_a_host),
        (
            "3986 §3.2.2 text after the bracket",
            &with_host("[::1]x"),
            400,
            not_a_host,
        ),
        ("6874 zone", &with_host("[fe80::1%25en0]"), 400, not_a_host),
        ("9112 §3.2 name", &with_host("quay"), 200, "GET / "),
        (
            "9112 §3.2 name and port",
            &with_host("quay.test:8080"),
            200,
            "GET / ",
        ),
        ("3986 §3.2.3 empty port", &with_host("quay:"), 200, "GET / "),
        (
            "3986 §3.2.2 IPv4",
            &with_host("127.0.0.1:80"),
            200,
            "GET / ",
        ),
        (
            "3986 §3.2.2 IPv6",
            &with_host("[2001:db8::1]:443"),
            200,
            "GET / ",
        ),
        (
            "3986 §3.2.2 later IP",
            &with_host("[v1.a:b]"),
            200,
            "GET / ",
        ),
        (
            "3986 §3.2.2 escaped name",
            &with_host("a%2Db_c~"),
            200,
            "GET / ",
        ),
        (
            "9112 §3.2 HTTP/1.0 needs none",
            "GET / HTTP/1.0\r\n\r\n",
            200,
            "GET / ",
        ),
    ] {
        check(section, head, status, says).await;
    }
}

#[tokio::test]
async fn each_form_of_target_has_its_methods() {
    for (section, head, status, says) in [
        (
            "9112 §3.2.1 origin form",
            with_target("/a?b"),
            200,
            "GET /a?b",
        ),
        (
            "9112 §3.2.1 no slash",
            with_target("noslash"),
            400,
            "neither a path",
        ),
        (
            "9112 §3.2.2 absolute form",
            with_target("http://pier:81/a"),
            200,
            "GET http://pier:81/a",
        ),
        (
            "9112 §3.2.2 without path",
            with_target("http://pier"),
            200,
            "GET http://pier/",
        ),
        (
            "9110 §4.2.4 user information",
            with_target("http://me@pier/"),
            400,
            "does not name a host",
        ),
        (
            "9110 §7.4 https on a plain connection",
            with_target("https://pier/"),
            421,
            "https",
        ),
        (
            "9110 §7.4 other scheme",
            with_target("ftp://pier/"),
            421,
            "neither",
        ),
        (
            "9112 §3.2.3 authority form",
            with_target("pier:80"),
            400,
            "neither a path",
        ),
        (
            "9112 §3.2.4 asterisk with GET",
            with_target("*"),
            400,
            "OPTIONS",
        ),
        (
            "9110 §9.3.6 CONNECT",
            "CONNECT pier:443 HTTP/1.1\r\nHost: pier:443\r\n\r\n".into(),
            501,
            "tunnel",
        ),
        (
            "9110 §9.3.6 CONNECT without port",
            "CONNECT pier HTTP/1.1\r\nHost: pier\r\n\r\n".into(),
            400,
            "port",
        ),
        (
            "9112 §3.2.3 CONNECT to a path",
            "CONNECT / HTTP/1.1\r\nHost: pier\r\n\r\n".into(),
            400,
            "port",
        ),
        (
            "9112 §3.2.4 asterisk form",
            "OPTIONS * HTTP/1.1\r\nHost: quay\r\n\r\n".into(),
            200,
            "OPTIONS *",
        ),
        (
            "9112 §3.2 empty host, no authority",
            "OPTIONS * HTTP/1.1\r\nHost:\r\n\r\n".into(),
            200,
            "OPTIONS *",
        ),
        (
            "9110 §9.1 unknown method",
            "BREW / HTTP/1.1\r\nHost: quay\r\n\r\n".into(),
            200,
            "BREW /",
        ),
        (
            "9112 §2.2 empty line in front",
            format!("\r\n\r\n{GET}"),
            200,
            "GET /",
        ),
        (
            "9112 §2.2 LF alone may end a line",
            "GET / HTTP/1.1\nHost: quay\n\n".into(),
            200,
            "GET /",
        ),
    ] {
        check(section, &head, status, says).await;
    }
}

#[tokio::test]
async fn fields_that_have_one_value_come_once() {
    for name in [
        "Content-Type",
        "Authorization",
        "Range",
        "If-Range",
        "If-Modified-Since",
        "If-Unmodified-Since",
        "User-Agent",
        "Referer",
        "Max-Forwards",
        "From",
        "Date",
        "ETag",
        "Server",
        "Location",
        "Content-Location",
        "Content-Range",
    ] {
        let head = with_field(&format!("{name}: a\r\nX-Other: b\r\n{name}: a"));
        let says = format!("more than one {} field", name.to_lowercase());
        check("9110 §5.3", &head, 400, &says).await;
    }
    // RFC 9110 §5.3: lists may be spread over several lines.
    for name in [
        "Accept",
        "Cookie",
        "X-Forwarded-For",
        "If-Match",
        "Connection",
        "Via",
    ] {
        let head = with_field(&format!("{name}: a\r\n{name}: b"));
        check("9110 §5.3", &head, 200, "GET /").await;
    }
    let head = with_field("Content-Length: 0\r\nContent-Length: 0");
    check("9112 §6.3 equal lengths", &head, 200, "GET /").await;
}

#[tokio::test]
async fn an_expectation_that_cannot_be_met_is_417() {
    check(
        "9110 §10.1.1",
        &with_field("Expect: 200-maybe"),
        417,
        "100-continue",
    )
    .await;
    let both = with_field("Expect: 100-continue\r\nExpect: more");
    check("9110 §10.1.1", &both, 417, "100-continue").await;
    check(
        "9110 §10.1.1",
        &with_field("Expect: 100-Continue"),
        200,
        "GET /",
    )
    .await;
}

#[tokio::test]
async fn a_target_that_names_a_host_wins_over_the_host_field() {
    let mut client = Client::open(config(|request: Request, _| async move {
        let host = request.headers().get_all("host").iter().cloned();
        Response::new(Body::from(format!("{:?}", host.collect::<Vec<_>>())))
    }));
    client.send(with_target("http://pier:81/a")).await;
    assert!(client.answer().await.ends_with("[\"pier:81\"]")); // RFC 9112 §3.2.2
}

#[tokio::test]
async fn a_refused_request_goes_to_the_service_and_the_connection_lives() {
    struct Strict;
    impl Service for Strict {
        type Future = std::future::Ready<Response>;

        fn call(&self, _request: Request, _context: &Context) -> Self::Future {
            std::future::ready(Response::new(Body::from("called")))
        }

        fn refuse(
            &self,
            request: Request,
            refusal: wharf_http::service::Refusal,
            _context: &Context,
        ) -> wharf_http::service::Answer<Self::Future> {
            let text = format!("{} {}", request.uri(), refusal.reason());
            let mut response = Response::new(Body::from(text));
            *response.status_mut() = StatusCode::IM_A_TEAPOT;
            wharf_http::service::Answer::Later(std::future::ready(response))
        }
    }
    let mut client = Client::open(ConnectionConfig::new(Strict));
    client.send("GET /a HTTP/1.1\r\n\r\n").await;
    assert!(client.answer().await.ends_with("/a there is no Host field"));
    client.send(GET).await;
    assert!(client.answer().await.ends_with("called"));
}

#[tokio::test]
async fn nothing_after_a_doubtful_body_is_taken_for_a_request() {
    let mut client = Client::open(config(echo));
    client
        .send(format!(
            "POST / HTTP/1.1\r\nHost: quay\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n{GET}"
        ))
        .await;
    client.io.shutdown().await.unwrap();
    let all = client.rest().await;
    assert!(all.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{all}");
    assert!(all.contains("\r\nconnection: close\r\n"), "{all}");
    assert_eq!(all.matches("HTTP/1.1").count(), 1, "{all}");
}

#[tokio::test]
async fn the_trace_of_the_caller_is_taken_up() {
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    for (field, kept) in [(trace, true), ("00-nonsense", false)] {
        let mut client = Client::open(config(|_, context: Context| async move {
            Response::new(Body::from(context.trace().to_string()))
        }));
        client
            .send(with_field(&format!("traceparent: {field}")))
            .await;
        assert_eq!(client.answer().await.ends_with(trace), kept);
    }
}
