//! [`Route`]: how a request reaches its host, and with whom it may share a connection.

use std::path::Path;
use std::sync::Arc;

use http::{HeaderValue, Uri};
use wharf_http::Request;

use super::{Target, default_port};
#[cfg(feature = "tls-core")]
use crate::pool::SameConfig;
use crate::pool::{Key, Way};
#[cfg(feature = "proxy")]
use crate::proxy::Proxy;
use crate::send::Scope;
#[cfg(feature = "proxy")]
use crate::send::url_of;
use crate::{Error, ErrorKind};

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
        let (target, secure) = Target::of(request.uri())?;
        let socket = match request.extensions().get::<SocketPath>() {
            Some(SocketPath(path)) => Some(Arc::clone(path)),
            None => scope.client.sockets.get(target.host()).map(Arc::clone),
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
            key: scope.client.pool.key(secure, target, way),
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

    /// Returns the value of the `host` field for a URI: without the port if it is the default one (RFC 9110 §7.2).
    pub(crate) fn host_header(&self, uri: &Uri) -> Result<HeaderValue, Error> {
        let target = self.key.target();
        let is_default = target.port() == default_port(self.key.is_secure());
        let value = match uri.authority() {
            Some(authority) if !is_default => HeaderValue::from_str(authority.as_str()),
            None if !is_default => HeaderValue::from_str(&target.to_string()),
            _ if target.host().contains(':') => {
                HeaderValue::from_str(&format!("[{}]", target.host()))
            }
            _ => HeaderValue::from_str(target.host()),
        };
        value.map_err(|error| Error::new(ErrorKind::Url).because(error))
    }
}
