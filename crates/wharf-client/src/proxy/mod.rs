//! Proxies: [`Proxy`], one of them; [`ProxyRules`], which one a URL goes through, and why.
//!
//! ~~~text
//! URL ─▶ ProxyRules ─┬▶ direct
//!                    └▶ Proxy ─┬ http:// through an HTTP proxy ─▶ absolute-form, headers and authorization of the proxy
//!                              └ everything else ──────────────▶ tunnel: CONNECT or SOCKS, then as if direct
//! ~~~
//!
//! [`Explanation`] tells which variable, setting or entry decided. [`Protocol`] is what is spoken with a proxy.

mod explanation;
mod no_proxy;
mod parse;
mod protocol;
mod rules;
pub(crate) mod tunnel;

pub use explanation::Explanation;
pub use protocol::Protocol;
pub use rules::ProxyRules;

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use http::header::{HeaderMap, HeaderName, HeaderValue, PROXY_AUTHORIZATION};
use wharf_http::BoxError;
use wharf_http::header::{Basic, TypedHeader};

use crate::connect::Target;
use crate::{Error, ErrorKind};

/// A proxy: where it is, what is spoken with it, and who we are to it. Cheap to clone.
///
/// Two are equal when connections through one may serve requests through the other, so credentials and headers count.
/// Prints as scheme, host and port; neither that nor debug output shows credentials or header values.
///
/// # Examples
///
/// ```
/// use wharf_client::proxy::Proxy;
///
/// let proxy = Proxy::new("http://me:s%40me@proxy.test:3128")?.header("x-team", "quay")?;
/// assert_eq!(proxy.to_string(), "http://proxy.test:3128");
/// assert_eq!(proxy.authorization().unwrap(), "Basic bWU6c0BtZQ==");
/// # Ok::<(), wharf_client::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    inner: Arc<Inner>,
}

#[derive(Clone, PartialEq, Eq)]
struct Inner {
    protocol: Protocol,
    target: Target,
    credentials: Option<Credentials>,
    authorization: Option<HeaderValue>,
    headers: HeaderMap,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Credentials {
    user: String,
    password: String,
}

impl Credentials {
    fn new(user: impl Into<String>, password: impl Into<String>) -> Self {
        Self {
            user: user.into(),
            password: password.into(),
        }
    }
}

impl Proxy {
    /// Reads a proxy as curl does: `http://user:password@host:port`, with the scheme of any [`Protocol`].
    ///
    /// Without a scheme it is an HTTP proxy. The default port is 1080, and 443 for `https`. User name and password are
    /// percent-decoded, a path is passed over.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when the text is malformed or its scheme is not supported, SOCKS without the feature `socks`
    /// included. The error does not show the text, as it may hold a password.
    ///
    /// # Examples
    ///
    /// ```
    /// use wharf_client::proxy::Proxy;
    ///
    /// assert_eq!(Proxy::new("proxy.test")?.to_string(), "http://proxy.test:1080");
    /// assert!(Proxy::new("gopher://proxy.test").is_err());
    /// # Ok::<(), wharf_client::Error>(())
    /// ```
    pub fn new(url: impl AsRef<str>) -> Result<Self, Error> {
        Self::parse(url.as_ref()).map_err(|why| invalid(format!("the proxy cannot be used: {why}")))
    }

    /// Sets user name and password: HTTP proxies are sent Basic credentials (RFC 7617), SOCKS5 proxies RFC 1929, SOCKS4
    /// proxies the user name alone.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when they cannot be sent: for HTTP, a colon in the user name or a control character.
    pub fn basic_auth(
        self,
        user: impl Into<String>,
        password: impl Into<String>,
    ) -> Result<Self, Error> {
        self.with_credentials(user.into(), password.into())
            .map_err(invalid)
    }

    fn with_credentials(mut self, user: String, password: String) -> Result<Self, String> {
        let inner = Arc::make_mut(&mut self.inner);
        if !inner.protocol.is_socks() {
            inner.authorization = Basic::new(&user, &password)
                .map_err(|error| format!("its user name or password: {error}"))?
                .encode();
        }
        inner.credentials = Some(Credentials::new(user, password));
        Ok(self)
    }

    /// Adds a header field for the proxy alone: it is sent with `CONNECT`, and with requests that go through the proxy in
    /// the clear. SOCKS proxies get none.
    ///
    /// `proxy-authorization` takes the place of the credentials. A field that the tunnel itself needs, such as `host`, is not
    /// replaced.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when name or value are no header field.
    pub fn header<N, V>(mut self, name: N, value: V) -> Result<Self, Error>
    where
        N: TryInto<HeaderName, Error: Into<BoxError>>,
        V: TryInto<HeaderValue, Error: Into<BoxError>>,
    {
        let name = name.try_into().map_err(invalid)?;
        let mut value = value.try_into().map_err(invalid)?;
        let inner = Arc::make_mut(&mut self.inner);
        if name == PROXY_AUTHORIZATION {
            value.set_sensitive(true);
            inner.authorization = Some(value);
        } else {
            inner.headers.append(name, value);
        }
        Ok(self)
    }

    /// Returns what is spoken with the proxy.
    #[must_use]
    pub fn protocol(&self) -> Protocol {
        self.inner.protocol
    }

    /// Returns its host: a name or an IP address, an IPv6 address without its brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        self.target().host()
    }

    /// Returns its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.target().port()
    }

    /// Returns the value of `proxy-authorization` (RFC 9110 §11.7.2), marked as sensitive; SOCKS proxies have none.
    #[must_use]
    pub fn authorization(&self) -> Option<&HeaderValue> {
        self.inner.authorization.as_ref()
    }

    /// Returns the header fields that the proxy is sent besides `proxy-authorization`.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.inner.headers
    }

    /// Where a connection to the proxy leads.
    pub(crate) fn target(&self) -> &Target {
        &self.inner.target
    }
}

impl Hash for Proxy {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let inner = &self.inner;
        (inner.protocol, &inner.target, &inner.credentials).hash(state);
        inner.authorization.hash(state);
        // A header map has no order to hash in; proxies that differ in nothing else are too few to matter.
        inner.headers.len().hash(state);
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.inner.protocol, self.inner.target)
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &self.inner;
        let authorized = inner.credentials.is_some() || inner.authorization.is_some();
        f.debug_struct("Proxy")
            .field("url", &format_args!("{self}"))
            .field("authorized", &authorized)
            .field("headers", &inner.headers.keys().collect::<Vec<_>>())
            .finish()
    }
}

fn invalid(why: impl Into<BoxError>) -> Error {
    Error::new(ErrorKind::Config).because(why)
}

#[cfg(test)]
mod tests;
