//! What can go wrong, and how it is told.

use super::*;
use crate::middleware::{Next, from_fn};

#[tokio::test]
async fn what_is_not_http_is_malformed() {
    let (client, mut server) = pair();
    let (response, _peer) = get(&client, &mut server, "SSH-2.0-OpenSSH\r\n\r\n").await;
    let error = response.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Malformed);
    assert!(format!("{error:#}").starts_with("the response is malformed (quay.test:80): "));
}

#[tokio::test]
async fn a_body_that_breaks_off_is_an_error() {
    for (bytes, cause) in [
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhe",
            "the connection ended before the body did",
        ),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhe",
            "the connection ended before the body did",
        ),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxx\r\nhe",
            "the body is malformed",
        ),
    ] {
        let (client, mut server) = pair();
        let (response, peer) = get(&client, &mut server, bytes).await;
        drop(peer);
        let error = response.unwrap().bytes().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ResponseBody);
        let chain = format!("{error:#}");
        let expected = format!("could not read the response body (quay.test:80): {cause}: ");
        assert!(chain.starts_with(&expected), "{chain}");
    }
}

#[tokio::test]
async fn a_body_larger_than_the_limit_is_an_error_and_can_still_be_streamed() {
    let (client, mut server) = pair_with(|builder| builder.body_limit(4));
    let bytes = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";
    let (response, _peer) = get(&client, &mut server, bytes).await;
    let mut response = response.unwrap();
    let error = response.text().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge { limit: 4 });
    assert_eq!(response.chunk().await.unwrap().unwrap(), "hello");
}

#[tokio::test]
async fn a_request_body_that_fails_is_named() {
    let (client, mut server) = pair();
    let (sender, body) = Body::channel(1);
    let (response, _peer, ()) = tokio::join!(
        client.put("/").body(body).send(),
        server.accept(),
        async move { sender.abort("the file is gone").await.unwrap() }
    );
    let error = response.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RequestBody);
    assert!(
        format!("{error:#}").ends_with(": the file is gone"),
        "{error:#}"
    );
}

#[tokio::test]
async fn a_status_of_400_or_above_is_an_error_that_keeps_the_start_of_the_body() {
    let (client, mut server) = pair();
    let bytes = "HTTP/1.1 422 Unprocessable Content\r\ncontent-length: 8\r\n\r\nno name!";
    let (response, _peer) = get(&client, &mut server, bytes).await;
    let error = response.unwrap().ok().unwrap_err();
    assert_eq!(error.status(), Some(StatusCode::UNPROCESSABLE_ENTITY));
    assert_eq!(error.body_excerpt().unwrap(), "no name!");
    let text = format!("{error:#}");
    assert_eq!(
        text,
        "the response has status 422 Unprocessable Entity (quay.test:80)"
    );
}

#[tokio::test]
async fn the_body_of_an_error_can_be_read_in_full_all_the_same() {
    for framing in ["content-length: 3000", "connection: close"] {
        let (client, mut server) = pair();
        let body = "x".repeat(3000);
        let bytes = format!("HTTP/1.1 500 Internal Server Error\r\n{framing}\r\n\r\n{body}");
        let (response, peer) = get(&client, &mut server, &bytes).await;
        drop(peer);
        let mut response = response.unwrap();
        assert_eq!(response.text().await.unwrap(), body);
        let error = response.ok().unwrap_err();
        assert_eq!(error.body_excerpt().unwrap().len(), 1024);
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_whose_body_is_slow_is_not_held_back_for_long() {
    let (client, mut server) = pair();
    let start = Instant::now();
    let bytes = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 8\r\n\r\nback";
    let (response, mut peer) = get(&client, &mut server, bytes).await;
    assert_eq!(start.elapsed().as_secs(), 1);
    peer.write(" at").await;
    let mut response = response.unwrap();
    peer.write(" 9").await;
    assert_eq!(response.chunk().await.unwrap().unwrap(), "back");
    drop(peer);
    let error = response.ok().unwrap_err();
    assert_eq!(error.body_excerpt().unwrap(), "back");
}

#[tokio::test]
async fn a_connection_that_is_refused_names_host_port_and_cause() {
    let port = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap().port()
    };
    let url = format!("http://127.0.0.1:{port}/secret?token=secret");
    let error = Client::new().get(url).send().await.unwrap_err();
    assert!(error.is_connect());
    let line = error.to_string();
    let start = format!("could not connect (127.0.0.1:{port}): Connection refused");
    assert!(line.starts_with(&start), "{line}");
    assert_eq!(line.matches("refused").count(), 1, "{line}");
    assert_eq!(format!("{error:#}"), line);
    assert!(std::error::Error::source(&error).is_none(), "printed twice");
    let cause = error.find_cause::<std::io::Error>().unwrap();
    assert_eq!(cause.kind(), std::io::ErrorKind::ConnectionRefused);
    assert!(!format!("{line} {error:?}").contains("secret"));
}

#[cfg(feature = "json")]
#[tokio::test]
async fn json_that_is_none_or_of_another_shape_is_an_error() {
    for (head, body, cause) in [
        (
            "content-type: text/html\r\n",
            "[1]",
            "expected JSON, got `text/html`",
        ),
        (
            "",
            "[1",
            "not valid JSON: EOF while parsing a list at line 1 column 2",
        ),
        (
            "",
            "[\"a\"]",
            "unexpected JSON at `[0]`: invalid type: string \"a\", expected u8 at line 1 column 4",
        ),
    ] {
        let (client, mut server) = pair();
        let length = body.len();
        let bytes = format!("HTTP/1.1 200 OK\r\n{head}content-length: {length}\r\n\r\n{body}");
        let (response, _peer) = get(&client, &mut server, &bytes).await;
        let error = response.unwrap().json::<Vec<u8>>().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode);
        assert_eq!(
            format!("{error:#}"),
            format!("could not decode the response body (quay.test:80): {cause}")
        );
    }
}

#[tokio::test]
async fn text_in_an_unknown_charset_is_an_error() {
    let (client, mut server) = pair();
    let bytes = "HTTP/1.1 200 OK\r\ncontent-type: text/plain; charset=\"x-pidgin\"\r\ncontent-length: 2\r\n\r\nhi";
    let (response, _peer) = get(&client, &mut server, bytes).await;
    let mut response = response.unwrap();
    assert_eq!(
        format!("{:#}", response.text().await.unwrap_err()),
        "could not decode the response body (quay.test:80): the charset `x-pidgin` is not supported"
    );
    assert_eq!(response.bytes().await.unwrap(), "hi");
}

#[tokio::test]
async fn a_redirect_to_what_no_request_can_name_is_an_error_of_the_redirect() {
    let (client, mut server) = pair();
    let location = "x".repeat(100_000);
    let bytes = format!("HTTP/1.1 302 Found\r\nlocation: /{location}\r\ncontent-length: 0\r\n\r\n");
    let (response, _peer) = get(&client, &mut server, &bytes).await;
    let error = response.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Redirect);
    assert_eq!(
        error.to_string(),
        "could not follow the redirect (quay.test:80): invalid URL: uri too long"
    );
}

#[cfg(feature = "http2")]
#[tokio::test]
async fn a_peer_that_breaks_the_rules_of_http2_is_malformed() {
    let settings = "\0\0\0\x04\0\0\0\0\0";
    for (name, bytes) in [
        ("HTTP/1", "HTTP/1.1 400 Bad Request\r\n\r\n".to_owned()),
        (
            "DATA before HEADERS",
            format!("{settings}\0\0\x01\0\0\0\0\0\x01x"),
        ),
        (
            "a table index",
            format!("{settings}\0\0\x01\x01\x05\0\0\0\x01\x7f"),
        ),
    ] {
        let (client, mut server) = pair_with(|builder| {
            builder.http2(crate::config::Http2Config::new().prior_knowledge(true))
        });
        let (response, _peer) = tokio::join!(client.get("/").send(), async {
            let mut peer = server.accept().await;
            // The preface, the settings and a window, and the beginning of a request.
            peer.0.read_exact(&mut [0; 64]).await.unwrap();
            peer.write(&bytes).await;
            peer
        });
        assert_eq!(response.unwrap_err().kind(), ErrorKind::Malformed, "{name}");
    }
}

#[tokio::test]
async fn a_length_that_is_not_that_of_the_body_is_not_sent() {
    for (body, lengths, is_right) in [
        ("cargo", ["5"].as_slice(), true),
        ("", &["0"], true),
        ("", &["5"], false),
        ("cargo", &["0"], false),
        ("cargo", &["4"], false),
        ("cargo", &["6"], false),
        ("cargo", &["+5"], false),
        ("cargo", &["5", "5"], false),
        ("cargo", &["5", "6"], false),
    ] {
        let (client, server) = pair();
        let requests = answering(server, |_| OK.to_owned());
        let mut request = client.post("/").body(body);
        for length in lengths {
            request = request.header("content-length", *length);
        }
        let result = request.send().await;
        assert_eq!(result.is_ok(), is_right, "{body} {lengths:?}");
        assert_eq!(requests.take().len(), usize::from(is_right));
        if let Err(error) = result {
            assert_eq!(error.kind(), ErrorKind::Request);
        }
    }
}

#[tokio::test]
async fn pieces_without_bytes_are_not_kept_for_the_reader_of_an_error() {
    let answer = |_: Request, _: Next| async {
        let (mut sender, body) = Body::channel(4);
        for piece in ["", "", "back at 9", ""] {
            sender.send(piece).await.unwrap();
        }
        let mut response = wharf_http::Response::new(body);
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        Ok(response)
    };
    let (client, _server) = pair_with(|builder| builder.wrap(from_fn(answer)));
    let mut body = client.get("/").send().await.unwrap().into_body();
    let first = body.frame().await.unwrap().unwrap();
    assert_eq!(first.into_data().unwrap(), "back at 9");
    assert!(body.frame().await.is_none());
}
