//! Responses that break the rules: which are read all the same, and what the others cost.

use super::*;
use crate::config::Http1Config;

#[tokio::test]
async fn heads_that_a_reader_can_get_over_are_read_unless_the_client_is_strict() {
    for (head, name) in [
        (
            "HTTP/1.1 200 OK\r\nx-a : b\r\ncontent-length: 2\r\n\r\nhi",
            "a space",
        ),
        (
            "HTTP/1.1 200 OK\r\nx-a: b\r\n c\r\ncontent-length: 2\r\n\r\nhi",
            "a folded line",
        ),
        (
            "HTTP/1.1 200 OK\r\nno field\r\ncontent-length: 2\r\n\r\nhi",
            "no field",
        ),
    ] {
        let (client, mut server) = pair();
        let (response, _peer) = get(&client, &mut server, head).await;
        assert_eq!(response.unwrap().text().await.unwrap(), "hi", "{name}");
        let strict = Http1Config::new().strict(true);
        let (client, mut server) = pair_with(|builder| builder.http1(strict));
        let (response, _peer) = get(&client, &mut server, head).await;
        assert_eq!(response.unwrap_err().kind(), ErrorKind::Malformed, "{name}");
    }
}

#[tokio::test]
async fn lines_that_end_without_a_carriage_return_are_read() {
    let (client, mut server) = pair();
    let head = "HTTP/1.1 200 OK\ncontent-length: 2\nx-a: b\n\nhi";
    let (response, _peer) = get(&client, &mut server, head).await;
    let mut response = response.unwrap();
    assert_eq!(response.headers()["x-a"], "b");
    assert_eq!(response.text().await.unwrap(), "hi");
}

#[tokio::test]
async fn lengths_that_contradict_each_other_are_refused() {
    let (client, mut server) = pair();
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nhi!";
    let (response, _peer) = get(&client, &mut server, head).await;
    assert_eq!(response.unwrap_err().kind(), ErrorKind::Malformed);
}

#[tokio::test]
async fn bytes_after_a_response_are_not_the_answer_to_the_next_request() {
    let stolen = "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nstolen";
    for together in [true, false] {
        let (client, mut server) = pair();
        let bytes = match together {
            true => format!("{OK}{stolen}"),
            false => OK.to_owned(),
        };
        let (first, mut peer) = get(&client, &mut server, &bytes).await;
        assert_eq!(first.unwrap().text().await.unwrap(), "hi");
        if !together {
            peer.write(stolen).await;
        }
        let (second, ()) = tokio::join!(client.post("/").send(), async {
            server.accept().await.answer(OK).await;
        });
        assert_eq!(second.unwrap().text().await.unwrap(), "hi");
        assert!(peer.closed().await);
    }
}

#[tokio::test(start_paused = true)]
async fn interim_responses_without_end_do_not_extend_the_wait_for_the_head() {
    let (client, mut server) = pair();
    let start = Instant::now();
    let (response, ()) = tokio::join!(client.get("/").send(), async {
        let mut peer = server.accept().await;
        peer.head().await;
        while peer
            .try_write("HTTP/1.1 103 Early Hints\r\n\r\n")
            .await
            .is_ok()
        {
            sleep(Duration::from_millis(100)).await;
        }
    });
    assert_eq!(response.unwrap_err().phase(), Some(Phase::ResponseHead));
    assert_eq!(start.elapsed().as_secs(), 30);
}

/// Lets a peer send `piece` without end after `start`, and returns how many bytes the client has taken before it gave up.
async fn flooded(start: &str, piece: &str) -> (Result<Response, Error>, usize) {
    let (client, mut server) = pair();
    let (response, taken) = tokio::join!(client.get("/").send(), async {
        let mut peer = server.accept().await;
        peer.answer(start).await;
        let mut taken = 0;
        while taken < 64 << 20 && peer.try_write(piece).await.is_ok() {
            taken += piece.len();
        }
        taken
    });
    (response, taken)
}

#[tokio::test]
async fn a_head_with_too_many_fields_is_refused() {
    let fields = "a: b\r\n".repeat(100_000);
    let head = "HTTP/1.1 200 OK\r\n";
    let (response, taken) = flooded(head, &fields).await;
    assert_eq!(response.unwrap_err().kind(), ErrorKind::Malformed);
    assert!(taken < 1 << 20);
}

#[tokio::test]
async fn a_head_without_end_is_refused() {
    for (start, piece) in [
        ("HTTP/1.1 200 OK\r\nx-endless: ", "x".repeat(8192)),
        ("HTTP/1.1 200 ", "O".repeat(8192)),
        ("HTTP/1.1 200 OK\r\n", "a: b\r\n".repeat(1000)),
    ] {
        let (response, taken) = flooded(start, &piece).await;
        assert_eq!(response.unwrap_err().kind(), ErrorKind::Malformed);
        assert!(taken <= 512 << 10, "{taken}");
    }
}

#[tokio::test]
async fn a_head_within_the_limits_that_were_set_is_read() {
    let config = Http1Config::new().max_headers(300).max_head(64 << 10);
    let (client, mut server) = pair_with(|builder| builder.http1(config));
    let fields = format!("a: {}\r\n", "b".repeat(100)).repeat(290);
    let head = format!("HTTP/1.1 200 OK\r\n{fields}content-length: 2\r\n\r\nhi");
    let (response, _peer) = get(&client, &mut server, &head).await;
    let response = response.unwrap();
    assert_eq!(response.headers().get_all("a").iter().count(), 290);
}

#[tokio::test]
async fn a_chunk_that_is_none_ends_the_body() {
    for chunk in [
        "-1\r\n",
        "0x2\r\nhi\r\n",
        "ffffffffffffffffff\r\n",
        "2\r\nhix\r\n",
    ] {
        let (client, mut server) = pair();
        let head = format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{chunk}");
        let (response, mut peer) = get(&client, &mut server, &head).await;
        let error = response.unwrap().bytes().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ResponseBody, "{chunk:?}");
        assert!(peer.closed().await);
    }
}
