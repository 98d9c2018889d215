use super::*;
use crate::body::ErrorKind;

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
