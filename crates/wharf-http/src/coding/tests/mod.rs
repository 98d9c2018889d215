use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use futures_core::Stream;
use http::header::{CONTENT_ENCODING, ETAG, HeaderMap, HeaderValue};
use proptest::prelude::*;

use super::*;
use crate::Body;
use crate::body::{Error, ErrorKind};

/// A body of pieces, each given by itself.
struct Pieces(std::vec::IntoIter<Bytes>);

impl Stream for Pieces {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.next().map(Ok))
    }
}

fn pieces(pieces: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Body {
    let pieces = pieces.into_iter();
    let pieces: Vec<_> = pieces
        .map(|piece| Bytes::copy_from_slice(piece.as_ref()))
        .collect();
    Body::from_stream(Pieces(pieces.into_iter()))
}

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

fn encoding(lines: &[&str]) -> HeaderMap {
    let lines = lines.iter();
    lines
        .map(|line| (CONTENT_ENCODING, HeaderValue::from_str(line).unwrap()))
        .collect()
}

fn decoded_within(mut body: Body, codings: &str, limits: Limits) -> Body {
    decode(&mut body, &encoding(&[codings]), limits).unwrap();
    body
}

fn decoded(body: Body, codings: &str) -> Body {
    decoded_within(body, codings, Limits::new())
}

/// Runs what waits for nothing.
fn now<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut cx = Context::from_waker(Waker::noop());
    for _ in 0..100_000 {
        if let Poll::Ready(value) = future.as_mut().poll(&mut cx) {
            return value;
        }
    }
    panic!("it waits for ever")
}

fn whole(mut body: Body) -> Result<Bytes, Error> {
    now(body.bytes(None))
}

fn encoded(coding: Coding, data: &[u8]) -> Bytes {
    whole(Encoder::new(coding).encode(Body::from(data.to_vec()))).unwrap()
}

/// Text of all kinds of density.
fn text(length: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let numbers = (0..length).map(|at| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        match at / 1000 % 3 {
            0 => b'a',
            1 => b'a' + (state >> 30) as u8,
            _ => (state >> 24) as u8,
        }
    });
    numbers.collect()
}

#[test]
fn what_is_accepted_is_what_is_compiled_in() {
    let names: Vec<_> = Coding::available().iter().map(|one| one.name()).collect();
    assert_eq!(accepted(), names.join(", "));
    for name in names {
        assert_eq!(Coding::named(&name.to_uppercase()).unwrap().name(), name);
    }
}

#[test]
fn a_body_comes_back_at_every_level() {
    let data = text(30_000);
    for &coding in Coding::available() {
        let plain = whole(Encoder::new(coding).encode(Body::from(data.clone()))).unwrap();
        assert!(plain.len() < data.len(), "{coding:?}");
        for level in [0, 1, 9, 11, 19, 22, u32::MAX] {
            let encoder = Encoder::new(coding).level(level);
            let body = encoder.encode(Body::from(data.clone()));
            assert_eq!(body.len(), None);
            let body = decoded(body, coding.name());
            assert_eq!(body.len(), None);
            assert_eq!(whole(body).unwrap(), data, "{coding:?} at {level}");
        }
    }
}

#[test]
fn every_piece_is_small() {
    for &coding in Coding::available() {
        let zeros = Encoder::new(coding).encode(Body::from(vec![0; 1 << 20]));
        let mut body = decoded(zeros, coding.name());
        let mut length = 0;
        while let Some(piece) = now(body.chunk()) {
            let piece = piece.unwrap();
            assert!(piece.len() <= 16 * 1024, "{coding:?}: {}", piece.len());
            length += piece.len();
        }
        assert_eq!(length, 1 << 20);
    }
}

#[test]
fn data_that_is_cut_anywhere_is_malformed() {
    for &coding in Coding::available() {
        let data = encoded(coding, &text(3000));
        for length in 1..data.len() {
            let cut = pieces([&data[..length]]);
            let error = whole(decoded(cut, coding.name())).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Malformed, "{coding:?} at {length}");
        }
        let error = whole(decoded(pieces([&data[..20]]), coding.name())).unwrap_err();
        assert_eq!(
            format!("{error:#}"),
            format!(
                "the body is malformed: not valid {} data: it ends early",
                coding.name()
            )
        );
    }
}

#[test]
fn data_of_another_coding_is_malformed() {
    for &coding in Coding::available() {
        let body = decoded(Body::from("<!doctype html><p>not encoded"), coding.name());
        let error = whole(body).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Malformed, "{coding:?}");
        let text = format!("{error:#}");
        let start = format!("the body is malformed: not valid {} data: ", coding.name());
        assert!(
            text.starts_with(&start) && text.len() > start.len() + 5,
            "{text}"
        );
    }
}

#[test]
fn an_empty_body_is_empty_whatever_its_coding() {
    for &coding in Coding::available() {
        let headers = encoding(&[coding.name()]);
        let mut known = Body::empty();
        assert_eq!(decode(&mut known, &headers, Limits::new()), Ok(false));
        let unknown = decoded(pieces([""]), coding.name());
        assert_eq!(whole(unknown).unwrap(), "");
        // And one that is encoded is a valid one, which other readers want.
        let nothing = encoded(coding, b"");
        assert!(!nothing.is_empty());
        assert_eq!(whole(decoded(nothing.into(), coding.name())).unwrap(), "");
    }
}

#[test]
fn trailers_go_through_both_directions() {
    let trailers = HeaderMap::from_iter([(ETAG, HeaderValue::from_static("\"a\""))]);
    for &coding in Coding::available() {
        let body = pieces(["da", "ta"]).with_trailers(trailers.clone());
        let mut body = decoded(Encoder::new(coding).encode(body), coding.name());
        let data = now(body.frame()).unwrap().unwrap();
        assert_eq!(data.into_data().unwrap(), "data");
        let last = now(body.frame()).unwrap().unwrap();
        assert_eq!(last.into_trailers().unwrap(), trailers);
        assert!(now(body.frame()).is_none());
    }
}

#[test]
fn an_error_of_the_body_below_keeps_its_kind() {
    for &coding in Coding::available() {
        let (mut sender, body) = Body::channel(2);
        now(sender.send(encoded(coding, b"data").slice(..5))).unwrap();
        now(sender.abort(Error::new(ErrorKind::TimedOut))).unwrap();
        let mut body = decoded(Encoder::new(coding).encode(body), coding.name());
        let error = now(body.bytes(None)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut, "{coding:?}");
    }
}

#[test]
fn a_flushed_piece_can_be_read_before_the_next_is_written() {
    for &coding in Coding::available() {
        let (mut sender, body) = Body::channel(1);
        let encoded = Encoder::new(coding).flush(true).encode(body);
        let mut body = decoded(encoded, coding.name());
        for event in ["data: one\n\n", "data: two\n\n", "data: three\n\n"] {
            now(sender.send(event)).unwrap();
            assert_eq!(now(body.chunk()).unwrap().unwrap(), event, "{coding:?}");
            let mut next = pin!(body.chunk());
            let mut cx = Context::from_waker(Waker::noop());
            assert!(next.as_mut().poll(&mut cx).is_pending());
        }
        drop(sender);
        assert!(now(body.chunk()).is_none());
    }
}

#[test]
fn a_body_that_can_be_made_anew_still_can() {
    for &coding in Coding::available() {
        let body = Encoder::new(coding).encode(Body::from("again"));
        let body = decoded(body, coding.name());
        let again = body.try_clone().unwrap();
        assert_eq!(whole(body).unwrap(), "again");
        assert_eq!(whole(again).unwrap(), "again");
        let once = Encoder::new(coding).encode(pieces(["once"]));
        assert!(once.try_clone().is_none());
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

#[test]
fn codings_are_undone_from_the_last_to_the_first() {
    let all = Coding::available();
    for &first in all {
        for &second in all {
            let twice = encoded(second, &encoded(first, b"twice"));
            let (first, second) = (first.name(), second.name().to_uppercase());
            for lines in [
                vec![format!("{first}, {second}")],
                vec![first.to_owned(), second.clone()],
                vec![
                    "identity".to_owned(),
                    format!(",{first} ,identity"),
                    format!("{second},"),
                ],
            ] {
                let lines: Vec<_> = lines.iter().map(String::as_str).collect();
                let mut body = Body::from(twice.clone());
                assert_eq!(
                    decode(&mut body, &encoding(&lines), Limits::new()),
                    Ok(true)
                );
                assert_eq!(whole(body).unwrap(), "twice", "{lines:?}");
            }
        }
    }
}

#[test]
fn what_cannot_be_undone_is_left_alone() {
    let known = Coding::available()[0].name();
    let rows = [
        (vec![], Ok(false)),
        (vec![""], Ok(false)),
        (vec!["identity, ,Identity"], Ok(false)),
        (vec!["compress"], Err(Some("compress"))),
        (vec![known, "sdch"], Err(Some("sdch"))),
        (vec!["sdch", known], Err(Some("sdch"))),
        (vec!["gzip;q=1"], Err(Some("gzip;q=1"))),
        (vec![known; 4], Err(None)),
    ];
    for (lines, expected) in rows {
        let mut body = Body::from("as it was");
        let result = decode(&mut body, &encoding(&lines), Limits::new());
        let unknown = result.as_ref().copied().map_err(BadEncoding::unknown);
        assert_eq!(unknown, expected, "{lines:?}");
        assert_eq!(body.as_bytes().unwrap(), "as it was");
    }
    let error = decode(&mut Body::from("x"), &encoding(&["sdch"]), Limits::new()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the content coding \"sdch\" is not supported"
    );
    let many = [known; 4].join(",");
    let error = decode(&mut Body::from("x"), &encoding(&[&many]), Limits::new()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the body has more than 3 content codings"
    );
}

#[cfg(feature = "gzip")]
mod gzip {
    use super::*;

    /// What other tools wrote, so that not only our own writing is read: `printf hello | gzip -n`, and its like.
    const GZIP: &[u8] =
        b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xcb\x48\xcd\xc9\xc9\x07\0\x86\xa6\x10\x36\x05\0\0\0";
    const ZLIB: &[u8] = b"\x78\x9c\xcb\x48\xcd\xc9\xc9\x07\0\x06\x2c\x02\x15";
    const BARE: &[u8] = b"\xcb\x48\xcd\xc9\xc9\x07\0";

    /// Decodes it as one piece, and byte by byte.
    fn read(coding: &str, data: &[u8]) -> Result<Bytes, Error> {
        let at_once = whole(decoded(pieces([data]), coding));
        let by_bytes = whole(decoded(pieces(data.chunks(1)), coding));
        match (&at_once, &by_bytes) {
            (Ok(one), Ok(other)) => assert_eq!(one, other),
            (Err(one), Err(other)) => assert_eq!(one.to_string(), other.to_string()),
            _ => panic!("{at_once:?} is not {by_bytes:?}"),
        }
        at_once
    }

    #[test]
    fn joined_members_are_one_body() {
        assert_eq!(read("x-gzip", GZIP).unwrap(), "hello");
        assert_eq!(
            read("gzip", &[GZIP, GZIP, GZIP].concat()).unwrap(),
            "hellohellohello"
        );
        // And empty ones, more than are decoded at a time.
        let empty = encoded(Coding::GZIP, b"").repeat(1000);
        assert_eq!(read("gzip", &[&empty, GZIP].concat()).unwrap(), "hello");
    }

    #[test]
    fn what_follows_the_last_member_is_passed_over() {
        for rest in [
            &b"\0\0\0\0"[..],
            b"garbage",
            b"\x1f",
            b"\x1f\x1f\x8b",
            b"\0\x1f\x8b",
        ] {
            assert_eq!(read("gzip", &[GZIP, rest].concat()).unwrap(), "hello");
        }
        // But what says that it is a member has to be one.
        for rest in [&b"\x1f\x8b"[..], b"\x1f\x8bgarbage", &GZIP[..10]] {
            let error = read("gzip", &[GZIP, rest].concat()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Malformed);
        }
    }

    #[test]
    fn a_wrong_checksum_is_malformed() {
        for (coding, data, sums) in [("gzip", GZIP, 8), ("deflate", ZLIB, 4)] {
            for from_end in 1..=sums {
                let mut data = data.to_vec();
                let at = data.len() - from_end;
                data[at] ^= 1;
                let error = read(coding, &data).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Malformed);
            }
        }
    }

    #[test]
    fn deflate_is_read_with_and_without_its_header() {
        for data in [ZLIB, BARE] {
            assert_eq!(read("deflate", data).unwrap(), "hello");
            assert_eq!(read("deflate", &[data, b"rest"].concat()).unwrap(), "hello");
        }
        assert_eq!(read("deflate", b"\x03\0").unwrap(), "", "an empty block");
        let error = read("deflate", b"\x78").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Malformed);
        let error = read("deflate", b"\x78\xbb\0\0\0\0\0").unwrap_err();
        assert_eq!(
            format!("{error:#}"),
            "the body is malformed: not valid deflate data: it needs a dictionary"
        );
        assert_eq!(
            encoded(Coding::DEFLATE, b"hello")[..2],
            ZLIB[..2],
            "with it"
        );
    }
}

#[cfg(feature = "zstd")]
mod zstandard {
    use super::*;

    #[test]
    fn all_frames_are_one_body_and_those_to_skip_are_skipped() {
        let frame = encoded(Coding::ZSTD, b"hello");
        let skipped = b"\x50\x2a\x4d\x18\x03\0\0\0abc";
        let body = pieces([&frame[..], skipped, &frame, skipped].concat().chunks(1));
        assert_eq!(whole(decoded(body, "zstd")).unwrap(), "hellohello");
        // They may be all there is.
        let body = pieces([skipped.repeat(500)]);
        assert_eq!(whole(decoded(body, "zstd")).unwrap(), "");
    }

    #[test]
    fn what_follows_a_frame_and_is_none_is_malformed() {
        let body = [&encoded(Coding::ZSTD, b"hello")[..], b"garbage"].concat();
        let error = whole(decoded(body.into(), "zstd")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Malformed);
    }

    #[test]
    fn a_window_over_8_mib_is_malformed() {
        // A frame header with a window descriptor (RFC 8878 §3.1.1.1.2), then one raw block of one byte, the last.
        let frame = |exponent: u8| {
            let window = (exponent - 10) << 3;
            Body::from(vec![0x28, 0xb5, 0x2f, 0xfd, 0, window, 9, 0, 0, b'x'])
        };
        assert_eq!(whole(decoded(frame(23), "zstd")).unwrap(), "x");
        let error = whole(decoded(frame(24), "zstd")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Malformed);
        // And the highest level stays below it.
        let data = Encoder::new(Coding::ZSTD).level(u32::MAX);
        let data = whole(data.encode(pieces(["x"; 9]))).unwrap();
        assert_eq!(data[5] >> 3, 23 - 10, "{data:?}");
    }
}

#[cfg(feature = "brotli")]
mod br {
    use super::*;

    #[test]
    fn what_follows_the_stream_is_passed_over() {
        let data = encoded(Coding::BROTLI, b"hello");
        let body = pieces([&data[..], b"rest"].concat().chunks(1));
        assert_eq!(whole(decoded(body, "br")).unwrap(), "hello");
    }

    #[test]
    fn a_window_over_16_mib_is_malformed() {
        // The marker of the extension for large windows, which RFC 7932 §9.1 has as an invalid window.
        let error = whole(decoded(Body::from(&[0x11, 0x1e, 0, 0, 0][..]), "br")).unwrap_err();
        assert_eq!(
            format!("{error:#}"),
            "the body is malformed: not valid br data: it is corrupt"
        );
    }
}

/// Data that is random, and data that is made of few pieces.
fn data() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..40_000),
        (prop::collection::vec(any::<u8>(), 0..300), 0..1000_usize)
            .prop_map(|(piece, times)| piece.repeat(times)),
    ]
}

fn coding() -> impl Strategy<Value = Coding> {
    prop::sample::select(Coding::available())
}

/// Cuts data into pieces of the given lengths, over and over.
fn cut(data: &[u8], lengths: &[usize]) -> Body {
    let mut rest = data;
    let mut lengths = lengths.iter().cycle();
    pieces(std::iter::from_fn(|| {
        let length = rest.len().min(*lengths.next()?);
        let piece = rest.split_off(..length)?;
        (!piece.is_empty()).then_some(piece)
    }))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn what_was_encoded_is_decoded_however_it_is_cut(
        data in data(),
        coding in coding(),
        level in 0..8_u32,
        flush: bool,
        lengths in prop::collection::vec(1..20_000_usize, 1..5),
        wire_lengths in prop::collection::vec(1..500_usize, 1..5),
    ) {
        let encoder = Encoder::new(coding).level(level).flush(flush);
        let wire = whole(encoder.encode(cut(&data, &lengths))).unwrap();
        let body = decoded(cut(&wire, &wire_lengths), coding.name());
        prop_assert_eq!(whole(body).unwrap(), data);
    }

    #[test]
    fn no_bytes_make_it_panic_or_give_more_than_the_limit(
        coding in coding(),
        data in data(),
        random in prop::collection::vec(any::<u8>(), 0..300),
        flips in prop::collection::vec(any::<(prop::sample::Index, u8)>(), 0..4),
        limit in 0..20_000_u64,
    ) {
        let mut wire = encoded(coding, &data).to_vec();
        for (at, bits) in flips {
            *at.get_mut(&mut wire) ^= bits;
        }
        wire.extend(&random);
        for wire in [wire, random] {
            let limits = Limits::new().decoded(limit).ratio(1000);
            let mut body = decoded_within(pieces(wire.chunks(100)), coding.name(), limits);
            let mut given = 0;
            while let Some(Ok(piece)) = now(body.chunk()) {
                given += piece.len() as u64;
            }
            prop_assert!(given <= limit, "{given}");
        }
    }
}
