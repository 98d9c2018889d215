//! The limits on time.

use super::*;

/// A connector that never gets anywhere.
struct BlackHole;

impl Connector for BlackHole {
    async fn connect(&self, _target: Target) -> Result<Stream, BoxError> {
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn connecting_is_limited_to_ten_seconds() {
    let client = Client::builder().connector(BlackHole).build().unwrap();
    let start = Instant::now();
    let error = client.get("http://quay.test/").send().await.unwrap_err();
    assert_eq!(start.elapsed().as_secs(), 10);
    assert!(error.is_connect() && error.is_timeout());
    assert_eq!(
        error.to_string(),
        "timed out after 10s while connecting (quay.test:80)"
    );
}

#[tokio::test(start_paused = true)]
async fn waiting_for_the_response_head_is_limited_to_thirty_seconds() {
    let (client, mut server) = pair();
    let start = Instant::now();
    let (response, mut peer) = get(&client, &mut server, "HTTP/1.1 200").await;
    assert_eq!(start.elapsed().as_secs(), 30);
    let error = response.unwrap_err();
    assert_eq!(error.phase(), Some(Phase::ResponseHead));
    let text = "timed out after 30s while waiting for the response head (quay.test:80)";
    assert_eq!(error.to_string(), text);
    assert!(peer.closed().await);
}

#[tokio::test(start_paused = true)]
async fn the_head_is_not_due_while_the_request_is_still_being_made() {
    let (client, mut server) = pair();
    let (mut sender, body) = Body::channel(1);
    let start = Instant::now();
    let (response, _peer, ()) = tokio::join!(
        client.put("/").body(body).send(),
        server.accept(),
        async move {
            for _ in 0..4 {
                sleep(Duration::from_secs(25)).await;
                sender.send("piece").await.unwrap();
            }
            sleep(Duration::from_secs(100)).await;
        }
    );
    assert_eq!(response.unwrap_err().phase(), Some(Phase::ResponseHead));
    assert_eq!(start.elapsed().as_secs(), 230);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_takes_no_byte_of_the_request_runs_into_the_limit() {
    let (client, mut server) = pair();
    let start = Instant::now();
    let (response, _peer) = tokio::join!(
        client.put("/").body(vec![0; 1 << 20]).send(),
        server.accept()
    );
    assert_eq!(response.unwrap_err().phase(), Some(Phase::ResponseHead));
    assert_eq!(start.elapsed().as_secs(), 30);
}

#[tokio::test(start_paused = true)]
async fn a_slow_upload_that_goes_on_is_not_cut() {
    let (client, mut server) = pair();
    let start = Instant::now();
    let (response, ()) = tokio::join!(client.put("/").body(vec![b'x'; 640 * 1024]).send(), async {
        let mut peer = server.accept().await;
        peer.head().await;
        for _ in 0..10 {
            sleep(Duration::from_secs(20)).await;
            peer.read(64 * 1024).await;
        }
        peer.write(OK).await;
    });
    assert_eq!(response.unwrap().text().await.unwrap(), "hi");
    assert_eq!(start.elapsed().as_secs(), 200);
}

#[tokio::test(start_paused = true)]
async fn a_pause_in_the_response_body_is_limited_to_thirty_seconds() {
    let (client, mut server) = pair();
    let piece = "x".repeat(8192);
    let bytes = format!("HTTP/1.1 200 OK\r\ncontent-length: 30000\r\n\r\n{piece}");
    let (response, mut peer) = get(&client, &mut server, &bytes).await;
    let mut response = response.unwrap();
    let start = Instant::now();
    let (error, ()) = tokio::join!(response.bytes(), async {
        sleep(Duration::from_secs(29)).await;
        peer.write(&piece).await;
    });
    let error = error.unwrap_err();
    assert_eq!(start.elapsed().as_secs(), 59);
    let text = "timed out after 30s while reading the response body (quay.test:80)";
    assert_eq!(format!("{error:#}"), text);
    assert!(peer.closed().await);
}

/// Sends `piece` as part of a response body every `gap` seconds, 100 times.
async fn download(gap: u64, piece: &str) -> Result<usize, Error> {
    let (client, mut server) = pair();
    let bytes = format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n",
        100 * piece.len()
    );
    let (response, mut peer) = get(&client, &mut server, &bytes).await;
    let mut response = response.unwrap();
    let piece = piece.to_owned();
    let sending = tokio::spawn(async move {
        for _ in 0..100 {
            sleep(Duration::from_secs(gap)).await;
            if peer.try_write(&piece).await.is_err() {
                return;
            }
        }
    });
    let result = response.bytes().await.map(|bytes| bytes.len());
    sending.await.unwrap();
    result
}

#[tokio::test(start_paused = true)]
async fn a_long_download_that_goes_on_is_not_cut() {
    assert_eq!(download(20, &"x".repeat(4800)).await.unwrap(), 480_000);
}

#[tokio::test(start_paused = true)]
async fn a_download_that_trickles_is_cut_after_the_grace() {
    let start = Instant::now();
    let error = download(1, "x").await.unwrap_err();
    assert_eq!(error.phase(), Some(Phase::MinRate));
    assert_eq!(start.elapsed().as_secs(), 12); // where the sender learns of it
    let text = "timed out while reading a response body that comes too slowly (quay.test:80)";
    assert_eq!(error.to_string(), text);
}

#[tokio::test(start_paused = true)]
async fn the_limits_of_a_request_replace_those_of_the_client() {
    let (client, mut server) = pair();
    let start = Instant::now();
    let limits = Timeouts::new().response_head(Duration::from_secs(3));
    let (response, _peer) = tokio::join!(client.get("/").timeouts(limits).send(), server.accept());
    assert_eq!(response.unwrap_err().phase(), Some(Phase::ResponseHead));
    assert_eq!(start.elapsed().as_secs(), 3);

    let limits = Timeouts::new().response_head(None);
    let request = client.get("/").timeouts(limits);
    let (response, ()) = tokio::join!(request.send(), async {
        let mut peer = server.accept().await;
        sleep(Duration::from_secs(3600)).await;
        peer.answer(OK).await;
    });
    assert_eq!(response.unwrap().status(), 200);
}

#[tokio::test(start_paused = true)]
async fn as_many_connections_are_opened_ahead_as_there_may_be() {
    let pool = PoolConfig::new().max_per_host(2);
    let (client, mut server) = pair_with(|builder| builder.pool(pool));
    let start = Instant::now();
    assert_eq!(client.warm_up("/", 5).await.unwrap(), 2);
    assert!(start.elapsed() < seconds(1));
    let _both = (server.accept().await, server.accept().await);
    assert!(server.is_quiet());
    assert_eq!(client.warm_up("/", 5).await.unwrap(), 2);
    assert!(server.is_quiet());
}
