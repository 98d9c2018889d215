//! Who sent a request, when the peer is a proxy that is trusted: `Forwarded`, or `X-Forwarded-For` and its like.
//!
//! Such a field is a list, to which each proxy adds whom it got the request from. Only the end of it is known to be
//! true: the last entry is by the peer, the one before it by whom that names, and so on, as long as those are trusted.
//! The walk from the right ends at the first that is not, and that is the client.
//!
//! ~~~text
//! X-Forwarded-For: 6.6.6.6, 192.0.2.7, 10.0.0.5      from 10.0.0.9, and 10.0.0.0/8 is trusted
//!                  made up   client ◀── trusted ◀── peer
//! ~~~

mod walk;

use std::net::SocketAddr;

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::uri::{Authority, Scheme, Uri};
use wharf_http::{Connection, Context, Peer};

use super::head::{self, KnownHost, Refused};
use crate::trust::TrustedProxies;

/// Which fields of a trusted proxy say who its client is.
///
/// A proxy sets one family and hands on the other as the client sent it. So one is chosen, and the other never looked
/// at: with both, each client could choose what it is taken for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ForwardedBy {
    /// `X-Forwarded-For` and `X-Forwarded-Proto`, of which the last value counts. `Host` is left as it came.
    ///
    /// The default, as nginx and most balancers are set up to send them. The proxy has to set or to remove
    /// `X-Forwarded-Proto`: what it hands on is the client's own word.
    #[default]
    XForwarded,
    /// The same, and the last values of `X-Forwarded-Host` and, where that has no port, `X-Forwarded-Port`.
    ///
    /// Only for proxies that set or remove both: many hand on what the client sent, and then anybody can have links
    /// to a host of his choice put into a page that a cache keeps.
    XForwardedWithHost,
    /// `Forwarded` (RFC 7239), with host and scheme as the outermost proxy that is trusted got them.
    Forwarded,
}

/// Whom to believe, and what.
#[derive(Clone, Debug, Default)]
pub(crate) struct Forwarding {
    pub(crate) trusted: TrustedProxies,
    pub(crate) by: ForwardedBy,
}

impl Forwarding {
    /// Tells whether what the requests of a connection say of their client is to be believed.
    ///
    /// A unix socket is trusted for who can reach it; one that a proxy only tells of is not a socket of this machine.
    pub(super) fn believes(&self, connection: &Connection) -> bool {
        let told = connection.proxy().is_some() && matches!(connection.peer(), Peer::Unix(_));
        !self.trusted.is_empty() && !told && self.trusted.trusts(connection.peer())
    }
}

/// What trusted proxies say of a request.
#[derive(Debug, Default, PartialEq, Eq)]
struct Said {
    /// The outermost address that is known; `None` is the peer.
    client: Option<SocketAddr>,
    scheme: Option<Scheme>,
    host: Option<HeaderValue>,
}

/// Checks a request head as [`head::check`] does, after it has put into the context who sent it.
///
/// The host takes the place of `Host`, and of the target's own, when the head was found to be good as it came: it must
/// not cover up that there are two of them.
#[inline]
pub(super) fn check<B>(
    request: &mut http::Request<B>,
    context: &Context,
    known: &mut KnownHost,
    believed: Option<&Forwarding>,
) -> Result<(), Refused> {
    // One call of what is long, so that the common case costs no more than the question whether it is one.
    let host = believed.and_then(|forwarding| introduce(request.headers(), context, forwarding));
    head::check(request, context, known)?;
    if let Some(host) = host {
        replace_host(request, host);
    }
    Ok(())
}

/// Puts into the context who sent the request; returns the host that the client asked for, where that is said.
#[cold]
fn introduce(
    headers: &HeaderMap,
    context: &Context,
    forwarding: &Forwarding,
) -> Option<HeaderValue> {
    let said = walk::read(headers, forwarding);
    if said.client.is_some() || said.scheme.is_some() {
        let peer = match said.client {
            Some(client) => Peer::Tcp(client),
            None => context.peer().clone(),
        };
        let scheme = said.scheme.unwrap_or_else(|| context.scheme().clone());
        context.set_client(peer, scheme);
    }
    said.host
}

#[cold]
fn replace_host<B>(request: &mut http::Request<B>, host: HeaderValue) {
    if request.uri().authority().is_some()
        && let Ok(authority) = Authority::try_from(host.as_bytes())
    {
        let mut parts = request.uri().clone().into_parts();
        parts.authority = Some(authority);
        if let Ok(uri) = Uri::from_parts(parts) {
            *request.uri_mut() = uri;
        }
    }
    request.headers_mut().insert(header::HOST, host);
}

/// Returns the last value of a list, all lines of it taken together.
fn last<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    let line = headers.get_all(name).iter().next_back()?;
    let line = str::from_utf8(line.as_bytes()).ok()?;
    line.rsplit(',').next().map(str::trim)
}

fn scheme(text: &str) -> Option<Scheme> {
    if text.eq_ignore_ascii_case("https") {
        return Some(Scheme::HTTPS);
    }
    text.eq_ignore_ascii_case("http").then_some(Scheme::HTTP)
}

fn host(text: &str) -> Option<HeaderValue> {
    let good = !text.is_empty() && text.len() <= MAX_HOST && head::is_host(text.as_bytes());
    good.then(|| HeaderValue::from_str(text).ok()).flatten()
}

/// The length of the longest name (RFC 1035 §2.3.4) and a port, in bytes.
const MAX_HOST: usize = 255 + 6;

#[cfg(test)]
mod tests;
