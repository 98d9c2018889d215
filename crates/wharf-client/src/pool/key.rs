//! [`Key`]: which requests may share a connection.

use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::sync::Arc;

use http::HeaderValue;

use crate::connect::{Target, default_port};
use crate::{Error, ErrorKind};

/// What requests have in common that may share a connection: scheme, host, port, and how it is reached. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Key {
    inner: Arc<Inner>,
}

struct Inner {
    /// Computed once, since each request looks its host up several times.
    hash: u64,
    /// `https`.
    secure: bool,
    target: Target,
    way: Way,
    /// The value of the `host` field; `None` when the host cannot stand in one.
    host: Option<HeaderValue>,
}

/// How a host is reached, as far as it keeps connections apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Way {
    /// The socket that the request names in place of an address.
    pub(crate) socket: Option<Arc<std::path::Path>>,
    /// The TLS settings, of a host that is reached over it.
    #[cfg(feature = "tls-core")]
    pub(crate) tls: Option<SameConfig>,
    /// The proxy, and everything that is sent to it.
    #[cfg(feature = "proxy")]
    pub(crate) proxy: Option<crate::proxy::Proxy>,
    /// The proxy makes a tunnel although it could forward what is plain HTTP.
    #[cfg(all(feature = "proxy", feature = "ws"))]
    pub(crate) tunnel: bool,
    /// HTTP/2 may be agreed on.
    pub(crate) http2: bool,
}

/// TLS settings that are compared by being the same, not by what they say. Holding them keeps their identity from being given
/// to others.
#[cfg(feature = "tls-core")]
#[derive(Clone, Debug)]
pub(crate) struct SameConfig(pub(crate) crate::tls::TlsConfig);

#[cfg(feature = "tls-core")]
impl PartialEq for SameConfig {
    fn eq(&self, other: &Self) -> bool {
        self.0.id() == other.0.id()
    }
}

#[cfg(feature = "tls-core")]
impl Eq for SameConfig {}

impl Key {
    /// Names what requests have in common; `hashing` is that of the pool.
    pub(super) fn new(hashing: &RandomState, secure: bool, target: Target, way: Way) -> Self {
        let host = match (target.port() == default_port(secure), target.host()) {
            (false, _) => target.to_string(),
            (true, host) if host.contains(':') => format!("[{host}]"),
            (true, host) => host.to_owned(),
        };
        Self {
            inner: Arc::new(Inner {
                hash: hashing.hash_one(&target),
                secure,
                target,
                way,
                host: HeaderValue::from_str(&host).ok(),
            }),
        }
    }

    #[cfg(any(feature = "proxy", feature = "tls-core"))]
    pub(crate) fn is_secure(&self) -> bool {
        self.inner.secure
    }

    pub(crate) fn target(&self) -> &Target {
        &self.inner.target
    }

    /// Tells whether the host is reached in this way.
    pub(super) fn is_reached_by(&self, way: &Way) -> bool {
        self.inner.way == *way
    }

    /// Returns the value of the `host` field: without the port if it is the default one (RFC 9110 §7.2).
    pub(crate) fn host_field(&self) -> Result<HeaderValue, Error> {
        let host = self.inner.host.clone();
        host.ok_or_else(|| Error::new(ErrorKind::Url).because("its host cannot stand in a field"))
    }

    /// Tells whether a proxy makes a tunnel although it could forward what is plain HTTP.
    #[cfg(feature = "proxy")]
    pub(crate) fn is_tunnelled(&self) -> bool {
        #[cfg(feature = "ws")]
        return self.inner.way.tunnel;
        #[cfg(not(feature = "ws"))]
        false
    }

    /// Tells whether requests may turn out to share their connection.
    pub(crate) fn may_share(&self) -> bool {
        self.inner.way.http2
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        let (one, other) = (&self.inner, &other.inner);
        Arc::ptr_eq(one, other)
            || one.hash == other.hash
                && one.secure == other.secure
                && one.target == other.target
                && one.way == other.way
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.inner.hash);
    }
}

/// Takes the hash of a [`Key`] as it is.
#[derive(Default)]
pub(super) struct Hashed {
    hash: u64,
}

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.hash
    }

    fn write_u64(&mut self, hash: u64) {
        self.hash = hash;
    }

    fn write(&mut self, bytes: &[u8]) {
        // Not what a key does; still a hash, if a poor one.
        for byte in bytes {
            self.hash = self.hash.rotate_left(8) ^ u64::from(*byte);
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.inner.secure { "https" } else { "http" };
        write!(f, "{scheme}://{}", self.inner.target)
    }
}
