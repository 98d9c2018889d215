//! [`Record`], what is kept of a request for its line, and how the line is printed.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, Version};
use tokio::time::Instant;
use wharf_http::Context;

use super::format::{AccessLogFormat, Piece};

/// What is kept of a request until its line is written.
pub(crate) struct Record {
    request: RequestLine,
    request_fields: Vec<Option<HeaderValue>>,
    response_fields: Vec<Option<HeaderValue>>,
    status: Option<StatusCode>,
    answered: Option<Instant>,
}

enum RequestLine {
    Parsed(Method, Uri, Version),
    /// As it came; `None` when it was not readable.
    #[cfg_attr(
        not(feature = "http1"),
        expect(dead_code, reason = "hyper answers such requests of HTTP/2 itself")
    )]
    Raw(Option<String>),
}

/// How a request ended, as its line tells.
pub(crate) struct Line {
    /// `None` when there was no answer and no status describes why.
    pub(crate) status: Option<StatusCode>,
    pub(crate) bytes: u64,
    pub(crate) ended: Instant,
    pub(crate) outcome: Outcome,
}

impl Line {
    pub(super) fn duration(&self, context: &Context) -> Duration {
        self.ended.saturating_duration_since(context.started())
    }
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
    /// Keeps what the format needs of a request.
    pub(crate) fn request<B>(format: &AccessLogFormat, request: &http::Request<B>) -> Box<Self> {
        Box::new(Self {
            request: RequestLine::Parsed(
                request.method().clone(),
                request.uri().clone(),
                request.version(),
            ),
            request_fields: pick(&format.request_fields, request.headers()),
            response_fields: Vec::new(),
            status: None,
            answered: None,
        })
    }

    /// Keeps what there is of a head that never became a request.
    #[cfg(feature = "http1")]
    pub(crate) fn rejected(line: Option<&str>) -> Self {
        Self {
            request: RequestLine::Raw(line.map(str::to_owned)),
            request_fields: Vec::new(),
            response_fields: Vec::new(),
            status: None,
            answered: None,
        }
    }

    /// Keeps what the format needs of the answer.
    pub(crate) fn answer<B>(&mut self, format: &AccessLogFormat, response: &http::Response<B>) {
        self.status = Some(response.status());
        self.answered = Some(Instant::now());
        self.response_fields = pick(&format.response_fields, response.headers());
    }

    /// Returns the status of the answer, when there was one.
    pub(crate) fn status(&self) -> Option<StatusCode> {
        self.status
    }

    pub(super) fn to_first_byte(&self, context: &Context) -> Option<Duration> {
        self.answered
            .map(|at| at.saturating_duration_since(context.started()))
    }

    pub(super) fn print(
        &self,
        format: &AccessLogFormat,
        context: &Context,
        line: &Line,
        out: &mut String,
    ) {
        let duration = line.duration(context);
        for piece in &format.pieces {
            // Writing to a string cannot fail.
            let _written = match piece {
                Piece::Text(text) => out.write_str(text),
                Piece::Peer => write!(out, "{}", context.peer()),
                Piece::Time => {
                    print_time(out, SystemTime::now().checked_sub(duration));
                    Ok(())
                }
                Piece::Process => write!(out, "{}", std::process::id()),
                Piece::RequestLine => {
                    self.print_request(out);
                    Ok(())
                }
                Piece::Status => optional(out, line.status.map(|status| status.as_u16())),
                Piece::Bytes => write!(out, "{}", line.bytes),
                Piece::Seconds => write!(out, "{}", duration.as_secs()),
                Piece::SecondsFraction => write!(
                    out,
                    "{}.{:06}",
                    duration.as_secs(),
                    duration.subsec_micros()
                ),
                Piece::Microseconds => write!(out, "{}", duration.as_micros()),
                Piece::RequestField(index) => {
                    print_field(out, self.request_fields.get(*index));
                    Ok(())
                }
                Piece::ResponseField(index) => {
                    print_field(out, self.response_fields.get(*index));
                    Ok(())
                }
                Piece::Route => out.write_str(context.route().as_deref().unwrap_or("-")),
                Piece::RequestId => write!(out, "{}", context.request_id()),
                Piece::TraceId => write!(out, "{:032x}", context.trace().trace_id()),
                Piece::FirstByte => optional(
                    out,
                    self.to_first_byte(context).map(|time| time.as_micros()),
                ),
                Piece::Outcome => out.write_str(line.outcome.as_str()),
            };
        }
    }

    fn print_request(&self, out: &mut String) {
        match &self.request {
            RequestLine::Parsed(method, uri, version) => {
                escape(out, method.as_str().as_bytes());
                out.push(' ');
                print_target(out, uri);
                out.push_str(match *version {
                    Version::HTTP_09 => " HTTP/0.9",
                    Version::HTTP_10 => " HTTP/1.0",
                    Version::HTTP_2 => " HTTP/2.0",
                    Version::HTTP_3 => " HTTP/3.0",
                    _ => " HTTP/1.1",
                });
            }
            RequestLine::Raw(Some(line)) => escape(out, line.as_bytes()),
            RequestLine::Raw(None) => out.push('-'),
        }
    }
}

/// Prints the request target as it came (RFC 9112 §3.2).
fn print_target(out: &mut String, uri: &Uri) {
    if let Some(scheme) = uri.scheme_str() {
        escape(out, scheme.as_bytes());
        out.push_str("://");
    }
    if let Some(authority) = uri.authority() {
        escape(out, authority.as_str().as_bytes());
    }
    if let Some(path) = uri.path_and_query() {
        escape(out, path.as_str().as_bytes());
    }
}

fn pick(names: &[http::HeaderName], headers: &HeaderMap) -> Vec<Option<HeaderValue>> {
    names
        .iter()
        .map(|name| headers.get(name).cloned())
        .collect()
}

fn optional(out: &mut String, value: Option<impl std::fmt::Display>) -> std::fmt::Result {
    match value {
        Some(value) => write!(out, "{value}"),
        None => out.write_char('-'),
    }
}

fn print_field(out: &mut String, value: Option<&Option<HeaderValue>>) {
    match value {
        Some(Some(value)) => escape(out, value.as_bytes()),
        _ => out.push('-'),
    }
}

/// Prints bytes that a client chose so that they cannot end the line or a quoted part of it.
fn escape(out: &mut String, bytes: &[u8]) {
    let mut rest = bytes;
    loop {
        // Nearly always all of it.
        let plain = rest.iter().position(|&byte| is_escaped(byte));
        let (run, others) = rest.split_at(plain.unwrap_or(rest.len()));
        out.push_str(str::from_utf8(run).unwrap_or_default());
        let Some((byte, after)) = others.split_first() else {
            return;
        };
        // Writing to a string cannot fail.
        let _written = write!(out, "\\x{byte:02x}");
        rest = after;
    }
}

fn is_escaped(byte: u8) -> bool {
    matches!(byte, b'"' | b'\\' | 0..=0x1f | 0x7f..)
}

/// Prints a time in the usual form, `[23/Nov/2026:22:55:39 +0000]`.
fn print_time(out: &mut String, time: Option<SystemTime>) {
    // Only a clock on paused time can reach back before the epoch.
    let time = time.unwrap_or(SystemTime::UNIX_EPOCH);
    // An IMF-fixdate, `Mon, 23 Nov 2026 22:55:39 GMT` (RFC 9110 §5.6.7), has the parts at fixed places.
    let start = out.len();
    // Writing to a string cannot fail.
    let _written = write!(out, "{}", httpdate::HttpDate::from(time));
    let Some(Ok(date)) = out.as_bytes().get(start..).map(<[u8; 29]>::try_from) else {
        return;
    };
    out.truncate(start);
    for (mark, part) in [("[", 5..7), ("/", 8..11), ("/", 12..16), (":", 17..25)] {
        out.push_str(mark);
        out.push_str(str::from_utf8(&date[part]).unwrap_or_default());
    }
    out.push_str(" +0000]");
}

#[cfg(test)]
mod tests {
    use super::*;
    use wharf_http::Connection;

    fn printed(format: &str, request: &http::Request<()>, line: &Line) -> String {
        let format = AccessLogFormat::parse(format).unwrap();
        let context = Context::new(Connection::memory());
        let mut record = Record::request(&format, request);
        let mut response = http::Response::new(());
        response
            .headers_mut()
            .insert("etag", HeaderValue::from_static("\"a\""));
        record.answer(&format, &response);
        let mut out = String::new();
        record.print(&format, &context, line, &mut out);
        out
    }

    fn line(outcome: Outcome) -> Line {
        Line {
            status: Some(StatusCode::OK),
            bytes: 155,
            ended: Instant::now(),
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

    #[tokio::test(start_paused = true)]
    async fn times_are_printed_in_three_units() {
        let request = http::Request::get("/").body(()).unwrap();
        let ended = Instant::now() + Duration::from_micros(2_000_042);
        let line = Line {
            ended,
            ..line(Outcome::Cut)
        };
        assert_eq!(
            printed(
                "%T %Tf %D %{ttfb}x %s %b %{etag}o %{outcome}x %a %%",
                &request,
                &line
            ),
            r"2 2.000042 2000042 0 200 155 \x22a\x22 cut memory %"
        );
    }

    #[test]
    fn the_time_of_the_request_has_the_usual_form() {
        let mut out = String::new();
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        print_time(&mut out, Some(time));
        assert_eq!(out, "[06/Nov/1994:08:49:37 +0000]");
    }
}
