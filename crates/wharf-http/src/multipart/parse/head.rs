use http::header::{HeaderMap, HeaderName, HeaderValue};

use crate::multipart::{Error, ErrorKind};

/// Reads the header fields of a part, each ended by a line break (RFC 822 as RFC 2045 takes it over).
///
/// A value may go on in the next line, which then begins with white space.
pub(super) fn parse(head: &[u8], limit: usize) -> Result<HeaderMap, Error> {
    let mut headers = HeaderMap::new();
    let mut rest = head;
    while !rest.is_empty() {
        let mut length = 0;
        loop {
            length += line(&rest[length..])?;
            if !matches!(rest.get(length), Some(b' ' | b'\t')) {
                break;
            }
        }
        let (field, after) = rest.split_at(length);
        rest = after;
        if headers.len() == limit {
            return Err(Error::new(ErrorKind::TooManyHeaders { limit }));
        }
        let (name, value) = self::field(field)?;
        headers.append(name, value);
    }
    Ok(headers)
}

/// Returns the length of a line with its end.
fn line(bytes: &[u8]) -> Result<usize, Error> {
    match memchr::memchr2(b'\r', b'\n', bytes) {
        Some(at) if bytes[at..].starts_with(b"\r\n") => Ok(at + 2),
        // Others may read a line break there, and so another field.
        _ => Err(Error::malformed(
            "a line in the head of a part does not end with CRLF",
        )),
    }
}

fn field(line: &[u8]) -> Result<(HeaderName, HeaderValue), Error> {
    let bad = || Error::malformed("a line in the head of a part is no header field");
    let colon = memchr::memchr(b':', line).ok_or_else(bad)?;
    let name = HeaderName::from_bytes(&line[..colon]).map_err(|_invalid| bad())?;
    let mut value = line[colon + 1..].to_vec();
    value.retain(|byte| !matches!(byte, b'\r' | b'\n'));
    let value = HeaderValue::from_bytes(value.trim_ascii()).map_err(|_invalid| bad())?;
    Ok((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_and_a_folded_one_is_joined() {
        let head =
            b"Content-Type: text/plain;\r\n charset=utf-8\r\nX-A:1\r\nx-a:\t2 \r\nX-Name: \xe4\r\n";
        let headers = parse(head, 4).unwrap();
        assert_eq!(headers["content-type"], "text/plain; charset=utf-8");
        let all: Vec<_> = headers.get_all("x-a").iter().collect();
        assert_eq!(all, ["1", "2"]);
        assert_eq!(headers["x-name"].as_bytes(), b"\xe4");
        let error = parse(head, 3).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooManyHeaders { limit: 3 });
        assert!(parse(b"", 0).unwrap().is_empty());
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        for head in [
            "a: b\nc: d\r\n",
            "a: b\rc: d\r\n",
            "no colon\r\n",
            "a : b\r\n",
            ": b\r\n",
            "a: \0\r\n",
            " a: b\r\n",
            "ä: b\r\n",
        ] {
            let error = parse(head.as_bytes(), 9).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Malformed, "{head:?}");
        }
    }
}
