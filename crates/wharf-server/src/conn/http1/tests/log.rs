//! The lines of the access log, and what is reported beside them.

use std::sync::Arc;

use tokio::time::sleep;
use wharf_http::Peer;
use wharf_http::connection::Local;

use super::*;
use crate::conn::tests::events::{Events, logged};
use crate::{AccessLog, Timeouts};

#[tokio::test]
async fn the_default_line_is_that_of_aiohttp() {
    let events = Events;
    let _watching = events.watch();
    let mut client = Client::open(config(echo));
    client
        .send("GET /a?b HTTP/1.1\r\nHost: quay\r\nReferer: http://x/\r\nUser-Agent: curl/8\r\n\r\n")
        .await;
    let answer = client.answer().await;
    let lines = events.of("wharf::access");
    let (line, fields) = lines[0].split_once('\n').unwrap();
    let sent = answer.len() - "now".len() + "Sun, 06 Nov 1994 08:49:37 GMT".len();
    let (start, end) = (line.find('[').unwrap(), line.find(']').unwrap());
    assert_eq!(end - start, "[23/Nov/2026:22:55:39 +0000".len());
    assert_eq!(
        format!("{}[]{}", &line[..start], &line[end + 1..]),
        format!(r#"memory [] "GET /a?b HTTP/1.1" 200 {sent} "http://x/" "curl/8""#)
    );
    for field in [
        "status=200 ",
        &format!("bytes={sent} "),
        "request_id=",
        "outcome=\"complete\"",
    ] {
        assert!(fields.contains(field), "{fields}");
    }
    assert!(!fields.contains("route="), "{fields}");
}

#[tokio::test]
async fn a_line_names_the_client_that_a_trusted_proxy_names() {
    let events = Events;
    let _watching = events.watch();
    let proxy = Peer::Tcp(([10, 0, 0, 9], 4711).into());
    let connection = Connection::new(proxy, Local::Memory);
    let config = logged(config(echo)).trusted_proxies("10.0.0.0/8");
    let mut client = Client::over(config, connection, 1 << 16);
    for field in ["X-Forwarded-For: 6.6.6.6, 192.0.2.1\r\n", ""] {
        let head = format!("GET / HTTP/1.1\r\nHost: quay\r\n{field}\r\n");
        client.send(head).await;
        client.answer().await;
    }
    client.end().await;
    let lines = events.lines();
    let names: Vec<&str> = lines
        .iter()
        .filter_map(|line| line.split(' ').next())
        .collect();
    assert_eq!(names, ["192.0.2.1", "10.0.0.9"]);
}

#[tokio::test(start_paused = true)]
async fn every_request_has_one_line_whatever_becomes_of_it() {
    let events = Events;
    let _watching = events.watch();
    let config = logged(config(|request: Request, context: Context| async move {
        context.set_route(&Arc::from(request.uri().path()));
        match request.uri().path() {
            "/slow" => sleep(Duration::from_secs(3)).await,
            "/panic" => panic!("on purpose"),
            "/stream" => {
                let (mut sender, body) = Body::channel(1);
                tokio::spawn(async move {
                    for _ in 0..4 {
                        sleep(Duration::from_secs(1)).await;
                        sender.send("tick").await?;
                    }
                    Ok::<_, wharf_http::body::Error>(())
                });
                return Response::new(body);
            }
            "/broken" => {
                let (sender, body) = Body::channel(1);
                tokio::spawn(sender.abort(std::io::Error::other("on purpose")));
                return Response::new(body);
            }
            _ => {}
        }
        echo(request, context).await
    }));
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: quay\r\n\r\n");
    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\
                date: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n"
        .len();

    // Answered, at once and slowly; pipelined ones in order.
    let mut client = Client::open(config.clone());
    client.send(format!("{}{}", get("/"), get("/slow"))).await;
    client.answer().await;
    client.answer().await;
    assert_eq!(
        events.lines(),
        [
            r#"memory "GET / HTTP/1.1" 200 81 0 / complete"#,
            r#"memory "GET /slow HTTP/1.1" 200 86 3 /slow complete"#,
        ]
    );

    // After the last byte of a stream, not before.
    client.send(get("/stream")).await;
    sleep(Duration::from_millis(2500)).await;
    assert_eq!(events.lines(), [""; 0]);
    sleep(Duration::from_millis(2500)).await;
    let bytes = head + 4 * "4\r\ntick\r\n".len() + "0\r\n\r\n".len();
    assert_eq!(
        events.lines(),
        [format!(
            r#"memory "GET /stream HTTP/1.1" 200 {bytes} 4 /stream complete"#
        )]
    );
    assert_eq!(client.end().await, ConnectionEnd::Finished);
    assert_eq!(events.lines(), [""; 0]);

    // Left before the answer, and in the middle of it.
    let mut client = Client::open(config.clone());
    client.send(get("/slow")).await;
    sleep(Duration::from_millis(1500)).await;
    client.end().await;
    assert_eq!(
        events.lines(),
        [r#"memory "GET /slow HTTP/1.1" 499 0 1 /slow left"#]
    );
    let mut client = Client::open(config.clone());
    client.send(get("/stream")).await;
    sleep(Duration::from_millis(1500)).await;
    client.end().await;
    let bytes = head + "4\r\ntick\r\n".len();
    assert_eq!(
        events.lines(),
        [format!(
            r#"memory "GET /stream HTTP/1.1" 200 {bytes} 1 /stream left"#
        )]
    );

    // Failed, with the cause beside it.
    let mut client = Client::open(config.clone());
    client.send(get("/panic")).await;
    client.rest().await;
    client.end().await;
    assert_eq!(
        events.lines(),
        [r#"memory "GET /panic HTTP/1.1" 500 0 0 /panic failed"#]
    );
    let errors = events.of("wharf::error").concat();
    assert!(
        errors.contains("panicked") && errors.contains("on purpose"),
        "{errors}"
    );
    let mut client = Client::open(config.clone());
    client.send(get("/broken")).await;
    client.rest().await;
    client.end().await;
    let lines = events.lines();
    assert!(lines[0].ends_with("/broken failed"), "{lines:?}");
    let errors = events.of("wharf::error").concat();
    assert!(
        errors.contains("(/broken): ") && errors.contains("on purpose"),
        "{errors}"
    );
    assert_eq!(errors.lines().count(), 1, "{errors}");

    // Refused, never parsed, never ended, and cut.
    let mut client = Client::open(config.clone());
    client
        .send("GET / HTTP/1.1\r\n\r\nGET /next HTTP/1.1\r\nno colon\r\n\r\n")
        .await;
    client.io.shutdown().await.unwrap();
    client.rest().await;
    client.end().await;
    assert_eq!(
        events.lines(),
        [
            r#"memory "GET / HTTP/1.1" 400 166 0 - complete"#,
            r#"memory "GET /next HTTP/1.1" 400 189 0 - rejected"#,
        ]
    );
    let mut client = Client::open(config.clone());
    client.send("GET / HTTP/1.1\r\nHost").await;
    client.io.write_all(b"").await.unwrap();
    client.rest().await;
    assert_eq!(
        events.lines(),
        [r#"memory "GET / HTTP/1.1" 408 207 0 - rejected"#]
    );
    let mut client = Client::open(config.clone());
    client.send(get("/slow")).await;
    sleep(Duration::from_secs(1)).await;
    client.serving.abort();
    let _cancelled = client.serving.await;
    assert_eq!(
        events.lines(),
        [r#"memory "GET /slow HTTP/1.1" - 0 1 /slow cut"#]
    );
}

#[tokio::test(start_paused = true)]
async fn another_protocol_than_that_of_the_port_is_logged_as_such() {
    let events = Events;
    let _watching = events.watch();
    let mut client = Client::open(logged(config(echo)));
    client.send("\x16\x03\x01\x02\x00\x01\x00\x01\x7c").await;
    client.io.shutdown().await.unwrap();
    client.rest().await;
    client.end().await;
    assert_eq!(
        events.lines(),
        [r#"memory "a TLS handshake came to a port that speaks plain HTTP" 400 216 0 - rejected"#]
    );
}

#[cfg(feature = "tls-core")]
#[tokio::test(start_paused = true)]
async fn plain_http_on_a_tls_port_is_logged_with_its_request_line() {
    use crate::conn::reject_connection;
    use wharf_http::service::{Rejected, RejectedKind};
    let events = Events;
    let _watching = events.watch();
    let (mut client, io) = duplex(1 << 20);
    let head = b"GET /a HTTP/1.1\r\n".as_slice();
    let kind = RejectedKind::PlainOnTlsPort;
    let rejected = Rejected::new(kind, "use https", head.into(), Connection::memory());
    let config = logged(config(echo));
    let (end, answer) = tokio::join!(reject_connection(io, &rejected, &config), async {
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        drop(client);
        answer
    });
    assert_eq!(end, ConnectionEnd::Finished);
    assert!(answer.ends_with("400 Bad Request: use https\n"), "{answer}");
    let length = answer.len();
    assert_eq!(
        events.lines(),
        [format!(
            r#"memory "GET /a HTTP/1.1" 400 {length} 0 - rejected"#
        )]
    );
}

#[tokio::test(start_paused = true)]
async fn a_client_too_slow_for_its_answer_is_logged_as_such() {
    let events = Events;
    let _watching = events.watch();
    let config = logged(config(|_, _| async {
        Response::new(Body::from(vec![b'a'; 1_000_000]))
    }));
    let config = config.timeouts(Timeouts::new().min_rate(None));
    let mut client = Client::over(config, Connection::memory(), 64);
    client.send(GET).await;
    client.serving.await.unwrap();
    assert_eq!(
        events.lines(),
        [r#"memory "GET / HTTP/1.1" 200 64 30 - slow"#]
    );
}

#[tokio::test]
async fn a_log_that_is_off_writes_nothing() {
    let events = Events;
    let _watching = events.watch();
    let mut client = Client::open(config(echo).access_log(AccessLog::off()));
    client.send(format!("{GET}nonsense\r\n\r\n")).await;
    client.io.shutdown().await.unwrap();
    client.rest().await;
    client.end().await;
    assert_eq!(events.lines(), [""; 0]);
}

#[tokio::test]
async fn what_was_put_beside_a_request_is_dropped_when_it_ends() {
    let events = Events;
    let _watching = events.watch();
    for log in [AccessLog::off(), AccessLog::new()] {
        let kept = Arc::new(());
        let put = Arc::clone(&kept);
        let config = config(move |_, context: Context| {
            context.insert(Arc::clone(&put));
            async { Response::new(Body::from("ok")) }
        });
        let mut client = Client::open(config.access_log(log));
        for _ in 0..2 {
            client.send(GET).await;
            client.answer().await;
            // One here, one with the service, none with the idle connection.
            assert_eq!(Arc::strong_count(&kept), 2);
        }
    }
}
