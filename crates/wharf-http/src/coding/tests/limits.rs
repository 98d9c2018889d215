use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::*;
use crate::body::ErrorKind;

/// A body of zeros in pieces of 64 KiB, which counts the bytes that were asked for.
struct Zeros {
    left: u64,
    read: Arc<AtomicU64>,
}

impl Stream for Zeros {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        static ZEROS: [u8; 65536] = [0; 65536];
        if self.left == 0 {
            return Poll::Ready(None);
        }
        self.left = self.left.saturating_sub(65536);
        self.read.fetch_add(65536, Ordering::Relaxed);
        Poll::Ready(Some(Ok(Bytes::from_static(&ZEROS))))
    }
}

#[test]
fn a_bomb_is_an_error_that_names_the_limit_and_is_hardly_read() {
    let bomb = |coding| {
        let read = Arc::new(AtomicU64::new(0));
        let zeros = Zeros {
            left: 1 << 30,
            read: Arc::clone(&read),
        };
        (
            // Flushed, so that the encoder keeps none of it.
            Encoder::new(coding)
                .flush(true)
                .encode(Body::from_stream(zeros)),
            move || read.load(Ordering::Relaxed),
        )
    };
    // The limit, and the piece in which it is met.
    const MOST: u64 = (1 << 20) + 2 * 65536;
    for &coding in Coding::available() {
        let (body, read) = bomb(coding);
        let error = now(decoded(body, coding.name()).bytes(1 << 20)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge { limit: 1 << 20 });
        assert!(read() <= MOST, "{coding:?}: {}", read());

        let (body, read) = bomb(coding);
        let limits = Limits::new().decoded(1_000_000);
        let error = whole(decoded_within(body, coding.name(), limits)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge { limit: 1_000_000 });
        assert!(read() <= MOST, "{coding:?}: {}", read());

        let (body, read) = bomb(coding);
        let limits = Limits::new().ratio(100);
        let mut body = decoded_within(body, coding.name(), limits);
        let error = whole(std::mem::take(&mut body)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooDense { limit: 100 });
        assert_eq!(
            error.to_string(),
            "the body decodes to more than 100 times its size"
        );
        assert!(read() <= MOST, "{coding:?}: {}", read());
    }
}

#[test]
fn limits_let_through_what_is_within_them() {
    for &coding in Coding::available() {
        let limits = Limits::new().decoded(3_000_000).ratio(20);
        // Dense, but of less than a MiB.
        let zeros = encoded(coding, &[0; 1 << 20]);
        let body = decoded_within(zeros.into(), coding.name(), limits);
        assert_eq!(whole(body).unwrap().len(), 1 << 20);
        // Of more than a MiB, but not dense.
        let data = text(3_000_000);
        let body = decoded_within(encoded(coding, &data).into(), coding.name(), limits);
        assert_eq!(whole(body).unwrap(), data);
    }
}

#[test]
fn the_ratio_counts_all_codings_as_one() {
    for &coding in Coding::available() {
        let twice = encoded(coding, &encoded(coding, &vec![0; 8 << 20]));
        let ratio = u32::try_from((8 << 20) / twice.len()).unwrap();
        let codings = format!("{0}, {0}", coding.name());
        let read = |ratio| {
            let limits = Limits::new().ratio(ratio);
            whole(decoded_within(twice.clone().into(), &codings, limits)).map(|all| all.len())
        };
        assert_eq!(read(ratio + 1).unwrap(), 8 << 20);
        let limit = ratio / 8;
        let error = read(limit).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooDense { limit });
    }
}
