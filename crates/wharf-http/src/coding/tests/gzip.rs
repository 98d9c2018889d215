use super::*;
use crate::body::{Error, ErrorKind};

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
