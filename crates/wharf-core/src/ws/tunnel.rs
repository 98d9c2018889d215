//! Requests that ask for a WebSocket over HTTP/2 (RFC 8441).

use wharf_http::{Request, Response};

use crate::error::HttpError;

/// Marks a response that hands over the connection, or the stream, that its request came by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Accepted;

/// Tells whether a request asks for a WebSocket on its stream (RFC 8441 §5.1).
#[cfg(feature = "http2")]
pub(crate) fn is_tunnel(request: &Request) -> bool {
    *request.method() == http::Method::CONNECT && is_websocket(request.extensions())
}

/// Tells whether the protocol that a request asks for is WebSocket.
#[cfg(feature = "http2")]
pub(super) fn is_websocket(extensions: &http::Extensions) -> bool {
    let protocol = extensions.get::<hyper::ext::Protocol>();
    protocol.is_some_and(|protocol| protocol.as_str() == "websocket")
}

#[cfg(not(feature = "http2"))]
pub(crate) fn is_tunnel(_request: &Request) -> bool {
    false
}

#[cfg(not(feature = "http2"))]
pub(super) fn is_websocket(_extensions: &http::Extensions) -> bool {
    false
}

/// Tells whether a response hands over what its request came by.
pub(crate) fn is_accepted(response: &Response) -> bool {
    response.extensions().get::<Accepted>().is_some()
}

/// The answer to whoever asks for a WebSocket where there is none.
pub(crate) fn not_spoken() -> HttpError {
    HttpError::bad_request("this resource is no WebSocket")
}
