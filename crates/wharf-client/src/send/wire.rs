//! What a request looks like on its way: the fields that a client adds, and the form of the target.

use http::header::{
    ACCEPT, CONNECTION, CONTENT_LENGTH, EXPECT, Entry, HOST, HeaderName, HeaderValue,
    PROXY_AUTHORIZATION, TE, TRANSFER_ENCODING, UPGRADE, USER_AGENT,
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
    // RFC 9112 §6.3: what is missing of the length would be taken from the next request on the connection. A body that does not
    // know its length is held to it while it is sent.
    let mut lengths = request.headers().get_all(CONTENT_LENGTH).iter();
    if let Some(length) = lengths.next() {
        let known = request.body().len().map(|length| length.to_string());
        let is_wrong = known.is_some_and(|known| known.as_bytes() != length.as_bytes());
        if is_wrong || lengths.next().is_some() {
            let why = "the field `content-length` does not tell the length of the body";
            return Err(Error::new(ErrorKind::Request).because(why));
        }
    }
    Ok(())
}

/// Takes out what is not meant for who gets the request. It comes first, when there is the least to look through.
pub(super) fn strip(request: &mut Request, route: &Route) {
    if !route.is_forwarded() {
        request.headers_mut().remove(PROXY_AUTHORIZATION);
    }
    if request.body().is_empty() {
        // There is nothing to be asked for (RFC 9110 §10.1.1).
        request.headers_mut().remove(EXPECT);
    }
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
    match request.headers_mut().entry(HOST) {
        Entry::Vacant(place) => drop(place.insert(route.key().host_field()?)),
        Entry::Occupied(hosts) if hosts.iter().nth(1).is_some() => {
            return Err(Error::new(ErrorKind::Request).because("it has more than one `host` field"));
        }
        Entry::Occupied(_) => {}
    }
    // RFC 9112 §6.3: hyper leaves out the body of a GET or HEAD whose length is neither known nor told.
    let unknown = request.body().len().is_none() && !request.body().is_empty();
    if unknown && !request.headers().contains_key(CONTENT_LENGTH) {
        let coding = request.headers_mut().entry(TRANSFER_ENCODING);
        coding.or_insert(HeaderValue::from_static("chunked"));
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
        PROXY_AUTHORIZATION,
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
        let malformed = || Error::new(ErrorKind::Request).because("its `host` field is malformed");
        parts.authority = Some(authority.ok_or_else(malformed)?);
        *request.uri_mut() =
            Uri::from_parts(parts).map_err(|error| Error::new(ErrorKind::Url).because(error))?;
    }
    *request.version_mut() = Version::HTTP_2;
    Ok(())
}
