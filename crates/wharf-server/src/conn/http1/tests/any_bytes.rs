//! Any bytes in any pieces: the connection neither panics nor hangs, and answers whole requests the same way.

use proptest::collection::vec;
use proptest::prelude::*;
use tokio::time::timeout;

use super::*;

/// Serves `pieces` on paused time, and returns what came back and how it ended.
fn serve(pieces: &[Vec<u8>], close: bool, pipe: usize) -> (Vec<u8>, ConnectionEnd) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let client = Client::over(config(echo), Connection::memory(), pipe);
        let (mut reading, mut writing) = tokio::io::split(client.io);
        let send = async {
            for piece in pieces {
                if writing.write_all(piece).await.is_err() {
                    break;
                }
                tokio::task::yield_now().await;
            }
            if close {
                let _gone = writing.shutdown().await;
            }
        };
        let mut all = Vec::new();
        let exchange = async { tokio::join!(send, reading.read_to_end(&mut all)) };
        // No limit of the server is longer.
        let hour = Duration::from_secs(3600);
        let (_, read) = timeout(hour, exchange).await.expect("the connection ends");
        let _reset = read;
        let end = timeout(hour, client.serving).await.expect("the task ends");
        (all, end.expect("the connection does not panic"))
    })
}

/// Cuts `bytes` at the places that `cuts` says.
fn cut(bytes: &[u8], cuts: &[usize]) -> Vec<Vec<u8>> {
    let mut pieces = Vec::new();
    let mut rest = bytes;
    for &place in cuts {
        let (piece, after) = rest.split_at(place.min(rest.len()));
        pieces.push(piece.to_vec());
        rest = after;
    }
    pieces.push(rest.to_vec());
    pieces
}

/// Things that requests are made of, right and wrong.
const TOKENS: [&str; 24] = [
    "GET ",
    "POST ",
    "HEAD ",
    "OPTIONS ",
    "/ ",
    "* ",
    "http://a/ ",
    "HTTP/1.1\r\n",
    "HTTP/1.0\r\n",
    "HTTP/2.0\r\n",
    "Host: a\r\n",
    "Host: \r\n",
    "Content-Length: 5\r\n",
    "Content-Length: 0\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Expect: 100-continue\r\n",
    "Connection: close\r\n",
    "Upgrade: x\r\n",
    "\r\n",
    "hello",
    "5\r\nhello\r\n",
    "0\r\n\r\n",
    "\x16\x03\x01",
    "\0",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_the_connection_panic_or_hang(
        pieces in vec(vec(any::<u8>(), 0..80), 0..6),
        close: bool,
    ) {
        serve(&pieces, close, 1 << 16);
    }

    #[test]
    fn no_tokens_make_the_connection_panic_or_hang(
        tokens in vec(0..TOKENS.len(), 0..24),
        cuts in vec(0_usize..40, 0..6),
        close: bool,
        pipe in 1_usize..200,
    ) {
        let bytes: String = tokens.iter().map(|&token| TOKENS[token]).collect();
        let (_, end) = serve(&cut(bytes.as_bytes(), &cuts), close, pipe);
        prop_assert_ne!(end, ConnectionEnd::Failed);
    }

    #[test]
    fn whole_requests_are_answered_alike_however_they_arrive(
        requests in vec(0..4_usize, 1..20),
        cuts in vec(0_usize..200, 0..20),
        pipe in 1_usize..300,
    ) {
        let mut bytes = Vec::new();
        let mut bodies = Vec::new();
        for (number, kind) in requests.iter().enumerate() {
            let last = if number + 1 == requests.len() { "Connection: close\r\n" } else { "" };
            let (method, framed, body) = match kind {
                0 => ("GET", "\r\n", ""),
                1 => ("POST", "Content-Length: 5\r\n\r\nhello", "hello"),
                2 => ("POST", "Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", "hello"),
                _ => ("PUT", "Content-Length: 0\r\n\r\n", ""),
            };
            bytes.extend(format!("{method} /{number} HTTP/1.1\r\nHost: a\r\n{last}{framed}").bytes());
            bodies.push(format!("{method} /{number} {body}"));
        }
        let (answers, end) = serve(&cut(&bytes, &cuts), false, pipe);
        prop_assert_eq!(end, ConnectionEnd::Finished);
        let answers = masked(&answers);
        let mut rest = answers.as_str();
        for body in bodies {
            let (_, after) = rest.split_once("\r\n\r\n").expect("another answer");
            prop_assert!(after.starts_with(&body), "{} in {}", body, answers);
            rest = &after[body.len()..];
        }
        prop_assert_eq!(rest, "");
    }
}
