//! What a request looks like on its way: the fields that a client adds, and the form of the target.

#[cfg(feature = "proxy")]
use http::header::PROXY_AUTHORIZATION;
use http::header::{
    ACCEPT, CONNECTION, CONTENT_LENGTH, Entry, HOST, HeaderName, HeaderValue, TE,
    TRANSFER_ENCODING, UPGRADE, USER_AGENT,
};
use http::uri::PathAndQuery;
use http::{Method, Uri, Version};
use wharf_http::Request;

use super::Scope;
use crate::connect::Route;
use crate::{Error, ErrorKind};

const AGENT: HeaderValue = HeaderValue::from_static(concat!("wharf/", env!("CARGO_PKG_VERSION")));

/// Refuses what is no request to a server.
pub(super) fn check(request: &Request) -> Result<(), Error> {
    if request.method() == Method::CONNECT {
        let why = "the method CONNECT opens a tunnel and is not for requests";
        return Err(Error::new(ErrorKind::Request).because(why));
    }
    Ok(())
}

/// Adds what every request has.
pub(super) fn complete(request: &mut Request, scope: &Scope) {
    let expects_content = matches!(
        *request.method(),
        Method::POST | Method::PUT | Method::PATCH
    );
    let has_none = expects_content && request.body().is_empty();
    let omitted = &scope.settings.omitted;
    let headers = request.headers_mut();
    let mut add = |name: HeaderName, value: HeaderValue| {
        if !omitted.contains(&name) {
            headers.entry(name).or_insert(value);
        }
    };
    add(ACCEPT, HeaderValue::from_static("*/*"));
    add(USER_AGENT, scope.client.user_agent.clone().unwrap_or(AGENT));
    // RFC 9110 §8.6. hyper says nothing of a body that is empty, and some servers answer 411 then.
    if has_none && !headers.contains_key(TRANSFER_ENCODING) {
        headers
            .entry(CONTENT_LENGTH)
            .or_insert(HeaderValue::from_static("0"));
    }
    #[cfg(any(feature = "brotli", feature = "gzip", feature = "zstd"))]
    super::decode::ask(request, scope);
}

/// Gives a request for `uri` the form that an HTTP/1 server or proxy expects.
pub(super) fn for_http1(request: &mut Request, uri: &Uri, route: &Route) -> Result<(), Error> {
    // RFC 9112 §3.2.1: origin-form, with a path that is never empty; §3.2.2: to a proxy in absolute-form.
    #[cfg(feature = "proxy")]
    let forwarder = route.forwarder();
    #[cfg(not(feature = "proxy"))]
    let forwarder = None::<()>;
    *request.uri_mut() = if forwarder.is_none() {
        let path = uri.path_and_query().cloned();
        Uri::from(path.unwrap_or_else(|| PathAndQuery::from_static("/")))
    } else {
        uri.clone()
    };
    #[cfg(feature = "proxy")]
    if let Some(proxy) = forwarder {
        let headers = request.headers_mut();
        headers.extend(proxy.headers().clone());
        if let Some(value) = proxy.authorization() {
            headers.insert(PROXY_AUTHORIZATION, value.clone());
        }
    }
    // RFC 9112 §3.2: the host of the URI, and its port unless it is the default one.
    if let Entry::Vacant(place) = request.headers_mut().entry(HOST) {
        place.insert(route.key().host_field()?);
    }
    *request.version_mut() = Version::HTTP_11;
    Ok(())
}

/// Gives a request for `uri` the form of HTTP/2: the target whole, and nothing that is about the connection (RFC 9113 §8.2.2, §8.3.1).
pub(super) fn for_http2(request: &mut Request, uri: &Uri) -> Result<(), Error> {
    *request.uri_mut() = uri.clone();
    let headers = request.headers_mut();
    // Those that `connection` names are about it too (RFC 9110 §7.6.1).
    let named = headers.get_all(CONNECTION).iter();
    let named = named.filter_map(|value| value.to_str().ok());
    let named: Vec<_> = named
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse::<HeaderName>().ok())
        .filter(|name| *name != TE)
        .collect();
    for name in named {
        headers.remove(name);
    }
    for name in [
        CONNECTION,
        TRANSFER_ENCODING,
        UPGRADE,
        HeaderName::from_static("keep-alive"),
        HeaderName::from_static("proxy-connection"),
    ] {
        headers.remove(name);
    }
    if headers.get(TE).is_some_and(|value| value != "trailers") {
        headers.remove(TE);
    }
    // The host that the caller has set is the authority.
    if let Some(host) = headers.remove(HOST) {
        let mut parts = request.uri().clone().into_parts();
        let authority = host.to_str().ok().and_then(|host| host.parse().ok());
        if authority.is_some() {
            parts.authority = authority;
            *request.uri_mut() = Uri::from_parts(parts)
                .map_err(|error| Error::new(ErrorKind::Url).because(error))?;
        }
    }
    *request.version_mut() = Version::HTTP_2;
    Ok(())
}
