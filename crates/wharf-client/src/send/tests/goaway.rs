//! Requests that a peer did not begin with when it said that it takes no more (RFC 9113 §6.8).

use tokio::task::JoinSet;

use super::*;
use crate::config::Http2Config;

const SETTINGS: [u8; 9] = [0, 0, 0, 4, 0, 0, 0, 0, 0];
/// The last stream is 1, and there is no error.
const GOAWAY: [u8; 17] = [0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0];
/// `:status: 200` on stream 1, and the end.
const ANSWER: [u8; 10] = [0, 0, 1, 1, 5, 0, 0, 0, 1, 0x88];

/// Answers the first request of a connection when `wanted` have come, and goes on with none of the others.
async fn serve_one(mut peer: DuplexStream, wanted: usize) {
    peer.write_all(&SETTINGS).await.unwrap();
    let mut preface = [0; 24];
    peer.read_exact(&mut preface).await.unwrap();
    let mut requests = 0;
    while requests < wanted {
        let mut head = [0; 9];
        peer.read_exact(&mut head).await.unwrap();
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; length as usize];
        peer.read_exact(&mut payload).await.unwrap();
        requests += usize::from(head[3] == 1);
    }
    peer.write_all(&GOAWAY).await.unwrap();
    peer.write_all(&ANSWER).await.unwrap();
    let _until_the_client_closes = peer.read_to_end(&mut Vec::new()).await;
}

#[tokio::test]
async fn requests_that_were_refused_again_and_again_are_sent_until_they_are_served() {
    const REQUESTS: usize = 6;
    let (client, mut server) =
        pair_with(|builder| builder.http2(Http2Config::new().prior_knowledge(true)));
    let mut requests = JoinSet::new();
    for _ in 0..REQUESTS {
        // Not idempotent, so that only the peer's word allows it to be sent again.
        requests.spawn(client.post("/").body("cargo").send());
    }
    tokio::spawn(async move {
        for left in (1..=REQUESTS).rev() {
            tokio::spawn(serve_one(server.accept().await.0, left));
        }
    });
    for result in requests.join_all().await {
        assert_eq!(result.unwrap().status(), 200);
    }
}
