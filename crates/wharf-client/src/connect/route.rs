//! [`Route`]: how a request reaches its host, and with whom it may share a connection.

use std::path::Path;
use std::sync::Arc;

use http::uri::Scheme;
use wharf_http::Request;

use super::Target;
use crate::Error;
#[cfg(feature = "tls-core")]
use crate::pool::SameConfig;
use crate::pool::{Key, Way};
#[cfg(feature = "proxy")]
use crate::proxy::Proxy;
use crate::send::Scope;
#[cfg(all(feature = "ws", any(feature = "http2", feature = "proxy")))]
use crate::send::Switching;
#[cfg(feature = "proxy")]
use crate::send::url_of;

/// Marks a request that goes to a Unix socket in place of the host that its URI names.
#[derive(Clone, Debug)]
pub(crate) struct SocketPath(pub(crate) Arc<Path>);

/// How a request reaches its host.
pub(crate) struct Route {
    key: Key,
    socket: Option<Arc<Path>>,
    #[cfg(feature = "proxy")]
    proxy: Option<Proxy>,
}

impl Route {
    /// Finds the way for a request with an absolute URI.
    pub(crate) fn of(request: &Request, scope: &Scope) -> Result<Self, Error> {
        let uri = request.uri();
        let sockets = &scope.client.sockets;
        let socket = match request.extensions().get::<SocketPath>() {
            Some(SocketPath(path)) => Some(Arc::clone(path)),
            None if sockets.is_empty() => None,
            None => sockets.get(Target::read(uri)?.0).map(Arc::clone),
        };
        let secure = uri.scheme() == Some(&Scheme::HTTPS);
        #[cfg(feature = "proxy")]
        let proxy = match socket {
            None => scope.settings.proxy.proxy_for(&url_of(uri)?)?,
            Some(_) => None,
        };
        #[cfg(all(feature = "ws", any(feature = "http2", feature = "proxy")))]
        let switching = Switching::is_in(request);
        #[cfg_attr(
            not(all(feature = "http2", feature = "ws")),
            expect(unused_mut, reason = "nothing else is asked for")
        )]
        let mut way = Way {
            socket: socket.clone(),
            #[cfg(feature = "proxy")]
            proxy: proxy.clone(),
            #[cfg(feature = "tls-core")]
            tls: secure.then(|| SameConfig(scope.settings.tls.clone())),
            // A proxy that forwards requests may not hand on what is no HTTP (RFC 6455 §4.1).
            #[cfg(all(feature = "proxy", feature = "ws"))]
            tunnel: switching && !secure && proxy.is_some(),
            http2: scope.client.speaks_http2(secure),
        };
        #[cfg(all(feature = "http2", feature = "ws"))]
        if switching && !scope.client.http2.prior_knowledge && way.http2 {
            let key = scope.client.pool.key(uri, way.clone())?;
            // Whether the peer takes it is known of a connection that is open; a new one speaks what always does.
            way.http2 = scope.client.pool.can_switch(&key);
        }
        Ok(Self {
            key: scope.client.pool.key(uri, way)?,
            socket,
            #[cfg(feature = "proxy")]
            proxy,
        })
    }

    pub(crate) fn key(&self) -> &Key {
        &self.key
    }

    /// Returns the Unix socket that leads to the host.
    pub(super) fn socket(&self) -> Option<&Path> {
        self.socket.as_deref()
    }

    /// Returns the proxy that the connection goes through.
    #[cfg(feature = "proxy")]
    pub(super) fn proxy(&self) -> Option<&Proxy> {
        self.proxy.as_ref()
    }

    /// Tells whether it is a proxy that is sent the request itself.
    #[cfg_attr(
        not(feature = "proxy"),
        expect(clippy::unused_self, reason = "there are no proxies")
    )]
    pub(crate) fn is_forwarded(&self) -> bool {
        #[cfg(feature = "proxy")]
        return self.forwarder().is_some();
        #[cfg(not(feature = "proxy"))]
        false
    }

    /// Returns the proxy that is told the whole URI, in place of a tunnel (RFC 9112 §3.2.2).
    #[cfg(feature = "proxy")]
    pub(crate) fn forwarder(&self) -> Option<&Proxy> {
        let proxy = self.proxy.as_ref();
        let forwards = !self.key.is_secure() && !self.key.is_tunnelled();
        proxy.filter(|proxy| forwards && !proxy.protocol().is_socks())
    }
}
