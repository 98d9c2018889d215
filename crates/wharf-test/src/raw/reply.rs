//! An answer as it came.

use bytes::Bytes;

/// An answer as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawReply {
    bytes: Bytes,
    interim: Vec<String>,
    head: Head,
    body: Vec<u8>,
    complete: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Head {
    status_line: String,
    fields: Vec<(String, String)>,
}

impl RawReply {
    /// Returns everything that was received, interim answers included.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Returns the status line, without its line end; empty when nothing came.
    #[must_use]
    pub fn status_line(&self) -> &str {
        &self.head.status_line
    }

    /// Returns the status; `None` when nothing came, or no status line.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.head.status()
    }

    /// Returns the value of a header field, the first of several; upper and lower case do not matter in `name`.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers(name).next()
    }

    /// Returns the values of all header fields of a name, in order.
    pub fn headers(&self, name: &str) -> impl Iterator<Item = &str> {
        self.head.values(name)
    }

    /// Returns the body, without the framing of chunks.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Returns the body as text; what is not UTF-8 is replaced by `U+FFFD`.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Returns the status lines of the interim answers (1xx) before this one.
    #[must_use]
    pub fn interim(&self) -> &[String] {
        &self.interim
    }

    /// Tells whether the answer came to its end as its framing tells it (RFC 9112 §6.3), rather than broke off.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// Finds one answer at the start of `received`, and its length there; `None` when more has to be read.
    pub(super) fn parse(received: &[u8], with_body: bool, ended: bool) -> Option<(Self, usize)> {
        let mut interim = Vec::new();
        let mut start = 0;
        let (head, body, length) = loop {
            let rest = &received[start..];
            let Some((head, length)) = Head::parse(rest) else {
                if !ended {
                    return None;
                }
                // What there is of a head is worth showing.
                break (Head::of(rest), None, received.len());
            };
            start += length;
            if matches!(head.status(), Some(100 | 102..200)) {
                interim.push(head.status_line);
                continue;
            }
            let framing = if with_body {
                head.framing()
            } else {
                Framing::None
            };
            break (head, framing.read(&received[start..], ended), start);
        };
        let (body, length, complete) = match body {
            Some((body, taken)) => (body, length + taken, true),
            None if ended => (received[length..].to_vec(), received.len(), false),
            None => return None,
        };
        let reply = Self {
            bytes: Bytes::new(),
            interim,
            head,
            body,
            complete,
        };
        Some((reply, length))
    }

    pub(super) fn keep(&mut self, bytes: Bytes) {
        self.bytes = bytes;
    }
}

impl Head {
    /// Reads a head that has come to its end; returns its length too.
    fn parse(bytes: &[u8]) -> Option<(Self, usize)> {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
        Some((Self::of(&bytes[..end]), end + 4))
    }

    /// Reads what there is of a head.
    fn of(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let mut lines = text.split("\r\n");
        Self {
            status_line: lines.next().unwrap_or_default().to_owned(),
            fields: lines
                .filter_map(|line| line.split_once(':'))
                .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
                .collect(),
        }
    }

    fn status(&self) -> Option<u16> {
        let version_and_rest = self.status_line.strip_prefix("HTTP/")?;
        version_and_rest.split(' ').nth(1)?.parse().ok()
    }

    fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        self.fields
            .iter()
            .filter(move |(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// Tells how the body ends (RFC 9112 §6.3).
    fn framing(&self) -> Framing {
        if matches!(self.status(), Some(101 | 204 | 304)) {
            return Framing::None;
        }
        let chunked = |value: &str| value.to_ascii_lowercase().ends_with("chunked");
        if self.values("transfer-encoding").any(chunked) {
            return Framing::Chunked;
        }
        match self.values("content-length").next().map(str::parse) {
            Some(Ok(length)) => Framing::Length(length),
            Some(Err(_)) | None => Framing::End,
        }
    }
}

/// How a body ends.
enum Framing {
    None,
    Length(usize),
    Chunked,
    End,
}

impl Framing {
    /// Returns the body and how many bytes it takes up; `None` when its end has not come.
    fn read(&self, bytes: &[u8], ended: bool) -> Option<(Vec<u8>, usize)> {
        match *self {
            Self::None => Some((Vec::new(), 0)),
            Self::Length(length) => Some((bytes.get(..length)?.to_vec(), length)),
            Self::Chunked => dechunk(bytes),
            Self::End => ended.then(|| (bytes.to_vec(), bytes.len())),
        }
    }
}

/// Joins chunks up to the last one and the trailer fields behind it (RFC 9112 §7.1).
fn dechunk(bytes: &[u8]) -> Option<(Vec<u8>, usize)> {
    let line = |at: usize| {
        let rest = bytes.get(at..)?;
        let length = rest.windows(2).position(|window| window == b"\r\n")?;
        Some((&rest[..length], at + length + 2))
    };
    let mut body = Vec::new();
    let mut at = 0;
    loop {
        let (size, data) = line(at)?;
        let digits = size.split(|&byte| byte == b';').next()?;
        let size = usize::from_str_radix(std::str::from_utf8(digits).ok()?.trim(), 16).ok()?;
        if size == 0 {
            at = data;
            break;
        }
        body.extend_from_slice(bytes.get(data..data.checked_add(size)?)?);
        at = data + size + 2;
    }
    loop {
        let (field, next) = line(at)?;
        at = next;
        if field.is_empty() {
            return Some((body, at));
        }
    }
}
