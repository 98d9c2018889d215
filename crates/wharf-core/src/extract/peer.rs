use std::convert::Infallible;
use std::net::SocketAddr;

use http::request::Parts;
use wharf_http::connection::PeerCertificate;

use super::{FromRequestParts, OptionalFromRequestParts, Scope};
use crate::error::HttpError;

/// The address and port of the client, as the socket tells, or a proxy that the server trusts.
///
/// Behind a proxy that it does not trust it is that of the proxy. The port is 0 where a proxy did not tell it; see
/// [`Context::peer`](wharf_http::Context::peer). `Option<PeerAddr>` is `None` for a client on a unix socket or in the same
/// process; without the `Option` that is answered 500, since the app was not written for it.
/// [`Peer`](wharf_http::Peer) is an extractor for all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PeerAddr(pub SocketAddr);

impl PeerAddr {
    fn of(scope: &Scope) -> Option<Self> {
        scope.context().peer().socket_addr().map(Self)
    }
}

impl FromRequestParts for PeerAddr {
    type Rejection = HttpError;

    async fn from_request_parts(_parts: &mut Parts, scope: &Scope) -> Result<Self, HttpError> {
        Self::of(scope).ok_or_else(|| {
            HttpError::internal("the app is misconfigured").because(
                "a client without an IP address: take `Option<PeerAddr>`, or `Peer`, which all clients have",
            )
        })
    }
}

impl OptionalFromRequestParts for PeerAddr {
    type Rejection = Infallible;

    async fn from_request_parts_optional(
        _parts: &mut Parts,
        scope: &Scope,
    ) -> Result<Option<Self>, Infallible> {
        Ok(Self::of(scope))
    }
}

/// A client without one is answered 403; `Option<PeerCertificate>` is `None` for it.
impl FromRequestParts for PeerCertificate {
    type Rejection = HttpError;

    async fn from_request_parts(_parts: &mut Parts, scope: &Scope) -> Result<Self, HttpError> {
        let certificate = scope.context().connection().peer_certificate();
        certificate
            .cloned()
            .ok_or_else(|| HttpError::forbidden("a client certificate is needed"))
    }
}

impl OptionalFromRequestParts for PeerCertificate {
    type Rejection = Infallible;

    async fn from_request_parts_optional(
        _parts: &mut Parts,
        scope: &Scope,
    ) -> Result<Option<Self>, Infallible> {
        Ok(scope.context().connection().peer_certificate().cloned())
    }
}
