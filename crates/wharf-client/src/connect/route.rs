//! [`Route`]: how a request reaches its host, and with whom it may share a connection.

use std::path::Path;
use std::sync::Arc;

use wharf_http::Request;

use super::Target;
use crate::Error;
#[cfg(feature = "tls-core")]
use crate::pool::SameConfig;
use crate::pool::{Key, Way};
#[cfg(feature = "proxy")]
use crate::proxy::Proxy;
use crate::send::Scope;
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
        let (host, port, secure) = Target::read(request.uri())?;
        let socket = match request.extensions().get::<SocketPath>() {
            Some(SocketPath(path)) => Some(Arc::clone(path)),
            None => scope.client.sockets.get(host).map(Arc::clone),
        };
        #[cfg(feature = "proxy")]
        let proxy = match socket {
            None => scope.settings.proxy.proxy_for(&url_of(request.uri())?)?,
            Some(_) => None,
        };
        let way = Way {
            socket: socket.clone(),
            #[cfg(feature = "proxy")]
            proxy: proxy.clone(),
            #[cfg(feature = "tls-core")]
            tls: secure.then(|| SameConfig(scope.settings.tls.clone())),
            http2: scope.client.speaks_http2(secure),
        };
        Ok(Self {
            key: scope.client.pool.key(secure, (host, port), way),
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

    /// Returns the proxy that is told the whole URI, in place of a tunnel (RFC 9112 §3.2.2).
    #[cfg(feature = "proxy")]
    pub(crate) fn forwarder(&self) -> Option<&Proxy> {
        let proxy = self.proxy.as_ref();
        proxy.filter(|proxy| !self.key.is_secure() && !proxy.protocol().is_socks())
    }
}
