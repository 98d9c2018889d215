//! Limits on a call as a whole: `total`, the deadline of the request that it belongs to, and signals.

use wharf_http::Connection;

use super::*;

fn total(limit: Duration) -> Timeouts {
    Timeouts::new().total(limit)
}

#[tokio::test(start_paused = true)]
async fn the_total_limits_the_wait_for_the_head() {
    let (client, mut server) = pair();
    let start = Instant::now();
    let request = client.get("/").timeouts(total(seconds(3)));
    let (response, mut peer) = tokio::join!(request.send(), server.accept());
    let error = response.unwrap_err();
    assert_eq!(error.phase(), Some(Phase::Total));
    assert_eq!(
        error.to_string(),
        "timed out after 3s while completing the request"
    );
    assert_eq!(start.elapsed().as_secs(), 3);
    peer.head().await;
    assert!(peer.closed().await);
}

#[tokio::test(start_paused = true)]
async fn the_total_limits_the_body_however_steadily_it_comes() {
    let (client, server) = pair();
    answering(server, |_| {
        "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n".to_owned()
    });
    let start = Instant::now();
    let request = client.get("/").timeouts(total(seconds(3)));
    let mut response = request.send().await.unwrap();
    sleep(seconds(1)).await;
    let error = response.bytes().await.unwrap_err();
    assert_eq!(error.phase(), Some(Phase::Total));
    assert_eq!(start.elapsed().as_secs(), 3);
}

#[tokio::test(start_paused = true)]
async fn the_total_holds_across_redirects() {
    let (client, mut server) = pair();
    let start = Instant::now();
    let request = client.get("/").timeouts(total(seconds(10)));
    let (response, ()) = tokio::join!(request.send(), async {
        let mut peer = server.accept().await;
        for _ in 0..3 {
            peer.head().await;
            sleep(seconds(4)).await;
            let answer = "HTTP/1.1 302 Found\r\nlocation: /\r\ncontent-length: 0\r\n\r\n";
            let _too_late = peer.try_write(answer).await;
        }
    });
    assert_eq!(response.unwrap_err().phase(), Some(Phase::Total));
    assert_eq!(start.elapsed().as_secs(), 12); // where the server learns of it
}

#[tokio::test(start_paused = true)]
async fn the_total_of_an_origin_holds_there() {
    let config = crate::client::OriginConfig::new().timeouts(total(seconds(2)));
    let (client, mut server) = pair_with(|builder| builder.origin("http://other.test", config));
    let start = Instant::now();
    let (response, _peer) = tokio::join!(client.get("http://other.test/").send(), server.accept());
    assert_eq!(response.unwrap_err().phase(), Some(Phase::Total));
    assert_eq!(start.elapsed().as_secs(), 2);
}

/// What a handler knows of a request that has so much time left.
fn context(left: Duration) -> Context {
    let context = Context::new(Connection::memory());
    context.shorten_deadline(Instant::now() + left);
    context
}

#[tokio::test(start_paused = true)]
async fn a_call_within_a_request_has_what_is_left_of_its_time() {
    let (client, mut server) = pair();
    let context = context(seconds(5));
    sleep(seconds(2)).await;
    let start = Instant::now();
    let request = client.get("/").within(&context).timeouts(total(seconds(4)));
    let (response, mut peer) = tokio::join!(request.send(), server.accept());
    let error = response.unwrap_err();
    assert_eq!(error.phase(), Some(Phase::Deadline));
    assert_eq!(
        error.to_string(),
        "timed out while completing a request within another one"
    );
    assert_eq!(start.elapsed().as_secs(), 3);
    let trace = peer.head().await;
    let trace = field(&trace, "traceparent").unwrap();
    let id = format!("{:032x}", context.trace().trace_id());
    assert!(trace.contains(&id), "{trace}");
}

#[tokio::test(start_paused = true)]
async fn the_deadline_holds_for_the_body_too() {
    let (client, server) = pair();
    answering(server, |_| {
        "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n".to_owned()
    });
    let context = context(seconds(5));
    let mut response = client.get("/").within(&context).send().await.unwrap();
    let error = response.bytes().await.unwrap_err();
    assert_eq!(error.phase(), Some(Phase::Deadline));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_when_no_time_is_left() {
    let (client, server) = pair();
    let requests = answering(server, |_| OK.to_owned());
    client.get("/").send().await.unwrap().text().await.unwrap();
    requests.take();
    let context = context(seconds(1));
    sleep(seconds(2)).await;
    let error = client.get("/").within(&context).send().await.unwrap_err();
    assert_eq!(error.phase(), Some(Phase::Deadline));
    sleep(seconds(1)).await;
    assert_eq!(requests.take(), [""; 0]);
    assert_eq!(client.stats().idle(), 1, "nor is a connection lost");
}

#[tokio::test(start_paused = true)]
async fn a_signal_ends_the_wait_for_the_head() {
    let (client, mut server) = pair();
    let signal = Signal::new();
    let start = Instant::now();
    let (response, mut peer, ()) = tokio::join!(
        client.get("/").cancel_on(&signal).send(),
        server.accept(),
        async {
            sleep(seconds(2)).await;
            signal.fire();
        }
    );
    assert_eq!(response.unwrap_err().kind(), ErrorKind::Cancelled);
    assert_eq!(start.elapsed().as_secs(), 2);
    peer.head().await;
    assert!(peer.closed().await);
}

#[tokio::test(start_paused = true)]
async fn a_short_body_that_comes_late_and_whole_is_not_too_slow() {
    let (client, mut server) = pair();
    let bytes = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n";
    let (response, mut peer) = get(&client, &mut server, bytes).await;
    let mut response = response.unwrap();
    let (text, ()) = tokio::join!(response.text(), async {
        sleep(seconds(25)).await;
        peer.write("late").await;
    });
    assert_eq!(text.unwrap(), "late");
}
