//! [`Record`], what is kept of a request for its line, and how the line is printed.

use std::io::Write as _;
use std::time::Duration;

use http::{HeaderMap, HeaderName, StatusCode, Version};
use tokio::time::Instant;
use wharf_http::{Context, Peer};

use super::format::{AccessLogFormat, Piece};
use super::second::Second;

/// What is kept of a request until its line is written. The next request of the connection uses its memory again.
#[derive(Default)]
pub(crate) struct Record {
    /// The parts one after the other: the request line, the fields of the request, those of the answer. What is not there
    /// is a `-`.
    kept: Vec<u8>,
    /// Where each part ends.
    ends: Vec<usize>,
    status: Option<StatusCode>,
    answered: Option<Instant>,
    /// The peer that was printed last, and how: it is the same for most requests of a connection.
    peer: Option<(Peer, Vec<u8>)>,
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
        self.part_ends();
        self.fields(&format.request_fields, request.headers());
    }

    /// Keeps what there is of a head that never became a request: the line as it came, `None` when it was not readable.
    #[cfg(feature = "http1")]
    pub(crate) fn rejected(line: Option<&str>) -> Self {
        let mut record = Self::default();
        record.keep(line.unwrap_or("-").as_bytes());
        record.part_ends();
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
        self.ends.clear();
        self.status = None;
        self.answered = None;
    }

    fn keep(&mut self, bytes: &[u8]) {
        self.kept.extend_from_slice(bytes);
    }

    fn part_ends(&mut self) {
        self.ends.push(self.kept.len());
    }

    fn fields(&mut self, names: &[HeaderName], headers: &HeaderMap) {
        for name in names {
            let value = headers.get(name);
            self.keep(value.map_or(b"-", |value| value.as_bytes()));
            self.part_ends();
        }
    }

    fn part(&self, index: usize) -> &[u8] {
        let start = match index.checked_sub(1) {
            Some(before) => self.ends.get(before),
            None => Some(&0),
        };
        start
            .zip(self.ends.get(index))
            .and_then(|(start, end)| self.kept.get(*start..*end))
            .unwrap_or(b"-")
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
        // Nearly always all of it.
        let is_plain = !self
            .kept
            .iter()
            .fold(false, |found, &byte| found | is_escaped(byte));
        let put = if is_plain { verbatim } else { escape };
        for piece in &format.pieces {
            match piece {
                Piece::Text(text) => verbatim(&mut out, text.as_bytes()),
                Piece::Peer => self.print_peer(context.peer(), &mut out),
                Piece::Time => second.print(context.started(), &mut out),
                Piece::Process => decimal(&mut out, std::process::id().into()),
                Piece::RequestLine => put(&mut out, self.part(0)),
                Piece::Status => {
                    let status = line.status.as_ref().map_or("-", StatusCode::as_str);
                    verbatim(&mut out, status.as_bytes());
                }
                Piece::Bytes => decimal(&mut out, line.bytes),
                Piece::Seconds => decimal(&mut out, lasted.as_secs()),
                Piece::SecondsFraction => {
                    let micros = lasted.subsec_micros();
                    // Writing to memory cannot fail.
                    let _written = write!(out, "{}.{micros:06}", lasted.as_secs());
                }
                Piece::Microseconds => micros(&mut out, lasted),
                Piece::RequestField(index) => put(&mut out, self.part(1 + index)),
                Piece::ResponseField(index) => {
                    put(&mut out, self.part(1 + format.request_fields.len() + index));
                }
                Piece::Route => {
                    let route = context.route();
                    verbatim(&mut out, route.as_deref().unwrap_or("-").as_bytes());
                }
                Piece::RequestId => {
                    let _written = write!(out, "{}", context.request_id());
                }
                Piece::TraceId => {
                    let _written = write!(out, "{:032x}", context.trace().trace_id());
                }
                Piece::FirstByte => match self.to_first_byte(context) {
                    Some(time) => micros(&mut out, time),
                    None => verbatim(&mut out, b"-"),
                },
                Piece::Outcome => verbatim(&mut out, line.outcome.as_str().as_bytes()),
            }
        }
        self.line = out;
        str::from_utf8(&self.line).unwrap_or_default()
    }

    fn print_peer(&mut self, peer: &Peer, out: &mut Vec<u8>) {
        let text = match &mut self.peer {
            Some((known, text)) if known == peer => text,
            other => {
                let mut text = Vec::new();
                // Writing to memory cannot fail.
                let _written = write!(text, "{peer}");
                &mut other.insert((peer.clone(), text)).1
            }
        };
        verbatim(out, text);
    }
}

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

fn is_escaped(byte: u8) -> bool {
    matches!(byte, b'"' | b'\\' | 0..=0x1f | 0x7f..)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
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
