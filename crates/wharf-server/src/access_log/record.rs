//! [`Record`], what is kept of a request for its line, and how the line is printed.

use std::io::Write as _;
use std::ops::Range;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Version};
use tokio::time::Instant;
use wharf_http::{Context, Peer};

use super::format::{AccessLogFormat, Atom, Piece};
use super::second::Second;
use super::text::Text;

/// What is kept of a request until its line is written. The next request of the connection uses its memory again.
#[derive(Default)]
pub(crate) struct Record {
    /// The bytes of the parts, one part after the other.
    kept: Vec<u8>,
    /// Where the parts are: the request line, the fields of the request, those of the answer; `None` is what is not there.
    parts: Vec<Option<Range<usize>>>,
    status: Option<StatusCode>,
    answered: Option<Instant>,
    /// The peer that was printed last, and how: it is the same for most requests of a connection.
    peer: Option<(Peer, Text)>,
    line: Vec<u8>,
}

/// How much memory a record keeps for its parts, and for its line, while it waits for the next request.
const KEPT: usize = 1024;

/// How a request ended, as its line tells.
pub(crate) struct Line {
    /// `None` when there was no answer and no status describes why.
    pub(crate) status: Option<StatusCode>,
    pub(crate) bytes: u64,
    pub(crate) outcome: Outcome,
}

/// How a request or a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Complete,
    /// The request never parsed.
    #[cfg_attr(
        not(feature = "http1"),
        expect(dead_code, reason = "hyper answers such requests of HTTP/2 itself")
    )]
    Rejected,
    /// The client left.
    Left,
    /// The client took the answer too slowly.
    Slow,
    /// The service panicked, or its body failed.
    Failed,
    /// The server cut the connection.
    Cut,
}

impl Outcome {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Rejected => "rejected",
            Self::Left => "left",
            Self::Slow => "slow",
            Self::Failed => "failed",
            Self::Cut => "cut",
        }
    }
}

impl Record {
    /// Keeps what the format needs of a request, in place of what was kept before.
    pub(crate) fn request<B>(&mut self, format: &AccessLogFormat, request: &http::Request<B>) {
        self.clear();
        self.keep(request.method().as_str().as_bytes());
        self.keep(b" ");
        // The target as it came (RFC 9112 §3.2).
        let uri = request.uri();
        if let Some(scheme) = uri.scheme_str() {
            self.keep(scheme.as_bytes());
            self.keep(b"://");
        }
        if let Some(authority) = uri.authority() {
            self.keep(authority.as_str().as_bytes());
        }
        if let Some(path) = uri.path_and_query() {
            self.keep(path.as_str().as_bytes());
        }
        self.keep(match request.version() {
            Version::HTTP_09 => b" HTTP/0.9",
            Version::HTTP_10 => b" HTTP/1.0",
            Version::HTTP_2 => b" HTTP/2.0",
            Version::HTTP_3 => b" HTTP/3.0",
            _ => b" HTTP/1.1",
        });
        self.parts.push(Some(0..self.kept.len()));
        self.fields(&format.request_fields, request.headers());
    }

    /// Keeps what there is of a head that never became a request: the line as it came, `None` when it was not readable.
    #[cfg(feature = "http1")]
    pub(crate) fn rejected(line: Option<&str>) -> Self {
        let mut record = Self::default();
        record.keep(line.unwrap_or_default().as_bytes());
        record.parts.push(line.map(|line| 0..line.len()));
        record
    }

    /// Keeps what the format needs of the answer, whose head was ready at `answered`; only some formats tell that.
    pub(super) fn answer<B>(
        &mut self,
        format: &AccessLogFormat,
        response: &http::Response<B>,
        answered: Option<Instant>,
    ) {
        self.status = Some(response.status());
        self.answered = answered;
        self.fields(&format.response_fields, response.headers());
    }

    /// Returns the status of the answer, when there was one.
    pub(crate) fn status(&self) -> Option<StatusCode> {
        self.status
    }

    pub(super) fn to_first_byte(&self, context: &Context) -> Option<Duration> {
        self.answered
            .map(|at| at.saturating_duration_since(context.started()))
    }

    fn clear(&mut self) {
        self.kept.clear();
        self.kept.shrink_to(KEPT);
        self.parts.clear();
        self.status = None;
        self.answered = None;
    }

    fn keep(&mut self, bytes: &[u8]) {
        self.kept.extend_from_slice(bytes);
    }

    fn fields(&mut self, names: &[HeaderName], headers: &HeaderMap) {
        if names.is_empty() {
            return;
        }
        let before = self.parts.len();
        self.parts.resize(before + names.len(), None);
        let parts = &mut self.parts[before..];
        let kept = &mut self.kept;
        let mut keep = |part: &mut Option<Range<usize>>, value: &HeaderValue| {
            let start = kept.len();
            kept.extend_from_slice(value.as_bytes());
            *part = Some(start..kept.len());
        };
        if headers.len() > FEW {
            for (name, part) in names.iter().zip(parts) {
                if let Some(value) = headers.get(name) {
                    keep(part, value);
                }
            }
            return;
        }
        for (name, value) in headers {
            let mut wanted = names.iter().zip(parts.iter_mut());
            if let Some((_, part)) = wanted.find(|(wanted, _)| *wanted == name)
                // Of several lines the first counts.
                && part.is_none()
            {
                keep(part, value);
            }
        }
    }

    fn part(&self, index: usize) -> Option<&[u8]> {
        self.kept.get(self.parts.get(index)?.clone()?)
    }

    /// Tells whether nothing has to be escaped, as nearly always.
    fn is_plain(&mut self) -> bool {
        // Whole words are looked through eight bytes at a time.
        let padded = self.kept.len().next_multiple_of(8);
        self.kept.resize(padded, b'-');
        let (words, _none) = self.kept.as_chunks();
        let words = words.iter().copied().map(u64::from_ne_bytes);
        !words.fold(false, |found, word| found | is_escaped_in(word))
    }

    /// Prints the line and returns it. `lasted` is there where the format tells it.
    pub(super) fn print(
        &mut self,
        format: &AccessLogFormat,
        second: &Second,
        context: &Context,
        line: &Line,
        lasted: Option<Duration>,
    ) -> &str {
        let mut out = std::mem::take(&mut self.line);
        out.clear();
        out.shrink_to(KEPT);
        let lasted = lasted.unwrap_or_default();
        let is_plain = self.is_plain();
        let put = |out: &mut Vec<u8>, part: Option<&[u8]>| match part {
            None => out.push(b'-'),
            Some(part) if is_plain => verbatim(out, part),
            Some(part) => escape(out, part),
        };
        for Piece { before, atom } in &format.pieces {
            before.print(&mut out);
            match atom {
                Atom::Peer => self.print_peer(context.peer(), &mut out),
                Atom::Time => second.print(context.started(), &mut out),
                Atom::Process => decimal(&mut out, std::process::id().into()),
                Atom::RequestLine => put(&mut out, self.part(0)),
                Atom::Status => {
                    let status = line.status.as_ref().map_or("-", StatusCode::as_str);
                    verbatim(&mut out, status.as_bytes());
                }
                Atom::Bytes => decimal(&mut out, line.bytes),
                Atom::Seconds => decimal(&mut out, lasted.as_secs()),
                Atom::SecondsFraction => {
                    let micros = lasted.subsec_micros();
                    // Writing to memory cannot fail.
                    let _written = write!(out, "{}.{micros:06}", lasted.as_secs());
                }
                Atom::Microseconds => micros(&mut out, lasted),
                Atom::RequestField(index) => put(&mut out, self.part(1 + index)),
                Atom::ResponseField(index) => {
                    put(&mut out, self.part(1 + format.request_fields.len() + index));
                }
                Atom::Route => {
                    let route = context.route();
                    verbatim(&mut out, route.as_deref().unwrap_or("-").as_bytes());
                }
                Atom::RequestId => {
                    let _written = write!(out, "{}", context.request_id());
                }
                Atom::TraceId => {
                    let _written = write!(out, "{:032x}", context.trace().trace_id());
                }
                Atom::FirstByte => match self.to_first_byte(context) {
                    Some(time) => micros(&mut out, time),
                    None => verbatim(&mut out, b"-"),
                },
                Atom::Outcome => verbatim(&mut out, line.outcome.as_str().as_bytes()),
            }
        }
        format.after.print(&mut out);
        self.line = out;
        str::from_utf8(&self.line).unwrap_or_default()
    }

    fn print_peer(&mut self, peer: &Peer, out: &mut Vec<u8>) {
        let text = match &mut self.peer {
            Some((known, text)) if known == peer => text,
            other => &mut other.insert((peer.clone(), Text::new(peer.to_string()))).1,
        };
        text.print(out);
    }
}

/// How many fields are few: they are looked through faster than one is hashed.
const FEW: usize = 4;

fn verbatim(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(bytes);
}

fn micros(out: &mut Vec<u8>, time: Duration) {
    decimal(out, u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
}

/// Prints a number with less ado than `write!`.
fn decimal(out: &mut Vec<u8>, mut number: u64) {
    let mut digits = [b'0'; 20];
    let mut first = digits.len();
    loop {
        first -= 1;
        digits[first] += (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    verbatim(out, &digits[first..]);
}

/// Prints bytes that a client chose so that they cannot end the line or a quoted part of it.
#[cold]
fn escape(out: &mut Vec<u8>, bytes: &[u8]) {
    for &byte in bytes {
        if is_escaped(byte) {
            // Writing to memory cannot fail.
            let _written = write!(out, "\\x{byte:02x}");
        } else {
            out.push(byte);
        }
    }
}

/// Tells whether [`is_escaped`] is true of any of eight bytes.
fn is_escaped_in(word: u64) -> bool {
    const ONES: u64 = u64::MAX / 255;
    // The highest bit of a byte stays or becomes set where the byte is at least 0x7f, or less than 0x20, or equal to one
    // of the two; a carry comes only from bytes of which one of that is true.
    let less = |word: u64, than: u8| word.wrapping_sub(ONES * u64::from(than)) & !word;
    let equal = |byte: u8| less(word ^ (ONES * u64::from(byte)), 1);
    let found = word | word.wrapping_add(ONES) | less(word, 0x20) | equal(b'"') | equal(b'\\');
    found & (ONES << 7) != 0
}

fn is_escaped(byte: u8) -> bool {
    matches!(byte, b'"' | b'\\' | 0..=0x1f | 0x7f..)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use wharf_http::Connection;

    use super::*;

    fn printed(format: &str, request: &http::Request<()>, line: &Line) -> String {
        let context = Context::new(Connection::memory());
        Record::default().printed(format, &context, request, line, Duration::ZERO)
    }

    impl Record {
        fn printed(
            &mut self,
            format: &str,
            context: &Context,
            request: &http::Request<()>,
            line: &Line,
            lasted: Duration,
        ) -> String {
            let format = AccessLogFormat::parse(format).unwrap();
            self.request(&format, request);
            let mut response = http::Response::new(());
            response
                .headers_mut()
                .insert("etag", HeaderValue::from_static("\"a\""));
            self.answer(&format, &response, Some(context.started()));
            let second = Second::default();
            self.print(&format, &second, context, line, Some(lasted))
                .to_owned()
        }
    }

    fn line(outcome: Outcome) -> Line {
        Line {
            status: Some(StatusCode::OK),
            bytes: 155,
            outcome,
        }
    }

    #[test]
    fn a_client_cannot_forge_a_line() {
        let request = http::Request::get("/a%0Ab?\\x")
            .header("user-agent", "curl\t\"8\" \\ \u{e9}")
            .body(())
            .unwrap();
        assert_eq!(
            printed(
                r#""%r" "%{User-Agent}i" "%{Referer}i""#,
                &request,
                &line(Outcome::Complete)
            ),
            r#""GET /a%0Ab?\x5cx HTTP/1.1" "curl\x09\x228\x22 \x5c \xc3\xa9" "-""#
        );
    }

    #[test]
    fn every_kind_of_target_is_printed_as_it_came() {
        for target in ["/a?b", "*", "http://harbour.test:80/a", "harbour.test:443"] {
            let request = http::Request::get(target).body(()).unwrap();
            assert_eq!(
                printed("%r", &request, &line(Outcome::Complete)),
                format!("GET {target} HTTP/1.1")
            );
        }
    }

    #[test]
    fn times_are_printed_in_three_units() {
        let request = http::Request::get("/").body(()).unwrap();
        let context = Context::new(Connection::memory());
        assert_eq!(
            Record::default().printed(
                "%T %Tf %D %{ttfb}x %s %b %{etag}o %{outcome}x %a %%",
                &context,
                &request,
                &line(Outcome::Cut),
                Duration::from_micros(2_000_042),
            ),
            r"2 2.000042 2000042 0 200 155 \x22a\x22 cut memory %"
        );
    }

    #[test]
    fn nothing_of_a_request_is_left_in_the_line_of_the_next() {
        let mut record = Record::default();
        let context = Context::new(Connection::memory());
        let peer: Peer = Peer::Tcp(([192, 0, 2, 255], 1).into());
        let long = format!("/{}", "x".repeat(9000));
        for (target, agent, client, expected) in [
            (
                &*long,
                Some("\"curl\""),
                None,
                format!(r#"memory GET {long} HTTP/1.1 \x22curl\x22"#),
            ),
            ("/a", None, None, "memory GET /a HTTP/1.1 -".to_owned()),
            (
                "/b",
                Some(""),
                Some(peer),
                "192.0.2.255 GET /b HTTP/1.1 ".to_owned(),
            ),
        ] {
            let mut request = http::Request::get(target);
            if let Some(agent) = agent {
                request = request.header("user-agent", agent);
            }
            if let Some(client) = client {
                context.set_client(client, http::uri::Scheme::HTTP);
            }
            let request = request.body(()).unwrap();
            let line = line(Outcome::Complete);
            let format = "%a %r %{User-Agent}i";
            let printed = record.printed(format, &context, &request, &line, Duration::ZERO);
            assert_eq!(printed, expected);
        }
        assert!(record.kept.capacity() + record.line.capacity() <= 2 * KEPT);
    }

    #[test]
    fn what_was_not_there_is_a_dash() {
        let context = Context::new(Connection::memory());
        let format = AccessLogFormat::parse("%r %{a}i %{b}o %s %{ttfb}x %{route}x").unwrap();
        let line = Line {
            status: None,
            ..line(Outcome::Rejected)
        };
        let mut record = Record::rejected(None);
        let printed = record.print(&format, &Second::default(), &context, &line, None);
        assert_eq!(printed, "- - - - - -");
    }

    proptest! {
        #[test]
        fn every_number_is_printed_as_by_the_standard_library(number: u64) {
            let mut out = Vec::new();
            decimal(&mut out, number);
            prop_assert_eq!(String::from_utf8(out).unwrap(), number.to_string());
        }

        #[test]
        fn eight_bytes_are_looked_through_like_one(word: [u8; 8], at in 0..8_usize, byte: u8) {
            let found = |bytes: [u8; 8]| is_escaped_in(u64::from_ne_bytes(bytes));
            prop_assert_eq!(found(word), word.into_iter().any(is_escaped));
            let mut one = [b'a'; 8];
            one[at] = byte;
            prop_assert_eq!(found(one), is_escaped(byte));
        }

        #[test]
        fn a_field_is_found_among_few_and_many(others in 0..2 * FEW, first in "[a-z]{1,9}") {
            let mut request = http::Request::get("/");
            for other in 0..others {
                request = request.header(format!("x-{other}"), "other");
            }
            let request = request.header("a", &first).header("a", "second").body(()).unwrap();
            let printed = printed("%{a}i %{b}i %{a}i", &request, &line(Outcome::Complete));
            prop_assert_eq!(printed, format!("{first} - {first}"));
        }

        #[test]
        fn a_field_is_printed_in_one_way_whatever_is_beside_it(value in "[ -~\u{e9}\u{80}]{0,40}") {
            let field = |beside: &str| {
                let request = http::Request::get("/").header("a", &value).header("b", beside).body(());
                printed("%{a}i|%{b}i", &request.unwrap(), &line(Outcome::Complete))
            };
            let (plain, escaped) = (field("b"), field("\""));
            prop_assert_eq!(plain.strip_suffix("|b"), escaped.strip_suffix("|\\x22"));
            prop_assert!(plain.bytes().all(|byte| (0x20..0x7f).contains(&byte) && byte != b'"'));
        }
    }
}
