use std::borrow::Cow;
use std::convert::Infallible;

use http::Uri;
use http::header;
use http::request::Parts;
use http::uri::{PathAndQuery, Scheme};
use percent_encoding::percent_decode_str;
use wharf_http::Context;
use wharf_http::connection::Local;

use super::{FromRequestParts, Scope};

/// Where a request was sent: every piece of its URL.
///
/// The scheme is that of the connection, `https` only where that is encrypted itself, or what a proxy says that the
/// server trusts; see [`Context::scheme`]. The host is what the client says it is, in the target or in `Host`, or else
/// the address that it reached. Neither `Forwarded` nor any field like it is looked at here: a server that trusts a
/// proxy has put what that says into context and `Host`.
///
/// # Examples
///
/// ```
/// use wharf_core::extract::Target;
/// use wharf_core::{App, get};
///
/// async fn whereabouts(target: Target) -> String {
///     format!("{} on {}, all of it: {}", target.path(), target.authority(), target.absolute())
/// }
///
/// # let _ = App::new().routes([get("/{*rest}", whereabouts)]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    scheme: Scheme,
    authority: String,
    uri: Uri,
}

impl Target {
    fn of(parts: &Parts, context: &Context) -> Self {
        // The host of the target counts, whatever the field says (RFC 9112 §3.2.2).
        let authority = match (parts.uri.authority(), parts.headers.get(header::HOST)) {
            (Some(authority), _) => without_user(authority.as_str()).to_owned(),
            (None, Some(host)) => host.to_str().unwrap_or_default().to_owned(),
            (None, None) => match context.connection().local() {
                Local::Tcp(address) => address.to_string(),
                _ => String::new(),
            },
        };
        Self {
            scheme: context.scheme().clone(),
            authority,
            uri: parts.uri.clone(),
        }
    }

    /// Returns `http` or `https`.
    #[must_use]
    pub fn scheme(&self) -> &str {
        self.scheme.as_str()
    }

    /// Returns host and port as the client gave them; empty when it gave none and there is no socket address either.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// Returns the host without the port; an IPv6 address keeps its brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        self.split_port().0
    }

    /// Returns the port, which is that of the scheme when none is given.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        match self.split_port().1 {
            Some(port) => port.parse().ok(),
            None if self.authority.is_empty() => None,
            None if self.scheme == Scheme::HTTPS => Some(443),
            None => Some(80),
        }
    }

    fn split_port(&self) -> (&str, Option<&str>) {
        match self.authority.rsplit_once(':') {
            // A colon within the brackets of an IPv6 address is none before a port.
            Some((host, port)) if !port.contains(']') => {
                (host, Some(port).filter(|port| !port.is_empty()))
            }
            _ => (&self.authority, None),
        }
    }

    /// Returns the path as it was sent, still percent-encoded.
    #[must_use]
    pub fn path(&self) -> &str {
        self.uri.path()
    }

    /// Returns the path decoded; what is no UTF-8 is replaced, and an encoded slash can no longer be told from others.
    #[must_use]
    pub fn decoded_path(&self) -> Cow<'_, str> {
        percent_decode_str(self.uri.path()).decode_utf8_lossy()
    }

    /// Returns the query as it was sent, still percent-encoded, without the question mark.
    #[must_use]
    pub fn query(&self) -> Option<&str> {
        self.uri.query()
    }

    /// Returns path and query as they were sent.
    #[must_use]
    pub fn path_and_query(&self) -> &str {
        self.uri.path_and_query().map_or("/", PathAndQuery::as_str)
    }

    /// Returns the whole URL. Without a host it is the path and the query alone.
    #[must_use]
    pub fn absolute(&self) -> String {
        match self.authority.as_str() {
            "" => self.path_and_query().to_owned(),
            authority => format!("{}://{authority}{}", self.scheme, self.path_and_query()),
        }
    }
}

/// User names have no place in the URLs of requests, and would mislead who reads them (RFC 9110 §4.2.4).
fn without_user(authority: &str) -> &str {
    authority
        .rsplit_once('@')
        .map_or(authority, |(_user, host)| host)
}

impl FromRequestParts for Target {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, scope: &Scope) -> Result<Self, Infallible> {
        Ok(Self::of(parts, scope.context()))
    }
}

/// The host that a request was sent to, with the port where the client gave one; see [`Target::authority`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Host(pub String);

impl FromRequestParts for Host {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, scope: &Scope) -> Result<Self, Infallible> {
        let target = Target::of(parts, scope.context());
        Ok(Self(target.authority))
    }
}
