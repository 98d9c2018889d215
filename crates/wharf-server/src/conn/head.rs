//! The rules for request heads that hyper leaves to its caller.
//!
//! One pass over the fields finds what all of them need; whatever is rare is looked at again only when it is there.

use std::net::Ipv6Addr;

use http::header::{self, HeaderName, HeaderValue};
use http::uri::{Authority, Scheme};
use http::{HeaderMap, Method, StatusCode, Version};
use wharf_http::Context;
use wharf_http::service::Refusal;

use super::trace;

/// A refused head.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) refusal: Refusal,
    /// Where the request ends is doubtful: nothing after it may be taken for another.
    pub(super) close: bool,
}

impl Refused {
    pub(super) fn new(status: StatusCode, reason: impl Into<String>) -> Self {
        Self {
            refusal: Refusal::new(status, reason),
            close: false,
        }
    }

    pub(super) fn bad(reason: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, reason)
    }

    fn and_close(mut self) -> Self {
        self.close = true;
        self
    }
}

/// Fields that RFC 9110 defines to have one value and not a list, so that a second line is an error of the sender
/// (§5.3): two recipients on the way could act on different ones. `Content-Length` is hyper's business.
const SINGLETONS: [HeaderName; 20] = [
    header::HOST,
    header::CONTENT_TYPE,
    header::CONTENT_LOCATION,
    header::CONTENT_RANGE,
    header::AUTHORIZATION,
    header::PROXY_AUTHORIZATION,
    header::RANGE,
    header::IF_RANGE,
    header::IF_MODIFIED_SINCE,
    header::IF_UNMODIFIED_SINCE,
    header::MAX_FORWARDS,
    header::USER_AGENT,
    header::REFERER,
    header::FROM,
    header::DATE,
    header::LOCATION,
    header::ETAG,
    header::SERVER,
    header::LAST_MODIFIED,
    header::RETRY_AFTER,
];

/// The last `Host` of a connection that was well-formed; clients send the same each time.
#[derive(Default)]
pub(super) struct KnownHost(Vec<u8>);

impl KnownHost {
    fn is_host(&mut self, text: &[u8]) -> bool {
        if self.0 == text {
            return true;
        }
        let good = is_host(text);
        // No name is longer (RFC 1035 §2.3.4): nobody fills the memory with this.
        if good && text.len() <= 255 {
            self.0.clear();
            self.0.extend_from_slice(text);
        }
        good
    }
}

/// Checks a request head, and takes from it what the context carries.
pub(super) fn check<B>(
    request: &mut http::Request<B>,
    context: &Context,
    known: &mut KnownHost,
) -> Result<(), Refused> {
    let headers = request.headers();
    let mut host: Option<&HeaderValue> = None;
    let mut hosts = 0;
    let mut trace: Option<&HeaderValue> = None;
    let mut traces = 0;
    let mut expect = None;
    let mut coding = None;
    for (name, value) in headers {
        let name = name.as_str();
        match name.len() {
            4 if name == "host" => {
                hosts += 1;
                host = Some(value);
            }
            6 if name == "expect" && !value.as_bytes().eq_ignore_ascii_case(b"100-continue") => {
                expect = Some(value);
            }
            11 if name == "traceparent" => {
                traces += 1;
                trace = Some(value);
            }
            17 if name == "transfer-encoding" => coding = Some(value),
            _ => {}
        }
    }
    if let Some(trace) = trace.filter(|_| traces == 1) {
        trace::take_over(trace, headers, context);
    }

    // RFC 9112 §3.2
    match host {
        Some(_) if hosts > 1 => return Err(Refused::bad("there is more than one Host field")),
        Some(host) if !known.is_host(host.as_bytes()) => {
            return Err(Refused::bad(
                "the Host field is not a host with an optional port",
            ));
        }
        None if request.version() != Version::HTTP_10 => {
            return Err(Refused::bad("there is no Host field"));
        }
        _ => {}
    }
    if headers.len() != headers.keys_len() {
        check_singletons(headers)?;
    }
    if coding.is_some() {
        check_coding(headers)?;
    }
    if expect.is_some() {
        // RFC 9110 §10.1.1
        return Err(Refused::new(
            StatusCode::EXPECTATION_FAILED,
            "the only expectation that can be met is 100-continue",
        ));
    }
    let nameless = host.is_some_and(HeaderValue::is_empty);
    let uri = request.uri();
    // The origin form, by far the most common (RFC 9112 §3.2.1).
    if uri.authority().is_none() && uri.path().starts_with('/') {
        // RFC 8441 §4: on HTTP/2 that is a request to speak another protocol, and hyper lets it pass where that is allowed.
        if *request.method() == Method::CONNECT && request.version() != Version::HTTP_2 {
            return Err(Refused::bad(
                "CONNECT needs a host and a port as its target",
            ));
        }
        // RFC 9110 §4.2.1: an http URI without a host is invalid.
        if nameless {
            return Err(Refused::bad("the Host field is empty"));
        }
        return Ok(());
    }
    check_target(request, context.scheme())
}

fn check_singletons(headers: &HeaderMap) -> Result<(), Refused> {
    for name in &SINGLETONS {
        if headers.get_all(name).iter().nth(1).is_some() {
            return Err(Refused::bad(format!("there is more than one {name} field")));
        }
    }
    Ok(())
}

/// hyper looks at the end of the last line only, and understands no coding but `chunked`.
fn check_coding(headers: &HeaderMap) -> Result<(), Refused> {
    let mut chunked = 0;
    for value in headers.get_all(header::TRANSFER_ENCODING) {
        for coding in value.as_bytes().split(|&byte| byte == b',') {
            if coding.trim_ascii().eq_ignore_ascii_case(b"chunked") {
                chunked += 1;
            } else if !coding.trim_ascii().is_empty() {
                // RFC 9112 §6.1
                return Err(Refused::new(
                    StatusCode::NOT_IMPLEMENTED,
                    "the only transfer coding that is understood is chunked",
                )
                .and_close());
            }
        }
    }
    if chunked > 1 {
        // RFC 9112 §6.1: chunked must not be applied more than once.
        return Err(Refused::bad("the body claims to be chunked twice").and_close());
    }
    Ok(())
}

/// Checks the three less common forms of a request target (RFC 9112 §3.2.2 to §3.2.4).
fn check_target<B>(request: &mut http::Request<B>, secured: &Scheme) -> Result<(), Refused> {
    let method = request.method();
    let uri = request.uri();
    match (uri.scheme(), uri.authority()) {
        (None, None) if uri.path() == "*" && *method == Method::OPTIONS => Ok(()),
        (None, None) if uri.path() == "*" => Err(Refused::bad("the target * is for OPTIONS alone")),
        (None, Some(authority)) if *method == Method::CONNECT => {
            if authority.port_u16().is_none() || !is_authority(authority) {
                return Err(Refused::bad(
                    "CONNECT needs a host and a port as its target",
                ));
            }
            // RFC 9110 §9.3.6: an origin server need not be a tunnel. What follows would not be HTTP.
            Err(
                Refused::new(StatusCode::NOT_IMPLEMENTED, "this server is not a tunnel")
                    .and_close(),
            )
        }
        (Some(scheme), Some(authority)) if *method != Method::CONNECT => {
            if !is_authority(authority) {
                return Err(Refused::bad(
                    "the target does not name a host with an optional port",
                ));
            }
            // RFC 9110 §7.4: an https resource must not be served over a connection that is not secured.
            if *scheme == Scheme::HTTPS && *secured != Scheme::HTTPS {
                return Err(Refused::new(
                    StatusCode::MISDIRECTED_REQUEST,
                    "the target is an https resource and the connection is not secured",
                ));
            }
            if *scheme != Scheme::HTTP && *scheme != Scheme::HTTPS {
                return Err(Refused::new(
                    StatusCode::MISDIRECTED_REQUEST,
                    "the target is neither an http nor an https resource",
                ));
            }
            // RFC 9112 §3.2.2: the received Host is ignored, the target names the host.
            let host = HeaderValue::try_from(authority.as_str())
                .map_err(|_invalid| Refused::bad("the target names a host with invalid bytes"))?;
            request.headers_mut().insert(header::HOST, host);
            Ok(())
        }
        _ => Err(Refused::bad(
            "the target is neither a path that begins with a slash nor an absolute URI",
        )),
    }
}

/// Tells whether an authority is a host with an optional port: user information is an attack (RFC 9110 §4.2.4).
fn is_authority(authority: &Authority) -> bool {
    let text = authority.as_str();
    !text.is_empty() && is_host(text.as_bytes())
}

/// Tells whether this is `uri-host [ ":" port ]` or empty (RFC 9112 §3.2, RFC 3986 §3.2.2).
pub(super) fn is_host(text: &[u8]) -> bool {
    if text.first() == Some(&b'[') {
        let Some(end) = text.iter().position(|&byte| byte == b']') else {
            return false;
        };
        return is_address(&text[1..end]) && is_port(&text[end + 1..]);
    }
    let mut rest = text;
    loop {
        let Some(end) = rest.iter().position(|&byte| !NAME[usize::from(byte)]) else {
            return true;
        };
        rest = match &rest[end..] {
            // A port needs a host.
            [b':', ..] => return text[0] != b':' && is_port(&rest[end..]),
            [b'%', high, low, after @ ..]
                if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                after
            }
            _ => return false,
        };
    }
}

/// The bytes of a name that stand for themselves: unreserved and sub-delims (RFC 3986 §2.2, §2.3).
const NAME: [bool; 256] = {
    let mut name = [false; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        name[byte as usize] = matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~'
            | b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=');
        byte += 1;
    }
    name
};

/// Tells whether this is nothing, or a colon and a port number, which may be empty (RFC 3986 §3.2.3).
fn is_port(text: &[u8]) -> bool {
    let Some((b':', digits)) = text.split_first() else {
        return text.is_empty();
    };
    let mut port = 0_u32;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return false;
        }
        port = port * 10 + u32::from(digit - b'0');
        if port > u32::from(u16::MAX) {
            return false;
        }
    }
    true
}

/// Tells whether this may stand between brackets: an IPv6 address, or one of a later version.
fn is_address(text: &[u8]) -> bool {
    if let [b'v' | b'V', future @ ..] = text {
        let Some(dot) = future.iter().position(|&byte| byte == b'.') else {
            return false;
        };
        let (version, address) = (&future[..dot], &future[dot + 1..]);
        return !version.is_empty()
            && version.iter().all(u8::is_ascii_hexdigit)
            && !address.is_empty()
            && address
                .iter()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:".contains(byte));
    }
    std::str::from_utf8(text).is_ok_and(|text| text.parse::<Ipv6Addr>().is_ok())
}
