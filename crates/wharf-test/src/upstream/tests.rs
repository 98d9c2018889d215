use std::io;
use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;
use wharf_client::retry::RetryPolicy;
use wharf_client::{Client, ErrorKind, Phase, Timeouts};

use super::*;
use crate::Value;

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// The problems of a mock server as text.
fn problems(mock: MockServer) -> String {
    let text = mock.try_verify().unwrap_err().to_string();
    text.replace(concat!("(", file!()), "(tests.rs")
}

/// A mock server that answers `GET /` so, and a client for it.
fn answering(reply: Reply) -> (MockServer, Client) {
    let mock = MockServer::new();
    mock.expect(get("/")).times(1..).reply(reply);
    let client = mock.client().clone();
    (mock, client)
}

async fn kind_of_body(reply: Reply) -> ErrorKind {
    let (_mock, client) = answering(reply);
    let mut response = client.get("/").send().await.unwrap();
    response.bytes().await.unwrap_err().kind()
}

#[tokio::test(start_paused = true)]
async fn a_client_retries_over_connections_that_are_reset() {
    let mock = MockServer::new();
    mock.expect(get("/ships")).replies([
        Reply::reset(),
        Reply::reset(),
        Reply::new(200).text("two"),
    ]);
    let client = Client::builder().connector(mock.connector());
    let client = client.retry(RetryPolicy::new()).build().unwrap();

    let mut response = client.get("http://quay.test/ships").send().await.unwrap();
    assert_eq!(response.text().await.unwrap(), "two");
    assert_eq!(mock.calls().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_may_not_arrive_twice_is_not_sent_again() {
    let mock = MockServer::new();
    mock.expect(post("/ships")).reply(Reply::reset());
    let client = Client::builder().connector(mock.connector());
    let client = client.retry(RetryPolicy::new()).build().unwrap();
    let error = client.post("http://quay.test/ships").send().await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Disconnected);
}

#[tokio::test(start_paused = true)]
async fn calls_come_in_any_order_unless_one_is_asked_for() {
    let mock = MockServer::new();
    mock.expect(get("/a")).reply(Reply::new(200).text("a"));
    mock.expect(get("/b")).reply(Reply::new(200).text("b"));
    for path in ["b", "a"] {
        let mut response = mock.client().get(path).send().await.unwrap();
        assert_eq!(response.text().await.unwrap(), path);
    }
    mock.verify();

    let mock = MockServer::new().in_order();
    mock.expect(get("/a")).times(1..=2);
    mock.expect(get("/b")).times(..);
    mock.expect(get("/c"));
    for (path, status) in [("b", 501), ("a", 200), ("a", 200), ("c", 200), ("b", 501)] {
        let response = mock.client().get(path).send().await.unwrap();
        assert_eq!(response.status(), status, "{path}");
    }
    assert_eq!(
        problems(mock),
        "the mock server has got other calls than it expected\n\n\
         unexpected call: GET mock.test/b\n  \
         expected next: GET /a, expected between 1 and twice, has come never (tests.rs:74:10)\n    \
         path: expected /a, got /b\n\n\
         unexpected call: GET mock.test/b\n  \
         the last call that is expected: GET /c, expected once, has come once (tests.rs:76:10)\n    \
         path: expected /c, got /b\n"
    );
}

#[tokio::test(start_paused = true)]
async fn everything_that_a_matcher_says_has_to_be_true() {
    let meant = || {
        post("/users/{id}")
            .host("api.test")
            .query("page", 2)
            .no_query("debug")
            .header("x-token", "secret")
            .no_header("cookie")
            .json_subset(&json!({ "name": "Ada" }))
            .matching("a small body", |call| call.bytes().len() < 100)
    };
    let send = async |mock: &MockServer, url: &str, token: &str, body: Value| {
        let client = Client::builder().connector(mock.connector()).build();
        let client = client.unwrap();
        let request = client.post(url).header("x-token", token).json(&body);
        request.send().await.unwrap().status().as_u16()
    };
    let good = json!({ "name": "Ada", "age": 36 });
    let url = "http://api.test:8080/users/7?page=2&x=y";
    let mock = MockServer::new();
    mock.expect(meant());
    assert_eq!(send(&mock, url, "secret", good.clone()).await, 200);

    let large = json!({ "name": "Ada", "log": "x".repeat(100) });
    for (url, token, body, difference) in [
        (
            "http://api.test/ships?page=2",
            "secret",
            good.clone(),
            "path: expected /users/{id}, got /ships",
        ),
        (
            "http://web.test/users/7?page=2",
            "secret",
            good.clone(),
            "host: expected api.test, got web.test",
        ),
        (
            "http://api.test/users/7",
            "secret",
            good.clone(),
            "query `page`: expected \"2\", got nothing",
        ),
        (
            "http://api.test/users/7?page=2&debug=1",
            "secret",
            good.clone(),
            "query `debug`: expected nothing, got \"1\"",
        ),
        (
            url,
            "wrong",
            good.clone(),
            "header `x-token`: expected \"secret\", got \"wrong\"",
        ),
        (
            url,
            "secret",
            json!({ "name": "Eve" }),
            "body at /name: expected \"Ada\", got \"Eve\"",
        ),
        (url, "secret", large, "a small body: does not match"),
    ] {
        let mock = MockServer::new();
        mock.expect(get("/elsewhere"));
        mock.expect(meant());
        assert_eq!(send(&mock, url, token, body).await, 501);
        let text = problems(mock);
        let unexpected = text.split("\n\n").nth(1).unwrap();
        let lines: Vec<_> = unexpected.lines().skip(2).map(str::trim).collect();
        assert_eq!(lines, [difference], "{text}");
        assert!(
            unexpected.contains("the nearest expectation: POST api.test/users/{id}?page=2"),
            "{text}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn bodies_are_compared_as_json_text_or_bytes() {
    let send = async |matcher: Matcher, body: &'static str| {
        let mock = MockServer::new();
        mock.expect(matcher);
        let request = mock.client().post("/").body(body);
        let mut response = request.send().await.unwrap();
        let text = response.text().await.unwrap();
        drop(mock.try_verify());
        text.lines()
            .skip(2)
            .map(str::trim)
            .collect::<Vec<_>>()
            .join("; ")
    };
    let json = || post("/").json(&json!({ "a": [1, 2] }));
    assert_eq!(send(json(), "{ \"a\" : [1,2] }").await, "");
    assert_eq!(
        send(json(), r#"{"a":[1],"b":0}"#).await,
        "body at /a/1: expected 2, got nothing; body at /b: expected nothing, got 0"
    );
    assert_eq!(
        send(json(), "").await,
        "body: expected {\"a\":[1,2]}, got nothing"
    );
    assert!(send(json(), "hm").await.contains("got what is no JSON"));
    assert_eq!(send(post("/").text("a\nb"), "a\nb").await, "");
    assert_eq!(
        send(post("/").text("a\nb"), "a\nc").await,
        "body line 2: expected \"b\", got \"c\""
    );
    assert_eq!(send(post("/").bytes("abc"), "abc").await, "");
    assert_eq!(
        send(post("/").bytes("abc"), "abd!").await,
        "body: expected 3 bytes, got 4, of which the first 2 are as expected"
    );
}

#[tokio::test(start_paused = true)]
async fn a_call_that_comes_too_often_or_never_is_told() {
    let mock = MockServer::new();
    let once = mock.expect(get("/once"));
    mock.expect(get("/never")).never();
    mock.expect(any()).times(2..=2);
    for path in ["once", "never", "once"] {
        mock.client().get(path).send().await.unwrap();
    }
    assert_eq!(once.count(), 1);
    let text = problems(mock);
    // The second `/once` went to whoever takes all.
    assert!(
        text.contains("unexpected call: GET mock.test/never\n"),
        "{text}"
    );
    assert!(text.contains("it fits, but is expected never"), "{text}");
    assert!(
        text.contains("missing call: any method, any path, expected twice, has come once"),
        "{text}"
    );
}

#[tokio::test]
#[should_panic(expected = "missing call: GET /ships, expected once, has come never")]
async fn dropping_a_mock_whose_calls_have_not_come_fails_the_test() {
    let mock = MockServer::new();
    mock.expect(get("/ships"));
    drop(mock);
}

#[tokio::test]
#[should_panic(expected = "the test's own reason")]
async fn a_test_that_fails_already_is_left_its_reason() {
    let mock = MockServer::new();
    mock.expect(get("/ships"));
    panic!("the test's own reason");
}

#[tokio::test]
async fn without_expectations_every_call_is_unexpected() {
    let mock = MockServer::new();
    let mut response = mock.client().get("/a?b").send().await.unwrap();
    assert_eq!(response.status(), 501);
    let text = "unexpected call: GET mock.test/a?b\n  nothing is expected";
    assert_eq!(response.text().await.unwrap(), text);
    assert!(problems(mock).contains(text));
}

#[tokio::test(start_paused = true)]
async fn replies_come_late_and_in_pieces() {
    let reply = Reply::new(200)
        .delay(seconds(3))
        .piece(seconds(1), "one ")
        .piece(seconds(2), "two");
    let (_mock, client) = answering(reply);
    let start = Instant::now();
    let mut response = client.get("/").send().await.unwrap();
    assert_eq!(
        (start.elapsed(), response.content_length()),
        (seconds(3), None)
    );
    let mut pieces = Vec::new();
    while let Some(piece) = response.chunk().await.unwrap() {
        pieces.push((start.elapsed(), piece));
    }
    assert_eq!(
        pieces,
        [(seconds(4), "one ".into()), (seconds(6), "two".into())]
    );
}

#[tokio::test(start_paused = true)]
async fn a_head_that_does_not_come_is_a_time_out() {
    for reply in [Reply::silence(), Reply::new(200).delay(seconds(3600))] {
        let (_mock, client) = answering(reply);
        let start = Instant::now();
        let error = client.get("/").send().await.unwrap_err();
        assert_eq!(error.phase(), Some(Phase::ResponseHead));
        assert_eq!(start.elapsed(), seconds(30));
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_stalls_is_a_time_out() {
    let kind = kind_of_body(Reply::new(200).text("hello").stall_after(2)).await;
    assert_eq!(kind, ErrorKind::Timeout(Phase::BodyRead));
}

#[tokio::test(start_paused = true)]
async fn bodies_that_break_off_or_break_the_rules_are_errors() {
    let whole = || Reply::new(200).text("hello");
    let pieces = || {
        whole()
            .piece(seconds(0), "hello")
            .piece(seconds(1), "wharf")
    };
    for reply in [
        whole().cut_after(2),
        whole().cut_after(0),
        whole().reset_after(2),
        whole().wrong_length(9),
        pieces().cut_after(7),
        pieces().corrupt_chunk(0),
        pieces().corrupt_chunk(1),
    ] {
        assert_eq!(kind_of_body(reply).await, ErrorKind::ResponseBody);
    }
}

#[tokio::test(start_paused = true)]
async fn a_reset_is_told_from_a_close() {
    let error = async |reply: Reply| {
        let (_mock, client) = answering(reply);
        let sent = client.get("/").send().await;
        let error = match sent {
            Ok(mut response) => response.bytes().await.unwrap_err(),
            Err(error) => error,
        };
        error.find_cause::<io::Error>().map(io::Error::kind)
    };
    let reset = Some(io::ErrorKind::ConnectionReset);
    assert_eq!(error(Reply::reset()).await, reset);
    assert_eq!(
        error(Reply::new(200).text("hello").reset_after(3)).await,
        reset
    );
    assert_ne!(error(Reply::hang_up()).await, reset);
}

#[tokio::test(start_paused = true)]
async fn a_length_that_is_too_small_spoils_no_other_response() {
    let (mock, client) = answering(Reply::new(200).text("hello").wrong_length(2));
    for _ in 0..2 {
        let mut response = client.get("/").send().await.unwrap();
        assert_eq!(response.text().await.unwrap(), "he");
    }
    assert_eq!(mock.calls().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn bytes_that_are_no_http_are_malformed() {
    let (_mock, client) = answering(Reply::raw("220 mail.test ESMTP\r\n"));
    let error = client.get("/").send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Malformed);
}

#[tokio::test(start_paused = true)]
async fn interim_responses_come_before_the_head() {
    let mock = MockServer::new();
    let reply = Reply::new(200)
        .informational(103, [("link", "</a.css>; rel=preload")])
        .text("hi");
    mock.expect(get("/")).times(2).reply(reply);
    let mut response = mock.client().get("/").send().await.unwrap();
    assert_eq!(response.text().await.unwrap(), "hi");

    let (near, far) = line::pipe();
    mock.connect(far);
    let raw = crate::RawConnection::new(near);
    let reply = raw.exchange(b"GET / HTTP/1.1\r\nHost: mock\r\n\r\n").await;
    assert_eq!(reply.status(), Some(200));
    let bytes = String::from_utf8_lossy(reply.bytes()).into_owned();
    assert!(
        bytes.starts_with(
            "HTTP/1.1 103 Early Hints\r\nlink: </a.css>; rel=preload\r\n\r\nHTTP/1.1 200"
        ),
        "{bytes}"
    );
}

#[tokio::test(start_paused = true)]
async fn functions_answer_from_the_request() {
    let mock = MockServer::new();
    mock.expect(post("/ships/{id}/{*rest}"))
        .times(2)
        .answer(async |call| {
            tokio::time::sleep(seconds(1)).await;
            let sent: Value = call.json();
            Reply::new(201)
                .json(&json!({ "id": call.param("id"), "rest": call.param("rest"), "got": sent }))
        });
    for number in 0..2 {
        let request = mock.client().post("/ships/7/a/b?x=%20").json(&number);
        let mut response = request.send().await.unwrap();
        assert_eq!(response.status(), 201);
        let body: Value = response.json().await.unwrap();
        assert_eq!(body, json!({ "id": "7", "rest": "a/b", "got": number }));
    }
    let call = &mock.calls()[1];
    assert_eq!(
        (call.text(), call.host(), call.query("x")),
        ("1", "mock.test", Some(" ".to_owned()))
    );
}

#[tokio::test(start_paused = true)]
async fn connections_are_kept_as_by_any_server() {
    let (mock, client) = answering(Reply::new(200).text("hi"));
    for _ in 0..3 {
        client.get("/").send().await.unwrap().text().await.unwrap();
    }
    assert_eq!(client.stats().hosts()[0].created(), 1);
    assert_eq!(mock.calls().len(), 3);
}

#[tokio::test]
async fn a_real_port_serves_foreign_clients() {
    let mock = MockServer::listen().await;
    mock.expect(get("/"))
        .replies([Reply::new(200).text("hi"), Reply::reset()]);
    let client = Client::builder().timeouts(Timeouts::new()).build().unwrap();
    let url = mock.url("/");
    assert_eq!(
        client.get(&url).send().await.unwrap().text().await.unwrap(),
        "hi"
    );
    client.close().await;
    let error = mock.client().get(&url).send().await.unwrap_err();
    let cause = error.find_cause::<io::Error>().map(io::Error::kind);
    assert_eq!(cause, Some(io::ErrorKind::ConnectionReset), "{error:#}");
}

#[tokio::test]
async fn what_is_no_request_is_told() {
    let mock = MockServer::listen().await;
    let socket = tokio::net::TcpStream::connect(mock.addr().unwrap())
        .await
        .unwrap();
    let reply = crate::RawConnection::new(socket)
        .exchange(b"nonsense\r\n\r\n")
        .await;
    assert_eq!(reply.status(), Some(400));
    assert!(problems(mock).contains("what came is no request"));
}

#[tokio::test(start_paused = true)]
async fn dropping_the_mock_cuts_its_connections() {
    let (mock, client) = answering(Reply::silence());
    let request = tokio::spawn(client.get("/").send());
    tokio::time::sleep(seconds(1)).await;
    drop(mock);
    let error = request.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Disconnected);
}

#[cfg(feature = "http2")]
#[tokio::test(start_paused = true)]
async fn http2_calls_are_matched_and_broken_alike() {
    use wharf_client::config::Http2Config;
    let mock = MockServer::new();
    mock.expect(get("/whole").host("quay.test"))
        .reply(Reply::new(200).text("hi"));
    mock.expect(get("/cut"))
        .reply(Reply::new(200).text("hello").cut_after(2));
    let client = Client::builder()
        .connector(mock.connector())
        .http2(Http2Config::new().prior_knowledge(true))
        .build()
        .unwrap();
    let mut response = client.get("http://quay.test/whole").send().await.unwrap();
    assert_eq!(response.text().await.unwrap(), "hi");
    assert_eq!(mock.calls()[0].version(), http::Version::HTTP_2);
    let mut response = client.get("http://quay.test/cut").send().await.unwrap();
    assert_eq!(
        response.bytes().await.unwrap_err().kind(),
        ErrorKind::ResponseBody
    );
}
