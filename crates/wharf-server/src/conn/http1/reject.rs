//! Answers to heads that never became a request, given by the service in place of hyper.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{self, HeaderName, HeaderValue};
use tokio::io::{AsyncRead, AsyncWrite};
use wharf_http::service::{Rejected, RejectedKind};
use wharf_http::{Connection, Response, Service};

use super::exchange::Adapter;
use crate::access_log::{Line, Outcome};
use crate::conn::ConnectionEnd;
use crate::conn::closing::Closing;
use crate::conn::config::Settings;
use crate::panic;

/// The most that is sent of the body of such an answer, in bytes.
const BODY: usize = 64 * 1024;

/// How long the service may take to produce the body.
const BODY_TIME: Duration = Duration::from_secs(5);

/// Finds out what was wrong with a head that hyper refused; `head` is what is left of it.
pub(super) fn classify(
    error: &hyper::Error,
    head: Bytes,
    settings: &Settings,
    connection: &Connection,
) -> Rejected {
    let text = error.to_string();
    // hyper had taken the head apart when it found these: what is left came after it.
    let head = if text.contains("content-length") || text.contains("transfer-encoding") {
        Bytes::new()
    } else {
        head
    };
    let (kind, reason) = if head.starts_with(&[0x16, 0x03]) || head == [0x16].as_slice() {
        // RFC 8446 §5.1: a record of type 22 with a version of 3.x begins a handshake.
        let reason = "a TLS handshake came to a port that speaks plain HTTP";
        (RejectedKind::TlsOnPlainPort, reason.to_owned())
    } else if speaks_other_version(&head) {
        let reason = "the only versions of HTTP that are spoken here are 1.1 and 1.0";
        (RejectedKind::Version, reason.to_owned())
    } else if error.is_parse_too_large() {
        too_large(&head, &text, settings)
    } else {
        (RejectedKind::Malformed, describe(&text, &head))
    };
    let head = if text == "invalid URI" && !has_broken_target(&head) {
        // Here too: the target had passed the tokenizer.
        Bytes::new()
    } else {
        head
    };
    Rejected::new(kind, reason, head, connection.clone())
}

/// Makes the account of a head that did not end in time.
pub(super) fn timed_out(head: Bytes, connection: &Connection) -> Rejected {
    let reason = "the request head did not end in time";
    Rejected::new(RejectedKind::Timeout, reason, head, connection.clone())
}

fn too_large(head: &[u8], text: &str, settings: &Settings) -> (RejectedKind, String) {
    let limit = settings.limits.request_head_size;
    if text.contains("URI") || !head.contains(&b'\n') {
        (
            RejectedKind::UriTooLong,
            "the request target is too long".to_owned(),
        )
    } else if head.len() < limit {
        let count = settings.limits.header_count;
        let reason = format!("the request has more than {count} header fields");
        (RejectedKind::HeadTooLarge, reason)
    } else {
        let reason = format!("the request head is larger than {limit} bytes");
        (RejectedKind::HeadTooLarge, reason)
    }
}

/// Tells whether the first line ends in a well-formed version that is not ours (RFC 9112 §2.3).
fn speaks_other_version(head: &[u8]) -> bool {
    let line = first_line(head);
    let version = line.rsplit(|&byte| byte == b' ').next().unwrap_or(line);
    matches!(version, [b'H', b'T', b'T', b'P', b'/', major, b'.', minor]
        if major.is_ascii_digit() && minor.is_ascii_digit() && !matches!((major, minor), (b'1', b'0' | b'1')))
}

fn first_line(head: &[u8]) -> &[u8] {
    let head = skip_empty_lines(head);
    let line = head.split(|&byte| byte == b'\n').next().unwrap_or(head);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Skips what a server is to ignore in front of a request line (RFC 9112 §2.2).
pub(super) fn skip_empty_lines(head: &[u8]) -> &[u8] {
    let start = head
        .iter()
        .position(|byte| !matches!(byte, b'\r' | b'\n'))
        .unwrap_or(head.len());
    &head[start..]
}

/// Tells whether anything follows the target; a line that is gone gets the benefit of the doubt.
fn has_version(head: &[u8]) -> bool {
    head.is_empty()
        || first_line(head)
            .iter()
            .filter(|&&byte| byte == b' ')
            .count()
            > 1
}

fn has_broken_target(head: &[u8]) -> bool {
    let mut parts = first_line(head).splitn(2, |&byte| byte == b' ');
    let target = parts.nth(1).unwrap_or_default();
    let target = target
        .strip_suffix(b" HTTP/1.1")
        .or_else(|| target.strip_suffix(b" HTTP/1.0"))
        .unwrap_or(target);
    target.is_empty() || target.iter().any(|byte| !byte.is_ascii_graphic())
}

const NO_VERSION: &str = "the request line does not end in a version of HTTP";

/// Says what is wrong in the words of the RFC where that can be found out, else in those of hyper.
fn describe(text: &str, head: &[u8]) -> String {
    match text {
        "invalid HTTP method parsed" => "the request line does not begin with a method",
        "invalid URI" if has_version(head) => "the request target is malformed",
        "invalid URI" | "invalid HTTP version parsed" => NO_VERSION,
        "invalid HTTP header parsed" => return describe_field(head),
        "invalid content-length parsed" => {
            "Content-Length is not a number, or there are two that differ"
        }
        "invalid transfer-encoding parsed" => "Transfer-Encoding does not end in chunked",
        "unexpected transfer-encoding parsed" => "Transfer-Encoding has no place in HTTP/1.0",
        other => other,
    }
    .to_owned()
}

/// Finds the first header line that is against the grammar (RFC 9112 §5).
fn describe_field(head: &[u8]) -> String {
    let line = first_line(head);
    if !(line.ends_with(b" HTTP/1.1") || line.ends_with(b" HTTP/1.0")) {
        return NO_VERSION.to_owned();
    }
    let head = skip_empty_lines(head);
    for line in head.split(|&byte| byte == b'\n').skip(1) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.starts_with(b" ") || line.starts_with(b"\t") {
            return "a header field is folded over two lines".to_owned();
        }
        let Some(colon) = line.iter().position(|&byte| byte == b':') else {
            if line.is_empty() {
                continue;
            }
            return "a header line has no colon".to_owned();
        };
        let (name, value) = (&line[..colon], &line[colon + 1..]);
        if name.last().is_some_and(u8::is_ascii_whitespace) {
            return "there is white space between the name of a header field and its colon"
                .to_owned();
        }
        if HeaderName::from_bytes(name).is_err() {
            return "the name of a header field is not a token".to_owned();
        }
        if value.contains(&b'\r') {
            return format!(
                "a line ends in the middle of the field {}",
                name.escape_ascii()
            );
        }
        if HeaderValue::from_bytes(value.trim_ascii()).is_err() {
            return format!(
                "there is a control character in the value of the field {}",
                name.escape_ascii()
            );
        }
    }
    "a header line is malformed".to_owned()
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Closing<'_, IO> {
    /// Lets the service answer what never became a request.
    pub(super) async fn reject<S: Service>(
        mut self,
        adapter: Adapter<S>,
        rejected: &Rejected,
    ) -> ConnectionEnd {
        let response = match catch_unwind(AssertUnwindSafe(|| adapter.service().reject(rejected))) {
            Ok(response) => response,
            Err(panic) => {
                let message = panic::message(panic.as_ref());
                self.connection.report(format_args!(
                    "the service panicked over a malformed request: {message}"
                ));
                return ConnectionEnd::Failed;
            }
        };
        let status = response.status();
        let log = &self.settings.access_log;
        let record = log.rejected(rejected.request_line().or(no_http(rejected)));
        let bytes = answer(response, rejected, self.settings).await;
        self.socket.append(&bytes, self.flow);
        if let Some(mut record) = record {
            let line = Line {
                status: Some(status),
                bytes: bytes.len() as u64,
                outcome: Outcome::Rejected,
            };
            let (context, _memory) = adapter.next();
            log.write(&context, &mut record, &line);
        }
        self.close(true).await
    }
}

/// Says in place of a request line that another protocol was spoken: "-" would leave its reader in the dark.
fn no_http(rejected: &Rejected) -> Option<&str> {
    (rejected.kind() == RejectedKind::TlsOnPlainPort).then(|| rejected.reason())
}

/// Fields that say how a message is framed, which is not the service's business here.
const FRAMING: [HeaderName; 5] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::TRAILER,
    header::UPGRADE,
];

/// Makes the bytes to send of the service's answer.
pub(super) async fn answer(
    response: Response,
    rejected: &Rejected,
    settings: &Settings,
) -> Vec<u8> {
    let (parts, mut body) = response.into_parts();
    let body = match tokio::time::timeout(BODY_TIME, body.bytes(BODY)).await {
        Ok(Ok(body)) => body,
        // Too large, too slow or broken: the status says enough.
        Ok(Err(_)) | Err(_) => Bytes::new(),
    };
    let mut out = Vec::with_capacity(256 + body.len());
    let status = parts.status;
    out.extend_from_slice(b"HTTP/1.1 ");
    out.extend_from_slice(status.as_str().as_bytes());
    out.push(b' ');
    out.extend_from_slice(status.canonical_reason().unwrap_or_default().as_bytes());
    out.extend_from_slice(b"\r\n");
    for (name, value) in &parts.headers {
        if !FRAMING.contains(name) {
            field(&mut out, name.as_str(), value.as_bytes());
        }
    }
    if let Some(server) = &settings.server
        && !parts.headers.contains_key(header::SERVER)
    {
        field(&mut out, "server", server.as_bytes());
    }
    field(&mut out, "connection", b"close");
    field(
        &mut out,
        "content-length",
        body.len().to_string().as_bytes(),
    );
    if !parts.headers.contains_key(header::DATE) {
        let now = httpdate::fmt_http_date(SystemTime::now());
        field(&mut out, "date", now.as_bytes());
    }
    out.extend_from_slice(b"\r\n");
    // RFC 9110 §9.3.2: an answer to HEAD ends after its head.
    if !rejected
        .request_line()
        .is_some_and(|line| line.starts_with("HEAD "))
    {
        out.extend_from_slice(&body);
    }
    out
}

fn field(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}
