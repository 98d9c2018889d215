//! Cookies, sent and kept with each hop.

use std::sync::Arc;

use http::header::{COOKIE, HeaderValue};
use http::{HeaderMap, Uri};
use wharf_http::Request;

use super::{Scope, url_of};
use crate::{Error, ErrorKind};

/// Cookies that go with one call only, as long as it stays with its origin.
#[derive(Clone, Debug, Default)]
pub(crate) struct CallCookies(pub(crate) Arc<Vec<(String, String)>>);

/// Adds the cookies for a request; a `cookie` field that the caller has set stays before them.
pub(super) fn add(request: &mut Request, uri: &Uri, scope: &Scope) -> Result<(), Error> {
    let own = request.extensions().get::<CallCookies>().cloned();
    if own.is_none() && scope.settings.cookies.is_none() {
        return Ok(());
    }
    let jar = scope.settings.cookies.clone().unwrap_or_default();
    let url = url_of(uri)?;
    let own = own.unwrap_or_default();
    let pairs = own.0.iter();
    let pairs = pairs.map(|(name, value)| (name.as_str(), value.as_str()));
    let line = jar.header_with(&url, pairs);
    let line = line.map_err(|error| Error::new(ErrorKind::Request).because(error))?;
    if let Some(line) = line {
        append(request.headers_mut(), line);
    }
    Ok(())
}

/// Joins to what is there: a request has one `cookie` field (RFC 6265 §5.4).
fn append(headers: &mut HeaderMap, line: HeaderValue) {
    let Some(first) = headers.get(COOKIE) else {
        headers.insert(COOKIE, line);
        return;
    };
    let joined = [first.as_bytes(), line.as_bytes()].join(b"; ".as_slice());
    if let Ok(mut joined) = HeaderValue::from_bytes(&joined) {
        joined.set_sensitive(true);
        headers.insert(COOKIE, joined);
    }
}

/// Keeps what a response sets.
pub(super) fn keep(headers: &HeaderMap, uri: &Uri, scope: &Scope) {
    if let Some(jar) = &scope.settings.cookies
        && headers.contains_key(http::header::SET_COOKIE)
        && let Ok(url) = url_of(uri)
    {
        jar.store(&url, headers);
    }
}
