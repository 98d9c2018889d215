use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

use super::*;

fn pair() -> (RawConnection, DuplexStream) {
    let (near, far) = duplex(1024);
    (RawConnection::new(near), far)
}

async fn replies(bytes: &str) -> (RawReply, Bytes) {
    let (mut connection, mut far) = pair();
    far.write_all(bytes.as_bytes()).await.unwrap();
    drop(far);
    (connection.reply().await, connection.rest().await)
}

#[tokio::test]
async fn an_answer_ends_where_its_framing_says() {
    for (bytes, body, rest) in [
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhimore",
            "hi",
            "more",
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\nhi\r\nA\r\n, 12345678\r\n0\r\nx: y\r\n\r\nmore",
            "hi, 12345678",
            "more",
        ),
        ("HTTP/1.1 204 No Content\r\n\r\nmore", "", "more"),
        (
            "HTTP/1.1 304 Not Modified\r\ncontent-length: 9\r\n\r\nmore",
            "",
            "more",
        ),
        ("HTTP/1.0 200 OK\r\n\r\nto the end", "to the end", ""),
    ] {
        let (reply, after) = replies(bytes).await;
        assert_eq!(reply.text(), body);
        assert_eq!(after, rest);
        assert!(reply.is_complete());
        assert_eq!([reply.bytes(), &after[..]].concat(), bytes.as_bytes());
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_not_complete() {
    for (bytes, status_line, body) in [
        ("", "", ""),
        ("HTTP/1.1 2", "HTTP/1.1 2", ""),
        ("HTTP/1.1 200 OK\r\nContent-Le", "HTTP/1.1 200 OK", ""),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhi",
            "HTTP/1.1 200 OK",
            "hi",
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhi",
            "HTTP/1.1 200 OK",
            "5\r\nhi",
        ),
    ] {
        let (reply, rest) = replies(bytes).await;
        assert!(!reply.is_complete());
        assert_eq!((reply.status_line(), &*reply.text()), (status_line, body));
        assert_eq!((reply.bytes(), rest), (&Bytes::from(bytes), Bytes::new()));
    }
}

#[tokio::test]
async fn head_and_interim_answers_are_told_apart() {
    let (reply, _) = replies(
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\nHTTP/1.1 201 Created\r\nSet-Cookie: a\r\nset-cookie: b\r\ncontent-length: 0\r\n\r\n",
    )
    .await;
    assert_eq!(
        reply.interim(),
        ["HTTP/1.1 100 Continue", "HTTP/1.1 103 Early Hints"]
    );
    assert_eq!(reply.status(), Some(201));
    assert_eq!(reply.header("SET-COOKIE"), Some("a"));
    assert_eq!(reply.headers("set-cookie").collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(reply.header("link"), None);
}

#[tokio::test]
async fn the_answer_to_head_ends_with_its_head() {
    let (connection, mut far) = pair();
    far.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")
        .await
        .unwrap();
    let reply = connection.exchange(b"HEAD / HTTP/1.1\r\n\r\n").await;
    assert!(reply.is_complete());
    assert_eq!(reply.header("content-length"), Some("9"));
}

#[tokio::test]
async fn an_early_answer_is_read_while_the_request_is_still_sent() {
    let (connection, mut far) = pair();
    let request = vec![b'x'; 1 << 20];
    let (reply, ()) = tokio::join!(connection.exchange(&request), async {
        let head = "HTTP/1.1 413 Content Too Large\r\nContent-Length: 5000\r\n\r\n";
        far.write_all(head.as_bytes()).await.unwrap();
        far.write_all(&[b'y'; 5000]).await.unwrap(); // more than the pipe holds
    });
    assert_eq!(reply.status(), Some(413));
    assert_eq!(reply.body().len(), 5000);
}

#[tokio::test]
async fn a_closed_sending_side_is_seen_by_the_peer() {
    let (mut connection, mut far) = pair();
    connection.send("bye").await;
    connection.half_close().await;
    let mut text = String::new();
    far.read_to_string(&mut text).await.unwrap();
    far.write_all(b"HTTP/1.1 200 OK\r\n\r\nstill here")
        .await
        .unwrap();
    drop(far);
    assert_eq!(connection.reply().await.text(), "still here");
    assert_eq!(text, "bye");
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "no whole answer within 100s, only \"HTTP/1.1 200 OK\\r\\n\"")]
async fn an_answer_that_does_not_end_fails_the_test() {
    let (mut connection, mut far) = pair();
    far.write_all(b"HTTP/1.1 200 OK\r\n").await.unwrap();
    connection.reply().await;
}
