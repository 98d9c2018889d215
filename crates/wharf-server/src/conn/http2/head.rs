//! What makes the head of an HTTP/2 request look like that of any other (RFC 9113 §8.3.1).

use http::header::{self, HeaderValue};
use http::{HeaderMap, StatusCode, Uri};

use crate::conn::head::Refused;

/// Puts the authority into `Host`, leaves path and query as the target, and joins what the client cut up. The rules that all
/// versions have in common are not looked at.
pub(super) fn translate<B>(
    request: &mut http::Request<B>,
    header_count: usize,
) -> Result<(), Refused> {
    let uri = std::mem::take(request.uri_mut());
    let parts = uri.into_parts();
    let authority = parts.authority;
    *request.uri_mut() = match (parts.path_and_query, &authority) {
        (Some(path), _) => Uri::from(path),
        // RFC 9113 §8.5: an ordinary CONNECT has nothing else.
        (None, Some(authority)) => Uri::from(authority.clone()),
        (None, None) => Uri::default(),
    };
    let headers = request.headers_mut();
    join_cookies(headers);
    // The names that came with it count too; a head that is too large in bytes is hyper's business.
    if headers.len() > header_count {
        return Err(Refused::new(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            format!("the request has more than {header_count} header fields"),
        ));
    }
    let Some(authority) = authority else {
        return Ok(());
    };
    match headers.get(header::HOST) {
        Some(host)
            if !host
                .as_bytes()
                .eq_ignore_ascii_case(authority.as_str().as_bytes()) =>
        {
            Err(Refused::bad("the Host field differs from :authority"))
        }
        Some(_) => Ok(()),
        None => {
            let host = HeaderValue::try_from(authority.as_str())
                .map_err(|_invalid| Refused::bad("the authority has invalid bytes"))?;
            headers.insert(header::HOST, host);
            Ok(())
        }
    }
}

/// Makes one line of the cookies that a client sent in several (RFC 9113 §8.2.3).
fn join_cookies(headers: &mut HeaderMap) {
    if headers.get_all(header::COOKIE).iter().nth(1).is_none() {
        return;
    }
    let lines: Vec<&[u8]> = headers
        .get_all(header::COOKIE)
        .iter()
        .map(HeaderValue::as_bytes)
        .collect();
    // Of valid values and valid bytes.
    if let Ok(joined) = HeaderValue::from_bytes(&lines.join(&b"; "[..])) {
        headers.insert(header::COOKIE, joined);
    }
}
