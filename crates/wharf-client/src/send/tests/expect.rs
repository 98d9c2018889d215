//! What a request body waits for, and what is told of it while it is sent.

use super::*;

async fn ask(client: &Client) -> Result<Response, Error> {
    let request = client.put("/").expect_continue().body("cargo");
    request.send().await
}

#[tokio::test(start_paused = true)]
async fn the_body_follows_when_the_server_asks_for_it() {
    let (client, mut server) = pair();
    let start = Instant::now();
    let (response, _peer) = tokio::join!(ask(&client), async {
        let mut peer = server.accept().await;
        let head = peer.head().await;
        assert_eq!(field(&head, "expect"), Some("100-continue"));
        sleep(Duration::from_millis(500)).await;
        assert!(peer.is_silent());
        peer.write("HTTP/1.1 100 Continue\r\n\r\n").await;
        assert_eq!(peer.read(5).await, "cargo");
        peer.write(OK).await;
        peer
    });
    assert_eq!(response.unwrap().text().await.unwrap(), "hi");
    assert_eq!(start.elapsed().as_millis(), 500);
    sleep(Duration::from_millis(1)).await;
    assert_eq!(client.stats().idle(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_body_is_not_sent_when_the_server_answers_at_once() {
    let (client, mut server) = pair();
    let refusal = "HTTP/1.1 413 Content Too Large\r\ncontent-length: 2\r\n\r\nno";
    let (response, mut peer) = tokio::join!(ask(&client), async {
        let mut peer = server.accept().await;
        peer.answer(refusal).await;
        peer
    });
    let mut response = response.unwrap();
    assert_eq!(response.status(), 413);
    assert_eq!(response.text().await.unwrap(), "no");
    assert!(peer.closed().await, "without a byte of the body");
    assert_eq!(client.stats().idle(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_body_follows_after_a_second_when_nobody_answers() {
    let (client, mut server) = pair();
    let start = Instant::now();
    let (response, ()) = tokio::join!(ask(&client), async {
        let mut peer = server.accept().await;
        peer.head().await;
        assert_eq!(peer.read(5).await, "cargo");
        assert_eq!(start.elapsed().as_secs(), 1);
        peer.write(OK).await;
    });
    assert_eq!(response.unwrap().text().await.unwrap(), "hi");
}

#[tokio::test(start_paused = true)]
async fn other_interim_responses_do_not_ask_for_the_body() {
    let (client, mut server) = pair();
    let start = Instant::now();
    let (response, ()) = tokio::join!(ask(&client), async {
        let mut peer = server.accept().await;
        peer.answer("HTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\n")
            .await;
        peer.read(5).await;
        assert_eq!(start.elapsed().as_secs(), 1);
        peer.write(OK).await;
    });
    assert!(response.is_ok());
}

#[tokio::test]
async fn a_request_without_a_body_expects_nothing() {
    let (client, mut server) = pair();
    let (response, head) = tokio::join!(client.get("/").expect_continue().send(), async {
        server.accept().await.answer(OK).await
    });
    assert!(response.is_ok());
    assert_eq!(field(&head, "expect"), None); // RFC 9110 §10.1.1
}

/// Sends `body` to a peer that takes 64 KiB a second; returns what was told, with the second that it was told in.
async fn progress(body: impl Into<Body>, read: usize) -> Vec<(u64, u64)> {
    let (client, mut server) = pair();
    let told = Arc::new(Mutex::new(Vec::new()));
    let start = Instant::now();
    let request = client.put("/").body(body).upload_progress({
        let told = Arc::clone(&told);
        move |bytes| {
            told.lock()
                .unwrap()
                .push((start.elapsed().as_secs(), bytes));
        }
    });
    let (response, ()) = tokio::join!(request.send(), async {
        let mut peer = server.accept().await;
        peer.head().await;
        let mut left = read;
        while left > 0 {
            sleep(seconds(1)).await;
            let count = left.min(64 * 1024);
            peer.read(count).await;
            left -= count;
        }
        peer.write(OK).await;
    });
    response.unwrap();
    std::mem::take(&mut told.lock().unwrap())
}

#[tokio::test(start_paused = true)]
async fn progress_is_what_the_connection_has_accepted() {
    let total = 640 * 1024;
    let told = progress(vec![b'x'; total], total).await;
    assert!(told.is_sorted());
    assert_eq!(told.last().unwrap().1, total as u64);
    for (second, bytes) in told {
        // The pipe holds 64 KiB, and what the peer has read is beyond doubt.
        let most = (second + 1) * 64 * 1024;
        assert!(bytes <= most, "{bytes} in second {second}");
    }
}

#[tokio::test(start_paused = true)]
async fn progress_of_a_body_in_chunks_leaves_out_their_framing() {
    let (mut sender, body) = Body::channel(1);
    let sending = async move {
        for _ in 0..3 {
            sender.send(vec![b'x'; 1000]).await.unwrap();
        }
    };
    let framing = 3 * "3e8\r\n\r\n".len() + "0\r\n\r\n".len();
    let (told, ()) = tokio::join!(progress(body, 3000 + framing), sending);
    assert_eq!(told.last().unwrap().1, 3000);
    assert!(told.is_sorted());
}

#[tokio::test(start_paused = true)]
async fn progress_starts_anew_when_the_request_is_repeated() {
    let (client, mut server) = pair();
    let (first, mut peer) = get(&client, &mut server, OK).await;
    first.unwrap().text().await.unwrap();
    let told = Arc::new(Mutex::new(Vec::new()));
    let request = client.put("/").body("cargo").upload_progress({
        let told = Arc::clone(&told);
        move |bytes| told.lock().unwrap().push(bytes)
    });
    let (response, ()) = tokio::join!(request.send(), async {
        peer.head().await;
        drop(peer);
        let mut peer = server.accept().await;
        peer.head().await;
        peer.read(5).await;
        peer.write(OK).await;
    });
    response.unwrap();
    assert_eq!(*told.lock().unwrap(), [5, 5]);
}
