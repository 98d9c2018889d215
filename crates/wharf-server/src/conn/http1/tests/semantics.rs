use super::*;

#[tokio::test]
async fn a_request_is_answered_and_the_connection_kept() {
    let mut client = Client::open(config(echo));
    for _ in 0..3 {
        client.send(GET).await;
        assert_eq!(
            client.answer().await,
            "HTTP/1.1 200 OK\r\ncontent-length: 6\r\ndate: now\r\n\r\nGET / "
        );
    }
    assert_eq!(client.end().await, ConnectionEnd::Finished);
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let mut client = Client::open(config(echo));
    let mut requests = String::new();
    for number in 0..50 {
        requests.push_str(&format!(
            "POST /{number} HTTP/1.1\r\nHost: quay\r\nContent-Length: 2\r\n\r\n{number:02}"
        ));
    }
    client.send(requests).await;
    for number in 0..50 {
        let answer = client.answer().await;
        assert!(
            answer.ends_with(&format!("POST /{number} {number:02}")),
            "{answer}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_finished_answer_does_not_wait_for_the_next_one() {
    let mut client = Client::open(config(|request: Request, context| async move {
        if request.uri().path() == "/slow" {
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
        echo(request, context).await
    }));
    client
        .send(format!("{GET}GET /slow HTTP/1.1\r\nHost: quay\r\n\r\n"))
        .await;
    let began = tokio::time::Instant::now();
    assert!(client.answer().await.ends_with("GET / "));
    assert_eq!(began.elapsed(), Duration::ZERO);
    assert!(client.answer().await.ends_with("GET /slow "));
    assert_eq!(began.elapsed(), Duration::from_secs(5));
}

#[tokio::test]
async fn a_malformed_head_is_answered_by_the_service() {
    assert_eq!(
        exchange(
            config(echo),
            format!("{GET}GET / HTTP/1.1\r\nHost quay\r\n\r\n")
        )
        .await,
        "HTTP/1.1 200 OK\r\ncontent-length: 6\r\ndate: now\r\n\r\nGET / \
         HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain; charset=utf-8\r\nconnection: close\r\n\
         content-length: 44\r\ndate: now\r\n\r\n400 Bad Request: a header line has no colon\n"
    );
}

#[tokio::test]
async fn the_answer_to_head_has_the_length_and_no_body() {
    let mut client = Client::open(config(echo));
    client
        .send("HEAD / HTTP/1.1\r\nHost: quay\r\nConnection: close\r\n\r\n")
        .await;
    assert_eq!(
        client.rest().await,
        "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 7\r\ndate: now\r\n\r\n" // RFC 9110 §9.3.2
    );
}

#[tokio::test]
async fn a_chunked_upload_is_read_with_its_trailers() {
    let mut client = Client::open(config(|request: Request, _| async {
        let mut body = request.into_body();
        let mut seen = String::new();
        while let Some(frame) = body.frame().await {
            match frame.unwrap().into_data() {
                Ok(data) => seen.push_str(std::str::from_utf8(&data).unwrap()),
                Err(frame) => seen.push_str(&format!("{:?}", frame.trailers_ref().unwrap())),
            }
        }
        Response::new(Body::from(seen))
    }));
    client
        .send(
            "POST / HTTP/1.1\r\nHost: quay\r\nTransfer-Encoding: chunked\r\n\r\n\
             3;name=value\r\nabc\r\n2\r\nde\r\n0\r\nSum: 5\r\n\r\n",
        )
        .await;
    assert!(client.answer().await.ends_with("abcde{\"sum\": \"5\"}")); // RFC 9112 §7.1
    client.send(GET).await;
    assert!(client.answer().await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_malformed_chunk_is_an_error_for_the_reader_and_ends_the_connection() {
    let mut client = Client::open(config(echo));
    client
        .send("POST / HTTP/1.1\r\nHost: quay\r\nTransfer-Encoding: chunked\r\n\r\nx\r\nabc\r\n")
        .await;
    let answer = client.answer().await;
    assert!(answer.contains("\r\nconnection: close\r\n"), "{answer}");
    assert!(answer.ends_with("the body is malformed"), "{answer}");
}

#[tokio::test]
async fn an_answer_of_unknown_length_is_chunked_with_trailers_for_who_takes_them() {
    for (te, end) in [
        ("TE: trailers\r\n", "0\r\nsum: 5\r\n\r\n"),
        ("", "0\r\n\r\n"),
    ] {
        let mut client = Client::open(config(|_, _| async {
            let mut trailers = http::HeaderMap::new();
            trailers.insert("sum", "5".parse().unwrap());
            let body = Body::from_stream(Pieces(vec!["abc", "de"])).with_trailers(trailers);
            let mut response = Response::new(body);
            response
                .headers_mut()
                .insert("trailer", "sum".parse().unwrap());
            response
        }));
        client
            .send(format!(
                "GET / HTTP/1.1\r\nHost: quay\r\n{te}Connection: close\r\n\r\n"
            ))
            .await;
        assert_eq!(
            client.rest().await,
            format!(
                "HTTP/1.1 200 OK\r\ntrailer: sum\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\
                 date: now\r\n\r\n3\r\nabc\r\n2\r\nde\r\n{end}"
            )
        );
    }
}

#[tokio::test]
async fn a_large_answer_arrives_whole() {
    let bytes: Vec<u8> = (0..1_000_003_u32)
        .map(|number| (number % 251) as u8)
        .collect();
    let expected = bytes.clone();
    let mut client = Client::over(
        config(move |_, _| {
            let bytes = bytes.clone();
            async { Response::new(Body::from(bytes)) }
        }),
        Connection::memory(),
        3000,
    );
    client
        .send("GET / HTTP/1.1\r\nHost: quay\r\nConnection: close\r\n\r\n")
        .await;
    let mut all = Vec::new();
    client.io.read_to_end(&mut all).await.unwrap();
    assert!(all.ends_with(&expected));
    assert!(masked(&all[..200]).contains("content-length: 1000003\r\n"));
}

#[tokio::test(start_paused = true)]
async fn continue_is_sent_when_the_body_is_first_read() {
    let mut client = Client::open(config(|request, context| async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        echo(request, context).await
    }));
    let head = "POST / HTTP/1.1\r\nHost: quay\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n";
    client.send(head).await;
    let began = tokio::time::Instant::now();
    let mut interim = [0; 25];
    client.io.read_exact(&mut interim).await.unwrap();
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n"); // RFC 9110 §10.1.1
    assert_eq!(began.elapsed(), Duration::from_secs(5));
    client.send("abc").await;
    assert!(client.answer().await.ends_with("POST / abc"));
}

#[tokio::test]
async fn an_upload_that_is_refused_is_never_sent() {
    let mut client = Client::open(config(|_, _| async {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = http::StatusCode::FORBIDDEN;
        response
    }));
    client
        .send("POST / HTTP/1.1\r\nHost: quay\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
        .await;
    assert_eq!(
        client.rest().await,
        "HTTP/1.1 403 Forbidden\r\nconnection: close\r\ncontent-length: 0\r\ndate: now\r\n\r\n"
    );
}

#[tokio::test]
async fn the_connection_survives_a_small_body_that_nobody_read() {
    let mut client = Client::open(config(|_, _| async { Response::new(Body::from("ok")) }));
    for _ in 0..3 {
        client
            .send("POST / HTTP/1.1\r\nHost: quay\r\nContent-Length: 3\r\n\r\nabc")
            .await;
        assert_eq!(
            client.answer().await,
            "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ndate: now\r\n\r\nok"
        );
    }
}

#[tokio::test]
async fn transfer_encoding_wins_over_content_length_and_the_connection_closes() {
    // RFC 9112 §6.3: the length is not believed, in either order, and nothing after the body is a request.
    for fields in [
        "Content-Length: 4\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 4",
    ] {
        let mut client = Client::open(config(|request: Request, context| async {
            assert!(!request.headers().contains_key("content-length"));
            echo(request, context).await
        }));
        client
            .send(format!(
                "POST / HTTP/1.1\r\nHost: quay\r\n{fields}\r\n\r\n3\r\nabc\r\n0\r\n\r\n{GET}"
            ))
            .await;
        client.io.shutdown().await.unwrap();
        assert_eq!(
            client.rest().await,
            "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 10\r\ndate: now\r\n\r\nPOST / abc"
        );
    }
}

#[tokio::test]
async fn a_connection_is_kept_by_default_in_http_1_1_and_on_request_in_http_1_0() {
    // RFC 9112 §9.3
    for (request, says, kept) in [
        ("GET / HTTP/1.1\r\nHost: q\r\n\r\n", "", true),
        (
            "GET / HTTP/1.1\r\nHost: q\r\nConnection: close\r\n\r\n",
            "connection: close\r\n",
            false,
        ),
        (
            "GET / HTTP/1.1\r\nHost: q\r\nConnection: x, Close\r\n\r\n",
            "connection: close\r\n",
            false,
        ),
        ("GET / HTTP/1.0\r\n\r\n", "", false),
        (
            "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
            "connection: keep-alive\r\n",
            true,
        ),
    ] {
        let mut client = Client::open(config(echo));
        client.send(request).await;
        let answer = client.answer().await;
        let version = &request[6..14];
        assert_eq!(
            answer,
            format!("{version} 200 OK\r\n{says}content-length: 6\r\ndate: now\r\n\r\nGET / "),
            "{request}"
        );
        if kept {
            client.send(GET).await;
            assert!(client.answer().await.contains("200 OK"));
        } else {
            assert_eq!(client.rest().await, "");
        }
    }
}

#[tokio::test]
async fn keep_alive_can_be_switched_off() {
    let config = config(echo).http1(crate::Http1Config::new().keep_alive(false));
    let mut client = Client::open(config);
    client.send(format!("{GET}{GET}")).await;
    client.io.shutdown().await.unwrap();
    assert_eq!(
        client.rest().await,
        "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 6\r\ndate: now\r\n\r\nGET / "
    );
}

#[tokio::test]
async fn date_is_always_sent_and_server_only_when_set() {
    let own = |_: Request, _: Context| async {
        let mut response = Response::new(Body::empty());
        let fields = response.headers_mut();
        fields.insert("date", "Sun, 06 Nov 1994 08:49:37 GMT".parse().unwrap());
        fields.insert("server", "own".parse().unwrap());
        response
    };
    let mut client =
        Client::open(config(own).server_header(http::HeaderValue::from_static("wharf")));
    client.send(GET).await;
    let answer = client.answer().await;
    assert_eq!(answer.matches("date: now").count(), 1, "{answer}");
    assert!(answer.contains("\r\nserver: own\r\n"), "{answer}");

    let config = config(echo).server_header(http::HeaderValue::from_static("wharf"));
    let mut client = Client::open(config);
    client.send(format!("{GET}GET\r\n\r\n")).await;
    client.io.shutdown().await.unwrap();
    let all = client.rest().await;
    assert_eq!(all.matches("\r\nserver: wharf\r\n").count(), 2, "{all}");
    assert_eq!(all.matches("\r\ndate: now\r\n").count(), 2, "{all}");
}

#[tokio::test]
async fn the_version_of_an_answer_is_the_clients() {
    // A proxy hands on what it got from a server that speaks another version.
    let mut client = Client::open(config(|_, _| async {
        let mut response = Response::new(Body::from("ok"));
        *response.version_mut() = http::Version::HTTP_3;
        response
    }));
    client.send(GET).await;
    assert!(client.answer().await.starts_with("HTTP/1.1 200 OK\r\n"));
}

#[tokio::test]
async fn a_connection_can_be_upgraded() {
    let mut client = Client::open(config(
        |mut request: Request, context: Context| async move {
            let upgrade = hyper::upgrade::on(&mut request);
            context.connection().tasks().spawn(async move {
                let mut io = hyper_util::rt::TokioIo::new(upgrade.await.unwrap());
                let mut line = [0; 4];
                io.read_exact(&mut line).await.unwrap();
                io.write_all(&line).await.unwrap();
                io.write_all(b" and more").await.unwrap();
                io.flush().await.unwrap();
                io.shutdown().await.unwrap();
            });
            let mut response = Response::new(Body::empty());
            *response.status_mut() = http::StatusCode::SWITCHING_PROTOCOLS;
            let fields = response.headers_mut();
            fields.insert("connection", "upgrade".parse().unwrap());
            fields.insert("upgrade", "parrot".parse().unwrap());
            response
        },
    ));
    // The first bytes of the other protocol come with the head.
    client
        .send("GET / HTTP/1.1\r\nHost: quay\r\nConnection: upgrade\r\nUpgrade: parrot\r\n\r\npo")
        .await;
    assert_eq!(
        client.answer().await,
        "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: parrot\r\ndate: now\r\n\r\n"
    );
    assert!(!client.serving.is_finished());
    client.send("ly").await;
    assert_eq!(client.rest().await, "poly and more");
    assert_eq!(client.end().await, ConnectionEnd::Finished);
}

#[tokio::test]
async fn contexts_of_one_connection_are_told_apart() {
    let mut client = Client::open(config(|_, context: Context| async move {
        assert_eq!(context.get::<u8>(), None);
        context.insert(1_u8);
        Response::new(Body::from(format!(
            "{} {}",
            context.sequence(),
            context.request_id()
        )))
    }));
    let mut seen = std::collections::HashSet::new();
    for number in 0..3 {
        client.send(GET).await;
        let answer = client.answer().await;
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(body.starts_with(&format!("{number} ")), "{body}");
        assert!(seen.insert(body[2..].to_owned()));
    }
}

/// Counts the writes that reach the socket.
struct Counting(DuplexStream, std::sync::Arc<std::sync::atomic::AtomicUsize>);

impl tokio::io::AsyncRead for Counting {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut task::Context<'_>,
        buf: &mut tokio::io::ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl tokio::io::AsyncWrite for Counting {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut task::Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        self.1.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(
        mut self: Pin<&mut Self>,
        cx: &mut task::Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(
        mut self: Pin<&mut Self>,
        cx: &mut task::Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

#[tokio::test]
async fn answers_to_pipelined_requests_leave_together() {
    let writes = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let (io, server) = duplex(1 << 20);
    let server = Counting(server, std::sync::Arc::clone(&writes));
    let serving = tokio::spawn(serve_connection(server, Connection::memory(), config(echo)));
    let mut client = Client { io, serving };
    for (requests, expected) in [(1, 1), (16, 1), (1, 1), (100, 1)] {
        client.send(GET.repeat(requests)).await;
        for _ in 0..requests {
            client.answer().await;
        }
        let written = writes.swap(0, std::sync::atomic::Ordering::Relaxed);
        assert!(written <= expected, "{requests} requests, {written} writes");
    }
}
