use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use futures_core::Stream;
use http::header::{CONTENT_ENCODING, ETAG, HeaderMap, HeaderValue};

use super::*;
use crate::Body;
use crate::body::{Error, ErrorKind};

#[cfg(feature = "brotli")]
mod brotli;
#[cfg(feature = "gzip")]
mod gzip;
mod limits;
mod properties;
#[cfg(feature = "zstd")]
mod zstd;

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
