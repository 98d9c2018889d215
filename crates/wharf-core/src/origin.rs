//! Origins as browsers write them (RFC 6454 §6.2): `https://host`, with the port where it is not that of the scheme.

use http::header::{self, HeaderMap};
use http::uri::{Authority, Scheme};

/// Tells whether an origin is the host that the request is for. A page that came unprotected is none of a host that is: somebody
/// else may have made it. The other way round, TLS may end in front of this server.
pub(crate) fn is_same(origin: &str, headers: &HeaderMap, scheme: &Scheme) -> bool {
    let Some((page, authority)) = origin.split_once("://") else {
        return false;
    };
    let port = match page {
        "https" => 443,
        "http" if *scheme != Scheme::HTTPS => 80,
        _ => return false,
    };
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let read = |text: &str| text.parse::<Authority>().ok();
    let (Some(page), Some(own)) = (read(authority), host.and_then(read)) else {
        return false;
    };
    // A port that `Host` leaves out is the default one of the scheme that the browser knows.
    page.host().eq_ignore_ascii_case(own.host())
        && page.port_u16().unwrap_or(port) == own.port_u16().unwrap_or(port)
}

/// Says what is wrong with an origin that is to be compared with what browsers send; `None` when nothing is.
pub(crate) fn malformed(origin: &str) -> Option<String> {
    if origin == "null" {
        return Some(
            "the origin `null` is that of every sandboxed page, whoever made it: list real origins"
                .to_owned(),
        );
    }
    let wrong = |expected: &str| {
        Some(format!(
            "`{origin}` is no origin that a browser sends: {expected}"
        ))
    };
    let Some((scheme, host)) = origin.split_once("://") else {
        return wrong("expected `https://host` or `https://host:port`");
    };
    if host.is_empty() || scheme.is_empty() || host.contains(['/', '?', '#', '@', ' ', '*']) {
        return wrong("expected scheme, host and port, and nothing after them");
    }
    if !origin.is_ascii() || origin.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return wrong("expected small letters, and names in their ASCII form");
    }
    let default = match scheme {
        "http" => ":80",
        "https" => ":443",
        _ => return None,
    };
    match host.ends_with(default) {
        true => wrong("expected no port where it is that of the scheme"),
        false => None,
    }
}
