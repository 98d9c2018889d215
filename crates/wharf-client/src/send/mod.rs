//! One request, from the pool to the response head.

use http::header::{ACCEPT, HOST, HeaderValue, USER_AGENT};
use http::uri::PathAndQuery;
use http::{Method, Uri, Version};
use tokio::time::timeout;
use wharf_http::{Body, BoxError, Request};

use crate::body::Received;
use crate::client::Inner;
use crate::conn::Conn;
use crate::connect::Target;
use crate::pool::Lease;
use crate::timeout::Phase;
use crate::{Error, ErrorKind, Timeouts};

/// Sends `request` over an idle connection or a new one.
pub(crate) async fn send(
    client: &Inner,
    request: Request,
    timeouts: &Timeouts,
) -> Result<(http::Response<Body>, Target), Error> {
    let target = Target::of(request.uri())?;
    let mut request = prepare(request)?;
    let mut kept = client.pool.checkout(&target);
    loop {
        let reused = kept.is_some();
        let mut conn = match kept.take() {
            Some(conn) => conn,
            None => connect(client, &target, timeouts).await?,
        };
        let spare = if reused { repeatable(&request) } else { None };
        match conn.exchange(request, timeouts.response_head).await {
            Ok(response) => {
                let lease = Lease::new(conn, target.clone(), &client.pool);
                let limit = timeouts.body_read;
                let response = response.map(|incoming| Received::body(incoming, limit, lease));
                return Ok((response, target));
            }
            // A kept connection may end at any time (RFC 9112 §9.5): what is safe to repeat is, once, on a new one.
            Err(failure) if reused => {
                let again = if failure.silent { spare } else { None };
                let Some(again) = failure.unsent.or(again) else {
                    return Err(failure.error.at(&target).reused(true));
                };
                request = again;
            }
            Err(failure) => return Err(failure.error.at(&target)),
        }
    }
}

async fn connect(client: &Inner, target: &Target, timeouts: &Timeouts) -> Result<Conn, Error> {
    let open = async {
        let stream = client.connector.connect(target.clone()).await?;
        Conn::open(stream).await.map_err(BoxError::from)
    };
    let opened = match timeouts.connect {
        Some(limit) => timeout(limit, open)
            .await
            .map_err(|_elapsed| Error::timeout(Phase::Connect, Some(limit)).at(target))?,
        None => open.await,
    };
    opened.map_err(|error| Error::new(ErrorKind::Connect).at(target).because(error))
}

/// Turns a request with an absolute URI into one that an origin server expects.
fn prepare(mut request: Request) -> Result<Request, Error> {
    if request.method() == Method::CONNECT {
        let why = "the method CONNECT opens a tunnel and is not for requests";
        return Err(Error::new(ErrorKind::Request).because(why));
    }
    // RFC 9112 §3.2: the host of the URI, and its port unless it is the default one.
    if !request.headers().contains_key(HOST) {
        let uri = request.uri();
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        let host = authority.strip_suffix(":80").unwrap_or(authority);
        let host = host.strip_suffix(':').unwrap_or(host);
        let host = HeaderValue::from_str(host)
            .map_err(|error| Error::new(ErrorKind::Url).because(error))?;
        request.headers_mut().insert(HOST, host);
    }
    let headers = request.headers_mut();
    headers
        .entry(ACCEPT)
        .or_insert(HeaderValue::from_static("*/*"));
    headers
        .entry(USER_AGENT)
        .or_insert(HeaderValue::from_static(concat!(
            "wharf/",
            env!("CARGO_PKG_VERSION")
        )));
    // RFC 9112 §3.2.1: origin-form, with a path that is never empty.
    let path = request.uri().path_and_query().cloned();
    *request.uri_mut() = Uri::from(path.unwrap_or_else(|| PathAndQuery::from_static("/")));
    *request.version_mut() = Version::HTTP_11;
    Ok(request)
}

/// Copies a request that may be sent twice: of an idempotent method (RFC 9110 §9.2.2), with its body in memory.
fn repeatable(request: &Request) -> Option<Request> {
    if !request.method().is_idempotent() {
        return None;
    }
    let mut copy = Request::new(request.body().as_bytes()?.clone().into());
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.headers_mut() = request.headers().clone();
    *copy.version_mut() = request.version();
    *copy.extensions_mut() = request.extensions().clone();
    Some(copy)
}

#[cfg(test)]
mod tests;
