//! Recorded exchanges as expectations.

use http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, TRANSFER_ENCODING};
use http::uri::Uri;
use http::{HeaderValue, Method};
use serde_json::Value;

use super::call::pairs;
use super::record::{Content, Exchange, REDACTED};
use super::{Matcher, Reply};

/// Makes of an exchange what is expected, and what is answered.
pub(super) fn expectation(exchange: &Exchange) -> Result<(Matcher, Reply), String> {
    let uri: Uri = exchange
        .url
        .parse()
        .map_err(|error| format!("its URL is none: {error}"))?;
    Ok((matcher(exchange, &uri), reply(exchange)?))
}

fn matcher(exchange: &Exchange, uri: &Uri) -> Matcher {
    let mut matcher = Matcher::new(Some(exchange.method.clone()), None).exact_path(uri.path());
    if let Some(authority) = uri.authority() {
        let default = match uri.scheme_str() {
            Some("https") => 443,
            _ => 80,
        };
        // As `Host` has it (RFC 9110 §7.2).
        matcher = match authority.port_u16() {
            Some(port) if port == default => matcher.host(authority.host()),
            _ => matcher.host(authority.as_str()),
        };
    }
    for (name, value) in pairs(uri) {
        matcher = match value.as_str() {
            REDACTED => matcher.has_query(&name),
            _ => matcher.query(&name, value),
        };
    }
    matcher = matcher.no_other_query();
    let headers = exchange.request.headers.iter();
    let mut kinds = headers.filter(|(name, value)| name == CONTENT_TYPE && value != REDACTED);
    let kind = kinds.next().map(|(_, value)| value);
    if let Some(kind) = kind.and_then(|kind| HeaderValue::from_str(kind).ok()) {
        matcher = matcher.header(CONTENT_TYPE, kind);
    }
    let Content::Bytes(bytes) = &exchange.request.body else {
        return matcher;
    };
    let is_json = kind.is_some_and(|kind| kind.contains("json"));
    match serde_json::from_slice::<Value>(bytes) {
        Ok(value) if is_json => matcher.json(&value),
        _ => match std::str::from_utf8(bytes) {
            Ok(text) => matcher.text(text),
            Err(_) => matcher.bytes(bytes.to_vec()),
        },
    }
}

fn reply(exchange: &Exchange) -> Result<Reply, String> {
    let response = &exchange.response;
    let Content::Bytes(body) = &response.body else {
        return Err(
            "the body of the response is larger than the limit of the recorder, and was left out"
                .to_owned(),
        );
    };
    if exchange.status.is_informational() {
        return Err(format!("{} is no status of a response", exchange.status));
    }
    let mut reply = Reply::new(exchange.status.as_u16()).body(body.clone());
    for (name, value) in &response.headers {
        if is_sent(name, &exchange.method)
            && let Ok(value) = HeaderValue::from_str(value)
        {
            reply = reply.header(name, value);
        }
    }
    Ok(match response.is_whole {
        true => reply,
        // One byte more is promised than comes.
        false => reply.wrong_length(body.len() as u64 + 1),
    })
}

/// Tells whether a field is the exchange's and not the connection's, which has its own.
fn is_sent(name: &HeaderName, method: &Method) -> bool {
    match *name {
        CONNECTION | TRANSFER_ENCODING => false,
        // To HEAD it is the length of what is not sent.
        CONTENT_LENGTH => method == Method::HEAD,
        _ => name != "keep-alive",
    }
}
