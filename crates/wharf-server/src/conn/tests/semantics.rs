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
