//! [`Script`]: a reply as bytes, for what no server would send.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, StatusCode};

use super::Reply;
use super::reply::{Broken, Content, Then};

/// Bytes to write, with a wait before each piece, and what comes after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Script {
    pub(super) pieces: Vec<(Duration, Bytes)>,
    pub(super) then: Then,
}

impl Script {
    /// Writes down a reply that breaks the rules; `None` when it does not.
    pub(super) fn of(reply: &Reply) -> Option<Self> {
        let (framing, limit, then) = match reply.broken.as_ref()? {
            Broken::Raw(bytes, then) => {
                return Some(Self {
                    pieces: vec![(reply.delay, bytes.clone())],
                    then: *then,
                });
            }
            Broken::After(bytes, then) => (Framing::of(reply), *bytes, *then),
            Broken::Length(length) => (Framing::Length(*length), u64::MAX, Then::Close),
            Broken::Chunk(chunk) => (Framing::Chunks(Some(*chunk)), u64::MAX, Then::Close),
        };
        let mut pieces = vec![(reply.delay, head(reply, &framing))];
        let mut left = limit;
        for (number, (wait, mut piece)) in reply.pieces().into_iter().enumerate() {
            let length = piece.len();
            let sent = usize::try_from(left).unwrap_or(usize::MAX).min(length);
            left -= sent as u64;
            piece.truncate(sent);
            pieces.push((wait, framing.frame(number, piece, length)));
            if sent < length {
                break;
            }
        }
        // A reply that is to break off does so: its last chunk, which would be its end, is missing.
        Some(Self { pieces, then })
    }
}

/// How the end of a body is told (RFC 9112 §6).
enum Framing {
    Length(u64),
    /// Chunks, of which one may be corrupted.
    Chunks(Option<usize>),
}

impl Framing {
    fn of(reply: &Reply) -> Self {
        match &reply.content {
            Content::Whole(bytes) => Self::Length(bytes.len() as u64),
            Content::Pieces(_) => Self::Chunks(None),
        }
    }

    /// Frames what is sent of a piece that has `length` bytes in whole.
    fn frame(&self, number: usize, piece: Bytes, length: usize) -> Bytes {
        let Self::Chunks(corrupted) = self else {
            return piece;
        };
        let size = match *corrupted {
            Some(corrupted) if corrupted == number => "zz".to_owned(),
            _ => format!("{length:x}"),
        };
        let mut framed = format!("{size}\r\n").into_bytes();
        framed.extend_from_slice(&piece);
        if piece.len() == length {
            framed.extend_from_slice(b"\r\n");
        }
        framed.into()
    }
}

fn head(reply: &Reply, framing: &Framing) -> Bytes {
    let mut bytes = status_line(reply.status);
    for (name, value) in &reply.headers {
        if name != CONTENT_LENGTH && name != TRANSFER_ENCODING {
            field(name.as_str(), value.as_bytes(), &mut bytes);
        }
    }
    match framing {
        Framing::Length(length) => {
            let length = length.to_string();
            field("content-length", length.as_bytes(), &mut bytes);
        }
        Framing::Chunks(_) => field("transfer-encoding", b"chunked", &mut bytes),
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.into()
}

/// Writes an interim response (RFC 9110 §15.2).
pub(super) fn interim(status: StatusCode, headers: &HeaderMap) -> Vec<u8> {
    let mut bytes = status_line(status);
    for (name, value) in headers {
        field(name.as_str(), value.as_bytes(), &mut bytes);
    }
    bytes.extend_from_slice(b"\r\n");
    bytes
}

fn status_line(status: StatusCode) -> Vec<u8> {
    let reason = status.canonical_reason().unwrap_or_default();
    format!("HTTP/1.1 {} {reason}\r\n", status.as_str()).into_bytes()
}

fn field(name: &str, value: &[u8], bytes: &mut Vec<u8>) {
    bytes.extend_from_slice(name.as_bytes());
    bytes.extend_from_slice(b": ");
    bytes.extend_from_slice(value);
    bytes.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(reply: &Reply) -> (String, Then) {
        let script = Script::of(reply).unwrap();
        let bytes = script.pieces.iter().flat_map(|(_, piece)| piece.iter());
        let bytes = bytes.copied().collect();
        (String::from_utf8(bytes).unwrap(), script.then)
    }

    #[test]
    fn a_reply_that_breaks_off_tells_its_whole_length() {
        let reply = Reply::new(200).header("x-a", "b").body("hello");
        let head = "HTTP/1.1 200 OK\r\nx-a: b\r\ncontent-length: 5\r\n\r\n";
        for (reply, body, then) in [
            (reply.clone().cut_after(2), "he", Then::Close),
            (reply.clone().reset_after(0), "", Then::Reset),
            (reply.clone().stall_after(9), "hello", Then::Stall),
        ] {
            assert_eq!(written(&reply), (format!("{head}{body}"), then));
        }
        assert_eq!(Script::of(&reply), None);
    }

    #[test]
    fn a_stream_that_breaks_off_lacks_its_last_chunk() {
        let stream = Reply::new(200)
            .piece(Duration::ZERO, "hello")
            .piece(Duration::ZERO, ", wharf");
        let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        for (reply, body) in [
            (stream.clone().cut_after(7), "5\r\nhello\r\n7\r\n, "),
            (stream.clone().cut_after(5), "5\r\nhello\r\n7\r\n"),
            (stream.corrupt_chunk(1), "5\r\nhello\r\nzz\r\n, wharf\r\n"),
        ] {
            assert_eq!(written(&reply), (format!("{head}{body}"), Then::Close));
        }
    }

    #[test]
    fn a_wrong_length_is_told_in_place_of_the_right_one() {
        let reply = Reply::new(404)
            .header("content-length", "5")
            .body("hello")
            .wrong_length(7);
        let text = "HTTP/1.1 404 Not Found\r\ncontent-length: 7\r\n\r\nhello";
        assert_eq!(written(&reply), (text.to_owned(), Then::Close));
    }

    #[test]
    fn bytes_and_interim_responses_are_as_they_are_given() {
        assert_eq!(
            written(&Reply::raw("SSH-2.0-x\r\n")),
            ("SSH-2.0-x\r\n".to_owned(), Then::Close)
        );
        assert_eq!(written(&Reply::reset()), (String::new(), Then::Reset));
        let mut headers = HeaderMap::new();
        headers.append("link", "</a.css>".parse().unwrap());
        let hints = interim(StatusCode::EARLY_HINTS, &headers);
        assert_eq!(hints, b"HTTP/1.1 103 Early Hints\r\nlink: </a.css>\r\n\r\n");
    }
}
