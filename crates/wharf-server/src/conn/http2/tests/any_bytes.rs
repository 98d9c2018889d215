//! Any bytes after the preface: the connection neither panics nor hangs.

use proptest::collection::vec;
use proptest::prelude::*;
use tokio::time::timeout;

use super::*;

/// Serves `pieces` on paused time until the connection has ended.
fn serve(pieces: &[Vec<u8>], close: bool, size: usize) -> ConnectionEnd {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let client = pipe(config(echo), &Signals::default(), size, Protocol::Http2);
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
        timeout(hour, exchange)
            .await
            .expect("the connection ends")
            .1
            .unwrap();
        let end = timeout(hour, client.serving).await.expect("the task ends");
        end.expect("the connection does not panic")
    })
}

/// A frame, right or wrong.
fn any_frame() -> impl Strategy<Value = Vec<u8>> {
    let payload = prop_oneof![
        Just(head("GET", "/")),
        Just(head("POST", "/")),
        Just(vec![0; 4]),
        Just(vec![0; 8]),
        vec(any::<u8>(), 0..40),
    ];
    (0..11_u8, any::<u8>(), 0..8_u32, payload)
        .prop_map(|(kind, flags, stream, payload)| frame(kind, flags, stream, payload))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_the_connection_panic_or_hang(
        mut pieces in vec(vec(any::<u8>(), 0..80), 0..6),
        close: bool,
    ) {
        pieces.insert(0, PREFACE.to_vec());
        prop_assert_ne!(serve(&pieces, close, 1 << 16), ConnectionEnd::Failed);
    }

    #[test]
    fn no_frames_make_the_connection_panic_or_hang(
        frames in vec(any_frame(), 0..12),
        close: bool,
        size in 1_usize..300,
    ) {
        let mut pieces = vec![PREFACE.to_vec(), frame(SETTINGS, 0, 0, [])];
        pieces.extend(frames);
        prop_assert_ne!(serve(&pieces, close, size), ConnectionEnd::Failed);
    }
}
